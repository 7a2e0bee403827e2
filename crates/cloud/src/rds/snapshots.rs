//! Operations on snapshots, and their descriptions as [`Snapshot`]s.

use aws_sdk_rds::types::{DbClusterSnapshot, DbSnapshot, Filter};
use protocol::{AccountId, Engine, Kind, Snapshot, SnapshotArn, Status, Tags};

use super::{PAGE_SIZE, Rds, tag, tags, time};
use crate::Page;
use crate::error::Failure;
use crate::log::step;

/// The attribute that lists the accounts that may restore and copy a snapshot.
const RESTORE_ATTRIBUTE: &str = "restore";

impl Rds {
    /// A missing snapshot is an error.
    ///
    /// "If this identifier is for an automated snapshot, the `SnapshotType` parameter must also be specified", and shared
    /// snapshots are not returned by default (API reference of both calls).
    pub(crate) async fn find(&self, snapshot: &SnapshotArn) -> Result<Option<Snapshot>, Failure> {
        let name = self.name(snapshot);
        let is_shared = (snapshot.place != self.here).then_some(true);
        let snapshot_type = automated_type(snapshot);
        match snapshot.kind {
            Kind::Instance => {
                let call = self.client.describe_db_snapshots().db_snapshot_identifier(name);
                let found = call.set_include_shared(is_shared).set_snapshot_type(snapshot_type).send().await?;
                found.db_snapshots().first().map(instance).transpose()
            }
            Kind::Cluster => {
                let call = self.client.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(name);
                let found = call.set_include_shared(is_shared).set_snapshot_type(snapshot_type).send().await?;
                found.db_cluster_snapshots().first().map(cluster).transpose()
            }
        }
    }

