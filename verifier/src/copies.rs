//! The copies of this account and region, and their verifications.

use std::collections::BTreeMap;

use anyhow::ensure;
use chrono::{DateTime, TimeDelta, Utc};
use protocol::{DatabaseArn, Engine, Kind, Origin, Snapshot, SnapshotRole, Status, tags};

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
    pub(crate) async fn databases(
        &self,
        Index(index): &Index,
        deadline: DateTime<Utc>,
    ) -> anyhow::Result<Vec<Database>> {
        let (mut index, mut verdicts) = (index.clone(), Vec::new());
        let (now, mut databases) = (self.cloud.now(), BTreeMap::<DatabaseArn, Vec<Copy>>::new());
        for kind in Kind::ALL {
            let add = |snapshot: Snapshot| {
                ensure!(self.cloud.now() + RESERVE < deadline, "time is up while copies are listed");
                let Some((origin, copy, verified)) = complete(&snapshot) else { return Ok(()) };
                let database = origin.database;
                if self.settings.sources.contains(&database.place.account) {
                    let seen = index.entry(database.to_string()).or_insert_with(|| Seen::new(now));
                    seen.first = seen.first.min(copy.arrived);
                    verdicts
                        .extend(verified.map(|verified| (verified.at, database.to_string(), origin.taken, verified)));
                    databases.entry(database).or_default().push(copy);
                }
                Ok(())
            };
            self.cloud.try_for_each(kind, None, add).await?;
        }
        verdicts.sort_by_key(|(at, ..)| *at);
        for (_, database, taken, verified) in verdicts {
            index.entry(database).or_insert_with(|| Seen::new(now)).add(taken, verified);
        }
        let database = |(arn, copies): (DatabaseArn, Vec<Copy>)| {
            let seen = index.get(&arn.to_string()).cloned().unwrap_or_else(|| Seen::new(now));
            Database { arn, copies, seen, is_running: false }
        };
        Ok(databases.into_iter().map(database).collect())
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
