//! The settings of databases: accepted, validated and returned.

use aws_sdk_rds::error::ProvideErrorMetadata;
use aws_sdk_rds::operation::create_db_cluster::builders::CreateDBClusterFluentBuilder;
use aws_sdk_rds::operation::create_db_instance::builders::CreateDBInstanceFluentBuilder;
use aws_sdk_rds::types::{DbCluster, DbInstance};

use super::support::*;

const VALUE: &str = "InvalidParameterValue";
const COMBINATION: &str = "InvalidParameterCombination";
const MISSING: &str = "MissingParameter";

type Instance = CreateDBInstanceFluentBuilder;
type Cluster = CreateDBClusterFluentBuilder;

/// A request with all that an instance needs.
fn instance(rds: &Rds, engine: &str, id: &str) -> Instance {
    let call = rds.client.create_db_instance().db_instance_identifier(id).engine(engine).allocated_storage(100);
    call.db_instance_class("db.m6i.large").master_username("draco").master_user_password("simulated")
}

/// A request with all that a Multi-AZ cluster needs.
fn multi_az_cluster(rds: &Rds, id: &str) -> Cluster {
    let call = rds.client.create_db_cluster().db_cluster_identifier(id).engine("mysql").allocated_storage(100);
    let call = call.db_cluster_instance_class("db.m6gd.large").iops(1000);
    call.master_username("draco").master_user_password("simulated")
}

async fn created(call: Instance) -> Result<DbInstance, String> {
    code(call.send().await).map(|answer| answer.db_instance().expect("an instance").clone())
}

async fn created_cluster(call: Cluster) -> Result<DbCluster, String> {
    code(call.send().await).map(|answer| answer.db_cluster().expect("a cluster").clone())
}

#[tokio::test(start_paused = true)]
async fn settings_of_an_instance_are_returned() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let call =
        instance(&rds, "postgres", "orders").availability_zone("eu-west-1c").enable_iam_database_authentication(true);
    let call = call.preferred_maintenance_window("Sun:05:00-Sun:05:30").preferred_backup_window("04:00-04:30");
    let call = call.deletion_protection(true).auto_minor_version_upgrade(false).max_allocated_storage(1000).port(5433);
    let call = call.monitoring_interval(60).monitoring_role_arn("arn:aws:iam::111111111111:role/monitoring");
    let call = call.enable_cloudwatch_logs_exports("postgresql").db_name("shop").publicly_accessible(false);
    // "The endpoint might not be shown for instances with the status of creating."
    assert_eq!(created(call).await.expect("an instance").endpoint(), None);
    world.sleep(5 * MINUTE).await;
    let answer = rds.client.describe_db_instances().send().await.expect("instances");
    let found = &answer.db_instances()[0];
    assert_eq!(found.availability_zone(), Some("eu-west-1c"));
    assert_eq!(found.preferred_maintenance_window(), Some("sun:05:00-sun:05:30"));
    assert_eq!((found.iam_database_authentication_enabled(), found.deletion_protection()), (Some(true), Some(true)));
    assert_eq!((found.auto_minor_version_upgrade(), found.publicly_accessible()), (Some(false), Some(false)));
    assert_eq!((found.max_allocated_storage(), found.monitoring_interval()), (Some(1000), Some(60)));
    assert_eq!(
        (found.enabled_cloudwatch_logs_exports(), found.db_name()),
        (&["postgresql".to_owned()][..], Some("shop"))
    );
    assert_eq!(found.endpoint().and_then(|endpoint| endpoint.port()), Some(5433));
    assert_eq!((found.storage_type(), found.multi_az()), (Some("gp3"), Some(false)));
    assert_eq!(found.secondary_availability_zone(), None);
}

