//! Creating, deleting and restoring secrets.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::find::{find, new_arn, not_found};
use super::keys::{self, Use};
use super::tags::{self, Tag};
use super::versions::{GivenValue, version_exists};
use super::{CURRENT, Secret, invalid_parameter, invalid_request};
use crate::bill::BillItem;
use crate::call::Error;
use crate::clock::seconds;
use crate::context::CallContext;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateSecret {
    name: String,
    description: Option<String>,
    kms_key_id: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    client_request_token: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
}

pub(super) fn create(state: &mut State, ctx: &CallContext, input: CreateSecret) -> Result<Value, Error> {
    let CreateSecret { name, description, kms_key_id, tags, client_request_token, secret_string, secret_binary } =
        input;
    check_name(&name)?;
    let description = description.filter(|text| !text.is_empty());
    if description.as_ref().is_some_and(|text| text.chars().count() > 2048) {
        return Err(invalid_parameter("Description has at most 2048 characters."));
    }
    let tags = tags::validate(tags)?;
    let value = GivenValue { client_request_token, secret_string, secret_binary }.check()?;
    let key = keys::named(kms_key_id);
    if let Some(existing) = ctx.region_state(state).secrets.secrets.get(&name) {
        // Recorded by LocalStack's tests.
        if existing.deletion.is_some() {
            return Err(invalid_request(
                "You can't create this secret because a secret with this name is already scheduled for deletion.",
            ));
        }
        // "If a version with this value already exists and the version SecretString and SecretBinary values are the same as
        // those in the request, then the request is ignored. If a version with this value already exists and that version's
        // SecretString and SecretBinary values are different from those in the request, then the request fails because you
        // cannot modify an existing version." (API reference)
        return match value.and_then(|(id, value)| Some((existing.versions.get(&id)?.value == value, id))) {
            Some((true, id)) => Ok(created(existing, Some(&id))),
            Some((false, id)) => Err(version_exists(&id)),
            None => {
                let message = format!("The operation failed because the secret {name} already exists.");
                Err(Error::new("ResourceExistsException", message))
            }
        };
    }
    let arn = new_arn(state, &ctx.caller.account, &ctx.region, &name);
    if let Some((version, _)) = &value {
        keys::check(state, ctx, (key.as_deref(), &arn, version), Use::Encrypt)?;
    }
    let mut secret = Secret::new(state.now, arn, name);
    (secret.description, secret.key, secret.tags) = (description, key, tags);
    let version = value.map(|(id, value)| {
        secret.add_version(state.now, id.clone(), value, vec![CURRENT.to_owned()]);
        id
    });
    let view = created(&secret, version.as_deref());
    insert(state, (&ctx.caller.account, &ctx.region), secret);
    Ok(view)
}

fn created(secret: &Secret, version: Option<&str>) -> Value {
    json!({ "ARN": secret.arn, "Name": secret.name, "VersionId": version })
}

/// Adds a secret, which costs from now on.
pub(super) fn insert(state: &mut State, (account, region): (&str, &str), secret: Secret) {
    state.meter.start(state.now, BillItem::Secrets, &secret.arn, 1);
    state.region_state(account, region).secrets.secrets.insert(secret.name.clone(), secret);
}

impl Secret {
    pub(super) fn new(now: DateTime<Utc>, arn: String, name: String) -> Self {
        Self {
            arn,
            name,
            description: None,
            key: None,
            tags: BTreeMap::new(),
            versions: BTreeMap::new(),
            created: now,
            changed: now,
            accessed: None,
            deletion: None,
            managed: None,
        }
    }
}

