//! Delivery of messages from topics to functions and queues. AWS delivers at least once and in no particular order.
//! Here, fault injection decides whether a message is lost, delayed or delivered twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::subscriptions::Subscription;
use super::{Message, find};
use crate::arn::Arn;
use crate::clock;
use crate::fault::{Action, Point};
use crate::journal::{DeliveryOutcome, Event};
use crate::lambda;
use crate::sqs::{self, Contents};
use crate::world::State;

/// The duration of a delivery that no fault delays.
const DELIVERY_TIME: Duration = Duration::from_millis(100);

/// How long SNS tries to deliver to a function or queue: "100,015 times, over 23 days" (guide, *Message delivery retries*).
const RETRIED_FOR: TimeDelta = TimeDelta::days(23);

/// Starts the delivery of a message to each confirmed subscription.
pub(super) fn deliver_to_subscribers(state: &mut State, topic_arn: &str, message_id: &str, message: Message) {
    let Ok(topic) = find(state, topic_arn) else { return };
    let subscriptions: Vec<_> = topic.subscriptions.clone().into_iter().filter(|(_, to)| !to.pending).collect();
    let signature_version = topic.attributes.signature_version();
    let topic = Arn::parse(topic_arn).map_or("", |arn| arn.resource);
    let published = state.now;
    let published = Arc::new(PublishedMessage {
        topic_arn: topic_arn.to_owned(),
        id: message_id.to_owned(),
        published,
        signature_version,
        message,
    });
    for (subscription_arn, to) in subscriptions {
        let delivery = Delivery { published: Arc::clone(&published), subscription_arn, to };
        match state.faults.next_action(&Point::Delivery(topic.to_owned())) {
            Action::Lose => delivery.write(state, DeliveryOutcome::Lost),
            Action::Duplicate => {
                delivery.clone().after(state, DELIVERY_TIME);
                delivery.after(state, DELIVERY_TIME * 2);
            }
            Action::Delay(more) => delivery.after(state, DELIVERY_TIME + more),
            // SNS retries failed deliveries itself, so these faults have no effect.
            Action::Pass
            | Action::FailBefore
            | Action::Refuse(_)
            | Action::Break(_)
            | Action::FailAfter
            | Action::Throttle
            | Action::Become(_)
            | Action::Crash => {
                delivery.after(state, DELIVERY_TIME);
            }
        }
    }
}

/// A message as it was published.
struct PublishedMessage {
    topic_arn: String,
    id: String,
    published: DateTime<Utc>,
    signature_version: String,
    message: Message,
}

#[derive(Clone)]
struct Delivery {
    published: Arc<PublishedMessage>,
    subscription_arn: String,
    to: Subscription,
}

impl Delivery {
    fn after(self, state: &mut State, time: Duration) {
        let time = state.now + time;
        let topic = region_of(&self.published.topic_arn);
        state.at_in(&topic, time, move |state| self.send(state));
    }

    /// Delivers to the endpoint when its region can be reached.
    fn send(self, state: &mut State) {
        let endpoint = region_of(&self.to.endpoint);
        state.when_reachable(&endpoint, move |state| self.arrive(state));
    }

    fn arrive(self, state: &mut State) {
        let Self { published, subscription_arn, to } = &self;
        if state.now - published.published > RETRIED_FOR {
            return self.write(state, DeliveryOutcome::Failed);
        }
        let arrival = match to.protocol.as_str() {
            "lambda" if lambda::may_invoke(state, &to.endpoint, "sns.amazonaws.com", &published.topic_arn) => {
                lambda::invoke(state, &to.endpoint, published.function_payload(subscription_arn));
                DeliveryOutcome::Delivered
            }
            "sqs" => {
                let contents = published.queue_contents(to, subscription_arn);
                sqs::send(state, &to.endpoint, contents)
                    .map_or(DeliveryOutcome::Failed, |()| DeliveryOutcome::Delivered)
            }
            // Phones are not simulated.
            "sms" => DeliveryOutcome::Delivered,
            // A missing endpoint or permission is a client-side error, which SNS does not retry.
            _ => DeliveryOutcome::Failed,
        };
        self.write(state, arrival);
    }

