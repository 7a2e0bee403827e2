//! Serialized values parse to the same values, and AWS's descriptions are read correctly.

use proptest::prelude::*;
use protocol::event::{Content, Delivery, Event, Record};
use protocol::notification::{Notification, SnapshotEvent};
use protocol::topic::consumer_topic;
use protocol::{
    AccountId, DatabaseArn, Kind, Message, Origin, Region, Snapshot, SnapshotArn, SnapshotRole, Status, Tags,
};

use crate::fixtures::{self, DR, SOURCE, orders, place, snapshot_arn, time};

proptest! {
    #[test]
    fn a_written_arn_parses_to_the_same_arn(kind in fixtures::kind(), account in fixtures::account(), id in fixtures::id()) {
        let snapshot = SnapshotArn::new(kind, place(account), &id).unwrap();
        let database = DatabaseArn::new(kind, place(account), &id).unwrap();
        prop_assert_eq!(snapshot.to_string().parse::<SnapshotArn>().unwrap(), snapshot.clone());
        prop_assert_eq!(database.to_string().parse::<DatabaseArn>().unwrap(), database.clone());
        prop_assert!(snapshot.to_string().parse::<DatabaseArn>().is_err() && database.to_string().parse::<SnapshotArn>().is_err());
        prop_assert_eq!(snapshot.id(), id.to_lowercase());
        prop_assert_eq!(database.id(), snapshot.id());
        let json = serde_json::to_value((&snapshot, &database)).unwrap();
        prop_assert_eq!(serde_json::from_value::<(SnapshotArn, DatabaseArn)>(json).unwrap(), (snapshot, database));
    }

    #[test]
    fn an_origin_survives_json(kind in fixtures::kind(), id in fixtures::id(), taken in fixtures::moment()) {
        let origin = fixtures::origin(kind, SOURCE, &id, taken);
        let json = serde_json::to_string(&origin).unwrap();
        prop_assert_eq!(serde_json::from_str::<Origin>(&json).unwrap(), origin);
    }
}

proptest! {
    #[test]
    fn a_delivery_parses_to_its_content(kind in fixtures::kind(), account in fixtures::account(), id in fixtures::id(), taken in fixtures::moment()) {
        let snapshot = SnapshotArn::new(kind, place(account), &id).unwrap();
        let topic = consumer_topic(&place(DR), &place(SOURCE).account);
        let parse = |delivery: Delivery| match Event::parse(delivery.payload()).unwrap() {
            Event::Records(mut records) => records.remove(0).unwrap(),
            trigger => panic!("{trigger:?}"),
        };
        let created = Notification::Snapshot { arn: snapshot.clone(), event: SnapshotEvent::Created };
        let content = Content::Notification(created);
        let delivery = Delivery::of_created_snapshot(&snapshot, &topic);
        prop_assert_eq!(parse(delivery), Record { topic: topic.clone(), content });
        let origin = fixtures::origin(kind, SOURCE, &id, taken);
        let message = Message::Completed { copy: origin.copy(&place(DR)), origin };
        let delivery = Delivery::of_message(&message, &topic);
        prop_assert_eq!(parse(delivery), Record { topic, content: Content::Message(message) });
    }
}

#[test]
fn examples_of_arns() {
    let check = |kind, snapshot: &str, database: &str| {
        assert_eq!(snapshot_arn(kind, SOURCE, "rds:Orders").to_string(), snapshot);
        assert_eq!(DatabaseArn::new(kind, place(SOURCE), "Orders").unwrap().to_string(), database);
    };
    let here = "arn:aws:rds:eu-west-1:111111111111";
    check(Kind::Instance, &format!("{here}:snapshot:rds:orders"), &format!("{here}:db:orders"));
    check(Kind::Cluster, &format!("{here}:cluster-snapshot:rds:orders"), &format!("{here}:cluster:orders"));
}

