//! Timers: executions of the state machine that waits, by name.

use aws_sdk_sfn::Client;
use protocol::wait::Timer;
use sha2::{Digest, Sha256};

use crate::error::Failure;

/// Step Functions has no longer names of executions.
const LONGEST: usize = 80;
/// Of a hash, in hexadecimal digits.
const HASH_DIGITS: usize = 16;

/// Starts one. Of one name there is one in ninety days: that it is there already is an error of AWS's.
pub(crate) async fn start(sfn: &Client, state_machine_arn: &str, name: &str, timer: &Timer) -> Result<(), Failure> {
    let input = serde_json::to_string(timer).map_err(Failure::not_sent)?;
    let call = sfn.start_execution().state_machine_arn(state_machine_arn).name(execution(name));
    call.input(input).send().await?;
    Ok(())
}

/// A name as Step Functions takes it. What it would not take is replaced, and then a hash keeps names apart that would
/// become the same.
fn execution(name: &str) -> String {
    let is_taken = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.len() <= LONGEST && name.chars().all(is_taken) {
        return name.to_owned();
    }
    let readable = name.chars().map(|c| if is_taken(c) { c } else { '-' }).take(LONGEST - HASH_DIGITS - 1);
    let hash = Sha256::digest(name);
    let hash = hash.iter().take(HASH_DIGITS / 2).map(|byte| format!("{byte:02x}"));
    readable.chain(['-']).collect::<String>() + &hash.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_as_it_is_stays() {
        for name in ["a", "copying-draco-rds-orders_2026", &"x".repeat(80)] {
            assert_eq!(execution(name), name);
        }
    }

    #[test]
    fn a_name_that_is_not_taken_is_made_one_that_is_and_no_others() {
        let names = ["", "rds:orders", "rds-orders:", "é", &"x".repeat(81), &"x".repeat(82), &"ü".repeat(81)];
        let executions: Vec<String> = names.map(execution).to_vec();
        for (name, execution) in names.iter().zip(&executions) {
            let is_taken = execution.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && execution.len() <= 80;
            assert!(is_taken, "{name}: {execution}");
            assert_eq!(executions.iter().filter(|other| *other == execution).count(), 1, "{execution}");
        }
        assert_eq!(executions[1], "rds-orders-1fac559f47ddf9af");
    }
}
