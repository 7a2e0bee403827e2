//! Databases of jobs that bring data back. A restore copies tags, so the database of a job may have a lifecycle, but its data come from
//! a copy or a backup: its snapshots from before the deadline of the job are not copied. A database that was moved aside has the data of production: they are. A name or a
//! tag alone hides nothing, and a database that disappears under such a name is reported like any other.

use std::collections::BTreeSet;

use aws_sdk_rds::types::Tag;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use protocol::{Kind, tags};
use rehearsal::{Database, Line};
use sim::fault::{Action, EVERY, Fault, Plan, Point};
use tests::{DR, Fixture, HOUR, MINUTE, REGION, SOURCE};

use crate::databases::producer_calls;

const JOB: &str = "1a2b3c4d5e6f";
const OTHER_JOB: &str = "ba9876543210";

/// A database with a lifecycle, and with the tags of a job that begins now and has its deadline in a week.
fn of_job(fixture: &Fixture, name: &str, job: &str) -> Database {
    until(name, job, &in_time(fixture, TimeDelta::days(7)))
}

/// This time from now, in the form of the tag.
fn in_time(fixture: &Fixture, time: TimeDelta) -> String {
    (fixture.rehearsal.world().now() + time).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The same, with another deadline.
fn until(name: &str, job: &str, deadline: &str) -> Database {
    let request = format!("restore approval=given keep=0 deadline={deadline}");
    Database::instance(name).lifecycle("Standard").tag(tags::JOB, job).tag(tags::JOB_REQUEST, &request)
}

/// The databases with copies in DR.
async fn copied(fixture: &Fixture) -> anyhow::Result<BTreeSet<String>> {
    Ok(fixture.snapshots(DR).await?.into_iter().map(|copy| copy.database.to_string()).collect())
}

fn lines(fixture: &Fixture, step: &str) -> Vec<Line> {
    fixture.rehearsal.logs().lines().into_iter().filter(|line| line.text("step") == step).collect()
}

// Invariants 1 and 21.
#[tokio::test(start_paused = true)]
async fn snapshots_of_a_database_that_a_job_provisions_are_not_copied() -> anyhow::Result<()> {
    for are_events_lost in [false, true] {
        let mut fixture = Fixture::new().await?;
        if are_events_lost {
            // Only the sweep looks at the snapshots.
            let lost = Fault { at: Point::Delivery("DracoProducer".to_owned()), nth: EVERY, action: Action::Lose };
            fixture.rehearsal.world().plan_faults(Plan::List(vec![lost]));
        }
        for kind in Kind::ALL {
            for role in ["new", "verify", "rewind"] {
                let name = format!("draco-{role}-orders-{}-{JOB}", kind.database_type());
                let database = Database { kind, ..of_job(&fixture, &name, JOB) };
                // Without its tags, the snapshot goes by the database.
                let database = if role == "new" { database.without_tags_on_snapshots() } else { database };
                let database = fixture.create_database(&database).await?;
                fixture.rehearsal.world().sleep(15 * MINUTE).await;
                fixture.rehearsal.take_snapshot(&database, &format!("by-hand-{role}")).await?;
            }
        }
        for (name, job) in [("draco-new-ledger-1a2b3c4d5e6f", OTHER_JOB), ("draco-new-ledger", JOB), ("ledger", JOB)] {
            fixture.create_database(&of_job(&fixture, name, job)).await?;
        }
        fixture.create_database(&Database::instance("draco-verify-x-1a2b3c4d5e6f").lifecycle("Standard")).await?;
        fixture.pass_hours(28).await?;
        let expected = ["draco-new-ledger", "draco-new-ledger-1a2b3c4d5e6f", "draco-verify-x-1a2b3c4d5e6f", "ledger"];
        assert_eq!(copied(&fixture).await?, expected.map(str::to_owned).into());
        let ignored = lines(&fixture, "ignored");
        let of_jobs = ignored.iter().filter(|line| line.text("reason") == "database-of-job").count();
        assert_eq!(of_jobs > 0, !are_events_lost, "by an event, it is reported; in each sweep it would be noise");
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

/// After the deadline, a database may be there that its job gave up. It keeps the name and the tags, and people may use it.
// Invariant 1.
#[tokio::test(start_paused = true)]
async fn snapshots_of_a_database_that_its_job_gave_up_are_copied_if_taken_after_the_deadline() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let deadline = fixture.rehearsal.world().now() + TimeDelta::hours(30);
    let mut names = BTreeSet::new();
    for kind in Kind::ALL {
        for role in ["new", "verify"] {
            let name = format!("draco-{role}-{}-{JOB}", kind.database_type());
            let database = until(&name, JOB, &deadline.to_rfc3339_opts(SecondsFormat::Secs, true));
            let database = Database { kind, ..database };
            // Without its tags, a snapshot goes by the database.
            let database = if role == "new" { database } else { database.without_tags_on_snapshots() };
            fixture.create_database(&database).await?;
            names.insert(name);
        }
    }
    // The deadline of a job that cannot be read hides nothing, nor does one that no job has.
    let far = in_time(&fixture, TimeDelta::days(32));
    let untrue = [("new", "damaged", "soon"), ("new", "typo", "2062-11-21T06:00:00Z"), ("verify", "late", &*far)];
    let untrue = untrue.map(|(role, target, deadline)| (format!("draco-{role}-untrue-{target}-{JOB}"), deadline));
    for (name, deadline) in &untrue {
        fixture.create_database(&until(name, JOB, deadline)).await?;
    }
    let untrue = untrue.map(|(name, _)| name);
    fixture.pass_hours(29).await?;
    assert_eq!(copied(&fixture).await?, untrue.clone().into());
    fixture.pass_hours(27).await?;
    names.extend(untrue);
    assert_eq!(copied(&fixture).await?, names);
    // Those from before the deadline have the data of a copy or a backup.
    for copy in fixture.snapshots(DR).await? {
        let taken: DateTime<Utc> = copy.tags.get(tags::TAKEN).unwrap_or_default().parse()?;
        assert!(taken >= deadline || copy.database.contains("untrue"), "{copy:?}");
    }
    assert_eq!(fixture.violations(), []);
    Ok(())
}

/// Snapshots from before the deadline cost a sweep no calls after it, as those of an unprotected database.
// Invariant 11.
#[tokio::test(start_paused = true)]
async fn after_the_deadline_earlier_snapshots_without_tags_cost_a_sweep_no_calls() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let database = until(&format!("draco-new-orders-{JOB}"), JOB, &in_time(&fixture, TimeDelta::hours(3)));
    let database = Database { retention_days: 0, ..database.without_tags_on_snapshots() };
    let database = fixture.create_database(&database).await?;
    fixture.rehearsal.world().sleep(15 * MINUTE).await;
    fixture.rehearsal.take_snapshot(&database, "by-hand").await?;
    fixture.pass_hours(4).await?;
    let before = producer_calls(&fixture, "DescribeDBInstances");
    fixture.pass_hours(4).await?;
    assert_eq!(producer_calls(&fixture, "DescribeDBInstances") - before, 4, "one list for each sweep");
    assert_eq!(fixture.violations(), []);
    Ok(())
}

/// The database that a restore replaces is production until the names are exchanged, and its last data are in no other copy.
// Invariants 1 and 19.
#[tokio::test(start_paused = true)]
async fn a_database_that_was_moved_aside_stays_protected_and_its_final_snapshot_is_copied() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        let name = format!("draco-old-orders-{JOB}");
        let old = fixture.create_database(&Database { kind, ..of_job(&fixture, &name, JOB) }).await?;
        fixture.pass_hours(5).await?;
        crate::databases::delete(&fixture, &old, &format!("draco-final-orders-{JOB}")).await?;
        fixture.pass_hours(5).await?;
        let copies = fixture.snapshots(DR).await?;
        let sources: BTreeSet<_> = copies.iter().filter_map(|copy| copy.tags.get(tags::SOURCE_SNAPSHOT)).collect();
        assert!(sources.iter().any(|source| source.ends_with(":draco-final-orders-1a2b3c4d5e6f")), "{sources:?}");
        assert_eq!(sources.len(), 2, "{sources:?}");
        // The tags of the job describe a database, not its copies.
        assert!(copies.iter().all(|copy| copy.tags.get(tags::JOB).is_none()));
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

/// A person who controls the source account can give a database the name and the tag of a job. DR trusts neither.
// Invariants 10 and 15.
#[tokio::test(start_paused = true)]
async fn a_protected_database_that_gets_the_name_of_a_job_is_reported_as_silent() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let deadline = in_time(&fixture, TimeDelta::days(30));
    fixture.create_database(&until("orders", JOB, &deadline)).await?;
    fixture.rehearsal.world().sleep(3 * 24 * HOUR).await;
    let before = fixture.snapshots(DR).await?.len();
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    let rename = rds.modify_db_instance().db_instance_identifier("orders").apply_immediately(true);
    rename.new_db_instance_identifier(format!("draco-new-orders-{JOB}")).send().await?;
    fixture.rehearsal.world().sleep(6 * 24 * HOUR).await;
    assert_eq!((before, fixture.snapshots(DR).await?.len()), (3, 3));
    let silent: BTreeSet<_> =
        lines(&fixture, "database_silent").iter().map(|line| line.text("database").to_owned()).collect();
    assert_eq!(silent, [format!("arn:aws:rds:{REGION}:{SOURCE}:db:orders")].into());
    Ok(())
}

/// A person who wants a snapshot of such a database in DR tags the snapshot: its own tags count.
// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_snapshot_with_a_lifecycle_and_without_the_tag_of_the_job_is_copied() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let name = format!("draco-verify-orders-{JOB}");
    let database = Database { retention_days: 0, ..of_job(&fixture, &name, JOB) };
    fixture.create_database(&database).await?;
    fixture.rehearsal.world().sleep(15 * MINUTE).await;
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    let tag = Tag::builder().key(tags::LIFECYCLE).value("Standard").build();
    let take = rds.create_db_snapshot().db_instance_identifier(&name).db_snapshot_identifier("wanted").tags(tag);
    take.send().await?;
    fixture.pass_hours(5).await?;
    assert_eq!(copied(&fixture).await?, [name].into());
    assert_eq!(fixture.violations(), []);
    Ok(())
}
