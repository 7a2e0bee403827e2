//! Applies a change: one call for each setting.

use anyhow::Context;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration,
    ObjectOwnership, OwnershipControls, OwnershipControlsRule, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, VersioningConfiguration,
};

use super::changes::{Change, Setting, all_blocked};
use crate::Account;
use crate::aws_error::Explain;

pub(super) async fn apply(dr: &Account, name: &str, change: &Change) -> anyhow::Result<()> {
    let (s3, credentials) = (dr.s3(), dr.credentials());
    let owner = dr.place.account.as_str();
    let doing = format!("changing the {} of bucket {name}", change.name);
    match &change.setting {
        Setting::Bucket => {
            // S3 refuses us-east-1 as a location constraint: it is the default.
            let region = dr.place.region.as_str();
            let constraint = (region != "us-east-1").then(|| BucketLocationConstraint::from(region));
            let place = constraint.map(|at| CreateBucketConfiguration::builder().location_constraint(at).build());
            let call = s3.create_bucket().bucket(name).set_create_bucket_configuration(place);
            call.object_ownership(ObjectOwnership::BucketOwnerEnforced)
                .send()
                .await
                .explain(credentials, format!("creating bucket {name}"))?;
        }
        Setting::Ownership => {
            let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::BucketOwnerEnforced);
            let controls = OwnershipControls::builder().rules(rule.build()?).build()?;
            s3.put_bucket_ownership_controls()
                .bucket(name)
                .expected_bucket_owner(owner)
                .ownership_controls(controls)
                .send()
                .await
                .explain(credentials, doing)?;
        }
        Setting::PublicAccess => {
            let call = s3
                .put_public_access_block()
                .bucket(name)
                .expected_bucket_owner(owner)
                .public_access_block_configuration(all_blocked());
            call.send().await.explain(credentials, doing)?;
        }
        Setting::Versioning => {
            let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
            s3.put_bucket_versioning()
                .bucket(name)
                .expected_bucket_owner(owner)
                .versioning_configuration(on)
                .send()
                .await
                .explain(credentials, doing)?;
        }
        Setting::Encryption => {
            let default =
                ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build()?;
            let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(default).build();
            let rules = ServerSideEncryptionConfiguration::builder().rules(rule).build()?;
            let call = s3
                .put_bucket_encryption()
                .bucket(name)
                .expected_bucket_owner(owner)
                .server_side_encryption_configuration(rules);
            call.send().await.explain(credentials, doing)?;
        }
        Setting::Policy(policy) => {
            let policy = serde_json::to_string(policy).context("writing the bucket's policy")?;
            s3.put_bucket_policy()
                .bucket(name)
                .expected_bucket_owner(owner)
                .policy(policy)
                .send()
                .await
                .explain(credentials, doing)?;
        }
        Setting::Rules(rules) => {
            let rules = BucketLifecycleConfiguration::builder().set_rules(Some(rules.clone())).build()?;
            let call = s3
                .put_bucket_lifecycle_configuration()
                .bucket(name)
                .expected_bucket_owner(owner)
                .lifecycle_configuration(rules);
            call.send().await.explain(credentials, doing)?;
        }
    }
    Ok(())
}
