//! Waiting: how long until the next look at a copy in progress, and the function's answer to the timer.
//!
//! RDS sends an event when the copy of an instance snapshot is completed, so the timer of an instance snapshot covers only
//! lost events and checks late. There is no such event for cluster snapshots. Their timer checks once early to measure the
//! speed, a second time if the copy is too slow for a good estimate, and then at the estimated end.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::arn::Kind;
use crate::event::Trigger;
use crate::snapshot::Snapshot;

/// A function's answer to the timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "timer", rename_all = "kebab-case")]
pub enum Answer {
    /// The timer can stop.
    Done,
    /// Check again later.
    Again {
        /// The number of seconds until then.
        seconds: i64,
    },
    /// The time limit has been exceeded. The timer's execution fails, which raises an alarm.
    TimedOut {
        /// What exceeded the limit.
        why: String,
    },
}

impl Answer {
    /// Check again after this time, rounded up to whole seconds.
    #[must_use]
    pub fn again(after: TimeDelta) -> Self {
        let started_second = i64::from(after.subsec_nanos() > 0);
        Self::Again { seconds: (after.num_seconds() + started_second).max(1) }
    }
}

/// The input with which a timer is started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// The payload that the timer sends to the function.
    pub trigger: Trigger,
    /// The delay before the first check, in the form of an answer.
    pub answer: Answer,
}

/// The maximum delay. The sweep looks every hour in any case.
const MAX_DELAY: TimeDelta = TimeDelta::hours(1);
/// The minimum delay.
const MIN_DELAY: TimeDelta = TimeDelta::seconds(5);

/// The assumed size of a cluster snapshot when AWS returns none: Aurora has no allocated storage and returns 0 or 1.
const ASSUMED_GIB: u32 = 50;
/// The minimum delay for instance snapshots: how long Draco waits for the copy-completed event of the smallest one.
const MIN_INSTANCE_DELAY: TimeDelta = TimeDelta::minutes(10);

/// When DR looks whether an announced transit copy is visible, after its announcement. Sharing usually takes effect within
/// seconds. Each look costs DR calls, and a source account can announce snapshots that do not exist, so there are few.
const SHARE_LOOKS: [TimeDelta; 4] =
    [TimeDelta::seconds(20), TimeDelta::minutes(1), TimeDelta::minutes(4), TimeDelta::minutes(10)];

/// The delay until the next look whether a transit copy is visible that was announced this long ago. `None`: it was the last.
#[must_use]
pub fn next_share_look(elapsed: TimeDelta) -> Option<TimeDelta> {
    SHARE_LOOKS.into_iter().find(|look| *look > elapsed).map(|look| look - elapsed)
}

/// The delay until the first look at a copy that was just started.
#[must_use]
pub fn first_delay(kind: Kind, gib: u32) -> TimeDelta {
    let gib = match (kind, gib) {
        (Kind::Cluster, 0 | 1) => ASSUMED_GIB.into(),
        (_, gib) => i64::from(gib),
    };
    let delay = match kind {
        // Later than the end in most cases: the event arrives before.
        Kind::Instance => MIN_INSTANCE_DELAY + TimeDelta::seconds(15 * gib),
        // The duration of the fastest copies (100 GiB a minute). An earlier look would show no progress.
        Kind::Cluster => TimeDelta::seconds(30 + gib * 3 / 5),
    };
    delay.min(MAX_DELAY)
}

/// The delay until the next look at a copy that was started at `since`.
#[must_use]
pub fn next_delay(copy: &Snapshot, since: DateTime<Utc>, now: DateTime<Utc>) -> TimeDelta {
    let elapsed = (now - since).max(TimeDelta::seconds(1));
    let remaining = remaining(elapsed, copy.progress);
    match copy.arn.kind {
        Kind::Instance => (remaining * 2).clamp(MIN_INSTANCE_DELAY, MAX_DELAY),
        // The delay grows with the elapsed time, also for a copy that stays at 99 percent: Step Functions ends an execution
        // after 25,000 history entries.
        Kind::Cluster => remaining.max(elapsed / 20).clamp(MIN_DELAY, MAX_DELAY),
    }
}

/// The estimated end of a copy in progress that was started at `since`.
#[must_use]
pub fn estimated_end(copy: &Snapshot, since: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    now + remaining((now - since).max(TimeDelta::seconds(1)), copy.progress)
}

/// The estimated remaining time. RDS rounds percentages down, so the estimate becomes better with progress: from 10 percent on
/// the error is at most a tenth.
fn remaining(elapsed: TimeDelta, progress: u8) -> TimeDelta {
    let total = match i32::from(progress.min(100)) {
        // The copy may not have started yet, and may then be fast.
        0 => elapsed * 2,
        // The earliest possible end: the next look will give a better estimate.
        percent @ 1..10 => elapsed * 100 / (percent + 1),
        // The latest possible end.
        percent => elapsed * 100 / percent,
    };
    total - elapsed
}
