//! What deletion in earnest would begin with.

use deploy::{Role, deletion};
use rehearsal::{Cast, Database};
use tests::{DR, REGION, SOURCE, Stage, settings};

use crate::{Said, account, config};

const FLOOR: &str = "FLOOR: { daily: 3 }\n";

async fn after(days: u32, cast: Cast) -> anyhow::Result<Stage> {
    let mut stage = Stage::with(settings(), cast).await?;
    stage.create(&Database::instance("orders").lifecycle("Test")).await?;
    stage.create(&Database::cluster("ledger").lifecycle("Nonsense")).await?;
    stage.hours(24 * days).await?;
    Ok(stage)
}

#[tokio::test(start_paused = true)]
async fn each_copy_that_would_go_is_shown_with_the_reason() -> anyhow::Result<()> {
    let stage = after(8, Cast::of(SOURCE, DR, REGION)?.consumer("Floor", r#"{"daily":3}"#)).await?;
    let said = Said::default();
    let count = deletion::show(&account(&stage, Role::Consumer), &config(FLOOR), &mut said.terminal()).await?;
    assert_eq!(count, 3);
    insta::assert_snapshot!(said.text());
    Ok(())
}

/// The plan is the consumer's own: what it has let go in earnest, and what it would let go, are the same.
#[tokio::test(start_paused = true)]
async fn what_is_shown_is_what_the_consumer_deletes() -> anyhow::Result<()> {
    let cast = Cast::of(SOURCE, DR, REGION)?.consumer("Floor", r#"{"daily":3}"#);
    // One world after the other: they would share the clock.
    let all = after(8, cast.clone()).await?.all(DR).await?;
    let earnest = after(8, cast.consumer("NoDryRun", "true")).await?;
    let going: Vec<_> = deletion::going(&all, &config(FLOOR)).into_iter().map(|doomed| doomed.copy.arn).collect();
    let mut stays: Vec<_> = all.into_iter().map(|copy| copy.arn).filter(|arn| !going.contains(arn)).collect();
    let mut left: Vec<_> = earnest.all(DR).await?.into_iter().map(|copy| copy.arn).collect();
    stays.sort();
    left.sort();
    assert_eq!(stays, left);
    assert_eq!(deletion::going(&earnest.all(DR).await?, &config(FLOOR)), []);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_to_go_while_the_floor_holds_it() -> anyhow::Result<()> {
    let stage = after(8, Cast::of(SOURCE, DR, REGION)?).await?;
    let said = Said::default();
    let count =
        deletion::show(&account(&stage, Role::Consumer), &config("FLOOR: { daily: 30 }"), &mut said.terminal()).await?;
    assert_eq!(count, 0);
    assert_eq!(
        said.text(),
        "What would be deleted now in the DR account 222222222222 in eu-west-1\n  \
         nothing: of 16 copies, none is without a rule or a floor that holds it\n"
    );
    Ok(())
}
