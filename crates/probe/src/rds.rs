//! RDS's operations for instances and clusters, which differ only in their names.

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbClusterSnapshot, DbSnapshot, Filter, Tag};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime as SmithyTime;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use chrono::{DateTime, Utc};

use crate::backups::{self, Window};
use crate::experiment::Kind;
use crate::trace::{Refusal, View};

/// The response of AWS.
pub(crate) type Response<T> = Result<T, Refusal>;

/// In place of an error code, if AWS did not respond.
pub(crate) const NO_RESPONSE: &str = "NoResponse";

/// The error code and message.
pub(crate) fn refusal<E, R>(error: SdkError<E, R>) -> Refusal
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match error.code().map(str::to_owned) {
        Some(code) => Refusal { code, message: error.message().unwrap_or_default().to_owned() },
        None => Refusal { code: NO_RESPONSE.to_owned(), message: DisplayErrorContext(error).to_string() },
    }
}

/// The engine of a cluster that is not Aurora's.
pub(crate) const DOCUMENT_DB: &str = "docdb";

/// A new database.
pub(crate) struct NewDatabase<'a> {
    pub(crate) engine: &'static str,
    pub(crate) id: &'a str,
    pub(crate) password: &'a str,
    /// AWS chooses one otherwise.
    pub(crate) window: Option<Window>,
    pub(crate) is_encrypted: bool,
    pub(crate) tags: Vec<Tag>,
}

/// A database as it is described.
pub(crate) struct Database {
    pub(crate) status: String,
    pub(crate) tags: Vec<Tag>,
}

/// A copy.
pub(crate) struct CopyOf<'a> {
    /// The identifier or ARN of the source.
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) key: Option<String>,
    pub(crate) carries_tags: bool,
    pub(crate) tags: Option<Vec<Tag>>,
}

/// The smallest databases. A cluster without instances has storage and backups, and costs only its storage.
pub(crate) async fn create_database(rds: &Client, kind: Kind, new: NewDatabase<'_>) -> Response<()> {
    let (window, maintenance) = (new.window.map(backups::text), new.window.map(backups::maintenance));
    match kind {
        Kind::Instance => {
            let request = rds.create_db_instance().db_instance_identifier(new.id).engine(new.engine);
            let request = request.db_instance_class("db.t4g.micro").allocated_storage(20).storage_type("gp3");
            let request =
                request.storage_encrypted(new.is_encrypted).publicly_accessible(false).copy_tags_to_snapshot(true);
            let request = request.master_username("probe").master_user_password(new.password);
            let request = request.backup_retention_period(1).set_preferred_backup_window(window);
            let request = request.set_preferred_maintenance_window(maintenance);
            request.set_tags(Some(new.tags)).send().await.map(|_| ()).map_err(refusal)
        }
        Kind::Cluster => {
            let request = rds.create_db_cluster().db_cluster_identifier(new.id).engine(new.engine);
            // "Valid for Cluster Type: Aurora DB clusters and Multi-AZ DB clusters" (`CreateDBCluster`).
            let copies_tags = (new.engine != DOCUMENT_DB).then_some(true);
            let request = request.storage_encrypted(new.is_encrypted).set_copy_tags_to_snapshot(copies_tags);
            let request = request.master_username("probe").master_user_password(new.password);
            let request = request.backup_retention_period(1).set_preferred_backup_window(window);
            let request = request.set_preferred_maintenance_window(maintenance);
            request.set_tags(Some(new.tags)).send().await.map(|_| ()).map_err(refusal)
        }
    }
}

pub(crate) async fn describe_database(rds: &Client, kind: Kind, id: &str) -> Response<Option<Database>> {
    Ok(match kind {
        Kind::Instance => {
            let found = rds.describe_db_instances().db_instance_identifier(id).send().await.map_err(refusal)?;
            found.db_instances().first().map(|found| Database {
                status: found.db_instance_status().unwrap_or_default().to_owned(),
                tags: found.tag_list().to_vec(),
            })
        }
        Kind::Cluster => {
            let found = rds.describe_db_clusters().db_cluster_identifier(id).send().await.map_err(refusal)?;
            found.db_clusters().first().map(|found| Database {
                status: found.status().unwrap_or_default().to_owned(),
                tags: found.tag_list().to_vec(),
            })
        }
    })
}

/// With its automated snapshots.
pub(crate) async fn delete_database(rds: &Client, kind: Kind, id: &str) -> Response<()> {
    match kind {
        Kind::Instance => {
            let request = rds.delete_db_instance().db_instance_identifier(id).skip_final_snapshot(true);
            request.delete_automated_backups(true).send().await.map(|_| ()).map_err(refusal)
        }
        Kind::Cluster => {
            let request = rds.delete_db_cluster().db_cluster_identifier(id).skip_final_snapshot(true);
            request.delete_automated_backups(true).send().await.map(|_| ()).map_err(refusal)
        }
    }
}

