//! Follows an operation of CloudFormation on a stack.

use std::time::Duration;

use anyhow::bail;
use aws_sdk_cloudformation::types::StackEvent;
use indicatif::{ProgressBar, ProgressStyle};

use super::events::{Events, Outcome, line};
use super::name::StackName;
use crate::aws_error::Explain;
use crate::terminal::TITLE;
use crate::{Account, Terminal};

/// The time between two requests: short at first, because small changes take seconds.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(4);
/// So many requests in a row may fail. The SDK has retried each of them.
const MAX_FAILURES: u32 = 5;
/// The time between two steps of the spinner.
const TICK: Duration = Duration::from_millis(200);

/// Follows one operation on a stack.
pub(super) struct Watch<'a> {
    account: &'a Account,
    name: &'a StackName,
    stack: String,
    /// The newest event before the operation.
    before: Option<String>,
}

impl<'a> Watch<'a> {
    /// Must be called before the operation starts.
    pub(super) async fn new(account: &'a Account, name: &'a StackName, stack: &str) -> anyhow::Result<Self> {
        let mut watch = Self { account, name, stack: stack.to_owned(), before: None };
        let newest = watch.page(None).await?.0.into_iter().next();
        watch.before = newest.and_then(|event| event.event_id);
        Ok(watch)
    }

    /// Prints every event until the operation has ended.
    pub(super) async fn until_end(self, terminal: &mut Terminal) -> anyhow::Result<Events> {
        let mut events = Events::default();
        let spinner = spinner();
        let (mut pause, mut failures) = (FIRST, 0);
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = tokio::signal::ctrl_c() => bail!(
                    "interrupted; CloudFormation continues, and `cargo xtask status` shows the state of the stack"
                ),
            }
            // CloudFormation continues without this program, so a short loss of the network is no failure.
            let new = match self.new_events(&events).await {
                Err(why) if failures == MAX_FAILURES => {
                    return Err(
                        why.context("CloudFormation continues, and `cargo xtask status` shows the state of the stack")
                    );
                }
                Err(_) => {
                    failures += 1;
                    continue;
                }
                Ok(new) => new,
            };
            failures = 0;
            spinner.suspend(|| events.add(new).iter().for_each(|event| terminal.print(line(event))));
            if events.outcome().is_some() {
                spinner.finish_and_clear();
                return Ok(events);
            }
            pause = (pause * 3 / 2).min(LONGEST);
        }
    }

    /// As [`Watch::until_end`], but a failed operation is an error with the reasons.
    pub(super) async fn until_success(self, terminal: &mut Terminal) -> anyhow::Result<Events> {
        let name = self.name;
        let events = self.until_end(terminal).await?;
        let Some(Outcome::Failed(status)) = events.outcome() else { return Ok(events) };
        let reasons = events.reasons();
        let reasons = if reasons.is_empty() { "CloudFormation gives no reason".to_owned() } else { reasons.join("; ") };
        terminal.print(format_args!("{TITLE}{}{TITLE:#}", advice(&status)));
        bail!("stack {name} is {status}: {reasons}")
    }

    /// The new events in chronological order. CloudFormation returns the newest first.
    async fn new_events(&self, events: &Events) -> anyhow::Result<Vec<StackEvent>> {
        let mut new = Vec::new();
        let mut marker = None;
        loop {
            let (page, next) = self.page(marker).await?;
            let is_known = |event: &StackEvent| event.event_id == self.before || events.contains(event);
            let known = page.iter().position(is_known);
            new.extend(page.into_iter().take(known.unwrap_or(usize::MAX)));
            marker = next.filter(|_| known.is_none());
            if marker.is_none() {
                break;
            }
        }
        new.reverse();
        Ok(new)
    }

    async fn page(&self, marker: Option<String>) -> anyhow::Result<(Vec<StackEvent>, Option<String>)> {
        let call = self.account.cloudformation().describe_stack_events().stack_name(&self.stack).set_next_token(marker);
        let doing = format_args!("reading the events of stack {}", self.name);
        let answer = call.send().await.explain(self.account.credentials(), doing)?;
        Ok((answer.stack_events.unwrap_or_default(), answer.next_token))
    }
}

/// The state after a failure, and the next step.
fn advice(status: &str) -> &'static str {
    match status {
        "UPDATE_ROLLBACK_COMPLETE" => "The update failed and was rolled back: the stack is unchanged.",
        "ROLLBACK_COMPLETE" => "The creation failed and was rolled back. Fix the cause, then create the stack again.",
        "UPDATE_ROLLBACK_FAILED" => {
            "The update failed, and its rollback too. Fix the cause, then update the stack again."
        }
        "DELETE_FAILED" => "The deletion failed. Fix the cause, then delete the stack again.",
        _ => "The operation failed.",
    }
}

/// A spinner with the elapsed time, if standard error is a terminal.
fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_style(
        ProgressStyle::with_template("{spinner} {elapsed}").unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.enable_steady_tick(TICK);
    bar
}
