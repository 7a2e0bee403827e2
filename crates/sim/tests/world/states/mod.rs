//! Step Functions, through the SDK.
//!
//! The function that the state machines invoke returns its payload after `take` seconds. If the payload has `fail`, the
//! function fails with that message, until the time in `until`.

mod choices;
mod configuration;
mod executions;
mod laws;
mod machines;
mod refusals;
mod tasks;
mod values;

use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::types::ExecutionStatus;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sim::World;
use sim::journal::Event;
use sim::lambda::{Function, Invocation};
use tokio::time::Instant;

use crate::support::{PROD as ACCOUNT, REGION, code};

const ROLE: &str = "arn:aws:iam::111111111111:role/timer";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111111111111:function:look";

const DAY: u64 = 24 * 60 * 60;

const EPOCH: &str = "2026-11-21T03:00:00Z";

/// A world with a function, and a Step Functions client.
fn world() -> (World, Client) {
    let world = World::new(time(EPOCH));
    let started = Instant::now();
    let function = Function::new("function", move |Invocation { payload, .. }| async move {
        tokio::time::sleep(Duration::from_secs_f64(payload["take"].as_f64().unwrap_or_default())).await;
        let until = payload["until"].as_str().map(time);
        match payload["fail"].as_str().filter(|_| until.is_none_or(|until| time(EPOCH) + started.elapsed() < until)) {
            Some(why) => Err(why.to_owned()),
            None => Ok(payload),
        }
    });
    assert_eq!(world.add_function(ACCOUNT, REGION, "look", function), FUNCTION);
    let client = Client::new(&world.sdk_config(ACCOUNT, REGION));
    (world, client)
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// Creates a state machine. Returns its ARN.
async fn machine(client: &Client, name: &str, definition: &Value) -> String {
    let created = client.create_state_machine().name(name).role_arn(ROLE).definition(definition.to_string());
    created.send().await.expect("a state machine").state_machine_arn
}

/// Starts an execution. Returns its ARN and start time, or the error code.
async fn start(client: &Client, arn: &str, name: &str, input: &str) -> Result<(String, f64), String> {
    let started = code(client.start_execution().state_machine_arn(arn).name(name).input(input).send().await)?;
    Ok((started.execution_arn, started.start_date.as_secs_f64()))
}

/// A definition with these states, starting at `A`.
fn states(states: Value) -> Value {
    json!({ "StartAt": "A", "States": states })
}

/// An object, extended by the members of another.
fn with(mut object: Value, more: &Value) -> Value {
    let members = more.as_object().expect("an object").clone();
    object.as_object_mut().expect("an object").extend(members);
    object
}

/// The end of an execution.
#[derive(Debug, PartialEq)]
struct Ended {
    status: ExecutionStatus,
    /// Its output, or its error and cause.
    result: Value,
    /// The duration in seconds.
    duration: f64,
    /// The states entered, in order.
    entered: Vec<String>,
}

fn succeeded(output: Value) -> (ExecutionStatus, Value) {
    (ExecutionStatus::Succeeded, output)
}

fn failed(error: &str, cause: &str) -> (ExecutionStatus, Value) {
    (ExecutionStatus::Failed, json!([error, cause]))
}

/// Runs an execution of this definition until it has ended, for at most a year and a day.
async fn run(definition: &Value, input: Value) -> Ended {
    let (world, client) = world();
    let arn = machine(&client, "timer", definition).await;
    let started = client.start_execution().state_machine_arn(arn).name("run").input(input.to_string()).send().await;
    let arn = started.expect("an execution").execution_arn;
    let mut wait = Duration::from_millis(100);
    loop {
        world.sleep(wait).await;
        // Less than the 90 days after which an execution is removed.
        wait = (wait * 2).min(Duration::from_secs(30 * DAY));
        let seen = client.describe_execution().execution_arn(&arn).send().await.expect("an execution");
        if seen.status != ExecutionStatus::Running {
            let stopped = seen.stop_date.expect("it has stopped").as_secs_f64();
            return Ended {
                result: match &seen.output {
                    Some(output) => serde_json::from_str(output).expect("JSON"),
                    None => json!([seen.error, seen.cause]),
                },
                duration: ((stopped - seen.start_date.as_secs_f64()) * 1000.0).round() / 1000.0,
                entered: entered(&world),
                status: seen.status,
            };
        }
    }
}

/// The end of an execution of this definition.
async fn end(definition: &Value, input: Value) -> (ExecutionStatus, Value) {
    let Ended { status, result, .. } = run(definition, input).await;
    (status, result)
}

/// The end of an execution of this one state.
async fn end_of(mut state: Value, input: Value) -> (ExecutionStatus, Value) {
    if !["Choice", "Succeed", "Fail"].iter().any(|kind| state["Type"] == *kind) {
        state["End"] = true.into();
    }
    end(&states(json!({ "A": state })), input).await
}

/// The states entered in this world, in order.
fn entered(world: &World) -> Vec<String> {
    world.journal(|journal| {
        let state = |event: &Event| match event {
            Event::Transition { state, .. } => Some(state.clone()),
            _ => None,
        };
        journal.entries().iter().filter_map(|entry| state(&entry.event)).collect()
    })
}

/// The message with which a definition is refused.
async fn refusal(definition: Value) -> String {
    let (_, client) = world();
    let created = client.create_state_machine().name("timer").role_arn(ROLE).definition(definition.to_string());
    let error = created.send().await.expect_err("a refusal");
    let message = error.message().expect("a message").to_owned();
    let is_simulated = !message.contains("his simulation has");
    assert_eq!(error.code(), Some(if is_simulated { "InvalidDefinition" } else { "NotSimulated" }), "{message}");
    message
}

/// A cause with AWS's prefix, which names the state and event.
fn in_a(cause: &str) -> String {
    format!("An error occurred while executing the state 'A' (entered at the event id #2). {cause}")
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
