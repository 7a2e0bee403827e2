//! Properties of every plan, for any lifecycle and any history.

#![allow(clippy::expect_used, reason = "a test may stop")]

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use retention::{Counted, Lifecycle, Rule, Span, plan};

type Taken = DateTime<Utc>;
type History = Vec<(&'static str, Taken)>;

/// The snapshots that a lifecycle of these rules keeps.
fn kept(rules: &[Rule], history: &[(&'static str, Taken)]) -> BTreeSet<(Taken, &'static str)> {
    let lifecycle = Lifecycle::new("Any", rules);
    plan(&lifecycle, history).verdicts().filter(|v| v.keep).map(|v| (v.snapshot.1, v.snapshot.0)).collect()
}

fn history_of(set: &BTreeSet<(Taken, &'static str)>) -> History {
    set.iter().map(|(taken, id)| (*id, *taken)).collect()
}

const PERIODIC: [(Counted, &str); 6] = [
    (Counted::Hourly, "%Y-%m-%d %H"),
    (Counted::Daily, "%Y-%m-%d"),
    (Counted::Weekly, "%G-%V"),
    (Counted::Monthly, "%Y-%m"),
    (Counted::Quarterly, "%Y-%q"),
    (Counted::Yearly, "%Y"),
];

fn any_rule() -> impl Strategy<Value = Rule> {
    let periodic = PERIODIC.map(|(rule, _)| rule);
    let counted = select([&[Counted::Last, Counted::WholeDays], &periodic[..]].concat());
    prop_oneof![
        8 => (counted, 0..9_u32).prop_map(|(rule, count)| rule.keep(count)),
        1 => (0..2000_u32).prop_map(|hours| Rule::Within(Span::hours(hours))),
    ]
}

fn any_rules() -> impl Strategy<Value = Vec<Rule>> {
    vec(any_rule(), 0..5)
}

/// Snapshots from minutes to years apart, a few at equal times and a few listed twice.
fn any_history() -> impl Strategy<Value = History> {
    let steps = prop_oneof![0..3_i64, 0..90_i64, 0..3_000_i64, 0..50_000_i64, 0..800_000_i64];
    let starts =
        select(vec!["-0004-12-30T00:00:00Z", "2020-12-28T21:10:00Z", "2026-02-27T03:05:00Z", "9990-01-01T00:00:00Z"]);
    (starts, vec((steps, select(vec!["a", "b", "c"])), 0..40)).prop_map(|(start, steps)| {
        let mut taken = start.parse::<Taken>().expect("a time");
        let mut history: History = Vec::new();
        for (minutes, id) in steps {
            taken += TimeDelta::minutes(minutes);
            history.push((id, taken));
            // A leap second.
            if minutes % 7 == 3 {
                let leap = taken.with_second(59).and_then(|taken| taken.with_nanosecond(1_500_000_000));
                history.extend(leap.map(|leap| ("leap", leap)));
            }
        }
        history
    })
}

fn any_order() -> impl Strategy<Value = History> {
    any_history().prop_flat_map(|history| Just(history).prop_shuffle())
}

proptest! {
    #[test]
    fn a_periodic_rule_keeps_exactly_one_snapshot_of_each_of_its_periods_and_the_most_recent_ones(
        history in any_order(), (rule, label) in select(PERIODIC.to_vec()), count in 1..9_u32,
    ) {
        let label = |taken: Taken| taken.format(label).to_string();
        let kept = kept(&[rule.keep(count)], &history);
        let newest_first: Vec<Taken> = history.iter().map(|(_, taken)| *taken).collect::<BTreeSet<_>>().into_iter().rev().collect();
        let mut periods: Vec<String> = newest_first.iter().map(|taken| label(*taken)).collect();
        periods.dedup();
        periods.truncate(count as usize);
        prop_assert_eq!(kept.iter().rev().map(|(taken, _)| label(*taken)).collect::<Vec<_>>(), periods);
        for (taken, id) in &kept {
            let newer_one_of_its_period =
                history.iter().find(|(i, t)| label(*t) == label(*taken) && (*t, *i) > (*taken, *id));
            prop_assert_eq!(newer_one_of_its_period, None);
        }
    }

    #[test]
    fn the_newest_is_kept(rules in any_rules(), history in any_order()) { // invariant 7
        let newest = history.iter().map(|(id, taken)| (*taken, *id)).max();
        prop_assert_eq!(kept(&rules, &history).pop_last(), newest);
    }

    #[test]
    fn a_lifecycle_keeps_the_union_of_the_snapshots_that_its_rules_keep(rules in any_rules(), history in any_order()) {
        let newest = kept(&[], &history);
        let union = rules.iter().flat_map(|rule| kept(&[*rule], &history)).chain(newest).collect();
        prop_assert_eq!(kept(&rules, &history), union);
    }

    #[test]
    fn planning_the_kept_snapshots_again_keeps_all_of_them(rules in any_rules(), history in any_order()) {
        let once = kept(&rules, &history);
        prop_assert_eq!(kept(&rules, &history_of(&once)), once);
    }

    #[test]
    fn an_older_snapshot_never_changes_the_verdict_on_a_newer_one(rules in any_rules(), mut history in any_order()) {
        history.sort_by_key(|(id, taken)| (*taken, *id));
        history.dedup();
        let Some(((id, taken), newer)) = history.split_first() else { return Ok(()) };
        let mut with = kept(&rules, &history);
        let without = kept(&rules, newer);
        with.remove(&(*taken, *id));
        prop_assert_eq!(with, without);
    }

    #[test]
    fn deleting_after_every_arrival_in_any_order_keeps_the_same_as_deleting_once_at_the_end( // invariant 8
        rules in any_rules(), history in any_order(),
    ) {
        let mut remaining = BTreeSet::new();
        for (id, taken) in &history {
            remaining.insert((*taken, *id));
            remaining = kept(&rules, &history_of(&remaining));
        }
        prop_assert_eq!(remaining, kept(&rules, &history));
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(
        rules in any_rules(), (history, shuffled) in any_history().prop_flat_map(|h| (Just(h.clone()), Just(h).prop_shuffle())),
    ) {
        let lifecycle = Lifecycle::new("Any", &rules);
        let verdicts = |history: &History| -> Vec<String> {
            plan(&lifecycle, history).verdicts().map(|v| format!("{:?} {v}", v.snapshot)).collect()
        };
        prop_assert_eq!(verdicts(&history), verdicts(&shuffled));
    }
}
