//! Choice rules.

use super::*;

/// Whether a `Choice` with this rule takes it for this input.
async fn chosen(rule: Value, input: Value) -> Value {
    let mut rule = rule;
    rule["Next"] = "Yes".into();
    let definition = states(json!({
        "A": { "Type": "Choice", "Choices": [rule], "Default": "No" },
        "Yes": { "Type": "Pass", "Result": true, "End": true }, "No": { "Type": "Pass", "Result": false, "End": true },
    }));
    end(&definition, input).await.1
}

#[tokio::test(start_paused = true)]
async fn each_operator_compares_values_of_its_type() {
    for (operator, operand, yes, no) in [
        ("StringEquals", json!("b"), json!(["b"]), json!(["B", 1, null])),
        ("StringLessThan", json!("b"), json!(["a"]), json!(["b", 0])),
        ("StringGreaterThanEquals", json!("b"), json!(["b", "c"]), json!(["a"])),
        ("StringMatches", json!("rds:*-03-*"), json!(["rds:orders-03-05", "rds:-03-"]), json!(["rds:orders-04", "x"])),
        ("StringMatches", json!(r"\*a*"), json!(["*a", "*ab"]), json!(["xa"])),
        ("StringMatches", json!("a*a"), json!(["aa", "aba", "a*a"]), json!(["a", "ab", "baa", "aab"])),
        ("StringMatches", json!("a*b*b*c"), json!(["abbc", "axbxbxc", "abcbcbc"]), json!(["abc", "abcb", "bbc"])),
        ("StringMatches", json!("ab"), json!(["ab"]), json!(["abc", "a", ""])),
        (
            "NumericEquals",
            json!(9_007_199_254_740_993_i64),
            json!([9_007_199_254_740_993_i64]),
            json!([9_007_199_254_740_992_i64]),
        ),
        ("NumericEquals", json!(1), json!([1, 1.0]), json!([2, "1", true])),
        ("NumericGreaterThan", json!(1), json!([1.5, 2]), json!([1, "2"])),
        ("NumericGreaterThanEquals", json!(1.5), json!([1.5, 2]), json!([1])),
        ("NumericLessThan", json!(1), json!([0, -1.5]), json!([1])),
        ("NumericLessThanEquals", json!(1), json!([1, 0]), json!([2, null])),
        ("BooleanEquals", json!(false), json!([false]), json!([true, 0, "", null])),
        ("TimestampEquals", json!("2026-11-21T03:00:00Z"), json!(["2026-11-21T04:00:00+01:00"]), json!(["2026-11-21"])),
        ("TimestampLessThan", json!("2026-11-21T03:00:00Z"), json!(["2026-11-21T02:59:59.999Z"]), json!([0])),
        ("NumericEqualsPath", json!("$.other"), json!([5]), json!([4, "5"])),
        ("IsNull", json!(true), json!([null]), json!([0, ""])),
        ("IsString", json!(false), json!([0, null]), json!([""])),
        ("IsNumeric", json!(true), json!([0, 1.5]), json!(["0"])),
        ("IsBoolean", json!(true), json!([false]), json!([0])),
        ("IsTimestamp", json!(true), json!(["2026-11-21T03:00:00Z"]), json!(["2026-11-21", 0])),
        ("IsPresent", json!(true), json!([null, 0]), json!([])),
    ] {
        for (values, taken) in [(yes, true), (no, false)] {
            for value in values.as_array().expect("a list") {
                let rule = json!({ "Variable": "$.v", operator: operand });
                assert_eq!(
                    chosen(rule, json!({ "v": value, "other": 5 })).await,
                    taken,
                    "{operator} {operand} {value}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn and_or_and_not_combine_rules_and_short_circuit() {
    let present = json!({ "Variable": "$.v", "IsPresent": true });
    let one = json!({ "Variable": "$.v", "NumericEquals": 1 });
    let and = json!({ "And": [present, one] });
    assert_eq!(chosen(and.clone(), json!({ "v": 1 })).await, true);
    assert_eq!(chosen(and, json!({})).await, false);
    let or = json!({ "Or": [{ "Not": present }, one] });
    assert_eq!(chosen(or.clone(), json!({})).await, true);
    assert_eq!(chosen(or, json!({ "v": 2 })).await, false);
}

#[tokio::test(start_paused = true)]
async fn a_choice_without_a_match_or_with_a_missing_value_fails() {
    let choice = |variable: &str| {
        states(json!({
            "A": { "Type": "Choice", "Choices": [{ "Variable": variable, "NumericEquals": 1, "Next": "B" }] },
            "B": { "Type": "Succeed" },
        }))
    };
    assert_eq!(end(&choice("$.v"), json!({ "v": 2 })).await.1[0], "States.NoChoiceMatched");
    let cause = in_a("Invalid path '$.w': The choice state's condition path references an invalid value.");
    assert_eq!(end(&choice("$.w"), json!({ "v": 2 })).await, failed("States.Runtime", &cause));
}
