//! Two looks at once: one stops at a call, and continues when another one has gone on for minutes. Each ninth call that changes something
//! is late once, and every ninetieth of the others; with `RESTORING=all`, each call.

use super::*;
use faults::{CallPoint, points};
use sim::fault::{Action, Fault, Plan, Point};
use world::is_last;

/// For how long a look stops.
const LATE: Duration = Duration::from_secs(25 * 60);

#[tokio::test(start_paused = true)]
async fn a_late_look_of_two_timers_changes_nothing() {
    for shape in [Shape::Instance, Shape::Serverless] {
        for point in sample(shape).await {
            let fixture = Fixture::of(shape).await;
            let job = fixture.job();
            fixture.world.plan_faults(late(&point));
            let (one, other) = tokio::join!(fixture.go(&job, Direction::Forward), async {
                fixture.world.sleep(Duration::from_secs(7)).await;
                fixture.go(&job, Direction::Forward).await
            });
            assert_eq!((one, other), (Outcome::Done, Outcome::Done), "{shape:?}: {point:?} is late");
            fixture.assert_done(&job, &format!("{shape:?}: {point:?} is late")).await;
        }
    }
}

/// The timer of the job is not stopped when a command undoes it, or its last look is late. In the end, the old database has its name, or the
/// undo came too late.
#[tokio::test(start_paused = true)]
async fn a_late_look_does_not_break_an_undo() {
    for shape in [Shape::Instance, Shape::Serverless] {
        let (mut undone, mut late_undos) = (0, 0);
        for point in sample(shape).await {
            let context = format!("{shape:?}: {point:?} is late");
            let fixture = Fixture::of(shape).await;
            let (job, names) = (fixture.job(), fixture.names().await);
            fixture.world.plan_faults(late(&point));
            let (forward, undo) = tokio::join!(fixture.go(&job, Direction::Forward), async {
                let has_reached = |calls: Vec<(DateTime<Utc>, String, bool)>| {
                    calls.iter().filter(|(_, operation, _)| *operation == point.operation).count()
                        >= point.nth.saturating_sub(1) as usize
                };
                while !has_reached(fixture.calls()) {
                    fixture.world.sleep(Duration::from_secs(5)).await;
                }
                fixture.world.sleep(Duration::from_secs(30)).await;
                fixture.undo(&job).await
            });
            fixture.world.plan_faults(Plan::NoFaults);
            let old = fixture.old().await;
            match undo {
                Outcome::Undone if old.is_some_and(|old| old.arn == fixture.orders.arn) => {
                    undone += 1;
                    // The late look may have tagged the old database after it was cleaned, or begun again.
                    if matches!(forward, Outcome::Failed { .. } | Outcome::Undone) {
                        assert_eq!(fixture.undo(&job).await, Outcome::Undone, "{context}");
                    }
                    fixture.assert_undone(&names, &context).await;
                }
                Outcome::Undone | Outcome::TooLate { .. } => {
                    late_undos += 1;
                    assert_eq!(fixture.go(&job, Direction::Forward).await, Outcome::Done, "{context}");
                    fixture.assert_done(&job, &context).await;
                }
                other => panic!("{other:?}, {forward:?}: {context}"),
            }
        }
        println!("{shape:?}: {undone} undone, {late_undos} too late");
        assert!(undone > 0);
    }
}

async fn sample(shape: Shape) -> Vec<CallPoint> {
    let fixture = Fixture::of(shape).await;
    assert!(is_last(&fixture.go(&fixture.job(), Direction::Forward).await));
    let (changing, looks): (Vec<_>, Vec<_>) = points(&fixture).into_iter().partition(|point| !point.is_look());
    let (of_changing, of_looks) = if faults::is_exhaustive() { (1, 1) } else { (9, 90) };
    changing.into_iter().step_by(of_changing).chain(looks.into_iter().step_by(of_looks)).collect()
}

fn late(point: &CallPoint) -> Plan {
    let at = Point::Call(point.operation.clone());
    Plan::List(vec![Fault { at, nth: point.nth, action: Action::Delay(LATE) }])
}
