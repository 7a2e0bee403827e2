//! Key Management Service: keys, their aliases, and who may use them.
//!
//! Nothing is encrypted: other services only ask for a [`usable_key`] on behalf of their caller, which is all that
//! copying a snapshot requires. The answer depends on the key's policy and state. This module does not know what keys
//! are used for.

mod access;
mod aliases;
mod effect;
mod grant;
mod grants;
mod keys;
mod managed;
mod paging;
mod policies;
mod tags;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::call::{Call, CallResult, Error, Service, run};
use crate::context::CallContext;
use crate::iam::Policy;
use crate::world::State;

pub(crate) use access::{KeyCondition, Refusal, condition, is_enabled, usable_key};
pub(crate) use grant::EncryptionContext;
pub(crate) use grants::{ServiceGrant, grant_to_service, has_grant, retire_of_service};
pub(crate) use managed::{is_managed, managed_key};

/// The keys and aliases of one region of one account.
#[derive(Default)]
pub(crate) struct Kms {
    /// By identifier.
    keys: BTreeMap<String, Key>,
    /// By name, which begins with `alias/`.
    aliases: BTreeMap<String, Alias>,
    /// The identifier of the key that an alias names in policies.
    aliases_in_effect: BTreeMap<String, String>,
    /// By the identifiers of the key and of the grant.
    grants: BTreeMap<String, BTreeMap<String, grant::Grant>>,
}

/// A symmetric encryption key of a single region, the only kind that is simulated.
#[derive(Clone, Debug)]
struct Key {
    account: String,
    id: String,
    arn: String,
    manager: KeyManager,
    description: String,
    created: DateTime<Utc>,
    state: KeyState,
    rotation: Option<Rotation>,
    /// Its policy, as text and parsed.
    policy_document: String,
    policy: Policy,
    tags: BTreeMap<String, String>,
    /// The tags that count in policies.
    tags_in_effect: BTreeMap<String, String>,
}

/// Who manages a key: `KeyManager` in AWS's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyManager {
    Customer,
    /// Created when a service first used it. Its policy cannot be changed.
    Aws,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyState {
    Enabled,
    Disabled,
    PendingDeletion(DateTime<Utc>),
}

/// New key material every `days` days, under the same identifier.
#[derive(Clone, Copy, Debug)]
struct Rotation {
    days: i64,
    since: DateTime<Utc>,
}

impl Rotation {
    fn next(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let passed = (now - self.since).num_days() / self.days;
        self.since + TimeDelta::days((passed + 1) * self.days)
    }
}

#[derive(Clone, Debug)]
struct Alias {
    arn: String,
    /// The identifier of the key.
    target: String,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
}

pub(crate) fn serve(state: &mut State, call: Call) -> CallResult {
    let ctx = &CallContext::of(&call);
    match call.operation.as_str() {
        "CreateKey" => run(call, |input| keys::create(state, ctx, input)),
        "DescribeKey" => run(call, |input| keys::describe(state, ctx, &input)),
        "ListKeys" => run(call, |input| keys::list(state, ctx, &input)),
        "UpdateKeyDescription" => run(call, |input| keys::update_description(state, ctx, input)),
        "EnableKey" => run(call, |input| keys::enable(state, ctx, &input)),
        "DisableKey" => run(call, |input| keys::disable(state, ctx, &input)),
        "ScheduleKeyDeletion" => run(call, |input| keys::schedule_deletion(state, ctx, &input)),
        "CancelKeyDeletion" => run(call, |input| keys::cancel_deletion(state, ctx, &input)),
        "EnableKeyRotation" => run(call, |input| keys::enable_rotation(state, ctx, &input)),
        "DisableKeyRotation" => run(call, |input| keys::disable_rotation(state, ctx, &input)),
        "GetKeyRotationStatus" => run(call, |input| keys::rotation_status(state, ctx, &input)),
        "CreateAlias" => run(call, |input| aliases::create(state, ctx, input)),
        "UpdateAlias" => run(call, |input| aliases::update(state, ctx, input)),
        "DeleteAlias" => run(call, |input| aliases::delete(state, ctx, &input)),
        "ListAliases" => run(call, |input| aliases::list(state, ctx, input)),
        "GetKeyPolicy" => run(call, |input| policies::get(state, ctx, &input)),
        "PutKeyPolicy" => run(call, |input| policies::put(state, ctx, input)),
        "ListKeyPolicies" => run(call, |input| policies::list(state, ctx, &input)),
        "CreateGrant" => run(call, |input| grants::create(state, ctx, input)),
        "ListGrants" => run(call, |input| grants::list(state, ctx, input)),
        "ListRetirableGrants" => run(call, |input| grants::list_retirable(state, ctx, input)),
        "RevokeGrant" => run(call, |input| grants::revoke(state, ctx, &input)),
        "RetireGrant" => run(call, |input| grants::retire(state, ctx, &input)),
        "TagResource" => run(call, |input| tags::add(state, ctx, input)),
        "UntagResource" => run(call, |input| tags::remove(state, ctx, &input)),
        "ListResourceTags" => run(call, |input| tags::list(state, ctx, input)),
        operation => Err(Error::unknown_operation(Service::Kms, operation)),
    }
}

/// The input of operations whose only parameter is a key.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyRequest {
    key_id: String,
}

/// Checks that a number is in the range that AWS allows for this parameter.
fn check_range<N: TryFrom<i64>>(range: RangeInclusive<i64>, member: &str, value: i64) -> Result<N, Error> {
    let must = if value < *range.start() {
        format!("have value greater than or equal to {}", range.start())
    } else {
        format!("have value less than or equal to {}", range.end())
    };
    let inside = N::try_from(value).ok().filter(|_| range.contains(&value));
    inside.ok_or_else(|| Error::invalid_member(&value.to_string(), member, &must))
}
