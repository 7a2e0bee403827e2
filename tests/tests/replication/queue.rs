//! The queue of snapshots that wait until AWS starts more copies from another region. Invariants 1, 8, 9, 11 and 14.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use protocol::{SnapshotRole, Status, Tags, tags};
use rehearsal::{Database, Encryption, Line, Setup};

use serde_json::json;
use sim::Settings;
use sim::fault::{Action, EVERY, Fault, Plan, Point};
use sim::journal::{Event, InvocationOutcome};
use sim::questions::{ClusterCopies, CopiesOfOneDatabase, Incremental};
use tests::{DR, Fixture, MINUTE, OTHER, REGION, SOURCE, settings, settings_where};

use crate::attacker;

/// The region of DR.
const ELSEWHERE: &str = "eu-central-1";

/// AWS allows this number of copies from another region at a time. Most snapshots are of one database: no transit copy waits for the
/// one before, and each copy takes its full time, so that there is a queue.
fn limited(copies: usize) -> Settings {
    let full = settings_where(|answers| {
        answers.copies_of_one_database = CopiesOfOneDatabase::Parallel;
        answers.incremental = Incremental::Never;
        answers.cluster_copies = ClusterCopies::TakeTime;
    });
    Settings { copy_quota: copies, ..full }
}

fn setup() -> anyhow::Result<Setup> {
    Setup::new(SOURCE, DR, REGION)?.dr_region(ELSEWHERE)
}

/// A database with this number of snapshots, a minute apart.
async fn snapshots(fixture: &mut Fixture, count: usize) -> anyhow::Result<()> {
    let database = Database { retention_days: 0, ..Database::instance("orders") };
    let database = fixture.create_database(&database.lifecycle("Standard")).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    for nth in 0..count {
        fixture.rehearsal.take_snapshot(&database, &format!("s-{nth:02}")).await?;
        fixture.rehearsal.world().sleep(MINUTE).await;
    }
    Ok(())
}

fn lines(fixture: &Fixture, step: &str) -> Vec<Line> {
    fixture.rehearsal.logs().lines().into_iter().filter(|line| line.text("step") == step).collect()
}

/// When each source was copied to DR, and when it was taken.
async fn copied(fixture: &Fixture) -> anyhow::Result<Vec<(DateTime<Utc>, DateTime<Utc>)>> {
    let copies = fixture
        .snapshots(DR)
        .await?
        .into_iter()
        .filter(|copy| copy.status == Status::Available && matches!(SnapshotRole::of(copy), SnapshotRole::Copy(_)));
    let mut copied: Vec<_> = copies
        .filter_map(|copy| {
            let taken = copy.tags.get(tags::TAKEN)?.parse().ok()?;
            Some((copy.created?, taken))
        })
        .collect();
    copied.sort_unstable();
    Ok(copied)
}

/// The names of the running executions in DR that wait.
async fn waiting(fixture: &Fixture) -> anyhow::Result<Vec<String>> {
    let sdk = fixture.rehearsal.world().sdk_config(DR, ELSEWHERE);
    let machine = format!("arn:aws:states:{ELSEWHERE}:{DR}:stateMachine:draco-wait4copy");
    let listed = aws_sdk_sfn::Client::new(&sdk).list_executions().state_machine_arn(machine).max_results(1000);
    let listed = listed.status_filter(aws_sdk_sfn::types::ExecutionStatus::Running).send().await?;
    let names = listed.executions.into_iter().map(|execution| execution.name);
    Ok(names.filter(|name| name.starts_with("queued-")).collect())
}

/// No line of an error, no event that failed.
fn is_calm(fixture: &Fixture) -> bool {
    let has_failed = fixture.rehearsal.world().journal(|journal| {
        journal
            .entries()
            .iter()
            .any(|entry| matches!(&entry.event, Event::Invocation { outcome, .. } if *outcome != InvocationOutcome::Ok))
    });
    let lines = fixture.rehearsal.logs().lines();
    !has_failed && lines.iter().all(|line| line.text("level") != "ERROR")
}

/// The calls of Draco's functions, by operation.
fn calls(fixture: &Fixture) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    fixture.rehearsal.world().journal(|journal| {
        for entry in journal.entries() {
            if let Event::Call { role: Some(role), operation, .. } = &entry.event
                && role.starts_with("draco-consumer")
            {
                *calls.entry(operation.clone()).or_default() += 1;
            }
        }
    });
    calls
}

