//! The agenda: changes that are scheduled for later, such as the end of a copy, the delivery of a message or the next
//! run of a schedule. The services add them; the world makes them when they are due.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::world::State;

/// A change of the world's state.
pub(crate) type Change = Box<dyn FnOnce(&mut State) + Send>;

/// The scheduled changes, ordered by time; changes for the same time in the order in which they were added.
#[derive(Default)]
pub(crate) struct Agenda {
    entries: BTreeMap<(DateTime<Utc>, u64), Change>,
    written: u64,
}

impl Agenda {
    /// Schedules a change. A time in the past means as soon as possible.
    pub(crate) fn at(&mut self, time: DateTime<Utc>, change: impl FnOnce(&mut State) + Send + 'static) {
        self.written += 1;
        self.entries.insert((time, self.written), Box::new(change));
    }

    /// The time of the next change.
    pub(crate) fn next(&self) -> Option<DateTime<Utc>> {
        self.entries.first_key_value().map(|((time, _), _)| *time)
    }

    /// Removes and returns the next change, if it is due.
    pub(crate) fn take_due(&mut self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, Change)> {
        self.next().filter(|time| *time <= now)?;
        self.entries.pop_first().map(|((time, _), change)| (time, change))
    }
}
