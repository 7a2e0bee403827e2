//! Permissions to invoke functions and to publish: of state machines by their role, of services by the policy of the
//! function or topic.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sim::journal::{DeliveryOutcome, Event};
use sim::lambda::Function;

use super::*;

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111111111111:function:look";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:t";
const RULE: &str = "arn:aws:events:eu-west-1:111111111111:rule/sweep";

/// A function that counts its invocations.
fn counting() -> (Function, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let function = Function::new("looker", move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok(Value::Null) }
    });
    (function, count)
}

/// The journal's deliveries: the source, and the outcome.
fn deliveries(world: &World) -> Vec<(String, DeliveryOutcome)> {
    world.journal(|journal| {
        let of = |entry: &sim::journal::Entry| match &entry.event {
            Event::Delivery { topic, outcome, .. } => Some((topic.clone(), *outcome)),
            _ => None,
        };
        journal.entries().iter().filter_map(of).collect()
    })
}

async fn topic_with_listener(world: &World, function: &str) -> aws_sdk_sns::Client {
    let sns = aws_sdk_sns::Client::new(&world.sdk_config(ACCOUNT, REGION));
    sns.create_topic().name("t").send().await.expect("a topic");
    sns.subscribe().topic_arn(TOPIC).protocol("lambda").endpoint(function).send().await.expect("a subscription");
    sns
}

