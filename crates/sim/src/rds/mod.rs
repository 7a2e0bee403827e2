//! Relational Database Service: databases and their snapshots.
//!
//! Instances and clusters are handled by the same code with two spellings (`kind`). A database (`databases`) has
//! snapshots (`snapshots`), which are created manually or daily (`lifecycle`, `backups`), described (`describe`),
//! shared (`share`), copied (`copy`, `incremental`) and tagged (`tags`), and which have events (`events`, `subscriptions`). `view`
//! builds the responses for owners and other accounts. `permissions` lists the permissions that each operation
//! requires.
//!
//! Invariant: only lists take longer with more snapshots. Items are stored by name, and counts are updated as items are
//! added and removed.

mod automated_backups;
mod backups;
mod categories;
mod copy;
mod databases;
mod describe;
mod engines;
mod events;
mod filters;
mod given;
mod groups;
mod identifiers;
mod incremental;
mod insights;
mod keys;
mod kind;
mod lifecycle;
mod managed_secret;
mod orderable;
mod paging;
mod permissions;
mod quotas;
mod restore;
mod rules;
mod scaling;
mod settings;
mod share;
mod snapshots;
mod storage;
mod subscriptions;
mod tags;
mod versions;
mod view;
mod volumes;
mod windows;

use std::collections::{BTreeMap, BTreeSet};

use crate::call::{Call, CallResult, Caller, Error, Service, run};
use crate::world::State;
use automated_backups::Backup;
pub(crate) use copy::source_region_lost;
use databases::{Database, Databases};
use events::Events;
pub(crate) use groups::network::{add_security_group, add_subnet, add_vpc};
use groups::{Groups, options, parameter_values, parameters, subnets};
use identifiers::{Arn, ResourceType};
use incremental::Copies;
use kind::Kind;
pub(crate) use orderable::WithheldClasses;
pub(crate) use permissions::required_permissions;
pub use quotas::Quotas;
pub use restore::outcome::RestoreFailure;
use settings::Setting;
use snapshots::{Progress, Snapshot, SnapshotUid, Snapshots};
use subscriptions::Subscription;
pub(crate) use versions::RetiredVersions;

pub(crate) fn serve(state: &mut State, mut call: Call) -> CallResult {
    let ctx = &RdsContext::of(&call);
    ctx.kind.read_parameters(&mut call)?;
    identifiers::refuse_arns(&call, |arn| arn.kind == ctx.kind && ctx.is_own(arn))?;
    run_operation(state, ctx, call).map_err(|error| ctx.kind.respell(error))
}

