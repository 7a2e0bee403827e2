//! The settings in environment variables, and all their error messages.

use std::collections::BTreeMap;

use protocol::settings::{
    SettingsReader, parse_accounts, parse_arn_of, parse_regions, parse_retired, parse_tag_key, parse_tag_value,
    parse_wait_limit,
};
use protocol::{AccountId, DatabaseArn, Tags};

fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

type Read = (AccountId, Option<u32>, Tags);

/// Reads an account, a number and the user's own tag, as a function does.
fn read(variables: &[(&str, &str)]) -> Result<Read, String> {
    let environment = environment(variables);
    let mut settings = SettingsReader::new(&environment);
    let account =
        settings.required("DR_ACCT", "the account in which copies are kept, 12 digits", str::parse::<AccountId>);
    let number = settings.optional("HOURS", str::parse::<u32>);
    let tag = settings.own_tag();
    if number == Some(13) {
        settings.error("HOURS is 13, which this test does not allow");
    }
    settings.finish(account.map(|account| (account, number, tag))).map_err(|problems| problems.to_string())
}

fn check(variables: &[(&str, &str)], expected: (&str, Option<u32>, &[(&str, &str)])) {
    let (account, number, tag) = expected;
    let tag = Tags::from_iter(tag.iter().copied());
    assert_eq!(read(variables), Ok((account.parse().unwrap(), number, tag)), "{variables:?}");
}

fn check_problem(variables: &[(&str, &str)], expected: &str) {
    let expected = format!("invalid configuration: {expected}");
    assert_eq!(read(variables), Err(expected), "{variables:?}");
}

const ACCOUNT: (&str, &str) = ("DR_ACCT", "222222222222");

#[test]
fn values_are_trimmed_and_an_empty_value_counts_as_missing() {
    check(&[ACCOUNT], ("222222222222", None, &[]));
    check(&[("DR_ACCT", " 222222222222\n"), ("HOURS", " 5 ")], ("222222222222", Some(5), &[]));
    check(&[ACCOUNT, ("HOURS", ""), ("TAG_KEY", ""), ("TAG_VALUE", "  ")], ("222222222222", None, &[]));
    check(
        &[ACCOUNT, ("TAG_KEY", "owner"), ("TAG_VALUE", "the team")],
        ("222222222222", None, &[("owner", "the team")]),
    );
    check(&[ACCOUNT, ("TAG_KEY", "owner")], ("222222222222", None, &[("owner", "")]));
    let (key, value) = ("ü".repeat(128), "ü".repeat(256));
    check(&[ACCOUNT, ("TAG_KEY", &key), ("TAG_VALUE", &value)], ("222222222222", None, &[(&key, &value)]));
}

#[test]
fn a_missing_or_invalid_setting_is_an_error() {
    let missing = "DR_ACCT is missing: the account in which copies are kept, 12 digits";
    check_problem(&[], missing);
    check_problem(&[("DR_ACCT", " ")], missing);
    check_problem(&[("DR_ACCT", "me")], "DR_ACCT: \"me\" is not an account ID: expected 12 digits");
    check_problem(&[ACCOUNT, ("HOURS", "soon")], "HOURS: invalid digit found in string");
    check_problem(&[ACCOUNT, ("HOURS", "13")], "HOURS is 13, which this test does not allow");
    check_problem(&[ACCOUNT, ("TAG_VALUE", "v")], "TAG_VALUE is set, but TAG_KEY is not");
    let tag = |key: &str, value: &str, expected: &str| {
        check_problem(&[ACCOUNT, ("TAG_KEY", key), ("TAG_VALUE", value)], expected)
    };
    tag("AWS:a", "v", "TAG_KEY: keys that begin with aws: or rds: are reserved by AWS");
    tag("rds:a", "v", "TAG_KEY: keys that begin with aws: or rds: are reserved by AWS");
    tag("Draco_Taken", "v", "TAG_KEY: keys that begin with Draco_ are reserved by Draco");
    tag(&"ü".repeat(129), "v", "TAG_KEY: a tag key has at most 128 characters");
    tag("a,b", "v", "TAG_KEY: tags can contain only letters, digits, spaces and _.:/=+-@");
    tag("a", &"ü".repeat(257), "TAG_VALUE: a tag value has at most 256 characters");
    tag("a", "1;2", "TAG_VALUE: tags can contain only letters, digits, spaces and _.:/=+-@");
}

#[test]
fn all_errors_are_reported_together() {
    check_problem(
        &[("HOURS", "soon"), ("TAG_VALUE", "1;2")],
        "DR_ACCT is missing: the account in which copies are kept, 12 digits; HOURS: invalid digit found in string; \
         TAG_VALUE: tags can contain only letters, digits, spaces and _.:/=+-@; TAG_VALUE is set, but TAG_KEY is not",
    );
}

