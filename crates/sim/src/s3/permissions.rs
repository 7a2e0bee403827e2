//! The permissions that each operation requires, by the table in AWS's *Service Authorization Reference*.

use crate::call::{Call, Error, Service};
use crate::iam::RequiredPermission;
use crate::world::State;

pub(crate) fn required_permissions(state: &mut State, call: &Call) -> Result<Vec<RequiredPermission>, Error> {
    let text = |name: &str| call.input.text(name).unwrap_or_default();
    let bucket = format!("arn:aws:s3:::{}", text("Bucket"));
    let object = format!("{bucket}/{}", text("Key"));
    let (action, resource) = match call.operation.as_str() {
        "CreateBucket" => ("s3:CreateBucket", bucket),
        "HeadBucket" | "ListObjectsV2" => ("s3:ListBucket", bucket),
        "GetObject" | "HeadObject" => ("s3:GetObject", object),
        "PutObject" => ("s3:PutObject", object),
        "DeleteObject" => ("s3:DeleteObject", object),
        operation => return Err(Error::unknown_operation(Service::S3, operation)),
    };
    let mut permission = RequiredPermission::new(action, resource);
    // The ARN of a bucket has no account.
    if let Some(found) = state.s3.buckets.get(text("Bucket")) {
        for key in ["aws:ResourceAccount", "s3:ResourceAccount"] {
            permission.context.push((key.to_owned(), found.account.clone()));
        }
    }
    for (member, key) in [
        ("?prefix", "s3:prefix"),
        ("?delimiter", "s3:delimiter"),
        ("?max-keys", "s3:max-keys"),
        ("if-none-match", "s3:if-none-match"),
        ("if-match", "s3:if-match"),
        ("x-amz-server-side-encryption", "s3:x-amz-server-side-encryption"),
        ("x-amz-server-side-encryption-aws-kms-key-id", "s3:x-amz-server-side-encryption-aws-kms-key-id"),
    ] {
        permission.context.extend(call.input.text(member).map(|value| (key.to_owned(), value.to_owned())));
    }
    Ok(vec![permission])
}
