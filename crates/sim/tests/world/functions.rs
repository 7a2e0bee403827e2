//! Functions: their input, retries and outcomes.

use std::sync::Mutex;
use std::time::Duration;

use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use serde_json::{Value, json};
use sim::fault::{Action, Fault, Plan, Point, PointKind};
use sim::journal::{DeliveryOutcome, Event, InvocationOutcome};
use sim::lambda::{Function, Invocation, InvocationError};
use sim::{Settings, World};

use crate::support::{self, PROD as ACCOUNT, REGION, epoch, world};

pub(crate) fn add(world: &World, name: &str, function: Function) -> String {
    world.add_function(ACCOUNT, REGION, name, function)
}

pub(crate) fn failing() -> Function {
    Function::new("orders", |_| async { Err("no such order".to_owned()) })
}

pub(crate) fn sleeping(seconds: u64) -> Function {
    Function::new("orders", move |_| async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        Ok(Value::Null)
    })
}

/// A function that creates the topics `a`, `b` and `c`, without retries.
fn making_topics() -> Function {
    Function::new("orders", |invocation: Invocation| async move {
        let sns = sns(&invocation.config);
        for name in ["a", "b", "c"] {
            sns.create_topic().name(name).send().await.map_err(|error| error.to_string())?;
        }
        Ok(Value::Null)
    })
}

/// A client with its own retry partition, so that its failures do not affect other tests.
fn sns(config: &aws_types::SdkConfig) -> aws_sdk_sns::Client {
    let own = RetryPartition::custom("test").token_bucket(TokenBucket::default()).build();
    aws_sdk_sns::Client::from_conf(aws_sdk_sns::config::Builder::from(config).retry_partition(own).build())
}

/// The invocations: end in seconds since the start of the world, number of the attempt, outcome.
pub(crate) fn invocations(world: &World) -> Vec<(i64, u32, InvocationOutcome)> {
    world.journal(|journal| {
        let of = |entry: &sim::journal::Entry| match entry.event {
            Event::Invocation { attempt, outcome, .. } => Some(((entry.at - epoch()).num_seconds(), attempt, outcome)),
            _ => None,
        };
        journal.entries().iter().filter_map(of).collect()
    })
}

pub(crate) async fn queue(world: &World, name: &str) -> (aws_sdk_sqs::Client, String) {
    let sqs = support::sqs(world, ACCOUNT);
    let url = support::queue(&sqs, name).await;
    (sqs, url)
}

/// The only message in a queue.
pub(crate) async fn only_message(sqs: &aws_sdk_sqs::Client, url: &str) -> Value {
    let bodies = support::bodies(sqs, url).await;
    assert_eq!(bodies.len(), 1);
    serde_json::from_str(&bodies[0]).expect("JSON")
}

fn list(at: &Point, actions: &[(u32, Action)]) -> Plan {
    Plan::List(actions.iter().map(|&(nth, action)| Fault { at: at.clone(), nth, action }).collect())
}

#[tokio::test(start_paused = true)]
async fn a_failing_event_is_retried_after_one_and_two_minutes_and_then_sent_to_the_queue() {
    let world = world();
    let (sqs, url) = queue(&world, "dead").await;
    let arn = add(&world, "f", failing().on_failure("arn:aws:sqs:eu-west-1:111111111111:dead"));
    world.invoke_function(&arn, json!({ "order": 7 }));
    world.sleep(Duration::from_secs(3600)).await;
    assert_eq!(
        invocations(&world),
        [(0, 1, InvocationOutcome::Error), (60, 2, InvocationOutcome::Error), (180, 3, InvocationOutcome::Error)],
    );
    let mut record = only_message(&sqs, &url).await;
    assert!(record["requestContext"]["requestId"].take().is_string());
    assert_eq!(
        record,
        json!({
            "version": "1.0",
            "timestamp": "2026-11-21T03:03:00.000Z",
            "requestContext": {
                "requestId": null,
                "functionArn": "arn:aws:lambda:eu-west-1:111111111111:function:f:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
            },
            "requestPayload": { "order": 7 },
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
            "responsePayload": { "errorType": "Error", "errorMessage": "no such order" },
        }),
    );
}

