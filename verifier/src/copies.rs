//! The copies of this account and region, and their verifications.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use chrono::{DateTime, TimeDelta, Utc};
use protocol::{AccountId, DatabaseArn, Engine, Kind, Origin, Snapshot, SnapshotRole, Status, tags};

use crate::Verifier;
use crate::plan::{Copy, Database, interval};
use crate::record::{INDEX, Index, Seen};
use crate::verified::Verified;

/// The time that is left for the rest of a run when the listing ends at the latest.
const RESERVE: TimeDelta = TimeDelta::seconds(60);

impl Verifier {
    /// The databases of the source accounts that DR serves, with their complete copies. What the tags of the copies tell is kept in the
    /// [`Index`], because copies are thinned.
    pub(crate) async fn update_index(&self, deadline: DateTime<Utc>) -> anyhow::Result<Vec<Database>> {
        let (index, version) = self.read_or(INDEX, Index::default()).await?;
        let all = self.databases(&index, deadline).await?;
        // Databases whose last copy is gone are forgotten.
        let known = all.iter().map(|database| (database.arn.to_string(), database.seen.clone()));
        let known = Index(known.collect());
        if known != index {
            self.write(INDEX, &known, &version).await?;
        }
        Ok(all)
    }

    /// The databases, by the index and by the tags of the copies, which may be newer.
    pub(crate) async fn databases(&self, index: &Index, deadline: DateTime<Utc>) -> anyhow::Result<Vec<Database>> {
        let mut copies = Copies::new(index.clone(), &self.settings.sources, self.cloud.now());
        for kind in Kind::ALL {
            let add = |snapshot: Snapshot| {
                ensure!(self.cloud.now() + RESERVE < deadline, "time is up while copies are listed");
                copies.add(&snapshot);
                Ok(())
            };
            self.cloud.try_for_each(kind, None, add).await?;
        }
        Ok(copies.databases())
    }
}

/// Collects the databases of source accounts, and the verdicts on their copies, from the snapshots of DR.
pub struct Copies<'s> {
    index: BTreeMap<String, Seen>,
    sources: &'s BTreeSet<AccountId>,
    now: DateTime<Utc>,
    databases: BTreeMap<DatabaseArn, Vec<Copy>>,
    /// The source was taken then, and this is the tag of the copy.
    verdicts: Vec<(DatabaseArn, DateTime<Utc>, Verified)>,
}

impl<'s> Copies<'s> {
    /// None yet. The index has the verdicts on copies that are gone.
    #[must_use]
    pub fn new(Index(index): Index, sources: &'s BTreeSet<AccountId>, now: DateTime<Utc>) -> Self {
        Self { index, sources, now, databases: BTreeMap::new(), verdicts: Vec::new() }
    }

    /// Adds a snapshot, if it is a complete copy that can be verified.
    pub fn add(&mut self, snapshot: &Snapshot) {
        let Some((origin, copy, verified)) = complete(snapshot) else { return };
        let Origin { database, taken, .. } = origin;
        if self.sources.contains(&database.place.account) {
            self.verdicts.extend(verified.map(|verified| (database.clone(), taken, verified)));
            self.databases.entry(database).or_default().push(copy);
        }
    }

    /// The databases, with what is known of their verifications.
    #[must_use]
    pub fn databases(self) -> Vec<Database> {
        let Self { mut index, now, databases, mut verdicts, .. } = self;
        let database = |(arn, copies): (DatabaseArn, Vec<Copy>)| {
            let mut seen = index.remove(&arn.to_string()).unwrap_or_else(|| Seen::new(now));
            seen.first = copies.iter().map(|copy| copy.arrived).fold(seen.first, DateTime::min);
            (arn.clone(), Database { arn, copies, seen, is_running: false })
        };
        let mut all: BTreeMap<DatabaseArn, Database> = databases.into_iter().map(database).collect();
        // The tags of copies come in any order.
        verdicts.sort_by_key(|(.., verified)| verified.at);
        for (database, taken, verified) in verdicts {
            all.entry(database).and_modify(|database| database.seen.add(taken, verified));
        }
        all.into_values().collect()
    }
}

/// RDS does not restore snapshots of DocumentDB and Neptune for Draco, and there are no checks for them.
fn is_of_rds(engine: Engine) -> bool {
    matches!(engine, Engine::Rds | Engine::Aurora)
}

/// A complete copy, its origin, and its last verification.
fn complete(snapshot: &Snapshot) -> Option<(Origin, Copy, Option<Verified>)> {
    let SnapshotRole::Copy(origin) = SnapshotRole::of(snapshot) else { return None };
    let tag = |key| snapshot.tags.get(key);
    let arrived = DateTime::parse_from_rfc3339(tag(tags::REPORTED)?).ok()?.to_utc();
    if snapshot.status != Status::Available || !is_of_rds(snapshot.engine) {
        return None;
    }
    let copy = Copy {
        arn: snapshot.arn.clone(),
        gib: snapshot.counted_gib(),
        arrived,
        every: tag(tags::VERIFY).and_then(interval),
    };
    Some((origin, copy, tag(tags::VERIFIED).and_then(|tag| tag.parse().ok())))
}
