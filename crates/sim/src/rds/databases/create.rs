//! Creating empty databases.

use serde::Deserialize;
use serde_json::Value;

use super::super::engines::Engine;
use super::super::given::{Given, WithSettings};
use super::super::groups::memberships::{self, NamedGroups};
use super::super::identifiers::{MAX_DATABASE_ID_LENGTH, check_identifier};
use super::super::keys::encryption_context;
use super::super::kind::Kind;
use super::super::managed_secret;
use super::super::rules::{self, Credentials, invalid_combination};
use super::super::settings::Settings;
use super::super::tags::{self, Tag, Tags};
use super::super::{RdsContext, insights, quotas, versions};
use super::members;
use super::plan::{self, Course, Data, NewDatabase, new_resource_id};
use super::{DatabaseUid, Use};
use crate::call::Error;
use crate::durations::{Bounds, Durations};
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct CreateRequest {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: String,
    #[serde(rename = "DBClusterIdentifier")]
    cluster_of_instance: Option<String>,
    engine: String,
    storage_encrypted: Option<bool>,
    kms_key_id: Option<String>,
    option_group_name: Option<String>,
    #[serde(rename = "DBParameterGroupName")]
    parameter_group: Option<String>,
    #[serde(rename = "DBSubnetGroupName")]
    subnet_group: Option<String>,
    #[serde(default)]
    vpc_security_group_ids: Vec<String>,
    master_user_password: Option<String>,
    #[serde(default)]
    manage_master_user_password: bool,
    master_user_secret_kms_key_id: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(in crate::rds) fn create(
    state: &mut State,
    ctx: &RdsContext,
    WithSettings { mut request, given }: WithSettings<CreateRequest>,
) -> Result<Value, Error> {
    if let Some(cluster) = request.cluster_of_instance.take() {
        return create_member(state, ctx, &cluster, request, given);
    }
    let id = check_identifier(&request.identifier, &ctx.parameter_of_id(), MAX_DATABASE_ID_LENGTH)?;
    plan::check_free(state, ctx, &id)?;
    let engine = Engine::find(&request.engine, ctx.kind)?;
    rules::check_cluster(&id, &given, ctx.kind, engine)?;
    let has_zone = given.0.contains_key("AvailabilityZone");
    insights::check_mode(&given, &Settings::new(ctx.kind, Given::default())?, ctx.kind)?;
    let mut settings = Settings::new(ctx.kind, given)?;
    rules::complete(&mut settings, (ctx.kind, engine), &ctx.region, &mut state.random)?;
    rules::check_master_user(&settings, (ctx.kind, engine), &request.credentials())?;
    let tags = tags::with(Tags::new(), std::mem::take(&mut request.tags))?;
    if engine.product.is_custom() && request.kms_key_id.is_none() {
        // "For Amazon RDS Custom, a KMS key is required for DB instances."
        return Err(Error::missing_parameter("KmsKeyId"));
    }
    let resource_id = new_resource_id(state, ctx.kind);
    let context = encryption_context(ctx.kind, &resource_id);
    let key = plan::key(state, ctx, request.storage_encrypted == Some(true), request.kms_key_id.as_deref(), &context)?;
    let secret_key = request.master_user_secret_kms_key_id.as_deref();
    quotas::check_databases(state, ctx, settings.number("AllocatedStorage"))?;
    let groups = request.groups(ctx.kind)?;
    let version = settings.text("EngineVersion").unwrap_or_default().to_owned();
    versions::check_available(state, engine, &version)?;
    plan::check_class(state, ctx, engine, &settings)?;
    let (memberships, option_group) = memberships::of_new_database(state, ctx, groups, (engine, &version))?;
    memberships.placement.check_network_type(&settings)?;
    memberships.placement.choose_zone(&mut settings, has_zone)?;
    let secret =
        if request.manage_master_user_password { Some(managed_secret::new(state, ctx, secret_key)?) } else { None };
    let gib = settings.number("AllocatedStorage").unwrap_or(state.settings.cluster_gib);
    let data = Data::New { password: request.master_user_password };
    let course = Course::creation();
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
            secret,
            option_group,
            memberships,
            clone_group: None,
            data,
            course,
        },
    )
}

