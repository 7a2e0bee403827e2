//! Passwords of master users that RDS manages in Secrets Manager.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_secretsmanager::Client as Secrets;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sim::servers::{Endpoint, Failure, NewVolume, Servers, Volume};
use sim::{Settings, World};

use super::support::*;

/// Creates a database whose password RDS manages. Returns the ARN of its secret.
async fn managed(world: &World, kind: Kind, key: Option<&str>) -> String {
    let (rds, key) = (client(world, PROD, REGION), key.map(str::to_owned));
    let secret = match kind {
        Kind::Instance => {
            let new = rds.create_db_instance().db_instance_identifier("orders").engine("postgres");
            let new = new.db_instance_class("db.t4g.medium").allocated_storage(20).master_username("draco");
            let made = new.manage_master_user_password(true).set_master_user_secret_kms_key_id(key).send().await;
            made.expect("an instance").db_instance.expect("it").master_user_secret
        }
        Kind::Cluster => {
            let new = rds.create_db_cluster().db_cluster_identifier("orders").engine("aurora-postgresql");
            let new = new.master_username("draco").manage_master_user_password(true);
            let made = new.set_master_user_secret_kms_key_id(key).send().await;
            made.expect("a cluster").db_cluster.expect("it").master_user_secret
        }
    };
    let secret = secret.expect("a secret");
    assert_eq!(secret.secret_status(), Some("creating"));
    secret.secret_arn.expect("an ARN")
}

async fn status(world: &World, kind: Kind) -> Option<String> {
    let rds = client(world, PROD, REGION);
    let secret = match kind {
        Kind::Instance => {
            let found = rds.describe_db_instances().send().await.expect("instances");
            found.db_instances.expect("a list").remove(0).master_user_secret
        }
        Kind::Cluster => {
            let found = rds.describe_db_clusters().send().await.expect("clusters");
            found.db_clusters.expect("a list").remove(0).master_user_secret
        }
    };
    secret.expect("a secret").secret_status
}

fn secrets(world: &World) -> Secrets {
    Secrets::new(&world.sdk_config(PROD, REGION))
}

async fn value(world: &World, arn: &str, stage: &str) -> Result<Value, String> {
    let found = code(secrets(world).get_secret_value().secret_id(arn).version_stage(stage).send().await)?;
    Ok(serde_json::from_str(&found.secret_string.expect("a text")).expect("JSON"))
}

#[tokio::test(start_paused = true)]
async fn the_secret_of_a_new_database_has_the_name_and_the_password_of_its_master_user() {
    for kind in BOTH {
        let world = world();
        let arn = managed(&world, kind, None).await;
        let prefix = format!("arn:aws:secretsmanager:{REGION}:{PROD}:secret:rds!{}-", kind.pick("db", "cluster"));
        assert!(arn.starts_with(&prefix), "{arn}");
        world.sleep(10 * MINUTE).await;
        assert_eq!(status(&world, kind).await.as_deref(), Some("active"));
        let credentials = value(&world, &arn, "AWSCURRENT").await.expect("a value");
        assert_eq!(credentials["username"], "draco");
        assert_eq!(credentials["password"].as_str().map(str::len), Some(28));
        let described = secrets(&world).describe_secret().secret_id(&arn).send().await.expect("a secret");
        assert_eq!((described.owning_service(), described.rotation_enabled()), (Some("rds"), Some(true)));
        let tags: BTreeMap<_, _> = described.tags().iter().map(|tag| (tag.key(), tag.value())).collect();
        let database = kind.database_arn(PROD, REGION, "orders");
        let tag = kind.pick("aws:rds:primaryDBInstanceArn", "aws:rds:primaryDBClusterArn");
        assert_eq!(tags.get(&Some(tag.as_str())), Some(&Some(database.as_str())));
    }
}

