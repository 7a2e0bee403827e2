//! A snapshot, as AWS describes it at one moment.

use chrono::{DateTime, Utc};

use crate::arn::{ParseArnError, SnapshotArn};
use crate::job::names;
use crate::origin::Origin;
use crate::tags::Tags;
use crate::{DatabaseArn, Engine, Kind, tags};

/// A snapshot, as AWS describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The ARN.
    pub arn: SnapshotArn,
    /// The identifier of its database.
    pub database: Box<str>,
    /// The resource ID of its database. A later database with the same identifier has another one.
    pub resource_id: Option<Box<str>>,
    /// The engine of its database.
    pub engine: Engine,
    /// The status.
    pub status: Status,
    /// The progress in percent.
    pub progress: u8,
    /// The allocated storage in GiB. See [`counted_gib`](Snapshot::counted_gib).
    pub gib: u32,
    /// Whether it is encrypted.
    pub is_encrypted: bool,
    /// The ARN of its KMS key.
    pub key: Option<Box<str>>,
    /// When it was created; for a copy, when it was copied. Missing until RDS has started to write it.
    pub created: Option<DateTime<Utc>>,
    /// When the original snapshot was taken. RDS returns it for instance snapshots only.
    pub original_created: Option<DateTime<Utc>>,
    /// The snapshot that it was copied from. RDS returns it for copies across accounts or regions.
    pub copied_from: Option<Box<SnapshotArn>>,
    /// The tags. AWS shows them to the owner only.
    pub tags: Tags,
}

/// The size in GiB that a snapshot counts as if AWS does not describe it. An assumption: with 0, no budget would hold.
pub const ASSUMED_GIB: u32 = 100;

/// The status of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The snapshot is being created.
    Creating,
    /// The snapshot is the target of a copy in progress.
    Copying,
    /// The snapshot is complete.
    Available,
    /// The snapshot will never be complete, or cannot be used.
    Failed,
    /// The snapshot is being deleted.
    Deleting,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Creating, Self::Copying, Self::Available, Self::Failed, Self::Deleting];

    /// Parses AWS's spelling. An unknown status counts as a copy in progress, so that Draco keeps waiting.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "available" => Self::Available,
            "creating" | "modifying" | "backing-up" => Self::Creating,
            "deleting" | "deleted" => Self::Deleting,
            "failed" | "canceled" | "cancelled" | "error" => Self::Failed,
            incompatible if incompatible.starts_with("incompatible") => Self::Failed,
            _ => Self::Copying,
        }
    }
}

impl Snapshot {
    /// When its data was taken. Missing while the snapshot is being created.
    #[must_use]
    pub fn taken(&self) -> Option<DateTime<Utc>> {
        self.original_created.or(self.created)
    }

    /// The origin that copies of this snapshot record. `None` while the snapshot is being created.
    ///
    /// # Errors
    /// If the identifier of its database is invalid.
    pub fn origin(&self) -> Result<Option<Origin>, ParseArnError> {
        let database = DatabaseArn::new(self.arn.kind, self.arn.place.clone(), &self.database)?;
        Ok(self.taken().map(|taken| Origin { snapshot: self.arn.clone(), database, taken }))
    }

    /// Whether AWS describes its size. The storage of an Aurora cluster "adjusts as needed" (`DBCluster.AllocatedStorage`), and its snapshots
    /// have 0 or 1 in place of a size. No cluster with allocated storage is that small.
    #[must_use]
    pub fn has_size(&self) -> bool {
        self.gib > 1 || (self.arn.kind == Kind::Instance && self.gib > 0)
    }

    /// The size in GiB that counts where sizes are added up: [assumed](ASSUMED_GIB) if AWS does not describe it.
    #[must_use]
    pub fn counted_gib(&self) -> u32 {
        if self.has_size() { self.gib } else { ASSUMED_GIB }
    }

    /// Whether a copy of it can be encrypted. AWS cannot encrypt an unencrypted cluster snapshot by copying it.
    #[must_use]
    pub fn can_be_encrypted_by_copying(&self) -> bool {
        self.is_encrypted || self.arn.kind == Kind::Instance
    }

    /// Whether a job provisioned its database when it was taken, by the name that the database had when RDS wrote this description, and by
    /// the tags of the snapshot.
    #[must_use]
    pub fn is_of_job(&self) -> bool {
        self.taken().is_some_and(|taken| names::provisioned_by(&self.database, &self.tags, taken).is_some())
    }

    /// The name of its lifecycle. Draco copies only snapshots that have one.
    #[must_use]
    pub fn lifecycle(&self) -> Option<&str> {
        self.tags.get(tags::LIFECYCLE)
    }
}
