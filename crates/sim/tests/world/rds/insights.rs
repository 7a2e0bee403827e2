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
