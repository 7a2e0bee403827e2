//! Definitions that are refused.

use super::*;

#[tokio::test(start_paused = true)]
async fn unsupported_and_invalid_definitions_are_refused_with_state_and_reason() {
    let task = |more: Value| {
        let task = json!({ "Type": "Task", "Resource": FUNCTION, "End": true });
        states(json!({ "A": with(task, &more) }))
    };
    let retry = |more: Value| task(json!({ "Retry": [with(json!({ "ErrorEquals": ["X"] }), &more)] }));
    let one = |state: Value| states(json!({ "A": state }));
    let rule = |rule: Value| one(json!({ "Type": "Choice", "Choices": [rule] }));
    for (definition, why) in [
        (json!({ "StartAt": "A" }), "These fields are required: [States] at /"),
        (json!([]), "An object is expected at /"),
        (json!({ "StartAt": "B", "States": { "A": { "Type": "Succeed" } } }), "there is no state 'B' at /StartAt"),
        (states(json!({ "A": { "Type": "Succeed" }, "B": { "Type": "Succeed" } })), "cannot be reached at /States/B"),
        (one(json!({ "Type": "Pass", "Next": "B" })), "there is no state 'B' at /States/A"),
        (one(json!({ "Type": "Pass" })), "Exactly one of [Next, End] is required, and End must be true at /States/A"),
        (one(json!({ "Type": "Pass", "End": false })), "End must be true at /States/A"),
        (one(json!({ "Type": "Parallel", "Branches": [] })), "no states of the type 'Parallel' at /States/A/Type"),
        (one(json!({ "Type": "Map" })), "no states of the type 'Map' at /States/A/Type"),
        (one(json!({ "Type": "Succeed", "End": true })), "no field 'End' here at /States/A"),
        (one(json!({ "Type": "Pass", "Assign": {}, "End": true })), "no field 'Assign' here at /States/A"),
        (
            one(json!({ "Type": "Wait", "End": true })),
            "Exactly one of [Seconds, SecondsPath, Timestamp, TimestampPath]",
        ),
        (one(json!({ "Type": "Wait", "Seconds": 1, "SecondsPath": "$.a", "End": true })), "Exactly one of [Seconds"),
        (one(json!({ "Type": "Wait", "Seconds": -1, "End": true })), "0 to 99999999 is expected at /States/A/Seconds"),
        (one(json!({ "Type": "Wait", "Timestamp": "noon", "End": true })), "is expected at /States/A/Timestamp"),
        (one(json!({ "Type": "Pass", "InputPath": "$..a", "End": true })), "'$..a' is not a reference path"),
        (one(json!({ "Type": "Pass", "InputPath": "$.a[*]", "End": true })), "at /States/A/InputPath"),
        (one(json!({ "Type": "Pass", "InputPath": "$variable", "End": true })), "at /States/A/InputPath"),
        (one(json!({ "Type": "Pass", "ResultPath": "$$.State", "End": true })), "cannot be written to"),
        (
            one(json!({ "Type": "Pass", "Parameters": { "a.$": "b" }, "End": true })),
            "The value for the field 'a.$' must be",
        ),
        (
            one(json!({ "Type": "Pass", "Parameters": { "a.$": "States.UUID()" }, "End": true })),
            "no function States.UUID",
        ),
        (one(json!({ "Type": "Pass", "Parameters": { "a": 1, "a.$": "$" }, "End": true })), "given twice"),
        (one(json!({ "Type": "Fail", "Error": "a", "ErrorPath": "$.a" })), "Only one of [Error, ErrorPath]"),
        (task(json!({ "Resource": "arn:aws:states:::sqs:sendMessage" })), "no task 'arn:aws:states:::sqs:sendMessage'"),
        (task(json!({ "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken" })), "at /States/A/Resource"),
        (task(json!({ "Resource": "arn:aws:states:::lambda:invoke" })), "need the field 'FunctionName'"),
        (
            task(json!({
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": { "FunctionName": "f", "InvocationType": "Event" },
            })),
            "no parameter 'InvocationType'",
        ),
        (task(json!({ "HeartbeatSeconds": 5 })), "no field 'HeartbeatSeconds' here at /States/A"),
        (task(json!({ "TimeoutSeconds": 0 })), "at /States/A/TimeoutSeconds"),
        (task(json!({ "QueryLanguage": "JSONata" })), "has only 'JSONPath', not 'JSONata'"),
        (task(json!({ "Retry": [{ "ErrorEquals": [] }] })), "at /States/A/Retry[0]/ErrorEquals"),
        (task(json!({ "Retry": [{ "ErrorEquals": ["States.ALL", "X"] }] })), "States.ALL must appear alone"),
        (
            task(json!({ "Catch": [{ "ErrorEquals": ["X"] }] })),
            "These fields are required: [Next] at /States/A/Catch[0]",
        ),
        (
            retry(json!({ "JitterStrategy": "FULL" })),
            "has only 'NONE', not 'FULL' at /States/A/Retry[0]/JitterStrategy",
        ),
        (retry(json!({ "BackoffRate": 0.5 })), "A number of at least 1.0 is expected"),
        (retry(json!({ "IntervalSeconds": 0 })), "at /States/A/Retry[0]/IntervalSeconds"),
        (rule(json!({ "Or": [], "Next": "A" })), "A non-empty array of rules is required at /States/A/Choices[0]/Or"),
        (rule(json!({ "Variable": "$.a", "Next": "A" })), "Exactly one operator is required at /States/A/Choices[0]"),
        (rule(json!({ "Variable": "$.a", "StringEquals": 1, "Next": "A" })), "not of the operator's type"),
        (rule(json!({ "Variable": "$.a", "StringStartsWith": "a", "Next": "A" })), "no operator 'StringStartsWith'"),
        (
            rule(json!({ "Variable": "$.a", "IsNull": true })),
            "These fields are required: [Next] at /States/A/Choices[0]",
        ),
        (
            rule(json!({ "And": [{ "Variable": "$", "IsNull": true, "Next": "A" }], "Next": "A" })),
            "no field 'Next' here",
        ),
    ] {
        let result = refusal(definition).await;
        let refused =
            ["Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: ", "This simulation does not support"];
        assert!(refused.iter().any(|beginning| result.starts_with(beginning)), "{result}");
        assert!(result.contains(why), "{result}\ndoes not contain\n{why}");
    }
}
