//! Classes and versions that can be ordered, and quotas.

use sim::{Quotas, Settings};

use super::*;

async fn instance(rds: &Rds, id: &str, class: &str, version: Option<&str>) -> Result<(), String> {
    let call = rds.client.create_db_instance().db_instance_identifier(id).db_instance_class(class);
    let call = call.engine("postgres").allocated_storage(100).master_username("draco");
    let call = call.master_user_password("simulated").set_engine_version(version.map(str::to_owned));
    code(call.send().await).map(drop)
}

fn combination() -> Result<(), String> {
    Err("InvalidParameterCombination".to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_class_that_the_region_lacks_is_not_orderable() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let classes = async || {
        let call = rds.client.describe_orderable_db_instance_options().engine("postgres").engine_version("16.4");
        let mut pages = call.max_records(20).into_paginator().items().send();
        let mut found = std::collections::BTreeSet::new();
        while let Some(option) = pages.next().await {
            found.insert(option.expect("an option").db_instance_class.expect("a class"));
        }
        found
    };
    assert!(classes().await.contains("db.t4g.micro"));
    world.withhold_class(REGION, "db.t4g.micro");
    assert!(!classes().await.contains("db.t4g.micro"));
    assert_eq!(instance(&rds, "a", "db.t4g.micro", None).await, combination());
    assert_eq!(instance(&rds, "a", "db.serverless", None).await, Err("InvalidParameterValue".to_owned()));
    assert_eq!(instance(&rds, "a", "db.t4g.small", None).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_gone_is_not_used_for_new_databases() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let versions = async |all: bool| {
        let call = rds.client.describe_db_engine_versions().engine("postgres").include_all(all);
        let found = code(call.send().await).expect("versions").db_engine_versions.expect("them");
        let pair = |found: aws_sdk_rds::types::DbEngineVersion| (found.engine_version, found.status);
        found.into_iter().map(pair).collect::<Vec<_>>()
    };
    let is = |version: &str, status: &str| (Some(version.to_owned()), Some(status.to_owned()));
    assert!(versions(false).await.contains(&is("16.3", "available")));
    assert!(!versions(false).await.contains(&is("11.22", "deprecated")));
    assert!(versions(true).await.contains(&is("11.22", "deprecated")));
    assert_eq!(instance(&rds, "a", "db.t4g.small", Some("11.22")).await, combination());
    assert_eq!(instance(&rds, "a", "db.t4g.small", Some("16.3")).await, Ok(()));
    world.retire_engine_version("postgres", "16.3");
    assert!(versions(true).await.contains(&is("16.3", "deprecated")));
    assert_eq!(instance(&rds, "b", "db.t4g.small", Some("16.3")).await, combination());
}

#[tokio::test(start_paused = true)]
async fn quotas_are_reported_and_enforced() {
    let quotas = Quotas { instances: 2, parameter_groups: 1, storage_gib: 250, ..Quotas::default() };
    let world = World::with_settings(Settings { quotas, ..settings() });
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let group = async |name: &str| {
        let call = rds.client.create_db_parameter_group().db_parameter_group_name(name).description("d");
        code(call.db_parameter_group_family("postgres16").send().await).map(drop)
    };
    assert_eq!(group("a").await, Ok(()));
    assert_eq!(group("b").await, Err("DBParameterGroupQuotaExceeded".to_owned()));
    assert_eq!(instance(&rds, "a", "db.t4g.small", None).await, Ok(()));
    assert_eq!(instance(&rds, "b", "db.t4g.small", None).await, Ok(()));
    assert_eq!(instance(&rds, "c", "db.t4g.small", None).await, Err("InstanceQuotaExceeded".to_owned()));
    rds.delete_database("b", true).await.expect("a deletion");
    world.sleep(10 * MINUTE).await;
    let call = rds.client.create_db_instance().db_instance_identifier("d").db_instance_class("db.t4g.small");
    let call = call.engine("postgres").allocated_storage(200).master_username("draco");
    let large = code(call.master_user_password("simulated").send().await);
    assert_eq!(large.err().as_deref(), Some("StorageQuotaExceeded"));
    let answer = code(rds.client.describe_account_attributes().send().await).expect("quotas");
    let used = |name: &str| {
        let found = answer.account_quotas().iter().find(|quota| quota.account_quota_name() == Some(name));
        found.map(|quota| (quota.used(), quota.max()))
    };
    assert_eq!(answer.account_quotas().len(), 18);
    assert_eq!(used("DBInstances"), Some((Some(1), Some(2))));
    assert_eq!(used("AllocatedStorage"), Some((Some(100), Some(250))));
    assert_eq!(used("DBParameterGroups"), Some((Some(1), Some(1))));
    assert_eq!(used("DBSubnetGroups"), Some((Some(0), Some(50))));
}
