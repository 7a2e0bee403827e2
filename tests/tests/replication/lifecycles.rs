//! Invariants 6 and 7: dry by default, and the newest stays; over two months of days.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use protocol::Origin;
use rehearsal::{Cast, Database, Encryption, Sums};
use serde_json::json;
use tests::{DR, HOUR, REGION, SOURCE, Stage, settings};

/// Of every kind, with the user's own lifecycles and built-in ones.
async fn two_months(no_dry_run: &str) -> anyhow::Result<Stage> {
    let cast = Cast::of(SOURCE, DR, REGION)?.consumer("NoDryRun", no_dry_run);
    let cast = cast.consumer("Lifecycles", r#"{"Fortnight": {"daily": 14}, "Short": {"within": "36h"}}"#);
    let mut stage = Stage::with(settings(), cast.consumer("Floor", r#"{"daily": 3}"#)).await?;
    for database in [
        Database::instance("fortnight").lifecycle("Fortnight"),
        Database::cluster("short").lifecycle("Short"),
        Database::instance("standard").lifecycle("standard").encryption(Encryption::CustomerKey),
        Database::instance("unknown").lifecycle("Nobody knows this one"),
    ] {
        stage.create(&database).await?;
    }
    let world = stage.rehearsal.world().clone();
    // A sweep in three days instead of 72, since they are not what this is about.
    for (account, function) in [(SOURCE, "draco-producer"), (DR, "draco-consumer")] {
        let function = stage.function(account, function);
        let rule = "arn:aws:events:*:*:rule/draco-sweep";
        world.allow_invocation(&function, "events.amazonaws.com", rule).map_err(anyhow::Error::msg)?;
        world.add_schedule(account, REGION, "draco-sweep", 72 * HOUR, &function, json!({ "sweep": {} }));
    }
    for _ in 0..30 {
        world.sleep(48 * HOUR).await;
        stage.ledger.observe(&stage.rehearsal).await?;
    }
    Ok(stage)
}

/// How many copies there are of each database, and the newest.
async fn copies(stage: &Stage) -> anyhow::Result<BTreeMap<String, (usize, DateTime<Utc>)>> {
    let mut copies = BTreeMap::new();
    for copy in stage.all(DR).await? {
        let taken = Origin::from_tags(&copy.tags).map(|origin| origin.taken).unwrap_or_default();
        let (count, newest) = copies.entry(copy.database).or_insert((0, taken));
        *count += 1;
        *newest = taken.max(*newest);
    }
    Ok(copies)
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_in_two_months_unless_no_dry_run_is_set() -> anyhow::Result<()> {
    let stage = two_months("false").await?;
    assert_eq!(stage.broken(), []);
    let counts: Vec<_> = copies(&stage).await?.into_iter().map(|(name, (count, _))| (name, count)).collect();
    let all = ["fortnight", "short", "standard", "unknown"].map(|name| (name.to_owned(), 60));
    assert_eq!(counts, all);
    let sums = Sums::of(&stage.rehearsal, &stage.ledger);
    assert_eq!((sums.deleted, sums.would_delete), (0, 240 - 89), "{sums:#?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn two_months_of_lifecycles_leave_what_their_rules_keep_and_always_the_newest() -> anyhow::Result<()> {
    let stage = two_months("true").await?;
    assert_eq!(stage.broken(), []);
    let copies = copies(&stage).await?;
    let newest = settings().epoch + chrono::TimeDelta::days(59);
    assert!(copies.values().all(|(_, taken)| *taken > newest), "{copies:#?}");
    let counts: Vec<_> = copies.iter().map(|(name, (count, _))| (name.as_str(), *count)).collect();
    // The floor keeps three days of what the user's own would let go after 36 hours.
    assert_eq!(counts, [("fortnight", 14), ("short", 3), ("standard", 12), ("unknown", 60)]);
    let sums = Sums::of(&stage.rehearsal, &stage.ledger);
    assert_eq!((sums.deleted, sums.would_delete, sums.lost, sums.transit_left), (240 - 89, 0, 0, 0));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_cannot_be_deleted_is_told_and_keeps_nothing_else_from_being_done() -> anyhow::Result<()> {
    let cast = Cast::of(SOURCE, DR, REGION)?.consumer("NoDryRun", "true").consumer("Floor", r#"{"daily": 1}"#);
    let cast = cast.consumer("Lifecycles", r#"{"Short": {"daily": 1}}"#);
    let mut stage = Stage::with(settings(), cast).await?;
    stage.create(&Database::instance("orders").lifecycle("Short")).await?;
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": "rds:DeleteDBSnapshot", "Resource": "*" },
    ] });
    let role = stage.rehearsal.cast().role("draco-consumer");
    let added = stage.rehearsal.world().add_role(DR, &role, &[&policy.to_string()]);
    added.map_err(anyhow::Error::msg)?;
    stage.hours(3 * 24).await?;
    let copies = stage.all(DR).await?;
    assert_eq!(copies.len(), 3);
    assert!(
        copies.iter().all(|copy| copy.tags.get(protocol::tags::REPORTED).is_some()),
        "all is done for each of them"
    );
    let lines = stage.rehearsal.logs().lines();
    let told = lines
        .iter()
        .filter(|line| line.text("reason").contains("the copy is completed, but deleting an expired copy failed"))
        .count();
    assert_eq!(told, 2, "once for each plan that could not be carried out");
    assert!(!lines.iter().any(|line| line.text("step") == "deleted"), "what was not deleted is not told as deleted");
    Ok(())
}
