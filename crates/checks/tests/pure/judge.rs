//! What results mean. One line for each case.

use checks::{Check, Decimal, Judged, Rows, Value, Verdict, judge};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use Value::{NotFinite, Null};

fn taken() -> DateTime<Utc> {
    "2026-11-27T03:00:00Z".parse().unwrap()
}

fn int(number: i64) -> Value {
    Value::Number(number.into())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn ago(minutes: i64) -> Value {
    Value::Time(taken() - TimeDelta::minutes(minutes))
}

fn day(day: u32) -> Value {
    Value::Date(NaiveDate::from_ymd_opt(2026, 11, day).unwrap())
}

fn judged(expectation: &str, values: &[Value], last: Option<i64>) -> Judged {
    let check: Check = serde_yaml::from_str(&format!("sql: select 1\n{expectation}\n")).unwrap();
    let rows = Rows { columns: 1, rows: values.iter().map(|value| vec![value.clone()]).collect() };
    judge(&check, &rows, taken(), last.map(Decimal::from))
}

#[track_caller]
fn passes(expectation: &str, values: &[Value]) {
    assert_eq!(judged(expectation, values, None).verdict, Verdict::Passed { why: None }, "{expectation} {values:?}");
}

#[track_caller]
fn fails(expectation: &str, values: &[Value], found: &str) {
    let Verdict::Failed { actual, .. } = judged(expectation, values, None).verdict else {
        panic!("{expectation} {values:?}: {:?}", judged(expectation, values, None));
    };
    assert_eq!(actual, found);
}

#[track_caller]
fn is_broken(expectation: &str, values: &[Value], reason: &str) {
    let Verdict::Broken { why } = judged(expectation, values, None).verdict else {
        panic!("{expectation} {values:?}: {:?}", judged(expectation, values, None));
    };
    assert!(why.contains(reason), "{why}");
}

#[test]
fn numbers_are_compared_exactly() {
    passes("at_least: 1000", &[int(1000)]);
    fails("at_least: 1000", &[int(999)], "999");
    passes("at_most: 1000", &[int(1000)]);
    fails("at_most: 1000", &[int(1001)], "1001");
    passes("at_least: 0.3", &[Value::number("0.30")]);
    fails("at_least: 0.3", &[Value::number("0.29999999999999999999999")], "0.29999999999999999999999");
    passes("equals: 0.3", &[Value::float(0.3)]);
    fails("equals: 0.3", &[Value::float(0.1 + 0.2)], "0.30000000000000004");
    fails("at_least: 1\nat_most: 5", &[int(6)], "6");
    fails("at_least: 1", &[NotFinite("NaN".to_owned())], "NaN");
    is_broken("at_least: 1", &[Value::float(1e300)], "more than 38 digits");
}

#[test]
fn no_value_is_bad_data() {
    for expectation in ["at_least: 1", "at_most: 1", "equals: 1", "within: 1h", "changed_by_at_most: 1%", "matches: a"]
    {
        fails(expectation, &[Null], "NULL");
        fails(expectation, &[], "no row");
    }
    // A text that is "NULL" is one.
    passes("matches: 'NULL'", &[text("NULL")]);
    fails("matches: 'NULL'", &[Null], "NULL");
}

#[test]
fn a_wrong_type_is_a_broken_check() {
    is_broken("at_least: 1", &[text("1")], "a text; a number is needed");
    is_broken("at_least: 1", &[Value::Bool(true)], "a boolean");
    is_broken("within: 1h", &[int(1_700_000_000)], "a number; a time is needed");
    is_broken("equals: ok", &[ago(1)], "a time, which cannot equal \"ok\"");
    is_broken("matches: a", &[Value::Bytes(3)], "bytes");
    is_broken("at_least: 1", &[int(1), int(2)], "2 rows");
    let check: Check = serde_yaml::from_str("sql: select 1, 2\nat_least: 1\n").unwrap();
    for columns in [0, 2] {
        let rows = Rows { columns, rows: vec![vec![int(1); columns]] };
        let why = format!("the query returns {columns} columns; it has to return one");
        assert_eq!(judge(&check, &rows, taken(), None).verdict, Verdict::Broken { why });
    }
}

#[test]
fn equal_values_are_equal_whatever_their_type() {
    passes("equals: ok", &[text("ok")]);
    fails("equals: ok", &[text("OK")], "OK");
    passes("equals: \"5\"", &[int(5)]);
    passes("equals: true", &[Value::Bool(true)]);
    passes("equals: true", &[int(1)]);
    fails("equals: true", &[int(0)], "0");
    is_broken("equals: true", &[int(2)], "a number");
    is_broken("equals: 5", &[text("5")], "a text");
}

#[test]
fn the_newest_time_counts_from_the_snapshot() {
    passes("within: 26h", &[ago(26 * 60)]);
    fails("within: 26h", &[ago(26 * 60 + 1)], "2026-11-26T00:59:00Z");
    passes("within: 1h", &[ago(10_000), Null, ago(59)]);
    // Dates are their beginning.
    passes("within: 26h", &[day(26), day(27)]);
    fails("within: 26h", &[day(25)], "2026-11-25T00:00:00Z");
    is_broken("within: 1h", &[text("yesterday")], "a text; a time is needed");
}

#[test]
fn a_time_after_the_snapshot_does_not_hide_missing_rows() {
    passes("within: 1h", &[ago(-10)]);
    fails("within: 1h", &[ago(-11)], "2026-11-27T03:11:00Z");
    passes("within: 1h", &[day(28)]);
    fails("within: 1h", &[day(29)], "2026-11-29T00:00:00Z");
    fails("within: 1h", &[text("infinity")], "infinity");
    fails("within: 1h", &[text("0000-00-00 00:00:00")], "0000-00-00 00:00:00");
}

#[test]
fn every_value_of_a_column_matches() {
    passes("matches: ^(ok|warn)$", &[text("ok"), text("warn")]);
    fails("matches: ^(ok|warn)$", &[text("ok"), text("broken")], "broken");
    passes("matches: ^[0-9]+$", &[int(12)]);
    fails("matches: ^b*$", &[text(&"a".repeat(500))], &format!("{}…", "a".repeat(100)));
}

#[test]
fn a_change_is_relative_to_the_last_value() {
    let verdict = |last: i64, now: i64| judged("changed_by_at_most: 20%", &[int(now)], Some(last)).verdict;
    let passed = Verdict::Passed { why: None };
    for (last, now) in [(100, 120), (100, 80), (-100, -120), (-100, -80), (0, 0)] {
        assert_eq!(verdict(last, now), passed, "{last} {now}");
    }
    for (last, now) in [(100, 121), (100, 79), (-100, 100), (0, 1), (100, 0)] {
        assert!(matches!(verdict(last, now), Verdict::Failed { .. }), "{last} {now}");
    }
    let Verdict::Failed { expected, actual } = verdict(100, 50) else { panic!() };
    assert_eq!((expected.as_str(), actual.as_str()), ("100, changed by at most 20%", "50"));
}

#[test]
fn the_first_verification_passes_and_states_that_nothing_was_compared() {
    let first = judged("changed_by_at_most: 20%", &[int(5)], None);
    let Verdict::Passed { why: Some(why) } = first.verdict else { panic!("{first:?}") };
    assert_eq!(why, "no earlier value to compare with: the first verification of this query");
    assert_eq!(first.value, Some(5.into()));
}

#[test]
fn a_number_is_kept_for_the_next_verification_whatever_the_verdict_if_that_compares_it() {
    assert_eq!(judged("changed_by_at_most: 1%", &[int(5)], Some(9)).value, Some(5.into()));
    assert_eq!(judged("at_least: 10", &[int(5)], None).value, None);
    assert_eq!(judged("matches: a", &[text("a")], None).value, None);
    assert_eq!(judged("matches: 1", &[int(1), int(1)], None).value, None);
}
