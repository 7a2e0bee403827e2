//! Transit copies that run in the backup window of their database are reported. Invariant 11.

use rehearsal::{Database, Setup};
use sim::Settings;
use tests::{DR, Fixture, HOUR, MINUTE, REGION, SOURCE, settings};

use crate::transits::{calls, lines};

/// A snapshot at 02:10 whose creation and copy take 100 minutes each, of a database with this backup window.
async fn slow_copy(window: &str) -> anyhow::Result<Fixture> {
    let fixture =
        Fixture::with(Settings { copy_gib_per_minute: 1, ..settings() }, Setup::new(SOURCE, DR, REGION)?).await?;
    let database = Database { backup_window: window.to_owned(), ..Database::instance("orders") };
    let database = fixture.create_database(&database.lifecycle("Standard")).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    fixture.rehearsal.take_snapshot(&database, "mine").await?;
    fixture.rehearsal.world().sleep(4 * HOUR).await;
    Ok(fixture)
}

#[tokio::test(start_paused = true)]
async fn a_transit_copy_that_runs_in_the_backup_window_is_reported() -> anyhow::Result<()> {
    let fixture = slow_copy("05:00-05:30").await?;
    let reported = lines(&fixture, "backup_delayed");
    assert_eq!(reported.len(), 1);
    let line = &reported[0];
    assert_eq!((line.text("level"), line.json["BackupsDelayed"].as_i64()), ("WARN", Some(1)));
    assert!(line.text("database").ends_with(":db:orders"), "{line:?}");
    assert!(line.text("message").contains("the next backup window begins at 2026-11-21 05:00 UTC"), "{line:?}");
    let notified = fixture.rehearsal.notifications(&fixture.source(), settings().epoch);
    let alarms: Vec<_> = notified.into_iter().map(|notification| notification.alarm).collect();
    assert_eq!(alarms, ["draco-producer-backup-delayed"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_transit_copy_that_ends_before_the_backup_window_is_not_reported() -> anyhow::Result<()> {
    let fixture = slow_copy("08:00-08:30").await?;
    assert_eq!(lines(&fixture, "backup_delayed"), []);
    let databases = calls(&fixture, settings().epoch).remove("DescribeDBInstances");
    assert_eq!(databases, Some(2), "one look for the spec, and one at the database of a long copy");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_database_of_a_short_copy_is_looked_up_for_its_spec_only() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.rehearsal.world().sleep(12 * HOUR).await;
    assert_eq!(calls(&fixture, settings().epoch).remove("DescribeDBInstances"), Some(1));
    Ok(())
}
