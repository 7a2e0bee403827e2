//! The calls and responses that the tests use, for instances and clusters.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_rds::Client;
use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{DbClusterSnapshot, DbSnapshot, Filter, Tag};
use sim::World;

pub(crate) use crate::support::{DR, PROD, REGION, code, settings, world, world_where};

pub(crate) const OTHER_REGION: &str = "us-east-1";
pub(crate) const MINUTE: Duration = Duration::from_mins(1);
pub(crate) const DAY: Duration = Duration::from_hours(24);
pub(crate) const BOTH: [Kind; 2] = [Kind::Instance, Kind::Cluster];

/// A world that allows more instances than AWS does by default.
pub(crate) fn with_quota_of_instances(instances: usize) -> World {
    let quotas = sim::Quotas { instances, ..sim::Quotas::default() };
    World::with_settings(sim::Settings { quotas, ..settings() })
}

pub(crate) fn client(world: &World, account: &str, region: &str) -> Client {
    Client::new(&world.sdk_config(account, region))
}

pub(crate) fn tags(all: &[(&str, &str)]) -> Tags {
    all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub(crate) type Tags = BTreeMap<String, String>;

pub(crate) fn sdk_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

pub(crate) fn read_tags(list: &[Tag]) -> Tags {
    let text = |text: Option<&str>| text.expect("a tag").to_owned();
    list.iter().map(|tag| (text(tag.key()), text(tag.value()))).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Instance,
    Cluster,
}

impl Kind {
    pub(crate) fn database_not_found(self) -> String {
        self.pick("DBInstanceNotFound", "DBClusterNotFoundFault")
    }

    pub(crate) fn invalid_database_state(self) -> String {
        self.pick("InvalidDBInstanceState", "InvalidDBClusterStateFault")
    }

    pub(crate) fn snapshot_not_found(self) -> String {
        self.pick("DBSnapshotNotFound", "DBClusterSnapshotNotFoundFault")
    }

    pub(crate) fn snapshot_exists(self) -> String {
        self.pick("DBSnapshotAlreadyExists", "DBClusterSnapshotAlreadyExistsFault")
    }

    pub(crate) fn invalid_snapshot_state(self) -> String {
        self.pick("InvalidDBSnapshotState", "InvalidDBClusterSnapshotStateFault")
    }

    pub(crate) fn arn(self, account: &str, region: &str, id: &str) -> String {
        format!("arn:aws:rds:{region}:{account}:{}:{id}", self.pick("snapshot", "cluster-snapshot"))
    }

    pub(crate) fn database_arn(self, account: &str, region: &str, id: &str) -> String {
        format!("arn:aws:rds:{region}:{account}:{}:{id}", self.pick("db", "cluster"))
    }

    pub(crate) fn pick(self, instance: &str, cluster: &str) -> String {
        match self {
            Self::Instance => instance.to_owned(),
            Self::Cluster => cluster.to_owned(),
        }
    }
}

/// A snapshot as a response describes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SnapshotView {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) database: String,
    pub(crate) origin: String,
    pub(crate) status: String,
    pub(crate) percent: i32,
    pub(crate) key: Option<String>,
    pub(crate) is_encrypted: bool,
    pub(crate) tags: Tags,
    pub(crate) taken: Option<DateTime>,
    pub(crate) originally_taken: Option<DateTime>,
    pub(crate) source: Option<String>,
}

impl From<&DbSnapshot> for SnapshotView {
    fn from(seen: &DbSnapshot) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            id: text(seen.db_snapshot_identifier()),
            arn: text(seen.db_snapshot_arn()),
            database: text(seen.db_instance_identifier()),
            origin: text(seen.snapshot_type()),
            status: text(seen.status()),
            percent: seen.percent_progress().expect("a percentage"),
            key: seen.kms_key_id().map(str::to_owned),
            is_encrypted: seen.encrypted().expect("whether it is encrypted"),
            tags: read_tags(seen.tag_list()),
            taken: seen.snapshot_create_time().copied(),
            originally_taken: seen.original_snapshot_create_time().copied(),
            source: seen.source_db_snapshot_identifier().map(str::to_owned),
        }
    }
}

