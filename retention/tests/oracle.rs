//! `plan` is compared with an oracle, a second and simpler implementation of the rules, on thousands of random cases and
//! on a few examples that are small enough to check by eye.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use retention::{Counted, Lifecycle, Reason, Rule, Span, plan};

/// The number of random cases; `PROPTEST_CASES` overrides it.
const CASES: u32 = 4096;

/// A rule as the oracle sees it: like the crate's, but with a readable length of a span.
#[derive(Clone, Copy, Debug)]
enum OracleRule {
    Counted(Counted, u32),
    WithinHours(u32),
}

/// A snapshot as the oracle sees it. Tuples sort from old to new: by time, then by identifier.
type Taken<'a> = (DateTime<Utc>, &'a str);

/// The key of a period, such as the year and number of a week. A later period has a greater key.
/// Under `last`, every snapshot is its own period.
type Period<'a> = (i32, u32, u32, u32, Option<Taken<'a>>);

/// A verdict on one snapshot: its identifier, when it was taken, whether it is kept, and the reasons.
type Expected<'a> = (&'a str, DateTime<Utc>, bool, Vec<Reason<'a>>);

/// The expected verdicts, newest first.
///
/// Written from the rules alone, independently of the code of `plan`. It is meant to be obviously correct, not fast: every
/// snapshot is compared with all others. If the two differ, the description of the rules decides which is wrong.
fn oracle<'a>(rules: &[OracleRule], entries: &[(&'a str, DateTime<Utc>)]) -> Vec<Expected<'a>> {
    let all: BTreeSet<Taken> = entries.iter().map(|&(id, taken)| (taken, id)).collect();
    let judge = |&own: &Taken<'a>| {
        let answers: Vec<_> = rules.iter().map(|&rule| answer(rule, own, &all)).collect();
        let kept = answers.iter().any(Result::is_ok);
        let newest = all.last() == Some(&own);
        let reasons = match (kept, newest) {
            (true, _) => answers.into_iter().filter_map(Result::ok).collect(),
            (false, true) => vec![Reason::Newest],
            (false, false) => answers.into_iter().filter_map(Result::err).collect(),
        };
        (own.1, own.0, kept || newest, reasons)
    };
    all.iter().rev().map(judge).collect()
}

/// Why one rule keeps one snapshot among all (`Ok`), or does not keep it (`Err`).
fn answer<'a>(rule: OracleRule, own: Taken<'a>, all: &BTreeSet<Taken<'a>>) -> Result<Reason<'a>, Reason<'a>> {
    match rule {
        OracleRule::Counted(rule, of) => {
            let period = |snapshot: &Taken<'a>| period(rule, *snapshot);
            let periods: BTreeSet<Period> = all.iter().map(period).collect();
            let nth = periods.into_iter().filter(|&other| other >= period(&own)).count() as u32;
            let newest_of_period = all.iter().filter(|other| period(other) == period(&own)).max() == Some(&own);
            let newest = newest_of_period || matches!(rule, Counted::WholeDays);
            if newest && nth <= of {
                Ok(Reason::Nth { rule, nth, of })
            } else {
                Err(Reason::Needs { rule, of, nth, newest })
            }
        }
        OracleRule::WithinHours(hours) => {
            let span = Span::hours(hours);
            let younger =
                all.last().is_some_and(|newest| plain(newest.0) - plain(own.0) < TimeDelta::hours(hours.into()));
            if younger { Ok(Reason::Within(span)) } else { Err(Reason::NeedsWithin(span)) }
        }
    }
}

/// The time with a leap second replaced by the last moment of the second before it.
fn plain(time: DateTime<Utc>) -> DateTime<Utc> {
    time.with_nanosecond(time.nanosecond().min(999_999_999)).unwrap_or(time)
}

