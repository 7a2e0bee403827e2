//! Parameter groups of instances and clusters.

use aws_sdk_rds::types::{ApplyMethod, Parameter};

use super::*;

fn parameter(name: &str, value: &str, method: ApplyMethod) -> Parameter {
    Parameter::builder().parameter_name(name).parameter_value(value).apply_method(method).build()
}

async fn create(rds: &Rds, name: &str, family: &str) -> Result<(), String> {
    match rds.kind {
        Kind::Instance => {
            let call = rds.client.create_db_parameter_group().db_parameter_group_name(name).description("d");
            code(call.db_parameter_group_family(family).send().await).map(drop)
        }
        Kind::Cluster => {
            let call = rds.client.create_db_cluster_parameter_group().db_cluster_parameter_group_name(name);
            code(call.description("d").db_parameter_group_family(family).send().await).map(drop)
        }
    }
}

async fn modify(rds: &Rds, name: &str, parameters: &[Parameter]) -> Result<(), String> {
    let parameters = Some(parameters.to_vec());
    match rds.kind {
        Kind::Instance => {
            let call = rds.client.modify_db_parameter_group().db_parameter_group_name(name);
            code(call.set_parameters(parameters).send().await).map(drop)
        }
        Kind::Cluster => {
            let call = rds.client.modify_db_cluster_parameter_group().db_cluster_parameter_group_name(name);
            code(call.set_parameters(parameters).send().await).map(drop)
        }
    }
}

/// The parameters of a group from this source, with their values.
async fn values(rds: &Rds, name: &str, source: &str) -> Vec<(String, Option<String>)> {
    let parameters = match rds.kind {
        Kind::Instance => {
            let call = rds.client.describe_db_parameters().db_parameter_group_name(name).source(source);
            code(call.send().await).expect("parameters").parameters
        }
        Kind::Cluster => {
            let call = rds.client.describe_db_cluster_parameters().db_cluster_parameter_group_name(name);
            code(call.source(source).send().await).expect("parameters").parameters
        }
    };
    let name = |parameter: &Parameter| parameter.parameter_name.clone().expect("a name");
    parameters.unwrap_or_default().iter().map(|found| (name(found), found.parameter_value.clone())).collect()
}

fn family(kind: Kind) -> String {
    kind.pick("postgres16", "aurora-postgresql16")
}

#[tokio::test(start_paused = true)]
async fn only_changed_parameters_are_those_of_the_user_until_they_are_reset() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        create(&rds, "Shop", &family(kind)).await.expect("a group");
        assert_eq!(values(&rds, "shop", "user").await, []);
        let changes = [
            parameter("work_mem", "4096", ApplyMethod::Immediate),
            parameter("shared_buffers", "{DBInstanceClassMemory/16384}", ApplyMethod::PendingReboot),
        ];
        modify(&rds, "shop", &changes).await.expect("a modification");
        let found = values(&rds, "shop", "user").await;
        let expected = [("shared_buffers", "{DBInstanceClassMemory/16384}"), ("work_mem", "4096")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), Some(value.to_owned()))));
        let answer = match kind {
            Kind::Instance => {
                let call = rds.client.reset_db_parameter_group().db_parameter_group_name("shop");
                code(call.reset_all_parameters(true).send().await).map(drop)
            }
            Kind::Cluster => {
                let call = rds.client.reset_db_cluster_parameter_group().db_cluster_parameter_group_name("shop");
                code(call.reset_all_parameters(true).send().await).map(drop)
            }
        };
        assert_eq!(answer, Ok(()));
        assert_eq!(values(&rds, "shop", "user").await, []);
    }
}

