//! Invariants 11 and 14: what one source account can use of DR, and what that costs.

use std::time::Duration;

use protocol::{Announcement, DatabaseArn, Kind, Tags, tags};
use rehearsal::{Database, Encryption, Line, Setup};
use sim::journal::Event;
use tests::{DR, Fixture, HOUR, MINUTE, REGION, SOURCE, settings};

use crate::attacker;

/// The other source account. In some tests an attacker controls it.
const OTHER: &str = "333333333333";

/// A database whose first automated snapshot is taken at this time of day.
fn database(name: &str, window: &str) -> Database {
    Database { backup_window: window.to_owned(), ..Database::instance(name) }.lifecycle("Standard")
}

async fn deploy(parameters: &[(&str, &str)]) -> anyhow::Result<Fixture> {
    let mut setup = Setup::new(SOURCE, DR, REGION)?;
    for (name, value) in parameters {
        setup = setup.consumer_parameter(name, value);
    }
    Fixture::with(settings(), setup).await
}

/// The lines of DR's refusals.
fn refusals(fixture: &Fixture) -> Vec<Line> {
    let lines = fixture.rehearsal.logs().lines();
    lines.into_iter().filter(|line| line.text("step") == "refused").collect()
}

/// The reason, the account and the message of the only refusal.
fn only_refusal(fixture: &Fixture) -> (String, String, String) {
    let refusals = refusals(fixture);
    assert_eq!(refusals.len(), 1);
    let text = |field: &str| refusals[0].text(field).to_owned();
    (text("reason"), text("account"), text("message"))
}

/// The names of the copies of an account.
async fn copies(fixture: &Fixture, account: &str) -> anyhow::Result<Vec<String>> {
    let names = fixture.snapshots(DR).await?.into_iter().map(|copy| copy.arn.id().to_owned());
    Ok(names.filter(|name| name.starts_with(&format!("draco-{account}-"))).collect())
}

fn dead_letters(fixture: &Fixture) -> usize {
    let is_one = |event: &Event| matches!(event, Event::DeadLetter { .. });
    fixture.rehearsal.world().journal(|journal| journal.entries().iter().filter(|it| is_one(&it.event)).count())
}

/// The attacker's databases. Their account has no producer.
async fn attackers_databases(fixture: &Fixture) -> anyhow::Result<Vec<DatabaseArn>> {
    let place = fixture.place(OTHER)?;
    let mut databases = Vec::new();
    for nth in 0..10 {
        let small = Database { gib: 20, ..database(&format!("small-{nth}"), "23:00-23:30").lifecycle("Ignore") };
        let small = small.encryption(Encryption::None);
        databases.push(fixture.rehearsal.create_database(&place, &small).await?);
    }
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    fixture.rehearsal.world().remove_function(OTHER, REGION, "draco-producer");
    Ok(databases)
}

/// Small snapshots of an unknown lifecycle, shared with DR.
async fn forge(fixture: &Fixture, database: &DatabaseArn, nth: u32) -> anyhow::Result<Announcement> {
    let transit = attacker::share_snapshot_after(fixture, database, nth, Duration::from_secs(20)).await?;
    attacker::announcement(database, nth, &transit, Tags::from_iter([(tags::LIFECYCLE, "Unknown")]))
}

/// An attacker sends 100 small snapshots in 76 minutes, to fill DR's quota.
async fn flood(fixture: &Fixture) -> anyhow::Result<()> {
    let databases = attackers_databases(fixture).await?;
    for (nth, database) in (0..100).zip(databases.iter().cycle()) {
        let forged = forge(fixture, database, nth).await?;
        let transit = forged.transit.clone();
        attacker::announce(fixture, forged);
        fixture.rehearsal.world().sleep(Duration::from_secs(25)).await;
        attacker::delete_snapshot(fixture, &transit).await?;
    }
    Ok(())
}

/// The same at one moment.
async fn burst(fixture: &Fixture) -> anyhow::Result<()> {
    let (databases, mut forged) = (attackers_databases(fixture).await?, Vec::new());
    for (nth, database) in (0..100).zip(databases.iter().cycle()) {
        forged.push(forge(fixture, database, nth).await?);
    }
    forged.into_iter().for_each(|announcement| attacker::announce(fixture, announcement));
    Ok(())
}

