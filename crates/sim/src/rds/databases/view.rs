//! The responses that describe databases. Most differences between the two kinds are here.

use serde_json::{Map, Value, json};

use super::super::kind::Kind;
use super::super::managed_secret;
use super::super::rules::ZONES;
use super::super::tags;
use super::Database;
use crate::clock;

pub(super) fn database(database: &Database) -> Value {
    let Database { arn, facts, key, status, secret, .. } = database;
    let (settings, status) = (&facts.settings, status.name());
    let port = settings.number("Port");
    let common = json!({
        "Engine": facts.engine.name,
        "KmsKeyId": key,
        "MasterUserSecret": managed_secret::view(secret.as_ref()),
        "StorageEncrypted": key.is_some(),
        "StorageType": settings.text("StorageType").filter(|storage_type| is_returned(storage_type, arn.kind)),
        "TagList": tags::view(&database.tags),
    });
    let own = match arn.kind {
        Kind::Instance => json!({
            "AllocatedStorage": facts.gib,
            "DBInstanceArn": arn.to_string(),
            "DBInstanceIdentifier": facts.id,
            "DBInstanceStatus": status,
            "DbInstancePort": 0,
            "DbiResourceId": facts.resource_id,
            "Endpoint": {
                "Address": format!("{}.simulated.{}.rds.amazonaws.com", facts.id, arn.region),
                "Port": port,
            },
            "InstanceCreateTime": clock::text(facts.created),
            "PendingModifiedValues": database.pending_view(),
            "SecondaryAvailabilityZone": settings.flag("MultiAZ").then(|| other_zone(database)),
        }),
        Kind::Cluster => json!({
            // Aurora always reports 1.
            "AllocatedStorage": if facts.engine.has_fixed_storage() { facts.gib } else { 1 },
            "ClusterCreateTime": clock::text(facts.created),
            "DBClusterArn": arn.to_string(),
            "DBClusterIdentifier": facts.id,
            "DBClusterMembers": [],
            "DbClusterResourceId": facts.resource_id,
            "Endpoint": format!("{}.cluster-simulated.{}.rds.amazonaws.com", facts.id, arn.region),
            // A Multi-AZ cluster has three instances.
            "MultiAZ": facts.engine.has_fixed_storage(),
            // The examples of the command line's reference have it only if something is pending.
            "PendingModifiedValues": Some(database.pending_view()).filter(|pending| *pending != json!({})),
            "Port": port,
            "Status": status,
        }),
    };
    let mut view = Map::new();
    settings.write(arn.kind, &mut view);
    let groups = database.memberships.view(arn.kind, &database.option_group_name());
    for members in [common, own, groups] {
        if let Value::Object(members) = members {
            view.extend(members);
        }
    }
    Value::Object(view)
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
