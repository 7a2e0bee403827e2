//! Whether a database under one of a job's names is the job's.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::job::Role;
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
    // AWS does not state the time of creation while the database is created. No database is created beyond the job's deadline.
    let is_new = match found.created {
        Some(created) => now - created < LATE,
        None => now < job.request().deadline,
    };
    match found.arn == job.database(role) && found.tags.get(tags::JOB).is_none() && is_new {
        true => Identity::Untagged,
        false => Identity::Foreign,
    }
}
