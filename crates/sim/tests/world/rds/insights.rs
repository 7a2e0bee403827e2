//! Performance Insights, Database Insights and Enhanced Monitoring of clusters.

use super::support::*;

const COMBINATION: &str = "InvalidParameterCombination";

// No text decides whether AWS takes them, and a user reports that it does not.
#[tokio::test(start_paused = true)]
async fn insights_and_monitoring_in_the_restore_of_a_cluster_are_not_simulated() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    rds.snapshot(&world, "s").await;
    let new = || {
        let call = rds.client.restore_db_cluster_from_snapshot().db_cluster_identifier("new").snapshot_identifier("s");
        call.engine("aurora-postgresql")
    };
    let role = "arn:aws:iam::111111111111:role/monitoring";
    for call in [
        new().enable_performance_insights(false),
        new().performance_insights_retention_period(7),
        new().performance_insights_kms_key_id("key"),
        new().monitoring_interval(0),
        new().monitoring_role_arn(role),
    ] {
        assert_eq!(code(call.send().await).err().as_deref(), Some("NotSimulated"));
    }
    let to_time = rds.client.restore_db_cluster_to_point_in_time().source_db_cluster_identifier("of-s");
    let to_time = to_time.db_cluster_identifier("new").use_latest_restorable_time(true);
    assert_eq!(code(to_time.monitoring_interval(0).send().await).err().as_deref(), Some("NotSimulated"));
    assert_eq!(code(new().send().await).err(), None);
}

// "If you change the value from standard to advanced, you must set …": also if they are set.
#[tokio::test(start_paused = true)]
async fn the_advanced_mode_of_a_cluster_needs_insights_and_their_retention_in_the_same_request() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    rds.database(&world, "shop").await;
    let modify = |on: Option<bool>, days: Option<i32>, mode: Option<&str>| {
        let call = rds.client.modify_db_cluster().db_cluster_identifier("shop").apply_immediately(true);
        let call = call.set_enable_performance_insights(on).set_performance_insights_retention_period(days);
        call.set_database_insights_mode(mode.map(Into::into)).send()
    };
    let advanced = Some("advanced");
    assert_eq!(code(modify(Some(true), Some(434), advanced).await).err().as_deref(), Some(COMBINATION));
    code(modify(Some(true), Some(465), None).await).expect("a modification");
    world.sleep(10 * MINUTE).await;
    for (on, days) in [(None, None), (Some(true), None), (None, Some(465)), (Some(false), Some(465))] {
        assert_eq!(code(modify(on, days, advanced).await).err().as_deref(), Some(COMBINATION), "{on:?} {days:?}");
    }
    code(modify(Some(true), Some(465), advanced).await).expect("a modification");
    world.sleep(10 * MINUTE).await;
    // It is not changed any more.
    code(modify(None, None, advanced).await).expect("no change");
    let create = rds.client.create_db_cluster().db_cluster_identifier("other").engine("aurora-postgresql");
    let create =
        create.master_username("draco").master_user_password("simulated").database_insights_mode("advanced".into());
    assert_eq!(code(create.send().await).err().as_deref(), Some(COMBINATION));
}

// "Valid for Cluster Type: Multi-AZ DB clusters only" (`MonitoringInterval` of `ModifyDBCluster`).
#[tokio::test(start_paused = true)]
async fn monitoring_of_an_aurora_cluster_cannot_be_modified() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    rds.database(&world, "shop").await;
    let call = rds.client.modify_db_cluster().db_cluster_identifier("shop").monitoring_interval(60);
    let call = call.monitoring_role_arn("arn:aws:iam::111111111111:role/monitoring");
    assert_eq!(code(call.send().await).err().as_deref(), Some(COMBINATION));
}
