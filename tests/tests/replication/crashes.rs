//! Invariant 9: between any two calls a function may die; nothing is lost or made twice.
//!
//! A run without faults tells which calls Draco makes on the way of one snapshot. Then the world begins again, once for
//! each of these calls and each way in which it can go wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cloud::RDS_ATTEMPTS;
use protocol::{Kind, Status, tags};
use rehearsal::invariants::Broken;
use rehearsal::{Cast, Database};
use sim::fault::{self, Action, Fault, Plan, Point};
use sim::journal::{Event, InvocationOutcome};
use tests::{DR, HOUR, MINUTE, REGION, SOURCE, Stage, settings};

// After each crash, every check of `rehearsal::invariants` runs: Invariants 1 and 4 among them.

/// Where on the way: the how-manyth call of this operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    operation: String,
    nth: u32,
    /// How long after the snapshot was asked for it was answered.
    after: Duration,
    /// Whether it was answered with an error, as a look for what is not there is.
    was_refused: bool,
}

/// What came of it all.
#[derive(Debug, PartialEq, Eq)]
struct End {
    broken: Vec<Broken>,
    /// What is in both accounts.
    snapshots: Vec<(String, Status)>,
    /// What the source's tag says of its copy.
    copied: Option<String>,
    /// What was made more than once.
    twice: Vec<String>,
    /// How many keys copies are under.
    keys: usize,
}

/// How one call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// So many of this operation in a row, from there on. The SDK tries a call some times before a function sees that it
    /// failed, and one of RDS most often.
    Calls(Action, u32),
    /// The function dies, and for more than an hour no other lives: AWS has given up the event by then.
    Outage,
}

const TROUBLES: [Trouble; 6] = [
    Trouble::Calls(Action::Crash, 1),
    Trouble::Calls(Action::FailBefore, RDS_ATTEMPTS),
    Trouble::Calls(Action::FailAfter, 1),
    Trouble::Calls(Action::FailAfter, RDS_ATTEMPTS),
    Trouble::Calls(Action::Throttle, RDS_ATTEMPTS + 1),
    Trouble::Outage,
];

#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_on_the_way_of_an_instance_snapshot_is_repaired() -> anyhow::Result<()> {
    wherever(Kind::Instance, cast()?, |_| true).await
}

#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_on_the_way_of_a_cluster_snapshot_is_repaired() -> anyhow::Result<()> {
    wherever(Kind::Cluster, cast()?, |_| true).await
}

#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_on_the_way_to_a_key_per_database_ends_with_one_key() -> anyhow::Result<()> {
    let is_of_kms = |place: &Place| place.operation.contains("Key") || place.operation.contains("Alias");
    wherever(Kind::Instance, cast()?.consumer("KeyPerDatabase", "true"), is_of_kms).await
}

fn cast() -> anyhow::Result<Cast> {
    Cast::of(SOURCE, DR, REGION)
}

async fn wherever(kind: Kind, cast: Cast, is_meant: impl Fn(&Place) -> bool) -> anyhow::Result<()> {
    let undisturbed = play(kind, cast.clone(), None).await?;
    let (way, expected) = (way(&undisturbed), end(&undisturbed, Action::Pass).await?);
    assert!(way.len() >= 14, "{way:#?}");
    assert_eq!((expected.snapshots.len(), expected.copied.is_some()), (2, true));
    let mut differences = Vec::new();
    let meant = way.iter().filter(|place| is_meant(place));
    for (place, trouble) in meant.flat_map(|place| TROUBLES.map(|trouble| (place, trouble))) {
        if place.was_refused && matches!(trouble, Trouble::Calls(Action::FailAfter, _)) {
            // It had no effect, and says so.
            continue;
        }
        let stage = play(kind, cast.clone(), Some((place, trouble))).await?;
        let came_about = |event: &Event| trouble.came_about(event);
        let was_hit =
            stage.rehearsal.world().journal(|journal| journal.entries().iter().any(|it| came_about(&it.event)));
        assert!(was_hit, "{trouble:?} did not come about at {place:?}");
        let end = end(&stage, trouble.action()).await?;
        if end != expected {
            differences.push(format!("{trouble:?} at {place:?}: {end:#?}"));
        }
    }
    assert_eq!(differences, [""; 0], "instead of {expected:#?}");
    Ok(())
}

