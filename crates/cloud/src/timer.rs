//! Timers: executions of the state machine `draco-wait4copy`, identified by name.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::ExecutionStatus;
use chrono::{DateTime, Utc};
use protocol::AccountId;
use protocol::event::Trigger;
use protocol::wait::Timer;
use sha2::{Digest, Sha256};

use crate::error::Failure;

/// The number of hexadecimal digits of a hash in a name.
pub(crate) const HASH_DIGITS: usize = 16;
/// The number of characters of the readable end of a name. Step Functions allows 80 for the whole name.
const READABLE_CHARS: usize = 30;
/// The maximum number of executions on a page.
const PAGE_SIZE: i32 = 1000;

/// How often a timer of one name can be started: a copy that failed is made again, and each attempt has a timer. There is a
/// limit, because each start makes two calls for each earlier one.
pub(crate) const STARTS: u32 = 4;

/// The result of starting a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerStart {
    /// This call started it.
    Started,
    /// A timer of this name is running.
    Running,
    /// Timers of this name were started and have ended as often as is allowed.
    UsedUp,
}

/// The name of a timer: `copying-111111111111-20261121-1fac559f47ddf9af-rds-orders`. Names begin with the purpose and the
/// account, by which they are counted. The hash covers everything that the timer waits for: with the identifier alone, a
/// timer for another snapshot of the same name would prevent the right one.
#[must_use]
pub fn name(purpose: &str, account: &AccountId, when: &str, awaited: &str, id: &str) -> String {
    let hash = hash(awaited);
    let readable: String =
        id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(READABLE_CHARS).collect();
    format!("{}{when}-{hash}-{readable}", prefix(purpose, account))
}

/// The hash of this text, for a name.
#[must_use]
pub fn hash(text: &str) -> String {
    Sha256::digest(text).iter().take(HASH_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
}

/// The beginning of the names of all timers of a purpose and an account.
pub(crate) fn prefix(purpose: &str, account: &AccountId) -> String {
    format!("{purpose}-{account}-")
}

/// The account of a timer of this purpose.
pub(crate) fn account(purpose: &str, name: &str) -> Option<AccountId> {
    let (account, _) = name.strip_prefix(purpose)?.strip_prefix('-')?.split_once('-')?;
    account.parse().ok()
}

/// The name for the nth start, from 1.
pub(crate) fn nth(name: &str, n: u32) -> String {
    if n == 1 { name.to_owned() } else { format!("{name}-{n}") }
}

/// Starts a timer. A name can be used once in ninety days; AWS returns an error if it was used already.
pub(crate) async fn start(sfn: &Client, state_machine_arn: &str, name: &str, timer: &Timer) -> Result<(), Failure> {
    let input = serde_json::to_string(timer).map_err(Failure::not_sent)?;
    sfn.start_execution().state_machine_arn(state_machine_arn).name(name).input(input).send().await?;
    Ok(())
}

/// Whether the timer of this name is running.
pub(crate) async fn is_running(sfn: &Client, state_machine_arn: &str, name: &str) -> Result<bool, Failure> {
    let described = sfn.describe_execution().execution_arn(execution_arn(state_machine_arn, name)).send().await?;
    Ok(described.status == ExecutionStatus::Running)
}

/// A running timer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningTimer {
    /// Its name.
    pub name: String,
    /// When it was started, by AWS's clock.
    pub started: DateTime<Utc>,
}

/// All running timers, the newest first.
pub(crate) async fn list_running(sfn: &Client, state_machine_arn: &str) -> Result<Vec<RunningTimer>, Failure> {
    let (mut names, mut token) = (Vec::new(), None);
    loop {
        let call = sfn.list_executions().state_machine_arn(state_machine_arn).max_results(PAGE_SIZE);
        let page = call.status_filter(ExecutionStatus::Running).set_next_token(token).send().await?;
        names.extend(page.executions.into_iter().map(|execution| {
            let started = DateTime::from_timestamp(execution.start_date.secs(), 0).unwrap_or_default();
            RunningTimer { name: execution.name, started }
        }));
        token = page.next_token;
        if token.is_none() {
            return Ok(names);
        }
    }
}

/// The state of a timer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimerState {
    /// It has ended, or never existed.
    Ended,
    /// It is running. `None`: Draco has not written its input.
    Running(Option<Trigger>),
}

pub(crate) async fn read(sfn: &Client, state_machine_arn: &str, name: &str) -> Result<TimerState, Failure> {
    let described = sfn.describe_execution().execution_arn(execution_arn(state_machine_arn, name)).send().await?;
    if described.status != ExecutionStatus::Running {
        return Ok(TimerState::Ended);
    }
    let input = serde_json::from_str::<Timer>(&described.input.unwrap_or_default());
    Ok(TimerState::Running(input.ok().map(|timer| timer.trigger)))
}

/// Ends a timer. Its function is not invoked.
pub(crate) async fn stop(sfn: &Client, state_machine_arn: &str, name: &str) -> Result<(), Failure> {
    sfn.stop_execution().execution_arn(execution_arn(state_machine_arn, name)).send().await?;
    Ok(())
}

fn execution_arn(state_machine_arn: &str, name: &str) -> String {
    format!("{}:{name}", state_machine_arn.replacen(":stateMachine:", ":execution:", 1))
}

/// The number of running timers whose name begins with this prefix, or `most` if there are more.
pub(crate) async fn count_running(
    sfn: &Client,
    state_machine_arn: &str,
    prefix: &str,
    most: usize,
) -> Result<usize, Failure> {
    let (mut count, mut token) = (0, None);
    loop {
        let call = sfn.list_executions().state_machine_arn(state_machine_arn).max_results(PAGE_SIZE);
        let page = call.status_filter(ExecutionStatus::Running).set_next_token(token).send().await?;
        count += page.executions.iter().filter(|execution| execution.name.starts_with(prefix)).count();
        token = page.next_token;
        if token.is_none() || count >= most {
            return Ok(count.min(most));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(awaited: &str, id: &str) -> String {
        name("copying", &"111111111111".parse().unwrap(), "20261121", awaited, id)
    }

    #[test]
    fn a_name_has_purpose_account_day_hash_and_readable_end() {
        assert_eq!(example("rds:orders", "rds:orders"), "copying-111111111111-20261121-1fac559f47ddf9af-rds-orders");
    }

    #[test]
    fn every_name_is_valid_and_distinct() {
        let awaited = ["", "rds:orders", "rds-orders", "é", &"x".repeat(81), &"x".repeat(82)];
        let names: Vec<String> = awaited.map(|it| nth(&example(it, it), STARTS)).to_vec();
        for name in &names {
            let is_valid = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && name.len() <= 80;
            assert!(is_valid, "{name}");
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name}");
        }
    }
}
