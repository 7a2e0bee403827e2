//! Starting timers.

use std::collections::BTreeMap;

use super::*;
use aws_sdk_sfn::Client;
use chrono::TimeDelta;
use cloud::TimerStart;
use cloud::wait::WaitPolicy;
use protocol::event::{Sweep, Trigger};
use protocol::settings::SettingsReader;
use protocol::wait::{Answer, Timer};
use protocol::{Announcement, Origin, Tags};
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
async fn starting_a_running_timer_again_has_no_effect() {
    let world = world();
    let sfn = Client::new(&world.sdk_config(PROD, HERE));
    let (machine, prod) = (machine(&sfn).await, cloud(&world, PROD));
    let start = async |minutes| {
        let timer = Timer { trigger: trigger(), answer: Answer::again(TimeDelta::minutes(minutes)) };
        prod.start_timer(&machine, "copying-s", &timer).await.expect("a timer")
    };
    assert_eq!(start(5).await, TimerStart::Started);
    // With another input. With the same input, AWS returns the running execution.
    assert_eq!(start(6).await, TimerStart::Running);
    assert_eq!(start(5).await, TimerStart::Started);
    let input = json!({
        "trigger": { "sweep": { "kind": "cluster", "marker": "here" } },
        "answer": { "timer": "again", "seconds": 300 },
    });
    assert_eq!(started(&sfn, &machine).await, [("copying-s".to_owned(), input)]);
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_has_ended_can_be_started_again_three_times() {
    let world = world();
    let sfn = Client::new(&world.sdk_config(PROD, HERE));
    let (machine, prod) = (machine(&sfn).await, cloud(&world, PROD));
    let timer = Timer { trigger: trigger(), answer: Answer::again(TimeDelta::minutes(5)) };
    let mut starts = Vec::new();
    for _ in 0..5 {
        starts.push(prod.start_timer(&machine, "copying-s", &timer).await.expect("a timer"));
        world.sleep(10 * MINUTE).await;
    }
    let mut expected = vec![TimerStart::Started; 4];
    expected.push(TimerStart::UsedUp);
    assert_eq!(starts, expected);
    let names: Vec<String> = started(&sfn, &machine).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["copying-s-4", "copying-s-3", "copying-s-2", "copying-s"]);
}

#[tokio::test(start_paused = true)]
async fn a_transit_copy_has_one_timer_for_its_key_however_it_is_announced() {
    let world = world();
    let sfn = Client::new(&world.sdk_config(PROD, HERE));
    let (state_machine, prod) = (machine(&sfn).await, cloud(&world, PROD));
    let environment = BTreeMap::from([("WAIT4COPY_ARN".to_owned(), state_machine.clone())]);
    let policy = WaitPolicy::read(&mut SettingsReader::new(&environment), prod.here());
    let arn = |name: &str| format!("arn:aws:rds:eu-west-1:{PROD}:{name}");
    let snapshot = arn("snapshot:orders-1").parse().expect("an ARN");
    let database = arn("db:orders").parse().expect("an ARN");
    let origin = Origin { snapshot, database, taken: world.now() };
    for owner in ["shop", "sales", "support"] {
        let tags = Tags::from_iter([("owner", owner)]);
        let announcement = Announcement { transit: origin.transit(), origin: origin.clone(), tags };
        policy.start_for_key(&prod, announcement, TimeDelta::minutes(6)).await.expect("a timer");
    }
    assert_eq!(started(&sfn, &state_machine).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn running_timers_are_counted_by_the_beginning_of_their_name() {
    let world = world();
    let sfn = Client::new(&world.sdk_config(PROD, HERE));
    let (machine, prod) = (machine(&sfn).await, cloud(&world, PROD));
    for (name, minutes) in [("sharing-1-a", 5), ("sharing-1-b", 60), ("sharing-1-c", 60), ("sharing-11-d", 60)] {
        let timer = Timer { trigger: trigger(), answer: Answer::again(TimeDelta::minutes(minutes)) };
        prod.start_timer(&machine, name, &timer).await.expect("a timer");
    }
    let count = async |most| prod.count_timers(&machine, "sharing-1-", most).await.expect("a number");
    assert_eq!((count(200).await, count(2).await), (3, 2));
    world.sleep(10 * MINUTE).await;
    assert_eq!(count(200).await, 2, "one has ended");
}
