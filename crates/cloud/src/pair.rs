//! RDS's two families of operations, which mean the same: one for snapshots of instances, one for those of clusters.
//!
//! Each method asks for the kind once, calls the operation of that family, and speaks of [`Snapshot`]s.

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbClusterSnapshot, DbSnapshot, Filter, Tag};
use chrono::{DateTime, Utc};
use protocol::{AccountId, Kind, Place, Snapshot, SnapshotArn, Status, Tags};

use crate::Page;
use crate::error::Failure;

/// AWS's most records on a page.
const PAGE: i32 = 100;
/// The attribute that says who may restore and copy a snapshot.
const SHARED_WITH: &str = "restore";

/// Snapshots of both kinds.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    rds: Client,
    here: Place,
}

impl Pair {
    pub(crate) fn new(rds: Client, here: Place) -> Self {
        Self { rds, here }
    }

    /// That it is not there is an error of AWS's.
    ///
    /// "If this identifier is for an automated snapshot, the `SnapshotType` parameter must also be specified", and shared
    /// snapshots are not returned by default, says the API reference of both calls.
    pub(crate) async fn find(&self, snapshot: &SnapshotArn) -> Result<Option<Snapshot>, Failure> {
        let name = self.name(snapshot);
        let is_shared = (snapshot.place != self.here).then_some(true);
        let automatic = AUTOMATIC.iter().find(|(begins, _)| snapshot.id().starts_with(begins));
        let of_type = automatic.map(|(_, name)| (*name).to_owned());
        match snapshot.kind {
            Kind::Instance => {
                let call = self.rds.describe_db_snapshots().db_snapshot_identifier(name);
                let found = call.set_include_shared(is_shared).set_snapshot_type(of_type).send().await?;
                found.db_snapshots().first().map(instance).transpose()
            }
            Kind::Cluster => {
                let call = self.rds.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(name);
                let found = call.set_include_shared(is_shared).set_snapshot_type(of_type).send().await?;
                found.db_cluster_snapshots().first().map(cluster).transpose()
            }
        }
    }

    /// By a filter, because the parameter of the same purpose "must match the identifier of an existing" database, and in
    /// DR there is none.
    pub(crate) async fn page(&self, kind: Kind, database: Option<&str>, marker: Option<&str>) -> Result<Page, Failure> {
        let filters = database.map(|database| vec![by_database(kind, database)]);
        let marker = marker.map(str::to_owned);
        match kind {
            Kind::Instance => {
                let call = self.rds.describe_db_snapshots().max_records(PAGE);
                let page = call.set_filters(filters).set_marker(marker).send().await?;
                Ok(Page { snapshots: readable(page.db_snapshots(), instance), marker: page.marker })
            }
            Kind::Cluster => {
                let call = self.rds.describe_db_cluster_snapshots().max_records(PAGE);
                let page = call.set_filters(filters).set_marker(marker).send().await?;
                Ok(Page { snapshots: readable(page.db_cluster_snapshots(), cluster), marker: page.marker })
            }
        }
    }

