//! How long until the next look. AWS announces nothing on which a job could wait: events are sent on a best-effort basis, and there is
//! none for most changes.
//!
//! A restore takes minutes to hours. A look at fixed times would be late for short ones, or cost many calls for long ones. So the
//! delay grows with the time that has passed: after 15 minutes, at most a twentieth of it is lost.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::{Job, Tags, tags};

/// No text of AWS's states how long a restore takes: five minutes are an assumption.
const FIRST: TimeDelta = TimeDelta::minutes(5);
/// The shortest delay: what AWS has finished is noticed after half of it on average.
pub const CHANGE: TimeDelta = TimeDelta::seconds(45);
/// The longest delay.
const LONGEST: TimeDelta = TimeDelta::minutes(10);
/// No step of a job waits until a deletion is complete.
pub const DELETION: TimeDelta = TimeDelta::minutes(2);
/// A person has to correct something, or AWS has no capacity.
pub const PERSON: TimeDelta = TimeDelta::minutes(5);

/// The delay until the next look at a database that is restored since this time.
#[must_use]
pub fn next(started: Option<DateTime<Utc>>, now: DateTime<Utc>) -> TimeDelta {
    let Some(started) = started else { return CHANGE };
    let elapsed = now - started;
    match elapsed < FIRST {
        true => (FIRST - elapsed).clamp(CHANGE, FIRST),
        false => (elapsed / 20).clamp(CHANGE, LONGEST),
    }
}

/// The delay, or the time until the deadline if the database is temporary and that is shorter: it is torn down then (invariant 22).
#[must_use]
pub fn until_deadline(job: &Job, delay: TimeDelta, now: DateTime<Utc>) -> TimeDelta {
    let left = job.request().deadline - now;
    match job.request().verb.is_temporary() && left > TimeDelta::zero() {
        true => delay.min(left),
        false => delay,
    }
}

/// When the restore was requested, by the tags of the database.
#[must_use]
pub fn started(tags: &Tags) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(tags.get(tags::JOB_STARTED)?).ok().map(|time| time.to_utc())
}
