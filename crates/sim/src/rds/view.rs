//! The responses that describe snapshots, for their owner and for other accounts. Most differences between the two kinds are
//! here, and those of databases in `databases::view`.

use chrono::{DateTime, Utc};

use super::kind::Kind;
use super::rules::ZONES;
use super::snapshots::{Origin, Snapshot, Status};
use super::tags::{self, Tags};
use crate::clock;
use crate::questions::{Answers, SharedIdentifier};
use crate::wire::xml::Xml;
use crate::world::State;

/// The relation of the caller to a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Viewer {
    Owner,
    /// The owner, in the response to the deletion.
    Deleter,
    /// An account with which it is shared.
    SharedAccount,
    /// Any account, as it is public.
    Public,
}

/// What a view depends on, apart from the item.
#[derive(Clone, Copy)]
pub(super) struct ViewContext {
    now: DateTime<Utc>,
    answers: Answers,
}

impl ViewContext {
    pub(super) fn of(state: &State) -> Self {
        Self { now: state.now, answers: state.settings.answers }
    }
}

/// The response of an operation that returns one snapshot.
pub(super) fn snapshot_response(snapshot: &Snapshot, viewer: Viewer, view: ViewContext) -> Xml {
    let mut xml = Xml::default();
    write_snapshot(&mut xml, snapshot, viewer, view);
    xml
}

pub(super) fn write_snapshot(xml: &mut Xml, snapshot: &Snapshot, viewer: Viewer, view: ViewContext) {
    let kind = snapshot.arn().kind;
    xml.nested(kind.spelling().snapshot, |xml| match kind {
        Kind::Instance => write_instance_snapshot(xml, snapshot, viewer, view),
        Kind::Cluster => write_cluster_snapshot(xml, snapshot, viewer, view),
    });
}

/// The type in responses and filters.
pub(super) fn snapshot_type(snapshot: &Snapshot, viewer: Viewer) -> &'static str {
    match (viewer, snapshot.origin) {
        (Viewer::SharedAccount, _) => "shared",
        (Viewer::Public, _) => "public",
        (Viewer::Owner | Viewer::Deleter, Origin::Automated) => "automated",
        (Viewer::Owner | Viewer::Deleter, Origin::Manual) => "manual",
    }
}

fn write_instance_snapshot(xml: &mut Xml, snapshot: &Snapshot, viewer: Viewer, view: ViewContext) {
    let Snapshot { database, copy_of, reports_source, .. } = snapshot;
    let settings = &database.settings;
    // AWS reports these times only when the snapshot is available.
    let is_done = matches!(snapshot.status, Status::Available);
    xml.text("DBSnapshotIdentifier", &identifier(snapshot, viewer, view));
    xml.text("DBSnapshotArn", &snapshot.arn().to_string());
    xml.text("DBInstanceIdentifier", &database.id);
    xml.text("DbiResourceId", &database.resource_id);
    xml.text("InstanceCreateTime", &clock::text(database.created));
    if is_done {
        xml.text("SnapshotCreateTime", &clock::text(snapshot.taken));
        xml.text("OriginalSnapshotCreateTime", &clock::text(snapshot.originally_taken));
    }
    xml.text("SnapshotType", snapshot_type(snapshot, viewer));
    xml.text("Status", status(snapshot, viewer));
    xml.scalar("PercentProgress", snapshot.status.percent(view.now));
    xml.scalar("AllocatedStorage", database.gib);
    xml.text("AvailabilityZone", &zone(snapshot));
    xml.scalar("Encrypted", snapshot.key.is_some());
    xml.optional("KmsKeyId", snapshot.key.as_deref());
    xml.text("Engine", database.engine.name);
    xml.optional("EngineVersion", settings.text("EngineVersion"));
    xml.optional("LicenseModel", settings.text("LicenseModel"));
    xml.optional("MasterUsername", settings.text("MasterUsername"));
    xml.scalar("Port", settings.number("Port").unwrap_or_default());
    xml.optional("StorageType", settings.text("StorageType"));
    xml.optional("OptionGroupName", snapshot.option_group.as_ref().map(|group| group.name.as_str()));
    let reported_source = copy_of.as_ref().filter(|_| *reports_source);
    xml.optional("SourceDBSnapshotIdentifier", reported_source.map(ToString::to_string).as_deref());
    xml.optional("SourceRegion", copy_of.as_ref().map(|source| source.region.as_str()));
    xml.text("SnapshotTarget", "region");
    xml.scalar("IAMDatabaseAuthenticationEnabled", settings.flag("EnableIAMDatabaseAuthentication"));
    xml.nested("ProcessorFeatures", |_| {});
    write_tags(xml, snapshot, viewer);
}

