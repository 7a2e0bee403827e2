//! Option groups that bind a snapshot to its account or region.

use super::*;

/// A snapshot `s` of an instance with this option.
async fn with_option(world: &sim::World, engine: &str, option: &str) -> Rds {
    let rds = Rds::new(world, PROD, REGION, Kind::Instance);
    world.add_option_group(PROD, REGION, "own", engine, &[option]);
    let call = rds.client.create_db_instance().db_instance_identifier("orders").db_instance_class("db.m5.large");
    let call = call.engine(engine).license_model("bring-your-own-license").allocated_storage(100);
    let call = call.master_username("owner").master_user_password("correct-horse").option_group_name("own");
    code(call.send().await).expect("an instance");
    world.sleep(5 * MINUTE).await;
    rds.create("orders", "s").await.expect("a snapshot");
    world.sleep(10 * MINUTE).await;
    rds
}

/// Copies the snapshot, with an option group if it is named.
async fn copy(
    world: &sim::World,
    account: &str,
    region: &str,
    target: &str,
    group: Option<&str>,
) -> Result<(), String> {
    let source = Kind::Instance.arn(PROD, REGION, "s");
    let call = client(world, account, region).copy_db_snapshot().source_db_snapshot_identifier(source);
    let call = call.target_db_snapshot_identifier(target).set_option_group_name(group.map(str::to_owned));
    code(call.send().await).map(drop)
}

fn refused() -> Result<(), String> {
    Err("InvalidParameterCombination".to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_with_tde_is_not_shared_and_needs_an_option_group_in_another_region() {
    let world = world();
    let rds = with_option(&world, "oracle-ee", "TDE").await;
    assert_eq!(rds.share("s", &[DR], &[]).await, Err("InvalidDBSnapshotState".to_owned()));
    assert_eq!(copy(&world, PROD, REGION, "here", None).await, Ok(()));
    assert_eq!(copy(&world, PROD, OTHER_REGION, "there", None).await, refused());
    let missing = Err("InvalidParameterValue".to_owned());
    assert_eq!(copy(&world, PROD, OTHER_REGION, "there", Some("own")).await, missing);
    world.add_option_group(PROD, OTHER_REGION, "plain", "oracle-ee", &["JVM"]);
    assert_eq!(copy(&world, PROD, OTHER_REGION, "there", Some("plain")).await, refused());
    world.add_option_group(PROD, OTHER_REGION, "own", "oracle-ee", &["TDE"]);
    assert_eq!(copy(&world, PROD, OTHER_REGION, "there", Some("own")).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_shared_snapshot_with_a_timezone_needs_an_option_group_in_each_account() {
    let world = world();
    let rds = with_option(&world, "oracle-ee", "Timezone").await;
    rds.share("s", &[DR], &[]).await.expect("a share");
    for (number, region) in [REGION, OTHER_REGION].into_iter().enumerate() {
        assert_eq!(copy(&world, DR, region, "plain", None).await, refused());
        let with = client(&world, DR, region).copy_db_snapshot();
        let with = with.source_db_snapshot_identifier(Kind::Instance.arn(PROD, REGION, "s"));
        let with = with.target_db_snapshot_identifier(format!("c-{number}")).copy_option_group(true);
        let made = code(with.send().await).expect("a copy").db_snapshot.expect("it");
        assert_eq!(made.option_group_name(), Some("own"));
        assert_eq!(copy(&world, DR, region, "d", Some("own")).await, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn other_options_bind_nothing() {
    let world = world();
    let rds = with_option(&world, "oracle-ee", "JVM").await;
    rds.share("s", &[DR], &[]).await.expect("a share");
    assert_eq!(copy(&world, DR, OTHER_REGION, "c", None).await, Ok(()));
    let instances = code(rds.client.describe_db_instances().send().await).expect("a page");
    let groups: Vec<_> = instances.db_instances()[0].option_group_memberships().to_vec();
    assert_eq!(groups[0].option_group_name(), Some("own"));
    let found = code(rds.client.describe_option_groups().option_group_name("own").send().await).expect("a page");
    let options = found.option_groups_list()[0].options();
    assert_eq!((options[0].option_name(), options[0].persistent()), (Some("JVM"), Some(false)));
}
