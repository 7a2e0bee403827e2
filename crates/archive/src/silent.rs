//! Silent databases: those whose copies have stopped arriving, for any reason (invariant 15).
//!
//! A source account can stop a database's copies in many ways: remove a tag, disable the function, send the same old snapshot
//! again. DR cannot know which; it only sees that the newest data becomes old. So the age is that of the data, by planning time,
//! not the time since the last arrival. Only DR can retire a database.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{Copy, History};

/// When a database is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SilencePolicy {
    /// The age of the newest copy that is always allowed.
    pub max_age: TimeDelta,
}

/// A database whose newest copy is too old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence<'h> {
    /// The copy with the newest data.
    pub newest: &'h Copy,
    /// The age of its data.
    pub age: TimeDelta,
    /// The usual interval between two copies, if there are at least three: one interval alone is not usual.
    pub usual: Option<TimeDelta>,
}

/// A database is silent after this many usual intervals.
const INTERVALS: i32 = 3;
/// The longest interval that counts as usual. Without it, copies of snapshots that are years old would allow years without a copy.
const LONGEST: TimeDelta = TimeDelta::days(31);
/// The usual interval is that of so many of the newest copies.
const RECENT: usize = 8;

impl SilencePolicy {
    /// Whether a database is silent at this time. A database whose last arrival is marked as retired is not.
    #[must_use]
    pub fn check<'h>(self, history: &'h History, now: DateTime<Utc>) -> Option<Silence<'h>> {
        history.newest().filter(|last| !last.mark.is_retired)?;
        let newest = history.copies.iter().max_by_key(|copy| (copy.planned, copy.arrived))?;
        let (age, usual) = (now - newest.planned, usual_interval(history));
        let is_silent = age > self.max_age && usual.is_none_or(|usual| age > usual * INTERVALS);
        is_silent.then_some(Silence { newest, age, usual })
    }
}

/// The median interval between the newest copies, by planning time: copies of existing snapshots may arrive all at once.
fn usual_interval(history: &History) -> Option<TimeDelta> {
    let mut times: Vec<_> = history.copies.iter().map(|copy| copy.planned).collect();
    times.sort_unstable_by(|one, other| other.cmp(one));
    times.truncate(RECENT);
    let mut intervals: Vec<_> = times.windows(2).map(|pair| pair[0] - pair[1]).collect();
    intervals.sort_unstable();
    let median = intervals.get(intervals.len().checked_sub(1)? / 2)?;
    (intervals.len() > 1).then_some(*median.min(&LONGEST))
}
