//! The encryption of objects, and whether the caller may use their keys.

use super::error;
use crate::arn::Arn;
use crate::call::Error;
use crate::context::CallContext;
use crate::kms::{self, EncryptionContext, KeyCondition};
use crate::world::State;

#[derive(Clone)]
pub(super) enum Encryption {
    /// With keys of S3, the default.
    S3,
    /// With the key of this ARN.
    Kms(String),
}

/// How a key is used.
#[derive(Clone, Copy)]
pub(super) enum Use {
    Write,
    Read,
}

impl Encryption {
    /// The encryption that a request asks for, with a key that its caller may use.
    pub(super) fn wanted(
        state: &mut State,
        ctx: &CallContext,
        (algorithm, key): (Option<&str>, Option<&str>),
        object: &str,
    ) -> Result<Self, Error> {
        match (algorithm, key) {
            (None | Some("AES256"), None) => Ok(Self::S3),
            (None | Some("AES256"), Some(_)) => Err(super::invalid_argument(
                "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
            )),
            (Some("aws:kms"), key) => {
                // "If the x-amz-server-side-encryption header has a valid value of aws:kms …, this header specifies the ID … of
                // the KMS key. … If you specify aws:kms but do not provide x-amz-server-side-encryption-aws-kms-key-id, Amazon S3
                // uses the Amazon Web Services managed key (aws/s3)" (API reference, `PutObject`)
                let key = match key {
                    Some(key) => key.to_owned(),
                    None => kms::managed_key(state, &ctx.caller.account, &ctx.region, "s3"),
                };
                use_key(state, ctx, &key, object, Use::Write).map(Self::Kms)
            }
            (Some(other), _) => Err(Error::not_simulated(format!("the encryption {other} of s3:PutObject"))),
        }
    }

    pub(super) fn check_readable(&self, state: &mut State, ctx: &CallContext, object: &str) -> Result<(), Error> {
        match self {
            Self::S3 => Ok(()),
            Self::Kms(key) => use_key(state, ctx, key, object, Use::Read).map(|_| ()),
        }
    }

    pub(super) fn headers(&self) -> Vec<(&'static str, String)> {
        const ALGORITHM: &str = "x-amz-server-side-encryption";
        match self {
            // "All new object uploads to Amazon S3 buckets are encrypted by default with … SSE-S3" (user guide)
            Self::S3 => vec![(ALGORITHM, "AES256".to_owned())],
            Self::Kms(key) => {
                vec![(ALGORITHM, "aws:kms".to_owned()), ("x-amz-server-side-encryption-aws-kms-key-id", key.clone())]
            }
        }
    }
}

/// "To upload an object encrypted with an AWS KMS key to Amazon S3, you need kms:GenerateDataKey permissions on the key. To download
/// an object encrypted with an AWS KMS key, you need kms:Decrypt permissions for the key." (user guide) "Amazon S3 uses the …
/// object Amazon Resource Name (ARN) as the encryption context pair" (user guide): `aws:s3:arn`.
fn use_key(state: &mut State, ctx: &CallContext, key: &str, object: &str, of: Use) -> Result<String, Error> {
    if Arn::of("kms", key).is_some_and(|arn| arn.region != ctx.region) {
        let message = format!("The key {key} is not in the region of the bucket, {}.", ctx.region);
        return Err(error(400, "KMS.NotFoundException", message));
    }
    let action = match of {
        Use::Write => "kms:GenerateDataKey",
        Use::Read => "kms:Decrypt",
    };
    let context = EncryptionContext::from([("aws:s3:arn".to_owned(), object.to_owned())]);
    let via = format!("s3.{}", ctx.region);
    let usable = kms::usable_key(state, &ctx.caller, &ctx.region, key, &[action], (&via, &context));
    usable.map_err(|kms::Refusal(reason)| match kms::condition(state, &ctx.caller, &ctx.region, key) {
        KeyCondition::Enabled => error(403, "AccessDenied", format!("Access Denied: {reason}")),
        KeyCondition::Disabled => error(400, "KMS.DisabledException", reason),
        KeyCondition::PendingDeletion => error(400, "KMS.KMSInvalidStateException", reason),
        KeyCondition::Missing => error(400, "KMS.NotFoundException", reason),
    })
}
