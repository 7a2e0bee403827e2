//! Creating empty databases.

use serde::Deserialize;
use serde_json::Value;

use super::super::engines::Engine;
use super::super::given::WithSettings;
use super::super::groups::memberships::{self, NamedGroups};
use super::super::identifiers::{MAX_DATABASE_ID_LENGTH, check_identifier};
use super::super::keys::encryption_context;
use super::super::kind::Kind;
use super::super::managed_secret;
use super::super::rules::{self, Credentials};
use super::super::settings::Settings;
use super::super::tags::{self, Tag, Tags};
use super::super::{RdsContext, quotas, versions};
use super::plan::{self, Course, Data, NewDatabase, new_resource_id};
use crate::call::Error;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct CreateRequest {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: String,
    #[serde(rename = "DBClusterIdentifier")]
    cluster_of_instance: Option<String>,
    engine: String,
    #[serde(default)]
    storage_encrypted: bool,
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
    let id = request.identifier(ctx.kind)?;
    plan::check_free(state, ctx, &id)?;
    let engine = Engine::find(&request.engine, ctx.kind)?;
    rules::check_cluster(&id, &given, ctx.kind, engine)?;
    let has_zone = given.0.contains_key("AvailabilityZone");
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
    let key = plan::key(state, ctx, request.storage_encrypted, request.kms_key_id.as_deref(), &context)?;
    let secret_key = request.master_user_secret_kms_key_id.as_deref();
    quotas::check_databases(state, ctx, settings.number("AllocatedStorage"))?;
    let groups = request.groups(ctx.kind)?;
    let version = settings.text("EngineVersion").unwrap_or_default().to_owned();
    versions::check_available(state, engine, &version)?;
    plan::check_class(state, ctx, engine, &settings)?;
    let (memberships, option_group) = memberships::of_new_database(state, ctx, groups, (engine, &version))?;
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
            data,
            course,
        },
    )
}

impl CreateRequest {
    fn identifier(&self, kind: Kind) -> Result<String, Error> {
        if self.cluster_of_instance.is_some() {
            return Err(Error::not_simulated("instances of a DB cluster".to_owned()));
        }
        check_identifier(&self.identifier, &format!("{}Identifier", kind.spelling().database), MAX_DATABASE_ID_LENGTH)
    }

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
