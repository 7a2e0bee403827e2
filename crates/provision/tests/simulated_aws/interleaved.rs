//! Two looks at once: one stops at each of its calls, and continues when another one has gone on for minutes.

use sim::fault::{Action, Fault, Plan, Point};

use super::*;

/// For how long the first look stops.
const STOP: Duration = Duration::from_secs(25 * 60);

#[tokio::test(start_paused = true)]
async fn a_late_look_changes_nothing_for_an_instance() {
    each_call_is_late(Shape::Instance).await;
}

#[tokio::test(start_paused = true)]
async fn a_late_look_changes_nothing_for_a_cluster() {
    each_call_is_late(Shape::AuroraCluster).await;
}

#[tokio::test(start_paused = true)]
async fn a_late_look_changes_nothing_for_a_multi_az_cluster() {
    each_call_is_late(Shape::MultiAzCluster).await;
}

async fn each_call_is_late(shape: Shape) {
    let (expected, calls) = run(shape, None).await;
    assert!(calls.values().sum::<usize>() >= 10, "{calls:?}");
    let mut cases = 0;
    for (operation, count) in &calls {
        for nth in 1..=*count {
            let (state, _) = run(shape, Some((operation, u32::try_from(nth).unwrap()))).await;
            assert_eq!(state, expected, "call {nth} of {operation} is late");
            cases += 1;
        }
    }
    println!("{shape:?}: {cases} cases");
}

type State = (Settings, Vec<(bool, Settings)>, Vec<String>);

/// Two loops of steps. One of them may have a call that is late: whichever makes it.
async fn run(shape: Shape, late: Option<(&str, u32)>) -> (State, BTreeMap<String, usize>) {
    let fixture = Fixture::of(shape).await;
    let job = fixture.job(Verb::Restore);
    let start = fixture.world.now();
    let faults =
        late.map(|(operation, nth)| Fault { at: Point::Call(operation.to_owned()), nth, action: Action::Delay(STOP) });
    fixture.world.plan_faults(Plan::List(faults.into_iter().collect()));
    let one = fixture.provision(&job);
    let other = async {
        // A second timer, which is a little later.
        fixture.world.sleep(Duration::from_secs(7)).await;
        fixture.provision(&job).await
    };
    let (one, other) = tokio::join!(one, other);
    let (Outcome::Provisioned { .. }, Outcome::Provisioned { .. }) = (&one, &other) else {
        panic!("{one:?} {other:?} {late:?}")
    };
    let calls = fixture.calls_since(start);
    assert_eq!(crashes::duplicates(&fixture, start), [""; 0], "{late:?}");
    // A call that arrived late may have begun a change.
    let database = fixture.provisioned(&job).await;
    let mut members: Vec<_> = database.members.iter().map(|it| (it.is_writer, it.settings.clone())).collect();
    for (_, settings) in &mut members {
        settings.remove(&protocol::spec::Setting::AvailabilityZone);
    }
    members.sort();
    let mut settings = database.spec.settings;
    settings.remove(&protocol::spec::Setting::AvailabilityZone);
    settings.remove(&protocol::spec::Setting::AvailabilityZones);
    assert_eq!(fixture.tear_down(&job, Role::New, None).await, teardown::Outcome::TornDown);
    ((settings, members, fixture.names().await), calls)
}
