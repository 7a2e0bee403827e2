//! Quotas of an account in a region. `DescribeAccountAttributes` reports all that AWS's API reference names; those that
//! nothing here counts towards are reported unused.

use serde::Deserialize;
use serde_json::{Value, json};

use super::groups::subnets::MAX_SUBNETS;
use super::kind::Kind;
use super::{Rds, RdsContext};
use crate::call::Error;
use crate::world::{Settings, State};

/// The quotas that are enforced, besides those of snapshots. The defaults are AWS's (*Quotas for Amazon RDS*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// DB instances, with those of clusters. Also that of retained automated backups: "The retained automated backups quota is
    /// the same as your DB instance quota."
    pub instances: usize,
    /// DB clusters, and the retained automated backups of clusters.
    pub clusters: usize,
    /// DB parameter groups that are not defaults.
    pub parameter_groups: usize,
    /// The same of clusters.
    pub cluster_parameter_groups: usize,
    /// Option groups that are not defaults.
    pub option_groups: usize,
    /// DB subnet groups.
    pub subnet_groups: usize,
    /// The storage of all DB instances together, in GiB.
    pub storage_gib: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            instances: 40,
            clusters: 40,
            parameter_groups: 50,
            cluster_parameter_groups: 50,
            option_groups: 20,
            subnet_groups: 50,
            storage_gib: 100_000,
        }
    }
}

/// A quota that responses report: its name, what counts towards it, and its maximum. Counting the storage of many databases takes long,
/// so it is done only where it is asked for.
type Reported = (&'static str, fn(&mut Rds) -> usize, usize);

/// With the names in the API reference (`AccountQuota`).
fn all(settings: &Settings) -> [Reported; 18] {
    let (quotas, snapshots) = (settings.quotas, settings.snapshot_quota);
    let nothing = |_: &mut Rds| 0;
    [
        ("AllocatedStorage", |rds| storage_gib(rds), quotas.storage_gib),
        ("AuthorizationsPerDBSecurityGroup", nothing, 20),
        ("CustomEndpointsPerDBCluster", nothing, 5),
        ("DBClusterParameterGroups", |rds| rds.parameter_group_count(Kind::Cluster), quotas.cluster_parameter_groups),
        ("DBClusterRoles", nothing, 5),
        ("DBClusters", |rds| rds.clusters.databases.count(), quotas.clusters),
        ("DBInstanceRoles", nothing, 5),
        ("DBInstances", |rds| rds.instances.databases.count(), quotas.instances),
        ("DBParameterGroups", |rds| rds.parameter_group_count(Kind::Instance), quotas.parameter_groups),
        ("DBSecurityGroups", nothing, 25),
        ("DBSubnetGroups", |rds| rds.subnet_groups().len(), quotas.subnet_groups),
        ("EventSubscriptions", |rds| rds.subscriptions.len(), 20),
        ("ManualClusterSnapshots", |rds| rds.clusters.snapshots.manual_count(), snapshots),
        ("ManualSnapshots", |rds| rds.instances.snapshots.manual_count(), snapshots),
        ("OptionGroups", |rds| rds.option_groups().len(), quotas.option_groups),
        ("ReadReplicasPerMaster", nothing, 15),
        ("ReservedDBInstances", nothing, 40),
        ("SubnetsPerDBSubnetGroup", |rds| rds.most_subnets(), MAX_SUBNETS),
    ]
}

/// "The used value is the total allocated storage in the account, in GiB." That of Aurora is not allocated.
fn storage_gib(rds: &Rds) -> usize {
    let instances = rds.instances.databases.by_id().values();
    let allocated = instances.filter_map(|database| database.facts.settings.number("AllocatedStorage"));
    allocated.filter_map(|gib| usize::try_from(gib).ok()).sum()
}

/// The operation has no parameters.
#[derive(Deserialize)]
pub(super) struct DescribeRequest {}

pub(super) fn describe(state: &mut State, ctx: &RdsContext, _: &DescribeRequest) -> Result<Value, Error> {
    let all = all(&state.settings);
    let rds = ctx.rds(state);
    let quotas = all.map(|(name, used, max)| json!({ "AccountQuotaName": name, "Used": used(rds), "Max": max }));
    Ok(json!({ "AccountQuotas": quotas }))
}

/// Checks that one more database of the context's kind fits, with this allocated storage.
pub(super) fn check_databases(state: &mut State, ctx: &RdsContext, gib: Option<u32>) -> Result<(), Error> {
    let (used, most) = counted(state, ctx, ["DBInstances", "DBClusters"]);
    if used >= most {
        return Err(match ctx.kind {
            Kind::Instance => Error::new("InstanceQuotaExceeded", "DB Instance quota exceeded"),
            Kind::Cluster => Error::new("DBClusterQuotaExceededFault", "DB Cluster quota exceeded").status(403),
        });
    }
    let (used, most) = counted(state, ctx, ["AllocatedStorage"; 2]);
    let gib = gib.and_then(|gib| usize::try_from(gib).ok()).unwrap_or_default();
    if used + gib > most {
        let message = format!(
            "The storage quota of {most} GiB is exceeded: {used} GiB are in use, and {gib} GiB were requested."
        );
        return Err(Error::new("StorageQuotaExceeded", message));
    }
    Ok(())
}

pub(super) fn check_parameter_groups(state: &mut State, ctx: &RdsContext) -> Result<(), Error> {
    let names = ["DBParameterGroups", "DBClusterParameterGroups"];
    check(state, ctx, names, "DBParameterGroupQuotaExceeded")
}

pub(super) fn check_option_groups(state: &mut State, ctx: &RdsContext) -> Result<(), Error> {
    check(state, ctx, ["OptionGroups"; 2], "OptionGroupQuotaExceededFault")
}

pub(super) fn check_subnet_groups(state: &mut State, ctx: &RdsContext) -> Result<(), Error> {
    check(state, ctx, ["DBSubnetGroups"; 2], "DBSubnetGroupQuotaExceeded")
}

fn check(state: &mut State, ctx: &RdsContext, names: [&str; 2], code: &'static str) -> Result<(), Error> {
    let (used, most) = counted(state, ctx, names);
    if used < most { Ok(()) } else { Err(Error::new(code, format!("Cannot create more than {most} {}.", names[0]))) }
}

/// The use and the maximum of the quota of the context's kind.
fn counted(state: &mut State, ctx: &RdsContext, [of_instances, of_clusters]: [&str; 2]) -> (usize, usize) {
    let name = match ctx.kind {
        Kind::Instance => of_instances,
        Kind::Cluster => of_clusters,
    };
    let found = all(&state.settings).into_iter().find(|(known, ..)| *known == name);
    let rds = ctx.rds(state);
    found.map_or((0, 0), |(_, used, most)| (used(rds), most))
}
