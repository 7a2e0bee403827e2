//! Topics: policies, messages and deliveries.

mod batches;
mod contents;
mod endpoints;
mod topics;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sns::error::ProvideErrorMetadata;
use aws_sdk_sns::types::MessageAttributeValue;
use serde_json::{Value, json};
use sim::fault::{Action, Fault, Plan, Point};
use sim::journal::{DeliveryOutcome, Event};
use sim::lambda::{Function, Invocation};

use crate::support::*;

const QUEUE: &str = "arn:aws:sqs:eu-west-1:111111111111:q";

async fn subscribe(sns: &aws_sdk_sns::Client, topic: &str, protocol: &str, endpoint: &str) -> String {
    let request = sns.subscribe().topic_arn(topic).protocol(protocol).endpoint(endpoint);
    request.send().await.expect("a subscription").subscription_arn.expect("an ARN")
}

async fn publish(sns: &aws_sdk_sns::Client, topic: &str, message: &str) -> Result<String, String> {
    let published = code(sns.publish().topic_arn(topic).message(message).send().await)?;
    Ok(published.message_id.expect("an identifier"))
}

/// A function that records its payloads.
fn remembering() -> (Function, Arc<Mutex<Vec<Value>>>) {
    let given = Arc::new(Mutex::new(Vec::new()));
    let memory = Arc::clone(&given);
    let function = Function::new("listener", move |invocation: Invocation| {
        memory.lock().expect("a lock").push(invocation.payload);
        async { Ok(Value::Null) }
    });
    (function, given)
}

/// The texts of the recorded messages.
fn messages(given: &Mutex<Vec<Value>>) -> Vec<String> {
    let given = given.lock().expect("a lock");
    given.iter().map(|event| event["Records"][0]["Sns"]["Message"].as_str().expect("a text").to_owned()).collect()
}

fn policy(topic: &str, action: &str, account: &str, role: Option<&str>) -> String {
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
        "Action": action,
        "Resource": topic,
    });
    if let Some(role) = role {
        let arn = format!("arn:aws:iam::{account}:role/{role}");
        statement["Condition"] = json!({ "ArnEquals": { "aws:PrincipalArn": arn } });
    }
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

async fn set_policy(sns: &aws_sdk_sns::Client, topic: &str, policy: String) {
    let set = sns.set_topic_attributes().topic_arn(topic).attribute_name("Policy").attribute_value(policy);
    set.send().await.expect("a policy");
}

