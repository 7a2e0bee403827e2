//! `config.yaml.sample` tells of every key what it is and what its default is, and what it says is true.

use std::collections::BTreeMap;
use std::path::Path;

use config::Config;
use config::keys::KEYS;

const SAMPLE: &str = include_str!("../../../../config.yaml.sample");

fn read(text: &str) -> Config {
    Config::of(Path::new("config.yaml.sample"), text.as_bytes(), &BTreeMap::new()).expect("a configuration")
}

/// What the sample says of a key: the comment above it, and its line without the `#` that may begin it.
fn said(key: &str) -> (String, &'static str) {
    let begins = format!("{key}:");
    let paragraph =
        SAMPLE.split("\n\n").find(|all| all.lines().any(|line| line.trim_start_matches("# ").starts_with(&begins)));
    let lines: Vec<&str> = paragraph.unwrap_or_else(|| panic!("the sample has no {key}")).lines().collect();
    let (line, comment) = lines.split_last().expect("lines");
    let comment: Vec<&str> = comment.iter().map(|line| line.trim_start_matches("# ")).collect();
    (comment.join(" "), line.trim_start_matches("# "))
}

#[test]
fn the_sample_as_it_stands_is_a_configuration() {
    let config = read(SAMPLE);
    assert!(config.need_sources().is_ok());
    assert!(config.need(&config.aws_region, "AWS_REGION").is_ok());
    assert!(config.need(&config.dr_acct, "DR_ACCT").is_ok());
    assert!(config.need(&config.code_bucket, "CODE_BUCKET").is_ok());
    assert!(config.lifecycles.custom().count() > 3);
}

#[test]
fn each_key_is_in_it_and_can_be_uncommented() {
    let all: Vec<&str> = KEYS.iter().map(|key| said(key.name).1).collect();
    let config = read(&all.join("\n"));
    for key in KEYS {
        assert!(config.origin(key.name).is_some(), "{}", key.name);
    }
}

#[test]
fn the_defaults_that_it_tells_are_those_in_force() {
    let nothing = read("");
    for key in KEYS {
        let (comment, line) = said(key.name);
        let default = comment.split_once("Default: ").unwrap_or_else(|| panic!("{}: no default is told", key.name)).1;
        let told = default.split(['.', ';', ' ']).next().expect("a word").trim_end_matches(',');
        assert_eq!(told, key.value(&nothing).as_deref().unwrap_or("none"), "{}", key.name);
        if let Some(value) = key.value(&nothing) {
            assert_eq!(key.value(&read(line)), Some(value), "{}: what is commented out is the default", key.name);
        }
    }
}
