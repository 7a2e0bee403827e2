//! Option groups: creating, describing, changing and deleting them. Their persistent options bind a snapshot to a region or an
//! account. [`World::add_option_group`] adds one without a call.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::engines::{Engine, Product};
use super::super::filters::{self, Filter};
use super::super::identifiers::{ResourceType, check_identifier};
use super::super::kind::Kind;
use super::super::rules::{invalid, invalid_combination};
use super::super::snapshots::Snapshot;
use super::super::tags::{self, Tag, Tags};
use super::super::{Rds, RdsContext, paging, quotas, versions};
use super::MAX_NAME_LENGTH;
use crate::call::Error;
use crate::page;
use crate::world::{State, World};

/// An option group of an account and region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rds) struct OptionGroup {
    pub(in crate::rds) name: String,
    engine: String,
    major: String,
    description: String,
    options: BTreeMap<String, Configuration>,
    pub(in crate::rds) tags: Tags,
}

/// The settings of an option.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Configuration {
    option_name: String,
    port: Option<u32>,
    option_version: Option<String>,
    #[serde(default)]
    option_settings: Vec<OptionSetting>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OptionSetting {
    name: String,
    value: Option<String>,
}

pub(super) type OptionGroups = BTreeMap<String, OptionGroup>;

/// The persistent options, and whether they are also permanent (RDS User Guide, "Sharing a DB snapshot": of Oracle `Timezone` and
/// `OLS`, of Oracle and SQL Server `TDE`).
const PERSISTENT: [(&str, bool); 3] = [("OLS", true), ("TDE", false), ("Timezone", true)];
/// "You cannot share a DB snapshot that uses an option group with permanent or persistent options, except for Oracle DB
/// instances that have the `Timezone` or `OLS` option (or both)" (the same).
const SHAREABLE: [&str; 2] = ["OLS", "Timezone"];

/// Some options of each product (RDS User Guide, "Options for … DB instances"). PostgreSQL has none: "Amazon RDS uses
/// extensions".
fn known_options(product: Product) -> &'static [&'static str] {
    match product {
        Product::MariaDb => &["MARIADB_AUDIT_PLUGIN"],
        Product::MySql => &["MARIADB_AUDIT_PLUGIN", "MEMCACHED"],
        Product::Oracle => {
            &["JVM", "NATIVE_NETWORK_ENCRYPTION", "OLS", "S3_INTEGRATION", "SSL", "STATSPACK", "TDE", "Timezone"]
        }
        Product::SqlServer => &["MSDTC", "SQLSERVER_AUDIT", "SQLSERVER_BACKUP_RESTORE", "SSAS", "SSIS", "SSRS", "TDE"],
        _ => &[],
    }
}

impl World {
    /// Adds an option group for instances of an engine (`oracle-ee`), with these options (`TDE`).
    pub fn add_option_group(&self, account: &str, region: &str, name: &str, engine: &str, options: &[&str]) {
        let options = options.iter().map(|&option| {
            (option.to_owned(), Configuration { option_name: option.to_owned(), ..Configuration::default() })
        });
        let found = Engine::all().find(|found| found.name == engine);
        let group = OptionGroup {
            name: name.to_owned(),
            engine: engine.to_owned(),
            major: found.map(|engine| versions::major(engine, engine.version)).unwrap_or_default(),
            description: name.to_owned(),
            options: options.collect(),
            tags: Tags::new(),
        };
        self.change(|state| state.region_state(account, region).rds.groups.options.insert(name.to_owned(), group));
    }
}

/// The prefix of the default option groups: `default:mysql-8-0`.
const DEFAULT_PREFIX: &str = "default:";

/// The name of the group that a database has if its request names none.
pub(in crate::rds) fn default_name(engine: &Engine, version: &str) -> String {
    format!("{DEFAULT_PREFIX}{}-{}", engine.name, versions::major(engine, version).replace('.', "-"))
}

/// The default groups. Each engine has one for each major version.
fn defaults() -> OptionGroups {
    let all = Engine::all().flat_map(|engine| versions::majors(engine).into_iter().map(move |major| (engine, major)));
    let groups = all.map(|(engine, major)| OptionGroup {
        name: default_name(engine, &major),
        description: format!("Default option group for {} {major}", engine.name),
        engine: engine.name.to_owned(),
        major,
        options: BTreeMap::new(),
        tags: Tags::new(),
    });
    groups.map(|group| (group.name.clone(), group)).collect()
}

