//! What a function does with what it should not be invoked with: it ignores it with one line, or fails and says why.

use std::fmt::Write;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use protocol::{Announcement, Message, Origin, Place, Tags};
use serde_json::{Value, json};
use tests::{DR, MINUTE, REGION, SOURCE, Stage, settings};

use crate::{heard, said};

const FUNCTIONS: [(&str, &str); 2] = [(SOURCE, "draco-producer"), (DR, "draco-consumer")];
const NOTIFICATION: &str = "RDS Notification Message";

/// A notification as RDS writes it, about this.
fn told(source: &str, arn: &str, number: &str) -> Value {
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
    heard(NOTIFICATION, &message.to_string())
}

fn origin(arn: &str) -> anyhow::Result<Origin> {
    let database = format!("arn:aws:rds:{REGION}:{SOURCE}:db:orders").parse()?;
    Ok(Origin { snapshot: arn.parse()?, database, taken: settings().epoch })
}

/// The message, with this instead of what stands there.
fn changed(message: &Message, field: &str, value: Value) -> anyhow::Result<Value> {
    let mut json: Value = serde_json::from_str(&message.to_string())?;
    json[field] = value;
    Ok(heard("DRACO Event", &json.to_string()))
}

/// Every odd payload, and what is odd about it.
fn payloads() -> anyhow::Result<Vec<(&'static str, Value)>> {
    let mine = "arn:aws:rds:eu-west-1:111111111111:snapshot:mine";
    let created = |arn: &str| told("db-snapshot", arn, "RDS-EVENT-0042");
    let origin = origin(mine)?;
    let dr = Place { account: DR.parse()?, region: REGION.parse()? };
    let completed = Message::Completed { copy: origin.copy(&dr), origin: origin.clone() };
    let announcement = Announcement { transit: origin.transit(), tags: Tags::default(), origin };
    let shared = Message::Shared(announcement);
    let several: Vec<Value> = [heard(NOTIFICATION, "not JSON"), created(mine), heard("Hello", "there")]
        .into_iter()
        .filter_map(|it| it["Records"].get(0).cloned())
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
        ("records that are none", json!({ "Records": {} })),
        ("a record of another shape", json!({ "Records": [{ "eventSource": "aws:s3" }] })),
        ("a record of a queue", queue),
        ("several records, of which one is wrong", json!({ "Records": several })),
        ("no subject", no_subject),
        ("another subject", heard("ALARM: something", "{}")),
        (
            "the greeting of RDS",
            heard(
                NOTIFICATION,
                "This is a message to notify that RDS will attempt to send you event notifications to the topic",
            ),
        ),
        ("a notification that is not JSON", heard(NOTIFICATION, "{")),
        ("a notification of another shape", heard(NOTIFICATION, "{\"Event Source\": 7}")),
        ("a notification from what is no topic", no_topic),
        ("an event number never seen", told("db-snapshot", mine, "RDS-EVENT-9999")),
        ("no event number", told("db-snapshot", mine, "")),
        (
            "an event of a database",
            told("db-instance", "arn:aws:rds:eu-west-1:111111111111:db:orders", "RDS-EVENT-0042"),
        ),
        ("a snapshot that is not there", created(mine)),
        ("another partition", created("arn:aws-cn:rds:cn-north-1:111111111111:snapshot:mine")),
        ("another region", created("arn:aws:rds:us-east-1:111111111111:snapshot:mine")),
        ("another account", created("arn:aws:rds:eu-west-1:333333333333:snapshot:mine")),
        ("another service", created("arn:aws:ec2:eu-west-1:111111111111:snapshot:mine")),
        ("another kind of thing", created("arn:aws:rds:eu-west-1:111111111111:og:mine")),
        ("no identifier", created("arn:aws:rds:eu-west-1:111111111111:snapshot:")),
        ("an odd identifier", created("arn:aws:rds:eu-west-1:111111111111:snapshot:mine/µ")),
        (
            "a very long identifier",
            created(&format!("arn:aws:rds:eu-west-1:111111111111:snapshot:{}", "m".repeat(256))),
        ),
        ("a message that is not JSON", heard("DRACO Event", "hello")),
        ("a message of another shape", heard("DRACO Event", "[1]")),
        ("a message without version", changed(&completed, "version", Value::Null)?),
        ("a message from the future", changed(&completed, "version", 2.into())?),
        ("a message with a version that is none", changed(&completed, "version", (-1).into())?),
        ("an event from the future", changed(&completed, "event", "snapshot-verified".into())?),
        ("a time that is none", changed(&completed, "taken", "yesterday".into())?),
        ("a copy that is none", changed(&completed, "copy", "nowhere".into())?),
        ("a field from the future", changed(&completed, "note", "new".into())?),
        ("a message for the other", said(&completed)),
        ("an announcement", said(&shared)),
        ("an announcement with odd tags", changed(&shared, "tags", json!(["Draco_Lifecycle"]))?),
        ("a check of nothing", json!({ "check": {} })),
        ("a check of something else", json!({ "check": { "awaited": "restoring", "since": "2026-11-21T02:00:00Z" } })),
        ("a sweep of what is none", json!({ "sweep": { "kind": "volume" } })),
        ("a sweep with a marker that is none", json!({ "sweep": { "kind": "cluster", "marker": "µ" } })),
        ("a sweep with a field from the future", json!({ "sweep": { "slowly": true } })),
    ])
}