// Invariant 14.
#[tokio::test(start_paused = true)]
async fn a_flood_of_one_account_does_not_stop_the_copies_of_another() -> anyhow::Result<()> {
    let setup = Setup::new(SOURCE, DR, REGION)?.and_source(OTHER)?;
    let mut fixture =
        Fixture::with(sim::Settings { snapshot_quota: 100, copy_gib_per_minute: 200, ..settings() }, setup).await?;
    fixture.create_database(&database("orders", "04:05-04:35")).await?;
    flood(&fixture).await?;
    fixture.pass_hours(28).await?;
    assert_eq!(
        copies(&fixture, SOURCE).await?,
        ["draco-111111111111-rds-orders-2026-11-21-04-05", "draco-111111111111-rds-orders-2026-11-22-04-05"]
    );
    assert_eq!(copies(&fixture, OTHER).await?.len(), 80);
    // Each refusal is reported, with the account and the limit.
    let refusals = refusals(&fixture);
    assert_eq!(refusals.len(), 20);
    for refusal in &refusals {
        assert_eq!((refusal.text("reason"), refusal.text("account")), ("too-many", OTHER));
        assert!(refusal.text("message").starts_with("account 333333333333 has 80 copies, 80 of 100 manual snapshots"));
    }
    assert_eq!(dead_letters(&fixture), 0);
    assert_eq!(fixture.violations(), []);
    Ok(())
}

