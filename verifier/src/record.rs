//! What is known of a verification: an object in the bucket of reports, one for each job.
//!
//! ```text
//! reports/111111111111/eu-west-1/db/orders/1a2b3c4d5e6f.json    a verification of the database orders, from its first look on
//! reports/111111111111/eu-west-1/db/orders/last.json            what the next one is compared with
//! ```

use std::collections::BTreeMap;

use checks::{Decimal, Marker, Part, Profile, Report};
use chrono::{DateTime, Utc};
use protocol::{DatabaseArn, JobId, Origin, SnapshotArn};
use provision::Begin;
use serde::{Deserialize, Serialize};

/// A verification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The copy.
    pub copy: SnapshotArn,
    /// The source of the copy.
    pub origin: Origin,
    /// When it was requested.
    pub requested: DateTime<Utc>,
    /// When the database was ready: a recovery takes as long at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned: Option<DateTime<Utc>>,
    /// Whether the restore has begun.
    pub restore: Restore,
    /// How far it is.
    pub state: State,
    /// What the checker has found so far.
    #[serde(default)]
    pub part: Part,
    /// What the database does not have of the recorded settings, and why it was not provisioned: one line each.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// How far a verification is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum State {
    /// The database is being provisioned or checked.
    Running {
        /// Where the checker continues.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        marker: Option<Marker>,
    },
    /// The verdict is there.
    Concluded {
        /// When.
        at: DateTime<Utc>,
        /// The verdict.
        report: Box<Report>,
        /// Whether the tag, the message and the log line were written.
        announced: bool,
    },
}

/// Whether a restore has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restore {
    /// Not yet.
    NotBegun,
    /// AWS has not answered, at this time.
    Perhaps(DateTime<Utc>),
    /// It has, at this time.
    Begun(DateTime<Utc>),
}

impl From<Begin> for Restore {
    fn from(begin: Begin) -> Self {
        match begin {
            Begin::Allowed => Self::NotBegun,
            Begin::Perhaps(at) => Self::Perhaps(at),
            Begin::Begun(at) => Self::Begun(at),
        }
    }
}

impl From<Restore> for Begin {
    fn from(restore: Restore) -> Self {
        match restore {
            Restore::NotBegun => Self::Allowed,
            Restore::Perhaps(at) => Self::Perhaps(at),
            Restore::Begun(at) => Self::Begun(at),
        }
    }
}

/// What the next verification of a database is compared with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Last {
    /// What the data looked like.
    pub profile: Profile,
    /// The values of the user's checks, by the IDs of the checks.
    pub values: BTreeMap<String, Decimal>,
}

impl Record {
    /// One that has just been requested.
    #[must_use]
    pub fn new(copy: SnapshotArn, origin: Origin, requested: DateTime<Utc>) -> Self {
        Self {
            copy,
            origin,
            requested,
            provisioned: None,
            restore: Restore::NotBegun,
            state: State::Running { marker: None },
            part: Part::default(),
            notes: Vec::new(),
        }
    }

    /// What the next verification is compared with.
    #[must_use]
    pub fn last(&self) -> Last {
        let values = self.part.checks.values().filter_map(|check| Some((check.id.clone(), check.value.clone()?)));
        Last { profile: Profile::of(&self.part), values: values.collect() }
    }
}

/// The folder of the reports of a database.
fn folder(database: &DatabaseArn) -> String {
    let DatabaseArn { kind, place, .. } = database;
    format!("reports/{}/{}/{}/{}", place.account, place.region, kind.database_type(), database.id())
}

/// The key of the record of a job.
#[must_use]
pub fn key(database: &DatabaseArn, job: &JobId) -> String {
    format!("{}/{}.json", folder(database), job.as_str())
}

/// The key of what the next verification is compared with.
#[must_use]
pub fn key_of_last(database: &DatabaseArn) -> String {
    format!("{}/last.json", folder(database))
}
