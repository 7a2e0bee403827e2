//! The audit: a source account lists what it believes is copied, and DR answers what is missing.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::arn::SnapshotArn;
use crate::origin::Origin;
use crate::place::Place;

/// The maximum number of sources in a message: a message of SNS has at most 256 KiB, and DR's work for one is limited.
pub const MAX_SOURCES: usize = 100;

/// The maximum number of databases in a message: DR lists the copies of each.
pub const MAX_DATABASES: usize = 20;

/// Sources of one account and region: at least one, and at most [`MAX_SOURCES`] of [`MAX_DATABASES`] databases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Origin>", into = "Vec<Origin>")]
pub struct Sources(Vec<Origin>);

/// A list of sources that cannot be in one message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourcesError {
    /// There are none, or too many.
    #[error("{0} sources; expected 1 to {MAX_SOURCES}")]
    Number(usize),
    /// They are of too many databases.
    #[error("sources of {0} databases; expected at most {MAX_DATABASES}")]
    Databases(usize),
    /// One is of another account or region than the first, or is of a database of another one.
    #[error("{snapshot} or its database is not in account {}, region {}, as the first source is", place.account, place.region)]
    Place {
        /// The source.
        snapshot: Box<SnapshotArn>,
        /// The account and region of the first.
        place: Box<Place>,
    },
}

impl Sources {
    /// All of them.
    #[must_use]
    pub fn origins(&self) -> &[Origin] {
        &self.0
    }

    /// The first, which is always there.
    pub(crate) fn first(&self) -> &Origin {
        &self.0[0]
    }
}

impl TryFrom<Vec<Origin>> for Sources {
    type Error = SourcesError;

    fn try_from(sources: Vec<Origin>) -> Result<Self, SourcesError> {
        let Some(first) = sources.first().filter(|_| sources.len() <= MAX_SOURCES) else {
            return Err(SourcesError::Number(sources.len()));
        };
        let databases = sources.iter().map(|source| &source.database).collect::<BTreeSet<_>>().len();
        if databases > MAX_DATABASES {
            return Err(SourcesError::Databases(databases));
        }
        let place = &first.snapshot.place;
        match sources.iter().find(|source| source.snapshot.place != *place || source.database.place != *place) {
            Some(other) => {
                Err(SourcesError::Place { snapshot: Box::new(other.snapshot.clone()), place: Box::new(place.clone()) })
            }
            None => Ok(Self(sources)),
        }
    }
}

impl From<Sources> for Vec<Origin> {
    fn from(Sources(sources): Sources) -> Self {
        sources
    }
}

/// The value of the tag `Draco_Copied` of a source whose copy is missing in DR: it is not the ARN of its copy, so the source is
/// copied again.
#[must_use]
pub fn missing_mark(now: DateTime<Utc>) -> String {
    format!("missing {}", now.to_rfc3339_opts(SecondsFormat::Secs, true))
}
