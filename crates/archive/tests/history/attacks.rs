//! Attacks on a database's history, by an adversary who decides what arrives after the last good copy, and when: names of
//! lifecycles, times of clusters, and any number of copies. The keeper runs at any times in between.

use archive::expired::{DELAY, expired};
use archive::{BACKDATING, History};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use protocol::Kind;
use retention::{Lifecycle, Rules};

use crate::support::{CopyOf, at, history, known};

fn default_floor() -> Lifecycle {
    Rules::default_floor().named("Floor")
}

/// What is left after the keeper has run.
fn keep(copies: &mut Vec<CopyOf>) {
    let history = history(copies);
    let expired = expired(&history, &known(), &default_floor());
    let names: Vec<String> = expired.iter().map(|expired| expired.copy.source.to_string()).collect();
    copies.retain(|copy| !names.contains(&copy.source));
}

/// Good copies of every day at 03:05, and what arrives later. The keeper runs once a day.
fn run(good_days: i64, kind: Kind, lifecycle: &str, attack: &[CopyOf], days: i64) -> Vec<String> {
    let last = at("2026-11-21T03:05:00Z");
    let good =
        (0..good_days).rev().map(|day| CopyOf::new("good", kind, last - TimeDelta::days(day)).lifecycle(lifecycle));
    let mut copies = Vec::new();
    let mut arrivals: Vec<CopyOf> = good.chain(attack.iter().cloned()).collect();
    arrivals.sort_by_key(|copy| copy.arrived);
    let end = last + TimeDelta::days(days);
    let mut now = last - TimeDelta::days(good_days);
    while now <= end {
        copies.extend(arrivals.extract_if(.., |copy| copy.arrived <= now));
        keep(&mut copies);
        now += TimeDelta::hours(24);
    }
    copies.into_iter().map(|copy| copy.source).filter(|source| source.starts_with("good")).collect()
}

// Invariant 17.
#[test]
fn a_lifecycle_that_keeps_less_and_two_well_timed_snapshots_leave_the_good_copies() {
    // Late on Sunday, and just after Monday two weeks later.
    let attack = [
        CopyOf::new("bad-1", Kind::Instance, at("2026-11-22T23:30:00Z")).lifecycle("Test"),
        CopyOf::new("bad-2", Kind::Instance, at("2026-12-07T00:10:00Z")).lifecycle("Test"),
    ];
    assert_eq!(run(12, Kind::Instance, "Standard", &attack, 17).len(), 6, "5 days, and the Sunday of an earlier week");
    // The attacker continues, with a snapshot every six hours for four weeks.
    let flood: Vec<_> = (0..4 * 28)
        .map(|nth| {
            let time = at("2026-11-22T23:30:00Z") + TimeDelta::hours(6 * nth);
            CopyOf::new(&format!("bad-{nth}"), Kind::Instance, time).lifecycle("Test")
        })
        .collect();
    assert_ne!(run(12, Kind::Instance, "Standard", &flood, 28), [""; 0]);
}

// Invariant 10.
// Invariant 17.
#[test]
fn back_dated_copies_do_not_displace_the_months_ends() {
    Kind::ALL.into_iter().for_each(check_months_ends);
}

/// The time of a cluster's snapshot can be a lie. An instance's snapshot can be a real one of another database of the same name, which
/// was taken in an account of the attacker.
fn check_months_ends(kind: Kind) {
    // Copies that claim to be of the last second of each month, a year back.
    let attack: Vec<_> = (0..12)
        .map(|nth| {
            let arrived = at("2026-11-22T12:00:00Z") + TimeDelta::hours(nth);
            let month = at("2026-11-01T00:00:00Z") - TimeDelta::days(30 * nth);
            let taken = month.with_day(1).unwrap() - TimeDelta::seconds(1);
            CopyOf::new(&format!("bad-{nth}"), kind, arrived).taken(taken).lifecycle("Standard")
        })
        .collect();
    let without = run(365, kind, "Standard", &[], 35);
    let with = run(365, kind, "Standard", &attack, 35);
    let months_ends = |left: &[String]| left.iter().filter(|source| source.ends_with("-end")).count();
    assert_eq!((months_ends(&without), months_ends(&with)), (11, 11), "{with:#?}");
}

