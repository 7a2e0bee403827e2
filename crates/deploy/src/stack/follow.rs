//! Watching a stack while CloudFormation works on it.

use std::time::Duration;

use anyhow::bail;
use aws_sdk_cloudformation::types::StackEvent;
use indicatif::{ProgressBar, ProgressStyle};

use super::events::{End, Story, line};
use crate::aws_error::Explain;
use crate::terminal::TITLE;
use crate::{Account, Terminal};

/// How long until the next look: short at first, since small changes are done in seconds.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(4);
/// So many looks in a row may fail, each of which the SDK has tried several times.
const UNHEARD: u32 = 5;
/// How often the sign of life moves, whether or not there is anything new.
const TICK: Duration = Duration::from_millis(200);

/// Somebody who watches one operation on a stack.
pub(super) struct Watch<'a> {
    account: &'a Account,
    stack: String,
    /// The newest event of what was before.
    before: Option<String>,
}

impl<'a> Watch<'a> {
    /// To be made before the operation begins.
    pub(super) async fn new(account: &'a Account, stack: &str) -> anyhow::Result<Self> {
        let mut watch = Self { account, stack: stack.to_owned(), before: None };
        let newest = watch.page(None).await?.0.into_iter().next();
        watch.before = newest.and_then(|event| event.event_id);
        Ok(watch)
    }

    /// Tells every event until the operation has ended.
    pub(super) async fn until_end(self, terminal: &mut Terminal) -> anyhow::Result<Story> {
        let mut story = Story::default();
        let alive = alive();
        let (mut pause, mut unheard) = (FIRST, 0);
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = tokio::signal::ctrl_c() => bail!(
                    "nobody is watching any more; CloudFormation goes on all the same, and `cargo xtask status` says how far"
                ),
            }
            // What CloudFormation does does not depend on our hearing of it: a network may be away for a moment.
            let new = match self.since(&story).await {
                Err(why) if unheard == UNHEARD => {
                    return Err(
                        why.context("CloudFormation goes on all the same, and `cargo xtask status` says how far")
                    );
                }
                Err(_) => {
                    unheard += 1;
                    continue;
                }
                Ok(new) => new,
            };
            unheard = 0;
            alive.suspend(|| story.hear(new).iter().for_each(|event| terminal.say(line(event))));
            if story.end().is_some() {
                alive.finish_and_clear();
                return Ok(story);
            }
            pause = (pause * 3 / 2).min(LONGEST);
        }
    }

    /// As [`Watch::until_end`], where anything but success is an error that says why.
    pub(super) async fn until_success(self, terminal: &mut Terminal) -> anyhow::Result<Story> {
        let name = self.account.role.stack();
        let story = self.until_end(terminal).await?;
        let Some(End::Failed(status)) = story.end() else { return Ok(story) };
        let reasons = story.reasons();
        let reasons =
            if reasons.is_empty() { "CloudFormation does not say why".to_owned() } else { reasons.join("; ") };
        terminal.say(format_args!("{TITLE}{}{TITLE:#}", afterwards(&status)));
        bail!("stack {name} is {status}: {reasons}")
    }

    /// What has happened since the last look, in the order in which it did. AWS tells the newest first.
    async fn since(&self, story: &Story) -> anyhow::Result<Vec<StackEvent>> {
        let mut new = Vec::new();
        let mut marker = None;
        loop {
            let (events, next) = self.page(marker).await?;
            let is_known = |event: &StackEvent| event.event_id == self.before || story.knows(event);
            let known = events.iter().position(is_known);
            new.extend(events.into_iter().take(known.unwrap_or(usize::MAX)));
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
        let doing = format_args!("reading the events of stack {}", self.account.role.stack());
        let answer = call.send().await.explain(self.account.credentials(), doing)?;
        Ok((answer.stack_events.unwrap_or_default(), answer.next_token))
    }
}

/// What a failure leaves.
fn afterwards(status: &str) -> &'static str {
    match status {
        "UPDATE_ROLLBACK_COMPLETE" => "It failed, and the stack is as it was before.",
        "ROLLBACK_COMPLETE" => "It failed, and what was made is gone again. To try again, mend it and create it again.",
        "UPDATE_ROLLBACK_FAILED" => "It failed, and so did going back. Mend what is said below, then update it again.",
        "DELETE_FAILED" => "It was not deleted whole. Mend what is said below, then delete it again.",
        _ => "It failed.",
    }
}

/// A sign of life, if anybody is looking.
fn alive() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_style(
        ProgressStyle::with_template("{spinner} {elapsed}").unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.enable_steady_tick(TICK);
    bar
}
