//! Buckets.

use regex_lite::Regex;
use serde::Deserialize;

use super::{Bucket, empty, error};
use crate::call::{Error, RestOutput};
use crate::context::CallContext;
use crate::iam::{DenialReason, denial_message};
use crate::world::State;

#[derive(Deserialize)]
pub(super) struct CreateBucket {
    #[serde(rename = "Bucket")]
    bucket: String,
    #[serde(rename = "Body", default)]
    body: String,
    #[serde(rename = "x-amz-object-ownership")]
    ownership: Option<String>,
}

pub(super) fn create(state: &mut State, ctx: &CallContext, wanted: &CreateBucket) -> Result<RestOutput, Error> {
    if !is_name(&wanted.bucket) {
        return Err(error(400, "InvalidBucketName", format!("The specified bucket is not valid: {}", wanted.bucket)));
    }
    // "Bucket owner enforced (default) – ACLs are disabled" (user guide)
    if let Some(other) = wanted.ownership.as_ref().filter(|ownership| *ownership != "BucketOwnerEnforced") {
        return Err(Error::not_simulated(format!("the object ownership {other} of s3:CreateBucket")));
    }
    check_location(&wanted.body, &ctx.region)?;
    let (account, region) = (ctx.caller.account.clone(), ctx.region.clone());
    match state.s3.buckets.get(&wanted.bucket) {
        Some(existing) if existing.account != account => {
            let message = "The requested bucket name is not available. The bucket namespace is shared by all users of the \
                           system. Please select a different name and try again.";
            return Err(error(409, "BucketAlreadyExists", message));
        }
        // "Amazon S3 returns this error in all AWS Regions except in the North Virginia Region. For legacy compatibility, if you
        // re-create an existing bucket that you already own in the North Virginia Region, Amazon S3 returns 200 OK" (API
        // reference, `BucketAlreadyOwnedByYou`)
        Some(existing) if existing.region != "us-east-1" || region != "us-east-1" => {
            let message = "Your previous request to create the named bucket succeeded and you already own it.";
            return Err(error(409, "BucketAlreadyOwnedByYou", message));
        }
        Some(_) => {}
        None => {
            let bucket = Bucket { account, region: region.clone(), objects: Default::default() };
            state.s3.buckets.insert(wanted.bucket.clone(), bucket);
        }
    }
    let location = match region.as_str() {
        "us-east-1" => format!("/{}", wanted.bucket),
        _ => format!("http://{}.s3.amazonaws.com/", wanted.bucket),
    };
    let mut response = empty(200);
    response.header("location", location);
    Ok(response)
}

/// "If you don't specify a Region, the bucket is created in the US East (N. Virginia) Region (us-east-1) by default" (API
/// reference). A bucket is created in the region of the endpoint.
fn check_location(body: &str, region: &str) -> Result<(), Error> {
    let wanted = match body {
        "" => None,
        body => Some(location(body)?),
    };
    match (wanted.flatten(), region) {
        (None, "us-east-1") => Ok(()),
        (Some(wanted), "us-east-1") if wanted == region => {
            Err(error(400, "InvalidLocationConstraint", "The specified location-constraint is not valid"))
        }
        (Some(wanted), _) if wanted == region => Ok(()),
        (wanted, _) => {
            let what = wanted.unwrap_or_else(|| "unspecified".to_owned());
            let message = format!(
                "The {what} location constraint is incompatible for the region specific endpoint this request was sent to."
            );
            Err(error(400, "IllegalLocationConstraintException", message))
        }
    }
}

/// The `LocationConstraint` in the XML of a request. It is the only element that is simulated.
fn location(body: &str) -> Result<Option<String>, Error> {
    let form = r"^\s*(?:<\?xml[^>]*\?>)?\s*<CreateBucketConfiguration[^>]*?(?:/>|>\s*(?:<LocationConstraint>([^<]*)</LocationConstraint>)?\s*</CreateBucketConfiguration>)\s*$";
    let found =
        Regex::new(form).ok().and_then(|form| Some(form.captures(body)?.get(1).map(|text| text.as_str().to_owned())));
    found.ok_or_else(|| Error::not_simulated(format!("this configuration of a bucket: {body}")))
}

#[derive(Deserialize)]
pub(super) struct HeadBucket {
    #[serde(rename = "Bucket")]
    bucket: String,
    #[serde(rename = "x-amz-expected-bucket-owner")]
    owner: Option<String>,
}

pub(super) fn head(state: &mut State, ctx: &CallContext, wanted: &HeadBucket) -> Result<RestOutput, Error> {
    let bucket = find(state, ctx, "s3:ListBucket", &wanted.bucket, wanted.owner.as_deref())?;
    let mut response = empty(200);
    response.header("x-amz-bucket-region", bucket.region.clone());
    response.header("x-amz-access-point-alias", "false".to_owned());
    Ok(response)
}

/// The bucket, if it is the caller's own in this region.
pub(super) fn find<'s>(
    state: &'s mut State,
    ctx: &CallContext,
    action: &str,
    name: &str,
    expected_owner: Option<&str>,
) -> Result<&'s mut Bucket, Error> {
    let bucket = state.s3.buckets.get_mut(name);
    let bucket = bucket.ok_or_else(|| error(404, "NoSuchBucket", "The specified bucket does not exist"))?;
    // "If the account ID that you provide does not match the actual owner of the bucket, the request fails with the HTTP status
    // code 403 Forbidden (access denied)." (API reference)
    if expected_owner.is_some_and(|expected| expected != bucket.account) {
        return Err(error(403, "AccessDenied", "Access Denied"));
    }
    if bucket.account != ctx.caller.account {
        // No bucket has a policy here.
        let arn = format!("arn:aws:s3:::{name}");
        let reason = denial_message(DenialReason::NotAllowedByResource, &ctx.caller, action, &arn);
        return Err(error(403, "AccessDenied", reason));
    }
    if bucket.region != ctx.region {
        let message = format!(
            "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future \
             requests to this endpoint: s3.{}.amazonaws.com",
            bucket.region
        );
        return Err(error(301, "PermanentRedirect", message));
    }
    Ok(bucket)
}

/// The rules in the user guide, "General purpose bucket naming rules".
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
    let is_alphanumeric =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| allowed(*byte))
        && is_alphanumeric(bytes.first())
        && is_alphanumeric(bytes.last())
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
        && !["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|prefix| name.starts_with(prefix))
        && !["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|suffix| name.ends_with(suffix))
}
