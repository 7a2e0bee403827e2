//! Notifications of events: from RDS through a topic to a function.

use std::sync::{Arc, Mutex};

use aws_sdk_rds::operation::create_event_subscription::builders::CreateEventSubscriptionFluentBuilder;
use serde_json::{Value, json};
use sim::World;
use sim::lambda::{Function, Invocation};

use super::support::*;

const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:t";

/// The messages that the function subscribed to the topic has received: subject and text.
pub(super) type ReceivedMessages = Arc<Mutex<Vec<(String, String)>>>;

/// Creates a topic with a function that records its messages.
pub(super) async fn topic(world: &World) -> ReceivedMessages {
    let received = ReceivedMessages::default();
    let memory = Arc::clone(&received);
    let function = Function::new("listener", move |invocation: Invocation| {
        let sns = &invocation.payload["Records"][0]["Sns"];
        let text = |member: &str| sns[member].as_str().expect("a text").to_owned();
        memory.lock().expect("a lock").push((text("Subject"), text("Message")));
        async { Ok(Value::Null) }
    });
    let function = world.add_function(PROD, REGION, "listener", function);
    let sns = aws_sdk_sns::Client::new(&world.sdk_config(PROD, REGION));
    sns.create_topic().name("t").send().await.expect("a topic");
    sns.subscribe().topic_arn(TOPIC).protocol("lambda").endpoint(function).send().await.expect("a subscription");
    received
}

/// The event messages received, without the greeting.
async fn messages(world: &World, received: &ReceivedMessages) -> Vec<String> {
    world.sleep(MINUTE).await;
    let received = received.lock().expect("a lock");
    let events = received.iter().filter_map(|(_, message)| serde_json::from_str::<Value>(message).ok());
    events.map(|event| event["Event Message"].as_str().expect("a text").to_owned()).collect()
}

pub(super) fn subscription(rds: &Rds, name: &str) -> CreateEventSubscriptionFluentBuilder {
    rds.client.create_event_subscription().subscription_name(name).sns_topic_arn(TOPIC)
}

/// Number, category and message of an event.
pub(super) type Told = (String, String, String);

/// The events of a database that the function has received: the number from the notification, the category from RDS.
pub(super) async fn told(world: &World, received: &ReceivedMessages, rds: &Rds, id: &str) -> Vec<Told> {
    world.sleep(MINUTE).await;
    let mut categories = Vec::new();
    let mut pages = rds.client.describe_events().duration(14 * 24 * 60).into_paginator().items().send();
    while let Some(event) = pages.next().await {
        let event = event.expect("events");
        categories.push((event.message().expect("a text").to_owned(), event.event_categories().join(",")));
    }
    let received = received.lock().expect("a lock");
    let events = received.iter().filter_map(|(_, message)| serde_json::from_str::<Value>(message).ok());
    let source = rds.kind.pick("db-instance", "db-cluster");
    let of_it = events.filter(|event| event["Event Source"] == source && event["Source ID"] == id);
    let told = of_it.map(|event| {
        let text = |member: &str| event[member].as_str().expect("a text").to_owned();
        let (_, number) =
            text("Event ID").rsplit_once('#').map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a number");
        let message = text("Event Message");
        let (_, category) = categories.iter().find(|(of, _)| *of == message).expect("the same event").clone();
        (number, category, message)
    });
    told.collect()
}

#[tokio::test(start_paused = true)]
async fn a_topic_receives_the_greeting_and_then_exact_event_messages() {
    for kind in BOTH {
        let world = world();
        let received = topic(&world).await;
        let rds = Rds::new(&world, PROD, REGION, kind);
        let source_type = kind.pick("db-snapshot", "db-cluster-snapshot");
        let made = subscription(&rds, "n").source_type(&source_type).send().await.expect("a subscription");
        let made = made.event_subscription().expect("a subscription");
        assert_eq!((made.status(), made.enabled()), (Some("creating"), Some(true)));
        let like = DatabaseSpec { window: Some("03:10-03:40"), ..DatabaseSpec::daily(1) };
        rds.create_database("orders", like).await.expect("a database");
        world.sleep(30 * MINUTE).await;
        let received = received.lock().expect("a lock").clone();
        let greeting = format!(
            "This is a message to notify that RDS will attempt to send you event notifications of type {source_type} \
             to the topic {TOPIC}."
        );
        assert_eq!(received[0], ("RDS Notification Message".to_owned(), greeting));
        assert_eq!(received.len(), 3);
        assert_eq!(received[2], ("RDS Notification Message".to_owned(), automated(kind).to_owned()));
    }
}

