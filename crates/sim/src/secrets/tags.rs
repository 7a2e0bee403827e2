//! Tags of secrets.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::find::find;
use super::invalid_parameter;
use crate::call::Error;
use crate::context::CallContext;
use crate::tags::{MAX_TAGS, violated_rule};
use crate::world::State;

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagResource {
    secret_id: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagResource {
    secret_id: String,
    tag_keys: Vec<String>,
}

/// "This operation appends tags to the existing list of tags."
pub(super) fn add(state: &mut State, ctx: &CallContext, input: TagResource) -> Result<(), Error> {
    let new = validate(input.tags)?;
    let now = state.now;
    let secret = find(state, ctx, &input.secret_id, "secretsmanager:TagResource")?;
    secret.check_not_deleted()?;
    let mut tags = secret.tags.clone();
    tags.extend(new);
    secret.tags = check_count(tags)?;
    secret.changed = now;
    Ok(())
}

/// "If a requested tag is not attached to the secret, no error is returned and the secret metadata is unchanged."
pub(super) fn remove(state: &mut State, ctx: &CallContext, input: &UntagResource) -> Result<(), Error> {
    let now = state.now;
    let secret = find(state, ctx, &input.secret_id, "secretsmanager:UntagResource")?;
    secret.check_not_deleted()?;
    let before = secret.tags.len();
    secret.tags.retain(|name, _| name.starts_with("aws:") || !input.tag_keys.contains(name));
    if secret.tags.len() < before {
        secret.changed = now;
    }
    Ok(())
}

pub(super) fn validate(given: Vec<Tag>) -> Result<BTreeMap<String, String>, Error> {
    let mut tags = BTreeMap::new();
    for Tag { key, value } in given {
        if let Some(rule) = violated_rule(&key, &value) {
            return Err(invalid_parameter(format!("{rule}: {key}.")));
        }
        if tags.insert(key.clone(), value).is_some() {
            return Err(invalid_parameter(format!("The tag {key} is there twice.")));
        }
    }
    check_count(tags)
}

fn check_count(tags: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Error> {
    // Tags of AWS services do not count.
    match tags.keys().filter(|key| !key.starts_with("aws:")).count() {
        count if count > MAX_TAGS => Err(invalid_parameter("A secret has at most 50 tags.")),
        _ => Ok(tags),
    }
}

/// The list of a response.
pub(super) fn view(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}
