//! Invariant 9 for the verifier: it may stop at any call, and any call may fail before or after its effect.

use sim::fault::{Action, Fault, Plan, Point};
use sim::journal::Event;

use super::*;

/// The calls of the functions since a time, with their number of each operation.
fn calls(fixture: &Fixture, start: DateTime<Utc>) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    fixture.world.journal(|journal| {
        for entry in journal.entries().iter().filter(|entry| entry.at >= start) {
            if let Event::Call { operation, role: Some(_), .. } = &entry.event {
                *counts.entry(operation.clone()).or_default() += 1;
            }
        }
    });
    counts
}

/// The verdict, and what is left, with one fault at a call of the functions.
async fn run(
    kind: Kind,
    fault: Option<(&str, u32, Action)>,
) -> ((Option<String>, BTreeSet<String>), BTreeMap<String, u32>) {
    let fixture = Fixture::new(&[], script(|_| done(good()))).await;
    let copy = fixture.copy(kind, "orders").await;
    let start = fixture.world.now();
    let faults = fault.map(|(operation, nth, action)| Fault { at: Point::Call(operation.to_owned()), nth, action });
    fixture.world.plan_faults(Plan::List(faults.into_iter().collect()));
    fixture.hours(9).await;
    fixture.world.plan_faults(Plan::NoFaults);
    let calls = calls(&fixture, start);
    ((fixture.verdict(&copy).await, fixture.databases().await), calls)
}

async fn each_trouble(kind: Kind) {
    let (expected, calls) = run(kind, None).await;
    assert_eq!(expected, (Some("verified available read".to_owned()), BTreeSet::new()));
    assert!(calls.len() > 10, "{calls:?}");
    let mut cases = 0;
    for (operation, count) in &calls {
        // Looks are alike: of those that only describe, the first two and the last.
        let is_look = ["Describe", "List"].iter().any(|prefix| operation.starts_with(prefix));
        let all: Vec<u32> = (1..=*count).filter(|nth| !is_look || *nth <= 2 || nth == count).take(8).collect();
        for nth in all {
            for action in [Action::Crash, Action::FailBefore, Action::FailAfter] {
                let (state, _) = run(kind, Some((operation, nth, action))).await;
                assert_eq!(state, expected, "{action:?} at call {nth} of {operation}");
                cases += 1;
            }
        }
    }
    println!("{kind:?}: {cases} cases");
    assert!(cases > 60, "{cases}");
}

#[tokio::test(start_paused = true)]
async fn each_trouble_with_an_instance_is_overcome() {
    each_trouble(Kind::Instance).await;
}

#[tokio::test(start_paused = true)]
async fn each_trouble_with_a_cluster_is_overcome() {
    each_trouble(Kind::Cluster).await;
}
