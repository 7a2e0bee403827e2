//! Deleting databases.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::super::events::{EventKind, record_event};
use super::super::kind::Kind;
use super::super::lifecycle::{check_can_create, check_snapshot_id, start_snapshot};
use super::super::rules::invalid_combination;
use super::super::snapshots::Origin;
use super::super::{RdsContext, automated_backups, backups, find_snapshot_by_uid, keys, managed_secret, volumes};
use super::changes::{self, Step};
use super::members;
use super::{Database, DatabaseUid, Status, Use};
use crate::call::Error;
use crate::kms;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct DeleteRequest {
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
pub(in crate::rds) fn delete(state: &mut State, ctx: &RdsContext, wanted: &DeleteRequest) -> Result<Value, Error> {
    let found = ctx.own_database(state, &wanted.identifier)?;
    let (arn, uid) = (found.arn.clone(), found.uid());
    if let Status::Deleting | Status::TakingFinalSnapshot = found.status {
        let message = format!("{} {} is already being deleted.", ctx.kind.spelling().database, arn.id);
        return Err(ctx.kind.invalid_database_state(message));
    }
    let cluster = found.cluster.clone();
    check_is_not_stopped(state, cluster.as_ref().unwrap_or(&uid))?;
    let found = ctx.own_database(state, &wanted.identifier)?;
    if let Some(cluster) = &cluster {
        check_member(found, wanted)?;
        return delete_member(state, ctx, cluster, &uid);
    }
    found.check(Use::Delete)?;
    check_protection(found, ctx.kind)?;
    // "If you delete a read replica or an RDS Custom instance, you must enable this setting" (`SkipFinalSnapshot`).
    if found.facts.engine.product.is_custom() && !wanted.skip_final_snapshot {
        return Err(invalid_combination("SkipFinalSnapshot is required to delete an RDS Custom instance."));
    }
    check_members(state, &uid)?;
    let found = ctx.own_database(state, &wanted.identifier)?;
    let (tags, wanted_backups) = (found.tags_for_snapshots(), wanted.delete_automated_backups);
    if !wanted_backups && found.facts.retention_days > 0 {
        automated_backups::check_can_retain(state, ctx)?;
    }
    let found = ctx.own_database(state, &wanted.identifier)?;
    let last = match (wanted.skip_final_snapshot, &wanted.final_snapshot) {
        (true, None) => None,
        (false, Some(named)) => {
            found.check(Use::Snapshot)?;
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
    let taking = last.map(|taken| (taken - state.now).to_std().unwrap_or_default());
    let gone = || Step::end().with(move |state, uid| remove(state, uid, wanted_backups));
    let deleting = |duration: Option<Duration>| match duration {
        Some(duration) => Step::lasting_exactly(Status::Deleting, duration),
        None => Step::lasting(Status::Deleting, |durations| durations.deletion),
    };
    let steps = match (ctx.kind, taking) {
        (_, None) => vec![deleting(None), gone()],
        // An instance is not gone before its final snapshot is available.
        (Kind::Instance, Some(taking)) => {
            vec![deleting(Some(taking.max(state.settings.durations.deletion.longest))), gone()]
        }
        (Kind::Cluster, Some(taking)) => {
            vec![Step::lasting_exactly(Status::TakingFinalSnapshot, taking), deleting(None), gone()]
        }
    };
    changes::start(state, &uid, steps);
    // "If you're deleting a Multi-AZ DB cluster …, all cluster members are terminated" (`DeleteDBCluster`).
    for member in members::of(state, &uid) {
        if member.find(state).is_some_and(|member| member.status != Status::Deleting) {
            let taking = taking.map(|taking| Step::lasting_exactly(Status::Deleting, taking));
            let steps = taking.into_iter().chain([deleting(None), gone()]).collect();
            changes::start(state, &member, steps);
        }
    }
    ctx.response(state, &uid)
}

/// "You can't delete a cluster if it's in the stopped state. In this case, start the cluster before deleting it" (Aurora User Guide,
/// "Deleting a stopped Aurora cluster"). Users report the response, also for its instances
/// (github.com/hashicorp/terraform-provider-aws/issues/28262).
fn check_is_not_stopped(state: &mut State, database: &DatabaseUid) -> Result<(), Error> {
    match database.find(state) {
        Some(found) if database.kind == Kind::Cluster && found.status == Status::Stopped => {
            Err(database.kind.invalid_database_state(format!("Db cluster {} is in stopped state", found.arn.id)))
        }
        _ => Ok(()),
    }
}

/// An Aurora cluster is deleted after its instances. The Aurora User Guide has the response ("Deleting an Aurora cluster with a single DB
/// instance").
fn check_members(state: &mut State, cluster: &DatabaseUid) -> Result<(), Error> {
    if cluster.find(state).is_none_or(|found| found.facts.engine.has_fixed_storage()) {
        return Ok(());
    }
    for member in members::of(state, cluster) {
        if member.find(state).is_some_and(|member| member.status != Status::Deleting) {
            let message = "Cluster cannot be deleted, it still contains DB instances in non-deleting state.";
            return Err(cluster.kind.invalid_database_state(message));
        }
    }
    Ok(())
}

/// What a request to delete an instance of a cluster cannot have.
fn check_member(member: &Database, wanted: &DeleteRequest) -> Result<(), Error> {
    if member.facts.engine.has_fixed_storage() {
        let message = "An instance of a Multi-AZ DB cluster is deleted with its cluster.";
        return Err(Error::new("InvalidDBClusterStateFault", message));
    }
    match &wanted.final_snapshot {
        Some(_) => {
            Err(invalid_combination("FinalDBSnapshotIdentifier can not be specified when deleting a cluster instance"))
        }
        None => member.check(Use::Delete),
    }
}

/// "If the DB cluster … has one or more Aurora Replicas, one is promoted": deleting the writer is a failover. "DB instances in a DB cluster
/// can be deleted even when deletion protection is enabled for the DB cluster" (`DeletionProtection`).
fn delete_member(
    state: &mut State,
    ctx: &RdsContext,
    cluster: &DatabaseUid,
    member: &DatabaseUid,
) -> Result<Value, Error> {
    let steps = vec![
        Step::lasting(Status::Deleting, |durations| durations.deletion),
        Step::end().with(|state, uid| remove(state, uid, true)),
    ];
    changes::start(state, member, steps);
    let is_writer = cluster.find(state).is_some_and(|found| found.members.is_writer(&member.resource_id));
    if let Some(next) = is_writer.then(|| members::successor(state, cluster)).flatten() {
        members::fail_over(state, cluster, &next);
    }
    ctx.response(state, member)
}

fn remove(state: &mut State, uid: &DatabaseUid, with_backups: bool) {
    // A cluster is there as long as its instances.
    if !members::of(state, uid).is_empty() {
        let steps = vec![
            Step::lasting(Status::Deleting, |durations| durations.deletion),
            Step::end().with(move |state, uid| remove(state, uid, with_backups)),
        ];
        return changes::start(state, uid, steps);
    }
    let is_retained = !with_backups && automated_backups::retain(state, uid);
    let Some(gone) = uid.remove(state) else { return };
    members::leave(state, &gone);
    if let Some(grant) = &gone.grant {
        kms::retire_of_service(state, grant);
    }
    if let Some(secret) = &gone.secret {
        managed_secret::remove(state, secret);
    }
    volumes::remove(state, uid, is_retained);
    if with_backups {
        for id in gone.former_ids.iter().chain([&gone.arn.id]) {
            backups::remove_all(state, &gone.arn_beside(uid.kind, id), &uid.resource_id);
        }
    }
    record_event(state, &gone.arn, EventKind::DatabaseDeleted);
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