pub(crate) async fn take(
    rds: &Client,
    kind: Kind,
    id: &str,
    database: &str,
    tags: Option<Vec<Tag>>,
) -> Response<Option<View>> {
    match kind {
        Kind::Instance => {
            let request = rds.create_db_snapshot().db_snapshot_identifier(id).db_instance_identifier(database);
            let taken = request.set_tags(tags).send().await.map_err(refusal)?;
            Ok(taken.db_snapshot().map(View::of_instance))
        }
        Kind::Cluster => {
            let request = rds.create_db_cluster_snapshot().db_cluster_snapshot_identifier(id);
            let taken = request.db_cluster_identifier(database).set_tags(tags).send().await.map_err(refusal)?;
            Ok(taken.db_cluster_snapshot().map(View::of_cluster))
        }
    }
}

pub(crate) async fn copy(rds: &Client, kind: Kind, copy: CopyOf<'_>) -> Response<Option<View>> {
    // Without `CopyTags` the request does not have the member.
    let carries_tags = copy.carries_tags.then_some(true);
    match kind {
        Kind::Instance => {
            let request = rds.copy_db_snapshot().source_db_snapshot_identifier(copy.from);
            let request = request.target_db_snapshot_identifier(copy.to).set_kms_key_id(copy.key);
            let request = request.set_copy_tags(carries_tags).set_tags(copy.tags);
            Ok(request.send().await.map_err(refusal)?.db_snapshot().map(View::of_instance))
        }
        Kind::Cluster => {
            let request = rds.copy_db_cluster_snapshot().source_db_cluster_snapshot_identifier(copy.from);
            let request = request.target_db_cluster_snapshot_identifier(copy.to).set_kms_key_id(copy.key);
            let request = request.set_copy_tags(carries_tags).set_tags(copy.tags);
            Ok(request.send().await.map_err(refusal)?.db_cluster_snapshot().map(View::of_cluster))
        }
    }
}

/// The snapshot with this identifier or ARN.
pub(crate) async fn describe(
    rds: &Client,
    kind: Kind,
    id: &str,
    include_shared: Option<bool>,
) -> Response<Option<View>> {
    match kind {
        Kind::Instance => {
            let request = rds.describe_db_snapshots().db_snapshot_identifier(id).set_include_shared(include_shared);
            Ok(request.send().await.map_err(refusal)?.db_snapshots().first().map(View::of_instance))
        }
        Kind::Cluster => {
            let request = rds.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(id);
            let found = request.set_include_shared(include_shared).send().await.map_err(refusal)?;
            Ok(found.db_cluster_snapshots().first().map(View::of_cluster))
        }
    }
}

/// The tags of a snapshot, and the identifier of its database.
pub(crate) async fn origin(rds: &Client, kind: Kind, id: &str) -> Response<Option<(Vec<Tag>, String)>> {
    Ok(match kind {
        Kind::Instance => {
            let found = rds.describe_db_snapshots().db_snapshot_identifier(id).send().await.map_err(refusal)?;
            let found = found.db_snapshots().first();
            found.map(|found| (found.tag_list().to_vec(), text(found.db_instance_identifier())))
        }
        Kind::Cluster => {
            let request = rds.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(id);
            let found = request.send().await.map_err(refusal)?;
            let found = found.db_cluster_snapshots().first();
            found.map(|found| (found.tag_list().to_vec(), text(found.db_cluster_identifier())))
        }
    })
}

/// The number of instances with this identifier and this engine.
pub(crate) async fn count_with_engines(rds: &Client, id: &str, engines: &[&str]) -> Response<usize> {
    let engines = engines.iter().map(|engine| (*engine).to_owned()).collect();
    let filter = Filter::builder().name("engine").set_values(Some(engines)).build();
    let request = rds.describe_db_instances().db_instance_identifier(id).filters(filter);
    Ok(request.send().await.map_err(refusal)?.db_instances().len())
}

/// The first snapshot that a filter by this instance lists.
pub(crate) async fn first_of(rds: &Client, database: &str) -> Response<Option<View>> {
    let filter = Filter::builder().name("db-instance-id").values(database).build();
    let found = rds.describe_db_snapshots().filters(filter).send().await.map_err(refusal)?;
    Ok(found.db_snapshots().first().map(View::of_instance))
}

/// The number of snapshots of an instance.
pub(crate) async fn count(rds: &Client, database: &str) -> Response<usize> {
    let request = rds.describe_db_snapshots().db_instance_identifier(database);
    Ok(request.send().await.map_err(refusal)?.db_snapshots().len())
}

/// A snapshot of an existing instance.
pub(crate) struct TakenSnapshot {
    pub(crate) id: String,
    pub(crate) resource_id: String,
    pub(crate) status: String,
    pub(crate) gib: u32,
    /// When the instance was as it is in the snapshot.
    pub(crate) taken: DateTime<Utc>,
    /// The same, or when the copy was started.
    pub(crate) created: DateTime<Utc>,
}

