//! The producer and DR's replies: a reply names a snapshot, and the producer's own look decides. Invariants 1, 5 and 10.

use std::time::Duration;

use anyhow::Context;
use protocol::{Kind, Message, NoCopy, Origin, RefusalReason, Status, tags};
use rehearsal::Database;
use serde_json::json;
use sim::fault::{Action, Fault, Plan, Point};
use tests::{DR, Fixture, MINUTE, SOURCE};

use crate::draco_event;

const SECOND: Duration = Duration::from_secs(1);

/// A source and its transit copy, which DR has not copied: the consumer does not run.
async fn announced() -> anyhow::Result<(Fixture, Origin)> {
    let fixture = Fixture::new().await?;
    fixture.rehearsal.world().remove_function(DR, tests::REGION, "draco-consumer");
    let database = Database { backup_window: "23:00-23:30".to_owned(), ..Database::instance("orders") };
    let database = fixture.create_database(&database.lifecycle("Standard")).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    fixture.rehearsal.take_snapshot(&database, "mine").await?;
    fixture.rehearsal.world().sleep(25 * MINUTE).await;
    let source = fixture.snapshots(SOURCE).await?.into_iter().find(|it| it.arn.id() == "mine");
    let origin = source.map(|source| source.origin()).transpose()?.flatten();
    Ok((fixture, origin.context("a source")?))
}

/// The snapshots of the source account, with their status and the tags of Draco that state a result.
async fn sources(fixture: &Fixture) -> anyhow::Result<Vec<(String, Status, Option<String>)>> {
    let result =
        |it: &protocol::Snapshot| it.tags.get(tags::COPIED).or(it.tags.get(tags::NOT_COPIED)).map(str::to_owned);
    let found = fixture.snapshots(SOURCE).await?;
    Ok(found.into_iter().map(|it| (it.arn.id().to_owned(), it.status, result(&it))).collect())
}

fn reply(fixture: &Fixture, message: &Message) {
    let producer = fixture.function_arn(SOURCE, "draco-producer");
    fixture.rehearsal.world().invoke_function(&producer, draco_event(message));
}

fn refusal(origin: &Origin, reason: RefusalReason) -> Message {
    Message::NoCopy(NoCopy { origin: origin.clone(), reason, why: "a test".to_owned() })
}

async fn delete_source(fixture: &Fixture) -> anyhow::Result<()> {
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    rds.delete_db_snapshot().db_snapshot_identifier("mine").send().await?;
    Ok(())
}

fn errors(fixture: &Fixture) -> Vec<(String, String)> {
    let lines = fixture.rehearsal.logs().lines();
    let errors = lines.iter().filter(|line| line.text("level") == "ERROR");
    errors.map(|line| (line.text("step").to_owned(), line.text("reason").to_owned())).collect()
}

// Invariant 10.
#[tokio::test(start_paused = true)]
async fn a_reply_about_another_time_changes_neither_the_source_nor_its_transit_copy() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        fixture.rehearsal.world().remove_function(DR, tests::REGION, "draco-consumer");
        let database = Database { kind, ..Database::instance("orders") };
        let database = fixture.create_database(&database.lifecycle("Standard")).await?;
        fixture.pass_hours(2).await?;
        // The copy of an automated snapshot has the same name, whenever it was taken.
        let id = "rds:orders-2026-11-21-03-05";
        let snapshot = format!("arn:aws:rds:eu-west-1:{SOURCE}:{}:{id}", kind.snapshot_type()).parse()?;
        let origin = Origin { snapshot, database, taken: tests::settings().epoch };
        let copy = origin.copy(&fixture.place(DR)?);
        let before = sources(&fixture).await?;
        assert_eq!(before.len(), 2, "{before:?}");
        reply(&fixture, &Message::Completed { origin, copy });
        fixture.rehearsal.world().sleep(MINUTE).await;
        assert_eq!(sources(&fixture).await?, before);
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_taken_name_keeps_the_transit_copy_which_is_announced_again_each_hour() -> anyhow::Result<()> {
    let (fixture, origin) = announced().await?;
    let before = sources(&fixture).await?;
    reply(&fixture, &refusal(&origin, RefusalReason::NameTaken));
    fixture.rehearsal.world().sleep(MINUTE).await;
    assert_eq!(sources(&fixture).await?, before, "no tag, and the transit copy is there");
    assert_eq!(errors(&fixture), [("transit_kept".to_owned(), "name-taken".to_owned())]);
    let announced = || {
        let lines = fixture.rehearsal.logs().lines();
        lines.iter().filter(|line| line.text("step") == "announced").count()
    };
    let earlier = announced();
    fixture.rehearsal.world().sleep(60 * MINUTE).await;
    assert!(announced() > earlier);
    Ok(())
}