/// "Default: io1, if the Iops parameter is specified. Otherwise, gp3."
#[tokio::test(start_paused = true)]
async fn the_storage_type_is_gp3_unless_iops_are_given() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    for (id, iops, storage_type) in [("general", None, "gp3"), ("fast", Some(3000), "io1")] {
        let found = created(instance(&rds, "postgres", id).set_iops(iops)).await.expect("an instance");
        // gp3 has 3000 without a request.
        assert_eq!((found.storage_type(), found.iops()), (Some(storage_type), Some(3000)));
    }
}

/// The table in the RDS User Guide, "gp3 storage", and the ratios below it. The code of a refusal of a value is not known.
#[tokio::test(start_paused = true)]
async fn the_performance_of_gp3_can_be_chosen_from_a_size_on() {
    let world = with_quota_of_instances(100);
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    for (number, (engine, gib, wanted, expected)) in [
        ("postgres", 399, (None, None), Some((3000, 125))),
        ("postgres", 399, (Some(3000), None), None),
        ("postgres", 399, (None, Some(125)), None),
        ("postgres", 400, (None, None), Some((12_000, 500))),
        ("postgres", 400, (Some(13_000), Some(600)), Some((13_000, 600))),
        ("postgres", 400, (Some(11_999), None), None),
        ("postgres", 400, (Some(64_000), Some(4000)), Some((64_000, 4000))),
        ("postgres", 400, (Some(64_001), None), None),
        ("postgres", 400, (Some(64_000), Some(4001)), None),
        ("postgres", 400, (Some(40_000), None), Some((40_000, 500))),
        ("postgres", 65_536, (Some(12_000), None), Some((12_000, 500))),
        ("postgres", 400, (Some(12_000), Some(3000)), Some((12_000, 3000))),
        ("postgres", 400, (Some(12_000), Some(3001)), None),
        ("mysql", 400, (Some(32_000), None), Some((32_000, 500))),
        ("mysql", 400, (Some(40_000), None), Some((40_000, 625))),
        ("mysql", 400, (Some(40_000), Some(624)), None),
        ("oracle-ee", 199, (Some(3000), None), None),
        ("oracle-ee", 300, (None, Some(499)), None),
        ("oracle-ee", 300, (Some(12_000), None), Some((12_000, 500))),
        ("sqlserver-se", 20, (Some(4000), None), Some((4000, 125))),
        ("sqlserver-se", 20, (Some(10_001), None), None),
        ("sqlserver-se", 400, (None, None), Some((3000, 125))),
        ("sqlserver-se", 400, (Some(16_000), Some(1000)), Some((16_000, 1000))),
        ("sqlserver-se", 400, (Some(2999), None), None),
        ("sqlserver-se", 16_384, (Some(8191), None), None),
        ("sqlserver-se", 16_384, (Some(8192), None), Some((8192, 125))),
    ]
    .into_iter()
    .enumerate()
    {
        let call = instance(&rds, engine, &format!("n{number}")).storage_type("gp3").allocated_storage(gib);
        let found = created(call.set_iops(wanted.0).set_storage_throughput(wanted.1)).await;
        let is_known = |error: &String| [VALUE, COMBINATION].contains(&error.as_str());
        assert!(found.as_ref().err().is_none_or(is_known), "row {number}: {:?}", found.err());
        let found = found.ok().map(|found| (found.iops().expect("IOPS"), found.storage_throughput().expect("MiB/s")));
        assert_eq!(found, expected, "row {number}");
    }
}

