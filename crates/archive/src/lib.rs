//! The copies that DR holds, and what follows from them: which have expired ([`expired`](mod@expired)), which databases are
//! silent ([`silent`](mod@silent)), how much one run may delete ([`limits`]), and which go on to DR's second region ([`onward`]).
//!
//! Everything is decided by **two clocks of DR's side**, because a source account chooses its own words:
//! - *arrival*: when DR completed the copy, by DR's own clock (`Draco_Reported`). It decides about the floor, the lifecycles in
//!   force and silence.
//! - *planning time*: when the data was taken, as far as AWS confirms it ([`Copy::planned`]). The lifecycle goes by it.
//!
//! [`Archive`] holds compact records: no tags, and one database's ARN once. So an account with hundreds of thousands of copies
//! fits into a function's memory.
//!
//! This crate reads no clock, does no I/O and does not know AWS.

pub mod expired;
pub mod limits;
pub mod missing;
pub mod onward;
pub mod silent;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use protocol::{Attempt, DatabaseArn, Kind, Origin, Place, Region, Snapshot, SnapshotArn, SnapshotRole, Status, tags};

pub use expired::Expired;
pub use limits::{Decision, Limits};
pub use missing::missing;
pub use silent::{Silence, SilencePolicy};

/// The copies of one region of the DR account, by database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    dr: Place,
    second: Option<Region>,
    databases: BTreeMap<DatabaseArn, History>,
    /// The names of lifecycles, each once.
    names: BTreeSet<Arc<str>>,
}

/// The copies of one database, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The complete copies.
    pub copies: Vec<Copy>,
    /// The copies that failed.
    pub failed: Vec<Failed>,
    /// The copies from another region that are in progress, as far as they tell when they were started.
    pub copying: Vec<Copying>,
}

/// A complete copy: available, and reported to the source account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The identifier of its source.
    pub source: Box<str>,
    /// When the source was taken, as its origin states.
    pub taken: DateTime<Utc>,
    /// The attempt that succeeded.
    pub attempt: Attempt,
    /// The time by which the lifecycle plans. For an instance it is when the source was taken, which AWS confirms. A source
    /// account chooses that time for a cluster, so it counts as at most [`BACKDATING`] before its transit copy was created.
    pub planned: DateTime<Utc>,
    /// Whether an instance's snapshot was taken more than [`BACKDATING`] before its transit copy was created. AWS confirms its time,
    /// but not that it is of the same database: a source account can keep snapshots of another one of that name for years.
    pub is_late: bool,
    /// When it was complete, by DR's clock.
    pub arrived: DateTime<Utc>,
    /// The name of its lifecycle.
    pub lifecycle: Option<Arc<str>>,
    /// What DR's owner has marked.
    pub mark: Mark,
    /// Whether it goes on to the second region and is not known to be there (`Draco_Second`): it came directly from a source.
    pub is_second_pending: bool,
}

/// The marks of DR's owner on a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The lifecycles of older copies no longer count (`Draco_Accepted`).
    pub is_accepted: bool,
    /// No later copies are expected (`Draco_Retired`).
    pub is_retired: bool,
}

/// A copy that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The identifier of its source.
    pub source: Box<str>,
    /// When the source was taken, as its origin states.
    pub taken: DateTime<Utc>,
    /// The attempt that failed.
    pub attempt: Attempt,
    /// When AWS created it, or its transit copy.
    pub created: Option<DateTime<Utc>>,
    /// Whether it was reported as complete before.
    pub was_reported: bool,
}

/// A copy from another region that is in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copying {
    /// The identifier of its source.
    pub source: Box<str>,
    /// When the source was taken, as its origin states.
    pub taken: DateTime<Utc>,
    /// The attempt that is in progress.
    pub attempt: Attempt,
    /// When it was started, by DR's clock.
    pub started: DateTime<Utc>,
}

/// How long before the creation of its transit copy a cluster's snapshot counts as taken, at most. An instance's snapshot that is
/// older displaces no other.
pub const BACKDATING: TimeDelta = TimeDelta::days(2);

impl Archive {
    /// An empty archive of this account and region.
    #[must_use]
    pub fn new(dr: Place) -> Self {
        Self { dr, second: None, databases: BTreeMap::new(), names: BTreeSet::new() }
    }

    /// The same, with a second region to which copies go on.
    #[must_use]
    pub fn with_second(self, second: Option<Region>) -> Self {
        Self { second, ..self }
    }

