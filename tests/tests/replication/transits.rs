//! `KEEP_NEWEST_TRANSIT`: the last transit copy of each instance stays for the next. Invariants 1, 4 and 11.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::bail;
use chrono::{DateTime, TimeDelta, Utc};
use cloud::{Cloud, Function};
use producer::Producer;
use protocol::{Message, SnapshotRole, tags};
use rehearsal::{Database, Line, Setup};
use serde_json::json;
use sim::Settings;
use sim::fault::{Action, Fault, Plan, Point};
use sim::journal::Event;
use sim::questions::{Answers, Incremental};
use tests::{DR, Fixture, HOUR, MINUTE, REGION, SOURCE, settings};

use crate::draco_event;

fn keeping() -> anyhow::Result<Setup> {
    Ok(Setup::new(SOURCE, DR, REGION)?.producer_parameter("KeepNewestTransit", "true"))
}

/// The identifiers of the transit copies.
async fn transits(fixture: &Fixture) -> anyhow::Result<Vec<String>> {
    let all = fixture.snapshots(SOURCE).await?.into_iter();
    let transits = all.filter(|snapshot| matches!(SnapshotRole::of(snapshot), SnapshotRole::Transit(_)));
    Ok(transits.map(|transit| transit.arn.id().to_owned()).collect())
}

/// The producer's calls since then, by operation.
pub(crate) fn calls(fixture: &Fixture, since: DateTime<Utc>) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    fixture.rehearsal.world().journal(|journal| {
        for entry in journal.entries().iter().filter(|entry| entry.at >= since) {
            if let Event::Call { role: Some(role), operation, .. } = &entry.event
                && role.starts_with("draco-producer-eu")
            {
                *calls.entry(operation.clone()).or_default() += 1;
            }
        }
    });
    calls
}

pub(crate) fn lines(fixture: &Fixture, step: &str) -> Vec<Line> {
    fixture.rehearsal.logs().lines().into_iter().filter(|line| line.text("step") == step).collect()
}

fn has_no_error(fixture: &Fixture, account: &str) -> bool {
    let lines = fixture.rehearsal.logs().lines();
    lines.iter().filter(|line| line.place.account.as_str() == account).all(|line| line.text("level") != "ERROR")
}

/// A producer beside the deployed one.
fn producer(fixture: &Fixture, key: Option<&str>, keep_newest: &str) -> anyhow::Result<Producer> {
    let environment =
        [("DR_ACCT", DR), ("TRANSIT_KEY_ARN", key.unwrap_or_default()), ("KEEP_NEWEST_TRANSIT", keep_newest)];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let cloud = Cloud::new(&fixture.owner_config(SOURCE), fixture.source());
    Ok(Producer::new(cloud, &environment)?)
}

/// Three days of an instance and a cluster.
async fn three_days(incremental: Incremental, setup: Setup) -> anyhow::Result<Fixture> {
    let settings = settings();
    let answers = Answers { incremental, ..settings.answers };
    let mut fixture = Fixture::with(Settings { answers, ..settings }, setup).await?;
    for database in [Database::instance("orders"), Database::cluster("ledger")] {
        fixture.create_database(&database.lifecycle("Standard")).await?;
    }
    fixture.pass_hours(3 * 24).await?;
    assert_eq!(fixture.violations(), []);
    assert!(has_no_error(&fixture, SOURCE) && has_no_error(&fixture, DR));
    Ok(fixture)
}

/// The minutes from taking the last snapshot of the instance until its copy in DR was complete, and the storage that was billed.
fn time_and_storage(fixture: &Fixture) -> (i64, f64) {
    let completed =
        lines(fixture, "copy_completed").into_iter().filter(|line| !line.text("snapshot").contains("cluster"));
    let seconds = completed.filter_map(|line| line.json["copy_delay_seconds"].as_i64()).next_back();
    let bill = fixture.rehearsal.world().bill().lines.into_iter();
    let storage = bill.filter(|line| line.item == "RDS snapshot storage").map(|line| line.quantity).sum();
    (seconds.unwrap_or_default() / 60, storage)
}

