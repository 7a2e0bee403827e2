//! Incremental copies: how much a copy of an instance snapshot copies and stores, if an earlier copy of a snapshot of the same
//! database is at its destination.
//!
//! "Whether a snapshot copy is incremental is determined by the most recently completed snapshot copy. If the most recent
//! snapshot copy was deleted, the next copy is a full copy, not an incremental copy." The examples show that copies under
//! another key are full (RDS User Guide, "Incremental snapshot copying").

use std::collections::{BTreeMap, BTreeSet};

use super::find_snapshot_by_uid;
use super::identifiers::Arn;
use super::kind::Kind;
use super::snapshots::{Snapshot, SnapshotUid, Status};
use crate::bill::BillItem;
use crate::questions::Incremental;
use crate::world::State;

/// The copies of snapshots in one region of an account.
#[derive(Default)]
pub(super) struct Copies {
    /// The copy that was completed last, by the resource identifier of the database.
    latest: BTreeMap<String, SnapshotUid>,
    stored: BTreeMap<SnapshotUid, Stored>,
}

/// How much a copy stores.
#[derive(Default)]
struct Stored {
    mib: u64,
    /// The copy that has the rest.
    base: Option<SnapshotUid>,
    /// The copies whose rest this copy has.
    dependents: BTreeSet<SnapshotUid>,
}

/// Adds a copy that starts. Returns how much it copies, in MiB.
pub(super) fn start(state: &mut State, copy: &Snapshot, source: &Snapshot) -> u64 {
    let percent = state.settings.changed_percent_per_day;
    let base = base(state, copy, source);
    let mib = base.as_ref().map_or(copy.full_mib(), |base| changed_mib(copy, base, percent));
    let base = base.map(|base| base.uid);
    let stored = &mut copies(state, copy.arn()).stored;
    if let Some(base) = base.as_ref().and_then(|base| stored.get_mut(base)) {
        base.dependents.insert(copy.uid.clone());
    }
    stored.insert(copy.uid.clone(), Stored { mib, base, dependents: BTreeSet::new() });
    mib
}

/// Completes a copy, whose storage is billed from now on.
pub(super) fn finish(state: &mut State, copy: &Snapshot) {
    let copies = copies(state, copy.arn());
    copies.latest.insert(copy.database.resource_id.clone(), copy.uid.clone());
    let mib = copies.stored.get(&copy.uid).map_or(copy.full_mib(), |stored| stored.mib);
    state.meter.start(state.now, BillItem::Storage, &copy.arn().to_string(), mib);
    if copy.is_cross_region_copy() {
        state.meter.add(BillItem::Transfer, mib.into());
    }
}

/// Removes a copy. The first copy that depends on it keeps what it stored.
pub(super) fn remove(state: &mut State, gone: &Snapshot) {
    let stored = &mut copies(state, gone.arn()).stored;
    let Some(mut removed) = stored.remove(&gone.uid) else { return };
    let heir = removed.dependents.pop_first();
    if let Some(base) = removed.base.as_ref().and_then(|base| stored.get_mut(base)) {
        base.dependents.remove(&gone.uid);
        base.dependents.extend(heir.clone());
    }
    for other in &removed.dependents {
        if let Some(other) = stored.get_mut(other) {
            other.base.clone_from(&heir);
        }
    }
    let Some(heir) = heir else { return };
    let Some(inherited) = stored.get_mut(&heir) else { return };
    inherited.mib = (inherited.mib + removed.mib).min(gone.full_mib());
    inherited.base = removed.base;
    inherited.dependents.append(&mut removed.dependents);
    let (mib, arn) = (inherited.mib, heir.arn.to_string());
    let is_billed = find_snapshot_by_uid(state, &heir).is_some_and(|heir| matches!(heir.status, Status::Available));
    if is_billed {
        state.meter.start(state.now, BillItem::Storage, &arn, mib);
    }
}

fn copies<'s>(state: &'s mut State, copy: &Arn) -> &'s mut Copies {
    &mut state.region_state(&copy.account, &copy.region).rds.copies
}

/// The copy that an incremental copy is based on. `None` for a full copy.
fn base(state: &mut State, copy: &Snapshot, source: &Snapshot) -> Option<Snapshot> {
    let is_allowed = match (copy.arn().kind, state.settings.answers.incremental) {
        // "Aurora doesn't support incremental snapshots. Aurora DB cluster snapshot copies are always stored as full copies"
        // (Aurora User Guide, "Copying a DB cluster snapshot").
        (Kind::Cluster, _) | (_, Incremental::Never) => false,
        (Kind::Instance, Incremental::NotOfCopies) => source.copy_of.is_none(),
        (Kind::Instance, Incremental::AlsoOfCopies) => true,
    };
    let latest = copies(state, copy.arn()).latest.get(&copy.database.resource_id).filter(|_| is_allowed).cloned()?;
    let latest = find_snapshot_by_uid(state, &latest)?;
    (matches!(latest.status, Status::Available) && latest.key == copy.key).then(|| latest.clone())
}

/// How much of a database has changed between two of its snapshots.
fn changed_mib(one: &Snapshot, other: &Snapshot, percent_per_day: u32) -> u64 {
    const PERCENT_SECONDS_PER_DAY: u64 = 100 * 24 * 60 * 60;
    let seconds = (one.originally_taken - other.originally_taken).num_seconds().unsigned_abs();
    let full = one.full_mib();
    (full * u64::from(percent_per_day) * seconds / PERCENT_SECONDS_PER_DAY).clamp(1, full.max(1))
}
