//! Creating, describing and deleting snapshots.

use sim::questions::{AutomatedByIdentifier, SnapshotsOfMissingDatabase};
use sim::{Settings, World};

use super::support::*;

#[tokio::test(start_paused = true)]
async fn the_duration_of_a_snapshot_is_proportional_to_its_size() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.database(&world, "orders").await;
        let created = rds.create("orders", "Before-Release").await.expect("a snapshot");
        assert_eq!((created.id.as_str(), created.status.as_str(), created.percent), ("before-release", "creating", 0));
        assert_eq!(created.arn, kind.arn(PROD, REGION, "before-release"));
        world.sleep(4 * MINUTE).await;
        assert_eq!(rds.describe("before-release").await.expect("it").percent, 40);
        world.sleep(6 * MINUTE).await;
        let done = rds.describe("before-release").await.expect("it");
        assert_eq!((done.status.as_str(), done.percent, done.origin.as_str()), ("available", 100, "manual"));
    }
}

#[tokio::test(start_paused = true)]
async fn only_instance_snapshots_have_the_original_create_time() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        let original = rds.snapshot(&world, "original").await;
        world.sleep(DAY).await;
        rds.copy(CopyRequest { source: "original", target: "copied", ..CopyRequest::default() }).await.expect("a copy");
        world.sleep(10 * MINUTE).await;
        let copied = rds.describe("copied").await.expect("it");
        let passed = copied.taken.expect("a time").secs() - original.taken.expect("a time").secs();
        assert_eq!(passed, 24 * 60 * 60 + 10 * 60);
        let expected = if kind == Kind::Instance { original.taken } else { None };
        assert_eq!((original.originally_taken, copied.originally_taken), (expected, expected));
    }
}

#[tokio::test(start_paused = true)]
async fn identifiers_follow_the_rules_of_their_kind() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.database(&world, "orders").await;
        let longest = if kind == Kind::Instance { 255 } else { 63 };
        let (fits, too_long) = ("a".repeat(longest), "a".repeat(longest + 1));
        for bad in ["1st", "-a", "a-", "a--b", "a_b", "rds:orders", "a.b", "ä", &too_long] {
            let refused = rds.create("orders", bad).await.err();
            assert_eq!(refused.as_deref(), Some("InvalidParameterValue"), "{kind:?} {bad}");
        }
        assert_eq!(rds.create("orders", &fits).await.map(|seen| seen.id), Ok(fits));
    }
}

#[tokio::test(start_paused = true)]
async fn identifiers_are_case_insensitive() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.snapshot(&world, "one").await;
        assert_eq!(rds.create("of-one", "ONE").await.err(), Some(kind.snapshot_exists()));
        let copy = CopyRequest { source: "one", target: "One", ..CopyRequest::default() };
        assert_eq!(rds.copy(copy).await.err(), Some(kind.snapshot_exists()));
        assert_eq!(rds.describe("ONE").await.expect("it").id, "one");
    }
}

#[tokio::test(start_paused = true)]
async fn naming_a_missing_snapshot_is_an_error() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        assert_eq!(rds.describe("nothing").await.err(), Some(kind.snapshot_not_found()));
        assert_eq!(rds.describe(&kind.arn(DR, REGION, "nothing")).await.err(), Some(kind.snapshot_not_found()));
        assert_eq!(rds.delete("nothing").await.err(), Some(kind.snapshot_not_found()));
        assert_eq!(rds.create("nothing", "of-it").await.err(), Some(kind.database_not_found()));
        assert_eq!(rds.list(Query::default()).await, Ok((vec![], None)));
    }
}

#[tokio::test(start_paused = true)]
async fn instance_and_cluster_snapshots_are_separate() {
    let world = world();
    let [instances, clusters] = BOTH.map(|kind| Rds::new(&world, PROD, REGION, kind));
    instances.snapshot(&world, "one").await;
    assert_eq!(clusters.describe("one").await.err(), Some(Kind::Cluster.snapshot_not_found()));
    clusters.snapshot(&world, "one").await;
}

