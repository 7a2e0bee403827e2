//! Rebooting, stopping and starting databases, and failing over.

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::Value;

use super::super::RdsContext;
use super::super::events::{EventKind, record_event};
use super::super::keys::has_usable_key;
use super::super::kind::Kind;
use super::super::lifecycle::{check_can_create, check_snapshot_id, start_snapshot};
use super::super::rules::{invalid, invalid_combination};
use super::super::snapshots::Origin;
use super::super::tags::Tags;
use super::changes::{self, Step};
use super::members::{self, LONGEST_STOP};
use super::plan::became_available;
use super::{DatabaseUid, Status, Use};
use crate::call::{Call, Error};
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct RebootRequest {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: String,
    #[serde(default)]
    force_failover: bool,
}

pub(in crate::rds) fn reboot(state: &mut State, ctx: &RdsContext, wanted: &RebootRequest) -> Result<Value, Error> {
    let found = ctx.own_database(state, &wanted.identifier)?;
    let (uid, engine) = (found.uid(), found.facts.engine);
    // "Use this operation only for a non-Aurora Multi-AZ DB cluster" (`RebootDBCluster`). No text has the codes of these refusals.
    if ctx.kind == Kind::Cluster && !engine.has_fixed_storage() {
        return Err(not_for(engine.name, "RebootDBCluster"));
    }
    // "You can't enable force failover if the instance isn't configured for Multi-AZ." (`ForceFailover`)
    if wanted.force_failover && !found.facts.settings.flag("MultiAZ") {
        return Err(invalid_combination("You cannot force a failover of an instance that is not Multi-AZ."));
    }
    found.check(Use::Reboot)?;
    reboot_one(state, &uid, wanted.force_failover);
    for member in members::of(state, &uid) {
        reboot_one(state, &member, false);
    }
    ctx.response(state, &uid)
}

/// "the DB instance status is set to rebooting" (`RebootDBInstance`). A reboot applies the parameters that wait for one.
fn reboot_one(state: &mut State, uid: &DatabaseUid, with_failover: bool) {
    let steps = vec![
        Step::lasting(Status::Rebooting, |durations| durations.reboot).with(move |state, uid| {
            record(state, uid, if with_failover { 13 } else { 4 });
        }),
        Step::resting(Status::Available).with(move |state, uid| {
            if let Some(found) = uid.find(state) {
                found.memberships.rebooted();
                if with_failover {
                    found.swap_zones();
                }
            }
            // The other instances of the cluster still wait for their own reboots. No text states it of those
            // that join it later: here they do not.
            let cluster = uid.find(state).and_then(|found| found.cluster.clone());
            if let Some(cluster) = cluster.and_then(|cluster| cluster.find(state)) {
                cluster.memberships.rebooted();
            }
            record(state, uid, 6);
            if with_failover {
                record(state, uid, 49);
            }
            super::pending::proceed(state, uid);
        }),
    ];
    changes::start(state, uid, steps);
}

fn record(state: &mut State, uid: &DatabaseUid, number: u16) {
    if let Some(arn) = uid.arn(state) {
        record_event(state, &arn, EventKind::Numbered(number));
    }
}