// Invariants 1 and 11.
#[tokio::test(start_paused = true)]
async fn snapshots_beyond_the_limit_wait_and_are_copied_in_the_order_of_age_without_errors() -> anyhow::Result<()> {
    let mut fixture = Fixture::with(limited(2), setup()?).await?;
    snapshots(&mut fixture, 12).await?;
    fixture.pass_hours(6).await?;
    let copied = copied(&fixture).await?;
    assert_eq!(copied.len(), 12);
    // The first two found no queue.
    assert!(copied[2..].is_sorted_by_key(|(_, taken)| *taken), "{copied:#?}");
    assert_eq!(waiting(&fixture).await?, [""; 0]);
    assert_eq!(lines(&fixture, "queued").len(), 10, "once each, although each is announced every hour");
    assert!(is_calm(&fixture));
    assert_eq!(fixture.violations(), []);
    let calls = calls(&fixture);
    let of = |operation: &str| calls.get(operation).copied().unwrap_or_default();
    // Two calls are refused: those of the first snapshots that have to wait.
    assert_eq!((of("CopyDBSnapshot"), of("StopExecution"), of("DescribeAccountAttributes")), (14, 10, 3), "{calls:#?}");
    Ok(())
}

// Invariant 11.
#[tokio::test(start_paused = true)]
async fn without_a_queue_a_snapshot_costs_two_lists() -> anyhow::Result<()> {
    let mut counts = Vec::new();
    for setup in [setup()?, Setup::new(SOURCE, DR, REGION)?] {
        let mut fixture = Fixture::with(settings(), setup).await?;
        snapshots(&mut fixture, 1).await?;
        let hours = fixture.rehearsal.world().journal(|journal| journal.entries().len());
        assert!(hours > 0);
        fixture.pass_hours(1).await?;
        counts.push(calls(&fixture).get("ListExecutions").copied().unwrap_or_default());
    }
    // Each hourly sweep has one, too.
    assert!(counts[0] <= 2 + 2 && counts[1] == 0, "{counts:?}");
    Ok(())
}

