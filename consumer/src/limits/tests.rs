//! Invariant 14: no source takes another's share of DR.

use protocol::{Engine, Kind, Place, Status, Tags};

use super::*;

const NOW: &str = "2026-11-21T12:00:00Z";

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn origin(account: &str, database: &str, nth: u32) -> Origin {
    Origin {
        snapshot: format!("arn:aws:rds:eu-west-1:{account}:snapshot:rds:{database}-{nth}").parse().unwrap(),
        database: format!("arn:aws:rds:eu-west-1:{account}:db:{database}").parse().unwrap(),
        taken: time("2026-11-01T00:00:00Z"),
    }
}

/// A copy in DR that was created at this time.
fn copy(origin: &Origin, created: Option<&str>) -> Snapshot {
    let dr = Place { region: "eu-west-1".parse().unwrap(), account: "222222222222".parse().unwrap() };
    Snapshot {
        arn: origin.copy(&dr),
        database: origin.database.id().into(),
        resource_id: None,
        engine: Engine::Rds,
        status: if created.is_some() { Status::Available } else { Status::Copying },
        progress: 100,
        gib: 20,
        is_encrypted: true,
        key: None,
        created: created.map(time),
        original_created: None,
        copied_from: None,
        tags: origin.to_tags(),
    }
}

/// A snapshot of DR that Draco did not make.
fn other(id: &str) -> Snapshot {
    let arn = format!("arn:aws:rds:eu-west-1:222222222222:snapshot:{id}").parse().unwrap();
    Snapshot { arn, tags: Tags::default(), ..copy(&origin("111111111111", "own", 0), Some(NOW)) }
}

/// What DR has if each account has this many copies, of this many databases.
fn dr(accounts: &[(&str, u32, u32)]) -> DrUse {
    let mut dr = DrUse::default();
    for (account, copies, databases) in accounts {
        (0..*copies)
            .for_each(|nth| dr.add(&copy(&origin(account, &format!("db-{}", nth % databases), nth), Some(NOW))));
    }
    dr
}

fn quota(used: usize, most: usize) -> Option<Quota> {
    Some(Quota { used, most })
}

const SMALL: Limits = Limits { copies: 40, databases: 10, daily_copies: 3, pending: 7, quota_share: 80 };

#[test]
fn copies_of_the_last_24_hours_count_for_the_daily_limit() {
    let orders = origin("111111111111", "orders", 9);
    let mut used = DatabaseUse::default();
    let now = time(NOW);
    for (nth, created) in [
        (1, Some("2026-11-20T11:59:59Z")),
        (2, Some("2026-11-20T12:00:00Z")),
        (3, Some("2026-11-20T12:00:01Z")),
        (4, Some("2026-11-21T11:00:00Z")),
    ] {
        used.add(&orders.database, &copy(&origin("111111111111", "orders", nth), created), now);
    }
    // Another account can have a database of the same name.
    used.add(&orders.database, &copy(&origin("333333333333", "orders", 5), Some(NOW)), now);
    used.add(&orders.database, &other("orders-by-hand"), now);
    assert_eq!((used, SMALL.daily(&orders, used)), (DatabaseUse { copies: 4, last_day: 2 }, None));
    used.add(&orders.database, &copy(&origin("111111111111", "orders", 6), None), now);
    let exceeded = SMALL.daily(&orders, used).map(|exceeded| exceeded.to_string());
    assert_eq!(
        exceeded.as_deref(),
        Some(
            "account 111111111111: DR started 3 copies of arn:aws:rds:eu-west-1:111111111111:db:orders within 24 hours, \
             and the limit MAX_DAILY_COPIES is 3"
        )
    );
}

#[test]
fn databases_and_copies_of_one_account_are_limited() {
    let check = |used: &[(&str, u32, u32)], database: &str, expected: Option<&str>| {
        let exceeded = SMALL.account(&origin("111111111111", database, 99), &dr(used), 1, quota(50, 1000));
        assert_eq!(exceeded.map(|exceeded| exceeded.to_string()).as_deref(), expected, "{used:?}");
    };
    check(&[("111111111111", 9, 9)], "new", None);
    check(&[("111111111111", 10, 10), ("333333333333", 40, 10)], "db-1", None);
    check(
        &[("111111111111", 10, 10)],
        "new",
        Some("account 111111111111 has copies of 10 databases, and the limit MAX_DATABASES is 10"),
    );
    check(
        &[("111111111111", 40, 1)],
        "new",
        Some("account 111111111111 has 40 copies, and the limit MAX_COPIES is 40"),
    );
    check(&[("333333333333", 40, 10)], "new", None);
}

