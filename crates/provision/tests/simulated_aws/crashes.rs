//! Invariant 9 for provision: a step may stop between any two calls, and any call may fail before or after its effect.
//!
//! A run without faults records the calls of a job from its first step until its database is torn down. Then the job runs again, once
//! for each of these calls and each fault. Of the calls that describe something, the first two of each operation have each fault, and each
//! other one has one of them, in turn: while AWS is at work, one look is like the next.

use std::future::poll_fn;
use std::task::Poll;

use cloud::RDS_ATTEMPTS;
use protocol::spec::Setting;
use sim::fault::{Action, Fault, Plan, Point};

use super::*;

/// A call of the job: the n-th of its operation.
#[derive(Clone, Debug)]
struct CallPoint {
    operation: String,
    nth: u32,
    is_error: bool,
}

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// The program stops before the call.
    StopBefore,
    /// The program stops after the effect of the call, before its response.
    StopAfter,
    /// The program stops before the call, and the next step is made an hour later.
    Outage,
    /// The next calls of the operation fail, this many.
    Calls(Action, u32),
}

const TROUBLES: [Trouble; 7] = [
    Trouble::StopBefore,
    Trouble::StopAfter,
    Trouble::Outage,
    Trouble::Calls(Action::FailBefore, RDS_ATTEMPTS),
    Trouble::Calls(Action::FailAfter, 1),
    Trouble::Calls(Action::FailAfter, RDS_ATTEMPTS),
    Trouble::Calls(Action::Throttle, RDS_ATTEMPTS + 1),
];

/// A delay at which the program stops.
const STOP: Duration = Duration::from_secs(7 * 3600);

#[derive(Debug, PartialEq, Eq)]
struct FinalState {
    /// The names, settings and members of the provisioned database.
    provisioned: (String, Settings, Vec<(String, Settings)>),
    /// Databases that were created twice.
    duplicates: Vec<String>,
}

#[tokio::test(start_paused = true)]
async fn any_trouble_with_a_temporary_instance_is_overcome() {
    each_trouble_at_each_call(Shape::Instance, Verb::Verify).await;
}

#[tokio::test(start_paused = true)]
async fn any_trouble_with_an_instance_that_stays_is_overcome() {
    each_trouble_at_each_call(Shape::Instance, Verb::Restore).await;
}

#[tokio::test(start_paused = true)]
async fn any_trouble_with_a_cluster_of_three_is_overcome() {
    each_trouble_at_each_call(Shape::AuroraCluster, Verb::Restore).await;
}

#[tokio::test(start_paused = true)]
async fn any_trouble_with_a_multi_az_cluster_is_overcome() {
    each_trouble_at_each_call(Shape::MultiAzCluster, Verb::Restore).await;
}

// Invariant 19: of all teardowns, that of the old database could lose data.
#[tokio::test(start_paused = true)]
async fn any_trouble_with_the_end_of_an_old_instance_is_overcome() {
    each_trouble_at_the_end_of_the_old_one(Kind::Instance).await;
}

#[tokio::test(start_paused = true)]
async fn any_trouble_with_the_end_of_an_old_cluster_is_overcome() {
    each_trouble_at_the_end_of_the_old_one(Kind::Cluster).await;
}

async fn each_trouble_at_the_end_of_the_old_one(kind: Kind) {
    let (expected, points) = end_of_old(kind, None).await;
    assert_eq!(expected, (true, true));
    let mut cases = 0;
    for (point, trouble) in cases_of(&points) {
        let (state, _) = end_of_old(kind, Some((point, trouble))).await;
        assert_eq!(state, expected, "{trouble:?} at {point:?}");
        cases += 1;
    }
    println!("the end of the old {kind:?}: {} calls, {cases} cases", points.len());
    assert!(cases > 25, "{} calls, {cases} cases", points.len());
}