// Invariant 14.
#[tokio::test(start_paused = true)]
async fn an_account_does_not_wait_for_all_snapshots_of_another() -> anyhow::Result<()> {
    let mut fixture = Fixture::with(limited(2), setup()?.and_source(OTHER)?).await?;
    snapshots(&mut fixture, 16).await?;
    let database = Database { retention_days: 0, ..Database::instance("other") };
    let database = fixture.rehearsal.create_database(&fixture.place(OTHER)?, &database.lifecycle("Standard")).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    fixture.rehearsal.take_snapshot(&database, "one").await?;
    fixture.pass_hours(8).await?;
    let copies = fixture.snapshots(DR).await?;
    let mut copies: Vec<_> = copies.iter().filter_map(|copy| Some((copy.created?, &*copy.database))).collect();
    copies.sort_unstable();
    let nth = copies.iter().position(|(_, database)| *database == "other").context("no copy")?;
    assert_eq!(copies.len(), 17);
    // It is the youngest of all.
    assert!(nth <= 8, "{copies:#?}");
    assert!(is_calm(&fixture));
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 14.
#[tokio::test(start_paused = true)]
async fn an_account_cannot_let_more_snapshots_wait_than_it_may_have_copies() -> anyhow::Result<()> {
    let setup = setup()?.consumer_parameter("MaxCopies", "5");
    let mut fixture = Fixture::with(limited(1), setup).await?;
    snapshots(&mut fixture, 9).await?;
    fixture.rehearsal.world().sleep(20 * MINUTE).await;
    let refused = lines(&fixture, "refused");
    assert!(waiting(&fixture).await?.len() <= 5);
    assert!(
        refused.iter().any(|line| line.text("message").contains("wait until AWS starts more copies")),
        "{refused:#?}"
    );
    Ok(())
}

/// Waits until DR has started so many copies of a database.
async fn wait_for_copies(fixture: &Fixture, database: &str, count: usize) -> anyhow::Result<()> {
    for _ in 0..4 * 60 {
        let copies = fixture.snapshots(DR).await?;
        if copies.iter().filter(|copy| &*copy.database == database).count() >= count {
            return Ok(());
        }
        fixture.rehearsal.world().sleep(MINUTE).await;
    }
    anyhow::bail!("fewer than {count} copies of {database} within 4 hours")
}

/// The attacker lets snapshots wait, and then withdraws the share. Each of its tickets is handled without a copy.
// Invariant 14.
#[tokio::test(start_paused = true)]
async fn an_account_does_not_wait_for_snapshots_of_another_that_cannot_be_copied() -> anyhow::Result<()> {
    let settings = Settings { cluster_copy_quota: 1, ..limited(1) };
    let setup = setup()?.and_source(OTHER)?.consumer_parameter("AllowPlaintextClusters", "true");
    let fixture = Fixture::with(settings, setup).await?;
    let ledger = fixture.create_database(&Database::cluster("ledger").lifecycle("Standard")).await?;
    let evil = Database::cluster("evil").encryption(Encryption::None).lifecycle("Ignore");
    let evil = fixture.rehearsal.create_database(&fixture.place(OTHER)?, &evil).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    fixture.rehearsal.world().remove_function(OTHER, REGION, "draco-producer");

    // They come to DR while the attacker's first copy is in progress.
    for nth in 0..2 {
        fixture.rehearsal.take_snapshot(&ledger, &format!("s-{nth}")).await?;
    }
    let shared = attacker::share_snapshots(&fixture, &evil, 0..41).await?;
    fixture.rehearsal.world().sleep(4 * MINUTE).await;
    for (nth, transit) in (0..).zip(&shared) {
        let announcement = attacker::announcement(&evil, nth, transit, Tags::default())?;
        attacker::announce_and_wait(&fixture, announcement).await?;
    }
    // The last one once more, with other times.
    for minute in 1..10 {
        let mut again = attacker::announcement(&evil, 40, &shared[40], Tags::default())?;
        again.origin.taken -= TimeDelta::minutes(minute);
        attacker::announce_and_wait(&fixture, again).await?;
    }
    let of_attacker = async || {
        let waiting = waiting(&fixture).await?;
        anyhow::Ok(waiting.iter().filter(|name| name.contains(OTHER)).count())
    };
    assert_eq!(of_attacker().await?, 40, "one transit copy waits once");
    for snapshot in &shared {
        attacker::unshare(&fixture, &snapshot.arn).await?;
    }

    wait_for_copies(&fixture, "ledger", 1).await?;
    fixture.rehearsal.world().sleep(2 * MINUTE).await;
    // It comes to DR when all places are free, and snapshots of the attacker still wait.
    fixture.rehearsal.take_snapshot(&ledger, "s-2").await?;
    wait_for_copies(&fixture, "ledger", 2).await?;
    let handled = 40 - of_attacker().await?;
    assert!((1..=3).contains(&handled), "the second copy was started after {handled} tickets of the attacker");
    wait_for_copies(&fixture, "ledger", 3).await?;
    assert!(of_attacker().await? > 10, "the third copy was started by no sweep");
    assert_eq!(lines(&fixture, "queued").len(), 42, "the third snapshot does not wait");
    Ok(())
}

// Invariants 1 and 14.
#[tokio::test(start_paused = true)]
async fn while_calls_for_executions_are_throttled_snapshots_wait_and_no_event_fails() -> anyhow::Result<()> {
    // For the list of tickets, and for each ticket at its turn.
    for operation in ["ListExecutions", "DescribeExecution"] {
        let mut fixture = Fixture::with(limited(2), setup()?).await?;
        let at = Point::Call(operation.to_owned());
        fixture.rehearsal.world().plan_faults(Plan::List(vec![Fault { at, nth: EVERY, action: Action::Throttle }]));
        snapshots(&mut fixture, 6).await?;
        // Until the sweep after the next.
        fixture.rehearsal.world().sleep(95 * MINUTE).await;
        assert!(is_calm(&fixture), "{operation}: {:#?}", lines(&fixture, "event_failed"));
        fixture.rehearsal.world().plan_faults(Plan::NoFaults);
        fixture.pass_hours(4).await?;
        assert_eq!(copied(&fixture).await?.len(), 6);
        assert_eq!(waiting(&fixture).await?, [""; 0]);
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_ticket_that_fails_does_not_stop_the_queue() -> anyhow::Result<()> {
    let mut fixture = Fixture::with(limited(1), setup()?).await?;
    let sdk = fixture.rehearsal.world().sdk_config(DR, ELSEWHERE);
    let machine = format!("arn:aws:states:{ELSEWHERE}:{DR}:stateMachine:draco-wait4copy");
    // It is the oldest.
    let name = format!("queued-0i-{REGION}-{SOURCE}-0123456789abcdef-200101000000-ascp");
    let input = json!({ "answer": { "seconds": 900_000 } }).to_string();
    let started = aws_sdk_sfn::Client::new(&sdk).start_execution().state_machine_arn(machine).name(name).input(input);
    started.send().await?;
    snapshots(&mut fixture, 4).await?;
    fixture.pass_hours(6).await?;
    assert_eq!(copied(&fixture).await?.len(), 4);
    assert_eq!(waiting(&fixture).await?, [""; 0]);
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn in_the_second_region_snapshots_wait_in_the_same_way() -> anyhow::Result<()> {
    let setup = setup()?.second_region("eu-north-1")?;
    let second = setup.second().context("a second region")?;
    let mut fixture = Fixture::with(limited(1), setup).await?;
    snapshots(&mut fixture, 6).await?;
    fixture.pass_hours(8).await?;
    let copies = fixture.rehearsal.snapshots(&second).await?;
    let available = copies.iter().filter(|copy| copy.status == Status::Available);
    assert_eq!((copied(&fixture).await?.len(), available.count()), (6, 6));
    assert_eq!(waiting(&fixture).await?, [""; 0]);
    assert!(is_calm(&fixture));
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariants 1 and 11.
#[tokio::test(start_paused = true)]
async fn a_long_queue_drains_with_few_calls_for_each_snapshot() -> anyhow::Result<()> {
    let mut fixture = Fixture::with(limited(20), setup()?).await?;
    let fleet = 200;
    for nth in 0..fleet {
        let database = Database { retention_days: 0, ..Database::instance(&format!("db-{nth:03}")) };
        fixture.create_database(&database.lifecycle("Standard")).await?;
    }
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    for nth in 0..fleet {
        let database = fixture.database(protocol::Kind::Instance, &format!("db-{nth:03}"))?;
        fixture.rehearsal.take_snapshot(&database, &format!("s-{nth:03}")).await?;
    }
    fixture.pass_hours(6).await?;
    assert_eq!(copied(&fixture).await?.len(), fleet);
    assert_eq!(waiting(&fixture).await?, [""; 0]);
    assert!(is_calm(&fixture));
    assert_eq!(fixture.violations(), []);
    let calls = calls(&fixture);
    let total: usize = calls.values().sum();
    // Copies of the same size end together, and then several invocations handle the same ticket. The first one starts its copy.
    assert!(total <= 31 * fleet, "{total}: {calls:#?}");
    Ok(())
}

/// Kills the consumer at each call of the queue once, and loses, doubles and delays what it receives.
// Invariants 8 and 9.
#[tokio::test(start_paused = true)]
async fn any_crash_in_the_queue_loses_nothing_and_copies_nothing_twice() -> anyhow::Result<()> {
    let operations = ["ListExecutions", "StartExecution", "DescribeExecution", "StopExecution", "CopyDBSnapshot"];
    for operation in operations {
        for (action, times) in
            [(Action::Crash, 1), (Action::FailAfter, 1), (Action::Throttle, 4), (Action::FailBefore, 4)]
        {
            for nth in [2, 5] {
                let at = Point::Call(operation.to_owned());
                let faults = (nth..nth + times).map(|nth| Fault { at: at.clone(), nth, action }).collect();
                let mut fixture = Fixture::with(limited(1), setup()?).await?;
                let database = Database { retention_days: 0, ..Database::instance("orders") };
                let database = fixture.create_database(&database.lifecycle("Standard")).await?;
                fixture.rehearsal.world().sleep(10 * MINUTE).await;
                fixture.rehearsal.world().plan_faults(Plan::List(faults));
                for nth in 0..4 {
                    fixture.rehearsal.take_snapshot(&database, &format!("s-{nth}")).await?;
                    fixture.rehearsal.world().sleep(MINUTE).await;
                }
                fixture.pass_hours(8).await?;
                let (copied, what) = (copied(&fixture).await?, format!("{action:?} at call {nth} of {operation}"));
                assert_eq!(copied.len(), 4, "{what}");
                assert_eq!(waiting(&fixture).await?, [""; 0], "{what}");
                assert_eq!(fixture.violations(), [], "{what}");
            }
        }
    }
    Ok(())
}
