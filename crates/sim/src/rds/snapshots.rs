//! Snapshots, stored by identifier, with counts and an index by database.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::databases::Facts;
use super::identifiers::{Arn, ResourceType};
use super::kind::Kind;
use super::options::OptionGroup;
use super::tags::Tags;
use crate::call::Error;

#[derive(Clone)]
pub(super) struct Snapshot {
    pub(super) uid: SnapshotUid,
    pub(super) origin: Origin,
    /// The database, as it was when the snapshot was created. Its identifier may follow a rename ([`RenamedSnapshots`]).
    ///
    /// [`RenamedSnapshots`]: crate::questions::RenamedSnapshots
    pub(super) database: Arc<Facts>,
    pub(super) status: Status,
    /// The ARN of the encryption key.
    pub(super) key: Option<String>,
    pub(super) tags: Tags,
    /// Accounts that may restore and copy it; `all` for everyone.
    pub(super) shared_with: BTreeSet<String>,
    pub(super) taken: DateTime<Utc>,
    /// When the first snapshot in a chain of copies was created.
    pub(super) originally_taken: DateTime<Utc>,
    pub(super) copy_of: Option<Arn>,
    pub(super) option_group: Option<OptionGroup>,
    /// Whether responses have the ARN of its source.
    pub(super) reports_source: bool,
    /// Copies of it that are in progress.
    pub(super) copies: BTreeSet<SnapshotUid>,
}

/// Identifies one snapshot, unlike the ARN, which a later snapshot may have. Scheduled work refers to snapshots by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SnapshotUid {
    pub(super) arn: Arn,
    pub(super) number: u64,
}

/// Who created a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Automated,
    Manual,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Status {
    Creating(Progress),
    /// With the name of the status in responses. A copy in progress is cancelled by deleting it, under each name.
    Copying(Progress, &'static str),
    Available,
    /// A failed snapshot or copy, with the percentage it had reached.
    Failed(i64),
}

/// The start and duration of creating or copying a snapshot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    pub(super) since: DateTime<Utc>,
    pub(super) takes: TimeDelta,
}

impl Progress {
    /// The progress of creating or copying this much data.
    pub(super) fn new(mib: u64, gib_per_minute: u32, now: DateTime<Utc>) -> Self {
        let milliseconds = mib * 60_000 / (1024 * u64::from(gib_per_minute.max(1)));
        let milliseconds = i64::try_from(milliseconds).unwrap_or(i64::MAX / 2);
        Self { since: now, takes: TimeDelta::milliseconds(milliseconds.max(1000)) }
    }

    pub(super) fn until(self) -> DateTime<Utc> {
        self.since + self.takes
    }

    /// At most 99 percent before the end. 0 percent before the start.
    pub(super) fn percent(self, now: DateTime<Utc>) -> i64 {
        let passed = (now - self.since).num_milliseconds();
        (passed * 100 / self.takes.num_milliseconds().max(1)).clamp(0, 99)
    }
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Creating(_) => "creating",
            Self::Copying(_, name) => name,
            Self::Available => "available",
            Self::Failed(_) => "failed",
        }
    }

    /// When the work in progress will be done.
    pub(super) fn until(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Creating(progress) | Self::Copying(progress, _) => Some(progress.until()),
            Self::Available | Self::Failed(_) => None,
        }
    }

    pub(super) fn percent(self, now: DateTime<Utc>) -> i64 {
        match self {
            Self::Creating(progress) | Self::Copying(progress, _) => progress.percent(now),
            Self::Available => 100,
            Self::Failed(percent) => percent,
        }
    }
}

impl Snapshot {
    pub(super) fn arn(&self) -> &Arn {
        &self.uid.arn
    }

    /// The size of its database, in MiB.
    pub(super) fn full_mib(&self) -> u64 {
        u64::from(self.database.gib) * 1024
    }

    /// The ARN of its database, as its owner names it. The database may not exist: in the account and region of a copy it
    /// usually does not.
    pub(super) fn database_arn(&self) -> Arn {
        let (resource_type, id) = (ResourceType::Database, self.database.id.clone());
        Arn { resource_type, id, ..self.arn().clone() }
    }