    fn write(&self, state: &mut State, outcome: DeliveryOutcome) {
        state.write(Event::Delivery {
            topic: self.published.topic_arn.clone(),
            to: self.to.endpoint.clone(),
            message_id: self.published.id.clone(),
            outcome,
        });
    }
}

/// The region of a topic, function or queue. Empty for other endpoints.
fn region_of(arn: &str) -> String {
    Arn::parse(arn).map_or("", |arn| arn.region).to_owned()
}

/// A placeholder for AWS's signature. It cannot be verified.
const SIGNATURE: &str = "U0lNVUxBVEVE";

impl PublishedMessage {
    /// The payload for a function.
    fn function_payload(&self, subscription_arn: &str) -> Value {
        let mut notification = self.notification("lambda");
        notification["SigningCertUrl"] = self.signing_cert_url().into();
        notification["UnsubscribeUrl"] = self.unsubscribe_url(subscription_arn).into();
        notification["Subject"] = self.message.subject.clone().into();
        notification["MessageAttributes"] = self.attributes();
        json!({
            "Records": [{
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription_arn,
                "Sns": notification,
            }],
        })
    }

    /// The message for a queue. Message attributes become those of the message if its delivery is raw. More than ten of them
    /// are then an error of SQS: "Messages with more than 10 message attributes directed towards Raw Message Delivery
    /// enabled Amazon SQS subscriptions will be discarded as client side errors." (guide, *Message attributes*)
    fn queue_contents(&self, to: &Subscription, subscription_arn: &str) -> Contents {
        let Message { attributes, group, bodies, .. } = &self.message;
        // "Message attributes are sent only when the message structure is String, not JSON." (guide, *Message attributes*)
        let attributes = if to.raw && bodies.is_empty() { attributes.clone() } else { BTreeMap::new() };
        let body = match to.raw {
            true => self.message.body_for("sqs").to_owned(),
            false => self.queue_payload(subscription_arn).to_string(),
        };
        // "The MessageGroupId is optional and is forwarded only to Amazon SQS standard subscriptions" (API reference, Publish)
        Contents { body, attributes, group: group.clone() }
    }

    /// The payload for a queue. Some names are spelled differently, and missing values are left out.
    fn queue_payload(&self, subscription_arn: &str) -> Value {
        let mut notification = self.notification("sqs");
        notification["SigningCertURL"] = self.signing_cert_url().into();
        notification["UnsubscribeURL"] = self.unsubscribe_url(subscription_arn).into();
        if let Some(subject) = &self.message.subject {
            notification["Subject"] = subject.as_str().into();
        }
        if !self.message.attributes.is_empty() && self.message.bodies.is_empty() {
            notification["MessageAttributes"] = self.attributes();
        }
        notification
    }

    /// The common part of both payloads.
    fn notification(&self, protocol: &str) -> Value {
        json!({
            "Type": "Notification",
            "MessageId": self.id,
            "TopicArn": self.topic_arn,
            "Message": self.message.body_for(protocol),
            "Timestamp": clock::text(self.published),
            "SignatureVersion": self.signature_version,
            "Signature": SIGNATURE,
        })
    }

    fn attributes(&self) -> Value {
        let attributes = self.message.attributes.iter().filter(|_| self.message.bodies.is_empty());
        attributes.map(|(name, it)| (name.clone(), json!({ "Type": it.data_type, "Value": it.text() }))).collect()
    }

    fn signing_cert_url(&self) -> String {
        format!("https://sns.{}.amazonaws.com/SimpleNotificationService-simulated.pem", self.region())
    }

    fn unsubscribe_url(&self, subscription_arn: &str) -> String {
        format!("https://sns.{}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription_arn}", self.region())
    }

    fn region(&self) -> &str {
        Arn::parse(&self.topic_arn).map_or("", |arn| arn.region)
    }
}
