//! The copies that would be deleted first if deletion were switched on.

use deploy::{Role, deletion};
use rehearsal::{Database, Setup};
use tests::{DR, Fixture, REGION, SOURCE, settings};

use crate::{Output, account, config};

const FLOOR: &str = "FLOOR: { daily: 3 }\n";

async fn after(days: u32, setup: Setup) -> anyhow::Result<Fixture> {
    let mut fixture = Fixture::with(settings(), setup).await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Test")).await?;
    fixture.create_database(&Database::cluster("ledger").lifecycle("Nonsense")).await?;
    fixture.pass_hours(24 * days).await?;
    Ok(fixture)
}

#[tokio::test(start_paused = true)]
async fn expired_copies_are_listed_with_reasons() -> anyhow::Result<()> {
    let fixture = after(8, Setup::new(SOURCE, DR, REGION)?.consumer_parameter("Floor", r#"{"daily":3}"#)).await?;
    let output = Output::default();
    let count = deletion::show(&account(&fixture, Role::Consumer), &config(FLOOR), &mut output.terminal()).await?;
    assert_eq!(count, 3);
    insta::assert_snapshot!(output.text());
    Ok(())
}

/// The keeper decides which copies expire: those that it deletes are those that are listed.
#[tokio::test(start_paused = true)]
async fn listed_copies_are_those_that_the_keeper_deletes() -> anyhow::Result<()> {
    let setup = Setup::new(SOURCE, DR, REGION)?.consumer_parameter("Floor", r#"{"daily":3}"#);
    // One world after the other, because they would share the clock.
    let all = after(8, setup.clone()).await?.snapshots(DR).await?;
    let deleting = after(8, setup.consumer_parameter("NoDryRun", "true")).await?;
    let expired: Vec<_> = deletion::expired(&all, &config(FLOOR)).into_iter().map(|expired| expired.copy).collect();
    let mut kept: Vec<_> = all.into_iter().map(|copy| copy.arn).filter(|arn| !expired.contains(arn)).collect();
    let mut left: Vec<_> = deleting.snapshots(DR).await?.into_iter().map(|copy| copy.arn).collect();
    kept.sort();
    left.sort();
    assert_eq!(kept, left);
    assert_eq!(deletion::expired(&deleting.snapshots(DR).await?, &config(FLOOR)), []);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn copies_that_the_floor_keeps_are_not_listed() -> anyhow::Result<()> {
    let fixture = after(8, Setup::new(SOURCE, DR, REGION)?).await?;
    let output = Output::default();
    let count =
        deletion::show(&account(&fixture, Role::Consumer), &config("FLOOR: { daily: 30 }"), &mut output.terminal())
            .await?;
    assert_eq!(count, 0);
    assert_eq!(
        output.text(),
        "Copies that would be deleted now in the DR account 222222222222 in eu-west-1\n  \
         nothing to delete: all 16 copies are kept\n"
    );
    Ok(())
}
