//! Simple Notification Service: topics, their policies, and publishing.
//!
//! Subscriptions are in [`subscriptions`], deliveries in [`delivery`]. Not simulated: FIFO topics, encryption, filter
//! policies, confirmation of subscriptions, and attributes that are not listed here.

mod delivery;
mod subscriptions;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arn::Arn;
use crate::bill::BillItem;
use crate::call::{Call, CallResult, Caller, Error, run};
use crate::context::CallContext;
use crate::iam::{self, AccessRequest, Policy, Principal, RequiredPermission};
use crate::page;
use crate::sqs::Attribute;
use crate::world::State;
use subscriptions::Subscription;

/// The topics and subscriptions of one region of one account.
#[derive(Default)]
pub(crate) struct Sns {
    /// By name.
    topics: BTreeMap<String, Topic>,
    /// The account's subscriptions to topics of any account: subscription ARN to topic ARN.
    subscribed: BTreeMap<String, String>,
}

#[derive(Default)]
struct Topic {
    display_name: String,
    /// The policy as text and parsed. `None`: AWS's default policy.
    policy: Option<(String, Policy)>,
    /// By ARN.
    subscriptions: BTreeMap<String, Subscription>,
    unsubscribed: usize,
}

/// A message to publish.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) subject: Option<String>,
    pub(crate) body: String,
    pub(crate) attributes: BTreeMap<String, Attribute>,
}

pub(crate) fn serve(state: &mut State, call: Call) -> CallResult {
    let ctx = &CallContext::of(&call);
    match call.operation.as_str() {
        "CreateTopic" => run(call, |input| create_topic(state, ctx, input)),
        "DeleteTopic" => run(call, |input| delete_topic(state, ctx, &input)),
        "ListTopics" => run(call, |input| Ok(list_topics(state, ctx, &input))),
        "GetTopicAttributes" => run(call, |input| get_topic_attributes(state, ctx, &input)),
        "SetTopicAttributes" => run(call, |input| set_topic_attributes(state, ctx, input)),
        "Publish" => run(call, |input| publish_by_call(state, ctx, input)),
        "Subscribe" => run(call, |input| subscriptions::subscribe(state, ctx, input)),
        "Unsubscribe" => run(call, |input| subscriptions::unsubscribe(state, ctx, &input)),
        "ListSubscriptions" => run(call, |input| Ok(subscriptions::list(state, ctx, &input))),
        "ListSubscriptionsByTopic" => run(call, |input| subscriptions::list_by_topic(state, ctx, &input)),
        "GetSubscriptionAttributes" => run(call, |input| subscriptions::get_attributes(state, ctx, &input)),
        "SetSubscriptionAttributes" => run(call, |input| subscriptions::set_attributes(state, ctx, &input)),
        operation => Err(Error::unknown_query_operation(operation)),
    }
}

/// The permissions that a call requires, if it does not address a topic. For topics, [`topic`] evaluates the topic's
/// policy together with the role's.
pub(crate) fn required_permissions(call: &Call) -> Vec<RequiredPermission> {
    let Call { caller, region, operation, input, .. } = call;
    let resource = match operation.as_str() {
        "CreateTopic" => {
            format!("arn:aws:sns:{region}:{}:{}", caller.account, input.text("Name").unwrap_or("*"))
        }
        "ListTopics"
        | "ListSubscriptions"
        | "Unsubscribe"
        | "GetSubscriptionAttributes"
        | "SetSubscriptionAttributes" => "*".to_owned(),
        _ => return Vec::new(),
    };
    vec![RequiredPermission::new(format!("sns:{operation}"), resource)]
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
    check_message(&message)?;
    let id = state.new_uuid();
    // "Each 64KB chunk of published data is billed as 1 request" (pricing).
    let chunks = message.body.len().div_ceil(64 * 1024);
    state.meter.add(BillItem::Publishes, chunks as u128);
    delivery::deliver_to_subscribers(state, topic_arn, &id, message);
    Ok(id)
}

/// AWS's quota: 256 KiB, attributes included.
const MAX_MESSAGE_BYTES: usize = 256 * 1024;

fn check_message(message: &Message) -> Result<(), Error> {
    let attributes = message.attributes.iter().map(|(name, it)| name.len() + it.data_type.len() + it.bytes().len());
    let size = message.body.len() + attributes.sum::<usize>();
    let subject = message.subject.as_deref().unwrap_or("-");
    if message.body.is_empty() {
        Err(invalid("Empty message"))
    } else if size > MAX_MESSAGE_BYTES {
        Err(invalid("Message too long"))
    } else if subject.is_empty() || subject.chars().count() > 100 || subject.chars().any(char::is_control) {
        Err(invalid("Subject"))
    } else {
        Ok(())
    }
}

