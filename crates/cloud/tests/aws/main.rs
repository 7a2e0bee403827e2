//! `Cloud` against the simulated AWS, through the real SDK: each call for both kinds, and each class of error.

#![allow(clippy::expect_used, reason = "tests may panic")]

mod databases;
mod errors;
mod keys;
mod messages;
mod metrics;
mod pages;
mod regions;
mod snapshots;
mod timers;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_rds::types::Tag;
use cloud::{Cloud, CopyStart};
use protocol::{Kind, Place, Snapshot, SnapshotArn, Status, Tags};
use sim::fault::{Action, Fault, Plan, Point};
use sim::{Settings, World};

const PROD: &str = "111111111111";
const DR: &str = "222222222222";
const HERE: &str = "eu-west-1";
const MINUTE: Duration = Duration::from_mins(1);

fn settings() -> Settings {
    Settings { epoch: time("2026-11-21T03:00:00Z"), latency: Duration::ZERO, ..Settings::default() }
}

fn world() -> World {
    World::with_settings(settings())
}

fn time<T: std::str::FromStr>(text: &str) -> T {
    text.parse().ok().expect("a time")
}

fn place(account: &str) -> Place {
    Place { region: HERE.parse().expect("a region"), account: account.parse().expect("an account") }
}

fn cloud(world: &World, account: &str) -> Cloud {
    Cloud::new(&world.sdk_config(account, HERE), place(account))
}

/// A `Cloud` with a role that has this policy, instead of the account's root user.
fn cloud_as(world: &World, account: &str, role: &str, policy: &str) -> Cloud {
    world.add_role(account, role, &[policy]).expect("a policy");
    let credentials = Credentials::builder().access_key_id(account).secret_access_key("simulated");
    let credentials = credentials.session_token(format!("{role}/test")).provider_name("test").build();
    let config = world.sdk_config(account, HERE).into_builder();
    let config = config.credentials_provider(SharedCredentialsProvider::new(credentials)).build();
    Cloud::new(&config, place(account))
}

fn rds(world: &World, account: &str) -> aws_sdk_rds::Client {
    aws_sdk_rds::Client::new(&world.sdk_config(account, HERE))
}

fn arn(kind: Kind, account: &str, id: &str) -> SnapshotArn {
    SnapshotArn::new(kind, place(account), id).expect("an identifier")
}

/// Plans these faults for the first calls of an operation, in order.
fn plan(world: &World, operation: &str, actions: &[Action]) {
    let at = Point::Call(operation.to_owned());
    let faults = actions.iter().zip(1..).map(|(action, nth)| Fault { at: at.clone(), nth, action: *action });
    world.plan_faults(Plan::List(faults.collect()));
}

/// The number of calls of these operations.
fn calls(world: &World, operations: &[&str]) -> usize {
    world.journal(|journal| operations.iter().map(|operation| journal.count_calls(operation)).sum())
}

/// Creates a database in PROD, with 100 GiB if it is an instance. Encrypted means under the default key.
async fn database(world: &World, kind: Kind, id: &str, is_encrypted: bool) {
    let rds = rds(world, PROD);
    match kind {
        Kind::Instance => {
            let call = rds.create_db_instance().db_instance_identifier(id).db_instance_class("db.t4g.small");
            let call = call
                .engine("postgres")
                .allocated_storage(100)
                .master_username("draco")
                .master_user_password("simulated")
                .backup_retention_period(0);
            call.storage_encrypted(is_encrypted).send().await.expect("a database");
        }
        Kind::Cluster => {
            let call = rds
                .create_db_cluster()
                .db_cluster_identifier(id)
                .engine("aurora-postgresql")
                .master_username("draco")
                .master_user_password("simulated");
            call.storage_encrypted(is_encrypted).send().await.expect("a database");
        }
    }
    world.sleep(5 * MINUTE).await;
}

/// Starts a snapshot of a database in PROD.
async fn take(world: &World, kind: Kind, database: &str, id: &str, tags: &[(&str, &str)]) -> SnapshotArn {
    let rds = rds(world, PROD);
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build()).collect();
    match kind {
        Kind::Instance => {
            let call = rds.create_db_snapshot().db_instance_identifier(database).db_snapshot_identifier(id);
            call.set_tags(Some(tags)).send().await.expect("a snapshot");
        }
        Kind::Cluster => {
            let call = rds.create_db_cluster_snapshot().db_cluster_identifier(database);
            let call = call.db_cluster_snapshot_identifier(id).set_tags(Some(tags));
            call.send().await.expect("a snapshot");
        }
    }
    arn(kind, PROD, id)
}

/// An available snapshot `s` of an encrypted database `orders`.
async fn snapshot(world: &World, kind: Kind) -> SnapshotArn {
    database(world, kind, "orders", true).await;
    let snapshot = take(world, kind, "orders", "s", &[("team", "shop")]).await;
    world.sleep(10 * MINUTE).await;
    snapshot
}

/// The ARN of a new key that this account and the other accounts may use.
async fn key(world: &World, account: &str, others: &[&str]) -> String {
    let open = |account: &&str| serde_json::json!({ "Effect": "Allow", "Principal": { "AWS": account }, "Action": "kms:*", "Resource": "*" });
    let statements: Vec<_> = [&account].into_iter().chain(others).map(open).collect();
    let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": statements });
    let kms = aws_sdk_kms::Client::new(&world.sdk_config(account, HERE));
    let created = kms.create_key().policy(policy.to_string()).send().await.expect("a key");
    created.key_metadata.and_then(|key| key.arn).expect("its ARN")
}

/// An available transit copy of `s` that is shared with DR. DR may use its key only if the key is open.
async fn shared(world: &World, kind: Kind, is_key_open: bool) -> SnapshotArn {
    let (source, transit) = (snapshot(world, kind).await, arn(kind, PROD, "transit"));
    let key = key(world, PROD, if is_key_open { &[DR] } else { &[] }).await;
    let prod = cloud(world, PROD);
    assert_eq!(prod.copy(&source, &transit, Some(&key), &Tags::default()).await, Ok(CopyStart::Started));
    world.sleep(10 * MINUTE).await;
    prod.share(&transit, &DR.parse().expect("an account")).await.expect("a share");
    transit
}

/// An existing snapshot.
async fn find(cloud: &Cloud, snapshot: &SnapshotArn) -> Snapshot {
    cloud.find(snapshot).await.expect("a response").expect("a snapshot")
}

fn status(snapshot: &Snapshot) -> (Status, u8) {
    (snapshot.status, snapshot.progress)
}
