//! What will happen, and when. Whatever a service does later (a copy that finishes, a message that arrives, a schedule)
//! it writes here; the world does it when the time has come.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::world::State;

/// Something that happens to a world.
pub(crate) type Change = Box<dyn FnOnce(&mut State) + Send>;

/// What will happen, in order: by time, and for one time in the order in which it was written.
#[derive(Default)]
pub(crate) struct Agenda {
    entries: BTreeMap<(DateTime<Utc>, u64), Change>,
    written: u64,
}

impl Agenda {
    /// At that time, or as soon as possible if it has passed.
    pub(crate) fn at(&mut self, time: DateTime<Utc>, change: impl FnOnce(&mut State) + Send + 'static) {
        self.written += 1;
        self.entries.insert((time, self.written), Box::new(change));
    }

    /// When the next thing happens.
    pub(crate) fn next(&self) -> Option<DateTime<Utc>> {
        self.entries.first_key_value().map(|((time, _), _)| *time)
    }

    /// The next thing, if its time has come.
    pub(crate) fn take_due(&mut self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, Change)> {
        self.next().filter(|time| *time <= now)?;
        self.entries.pop_first().map(|((time, _), change)| (time, change))
    }
}
