//! The keys that a copy requires, and all reasons for which a key cannot be used.

use aws_sdk_kms::Client;
use serde_json::{Value, json};
use sim::World;
use sim::questions::{ClusterCopyKey, SharedCopyWithoutKey};

use super::support::*;

const NOT_ACCESSIBLE: &str = "KMSKeyNotAccessibleFault";
/// The operations on the source's key that the copying account requires.
const READING: [&str; 4] = ["kms:Decrypt", "kms:DescribeKey", "kms:CreateGrant", "kms:ReEncrypt*"];
/// The same for the target's key.
const WRITING: [&str; 5] =
    ["kms:Decrypt", "kms:DescribeKey", "kms:CreateGrant", "kms:ReEncrypt*", "kms:GenerateDataKey*"];

fn kms(world: &World, account: &str, region: &str) -> Client {
    Client::new(&world.sdk_config(account, region))
}

/// Creates a key and returns its ARN.
async fn key(kms: &Client) -> String {
    kms.create_key().send().await.expect("a key").key_metadata.expect("its metadata").arn.expect("an ARN")
}

/// Sets a key policy that allows another account these actions, and grants for AWS services only.
async fn open(kms: &Client, key: &str, owner: &str, to: &str, actions: &[&str]) {
    let root = |account: &str| json!({ "AWS": format!("arn:aws:iam::{account}:root") });
    let own = json!({ "Effect": "Allow", "Principal": root(owner), "Action": "kms:*", "Resource": "*" });
    let mut statements = vec![own];
    for action in actions {
        let condition = match *action {
            "kms:CreateGrant" => json!({ "Bool": { "kms:GrantIsForAWSResource": "true" } }),
            _ => json!({ "StringEquals": { "kms:CallerAccount": to } }),
        };
        let statement = json!({
            "Effect": "Allow", "Principal": root(to), "Action": action, "Resource": "*", "Condition": condition,
        });
        statements.push(statement);
    }
    put(kms, key, &json!({ "Version": "2012-10-17", "Statement": statements })).await;
}

async fn put(kms: &Client, key: &str, policy: &Value) {
    kms.put_key_policy().key_id(key).policy(policy.to_string()).send().await.expect("a policy");
}

/// A snapshot `s` under its owner's key, shared with DR, with the keys and clients to copy it.
struct Shared {
    prod: Rds,
    dr: Rds,
    prod_kms: Client,
    dr_kms: Client,
    arn: String,
    source_key: String,
    target_key: String,
}

impl Shared {
    async fn new(world: &World, kind: Kind, dr_region: &str) -> Self {
        let (prod_kms, dr_kms) = (kms(world, PROD, REGION), kms(world, DR, dr_region));
        let (source_key, target_key) = (key(&prod_kms).await, key(&dr_kms).await);
        open(&prod_kms, &source_key, PROD, DR, &READING).await;
        let prod = encrypted(world, kind, Some(&source_key)).await;
        prod.share("s", &[DR], &[]).await.expect("a share");
        let (dr, arn) = (Rds::new(world, DR, dr_region, kind), kind.arn(PROD, REGION, "s"));
        Self { prod, dr, prod_kms, dr_kms, arn, source_key, target_key }
    }

    async fn copy(&self, target: &str) -> Result<SnapshotView, String> {
        self.dr
            .copy(CopyRequest { source: &self.arn, target, key: Some(&self.target_key), ..CopyRequest::default() })
            .await
    }
}

/// A snapshot `s` of an encrypted database.
async fn encrypted(world: &World, kind: Kind, key: Option<&str>) -> Rds {
    let prod = Rds::new(world, PROD, REGION, kind);
    prod.create_database("orders", DatabaseSpec { is_encrypted: true, key, ..DatabaseSpec::daily(35) })
        .await
        .expect("a database");
    world.sleep(5 * MINUTE).await;
    prod.create("orders", "s").await.expect("a snapshot");
    world.sleep(10 * MINUTE).await;
    prod
}

