//! Databases: instances and clusters, as far as their snapshots require. They hold no data and accept no connections.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::engines::Engine;
use super::events::{EventKind, record_event};
use super::filters::{self, Filter, Property};
use super::given::WithSettings;
use super::identifiers::{Arn, MAX_DATABASE_ID_LENGTH, ResourceType, check_identifier};
use super::keys::encryption_context;
use super::kind::Kind;
use super::options::{self, OptionGroup};
use super::rules::{self, Credentials, invalid_combination};
use super::settings::Settings;
use super::tags::{self, Tag, Tags};
use super::windows::DailyWindow;
use super::{RdsContext, backups, find_database_by_resource_id, keys, paging, view};
use crate::call::Error;
use crate::kms::{EncryptionContext, ServiceGrant};
use crate::questions::FilteredOut;
use crate::world::State;
use crate::{kms, page};

pub(super) struct Database {
    pub(super) arn: Arn,
    pub(super) facts: Arc<Facts>,
    pub(super) status: Status,
    /// The ARN of the encryption key.
    pub(super) key: Option<String>,
    /// RDS's grant on the key.
    pub(super) grant: Option<ServiceGrant>,
    /// Since when RDS knows that it cannot use the key.
    pub(super) key_lost: Option<DateTime<Utc>>,
    pub(super) tags: Tags,
    pub(super) secret: Option<Secret>,
    pub(super) option_group: Option<OptionGroup>,
    /// Whether an automated backup has been postponed.
    pub(super) is_backup_due: bool,
}

/// The properties of a database that its snapshots report. A modification replaces them: earlier snapshots keep theirs.
#[derive(Clone)]
pub(super) struct Facts {
    pub(super) id: String,
    /// Unlike the identifier, never used again.
    pub(super) resource_id: String,
    pub(super) engine: &'static Engine,
    pub(super) created: DateTime<Utc>,
    /// The size of a snapshot.
    pub(super) gib: u32,
    pub(super) window: DailyWindow,
    pub(super) retention_days: u32,
    pub(super) settings: Settings,
}

/// The secret in which RDS keeps the master user's password. Secrets Manager is not simulated.
pub(super) struct Secret {
    pub(super) arn: String,
    pub(super) key: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Creating,
    Available,
    /// A cluster that is deleted, while its final snapshot is taken.
    TakingFinalSnapshot,
    Deleting,
    /// RDS cannot use the encryption key. Within seven days, the database can be started with the key enabled again.
    InaccessibleRecoverable,
    /// The same after seven days.
    Inaccessible,
    Starting,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            // "The status of the DB cluster is available while the snapshot is being taken" (the command line's reference,
            // `delete-db-cluster`).
            Self::Available | Self::TakingFinalSnapshot => "available",
            Self::Deleting => "deleting",
            Self::InaccessibleRecoverable => "inaccessible-encryption-credentials-recoverable",
            Self::Inaccessible => "inaccessible-encryption-credentials",
            Self::Starting => "starting",
        }
    }
}

