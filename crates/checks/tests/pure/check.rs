//! Checks as a user writes them.

use checks::{Check, Expect, InvalidCheck};

fn yaml(text: &str) -> Result<Check, String> {
    serde_yaml::from_str(text).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(text: &str, reason: &str) {
    let error = yaml(text).expect_err(text);
    assert!(error.contains(reason), "{text}: {error}");
}

fn with(expectation: &str) -> String {
    format!("sql: select 1\n{expectation}\n")
}

#[test]
fn the_checks_of_the_documentation_are_read() {
    let text = "
- sql: select count(*) from orders
  at_least: 1000
- sql: select max(placed_at) from orders
  within: 26h               # before the snapshot was taken
- sql: select sum(total) from ledger
  database: books
  changed_by_at_most: 20%   # since the last verification
- sql: select status from health
  matches: ^(ok|warn)$
";
    let checks: Vec<Check> = serde_yaml::from_str(text).unwrap();
    let [count, newest, sum, status] = &checks[..] else { panic!("{checks:?}") };
    assert_eq!(count.expect(), &Expect { at_least: Some(1000.into()), ..Expect::default() });
    assert_eq!(newest.expect().within.unwrap().seconds(), 26 * 3600);
    assert_eq!(sum.expect().changed_by_at_most.unwrap().to_string(), "20%");
    assert_eq!((sum.database(), count.database()), (Some("books"), None));
    assert!(status.expect().matches.as_ref().unwrap().is_in("ok"));
}

#[test]
fn a_check_travels_as_json() {
    for text in [
        with("at_least: 0.1"),
        with("at_least: -5\nat_most: 10"),
        with("at_most: 1e3"),
        with("equals: 0"),
        with("equals: ok"),
        with("equals: true"),
        with("equals: 1.5"),
        with("equals: \"5\""),
        with("within: 90m"),
        with("changed_by_at_most: 0.5%"),
        with("matches: ^a.*\\d$"),
        with("database: shop\nat_least: 1\nchanged_by_at_most: 10%"),
    ] {
        let check = yaml(&text).unwrap();
        let json = serde_json::to_string(&check).unwrap();
        let again: Check = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), json, "{text}");
        assert_eq!(again.id(), check.id());
    }
    let check = yaml(&with("at_least: 1000")).unwrap();
    assert_eq!(serde_json::to_string(&check).unwrap(), r#"{"sql":"select 1","at_least":1000}"#);
}

#[test]
fn an_invalid_check_is_refused_with_its_reason() {
    refused("sql: select 1", "the check expects nothing");
    refused("sql: '  '\nat_least: 1", "the check has no query");
    refused("at_least: 1", "sql");
    refused(&with("at_lest: 1"), "at_lest");
    refused(&with("database: ''\nat_least: 1"), "the name of the database is empty");
    refused(&with("at_least: many"), "expected a number");
    refused(&with("at_least: 2\nat_most: 1"), "at_least is larger");
    refused(&with("within: 26"), "such as 90m, 26h or 3d");
    refused(&with("within: 0h"), "such as 90m, 26h or 3d");
    refused(&with("within: -1h"), "such as 90m, 26h or 3d");
    refused(&with("within: +1h"), "such as 90m, 26h or 3d");
    refused(&with("within: 99999999w"), "such as 90m, 26h or 3d");
    refused(&with("changed_by_at_most: 0%"), "above 0%");
    refused(&with("changed_by_at_most: 20"), "such as 20%");
    refused(&with("matches: '('"), "is not a regular expression");
    refused(&with("at_least: 1\nwithin: 1h"), "at_least and within expect different types");
    refused(&with("equals: 1\nmatches: a"), "equals and matches expect different types");
}

#[test]
fn an_error_in_yaml_has_its_line_and_column() {
    let error = serde_yaml::from_str::<Vec<Check>>("- sql: select 1\n  at_least: 1\n- sql: select 2\n  within: soon\n");
    let error = error.unwrap_err().to_string();
    assert!(error.contains("line 4") && error.contains("column 11"), "{error}");
    // A check as a whole begins with its first key.
    let error = serde_yaml::from_str::<Vec<Check>>("- sql: select 1\n  at_least: 1\n- sql: select 2\n");
    let error = error.unwrap_err().to_string();
    assert!(error.contains("line 3") && error.contains("column 3"), "{error}");
}

#[test]
fn the_id_is_that_of_the_query_and_not_of_its_expectations() {
    let id = |text: &str| yaml(text).unwrap().id();
    let first = id("sql: select count(*) from orders\nat_least: 1");
    assert_eq!(id("sql: \"select count(*)\\n   from orders;\"\nat_most: 9"), first);
    assert_ne!(id("sql: select count(*) from order\nat_least: 1"), first);
    assert_ne!(id("sql: select count(*) from orders\ndatabase: shop\nat_least: 1"), first);
    // Stored ids stay valid.
    assert_eq!(id("sql: select 1\nat_least: 1"), "ed10ad7570b96bc3");
}

#[test]
fn a_check_is_validated_also_without_a_file() {
    let expect = || Expect { at_least: Some(1.into()), ..Expect::default() };
    assert_eq!(Check::new("", None, None, expect()), Err(InvalidCheck::NoQuery));
    assert_eq!(Check::new("select 1", None, None, Expect::default()), Err(InvalidCheck::NoExpectation));
    assert_eq!(Check::new("select\n  1", None, None, expect()).unwrap().to_string(), "select 1");
}
