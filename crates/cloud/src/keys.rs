//! Keys that are created on demand, one for each alias, also with concurrent callers.

use std::collections::BTreeSet;

use aws_sdk_kms::Client;
use aws_sdk_kms::types::{KeyMetadata, Tag};
use chrono::{DateTime, Utc};
use protocol::Tags;

use crate::Class;
use crate::error::Failure;
use crate::log::step;
use crate::rds::time;

/// A key of this account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its ARN.
    pub arn: String,
    /// When it was created.
    pub created: Option<DateTime<Utc>>,
}

impl Key {
    fn of(metadata: Option<KeyMetadata>) -> Option<Self> {
        let metadata = metadata?;
        Some(Self { created: time(metadata.creation_date.as_ref()), arn: metadata.arn? })
    }
}

/// The key with an alias. It is created if there is none.
///
/// An alias is unique, so creating it decides between concurrent callers. It is created last, when the key is ready. A crash
/// before that leaves an unused key; its tags and description identify it.
pub(crate) async fn find_or_create(kms: &Client, alias: &str, description: &str, tags: &Tags) -> Result<Key, Failure> {
    if let Some(key) = find(kms, alias).await? {
        return Ok(key);
    }
    let created = create(kms, description, tags).await?;
    match prepare(kms, alias, &created.arn).await {
        Ok(()) => {
            tracing::info!(step = step::KEY_CREATED, key = created.arn, alias, "created a key");
            Ok(created)
        }
        Err(failure) => resolve_race(kms, alias, created, failure).await,
    }
}

pub(crate) async fn find(kms: &Client, alias: &str) -> Result<Option<Key>, Failure> {
    let found = kms.describe_key().key_id(alias).send().await.map_err(Failure::from);
    match found {
        Ok(found) => Ok(Key::of(found.key_metadata)),
        Err(failure) if failure.class() == Class::Gone => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Creates a symmetric key, which is AWS's default, with AWS's default policy: its own account may use it, subject to the roles'
/// permissions, and no other account. Setting a policy would require `kms:PutKeyPolicy` ("the key policy must allow the calling
/// principal to make a subsequent PutKeyPolicy request", CreateKey), and a role with that permission could open every key of
/// DR to other accounts.
async fn create(kms: &Client, description: &str, tags: &Tags) -> Result<Key, Failure> {
    let tags: Result<_, _> =
        tags.iter().map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build()).collect();
    let call = kms.create_key().description(description).set_tags(Some(tags?));
    Key::of(call.send().await?.key_metadata).ok_or_else(|| Failure::invalid_response("CreateKey returned no ARN"))
}

async fn prepare(kms: &Client, alias: &str, key: &str) -> Result<(), Failure> {
    kms.enable_key_rotation().key_id(key).send().await?;
    add_alias(kms, alias, key).await
}

pub(crate) async fn add_alias(kms: &Client, alias: &str, key: &str) -> Result<(), Failure> {
    kms.create_alias().alias_name(alias).target_key_id(key).send().await?;
    Ok(())
}

/// The number of keys that have an alias with this prefix. A key can have several aliases.
pub(crate) async fn count(kms: &Client, prefix: &str) -> Result<usize, Failure> {
    let (mut keys, mut marker) = (BTreeSet::new(), None);
    loop {
        let page = kms.list_aliases().limit(100).set_marker(marker).send().await?;
        let named =
            page.aliases().iter().filter(|alias| alias.alias_name().is_some_and(|name| name.starts_with(prefix)));
        keys.extend(named.filter_map(|alias| alias.target_key_id().map(str::to_owned)));
        marker = page.next_marker;
        if marker.is_none() {
            return Ok(keys.len());
        }
    }
}

/// A call failed after the key was created. Usually a concurrent caller created the alias first. The alias may also have been
/// created and only the response lost. So the current target of the alias decides.
///
/// An unused key stays, with a warning. A role that may delete keys could make every copy unreadable at once, which is a greater
/// risk than a dollar a month.
async fn resolve_race(kms: &Client, alias: &str, created: Key, failure: Failure) -> Result<Key, Failure> {
    let found = find(kms, alias).await?;
    if found.as_ref().map(|found| &found.arn) != Some(&created.arn) {
        tracing::warn!(step = step::KEY_UNUSED, key = created.arn, reason = %failure, "unused duplicate key, created by a race: delete it if no alias refers to it");
    }
    found.ok_or(failure)
}
