//! Random input: no parser panics, and every error message is one line of limited length.

use std::collections::BTreeMap;
use std::fmt::Display;

use proptest::prelude::*;
use protocol::event::Event;
use protocol::message::Refusal;
use protocol::notification::Notification;
use protocol::settings::{SettingsReader, parse_arn_of};
use protocol::{AccountId, DatabaseArn, Message, Origin, Region, SnapshotArn, Status, TopicArn};
use serde_json::{Map, Value, json};

use crate::fixtures::{self, SOURCE, place};
use crate::messages::record;

/// The parsed value, if the input is valid. Otherwise checks the error message.
fn check<T, E: Display>(parsed: Result<T, E>) -> Option<T> {
    parsed
        .map_err(|why| {
            let why = why.to_string();
            assert!(!why.chars().any(char::is_control), "{why:?} has more than one line");
            assert!(why.chars().count() < 4_000, "{why:?} is too long");
        })
        .ok()
}

fn check_text(text: &str) {
    let written = check(text.parse::<SnapshotArn>()).map(|arn| arn.to_string());
    assert!(written.is_none_or(|written| written.eq_ignore_ascii_case(text)));
    check(text.parse::<DatabaseArn>());
    check(SnapshotArn::new(protocol::Kind::Cluster, place(SOURCE), text));
    check(text.parse::<AccountId>());
    check(text.parse::<Region>());
    check(text.parse::<TopicArn>());
    check(parse_arn_of("kms")(text));
    check(Message::parse(text));
    check(Notification::parse(text, &place(SOURCE)));
    let _ = Refusal::parse(text);
    let _ = Status::parse(text);
    if let Ok(json) = serde_json::from_str(text) {
        check_json(json);
    }
    for subject in ["RDS Notification Message", "DRACO Event", text] {
        check_json(json!({"Records": [record(Some(subject), text)]}));
    }
    let variables = ["DR_ACCT", "TAG_KEY", "TAG_VALUE"].map(|name| (name.to_owned(), text.to_owned()));
    let variables = BTreeMap::from(variables);
    let mut settings = SettingsReader::new(&variables);
    let account = settings.required("DR_ACCT", "an account", str::parse::<AccountId>);
    let _ = (settings.own_tag(), settings.switch("DR_ACCT"));
    check(settings.finish(account));
}

fn check_json(json: Value) {
    check(Message::parse(&json.to_string()));
    check(Notification::parse(&json.to_string(), &place(SOURCE)));
    check(serde_json::from_value::<Origin>(json.clone()).map_err(|_| "serde's own message"));
    if let Some(Event::Records(records)) = check(Event::parse(json)) {
        records.into_iter().for_each(|record| drop(check(record)));
    }
}

/// Text that resembles valid input.
fn near_miss() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "arn",
        ":",
        "aws",
        "rds",
        "eu-west-1",
        "111111111111",
        "snapshot",
        "cluster-snapshot",
        "db",
        "-",
        "\n",
        "\"",
        "\u{0}",
        "é",
        "1",
        "RDS-EVENT-",
        "0091",
        "{",
        "}",
        "2026-11-21T03:06:39Z",
        " ",
        "not-shared",
        "This is a message",
        "\u{2028}",
        "99999999999999999999",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

/// JSON with the keys and values of Draco's formats, in any combination.
fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        9 => prop::sample::select(vec![
            "Records", "EventSource", "eventSource", "Sns", "TopicArn", "Subject", "Message", "check", "sweep", "copying", "sharing",
            "since", "kind", "marker", "version", "event", "snapshot", "database", "taken", "transit", "tags", "copy", "reason", "why",
            "Event Source", "Source ID", "Source ARN", "Event ID",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(1)),
        any::<String>().prop_map(Value::from),
        near_miss().prop_map(Value::from),
        prop::sample::select(vec![
            "aws:sns",
            "arn:aws:sns:eu-west-1:111111111111:DracoProducer",
            "RDS Notification Message",
            "DRACO Event",
            "instance",
            "snapshot-copy-shared",
            "snapshot-copy-completed",
            "snapshot-no-copy",
            "2026-11-21T03:06:39Z",
            "not-shared",
            "arn:aws:rds:eu-west-1:111111111111:snapshot:a",
            "arn:aws:rds:eu-west-1:111111111111:db:a",
            "db-snapshot",
            "RDS-EVENT-0091",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 8, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            4 => prop::collection::vec((key.clone(), inner), 0..8).prop_map(|pairs| Value::from(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A valid message in which one field has a random value.
fn message_with_random_field() -> impl Strategy<Value = Value> {
    let valid = || {
        let origin = fixtures::orders();
        let mut json = serde_json::to_value(&origin).unwrap();
        json["transit"] = origin.transit().to_string().into();
        json["copy"] = origin.transit().to_string().into();
        json["tags"] = json!({"a": "b"});
        json["reason"] = "not-shared".into();
        json["why"] = "so".into();
        json["version"] = 1.into();
        json
    };
    let event = prop::sample::select(vec!["snapshot-copy-shared", "snapshot-copy-completed", "snapshot-no-copy"]);
    let field = prop::sample::select(vec![
        "snapshot", "database", "taken", "transit", "copy", "tags", "reason", "why", "version", "event",
    ]);
    (event, field, any_json()).prop_map(move |(event, field, value)| {
        let mut json = valid();
        json["event"] = event.into();
        json[field] = value;
        json
    })
}

proptest! {
    #[test]
    fn random_bytes_cause_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check_text(&String::from_utf8_lossy(&bytes));
        if let Ok(json) = serde_json::from_slice(&bytes) {
            check_json(json);
        }
    }

    #[test]
    fn random_text_causes_no_panic(text in any::<String>()) {
        check_text(&text);
    }

    #[test]
    fn text_that_resembles_valid_input_causes_no_panic(text in near_miss()) {
        check_text(&text);
    }

    #[test]
    fn random_json_causes_no_panic(json in any_json()) {
        check_json(json.clone());
        check_json(json!({"Records": [json.clone()]}));
        check_json(json!({"Records": [record(Some("DRACO Event"), &json.to_string()), record(Some("RDS Notification Message"), &json.to_string())]}));
        check_json(json!({"check": json.clone()}));
        check_json(json!({"sweep": json}));
    }

    #[test]
    fn a_message_with_a_random_field_causes_no_panic(json in message_with_random_field()) {
        check_json(json.clone());
        check_json(json!({"check": {"copying": json.clone(), "since": "2026-11-21T03:06:39Z"}}));
        check_json(json!({"check": {"sharing": json.clone(), "since": json}}));
    }
}

#[test]
fn very_long_input_is_shortened_in_error_messages() {
    check_text(&"x".repeat(1_000_000));
    check_text(&format!("arn:aws:rds:eu-west-1:111111111111:snapshot:{}", "é".repeat(100_000)));
    check_text(&"[".repeat(100_000));
    check_json(json!({"Records": "x".repeat(100_000)}));
    check_json(json!({"x".repeat(100_000): 1}));
}
