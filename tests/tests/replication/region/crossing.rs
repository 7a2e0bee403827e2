//! What cannot cross to another region is reported once, with the reason.

use protocol::{Kind, RefusalReason, tags};
use rehearsal::{Database, Encryption, Setup};
use tests::{DR, DR_REGION, Fixture, MINUTE, REGION, SOURCE, settings};

use super::Shape;

/// The lines that say why a snapshot has no copy: the step and the reason.
fn reports(fixture: &Fixture) -> Vec<(String, String)> {
    let lines = fixture.rehearsal.logs().lines();
    let failed = lines.iter().filter(|line| line.json["failed"] == 1);
    let mut reports: Vec<_> =
        failed.map(|line| (line.text("step").to_owned(), line.text("reason").to_owned())).collect();
    reports.sort();
    reports
}

/// The source account reports what DR refuses, once.
fn by(steps: &[&str], reason: RefusalReason) -> Vec<(String, String)> {
    steps.iter().map(|step| ((*step).to_owned(), reason.to_string())).collect()
}

/// An Oracle instance with an option that binds its snapshots, and one manual snapshot with a lifecycle.
async fn bound(option: &str) -> anyhow::Result<Fixture> {
    let mut fixture = Fixture::with(settings(), Shape::Both.setup()?).await?;
    let world = fixture.rehearsal.world().clone();
    world.add_option_group(SOURCE, REGION, "own", "oracle-ee", &[option]);
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    let lifecycle = aws_sdk_rds::types::Tag::builder().key(tags::LIFECYCLE).value("Standard").build();
    let create = rds.create_db_instance().db_instance_identifier("orders").db_instance_class("db.m5.large");
    let create = create.engine("oracle-ee").license_model("bring-your-own-license").allocated_storage(100);
    let create = create.master_username("owner").master_user_password("correct-horse").option_group_name("own");
    create.backup_retention_period(0).send().await?;
    world.sleep(10 * MINUTE).await;
    let take = rds.create_db_snapshot().db_instance_identifier("orders").db_snapshot_identifier("mine");
    take.tags(lifecycle).send().await?;
    fixture.pass_hours(3 * 24).await?;
    Ok(fixture)
}

// Invariants 1 and 4.
#[tokio::test(start_paused = true)]
async fn a_snapshot_that_its_option_group_binds_is_reported_once() -> anyhow::Result<()> {
    // AWS does not share the first kind, and does not copy the other without an option group in the other account.
    let cases = [
        ("TDE", by(&["not_copied"], RefusalReason::CannotBeShared)),
        ("Timezone", by(&["not_copied", "refused"], RefusalReason::CannotBeCopied)),
    ];
    for (option, expected) in cases {
        let fixture = bound(option).await?;
        assert_eq!(reports(&fixture), expected, "{option}");
        assert_eq!(fixture.violations(), [], "{option}");
        assert_eq!(fixture.snapshots(DR).await?, [], "{option}");
    }
    Ok(())
}

