//! What deletion in earnest would begin with.

use deploy::{Role, deletion};
use rehearsal::{Database, Setup};
use tests::{DR, Fixture, REGION, SOURCE, settings};

use crate::{Said, account, config};

const FLOOR: &str = "FLOOR: { daily: 3 }\n";

async fn after(days: u32, setup: Setup) -> anyhow::Result<Fixture> {
    let mut fixture = Fixture::with(settings(), setup).await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Test")).await?;
    fixture.create_database(&Database::cluster("ledger").lifecycle("Nonsense")).await?;
    fixture.pass_hours(24 * days).await?;
    Ok(fixture)
}

#[tokio::test(start_paused = true)]
async fn each_copy_that_would_go_is_shown_with_the_reason() -> anyhow::Result<()> {
    let fixture = after(8, Setup::new(SOURCE, DR, REGION)?.consumer_parameter("Floor", r#"{"daily":3}"#)).await?;
    let said = Said::default();
    let count = deletion::show(&account(&fixture, Role::Consumer), &config(FLOOR), &mut said.terminal()).await?;
    assert_eq!(count, 3);
    insta::assert_snapshot!(said.text());
    Ok(())
}

/// The plan is the consumer's own: what it has let go in earnest, and what it would let go, are the same.
#[tokio::test(start_paused = true)]
async fn what_is_shown_is_what_the_consumer_deletes() -> anyhow::Result<()> {
    let setup = Setup::new(SOURCE, DR, REGION)?.consumer_parameter("Floor", r#"{"daily":3}"#);
    // One world after the other: they would share the clock.
    let all = after(8, setup.clone()).await?.snapshots(DR).await?;
    let earnest = after(8, setup.consumer_parameter("NoDryRun", "true")).await?;
    let going: Vec<_> = deletion::going(&all, &config(FLOOR)).into_iter().map(|doomed| doomed.copy.arn).collect();
    let mut stays: Vec<_> = all.into_iter().map(|copy| copy.arn).filter(|arn| !going.contains(arn)).collect();
    let mut left: Vec<_> = earnest.snapshots(DR).await?.into_iter().map(|copy| copy.arn).collect();
    stays.sort();
    left.sort();
    assert_eq!(stays, left);
    assert_eq!(deletion::going(&earnest.snapshots(DR).await?, &config(FLOOR)), []);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_to_go_while_the_floor_holds_it() -> anyhow::Result<()> {
    let fixture = after(8, Setup::new(SOURCE, DR, REGION)?).await?;
    let said = Said::default();
    let count =
        deletion::show(&account(&fixture, Role::Consumer), &config("FLOOR: { daily: 30 }"), &mut said.terminal())
            .await?;
    assert_eq!(count, 0);
    assert_eq!(
        said.text(),
        "What would be deleted now in the DR account 222222222222 in eu-west-1\n  \
         nothing: of 16 copies, none is without a rule or a floor that holds it\n"
    );
    Ok(())
}
