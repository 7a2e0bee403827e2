//! Each error is one line: the place, the key, and the value or name that was probably meant.

use std::collections::BTreeMap;
use std::path::Path;

use config::Config;

fn environment(of: &[(&str, &str)]) -> BTreeMap<String, String> {
    of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn read(text: &[u8], of: &[(&str, &str)]) -> Result<Config, String> {
    Config::of(Path::new("config.yaml"), text, &environment(of)).map_err(|why| format!("{why:#}"))
}

#[track_caller]
fn file(text: &str, why: &str) {
    assert_eq!(read(text.as_bytes(), &[]).expect_err("an error"), format!("config.yaml:{why}"));
}

#[track_caller]
fn variable(name: &str, value: &str, why: &str) {
    assert_eq!(read(b"", &[(name, value)]).expect_err("an error"), format!("environment: {name}: {why}"));
}

#[test]
fn unknown_and_duplicate_keys() {
    file("SOURCE_ACCT: '111111111111'", "1:1: unknown key \"SOURCE_ACCT\"; did you mean SOURCE_ACCTS?");
    file("\naws-region: eu-west-1", "2:1: unknown key \"aws-region\"; did you mean AWS_REGION?");
    file("lifecycle:\n  Own: { daily: 7 }", "1:1: unknown key \"lifecycle\"; did you mean lifecycles?");
    file("PASSWORD: x", "1:1: unknown key \"PASSWORD\"; config.yaml.sample lists all keys");
    file("DR_ACCT: '222222222222'\nDR_ACCT: '333333333333'", "2:1: DR_ACCT: appears twice; the first is in line 1");
    variable("SOURCE_ACCT", "111111111111", "unknown key; did you mean SOURCE_ACCTS?");
}

#[test]
fn invalid_accounts() {
    file("DR_ACCT: 12345", "1:10: DR_ACCT: \"12345\" is not an account ID: expected 12 digits");
    file(
        "SOURCE_ACCTS: 1111-1111-1111",
        "1:15: SOURCE_ACCTS: \"1111-1111-1111\" is not an account ID: expected 12 digits",
    );
    file(
        "SOURCE_ACCTS:\n  - '111111111111'\n  - production",
        "3:5: SOURCE_ACCTS: \"production\" is not an account ID: expected 12 digits",
    );
    file("DR_ACCT: ['222222222222']", "1:10: DR_ACCT: expected a single value");
    variable("DR_ACCT", "prod", "\"prod\" is not an account ID: expected 12 digits");
    variable("SOURCE_ACCTS", "111111111111,x", "\"x\" is not an account ID: expected 12 digits");
}

#[test]
fn accounts_keep_leading_zeros() {
    for text in ["012345678901", "'012345678901'", "[012345678901]", "\n  - 012345678901", "\n  - \"012345678901\""] {
        let text = format!("SOURCE_ACCTS: {text}\nDR_ACCT: 000000000012\n");
        let config = read(text.as_bytes(), &[]).expect("a configuration");
        assert_eq!(config.source_accounts(), "012345678901", "{text}");
        assert_eq!(config.dr_acct.expect("an account").as_str(), "000000000012", "{text}");
    }
    // Other spellings of numbers in YAML are not accounts.
    file("DR_ACCT: 0o123456701234", "1:10: DR_ACCT: \"0o123456701234\" is not an account ID: expected 12 digits");
    file("DR_ACCT: 2_2222_2222_222", "1:10: DR_ACCT: \"2_2222_2222_222\" is not an account ID: expected 12 digits");
}

#[test]
fn several_accounts_are_a_list_or_text() {
    for text in ["[333333333333, 111111111111]", "333333333333,111111111111", "'111111111111 333333333333'"] {
        let config = read(format!("SOURCE_ACCTS: {text}").as_bytes(), &[]).expect("a configuration");
        assert_eq!(config.source_accounts(), "111111111111,333333333333", "{text}");
    }
}

#[test]
fn a_key_per_database_and_the_managed_key_of_aws_exclude_each_other() {
    file(
        "KEY_PER_DATABASE: yes\nAWS_MANAGED_KEY: yes",
        "2:18: AWS_MANAGED_KEY: KEY_PER_DATABASE is set, too; AWS has one managed key for all databases, so set only one of them",
    );
}

#[test]
fn allowed_tags_are_a_list_or_text() {
    for (text, rule) in
        [("[team, env]", "env,team"), ("' team,env '", "env,team"), ("[keep]", "keep,"), ("keep", "keep"), ("", "keep")]
    {
        let config = read(format!("SOURCE_TAGS: {text}").as_bytes(), &[]).expect("a configuration");
        assert_eq!(config.source_tags.to_string(), rule, "{text}");
    }
    file("SOURCE_TAGS: [team, rds:a]", "1:14: SOURCE_TAGS: the key of rds:a on a copy is origin:rds:a: list that key");
    file("SOURCE_TAGS: []", "1:14: SOURCE_TAGS: expected keep, prefix, or the keys of tags, separated by commas");
    let long = vec!["a".repeat(100); 6].iter().enumerate().map(|(nth, key)| format!("{key}{nth}")).collect::<Vec<_>>();
    variable("SOURCE_TAGS", &long.join(","), "the list has 611 characters, and there is space for 500");
}

#[test]
fn invalid_values() {
    file("AWS_REGION: Ireland", "1:13: AWS_REGION: \"Ireland\" is not a region: expected a code like eu-west-1");
    file("ARCHITECTURE: arm", "1:15: ARCHITECTURE: expected arm64 or x86_64, found \"arm\"");
    file("KEY_PER_DATABASE: perhaps", "1:19: KEY_PER_DATABASE: expected yes or no, found \"perhaps\"");
    file("WAIT_LIMIT_HOURS: 0", "1:19: WAIT_LIMIT_HOURS: \"0\" is not a number of hours: expected 1 to 8760");
    file("NO_COPY_HOURS: a day", "1:16: NO_COPY_HOURS: expected a number from 0 to 168, found \"a day\"");
    file(
        "LOG_DAYS: 100",
        "1:11: LOG_DAYS: expected a retention period of CloudWatch Logs: one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 days",
    );
    file("LOG_DAYS: 9999", "1:11: LOG_DAYS: expected a number from 1 to 3653, found \"9999\"");
    file("CONCURRENCY: 0", "1:14: CONCURRENCY: expected a number from 1 to 1000, found \"0\"");
    file(
        "ALARM_EMAIL: me",
        "1:14: ALARM_EMAIL: \"me\" is not an e-mail address: expected one like dr-team@example.com",
    );
    file(
        "ALARM_TOPIC_ARN: alarms",
        "1:18: ALARM_TOPIC_ARN: \"alarms\" is not a valid ARN: expected arn:aws:sns:REGION:ACCOUNT:…",
    );
    file(
        "RETIRED: [111111111111/orders, ledger]",
        "1:10: RETIRED: \"ledger\" is not a database: expected ACCOUNT/DATABASE, like 111111111111/orders",
    );
    file("MAX_DELETION_SHARE: 101", "1:21: MAX_DELETION_SHARE: expected a number from 1 to 100, found \"101\"");
    file("TAG_KEY: aws:cost", "1:10: TAG_KEY: keys that begin with aws: or rds: are reserved by AWS");
    file(
        "CODE_BUCKET: Draco",
        "1:14: CODE_BUCKET: \"Draco\" is not a bucket name: expected 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends",
    );
    file("SOURCE_PROFILE: '[default]'", "1:17: SOURCE_PROFILE: \"[default]\" is not the name of an AWS profile");
    file(
        "FLOOR: { dayly: 7 }",
        "1:10: FLOOR: unknown rule `dayly`; did you mean daily? known rules: last, whole_days, hourly, daily, weekly, monthly, quarterly, yearly, within",
    );
    variable("FLOOR", "7 days", "invalid type: string \"7 days\", expected rules, like `{ daily: 7, weekly: 5 }`");
    variable("NO_COPY_HOURS", "-1", "expected a number from 0 to 168, found \"-1\"");
}

#[test]
fn checks_are_read_by_database() {
    let text = "checks:\n  Orders:\n    - sql: select count(*) from orders\n      at_least: 1000\n    - { sql: select 1, equals: 1 }\n  \
                111111111111/ledger: []\n";
    let config = read(text.as_bytes(), &[]).expect("a configuration");
    let counts: Vec<(&str, usize)> = config.checks.iter().map(|(name, all)| (name.as_str(), all.len())).collect();
    assert_eq!(counts, [("111111111111/ledger", 0), ("orders", 2)]);
    let again: BTreeMap<String, Vec<checks::Check>> = serde_json::from_str(&config.checks_json()).expect("JSON");
    assert_eq!(again, config.checks);
    assert_eq!(read(b"checks:\n", &[]).expect("a configuration").checks, BTreeMap::new());
}

#[test]
fn each_invalid_check_has_a_place() {
    let text = "\
checks:
  orders:
    - sql: select count(*) from orders
      at_leest: 1000
    - sql: select max(placed_at) from orders
      within: a day
    - sql: select 1
    - sql: select 1
      at_least: 5
      at_most: 3
    - at_least: 3
  my orders: []
  ledger: 5
  ORDERS: []
";
    let why = read(text.as_bytes(), &[]).expect_err("errors");
    insta::assert_snapshot!(why, @r#"
    config.yaml:4:7: checks: orders: unknown field `at_leest`, expected one of sql, database, time, at_least, at_most, equals, within, changed_by_at_most, matches
    config.yaml:6:15: checks: orders: expected a time such as 90m, 26h or 3d, and found "a day"
    config.yaml:7:7: checks: orders: the check expects nothing: add at_least, at_most, equals, within, changed_by_at_most or matches
    config.yaml:8:7: checks: orders: no number is at_least and at_most: at_least is larger
    config.yaml:11:7: checks: orders: missing field `sql`
    config.yaml:12:3: checks: "my orders" is not a database: expected its identifier, like orders, or 111111111111/orders
    config.yaml:13:11: checks: ledger: expected a list, each item with a hyphen before it
    config.yaml:14:3: checks: ORDERS appears twice
    "#);
    file("checks: 5", "1:9: checks: expected keys and values, like `AWS_REGION: eu-west-1`");
}

#[test]
fn a_check_may_have_more_time_than_a_minute() {
    let of = |time: &str| {
        read(format!("checks: {{ orders: [{{ sql: select 1, equals: 1, time: {time} }}] }}").as_bytes(), &[])
    };
    assert_eq!(of("10m").expect("a configuration").checks["orders"][0].time().map(checks::Span::seconds), Some(600));
    let why = of("11m").expect_err("too long");
    assert!(
        why.contains("a check has at most 10m, so that a run of the checker has time for it; time is 11m"),
        "{why}"
    );
}

#[test]
fn thresholds_are_read_and_checked() {
    let config = read(b"thresholds:\n  rows_lost_percent: 30\n  random_entropy: 7.8\n", &[]).expect("a configuration");
    assert_eq!((config.thresholds.rows_lost_percent, config.thresholds.random_entropy), (30, 7.8));
    assert_eq!(config.thresholds.entropy_jump, checks::Thresholds::default().entropy_jump);
    let again: checks::Thresholds = serde_json::from_str(&config.thresholds_json()).expect("JSON");
    assert_eq!(again, config.thresholds);
    for (text, why) in [
        ("{ rows_lost_percent: 130 }", "thresholds: rows_lost_percent is 130, and a percentage is at most 100"),
        ("{ random_entropy: 9 }", "thresholds: random_entropy is 9, and is from 0.1 to 8 bits per byte"),
        ("{ entropy_jump: .nan }", "value `.nan` is not a finite number"),
        ("{ few_distinct_percent: 99 }", "few_distinct_percent is not less than many_distinct_percent"),
        ("{ length_factor: 1 }", "length_factor is less than 2"),
        ("{ rows_lost: 5 }", "unknown field `rows_lost`"),
        ("5", "expected keys and values"),
    ] {
        let found = read(format!("thresholds: {text}").as_bytes(), &[]).expect_err(text);
        assert!(found.contains(why) && found.starts_with("config.yaml:1:"), "{found}");
    }
    assert_eq!(read(b"thresholds:\n", &[]).expect("a configuration").thresholds, checks::Thresholds::default());
}

/// All errors of a file and of the environment are reported at once.
#[test]
fn all_errors_are_reported_at_once() {
    let text = "\
AWS_REGION: Ireland
SOURCE_ACCT: '111111111111'
DR_ACCT: ['222222222222']
SOURCE_ACCTS: [production, '111111111111', staging]
DR_ACCT: '222222222222'
LOG_DAYS: 0
FLOOR: { dayly: 7, weekly: 0 }
lifecycles:
  Standard: { daily: 7 }
  Own: { dayly: 7, within: 3x, monthly: 2 }
  Good: { daily: 7 }
  own: { weekly: 1 }
  Empty:
";
    let rules = "known rules: last, whole_days, hourly, daily, weekly, monthly, quarterly, yearly, within";
    let expected = [
        "config.yaml:1:13: AWS_REGION: \"Ireland\" is not a region: expected a code like eu-west-1",
        "config.yaml:2:1: unknown key \"SOURCE_ACCT\"; did you mean SOURCE_ACCTS?",
        "config.yaml:3:10: DR_ACCT: expected a single value",
        "config.yaml:4:16: SOURCE_ACCTS: \"production\" is not an account ID: expected 12 digits",
        "config.yaml:4:44: SOURCE_ACCTS: \"staging\" is not an account ID: expected 12 digits",
        "config.yaml:5:1: DR_ACCT: appears twice; the first is in line 3",
        "config.yaml:6:11: LOG_DAYS: expected a number from 1 to 3653, found \"0\"",
        &format!("config.yaml:7:10: FLOOR: unknown rule `dayly`; did you mean daily? {rules}"),
        "config.yaml:7:20: FLOOR: invalid value: integer `0`, expected a number to keep, from 1 to 4294967295",
        "config.yaml:9:3: lifecycles: `Standard` is built in and cannot be changed; choose another name",
        &format!("config.yaml:10:10: lifecycles: Own: unknown rule `dayly`; did you mean daily? {rules}"),
        "config.yaml:10:28: lifecycles: Own: `3x` is not a length of time; expected a whole number followed by h, d or w, \
         like 36h, 14d or 2w",
        "config.yaml:13:8: lifecycles: Empty: a lifecycle needs at least one rule, like `daily: 7`",
        "environment: CONCURRENCY: expected a number from 1 to 1000, found \"many\"",
    ];
    let errors = read(text.as_bytes(), &[("CONCURRENCY", "many")]).expect_err("errors");
    assert_eq!(errors.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn same_name_of_two_lifecycles_is_reported_with_other_errors() {
    let text = "LOG_DAYS: x\nlifecycles:\n  Own: { daily: 7 }\n  own: { daily: 8 }\n  Other: { daily: 0 }\n";
    let errors = read(text.as_bytes(), &[]).expect_err("errors");
    assert_eq!(
        errors.lines().collect::<Vec<_>>(),
        [
            "config.yaml:1:11: LOG_DAYS: expected a number from 1 to 3653, found \"x\"",
            "config.yaml:4:3: lifecycles: `own` and `Own` are the same name, because case does not matter",
            "config.yaml:5:12: lifecycles: Other: invalid value: integer `0`, expected a number to keep, from 1 to 4294967295",
        ]
    );
}

#[test]
fn invalid_yaml() {
    file("- AWS_REGION", "1:1: expected keys and values, like `AWS_REGION: eu-west-1`");
    file("AWS_REGION: \"eu", "1:13: unclosed quote");
    assert_eq!(
        read(b"# Z\xc3\xbcrich\nDR_ACCT: \xc3\xbc\xff", &[]).expect_err("an error"),
        "config.yaml:2:11: the text from here is not UTF-8"
    );
}

#[test]
fn contradicting_keys() {
    let accounts = "SOURCE_ACCTS: ['111111111111', '222222222222']\n";
    file(
        &format!("{accounts}DR_ACCT: '222222222222'"),
        "2:10: DR_ACCT: 222222222222 is also in SOURCE_ACCTS; copies must be in another account",
    );
    assert_eq!(
        read(accounts.as_bytes(), &[("DR_ACCT", "111111111111")]).expect_err("an error"),
        "environment: DR_ACCT: 111111111111 is also in SOURCE_ACCTS; copies must be in another account"
    );
    file("TAG_VALUE: x", "1:12: TAG_VALUE: TAG_KEY is not set, and a tag needs a key");
}

#[test]
fn contradicting_regions() {
    let main = "AWS_REGION: eu-west-1\n";
    file(
        &format!("{main}SOURCE_REGIONS: [eu-north-1, eu-south-1]"),
        "2:17: SOURCE_REGIONS: AWS_REGION (eu-west-1) is missing; it must be one of them",
    );
    let same = "SECOND_REGION: eu-west-1 is the region of DR's copies";
    file(
        &format!("{main}SECOND_REGION: eu-west-1"),
        &format!("2:16: {same} (AWS_REGION, because DR_REGION is not set); use another one"),
    );
    file(
        "AWS_REGION: eu-north-1\nDR_REGION: eu-west-1\nSECOND_REGION: eu-west-1",
        &format!("3:16: {same}; use another one"),
    );
    let needed = "needs SECOND_REGION; remove this key, or set SECOND_REGION";
    for line in ["SECOND_LIFECYCLE: Test", "SECOND_FLOOR: {last: 1}", "BACKFILL_GIB: 5"] {
        let (key, _) = line.split_once(": ").expect("a key");
        let column = key.len() + 3;
        file(&format!("{main}{line}"), &format!("2:{column}: {key}: {needed}"));
    }
    file(
        &format!("{main}SECOND_REGION: eu-north-1\nSECOND_LIFECYCLE: ignore"),
        "3:19: SECOND_LIFECYCLE: Ignore copies nothing; remove SECOND_REGION instead, or use one of Standard, Test",
    );
    file(
        &format!("{main}SECOND_REGION: eu-north-1\nSECOND_LIFECYCLE: Tset"),
        "3:19: SECOND_LIFECYCLE: \"Tset\" is no lifecycle; use one of Standard, Test",
    );
    file(
        &format!("{main}DR_REGION: cn-north-1"),
        "2:12: DR_REGION: cn-north-1 and eu-west-1 are separate parts of AWS; choose a region in the same part as AWS_REGION",
    );
    file(
        &format!("{main}DR_REGION: eu-north-1\nCODE_BUCKET: {}", "b".repeat(60)),
        &format!(
            "3:14: CODE_BUCKET: in eu-north-1 the bucket would be {}-eu-north-1 (71 characters, AWS allows 63): choose a \
             CODE_BUCKET of at most 52, then run `cargo xtask setup-bucket` and `upload`, and update all stacks",
            "b".repeat(60)
        ),
    );
    file(
        "SOURCE_REGIONS: [Ireland]",
        "1:17: SOURCE_REGIONS: \"Ireland\" is not a region: expected a code like eu-west-1",
    );
}

/// CloudWatch accepts only a topic of the alarm's region.
#[test]
fn the_topic_for_alarms_may_be_of_any_configured_region() {
    let keys = "AWS_REGION: eu-west-1\nDR_REGION: eu-central-1\nSECOND_REGION: eu-north-1\n";
    let topic = |region: &str| format!("arn:aws:sns:{region}:222222222222:alarms");
    let regions = ["eu-west-1", "eu-central-1", "eu-north-1"];
    for given in regions {
        let text = format!("{keys}ALARM_TOPIC_ARN: {}", topic(given));
        let config = read(text.as_bytes(), &[]).expect("a configuration");
        for region in regions {
            let used = config.alarm_topic_in(&region.parse().expect("a region"));
            assert_eq!(used, Some(topic(region)), "{given}");
        }
    }
    let text = format!("{keys}ALARM_TOPIC_ARN: {}", topic("us-east-1"));
    let config = read(text.as_bytes(), &[]).expect("a configuration");
    let used = config.alarm_topic_in(&"eu-west-1".parse().expect("a region"));
    assert_eq!(used, Some(topic("us-east-1")), "a topic of another region is not guessed");
}

#[test]
fn lifecycles_that_do_not_fit_into_the_environment_of_a_function() {
    let many: String = (0..130).map(|nth| format!("  Lifecycle{nth:03}: {{ daily: 1 }}\n")).collect();
    file(
        &format!("lifecycles:\n{many}"),
        "2:3: lifecycles: with FLOOR, SOURCE_ACCTS and RETIRED they take 3533 bytes as JSON, and the environment of the \
         functions has space for 3000; use fewer lifecycles or shorter names",
    );
}

#[test]
fn blank_values_are_not_set() {
    let config =
        read(b"DR_ACCT: '222222222222'\nTAG_KEY: ''\nCODE_BUCKET:\n", &[("DR_ACCT", " ")]).expect("a configuration");
    assert_eq!(config.dr_acct.as_ref().expect("an account").as_str(), "222222222222");
    assert_eq!((config.tag_key.as_ref(), config.origin("CODE_BUCKET")), (None, None));
    assert_eq!(
        config.need(&config.code_bucket, "CODE_BUCKET").expect_err("an error").to_string(),
        "CODE_BUCKET is not set: the S3 bucket in the DR account for the functions' code; set it in config.yaml (see \
         config.yaml.sample) or in the environment"
    );
}
