//! Automated snapshots: one a day at the start of the backup window, kept for the retention period of the database.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::databases::changes::{self, Step};
use super::databases::{self, DatabaseUid, Use};
use super::find_snapshot_by_uid;
use super::identifiers::Arn;
use super::keys::has_usable_key;
use super::kind::Kind;
use super::lifecycle::{remove, start_snapshot};
use super::snapshots::{Origin, Snapshot, SnapshotUid, Status};
use crate::questions::{BackupDuringCopy, BackupDuringSharedCopy, FirstBackup};
use crate::world::State;

/// Schedules the daily backups of a new database. A later database of the same name has another resource identifier and
/// its own schedule.
pub(super) fn schedule(state: &mut State, database: DatabaseUid) {
    let now = state.now;
    let Some(found) = database.find(state) else { return };
    let next = found.facts.window.next(now);
    state.agenda.at(next, move |state| {
        // A backup that is missed is not made up.
        if !state.is_cut(&database.region) && back_up(state, &database).is_some() {
            is_backing_up(state, &database);
        }
        schedule(state, database);
    });
}

/// Takes the first automated snapshot of a database that has just become available, if the world's answer to `first-backup` is
/// `at-creation`.
pub(super) fn start(state: &mut State, database: &DatabaseUid) {
    if state.settings.answers.first_backup == FirstBackup::AtCreation {
        back_up(state, database);
    }
}

/// Takes the first automated snapshot of a restored instance. Returns how long it takes. `None`: it has no backups.
pub(super) fn take_baseline(state: &mut State, database: &DatabaseUid) -> Option<Duration> {
    let before = state.now;
    let uid = back_up(state, database)?;
    let until = find_snapshot_by_uid(state, &uid)?.status.until()?;
    (until - before).to_std().ok()
}

/// "Automated backups don't occur while a DB snapshot copy is running in the same AWS Region for the same database" (RDS
/// User Guide, "Introduction to backups").
fn back_up(state: &mut State, uid: &DatabaseUid) -> Option<SnapshotUid> {
    let database = &uid.arn(state)?;
    let answer = state.settings.answers.backup_during_copy;
    if answer != BackupDuringCopy::Taken && is_copied(state, database, &uid.resource_id) {
        if let Some(found) = uid.find(state) {
            found.is_backup_due = answer == BackupDuringCopy::Postponed;
        }
        return None;
    }
    let now = state.now;
    let id = format!("rds:{}-{}", database.id, now.format("%Y-%m-%d-%H-%M"));
    let found = uid.find(state)?;
    found.is_backup_due = false;
    let (days, tags) = (found.facts.retention_days, found.tags_for_snapshots());
    // "Your DB instance must be in the available state for automated backups to occur" (the same).
    if days == 0 || found.check(Use::Snapshot).is_err() || !has_usable_key(state, database) {
        return None;
    }
    // A snapshot retained from a deleted database of the same name may have this identifier.
    if state.region_state(&database.account, &database.region).rds.family(database.kind).snapshots.contains(&id) {
        return None;
    }
    let snapshot = start_snapshot(state, database, &id, Origin::Automated, tags)?;
    expire(state, uid, snapshot.clone(), now + TimeDelta::days(i64::from(days)));
    Some(snapshot)
}

/// "backing-up: The DB instance is currently being backed up" (RDS User Guide, "Viewing DB instance status"). Aurora's backups are
/// continuous.
fn is_backing_up(state: &mut State, database: &DatabaseUid) {
    if database.kind == Kind::Instance && database.find(state).is_some_and(|found| found.is_idle()) {
        let steps = vec![
            Step::lasting(databases::Status::BackingUp, |durations| durations.backup),
            Step::resting(databases::Status::Available),
        ];
        changes::start(state, database, steps);
    }
}

/// Whether a snapshot of a database is being copied, in the database's region: by its account, or, if the
/// world's answer to `backup-during-shared-copy` is `counts`, by another.
fn is_copied(state: &mut State, database: &Arn, resource_id: &str) -> bool {
    let counts_shared = state.settings.answers.backup_during_shared_copy == BackupDuringSharedCopy::Counts;
    let family = state.region_state(&database.account, &database.region).rds.family(database.kind);
    family
        .snapshots
        .of_database_after(&database.id, Bound::Unbounded)
        .filter(|snapshot| snapshot.database.resource_id == resource_id)
        .any(|snapshot| {
            let mut copies = snapshot.copies.iter();
            matches!(snapshot.status, Status::Copying(..))
                || (counts_shared && copies.any(|copy| copy.arn.region == database.region))
        })
}

/// Takes the postponed backup of the database of a copy that has ended, if there is one.
pub(super) fn copy_ended(state: &mut State, copy: &Snapshot) {
    let accounts = copy.copy_of.iter().map(|source| &source.account);
    let accounts: BTreeSet<String> = accounts.chain([&copy.arn().account]).cloned().collect();
    for account in accounts {
        let database = DatabaseUid::new(&Arn { account, ..copy.database_arn() }, &copy.database.resource_id);
        if database.find(state).is_some_and(|found| found.is_backup_due) {
            back_up(state, &database);
        }
    }
}

/// Removes a snapshot of a database after the end of its retention.
fn expire(state: &mut State, database: &DatabaseUid, uid: SnapshotUid, ends: DateTime<Utc>) {
    let at = ends + changes::draw(state, database, |durations| durations.expiry);
    state.at_in(&uid.arn.region.clone(), at, move |state| {
        remove(state, &uid);
    });
}

/// Removes the automated snapshots of a deleted database.
pub(super) fn remove_all(state: &mut State, database: &Arn, resource_id: &str) {
    let family = state.region_state(&database.account, &database.region).rds.family(database.kind);
    let all: Vec<_> = family.snapshots.automated_of(resource_id).map(|snapshot| snapshot.uid.clone()).collect();
    for uid in all {
        remove(state, &uid);
    }
}
