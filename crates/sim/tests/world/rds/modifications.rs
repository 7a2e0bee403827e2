//! Modifying databases: when a modification applies, and what responses have until then.

use std::time::Duration;

use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder as Modify;
use aws_sdk_rds::types::DbInstance;

use super::support::*;

const COMBINATION: &str = "InvalidParameterCombination";
/// No status is shorter.
const MOMENT: Duration = Duration::from_secs(5);

async fn described(rds: &Rds, id: &str) -> Option<DbInstance> {
    let answer = rds.client.describe_db_instances().db_instance_identifier(id).send().await.ok()?;
    answer.db_instances().first().cloned()
}

/// The statuses of a database, each once, until it is the last one.
pub(crate) async fn statuses(world: &sim::World, rds: &Rds, id: &str, last: &str) -> Vec<String> {
    let (mut seen, end): (Vec<String>, _) = (Vec::new(), world.now() + Duration::from_hours(12));
    loop {
        assert!(world.now() < end, "{id} never had the status {last} after {seen:?}");
        let status = rds.status(id).await.unwrap_or_else(|code| code);
        if seen.last() != Some(&status) {
            seen.push(status.clone());
        }
        if status == last && seen.len() > 1 {
            return seen;
        }
        world.sleep(MOMENT).await;
    }
}

fn modify(rds: &Rds, id: &str) -> Modify {
    rds.client.modify_db_instance().db_instance_identifier(id)
}

#[tokio::test(start_paused = true)]
async fn a_modification_is_pending_until_it_is_applied_and_the_status_is_stale_at_first() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    let answer = modify(&rds, "orders").db_instance_class("db.m6g.large").apply_immediately(true).send().await;
    let answer = answer.expect("a modification");
    let found = answer.db_instance().expect("an instance");
    let pending = |found: &DbInstance| {
        found.pending_modified_values().and_then(|pending| pending.db_instance_class().map(str::to_owned))
    };
    assert_eq!((found.db_instance_status(), found.db_instance_class()), (Some("available"), Some("db.t4g.small")));
    assert_eq!(pending(found).as_deref(), Some("db.m6g.large"));
    assert_eq!(statuses(&world, &rds, "orders", "modifying").await, ["available", "modifying"]);
    let found = described(&rds, "orders").await.expect("it");
    assert_eq!((pending(&found).as_deref(), found.db_instance_class()), (Some("db.m6g.large"), Some("db.t4g.small")));
    assert_eq!(statuses(&world, &rds, "orders", "available").await, ["modifying", "available"]);
    let found = described(&rds, "orders").await.expect("it");
    assert_eq!((pending(&found), found.db_instance_class()), (None, Some("db.m6g.large")));
}

// "When automated backups are turned on, your DB instance is taken offline and a backup is immediately created" (RDS User Guide, "Enabling
// automated backups").
#[tokio::test(start_paused = true)]
async fn an_instance_whose_backups_are_turned_on_is_backed_up_at_once() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    let set = async |days| {
        let call = modify(&rds, "orders").backup_retention_period(days).apply_immediately(true);
        call.send().await.expect("a modification");
    };
    let changed = async || statuses(&world, &rds, "orders", "available").await;
    let automated = async || {
        let call = rds.client.describe_db_snapshots().snapshot_type("automated").db_instance_identifier("orders");
        call.send().await.expect("a list").db_snapshots().len()
    };
    set(0).await;
    world.sleep(Duration::from_hours(1)).await;
    let before = automated().await;
    set(7).await;
    assert_eq!(changed().await, ["available", "modifying", "backing-up", "available"]);
    assert_eq!(automated().await, before + 1);
    // From one positive number to another, nothing is backed up.
    set(14).await;
    world.sleep(Duration::from_hours(1)).await;
    assert_eq!((automated().await, rds.status("orders").await.as_deref()), (before + 1, Ok("available")));
}

