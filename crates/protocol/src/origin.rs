//! The source of a copy. Draco stores it in the tags of each copy, so no database is needed.

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::arn::{DatabaseArn, ParseArnError, SnapshotArn};
use crate::identifier::{self, Attempt, PREFIX};
use crate::place::Place;
use crate::quote::quoted;
use crate::snapshot::Snapshot;
use crate::tags::{self, Tags};

/// A snapshot in the source account. Its copies record it in their tags, also after the source is deleted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Origin {
    /// The ARN of the snapshot.
    pub snapshot: SnapshotArn,
    /// The ARN of its database.
    pub database: DatabaseArn,
    /// When it was taken.
    #[serde(deserialize_with = "time")]
    pub taken: DateTime<Utc>,
}

/// Two origins are the same if they name one snapshot, and the same time. The identifier of the database does not count: it may change
/// with a rename, and copies record the former one.
impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        (&self.snapshot, self.taken) == (&other.snapshot, other.taken)
    }
}

impl Eq for Origin {}

impl Origin {
    /// The ARN of its transit copy.
    #[must_use]
    pub fn transit(&self) -> SnapshotArn {
        self.named(PREFIX, &self.snapshot.place, Attempt::FIRST)
    }

    /// The ARN of its copy in DR, if the first attempt succeeds.
    #[must_use]
    pub fn copy(&self, dr: &Place) -> SnapshotArn {
        self.copy_of(Attempt::FIRST, dr)
    }

    /// The ARN of its copy in DR by this attempt.
    #[must_use]
    pub fn copy_of(&self, attempt: Attempt, dr: &Place) -> SnapshotArn {
        let Place { region, account } = &self.snapshot.place;
        let prefix =
            if *region == dr.region { format!("{PREFIX}{account}-") } else { format!("{PREFIX}{region}-{account}-") };
        self.named(&prefix, dr, attempt)
    }

    /// The same, with the identifier of the database that AWS states for this snapshot now.
    ///
    /// # Errors
    /// If the identifier is invalid.
    pub fn of_database_of(self, described: &Snapshot) -> Result<Self, ParseArnError> {
        let Self { snapshot, database, taken } = self;
        let database = DatabaseArn::new(database.kind, database.place, &described.database)?;
        Ok(Self { snapshot, database, taken })
    }

    /// The attempt whose copy has this ARN.
    #[must_use]
    pub fn attempt(&self, copy: &SnapshotArn) -> Option<Attempt> {
        Attempt::ALL.into_iter().find(|attempt| self.copy_of(*attempt, &copy.place) == *copy)
    }

    /// The copy in DR's first region from which a copy with these tags was made. `None`: it was made from a transit copy.
    #[must_use]
    pub fn made_from_copy(&self, tags: &Tags) -> Option<SnapshotArn> {
        let from: SnapshotArn = tags.get(tags::TRANSIT)?.parse().ok()?;
        self.attempt(&from).map(|_| from)
    }

    fn named(&self, prefix: &str, place: &Place, attempt: Attempt) -> SnapshotArn {
        let id = identifier::name(prefix, &self.snapshot, self.taken, attempt);
        SnapshotArn::generated(self.snapshot.kind, place.clone(), id)
    }

    /// Reads the tags that [`to_tags`](Self::to_tags) writes.
    #[must_use]
    pub fn from_tags(tags: &Tags) -> Option<Self> {
        let database: DatabaseArn = tags.get(tags::SOURCE)?.parse().ok()?;
        let snapshot = tags.get(tags::SOURCE_SNAPSHOT)?;
        let in_same_place = |id| SnapshotArn::new(database.kind, database.place.clone(), id).ok();
        Some(Self {
            snapshot: snapshot.parse().ok().or_else(|| in_same_place(snapshot))?,
            taken: parse_time(tags.get(tags::TAKEN)?)?,
            database,
        })
    }

    /// The tags that record this origin. An ARN that does not fit into a tag value (identifiers of about 210 characters or
    /// more) is replaced by the identifier alone; account and region are those of the database.
    #[must_use]
    pub fn to_tags(&self) -> Tags {
        let arn = self.snapshot.to_string();
        let fits = arn.len() <= tags::MAX_VALUE_CHARS;
        Tags::from_iter([
            (tags::SOURCE, self.database.to_string()),
            (tags::SOURCE_SNAPSHOT, if fits { arn } else { self.snapshot.id().to_owned() }),
            (tags::TAKEN, self.taken.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        ])
    }
}

/// A time in RFC 3339.
pub(crate) fn time<'d, D: Deserializer<'d>>(from: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(from)?;
    let expected = || format!("{} is not a time: expected RFC 3339, for example 2026-11-21T03:05:00Z", quoted(&text));
    parse_time(&text).ok_or_else(|| D::Error::custom(expected()))
}

/// Reads a time in RFC 3339. With an offset, it can be a time in UTC before the year 0 or after the year 9999, which RFC 3339
/// cannot express: no tag and no timer could contain it.
pub(crate) fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    (0..=9999).contains(&time.year()).then_some(time)
}

/// Which of the three snapshots this is: source, transit copy or copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotRole {
    /// Not created by Draco.
    Source,
    /// A transit copy of this source.
    Transit(Origin),
    /// A copy of this source in DR.
    Copy(Origin),
}

impl SnapshotRole {
    /// Tags alone do not decide: users copy snapshots with their tags, and restored databases inherit them. The identifier
    /// must also be the one that Draco generates for this origin.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        match Origin::from_tags(&snapshot.tags) {
            Some(origin) if origin.transit() == snapshot.arn => Self::Transit(origin),
            Some(origin) if origin.attempt(&snapshot.arn).is_some() => Self::Copy(origin),
            _ => Self::Source,
        }
    }
}
