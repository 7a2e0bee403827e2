//! The instances of clusters: who writes, what they have from their cluster, and failovers.

use aws_sdk_rds::operation::create_db_instance::builders::CreateDBInstanceFluentBuilder as Create;
use aws_sdk_rds::types::{DbCluster, DbInstance, Filter, ServerlessV2ScalingConfiguration};
use sim::World;

use super::modifications::statuses;
use super::support::*;

const COMBINATION: &str = "InvalidParameterCombination";

fn member(rds: &Rds, id: &str) -> Create {
    let call = rds.client.create_db_instance().db_instance_identifier(id).db_cluster_identifier("shop");
    call.engine("aurora-postgresql").db_instance_class("db.r6g.large")
}

async fn cluster(rds: &Rds, id: &str) -> DbCluster {
    let answer = rds.client.describe_db_clusters().db_cluster_identifier(id).send().await.expect("clusters");
    answer.db_clusters()[0].clone()
}

async fn instance(rds: &Rds, id: &str) -> DbInstance {
    let answer = rds.client.describe_db_instances().db_instance_identifier(id).send().await.expect("instances");
    answer.db_instances()[0].clone()
}

/// The members of the cluster, the writer with a star.
async fn members(rds: &Rds) -> Vec<String> {
    let found = cluster(rds, "shop").await;
    let members = found.db_cluster_members().iter().map(|member| {
        let star = if member.is_cluster_writer() == Some(true) { "*" } else { "" };
        format!("{}{star}", member.db_instance_identifier().expect("a name"))
    });
    members.collect()
}

/// An Aurora cluster with a writer `a` and readers `b` and `c`, of which `c` is promoted first.
async fn aurora(world: &World) -> [Rds; 2] {
    let clusters = Rds::new(world, PROD, REGION, Kind::Cluster);
    clusters.database(world, "shop").await;
    let instances = Rds::new(world, PROD, REGION, Kind::Instance);
    for (id, tier) in [("a", 1), ("b", 2), ("c", 0)] {
        member(&clusters, id).promotion_tier(tier).send().await.expect("a member");
    }
    world.sleep(5 * MINUTE).await;
    [clusters, instances]
}

