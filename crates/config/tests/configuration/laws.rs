//! Laws for all keys and all texts.

use std::collections::BTreeMap;
use std::path::Path;

use config::keys::{KEYS, Key};
use config::{Config, Origin};
use proptest::prelude::*;
use proptest::sample::select;

/// Two different values of each key, and none is the default.
const VALUES: [(&str, [&str; 2]); 48] = [
    ("AWS_REGION", ["eu-west-1", "us-gov-west-1"]),
    ("DR_REGION", ["eu-central-1", "eu-west-1"]),
    ("SOURCE_REGIONS", ["eu-west-1", "eu-central-1,eu-west-1"]),
    ("SECOND_REGION", ["eu-central-1", "eu-north-1"]),
    ("SECOND_LIFECYCLE", ["Standard", "Test"]),
    ("SECOND_FLOOR", [r#"{"daily":3}"#, r#"{"last":1,"within":"36h"}"#]),
    ("BACKFILL_GIB", ["1", "500"]),
    ("SOURCE_ACCTS", ["012345678901", "111111111111,333333333333"]),
    ("DR_ACCT", ["000000000002", "222222222222"]),
    ("SOURCE_PROFILE", ["production", "production's"]),
    ("DR_PROFILE", ["dr", "012"]),
    ("CODE_BUCKET", ["draco-code", "a.b"]),
    ("ARCHITECTURE", ["x86_64", "arm64"]),
    ("TAG_KEY", ["team", "CostCentre"]),
    ("TAG_VALUE", ["1234", "no"]),
    ("WAIT_LIMIT_HOURS", ["1", "8760"]),
    ("KEY_PER_DATABASE", ["yes", "no"]),
    ("AWS_MANAGED_KEY", ["yes", "no"]),
    ("ALLOW_PLAINTEXT_CLUSTERS", ["yes", "no"]),
    ("KEEP_NEWEST_TRANSIT", ["yes", "no"]),
    ("SOURCE_TAGS", ["prefix", "env,team"]),
    ("MAX_COPIES", ["1", "1000000"]),
    ("MAX_DATABASES", ["1", "5000"]),
    ("MAX_PENDING", ["1", "5000"]),
    ("MAX_DAILY_COPIES", ["1", "100"]),
    ("QUOTA_SHARE", ["1", "100"]),
    ("FLOOR", [r#"{"daily":3}"#, r#"{"last":1,"within":"36h"}"#]),
    ("MAX_DELETIONS", ["1", "1000000"]),
    ("MAX_DELETION_SHARE", ["1", "100"]),
    ("MAX_AGE_DAYS", ["1", "365"]),
    ("RETIRED", ["111111111111/orders", "111111111111/orders,333333333333/old-ledger"]),
    ("VERIFY_EVERY_DAYS", ["1", "365"]),
    ("VERIFY_AT_ONCE", ["1", "40"]),
    ("VERIFY_DOLLARS", ["1", "1000000"]),
    ("VERIFY_HOURS", ["1", "96"]),
    ("VERIFY_CLASS", ["db.t4g.medium", "db.r6g.large"]),
    ("VERIFY_FREE_PERCENT", ["0", "90"]),
    ("KEEP_FAILED_HOURS", ["24", "72"]),
    ("UNVERIFIED_DAYS", ["1", "365"]),
    ("VERIFY_NETWORK", ["10.0.0.0/26", "172.16.0.0/16"]),
    ("RDS_ROOTS", ["roots.pem", "/etc/roots.pem"]),
    ("ALARM_EMAIL", ["a@example.com", "b@example.org"]),
    ("ALARM_TOPIC_ARN", ["arn:aws:sns:eu-west-1:222222222222:alarms", "arn:aws:sns:eu-west-1:222222222222:others"]),
    ("NO_COPY_HOURS", ["0", "168"]),
    ("UNUSUAL_DELETIONS", ["1", "1000000"]),
    ("LOG_DAYS", ["1", "3653"]),
    ("CONCURRENCY", ["1", "1000"]),
    (
        "CODE_SIGNING",
        [
            "arn:aws:lambda:eu-west-1:222222222222:code-signing-config:csc-0123456789abcdef0",
            "arn:aws:lambda:eu-west-1:111111111111:code-signing-config:csc-0123456789abcdef0",
        ],
    ),
];

fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::of(Path::new("config.yaml"), text.as_bytes(), &environment).map_err(|why| format!("{why:#}"))
}

/// Some keys need another one.
fn set(key: &str, in_file: &str, variables: &[(&str, &str)]) -> Config {
    let other = match key {
        "TAG_VALUE" => "TAG_KEY: team\n",
        "SECOND_LIFECYCLE" | "SECOND_FLOOR" | "BACKFILL_GIB" => "SECOND_REGION: eu-central-1\n",
        _ => "",
    };
    let in_file = if key.ends_with("FLOOR") { in_file.to_owned() } else { format!("{in_file:?}") };
    read(&format!("{other}{key}: {in_file}\n"), variables).expect("a configuration")
}

fn value(key: &str, config: &Config) -> Option<String> {
    Key::named(key).expect("a key").value(config).map(|value| value.to_string())
}

#[test]
fn environment_overrides_the_file_and_the_file_the_default() {
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
fn printed_values_can_be_parsed_again() {
    for (key, values) in VALUES {
        for text in values {
            let config = set(key, text, &[]);
            let printed: Vec<(&str, String)> =
                KEYS.iter().filter_map(|key| Some((key.name, value(key.name, &config)?))).collect();
            let printed: Vec<(&str, &str)> = printed.iter().map(|(key, value)| (*key, value.as_str())).collect();
            let again = read("", &printed).expect("a configuration");
            let values = |config: &Config| KEYS.iter().map(|key| key.value(config)).collect::<Vec<_>>();
            assert_eq!(values(&again), values(&config), "{key}: {text}");
        }
    }
}

/// Text of keys and YAML syntax, which gets further into the parser than random text.
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
    fn every_error_of_a_file_has_a_place(text in text()) {
        let errors = read(&text, &[]).err().unwrap_or_default();
        for error in errors.lines() {
            let (line, rest) = error.strip_prefix("config.yaml:").and_then(|rest| rest.split_once(':')).expect("a line");
            let (column, message) = rest.split_once(": ").expect("a column");
            let lines = text.lines().count().max(1) as u64 + 1;
            prop_assert!((1..=lines).contains(&line.parse::<u64>().expect("a number")), "{errors:?}");
            prop_assert!(column.parse::<u64>().expect("a number") >= 1, "{errors:?}");
            prop_assert!(!message.is_empty() && !error.contains(char::is_control), "{errors:?}");
        }
    }

    #[test]
    fn any_bytes_can_be_read(bytes in any::<Vec<u8>>()) {
        let _ = Config::of(Path::new("config.yaml"), &bytes, &BTreeMap::new());
    }

    #[test]
    fn error_of_a_variable_names_it(key in select(VALUES.map(|(key, _)| key).to_vec()), text in any::<String>()) {
        if let Err(why) = read("", &[(key, &text)]) {
            prop_assert!(why.starts_with(&format!("environment: {key}: ")), "{why:?}");
            prop_assert!(!why.contains(char::is_control), "{why:?}");
        }
    }
}
