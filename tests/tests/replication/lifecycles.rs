//! Invariants 6 and 7: in a dry run no copy is deleted, and the newest copy is always kept. Two months of daily snapshots.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use protocol::Origin;
use rehearsal::{Database, Encryption, Setup, Totals};
use serde_json::json;
use tests::{DR, Fixture, HOUR, REGION, SOURCE, settings};

/// Databases of every kind, with configured, built-in and unknown lifecycles.
async fn two_months(no_dry_run: &str) -> anyhow::Result<Fixture> {
    let setup = Setup::new(SOURCE, DR, REGION)?.consumer_parameter("NoDryRun", no_dry_run);
    let setup = setup.consumer_parameter("Lifecycles", r#"{"Fortnight": {"daily": 14}, "Short": {"within": "36h"}}"#);
    let mut fixture = Fixture::with(settings(), setup.consumer_parameter("Floor", r#"{"daily": 3}"#)).await?;
    for database in [
        Database::instance("fortnight").lifecycle("Fortnight"),
        Database::cluster("short").lifecycle("Short"),
        Database::instance("standard").lifecycle("standard").encryption(Encryption::CustomerKey),
        Database::instance("unknown").lifecycle("No such lifecycle"),
    ] {
        fixture.create_database(&database).await?;
    }
    let world = fixture.rehearsal.world().clone();
    // One sweep in three days instead of 72, because this test is not about sweeps.
    for (account, function) in [(SOURCE, "draco-producer"), (DR, "draco-consumer")] {
        let function = fixture.function_arn(account, function);
        let rule = "arn:aws:events:*:*:rule/draco-sweep";
        world.allow_invocation(&function, "events.amazonaws.com", rule).map_err(anyhow::Error::msg)?;
        world.add_schedule(account, REGION, "draco-sweep", 72 * HOUR, &function, json!({ "sweep": {} }));
    }
    for _ in 0..30 {
        world.sleep(48 * HOUR).await;
        fixture.ledger.observe(&fixture.rehearsal).await?;
    }
    Ok(fixture)
}

/// For each database, the number of copies and the time of the newest.
async fn copies(fixture: &Fixture) -> anyhow::Result<BTreeMap<String, (usize, DateTime<Utc>)>> {
    let mut copies = BTreeMap::new();
    for copy in fixture.snapshots(DR).await? {
        let taken = Origin::from_tags(&copy.tags).map(|origin| origin.taken).unwrap_or_default();
        let (count, newest) = copies.entry(copy.database.into_string()).or_insert((0, taken));
        *count += 1;
        *newest = taken.max(*newest);
    }
    Ok(copies)
}

// Invariant 6.
#[tokio::test(start_paused = true)]
async fn in_a_dry_run_no_copy_is_deleted() -> anyhow::Result<()> {
    let fixture = two_months("false").await?;
    assert_eq!(fixture.violations(), []);
    let counts: Vec<_> = copies(&fixture).await?.into_iter().map(|(name, (count, _))| (name, count)).collect();
    let all = ["fortnight", "short", "standard", "unknown"].map(|name| (name.to_owned(), 60));
    assert_eq!(counts, all);
    let totals = Totals::of(&fixture.rehearsal, &fixture.ledger);
    assert_eq!((totals.deleted, totals.would_delete), (0, 240 - 89), "{totals:#?}");
    Ok(())
}

// Invariant 7.
#[tokio::test(start_paused = true)]
async fn lifecycles_leave_the_copies_that_their_rules_keep_and_the_newest() -> anyhow::Result<()> {
    let fixture = two_months("true").await?;
    assert_eq!(fixture.violations(), []);
    let copies = copies(&fixture).await?;
    let newest = settings().epoch + chrono::TimeDelta::days(59);
    assert!(copies.values().all(|(_, taken)| *taken > newest), "{copies:#?}");
    let counts: Vec<_> = copies.iter().map(|(name, (count, _))| (name.as_str(), *count)).collect();
    // The floor keeps three days of the copies that the lifecycle would delete after 36 hours.
    assert_eq!(counts, [("fortnight", 14), ("short", 3), ("standard", 12), ("unknown", 60)]);
    let totals = Totals::of(&fixture.rehearsal, &fixture.ledger);
    assert_eq!((totals.deleted, totals.would_delete, totals.lost, totals.transit_left), (240 - 89, 0, 0, 0));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_failed_deletion_is_an_alarm_and_does_not_stop_later_steps() -> anyhow::Result<()> {
    let setup = Setup::new(SOURCE, DR, REGION)?
        .consumer_parameter("NoDryRun", "true")
        .consumer_parameter("Floor", r#"{"daily": 1}"#);
    let setup = setup.consumer_parameter("Lifecycles", r#"{"Short": {"daily": 1}}"#);
    let mut fixture = Fixture::with(settings(), setup).await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Short")).await?;
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": "rds:DeleteDBSnapshot", "Resource": "*" },
    ] });
    let role = fixture.rehearsal.setup().role_name("draco-keeper");
    let added = fixture.rehearsal.world().add_role(DR, &role, &[&policy.to_string()]);
    added.map_err(anyhow::Error::msg)?;
    fixture.pass_hours(3 * 24).await?;
    let copies = fixture.snapshots(DR).await?;
    assert_eq!(copies.len(), 3);
    assert!(
        copies.iter().all(|copy| copy.tags.get(protocol::tags::REPORTED).is_some()),
        "each copy is reported to the source account"
    );
    let lines = fixture.rehearsal.logs().lines();
    let alarms = lines.iter().filter(|line| line.text("reason").contains("deleting copies failed")).count();
    assert!(alarms > 0, "each run in which a deletion failed");
    assert!(!lines.iter().any(|line| line.text("step") == "deleted"), "no log line reports a deletion");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_is_being_verified_is_not_deleted() -> anyhow::Result<()> {
    let setup = Setup::new(SOURCE, DR, REGION)?
        .consumer_parameter("NoDryRun", "true")
        .consumer_parameter("Floor", r#"{"daily": 1}"#);
    let setup = setup.consumer_parameter("Lifecycles", r#"{"Short": {"daily": 1}}"#);
    let mut fixture = Fixture::with(settings(), setup).await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Short")).await?;
    fixture.pass_hours(20).await?;
    let first = fixture.snapshots(DR).await?.remove(0).arn;
    let until = fixture.rehearsal.world().now() + chrono::TimeDelta::days(4);
    let cloud = cloud::Cloud::new(&fixture.owner_config(DR), fixture.rehearsal.setup().dr());
    cloud.tag(&first, protocol::tags::VERIFYING, &until.to_rfc3339()).await?;
    let mut counts = Vec::new();
    for _ in 0..7 {
        fixture.pass_hours(24).await?;
        let copies = fixture.snapshots(DR).await?;
        counts.push((copies.len(), copies.iter().any(|copy| copy.arn == first)));
    }
    assert!(counts[1..4].iter().all(|found| *found == (3, true)), "{counts:?}");
    assert_eq!(counts[6], (2, false), "{counts:?}");
    assert_eq!(fixture.violations(), []);
    Ok(())
}