/// The topic, if it is in this region and its policy allows the caller this action. Topics of other regions cannot be
/// addressed.
fn topic<'s>(state: &'s mut State, ctx: &CallContext, arn: &str, action: &str) -> Result<&'s mut Topic, Error> {
    if Arn::of("sns", arn).is_none_or(|arn| arn.region != ctx.region || arn.resource.contains(':')) {
        return Err(invalid("TopicArn"));
    }
    find(state, arn)?;
    let principal = Principal::Caller(&ctx.caller);
    if !allowed(state, principal, action, arn) {
        return Err(access_denied(principal, &action.replacen("sns", "SNS", 1), arn));
    }
    find(state, arn)
}

/// The topic of this ARN.
fn find<'s>(state: &'s mut State, topic_arn: &str) -> Result<&'s mut Topic, Error> {
    let arn = Arn::of("sns", topic_arn).ok_or_else(|| invalid("TopicArn"))?;
    let topic = state.region_state(arn.account, arn.region).sns.topics.get_mut(arn.resource);
    topic.ok_or_else(|| Error::new("NotFound", "Topic does not exist").status(404))
}

fn allowed(state: &mut State, principal: Principal<'_>, action: &str, topic_arn: &str) -> bool {
    let Some(owner) = Arn::of("sns", topic_arn).map(|arn| arn.account) else { return false };
    let policy = find(state, topic_arn).ok().and_then(|topic| topic.policy.clone());
    let policy = match (&policy, principal) {
        (Some((_, policy)), _) => Some(policy),
        // "By default, an Amazon SNS topic has a policy allowing all Amazon RDS resources within the same account to
        // publish notifications to it." (RDS's guide, USER_Events.GrantingPermissions)
        (None, Principal::Service { source_arn, .. }) => {
            return Arn::parse(source_arn).is_some_and(|source| source.account == owner);
        }
        // The default policy allows only the owner's account, whose own policies then decide.
        (None, Principal::Caller(_)) => None,
    };
    let context = match principal {
        Principal::Caller(Caller { account, .. }) => {
            vec![("aws:SourceOwner", account.as_str()), ("aws:SourceAccount", account)]
        }
        Principal::Service { source_arn, .. } => {
            vec![("aws:SourceOwner", Arn::parse(source_arn).map_or("", |source| source.account))]
        }
    };
    iam::is_allowed(state, &AccessRequest { principal, action, resource: topic_arn, context: &context }, owner, policy)
}

fn invalid(what: impl std::fmt::Display) -> Error {
    Error::new("InvalidParameter", format!("Invalid parameter: {what}"))
}

fn access_denied(principal: Principal<'_>, action: &str, resource: &str) -> Error {
    let who = match principal {
        Principal::Caller(caller) => caller.principal(),
        Principal::Service { name, .. } => name.to_owned(),
    };
    let message = format!(
        "User: {who} is not authorized to perform: {action} on resource: {resource} because no policy allows the \
         {action} action"
    );
    Error::new("AuthorizationError", message).status(403)
}

/// An entry of a map in the query protocol, for inputs and outputs.
#[derive(Deserialize, Serialize)]
struct Entry {
    key: String,
    value: String,
}

fn entries<const N: usize>(map: [(&str, String); N]) -> Value {
    let entries: Vec<_> = map.into_iter().map(|(key, value)| Entry { key: key.to_owned(), value }).collect();
    json!({ "Attributes": entries })
}

