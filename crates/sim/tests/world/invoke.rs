//! `Invoke`: a caller that waits for the result of a function, and one that hands over an event.

use std::time::Duration;

use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LogType};
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_types::retry::RetryConfig;
use serde_json::{Value, json};
use sim::World;
use sim::fault::{Action, EVERY, Fault, Plan, Point};
use sim::journal::Event;
use sim::lambda::{Function, Invocation};

use crate::support::{self, DR, PROD as ACCOUNT, REGION, code, world};

fn client(config: &aws_types::SdkConfig) -> aws_sdk_lambda::Client {
    let own = RetryPartition::custom("test").token_bucket(TokenBucket::default()).build();
    let config = aws_sdk_lambda::config::Builder::from(config).retry_partition(own);
    aws_sdk_lambda::Client::from_conf(config.retry_config(RetryConfig::disabled()).build())
}

async fn invoke(world: &World, function: &str, payload: &str) -> Result<InvokeOutput, String> {
    let lambda = client(&world.sdk_config(ACCOUNT, REGION));
    code(lambda.invoke().function_name(function).payload(Blob::new(payload)).send().await)
}

fn payload(output: &InvokeOutput) -> Value {
    serde_json::from_slice(output.payload().expect("a payload").as_ref()).expect("JSON")
}

/// A function that answers with its payload after ten minutes.
fn echo() -> Function {
    let code = |invocation: Invocation| async move {
        tokio::time::sleep(Duration::from_secs(600)).await;
        Ok(json!({ "echo": invocation.payload }))
    };
    Function::new("app", code).timeout(Duration::from_secs(900))
}

