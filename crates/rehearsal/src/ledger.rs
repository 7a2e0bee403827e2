//! The ledger: the snapshots of all accounts over time.
//!
//! Automated snapshots expire and lifecycles delete copies, so the final state does not show whether a snapshot was lost.
//! The ledger lists the snapshots of each account from time to time, as the root user of the account, and remembers them.
//! It does not read the functions' logs, because they are not evidence.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use cloud::{Class, Cloud};
use protocol::{Attempt, Database, Kind, Origin, Place, Snapshot, SnapshotArn, SnapshotRole, Status, Tags};

use crate::Rehearsal;

/// The snapshots that were observed so far.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Every source snapshot that was ever available, by ARN and time, as it was observed last.
    pub sources: BTreeMap<(SnapshotArn, DateTime<Utc>), Source>,
    /// Every copy in DR that was ever available, in either region, as it was observed last.
    pub copies: BTreeMap<SnapshotArn, (Origin, Snapshot)>,
    /// The transit copies that exist now, and when each was observed first.
    pub transits: BTreeMap<SnapshotArn, (Origin, DateTime<Utc>)>,
    /// The copies that are in DR now, in either region, with any status.
    pub present: BTreeMap<SnapshotArn, Snapshot>,
    /// The lifecycle of each database that has one, by resource ID, and the time in which a job provisions it.
    /// Databases that are gone stay.
    lifecycles: BTreeMap<String, (String, Option<TimeOfJob>)>,
}

/// The time in which a job provisions a database.
type TimeOfJob = Range<DateTime<Utc>>;

/// A source snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The snapshot, as it was observed last.
    pub snapshot: Snapshot,
    /// The origin that the tags of its copies must have.
    pub origin: Origin,
    /// Its own lifecycle, or else that of its database.
    pub lifecycle: Option<String>,
    /// The time in which a job provisions its database, by its own tags, or else by those of its database.
    pub job: Option<TimeOfJob>,
}

impl Source {
    /// Whether Draco must copy it: its lifecycle is not `Ignore`, and it was not taken while a job provisioned its database.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.job.as_ref().is_none_or(|job| !job.contains(&self.origin.taken))
            && self.lifecycle.as_ref().is_some_and(|lifecycle| !lifecycle.eq_ignore_ascii_case("Ignore"))
    }
}

/// The time in which a job provisions a database with this identifier and these tags. The rule of decision 58, written out, so that
/// a mistake of Draco's own rule is not one of the ledger: the name is `draco-new-…`, `draco-verify-…` or `draco-rewind-…` and ends in the
/// value of `Draco_Job`, and `Draco_JobRequest` ends in the deadline. The job began at most 30 days before, or 7 for a temporary database.
fn time_of_job(name: &str, tags: &Tags) -> Option<TimeOfJob> {
    let days = [("draco-new-", 30), ("draco-verify-", 7), ("draco-rewind-", 7)];
    let (_, days) = days.into_iter().find(|(start, _)| name.starts_with(start))?;
    let (_, end) = name.rsplit_once('-')?;
    let (_, deadline) = tags.get("Draco_JobRequest")?.rsplit_once(" deadline=")?;
    let is_id = end.len() == 12 && end.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
    let deadline: DateTime<Utc> = deadline.parse().ok()?;
    (is_id && tags.get("Draco_Job") == Some(end)).then(|| deadline - TimeDelta::days(days)..deadline)
}

