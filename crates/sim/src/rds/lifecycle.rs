//! Creating and deleting snapshots.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::databases::Use;
use super::events::{EventKind, record_event};
use super::identifiers::{Arn, ResourceType, check_identifier};
use super::keys::has_usable_key;
use super::share::remove_share;
use super::snapshots::{Origin, Progress, Snapshot, SnapshotUid, Status};
use super::tags::{self, Tag, Tags};
use super::view::{ViewContext, Viewer, snapshot_response};
use super::{RdsContext, copy, find_snapshot_by_uid, incremental, volumes};
use crate::bill;
use crate::call::Error;
use crate::wire::xml::Xml;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateRequest {
    #[serde(rename = "DBSnapshotIdentifier")]
    identifier: String,
    #[serde(rename = "DBInstanceIdentifier")]
    database: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// Creates a manual snapshot.
pub(super) fn create(state: &mut State, ctx: &RdsContext, wanted: CreateRequest) -> Result<Xml, Error> {
    let id = check_snapshot_id(ctx, &wanted.identifier)?;
    let found = ctx.own_database(state, &wanted.database)?;
    // Users report the message.
    if found.cluster.is_some() {
        return Err(Error::new(
            "InvalidParameterValue",
            "The specified instance is a member of a cluster and a snapshot cannot be created directly. Please use the \
             CreateDBClusterSnapshot API instead.",
        ));
    }
    found.check(Use::Snapshot)?;
    let (database, inherited) = (found.arn.clone(), found.tags_for_snapshots());
    if !has_usable_key(state, &database) {
        return Err(inaccessible(&database));
    }
    // "Or you might supply at least one tag to the CreateDBSnapshot API operation. In these cases, RDS doesn't copy tags from the
    // source DB instance to the new DB snapshot. This functionality applies even if the source DB instance has the
    // --copy-tags-to-snapshot (CopyTagsToSnapshot) option turned on." (RDS User Guide, "Tagging"; the Aurora User Guide has the
    // same for clusters)
    let inherited = if wanted.tags.is_empty() { inherited } else { Tags::new() };
    let tags = tags::with(inherited, wanted.tags)?;
    check_can_create(state, ctx, &id)?;
    let uid = start_snapshot(state, &database, &id, Origin::Manual, tags)
        .ok_or_else(|| ctx.kind.database_not_found(&database.id))?;
    let view = ViewContext::of(state);
    find_snapshot_by_uid(state, &uid)
        .map(|snapshot| snapshot_response(snapshot, Viewer::Owner, view))
        .ok_or_else(|| ctx.kind.snapshot_not_found(&id))
}

/// "The source DB instance must be in the available or storage-optimization state" (`CreateDBSnapshot`).
fn inaccessible(database: &Arn) -> Error {
    let Arn { kind, id, .. } = database;
    let what = format!("{} {id}", kind.spelling().database);
    kind.invalid_database_state(format!(
        "{what} is not in available state: it is inaccessible-encryption-credentials-recoverable."
    ))
}

/// Checks the identifier of a new manual snapshot.
pub(super) fn check_snapshot_id(ctx: &RdsContext, identifier: &str) -> Result<String, Error> {
    let spelling = ctx.kind.spelling();
    check_identifier(identifier, &format!("{}Identifier", spelling.snapshot), spelling.max_snapshot_id_length)
}

/// Checks the quota of manual snapshots, and that the identifier is not in use.
pub(super) fn check_can_create(state: &mut State, ctx: &RdsContext, id: &str) -> Result<(), Error> {
    let quota = state.settings.snapshot_quota;
    let snapshots = &ctx.family(state).snapshots;
    if snapshots.contains(id) {
        return Err(ctx.kind.snapshot_already_exists(id));
    }
    if snapshots.manual_count() >= quota {
        return Err(Error::new("SnapshotQuotaExceeded", format!("Cannot create more than {quota} manual snapshots")));
    }
    Ok(())
}

/// Starts a snapshot of a database, if the database exists. The identifier must be free.
pub(super) fn start_snapshot(
    state: &mut State,
    database: &Arn,
    id: &str,
    origin: Origin,
    tags: Tags,
) -> Option<SnapshotUid> {
    let (now, rate) = (state.now, state.settings.copy_gib_per_minute);
    let Arn { kind, account, region, .. } = database.clone();
    let arn = Arn { resource_type: ResourceType::Snapshot, id: id.to_owned(), ..database.clone() };
    let rds = &mut state.region_state(&account, &region).rds;
    let uid = SnapshotUid { arn, number: rds.next_snapshot_number() };
    let family = rds.family(kind);
    let found = family.databases.get(&database.id)?;
    let source = found.uid();
    let progress = Progress::new(u64::from(found.facts.gib) * 1024, rate, now);
    family.snapshots.insert(Snapshot {
        uid: uid.clone(),
        origin,
        database: found.facts.clone(),
        status: Status::Creating(progress),
        key: found.key.clone(),
        tags,
        shared_with: BTreeSet::new(),
        taken: now,
        originally_taken: now,
        copy_of: None,
        option_group: found.option_group.clone(),
        reports_source: false,
        copies: BTreeSet::new(),
    });
    let has_contents = volumes::freeze(state, &source, &uid);
    record_event(state, &uid.arn, EventKind::Creating(origin));
    let ended = uid.clone();
    state.at_in(&region, progress.until(), move |state| {
        if let Some(snapshot) = find_snapshot_by_uid(state, &ended) {
            if !has_contents {
                snapshot.status = Status::Failed(0);
                return;
            }
            snapshot.status = Status::Available;
            let gib = snapshot.database.gib;
            if origin == Origin::Manual {
                start_storage_metering(state, &ended.arn, gib);
            }
            record_event(state, &ended.arn, EventKind::Created(origin));
        }
    });
    Some(uid)
}

/// Starts billing a manual snapshot at its full size. AWS stores only changes since the previous snapshot, and does not
/// report their size. Automated snapshots are free up to the size of their database.
fn start_storage_metering(state: &mut State, arn: &Arn, gib: u32) {
    state.meter.start(state.now, bill::BillItem::Storage, &arn.to_string(), u64::from(gib) * 1024);
}

#[derive(Deserialize)]
pub(super) struct DeleteRequest {
    #[serde(rename = "DBSnapshotIdentifier")]
    identifier: String,
}

pub(super) fn delete(state: &mut State, ctx: &RdsContext, wanted: &DeleteRequest) -> Result<Xml, Error> {
    let view = ViewContext::of(state);
    let snapshot = ctx.own_snapshot(state, &wanted.identifier)?;
    if snapshot.origin == Origin::Automated {
        return Err(ctx.kind.invalid_snapshot_state("Only manual snapshots may be deleted."));
    }
    // Deleting the target of a copy in progress cancels the copy.
    if let Status::Creating(_) = snapshot.status {
        snapshot.check_available(ctx.kind)?;
    }
    let view = snapshot_response(snapshot, Viewer::Deleter, view);
    let uid = snapshot.uid.clone();
    if let Some(gone) = remove(state, &uid) {
        match gone.status {
            Status::Copying(..) => record_event(state, &uid.arn, EventKind::CopyCancelled(gone.copy_of.as_ref())),
            _ => record_event(state, &uid.arn, EventKind::Deleted),
        }
    }
    Ok(view)
}

/// Removes a snapshot for its owner and for all accounts it is shared with. Copies of it that are in progress follow the world's
/// answer to `source-deleted`.
pub(super) fn remove(state: &mut State, uid: &SnapshotUid) -> Option<Snapshot> {
    find_snapshot_by_uid(state, uid)?;
    let Arn { kind, account, region, id, .. } = &uid.arn;
    let gone = state.region_state(account, region).rds.family(*kind).snapshots.remove(id)?;
    state.meter.stop(state.now, bill::BillItem::Storage, &uid.arn.to_string());
    incremental::remove(state, &gone);
    volumes::remove_snapshot(state, uid);
    gone.shared_with.iter().for_each(|with| remove_share(state, &uid.arn, with));
    for copy in &gone.copies {
        copy::source_deleted(state, copy);
    }
    if let Status::Copying(..) = gone.status {
        copy::copy_ended(state, &gone);
    }
    Some(gone)
}