    /// Uses a filter, because the parameter for the database "must match the identifier of an existing" one, and the database
    /// does not exist in DR. No text states that the filter lists then: it is a fact that `cargo xtask probe` checks
    /// (`copies-listed-by-database`).
    pub(crate) async fn list_page(
        &self,
        kind: Kind,
        database: Option<&str>,
        marker: Option<&str>,
    ) -> Result<Page, Failure> {
        let filters = database.map(|database| vec![database_filter(kind, database)]);
        let marker = marker.map(str::to_owned);
        match kind {
            Kind::Instance => {
                let call = self.client.describe_db_snapshots().max_records(PAGE_SIZE);
                let page = call.set_filters(filters).set_marker(marker).send().await?;
                Ok(Page { snapshots: parse_page(page.db_snapshots(), instance), marker: page.marker })
            }
            Kind::Cluster => {
                let call = self.client.describe_db_cluster_snapshots().max_records(PAGE_SIZE);
                let page = call.set_filters(filters).set_marker(marker).send().await?;
                Ok(Page { snapshots: parse_page(page.db_cluster_snapshots(), cluster), marker: page.marker })
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
                let call = self.client.copy_db_snapshot().source_db_snapshot_identifier(name);
                let call = call.target_db_snapshot_identifier(to.id()).set_kms_key_id(key);
                call.set_tags(tags).send().await?;
            }
            Kind::Cluster => {
                let call = self.client.copy_db_cluster_snapshot().source_db_cluster_snapshot_identifier(name);
                let call = call.target_db_cluster_snapshot_identifier(to.id()).set_kms_key_id(key);
                call.set_tags(tags).send().await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn share(&self, snapshot: &SnapshotArn, with: &AccountId) -> Result<(), Failure> {
        match snapshot.kind {
            Kind::Instance => {
                let call = self.client.modify_db_snapshot_attribute().db_snapshot_identifier(snapshot.id());
                call.attribute_name(RESTORE_ATTRIBUTE).values_to_add(with.as_str()).send().await?;
            }
            Kind::Cluster => {
                let call = self.client.modify_db_cluster_snapshot_attribute();
                let call = call.db_cluster_snapshot_identifier(snapshot.id());
                call.attribute_name(RESTORE_ATTRIBUTE).values_to_add(with.as_str()).send().await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn delete(&self, snapshot: &SnapshotArn) -> Result<(), Failure> {
        match snapshot.kind {
            Kind::Instance => {
                self.client.delete_db_snapshot().db_snapshot_identifier(snapshot.id()).send().await?;
            }
            Kind::Cluster => {
                let call = self.client.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(snapshot.id());
                call.send().await?;
            }
        }
        Ok(())
    }

    /// RDS has one operation for both kinds.
    pub(crate) async fn tag(&self, snapshot: &SnapshotArn, key: &str, value: &str) -> Result<(), Failure> {
        let call = self.client.add_tags_to_resource().resource_name(snapshot.to_string());
        call.tags(tag(key, value)).send().await?;
        Ok(())
    }

    /// The name of a snapshot in requests: the identifier for an own one, the ARN for a shared one.
    pub(super) fn name(&self, snapshot: &SnapshotArn) -> String {
        if snapshot.place == self.here { snapshot.id().to_owned() } else { snapshot.to_string() }
    }
}

/// Prefixes of identifiers that AWS generates, and the snapshot type of each.
const AUTOMATED: [(&str, &str); 2] = [("rds:", "automated"), ("awsbackup:", "awsbackup")];

/// The snapshot type that a request has to state for this snapshot.
pub(super) fn automated_type(snapshot: &SnapshotArn) -> Option<String> {
    let automated = AUTOMATED.iter().find(|(prefix, _)| snapshot.id().starts_with(prefix));
    automated.map(|(_, name)| (*name).to_owned())
}

fn database_filter(kind: Kind, database: &str) -> Filter {
    let name = match kind {
        Kind::Instance => "db-instance-id",
        Kind::Cluster => "db-cluster-id",
    };
    Filter::builder().name(name).values(database).build()
}

/// The snapshots of a page. One that cannot be parsed is left out with an error line, so that it does not hide the others.
fn parse_page<S>(page: &[S], parse: impl Fn(&S) -> Result<Snapshot, Failure>) -> Vec<Snapshot> {
    let report = |failure: Failure| {
        tracing::error!(step = step::SNAPSHOT_UNREADABLE, reason = %failure, failed = 1, bugs = 1, "skipped a snapshot that cannot be parsed");
    };
    page.iter().filter_map(|snapshot| parse(snapshot).map_err(report).ok()).collect()
}

pub(super) fn instance(described: &DbSnapshot) -> Result<Snapshot, Failure> {
    Ok(Snapshot {
        arn: arn(described.db_snapshot_arn())?,
        database: described.db_instance_identifier().unwrap_or_default().into(),
        resource_id: described.dbi_resource_id().map(Into::into),
        engine: Engine::parse(described.engine().unwrap_or_default()),
        status: Status::parse(described.status().unwrap_or_default()),
        progress: percent(described.percent_progress()),
        gib: gib(described.allocated_storage()),
        is_encrypted: described.encrypted().unwrap_or_default(),
        key: described.kms_key_id().map(Into::into),
        created: time(described.snapshot_create_time()),
        original_created: time(described.original_snapshot_create_time()),
        copied_from: copied_from(described.source_db_snapshot_identifier()),
        tags: tags(described.tag_list()),
    })
}

pub(super) fn cluster(described: &DbClusterSnapshot) -> Result<Snapshot, Failure> {
    Ok(Snapshot {
        arn: arn(described.db_cluster_snapshot_arn())?,
        database: described.db_cluster_identifier().unwrap_or_default().into(),
        resource_id: described.db_cluster_resource_id().map(Into::into),
        engine: Engine::parse(described.engine().unwrap_or_default()),
        status: Status::parse(described.status().unwrap_or_default()),
        progress: percent(described.percent_progress()),
        gib: gib(described.allocated_storage()),
        is_encrypted: described.storage_encrypted().unwrap_or_default(),
        key: described.kms_key_id().map(Into::into),
        created: time(described.snapshot_create_time()),
        // Cluster snapshots have no OriginalSnapshotCreateTime.
        original_created: None,
        copied_from: copied_from(described.source_db_cluster_snapshot_arn()),
        tags: tags(described.tag_list()),
    })
}

fn arn(text: Option<&str>) -> Result<SnapshotArn, Failure> {
    text.unwrap_or_default().parse().map_err(Failure::invalid_response)
}

/// A copy within an account and region can have no ARN here.
fn copied_from(text: Option<&str>) -> Option<Box<SnapshotArn>> {
    text.and_then(|arn| arn.parse().ok()).map(Box::new)
}

fn percent(value: Option<i32>) -> u8 {
    value.and_then(|percent| u8::try_from(percent.clamp(0, 100)).ok()).unwrap_or_default()
}

pub(super) fn gib(value: Option<i32>) -> u32 {
    value.and_then(|gib| u32::try_from(gib).ok()).unwrap_or_default()
}
