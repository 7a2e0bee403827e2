//! Each call of a job: the program stops before or after it, it fails before or after its effect, it is throttled. The job goes on, or it is
//! undone from that moment on (invariants 9, 18, 19 and 20).
//!
//! A run without faults records the calls. Each call that changes something has each trouble, going forward, and two of them with an undo, in
//! turn; and an undo without a trouble. Of the calls that describe something, every third has one trouble in each direction, in turn: while
//! AWS is at work, one look is like the next. With `RESTORING=all`, all of these cases are run. The usual run has a sample: every n-th of
//! them, where n shares no factor with the number of troubles.

use super::*;
use faults::{CallPoint, Trouble, points, until_stopped};
use sim::fault::Plan;
use world::is_last;

/// The interruption of a swap, and as much again for an undo.
const INTERRUPTION: TimeDelta = TimeDelta::minutes(14);
/// The longest time for which a trouble stops a job.
const TROUBLE: TimeDelta = TimeDelta::minutes(65);

/// One run of a job.
#[derive(Clone, Copy, Debug)]
struct Case<'c> {
    shape: Shape,
    point: Option<&'c CallPoint>,
    trouble: Option<Trouble>,
    is_undone: bool,
}

#[derive(Debug, Default)]
struct Counts {
    done: usize,
    undone: usize,
    too_late: usize,
}

#[tokio::test(start_paused = true)]
async fn any_trouble_with_an_instance_is_overcome_in_both_directions() {
    each_trouble_at_each_call(Shape::Instance).await;
}

#[tokio::test(start_paused = true)]
async fn any_trouble_with_a_cluster_of_three_is_overcome_in_both_directions() {
    each_trouble_at_each_call(Shape::Cluster).await;
}

#[tokio::test(start_paused = true)]
async fn any_trouble_with_a_serverless_cluster_is_overcome_in_both_directions() {
    each_trouble_at_each_call(Shape::Serverless).await;
}

async fn each_trouble_at_each_call(shape: Shape) {
    let (mut counts, whole) = (Counts::default(), Case { shape, point: None, trouble: None, is_undone: false });
    let all = run(whole, &mut counts).await;
    let step = match shape {
        _ if faults::is_exhaustive() => 1,
        Shape::Instance => 11,
        Shape::Cluster => 67,
        Shape::Serverless => 41,
    };
    for case in cases(whole, &all).into_iter().step_by(step) {
        run(case, &mut counts).await;
    }
    println!("{shape:?}: {} calls, {counts:?}", all.len());
    assert!(counts.done > 1 && counts.undone + counts.too_late > 0, "{counts:?}");
}

fn cases<'c>(whole: Case<'c>, all: &'c [CallPoint]) -> Vec<Case<'c>> {
    let mut cases = Vec::new();
    for (number, point) in all.iter().enumerate().filter(|(number, point)| !point.is_look() || number % 3 == 0) {
        let troubles = point.troubles();
        let nth = |nth: usize| troubles[(number + nth) % troubles.len()];
        let forward = if point.is_look() { vec![nth(0)] } else { troubles.clone() };
        let back = if point.is_look() { vec![Some(nth(1))] } else { vec![Some(nth(0)), Some(nth(3)), None] };
        let case = Case { point: Some(point), ..whole };
        cases.extend(forward.into_iter().map(|trouble| Case { trouble: Some(trouble), ..case }));
        cases.extend(back.into_iter().map(|trouble| Case { trouble, is_undone: true, ..case }));
    }
    cases
}

/// Runs the job to its end, checks what is there then, and returns its calls.
async fn run(case: Case<'_>, counts: &mut Counts) -> Vec<CallPoint> {
    let context = format!("{case:?}");
    let fixture = Fixture::of(case.shape).await;
    let (job, names) = (fixture.job(), fixture.names().await);
    let plan = case.point.zip(case.trouble).map_or(Plan::NoFaults, |(point, trouble)| point.plan(trouble));
    fixture.world.plan_faults(plan);
    let outcome = to_the_end(&fixture, &job, case, &context).await;
    fixture.world.plan_faults(Plan::NoFaults);
    let calls = points(&fixture);
    let directions = if case.is_undone { 2 } else { 1 };
    let most = INTERRUPTION * directions + case.trouble.map_or(TimeDelta::zero(), |_| TROUBLE);
    assert!(fixture.interruption() <= most, "{} min: {context}", fixture.interruption().num_minutes());
    match outcome {
        Outcome::Done => {
            counts.done += 1;
            fixture.assert_done(&job, &context).await;
        }
        Outcome::Undone => {
            counts.undone += 1;
            fixture.assert_undone(&names, &context).await;
        }
        Outcome::TooLate { .. } => {
            counts.too_late += 1;
            assert_eq!(fixture.go(&job, Direction::Forward).await, Outcome::Done, "{context}");
            fixture.assert_done(&job, &context).await;
        }
        other => panic!("{other:?}: {context}"),
    }
    calls
}

/// Makes steps as a timer does: a step that has failed, or was stopped, is made again, and knows only what the last outcome said.
async fn to_the_end(fixture: &Fixture, job: &Job, case: Case<'_>, context: &str) -> Outcome {
    let (mut direction, mut begin) = (Direction::Forward, Begin::Allowed);
    for _ in 0..STEPS {
        let step = restorer::step(&fixture.cloud, job, direction, begin, fixture.world.now());
        let after = match until_stopped(fixture, case.trouble, step).await {
            Some(Ok(Outcome::Again { after, begin: next, .. })) => {
                begin = next;
                after
            }
            Some(Ok(Outcome::Swapped { .. })) => TimeDelta::seconds(1),
            Some(Ok(outcome)) if is_last(&outcome) => return outcome,
            Some(Ok(_) | Err(_)) | None => TimeDelta::seconds(30),
        };
        let has_reached = |point: &CallPoint| {
            let of_operation = fixture.calls().into_iter().filter(|(_, operation, _)| *operation == point.operation);
            of_operation.count() >= point.nth as usize
        };
        if case.is_undone && direction == Direction::Forward && case.point.is_some_and(has_reached) {
            direction = Direction::Undo { since: fixture.world.now() };
            continue;
        }
        fixture.world.sleep(after.to_std().unwrap()).await;
    }
    panic!("{STEPS} steps were not enough: {context}")
}
