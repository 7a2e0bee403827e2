//! Events that wait because too many functions run, or because Lambda throttles them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use sim::World;
use sim::fault::{Action, Plan, PointKind};
use sim::journal::{DeliveryOutcome, Event, InvocationOutcome};
use sim::lambda::Function;
use sim::questions::ThrottledEvents;

use crate::functions::{add, failing, invocations, only_message, queue, sleeping};
use crate::support::{epoch, world, world_where};

/// The times of the attempts of each event, in milliseconds since the start of the world.
fn attempts_by_event(world: &World) -> Vec<Vec<i64>> {
    let mut events = BTreeMap::<String, Vec<i64>>::new();
    world.journal(|journal| {
        for entry in journal.entries() {
            if let Event::Invocation { request_id, .. } = &entry.event {
                let time = (entry.at - epoch()).num_milliseconds();
                events.entry(request_id.clone()).or_default().push(time);
            }
        }
    });
    events.into_values().collect()
}

#[tokio::test(start_paused = true)]
async fn reserved_concurrency_delays_events_without_failing_them() {
    let world = world();
    let (running, most) = (Arc::new(Mutex::new((0, 0))), 2);
    let seen = Arc::clone(&running);
    let function = Function::new("orders", move |_| {
        let running = Arc::clone(&running);
        async move {
            {
                let mut now = running.lock().expect("a lock");
                now.0 += 1;
                now.1 = now.1.max(now.0);
            }
            tokio::time::sleep(Duration::from_secs(10)).await;
            running.lock().expect("a lock").0 -= 1;
            Ok(Value::Null)
        }
    });
    let arn = add(&world, "f", function.reserved_concurrency(most));
    (0..5).for_each(|n| world.invoke_function(&arn, json!(n)));
    world.sleep(Duration::from_secs(3600)).await;
    assert_eq!(*seen.lock().expect("a lock"), (0, 2));
    let done: Vec<_> =
        invocations(&world).into_iter().filter(|(_, _, outcome)| *outcome == InvocationOutcome::Ok).collect();
    assert_eq!(done.iter().map(|(_, attempt, _)| *attempt).collect::<Vec<_>>(), [1; 5]);
}

// "For throttling errors (429) …, Lambda … attempts to run the function again for up to 6 hours by default. The retry interval increases
// exponentially from 1 second after the first attempt to a maximum of 5 minutes." (Lambda's guide)
#[tokio::test(start_paused = true)]
async fn a_throttled_event_is_tried_again_at_growing_intervals_and_given_up_after_six_hours() {
    const SECOND: i64 = 1000;
    const MAX_INTERVAL: i64 = 300 * SECOND;
    const MAX_AGE: i64 = 6 * 3600 * SECOND;
    for answer in ThrottledEvents::ALL {
        let world = world_where(|answers| answers.throttled_events = *answer);
        let (sqs, url) = queue(&world, "dead").await;
        world.plan_faults(Plan::Rates { seed: 0, per_mille: vec![(PointKind::Invocation, Action::Throttle, 1000)] });
        let arn = add(&world, "f", failing().on_failure("arn:aws:sqs:eu-west-1:111111111111:dead"));
        world.invoke_function(&arn, Value::Null);
        world.sleep(Duration::from_secs(7 * 3600)).await;
        let times = attempts_by_event(&world).remove(0);
        let intervals: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!((times[0], intervals[0]), (0, SECOND), "{answer:?}");
        assert!(
            intervals.iter().all(|interval| (SECOND..=MAX_INTERVAL).contains(interval)),
            "{answer:?}: {intervals:?}"
        );
        assert!(intervals[..8].is_sorted() && intervals[7] > 60 * SECOND, "{answer:?}: {intervals:?}");
        let last = *times.last().expect("an attempt");
        assert!((MAX_AGE - MAX_INTERVAL..=MAX_AGE).contains(&last), "{answer:?}: {last}");
        let record = only_message(&sqs, &url).await;
        assert_eq!(record["requestContext"]["condition"], "EventAgeExceeded");
        assert_eq!(record["requestContext"]["approximateInvokeCount"], 0);
    }
}

