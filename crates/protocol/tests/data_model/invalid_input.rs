//! The full error messages for invalid input. `tags.rs` tests too many tags, `identifiers.rs` unusual names.

use std::fmt::{Debug, Display};

use protocol::event::Event;
use protocol::{AccountId, DatabaseArn, Kind, Message, SnapshotArn};
use serde_json::{Value, json};

use crate::fixtures::{SOURCE, orders, place};
use crate::messages::{RDS, notification, parse_record, record};

/// The input is rejected with this error message.
fn check<T: Debug>(parsed: Result<T, impl Display>, expected: &str) {
    assert_eq!(parsed.map_err(|why| why.to_string()).unwrap_err(), expected);
}

fn check_snapshot(arn: &str, expected: &str) {
    check(arn.parse::<SnapshotArn>(), &format!("\"{arn}\" is not a valid snapshot ARN: {expected}"));
}

/// A valid message, except for the value of this field.
fn message(field: &str, value: Value) -> String {
    let valid = Message::Completed { origin: orders(), copy: orders().transit() };
    let mut json: Value = serde_json::from_str(&valid.to_string()).unwrap();
    json[field] = value;
    json.to_string()
}

/// The text as error messages quote it.
fn quoted_json(text: &str) -> String {
    format!("`{}`", text.replace('\n', " "))
}

/// `{}` in the expected error message stands for the quoted message.
fn check_message(text: &str, expected: &str) {
    check(parse_record(record(Some("DRACO Event"), text)), &expected.replace("{}", &quoted_json(text)));
}

fn check_notification(text: &str, expected: &str) {
    check(parse_record(record(RDS, text)), &expected.replace("{}", &quoted_json(text)));
}

fn check_event(event: Value, expected: &str) {
    let expected = format!(
        "unknown event `{event}`: {expected}; expected SNS Records, or a request of the timer or of a schedule"
    );
    check(Event::parse(event), &expected);
}

#[test]
fn an_arn_of_another_partition_is_rejected() {
    check_snapshot(
        "arn:aws-cn:rds:cn-north-1:111111111111:snapshot:a",
        "the partition is \"aws-cn\", but only aws is supported",
    );
}

#[test]
fn an_arn_of_another_service_is_rejected() {
    check_snapshot("arn:aws:redshift:eu-west-1:111111111111:snapshot:a", "the service is \"redshift\", expected rds");
}

#[test]
fn an_arn_with_an_invalid_region_is_rejected() {
    check_snapshot(
        "arn:aws:rds:dublin:111111111111:snapshot:a",
        "\"dublin\" is not a region: expected a code like eu-west-1",
    );
}

#[test]
fn an_invalid_account_id_is_rejected() {
    check_snapshot("arn:aws:rds:eu-west-1:1234:snapshot:a", "\"1234\" is not an account ID: expected 12 digits");
    check("１２３４".parse::<AccountId>(), "\"１２３４\" is not an account ID: expected 12 digits");
}

#[test]
fn an_arn_of_another_resource_type_is_rejected() {
    check_snapshot(
        "arn:aws:rds:eu-west-1:111111111111:db:a",
        "the type is \"db\", expected snapshot or cluster-snapshot",
    );
    check(
        "arn:aws:rds:eu-west-1:111111111111:snapshot:a".parse::<DatabaseArn>(),
        "\"arn:aws:rds:eu-west-1:111111111111:snapshot:a\" is not a valid database ARN: the type is \"snapshot\", expected db or cluster",
    );
}

#[test]
fn text_that_is_not_an_arn_is_rejected() {
    for text in
        ["", "orders", "arn:aws:rds:eu-west-1:111111111111:snapshot", "urn:aws:rds:eu-west-1:111111111111:snapshot:a"]
    {
        check_snapshot(text, "expected arn:aws:rds:REGION:ACCOUNT:TYPE:IDENTIFIER");
    }
}

