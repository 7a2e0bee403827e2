//! Invariant 9: a function may crash between any two calls; no snapshot is lost and no copy or key is created twice.
//!
//! A run without faults records the calls that Draco makes for one snapshot. Then the simulation runs again, once for each of
//! these calls and each fault. In other worlds than the default one, it runs for a sample of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cloud::RDS_ATTEMPTS;
use protocol::{Kind, Snapshot, Status, tags};
use rehearsal::invariants::Violation;
use rehearsal::{Database, Setup};
use sim::fault::{self, Action, Fault, Plan, Point};
use sim::journal::{Event, InvocationOutcome};
use tests::{DR, DR_REGION, Fixture, HOUR, MINUTE, REGION, SECOND_REGION, SOURCE, sample, settings};

// After each fault, all checks of `rehearsal::invariants` run: Invariants 1 and 4 among them.

/// A call that Draco makes for the snapshot: the n-th call of an operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct CallPoint {
    operation: String,
    nth: u32,
    /// The role of the function.
    role: String,
    /// The region called.
    region: String,
    /// The time from the request for the snapshot to the response.
    after: Duration,
    /// Whether the response is an error, such as that of a describe call for a snapshot that does not exist.
    is_error: bool,
}

/// The final state.
#[derive(Debug, PartialEq, Eq)]
struct FinalState {
    violations: Vec<Violation>,
    /// The snapshots of all accounts and regions.
    snapshots: Vec<(String, Status)>,
    /// The value of the source's tag `Draco_Copied`.
    copied: Option<String>,
    /// The copies and aliases that were created more than once.
    duplicates: Vec<String>,
    /// The number of keys that encrypt copies.
    keys: usize,
}

/// A fault at one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallFault {
    /// The next calls of the operation fail, this many. The SDK retries a call before the function receives the error, and
    /// calls to RDS more often than others.
    Calls(Action, u32),
    /// The function crashes, and no function runs for more than an hour. AWS has dropped the event by then.
    Outage,
}

const FAULTS: [CallFault; 7] = [
    CallFault::Calls(Action::Crash, 1),
    CallFault::Calls(Action::FailBefore, RDS_ATTEMPTS),
    CallFault::Calls(Action::FailAfter, 1),
    CallFault::Calls(Action::FailAfter, RDS_ATTEMPTS),
    CallFault::Calls(Action::Throttle, RDS_ATTEMPTS + 1),
    CallFault::Calls(DELAY, 1),
    CallFault::Outage,
];

/// Longer than any other call takes.
const DELAY: Action = Action::Delay(Duration::from_secs(40));

#[tokio::test(start_paused = true)]
async fn any_crash_during_an_instance_snapshot_is_recovered() -> anyhow::Result<()> {
    each_fault_at_each_call(Kind::Instance, setup()?, |_| true).await
}

#[tokio::test(start_paused = true)]
async fn any_crash_during_a_cluster_snapshot_is_recovered() -> anyhow::Result<()> {
    each_fault_at_each_call(Kind::Cluster, setup()?, |_| true).await
}

// Invariant 4.
#[tokio::test(start_paused = true)]
async fn any_crash_while_one_kept_transit_copy_replaces_another_is_recovered() -> anyhow::Result<()> {
    each_fault_at_each_call(Kind::Instance, setup()?.producer_parameter("KeepNewestTransit", "true"), |_| true).await
}

#[tokio::test(start_paused = true)]
async fn any_crash_while_a_database_key_is_created_leaves_one_key_in_use() -> anyhow::Result<()> {
    let is_kms_call = |point: &CallPoint| point.operation.contains("Key") || point.operation.contains("Alias");
    each_fault_at_each_call(Kind::Instance, setup()?.consumer_parameter("KeyPerDatabase", "true"), is_kms_call).await
}

// Both ways between regions: DR is in another region, and copies onward to a second one.
#[tokio::test(start_paused = true)]
async fn any_crash_while_an_instance_snapshot_crosses_two_regions_is_recovered() -> anyhow::Result<()> {
    each_fault_at_each_call(Kind::Instance, elsewhere()?.second_region(SECOND_REGION)?, is_between_regions).await
}

#[tokio::test(start_paused = true)]
async fn any_crash_while_a_cluster_snapshot_crosses_to_dr_in_another_region_is_recovered() -> anyhow::Result<()> {
    each_fault_at_each_call(Kind::Cluster, elsewhere()?, is_between_regions).await
}