/// "When the storage size for gp3 volumes reaches a certain threshold, the baseline storage performance increases." Below it, IOPS cannot
/// be provisioned, so those that were chosen for io1 do not stay.
#[tokio::test(start_paused = true)]
async fn the_baseline_of_gp3_follows_its_size() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    created(instance(&rds, "postgres", "moves").storage_type("io1").iops(1000)).await.expect("an instance");
    world.sleep(10 * MINUTE).await;
    let modify = || rds.client.modify_db_instance().db_instance_identifier("moves").apply_immediately(true);
    for (call, expected) in
        [(modify().storage_type("gp3"), (3000, 125)), (modify().allocated_storage(500), (12_000, 500))]
    {
        code(call.send().await).expect("a modification");
        world.sleep(2 * DAY).await;
        let answer = rds.client.describe_db_instances().send().await.expect("instances");
        let found = &answer.db_instances()[0];
        assert_eq!(found.storage_type(), Some("gp3"));
        assert_eq!((found.iops(), found.storage_throughput()), (Some(expected.0), Some(expected.1)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_in_two_zones_has_a_second_zone() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let found = created(instance(&rds, "mysql", "orders").multi_az(true)).await.expect("an instance");
    assert_eq!(found.multi_az(), Some(true));
    assert!(found.secondary_availability_zone().is_some_and(|zone| Some(zone) != found.availability_zone()));
    let chosen = instance(&rds, "mysql", "chosen").multi_az(true).availability_zone("eu-west-1a");
    assert_eq!(created(chosen).await.err().as_deref(), Some(COMBINATION));
}

/// Each request has one invalid value.
#[tokio::test(start_paused = true)]
async fn invalid_settings_of_an_instance_are_refused() {
    type Change = fn(Instance) -> Instance;
    const ROWS: [(&str, Change, &str); 40] = [
        ("postgres", |call| call.set_db_instance_class(None), MISSING),
        ("postgres", |call| call.db_instance_class("m6g.large"), VALUE),
        ("postgres", |call| call.db_instance_class("db.db.t3.micro"), VALUE),
        ("postgres", |call| call.set_master_username(None), MISSING),
        ("postgres", |call| call.master_username("1st"), VALUE),
        ("postgres", |call| call.master_username("admin"), VALUE),
        ("postgres", |call| call.master_username("user"), VALUE),
        ("postgres", |call| call.master_username("a2345678901234567"), VALUE),
        ("postgres", |call| call.set_master_user_password(None), MISSING),
        ("postgres", |call| call.master_user_password("short"), VALUE),
        ("postgres", |call| call.master_user_password("simul@ted"), VALUE),
        ("mysql", |call| call.master_user_password("p".repeat(42)), VALUE),
        ("postgres", |call| call.manage_master_user_password(true), COMBINATION),
        ("postgres", |call| call.set_allocated_storage(None), MISSING),
        ("postgres", |call| call.allocated_storage(19), VALUE),
        ("sqlserver-se", |call| call.allocated_storage(20000), VALUE),
        ("postgres", |call| call.storage_type("io1"), COMBINATION),
        ("postgres", |call| call.storage_type("io1").allocated_storage(99).iops(1000), VALUE),
        ("postgres", |call| call.storage_type("io2").iops(49), COMBINATION),
        ("postgres", |call| call.storage_type("gp2").iops(1000), COMBINATION),
        ("postgres", |call| call.storage_type("gp2").storage_throughput(500), COMBINATION),
        ("postgres", |call| call.storage_type("floppy"), VALUE),
        ("db2-se", |call| call.storage_type("gp2"), VALUE),
        ("postgres", |call| call.max_allocated_storage(100), COMBINATION),
        ("postgres", |call| call.availability_zone("us-east-1a"), VALUE),
        ("postgres", |call| call.preferred_backup_window("04:00-04:29"), VALUE),
        ("postgres", |call| call.preferred_maintenance_window("sun:05:00-sun:05:29"), VALUE),
        ("postgres", |call| call.backup_retention_period(36), VALUE),
        ("postgres", |call| call.port(1149), VALUE),
        ("sqlserver-ex", |call| call.port(1434), VALUE),
        ("oracle-ee", |call| call.enable_iam_database_authentication(true), COMBINATION),
        ("mysql", |call| call.enable_cloudwatch_logs_exports("postgresql"), COMBINATION),
        ("mysql", |call| call.license_model("license-included"), COMBINATION),
        ("postgres", |call| call.monitoring_interval(60), COMBINATION),
        ("postgres", |call| call.monitoring_interval(60).monitoring_role_arn("banana"), VALUE),
        ("postgres", |call| call.engine_version("banana"), VALUE),
        ("postgres", |call| call.db_name("1 bad!"), VALUE),
        ("sqlserver-se", |call| call.db_name("orders"), VALUE),
        ("oracle-ee", |call| call.db_name("ninechars"), VALUE),
        ("dbase", |call| call, VALUE),
    ];
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    for (number, (engine, change, error)) in ROWS.into_iter().enumerate() {
        let answer = created(change(instance(&rds, engine, "orders"))).await;
        assert_eq!(answer.err().as_deref(), Some(error), "row {number}");
    }
    for engine in ["postgres", "mysql", "sqlserver-se", "db2-se", "sqlserver-ex", "oracle-ee"] {
        created(instance(&rds, engine, &format!("valid-{engine}"))).await.expect("an instance");
    }
}

#[tokio::test(start_paused = true)]
async fn windows_for_backups_and_maintenance_do_not_overlap() {
    let world = with_quota_of_instances(100);
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let call = |id: &str, backups: &str, maintenance: &str| {
        let call = instance(&rds, "postgres", id).preferred_backup_window(backups);
        created(call.preferred_maintenance_window(maintenance))
    };
    assert_eq!(call("a", "05:00-06:00", "sun:05:15-sun:05:45").await.err().as_deref(), Some(VALUE));
    assert_eq!(call("a", "00:00-00:30", "sat:23:45-sun:00:15").await.err().as_deref(), Some(VALUE));
    assert!(call("a", "05:00-06:00", "sun:06:00-sun:06:30").await.is_ok());
    // A window that the request does not give is chosen beside the other.
    for hour in 0..24 {
        let window = format!("{hour:02}:00-{:02}:00", (hour + 1) % 24);
        let backups = instance(&rds, "postgres", &format!("b-{hour}")).preferred_backup_window(&window);
        created(backups).await.expect("an instance");
        let maintenance = instance(&rds, "postgres", &format!("m-{hour}"));
        let window = format!(
            "mon:{hour:02}:00-{}",
            if hour == 23 { "tue:00:00".to_owned() } else { format!("mon:{:02}:00", hour + 1) }
        );
        created(maintenance.preferred_maintenance_window(window)).await.expect("an instance");
    }
}

#[tokio::test(start_paused = true)]
async fn a_multi_az_cluster_needs_a_class_storage_and_iops() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    type Change = fn(Cluster) -> Cluster;
    const ROWS: [(Change, &str); 11] = [
        (|call| call.set_db_cluster_instance_class(None), MISSING),
        // A class without a local disk.
        (|call| call.db_cluster_instance_class("db.m6g.large"), VALUE),
        (|call| call.set_allocated_storage(None), MISSING),
        (|call| call.set_iops(None), MISSING),
        (|call| call.storage_type("gp2"), VALUE),
        (|call| call.set_master_user_password(None), MISSING),
        // "Valid for Cluster Type: Aurora DB clusters only"
        (|call| call.availability_zones("eu-west-1a"), COMBINATION),
        (|call| call.network_type("DUAL"), COMBINATION),
        // "1 to 52 (for Multi-AZ DB clusters)"
        (|call| call.db_cluster_identifier("c".repeat(53)), VALUE),
        (|call| call.master_username("sh_op"), VALUE),
        (|call| call.engine("aurora-mysql"), COMBINATION),
    ];
    for (number, (change, error)) in ROWS.into_iter().enumerate() {
        let answer = created_cluster(change(multi_az_cluster(&rds, "orders"))).await;
        assert_eq!(answer.err().as_deref(), Some(error), "row {number}");
    }
    let found = created_cluster(multi_az_cluster(&rds, "orders")).await.expect("a cluster");
    assert_eq!((found.storage_type(), found.iops(), found.allocated_storage()), (Some("io1"), Some(1000), Some(100)));
    assert_eq!((found.db_cluster_instance_class(), found.multi_az()), (Some("db.m6gd.large"), Some(true)));
    // The table of gp3 is that of instances.
    let found = created_cluster(multi_az_cluster(&rds, "general").storage_type("gp3")).await.expect("a cluster");
    assert_eq!((found.storage_type(), found.iops()), (Some("gp3"), Some(1000)));
}

/// "Valid for Cluster Type: Aurora MySQL DB clusters only" (`BacktrackWindow`)
#[tokio::test(start_paused = true)]
async fn only_aurora_mysql_has_a_backtrack_window() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    let create = |engine: &str| {
        let call = rds.client.create_db_cluster().db_cluster_identifier(engine).engine(engine).backtrack_window(3600);
        created_cluster(call.master_username("draco").master_user_password("simulated"))
    };
    assert_eq!(create("aurora-postgresql").await.err().as_deref(), Some(COMBINATION));
    assert_eq!(create("aurora-mysql").await.expect("a cluster").backtrack_window(), Some(3600));
    rds.snapshot(&world, "s").await;
    let modify = rds.client.modify_db_cluster().db_cluster_identifier("of-s").backtrack_window(3600);
    assert_eq!(code(modify.send().await).err().as_deref(), Some(COMBINATION));
    let restore = rds.client.restore_db_cluster_from_snapshot().db_cluster_identifier("new").snapshot_identifier("s");
    let restore = restore.engine("aurora-postgresql").backtrack_window(3600).send();
    assert_eq!(code(restore.await).err().as_deref(), Some(COMBINATION));
}