#[tokio::test(start_paused = true)]
async fn without_apply_immediately_it_waits_for_the_maintenance_window() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    // The world starts on a Saturday.
    let window = "mon:04:00-mon:04:30";
    modify(&rds, "orders").preferred_maintenance_window(window).send().await.expect("a window");
    modify(&rds, "orders").multi_az(true).send().await.expect("a modification");
    world.sleep(DAY).await;
    let found = described(&rds, "orders").await.expect("it");
    assert_eq!(found.multi_az(), Some(false));
    assert_eq!(found.pending_modified_values().and_then(|pending| pending.multi_az()), Some(true));
    world.sleep(25 * Duration::from_hours(1) + 10 * MINUTE).await;
    let found = described(&rds, "orders").await.expect("it");
    assert_eq!((found.multi_az(), found.db_instance_status()), (Some(true), Some("available")));
    assert!(found.secondary_availability_zone().is_some());
}

/// "Specifies whether the modifications in this request and any pending modifications are asynchronously applied as soon as possible."
#[tokio::test(start_paused = true)]
async fn apply_immediately_applies_what_was_pending_too() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    modify(&rds, "orders").multi_az(true).send().await.expect("a modification");
    modify(&rds, "orders").copy_tags_to_snapshot(true).apply_immediately(true).send().await.expect("another");
    world.sleep(10 * MINUTE).await;
    let found = described(&rds, "orders").await.expect("it");
    assert_eq!((found.multi_az(), found.copy_tags_to_snapshot()), (Some(true), Some(true)));
}

#[tokio::test(start_paused = true)]
async fn storage_grows_by_at_least_a_tenth_and_is_optimized_afterwards() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    let smaller = modify(&rds, "orders").allocated_storage(99).send().await;
    assert_eq!(code(smaller).err().as_deref(), Some(COMBINATION));
    modify(&rds, "orders").allocated_storage(101).apply_immediately(true).send().await.expect("a modification");
    let seen = statuses(&world, &rds, "orders", "storage-optimization").await;
    assert_eq!(seen, ["available", "modifying", "storage-optimization"]);
    assert_eq!(described(&rds, "orders").await.and_then(|found| found.allocated_storage()), Some(110));
    let again = modify(&rds, "orders").allocated_storage(200).apply_immediately(true).send().await;
    assert_eq!(code(again).err().as_deref(), Some("InvalidDBInstanceState"));
    // It can be used meanwhile.
    rds.create("orders", "s").await.expect("a snapshot");
    assert_eq!(statuses(&world, &rds, "orders", "available").await, ["storage-optimization", "available"]);
    assert_eq!(rds.describe("s").await.expect("a snapshot").status, "available");
}

#[tokio::test(start_paused = true)]
async fn several_modifications_are_applied_one_status_after_the_other() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    let logs = aws_sdk_rds::types::CloudwatchLogsExportConfiguration::builder().enable_log_types("postgresql").build();
    let call = modify(&rds, "orders").cloudwatch_logs_export_configuration(logs).master_user_password("another-one");
    let call = call.enable_iam_database_authentication(true).publicly_accessible(false).apply_immediately(true);
    let answer = call.send().await.expect("a modification");
    let pending = answer.db_instance().and_then(|found| found.pending_modified_values()).expect("pending values");
    assert_eq!(pending.master_user_password(), Some("****"));
    let logs = pending.pending_cloudwatch_logs_exports().expect("logs");
    assert_eq!((logs.log_types_to_enable(), logs.log_types_to_disable()), (&["postgresql".to_owned()][..], &[][..]));
    world.sleep(MINUTE).await;
    let mut seen = statuses(&world, &rds, "orders", "available").await;
    seen.sort_unstable();
    let steps = [
        "available",
        "configuring-iam-database-auth",
        "configuring-log-exports",
        "modifying",
        "resetting-master-credentials",
    ];
    assert_eq!(seen, steps);
    let found = described(&rds, "orders").await.expect("it");
    assert_eq!(found.enabled_cloudwatch_logs_exports(), ["postgresql"]);
    assert_eq!((found.iam_database_authentication_enabled(), found.publicly_accessible()), (Some(true), Some(false)));
}