#[tokio::test(start_paused = true)]
async fn invalid_changes_are_refused_and_nothing_is_changed() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    create(&rds, "shop", "postgres16").await.expect("a group");
    for (change, error) in [
        (parameter("unknown", "1", ApplyMethod::Immediate), "InvalidParameterValue"),
        (parameter("work_mem", "1", ApplyMethod::Immediate), "InvalidParameterValue"),
        (parameter("port", "5433", ApplyMethod::PendingReboot), "InvalidParameterValue"),
        (parameter("shared_buffers", "1024", ApplyMethod::Immediate), "InvalidParameterCombination"),
        (Parameter::builder().parameter_name("work_mem").parameter_value("64").build(), "MissingParameter"),
    ] {
        let changes = [parameter("autovacuum", "0", ApplyMethod::Immediate), change];
        assert_eq!(modify(&rds, "shop", &changes).await, Err(error.to_owned()));
    }
    assert_eq!(values(&rds, "shop", "user").await, []);
    let default = modify(&rds, "default.postgres16", &[parameter("autovacuum", "0", ApplyMethod::Immediate)]).await;
    assert_eq!(default, Err("InvalidDBParameterGroupState".to_owned()));
    assert_eq!(create(&rds, "other", "postgres8").await, Err("InvalidParameterValue".to_owned()));
    assert_eq!(create(&rds, "shop", "postgres16").await, Err("DBParameterGroupAlreadyExists".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_group_of_aurora_s_instances_does_not_have_the_parameters_of_the_cluster() {
    let world = world();
    for (kind, has) in [(Kind::Instance, false), (Kind::Cluster, true)] {
        let rds = Rds::new(&world, PROD, REGION, kind);
        let name = "default.aurora-postgresql16";
        let system = values(&rds, name, "system").await;
        assert_eq!(system.iter().any(|(name, _)| name == "rds.force_ssl"), has, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_databases_of_a_group_apply_changes_and_keep_it_from_being_deleted() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    create(&rds, "shop", "postgres16").await.expect("a group");
    create(&rds, "old", "postgres15").await.expect("a group");
    let new = |group: &str| {
        let call = rds.client.create_db_instance().db_instance_identifier("orders").db_instance_class("db.t4g.small");
        let call = call.engine("postgres").allocated_storage(100).master_username("draco");
        call.master_user_password("simulated").db_parameter_group_name(group)
    };
    assert_eq!(code(new("missing").send().await).err().as_deref(), Some("DBParameterGroupNotFound"));
    assert_eq!(code(new("old").send().await).err().as_deref(), Some("InvalidParameterCombination"));
    code(new("shop").send().await).expect("an instance");
    world.sleep(10 * MINUTE).await;
    let status = async || {
        let answer = code(rds.client.describe_db_instances().send().await).expect("instances");
        let group = answer.db_instances()[0].db_parameter_groups()[0].clone();
        (group.db_parameter_group_name.expect("a name"), group.parameter_apply_status.expect("a status"))
    };
    let is = |status: &str| ("shop".to_owned(), status.to_owned());
    assert_eq!(status().await, is("in-sync"));
    modify(&rds, "shop", &[parameter("work_mem", "4096", ApplyMethod::Immediate)]).await.expect("a change");
    assert_eq!(status().await, is("applying"));
    world.sleep(10 * MINUTE).await;
    assert_eq!(status().await, is("in-sync"));
    let change = parameter("shared_buffers", "1024", ApplyMethod::PendingReboot);
    modify(&rds, "shop", &[change]).await.expect("a change");
    world.sleep(10 * MINUTE).await;
    assert_eq!(status().await, is("pending-reboot"));
    let delete = async |name: &str| {
        code(rds.client.delete_db_parameter_group().db_parameter_group_name(name).send().await).map(drop)
    };
    let used = || Err("InvalidDBParameterGroupState".to_owned());
    assert_eq!(delete("shop").await, used());
    assert_eq!(delete("default.postgres16").await, used());
    rds.delete_database("orders", true).await.expect("a deletion");
    world.sleep(10 * MINUTE).await;
    assert_eq!(delete("shop").await, Ok(()));
    assert_eq!(delete("shop").await, Err("DBParameterGroupNotFound".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn lists_of_parameters_have_pages() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    let mut pages = rds.client.describe_db_parameter_groups().max_records(20).into_paginator().items().send();
    let mut names = Vec::new();
    while let Some(group) = pages.next().await {
        names.push(group.expect("a group").db_parameter_group_name.expect("a name"));
    }
    assert!(names.len() > 20, "{names:?}");
    assert!(names.is_sorted() && names.contains(&"default.postgres16".to_owned()), "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn groups_have_tags() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
    create(&rds, "shop", "aurora-mysql8.0").await.expect("a group");
    for resource in ["cluster-pg:shop", "pg:default.mysql8.0"] {
        let arn = format!("arn:aws:rds:{REGION}:{PROD}:{resource}");
        let wanted = tags(&[("team", "shop")]);
        let call = rds.client.add_tags_to_resource().resource_name(&arn).set_tags(Some(sdk_tags(&wanted)));
        code(call.send().await).expect("tags");
        let found = code(rds.client.list_tags_for_resource().resource_name(&arn).send().await).expect("tags");
        assert_eq!(read_tags(found.tag_list()), wanted);
    }
    let missing = rds.client.list_tags_for_resource().resource_name(format!("arn:aws:rds:{REGION}:{PROD}:pg:none"));
    assert_eq!(code(missing.send().await).err().as_deref(), Some("InvalidParameterValue"));
}
