//! Unusual input: it is planned without a panic.

#![allow(clippy::expect_used, reason = "a test may stop")]

use chrono::{DateTime, TimeDelta, Utc};
use retention::Counted::{Daily, Hourly, Last, Monthly, Quarterly, Weekly, WholeDays, Yearly};
use retention::{Lifecycle, Lifecycles, Rule, Span, plan};

/// A lifecycle with every rule.
fn all() -> Lifecycle {
    let counted = [Last, WholeDays, Hourly, Daily, Weekly, Monthly, Quarterly, Yearly].map(|rule| rule.keep(3));
    Lifecycle::new("All", &[&counted[..], &[Rule::Within(Span::hours(u32::MAX))]].concat())
}

#[track_caller]
fn check(lifecycle: &Lifecycle, snapshots: &[(&str, DateTime<Utc>)], kept: &[&str]) {
    let plan = plan(lifecycle, snapshots);
    assert_eq!(plan.verdicts().filter(|v| v.keep).map(|v| v.snapshot.0).collect::<Vec<_>>(), kept);
    assert!(plan.verdicts().all(|v| v.reasons().count() > 0));
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

#[test]
fn no_snapshot_and_one_snapshot() {
    check(&all(), &[], &[]);
    check(&all(), &[("only", DateTime::UNIX_EPOCH)], &["only"]);
}

#[test]
fn the_earliest_and_the_latest_time() {
    let ends =
        [("first", DateTime::<Utc>::MIN_UTC), ("9999", at("9999-12-31T23:59:59Z")), ("last", DateTime::<Utc>::MAX_UTC)];
    check(&all(), &ends, &["last", "9999", "first"]);
    check(&Lifecycle::new("Two", &[Weekly.keep(2)]), &ends, &["last", "9999"]);
}

#[test]
fn of_equal_times_the_later_identifier_is_the_newer() {
    let noon = at("2026-11-21T12:00:00Z");
    check(&Lifecycle::new("One", &[Last.keep(1)]), &[("b", noon), ("c", noon), ("a", noon)], &["c"]);
}

#[test]
fn a_nanosecond_makes_a_snapshot_newer() {
    let noon = at("2026-11-21T12:00:00Z");
    let later = noon + TimeDelta::nanoseconds(1);
    check(&Lifecycle::new("One", &[Last.keep(1)]), &[("z", noon), ("a", later), ("y", noon)], &["a"]);
}

#[test]
fn the_same_snapshot_twice_is_one() {
    let (noon, one) = (at("2026-11-21T12:00:00Z"), at("2026-11-21T13:00:00Z"));
    let snapshots = [("b", one), ("a", noon), ("b", one), ("a", one)];
    let lifecycle = Lifecycle::new("Two", &[Last.keep(2)]);
    check(&lifecycle, &snapshots, &["b", "a"]);
    assert_eq!(plan(&lifecycle, &snapshots).verdicts().len(), 3);
}

/// In this range, the age in seconds and the index do not fit into one 64-bit sort key.
#[test]
fn millions_of_snapshots_over_the_whole_range_of_time_are_sorted() {
    let (first, last) = (DateTime::<Utc>::MIN_UTC.timestamp(), DateTime::<Utc>::MAX_UTC.timestamp());
    let count = 3_000_000_i64;
    let step = (last - first) / count;
    let ids: Vec<String> = (0..6).map(|id| id.to_string()).collect();
    let mut snapshots: Vec<(&str, DateTime<Utc>)> = (0..count)
        .map(|n| (ids[0].as_str(), DateTime::from_timestamp(first + n * step, 0).expect("in range")))
        .collect();
    let middle = snapshots[1_500_000].1;
    snapshots.extend(ids[1..].iter().zip(1..).map(|(id, n)| (id.as_str(), middle + TimeDelta::seconds(n))));
    let plan = plan(&Lifecycle::Ignore, &snapshots);
    let taken: Vec<DateTime<Utc>> = plan.verdicts().map(|v| v.snapshot.1).collect();
    assert_eq!(taken.len(), snapshots.len());
    assert!(taken.is_sorted_by(|newer, older| newer > older));
}

#[test]
#[ignore = "slow: ten million snapshots"]
fn ten_million_snapshots() {
    let snapshots: Vec<(&str, DateTime<Utc>)> =
        (0..10_000_000).map(|n| ("each", DateTime::UNIX_EPOCH + TimeDelta::minutes(n * 7_919 % 10_000_000))).collect();
    let standard = Lifecycles::built_in().named("Standard");
    let plan = plan(&standard, &snapshots);
    assert_eq!(plan.verdicts().len(), 10_000_000);
    assert_eq!(plan.verdicts().filter(|v| v.keep).count(), 25);
}
