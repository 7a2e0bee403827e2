//! Who may announce what to the consumer of DR's first and of its second region (invariants 10 and 13).

use std::collections::BTreeMap;

use aws_types::SdkConfig;
use cloud::Cloud;
use protocol::TopicArn;

use super::*;

const FIRST: &str = "eu-west-1";
const SECOND: &str = "eu-central-1";
const SOURCE: &str = "111111111111";
const DR: &str = "222222222222";

fn place(region: &str, account: &str) -> Place {
    Place { region: region.parse().unwrap(), account: account.parse().unwrap() }
}

/// The consumer of this region, with these settings. It makes no calls here.
fn consumer(region: &str, settings: &[(&str, &str)]) -> Result<Consumer, String> {
    let common = [("SOURCE_ACCTS", SOURCE), ("AWS_MANAGED_KEY", "true"), ("SOURCE_REGIONS", "us-east-1")];
    let environment: BTreeMap<String, String> =
        common.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let cloud = Cloud::new(&SdkConfig::builder().build(), place(region, DR));
    Consumer::new(cloud, &environment).map_err(|error| error.to_string())
}

fn second() -> Consumer {
    consumer(SECOND, &[("FIRST_REGION", FIRST), ("SINCE", "2026-11-21T00:00:00Z")]).unwrap()
}

fn first() -> Consumer {
    consumer(FIRST, &[("SECOND_REGION", SECOND)]).unwrap()
}

fn origin() -> Origin {
    Origin {
        snapshot: "arn:aws:rds:us-east-1:111111111111:snapshot:rds:orders-2026-11-21-03-05".parse().unwrap(),
        database: "arn:aws:rds:us-east-1:111111111111:db:orders".parse().unwrap(),
        taken: "2026-11-21T03:05:00Z".parse().unwrap(),
    }
}

fn announced(transit: SnapshotArn) -> Message {
    Message::Shared(Announcement { origin: origin(), transit, tags: Tags::default() })
}

fn topic(region: &str, account: &str) -> TopicArn {
    consumer_topic(&place(region, DR), &account.parse().unwrap())
}

#[test]
fn only_the_topic_of_the_dr_account_announces_copies_of_the_first_region() {
    let copy = announced(origin().copy(&place(FIRST, DR)));
    let is_accepted = |consumer: &Consumer, topic: &TopicArn, message: &Message| {
        let Message::Shared(announcement) = message else { panic!("an announcement") };
        consumer.ensure_own(topic, message).is_ok() && consumer.is_onward(announcement)
    };
    assert!(is_accepted(&second(), &topic(SECOND, DR), &copy));
    // A source account cannot do it through its own topic, nor in the first region.
    assert!(!is_accepted(&second(), &topic(SECOND, SOURCE), &copy));
    for account in [SOURCE, DR] {
        assert!(!is_accepted(&first(), &topic(FIRST, account), &copy));
    }
    // Copies elsewhere, another name, a transit copy, and a copy of this region itself.
    let other: SnapshotArn = "arn:aws:rds:eu-west-1:222222222222:snapshot:mine".parse().unwrap();
    let wrong =
        [origin().copy(&place("us-west-2", DR)), origin().copy(&place(FIRST, SOURCE)), other, origin().transit()];
    for wrong in wrong.into_iter().chain([origin().copy(&place(SECOND, DR))]) {
        assert!(!is_accepted(&second(), &topic(SECOND, DR), &announced(wrong.clone())), "{wrong}");
    }
}

#[test]
fn a_source_account_announces_to_each_region_through_its_own_topic_alone() {
    let transit = announced(origin().transit());
    for (consumer, region) in [(first(), FIRST), (second(), SECOND)] {
        assert!(consumer.ensure_own(&topic(region, SOURCE), &transit).is_ok());
        assert!(consumer.ensure_own(&topic(region, DR), &transit).is_err(), "{region}");
    }
}

#[test]
fn a_copy_from_the_first_region_is_served_wherever_its_source_is() {
    let elsewhere = Origin {
        snapshot: "arn:aws:rds:ap-south-1:111111111111:snapshot:s".parse().unwrap(),
        database: "arn:aws:rds:ap-south-1:111111111111:db:orders".parse().unwrap(),
        ..origin()
    };
    let from = |region: &str| Upstream::First(elsewhere.copy(&place(region, DR)));
    assert!(second().ensure_served(&origin(), &Upstream::Source).is_ok());
    assert!(second().ensure_served(&elsewhere, &from(FIRST)).is_ok());
    assert!(second().ensure_served(&elsewhere, &from("us-west-2")).is_err());
    assert!(second().ensure_served(&elsewhere, &Upstream::Source).is_err());
    assert!(first().ensure_served(&elsewhere, &from(FIRST)).is_err());
    let stranger = Origin {
        snapshot: "arn:aws:rds:us-east-1:333333333333:snapshot:s".parse().unwrap(),
        database: "arn:aws:rds:us-east-1:333333333333:db:orders".parse().unwrap(),
        ..origin()
    };
    assert!(second().ensure_served(&stranger, &Upstream::First(stranger.copy(&place(FIRST, DR)))).is_err());
}

