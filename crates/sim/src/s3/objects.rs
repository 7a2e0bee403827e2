//! Objects: stored, read and deleted in one request each.

use std::collections::BTreeMap;

use aws_smithy_types::base64;
use md5::{Digest, Md5};
use serde::Deserialize;

use super::buckets::find;
use super::checksums::{Checksum, Given};
use super::encryption::Encryption;
use super::{Object, empty, error};
use crate::call::{Error, RestOutput};
use crate::context::CallContext;
use crate::iam::{self, RequiredPermission};
use crate::world::State;

/// The largest object that is simulated. S3 accepts 5 GiB in one request.
const MAX_BYTES: usize = 4 << 20;
/// "The name for a key … is a sequence of Unicode characters whose UTF-8 encoding is at most 1,024 bytes long" (user guide).
const MAX_KEY_BYTES: usize = 1024;
/// "Within the PUT request header, the user-defined metadata is limited to 2 KB in size." (user guide)
const MAX_METADATA_BYTES: usize = 2048;

#[derive(Deserialize)]
pub(super) struct PutObject {
    #[serde(rename = "Bucket")]
    bucket: String,
    #[serde(rename = "Key")]
    key: String,
    /// In base64.
    #[serde(rename = "Body", default)]
    body: String,
    #[serde(rename = "content-type")]
    content_type: Option<String>,
    #[serde(rename = "content-md5")]
    md5: Option<String>,
    #[serde(rename = "if-match")]
    if_match: Option<String>,
    #[serde(rename = "if-none-match")]
    if_none_match: Option<String>,
    #[serde(rename = "x-amz-checksum-crc32")]
    crc32: Option<String>,
    #[serde(rename = "x-amz-checksum-crc32c")]
    crc32c: Option<String>,
    #[serde(rename = "x-amz-checksum-crc64nvme")]
    crc64nvme: Option<String>,
    #[serde(rename = "x-amz-expected-bucket-owner")]
    owner: Option<String>,
    #[serde(rename = "x-amz-meta", default)]
    metadata: BTreeMap<String, String>,
    #[serde(rename = "x-amz-server-side-encryption")]
    encryption: Option<String>,
    #[serde(rename = "x-amz-server-side-encryption-aws-kms-key-id")]
    kms_key: Option<String>,
    #[serde(rename = "x-amz-storage-class")]
    storage_class: Option<String>,
}

pub(super) fn put(state: &mut State, ctx: &CallContext, new: PutObject) -> Result<RestOutput, Error> {
    if let Some(other) = new.storage_class.as_ref().filter(|class| *class != "STANDARD") {
        return Err(Error::not_simulated(format!("the storage class {other} of s3:PutObject")));
    }
    let body = base64::decode(&new.body).map_err(|_| Error::internal_failure())?;
    if body.len() > MAX_BYTES {
        return Err(Error::not_simulated(format!("objects of more than {MAX_BYTES} bytes")));
    }
    if new.key.len() > MAX_KEY_BYTES {
        return Err(error(400, "KeyTooLongError", "Your key is too long."));
    }
    let metadata_bytes: usize = new.metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if metadata_bytes > MAX_METADATA_BYTES {
        let message = "Your metadata headers exceed the maximum allowed metadata size.";
        return Err(error(400, "MetadataTooLarge", message));
    }
    let bucket = find(state, ctx, "s3:PutObject", &new.bucket, new.owner.as_deref())?;
    check_write(bucket.objects.get(&new.key), new.if_match.as_deref(), new.if_none_match.as_deref())?;
    let given = Given { crc32: new.crc32, crc32c: new.crc32c, crc64nvme: new.crc64nvme, md5: new.md5 };
    let checksum = Checksum::of(&body, given)?;
    let arn = format!("arn:aws:s3:::{}/{}", new.bucket, new.key);
    let encryption = Encryption::wanted(state, ctx, (new.encryption.as_deref(), new.kms_key.as_deref()), &arn)?;
    // "Objects created by the PUT Object … operation … and are encrypted by SSE-C or SSE-KMS, have ETags that are not an MD5 digest
    // of their object data." (API reference, `Object`)
    let etag: String = match encryption {
        Encryption::S3 => Md5::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect(),
        Encryption::Kms(_) => format!("{:032x}", state.random.u128(..)),
    };
    let object = Object {
        body,
        etag: format!("\"{etag}\""),
        checksum,
        // LocalStack's tests recorded this default. Most clients send a type.
        content_type: new.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned()),
        metadata: new.metadata,
        encryption,
        modified: state.now,
    };
    let mut response = empty(200);
    response.header("etag", object.etag.clone());
    response.headers(object.encryption.headers());
    response.headers(object.checksum.headers());
    find(state, ctx, "s3:PutObject", &new.bucket, new.owner.as_deref())?.objects.insert(new.key, object);
    Ok(response)
}