fn not_for(engine: &str, operation: &str) -> Error {
    invalid_combination(format!("{engine} databases are not eligible for {operation}."))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct StopRequest {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: String,
    #[serde(rename = "DBSnapshotIdentifier")]
    snapshot: Option<String>,
}

/// `StopDBCluster` has no snapshot.
pub(in crate::rds) fn check_parameters(call: &Call, kind: Kind) -> Result<(), Error> {
    if kind == Kind::Cluster && call.input.has("DBSnapshotIdentifier") {
        return Err(Error::not_simulated("the parameter DBClusterSnapshotIdentifier of rds:StopDBCluster".to_owned()));
    }
    Ok(())
}

pub(in crate::rds) fn stop(state: &mut State, ctx: &RdsContext, wanted: &StopRequest) -> Result<Value, Error> {
    let found = ctx.own_database(state, &wanted.identifier)?;
    let (uid, arn, tags) = (found.uid(), found.arn.clone(), found.tags_for_snapshots());
    check_can_stop(found)?;
    found.check(Use::Stop)?;
    let taking = match &wanted.snapshot {
        Some(named) => Some(take_snapshot(state, ctx, &arn, named, tags)?),
        None => None,
    };
    for one in members::of(state, &uid).into_iter().chain([uid.clone()]) {
        stop_one(state, &one, taking);
    }
    ctx.response(state, &uid)
}

/// No text has the codes of these refusals. "This operation only applies to Aurora DB clusters" (`StopDBCluster`); "This command doesn't apply to RDS Custom, Aurora MySQL, and
/// Aurora PostgreSQL" (`StopDBInstance`). Users report the message for instances of clusters.
fn check_can_stop(database: &super::Database) -> Result<(), Error> {
    let engine = database.facts.engine;
    let is_possible = match database.arn.kind {
        Kind::Instance => database.cluster.is_none() && !engine.product.is_custom(),
        Kind::Cluster => !engine.has_fixed_storage(),
    };
    if is_possible {
        return Ok(());
    }
    let what = database.arn.kind.spelling().database;
    let what = if database.arn.kind == Kind::Instance { "DB instances" } else { what };
    Err(invalid_combination(format!("{} {what} are not eligible for stopping or starting.", engine.name)))
}

/// The snapshot of an instance that is stopped. Returns how long it takes.
fn take_snapshot(
    state: &mut State,
    ctx: &RdsContext,
    arn: &super::super::identifiers::Arn,
    named: &str,
    tags: Tags,
) -> Result<TimeDelta, Error> {
    let id = check_snapshot_id(ctx, named)?;
    check_can_create(state, ctx, &id)?;
    let taken = start_snapshot(state, arn, &id, Origin::Manual, tags);
    let until =
        taken.and_then(|uid| super::super::find_snapshot_by_uid(state, &uid)).and_then(|taken| taken.status.until());
    Ok(until.map_or(TimeDelta::zero(), |until| until - state.now))
}

fn stop_one(state: &mut State, uid: &DatabaseUid, taking: Option<TimeDelta>) {
    let stopped = if uid.kind == Kind::Instance { 87 } else { 150 };
    let mut steps = Vec::new();
    if let Some(taking) = taking.and_then(|taking| taking.to_std().ok()) {
        steps.push(Step::lasting_exactly(Status::Stopping, taking));
    }
    steps.push(Step::lasting(Status::Stopping, |durations| durations.stop));
    steps.push(Step::lasting_exactly(Status::Stopped, LONGEST_STOP).with(move |state, uid| {
        let restarts = state.now + LONGEST_STOP;
        if let Some(found) = uid.find(state) {
            found.restarts = Some(restarts);
        }
        record(state, uid, stopped);
    }));
    let starting = starting();
    steps.push(Step::end().with(move |state, uid| {
        record(state, uid, if uid.kind == Kind::Instance { 154 } else { 153 });
        changes::start(state, uid, starting);
    }));
    changes::start(state, uid, steps);
}

#[derive(Deserialize)]
pub(in crate::rds) struct StartRequest {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: String,
}

/// Starts a stopped database, or recovers one: "enable the KMS key and restart this DB instance".
pub(in crate::rds) fn start(state: &mut State, ctx: &RdsContext, wanted: &StartRequest) -> Result<Value, Error> {
    let found = ctx.own_database(state, &wanted.identifier)?;
    let (arn, uid, key) = (found.arn.clone(), found.uid(), found.key.clone());
    if found.cluster.is_some() {
        check_can_stop(found)?;
    }
    if !found.status.allows(Use::Start) {
        let (id, status) = (&arn.id, found.status.name());
        // As users of RDS reported.
        return Err(ctx.kind.invalid_database_state(match ctx.kind {
            Kind::Instance => format!(
                "Instance {id} cannot be started as it is not in one of the following statuses: 'stopped, \
                 inaccessible-encryption-credentials-recoverable, incompatible-network (only valid for non-SqlServer \
                 instances)'."
            ),
            Kind::Cluster => format!(
                "DbCluster {id} is in {status} state but expected it to be one of stopped, \
                 inaccessible-encryption-credentials-recoverable."
            ),
        }));
    }
    if !has_usable_key(state, &arn) {
        let message = format!("The KMS key [{}] of {arn} is not enabled.", key.unwrap_or_default());
        return Err(Error::new("KMSKeyNotAccessibleFault", message));
    }
    for one in members::of(state, &uid).into_iter().chain([uid.clone()]) {
        let steps = starting();
        changes::start(state, &one, steps);
    }
    ctx.response(state, &uid)
}

fn starting() -> Vec<Step> {
    vec![
        Step::lasting(Status::Starting, |durations| durations.start).with(|state, uid| {
            if let Some(found) = uid.find(state) {
                (found.key_lost, found.restarts) = (None, None);
            }
        }),
        Step::resting(Status::Available).with(|state, uid| {
            if let Some(found) = uid.find(state) {
                found.memberships.rebooted();
            }
            became_available(state, uid, EventKind::DatabaseStarted);
            super::pending::proceed(state, uid);
        }),
    ]
}

#[derive(Deserialize)]
pub(in crate::rds) struct FailoverRequest {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: String,
    #[serde(rename = "TargetDBInstanceIdentifier")]
    target: Option<String>,
}

/// `FailoverDBCluster`: another instance of the cluster becomes its writer.
pub(in crate::rds) fn fail_over(state: &mut State, ctx: &RdsContext, wanted: &FailoverRequest) -> Result<Value, Error> {
    let found = ctx.own_database(state, &wanted.identifier)?;
    found.check(Use::Reboot)?;
    let cluster = found.uid();
    let to =
        match &wanted.target {
            None => members::successor(state, &cluster),
            Some(named) => {
                let all = members::of(state, &cluster);
                let target =
                    all.into_iter().skip(1).find(|member| member.arn(state).is_some_and(|arn| arn.is_named(named)));
                Some(target.ok_or_else(|| {
                    invalid(format!("Invalid failover target {named}: it is no reader of the cluster."))
                })?)
            }
        };
    // The code is the only one of the operation's errors that fits.
    let to =
        to.ok_or_else(|| ctx.kind.invalid_database_state("The cluster has no reader that could become its writer."))?;
    members::fail_over(state, &cluster, &to);
    ctx.response(state, &cluster)
}
