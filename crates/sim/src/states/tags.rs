//! The tags of state machines.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::machines::Machine;
use super::name_in;
use crate::call::{Call, Error, Input};
use crate::context::CallContext;
use crate::iam::RequiredPermission;
use crate::tags::{MAX_TAGS, violated_rule};
use crate::world::State;

#[derive(Deserialize)]
pub(super) struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

/// Adds tags, if all of them are valid.
pub(super) fn add_to(tags: &mut BTreeMap<String, String>, new: Vec<Tag>) -> Result<(), Error> {
    let mut all = tags.clone();
    for (Tag { key, value }, nth) in new.into_iter().zip(1..) {
        if let Some(rule) = violated_rule(&key, &value) {
            return Err(Error::invalid_member(&key, &format!("tags.{nth}.member"), &format!("be a valid tag: {rule}")));
        }
        all.insert(key, value);
    }
    if all.len() > MAX_TAGS {
        return Err(Error::new("TooManyTags", format!("Number of tags exceeds {MAX_TAGS}")));
    }
    *tags = all;
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Add {
    resource_arn: String,
    tags: Vec<Tag>,
}

pub(super) fn add(state: &mut State, ctx: &CallContext, input: Add) -> Result<Value, Error> {
    add_to(&mut machine(state, ctx, &input.resource_arn)?.tags, input.tags)?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Remove {
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub(super) fn remove(state: &mut State, ctx: &CallContext, input: Remove) -> Result<Value, Error> {
    let machine = machine(state, ctx, &input.resource_arn)?;
    machine.tags.retain(|key, _| !input.tag_keys.contains(key));
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    resource_arn: String,
}

pub(super) fn list(state: &mut State, ctx: &CallContext, input: List) -> Result<Value, Error> {
    let tags = &machine(state, ctx, &input.resource_arn)?.tags;
    let tags: Vec<_> = tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    Ok(json!({ "tags": tags }))
}

fn machine<'s>(state: &'s mut State, ctx: &CallContext, arn: &str) -> Result<&'s mut Machine, Error> {
    let machines = &mut ctx.region_state(state).states.machines;
    let name = name_in(ctx, arn, "stateMachine")?;
    name.and_then(|name| machines.get_mut(name))
        .ok_or_else(|| Error::new("ResourceNotFound", format!("Resource not found: '{arn}'")))
}

/// Adds the tags of a call to a permission.
pub(super) fn tagged(mut permission: RequiredPermission, call: &Call) -> RequiredPermission {
    let Input::Json(input) = &call.input else { return permission };
    let keys = input["tagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str);
    permission.context.extend(keys.map(|key| ("aws:TagKeys".to_owned(), key.to_owned())));
    let tags = input["tags"].as_array().into_iter().flatten();
    let text = |tag: &Value, member: &str| tag[member].as_str().unwrap_or_default().to_owned();
    let tags: BTreeMap<_, _> = tags.map(|tag| (text(tag, "key"), text(tag, "value"))).collect();
    permission.tagging(&tags)
}

pub(super) fn has_tags(call: &Call) -> bool {
    matches!(&call.input, Input::Json(input) if input["tags"].as_array().is_some_and(|tags| !tags.is_empty()))
}