impl Ledger {
    /// Lists the snapshots of all accounts. Of a region that cannot be reached, what was observed last remains.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn observe(&mut self, rehearsal: &Rehearsal) -> anyhow::Result<()> {
        let before = std::mem::take(&mut self.transits);
        let now = rehearsal.world.now();
        for place in rehearsal.setup.sources() {
            let Some(snapshots) = reachable(self.observe_source(rehearsal, &place).await)? else {
                self.transits.extend(
                    before.iter().filter(|(arn, _)| arn.place == place).map(|(arn, it)| (arn.clone(), it.clone())),
                );
                continue;
            };
            for snapshot in snapshots {
                match SnapshotRole::of(&snapshot) {
                    SnapshotRole::Transit(origin) => {
                        let since = before.get(&snapshot.arn).map_or(now, |(_, since)| *since);
                        self.transits.insert(snapshot.arn.clone(), (origin, since));
                    }
                    SnapshotRole::Copy(_) => {}
                    SnapshotRole::Source if snapshot.status == Status::Available => {
                        if let Some(origin) = snapshot.origin()? {
                            let of_database = || self.lifecycles.get(&**snapshot.resource_id.as_ref()?).cloned();
                            let own = snapshot.lifecycle().map(|lifecycle| (lifecycle.to_owned(), None));
                            let (lifecycle, of_database) = own.or_else(of_database).unzip();
                            let job = time_of_job(&snapshot.database, &snapshot.tags).or(of_database.flatten());
                            let source = Source { snapshot, origin, lifecycle, job };
                            self.sources.insert((source.snapshot.arn.clone(), source.origin.taken), source);
                        }
                    }
                    SnapshotRole::Source => {}
                }
            }
        }
        for (place, _) in rehearsal.setup.archives() {
            let Some(snapshots) = reachable(rehearsal.snapshots(&place).await)? else { continue };
            self.present.retain(|arn, _| arn.place != place);
            for snapshot in snapshots {
                if let SnapshotRole::Copy(origin) = SnapshotRole::of(&snapshot) {
                    self.present.insert(snapshot.arn.clone(), snapshot.clone());
                    if snapshot.status == Status::Available {
                        self.copies.insert(snapshot.arn.clone(), (origin, snapshot));
                    }
                }
            }
        }
        Ok(())
    }

    /// The snapshots of a source account. Records the lifecycles of its databases.
    async fn observe_source(&mut self, rehearsal: &Rehearsal, place: &Place) -> anyhow::Result<Vec<Snapshot>> {
        let cloud = Cloud::new(&rehearsal.owner_config(place), place.clone());
        for kind in Kind::ALL {
            let lifecycles = &mut self.lifecycles;
            let mut observe = |database: Database| {
                let job = time_of_job(&database.name, &database.tags);
                match database.lifecycle().map(str::to_owned) {
                    Some(lifecycle) => lifecycles.insert(database.resource_id, (lifecycle, job)),
                    None => lifecycles.remove(&database.resource_id),
                };
            };
            cloud.for_each_database(kind, &mut observe).await?;
        }
        rehearsal.snapshots(place).await
    }

    /// The copy of a source in this region of DR, if it was ever available.
    #[must_use]
    pub fn copy_of(&self, source: &Source, dr: &Place) -> Option<&Snapshot> {
        self.copy_of_origin(&source.origin, dr)
    }

    /// The copy of this origin in this region of DR by any attempt, if it was ever available.
    #[must_use]
    pub fn copy_of_origin(&self, origin: &Origin, dr: &Place) -> Option<&Snapshot> {
        let copies = Attempt::ALL.into_iter().filter_map(|attempt| self.copies.get(&origin.copy_of(attempt, dr)));
        copies.map(|(_, copy)| copy).next()
    }
}

/// The list, or `None` if the region cannot be reached.
fn reachable(listed: anyhow::Result<Vec<Snapshot>>) -> anyhow::Result<Option<Vec<Snapshot>>> {
    match listed {
        Err(error) if error.downcast_ref::<cloud::Error>().is_some_and(|error| error.class() == Class::Unreachable) => {
            Ok(None)
        }
        listed => listed.map(Some),
    }
}

impl Rehearsal {
    /// All snapshots of an account, as its root user sees them.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn snapshots(&self, place: &Place) -> anyhow::Result<Vec<Snapshot>> {
        let cloud = Cloud::new(&self.owner_config(place), place.clone());
        let mut all = Vec::new();
        for kind in Kind::ALL {
            all.extend(cloud.list_all(kind, None).await?);
        }
        Ok(all)
    }
}