/// AWS states no order, so a program that relies on one fails with some seed.
#[tokio::test(start_paused = true)]
async fn the_order_of_modifications_depends_on_the_seed() {
    let mut orders = std::collections::BTreeSet::new();
    for seed in 0..6 {
        let world = sim::World::with_settings(sim::Settings { seed, ..settings() });
        let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
        rds.database(&world, "orders").await;
        let call = modify(&rds, "orders").master_user_password("another-one").publicly_accessible(false);
        let call = call.new_db_instance_identifier("new").apply_immediately(true);
        call.send().await.expect("a modification");
        let mut seen: Vec<String> = Vec::new();
        while seen.len() < 5 || seen.last().is_none_or(|last| last != "available") {
            let answer = rds.client.describe_db_instances().send().await.expect("instances");
            let status = answer.db_instances()[0].db_instance_status().expect("a status").to_owned();
            if seen.last() != Some(&status) {
                seen.push(status);
            }
            world.sleep(MOMENT).await;
        }
        let found = described(&rds, "new").await.expect("it");
        assert_eq!(found.publicly_accessible(), Some(false));
        orders.insert(seen);
    }
    assert!(orders.len() > 1, "{orders:?}");
}

#[tokio::test(start_paused = true)]
async fn an_instance_moves_to_another_vpc_only() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    for vpc in ["one", "two"] {
        let subnets = ["b", "c"].map(|zone| (format!("subnet-{vpc}-{zone}"), format!("{REGION}{zone}")));
        let subnets: Vec<_> = subnets.iter().map(|(id, zone)| (id.as_str(), zone.as_str())).collect();
        world.add_vpc(PROD, REGION, &format!("vpc-{vpc}"), &subnets, &[&format!("sg-{vpc}")]);
        for name in [vpc.to_owned(), format!("{vpc}-again")] {
            let group =
                rds.client.create_db_subnet_group().db_subnet_group_name(name).db_subnet_group_description("its");
            let group = group.subnet_ids(format!("subnet-{vpc}-b")).subnet_ids(format!("subnet-{vpc}-c"));
            group.send().await.expect("a subnet group");
        }
    }
    let call = rds.client.create_db_instance().db_instance_identifier("orders").db_instance_class("db.t4g.small");
    let call =
        call.engine("postgres").allocated_storage(100).master_username("draco").master_user_password("simulated");
    call.availability_zone("eu-west-1a").send().await.expect("an instance");
    world.sleep(10 * MINUTE).await;
    let to = |group: &str| modify(&rds, "orders").db_subnet_group_name(group).apply_immediately(true);
    // The code is not known.
    let unknown = code(to("none").send().await).expect_err("a refusal");
    assert!(["InvalidParameterValue", "DBSubnetGroupNotFoundFault"].contains(&unknown.as_str()), "{unknown}");
    let foreign = to("one").vpc_security_group_ids("sg-two").send().await;
    assert_eq!(code(foreign).err().as_deref(), Some("InvalidVPCNetworkStateFault"));
    let answer = to("one").vpc_security_group_ids("sg-one").send().await.expect("a move");
    let pending = answer.db_instance().and_then(|found| found.pending_modified_values());
    assert_eq!(pending.and_then(|pending| pending.db_subnet_group_name()), Some("one"));
    world.sleep(MINUTE).await;
    assert_eq!(statuses(&world, &rds, "orders", "available").await, ["moving-to-vpc", "available"]);
    let found = described(&rds, "orders").await.expect("it");
    let group = found.db_subnet_group().expect("a group");
    assert_eq!((group.db_subnet_group_name(), group.vpc_id()), (Some("one"), Some("vpc-one")));
    assert_eq!(found.vpc_security_groups()[0].vpc_security_group_id(), Some("sg-one"));
    // No text states which zone of the group it is.
    assert!(["eu-west-1b", "eu-west-1c"].map(Some).contains(&found.availability_zone()));
    for group in ["one", "one-again"] {
        assert_eq!(code(to(group).send().await).err().as_deref(), Some("InvalidVPCNetworkStateFault"), "{group}");
    }
    code(to("two").send().await).expect("another move");
}