fn run_operation(state: &mut State, ctx: &RdsContext, call: Call) -> CallResult {
    match call.operation.as_str() {
        "CreateDBInstance" | "CreateDBCluster" => {
            Setting::check_parameters(&call, ctx.kind)?;
            run(call, |wanted| databases::create::create(state, ctx, wanted))
        }
        "DescribeDBInstances" | "DescribeDBClusters" => {
            run(call, |wanted| databases::describe::describe(state, ctx, &wanted))
        }
        "ModifyDBInstance" | "ModifyDBCluster" => {
            let mut call = call;
            Setting::read_modification(&mut call, ctx.kind)?;
            run(call, |wanted| databases::modify::modify(state, ctx, wanted))
        }
        "RebootDBInstance" | "RebootDBCluster" => run(call, |wanted| databases::power::reboot(state, ctx, &wanted)),
        "FailoverDBCluster" => run(call, |wanted| databases::power::fail_over(state, ctx, &wanted)),
        "StopDBInstance" | "StopDBCluster" => {
            databases::power::check_parameters(&call, ctx.kind)?;
            run(call, |wanted| databases::power::stop(state, ctx, &wanted))
        }
        "StartDBInstance" | "StartDBCluster" => run(call, |wanted| databases::power::start(state, ctx, &wanted)),
        "DeleteDBInstance" | "DeleteDBCluster" => run(call, |wanted| databases::delete::delete(state, ctx, &wanted)),
        "CreateDBSnapshot" | "CreateDBClusterSnapshot" => run(call, |wanted| lifecycle::create(state, ctx, wanted)),
        "DescribeDBSnapshots" | "DescribeDBClusterSnapshots" => {
            run(call, |wanted| describe::describe(state, ctx, &wanted))
        }
        "CopyDBSnapshot" | "CopyDBClusterSnapshot" => run(call, |wanted| copy::copy(state, ctx, wanted)),
        "DeleteDBSnapshot" | "DeleteDBClusterSnapshot" => run(call, |wanted| lifecycle::delete(state, ctx, &wanted)),
        "ModifyDBSnapshotAttribute" | "ModifyDBClusterSnapshotAttribute" => {
            run(call, |wanted| share::modify(state, ctx, wanted))
        }
        "DescribeDBSnapshotAttributes" | "DescribeDBClusterSnapshotAttributes" => {
            run(call, |wanted| share::describe(state, ctx, &wanted))
        }
        "AddTagsToResource" => run(call, |wanted| tags::add(state, ctx, wanted)),
        "RemoveTagsFromResource" => run(call, |wanted| tags::remove(state, ctx, wanted)),
        "ListTagsForResource" => run(call, |wanted| tags::list(state, ctx, &wanted)),
        "DescribeOptionGroups" => run(call, |wanted| options::describe(state, ctx, &wanted)),
        "CreateDBParameterGroup" | "CreateDBClusterParameterGroup" => {
            run(call, |wanted| parameters::create(state, ctx, wanted))
        }
        "DescribeDBParameterGroups" | "DescribeDBClusterParameterGroups" => {
            run(call, |wanted| parameters::describe(state, ctx, &wanted))
        }
        "DeleteDBParameterGroup" | "DeleteDBClusterParameterGroup" => {
            run(call, |wanted| parameters::delete(state, ctx, &wanted))
        }
        "ModifyDBParameterGroup" | "ModifyDBClusterParameterGroup" => {
            run(call, |wanted| parameter_values::modify(state, ctx, &wanted))
        }
        "ResetDBParameterGroup" | "ResetDBClusterParameterGroup" => {
            run(call, |wanted| parameter_values::reset(state, ctx, &wanted))
        }
        "DescribeDBParameters" | "DescribeDBClusterParameters" => {
            run(call, |wanted| parameter_values::describe(state, ctx, &wanted))
        }
        "DescribeEngineDefaultParameters" => {
            run(call, |wanted| parameter_values::describe_defaults(state, ctx, &wanted))
        }
        "DescribeDBInstanceAutomatedBackups" | "DescribeDBClusterAutomatedBackups" => {
            run(call, |wanted| automated_backups::describe(state, ctx, &wanted))
        }
        "DeleteDBInstanceAutomatedBackup" | "DeleteDBClusterAutomatedBackup" => {
            run(call, |wanted| automated_backups::delete(state, ctx, &wanted))
        }
        "RestoreDBInstanceFromDBSnapshot" | "RestoreDBClusterFromSnapshot" => {
            restore::check_parameters(&call)?;
            run(call, |wanted| restore::from_snapshot::from_snapshot(state, ctx, wanted))
        }
        "RestoreDBInstanceToPointInTime" | "RestoreDBClusterToPointInTime" => {
            restore::check_parameters(&call)?;
            run(call, |wanted| restore::point_in_time::to_point_in_time(state, ctx, wanted))
        }
        "CreateOptionGroup" => run(call, |wanted| options::create(state, ctx, wanted)),
        "ModifyOptionGroup" => run(call, |wanted| options::modify(state, ctx, wanted)),
        "DeleteOptionGroup" => run(call, |wanted| options::delete(state, ctx, &wanted)),
        "CreateDBSubnetGroup" => run(call, |wanted| subnets::create(state, ctx, wanted)),
        "ModifyDBSubnetGroup" => run(call, |wanted| subnets::modify(state, ctx, wanted)),
        "DescribeDBSubnetGroups" => run(call, |wanted| subnets::describe(state, ctx, &wanted)),
        "DeleteDBSubnetGroup" => run(call, |wanted| subnets::delete(state, ctx, &wanted)),
        "DescribeOrderableDBInstanceOptions" => run(call, |wanted| orderable::describe(state, ctx, &wanted)),
        "DescribeDBEngineVersions" => run(call, |wanted| versions::describe(state, &wanted)),
        "DescribeAccountAttributes" => run(call, |wanted| quotas::describe(state, ctx, &wanted)),
        "DescribeEvents" => run(call, |wanted| events::describe(state, ctx, &wanted)),
        "DescribeEventCategories" => run(call, |wanted| categories::describe(&wanted)),
        "CreateEventSubscription" => run(call, |wanted| subscriptions::create(state, ctx, wanted)),
        "DescribeEventSubscriptions" => run(call, |wanted| subscriptions::describe(state, ctx, &wanted)),
        "ModifyEventSubscription" => run(call, |wanted| subscriptions::modify(state, ctx, wanted)),
        "DeleteEventSubscription" => run(call, |wanted| subscriptions::delete(state, ctx, &wanted)),
        operation => Err(Error::unknown_operation(Service::Rds, operation)),
    }
}

/// The state of RDS in one region of one account.
#[derive(Default)]
pub(crate) struct Rds {
    instances: Family,
    clusters: Family,
    copies: Copies,
    groups: Groups,
    /// The number of copies in progress from each other region.
    cross_region_copies: BTreeMap<(String, Kind), usize>,
    events: Events,
    subscriptions: BTreeMap<String, Subscription>,
    /// The last number given to a [`SnapshotUid`].
    last_snapshot_number: u64,
}