/// All snapshots of an instance, except those that have no time yet. The instance may be in another account.
pub(crate) async fn snapshots(rds: &Client, database: &str) -> Response<Vec<TakenSnapshot>> {
    let (mut all, mut marker) = (Vec::new(), None);
    loop {
        let request = rds.describe_db_snapshots().set_marker(marker);
        let page = request.send().await.map_err(refusal)?;
        let of_database = page.db_snapshots().iter().filter(|one| one.db_instance_identifier() == Some(database));
        all.extend(of_database.filter_map(TakenSnapshot::of));
        marker = page.marker().map(str::to_owned);
        if marker.is_none() {
            return Ok(all);
        }
    }
}

impl TakenSnapshot {
    fn of(snapshot: &DbSnapshot) -> Option<Self> {
        const GIB: i64 = 1 << 30;
        let created = snapshot.snapshot_create_time().and_then(time)?;
        let taken = snapshot.original_snapshot_create_time().and_then(time).unwrap_or(created);
        // "The full size of the DB snapshot": the blocks that were written, not what is allocated. It says nothing about copies:
        // "This is not the incremental size of the snapshot" (API reference, `DBSnapshot`).
        let written = snapshot.full_snapshot_size_in_bytes().filter(|bytes| *bytes > 0);
        let written = written.and_then(|bytes| u32::try_from((bytes + GIB - 1) / GIB).ok());
        let allocated = u32::try_from(snapshot.allocated_storage().unwrap_or_default()).unwrap_or_default();
        Some(Self {
            id: text(snapshot.db_snapshot_identifier()),
            resource_id: text(snapshot.dbi_resource_id()),
            status: text(snapshot.status()),
            gib: written.unwrap_or(allocated),
            taken,
            created,
        })
    }
}

/// The automated snapshots of an instance.
pub(crate) async fn automated(rds: &Client, database: &str) -> Response<Vec<View>> {
    let request = rds.describe_db_snapshots().db_instance_identifier(database).snapshot_type("automated");
    Ok(request.send().await.map_err(refusal)?.db_snapshots().iter().map(View::of_instance).collect())
}

pub(crate) async fn share(rds: &Client, kind: Kind, id: &str, account: &str) -> Response<()> {
    match kind {
        Kind::Instance => {
            let request = rds.modify_db_snapshot_attribute().db_snapshot_identifier(id);
            let request = request.attribute_name("restore").values_to_add(account);
            request.send().await.map(|_| ()).map_err(refusal)
        }
        Kind::Cluster => {
            let request = rds.modify_db_cluster_snapshot_attribute().db_cluster_snapshot_identifier(id);
            let request = request.attribute_name("restore").values_to_add(account);
            request.send().await.map(|_| ()).map_err(refusal)
        }
    }
}

pub(crate) async fn tag(rds: &Client, arn: &str, tags: Vec<Tag>) -> Response<()> {
    let request = rds.add_tags_to_resource().resource_name(arn).set_tags(Some(tags));
    request.send().await.map(|_| ()).map_err(refusal)
}

pub(crate) async fn delete(rds: &Client, kind: Kind, id: &str) -> Response<()> {
    match kind {
        Kind::Instance => rds.delete_db_snapshot().db_snapshot_identifier(id).send().await.map(|_| ()).map_err(refusal),
        Kind::Cluster => {
            let request = rds.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(id);
            request.send().await.map(|_| ()).map_err(refusal)
        }
    }
}

impl View {
    fn of_instance(snapshot: &DbSnapshot) -> Self {
        Self {
            identifier: text(snapshot.db_snapshot_identifier()),
            arn: text(snapshot.db_snapshot_arn()),
            status: text(snapshot.status()),
            snapshot_type: text(snapshot.snapshot_type()),
            percent: snapshot.percent_progress().unwrap_or_default(),
            tags: tags(snapshot.tag_list()),
            created: snapshot.snapshot_create_time().and_then(time),
            originally_created: snapshot.original_snapshot_create_time().and_then(time),
            key: snapshot.kms_key_id().map(str::to_owned),
            source: snapshot.source_db_snapshot_identifier().map(str::to_owned),
        }
    }

    fn of_cluster(snapshot: &DbClusterSnapshot) -> Self {
        Self {
            identifier: text(snapshot.db_cluster_snapshot_identifier()),
            arn: text(snapshot.db_cluster_snapshot_arn()),
            status: text(snapshot.status()),
            snapshot_type: text(snapshot.snapshot_type()),
            percent: snapshot.percent_progress().unwrap_or_default(),
            tags: tags(snapshot.tag_list()),
            created: snapshot.snapshot_create_time().and_then(time),
            originally_created: None,
            key: snapshot.kms_key_id().map(str::to_owned),
            source: snapshot.source_db_cluster_snapshot_arn().map(str::to_owned),
        }
    }
}

fn text(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

fn time(time: &SmithyTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.secs(), time.subsec_nanos())
}

fn tags(tags: &[Tag]) -> std::collections::BTreeMap<String, String> {
    tags.iter().map(|tag| (text(tag.key()), text(tag.value()))).collect()
}
