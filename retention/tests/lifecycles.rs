//! The built-in lifecycles, and custom ones in JSON (`LIFECYCLES`). `config.yaml` has the same form.

#![allow(clippy::expect_used, reason = "a test may stop")]

use retention::{Lifecycle, Lifecycles, Rules};

fn custom(json: &str) -> Result<Lifecycles, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[track_caller]
fn check(lifecycles: &Lifecycles, name: &str, expected: &str) {
    assert_eq!(lifecycles.named(name).to_string(), expected);
}

/// Checks the error message, without the position that the parser appends.
#[track_caller]
fn refused(json: &str, why: &str) {
    let error = custom(json).expect_err("refused");
    assert_eq!(error.split(" at line ").next(), Some(why));
}

#[test]
fn three_are_built_in() {
    let built_in = Lifecycles::built_in();
    check(&built_in, "Test", "Test (whole_days 5)");
    check(&built_in, "Standard", "Standard (daily 7, weekly 5, monthly 12, yearly 7)");
    check(&built_in, "Ignore", "Ignore keeps every snapshot");
    assert_eq!(built_in.names().collect::<Vec<_>>(), ["Ignore", "Standard", "Test"]);
}

#[test]
fn names_match_in_any_case() {
    assert_eq!(Lifecycles::built_in().named("sTANDARD"), Lifecycles::built_in().named("Standard"));
    let custom = custom(r#"{"Größe": {"last": 1}}"#).expect("lifecycles");
    check(&custom, "GRÖßE", "Größe (last 1)");
}

#[test]
fn an_unknown_name_is_a_lifecycle_without_rules() {
    let unknown = Lifecycles::built_in().named("Standrad");
    assert_eq!(unknown, Lifecycle::Unknown("Standrad".to_owned()));
    assert_eq!(unknown.name(), "Standrad");
    assert_eq!(unknown.rules(), []);
}

#[test]
fn every_lifecycle_except_none_has_a_name() {
    let names = ["test", "ignore", "nosuch"].map(|name| Lifecycles::built_in().named(name).name().to_owned());
    assert_eq!(names, ["Test", "Ignore", "nosuch"]);
    assert_eq!(Lifecycle::None.name(), "");
}

#[test]
fn custom_lifecycles_are_added_to_the_built_in_ones() {
    let custom = custom(
        r#"{"Every": {"last": 1, "whole_days": 2, "hourly": 3, "daily": 4, "weekly": 5, "monthly": 6, "quarterly": 7,
            "yearly": 4294967295, "within": "2w"}}"#,
    )
    .expect("lifecycles");
    check(
        &custom,
        "every",
        "Every (last 1, whole_days 2, hourly 3, daily 4, weekly 5, monthly 6, quarterly 7, yearly 4294967295, within 14d)",
    );
    check(&custom, "Test", "Test (whole_days 5)");
}

