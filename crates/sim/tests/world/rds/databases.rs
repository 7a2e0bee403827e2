//! Databases and their automated snapshots.

use aws_sdk_rds::operation::delete_db_instance::builders::DeleteDBInstanceFluentBuilder;

use super::support::*;

/// The automated snapshots of a database.
async fn automated(rds: &Rds, database: &str) -> Vec<SnapshotView> {
    let by_database = rds.kind.pick("db-instance-id", "db-cluster-id");
    let filters = [(by_database.as_str(), database)];
    let query = Query { filters: &filters, origin: Some("automated"), ..Query::default() };
    rds.list(query).await.expect("a page").0
}

#[tokio::test(start_paused = true)]
async fn a_database_is_creating_and_then_available() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.create_database("Orders", DatabaseSpec::default()).await.expect("a database");
    let status = async || {
        let answer = rds.client.describe_db_instances().db_instance_identifier("ORDERS").send().await.expect("it");
        let found = &answer.db_instances()[0];
        let text = |text: Option<&str>| text.expect("a text").to_owned();
        (text(found.db_instance_identifier()), text(found.db_instance_status()), found.allocated_storage())
    };
    assert_eq!(status().await, ("orders".to_owned(), "creating".to_owned(), Some(100)));
    assert_eq!(rds.create("orders", "early").await.err(), Some(rds.kind.invalid_database_state()));
    world.sleep(5 * MINUTE).await;
    assert_eq!(status().await, ("orders".to_owned(), "available".to_owned(), Some(100)));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_reports_no_real_storage_size() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    rds.database(&world, "warehouse").await;
    let answer = rds.client.describe_db_clusters().send().await.expect("clusters");
    let found = &answer.db_clusters()[0];
    assert_eq!((found.status(), found.allocated_storage()), (Some("available"), Some(1)));
    // "The storage type isn't returned when you set it to aurora" (`CreateDBCluster`).
    assert_eq!(found.storage_type(), None);
}

#[tokio::test(start_paused = true)]
async fn a_database_has_the_status_deleting_until_its_identifier_is_free() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.database(&world, "orders").await;
        let again = async || rds.create_database("orders", DatabaseSpec::default()).await;
        let exists = kind.pick("DBInstanceAlreadyExists", "DBClusterAlreadyExistsFault");
        assert_eq!(again().await, Err(exists.clone()));
        assert_eq!(rds.delete_database("orders", true).await, Ok(()));
        assert_eq!(rds.status("orders").await, Ok("deleting".to_owned()));
        assert_eq!(rds.delete_database("orders", true).await, Err(kind.invalid_database_state()));
        assert_eq!(rds.create("orders", "late").await.err(), Some(kind.invalid_database_state()));
        assert_eq!(again().await, Err(exists));
        world.sleep(3 * MINUTE).await;
        assert_eq!(rds.status("orders").await, Err(kind.database_not_found()));
        assert_eq!(rds.delete_database("orders", true).await, Err(kind.database_not_found()));
        assert_eq!(rds.create("orders", "late").await.err(), Some(kind.database_not_found()));
        assert_eq!(again().await, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_deleted_during_creation_never_becomes_available() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.create_database("orders", DatabaseSpec::default()).await.expect("a database");
        world.sleep(3 * MINUTE).await;
        rds.delete_database("orders", true).await.expect("a deletion");
        world.sleep(2 * MINUTE).await;
        assert_eq!(rds.status("orders").await, Ok("deleting".to_owned()));
        world.sleep(MINUTE).await;
        assert_eq!(rds.status("orders").await, Err(kind.database_not_found()));
    }
}

