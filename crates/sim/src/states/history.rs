//! The event history of an execution, as `GetExecutionHistory` returns it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::clock::seconds;

/// "Step Functions has a hard quota of 25,000 entries in the execution event history. When an execution reaches 24,999
/// events, it waits for the next event to happen. If the event number 25,000 isn't `ExecutionSucceeded`, … the state
/// machine execution fails because of reaching the history limit" (Developer Guide, Avoid reaching the history quota).
const MAX_EVENTS: usize = 25_000;

/// The events of an execution, numbered from 1.
#[derive(Debug, Default)]
pub(super) struct History {
    events: Vec<Event>,
    full: bool,
}

#[derive(Debug)]
struct Event {
    at: DateTime<Utc>,
    previous: u64,
    of: &'static str,
    what: &'static str,
    details: Vec<(&'static str, Arc<str>)>,
}

impl History {
    /// Appends an event, of a type such as `Task` + `StateEntered`. Returns its ID.
    pub(super) fn write(
        &mut self,
        at: DateTime<Utc>,
        of: &'static str,
        what: &'static str,
        details: Vec<(&'static str, Arc<str>)>,
    ) -> u64 {
        if self.events.len() + 1 >= MAX_EVENTS {
            self.full = true;
            return self.last();
        }
        // The first `StateEntered` has no previous event.
        let previous = if self.events.len() == 1 { 0 } else { self.last() };
        self.events.push(Event { at, previous, of, what, details });
        self.last()
    }

    /// Appends the last event, even if the history is full.
    pub(super) fn end(
        &mut self,
        at: DateTime<Utc>,
        what: &'static str,
        details: impl IntoIterator<Item = (&'static str, Arc<str>)>,
    ) {
        // An event that is caused from outside has no previous event.
        let previous = if matches!(what, "Aborted" | "TimedOut") { 0 } else { self.last() };
        let details = details.into_iter().collect();
        self.events.push(Event { at, previous, of: "Execution", what, details });
    }

    /// Whether an event was left out because of the limit.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// Event number `index + 1`.
    pub(super) fn show(&self, index: usize, with_data: bool) -> Option<Value> {
        let Event { at, previous, of, what, details } = self.events.get(index)?;
        let kind = format!("{of}{what}");
        let mut event = Map::new();
        event.insert("timestamp".to_owned(), seconds(*at).into());
        event.insert("id".to_owned(), (index + 1).into());
        event.insert("previousEventId".to_owned(), (*previous).into());
        if kind != "LambdaFunctionStarted" {
            let member = match *what {
                "StateEntered" | "StateExited" => what,
                _ => kind.as_str(),
            };
            let member = format!("{}{}EventDetails", member.get(..1).unwrap_or_default().to_lowercase(), &member[1..]);
            let mut shown = Map::new();
            for (name, text) in details {
                let is_data = matches!(*name, "input" | "output");
                if with_data || !is_data {
                    shown.insert((*name).to_owned(), (**text).into());
                }
                if with_data && is_data {
                    shown.insert(format!("{name}Details"), json!({ "truncated": false }));
                }
            }
            event.insert(member, shown.into());
        }
        event.insert("type".to_owned(), kind.into());
        Some(event.into())
    }

    fn last(&self) -> u64 {
        self.events.len() as u64
    }
}
