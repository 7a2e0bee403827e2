//! What is known of a snapshot at one moment.

use chrono::{DateTime, Utc};

use crate::arn::{NotAnArn, SnapshotArn};
use crate::origin::Origin;
use crate::tags::Tags;
use crate::{DatabaseArn, Kind, tags};

/// A snapshot, as AWS shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What it is called.
    pub arn: SnapshotArn,
    /// The identifier of the database that it is of.
    pub database: String,
    /// How far it is.
    pub status: Status,
    /// Of a hundred.
    pub progress: u8,
    /// How much it holds.
    pub gib: u32,
    /// Whether it is under a key.
    pub is_encrypted: bool,
    /// The ARN of that key.
    pub key: Option<String>,
    /// When it was made. A copy, when it was copied. AWS tells it once there is something.
    pub created: Option<DateTime<Utc>>,
    /// When the data that it holds was taken. It is told of instance snapshots only.
    pub original_created: Option<DateTime<Utc>>,
    /// Its tags. Nobody but its owner sees them.
    pub tags: Tags,
}

/// How far a snapshot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It is being taken.
    Creating,
    /// It is being copied to.
    Copying,
    /// It is whole.
    Available,
    /// It will never be whole, or cannot be used.
    Failed,
    /// It is going.
    Deleting,
}

impl Status {
    /// All.
    pub const ALL: [Self; 5] = [Self::Creating, Self::Copying, Self::Available, Self::Failed, Self::Deleting];

    /// As AWS spells it. What it has not told of yet is no reason to give up, so it is taken as still on its way.
    #[must_use]
    pub fn read(text: &str) -> Self {
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
    /// When its data was taken, once AWS tells.
    #[must_use]
    pub fn taken(&self) -> Option<DateTime<Utc>> {
        self.original_created.or(self.created)
    }

    /// As the origin of copies that are made of it, once AWS tells when it was taken.
    ///
    /// # Errors
    /// If its database has a name that RDS would not have.
    pub fn as_origin(&self) -> Result<Option<Origin>, NotAnArn> {
        let database = DatabaseArn::new(self.arn.kind, self.arn.place.clone(), &self.database)?;
        Ok(self.taken().map(|taken| Origin { snapshot: self.arn.clone(), database, taken }))
    }

    /// Whether a copy of it can be under a key. AWS cannot encrypt an unencrypted cluster snapshot by copying it.
    #[must_use]
    pub fn can_be_encrypted_by_copying(&self) -> bool {
        self.is_encrypted || self.arn.kind == Kind::Instance
    }

    /// The name of its lifecycle, which makes it Draco's business.
    #[must_use]
    pub fn lifecycle(&self) -> Option<&str> {
        self.tags.get(tags::LIFECYCLE)
    }
}
