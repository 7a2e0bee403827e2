//! Simple Queue Service: standard queues. A queue accepts calls only from its own account.
//!
//! ```text
//!   queues ──► attributes (bounds, defaults)
//!   messages ──► contents (message attributes, characters, sizes, digests)
//!   batch: several messages in one call
//!   polling: a receive that waits for messages
//! ```
//!
//! Not simulated: FIFO queues, queue policies, dead-letter queues, and encryption with keys of KMS.

mod attributes;
mod batch;
mod contents;
mod messages;
mod polling;
mod queues;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::arn::{Arn, is_account};
use crate::call::{Call, CallResult, Error, Service, run};
use crate::context::CallContext;
use crate::iam::RequiredPermission;
use crate::world::State;
use attributes::{Attributes, Number};
pub(crate) use contents::{Attribute, Contents, is_number};
use messages::Message;

/// The queues of one region of one account.
#[derive(Default)]
pub(crate) struct Sqs {
    /// By name.
    queues: BTreeMap<String, Queue>,
    /// When the queue of a name was deleted.
    deleted: BTreeMap<String, DateTime<Utc>>,
}

struct Queue {
    attributes: Attributes,
    tags: BTreeMap<String, String>,
    created: DateTime<Utc>,
    modified: DateTime<Utc>,
    purged: Option<DateTime<Utc>>,
    /// Oldest first.
    messages: BTreeMap<u64, Message>,
    sent: u64,
}

pub(crate) fn serve(state: &mut State, call: Call) -> CallResult {
    let ctx = &CallContext::of(&call);
    match call.operation.as_str() {
        "CreateQueue" => run(call, |input| queues::create(state, ctx, input)),
        "DeleteQueue" => run(call, |input| queues::delete(state, ctx, &input)),
        "PurgeQueue" => run(call, |input| queues::purge(state, ctx, &input)),
        "ListQueues" => run(call, |input| queues::list(state, ctx, &input)),
        "GetQueueUrl" => run(call, |input| queues::get_url(state, ctx, &input)),
        "GetQueueAttributes" => run(call, |input| queues::get_attributes(state, ctx, &input)),
        "SetQueueAttributes" => run(call, |input| queues::set_attributes(state, ctx, &input)),
        "TagQueue" => run(call, |input| queues::tag(state, ctx, input)),
        "UntagQueue" => run(call, |input| queues::untag(state, ctx, &input)),
        "ListQueueTags" => run(call, |input| queues::list_tags(state, ctx, &input)),
        "SendMessage" => run(call, |input| messages::send(state, ctx, input)),
        "ReceiveMessage" => run(call, |input| messages::receive(state, ctx, &input)),
        "DeleteMessage" => run(call, |input| messages::delete(state, ctx, &input)),
        "ChangeMessageVisibility" => run(call, |input| messages::change_visibility(state, ctx, &input)),
        "SendMessageBatch" => run(call, |input| batch::send(state, ctx, input)),
        "DeleteMessageBatch" => run(call, |input| batch::delete(state, ctx, input)),
        "ChangeMessageVisibilityBatch" => run(call, |input| batch::change_visibility(state, ctx, input)),
        _ => Err(Error::unknown_operation(Service::Sqs, &call.operation)),
    }
}

/// The permissions that a call requires: the action of the same name on the queue. A batch requires the action of a
/// single message (*Service Authorization Reference*).
pub(crate) fn required_permissions(call: &Call) -> Result<Vec<RequiredPermission>, Error> {
    let Call { caller, region, operation, input, .. } = call;
    let arn = |account: &str, name: &str| format!("arn:aws:sqs:{region}:{account}:{name}");
    let resource = match operation.as_str() {
        "CreateQueue" | "GetQueueUrl" => arn(&caller.account, input.text("QueueName").unwrap_or_default()),
        "ListQueues" => "*".to_owned(),
        "DeleteQueue"
        | "PurgeQueue"
        | "GetQueueAttributes"
        | "SetQueueAttributes"
        | "TagQueue"
        | "UntagQueue"
        | "ListQueueTags"
        | "SendMessage"
        | "ReceiveMessage"
        | "DeleteMessage"
        | "ChangeMessageVisibility"
        | "SendMessageBatch"
        | "DeleteMessageBatch"
        | "ChangeMessageVisibilityBatch" => {
            let mut path = input.text("QueueUrl").unwrap_or_default().rsplit('/');
            let name = path.next().unwrap_or_default();
            arn(path.next().unwrap_or_default(), name)
        }
        _ => return Err(Error::unknown_operation(Service::Sqs, operation)),
    };
    let action = operation.strip_suffix("Batch").unwrap_or(operation);
    let mut permissions = vec![queues::tagged(RequiredPermission::new(format!("sqs:{action}"), &resource), call)];
    // "To be able to tag a queue on creation, you must have the sqs:CreateQueue and sqs:TagQueue permissions." (API
    // reference, CreateQueue)
    if operation == "CreateQueue" && queues::has_tags(call) {
        permissions.push(queues::tagged(RequiredPermission::new("sqs:TagQueue", &resource), call));
    }
    Ok(permissions)
}

/// Sends a message to a queue. The error is the reason for a failure.
pub(crate) fn send(state: &mut State, queue_arn: &str, contents: Contents) -> Result<(), String> {
    let arn = Arn::of("sqs", queue_arn).ok_or_else(|| format!("{queue_arn} is not a queue"))?;
    messages::put(state, arn, contents, None, "").map(|_| ()).map_err(|error| format!("{queue_arn}: {error}"))
}

/// The queue of this ARN, after removal of messages that are older than its retention period.
fn find<'s>(state: &'s mut State, arn: Arn<'_>) -> Result<&'s mut Queue, Error> {
    let now = state.now;
    let queue =
        state.region_state(arn.account, arn.region).sqs.queues.get_mut(arn.resource).ok_or_else(no_such_queue)?;
    let oldest = now - Duration::from_secs(queue.attributes.get(Number::Retention));
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

fn no_such_queue() -> Error {
    Error::new("QueueDoesNotExist", "The specified queue does not exist.")
}

/// A parameter that is out of bounds.
fn invalid_value(value: impl std::fmt::Display, parameter: &str, reason: &str) -> Error {
    let message = format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}");
    Error::new("InvalidParameterValue", message)
}
