//! The KMS key of a secret, and whether the caller may use it.

use super::Secret;
use crate::call::{Error, Service};
use crate::context::CallContext;
use crate::kms::{self, EncryptionContext, KeyCondition};
use crate::world::State;

/// What a secret is encrypted with: "To use a KMS key in a different account, use the key ARN or the alias ARN. If you don't
/// specify this value, then Secrets Manager uses the key aws/secretsmanager." (API reference, `CreateSecret`)
const MANAGED_ALIAS: &str = "alias/aws/secretsmanager";

/// How a key is used for the value of a secret.
#[derive(Clone, Copy)]
pub(super) enum Use {
    Encrypt,
    Decrypt,
}

/// The key of a new secret as requests name it. `None`: the AWS managed key.
pub(super) fn named(key: Option<String>) -> Option<String> {
    key.filter(|key| !key.is_empty() && key != MANAGED_ALIAS && !key.ends_with(":alias/aws/secretsmanager"))
}

/// Checks that the caller may use the key of a secret for a version of it.
///
/// "Secrets Manager uses an encryption context … SecretARN … SecretVersionId" (user guide, "Secret encryption and
/// decryption").
pub(super) fn check(
    state: &mut State,
    ctx: &CallContext,
    (key, arn, version): (Option<&str>, &str, &str),
    of: Use,
) -> Result<(), Error> {
    let region = ctx.region.clone();
    let key = match key {
        Some(key) => key.to_owned(),
        None => kms::managed_key(state, &ctx.caller.account, &region, "secretsmanager"),
    };
    let context = EncryptionContext::from([
        ("SecretARN".to_owned(), arn.to_owned()),
        ("SecretVersionId".to_owned(), version.to_owned()),
    ]);
    // "If the secret is encrypted using a customer-managed key …, then you also need kms:Decrypt permissions for that key."
    // (API reference, `GetSecretValue`) "If you use a customer managed key … kms:GenerateDataKey and kms:Decrypt" (user guide)
    let operations: &[&str] = match of {
        Use::Encrypt => &["kms:GenerateDataKey", "kms:Decrypt"],
        Use::Decrypt => &["kms:Decrypt"],
    };
    let via = format!("secretsmanager.{region}");
    let usable = kms::usable_key(state, &ctx.caller, &region, &key, operations, (&via, &context));
    let Err(kms::Refusal(reason)) = usable else { return Ok(()) };
    let condition = kms::condition(state, &ctx.caller, &region, &key);
    Err(match of {
        // As users of AWS reported it.
        _ if condition == KeyCondition::Enabled => {
            Error::access_denied(Service::Secrets, "Access to KMS is not allowed".to_owned())
        }
        // "Check that the KMS key is available, enabled, and not in an invalid state." (API reference, `EncryptionFailure`)
        Use::Encrypt => Error::new(
            "EncryptionFailure",
            format!("Secrets Manager can't encrypt the protected secret text using the provided KMS key: {reason}."),
        ),
        Use::Decrypt => Error::new(
            "DecryptionFailure",
            format!("Secrets Manager can't decrypt the protected secret text using the provided KMS key: {reason}."),
        ),
    })
}

impl Secret {
    pub(super) fn key(&self) -> Option<String> {
        self.key.clone()
    }
}
