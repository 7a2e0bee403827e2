//! Subscriptions to topics.

use serde::Deserialize;
use serde_json::{Value, json};

use super::endpoints::needs_confirmation;
use super::{Entry, ListInput, Topic, check_keys, entries, find, invalid, page, topic};
use crate::arn::Arn;
use crate::call::Error;
use crate::context::CallContext;
use crate::world::State;

/// A subscription. Its ARN is the topic's ARN plus a UUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subscription {
    /// The account that subscribed.
    pub(super) owner: String,
    pub(super) protocol: String,
    pub(super) endpoint: String,
    /// Not confirmed. Unconfirmed subscriptions receive no messages, and they cannot be confirmed here.
    pub(super) pending: bool,
    /// Raw message delivery: a queue receives the message without the JSON envelope.
    pub(super) raw: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Subscribe {
    topic_arn: String,
    protocol: String,
    endpoint: Option<String>,
    #[serde(default)]
    attributes: Vec<Entry>,
    return_subscription_arn: Option<bool>,
}

/// Succeeds without effect for an existing subscription.
pub(super) fn subscribe(state: &mut State, ctx: &CallContext, input: Subscribe) -> Result<Value, Error> {
    let Subscribe { topic_arn, protocol, endpoint, attributes, return_subscription_arn } = input;
    topic(state, ctx, &topic_arn, "sns:Subscribe")?;
    check_keys(&attributes)?;
    let endpoint = endpoint.ok_or_else(|| invalid("Endpoint"))?;
    let pending = needs_confirmation(&protocol, &endpoint, &ctx.caller.account)?;
    let mut new = Subscription { owner: ctx.caller.account.clone(), protocol, endpoint, pending, raw: false };
    for Entry { key, value } in attributes {
        new.set(&key, &value, "Attributes Reason: ")?;
    }
    let same =
        |old: &Subscription| (&old.owner, &old.protocol, &old.endpoint) == (&new.owner, &new.protocol, &new.endpoint);
    let old = find(state, &topic_arn)?.subscriptions.iter().find(|(_, old)| same(old));
    let arn = match old {
        Some((_, old)) if old.raw != new.raw => {
            return Err(invalid("Attributes Reason: Subscription already exists with different attributes"));
        }
        Some((arn, _)) => arn.clone(),
        None => {
            check_large_messages(find(state, &topic_arn)?, &new)?;
            let arn = format!("{topic_arn}:{}", state.new_uuid());
            let owner = &mut ctx.region_state(state).sns;
            owner.subscribed.insert(arn.clone(), topic_arn.clone());
            find(state, &topic_arn)?.subscriptions.insert(arn.clone(), new);
            arn
        }
    };
    let shown = !pending || return_subscription_arn == Some(true);
    Ok(json!({ "SubscriptionArn": if shown { &arn } else { "pending confirmation" } }))
}

/// "The topic supports up to 100 total subscriptions. If you attempt to create additional subscriptions, Amazon SNS returns an
/// InvalidParameter error." (guide, *Publishing large messages*)
fn check_large_messages(topic: &Topic, new: &Subscription) -> Result<(), Error> {
    if !topic.attributes.allows_large_messages() {
        return Ok(());
    }
    if !["lambda", "sqs"].contains(&new.protocol.as_str()) {
        return Err(invalid("Protocol Reason: the topic's MaximumMessageSize is above 256 KiB"));
    }
    if topic.subscriptions.len() >= 100 {
        return Err(invalid(
            "TopicArn Reason: the topic's MaximumMessageSize is above 256 KiB, and it has 100 subscriptions",
        ));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SubscriptionInput {
    subscription_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetAttributes {
    subscription_arn: String,
    attribute_name: String,
    #[serde(default)]
    attribute_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListOfTopic {
    topic_arn: String,
    next_token: Option<String>,
}

impl SubscriptionInput {
    /// The ARN of the topic.
    fn topic_arn(&self) -> Result<&str, Error> {
        super::check_arn("SubscriptionArn", &self.subscription_arn)?;
        let topic = self.subscription_arn.rsplit_once(':').map(|(topic, _)| topic);
        topic.filter(|topic| Arn::of("sns", topic).is_some()).ok_or_else(|| invalid("SubscriptionArn"))
    }

    /// The topic, if the subscription exists and the caller owns the subscription or the topic.
    fn topic<'s>(&self, state: &'s mut State, ctx: &CallContext) -> Result<&'s mut Topic, Error> {
        let not_found = || Error::new("NotFound", "Subscription does not exist").status(404);
        let topic_arn = self.topic_arn()?;
        let topic = find(state, topic_arn).map_err(|_| not_found())?;
        let owner = &topic.subscriptions.get(&self.subscription_arn).ok_or_else(not_found)?.owner;
        if *owner == ctx.caller.account || Arn::parse(topic_arn).is_some_and(|arn| arn.account == ctx.caller.account) {
            Ok(topic)
        } else {
            Err(Error::new("AuthorizationError", "Not authorized: the subscription belongs to another account")
                .status(403))
        }
    }

    fn subscription<'s>(&self, state: &'s mut State, ctx: &CallContext) -> Result<&'s mut Subscription, Error> {
        let topic = self.topic(state, ctx)?;
        topic.subscriptions.get_mut(&self.subscription_arn).ok_or_else(|| invalid("SubscriptionArn"))
    }
}