/// "The secret name can contain ASCII letters, numbers, and the following characters: /_+=.@-" (API reference). The message,
/// which LocalStack's tests recorded, also has an exclamation mark: services use it in the names of their secrets.
fn check_name(name: &str) -> Result<(), Error> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-!".contains(c);
    if name.is_empty() || name.len() > 512 || !name.chars().all(allowed) {
        let message = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: \
                       -/_+=.@!";
        return Err(Error::new("ValidationException", message));
    }
    if name.contains('!') {
        return Err(Error::not_simulated(format!("the name {name} for a secret that no service owns")));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteSecret {
    secret_id: String,
    recovery_window_in_days: Option<i64>,
    force_delete_without_recovery: Option<bool>,
}

/// "Secrets Manager performs the actual deletion with an asynchronous background process, so there might be a short delay before
/// the secret is permanently deleted." (API reference)
const FORCED: TimeDelta = TimeDelta::seconds(5);
/// "There is no guarantee of a specific time after the recovery window for the permanent delete to occur." (API reference)
const LATEST_MINUTES: i64 = 120;

pub(super) fn delete(state: &mut State, ctx: &CallContext, wanted: &DeleteSecret) -> Result<Value, Error> {
    let forced = wanted.force_delete_without_recovery == Some(true);
    let days = match (forced, wanted.recovery_window_in_days) {
        (true, Some(_)) => {
            return Err(invalid_parameter(
                "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
            ));
        }
        (true, None) => 0,
        // "The minimum recovery window is 7 days. The default recovery window is 30 days."
        (false, days) => days.unwrap_or(30),
    };
    if !forced && !(7..=30).contains(&days) {
        return Err(invalid_parameter("RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."));
    }
    let now = state.now;
    let secret = match find(state, ctx, &wanted.secret_id, "secretsmanager:DeleteSecret") {
        // "If you forcibly delete an already deleted or nonexistent secret, the operation does not return
        // ResourceNotFoundException."
        Err(error) if forced && error.code == "ResourceNotFoundException" => {
            return Ok(json!({ "Name": wanted.secret_id, "DeletionDate": seconds(now) }));
        }
        found => found?,
    };
    secret.check_not_managed()?;
    if !forced {
        secret.check_not_deleted()?;
    }
    let date = now + TimeDelta::days(days);
    (secret.deletion, secret.changed) = (Some(date), now);
    let (name, arn) = (secret.name.clone(), secret.arn.clone());
    let delay = if forced { FORCED } else { TimeDelta::minutes(state.random.i64(1..=LATEST_MINUTES)) };
    let (account, region) = (ctx.caller.account.clone(), ctx.region.clone());
    // "You are not charged for secrets that are marked for deletion." (Secrets Manager pricing)
    state.meter.stop(now, BillItem::Secrets, &arn);
    let view = json!({ "ARN": arn, "Name": name, "DeletionDate": seconds(date) });
    state.at_in(&ctx.region, date + delay, move |state| {
        let secrets = &mut state.region_state(&account, &region).secrets.secrets;
        if secrets.get(&name).is_some_and(|secret| secret.arn == arn && secret.deletion == Some(date)) {
            secrets.remove(&name);
        }
    });
    Ok(view)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RestoreSecret {
    secret_id: String,
}

/// "Cancels the scheduled deletion of a secret by removing the DeletedDate time stamp."
pub(super) fn restore(state: &mut State, ctx: &CallContext, wanted: &RestoreSecret) -> Result<Value, Error> {
    let now = state.now;
    let secret = find(state, ctx, &wanted.secret_id, "secretsmanager:RestoreSecret")?;
    let was_deleted = secret.deletion.take().is_some();
    let (arn, view) = (secret.arn.clone(), secret.identity());
    if was_deleted {
        secret.changed = now;
        state.meter.start(now, BillItem::Secrets, &arn, 1);
    }
    Ok(view)
}

/// Removes a secret at once, as the service does that owns it.
pub(super) fn remove(state: &mut State, (account, region): (&str, &str), name: &str) -> Result<(), Error> {
    let removed = state.region_state(account, region).secrets.secrets.remove(name).ok_or_else(not_found)?;
    state.meter.stop(state.now, BillItem::Secrets, &removed.arn);
    Ok(())
}