/// A page of a list in the member `list`, and the token for the next page.
fn page<T>(
    list: &str,
    all: &BTreeMap<String, T>,
    token: Option<&String>,
    mut view: impl FnMut(&str, &T) -> Option<Value>,
) -> Value {
    let left = page::after(token, all).filter_map(|(name, item)| Some((name, view(name, item)?)));
    let (items, token) = page::cut(left, 100);
    json!({ list: items, "NextToken": token })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateTopic {
    name: String,
    #[serde(default)]
    attributes: Vec<Entry>,
}

fn create_topic(state: &mut State, ctx: &CallContext, input: CreateTopic) -> Result<Value, Error> {
    let CreateTopic { name, attributes } = input;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !(1..=256).contains(&name.len()) || !name.bytes().all(allowed) {
        return Err(invalid("Topic Name"));
    }
    let mut topic = Topic::default();
    for Entry { key, value } in attributes {
        topic.set(&key, value)?;
    }
    let arn = ctx.arn("sns", &name);
    ctx.region_state(state).sns.topics.entry(name).or_insert(topic);
    Ok(json!({ "TopicArn": arn }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TopicInput {
    topic_arn: String,
    next_token: Option<String>,
}

/// Succeeds for a topic that does not exist.
fn delete_topic(state: &mut State, ctx: &CallContext, input: &TopicInput) -> Result<(), Error> {
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListInput {
    next_token: Option<String>,
}

fn list_topics(state: &mut State, ctx: &CallContext, input: &ListInput) -> Value {
    let topics = &ctx.region_state(state).sns.topics;
    page("Topics", topics, input.next_token.as_ref(), |name, _| Some(json!({ "TopicArn": ctx.arn("sns", name) })))
}

fn get_topic_attributes(state: &mut State, ctx: &CallContext, input: &TopicInput) -> Result<Value, Error> {
    let topic = topic(state, ctx, &input.topic_arn, "sns:GetTopicAttributes")?;
    let owner = Arn::parse(&input.topic_arn).map_or("", |arn| arn.account);
    let pending = topic.subscriptions.values().filter(|subscription| subscription.pending).count();
    let policy = topic.policy.as_ref().map(|(text, _)| text.clone());
    Ok(entries([
        ("TopicArn", input.topic_arn.clone()),
        ("Owner", owner.to_owned()),
        ("DisplayName", topic.display_name.clone()),
        ("Policy", policy.unwrap_or_else(|| default_policy(&input.topic_arn, owner))),
        ("SubscriptionsConfirmed", (topic.subscriptions.len() - pending).to_string()),
        ("SubscriptionsPending", pending.to_string()),
        ("SubscriptionsDeleted", topic.unsubscribed.to_string()),
    ]))
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
struct SetTopicAttributes {
    topic_arn: String,
    attribute_name: String,
    #[serde(default)]
    attribute_value: String,
}

fn set_topic_attributes(state: &mut State, ctx: &CallContext, input: SetTopicAttributes) -> Result<(), Error> {
    topic(state, ctx, &input.topic_arn, "sns:SetTopicAttributes")?.set(&input.attribute_name, input.attribute_value)
}

impl Topic {
    fn set(&mut self, name: &str, value: String) -> Result<(), Error> {
        match name {
            "Policy" => {
                let policy = Policy::parse(&value).map_err(|error| invalid(format!("Policy Error: {error}")))?;
                self.policy = Some((value, policy));
            }
            "DisplayName" => self.display_name = value,
            _ => return Err(invalid(format!("this simulation has no topic attribute {name}"))),
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Publish {
    topic_arn: Option<String>,
    target_arn: Option<String>,
    message: String,
    subject: Option<String>,
    message_structure: Option<String>,
    #[serde(default)]
    message_attributes: Vec<MessageAttribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MessageAttribute {
    name: String,
    value: Attribute,
}

fn publish_by_call(state: &mut State, ctx: &CallContext, input: Publish) -> Result<Value, Error> {
    let topic_arn =
        input.topic_arn.or(input.target_arn).ok_or_else(|| invalid("TopicArn or TargetArn Reason: no value"))?;
    topic(state, ctx, &topic_arn, "sns:Publish")?;
    if input.message_structure.is_some() {
        return Err(invalid("MessageStructure: this simulation sends the same message to every protocol"));
    }
    let attributes = input.message_attributes.into_iter().map(attribute).collect::<Result<_, Error>>()?;
    let message = Message { subject: input.subject, body: input.message, attributes };
    let id = publish(state, Principal::Caller(&ctx.caller), &topic_arn, message)?;
    Ok(json!({ "MessageId": id }))
}

fn attribute(MessageAttribute { name, value }: MessageAttribute) -> Result<(String, Attribute), Error> {
    let field = match value.data_type.split('.').next() {
        Some("String" | "Number") => &value.string_value,
        Some("Binary") => &value.binary_value,
        _ => {
            let message = format!("The message attribute '{name}' has an invalid message attribute type.");
            return Err(Error::new("ParameterValueInvalid", message));
        }
    };
    if field.as_ref().is_none_or(String::is_empty) {
        let message = format!(
            "The message attribute '{name}' must contain non-empty message attribute value for message attribute type \
             '{}'.",
            value.data_type,
        );
        return Err(Error::new("ParameterValueInvalid", message));
    }
    Ok((name, value))
}
