//! What holds for every key and every text.

use std::collections::BTreeMap;
use std::path::Path;

use config::keys::{KEYS, Key};
use config::{Config, Origin};
use proptest::prelude::*;
use proptest::sample::select;

/// Two values of each key that differ, and none of them is the default.
const VALUES: [(&str, [&str; 2]); 18] = [
    ("AWS_REGION", ["eu-west-1", "us-gov-west-1"]),
    ("SOURCE_ACCTS", ["012345678901", "111111111111,333333333333"]),
    ("DR_ACCT", ["000000000002", "222222222222"]),
    ("SOURCE_PROFILE", ["production", "some one's"]),
    ("DR_PROFILE", ["dr", "012"]),
    ("CODE_BUCKET", ["draco-code", "a.b"]),
    ("ARCHITECTURE", ["x86_64", "arm64"]),
    ("TAG_KEY", ["team", "CostCentre"]),
    ("TAG_VALUE", ["1234", "no"]),
    ("WAIT_LIMIT_HOURS", ["1", "8760"]),
    ("KEY_PER_DATABASE", ["yes", "no"]),
    ("ALLOW_PLAINTEXT_CLUSTERS", ["yes", "no"]),
    ("FLOOR", [r#"{"daily":3}"#, r#"{"last":1,"within":"36h"}"#]),
    ("ALARM_EMAIL", ["a@example.com", "b@example.org"]),
    ("ALARM_TOPIC_ARN", ["arn:aws:sns:eu-west-1:222222222222:alarms", "arn:aws:sns:eu-west-1:222222222222:others"]),
    ("NO_COPY_HOURS", ["0", "168"]),
    ("LOG_DAYS", ["1", "3653"]),
    ("CONCURRENCY", ["1", "1000"]),
];

fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::of(Path::new("config.yaml"), text.as_bytes(), &environment).map_err(|why| format!("{why:#}"))
}

/// A value cannot be without its key, so the tag's key is always there.
fn set(key: &str, in_file: &str, variables: &[(&str, &str)]) -> Config {
    let tag = if key == "TAG_VALUE" { "TAG_KEY: team\n" } else { "" };
    let in_file = if key == "FLOOR" { in_file.to_owned() } else { format!("{in_file:?}") };
    read(&format!("{tag}{key}: {in_file}\n"), variables).expect("a configuration")
}

fn value(key: &str, config: &Config) -> Option<String> {
    Key::named(key).expect("a key").value(config)
}

#[test]
fn the_environment_beats_the_file_and_the_file_beats_the_default() {
    assert_eq!(VALUES.map(|(key, _)| key).as_slice(), KEYS.iter().map(|key| key.name).collect::<Vec<_>>());
    for (key, values) in VALUES {
        for (one, other) in [(values[0], values[1]), (values[1], values[0])] {
            let in_file = set(key, one, &[]);
            assert_eq!(value(key, &in_file).as_deref(), Some(one), "{key} of the file");
            assert!(matches!(in_file.origin(key), Some(Origin::File { .. })), "{key}");
            let both = set(key, one, &[(key, other)]);
            assert_eq!(value(key, &both).as_deref(), Some(other), "{key} of the environment");
            assert_eq!(both.origin(key), Some(&Origin::Environment), "{key}");
        }
    }
}

#[test]
fn what_is_told_is_read_as_the_same() {
    for (key, values) in VALUES {
        for text in values {
            let config = set(key, text, &[]);
            let told: Vec<(&str, String)> =
                KEYS.iter().filter_map(|key| Some((key.name, key.value(&config)?))).collect();
            let told: Vec<(&str, &str)> = told.iter().map(|(key, value)| (*key, value.as_str())).collect();
            let again = read("", &told).expect("a configuration");
            let values = |config: &Config| KEYS.iter().map(|key| key.value(config)).collect::<Vec<_>>();
            assert_eq!(values(&again), values(&config), "{key}: {text}");
        }
    }
}

/// Text that goes further into the reader than any text would.
fn text() -> impl Strategy<Value = String> {
    let keys: Vec<&str> = KEYS.iter().map(|key| key.name).chain(["lifecycles", "Own", "daily", "within"]).collect();
    let piece = prop_oneof![
        4 => select(keys).prop_map(str::to_owned),
        4 => select(vec![": ", ":\n  ", "\n", "- ", "{ ", " }", "[", "]", ", ", "'", "\"", "#", "&a ", "*a", "<<: ", "!!int ", "|\n", "\t", "\r\n", "---\n"]).prop_map(str::to_owned),
        2 => "[0-9]{1,13}",
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_the_file_says_what_is_wrong_has_a_place(text in text()) {
        if let Err(why) = read(&text, &[]) {
            let (line, rest) = why.strip_prefix("config.yaml:").and_then(|rest| rest.split_once(':')).expect("a line");
            let (column, what) = rest.split_once(": ").expect("a column");
            let lines = text.lines().count().max(1) as u64 + 1;
            prop_assert!((1..=lines).contains(&line.parse::<u64>().expect("a number")), "{why:?}");
            prop_assert!(column.parse::<u64>().expect("a number") >= 1, "{why:?}");
            prop_assert!(!what.is_empty() && !why.contains(char::is_control), "{why:?}");
        }
    }

    #[test]
    fn whatever_the_bytes_reading_comes_to_an_end(bytes in any::<Vec<u8>>()) {
        let _ = Config::of(Path::new("config.yaml"), &bytes, &BTreeMap::new());
    }

    #[test]
    fn whatever_a_variable_says_what_is_wrong_names_it(key in select(VALUES.map(|(key, _)| key).to_vec()), text in any::<String>()) {
        if let Err(why) = read("", &[(key, &text)]) {
            prop_assert!(why.starts_with(&format!("environment: {key}: ")), "{why:?}");
            prop_assert!(!why.contains(char::is_control), "{why:?}");
        }
    }
}