#[tokio::test(start_paused = true)]
async fn the_caller_waits_for_the_result() {
    let world = world();
    let arn = world.add_function(ACCOUNT, REGION, "echo", echo());
    let start = world.now();
    for name in ["echo", &arn] {
        // The client's own limit of one attempt is a minute.
        let limits =
            aws_smithy_types::timeout::TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(901));
        let config = world.sdk_config(ACCOUNT, REGION).into_builder().timeout_config(limits.build()).build();
        let sent = client(&config).invoke().function_name(name).payload(Blob::new(r#"{"order":7}"#));
        let answer = sent.send().await.expect("an answer");
        assert_eq!((answer.status_code(), answer.function_error()), (200, None));
        assert_eq!(payload(&answer), json!({ "echo": { "order": 7 } }));
    }
    assert_eq!((world.now() - start).num_minutes(), 20);
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_function_is_in_the_payload() {
    let world = world();
    world.add_function(ACCOUNT, REGION, "f", Function::new("app", |_| async { Err("no such order".to_owned()) }));
    let answer = invoke(&world, "f", "{}").await.expect("an answer");
    assert_eq!((answer.status_code(), answer.function_error()), (200, Some("Unhandled")));
    assert_eq!(payload(&answer), json!({ "errorType": "Error", "errorMessage": "no such order" }));
}

#[tokio::test(start_paused = true)]
async fn lambda_refuses_what_it_cannot_run() {
    let world = world();
    let refused = async |function: &str, payload: &str| invoke(&world, function, payload).await.expect_err("an error");
    assert_eq!(refused("none", "{}").await, "ResourceNotFoundException");
    world.add_function(ACCOUNT, REGION, "f", echo().reserved_concurrency(0));
    assert_eq!(refused("f", "{}").await, "TooManyRequestsException");
    assert_eq!(refused("f", "{").await, "InvalidRequestContentException");
    let large = format!("\"{}\"", "x".repeat(6 << 20));
    assert_eq!(refused("f", &large).await, "RequestTooLargeException");
    let elsewhere = world.add_function(DR, REGION, "f", echo());
    assert_eq!(refused(&elsewhere, "{}").await, "NotSimulated");
    let at = Point::Invocation("f".to_owned());
    world.plan_faults(Plan::List(vec![Fault { at, nth: EVERY, action: Action::Lose }]));
    assert_eq!(refused("f", "{}").await, "ServiceException");
}

#[tokio::test(start_paused = true)]
async fn the_configuration_of_a_function_can_be_read() {
    let world = world();
    let arn = world.add_function(ACCOUNT, REGION, "echo", echo().environment("TABLE", "orders"));
    let lambda = client(&world.sdk_config(ACCOUNT, REGION));
    for name in ["echo", &arn] {
        let found = lambda.get_function_configuration().function_name(name).send().await.expect("an answer");
        assert_eq!((found.function_name(), found.function_arn()), (Some("echo"), Some(arn.as_str())));
        assert_eq!((found.timeout(), found.memory_size()), (Some(900), Some(128)));
        let variables = found.environment().and_then(|environment| environment.variables()).expect("variables");
        assert_eq!(variables.get("TABLE").map(String::as_str), Some("orders"));
    }
    let missing = lambda.get_function_configuration().function_name("none").send().await;
    assert_eq!(code(missing).expect_err("an error"), "ResourceNotFoundException");
    let version = lambda.get_function_configuration().function_name("echo").qualifier("1").send().await;
    assert_eq!(code(version).expect_err("an error"), "NotSimulated");
}

#[tokio::test(start_paused = true)]
async fn a_parameter_that_is_not_simulated_is_refused_and_the_function_does_not_run() {
    let world = world();
    world.add_function(ACCOUNT, REGION, "f", Function::new("app", |_| async { Ok(Value::Null) }));
    let lambda = client(&world.sdk_config(ACCOUNT, REGION));
    let call = || lambda.invoke().function_name("f");
    for (named, call) in [
        ("the log type Tail of lambda:Invoke", call().log_type(LogType::Tail)),
        ("the parameter x-amz-client-context of lambda:Invoke", call().client_context("e30=")),
        ("the parameter x-amz-durable-execution-name of lambda:Invoke", call().durable_execution_name("nightly")),
        ("the parameter x-amz-tenant-id of lambda:Invoke", call().tenant_id("shop")),
        ("the parameters Qualifier=1 of lambda:Invoke", call().qualifier("1")),
        ("the invocation type DryRun of lambda:Invoke", call().invocation_type(InvocationType::DryRun)),
    ] {
        let error = call.send().await.expect_err(named).into_service_error();
        let expected = format!("This simulation does not support {named}.");
        assert_eq!((error.code(), error.message()), (Some("NotSimulated"), Some(expected.as_str())));
    }
    let runs = |world: &World| {
        let is_run = |entry: &&sim::journal::Entry| matches!(entry.event, Event::Invocation { .. });
        world.journal(|journal| journal.entries().iter().filter(is_run).count())
    };
    assert_eq!(runs(&world), 0);
    // The default.
    call().log_type(LogType::None).send().await.expect("a response");
    assert_eq!(runs(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_handed_over() {
    let world = world();
    let sqs = support::sqs(&world, ACCOUNT);
    let url = support::queue(&sqs, "dead").await;
    let failing = Function::new("app", |_| async { Err("no such order".to_owned()) });
    let arn = world.add_function(ACCOUNT, REGION, "f", failing.on_failure("arn:aws:sqs:eu-west-1:111111111111:dead"));
    let sent = client(&world.sdk_config(ACCOUNT, REGION)).invoke().function_name(arn);
    let answer = sent.invocation_type(InvocationType::Event).send().await.expect("an answer");
    assert_eq!(answer.status_code(), 202);
    world.sleep(Duration::from_secs(300)).await;
    assert_eq!(support::bodies(&sqs, &url).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_role_needs_the_permission_to_invoke() {
    let world = world();
    let arn = world.add_function(ACCOUNT, REGION, "f", Function::new("app", |_| async { Ok(Value::Null) }));
    for (action, expected) in [("lambda:InvokeFunction", Ok(())), ("lambda:GetFunction", Err("AccessDeniedException"))]
    {
        let statement = json!({ "Effect": "Allow", "Action": action, "Resource": arn });
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        world.add_role(ACCOUNT, "app", &[&policy]).expect("a policy");
        let lambda = client(&world.sdk_config_for_role(ACCOUNT, REGION, "app"));
        let answer = code(lambda.invoke().function_name("f").send().await).map(drop);
        assert_eq!(answer, expected.map_err(str::to_owned));
    }
}

// "lambda:SourceFunctionArn": a policy can tell the code of a function from Lambda itself.
#[tokio::test(start_paused = true)]
async fn a_policy_can_name_the_function_that_makes_a_call() {
    let world = world();
    let code = |invocation: Invocation| async move {
        let sns = aws_sdk_sns::Client::new(&invocation.config);
        Ok(json!(code(sns.create_topic().name("t").send().await).map(drop)))
    };
    let arn = world.add_function(ACCOUNT, REGION, "f", Function::new("app", code));
    for (function, is_allowed) in [(arn.as_str(), false), ("arn:aws:lambda:eu-west-1:111111111111:function:g", true)] {
        let policy = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "*", "Resource": "*" },
            { "Effect": "Deny", "Action": "sns:*", "Resource": "*",
              "Condition": { "ArnEquals": { "lambda:SourceFunctionArn": function } } },
        ] });
        world.add_role(ACCOUNT, "app", &[&policy.to_string()]).expect("a policy");
        let answer = payload(&invoke(&world, "f", "{}").await.expect("an answer"));
        assert_eq!(answer.get("Ok").is_some(), is_allowed, "{answer}");
    }
}
