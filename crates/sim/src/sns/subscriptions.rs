//! Subscriptions to topics.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Entry, ListInput, Topic, TopicInput, entries, find, invalid, page, topic};
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

/// The protocols besides `lambda` and `sqs`. Their subscriptions stay unconfirmed.
const UNCONFIRMED_PROTOCOLS: [&str; 7] = ["application", "email", "email-json", "firehose", "http", "https", "sms"];

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
    let endpoint = endpoint.ok_or_else(|| invalid("Endpoint"))?;
    let pending = match protocol.as_str() {
        "lambda" | "sqs" => {
            let of = Arn::of(&protocol, &endpoint).ok_or_else(|| invalid(format!("{protocol} endpoint ARN")))?;
            // "When the queue owner creates a subscription, the subscription doesn't require confirmation." (SNS's
            // guide, *Sending messages to a queue in a different account*; otherwise it does.)
            of.account != ctx.caller.account
        }
        other if UNCONFIRMED_PROTOCOLS.contains(&other) => true,
        other => return Err(invalid(format!("Does not support this protocol string: {other}"))),
    };
    let mut new = Subscription { owner: ctx.caller.account.clone(), protocol, endpoint, pending, raw: false };
    for Entry { key, value } in attributes {
        new.set(&key, &value)?;
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SubscriptionInput {
    subscription_arn: String,
    #[serde(default)]
    attribute_name: String,
    #[serde(default)]
    attribute_value: String,
}

impl SubscriptionInput {
    /// The ARN of the topic.
    fn topic_arn(&self) -> Result<&str, Error> {
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

pub(super) fn list(state: &mut State, ctx: &CallContext, input: &ListInput) -> Value {
    let subscribed = ctx.region_state(state).sns.subscribed.clone();
    page("Subscriptions", &subscribed, input.next_token.as_ref(), |arn, topic_arn| {
        Some(find(state, topic_arn).ok()?.subscriptions.get(arn)?.view(arn, topic_arn))
    })
}

pub(super) fn list_by_topic(state: &mut State, ctx: &CallContext, input: &TopicInput) -> Result<Value, Error> {
    let subscriptions = &topic(state, ctx, &input.topic_arn, "sns:ListSubscriptionsByTopic")?.subscriptions;
    let view = |arn: &str, to: &Subscription| Some(to.view(arn, &input.topic_arn));
    Ok(page("Subscriptions", subscriptions, input.next_token.as_ref(), view))
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

pub(super) fn set_attributes(state: &mut State, ctx: &CallContext, input: &SubscriptionInput) -> Result<(), Error> {
    input.subscription(state, ctx)?.set(&input.attribute_name, &input.attribute_value)
}

impl Subscription {
    fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        if name != "RawMessageDelivery" {
            return Err(invalid(format!("this simulation has no subscription attribute {name}")));
        }
        let raw = value.parse().map_err(|_| invalid("Attributes Reason: RawMessageDelivery: Invalid value"))?;
        if raw && self.protocol == "lambda" {
            return Err(invalid(
                "Attributes Reason: Delivery protocol [lambda] does not support raw message delivery.",
            ));
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