#[tokio::test(start_paused = true)]
async fn creating_and_deleting_a_topic_are_idempotent() {
    let world = world();
    let sns = sns(&world, PROD);
    assert_eq!(topic(&sns, "t").await, "arn:aws:sns:eu-west-1:111111111111:t");
    assert_eq!(topic(&sns, "t").await, "arn:aws:sns:eu-west-1:111111111111:t");
    assert_eq!(sns.list_topics().send().await.expect("a list").topics().len(), 1);
    for _ in 0..2 {
        sns.delete_topic().topic_arn("arn:aws:sns:eu-west-1:111111111111:t").send().await.expect("deleted");
    }
    assert_eq!(sns.list_topics().send().await.expect("a list").topics().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn paging_lists_each_topic_once() {
    let world = world();
    let sns = sns(&world, PROD);
    for n in 0..250 {
        topic(&sns, &format!("t{n}")).await;
    }
    let mut pages = sns.list_topics().into_paginator().send();
    let (mut sizes, mut seen) = (Vec::new(), BTreeSet::new());
    while let Some(page) = pages.next().await {
        let page = page.expect("a page");
        sizes.push(page.topics().len());
        seen.extend(page.topics().iter().map(|topic| topic.topic_arn().expect("an ARN").to_owned()));
    }
    assert_eq!((sizes, seen.len()), (vec![100, 100, 50], 250));
}

#[tokio::test(start_paused = true)]
async fn a_topic_returns_its_attributes() {
    let world = world();
    let sns = sns(&world, PROD);
    let topic = topic(&sns, "t").await;
    subscribe(&sns, &topic, "sqs", QUEUE).await;
    subscribe(&sns, &topic, "email", "ops@example.com").await;
    let shown = sns.get_topic_attributes().topic_arn(&topic).send().await.expect("attributes");
    let shown = shown.attributes().expect("attributes");
    let of = |name: &str| shown[name].as_str();
    assert_eq!([of("TopicArn"), of("Owner")], [&topic, PROD]);
    assert_eq!([of("SubscriptionsConfirmed"), of("SubscriptionsPending"), of("SubscriptionsDeleted")], ["1", "1", "0"]);
    let default: Value = serde_json::from_str(of("Policy")).expect("JSON");
    assert_eq!(default["Statement"][0]["Condition"], json!({ "StringEquals": { "AWS:SourceOwner": PROD } }));
    let given = policy(&topic, "sns:Publish", DR, None);
    set_policy(&sns, &topic, given.clone()).await;
    let shown = sns.get_topic_attributes().topic_arn(&topic).send().await.expect("attributes");
    assert_eq!(shown.attributes().expect("attributes")["Policy"], given);
}

#[tokio::test(start_paused = true)]
async fn a_function_gets_a_message_in_the_format_of_aws() {
    let world = world();
    let sns = sns(&world, PROD);
    let topic = topic(&sns, "t").await;
    let (function, given) = remembering();
    let subscription = subscribe(&sns, &topic, "lambda", &world.add_function(PROD, REGION, "f", function)).await;
    let level = MessageAttributeValue::builder().data_type("String").string_value("warn").build().expect("a value");
    let request =
        sns.publish().topic_arn(&topic).subject("Hello").message("<a & \"b\">").message_attributes("level", level);
    let id = request.send().await.expect("an answer").message_id.expect("an identifier");
    let plain = publish(&sns, &topic, "plain").await.expect("an identifier");
    world.sleep(Duration::from_secs(1)).await;
    let unsubscribe = format!("https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription}");
    let event = |id, subject: Value, message, attributes: Value| {
        json!({
            "Records": [{
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription,
                "Sns": {
                    "Type": "Notification",
                    "MessageId": id,
                    "TopicArn": "arn:aws:sns:eu-west-1:111111111111:t",
                    "Subject": subject,
                    "Message": message,
                    "Timestamp": "2026-11-21T03:00:00.000Z",
                    "SignatureVersion": "1",
                    "Signature": "U0lNVUxBVEVE",
                    "SigningCertUrl": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-simulated.pem",
                    "UnsubscribeUrl": unsubscribe,
                    "MessageAttributes": attributes,
                },
            }],
        })
    };
    let level = json!({ "level": { "Type": "String", "Value": "warn" } });
    assert_eq!(
        *given.lock().expect("a lock"),
        [event(id, json!("Hello"), "<a & \"b\">", level), event(plain, Value::Null, "plain", json!({}))],
    );
}

#[tokio::test(start_paused = true)]
async fn a_queue_gets_a_message_in_a_json_envelope_or_raw() {
    let world = world();
    let (sns, sqs) = (sns(&world, PROD), sqs(&world, PROD));
    let (topic, url) = (topic(&sns, "t").await, queue(&sqs, "q").await);
    let subscription = subscribe(&sns, &topic, "sqs", QUEUE).await;
    let id = publish(&sns, &topic, "in an envelope").await.expect("published");
    world.sleep(Duration::from_secs(1)).await;
    let envelope: Value = serde_json::from_str(&bodies(&sqs, &url).await[0]).expect("JSON");
    assert_eq!(
        envelope,
        json!({
            "Type": "Notification",
            "MessageId": id,
            "TopicArn": topic,
            "Message": "in an envelope",
            "Timestamp": "2026-11-21T03:00:00.000Z",
            "SignatureVersion": "1",
            "Signature": "U0lNVUxBVEVE",
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-simulated.pem",
            "UnsubscribeURL":
                format!("https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription}"),
        }),
    );
    let raw = sns.set_subscription_attributes().subscription_arn(&subscription);
    raw.attribute_name("RawMessageDelivery").attribute_value("true").send().await.expect("set");
    publish(&sns, &topic, "bare").await.expect("published");
    world.sleep(Duration::from_secs(1)).await;
    assert_eq!(bodies(&sqs, &url).await, ["bare"]);
    let shown = sns.get_subscription_attributes().subscription_arn(&subscription).send().await.expect("attributes");
    assert_eq!(shown.attributes().expect("attributes")["RawMessageDelivery"], "true");
}

#[tokio::test(start_paused = true)]
async fn another_account_needs_the_topic_policy_to_publish() {
    let world = world();
    let (owner, stranger) = (sns(&world, PROD), sns(&world, DR));
    let topic = topic(&owner, "t").await;
    assert_eq!(publish(&stranger, &topic, "x").await, Err("AuthorizationError".to_owned()));
    set_policy(&owner, &topic, policy(&topic, "sns:Publish", DR, None)).await;
    assert!(publish(&stranger, &topic, "x").await.is_ok());
    let delete = stranger.delete_topic().topic_arn(&topic).send().await.expect_err("refused");
    assert_eq!(delete.code(), Some("AuthorizationError"));
}

#[tokio::test(start_paused = true)]
async fn a_topic_policy_can_allow_one_role_of_another_account() {
    let world = world();
    let owner = sns(&world, PROD);
    let topic = topic(&owner, "t").await;
    set_policy(&owner, &topic, policy(&topic, "sns:Publish", DR, Some("consumer"))).await;
    let as_role = async |role: &'static str| {
        let topic = topic.clone();
        let function = Function::new(role, move |invocation: Invocation| {
            let topic = topic.clone();
            async move { Ok(json!(publish(&aws_sdk_sns::Client::new(&invocation.config), &topic, "x").await.err())) }
        });
        let arn = world.add_function(DR, REGION, role, function);
        world.invoke_function_and_wait(&arn, Value::Null).await.expect("an answer")
    };
    assert_eq!(as_role("consumer").await, Value::Null);
    assert_eq!(as_role("other").await, "AuthorizationError");
}

#[tokio::test(start_paused = true)]
async fn a_cross_account_subscription_must_be_made_by_the_endpoint_s_account() {
    let world = world();
    let (owner, stranger) = (sns(&world, PROD), sns(&world, DR));
    let topic = topic(&owner, "t").await;
    let (function, given) = remembering();
    let function = world.add_function(DR, REGION, "f", function);
    assert_eq!(subscribe(&owner, &topic, "lambda", &function).await, "pending confirmation");
    let refused = stranger.subscribe().topic_arn(&topic).protocol("lambda").endpoint(&function).send().await;
    assert_eq!(refused.expect_err("refused").code(), Some("AuthorizationError"));
    set_policy(&owner, &topic, policy(&topic, "sns:Subscribe", DR, None)).await;
    let subscription = subscribe(&stranger, &topic, "lambda", &function).await;
    publish(&owner, &topic, "hello").await.expect("published");
    world.sleep(Duration::from_secs(1)).await;
    assert_eq!(messages(&given), ["hello"]);
    let own = stranger.list_subscriptions().send().await.expect("a list");
    assert_eq!(own.subscriptions()[0].subscription_arn(), Some(subscription.as_str()));
    let all = owner.list_subscriptions_by_topic().topic_arn(&topic).send().await.expect("a list");
    let owners: BTreeSet<_> = all.subscriptions().iter().filter_map(|it| it.owner()).collect();
    assert_eq!(owners, BTreeSet::from([PROD, DR]));
}

#[tokio::test(start_paused = true)]
async fn subscribing_is_idempotent_and_unsubscribing_ends_deliveries() {
    let world = world();
    let (sns, sqs) = (sns(&world, PROD), sqs(&world, PROD));
    let (topic, url) = (topic(&sns, "t").await, queue(&sqs, "q").await);
    let first = subscribe(&sns, &topic, "sqs", QUEUE).await;
    assert_eq!(subscribe(&sns, &topic, "sqs", QUEUE).await, first);
    for _ in 0..2 {
        sns.unsubscribe().subscription_arn(&first).send().await.expect("unsubscribed");
    }
    publish(&sns, &topic, "x").await.expect("published");
    world.sleep(Duration::from_secs(1)).await;
    assert!(bodies(&sqs, &url).await.is_empty());
    assert!(sns.list_subscriptions().send().await.expect("a list").subscriptions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn email_subscriptions_stay_unconfirmed_and_unknown_protocols_are_refused() {
    let world = world();
    let sns = sns(&world, PROD);
    let topic = topic(&sns, "t").await;
    assert_eq!(subscribe(&sns, &topic, "email", "ops@example.com").await, "pending confirmation");
    let all = sns.list_subscriptions_by_topic().topic_arn(&topic).send().await.expect("a list");
    assert_eq!(all.subscriptions()[0].subscription_arn(), Some("PendingConfirmation"));
    let refused = sns.subscribe().topic_arn(&topic).protocol("pigeon").endpoint("loft").send().await;
    assert_eq!(refused.expect_err("refused").code(), Some("InvalidParameter"));
}

#[tokio::test(start_paused = true)]
async fn invalid_messages_are_refused_with_the_error_codes_of_aws() {
    let world = world();
    let sns = sns(&world, PROD);
    let topic = topic(&sns, "t").await;
    let refused = |code: &str| Err(code.to_owned());
    assert_eq!(publish(&sns, "arn:aws:sns:eu-west-1:111111111111:none", "x").await, refused("NotFound"));
    assert_eq!(publish(&sns, "arn:aws:sns:us-east-1:111111111111:t", "x").await, refused("InvalidParameter"));
    for subject in ["", &"s".repeat(101)] {
        let request = sns.publish().topic_arn(&topic).message("x").subject(subject);
        assert_eq!(request.send().await.expect_err("refused").code(), Some("InvalidParameter"));
    }
    let request = sns.publish().topic_arn(&topic).message("x").subject("two\nlines");
    assert_eq!(request.send().await.expect_err("refused").code(), Some("InvalidParameter"));
}

#[tokio::test(start_paused = true)]
async fn faults_lose_duplicate_and_delay_deliveries() {
    let world = world();
    let sns = sns(&world, PROD);
    let topic = topic(&sns, "t").await;
    let (function, given) = remembering();
    subscribe(&sns, &topic, "lambda", &world.add_function(PROD, REGION, "f", function)).await;
    let actions = [(1, Action::Delay(Duration::from_secs(60))), (2, Action::Lose), (3, Action::Duplicate)];
    let at = Point::Delivery("t".to_owned());
    world.plan_faults(Plan::List(actions.map(|(nth, action)| Fault { at: at.clone(), nth, action }).to_vec()));
    for message in ["late", "lost", "doubled", "passed"] {
        publish(&sns, &topic, message).await.expect("published");
    }
    world.sleep(Duration::from_secs(3600)).await;
    assert_eq!(messages(&given), ["doubled", "passed", "doubled", "late"]);
    let arrivals: Vec<_> = world.journal(|journal| {
        let of = |event: &Event| if let Event::Delivery { outcome, .. } = event { Some(*outcome) } else { None };
        journal.entries().iter().filter_map(|entry| of(&entry.event)).collect()
    });
    let delivered = DeliveryOutcome::Delivered;
    assert_eq!(arrivals, [DeliveryOutcome::Lost, delivered, delivered, delivered, delivered]);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_takes_100_ms_and_fails_without_its_target() {
    let world = world();
    let sns = sns(&world, PROD);
    let topic = topic(&sns, "t").await;
    subscribe(&sns, &topic, "sqs", QUEUE).await;
    let published = world.now();
    publish(&sns, &topic, "x").await.expect("published");
    world.sleep(Duration::from_secs(1)).await;
    world.journal(|journal| {
        let last = journal.entries().last().expect("an entry");
        assert_eq!((last.at - published).num_milliseconds(), 100);
        assert!(matches!(&last.event, Event::Delivery { outcome: DeliveryOutcome::Failed, to, .. } if to == QUEUE));
    });
}
