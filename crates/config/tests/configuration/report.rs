//! The configuration in force, for people and as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use config::{Config, report};
use serde_json::Value;

const FILE: &str = "\
AWS_REGION: eu-west-1
SOURCE_ACCTS: [111111111111, 012345678901]
DR_ACCT: 222222222222

FLOOR: { weekly: 4 }
lifecycles:
  Fortnight: { daily: 14 }
  Recent: { within: 2w, last: 3 }
";

fn config() -> Config {
    let environment = BTreeMap::from([
        ("DR_ACCT".to_owned(), "333333333333".to_owned()),
        ("NO_COPY_HOURS".to_owned(), "0".to_owned()),
        ("PATH".to_owned(), "/bin".to_owned()),
    ]);
    Config::of(Path::new("config.yaml"), FILE.as_bytes(), &environment).expect("a configuration")
}

#[test]
fn text_has_each_value_with_its_origin() {
    insta::assert_snapshot!(report::text(&config()));
}

#[test]
fn json_has_each_value_with_its_type_and_origin() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&report::as_json(&config())).expect("JSON"));
}

#[test]
fn text_without_a_file_shows_required_keys() {
    let config = Config::of(Path::new("config.yaml"), b"", &BTreeMap::new()).expect("a configuration");
    let required: Vec<&str> = config.missing_keys().map(|key| key.name).collect();
    assert_eq!(required, ["AWS_REGION", "SOURCE_ACCTS", "DR_ACCT", "CODE_BUCKET"]);
    let text = report::text(&config);
    let marked: Vec<&str> =
        text.lines().filter_map(|line| line.strip_suffix("not set (required)")?.split_whitespace().next()).collect();
    assert_eq!(marked, required);
}

/// The first cells of the table under this heading of `doc/json.md`.
fn documented(heading: &str) -> BTreeSet<String> {
    let page = include_str!("../../../../doc/json.md");
    let (_, section) = page.split_once(&format!("{heading}\n")).expect("a heading");
    let section = section.split("\n#").next().unwrap_or(section);
    let keys = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(key, _)| key));
    keys.map(str::to_owned).collect()
}

fn keys(object: &Value) -> BTreeSet<String> {
    object.as_object().expect("an object").keys().cloned().collect()
}

#[test]
fn documented_keys_are_those_of_the_json() {
    let json = report::as_json(&config());
    assert_eq!(keys(&json), documented("## `cargo xtask config --json`"));
    for setting in json["settings"].as_object().expect("an object").values() {
        assert_eq!(keys(setting), documented("### `settings`"));
    }
    for lifecycle in json["lifecycles"].as_array().expect("an array") {
        assert_eq!(keys(lifecycle), documented("### `lifecycles`"));
    }
}

#[test]
fn templates_get_lifecycles_and_floor_as_json() {
    let config = config();
    assert_eq!(config.lifecycles_json(), r#"{"Fortnight":{"daily":14},"Recent":{"within":"14d","last":3}}"#);
    assert_eq!(config.floor_json(), r#"{"weekly":4}"#);
    assert_eq!(config.source_accounts(), "012345678901,111111111111");
    assert_eq!(Config::default().lifecycles_json(), "{}");
}