#[tokio::test(start_paused = true)]
async fn retries_end_when_the_function_succeeds() {
    for succeeds_at in 1..=3 {
        let world = world();
        let tries = Mutex::new(0);
        let arn = add(
            &world,
            "f",
            Function::new("orders", move |_| {
                let tried = {
                    let mut tries = tries.lock().expect("a lock");
                    *tries += 1;
                    *tries
                };
                async move { if tried == succeeds_at { Ok(Value::Null) } else { Err("not yet".to_owned()) } }
            }),
        );
        world.invoke_function(&arn, Value::Null);
        world.sleep(Duration::from_secs(3600)).await;
        let tried = invocations(&world);
        assert_eq!(tried.len(), succeeds_at);
        assert_eq!(tried.last().expect("a try").2, InvocationOutcome::Ok);
    }
}

#[tokio::test(start_paused = true)]
async fn the_on_failure_destination_can_be_a_topic() {
    let world = world();
    let (sqs, url) = queue(&world, "q").await;
    let sns = sns(&world.sdk_config(ACCOUNT, REGION));
    let topic = support::topic(&sns, "t").await;
    let queue = "arn:aws:sqs:eu-west-1:111111111111:q";
    sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(queue).send().await.expect("a subscription");
    let arn = add(&world, "f", failing().on_failure(&topic));
    world.invoke_function(&arn, json!("x"));
    world.sleep(Duration::from_secs(3600)).await;
    let message = only_message(&sqs, &url).await;
    let record: Value = serde_json::from_str(message["Message"].as_str().expect("a message")).expect("JSON");
    assert_eq!(record["requestPayload"], "x");
}

#[tokio::test(start_paused = true)]
async fn a_missing_on_failure_destination_is_a_failed_dead_letter_in_the_journal() {
    let world = world();
    let arn = add(&world, "f", failing().on_failure("arn:aws:sqs:eu-west-1:111111111111:nowhere"));
    world.invoke_function(&arn, Value::Null);
    world.sleep(Duration::from_secs(3600)).await;
    let failed = |event: &Event| matches!(event, Event::DeadLetter { outcome: DeliveryOutcome::Failed, .. });
    assert!(world.journal(|journal| journal.entries().iter().any(|entry| failed(&entry.event))));
}

