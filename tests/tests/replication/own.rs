//! Invariants 5 and 12: Draco deletes only snapshots that it made, and its own copies are never sources. Manual copies and
//! restored databases inherit tags, and people may give a snapshot any name.

use std::collections::BTreeMap;

use aws_sdk_rds::types::Tag;
use cloud::{Cloud, Function as _};
use protocol::{Kind, Status, Tags, tags};
use rehearsal::{Database, Encryption, Setup};
use serde_json::json;
use sim::lambda::{Function, Invocation};
use tests::{DR, Fixture, HOUR, MINUTE, REGION, SOURCE, settings};

/// One snapshot that is copied and confirmed. It is not a dry run.
async fn copied() -> anyhow::Result<Fixture> {
    let setup = Setup::new(SOURCE, DR, REGION)?.consumer_parameter("NoDryRun", "true");
    let setup = setup
        .consumer_parameter("Lifecycles", r#"{"Hour": {"within": "1h"}}"#)
        .consumer_parameter("Floor", r#"{"last": 1}"#);
    let mut fixture = Fixture::with(settings(), setup).await?;
    let database = Database::instance("orders").encryption(Encryption::CustomerKey).lifecycle("Hour");
    fixture.create_database(&database).await?;
    fixture.pass_hours(4).await?;
    assert_eq!(names(&fixture, DR).await?, ["draco-111111111111-rds-orders-2026-11-21-03-05"]);
    Ok(fixture)
}

async fn names(fixture: &Fixture, account: &str) -> anyhow::Result<Vec<String>> {
    Ok(fixture.snapshots(account).await?.into_iter().map(|it| it.arn.id().to_owned()).collect())
}

/// Copies a snapshot with its tags, as a person would.
async fn copy_by_hand(fixture: &Fixture, account: &str, from: &str, to: &str) -> anyhow::Result<()> {
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(account));
    rds.copy_db_snapshot()
        .source_db_snapshot_identifier(from)
        .target_db_snapshot_identifier(to)
        .copy_tags(true)
        .send()
        .await?;
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_manual_copy_of_a_copied_source_is_copied_too() -> anyhow::Result<()> {
    let mut fixture = copied().await?;
    let source = "rds:orders-2026-11-21-03-05";
    copy_by_hand(&fixture, SOURCE, source, "mine").await?;
    fixture.pass_hours(4).await?;
    let mine = fixture.snapshots(SOURCE).await?.into_iter().find(|it| it.arn.id() == "mine").map(|it| it.tags);
    // It inherited the tag `Draco_Copied` of the other snapshot, and now has its own.
    let copied = "arn:aws:rds:eu-west-1:222222222222:snapshot:draco-111111111111-mine-20261121t030500";
    assert_eq!(mine, Some(Tags::from_iter([(tags::LIFECYCLE, "Hour"), (tags::COPIED, copied)])));
    assert!(names(&fixture, DR).await?.contains(&"draco-111111111111-mine-20261121t030500".to_owned()));
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn snapshots_of_a_database_with_the_tags_of_a_copy_are_copied() -> anyhow::Result<()> {
    let mut fixture = copied().await?;
    let copy = fixture.snapshots(DR).await?.remove(0);
    let mut tags = copy.tags.clone();
    tags.set(tags::COPIED, &copy.arn.to_string());
    tags.set(tags::NOT_COPIED, "2026-11-21T03:20:00Z");
    fixture.create_database(&Database { tags, ..Database::instance("restored") }).await?;
    fixture.pass_hours(26).await?;
    assert!(names(&fixture, DR).await?.contains(&"draco-111111111111-rds-restored-2026-11-22-03-05".to_owned()));
    let source = fixture.snapshots(SOURCE).await?.into_iter().find(|it| it.arn.id() == "rds:restored-2026-11-22-03-05");
    let copied = source.as_ref().and_then(|it| it.tags.get(tags::COPIED)).map(str::to_owned);
    let own = "arn:aws:rds:eu-west-1:222222222222:snapshot:draco-111111111111-rds-restored-2026-11-22-03-05";
    assert_eq!(copied.as_deref(), Some(own));
    Ok(())
}

// Invariant 5.
#[tokio::test(start_paused = true)]
async fn a_snapshot_with_dracos_tags_and_another_name_is_never_deleted() -> anyhow::Result<()> {
    let mut fixture = copied().await?;
    copy_by_hand(&fixture, DR, "draco-111111111111-rds-orders-2026-11-21-03-05", "kept-by-hand").await?;
    copy_by_hand(&fixture, DR, "draco-111111111111-rds-orders-2026-11-21-03-05", "draco-111111111111-kept").await?;
    fixture.pass_hours(3 * 24).await?;
    // The last run of the keeper was at two in the morning.
    let expected = [
        "draco-111111111111-kept",
        "draco-111111111111-rds-orders-2026-11-23-03-05",
        "draco-111111111111-rds-orders-2026-11-24-03-05",
        "kept-by-hand",
    ];
    assert_eq!(names(&fixture, DR).await?, expected);
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 5.
#[tokio::test(start_paused = true)]
async fn a_snapshot_with_the_name_of_a_copy_and_other_tags_is_never_deleted_or_used() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    // A person in DR takes a snapshot with the name that the copy will have.
    let theirs = fixture.rehearsal.create_database(&fixture.place(DR)?, &Database::instance("orders")).await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    fixture.rehearsal.take_snapshot(&theirs, "draco-111111111111-rds-orders-2026-11-21-03-05").await?;
    fixture.pass_hours(6).await?;
    let in_dr = fixture.snapshots(DR).await?;
    let kept = in_dr.iter().find(|it| it.arn.id() == "draco-111111111111-rds-orders-2026-11-21-03-05");
    assert_eq!(kept.map(|it| (it.status, it.tags.clone())), Some((Status::Available, Tags::default())));
    // The transit copy stays until the name is free.
    assert_eq!(names(&fixture, SOURCE).await?, ["draco-rds-orders-2026-11-21-03-05", "rds:orders-2026-11-21-03-05"]);
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 1.
// Invariant 5.
#[tokio::test(start_paused = true)]
async fn a_snapshot_with_the_name_of_a_transit_copy_and_other_tags_raises_an_alarm_and_is_never_deleted()
-> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        let database = Database { kind, ..Database::instance("orders") };
        let database = fixture.create_database(&database.lifecycle("Ignore")).await?;
        let other = Database { kind, ..Database::instance("customers") };
        fixture.create_database(&other.lifecycle("Standard")).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        fixture.rehearsal.take_snapshot(&database, "draco-rds-customers-2026-11-21-03-05").await?;
        fixture.pass_hours(6).await?;
        let sources = names(&fixture, SOURCE).await?;
        assert!(sources.contains(&"draco-rds-customers-2026-11-21-03-05".to_owned()), "{sources:?}");
        assert_eq!(names(&fixture, DR).await?, [""; 0]);
        let lines = fixture.rehearsal.logs().lines();
        assert!(lines.iter().any(|line| line.is_alarm_about("rds:customers-2026-11-21-03-05")));
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 5.
#[tokio::test(start_paused = true)]
async fn a_transit_copy_whose_tags_were_changed_by_a_person_is_not_deleted() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.rehearsal.world().sleep(76 * MINUTE).await;
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    let transit = "arn:aws:rds:eu-west-1:111111111111:snapshot:draco-rds-orders-2026-11-21-03-05";
    let tag = Tag::builder().key(tags::SOURCE_SNAPSHOT).value("mine").build();
    rds.add_tags_to_resource().resource_name(transit).tags(tag).send().await?;
    fixture.pass_hours(6).await?;
    assert!(names(&fixture, SOURCE).await?.contains(&"draco-rds-orders-2026-11-21-03-05".to_owned()));
    Ok(())
}

/// A producer in DR, beside the consumer, as if two accounts kept each other's snapshots.
fn add_producer(fixture: &Fixture) -> anyhow::Result<String> {
    let place = fixture.place(DR)?;
    let environment: BTreeMap<_, _> =
        [("DR_ACCT", "333333333333"), ("TRANSIT_KEY_ARN", "arn:aws:kms:eu-west-1:222222222222:key/transit")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
    let code = move |invocation: Invocation| {
        let (place, environment) = (place.clone(), environment.clone());
        async move {
            let cloud = Cloud::new(&invocation.config, place);
            let producer = producer::Producer::new(cloud, &environment).map_err(|why| why.to_string())?;
            let handled = producer.handle(invocation.payload, invocation.deadline).await;
            handled.map_err(|why| format!("{why:#}"))
        }
    };
    let world = fixture.rehearsal.world();
    let arn =
        world.add_function(DR, REGION, "draco-producer", Function::new("draco-producer", code).timeout(5 * MINUTE));
    world.add_schedule(DR, REGION, "draco-producer-sweep", HOUR, &arn, json!({ "sweep": {} }));
    Ok(arn)
}

// Invariant 12.
#[tokio::test(start_paused = true)]
async fn a_producer_in_dr_does_not_copy_copies() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        let producer = add_producer(&fixture)?;
        let sns = aws_sdk_sns::Client::new(&fixture.owner_config(DR));
        let topic = "arn:aws:sns:eu-west-1:222222222222:DracoConsumer";
        sns.subscribe().topic_arn(topic).protocol("lambda").endpoint(producer).send().await?;
        let database = Database { kind, ..Database::instance("orders") };
        fixture.create_database(&database.lifecycle("Standard")).await?;
        fixture.pass_hours(30).await?;
        assert_eq!(names(&fixture, DR).await?.len(), 2);
        assert!(names(&fixture, DR).await?.iter().all(|name| name.starts_with("draco-111111111111-")));
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}