/// The notification that the automated snapshot of the database `orders` is complete.
fn automated(kind: Kind) -> &'static str {
    match kind {
        Kind::Instance => concat!(
            r#"{"Event Source":"db-snapshot","Event Time":"2026-11-21 03:20:00.000","#,
            r#""Identifier Link":"https://console.aws.amazon.com/rds/home?region=eu-west-1"#,
            r##"#snapshot:id=rds:orders-2026-11-21-03-10","##,
            r#""Source ID":"rds:orders-2026-11-21-03-10","#,
            r#""Source ARN":"arn:aws:rds:eu-west-1:111111111111:snapshot:rds:orders-2026-11-21-03-10","#,
            r#""Event ID":"http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html"#,
            r##"#RDS-EVENT-0091","Event Message":"Automated snapshot created"}"##,
        ),
        Kind::Cluster => concat!(
            r#"{"Event Source":"db-cluster-snapshot","Event Time":"2026-11-21 03:20:00.000","#,
            r#""Identifier Link":"https://console.aws.amazon.com/rds/home?region=eu-west-1"#,
            r##"#snapshot:engine=aurora;id=rds:orders-2026-11-21-03-10","##,
            r#""Source ID":"rds:orders-2026-11-21-03-10","#,
            r#""Source ARN":"arn:aws:rds:eu-west-1:111111111111:cluster-snapshot:rds:orders-2026-11-21-03-10","#,
            r#""Event ID":"http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html"#,
            r##"#RDS-EVENT-0169","Event Message":"Automated cluster snapshot created"}"##,
        ),
    }
}

#[tokio::test(start_paused = true)]
async fn only_subscribed_events_are_published() {
    let world = world();
    let received = topic(&world).await;
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.snapshot(&world, "s").await;
    rds.snapshot(&world, "t").await;
    let made = |name: &str| subscription(&rds, name).source_type("db-snapshot");
    let about_s = made("s").source_ids("S").event_categories("deletion");
    about_s.send().await.expect("a subscription");
    made("off").enabled(false).send().await.expect("a subscription");
    for id in ["s", "t"] {
        rds.delete(id).await.expect("a deletion");
    }
    assert_eq!(messages(&world, &received).await, ["Deleted user snapshot"]);
    // Events of another region or another account are not published here.
    Rds::new(&world, PROD, OTHER_REGION, Kind::Instance).snapshot(&world, "s").await;
    Rds::new(&world, DR, REGION, Kind::Instance).snapshot(&world, "s").await;
    assert_eq!(messages(&world, &received).await, ["Deleted user snapshot"]);
}

#[tokio::test(start_paused = true)]
async fn subscriptions_are_described_modified_and_deleted() {
    let world = world();
    let received = topic(&world).await;
    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    subscription(&rds, "n").source_type("db-snapshot").send().await.expect("a subscription");
    assert_eq!(code(subscription(&rds, "n").send().await).err().as_deref(), Some("SubscriptionAlreadyExist"));
    let modify = rds.client.modify_event_subscription().subscription_name("n").source_type("db-cluster-snapshot");
    modify.event_categories("backup").send().await.expect("a change");
    let found = rds.client.describe_event_subscriptions().send().await.expect("subscriptions");
    let found = &found.event_subscriptions_list()[0];
    assert_eq!((found.status(), found.sns_topic_arn()), (Some("active"), Some(TOPIC)));
    assert_eq!(
        (found.source_type(), found.event_categories_list()),
        (Some("db-cluster-snapshot"), &["backup".to_owned()][..])
    );
    rds.snapshot(&world, "s").await;
    let events = ["Creating manual cluster snapshot", "Manual cluster snapshot created"];
    assert_eq!(messages(&world, &received).await, events);
    rds.client.delete_event_subscription().subscription_name("n").send().await.expect("a deletion");
    rds.create("of-s", "t").await.expect("a snapshot");
    assert_eq!(messages(&world, &received).await, events);
    let gone = rds.client.describe_event_subscriptions().subscription_name("n").send().await;
    assert_eq!(code(gone).err().as_deref(), Some("SubscriptionNotFound"));
}