/// The teardown of the old database, which has its own name no more. Whether its final snapshot and its automated backups are there.
async fn end_of_old(kind: Kind, trouble: Option<(&CallPoint, Trouble)>) -> ((bool, bool), Vec<CallPoint>) {
    let fixture = Fixture::new(kind).await;
    let job = fixture.job(Verb::Restore);
    // Until its first automated backup is complete, there is nothing to keep.
    fixture.world.sleep(Duration::from_secs(26 * 3600)).await;
    super::ways::move_aside(&fixture, &job).await;
    let start = fixture.world.now();
    let plan = trouble.map_or(Plan::List(Vec::new()), |(point, trouble)| point.plan(trouble));
    fixture.world.plan_faults(plan);
    tear_down(&fixture, &job, Role::Old, trouble.map(|(_, trouble)| trouble)).await;
    let points = calls(&fixture, start);
    fixture.world.plan_faults(Plan::NoFaults);
    assert_eq!(fixture.names().await, [""; 0]);
    let snapshot = SnapshotArn::new(kind, place(), &job.final_snapshot()).unwrap();
    let found = fixture.cloud.find(&snapshot).await.unwrap();
    let is_complete = found.is_some_and(|found| {
        found.status == protocol::Status::Available && found.resource_id.as_deref() == job.request().replaces.as_deref()
    });
    let backups = fixture.cloud.backups(kind, &fixture.orders.resource_id).await.unwrap();
    ((is_complete, backups.is_some()), points)
}

/// Steps until the database is gone.
async fn tear_down(fixture: &Fixture, job: &Job, role: Role, trouble: Option<Trouble>) {
    let start = fixture.world.now();
    loop {
        let step = teardown::step(&fixture.cloud, job, role, Begin::Allowed, None, fixture.world.now());
        match until_stopped(fixture, trouble, step).await {
            Some(Ok(teardown::Outcome::Again { after, .. })) => fixture.world.sleep(after.to_std().unwrap()).await,
            Some(Ok(teardown::Outcome::TornDown)) => return,
            Some(Ok(other)) => panic!("{other:?} after {trouble:?}"),
            None | Some(Err(_)) => fixture.world.sleep(Duration::from_secs(30)).await,
        }
        assert!(fixture.world.now() - start < TimeDelta::hours(22), "{trouble:?}");
    }
}

/// Each call with each trouble. Of the calls that describe, the third and later ones of an operation have one trouble each, in turn.
fn cases_of(points: &[CallPoint]) -> Vec<(&CallPoint, Trouble)> {
    let of = |(number, point): (usize, &'_ CallPoint)| {
        let troubles = point.troubles();
        match point.operation.starts_with("Describe") && point.nth > 2 {
            true => vec![troubles[number % troubles.len()]],
            false => troubles,
        }
    };
    points
        .iter()
        .enumerate()
        .flat_map(|(number, point)| of((number, point)).into_iter().map(move |it| (point, it)))
        .collect()
}

async fn each_trouble_at_each_call(shape: Shape, verb: Verb) {
    let (expected, points) = run(shape, verb, None).await;
    assert_eq!(expected.duplicates, [""; 0]);
    assert!(points.len() >= 10 && points.iter().any(|point| point.operation.starts_with("Restore")), "{points:#?}");
    let mut cases = 0;
    for (point, trouble) in cases_of(&points) {
        let (state, _) = run(shape, verb, Some((point, trouble))).await;
        assert_eq!(state, expected, "{trouble:?} at {point:?}");
        cases += 1;
    }
    println!("{shape:?} {verb:?}: {} calls, {cases} cases", points.len());
    assert!(cases > points.len() + 40, "{} calls, {cases} cases", points.len());
}

/// The job from its first step until its database is torn down.
async fn run(shape: Shape, verb: Verb, trouble: Option<(&CallPoint, Trouble)>) -> (FinalState, Vec<CallPoint>) {
    let fixture = Fixture::of(shape).await;
    let (job, before) = (fixture.job(verb), fixture.names().await);
    let start = fixture.world.now();
    let plan = trouble.map_or(Plan::List(Vec::new()), |(point, trouble)| point.plan(trouble));
    fixture.world.plan_faults(plan);
    let stop = trouble.map(|(_, trouble)| trouble);
    let mut begin = Begin::Allowed;
    let provisioned = loop {
        let step = provision::step(&fixture.cloud, &job, begin, None, fixture.world.now());
        match until_stopped(&fixture, stop, step).await {
            Some(Ok(Outcome::Again { after, begin: next, .. })) => {
                begin = next;
                fixture.world.sleep(after.to_std().unwrap()).await;
            }
            Some(Ok(Outcome::Provisioned { database, .. })) => break *database,
            Some(Ok(other)) => panic!("{other:?} after {trouble:?}"),
            None | Some(Err(_)) => fixture.world.sleep(Duration::from_secs(30)).await,
        }
        assert!(fixture.world.now() - start < TimeDelta::hours(11), "{trouble:?}: {:?}", fixture.calls_since(start));
    };
    tear_down(&fixture, &job, verb.role(), stop).await;
    let points = calls(&fixture, start);
    fixture.world.plan_faults(Plan::NoFaults);
    assert_eq!(fixture.names().await, before);
    let mut members: Vec<_> =
        provisioned.members.iter().map(|it| (it.arn.id().to_owned(), stated(&it.settings, verb))).collect();
    members.sort();
    let name = name_without_job(&provisioned);
    let provisioned = (name, stated(&provisioned.spec.settings, verb), members);
    (FinalState { provisioned, duplicates: duplicates(&fixture, start) }, points)
}

