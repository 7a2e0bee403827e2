//! The keys of secrets.

use aws_sdk_kms::Client as Kms;
use serde_json::json;

use super::*;

/// A secret under a key of its own.
async fn under_a_key(world: &World, name: &str) -> (Kms, String) {
    let kms = Kms::new(&world.sdk_config(PROD, REGION));
    let key = kms.create_key().send().await.expect("a key").key_metadata.expect("its metadata").arn.expect("an ARN");
    let new = client(world, PROD).create_secret().name(name).secret_string("value").kms_key_id(&key);
    new.send().await.expect("a secret");
    (kms, key)
}

#[tokio::test(start_paused = true)]
async fn the_key_is_described_unless_it_is_the_managed_one() {
    let world = world();
    let secrets = client(&world, PROD);
    let (kms, key) = under_a_key(&world, "own").await;
    secret(&secrets, "default", "value").await;
    let named = secrets.create_secret().name("named").secret_string("value").kms_key_id("alias/aws/secretsmanager");
    named.send().await.expect("a secret");
    let key_of =
        async |name: &str| secrets.describe_secret().secret_id(name).send().await.expect("a description").kms_key_id;
    assert_eq!(key_of("own").await, Some(key));
    assert_eq!((key_of("default").await, key_of("named").await), (None, None));
    kms.describe_key().key_id("alias/aws/secretsmanager").send().await.expect("it was created with the first secret");
}

#[tokio::test(start_paused = true)]
async fn a_disabled_key_prevents_reading_and_writing() {
    let world = world();
    let (kms, key) = under_a_key(&world, "login").await;
    let secrets = client(&world, PROD);
    kms.disable_key().key_id(&key).send().await.expect("an answer");
    assert_eq!(value(&secrets, "login", None, None).await, Err("DecryptionFailure".to_owned()));
    assert_eq!(put(&secrets, SECOND, "two", &[]).await, Err("EncryptionFailure".to_owned()));
    secrets.describe_secret().secret_id("login").send().await.expect("the description needs no key");
    kms.enable_key().key_id(&key).send().await.expect("an answer");
    assert_eq!(value(&secrets, "login", None, None).await, Ok("value".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_role_needs_the_key_besides_the_secret_and_only_through_secrets_manager() {
    let world = world();
    let (_, key) = under_a_key(&world, "login").await;
    let reading = json!({ "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*" });
    let decrypting = |via: &str| {
        let via = json!({ "StringEquals": { "kms:ViaService": format!("{via}.{REGION}.amazonaws.com") } });
        json!({ "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key, "Condition": via })
    };
    let as_role = Client::new(&world.sdk_config_for_role(PROD, REGION, "reader"));
    for (statements, expected) in [
        (vec![reading.clone()], Err("AccessDeniedException".to_owned())),
        (vec![reading.clone(), decrypting("rds")], Err("AccessDeniedException".to_owned())),
        (vec![reading, decrypting("secretsmanager")], Ok("value".to_owned())),
    ] {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        world.add_role(PROD, "reader", &[&policy]).expect("a policy");
        assert_eq!(value(&as_role, "login", None, None).await, expected, "{policy}");
    }
}
