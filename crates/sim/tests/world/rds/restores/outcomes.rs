//! Restores that fail.

use sim::RestoreFailure;
use sim::fault::{Action, EVERY, Fault, Plan, Point};
use sim::questions::{RestoreKeyLost, RestoreSourceDeleted};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_restore_may_end_in_each_status_of_a_failure() {
    for kind in BOTH {
        for failure in RestoreFailure::ALL {
            let world = world();
            let rds = Rds::new(&world, PROD, REGION, kind);
            rds.snapshot(&world, "s").await;
            rds.restore("s", "new").await.expect("a restore");
            world.fail_restores(Some(failure));
            world.sleep(RESTORED).await;
            let expected = match failure {
                RestoreFailure::Failed => "failed",
                RestoreFailure::IncompatibleNetwork => "incompatible-network",
                RestoreFailure::IncompatibleParameters => "incompatible-parameters",
                RestoreFailure::IncompatibleRestore => "incompatible-restore",
                RestoreFailure::InsufficientCapacity => "insufficient-capacity",
            };
            assert_eq!(rds.status("new").await.as_deref(), Ok(expected));
            world.fail_restores(None);
            assert_eq!(rds.delete_database("new", true).await, Ok(()));
            world.sleep(10 * MINUTE).await;
            rds.restore("s", "new").await.expect("a restore");
            world.sleep(RESTORED).await;
            assert_eq!(rds.status("new").await.as_deref(), Ok("available"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_deleted_meanwhile_may_fail_the_restore() {
    for (answer, expected) in [(RestoreSourceDeleted::GoesOn, "available"), (RestoreSourceDeleted::Fails, "failed")] {
        for kind in BOTH {
            let world = world_where(|answers| answers.restore_source_deleted = answer);
            let rds = Rds::new(&world, PROD, REGION, kind);
            rds.snapshot(&world, "s").await;
            rds.restore("s", "new").await.expect("a restore");
            rds.delete("s").await.expect("a deletion");
            world.sleep(RESTORED).await;
            assert_eq!(rds.status("new").await.as_deref(), Ok(expected));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_disabled_meanwhile_fails_the_restore() {
    let worlds = [
        (RestoreKeyLost::Inaccessible, "inaccessible-encryption-credentials-recoverable"),
        (RestoreKeyLost::Failed, "failed"),
    ];
    for (answer, expected) in worlds {
        let world = world_where(|answers| answers.restore_key_lost = answer);
        let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
        let kms = aws_sdk_kms::Client::new(&world.sdk_config(PROD, REGION));
        let key = kms.create_key().send().await.expect("a key").key_metadata.expect("it").arn.expect("an ARN");
        let spec = DatabaseSpec { key: Some(&key), is_encrypted: true, retention: Some(0), ..DatabaseSpec::default() };
        rds.create_database("orders", spec).await.expect("a database");
        world.sleep(5 * MINUTE).await;
        rds.create("orders", "s").await.expect("a snapshot");
        world.sleep(10 * MINUTE).await;
        rds.restore("s", "new").await.expect("a restore");
        kms.disable_key().key_id(&key).send().await.expect("it is disabled");
        world.sleep(RESTORED).await;
        assert_eq!(rds.status("new").await.as_deref(), Ok(expected));
        assert_eq!(rds.restore("s", "other").await, error("KMSKeyNotAccessibleFault"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_vpc_that_is_removed_meanwhile_is_an_incompatible_network() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.snapshot(&world, "s").await;
    world.add_vpc(PROD, REGION, "vpc-1", &[("subnet-a", "eu-west-1a"), ("subnet-b", "eu-west-1b")], &[]);
    let group = rds.client.create_db_subnet_group().db_subnet_group_name("shop").db_subnet_group_description("d");
    code(group.subnet_ids("subnet-a").subnet_ids("subnet-b").send().await).expect("a group");
    let call = rds.client.restore_db_instance_from_db_snapshot().db_instance_identifier("new");
    code(call.db_snapshot_identifier("s").db_subnet_group_name("shop").send().await).expect("a restore");
    world.remove_vpc(PROD, REGION, "vpc-1");
    world.sleep(RESTORED).await;
    assert_eq!(rds.status("new").await.as_deref(), Ok("incompatible-network"));
}

#[tokio::test(start_paused = true)]
async fn a_region_without_capacity_refuses_restores() {
    for (kind, operation, expected) in [
        (Kind::Instance, "RestoreDBInstanceFromDBSnapshot", "InsufficientDBInstanceCapacity"),
        (Kind::Cluster, "RestoreDBClusterFromSnapshot", "InsufficientStorageClusterCapacity"),
    ] {
        let world = world();
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.snapshot(&world, "s").await;
        let at = Point::Call(operation.to_owned());
        world.plan_faults(Plan::List(vec![Fault { at, nth: EVERY, action: Action::Refuse(expected) }]));
        assert_eq!(rds.restore("s", "new").await, error(expected));
        assert_eq!(rds.status("new").await, Err(kind.database_not_found()));
    }
}
