//! The instances of clusters.
//!
//! Aurora's clusters have the instances that requests create, one of which writes. A Multi-AZ cluster is created with a writer and two
//! readers: "the request creates a writer and two reader DB instances for you" (`CreateDBCluster`). Most settings of an instance in a
//! cluster are those of the cluster.

use std::cmp::Reverse;
use std::time::Duration;

use super::super::events::{EventKind, record_event};
use super::super::kind::Kind;
use super::super::rules;
use super::super::settings::Settings;
use super::changes::{self, Step};
use super::{Database, DatabaseUid, Status};
use crate::world::State;

/// The instances of a cluster.
#[derive(Default)]
pub(in crate::rds) struct Members {
    /// The resource identifiers of all, in the order in which they were created.
    all: Vec<String>,
    /// That of the writer.
    writer: Option<String>,
}

/// The settings that an instance has from its cluster. "The … for DB instances in a DB cluster is managed by the DB cluster"
/// (`CreateDBInstance`, for most of them).
pub(super) const OF_CLUSTER: [&str; 12] = [
    "BackupRetentionPeriod",
    "DatabaseInsightsMode",
    "EnableCloudwatchLogsExports",
    "EnableIAMDatabaseAuthentication",
    "EngineLifecycleSupport",
    "EngineVersion",
    "LicenseModel",
    "MasterUsername",
    "NetworkType",
    "Port",
    "PreferredBackupWindow",
    "StorageType",
];

/// Those that an instance of a Multi-AZ cluster has besides.
const OF_MULTI_AZ_CLUSTER: [&str; 8] = [
    "AllocatedStorage",
    "EnablePerformanceInsights",
    "Iops",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "PerformanceInsightsKMSKeyId",
    "PerformanceInsightsRetentionPeriod",
    "PubliclyAccessible",
];

/// The settings with another name in clusters.
const NAMED_OTHERWISE: [(&str, &str); 2] = [("DBInstanceClass", "DBClusterInstanceClass"), ("DBName", "DatabaseName")];

/// Takes over what an instance has from its cluster.
pub(super) fn take_over(settings: &mut Settings, cluster: &Database) {
    let of_cluster = &cluster.facts.settings;
    settings.take_over(&OF_CLUSTER, of_cluster);
    if cluster.facts.engine.has_fixed_storage() {
        settings.take_over(&OF_MULTI_AZ_CLUSTER, of_cluster);
    }
    for (of_instance, name) in NAMED_OTHERWISE {
        if let Some(value) = of_cluster.get(name) {
            settings.set(of_instance, value.clone());
        }
    }
}

impl Members {
    pub(in crate::rds) fn is_writer(&self, resource_id: &str) -> bool {
        self.writer.as_deref() == Some(resource_id)
    }

    pub(in crate::rds) fn iter(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(String::as_str)
    }

    fn join(&mut self, resource_id: &str) {
        self.all.push(resource_id.to_owned());
        self.writer.get_or_insert_with(|| resource_id.to_owned());
    }
}

impl DatabaseUid {
    /// The instance with this resource identifier in the account and region of a cluster.
    pub(in crate::rds) fn instance(&self, resource_id: &str) -> Self {
        Self { kind: Kind::Instance, resource_id: resource_id.to_owned(), ..self.clone() }
    }
}

/// The instances of a cluster, writer first.
pub(in crate::rds) fn of(state: &mut State, cluster: &DatabaseUid) -> Vec<DatabaseUid> {
    let Some(found) = cluster.find(state) else { return Vec::new() };
    let (writers, readers): (Vec<_>, Vec<_>) = found.members.iter().partition(|id| found.members.is_writer(id));
    writers.into_iter().chain(readers).map(|id| cluster.instance(id)).collect()
}

/// Adds an instance to its cluster. The first one is the writer. A cluster that was restored with a parameter group may need a reboot of
/// its instances to use it (the open question `restored-parameter-group`).
pub(super) fn join(state: &mut State, instance: &DatabaseUid) {
    let cluster = instance.find(state).and_then(|found| found.cluster.clone());
    let Some(cluster) = cluster.and_then(|cluster| cluster.find(state)) else { return };
    cluster.members.join(&instance.resource_id);
    let of_cluster = cluster.memberships.parameters;
    if let Some(found) = instance.find(state) {
        found.memberships.of_cluster = of_cluster;
    }
}

/// Removes an instance that is gone from its cluster.
pub(super) fn leave(state: &mut State, gone: &Database) {
    let resource_id = &gone.facts.resource_id;
    if let Some(found) = gone.cluster.as_ref().and_then(|cluster| cluster.find(state)) {
        found.members.all.retain(|member| member != resource_id);
        found.members.writer.take_if(|writer| writer == resource_id);
    }
}

/// The instance that becomes the writer if the present one does not work: an available one before others, then by priority and size.
/// "Aurora promotes an Aurora Replica with the highest priority …; if two or more share the same priority, then Amazon RDS promotes the
/// replica that is largest in size. If two or more share the same priority and size, then Amazon Aurora promotes an arbitrary replica"
/// (Aurora User Guide, "Fault tolerance"): here that which was created first.
pub(super) fn successor(state: &mut State, cluster: &DatabaseUid) -> Option<DatabaseUid> {
    let readers: Vec<_> = {
        let members = &cluster.find(state)?.members;
        members.iter().filter(|id| !members.is_writer(id)).map(|id| cluster.instance(id)).collect()
    };
    let candidates = readers.into_iter().filter_map(|reader| {
        let found = reader.find(state)?;
        let tier = found.facts.settings.number("PromotionTier").unwrap_or(1);
        let size = found.facts.settings.text("DBInstanceClass").map_or(0, rules::size_of_class);
        let is_gone = matches!(found.status, Status::Deleting);
        (!is_gone).then_some(((found.status != Status::Available, tier, Reverse(size)), reader))
    });
    let mut candidates: Vec<_> = candidates.collect();
    candidates.sort_by_key(|(order, _)| *order);
    candidates.into_iter().next().map(|(_, reader)| reader)
}

/// Makes another instance the writer. The cluster is `failing-over` meanwhile, unless something else happens to it.
pub(super) fn fail_over(state: &mut State, cluster: &DatabaseUid, to: &DatabaseUid) {
    let Some(name) = to.arn(state).map(|arn| arn.id) else { return };
    let Some(found) = cluster.find(state) else { return };
    found.members.writer = Some(to.resource_id.clone());
    let (arn, is_idle) = (found.arn.clone(), found.is_idle());
    record_event(state, &arn, EventKind::FailoverStarted { to: &name });
    if is_idle {
        let steps = vec![
            Step::lasting(Status::FailingOver, |durations| durations.failover),
            Step::resting(Status::Available).with(move |state, uid| {
                if let Some(arn) = uid.arn(state) {
                    record_event(state, &arn, EventKind::FailoverCompleted { to: &name });
                }
            }),
        ];
        changes::start(state, cluster, steps);
    }
}

/// How long AWS stops a database at most: "The instance restarts automatically after 7 days" (`StopDBInstance`; the same of clusters).
pub(super) const LONGEST_STOP: Duration = Duration::from_hours(7 * 24);
