//! Malformed and unexpected payloads: a function ignores them with one log line, or fails with a reason.

use std::fmt::Write;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use protocol::{Announcement, Message, Origin, Place, Tags};
use serde_json::{Value, json};
use tests::{DR, Fixture, MINUTE, REGION, SOURCE, settings};

use crate::{PRODUCER_TOPIC, draco_event};

const FUNCTIONS: [(&str, &str); 2] = [(SOURCE, "draco-producer"), (DR, "draco-consumer")];
const NOTIFICATION: &str = "RDS Notification Message";

/// The event with a message, as SNS sends it to the producer. [`for_function`] changes it for the consumer.
fn sns_event(subject: &str, message: &str) -> Value {
    crate::sns_event(PRODUCER_TOPIC, subject, message)
}

/// The payload with the topics that the function receives: in DR, messages of a source account have their own topic.
fn for_function(function: &str, payload: &Value) -> Value {
    let mut payload = payload.clone();
    let records = payload.get_mut("Records").and_then(Value::as_array_mut);
    let messages = records.into_iter().flatten().filter_map(|record| record.get_mut("Sns"));
    for message in messages.filter(|message| function == "draco-consumer" && message["TopicArn"] == PRODUCER_TOPIC) {
        let topic = if message["Subject"] == "DRACO Event" { "DracoConsumer-111111111111" } else { "DracoConsumer" };
        message["TopicArn"] = format!("arn:aws:sns:{REGION}:{DR}:{topic}").into();
    }
    payload
}

/// A notification of RDS about a resource.
fn notification(source: &str, arn: &str, number: &str) -> Value {
    let id = arn.splitn(7, ':').last().unwrap_or_default();
    let message = json!({
        "Event Source": source,
        "Event Time": "2026-11-21 02:00:00.000",
        "Identifier Link": "https://console.aws.amazon.com/rds",
        "Source ID": id,
        "Source ARN": arn,
        "Event ID": format!("http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html#{number}"),
        "Event Message": "Automated snapshot created",
    });
    sns_event(NOTIFICATION, &message.to_string())
}

fn origin(arn: &str) -> anyhow::Result<Origin> {
    let database = format!("arn:aws:rds:{REGION}:{SOURCE}:db:orders").parse()?;
    Ok(Origin { snapshot: arn.parse()?, database, taken: settings().epoch })
}

/// A message with another value of one field.
fn changed(message: &Message, field: &str, value: Value) -> anyhow::Result<Value> {
    let mut json: Value = serde_json::from_str(&message.to_string())?;
    json[field] = value;
    Ok(sns_event("DRACO Event", &json.to_string()))
}

