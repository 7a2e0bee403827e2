//! `keeps_at_least`: on examples, and as a property over random rules and histories.

#![allow(clippy::expect_used, reason = "a test may stop")]

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use retention::{Counted, Lifecycle, Lifecycles, Rule, Rules, Span, plan};

/// A lifecycle of these rules, as in a configuration.
fn lifecycle(rules: &str) -> Lifecycle {
    serde_json::from_str::<Rules>(rules).expect("rules").named("Any")
}

/// Checks that the first keeps at least as much as the second, and whether the second does too.
#[track_caller]
fn check(more: &str, less: &str, is_equal: bool) {
    let (more, less) = (lifecycle(more), lifecycle(less));
    assert!(more.keeps_at_least(&less), "{more} keeps at least {less}");
    assert_eq!(less.keeps_at_least(&more), is_equal, "{less} keeps at least {more}");
}

#[test]
fn a_rule_that_keeps_more_periods_keeps_more() {
    check(r#"{"daily": 7}"#, r#"{"daily": 7}"#, true);
    check(r#"{"daily": 8}"#, r#"{"daily": 7}"#, false);
    check(r#"{"last": 8}"#, r#"{"last": 7}"#, false);
    check(r#"{"within": "8d"}"#, r#"{"within": "7d"}"#, false);
    check(r#"{"daily": 7, "weekly": 5}"#, r#"{"weekly": 4}"#, false);
}

#[test]
fn a_rule_for_short_periods_keeps_the_newest_of_the_long_periods_that_consist_of_them() {
    check(r#"{"daily": 29}"#, r#"{"weekly": 5}"#, false);
    check(r#"{"daily": 342}"#, r#"{"monthly": 12}"#, false);
    check(r#"{"monthly": 13}"#, r#"{"yearly": 2}"#, false);
    check(r#"{"quarterly": 5}"#, r#"{"yearly": 2}"#, false);
    check(r#"{"hourly": 25}"#, r#"{"daily": 2}"#, false);
    check(r#"{"whole_days": 2}"#, r#"{"last": 2}"#, false);
    check(r#"{"whole_days": 3}"#, r#"{"within": "36h"}"#, false);
}

#[test]
fn lifecycles_that_cannot_be_compared_do_not_keep_as_much_as_each_other() {
    for (one, other) in [
        (r#"{"daily": 28}"#, r#"{"weekly": 5}"#),
        (r#"{"weekly": 60}"#, r#"{"monthly": 2}"#),
        (r#"{"last": 99}"#, r#"{"daily": 2}"#),
        (r#"{"within": "999d"}"#, r#"{"last": 2}"#),
    ] {
        assert!(!lifecycle(one).keeps_at_least(&lifecycle(other)), "{one} {other}");
        assert!(!lifecycle(other).keeps_at_least(&lifecycle(one)), "{other} {one}");
    }
}

#[test]
fn what_has_no_rules_keeps_everything() {
    let known = Lifecycles::built_in();
    for all in [Lifecycle::Ignore, Lifecycle::None, Lifecycle::Unknown("Standrad".to_owned())] {
        assert!(all.keeps_at_least(&known.named("Standard")), "{all}");
        assert!(all.keeps_at_least(&Lifecycle::None), "{all}");
        assert!(!known.named("Standard").keeps_at_least(&all), "{all}");
    }
    assert!(!known.named("Test").keeps_at_least(&known.named("Standard")));
}

fn any_rule() -> impl Strategy<Value = Rule> {
    use Counted::{Daily, Hourly, Last, Monthly, Quarterly, Weekly, WholeDays, Yearly};
    let counts = prop_oneof![0..4_u32, 0..40_u32, 0..100_u32];
    prop_oneof![
        8 => (select(vec![Last, WholeDays, Hourly, Daily, Weekly, Monthly, Quarterly, Yearly]), counts)
            .prop_map(|(rule, count)| rule.keep(count)),
        1 => (0..100_u32).prop_map(|hours| Rule::Within(Span::hours(hours))),
    ]
}

/// Snapshots from minutes to months apart.
fn any_history() -> impl Strategy<Value = Vec<(&'static str, DateTime<Utc>)>> {
    let steps = prop_oneof![0..90_i64, 0..3_000_i64, 1_300..1_500_i64, 0..60_000_i64];
    vec(steps, 0..120).prop_map(|steps| {
        let mut taken = "2020-12-28T21:10:00Z".parse::<DateTime<Utc>>().expect("a time");
        let history = steps.into_iter().map(|minutes| {
            taken += TimeDelta::minutes(minutes);
            ("s", taken)
        });
        history.collect()
    })
}

fn kept(rules: &[Rule], history: &[(&'static str, DateTime<Utc>)]) -> BTreeSet<DateTime<Utc>> {
    let lifecycle = Lifecycle::new("Any", rules);
    plan(&lifecycle, history).verdicts().filter(|verdict| verdict.keep).map(|verdict| verdict.snapshot.1).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn a_lifecycle_that_keeps_at_least_as_much_keeps_every_snapshot_that_the_other_keeps(
        more in vec(any_rule(), 0..4), less in any_rule(), history in any_history(),
    ) {
        let keeps_at_least = Lifecycle::new("More", &more).keeps_at_least(&Lifecycle::new("Less", &[less]));
        if keeps_at_least {
            prop_assert!(kept(&[less], &history).is_subset(&kept(&more, &history)), "{more:?} {less:?}");
        }
    }
}
