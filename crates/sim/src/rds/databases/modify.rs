//! Modifying databases: what a request asks for, and whether it can be done. `pending` applies it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::engines::Engine;
use super::super::given::{Given, WithSettings};
use super::super::groups::network::{self, Placement};
use super::super::groups::{memberships, options, parameters};
use super::super::identifiers::{MAX_DATABASE_ID_LENGTH, check_identifier};
use super::super::kind::Kind;
use super::super::rules::{self, invalid_combination};
use super::super::settings::{Change, Setting, Settings};
use super::super::{RdsContext, insights, managed_secret, storage, versions};
use super::pending::{self, Credentials, Modification};
use super::{DatabaseUid, Use, create, plan};
use crate::call::Error;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct ModifyRequest {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: String,
    #[serde(rename = "NewDBInstanceIdentifier")]
    new_identifier: Option<String>,
    #[serde(default)]
    apply_immediately: bool,
    #[serde(default)]
    allow_major_version_upgrade: bool,
    cloudwatch_logs_export_configuration: Option<LogChanges>,
    option_group_name: Option<String>,
    #[serde(rename = "DBParameterGroupName")]
    parameter_group: Option<String>,
    #[serde(rename = "DBSubnetGroupName")]
    subnet_group: Option<String>,
    #[serde(default)]
    vpc_security_group_ids: Vec<String>,
    master_user_password: Option<String>,
    manage_master_user_password: Option<bool>,
    #[serde(default)]
    rotate_master_user_password: bool,
    master_user_secret_kms_key_id: Option<String>,
}

/// `CloudwatchLogsExportConfiguration`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LogChanges {
    #[serde(default)]
    enable_log_types: Vec<String>,
    #[serde(default)]
    disable_log_types: Vec<String>,
}

const LOGS: &str = "EnableCloudwatchLogsExports";

pub(in crate::rds) fn modify(
    state: &mut State,
    ctx: &RdsContext,
    WithSettings { request, mut given }: WithSettings<ModifyRequest>,
) -> Result<Value, Error> {
    let found = ctx.own_database(state, &request.identifier)?;
    found.check(Use::Modify)?;
    if found.cluster.is_some() {
        create::check_is_not_of_cluster(&given)?;
        request.check_is_not_of_cluster()?;
    }
    let (uid, now, engine) = (found.uid(), found.facts.settings.clone(), found.facts.engine);
    if let Some(changes) = &request.cloudwatch_logs_export_configuration {
        given.0.insert(LOGS, changes.of(&now));
    }
    storage::check_given(&given, ctx.kind, engine)?;
    insights::check_monitoring(&given, ctx.kind, engine)?;
    insights::check_mode(&given, &now, ctx.kind)?;
    complete_storage(&now, &mut given, engine)?;
    check_version(&now, &given, engine, request.allow_major_version_upgrade)?;
    if let Some(storage) = STORAGE.iter().find(|parameter| differs(&now, &given, parameter)) {
        found.check(Use::ModifyStorage).map_err(|error| with_reason(error, storage))?;
    }
    // All that waits is part of what must be valid in the end.
    let mut wanted = now.clone();
    found.pending.settings().for_each(|(parameter, value)| wanted.set_or_remove(parameter, value.clone()));
    let removed: Vec<_> = given.0.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| *name).collect();
    removed.iter().for_each(|parameter| wanted.remove(parameter));
    wanted.give(
        ctx.kind,
        Given(given.0.iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (*k, v.clone())).collect()),
    )?;
    rules::check_modified(&mut wanted, (ctx.kind, engine), &mut state.random)?;
    let version = wanted.text("EngineVersion").unwrap_or_default().to_owned();
    let class = ["DBInstanceClass", "DBClusterInstanceClass"].iter().any(|class| differs(&now, &given, class));
    if class {
        plan::check_class(state, ctx, engine, &wanted)?;
    }
    if let Some(found) = uid.find(state) {
        found.memberships.placement.check_network_type(&wanted)?;
    }
    if differs(&now, &given, "EngineVersion") {
        versions::check_available(state, engine, &version)?;
    }
    let others = others(state, ctx, &uid, &request, (engine, &version))?;
    let groups = groups(state, ctx, &uid, &request, (engine, &version))?;

    let found = ctx.own_database(state, &request.identifier)?;
    for (parameter, value) in given.0 {
        let is_same = found.facts.settings.get(parameter).unwrap_or(&Value::Null) == &value;
        found.pending.remove(parameter);
        match applies(parameter, &found.facts.settings, &value, ctx.kind) {
            _ if is_same => {}
            Change::AtOnce => found.set(parameter, value),
            Change::Window(_) => {
                found.pending.insert(parameter, Modification::Setting(value), request.apply_immediately);
            }
            Change::Soon(_) | Change::Never => found.pending.insert(parameter, Modification::Setting(value), true),
        }
    }
    for (parameter, modification, is_due) in others {
        found.pending.insert(parameter, modification, is_due || request.apply_immediately);
    }
    if request.apply_immediately {
        found.pending.all_are_due();
    }
    // "The parameter group name itself is changed immediately" (`DBParameterGroupName`).
    if let Some(group) = groups.0 {
        memberships::replace_parameters(state, &uid, group);
    }
    if let Some(placement) = groups.1 {
        memberships::replace_security_groups(state, &uid, placement.security_groups);
    }
    pending::proceed(state, &uid);
    ctx.response(state, &uid)
}

