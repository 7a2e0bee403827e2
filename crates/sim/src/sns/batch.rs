//! Publishing up to ten messages in one call.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::contents::{MessageAttribute, MessageInput};
use super::publishing::{bill, send};
use super::topic;
use crate::call::Error;
use crate::context::CallContext;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PublishBatch {
    topic_arn: String,
    #[serde(default)]
    publish_batch_request_entries: Vec<BatchEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BatchEntry {
    id: String,
    message: String,
    subject: Option<String>,
    message_structure: Option<String>,
    #[serde(default)]
    message_attributes: Vec<MessageAttribute>,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

/// LocalStack's tests recorded that an invalid attribute or structure of one message refuses the whole batch. No text and no
/// recorded response says what an empty message or an invalid subject does.
pub(super) fn publish(state: &mut State, ctx: &CallContext, input: PublishBatch) -> Result<Value, Error> {
    let PublishBatch { topic_arn, publish_batch_request_entries: entries } = input;
    let max = topic(state, ctx, &topic_arn, "sns:Publish")?.attributes.max_message_bytes();
    check_ids(entries.iter().map(|entry| entry.id.as_str()))?;
    let mut messages = Vec::new();
    for entry in entries {
        let message = MessageInput {
            subject: entry.subject,
            body: entry.message,
            structure: entry.message_structure,
            attributes: entry.message_attributes,
            deduplication: entry.message_deduplication_id,
            group: entry.message_group_id,
        };
        let message = message.read(state.settings.answers.unnamed_errors)?;
        message.check().map_err(|error| Error::not_simulated(format!("a batch with an invalid message ({error})")))?;
        messages.push((entry.id, message));
    }
    let bytes = messages.iter().map(|(_, message)| message.bytes()).sum();
    // "The combined size of all messages in the batch, including each message's body and attributes, must not exceed the
    // topic's MaximumMessageSize." (API reference)
    if bytes > max {
        let message = "The length of all the messages put together is more than the limit.";
        return Err(Error::new("BatchRequestTooLong", message));
    }
    bill(state, bytes);
    let sent =
        messages.into_iter().map(|(id, message)| json!({ "Id": id, "MessageId": send(state, &topic_arn, message) }));
    Ok(json!({ "Successful": sent.collect::<Vec<_>>(), "Failed": [] }))
}

/// "This identifier can have up to 80 characters. The following characters are accepted: alphanumeric characters, hyphens(-),
/// and underscores (_)." (API reference, PublishBatchRequestEntry) LocalStack's tests recorded most messages.
fn check_ids<'a>(ids: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let ids: Vec<_> = ids.collect();
    let (code, message) = match ids.len() {
        0 => ("EmptyBatchRequest", "The batch request doesn't contain any entries.".to_owned()),
        11.. => {
            ("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.".to_owned())
        }
        _ => {
            let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            let beginning = "The Id of a batch entry in the batch request";
            let invalid = ids.iter().find_map(|id| match id.len() {
                0 => Some(format!("{beginning} is empty")),
                81.. => Some(format!("{beginning} is too long: {id}")),
                _ if !id.bytes().all(is_valid) => {
                    Some(format!("{beginning} contains an impermissible character: {id}"))
                }
                _ => None,
            });
            match invalid {
                Some(message) => ("InvalidBatchEntryId", message),
                None if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() => {
                    let message = "Two or more batch entries in the request have the same Id.";
                    ("BatchEntryIdsNotDistinct", message.to_owned())
                }
                None => return Ok(()),
            }
        }
    };
    Err(Error::new(code, message))
}
