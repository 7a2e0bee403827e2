//! Parameter groups of instances and clusters: creating, describing and deleting them. `parameter_values` changes them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::engines::Engine;
use super::super::filters::{self, Filter};
use super::super::identifiers::{ResourceType, check_identifier};
use super::super::kind::Kind;
use super::super::tags::{self, Tag, Tags};
use super::super::{Rds, RdsContext, paging, quotas, versions};
use super::parameter_values::Values;
use super::{DEFAULT_PREFIX, MAX_NAME_LENGTH};
use crate::call::Error;
use crate::page;
use crate::world::State;

/// A group of parameters for the databases of one family.
#[derive(Clone)]
pub(in crate::rds) struct ParameterGroup {
    pub(in crate::rds) name: String,
    pub(in crate::rds) family: String,
    pub(super) engine: &'static Engine,
    description: String,
    /// The values that differ from the defaults.
    pub(super) values: Values,
    pub(in crate::rds) tags: Tags,
}

/// The parameter groups of one kind that were created, and the default groups that have tags.
pub(super) type ParameterGroups = BTreeMap<String, ParameterGroup>;

/// The name of the group that a database has if its request names none: `default.postgres16`.
pub(in crate::rds) fn default_name(engine: &Engine, version: &str) -> String {
    format!("{DEFAULT_PREFIX}{}", versions::family(engine, version))
}

/// The default group of this name. It exists for each family.
fn default_group(kind: Kind, name: &str) -> Option<ParameterGroup> {
    let family = name.strip_prefix(DEFAULT_PREFIX)?;
    let engine = *versions::families().get(family)?;
    engine.has_parameter_groups(kind).then(|| ParameterGroup {
        name: name.to_owned(),
        family: family.to_owned(),
        engine,
        description: format!("Default parameter group for {family}"),
        values: Values::default(),
        tags: Tags::new(),
    })
}

impl Rds {
    pub(super) fn parameter_groups(&mut self, kind: Kind) -> &mut ParameterGroups {
        self.groups.parameters.entry(kind).or_default()
    }

    pub(in crate::rds) fn parameter_group_count(&self, kind: Kind) -> usize {
        let groups = self.groups.parameters.get(&kind);
        groups.map_or(0, |groups| groups.keys().filter(|name| !name.starts_with(DEFAULT_PREFIX)).count())
    }

    /// The group of this name, to change its tags.
    pub(in crate::rds) fn parameter_group_mut(&mut self, kind: Kind, name: &str) -> Option<&mut ParameterGroup> {
        let groups = self.parameter_groups(kind);
        if !groups.contains_key(name) {
            groups.insert(name.to_owned(), default_group(kind, name)?);
        }
        groups.get_mut(name)
    }
}

/// The group that a request names, in the caller's account and region.
pub(in crate::rds) fn find(state: &mut State, ctx: &RdsContext, named: &str) -> Result<ParameterGroup, Error> {
    let name = ctx.arn_of(ResourceType::ParameterGroup, named).map(|arn| arn.id).unwrap_or_default();
    let found = ctx.rds(state).parameter_groups(ctx.kind).get(&name).cloned();
    found.or_else(|| default_group(ctx.kind, &name)).ok_or_else(|| not_found(ctx.kind, named))
}

/// "DBParameterGroupName doesn't refer to an existing DB parameter group." The operations on groups have one code for both
/// kinds; the operations that give a group to a cluster have their own.
fn not_found(kind: Kind, named: &str) -> Error {
    Error::new("DBParameterGroupNotFound", format!("{} not found: {named}", kind.spelling().parameter_group))
        .status(404)
}

