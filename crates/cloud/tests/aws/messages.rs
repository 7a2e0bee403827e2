//! Messages from one account to the function of the other.

use std::sync::{Arc, Mutex};

use super::*;
use protocol::event::{Content, Event};
use protocol::{Announcement, Message, Origin};
use serde_json::{Value, json};
use sim::lambda::{Function, Invocation};

fn origin() -> Origin {
    Origin {
        snapshot: arn(Kind::Instance, PROD, "rds:orders"),
        database: protocol::DatabaseArn::new(Kind::Instance, place(PROD), "orders").expect("an identifier"),
        taken: time("2026-11-21T03:05:00Z"),
    }
}

pub(crate) fn message() -> Message {
    Message::Completed { copy: origin().copy(&place(DR)), origin: origin() }
}

/// The maximum number and length of tags, in characters of three bytes each.
fn longest_message() -> Message {
    let tags = (0..50).map(|n| (format!("{n:02}{}", "日".repeat(126)), "本".repeat(256))).collect();
    Message::Shared(Announcement { transit: origin().transit(), origin: origin(), tags })
}

#[tokio::test(start_paused = true)]
async fn a_published_message_arrives_unchanged() {
    let world = world();
    let received = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&received);
    let function = Function::new("function", move |Invocation { payload, .. }| {
        sink.lock().expect("a lock").push(payload);
        async { Ok(Value::Null) }
    });
    let function = world.add_function(PROD, HERE, "receiver", function);
    let sns = aws_sdk_sns::Client::new(&world.sdk_config(PROD, HERE));
    let topic = sns.create_topic().name("DracoProducer").send().await.expect("a topic").topic_arn.expect("an ARN");
    sns.subscribe().topic_arn(&topic).protocol("lambda").endpoint(function).send().await.expect("a subscription");
    for message in [message(), longest_message()] {
        cloud(&world, PROD).publish(&topic.parse().expect("a topic"), &message).await.expect("a response");
        world.sleep(MINUTE).await;
        let payload = received.lock().expect("a lock").pop().expect("an event");
        let attributes = &payload["Records"][0]["Sns"]["MessageAttributes"];
        assert_eq!(*attributes, json!({ "event": { "Type": "String", "Value": message.event() } }));
        assert_eq!(payload["Records"][0]["Sns"]["Subject"], "DRACO Event");
        let Ok(Event::Records(records)) = Event::parse(payload) else { panic!("not an SNS event") };
        let contents: Vec<_> = records.into_iter().map(|record| record.map(|record| record.content).ok()).collect();
        assert_eq!(contents, [Some(Content::Message(message))]);
    }
}
