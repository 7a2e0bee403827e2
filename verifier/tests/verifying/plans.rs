//! Which copies are due.

use protocol::Kind;
use verifier::plan::{Copy, Database, Policy, dollars, interval, plan};

use super::*;

fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn policy() -> Policy {
    Policy { every: TimeDelta::days(7), at_once: 2, dollars_a_month: 1000 }
}

/// A database with a copy each day. The numbers are days ago.
fn database(name: &str, copies: i64, verified: Option<i64>) -> Database {
    let copy = |day: i64| Copy {
        arn: SnapshotArn::new(Kind::Instance, place(DR), &format!("draco-{SOURCE}-{name}-{:02}", 99 - day)).unwrap(),
        gib: 100,
        arrived: now() - TimeDelta::days(day),
        verified: verified.filter(|ago| *ago == day).map(|ago| now() - TimeDelta::days(ago)),
        attempted: verified.filter(|ago| *ago == day).map(|ago| now() - TimeDelta::days(ago)),
        every: None,
    };
    let arn = DatabaseArn::new(Kind::Instance, place(SOURCE), name).unwrap();
    Database { arn, copies: (0..copies).map(copy).collect() }
}

fn started(databases: &[Database], policy: &Policy, running: usize) -> Vec<String> {
    plan(policy, databases, running, now()).start.iter().map(|due| due.database.id().to_owned()).collect()
}

#[test]
fn the_longest_unverified_come_first_and_those_that_never_were_before_them() {
    let all = [
        database("week", 30, Some(7)),
        database("recent", 30, Some(6)),
        database("month", 31, Some(30)),
        database("never", 3, None),
    ];
    let wide = Policy { at_once: 9, ..policy() };
    assert_eq!(started(&all, &wide, 0), ["never", "month", "week"]);
    assert_eq!(started(&all, &policy(), 1), ["never"]);
    assert_eq!(plan(&policy(), &all, 1, now()).waiting, 2);
    assert_eq!(started(&all, &policy(), 2), [""; 0]);
    assert_eq!(started(&all, &policy(), 3), [""; 0]);
}

#[test]
fn the_budget_makes_the_intervals_longer() {
    let all: Vec<Database> = (0..100).map(|nth| database(&format!("db-{nth}"), 30, Some(8))).collect();
    let whole = plan(&policy(), &all, 0, now());
    assert_eq!((whole.stretch, whole.start.len()), (1.0, 2));
    let expected = 100.0 * 30.0 / 7.0 * dollars(100);
    assert!((whole.dollars_a_month - expected).abs() < 0.01, "{}", whole.dollars_a_month);
    let half = Policy { dollars_a_month: (expected / 2.0) as u32, ..policy() };
    let stretched = plan(&half, &all, 0, now());
    assert!(stretched.stretch > 1.9 && stretched.start.is_empty(), "{stretched:?}");
}

#[test]
fn an_attempt_that_found_nothing_out_is_repeated_a_day_later() {
    let mut orders = database("orders", 30, None);
    orders.copies[0].attempted = Some(now() - TimeDelta::hours(23));
    assert_eq!(started(&[orders.clone()], &policy(), 0), [""; 0]);
    orders.copies[0].attempted = Some(now() - TimeDelta::hours(24));
    assert_eq!(started(&[orders], &policy(), 0), ["orders"]);
}

#[test]
fn the_tag_of_a_source_is_between_a_day_and_a_month() {
    for (text, expected) in [
        ("7d", Some(TimeDelta::days(7))),
        (" 2w ", Some(TimeDelta::days(14))),
        ("36h", Some(TimeDelta::hours(36))),
        ("1h", Some(TimeDelta::days(1))),
        ("400d", Some(TimeDelta::days(31))),
        ("99999999w", Some(TimeDelta::days(31))),
        ("0d", None),
        ("never", None),
        ("d", None),
        ("", None),
        ("7é", None),
    ] {
        assert_eq!(interval(text), expected, "{text}");
    }
    let mut daily = database("daily", 30, Some(2));
    assert_eq!(started(&[daily.clone()], &policy(), 0), [""; 0]);
    daily.copies[0].every = interval("1d");
    assert_eq!(started(&[daily], &policy(), 0), ["daily"]);
}

#[test]
fn the_newest_copy_is_chosen_and_sometimes_another_one() {
    let mut older = 0;
    for day in 0..400 {
        let orders = database("orders", 30, Some(29));
        let at = now() + TimeDelta::days(day);
        let start = plan(&policy(), &[orders.clone()], 0, at).start;
        let again = plan(&policy(), &[orders], 0, at + TimeDelta::hours(3)).start;
        assert_eq!(start, again, "the choice is the same on one day");
        older += usize::from(!start[0].copy.id().ends_with("99"));
    }
    assert!((60..=120).contains(&older), "{older} of 400");
}