/// The name of the group for a database of this engine and version: the one that the request names, or the default.
///
/// "A DB parameter group can be associated with one and only one DB parameter group family, and can be applied only to a DB
/// instance running a database engine and engine version compatible with that DB parameter group family"
/// (`DBParameterGroupFamily`). Users report the message.
pub(in crate::rds) fn of_database(
    state: &mut State,
    ctx: &RdsContext,
    named: Option<&str>,
    (engine, version): (&Engine, &str),
) -> Result<String, Error> {
    let Some(named) = named else { return Ok(default_name(engine, version)) };
    let group = find(state, ctx, named).map_err(|error| match ctx.kind {
        Kind::Instance => error,
        Kind::Cluster => Error { code: "DBClusterParameterGroupNotFound", ..error },
    })?;
    if group.family == versions::family(engine, version) {
        return Ok(group.name);
    }
    let message = format!(
        "The parameter group {named} with {} can't be used for this database. Use a parameter group with {}.",
        format_args!("DBParameterGroupFamily {}", group.family),
        format_args!("DBParameterGroupFamily {}", versions::family(engine, version)),
    );
    Err(Error::new("InvalidParameterCombination", message))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct CreateRequest {
    #[serde(rename = "DBParameterGroupName")]
    name: String,
    #[serde(rename = "DBParameterGroupFamily")]
    family: String,
    description: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(in crate::rds) fn create(state: &mut State, ctx: &RdsContext, wanted: CreateRequest) -> Result<Value, Error> {
    let name = check_identifier(&wanted.name, "DBParameterGroupName", MAX_NAME_LENGTH)?;
    let engine = ctx.engine_of_family(&wanted.family)?;
    let tags = tags::with(Tags::new(), wanted.tags)?;
    if ctx.rds(state).parameter_groups(ctx.kind).contains_key(&name) {
        let message = format!("Parameter group {name} already exists");
        return Err(Error::new("DBParameterGroupAlreadyExists", message));
    }
    quotas::check_parameter_groups(state, ctx)?;
    let (family, description) = (wanted.family, wanted.description);
    let group = ParameterGroup { name: name.clone(), family, engine, description, values: Values::default(), tags };
    let view = group.view(ctx);
    ctx.rds(state).parameter_groups(ctx.kind).insert(name, group);
    Ok(json!({ ctx.kind.spelling().parameter_group: view }))
}

impl ParameterGroup {
    fn view(&self, ctx: &RdsContext) -> Value {
        let group = ctx.kind.spelling().parameter_group;
        json!({
            format!("{group}Name"): self.name,
            "DBParameterGroupFamily": self.family,
            "Description": self.description,
            format!("{group}Arn"): ctx.arn(ResourceType::ParameterGroup, &self.name).to_string(),
        })
    }

    pub(super) fn is_default(&self) -> bool {
        self.name.starts_with(DEFAULT_PREFIX)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct DescribeRequest {
    #[serde(rename = "DBParameterGroupName")]
    name: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    max_records: Option<i64>,
    marker: Option<String>,
}

pub(in crate::rds) fn describe(state: &mut State, ctx: &RdsContext, wanted: &DescribeRequest) -> Result<Value, Error> {
    let list = format!("{}s", ctx.kind.spelling().parameter_group);
    let (size, last) = (paging::size(wanted.max_records)?, paging::last(&list, wanted.marker.as_ref())?);
    // "This parameter isn't currently supported."
    filters::check(state.settings.answers.unnamed_errors, &wanted.filters, &[])?;
    if let Some(named) = &wanted.name {
        let group = find(state, ctx, named)?;
        return Ok(json!({ list: [group.view(ctx)] }));
    }
    let defaults = versions::families().into_keys().map(|family| format!("{DEFAULT_PREFIX}{family}"));
    let defaults = defaults.filter_map(|name| default_group(ctx.kind, &name));
    let mut all: ParameterGroups = defaults.map(|group| (group.name.clone(), group)).collect();
    all.extend(ctx.rds(state).parameter_groups(ctx.kind).clone());
    let (groups, last) = page::cut(page::after(last.as_ref(), &all), size);
    let groups: Vec<_> = groups.into_iter().map(|group| group.view(ctx)).collect();
    let marker = last.map(|last| page::marker(&list, last));
    Ok(json!({ list: groups, "Marker": marker }))
}

#[derive(Deserialize)]
pub(in crate::rds) struct DeleteRequest {
    #[serde(rename = "DBParameterGroupName")]
    name: String,
}

/// "You can't delete a default DB parameter group. Can't be associated with any DB instances" (`DeleteDBParameterGroup`).
pub(in crate::rds) fn delete(state: &mut State, ctx: &RdsContext, wanted: &DeleteRequest) -> Result<(), Error> {
    let group = find(state, ctx, &wanted.name)?;
    let refused = |message: &str| Err(Error::new("InvalidDBParameterGroupState", message));
    if group.is_default() {
        return refused("Default DBParameterGroup cannot be deleted.");
    }
    if super::is_parameter_group_used(state, ctx, &group.name) {
        return refused(
            "One or more database instances are still members of this parameter group, so the group cannot be deleted",
        );
    }
    ctx.rds(state).parameter_groups(ctx.kind).remove(&group.name);
    Ok(())
}
