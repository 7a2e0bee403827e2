//! Batches: up to ten messages in one call.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::attributes::MAX_MESSAGE_BYTES;
use super::contents::{Attribute, Contents};
use super::messages::send_contents;
use super::{arn, find};
use crate::call::Error;
use crate::context::CallContext;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessageBatch {
    queue_url: String,
    #[serde(default)]
    entries: Vec<SendEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEntry {
    id: String,
    message_body: String,
    #[serde(default)]
    message_attributes: BTreeMap<String, Attribute>,
    delay_seconds: Option<i64>,
    message_group_id: Option<String>,
}

pub(super) fn send(state: &mut State, ctx: &CallContext, input: SendMessageBatch) -> Result<Value, Error> {
    let arn = arn(ctx, &input.queue_url)?;
    find(state, arn)?;
    let entries = input.entries.into_iter().map(|entry| {
        let (body, attributes) = (entry.message_body, entry.message_attributes);
        (entry.id, (Contents { body, attributes, group: entry.message_group_id }, entry.delay_seconds))
    });
    let entries = Entries::new("SendMessageBatchRequestEntry", entries)?;
    let bytes: usize = entries.0.iter().map(|(_, (contents, _))| contents.bytes()).sum();
    // "The maximum allowed individual message size and the maximum total payload size … are both 1 MiB" (API reference,
    // SendMessageBatch). The queue's MaximumMessageSize applies to each message.
    if bytes as u64 > MAX_MESSAGE_BYTES {
        let message =
            format!("Batch requests cannot be longer than {MAX_MESSAGE_BYTES} bytes. You have sent {bytes} bytes.");
        return Err(Error::new("BatchRequestTooLong", message));
    }
    Ok(entries.run(|(contents, delay)| send_contents(state, ctx, arn, contents, delay)))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteMessageBatch {
    queue_url: String,
    #[serde(default)]
    entries: Vec<DeleteEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteEntry {
    id: String,
    receipt_handle: String,
}

pub(super) fn delete(state: &mut State, ctx: &CallContext, input: DeleteMessageBatch) -> Result<Value, Error> {
    let queue = find(state, arn(ctx, &input.queue_url)?)?;
    let entries = input.entries.into_iter().map(|entry| (entry.id, entry.receipt_handle));
    let entries = Entries::new("DeleteMessageBatchRequestEntry", entries)?;
    Ok(entries.run(|receipt| queue.delete(&receipt).map(|()| json!({}))))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeMessageVisibilityBatch {
    queue_url: String,
    #[serde(default)]
    entries: Vec<VisibilityEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VisibilityEntry {
    id: String,
    receipt_handle: String,
    /// Required for a single message. The model of the batch has it as optional.
    #[serde(default)]
    visibility_timeout: i64,
}

pub(super) fn change_visibility(
    state: &mut State,
    ctx: &CallContext,
    input: ChangeMessageVisibilityBatch,
) -> Result<Value, Error> {
    let now = state.now;
    let queue = find(state, arn(ctx, &input.queue_url)?)?;
    let entries = input.entries.into_iter().map(|it| (it.id, (it.receipt_handle, it.visibility_timeout)));
    let entries = Entries::new("ChangeMessageVisibilityBatchRequestEntry", entries)?;
    Ok(entries.run(|(receipt, seconds)| queue.change_visibility(now, &receipt, seconds).map(|()| json!({}))))
}

/// The entries of a batch, by their IDs.
struct Entries<T>(Vec<(String, T)>);

impl<T> Entries<T> {
    /// Checks number and IDs. An error here concerns the whole batch.
    fn new(kind: &str, entries: impl Iterator<Item = (String, T)>) -> Result<Self, Error> {
        let entries: Vec<_> = entries.collect();
        let is_valid = |id: &str| {
            (1..=80).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let mut ids = BTreeSet::new();
        let (code, message) = if entries.is_empty() {
            ("EmptyBatchRequest", format!("There should be at least one {kind} in the request."))
        } else if entries.len() > 10 {
            let message = format!("Maximum number of entries per request are 10. You have sent {}.", entries.len());
            ("TooManyEntriesInBatchRequest", message)
        } else if !entries.iter().all(|(id, _)| is_valid(id)) {
            let message = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be \
                           at most 80 letters long.";
            ("InvalidBatchEntryId", message.to_owned())
        } else if let Some((id, _)) = entries.iter().find(|(id, _)| !ids.insert(id)) {
            ("BatchEntryIdsNotDistinct", format!("Id {id} repeated."))
        } else {
            return Ok(Self(entries));
        };
        Err(Error::new(code, message))
    }

    /// Runs each entry. "The result of sending each message is reported individually in the response." Empty lists are left
    /// out, as LocalStack's tests recorded it from AWS.
    fn run(self, mut run: impl FnMut(T) -> Result<Value, Error>) -> Value {
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for (id, entry) in self.0 {
            match run(entry) {
                Ok(mut result) => {
                    result["Id"] = id.into();
                    successful.push(result);
                }
                Err(Error { code, message, .. }) => {
                    failed.push(json!({ "Id": id, "Code": code, "Message": message, "SenderFault": true }));
                }
            }
        }
        let present = |list: Vec<Value>| (!list.is_empty()).then_some(list);
        json!({ "Successful": present(successful), "Failed": present(failed) })
    }
}
