//! Restoring databases: from a snapshot (`from_snapshot`) or to a time (`point_in_time`).
//!
//! Both collect where the data comes from, [`Source`], and what the request has, [`RestoreRequest`]. [`restore`] makes a plan of them:
//! settings that come along (`inherited`), groups, key and tags. Everything is checked before anything is created. `outcome` decides
//! what becomes of the new database.

pub(super) mod from_snapshot;
mod inherited;
mod loading;
pub(super) mod outcome;
pub(super) mod point_in_time;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::databases::Facts;
use super::databases::plan::{self, Course, Data, NewDatabase, Origin, new_resource_id};
use super::engines::Engine;
use super::filters::unnamed_code;
use super::given::Given;
use super::groups::memberships::{self, NamedGroups};
use super::identifiers::{MAX_DATABASE_ID_LENGTH, check_identifier};
use super::keys::{encryption_context, usable_key};
use super::kind::Kind;
use super::options::OptionGroup;
use super::rules::{self, invalid_combination};
use super::settings::Settings;
use super::tags::{self, Tag, Tags};
use super::{RdsContext, quotas, storage, versions};
use crate::call::Error;
use crate::clock;
use crate::kms::EncryptionContext;
use crate::questions::RestoredParameterGroup;
use crate::world::State;
pub(super) use inherited::check_parameters;

/// The parameters of the four operations that are not settings. `inherited` has the operations of each.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RestoreRequest {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: Option<String>,
    #[serde(rename = "TargetDBInstanceIdentifier")]
    target: Option<String>,
    #[serde(rename = "DBSnapshotIdentifier")]
    snapshot: Option<String>,
    #[serde(rename = "SnapshotIdentifier")]
    snapshot_for_cluster: Option<String>,
    #[serde(rename = "SourceDBInstanceIdentifier")]
    source_database: Option<String>,
    source_dbi_resource_id: Option<String>,
    #[serde(rename = "SourceDBInstanceAutomatedBackupsArn")]
    source_backup: Option<String>,
    restore_time: Option<clock::Time>,
    #[serde(default)]
    use_latest_restorable_time: bool,
    restore_type: Option<String>,
    engine: Option<String>,
    kms_key_id: Option<String>,
    #[serde(rename = "DBSubnetGroupName")]
    subnet_group: Option<String>,
    #[serde(default)]
    vpc_security_group_ids: Vec<String>,
    #[serde(rename = "DBParameterGroupName")]
    parameter_group: Option<String>,
    option_group_name: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// What a database is restored from.
struct Source {
    facts: Arc<Facts>,
    /// The ARN of its key.
    key: Option<String>,
    /// The tags that a new database has if the request has none.
    tags: Tags,
    option_group: Option<OptionGroup>,
    /// `CloneGroupId` of the new cluster.
    clone_group: Option<String>,
    data: Data,
    origin: Origin,
    /// Whether the new cluster shares its storage until one of both changes: it is there sooner.
    is_clone: bool,
}

/// The operations that the caller must be allowed to use on the key of the source, or on another one that the request names (RDS
/// User Guide, "AWS KMS key management": RDS creates a grant on behalf of the caller).
const KEY_OPERATIONS: [&str; 2] = ["kms:DescribeKey", "kms:CreateGrant"];

impl RestoreRequest {
    /// The identifier of the new database, in lower case. It must be free.
    fn new_identifier(&self, state: &mut State, ctx: &RdsContext) -> Result<String, Error> {
        let (parameter, named) = match &self.target {
            Some(target) => ("TargetDBInstanceIdentifier".to_owned(), Some(target)),
            None => (format!("{}Identifier", ctx.kind.spelling().database), self.identifier.as_ref()),
        };
        let named = named.ok_or_else(|| match ctx.kind {
            Kind::Instance => Error::missing_parameter("DBInstanceIdentifier"),
            Kind::Cluster => Error::missing_parameter("DBClusterIdentifier"),
        })?;
        let id = check_identifier(named, &parameter, MAX_DATABASE_ID_LENGTH)?;
        plan::check_free(state, ctx, &id)?;
        Ok(id)
    }

    /// The engine: "Default: The same as source. Constraint: Must be compatible with the engine of the source" (`Engine`). Of a
    /// cluster it is required. Other engines than that of the source are not simulated.
    fn engine(&self, kind: Kind, source: &Source, is_required: bool) -> Result<&'static Engine, Error> {
        let own = source.facts.engine;
        match self.engine.as_deref() {
            None if is_required => Err(Error::missing_parameter("Engine")),
            None => Ok(own),
            Some(named) if named == own.name => Ok(own),
            Some(named) => {
                Engine::find(named, kind)?;
                Err(invalid_combination(format!(
                    "The engine {named} is not compatible with the source's, {}.",
                    own.name
                )))
            }
        }
    }

    fn groups(&self) -> NamedGroups<'_> {
        NamedGroups {
            subnet_group: self.subnet_group.as_deref(),
            security_groups: &self.vpc_security_group_ids,
            parameter_group: self.parameter_group.as_deref(),
            option_group: self.option_group_name.as_deref(),
        }
    }
}