/// The other calls of the source account are the same as in one region.
fn is_between_regions(point: &CallPoint) -> bool {
    !point.role.starts_with("draco-producer") || point.operation == "Publish"
}

#[tokio::test(start_paused = true)]
async fn any_crash_while_a_cluster_copy_goes_on_to_a_second_region_is_recovered() -> anyhow::Result<()> {
    // The first look at the copy until it is complete is the same as without a second region.
    let is_selected =
        |point: &CallPoint| point.role == format!("draco-consumer-{SECOND_REGION}") || point.region == SECOND_REGION;
    each_fault_at_each_call(Kind::Cluster, setup()?.second_region(SECOND_REGION)?, is_selected).await
}

fn setup() -> anyhow::Result<Setup> {
    Setup::new(SOURCE, DR, REGION)
}

/// DR is in another region.
fn elsewhere() -> anyhow::Result<Setup> {
    setup()?.dr_region(DR_REGION)
}

async fn each_fault_at_each_call(
    kind: Kind,
    setup: Setup,
    is_selected: impl Fn(&CallPoint) -> bool,
) -> anyhow::Result<()> {
    let without_faults = simulate(kind, setup.clone(), None).await?;
    let has_second = setup.second_region.is_some();
    let (points, expected) = (calls(&without_faults), final_state(&without_faults, Action::Pass).await?);
    assert!(points.len() >= 14, "{points:#?}");
    // Each snapshot has a copy. The last transit copy is kept.
    let snapshots = if is_keeping(&setup) { 5 } else { 2 } + usize::from(has_second);
    assert_eq!((expected.snapshots.len(), expected.copied.is_some()), (snapshots, true));
    let mut differences = Vec::new();
    // Of the first hour: later, only sweeps call.
    let selected = points.iter().filter(|point| point.after < HOUR && is_selected(point));
    let cases = selected.flat_map(|point| FAULTS.map(|fault| (point, fault)));
    // A call that fails anyway cannot fail after its effect.
    let can_happen =
        |point: &CallPoint, fault| !point.is_error || !matches!(fault, CallFault::Calls(Action::FailAfter, _));
    for (point, fault) in sample(cases.filter(|(point, fault)| can_happen(point, *fault))) {
        let fixture = simulate(kind, setup.clone(), Some((point, fault))).await?;
        let is_in_journal = |event: &Event| fault.is_in_journal(event);
        let has_happened = fixture
            .rehearsal
            .world()
            .journal(|journal| journal.entries().iter().any(|entry| is_in_journal(&entry.event)));
        assert!(has_happened, "{fault:?} did not happen at {point:?}");
        let state = final_state(&fixture, fault.action()).await?;
        if state != expected {
            differences.push(format!("{fault:?} at {point:?}: {state:#?}"));
        }
    }
    assert_eq!(differences, [""; 0], "expected {expected:#?}");
    Ok(())
}

/// Whether the producer keeps the last transit copy.
fn is_keeping(setup: &Setup) -> bool {
    setup.producer_parameters.contains_key("KeepNewestTransit")
}

/// Takes one snapshot and lets four hours pass. If the last transit copy is kept, another snapshot was copied before.
async fn simulate(kind: Kind, setup: Setup, fault: Option<(&CallPoint, CallFault)>) -> anyhow::Result<Fixture> {
    let keeps = is_keeping(&setup);
    let mut fixture = Fixture::with(settings(), setup).await?;
    let database = Database { kind, backup_window: "23:00-23:30".to_owned(), ..Database::instance("orders") };
    let database = fixture.create_database(&database.lifecycle("Standard")).await?;
    let world = fixture.rehearsal.world().clone();
    world.sleep(10 * MINUTE).await;
    if keeps {
        fixture.rehearsal.take_snapshot(&database, "earlier").await?;
        fixture.pass_hours(1).await?;
    }
    let (plan, outage) = match fault {
        None => (Plan::List(Vec::new()), None),
        Some((point, CallFault::Calls(action, times))) => (point.plan(action, times), None),
        Some((point, CallFault::Outage)) => (point.plan(Action::Crash, 1), Some(point.after)),
    };
    world.plan_faults(plan);
    fixture.rehearsal.take_snapshot(&database, "before-migration").await?;
    if let Some(start) = outage {
        world.sleep(start).await;
        world.plan_faults(Plan::Rates { seed: 0, per_mille: vec![(fault::PointKind::Invocation, Action::Lose, 1000)] });
        world.sleep(HOUR + 5 * MINUTE).await;
        world.plan_faults(Plan::NoFaults);
    }
    fixture.pass_hours(4).await?;
    Ok(fixture)
}

