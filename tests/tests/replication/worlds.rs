//! The open questions about AWS: under every answer, every protected snapshot has a copy, and no invariant is violated.
//!
//! `cargo xtask worlds` runs all tests of this program under every answer. This is the part of it that each run has.

use rehearsal::{Database, Encryption, Setup, Totals};
use sim::Settings;
use sim::questions::Answers;
use tests::{DR, Fixture, REGION, SOURCE, settings};

/// Three days of every kind of database, with a key per database and without a dry run.
async fn run_world(answers: Answers) -> anyhow::Result<()> {
    let setup = Setup::new(SOURCE, DR, REGION)?
        .consumer_parameter("KeyPerDatabase", "true")
        .consumer_parameter("NoDryRun", "true");
    let mut fixture = Fixture::with(Settings { answers, ..settings() }, setup).await?;
    for database in [
        Database::instance("orders"),
        Database::instance("customers").encryption(Encryption::CustomerKey),
        Database::instance("plain").encryption(Encryption::None),
        Database::cluster("ledger"),
        Database::cluster("archive").encryption(Encryption::CustomerKey),
    ] {
        fixture.create_database(&database.lifecycle("Standard")).await?;
    }
    fixture.pass_hours(24 * 3).await?;
    assert_eq!(fixture.violations(), [], "{answers}");
    let Totals { eligible, copied, lost, transit_left, .. } = Totals::of(&fixture.rehearsal, &fixture.ledger);
    assert_eq!((copied, lost, transit_left), (eligible, 0, 0), "{answers}");
    // Each database has a snapshot a day, whichever day AWS starts with.
    assert!(eligible >= 5 * 3, "{answers}: {eligible} snapshots");
    Ok(())
}

/// The worlds are divided among tests, which run side by side.
async fn run_part(part: usize) -> anyhow::Result<()> {
    for answers in Answers::worlds().into_iter().skip(part).step_by(PARTS) {
        run_world(answers).await?;
    }
    Ok(())
}

const PARTS: usize = 2;

// Invariant 1.
// Invariant 4.
#[tokio::test(start_paused = true)]
async fn every_answer_has_the_same_end() -> anyhow::Result<()> {
    run_part(0).await
}

// Invariant 1.
// Invariant 4.
#[tokio::test(start_paused = true)]
async fn every_other_answer_has_the_same_end() -> anyhow::Result<()> {
    run_part(1).await
}
