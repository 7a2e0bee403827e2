//! Times, inputs and outputs of states.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_wait_ends_on_time_for_each_kind_of_time_field() {
    let input = json!({ "seconds": 90, "time": "2026-11-21T04:30:00Z" });
    for (until, duration) in [
        (json!({ "Seconds": 0 }), 0.0),
        (json!({ "Seconds": 90 }), 90.0),
        (json!({ "SecondsPath": "$.seconds" }), 90.0),
        (json!({ "Timestamp": "2020-01-01T00:00:00Z" }), 0.0),
    ] {
        let wait = with(json!({ "Type": "Wait", "End": true }), &until);
        let ended = run(&states(json!({ "A": wait })), input.clone()).await;
        assert_eq!(
            (ended.status, ended.result, ended.duration),
            (ExecutionStatus::Succeeded, input.clone(), duration),
            "{until}"
        );
    }
    for until in [json!({ "TimestampPath": "$.time" }), json!({ "Timestamp": "2026-11-21T05:30:00+01:00" })] {
        let (world, client) = world();
        let wait = with(json!({ "Type": "Wait", "End": true }), &until);
        let arn = machine(&client, "timer", &states(json!({ "A": wait }))).await;
        let (run, _) = start(&client, &arn, "run", &input.to_string()).await.expect("an execution");
        world.sleep(seconds(2 * 60 * 60)).await;
        let seen = client.describe_execution().execution_arn(run).send().await.expect("an execution");
        let stopped = seen.stop_date.expect("it has stopped").as_secs_f64();
        assert_eq!(stopped, 1_795_235_400.0, "{until}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalid_wait_fails_with_the_message_of_aws() {
    let by_seconds = json!({ "Type": "Wait", "SecondsPath": "$.at" });
    let by_time = json!({ "Type": "Wait", "TimestampPath": "$.at" });
    let time =
        "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string";
    for (wait, at, cause) in [
        (&by_seconds, json!(-1), "The SecondsPath parameter references a negative value: $.at == -1"),
        (&by_seconds, json!(1.5), "The SecondsPath parameter cannot be parsed as a long value: $.at == 1.5"),
        (&by_seconds, json!(i64::MAX), "Wait state delay is too long."),
        (&by_time, json!("2016-12-05 21:29:29Z"), &format!("{time}: $.at == 2016-12-05 21:29:29Z")),
        (&by_time, json!("2016-12-05T21:29:29"), &format!("{time}: $.at == 2016-12-05T21:29:29")),
        (&by_time, json!("2016-13-05T21:29:29Z"), &format!("{time}: $.at == 2016-13-05T21:29:29Z")),
        (&by_time, json!("9999-12-31T00:00:00Z"), "Wait state delay is too long."),
    ] {
        let ended = end_of(wait.clone(), json!({ "at": at })).await;
        assert_eq!(ended, failed("States.Runtime", &in_a(cause)), "{at}");
    }
    let missing = in_a("The SecondsPath parameter does not reference an input value: $.at");
    assert_eq!(end_of(by_seconds, json!({})).await, failed("States.Runtime", &missing));
}

#[tokio::test(start_paused = true)]
async fn an_execution_ends_at_its_timeout_or_after_a_year() {
    let wait = json!({ "A": { "Type": "Wait", "Seconds": 99_999_999, "End": true } });
    let mut short = states(wait.clone());
    short["TimeoutSeconds"] = 90.into();
    for (definition, duration) in [(short, 90.0), (states(wait), 365.0 * 86400.0)] {
        let ended = run(&definition, json!({})).await;
        assert_eq!(
            (ended.status, ended.result, ended.duration),
            (ExecutionStatus::TimedOut, json!([null, null]), duration)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn input_and_output_processing_is_applied_in_order() {
    let task = json!({
        "Type": "Task", "Resource": FUNCTION,
        "InputPath": "$.in",
        "Parameters": { "n.$": "$.n", "of.$": "$$.Execution.Name", "fixed": [1, { "deep.$": "$.n" }] },
        "ResultSelector": { "got.$": "$.n", "all.$": "$.fixed", "state.$": "$$.State.Name" },
        "ResultPath": "$.out.result",
        "OutputPath": "$.out",
    });
    let input = json!({ "in": { "n": 7 }, "out": { "kept": true }, "gone": 1 });
    let output = json!({ "kept": true, "result": { "got": 7, "all": [1, { "deep": 7 }], "state": "A" } });
    assert_eq!(end_of(task, input).await, succeeded(output));
}

#[tokio::test(start_paused = true)]
async fn null_paths_give_an_empty_input_no_result_and_an_empty_output() {
    let pass = |field: &str| json!({ "Type": "Pass", "Result": 1, field: null });
    assert_eq!(end_of(pass("ResultPath"), json!({ "a": 1 })).await, succeeded(json!({ "a": 1 })));
    assert_eq!(end_of(pass("OutputPath"), json!({ "a": 1 })).await, succeeded(json!({})));
    let empty = json!({ "Type": "Pass", "InputPath": null });
    assert_eq!(end_of(empty, json!({ "a": 1 })).await, succeeded(json!({})));
}

#[tokio::test(start_paused = true)]
async fn a_pass_outputs_its_result_or_its_parameters_or_its_input() {
    let result = json!({ "Type": "Pass", "Result": { "a.$": "$.b" }, "Parameters": { "c": 1 } });
    assert_eq!(end_of(result, json!({})).await, succeeded(json!({ "a.$": "$.b" })));
    let parameters = json!({ "Type": "Pass", "Parameters": { "a.$": "$.b[1]['c d']" } });
    assert_eq!(end_of(parameters, json!({ "b": [0, { "c d": 5 }] })).await, succeeded(json!({ "a": 5 })));
    let input = json!({ "Type": "Pass", "InputPath": "$.b", "ResultPath": "$.c" });
    assert_eq!(end_of(input, json!({ "b": 1 })).await, succeeded(json!({ "b": 1, "c": 1 })));
}

#[tokio::test(start_paused = true)]
async fn the_context_object_describes_the_execution() {
    let pass = json!({ "Type": "Pass", "InputPath": "$$" });
    let (_, mut result) = end_of(pass, json!({ "a": 1 })).await;
    let started = result["Execution"]["StartTime"].take();
    assert_eq!(result["State"]["EnteredTime"].take(), started);
    assert_eq!(started, "2026-11-21T03:00:00.040Z", "after two calls, each of which takes 20 ms");
    let machine = "arn:aws:states:eu-west-1:111111111111:stateMachine:timer";
    let expected = json!({
        "Execution": {
            "Id": "arn:aws:states:eu-west-1:111111111111:execution:timer:run", "Name": "run", "Input": { "a": 1 },
            "RoleArn": ROLE, "StartTime": null, "RedriveCount": 0,
        },
        "State": { "Name": "A", "EnteredTime": null, "RetryCount": 0 },
        "StateMachine": { "Id": machine, "Name": "timer" },
    });
    assert_eq!(result, expected);
}

#[tokio::test(start_paused = true)]
async fn paths_without_a_value_fail_with_the_message_of_aws() {
    for (state, cause) in [
        (json!({ "InputPath": "$.a" }), "Invalid path '$.a' : No results for path: $['a']"),
        (json!({ "OutputPath": "$.no.such.path" }), "Invalid path '$.no.such.path' : Missing property in path $['no']"),
        (
            json!({ "Parameters": { "value.$": "$.a" } }),
            "The JSONPath '$.a' specified for the field 'value.$' could not be found in the input '{\"b\":1}'",
        ),
    ] {
        let pass = with(json!({ "Type": "Pass" }), &state);
        assert_eq!(end_of(pass, json!({ "b": 1 })).await, failed("States.Runtime", &in_a(cause)), "{state}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_path_creates_members_of_objects_but_no_list_elements() {
    let pass = |path: &str| json!({ "Type": "Pass", "Result": 1, "ResultPath": path });
    assert_eq!(end_of(pass("$.a.b"), json!({})).await, succeeded(json!({ "a": { "b": 1 } })));
    assert_eq!(end_of(pass("$.a[1]"), json!({ "a": [0, 0] })).await, succeeded(json!({ "a": [0, 1] })));
    for (path, input) in [("$.a", json!("text")), ("$.a[1]", json!({ "a": [0] })), ("$.a[0]", json!({}))] {
        let (status, result) = end_of(pass(path), input).await;
        assert_eq!((status, &result[0]), (ExecutionStatus::Failed, &json!("States.ResultPathMatchFailure")), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn intrinsic_functions_match_aws() {
    let input =
        json!({ "n": 1, "text": "it's", "json": "{\"a\": [1]}", "obj": { "Id": "x", "L": [1, "b"] }, "e": " " });
    for (function, value) in [
        ("States.Format('{} is {}, {}', $.text, $.n, $$.State.Name)", json!("it's is 1, A")),
        (r"States.Format('\{\} it\'s {}', null)", json!("{} it's null")),
        ("States.Format('{}', $.obj)", json!("{Id=x, L=[1, b]}")),
        ("States.JsonToString($.obj)", json!(r#"{"Id":"x","L":[1,"b"]}"#)),
        ("States.StringToJson($.json)", json!({ "a": [1] })),
        ("States.StringToJson($.e)", json!(null)),
        ("States.StringToJson(States.Format('[{}, -2.5]', $['n']))", json!([1, -2.5])),
    ] {
        let pass = json!({ "Type": "Pass", "Parameters": { "v.$": function } });
        assert_eq!(end_of(pass, input.clone()).await, succeeded(json!({ "v": value })), "{function}");
    }
    for function in ["States.StringToJson($.text)", "States.Format('{}')", "States.Format('', 1)"] {
        let pass = json!({ "Type": "Pass", "Parameters": { "v.$": function } });
        let (status, result) = end_of(pass, input.clone()).await;
        assert_eq!((status, &result[0]), (ExecutionStatus::Failed, &json!("States.IntrinsicFailure")), "{function}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_output_over_256_kib_fails() {
    let pass = json!({ "Type": "Pass", "Parameters": { "v.$": "States.Format('{}{}', $, $)" } });
    // The output has 8 bytes besides the text: {"v":"…"}.
    let half = (256 * 1024 - 8) / 2;
    assert_eq!(end_of(pass.clone(), "a".repeat(half).into()).await.0, ExecutionStatus::Succeeded);
    let cause = "The state/task 'A' returned a result with a size exceeding the maximum number of bytes service limit.";
    assert_eq!(end_of(pass, "a".repeat(half + 1).into()).await, failed("States.DataLimitExceeded", cause));
}

#[tokio::test(start_paused = true)]
async fn a_fail_has_a_fixed_or_computed_error_and_cause() {
    let fail = json!({ "Type": "Fail", "Error": "Late", "Cause": "No copy." });
    assert_eq!(end_of(fail, json!({})).await, failed("Late", "No copy."));
    let computed = json!({ "Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}!', $.c)" });
    assert_eq!(end_of(computed, json!({ "e": "Late", "c": "No copy" })).await, failed("Late", "No copy!"));
    assert_eq!(end_of(json!({ "Type": "Fail" }), json!({})).await, (ExecutionStatus::Failed, json!([null, null])));
}

#[tokio::test(start_paused = true)]
async fn a_succeed_applies_its_paths() {
    let succeed = json!({ "Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.b" });
    assert_eq!(end_of(succeed, json!({ "a": { "b": 1 } })).await, succeeded(json!(1)));
}

#[tokio::test(start_paused = true)]
async fn an_output_nested_too_deeply_fails_the_execution() {
    let deeper = json!({ "A": { "Type": "Pass", "Parameters": { "a": "[[\\\"]]]", "b.$": "$" }, "Next": "A" } });
    let ended = run(&states(deeper), json!(0)).await;
    let cause = "This simulation has no outputs of more than 128 levels.";
    assert_eq!((ended.entered.len(), ended.result[0].as_str()), (129, Some("States.Runtime")));
    assert!(ended.result[1].as_str().is_some_and(|result| result.ends_with(cause)), "{}", ended.result[1]);
    let wide = Value::from(vec![json!([{}]); 200]);
    assert_eq!(end_of(json!({ "Type": "Pass" }), wide.clone()).await, succeeded(wide));
}