#[tokio::test(start_paused = true)]
async fn a_network_type_must_be_that_of_the_subnet_group() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    code(modify(&rds, "orders").network_type("IPV4").send().await).expect("no change");
    let dual = modify(&rds, "orders").network_type("DUAL").send().await;
    assert_eq!(code(dual).err().as_deref(), Some("NetworkTypeNotSupported"));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_modification_changes_nothing() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    let before = described(&rds, "orders").await;
    type Change = fn(Modify) -> Modify;
    const VALUE: &str = "InvalidParameterValue";
    const ROWS: [(Change, &str); 12] = [
        (|call| call.db_instance_class("large"), VALUE),
        (|call| call.storage_type("floppy"), VALUE),
        (|call| call.iops(3), COMBINATION),
        (|call| call.max_allocated_storage(100), COMBINATION),
        (|call| call.engine_version("15.2"), COMBINATION),
        (|call| call.engine_version("17.1"), COMBINATION),
        (|call| call.master_user_password("short"), VALUE),
        (|call| call.rotate_master_user_password(true).apply_immediately(true), COMBINATION),
        (|call| call.master_user_secret_kms_key_id("some"), COMBINATION),
        (|call| call.new_db_instance_identifier("-"), VALUE),
        (|call| call.option_group_name("none"), "OptionGroupNotFoundFault"),
        (|call| call.monitoring_interval(60), COMBINATION),
    ];
    for (number, (change, error)) in ROWS.into_iter().enumerate() {
        let answer = change(modify(&rds, "orders").multi_az(true)).send().await;
        assert_eq!(code(answer).err().as_deref(), Some(error), "row {number}");
        assert_eq!(described(&rds, "orders").await, before, "row {number}");
    }
    assert_eq!(code(modify(&rds, "none").send().await).err().as_deref(), Some("DBInstanceNotFound"));
}

