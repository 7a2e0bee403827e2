//! How long until the next look. AWS announces nothing on which a job could wait: events are sent on a best-effort basis, and there is
//! none for most changes.
//!
//! A restore takes minutes to hours. A look at fixed times would be late for short ones, or cost many calls for long ones. So the
//! first look is the shortest delay after the time that AWS needs at least. Then the delay grows with the time that has passed: at most
//! a twentieth of it is lost, or the shortest delay.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use protocol::spec::Setting;
use protocol::{Job, Observed, Tags, tags};

/// How long a restore takes at least. No text of AWS's states it: five minutes are an assumption.
const RESTORE: TimeDelta = TimeDelta::minutes(5);
/// The same for a member of a cluster, which has no data of its own.
const MEMBER: TimeDelta = TimeDelta::minutes(3);
/// The same for a change of settings.
const SETTINGS: TimeDelta = TimeDelta::seconds(30);
/// AWS changes these in seconds, and they are the last ones of most jobs.
pub(crate) const FAST: [Setting; 4] =
    [Setting::DeletionProtection, Setting::BackupRetention, Setting::BackupWindow, Setting::MaintenanceWindow];
/// The shortest delay during a restore or the creation of a member: what AWS has finished is noticed after half of it on average.
const CREATION: TimeDelta = TimeDelta::minutes(1);
/// The shortest delay at all. The last part of most jobs is a change.
pub const CHANGE: TimeDelta = TimeDelta::seconds(30);
/// For so long, AWS may describe a database as it was before a change. A change is not repeated earlier. No text of AWS's states the time.
const STALE: TimeDelta = TimeDelta::seconds(90);
/// The longest delay.
const LONGEST: TimeDelta = TimeDelta::minutes(10);
/// No step of a job waits until a deletion is complete.
pub const DELETION: TimeDelta = TimeDelta::minutes(3);
/// A person has to correct something, or AWS has no capacity.
pub const PERSON: TimeDelta = TimeDelta::minutes(5);

/// What AWS is working on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    begun: DateTime<Utc>,
    /// It takes at least so long.
    least: TimeDelta,
    /// The shortest delay between two looks.
    delay: TimeDelta,
}

impl Work {
    /// A restore.
    #[must_use]
    pub const fn restore(begun: DateTime<Utc>) -> Self {
        Self { begun, least: RESTORE, delay: CREATION }
    }

    /// The creation of a member.
    #[must_use]
    pub const fn member(begun: DateTime<Utc>) -> Self {
        Self { begun, least: MEMBER, delay: CREATION }
    }

    /// A change of settings, or a reboot.
    #[must_use]
    pub const fn change(begun: DateTime<Utc>) -> Self {
        Self { begun, least: SETTINGS, delay: CHANGE }
    }

    /// The latest work on a job's database, by its tags and those of its members.
    #[must_use]
    pub fn of(database: &Observed) -> Option<Self> {
        let restore = started(&database.tags).map(Self::restore);
        let change = changes(&database.tags).last.map(Self::change);
        let members = database.members.iter().filter_map(|member| started(&member.tags)).map(Self::member);
        restore.into_iter().chain(change).chain(members).max_by_key(|work| work.begun)
    }
}

/// The delay until the next look at a database on which AWS is working.
#[must_use]
pub fn next(work: Option<Work>, now: DateTime<Utc>) -> TimeDelta {
    let Some(Work { begun, least, delay }) = work else { return CHANGE };
    let elapsed = now - begun;
    match elapsed < least {
        true => (least - elapsed).min(least) + delay,
        false => (elapsed / 20).clamp(delay, LONGEST),
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

/// The changes and reboots since the restore.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// How many.
    pub count: u32,
    /// The time of the last one.
    pub last: Option<DateTime<Utc>>,
}

/// The changes, by the tags of the database. A person can remove or change the tag: the count begins again.
#[must_use]
pub fn changes(tags: &Tags) -> Changes {
    let value = tags.get(tags::JOB_CHANGES).unwrap_or_default();
    let (count, last) = value.split_once(" at ").unwrap_or((value, ""));
    Changes { count: count.parse().unwrap_or_default(), last: parse(last) }
}

impl Changes {
    /// Whether the last change is so recent that AWS may still describe the database as it was before. The clock of the function that made
    /// it may differ.
    #[must_use]
    pub fn are_recent(self, now: DateTime<Utc>) -> bool {
        self.last.is_some_and(|last| (now - last).abs() < STALE)
    }
}

/// The tag after one more change.
#[must_use]
pub fn one_more(count: u32, now: DateTime<Utc>) -> String {
    format!("{} at {}", count.saturating_add(1), timestamp(now))
}

/// A time in a tag.
#[must_use]
pub fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// When the restore of a database or the creation of a member was requested, by its tags.
#[must_use]
pub fn started(tags: &Tags) -> Option<DateTime<Utc>> {
    parse(tags.get(tags::JOB_STARTED)?)
}

fn parse(time: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(time).ok().map(|time| time.to_utc())
}
