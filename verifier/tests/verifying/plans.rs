//! Which copies are due.

use checks::Conclusion;
use cloud::{Quota, Quotas};
use protocol::Kind;
use protocol::observed::Condition;
use protocol::spec::{Setting, Spec, Value as Setted};
use protocol::{Observed, Tags};
use verifier::plan::{Copy, Database, Due, Fit, Policy, Room, dollars, dollars_a_day, interval, plan};
use verifier::record::Seen;
use verifier::verified::Verified;

use super::*;

const OTHER: &str = "333333333333";
const LIMIT: TimeDelta = TimeDelta::hours(12);

fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn ago(time: TimeDelta) -> DateTime<Utc> {
    now() - time
}

fn policy() -> Policy {
    Policy { every: TimeDelta::days(7), at_once: 2, dollars_a_month: 1000, limit: LIMIT, class: None, free_percent: 10 }
}

/// The cost of a verification that ends after this time.
fn cost_within(gib: u32, limit: TimeDelta) -> f64 {
    dollars(&Policy { limit, ..policy() }, gib)
}

fn verdict(at: DateTime<Utc>, conclusion: Conclusion) -> Verified {
    Verified { at, conclusion, available: false, read: false, checked: false, restored: None, job: None }
}

/// A database with a copy of each of the last 30 days, which was verified so many days ago.
fn database(account: &str, name: &str, verified: Option<i64>) -> Database {
    let copy = |day: i64| Copy {
        arn: SnapshotArn::new(Kind::Instance, place(DR), &format!("draco-{account}-{name}-{:02}", 99 - day)).unwrap(),
        gib: 100,
        arrived: ago(TimeDelta::days(day)),
        every: None,
    };
    let mut seen = Seen::new(ago(TimeDelta::days(29)));
    if let Some(days) = verified {
        seen.add(ago(TimeDelta::days(days)), verdict(ago(TimeDelta::days(days)), Conclusion::Verified));
    }
    let arn = DatabaseArn::new(Kind::Instance, place(account), name).unwrap();
    Database { arn, copies: (0..30).map(copy).collect(), seen, is_running: false }
}

fn due(databases: &[Database], policy: &Policy) -> Vec<String> {
    plan(policy, databases, now()).due.iter().map(|due| due.database.id().to_owned()).collect()
}

#[test]
fn the_longest_untried_come_first_and_those_that_never_were_before_them() {
    let mut all = vec![
        database(SOURCE, "week", Some(7)),
        database(SOURCE, "recent", Some(6)),
        database(SOURCE, "month", Some(29)),
        database(SOURCE, "never", None),
    ];
    assert_eq!(due(&all, &policy()), ["never", "month", "week"]);
    all[2].is_running = true;
    assert_eq!(due(&all, &policy()), ["never", "week"]);
}

// Invariant 14.
#[test]
fn accounts_take_turns() {
    let mut all: Vec<Database> = (0..9).map(|nth| database(SOURCE, &format!("new-{nth}"), None)).collect();
    all.extend([database(OTHER, "a", Some(8)), database(OTHER, "b", Some(9))]);
    assert_eq!(due(&all, &policy())[..5], ["new-0", "b", "new-1", "a", "new-2"]);
}

// Invariant 14.
#[test]
fn the_budget_makes_the_intervals_longer_only_for_the_account_that_exceeds_its_part() {
    let mut huge = database(SOURCE, "huge", Some(8));
    huge.copies[0].gib = 65_536;
    huge.copies[0].every = interval("1d");
    let others: Vec<Database> = (0..10).map(|nth| database(OTHER, &format!("db-{nth}"), Some(8))).collect();
    let all: Vec<Database> = others.iter().cloned().chain([huge]).collect();
    let small = Policy { dollars_a_month: 100, ..policy() };
    let found = plan(&small, &all, now());
    let stretch = |account: &str| found.stretch[&account.parse().unwrap()];
    assert_eq!(stretch(OTHER), 1.0);
    assert!(stretch(SOURCE) > 10.0, "{found:?}");
    assert!(due(&all, &small).iter().filter(|name| name.starts_with("db-")).count() == 10);
    // What one account leaves is for the others.
    let cost = |gib, days| 30.0 / days * cost_within(gib, LIMIT);
    let expected: f64 = cost(65_536, 1.0) / (100.0 - 10.0 * cost(100, 7.0));
    assert!((stretch(SOURCE) - expected).abs() < 0.01, "{} {expected}", stretch(SOURCE));
    // A verification that is running counts, too.
    let running: Vec<Database> = all.iter().cloned().map(|it| Database { is_running: true, ..it }).collect();
    assert_eq!(plan(&small, &running, now()).stretch, found.stretch);
}

