//! `draco plan --json`, `draco sim --questions --json`, and that `doc/json.md` documents exactly the keys that are printed.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use serde_json::Value;

use crate::plan::MIXED;
use crate::run_on;

#[test]
fn each_snapshot_is_an_object() {
    assert_snapshot!(run_on(MIXED, &["plan", "--json"]).out);
}

#[test]
fn each_database_is_an_object_in_a_summary() {
    assert_snapshot!(run_on(MIXED, &["plan", "--json", "--summary"]).out);
}

#[test]
fn an_empty_list_is_an_empty_array() {
    for form in [&["plan", "--json"][..], &["plan", "--json", "--summary"]] {
        assert_eq!(run_on("[]", form).out, "[]\n");
    }
}

/// A snapshot that `within` keeps, one that it does not keep, and one that no rule but the floor of one keeps.
const WITHIN: &str = r#"[
    {"id": "c", "taken": "2026-11-21T03:06:39Z", "lifecycle": "Own"},
    {"id": "b", "taken": "2026-11-21T02:06:39Z"},
    {"id": "a", "taken": "2025-11-20T03:06:39Z"}
]"#;

#[test]
fn within_has_its_hours() {
    let config = crate::file("within.yaml", "lifecycles: { Own: { within: 36h } }");
    let rows = rows(&run_on(WITHIN, &["plan", "--json", "--config", &config]).out);
    let reasons: Vec<String> = rows.iter().map(|row| row["reasons"].to_string()).collect();
    let reason = |kept: bool, cause: &str| {
        format!(
            r#"[{{"kind":"rule","rule":"within","kept":{kept},"cause":{cause},"ordinal":null,"limit":null,"hours":36}}]"#
        )
    };
    let [kept, too_old] = [reason(true, "null"), reason(false, r#""too_old""#)].map(|text| sorted(&text));
    assert_eq!(reasons.iter().map(|text| sorted(text)).collect::<Vec<_>>(), [kept.clone(), kept, too_old]);
}

fn sorted(json: &str) -> Value {
    serde_json::from_str(json).expect("JSON")
}

fn rows(json: &str) -> Vec<Value> {
    serde_json::from_str(json).expect("JSON")
}

/// The keys of objects, which must be the same in all of them.
#[track_caller]
fn keys<'a>(objects: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    let all: BTreeSet<BTreeSet<String>> =
        objects.into_iter().map(|row| row.as_object().expect("an object").keys().cloned().collect()).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().flatten().collect()
}

/// The first cells of the table under this heading of `doc/json.md`.
pub(crate) fn documented(heading: &str) -> BTreeSet<String> {
    let page = std::fs::read_to_string(crate::root().join("doc/json.md")).expect("doc/json.md");
    let (_, section) = page.split_once(&format!("{heading}\n")).expect(heading);
    let section = section.split("\n#").next().unwrap_or(section);
    let keys =
        section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(key, _)| key.to_owned()));
    keys.collect()
}

/// The values that a key can have, from the text in its row: `"source"` or `"copy"`.
fn documented_values(heading: &str, key: &str) -> BTreeSet<String> {
    let page = std::fs::read_to_string(crate::root().join("doc/json.md")).expect("doc/json.md");
    let (_, section) = page.split_once(&format!("{heading}\n")).expect("a heading");
    let row = section.lines().find(|line| line.starts_with(&format!("| `{key}`"))).expect("a row");
    row.split('`').filter_map(|code| code.strip_prefix('"')?.strip_suffix('"')).map(str::to_owned).collect()
}

#[test]
fn the_documented_keys_are_those_that_are_printed() {
    let snapshots = rows(&run_on(MIXED, &["plan", "--json"]).out);
    assert_eq!(keys(&snapshots), documented("## `draco plan --json`"));
    let reasons = snapshots.iter().flat_map(|row| row["reasons"].as_array().expect("an array"));
    assert_eq!(keys(reasons), documented("### `reasons`"));
    let databases = rows(&run_on(MIXED, &["plan", "--json", "--summary"]).out);
    assert_eq!(keys(&databases), documented("## `draco plan --summary --json`"));
    let questions = rows(&run_on("", &["sim", "--questions", "--json"]).out);
    assert_eq!(keys(&questions), documented("## `draco sim --questions --json`"));
    let answers = questions.iter().flat_map(|question| question["answers"].as_array().expect("an array"));
    assert_eq!(keys(answers), documented("### `answers`"));
}

#[test]
fn the_documented_values_are_those_that_are_printed() {
    let values = |rows: &[Value], key: &str| -> BTreeSet<String> {
        rows.iter().filter_map(|row| row[key].as_str()).map(str::to_owned).collect()
    };
    let copies = MIXED.replace(r#""id": "n"#, r#""role": "copy", "id": "n"#);
    let databases = rows(&run_on(&copies, &["plan", "--json", "--summary"]).out);
    let summary = "## `draco plan --summary --json`";
    assert_eq!(values(&databases, "role"), documented_values(summary, "role"));
    assert_eq!(values(&databases, "lifecycle_kind"), documented_values(summary, "lifecycle_kind"));
    let states = ["complete", "incomplete", "none", "unreadable"].map(str::to_owned);
    assert_eq!(documented_values(summary, "spec"), states.into());

    let config = crate::file(
        "every-rule.yaml",
        "lifecycles: { Own: { last: 1, whole_days: 1, hourly: 1, daily: 1, weekly: 1, monthly: 1, quarterly: 1, yearly: 1, within: 1h }, Old: { within: 1h } }",
    );
    let mut reasons: Vec<Value> = Vec::new();
    for (list, lifecycle) in [(WITHIN, "Own"), (MIXED, "Ignore")] {
        let out = run_on(list, &["plan", "--json", "--config", &config, "--lifecycle", lifecycle]).out;
        reasons.extend(rows(&out).iter().flat_map(|row| row["reasons"].as_array().expect("an array").clone()));
    }
    let without = run_on(MIXED, &["plan", "--json"]).out;
    reasons.extend(rows(&without).iter().flat_map(|row| row["reasons"].as_array().expect("an array").clone()));
    assert_eq!(values(&reasons, "rule"), documented_values("### `reasons`", "rule"));
    assert_eq!(values(&reasons, "cause"), documented_values("### `reasons`", "cause"));
    // No lifecycle of a configuration reaches `newest`, because a count is at least 1 and a span at least an hour.
    let mut kinds = documented_values("### `reasons`", "kind");
    assert!(kinds.remove("newest"));
    assert_eq!(values(&reasons, "kind"), kinds);
}
