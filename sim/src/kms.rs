//! Key Management Service: keys, their aliases, and who may use them.
//!
//! There is no cryptography: other services ask whether a key is [`usable`] by who called them, and that is all that a
//! copied snapshot needs of it. Everything is said by the key's policy and state; nothing here knows what a key is for.

mod access;
mod aliases;
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
use serde::{Deserialize, Serializer};
use serde_json::{Value, json};

use crate::call::{Answer, Call, Caller, Error, run};
use crate::iam::Policy;
use crate::world::State;

pub(crate) use access::{Refusal, usable};
pub(crate) use managed::{is_managed, managed_key};

/// What there is in one region of one account.
#[derive(Default)]
pub(crate) struct Kms {
    /// By identifier.
    keys: BTreeMap<String, Key>,
    /// By name, which begins with `alias/`.
    aliases: BTreeMap<String, Alias>,
}

/// A symmetric key for encryption, in one region; there are no others.
#[derive(Clone, Debug)]
struct Key {
    account: String,
    id: String,
    arn: String,
    keeper: Keeper,
    description: String,
    created: DateTime<Utc>,
    condition: Condition,
    rotation: Option<Rotation>,
    /// Its policy, as it was written and as it was understood.
    document: String,
    policy: Policy,
    tags: BTreeMap<String, String>,
}

/// Who looks after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeper {
    Customer,
    /// It came into being when a service first needed it, and its policy cannot be changed.
    Aws,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Enabled,
    Disabled,
    PendingDeletion(DateTime<Utc>),
}

/// A new secret every so many days, under the same identifier.
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
    /// The identifier of the key that it stands for.
    target: String,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
}

/// Who wants something, and where: each operation is one of its methods.
struct Request<'a> {
    state: &'a mut State,
    caller: &'a Caller,
    region: &'a str,
}

pub(crate) fn serve(state: &mut State, call: Call) -> Answer {
    let Call { caller, region, operation, input, .. } = call;
    let mut request = Request { state, caller: &caller, region: &region };
    match operation.as_str() {
        "CreateKey" => run(input, |wish| request.create_key(wish)),
        "DescribeKey" => run(input, |wish| request.describe_key(wish)),
        "ListKeys" => run(input, |wish| request.list_keys(wish)),
        "EnableKey" => run(input, |wish| request.enable_key(wish)),
        "DisableKey" => run(input, |wish| request.disable_key(wish)),
        "ScheduleKeyDeletion" => run(input, |wish| request.schedule_key_deletion(wish)),
        "CancelKeyDeletion" => run(input, |wish| request.cancel_key_deletion(wish)),
        "EnableKeyRotation" => run(input, |wish| request.enable_key_rotation(wish)),
        "DisableKeyRotation" => run(input, |wish| request.disable_key_rotation(wish)),
        "GetKeyRotationStatus" => run(input, |wish| request.get_key_rotation_status(wish)),
        "CreateAlias" => run(input, |wish| request.create_alias(wish)),
        "UpdateAlias" => run(input, |wish| request.update_alias(wish)),
        "DeleteAlias" => run(input, |wish| request.delete_alias(wish)),
        "ListAliases" => run(input, |wish| request.list_aliases(wish)),
        "GetKeyPolicy" => run(input, |wish| request.get_key_policy(wish)),
        "PutKeyPolicy" => run(input, |wish| request.put_key_policy(wish)),
        "ListKeyPolicies" => run(input, |wish| request.list_key_policies(wish)),
        "TagResource" => run(input, |wish| request.tag_resource(wish)),
        "UntagResource" => run(input, |wish| request.untag_resource(wish)),
        "ListResourceTags" => run(input, |wish| request.list_resource_tags(wish)),
        _ => Err(Error::no_such_operation(&operation)),
    }
}

/// What an operation on a key is given that needs no more.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfKey {
    key_id: String,
}

/// The answer of an operation that has none.
fn done() -> Value {
    json!({})
}

/// A number, if it is in the range that AWS allows for this member.
fn within(range: RangeInclusive<i64>, member: &str, value: i64) -> Result<i64, Error> {
    let bound = match value {
        _ if range.contains(&value) => return Ok(value),
        _ if value < *range.start() => format!("greater than or equal to {}", range.start()),
        _ => format!("less than or equal to {}", range.end()),
    };
    Err(invalid(&value.to_string(), member, &format!("have value {bound}")))
}

/// The error for a member that the service's model rules out.
fn invalid(value: &str, member: &str, must: &str) -> Error {
    let why = format!("Value '{value}' at '{member}' failed to satisfy constraint: Member must {must}");
    Error::new("ValidationException", format!("1 validation error detected: {why}"))
}

/// As JSON has timestamps: seconds, with a fraction.
fn epoch_seconds<S: Serializer>(time: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(seconds(*time))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium are exact")]
fn seconds(time: DateTime<Utc>) -> f64 {
    time.timestamp_millis() as f64 / 1000.0
}
