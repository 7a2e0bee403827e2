//! Simple Queue Service: standard queues, without long polling, message attributes and queue policies. A queue accepts
//! calls only from its own account.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use md5::{Digest, Md5};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arn::{Arn, is_account};
use crate::call::{Call, CallResult, Error, run};
use crate::context::CallContext;
use crate::iam::RequiredPermission;
use crate::world::State;

/// The queues of one region of one account, by name.
#[derive(Default)]
pub(crate) struct Sqs {
    queues: BTreeMap<String, Queue>,
    /// When a queue of this name was deleted last.
    deleted: BTreeMap<String, DateTime<Utc>>,
}

struct Queue {
    visibility: Duration,
    retention: Duration,
    created: DateTime<Utc>,
    /// Oldest first.
    messages: BTreeMap<u64, Message>,
    sent: u64,
}

struct Message {
    id: String,
    body: String,
    sent: DateTime<Utc>,
    /// The message is not visible before this time.
    hidden_until: DateTime<Utc>,
    received: u32,
    /// The receipt handle of the last receive. Older handles do not delete the message.
    receipt: String,
}

pub(crate) fn serve(state: &mut State, call: Call) -> CallResult {
    let ctx = &CallContext::of(&call);
    match call.operation.as_str() {
        "CreateQueue" => run(call, |input| create_queue(state, ctx, input)),
        "DeleteQueue" => run(call, |input| delete_queue(state, ctx, &input)),
        "GetQueueUrl" => run(call, |input| get_queue_url(state, ctx, &input)),
        "GetQueueAttributes" => run(call, |input| get_queue_attributes(state, ctx, input)),
        "SendMessage" => run(call, |input| send_message(state, ctx, input)),
        "ReceiveMessage" => run(call, |input| receive_message(state, ctx, &input)),
        "DeleteMessage" => run(call, |input| delete_message(state, ctx, &input)),
        operation => Err(Error::unknown_json_operation(operation)),
    }
}

/// The permissions that a call requires: the action of the same name on the queue.
pub(crate) fn required_permissions(call: &Call) -> Result<Vec<RequiredPermission>, Error> {
    let Call { caller, region, operation, input, .. } = call;
    let (account, name) = match operation.as_str() {
        "CreateQueue" | "GetQueueUrl" => (caller.account.as_str(), input.text("QueueName")),
        "DeleteQueue" | "GetQueueAttributes" | "SendMessage" | "ReceiveMessage" | "DeleteMessage" => {
            let mut path = input.text("QueueUrl").unwrap_or_default().rsplit('/');
            let name = path.next();
            (path.next().unwrap_or_default(), name)
        }
        _ => return Err(Error::unknown_json_operation(operation)),
    };
    let resource = format!("arn:aws:sqs:{region}:{account}:{}", name.unwrap_or_default());
    Ok(vec![RequiredPermission::new(format!("sqs:{operation}"), resource)])
}

/// Sends a message to a queue. The error is the reason for a failure.
pub(crate) fn send(state: &mut State, queue_arn: &str, body: String) -> Result<(), String> {
    let arn = Arn::of("sqs", queue_arn).ok_or_else(|| format!("{queue_arn} is not a queue"))?;
    put(state, arn, body).map(|_| ()).map_err(|error| format!("{queue_arn}: {error}"))
}

/// The queue of this ARN, after removal of messages that are older than its retention period.
fn find<'s>(state: &'s mut State, arn: Arn<'_>) -> Result<&'s mut Queue, Error> {
    let now = state.now;
    let queue =
        state.region_state(arn.account, arn.region).sqs.queues.get_mut(arn.resource).ok_or_else(no_such_queue)?;
    let oldest = now - queue.retention;
    queue.messages.retain(|_, message| message.sent > oldest);
    Ok(queue)
}

/// The ARN of the caller's queue with this URL. The URL's host is ignored.
fn arn<'a>(ctx: &'a CallContext, url: &'a str) -> Result<Arn<'a>, Error> {
    let mut path = url.rsplit('/');
    match (path.next(), path.next()) {
        (Some(name), Some(account)) if account == ctx.caller.account => {
            Ok(Arn { service: "sqs", region: &ctx.region, account, resource: name })
        }
        (Some(_), Some(account)) if is_account(account) => {
            Err(Error::new("AccessDeniedException", format!("Access to the resource {url} is denied.")).status(403))
        }
        _ => Err(no_such_queue()),
    }
}

fn url(ctx: &CallContext, name: &str) -> String {
    format!("https://sqs.{}.amazonaws.com/{}/{name}", ctx.region, ctx.caller.account)
}

