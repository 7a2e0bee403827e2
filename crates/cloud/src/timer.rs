//! Timers: executions of the state machine `draco-wait4copy`, identified by name.

use aws_sdk_sfn::Client;
use protocol::wait::Timer;
use sha2::{Digest, Sha256};

use crate::error::Failure;

/// The maximum length of an execution name in Step Functions.
const MAX_CHARS: usize = 80;
/// The length of a hash in hexadecimal digits.
const HASH_DIGITS: usize = 16;

/// Starts a timer. A name can be used once in ninety days; AWS returns an error if it was used already.
pub(crate) async fn start(sfn: &Client, state_machine_arn: &str, name: &str, timer: &Timer) -> Result<(), Failure> {
    let input = serde_json::to_string(timer).map_err(Failure::not_sent)?;
    let call = sfn.start_execution().state_machine_arn(state_machine_arn).name(execution_name(name));
    call.input(input).send().await?;
    Ok(())
}

/// A valid execution name. Invalid characters are replaced, and a hash keeps names distinct that would become equal.
fn execution_name(name: &str) -> String {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.len() <= MAX_CHARS && name.chars().all(is_valid) {
        return name.to_owned();
    }
    let readable = name.chars().map(|c| if is_valid(c) { c } else { '-' }).take(MAX_CHARS - HASH_DIGITS - 1);
    let hash = Sha256::digest(name);
    let hash = hash.iter().take(HASH_DIGITS / 2).map(|byte| format!("{byte:02x}"));
    readable.chain(['-']).collect::<String>() + &hash.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_name_is_unchanged() {
        for name in ["a", "copying-draco-rds-orders_2026", &"x".repeat(80)] {
            assert_eq!(execution_name(name), name);
        }
    }

    #[test]
    fn an_invalid_name_becomes_valid_and_distinct() {
        let names = ["", "rds:orders", "rds-orders:", "é", &"x".repeat(81), &"x".repeat(82), &"ü".repeat(81)];
        let executions: Vec<String> = names.map(execution_name).to_vec();
        for (name, execution) in names.iter().zip(&executions) {
            let is_valid = execution.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && execution.len() <= 80;
            assert!(is_valid, "{name}: {execution}");
            assert_eq!(executions.iter().filter(|other| *other == execution).count(), 1, "{execution}");
        }
        assert_eq!(executions[1], "rds-orders-1fac559f47ddf9af");
    }
}
