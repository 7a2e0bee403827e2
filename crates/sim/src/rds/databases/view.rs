//! The responses that describe databases. Most differences between the two kinds are here.

use serde_json::{Map, Value, json};

use super::super::kind::Kind;
use super::super::managed_secret;
use super::super::read_family;
use super::super::rules::ZONES;
use super::super::{storage, tags};
use super::{Database, DatabaseUid, Status, hosts, members};
use crate::clock;
use crate::world::State;

pub(super) fn database(state: &State, database: &Database) -> Value {
    let Database { arn, facts, key, status, secret, .. } = database;
    let (seed, status) = (state.settings.seed, status.name());
    let mut settings = facts.settings.clone();
    let cluster = database.cluster.as_ref().and_then(|uid| read(state, uid));
    if let Some(cluster) = cluster {
        members::take_over(&mut settings, cluster);
    }
    let settings = &settings;
    let port = settings.number("Port");
    let common = json!({
        "AutomaticRestartTime": database.restarts.map(clock::text),
        "CertificateDetails": settings.text("CACertificateIdentifier").map(|ca| json!({ "CAIdentifier": ca })),
        "Engine": facts.engine.name,
        "KmsKeyId": key,
        "MasterUserSecret": managed_secret::view(secret.as_ref()),
        "StorageEncrypted": key.is_some(),
        "StorageType": settings.text("StorageType").filter(|storage_type| is_returned(storage_type, arn.kind)),
        "TagList": tags::view(&database.tags),
    });
    let own = match arn.kind {
        Kind::Instance => json!({
            // "For Amazon Aurora, AllocatedStorage always returns 1" (`DBInstance`).
            "AllocatedStorage": if facts.engine.has_fixed_storage() { facts.gib } else { 1 },
            "DBClusterIdentifier": cluster.map(|cluster| &cluster.facts.id),
            "DBInstanceArn": arn.to_string(),
            "DBInstanceIdentifier": facts.id,
            "DBInstanceStatus": status,
            "DbInstancePort": 0,
            "DbiResourceId": facts.resource_id,
            // "The endpoint might not be shown for instances with the status of creating" (`Endpoint`).
            "Endpoint": (database.status != Status::Creating)
                .then(|| json!({ "Address": hosts::of_instance(seed, arn), "Port": port })),
            "InstanceCreateTime": clock::text(facts.created),
            "PendingModifiedValues": database.pending_view(),
            "SecondaryAvailabilityZone": settings.flag("MultiAZ").then(|| other_zone(database)),
        }),
        Kind::Cluster => json!({
            // Aurora always reports 1.
            "AllocatedStorage": if facts.engine.has_fixed_storage() { facts.gib } else { 1 },
            "CloneGroupId": database.clone_group,
            "ClusterCreateTime": clock::text(facts.created),
            "DBClusterArn": arn.to_string(),
            "DBClusterIdentifier": facts.id,
            "DBClusterMembers": members_view(state, database),
            "DbClusterResourceId": facts.resource_id,
            "Endpoint": hosts::of_cluster(seed, arn)[0],
            "ReaderEndpoint": hosts::of_cluster(seed, arn)[1],
            // A Multi-AZ cluster has three instances.
            "MultiAZ": facts.engine.has_fixed_storage(),
            // The examples of the command line's reference have it only if something is pending.
            "LocalWriteForwardingStatus": database.write_forwarding(),
            "PendingModifiedValues": Some(database.pending_view()).filter(|pending| *pending != json!({})),
            "Port": port,
            "Status": status,
        }),
    };
    let mut view = Map::new();
    settings.write(arn.kind, &mut view);
    if arn.kind == Kind::Instance {
        for (member, value) in storage::unrequested(settings, facts.engine, facts.gib) {
            value.into_iter().for_each(|value| drop(view.insert(member.to_owned(), value.into())));
        }
    }
    let groups = database.memberships.view(arn.kind, &database.option_group_name());
    let options = match arn.kind {
        Kind::Instance => json!({ "OptionGroupMemberships": database.option_groups_view() }),
        Kind::Cluster => Value::Null,
    };
    for members in [common, own, groups, options] {
        if let Value::Object(members) = members {
            view.extend(members);
        }
    }
    Value::Object(view)
}

fn read<'s>(state: &'s State, uid: &DatabaseUid) -> Option<&'s Database> {
    read_family(state, &uid.account, &uid.region, uid.kind)?.databases.with_resource_id(&uid.resource_id)
}

/// `DBClusterMembers`.
fn members_view(state: &State, cluster: &Database) -> Vec<Value> {
    let uid = cluster.uid();
    let found = cluster.members.iter().filter_map(|id| Some((id, read(state, &uid.instance(id))?)));
    let views = found.map(|(id, member)| {
        json!({
            "DBClusterParameterGroupStatus": member.memberships.of_cluster.status(),
            "DBInstanceIdentifier": member.facts.id,
            "IsClusterWriter": cluster.members.is_writer(id),
            "PromotionTier": member.facts.settings.number("PromotionTier"),
        })
    });
    views.collect()
}

/// A zone that is not that of the primary.
fn other_zone(Database { arn, facts, .. }: &Database) -> String {
    let mut zones = ZONES.iter().map(|zone| format!("{}{zone}", arn.region));
    zones.find(|zone| facts.settings.text("AvailabilityZone") != Some(zone)).unwrap_or_default()
}

/// "The storage type isn't returned when you set it to aurora" (`CreateDBCluster`). The API references of DocumentDB and
/// Neptune have the same sentence for `standard`.
fn is_returned(storage_type: &str, kind: Kind) -> bool {
    kind == Kind::Instance || !["aurora", "standard"].contains(&storage_type)
}

impl Database {
    /// "Indicates whether an Aurora DB cluster has in-cluster write forwarding enabled, not enabled, requested, or is in the process of
    /// enabling it" (`LocalWriteForwardingStatus`). An example
    /// of `create-db-cluster` (express configuration) has `disabled` without a request, and the others do not have the member: here it is
    /// left out. No text states when it is `requested`: here it is `enabling` as long as the change waits.
    fn write_forwarding(&self) -> Option<&'static str> {
        let parameter = "EnableLocalWriteForwarding";
        let pending = self.pending.settings().find(|(pending, _)| *pending == parameter);
        let [on, off] = if pending.is_some() { ["enabling", "disabling"] } else { ["enabled", "disabled"] };
        let wanted = pending.map(|(_, value)| value).or_else(|| self.facts.settings.get(parameter))?;
        Some(if wanted == true { on } else { off })
    }

    /// "a failover that results in the promotion of a standby": the standby's zone is that of the primary now.
    pub(super) fn swap_zones(&mut self) {
        let zone = other_zone(self);
        self.set("AvailabilityZone", zone.into());
    }
}