/// Conditions of a write. "If-None-Match: Uploads the object only if the object key name does not already exist in the bucket
/// specified. Otherwise, Amazon S3 returns a 412 Precondition Failed error. … Expects the '*' (asterisk) character." "If-Match: Uploads
/// the object only if the ETag value provided during the WRITE operation matches the ETag of the object in S3." (API reference)
fn check_write(existing: Option<&Object>, if_match: Option<&str>, if_none_match: Option<&str>) -> Result<(), Error> {
    match (if_match, if_none_match, existing) {
        (None, None, _) | (None, Some("*"), None) => Ok(()),
        (None, Some("*"), Some(_)) => Err(precondition_failed("If-None-Match")),
        (Some(wanted), None, Some(existing)) if is_etag(wanted, existing) => Ok(()),
        (Some(_), None, Some(_)) => Err(precondition_failed("If-Match")),
        // "If the object key name doesn't exist …, the operation returns 404 Not Found" (user guide, "Conditional writes")
        (Some(_), None, None) => Err(no_such_key()),
        (_, Some(_), _) => {
            let message = "A header you provided implies functionality that is not implemented";
            Err(error(501, "NotImplemented", message))
        }
    }
}

fn is_etag(wanted: &str, object: &Object) -> bool {
    wanted == "*" || wanted.trim_matches('"') == object.etag.trim_matches('"')
}

fn precondition_failed(condition: &str) -> Error {
    let message = format!("At least one of the pre-conditions you specified did not hold: {condition}");
    error(412, "PreconditionFailed", message)
}

fn no_such_key() -> Error {
    error(404, "NoSuchKey", "The specified key does not exist.")
}

#[derive(Deserialize)]
pub(super) struct GetObject {
    #[serde(rename = "Bucket")]
    bucket: String,
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "if-match")]
    if_match: Option<String>,
    #[serde(rename = "if-none-match")]
    if_none_match: Option<String>,
    #[serde(rename = "x-amz-checksum-mode")]
    checksum_mode: Option<String>,
    #[serde(rename = "x-amz-expected-bucket-owner")]
    owner: Option<String>,
}

pub(super) fn get(
    state: &mut State,
    ctx: &CallContext,
    wanted: &GetObject,
    with_body: bool,
) -> Result<RestOutput, Error> {
    let bucket = find(state, ctx, "s3:GetObject", &wanted.bucket, wanted.owner.as_deref())?;
    let Some(object) = bucket.objects.get(&wanted.key).cloned() else {
        return Err(missing(state, ctx, &wanted.bucket));
    };
    if wanted.if_match.as_ref().is_some_and(|etag| !is_etag(etag, &object)) {
        return Err(precondition_failed("If-Match"));
    }
    if wanted.if_none_match.as_ref().is_some_and(|etag| is_etag(etag, &object)) {
        let mut response = empty(304);
        response.header("etag", object.etag);
        return Ok(response);
    }
    let arn = format!("arn:aws:s3:::{}/{}", wanted.bucket, wanted.key);
    object.encryption.check_readable(state, ctx, &arn)?;
    let mut response = empty(200);
    response.header("accept-ranges", "bytes".to_owned());
    response.header("content-length", object.body.len().to_string());
    response.header("content-type", object.content_type);
    response.header("etag", object.etag);
    // "Fri, 21 Nov 2026 03:05:39 GMT"
    response.header("last-modified", object.modified.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    response.headers(object.encryption.headers());
    if wanted.checksum_mode.as_ref().is_some_and(|mode| mode.eq_ignore_ascii_case("ENABLED")) {
        response.headers(object.checksum.headers());
    }
    response
        .headers
        .extend(object.metadata.into_iter().map(|(name, value)| (format!("x-amz-meta-{name}").into(), value)));
    if with_body {
        response.body = object.body;
    }
    Ok(response)
}

/// "If you have the s3:ListBucket permission on the bucket, Amazon S3 returns an HTTP status code 404 (Not Found) error. If you don't have
/// the s3:ListBucket permission, Amazon S3 returns an HTTP status code 403 (access denied) error." (API reference, `GetObject`)
fn missing(state: &mut State, ctx: &CallContext, bucket: &str) -> Error {
    let mut listing = RequiredPermission::new("s3:ListBucket", format!("arn:aws:s3:::{bucket}"));
    listing.context.push(("aws:RequestedRegion".to_owned(), ctx.region.clone()));
    listing.context.push(("aws:ResourceAccount".to_owned(), ctx.caller.account.clone()));
    match iam::check_caller_policies(state, &ctx.caller, &listing) {
        Ok(()) => no_such_key(),
        Err(reason) => error(403, "AccessDenied", reason),
    }
}

#[derive(Deserialize)]
pub(super) struct DeleteObject {
    #[serde(rename = "Bucket")]
    bucket: String,
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "x-amz-expected-bucket-owner")]
    owner: Option<String>,
}

/// An object that does not exist is no error: 204 (No Content) in both cases.
pub(super) fn delete(state: &mut State, ctx: &CallContext, wanted: &DeleteObject) -> Result<RestOutput, Error> {
    find(state, ctx, "s3:DeleteObject", &wanted.bucket, wanted.owner.as_deref())?.objects.remove(&wanted.key);
    Ok(empty(204))
}