#[tokio::test(start_paused = true)]
async fn snapshots_under_the_default_key_are_shared_only_after_copying_to_another_key() {
    for kind in BOTH {
        let world = world();
        let prod = encrypted(&world, kind, None).await;
        let default = prod.describe("s").await.expect("it").key;
        let alias = kms(&world, PROD, REGION).describe_key().key_id("alias/aws/rds").send().await.expect("a key");
        assert_eq!(default.as_deref(), alias.key_metadata().and_then(|key| key.arn()));
        assert_eq!(prod.share("s", &[DR], &[]).await, Err(kind.invalid_snapshot_state()));
        let own = key(&kms(&world, PROD, REGION)).await;
        let copy = CopyRequest { source: "s", target: "transit", key: Some(&own), ..CopyRequest::default() };
        assert_eq!(prod.copy(copy).await.expect("a copy").key, Some(own));
        world.sleep(10 * MINUTE).await;
        assert_eq!(prod.share("transit", &[DR], &[]).await, Ok(vec![DR.to_owned()]));
        assert_eq!(prod.share("transit", &["all"], &[]).await, Err(kind.invalid_snapshot_state()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_is_encrypted_with_the_requested_key_or_its_sources_key() {
    for kind in BOTH {
        let world = world();
        let prod = encrypted(&world, kind, None).await;
        let kms = kms(&world, PROD, REGION);
        let other = key(&kms).await;
        kms.create_alias().alias_name("alias/transit").target_key_id(&other).send().await.expect("an alias");
        let id = other.rsplit('/').next().expect("an identifier");
        let default = prod.describe("s").await.expect("it").key.expect("a key");
        for (n, (wanted, expected)) in
            [(None, &default), (Some("alias/aws/rds"), &default), (Some("alias/transit"), &other), (Some(id), &other)]
                .into_iter()
                .enumerate()
        {
            let copy = CopyRequest { source: "s", target: &format!("c-{n}"), key: wanted, ..CopyRequest::default() };
            let copied = prod.copy(copy).await.expect("a copy");
            assert_eq!((copied.is_encrypted, copied.key.as_ref()), (true, Some(expected)), "{wanted:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn shared_snapshots_are_copied_with_the_copying_accounts_key_to_any_region() {
    for (kind, region) in BOTH.into_iter().flat_map(|kind| [(kind, REGION), (kind, OTHER_REGION)]) {
        let world = world();
        let shared = Shared::new(&world, kind, region).await;
        assert_eq!(shared.copy("c").await.expect("a copy").key.as_ref(), Some(&shared.target_key));
        world.sleep(10 * MINUTE).await;
        assert_eq!(shared.dr.describe("c").await.expect("it").status, "available");
        // Keys of another region and unknown aliases cannot be used for the copy.
        let other_region = key(&kms(&world, DR, "ap-south-1")).await;
        for wrong in [&other_region, "alias/none"] {
            let copy = CopyRequest { source: &shared.arn, target: "d", key: Some(wrong), ..CopyRequest::default() };
            assert_eq!(shared.dr.copy(copy).await.err().as_deref(), Some(NOT_ACCESSIBLE), "{wrong}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cross_region_copy_requires_a_key_of_the_target_region() {
    for kind in BOTH {
        let world = world();
        encrypted(&world, kind, None).await;
        let other_region = Rds::new(&world, PROD, OTHER_REGION, kind);
        let arn = kind.arn(PROD, REGION, "s");
        let copy = CopyRequest { source: &arn, target: "c", ..CopyRequest::default() };
        assert_eq!(other_region.copy(copy.clone()).await.err().as_deref(), Some("InvalidParameterValue"));
        assert!(
            other_region.copy(CopyRequest { key: Some("alias/aws/rds"), ..copy }).await.expect("a copy").is_encrypted
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_encrypted_snapshot_is_not_copied_without_a_key() {
    for answer in SharedCopyWithoutKey::ALL {
        for kind in BOTH {
            let world = world_where(|answers| answers.shared_copy_without_key = *answer);
            let shared = Shared::new(&world, kind, REGION).await;
            let copy = CopyRequest { source: &shared.arn, target: "c", ..CopyRequest::default() };
            let expected = match answer {
                SharedCopyWithoutKey::InvalidParameterValue => "InvalidParameterValue",
                SharedCopyWithoutKey::KmsKeyNotAccessibleFault => NOT_ACCESSIBLE,
            };
            assert_eq!(shared.dr.copy(copy).await.err().as_deref(), Some(expected));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn copying_can_encrypt_instance_snapshots_but_not_cluster_snapshots() {
    for answer in ClusterCopyKey::ALL {
        let world = world_where(|answers| answers.cluster_copy_key = *answer);
        let key = key(&kms(&world, PROD, REGION)).await;
        for kind in BOTH {
            let rds = Rds::new(&world, PROD, REGION, kind);
            rds.snapshot(&world, "plain").await;
            let copy = CopyRequest { source: "plain", target: "c", key: Some(&key), ..CopyRequest::default() };
            let copied = rds.copy(copy).await.map(|copied| copied.key);
            let expected = match (kind, answer) {
                (Kind::Instance, _) => Ok(Some(key.clone())),
                (_, ClusterCopyKey::InvalidParameterCombination) => Err("InvalidParameterCombination".to_owned()),
                (_, ClusterCopyKey::InvalidParameterValue) => Err("InvalidParameterValue".to_owned()),
            };
            assert_eq!(copied, expected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_permission_is_needed_on_the_sources_key() {
    for kind in BOTH {
        let world = world();
        let shared = Shared::new(&world, kind, REGION).await;
        for missing in READING {
            let rest: Vec<&str> = READING.into_iter().filter(|action| *action != missing).collect();
            open(&shared.prod_kms, &shared.source_key, PROD, DR, &rest).await;
            assert_eq!(shared.copy("c").await.err().as_deref(), Some(NOT_ACCESSIBLE), "without {missing}");
        }
        open(&shared.prod_kms, &shared.source_key, PROD, DR, &READING).await;
        assert_eq!(shared.copy("c").await.map(drop), Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn every_permission_is_needed_on_the_targets_key() {
    for kind in BOTH {
        let world = world();
        let shared = Shared::new(&world, kind, REGION).await;
        // The target's key is in a third account, so that only its policy decides.
        let third = kms(&world, "333333333333", REGION);
        let target = key(&third).await;
        let copy = async || {
            let copy = CopyRequest { source: &shared.arn, target: "c", key: Some(&target), ..CopyRequest::default() };
            shared.dr.copy(copy).await.map(drop)
        };
        for missing in WRITING {
            let rest: Vec<&str> = WRITING.into_iter().filter(|action| *action != missing).collect();
            open(&third, &target, "333333333333", DR, &rest).await;
            assert_eq!(copy().await, Err(NOT_ACCESSIBLE.to_owned()), "without {missing}");
        }
        open(&third, &target, "333333333333", DR, &WRITING).await;
        assert_eq!(copy().await, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_error_names_the_key_and_the_reason() {
    let world = world();
    let shared = Shared::new(&world, Kind::Instance, REGION).await;
    open(&shared.prod_kms, &shared.source_key, PROD, DR, &["kms:Decrypt", "kms:DescribeKey", "kms:ReEncrypt*"]).await;
    let call = shared.dr.client.copy_db_snapshot().source_db_snapshot_identifier(&shared.arn);
    let refused = call.target_db_snapshot_identifier("c").kms_key_id(&shared.target_key).send().await;
    let message = refused.err().and_then(|error| error.into_service_error().meta().message().map(str::to_owned));
    let message = message.expect("a message");
    for part in ["The source snapshot KMS key", &shared.source_key, "kms:CreateGrant", DR] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}

#[tokio::test(start_paused = true)]
async fn copying_fails_if_a_key_is_disabled_or_pending_deletion() {
    for kind in BOTH {
        let world = world();
        let shared = Shared::new(&world, kind, REGION).await;
        for (kms, key) in [(&shared.prod_kms, &shared.source_key), (&shared.dr_kms, &shared.target_key)] {
            kms.disable_key().key_id(key).send().await.expect("disabled");
            assert_eq!(shared.copy("c").await.err().as_deref(), Some(NOT_ACCESSIBLE));
            kms.schedule_key_deletion().key_id(key).send().await.expect("scheduled");
            assert_eq!(shared.copy("c").await.err().as_deref(), Some(NOT_ACCESSIBLE));
            kms.cancel_key_deletion().key_id(key).send().await.expect("cancelled");
            kms.enable_key().key_id(key).send().await.expect("enabled");
        }
        assert_eq!(shared.copy("c").await.map(drop), Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_fails_if_a_key_is_disabled_during_the_copy() {
    for (kind, is_source) in BOTH.into_iter().flat_map(|kind| [(kind, true), (kind, false)]) {
        let world = world();
        let shared = Shared::new(&world, kind, OTHER_REGION).await;
        shared.copy("c").await.expect("a copy");
        world.sleep(5 * MINUTE).await;
        let (kms, key) =
            if is_source { (&shared.prod_kms, &shared.source_key) } else { (&shared.dr_kms, &shared.target_key) };
        kms.disable_key().key_id(key).send().await.expect("disabled");
        world.sleep(5 * MINUTE).await;
        let failed = shared.dr.describe("c").await.expect("it");
        assert_eq!((failed.status.as_str(), failed.percent < 100), ("failed", true));
        assert_eq!(shared.prod.describe("s").await.expect("it").status, "available");
    }
}

#[tokio::test(start_paused = true)]
async fn policies_are_not_checked_again_during_a_copy() {
    for kind in BOTH {
        let world = world();
        let shared = Shared::new(&world, kind, REGION).await;
        shared.copy("c").await.expect("a copy");
        open(&shared.prod_kms, &shared.source_key, PROD, DR, &[]).await;
        world.sleep(10 * MINUTE).await;
        assert_eq!(shared.dr.describe("c").await.expect("it").status, "available");
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_whose_key_is_disabled_gets_no_snapshots() {
    for kind in BOTH {
        let world = world();
        let kms = kms(&world, PROD, REGION);
        let key = key(&kms).await;
        let rds = encrypted(&world, kind, Some(&key)).await;
        let automated = Query { origin: Some("automated"), ..Query::default() };
        world.sleep(DAY).await;
        assert_eq!(rds.ids(automated.clone()).await.expect("a page").len(), 1);
        kms.disable_key().key_id(&key).send().await.expect("disabled");
        assert_eq!(rds.create("orders", "t").await.err(), Some(kind.invalid_database_state()));
        world.sleep(3 * DAY).await;
        assert_eq!(rds.ids(automated).await.expect("a page").len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn creating_a_database_requires_a_usable_key() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        let like = DatabaseSpec { is_encrypted: true, key: Some("alias/none"), ..DatabaseSpec::default() };
        assert_eq!(rds.create_database("orders", like.clone()).await.err().as_deref(), Some(NOT_ACCESSIBLE));
        let plain = rds.create_database("orders", DatabaseSpec { is_encrypted: false, ..like }).await;
        assert_eq!(plain.err().as_deref(), Some("InvalidParameterCombination"));
    }
}