/// The period of a snapshot under a rule.
fn period(rule: Counted, snapshot: Taken) -> Period {
    let taken = snapshot.0;
    match rule {
        Counted::Last => (0, 0, 0, 0, Some(snapshot)),
        Counted::Hourly => (taken.year(), taken.month(), taken.day(), taken.hour(), None),
        Counted::WholeDays | Counted::Daily => (taken.year(), taken.month(), taken.day(), 0, None),
        Counted::Weekly => (taken.iso_week().year(), taken.iso_week().week(), 0, 0, None),
        Counted::Monthly => (taken.year(), taken.month(), 0, 0, None),
        Counted::Quarterly => (taken.year(), taken.month0() / 3, 0, 0, None),
        Counted::Yearly => (taken.year(), 0, 0, 0, None),
    }
}

/// Compares `plan` with the expected verdicts.
fn check(rules: &[OracleRule], entries: &[(&str, DateTime<Utc>)], expected: &[Expected]) {
    let rules = rules.iter().map(|&rule| match rule {
        OracleRule::Counted(rule, count) => rule.keep(count),
        OracleRule::WithinHours(hours) => Rule::Within(Span::hours(hours)),
    });
    let lifecycle = Lifecycle::new("any", &rules.collect::<Vec<_>>());
    let plan = plan(&lifecycle, entries);
    let actual: Vec<Expected> =
        plan.verdicts().map(|v| (v.snapshot.0, v.snapshot.1, v.keep, v.reasons().collect())).collect();
    for (actual, expected) in actual.iter().zip(expected) {
        assert_eq!(actual, expected);
    }
    assert_eq!(actual.len(), expected.len());
    assert_eq!(plan.verdicts().len(), expected.len());
    assert!(
        plan.verdicts().rev().map(|v| *v.snapshot).eq(expected.iter().rev().map(|expected| (expected.0, expected.1)))
    );
}

// Random cases.

proptest! {
    #![proptest_config(config())]

    #[test]
    fn plan_agrees_with_the_oracle(rules in rules(), entries in entries()) {
        let entries: Vec<_> = entries.iter().map(|(id, taken)| (id.as_str(), *taken)).collect();
        check(&rules, &entries, &oracle(&rules, &entries));
    }
}

/// proptest's default configuration reads the environment.
fn config() -> ProptestConfig {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let config = if asked { ProptestConfig::default() } else { ProptestConfig::with_cases(CASES) };
    ProptestConfig { failure_persistence: None, ..config }
}

const COUNTED: [Counted; 8] = [
    Counted::Last,
    Counted::WholeDays,
    Counted::Hourly,
    Counted::Daily,
    Counted::Weekly,
    Counted::Monthly,
    Counted::Quarterly,
    Counted::Yearly,
];

/// Any rules, or a few of one kind.
fn rules() -> impl Strategy<Value = Vec<OracleRule>> {
    let counted = (select(&COUNTED), counts()).prop_map(|(rule, count)| OracleRule::Counted(rule, count));
    let any = prop_oneof![3 => counted, 1 => spans().prop_map(OracleRule::WithinHours)];
    let spans = prop::collection::vec(spans().prop_map(OracleRule::WithinHours), 2..=3);
    let alike = (select(&COUNTED), prop::collection::vec(counts(), 2..=4))
        .prop_map(|(rule, counts)| counts.into_iter().map(|count| OracleRule::Counted(rule, count)).collect());
    prop_oneof![8 => prop::collection::vec(any, 0..=5), 2 => alike, 1 => spans]
}

fn counts() -> impl Strategy<Value = u32> {
    prop_oneof![1 => Just(0), 2 => Just(1), 6 => 2..=8_u32, 3 => 9..=60_u32, 1 => Just(u32::MAX)]
}

/// Spans in hours; with snapshots a whole number of hours apart, some are exactly that old.
fn spans() -> impl Strategy<Value = u32> {
    let days = (1..=400_u32).prop_map(|days| days * 24);
    prop_oneof![1 => Just(0), 1 => Just(1), 4 => 2..=72_u32, 4 => days, 2 => 0..=20_000_u32, 1 => Just(u32::MAX)]
}

