//! What the bucket has to be like, and how that differs from what it is.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, ExpirationStatus, LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
    ObjectOwnership, PublicAccessBlockConfiguration, ServerSideEncryption,
};
use serde_json::Value;

use super::seen::Seen;
use super::{Bucket, policy};

/// How Draco's rule is known among others.
const RULE: &str = "draco-old-versions";
/// Old code stays for this long, and the newest of it for good: a stack that rolls back asks for the version that it had.
const DAYS: i32 = 90;
const NEWEST: i32 = 10;
/// What was not uploaded whole, after these days.
const ABORTED: i32 = 7;

/// One setting that differs.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) what: &'static str,
    pub(super) is: String,
    pub(super) will: String,
    pub(super) to: To,
}

/// What it becomes.
#[derive(Clone, Debug)]
pub(super) enum To {
    Bucket,
    Ownership,
    PublicAccess,
    Versioning,
    Encryption,
    Policy(Value),
    Rules(Vec<LifecycleRule>),
}

/// What differs, in the order in which to change it: nothing is in a bucket before that is private.
pub(super) fn changes(bucket: &Bucket<'_>, seen: Option<&Seen>) -> Vec<Change> {
    let nothing = Seen::default();
    let now = seen.unwrap_or(&nothing);
    let off = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    let mut all = Vec::new();
    let mut change = |what, is: String, will: &str, to| all.push(Change { what, is, will: will.to_owned(), to });
    if seen.is_none() {
        change("bucket", off(None), "made, empty", To::Bucket);
    }
    if now.ownership != Some(ObjectOwnership::BucketOwnerEnforced) {
        let is = off(now.ownership.as_ref().map(ToString::to_string));
        change("ownership", is, "bucket owner enforced: access lists (ACLs) mean nothing", To::Ownership);
    }
    if !now.blocked.as_ref().is_some_and(is_blocked) {
        let is = if now.blocked.is_some() { "in part" } else { "none" };
        change("public access", is.to_owned(), "blocked, all of it", To::PublicAccess);
    }
    if !now.versioned {
        change("versions", "not kept".to_owned(), "kept, so that a stack can go back to its code", To::Versioning);
    }
    if now.encryption != Some(ServerSideEncryption::Aes256) {
        let is = off(now.encryption.as_ref().map(ToString::to_string));
        change("encryption", is, "SSE-S3 (AES256), which source accounts can read without a key", To::Encryption);
    }
    let wanted = policy::wanted(bucket.name, bucket.readers, now.policy.as_ref());
    if !now.policy.as_ref().is_some_and(|now| policy::same(now, &wanted)) {
        let is = if now.policy.is_some() { "another" } else { "none" };
        let readers: Vec<&str> = bucket.readers.iter().map(protocol::AccountId::as_str).collect();
        let mut will = match readers[..] {
            [] => "nobody but this account reads, and only over TLS".to_owned(),
            _ => format!("{} may read draco/*, and all only over TLS", readers.join(", ")),
        };
        let others = policy::others(now.policy.as_ref()).count();
        if others > 0 {
            will.push_str(&format!("; what it says besides stays ({others} statements)"));
        }
        change("policy", is.to_owned(), &will, To::Policy(wanted));
    }
    let ours = now.rules.iter().find(|rule| rule.id() == Some(RULE));
    if !ours.is_some_and(is_rule) {
        let is = if ours.is_some() { "another" } else { "for ever" };
        let will =
            format!("old versions go after {DAYS} days, but for the newest {NEWEST}; parts of uploads after {ABORTED}");
        let others = now.rules.iter().filter(|rule| rule.id() != Some(RULE)).cloned();
        if let Ok(rule) = rule() {
            change("lifecycle", is.to_owned(), &will, To::Rules(others.chain([rule]).collect()));
        }
    }
    all
}

pub(super) fn blocked() -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .block_public_policy(true)
        .ignore_public_acls(true)
        .restrict_public_buckets(true)
        .build()
}

fn is_blocked(now: &PublicAccessBlockConfiguration) -> bool {
    *now == blocked()
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
            AbortIncompleteMultipartUpload::builder().days_after_initiation(ABORTED).build(),
        )
        .build()
}

/// What we ask for is compared, not the whole: AWS may write an empty prefix as none.
fn is_rule(now: &LifecycleRule) -> bool {
    let old = now.noncurrent_version_expiration();
    let parts = now.abort_incomplete_multipart_upload();
    now.status() == &ExpirationStatus::Enabled
        && old.and_then(|old| old.noncurrent_days()) == Some(DAYS)
        && old.and_then(|old| old.newer_noncurrent_versions()) == Some(NEWEST)
        && parts.and_then(|parts| parts.days_after_initiation()) == Some(ABORTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READERS: [&str; 1] = ["111111111111"];

    fn differs(seen: Option<&Seen>) -> Vec<&'static str> {
        let readers = READERS.map(|account| account.parse().unwrap());
        changes(&Bucket { name: "code", readers: &readers }, seen).iter().map(|change| change.what).collect()
    }

    fn right() -> Seen {
        Seen {
            versioned: true,
            encryption: Some(ServerSideEncryption::Aes256),
            blocked: Some(blocked()),
            ownership: Some(ObjectOwnership::BucketOwnerEnforced),
            policy: Some(policy::wanted("code", &READERS.map(|account| account.parse().unwrap()), None)),
            rules: vec![rule().unwrap()],
        }
    }

    #[test]
    fn a_bucket_that_is_not_there_gets_everything() {
        let all = ["bucket", "ownership", "public access", "versions", "encryption", "policy", "lifecycle"];
        assert_eq!(differs(None), all);
        assert_eq!(differs(Some(&Seen::default())), all[1..]);
    }

    #[test]
    fn of_a_bucket_that_is_right_nothing_changes() {
        assert_eq!(differs(Some(&right())), Vec::<&str>::new());
    }

    #[test]
    fn only_what_differs_changes() {
        assert_eq!(differs(Some(&Seen { versioned: false, ..right() })), ["versions"]);
        let open = PublicAccessBlockConfiguration::builder().block_public_acls(true).build();
        assert_eq!(differs(Some(&Seen { blocked: Some(open), ..right() })), ["public access"]);
        let kms = Seen { encryption: Some(ServerSideEncryption::AwsKms), ..right() };
        assert_eq!(differs(Some(&kms)), ["encryption"]);
    }

    #[test]
    fn a_new_source_account_changes_the_policy() {
        let readers = ["111111111111", "333333333333"].map(|account| account.parse().unwrap());
        let seen = right();
        let all = changes(&Bucket { name: "code", readers: &readers }, Some(&seen));
        let [change] = &all[..] else { panic!("{all:?}") };
        assert_eq!(change.will, "111111111111, 333333333333 may read draco/*, and all only over TLS");
    }

    #[test]
    fn rules_of_somebody_else_stay() {
        let theirs = LifecycleRule::builder().id("logs").status(ExpirationStatus::Enabled).build().unwrap();
        let seen = Seen { rules: vec![theirs], ..right() };
        let readers = READERS.map(|account| account.parse().unwrap());
        let all = changes(&Bucket { name: "code", readers: &readers }, Some(&seen));
        let [Change { to: To::Rules(rules), .. }] = &all[..] else { panic!("{all:?}") };
        assert_eq!(rules.iter().filter_map(LifecycleRule::id).collect::<Vec<_>>(), ["logs", RULE]);
    }
}
