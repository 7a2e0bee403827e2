//! The settings that the bucket needs, and the changes from the current ones.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, ExpirationStatus, LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
    ObjectOwnership, PublicAccessBlockConfiguration, ServerSideEncryption,
};
use serde_json::Value;

use super::observed::Observed;
use super::{Bucket, policy};

/// The id of Draco's rule.
const RULE: &str = "draco-old-versions";
/// How long old code is kept, and how many of the newest versions are always kept: a stack that rolls back needs its previous
/// version.
const DAYS: i32 = 90;
const NEWEST: i32 = 10;
/// After this many days, the parts of an incomplete upload are deleted.
const INCOMPLETE_DAYS: i32 = 7;

/// The change of one setting.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) name: &'static str,
    /// The current value, for display.
    pub(super) now: String,
    /// The new value, for display.
    pub(super) new: String,
    pub(super) setting: Setting,
}

/// A setting, and its new value where it depends on the bucket.
#[derive(Clone, Debug)]
pub(super) enum Setting {
    Bucket,
    Ownership,
    PublicAccess,
    Versioning,
    Encryption,
    Policy(Value),
    Rules(Vec<LifecycleRule>),
}

/// The changes in the order in which to make them: the bucket is private before it contains anything.
pub(super) fn changes(bucket: &Bucket<'_>, observed: Option<&Observed>) -> Vec<Change> {
    let unset = Observed::default();
    let now = observed.unwrap_or(&unset);
    let off = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    let mut all = Vec::new();
    let mut change =
        |name, now: String, new: &str, setting| all.push(Change { name, now, new: new.to_owned(), setting });
    if observed.is_none() {
        change("bucket", off(None), "created, empty", Setting::Bucket);
    }
    if now.ownership != Some(ObjectOwnership::BucketOwnerEnforced) {
        let is = off(now.ownership.as_ref().map(ToString::to_string));
        change("ownership", is, "BucketOwnerEnforced: access control lists (ACLs) have no effect", Setting::Ownership);
    }
    if !now.blocked.as_ref().is_some_and(is_all_blocked) {
        let is = if now.blocked.is_some() { "partly blocked" } else { "not blocked" };
        change("public access", is.to_owned(), "all blocked", Setting::PublicAccess);
    }
    if !now.versioned {
        change(
            "versions",
            "not kept".to_owned(),
            "kept, so that a stack can roll back to its previous code",
            Setting::Versioning,
        );
    }
    if now.encryption != Some(ServerSideEncryption::Aes256) {
        let is = off(now.encryption.as_ref().map(ToString::to_string));
        change("encryption", is, "SSE-S3 (AES256): source accounts need no key to read", Setting::Encryption);
    }
    let wanted = policy::wanted(bucket, now.policy.as_ref());
    if !now.policy.as_ref().is_some_and(|now| policy::same(now, &wanted)) {
        let is = if now.policy.is_some() { "different" } else { "none" };
        let readers: Vec<&str> = bucket.readers.iter().map(protocol::AccountId::as_str).collect();
        let mut will = match readers[..] {
            [] => "only this account may read; TLS is required".to_owned(),
            _ => format!("{} may read the code; TLS is required", readers.join(", ")),
        };
        let others = policy::others(now.policy.as_ref()).count();
        if others > 0 {
            will.push_str(&format!("; {others} other statements are kept"));
        }
        change("policy", is.to_owned(), &will, Setting::Policy(wanted));
    }
    let ours = now.rules.iter().find(|rule| rule.id() == Some(RULE));
    if !ours.is_some_and(is_rule) {
        let is = if ours.is_some() { "different" } else { "none" };
        let will = format!(
            "old versions expire after {DAYS} days except the newest {NEWEST}; parts of incomplete uploads after \
                 {INCOMPLETE_DAYS}"
        );
        let others = now.rules.iter().filter(|rule| rule.id() != Some(RULE)).cloned();
        if let Ok(rule) = rule() {
            change("lifecycle", is.to_owned(), &will, Setting::Rules(others.chain([rule]).collect()));
        }
    }
    all
}

pub(super) fn all_blocked() -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .block_public_policy(true)
        .ignore_public_acls(true)
        .restrict_public_buckets(true)
        .build()
}