#[test]
fn a_verification_costs_no_more_than_its_time() {
    assert!(cost_within(65_536, LIMIT) < 150.0 && cost_within(65_536, LIMIT) > cost_within(1000, LIMIT));
    assert_eq!(cost_within(65_536, LIMIT), 2.0 * cost_within(65_536, LIMIT / 2));
    assert!(cost_within(20, LIMIT) < 0.1);
    // A class of the settings costs what it costs.
    let large = Policy { class: Some("db.r6g.16xlarge".to_owned()), ..policy() };
    assert!(dollars(&large, 20) > 30.0 * cost_within(20, LIMIT), "{}", dollars(&large, 20));
}

#[test]
fn an_attempt_that_found_nothing_out_is_repeated_later_and_later() {
    let mut orders = database(SOURCE, "orders", None);
    for (attempts, hours) in [(1, 24), (2, 48), (3, 96), (4, 7 * 24), (40, 7 * 24)] {
        orders.seen = Seen::new(ago(TimeDelta::days(90)));
        for nth in (0..attempts).rev() {
            let at = ago(TimeDelta::hours(hours - 1)) - TimeDelta::minutes(nth);
            orders.seen.add(at, verdict(at, Conclusion::NotVerified));
        }
        assert_eq!(due(&[orders.clone()], &policy()), [""; 0], "{attempts}");
        orders.seen.attempted = Some(ago(TimeDelta::hours(hours)));
        assert_eq!(due(&[orders.clone()], &policy()), ["orders"], "{attempts}");
    }
    assert_eq!(orders.unverified_since(), ago(TimeDelta::days(90)));
    orders.seen.add(now(), verdict(now(), Conclusion::Verified));
    assert_eq!((orders.seen.fruitless, orders.unverified_since()), (0, now()));
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
    let mut daily = database(SOURCE, "daily", Some(2));
    assert_eq!(due(&[daily.clone()], &policy()), [""; 0]);
    daily.copies[0].every = interval("1d");
    assert_eq!(due(&[daily], &policy()), ["daily"]);
}

#[test]
fn the_newest_copy_is_chosen_and_sometimes_another_one_whatever_the_interval() {
    for days in [1, 4, 7, 28] {
        for name in ["orders", "users", "ledger", "stock"] {
            let mut older = 0;
            for nth in 0..100 {
                let mut orders = database(SOURCE, name, Some(29));
                orders.seen.attempted = None;
                let at = now() + TimeDelta::days(days * nth);
                let chosen = plan(&policy(), &[orders.clone()], at).due;
                let again = plan(&policy(), &[orders], at + TimeDelta::hours(3)).due;
                assert_eq!(chosen, again, "the choice is the same on one day");
                older += usize::from(!chosen[0].copy.id().ends_with("99"));
            }
            assert!((10..=40).contains(&older), "{older} of 100 each {days} days");
        }
    }
}

/// The order of account IDs decides nothing: an account with many due databases, or with a running one, comes after the others.
#[test]
fn the_account_that_was_served_last_is_the_last() {
    let policy = policy();
    let many: Vec<Database> = (0..20).map(|nth| database(OTHER, &format!("a{nth:02}"), None)).collect();
    let one = |verified| database("999999999999", "orders", verified);
    // One of the many was verified an hour ago, the only one of the other account eight days ago.
    let mut all = [many.clone(), vec![one(Some(8))]].concat();
    all[0].seen.add(now(), verdict(ago(TimeDelta::hours(1)), Conclusion::Verified));
    assert_eq!(due(&all, &policy)[0], "orders");
    // Or one is running.
    let mut all = [many, vec![one(None)]].concat();
    all[0].is_running = true;
    assert_eq!(due(&all, &policy)[0], "orders");
}

