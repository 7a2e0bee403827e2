//! Simple Notification Service: topics, their policies, and publishing.
//!
//! ```text
//!   topics ──► attributes, tags
//!   subscriptions ──► endpoints
//!   publishing ──► contents (message attributes, structures), delivery
//!   batch: several messages in one call
//! ```
//!
//! Not simulated: FIFO topics, encryption, filter policies, confirmation of subscriptions, and what is sent to phones,
//! applications, delivery streams and HTTP endpoints.

mod attributes;
mod batch;
mod contents;
mod delivery;
mod endpoints;
mod publishing;
mod subscriptions;
mod tags;
mod topics;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arn::Arn;
use crate::call::{Call, CallResult, Caller, Error, Service, run};
use crate::context::CallContext;
use crate::iam::{self, AccessRequest, Principal, RequiredPermission};
use crate::page;
use crate::sqs::Attribute;
use crate::world::State;
use attributes::Attributes;
pub(crate) use publishing::publish;
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
    attributes: Attributes,
    tags: BTreeMap<String, String>,
    /// By ARN.
    subscriptions: BTreeMap<String, Subscription>,
    unsubscribed: usize,
}

/// A message to publish.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    pub(crate) subject: Option<String>,
    pub(crate) body: String,
    /// Other bodies for some protocols.
    pub(crate) bodies: BTreeMap<String, String>,
    pub(crate) attributes: BTreeMap<String, Attribute>,
    pub(crate) group: Option<String>,
}

pub(crate) fn serve(state: &mut State, call: Call) -> CallResult {
    let ctx = &CallContext::of(&call);
    match call.operation.as_str() {
        "CreateTopic" => run(call, |input| topics::create(state, ctx, input)),
        "DeleteTopic" => run(call, |input| topics::delete(state, ctx, &input)),
        "ListTopics" => run(call, |input| topics::list(state, ctx, &input)),
        "GetTopicAttributes" => run(call, |input| topics::get_attributes(state, ctx, &input)),
        "SetTopicAttributes" => run(call, |input| topics::set_attribute(state, ctx, input)),
        "TagResource" => run(call, |input| tags::add(state, ctx, input)),
        "UntagResource" => run(call, |input| tags::remove(state, ctx, &input)),
        "ListTagsForResource" => run(call, |input| tags::list(state, ctx, &input)),
        "Publish" => run(call, |input| publishing::publish_one(state, ctx, input)),
        "PublishBatch" => run(call, |input| batch::publish(state, ctx, input)),
        "Subscribe" => run(call, |input| subscriptions::subscribe(state, ctx, input)),
        "Unsubscribe" => run(call, |input| subscriptions::unsubscribe(state, ctx, &input)),
        "ListSubscriptions" => run(call, |input| subscriptions::list(state, ctx, &input)),
        "ListSubscriptionsByTopic" => run(call, |input| subscriptions::list_by_topic(state, ctx, &input)),
        "GetSubscriptionAttributes" => run(call, |input| subscriptions::get_attributes(state, ctx, &input)),
        "SetSubscriptionAttributes" => run(call, |input| subscriptions::set_attributes(state, ctx, input)),
        operation => Err(Error::unknown_operation(Service::Sns, operation)),
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
        "TagResource" | "UntagResource" | "ListTagsForResource" => {
            input.text("ResourceArn").unwrap_or_default().to_owned()
        }
        "ListTopics"
        | "ListSubscriptions"
        | "Unsubscribe"
        | "GetSubscriptionAttributes"
        | "SetSubscriptionAttributes" => "*".to_owned(),
        _ => return Vec::new(),
    };
    let mut needs = vec![tags::tagged(RequiredPermission::new(format!("sns:{operation}"), &resource), call)];
    // "To be able to tag a topic on creation, you must have the sns:CreateTopic and sns:TagResource permissions." (API
    // reference, CreateTopic)
    if operation == "CreateTopic" && tags::has_tags(call) {
        needs.push(tags::tagged(RequiredPermission::new("sns:TagResource", &resource), call));
    }
    needs
}

/// The topic, if it is in this region and its policy allows the caller this action. Topics of other regions cannot be
/// addressed.
fn topic<'s>(state: &'s mut State, ctx: &CallContext, arn: &str, action: &str) -> Result<&'s mut Topic, Error> {
    check_arn("TopicArn", arn)?;
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
    let policy = find(state, topic_arn).ok().and_then(|topic| topic.attributes.policy.clone());
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

/// Checks that a parameter looks like an ARN. LocalStack's tests recorded the message.
fn check_arn(parameter: &str, arn: &str) -> Result<(), Error> {
    match arn.split(':').count() {
        6.. => Ok(()),
        elements => Err(invalid(format!("{parameter} Reason: An ARN must have at least 6 elements, not {elements}"))),
    }
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

/// No text says which value counts if a key of a map is there twice.
fn check_keys(entries: &[Entry]) -> Result<(), Error> {
    let keys: BTreeSet<_> = entries.iter().map(|entry| &entry.key).collect();
    if keys.len() < entries.len() { Err(Error::not_simulated("a map with a key twice".to_owned())) } else { Ok(()) }
}

fn entries<'a>(map: impl IntoIterator<Item = (&'a str, String)>) -> Value {
    let entries: Vec<_> = map.into_iter().map(|(key, value)| Entry { key: key.to_owned(), value }).collect();
    json!({ "Attributes": entries })
}

/// A page of a list in the member `list`, and the token for the next page.
fn page<T>(
    list: &str,
    all: &BTreeMap<String, T>,
    token: Option<&String>,
    mut view: impl FnMut(&str, &T) -> Option<Value>,
) -> Result<Value, Error> {
    let last = token.map(|token| page::read_marker(list, token).ok_or_else(|| invalid("NextToken"))).transpose()?;
    let left = page::after(last.as_ref(), all).filter_map(|(name, item)| Some((name, view(name, item)?)));
    let (items, token) = page::cut(left, 100);
    Ok(json!({ list: items, "NextToken": token.map(|name| page::marker(list, name)) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TopicInput {
    topic_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListInput {
    next_token: Option<String>,
}
