//! Tags of keys.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{self, find_key};
use super::effect;
use super::paging::Page;
use crate::call::Error;
use crate::context::CallContext;
use crate::iam::RequiredPermission;
use crate::tags::violated_rule;
use crate::world::State;

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    tag_key: String,
    tag_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagResource {
    key_id: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagResource {
    key_id: String,
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListResourceTags {
    key_id: String,
    limit: Option<i64>,
    marker: Option<String>,
}

pub(super) fn add(state: &mut State, ctx: &CallContext, input: TagResource) -> Result<(), Error> {
    let new = validate(input.tags)?;
    let permission = RequiredPermission::new("kms:TagResource", "*").tagging(&new);
    let key = access::find_key_with(state, ctx, &input.key_id, &permission)?;
    key.check_not_pending_deletion()?;
    let mut tags = key.tags.clone();
    tags.extend(new);
    key.tags = check_count(tags)?;
    let id = key.id.clone();
    effect::of_tags(state, ctx, &id);
    Ok(())
}

pub(super) fn remove(state: &mut State, ctx: &CallContext, input: &UntagResource) -> Result<(), Error> {
    for (key, nth) in input.tag_keys.iter().zip(1..) {
        check_key_length(key, &format!("tagKeys.{nth}.member"))?;
    }
    let mut permission = RequiredPermission::new("kms:UntagResource", "*");
    permission.context.extend(input.tag_keys.iter().map(|key| ("aws:TagKeys".to_owned(), key.clone())));
    let key = access::find_key_with(state, ctx, &input.key_id, &permission)?;
    key.check_not_pending_deletion()?;
    key.tags.retain(|name, _| !input.tag_keys.contains(name));
    let id = key.id.clone();
    effect::of_tags(state, ctx, &id);
    Ok(())
}

pub(super) fn list(state: &mut State, ctx: &CallContext, input: ListResourceTags) -> Result<Value, Error> {
    let tags = &find_key(state, ctx, &input.key_id, "kms:ListResourceTags")?.tags;
    Page { limit: input.limit, marker: input.marker }
        .list("Tags", 50, 50, tags, |key, value| Some(json!({ "TagKey": key, "TagValue": value })))
}

/// Checks tags by AWS's rules. The messages are those that LocalStack's tests recorded from AWS.
pub(super) fn validate(given: Vec<Tag>) -> Result<BTreeMap<String, String>, Error> {
    let mut tags = BTreeMap::new();
    for (Tag { tag_key, tag_value }, nth) in given.into_iter().zip(1..) {
        check_key_length(&tag_key, &format!("tags.{nth}.member.tagKey"))?;
        if tag_value.chars().count() > 256 {
            let member = format!("tags.{nth}.member.tagValue");
            return Err(Error::invalid_member(&tag_value, &member, "have length less than or equal to 256"));
        }
        // "one or more tags are not valid" (`TagException`)
        if let Some(rule) = violated_rule(&tag_key, &tag_value) {
            return Err(Error::new("TagException", rule));
        }
        if tags.insert(tag_key, tag_value).is_some() {
            return Err(Error::new("TagException", "Duplicate tag keys"));
        }
    }
    check_count(tags)
}

fn check_key_length(key: &str, member: &str) -> Result<(), Error> {
    if (1..=128).contains(&key.chars().count()) {
        return Ok(());
    }
    let must = if key.is_empty() { "greater than or equal to 1" } else { "less than or equal to 128" };
    Err(Error::invalid_member(key, member, &format!("have length {must}")))
}

fn check_count(tags: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Error> {
    if tags.len() > 50 { Err(Error::new("TagException", "Too many tags")) } else { Ok(tags) }
}
