//! A copy that fails: the consumer cannot delete it, never uses its name again, and tries a few more times (invariants 1, 9 and
//! 17). And the races around a copy that is being completed (8).

use protocol::{Attempt, Kind, Origin, Snapshot, Status, tags};
use rehearsal::{Database, Setup};
use sim::fault::{Action, Fault, Plan, Point};
use sim::journal::Event;
use sim::questions::ClusterCopies;
use tests::{DR, Fixture, HOUR, MINUTE, REGION, SOURCE, copy_status, settings_where};

use crate::obstacles::set_dr_key;

/// DR copies a manual snapshot. It takes ten minutes.
async fn copying(kind: Kind, setup: Setup) -> anyhow::Result<Fixture> {
    let settings = settings_where(|answers| answers.cluster_copies = ClusterCopies::TakeTime);
    let fixture = Fixture::with(settings, setup).await?;
    let database = Database { kind, backup_window: "23:00-23:30".to_owned(), ..Database::instance("orders") };
    fixture.create_database(&database.lifecycle("Standard")).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    fixture.rehearsal.take_snapshot(&fixture.database(kind, "orders")?, "mine").await?;
    fixture.rehearsal.world().sleep(25 * MINUTE).await;
    assert_eq!(statuses(&fixture).await?, [Status::Copying]);
    Ok(fixture)
}

fn setup() -> anyhow::Result<Setup> {
    Setup::new(SOURCE, DR, REGION)
}

/// The copies in DR, in the order of the attempts.
async fn copies(fixture: &Fixture) -> anyhow::Result<Vec<Snapshot>> {
    let mut copies = fixture.snapshots(DR).await?;
    copies.sort_by_key(|copy| Origin::from_tags(&copy.tags).and_then(|origin| origin.attempt(&copy.arn)));
    Ok(copies)
}

async fn statuses(fixture: &Fixture) -> anyhow::Result<Vec<Status>> {
    Ok(copies(fixture).await?.into_iter().map(|copy| copy_status(copy.status)).collect())
}

/// Waits at most two hours until the copies in DR have these statuses.
async fn wait_for(fixture: &Fixture, wanted: &[Status]) -> anyhow::Result<()> {
    for _ in 0..120 {
        if statuses(fixture).await? == wanted {
            return Ok(());
        }
        fixture.rehearsal.world().sleep(MINUTE).await;
    }
    anyhow::bail!("expected {wanted:?}, found {:?}", statuses(fixture).await?)
}

fn count_lines(fixture: &Fixture, step: &str) -> usize {
    fixture.rehearsal.logs().lines().iter().filter(|line| line.text("step") == step).count()
}

/// Makes the running copy fail.
async fn fail(fixture: &Fixture, statuses: &[Status]) -> anyhow::Result<()> {
    set_dr_key(fixture, false).await?;
    wait_for(fixture, statuses).await?;
    set_dr_key(fixture, true).await
}

/// The calls of a function to operations whose names begin like this.
fn calls(fixture: &Fixture, function: &str, operation: &str) -> usize {
    let by = fixture.rehearsal.setup().role_name(function);
    let is_one = |event: &Event| matches!(event, Event::Call { role: Some(role), operation: of, .. } if *role == by && of.starts_with(operation));
    fixture.rehearsal.world().journal(|journal| journal.entries().iter().filter(|it| is_one(&it.event)).count())
}

