//! A source region is lost for good, and AWS never ends the copies from it. AWS limits the copies in progress from other regions.

use protocol::{Place, Snapshot, SnapshotRole, Status};
use rehearsal::{Database, Line, Setup};
use sim::Settings;
use sim::questions::{CopiesOfOneDatabase, CopyStatus, CrossRegionLimit, LostSourceRegion};
use tests::{DR, DR_REGION, Fixture, MINUTE, REGION, SOURCE, settings_where};

/// Another region of the source account.
const OTHER_REGION: &str = "eu-west-3";

/// AWS's limit.
const SLOTS: usize = 20;

/// All places for copies in progress are held by copies of a lost region. Another region has a snapshot each day.
async fn lost_region(setup: Setup) -> anyhow::Result<Fixture> {
    let answers = settings_where(|answers| {
        answers.lost_source_region = LostSourceRegion::Stalls;
        answers.cross_region_limit = CrossRegionLimit::ToARegion;
        answers.copy_status = CopyStatus::Creating;
        // All copies of the lost region are of one database.
        answers.copies_of_one_database = CopiesOfOneDatabase::Parallel;
    });
    let settings = Settings { copy_quota: SLOTS, ..answers };
    // The timers end early: they need most of the time of these tests.
    let setup = setup.and_region(OTHER_REGION)?.dr_region(DR_REGION)?.consumer_parameter("WaitLimitHours", "1");
    let mut fixture = Fixture::with(settings, setup).await?;
    let lost = Database { retention_days: 0, ..Database::instance("lost") };
    let lost = fixture.create_database(&lost.lifecycle("Standard")).await?;
    let place = Place { region: OTHER_REGION.parse()?, ..fixture.source() };
    fixture.rehearsal.create_database(&place, &Database::instance("alive").lifecycle("Standard")).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    for nth in 0..SLOTS {
        fixture.rehearsal.take_snapshot(&lost, &format!("s-{nth:02}")).await?;
    }
    // Creating the snapshot and its transit copy take ten minutes each.
    fixture.rehearsal.world().sleep(25 * MINUTE).await;
    assert_eq!(copies(&fixture, REGION, Status::Creating).await?.len(), SLOTS);
    fixture.rehearsal.world().cut_region(REGION);
    fixture.ledger.observe(&fixture.rehearsal).await?;
    Ok(fixture)
}

/// The copies of snapshots of this region that have this status.
async fn copies(fixture: &Fixture, region: &str, status: Status) -> anyhow::Result<Vec<Snapshot>> {
    let is_of = |copy: &Snapshot| match SnapshotRole::of(copy) {
        SnapshotRole::Copy(origin) => origin.snapshot.place.region.as_str() == region && copy.status == status,
        _ => false,
    };
    Ok(fixture.snapshots(DR).await?.into_iter().filter(is_of).collect())
}

fn lines(fixture: &Fixture, step: &str) -> Vec<Line> {
    fixture.rehearsal.logs().lines().into_iter().filter(|line| line.text("step") == step).collect()
}

// Invariants 1 and 14.
#[tokio::test(start_paused = true)]
async fn a_region_that_is_lost_for_good_does_not_hold_up_the_others() -> anyhow::Result<()> {
    let setup = Setup::new(SOURCE, DR, REGION)?.consumer_parameter("NoDryRun", "true");
    let mut fixture = lost_region(setup).await?;
    fixture.pass_hours(6 * 24).await?;
    assert_eq!(copies(&fixture, OTHER_REGION, Status::Available).await?, []);
    assert_eq!(copies(&fixture, REGION, Status::Creating).await?.len(), SLOTS, "they may end yet");
    fixture.pass_hours(4 * 24).await?;
    assert_eq!(copies(&fixture, REGION, Status::Creating).await?, []);
    assert_eq!(lines(&fixture, "stalled_copy_deleted").len(), SLOTS);
    // The keeper runs at two: on the tenth day, all days so far are there.
    assert!(copies(&fixture, OTHER_REGION, Status::Available).await?.len() >= 9);
    // Each stalled copy was reported once.
    assert_eq!(lines(&fixture, "timed_out").len(), SLOTS);
    Ok(())
}

// Invariant 6.
#[tokio::test(start_paused = true)]
async fn in_a_dry_run_stalled_copies_are_reported_each_day_and_stay() -> anyhow::Result<()> {
    let mut fixture = lost_region(Setup::new(SOURCE, DR, REGION)?).await?;
    fixture.pass_hours(9 * 24).await?;
    assert_eq!(copies(&fixture, REGION, Status::Creating).await?.len(), SLOTS);
    // After seven days, on the eighth and ninth.
    assert_eq!(lines(&fixture, "copy_stalled").len(), 2 * SLOTS);
    assert_eq!(lines(&fixture, "timed_out").len(), SLOTS, "once for each, not every day");
    Ok(())
}