/// The payloads, each with a description.
fn payloads() -> anyhow::Result<Vec<(&'static str, Value)>> {
    let mine = "arn:aws:rds:eu-west-1:111111111111:snapshot:mine";
    let created = |arn: &str| notification("db-snapshot", arn, "RDS-EVENT-0042");
    let origin = origin(mine)?;
    let dr = Place { account: DR.parse()?, region: REGION.parse()? };
    let completed = Message::Completed { copy: origin.copy(&dr), origin: origin.clone() };
    let announcement = Announcement { transit: origin.transit(), tags: Tags::default(), origin };
    let shared = Message::Shared(announcement);
    let several: Vec<Value> = [sns_event(NOTIFICATION, "not JSON"), created(mine), sns_event("Hello", "there")]
        .into_iter()
        .filter_map(|event| event["Records"].get(0).cloned())
        .collect();
    let mut queue = created(mine);
    queue["Records"][0]["EventSource"] = "aws:sqs".into();
    let mut no_subject = created(mine);
    no_subject["Records"][0]["Sns"]["Subject"] = Value::Null;
    let mut no_topic = created(mine);
    no_topic["Records"][0]["Sns"]["TopicArn"] = "DracoProducer".into();
    Ok(vec![
        ("null", Value::Null),
        ("a text", "sweep".into()),
        ("a list", json!([])),
        ("an empty object", json!({})),
        ("another event", json!({ "detail-type": "RDS DB Snapshot Event" })),
        ("no records", json!({ "Records": [] })),
        ("records that are not a list", json!({ "Records": {} })),
        ("a record of another source", json!({ "Records": [{ "eventSource": "aws:s3" }] })),
        ("a record of a queue", queue),
        ("several records, of which some are invalid", json!({ "Records": several })),
        ("no subject", no_subject),
        ("another subject", sns_event("ALARM: something", "{}")),
        (
            "the first message of RDS to a new subscription",
            sns_event(
                NOTIFICATION,
                "This is a message to notify that RDS will attempt to send you event notifications to the topic",
            ),
        ),
        ("a notification that is not JSON", sns_event(NOTIFICATION, "{")),
        ("a notification of another shape", sns_event(NOTIFICATION, "{\"Event Source\": 7}")),
        ("a notification without a topic ARN", no_topic),
        ("an unknown event number", notification("db-snapshot", mine, "RDS-EVENT-9999")),
        ("no event number", notification("db-snapshot", mine, "")),
        (
            "an event of a database",
            notification("db-instance", "arn:aws:rds:eu-west-1:111111111111:db:orders", "RDS-EVENT-0042"),
        ),
        ("a snapshot that does not exist", created(mine)),
        ("another partition", created("arn:aws-cn:rds:cn-north-1:111111111111:snapshot:mine")),
        ("another region", created("arn:aws:rds:us-east-1:111111111111:snapshot:mine")),
        ("another account", created("arn:aws:rds:eu-west-1:333333333333:snapshot:mine")),
        ("another service", created("arn:aws:ec2:eu-west-1:111111111111:snapshot:mine")),
        ("another resource type", created("arn:aws:rds:eu-west-1:111111111111:og:mine")),
        ("no identifier", created("arn:aws:rds:eu-west-1:111111111111:snapshot:")),
        ("an identifier with an invalid character", created("arn:aws:rds:eu-west-1:111111111111:snapshot:mine/µ")),
        (
            "a very long identifier",
            created(&format!("arn:aws:rds:eu-west-1:111111111111:snapshot:{}", "m".repeat(256))),
        ),
        ("a message that is not JSON", sns_event("DRACO Event", "hello")),
        ("a message of another shape", sns_event("DRACO Event", "[1]")),
        ("a message without version", changed(&completed, "version", Value::Null)?),
        ("a message with a newer version", changed(&completed, "version", 2.into())?),
        ("a message with an invalid version", changed(&completed, "version", (-1).into())?),
        ("a message with an unknown event", changed(&completed, "event", "snapshot-verified".into())?),
        ("an invalid time", changed(&completed, "taken", "yesterday".into())?),
        ("an invalid copy ARN", changed(&completed, "copy", "nowhere".into())?),
        ("a message with an unknown field", changed(&completed, "note", "new".into())?),
        ("a message for the other account", draco_event(&completed)),
        ("an announcement", sns_event("DRACO Event", &shared.to_string())),
        ("an announcement with invalid tags", changed(&shared, "tags", json!(["Draco_Lifecycle"]))?),
        ("an empty check", json!({ "check": {} })),
        (
            "a check with an unknown status",
            json!({ "check": { "awaited": "restoring", "since": "2026-11-21T02:00:00Z" } }),
        ),
        ("a sweep with an unknown kind", json!({ "sweep": { "kind": "volume" } })),
        ("a sweep with an invalid marker", json!({ "sweep": { "kind": "cluster", "marker": "µ" } })),
        ("a sweep with an unknown field", json!({ "sweep": { "slowly": true } })),
    ])
}

