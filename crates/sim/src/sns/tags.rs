//! The tags of topics.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Topic, find, invalid};
use crate::arn::Arn;
use crate::call::{Call, Error, Service};
use crate::context::CallContext;
use crate::iam::RequiredPermission;
use crate::tags::{MAX_TAGS, violated_rule};
use crate::world::State;

/// "A tag consists of a required key and an optional value." (API reference, TagResource)
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

/// Adds tags, if all of them are valid. LocalStack's test_tags recorded the error for duplicate keys.
pub(super) fn add_to(tags: &mut BTreeMap<String, String>, new: Vec<Tag>) -> Result<(), Error> {
    let keys: BTreeSet<_> = new.iter().map(|tag| &tag.key).collect();
    if keys.len() < new.len() {
        return Err(invalid("Duplicated keys are not allowed."));
    }
    if let Some(rule) = new.iter().find_map(|tag| violated_rule(&tag.key, &tag.value)) {
        return Err(invalid(format!("Tags Reason: {rule}")));
    }
    let mut all = tags.clone();
    all.extend(new.into_iter().map(|Tag { key, value }| (key, value)));
    if all.len() > MAX_TAGS {
        return Err(Error::new("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded"));
    }
    *tags = all;
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagResource {
    resource_arn: String,
    tags: Vec<Tag>,
}

pub(super) fn add(state: &mut State, ctx: &CallContext, input: TagResource) -> Result<Value, Error> {
    add_to(&mut topic(state, ctx, &input.resource_arn)?.tags, input.tags)?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub(super) fn remove(state: &mut State, ctx: &CallContext, input: &UntagResource) -> Result<Value, Error> {
    topic(state, ctx, &input.resource_arn)?.tags.retain(|key, _| !input.tag_keys.contains(key));
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTags {
    resource_arn: String,
}

pub(super) fn list(state: &mut State, ctx: &CallContext, input: &ListTags) -> Result<Value, Error> {
    let tags = &topic(state, ctx, &input.resource_arn)?.tags;
    let tags: Vec<_> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(json!({ "Tags": tags }))
}

/// The caller's topic of this ARN.
fn topic<'s>(state: &'s mut State, ctx: &CallContext, arn: &str) -> Result<&'s mut Topic, Error> {
    super::check_arn("ResourceArn", arn)?;
    let of = Arn::of("sns", arn).filter(|of| of.region == ctx.region).ok_or_else(|| invalid("ResourceArn"))?;
    if of.account != ctx.caller.account {
        return Err(Error::new("AuthorizationError", "The topic belongs to another account").status(403));
    }
    find(state, arn).map_err(|_| Error::new("ResourceNotFound", "Resource does not exist").status(404))
}

/// Adds the tags of a call to a permission.
pub(super) fn tagged(mut permission: RequiredPermission, call: &Call) -> RequiredPermission {
    let Ok(RequestTags { tags, tag_keys }) = call.input.clone().read(Service::Sns, drop) else { return permission };
    permission.context.extend(tag_keys.into_iter().map(|key| ("aws:TagKeys".to_owned(), key)));
    let tags: BTreeMap<_, _> = tags.into_iter().map(|Tag { key, value }| (key, value)).collect();
    permission.tagging(&tags)
}

pub(super) fn has_tags(call: &Call) -> bool {
    call.input.clone().read(Service::Sns, drop).is_ok_and(|RequestTags { tags, .. }| !tags.is_empty())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RequestTags {
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    tag_keys: Vec<String>,
}
