//! Invariant 8: triggers may arrive never, once or many times, in any order and at the same time; the final state is the same.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::{Kind, Status, Tags, tags};
use rehearsal::{Database, Encryption, Setup, Totals};
use serde_json::json;
use sim::fault::{self, Action, Fault, Plan, Point};
use sim::journal::Event;
use sim::questions::{BackupDuringCopy, ThrottledEvents};
use tests::{DR, DR_REGION, Fixture, HOUR, MINUTE, REGION, SECOND_REGION, SOURCE, settings, settings_where};

/// The snapshots of all accounts and regions with status and tags, without the times in the tags.
type FinalState = BTreeMap<String, (Status, Tags)>;

#[tokio::test(start_paused = true)]
async fn any_delivery_can_be_lost_duplicated_or_late() -> anyhow::Result<()> {
    each_fault_at_each_delivery(&setup()?, 2).await
}

/// DR in another region, with a second region.
#[tokio::test(start_paused = true)]
async fn any_delivery_between_regions_can_be_lost_duplicated_or_late() -> anyhow::Result<()> {
    each_fault_at_each_delivery(&between_regions()?, 3).await
}

fn setup() -> anyhow::Result<Setup> {
    Setup::new(SOURCE, DR, REGION)
}

fn between_regions() -> anyhow::Result<Setup> {
    setup()?.dr_region(DR_REGION)?.second_region(SECOND_REGION)
}