#[tokio::test(start_paused = true)]
async fn the_first_instance_of_a_cluster_writes() {
    let world = world();
    let [clusters, instances] = aurora(&world).await;
    assert_eq!(members(&clusters).await, ["a*", "b", "c"]);
    let (found, own) = (instance(&instances, "b").await, cluster(&clusters, "shop").await);
    assert_eq!((found.db_cluster_identifier(), found.db_instance_status()), (Some("shop"), Some("available")));
    assert_eq!((found.promotion_tier(), found.allocated_storage()), (Some(2), Some(1)));
    assert_eq!(found.master_username(), own.master_username());
    assert_eq!(found.preferred_backup_window(), own.preferred_backup_window());
    let filter = Filter::builder().name("db-cluster-id").values("shop").build();
    let answer = instances.client.describe_db_instances().filters(filter).send().await.expect("instances");
    assert_eq!(answer.db_instances().len(), 3);
    // The random part of the host names is that of the account and region.
    let host = found.endpoint().and_then(|at| at.address()).expect("a host");
    let unique = host.split('.').nth(1).expect("a part");
    assert_eq!(host, format!("b.{unique}.eu-west-1.rds.amazonaws.com"));
    assert_eq!(own.endpoint(), Some(format!("shop.cluster-{unique}.eu-west-1.rds.amazonaws.com").as_str()));
    assert_eq!(own.reader_endpoint(), Some(format!("shop.cluster-ro-{unique}.eu-west-1.rds.amazonaws.com").as_str()));
    let elsewhere = Rds::new(&world, PROD, OTHER_REGION, Kind::Cluster);
    elsewhere.database(&world, "shop").await;
    assert!(!cluster(&elsewhere, "shop").await.endpoint().expect("a host").contains(unique));
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_the_cluster_is_refused_for_an_instance() {
    let world = world();
    let clusters = Rds::new(&world, PROD, REGION, Kind::Cluster);
    clusters.create_database("shop", DatabaseSpec::default()).await.expect("a cluster");
    let early = member(&clusters, "a").send().await;
    assert_eq!(code(early).err().as_deref(), Some("InvalidDBClusterStateFault"));
    world.sleep(5 * MINUTE).await;
    type Change = fn(Create) -> Create;
    const ROWS: [(Change, &str); 12] = [
        (|call| call.engine("aurora-mysql"), COMBINATION),
        (|call| call.engine_version("1.0"), COMBINATION),
        (|call| call.allocated_storage(100), COMBINATION),
        (|call| call.master_username("draco"), COMBINATION),
        (|call| call.master_user_password("simulated"), COMBINATION),
        (|call| call.backup_retention_period(3), COMBINATION),
        (|call| call.multi_az(true), COMBINATION),
        (|call| call.deletion_protection(true), COMBINATION),
        (|call| call.promotion_tier(16), "InvalidParameterValue"),
        (|call| call.db_instance_class("db.serverless"), COMBINATION),
        (|call| call.db_subnet_group_name("other"), "InvalidVPCNetworkStateFault"),
        (|call| call.db_cluster_identifier("none"), "DBClusterNotFoundFault"),
    ];
    for (number, (change, error)) in ROWS.into_iter().enumerate() {
        let answer = change(member(&clusters, "a")).send().await;
        assert_eq!(code(answer).err().as_deref(), Some(error), "row {number}");
    }
    assert_eq!(members(&clusters).await, Vec::<String>::new());
    member(&clusters, "a").send().await.expect("a member");
    world.sleep(5 * MINUTE).await;
    let instances = Rds::new(&world, PROD, REGION, Kind::Instance);
    assert_eq!(instances.create("a", "s").await.err().as_deref(), Some("InvalidParameterValue"));
    let modify = instances.client.modify_db_instance().db_instance_identifier("a");
    let refused = modify.backup_retention_period(3).send().await;
    assert_eq!(code(refused).err().as_deref(), Some(COMBINATION));
}

#[tokio::test(start_paused = true)]
async fn serverless_instances_need_the_capacities_of_the_cluster() {
    let world = world();
    let clusters = Rds::new(&world, PROD, REGION, Kind::Cluster);
    clusters.database(&world, "shop").await;
    let modify = |least: f64, most: f64| {
        let range = ServerlessV2ScalingConfiguration::builder().min_capacity(least).max_capacity(most).build();
        let call = clusters.client.modify_db_cluster().db_cluster_identifier("shop");
        call.serverless_v2_scaling_configuration(range).apply_immediately(true).send()
    };
    for (least, most, error) in
        [(0.3, 4.0, "InvalidParameterValue"), (4.0, 2.0, COMBINATION), (0.0, 300.0, "InvalidParameterValue")]
    {
        assert_eq!(code(modify(least, most).await).err().as_deref(), Some(error), "{least} to {most}");
    }
    modify(0.5, 16.0).await.expect("a range");
    member(&clusters, "a").db_instance_class("db.serverless").send().await.expect("a member");
    let found = cluster(&clusters, "shop").await;
    let range = found.serverless_v2_scaling_configuration().expect("a range");
    assert_eq!((range.min_capacity(), range.max_capacity()), (Some(0.5), Some(16.0)));
}

/// "Valid for: Aurora DB clusters only."
#[tokio::test(start_paused = true)]
async fn readers_of_aurora_forward_writes_if_it_is_requested() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    rds.database(&world, "shop").await;
    let status = async || cluster(&rds, "shop").await.local_write_forwarding_status.map(|status| status.to_string());
    let enable = |on| rds.client.modify_db_cluster().db_cluster_identifier("shop").enable_local_write_forwarding(on);
    assert_eq!(status().await, None);
    for (on, during, after) in [(true, "enabling", "enabled"), (false, "disabling", "disabled")] {
        enable(on).send().await.expect("a modification");
        // The guide has `requested`, too, and does not state when.
        assert!(["requested", during].map(Some).contains(&status().await.as_deref()));
        world.sleep(10 * MINUTE).await;
        assert_eq!(status().await.as_deref(), Some(after));
    }
    let other = rds.client.create_db_cluster().db_cluster_identifier("other").engine("docdb");
    let other = other.master_username("draco").master_user_password("simulated").enable_local_write_forwarding(true);
    // No text has the code.
    assert!(code(other.send().await).is_err());
}

#[tokio::test(start_paused = true)]
async fn deleting_the_writer_promotes_the_reader_with_the_lowest_tier() {
    let world = world();
    let [clusters, instances] = aurora(&world).await;
    // The API reference requires neither a final snapshot nor that it is skipped.
    instances.client.delete_db_instance().db_instance_identifier("a").send().await.expect("a deletion");
    assert_eq!(members(&clusters).await, ["a", "b", "c*"]);
    assert_eq!(clusters.status("shop").await.as_deref(), Ok("failing-over"));
    assert_eq!(statuses(&world, &clusters, "shop", "available").await, ["failing-over", "available"]);
    world.sleep(3 * MINUTE).await;
    assert_eq!(members(&clusters).await, ["b", "c*"]);
    let events = clusters.client.describe_events().duration(60).send().await.expect("events");
    let told: Vec<_> = events.events().iter().filter_map(|event| event.message()).collect();
    assert!(told.contains(&"Completed failover to DB instance: c"), "{told:?}");
    let last = instances.client.delete_db_instance().db_instance_identifier("b").final_db_snapshot_identifier("last");
    assert_eq!(code(last.send().await).err().as_deref(), Some(COMBINATION));
}

