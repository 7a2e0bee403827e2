//! Fault injection, and its reproducibility.

use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use sim::World;
use sim::fault::{Action, Fault, Plan, Point, PointKind};

use crate::support::{PROD, REGION, epoch};

fn world() -> World {
    World::new(epoch())
}

/// A client without retries, so that each call returns its own result.
fn client(world: &World) -> Client {
    let config = world.sdk_config(PROD, REGION);
    Client::from_conf(aws_sdk_kms::config::Builder::from(&config).retry_config(RetryConfig::disabled()).build())
}

/// Creates a key with these faults. Returns whether the call succeeded, and the number of keys.
async fn make_a_key(actions: &[Action]) -> (bool, usize) {
    let world = world();
    let point = Point::Call("CreateKey".to_owned());
    let faults =
        actions.iter().zip(1..).map(|(action, nth)| Fault { at: point.clone(), nth, action: *action }).collect();
    world.plan_faults(Plan::List(faults));
    let kms = client(&world);
    let succeeded = kms.create_key().send().await.is_ok();
    let keys = kms.list_keys().send().await.expect("an answer").keys().len();
    (succeeded, keys)
}

#[tokio::test(start_paused = true)]
async fn a_call_may_fail_before_or_after_its_effect() {
    assert_eq!(make_a_key(&[]).await, (true, 1));
    assert_eq!(make_a_key(&[Action::FailBefore]).await, (false, 0));
    assert_eq!(make_a_key(&[Action::Refuse("InvalidParameterValue")]).await, (false, 0));
    assert_eq!(make_a_key(&[Action::FailAfter]).await, (false, 1));
    assert_eq!(make_a_key(&[Action::Throttle]).await, (false, 0));
    assert_eq!(make_a_key(&[Action::Delay(Duration::from_secs(30))]).await, (true, 1));
}

#[tokio::test(start_paused = true)]
async fn a_fault_affects_only_its_own_call() {
    let world = world();
    let at = Point::Call("CreateKey".to_owned());
    world.plan_faults(Plan::List(vec![Fault { at, nth: 2, action: Action::FailBefore }]));
    let kms = client(&world);
    let mut succeeded = Vec::new();
    for _ in 0..3 {
        succeeded.push(kms.create_key().send().await.is_ok());
    }
    assert_eq!(succeeded, [true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn the_sdk_retries_throttled_calls() {
    let world = world();
    let at = Point::Call("CreateKey".to_owned());
    world.plan_faults(Plan::List(vec![Fault { at, nth: 1, action: Action::Throttle }]));
    let kms = Client::new(&world.sdk_config(PROD, REGION));
    assert!(kms.create_key().send().await.is_ok());
    assert_eq!(world.journal(|journal| journal.count_calls("CreateKey")), 2);
}

/// The journal of a hundred calls with a fault rate of 10 %, as JSON lines.
async fn journal_of(seed: u64) -> String {
    let world = world();
    world.plan_faults(Plan::Rates { seed, per_mille: vec![(PointKind::Call, Action::FailBefore, 100)] });
    let kms = client(&world);
    for _ in 0..100 {
        let _ = kms.create_key().send().await;
    }
    world.journal(|journal| {
        journal.entries().iter().map(|entry| serde_json::to_string(entry).expect("JSON") + "\n").collect()
    })
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_run_byte_for_byte() {
    let first = journal_of(7).await;
    assert!(first.contains("InternalFailure"), "{first}");
    assert_eq!(first, journal_of(7).await);
    assert_ne!(first, journal_of(8).await);
}