/// Cluster snapshots have no `OriginalSnapshotCreateTime`.
fn write_cluster_snapshot(xml: &mut Xml, snapshot: &Snapshot, viewer: Viewer, view: ViewContext) {
    let Snapshot { database, copy_of, .. } = snapshot;
    let settings = &database.settings;
    xml.text("DBClusterSnapshotIdentifier", &identifier(snapshot, viewer, view));
    xml.text("DBClusterSnapshotArn", &snapshot.arn().to_string());
    xml.text("DBClusterIdentifier", &database.id);
    xml.text("DbClusterResourceId", &database.resource_id);
    xml.text("ClusterCreateTime", &clock::text(database.created));
    xml.text("SnapshotCreateTime", &clock::text(snapshot.taken));
    xml.text("SnapshotType", snapshot_type(snapshot, viewer));
    xml.text("Status", status(snapshot, viewer));
    xml.scalar("PercentProgress", snapshot.status.percent(view.now));
    // Aurora's storage has no fixed size.
    xml.scalar("AllocatedStorage", if database.engine.has_fixed_storage() { database.gib } else { 0 });
    xml.nested("AvailabilityZones", |xml| {
        let region = &snapshot.arn().region;
        ZONES.iter().for_each(|zone| xml.text("AvailabilityZone", &format!("{region}{zone}")));
    });
    xml.scalar("StorageEncrypted", snapshot.key.is_some());
    xml.optional("KmsKeyId", snapshot.key.as_deref());
    xml.text("Engine", database.engine.name);
    xml.text("EngineMode", "provisioned");
    xml.optional("EngineVersion", settings.text("EngineVersion"));
    xml.optional("LicenseModel", settings.text("LicenseModel"));
    xml.optional("MasterUsername", settings.text("MasterUsername"));
    xml.scalar("Port", settings.number("Port").unwrap_or_default());
    xml.optional("StorageType", settings.text("StorageType"));
    xml.optional("SourceDBClusterSnapshotArn", copy_of.as_ref().map(ToString::to_string).as_deref());
    xml.scalar("IAMDatabaseAuthenticationEnabled", settings.flag("EnableIAMDatabaseAuthentication"));
    write_tags(xml, snapshot, viewer);
}

pub(super) fn identifier(snapshot: &Snapshot, viewer: Viewer, view: ViewContext) -> String {
    match (viewer, view.answers.shared_identifier) {
        (Viewer::SharedAccount | Viewer::Public, SharedIdentifier::Arn) => snapshot.arn().to_string(),
        (Viewer::Owner | Viewer::Deleter, _) | (_, SharedIdentifier::Bare) => snapshot.arn().id.clone(),
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
fn write_tags(xml: &mut Xml, snapshot: &Snapshot, viewer: Viewer) {
    match viewer {
        Viewer::Owner | Viewer::Deleter => tags::write(xml, &snapshot.tags),
        Viewer::SharedAccount | Viewer::Public => tags::write(xml, &Tags::new()),
    }
}

/// The availability zone of the database. A copy in another region has one of its own region.
fn zone(snapshot: &Snapshot) -> String {
    let region = &snapshot.arn().region;
    match snapshot.database.settings.text("AvailabilityZone") {
        Some(zone) if zone.starts_with(region) => zone.to_owned(),
        _ => format!("{region}{}", ZONES[0]),
    }
}