/// Restores a database.
fn restore(
    state: &mut State,
    ctx: &RdsContext,
    (id, engine): (String, &'static Engine),
    (mut request, given): (RestoreRequest, Given),
    source: Source,
) -> Result<Value, Error> {
    rules::check_cluster(&id, &given, ctx.kind, engine)?;
    storage::check_given(&given, ctx.kind, engine)?;
    if ctx.kind == Kind::Instance {
        storage::check_restored(&given, engine, source.is_to_time())?;
    }
    check_contradictions(state, &given, &source.facts)?;
    let has_zone = given.0.contains_key("AvailabilityZone");
    let given = inherited::complete(state, ctx.kind, given, &source);
    let mut settings = Settings::new(ctx.kind, given)?;
    rules::complete(&mut settings, (ctx.kind, engine), &ctx.region, &mut state.random)?;
    let version = settings.text("EngineVersion").unwrap_or_default().to_owned();
    versions::check_available(state, engine, &version)?;
    versions::check_not_older(&source.facts, &version)?;
    plan::check_class(state, ctx, engine, &settings)?;
    quotas::check_databases(state, ctx, settings.number("AllocatedStorage"))?;
    let tags = match std::mem::take(&mut request.tags) {
        none if none.is_empty() => source.tags.clone(),
        wanted => tags::with(Tags::new(), wanted)?,
    };
    if ctx.kind == Kind::Cluster && request.option_group_name.is_some() {
        return Err(Error::not_simulated("option groups of clusters".to_owned()));
    }
    let groups = request.groups();
    let (mut memberships, option_group) = memberships::of_new_database(state, ctx, groups, (engine, &version))?;
    super::options::check_restorable(source.option_group.as_ref(), option_group.as_ref())?;
    memberships.placement.check_network_type(&settings)?;
    memberships.placement.choose_zone(&mut settings, has_zone)?;
    if request.parameter_group.is_some()
        && state.settings.answers.restored_parameter_group == RestoredParameterGroup::PendingReboot
    {
        memberships.parameters.wait_for_reboot();
    }
    let resource_id = new_resource_id(state, ctx.kind);
    let context = encryption_context(ctx.kind, &resource_id);
    let key = key(state, ctx, source.key.as_deref(), request.kms_key_id.as_deref(), &context)?;
    let gib = settings.number("AllocatedStorage").unwrap_or(source.facts.gib);
    let course = Course {
        takes: if source.is_clone { |durations| durations.creation } else { |durations| durations.restore },
        ends: outcome::of(&source.data, ctx),
        event: source.origin,
    };
    // "If you clone a DB cluster when the ID is null, the operation populates the ID value for the source cluster and the clone"
    // (`CloneGroupId`).
    if let (true, Data::PointInTime { of, .. }) = (source.is_clone, &source.data)
        && let Some(cloned) = of.find(state)
    {
        cloned.clone_group.clone_from(&source.clone_group);
    }
    plan::begin(
        state,
        ctx,
        NewDatabase {
            id,
            resource_id,
            engine,
            settings,
            gib,
            key,
            tags,
            secret: None,
            option_group,
            memberships,
            clone_group: source.clone_group,
            data: source.data,
            course,
        },
    )
}

/// "Be sure to allocate enough storage for your new DB instance so that the restore operation can succeed" (`AllocatedStorage`). No
/// text names the error.
fn check_contradictions(state: &State, given: &Given, source: &Facts) -> Result<(), Error> {
    let wanted = given.0.get("AllocatedStorage").and_then(Value::as_u64);
    match wanted {
        Some(gib) if gib < u64::from(source.gib) => {
            let code = unnamed_code(state.settings.answers.unnamed_errors);
            let message = format!("Invalid storage size {gib}: the source has {} GiB.", source.gib);
            Err(Error::new(code, message))
        }
        _ => Ok(()),
    }
}

/// The key of the new database: that of the source, or for a cluster the one that the request names. "If the DB snapshot … isn't
/// encrypted, then the restored DB cluster isn't encrypted" without `KmsKeyId` (`RestoreDBClusterFromSnapshot`).
fn key(
    state: &mut State,
    ctx: &RdsContext,
    source: Option<&str>,
    wanted: Option<&str>,
    context: &EncryptionContext,
) -> Result<Option<String>, Error> {
    let use_of_key = (&KEY_OPERATIONS[..], context);
    let source = source.map(|key| usable_key(state, ctx, key, use_of_key, "The source's")).transpose()?;
    match wanted {
        None => Ok(source),
        Some(wanted) => usable_key(state, ctx, wanted, use_of_key, "The specified").map(Some),
    }
}