#[tokio::test(start_paused = true)]
async fn a_topic_invokes_a_function_only_with_permission() {
    let world = world();
    let (function, count) = counting();
    world.add_function(ACCOUNT, REGION, "look", function.require_permission());
    let sns = topic_with_listener(&world, FUNCTION).await;
    let publish = async || {
        sns.publish().topic_arn(TOPIC).message("a").send().await.expect("published");
        world.sleep(Duration::from_secs(60)).await;
        count.load(Ordering::Relaxed)
    };
    assert_eq!(publish().await, 0);
    let other = "arn:aws:sns:eu-west-1:111111111111:other";
    world.allow_invocation(FUNCTION, "sns.amazonaws.com", other).expect("a permission");
    world.allow_invocation(FUNCTION, "events.amazonaws.com", TOPIC).expect("a permission");
    assert_eq!(publish().await, 0);
    world.allow_invocation(FUNCTION, "sns.amazonaws.com", TOPIC).expect("a permission");
    assert_eq!(publish().await, 1);
    let outcomes: Vec<_> = deliveries(&world).into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(outcomes, [DeliveryOutcome::Failed, DeliveryOutcome::Failed, DeliveryOutcome::Delivered]);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_invokes_a_function_only_with_permission() {
    let world = world();
    let (function, count) = counting();
    world.add_function(ACCOUNT, REGION, "look", function.require_permission());
    let hour = Duration::from_secs(3600);
    world.add_schedule(ACCOUNT, REGION, "sweep", hour, FUNCTION, Value::Null);
    world.sleep(hour * 2 + hour / 2).await;
    assert_eq!(
        deliveries(&world),
        [(RULE.to_owned(), DeliveryOutcome::Failed), (RULE.to_owned(), DeliveryOutcome::Failed)]
    );
    world.allow_invocation(FUNCTION, "events.amazonaws.com", "arn:aws:events:*:*:rule/sw*").expect("a permission");
    world.sleep(hour).await;
    assert_eq!((deliveries(&world).len(), count.load(Ordering::Relaxed)), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn after_the_first_permission_all_other_services_are_refused() {
    let world = world();
    let deploy = || world.add_function(ACCOUNT, REGION, "look", counting().0);
    deploy();
    let hour = Duration::from_secs(3600);
    world.add_schedule(ACCOUNT, REGION, "sweep", hour, FUNCTION, Value::Null);
    let refused = async || {
        let before = deliveries(&world).len();
        world.sleep(hour).await;
        deliveries(&world).len() - before
    };
    assert_eq!(refused().await, 0);
    world.allow_invocation(FUNCTION, "sns.amazonaws.com", TOPIC).expect("a permission");
    assert_eq!(refused().await, 1);
    // Replacing the code keeps the permissions.
    deploy();
    assert_eq!(refused().await, 1);
    world.remove_function(ACCOUNT, REGION, "look");
    deploy();
    assert_eq!(refused().await, 0);
}

#[tokio::test(start_paused = true)]
async fn invocation_permissions_require_a_service_and_an_existing_function() {
    let world = world();
    let gone = world.allow_invocation(FUNCTION, "sns.amazonaws.com", TOPIC);
    assert_eq!(gone, Err(format!("there is no function {FUNCTION}")));
    world.add_function(ACCOUNT, REGION, "look", counting().0);
    world.allow_invocation(FUNCTION, ACCOUNT, TOPIC).expect_err("no service");
}

#[tokio::test(start_paused = true)]
async fn a_state_machine_invokes_and_publishes_what_its_role_allows() {
    let world = world();
    let (function, count) = counting();
    world.add_function(ACCOUNT, REGION, "look", function);
    let root = world.sdk_config(ACCOUNT, REGION);
    aws_sdk_sns::Client::new(&root).create_topic().name("t").send().await.expect("a topic");
    let states = aws_sdk_sfn::Client::new(&root);
    let publish = json!({ "TopicArn": TOPIC, "Message": "done" });
    let definition = json!({ "StartAt": "Look", "States": {
        "Look": { "Type": "Task", "Resource": FUNCTION, "Next": "Look again" },
        "Look again": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": { "FunctionName": "look" }, "Next": "Tell",
        },
        "Tell": { "Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": publish, "End": true },
    } });
    let made = states.create_state_machine().name("m").definition(definition.to_string());
    let made = made.role_arn("arn:aws:iam::111111111111:role/worker").send().await.expect("a machine");
    let run = async |name: &str| {
        let run = states.start_execution().state_machine_arn(&made.state_machine_arn).name(name).send().await;
        world.sleep(Duration::from_secs(60)).await;
        let execution = run.expect("an execution").execution_arn;
        let seen = states.describe_execution().execution_arn(execution).send().await.expect("an execution");
        (seen.error.unwrap_or_default(), seen.cause.unwrap_or_default(), count.load(Ordering::Relaxed))
    };
    allow_worker(&world, ACCOUNT, &json!([allow("lambda:InvokeFunction", "arn:aws:lambda:*:*:function:other")]));
    let (error, cause, count) = run("a").await;
    assert_eq!((error.as_str(), count), ("Lambda.AWSLambdaException", 0));
    let message = "User: arn:aws:sts::111111111111:assumed-role/worker/a is not authorized to perform: \
               lambda:InvokeFunction on resource: arn:aws:lambda:eu-west-1:111111111111:function:look because no \
               identity-based policy allows the lambda:InvokeFunction action (Service: AWSLambda; Status Code: 403; \
               Error Code: AccessDeniedException; Request ID: ";
    assert!(cause.starts_with(message), "{cause}");
    allow_worker(&world, ACCOUNT, &json!([allow("lambda:InvokeFunction", FUNCTION)]));
    let (error, _, count) = run("b").await;
    assert_eq!((error.as_str(), count), ("SNS.AuthorizationErrorException", 2));
    allow_worker(&world, ACCOUNT, &json!([allow("lambda:InvokeFunction", FUNCTION), allow("sns:Publish", TOPIC)]));
    assert_eq!(run("c").await, (String::new(), String::new(), 4));
    assert_eq!(world.unused_permissions(ACCOUNT, "worker"), Ok(Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_failed_event_is_sent_to_destinations_that_the_functions_role_allows() {
    let dead = "arn:aws:sqs:eu-west-1:111111111111:dead";
    for (destination, action) in [(dead, "sqs:SendMessage"), (TOPIC, "sns:Publish")] {
        for (allowed, expected) in
            [("sqs:ReceiveMessage", DeliveryOutcome::Failed), (action, DeliveryOutcome::Delivered)]
        {
            let world = world();
            let root = world.sdk_config(ACCOUNT, REGION);
            aws_sdk_sqs::Client::new(&root).create_queue().queue_name("dead").send().await.expect("a queue");
            aws_sdk_sns::Client::new(&root).create_topic().name("t").send().await.expect("a topic");
            allow_worker(&world, ACCOUNT, &json!([allow(allowed, destination)]));
            let function = Function::new("worker", |_| async { Err("never".to_owned()) }).on_failure(destination);
            let function = world.add_function(ACCOUNT, REGION, "look", function);
            world.invoke_function(&function, Value::Null);
            world.sleep(Duration::from_secs(600)).await;
            let outcome = world.journal(|journal| {
                let of = |entry: &sim::journal::Entry| match &entry.event {
                    Event::DeadLetter { outcome, .. } => Some(*outcome),
                    _ => None,
                };
                journal.entries().iter().find_map(of)
            });
            assert_eq!(outcome, Some(expected), "{destination} {allowed}");
            let unused = world.unused_permissions(ACCOUNT, "worker").expect("a role");
            assert_eq!(unused.is_empty(), expected == DeliveryOutcome::Delivered);
        }
    }
}

/// Sets a topic policy that allows RDS to publish under this condition.
async fn let_rds_publish(sns: &aws_sdk_sns::Client, condition: Value) {
    let policy = json!({ "Statement": {
        "Effect": "Allow", "Principal": { "Service": "events.rds.amazonaws.com" }, "Action": "sns:Publish",
        "Resource": TOPIC, "Condition": condition,
    } });
    let set = sns.set_topic_attributes().topic_arn(TOPIC).attribute_name("Policy").attribute_value(policy.to_string());
    set.send().await.expect("a policy");
}

#[tokio::test(start_paused = true)]
async fn rds_publishes_for_its_resources_in_its_account() {
    // For each condition, whether it holds with each answer to the question `source-arn`.
    for (condition, expected) in [
        (json!({ "ArnLike": { "aws:SourceArn": "arn:aws:rds:eu-west-1:111111111111:snapshot:s" } }), [1, 0]),
        (json!({ "ArnLike": { "aws:SourceArn": "arn:aws:rds:eu-west-1:111111111111:es:n" } }), [0, 1]),
        (json!({ "StringEquals": { "aws:SourceAccount": ACCOUNT } }), [1, 1]),
        (json!({ "StringEquals": { "aws:SourceAccount": OTHER_ACCOUNT } }), [0, 0]),
        (json!({ "StringEquals": { "AWS:SourceOwner": ACCOUNT } }), [1, 1]),
    ] {
        let mut published = Vec::new();
        for source_arn in SourceArn::ALL {
            let answers = Answers { source_arn: *source_arn, ..Answers::default() };
            let world = World::with_settings(Settings { answers, ..settings() });
            snapshot(&world, ACCOUNT, &[]).await;
            let (function, count) = counting();
            let function = world.add_function(ACCOUNT, REGION, "look", function);
            let sns = topic_with_listener(&world, &function).await;
            let rds = aws_sdk_rds::Client::new(&world.sdk_config(ACCOUNT, REGION));
            let subscribe = rds.create_event_subscription().subscription_name("n").sns_topic_arn(TOPIC);
            subscribe.send().await.expect("a subscription");
            world.sleep(Duration::from_secs(60)).await;
            let greetings = count.load(Ordering::Relaxed);
            let_rds_publish(&sns, condition.clone()).await;
            rds.delete_db_snapshot().db_snapshot_identifier("s").send().await.expect("a deletion");
            world.sleep(Duration::from_secs(60)).await;
            published.push(count.load(Ordering::Relaxed) - greetings);
        }
        assert_eq!(published, expected, "{condition}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_source_arn_of_the_greeting_is_the_subscription() {
    let world = world();
    let sns = topic_with_listener(&world, FUNCTION).await;
    let rds = aws_sdk_rds::Client::new(&world.sdk_config(ACCOUNT, REGION));
    let subscribe = || rds.create_event_subscription().subscription_name("n").sns_topic_arn(TOPIC).send();
    let_rds_publish(&sns, json!({ "ArnLike": { "aws:SourceArn": "arn:aws:rds:eu-west-1:111111111111:es:m" } })).await;
    assert_eq!(code(outcome(subscribe().await)), "SNSNoAuthorization");
    let_rds_publish(&sns, json!({ "ArnLike": { "aws:SourceArn": "arn:aws:rds:eu-west-1:111111111111:es:n" } })).await;
    assert_eq!(outcome(subscribe().await), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_topic_without_a_policy_accepts_events_of_its_own_account_only() {
    let world = world();
    topic_with_listener(&world, FUNCTION).await;
    for (account, expected) in [(ACCOUNT, "done"), (OTHER_ACCOUNT, "SNSNoAuthorization")] {
        let rds = aws_sdk_rds::Client::new(&world.sdk_config(account, REGION));
        let subscribe = rds.create_event_subscription().subscription_name("n").sns_topic_arn(TOPIC);
        assert_eq!(code(outcome(subscribe.send().await)), expected);
    }
}
