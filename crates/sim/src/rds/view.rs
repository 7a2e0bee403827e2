//! The responses that describe databases and snapshots, for their owner and for other accounts. Most differences
//! between the two kinds are here.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::databases::Database;
use super::kind::Kind;
use super::snapshots::{Origin, Snapshot, Status};
use super::tags;
use crate::clock;

/// The relation of the caller to a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Viewer {
    Owner,
    /// The owner, in the response to the deletion.
    Deleter,
    /// An account with which it is shared.
    Guest,
    /// Any account, as it is public.
    Public,
}

/// The response of an operation that returns one snapshot.
pub(super) fn snapshot_response(kind: Kind, snapshot: &Snapshot, viewer: Viewer, now: DateTime<Utc>) -> Value {
    json!({ kind.spelling().snapshot: self::snapshot(kind, snapshot, viewer, now) })
}

pub(super) fn snapshot(kind: Kind, snapshot: &Snapshot, viewer: Viewer, now: DateTime<Utc>) -> Value {
    match kind {
        Kind::Instance => instance_snapshot(snapshot, viewer, now),
        Kind::Cluster => cluster_snapshot(snapshot, viewer, now),
    }
}

/// The type in responses and filters.
pub(super) fn snapshot_type(snapshot: &Snapshot, viewer: Viewer) -> &'static str {
    match (viewer, snapshot.origin) {
        (Viewer::Guest, _) => "shared",
        (Viewer::Public, _) => "public",
        (Viewer::Owner | Viewer::Deleter, Origin::Automated) => "automated",
        (Viewer::Owner | Viewer::Deleter, Origin::Manual) => "manual",
    }
}

fn instance_snapshot(snapshot: &Snapshot, viewer: Viewer, now: DateTime<Utc>) -> Value {
    let Snapshot { of, copy_of, .. } = snapshot;
    // AWS reports these times only when the snapshot is available.
    let is_done = matches!(snapshot.status, Status::Available);
    json!({
        "DBSnapshotIdentifier": identifier(snapshot, viewer),
        "DBSnapshotArn": snapshot.arn().to_string(),
        "DBInstanceIdentifier": of.id,
        "DbiResourceId": of.resource_id,
        "InstanceCreateTime": clock::text(of.created),
        "SnapshotCreateTime": is_done.then(|| clock::text(snapshot.taken)),
        "OriginalSnapshotCreateTime": is_done.then(|| clock::text(snapshot.originally_taken)),
        "SnapshotType": snapshot_type(snapshot, viewer),
        "Status": status(snapshot, viewer),
        "PercentProgress": snapshot.status.percent(now),
        "AllocatedStorage": of.gib,
        "AvailabilityZone": format!("{}a", snapshot.arn().region),
        "Encrypted": snapshot.key.is_some(),
        "KmsKeyId": snapshot.key,
        "Engine": of.engine.name,
        "EngineVersion": of.version,
        "LicenseModel": of.engine.license,
        "MasterUsername": of.user,
        "Port": of.port,
        "StorageType": of.storage_type,
        "SourceDBSnapshotIdentifier": copy_of.as_ref().map(ToString::to_string),
        "SourceRegion": copy_of.as_ref().map(|source| &source.region),
        "SnapshotTarget": "region",
        "IAMDatabaseAuthenticationEnabled": false,
        "ProcessorFeatures": [],
        "TagList": tag_list(snapshot, viewer),
    })
}

/// Cluster snapshots have no `OriginalSnapshotCreateTime`.
fn cluster_snapshot(snapshot: &Snapshot, viewer: Viewer, now: DateTime<Utc>) -> Value {
    let Snapshot { of, copy_of, .. } = snapshot;
    json!({
        "DBClusterSnapshotIdentifier": identifier(snapshot, viewer),
        "DBClusterSnapshotArn": snapshot.arn().to_string(),
        "DBClusterIdentifier": of.id,
        "DbClusterResourceId": of.resource_id,
        "ClusterCreateTime": clock::text(of.created),
        "SnapshotCreateTime": clock::text(snapshot.taken),
        "SnapshotType": snapshot_type(snapshot, viewer),
        "Status": status(snapshot, viewer),
        "PercentProgress": snapshot.status.percent(now),
        // Aurora's storage has no fixed size.
        "AllocatedStorage": if of.engine.has_fixed_storage() { of.gib } else { 0 },
        "AvailabilityZones": zones(&snapshot.arn().region),
        "StorageEncrypted": snapshot.key.is_some(),
        "KmsKeyId": snapshot.key,
        "Engine": of.engine.name,
        "EngineMode": "provisioned",
        "EngineVersion": of.version,
        "LicenseModel": of.engine.license,
        "MasterUsername": of.user,
        "Port": of.port,
        "StorageType": of.storage_type,
        "SourceDBClusterSnapshotArn": copy_of.as_ref().map(ToString::to_string),
        "IAMDatabaseAuthenticationEnabled": false,
        "TagList": tag_list(snapshot, viewer),
    })
}