/// Copies of a database before the attack: daily, with a lifecycle.
fn any_good(kind: Kind) -> impl Strategy<Value = Vec<CopyOf>> {
    let last = (0..60 * 24 * 7_i64).prop_map(|minutes| at("2026-11-16T00:00:00Z") + TimeDelta::minutes(minutes));
    (last, 9..40_i64, select(vec!["Standard", "Test", "Archive"])).prop_map(move |(last, days, lifecycle)| {
        (0..days).map(|day| CopyOf::new("good", kind, last - TimeDelta::days(day)).lifecycle(lifecycle)).collect()
    })
}

/// What an adversary sends, by minutes after the last good copy. A source can lie about when a cluster's snapshot was taken, and have old
/// snapshots of another instance of the same name.
fn any_attack(days: i64) -> impl Strategy<Value = Vec<(i64, i64, Option<&'static str>)>> {
    let minutes = prop_oneof![0..=days * 24 * 60, (0..=days).prop_map(|day| day * 24 * 60), 0..180_i64];
    let names = select(vec![Some("Test"), Some("Standard"), Some("Archive"), Some("Last")]);
    vec((minutes, 0..600_i64, names), 0..40)
}

/// Lets the adversary's copies arrive, and the keeper run after each. Calls `check` with what is there before and after each run.
fn attack(
    good: Vec<CopyOf>,
    kind: Kind,
    mut attack: Vec<(i64, i64, Option<&'static str>)>,
    mut check: impl FnMut(&[CopyOf], &[CopyOf]),
) -> Vec<CopyOf> {
    let last = good.iter().map(|copy| copy.arrived).max().expect("a copy");
    let mut copies = good;
    attack.sort_unstable();
    for (nth, (minutes, lie, lifecycle)) in attack.into_iter().enumerate() {
        let arrived = last + TimeDelta::minutes(minutes);
        let copy = CopyOf::new(&format!("bad-{nth}"), kind, arrived).taken(arrived - TimeDelta::days(lie));
        copies.push(lifecycle.map_or(copy.clone(), |name| copy.lifecycle(name)));
        let before = copies.clone();
        keep(&mut copies);
        check(&before, &copies);
    }
    copies
}

fn are_in_different_weeks(copies: &[CopyOf]) -> bool {
    let weeks = copies.iter().map(|copy| copy.arrived.iso_week());
    weeks.collect::<std::collections::BTreeSet<_>>().len() > 1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    // Invariant 10.
    #[test]
    fn for_28_days_a_good_copy_is_there_whatever_arrives(
        (kind, good, bad) in select(Kind::ALL.to_vec()).prop_flat_map(|kind| (Just(kind), any_good(kind), any_attack(28))),
    ) {
        prop_assert_eq!(default_floor().guarantee_days(), Some(28));
        prop_assert!(are_in_different_weeks(&good));
        let left = attack(good, kind, bad, |_, _| {});
        prop_assert!(left.iter().any(|copy| copy.source.starts_with("good")), "{left:#?}");
    }

    // Invariant 17.
    #[test]
    fn for_35_days_no_copy_is_deleted_that_the_databases_own_lifecycle_keeps(
        (kind, good, bad) in select(Kind::ALL.to_vec()).prop_flat_map(|kind| (Just(kind), any_good(kind), any_attack(35))),
    ) {
        prop_assert_eq!(DELAY, TimeDelta::days(35));
        let own = good.first().and_then(|copy| copy.lifecycle.clone()).map(|name| known().named(&name)).expect("a lifecycle");
        let mut wrong = Vec::new();
        attack(good, kind, bad, |before, after| {
            let history = history(before);
            // With and without the copies of old snapshots.
            for with_late in [false, true] {
                let copies = history.copies.iter().filter(|copy| with_late || !copy.is_late);
                let times: Vec<(&str, DateTime<Utc>)> = copies.map(|copy| (&*copy.source, copy.planned)).collect();
                let plan = retention::plan(&own, &times);
                let kept = plan.verdicts().filter(|verdict| verdict.keep).map(|verdict| verdict.snapshot.0);
                wrong.extend(kept.filter(|kept| !after.iter().any(|copy| copy.source == *kept)).map(str::to_owned));
            }
        });
        prop_assert_eq!(wrong, Vec::<String>::new());
    }

    // Invariant 10.
    #[test]
    fn no_copy_of_a_cluster_is_planned_more_than_two_days_before_its_transit_copy(
        bad in any_attack(35),
    ) {
        attack(vec![CopyOf::new("good", Kind::Cluster, at("2026-11-16T03:05:00Z"))], Kind::Cluster, bad, |before, _| {
            let History { copies, .. } = history(before);
            assert!(copies.iter().all(|copy| copy.planned >= copy.arrived - BACKDATING));
        });
    }
}
