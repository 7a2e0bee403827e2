//! The groups that a database belongs to, with their statuses.

use serde_json::{Value, json};

use super::super::databases::DatabaseUid;
use super::super::databases::{self, changes};
use super::super::engines::Engine;
use super::super::kind::Kind;
use super::super::{Rds, RdsContext};
use super::network::{Placement, place};
use super::options::OptionGroup;
use super::subnets::SubnetGroup;
use super::{options, parameters};
use crate::call::Error;
use crate::world::State;

/// The groups of a database, and its place in the network. Its option group is beside them, since snapshots have it too.
#[derive(Clone)]
pub(in crate::rds) struct Memberships {
    pub(in crate::rds) placement: Placement,
    /// The name of the parameter group.
    pub(in crate::rds) parameter_group: String,
    /// How far the database applies that group. A cluster does not apply it, but each of its instances.
    pub(in crate::rds) parameters: Parameters,
    /// How far an instance in a cluster applies the parameter group of the cluster: `DBClusterParameterGroupStatus` is that "for this
    /// member of the DB cluster" (`DBClusterMember`).
    pub(in crate::rds) of_cluster: Parameters,
}

/// How far the changes of a parameter group are applied.
#[derive(Clone, Copy, Default)]
pub(in crate::rds) struct Parameters {
    /// How many changes of the group are being applied.
    applying: u32,
    /// Whether a change takes effect only with a reboot.
    needs_reboot: bool,
}

/// The groups that a request names.
#[derive(Clone, Copy, Default)]
pub(in crate::rds) struct NamedGroups<'a> {
    pub(in crate::rds) subnet_group: Option<&'a str>,
    pub(in crate::rds) security_groups: &'a [String],
    pub(in crate::rds) parameter_group: Option<&'a str>,
    pub(in crate::rds) option_group: Option<&'a str>,
}

/// The groups of a new database of this engine and version: those of the request, or the defaults. All are checked.
pub(in crate::rds) fn of_new_database(
    state: &mut State,
    ctx: &RdsContext,
    named: NamedGroups<'_>,
    (engine, version): (&Engine, &str),
) -> Result<(Memberships, Option<OptionGroup>), Error> {
    let placement = place(state, ctx, named.subnet_group, named.security_groups)?;
    let parameter_group = parameters::of_database(state, ctx, named.parameter_group, (engine, version))?;
    let option_group = options::of_database(state, ctx, named.option_group, (engine, version))?;
    let (parameters, of_cluster) = (Parameters::default(), Parameters::default());
    Ok((Memberships { placement, parameter_group, parameters, of_cluster }, option_group))
}

impl Parameters {
    /// `ParameterApplyStatus`: "applying: The parameter group change is being applied to the database. … in-sync … pending-reboot:
    /// The parameter group change will be applied after the DB instance reboots" (`DBParameterGroupStatus`).
    pub(in crate::rds) fn status(&self) -> &'static str {
        match (self.applying, self.needs_reboot) {
            (1.., _) => "applying",
            (0, true) => "pending-reboot",
            (0, false) => "in-sync",
        }
    }

    /// The database runs without the group until it reboots.
    pub(in crate::rds) fn wait_for_reboot(&mut self) {
        self.needs_reboot = true;
    }

    fn begins_to_apply(&mut self) {
        self.applying += 1;
    }

    fn has_applied(&mut self, needs_reboot: bool) {
        self.applying = self.applying.saturating_sub(1);
        self.needs_reboot |= needs_reboot;
    }
}

impl Memberships {
    /// A reboot applies all changes of both groups.
    pub(in crate::rds) fn rebooted(&mut self) {
        (self.parameters.needs_reboot, self.of_cluster.needs_reboot) = (false, false);
    }

    /// The members of `DBInstance` and `DBCluster` that describe the groups.
    pub(in crate::rds) fn view(&self, kind: Kind, option_group: &str) -> Value {
        let placement = &self.placement;
        match kind {
            Kind::Instance => json!({
                "DBParameterGroups": [{
                    "DBParameterGroupName": self.parameter_group,
                    "ParameterApplyStatus": self.parameters.status(),
                }],
                "DBSubnetGroup": placement.subnet_group.view(),
                "OptionGroupMemberships": [{ "OptionGroupName": option_group, "Status": "in-sync" }],
                "VpcSecurityGroups": placement.security_groups_view(),
            }),
            Kind::Cluster => json!({
                "DBClusterOptionGroupMemberships": [{ "DBClusterOptionGroupName": option_group, "Status": "in-sync" }],
                "DBClusterParameterGroup": self.parameter_group,
                "DBSubnetGroup": placement.subnet_group.name(),
                "VpcSecurityGroups": placement.security_groups_view(),
            }),
        }
    }
}

