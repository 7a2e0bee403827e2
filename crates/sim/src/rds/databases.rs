//! Databases: instances and clusters, as far as their snapshots require. They hold no data and accept no connections.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::backups::{self, Window};
use super::engines::Engine;
use super::events::{EventKind, record_event};
use super::filters::{self, Filter, Property};
use super::identifiers::{Arn, MAX_DATABASE_ID_LENGTH, ResourceType, check_identifier};
use super::kind::Kind;
use super::lifecycle::{check_can_create, check_snapshot_id, start_snapshot};
use super::snapshots::Origin;
use super::tags::{self, Tag, Tags};
use super::{RdsContext, find_database_by_resource_id, find_snapshot_by_uid, paging, view};
use crate::call::Error;
use crate::world::State;
use crate::{kms, page};

pub(super) struct Database {
    pub(super) arn: Arn,
    pub(super) facts: Arc<Facts>,
    pub(super) status: Status,
    /// The ARN of the encryption key.
    pub(super) key: Option<String>,
    pub(super) tags: Tags,
    pub(super) copies_tags_to_snapshots: bool,
}

/// The properties of a database that its snapshots report and that never change.
pub(super) struct Facts {
    pub(super) id: String,
    /// Unlike the identifier, never used again.
    pub(super) resource_id: String,
    pub(super) engine: &'static Engine,
    pub(super) version: String,
    /// `db.t4g.medium`.
    pub(super) class: Option<String>,
    /// The size of a snapshot.
    pub(super) gib: u32,
    pub(super) storage_type: String,
    pub(super) port: u32,
    pub(super) user: String,
    pub(super) created: DateTime<Utc>,
    pub(super) window: Window,
    pub(super) retention_days: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Creating,
    Available,
    Deleting,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::Deleting => "deleting",
        }
    }
}

impl Database {
    pub(super) fn tags_for_snapshots(&self) -> Tags {
        if self.copies_tags_to_snapshots { self.tags.clone() } else { Tags::new() }
    }