/// Changes of the storage, which AWS refuses while it optimizes an earlier one.
const STORAGE: [&str; 4] = ["AllocatedStorage", "Iops", "StorageThroughput", "StorageType"];

fn with_reason(error: Error, parameter: &str) -> Error {
    Error { message: format!("{} {parameter} cannot be changed now.", error.message), ..error }
}

fn differs(now: &Settings, given: &Given, parameter: &str) -> bool {
    given.0.get(parameter).is_some_and(|value| now.get(parameter) != Some(value))
}

/// When a modification of a setting applies. "If you change the parameter from one non-zero value to another non-zero value, the change
/// is asynchronously applied as soon as possible" (`BackupRetentionPeriod`).
fn applies(parameter: &str, now: &Settings, value: &Value, kind: Kind) -> Change {
    let is_on = |value: Option<&Value>| value.and_then(Value::as_i64).is_some_and(|days| days > 0);
    match Setting::change(parameter, kind) {
        Change::Window(_)
            if parameter == "BackupRetentionPeriod" && is_on(now.get(parameter)) && is_on(Some(value)) =>
        {
            Change::AtOnce
        }
        change => change,
    }
}

/// What a change of the storage requires and changes besides.
fn complete_storage(now: &Settings, given: &mut Given, engine: &Engine) -> Result<(), Error> {
    let current = now.number("AllocatedStorage").map(i64::from);
    let wanted = given.0.get("AllocatedStorage").and_then(Value::as_i64);
    if let (Some(current), Some(wanted)) = (current, wanted) {
        if wanted < current {
            return Err(invalid_combination(format!(
                "Requested storage size ({wanted}) cannot be less than the current storage size ({current})"
            )));
        }
        // "Values that are not at least 10% greater than the existing value are rounded up so that they are 10% greater than the current
        // value." (`AllocatedStorage`, without SQL Server)
        if wanted > current {
            given.0.insert("AllocatedStorage", json!(wanted.max((current * 11 + 9) / 10)));
        }
        // "When you increase the allocated storage for a DB instance that uses Provisioned IOPS …, you must also specify the Iops
        // parameter." (the same)
        let is_provisioned = now.text("StorageType").is_some_and(|storage| storage.starts_with("io"));
        if wanted > current && is_provisioned && engine.has_fixed_storage() && !given.0.contains_key("Iops") {
            return Err(invalid_combination(
                "You must specify Iops when you increase AllocatedStorage of provisioned storage.",
            ));
        }
    }
    // A new storage type may have no provisioned performance, or a baseline of its own. No text tells whether
    // IOPS that were chosen for io1 or io2 stay on gp3 of a size where they can be chosen. On smaller storage, they cannot.
    let drops: &[&'static str] = match given.0.get("StorageType").and_then(Value::as_str) {
        Some("gp2" | "standard") => &["Iops", "StorageThroughput"],
        Some("io1" | "io2") => &["StorageThroughput"],
        Some("gp3") if now.text("StorageType") != Some("gp3") => &["Iops", "StorageThroughput"],
        _ => &[],
    };
    for parameter in drops.iter().filter(|parameter| now.get(parameter).is_some()) {
        given.0.entry(*parameter).or_insert(Value::Null);
    }
    Ok(())
}