impl From<&DbClusterSnapshot> for SnapshotView {
    fn from(seen: &DbClusterSnapshot) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            id: text(seen.db_cluster_snapshot_identifier()),
            arn: text(seen.db_cluster_snapshot_arn()),
            database: text(seen.db_cluster_identifier()),
            origin: text(seen.snapshot_type()),
            status: text(seen.status()),
            percent: seen.percent_progress().expect("a percentage"),
            key: seen.kms_key_id().map(str::to_owned),
            is_encrypted: seen.storage_encrypted().expect("whether it is encrypted"),
            tags: read_tags(seen.tag_list()),
            taken: seen.snapshot_create_time().copied(),
            originally_taken: None,
            source: seen.source_db_cluster_snapshot_arn().map(str::to_owned),
        }
    }
}

/// The parameters of a describe call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query<'a> {
    pub(crate) id: Option<&'a str>,
    pub(crate) database: Option<&'a str>,
    pub(crate) origin: Option<&'a str>,
    pub(crate) filters: &'a [(&'a str, &'a str)],
    pub(crate) shared: bool,
    pub(crate) public: bool,
    pub(crate) size: Option<i32>,
    pub(crate) marker: Option<String>,
}

/// The parameters of a copy call.
#[derive(Clone, Debug, Default)]
pub(crate) struct CopyRequest<'a> {
    pub(crate) source: &'a str,
    pub(crate) target: &'a str,
    pub(crate) key: Option<&'a str>,
    pub(crate) copy_tags: bool,
    pub(crate) tags: Tags,
}

/// The properties of a new database.
#[derive(Clone, Debug, Default)]
pub(crate) struct DatabaseSpec<'a> {
    pub(crate) key: Option<&'a str>,
    pub(crate) is_encrypted: bool,
    pub(crate) tags: Tags,
    pub(crate) copies_tags: bool,
    pub(crate) window: Option<&'a str>,
    pub(crate) retention: Option<i32>,
}

impl DatabaseSpec<'_> {
    /// A database that is backed up daily at 04:00.
    pub(crate) fn daily(retention: i32) -> Self {
        Self { retention: Some(retention), window: Some("04:00-04:30"), ..Self::default() }
    }
}

/// Databases and snapshots of one kind, for one account in one region.
#[derive(Clone)]
pub(crate) struct Rds {
    pub(crate) client: Client,
    pub(crate) kind: Kind,
}

type Answer<T> = Result<T, String>;

/// Calls the operation of the kind and returns the common fields.
macro_rules! either {
    ($self:ident, $instance:expr, $cluster:expr) => {
        match $self.kind {
            Kind::Instance => {
                code($instance.send().await).map(|answer| SnapshotView::from(answer.db_snapshot().expect("a snapshot")))
            }
            Kind::Cluster => code($cluster.send().await)
                .map(|answer| SnapshotView::from(answer.db_cluster_snapshot().expect("a snapshot"))),
        }
    };
}

impl Rds {
    pub(crate) fn new(world: &World, account: &str, region: &str, kind: Kind) -> Self {
        Self { client: client(world, account, region), kind }
    }

    /// Creates a database of 100 GiB and waits until it is available, with as few automated snapshots as possible.
    pub(crate) async fn database(&self, world: &World, id: &str) {
        let retention = Some(if self.kind == Kind::Instance { 0 } else { 35 });
        self.create_database(id, DatabaseSpec { retention, ..DatabaseSpec::default() }).await.expect("a database");
        world.sleep(5 * MINUTE).await;
    }

    pub(crate) async fn create_database(&self, id: &str, like: DatabaseSpec<'_>) -> Answer<()> {
        match self.kind {
            Kind::Instance => {
                let call =
                    self.client.create_db_instance().db_instance_identifier(id).db_instance_class("db.t4g.small");
                let call = call
                    .engine("postgres")
                    .allocated_storage(100)
                    .master_username("draco")
                    .master_user_password("simulated")
                    .storage_encrypted(like.is_encrypted);
                let call = call.set_kms_key_id(like.key.map(str::to_owned)).set_tags(Some(sdk_tags(&like.tags)));
                let call = call.copy_tags_to_snapshot(like.copies_tags).set_backup_retention_period(like.retention);
                let call = call.set_preferred_backup_window(like.window.map(str::to_owned));
                code(call.send().await).map(drop)
            }
            Kind::Cluster => {
                let call = self
                    .client
                    .create_db_cluster()
                    .db_cluster_identifier(id)
                    .engine("aurora-postgresql")
                    .master_username("draco")
                    .master_user_password("simulated");
                let call = call.storage_encrypted(like.is_encrypted).set_kms_key_id(like.key.map(str::to_owned));
                let call = call.set_tags(Some(sdk_tags(&like.tags))).copy_tags_to_snapshot(like.copies_tags);
                let call = call.set_backup_retention_period(like.retention);
                let call = call.set_preferred_backup_window(like.window.map(str::to_owned));
                code(call.send().await).map(drop)
            }
        }
    }

