//! Key policies. Each key has exactly one, named `default`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::KeyRequest;
use super::access::find_key;
use crate::call::{Caller, Error};
use crate::context::CallContext;
use crate::iam::{self, AccessRequest, Policy, Principal};
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetKeyPolicy {
    key_id: String,
    policy_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutKeyPolicy {
    key_id: String,
    policy_name: Option<String>,
    policy: Option<String>,
    #[serde(default)]
    bypass_policy_lockout_safety_check: bool,
}

/// The policy parameters of a request.
pub(super) struct NewPolicy {
    pub(super) policy: Option<String>,
    pub(super) bypass_policy_lockout_safety_check: bool,
}

pub(super) fn get(state: &mut State, ctx: &CallContext, input: &GetKeyPolicy) -> Result<Value, Error> {
    let key = find_key(state, ctx, &input.key_id, "kms:GetKeyPolicy")?;
    check_policy_name(input.policy_name.as_deref())?;
    Ok(json!({ "Policy": key.policy_document, "PolicyName": "default" }))
}

pub(super) fn put(state: &mut State, ctx: &CallContext, input: PutKeyPolicy) -> Result<(), Error> {
    let arn = find_key(state, ctx, &input.key_id, "kms:PutKeyPolicy")?.arn.clone();
    check_policy_name(input.policy_name.as_deref())?;
    let PutKeyPolicy { policy, bypass_policy_lockout_safety_check, .. } = input;
    let new = NewPolicy { policy, bypass_policy_lockout_safety_check }.validate(state, &ctx.caller, &arn)?;
    let new = new.ok_or_else(|| Error::new("ValidationException", "missing field `Policy`"))?;
    let key = find_key(state, ctx, &arn, "kms:PutKeyPolicy")?;
    (key.policy_document, key.policy) = new;
    Ok(())
}

pub(super) fn list(state: &mut State, ctx: &CallContext, KeyRequest { key_id }: &KeyRequest) -> Result<Value, Error> {
    find_key(state, ctx, key_id, "kms:ListKeyPolicies")?;
    Ok(json!({ "PolicyNames": ["default"], "Truncated": false }))
}

impl NewPolicy {
    /// The policy as text and parsed, or `None` if the request has none.
    pub(super) fn validate(
        self,
        state: &mut State,
        caller: &Caller,
        key: &str,
    ) -> Result<Option<(String, Policy)>, Error> {
        let Some(policy_document) = self.policy else { return Ok(None) };
        let malformed = |message| Error::new("MalformedPolicyDocumentException", message);
        if policy_document.is_empty() || !policy_document.chars().all(is_policy_character) {
            let must = "satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+";
            return Err(Error::invalid_member(&policy_document, "policy", must));
        }
        if policy_document.len() > 32 * 1024 {
            return Err(Error::new("LimitExceededException", "A key policy has at most 32768 bytes."));
        }
        let policy = Policy::parse_key_policy(&policy_document).map_err(malformed)?;
        let again = AccessRequest {
            principal: Principal::Caller(caller),
            action: "kms:PutKeyPolicy",
            resource: key,
            context: &[("kms:CallerAccount", &caller.account)],
        };
        // "The CreateKey caller can get kms:PutKeyPolicy permission for the KMS key from an IAM policy or they can include
        // this permission in the key policy of the KMS key that they're creating." (KMS developer guide)
        let may_again = iam::check_key_access(state, &again, &caller.account, &policy).is_ok();
        if !self.bypass_policy_lockout_safety_check && !may_again {
            let message = "The new key policy will not allow you to update the key policy in the future.";
            return Err(malformed(message.to_owned()));
        }
        Ok(Some((policy_document, policy)))
    }
}

/// The policy of a key created without one: the account's own policies decide.
pub(super) fn default_policy(account: &str) -> Result<(String, Policy), Error> {
    let policy_document = json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
            "Action": "kms:*",
            "Resource": "*"
        }]
    })
    .to_string();
    let policy = Policy::parse_key_policy(&policy_document)
        .map_err(|message| Error::new("MalformedPolicyDocumentException", message))?;
    Ok((policy_document, policy))
}

/// The characters of the API model's pattern.
fn is_policy_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{ff}')
}

fn check_policy_name(name: Option<&str>) -> Result<(), Error> {
    match name {
        None | Some("default") => Ok(()),
        Some(_) => Err(Error::new("NotFoundException", "No such policy exists")),
    }
}