#[test]
fn spans_are_written_in_hours_days_or_weeks() {
    for (written, displayed) in [("1h", "1h"), ("36h", "36h"), ("48h", "2d"), ("14d", "14d"), ("3w", "21d")] {
        let custom = custom(&format!(r#"{{"Own": {{"within": "{written}"}}}}"#)).expect("lifecycles");
        check(&custom, "Own", &format!("Own (within {displayed})"));
    }
    for wrong in ["", "h", "0h", "7", "7 d", "-1d", "1.5d", "7m", "7D", "99999999999h", "4294967295w", "√d"] {
        refused(
            &format!(r#"{{"Own": {{"within": "{wrong}"}}}}"#),
            &format!(
                "`{wrong}` is not a length of time; expected a whole number followed by h, d or w, like 36h, 14d or 2w"
            ),
        );
    }
}

#[test]
fn an_empty_block_adds_no_custom_lifecycles() {
    for empty in ["null", "{}"] {
        assert_eq!(custom(empty).expect("lifecycles"), Lifecycles::built_in());
    }
}

#[test]
fn a_built_in_name_cannot_be_changed() {
    refused(r#"{"standard": {"daily": 1}}"#, "`Standard` is built in and cannot be changed; choose another name");
    refused(r#"{"IGNORE": {"daily": 1}}"#, "`Ignore` is built in and cannot be changed; choose another name");
}

#[test]
fn a_name_is_unique_and_not_empty_and_has_no_control_characters() {
    refused(
        r#"{"Week": {"daily": 7}, "week": {"daily": 8}}"#,
        "`week` and `Week` are the same name, because case does not matter",
    );
    refused(r#"{" ": {"daily": 7}}"#, "a lifecycle needs a name");
    refused(r#"{"a\u0007": {"daily": 7}}"#, r#""a\u{7}" has a control character"#);
}

#[test]
fn missing_duplicate_and_unknown_rules_are_refused() {
    refused(r#"{"Own": null}"#, "a lifecycle needs at least one rule, like `daily: 7`");
    refused(r#"{"Own": {}}"#, "a lifecycle needs at least one rule, like `daily: 7`");
    refused(r#"{"Own": {"daily": 7, "daily": 8}}"#, "rule `daily` appears twice");
    refused(
        r#"{"Own": {"dayly": 7}}"#,
        "unknown rule `dayly`; did you mean daily? known rules: last, whole_days, hourly, daily, weekly, monthly, \
         quarterly, yearly, within",
    );
    refused(
        r#"{"Own": {"whole days": 7}}"#,
        "unknown rule `whole days`; did you mean whole_days? known rules: last, whole_days, hourly, daily, weekly, \
         monthly, quarterly, yearly, within",
    );
    refused(
        r#"{"Own": {"decades": 7}}"#,
        "unknown rule `decades`; known rules: last, whole_days, hourly, daily, weekly, monthly, quarterly, yearly, within",
    );
}

#[test]
fn a_count_is_a_number_of_at_least_one() {
    for (wrong, found) in [
        ("0", "invalid value: integer `0`"),
        ("4294967296", "invalid value: integer `4294967296`"),
        ("-1", "invalid type: integer `-1`"),
        (r#""7""#, r#"invalid type: string "7""#),
    ] {
        refused(
            &format!(r#"{{"Own": {{"daily": {wrong}}}}}"#),
            &format!("{found}, expected a number to keep, from 1 to 4294967295"),
        );
    }
}

#[test]
fn a_wrong_type_is_refused_with_the_expected_form() {
    refused(
        r#"["Week"]"#,
        "invalid type: sequence, expected lifecycles by name, each with its rules, like `Fortnight: { daily: 14 }`",
    );
    refused(r#"{"Own": 7}"#, "invalid type: integer `7`, expected rules, like `{ daily: 7, weekly: 5 }`");
    refused(r#"{"Own": {"within": 7}}"#, "invalid type: integer `7`, expected a string");
}

#[test]
fn custom_lifecycles_are_serialized_and_read_back() {
    let json = r#"{"Every":{"last":1,"whole_days":2,"yearly":4294967295,"within":"36h"},"Fortnight":{"daily":14}}"#;
    let lifecycles = custom(json).expect("lifecycles");
    assert_eq!(lifecycles.custom().map(Lifecycle::name).collect::<Vec<_>>(), ["Every", "Fortnight"]);
    assert_eq!(serde_json::to_string(&lifecycles).expect("JSON"), json);
    assert_eq!(serde_json::to_string(&Lifecycles::built_in()).expect("JSON"), "{}");
}

#[test]
fn the_default_floor_guarantees_28_days() {
    let floor = Rules::default_floor();
    assert_eq!(serde_json::to_string(&floor).expect("JSON"), r#"{"daily":7,"weekly":6}"#);
    assert_eq!(floor.guarantee_days(), 28);
    assert_eq!(floor.named("Floor").to_string(), "Floor (daily 7, weekly 6)");
}