    /// The archive of these snapshots.
    pub fn of<'s>(dr: Place, snapshots: impl IntoIterator<Item = &'s Snapshot>) -> Self {
        let mut archive = Self::new(dr);
        snapshots.into_iter().for_each(|snapshot| archive.add(snapshot));
        archive
    }

    /// Adds a snapshot, if it is a copy that is complete or has failed, or is in progress from another region. Others do not matter:
    /// they are not Draco's (invariant 5), or not complete yet.
    pub fn add(&mut self, snapshot: &Snapshot) {
        let SnapshotRole::Copy(origin) = SnapshotRole::of(snapshot) else { return };
        let is_consistent =
            origin.database.place == origin.snapshot.place && origin.database.kind == origin.snapshot.kind;
        let Some(attempt) = origin.attempt(&snapshot.arn).filter(|_| is_consistent && snapshot.arn.place == self.dr)
        else {
            return;
        };
        let reported = time(snapshot, tags::REPORTED);
        let (source, taken) = (origin.snapshot.id().into(), origin.taken);
        match (snapshot.status, reported) {
            (Status::Available, Some(arrived)) => {
                let earliest = time(snapshot, tags::TRANSIT_CREATED).unwrap_or(arrived) - BACKDATING;
                let (planned, is_late) = match origin.snapshot.kind {
                    Kind::Instance => (taken, taken < earliest),
                    Kind::Cluster => (taken.max(earliest), false),
                };
                // The tag may name a region that was the second one before.
                let there = snapshot.tags.get(tags::SECOND).and_then(|copy| copy.parse::<SnapshotArn>().ok());
                let is_elsewhere = |second: &Region| there.as_ref().is_none_or(|copy| copy.place.region != *second);
                let is_second_pending =
                    self.second.as_ref().is_some_and(is_elsewhere) && origin.made_from_copy(&snapshot.tags).is_none();
                let copy = Copy {
                    is_second_pending,
                    source,
                    taken,
                    attempt,
                    planned,
                    is_late,
                    arrived,
                    lifecycle: snapshot.lifecycle().map(|name| self.name(name)),
                    mark: Mark {
                        is_accepted: snapshot.tags.get(tags::ACCEPTED).is_some(),
                        is_retired: snapshot.tags.get(tags::RETIRED).is_some(),
                    },
                };
                self.history(origin.database).copies.push(copy);
            }
            // A status that Draco does not know counts as copying. A copy that was complete must not disappear with it.
            (Status::Failed, _) | (Status::Creating | Status::Copying, Some(_)) => {
                let was_reported = snapshot.tags.get(tags::REPORTED).is_some();
                // A copy that never began to be written has no time of its own.
                let created = snapshot.created.or_else(|| time(snapshot, tags::TRANSIT_CREATED));
                let failed = Failed { source, taken, attempt, created, was_reported };
                self.history(origin.database).failed.push(failed);
            }
            (Status::Creating | Status::Copying, None) => {
                // Only copies from another region have the time.
                if let Some(started) = time(snapshot, tags::STARTED) {
                    self.history(origin.database).copying.push(Copying { source, taken, attempt, started });
                }
            }
            (Status::Available | Status::Deleting, _) => {}
        }
    }

    fn history(&mut self, database: DatabaseArn) -> &mut History {
        self.databases.entry(database).or_default()
    }

    /// The name, which all copies share.
    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        self.names.insert(name.clone());
        name
    }

    /// The databases with their copies.
    pub fn databases(&self) -> impl Iterator<Item = (&DatabaseArn, &History)> {
        self.databases.iter()
    }

    /// The copies of a database. Empty if there are none.
    #[must_use]
    pub fn database(&self, database: &DatabaseArn) -> History {
        self.databases.get(database).cloned().unwrap_or_default()
    }

    /// The account and region.
    #[must_use]
    pub fn dr(&self) -> &Place {
        &self.dr
    }
}

impl History {
    /// The copy that arrived last.
    #[must_use]
    pub fn newest(&self) -> Option<&Copy> {
        self.copies.iter().max_by_key(|copy| (copy.arrived, &copy.source))
    }
}

impl Copy {
    /// The source of this copy of a database.
    #[must_use]
    pub fn origin(&self, database: &DatabaseArn) -> Option<Origin> {
        origin(database, &self.source, self.taken)
    }

    /// The ARN of this copy of a database.
    #[must_use]
    pub fn arn(&self, database: &DatabaseArn, dr: &Place) -> Option<SnapshotArn> {
        Some(self.origin(database)?.copy_of(self.attempt, dr))
    }
}

impl Failed {
    /// The source of this copy of a database.
    #[must_use]
    pub fn origin(&self, database: &DatabaseArn) -> Option<Origin> {
        origin(database, &self.source, self.taken)
    }

    /// The ARN of this copy of a database.
    #[must_use]
    pub fn arn(&self, database: &DatabaseArn, dr: &Place) -> Option<SnapshotArn> {
        Some(self.origin(database)?.copy_of(self.attempt, dr))
    }
}

impl Copying {
    /// The source of this copy of a database.
    #[must_use]
    pub fn origin(&self, database: &DatabaseArn) -> Option<Origin> {
        origin(database, &self.source, self.taken)
    }

    /// The ARN of this copy of a database.
    #[must_use]
    pub fn arn(&self, database: &DatabaseArn, dr: &Place) -> Option<SnapshotArn> {
        Some(self.origin(database)?.copy_of(self.attempt, dr))
    }
}

fn origin(database: &DatabaseArn, source: &str, taken: DateTime<Utc>) -> Option<Origin> {
    let snapshot = SnapshotArn::new(database.kind, database.place.clone(), source).ok()?;
    Some(Origin { snapshot, database: database.clone(), taken })
}

/// The time in a tag.
fn time(snapshot: &Snapshot, key: &str) -> Option<DateTime<Utc>> {
    let text = snapshot.tags.get(key)?;
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}
