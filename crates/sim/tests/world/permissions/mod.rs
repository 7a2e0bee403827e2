//! Permissions of roles: each call is checked against its caller's policies before it has an effect.

mod conditions;
mod invocations;
mod organizations;
mod tables;
mod unused;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_types::SdkConfig;
use serde_json::{Value, json};
use sim::questions::{Answers, CopiedTagsPermission, KeyTagDelay, SourceArn};
use sim::{Settings, World};

use crate::support::{DR as OTHER_ACCOUNT, PROD as ACCOUNT, REGION, settings, world};

/// The credentials of the role `worker`, which has no policies at first.
fn worker(world: &World, account: &str) -> SdkConfig {
    let credentials = Credentials::builder()
        .access_key_id(account)
        .secret_access_key("simulated")
        .session_token("worker/night")
        .provider_name("test");
    let provider = SharedCredentialsProvider::new(credentials.build());
    world.sdk_config(account, REGION).into_builder().credentials_provider(provider).build()
}

/// Sets the policy of the role `worker`.
fn allow_worker(world: &World, account: &str, statements: &Value) {
    let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    world.add_role(account, "worker", &[&policy]).expect("a policy");
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

/// `Ok`, or the code and the message of the error.
fn outcome<T, E: ProvideErrorMetadata, R>(answer: Result<T, SdkError<E, R>>) -> Result<(), String> {
    let message = |error: SdkError<E, R>| {
        format!("{}: {}", error.code().unwrap_or_default(), error.message().unwrap_or_default())
    };
    answer.map(drop).map_err(message)
}

fn code(answer: Result<(), String>) -> String {
    answer.map_or_else(|message| message.split(':').next().unwrap_or_default().to_owned(), |()| "done".to_owned())
}

/// Creates a database with a snapshot `s`.
async fn snapshot(world: &World, account: &str, tags: &[(&str, &str)]) {
    let rds = aws_sdk_rds::Client::new(&world.sdk_config(account, REGION));
    let made = rds.create_db_instance().db_instance_identifier("orders").db_instance_class("db.t4g.micro");
    made.engine("postgres")
        .allocated_storage(20)
        .master_username("draco")
        .master_user_password("simulated")
        .backup_retention_period(0)
        .send()
        .await
        .expect("a database");
    world.sleep(Duration::from_secs(3600)).await;
    let taken = rds.create_db_snapshot().db_instance_identifier("orders").db_snapshot_identifier("s");
    taken.set_tags(Some(rds_tags(tags))).send().await.expect("a snapshot");
    world.sleep(Duration::from_secs(3600)).await;
}

fn rds_tags(tags: &[(&str, &str)]) -> Vec<aws_sdk_rds::types::Tag> {
    tags.iter().map(|(key, value)| aws_sdk_rds::types::Tag::builder().key(*key).value(*value).build()).collect()
}

#[tokio::test(start_paused = true)]
async fn each_service_has_its_own_access_denied_error_and_a_refused_call_has_no_effect() {
    let world = world();
    snapshot(&world, ACCOUNT, &[]).await;
    allow_worker(&world, ACCOUNT, &json!([allow("kms:ListKeys", "*")]));
    let config = worker(&world, ACCOUNT);
    let rds = aws_sdk_rds::Client::new(&config);
    let refused = outcome(rds.delete_db_snapshot().db_snapshot_identifier("s").send().await);
    let message = "AccessDenied: User: arn:aws:sts::111111111111:assumed-role/worker/night is not authorized to \
                   perform: rds:DeleteDBSnapshot on resource: arn:aws:rds:eu-west-1:111111111111:snapshot:s because no \
                   identity-based policy allows the rds:DeleteDBSnapshot action";
    assert_eq!(refused, Err(message.to_owned()));
    let root = aws_sdk_rds::Client::new(&world.sdk_config(ACCOUNT, REGION));
    root.describe_db_snapshots().db_snapshot_identifier("s").send().await.expect("the snapshot is still there");

    let sqs = outcome(aws_sdk_sqs::Client::new(&config).create_queue().queue_name("q").send().await);
    let sns = outcome(aws_sdk_sns::Client::new(&config).create_topic().name("t").send().await);
    let states = outcome(aws_sdk_sfn::Client::new(&config).list_state_machines().send().await);
    let kms = outcome(aws_sdk_kms::Client::new(&config).list_aliases().send().await);
    let codes = [sqs, sns, states, kms].map(code);
    assert_eq!(codes, ["AccessDenied", "AuthorizationError", "AccessDeniedException", "AccessDeniedException"]);
    let sns = aws_sdk_sns::Client::new(&world.sdk_config(ACCOUNT, REGION));
    assert_eq!(sns.list_topics().send().await.expect("a list").topics().len(), 0);

    // The journal has the error code of a refused call.
    let refused = world.journal(|journal| {
        let of = |entry: &sim::journal::Entry| match &entry.event {
            sim::journal::Event::Call { operation, error: Some(error), .. } => Some(format!("{operation} {error}")),
            _ => None,
        };
        journal.entries().iter().filter_map(of).next()
    });
    assert_eq!(refused.as_deref(), Some("DeleteDBSnapshot AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn get_caller_identity_requires_no_permission() {
    let world = world();
    world.add_role(ACCOUNT, "worker", &[]).expect("a role");
    aws_sdk_sts::Client::new(&worker(&world, ACCOUNT)).get_caller_identity().send().await.expect("an identity");
}

#[tokio::test(start_paused = true)]
async fn a_role_without_policies_may_do_everything() {
    let world = world();
    snapshot(&world, ACCOUNT, &[]).await;
    world.add_role(OTHER_ACCOUNT, "worker", &[]).expect("a role of this name, of another account");
    world.add_role(ACCOUNT, "other", &[]).expect("a role of this account, of another name");
    let rds = aws_sdk_rds::Client::new(&worker(&world, ACCOUNT));
    rds.delete_db_snapshot().db_snapshot_identifier("s").send().await.expect("a deletion");
}
