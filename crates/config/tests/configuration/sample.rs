//! `config.yaml.sample` describes every key, and its defaults are those of the code.

use std::collections::BTreeMap;
use std::path::Path;

use config::Config;
use config::keys::{KEYS, Key};

const SAMPLE: &str = include_str!("../../../../config.yaml.sample");

fn read(text: &str) -> Config {
    Config::of(Path::new("config.yaml.sample"), text.as_bytes(), &BTreeMap::new()).expect("a configuration")
}

/// A key in the sample: the comment above it, and its line without the leading `#`.
fn described(key: &str) -> (String, &'static str) {
    let begins = format!("{key}:");
    let paragraph =
        SAMPLE.split("\n\n").find(|all| all.lines().any(|line| line.trim_start_matches("# ").starts_with(&begins)));
    let lines: Vec<&str> = paragraph.unwrap_or_else(|| panic!("the sample has no {key}")).lines().collect();
    let (line, comment) = lines.split_last().expect("lines");
    let comment: Vec<&str> = comment.iter().map(|line| line.trim_start_matches("# ")).collect();
    (comment.join(" "), line.trim_start_matches("# "))
}

#[test]
fn sample_is_a_valid_configuration() {
    let config = read(SAMPLE);
    assert_eq!(config.missing_keys().map(|key| key.name).collect::<Vec<_>>(), Vec::<&str>::new());
    assert!(config.need_sources().is_ok());
    assert!(config.need(&config.aws_region, "AWS_REGION").is_ok());
    assert!(config.need(&config.dr_acct, "DR_ACCT").is_ok());
    assert!(config.need(&config.code_bucket, "CODE_BUCKET").is_ok());
    assert!(config.lifecycles.custom().count() > 3);
}

#[test]
fn every_key_is_in_the_sample_and_can_be_uncommented() {
    let all: Vec<&str> = KEYS.iter().map(|key| described(key.name).1).collect();
    let config = read(&all.join("\n"));
    for key in KEYS {
        assert!(config.origin(key.name).is_some(), "{}", key.name);
    }
}

#[test]
fn defaults_and_required_keys_in_the_sample_are_those_of_the_code() {
    let empty = read("");
    let value = |key: &Key, config: &Config| key.value(config).map(|value| value.to_string());
    for key in KEYS {
        let (comment, line) = described(key.name);
        assert_eq!(comment.contains("Required."), key.is_required, "{}", key.name);
        let default = comment.split_once("Default: ").map(|(_, default)| default.split(['.', ';', ' ']).next());
        let default = default.map(|default| default.expect("a default").trim_end_matches(','));
        // A required key has no default.
        let expected = value(key, &empty).or((!key.is_required).then(|| "none".to_owned()));
        assert_eq!(default, expected.as_deref(), "{}", key.name);
        if let Some(default) = value(key, &empty) {
            assert_eq!(value(key, &read(line)), Some(default), "{}: the line in the sample is the default", key.name);
        }
    }
}