async fn each_fault_at_each_delivery(setup: &Setup, snapshots: usize) -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let without_faults = one_snapshot(kind, setup, Plan::NoFaults).await?;
        let (expected, deliveries) = (final_state(&without_faults).await?, deliveries(&without_faults));
        assert_eq!(expected.len(), snapshots, "{expected:#?}");
        for (topic, count) in deliveries {
            for (nth, action) in (1..=count)
                .flat_map(|nth| [Action::Lose, Action::Duplicate, Action::Delay(2 * HOUR)].map(|action| (nth, action)))
            {
                let fault = Fault { at: Point::Delivery(topic.clone()), nth, action };
                let fixture = one_snapshot(kind, setup, Plan::List(vec![fault.clone()])).await?;
                assert_eq!(fixture.violations(), [], "{fault:?}");
                assert_eq!(final_state(&fixture).await?, expected, "{fault:?}");
            }
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn without_notifications_of_rds_the_sweep_copies_snapshots() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let expected = final_state(&one_snapshot(kind, &setup()?, Plan::NoFaults).await?).await?;
        let mut fixture = Fixture::new().await?;
        for (account, function) in [(SOURCE, "draco-producer"), (DR, "draco-consumer")] {
            let rds = aws_sdk_rds::Client::new(&fixture.owner_config(account));
            for of in ["db-snapshot", "db-cluster-snapshot"] {
                rds.delete_event_subscription().subscription_name(format!("{function}-{of}")).send().await?;
            }
        }
        take_one(&mut fixture, kind, Plan::NoFaults).await?;
        assert_eq!(fixture.violations(), []);
        assert_eq!(final_state(&fixture).await?, expected);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn snapshots_are_copied_after_an_outage_of_deliveries_or_functions() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let expected = final_state(&one_snapshot(kind, &setup()?, Plan::NoFaults).await?).await?;
        for lost in [fault::PointKind::Delivery, fault::PointKind::Invocation] {
            let plan = Plan::Rates { seed: 0, per_mille: vec![(lost, Action::Lose, 1000)] };
            let mut fixture = one_snapshot(kind, &setup()?, plan).await?;
            fixture.rehearsal.world().plan_faults(Plan::NoFaults);
            fixture.pass_hours(4).await?;
            assert_eq!(fixture.violations(), [], "{kind:?} {lost:?}");
            assert_eq!(final_state(&fixture).await?, expected, "{kind:?} {lost:?}");
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn concurrent_functions_create_no_duplicates() -> anyhow::Result<()> {
    for (kind, keys) in [(Kind::Instance, "false"), (Kind::Cluster, "false"), (Kind::Instance, "true")] {
        let setup = || anyhow::Ok(Setup::new(SOURCE, DR, REGION)?.consumer_parameter("KeyPerDatabase", keys));
        let mut without_faults = Fixture::with(settings(), setup()?).await?;
        take_one(&mut without_faults, kind, Plan::NoFaults).await?;

        let mut fixture = Fixture::with(settings(), setup()?).await?;
        let world = fixture.rehearsal.world().clone();
        let sweeps = [(SOURCE, "draco-producer"), (DR, "draco-consumer")]
            .map(|(account, name)| fixture.function_arn(account, name));
        // Every message is delivered twice, too.
        let plan = Plan::Rates { seed: 0, per_mille: vec![(fault::PointKind::Delivery, Action::Duplicate, 1000)] };
        let invocations = async {
            for _ in 0..60 {
                world.sleep(MINUTE).await;
                for function in sweeps.iter().flat_map(|function| [function; 4]) {
                    world.invoke_function(function, json!({ "sweep": {} }));
                }
            }
        };
        let (taken, ()) = tokio::join!(take_one(&mut fixture, kind, plan), invocations);
        taken?;
        assert_eq!(fixture.violations(), []);
        assert_eq!(final_state(&fixture).await?, final_state(&without_faults).await?);
        assert_eq!(duplicates(&fixture), [""; 0]);
        if keys == "true" {
            assert_eq!(fixture.keys_in_use().await?, 1);
        }
    }
    Ok(())
}

/// Two days with random faults of every kind in three or four percent of all calls, deliveries and invocations, and one
/// day without faults.
/// All databases have the same backup window, and the producer runs one event at a time. If Lambda retries throttled events at the same
/// moments, it gives up some of them after six hours.
// Invariants 1, 4 and 8.
#[tokio::test(start_paused = true)]
async fn events_that_are_given_up_after_hours_of_throttling_cost_no_copy() -> anyhow::Result<()> {
    const DATABASES: usize = 90;
    for answer in ThrottledEvents::ALL {
        let settings = settings_where(|answers| answers.throttled_events = *answer);
        let mut fixture = Fixture::with(settings, setup()?.producer_parameter("Concurrency", "1")).await?;
        for nth in 0..DATABASES {
            let window = "05:00-05:30".to_owned();
            let database = Database { backup_window: window, gib: 20, ..Database::instance(&format!("db-{nth}")) };
            fixture.create_database(&database.lifecycle("Standard")).await?;
        }
        fixture.pass_hours(14).await?;
        assert_eq!(fixture.violations(), [], "{answer:?}");
        let Totals { eligible, copied, lost, transit_left, .. } = Totals::of(&fixture.rehearsal, &fixture.ledger);
        assert_eq!((eligible, copied, lost, transit_left), (DATABASES, DATABASES, 0, 0), "{answer:?}");
        let given_up = fixture.rehearsal.world().journal(|journal| {
            journal.entries().iter().filter(|entry| matches!(entry.event, Event::DeadLetter { .. })).count()
        });
        assert_eq!(given_up > 0, *answer == ThrottledEvents::Together, "{answer:?}: {given_up}");
    }
    Ok(())
}

async fn random_faults(setup: &Setup, seeds: std::ops::Range<u64>) -> anyhow::Result<()> {
    let expected = final_state(&fleet(setup, None).await?).await?;
    for seed in seeds {
        let fixture = fleet(setup, Some(seed)).await?;
        assert_eq!(fixture.violations(), [], "seed {seed}");
        let state = final_state(&fixture).await?;
        let differences: Vec<_> = expected
            .iter()
            .filter(|(name, it)| state.get(*name) != Some(it))
            .map(|(name, it)| (name, it, state.get(name)))
            .chain(state.iter().filter(|(name, _)| !expected.contains_key(*name)).map(|(name, it)| (name, it, None)))
            .collect();
        assert!(differences.is_empty(), "seed {seed}: {differences:#?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn random_faults_do_not_change_the_final_state() -> anyhow::Result<()> {
    random_faults(&setup()?, 0..3).await
}

#[tokio::test(start_paused = true)]
async fn other_random_faults_do_not_change_the_final_state() -> anyhow::Result<()> {
    random_faults(&setup()?, 3..6).await
}

#[tokio::test(start_paused = true)]
async fn random_faults_between_regions_do_not_change_the_final_state() -> anyhow::Result<()> {
    random_faults(&between_regions()?.second_parameter("AllowPlaintextClusters", "true"), 6..8).await
}

async fn fleet(setup: &Setup, seed: Option<u64>) -> anyhow::Result<Fixture> {
    let setup = setup.clone().consumer_parameter("AllowPlaintextClusters", "true");
    // Faults move copies to other times. If copies postponed backups, the names of automated snapshots would differ.
    let settings = settings_where(|answers| answers.backup_during_copy = BackupDuringCopy::Taken);
    let mut fixture = Fixture::with(settings, setup).await?;
    for database in databases() {
        fixture.create_database(&database).await?;
    }
    let world = fixture.rehearsal.world().clone();
    world.sleep(10 * MINUTE).await;
    fixture.rehearsal.take_snapshot(&fixture.database(Kind::Instance, "orders")?, "before-migration").await?;
    fixture.rehearsal.take_snapshot(&fixture.database(Kind::Cluster, "ledger")?, "before-migration").await?;
    if let Some(seed) = seed {
        world.plan_faults(Plan::Rates { seed, per_mille: rates() });
    }
    world.sleep(2 * 24 * HOUR).await;
    world.plan_faults(Plan::NoFaults);
    world.sleep(23 * HOUR + 20 * MINUTE).await;
    fixture.ledger.observe(&fixture.rehearsal).await?;
    Ok(fixture)
}

fn rates() -> Vec<(fault::PointKind, Action, u32)> {
    use fault::PointKind::{Call, Delivery, Invocation};
    let late = Duration::from_secs(3 * 60 * 60);
    vec![
        (Call, Action::FailBefore, 20),
        (Call, Action::FailAfter, 20),
        (Call, Action::Throttle, 20),
        (Call, Action::Crash, 20),
        (Call, Action::Delay(MINUTE / 2), 20),
        (Delivery, Action::Lose, 50),
        (Delivery, Action::Duplicate, 50),
        (Delivery, Action::Delay(late), 50),
        (Invocation, Action::Lose, 30),
        (Invocation, Action::Crash, 30),
        (Invocation, Action::FailAfter, 30),
        (Invocation, Action::Duplicate, 30),
        (Invocation, Action::Throttle, 30),
        (Invocation, Action::Delay(late), 30),
    ]
}

/// Twelve databases of every kind.
fn databases() -> Vec<Database> {
    use Encryption::{CustomerKey, DefaultKey, None};
    let mut all: Vec<_> = [("orders", DefaultKey), ("customers", CustomerKey), ("plain", None)]
        .into_iter()
        .flat_map(|(name, encryption)| {
            [Database::instance(name), Database::instance(&format!("{name}-2"))]
                .map(|it| it.encryption(encryption).lifecycle("Standard"))
        })
        .collect();
    let long_name = format!("a-cluster-with-a-very-{}-name", "long-".repeat(6).trim_end_matches('-'));
    all.extend(
        [("ledger", DefaultKey), ("vault", CustomerKey), ("open", None), (&long_name, DefaultKey)]
            .map(|(name, encryption)| Database::cluster(name).encryption(encryption).lifecycle("Standard")),
    );
    all.push(Database::instance("scratch").lifecycle("Ignore"));
    all.push(Database::cluster("no-lifecycle"));
    all
}

/// Takes one snapshot and lets five hours pass.
async fn one_snapshot(kind: Kind, setup: &Setup, plan: Plan) -> anyhow::Result<Fixture> {
    let mut fixture = Fixture::with(settings(), setup.clone()).await?;
    take_one(&mut fixture, kind, plan).await?;
    Ok(fixture)
}

async fn take_one(fixture: &mut Fixture, kind: Kind, plan: Plan) -> anyhow::Result<()> {
    let database = Database { kind, backup_window: "23:00-23:30".to_owned(), ..Database::instance("orders") };
    let database = fixture.create_database(&database.lifecycle("Standard")).await?;
    // Always at the same time, because it is part of the copies' names.
    let world = fixture.rehearsal.world().clone();
    let time = world.settings().epoch + 15 * MINUTE;
    world.sleep((time - world.now()).to_std()?).await;
    world.plan_faults(plan);
    fixture.rehearsal.take_snapshot(&database, "before-migration").await?;
    fixture.pass_hours(5).await
}

/// The number of deliveries of each topic after the request for the snapshot.
fn deliveries(fixture: &Fixture) -> BTreeMap<String, u32> {
    fixture.rehearsal.world().journal(|journal| {
        let since = journal.entries().iter().skip_while(|entry| {
            !matches!(&entry.event, Event::Call { operation, .. } if ["CreateDBSnapshot", "CreateDBClusterSnapshot"].contains(&operation.as_str()))
        });
        let mut all = BTreeMap::new();
        for entry in since {
            if let Event::Delivery { topic, .. } = &entry.event {
                *all.entry(topic.rsplit(':').next().unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
        all
    })
}

async fn final_state(fixture: &Fixture) -> anyhow::Result<FinalState> {
    let mut state = FinalState::new();
    for snapshot in fixture.all_snapshots().await? {
        let without_time = |key: &str, value: &str| match key {
            tags::REPORTED | tags::TRANSIT_CREATED | tags::STARTED => (key.to_owned(), "a time".to_owned()),
            // AWS chooses some settings at random.
            _ if tags::SPEC.contains(&key) => (key.to_owned(), "a spec".to_owned()),
            _ => (key.to_owned(), value.to_owned()),
        };
        state.insert(
            snapshot.arn.to_string(),
            (snapshot.status, snapshot.tags.iter().map(|(key, value)| without_time(key, value)).collect()),
        );
    }
    Ok(state)
}

/// The copies that were created more than once.
fn duplicates(fixture: &Fixture) -> Vec<String> {
    let mut created = BTreeMap::<String, u32>::new();
    fixture.rehearsal.world().journal(|journal| {
        for entry in journal.entries() {
            if let Event::Call { operation, resource: Some(resource), error: None, .. } = &entry.event
                && operation.starts_with("CopyDB")
            {
                *created.entry(resource.clone()).or_default() += 1;
            }
        }
    });
    created.into_iter().filter(|(_, times)| *times > 1).map(|(name, times)| format!("{name}: {times} times")).collect()
}
