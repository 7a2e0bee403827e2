//! The operations on queues: create, delete, purge, list, attributes and tags.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::attributes::{self, Attributes};
use super::{Queue, arn, find};
use crate::call::{Call, Error, Input};
use crate::context::CallContext;
use crate::iam::RequiredPermission;
use crate::page;
use crate::tags::{MAX_TAGS, violated_rule};
use crate::world::State;

/// "You must wait 60 seconds after deleting a queue before you can create another queue with the same name." Purges have
/// the same interval.
const PAUSE: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateQueue {
    queue_name: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default, rename = "tags")]
    tags: BTreeMap<String, String>,
}

/// "If you attempt to create a queue with a name that already exists but with different attribute names or values, the
/// CreateQueue action will return an error." Attributes that the call does not name do not count: LocalStack's
/// test_create_queue_with_different_attributes_raises_exception recorded that from AWS.
pub(super) fn create(state: &mut State, ctx: &CallContext, input: CreateQueue) -> Result<Value, Error> {
    let CreateQueue { queue_name: name, attributes: given, tags } = input;
    let is_fifo = name.ends_with(".fifo");
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !(1..=80).contains(&name.len()) || !name.trim_end_matches(".fifo").bytes().all(allowed) {
        let message = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
        return Err(Error::new("InvalidParameterValue", message));
    }
    if is_fifo {
        return Err(Error::not_simulated("FIFO queues".to_owned()));
    }
    check_tags(&name, &tags)?;
    let (now, url) = (state.now, url(ctx, &name));
    let sqs = &mut ctx.region_state(state).sqs;
    if let Some(queue) = sqs.queues.get(&name) {
        if let Some(different) = queue.attributes.first_difference(&given)? {
            let message =
                format!("A queue already exists with the same name and a different value for attribute {different}");
            return Err(Error::new("QueueNameExists", message));
        }
        if tags.iter().any(|(key, value)| queue.tags.get(key) != Some(value)) {
            return Err(Error::not_simulated(format!("creating the queue {name} again with other tags")));
        }
        return Ok(json!({ "QueueUrl": url }));
    }
    if sqs.deleted.get(&name).is_some_and(|deleted| now < *deleted + PAUSE) {
        let message =
            "You must wait 60 seconds after deleting a queue before you can create another with the same name.";
        return Err(Error::new("QueueDeletedRecently", message));
    }
    let mut attributes = Attributes::default();
    attributes.set(&given)?;
    let queue =
        Queue { attributes, tags, created: now, modified: now, purged: None, messages: BTreeMap::new(), sent: 0 };
    sqs.queues.insert(name, queue);
    Ok(json!({ "QueueUrl": url }))
}

