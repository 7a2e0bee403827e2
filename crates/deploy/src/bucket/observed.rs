//! The current settings of the bucket.

use anyhow::{Context, bail};
use aws_sdk_s3::types::{
    BucketVersioningStatus, LifecycleRule, ObjectOwnership, PublicAccessBlockConfiguration, ServerSideEncryption,
};
use serde_json::Value;

use crate::Account;
use crate::aws_error::{Explain, bucket_region, http_status};

/// The settings of the bucket that Draco manages.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    pub(super) versioned: bool,
    pub(super) encryption: Option<ServerSideEncryption>,
    pub(super) blocked: Option<PublicAccessBlockConfiguration>,
    pub(super) ownership: Option<ObjectOwnership>,
    pub(super) policy: Option<Value>,
    pub(super) rules: Vec<LifecycleRule>,
}

impl Observed {
    /// `None` if there is no such bucket.
    pub(super) async fn look(dr: &Account, name: &str) -> anyhow::Result<Option<Self>> {
        let (s3, credentials) = (dr.s3(), dr.credentials());
        let here = &dr.place;
        match s3.head_bucket().bucket(name).expected_bucket_owner(here.account.as_str()).send().await {
            Ok(_) => {}
            Err(error) if http_status(&error) == Some(404) => return Ok(None),
            Err(error) if let Some(region) = bucket_region(&error, &here.region) => bail!(
                "bucket {name} (CODE_BUCKET) is in {region}, but Lambda loads code only from a bucket in its own region, {}; choose \
                 another name",
                here.region
            ),
            // Bucket names are unique across all accounts, and S3 does not return the owner.
            Err(error) if http_status(&error) == Some(403) => bail!(
                "bucket {name} (CODE_BUCKET) belongs to another account, or {} has no access to it; choose another \
                 name, or a profile with access",
                dr.caller
            ),
            Err(error) => return Err(error).explain(credentials, format_args!("looking at bucket {name}")),
        }
        let doing = |setting: &str| format!("reading the {setting} of bucket {name}");
        let owner = here.account.as_str();
        let versioning = s3
            .get_bucket_versioning()
            .bucket(name)
            .expected_bucket_owner(owner)
            .send()
            .await
            .explain(credentials, doing("versioning"))?;
        // For a setting that is not set, S3 returns an error with a code of its own.
        let none = "ServerSideEncryptionConfigurationNotFoundError";
        let encryption = s3.get_bucket_encryption().bucket(name).expected_bucket_owner(owner).send().await;
        let encryption = encryption.explain_unless(none, credentials, doing("encryption"))?;
        let none = "NoSuchPublicAccessBlockConfiguration";
        let blocked = s3.get_public_access_block().bucket(name).expected_bucket_owner(owner).send().await;
        let blocked = blocked.explain_unless(none, credentials, doing("public access block"))?;
        let none = "OwnershipControlsNotFoundError";
        let ownership = s3.get_bucket_ownership_controls().bucket(name).expected_bucket_owner(owner).send().await;
        let ownership = ownership.explain_unless(none, credentials, doing("ownership controls"))?;
        let policy = s3.get_bucket_policy().bucket(name).expected_bucket_owner(owner).send().await;
        let policy = policy.explain_unless("NoSuchBucketPolicy", credentials, doing("policy"))?;
        let rules = s3.get_bucket_lifecycle_configuration().bucket(name).expected_bucket_owner(owner).send().await;
        let rules = rules.explain_unless("NoSuchLifecycleConfiguration", credentials, doing("lifecycle rules"))?;
        let policy = policy.and_then(|answer| answer.policy).as_deref().map(serde_json::from_str).transpose();
        Ok(Some(Self {
            versioned: versioning.status() == Some(&BucketVersioningStatus::Enabled),
            encryption: encryption
                .and_then(|answer| answer.server_side_encryption_configuration)
                .and_then(|all| all.rules.into_iter().next())
                .and_then(|rule| rule.apply_server_side_encryption_by_default)
                .map(|default| default.sse_algorithm),
            blocked: blocked.and_then(|answer| answer.public_access_block_configuration),
            ownership: ownership
                .and_then(|answer| answer.ownership_controls)
                .and_then(|all| all.rules.into_iter().next())
                .map(|rule| rule.object_ownership),
            policy: policy.with_context(|| format!("the policy of bucket {name} is not JSON"))?,
            rules: rules.and_then(|answer| answer.rules).unwrap_or_default(),
        }))
    }
}
