//! Deleting databases.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::databases::{Database, Status};
use super::events::{EventKind, record_event};
use super::identifiers::Arn;
use super::kind::Kind;
use super::lifecycle::{check_can_create, check_snapshot_id, start_snapshot};
use super::rules::invalid_combination;
use super::snapshots::Origin;
use super::{RdsContext, backups, find_database_by_resource_id, find_snapshot_by_uid, keys, view};
use crate::call::Error;
use crate::kms;
use crate::world::State;

/// The minimum time until a database is deleted.
const DELETION: TimeDelta = TimeDelta::minutes(3);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteRequest {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: String,
    #[serde(default)]
    skip_final_snapshot: bool,
    #[serde(rename = "FinalDBSnapshotIdentifier")]
    final_snapshot: Option<String>,
    #[serde(default = "yes")]
    delete_automated_backups: bool,
}

fn yes() -> bool {
    true
}

/// An instance has the status `deleting` until it is gone, which is not before its final snapshot is available. A cluster
/// has it after its final snapshot is available.
pub(super) fn delete(state: &mut State, ctx: &RdsContext, wanted: &DeleteRequest) -> Result<Value, Error> {
    let found = ctx.own_database(state, &wanted.identifier)?;
    let arn = found.arn.clone();
    if let Status::Deleting | Status::TakingFinalSnapshot = found.status {
        let message = format!("{} {} is already being deleted.", ctx.kind.spelling().database, arn.id);
        return Err(ctx.kind.invalid_database_state(message));
    }
    check_protection(found, ctx.kind)?;
    // "If you delete a read replica or an RDS Custom instance, you must enable this setting" (`SkipFinalSnapshot`).
    if found.facts.engine.product.is_custom() && !wanted.skip_final_snapshot {
        return Err(invalid_combination("SkipFinalSnapshot is required to delete an RDS Custom instance."));
    }
    let (tags, resource_id) = (found.tags_for_snapshots(), found.facts.resource_id.clone());
    let last = match (wanted.skip_final_snapshot, &wanted.final_snapshot) {
        (true, None) => None,
        (false, Some(named)) => {
            found.check_available(ctx.kind)?;
            if !keys::has_usable_key(state, &arn) {
                let message = format!("The KMS key of {arn} is not enabled, so no final snapshot can be taken.");
                return Err(Error::new("KMSKeyNotAccessibleFault", message));
            }
            let id = check_snapshot_id(ctx, named)?;
            check_can_create(state, ctx, &id)?;
            start_snapshot(state, &arn, &id, Origin::Manual, tags)
        }
        (false, None) => {
            let message = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.";
            return Err(invalid_combination(message));
        }
        (true, Some(_)) => {
            let message = "FinalDBSnapshotIdentifier cannot be specified when SkipFinalSnapshot is specified.";
            return Err(invalid_combination(message));
        }
    };
    let last = last.and_then(|last| find_snapshot_by_uid(state, &last)).and_then(|last| last.status.until());
    let found = ctx.own_database(state, &wanted.identifier)?;
    found.status =
        if ctx.kind == Kind::Cluster && last.is_some() { Status::TakingFinalSnapshot } else { Status::Deleting };
    let view = view::database(found);
    let with_backups = wanted.delete_automated_backups;
    match (ctx.kind, last) {
        (Kind::Cluster, Some(taken)) => state.at_in(&ctx.region, taken, move |state| {
            if let Some(found) = find_database_by_resource_id(state, &arn, &resource_id) {
                found.status = Status::Deleting;
                remove_at(state, state.now + DELETION, (arn, resource_id), with_backups);
            }
        }),
        (_, last) => {
            let ends = last.into_iter().fold(state.now + DELETION, DateTime::max);
            remove_at(state, ends, (arn, resource_id), with_backups);
        }
    }
    Ok(json!({ ctx.kind.spelling().database: view }))
}

fn remove_at(state: &mut State, at: DateTime<Utc>, (arn, resource_id): (Arn, String), with_backups: bool) {
    state.at_in(&arn.region.clone(), at, move |state| {
        let databases = &mut state.region_state(&arn.account, &arn.region).rds.family(arn.kind).databases;
        if let Some(grant) = databases.remove(&arn.id).and_then(|database| database.grant) {
            kms::retire_of_service(state, &grant);
        }
        if with_backups {
            backups::remove_all(state, &arn, &resource_id);
        }
        record_event(state, &arn, EventKind::DatabaseDeleted);
    });
}

/// "The database can't be deleted when deletion protection is enabled." The Aurora guide has the response for clusters,
/// users of RDS reported the one for instances.
fn check_protection(database: &Database, kind: Kind) -> Result<(), Error> {
    if !database.facts.settings.flag("DeletionProtection") {
        return Ok(());
    }
    let what = match kind {
        Kind::Instance => "DB Instance",
        Kind::Cluster => "Cluster",
    };
    Err(invalid_combination(format!(
        "Cannot delete protected {what}, please disable deletion protection and try again."
    )))
}
