//! Automated backups of databases that exist, and of those that were deleted.

use aws_sdk_rds::types::Filter;
use sim::{Quotas, Settings};

use super::*;

/// The identifier, the status and the resource identifier of each automated backup.
async fn backups(rds: &Rds, status: Option<&str>) -> Vec<(String, String, String)> {
    let filter = status.map(|status| vec![Filter::builder().name("status").values(status).build()]);
    let text = |text: Option<String>| text.expect("a text");
    match rds.kind {
        Kind::Instance => {
            let call = rds.client.describe_db_instance_automated_backups().set_filters(filter);
            let found = code(call.send().await).expect("backups").db_instance_automated_backups.expect("a list");
            let of = found.into_iter();
            of.map(|it| (text(it.db_instance_identifier), text(it.status), text(it.dbi_resource_id))).collect()
        }
        Kind::Cluster => {
            let call = rds.client.describe_db_cluster_automated_backups().set_filters(filter);
            let found = code(call.send().await).expect("backups").db_cluster_automated_backups.expect("a list");
            let of = found.into_iter();
            of.map(|it| (text(it.db_cluster_identifier), text(it.status), text(it.db_cluster_resource_id))).collect()
        }
    }
}

async fn delete_backup(rds: &Rds, resource_id: &str) -> Result<(), String> {
    match rds.kind {
        Kind::Instance => {
            let call = rds.client.delete_db_instance_automated_backup().dbi_resource_id(resource_id);
            code(call.send().await).map(drop)
        }
        Kind::Cluster => {
            let call = rds.client.delete_db_cluster_automated_backup().db_cluster_resource_id(resource_id);
            code(call.send().await).map(drop)
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_backup_is_created_active_and_retained_until_its_retention_is_over() {
    for kind in BOTH {
        let world = world();
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.create_database("orders", DatabaseSpec::daily(3)).await.expect("a database");
        world.sleep(10 * MINUTE).await;
        let found = backups(&rds, None).await;
        assert_eq!(found[0].1, kind.pick("creating", "active"));
        world.sleep(DAY / 2).await;
        assert_eq!(backups(&rds, Some("active")).await.len(), 1);
        let resource_id = found[0].2.clone();
        let active = kind.pick("InvalidDBInstanceAutomatedBackupState", "InvalidDBClusterAutomatedBackupStateFault");
        assert_eq!(delete_backup(&rds, &resource_id).await, Err(active));
        rds.delete_database("orders", false).await.expect("a deletion");
        world.sleep(10 * MINUTE).await;
        let retained = [("orders".to_owned(), "retained".to_owned(), resource_id)];
        assert_eq!(backups(&rds, Some("retained")).await, retained);
        world.sleep(2 * DAY).await;
        assert_eq!(backups(&rds, None).await, retained);
        world.sleep(DAY).await;
        assert_eq!(backups(&rds, None).await, []);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_database_is_restored_by_its_resource_identifier() {
    for kind in BOTH {
        let world = world();
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.create_database("orders", DatabaseSpec::daily(7)).await.expect("a database");
        world.sleep(DAY / 4).await;
        rds.delete_database("orders", false).await.expect("a deletion");
        world.sleep(10 * MINUTE).await;
        let resource_id = backups(&rds, None).await.remove(0).2;
        let answer = match kind {
            Kind::Instance => {
                let call = rds.client.restore_db_instance_to_point_in_time().source_dbi_resource_id(&resource_id);
                let call = call.target_db_instance_identifier("orders").use_latest_restorable_time(true);
                code(call.send().await).map(drop)
            }
            Kind::Cluster => {
                let call = rds.client.restore_db_cluster_to_point_in_time().source_db_cluster_resource_id(&resource_id);
                let call = call.db_cluster_identifier("orders").use_latest_restorable_time(true);
                code(call.send().await).map(drop)
            }
        };
        assert_eq!(answer, Ok(()));
        world.sleep(RESTORED).await;
        assert_eq!(rds.status("orders").await.as_deref(), Ok("available"));
        assert_eq!(delete_backup(&rds, &resource_id).await, Ok(()));
        let gone = kind.pick("DBInstanceAutomatedBackupNotFound", "DBClusterAutomatedBackupNotFoundFault");
        assert_eq!(delete_backup(&rds, &resource_id).await, Err(gone));
    }
}

/// The last log is older than the retention period before the backup is.
#[tokio::test(start_paused = true)]
async fn a_retained_backup_loses_its_window_and_then_its_snapshots() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.create_database("orders", DatabaseSpec::daily(1)).await.expect("a database");
    world.sleep(DAY / 4).await;
    let deleted = world.now();
    rds.delete_database("orders", false).await.expect("a deletion");
    world.sleep(10 * MINUTE).await;
    let resource_id = backups(&rds, None).await.remove(0).2;
    let restore = async || {
        let call = rds.client.restore_db_instance_to_point_in_time().source_dbi_resource_id(&resource_id);
        let call = call.target_db_instance_identifier("new").use_latest_restorable_time(true);
        code(call.send().await).map(drop)
    };
    // The last log is at most six minutes older than the end of the database, which took three minutes at most.
    let mut without_window = 0;
    while !backups(&rds, None).await.is_empty() {
        let found = code(rds.client.describe_db_instance_automated_backups().send().await).expect("backups");
        match found.db_instance_automated_backups().first().and_then(|found| found.restore_window()) {
            Some(window) => assert!(window.earliest_time <= window.latest_time),
            None => {
                without_window += 1;
                assert_eq!(restore().await, error("InvalidDBInstanceState"));
            }
        }
        assert!(world.now() - deleted < chrono::TimeDelta::hours(25));
        world.sleep(MINUTE / 2).await;
    }
    assert!(without_window > 0);
    let left = code(rds.client.describe_db_snapshots().snapshot_type("automated").send().await).expect("snapshots");
    assert_eq!(left.db_snapshots(), []);
}

#[tokio::test(start_paused = true)]
async fn a_backup_is_found_and_restored_by_its_arn() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.create_database("orders", DatabaseSpec::daily(7)).await.expect("a database");
    world.sleep(DAY / 4).await;
    let found = code(rds.client.describe_db_instance_automated_backups().send().await).expect("backups");
    let arn = found.db_instance_automated_backups()[0].db_instance_automated_backups_arn().expect("an ARN").to_owned();
    let call = rds.client.describe_db_instance_automated_backups().db_instance_automated_backups_arn(&arn);
    let window = code(call.send().await).expect("it").db_instance_automated_backups()[0].restore_window().cloned();
    let window = window.expect("a window");
    let latest = rds.instance("orders").await.latest_restorable_time;
    assert_eq!(window.latest_time, latest);
    let new = rds.client.restore_db_instance_to_point_in_time().target_db_instance_identifier("new");
    let new = new.source_db_instance_automated_backups_arn(&arn).set_restore_time(window.earliest_time);
    assert_eq!(code(new.send().await).map(drop), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn without_the_parameter_the_history_goes_with_the_database() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.create_database("orders", DatabaseSpec::daily(7)).await.expect("a database");
    world.sleep(DAY / 4).await;
    rds.delete_database("orders", true).await.expect("a deletion");
    world.sleep(10 * MINUTE).await;
    assert_eq!(backups(&rds, None).await, []);
    let missing = rds.client.describe_db_instance_automated_backups().db_instance_identifier("orders");
    assert_eq!(code(missing.send().await).map(drop), error("DBInstanceAutomatedBackupNotFound"));
}

#[tokio::test(start_paused = true)]
async fn retained_backups_have_the_quota_of_databases() {
    let quotas = Quotas { instances: 2, ..Quotas::default() };
    let world = World::with_settings(Settings { quotas, ..settings() });
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    for id in ["a", "b"] {
        rds.create_database(id, DatabaseSpec::daily(7)).await.expect("a database");
    }
    world.sleep(DAY / 4).await;
    for id in ["a", "b"] {
        rds.delete_database(id, false).await.expect("a deletion");
    }
    world.sleep(10 * MINUTE).await;
    rds.create_database("c", DatabaseSpec::daily(7)).await.expect("a database");
    world.sleep(DAY).await;
    let full = Err("DBInstanceAutomatedBackupQuotaExceeded".to_owned());
    assert_eq!(rds.delete_database("c", false).await, full);
    assert_eq!(rds.delete_database("c", true).await, Ok(()));
}
