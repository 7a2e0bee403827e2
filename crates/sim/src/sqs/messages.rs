//! The operations on single messages: send, receive, delete, and change the visibility.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::attributes::{self, MAX_VISIBILITY_SECONDS, Number};
use super::contents::{Attribute, Contents, attributes_md5, body_md5};
use super::{Queue, arn, find, invalid_value};
use crate::arn::Arn;
use crate::call::{Caller, Error};
use crate::context::CallContext;
use crate::world::State;

/// A message in a queue.
pub(super) struct Message {
    id: String,
    contents: Contents,
    sender: String,
    pub(super) sent: DateTime<Utc>,
    /// The message is not visible before this time.
    pub(super) hidden_until: DateTime<Utc>,
    /// How often it was received.
    pub(super) received: u32,
    first_received: DateTime<Utc>,
    last_received: DateTime<Utc>,
    /// The receipt handle of the last receive.
    receipt: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessage {
    queue_url: String,
    message_body: String,
    #[serde(default)]
    message_attributes: BTreeMap<String, Attribute>,
    delay_seconds: Option<i64>,
    message_group_id: Option<String>,
}

pub(super) fn send(state: &mut State, ctx: &CallContext, input: SendMessage) -> Result<Value, Error> {
    let SendMessage { queue_url, message_body: body, message_attributes: attributes, delay_seconds, message_group_id } =
        input;
    let contents = Contents { body, attributes, group: message_group_id };
    send_contents(state, ctx, arn(ctx, &queue_url)?, contents, delay_seconds)
}

/// Sends a message and returns its ID and digests.
pub(super) fn send_contents(
    state: &mut State,
    ctx: &CallContext,
    queue: Arn<'_>,
    contents: Contents,
    delay: Option<i64>,
) -> Result<Value, Error> {
    let digests = (body_md5(&contents.body), attributes_md5(&contents.attributes));
    let id = put(state, queue, contents, delay, &sender(&ctx.caller))?;
    Ok(json!({ "MessageId": id, "MD5OfMessageBody": digests.0, "MD5OfMessageAttributes": digests.1 }))
}

/// "SenderId: For a user, returns the user ID … For an IAM role, returns the IAM role ID" with the session.
fn sender(caller: &Caller) -> String {
    match &caller.role {
        None => caller.account.clone(),
        Some(role) => format!("AROASIMULATEDROLE:{}", role.session),
    }
}

/// Puts a message in a queue. The delay defaults to the queue's.
pub(super) fn put(
    state: &mut State,
    queue: Arn<'_>,
    contents: Contents,
    delay: Option<i64>,
    sender: &str,
) -> Result<String, Error> {
    let (id, sent) = (state.new_uuid(), state.now);
    let queue = find(state, queue)?;
    contents.check()?;
    let max = queue.attributes.get(Number::MaxBytes);
    if contents.bytes() as u64 > max {
        let message = format!("One or more parameters are invalid. Reason: Message must be shorter than {max} bytes.");
        return Err(Error::new("InvalidParameterValue", message));
    }
    let default = queue.attributes.get(Number::Delay);
    let delay = match delay.map(u64::try_from) {
        None => default,
        // "Valid values: 0 to 900."
        Some(Ok(delay @ ..=900)) => delay,
        Some(_) => {
            let reason = "DelaySeconds must be >= 0 and <= 900.";
            return Err(invalid_value(delay.unwrap_or_default(), "DelaySeconds", reason));
        }
    };
    queue.sent += 1;
    let message = Message {
        id: id.clone(),
        contents,
        sender: sender.to_owned(),
        sent,
        hidden_until: sent + Duration::from_secs(delay),
        received: 0,
        first_received: sent,
        last_received: sent,
        receipt: String::new(),
    };
    queue.messages.insert(queue.sent, message);
    Ok(id)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    pub(super) queue_url: String,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    pub(super) wait_time_seconds: Option<i64>,
    /// `AttributeNames` is the older name. Clients use both.
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
}

/// Messages in flight: "For most standard queues …, there can be a maximum of approximately 120,000 in flight messages …
/// If you reach this limit, Amazon SQS returns the OverLimit error message." (API reference, ChangeMessageVisibility)
const MAX_IN_FLIGHT: usize = 120_000;

/// Returns the oldest visible messages and hides them for the visibility timeout. [`super::polling`] waits for messages.
pub(super) fn receive(state: &mut State, ctx: &CallContext, input: &ReceiveMessage) -> Result<Value, Error> {
    let requested = [&input.message_system_attribute_names[..], &input.attribute_names].concat();
    // The model of the older parameter has the attributes of queues too.
    let unknown = |name: &&String| !is_system_attribute(name);
    let older = input.attribute_names.iter().filter(|name| !attributes::is_known(name)).find(unknown);
    if let Some(name) = input.message_system_attribute_names.iter().find(unknown).or(older) {
        // The model lists no error of this operation for it.
        return Err(Error::not_simulated(format!("the attribute {name} of received messages")));
    }
    let (now, receipt) = (state.now, state.new_uuid());
    let queue = find(state, arn(ctx, &input.queue_url)?)?;
    let max =
        bounded(input.max_number_of_messages, 1..=10, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")?;
    bounded(input.wait_time_seconds, 0..=20, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")?;
    let limit = 0..=i64::try_from(MAX_VISIBILITY_SECONDS).unwrap_or(i64::MAX);
    let visibility =
        bounded(input.visibility_timeout, limit, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided.")?;
    if queue.messages.values().filter(|message| message.is_in_flight(now)).count() >= MAX_IN_FLIGHT {
        return Err(Error::new("OverLimit", "Too many messages in flight."));
    }
    let hidden_until = now + Duration::from_secs(visibility.unwrap_or(queue.attributes.get(Number::Visibility)));
    let visible = queue.messages.iter_mut().filter(|(_, message)| message.is_visible(now));
    let messages: Vec<Value> = visible
        .take(usize::try_from(max.unwrap_or(1)).unwrap_or(1))
        .map(|(number, message)| {
            if message.received == 0 {
                message.first_received = now;
            }
            message.received += 1;
            (message.hidden_until, message.last_received) = (hidden_until, now);
            message.receipt = format!("{number}-{receipt}");
            message.view(&requested, &input.message_attribute_names)
        })
        .collect();
    Ok(json!({ "Messages": (!messages.is_empty()).then_some(messages) }))
}

/// A parameter, if it is within its bounds.
fn bounded(
    given: Option<i64>,
    bounds: std::ops::RangeInclusive<i64>,
    name: &str,
    reason: &str,
) -> Result<Option<u64>, Error> {
    match given {
        Some(value) if !bounds.contains(&value) => Err(invalid_value(value, name, reason)),
        given => Ok(given.and_then(|value| u64::try_from(value).ok())),
    }
}

fn is_system_attribute(name: &str) -> bool {
    [
        "All",
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "AWSTraceHeader",
        "DeadLetterQueueSourceArn",
        "MessageDeduplicationId",
        "MessageGroupId",
        "SenderId",
        "SentTimestamp",
        "SequenceNumber",
    ]
    .contains(&name)
}

impl Message {
    pub(super) fn is_visible(&self, now: DateTime<Utc>) -> bool {
        self.hidden_until <= now
    }

    fn is_in_flight(&self, now: DateTime<Utc>) -> bool {
        self.received > 0 && !self.is_visible(now)
    }

    /// A received message, with the requested attributes.
    fn view(&self, system_names: &[String], names: &[String]) -> Value {
        let Contents { body, attributes, .. } = &self.contents;
        let attributes: BTreeMap<_, _> =
            attributes.iter().filter(|(name, _)| names.iter().any(|requested| is_requested(requested, name))).collect();
        json!({
            "MessageId": self.id,
            "ReceiptHandle": self.receipt,
            "Body": body,
            "MD5OfBody": body_md5(body),
            "MD5OfMessageAttributes": attributes_md5(attributes.iter().map(|(name, attribute)| (*name, *attribute))),
            "MessageAttributes": (!attributes.is_empty()).then_some(attributes),
            "Attributes": self.system_attributes(system_names),
        })
    }

    /// The requested system attributes. Null if there are none.
    fn system_attributes(&self, requested: &[String]) -> Value {
        let millis = |time: DateTime<Utc>| Some(time.timestamp_millis().to_string());
        let all = [
            ("ApproximateFirstReceiveTimestamp", millis(self.first_received)),
            ("ApproximateReceiveCount", Some(self.received.to_string())),
            ("MessageGroupId", self.contents.group.clone()),
            ("SenderId", Some(self.sender.clone())),
            ("SentTimestamp", millis(self.sent)),
        ];
        let is_requested = |name: &str| requested.iter().any(|requested| requested == name || requested == "All");
        let attributes: serde_json::Map<_, _> = all
            .into_iter()
            .filter(|(name, _)| is_requested(name))
            .filter_map(|(name, text)| Some((name.to_owned(), text?.into())))
            .collect();
        if attributes.is_empty() { Value::Null } else { Value::Object(attributes) }
    }
}

/// "You can return all of the attributes by specifying All or .* in your request. You can also use all message attributes
/// starting with a prefix, for example bar.*." (API reference, ReceiveMessage) LocalStack's tests recorded that `*` is the same
/// as `.*`.
fn is_requested(requested: &str, name: &str) -> bool {
    ["All", "*"].contains(&requested)
        || requested == name
        || requested.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteMessage {
    queue_url: String,
    receipt_handle: String,
}

pub(super) fn delete(state: &mut State, ctx: &CallContext, input: &DeleteMessage) -> Result<(), Error> {
    find(state, arn(ctx, &input.queue_url)?)?.delete(&input.receipt_handle)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeMessageVisibility {
    queue_url: String,
    receipt_handle: String,
    visibility_timeout: i64,
}

pub(super) fn change_visibility(
    state: &mut State,
    ctx: &CallContext,
    input: &ChangeMessageVisibility,
) -> Result<(), Error> {
    let now = state.now;
    find(state, arn(ctx, &input.queue_url)?)?.change_visibility(now, &input.receipt_handle, input.visibility_timeout)
}

impl Queue {
    /// Deletes a message. "If you use an old ReceiptHandle, the request will succeed, but the message might not be deleted."
    /// (API reference, DeleteMessage) Here it is not deleted.
    pub(super) fn delete(&mut self, receipt: &str) -> Result<(), Error> {
        let number = number_in(receipt)?;
        if self.messages.get(&number).is_some_and(|message| message.receipt == receipt) {
            self.messages.remove(&number);
        }
        Ok(())
    }

    /// Hides a received message for this time from now on. LocalStack's tests recorded from AWS that this succeeds after
    /// the timeout, as long as the message was not received again.
    pub(super) fn change_visibility(&mut self, now: DateTime<Utc>, receipt: &str, seconds: i64) -> Result<(), Error> {
        let number = number_in(receipt)?;
        let limit = 0..=i64::try_from(MAX_VISIBILITY_SECONDS).unwrap_or(i64::MAX);
        let timeout = bounded(Some(seconds), limit, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided.")?;
        let Some(message) = self.messages.get_mut(&number).filter(|message| message.receipt == receipt) else {
            let reason = "Message does not exist or is not available for visibility timeout change.";
            return Err(invalid_value(receipt, "ReceiptHandle", reason));
        };
        let hidden_until = now + Duration::from_secs(timeout.unwrap_or_default());
        // "The visibility timeout has a 12-hour maximum limit that begins when you first receive the message. Extending
        // the visibility timeout doesn't reset this 12-hour limit." (guide, *Visibility timeout*)
        if hidden_until > message.last_received + Duration::from_secs(MAX_VISIBILITY_SECONDS) {
            let reason = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]";
            return Err(invalid_value(seconds, "VisibilityTimeout", reason));
        }
        message.hidden_until = hidden_until;
        Ok(())
    }
}

/// The number of the message in a receipt handle.
fn number_in(receipt: &str) -> Result<u64, Error> {
    receipt.split_once('-').and_then(|(number, _)| number.parse().ok()).ok_or_else(|| {
        let message = format!("The input receipt handle \"{receipt}\" is not a valid receipt handle.");
        Error::new("ReceiptHandleIsInvalid", message)
    })
}