#[test]
fn written_accounts_and_regions_parse_to_the_same_values() {
    let account: AccountId = serde_json::from_str("\"000000000001\"").unwrap();
    assert_eq!((account.as_str(), &*account.to_string()), ("000000000001", "000000000001"));
    for code in ["eu-west-1", "ap-southeast-5", "us-iso-east-1"] {
        let region: Region = code.parse().unwrap();
        assert_eq!((region.as_str(), &*region.to_string()), (code, code));
        assert_eq!(serde_json::to_string(&region).unwrap(), format!("\"{code}\""));
    }
    for code in [
        "",
        "eu",
        "eu-west",
        "eu--1",
        "eu-west-1 ",
        "EU-WEST-1",
        "eu-west-1a!",
        "-west-1",
        "eu-west-1a",
        "eu-1-west",
        "eu-1-west-1",
        "1-eu-1",
        "eu-west-1234",
        "eu-west-111111111111",
        "abcdefghijk-abcdef-12",
    ] {
        assert!(code.parse::<Region>().is_err(), "{code:?}");
    }
    assert_eq!(place(SOURCE).arn("sns", "DracoConsumer"), "arn:aws:sns:eu-west-1:111111111111:DracoConsumer");
}

/// Names of instance snapshots have at most 255 characters, tag values 256.
#[test]
fn tags_contain_the_identifier_if_the_arn_is_too_long_for_a_tag_value() {
    let head = "arn:aws:rds:eu-west-1:111111111111:snapshot:".len();
    let check = |length: usize, expected: fn(&SnapshotArn) -> String| {
        let origin = fixtures::origin(Kind::Instance, SOURCE, &"a".repeat(length), time("2026-11-21T03:06:39.123Z"));
        let tags = origin.to_tags();
        assert_eq!(tags.get("Draco_SourceSnapshot"), Some(&*expected(&origin.snapshot)));
        assert_eq!(tags.get("Draco_Source"), Some("arn:aws:rds:eu-west-1:111111111111:db:orders"));
        assert_eq!(tags.get("Draco_Taken"), Some("2026-11-21T03:06:39.123Z"));
        let copy = fixtures::snapshot(origin.copy(&place(DR)), tags);
        assert_eq!(SnapshotRole::of(&copy), SnapshotRole::Copy(origin));
    };
    check(256 - head, SnapshotArn::to_string);
    check(256 - head + 1, |arn| arn.id().to_owned());
    check(255, |arn| arn.id().to_owned());
}

#[test]
fn a_snapshot_has_an_origin_once_aws_returns_its_creation_time() {
    let source = fixtures::snapshot(orders().snapshot, Tags::default());
    assert_eq!(source.origin().unwrap(), None);
    let (created, original) = (Some(orders().taken), Some(time("2026-11-01T00:00:00Z")));
    let source = Snapshot { created, ..source };
    assert_eq!(source.origin().unwrap(), Some(orders()));
    // A manual copy has the time of its original.
    let copy = Snapshot { original_created: original, ..source.clone() };
    assert_eq!(copy.origin().unwrap(), Some(Origin { taken: original.unwrap(), ..orders() }));
    let odd = Snapshot { database: "a b".into(), ..source };
    assert!(odd.origin().is_err());
}

#[test]
fn only_an_unencrypted_cluster_snapshot_cannot_be_encrypted_by_copying() {
    for (kind, is_encrypted, can_be) in [
        (Kind::Instance, true, true),
        (Kind::Instance, false, true),
        (Kind::Cluster, true, true),
        (Kind::Cluster, false, false),
    ] {
        let snapshot =
            Snapshot { is_encrypted, ..fixtures::snapshot(snapshot_arn(kind, SOURCE, "a"), Tags::default()) };
        assert_eq!(snapshot.can_be_encrypted_by_copying(), can_be, "{kind:?} {is_encrypted}");
    }
}

#[test]
fn the_lifecycle_is_the_value_of_its_tag() {
    let with = |tags| fixtures::snapshot(orders().snapshot, tags).lifecycle().map(str::to_owned);
    assert_eq!(with(Tags::default()), None);
    assert_eq!(with(Tags::from_iter([("Draco_Lifecycle", "daily")])), Some("daily".to_owned()));
}

#[test]
fn an_unknown_status_counts_as_a_copy_in_progress() {
    let check = |status, spelt: &[&str]| {
        for text in spelt {
            assert_eq!(Status::parse(text), status, "{text}");
        }
    };
    check(Status::Available, &["available"]);
    check(Status::Creating, &["creating", "modifying", "backing-up"]);
    check(Status::Copying, &["copying", "pending", "", "of a new kind", "Available"]);
    check(Status::Deleting, &["deleting", "deleted"]);
    check(
        Status::Failed,
        &["failed", "canceled", "cancelled", "error", "incompatible-restore", "incompatible-parameters"],
    );
    assert_eq!(Status::ALL.len(), 5);
}
