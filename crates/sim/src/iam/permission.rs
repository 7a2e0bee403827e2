//! What a call needs to be allowed. Each service has a table of its operations that says it; here it is judged.

use super::{AccessRequest, Principal, SameAccountDefault, decide, denial_message};
use crate::call::{Call, Caller, Error};
use crate::world::State;

/// An action on a resource, and what is true of it in the words of condition keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequiredPermission {
    /// `rds:CopyDBSnapshot`.
    pub(crate) action: String,
    /// Its ARN, or `*` if the action is not done to anything.
    pub(crate) resource: String,
    /// A key that has several values is there several times.
    pub(crate) context: Vec<(String, String)>,
}

impl RequiredPermission {
    pub(crate) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), context: Vec::new() }
    }

    /// With these tags in the request.
    pub(crate) fn tagging<'a>(mut self, tags: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        for (key, value) in tags {
            self.context.push((format!("aws:RequestTag/{key}"), value.clone()));
            self.context.push(("aws:TagKeys".to_owned(), key.clone()));
        }
        self
    }
}

/// Lets a call pass whose caller's own policies allow all that it needs; else, the error of its service. Nothing has
/// happened then.
pub(crate) fn authorize(state: &mut State, call: &Call, required: &[RequiredPermission]) -> Result<(), Error> {
    let denied = |why| Error::denied(call.service, why);
    required.iter().try_for_each(|permission| check_caller_policies(state, &call.caller, permission)).map_err(denied)
}

/// Do the caller's own policies allow this, on a resource that has none? Else, why not, in AWS's words.
pub(crate) fn check_caller_policies(
    state: &mut State,
    caller: &Caller,
    permission: &RequiredPermission,
) -> Result<(), String> {
    let RequiredPermission { action, resource, context } = permission;
    let context: Vec<_> = context.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let request = AccessRequest { principal: Principal::Caller(caller), action, resource, context: &context };
    decide(state, &request, &caller.account, None, SameAccountDefault::CallerPolicies)
        .map_err(|why| denial_message(why, caller, action, resource))
}