/// The databases of one kind, and their snapshots.
#[derive(Default)]
struct Family {
    databases: Databases,
    snapshots: Snapshots,
    /// The backups of deleted databases, by the resource identifier of the database.
    retained: BTreeMap<String, Backup>,
    /// The storage of restored databases that is not loaded yet, by their resource identifier.
    loading: BTreeMap<String, Progress>,
    /// Snapshots that other accounts share with this account. Public snapshots are in the state of an account named
    /// `all`.
    shared: BTreeSet<Arn>,
}

impl Rds {
    fn family(&mut self, kind: Kind) -> &mut Family {
        match kind {
            Kind::Instance => &mut self.instances,
            Kind::Cluster => &mut self.clusters,
        }
    }

    fn next_snapshot_number(&mut self) -> u64 {
        self.last_snapshot_number += 1;
        self.last_snapshot_number
    }
}

/// The caller, the region, and the kind of the operation.
struct RdsContext {
    caller: Caller,
    region: String,
    kind: Kind,
}

impl RdsContext {
    fn of(call: &Call) -> Self {
        let kind = Kind::of_operation(&call.operation);
        Self { caller: call.caller.clone(), region: call.region.clone(), kind }
    }

    fn rds<'s>(&self, state: &'s mut State) -> &'s mut Rds {
        &mut state.region_state(&self.caller.account, &self.region).rds
    }

    fn family<'s>(&self, state: &'s mut State) -> &'s mut Family {
        self.rds(state).family(self.kind)
    }

    /// The ARN of a resource of the caller in this region.
    fn arn(&self, resource_type: ResourceType, id: &str) -> Arn {
        let (account, region) = (self.caller.account.clone(), self.region.clone());
        let kind = resource_type.kind_in_arn(self.kind);
        Arn { kind, resource_type, account, region, id: id.to_ascii_lowercase() }
    }

    /// The parameter with the identifier of a database.
    fn parameter_of_id(&self) -> String {
        format!("{}Identifier", self.kind.spelling().database)
    }

    fn subscription_arn(&self, name: &str) -> String {
        subscriptions::subscription_arn(&self.region, &self.caller.account, name)
    }

    /// The ARN of a resource that is named by its identifier, if it is the caller's own in this region, or by its ARN.
    /// `None`: the ARN of another type.
    fn arn_of(&self, resource_type: ResourceType, named: &str) -> Option<Arn> {
        if named.starts_with(identifiers::PREFIX) {
            Arn::parse(named).filter(|arn| (arn.kind, arn.resource_type) == (self.kind, resource_type))
        } else {
            Some(self.arn(resource_type, named))
        }
    }

    fn is_own(&self, arn: &Arn) -> bool {
        arn.account == self.caller.account && arn.region == self.region
    }

    fn snapshot_arn(&self, named: &str) -> Result<Arn, Error> {
        self.arn_of(ResourceType::Snapshot, named).ok_or_else(|| self.kind.snapshot_not_found(named))
    }

    /// The snapshot, if it is the caller's own in this region.
    fn own_snapshot<'s>(&self, state: &'s mut State, named: &str) -> Result<&'s mut Snapshot, Error> {
        let arn = self.snapshot_arn(named)?;
        let snapshot = if self.is_own(&arn) { find_snapshot(state, &arn) } else { None };
        snapshot.ok_or_else(|| self.kind.snapshot_not_found(named))
    }

    /// The database, if it is the caller's own in this region.
    fn own_database<'s>(&self, state: &'s mut State, named: &str) -> Result<&'s mut Database, Error> {
        let arn = self.arn_of(ResourceType::Database, named).filter(|arn| self.is_own(arn));
        arn.and_then(|arn| find_database(state, &arn)).ok_or_else(|| self.kind.database_not_found(named))
    }
}

fn find_database<'s>(state: &'s mut State, arn: &Arn) -> Option<&'s mut Database> {
    state.region_state(&arn.account, &arn.region).rds.family(arn.kind).databases.get_mut(&arn.id)
}

fn find_snapshot<'s>(state: &'s mut State, arn: &Arn) -> Option<&'s mut Snapshot> {
    state.region_state(&arn.account, &arn.region).rds.family(arn.kind).snapshots.get_mut(&arn.id)
}

/// The databases and snapshots of a kind in a region of an account, to read them.
fn read_family<'s>(state: &'s State, account: &str, region: &str, kind: Kind) -> Option<&'s Family> {
    let rds = &state.used_region_state(account, region)?.rds;
    Some(match kind {
        Kind::Instance => &rds.instances,
        Kind::Cluster => &rds.clusters,
    })
}

/// The snapshot, to read it.
fn read_snapshot<'s>(state: &'s State, arn: &Arn) -> Option<&'s Snapshot> {
    read_family(state, &arn.account, &arn.region, arn.kind)?.snapshots.get(&arn.id)
}

/// The snapshot with this UID, unless it was deleted.
fn find_snapshot_by_uid<'s>(state: &'s mut State, uid: &SnapshotUid) -> Option<&'s mut Snapshot> {
    find_snapshot(state, &uid.arn).filter(|snapshot| snapshot.uid == *uid)
}
