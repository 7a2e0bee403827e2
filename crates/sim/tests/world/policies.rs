//! Roles and their policies through the AWS SDK.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use serde_json::{Value, json};
use sim::World;

use crate::support::{DR as OTHER, PROD as OWNER, REGION, epoch};

fn world() -> World {
    World::new(epoch())
}

fn root(world: &World) -> Client {
    Client::new(&world.sdk_config(OWNER, REGION))
}

/// A client with the credentials of a role: the session token has the names of the role and the session.
fn assumed(world: &World, account: &str, role: &str) -> Client {
    let credentials = Credentials::builder()
        .access_key_id(account)
        .secret_access_key("simulated")
        .session_token(format!("{role}/night"))
        .provider_name("test")
        .build();
    let config = world.sdk_config(account, REGION).into_builder();
    Client::new(&config.credentials_provider(SharedCredentialsProvider::new(credentials)).build())
}

fn policy(statement: Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

/// A policy that allows this action.
fn may(action: &str, resource: &str) -> String {
    policy(json!({ "Effect": "Allow", "Action": action, "Resource": resource }))
}

/// Creates a key that is open to its account and these principals, and returns its ARN.
async fn key(kms: &Client, principals: Value) -> String {
    let open = |to: Value| json!({ "Effect": "Allow", "Principal": { "AWS": to }, "Action": "kms:*", "Resource": "*" });
    let policy = json!({ "Statement": [open(json!(OWNER)), open(principals)] }).to_string();
    let made = kms.create_key().policy(policy).send().await.expect("a key");
    made.key_metadata().and_then(|key| key.arn()).expect("its ARN").to_owned()
}

fn error_of<T: std::fmt::Debug, E: ProvideErrorMetadata, R>(answer: Result<T, SdkError<E, R>>) -> String {
    let error = answer.expect_err("an error");
    format!("{}: {}", error.code().unwrap_or_default(), error.message().unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn a_role_without_policies_may_do_what_key_policies_allow() {
    let world = world();
    let named = key(&root(&world), json!(format!("arn:aws:iam::{OTHER}:role/backup"))).await;
    assumed(&world, OTHER, "backup").describe_key().key_id(&named).send().await.expect("the key");
    let refused = error_of(assumed(&world, OTHER, "other").describe_key().key_id(&named).send().await);
    let who = "AccessDeniedException: User: arn:aws:sts::222222222222:assumed-role/other/night is not authorized";
    assert!(refused.starts_with(who), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_role_with_policies_requires_both_its_policies_and_the_key_policy() {
    let world = world();
    let key = key(&root(&world), json!(OTHER)).await;
    let backup = assumed(&world, OTHER, "backup");
    world.add_role(OTHER, "backup", &[&may("kms:List*", "*")]).expect("a policy");
    let message = format!(
        "AccessDeniedException: User: arn:aws:sts::222222222222:assumed-role/backup/night is not authorized to \
         perform: kms:DescribeKey on resource: {key} because no identity-based policy allows the kms:DescribeKey action"
    );
    assert_eq!(error_of(backup.describe_key().key_id(&key).send().await), message);
    backup.list_keys().send().await.expect("keys");
    // `add_role` replaces earlier policies.
    world.add_role(OTHER, "backup", &[&may("kms:DescribeKey", &key)]).expect("a policy");
    backup.describe_key().key_id(&key).send().await.expect("the key");
    let message = "AccessDeniedException: User: arn:aws:sts::222222222222:assumed-role/backup/night is not authorized \
                   to perform: kms:ListKeys because no identity-based policy allows the kms:ListKeys action";
    assert_eq!(error_of(backup.list_keys().send().await), message);
    // A role of the same name in another account is another role.
    assumed(&world, OWNER, "backup").list_keys().send().await.expect("keys");
}

#[tokio::test(start_paused = true)]
async fn a_denial_of_the_role_wins_over_the_key() {
    let world = world();
    let key = key(&root(&world), json!(format!("arn:aws:iam::{OWNER}:role/backup"))).await;
    let backup = assumed(&world, OWNER, "backup");
    world.add_role(OWNER, "backup", &[]).expect("no policy");
    backup.describe_key().key_id(&key).send().await.expect("the key names the role, which suffices at home");
    let deny = policy(json!({ "Effect": "Deny", "Action": "kms:Describe*", "Resource": "*" }));
    world.add_role(OWNER, "backup", &[&may("kms:*", "*"), &deny]).expect("policies");
    let refused = error_of(backup.describe_key().key_id(&key).send().await);
    assert!(refused.ends_with("with an explicit deny in an identity-based policy"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn an_alias_is_a_resource_of_its_own() {
    let world = world();
    let key = key(&root(&world), json!(format!("arn:aws:iam::{OWNER}:role/backup"))).await;
    let backup = assumed(&world, OWNER, "backup");
    let create = |name: &str| backup.create_alias().alias_name(name).target_key_id(&key).send();
    let only = may("kms:CreateAlias", "arn:aws:kms:*:111111111111:alias/copies/*");
    world.add_role(OWNER, "backup", &[&only]).expect("a policy");
    create("alias/copies/orders").await.expect("an alias");
    let refused = error_of(create("alias/orders").await);
    assert!(refused.contains("on resource: arn:aws:kms:eu-west-1:111111111111:alias/orders because"), "{refused}");
    let refused = error_of(backup.delete_alias().alias_name("alias/copies/orders").send().await);
    assert!(refused.contains("alias/copies/orders because no identity-based policy allows"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_require_a_tag_on_new_keys() {
    let world = world();
    let tagged = policy(json!({
        "Effect": "Allow",
        "Action": ["kms:CreateKey", "kms:TagResource"],
        "Resource": "*",
        "Condition": { "StringEquals": { "aws:RequestTag/team": "shop" } }
    }));
    world.add_role(OWNER, "backup", &[&tagged]).expect("a policy");
    let backup = assumed(&world, OWNER, "backup");
    let create = |team: &str| {
        let tag = aws_sdk_kms::types::Tag::builder().tag_key("team").tag_value(team).build().expect("a tag");
        backup.create_key().tags(tag).send()
    };
    create("shop").await.expect("a key");
    assert!(error_of(create("bank").await).starts_with("AccessDeniedException"));
}

#[tokio::test(start_paused = true)]
async fn add_role_refuses_invalid_policies() {
    let world = world();
    for wrong in ["", "{}", &may("kms:*", "*").replace("Resource", "Ressource")] {
        world.add_role(OWNER, "backup", &[wrong]).expect_err("no policy");
    }
    // The role still has no policies.
    assumed(&world, OWNER, "backup").list_keys().send().await.expect("keys");
}