    pub(super) fn check_available(&self, kind: Kind) -> Result<(), Error> {
        if let Status::Available = self.status {
            return Ok(());
        }
        let (id, status) = (&self.arn().id, self.status.name());
        Err(kind.invalid_snapshot_state(format!("The snapshot {id} is not in available state: it is {status}.")))
    }

    /// Whether its database is a cluster of instances with storage of their own, unlike Aurora.
    pub(super) fn is_of_multi_az_cluster(&self) -> bool {
        self.arn().kind == Kind::Cluster && self.database.engine.has_fixed_storage()
    }

    pub(super) fn is_of_documentdb(&self) -> bool {
        self.database.engine.name == "docdb"
    }

    /// Whether it is a copy from another region. AWS limits how many are in progress.
    pub(super) fn is_cross_region_copy(&self) -> bool {
        self.copy_of.as_ref().is_some_and(|source| source.region != self.arn().region)
    }
}

/// The snapshots of one kind in a region of an account.
#[derive(Default)]
pub(super) struct Snapshots {
    by_id: BTreeMap<String, Snapshot>,
    by_database: BTreeMap<String, BTreeSet<String>>,
    /// The automated snapshots of each database, by its resource identifier: a rename does not change it.
    automated: BTreeMap<String, BTreeSet<String>>,
    manual: usize,
}

impl Snapshots {
    pub(super) fn get(&self, id: &str) -> Option<&Snapshot> {
        self.by_id.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Snapshot> {
        self.by_id.get_mut(id)
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// The number that counts towards the quota.
    pub(super) fn manual_count(&self) -> usize {
        self.manual
    }

    /// The snapshots after this identifier, in order.
    pub(super) fn after(&self, id: Bound<&str>) -> impl Iterator<Item = &Snapshot> {
        self.by_id.range::<str, _>((id, Bound::Unbounded)).map(|(_, snapshot)| snapshot)
    }

    /// The same for the snapshots of one database.
    pub(super) fn of_database_after(&self, database: &str, id: Bound<&str>) -> impl Iterator<Item = &Snapshot> {
        let ids = self.by_database.get(database).map(|ids| ids.range::<str, _>((id, Bound::Unbounded)));
        ids.into_iter().flatten().filter_map(|id| self.by_id.get(id))
    }

    /// The automated snapshots of the database with this resource identifier.
    pub(super) fn automated_of(&self, resource_id: &str) -> impl Iterator<Item = &Snapshot> {
        self.automated.get(resource_id).into_iter().flatten().filter_map(|id| self.by_id.get(id))
    }

    /// Adds a snapshot, whose identifier must be free.
    pub(super) fn insert(&mut self, snapshot: Snapshot) {
        let id = snapshot.arn().id.clone();
        self.by_database.entry(snapshot.database.id.clone()).or_default().insert(id.clone());
        match snapshot.origin {
            Origin::Manual => self.manual += 1,
            Origin::Automated => {
                let resource_id = snapshot.database.resource_id.clone();
                self.automated.entry(resource_id).or_default().insert(id.clone());
            }
        }
        self.by_id.insert(id, snapshot);
    }

    /// Lets the snapshots of a database state another identifier of it.
    pub(super) fn rename_database(&mut self, resource_id: &str, from: &str, to: &str) {
        let ids = self.by_database.get(from).cloned().unwrap_or_default();
        for id in ids {
            if self.by_id[&id].database.resource_id == resource_id
                && let Some(mut snapshot) = self.remove(&id)
            {
                Arc::make_mut(&mut snapshot.database).id = to.to_owned();
                self.insert(snapshot);
            }
        }
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Snapshot> {
        let snapshot = self.by_id.remove(id)?;
        self.manual -= usize::from(snapshot.origin == Origin::Manual);
        for (index, key) in
            [(&mut self.by_database, &snapshot.database.id), (&mut self.automated, &snapshot.database.resource_id)]
        {
            if let Some(ids) = index.get_mut(key) {
                ids.remove(id);
                if ids.is_empty() {
                    index.remove(key);
                }
            }
        }
        Some(snapshot)
    }
}
