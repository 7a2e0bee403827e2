//! Starting timers.

use super::*;
use aws_sdk_sfn::Client;
use chrono::TimeDelta;
use protocol::event::{Sweep, Trigger};
use protocol::wait::{Answer, Timer};
use serde_json::{Value, json};

pub(crate) fn trigger() -> Trigger {
    Trigger::Sweep(Sweep { kind: Some(Kind::Cluster), marker: Some("here".to_owned()), done: 0 })
}

/// A state machine that waits for the number of seconds in its input.
async fn machine(sfn: &Client) -> String {
    let definition = json!({ "StartAt": "Wait", "States": {
        "Wait": { "Type": "Wait", "SecondsPath": "$.answer.seconds", "End": true },
    } });
    let created = sfn.create_state_machine().name("draco-wait4copy").definition(definition.to_string());
    created.role_arn("arn:aws:iam::111111111111:role/timer").send().await.expect("a state machine").state_machine_arn
}

/// The names and inputs of all executions.
async fn started(sfn: &Client, machine: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let listed = sfn.list_executions().state_machine_arn(machine).send().await.expect("executions");
    for execution in listed.executions {
        let described = sfn.describe_execution().execution_arn(execution.execution_arn).send().await.expect("one");
        let input = serde_json::from_str(&described.input.expect("an input")).expect("JSON");
        found.push((execution.name, input));
    }
    found
}

#[tokio::test(start_paused = true)]
async fn starting_a_timer_again_has_no_effect() {
    let world = world();
    let sfn = Client::new(&world.sdk_config(PROD, HERE));
    let (machine, prod) = (machine(&sfn).await, cloud(&world, PROD));
    let after = |minutes| Timer { trigger: trigger(), answer: Answer::again(TimeDelta::minutes(minutes)) };
    // While it is running, with the same and with another input. Below: after it has ended.
    for timer in [after(5), after(5), after(6)] {
        prod.start_timer(&machine, "copying-s", &timer).await.expect("a timer");
    }
    world.sleep(10 * MINUTE).await;
    prod.start_timer(&machine, "copying-s", &after(5)).await.expect("a timer");
    let input = json!({
        "trigger": { "sweep": { "kind": "cluster", "marker": "here" } },
        "answer": { "timer": "again", "seconds": 300 },
    });
    assert_eq!(started(&sfn, &machine).await, [("copying-s".to_owned(), input)]);
}

/// Step Functions limits execution names to 80 characters and to certain characters.
#[tokio::test(start_paused = true)]
async fn a_timer_can_have_any_name() {
    let world = world();
    let sfn = Client::new(&world.sdk_config(PROD, HERE));
    let (machine, prod) = (machine(&sfn).await, cloud(&world, PROD));
    let timer = Timer { trigger: trigger(), answer: Answer::again(TimeDelta::minutes(5)) };
    let long = "orders-".repeat(20);
    let names = [long.as_str(), &format!("{long}2"), "rds:orders 2026", "rds-orders-2026", "", "größe"];
    for name in names {
        prod.start_timer(&machine, name, &timer).await.expect("a timer");
        prod.start_timer(&machine, name, &timer).await.expect("a timer");
    }
    assert_eq!(started(&sfn, &machine).await.len(), names.len());
}