// Invariant 1: an exhaustive model of both functions found this order of events.
#[tokio::test(start_paused = true)]
async fn a_source_that_expires_while_its_refusal_is_handled_keeps_its_transit_copy() -> anyhow::Result<()> {
    let (fixture, origin) = announced().await?;
    // The look has seen the source. Then the function stalls, and the source expires.
    let late = Fault { at: Point::Call("AddTagsToResource".to_owned()), nth: 1, action: Action::Delay(30 * SECOND) };
    fixture.rehearsal.world().plan_faults(Plan::List(vec![late]));
    reply(&fixture, &refusal(&origin, RefusalReason::CopyFailed));
    fixture.rehearsal.world().sleep(10 * SECOND).await;
    delete_source(&fixture).await?;
    fixture.rehearsal.world().sleep(MINUTE).await;
    assert_eq!(sources(&fixture).await?, [("draco-mine-20261121t021000".to_owned(), Status::Available, None)]);
    assert_eq!(errors(&fixture), [("transit_kept".to_owned(), "copy-failed".to_owned())]);
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_refused_source_is_tagged_before_its_transit_copy_is_deleted() -> anyhow::Result<()> {
    let (fixture, origin) = announced().await?;
    let fails = |nth| Fault { at: Point::Call("AddTagsToResource".to_owned()), nth, action: Action::FailBefore };
    fixture.rehearsal.world().plan_faults(Plan::List((1..=cloud::RDS_ATTEMPTS).map(fails).collect()));
    let producer = fixture.function_arn(SOURCE, "draco-producer");
    let message = draco_event(&refusal(&origin, RefusalReason::CopyFailed));
    let failed = fixture.rehearsal.world().invoke_function_and_wait(&producer, message).await;
    assert!(failed.is_err());
    assert_eq!(sources(&fixture).await?.len(), 2, "the transit copy is kept until the source is tagged");
    Ok(())
}

// Invariant 8.
#[tokio::test(start_paused = true)]
async fn two_looks_that_delete_one_transit_copy_raise_no_alarm() -> anyhow::Result<()> {
    let (fixture, origin) = announced().await?;
    // The role may delete only snapshots with a tag of Draco, so IAM denies the second deletion: there is no tag any more.
    let late = Fault { at: Point::Call("DeleteDBSnapshot".to_owned()), nth: 1, action: Action::Delay(30 * SECOND) };
    fixture.rehearsal.world().plan_faults(Plan::List(vec![late]));
    let completed = Message::Completed { copy: origin.copy(&fixture.place(DR)?), origin };
    for _ in 0..2 {
        reply(&fixture, &completed);
        fixture.rehearsal.world().sleep(5 * SECOND).await;
    }
    fixture.rehearsal.world().sleep(MINUTE).await;
    assert_eq!(errors(&fixture), []);
    let deletions = fixture.rehearsal.world().journal(|journal| journal.count_calls("DeleteDBSnapshot"));
    assert_eq!(deletions, 2, "both looks deleted it");
    let sources = sources(&fixture).await?;
    assert_eq!(sources.iter().map(|(id, ..)| id.as_str()).collect::<Vec<_>>(), ["mine"]);
    Ok(())
}

// Invariant 3: the lifecycle tag is the user's own.
#[tokio::test(start_paused = true)]
async fn an_error_while_tagging_does_not_change_the_lifecycle() -> anyhow::Result<()> {
    let (fixture, origin) = announced().await?;
    let refused =
        |nth| Fault { at: Point::Call("AddTagsToResource".to_owned()), nth, action: Action::Refuse("Unexpected") };
    fixture.rehearsal.world().plan_faults(Plan::List(vec![refused(1)]));
    let completed = Message::Completed { copy: origin.copy(&fixture.place(DR)?), origin };
    let producer = fixture.function_arn(SOURCE, "draco-producer");
    let failed = fixture.rehearsal.world().invoke_function_and_wait(&producer, draco_event(&completed)).await;
    assert!(failed.is_err());
    let source = fixture.snapshots(SOURCE).await?.into_iter().find(|it| it.arn.id() == "mine");
    assert_eq!(source.and_then(|it| it.tags.get(tags::LIFECYCLE).map(str::to_owned)).as_deref(), Some("Standard"));
    // The same message again succeeds.
    let again = fixture.rehearsal.world().invoke_function_and_wait(&producer, draco_event(&completed)).await;
    assert_eq!(again.ok(), Some(json!({"timer": "done"})));
    Ok(())
}
