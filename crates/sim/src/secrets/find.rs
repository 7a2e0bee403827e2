//! Finds the secret that a request names.

use super::Secret;
use crate::arn::Arn;
use crate::call::{Error, Service};
use crate::context::CallContext;
use crate::iam::{DenialReason, denial_message};
use crate::world::State;

/// The length of the hyphen and the random characters at the end of an ARN: "Secrets Manager automatically adds a hyphen
/// and six random characters after the secret name at the end of the ARN." (API reference, `CreateSecret`)
const SUFFIX_LENGTH: usize = 7;

/// The ARN of a new secret.
pub(super) fn new_arn(state: &mut State, account: &str, region: &str, name: &str) -> String {
    let suffix: String = std::iter::repeat_with(|| state.random.alphanumeric()).take(SUFFIX_LENGTH - 1).collect();
    format!("arn:aws:secretsmanager:{region}:{account}:secret:{name}-{suffix}")
}

/// The secret of the caller's account with this name, ARN, or ARN without the random characters.
pub(super) fn find<'s>(
    state: &'s mut State,
    ctx: &CallContext,
    named: &str,
    action: &str,
) -> Result<&'s mut Secret, Error> {
    let secret = match Arn::of("secretsmanager", named) {
        None if named.starts_with("arn:") => {
            return Err(super::invalid_parameter(format!("Invalid ARN: {named}.")));
        }
        None => named,
        Some(arn) if arn.account != ctx.caller.account => {
            // No secret has a policy here.
            let message = denial_message(DenialReason::NotAllowedByResource, &ctx.caller, action, named);
            return Err(Error::access_denied(Service::Secrets, message));
        }
        Some(arn) if arn.region != ctx.region => {
            return Err(Error::not_simulated(format!("the secret {named} of another region")));
        }
        Some(arn) => arn.resource.strip_prefix("secret:").unwrap_or_default(),
    };
    let secrets = &mut ctx.region_state(state).secrets.secrets;
    let by_suffix = secret.len().checked_sub(SUFFIX_LENGTH).and_then(|end| secret.get(..end));
    let is_complete = |name: &str| secrets.get(name).filter(|found| found.arn == named).map(|found| found.name.clone());
    let name = by_suffix.and_then(&is_complete).or_else(|| secrets.contains_key(secret).then(|| secret.to_owned()));
    name.and_then(|name| secrets.get_mut(&name)).ok_or_else(not_found)
}

pub(super) fn not_found() -> Error {
    Error::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}