#[test]
fn an_older_copy_that_is_good_does_not_mend_a_newer_one_that_is_bad() {
    let mut seen = Seen::new(ago(TimeDelta::days(9)));
    seen.add(ago(TimeDelta::days(2)), verdict(ago(TimeDelta::days(1)), Conclusion::Failed));
    seen.add(ago(TimeDelta::days(5)), verdict(ago(TimeDelta::hours(3)), Conclusion::Verified));
    seen.add(ago(TimeDelta::days(1)), verdict(ago(TimeDelta::hours(2)), Conclusion::NotVerified));
    let newest = |seen: &Seen| seen.newest.as_ref().map(|known| known.verdict.conclusion);
    assert_eq!(newest(&seen), Some(Conclusion::Failed));
    seen.add(ago(TimeDelta::days(1)), verdict(ago(TimeDelta::hours(1)), Conclusion::Verified));
    assert_eq!(newest(&seen), Some(Conclusion::Verified));
}

fn due_of(kind: Kind, gib: u32) -> Due {
    let copy = SnapshotArn::new(kind, place(DR), "draco-copy").unwrap();
    Due { database: DatabaseArn::new(kind, place(SOURCE), "orders").unwrap(), copy, gib, dollars: 0.1 }
}

#[test]
fn verifications_leave_a_part_of_each_quota_free() {
    let quota = |used, most| Some(Quota { used, most });
    let policy = Policy { at_once: 5, free_percent: 25, ..policy() };
    // Of ten instances, three stay free, a quarter rounded up.
    let quotas = Quotas { instances: quota(5, 10), clusters: quota(7, 10), gib: quota(500, 1000), ..Quotas::default() };
    let mut room = Room::new(&policy, 0, &quotas);
    assert_eq!(room.take(&due_of(Kind::Cluster, 100)), Fit::No, "no cluster is left");
    assert_eq!(room.take(&due_of(Kind::Instance, 251)), Fit::No, "not so much storage");
    assert_eq!(room.take(&due_of(Kind::Instance, 150)), Fit::Yes);
    // Smaller ones do not pass one that fits when the others have ended.
    assert_eq!(room.take(&due_of(Kind::Instance, 251)), Fit::Later);
    assert_eq!(room.take(&due_of(Kind::Instance, 100)), Fit::Yes);
    assert_eq!(room.take(&due_of(Kind::Instance, 0)), Fit::Later, "no instance is left");
    assert!(room.may_run_more());
    // A quota that is used up, and one that AWS does not state.
    let mut full = Room::new(&policy, 0, &Quotas { instances: quota(12, 10), ..Quotas::default() });
    assert_eq!(full.take(&due_of(Kind::Instance, 1)), Fit::No);
    let mut unknown = Room::new(&policy, 4, &Quotas::default());
    assert_eq!(unknown.take(&due_of(Kind::Cluster, u32::MAX)), Fit::Yes);
    assert!(!unknown.may_run_more());
    assert_eq!(unknown.take(&due_of(Kind::Instance, 1)), Fit::Later);
}

#[test]
fn a_database_that_is_left_costs_its_class_and_its_storage() {
    let observed = |class: &str, gib: u32| {
        let mut spec = Spec::new(Kind::Instance, "postgres", "16.3");
        spec.settings.insert(Setting::Class, Setted::Name(class.to_owned()));
        spec.settings.insert(Setting::AllocatedStorage, Setted::Number(gib));
        let arn = DatabaseArn::new(Kind::Instance, place(DR), "draco-verify-orders-1a2b3c4d5e6f").unwrap();
        Observed {
            arn,
            resource_id: "db-ABC".to_owned(),
            created: None,
            condition: Condition::Ready,
            is_protected: false,
            needs_reboot: false,
            spec,
            members: Vec::new(),
            endpoint: None,
            secret: None,
            has_impaired_secret: false,
            failed_groups: Vec::new(),
            latest_restorable: None,
            vpc: None,
            tags: Tags::default(),
        }
    };
    let dollars = |class, gib| dollars_a_day(&observed(class, gib));
    // The prices of eu-central-1 on demand are 1.8 dollars and 29.4 dollars, without storage.
    assert!((1.5..2.0).contains(&dollars("db.t4g.medium", 0)), "{}", dollars("db.t4g.medium", 0));
    assert!((20.0..40.0).contains(&dollars("db.m6g.4xlarge", 0)), "{}", dollars("db.m6g.4xlarge", 0));
    let storage = dollars("db.t4g.medium", 1000) - dollars("db.t4g.medium", 0);
    assert!((3.0..4.5).contains(&storage), "{storage}");
}
