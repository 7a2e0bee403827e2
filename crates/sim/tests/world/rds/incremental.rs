//! How much copies copy and store if an earlier copy of the same database is at their destination.

use sim::questions::{Answers, Incremental};
use sim::{Settings, World};

use super::support::*;

fn world_with(incremental: Incremental) -> World {
    World::with_settings(Settings { answers: Answers { incremental, ..Answers::default() }, ..settings() })
}

/// Creates a database.
async fn database(world: &World, kind: Kind) -> Rds {
    let rds = Rds::new(world, PROD, REGION, kind);
    rds.database(world, "orders").await;
    rds
}

/// Creates a snapshot, one day after the last one if one copy was made since then.
async fn snapshot_on_next_day(world: &World, rds: &Rds, id: &str) {
    world.sleep(DAY - 60 * MINUTE).await;
    rds.create("orders", id).await.expect("a snapshot");
    world.sleep(30 * MINUTE).await;
}

/// Copies a snapshot. Returns the minutes that it takes.
async fn copy(world: &World, rds: &Rds, source: &str, target: &str, key: Option<&str>) -> u32 {
    rds.copy(CopyRequest { source, target, key, ..CopyRequest::default() }).await.expect("a copy");
    let mut minutes = 0;
    while rds.describe(target).await.expect("the copy").status != "available" {
        world.sleep(MINUTE).await;
        minutes += 1;
    }
    // The next copy starts at the same time of the day.
    world.sleep(MINUTE * (30 - minutes)).await;
    minutes
}

#[tokio::test(start_paused = true)]
async fn the_second_copy_of_an_instance_may_be_incremental_in_the_account_and_in_another_one() {
    for incremental in Incremental::ALL {
        let world = world_with(*incremental);
        let rds = database(&world, Kind::Instance).await;
        let dr = Rds::new(&world, DR, REGION, Kind::Instance);
        let mut minutes = Vec::new();
        for day in ["one", "two"] {
            snapshot_on_next_day(&world, &rds, day).await;
            let transit = format!("transit-{day}");
            minutes.push(copy(&world, &rds, day, &transit, None).await);
            rds.share(&transit, &[DR], &[]).await.expect("a share");
            let arn = Kind::Instance.arn(PROD, REGION, &transit);
            minutes.push(copy(&world, &dr, &arn, day, None).await);
        }
        // Five percent of 100 GiB at 10 GiB a minute.
        let expected = match incremental {
            Incremental::NotOfCopies => [10, 10, 1, 10],
            Incremental::AlsoOfCopies => [10, 10, 1, 1],
            Incremental::Never => [10; 4],
        };
        assert_eq!(minutes, expected, "{incremental:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_is_full_after_the_latest_was_deleted_or_had_another_key() {
    let world = world_with(Incremental::AlsoOfCopies);
    let rds = database(&world, Kind::Instance).await;
    let kms = aws_sdk_kms::Client::new(&world.sdk_config(PROD, REGION));
    let created = kms.create_key().send().await.expect("a key").key_metadata.expect("metadata");
    let key = Some(created.key_id());
    snapshot_on_next_day(&world, &rds, "one").await;
    assert_eq!(copy(&world, &rds, "one", "a", None).await, 10);
    assert_eq!(copy(&world, &rds, "one", "b", key).await, 10, "the first under this key");
    assert_eq!(copy(&world, &rds, "one", "c", key).await, 1);
    rds.delete("c").await.expect("a deletion");
    assert_eq!(copy(&world, &rds, "one", "d", key).await, 10, "the latest is gone");
    rds.database(&world, "customers").await;
    rds.create("customers", "other").await.expect("a snapshot");
    world.sleep(10 * MINUTE).await;
    assert_eq!(copy(&world, &rds, "other", "e", key).await, 10, "another database");
    assert_eq!(copy(&world, &rds, "one", "f", key).await, 1);
}

#[tokio::test(start_paused = true)]
async fn copies_of_clusters_are_always_full() {
    let world = world_with(Incremental::AlsoOfCopies);
    let rds = database(&world, Kind::Cluster).await;
    snapshot_on_next_day(&world, &rds, "one").await;
    let minutes = [copy(&world, &rds, "one", "a", None).await, copy(&world, &rds, "one", "b", None).await];
    assert_eq!(minutes, [10, 10]);
}

/// The storage that is billed, in GiB.
async fn billed(world: &World) -> f64 {
    let quantity = || {
        let lines = world.bill().lines.into_iter();
        lines.filter(|line| line.item == "RDS snapshot storage").map(|line| line.quantity).sum::<f64>()
    };
    let before = quantity();
    // A tenth of a month.
    world.sleep(73 * 60 * MINUTE).await;
    ((quantity() - before) * 1000.0).round() / 100.0
}

#[tokio::test(start_paused = true)]
async fn an_incremental_copy_is_billed_for_its_changes_until_the_copy_before_it_is_deleted() {
    let world = world_with(Incremental::NotOfCopies);
    let rds = database(&world, Kind::Instance).await;
    for day in ["one", "two", "three"] {
        snapshot_on_next_day(&world, &rds, day).await;
        copy(&world, &rds, day, &format!("copy-{day}"), None).await;
    }
    for day in ["one", "two", "three"] {
        rds.delete(day).await.expect("a deletion");
    }
    assert_eq!(billed(&world).await, 110.0);
    rds.delete("copy-two").await.expect("a deletion");
    assert_eq!(billed(&world).await, 110.0, "its changes are needed");
    rds.delete("copy-one").await.expect("a deletion");
    assert_eq!(billed(&world).await, 100.0);
    rds.delete("copy-three").await.expect("a deletion");
    assert_eq!(billed(&world).await, 0.0);
}