/// A world with this answer, in which a function has got this many events at one moment, seven hours ago. It runs for a second, one event
/// at a time.
async fn burst(answer: ThrottledEvents, events: usize) -> World {
    let world = world_where(|answers| answers.throttled_events = answer);
    queue(&world, "dead").await;
    let function = sleeping(1).reserved_concurrency(1).on_failure("arn:aws:sqs:eu-west-1:111111111111:dead");
    let arn = add(&world, "f", function);
    (0..events).for_each(|_| world.invoke_function(&arn, Value::Null));
    world.sleep(Duration::from_secs(7 * 3600)).await;
    world
}

/// How many events succeeded, and how many were sent to the on-failure destination.
fn ends(world: &World) -> (usize, usize) {
    world.journal(|journal| {
        let count = |is: fn(&Event) -> bool| journal.entries().iter().filter(|entry| is(&entry.event)).count();
        (
            count(|event| matches!(event, Event::Invocation { outcome: InvocationOutcome::Ok, .. })),
            count(|event| matches!(event, Event::DeadLetter { outcome: DeliveryOutcome::Delivered, .. })),
        )
    })
}

#[tokio::test(start_paused = true)]
async fn each_event_of_a_burst_succeeds_or_is_sent_to_the_destination() {
    for answer in ThrottledEvents::ALL {
        let (succeeded, given_up) = ends(&burst(*answer, 200).await);
        assert_eq!(succeeded + given_up, 200, "{answer:?}");
    }
}

/// The open question `throttled-events`: the times of the attempts of three events that are always throttled.
async fn attempts_of_throttled(answer: ThrottledEvents) -> Vec<Vec<i64>> {
    let world = world_where(|answers| answers.throttled_events = answer);
    world.plan_faults(Plan::Rates { seed: 0, per_mille: vec![(PointKind::Invocation, Action::Throttle, 1000)] });
    let arn = add(&world, "f", sleeping(1));
    (0..3).for_each(|_| world.invoke_function(&arn, Value::Null));
    world.sleep(Duration::from_secs(7 * 3600)).await;
    let attempts = attempts_by_event(&world);
    assert_eq!(attempts.len(), 3);
    attempts
}

#[tokio::test(start_paused = true)]
async fn events_that_were_throttled_at_one_moment_have_intervals_of_their_own_under_the_answer_apart() {
    let attempts = attempts_of_throttled(ThrottledEvents::Apart).await;
    for (first, second) in [(0, 1), (1, 2), (2, 0)] {
        assert_eq!(attempts[first][..2], attempts[second][..2]);
        assert_ne!(attempts[first][2], attempts[second][2]);
    }
    assert_eq!(ends(&burst(ThrottledEvents::Apart, 200).await), (200, 0));
}

#[tokio::test(start_paused = true)]
async fn events_that_were_throttled_at_one_moment_are_tried_again_at_one_moment_under_the_answer_together() {
    let attempts = attempts_of_throttled(ThrottledEvents::Together).await;
    assert_eq!((&attempts[1], &attempts[2]), (&attempts[0], &attempts[0]));
    // One of the events succeeds in each round, so there are fewer rounds than events.
    let (_, given_up) = ends(&burst(ThrottledEvents::Together, 200).await);
    assert!(given_up > 0);
}

#[tokio::test(start_paused = true)]
async fn zero_reserved_concurrency_gives_up_events_without_retries() {
    let world = world();
    let (sqs, url) = queue(&world, "dead").await;
    let dead = "arn:aws:sqs:eu-west-1:111111111111:dead";
    let arn = add(&world, "f", failing().reserved_concurrency(0).on_failure(dead));
    world.invoke_function(&arn, Value::Null);
    assert_eq!(only_message(&sqs, &url).await["requestContext"]["condition"], "ZeroReservedConcurrency");
    assert_eq!(invocations(&world), []);
}
