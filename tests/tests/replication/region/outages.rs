//! A region that cannot be reached for a day, or for good.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use protocol::{Place, Snapshot, Status};
use rehearsal::Database;
use tests::{DR_REGION, Fixture, HOUR, MINUTE, REGION, SECOND_REGION, settings};

use super::Shape;

/// An instance and a cluster, which are snapshotted at 03:05 each day. Creating a snapshot and each copy take ten minutes.
async fn start(shape: Shape) -> anyhow::Result<Fixture> {
    let fixture = Fixture::with(settings(), shape.setup()?).await?;
    for database in [Database::instance("orders"), Database::cluster("ledger")] {
        fixture.create_database(&database.lifecycle("Standard")).await?;
    }
    Ok(fixture)
}

/// Minutes after 03:05 on the second day: no snapshot yet, and each hop in progress or just finished.
const MOMENTS: [i64; 5] = [-5, 12, 21, 25, 35];

async fn sleep_until(fixture: &mut Fixture, time: DateTime<Utc>) -> anyhow::Result<()> {
    let world = fixture.rehearsal.world().clone();
    while world.now() + TimeDelta::hours(1) < time {
        fixture.pass_hours(1).await?;
    }
    world.sleep((time - world.now()).to_std()?).await;
    fixture.ledger.observe(&fixture.rehearsal).await
}

fn second_day() -> DateTime<Utc> {
    settings().epoch + TimeDelta::minutes(24 * 60 + 65)
}

/// The number of copies of each region of DR, and the sources that have none.
fn copies(fixture: &Fixture) -> (BTreeMap<String, usize>, usize) {
    let setup = fixture.rehearsal.setup();
    let mut counts = BTreeMap::new();
    for arn in fixture.ledger.copies.keys() {
        *counts.entry(arn.place.region.to_string()).or_default() += 1;
    }
    let places = [Some(setup.dr()), setup.second()];
    let sources = fixture
        .ledger
        .sources
        .values()
        .filter(|source| places.iter().flatten().any(|place| fixture.ledger.copy_of(source, place).is_none()));
    (counts, sources.count())
}

// Invariants 1 and 4.
#[tokio::test(start_paused = true)]
async fn after_a_day_without_a_region_all_snapshots_are_copied() -> anyhow::Result<()> {
    for region in [REGION, DR_REGION, SECOND_REGION] {
        for minutes in MOMENTS {
            let mut fixture = start(Shape::Both).await?;
            sleep_until(&mut fixture, second_day() + TimeDelta::minutes(minutes)).await?;
            let world = fixture.rehearsal.world().clone();
            world.cut_region(region);
            fixture.pass_hours(24).await?;
            world.restore_region(region);
            fixture.pass_hours(8).await?;
            assert_eq!(fixture.violations(), [], "{region} is gone {minutes} minutes after the snapshot starts");
            let (counts, without_copy) = copies(&fixture);
            assert_eq!(without_copy, 0, "{region}, {minutes}: {counts:?}");
            assert_eq!(fixture.ledger.transits.len(), 0, "{region}, {minutes}");
        }
    }
    Ok(())
}

/// The executions of the timers that run in DR's regions.
async fn running_timers(fixture: &Fixture, place: &Place) -> anyhow::Result<usize> {
    let config = fixture.rehearsal.world().sdk_config(place.account.as_str(), place.region.as_str());
    let states = aws_sdk_sfn::Client::new(&config);
    let timer = place.arn("states", "stateMachine:draco-wait4copy");
    let running = states.list_executions().state_machine_arn(timer).status_filter("RUNNING".into()).send().await?;
    Ok(running.executions.len())
}

/// The names of the alarms of a region of DR, with the number of notifications.
fn alarms(fixture: &Fixture, place: &Place, since: DateTime<Utc>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for notification in fixture.rehearsal.notifications(place, since) {
        *counts.entry(notification.alarm).or_default() += 1;
    }
    counts
}

/// Nothing waits, and each alarm was raised once. Exception: AWS may show a copy from the lost region as in progress for ever. Its
/// timer reports it once, and the keeper cancels it after a week.
async fn assert_settled(fixture: &Fixture, place: &Place, since: DateTime<Utc>) -> anyhow::Result<()> {
    let is_stalled = |copy: &&Snapshot| copy.arn.place == *place && copy.status != Status::Available;
    let stalled = fixture.ledger.present.values().filter(is_stalled).count();
    let (timers, alarms) = (running_timers(fixture, place).await?, alarms(fixture, place, since));
    ensure!(timers <= stalled, "{timers} timers in {place:?}");
    ensure!(stalled > 0 || is_told_once(&alarms), "{place:?}: {alarms:?}");
    Ok(())
}