/// The databases of the caller in this region with such groups.
fn members(rds: &Rds, kinds: &[Kind], is_member: impl Fn(&Memberships) -> bool) -> Vec<DatabaseUid> {
    let families = kinds.iter().map(|kind| match kind {
        Kind::Instance => &rds.instances,
        Kind::Cluster => &rds.clusters,
    });
    let databases = families.flat_map(|family| family.databases.by_id().values());
    databases.filter(|database| is_member(&database.memberships)).map(super::super::Database::uid).collect()
}

pub(super) fn is_parameter_group_used(state: &mut State, ctx: &RdsContext, name: &str) -> bool {
    !members(ctx.rds(state), &[ctx.kind], |member| member.parameter_group == name).is_empty()
}

/// The databases of a parameter group apply changed values.
pub(super) fn parameters_changed(state: &mut State, ctx: &RdsContext, name: &str, needs_reboot: bool) {
    for uid in members(ctx.rds(state), &[ctx.kind], |member| member.parameter_group == name) {
        apply_parameters(state, &uid, needs_reboot);
    }
}

/// Gives a database another parameter group. "applying: The parameter group change is being applied" and then `pending-reboot`.
pub(in crate::rds) fn replace_parameters(state: &mut State, uid: &DatabaseUid, group: String) {
    let Some(found) = uid.find(state).filter(|found| found.memberships.parameter_group != group) else { return };
    found.memberships.parameter_group = group;
    apply_parameters(state, uid, true);
}

/// Lets an instance, or the instances of a cluster, apply a change of the parameter group of the instance or the cluster.
fn apply_parameters(state: &mut State, uid: &DatabaseUid, needs_reboot: bool) {
    let (instances, of): (_, fn(&mut Memberships) -> &mut Parameters) = match uid.kind {
        Kind::Instance => (vec![uid.clone()], |memberships| &mut memberships.parameters),
        Kind::Cluster => (databases::members::of(state, uid), |memberships| &mut memberships.of_cluster),
    };
    for instance in instances {
        let Some(found) = instance.find(state) else { continue };
        of(&mut found.memberships).begins_to_apply();
        changes::later(
            state,
            &instance,
            |durations| durations.group,
            move |state, uid| {
                if let Some(found) = uid.find(state) {
                    of(&mut found.memberships).has_applied(needs_reboot);
                }
            },
        );
    }
}

/// Gives a database, and the instances of a cluster, other security groups. "This change is asynchronously applied as soon as possible"
/// (`VpcSecurityGroupIds`).
pub(in crate::rds) fn replace_security_groups(state: &mut State, uid: &DatabaseUid, wanted: Vec<String>) {
    for one in databases::members::of(state, uid).into_iter().chain([uid.clone()]) {
        let Some(found) = one.find(state) else { continue };
        found.memberships.placement.replace_security_groups(wanted.clone());
        changes::later(
            state,
            &one,
            |durations| durations.group,
            |state, uid| {
                if let Some(found) = uid.find(state) {
                    found.memberships.placement.security_groups_are_active();
                }
            },
        );
    }
}

pub(super) fn is_subnet_group_used(state: &mut State, ctx: &RdsContext, name: &str) -> bool {
    !members(ctx.rds(state), &Kind::ALL, |member| member.placement.subnet_group.name() == name).is_empty()
}

/// The zones of the instances in a subnet group.
pub(super) fn zones_in_use(state: &mut State, ctx: &RdsContext, name: &str) -> Vec<String> {
    let instances = members(ctx.rds(state), &[Kind::Instance], |member| member.placement.subnet_group.name() == name);
    let zones = instances.iter().filter_map(|uid| {
        let settings = &uid.find(state)?.facts.settings;
        settings.text("AvailabilityZone").map(str::to_owned)
    });
    zones.collect()
}

/// The databases of a subnet group report its new subnets.
pub(super) fn subnet_group_changed(state: &mut State, ctx: &RdsContext, group: &SubnetGroup) {
    for uid in members(ctx.rds(state), &Kind::ALL, |member| member.placement.subnet_group.arn == group.arn) {
        if let Some(found) = uid.find(state) {
            found.memberships.placement.subnet_group = group.clone();
        }
    }
}

/// Databases and snapshots of an option group.
pub(super) fn is_option_group_used(state: &mut State, ctx: &RdsContext, name: &str) -> bool {
    let family = &ctx.rds(state).instances;
    let databases = family.databases.by_id().values().map(|database| &database.option_group);
    let snapshots = family.snapshots.after(std::ops::Bound::Unbounded).map(|snapshot| &snapshot.option_group);
    databases.chain(snapshots).flatten().any(|group| group.name == name)
}

/// The databases of an option group have its new options.
pub(super) fn option_group_changed(state: &mut State, ctx: &RdsContext, group: &OptionGroup) {
    for uid in members(ctx.rds(state), &[Kind::Instance], |_| true) {
        if let Some(own) = uid.find(state).and_then(|found| found.option_group.as_mut())
            && own.name == group.name
        {
            *own = group.clone();
        }
    }
}