/// Counting and copying are two calls, so copies that start at the same moment can exceed a limit together.
// Invariant 14.
#[tokio::test(start_paused = true)]
async fn a_burst_exceeds_a_limit_by_no_more_than_the_concurrency() -> anyhow::Result<()> {
    let setup = Setup::new(SOURCE, DR, REGION)?.and_source(OTHER)?.consumer_parameter("Concurrency", "5");
    let mut fixture =
        Fixture::with(sim::Settings { snapshot_quota: 100, copy_gib_per_minute: 200, ..settings() }, setup).await?;
    fixture.create_database(&database("orders", "05:05-05:35")).await?;
    burst(&fixture).await?;
    fixture.pass_hours(30).await?;
    let others = copies(&fixture, OTHER).await?.len();
    assert!((80..=85).contains(&others), "{others}");
    assert_eq!(copies(&fixture, SOURCE).await?.len(), 2);
    assert_eq!(dead_letters(&fixture), 0);
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 14.
#[tokio::test(start_paused = true)]
async fn copies_of_one_database_above_the_daily_limit_are_copied_on_the_next_day() -> anyhow::Result<()> {
    let mut fixture = deploy(&[("MaxDailyCopies", "3")]).await?;
    let orders = fixture.create_database(&database("orders", "23:00-23:30")).await?;
    fixture.pass_hours(1).await?;
    for nth in 1..=4 {
        fixture.rehearsal.take_snapshot(&orders, &format!("by-hand-{nth}")).await?;
        fixture.pass_hours(1).await?;
    }
    assert_eq!(copies(&fixture, SOURCE).await?.len(), 3);
    let (reason, account, message) = only_refusal(&fixture);
    assert_eq!((reason.as_str(), account.as_str()), ("too-many", SOURCE));
    let expected = "account 111111111111: DR started 3 copies of arn:aws:rds:eu-west-1:111111111111:db:orders within 24 \
                    hours, and the limit MAX_DAILY_COPIES is 3; ";
    assert!(message.starts_with(expected), "{message}");
    // The automated snapshot of 23:00 is refused, too. Both are retried after a day.
    fixture.pass_hours(48).await?;
    let names = copies(&fixture, SOURCE).await?;
    assert!(names.iter().any(|name| name.contains("by-hand-4")), "{names:?}");
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 14.
#[tokio::test(start_paused = true)]
async fn databases_above_the_limits_of_their_account_are_refused() -> anyhow::Result<()> {
    let limits = [
        ("MaxDatabases", "account 111111111111 has copies of 2 databases, and the limit MAX_DATABASES is 2; "),
        ("MaxCopies", "account 111111111111 has 2 copies, and the limit MAX_COPIES is 2; "),
    ];
    for (parameter, why) in limits {
        let mut fixture = deploy(&[(parameter, "2")]).await?;
        for (name, window) in [("orders", "03:05-03:35"), ("ledger", "04:05-04:35"), ("more", "05:05-05:35")] {
            fixture.create_database(&database(name, window)).await?;
        }
        // A cluster is counted apart.
        fixture.create_database(&Database { kind: Kind::Cluster, ..database("shop", "06:05-06:35") }).await?;
        fixture.pass_hours(6).await?;
        assert_eq!(fixture.snapshots(DR).await?.len(), 3);
        let (reason, account, message) = only_refusal(&fixture);
        assert_eq!((reason.as_str(), account.as_str()), ("too-many", SOURCE));
        assert!(message.starts_with(why), "{message}");
        // Databases that DR knows are copied on the next day, too.
        fixture.pass_hours(24).await?;
        let names = copies(&fixture, SOURCE).await?;
        assert!(names.contains(&"draco-111111111111-rds-orders-2026-11-22-03-05".to_owned()), "{names:?}");
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 14.
#[tokio::test(start_paused = true)]
async fn a_full_quota_is_refused_without_dead_letters_and_names_its_users() -> anyhow::Result<()> {
    // The manual snapshot of DR itself, one copy of each account, and no space.
    let setup = Setup::new(SOURCE, DR, REGION)?.and_source(OTHER)?.consumer_parameter("QuotaShare", "100");
    let mut fixture = Fixture::with(sim::Settings { snapshot_quota: 3, ..settings() }, setup).await?;
    let own = fixture.rehearsal.create_database(&fixture.place(DR)?, &Database::instance("own")).await?;
    fixture.create_database(&database("orders", "03:05-03:35")).await?;
    fixture.rehearsal.create_database(&fixture.place(OTHER)?, &database("shop", "04:05-04:35")).await?;
    fixture.create_database(&database("late", "05:05-05:35")).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    fixture.rehearsal.take_snapshot(&own, "by-hand").await?;
    fixture.pass_hours(5).await?;
    let refusals = refusals(&fixture);
    let users = "SnapshotQuotaExceeded";
    let who = "; account 111111111111 has 1 copies, account 333333333333 has 1 copies, other manual snapshots: 1";
    assert!(!refusals.is_empty());
    for refusal in &refusals {
        assert_eq!((refusal.text("reason"), refusal.text("account")), ("quota-exceeded", SOURCE));
        let message = refusal.text("message");
        assert!(message.contains(users) && message.ends_with(who), "{message}");
        assert_eq!(refusal.json["Failed"], 1);
    }
    assert_eq!(dead_letters(&fixture), 0);
    assert_eq!(fixture.violations(), []);
    // The transit copy waits in the source account.
    let source = fixture.snapshots(SOURCE).await?;
    assert!(source.iter().any(|snapshot| snapshot.arn.id() == "draco-rds-late-2026-11-21-05-05"));
    Ok(())
}

/// The number of Draco's calls for the second snapshot of a database.
async fn calls(setup: Setup) -> anyhow::Result<usize> {
    let mut fixture = Fixture::with(settings(), setup).await?;
    let orders = fixture.create_database(&database("orders", "23:00-23:30")).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    fixture.rehearsal.take_snapshot(&orders, "first").await?;
    fixture.pass_hours(2).await?;
    let start = fixture.rehearsal.world().now();
    fixture.rehearsal.take_snapshot(&orders, "second").await?;
    // Until the next sweep.
    fixture.rehearsal.world().sleep(HOUR - 11 * MINUTE).await;
    assert_eq!(copies(&fixture, SOURCE).await?.len(), 2);
    let is_dracos = |event: &Event| matches!(event, Event::Call { role: Some(role), .. } if role.starts_with("draco-"));
    Ok(fixture.rehearsal.world().journal(|journal| {
        journal.entries().iter().filter(|entry| entry.at >= start && is_dracos(&entry.event)).count()
    }))
}

// Invariant 11.
#[tokio::test(start_paused = true)]
async fn the_limits_take_one_call_with_several_source_accounts_and_none_with_one() -> anyhow::Result<()> {
    let one = || Setup::new(SOURCE, DR, REGION);
    assert_eq!((calls(one()?).await?, calls(one()?.and_source(OTHER)?).await?), (20, 21));
    Ok(())
}
