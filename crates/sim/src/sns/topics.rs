//! The operations on topics: create, delete, list, and attributes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::tags::{self, Tag};
use super::{Entry, ListInput, Topic, TopicInput, check_keys, entries, invalid, page, topic};
use crate::arn::Arn;
use crate::call::Error;
use crate::context::CallContext;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateTopic {
    name: String,
    #[serde(default)]
    attributes: Vec<Entry>,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// "This action is idempotent, so if the requester already owns a topic with the specified name, that topic's ARN is returned
/// without creating a new topic." (API reference) LocalStack's test_create_topic_different_attrs and
/// test_create_duplicate_topic_with_more_tags recorded that other attributes or tags are refused, and that fewer are not.
pub(super) fn create(state: &mut State, ctx: &CallContext, input: CreateTopic) -> Result<Value, Error> {
    let CreateTopic { name, attributes, tags } = input;
    check_keys(&attributes)?;
    let fifo = match attributes.iter().find(|entry| entry.key == "FifoTopic").map(|entry| entry.value.as_str()) {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => return Err(Error::not_simulated(format!("FifoTopic with the value {other}"))),
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let base = if fifo { name.strip_suffix(".fifo").unwrap_or_default() } else { &name };
    if !(1..=256).contains(&name.len()) || base.is_empty() || !base.bytes().all(allowed) {
        return Err(invalid("Topic Name"));
    }
    if fifo {
        return Err(Error::not_simulated("FIFO topics".to_owned()));
    }
    let attributes = attributes.into_iter().filter(|entry| entry.key != "FifoTopic");
    let mut new = Topic::default();
    let mut given = Vec::new();
    for Entry { key, value } in attributes {
        new.attributes.set(&key, &value).map_err(|reason| reason.of_creation(&key))?;
        given.push((key, value));
    }
    tags::add_to(&mut new.tags, tags)?;
    let arn = ctx.arn("sns", &name);
    let topics = &mut ctx.region_state(state).sns.topics;
    if let Some(topic) = topics.get(&name) {
        if given.iter().any(|(key, value)| topic.attributes.get(key) != Some(value)) {
            return Err(invalid("Attributes Reason: Topic already exists with different attributes"));
        }
        if new.tags.iter().any(|(key, value)| topic.tags.get(key) != Some(value)) {
            return Err(invalid("Tags Reason: Topic already exists with different tags"));
        }
    } else {
        topics.insert(name, new);
    }
    Ok(json!({ "TopicArn": arn }))
}

/// Succeeds for a topic that does not exist.
pub(super) fn delete(state: &mut State, ctx: &CallContext, input: &TopicInput) -> Result<(), Error> {
    match topic(state, ctx, &input.topic_arn, "sns:DeleteTopic") {
        Err(error) if error.code == "NotFound" => return Ok(()),
        topic => topic?,
    };
    let Some(arn) = Arn::parse(&input.topic_arn) else { return Ok(()) };
    let topic = state.region_state(arn.account, arn.region).sns.topics.remove(arn.resource);
    for (subscription_arn, subscription) in topic.map(|topic| topic.subscriptions).unwrap_or_default() {
        state.region_state(&subscription.owner, arn.region).sns.subscribed.remove(&subscription_arn);
    }
    Ok(())
}

pub(super) fn list(state: &mut State, ctx: &CallContext, input: &ListInput) -> Result<Value, Error> {
    let topics = &ctx.region_state(state).sns.topics;
    page("Topics", topics, input.next_token.as_ref(), |name, _| Some(json!({ "TopicArn": ctx.arn("sns", name) })))
}

pub(super) fn get_attributes(state: &mut State, ctx: &CallContext, input: &TopicInput) -> Result<Value, Error> {
    let topic = topic(state, ctx, &input.topic_arn, "sns:GetTopicAttributes")?;
    let owner = Arn::parse(&input.topic_arn).map_or("", |arn| arn.account);
    let pending = topic.subscriptions.values().filter(|subscription| subscription.pending).count();
    let default = topic.attributes.policy.is_none().then(|| ("Policy", default_policy(&input.topic_arn, owner)));
    let own = [
        ("TopicArn", input.topic_arn.clone()),
        ("Owner", owner.to_owned()),
        ("SubscriptionsConfirmed", (topic.subscriptions.len() - pending).to_string()),
        ("SubscriptionsPending", pending.to_string()),
        ("SubscriptionsDeleted", topic.unsubscribed.to_string()),
    ];
    Ok(entries(own.into_iter().chain(topic.attributes.all()).chain(default)))
}

/// The policy that AWS returns for a topic without its own policy.
fn default_policy(topic_arn: &str, owner: &str) -> String {
    let actions = [
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
        "Subscribe",
        "ListSubscriptionsByTopic",
        "Publish",
    ];
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": actions.map(|action| format!("SNS:{action}")),
            "Resource": topic_arn,
            "Condition": { "StringEquals": { "AWS:SourceOwner": owner } },
        }],
    })
    .to_string()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetTopicAttributes {
    topic_arn: String,
    attribute_name: String,
    #[serde(default)]
    attribute_value: String,
}

pub(super) fn set_attribute(state: &mut State, ctx: &CallContext, input: SetTopicAttributes) -> Result<(), Error> {
    let SetTopicAttributes { topic_arn, attribute_name: name, attribute_value: value } = input;
    let topic = topic(state, ctx, &topic_arn, "sns:SetTopicAttributes")?;
    let mut attributes = topic.attributes.clone();
    attributes.set(&name, &value).map_err(|reason| reason.of_change(&name))?;
    if attributes.allows_large_messages() && !topic.subscriptions_fit_large_messages() {
        let reason = "a topic with messages over 256 KiB has at most 100 subscriptions, all to SQS, Lambda or Firehose";
        return Err(invalid(format!("AttributeValue Reason: {reason}")));
    }
    topic.attributes = attributes;
    Ok(())
}

impl Topic {
    /// "A topic with a MaximumMessageSize above 256 KiB must have 100 or fewer subscriptions, and each subscription must be an
    /// Amazon SQS, Amazon Data Firehose, or Lambda subscription." (API reference, SetTopicAttributes)
    pub(super) fn subscriptions_fit_large_messages(&self) -> bool {
        let fits = |protocol: &str| ["firehose", "lambda", "sqs"].contains(&protocol);
        self.subscriptions.len() <= 100 && self.subscriptions.values().all(|it| fits(&it.protocol))
    }
}
