//! `RestoreDBInstanceToPointInTime` and `RestoreDBClusterToPointInTime`.

use aws_sdk_rds::primitives::DateTime;

use super::*;

/// A world with a database that has been backed up for hours: 07:32 on the first day.
async fn backed_up(kind: Kind) -> (World, Rds) {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, kind);
    rds.create_database("orders", DatabaseSpec::daily(7)).await.expect("a database");
    world.sleep(272 * MINUTE).await;
    (world, rds)
}

fn at(text: &str) -> DateTime {
    let time: chrono::DateTime<chrono::Utc> = format!("2026-11-21T{text}Z").parse().expect("a time");
    DateTime::from_secs(time.timestamp())
}

/// Restores to a time, or to the latest one.
async fn restore(rds: &Rds, id: &str, time: Option<&str>) -> Result<(), String> {
    let latest = time.is_none().then_some(true);
    match rds.kind {
        Kind::Instance => {
            let call = rds.client.restore_db_instance_to_point_in_time().source_db_instance_identifier("orders");
            let call = call.target_db_instance_identifier(id).set_restore_time(time.map(at));
            code(call.set_use_latest_restorable_time(latest).send().await).map(drop)
        }
        Kind::Cluster => {
            let call = rds.client.restore_db_cluster_to_point_in_time().source_db_cluster_identifier("orders");
            let call = call.db_cluster_identifier(id).set_restore_to_time(time.map(at));
            code(call.set_use_latest_restorable_time(latest).send().await).map(drop)
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_must_be_within_the_window() {
    for kind in BOTH {
        let (world, rds) = backed_up(kind).await;
        let latest = match kind {
            Kind::Instance => rds.instance("orders").await.latest_restorable_time,
            Kind::Cluster => rds.cluster("orders").await.latest_restorable_time,
        };
        assert_eq!(latest, Some(at("07:30:00")));
        assert_eq!(restore(&rds, "a", Some("07:31:00")).await, error("InvalidParameterValue"), "{kind:?}");
        assert_eq!(restore(&rds, "a", Some("02:59:00")).await, error("InvalidParameterValue"), "{kind:?}");
        // "Must be before the latest restorable time"
        assert_eq!(restore(&rds, "a", Some("07:30:00")).await, error("InvalidParameterValue"), "{kind:?}");
        assert_eq!(restore(&rds, "a", Some("07:29:59")).await, Ok(()), "{kind:?}");
        assert_eq!(restore(&rds, "b", Some("04:30:00")).await, Ok(()), "{kind:?}");
        assert_eq!(restore(&rds, "c", None).await, Ok(()), "{kind:?}");
        world.sleep(RESTORED).await;
        for id in ["a", "b", "c"] {
            assert_eq!(rds.status(id).await.as_deref(), Ok("available"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_without_backups_has_no_window() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    assert_eq!(restore(&rds, "a", None).await, error("PointInTimeRestoreNotEnabled"));
    // The first backup is taken in the window.
    rds.delete_database("orders", true).await.expect("a deletion");
    world.sleep(5 * MINUTE).await;
    rds.create_database("orders", DatabaseSpec::daily(7)).await.expect("a database");
    world.sleep(10 * MINUTE).await;
    assert_eq!(rds.instance("orders").await.latest_restorable_time(), None);
    assert_eq!(restore(&rds, "a", None).await, error("InvalidDBInstanceState"));
    world.sleep(90 * MINUTE).await;
    assert_eq!(restore(&rds, "a", None).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn the_source_and_the_time_are_named_in_one_way() {
    let (_world, rds) = backed_up(Kind::Instance).await;
    let resource_id = rds.instance("orders").await.dbi_resource_id.expect("an ID");
    let new = || rds.client.restore_db_instance_to_point_in_time().target_db_instance_identifier("new");
    let of = || new().source_db_instance_identifier("orders");
    for (call, expected) in [
        (of(), "InvalidParameterCombination"),
        (of().restore_time(at("05:00:00")).use_latest_restorable_time(true), "InvalidParameterCombination"),
        (of().source_dbi_resource_id(&resource_id).use_latest_restorable_time(true), "InvalidParameterCombination"),
        (new().use_latest_restorable_time(true), "MissingParameter"),
        (new().source_db_instance_identifier("none").use_latest_restorable_time(true), "DBInstanceNotFound"),
        (new().source_dbi_resource_id("db-NONE").use_latest_restorable_time(true), "DBInstanceAutomatedBackupNotFound"),
        (of().use_latest_restorable_time(true).allocated_storage(20), "InvalidParameterCombination"),
    ] {
        assert_eq!(code(call.clone().send().await).map(drop), error(expected), "{call:?}");
    }
    let by_id = new().source_dbi_resource_id(resource_id.to_lowercase()).use_latest_restorable_time(true);
    assert_eq!(code(by_id.send().await).map(drop), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_clone_has_the_data_of_now_and_takes_less_time() {
    let (world, rds) = backed_up(Kind::Cluster).await;
    let new = || {
        let call = rds.client.restore_db_cluster_to_point_in_time().source_db_cluster_identifier("orders");
        call.db_cluster_identifier("new").restore_type("copy-on-write")
    };
    let to_time = new().restore_to_time(at("05:00:00"));
    assert_eq!(code(to_time.send().await).map(drop), error("InvalidParameterCombination"));
    assert_eq!(code(new().send().await).map(drop), error("InvalidParameterCombination"));
    let other = new().restore_type("half-copy").use_latest_restorable_time(true);
    assert_eq!(code(other.send().await).map(drop), error("InvalidParameterValue"));
    code(new().use_latest_restorable_time(true).send().await).expect("a clone");
    world.sleep(5 * MINUTE).await;
    assert_eq!(rds.status("new").await.as_deref(), Ok("available"));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_and_its_clones_are_a_group() {
    let (world, rds) = backed_up(Kind::Cluster).await;
    let group = async |id: &str| rds.cluster(id).await.clone_group_id;
    restore(&rds, "before", None).await.expect("a restore");
    assert_eq!((group("orders").await, group("before").await), (None, None));
    for id in ["one", "two"] {
        let call = rds.client.restore_db_cluster_to_point_in_time().source_db_cluster_identifier("orders");
        let call = call.db_cluster_identifier(id).restore_type("copy-on-write").use_latest_restorable_time(true);
        code(call.send().await).expect("a clone");
    }
    let source = group("orders").await;
    assert!(source.is_some());
    let filter =
        aws_sdk_rds::types::Filter::builder().name("clone-group-id").set_values(source.clone().map(|id| vec![id]));
    let found = code(rds.client.describe_db_clusters().filters(filter.build()).send().await).expect("clusters");
    let found: Vec<_> = found.db_clusters().iter().filter_map(DbCluster::db_cluster_identifier).collect();
    assert_eq!(found, ["one", "orders", "two"]);
    // "For PITR, the clone group ID is inherited from the source cluster. For snapshot restore operations, the clone group ID isn't
    // inherited."
    restore(&rds, "after", None).await.expect("a restore");
    for id in ["one", "two", "after"] {
        assert_eq!(group(id).await, source, "{id}");
    }
    rds.create("orders", "s").await.expect("a snapshot");
    world.sleep(10 * MINUTE).await;
    rds.restore("s", "copy").await.expect("a restore");
    assert_eq!(group("copy").await, None);
}

/// "The latest restorable time … is typically within the last 5 minutes": how long an upload takes is a setting.
#[tokio::test(start_paused = true)]
async fn the_latest_time_lags_as_far_as_the_settings_have_it() {
    for (seconds, latest) in [(30, "07:30:00"), (180, "07:25:00")] {
        let durations =
            sim::Durations { log_upload: sim::Bounds::seconds(seconds, seconds), ..sim::Durations::default() };
        let world = World::with_settings(sim::Settings { durations, ..settings() });
        let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
        rds.create_database("orders", DatabaseSpec::daily(7)).await.expect("a database");
        world.sleep(272 * MINUTE).await;
        assert_eq!(rds.cluster("orders").await.latest_restorable_time, Some(at(latest)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_tags_of_the_source_come_along() {
    let (_world, rds) = backed_up(Kind::Instance).await;
    let arn = Kind::Instance.database_arn(PROD, REGION, "orders");
    let wanted = tags(&[("team", "shop")]);
    let call = rds.client.add_tags_to_resource().resource_name(arn).set_tags(Some(sdk_tags(&wanted)));
    code(call.send().await).expect("tags");
    restore(&rds, "new", None).await.expect("a restore");
    assert_eq!(read_tags(rds.instance("new").await.tag_list()), wanted);
}