#[test]
fn a_switch_is_off_if_it_is_empty_0_false_or_no() {
    let is_on = |value| SettingsReader::new(&environment(&[("SWITCH", value)])).switch("SWITCH");
    for off in ["", " ", "0", "false", "no", "False", "FALSE", "NO", "No", " no\n"] {
        assert!(!is_on(off), "{off:?}");
    }
    for on in ["1", "true", "yes", "on", "00", "x", "nothing"] {
        assert!(is_on(on), "{on:?}");
    }
    assert!(!SettingsReader::new(&environment(&[])).switch("SWITCH"));
}

#[test]
fn an_arn_of_another_service_is_rejected() {
    let key = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd";
    assert_eq!(parse_arn_of("kms")(key), Ok(key.to_owned()));
    let machine = "arn:aws:states:eu-west-1:111111111111:stateMachine:draco-wait4copy";
    assert_eq!(parse_arn_of("states")(machine), Ok(machine.to_owned()));
    for wrong in [
        machine,
        "",
        "1234abcd",
        "alias/draco",
        "arn:aws:kms:",
        "arn:aws:kms:eu-west-1:111111111111",
        "arn:aws:kms:eu-west-1:111111111111:",
        "arn:aws:kms:Dublin:111111111111:key/1",
        "arn:aws:kms:eu-west-1:1:key/1",
        "arn:aws-cn:kms:eu-west-1:111111111111:key/1",
        "ARN:aws:kms:eu-west-1:111111111111:key/1",
    ] {
        assert_eq!(
            parse_arn_of("kms")(wrong),
            Err(format!("{wrong:?} is not a valid ARN: expected arn:aws:kms:REGION:ACCOUNT:…"))
        );
    }
}

#[test]
fn accounts_are_separated_by_commas_or_spaces() {
    let read =
        |text: &str| parse_accounts(text).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    assert_eq!(read("222222222222, 000000000001"), Ok("000000000001 222222222222".to_owned()));
    assert_eq!(read(" ,"), Ok(String::new()));
    assert_eq!(read("1").unwrap_err().to_string(), "\"1\" is not an account ID: expected 12 digits");
}

#[test]
fn regions_are_separated_by_commas_or_spaces() {
    let read = |text| parse_regions(text).map(|regions| regions.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(read("us-east-1, eu-west-1"), Ok(vec!["eu-west-1".to_owned(), "us-east-1".to_owned()]));
    assert_eq!(read("eu").unwrap_err().to_string(), "\"eu\" is not a region: expected a code like eu-west-1");
}

#[test]
fn a_retired_database_is_one_of_all_regions_or_of_the_one_that_is_named() {
    let retires = |text: &str, region: &str| {
        let database: DatabaseArn = format!("arn:aws:rds:{region}:111111111111:db:orders").parse().unwrap();
        parse_retired(text).unwrap().iter().any(|retired| retired.is(&database))
    };
    for region in ["eu-west-1", "us-east-1"] {
        assert!(retires("111111111111/Orders", region) && !retires("333333333333/orders", region));
        assert_eq!(retires("111111111111/us-east-1/orders", region), region == "us-east-1");
    }
    for wrong in ["orders", "111111111111/", "111111111111/eu/orders", "111111111111/us-east-1/"] {
        assert!(parse_retired(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_wait_limit_is_between_an_hour_and_a_year() {
    for (text, hours) in [("1", 1), ("24", 24), ("8760", 8760)] {
        assert_eq!(parse_wait_limit(text), Ok(hours));
    }
    for text in ["0", "8761", "-1", "a day"] {
        assert_eq!(parse_wait_limit(text), Err(format!("{text:?} is not a number of hours: expected 1 to 8760")));
    }
}

#[test]
fn a_tag_that_aws_or_draco_reserves_is_rejected() {
    assert_eq!(
        (parse_tag_key("CostCentre"), parse_tag_value("12 34")),
        (Ok("CostCentre".to_owned()), Ok("12 34".to_owned()))
    );
    assert!(
        parse_tag_key("aws:x").is_err()
            && parse_tag_key("Draco_x").is_err()
            && parse_tag_key("a*").is_err()
            && parse_tag_value("a*").is_err()
    );
    assert_eq!((parse_tag_key(&"k".repeat(128)).is_ok(), parse_tag_key(&"k".repeat(129)).is_ok()), (true, false));
    assert_eq!((parse_tag_value(&"v".repeat(256)).is_ok(), parse_tag_value(&"v".repeat(257)).is_ok()), (true, false));
}
