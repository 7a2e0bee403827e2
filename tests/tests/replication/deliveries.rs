//! Invariant 8: triggers may come never, once or many times, in any order, at the same time; the end is the same.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::{Kind, Status, Tags, tags};
use rehearsal::{Cast, Database, Encryption};
use serde_json::json;
use sim::fault::{self, Action, Fault, Plan, Point};
use sim::journal::Event;
use tests::{DR, HOUR, MINUTE, REGION, SOURCE, Stage, settings};

/// What is in both accounts, without what depends on when it was done.
type Left = BTreeMap<String, (Status, Tags)>;

#[tokio::test(start_paused = true)]
async fn any_one_delivery_may_be_lost_doubled_or_late() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let undisturbed = one_snapshot(kind, Plan::NoFaults).await?;
        let (expected, deliveries) = (left(&undisturbed).await?, deliveries(&undisturbed));
        assert_eq!(expected.len(), 2, "{expected:#?}");
        for (topic, count) in deliveries {
            for (nth, action) in (1..=count)
                .flat_map(|nth| [Action::Lose, Action::Duplicate, Action::Delay(2 * HOUR)].map(|action| (nth, action)))
            {
                let fault = Fault { at: Point::Delivery(topic.clone()), nth, action };
                let stage = one_snapshot(kind, Plan::List(vec![fault.clone()])).await?;
                assert_eq!(stage.broken(), [], "{fault:?}");
                assert_eq!(left(&stage).await?, expected, "{fault:?}");
            }
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_sweep_alone_does_it_when_every_notification_of_rds_is_lost() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let expected = left(&one_snapshot(kind, Plan::NoFaults).await?).await?;
        let mut stage = Stage::new().await?;
        for (account, function) in [(SOURCE, "draco-producer"), (DR, "draco-consumer")] {
            let rds = aws_sdk_rds::Client::new(&stage.owner(account));
            for of in ["db-snapshot", "db-cluster-snapshot"] {
                rds.delete_event_subscription().subscription_name(format!("{function}-{of}")).send().await?;
            }
        }
        take_one(&mut stage, kind, Plan::NoFaults).await?;
        assert_eq!(stage.broken(), []);
        assert_eq!(left(&stage).await?, expected);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn hours_in_which_nothing_is_delivered_and_no_function_runs_are_caught_up() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let expected = left(&one_snapshot(kind, Plan::NoFaults).await?).await?;
        for lost in [fault::PointKind::Delivery, fault::PointKind::Invocation] {
            let plan = Plan::Rates { seed: 0, per_mille: vec![(lost, Action::Lose, 1000)] };
            let mut stage = one_snapshot(kind, plan).await?;
            stage.rehearsal.world().plan_faults(Plan::NoFaults);
            stage.hours(4).await?;
            assert_eq!(stage.broken(), [], "{kind:?} {lost:?}");
            assert_eq!(left(&stage).await?, expected, "{kind:?} {lost:?}");
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn many_functions_at_the_same_time_make_nothing_twice() -> anyhow::Result<()> {
    for (kind, keys) in [(Kind::Instance, "false"), (Kind::Cluster, "false"), (Kind::Instance, "true")] {
        let cast = || anyhow::Ok(Cast::of(SOURCE, DR, REGION)?.consumer("KeyPerDatabase", keys));
        let mut calm = Stage::with(settings(), cast()?).await?;
        take_one(&mut calm, kind, Plan::NoFaults).await?;

        let mut stage = Stage::with(settings(), cast()?).await?;
        let world = stage.rehearsal.world().clone();
        let sweeps =
            [(SOURCE, "draco-producer"), (DR, "draco-consumer")].map(|(account, name)| stage.function(account, name));
        // Everything is heard twice as well.
        let plan = Plan::Rates { seed: 0, per_mille: vec![(fault::PointKind::Delivery, Action::Duplicate, 1000)] };
        let crowd = async {
            for _ in 0..60 {
                world.sleep(MINUTE).await;
                for function in sweeps.iter().flat_map(|function| [function; 4]) {
                    world.invoke_function(function, json!({ "sweep": {} }));
                }
            }
        };
        let (taken, ()) = tokio::join!(take_one(&mut stage, kind, plan), crowd);
        taken?;
        assert_eq!(stage.broken(), []);
        assert_eq!(left(&stage).await?, left(&calm).await?);
        assert_eq!(made_twice(&stage), [""; 0]);
        if keys == "true" {
            assert_eq!(stage.keys_in_use().await?, 1);
        }
    }
    Ok(())
}

/// Two days on which three or four of a hundred calls, deliveries and invocations go wrong in every way, and a day on which
/// none does.
async fn whatever_goes_wrong(seeds: std::ops::Range<u64>) -> anyhow::Result<()> {
    let expected = left(&fleet(None).await?).await?;
    for seed in seeds {
        let stage = fleet(Some(seed)).await?;
        assert_eq!(stage.broken(), [], "seed {seed}");
        let end = left(&stage).await?;
        let differences: Vec<_> = expected
            .iter()
            .filter(|(name, it)| end.get(*name) != Some(it))
            .map(|(name, it)| (name, it, end.get(name)))
            .chain(end.iter().filter(|(name, _)| !expected.contains_key(*name)).map(|(name, it)| (name, it, None)))
            .collect();
        assert!(differences.is_empty(), "seed {seed}: {differences:#?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_for_days_the_end_is_the_same() -> anyhow::Result<()> {
    whatever_goes_wrong(0..3).await
}

#[tokio::test(start_paused = true)]
async fn whatever_else_goes_wrong_for_days_the_end_is_the_same() -> anyhow::Result<()> {
    whatever_goes_wrong(3..6).await
}

async fn fleet(seed: Option<u64>) -> anyhow::Result<Stage> {
    let cast = Cast::of(SOURCE, DR, REGION)?.consumer("AllowPlaintextClusters", "true");
    let mut stage = Stage::with(settings(), cast).await?;
    for database in databases() {
        stage.create(&database).await?;
    }
    let world = stage.rehearsal.world().clone();
    world.sleep(10 * MINUTE).await;
    stage.rehearsal.take(&stage.database(Kind::Instance, "orders")?, "before-migration").await?;
    stage.rehearsal.take(&stage.database(Kind::Cluster, "ledger")?, "before-migration").await?;
    if let Some(seed) = seed {
        world.plan_faults(Plan::Rates { seed, per_mille: rates() });
    }
    world.sleep(2 * 24 * HOUR).await;
    world.plan_faults(Plan::NoFaults);
    world.sleep(23 * HOUR + 20 * MINUTE).await;
    stage.ledger.observe(&stage.rehearsal).await?;
    Ok(stage)
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

/// A dozen of every kind.
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
    all.push(Database::cluster("untold"));
    all
}

/// One snapshot, and five hours for it.
async fn one_snapshot(kind: Kind, plan: Plan) -> anyhow::Result<Stage> {
    let mut stage = Stage::new().await?;
    take_one(&mut stage, kind, plan).await?;
    Ok(stage)
}

async fn take_one(stage: &mut Stage, kind: Kind, plan: Plan) -> anyhow::Result<()> {
    let database = Database { kind, window: "23:00-23:30".to_owned(), ..Database::instance("orders") };
    let database = stage.create(&database.lifecycle("Standard")).await?;
    // Always at the same time, which is part of the copies' names.
    let world = stage.rehearsal.world().clone();
    let asked = world.settings().epoch + 15 * MINUTE;
    world.sleep((asked - world.now()).to_std()?).await;
    world.plan_faults(plan);
    stage.rehearsal.take(&database, "before-migration").await?;
    stage.hours(5).await
}

/// How many deliveries there were of each topic since the snapshot was asked for.
fn deliveries(stage: &Stage) -> BTreeMap<String, u32> {
    stage.rehearsal.world().journal(|journal| {
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

async fn left(stage: &Stage) -> anyhow::Result<Left> {
    let mut left = Left::new();
    for account in [SOURCE, DR] {
        for snapshot in stage.all(account).await? {
            let own = |key: &str, value: &str| match key {
                tags::REPORTED => (key.to_owned(), "once".to_owned()),
                _ => (key.to_owned(), value.to_owned()),
            };
            left.insert(
                snapshot.arn.to_string(),
                (snapshot.status, snapshot.tags.iter().map(|(key, value)| own(key, value)).collect()),
            );
        }
    }
    Ok(left)
}

/// Copies that were made more than once.
fn made_twice(stage: &Stage) -> Vec<String> {
    let mut made = BTreeMap::<String, u32>::new();
    stage.rehearsal.world().journal(|journal| {
        for entry in journal.entries() {
            if let Event::Call { operation, resource: Some(resource), error: None, .. } = &entry.event
                && operation.starts_with("CopyDB")
            {
                *made.entry(resource.clone()).or_default() += 1;
            }
        }
    });
    made.into_iter().filter(|(_, times)| *times > 1).map(|(what, times)| format!("{what}: {times} times")).collect()
}