/// "The network type is determined by the DBSubnetGroup": those of the simulation have IPv4 only.
#[tokio::test(start_paused = true)]
async fn the_network_type_must_be_one_of_the_subnet_group() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let dual = created(instance(&rds, "postgres", "dual").network_type("DUAL")).await;
    assert_eq!(dual.err().as_deref(), Some("NetworkTypeNotSupported"));
    let single = created(instance(&rds, "postgres", "single").network_type("IPV4")).await;
    assert_eq!(single.expect("an instance").network_type(), Some("IPV4"));
    let call = rds.client.create_db_cluster().db_cluster_identifier("dual").engine("aurora-mysql").network_type("DUAL");
    let dual = created_cluster(call.master_username("draco").master_user_password("simulated")).await;
    assert_eq!(dual.err().as_deref(), Some("NetworkTypeNotSupported"));
}

#[tokio::test(start_paused = true)]
async fn every_engine_has_its_port_and_license() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    for (engine, port, license) in [
        ("db2-ae", 50000, "bring-your-own-license"),
        ("mariadb", 3306, "general-public-license"),
        ("oracle-se2-cdb", 1521, "license-included"),
        ("sqlserver-web", 1433, "license-included"),
    ] {
        created(instance(&rds, engine, engine)).await.expect("an instance");
        world.sleep(5 * MINUTE).await;
        let answer = rds.client.describe_db_instances().db_instance_identifier(engine).send().await.expect("instances");
        let found = &answer.db_instances()[0];
        assert_eq!(found.endpoint().and_then(|endpoint| endpoint.port()), Some(port), "{engine}");
        assert_eq!(found.license_model(), Some(license), "{engine}");
    }
    let clusters = Rds::new(&world, PROD, REGION, Kind::Cluster);
    for (engine, port) in [("docdb", 27017), ("neptune", 8182), ("aurora-mysql", 3306)] {
        let call = clusters.client.create_db_cluster().db_cluster_identifier(engine).engine(engine);
        let call = call.master_username("draco").master_user_password("simulated");
        assert_eq!(created_cluster(call).await.expect("a cluster").port(), Some(port), "{engine}");
    }
}