impl CreateRequest {
    fn groups(&self, kind: Kind) -> Result<NamedGroups<'_>, Error> {
        if kind == Kind::Cluster && self.option_group_name.is_some() {
            return Err(Error::not_simulated("option groups of clusters".to_owned()));
        }
        Ok(NamedGroups {
            subnet_group: self.subnet_group.as_deref(),
            security_groups: &self.vpc_security_group_ids,
            parameter_group: self.parameter_group.as_deref(),
            option_group: self.option_group_name.as_deref(),
        })
    }

    fn credentials(&self) -> Credentials<'_> {
        Credentials {
            password: self.master_user_password.as_deref(),
            is_managed: self.manage_master_user_password,
            has_secret_key: self.master_user_secret_kms_key_id.is_some(),
        }
    }
}

/// Parameters that an instance in a cluster cannot have: the cluster has them. Users report the message.
const OF_CLUSTER: [(&str, &str); 14] = [
    ("AllocatedStorage", "allocated storage"),
    ("BackupRetentionPeriod", "backup retention period"),
    ("CharacterSetName", "character set"),
    ("DBName", "database name"),
    ("DeletionProtection", "deletion protection"),
    ("EnableCloudwatchLogsExports", "log exports"),
    ("EnableIAMDatabaseAuthentication", "IAM database authentication"),
    ("Iops", "IOPS"),
    ("MasterUsername", "master user name"),
    ("MaxAllocatedStorage", "maximum storage"),
    ("MultiAZ", "Multi-AZ"),
    ("Port", "port"),
    ("PreferredBackupWindow", "backup window"),
    ("StorageType", "storage type"),
];

/// Refuses settings that belong to the cluster of an instance.
pub(super) fn check_is_not_of_cluster(given: &Given) -> Result<(), Error> {
    match OF_CLUSTER.iter().find(|(parameter, _)| given.0.contains_key(parameter)) {
        None => Ok(()),
        Some((_, what)) => Err(of_cluster(what)),
    }
}

pub(super) fn of_cluster(what: &str) -> Error {
    invalid_combination(format!(
        "The requested DB Instance will be a member of a DB Cluster. Set {what} for the DB Cluster."
    ))
}

/// Creates an instance in an Aurora cluster: "you can call this operation multiple times to add more than one DB instance to the cluster"
/// (`CreateDBInstance`).
fn create_member(
    state: &mut State,
    ctx: &RdsContext,
    named: &str,
    request: CreateRequest,
    mut given: Given,
) -> Result<Value, Error> {
    let of_clusters = RdsContext { kind: Kind::Cluster, caller: ctx.caller.clone(), region: ctx.region.clone() };
    let id = check_identifier(&request.identifier, &ctx.parameter_of_id(), MAX_DATABASE_ID_LENGTH)?;
    plan::check_free(state, ctx, &id)?;
    let cluster = of_clusters.own_database(state, named)?;
    cluster.check(Use::AddMember)?;
    let (uid, engine, key) = (cluster.uid(), cluster.facts.engine, cluster.key.clone());
    if engine.has_fixed_storage() {
        let message = "Instances of a Multi-AZ DB cluster are created with the cluster.";
        return Err(Error::new("InvalidDBClusterStateFault", message));
    }
    if request.engine != engine.name {
        let message =
            "The engine name requested for your DB instance doesn't match the engine name of your DB cluster.";
        return Err(invalid_combination(message));
    }
    let version = cluster.engine_version().to_owned();
    // "Valid for … Aurora: not applicable. The version number … is managed by the DB cluster." The same version is no contradiction.
    if given.0.remove("EngineVersion").is_some_and(|wanted| wanted != version.as_str()) {
        return Err(of_cluster("engine version"));
    }
    check_is_not_of_cluster(&given)?;
    for (is_given, what) in [
        (request.master_user_password.is_some() || request.manage_master_user_password, "master user password"),
        (!request.vpc_security_group_ids.is_empty(), "vpc security group"),
        (request.kms_key_id.is_some(), "encryption"),
    ] {
        if is_given {
            return Err(of_cluster(what));
        }
    }
    // Users report the message (github.com/aws-cloudformation/cfn-lint/issues/4070).
    if let Some(wanted) = request.storage_encrypted.filter(|wanted| *wanted != key.is_some()) {
        return Err(invalid_combination(format!(
            "If you specify storageEncrypted for instance that will be part of cluster it should match cluster setting; requested: \
             {wanted}, cluster: {}",
            key.is_some()
        )));
    }
    let is_serverless = given.0.get("DBInstanceClass").is_some_and(|class| class == "db.serverless");
    if is_serverless && cluster.facts.settings.get("ServerlessV2ScalingConfiguration").is_none() {
        let message = "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB instance.";
        return Err(invalid_combination(message));
    }
    let subnet_group = cluster.memberships.placement.subnet_group.name().to_owned();
    if request.subnet_group.as_ref().is_some_and(|wanted| !wanted.eq_ignore_ascii_case(&subnet_group)) {
        let message = format!("The DB instance must have the DB subnet group of its DB cluster, {subnet_group}.");
        return Err(Error::new("InvalidVPCNetworkStateFault", message));
    }
    let member =
        Member { cluster: uid, id, engine, version, key, subnet_group, tags: tags::with(Tags::new(), request.tags)? };
    let parameter_group = request.parameter_group.as_deref();
    let uid = member.begin(state, ctx, given, parameter_group, Course::creation())?;
    ctx.response(state, &uid)
}