/// Entries in random, ascending or descending order, some at equal times and some listed more than once.
fn entries() -> impl Strategy<Value = Vec<(String, DateTime<Utc>)>> {
    let copies = prop::collection::vec(any::<Index>(), 0..=6);
    (times(), prop::collection::vec(select(&["", "9", "10", "a", "B", "é"]), 54), copies, 0..4).prop_map(
        |(times, prefixes, copies, order)| {
            let ids = prefixes.iter().enumerate().map(|(number, prefix)| format!("{prefix}-{number}"));
            let mut entries: Vec<_> = ids.zip(times).collect();
            if !entries.is_empty() {
                entries.extend(copies.iter().map(|copy| copy.get(&entries).clone()).collect::<Vec<_>>());
            }
            match order {
                0 => entries.sort_by_key(|(_, taken)| *taken),
                1 => entries.sort_by_key(|(_, taken)| std::cmp::Reverse(*taken)),
                _ => {}
            }
            entries
        },
    )
}

/// Times before and after one start, whole steps from it, a few of them slightly off.
fn times() -> impl Strategy<Value = Vec<DateTime<Utc>>> {
    (select(&STARTS), select(&STEPS)).prop_flat_map(|(start, (step, most))| {
        let offset = prop_oneof![2 => Just(0), 1 => select(&[-1_000_000, -1, 1, 999_999_999])];
        let leap = prop::bool::weighted(0.05);
        let time = (-most..=most, offset, leap).prop_map(move |(steps, offset, leap)| {
            let time = at(start) + step * steps + TimeDelta::nanoseconds(offset);
            let inserted = time.with_second(59).and_then(|time| time.with_nanosecond(1_500_000_000));
            if leap { inserted.unwrap_or(time) } else { time }
        });
        prop::collection::vec(time, 0..=54)
    })
}

/// The length of a step, and the maximum number of steps to either side of the start.
const STEPS: [(TimeDelta, i32); 11] = [
    (TimeDelta::nanoseconds(1), 3),
    (TimeDelta::milliseconds(250), 8),
    (TimeDelta::minutes(1), 2880),
    (TimeDelta::minutes(20), 150),
    (TimeDelta::hours(1), 40),
    (TimeDelta::days(1), 15),
    (TimeDelta::days(1), 200),
    (TimeDelta::days(1), 3000),
    (TimeDelta::weeks(1), 40),
    (TimeDelta::hours(37 * 24 + 5), 60),
    (TimeDelta::days(365), 30),
];

/// The start times of the cases.
const STARTS: [&str; 14] = [
    // An ordinary Monday, and the last evening of a quarter.
    "2026-03-09T00:00:00Z",
    "2025-03-31T20:00:00Z",
    // The ISO year of the week differs from the calendar year.
    "2020-12-28T00:00:00Z",
    "2026-12-31T12:00:00Z",
    // Leap days, and centuries with and without one.
    "2024-02-29T00:00:00Z",
    "1900-02-28T12:00:00Z",
    "2000-02-29T12:00:00Z",
    "2100-03-01T00:00:00Z",
    // Before and after the epoch, the year 10000 and the year 0.
    "1970-01-01T00:00:00Z",
    "1901-12-13T20:45:52Z",
    "9999-12-31T12:00:00Z",
    "0001-01-01T00:00:00Z",
    "-0001-12-28T00:00:00Z",
    "-4713-11-24T12:00:00Z",
];

#[expect(clippy::expect_used, reason = "the times are written in this file")]
fn at(time: &str) -> DateTime<Utc> {
    time.parse().expect("a time")
}

// Examples to check by eye.

