//! Publishing a message.

use serde::Deserialize;
use serde_json::{Value, json};

use super::contents::{MessageAttribute, MessageInput};
use super::{Message, access_denied, allowed, delivery, find, invalid, topic};
use crate::bill::BillItem;
use crate::call::Error;
use crate::context::CallContext;
use crate::iam::Principal;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Publish {
    topic_arn: Option<String>,
    target_arn: Option<String>,
    message: String,
    subject: Option<String>,
    message_structure: Option<String>,
    #[serde(default)]
    message_attributes: Vec<MessageAttribute>,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

pub(super) fn publish_one(state: &mut State, ctx: &CallContext, input: Publish) -> Result<Value, Error> {
    let topic_arn = match (input.topic_arn, input.target_arn) {
        (Some(_), Some(_)) => return Err(Error::not_simulated("TopicArn and TargetArn in one request".to_owned())),
        (None, None) => return Err(invalid("TopicArn or TargetArn Reason: no value")),
        (topic, target) => topic.or(target).unwrap_or_default(),
    };
    topic(state, ctx, &topic_arn, "sns:Publish")?;
    let message = MessageInput {
        subject: input.subject,
        body: input.message,
        structure: input.message_structure,
        attributes: input.message_attributes,
        deduplication: input.message_deduplication_id,
        group: input.message_group_id,
    };
    let message = message.read(state.settings.answers.unnamed_errors)?;
    let id = publish(state, Principal::Caller(&ctx.caller), &topic_arn, message)?;
    Ok(json!({ "MessageId": id }))
}

/// Publishes a message if the topic's policy allows it. Returns the message ID.
pub(crate) fn publish(
    state: &mut State,
    principal: Principal<'_>,
    topic_arn: &str,
    message: Message,
) -> Result<String, Error> {
    find(state, topic_arn)?;
    if !allowed(state, principal, "sns:Publish", topic_arn) {
        return Err(access_denied(principal, "SNS:Publish", topic_arn));
    }
    let bytes = message.bytes();
    message.check()?;
    if bytes > find(state, topic_arn)?.attributes.max_message_bytes() {
        return Err(invalid("Message too long"));
    }
    bill(state, bytes);
    Ok(send(state, topic_arn, message))
}

/// "Each 64KB chunk of published data is billed as 1 request" (pricing).
pub(super) fn bill(state: &mut State, bytes: usize) {
    state.meter.add(BillItem::Publishes, bytes.div_ceil(64 * 1024) as u128);
}

/// Starts the deliveries. Returns the message ID.
pub(super) fn send(state: &mut State, topic_arn: &str, message: Message) -> String {
    let id = state.new_uuid();
    delivery::deliver_to_subscribers(state, topic_arn, &id, message);
    id
}