#[tokio::test(start_paused = true)]
async fn the_password_is_rotated_every_seven_days() {
    for kind in BOTH {
        let world = world();
        let arn = managed(&world, kind, None).await;
        let first = value(&world, &arn, "AWSCURRENT").await;
        world.sleep(7 * DAY + Duration::from_secs(1)).await;
        assert_eq!(status(&world, kind).await.as_deref(), Some("rotating"));
        assert_ne!(value(&world, &arn, "AWSCURRENT").await, first);
        assert_eq!(value(&world, &arn, "AWSPREVIOUS").await, first);
        world.sleep(2 * MINUTE).await;
        assert_eq!(status(&world, kind).await.as_deref(), Some("active"));
        let second = value(&world, &arn, "AWSCURRENT").await;
        world.sleep(7 * DAY).await;
        assert_eq!(value(&world, &arn, "AWSPREVIOUS").await, second);
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_whose_key_is_disabled_is_impaired_until_the_key_is_enabled() {
    let world = world();
    let kms = aws_sdk_kms::Client::new(&world.sdk_config(PROD, REGION));
    let key = kms.create_key().send().await.expect("a key").key_metadata.expect("its metadata").arn.expect("an ARN");
    let arn = managed(&world, Kind::Instance, Some(&key)).await;
    let first = value(&world, &arn, "AWSCURRENT").await;
    kms.disable_key().key_id(&key).send().await.expect("an answer");
    assert_eq!(value(&world, &arn, "AWSCURRENT").await, Err("DecryptionFailure".to_owned()));
    world.sleep(7 * DAY + MINUTE).await;
    assert_eq!(status(&world, Kind::Instance).await.as_deref(), Some("impaired"));
    kms.enable_key().key_id(&key).send().await.expect("an answer");
    assert_eq!(value(&world, &arn, "AWSCURRENT").await, first, "it was not rotated");
    world.sleep(61 * MINUTE).await;
    assert_eq!(status(&world, Kind::Instance).await.as_deref(), Some("active"));
    assert_ne!(value(&world, &arn, "AWSCURRENT").await, first);
}

#[tokio::test(start_paused = true)]
async fn only_rds_changes_and_deletes_the_secret() {
    let world = world();
    let arn = managed(&world, Kind::Instance, None).await;
    let secrets = secrets(&world);
    let put = secrets.put_secret_value().secret_id(&arn).secret_string("mine").send().await;
    assert_eq!(code(put).err().as_deref(), Some("InvalidRequestException"));
    let delete = secrets.delete_secret().secret_id(&arn).force_delete_without_recovery(true).send().await;
    assert_eq!(code(delete).err().as_deref(), Some("InvalidRequestException"));
    let months = || world.bill().lines.iter().find(|line| line.item == "Secrets").map(|line| line.quantity);
    world.sleep(DAY).await;
    let rds = client(&world, PROD, REGION);
    rds.delete_db_instance()
        .db_instance_identifier("orders")
        .skip_final_snapshot(true)
        .send()
        .await
        .expect("an answer");
    world.sleep(10 * MINUTE).await;
    assert_eq!(value(&world, &arn, "AWSCURRENT").await, Err("ResourceNotFoundException".to_owned()));
    let cost = months();
    world.sleep(DAY).await;
    assert!(cost > Some(0.0) && months() == cost, "{cost:?}");
}

#[tokio::test(start_paused = true)]
async fn the_caller_needs_permissions_for_the_secret_and_its_key() {
    let all = ["rds:CreateDBInstance", "secretsmanager:CreateSecret", "secretsmanager:TagResource", "kms:DescribeKey"];
    for missing in std::iter::once(None).chain((0..all.len()).map(Some)) {
        let world = world();
        let given: Vec<_> =
            all.iter().enumerate().filter(|(nth, _)| Some(*nth) != missing).map(|(_, name)| name).collect();
        let policy = json!({ "Statement": [{ "Effect": "Allow", "Action": given, "Resource": "*" }] }).to_string();
        world.add_role(PROD, "maker", &[&policy]).expect("a policy");
        let rds = aws_sdk_rds::Client::new(&world.sdk_config_for_role(PROD, REGION, "maker"));
        let new = rds.create_db_instance().db_instance_identifier("orders").engine("postgres");
        let new = new.db_instance_class("db.t4g.medium").allocated_storage(20).master_username("draco");
        let made = code(new.manage_master_user_password(true).send().await).err();
        let expected = match missing {
            None => None,
            Some(3) => Some("KMSKeyNotAccessibleFault"),
            Some(_) => Some("AccessDenied"),
        };
        assert_eq!(made.as_deref(), expected, "without {:?}", missing.map(|nth| all[nth]));
    }
}

/// Servers that refuse new passwords for some time.
#[derive(Debug, Default)]
pub(super) struct Refusing(pub(super) AtomicBool);

impl Servers for Refusing {
    fn create(&self, _: &Volume, _: &NewVolume, _: DateTime<Utc>) -> Result<(), Failure> {
        Ok(())
    }

    fn freeze(&self, _: &Volume, _: &Volume) -> Result<(), Failure> {
        Ok(())
    }

    fn copy(&self, _: &Volume, _: &Volume) -> Result<(), Failure> {
        Ok(())
    }

    fn restore(&self, _: &Volume, _: &Volume, _: DateTime<Utc>) -> Result<(), Failure> {
        Ok(())
    }

    fn restore_to_time(&self, _: &Volume, _: DateTime<Utc>, _: &Volume, _: DateTime<Utc>) -> Result<(), Failure> {
        Ok(())
    }

    fn start(&self, _: &Volume, _: &Endpoint) -> Result<(), Failure> {
        Ok(())
    }

    fn stop(&self, _: &Volume) {}

    fn set_password(&self, _: &Volume, _: &str) -> Result<(), Failure> {
        if self.0.load(Ordering::Relaxed) { Err(Failure("it is full".to_owned())) } else { Ok(()) }
    }

    fn drop_volume(&self, _: &Volume) {}

    fn note_time(&self, _: DateTime<Utc>) {}

    fn resolve(&self, _: &str) -> Option<SocketAddr> {
        None
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_that_the_server_does_not_take_is_no_success() {
    for kind in BOTH {
        let servers = Arc::new(Refusing::default());
        let world = World::with_settings(Settings { servers: Arc::clone(&servers) as Arc<dyn Servers>, ..settings() });
        let arn = managed(&world, kind, None).await;
        let first = value(&world, &arn, "AWSCURRENT").await;
        world.sleep(60 * MINUTE).await;
        servers.0.store(true, Ordering::Relaxed);
        let (account, id) = (Rds::new(&world, PROD, REGION, kind), "orders");
        let is_reset = async |world: &World| {
            let events =
                client(world, PROD, REGION).describe_events().duration(60 * 24 * 14).send().await.expect("events");
            events.events().iter().any(|event| event.message().is_some_and(|text| text.contains("credentials")))
        };
        let is_refused = async |world: &World| {
            let events = client(world, PROD, REGION).describe_events().duration(60 * 2).send().await.expect("events");
            events.events().iter().any(|event| event.message().is_some_and(|text| text.starts_with("Unable to reset")))
        };

        // A rotation.
        world.sleep(7 * DAY).await;
        assert_eq!(status(&world, kind).await.as_deref(), Some("impaired"));
        assert_eq!(account.status(id).await.as_deref(), Ok("available"));
        assert_eq!(value(&world, &arn, "AWSCURRENT").await, first);
        servers.0.store(false, Ordering::Relaxed);
        world.sleep(120 * MINUTE).await;
        assert_eq!(status(&world, kind).await.as_deref(), Some("active"));
        assert_eq!(account.status(id).await.as_deref(), Ok("available"));
        assert_ne!(value(&world, &arn, "AWSCURRENT").await, first);

        // A modification.
        servers.0.store(true, Ordering::Relaxed);
        let second = value(&world, &arn, "AWSCURRENT").await;
        let set = async |password: &str| {
            let rds = client(&world, PROD, REGION);
            match kind {
                Kind::Instance => {
                    let modify = rds.modify_db_instance().db_instance_identifier(id).apply_immediately(true);
                    code(modify.manage_master_user_password(false).master_user_password(password).send().await)
                        .map(drop)
                }
                Kind::Cluster => {
                    let modify = rds.modify_db_cluster().db_cluster_identifier(id).apply_immediately(true);
                    code(modify.manage_master_user_password(false).master_user_password(password).send().await)
                        .map(drop)
                }
            }
        };
        set("another-password").await.expect("accepted");
        world.sleep(60 * MINUTE).await;
        assert_eq!(account.status(id).await.as_deref(), Ok("available"));
        assert_eq!(value(&world, &arn, "AWSCURRENT").await, second);
        // The event is in the tables of instances only.
        assert!(!is_reset(&world).await);
        assert_eq!(is_refused(&world).await, kind == Kind::Instance);
        servers.0.store(false, Ordering::Relaxed);
        set("another-password").await.expect("accepted");
        world.sleep(60 * MINUTE).await;
        assert_eq!(account.status(id).await.as_deref(), Ok("available"));
    }
}
