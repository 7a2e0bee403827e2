//! `RestoreDBInstanceFromDBSnapshot` and `RestoreDBClusterFromSnapshot`.

use sim::questions::{RestoredParameterGroup, RestoredStorageType, RestoredTags};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_restored_as_another_database() {
    for kind in BOTH {
        let world = world();
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.snapshot(&world, "s").await;
        assert_eq!(
            rds.restore("s", "of-s").await,
            error(&kind.pick("DBInstanceAlreadyExists", "DBClusterAlreadyExistsFault"))
        );
        assert_eq!(rds.restore("none", "new").await, error(&kind.snapshot_not_found()));
        assert_eq!(rds.restore("s", "no--name").await, error("InvalidParameterValue"));
        assert_eq!(rds.restore("s", "new").await, Ok(()));
        assert_eq!(rds.status("new").await.as_deref(), Ok("creating"));
        world.sleep(RESTORED).await;
        assert_eq!(rds.status("new").await.as_deref(), Ok("available"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_given_is_a_default_and_protection_is_off() {
    let world = world_where(|answers| answers.restored_storage_type = RestoredStorageType::Default);
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let call = rds.client.create_db_instance().db_instance_identifier("orders").db_instance_class("db.m6g.large");
    let call = call.engine("postgres").engine_version("15.8").allocated_storage(200).master_username("owner");
    let call = call.master_user_password("simulated").storage_type("io1").iops(3000).port(6000).multi_az(true);
    let call = call.deletion_protection(true).copy_tags_to_snapshot(true).backup_retention_period(7);
    let call = call.enable_iam_database_authentication(true).max_allocated_storage(500);
    code(call.preferred_backup_window("04:00-04:30").db_name("shop").send().await).expect("an instance");
    world.sleep(5 * MINUTE).await;
    rds.create("orders", "s").await.expect("a snapshot");
    world.sleep(30 * MINUTE).await;
    rds.restore("s", "new").await.expect("a restore");
    world.sleep(2 * RESTORED).await;
    let found = rds.instance("new").await;
    assert_eq!(found.db_instance_status(), Some("available"));
    assert_eq!((found.engine_version(), found.db_instance_class()), (Some("15.8"), Some("db.m6g.large")));
    assert_eq!((found.allocated_storage(), found.master_username()), (Some(200), Some("owner")));
    assert_eq!((found.backup_retention_period(), found.preferred_backup_window()), (Some(7), Some("04:00-04:30")));
    assert_eq!((found.db_name(), found.endpoint().and_then(|it| it.port())), (Some("shop"), Some(6000)));
    assert_eq!((found.multi_az(), found.deletion_protection()), (Some(false), Some(false)));
    assert_eq!((found.copy_tags_to_snapshot(), found.max_allocated_storage()), (Some(false), None));
    assert_eq!((found.iam_database_authentication_enabled(), found.storage_type()), (Some(false), Some("gp3")));
}

#[tokio::test(start_paused = true)]
async fn a_request_is_refused_before_anything_is_created() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.snapshot(&world, "s").await;
    world.withhold_class(REGION, "db.r7g.large");
    world.add_vpc(PROD, REGION, "vpc-1", &[("subnet-a", "eu-west-1a"), ("subnet-b", "eu-west-1b")], &["sg-1"]);
    let group = rds.client.create_db_parameter_group().db_parameter_group_name("old").description("d");
    code(group.db_parameter_group_family("postgres15").send().await).expect("a group");
    let new =
        || rds.client.restore_db_instance_from_db_snapshot().db_instance_identifier("new").db_snapshot_identifier("s");
    for (call, expected) in [
        (new().allocated_storage(50), "InvalidParameterCombination"),
        (new().db_instance_class("db.r7g.large"), "InvalidParameterCombination"),
        (new().db_instance_class("db.serverless"), "InvalidParameterValue"),
        (new().engine("mysql"), "InvalidParameterCombination"),
        (new().db_parameter_group_name("old"), "InvalidParameterCombination"),
        (new().db_parameter_group_name("none"), "DBParameterGroupNotFound"),
        (new().option_group_name("none"), "OptionGroupNotFoundFault"),
        (new().db_subnet_group_name("none"), "DBSubnetGroupNotFoundFault"),
        (new().vpc_security_group_ids("sg-1"), "InvalidVPCNetworkStateFault"),
        (new().multi_az(true).availability_zone("eu-west-1a"), "InvalidParameterCombination"),
        (new().storage_type("gp2").iops(3000), "InvalidParameterCombination"),
        (new().network_type("DUAL"), "NetworkTypeNotSupported"),
        (new().domain("d-1"), "NotSimulated"),
        // "only applies to RDS for Oracle and RDS for SQL Server DB instances"
        (new().db_name("shop"), "NotSimulated"),
    ] {
        assert_eq!(code(call.clone().send().await).map(drop), error(expected), "{call:?}");
    }
    world.retire_engine_version("postgres", "16.4");
    assert_eq!(code(new().send().await).map(drop), error("InvalidParameterCombination"));
    assert_eq!(rds.status("new").await, Err("DBInstanceNotFound".to_owned()));
}

// "This setting isn't valid for RDS for SQL Server" (`AllocatedStorage`).
#[tokio::test(start_paused = true)]
async fn a_restore_of_sql_server_has_no_size() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let call = rds.client.create_db_instance().db_instance_identifier("orders").engine("sqlserver-se");
    let call = call.db_instance_class("db.m5.large").allocated_storage(100).backup_retention_period(7);
    let call = call.preferred_backup_window("04:00-04:30");
    code(call.master_username("owner").master_user_password("simulated").send().await).expect("an instance");
    world.sleep(272 * MINUTE).await;
    rds.create("orders", "s").await.expect("a snapshot");
    world.sleep(30 * MINUTE).await;
    let new =
        || rds.client.restore_db_instance_from_db_snapshot().db_instance_identifier("new").db_snapshot_identifier("s");
    assert_eq!(code(new().allocated_storage(100).send().await).map(drop), error("InvalidParameterCombination"));
    let to_time = rds.client.restore_db_instance_to_point_in_time().source_db_instance_identifier("orders");
    let to_time = to_time.target_db_instance_identifier("new").use_latest_restorable_time(true);
    let with_size = to_time.clone().allocated_storage(100);
    assert_eq!(code(with_size.send().await).map(drop), error("InvalidParameterCombination"));
    assert_eq!(code(to_time.iops(3000).send().await).map(drop), error("NotSimulated"));
    code(new().send().await).expect("a restore");
}

// "When specified for a Multi-AZ DB cluster, a value for the Iops parameter is required" (`StorageType`).
#[tokio::test(start_paused = true)]
async fn the_storage_type_of_a_multi_az_cluster_needs_iops_in_the_same_request() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    let call = rds.client.create_db_cluster().db_cluster_identifier("orders").engine("postgres");
    let call = call.db_cluster_instance_class("db.m6gd.large").allocated_storage(100).iops(3000).storage_type("gp3");
    code(call.master_username("owner").master_user_password("simulated").send().await).expect("a cluster");
    world.sleep(30 * MINUTE).await;
    rds.create("orders", "s").await.expect("a snapshot");
    world.sleep(30 * MINUTE).await;
    let new = rds.client.restore_db_cluster_from_snapshot().db_cluster_identifier("new").snapshot_identifier("s");
    let new = new.engine("postgres").storage_type("gp3");
    assert_eq!(code(new.clone().send().await).map(drop), error("MissingParameter"));
    let modify = rds.client.modify_db_cluster().db_cluster_identifier("orders").storage_type("io1");
    assert_eq!(code(modify.clone().send().await).map(drop), error("MissingParameter"));
    code(new.iops(3000).send().await).expect("a restore");
    code(modify.iops(3000).send().await).expect("a modification");
}

#[tokio::test(start_paused = true)]
async fn a_shared_snapshot_is_restored_unless_it_is_encrypted() {
    for kind in BOTH {
        let world = world();
        let (prod, dr) = (Rds::new(&world, PROD, REGION, kind), Rds::new(&world, DR, REGION, kind));
        prod.snapshot(&world, "s").await;
        let arn = kind.arn(PROD, REGION, "s");
        assert_eq!(dr.restore(&arn, "new").await, error(&kind.snapshot_not_found()));
        prod.share("s", &[DR], &[]).await.expect("a share");
        assert_eq!(dr.restore("s", "new").await, error(&kind.snapshot_not_found()));
        assert_eq!(dr.restore(&arn, "new").await, Ok(()));

        let kms = aws_sdk_kms::Client::new(&world.sdk_config(PROD, REGION));
        let key = kms.create_key().send().await.expect("a key").key_metadata.expect("it").arn.expect("an ARN");
        let spec = DatabaseSpec { key: Some(&key), is_encrypted: true, ..DatabaseSpec::default() };
        prod.create_database("secret", spec).await.expect("a database");
        world.sleep(5 * MINUTE).await;
        prod.create("secret", "e").await.expect("a snapshot");
        world.sleep(10 * MINUTE).await;
        prod.share("e", &[DR], &[]).await.expect("a share");
        let refused = dr.restore(&kind.arn(PROD, REGION, "e"), "encrypted").await;
        assert!(refused.is_err_and(|code| code.starts_with("InvalidParameter")));
        prod.restore("e", "encrypted").await.expect("a restore");
        let own = match kind {
            Kind::Instance => prod.instance("encrypted").await.kms_key_id,
            Kind::Cluster => prod.cluster("encrypted").await.kms_key_id,
        };
        assert_eq!(own, Some(key));
    }
}

#[tokio::test(start_paused = true)]
async fn without_tags_those_of_the_source_come_along() {
    for (answer, expected) in [(RestoredTags::OfTheDatabase, "database"), (RestoredTags::OfTheSnapshot, "snapshot")] {
        let world = world_where(|answers| answers.restored_tags = answer);
        let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
        let spec = DatabaseSpec { tags: tags(&[("of", "database")]), ..DatabaseSpec::default() };
        rds.create_database("orders", spec).await.expect("a database");
        world.sleep(5 * MINUTE).await;
        rds.create_tagged("orders", "s", tags(&[("of", "snapshot")])).await.expect("a snapshot");
        world.sleep(10 * MINUTE).await;
        rds.restore("s", "plain").await.expect("a restore");
        assert_eq!(read_tags(rds.instance("plain").await.tag_list()), tags(&[("of", expected)]));
        let wanted = tags(&[("of", "request")]);
        let call = rds.client.restore_db_instance_from_db_snapshot().db_instance_identifier("tagged");
        let call = call.db_snapshot_identifier("s").set_tags(Some(sdk_tags(&wanted)));
        code(call.send().await).expect("a restore");
        assert_eq!(read_tags(rds.instance("tagged").await.tag_list()), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_given_parameter_group_may_wait_for_a_reboot() {
    let worlds =
        [(RestoredParameterGroup::PendingReboot, "pending-reboot"), (RestoredParameterGroup::InSync, "in-sync")];
    for (answer, expected) in worlds {
        let world = world_where(|answers| answers.restored_parameter_group = answer);
        let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
        rds.snapshot(&world, "s").await;
        let group = rds.client.create_db_parameter_group().db_parameter_group_name("shop").description("d");
        code(group.db_parameter_group_family("postgres16").send().await).expect("a group");
        let call = rds.client.restore_db_instance_from_db_snapshot().db_instance_identifier("new");
        let call = call.db_snapshot_identifier("s").db_parameter_group_name("shop");
        code(call.send().await).expect("a restore");
        rds.restore("s", "plain").await.expect("a restore");
        world.sleep(RESTORED).await;
        let status = |found: DbInstance| found.db_parameter_groups()[0].parameter_apply_status().map(str::to_owned);
        assert_eq!(status(rds.instance("new").await).as_deref(), Some(expected));
        assert_eq!(status(rds.instance("plain").await).as_deref(), Some("in-sync"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_has_the_region_s_version_unless_one_is_given() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    let call = rds.client.create_db_cluster().db_cluster_identifier("orders").engine("aurora-postgresql");
    let call = call.engine_version("15.8").master_username("draco").master_user_password("simulated").port(6000);
    code(call.send().await).expect("a cluster");
    world.sleep(5 * MINUTE).await;
    rds.create("orders", "s").await.expect("a snapshot");
    world.sleep(10 * MINUTE).await;
    rds.restore("s", "latest").await.expect("a restore");
    let new = || rds.client.restore_db_cluster_from_snapshot().snapshot_identifier("s").engine("aurora-postgresql");
    let same = new().db_cluster_identifier("same").engine_version("15.8").backup_retention_period(3);
    code(same.send().await).expect("a restore");
    let older = new().db_cluster_identifier("older").engine_version("14.13");
    assert_eq!(code(older.send().await).map(drop), error("InvalidParameterCombination"));
    let other = rds.client.restore_db_cluster_from_snapshot().snapshot_identifier("s").engine("aurora-mysql");
    assert_eq!(code(other.db_cluster_identifier("other").send().await).map(drop), error("InvalidParameterCombination"));
    let (latest, same) = (rds.cluster("latest").await, rds.cluster("same").await);
    assert_eq!(
        (latest.engine_version(), latest.port(), latest.backup_retention_period()),
        (Some("16.4"), Some(6000), Some(1))
    );
    assert_eq!(
        (same.engine_version(), same.port(), same.backup_retention_period()),
        (Some("15.8"), Some(6000), Some(3))
    );
}

#[tokio::test(start_paused = true)]
async fn a_restored_instance_with_backups_is_backed_up_at_once() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.create_database("orders", DatabaseSpec::daily(7)).await.expect("a database");
    world.sleep(5 * MINUTE).await;
    rds.create("orders", "s").await.expect("a snapshot");
    world.sleep(10 * MINUTE).await;
    rds.restore("s", "with").await.expect("a restore");
    let call = rds.client.restore_db_instance_from_db_snapshot().db_instance_identifier("without");
    code(call.db_snapshot_identifier("s").backup_retention_period(0).send().await).expect("a restore");
    let statuses = async |id: &str| {
        let mut seen = Vec::new();
        for _ in 0..60 {
            let status = rds.status(id).await.expect("a status");
            if seen.last() != Some(&status) {
                seen.push(status);
            }
            world.sleep(MINUTE / 2).await;
        }
        seen
    };
    let (with, without) = tokio::join!(statuses("with"), statuses("without"));
    assert_eq!(with, ["creating", "backing-up", "available"]);
    assert_eq!(without, ["creating", "available"]);
}

#[tokio::test(start_paused = true)]
async fn the_storage_of_a_restored_instance_is_loaded_after_it_is_available() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.snapshot(&world, "s").await;
    rds.restore("s", "new").await.expect("a restore");
    let operation = async || {
        let found = rds.instance("new").await;
        let is_loading = world.is_storage_loading(PROD, REGION, found.dbi_resource_id().expect("an ID"));
        assert_eq!(is_loading, found.storage_operation_status().is_some());
        (found.storage_operation_status, found.storage_operation_percent_progress)
    };
    assert_eq!(operation().await, (None, None));
    // 100 GiB at 5 GiB a minute, from at most 15 minutes after the request on.
    world.sleep(16 * MINUTE).await;
    let (status, percent) = operation().await;
    assert_eq!(status.as_deref(), Some("Initializing"));
    assert!(percent.is_some_and(|percent| (0..100).contains(&percent)), "{percent:?}");
    world.sleep(20 * MINUTE).await;
    assert_eq!(operation().await, (None, None));
}
