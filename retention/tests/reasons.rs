//! The text of each verdict and its reasons.

#![allow(clippy::expect_used, reason = "a test may stop")]

use chrono::{DateTime, Utc};
use retention::Counted::{Daily, Hourly, Last, Monthly, Quarterly, Weekly, WholeDays, Yearly};
use retention::{Lifecycle, Lifecycles, Rule, Span, plan};

/// Plans snapshots taken at these times, which are also their identifiers, and compares the verdicts, newest first.
#[track_caller]
fn check(lifecycle: &Lifecycle, taken: &[&'static str], expected: &[&str]) {
    let snapshots: Vec<(&str, DateTime<Utc>)> =
        taken.iter().map(|text| (*text, format!("{text}:00Z").parse().expect("a time"))).collect();
    let plan = plan(lifecycle, &snapshots);
    assert_eq!(plan.verdicts().map(|v| format!("{} {v}", v.snapshot.0)).collect::<Vec<_>>(), expected);
}

fn of(rules: &[Rule]) -> Lifecycle {
    Lifecycle::new("Own", rules)
}

#[test]
fn a_daily_is_numbered_or_too_old_or_not_the_newest_of_its_day() {
    check(
        &of(&[Daily.keep(2)]),
        &["2026-11-21T03:05", "2026-11-21T15:05", "2026-11-19T03:05", "2026-11-18T03:05", "2026-11-18T01:05"],
        &[
            "2026-11-21T15:05 keep: daily 1 of 2",
            "2026-11-21T03:05 delete: daily keeps only the newest of a day",
            "2026-11-19T03:05 keep: daily 2 of 2",
            "2026-11-18T03:05 delete: daily keeps 2 days, this is the 3rd",
            "2026-11-18T01:05 delete: daily keeps the newest of 2 days, this is of the 3rd",
        ],
    );
}

#[test]
fn every_rule_that_keeps_a_snapshot_is_listed() {
    check(
        &of(&[Last.keep(1), Daily.keep(7), Weekly.keep(5), Rule::Within(Span::hours(36))]),
        &["2026-11-16T03:05", "2026-11-15T03:05", "2026-11-14T03:05"],
        &[
            "2026-11-16T03:05 keep: last 1 of 1, daily 1 of 7, weekly 1 of 5, within 36h",
            "2026-11-15T03:05 keep: daily 2 of 7, weekly 2 of 5, within 36h",
            "2026-11-14T03:05 keep: daily 3 of 7",
        ],
    );
}

#[test]
fn a_deleted_snapshot_lists_why_each_rule_does_not_keep_it() {
    let each = [Last, WholeDays, Hourly, Daily, Weekly, Monthly, Quarterly, Yearly].map(|rule| rule.keep(1));
    check(
        &of(&[&each[..], &[Rule::Within(Span::hours(48))]].concat()),
        &["2026-11-21T03:05", "2025-11-21T03:05"],
        &[
            "2026-11-21T03:05 keep: last 1 of 1, whole_days 1 of 1, hourly 1 of 1, daily 1 of 1, weekly 1 of 1, \
             monthly 1 of 1, quarterly 1 of 1, yearly 1 of 1, within 2d",
            "2025-11-21T03:05 delete: last keeps 1 snapshot, this is the 2nd; \
             whole_days keeps 1 day, this is the 2nd; hourly keeps 1 hour, this is the 2nd; \
             daily keeps 1 day, this is the 2nd; weekly keeps 1 week, this is the 2nd; \
             monthly keeps 1 month, this is the 2nd; quarterly keeps 1 quarter, this is the 2nd; \
             yearly keeps 1 year, this is the 2nd; within keeps less than 2d before the newest",
        ],
    );
}

#[test]
fn whole_days_keep_every_snapshot_of_a_day() {
    check(
        &of(&[WholeDays.keep(2)]),
        &["2026-11-21T03:05", "2026-11-21T15:05", "2026-11-11T00:00", "2026-11-10T23:59"],
        &[
            "2026-11-21T15:05 keep: whole_days 1 of 2",
            "2026-11-21T03:05 keep: whole_days 1 of 2",
            "2026-11-11T00:00 keep: whole_days 2 of 2",
            "2026-11-10T23:59 delete: whole_days keeps 2 days, this is the 3rd",
        ],
    );
}

#[test]
fn within_is_measured_from_the_newest_and_is_strict() {
    check(
        &of(&[Rule::Within(Span::hours(24))]),
        &["2026-11-21T03:05", "2026-11-20T03:06", "2026-11-20T03:05"],
        &[
            "2026-11-21T03:05 keep: within 1d",
            "2026-11-20T03:06 keep: within 1d",
            "2026-11-20T03:05 delete: within keeps less than 1d before the newest",
        ],
    );
}

/// With chrono's own subtraction, a and b would be further apart than a and c.
#[test]
fn a_leap_second_counts_as_the_end_of_the_second_before_it() {
    let rules = of(&[Rule::Within(Span::hours(1))]);
    let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
    let [a, b, c] = ["2016-12-31T22:59:60.5Z", "2016-12-31T23:59:59.9Z", "2017-01-01T00:00:00Z"].map(at);
    let kept = |history: &[(&'static str, DateTime<Utc>)]| -> Vec<&str> {
        plan(&rules, history).verdicts().filter(|v| v.keep).map(|v| v.snapshot.0).collect()
    };
    assert_eq!(kept(&[("a", a), ("b", b)]), ["b", "a"]);
    assert_eq!(kept(&[("a", a), ("b", b), ("c", c)]), ["c", "b"]);
    // The leap second is before midnight, so a snapshot taken at 23:00 is less than an hour older.
    let [leap, eleven] = ["2016-12-31T23:59:60Z", "2016-12-31T23:00:00Z"].map(at);
    assert_eq!(kept(&[("leap", leap), ("eleven", eleven)]), ["leap", "eleven"]);
}

#[test]
fn a_week_that_spans_new_year_is_one_week() {
    check(
        &of(&[Weekly.keep(2)]),
        &["2021-01-03T03:05", "2020-12-28T03:05", "2020-12-27T03:05"],
        &[
            "2021-01-03T03:05 keep: weekly 1 of 2",
            "2020-12-28T03:05 delete: weekly keeps only the newest of a week",
            "2020-12-27T03:05 keep: weekly 2 of 2",
        ],
    );
}

#[test]
fn the_same_part_of_another_year_is_another_period() {
    let each = [Hourly, Daily, Weekly, Monthly, Quarterly].map(|rule| rule.keep(2));
    check(
        &of(&each),
        &["2026-11-21T03:05", "2025-11-21T03:05"],
        &[
            "2026-11-21T03:05 keep: hourly 1 of 2, daily 1 of 2, weekly 1 of 2, monthly 1 of 2, quarterly 1 of 2",
            "2025-11-21T03:05 keep: hourly 2 of 2, daily 2 of 2, weekly 2 of 2, monthly 2 of 2, quarterly 2 of 2",
        ],
    );
}

#[test]
fn the_newest_is_kept_although_no_rule_keeps_it() {
    // invariant 7
    check(
        &of(&[Daily.keep(0)]),
        &["2026-11-21T03:05", "2026-11-20T03:05"],
        &[
            "2026-11-21T03:05 keep: the newest snapshot is always kept",
            "2026-11-20T03:05 delete: daily keeps 0 days, this is the 2nd",
        ],
    );
    check(
        &of(&[]),
        &["2026-11-21T03:05", "2026-11-20T03:05"],
        &["2026-11-21T03:05 keep: the newest snapshot is always kept", "2026-11-20T03:05 delete"],
    );
}

#[test]
fn without_rules_every_snapshot_is_kept_with_the_reason() {
    let two = ["2026-11-21T03:05", "2026-11-20T03:05"];
    let kept = |why: &str| two.map(|id| format!("{id} keep: {why}"));
    let check = |lifecycle: Lifecycle, why| check(&lifecycle, &two, &kept(why).each_ref().map(String::as_str));

    check(Lifecycles::built_in().named("ignore"), "Ignore keeps every snapshot");
    check(Lifecycles::built_in().named("Standrad"), "unknown lifecycle `Standrad`: every snapshot is kept");
    check(Lifecycle::None, "no lifecycle: every snapshot is kept");
}

#[test]
fn ordinals_are_english() {
    let hours: Vec<String> = (0..24).rev().map(|hour| format!("2026-11-21T{hour:02}:05")).collect();
    let times: Vec<DateTime<Utc>> = hours.iter().map(|text| format!("{text}:00Z").parse().expect("a time")).collect();
    let snapshots: Vec<(&str, DateTime<Utc>)> = hours.iter().map(String::as_str).zip(times).collect();
    let lifecycle = of(&[Last.keep(1)]);
    let ordinals: Vec<String> = plan(&lifecycle, &snapshots)
        .verdicts()
        .map(|v| v.to_string())
        .skip(1)
        .filter_map(|verdict| Some(verdict.rsplit_once("the ")?.1.to_owned()))
        .collect();
    assert_eq!(
        ordinals.join(" "),
        "2nd 3rd 4th 5th 6th 7th 8th 9th 10th 11th 12th 13th 14th 15th 16th 17th 18th 19th 20th 21st 22nd 23rd 24th",
    );
}

#[test]
fn a_plan_has_its_lifecycle() {
    let lifecycle = Lifecycles::built_in().named("standard");
    let plan = plan::<(&str, DateTime<Utc>)>(&lifecycle, &[]);
    assert_eq!(plan.lifecycle().to_string(), "Standard (daily 7, weekly 5, monthly 12, yearly 7)");
}
