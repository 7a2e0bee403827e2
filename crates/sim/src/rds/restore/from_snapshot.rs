//! Restoring from snapshots: `RestoreDBInstanceFromDBSnapshot` and `RestoreDBClusterFromSnapshot`.

use serde_json::Value;

use super::super::databases::DatabaseUid;
use super::super::databases::plan::{Data, Origin};
use super::super::describe::viewer;
use super::super::filters::unnamed_code;
use super::super::given::WithSettings;
use super::super::identifiers::{Arn, ResourceType};
use super::super::kind::Kind;
use super::super::snapshots::Snapshot;
use super::super::tags::Tags;
use super::super::view::Viewer;
use super::super::{RdsContext, find_snapshot};
use super::{RestoreRequest, Source, restore};
use crate::call::Error;
use crate::questions::RestoredTags;
use crate::world::State;

pub(in crate::rds) fn from_snapshot(
    state: &mut State,
    ctx: &RdsContext,
    WithSettings { request, given }: WithSettings<RestoreRequest>,
) -> Result<Value, Error> {
    let id = request.new_identifier(state, ctx)?;
    let named = match ctx.kind {
        Kind::Instance => {
            request.snapshot.as_deref().ok_or_else(|| Error::missing_parameter("DBSnapshotIdentifier"))?
        }
        Kind::Cluster => {
            request.snapshot_for_cluster.as_deref().ok_or_else(|| Error::missing_parameter("SnapshotIdentifier"))?
        }
    };
    let snapshot = find(state, ctx, named)?;
    let source = Source {
        facts: snapshot.database.clone(),
        key: snapshot.key.clone(),
        tags: tags(state, &snapshot),
        option_group: snapshot.option_group.clone(),
        // "For snapshot restore operations, the clone group ID isn't inherited from the source cluster" (`CloneGroupId`).
        clone_group: None,
        data: Data::Snapshot(snapshot.uid.clone()),
        origin: Origin::FromSnapshot(snapshot.arn().id.clone()),
        is_clone: false,
    };
    let engine = request.engine(ctx.kind, &source, ctx.kind == Kind::Cluster)?;
    restore(state, ctx, (id, engine), (request, given), source)
}

/// The snapshot, if the caller may restore it. "If you are restoring from a shared manual DB snapshot, the DBSnapshotIdentifier must be
/// the ARN of the shared DB snapshot" (`DBSnapshotIdentifier`).
fn find(state: &mut State, ctx: &RdsContext, named: &str) -> Result<Snapshot, Error> {
    if let (Kind::Cluster, Some(Arn { kind: Kind::Instance, resource_type: ResourceType::Snapshot, .. })) =
        (ctx.kind, Arn::parse(named))
    {
        return Err(Error::not_simulated("restoring the snapshot of an instance as a cluster".to_owned()));
    }
    let arn = ctx.snapshot_arn(named)?;
    let found = if arn.region == ctx.region { find_snapshot(state, &arn) } else { None };
    let visible = found.and_then(|found| Some((viewer(found, &ctx.caller.account)?, found.clone())));
    let (viewer, snapshot) = visible.ok_or_else(|| ctx.kind.snapshot_not_found(named))?;
    snapshot.check_available(ctx.kind)?;
    // "You can't restore a DB instance from a DB snapshot that is both shared and encrypted. Instead, you can make a copy of the DB
    // snapshot and restore the DB instance from the copy" (RDS User Guide, "Restoring to a DB instance"); the Aurora guide has the
    // same. No text names the error.
    if viewer != Viewer::Owner && snapshot.key.is_some() {
        let message = format!("The snapshot {arn} is both shared and encrypted. Copy it, and restore the copy.");
        return Err(Error::new(unnamed_code(state.settings.answers.unnamed_errors), message));
    }
    Ok(snapshot)
}

/// The tags that a database has if the request has none: the world's answer to `restored-tags`.
fn tags(state: &mut State, snapshot: &Snapshot) -> Tags {
    match state.settings.answers.restored_tags {
        RestoredTags::OfTheSnapshot => snapshot.tags.clone(),
        RestoredTags::OfTheDatabase => {
            let database = DatabaseUid::new(snapshot.arn(), &snapshot.database.resource_id).find(state);
            database.map(|database| database.tags.clone()).unwrap_or_default()
        }
    }
}

impl Source {
    /// Whether the source is a database at a time, and not a snapshot.
    pub(super) fn is_to_time(&self) -> bool {
        matches!(self.data, Data::PointInTime { .. })
    }
}