#[tokio::test(start_paused = true)]
async fn a_function_is_stopped_at_its_timeout_and_retried() {
    let world = world();
    let arn = add(&world, "f", sleeping(31).timeout(Duration::from_secs(30)));
    world.invoke_function(&arn, Value::Null);
    world.sleep(Duration::from_secs(3600)).await;
    assert_eq!(
        invocations(&world),
        [
            (30, 1, InvocationOutcome::Timeout),
            (120, 2, InvocationOutcome::Timeout),
            (270, 3, InvocationOutcome::Timeout)
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn a_stopped_function_makes_no_more_calls() {
    let world = world();
    let arn = add(
        &world,
        "f",
        Function::new("orders", |invocation: Invocation| async move {
            let sns = sns(&invocation.config);
            loop {
                tokio::time::sleep(Duration::from_secs(25)).await;
                sns.list_topics().send().await.map_err(|error| error.to_string())?;
            }
        }),
    );
    let failed = world.invoke_function_and_wait(&arn, Value::Null).await.expect_err("a timeout");
    assert_eq!(failed.error, "Sandbox.Timedout");
    assert!(failed.cause.contains("Task timed out after 60.00 seconds"), "{}", failed.cause);
    world.sleep(Duration::from_secs(3600)).await;
    assert_eq!(world.journal(|journal| journal.count_calls("ListTopics")), 2);
}

#[tokio::test(start_paused = true)]
async fn a_function_calls_as_its_role() {
    let world = world();
    let arn = add(
        &world,
        "f",
        Function::new("orders-role", |invocation: Invocation| async move {
            let sts = aws_sdk_sts::Client::new(&invocation.config);
            let identity = sts.get_caller_identity().send().await.map_err(|error| error.to_string())?;
            Ok(json!(identity.arn()))
        }),
    );
    let result = world.invoke_function_and_wait(&arn, Value::Null).await;
    assert_eq!(result, Ok(json!("arn:aws:sts::111111111111:assumed-role/orders-role/f@1")));
}

#[tokio::test(start_paused = true)]
async fn a_function_gets_its_payload_environment_arn_and_deadline() {
    let world = world();
    let function = Function::new("orders", |invocation: Invocation| async move {
        let Invocation { payload, environment, function_arn, deadline, .. } = invocation;
        Ok(json!([payload, environment, function_arn, deadline]))
    });
    let arn = add(&world, "f", function.environment("LEVEL", "info").timeout(Duration::from_secs(7)));
    let result = world.invoke_function_and_wait(&arn, json!({ "a": 1 })).await;
    assert_eq!(result, Ok(json!([{ "a": 1 }, { "LEVEL": "info" }, arn, "2026-11-21T03:00:07Z"])));
}

#[tokio::test(start_paused = true)]
async fn a_synchronous_invocation_returns_the_error() {
    let world = world();
    let result = async |name, function| {
        let arn = add(&world, name, function);
        world.invoke_function_and_wait(&arn, Value::Null).await.expect_err("a failure").error
    };
    assert_eq!(result("fails", failing()).await, "Error");
    assert_eq!(result("sleeps", sleeping(100)).await, "Sandbox.Timedout");
    assert_eq!(result("full", sleeping(1).reserved_concurrency(0)).await, "Lambda.TooManyRequestsException");
    let panics = Function::new("orders", |invocation: Invocation| async move {
        assert_eq!(invocation.payload, json!(1), "an intended panic");
        Ok(Value::Null)
    });
    assert_eq!(result("panics", panics).await, "Error");
    world.remove_function(ACCOUNT, REGION, "fails");
    let gone =
        world.invoke_function_and_wait("arn:aws:lambda:eu-west-1:111111111111:function:fails", Value::Null).await;
    assert_eq!(
        gone,
        Err(InvocationError {
            error: "Lambda.ResourceNotFoundException".to_owned(),
            cause: "Function not found: arn:aws:lambda:eu-west-1:111111111111:function:fails".to_owned(),
        }),
    );
}

#[tokio::test(start_paused = true)]
async fn a_killed_function_keeps_its_earlier_calls_and_makes_no_more() {
    let world = world();
    world.plan_faults(list(&Point::Call("CreateTopic".to_owned()), &[(2, Action::Crash)]));
    let arn = add(&world, "f", making_topics());
    let failed = world.invoke_function_and_wait(&arn, Value::Null).await.expect_err("an error");
    assert_eq!(failed.error, "Runtime.ExitError");
    world.sleep(Duration::from_secs(3600)).await;
    let topics = sns(&world.sdk_config(ACCOUNT, REGION)).list_topics().send().await.expect("a list");
    let arns: Vec<_> = topics.topics().iter().filter_map(|topic| topic.topic_arn()).collect();
    assert_eq!(arns, ["arn:aws:sns:eu-west-1:111111111111:a"]);
    assert_eq!(world.journal(|journal| journal.count_calls("CreateTopic")), 1);
    assert_eq!(invocations(&world), [(0, 1, InvocationOutcome::Killed)]);
}

#[tokio::test(start_paused = true)]
async fn a_killed_function_is_retried() {
    let world = world();
    world.plan_faults(list(&Point::Call("CreateTopic".to_owned()), &[(1, Action::Crash), (4, Action::Crash)]));
    let arn = add(&world, "f", making_topics());
    world.invoke_function(&arn, Value::Null);
    world.sleep(Duration::from_secs(3600)).await;
    assert_eq!(
        invocations(&world),
        [(0, 1, InvocationOutcome::Killed), (60, 2, InvocationOutcome::Killed), (180, 3, InvocationOutcome::Ok)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_crash_fault_affects_only_calls_of_functions() {
    let world = world();
    world.plan_faults(list(&Point::Call("CreateTopic".to_owned()), &[(1, Action::Crash)]));
    sns(&world.sdk_config(ACCOUNT, REGION)).create_topic().name("a").send().await.expect("a topic");
}

#[tokio::test(start_paused = true)]
async fn each_fault_has_its_effect_on_an_invocation() {
    use InvocationOutcome as Outcome;
    let late = Action::Delay(Duration::from_secs(7));
    let table: [(Action, &[_]); 7] = [
        (Action::Lose, &[(0, 1, Outcome::Lost)]),
        (Action::Duplicate, &[(0, 1, Outcome::Ok), (0, 1, Outcome::Ok)]),
        (late, &[(7, 1, Outcome::Ok)]),
        (Action::FailBefore, &[(0, 1, Outcome::Error), (60, 2, Outcome::Ok)]),
        (Action::FailAfter, &[(0, 1, Outcome::Ok), (60, 2, Outcome::Ok)]),
        (Action::Throttle, &[(0, 1, Outcome::Throttled), (1, 1, Outcome::Ok)]),
        (Action::Crash, &[(0, 1, Outcome::Killed), (60, 2, Outcome::Ok)]),
    ];
    for (action, expected) in table {
        let world = world();
        world.plan_faults(list(&Point::Invocation("f".to_owned()), &[(1, action)]));
        let arn = add(&world, "f", making_topics());
        world.invoke_function(&arn, Value::Null);
        world.sleep(Duration::from_secs(3600)).await;
        assert_eq!(invocations(&world), expected, "{action:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_schedule_invokes_its_function_until_it_is_removed() {
    let world = world();
    let arn = add(&world, "f", sleeping(0));
    let hour = Duration::from_secs(3600);
    world.add_schedule(ACCOUNT, REGION, "sweep", Duration::from_secs(60), &arn, json!("replaced"));
    world.add_schedule(ACCOUNT, REGION, "sweep", hour, &arn, json!("sweep"));
    world.sleep(hour * 3 + hour / 2).await;
    world.remove_schedule(ACCOUNT, REGION, "sweep");
    world.sleep(hour * 3).await;
    let times: Vec<_> = invocations(&world).into_iter().map(|(time, ..)| time).collect();
    assert_eq!(times, [3600, 7200, 10800]);
}

/// The journal of a day on which a function receives messages, makes calls and publishes, with random faults.
async fn journal_of_a_day_with_faults(seed: u64) -> String {
    // The SDK uses this random number generator for the delays between retries.
    fastrand::seed(seed);
    let world = World::with_settings(Settings { epoch: epoch(), seed, ..Settings::default() });
    let admin = sns(&world.sdk_config(ACCOUNT, REGION));
    let topic = support::topic(&admin, "t").await;
    let function = Function::new("orders", |invocation: Invocation| async move {
        let sns = sns(&invocation.config);
        sns.list_topics().send().await.map_err(|error| error.to_string())?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        sns.list_subscriptions().send().await.map_err(|error| error.to_string())?;
        Ok(Value::Null)
    });
    let arn = add(&world, "f", function.reserved_concurrency(3));
    admin.subscribe().topic_arn(&topic).protocol("lambda").endpoint(&arn).send().await.expect("a subscription");
    world.add_schedule(ACCOUNT, REGION, "sweep", Duration::from_secs(3600), &arn, Value::Null);
    let late = Action::Delay(Duration::from_secs(90));
    let actions =
        [Action::FailBefore, Action::FailAfter, Action::Throttle, late, Action::Lose, Action::Duplicate, Action::Crash];
    let kinds = [PointKind::Call, PointKind::Delivery, PointKind::Invocation];
    let per_mille = kinds.into_iter().flat_map(|kind| actions.map(|action| (kind, action, 50))).collect();
    world.plan_faults(Plan::Rates { seed, per_mille });
    for n in 0..100 {
        // A fault may make the publish fail.
        let _ = admin.publish().topic_arn(&topic).message(format!("{n}")).send().await;
        world.sleep(Duration::from_secs(n % 3 * 200)).await;
    }
    world.sleep(Duration::from_secs(3600)).await;
    world.journal(|journal| serde_json::to_string(journal.entries())).expect("JSON")
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(future)
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let first = run(journal_of_a_day_with_faults(7));
    for outcome in ["ok", "error", "killed", "throttled", "lost", "delivered"] {
        assert!(first.contains(&format!(r#""outcome":"{outcome}""#)), "no event has the outcome {outcome}");
    }
    assert!(first == run(journal_of_a_day_with_faults(7)), "the journals of two runs with one seed differ");
    assert!(first != run(journal_of_a_day_with_faults(8)), "the seed has no effect");
}