/// A copy with these tags in the first region.
fn copy(status: Status, tags: &[(&str, &str)]) -> Snapshot {
    Snapshot {
        arn: origin().copy(&place(FIRST, DR)),
        database: "orders".into(),
        resource_id: None,
        engine: protocol::Engine::Rds,
        status,
        progress: 100,
        gib: 20,
        is_encrypted: true,
        key: None,
        created: None,
        original_created: None,
        copied_from: None,
        tags: origin().to_tags().with(tags.iter().copied()),
    }
}

#[test]
fn only_complete_copies_that_came_from_a_source_go_on() {
    let reported = (tags::REPORTED, "2026-11-21T04:00:00Z");
    let (transit, back) = (origin().transit().to_string(), origin().copy(&place(SECOND, DR)).to_string());
    let arrives = |copy: Snapshot| arrival(&origin(), &copy).is_some();
    assert!(arrives(copy(Status::Available, &[reported, (tags::TRANSIT, &transit)])));
    assert!(arrives(copy(Status::Available, &[reported])), "older versions did not write the tag");
    assert!(!arrives(copy(Status::Available, &[reported, (tags::TRANSIT, &back)])), "it came from a second region");
    assert!(!arrives(copy(Status::Available, &[])) && !arrives(copy(Status::Failed, &[reported])));
    assert!(may_go_on(&origin(), &copy(Status::Available, &[])), "an announced copy, whose tag is not visible yet");
    let other = Origin { taken: origin().taken + TimeDelta::minutes(1), ..origin() };
    assert!(arrival(&other, &copy(Status::Available, &[reported])).is_none());
}

#[test]
fn a_finished_copy_of_the_second_region_was_copied_from_the_one_in_the_first() {
    let first = origin().copy(&place(FIRST, DR));
    let in_second = |from: SnapshotArn| Snapshot {
        arn: origin().copy(&place(SECOND, DR)),
        copied_from: Some(from.into()),
        ..copy(Status::Available, &[(tags::TRANSIT, &first.to_string())])
    };
    let is_copy = |found: Snapshot| matches!(Existing::of(Some(found), &origin()), Existing::Copy { .. });
    assert!(is_copy(in_second(first.clone())));
    assert!(!is_copy(in_second(origin().transit())) && !is_copy(in_second(origin().copy(&place("us-west-2", DR)))));
}

#[test]
fn the_lifecycle_of_the_second_region_replaces_that_of_the_first() {
    let copied = [(tags::LIFECYCLE, "Standard"), ("team", "shop")];
    let lifecycle = |settings: &[(&str, &str)]| {
        let all = [&[("FIRST_REGION", FIRST), ("SINCE", "2026-11-21T00:00:00Z")][..], settings].concat();
        let tags = consumer(SECOND, &all)?.tags_from_first(&copy(Status::Available, &copied));
        assert_eq!(tags.get("team"), Some("shop"));
        Ok::<_, String>(tags.get(tags::LIFECYCLE).unwrap_or_default().to_owned())
    };
    assert_eq!(lifecycle(&[]), Ok("Standard".to_owned()));
    assert_eq!(lifecycle(&[("SECOND_LIFECYCLE", "Test")]), Ok("Test".to_owned()));
    let own = [("SECOND_LIFECYCLE", "Rare"), ("LIFECYCLES", r#"{"Rare":{"monthly":3}}"#)];
    assert_eq!(lifecycle(&own), Ok("Rare".to_owned()));
    let unknown = "invalid configuration: SECOND_LIFECYCLE: Rare is not a lifecycle: add it to LIFECYCLES";
    assert_eq!(lifecycle(&own[..1]), Err(unknown.to_owned()));
}

#[test]
fn regions_that_cannot_be_are_errors() {
    let error = |region, settings: &[(&str, &str)]| consumer(region, settings).err().unwrap_or_default();
    let own = "is eu-west-1, which is the region of this stack";
    assert_eq!(error(FIRST, &[("SECOND_REGION", FIRST)]), format!("invalid configuration: SECOND_REGION {own}"));
    let no_time = "SINCE is missing: when this region was added, in RFC 3339";
    assert_eq!(error(SECOND, &[("FIRST_REGION", FIRST)]), format!("invalid configuration: {no_time}"));
    let since = ("SINCE", "2026-11-21T00:00:00Z");
    assert_eq!(error(FIRST, &[("FIRST_REGION", FIRST), since]), format!("invalid configuration: FIRST_REGION {own}"));
    assert!(error(SECOND, &[("FIRST_REGION", FIRST), since, ("BACKFILL_GIB", "much")]).contains("BACKFILL_GIB"));
}