impl Database {
    pub(super) fn tags_for_snapshots(&self) -> Tags {
        if self.facts.settings.flag("CopyTagsToSnapshot") { self.tags.clone() } else { Tags::new() }
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
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: String,
    #[serde(rename = "DBClusterIdentifier")]
    cluster_of_instance: Option<String>,
    engine: String,
    #[serde(default)]
    storage_encrypted: bool,
    kms_key_id: Option<String>,
    option_group_name: Option<String>,
    master_user_password: Option<String>,
    #[serde(default)]
    manage_master_user_password: bool,
    master_user_secret_kms_key_id: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// The time until a new database is available.
const CREATION: TimeDelta = TimeDelta::minutes(5);
/// The operations that a database requires on its key.
const KEY_OPERATIONS: [&str; 4] = ["kms:DescribeKey", "kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey"];

pub(super) fn create(
    state: &mut State,
    ctx: &RdsContext,
    WithSettings { request, given }: WithSettings<CreateRequest>,
) -> Result<Value, Error> {
    let spelling = ctx.kind.spelling();
    let id = request.identifier(ctx.kind)?;
    if ctx.family(state).databases.contains_key(&id) {
        return Err(ctx.kind.database_already_exists());
    }
    let engine = Engine::find(&request.engine, ctx.kind)?;
    rules::check_cluster(&id, &given, ctx.kind, engine)?;
    let mut settings = Settings::new(ctx.kind, given)?;
    rules::complete(&mut settings, (ctx.kind, engine), &ctx.region, &mut state.random)?;
    rules::check_master_user(&settings, (ctx.kind, engine), &request.credentials())?;
    let tags = tags::with(Tags::new(), request.tags)?;
    if engine.product.is_custom() && request.kms_key_id.is_none() {
        // "For Amazon RDS Custom, a KMS key is required for DB instances."
        return Err(Error::missing_parameter("KmsKeyId"));
    }
    let resource_id = new_resource_id(state, ctx.kind);
    let context = encryption_context(ctx.kind, &resource_id);
    let key = key(state, ctx, request.storage_encrypted, request.kms_key_id.as_deref(), &context)?;
    let secret_key = request.master_user_secret_kms_key_id.as_deref();
    let secret = if request.manage_master_user_password { Some(secret(state, ctx, secret_key)?) } else { None };

    let option_group = match &request.option_group_name {
        Some(_) if ctx.kind == Kind::Cluster => {
            return Err(Error::not_simulated("option groups of clusters".to_owned()));
        }
        named => named.as_deref().map(|named| options::find(state, ctx, named)).transpose()?,
    };

    let arn = ctx.arn(ResourceType::Database, &id);
    let account = &ctx.caller.account;
    let grant = key
        .as_ref()
        .and_then(|key| kms::grant_to_service(state, account, key, &format!("rds.{}", ctx.region), &context));
    let cluster_gib = state.settings.cluster_gib;
    let database = Database {
        arn: arn.clone(),
        facts: Arc::new(Facts {
            id: id.clone(),
            resource_id: resource_id.clone(),
            engine,
            created: state.now,
            gib: settings.number("AllocatedStorage").unwrap_or(cluster_gib),
            window: DailyWindow::read(settings.text("PreferredBackupWindow").unwrap_or_default())?,
            retention_days: settings.number("BackupRetentionPeriod").unwrap_or_default(),
            settings,
        }),
        status: Status::Creating,
        key,
        grant,
        key_lost: None,
        tags,
        secret,
        option_group,
        is_backup_due: false,
    };
    let view = view::database(&database);
    ctx.family(state).databases.insert(id, database);
    backups::schedule(state, arn.clone(), resource_id.clone());
    keys::watch(state, arn.clone(), resource_id.clone());
    become_available(state, (arn, resource_id), Status::Creating, EventKind::DatabaseCreated);
    Ok(json!({ spelling.database: view }))
}

impl CreateRequest {
    fn identifier(&self, kind: Kind) -> Result<String, Error> {
        if self.cluster_of_instance.is_some() {
            return Err(Error::not_simulated("instances of a DB cluster".to_owned()));
        }
        check_identifier(&self.identifier, &format!("{}Identifier", kind.spelling().database), MAX_DATABASE_ID_LENGTH)
    }

    fn credentials(&self) -> Credentials<'_> {
        Credentials {
            password: self.master_user_password.as_deref(),
            is_managed: self.manage_master_user_password,
            has_secret_key: self.master_user_secret_kms_key_id.is_some(),
        }
    }
}

/// Makes a database available after some minutes, unless its status changes in the meantime.
pub(super) fn become_available(
    state: &mut State,
    (arn, resource_id): (Arn, String),
    from: Status,
    event: EventKind<'static>,
) {
    state.at_in(&arn.region.clone(), state.now + CREATION, move |state| {
        let found = find_database_by_resource_id(state, &arn, &resource_id);
        if let Some(database) = found.filter(|database| database.status == from) {
            database.status = Status::Available;
            record_event(state, &arn, event);
            if from == Status::Creating {
                backups::start(state, &arn, &resource_id);
            }
        }
    });
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeRequest {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    max_records: Option<i64>,
    marker: Option<String>,
}

pub(super) fn describe(state: &mut State, ctx: &RdsContext, wanted: &DescribeRequest) -> Result<Value, Error> {
    let spelling = ctx.kind.spelling();
    let list = format!("{}s", spelling.database);
    let (size, last) = (paging::size(wanted.max_records)?, paging::last(&list, wanted.marker.as_ref())?);
    filters::check(state.settings.answers.unnamed_errors, &wanted.filters, filter_names(ctx.kind))?;
    if let Some(named) = &wanted.identifier {
        let answer = state.settings.answers.filtered_out;
        let found = ctx.own_database(state, named)?;
        let found = match (found.passes(&wanted.filters)?, answer) {
            (true, _) => vec![view::database(found)],
            (false, FilteredOut::Empty) => Vec::new(),
            (false, FilteredOut::NotFound) => return Err(ctx.kind.database_not_found(named)),
        };
        return Ok(json!({ list: found }));
    }
    let candidates = page::after(last.as_ref(), &ctx.family(state).databases);
    let found = candidates.map(|(id, database)| {
        let passes = database.passes(&wanted.filters)?;
        Ok(passes.then(|| (id, view::database(database))))
    });
    let (found, marker) = paging::cut(found, size)?;
    let marker = marker.map(|id| page::marker(&list, id));
    Ok(json!({ list: found, "Marker": marker }))
}

/// The filters that the API reference lists for each operation.
fn filter_names(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Instance => &["db-cluster-id", "db-instance-id", "dbi-resource-id", "domain", "engine"],
        Kind::Cluster => &["clone-group-id", "db-cluster-id", "db-cluster-resource-id", "domain", "engine"],
    }
}

impl Database {
    fn passes(&self, filters: &[Filter]) -> Result<bool, Error> {
        filters::passes(filters, |filter| {
            Some(match (filter, self.arn.kind) {
                ("db-instance-id", _) | ("db-cluster-id", Kind::Cluster) => Property::Resource(self.arn.clone()),
                ("dbi-resource-id" | "db-cluster-resource-id", _) => Property::text(&self.facts.resource_id),
                ("engine", _) => Property::text(self.facts.engine.name),
                // No instance is in a cluster, no database in a domain, and no cluster is a clone.
                ("db-cluster-id" | "domain" | "clone-group-id", _) => Property::None,
                _ => return None,
            })
        })
    }
}

/// The key of a new database: the AWS managed key for RDS, unless the request names another.
fn key(
    state: &mut State,
    ctx: &RdsContext,
    encrypted: bool,
    wanted: Option<&str>,
    context: &EncryptionContext,
) -> Result<Option<String>, Error> {
    match (encrypted, wanted) {
        (false, None) => Ok(None),
        (false, Some(_)) => Err(invalid_combination("A KMS key can only be specified when StorageEncrypted is true.")),
        (true, None) => Ok(Some(kms::managed_key(state, &ctx.caller.account, &ctx.region, "rds"))),
        (true, Some(key)) => usable_key(state, ctx, key, (&KEY_OPERATIONS, context), "Specified").map(Some),
    }
}

/// The ARN of a key in the caller's region that the caller may use for these operations with this encryption context. `of` describes
/// the key in the error message.
pub(super) fn usable_key(
    state: &mut State,
    ctx: &RdsContext,
    key: &str,
    use_of_key: (&[&str], &EncryptionContext),
    of: &str,
) -> Result<String, Error> {
    usable_key_in(state, ctx, KeyPlace { region: &ctx.region, via: &ctx.region }, key, use_of_key, of)
}

/// Where a key is, and through RDS of which region it is used.
#[derive(Clone, Copy)]
pub(super) struct KeyPlace<'a> {
    pub(super) region: &'a str,
    pub(super) via: &'a str,
}

