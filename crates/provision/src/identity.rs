//! Whether a database under one of a job's names is the job's.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::job::{Role, names};
use protocol::observed::{Condition, ObservedMember};
use protocol::{Job, Observed, tags};

/// For so long, AWS may not describe a new database, or its tags.
pub const LATE: TimeDelta = TimeDelta::minutes(5);

/// To whom a database belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// To the job, in this role.
    Ours,
    /// To no job yet: it is new, and has no tag of a job.
    Untagged,
    /// To another job, or to no job.
    Foreign,
}

/// Compares name, tag and resource ID with the job.
///
/// The tag is not enough: the old database and the new one both have the tag of the job, and a person can rename either. The resource
/// ID tells them apart: the old database is the one that the job replaces, and no other role has that one.
#[must_use]
pub fn of(found: &Observed, job: &Job, role: Role, now: DateTime<Utc>) -> Identity {
    let is_replaced = job.request().replaces.as_deref() == Some(found.resource_id.as_str());
    if is_replaced != (role == Role::Old) {
        return Identity::Foreign;
    }
    if found.owner().as_ref() == Some(job.id()) {
        return Identity::Ours;
    }
    // No restore is requested after the job's deadline.
    let is_late = found.created.is_none() && now >= job.request().deadline + LATE;
    let is_named = found.arn == job.database(role) && found.tags.get(tags::JOB).is_none();
    match is_named && is_new(found.created, &found.condition, now) && !is_late {
        true => Identity::Untagged,
        false => Identity::Foreign,
    }
}

/// Compares name and tag of an instance in the job's cluster with the job.
#[must_use]
pub fn of_member(found: &ObservedMember, job: &Job, role: Role, now: DateTime<Utc>) -> Identity {
    if found.owner().as_ref() == Some(job.id()) {
        return Identity::Ours;
    }
    let is_named = names::parse(found.arn.id()).is_some_and(|(of, id)| of == role && id == *job.id());
    match is_named && found.tags.get(tags::JOB).is_none() && is_new(found.created, &found.condition, now) {
        true => Identity::Untagged,
        false => Identity::Foreign,
    }
}

/// Whether the tags of a database may follow. AWS does not state the time of creation while a database is created, and never if its creation
/// has failed.
#[must_use]
pub fn is_new(created: Option<DateTime<Utc>>, condition: &Condition, now: DateTime<Utc>) -> bool {
    match created {
        Some(created) => now - created < LATE,
        None => !matches!(condition, Condition::Failed(_)),
    }
}
