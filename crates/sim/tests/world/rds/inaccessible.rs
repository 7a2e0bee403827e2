//! Databases whose encryption key cannot be used.

use std::time::Duration;

use sim::World;

use super::support::*;

const HOUR: Duration = Duration::from_hours(1);
const RECOVERABLE: &str = "inaccessible-encryption-credentials-recoverable";
const NOT_ACCESSIBLE: &str = "KMSKeyNotAccessibleFault";

/// A database with a key of its own, which is available and has backups.
struct Encrypted {
    rds: Rds,
    kms: aws_sdk_kms::Client,
    key: String,
}

impl Encrypted {
    async fn new(world: &World, kind: Kind, retention: i32) -> Self {
        let kms = aws_sdk_kms::Client::new(&world.sdk_config(PROD, REGION));
        let key = kms.create_key().send().await.expect("a key");
        let key = key.key_metadata().expect("a key").key_id().to_owned();
        let rds = Rds::new(world, PROD, REGION, kind);
        let like = DatabaseSpec { key: Some(&key), is_encrypted: true, ..DatabaseSpec::daily(retention) };
        rds.create_database("orders", like).await.expect("a database");
        world.sleep(5 * MINUTE).await;
        Self { rds, kms, key }
    }

    async fn disable(&self) {
        self.kms.disable_key().key_id(&self.key).send().await.expect("disabled");
    }

    async fn enable(&self) {
        self.kms.enable_key().key_id(&self.key).send().await.expect("enabled");
    }

    async fn status(&self) -> String {
        self.rds.status("orders").await.expect("a status")
    }

    async fn start(&self) -> Result<(), String> {
        match self.rds.kind {
            Kind::Instance => {
                code(self.rds.client.start_db_instance().db_instance_identifier("orders").send().await).map(drop)
            }
            Kind::Cluster => {
                code(self.rds.client.start_db_cluster().db_cluster_identifier("orders").send().await).map(drop)
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_whose_key_is_disabled_can_be_recovered_within_seven_days() {
    for kind in BOTH {
        let world = world();
        let database = Encrypted::new(&world, kind, 1).await;
        assert_eq!(database.start().await, Err(kind.invalid_database_state()));
        database.disable().await;
        world.sleep(4 * HOUR).await;
        assert_eq!(database.status().await, RECOVERABLE);
        assert_eq!(database.start().await, Err(NOT_ACCESSIBLE.to_owned()));
        database.enable().await;
        world.sleep(6 * DAY).await;
        // Enabling the key is not enough.
        assert_eq!(database.status().await, RECOVERABLE);
        assert_eq!(database.start().await, Ok(()));
        assert_eq!(database.status().await, "starting");
        world.sleep(5 * MINUTE).await;
        assert_eq!(database.status().await, "available");
        world.sleep(DAY).await;
        assert_eq!(database.status().await, "available");
    }
}

#[tokio::test(start_paused = true)]
async fn after_seven_days_the_database_is_lost() {
    for kind in BOTH {
        let world = world();
        let database = Encrypted::new(&world, kind, 1).await;
        database.kms.schedule_key_deletion().key_id(&database.key).send().await.expect("scheduled");
        world.sleep(8 * DAY).await;
        assert_eq!(database.status().await, "inaccessible-encryption-credentials");
        assert_eq!(database.start().await, Err(kind.invalid_database_state()));
        assert_eq!(database.rds.delete_database("orders", true).await, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_stays_available_if_its_key_is_enabled_again_within_two_hours() {
    let world = world();
    let database = Encrypted::new(&world, Kind::Instance, 1).await;
    database.disable().await;
    world.sleep(HOUR + 30 * MINUTE).await;
    database.enable().await;
    world.sleep(DAY).await;
    assert_eq!(database.status().await, "available");
}

/// "DB instances with disabled backups remain available until the volumes are detached from the host."
#[tokio::test(start_paused = true)]
async fn an_instance_without_backups_stays_available() {
    let world = world();
    let database = Encrypted::new(&world, Kind::Instance, 0).await;
    database.disable().await;
    world.sleep(DAY).await;
    assert_eq!(database.status().await, "available");
}

#[tokio::test(start_paused = true)]
async fn a_database_whose_key_is_disabled_is_deleted_without_a_final_snapshot() {
    let world = world();
    let database = Encrypted::new(&world, Kind::Instance, 1).await;
    database.disable().await;
    let delete = database.rds.client.delete_db_instance().db_instance_identifier("orders");
    let last = delete.final_db_snapshot_identifier("last").send().await;
    assert_eq!(code(last).err().as_deref(), Some(NOT_ACCESSIBLE));
    assert_eq!(database.rds.delete_database("orders", true).await, Ok(()));
}