/// The same for a key in any region.
pub(super) fn usable_key_in(
    state: &mut State,
    ctx: &RdsContext,
    KeyPlace { region, via }: KeyPlace<'_>,
    key: &str,
    (operations, context): (&[&str], &EncryptionContext),
    of: &str,
) -> Result<String, Error> {
    let via = format!("rds.{via}");
    kms::usable_key(state, &ctx.caller, region, key, operations, (&via, context)).map_err(|kms::Refusal(message)| {
        let what = "does not exist, is not enabled or you do not have permissions to access it";
        Error::new("KMSKeyNotAccessibleFault", format!("{of} KMS key [{key}] {what}: {message}."))
    })
}

/// The secret of the master user. "If you don't specify MasterUserSecretKmsKeyId, then the aws/secretsmanager KMS key is
/// used to encrypt the secret."
fn secret(state: &mut State, ctx: &RdsContext, key: Option<&str>) -> Result<Secret, Error> {
    let key = match key {
        None => kms::managed_key(state, &ctx.caller.account, &ctx.region, "secretsmanager"),
        Some(key) => usable_key(state, ctx, key, (&KEY_OPERATIONS, &EncryptionContext::new()), "The secret's")?,
    };
    let suffix: String = std::iter::repeat_with(|| state.random.alphanumeric()).take(6).collect();
    let prefix = ctx.kind.spelling().resource_prefix;
    let name = format!("rds!{prefix}{}-{suffix}", state.new_uuid());
    Ok(Secret { arn: format!("arn:aws:secretsmanager:{}:{}:secret:{name}", ctx.region, ctx.caller.account), key })
}

/// `db-4ZC7Q2J5Y3W6K8M1N9P0RSTUVW`.
fn new_resource_id(state: &mut State, kind: Kind) -> String {
    let random: String = std::iter::repeat_with(|| state.random.alphanumeric().to_ascii_uppercase()).take(26).collect();
    format!("{}{random}", kind.spelling().resource_prefix)
}