#[tokio::test(start_paused = true)]
async fn rds_custom_requires_a_version_a_profile_a_key_and_no_automatic_upgrades() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let kms = aws_sdk_kms::Client::new(&world.sdk_config(PROD, REGION));
    let key = kms.create_key().send().await.expect("a key");
    let key = key.key_metadata().expect("a key").key_id().to_owned();
    type Change = fn(Instance) -> Instance;
    let complete = || {
        let call = instance(&rds, "custom-oracle-ee", "orders").engine_version("19.my_cev1");
        let call = call.custom_iam_instance_profile("AWSRDSCustomInstanceProfile").auto_minor_version_upgrade(false);
        call.storage_encrypted(true).kms_key_id(&key)
    };
    const ROWS: [(Change, &str); 5] = [
        (|call| call.backup_retention_period(0), VALUE),
        (|call| call.set_engine_version(None), MISSING),
        (|call| call.set_custom_iam_instance_profile(None), MISSING),
        (|call| call.set_kms_key_id(None), MISSING),
        (|call| call.set_auto_minor_version_upgrade(None), COMBINATION),
    ];
    for (number, (change, error)) in ROWS.into_iter().enumerate() {
        assert_eq!(created(change(complete())).await.err().as_deref(), Some(error), "row {number}");
    }
    assert!(created(complete()).await.is_ok());
    // "This setting is required for RDS Custom." (`SkipFinalSnapshot`)
    world.sleep(5 * MINUTE).await;
    let delete = rds.client.delete_db_instance().db_instance_identifier("orders");
    let refused = delete.final_db_snapshot_identifier("last").send().await.expect_err("a refusal");
    assert_eq!(refused.code(), Some(COMBINATION));
}