fn no_such_queue() -> Error {
    Error::new("QueueDoesNotExist", "The specified queue does not exist.")
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateQueue {
    queue_name: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

/// Succeeds for an existing queue, unless the attributes differ.
fn create_queue(state: &mut State, ctx: &CallContext, input: CreateQueue) -> Result<Value, Error> {
    let CreateQueue { queue_name: name, attributes } = input;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !(1..=80).contains(&name.len()) || !name.bytes().all(allowed) {
        let message = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
        return Err(Error::new("InvalidParameterValue", message));
    }
    let visibility = seconds(&attributes, "VisibilityTimeout", 0..=43_200)?;
    let retention = seconds(&attributes, "MessageRetentionPeriod", 60..=1_209_600)?;
    if let Some(other) =
        attributes.keys().find(|name| !["VisibilityTimeout", "MessageRetentionPeriod"].contains(&name.as_str()))
    {
        return Err(Error::new("InvalidAttributeName", format!("This simulation has no queue attribute {other}.")));
    }
    let created = state.now;
    // "You must wait 60 seconds after deleting a queue before you can create another queue with the same name." (API
    // reference, `QueueDeletedRecently`)
    if ctx.region_state(state).sqs.deleted.get(&name).is_some_and(|deleted| created - *deleted < NAME_IS_FREE_AFTER) {
        let message =
            "You must wait 60 seconds after deleting a queue before you can create another with the same name.";
        return Err(Error::new("QueueDeletedRecently", message));
    }
    let queue = ctx.region_state(state).sqs.queues.entry(name.clone()).or_insert_with(|| Queue {
        visibility: visibility.unwrap_or(Duration::from_secs(30)),
        retention: retention.unwrap_or(Duration::from_secs(4 * 24 * 60 * 60)),
        created,
        messages: BTreeMap::new(),
        sent: 0,
    });
    if visibility.is_some_and(|requested| requested != queue.visibility)
        || retention.is_some_and(|requested| requested != queue.retention)
    {
        let message = format!("A queue named {name} already exists with other attributes.");
        return Err(Error::new("QueueNameExists", message));
    }
    Ok(json!({ "QueueUrl": url(ctx, &name) }))
}

fn seconds(
    attributes: &BTreeMap<String, String>,
    name: &str,
    within: std::ops::RangeInclusive<u64>,
) -> Result<Option<Duration>, Error> {
    let Some(text) = attributes.get(name) else { return Ok(None) };
    match text.parse() {
        Ok(seconds) if within.contains(&seconds) => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(Error::new("InvalidAttributeValue", format!("Invalid value for the parameter {name}."))),
    }
}

const NAME_IS_FREE_AFTER: TimeDelta = TimeDelta::seconds(60);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteQueue {
    queue_url: String,
}

/// "Deletes the queue specified by the `QueueUrl`, regardless of the queue's contents." (API reference)
fn delete_queue(state: &mut State, ctx: &CallContext, input: &DeleteQueue) -> Result<(), Error> {
    let now = state.now;
    let arn = arn(ctx, &input.queue_url)?;
    let sqs = &mut state.region_state(arn.account, arn.region).sqs;
    sqs.queues.remove(arn.resource).ok_or_else(no_such_queue)?;
    sqs.deleted.insert(arn.resource.to_owned(), now);
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetQueueUrl {
    queue_name: String,
}

fn get_queue_url(state: &mut State, ctx: &CallContext, input: &GetQueueUrl) -> Result<Value, Error> {
    let url = url(ctx, &input.queue_name);
    find(state, arn(ctx, &url)?)?;
    Ok(json!({ "QueueUrl": url }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetQueueAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

fn get_queue_attributes(state: &mut State, ctx: &CallContext, input: GetQueueAttributes) -> Result<Value, Error> {
    let now = state.now;
    let arn = arn(ctx, &input.queue_url)?;
    let queue = find(state, arn)?;
    let hidden = queue.messages.values().filter(|message| message.hidden_until > now).count();
    let all = BTreeMap::from([
        ("QueueArn", ctx.arn("sqs", arn.resource)),
        ("ApproximateNumberOfMessages", (queue.messages.len() - hidden).to_string()),
        ("ApproximateNumberOfMessagesNotVisible", hidden.to_string()),
        ("CreatedTimestamp", queue.created.timestamp().to_string()),
        ("MessageRetentionPeriod", queue.retention.as_secs().to_string()),
        ("VisibilityTimeout", queue.visibility.as_secs().to_string()),
    ]);
    let mut requested = BTreeMap::new();
    for name in input.attribute_names {
        match all.get_key_value(name.as_str()) {
            Some((name, value)) => drop(requested.insert(*name, value.clone())),
            None if name == "All" => requested.clone_from(&all),
            None => return Err(Error::new("InvalidAttributeName", format!("Unknown Attribute {name}."))),
        }
    }
    Ok(json!({ "Attributes": (!requested.is_empty()).then_some(requested) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessage {
    queue_url: String,
    message_body: String,
    message_attributes: Option<BTreeMap<String, Value>>,
    delay_seconds: Option<u64>,
}

fn send_message(state: &mut State, ctx: &CallContext, input: SendMessage) -> Result<Value, Error> {
    if input.message_attributes.is_some_and(|attributes| !attributes.is_empty()) || input.delay_seconds.unwrap_or(0) > 0
    {
        let message = "This simulation has no message attributes and no delays in queues.";
        return Err(Error::new("UnsupportedOperation", message));
    }
    let md5 = md5(&input.message_body);
    let id = put(state, arn(ctx, &input.queue_url)?, input.message_body)?;
    Ok(json!({ "MessageId": id, "MD5OfMessageBody": md5 }))
}

/// "The minimum size is one character. The maximum size is 1 MiB or 1,048,576 bytes." (SQS's API reference, 2025)
const MAX_BODY_BYTES: usize = 1 << 20;

fn put(state: &mut State, queue: Arn<'_>, body: String) -> Result<String, Error> {
    if body.is_empty() {
        return Err(Error::new("MissingParameter", "The request must contain the parameter MessageBody."));
    }
    if body.len() > MAX_BODY_BYTES {
        let message =
            format!("One or more parameters are invalid. Reason: Message must be shorter than {MAX_BODY_BYTES} bytes.");
        return Err(Error::new("InvalidParameterValue", message));
    }
    let (id, sent) = (state.new_uuid(), state.now);
    let queue = find(state, queue)?;
    queue.sent += 1;
    let message = Message { id: id.clone(), body, sent, hidden_until: sent, received: 0, receipt: String::new() };
    queue.messages.insert(queue.sent, message);
    Ok(id)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReceiveMessage {
    queue_url: String,
    max_number_of_messages: Option<usize>,
    visibility_timeout: Option<u64>,
    /// `AttributeNames` is the older name. Clients use both.
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    attribute_names: Vec<String>,
}

/// Returns the oldest visible messages and hides them for the visibility timeout. Does not wait for messages.
fn receive_message(state: &mut State, ctx: &CallContext, input: &ReceiveMessage) -> Result<Value, Error> {
    let max = input.max_number_of_messages.unwrap_or(1);
    if !(1..=10).contains(&max) {
        let message = format!(
            "Value {max} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
        );
        return Err(Error::new("InvalidParameterValue", message));
    }
    let requested = [&input.message_system_attribute_names[..], &input.attribute_names].concat();
    let (now, receipt) = (state.now, state.new_uuid());
    let queue = find(state, arn(ctx, &input.queue_url)?)?;
    let hidden_until = now + input.visibility_timeout.map_or(queue.visibility, Duration::from_secs);
    let visible = queue.messages.iter_mut().filter(|(_, message)| message.hidden_until <= now);
    let messages: Vec<Value> = visible
        .take(max)
        .map(|(number, message)| {
            message.hidden_until = hidden_until;
            message.received += 1;
            message.receipt = format!("{number}-{receipt}");
            json!({
                "MessageId": message.id,
                "ReceiptHandle": message.receipt,
                "Body": message.body,
                "MD5OfBody": md5(&message.body),
                "Attributes": message.attributes(&requested),
            })
        })
        .collect();
    Ok(json!({ "Messages": (!messages.is_empty()).then_some(messages) }))
}

impl Message {
    /// The requested attributes. Null if there are none.
    fn attributes(&self, requested: &[String]) -> Value {
        let all = [
            ("SentTimestamp", self.sent.timestamp_millis().to_string()),
            ("ApproximateReceiveCount", self.received.to_string()),
        ];
        let is_requested = |name: &str| requested.iter().any(|requested| requested == name || requested == "All");
        let attributes: serde_json::Map<_, _> = all
            .into_iter()
            .filter(|(name, _)| is_requested(name))
            .map(|(name, text)| (name.to_owned(), text.into()))
            .collect();
        if attributes.is_empty() { Value::Null } else { Value::Object(attributes) }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteMessage {
    queue_url: String,
    receipt_handle: String,
}

/// Succeeds without effect if the message does not exist or was received again in the meantime.
fn delete_message(state: &mut State, ctx: &CallContext, input: &DeleteMessage) -> Result<(), Error> {
    let queue = find(state, arn(ctx, &input.queue_url)?)?;
    let number = input.receipt_handle.split_once('-').and_then(|(number, _)| number.parse().ok());
    let invalid = || Error::new("ReceiptHandleIsInvalid", "The input receipt handle is invalid.");
    let number: u64 = number.ok_or_else(invalid)?;
    if queue.messages.get(&number).is_some_and(|message| message.receipt == input.receipt_handle) {
        queue.messages.remove(&number);
    }
    Ok(())
}

/// The MD5 digest in hexadecimal. Clients compare it with their own.
fn md5(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