    /// The status of a database.
    pub(crate) async fn status(&self, id: &str) -> Answer<String> {
        let status = match self.kind {
            Kind::Instance => {
                let answer = code(self.client.describe_db_instances().db_instance_identifier(id).send().await)?;
                answer.db_instances()[0].db_instance_status().map(str::to_owned)
            }
            Kind::Cluster => {
                let answer = code(self.client.describe_db_clusters().db_cluster_identifier(id).send().await)?;
                answer.db_clusters()[0].status().map(str::to_owned)
            }
        };
        Ok(status.expect("a status"))
    }

    /// Deletes a database without a final snapshot.
    pub(crate) async fn delete_database(&self, id: &str, with_backups: bool) -> Answer<()> {
        match self.kind {
            Kind::Instance => {
                let call = self.client.delete_db_instance().db_instance_identifier(id).skip_final_snapshot(true);
                code(call.delete_automated_backups(with_backups).send().await).map(drop)
            }
            Kind::Cluster => {
                let call = self.client.delete_db_cluster().db_cluster_identifier(id).skip_final_snapshot(true);
                code(call.delete_automated_backups(with_backups).send().await).map(drop)
            }
        }
    }

    pub(crate) async fn create(&self, database: &str, id: &str) -> Answer<SnapshotView> {
        self.create_tagged(database, id, Tags::new()).await
    }

    pub(crate) async fn create_tagged(&self, database: &str, id: &str, tags: Tags) -> Answer<SnapshotView> {
        let tags = Some(sdk_tags(&tags));
        let instance = self.client.create_db_snapshot().set_tags(tags.clone());
        let cluster = self.client.create_db_cluster_snapshot().set_tags(tags);
        either!(
            self,
            instance.db_instance_identifier(database).db_snapshot_identifier(id),
            cluster.db_cluster_identifier(database).db_cluster_snapshot_identifier(id)
        )
    }

    /// Creates a database with one snapshot, and waits until both are available.
    pub(crate) async fn snapshot(&self, world: &World, id: &str) -> SnapshotView {
        let database = format!("of-{id}");
        self.database(world, &database).await;
        self.create(&database, id).await.expect("a snapshot");
        world.sleep(10 * MINUTE).await;
        self.describe(id).await.expect("the snapshot")
    }

    pub(crate) async fn copy(&self, wanted: CopyRequest<'_>) -> Answer<SnapshotView> {
        let (tags, key) = (Some(sdk_tags(&wanted.tags)), wanted.key.map(str::to_owned));
        let instance = self.client.copy_db_snapshot().set_tags(tags.clone()).set_kms_key_id(key.clone());
        let cluster = self.client.copy_db_cluster_snapshot().set_tags(tags).set_kms_key_id(key);
        either!(
            self,
            instance
                .source_db_snapshot_identifier(wanted.source)
                .target_db_snapshot_identifier(wanted.target)
                .copy_tags(wanted.copy_tags),
            cluster
                .source_db_cluster_snapshot_identifier(wanted.source)
                .target_db_cluster_snapshot_identifier(wanted.target)
                .copy_tags(wanted.copy_tags)
        )
    }

    pub(crate) async fn delete(&self, id: &str) -> Answer<SnapshotView> {
        either!(
            self,
            self.client.delete_db_snapshot().db_snapshot_identifier(id),
            self.client.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(id)
        )
    }