/// "Major version upgrades must be allowed when specifying a value for the EngineVersion parameter that's a different major version than
/// the DB instance's current version." (`AllowMajorVersionUpgrade`)
fn check_version(now: &Settings, given: &Given, engine: &Engine, allows_major: bool) -> Result<(), Error> {
    let Some(wanted) = given.0.get("EngineVersion").and_then(Value::as_str) else { return Ok(()) };
    let current = now.text("EngineVersion").unwrap_or_default();
    let numbers = |version: &str| -> Vec<u64> { version.split('.').map_while(|part| part.parse().ok()).collect() };
    if numbers(wanted) < numbers(current) {
        return Err(invalid_combination(format!("Cannot upgrade {} from {current} to {wanted}", engine.name)));
    }
    if !allows_major && engine.major_version(wanted) != engine.major_version(current) {
        let message = "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.";
        return Err(invalid_combination(message));
    }
    Ok(())
}

/// The modifications that are no settings, and whether they are due in any case.
fn others(
    state: &mut State,
    ctx: &RdsContext,
    uid: &DatabaseUid,
    request: &ModifyRequest,
    (engine, version): (&Engine, &str),
) -> Result<Vec<(&'static str, Modification, bool)>, Error> {
    let mut all = Vec::new();
    if let Some(named) = &request.option_group_name {
        let group = options::of_database(state, ctx, Some(named), (engine, version))?;
        all.push((pending::OPTION_GROUP, Modification::OptionGroup(group), false));
    }
    if let Some(credentials) = credentials(state, ctx, uid, request, engine)? {
        all.push((pending::PASSWORD, Modification::Password(credentials), true));
    }
    if let Some(named) = &request.subnet_group {
        // "If supplied, must match existing DB subnet group" (`DBSubnetGroupName`). The operation does not have the error of the others.
        let placed = network::place(state, ctx, Some(named), &request.vpc_security_group_ids);
        let placement = placed.map_err(|error| match error.code {
            "DBSubnetGroupNotFoundFault" => rules::invalid(error.message),
            _ => error,
        })?;
        check_move(state, uid, &placement)?;
        all.push((pending::SUBNET_GROUP, Modification::Placement(placement), false));
    }
    if let Some(named) = &request.new_identifier {
        let parameter = format!("New{}Identifier", ctx.kind.spelling().database);
        let id = check_identifier(named, &parameter, MAX_DATABASE_ID_LENGTH)?;
        if uid.arn(state).is_none_or(|arn| arn.id != id) {
            plan::check_free(state, ctx, &id)?;
            all.push((pending::NEW_ID, Modification::Id(id), false));
        }
    }
    Ok(all)
}

/// Checks that an instance can be moved: "You can use this parameter to move your DB instance to a different VPC" (`DBSubnetGroupName`).
/// Users report the responses to another group of the same VPC (github.com/hashicorp/terraform-provider-aws/issues/512) and to the group
/// that the instance has (github.com/aws-controllers-k8s/community/issues/1147).
fn check_move(state: &mut State, uid: &DatabaseUid, to: &Placement) -> Result<(), Error> {
    let Some(found) = uid.find(state) else { return Ok(()) };
    let (id, group) = (&found.facts.id, to.subnet_group.name());
    let now = &found.memberships.placement.subnet_group;
    if now.name() == group {
        let message = "The specified DB instance is already in the target DB subnet group.";
        return Err(Error::new("InvalidVPCNetworkStateFault", message));
    }
    if now.vpc == to.subnet_group.vpc {
        let message = format!(
            "You cannot move DB instance {id} to subnet group {group}. The specified DB subnet group and DB instance are in the \
             same VPC. Choose a DB subnet group in different VPC than the specified DB instance and try again."
        );
        return Err(Error::new("InvalidVPCNetworkStateFault", message));
    }
    if found.facts.settings.flag("MultiAZ") {
        return Err(Error::not_simulated("moving a Multi-AZ instance to another VPC".to_owned()));
    }
    Ok(())
}