/// A new instance in a cluster.
struct Member {
    cluster: DatabaseUid,
    id: String,
    engine: &'static Engine,
    version: String,
    key: Option<String>,
    subnet_group: String,
    tags: Tags,
}

impl Member {
    fn begin(
        self,
        state: &mut State,
        ctx: &RdsContext,
        given: Given,
        parameter_group: Option<&str>,
        course: Course,
    ) -> Result<DatabaseUid, Error> {
        let Self { cluster, id, engine, version, key, subnet_group, tags } = self;
        let has_zone = given.0.contains_key("AvailabilityZone");
        let mut settings = Settings::new(Kind::Instance, given)?;
        if let Some(cluster) = cluster.find(state) {
            members::take_over(&mut settings, cluster);
        }
        // "Default: 1" (`PromotionTier`)
        settings.set_default("PromotionTier", 1);
        settings.set_default("PubliclyAccessible", false);
        rules::complete(&mut settings, (Kind::Instance, engine), &ctx.region, &mut state.random)?;
        quotas::check_databases(state, ctx, None)?;
        plan::check_class(state, ctx, engine, &settings)?;
        let groups = NamedGroups { subnet_group: Some(&subnet_group), parameter_group, ..NamedGroups::default() };
        let (mut memberships, option_group) =
            memberships::of_new_database(state, ctx, groups, (engine, version.as_str()))?;
        memberships.placement.choose_zone(&mut settings, has_zone)?;
        if let Some(cluster) = cluster.find(state) {
            memberships.placement = cluster.memberships.placement.clone();
        }
        let resource_id = new_resource_id(state, Kind::Instance);
        let gib = settings.number("AllocatedStorage").unwrap_or(1);
        let data = Data::OfCluster;
        let new = NewDatabase {
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
            clone_group: None,
            data,
            course,
        };
        plan::begin_in_cluster(state, ctx, new, cluster)
    }
}

/// "the request creates a writer and two reader DB instances for you, each in a different Availability Zone" (`CreateDBCluster`). The
/// names are those that AWS's console shows.
pub(super) fn create_members(
    state: &mut State,
    ctx: &RdsContext,
    cluster: &DatabaseUid,
    takes: fn(&Durations) -> Bounds,
) -> Result<(), Error> {
    let ctx = RdsContext { kind: Kind::Instance, caller: ctx.caller.clone(), region: ctx.region.clone() };
    for (nth, zone) in (1..).zip(rules::ZONES) {
        let Some(found) = cluster.find(state) else { return Ok(()) };
        let member = Member {
            cluster: cluster.clone(),
            id: format!("{}-instance-{nth}", found.facts.id),
            engine: found.facts.engine,
            version: found.engine_version().to_owned(),
            key: found.key.clone(),
            subnet_group: found.memberships.placement.subnet_group.name().to_owned(),
            // "Tags to assign to the DB cluster" (`Tags`).
            tags: Tags::new(),
        };
        let mut given = Given::default();
        given.0.insert("AvailabilityZone", format!("{}{zone}", ctx.region).into());
        // A name in use is another database's: AWS has other names then, which are not documented.
        if ctx.family(state).databases.contains(&member.id) {
            return Err(Error::not_simulated(format!("a Multi-AZ DB cluster beside an instance {}", member.id)));
        }
        member.begin(state, &ctx, given, None, Course { takes, ..Course::creation() })?;
    }
    Ok(())
}