#[tokio::test(start_paused = true)]
async fn an_arn_names_one_resource_and_not_another_with_the_same_identifier() {
    let world = world();
    for (kind, other) in [(Kind::Instance, Kind::Cluster), (Kind::Cluster, Kind::Instance)] {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.snapshot(&world, "s").await;
        let wrong = [
            kind.arn(DR, REGION, "s"),
            kind.arn(PROD, OTHER_REGION, "s"),
            other.arn(PROD, REGION, "s"),
            kind.database_arn(PROD, REGION, "s"),
            "arn:aws:sns:eu-west-1:111111111111:s".to_owned(),
        ];
        for arn in &wrong {
            let not_found = Some(kind.snapshot_not_found());
            assert_eq!(rds.describe(arn).await.err(), not_found, "describing {arn}");
            assert_eq!(rds.delete(arn).await.err(), not_found, "deleting {arn}");
            assert_eq!(rds.share(arn, &[DR], &[]).await.err(), not_found, "sharing {arn}");
            let copy = CopyRequest { source: arn, target: "c", ..CopyRequest::default() };
            assert_eq!(rds.copy(copy).await.err(), not_found, "copying {arn}");
        }
        let wrong = [
            kind.database_arn(DR, REGION, "of-s"),
            kind.database_arn(PROD, OTHER_REGION, "of-s"),
            other.database_arn(PROD, REGION, "of-s"),
            kind.arn(PROD, REGION, "of-s"),
        ];
        let by_database = kind.pick("db-instance-id", "db-cluster-id");
        for arn in &wrong {
            assert_eq!(rds.create(arn, "t").await.err(), Some(kind.database_not_found()), "a snapshot of {arn}");
            assert_eq!(rds.status(arn).await.err(), Some(kind.database_not_found()), "describing {arn}");
            assert_eq!(rds.delete_database(arn, true).await.err(), Some(kind.database_not_found()), "deleting {arn}");
            let filters = [(by_database.as_str(), arn.as_str())];
            let query = Query { filters: &filters, ..Query::default() };
            assert_eq!(rds.ids(query).await, Ok(vec![]), "snapshots of {arn}");
        }
        let own = kind.database_arn(PROD, REGION, "of-s");
        assert_eq!(rds.status(&own).await.as_deref(), Ok("available"));
    }
}

