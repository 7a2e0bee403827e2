//! How snapshots come to be, and how they go.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::events::{Happened, tell};
use super::identifiers::{Arn, What, chosen};
use super::share::unshare;
use super::snapshots::{Origin, Snapshot, Status, This, Work};
use super::tags::{self, Tag, Tags};
use super::view::{Viewer, one};
use super::{Here, copy, find_database, find_this};
use crate::bill;
use crate::call::Error;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    #[serde(rename = "DBSnapshotIdentifier", alias = "DBClusterSnapshotIdentifier")]
    identifier: String,
    #[serde(rename = "DBInstanceIdentifier", alias = "DBClusterIdentifier")]
    database: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// Takes a snapshot by hand.
pub(super) fn create(state: &mut State, here: &Here, wanted: Create) -> Result<Value, Error> {
    let id = chosen_snapshot(here, &wanted.identifier)?;
    let database = here.arn(What::Database, &wanted.database);
    let found = find_database(state, &database).ok_or_else(|| here.kind.no_database(&wanted.database))?;
    found.check_available(here.kind)?;
    let tags = tags::with(found.tags_for_snapshots(), wanted.tags)?;
    check_room(state, here, &id)?;
    let this = take(state, &database, &id, Origin::Manual, tags).ok_or_else(|| here.kind.no_database(&database.id))?;
    let now = state.now;
    find_this(state, &this)
        .map(|snapshot| one(here.kind, snapshot, Viewer::Owner, now))
        .ok_or_else(|| here.kind.no_snapshot(&id))
}

/// An identifier that somebody chooses for a manual snapshot.
pub(super) fn chosen_snapshot(here: &Here, identifier: &str) -> Result<String, Error> {
    let spelling = here.kind.spelling();
    chosen(identifier, &format!("{}Identifier", spelling.snapshot), spelling.longest_snapshot)
}

/// Whether the caller may have one more manual snapshot, of this identifier.
pub(super) fn check_room(state: &mut State, here: &Here, id: &str) -> Result<(), Error> {
    let quota = state.settings.snapshot_quota;
    let snapshots = &here.family(state).snapshots;
    if snapshots.contains(id) {
        return Err(here.kind.snapshot_exists(id));
    }
    if snapshots.manual() >= quota {
        return Err(Error::new("SnapshotQuotaExceeded", format!("Cannot create more than {quota} manual snapshots")));
    }
    Ok(())
}

/// Begins to take a snapshot of a database, if there is one. The identifier must be free.
pub(super) fn take(state: &mut State, database: &Arn, id: &str, origin: Origin, tags: Tags) -> Option<This> {
    let (now, rate) = (state.now, state.settings.copy_gib_per_minute);
    let Arn { kind, account, region, .. } = database.clone();
    let arn = Arn { what: What::Snapshot, id: id.to_owned(), ..database.clone() };
    let rds = &mut state.region_state(&account, &region).rds;
    let this = This { arn, number: rds.new_number() };
    let family = rds.family(kind);
    let found = family.databases.get(&database.id)?;
    let work = Work::on(found.facts.gib, rate, now);
    family.snapshots.insert(Snapshot {
        this: this.clone(),
        origin,
        of: found.facts.clone(),
        status: Status::Creating(work),
        key: found.key.clone(),
        tags,
        shared_with: BTreeSet::new(),
        taken: now,
        originally_taken: now,
        copy_of: None,
        copies: BTreeSet::new(),
    });
    tell(state, &this.arn, Happened::Creating(origin));
    let ended = this.clone();
    state.agenda.at(work.until(), move |state| {
        if let Some(snapshot) = find_this(state, &ended) {
            snapshot.status = Status::Available;
            let gib = snapshot.of.gib;
            if origin == Origin::Manual {
                charge(state, &ended.arn, gib);
            }
            tell(state, &ended.arn, Happened::Created(origin));
        }
    });
    Some(this)
}

/// From now on a manual snapshot is paid for: all of it, though AWS keeps only what has changed since the one before, and
/// tells nobody how much that is. Automated ones are free up to the size of their database.
pub(super) fn charge(state: &mut State, arn: &Arn, gib: u32) {
    state.meter.start(state.now, bill::BillItem::Storage, &arn.to_string(), u64::from(gib) * 1024);
}

#[derive(Deserialize)]
pub(super) struct Delete {
    #[serde(rename = "DBSnapshotIdentifier", alias = "DBClusterSnapshotIdentifier")]
    identifier: String,
}

pub(super) fn delete(state: &mut State, here: &Here, wanted: &Delete) -> Result<Value, Error> {
    let now = state.now;
    let snapshot = here.own_snapshot(state, &wanted.identifier)?;
    if snapshot.origin == Origin::Automated {
        return Err(here.kind.snapshot_state("Only manual snapshots may be deleted."));
    }
    // A copy is cancelled by deleting its target while it is `copying`.
    if let Status::Creating(_) = snapshot.status {
        snapshot.check_available(here.kind)?;
    }
    let view = one(here.kind, snapshot, Viewer::Deleter, now);
    let this = snapshot.this.clone();
    if let Some(gone) = remove(state, &this) {
        match gone.status {
            Status::Copying(_) => tell(state, &this.arn, Happened::CopyCancelled(gone.copy_of.as_ref())),
            _ => tell(state, &this.arn, Happened::Deleted),
        }
    }
    Ok(view)
}

/// Removes a snapshot, for everyone: its owner, those with whom it is shared, and copies that are being made of it. ("If
/// the snapshot is being copied, the copy operation is terminated", says `DeleteDBSnapshot`.)
pub(super) fn remove(state: &mut State, this: &This) -> Option<Snapshot> {
    find_this(state, this)?;
    let Arn { kind, account, region, id, .. } = &this.arn;
    let gone = state.region_state(account, region).rds.family(*kind).snapshots.remove(id)?;
    state.meter.stop(state.now, bill::BillItem::Storage, &this.arn.to_string());
    gone.shared_with.iter().for_each(|with| unshare(state, &this.arn, with));
    for copy in &gone.copies {
        copy::fail(state, copy);
    }
    if let Status::Copying(_) = gone.status {
        copy::ended(state, &gone);
    }
    Some(gone)
}
