//! The permissions that calls require. Each service has a table of its operations that lists them; this module checks
//! them against the caller's own policies.

use super::{AccessRequest, Principal, SameAccountDefault, decide, denial_message};
use crate::call::{Call, Caller, Error};
use crate::lambda;
use crate::world::State;

/// An action on a resource, with the condition keys of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequiredPermission {
    /// `rds:CopyDBSnapshot`.
    pub(crate) action: String,
    /// The ARN of the resource, or `*` for an action without a resource.
    pub(crate) resource: String,
    /// Condition keys and values. A multivalued key is repeated.
    pub(crate) context: Vec<(String, String)>,
}

impl RequiredPermission {
    pub(crate) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), context: Vec::new() }
    }

    /// Adds the tags of the request.
    pub(crate) fn tagging<'a>(mut self, tags: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        for (key, value) in tags {
            self.context.push((format!("aws:RequestTag/{key}"), value.clone()));
            self.context.push(("aws:TagKeys".to_owned(), key.clone()));
        }
        self
    }
}

/// Checks that the caller's own policies allow all permissions that a call requires. Returns the error of the called
/// service. It is called before the call has any effect.
pub(crate) fn authorize(state: &mut State, call: &Call, required: &[RequiredPermission]) -> Result<(), Error> {
    let denied = |reason| Error::access_denied(call.service, reason);
    // The region of the request may differ from the region of a resource: a copy of a snapshot of another region.
    let region = ("aws:RequestedRegion".to_owned(), call.region.clone());
    // "You can use the lambda:SourceFunctionArn condition key … to identify which Lambda function is making the call" (Lambda's guide).
    let function = lambda::function_of(state, &call.caller).map(|arn| ("lambda:SourceFunctionArn".to_owned(), arn));
    let mut required = required.iter().cloned().map(|mut permission| {
        permission.context.push(region.clone());
        permission.context.extend(function.clone());
        permission
    });
    required.try_for_each(|permission| check_caller_policies(state, &call.caller, &permission)).map_err(denied)
}

/// Checks that the caller's own policies allow this, on a resource without a policy. Otherwise returns the reason in
/// AWS's wording.
pub(crate) fn check_caller_policies(
    state: &mut State,
    caller: &Caller,
    permission: &RequiredPermission,
) -> Result<(), String> {
    let RequiredPermission { action, resource, context } = permission;
    let context: Vec<_> = context.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let request = AccessRequest { principal: Principal::Caller(caller), action, resource, context: &context };
    decide(state, &request, &caller.account, None, SameAccountDefault::CallerPolicies)
        .map_err(|reason| denial_message(reason, caller, action, resource))
}
