//! The open questions about AWS: under every answer, every protected snapshot has a copy, and no invariant is violated.
//!
//! `cargo xtask worlds` runs all tests of this program under every answer. This is the part of it that each run has.

use aws_sdk_rds::types::Tag;
use protocol::{DatabaseArn, Status};
use rehearsal::{Database, Encryption, Setup, Totals};
use sim::Settings;
use sim::questions::{Answers, MultiAzClusterCopies};
use tests::{DR, Fixture, MINUTE, REGION, SOURCE, settings};

const DAYS: usize = 2;

/// Databases of every kind, a manual snapshot with tags of its own, and a copy that loses its grant, with a key per database
/// and without a dry run.
async fn run_world(answers: Answers) -> anyhow::Result<()> {
    let setup = Setup::new(SOURCE, DR, REGION)?
        .consumer_parameter("KeyPerDatabase", "true")
        .consumer_parameter("NoDryRun", "true");
    let mut fixture = Fixture::with(Settings { answers, ..settings() }, setup).await?;
    let databases = [
        Database::instance("orders"),
        Database::instance("customers").encryption(Encryption::CustomerKey),
        Database::instance("plain").encryption(Encryption::None),
        Database::cluster("ledger"),
        Database::cluster("archive").encryption(Encryption::CustomerKey),
        Database::cluster("documents").engine("docdb"),
        Database::cluster("graph").engine("neptune"),
        Database::cluster(MULTI_AZ).engine("postgres"),
    ];
    let count = databases.len();
    let mut arns = Vec::new();
    for database in databases {
        arns.push(fixture.create_database(&database.lifecycle("Standard")).await?);
    }
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    take_tagged(&fixture, &arns[0]).await?;
    revoke_grants_of_a_copy(&fixture).await?;
    fixture.pass_hours(u32::try_from(24 * DAYS)?).await?;

    assert_eq!(fixture.violations(), [], "{answers}");
    let Totals { eligible, copied, lost, transit_left, .. } = Totals::of(&fixture.rehearsal, &fixture.ledger);
    // A refused snapshot is reported, so it is not lost.
    let refused = match answers.multi_az_cluster_copies {
        MultiAzClusterCopies::Copied => 0,
        MultiAzClusterCopies::Refused => {
            let sources = fixture.ledger.sources.values();
            sources.filter(|source| source.snapshot.database.to_string() == MULTI_AZ).count()
        }
    };
    assert_eq!((copied, lost, transit_left), (eligible - refused, 0, 0), "{answers}");
    // Each database has a snapshot a day, whichever day AWS starts with, and one has another.
    assert!(eligible > count * DAYS, "{answers}: {eligible} snapshots");
    Ok(())
}

const MULTI_AZ: &str = "wide";

/// Takes a manual snapshot with a tag of its own, so that it does not have the lifecycle of its database.
async fn take_tagged(fixture: &Fixture, database: &DatabaseArn) -> anyhow::Result<()> {
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    let call = rds.create_db_snapshot().db_instance_identifier(database.id()).db_snapshot_identifier("release");
    call.tags(Tag::builder().key("why").value("release").build()).send().await?;
    Ok(())
}

/// Revokes the grants on the key of the first copy in DR while it is in progress.
async fn revoke_grants_of_a_copy(fixture: &Fixture) -> anyhow::Result<()> {
    let kms = aws_sdk_kms::Client::new(&fixture.owner_config(DR));
    for _ in 0..120 {
        fixture.rehearsal.world().sleep(MINUTE).await;
        let copies = fixture.snapshots(DR).await?;
        let Some(copy) = copies.into_iter().find(|copy| copy.status != Status::Available) else { continue };
        let key = copy.key.as_ref().map(ToString::to_string);
        let grants = kms.list_grants().set_key_id(key.clone()).send().await?;
        let grants = grants.grants();
        assert!(!grants.is_empty(), "no grant on {key:?}");
        for grant in grants {
            kms.revoke_grant().set_key_id(key.clone()).set_grant_id(grant.grant_id.clone()).send().await?;
        }
        return Ok(());
    }
    anyhow::bail!("no copy was in progress within two hours")
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
