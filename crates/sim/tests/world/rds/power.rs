//! Rebooting, stopping and starting databases.

use super::modifications::statuses;
use super::support::*;

const COMBINATION: &str = "InvalidParameterCombination";

#[tokio::test(start_paused = true)]
async fn an_instance_is_stopped_with_a_snapshot_and_started_again() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    let stop = || rds.client.stop_db_instance().db_instance_identifier("orders");
    stop().db_snapshot_identifier("s").send().await.expect("a stop");
    assert_eq!(code(stop().send().await).err(), Some(rds.kind.invalid_database_state()));
    assert_eq!(statuses(&world, &rds, "orders", "stopped").await, ["stopping", "stopped"]);
    assert_eq!(rds.describe("s").await.expect("a snapshot").status, "available");
    assert_eq!(rds.create("orders", "t").await.err(), Some(rds.kind.invalid_database_state()));
    let answer = rds.client.describe_db_instances().send().await.expect("instances");
    assert!(answer.db_instances()[0].automatic_restart_time().is_some());
    rds.client.start_db_instance().db_instance_identifier("orders").send().await.expect("a start");
    assert_eq!(statuses(&world, &rds, "orders", "available").await, ["starting", "available"]);
    let answer = rds.client.describe_db_instances().send().await.expect("instances");
    assert!(answer.db_instances()[0].automatic_restart_time().is_none());
}

/// "You can't delete a cluster if it's in the stopped state. In this case, start the cluster before deleting it" (Aurora User Guide).
#[tokio::test(start_paused = true)]
async fn a_stopped_cluster_is_deleted_after_a_start_only_and_a_stopped_instance_at_once() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    rds.client.stop_db_instance().db_instance_identifier("orders").send().await.expect("a stop");
    world.sleep(20 * MINUTE).await;
    let delete = |id| rds.client.delete_db_instance().db_instance_identifier(id).skip_final_snapshot(true).send();
    delete("orders").await.expect("a deletion");
    let cluster = Rds::new(&world, PROD, REGION, Kind::Cluster);
    cluster.database(&world, "orders").await;
    let member = rds.client.create_db_instance().db_instance_identifier("m").engine("aurora-postgresql");
    member.db_cluster_identifier("orders").db_instance_class("db.r6g.large").send().await.expect("a member");
    world.sleep(20 * MINUTE).await;
    rds.client.stop_db_cluster().db_cluster_identifier("orders").send().await.expect("a stop");
    world.sleep(20 * MINUTE).await;
    assert_eq!(code(delete("m").await).err().as_deref(), Some("InvalidDBClusterStateFault"));
    let delete_cluster = rds.client.delete_db_cluster().db_cluster_identifier("orders").skip_final_snapshot(true);
    assert_eq!(code(delete_cluster.send().await).err().as_deref(), Some("InvalidDBClusterStateFault"));
    rds.client.start_db_cluster().db_cluster_identifier("orders").send().await.expect("a start");
    world.sleep(20 * MINUTE).await;
    delete("m").await.expect("a deletion");
}

/// "The instance restarts automatically after 7 days."
#[tokio::test(start_paused = true)]
async fn a_stopped_database_starts_again_after_seven_days() {
    for kind in BOTH {
        let world = world();
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.database(&world, "orders").await;
        match kind {
            Kind::Instance => {
                code(rds.client.stop_db_instance().db_instance_identifier("orders").send().await).map(drop)
            }
            Kind::Cluster => code(rds.client.stop_db_cluster().db_cluster_identifier("orders").send().await).map(drop),
        }
        .expect("a stop");
        world.sleep(6 * DAY).await;
        assert_eq!(rds.status("orders").await.as_deref(), Ok("stopped"));
        world.sleep(DAY + 20 * MINUTE).await;
        assert_eq!(rds.status("orders").await.as_deref(), Ok("available"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_reboot_applies_the_parameters_that_wait_for_it() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    let family = "postgres16";
    let create = rds.client.create_db_parameter_group().db_parameter_group_name("own").description("mine");
    create.db_parameter_group_family(family).send().await.expect("a group");
    let modify = rds.client.modify_db_instance().db_instance_identifier("orders").db_parameter_group_name("own");
    modify.send().await.expect("a modification");
    let group = async || {
        let answer = rds.client.describe_db_instances().send().await.expect("instances");
        let group = answer.db_instances()[0].db_parameter_groups()[0].clone();
        let text = |text: Option<&str>| text.expect("a text").to_owned();
        [text(group.db_parameter_group_name()), text(group.parameter_apply_status())]
    };
    assert_eq!(group().await, ["own", "applying"]);
    world.sleep(2 * MINUTE).await;
    assert_eq!(group().await, ["own", "pending-reboot"]);
    rds.client.reboot_db_instance().db_instance_identifier("orders").send().await.expect("a reboot");
    assert_eq!(statuses(&world, &rds, "orders", "available").await, ["rebooting", "available"]);
    assert_eq!(group().await, ["own", "in-sync"]);
}

#[tokio::test(start_paused = true)]
async fn only_a_multi_az_instance_fails_over() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    let fail_over = || rds.client.reboot_db_instance().db_instance_identifier("orders").force_failover(true);
    assert_eq!(code(fail_over().send().await).err().as_deref(), Some(COMBINATION));
    let modify = rds.client.modify_db_instance().db_instance_identifier("orders").multi_az(true);
    modify.apply_immediately(true).send().await.expect("a modification");
    world.sleep(10 * MINUTE).await;
    let zones = async || {
        let answer = rds.client.describe_db_instances().send().await.expect("instances");
        let found = &answer.db_instances()[0];
        [found.availability_zone(), found.secondary_availability_zone()].map(|zone| zone.expect("a zone").to_owned())
    };
    let before = zones().await;
    fail_over().send().await.expect("a failover");
    world.sleep(3 * MINUTE).await;
    assert_eq!(zones().await[0], before[1]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_stopped_or_rebooted_is_refused() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    rds.database(&world, "orders").await;
    let reboot = rds.client.reboot_db_cluster().db_cluster_identifier("orders").send().await;
    assert_eq!(code(reboot).err().as_deref(), Some(COMBINATION));
    let start = rds.client.start_db_cluster().db_cluster_identifier("orders").send().await;
    assert_eq!(code(start).err(), Some(rds.kind.invalid_database_state()));
    let fail_over = rds.client.failover_db_cluster().db_cluster_identifier("orders").send().await;
    assert_eq!(code(fail_over).err(), Some(rds.kind.invalid_database_state()));
}
