//! Where a copy comes from: what Draco writes on its copies, so that nothing else has to remember it.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::arn::{DatabaseArn, SnapshotArn};
use crate::identifier::{self, PREFIX};
use crate::place::Place;
use crate::seen::quoted;
use crate::snapshot::Snapshot;
use crate::tags::{self, Tags};

/// A snapshot in the source account, as its copies tell of it when it is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The snapshot.
    pub snapshot: SnapshotArn,
    /// The database that it is of.
    pub database: DatabaseArn,
    /// When it was taken.
    #[serde(deserialize_with = "time")]
    pub taken: DateTime<Utc>,
}

impl Origin {
    /// What its transit copy is called.
    #[must_use]
    pub fn transit(&self) -> SnapshotArn {
        self.named(PREFIX, &self.snapshot.place)
    }

    /// What its copy in DR is called.
    #[must_use]
    pub fn copy(&self, dr: &Place) -> SnapshotArn {
        self.named(&format!("{PREFIX}{}-", self.snapshot.place.account), dr)
    }

    fn named(&self, prefix: &str, place: &Place) -> SnapshotArn {
        let id = identifier::name(prefix, &self.snapshot, self.taken);
        SnapshotArn::known(self.snapshot.kind, place.clone(), id)
    }

    /// As tags tell it.
    #[must_use]
    pub fn told_by(tags: &Tags) -> Option<Self> {
        let database: DatabaseArn = tags.get(tags::SOURCE)?.parse().ok()?;
        let snapshot = tags.get(tags::SOURCE_SNAPSHOT)?;
        let beside_it = |id| SnapshotArn::new(database.kind, database.place.clone(), id).ok();
        Some(Self {
            snapshot: snapshot.parse().ok().or_else(|| beside_it(snapshot))?,
            taken: DateTime::parse_from_rfc3339(tags.get(tags::TAKEN)?).ok()?.to_utc(),
            database,
        })
    }

    /// As tags that tell it. The ARN of a snapshot whose name has some 210 characters or more does not fit into a tag, so
    /// there it is the identifier alone; it is where its database is.
    #[must_use]
    pub fn tags(&self) -> Tags {
        let arn = self.snapshot.to_string();
        let fits = arn.len() <= tags::LONGEST_VALUE;
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
    let expected = || format!("{} is not a time: one like 2026-11-21T03:05:00Z is expected", quoted(&text));
    DateTime::parse_from_rfc3339(&text).map(|time| time.to_utc()).map_err(|_| D::Error::custom(expected()))
}

/// Which of the three snapshots one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Draco did not make it.
    Source,
    /// It is on its way.
    Transit(Origin),
    /// It has arrived.
    Copy(Origin),
}

impl Part {
    /// Tags alone are not believed: people copy them, and databases that were restored inherit them. The name must be the
    /// one that Draco would give.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        match Origin::told_by(&snapshot.tags) {
            Some(origin) if origin.transit() == snapshot.arn => Self::Transit(origin),
            Some(origin) if origin.copy(&snapshot.arn.place) == snapshot.arn => Self::Copy(origin),
            _ => Self::Source,
        }
    }
}
