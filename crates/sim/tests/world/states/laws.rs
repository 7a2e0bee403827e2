//! Properties of all waits, retries, definitions and executions.

use proptest::prelude::*;

use super::*;

/// Runs a test in its own runtime with a paused clock.
fn paused<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(test)
}

/// JSON with keywords of the language in valid and invalid positions.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3i64..100).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~ä$.\\[\\]'(){}*]{0,8}".prop_map(Value::from),
        proptest::sample::select(KEYWORDS).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(proptest::sample::select(KEYWORDS).prop_map(str::to_owned), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

const KEYWORDS: &[&str] = &[
    "A",
    "B",
    "C",
    "StartAt",
    "States",
    "Type",
    "Task",
    "Wait",
    "Choice",
    "Pass",
    "Succeed",
    "Fail",
    "Next",
    "End",
    "Result",
    "Resource",
    FUNCTION,
    "arn:aws:states:::lambda:invoke",
    "arn:aws:states:::sns:publish",
    "Parameters",
    "Payload.$",
    "FunctionName",
    "TopicArn",
    "Message",
    "Seconds",
    "SecondsPath",
    "TimestampPath",
    "Timestamp",
    "Choices",
    "Default",
    "Variable",
    "And",
    "Or",
    "Not",
    "IsPresent",
    "NumericEquals",
    "StringMatches",
    "StringEqualsPath",
    "InputPath",
    "OutputPath",
    "ResultPath",
    "ResultSelector",
    "Retry",
    "Catch",
    "ErrorEquals",
    "States.ALL",
    "MaxAttempts",
    "BackoffRate",
    "IntervalSeconds",
    "TimeoutSeconds",
    "Error",
    "CausePath",
    "a",
    "a.$",
    "b",
    "$",
    "$.a",
    "$.a.b[0]",
    "$$.Execution.Input",
    "$['a']",
    "States.Format('{}', $.a)",
    "States.StringToJson($.b)",
    "2026-11-21T03:00:30Z",
    "*",
    "",
];

/// A state with a valid type and arbitrary values in its fields.
fn any_state() -> impl Strategy<Value = Value> {
    let json = || prop_oneof![any_json(), proptest::sample::select(KEYWORDS).prop_map(Value::from)];
    let path = || proptest::sample::select(&["$", "$.a", "$.a.b", "$.b[0]", "$$.Execution.Input", "$$"][..]);
    let next = || proptest::sample::select(&["A", "B", "C"][..]);
    let result_path = || proptest::sample::select(&["$", "$.a", "$.a.b", "$.b[0]"][..]);
    prop_oneof![
        (json(), next(), result_path(), path()).prop_map(|(result, next, at, output)| {
            json!({ "Type": "Pass", "Result": result, "Next": next, "ResultPath": at, "OutputPath": output })
        }),
        (path(), path(), next()).prop_map(|(a, input, next)| {
            let parameters = json!({ "a.$": a, "b.$": "States.Format('{}', $)" });
            json!({ "Type": "Pass", "Parameters": parameters, "InputPath": input, "Next": next })
        }),
        (path(), next()).prop_map(|(path, next)| json!({ "Type": "Wait", "SecondsPath": path, "Next": next })),
        (path(), next()).prop_map(|(path, next)| json!({ "Type": "Wait", "TimestampPath": path, "Next": next })),
        (path(), next(), next()).prop_map(|(path, yes, no)| {
            let rule = json!({ "Variable": path, "NumericLessThan": 5, "Next": yes });
            json!({ "Type": "Choice", "Choices": [rule], "Default": no })
        }),
        (path(), result_path(), next(), 0..5u64, 1.0..3.0f64).prop_map(|(input, at, next, attempts, rate)| {
            json!({
                "Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 50,
                "InputPath": input, "ResultPath": at, "Next": next,
                "Retry": [{ "ErrorEquals": ["States.TaskFailed"], "MaxAttempts": attempts, "BackoffRate": rate }],
                "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": next, "ResultPath": at }],
            })
        }),
        path().prop_map(|path| json!({ "Type": "Succeed", "OutputPath": path })),
        path().prop_map(|path| json!({ "Type": "Fail", "ErrorPath": path, "Cause": "x" })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_wait_ends_exactly_at_its_time(wait in 0u64..5_000_000, look in 0.0..1.0f64) {
        paused(async {
            let (world, client) = world();
            let definition = states(json!({ "A": { "Type": "Wait", "SecondsPath": "$", "End": true } }));
            let arn = machine(&client, "timer", &definition).await;
            let (run, started) = start(&client, &arn, "run", &wait.to_string()).await.expect("an execution");
            let describe = async || client.describe_execution().execution_arn(&run).send().await.expect("an execution");
            // A call takes 20 ms, so the world processes it a little later.
            let early = Duration::from_secs_f64(wait as f64 * look);
            world.sleep(early).await;
            let seen = describe().await;
            let over = early + Duration::from_millis(20) >= seconds(wait);
            prop_assert_eq!(seen.status != ExecutionStatus::Running, over);
            world.sleep(seconds(wait)).await;
            let stopped = describe().await.stop_date.expect("it has stopped").as_secs_f64();
            prop_assert!((stopped - started - wait as f64).abs() < 0.000_5);
            Ok(())
        })?;
    }

    #[test]
    fn the_number_and_delays_of_retries_follow_the_specification(
        interval in 1u64..100, attempts in 0u64..8, backoff in 1.0..4.0f64, most in proptest::option::of(1u64..500),
    ) {
        let mut retrier = json!({
            "ErrorEquals": ["States.ALL"], "IntervalSeconds": interval, "MaxAttempts": attempts, "BackoffRate": backoff,
        });
        if let Some(most) = most {
            retrier["MaxDelaySeconds"] = most.into();
        }
        let task = json!({ "Type": "Task", "Resource": FUNCTION, "End": true, "Retry": [retrier] });
        let ended = paused(run(&states(json!({ "A": task })), json!({ "fail": "busy" })));
        let delay = |nth: u64| (interval as f64 * backoff.powf(nth as f64)).min(most.unwrap_or(u64::MAX) as f64);
        let expected: f64 = (0..attempts).map(|nth| (delay(nth) * 1000.0).round() / 1000.0).sum();
        prop_assert_eq!(ended.entered.len() as u64, 1 + attempts);
        prop_assert!((ended.duration - expected).abs() < 0.002, "{} is not {}", ended.duration, expected);
    }

    #[test]
    fn no_definition_causes_a_panic(definition in any_json(), text in "\\PC{0,60}") {
        paused(async {
            let (_, client) = world();
            for definition in [definition.to_string(), states(json!({ "A": definition })).to_string(), text] {
                let created = client.create_state_machine().name("timer").role_arn(ROLE).definition(&definition);
                if let Err(error) = created.send().await {
                    let code = error.code();
                    prop_assert!(matches!(code, Some("InvalidDefinition" | "NotSimulated" | "ValidationException")), "{:?}", error);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn no_execution_causes_a_panic_or_runs_forever(
        a in any_state(), b in any_state(), c in any_state(), input in any_json(),
    ) {
        let mut definition = states(json!({ "A": a, "B": b, "C": c, "Z": { "Type": "Succeed" } }));
        // Each state can be reached.
        definition["StartAt"] = "S".into();
        let rules = ["B", "C", "Z"]
            .map(|next| json!({ "Variable": "$$.Execution.Name", "StringEquals": next, "Next": next }));
        definition["States"]["S"] = json!({ "Type": "Choice", "Default": "A", "Choices": rules });
        let ended = paused(run(&definition, input));
        prop_assert_ne!(ended.status, ExecutionStatus::Running);
        prop_assert!(!ended.entered.is_empty() && ended.duration <= 365.0 * 86400.0);
    }
}