/// Succeeds for a subscription that does not exist.
pub(super) fn unsubscribe(state: &mut State, ctx: &CallContext, input: &SubscriptionInput) -> Result<(), Error> {
    let topic = match input.topic(state, ctx) {
        Err(error) if error.code == "NotFound" => return Ok(()),
        topic => topic?,
    };
    let removed = topic.subscriptions.remove(&input.subscription_arn);
    topic.unsubscribed += 1;
    if let Some(subscription) = removed {
        state.region_state(&subscription.owner, &ctx.region).sns.subscribed.remove(&input.subscription_arn);
    }
    Ok(())
}

pub(super) fn list(state: &mut State, ctx: &CallContext, input: &ListInput) -> Result<Value, Error> {
    let subscribed = ctx.region_state(state).sns.subscribed.clone();
    page("Subscriptions", &subscribed, input.next_token.as_ref(), |arn, topic_arn| {
        Some(find(state, topic_arn).ok()?.subscriptions.get(arn)?.view(arn, topic_arn))
    })
}

pub(super) fn list_by_topic(state: &mut State, ctx: &CallContext, input: &ListOfTopic) -> Result<Value, Error> {
    let subscriptions = &topic(state, ctx, &input.topic_arn, "sns:ListSubscriptionsByTopic")?.subscriptions;
    let view = |arn: &str, to: &Subscription| Some(to.view(arn, &input.topic_arn));
    page("Subscriptions", subscriptions, input.next_token.as_ref(), view)
}

pub(super) fn get_attributes(state: &mut State, ctx: &CallContext, input: &SubscriptionInput) -> Result<Value, Error> {
    let Subscription { owner, protocol, endpoint, pending, raw } = input.subscription(state, ctx)?.clone();
    Ok(entries([
        ("SubscriptionArn", input.subscription_arn.clone()),
        ("TopicArn", input.topic_arn()?.to_owned()),
        ("Owner", owner),
        ("Protocol", protocol),
        ("Endpoint", endpoint),
        ("PendingConfirmation", pending.to_string()),
        ("ConfirmationWasAuthenticated", (!pending).to_string()),
        ("RawMessageDelivery", raw.to_string()),
    ]))
}

pub(super) fn set_attributes(state: &mut State, ctx: &CallContext, input: SetAttributes) -> Result<(), Error> {
    let SetAttributes { subscription_arn, attribute_name, attribute_value } = input;
    SubscriptionInput { subscription_arn }.subscription(state, ctx)?.set(&attribute_name, &attribute_value, "")
}

/// Attributes that can be set on AWS and not here. Each would change the deliveries.
const NOT_SIMULATED: [&str; 6] =
    ["DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "ReplayPolicy", "SubscriptionRoleArn"];

impl Subscription {
    /// LocalStack's test_validate_set_sub_attributes recorded the errors. `beginning` is that of the operation's messages.
    fn set(&mut self, name: &str, value: &str, beginning: &str) -> Result<(), Error> {
        if NOT_SIMULATED.contains(&name) {
            return Err(Error::not_simulated(format!("the attribute {name} of subscriptions")));
        }
        if name != "RawMessageDelivery" {
            return Err(invalid(format!("{beginning}AttributeName")));
        }
        let raw = value.parse().map_err(|_| {
            invalid(format!("{beginning}RawMessageDelivery: Invalid value [{value}]. Must be true or false."))
        })?;
        // "Enables raw message delivery to Amazon SQS or HTTP/S endpoints." (API reference, Subscribe)
        if raw && !["http", "https", "sqs"].contains(&self.protocol.as_str()) {
            let reason = "does not support raw message delivery.";
            return Err(invalid(format!("{beginning}Delivery protocol [{}] {reason}", self.protocol)));
        }
        self.raw = raw;
        Ok(())
    }

    fn view(&self, arn: &str, topic_arn: &str) -> Value {
        json!({
            "SubscriptionArn": if self.pending { "PendingConfirmation" } else { arn },
            "Owner": self.owner,
            "Protocol": self.protocol,
            "Endpoint": self.endpoint,
            "TopicArn": topic_arn,
        })
    }
}