#[tokio::test(start_paused = true)]
async fn a_managed_password_has_a_secret() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let call = instance(&rds, "postgres", "orders").set_master_user_password(None).manage_master_user_password(true);
    let found = created(call).await.expect("an instance");
    let secret = found.master_user_secret().expect("a secret");
    assert!(
        secret
            .secret_arn()
            .is_some_and(|arn| arn.starts_with("arn:aws:secretsmanager:eu-west-1:111111111111:secret:rds!db-"))
    );
    assert_eq!(secret.secret_status(), Some("creating"));
}

#[tokio::test(start_paused = true)]
async fn a_protected_database_is_deleted_only_after_its_protection_is_removed() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    created(instance(&rds, "postgres", "orders").deletion_protection(true)).await.expect("an instance");
    world.sleep(5 * MINUTE).await;
    assert_eq!(rds.delete_database("orders", true).await, Err(COMBINATION.to_owned()));
    let modify = rds.client.modify_db_instance().db_instance_identifier("orders").deletion_protection(false);
    let changed = modify.apply_immediately(true).send().await.expect("a change");
    assert_eq!(changed.db_instance().and_then(|found| found.deletion_protection()), Some(false));
    assert_eq!(rds.delete_database("orders", true).await, Ok(()));

    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    created_cluster(multi_az_cluster(&rds, "orders").deletion_protection(true)).await.expect("a cluster");
    world.sleep(5 * MINUTE).await;
    assert_eq!(rds.delete_database("orders", true).await, Err(COMBINATION.to_owned()));
    let modify = rds.client.modify_db_cluster().db_cluster_identifier("orders").deletion_protection(false);
    modify.send().await.expect("a change");
    assert_eq!(rds.delete_database("orders", true).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_modification_that_is_not_simulated_is_refused() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    let modify = || rds.client.modify_db_instance().db_instance_identifier("orders");
    let joined = modify().domain("d-1").send().await;
    assert_eq!(code(joined).err().as_deref(), Some("NotSimulated"));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_keeps_the_settings_that_its_database_had() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let call = instance(&rds, "postgres", "orders").enable_iam_database_authentication(true);
    created(call.availability_zone("eu-west-1b").copy_tags_to_snapshot(false)).await.expect("an instance");
    world.sleep(5 * MINUTE).await;
    rds.create("orders", "s").await.expect("a snapshot");
    let answer = rds.client.describe_db_snapshots().send().await.expect("snapshots");
    let found = &answer.db_snapshots()[0];
    assert_eq!((found.storage_type(), found.availability_zone()), (Some("gp3"), Some("eu-west-1b")));
    assert_eq!((found.iam_database_authentication_enabled(), found.master_username()), (Some(true), Some("draco")));
}
