//! Waiting: how long until the next look, and what the timer is told.
//!
//! Instance snapshots have an event that tells when they are copied, so their timer is only for the case that the event
//! never comes, and asks late. Cluster snapshots have none: their timer asks once early, to learn how fast it goes, once
//! more if it goes so slowly that it is not known well by then, and then when it should be done.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::arn::Kind;
use crate::event::Trigger;
use crate::snapshot::Snapshot;

/// What a function answers to the timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "timer", rename_all = "kebab-case")]
pub enum Answer {
    /// There is nothing more to wait for.
    Done,
    /// Ask again in so many seconds.
    Again {
        /// How many.
        seconds: i64,
    },
    /// It has taken too long: this is an alarm.
    RanOut {
        /// What has.
        why: String,
    },
}

impl Answer {
    /// Ask again after this, in whole seconds: not sooner, or it would just not be done.
    #[must_use]
    pub fn again(after: TimeDelta) -> Self {
        let begun = i64::from(after.subsec_nanos() > 0);
        Self::Again { seconds: (after.num_seconds() + begun).max(1) }
    }
}

/// What the timer is started with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timer {
    /// What it asks.
    pub trigger: Trigger,
    /// As if it had asked already.
    pub answer: Answer,
}

/// Asked at least this often. The sweep looks every hour in any case.
const LONGEST: TimeDelta = TimeDelta::hours(1);
/// Asked at most this often.
const SHORTEST: TimeDelta = TimeDelta::seconds(5);

/// How much a cluster's copy is taken for where AWS does not tell: Aurora's storage has no size of its own, and is told as
/// 0 or 1.
const UNKNOWN_GIB: u32 = 50;
/// How long the copy-finished event of the smallest instance is waited for.
const FEWEST: TimeDelta = TimeDelta::minutes(10);

/// How long until the first look at a copy that has just been started.
#[must_use]
pub fn first(kind: Kind, gib: u32) -> TimeDelta {
    let gib = match (kind, gib) {
        (Kind::Cluster, 0 | 1) => UNKNOWN_GIB.into(),
        (_, gib) => i64::from(gib),
    };
    let first = match kind {
        // Past the end in most cases: the event comes sooner.
        Kind::Instance => FEWEST + TimeDelta::seconds(15 * gib),
        // When the fastest copies, of 100 GiB a minute, are just done: sooner than that there is little to see.
        Kind::Cluster => TimeDelta::seconds(30 + gib * 3 / 5),
    };
    first.min(LONGEST)
}

/// How long until the next look at a copy that was started so long ago and has come so far.
#[must_use]
pub fn next(copy: &Snapshot, since: DateTime<Utc>, now: DateTime<Utc>) -> TimeDelta {
    let passed = (now - since).max(TimeDelta::seconds(1));
    let left = left(passed, copy.progress);
    match copy.arn.kind {
        Kind::Instance => (left * 2).clamp(FEWEST, LONGEST),
        // However long it stays at its last percent, the looks become fewer: Step Functions ends an execution after
        // 25,000 entries in its history.
        Kind::Cluster => left.max(passed / 20).clamp(SHORTEST, LONGEST),
    }
}

/// How much longer what has come so far in this time will take. Whole percents are rounded down, so this is known the
/// better the more there are: a tenth of it from 10 percent on.
fn left(passed: TimeDelta, progress: u8) -> TimeDelta {
    let whole = match i32::from(progress.min(100)) {
        // It may not have begun, and then be fast.
        0 => passed * 2,
        // At the soonest: with the next look, it is known better.
        percent @ 1..10 => passed * 100 / (percent + 1),
        // At the latest.
        percent => passed * 100 / percent,
    };
    whole - passed
}
