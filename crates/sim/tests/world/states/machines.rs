//! State machines: create, describe, update, delete and list.

use aws_sdk_sfn::types::StateMachineType;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_machine_is_described_as_it_was_created() {
    let (_, client) = world();
    let definition = states(json!({ "A": { "Type": "Succeed" } }));
    let arn = machine(&client, "timer", &definition).await;
    let seen = client.describe_state_machine().state_machine_arn(&arn).send().await.expect("a machine");
    assert_eq!(arn, "arn:aws:states:eu-west-1:111111111111:stateMachine:timer");
    assert_eq!((seen.name(), seen.role_arn(), seen.r#type()), ("timer", ROLE, &StateMachineType::Standard));
    assert_eq!(seen.definition(), definition.to_string());
}

#[tokio::test(start_paused = true)]
async fn creating_a_machine_is_idempotent_and_a_different_one_is_refused() {
    let (world, client) = world();
    let definition = states(json!({ "A": { "Type": "Succeed" } })).to_string();
    let create = || client.create_state_machine().name("timer").definition(&definition);
    let first = create().role_arn(ROLE).send().await.expect("a machine");
    world.sleep(seconds(60)).await;
    let again = create().role_arn(format!("{ROLE}-other")).send().await.expect("a machine");
    assert_eq!((first.state_machine_arn, first.creation_date), (again.state_machine_arn, again.creation_date));
    let other = create().role_arn(ROLE).definition(format!("{definition} ")).send().await.expect_err("a refusal");
    assert_eq!(other.code(), Some("StateMachineAlreadyExists"));
}

#[tokio::test(start_paused = true)]
async fn a_running_execution_keeps_its_definition_after_an_update() {
    let (world, client) = world();
    let wait = |say: &str| {
        states(json!({
            "A": { "Type": "Wait", "Seconds": 60, "Next": "B" }, "B": { "Type": "Pass", "Result": say, "End": true },
        }))
    };
    let arn = machine(&client, "timer", &wait("old")).await;
    let start = async |name: &str| {
        let started = client.start_execution().state_machine_arn(&arn).name(name).send().await;
        started.expect("an execution").execution_arn
    };
    let before = start("before").await;
    let update = client.update_state_machine().state_machine_arn(&arn).definition(wait("new").to_string());
    update.send().await.expect("a change");
    let after = start("after").await;
    world.sleep(seconds(61)).await;
    let output = async |arn: String| {
        let seen = client.describe_execution().execution_arn(arn).send().await.expect("an execution");
        seen.output.expect("an output")
    };
    assert_eq!((output(before).await, output(after).await), (r#""old""#.to_owned(), r#""new""#.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_update_must_change_something() {
    let (_, client) = world();
    let arn = machine(&client, "timer", &states(json!({ "A": { "Type": "Succeed" } }))).await;
    let error = client.update_state_machine().state_machine_arn(arn).send().await.expect_err("a refusal");
    assert_eq!(error.code(), Some("MissingRequiredParameter"));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_machine_is_removed_at_the_next_transition_of_its_last_execution() {
    let (world, client) = world();
    let arn = machine(&client, "timer", &states(json!({ "A": { "Type": "Wait", "Seconds": 60, "End": true } }))).await;
    client.start_execution().state_machine_arn(&arn).send().await.expect("an execution");
    client.delete_state_machine().state_machine_arn(&arn).send().await.expect("deleting");
    let status = async || client.describe_state_machine().state_machine_arn(&arn).send().await;
    assert_eq!(status().await.expect("a machine").status.expect("a status").as_str(), "DELETING");
    let refused = client.start_execution().state_machine_arn(&arn).send().await.expect_err("a refusal");
    assert_eq!(refused.code(), Some("StateMachineDeleting"));
    world.sleep(seconds(60)).await;
    assert_eq!(status().await.expect_err("nothing").code(), Some("StateMachineDoesNotExist"));
    client
        .delete_state_machine()
        .state_machine_arn(&arn)
        .send()
        .await
        .expect("deleting a missing machine is not an error");
}

#[tokio::test(start_paused = true)]
async fn every_machine_is_listed_once() {
    let (_, client) = world();
    for number in 0..7 {
        machine(&client, &format!("timer-{number}"), &states(json!({ "A": { "Type": "Succeed" } }))).await;
    }
    let pages = client.list_state_machines().max_results(3).into_paginator().items().send();
    let names: Vec<_> = pages.try_collect().await.expect("pages").into_iter().map(|machine| machine.name).collect();
    assert_eq!(names, (0..7).map(|number| format!("timer-{number}")).collect::<Vec<_>>());
    for token in ["wrong", "timer-3", "after:", "after:a b"] {
        let refused = client.list_state_machines().next_token(token).send().await.expect_err("a refusal");
        assert_eq!(refused.code(), Some("InvalidToken"), "{token}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_express_machine_a_foreign_role_and_a_bad_name_are_refused() {
    let (_, client) = world();
    let definition = states(json!({ "A": { "Type": "Succeed" } })).to_string();
    let create = || client.create_state_machine().name("timer").role_arn(ROLE).definition(&definition);
    let express = create().r#type(StateMachineType::Express).send().await.expect_err("a refusal");
    assert_eq!(express.code(), Some("NotSimulated"));
    let role = create().role_arn("arn:aws:iam::222222222222:role/timer").send().await.expect_err("a refusal");
    assert_eq!(role.code(), Some("AccessDeniedException"));
    for name in ["a b", "a/b", "a:b", "ä\u{7f}", &"a".repeat(81)] {
        assert_eq!(create().name(name).send().await.expect_err("a refusal").code(), Some("InvalidName"), "{name}");
    }
    create().name("a".repeat(80)).send().await.expect("80 characters are not too many");
}

#[tokio::test(start_paused = true)]
async fn an_invalid_arn_and_an_unknown_arn_have_different_errors() {
    let (_, client) = world();
    let describe = async |arn: &str| {
        let error = client.describe_execution().execution_arn(arn).send().await.expect_err("a refusal");
        error.meta().code().map(str::to_owned)
    };
    let invalid = Some("InvalidArn".to_owned());
    assert_eq!(describe("timer").await, invalid);
    assert_eq!(describe("arn:aws:states:eu-west-1:111111111111:stateMachine:timer").await, invalid);
    let absent = Some("ExecutionDoesNotExist".to_owned());
    assert_eq!(describe("arn:aws:states:eu-west-1:111111111111:execution:timer:run").await, absent);
    assert_eq!(describe("arn:aws:states:eu-central-1:111111111111:execution:timer:run").await, absent);
}
