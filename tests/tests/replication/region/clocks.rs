//! The clocks of two regions are minutes apart. A function compares its own clock with times that AWS of another region has written, so
//! nothing may depend on small differences.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use protocol::tags;
use rehearsal::{Database, Line, Setup};
use tests::{DR_REGION, Fixture, REGION, SECOND_REGION, settings};

use super::Shape;

/// Far more than clocks of AWS differ, and more than the shortest wait for a copy.
const APART: i64 = 7;

/// Copies expire after some days in both regions of DR.
fn setup() -> anyhow::Result<Setup> {
    let mut setup = Shape::Both.setup()?;
    for (name, value) in [
        ("NoDryRun", "true"),
        ("Lifecycles", r#"{"Days": {"daily": 1}}"#),
        ("Floor", r#"{"last": 1}"#),
        ("MaxDeletionShare", "100"),
    ] {
        setup = setup.consumer_parameter(name, value).second_parameter(name, value);
    }
    Ok(setup)
}

/// When DR's functions reported each copy that was ever there, how many are left, and when the producer started its first copy, each by
/// the clock of the function.
async fn run(setup: Setup) -> anyhow::Result<(BTreeMap<String, DateTime<Utc>>, usize, DateTime<Utc>)> {
    let mut fixture = Fixture::with(settings(), setup).await?;
    for database in [Database::instance("orders"), Database::cluster("ledger")] {
        fixture.create_database(&database.lifecycle("Days")).await?;
    }
    // The keeper of the fourth day has run, the backup of that day has not.
    fixture.pass_hours(3 * 24 + 1).await?;
    assert_eq!(fixture.violations(), []);
    let lines = fixture.rehearsal.logs().lines();
    assert!(lines.iter().all(|line| line.text("level") != "ERROR"), "{lines:#?}");
    let mut reported = BTreeMap::new();
    for (arn, (_, copy)) in &fixture.ledger.copies {
        let time = copy.tags.get(tags::REPORTED).with_context(|| format!("{arn} is not reported"))?;
        reported.insert(arn.to_string(), time.parse()?);
    }
    let is_start = |line: &&Line| line.function() == "draco-producer" && line.text("step") == "copy_started";
    let started = lines.iter().find(is_start).context("no transit copy")?.text("time").parse()?;
    Ok((reported, fixture.ledger.present.len(), started))
}

// Invariants 1, 4, 7 and 8.
#[tokio::test(start_paused = true)]
async fn clocks_that_are_apart_change_nothing_but_the_times_in_tags() -> anyhow::Result<()> {
    let (expected, left, started) = run(setup()?).await?;
    assert_eq!(expected.len(), 2 * 2 * 3, "two databases, two regions, three days");
    assert!(left < expected.len(), "some have expired");
    for (region, minutes) in [(REGION, APART), (DR_REGION, APART), (DR_REGION, -APART), (SECOND_REGION, -APART)] {
        let ahead = TimeDelta::minutes(minutes);
        let (reported, still, began) = run(setup()?.clock(region, ahead)?).await?;
        // The same names: one copy of each snapshot, in each region.
        assert_eq!(reported.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{region}, {minutes}");
        assert_eq!(still, left, "{region}, {minutes}");
        // The test would prove nothing if the functions did not have these clocks.
        let own = if region == REGION { ahead } else { TimeDelta::zero() };
        assert!((began - started - own).abs() < TimeDelta::minutes(5), "{region}, {minutes}: {}", began - started);
        for (arn, time) in reported.iter().filter(|(arn, _)| arn.contains(":snapshot:")) {
            let shift = *time - expected[arn];
            let own = if arn.contains(&format!(":{region}:")) { ahead } else { TimeDelta::zero() };
            assert!((shift - own).abs() < TimeDelta::minutes(5), "{arn} in {region}, {minutes}: {shift}");
        }
    }
    Ok(())
}
