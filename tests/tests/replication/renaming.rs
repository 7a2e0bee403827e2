//! A database is renamed. No text of AWS's tells whether its earlier snapshots then state the new identifier, so nothing may depend on it.

use aws_sdk_rds::Client;
use protocol::{DatabaseArn, Kind};
use rehearsal::{Database, Setup, Totals};
use sim::Settings;
use sim::fault::{Action, EVERY, Fault, Plan, Point};
use sim::questions::RenamedSnapshots;
use tests::{DR, DR_REGION, Fixture, HOUR, MINUTE, REGION, SECOND_REGION, SOURCE, settings_where};

use crate::transits::lines;

/// Both answers, with one region and with two more.
fn worlds() -> anyhow::Result<Vec<(Settings, Setup)>> {
    let mut worlds = Vec::new();
    for answer in RenamedSnapshots::ALL {
        let settings = settings_where(|answers| answers.renamed_snapshots = *answer);
        // No copy expires during the test.
        let setup = Setup::new(SOURCE, DR, REGION)?.consumer_parameter("Lifecycles", r#"{"Month": {"within": "30d"}}"#);
        let elsewhere = setup.clone().dr_region(DR_REGION)?.second_region(SECOND_REGION)?;
        worlds.extend([(settings.clone(), setup), (settings, elsewhere)]);
    }
    Ok(worlds)
}

/// Renames the database `orders`, and waits until it has its new name.
async fn rename(fixture: &Fixture, kind: Kind, to: &str) -> anyhow::Result<DatabaseArn> {
    let rds = Client::new(&fixture.owner_config(SOURCE));
    match kind {
        Kind::Instance => {
            let rename = rds.modify_db_instance().db_instance_identifier("orders").new_db_instance_identifier(to);
            rename.apply_immediately(true).send().await?;
        }
        Kind::Cluster => {
            let rename = rds.modify_db_cluster().db_cluster_identifier("orders").new_db_cluster_identifier(to);
            rename.apply_immediately(true).send().await?;
        }
    }
    fixture.rehearsal.world().sleep(20 * MINUTE).await;
    Ok(DatabaseArn::new(kind, fixture.source(), to)?)
}

fn database(kind: Kind) -> Database {
    let database =
        Database { kind, backup_window: "23:00-23:30".to_owned(), retention_days: 7, ..Database::instance("orders") };
    database.lifecycle("Month")
}

/// Each snapshot has one copy in DR, no transit copy is left, and nothing was an alarm or was copied again.
async fn assert_calm(fixture: &Fixture, snapshots: usize) -> anyhow::Result<()> {
    let world = fixture.rehearsal.world().settings().answers;
    let failed: Vec<_> = fixture
        .rehearsal
        .logs()
        .lines()
        .into_iter()
        .filter(|line| line.json["failed"] == 1)
        .map(|line| line.json)
        .collect();
    assert_eq!(failed, [serde_json::Value::Null; 0], "{world}");
    assert_eq!(fixture.snapshots(DR).await?.len(), snapshots, "{world}");
    let totals = Totals::of(&fixture.rehearsal, &fixture.ledger);
    assert_eq!((totals.copied, totals.transit_left), (snapshots, 0), "{world}");
    assert_eq!(fixture.violations(), [], "{world}");
    Ok(())
}

// Invariant 1.
// Invariant 4.
#[tokio::test(start_paused = true)]
async fn the_copies_of_a_renamed_database_are_not_missing() -> anyhow::Result<()> {
    for (settings, setup) in worlds()? {
        for kind in Kind::ALL {
            let mut fixture = Fixture::with(settings.clone(), setup.clone()).await?;
            let orders = fixture.create_database(&database(kind)).await?;
            fixture.rehearsal.world().sleep(10 * MINUTE).await;
            fixture.rehearsal.take_snapshot(&orders, "before").await?;
            fixture.pass_hours(5).await?;
            let before = fixture.snapshots(DR).await?.len();
            let renamed = rename(&fixture, kind, "orders-2").await?;
            fixture.rehearsal.take_snapshot(&renamed, "after").await?;
            // Over two audits.
            fixture.pass_hours(49).await?;
            let copies = fixture.snapshots(DR).await?;
            assert!(copies.iter().any(|copy| &*copy.database == "orders-2"), "{copies:#?}");
            let taken = fixture.ledger.sources.len();
            assert!(taken >= before + 3, "{taken} snapshots");
            assert_calm(&fixture, taken).await?;
        }
    }
    Ok(())
}

/// The rename comes between any two steps: before the transit copy is announced, and before the reply arrives.
// Invariant 1.
// Invariant 4.
#[tokio::test(start_paused = true)]
async fn a_rename_between_two_steps_loses_nothing() -> anyhow::Result<()> {
    for (settings, setup) in worlds()? {
        for kind in Kind::ALL {
            for lost in ["DracoProducer", "DracoConsumer"] {
                let mut fixture = Fixture::with(settings.clone(), setup.clone()).await?;
                let orders = fixture.create_database(&database(kind)).await?;
                fixture.rehearsal.world().sleep(10 * MINUTE).await;
                fixture.rehearsal.take_snapshot(&orders, "mine").await?;
                // The transit copy is started.
                fixture.rehearsal.world().sleep(MINUTE).await;
                let lost = Fault { at: Point::Delivery(lost.to_owned()), nth: EVERY, action: Action::Lose };
                fixture.rehearsal.world().plan_faults(Plan::List(vec![lost]));
                fixture.rehearsal.world().sleep(HOUR / 2).await;
                rename(&fixture, kind, "orders-2").await?;
                fixture.rehearsal.world().plan_faults(Plan::NoFaults);
                fixture.pass_hours(8).await?;
                let taken = fixture.ledger.sources.len();
                assert_calm(&fixture, taken).await?;
            }
        }
    }
    Ok(())
}
