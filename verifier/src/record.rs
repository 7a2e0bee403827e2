//! What is known of a verification, and of a database: objects in the stack's bucket.
//!
//! ```text
//! jobs/1a2b3c4d5e6f.json                                a verification, from its first look on
//! databases/111111111111/eu-west-1/db/orders.json       what the next verification of a database is compared with
//! claims/111111111111/eu-west-1/db/orders.json          the verification of a database that runs: there is one at a time
//! index.json                                            when each database was verified last: the copy with the tag may be gone
//! ```

use std::collections::BTreeMap;

use checks::{Check, Decimal, Marker, Part, Profile, Report};
use chrono::{DateTime, Utc};
use protocol::{DatabaseArn, Origin, SnapshotArn};
use provision::Begin;
use serde::{Deserialize, Serialize};

use crate::verified::Verified;

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
    /// The user's checks, as they were when the first of them ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checks: Option<Asked>,
    /// Where the checker continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<Marker>,
    /// What the checker has found so far.
    #[serde(default)]
    pub part: Part,
    /// What the database does not have of the recorded settings: one line each.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Why the database was not provisioned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Until when its [`Claim`] holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<DateTime<Utc>>,
    /// How many runs of the checker in a row have not reached the server.
    #[serde(default)]
    pub unreached: u32,
    /// The verdict, when it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concluded: Option<Concluded>,
}

/// A verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Concluded {
    /// When.
    pub at: DateTime<Utc>,
    /// The verdict.
    pub report: Box<Report>,
    /// Whether the tag, the message and the log line were written.
    pub announced: bool,
}

/// The checks that the user asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Those that can run.
    pub checks: Vec<Check>,
    /// How many there are. Checks that cannot be read count, so that a copy is not verified without them.
    pub asked: usize,
    /// Why they cannot be read, if they cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid: Option<String>,
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

/// What the next verification of a database is compared with: a copy that was read to its end, and not found bad.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Last {
    /// When the snapshot was taken. An older copy is not compared with a newer one.
    pub taken: DateTime<Utc>,
    /// What the data looked like.
    pub profile: Profile,
    /// The values of the user's checks, by the IDs of the checks.
    pub values: BTreeMap<String, Decimal>,
}

/// The verification of a database that runs. Only its job begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The ID of the job.
    pub job: String,
    /// Until when. Its looks renew it.
    pub until: DateTime<Utc>,
}

/// When each database was verified, by its ARN. Only the scheduled run writes it, from the tags of the copies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index(pub BTreeMap<String, Seen>);

/// What is known of a database whose copies may be gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When a copy of it was first seen.
    pub first: DateTime<Utc>,
    /// When a copy was last found to be good or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<DateTime<Utc>>,
    /// When the last verification ended, whatever it found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempted: Option<DateTime<Utc>>,
    /// How many verifications since then have found out nothing.
    #[serde(default)]
    pub fruitless: u32,
    /// The verdict of the last verification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Verified>,
    /// The newest copy that was found good or bad. An older copy that is good does not mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Known>,
}

/// A copy that was found good or bad.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// When its source was taken.
    pub taken: DateTime<Utc>,
    /// The verdict.
    pub verdict: Verified,
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
            checks: None,
            marker: None,
            part: Part::default(),
            notes: Vec::new(),
            failure: None,
            claimed: None,
            unreached: 0,
            concluded: None,
        }
    }

    /// What the next verification is compared with.
    #[must_use]
    pub fn last(&self) -> Last {
        let values = self.part.checks.values().filter_map(|check| Some((check.id.clone(), check.value?)));
        Last { taken: self.origin.taken, profile: Profile::of(&self.part), values: values.collect() }
    }
}

impl Seen {
    /// A database that is seen for the first time.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { first: now, verified: None, attempted: None, fruitless: 0, last: None, newest: None }
    }

    /// Takes over the tag of a copy whose source was taken then. Tags are taken over in the order of their times.
    pub fn add(&mut self, taken: DateTime<Utc>, verified: Verified) {
        let at = verified.at;
        let is_newest = |known: &Known| (taken, at) >= (known.taken, known.verdict.at);
        if verified.is_known() && self.newest.as_ref().is_none_or(is_newest) {
            self.newest = Some(Known { taken, verdict: verified.clone() });
        }
        if self.attempted.is_some_and(|attempted| at <= attempted) {
            return;
        }
        self.attempted = Some(at);
        match verified.is_known() {
            true => (self.verified, self.fruitless) = (Some(at), 0),
            false => self.fruitless = self.fruitless.saturating_add(1),
        }
        self.last = Some(verified);
    }
}

/// The key of the record of a job. It needs nothing but the job: the copy may be gone.
#[must_use]
pub fn key(job: &str) -> String {
    format!("jobs/{job}.json")
}

/// The key of what the next verification of a database is compared with.
#[must_use]
pub fn key_of_last(database: &DatabaseArn) -> String {
    format!("databases/{}", path(database))
}

/// The key of the [`Claim`] of a database.
#[must_use]
pub fn key_of_claim(database: &DatabaseArn) -> String {
    format!("claims/{}", path(database))
}

fn path(database: &DatabaseArn) -> String {
    let DatabaseArn { kind, place, .. } = database;
    format!("{}/{}/{}/{}.json", place.account, place.region, kind.database_type(), database.id())
}

/// The key of the [`Index`].
pub const INDEX: &str = "index.json";