    pub(crate) async fn copy(
        &self,
        from: &SnapshotArn,
        to: &SnapshotArn,
        key: Option<&str>,
        tags: &Tags,
    ) -> Result<(), Failure> {
        let (name, key) = (self.name(from), key.map(str::to_owned));
        let tags = Some(tags.iter().map(|(key, value)| tag(key, value)).collect());
        match from.kind {
            Kind::Instance => {
                let call = self.rds.copy_db_snapshot().source_db_snapshot_identifier(name);
                let call = call.target_db_snapshot_identifier(to.id()).set_kms_key_id(key);
                call.set_tags(tags).send().await?;
            }
            Kind::Cluster => {
                let call = self.rds.copy_db_cluster_snapshot().source_db_cluster_snapshot_identifier(name);
                let call = call.target_db_cluster_snapshot_identifier(to.id()).set_kms_key_id(key);
                call.set_tags(tags).send().await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn share(&self, snapshot: &SnapshotArn, with: &AccountId) -> Result<(), Failure> {
        match snapshot.kind {
            Kind::Instance => {
                let call = self.rds.modify_db_snapshot_attribute().db_snapshot_identifier(snapshot.id());
                call.attribute_name(SHARED_WITH).values_to_add(with.as_str()).send().await?;
            }
            Kind::Cluster => {
                let call = self.rds.modify_db_cluster_snapshot_attribute();
                let call = call.db_cluster_snapshot_identifier(snapshot.id());
                call.attribute_name(SHARED_WITH).values_to_add(with.as_str()).send().await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn delete(&self, snapshot: &SnapshotArn) -> Result<(), Failure> {
        match snapshot.kind {
            Kind::Instance => {
                self.rds.delete_db_snapshot().db_snapshot_identifier(snapshot.id()).send().await?;
            }
            Kind::Cluster => {
                let call = self.rds.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(snapshot.id());
                call.send().await?;
            }
        }
        Ok(())
    }

    /// The one operation that serves both.
    pub(crate) async fn tag(&self, snapshot: &SnapshotArn, key: &str, value: &str) -> Result<(), Failure> {
        let call = self.rds.add_tags_to_resource().resource_name(snapshot.to_string());
        call.tags(tag(key, value)).send().await?;
        Ok(())
    }

    /// As RDS wants a snapshot named: its own by identifier, a shared one by ARN.
    fn name(&self, snapshot: &SnapshotArn) -> String {
        if snapshot.place == self.here { snapshot.id().to_owned() } else { snapshot.to_string() }
    }
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

/// What the identifiers of snapshots begin with that nobody has named, and the type that AWS gives them.
const AUTOMATIC: [(&str, &str); 2] = [("rds:", "automated"), ("awsbackup:", "awsbackup")];

fn by_database(kind: Kind, database: &str) -> Filter {
    let name = match kind {
        Kind::Instance => "db-instance-id",
        Kind::Cluster => "db-cluster-id",
    };
    Filter::builder().name(name).values(database).build()
}

/// What there is on a page. One that cannot be understood must not hide the others; it is an alarm that names it.
fn readable<S>(page: &[S], read: impl Fn(&S) -> Result<Snapshot, Failure>) -> Vec<Snapshot> {
    let alarm = |failure: Failure| tracing::error!(step = "list", reason = %failure, failed = 1, "left out a snapshot");
    page.iter().filter_map(|snapshot| read(snapshot).map_err(alarm).ok()).collect()
}

fn instance(seen: &DbSnapshot) -> Result<Snapshot, Failure> {
    Ok(Snapshot {
        arn: arn(seen.db_snapshot_arn())?,
        database: seen.db_instance_identifier().unwrap_or_default().to_owned(),
        status: Status::read(seen.status().unwrap_or_default()),
        progress: percent(seen.percent_progress()),
        gib: gib(seen.allocated_storage()),
        is_encrypted: seen.encrypted().unwrap_or_default(),
        key: seen.kms_key_id().map(str::to_owned),
        created: time(seen.snapshot_create_time()),
        original_created: time(seen.original_snapshot_create_time()),
        tags: tags(seen.tag_list()),
    })
}

fn cluster(seen: &DbClusterSnapshot) -> Result<Snapshot, Failure> {
    Ok(Snapshot {
        arn: arn(seen.db_cluster_snapshot_arn())?,
        database: seen.db_cluster_identifier().unwrap_or_default().to_owned(),
        status: Status::read(seen.status().unwrap_or_default()),
        progress: percent(seen.percent_progress()),
        gib: gib(seen.allocated_storage()),
        is_encrypted: seen.storage_encrypted().unwrap_or_default(),
        key: seen.kms_key_id().map(str::to_owned),
        created: time(seen.snapshot_create_time()),
        // The API has no OriginalSnapshotCreateTime for clusters.
        original_created: None,
        tags: tags(seen.tag_list()),
    })
}

fn arn(seen: Option<&str>) -> Result<SnapshotArn, Failure> {
    seen.unwrap_or_default().parse().map_err(Failure::not_understood)
}

fn percent(seen: Option<i32>) -> u8 {
    seen.and_then(|percent| u8::try_from(percent.clamp(0, 100)).ok()).unwrap_or_default()
}

fn gib(seen: Option<i32>) -> u32 {
    seen.and_then(|gib| u32::try_from(gib).ok()).unwrap_or_default()
}

fn time(seen: Option<&aws_smithy_types::DateTime>) -> Option<DateTime<Utc>> {
    seen.and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos()))
}

fn tags(seen: &[Tag]) -> Tags {
    seen.iter().filter_map(|tag| Some((tag.key()?, tag.value().unwrap_or_default()))).collect()
}