    /// A single snapshot: an own one by its identifier, a shared one by its ARN.
    pub(crate) async fn describe(&self, id: &str) -> Answer<SnapshotView> {
        let origin = id.starts_with("rds:").then_some("automated");
        let query = Query { id: Some(id), origin, shared: id.starts_with("arn:"), ..Query::default() };
        self.list(query).await.map(|(mut seen, _)| seen.remove(0))
    }

    /// The identifiers on the first page.
    pub(crate) async fn ids(&self, query: Query<'_>) -> Answer<Vec<String>> {
        self.list(query).await.map(|(seen, _)| seen.into_iter().map(|seen| seen.id).collect())
    }

    /// A page, and the marker of the next.
    pub(crate) async fn list(&self, query: Query<'_>) -> Answer<(Vec<SnapshotView>, Option<String>)> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let filters = query.filters.iter().map(|(name, value)| Filter::builder().name(*name).values(*value).build());
        let filters: Vec<_> = filters.collect();
        match self.kind {
            Kind::Instance => {
                let call = self.client.describe_db_snapshots().set_db_snapshot_identifier(text(query.id));
                let call = call.set_db_instance_identifier(text(query.database)).set_snapshot_type(text(query.origin));
                let call = call.set_filters(Some(filters)).include_shared(query.shared).include_public(query.public);
                let answer = code(call.set_max_records(query.size).set_marker(query.marker).send().await)?;
                Ok((answer.db_snapshots().iter().map(SnapshotView::from).collect(), answer.marker().map(str::to_owned)))
            }
            Kind::Cluster => {
                let call =
                    self.client.describe_db_cluster_snapshots().set_db_cluster_snapshot_identifier(text(query.id));
                let call = call.set_db_cluster_identifier(text(query.database)).set_snapshot_type(text(query.origin));
                let call = call.set_filters(Some(filters)).include_shared(query.shared).include_public(query.public);
                let answer = code(call.set_max_records(query.size).set_marker(query.marker).send().await)?;
                Ok((
                    answer.db_cluster_snapshots().iter().map(SnapshotView::from).collect(),
                    answer.marker().map(str::to_owned),
                ))
            }
        }
    }

    /// Changes the accounts that a snapshot is shared with, and returns the result.
    pub(crate) async fn share(&self, id: &str, add: &[&str], remove: &[&str]) -> Answer<Vec<String>> {
        let list = |accounts: &[&str]| Some(accounts.iter().map(|account| (*account).to_owned()).collect::<Vec<_>>());
        match self.kind {
            Kind::Instance => {
                let call = self.client.modify_db_snapshot_attribute().db_snapshot_identifier(id);
                let call =
                    call.attribute_name("restore").set_values_to_add(list(add)).set_values_to_remove(list(remove));
                let answer = code(call.send().await)?;
                let result = answer.db_snapshot_attributes_result().expect("attributes");
                Ok(result.db_snapshot_attributes()[0].attribute_values().to_vec())
            }
            Kind::Cluster => {
                let call = self.client.modify_db_cluster_snapshot_attribute().db_cluster_snapshot_identifier(id);
                let call =
                    call.attribute_name("restore").set_values_to_add(list(add)).set_values_to_remove(list(remove));
                let answer = code(call.send().await)?;
                let result = answer.db_cluster_snapshot_attributes_result().expect("attributes");
                Ok(result.db_cluster_snapshot_attributes()[0].attribute_values().to_vec())
            }
        }
    }

    /// The accounts that a snapshot is shared with.
    pub(crate) async fn shared_with(&self, id: &str) -> Answer<Vec<String>> {
        match self.kind {
            Kind::Instance => {
                let call = self.client.describe_db_snapshot_attributes().db_snapshot_identifier(id);
                let answer = code(call.send().await)?;
                let result = answer.db_snapshot_attributes_result().expect("attributes");
                Ok(result.db_snapshot_attributes()[0].attribute_values().to_vec())
            }
            Kind::Cluster => {
                let call = self.client.describe_db_cluster_snapshot_attributes().db_cluster_snapshot_identifier(id);
                let answer = code(call.send().await)?;
                let result = answer.db_cluster_snapshot_attributes_result().expect("attributes");
                Ok(result.db_cluster_snapshot_attributes()[0].attribute_values().to_vec())
            }
        }
    }
}
