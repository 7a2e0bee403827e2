//! What is wrong is told in one line: where, and what was meant.

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
    assert_eq!(read(text.as_bytes(), &[]).expect_err("it is wrong"), format!("config.yaml:{why}"));
}

#[track_caller]
fn variable(name: &str, value: &str, why: &str) {
    assert_eq!(read(b"", &[(name, value)]).expect_err("it is wrong"), format!("environment: {name}: {why}"));
}

#[test]
fn names_that_nobody_knows() {
    file("SOURCE_ACCT: '111111111111'", "1:1: there is no key \"SOURCE_ACCT\"; did you mean SOURCE_ACCTS?");
    file("\naws-region: eu-west-1", "2:1: there is no key \"aws-region\"; did you mean AWS_REGION?");
    file("lifecycle:\n  Own: { daily: 7 }", "1:1: there is no key \"lifecycle\"; did you mean lifecycles?");
    file("PASSWORD: x", "1:1: there is no key \"PASSWORD\"; config.yaml.sample has all that there are");
    file("DR_ACCT: '222222222222'\nDR_ACCT: '333333333333'", "2:1: duplicate mapping key: DR_ACCT not allowed here");
    variable("SOURCE_ACCT", "111111111111", "there is no such key; did you mean SOURCE_ACCTS?");
}

#[test]
fn accounts() {
    file("DR_ACCT: 12345", "1:10: DR_ACCT: \"12345\" is not an account ID: expected 12 digits");
    file(
        "SOURCE_ACCTS: 1111-1111-1111",
        "1:15: SOURCE_ACCTS: \"1111-1111-1111\" is not an account ID: expected 12 digits",
    );
    file(
        "SOURCE_ACCTS:\n  - '111111111111'\n  - production",
        "3:5: \"production\" is not an account ID: expected 12 digits",
    );
    file("DR_ACCT: ['222222222222']", "1:10: one value is expected here, and this is none");
    variable("DR_ACCT", "prod", "\"prod\" is not an account ID: expected 12 digits");
    variable("SOURCE_ACCTS", "111111111111,x", "\"x\" is not an account ID: expected 12 digits");
}

#[test]
fn accounts_that_begin_with_a_zero_stay_as_they_are() {
    for text in ["012345678901", "'012345678901'", "[012345678901]", "\n  - 012345678901", "\n  - \"012345678901\""] {
        let text = format!("SOURCE_ACCTS: {text}\nDR_ACCT: 000000000012\n");
        let config = read(text.as_bytes(), &[]).expect("a configuration");
        assert_eq!(config.source_accounts(), "012345678901", "{text}");
        assert_eq!(config.dr_acct.expect("an account").as_str(), "000000000012", "{text}");
    }
    // YAML's other ways to write a number are no accounts.
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
fn values_that_no_key_can_have() {
    file("AWS_REGION: Ireland", "1:13: AWS_REGION: \"Ireland\" is not a region: expected a code like eu-west-1");
    file("ARCHITECTURE: arm", "1:15: ARCHITECTURE: \"arm\" is neither arm64 nor x86_64");
    file("KEY_PER_DATABASE: perhaps", "1:19: KEY_PER_DATABASE: \"perhaps\" is neither yes nor no");
    file("WAIT_LIMIT_HOURS: 0", "1:19: WAIT_LIMIT_HOURS: \"0\" is not a number of hours: expected 1 to 8760");
    file("NO_COPY_HOURS: a day", "1:16: NO_COPY_HOURS: \"a day\" is not a number from 0 to 168");
    file("LOG_DAYS: 100", "1:11: LOG_DAYS: CloudWatch cannot keep logs for 100 days; 120 is the next that it has");
    file("LOG_DAYS: 9999", "1:11: LOG_DAYS: \"9999\" is not a number from 1 to 3653");
    file("CONCURRENCY: 0", "1:14: CONCURRENCY: \"0\" is not a number from 1 to 1000");
    file("ALARM_EMAIL: me", "1:14: ALARM_EMAIL: \"me\" is no address like dr-team@example.com");
    file(
        "ALARM_TOPIC_ARN: alarms",
        "1:18: ALARM_TOPIC_ARN: \"alarms\" is not a valid ARN: expected arn:aws:sns:REGION:ACCOUNT:…",
    );
    file("TAG_KEY: aws:cost", "1:10: TAG_KEY: keys that begin with aws: or rds: are reserved by AWS");
    file(
        "CODE_BUCKET: Draco",
        "1:14: CODE_BUCKET: \"Draco\" is no name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends",
    );
    file("SOURCE_PROFILE: '[default]'", "1:17: SOURCE_PROFILE: \"[default]\" is no name of a profile");
    file(
        "FLOOR: { dayly: 7 }",
        "1:10: unknown rule `dayly`; did you mean daily? known rules: last, whole_days, hourly, daily, weekly, monthly, quarterly, yearly, within",
    );
    variable("FLOOR", "7 days", "invalid type: string \"7 days\", expected rules, like `{ daily: 7, weekly: 5 }`");
    variable("NO_COPY_HOURS", "-1", "\"-1\" is not a number from 0 to 168");
}

#[test]
fn what_is_no_configuration() {
    file("- AWS_REGION", "1:1: keys and values are expected here, like `AWS_REGION: eu-west-1`");
    file("AWS_REGION: \"eu", "1:13: unclosed quote");
    assert_eq!(
        read(b"# Z\xc3\xbcrich\nDR_ACCT: \xc3\xbc\xff", &[]).expect_err("it is wrong"),
        "config.yaml:2:11: what stands here is not UTF-8"
    );
}

#[test]
fn keys_that_contradict_each_other() {
    let accounts = "SOURCE_ACCTS: ['111111111111', '222222222222']\n";
    file(
        &format!("{accounts}DR_ACCT: '222222222222'"),
        "2:10: DR_ACCT: 222222222222 is among SOURCE_ACCTS; copies are safe in another account only",
    );
    assert_eq!(
        read(accounts.as_bytes(), &[("DR_ACCT", "111111111111")]).expect_err("it is wrong"),
        "environment: DR_ACCT: 111111111111 is among SOURCE_ACCTS; copies are safe in another account only"
    );
    file("TAG_VALUE: x", "1:12: TAG_VALUE: TAG_KEY is not set, and a tag needs a key");
}

#[test]
fn more_lifecycles_than_a_function_can_be_told_of() {
    let many: String = (0..130).map(|nth| format!("  Lifecycle{nth:03}: {{ daily: 1 }}\n")).collect();
    file(
        &format!("lifecycles:\n{many}"),
        "2:3: lifecycles: with FLOOR and SOURCE_ACCTS they take 3533 bytes as JSON, and AWS Lambda's environment has room \
         for 3000; have fewer, or shorter names",
    );
}

#[test]
fn what_is_blank_is_not_set() {
    let config =
        read(b"DR_ACCT: '222222222222'\nTAG_KEY: ''\nCODE_BUCKET:\n", &[("DR_ACCT", " ")]).expect("a configuration");
    assert_eq!(config.dr_acct.as_ref().expect("an account").as_str(), "222222222222");
    assert_eq!((config.tag_key.as_ref(), config.origin("CODE_BUCKET")), (None, None));
    assert_eq!(
        config.need(&config.code_bucket, "CODE_BUCKET").expect_err("it is not set").to_string(),
        "CODE_BUCKET is not set: the S3 bucket for the functions' code, in the DR account; set it in config.yaml \
         (config.yaml.sample shows how) or in the environment"
    );
}