// Invariants 1 and 2.
#[tokio::test(start_paused = true)]
async fn an_unencrypted_cluster_does_not_cross_unless_it_is_allowed_to() -> anyhow::Result<()> {
    for shape in Shape::ALL {
        let mut fixture = Fixture::with(settings(), shape.setup()?).await?;
        let plain = Database::cluster("plain").encryption(Encryption::None);
        fixture.create_database(&plain.lifecycle("Standard")).await?;
        fixture.pass_hours(6).await?;
        assert_eq!(reports(&fixture), by(&["not_copied", "refused"], RefusalReason::PlaintextCluster), "{shape:?}");
        assert_eq!(fixture.violations(), []);
    }
    let setup = Shape::Both.setup()?.consumer_parameter("AllowPlaintextClusters", "true");
    for (allowed, copies) in [("true", 1), ("false", 0)] {
        let setup = setup.clone().second_parameter("AllowPlaintextClusters", allowed);
        let mut fixture = Fixture::with(settings(), setup).await?;
        let plain = Database::cluster("plain").encryption(Encryption::None);
        fixture.create_database(&plain.lifecycle("Standard")).await?;
        fixture.pass_hours(6).await?;
        assert_eq!((fixture.snapshots(DR).await?.len(), fixture.second_copies().await?.len()), (1, copies));
        let refused: &[&str] = if copies == 0 { &["refused"] } else { &[] };
        assert_eq!(reports(&fixture), by(refused, RefusalReason::PlaintextCluster), "allowed: {allowed}");
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_region_that_the_source_account_has_not_enabled_is_reported() -> anyhow::Result<()> {
    let mut fixture = Fixture::with(settings(), Setup::new(SOURCE, DR, REGION)?.dr_region(DR_REGION)?).await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.rehearsal.world().disable_region(SOURCE, DR_REGION);
    fixture.pass_hours(24).await?;
    // An alarm names the snapshot and what to do: the source account may not publish there.
    assert_eq!(fixture.violations(), []);
    let next = "has probably not enabled eu-central-1, where DR's copies are: if `aws account get-region-opt-status --region-name \
                eu-central-1` reports DISABLED, run `aws account enable-region --region-name eu-central-1` in account 111111111111";
    let lines = fixture.rehearsal.logs().lines();
    let failed: Vec<_> = lines.iter().filter(|line| line.json["failed"] == 1).collect();
    assert!(!failed.is_empty());
    for line in failed {
        assert_eq!((line.text("step"), line.text("reason")), ("dr_region_disabled", "InvalidClientTokenId"));
        assert!(line.text("message").contains(next), "{:?}", line.json);
    }
    // A retry could not help, so no event fails or becomes a dead letter.
    assert!(lines.iter().all(|line| line.text("step") != "event_failed"));
    assert_eq!(fixture.snapshots(DR).await?, []);
    fixture.rehearsal.world().enable_region(SOURCE, DR_REGION);
    fixture.pass_hours(4).await?;
    assert_eq!(fixture.snapshots(DR).await?.len(), 2);
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn engines_that_share_rds_s_api_cross_or_are_reported() -> anyhow::Result<()> {
    for engine in ["aurora-mysql", "docdb", "neptune"] {
        let mut fixture = Fixture::with(settings(), Shape::Both.setup()?).await?;
        let database = Database { kind: Kind::Cluster, ..Database::cluster("graph").engine(engine) };
        fixture.create_database(&database.lifecycle("Standard")).await?;
        fixture.pass_hours(30).await?;
        assert_eq!(fixture.violations(), [], "{engine}");
        // A refusal is reported by DR and by the source account.
        let (reports, copies) = (reports(&fixture).len(), fixture.snapshots(DR).await?.len());
        let refused = fixture.ledger.sources.len() - copies;
        assert_eq!((reports, fixture.second_copies().await?.len()), (2 * refused, copies), "{engine}");
    }
    Ok(())
}

/// Each copy takes longer than a day, and the source expires meanwhile.
// Invariants 1 and 4.
#[tokio::test(start_paused = true)]
async fn the_transit_copy_stays_until_a_slow_copy_is_complete() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let slow = sim::Settings { copy_gib_per_minute: 1, cluster_gib: 1800, ..settings() };
        let mut fixture = Fixture::with(slow, Shape::Both.setup()?).await?;
        let database = Database { kind, gib: 1800, retention_days: 1, ..Database::instance("orders") };
        let database = fixture.create_database(&database.lifecycle("Standard")).await?;
        fixture.pass_hours(34).await?;
        // No further snapshots.
        let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
        match kind {
            Kind::Instance => drop(
                rds.delete_db_instance().db_instance_identifier(database.id()).skip_final_snapshot(true).send().await?,
            ),
            Kind::Cluster => drop(
                rds.delete_db_cluster().db_cluster_identifier(database.id()).skip_final_snapshot(true).send().await?,
            ),
        }
        fixture.pass_hours(24 * 8).await?;
        assert_eq!(reports(&fixture), [], "{kind:?}");
        assert_eq!(fixture.violations(), [], "{kind:?}");
        let setup = fixture.rehearsal.setup();
        let places = [Some(setup.dr()), setup.second()];
        for source in fixture.ledger.sources.values() {
            for place in places.iter().flatten() {
                assert!(fixture.ledger.copy_of(source, place).is_some(), "{} in {place:?}", source.snapshot.arn);
            }
        }
        assert_eq!(fixture.ledger.transits.len(), 0);
    }
    Ok(())
}
