//! VPCs, subnet groups and security groups.

use super::*;

const VPC: &str = "vpc-shop";

/// A world with a VPC that has a subnet in each of two zones, and another VPC.
fn with_vpcs() -> World {
    let world = world();
    let subnets = [("subnet-a", "eu-west-1a"), ("subnet-b", "eu-west-1b"), ("subnet-a2", "eu-west-1a")];
    world.add_vpc(PROD, REGION, VPC, &subnets, &["sg-shop"]);
    world.add_vpc(PROD, REGION, "vpc-other", &[("subnet-o", "eu-west-1a"), ("subnet-p", "eu-west-1b")], &["sg-other"]);
    world
}

async fn create(rds: &Rds, name: &str, subnets: &[&str]) -> Result<(), String> {
    let call = rds.client.create_db_subnet_group().db_subnet_group_name(name).db_subnet_group_description("d");
    let subnets = subnets.iter().map(|&subnet| subnet.to_owned()).collect();
    code(call.set_subnet_ids(Some(subnets)).send().await).map(drop)
}

async fn instance(rds: &Rds, id: &str, group: Option<&str>, security: &[&str]) -> Result<(), String> {
    let call = rds.client.create_db_instance().db_instance_identifier(id).db_instance_class("db.t4g.small");
    let call = call.engine("postgres").allocated_storage(100).master_username("draco");
    let call = call.master_user_password("simulated").set_db_subnet_group_name(group.map(str::to_owned));
    let security = security.iter().map(|&group| group.to_owned()).collect();
    code(call.set_vpc_security_group_ids(Some(security)).send().await).map(drop)
}

fn error(code: &str) -> Result<(), String> {
    Err(code.to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_subnet_group_has_subnets_of_one_vpc_in_two_zones() {
    let world = with_vpcs();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    assert_eq!(create(&rds, "shop", &["subnet-a", "subnet-a2"]).await, error("DBSubnetGroupDoesNotCoverEnoughAZs"));
    assert_eq!(create(&rds, "shop", &["subnet-a", "subnet-p"]).await, error("InvalidSubnet"));
    assert_eq!(create(&rds, "shop", &["subnet-a", "subnet-x"]).await, error("InvalidSubnet"));
    assert_eq!(create(&rds, "default", &["subnet-a", "subnet-b"]).await, error("InvalidParameterValue"));
    assert_eq!(create(&rds, "Shop", &["subnet-a", "subnet-b"]).await, Ok(()));
    assert_eq!(create(&rds, "shop", &["subnet-a", "subnet-b"]).await, error("DBSubnetGroupAlreadyExists"));
    let found = code(rds.client.describe_db_subnet_groups().db_subnet_group_name("shop").send().await);
    let found = found.expect("a group").db_subnet_groups()[0].clone();
    assert_eq!(found.vpc_id(), Some(VPC));
    let zones = found.subnets().iter().map(|subnet| subnet.subnet_availability_zone().and_then(|zone| zone.name()));
    assert_eq!(zones.collect::<Vec<_>>(), [Some("eu-west-1a"), Some("eu-west-1b")]);
}

#[tokio::test(start_paused = true)]
async fn a_database_is_in_its_group_s_vpc_or_in_the_default_one() {
    let world = with_vpcs();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    create(&rds, "shop", &["subnet-a", "subnet-b"]).await.expect("a group");
    assert_eq!(instance(&rds, "a", Some("none"), &[]).await, error("DBSubnetGroupNotFoundFault"));
    assert_eq!(instance(&rds, "a", Some("shop"), &["sg-none"]).await, error("InvalidParameterValue"));
    assert_eq!(instance(&rds, "a", Some("shop"), &["sg-other"]).await, error("InvalidVPCNetworkStateFault"));
    instance(&rds, "a", Some("shop"), &["sg-shop"]).await.expect("an instance");
    instance(&rds, "b", None, &[]).await.expect("an instance");
    let found = code(rds.client.describe_db_instances().send().await).expect("instances");
    let network = |nth: usize| {
        let found = &found.db_instances()[nth];
        let group = found.db_subnet_group().expect("a subnet group");
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let security = found.vpc_security_groups()[0].vpc_security_group_id();
        (text(group.db_subnet_group_name()), text(group.vpc_id()), text(security))
    };
    let (vpc, security) = world.default_vpc(PROD, REGION);
    assert_eq!(network(0), ("shop".to_owned(), VPC.to_owned(), "sg-shop".to_owned()));
    assert_eq!(network(1), ("default".to_owned(), vpc, security));
    assert!(found.db_instances()[0].availability_zone().is_some_and(|zone| zone != "eu-west-1c"));
}

#[tokio::test(start_paused = true)]
async fn a_group_in_use_keeps_its_zones_and_is_not_deleted() {
    let world = with_vpcs();
    world.add_vpc(PROD, REGION, "vpc-c", &[("subnet-c", "eu-west-1c"), ("subnet-d", "eu-west-1d")], &[]);
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    create(&rds, "shop", &["subnet-a", "subnet-b"]).await.expect("a group");
    instance(&rds, "a", Some("shop"), &[]).await.expect("an instance");
    let modify = async |name: &str, subnets: [&str; 2]| {
        let call = rds.client.modify_db_subnet_group().db_subnet_group_name(name);
        code(call.subnet_ids(subnets[0]).subnet_ids(subnets[1]).send().await).map(drop)
    };
    assert_eq!(modify("shop", ["subnet-o", "subnet-p"]).await, error("InvalidParameterValue"));
    assert_eq!(modify("shop", ["subnet-a2", "subnet-b"]).await, Ok(()));
    assert_eq!(modify("default", ["subnet-a", "subnet-b"]).await, error("InvalidParameterValue"));
    let found = code(rds.client.describe_db_instances().send().await).expect("instances");
    let subnets = found.db_instances()[0].db_subnet_group().expect("a group").subnets();
    assert_eq!(subnets[0].subnet_identifier(), Some("subnet-a2"));
    let delete =
        async |name: &str| code(rds.client.delete_db_subnet_group().db_subnet_group_name(name).send().await).map(drop);
    assert_eq!(delete("shop").await, error("InvalidDBSubnetGroupStateFault"));
    rds.delete_database("a", true).await.expect("a deletion");
    world.sleep(10 * MINUTE).await;
    // No text decides whether a group without databases can be moved.
    assert_eq!(modify("shop", ["subnet-o", "subnet-p"]).await, error("NotSimulated"));
    assert_eq!(delete("shop").await, Ok(()));
    assert_eq!(delete("shop").await, error("DBSubnetGroupNotFoundFault"));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_created_in_a_vpc_that_is_gone() {
    let world = with_vpcs();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    create(&rds, "shop", &["subnet-a", "subnet-b"]).await.expect("a group");
    world.remove_vpc(PROD, REGION, VPC);
    assert_eq!(instance(&rds, "a", Some("shop"), &[]).await, error("InvalidVPCNetworkStateFault"));
}