    pub(super) fn check_available(&self, kind: Kind) -> Result<(), Error> {
        if self.status == Status::Available {
            return Ok(());
        }
        let (database, id, status) = (kind.spelling().database, &self.facts.id, self.status.name());
        Err(kind.invalid_database_state(format!("{database} {id} is not in available state: it is {status}.")))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateRequest {
    #[serde(rename = "DBInstanceIdentifier", alias = "DBClusterIdentifier")]
    identifier: String,
    engine: String,
    engine_version: Option<String>,
    #[serde(rename = "DBInstanceClass", alias = "DBClusterInstanceClass")]
    class: Option<String>,
    allocated_storage: Option<u32>,
    storage_type: Option<String>,
    #[serde(default)]
    storage_encrypted: bool,
    kms_key_id: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    copy_tags_to_snapshot: bool,
    preferred_backup_window: Option<String>,
    backup_retention_period: Option<u32>,
    master_username: Option<String>,
    port: Option<u32>,
}

/// The time until a new database is available.
const CREATION: TimeDelta = TimeDelta::minutes(5);
/// The minimum time until a database is deleted.
const DELETION: TimeDelta = TimeDelta::minutes(3);
const MAX_RETENTION_DAYS: u32 = 35;
/// The operations that a database requires on its key.
const KEY_OPERATIONS: [&str; 4] = ["kms:DescribeKey", "kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey"];

pub(super) fn create(state: &mut State, ctx: &RdsContext, wanted: CreateRequest) -> Result<Value, Error> {
    let spelling = ctx.kind.spelling();
    let id = check_identifier(&wanted.identifier, &format!("{}Identifier", spelling.database), MAX_DATABASE_ID_LENGTH)?;
    if ctx.family(state).databases.contains_key(&id) {
        return Err(ctx.kind.database_already_exists());
    }
    let engine = Engine::find(&wanted.engine, ctx.kind)?;
    let retention_days = wanted.backup_retention_period.unwrap_or(1);
    if !(spelling.min_retention_days..=MAX_RETENTION_DAYS).contains(&retention_days) {
        return Err(invalid(format!("Invalid backup retention period: {retention_days}.")));
    }
    let window = wanted.preferred_backup_window.as_deref().map(Window::read).transpose()?;
    let tags = tags::with(Tags::new(), wanted.tags)?;
    let gib = match wanted.allocated_storage {
        None if engine.has_fixed_storage() => {
            return Err(invalid(format!("Invalid storage size for engine name {}.", engine.name)));
        }
        Some(gib) if engine.has_fixed_storage() => gib,
        _ => state.settings.cluster_gib,
    };
    let key = key(state, ctx, wanted.storage_encrypted, wanted.kms_key_id.as_deref())?;

    let arn = ctx.arn(ResourceType::Database, &id);
    let resource_id = new_resource_id(state, ctx.kind);
    let facts = Facts {
        id: id.clone(),
        resource_id: resource_id.clone(),
        engine,
        version: wanted.engine_version.unwrap_or_else(|| engine.version.to_owned()),
        class: wanted.class,
        gib,
        storage_type: wanted.storage_type.unwrap_or_else(|| default_storage_type(engine).to_owned()),
        port: wanted.port.unwrap_or(engine.port),
        user: wanted.master_username.unwrap_or_else(|| "admin".to_owned()),
        created: state.now,
        window: window.unwrap_or_else(|| Window::random(&mut state.random)),
        retention_days,
    };
    let database = Database {
        arn: arn.clone(),
        facts: Arc::new(facts),
        status: Status::Creating,
        key,
        tags,
        copies_tags_to_snapshots: wanted.copy_tags_to_snapshot,
    };
    let view = view::database(&database);
    ctx.family(state).databases.insert(id, database);
    backups::schedule(state, arn.clone(), resource_id.clone());
    state.agenda.at(state.now + CREATION, move |state| {
        let created = find_database_by_resource_id(state, &arn, &resource_id);
        if let Some(database) = created.filter(|database| database.status == Status::Creating) {
            database.status = Status::Available;
            record_event(state, &arn, EventKind::DatabaseCreated);
        }
    });
    Ok(json!({ spelling.database: view }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeRequest {
    #[serde(rename = "DBInstanceIdentifier", alias = "DBClusterIdentifier")]
    identifier: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    max_records: Option<i64>,
    marker: Option<String>,
}

pub(super) fn describe(state: &mut State, ctx: &RdsContext, wanted: &DescribeRequest) -> Result<Value, Error> {
    let spelling = ctx.kind.spelling();
    let size = paging::size(wanted.max_records)?;
    let candidates: Box<dyn Iterator<Item = &Database>> = match &wanted.identifier {
        Some(named) => Box::new(std::iter::once(&*ctx.own_database(state, named)?)),
        None => {
            Box::new(page::after(wanted.marker.as_ref(), &ctx.family(state).databases).map(|(_, database)| database))
        }
    };
    let found = candidates.map(|database| {
        let matches = filters::passes(&wanted.filters, |filter| match filter {
            _ if filter == spelling.filter_database => Some(Property::Resource(database.arn.clone())),
            "engine" => Some(Property::text(database.facts.engine.name)),
            "dbi-resource-id" | "db-cluster-resource-id" => Some(Property::text(&database.facts.resource_id)),
            _ => None,
        })?;
        Ok(matches.then(|| (&database.facts.id, view::database(database))))
    });
    let (found, marker) = paging::cut(found, size)?;
    Ok(json!({ format!("{}s", spelling.database): found, "Marker": marker }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteRequest {
    #[serde(rename = "DBInstanceIdentifier", alias = "DBClusterIdentifier")]
    identifier: String,
    #[serde(default)]
    skip_final_snapshot: bool,
    #[serde(rename = "FinalDBSnapshotIdentifier")]
    final_snapshot: Option<String>,
    #[serde(default = "yes")]
    delete_automated_backups: bool,
}

fn yes() -> bool {
    true
}

/// The database has the status `deleting` until it is gone, which is not before its final snapshot is available.
pub(super) fn delete(state: &mut State, ctx: &RdsContext, wanted: &DeleteRequest) -> Result<Value, Error> {
    let found = ctx.own_database(state, &wanted.identifier)?;
    let arn = found.arn.clone();
    if found.status == Status::Deleting {
        let message = format!("{} {} is already being deleted.", ctx.kind.spelling().database, arn.id);
        return Err(ctx.kind.invalid_database_state(message));
    }
    let (tags, resource_id) = (found.tags_for_snapshots(), found.facts.resource_id.clone());
    let last = match (wanted.skip_final_snapshot, &wanted.final_snapshot) {
        (true, None) => None,
        (false, Some(named)) => {
            found.check_available(ctx.kind)?;
            let id = check_snapshot_id(ctx, named)?;
            check_can_create(state, ctx, &id)?;
            start_snapshot(state, &arn, &id, Origin::Manual, tags)
        }
        (false, None) => {
            let message = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.";
            return Err(Error::new("InvalidParameterCombination", message));
        }
        (true, Some(_)) => {
            let message = "FinalDBSnapshotIdentifier cannot be specified when SkipFinalSnapshot is specified.";
            return Err(Error::new("InvalidParameterCombination", message));
        }
    };
    let last = last.and_then(|last| find_snapshot_by_uid(state, &last)).and_then(|last| last.status.until());
    let ends = last.into_iter().fold(state.now + DELETION, DateTime::max);
    let found = ctx.own_database(state, &wanted.identifier)?;
    found.status = Status::Deleting;
    let view = view::database(found);
    let with_backups = wanted.delete_automated_backups;
    state.agenda.at(ends, move |state| {
        state.region_state(&arn.account, &arn.region).rds.family(arn.kind).databases.remove(&arn.id);
        if with_backups {
            backups::remove_all(state, &arn, &resource_id);
        }
        record_event(state, &arn, EventKind::DatabaseDeleted);
    });
    Ok(json!({ ctx.kind.spelling().database: view }))
}

/// The key of a new database: the AWS managed key for RDS, unless the request names another.
fn key(state: &mut State, ctx: &RdsContext, encrypted: bool, wanted: Option<&str>) -> Result<Option<String>, Error> {
    match (encrypted, wanted) {
        (false, None) => Ok(None),
        (false, Some(_)) => {
            let message = "A KMS key can only be specified when StorageEncrypted is true.";
            Err(Error::new("InvalidParameterCombination", message))
        }
        (true, None) => Ok(Some(kms::managed_key(state, &ctx.caller.account, &ctx.region, "rds"))),
        (true, Some(key)) => usable_key(state, ctx, &ctx.region, key, &KEY_OPERATIONS, "Specified").map(Some),
    }
}

/// The ARN of a key that the caller may use for these operations. `of` describes the key in the error message.
pub(super) fn usable_key(
    state: &mut State,
    ctx: &RdsContext,
    region: &str,
    key: &str,
    operations: &[&str],
    of: &str,
) -> Result<String, Error> {
    kms::usable_key(state, &ctx.caller, region, key, operations, "rds").map_err(|kms::Refusal(message)| {
        let what = "does not exist, is not enabled or you do not have permissions to access it";
        Error::new("KMSKeyNotAccessibleFault", format!("{of} KMS key [{key}] {what}: {message}."))
    })
}

fn default_storage_type(engine: &Engine) -> &'static str {
    if engine.has_fixed_storage() { "gp2" } else { "aurora" }
}

/// `db-4ZC7Q2J5Y3W6K8M1N9P0RSTUVW`.
fn new_resource_id(state: &mut State, kind: Kind) -> String {
    let random: String = std::iter::repeat_with(|| state.random.alphanumeric().to_ascii_uppercase()).take(26).collect();
    format!("{}{random}", kind.spelling().resource_prefix)
}

fn invalid(message: String) -> Error {
    Error::new("InvalidParameterValue", message)
}
