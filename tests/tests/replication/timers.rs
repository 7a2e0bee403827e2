//! Timers: each awaited event has its own, and a source account can start only a limited number in DR. Invariants 9, 11, 14.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use protocol::{DatabaseArn, Kind, Origin, RefusalReason, SnapshotArn, Tags};
use rehearsal::{Database, Setup};
use sim::journal::{Event, Journal};
use sim::questions::ClusterCopies;
use tests::{DR, Fixture, HOUR, MINUTE, REGION, SOURCE, settings, settings_where};

use crate::attacker::announce;

/// The names of the timers that were started in an account.
async fn timers(fixture: &Fixture, account: &str) -> anyhow::Result<Vec<String>> {
    let sfn = aws_sdk_sfn::Client::new(&fixture.owner_config(account));
    let machine = format!("arn:aws:states:{REGION}:{account}:stateMachine:draco-wait4copy");
    let listed = sfn.list_executions().state_machine_arn(machine).send().await?;
    Ok(listed.executions.into_iter().map(|execution| execution.name).collect())
}

/// An announcement of a transit copy that does not exist.
fn bogus(database: &DatabaseArn, nth: i64) -> anyhow::Result<protocol::Announcement> {
    let snapshot = SnapshotArn::new(database.kind, database.place.clone(), "rds:orders-2026-11-21-03-05")?;
    let taken = settings().epoch - chrono::TimeDelta::seconds(nth);
    let origin = Origin { snapshot, database: database.clone(), taken };
    Ok(protocol::Announcement { transit: origin.transit(), origin, tags: Tags::default() })
}

/// The calls of the consumer, by operation.
fn calls(journal: &Journal, since: DateTime<Utc>) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for entry in journal.entries().iter().filter(|entry| entry.at >= since) {
        if let Event::Call { role: Some(role), operation, .. } = &entry.event
            && role.starts_with("draco-consumer-eu")
        {
            *calls.entry(operation.clone()).or_default() += 1;
        }
    }
    calls
}

fn steps(fixture: &Fixture, step: &str, reason: RefusalReason) -> usize {
    let lines = fixture.rehearsal.logs().lines();
    lines.iter().filter(|line| line.text("step") == step && line.text("reason") == reason.to_string()).count()
}

// Invariant 9.
#[tokio::test(start_paused = true)]
async fn a_second_copy_on_one_day_gets_a_timer() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let settings = settings_where(|answers| answers.cluster_copies = ClusterCopies::TakeTime);
        let mut fixture = Fixture::with(settings, Setup::new(SOURCE, DR, REGION)?).await?;
        let database = Database { kind, backup_window: "23:00-23:30".to_owned(), ..Database::instance("orders") };
        let database = fixture.create_database(&database.lifecycle("Standard")).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        fixture.rehearsal.take_snapshot(&database, "mine").await?;
        // The transit copy is in progress, and a person deletes it. Its timer ends, and a sweep starts another copy.
        fixture.rehearsal.world().sleep(15 * MINUTE).await;
        let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
        let transit = "draco-mine-20261121t021000";
        match kind {
            Kind::Instance => drop(rds.delete_db_snapshot().db_snapshot_identifier(transit).send().await?),
            Kind::Cluster => {
                drop(rds.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(transit).send().await?)
            }
        }
        fixture.pass_hours(3).await?;
        let names = timers(&fixture, SOURCE).await?;
        let [second, first] = &names[..] else { panic!("two timers: {names:?}") };
        assert_eq!(*second, format!("{first}-2"));
        assert!(first.starts_with("copying-111111111111-20261121-") && first.ends_with("-draco-mine-20261121t021000"));
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariants 8 and 14.
#[tokio::test(start_paused = true)]
async fn the_timer_of_another_announcement_is_not_used() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let database = fixture.database(Kind::Instance, "orders")?;
    // Both transit copies have one name, and only one of the announcements is true.
    for nth in [1, 2, 2] {
        announce(&fixture, bogus(&database, nth)?);
        fixture.rehearsal.world().sleep(MINUTE / 10).await;
    }
    let names = timers(&fixture, DR).await?;
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("sharing-111111111111-20261121-")), "{names:?}");
    Ok(())
}

// Invariant 11.
#[tokio::test(start_paused = true)]
async fn a_bogus_announcement_costs_thirteen_calls() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    // After the sweep with which the simulation begins.
    let world = fixture.rehearsal.world();
    world.sleep(MINUTE).await;
    let start = world.now();
    announce(&fixture, bogus(&fixture.database(Kind::Instance, "orders")?, 1)?);
    world.sleep(50 * MINUTE).await;
    let calls = world.journal(|journal| calls(journal, start));
    let expected = [("DescribeDBSnapshots", 10), ("ListExecutions", 1), ("Publish", 1), ("StartExecution", 1)];
    assert_eq!(calls, expected.map(|(operation, count)| (operation.to_owned(), count)).into());
    assert_eq!(steps(&fixture, "refused", RefusalReason::NotShared), 1);
    Ok(())
}

// Invariants 11 and 14.
#[tokio::test(start_paused = true)]
async fn a_flood_of_bogus_announcements_starts_a_limited_number_of_timers() -> anyhow::Result<()> {
    let mut setup = Setup::new(SOURCE, DR, REGION)?.consumer_parameter("MaxPending", "5");
    setup.sources.push("333333333333".parse()?);
    let fixture = Fixture::with(settings(), setup).await?;
    let database = fixture.database(Kind::Instance, "orders")?;
    for nth in 0..50 {
        announce(&fixture, bogus(&database, nth)?);
        fixture.rehearsal.world().sleep(MINUTE / 60).await;
    }
    assert_eq!(timers(&fixture, DR).await?.len(), 5);
    assert_eq!(steps(&fixture, "refused", RefusalReason::TooMany), 45);
    let lines = fixture.rehearsal.logs().lines();
    let refusal =
        lines.iter().find(|line| line.text("reason") == "too-many").map(|line| line.text("message").to_owned());
    assert!(
        refusal.as_ref().is_some_and(|why| why.contains("111111111111") && why.contains("MAX_PENDING")),
        "{refusal:?}"
    );
    // Another account is not affected.
    let other = DatabaseArn::new(Kind::Instance, fixture.place("333333333333")?, "orders")?;
    announce(&fixture, bogus(&other, 1)?);
    fixture.rehearsal.world().sleep(MINUTE / 60).await;
    assert_eq!(timers(&fixture, DR).await?.len(), 6);
    // When the first timers have ended, there is space again.
    fixture.rehearsal.world().sleep(HOUR).await;
    announce(&fixture, bogus(&database, 100)?);
    fixture.rehearsal.world().sleep(MINUTE / 60).await;
    assert_eq!(timers(&fixture, DR).await?.len(), 7);
    Ok(())
}