#[tokio::test(start_paused = true)]
async fn a_failover_can_be_requested() {
    let world = world();
    let [clusters, _] = aurora(&world).await;
    let fail_over = || clusters.client.failover_db_cluster().db_cluster_identifier("shop");
    let wrong = fail_over().target_db_instance_identifier("a").send().await;
    assert_eq!(code(wrong).err().as_deref(), Some("InvalidParameterValue"));
    fail_over().target_db_instance_identifier("b").send().await.expect("a failover");
    assert_eq!(members(&clusters).await, ["a", "b*", "c"]);
    world.sleep(MINUTE).await;
    fail_over().send().await.expect("a failover");
    assert_eq!(members(&clusters).await, ["a", "b", "c*"]);
}

/// "if two or more share the same priority, then Amazon RDS promotes the replica that is largest in size"
#[tokio::test(start_paused = true)]
async fn among_readers_of_one_tier_the_largest_is_promoted() {
    let world = world();
    let clusters = Rds::new(&world, PROD, REGION, Kind::Cluster);
    clusters.database(&world, "shop").await;
    for (id, class) in [("a", "large"), ("b", "large"), ("c", "xlarge"), ("d", "4xlarge"), ("e", "2xlarge")] {
        member(&clusters, id).db_instance_class(format!("db.r6g.{class}")).send().await.expect("a member");
    }
    world.sleep(5 * MINUTE).await;
    clusters.client.failover_db_cluster().db_cluster_identifier("shop").send().await.expect("a failover");
    assert_eq!(members(&clusters).await, ["a", "b", "c", "d*", "e"]);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_is_deleted_after_its_instances() {
    let world = world();
    let [clusters, instances] = aurora(&world).await;
    assert_eq!(clusters.delete_database("shop", true).await, Err(clusters.kind.invalid_database_state()));
    for id in ["a", "b", "c"] {
        instances.client.delete_db_instance().db_instance_identifier(id).send().await.expect("a deletion");
    }
    assert_eq!(clusters.delete_database("shop", true).await, Ok(()));
    for _ in 0..20 {
        if clusters.status("shop").await.is_err() {
            break;
        }
        world.sleep(MINUTE).await;
    }
    assert_eq!(clusters.status("shop").await, Err(clusters.kind.database_not_found()));
    assert_eq!(instances.status("a").await, Err(instances.kind.database_not_found()));
}

/// "You can't delete a cluster if it's in the stopped state. In this case, start the cluster before deleting it."
#[tokio::test(start_paused = true)]
async fn neither_a_stopped_cluster_nor_its_instances_can_be_deleted() {
    let world = world();
    let [clusters, instances] = aurora(&world).await;
    clusters.client.stop_db_cluster().db_cluster_identifier("shop").send().await.expect("a stop");
    world.sleep(10 * MINUTE).await;
    assert_eq!(clusters.status("shop").await.as_deref(), Ok("stopped"));
    let delete = || instances.client.delete_db_instance().db_instance_identifier("c").send();
    assert_eq!(code(delete().await).err(), Some(clusters.kind.invalid_database_state()));
    assert_eq!(clusters.delete_database("shop", true).await, Err(clusters.kind.invalid_database_state()));
    clusters.client.start_db_cluster().db_cluster_identifier("shop").send().await.expect("a start");
    code(delete().await).expect("a deletion");
}

/// Users report the refusal and its code (github.com/aws-cloudformation/cfn-lint/issues/4070).
#[tokio::test(start_paused = true)]
async fn an_instance_may_be_created_with_the_encryption_of_its_cluster_only() {
    let world = world();
    let clusters = Rds::new(&world, PROD, REGION, Kind::Cluster);
    clusters.database(&world, "shop").await;
    let encrypted = member(&clusters, "a").storage_encrypted(true).send().await;
    assert_eq!(code(encrypted).err().as_deref(), Some(COMBINATION));
    code(member(&clusters, "a").storage_encrypted(false).send().await).expect("an instance");
    let like = DatabaseSpec { is_encrypted: true, ..DatabaseSpec::default() };
    clusters.create_database("secret", like).await.expect("a cluster");
    world.sleep(5 * MINUTE).await;
    let plain = member(&clusters, "b").db_cluster_identifier("secret").storage_encrypted(false).send().await;
    assert_eq!(code(plain).err().as_deref(), Some(COMBINATION));
    let answer = member(&clusters, "b").db_cluster_identifier("secret").storage_encrypted(true).send().await;
    assert_eq!(answer.expect("an instance").db_instance().and_then(DbInstance::storage_encrypted), Some(true));
}

/// `DBClusterParameterGroupStatus` is that "for this member of the DB cluster".
#[tokio::test(start_paused = true)]
async fn each_instance_of_a_cluster_waits_for_its_own_reboot() {
    let world = world();
    let [clusters, instances] = aurora(&world).await;
    let group = clusters.client.create_db_cluster_parameter_group().db_cluster_parameter_group_name("own");
    let group = group.db_parameter_group_family("aurora-postgresql16").description("mine");
    group.send().await.expect("a group");
    let waiting = async || {
        let found = cluster(&clusters, "shop").await;
        let members = found.db_cluster_members().iter().map(|member| {
            let status = member.db_cluster_parameter_group_status().expect("a status");
            format!("{} {status}", member.db_instance_identifier().expect("a name"))
        });
        members.collect::<Vec<_>>()
    };
    assert_eq!(waiting().await, ["a in-sync", "b in-sync", "c in-sync"]);
    let modify = clusters.client.modify_db_cluster().db_cluster_identifier("shop");
    modify.db_cluster_parameter_group_name("own").send().await.expect("a modification");
    assert_eq!(waiting().await, ["a applying", "b applying", "c applying"]);
    world.sleep(5 * MINUTE).await;
    assert_eq!(waiting().await, ["a pending-reboot", "b pending-reboot", "c pending-reboot"]);
    instances.client.reboot_db_instance().db_instance_identifier("b").send().await.expect("a reboot");
    // An instance that joins the cluster starts with its parameters.
    member(&clusters, "d").send().await.expect("a member");
    world.sleep(5 * MINUTE).await;
    assert_eq!(waiting().await, ["a pending-reboot", "b in-sync", "c pending-reboot", "d in-sync"]);
}

#[tokio::test(start_paused = true)]
async fn the_members_of_a_renamed_cluster_keep_their_names() {
    let world = world();
    let [clusters, instances] = aurora(&world).await;
    let call = clusters.client.modify_db_cluster().db_cluster_identifier("shop").new_db_cluster_identifier("old");
    call.apply_immediately(true).send().await.expect("a rename");
    statuses(&world, &clusters, "shop", "DBClusterNotFoundFault").await;
    assert_eq!(cluster(&clusters, "old").await.db_cluster_members().len(), 3);
    assert_eq!(instance(&instances, "a").await.db_cluster_identifier(), Some("old"));
}

#[tokio::test(start_paused = true)]
async fn a_multi_az_cluster_is_created_and_deleted_with_three_instances() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    let call = rds.client.create_db_cluster().db_cluster_identifier("shop").engine("postgres");
    let call = call.db_cluster_instance_class("db.m6gd.large").allocated_storage(100).iops(1000);
    call.master_username("draco").master_user_password("simulated").send().await.expect("a cluster");
    world.sleep(5 * MINUTE).await;
    assert_eq!(members(&rds).await, ["shop-instance-1*", "shop-instance-2", "shop-instance-3"]);
    let instances = Rds::new(&world, PROD, REGION, Kind::Instance);
    let found = instance(&instances, "shop-instance-2").await;
    assert_eq!((found.db_instance_class(), found.allocated_storage()), (Some("db.m6gd.large"), Some(100)));
    assert_eq!(found.availability_zone(), Some("eu-west-1b"));
    let alone = instances.delete_database("shop-instance-2", true).await;
    assert_eq!(alone, Err("InvalidDBClusterStateFault".to_owned()));
    rds.client.reboot_db_cluster().db_cluster_identifier("shop").send().await.expect("a reboot");
    assert_eq!(statuses(&world, &rds, "shop", "available").await, ["rebooting", "available"]);
    world.sleep(2 * MINUTE).await;
    assert_eq!(rds.delete_database("shop", true).await, Ok(()));
    world.sleep(10 * MINUTE).await;
    assert_eq!(rds.status("shop").await, Err(rds.kind.database_not_found()));
    assert_eq!(instances.status("shop-instance-1").await, Err(instances.kind.database_not_found()));
}
