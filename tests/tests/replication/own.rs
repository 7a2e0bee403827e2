//! Invariant 5: Draco deletes only snapshots that it made, known by their tags; and invariant 12: its own copies are never
//! sources. Tags are inherited by manual copies and by databases that are restored, and people give any name.

use std::collections::BTreeMap;

use aws_sdk_rds::types::Tag;
use cloud::{Cloud, Function as _};
use protocol::{Kind, Status, Tags, tags};
use rehearsal::{Cast, Database, Encryption};
use serde_json::json;
use sim::lambda::{Function, Invocation};
use tests::{DR, HOUR, MINUTE, REGION, SOURCE, Stage, settings};

/// One that is copied and done, in a world in which copies are deleted.
async fn done() -> anyhow::Result<Stage> {
    let cast = Cast::of(SOURCE, DR, REGION)?.consumer("NoDryRun", "true");
    let cast = cast.consumer("Lifecycles", r#"{"Hour": {"within": "1h"}}"#).consumer("Floor", r#"{"last": 1}"#);
    let mut stage = Stage::with(settings(), cast).await?;
    let database = Database::instance("orders").encryption(Encryption::CustomerKey).lifecycle("Hour");
    stage.create(&database).await?;
    stage.hours(4).await?;
    assert_eq!(names(&stage, DR).await?, ["draco-111111111111-rds-orders-2026-11-21-03-05"]);
    Ok(stage)
}

async fn names(stage: &Stage, account: &str) -> anyhow::Result<Vec<String>> {
    Ok(stage.all(account).await?.into_iter().map(|it| it.arn.id().to_owned()).collect())
}

/// Copies by hand, tags and all.
async fn copy_by_hand(stage: &Stage, account: &str, from: &str, to: &str) -> anyhow::Result<()> {
    let rds = aws_sdk_rds::Client::new(&stage.owner(account));
    rds.copy_db_snapshot()
        .source_db_snapshot_identifier(from)
        .target_db_snapshot_identifier(to)
        .copy_tags(true)
        .send()
        .await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_manual_copy_of_a_source_is_a_source_of_its_own_and_not_done() -> anyhow::Result<()> {
    let mut stage = done().await?;
    let source = "rds:orders-2026-11-21-03-05";
    copy_by_hand(&stage, SOURCE, source, "mine").await?;
    stage.hours(4).await?;
    let mine = stage.all(SOURCE).await?.into_iter().find(|it| it.arn.id() == "mine").map(|it| it.tags);
    // It inherited the mark of the other one, and has its own by now.
    let copied = "arn:aws:rds:eu-west-1:222222222222:snapshot:draco-111111111111-mine-20261121t030500";
    assert_eq!(mine, Some(Tags::from_iter([(tags::LIFECYCLE, "Hour"), (tags::COPIED, copied)])));
    assert!(names(&stage, DR).await?.contains(&"draco-111111111111-mine-20261121t030500".to_owned()));
    assert_eq!(stage.broken(), []);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_restored_with_all_of_a_copys_tags_is_a_source_like_any_other() -> anyhow::Result<()> {
    let mut stage = done().await?;
    let copy = stage.all(DR).await?.remove(0);
    let mut tags = copy.tags.clone();
    tags.set(tags::COPIED, &copy.arn.to_string());
    tags.set(tags::NOT_COPIED, "2026-11-21T03:20:00Z");
    stage.create(&Database { tags, ..Database::instance("restored") }).await?;
    stage.hours(26).await?;
    assert!(names(&stage, DR).await?.contains(&"draco-111111111111-rds-restored-2026-11-22-03-05".to_owned()));
    let source = stage.all(SOURCE).await?.into_iter().find(|it| it.arn.id() == "rds:restored-2026-11-22-03-05");
    let copied = source.as_ref().and_then(|it| it.tags.get(tags::COPIED)).map(str::to_owned);
    let own = "arn:aws:rds:eu-west-1:222222222222:snapshot:draco-111111111111-rds-restored-2026-11-22-03-05";
    assert_eq!(copied.as_deref(), Some(own));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_has_dracos_tags_and_another_name_is_never_deleted() -> anyhow::Result<()> {
    let mut stage = done().await?;
    copy_by_hand(&stage, DR, "draco-111111111111-rds-orders-2026-11-21-03-05", "kept-by-hand").await?;
    copy_by_hand(&stage, DR, "draco-111111111111-rds-orders-2026-11-21-03-05", "draco-111111111111-kept").await?;
    stage.hours(3 * 24).await?;
    let expected = ["draco-111111111111-kept", "draco-111111111111-rds-orders-2026-11-24-03-05", "kept-by-hand"];
    assert_eq!(names(&stage, DR).await?, expected);
    assert_eq!(stage.broken(), []);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_has_a_copys_name_and_other_tags_is_never_deleted_nor_taken_for_it() -> anyhow::Result<()> {
    let mut stage = Stage::new().await?;
    // Somebody in DR takes snapshots of their own, with just the name that the copy will have.
    let theirs = stage.rehearsal.create(&stage.place(DR)?, &Database::instance("orders")).await?;
    stage.create(&Database::instance("orders").lifecycle("Standard")).await?;
    stage.rehearsal.world().sleep(10 * MINUTE).await;
    stage.rehearsal.take(&theirs, "draco-111111111111-rds-orders-2026-11-21-03-05").await?;
    stage.hours(6).await?;
    let there = stage.all(DR).await?;
    let kept = there.iter().find(|it| it.arn.id() == "draco-111111111111-rds-orders-2026-11-21-03-05");
    assert_eq!(kept.map(|it| (it.status, it.tags.clone())), Some((Status::Available, Tags::default())));
    let source = stage.all(SOURCE).await?;
    let [source] = &source[..] else { panic!("one source and no transit copy: {source:#?}") };
    assert_eq!(source.tags.get(tags::NOT_COPIED).map(|it| &it[20..]), Some(" name-taken"));
    assert_eq!(stage.broken(), []);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_has_a_transit_copys_name_and_other_tags_is_told_and_never_deleted() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut stage = Stage::new().await?;
        let database = Database { kind, ..Database::instance("orders") };
        let database = stage.create(&database.lifecycle("Ignore")).await?;
        let other = Database { kind, ..Database::instance("customers") };
        stage.create(&other.lifecycle("Standard")).await?;
        stage.rehearsal.world().sleep(10 * MINUTE).await;
        stage.rehearsal.take(&database, "draco-rds-customers-2026-11-21-03-05").await?;
        stage.hours(6).await?;
        let there = names(&stage, SOURCE).await?;
        assert!(there.contains(&"draco-rds-customers-2026-11-21-03-05".to_owned()), "{there:?}");
        assert_eq!(names(&stage, DR).await?, [""; 0]);
        let lines = stage.rehearsal.logs().lines();
        assert!(lines.iter().any(|line| line.is_alarm_about("rds:customers-2026-11-21-03-05")));
        assert_eq!(stage.broken(), []);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_a_person_takes_from_a_transit_copy_makes_it_nobodys() -> anyhow::Result<()> {
    let mut stage = Stage::new().await?;
    stage.create(&Database::instance("orders").lifecycle("Standard")).await?;
    stage.rehearsal.world().sleep(76 * MINUTE).await;
    let rds = aws_sdk_rds::Client::new(&stage.owner(SOURCE));
    let transit = "arn:aws:rds:eu-west-1:111111111111:snapshot:draco-rds-orders-2026-11-21-03-05";
    let tag = Tag::builder().key(tags::SOURCE_SNAPSHOT).value("mine").build();
    rds.add_tags_to_resource().resource_name(transit).tags(tag).send().await?;
    stage.hours(6).await?;
    assert!(names(&stage, SOURCE).await?.contains(&"draco-rds-orders-2026-11-21-03-05".to_owned()));
    Ok(())
}

/// A producer in DR, beside the consumer: as where two accounts keep each other's snapshots.
fn add_producer(stage: &Stage) -> anyhow::Result<String> {
    let place = stage.place(DR)?;
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
    let world = stage.rehearsal.world();
    let arn =
        world.add_function(DR, REGION, "draco-producer", Function::new("draco-producer", code).timeout(5 * MINUTE));
    world.add_schedule(DR, REGION, "draco-producer-sweep", HOUR, &arn, json!({ "sweep": {} }));
    Ok(arn)
}

#[tokio::test(start_paused = true)]
async fn a_producer_in_dr_copies_no_copy() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut stage = Stage::new().await?;
        let producer = add_producer(&stage)?;
        let sns = aws_sdk_sns::Client::new(&stage.owner(DR));
        let topic = "arn:aws:sns:eu-west-1:222222222222:DracoConsumer";
        sns.subscribe().topic_arn(topic).protocol("lambda").endpoint(producer).send().await?;
        let database = Database { kind, ..Database::instance("orders") };
        stage.create(&database.lifecycle("Standard")).await?;
        stage.hours(30).await?;
        assert_eq!(names(&stage, DR).await?.len(), 2);
        assert!(names(&stage, DR).await?.iter().all(|name| name.starts_with("draco-111111111111-")));
        assert_eq!(stage.broken(), []);
    }
    Ok(())
}
