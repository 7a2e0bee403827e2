//! Parsing of SNS records: RDS notifications and messages of the other account.

use protocol::event::{Content, Event, Record, RecordError};
use protocol::notification::{Notification, SnapshotEvent};
use protocol::topic::producer_topic;
use protocol::{AccountId, Kind, Message};
use serde_json::{Value, json};

use crate::fixtures::{DR, SOURCE, orders, place, snapshot_arn};

/// An SNS record.
pub(crate) fn record(subject: Option<&str>, message: &str) -> Value {
    json!({
        "EventSource": "aws:sns", "EventVersion": "1.0",
        "EventSubscriptionArn": "arn:aws:sns:eu-west-1:111111111111:DracoProducer:2",
        "Sns": {
            "Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:eu-west-1:111111111111:DracoProducer",
            "Subject": subject, "Message": message, "Timestamp": "2026-11-21T03:06:40.000Z", "MessageAttributes": {},
        },
    })
}

fn parse_records(records: Vec<Value>) -> Vec<Result<Record, RecordError>> {
    let Event::Records(parsed) = Event::parse(json!({"Records": records})).unwrap() else { panic!("no records") };
    parsed
}

pub(crate) fn parse_record(record: Value) -> Result<Record, RecordError> {
    let mut parsed = parse_records(vec![record]);
    assert_eq!(parsed.len(), 1);
    parsed.remove(0)
}

/// RDS's notification of an event with this number.
pub(crate) fn notification(source: &str, number: &str, arn: Option<&str>) -> String {
    let mut json = json!({
        "Event Source": source,
        "Event Time": "2026-11-21 03:06:39.209",
        "Source ID": "rds:orders-2026-11-21-03-05",
        "Event ID": format!("http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html#RDS-EVENT-{number}"),
        "Event Message": "Automated snapshot created",
    });
    if let Some(arn) = arn {
        json["Source ARN"] = arn.into();
    }
    json.to_string()
}

/// The subject of RDS notifications.
pub(crate) const RDS: Option<&str> = Some("RDS Notification Message");

fn parse_notification(message: &str) -> Notification {
    match parse_record(record(RDS, message)) {
        Ok(Record { content: Content::Notification(notification), .. }) => notification,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_snapshot_events_are_recognised_by_number_and_source() {
    let known = [
        ("db-snapshot", "0040", SnapshotEvent::Creating),
        ("db-cluster-snapshot", "0074", SnapshotEvent::Creating),
        ("db-snapshot", "0042", SnapshotEvent::Created),
        ("db-snapshot", "0091", SnapshotEvent::Created),
        ("db-cluster-snapshot", "0075", SnapshotEvent::Created),
        ("db-cluster-snapshot", "0169", SnapshotEvent::Created),
        ("db-snapshot", "0197", SnapshotEvent::Copied),
        ("db-snapshot", "0059", SnapshotEvent::CopyStarted),
        ("db-snapshot", "0060", SnapshotEvent::Copied),
        ("db-snapshot", "0190", SnapshotEvent::Cancelled),
        ("db-snapshot", "0061", SnapshotEvent::Cancelled),
    ];
    for number in 0..1_000 {
        for (source, kind) in [("db-snapshot", Kind::Instance), ("db-cluster-snapshot", Kind::Cluster)] {
            let expected = match known.iter().find(|(of, known, _)| *of == source && known.parse() == Ok(number)) {
                Some((.., event)) => Notification::Snapshot {
                    arn: snapshot_arn(kind, SOURCE, "rds:orders-2026-11-21-03-05"),
                    event: *event,
                },
                None => Notification::Other { number: Some(number) },
            };
            assert_eq!(parse_notification(&notification(source, &format!("{number:04}"), None)), expected);
        }
    }
}

#[test]
fn a_notification_without_an_arn_concerns_the_topic_s_account_and_region() {
    let of = |arn| parse_notification(&notification("db-snapshot", "0091", arn));
    let event = SnapshotEvent::Created;
    let here = snapshot_arn(Kind::Instance, SOURCE, "rds:orders-2026-11-21-03-05");
    assert_eq!(of(None), Notification::Snapshot { arn: here, event });
    let there = snapshot_arn(Kind::Cluster, DR, "else");
    assert_eq!(of(Some(&there.to_string())), Notification::Snapshot { arn: there, event });
}

#[test]
fn the_subscription_notice_is_recognised() {
    let notice =
        "This is a message to notify that RDS will attempt to send you event notifications for the subscription draco";
    assert_eq!(parse_notification(notice), Notification::SubscriptionNotice);
}

#[test]
fn other_rds_events_are_parsed_as_other() {
    let other = |source, number| {
        parse_notification(&notification(source, number, Some("arn:aws:rds:eu-west-1:111111111111:db:orders")))
    };
    assert_eq!(other("db-snapshot", "9999"), Notification::Other { number: Some(9_999) });
    assert_eq!(other("db-instance", "0091"), Notification::Other { number: Some(91) });
    assert_eq!(other("db-snapshot", "99999999999"), Notification::Other { number: None });
    assert_eq!(other("db-snapshot", "new"), Notification::Other { number: None });
}

#[test]
fn a_record_with_another_subject_is_unknown() {
    for subject in [None, Some(""), Some("RDS"), Some("Hello\n"), Some("DRACO event")] {
        let parsed = parse_record(record(subject, "not JSON")).unwrap();
        assert_eq!(parsed.content, Content::Unknown(subject.map(str::to_owned)));
    }
}

#[test]
fn a_message_of_the_other_account_is_parsed() {
    let message = Message::Completed { origin: orders(), copy: orders().copy(&place(DR)) };
    let parsed = parse_record(record(Some("DRACO Event"), &message.to_string())).unwrap();
    assert_eq!(parsed, Record { topic: producer_topic(&place(SOURCE)), content: Content::Message(message) });
}

// Invariant 13.
#[test]
fn the_error_of_a_message_has_the_account_of_its_topic() {
    for (topic, sender) in [("DracoConsumer-333333333333", Some("333333333333")), ("DracoConsumer", None)] {
        let mut record = record(Some("DRACO Event"), "nonsense");
        record["Sns"]["TopicArn"] = format!("arn:aws:sns:eu-west-1:222222222222:{topic}").into();
        let error = parse_record(record).unwrap_err();
        assert_eq!(error.sender().map(AccountId::as_str), sender);
    }
}

#[test]
fn an_event_may_have_no_records() {
    assert!(parse_records(Vec::new()).is_empty());
}

#[test]
fn an_invalid_record_does_not_affect_the_others() {
    let parsed = parse_records(vec![
        record(None, "one"),
        json!("odd"),
        json!({"EventSource": "aws:s3"}),
        record(RDS, "{}"),
        record(RDS, &notification("db-snapshot", "0001", None)),
    ]);
    let parsed: Vec<_> = parsed.into_iter().map(|record| record.ok().map(|record| record.content)).collect();
    let other = Content::Notification(Notification::Other { number: Some(1) });
    assert_eq!(parsed, [Some(Content::Unknown(None)), None, None, None, Some(other)]);
}