#[tokio::test(start_paused = true)]
async fn a_renamed_instance_answers_to_its_old_name_until_it_has_rebooted() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let like = DatabaseSpec { tags: tags(&[("team", "shop")]), ..DatabaseSpec::daily(3) };
    rds.create_database("orders", like).await.expect("a database");
    world.sleep(5 * MINUTE).await;
    rds.create("orders", "before").await.expect("a snapshot");
    let before = described(&rds, "orders").await.expect("it");
    let rename = || modify(&rds, "orders").new_db_instance_identifier("Orders-Old").apply_immediately(true);
    let answer = rename().send().await.expect("a rename");
    let pending = answer.db_instance().and_then(|found| found.pending_modified_values());
    assert_eq!(pending.and_then(|pending| pending.db_instance_identifier()), Some("orders-old"));
    let seen = statuses(&world, &rds, "orders", "DBInstanceNotFound").await;
    assert_eq!(seen, ["available", "renaming", "rebooting", "DBInstanceNotFound"]);
    let after = described(&rds, "orders-old").await.expect("it");
    assert_eq!(after.db_instance_status(), Some("available"));
    assert_eq!((after.dbi_resource_id(), after.tag_list()), (before.dbi_resource_id(), before.tag_list()));
    assert_ne!(after.endpoint().and_then(|at| at.address()), before.endpoint().and_then(|at| at.address()));
    assert_eq!(rds.describe("before").await.expect("it").status, "creating");
    // The name is free, and the daily backups continue under the new one.
    assert_eq!(rds.create_database("orders", DatabaseSpec::default()).await, Ok(()));
    world.sleep(2 * DAY).await;
    let query = Query { origin: Some("automated"), database: Some("orders-old"), ..Query::default() };
    assert_eq!(rds.ids(query).await.expect("snapshots").len(), 2);
    let taken = modify(&rds, "orders-old").new_db_instance_identifier("orders").send().await;
    assert_eq!(code(taken).err().as_deref(), Some("DBInstanceAlreadyExists"));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_is_renamed_too() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    rds.database(&world, "orders").await;
    let call = rds.client.modify_db_cluster().db_cluster_identifier("orders").new_db_cluster_identifier("old");
    let answer = call.apply_immediately(true).send().await.expect("a rename");
    let pending = answer.db_cluster().and_then(|found| found.pending_modified_values());
    assert_eq!(pending.and_then(|pending| pending.db_cluster_identifier()), Some("old"));
    let seen = statuses(&world, &rds, "orders", "DBClusterNotFoundFault").await;
    assert_eq!(seen, ["available", "renaming", "rebooting", "DBClusterNotFoundFault"]);
    assert_eq!(rds.status("old").await, Ok("available".to_owned()));
    let answer = rds.client.describe_events().duration(60).send().await.expect("events");
    let told = answer.events().iter().filter_map(|event| event.message()).any(|text| text.ends_with("orders to old"));
    assert!(told, "{:?}", answer.events());
}

#[tokio::test(start_paused = true)]
async fn security_groups_are_added_and_removed_with_a_lag() {
    let world = world();
    let subnets = ["a", "b"].map(|zone| (format!("subnet-{zone}"), format!("{REGION}{zone}")));
    let subnets: Vec<_> = subnets.iter().map(|(id, zone)| (id.as_str(), zone.as_str())).collect();
    let default = world.add_vpc(PROD, REGION, "vpc-1", &subnets, &["sg-1", "sg-2"]);
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let group = rds.client.create_db_subnet_group().db_subnet_group_name("inside").db_subnet_group_description("mine");
    group.subnet_ids("subnet-a").subnet_ids("subnet-b").send().await.expect("a subnet group");
    let call = rds.client.create_db_instance().db_instance_identifier("orders").db_instance_class("db.t4g.small");
    let call =
        call.engine("postgres").allocated_storage(100).master_username("draco").master_user_password("simulated");
    call.db_subnet_group_name("inside").send().await.expect("an instance");
    world.sleep(5 * MINUTE).await;
    let groups = async || {
        let found = described(&rds, "orders").await.expect("it");
        let groups = found.vpc_security_groups().iter();
        let text = |text: Option<&str>| text.expect("a text").to_owned();
        groups.map(|group| (text(group.vpc_security_group_id()), text(group.status()))).collect::<Vec<_>>()
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<_> {
        let mut pairs: Vec<_> = pairs.iter().map(|(id, status)| ((*id).to_owned(), (*status).to_owned())).collect();
        pairs.sort();
        pairs
    };
    assert_eq!(groups().await, pairs(&[(&default, "active")]));
    let elsewhere = world.default_vpc(PROD, REGION).1;
    let refused = modify(&rds, "orders").vpc_security_group_ids(elsewhere).send().await;
    assert_eq!(code(refused).err().as_deref(), Some("InvalidVPCNetworkStateFault"));
    let change = modify(&rds, "orders").vpc_security_group_ids("sg-1").vpc_security_group_ids("sg-2");
    change.send().await.expect("a modification");
    assert_eq!(groups().await, pairs(&[(&default, "removing"), ("sg-1", "adding"), ("sg-2", "adding")]));
    world.sleep(2 * MINUTE).await;
    assert_eq!(groups().await, pairs(&[("sg-1", "active"), ("sg-2", "active")]));
}