#[tokio::test(start_paused = true)]
async fn backups_are_taken_daily_in_the_window_with_the_databases_tags() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        let carried = tags(&[("team", "shop")]);
        let like = DatabaseSpec {
            window: Some("04:05-04:35"),
            copies_tags: true,
            tags: carried.clone(),
            ..DatabaseSpec::default()
        };
        rds.create_database("orders", DatabaseSpec { retention: Some(3), ..like }).await.expect("a database");
        rds.create_database(
            "plain",
            DatabaseSpec { window: Some("04:05-04:35"), tags: carried.clone(), ..DatabaseSpec::default() },
        )
        .await
        .expect("a database");
        let today = world.now().format("%Y-%m-%d").to_string();
        world.sleep(66 * MINUTE).await;
        let seen = automated(&rds, "orders").await;
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].id, format!("rds:orders-{today}-04-05"));
        assert_eq!((seen[0].origin.as_str(), seen[0].status.as_str()), ("automated", "creating"));
        assert_eq!(seen[0].tags, carried);
        assert_eq!(automated(&rds, "plain").await[0].tags, Tags::new());
        world.sleep(10 * DAY - 66 * MINUTE).await;
        assert_eq!(automated(&rds, "orders").await.len(), 3);
        assert!(automated(&rds, "orders").await.iter().all(|seen| seen.status == "available"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_without_retention_takes_no_backups() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    world.sleep(3 * DAY).await;
    assert_eq!(automated(&rds, "orders").await, []);
    let cluster = Rds::new(&world, PROD, REGION, Kind::Cluster);
    let never = cluster.create_database("orders", DatabaseSpec { retention: Some(0), ..DatabaseSpec::default() }).await;
    assert_eq!(never.err().as_deref(), Some("InvalidParameterValue"));
}

#[tokio::test(start_paused = true)]
async fn automated_snapshots_are_deleted_with_their_database_unless_retained() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        for id in ["kept", "gone"] {
            rds.create_database(id, DatabaseSpec { retention: Some(5), ..DatabaseSpec::default() })
                .await
                .expect("a database");
        }
        world.sleep(2 * DAY).await;
        rds.create("gone", "by-hand").await.expect("a snapshot");
        world.sleep(DAY).await;
        rds.delete_database("kept", false).await.expect("a deletion");
        rds.delete_database("gone", true).await.expect("a deletion");
        world.sleep(3 * MINUTE).await;
        assert_eq!(automated(&rds, "kept").await.len(), 3);
        assert_eq!(automated(&rds, "gone").await, []);
        assert_eq!(rds.describe("by-hand").await.expect("it").database, "gone");
        world.sleep(6 * DAY).await;
        assert_eq!(automated(&rds, "kept").await, []);
    }
}

#[tokio::test(start_paused = true)]
async fn backups_of_a_deleted_database_do_not_continue_for_a_new_one_of_its_name() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    for window in ["04:00-04:30", "05:00-05:30"] {
        let like = DatabaseSpec { window: Some(window), retention: Some(5), ..DatabaseSpec::default() };
        rds.create_database("orders", like).await.expect("a database");
        if window.starts_with("04") {
            rds.delete_database("orders", true).await.expect("a deletion");
            world.sleep(3 * MINUTE).await;
        }
    }
    world.sleep(DAY).await;
    let ids: Vec<_> = automated(&rds, "orders").await.into_iter().map(|seen| seen.id).collect();
    assert_eq!(ids, ["rds:orders-2026-11-21-05-00"]);
}

#[tokio::test(start_paused = true)]
async fn deleting_a_database_requires_a_final_snapshot_unless_skipped() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.create_database("orders", DatabaseSpec::default()).await.expect("a database");
    let delete = rds.client.delete_db_instance().db_instance_identifier("orders");
    let refused = async |call: &DeleteDBInstanceFluentBuilder| code(call.clone().send().await).err();
    assert_eq!(refused(&delete).await.as_deref(), Some("InvalidParameterCombination"));
    let delete = delete.final_db_snapshot_identifier("last");
    assert_eq!(refused(&delete).await, Some(rds.kind.invalid_database_state()));
    world.sleep(5 * MINUTE).await;
    delete.send().await.expect("a deletion");
    // The final snapshot of 100 GiB takes ten minutes.
    world.sleep(9 * MINUTE).await;
    assert_eq!(rds.status("orders").await, Ok("deleting".to_owned()));
    world.sleep(MINUTE).await;
    assert_eq!(rds.describe("last").await.expect("it").status, "available");
    assert_eq!(rds.status("orders").await, Err(rds.kind.database_not_found()));
    assert_eq!(rds.create("orders", "later").await.err(), Some(rds.kind.database_not_found()));
}

#[tokio::test(start_paused = true)]
async fn databases_are_listed_page_by_page() {
    let world = with_quota_of_instances(45);
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    for n in 0..45 {
        rds.create_database(&format!("d-{n:02}"), DatabaseSpec::default()).await.expect("a database");
    }
    let mut pages = rds.client.describe_db_instances().into_paginator().page_size(20).send();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        seen.push(page.expect("a page").db_instances().len());
    }
    assert_eq!(seen, [20, 20, 5]);
}

/// "The status of the DB cluster is available while the snapshot is being taken."
#[tokio::test(start_paused = true)]
async fn a_cluster_is_available_while_its_final_snapshot_is_taken() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    rds.database(&world, "orders").await;
    let delete = rds.client.delete_db_cluster().db_cluster_identifier("orders").final_db_snapshot_identifier("last");
    let answer = delete.send().await.expect("a deletion");
    assert_eq!(answer.db_cluster().and_then(|found| found.status()), Some("available"));
    assert_eq!(rds.delete_database("orders", true).await, Err(rds.kind.invalid_database_state()));
    world.sleep(10 * MINUTE).await;
    assert_eq!(rds.status("orders").await, Ok("deleting".to_owned()));
    assert_eq!(rds.describe("last").await.expect("it").status, "available");
    world.sleep(3 * MINUTE).await;
    assert_eq!(rds.status("orders").await, Err(rds.kind.database_not_found()));
}
