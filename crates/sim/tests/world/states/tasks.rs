//! Tasks, their failures, retries and catches.

use std::sync::{Arc, Mutex};

use super::*;

#[tokio::test(start_paused = true)]
async fn the_lambda_integration_wraps_payload_and_result() {
    let task = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": { "FunctionName": "look", "Payload.$": "$" },
        "ResultSelector": { "code.$": "$.StatusCode", "payload.$": "$.Payload", "version.$": "$.ExecutedVersion" },
    });
    let output = json!({ "code": 200, "payload": { "a": 1 }, "version": "$LATEST" });
    assert_eq!(end_of(task, json!({ "a": 1 })).await, succeeded(output));
}

/// A task that publishes the field `m` of its input.
fn publish(topic: &str) -> Value {
    json!({
        "Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": true,
        "Parameters": {
            "TopicArn": topic, "Message.$": "$.m", "Subject": "late",
            "MessageAttributes": { "kind": { "DataType": "String", "StringValue.$": "$$.State.Name" } },
        },
    })
}

#[tokio::test(start_paused = true)]
async fn a_message_is_published_as_the_role_of_the_machine() {
    let (world, client) = world();
    let sns = aws_sdk_sns::Client::new(&world.sdk_config("222222222222", "eu-west-1"));
    let topic = sns.create_topic().name("alarms").send().await.expect("a topic").topic_arn.expect("an ARN");
    let allow = async |principal: &str| {
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sns:Publish", "Resource": topic,
            "Condition": { "ArnEquals": { "aws:PrincipalArn": principal } },
        }]});
        let set = sns.set_topic_attributes().topic_arn(&topic).attribute_name("Policy");
        set.attribute_value(policy.to_string()).send().await.expect("a policy");
    };
    let received = Arc::new(Mutex::new(Vec::new()));
    let memory = Arc::clone(&received);
    let listener = Function::new("listener", move |invocation: Invocation| {
        memory.lock().expect("a lock").push(invocation.payload["Records"][0]["Sns"].clone());
        async { Ok(Value::Null) }
    });
    let listener = world.add_function("222222222222", "eu-west-1", "listener", listener);
    let subscribe = sns.subscribe().topic_arn(&topic).protocol("lambda").endpoint(listener);
    subscribe.send().await.expect("a subscription");

    let arn = machine(&client, "timer", &states(json!({ "A": publish(&topic) }))).await;
    let mut ends = Vec::new();
    for (number, principal) in [ROLE, "arn:aws:iam::111111111111:role/other", ROLE].into_iter().enumerate() {
        allow(principal).await;
        let input = if number == 0 { json!({ "m": "gone" }) } else { json!({ "m": { "a": 1 } }) };
        let (run, _) = start(&client, &arn, &format!("{number}"), &input.to_string()).await.expect("an execution");
        world.sleep(seconds(10)).await;
        let seen = client.describe_execution().execution_arn(run).send().await.expect("an execution");
        ends.push((seen.status, seen.error));
    }
    let refused = (ExecutionStatus::Failed, Some("SNS.AuthorizationErrorException".to_owned()));
    assert_eq!(ends, [(ExecutionStatus::Succeeded, None), refused, (ExecutionStatus::Succeeded, None)]);
    let result: Vec<_> = received
        .lock()
        .expect("a lock")
        .iter()
        .map(|message| {
            [&message["Subject"], &message["Message"], &message["MessageAttributes"]["kind"]["Value"]].map(Value::clone)
        })
        .collect();
    assert_eq!(result, [["late", "gone", "A"], ["late", r#"{"a":1}"#, "A"]].map(|result| result.map(Value::from)));
}

#[tokio::test(start_paused = true)]
async fn a_missing_topic_fails_with_the_message_of_aws() {
    let task = publish("arn:aws:sns:eu-west-1:111111111111:missing");
    let (_, result) = end_of(task, json!({ "m": "gone" })).await;
    assert_eq!(result[0], "SNS.NotFoundException");
    let cause = result[1].as_str().expect("a cause");
    let expected = "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound; Request ID: ";
    assert!(cause.starts_with(expected), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_function_fails_the_execution_unless_it_is_caught() {
    let input = json!({ "fail": "busy" });
    let task = json!({ "Type": "Task", "Resource": FUNCTION });
    assert_eq!(end_of(task, input.clone()).await, failed("Error", r#"{"errorMessage":"busy","errorType":"Error"}"#));
    let caught = |errors: Value| {
        states(json!({
            "A": {
                "Type": "Task", "Resource": FUNCTION, "End": true, "OutputPath": "$.not.applied.here",
                "Catch": [{ "ErrorEquals": errors, "Next": "B", "ResultPath": "$.why" }],
            },
            "B": { "Type": "Pass", "InputPath": "$.why.Error", "End": true },
        }))
    };
    for errors in [json!(["Error"]), json!(["Other", "Error"]), json!(["States.TaskFailed"]), json!(["States.ALL"])] {
        assert_eq!(end(&caught(errors.clone()), input.clone()).await, succeeded(json!("Error")), "{errors}");
    }
    assert_eq!(end(&caught(json!(["States.Timeout"])), input).await.1[0], "Error");
}

/// "In newer runtimes, timeouts are reported as Sandbox.Timedout" (Step Functions' guide, *Handle transient Lambda service
/// exceptions*). It is a failure of the task, not `States.Timeout`.
#[tokio::test(start_paused = true)]
async fn a_function_timeout_fails_its_task() {
    let task = json!({ "Type": "Task", "Resource": FUNCTION });
    let (status, result) = end_of(task, json!({ "take": 24 * 3600 })).await;
    assert_eq!((status, &result[0]), (ExecutionStatus::Failed, &json!("Sandbox.Timedout")));
}

#[tokio::test(start_paused = true)]
async fn a_task_timeout_ignores_the_late_result() {
    let task = |errors: &str| {
        states(json!({
            "A": {
                "Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 10, "Next": "B",
                "Catch": [{ "ErrorEquals": [errors], "Next": "B" }],
            },
            "B": { "Type": "Wait", "Seconds": 60, "End": true },
        }))
    };
    let input = json!({ "take": 30 });
    let late = json!({ "Error": "States.Timeout", "Cause": "" });
    for errors in ["States.Timeout", "States.ALL"] {
        let ended = run(&task(errors), input.clone()).await;
        assert_eq!((ended.status, ended.result, ended.duration), (ExecutionStatus::Succeeded, late.clone(), 70.0));
    }
    let ended = run(&task("States.TaskFailed"), input).await;
    assert_eq!(
        (ended.status, ended.result, ended.duration),
        (ExecutionStatus::Failed, json!(["States.Timeout", null]), 10.0)
    );
    let in_time = run(&task("States.ALL"), json!({ "take": 9 })).await;
    assert_eq!((in_time.result, in_time.duration), (json!({ "take": 9 }), 69.0));
}

#[tokio::test(start_paused = true)]
async fn runtime_errors_are_neither_retried_nor_caught() {
    let definition = states(json!({
        "A": {
            "Type": "Task", "Resource": FUNCTION, "ResultSelector": { "v.$": "$.no" }, "End": true,
            "Retry": [{ "ErrorEquals": ["States.ALL"] }], "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "B" }],
        },
        "B": { "Type": "Succeed" },
    }));
    let ended = run(&definition, json!({})).await;
    assert_eq!((ended.result[0].as_str(), ended.entered.len(), ended.duration), (Some("States.Runtime"), 1, 0.0));
}

#[tokio::test(start_paused = true)]
async fn each_retrier_counts_its_own_attempts_and_the_first_match_decides() {
    let task = json!({
        "Type": "Task", "Resource": FUNCTION, "End": true,
        "Retry": [
            { "ErrorEquals": ["Other"], "MaxAttempts": 9 },
            { "ErrorEquals": ["Error"], "IntervalSeconds": 3, "MaxAttempts": 2, "BackoffRate": 1.5 },
            { "ErrorEquals": ["States.ALL"], "MaxAttempts": 9 },
        ],
    });
    let ended = run(&states(json!({ "A": task })), json!({ "fail": "busy" })).await;
    assert_eq!((ended.duration, ended.entered.len(), &ended.result[0]), (3.0 + 4.5, 3, &json!("Error")));
}

#[tokio::test(start_paused = true)]
async fn the_retry_count_is_reset_when_a_state_is_entered_again() {
    let early = json!({ "Variable": "$$.State.EnteredTime", "StringLessThan": "2026-11-21T03:00:20" });
    let definition = states(json!({
        "A": { "Type": "Task", "Resource": FUNCTION, "Next": "B", "Retry": [{ "ErrorEquals": ["Error"] }] },
        "B": { "Type": "Choice", "Choices": [with(json!({ "Next": "C" }), &early)], "Default": "D" },
        "C": { "Type": "Pass", "Parameters": { "fail": "busy", "until": "2026-11-21T03:00:30Z" }, "Next": "A" },
        "D": { "Type": "Succeed" },
    }));
    // It fails after 0, 1 and 3 seconds and succeeds after 7. Then it fails after 7, 8, 10 and 14, more often than retried.
    let ended = run(&definition, json!({ "fail": "busy", "until": "2026-11-21T03:00:05Z" })).await;
    assert_eq!(ended.entered.concat(), "AAAABCAAAA");
    assert_eq!((ended.status, ended.duration), (ExecutionStatus::Failed, 14.0));
}

#[tokio::test(start_paused = true)]
async fn a_result_that_is_too_large_can_be_caught() {
    let definition = states(json!({
        "A": {
            "Type": "Task", "Resource": FUNCTION, "End": true, "Parameters": { "v.$": "States.Format('{}{}', $, $)" },
            "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "B" }],
        },
        "B": { "Type": "Pass", "OutputPath": "$.Error", "End": true },
    }));
    // Recorded from AWS by LocalStack's test_task_lambda_catch_state_all_data_limit_exceeded_on_large_utf8_response.
    let ended = end(&definition, "a".repeat(200 * 1024).into()).await;
    assert_eq!(ended, succeeded(json!("States.DataLimitExceeded")));
    // {"v":"…"} has 8 bytes besides the text.
    let (status, result) = end(&definition, "a".repeat((256 * 1024 - 8) / 2).into()).await;
    assert_eq!((status, result.to_string().len()), (ExecutionStatus::Succeeded, 256 * 1024));
}
