//! The journal: what happened in a world, in order.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::call::{Call, Error, Service};
use crate::world::{State, World};

/// Everything that happened, oldest first; or, where [`Settings::max_journal_entries`](crate::Settings::max_journal_entries) says so, the newest
/// of it.
#[derive(Debug)]
pub struct Journal {
    entries: Vec<Entry>,
    most: usize,
    followers: Vec<UnboundedSender<Entry>>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// Somebody called a service, and was answered.
    Call {
        /// The caller's account.
        account: String,
        /// The caller's role, if it has one.
        role: Option<String>,
        /// The region called.
        region: String,
        /// The service called.
        service: Service,
        /// What was called.
        operation: String,
        /// What the call was about: the resource that it names first.
        resource: Option<String>,
        /// The error's code, if one came back.
        error: Option<String>,
        /// Milliseconds until the answer.
        duration_ms: i64,
    },
    /// A function was invoked, and ended.
    Invocation {
        /// The function's account.
        account: String,
        /// The function's name.
        function: String,
        /// What identifies the event; a retry bears the same.
        request_id: String,
        /// The how-manyth try, from 1. One that was throttled does not count.
        attempt: u32,
        /// How it ended.
        outcome: InvocationOutcome,
        /// Milliseconds from beginning to end.
        duration_ms: i64,
        /// What it had, in MiB.
        memory_mib: u32,
    },
    /// A message left a topic. Of a schedule it is told only that its function is not there, or does not let it in.
    Delivery {
        /// The topic's ARN, or the schedule's.
        topic: String,
        /// The ARN of the function or queue that it was for.
        to: String,
        /// The message.
        message_id: String,
        /// What became of it.
        outcome: DeliveryOutcome,
    },
    /// An event that a function never got done was given up, and sent to where the function wants such.
    DeadLetter {
        /// The function's ARN.
        function: String,
        /// What identifies the event.
        request_id: String,
        /// The ARN of the queue or topic.
        to: String,
        /// What became of it.
        outcome: DeliveryOutcome,
    },
    /// A function ran whose role may not write its log, so that nobody will know what it said.
    LogDenied {
        /// The function's account.
        account: String,
        /// The function's name.
        function: String,
        /// What the role may not do.
        reason: String,
    },
    /// An execution of a state machine entered a state, or did it again in a retry.
    Transition {
        /// The machine's account.
        account: String,
        /// The machine's name.
        machine: String,
        /// The execution's name.
        execution: String,
        /// The state's name.
        state: String,
    },
}

/// How an invocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InvocationOutcome {
    /// The function succeeded.
    Ok,
    /// It failed.
    Error,
    /// It did not end in time.
    Timeout,
    /// It died at a call, or before its first line.
    Killed,
    /// It did not run: too many were running.
    Throttled,
    /// It did not run, and nobody will know.
    Lost,
}

/// What became of something on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryOutcome {
    /// It arrived.
    Delivered,
    /// It never will.
    Lost,
    /// What it was for is not there, or not allowed.
    Failed,
}

impl Event {
    /// A call that has not been answered yet.
    pub(crate) fn of(call: &Call) -> Self {
        Self::Call {
            account: call.caller.account.clone(),
            role: call.caller.role.as_ref().map(|role| role.name.clone()),
            region: call.region.clone(),
            service: call.service,
            operation: call.operation.clone(),
            resource: call.input.resource().map(str::to_owned),
            error: None,
            duration_ms: 0,
        }
    }

    pub(crate) fn answered(&mut self, with: Option<&Error>, after: i64) {
        if let Self::Call { error, duration_ms, .. } = self {
            *error = with.map(|error| error.code.to_owned());
            *duration_ms = after;
        }
    }
}

impl Journal {
    pub(crate) fn new(most: Option<usize>) -> Self {
        Self { entries: Vec::new(), most: most.unwrap_or(usize::MAX), followers: Vec::new() }
    }

    /// What happened, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn write(&mut self, at: DateTime<Utc>, event: Event) {
        let entry = Entry { at, event };
        self.followers.retain(|follower| follower.send(entry.clone()).is_ok());
        self.entries.push(entry);
        if self.entries.len() > self.most {
            // Half of it, so that moving up what stays costs little for each entry.
            self.entries.drain(..self.entries.len() - self.most / 2);
        }
    }

    /// Who called what, in order: the account, its role, and the operation.
    pub fn calls(&self) -> impl Iterator<Item = (&str, Option<&str>, &str)> {
        self.entries.iter().filter_map(|entry| match &entry.event {
            Event::Call { account, role, operation, .. } => {
                Some((account.as_str(), role.as_deref(), operation.as_str()))
            }
            _ => None,
        })
    }

    /// How many calls of this operation there were.
    #[must_use]
    pub fn count_calls(&self, of: &str) -> usize {
        self.calls().filter(|(_, _, operation)| *operation == of).count()
    }
}

/// Reads a journal while it is written, from the oldest entry that it has. It misses none, however few the journal keeps.
pub struct Follower {
    world: World,
    new: UnboundedReceiver<Entry>,
}

impl Follower {
    pub(crate) fn new(world: World) -> Self {
        let (follower, new) = unbounded_channel();
        world.change(|State { journal, .. }| {
            // It can be sent as long as it can be received.
            journal.entries.iter().for_each(|entry| drop(follower.send(entry.clone())));
            journal.followers.push(follower);
        });
        Self { world, new }
    }

    /// Waits until there is something new.
    pub async fn next(&mut self) -> Vec<Entry> {
        let mut new = Vec::new();
        self.new.recv_many(&mut new, usize::MAX).await;
        new
    }

    /// What is new, if anything.
    pub fn drain(&mut self) -> Vec<Entry> {
        // What is due happens first.
        self.world.journal(|_| ());
        std::iter::from_fn(|| self.new.try_recv().ok()).collect()
    }
}