#[tokio::test(start_paused = true)]
async fn each_invalid_payload_is_ignored_with_a_log_line_or_fails_with_a_reason() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let (world, logs) = (fixture.rehearsal.world(), fixture.rehearsal.logs());
    // Until the first messages of RDS to new subscriptions have arrived.
    world.sleep(MINUTE).await;
    let mut table = String::new();
    for (description, payload) in payloads()? {
        writeln!(table, "{description}")?;
        for (account, name) in FUNCTIONS {
            let before = logs.lines().len();
            let payload = for_function(name, &payload);
            let response = world.invoke_function_and_wait(&fixture.function_arn(account, name), payload).await;
            let lines: Vec<_> = logs.lines().split_off(before);
            match response {
                Ok(response) => {
                    let lines = lines.iter().map(|line| {
                        let detail = if line.text("step") == "message_rejected" { "reason" } else { "message" };
                        format!("{} {}: {}", line.text("level"), line.text("step"), line.text(detail))
                    });
                    writeln!(table, "  {name}: {response} [{}]", lines.collect::<Vec<_>>().join("] ["))?;
                }
                Err(failed) => {
                    let cause: Value = serde_json::from_str(&failed.cause)?;
                    let message = cause["errorMessage"].as_str().unwrap_or_default();
                    // The log has the same reason.
                    assert!(lines.iter().any(|line| line.text("level") == "ERROR" && line.text("reason") == message));
                    writeln!(table, "  {name}: {}: {message}", failed.error)?;
                }
            }
        }
    }
    insta::assert_snapshot!(table);
    Ok(())
}

/// Random JSON.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "sweep",
            "check",
            "2026-11-21T02:00:00Z",
            "aws:sns",
            "arn:aws:rds:eu-west-1:111111111111:snapshot:é"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let keys = prop_oneof![
            any::<String>(),
            prop::sample::select(vec![
                "Records",
                "EventSource",
                "Sns",
                "check",
                "sweep",
                "kind",
                "marker",
                "since",
                "copying",
                "sharing"
            ])
            .prop_map(str::to_owned),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(keys, inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// One of the payloads, with random JSON in place of one of its values.
fn changed_payload() -> impl Strategy<Value = Value> {
    let payloads: Vec<Value> = payloads().unwrap_or_default().into_iter().map(|(_, payload)| payload).collect();
    (prop::sample::select(payloads), json(), any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(mut payload, random, index, in_message)| {
            let text = payload.pointer("/Records/0/Sns/Message").and_then(Value::as_str);
            let message = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
            match message {
                Some(mut message) if in_message => {
                    replace_value(&mut message, random, index);
                    payload["Records"][0]["Sns"]["Message"] = message.to_string().into();
                }
                _ => replace_value(&mut payload, random, index),
            }
            payload
        },
    )
}

/// Replaces the value at this index of the list of all values.
fn replace_value(json: &mut Value, with: Value, index: prop::sample::Index) {
    let mut pointers = Vec::new();
    list_pointers(json, String::new(), &mut pointers);
    if let Some(value) = json.pointer_mut(&pointers[index.index(pointers.len())]) {
        *value = with;
    }
}

/// Adds the JSON pointers of all values.
fn list_pointers(json: &Value, pointer: String, pointers: &mut Vec<String>) {
    match json {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| list_pointers(value, format!("{pointer}/{key}"), pointers))
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, value)| list_pointers(value, format!("{pointer}/{n}"), pointers))
        }
        _ => {}
    }
    pointers.push(pointer);
}

#[tokio::test(start_paused = true)]
async fn no_json_makes_a_function_panic() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let mut runner = TestRunner::deterministic();
    let strategy = prop_oneof![1 => json(), 3 => changed_payload()];
    for _ in 0..500 {
        let payload = strategy.new_tree(&mut runner).map_err(|why| anyhow::anyhow!("{why}"))?.current();
        for (account, name) in FUNCTIONS {
            let response = fixture
                .rehearsal
                .world()
                .invoke_function_and_wait(&fixture.function_arn(account, name), for_function(name, &payload))
                .await;
            let crashed =
                response.as_ref().is_err_and(|failed| failed.error != "Error" || failed.cause.contains("panicked"));
            assert!(!crashed, "{name} on {payload}: {response:?}");
        }
    }
    assert_eq!(fixture.snapshots(SOURCE).await?.len() + fixture.snapshots(DR).await?.len(), 0);
    Ok(())
}