#[tokio::test(start_paused = true)]
async fn creating_a_subscription_validates_topic_source_and_category() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let refused = async |call: CreateEventSubscriptionFluentBuilder| code(call.send().await).expect_err("an error");
    assert_eq!(refused(subscription(&rds, "n")).await, "SNSTopicArnNotFound");
    topic(&world).await;
    let of_type = || subscription(&rds, "n").source_type("db-snapshot");
    assert_eq!(refused(of_type().source_ids("none")).await, "SourceNotFound");
    assert_eq!(refused(of_type().event_categories("backup")).await, "SubscriptionCategoryNotFound");
    assert_eq!(refused(subscription(&rds, "n").source_ids("none")).await, "InvalidParameterCombination");
    assert_eq!(refused(subscription(&rds, "n").source_type("db-shard-group")).await, "InvalidParameterValue");
    assert_eq!(refused(subscription(&rds, &"n".repeat(255))).await, "InvalidParameterValue");
    assert_eq!(refused(of_type().sns_topic_arn(format!("{TOPIC}.fifo"))).await, "SNSInvalidTopic");
    // The guide writes `global failover`.
    let of_clusters = |category: &str| subscription(&rds, "c").source_type("db-cluster").event_categories(category);
    assert_eq!(refused(of_clusters("global failover")).await, "SubscriptionCategoryNotFound");
    of_clusters("global-failover").send().await.expect("a subscription");
    let sns = aws_sdk_sns::Client::new(&world.sdk_config(PROD, REGION));
    let owner = json!({ "AWS": format!("arn:aws:iam::{PROD}:root") });
    let statement = json!({ "Effect": "Allow", "Principal": owner, "Action": "sns:Publish", "Resource": TOPIC });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let set = sns.set_topic_attributes().topic_arn(TOPIC).attribute_name("Policy").attribute_value(policy);
    set.send().await.expect("a policy");
    assert_eq!(refused(of_type()).await, "SNSNoAuthorization");
}

#[tokio::test(start_paused = true)]
async fn a_subscription_can_have_every_type_of_source() {
    let world = world();
    topic(&world).await;
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let answer = rds.client.describe_event_categories().send().await.expect("categories");
    let types: Vec<_> = answer.event_categories_map_list().iter().filter_map(|row| row.source_type()).collect();
    assert_eq!(types.len(), 11);
    for name in types.into_iter().filter(|name| *name != "db-shard-group") {
        subscription(&rds, name).source_type(name).send().await.expect("a subscription");
    }
    let of = rds.client.describe_event_categories().source_type("db-cluster-snapshot").send().await.expect("a type");
    assert_eq!(of.event_categories_map_list()[0].event_categories(), ["backup", "notification"]);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_has_tags() {
    let world = world();
    topic(&world).await;
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let first = tags(&[("team", "shop")]);
    subscription(&rds, "n").set_tags(Some(sdk_tags(&first))).send().await.expect("a subscription");
    let arn = "arn:aws:rds:eu-west-1:111111111111:es:n";
    let seen = async || {
        let answer = rds.client.list_tags_for_resource().resource_name(arn).send().await.expect("tags");
        read_tags(answer.tag_list())
    };
    assert_eq!(seen().await, first);
    let second = tags(&[("cost", "7")]);
    rds.client.add_tags_to_resource().resource_name(arn).set_tags(Some(sdk_tags(&second))).send().await.expect("a tag");
    rds.client.remove_tags_from_resource().resource_name(arn).tag_keys("team").send().await.expect("a removal");
    assert_eq!(seen().await, second);
    let gone = rds.client.list_tags_for_resource().resource_name(format!("{arn}-gone")).send().await;
    assert_eq!(code(gone).err().as_deref(), Some("InvalidParameterValue"));
}
