//! Keys on demand: one under each alias, however many ask for it at once.

use aws_sdk_kms::Client;
use aws_sdk_kms::types::Tag;
use protocol::Tags;

use crate::Class;
use crate::error::Failure;

/// The ARN of the key under an alias. It is made if there is none.
///
/// Creating the alias is where two who do this at once are told apart, since it exists once. So the alias is the last
/// that is made, and is never of a key that is not ready. A crash before it leaves a key that nothing uses; its tags and
/// description tell where it comes from.
pub(crate) async fn find_or_make(kms: &Client, alias: &str, description: &str, tags: &Tags) -> Result<String, Failure> {
    if let Some(key) = find(kms, alias).await? {
        return Ok(key);
    }
    let made = make(kms, description, tags).await?;
    match ready(kms, alias, &made).await {
        Ok(()) => {
            tracing::info!(step = "key", key = made, alias, "a key was made");
            Ok(made)
        }
        Err(failure) => settle(kms, alias, made, failure).await,
    }
}

async fn find(kms: &Client, alias: &str) -> Result<Option<String>, Failure> {
    let found = kms.describe_key().key_id(alias).send().await.map_err(Failure::from);
    match found {
        Ok(found) => Ok(found.key_metadata.and_then(|key| key.arn)),
        Err(failure) if failure.class() == Class::Gone => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// A symmetric key, as every key is that nothing else is said of. It gets AWS's default policy, which opens it to its own
/// account, whose roles then decide, and to no other. Who gives a policy must be allowed `kms:PutKeyPolicy` ("the key
/// policy must allow the calling principal to make a subsequent PutKeyPolicy request", CreateKey), and with that right could
/// open every key of DR to anybody.
async fn make(kms: &Client, description: &str, tags: &Tags) -> Result<String, Failure> {
    let tags: Result<_, _> =
        tags.iter().map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build()).collect();
    let call = kms.create_key().description(description).set_tags(Some(tags?));
    let made = call.send().await?.key_metadata.and_then(|key| key.arn);
    made.ok_or_else(|| Failure::not_understood("the key that was made has no ARN"))
}

async fn ready(kms: &Client, alias: &str, key: &str) -> Result<(), Failure> {
    kms.enable_key_rotation().key_id(key).send().await?;
    kms.create_alias().alias_name(alias).target_key_id(key).send().await?;
    Ok(())
}

/// Something went wrong after the key was made: usually another has been quicker. It may also be that the alias was
/// created and only the answer lost. So what the alias says now decides.
///
/// A key made in vain stays, and is told of. A role that may delete keys may make every copy unreadable at once, and the
/// dollar a month is not worth that.
async fn settle(kms: &Client, alias: &str, made: String, failure: Failure) -> Result<String, Failure> {
    let found = find(kms, alias).await?;
    if found.as_ref() != Some(&made) {
        tracing::warn!(step = "key", key = made, reason = %failure, "a key was made in vain: delete it, once no alias names it");
    }
    found.ok_or(failure)
}