/// Checks both the oracle and `plan` against rows of identifier, whether kept, and the one reason.
fn example(rule: OracleRule, entries: &[(&str, &str)], rows: &[(&str, bool, Reason)]) {
    let entries: Vec<_> = entries.iter().map(|&(id, taken)| (id, at(taken))).collect();
    let expected = oracle(&[rule], &entries);
    let rows: Vec<_> = rows.iter().map(|(id, keep, why)| (*id, *keep, std::slice::from_ref(why))).collect();
    assert_eq!(
        expected.iter().map(|expected| (expected.0, expected.2, expected.3.as_slice())).collect::<Vec<_>>(),
        rows
    );
    check(&[rule], &entries, &expected);
}

#[test]
fn the_iso_week_of_a_day_may_belong_to_another_year() {
    // The last week of 2020 is the 53rd, from Monday, December 28, to Sunday, January 3.
    let entries = [
        ("mon-28", "2020-12-28T09:00:00Z"),
        ("sun-27", "2020-12-27T09:00:00Z"),
        ("fri-01", "2021-01-01T09:00:00Z"),
        ("sun-03", "2021-01-03T23:59:59.999Z"),
        ("mon-04", "2021-01-04T00:00:00Z"),
    ];
    let (rule, of) = (Counted::Weekly, 2);
    let rows = [
        ("mon-04", true, Reason::Nth { rule, nth: 1, of }),
        ("sun-03", true, Reason::Nth { rule, nth: 2, of }),
        ("fri-01", false, Reason::Needs { rule, of, nth: 2, newest: false }),
        ("mon-28", false, Reason::Needs { rule, of, nth: 2, newest: false }),
        ("sun-27", false, Reason::Needs { rule, of, nth: 3, newest: true }),
    ];
    example(OracleRule::Counted(rule, of), &entries, &rows);
}

#[test]
fn whole_days_without_a_snapshot_are_not_counted() {
    let entries = [
        ("a", "2026-03-01T23:59:00Z"),
        ("b", "2026-03-02T00:00:00Z"),
        ("c", "2026-03-02T12:00:00Z"),
        ("d", "2026-03-09T08:00:00Z"),
        ("e", "2026-03-09T08:00:00Z"),
    ];
    let (rule, of) = (Counted::WholeDays, 2);
    let rows = [
        ("e", true, Reason::Nth { rule, nth: 1, of }),
        ("d", true, Reason::Nth { rule, nth: 1, of }),
        ("c", true, Reason::Nth { rule, nth: 2, of }),
        ("b", true, Reason::Nth { rule, nth: 2, of }),
        ("a", false, Reason::Needs { rule, of, nth: 3, newest: true }),
    ];
    example(OracleRule::Counted(rule, of), &entries, &rows);
}

#[test]
fn within_is_strict_and_measured_from_the_newest() {
    let entries = [
        ("new", "1999-05-02T06:00:00Z"),
        ("out", "1999-05-01T06:00:00Z"),
        ("in", "1999-05-01T06:00:00.000000001Z"),
        ("out", "1999-05-01T06:00:00Z"),
    ];
    let (kept, needs) = (Reason::Within(Span::hours(24)), Reason::NeedsWithin(Span::hours(24)));
    example(OracleRule::WithinHours(24), &entries, &[("new", true, kept), ("in", true, kept), ("out", false, needs)]);
}

#[test]
fn the_newest_is_kept_under_any_rule() {
    let entries = [("old", "2026-03-01T00:00:00Z"), ("new", "2026-03-02T00:00:00Z")];
    let needs = Reason::Needs { rule: Counted::Daily, of: 0, nth: 2, newest: true };
    example(OracleRule::Counted(Counted::Daily, 0), &entries, &[("new", true, Reason::Newest), ("old", false, needs)]);
    // A span of zero hours contains no snapshot, not even the newest.
    let needs = Reason::NeedsWithin(Span::hours(0));
    example(OracleRule::WithinHours(0), &entries, &[("new", true, Reason::Newest), ("old", false, needs)]);
}
