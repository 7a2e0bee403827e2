//! The grants that RDS creates for itself on the keys of databases and copies.

use aws_sdk_kms::Client;
use sim::questions::{Answers, RevokedGrant};
use sim::{Settings, World};

use super::support::*;

/// A database `orders` under a customer managed key, with a snapshot `s`.
async fn encrypted(world: &World, kind: Kind) -> (Rds, Client, String) {
    let kms = Client::new(&world.sdk_config(PROD, REGION));
    let key = kms.create_key().send().await.expect("a key").key_metadata.and_then(|key| key.arn).expect("an ARN");
    let rds = Rds::new(world, PROD, REGION, kind);
    let like = DatabaseSpec { is_encrypted: true, key: Some(&key), ..DatabaseSpec::daily(35) };
    rds.create_database("orders", like).await.expect("a database");
    world.sleep(5 * MINUTE).await;
    rds.create("orders", "s").await.expect("a snapshot");
    world.sleep(10 * MINUTE).await;
    (rds, kms, key)
}

async fn grants(kms: &Client, key: &str) -> Vec<aws_sdk_kms::types::GrantListEntry> {
    kms.list_grants().key_id(key).send().await.expect("grants").grants.unwrap_or_default()
}

async fn revoke_all(kms: &Client, key: &str) {
    for grant in grants(kms, key).await {
        kms.revoke_grant().key_id(key).set_grant_id(grant.grant_id).send().await.expect("revoked");
    }
}

/// "The service creates a grant on behalf of a user in the account, uses its permissions, and retires the grant as soon as
/// its task is complete" (KMS developer guide, "Grants in AWS KMS").
#[tokio::test(start_paused = true)]
async fn rds_has_a_grant_while_it_uses_a_key() {
    for kind in BOTH {
        let world = world();
        let (rds, kms, key) = encrypted(&world, kind).await;
        let of_database = grants(&kms, &key).await;
        let grant = of_database.first().expect("the grant of the database");
        assert_eq!((of_database.len(), grant.grantee_principal()), (1, Some("rds.eu-west-1.amazonaws.com")));
        let constraint = grant.constraints().and_then(|constraints| constraints.encryption_context_subset());
        let keys: Vec<_> = constraint.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, [kind.pick("aws:rds:db-id", "aws:rds:dbc-id")]);
        rds.copy(CopyRequest { source: "s", target: "t", ..CopyRequest::default() }).await.expect("a copy");
        assert_eq!(grants(&kms, &key).await.len(), 3, "one for the source, one for the copy");
        world.sleep(10 * MINUTE).await;
        assert_eq!(grants(&kms, &key).await, of_database);
        rds.delete_database("orders", true).await.expect("a deletion");
        world.sleep(10 * MINUTE).await;
        assert_eq!(grants(&kms, &key).await, []);
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_may_need_its_grants_until_it_is_complete() {
    for (answer, expected) in [(RevokedGrant::Fails, "failed"), (RevokedGrant::GoesOn, "available")] {
        for kind in BOTH {
            let answers = Answers { revoked_grant: answer, ..Answers::default() };
            let world = World::with_settings(Settings { answers, ..settings() });
            let (rds, kms, key) = encrypted(&world, kind).await;
            rds.copy(CopyRequest { source: "s", target: "t", ..CopyRequest::default() }).await.expect("a copy");
            revoke_all(&kms, &key).await;
            world.sleep(10 * MINUTE).await;
            assert_eq!(rds.describe("t").await.expect("the copy").status, expected);
        }
    }
}

/// "If you turn off or revoke permissions to a KMS key used by an RDS database, RDS puts your database into a terminal state
/// when access to the KMS key is required" (RDS User Guide, "AWS KMS key management").
#[tokio::test(start_paused = true)]
async fn a_database_without_its_grant_has_no_snapshots() {
    for kind in BOTH {
        let world = world();
        let (rds, kms, key) = encrypted(&world, kind).await;
        revoke_all(&kms, &key).await;
        rds.create("orders", "t").await.expect_err("no key");
        world.sleep(5 * 60 * MINUTE).await;
        assert_eq!(rds.status("orders").await.as_deref(), Ok("inaccessible-encryption-credentials-recoverable"));
    }
}