/// Whether the loss raises each alarm once, but at most one for each copy that failed with it. Errors of functions and dead
/// letters are not among them.
fn is_told_once(alarms: &BTreeMap<String, usize>) -> bool {
    let most = |name: &str| if name.ends_with("-snapshot-failed") { 2 } else { 1 };
    let is_fault = |name: &str| ["dead-letter", "errors", "timer"].iter().any(|fault| name.contains(fault));
    !alarms.is_empty() && alarms.iter().all(|(name, count)| *count <= most(name) && !is_fault(name))
}

/// From a snapshot to its copy: creating the snapshot, the transit copy, the copy in each region, and the overhead.
fn recovery_point(copies: i32) -> TimeDelta {
    TimeDelta::minutes(10) * (2 + copies) + TimeDelta::minutes(2)
}

// Invariants 1, 2 and 16.
#[tokio::test(start_paused = true)]
async fn snapshots_older_than_the_recovery_point_survive_the_loss_of_a_region() -> anyhow::Result<()> {
    // The regions that must have all copies, and the number of the copy in each.
    let cases: [(Shape, &[(&str, i32)]); 3] = [
        (Shape::Elsewhere, &[(DR_REGION, 1)]),
        (Shape::Both, &[(DR_REGION, 1), (SECOND_REGION, 2)]),
        (Shape::Second, &[(SECOND_REGION, 2)]),
    ];
    for (shape, survivors) in cases {
        for minutes in MOMENTS {
            let mut fixture = start(shape).await?;
            let end = second_day() + TimeDelta::minutes(minutes);
            sleep_until(&mut fixture, end).await?;
            fixture.rehearsal.world().cut_region(REGION);
            fixture.pass_hours(40).await?;
            for (region, nth) in survivors {
                let place = Place { region: region.parse()?, ..fixture.rehearsal.setup().dr() };
                let mut safe = 0;
                let sources = fixture.ledger.sources.values();
                for source in sources.filter(|source| end - source.origin.taken > recovery_point(*nth)) {
                    let copy = fixture.ledger.copy_of(source, &place);
                    let copy = copy.ok_or_else(|| anyhow::anyhow!("{} is lost, {minutes}", source.snapshot.arn))?;
                    assert_eq!(copy.status, Status::Available);
                    let key = copy.key.clone().unwrap_or_default();
                    assert!(key.starts_with(&place.arn("kms", "key/")), "{key}");
                    safe += 1;
                }
                assert!(safe >= 2, "{safe} snapshots in {region}");
                assert_settled(&fixture, &place, end).await.with_context(|| format!("{shape:?}, {minutes}"))?;
            }
        }
    }
    Ok(())
}

/// A region of DR is lost for good: the other one keeps what it has, and the sources in production are not affected.
#[tokio::test(start_paused = true)]
async fn copies_in_the_second_region_survive_the_loss_of_dr_s_region() -> anyhow::Result<()> {
    for minutes in MOMENTS {
        let mut fixture = start(Shape::Both).await?;
        let end = second_day() + TimeDelta::minutes(minutes);
        sleep_until(&mut fixture, end).await?;
        fixture.rehearsal.world().cut_region(DR_REGION);
        fixture.pass_hours(40).await?;
        let second = fixture.rehearsal.setup().second().ok_or_else(|| anyhow::anyhow!("no second region"))?;
        let safe = fixture.ledger.sources.values().filter(|source| end - source.origin.taken > recovery_point(2));
        for source in safe {
            assert!(fixture.ledger.copy_of(source, &second).is_some(), "{} is lost, {minutes}", source.snapshot.arn);
        }
        for place in [second, fixture.source()] {
            assert_settled(&fixture, &place, end).await.with_context(|| format!("{minutes}"))?;
        }
    }
    Ok(())
}

/// Both regions that are left after an outage go on with new snapshots at once.
#[tokio::test(start_paused = true)]
async fn an_outage_of_the_second_region_delays_nothing_in_dr_s_region() -> anyhow::Result<()> {
    let mut fixture = start(Shape::Both).await?;
    fixture.rehearsal.world().cut_region(SECOND_REGION);
    fixture.rehearsal.world().sleep(HOUR + 45 * MINUTE).await;
    fixture.ledger.observe(&fixture.rehearsal).await?;
    let (counts, _) = copies(&fixture);
    assert_eq!(counts, BTreeMap::from([(DR_REGION.to_owned(), 2)]));
    Ok(())
}
