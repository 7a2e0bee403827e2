//! The values of parameter groups: describing, modifying and resetting them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::filters::{self, Filter, Property};
use super::super::kind::Kind;
use super::super::rules::{invalid, invalid_combination};
use super::super::{RdsContext, paging};
use super::parameter_table::{self, ApplyType, Parameter};
use super::parameters::{ParameterGroup, find};
use crate::call::Error;
use crate::page;
use crate::world::State;

/// The values of a group that differ from the defaults.
pub(super) type Values = BTreeMap<&'static str, Changed>;

#[derive(Clone)]
pub(super) struct Changed {
    value: String,
    method: ApplyMethod,
}

/// When running databases use a new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ApplyMethod {
    Immediate,
    PendingReboot,
}

impl ApplyMethod {
    fn read(text: &str) -> Result<Self, Error> {
        match text {
            "immediate" => Ok(Self::Immediate),
            "pending-reboot" => Ok(Self::PendingReboot),
            other => Err(invalid(format!("Invalid apply method: {other}. Use immediate or pending-reboot."))),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Immediate => "immediate",
            Self::PendingReboot => "pending-reboot",
        }
    }
}

/// "A maximum of 20 parameters can be modified in a single request."
const MAX_CHANGES: usize = 20;

impl ParameterGroup {
    fn parameters(&self, kind: Kind) -> impl Iterator<Item = &'static Parameter> {
        parameter_table::of(self.engine.product, kind == Kind::Cluster)
    }

    fn find(&self, kind: Kind, name: &str) -> Result<&'static Parameter, Error> {
        let found = self.parameters(kind).find(|parameter| parameter.name == name);
        found.ok_or_else(|| invalid(format!("Could not find parameter with name: {name}")))
    }
}

/// A parameter in a request.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    parameter_name: String,
    parameter_value: Option<String>,
    apply_method: Option<String>,
}