pub(super) fn database(database: &Database) -> Value {
    let Database { arn, facts, key, status, .. } = database;
    let status = status.name();
    let mut view = json!({
        "AllocatedStorage": facts.gib,
        "BackupRetentionPeriod": facts.retention_days,
        "CopyTagsToSnapshot": database.copies_tags_to_snapshots,
        "DeletionProtection": false,
        "Engine": facts.engine.name,
        "EngineVersion": facts.version,
        "IAMDatabaseAuthenticationEnabled": false,
        "KmsKeyId": key,
        "MasterUsername": facts.user,
        "MultiAZ": false,
        "PreferredBackupWindow": facts.window.to_string(),
        "StorageEncrypted": key.is_some(),
        // "The storage type isn't returned when you set it to aurora" (`CreateDBCluster`).
        "StorageType": (facts.storage_type != "aurora").then_some(&facts.storage_type),
        "TagList": tags::view(&database.tags),
    });
    let own = match arn.kind {
        Kind::Instance => json!({
            "AvailabilityZone": format!("{}a", arn.region),
            "DBInstanceArn": arn.to_string(),
            "DBInstanceClass": facts.class,
            "DBInstanceIdentifier": facts.id,
            "DBInstanceStatus": status,
            "DbInstancePort": 0,
            "DbiResourceId": facts.resource_id,
            "Endpoint": {
                "Address": format!("{}.simulated.{}.rds.amazonaws.com", facts.id, arn.region),
                "Port": facts.port,
            },
            "InstanceCreateTime": clock::text(facts.created),
            "LicenseModel": facts.engine.license,
        }),
        Kind::Cluster => json!({
            // Aurora always reports 1.
            "AllocatedStorage": if facts.engine.has_fixed_storage() { facts.gib } else { 1 },
            "AvailabilityZones": zones(&arn.region),
            "ClusterCreateTime": clock::text(facts.created),
            "DBClusterArn": arn.to_string(),
            "DBClusterIdentifier": facts.id,
            "DBClusterInstanceClass": facts.class,
            "DBClusterMembers": [],
            "DbClusterResourceId": facts.resource_id,
            "Endpoint": format!("{}.cluster-simulated.{}.rds.amazonaws.com", facts.id, arn.region),
            "EngineMode": "provisioned",
            "Port": facts.port,
            "Status": status,
        }),
    };
    if let (Value::Object(view), Value::Object(own)) = (&mut view, own) {
        view.extend(own);
    }
    view
}

/// Other accounts see the ARN in place of the identifier.
fn identifier(snapshot: &Snapshot, viewer: Viewer) -> String {
    match viewer {
        Viewer::Owner | Viewer::Deleter => snapshot.arn().id.clone(),
        Viewer::Guest | Viewer::Public => snapshot.arn().to_string(),
    }
}

/// Deleting an instance snapshot returns the status `deleted`; deleting a cluster snapshot returns its previous status
/// (the examples of both calls in the AWS command line's reference).
fn status(snapshot: &Snapshot, viewer: Viewer) -> &'static str {
    match (viewer, snapshot.arn().kind) {
        (Viewer::Deleter, Kind::Instance) => "deleted",
        _ => snapshot.status.name(),
    }
}

/// The tags of a shared snapshot are visible only to its owner.
fn tag_list(snapshot: &Snapshot, viewer: Viewer) -> Value {
    match viewer {
        Viewer::Owner | Viewer::Deleter => tags::view(&snapshot.tags),
        Viewer::Guest | Viewer::Public => json!([]),
    }
}

fn zones(region: &str) -> [String; 3] {
    ["a", "b", "c"].map(|zone| format!("{region}{zone}"))
}
