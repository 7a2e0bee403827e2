//! Invalid arguments, lists and configurations: one line with the position and the expected form, and exit code 2.

use crate::{file, run, run_on};

#[track_caller]
fn refused(ran: crate::Ran, why: &str) {
    assert_eq!((ran.err.trim_end(), ran.out.as_str(), ran.code), (why, "", Some(2)));
}

/// Checks the error for an invalid list.
#[track_caller]
fn list(input: &str, why: &str) {
    refused(run_on(input, &["plan"]), &format!("error: standard input{why}"));
}

/// Checks the error for an invalid configuration.
#[track_caller]
fn config(name: &str, text: &str, why: &str) {
    let path = file(name, text);
    refused(run_on("[]", &["plan", "--config", &path]), &format!("error: {path}:{why}"));
}

const EXPECTED: &str = "expected a list like [{\"id\": \"…\", \"taken\": \"2026-11-21T03:06:39Z\"}], \
                        or what `aws rds describe-db-snapshots` or `describe-db-cluster-snapshots` prints";

#[test]
fn invalid_lists() {
    list("", &format!(" is empty; {EXPECTED}"));
    list("[", &format!(":1:1: unexpected end (EOF while parsing a list); {EXPECTED}"));
    list("7", &format!(":1:1: invalid type: integer `7`, {EXPECTED}"));
    list("{}", &format!(":1:2: no key DBSnapshots or DBClusterSnapshots; {EXPECTED}"));
    list("[] []", &format!(":1:4: invalid JSON (trailing characters); {EXPECTED}"));
    list("snapshots", &format!(":1:1: invalid JSON (expected value); {EXPECTED}"));
}