impl Change {
    /// The parameter, and how the change is applied. "You can use the immediate value with dynamic parameters only. You can use
    /// the pending-reboot value for both dynamic and static parameters" (`ModifyDBParameterGroup`).
    fn read(&self, kind: Kind, group: &ParameterGroup) -> Result<(&'static Parameter, ApplyMethod), Error> {
        let name = &self.parameter_name;
        let parameter = group.find(kind, name)?;
        let method = self.apply_method.as_deref().ok_or_else(|| Error::missing_parameter("ApplyMethod"))?;
        match (parameter.apply, ApplyMethod::read(method)?) {
            (ApplyType::Fixed, _) => Err(invalid(format!("The parameter {name} cannot be modified."))),
            (ApplyType::Static, ApplyMethod::Immediate) => {
                Err(invalid_combination(format!("cannot use immediate apply method for static parameter: {name}")))
            }
            (_, method) => Ok((parameter, method)),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct ModifyRequest {
    #[serde(rename = "DBParameterGroupName")]
    name: String,
    parameters: Vec<Change>,
}

pub(in crate::rds) fn modify(state: &mut State, ctx: &RdsContext, wanted: &ModifyRequest) -> Result<Value, Error> {
    let mut group = find_own(state, ctx, &wanted.name)?;
    if wanted.parameters.is_empty() {
        return Err(Error::missing_parameter("Parameters"));
    }
    check_count(&wanted.parameters)?;
    let mut methods = Vec::new();
    for change in &wanted.parameters {
        let (parameter, method) = change.read(ctx.kind, &group)?;
        let value = change.parameter_value.clone().ok_or_else(|| Error::missing_parameter("ParameterValue"))?;
        if !parameter.allows(&value) {
            let Parameter { name, allowed, .. } = parameter;
            let message = format!("Invalid parameter value: {value} for: {name} allowed values are: {allowed}");
            return Err(invalid(message));
        }
        group.values.insert(parameter.name, Changed { value, method });
        methods.push(method);
    }
    Ok(replace(state, ctx, group, &methods))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct ResetRequest {
    #[serde(rename = "DBParameterGroupName")]
    name: String,
    reset_all_parameters: Option<bool>,
    #[serde(default)]
    parameters: Vec<Change>,
}

/// "By default, all parameters in the DB parameter group are reset to default values. … When resetting the entire group, dynamic
/// parameters are updated immediately and static parameters are set to pending-reboot" (`ResetDBParameterGroup`).
pub(in crate::rds) fn reset(state: &mut State, ctx: &RdsContext, wanted: &ResetRequest) -> Result<Value, Error> {
    let mut group = find_own(state, ctx, &wanted.name)?;
    check_count(&wanted.parameters)?;
    let is_all = wanted.reset_all_parameters.unwrap_or(wanted.parameters.is_empty());
    let methods = match (is_all, wanted.parameters.as_slice()) {
        (true, []) => {
            let all = std::mem::take(&mut group.values);
            let method = |name: &&'static str| match group.find(ctx.kind, name).map(|found| found.apply) {
                Ok(ApplyType::Dynamic) => ApplyMethod::Immediate,
                _ => ApplyMethod::PendingReboot,
            };
            all.keys().map(method).collect()
        }
        (true, _) => {
            return Err(invalid_combination("Parameters cannot be specified when ResetAllParameters is true."));
        }
        (false, []) => return Err(Error::missing_parameter("Parameters")),
        (false, changes) => {
            let mut methods = Vec::new();
            for change in changes {
                let (parameter, method) = change.read(ctx.kind, &group)?;
                group.values.remove(parameter.name);
                methods.push(method);
            }
            methods
        }
    };
    Ok(replace(state, ctx, group, &methods))
}

fn check_count(changes: &[Change]) -> Result<(), Error> {
    if changes.len() > MAX_CHANGES {
        return Err(invalid(format!("A maximum of {MAX_CHANGES} parameters can be modified in a single request.")));
    }
    Ok(())
}

/// A group that can be modified: "you can't modify the parameter settings of a default parameter group" (RDS User Guide).
fn find_own(state: &mut State, ctx: &RdsContext, named: &str) -> Result<ParameterGroup, Error> {
    let group = find(state, ctx, named)?;
    if group.is_default() {
        let message = format!("The default parameter group {named} cannot be modified.");
        return Err(Error::new("InvalidDBParameterGroupState", message));
    }
    Ok(group)
}

/// Stores the group. Its databases apply the change.
fn replace(state: &mut State, ctx: &RdsContext, group: ParameterGroup, methods: &[ApplyMethod]) -> Value {
    let name = group.name.clone();
    if !methods.is_empty() {
        let needs_reboot = methods.contains(&ApplyMethod::PendingReboot);
        super::parameters_changed(state, ctx, &name, needs_reboot);
    }
    ctx.rds(state).parameter_groups(ctx.kind).insert(name.clone(), group);
    json!({ format!("{}Name", ctx.kind.spelling().parameter_group): name })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct DescribeRequest {
    #[serde(rename = "DBParameterGroupName")]
    name: String,
    source: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    max_records: Option<i64>,
    marker: Option<String>,
}

const LIST: &str = "Parameters";

pub(in crate::rds) fn describe(state: &mut State, ctx: &RdsContext, wanted: &DescribeRequest) -> Result<Value, Error> {
    let (size, last) = (paging::size(wanted.max_records)?, paging::last(LIST, wanted.marker.as_ref())?);
    if let Some(other) = { wanted.source.as_deref() }.filter(|source| !SOURCES.contains(source)) {
        return Err(invalid(format!("Unrecognized parameter source: {other}. Use {}.", SOURCES.join(", "))));
    }
    let group = find(state, ctx, &wanted.name)?;
    let found = list(state, ctx.kind, &group, wanted.source.as_deref(), &wanted.filters)?;
    let (found, last) = page::cut(page::after(last.as_ref(), &found), size);
    Ok(json!({ LIST: found, "Marker": last.map(|last| page::marker(LIST, last)) }))
}

/// "Valid Values: user | system | engine-default" (`Source`).
const SOURCES: [&str; 3] = ["user", "system", "engine-default"];

fn list(
    state: &State,
    kind: Kind,
    group: &ParameterGroup,
    source: Option<&str>,
    wanted: &[Filter],
) -> Result<BTreeMap<String, Value>, Error> {
    // "The only supported filter is parameter-name."
    filters::check(state.settings.answers.unnamed_errors, wanted, &["parameter-name"])?;
    let mut found = BTreeMap::new();
    for parameter in group.parameters(kind) {
        let passes = filters::passes(wanted, |filter| match filter {
            "parameter-name" => Some(Property::text(parameter.name)),
            _ => None,
        })?;
        let view = view(group, parameter);
        if passes && source.is_none_or(|source| view["Source"] == source) {
            found.insert(parameter.name.to_owned(), view);
        }
    }
    Ok(found)
}

fn view(group: &ParameterGroup, parameter: &Parameter) -> Value {
    let default = parameter.default(&group.family);
    let (value, source, method) = match (group.values.get(parameter.name), default) {
        (Some(changed), _) => (Some(changed.value.as_str()), "user", changed.method),
        (None, Some(value)) => (Some(value), "system", ApplyMethod::PendingReboot),
        (None, None) => (None, "engine-default", ApplyMethod::PendingReboot),
    };
    json!({
        "ParameterName": parameter.name,
        "ParameterValue": value,
        "Source": source,
        "ApplyType": if parameter.apply == ApplyType::Dynamic { "dynamic" } else { "static" },
        "DataType": parameter.data_type,
        "AllowedValues": Some(parameter.allowed).filter(|allowed| !allowed.is_empty()),
        "IsModifiable": parameter.apply != ApplyType::Fixed,
        "ApplyMethod": method.name(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct DefaultsRequest {
    #[serde(rename = "DBParameterGroupFamily")]
    family: String,
    #[serde(default)]
    filters: Vec<Filter>,
    max_records: Option<i64>,
    marker: Option<String>,
}

/// `DescribeEngineDefaultParameters` and `DescribeEngineDefaultClusterParameters`.
pub(in crate::rds) fn describe_defaults(
    state: &mut State,
    ctx: &RdsContext,
    wanted: &DefaultsRequest,
) -> Result<Value, Error> {
    let (size, last) = (paging::size(wanted.max_records)?, paging::last(LIST, wanted.marker.as_ref())?);
    ctx.engine_of_family(&wanted.family)?;
    let group = find(state, ctx, &format!("{}{}", super::DEFAULT_PREFIX, wanted.family))?;
    let found = list(state, ctx.kind, &group, None, &wanted.filters)?;
    let (found, last) = page::cut(page::after(last.as_ref(), &found), size);
    Ok(json!({ "EngineDefaults": {
        "DBParameterGroupFamily": wanted.family,
        LIST: found,
        "Marker": last.map(|last| page::marker(LIST, last)),
    } }))
}