// Invariant 1.
// Invariant 9.
#[tokio::test(start_paused = true)]
async fn after_the_last_attempt_the_snapshot_is_refused_until_the_keeper_has_deleted_the_failed_copies()
-> anyhow::Result<()> {
    use Status::{Available, Copying, Failed};
    for kind in Kind::ALL {
        let mut fixture = copying(kind, setup()?.consumer_parameter("NoDryRun", "true")).await?;
        for attempt in Attempt::ALL {
            let failed = vec![Failed; usize::from(attempt.number()) - 1];
            // The hourly announcement starts the next attempt.
            wait_for(&fixture, &[&failed[..], &[Copying]].concat()).await?;
            fail(&fixture, &[&failed[..], &[Failed]].concat()).await?;
        }
        let names: Vec<_> = copies(&fixture).await?.iter().map(|copy| copy.arn.id().to_owned()).collect();
        fixture.pass_hours(2).await?;
        assert_eq!(statuses(&fixture).await?, [Failed; 4], "there is no fifth attempt");
        assert_eq!(count_lines(&fixture, "copy_failed"), 4, "each is an alarm");
        let lines = fixture.rehearsal.logs().lines();
        let refused = lines.iter().find(|line| line.text("reason") == "copy-failed").map(|line| line.text("message"));
        assert!(refused.is_some_and(|message| names.iter().all(|name| message.contains(name))), "{refused:?}");
        assert_eq!(calls(&fixture, "draco-consumer", "Delete"), 0);
        // Three days until the keeper's next run deletes them, and a day until the next attempt.
        let mut mine = Vec::new();
        for _ in 0..5 * 24 {
            fixture.pass_hours(1).await?;
            let copies = fixture.snapshots(DR).await?.into_iter();
            mine = copies.filter(|copy| names.iter().any(|name| name == copy.arn.id())).map(|it| it.status).collect();
            if mine == [Available] {
                break;
            }
        }
        assert_eq!(mine, [Available]);
        assert_eq!(count_lines(&fixture, "failed_copy_deleted"), 4);
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

/// In a dry run, the failed copies stay, and each further attempt is refused. Each costs a full transit copy, and AWS takes no automated
/// backup while one is in progress.
// Invariants 4 and 11.
#[tokio::test(start_paused = true)]
async fn after_the_last_attempt_there_is_one_transit_copy_a_day() -> anyhow::Result<()> {
    use Status::{Copying, Failed};
    let mut fixture = copying(Kind::Instance, setup()?).await?;
    for attempt in Attempt::ALL {
        let failed = vec![Failed; usize::from(attempt.number()) - 1];
        wait_for(&fixture, &[&failed[..], &[Copying]].concat()).await?;
        fail(&fixture, &[&failed[..], &[Failed]].concat()).await?;
    }
    // The automated snapshots of the same days are copied, too: each is one call.
    let copied = async |fixture: &Fixture| Ok::<_, anyhow::Error>(fixture.snapshots(DR).await?.len());
    let (calls_before, copied_before) = (calls(&fixture, "draco-producer", "CopyDBSnapshot"), copied(&fixture).await?);
    fixture.pass_hours(4 * 24).await?;
    let others = copied(&fixture).await? - copied_before;
    let again = calls(&fixture, "draco-producer", "CopyDBSnapshot") - calls_before - others;
    assert!((3..=4).contains(&again), "{again} transit copies in four days");
    let transits = fixture.snapshots(SOURCE).await?.iter().filter(|it| it.arn.id().starts_with("draco-")).count();
    assert_eq!(transits, 0, "none is left behind");
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 17.
#[tokio::test(start_paused = true)]
async fn a_complete_copy_that_fails_later_is_an_alarm_and_is_never_deleted() -> anyhow::Result<()> {
    let mut fixture = copying(Kind::Instance, setup()?.consumer_parameter("NoDryRun", "true")).await?;
    fail(&fixture, &[Status::Failed]).await?;
    let failed = copies(&fixture).await?.remove(0);
    // As if AWS had shown it as available before.
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(DR));
    let tag = aws_sdk_rds::types::Tag::builder().key(tags::REPORTED).value("2026-11-21T03:00:00Z").build();
    rds.add_tags_to_resource().resource_name(failed.arn.to_string()).tags(tag).send().await?;
    fixture.pass_hours(5 * 24).await?;
    let left = fixture.snapshots(DR).await?;
    assert!(left.iter().any(|copy| copy.arn == failed.arn && copy.status == Status::Failed), "{left:#?}");
    let alarms = fixture.rehearsal.logs().lines();
    let by_keeper =
        |line: &&rehearsal::Line| line.text("step") == "stored_copy_failed" && line.text("function") == "keeper";
    assert_eq!(alarms.iter().filter(by_keeper).count(), 5, "once a day");
    Ok(())
}

/// Delays the nth call of this operation.
fn delay(fixture: &Fixture, operation: &str, nth: u32, delay: std::time::Duration) {
    let fault = Fault { at: Point::Call(operation.to_owned()), nth, action: Action::Delay(delay) };
    fixture.rehearsal.world().plan_faults(Plan::List(vec![fault]));
}

// Invariant 1.
// Invariant 8.
#[tokio::test(start_paused = true)]
async fn a_copy_that_is_deleted_while_it_is_completed_is_not_reported() -> anyhow::Result<()> {
    let mut fixture = copying(Kind::Instance, setup()?).await?;
    // The consumer's first tag marks the copy as complete.
    delay(&fixture, "AddTagsToResource", 1, 2 * MINUTE);
    wait_for(&fixture, &[Status::Available]).await?;
    let copy = copies(&fixture).await?.remove(0);
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(DR));
    rds.delete_db_snapshot().db_snapshot_identifier(copy.arn.id()).send().await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    assert_eq!(calls(&fixture, "draco-consumer", "Publish"), 0, "what is gone is not reported");
    // The next announcement copies it again.
    fixture.pass_hours(4).await?;
    assert_eq!(statuses(&fixture).await?, [Status::Available]);
    assert_eq!(fixture.violations(), []);
    Ok(())
}

/// The order of events that lost a copy: DR's copy fails, and three looks follow. One stalls between its look and its call;
/// another starts and completes a new copy; the third reports it. The stalled look must not destroy the new copy.
// Invariant 1.
// Invariant 8.
#[tokio::test(start_paused = true)]
async fn a_look_that_stalls_while_another_completes_a_new_copy_destroys_nothing() -> anyhow::Result<()> {
    let mut fixture = copying(Kind::Instance, setup()?.consumer_parameter("NoDryRun", "true")).await?;
    fail(&fixture, &[Status::Failed]).await?;
    // The first look after the failure has seen it, and its call takes four minutes, almost as long as a function may run.
    delay(&fixture, "CopyDBSnapshot", 1, 4 * MINUTE);
    let transit = fixture.snapshots(SOURCE).await?.into_iter().find(|it| it.arn.id().starts_with("draco-"));
    let transit = transit.ok_or_else(|| anyhow::anyhow!("no transit copy"))?;
    let origin = Origin::from_tags(&transit.tags).ok_or_else(|| anyhow::anyhow!("no origin"))?;
    let announcement = protocol::Announcement { transit: transit.arn.clone(), origin, tags: transit.tags.clone() };
    for _ in 0..3 {
        crate::attacker::announce(&fixture, announcement.clone());
        fixture.rehearsal.world().sleep(MINUTE).await;
    }
    fixture.rehearsal.world().sleep(HOUR / 2).await;
    assert_eq!(statuses(&fixture).await?, [Status::Failed, Status::Available]);
    fixture.pass_hours(6).await?;
    assert_eq!(statuses(&fixture).await?, [Status::Failed, Status::Available]);
    assert_eq!(calls(&fixture, "draco-consumer", "Delete"), 0);
    let source = fixture.snapshots(SOURCE).await?;
    let copied: Vec<_> = source.iter().map(|it| it.tags.get(tags::COPIED).map(str::to_owned)).collect();
    assert_eq!(copied, [Some(copies(&fixture).await?[1].arn.to_string())], "the tag names the copy that exists");
    assert_eq!(fixture.violations(), []);
    Ok(())
}