#[tokio::test(start_paused = true)]
async fn every_odd_payload_is_ignored_with_a_line_or_refused_with_a_reason() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let (world, logs) = (stage.rehearsal.world(), stage.rehearsal.logs());
    // Until what RDS says to new subscribers has arrived.
    world.sleep(MINUTE).await;
    let mut table = String::new();
    for (what, payload) in payloads()? {
        writeln!(table, "{what}")?;
        for (account, name) in FUNCTIONS {
            let before = logs.lines().len();
            let answer = world.invoke_function_and_wait(&stage.function(account, name), payload.clone()).await;
            let lines: Vec<_> = logs.lines().split_off(before);
            match answer {
                Ok(answer) => {
                    let lines = lines
                        .iter()
                        .map(|line| format!("{} {}: {}", line.text("level"), line.text("step"), line.text("message")));
                    writeln!(table, "  {name}: {answer} [{}]", lines.collect::<Vec<_>>().join("] ["))?;
                }
                Err(failed) => {
                    let cause: Value = serde_json::from_str(&failed.cause)?;
                    let message = cause["errorMessage"].as_str().unwrap_or_default();
                    // Who reads the log reads the same.
                    assert!(lines.iter().any(|line| line.text("level") == "ERROR" && line.text("reason") == message));
                    writeln!(table, "  {name}: {}: {message}", failed.error)?;
                }
            }
        }
    }
    insta::assert_snapshot!(table);
    Ok(())
}

/// Any JSON.
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

/// A payload that is understood, or nearly, with anything somewhere in it.
fn disturbed() -> impl Strategy<Value = Value> {
    let payloads: Vec<Value> = payloads().unwrap_or_default().into_iter().map(|(_, payload)| payload).collect();
    (prop::sample::select(payloads), json(), any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(mut payload, any, at, inside)| {
            let text = payload.pointer("/Records/0/Sns/Message").and_then(Value::as_str);
            let message = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
            match message {
                Some(mut message) if inside => {
                    disturb(&mut message, any, at);
                    payload["Records"][0]["Sns"]["Message"] = message.to_string().into();
                }
                _ => disturb(&mut payload, any, at),
            }
            payload
        },
    )
}

fn disturb(json: &mut Value, any: Value, at: prop::sample::Index) {
    let mut places = Vec::new();
    list_places(json, String::new(), &mut places);
    if let Some(place) = json.pointer_mut(&places[at.index(places.len())]) {
        *place = any;
    }
}

/// JSON pointers to everything in it.
fn list_places(json: &Value, here: String, places: &mut Vec<String>) {
    match json {
        Value::Object(map) => map.iter().for_each(|(key, value)| list_places(value, format!("{here}/{key}"), places)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, value)| list_places(value, format!("{here}/{n}"), places))
        }
        _ => {}
    }
    places.push(here);
}

#[tokio::test(start_paused = true)]
async fn no_json_makes_a_function_panic() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let mut runner = TestRunner::deterministic();
    let strategy = prop_oneof![1 => json(), 3 => disturbed()];
    for _ in 0..500 {
        let payload = strategy.new_tree(&mut runner).map_err(|why| anyhow::anyhow!("{why}"))?.current();
        for (account, name) in FUNCTIONS {
            let answer =
                stage.rehearsal.world().invoke_function_and_wait(&stage.function(account, name), payload.clone()).await;
            let crashed =
                answer.as_ref().is_err_and(|failed| failed.error != "Error" || failed.cause.contains("panicked"));
            assert!(!crashed, "{name} on {payload}: {answer:?}");
        }
    }
    assert_eq!(stage.all(SOURCE).await?.len() + stage.all(DR).await?.len(), 0);
    Ok(())
}
