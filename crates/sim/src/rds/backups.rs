//! Automated snapshots: one a day at the start of the backup window, kept for the retention period of the database.

use std::ops::Bound;

use chrono::{DateTime, TimeDelta, Utc};

use super::find_database_by_resource_id;
use super::identifiers::Arn;
use super::keys::has_usable_key;
use super::lifecycle::{remove, start_snapshot};
use super::snapshots::{Origin, SnapshotUid};
use crate::world::State;

/// Schedules the daily backups of a new database. A later database of the same name has another resource identifier and
/// its own schedule.
pub(super) fn schedule(state: &mut State, database: Arn, resource_id: String) {
    let now = state.now;
    let Some(found) = find_database_by_resource_id(state, &database, &resource_id) else { return };
    let next = found.facts.window.next(now);
    state.agenda.at(next, move |state| {
        back_up(state, &database, &resource_id);
        schedule(state, database, resource_id);
    });
}

fn back_up(state: &mut State, database: &Arn, resource_id: &str) {
    let now = state.now;
    let id = format!("rds:{}-{}", database.id, now.format("%Y-%m-%d-%H-%M"));
    let Some(found) = find_database_by_resource_id(state, database, resource_id) else { return };
    let (days, tags) = (found.facts.retention_days, found.tags_for_snapshots());
    // "Your DB instance must be in the available state for automated backups to occur" (RDS User Guide, "Introduction
    // to backups").
    if days == 0 || found.check_available(database.kind).is_err() || !has_usable_key(state, database) {
        return;
    }
    // A snapshot retained from a deleted database of the same name may have this identifier.
    if state.region_state(&database.account, &database.region).rds.family(database.kind).snapshots.contains(&id) {
        return;
    }
    let Some(uid) = start_snapshot(state, database, &id, Origin::Automated, tags) else { return };
    expire(state, uid, now + TimeDelta::days(i64::from(days)));
}

/// Removes a snapshot at the end of its retention, one hour late: the next snapshot must be complete by then.
fn expire(state: &mut State, uid: SnapshotUid, at: DateTime<Utc>) {
    state.agenda.at(at + TimeDelta::hours(1), move |state| {
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