// Invariant 4.
#[tokio::test(start_paused = true)]
async fn a_kept_transit_copy_saves_time_and_storage_if_aws_copies_only_changes_and_the_end_is_the_same()
-> anyhow::Result<()> {
    let mut ends = Vec::new();
    let mut storage = BTreeMap::new();
    for (incremental, with, without) in
        [(Incremental::NotOfCopies, 20, 30), (Incremental::AlsoOfCopies, 11, 20), (Incremental::Never, 30, 30)]
    {
        for (setup, expected, is_kept) in [(keeping()?, with, true), (Setup::new(SOURCE, DR, REGION)?, without, false)]
        {
            let fixture = three_days(incremental, setup).await?;
            let (minutes, gib_months) = time_and_storage(&fixture);
            assert_eq!(minutes, expected, "{incremental:?}, kept: {is_kept}");
            let kept: &[&str] = if is_kept { &["draco-rds-orders-2026-11-23-03-05"] } else { &[] };
            assert_eq!(transits(&fixture).await?, kept, "{incremental:?}");
            storage.insert((incremental as usize, is_kept), gib_months);
            let copies = fixture.snapshots(DR).await?.into_iter();
            ends.push(copies.map(|copy| (copy.arn.to_string(), copy.status)).collect::<Vec<_>>());
        }
    }
    assert!(ends.iter().all(|end| *end == ends[0] && end.len() >= 6), "{ends:#?}");
    let of = |incremental: Incremental, is_kept| storage[&(incremental as usize, is_kept)];
    // The kept one costs, and incremental copies in DR save.
    assert!(of(Incremental::Never, true) > of(Incremental::Never, false), "{storage:?}");
    assert!(of(Incremental::AlsoOfCopies, true) < of(Incremental::Never, true), "{storage:?}");
    assert!(of(Incremental::AlsoOfCopies, false) < of(Incremental::NotOfCopies, false), "{storage:?}");
    Ok(())
}