impl CallFault {
    fn action(self) -> Action {
        match self {
            Self::Calls(action, _) => action,
            Self::Outage => Action::Crash,
        }
    }

    /// Whether this event is the effect of the fault.
    fn is_in_journal(self, event: &Event) -> bool {
        match (self.action(), event) {
            (Action::Crash, Event::Invocation { outcome, .. }) => *outcome == InvocationOutcome::Killed,
            (Action::Throttle, Event::Call { error: Some(error), .. }) => error.starts_with("Throttl"),
            (Action::Delay(_), Event::Call { duration_ms, .. }) => *duration_ms >= 40_000,
            (_, Event::Call { error: Some(error), .. }) => error == "InternalFailure",
            _ => false,
        }
    }
}

impl CallPoint {
    fn plan(&self, action: Action, times: u32) -> Plan {
        let at = Point::Call(self.operation.clone());
        Plan::List((self.nth..self.nth + times).map(|nth| Fault { at: at.clone(), nth, action }).collect())
    }
}

/// The calls of Draco's functions that name a resource, after the request for the snapshot.
fn calls(fixture: &Fixture) -> Vec<CallPoint> {
    fixture.rehearsal.world().journal(|journal| {
        let calls = journal.entries().iter().filter_map(|entry| match &entry.event {
            Event::Call { operation, .. } => Some((entry, operation)),
            _ => None,
        });
        let calls: Vec<_> = calls.collect();
        let is_request = |operation: &str| operation.ends_with("Snapshot") && operation.starts_with("Create");
        let Some(request) = calls.iter().rposition(|(_, operation)| is_request(operation)) else {
            return Vec::new();
        };
        let start = calls[request].0.at;
        let (mut counts, mut points) = (BTreeMap::<&str, u32>::new(), Vec::new());
        for (entry, operation) in calls.into_iter().skip(request) {
            let nth = counts.entry(operation).or_default();
            *nth += 1;
            if let Event::Call { role: Some(role), region, resource: Some(_), error, .. } = &entry.event
                && role.starts_with("draco-")
            {
                points.push(CallPoint {
                    operation: operation.clone(),
                    nth: *nth,
                    role: role.clone(),
                    region: region.clone(),
                    after: (entry.at - start).to_std().unwrap_or_default(),
                    is_error: error.is_some(),
                });
            }
        }
        points
    })
}

async fn final_state(fixture: &Fixture, action: Action) -> anyhow::Result<FinalState> {
    let snapshots = fixture.all_snapshots().await?;
    let is_in_dr = |snapshot: &&Snapshot| snapshot.arn.place.account.as_str() == DR;
    let keys: BTreeSet<_> = snapshots.iter().filter(is_in_dr).map(|copy| copy.key.clone()).collect();
    Ok(FinalState {
        violations: fixture.violations(),
        copied: snapshots.iter().find_map(|source| source.tags.get(tags::COPIED)).map(str::to_owned),
        snapshots: snapshots.iter().map(|snapshot| (snapshot.arn.to_string(), snapshot.status)).collect(),
        duplicates: duplicates(fixture, action),
        keys: keys.len(),
    })
}

/// The copies and the aliases of keys that were created more than once. A call that failed after its effect counts.
fn duplicates(fixture: &Fixture, action: Action) -> Vec<String> {
    let mut created = BTreeMap::<String, u32>::new();
    fixture.rehearsal.world().journal(|journal| {
        for entry in journal.entries() {
            if let Event::Call { operation, region, resource: Some(resource), error, .. } = &entry.event
                && (operation.starts_with("CopyDB") || operation == "CreateAlias")
                && (error.is_none() || action == Action::FailAfter && error.as_deref() == Some("InternalFailure"))
            {
                *created.entry(format!("{resource} in {region}")).or_default() += 1;
            }
        }
    });
    created.into_iter().filter(|(_, times)| *times > 1).map(|(name, times)| format!("{name}: {times} times")).collect()
}