/// The ID of a job depends on its deadline, and so on the time.
fn name_without_job(observed: &Observed) -> String {
    observed.arn.id().rsplit_once('-').unwrap().0.to_owned()
}

/// What AWS chooses at random is left out: zones, and the windows of a temporary database, whose spec has none.
fn stated(settings: &Settings, verb: Verb) -> Settings {
    let mut settings = settings.clone();
    settings.remove(&Setting::AvailabilityZone);
    settings.remove(&Setting::AvailabilityZones);
    if verb.is_temporary() {
        settings.remove(&Setting::BackupWindow);
        settings.remove(&Setting::MaintenanceWindow);
    }
    settings
}

/// Runs a step until it ends, or until the program is stopped.
async fn until_stopped<T>(fixture: &Fixture, trouble: Option<Trouble>, step: impl Future<Output = T>) -> Option<T> {
    let failures = |fixture: &Fixture| {
        fixture.world.journal(|journal| {
            let is_failure =
                |event: &Event| matches!(event, Event::Call { error: Some(error), .. } if error == "InternalFailure");
            journal.entries().iter().filter(|entry| is_failure(&entry.event)).count()
        })
    };
    let known = failures(fixture);
    let stop = async {
        match trouble {
            // No other call takes minutes, with all its attempts.
            Some(Trouble::StopBefore) => fixture.world.sleep(Duration::from_secs(600)).await,
            Some(Trouble::Outage) => fixture.world.sleep(Duration::from_secs(3600)).await,
            // It is asked whenever the step goes on.
            Some(Trouble::StopAfter) => {
                poll_fn(|_| if failures(fixture) == known { Poll::Pending } else { Poll::Ready(()) }).await;
            }
            None | Some(Trouble::Calls(..)) => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = stop => None,
        result = step => Some(result),
    }
}

impl CallPoint {
    /// A call that AWS refuses has no effect, so nothing can happen after it.
    fn troubles(&self) -> Vec<Trouble> {
        let is_after = |trouble: &Trouble| matches!(trouble, Trouble::StopAfter | Trouble::Calls(Action::FailAfter, _));
        TROUBLES.into_iter().filter(|trouble| !(self.is_error && is_after(trouble))).collect()
    }

    fn plan(&self, trouble: Trouble) -> Plan {
        let (action, times) = match trouble {
            Trouble::StopBefore | Trouble::Outage => (Action::Delay(STOP), 1),
            Trouble::StopAfter => (Action::FailAfter, 1),
            Trouble::Calls(action, times) => (action, times),
        };
        let at = Point::Call(self.operation.clone());
        Plan::List((self.nth..self.nth + times).map(|nth| Fault { at: at.clone(), nth, action }).collect())
    }
}

/// The calls since a time.
fn calls(fixture: &Fixture, start: DateTime<Utc>) -> Vec<CallPoint> {
    let mut counts = BTreeMap::<String, u32>::new();
    fixture.world.journal(|journal| {
        let entries = journal.entries().iter().filter(|entry| entry.at > start);
        let calls = entries.filter_map(|entry| match &entry.event {
            Event::Call { operation, error, .. } => Some((operation.clone(), error.is_some())),
            _ => None,
        });
        calls
            .map(|(operation, is_error)| {
                let nth = counts.entry(operation.clone()).or_default();
                *nth += 1;
                CallPoint { operation, nth: *nth, is_error }
            })
            .collect()
    })
}

/// Databases whose creation succeeded twice.
pub(crate) fn duplicates(fixture: &Fixture, start: DateTime<Utc>) -> Vec<String> {
    let mut created = BTreeMap::<String, u32>::new();
    fixture.world.journal(|journal| {
        for entry in journal.entries().iter().filter(|entry| entry.at > start) {
            if let Event::Call { operation, resource: Some(resource), error: None, .. } = &entry.event
                && (operation.starts_with("Restore") || operation == "CreateDBInstance")
            {
                *created.entry(resource.clone()).or_default() += 1;
            }
        }
    });
    created.into_iter().filter(|(_, times)| *times > 1).map(|(name, _)| name).collect()
}
