//! Small objects in a bucket of this account.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use protocol::AccountId;

use crate::error::Failure;

/// The content of an object, and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The content.
    pub content: Vec<u8>,
    /// Its version: the next one is written only in place of this one.
    pub version: Version,
}

/// Which version of an object another one takes the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version {
    /// None: the object does not exist yet.
    None,
    /// The one with this ETag.
    Tag(String),
    /// Any, or none.
    Any,
}

/// S3 checks that the bucket belongs to this account: if Draco's was deleted, another account may have created one with the same name.
pub(crate) async fn read(client: &Client, owner: &AccountId, bucket: &str, key: &str) -> Result<Object, Failure> {
    let call = client.get_object().bucket(bucket).key(key).expected_bucket_owner(owner.as_str());
    let found = call.send().await?;
    let version = tag(found.e_tag)?;
    let body = found.body.collect().await.map_err(Failure::without_connection)?;
    Ok(Object { content: body.to_vec(), version })
}

/// "Uploads the object only if the object key name does not already exist", or "only if the ETag value provided during the WRITE operation
/// matches the ETag of the object in S3" (`PutObject`). The version that was written.
pub(crate) async fn write(
    client: &Client,
    owner: &AccountId,
    (bucket, key): (&str, &str),
    content: Vec<u8>,
    replaces: &Version,
) -> Result<Version, Failure> {
    let call = client.put_object().bucket(bucket).key(key).content_type("application/json");
    let call = call.expected_bucket_owner(owner.as_str());
    let call = match replaces {
        Version::None => call.if_none_match("*"),
        Version::Tag(tag) => call.if_match(tag),
        Version::Any => call,
    };
    let written = call.body(ByteStream::from(content)).send().await?;
    tag(written.e_tag)
}

/// Without its version, an object could not be replaced safely.
fn tag(tag: Option<String>) -> Result<Version, Failure> {
    tag.map(Version::Tag).ok_or_else(|| Failure::invalid_response("the object has no ETag"))
}