#[test]
fn invalid_snapshots() {
    list(r#"[{"id": "a"}]"#, ":1:12: missing field `taken`");
    list("[\n  {\"id\": 7}]", ":2:11: invalid type: integer `7`, expected a string");
    list(
        "[7]",
        r#":1:3: invalid type: integer `7`, expected a snapshot like {"id": "…", "taken": "2026-11-21T03:06:39Z"}"#,
    );
    list(
        r#"[{"id": "a", "taken": "2026-11-21T03:06:39Z", "role": "cop"}]"#,
        ":1:59: unknown variant `cop`, expected `source` or `copy`",
    );
    list(
        r#"[{"id": "a", "taken": "yesterday"}]"#,
        r#":1:33: invalid value: string "yesterday", expected a time like 2026-11-21T03:06:39Z"#,
    );
    list(
        r#"[{"id": "a", "taken": "2026-11-21T03:06:39"}]"#,
        r#":1:43: invalid value: string "2026-11-21T03:06:39", expected a time like 2026-11-21T03:06:39Z"#,
    );
}

#[test]
fn invalid_descriptions() {
    list(r#"{"DBSnapshots": [{}]}"#, ":1:19: missing field `DBSnapshotIdentifier`");
    list(r#"{"DBSnapshots": [7]}"#, ":1:19: invalid type: integer `7`, expected a snapshot as AWS describes it");
    list(
        r#"{"DBSnapshots": [], "DBClusterSnapshots": []}"#,
        ":1:41: a second list of snapshots; the first is DBSnapshots, expected only one",
    );
    let snapshot = |more: &str| {
        format!(
            r#"{{"DBSnapshots": [{{"DBSnapshotIdentifier": "s", "DBInstanceIdentifier": "d", "Status": "available"{more}}}]}}"#
        )
    };
    list(&snapshot(""), ":1:99: `s` is available but has no SnapshotCreateTime");
    list(
        &snapshot(r#", "TagList": [{"Key": "Draco_Taken", "Value": "noon"}]"#),
        ":1:153: the tag Draco_Taken of `s` is \"noon\", expected a time like 2026-11-21T03:06:39Z",
    );
}

#[test]
fn control_characters_are_refused() {
    list(
        r#"[{"id": "a\u001b[2J", "taken": "2026-11-21T03:06:39Z"}]"#,
        r#":1:20: "a\u{1b}[2J" has a control character, which no name in AWS has"#,
    );
}

#[test]
fn utf_16_is_refused() {
    let utf_16 = [0xff, 0xfe, b'[', 0, b']', 0];
    let path = file("utf-16.json", "");
    std::fs::write(&path, utf_16).expect("a file");
    refused(run(&["plan", &path]), &format!("error: {path} is in UTF-16; expected UTF-8"));
}

#[test]
fn years_after_9999_are_refused() {
    list(
        r#"[{"id": "a", "taken": "9999-12-31T23:59:59-01:00"}]"#,
        r#":1:49: invalid value: string "9999-12-31T23:59:59-01:00", expected a time like 2026-11-21T03:06:39Z"#,
    );
}

#[test]
fn a_picture_does_not_overwrite_the_list_and_needs_a_file() {
    let path = file("list.json", "[]");
    refused(run(&["plan", &path, "--svg", &path]), &format!("error: --svg {path} would overwrite the list"));
    refused(
        run_on("[]", &["plan", "--svg", "-"]),
        "error: --svg needs the name of a file, like plan.svg; `-` is not supported",
    );
}

#[test]
fn one_identifier_with_two_times_is_refused() {
    list(
        r#"[{"id": "a", "taken": "2026-11-21T03:06:39Z"}, {"id": "a", "taken": "2026-11-22T03:06:39Z"}]"#,
        ": snapshot `a` is listed with two different times, 2026-11-21T03:06:39Z and 2026-11-22T03:06:39Z",
    );
}

#[test]
fn files_that_cannot_be_read() {
    refused(run(&["plan", "nosuch.json"]), "error: reading nosuch.json: No such file or directory (os error 2)");
    refused(run(&["plan", "doc"]), "error: reading doc: Is a directory (os error 21)");
    refused(
        run_on("[]", &["plan", "--config", "nosuch.yaml"]),
        "error: reading the configuration nosuch.yaml: No such file or directory (os error 2)",
    );
}

#[test]
fn invalid_configurations() {
    config(
        "rule.yaml",
        "lifecycles:\n  Own: { dayly: 7 }\n",
        "2:10: lifecycles: Own: unknown rule `dayly`; did you mean daily? known rules: last, whole_days, hourly, daily, weekly, monthly, quarterly, yearly, within",
    );
    config(
        "name.yaml",
        "lifecycles:\n  standard: { daily: 7 }\n",
        "2:3: lifecycles: `Standard` is built in and cannot be changed; choose another name",
    );
    config(
        "count.yaml",
        "lifecycles:\n  Own: { daily: 0 }\n",
        "2:10: lifecycles: Own: invalid value: integer `0`, expected a number to keep, from 1 to 4294967295",
    );
    config(
        "span.yaml",
        "lifecycles:\n  Own: { within: 3x }\n",
        "2:18: lifecycles: Own: `3x` is not a length of time; expected a whole number followed by h, d or w, like 36h, 14d or 2w",
    );
    config(
        "empty.yaml",
        "lifecycles:\n  Own:\n",
        "2:6: lifecycles: Own: a lifecycle needs at least one rule, like `daily: 7`",
    );
    config(
        "shape.yaml",
        "lifecycles:\n  Own: daily 7\n",
        "2:3: lifecycles: Own: invalid type: string \"daily 7\", expected rules, like `{ daily: 7, weekly: 5 }`",
    );
    config(
        "control.yaml",
        "lifecycles:\n  \"a\\e[2J\": { daily: 7 }\n",
        "2:3: lifecycles: \"a\\u{1b}[2J\" has a control character",
    );
    config("key.yaml", "lifecycle:\n  Own: { daily: 7 }\n", "1:1: unknown key \"lifecycle\"; did you mean lifecycles?");
    config(
        "twice.yaml",
        "lifecycles:\n  Own: { daily: 7 }\n  own: { daily: 8 }\n",
        "3:3: lifecycles: `own` and `Own` are the same name, because case does not matter",
    );
}

#[test]
fn unknown_options_are_refused() {
    let ran = run(&["plan", "--nosuch"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.starts_with("error: unexpected argument '--nosuch' found"), "{}", ran.err);
}