#[test]
fn an_identifier_that_rds_does_not_accept_is_rejected() {
    let check = |id: &str, expected: &str| {
        check(
            SnapshotArn::new(Kind::Instance, place(SOURCE), id),
            &format!("{id:?} is not a valid snapshot identifier: {expected}"),
        );
        check(
            DatabaseArn::new(Kind::Cluster, place(SOURCE), id),
            &format!("{id:?} is not a valid database identifier: {expected}"),
        );
    };
    check("", "the identifier is empty");
    check("a b", "it contains ' ', but only letters, digits and -:_. are allowed");
    check("naïve", "it contains 'ï', but only letters, digits and -:_. are allowed");
    check("a\nb", "it contains '\\n', but only letters, digits and -:_. are allowed");
    check(&"a".repeat(256), "the identifier has 256 characters, the maximum is 255");
    assert!(SnapshotArn::new(Kind::Instance, place(SOURCE), &"a".repeat(255)).is_ok());
}

#[test]
fn a_message_that_is_not_json_is_rejected() {
    check_message("hello\nworld", "not a Draco message: {}: expected value at line 1 column 1");
    check_message("", "not a Draco message: {}: EOF while parsing a value at line 1 column 0");
}

#[test]
fn a_message_of_another_form_is_rejected() {
    for text in
        ["[]", "{}", "null", "7", r#"{"version":"1"}"#, r#"{"version":0}"#, r#"{"version":-1}"#, r#"{"version":1.0}"#]
    {
        check_message(text, "not a Draco message: {}: no version; expected {\"version\":1,…}");
    }
    check_message(r#"{"version":1}"#, "not a Draco message: {}: missing field `event`");
    check_message(
        &message("event", "snapshot-lost".into()),
        "not a Draco message: {}: unknown variant `snapshot-lost`, expected one of `snapshot-copy-shared`, `snapshot-copy-completed`, `snapshot-no-copy`, `snapshot-audit`, `snapshot-missing`",
    );
    check_message(&message("event", "snapshot-no-copy".into()), "not a Draco message: {}: missing field `reason`");
    check_message(
        &message("taken", "yesterday".into()),
        "not a Draco message: {}: \"yesterday\" is not a time: expected RFC 3339, for example 2026-11-21T03:05:00Z",
    );
    check_message(
        &message("copy", "a copy".into()),
        "not a Draco message: {}: \"a copy\" is not a valid snapshot ARN: expected arn:aws:rds:REGION:ACCOUNT:TYPE:IDENTIFIER",
    );
}

/// Its year in UTC has five digits or a sign, so no tag could contain it.
#[test]
fn a_time_that_rfc_3339_cannot_express_in_utc_is_rejected() {
    for time in ["0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"] {
        check_message(
            &message("taken", time.into()),
            &format!(
                "not a Draco message: {{}}: \"{time}\" is not a time: expected RFC 3339, for example 2026-11-21T03:05:00Z"
            ),
        );
    }
    for time in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
        let read = Message::parse(&message("taken", time.into())).unwrap();
        assert_eq!(Message::parse(&read.to_string()).unwrap(), read);
    }
}

#[test]
fn a_message_that_is_longer_than_any_is_rejected() {
    let longest = message("tags", "x".repeat(128 * 1024 - message("tags", "".into()).len()).into());
    Message::parse(&longest).unwrap();
    check(Message::parse(&format!("{longest} ")), "not a Draco message: it has 131073 bytes, the maximum is 131072");
}

#[test]
fn a_message_of_a_newer_version_is_rejected() {
    check_message(
        &message("version", 2.into()),
        "message version 2 is not supported, this function supports version 1: update this stack too",
    );
}

#[test]
fn an_error_message_quotes_only_the_beginning_of_a_long_message() {
    let text = format!("{{{}", " ".repeat(100_000));
    let quoted = format!("`{}`… (100001 bytes)", &text[..320]);
    check(
        Message::parse(&text),
        &format!("not a Draco message: {quoted}: EOF while parsing an object at line 1 column 100001"),
    );
}

#[test]
fn a_notification_that_is_not_json_is_rejected() {
    check_notification("hello", "not an RDS notification: {}: expected value at line 1 column 1");
}

#[test]
fn a_notification_of_another_form_is_rejected() {
    check_notification("{}", "not an RDS notification: {}: missing field `Event Source` at line 1 column 2");
}

#[test]
fn a_notification_with_an_invalid_snapshot_arn_is_rejected() {
    let check = |arn: &str, expected: &str| {
        check_notification(
            &notification("db-snapshot", "0091", Some(arn)),
            &format!(
                "the RDS notification does not name a snapshot: \"{arn}\" is not a valid snapshot ARN: {expected}"
            ),
        );
    };
    check(
        "arn:aws-cn:rds:cn-north-1:111111111111:snapshot:a",
        "the partition is \"aws-cn\", but only aws is supported",
    );
    check("arn:aws:rds:eu-west-1:111111111111:db:a", "the type is \"db\", expected snapshot or cluster-snapshot");
}

#[test]
fn a_record_of_another_source_is_rejected() {
    for record in [json!({"eventSource": "aws:s3", "s3": {}}), json!({"EventSource": "aws:s3"})] {
        check(parse_record(record), "the record's source is \"aws:s3\", expected aws:sns");
    }
}

#[test]
fn a_record_of_another_form_is_rejected() {
    let check = |record: Value, expected: &str| {
        let expected = format!("the record `{record}` is not an SNS record: {expected}");
        check(parse_record(record), &expected);
    };
    check(json!({}), "missing field `EventSource`");
    check(json!(7), "invalid type: integer `7`, expected {\"EventSource\":…}");
    check(json!({"EventSource": "aws:sns"}), "missing field `Sns`");
    check(json!({"EventSource": "aws:sns", "Sns": {"TopicArn": "a"}}), "missing field `Message`");
}

#[test]
fn a_record_with_an_invalid_topic_arn_is_rejected() {
    for topic in [
        "",
        "DracoProducer",
        "arn:aws:sns:eu-west-1:1:DracoProducer",
        "arn:aws:sqs:eu-west-1:111111111111:DracoProducer",
    ] {
        let mut record = record(RDS, &notification("db-snapshot", "0091", None));
        record["Sns"]["TopicArn"] = topic.into();
        check(
            parse_record(record),
            &format!(
                "the record's topic is invalid: {topic:?} is not the ARN of a topic: expected arn:aws:sns:REGION:ACCOUNT:NAME"
            ),
        );
    }
}

#[test]
fn an_event_of_another_form_is_rejected() {
    check_event(
        json!("hello"),
        "unknown variant `hello`, expected one of `check`, `sweep`, `onward`, `audit`, `keep`, `verify`, `verifying`",
    );
    check_event(
        json!({"hello": 1}),
        "unknown variant `hello`, expected one of `check`, `sweep`, `onward`, `audit`, `keep`, `verify`, `verifying`",
    );
    check_event(json!(null), "invalid type: null, expected string or map");
    check_event(json!({}), "invalid value: map, expected map with a single key");
    check_event(json!([]), "invalid type: sequence, expected string or map");
    check_event(json!({"Records": null}), "Records is not a list");
    check_event(json!({"sweep": null}), "invalid type: null, expected {\"sweep\":{…}}");
    check_event(json!({"sweep": {"kind": "proxy"}}), "unknown variant `proxy`, expected `instance` or `cluster`");
    check_event(
        json!({"check": {"since": "2026-11-21T03:10:00Z"}}),
        "no variant of enum Awaited found in flattened data",
    );
    check_event(json!({"check": {}, "sweep": {}}), "invalid value: map, expected map with a single key");
}