impl Rds {
    pub(in crate::rds) fn option_groups(&mut self) -> &mut BTreeMap<String, OptionGroup> {
        &mut self.groups.options
    }
}

impl OptionGroup {
    fn persistent(&self) -> impl Iterator<Item = &str> {
        let is_persistent = |option: &&str| PERSISTENT.iter().any(|(name, _)| name == option);
        self.options.keys().map(String::as_str).filter(is_persistent)
    }

    fn view(&self, ctx: &RdsContext) -> Value {
        json!({
            "OptionGroupName": self.name,
            "OptionGroupDescription": self.description,
            "EngineName": self.engine,
            "MajorEngineVersion": self.major,
            "AllowsVpcAndNonVpcInstanceMemberships": true,
            "OptionGroupArn": ctx.arn(ResourceType::OptionGroup, &self.name).to_string(),
            "Options": self.options.values().map(Configuration::view).collect::<Vec<_>>(),
        })
    }
}

impl Configuration {
    fn view(&self) -> Value {
        let found = PERSISTENT.iter().find(|(name, _)| *name == self.option_name);
        let settings = self.option_settings.iter();
        json!({
            "OptionName": self.option_name,
            "Port": self.port,
            "OptionVersion": self.option_version,
            "Persistent": found.is_some(),
            "Permanent": found.is_some_and(|(_, is_permanent)| *is_permanent),
            "OptionSettings": settings.map(|of| json!({ "Name": of.name, "Value": of.value })).collect::<Vec<_>>(),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct DescribeRequest {
    option_group_name: Option<String>,
    engine_name: Option<String>,
    major_engine_version: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    max_records: Option<i64>,
    marker: Option<String>,
}

const LIST: &str = "OptionGroupsList";

pub(in crate::rds) fn describe(state: &mut State, ctx: &RdsContext, wanted: &DescribeRequest) -> Result<Value, Error> {
    let (size, last) = (paging::size(wanted.max_records)?, paging::last(LIST, wanted.marker.as_ref())?);
    // "This parameter isn't currently supported."
    filters::check(state.settings.answers.unnamed_errors, &wanted.filters, &[])?;
    if let Some(name) = &wanted.option_group_name {
        let group = find(state, ctx, name)?;
        return Ok(json!({ LIST: [group.view(ctx)] }));
    }
    if wanted.major_engine_version.is_some() && wanted.engine_name.is_none() {
        // "If specified, then EngineName must also be specified."
        return Err(invalid_combination("EngineName is required if MajorEngineVersion is specified."));
    }
    let mut all = defaults();
    all.extend(ctx.rds(state).option_groups().clone());
    all.retain(|_, group| {
        wanted.engine_name.as_ref().is_none_or(|engine| *engine == group.engine)
            && wanted.major_engine_version.as_ref().is_none_or(|major| *major == group.major)
    });
    let (groups, last) = page::cut(page::after(last.as_ref(), &all), size);
    let groups: Vec<_> = groups.into_iter().map(|group| group.view(ctx)).collect();
    Ok(json!({ LIST: groups, "Marker": last.map(|last| page::marker(LIST, last)) }))
}

/// The option group of a request, in the caller's account and region.
pub(in crate::rds) fn find(state: &mut State, ctx: &RdsContext, named: &str) -> Result<OptionGroup, Error> {
    let name = ctx.arn_of(ResourceType::OptionGroup, named).map(|arn| arn.id).unwrap_or_default();
    let found = ctx.rds(state).option_groups().get(&name).cloned();
    found.or_else(|| defaults().remove(&name)).ok_or_else(|| {
        Error::new("OptionGroupNotFoundFault", format!("Specified OptionGroupName: {named} not found.")).status(404)
    })
}

/// The group for a database of this engine and version: the one that the request names. `None`: the default. "The engine to
/// associate this option group with … the major version of the engine" (`CreateOptionGroup`).
pub(in crate::rds) fn of_database(
    state: &mut State,
    ctx: &RdsContext,
    named: Option<&str>,
    (engine, version): (&Engine, &str),
) -> Result<Option<OptionGroup>, Error> {
    let Some(named) = named else { return Ok(None) };
    let group = find(state, ctx, named)?;
    let major = versions::major(engine, version);
    if group.engine != engine.name || group.major != major {
        return Err(invalid_combination(format!(
            "The option group {named} is for {} {}, and the database has {} {major}.",
            group.engine, group.major, engine.name
        )));
    }
    Ok(Some(group).filter(|group| !group.name.starts_with(DEFAULT_PREFIX)))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct CreateRequest {
    option_group_name: String,
    engine_name: String,
    major_engine_version: String,
    option_group_description: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(in crate::rds) fn create(state: &mut State, ctx: &RdsContext, wanted: CreateRequest) -> Result<Value, Error> {
    let name = check_identifier(&wanted.option_group_name, "OptionGroupName", MAX_NAME_LENGTH)?;
    let engine = Engine::find(&wanted.engine_name, Kind::Instance)?;
    let (major, tags) = (wanted.major_engine_version, tags::with(Tags::new(), wanted.tags)?);
    if !versions::majors(engine).contains(&major) {
        return Err(invalid(format!("Invalid major engine version {major} for engine {}.", engine.name)));
    }
    if ctx.rds(state).option_groups().contains_key(&name) {
        let message = format!("An option group named {name} already exists.");
        return Err(Error::new("OptionGroupAlreadyExistsFault", message));
    }
    quotas::check_option_groups(state, ctx)?;
    let (engine, description) = (engine.name.to_owned(), wanted.option_group_description);
    let group = OptionGroup { name: name.clone(), engine, major, description, options: BTreeMap::new(), tags };
    let view = group.view(ctx);
    ctx.rds(state).option_groups().insert(name, group);
    Ok(json!({ "OptionGroup": view }))
}

/// Databases apply the change at once or in their maintenance window. Options have no effect here, so both are the same.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct ModifyRequest {
    option_group_name: String,
    #[serde(default)]
    options_to_include: Vec<Configuration>,
    #[serde(default)]
    options_to_remove: Vec<String>,
}

pub(in crate::rds) fn modify(state: &mut State, ctx: &RdsContext, wanted: ModifyRequest) -> Result<Value, Error> {
    let mut group = find_own(state, ctx, &wanted.option_group_name)?;
    let known = Engine::find(&group.engine, Kind::Instance).map_or(&[][..], |engine| known_options(engine.product));
    let is_used = super::is_option_group_used(state, ctx, &group.name);
    for option in wanted.options_to_include {
        if !known.contains(&option.option_name.as_str()) {
            let message =
                format!("Option {} is not available for {} {}.", option.option_name, group.engine, group.major);
            return Err(invalid(message));
        }
        group.options.insert(option.option_name.clone(), option);
    }
    for option in &wanted.options_to_remove {
        // "Permanent options … can't be removed from an option group, and that option group can't be removed from a DB instance
        // once it is associated with a DB instance" (`ModifyOptionGroup`).
        if is_used && PERSISTENT.contains(&(option.as_str(), true)) {
            let message =
                format!("The permanent option {option} cannot be removed from an option group that is in use.");
            return Err(Error::new("InvalidOptionGroupStateFault", message));
        }
        if group.options.remove(option).is_none() {
            return Err(invalid(format!("The option {option} is not in the option group {}.", group.name)));
        }
    }
    let view = group.view(ctx);
    super::option_group_changed(state, ctx, &group);
    ctx.rds(state).option_groups().insert(group.name.clone(), group);
    Ok(json!({ "OptionGroup": view }))
}

/// A group that can be changed: "you can't modify or delete" default option groups (RDS User Guide, "Working with option groups").
fn find_own(state: &mut State, ctx: &RdsContext, named: &str) -> Result<OptionGroup, Error> {
    let group = find(state, ctx, named)?;
    if group.name.starts_with(DEFAULT_PREFIX) {
        let message = format!("The default option group {named} cannot be modified or deleted.");
        return Err(Error::new("InvalidOptionGroupStateFault", message));
    }
    Ok(group)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct DeleteRequest {
    option_group_name: String,
}

/// "You can delete an option group only if it is not associated with" a DB instance, a manual snapshot or an automated snapshot (RDS
/// User Guide, "Deleting an option group").
pub(in crate::rds) fn delete(state: &mut State, ctx: &RdsContext, wanted: &DeleteRequest) -> Result<(), Error> {
    let group = find_own(state, ctx, &wanted.option_group_name)?;
    if super::is_option_group_used(state, ctx, &group.name) {
        let message = format!("The option group '{}' cannot be deleted because it is in use.", group.name);
        return Err(Error::new("InvalidOptionGroupStateFault", message));
    }
    ctx.rds(state).option_groups().remove(&group.name);
    Ok(())
}

/// Whether a snapshot can be shared. The code is the only one of the operation's errors that fits.
pub(in crate::rds) fn check_shareable(snapshot: &Snapshot) -> Result<(), Error> {
    let mut options = snapshot.option_group.iter().flat_map(OptionGroup::persistent);
    match options.find(|option| !SHAREABLE.contains(option)) {
        None => Ok(()),
        Some(option) => Err(snapshot.arn().kind.invalid_snapshot_state(format!(
            "The snapshot {} uses an option group with the permanent or persistent option {option}.",
            snapshot.arn().id
        ))),
    }
}

/// Checks the option group of a restored database. "Permanent options, such as the TDE option for Oracle Advanced Security TDE, can't
/// be removed from an option group, and that option group can't be removed from a DB instance after it is associated with a DB
/// instance" (`OptionGroupName`).
pub(in crate::rds) fn check_restorable(source: Option<&OptionGroup>, new: Option<&OptionGroup>) -> Result<(), Error> {
    let mut needed = source.into_iter().flat_map(OptionGroup::persistent);
    match needed.find(|option| new.is_none_or(|new| !new.options.contains_key(*option))) {
        None => Ok(()),
        Some(option) => Err(invalid_combination(format!(
            "OptionGroupName must name an option group with the option {option}, which the source has."
        ))),
    }
}

/// The option group that a request for a copy names.
pub(in crate::rds) struct OptionsOfCopy {
    pub(in crate::rds) name: Option<String>,
    pub(in crate::rds) copies_group: bool,
}

/// The option group of a copy. A copy in the same account and region has that of its source, others have none unless the
/// request names it.
pub(in crate::rds) fn of_copy(
    state: &mut State,
    ctx: &RdsContext,
    source: &Snapshot,
    wanted: &OptionsOfCopy,
) -> Result<Option<OptionGroup>, Error> {
    let is_cross_account = source.arn().account != ctx.caller.account;
    let is_cross_region = source.arn().region != ctx.region;
    if ctx.kind == Kind::Cluster && (wanted.name.is_some() || wanted.copies_group) {
        return Err(Error::not_simulated("option groups of clusters".to_owned()));
    }
    let refuse = |message: &str| Err(Error::new("InvalidParameterCombination", message));
    if wanted.copies_group {
        // "The associated option group can be copied only with cross-account snapshot copy calls."
        if !is_cross_account {
            return refuse("CopyOptionGroup is only for copies from another account.");
        }
        if let Some(group) = &source.option_group {
            ctx.rds(state).option_groups().insert(group.name.clone(), group.clone());
        }
        return Ok(source.option_group.clone());
    }
    let needed: Vec<&str> = source.option_group.iter().flat_map(OptionGroup::persistent).collect();
    match &wanted.name {
        Some(name) => {
            // `CopyDBSnapshot` does not list the error of a missing group.
            let group = find(state, ctx, name).map_err(|missing| invalid(missing.message))?;
            match needed.iter().find(|option| !group.options.contains_key(**option)) {
                Some(option) => refuse(&format!("The option group {name} does not have the option {option}.")),
                None => Ok(Some(group)),
            }
        }
        None if !is_cross_account && !is_cross_region => Ok(source.option_group.clone()),
        // "If your source DB instance uses Transparent Data Encryption for Oracle or Microsoft SQL Server, you must specify this
        // option when copying across Amazon Web Services Regions" (`CopyDBSnapshot`).
        None if is_cross_region && needed.contains(&"TDE") => {
            refuse("OptionGroupName is required: the source uses TDE.")
        }
        // "For Oracle DB instances, you can copy shared DB snapshots that have the `Timezone` or `OLS` option (or both). To do
        // so, specify a target option group that includes these options" (RDS User Guide, "Sharing a DB snapshot").
        None if is_cross_account && !needed.is_empty() => {
            refuse(&format!("OptionGroupName is required: the source has the option {}.", needed.join(", ")))
        }
        None => Ok(None),
    }
}