fn is_all_blocked(now: &PublicAccessBlockConfiguration) -> bool {
    *now == all_blocked()
}

fn rule() -> Result<LifecycleRule, BuildError> {
    LifecycleRule::builder()
        .id(RULE)
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .noncurrent_version_expiration(
            NoncurrentVersionExpiration::builder().noncurrent_days(DAYS).newer_noncurrent_versions(NEWEST).build(),
        )
        .abort_incomplete_multipart_upload(
            AbortIncompleteMultipartUpload::builder().days_after_initiation(INCOMPLETE_DAYS).build(),
        )
        .build()
}

/// Compares only the values that Draco sets: AWS may return an empty prefix as none.
fn is_rule(now: &LifecycleRule) -> bool {
    let old = now.noncurrent_version_expiration();
    let parts = now.abort_incomplete_multipart_upload();
    now.status() == &ExpirationStatus::Enabled
        && old.and_then(|old| old.noncurrent_days()) == Some(DAYS)
        && old.and_then(|old| old.newer_noncurrent_versions()) == Some(NEWEST)
        && parts.and_then(|parts| parts.days_after_initiation()) == Some(INCOMPLETE_DAYS)
}

#[cfg(test)]
mod tests {
    use config::Architecture;

    use super::*;

    const READERS: [&str; 1] = ["111111111111"];

    fn names(observed: Option<&Observed>) -> Vec<&'static str> {
        let readers = READERS.map(|account| account.parse().unwrap());
        changes(&Bucket { name: "code", readers: &readers, architecture: Architecture::Arm64 }, observed)
            .iter()
            .map(|change| change.name)
            .collect()
    }

    fn right() -> Observed {
        Observed {
            versioned: true,
            encryption: Some(ServerSideEncryption::Aes256),
            blocked: Some(all_blocked()),
            ownership: Some(ObjectOwnership::BucketOwnerEnforced),
            policy: Some(policy::wanted(
                &Bucket {
                    name: "code",
                    readers: &READERS.map(|account| account.parse().unwrap()),
                    architecture: Architecture::Arm64,
                },
                None,
            )),
            rules: vec![rule().unwrap()],
        }
    }

    #[test]
    fn new_bucket_gets_all_settings() {
        let all = ["bucket", "ownership", "public access", "versions", "encryption", "policy", "lifecycle"];
        assert_eq!(names(None), all);
        assert_eq!(names(Some(&Observed::default())), all[1..]);
    }

    #[test]
    fn right_bucket_gets_no_change() {
        assert_eq!(names(Some(&right())), Vec::<&str>::new());
    }

    #[test]
    fn only_different_settings_change() {
        assert_eq!(names(Some(&Observed { versioned: false, ..right() })), ["versions"]);
        let open = PublicAccessBlockConfiguration::builder().block_public_acls(true).build();
        assert_eq!(names(Some(&Observed { blocked: Some(open), ..right() })), ["public access"]);
        let kms = Observed { encryption: Some(ServerSideEncryption::AwsKms), ..right() };
        assert_eq!(names(Some(&kms)), ["encryption"]);
    }

    #[test]
    fn new_source_account_changes_the_policy() {
        let readers = ["111111111111", "333333333333"].map(|account| account.parse().unwrap());
        let observed = right();
        let all =
            changes(&Bucket { name: "code", readers: &readers, architecture: Architecture::Arm64 }, Some(&observed));
        let [change] = &all[..] else { panic!("{all:?}") };
        assert_eq!(change.new, "111111111111, 333333333333 may read the code; TLS is required");
    }

    #[test]
    fn other_lifecycle_rules_are_kept() {
        let theirs = LifecycleRule::builder().id("logs").status(ExpirationStatus::Enabled).build().unwrap();
        let observed = Observed { rules: vec![theirs], ..right() };
        let readers = READERS.map(|account| account.parse().unwrap());
        let all =
            changes(&Bucket { name: "code", readers: &readers, architecture: Architecture::Arm64 }, Some(&observed));
        let [Change { setting: Setting::Rules(rules), .. }] = &all[..] else { panic!("{all:?}") };
        assert_eq!(rules.iter().filter_map(LifecycleRule::id).collect::<Vec<_>>(), ["logs", RULE]);
    }
}
