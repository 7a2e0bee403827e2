//! Identifiers of the databases and snapshots that a job creates or moves aside: a pure function of the target's identifier and
//! the job.
//!
//! ```text
//! draco-new-orders-1a2b3c4d5e6f       the database that is being provisioned, or the cluster
//! draco-new-orders-m1-1a2b3c4d5e6f    the first member of that cluster
//! draco-old-orders-1a2b3c4d5e6f       the database that had the target's name
//! draco-verify-orders-1a2b3c4d5e6f    temporary databases
//! draco-rewind-orders-1a2b3c4d5e6f
//! draco-final-orders-1a2b3c4d5e6f     the final snapshot of a database that is torn down
//! ```
//!
//! Each ends in the job's ID, so two jobs never share a name. A long identifier is cut, so that the ID always fits.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::{MAX_LASTING, MAX_TEMPORARY, text};
use crate::arn::{DatabaseArn, Kind};
use crate::tags::{self, Tags};

/// The maximum length of the identifier of an instance, of a cluster, and of a snapshot of a cluster.
pub const MAX_CHARS: usize = 63;
/// The same for the names that Draco gives to clusters. "1 to 52 (for Multi-AZ DB clusters)" (`CreateDBCluster`); the restores and
/// `ModifyDBCluster` state 63 for all clusters. The type of a cluster is not known before its data are described.
const MAX_CHARS_OF_CLUSTER: usize = 52;

/// The number of hexadecimal digits of a job's ID.
const ID_DIGITS: usize = 12;

/// The ID of a job: a hash of its content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(String);

/// The role of a name in a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The database that is being provisioned, and gets the target's name later.
    New,
    /// The database that had the target's name, and was moved aside.
    Old,
    /// A temporary database that is queried.
    Verify,
    /// A temporary database from which rows are copied.
    Rewind,
    /// A final snapshot.
    Final,
}

/// The resource that has the name: the whole database, or an instance in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The instance or cluster.
    Whole,
    /// A member of the cluster, from 1.
    Member(u8),
}

/// Text that is not a job's ID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the ID of a job: expected {ID_DIGITS} hexadecimal digits")]
pub struct ParseJobIdError(String);

impl JobId {
    /// From the first bytes of a hash.
    pub(crate) fn from_hash(hash: &[u8]) -> Self {
        let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self(digits.chars().take(ID_DIGITS).collect())
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identifier for a role of this job, and for a part of the database.
    #[must_use]
    pub fn name(&self, role: Role, target: &DatabaseArn, part: Part) -> String {
        let most = match target.kind {
            Kind::Instance => MAX_CHARS,
            Kind::Cluster => MAX_CHARS_OF_CLUSTER,
        };
        let prefix = role.prefix();
        let suffix = match part {
            Part::Whole => format!("-{self}"),
            Part::Member(nth) => format!("-m{nth}-{self}"),
        };
        // The same for all parts: a long name of the whole must not become that of a member.
        let room = most.saturating_sub(prefix.len() + "-m99-".len() + self.to_string().len());
        let stem: String = target.id().chars().take(room).collect();
        // "Can't end with a hyphen or contain two consecutive hyphens" (`DBInstanceIdentifier`).
        format!("{prefix}{}{suffix}", stem.trim_end_matches('-'))
    }
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [Self::New, Self::Old, Self::Verify, Self::Rewind, Self::Final];

    /// The beginning of its names.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::New => "draco-new-",
            Self::Old => "draco-old-",
            Self::Verify => "draco-verify-",
            Self::Rewind => "draco-rewind-",
            Self::Final => "draco-final-",
        }
    }
}

/// The role and the job of a name. `None` if it is not the name of a job's database or snapshot. The name alone does not prove that
/// Draco created it: anyone can choose it.
#[must_use]
pub fn parse(name: &str) -> Option<(Role, JobId)> {
    let role = Role::ALL.into_iter().find(|role| name.starts_with(role.prefix()))?;
    let (_, id) = name.rsplit_once('-')?;
    Some((role, id.parse().ok()?))
}

/// A job that provisions a database, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioning {
    /// The job.
    pub job: JobId,
    /// From the earliest time at which it can have begun to its deadline. The data of the database come from a copy or a backup, so snapshots
    /// that are taken in this time contain nothing new, and Draco does not copy them.
    pub time: Range<DateTime<Utc>>,
}

/// The job that provisions a database with this identifier and these tags.
///
/// Name and tag have to agree, as for [`owner`](crate::observed::owner). `None` for a database that was moved aside ([`Role::Old`]): it
/// has the data of production until it is torn down, and its final snapshot after that. `None` if the deadline cannot be read.
///
/// The time ends with the deadline: a database that its job gave up keeps its name and tags, and may be in use (invariant 1). It begins
/// as long before the deadline as a job of the role may take: no job with a later deadline begins
/// ([`check_deadline`](crate::Job::check_deadline)), so a deadline that is further away hides nothing.
#[must_use]
pub fn provisioning(name: &str, tags: &Tags) -> Option<Provisioning> {
    let (role, job) = parse(name)?;
    let max = match role {
        Role::New => MAX_LASTING,
        Role::Verify | Role::Rewind => MAX_TEMPORARY,
        Role::Old | Role::Final => return None,
    };
    let deadline = text::deadline(tags)?;
    let time = deadline.checked_sub_signed(max)?..deadline;
    (tags.get(tags::JOB) == Some(job.as_str())).then_some(Provisioning { job, time })
}

/// The [job](provisioning) that provisions a database with this identifier and these tags at this time.
#[must_use]
pub fn provisioned_by(name: &str, tags: &Tags, at: DateTime<Utc>) -> Option<JobId> {
    provisioning(name, tags).filter(|it| it.time.contains(&at)).map(|it| it.job)
}

/// Checks an identifier that a user chose for an instance or a cluster.
///
/// "Must contain from 1 to 63 letters, numbers, or hyphens. First character must be a letter. Can't end with a hyphen or contain two
/// consecutive hyphens" (`CreateDBInstance`).
///
/// # Errors
/// The rule that it breaks, and what to do.
pub fn check(name: &str) -> Result<(), String> {
    let length = name.chars().count();
    if !(1..=MAX_CHARS).contains(&length) {
        return Err(format!(
            "the identifier {name:?} has {length} characters, AWS allows 1 to {MAX_CHARS}: choose another one"
        ));
    }
    let rule = if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        "its first character must be a letter"
    } else if let Some(odd) = name.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
        return Err(format!(
            "the identifier {name:?} contains {odd:?}, AWS allows letters, digits and hyphens: choose another one"
        ));
    } else if name.ends_with('-') {
        "it must not end with a hyphen"
    } else if name.contains("--") {
        "it must not contain two consecutive hyphens"
    } else {
        return Ok(());
    };
    Err(format!("the identifier {name:?} is invalid: {rule}: choose another one"))
}

impl FromStr for JobId {
    type Err = ParseJobIdError;

    fn from_str(text: &str) -> Result<Self, ParseJobIdError> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        match text.len() == ID_DIGITS && text.bytes().all(is_digit) {
            true => Ok(Self(text.to_owned())),
            false => Err(ParseJobIdError(text.chars().take(80).collect())),
        }
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