/// Two regions of an account can have databases with the same identifier.
#[test]
fn databases_of_two_regions_count_apart() {
    let elsewhere = |origin: Origin| Origin {
        snapshot: origin.snapshot.to_string().replace("eu-west-1", "us-east-1").parse().unwrap(),
        database: origin.database.to_string().replace("eu-west-1", "us-east-1").parse().unwrap(),
        ..origin
    };
    let mut used = dr(&[("111111111111", 9, 9)]);
    let account = |used: &DrUse, origin: &Origin| SMALL.account(origin, used, 1, quota(50, 1000)).is_none();
    let other = elsewhere(origin("111111111111", "db-1", 99));
    assert!(account(&used, &other));
    used.add(&copy(&other, Some(NOW)));
    assert!(!account(&used, &elsewhere(origin("111111111111", "db-2", 99))), "the account has ten databases");
    let mut of_database = DatabaseUse::default();
    of_database.add(&origin("111111111111", "db-1", 0).database, &copy(&other, Some(NOW)), time(NOW));
    assert_eq!(of_database, DatabaseUse::default());
}

#[test]
fn when_the_quota_is_scarce_only_accounts_below_their_equal_part_get_more() {
    let limits = Limits::default();
    let may_copy = |account: &str, used: &[(&str, u32, u32)], sources: usize| {
        let all: u32 = used.iter().map(|(_, copies, _)| copies).sum();
        limits.account(&origin(account, "db-0", 999), &dr(used), sources, quota(all as usize, 100)).is_none()
    };
    let (one, other) = ("111111111111", "333333333333");
    assert!(may_copy(other, &[(one, 9, 1), (other, 70, 1)], 2), "the quota is not scarce");
    assert!(!may_copy(other, &[(one, 10, 1), (other, 70, 1)], 2));
    assert!(may_copy(one, &[(one, 10, 1), (other, 70, 1)], 2));
    assert!(may_copy(one, &[(one, 29, 1), (other, 70, 1)], 2), "to the last one");
    assert!(!may_copy(one, &[(one, 50, 1), (other, 30, 1)], 2));
    assert!(may_copy(one, &[(one, 90, 1)], 1), "one account has all of it");
    assert_eq!(
        dr(&[(one, 60, 1), (other, 38, 1)]).to_string(),
        "account 111111111111 has 60 copies, account 333333333333 has 38 copies, other manual snapshots: 0"
    );
}

#[test]
fn snapshots_that_are_not_copies_are_counted_without_automated_ones() {
    let mut dr = DrUse::default();
    for id in ["by-hand", "rds:own-2026-11-21-03-05", "draco-111111111111-lookalike", "awsbackup:job-1"] {
        dr.add(&other(id));
    }
    assert_eq!(dr.to_string(), "other manual snapshots: 2");
}

// Invariant 11.
#[test]
fn all_copies_are_counted_only_if_the_quota_does_not_answer() {
    let (limits, many) = (Limits::default(), 1_000_000);
    assert!(!limits.needs_count(true, 1, quota(199, many)), "no account can have 200 databases");
    assert!(limits.needs_count(true, 1, quota(200, many)));
    assert!(!limits.needs_count(false, 2, quota(200, many)), "the database is known");
    assert!(!limits.needs_count(false, 1, quota(many, many)), "one account has all of it");
    assert!(!limits.needs_count(false, 2, quota(79, 100)));
    assert!(limits.needs_count(false, 2, quota(80, 100)));
    assert!(limits.needs_count(true, 1, None) && !limits.needs_count(false, 2, None));
}

#[test]
fn limits_are_read_from_the_environment() {
    let read = |environment: &[(&str, &str)]| {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut reader = SettingsReader::new(&environment);
        let limits = Limits::read(&mut reader);
        reader.finish(Some(limits)).map_err(|error| error.to_string())
    };
    assert_eq!(read(&[]), Ok(Limits::default()));
    let all = [
        ("MAX_COPIES", "40"),
        ("MAX_DATABASES", "10"),
        ("MAX_DAILY_COPIES", "3"),
        ("MAX_PENDING", "7"),
        ("QUOTA_SHARE", "80"),
    ];
    assert_eq!(read(&all), Ok(SMALL));
    assert!(read(&[("MAX_COPIES", "0")]).is_err(), "a limit of 0 would stop all copies");
}

// Invariant 11.
#[test]
fn a_count_of_many_snapshots_is_used_for_five_minutes_and_one_of_few_never() {
    let (counts, now) = (Counts::default(), time(NOW));
    counts.keep(Kind::Instance, now, &dr(&[("111111111111", 300, 10)]));
    assert_eq!(counts.recent(Kind::Instance, now), None, "it takes three calls");
    counts.keep(Kind::Instance, now, &dr(&[("111111111111", 301, 10)]));
    counts.add_copy(&origin("111111111111", "new", 0));
    let expected = "account 111111111111 has 302 copies, other manual snapshots: 0";
    let recent = |minutes| counts.recent(Kind::Instance, now + TimeDelta::minutes(minutes));
    assert_eq!(recent(4).map(|dr| dr.to_string()).as_deref(), Some(expected));
    assert_eq!(recent(4).map(|dr| dr.accounts.values().map(|account| account.databases.len()).sum()), Some(11_usize));
    assert_eq!((recent(5), counts.recent(Kind::Cluster, now)), (None, None));
}