/// One snapshot, and four hours for it.
async fn play(kind: Kind, cast: Cast, trouble: Option<(&Place, Trouble)>) -> anyhow::Result<Stage> {
    let mut stage = Stage::with(settings(), cast).await?;
    let database = Database { kind, window: "23:00-23:30".to_owned(), ..Database::instance("orders") };
    let database = stage.create(&database.lifecycle("Standard")).await?;
    let world = stage.rehearsal.world().clone();
    world.sleep(10 * MINUTE).await;
    let (plan, outage) = match trouble {
        None => (Plan::List(Vec::new()), None),
        Some((place, Trouble::Calls(action, times))) => (place.plan(action, times), None),
        Some((place, Trouble::Outage)) => (place.plan(Action::Crash, 1), Some(place.after)),
    };
    world.plan_faults(plan);
    stage.rehearsal.take(&database, "before-migration").await?;
    if let Some(begins) = outage {
        world.sleep(begins).await;
        world.plan_faults(Plan::Rates { seed: 0, per_mille: vec![(fault::PointKind::Invocation, Action::Lose, 1000)] });
        world.sleep(HOUR + 5 * MINUTE).await;
        world.plan_faults(Plan::NoFaults);
    }
    stage.hours(4).await?;
    Ok(stage)
}

impl Trouble {
    fn action(self) -> Action {
        match self {
            Self::Calls(action, _) => action,
            Self::Outage => Action::Crash,
        }
    }

    /// Whether this is what it leaves in the journal.
    fn came_about(self, event: &Event) -> bool {
        match (self.action(), event) {
            (Action::Crash, Event::Invocation { outcome, .. }) => *outcome == InvocationOutcome::Killed,
            (Action::Throttle, Event::Call { error: Some(error), .. }) => error.starts_with("Throttl"),
            (_, Event::Call { error: Some(error), .. }) => error == "InternalFailure",
            _ => false,
        }
    }
}

impl Place {
    fn plan(&self, action: Action, times: u32) -> Plan {
        let at = Point::Call(self.operation.clone());
        Plan::List((self.nth..self.nth + times).map(|nth| Fault { at: at.clone(), nth, action }).collect())
    }
}

/// The calls that Draco's functions made about something, since the snapshot was asked for.
fn way(stage: &Stage) -> Vec<Place> {
    stage.rehearsal.world().journal(|journal| {
        let calls = journal.entries().iter().filter_map(|entry| match &entry.event {
            Event::Call { role, operation, resource, error, .. } => Some((entry.at, role, operation, resource, error)),
            _ => None,
        });
        let mut since = calls
            .skip_while(|(_, _, operation, ..)| !operation.ends_with("Snapshot") || !operation.starts_with("Create"))
            .peekable();
        let Some(begun) = since.peek().map(|(at, ..)| *at) else { return Vec::new() };
        let (mut passed, mut way) = (BTreeMap::<&str, u32>::new(), Vec::new());
        for (at, role, operation, resource, error) in since {
            let nth = passed.entry(operation).or_default();
            *nth += 1;
            if role.as_ref().is_some_and(|role| role.starts_with("draco-")) && resource.is_some() {
                let after = (at - begun).to_std().unwrap_or_default();
                way.push(Place { operation: operation.clone(), nth: *nth, after, was_refused: error.is_some() });
            }
        }
        way
    })
}

async fn end(stage: &Stage, action: Action) -> anyhow::Result<End> {
    let (source, dr) = (stage.all(SOURCE).await?, stage.all(DR).await?);
    let keys: BTreeSet<_> = dr.iter().map(|copy| copy.key.clone()).collect();
    Ok(End {
        broken: stage.broken(),
        copied: source.iter().find_map(|it| it.tags.get(tags::COPIED)).map(str::to_owned),
        snapshots: source.iter().chain(&dr).map(|it| (it.arn.to_string(), it.status)).collect(),
        twice: twice(stage, action),
        keys: keys.len(),
    })
}

/// What was made more than once: copies, by their names, and keys in use, by their aliases. A call whose answer was lost
/// has been done.
fn twice(stage: &Stage, action: Action) -> Vec<String> {
    let mut made = BTreeMap::<String, u32>::new();
    stage.rehearsal.world().journal(|journal| {
        for entry in journal.entries() {
            if let Event::Call { operation, resource: Some(resource), error, .. } = &entry.event
                && (operation.starts_with("CopyDB") || operation == "CreateAlias")
                && (error.is_none() || action == Action::FailAfter && error.as_deref() == Some("InternalFailure"))
            {
                *made.entry(resource.clone()).or_default() += 1;
            }
        }
    });
    made.into_iter().filter(|(_, times)| *times > 1).map(|(what, times)| format!("{what}: {times} times")).collect()
}
