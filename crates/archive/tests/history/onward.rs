//! Which copies go on to DR's second region.

use archive::onward::{Backfill, Pending, Second, plan};
use chrono::TimeDelta;
use proptest::prelude::*;
use protocol::{DatabaseArn, Kind, Origin, SnapshotArn};

use crate::support::{at, dr};

const SINCE: &str = "2026-11-21T00:00:00Z";

/// A copy of 10 GiB that was taken so many hours after the second region was added, and arrived an hour later.
fn pending(database: &str, hours: i64) -> Pending {
    let taken = at(SINCE) + TimeDelta::hours(hours);
    let database: DatabaseArn = format!("arn:aws:rds:eu-west-1:111111111111:db:{database}").parse().unwrap();
    let id = format!("{}-{}", database.id(), taken.timestamp());
    let snapshot = SnapshotArn::new(Kind::Instance, database.place.clone(), &id).unwrap();
    let origin = Origin { snapshot, database, taken };
    Pending { copy: origin.copy(&dr()), arrived: taken + TimeDelta::hours(1), gib: 10, origin }
}

/// The databases and hours of the copies that go on, in their order.
fn planned(pending: Vec<Pending>, second: &Second, gib: u64) -> Vec<(String, i64)> {
    let backfill = Backfill { since: at(SINCE), gib };
    let planned = plan(pending, second, backfill);
    assert!(planned.is_sorted_by(|(one, _), (other, _)| one < other), "positions are in order");
    let hours = |origin: &Origin| (origin.taken - at(SINCE)).num_hours();
    planned.iter().map(|(_, of)| (of.origin.database.id().to_owned(), hours(&of.origin))).collect()
}

fn of(all: &[(&str, i64)]) -> Vec<(String, i64)> {
    all.iter().map(|(database, hours)| ((*database).to_owned(), *hours)).collect()
}

fn all() -> Vec<Pending> {
    [("a", -30), ("a", 5), ("b", -20), ("a", -10), ("b", -40), ("c", 2), ("b", -2)]
        .map(|(name, hours)| pending(name, hours))
        .into()
}

#[test]
fn without_a_budget_the_newest_of_each_database_goes_on_after_those_since() {
    // The newest of "a" and "c" are from after the second region was added.
    assert_eq!(planned(all(), &Second::default(), 0), of(&[("c", 2), ("a", 5), ("b", -2)]));
}

/// Not even those that have no size: a budget of 0 is none.
#[test]
fn without_a_budget_no_other_older_copy_goes_on_whatever_its_size() {
    let all: Vec<_> = all().into_iter().map(|pending| Pending { gib: 0, ..pending }).collect();
    assert_eq!(planned(all, &Second::default(), 0), of(&[("c", 2), ("a", 5), ("b", -2)]));
}

#[test]
fn the_newest_older_copies_within_the_budget_go_on_oldest_first() {
    let recent = [("c", 2), ("a", 5), ("b", -2)];
    assert_eq!(planned(all(), &Second::default(), 19), of(&recent));
    assert_eq!(planned(all(), &Second::default(), 20), of(&[&recent[..], &[("a", -10)]].concat()));
    // The floor of the second region sees the newest arrive last.
    assert_eq!(planned(all(), &Second::default(), 30), of(&[&recent[..], &[("b", -20), ("a", -10)]].concat()));
    let older = [("b", -40), ("a", -30), ("b", -20), ("a", -10)];
    assert_eq!(planned(all(), &Second::default(), 1000), of(&[&recent[..], &older].concat()));
    // What is there counts.
    let second = Second { databases: [pending("b", 0).origin.database].into(), used: 30, ..Second::default() };
    assert_eq!(planned(all(), &second, 30), of(&[("c", 2), ("a", 5)]), "the database has a copy there");
    assert_eq!(planned(all(), &second, 50), of(&[("c", 2), ("a", 5), ("a", -10), ("b", -2)]));
}

/// By arrival and not by the time that a source account claims.
#[test]
fn a_copy_of_an_old_snapshot_that_arrives_now_goes_on() {
    let late = Pending { arrived: at(SINCE), ..pending("a", -90) };
    let second = Second { used: 5, ..Second::default() };
    assert_eq!(planned(vec![late, pending("b", -80), pending("b", -81)], &second, 0), of(&[("a", -90), ("b", -80)]));
}

/// A copy that was deleted there, or a second region that was made anew.
#[test]
fn the_newest_copy_of_a_database_that_has_none_there_any_more_goes_on_again() {
    let second = Second { used: 1000, gone: vec![pending("a", 5)], ..Second::default() };
    assert_eq!(planned(vec![], &second, 0), of(&[("a", 5)]));
    assert_eq!(planned(vec![pending("a", -9)], &second, 0), of(&[("a", 5)]));
    // A later copy goes on anyway.
    assert_eq!(planned(vec![pending("a", 7)], &second, 0), of(&[("a", 7)]));
}

proptest! {
    /// The order of the list does not matter; every sweep goes on where the one before stopped; the budget is never exceeded by
    /// more than the newest copy of each database.
    #[test]
    fn sweep_after_sweep_the_backfill_stays_within_its_budget(
        copies in prop::collection::btree_map(("[a-c]", -50_i64..-1), 1_u32..30, 0..15), gib in 0_u64..200, at_once in 1_usize..4,
    ) {
        let mut open: Vec<_> = copies.iter().map(|((name, hours), gib)| Pending { gib: *gib, ..pending(name, *hours) }).collect();
        let (mut second, mut done) = (Second::default(), Vec::new());
        let first = planned(open.clone(), &second, gib);
        open.reverse();
        prop_assert_eq!(planned(open.clone(), &second, gib), first.clone());
        let newest: u64 = ["a", "b", "c"].iter()
            .filter_map(|name| copies.iter().filter(|((of, _), _)| of == name).max_by_key(|((_, hours), _)| *hours))
            .map(|(_, gib)| u64::from(*gib)).sum();
        loop {
            let next = plan(open.clone(), &second, Backfill { since: at(SINCE), gib });
            if next.is_empty() {
                break;
            }
            for (_, copy) in next.into_iter().take(at_once) {
                second.used += u64::from(copy.gib);
                second.databases.insert(copy.origin.database.clone());
                open.retain(|other| *other != copy);
                done.push((copy.origin.database.id().to_owned(), (copy.origin.taken - at(SINCE)).num_hours()));
            }
        }
        prop_assert_eq!(done, first);
        prop_assert!(second.used <= newest.max(gib), "{} GiB of {} and {}", second.used, newest, gib);
    }
}
