//! What is heard on topics and understood.

use protocol::event::{Event, Record, RecordError};
use protocol::notification::{Notification, SnapshotEvent};
use protocol::{Kind, Message};
use serde_json::{Value, json};

use crate::given::{DR, SOURCE, orders, place, snapshot_arn};

/// A record of SNS.
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

/// What is heard of an event of these records.
pub(crate) fn hear(records: Vec<Value>) -> Vec<Result<Record, RecordError>> {
    let Event::Records(heard) = Event::parse(json!({"Records": records})).unwrap() else { panic!("nothing was said") };
    heard
}

/// What is heard of this one.
pub(crate) fn hear_one(record: Value) -> Result<Record, RecordError> {
    let mut heard = hear(vec![record]);
    assert_eq!(heard.len(), 1);
    heard.remove(0)
}

/// What RDS writes of an event with this number.
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

pub(crate) const RDS: Option<&str> = Some("RDS Notification Message");

fn notified(message: &str) -> Notification {
    match hear_one(record(RDS, message)) {
        Ok(Record::Notification(notification)) => notification,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_eight_events_that_matter_are_known_by_number_and_source() {
    let known = [
        ("db-snapshot", "0042", SnapshotEvent::Created),
        ("db-snapshot", "0091", SnapshotEvent::Created),
        ("db-cluster-snapshot", "0075", SnapshotEvent::Created),
        ("db-cluster-snapshot", "0169", SnapshotEvent::Created),
        ("db-snapshot", "0197", SnapshotEvent::Copied),
        ("db-snapshot", "0060", SnapshotEvent::Copied),
        ("db-snapshot", "0190", SnapshotEvent::Cancelled),
        ("db-snapshot", "0061", SnapshotEvent::Cancelled),
    ];
    for number in 0..1_000 {
        for (source, kind) in [("db-snapshot", Kind::Instance), ("db-cluster-snapshot", Kind::Cluster)] {
            let expected = match known.iter().find(|(of, known, _)| *of == source && known.parse() == Ok(number)) {
                Some((.., news)) => Notification::Snapshot {
                    arn: snapshot_arn(kind, SOURCE, "rds:orders-2026-11-21-03-05"),
                    event: *news,
                },
                None => Notification::Other { number: Some(number) },
            };
            assert_eq!(notified(&notification(source, &format!("{number:04}"), None)), expected);
        }
    }
}

#[test]
fn the_notification_s_own_arn_counts_and_the_topic_s_place_without_it() {
    let of = |arn| notified(&notification("db-snapshot", "0091", arn));
    let event = SnapshotEvent::Created;
    let here = snapshot_arn(Kind::Instance, SOURCE, "rds:orders-2026-11-21-03-05");
    assert_eq!(of(None), Notification::Snapshot { arn: here, event });
    let there = snapshot_arn(Kind::Cluster, DR, "else");
    assert_eq!(of(Some(&there.to_string())), Notification::Snapshot { arn: there, event });
}

#[test]
fn the_greeting_is_recognised() {
    let greeting =
        "This is a message to notify that RDS will attempt to send you event notifications for the subscription draco";
    assert_eq!(notified(greeting), Notification::SubscriptionNotice);
}

#[test]
fn events_that_are_never_seen_or_of_other_things_are_ignored_without_noise() {
    let other =
        |source, number| notified(&notification(source, number, Some("arn:aws:rds:eu-west-1:111111111111:db:orders")));
    assert_eq!(other("db-snapshot", "9999"), Notification::Other { number: Some(9_999) });
    assert_eq!(other("db-instance", "0091"), Notification::Other { number: Some(91) });
    assert_eq!(other("db-snapshot", "99999999999"), Notification::Other { number: None });
    assert_eq!(other("db-snapshot", "new"), Notification::Other { number: None });
}

#[test]
fn another_subject_is_a_stranger_s_whatever_it_says() {
    for subject in [None, Some(""), Some("RDS"), Some("Hello\n"), Some("DRACO event")] {
        let heard = hear_one(record(subject, "not JSON")).unwrap();
        assert_eq!(heard, Record::Unknown(subject.map(str::to_owned)));
    }
}

#[test]
fn a_message_of_the_other_account_is_heard() {
    let message = Message::Completed { origin: orders(), copy: orders().copy(&place(DR)) };
    assert_eq!(hear_one(record(Some("DRACO Event"), &message.to_string())).unwrap(), Record::Message(message));
}

#[test]
fn no_records_are_nothing_heard() {
    assert!(hear(Vec::new()).is_empty());
}

#[test]
fn of_several_records_each_is_heard_also_beside_one_that_cannot_be_understood() {
    let heard = hear(vec![
        record(None, "one"),
        json!("odd"),
        json!({"EventSource": "aws:s3"}),
        record(RDS, "{}"),
        record(RDS, &notification("db-snapshot", "0001", None)),
    ]);
    let heard: Vec<_> = heard.into_iter().map(Result::ok).collect();
    let other = Record::Notification(Notification::Other { number: Some(1) });
    assert_eq!(heard, [Some(Record::Unknown(None)), None, None, None, Some(other)]);
}
