//! A database is renamed. No text of AWS's tells whether its earlier snapshots then state the new identifier, so nothing may depend on it.

use std::time::Duration;

use aws_sdk_rds::Client;
use protocol::{DatabaseArn, Kind};
use rehearsal::{Database, Setup, Totals};
use sim::Settings;
use sim::fault::{Action, EVERY, Fault, Plan, Point};
use sim::journal::{DeliveryOutcome, Event};
use sim::questions::RenamedSnapshots;
use tests::{DR, DR_REGION, Fixture, MINUTE, REGION, SECOND_REGION, SOURCE, sample, settings_where};

/// Both answers, with one region and with two more.
fn worlds() -> anyhow::Result<Vec<(Settings, Setup)>> {
    let mut worlds = Vec::new();
    for answer in RenamedSnapshots::ALL {
        let settings = settings_where(|answers| answers.renamed_snapshots = *answer);
        let setup = Setup::new(SOURCE, DR, REGION)?;
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
    Database { kind, backup_window: "23:00-23:30".to_owned(), retention_days: 7, ..Database::instance("orders") }
}

/// Every snapshot has a copy, each was copied once, no transit copy is left, and nothing was an error.
fn assert_calm(fixture: &Fixture, kind: Kind) {
    let world = fixture.rehearsal.world();
    let answers = world.settings().answers;
    let lines = fixture.rehearsal.logs().lines();
    let errors: Vec<_> = lines.iter().filter(|line| line.text("level") == "ERROR").map(|line| &line.json).collect();
    assert!(errors.is_empty(), "{answers}: {errors:#?}");
    let totals = Totals::of(&fixture.rehearsal, &fixture.ledger);
    assert_eq!((totals.copied, totals.transit_left), (totals.snapshots, 0), "{answers}");
    let operation = match kind {
        Kind::Instance => "CopyDBSnapshot",
        Kind::Cluster => "CopyDBClusterSnapshot",
    };
    let is_copy = |event: &Event| matches!(event, Event::Call { operation: called, error: None, role: Some(_), .. } if called == operation);
    let copies = world.journal(|journal| journal.entries().iter().filter(|entry| is_copy(&entry.event)).count());
    let ways = if fixture.rehearsal.setup().second().is_some() { 3 } else { 2 };
    assert_eq!(copies, ways * fixture.ledger.sources.len(), "{answers}: each snapshot is copied once");
    assert_eq!(fixture.violations(), [], "{answers}");
}

// Invariant 1.
// Invariant 4.
#[tokio::test(start_paused = true)]
async fn the_copies_of_a_renamed_database_are_not_missing() -> anyhow::Result<()> {
    for (settings, setup) in worlds()? {
        let setup = setup.consumer_parameter("Lifecycles", r#"{"Month": {"within": "30d"}}"#);
        for kind in Kind::ALL {
            let mut fixture = Fixture::with(settings.clone(), setup.clone()).await?;
            let orders = fixture.create_database(&database(kind).lifecycle("Month")).await?;
            fixture.rehearsal.world().sleep(10 * MINUTE).await;
            fixture.rehearsal.take_snapshot(&orders, "before").await?;
            fixture.pass_hours(5).await?;
            let renamed = rename(&fixture, kind, "orders-2").await?;
            fixture.rehearsal.take_snapshot(&renamed, "after").await?;
            // Over an audit.
            fixture.pass_hours(26).await?;
            let copies = fixture.snapshots(DR).await?;
            assert!(copies.iter().any(|copy| &*copy.database == "orders-2"), "{copies:#?}");
            assert!(fixture.ledger.sources.len() >= 3, "{}", fixture.ledger.sources.len());
            assert_calm(&fixture, kind);
        }
    }
    Ok(())
}

/// The copies under the former name tell what the lifecycle has let go.
// Invariant 1.
// Invariant 7.
#[tokio::test(start_paused = true)]
async fn an_expired_copy_of_a_renamed_database_is_not_missing() -> anyhow::Result<()> {
    for (settings, setup) in worlds()?.into_iter().filter(|(_, setup)| setup.second().is_none()) {
        for kind in Kind::ALL {
            let setup = setup.clone().consumer_parameter("NoDryRun", "true");
            let setup = setup.consumer_parameter("Lifecycles", r#"{"Hour": {"within": "1h"}}"#);
            let mut fixture =
                Fixture::with(settings.clone(), setup.consumer_parameter("Floor", r#"{"last": 1}"#)).await?;
            fixture.create_database(&database(kind).lifecycle("Hour")).await?;
            // The next audit comes before the next snapshot.
            fixture.pass_hours(3 * 24 - 1).await?;
            assert!(fixture.snapshots(DR).await?.len() < fixture.ledger.sources.len(), "copies have expired");
            rename(&fixture, kind, "orders-2").await?;
            fixture.pass_hours(26).await?;
            assert_calm(&fixture, kind);
        }
    }
    Ok(())
}

/// The rename comes between any two steps, and what the functions send each other at that time is lost.
// Invariant 1.
// Invariant 4.
#[tokio::test(start_paused = true)]
async fn a_rename_between_two_steps_loses_nothing() -> anyhow::Result<()> {
    // The snapshot, its transit copy and its copy take ten minutes each.
    let moments = [5, 15, 25].into_iter().flat_map(|minutes| {
        ["DracoProducer".to_owned(), format!("DracoConsumer-{SOURCE}")].map(|topic| (minutes * MINUTE, topic))
    });
    let moments: Vec<_> = moments.flat_map(|moment| Kind::ALL.map(|kind| (moment.clone(), kind))).collect();
    let worlds = worlds()?;
    let cases = worlds.iter().flat_map(|world| moments.iter().map(move |moment| (world, moment)));
    let mut lost = 0;
    for ((settings, setup), ((begin, topic), kind)) in sample(cases) {
        let mut fixture = Fixture::with(settings.clone(), setup.clone()).await?;
        let orders = fixture.create_database(&database(*kind).lifecycle("Standard")).await?;
        let world = fixture.rehearsal.world().clone();
        world.sleep(10 * MINUTE).await;
        fixture.rehearsal.take_snapshot(&orders, "mine").await?;
        world.sleep(*begin).await;
        let fault = Fault { at: Point::Delivery(topic.clone()), nth: EVERY, action: Action::Lose };
        world.plan_faults(Plan::List(vec![fault]));
        rename(&fixture, *kind, "orders-2").await?;
        world.plan_faults(Plan::NoFaults);
        lost += world.journal(|journal| journal.entries().iter().filter(|it| is_lost(&it.event)).count());
        fixture.pass_hours(5).await?;
        assert_calm(&fixture, *kind);
    }
    assert!(lost > 0);
    println!("{lost} deliveries were lost");
    Ok(())
}

/// DR has the copy under the former name, and its message about it was lost. So the snapshot is announced again under the new name, which
/// needs no second place among the databases of its account, and no second key.
// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_copy_under_the_former_name_is_found_before_limits_and_keys() -> anyhow::Result<()> {
    for (settings, setup) in worlds()?.into_iter().filter(|(_, setup)| setup.second().is_none()) {
        let setup = setup.consumer_parameter("MaxDatabases", "1").consumer_parameter("KeyPerDatabase", "true");
        for kind in Kind::ALL {
            let mut fixture = Fixture::with(settings.clone(), setup.clone()).await?;
            let orders = fixture.create_database(&database(kind).lifecycle("Standard")).await?;
            let world = fixture.rehearsal.world().clone();
            world.sleep(10 * MINUTE).await;
            fixture.rehearsal.take_snapshot(&orders, "mine").await?;
            world.sleep(25 * MINUTE).await;
            let fault = Fault { at: Point::Delivery("DracoProducer".to_owned()), nth: EVERY, action: Action::Lose };
            world.plan_faults(Plan::List(vec![fault]));
            rename(&fixture, kind, "orders-2").await?;
            world.plan_faults(Plan::NoFaults);
            assert!(world.journal(|journal| journal.entries().iter().any(|it| is_lost(&it.event))));
            fixture.pass_hours(5).await?;
            assert_calm(&fixture, kind);
            // The one that is a resource of the stack is created without a role.
            let is_key = |event: &Event| matches!(event, Event::Call { operation, role: Some(_), .. } if operation == "CreateKey");
            let keys = world.journal(|journal| journal.entries().iter().filter(|it| is_key(&it.event)).count());
            assert_eq!(keys, 1, "{}", world.settings().answers);
        }
    }
    Ok(())
}

fn is_lost(event: &Event) -> bool {
    matches!(event, Event::Delivery { outcome, .. } if *outcome != DeliveryOutcome::Delivered)
}

/// A snapshot waits in DR until AWS starts more copies. Its account announces it again under the new name.
// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_snapshot_that_waits_while_its_database_is_renamed_is_no_forgery() -> anyhow::Result<()> {
    for (settings, setup) in worlds()?.into_iter().filter(|(_, setup)| setup.second().is_some()) {
        let mut fixture = Fixture::with(Settings { copy_quota: 1, cluster_copy_quota: 1, ..settings }, setup).await?;
        let orders = fixture.create_database(&database(Kind::Instance).lifecycle("Standard")).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        for nth in 0..4 {
            fixture.rehearsal.take_snapshot(&orders, &format!("s-{nth}")).await?;
            fixture.rehearsal.world().sleep(2 * MINUTE).await;
        }
        fixture.rehearsal.world().sleep(Duration::from_secs(15 * 60)).await;
        rename(&fixture, Kind::Instance, "orders-2").await?;
        fixture.pass_hours(10).await?;
        assert_calm(&fixture, Kind::Instance);
    }
    Ok(())
}