/// The parameter group and the security groups that a request gives, checked.
fn groups(
    state: &mut State,
    ctx: &RdsContext,
    uid: &DatabaseUid,
    request: &ModifyRequest,
    of: (&Engine, &str),
) -> Result<(Option<String>, Option<Placement>), Error> {
    let named = request.parameter_group.as_deref();
    let parameters = named.map(|named| parameters::of_database(state, ctx, Some(named), of)).transpose()?;
    let placement = match (request.vpc_security_group_ids.as_slice(), uid.find(state)) {
        ([], _) | (_, None) => None,
        // They are those of the VPC to which the instance moves.
        _ if request.subnet_group.is_some() => None,
        (wanted, Some(found)) => {
            let placement = found.memberships.placement.clone();
            Some(placement.with_security_groups(state, ctx, wanted)?)
        }
    };
    Ok((parameters, placement))
}

/// How the master user authenticates after the request.
fn credentials(
    state: &mut State,
    ctx: &RdsContext,
    uid: &DatabaseUid,
    request: &ModifyRequest,
    engine: &Engine,
) -> Result<Option<Credentials>, Error> {
    let is_managed = uid.find(state).is_some_and(|found| found.secret.is_some());
    if request.rotate_master_user_password {
        // "You must apply the change immediately when rotating the master user password." "This setting is valid only if the master user
        // password is managed by RDS" (`RotateMasterUserPassword`).
        return match (is_managed, request.apply_immediately) {
            (true, true) => Ok(Some(Credentials::Rotated)),
            (true, false) => {
                Err(invalid_combination("You must specify ApplyImmediately when you rotate the password."))
            }
            (false, _) => Err(invalid_combination(
                "You can't specify RotateMasterUserPassword unless ManageMasterUserPassword is turned on.",
            )),
        };
    }
    let key = request.master_user_secret_kms_key_id.as_deref();
    match (is_managed, request.manage_master_user_password, &request.master_user_password) {
        (_, Some(true), Some(_)) | (true, None, Some(_)) => {
            Err(invalid_combination("You can't specify MasterUserPassword when ManageMasterUserPassword is turned on."))
        }
        (false, Some(true), None) => {
            managed_secret::new(state, ctx, key).map(|secret| Some(Credentials::Secret(secret)))
        }
        // "if you specify that the master user password is not managed with Amazon Web Services Secrets Manager, then you must specify
        // MasterUserPassword" (`ManageMasterUserPassword`).
        (true, Some(false), None) => Err(Error::missing_parameter("MasterUserPassword")),
        // "you can't change the KMS key used to encrypt the secret" (`MasterUserSecretKmsKeyId`).
        _ if key.is_some() => Err(invalid_combination(
            "You can't specify MasterUserSecretKmsKeyId unless you turn on ManageMasterUserPassword.",
        )),
        (_, _, Some(password)) => {
            rules::check_password(password, engine.product.longest_password(ctx.kind))?;
            Ok(Some(Credentials::Password(password.clone())))
        }
        (_, _, None) => Ok(None),
    }
}

impl ModifyRequest {
    /// Refuses what belongs to the cluster of an instance.
    fn check_is_not_of_cluster(&self) -> Result<(), Error> {
        let has_password = self.master_user_password.is_some() || self.manage_master_user_password.is_some();
        let has_logs = self.cloudwatch_logs_export_configuration.is_some();
        for (is_given, what) in [
            (has_password || self.rotate_master_user_password, "master user password"),
            (has_logs, "log exports"),
            (!self.vpc_security_group_ids.is_empty(), "vpc security group"),
            (self.subnet_group.is_some(), "subnet group"),
        ] {
            if is_given {
                return Err(create::of_cluster(what));
            }
        }
        Ok(())
    }
}

impl LogChanges {
    /// The log types that are exported after the changes.
    fn of(&self, now: &Settings) -> Value {
        let stays = now.texts(LOGS).filter(|log| !self.disable_log_types.iter().any(|disabled| disabled == log));
        let mut logs: Vec<&str> = stays.collect();
        for log in &self.enable_log_types {
            if !logs.contains(&log.as_str()) {
                logs.push(log);
            }
        }
        json!(logs)
    }
}
