//! The copies of this account and region, and their verifications.

use std::collections::BTreeMap;

use anyhow::ensure;
use chrono::{DateTime, TimeDelta, Utc};
use protocol::{DatabaseArn, Engine, Kind, Snapshot, SnapshotRole, Status, tags};

use crate::Verifier;
use crate::plan::{Copy, Database, interval};
use crate::report::Verified;

/// The time that is left for the rest of a run when the listing ends at the latest.
const RESERVE: TimeDelta = TimeDelta::seconds(60);

impl Verifier {
    /// The databases of the source accounts that DR serves, with their complete copies.
    pub(crate) async fn databases(&self, deadline: DateTime<Utc>) -> anyhow::Result<Vec<Database>> {
        let mut databases: BTreeMap<DatabaseArn, Vec<Copy>> = BTreeMap::new();
        for kind in Kind::ALL {
            let add = |snapshot: Snapshot| {
                ensure!(self.cloud.now() + RESERVE < deadline, "time is up while copies are listed");
                if let Some((database, copy)) = complete(&snapshot)
                    && self.settings.sources.contains(&database.place.account)
                {
                    databases.entry(database).or_default().push(copy);
                }
                Ok(())
            };
            self.cloud.try_for_each(kind, None, add).await?;
        }
        Ok(databases.into_iter().map(|(arn, copies)| Database { arn, copies }).collect())
    }
}

/// RDS does not restore snapshots of DocumentDB and Neptune for Draco, and there are no checks for them.
fn is_of_rds(engine: Engine) -> bool {
    matches!(engine, Engine::Rds | Engine::Aurora)
}

/// A complete copy, and its database.
fn complete(snapshot: &Snapshot) -> Option<(DatabaseArn, Copy)> {
    let SnapshotRole::Copy(origin) = SnapshotRole::of(snapshot) else { return None };
    let tag = |key| snapshot.tags.get(key);
    let arrived = DateTime::parse_from_rfc3339(tag(tags::REPORTED)?).ok()?.to_utc();
    if snapshot.status != Status::Available || !is_of_rds(snapshot.engine) {
        return None;
    }
    let verified = tag(tags::VERIFIED).and_then(Verified::parse);
    let copy = Copy {
        arn: snapshot.arn.clone(),
        gib: snapshot.counted_gib(),
        arrived,
        verified: verified.filter(|verified| verified.is_known()).map(|verified| verified.at),
        attempted: verified.map(|verified| verified.at),
        every: tag(tags::VERIFY).and_then(interval),
    };
    Some((origin.database, copy))
}
