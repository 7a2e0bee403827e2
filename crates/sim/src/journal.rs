//! The journal: the events of a world, in order.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::call::{Call, Error, Service};
use crate::world::{State, World};

/// The events so far, oldest first. If [`Settings::max_journal_entries`](crate::Settings::max_journal_entries) is set,
/// only the newest of them.
#[derive(Debug)]
pub struct Journal {
    entries: Vec<Entry>,
    most: usize,
    followers: Vec<UnboundedSender<Entry>>,
}

/// An event and its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The time of the event.
    pub at: DateTime<Utc>,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// An event in the world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A call to a service, after its response.
    Call {
        /// The caller's account.
        account: String,
        /// The caller's role, if it has one.
        role: Option<String>,
        /// The region called.
        region: String,
        /// The service called.
        service: Service,
        /// The operation called.
        operation: String,
        /// The first resource that the call names.
        resource: Option<String>,
        /// The error code of the response, if it is an error.
        error: Option<String>,
        /// Milliseconds from the request to the response.
        duration_ms: i64,
    },
    /// An invocation of a function, after its end.
    Invocation {
        /// The function's account.
        account: String,
        /// The function's region.
        region: String,
        /// The function's name.
        function: String,
        /// The ID of the event. Retries have the same ID.
        request_id: String,
        /// The number of the attempt, from 1. Throttled attempts are not counted.
        attempt: u32,
        /// The outcome.
        outcome: InvocationOutcome,
        /// Milliseconds from start to end.
        duration_ms: i64,
        /// The function's memory setting, in MiB.
        memory_mib: u32,
    },
    /// A delivery of a message from a topic. For a schedule, only failed deliveries are recorded.
    Delivery {
        /// The ARN of the topic or schedule.
        topic: String,
        /// The ARN of the function or queue to deliver to.
        to: String,
        /// The ID of the message.
        message_id: String,
        /// What became of it.
        outcome: DeliveryOutcome,
    },
    /// A server behind a database could not do something. AWS has no such entry.
    ServerFailed {
        /// The ARN of the database or snapshot.
        resource: String,
        /// What it could not do.
        reason: String,
    },
    /// An event that a function could not process, sent to the function's on-failure destination.
    DeadLetter {
        /// The function's ARN.
        function: String,
        /// The ID of the event.
        request_id: String,
        /// The ARN of the queue or topic.
        to: String,
        /// What became of it.
        outcome: DeliveryOutcome,
    },
    /// A function ran without a log, because its role may not write one.
    LogDenied {
        /// The function's account.
        account: String,
        /// The function's name.
        function: String,
        /// The missing permission.
        reason: String,
    },
    /// An execution of a state machine entered a state, or retried it.
    Transition {
        /// The machine's account.
        account: String,
        /// The machine's region.
        region: String,
        /// The machine's name.
        machine: String,
        /// The execution's name.
        execution: String,
        /// The state's name.
        state: String,
    },
}

/// The outcome of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InvocationOutcome {
    /// The function succeeded.
    Ok,
    /// The function returned an error.
    Error,
    /// The function reached its timeout.
    Timeout,
    /// A fault killed the function, at a call or before it started.
    Killed,
    /// The function did not run because of its concurrency limit or a throttling fault.
    Throttled,
    /// The function did not run, because a fault dropped the event.
    Lost,
}

/// The outcome of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryOutcome {
    /// Delivered.
    Delivered,
    /// Dropped by a fault.
    Lost,
    /// The target does not exist or does not allow it.
    Failed,
}

impl Event {
    /// The event of a call that has no response yet.
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

    pub(crate) fn set_response(&mut self, with: Option<&Error>, after: i64) {
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

    /// The entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn write(&mut self, at: DateTime<Utc>, event: Event) {
        let entry = Entry { at, event };
        self.followers.retain(|follower| follower.send(entry.clone()).is_ok());
        self.entries.push(entry);
        if self.entries.len() > self.most {
            // Removing half at once keeps the cost per entry small.
            self.entries.drain(..self.entries.len() - self.most / 2);
        }
    }

    /// The calls in order: account, role and operation.
    pub fn calls(&self) -> impl Iterator<Item = (&str, Option<&str>, &str)> {
        self.entries.iter().filter_map(|entry| match &entry.event {
            Event::Call { account, role, operation, .. } => {
                Some((account.as_str(), role.as_deref(), operation.as_str()))
            }
            _ => None,
        })
    }

    /// The number of calls of this operation.
    #[must_use]
    pub fn count_calls(&self, of: &str) -> usize {
        self.calls().filter(|(_, _, operation)| *operation == of).count()
    }
}

/// A reader that follows the journal from its oldest entry. It receives every later entry, even if the journal no
/// longer keeps it.
pub struct Follower {
    world: World,
    new: UnboundedReceiver<Entry>,
}

impl Follower {
    pub(crate) fn new(world: World) -> Self {
        let (follower, new) = unbounded_channel();
        world.change(|State { journal, .. }| {
            // Sending cannot fail here: the receiver exists.
            journal.entries.iter().for_each(|entry| drop(follower.send(entry.clone())));
            journal.followers.push(follower);
        });
        Self { world, new }
    }

    /// Waits for new entries.
    pub async fn next(&mut self) -> Vec<Entry> {
        let mut new = Vec::new();
        self.new.recv_many(&mut new, usize::MAX).await;
        new
    }

    /// The new entries, without waiting.
    pub fn drain(&mut self) -> Vec<Entry> {
        // Changes that are due are made first.
        self.world.journal(|_| ());
        std::iter::from_fn(|| self.new.try_recv().ok()).collect()
    }
}
