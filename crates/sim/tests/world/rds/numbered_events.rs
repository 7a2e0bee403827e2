//! The events of databases with a fixed message, and those of restores that fail: the tables in the guides of RDS and Aurora, "Amazon RDS
//! event categories and event messages", without the full stops.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sim::servers::Servers;
use sim::{RestoreFailure, Settings, World};

use super::managed_secrets::Refusing;
use super::notifications::{Told, subscription, told, topic};
use super::restores::RESTORED;
use super::support::*;

/// The end of two messages.
const TOO_LONG: &str = "is being started due to it exceeding the maximum allowed time being stopped";

fn rows(rows: &[(&str, &str, &str)]) -> Vec<Told> {
    let texts = |(number, category, message): &(&str, &str, &str)| {
        (format!("RDS-EVENT-{number}"), (*category).to_owned(), (*message).to_owned())
    };
    rows.iter().map(texts).collect()
}

/// Sets a password, which the server takes or refuses.
async fn set_password(world: &World, rds: &Rds, servers: &Refusing, is_refused: bool) {
    servers.0.store(is_refused, Ordering::Relaxed);
    match rds.kind {
        Kind::Instance => {
            let modify = rds.client.modify_db_instance().db_instance_identifier("orders").apply_immediately(true);
            code(modify.master_user_password("another-one").send().await).map(drop)
        }
        Kind::Cluster => {
            let modify = rds.client.modify_db_cluster().db_cluster_identifier("orders").apply_immediately(true);
            code(modify.master_user_password("another-one").send().await).map(drop)
        }
    }
    .expect("a modification");
    world.sleep(60 * MINUTE).await;
    servers.0.store(false, Ordering::Relaxed);
}

#[tokio::test(start_paused = true)]
async fn every_event_of_a_database_has_the_number_the_category_and_the_message_of_the_guides() {
    for kind in BOTH {
        let servers = Arc::new(Refusing::default());
        let world = World::with_settings(Settings { servers: Arc::clone(&servers) as Arc<dyn Servers>, ..settings() });
        let rds = Rds::new(&world, PROD, REGION, kind);
        let received = topic(&world).await;
        subscription(&rds, "n").send().await.expect("a subscription");
        rds.database(&world, "orders").await;
        for is_refused in [false, true] {
            set_password(&world, &rds, &servers, is_refused).await;
        }
        let expected = match kind {
            Kind::Instance => {
                let modify = rds.client.modify_db_instance().db_instance_identifier("orders").apply_immediately(true);
                let modify = modify.allocated_storage(200).db_instance_class("db.t4g.medium").multi_az(true);
                modify.send().await.expect("a modification");
                world.sleep(DAY).await;
                for with_failover in [false, true] {
                    let reboot = rds.client.reboot_db_instance().db_instance_identifier("orders");
                    reboot.force_failover(with_failover).send().await.expect("a reboot");
                    world.sleep(60 * MINUTE).await;
                }
                rds.client.stop_db_instance().db_instance_identifier("orders").send().await.expect("a stop");
                rows(&[
                    ("0004", "availability", "DB instance shutdown"),
                    ("0005", "creation", "DB instance created"),
                    ("0006", "availability", "DB instance restarted"),
                    ("0012", "configuration change", "Applying modification to database instance class"),
                    ("0013", "failover", "Multi-AZ instance failover started"),
                    ("0014", "configuration change", "Finished applying modification to DB instance class"),
                    ("0016", "configuration change", "Reset master credentials"),
                    ("0017", "configuration change", "Finished applying modification to allocated storage"),
                    ("0018", "configuration change", "Applying modification to allocated storage"),
                    ("0049", "failover", "Multi-AZ instance failover completed"),
                    ("0067", "configuration change", "Unable to reset your password. Error information"),
                    ("0087", "notification", "DB instance stopped"),
                    ("0088", "notification", "DB instance started"),
                    ("0154", "notification", &format!("DB instance {TOO_LONG}")),
                ])
            }
            Kind::Cluster => {
                rds.client.stop_db_cluster().db_cluster_identifier("orders").send().await.expect("a stop");
                rows(&[
                    ("0016", "configuration change", "Reset master credentials"),
                    ("0150", "notification", "DB cluster stopped"),
                    ("0151", "notification", "DB cluster started"),
                    ("0153", "notification", &format!("DB cluster {TOO_LONG}")),
                    ("0170", "creation", "DB cluster created"),
                ])
            }
        };
        world.sleep(8 * DAY).await;
        let mut found = told(&world, &received, &rds, "orders").await;
        for (_, _, message) in &mut found {
            // No text has the information that follows.
            *message = message.split(": ").next().expect("a text").to_owned();
        }
        found.sort();
        found.dedup();
        assert_eq!(found, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_fails_has_the_event_of_the_guides_for_its_status() {
    for kind in BOTH {
        for failure in RestoreFailure::ALL {
            let world = world();
            let rds = Rds::new(&world, PROD, REGION, kind);
            rds.snapshot(&world, "s").await;
            let received = topic(&world).await;
            subscription(&rds, "n").send().await.expect("a subscription");
            rds.restore("s", "new").await.expect("a restore");
            world.fail_restores(Some(failure));
            world.sleep(RESTORED).await;
            let mut found = told(&world, &received, &rds, "new").await;
            found.retain(|(_, category, _)| category == "failure");
            let expected = match (kind, failure) {
                (Kind::Instance, RestoreFailure::Failed) => Some((
                    "RDS-EVENT-0031",
                    "DB instance put into failed state. RDS recommends that you initiate a point-in-time-restore",
                )),
                (Kind::Instance, RestoreFailure::IncompatibleParameters) => {
                    Some(("RDS-EVENT-0035", "Database instance put into incompatible-parameters. "))
                }
                (Kind::Instance, RestoreFailure::IncompatibleNetwork) => {
                    Some(("RDS-EVENT-0036", "Database instance in incompatible-network. "))
                }
                (Kind::Instance, RestoreFailure::InsufficientCapacity) => Some((
                    "RDS-EVENT-0353",
                    "The DB instance can't be created because of insufficient resource limits. ",
                )),
                (Kind::Cluster, RestoreFailure::IncompatibleNetwork) => {
                    Some(("RDS-EVENT-0354", "You can't create the DB cluster because of incompatible resources. "))
                }
                (Kind::Cluster, RestoreFailure::InsufficientCapacity) => Some((
                    "RDS-EVENT-0355",
                    "The DB cluster can't be created because of insufficient resource limits. ",
                )),
                _ => None,
            };
            assert_eq!(found.len(), usize::from(expected.is_some()), "{found:?}");
            for ((number, _, message), (of, start)) in found.iter().zip(expected) {
                assert_eq!(number, of);
                assert!(message.starts_with(start), "{message}");
            }
        }
    }
}