// Invariants 4 and 11.
#[tokio::test(start_paused = true)]
async fn a_kept_transit_copy_costs_no_call_and_goes_after_eight_days_without_a_new_snapshot() -> anyhow::Result<()> {
    let mut fixture = Fixture::with(settings(), keeping()?).await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.pass_hours(20).await?;
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    rds.delete_db_instance().db_instance_identifier("orders").skip_final_snapshot(true).send().await?;
    let deleted = fixture.rehearsal.world().now();
    fixture.pass_hours(7 * 24).await?;
    assert_eq!(transits(&fixture).await?.len(), 1);
    let calls = calls(&fixture, deleted + TimeDelta::minutes(1));
    let operations: Vec<_> = calls.keys().map(String::as_str).collect();
    // Those of sweeps and audits.
    assert_eq!(operations, ["DescribeDBClusterSnapshots", "DescribeDBSnapshots"]);
    assert!(calls.values().all(|calls| *calls <= 7 * 25), "one for each: {calls:?}");
    fixture.pass_hours(2 * 24).await?;
    assert_eq!(transits(&fixture).await?, [""; 0]);
    // In DR, the database is reported as silent.
    assert!(has_no_error(&fixture, SOURCE));
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_kept_transit_copy_that_loses_its_mark_while_it_is_deleted_stays() -> anyhow::Result<()> {
    let mut fixture = Fixture::with(settings(), keeping()?).await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.pass_hours(20).await?;
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    rds.delete_db_instance().db_instance_identifier("orders").skip_final_snapshot(true).send().await?;
    // Without the function, the transit copy becomes older than it is kept.
    let world = fixture.rehearsal.world();
    world.remove_function(SOURCE, REGION, "draco-producer");
    world.sleep(9 * 24 * HOUR).await;
    let all = fixture.snapshots(SOURCE).await?;
    let [transit] = all.as_slice() else { bail!("the source is gone, and one transit copy is left: {all:#?}") };
    let SnapshotRole::Transit(origin) = SnapshotRole::of(transit) else { bail!("not a transit copy: {transit:?}") };
    let producer = producer(&fixture, transit.key.as_deref(), "true")?;
    // The last look at the source before the deletion takes so long that the audit's answer is handled in the meantime.
    let slow = Fault {
        at: Point::Call("DescribeDBSnapshots".to_owned()),
        nth: 3,
        action: Action::Delay(Duration::from_secs(20)),
    };
    world.plan_faults(Plan::List(vec![slow]));
    let sweep = producer.handle(json!({ "sweep": {} }), world.now() + TimeDelta::minutes(5));
    let audit = async {
        world.sleep(Duration::from_secs(10)).await;
        let missing = draco_event(&Message::Missing { sources: vec![origin].try_into()? });
        producer.handle(missing, world.now() + TimeDelta::minutes(5)).await
    };
    let (swept, audited) = tokio::join!(sweep, audit);
    swept?;
    audited?;
    let left = fixture.snapshots(SOURCE).await?;
    let marks: Vec<_> = left.iter().map(|transit| transit.tags.get(tags::COPIED).unwrap_or_default()).collect();
    assert!(matches!(*marks, [mark] if mark.starts_with("missing")), "{marks:?}");
    Ok(())
}

// Invariant 4.
#[tokio::test(start_paused = true)]
async fn kept_transit_copies_are_deleted_by_the_sweep_when_the_setting_is_turned_off() -> anyhow::Result<()> {
    let mut fixture = Fixture::with(settings(), keeping()?).await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.pass_hours(20).await?;
    assert_eq!(transits(&fixture).await?.len(), 1);
    fixture.rehearsal.world().remove_function(SOURCE, REGION, "draco-producer");
    let key = fixture.snapshots(SOURCE).await?.into_iter().filter(|found| found.arn.id().starts_with("draco-"));
    let key = key.filter_map(|transit| transit.key).next().unwrap_or_default();
    let deadline = fixture.rehearsal.world().now() + TimeDelta::minutes(5);
    producer(&fixture, Some(&key), "false")?.handle(json!({ "sweep": {} }), deadline).await?;
    assert_eq!(transits(&fixture).await?, [""; 0]);
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn kept_transit_copies_make_room_when_the_quota_is_reached() -> anyhow::Result<()> {
    let mut fixture = Fixture::with(Settings { snapshot_quota: 12, ..settings() }, keeping()?).await?;
    let others = fixture.create_database(&Database::instance("others")).await?;
    let create = async |name, window: &str| {
        let database = Database { backup_window: window.to_owned(), ..Database::instance(name) };
        fixture.create_database(&database.lifecycle("Standard")).await
    };
    create("orders", "03:05-03:35").await?;
    create("customers", "05:05-05:35").await?;
    fixture.rehearsal.world().sleep(5 * MINUTE).await;
    for nth in 0..10 {
        fixture.rehearsal.take_snapshot(&others, &format!("mine-{nth}")).await?;
    }
    fixture.pass_hours(24).await?;
    assert_eq!((transits(&fixture).await?.len(), lines(&fixture, "transit_kept_for_next").len()), (2, 2));
    // Now the quota is used up, and a third database comes.
    let invoices = Database { backup_window: "07:05-07:35".to_owned(), ..Database::instance("invoices") };
    fixture.create_database(&invoices.lifecycle("Standard")).await?;
    fixture.pass_hours(30).await?;
    let reasons: Vec<_> =
        lines(&fixture, "transit_deleted").iter().map(|line| line.text("reason").to_owned()).collect();
    assert!(reasons.iter().filter(|reason| *reason == "quota-exceeded").count() >= 2, "{reasons:?}");
    let copies = fixture.snapshots(DR).await?;
    assert!(["orders", "customers", "invoices"].iter().all(|name| copies.iter().any(|copy| *copy.database == **name)));
    assert!(has_no_error(&fixture, SOURCE), "{:#?}", lines(&fixture, "event_failed"));
    assert_eq!(fixture.violations(), []);
    Ok(())
}

/// AWS may check the quota before the tags.
// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_spec_that_aws_refuses_when_there_is_room_again_does_not_cost_the_copy() -> anyhow::Result<()> {
    let mut fixture = Fixture::with(settings(), keeping()?).await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.pass_hours(6).await?;
    assert_eq!((transits(&fixture).await?.len(), fixture.snapshots(DR).await?.len()), (1, 1));
    let fault = |nth, code| Fault { at: Point::Call("CopyDBSnapshot".to_owned()), nth, action: Action::Refuse(code) };
    let faults = vec![fault(1, "SnapshotQuotaExceeded"), fault(2, "InvalidParameterValue")];
    fixture.rehearsal.world().plan_faults(Plan::List(faults));
    fixture.pass_hours(24).await?;
    assert_eq!((lines(&fixture, "spec_missing").len(), fixture.snapshots(DR).await?.len()), (1, 2));
    assert!(has_no_error(&fixture, SOURCE), "{:#?}", lines(&fixture, "not_copied"));
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_lost_copy_is_made_again_from_the_kept_transit_copy() -> anyhow::Result<()> {
    let mut fixture = Fixture::with(settings(), keeping()?).await?;
    let database = Database { retention_days: 0, ..Database::instance("orders") };
    let database = fixture.create_database(&database.lifecycle("Standard")).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    fixture.rehearsal.take_snapshot(&database, "mine").await?;
    fixture.pass_hours(6).await?;
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(DR));
    for copy in fixture.snapshots(DR).await? {
        rds.delete_db_snapshot().db_snapshot_identifier(copy.arn.id()).send().await?;
    }
    let lost = fixture.rehearsal.world().now();
    fixture.pass_hours(24).await?;
    let source = fixture.snapshots(SOURCE).await?.into_iter().find(|source| source.arn.id() == "mine");
    let mark = source.and_then(|source| source.tags.get(tags::COPIED).map(str::to_owned)).unwrap_or_default();
    assert!(mark.starts_with("arn:"), "{mark}");
    assert_eq!(fixture.snapshots(DR).await?.len(), 1);
    assert_eq!(calls(&fixture, lost).get("CopyDBSnapshot"), None, "the transit copy was there");
    Ok(())
}
