//! Automated snapshots: one a day at the start of the backup window, kept for the retention period of the database.

use std::collections::BTreeSet;
use std::ops::Bound;

use chrono::{DateTime, TimeDelta, Utc};

use super::databases::{DatabaseUid, Use};
use super::identifiers::Arn;
use super::keys::has_usable_key;
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
        if !state.is_cut(&database.region) {
            back_up(state, &database);
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

/// "Automated backups don't occur while a DB snapshot copy is running in the same AWS Region for the same database" (RDS
/// User Guide, "Introduction to backups").
fn back_up(state: &mut State, uid: &DatabaseUid) {
    let Some(database) = &uid.arn(state) else { return };
    let answer = state.settings.answers.backup_during_copy;
    if answer != BackupDuringCopy::Taken && is_copied(state, database, &uid.resource_id) {
        if let Some(found) = uid.find(state) {
            found.is_backup_due = answer == BackupDuringCopy::Postponed;
        }
        return;
    }
    let now = state.now;
    let id = format!("rds:{}-{}", database.id, now.format("%Y-%m-%d-%H-%M"));
    let Some(found) = uid.find(state) else { return };
    found.is_backup_due = false;
    let (days, tags) = (found.facts.retention_days, found.tags_for_snapshots());
    // "Your DB instance must be in the available state for automated backups to occur" (the same).
    if days == 0 || found.check(Use::Snapshot).is_err() || !has_usable_key(state, database) {
        return;
    }
    // A snapshot retained from a deleted database of the same name may have this identifier.
    if state.region_state(&database.account, &database.region).rds.family(database.kind).snapshots.contains(&id) {
        return;
    }
    let Some(uid) = start_snapshot(state, database, &id, Origin::Automated, tags) else { return };
    expire(state, uid, now + TimeDelta::days(i64::from(days)));
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

/// Removes a snapshot at the end of its retention, one hour late: the next snapshot must be complete by then.
fn expire(state: &mut State, uid: SnapshotUid, at: DateTime<Utc>) {
    state.at_in(&uid.arn.region.clone(), at + TimeDelta::hours(1), move |state| {
        remove(state, &uid);
    });
}

/// Removes the automated snapshots of a deleted database.
pub(super) fn remove_all(state: &mut State, database: &Arn, resource_id: &str) {
    let family = state.region_state(&database.account, &database.region).rds.family(database.kind);
    let all: Vec<SnapshotUid> = family
        .snapshots
        .of_database_after(&database.id, Bound::Unbounded)
        .filter(|snapshot| snapshot.origin == Origin::Automated && snapshot.database.resource_id == resource_id)
        .map(|snapshot| snapshot.uid.clone())
        .collect();
    for uid in all {
        remove(state, &uid);
    }
}
