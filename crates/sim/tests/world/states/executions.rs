//! Executions: names, lists, stopping and history.

use aws_sdk_sfn::types::HistoryEventType;

use super::*;

/// A state machine that waits for an hour.
async fn hour(client: &Client) -> String {
    machine(client, "hour", &states(json!({ "A": { "Type": "Wait", "Seconds": 3600, "End": true } }))).await
}

#[tokio::test(start_paused = true)]
async fn starting_with_the_same_name_and_input_returns_the_running_execution() {
    let (world, client) = world();
    let arn = hour(&client).await;
    let first = start(&client, &arn, "run", r#"{"a":1}"#).await;
    assert_eq!(
        first.as_ref().map(|(arn, _)| arn.as_str()),
        Ok("arn:aws:states:eu-west-1:111111111111:execution:hour:run")
    );
    world.sleep(seconds(3599)).await;
    assert_eq!(start(&client, &arn, "run", r#"{"a":1}"#).await, first);
    assert_eq!(entered(&world), ["A"]);
}

#[tokio::test(start_paused = true)]
async fn a_used_name_is_refused_for_another_input_and_for_90_days_after_the_end() {
    let (world, client) = world();
    let (arn, taken) = (hour(&client).await, Err("ExecutionAlreadyExists".to_owned()));
    start(&client, &arn, "run", "{}").await.expect("an execution");
    assert_eq!(start(&client, &arn, "run", r#"{"a":1}"#).await, taken);
    world.sleep(seconds(3600)).await;
    assert_eq!(start(&client, &arn, "run", "{}").await, taken);
    world.sleep(seconds(90 * DAY - 1)).await;
    assert_eq!(start(&client, &arn, "run", "{}").await, taken);
    world.sleep(seconds(1)).await;
    start(&client, &arn, "run", "{}").await.expect("an execution");
}

#[tokio::test(start_paused = true)]
async fn the_timeout_of_a_removed_execution_does_not_end_a_new_one_of_the_same_name() {
    let (world, client) = world();
    let definition = states(json!({
        "A": {
            "Type": "Choice", "Choices": [{ "Variable": "$.wait", "IsPresent": true, "Next": "W" }], "Default": "S",
        },
        "W": { "Type": "Wait", "SecondsPath": "$.wait", "End": true }, "S": { "Type": "Succeed" },
    }));
    let arn = machine(&client, "timer", &definition).await;
    start(&client, &arn, "run", "{}").await.expect("an execution");
    world.sleep(seconds(91 * DAY)).await;
    let (run, _) = start(&client, &arn, "run", &json!({ "wait": 300 * DAY }).to_string()).await.expect("an execution");
    world.sleep(seconds(299 * DAY)).await;
    let seen = client.describe_execution().execution_arn(run).send().await.expect("an execution");
    assert_eq!(seen.status, ExecutionStatus::Running);
}

#[tokio::test(start_paused = true)]
async fn names_and_inputs_are_checked() {
    let (_, client) = world();
    let arn = hour(&client).await;
    for name in ["", "a b", "rds:orders", "a,b", "a*", &"a".repeat(81)] {
        assert_eq!(start(&client, &arn, name, "{}").await, Err("InvalidName".to_owned()), "{name}");
    }
    for input in ["", "not json", "{'a': 1}", "{} {}"] {
        assert_eq!(start(&client, &arn, "run", input).await, Err("InvalidExecutionInput".to_owned()), "{input}");
    }
    let large = format!("\"{}\"", "a".repeat(256 * 1024));
    assert_eq!(start(&client, &arn, "run", &large).await, Err("ValidationException".to_owned()));
    start(&client, &arn, "run", "null").await.expect("any JSON will do");
}

#[tokio::test(start_paused = true)]
async fn an_execution_without_a_name_and_input_gets_defaults() {
    let (_, client) = world();
    let arn = hour(&client).await;
    let mut names = Vec::new();
    for _ in 0..2 {
        let started = client.start_execution().state_machine_arn(&arn).send().await.expect("an execution");
        let seen = client.describe_execution().execution_arn(started.execution_arn).send().await.expect("an execution");
        assert_eq!((seen.input(), seen.name().map(str::len)), (Some("{}"), Some(36)));
        names.push(seen.name);
    }
    assert_ne!(names[0], names[1]);
}

#[tokio::test(start_paused = true)]
async fn executions_are_listed_newest_first_by_page_and_status() {
    let (world, client) = world();
    let arn = hour(&client).await;
    for number in 0..5 {
        start(&client, &arn, &format!("run-{number}"), "{}").await.expect("an execution");
        world.sleep(seconds(1000)).await;
    }
    let list = async |status: Option<ExecutionStatus>| {
        let list = client.list_executions().state_machine_arn(&arn).set_status_filter(status).max_results(2);
        let found = list.into_paginator().items().send().try_collect().await.expect("pages");
        found.into_iter().map(|execution| execution.name).collect::<Vec<_>>()
    };
    // Ended executions are sorted by their end: the second ended just after the last one started.
    assert_eq!(list(None).await, ["run-1", "run-4", "run-0", "run-3", "run-2"]);
    assert_eq!(list(Some(ExecutionStatus::Running)).await, ["run-4", "run-3", "run-2"]);
    assert_eq!(list(Some(ExecutionStatus::Succeeded)).await, ["run-1", "run-0"]);
    assert!(list(Some(ExecutionStatus::Failed)).await.is_empty());
    let all = client.list_executions().state_machine_arn(&arn).max_results(5).send().await.expect("a page");
    assert_eq!((all.executions.len(), all.next_token), (5, None));
}

#[tokio::test(start_paused = true)]
async fn invalid_page_sizes_tokens_and_statuses_are_refused() {
    let (_, client) = world();
    let arn = hour(&client).await;
    let list = || client.list_executions().state_machine_arn(&arn);
    assert_eq!(list().max_results(1001).send().await.expect_err("a refusal").code(), Some("ValidationException"));
    assert_eq!(list().next_token("?").send().await.expect_err("a refusal").code(), Some("InvalidToken"));
    let status = list().status_filter("succeeded".into()).send().await.expect_err("a refusal");
    assert_eq!(status.code(), Some("ValidationException"));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_execution_stays_stopped() {
    let (world, client) = world();
    let (run, _) = start(&client, &hour(&client).await, "run", "{}").await.expect("an execution");
    world.sleep(seconds(10)).await;
    let stop = || client.stop_execution().execution_arn(&run).error("Enough").cause("of this");
    let stopped = stop().send().await.expect("stopping").stop_date;
    world.sleep(seconds(3600)).await;
    assert_eq!(stop().send().await.expect("stopping again").stop_date, stopped);
    let seen = client.describe_execution().execution_arn(&run).send().await.expect("an execution");
    assert_eq!((&seen.status, seen.stop_date), (&ExecutionStatus::Aborted, Some(stopped)));
    assert_eq!(seen.redrive_status.map(|status| status.to_string()).as_deref(), Some("REDRIVABLE"));
    assert_eq!((seen.error.as_deref(), seen.cause.as_deref()), (Some("Enough"), Some("of this")));
}

#[tokio::test(start_paused = true)]
async fn the_history_of_a_retry_a_catch_and_an_end_is_that_of_aws() {
    let (world, client) = world();
    let definition = states(json!({
        "A": {
            "Type": "Task", "Resource": FUNCTION, "End": true, "ResultPath": "$.result",
            "Retry": [{ "ErrorEquals": ["Error"], "MaxAttempts": 1 }],
            "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "B" }],
        },
        "B": { "Type": "Wait", "Seconds": 5, "Next": "C" }, "C": { "Type": "Fail", "Error": "Gone" },
    }));
    let arn = machine(&client, "timer", &definition).await;
    let (run, _) = start(&client, &arn, "run", r#"{"fail":"busy"}"#).await.expect("an execution");
    world.sleep(seconds(60)).await;
    let history = client.get_execution_history().execution_arn(&run).max_results(4).into_paginator().items().send();
    let events: Vec<_> = history.try_collect().await.expect("a history");
    let began = events[0].timestamp.as_secs_f64();
    let actual: Vec<_> = events
        .iter()
        .map(|event| {
            (event.id, event.previous_event_id, &event.r#type, (event.timestamp.as_secs_f64() - began).round())
        })
        .collect();
    // Recorded from AWS by LocalStack's test_lambda_invoke_with_retry_base and test_raise_exception_catch.
    use HistoryEventType as Kind;
    let expected = [
        (1, 0, &Kind::ExecutionStarted, 0.0),
        (2, 0, &Kind::TaskStateEntered, 0.0),
        (3, 2, &Kind::LambdaFunctionScheduled, 0.0),
        (4, 3, &Kind::LambdaFunctionStarted, 0.0),
        (5, 4, &Kind::LambdaFunctionFailed, 0.0),
        (6, 5, &Kind::LambdaFunctionScheduled, 1.0),
        (7, 6, &Kind::LambdaFunctionStarted, 1.0),
        (8, 7, &Kind::LambdaFunctionFailed, 1.0),
        (9, 8, &Kind::TaskStateExited, 1.0),
        (10, 9, &Kind::WaitStateEntered, 1.0),
        (11, 10, &Kind::WaitStateExited, 6.0),
        (12, 11, &Kind::FailStateEntered, 6.0),
        (13, 12, &Kind::ExecutionFailed, 6.0),
    ];
    assert_eq!(actual, expected);
    let caught = events[8].state_exited_event_details().and_then(|details| details.output());
    let result = r#"{"Cause":"{\"errorMessage\":\"busy\",\"errorType\":\"Error\"}","Error":"Error"}"#;
    assert_eq!(caught, Some(result));
    let reversed = client.get_execution_history().execution_arn(&run).reverse_order(true).max_results(2).send().await;
    let ids: Vec<_> = reversed.expect("a history").events.iter().map(|event| event.id).collect();
    assert_eq!(ids, [13, 12]);
}

#[tokio::test(start_paused = true)]
async fn an_endless_loop_fails_at_the_25000th_event() {
    let round = json!({
        "A": { "Type": "Pass", "Next": "B" },
        "B": { "Type": "Choice", "Choices": [{ "Variable": "$", "IsNull": false, "Next": "A" }], "Default": "C" },
        "C": { "Type": "Succeed" },
    });
    let ended = run(&states(round), json!({})).await;
    assert_eq!((ended.status, ended.result[0].as_str()), (ExecutionStatus::Failed, Some("States.Runtime")));
    // One event for the start, one for the end, and two for each state.
    assert_eq!(ended.entered.len(), 12_499);
}
