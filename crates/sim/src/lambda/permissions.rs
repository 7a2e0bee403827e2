//! Permissions of services to invoke a function (`AWS::Lambda::Permission`). The permissions of the function itself are
//! those of its role.

use serde_json::json;

use super::{Function, find, name};
use crate::arn::Arn;
use crate::iam::{AccessRequest, Policy, Principal, Verdict};
use crate::world::{State, World};

impl Function {
    /// Requires a permission ([`World::allow_invocation`]) of services that invoke the function, as on AWS. Without
    /// this setting, every service may invoke the function until the first permission is added.
    #[must_use]
    pub fn require_permission(self) -> Self {
        Self { require_permission: true, ..self }
    }
}

impl World {
    /// Allows a service to invoke a function for a resource: `sns.amazonaws.com` for a topic, `events.amazonaws.com`
    /// for a schedule (`arn:aws:events:REGION:ACCOUNT:rule/NAME`). The resource's ARN may have wildcards. From now on,
    /// services without a permission may not invoke the function. The permission remains if the function is replaced,
    /// and is removed with it.
    ///
    /// # Errors
    /// If the function does not exist, or the service's name is invalid.
    pub fn allow_invocation(&self, function_arn: &str, service: &str, source_arn: &str) -> Result<(), String> {
        self.change(|state| allow(state, function_arn, service, source_arn))
    }
}

/// Allows a service to invoke a function for a resource, whose ARN may have wildcards.
pub(crate) fn allow(state: &mut State, function_arn: &str, service: &str, source_arn: &str) -> Result<(), String> {
    let permission = json!({ "Statement": {
        "Effect": "Allow",
        "Principal": { "Service": service },
        "Action": "lambda:InvokeFunction",
        "Resource": function_arn,
        "Condition": { "ArnLike": { "aws:SourceArn": source_arn } },
    } });
    let permission = Policy::parse(&permission.to_string())?;
    let gone = || format!("there is no function {function_arn}");
    find(state, function_arn).ok_or_else(gone)?;
    let (arn, name) = Arn::parse(function_arn).zip(name(function_arn)).ok_or_else(gone)?;
    let lambda = &mut state.region_state(arn.account, arn.region).lambda;
    lambda.permissions.entry(name.to_owned()).or_default().push(permission);
    Ok(())
}

/// Whether the function exists and this service may invoke it for this resource.
pub(crate) fn may_invoke(state: &mut State, function_arn: &str, service: &str, source_arn: &str) -> bool {
    let Some((function, arn)) = find(state, function_arn).zip(Arn::parse(function_arn)) else { return false };
    let require_permission = function.require_permission;
    let region = state.used_region_state(arn.account, arn.region);
    let permissions = region.zip(name(function_arn)).and_then(|(region, name)| region.lambda.permissions.get(name));
    let request = AccessRequest {
        principal: Principal::Service { name: service, source_arn },
        action: "lambda:InvokeFunction",
        resource: function_arn,
        context: &[],
    };
    match permissions {
        Some(permissions) => {
            permissions.iter().any(|permission| permission.evaluate(&request, &state.accounts) == Verdict::Allow)
        }
        None => !require_permission,
    }
}
