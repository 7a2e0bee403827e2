//! The guarantee of a rule in days: no history and no adversary shortens it, and it is not longer than stated.

#![allow(clippy::expect_used, reason = "a test may stop")]

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use retention::{Counted, Lifecycle, Rule, Rules, Span, plan};

type Taken = DateTime<Utc>;

fn at(text: &str) -> Taken {
    text.parse().expect("a time")
}

/// What is left of the snapshots if the rule is the only one.
fn planned(rule: Rule, snapshots: &[(&'static str, Taken)]) -> Vec<(&'static str, Taken)> {
    let lifecycle = Lifecycle::new("Floor", &[rule]);
    plan(&lifecycle, snapshots).verdicts().filter(|verdict| verdict.keep).map(|verdict| *verdict.snapshot).collect()
}

/// Whether a good snapshot is left after others arrived at these times, with a plan after each.
fn survives(rule: Rule, good: &[Taken], others: &[Taken]) -> bool {
    let mut left: Vec<_> = good.iter().map(|taken| ("good", *taken)).collect();
    for taken in others {
        left.push(("other", *taken));
        left = planned(rule, &left);
    }
    left.iter().any(|(name, _)| *name == "good")
}

fn any_rule() -> impl Strategy<Value = Rule> {
    use Counted::{Daily, Hourly, Last, Monthly, Quarterly, Weekly, WholeDays, Yearly};
    let counted = select(vec![Last, WholeDays, Hourly, Daily, Daily, Weekly, Weekly, Monthly, Quarterly, Yearly]);
    prop_oneof![
        8 => (counted, 0..9_u32).prop_map(|(rule, count)| rule.keep(count)),
        1 => (0..300_u32).prop_map(|hours| Rule::Within(Span::hours(hours))),
    ]
}

/// The end of a day, a week, a month or a year, or any time.
fn last_good() -> impl Strategy<Value = Taken> {
    let ends = ["2026-11-21T23:59:58Z", "2026-11-22T23:59:58Z", "2026-01-31T23:59:58Z", "2024-12-31T23:59:58Z"];
    prop_oneof![
        select(ends.map(at).to_vec()),
        (0..40_000_000_i64).prop_map(|seconds| at("2026-01-01T00:00:00Z") + TimeDelta::seconds(seconds)),
    ]
}

/// Whether two times are in different periods, so that neither can displace the other.
fn are_in_different_periods(rule: Rule, one: Taken, other: Taken) -> bool {
    match rule {
        Rule::Within(_) | Rule::Counted(Counted::Last | Counted::WholeDays, _) => true,
        Rule::Counted(Counted::Hourly, _) => one.timestamp() / 3600 != other.timestamp() / 3600,
        Rule::Counted(Counted::Daily, _) => one.date_naive() != other.date_naive(),
        Rule::Counted(Counted::Weekly, _) => one.iso_week() != other.iso_week(),
        Rule::Counted(Counted::Monthly, _) => (one.year(), one.month()) != (other.year(), other.month()),
        Rule::Counted(Counted::Quarterly, _) => (one.year(), one.quarter()) != (other.year(), other.quarter()),
        Rule::Counted(Counted::Yearly, _) => one.year() != other.year(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    // Invariant 10.
    // Invariant 17.
    #[test]
    fn a_good_snapshot_is_kept_for_the_guaranteed_time_whatever_follows(
        rule in any_rule(),
        last in last_good(),
        // Hours before the last good one. The first is in an earlier period.
        earlier in vec(1..9_000_i64, 1..6),
        // Of the guaranteed time, in parts of ten thousand; and seconds around the ends of days.
        others in vec((0..=10_000_i64, prop_oneof![Just(None), (-1..2_i64).prop_map(Some)]), 0..40),
    ) {
        let good: Vec<_> = earlier.iter().map(|hours| last - TimeDelta::hours(*hours)).chain([last]).collect();
        if rule.guarantee_days() == 0 || !good.iter().any(|good| are_in_different_periods(rule, *good, last)) {
            return Ok(());
        }
        let guarantee = TimeDelta::days(rule.guarantee_days().into());
        let mut others: Vec<Taken> = others
            .into_iter()
            .map(|(part, around)| {
                let time = last + guarantee * i32::try_from(part).expect("small") / 10_000;
                let midnight = time.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
                around.map_or(time, |seconds| midnight + TimeDelta::seconds(seconds))
            })
            .filter(|time| (last..=last + guarantee).contains(time))
            .collect();
        others.sort();
        prop_assert!(survives(rule, &good, &others), "{rule}: {good:?} {others:?}");
    }
}

/// Checks the guarantee, and that it is not longer: good snapshots of every day up to the last one are gone so many days later,
/// if others arrive every hour.
#[track_caller]
fn check(rule: Rule, last_good: &str, days: u32) {
    assert_eq!(rule.guarantee_days(), days, "{rule}");
    let last = at(last_good);
    let good: Vec<_> = (0..1200).map(|day| last - TimeDelta::days(day)).collect();
    let end = last + TimeDelta::days(days.into());
    let hourly = (1..).map(|hour| last + TimeDelta::seconds(2) + TimeDelta::hours(hour - 1));
    let others: Vec<_> =
        [last + TimeDelta::seconds(1)].into_iter().chain(hourly.take_while(|other| *other <= end)).collect();
    assert!(survives(rule, &good, &others), "{rule} keeps a good snapshot for {days} days");
    let after = [others, vec![end + TimeDelta::seconds(2)]].concat();
    assert!(!survives(rule, &good, &after), "{rule} keeps no good snapshot for longer");
}

#[test]
fn the_guarantee_is_exact() {
    check(Counted::Daily.keep(7), "2026-11-21T23:59:58Z", 5);
    // 22 November 2026 is a Sunday.
    check(Counted::Weekly.keep(4), "2026-11-22T23:59:58Z", 14);
    check(Counted::Weekly.keep(6), "2026-11-22T23:59:58Z", 28);
    check(Counted::WholeDays.keep(5), "2026-11-21T23:59:58Z", 4);
    check(Rule::Within(Span::hours(28 * 24)), "2026-11-21T12:00:00Z", 28);
    check(Counted::Monthly.keep(3), "2026-01-31T23:59:58Z", 28);
    check(Counted::Quarterly.keep(3), "2025-12-31T23:59:58Z", 90);
    check(Counted::Yearly.keep(3), "2025-12-31T23:59:58Z", 365);
}

#[test]
fn few_periods_guarantee_nothing() {
    use Counted::{Daily, Hourly, Last, Monthly, Weekly, WholeDays};
    for rule in [Last.keep(1000), Daily.keep(2), Weekly.keep(1), Monthly.keep(0), WholeDays.keep(1), Hourly.keep(25)] {
        assert_eq!(rule.guarantee_days(), 0, "{rule}");
    }
    assert_eq!(Hourly.keep(26).guarantee_days(), 1);
    assert_eq!(Monthly.keep(u32::MAX).guarantee_days(), u32::MAX - 2, "no overflow");
}

#[test]
fn rules_guarantee_as_much_as_the_best_of_them() {
    let days = |rules: &str| serde_json::from_str::<Rules>(rules).expect("rules").guarantee_days();
    assert_eq!(days(r#"{"daily": 7, "weekly": 4}"#), 14);
    assert_eq!(days(r#"{"daily": 30, "weekly": 4}"#), 28);
    assert_eq!(Lifecycle::None.guarantee_days(), None);
    assert_eq!(Lifecycle::new("Floor", &[]).guarantee_days(), Some(0));
}