fn url(ctx: &CallContext, name: &str) -> String {
    format!("https://sqs.{}.amazonaws.com/{}/{name}", ctx.region, ctx.caller.account)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueInput {
    queue_url: String,
}

pub(super) fn delete(state: &mut State, ctx: &CallContext, input: &QueueInput) -> Result<(), Error> {
    let (now, arn) = (state.now, arn(ctx, &input.queue_url)?);
    find(state, arn)?;
    let sqs = &mut ctx.region_state(state).sqs;
    sqs.queues.remove(arn.resource);
    sqs.deleted.insert(arn.resource.to_owned(), now);
    Ok(())
}

/// "The message deletion process takes up to 60 seconds." Here it takes no time.
pub(super) fn purge(state: &mut State, ctx: &CallContext, input: &QueueInput) -> Result<(), Error> {
    let (now, arn) = (state.now, arn(ctx, &input.queue_url)?);
    let queue = find(state, arn)?;
    if queue.purged.is_some_and(|purged| now < purged + PAUSE) {
        let message = format!("Only one PurgeQueue operation on {} is allowed every 60 seconds.", arn.resource);
        return Err(Error::new("PurgeQueueInProgress", message).status(403));
    }
    queue.purged = Some(now);
    queue.messages.clear();
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueues {
    #[serde(default)]
    queue_name_prefix: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// "If you do not set MaxResults, the response includes a maximum of 1,000 results." and no token.
pub(super) fn list(state: &mut State, ctx: &CallContext, input: &ListQueues) -> Result<Value, Error> {
    let size = input.max_results.unwrap_or(1000);
    if !(1..=1000).contains(&size) {
        let reason = "Value must be an integer between 1 and 1000.";
        return Err(super::invalid_value(size, "MaxResults", reason));
    }
    // No text states the error for a token that is not valid.
    let last = input.next_token.as_deref().map(|token| page::read_marker("QueueUrls", token).ok_or(token)).transpose();
    let last = last.map_err(|token| Error::not_simulated(format!("the token {token}, which no response contained")))?;
    let all = page::after(last.as_ref(), &ctx.region_state(state).sqs.queues);
    let shown = all.filter(|(name, _)| name.starts_with(&input.queue_name_prefix));
    let (urls, token) = page::cut(shown.map(|(name, _)| (name, url(ctx, name))), size);
    let token = token.filter(|_| input.max_results.is_some()).map(|name| page::marker("QueueUrls", name));
    Ok(json!({ "QueueUrls": (!urls.is_empty()).then_some(urls), "NextToken": token }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrl {
    queue_name: String,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<String>,
}

pub(super) fn get_url(state: &mut State, ctx: &CallContext, input: &GetQueueUrl) -> Result<Value, Error> {
    if input.owner.as_ref().is_some_and(|owner| *owner != ctx.caller.account) {
        return Err(Error::not_simulated("queues of other accounts".to_owned()));
    }
    let url = url(ctx, &input.queue_name);
    find(state, arn(ctx, &url)?)?;
    Ok(json!({ "QueueUrl": url }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

pub(super) fn get_attributes(state: &mut State, ctx: &CallContext, input: &GetQueueAttributes) -> Result<Value, Error> {
    let now = state.now;
    let arn = arn(ctx, &input.queue_url)?;
    let queue = find(state, arn)?;
    let names = &input.attribute_names;
    if let Some(name) = names.iter().find(|name| *name != "All" && !attributes::is_known(name)) {
        return Err(attributes::unknown(name));
    }
    let (delayed, hidden): (Vec<_>, Vec<_>) =
        queue.messages.values().filter(|message| message.hidden_until > now).partition(|message| message.received == 0);
    let visible = queue.messages.len() - delayed.len() - hidden.len();
    let all = queue.attributes.all().chain([
        ("QueueArn", ctx.arn("sqs", arn.resource)),
        ("ApproximateNumberOfMessages", visible.to_string()),
        ("ApproximateNumberOfMessagesDelayed", delayed.len().to_string()),
        ("ApproximateNumberOfMessagesNotVisible", hidden.len().to_string()),
        ("CreatedTimestamp", queue.created.timestamp().to_string()),
        ("LastModifiedTimestamp", queue.modified.timestamp().to_string()),
    ]);
    let requested: BTreeMap<_, _> =
        all.filter(|(name, _)| names.iter().any(|requested| requested == name || requested == "All")).collect();
    Ok(json!({ "Attributes": (!requested.is_empty()).then_some(requested) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetQueueAttributes {
    queue_url: String,
    attributes: BTreeMap<String, String>,
}

/// "The change can take up to 60 seconds". Here it takes no time.
pub(super) fn set_attributes(state: &mut State, ctx: &CallContext, input: &SetQueueAttributes) -> Result<(), Error> {
    let now = state.now;
    let queue = find(state, arn(ctx, &input.queue_url)?)?;
    queue.attributes.set(&input.attributes)?;
    queue.modified = now;
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagQueue {
    queue_url: String,
    tags: BTreeMap<String, String>,
}

pub(super) fn tag(state: &mut State, ctx: &CallContext, input: TagQueue) -> Result<(), Error> {
    let arn = arn(ctx, &input.queue_url)?;
    let queue = find(state, arn)?;
    let mut tags = queue.tags.clone();
    tags.extend(input.tags);
    check_tags(arn.resource, &tags)?;
    queue.tags = tags;
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagQueue {
    queue_url: String,
    tag_keys: Vec<String>,
}

pub(super) fn untag(state: &mut State, ctx: &CallContext, input: &UntagQueue) -> Result<(), Error> {
    find(state, arn(ctx, &input.queue_url)?)?.tags.retain(|key, _| !input.tag_keys.contains(key));
    Ok(())
}

pub(super) fn list_tags(state: &mut State, ctx: &CallContext, input: &QueueInput) -> Result<Value, Error> {
    let tags = &find(state, arn(ctx, &input.queue_url)?)?.tags;
    Ok(json!({ "Tags": (!tags.is_empty()).then_some(tags) }))
}

fn check_tags(queue: &str, tags: &BTreeMap<String, String>) -> Result<(), Error> {
    let invalid = |message: String| Err(Error::new("InvalidParameterValue", message));
    if let Some(rule) = tags.iter().find_map(|(key, value)| violated_rule(key, value)) {
        return invalid(format!("{rule}."));
    }
    if tags.len() > MAX_TAGS { invalid(format!("Too many tags added for queue {queue}.")) } else { Ok(()) }
}

/// Adds the tags of a call to a permission.
pub(super) fn tagged(mut permission: RequiredPermission, call: &Call) -> RequiredPermission {
    let Input::Json(input) = &call.input else { return permission };
    let keys = input["TagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str);
    permission.context.extend(keys.map(|key| ("aws:TagKeys".to_owned(), key.to_owned())));
    let tags = input.get("tags").or_else(|| input.get("Tags")).and_then(Value::as_object).into_iter().flatten();
    let tags: BTreeMap<_, _> =
        tags.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
    permission.tagging(&tags)
}

pub(super) fn has_tags(call: &Call) -> bool {
    matches!(&call.input, Input::Json(input) if input["tags"].as_object().is_some_and(|tags| !tags.is_empty()))
}