#[tokio::test(start_paused = true)]
async fn snapshots_of_a_missing_database_are_listed_or_the_database_is_not_found() {
    for answer in SnapshotsOfMissingDatabase::ALL {
        let world = world_where(|answers| answers.snapshots_of_missing_database = *answer);
        for kind in BOTH {
            let rds = Rds::new(&world, PROD, REGION, kind);
            rds.snapshot(&world, "s").await;
            let manual = Query { database: Some("of-s"), origin: Some("manual"), ..Query::default() };
            assert_eq!(rds.ids(manual.clone()).await, Ok(vec!["s".to_owned()]));
            rds.delete_database("of-s", true).await.expect("a deletion");
            world.sleep(3 * MINUTE).await;
            let expected = match answer {
                SnapshotsOfMissingDatabase::NotFound => Err(kind.snapshot_not_found()),
                SnapshotsOfMissingDatabase::Listed => Ok(vec!["s".to_owned()]),
            };
            assert_eq!(rds.ids(manual.clone()).await, expected);
            let by_database = kind.pick("db-instance-id", "db-cluster-id");
            let filters = [(by_database.as_str(), "of-s")];
            let filtered = Query { database: None, filters: &filters, ..manual };
            assert_eq!(rds.ids(filtered).await, Ok(vec!["s".to_owned()]));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_automated_snapshot_is_found_by_its_identifier_with_its_type_or_without() {
    for answer in AutomatedByIdentifier::ALL {
        let world = world_where(|answers| answers.automated_by_identifier = *answer);
        for kind in BOTH {
            let rds = Rds::new(&world, PROD, REGION, kind);
            rds.create_database("daily", DatabaseSpec::daily(1)).await.expect("a database");
            world.sleep(DAY).await;
            let with_type = Query { origin: Some("automated"), ..Query::default() };
            let id = rds.ids(with_type.clone()).await.expect("a page").remove(0);
            let named = rds.ids(Query { id: Some(&id), ..Query::default() }).await;
            let expected = match answer {
                AutomatedByIdentifier::NeedsType => Err(kind.snapshot_not_found()),
                AutomatedByIdentifier::Found => Ok(vec![id.clone()]),
            };
            assert_eq!(named, expected);
            assert_eq!(rds.ids(Query { id: Some(&id), ..with_type }).await, Ok(vec![id.clone()]));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn cluster_snapshots_are_not_described_by_identifier_and_database() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.snapshot(&world, "s").await;
        let both = rds.ids(Query { id: Some("s"), database: Some("of-s"), ..Query::default() }).await;
        let expected = match kind {
            Kind::Instance => Ok(vec!["s".to_owned()]),
            Kind::Cluster => Err("InvalidParameterCombination".to_owned()),
        };
        assert_eq!(both, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_the_operation_lacks_is_refused_even_without_snapshots() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        let others = kind.pick("db-cluster-id", "dbi-resource-id");
        for name in ["colour", &others] {
            let query = Query { filters: &[(name, "x")], ..Query::default() };
            assert_eq!(rds.ids(query).await.err().as_deref(), Some("InvalidParameterValue"), "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn snapshots_are_found_by_database_type_and_filter() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.snapshot(&world, "a").await;
        rds.snapshot(&world, "b").await;
        rds.create_database("daily", DatabaseSpec::daily(1)).await.expect("a database");
        world.sleep(DAY).await;
        let found = async |query: Query<'_>| rds.ids(query).await.expect("a page");
        let arn = kind.database_arn(PROD, REGION, "of-b");
        let (by_database, by_snapshot) =
            (kind.pick("db-instance-id", "db-cluster-id"), kind.pick("db-snapshot-id", "db-cluster-snapshot-id"));
        assert_eq!(found(Query { database: Some("OF-A"), origin: Some("manual"), ..Query::default() }).await, ["a"]);
        let manual = Query { origin: Some("manual"), ..Query::default() };
        assert_eq!(found(manual.clone()).await, ["a", "b"]);
        for filter in [(by_database.as_str(), "of-b"), (&by_database, &arn), (&by_snapshot, "b")] {
            assert_eq!(found(Query { filters: &[filter], ..manual.clone() }).await, ["b"], "{filter:?}");
        }
        let engine = kind.pick("postgres", "aurora-postgresql");
        assert_eq!(found(Query { filters: &[("engine", &engine)], ..manual.clone() }).await, ["a", "b"]);
        assert_eq!(found(Query { filters: &[("engine", "mysql")], ..manual.clone() }).await, [""; 0]);
        let daily =
            found(Query { filters: &[("snapshot-type", "automated")], database: Some("daily"), ..Query::default() });
        assert!(daily.await[0].starts_with("rds:daily-"));
        for bad in
            [Query { filters: &[("colour", "red")], ..manual }, Query { origin: Some("nice"), ..Query::default() }]
        {
            assert_eq!(rds.ids(bad).await.err().as_deref(), Some("InvalidParameterValue"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_comes_in_pages_of_20_to_100() {
    let world = World::with_settings(Settings { snapshot_quota: 1000, ..settings() });
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.database(&world, "orders").await;
        for n in 0..125 {
            rds.create("orders", &format!("s-{n:03}")).await.expect("a snapshot");
        }
        let manual = Query { origin: Some("manual"), ..Query::default() };
        let (first, marker) = rds.list(manual.clone()).await.expect("a page");
        let (second, end) = rds.list(Query { marker, ..manual.clone() }).await.expect("a page");
        assert_eq!((first.len(), second.len(), end), (100, 25, None));
        let (small, marker) = rds.list(Query { size: Some(20), ..manual.clone() }).await.expect("a page");
        assert_eq!((small.len(), marker.is_some()), (20, true));
        for bad in [Query { size: Some(19), ..manual.clone() }, Query { size: Some(101), ..manual.clone() }] {
            assert_eq!(rds.list(bad).await.err().as_deref(), Some("InvalidParameterValue"));
        }
        let bad = Query { marker: Some("page 2".to_owned()), ..manual };
        assert_eq!(rds.list(bad).await.err().as_deref(), Some("InvalidParameterValue"));
    }
}

#[tokio::test(start_paused = true)]
async fn manual_snapshots_are_counted_for_each_kind_and_region() {
    let world = World::with_settings(Settings { snapshot_quota: 2, ..settings() });
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.snapshot(&world, "a").await;
        rds.snapshot(&world, "b").await;
        assert_eq!(rds.create("of-a", "c").await.err().as_deref(), Some("SnapshotQuotaExceeded"));
        let copy = CopyRequest { source: "a", target: "c", ..CopyRequest::default() };
        assert_eq!(rds.copy(copy).await.err().as_deref(), Some("SnapshotQuotaExceeded"));
        // Automated snapshots do not count.
        rds.create_database("daily", DatabaseSpec::daily(2)).await.expect("a database");
        world.sleep(2 * DAY).await;
        rds.delete("a").await.expect("a deletion");
        rds.create("of-a", "c").await.expect("a snapshot");
    }
}

#[tokio::test(start_paused = true)]
async fn only_available_manual_snapshots_can_be_deleted() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.create_database("daily", DatabaseSpec::daily(1)).await.expect("a database");
        world.sleep(DAY).await;
        let automated = rds.ids(Query { origin: Some("automated"), ..Query::default() }).await.expect("a page");
        assert_eq!(rds.delete(&automated[0]).await.err(), Some(kind.invalid_snapshot_state()));
        rds.create("daily", "young").await.expect("a snapshot");
        assert_eq!(rds.delete("young").await.err(), Some(kind.invalid_snapshot_state()));
        world.sleep(10 * MINUTE).await;
        assert_eq!(rds.delete("young").await.expect("a deletion").status, kind.pick("deleted", "available"));
        assert_eq!(rds.describe("young").await.err(), Some(kind.snapshot_not_found()));
    }
}

#[tokio::test(start_paused = true)]
async fn manual_snapshots_are_billed_while_they_exist() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let gib_days = || {
        let bill = world.bill();
        let line = bill.lines.iter().find(|line| line.item == "RDS snapshot storage").expect("a line");
        (line.quantity * 730.0 / 24.0).round()
    };
    rds.create_database("orders", DatabaseSpec::daily(1)).await.expect("a database");
    world.sleep(DAY).await;
    assert_eq!(gib_days(), 0.0);
    rds.create("orders", "s").await.expect("a snapshot");
    world.sleep(10 * MINUTE).await;
    rds.copy(CopyRequest { source: "s", target: "c", ..CopyRequest::default() }).await.expect("a copy");
    world.sleep(DAY).await;
    assert_eq!(gib_days(), (100.0 + 100.0 * 1430.0 / 1440.0_f64).round());
    for id in ["s", "c"] {
        rds.delete(id).await.expect("a deletion");
    }
    let paid = gib_days();
    world.sleep(DAY).await;
    assert_eq!(gib_days(), paid);
}

#[tokio::test(start_paused = true)]
async fn account_attributes_report_the_snapshot_quotas() {
    let world = World::with_settings(Settings { snapshot_quota: 7, ..settings() });
    Rds::new(&world, PROD, REGION, Kind::Cluster).snapshot(&world, "a").await;
    let rds = aws_sdk_rds::Client::new(&world.sdk_config(PROD, REGION));
    let answer = rds.describe_account_attributes().send().await.expect("quotas");
    let quotas: Vec<_> = answer
        .account_quotas()
        .iter()
        .map(|quota| (quota.account_quota_name().unwrap_or_default(), quota.used(), quota.max()))
        .filter(|(name, ..)| name.starts_with("Manual"))
        .collect();
    assert_eq!(quotas, [("ManualClusterSnapshots", Some(1), Some(7)), ("ManualSnapshots", Some(0), Some(7))]);
}

/// The texts of these operations mention identifiers only.
#[tokio::test(start_paused = true)]
async fn an_own_arn_in_place_of_an_identifier_is_not_simulated() {
    for kind in BOTH {
        let world = world();
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.snapshot(&world, "s").await;
        let (snapshot, database) = (kind.arn(PROD, REGION, "s"), kind.database_arn(PROD, REGION, "of-s"));
        let refused = Some("NotSimulated".to_owned());
        assert_eq!(rds.delete(&snapshot).await.err(), refused);
        assert_eq!(rds.share(&snapshot, &[DR], &[]).await.err(), refused);
        assert_eq!(rds.create(&database, "t").await.err(), refused);
        assert_eq!(rds.delete_database(&database, true).await.err(), refused);
        // That of another account is not found.
        assert_eq!(rds.delete(&kind.arn(DR, REGION, "s")).await.err(), Some(kind.snapshot_not_found()));
        assert_eq!(rds.status(&database).await.as_deref(), Ok("available"));
    }
}
