//! The versions of a secret: their values and staging labels.

use std::collections::BTreeSet;

use aws_smithy_types::base64;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::find::{find, not_found};
use super::keys::{self, Use};
use super::{CURRENT, PREVIOUS, Secret, SecretValue, Version, invalid_parameter, invalid_request};
use crate::call::Error;
use crate::clock::seconds;
use crate::context::CallContext;
use crate::world::State;

/// The value in a request: "You must include SecretBinary or SecretString, but not both." (API reference)
pub(super) struct GivenValue {
    pub(super) client_request_token: Option<String>,
    pub(super) secret_string: Option<String>,
    pub(super) secret_binary: Option<String>,
}

impl GivenValue {
    /// The value with the identifier of its version, or `None` if the request has no value.
    pub(super) fn check(self) -> Result<Option<(String, SecretValue)>, Error> {
        let value = match (self.secret_string, self.secret_binary) {
            (Some(_), Some(_)) => {
                return Err(invalid_parameter(
                    "You can't specify both a binary secret value and a string secret value.",
                ));
            }
            (Some(text), None) => SecretValue::Text(text),
            (None, Some(binary)) => {
                let bytes = base64::decode(&binary)
                    .map_err(|_| Error::new("SerializationException", "SecretBinary is not base64."))?;
                SecretValue::Binary(base64::encode(bytes))
            }
            (None, None) => return Ok(None),
        };
        let length = match &value {
            SecretValue::Text(text) => text.len(),
            SecretValue::Binary(binary) => base64::decode(binary).map_or(0, |bytes| bytes.len()),
        };
        // The bounds of the model.
        if !(1..=MAX_VALUE_BYTES).contains(&length) {
            return Err(invalid_parameter(format!("A secret value has 1 to {MAX_VALUE_BYTES} bytes, not {length}.")));
        }
        // "If you generate a raw HTTP request to the Secrets Manager service endpoint, then you must generate a
        // ClientRequestToken and include it in the request."
        let token = self.client_request_token.ok_or_else(|| {
            invalid_request("You must provide a ClientRequestToken value. We recommend a UUID-type value.")
        })?;
        if !(32..=64).contains(&token.chars().count()) {
            return Err(invalid_parameter("ClientRequestToken must be 32-64 characters long."));
        }
        Ok(Some((token, value)))
    }
}

const MAX_VALUE_BYTES: usize = 65_536;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetSecretValue {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

/// "If you don't specify either a VersionStage or VersionId, Secrets Manager returns the AWSCURRENT version."
pub(super) fn get(state: &mut State, ctx: &CallContext, wanted: &GetSecretValue) -> Result<Value, Error> {
    let secret = find(state, ctx, &wanted.secret_id, "secretsmanager:GetSecretValue")?;
    // "When a secret is scheduled for deletion, you cannot retrieve the secret value." (API reference, `DeleteSecret`)
    secret.check_not_deleted()?;
    let id = secret.version(wanted.version_id.as_deref(), wanted.version_stage.as_deref())?;
    let (arn, name, key) = (secret.arn.clone(), secret.name.clone(), secret.key());
    keys::check(state, ctx, (key.as_deref(), &arn, &id), Use::Decrypt)?;
    let now = state.now;
    let secret = ctx.region_state(state).secrets.secrets.get_mut(&name).ok_or_else(not_found)?;
    secret.accessed = Some(now);
    let version = secret.versions.get(&id).ok_or_else(not_found)?;
    let (text, binary) = match &version.value {
        SecretValue::Text(text) => (Some(text), None),
        SecretValue::Binary(binary) => (None, Some(binary)),
    };
    Ok(json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": id,
        "SecretString": text,
        "SecretBinary": binary,
        "VersionStages": if version.stages.is_empty() { None } else { Some(&version.stages) },
        "CreatedDate": seconds(version.created),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutSecretValue {
    secret_id: String,
    client_request_token: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    version_stages: Option<Vec<String>>,
}

/// "This operation is idempotent. If you call this operation with a ClientRequestToken that matches an existing version's
/// VersionId, and you specify the same secret data, the operation succeeds but does nothing. However, if the secret data is
/// different, then the operation fails because you can't modify an existing version."
pub(super) fn put(state: &mut State, ctx: &CallContext, input: PutSecretValue) -> Result<Value, Error> {
    let PutSecretValue { secret_id, client_request_token, secret_string, secret_binary, version_stages } = input;
    let stages = version_stages.unwrap_or_else(|| vec![CURRENT.to_owned()]);
    check_stages(&stages)?;
    let now = state.now;
    let given = GivenValue { client_request_token, secret_string, secret_binary }.check()?;
    let secret = find(state, ctx, &secret_id, "secretsmanager:PutSecretValue")?;
    secret.check_not_deleted()?;
    secret.check_not_managed()?;
    let (id, value) = given.ok_or_else(|| invalid_request("You must provide either SecretString or SecretBinary."))?;
    let (arn, name, key) = (secret.arn.clone(), secret.name.clone(), secret.key());
    keys::check(state, ctx, (key.as_deref(), &arn, &id), Use::Encrypt)?;
    let secret = ctx.region_state(state).secrets.secrets.get_mut(&name).ok_or_else(not_found)?;
    match secret.versions.get(&id) {
        Some(existing) if existing.value != value => return Err(version_exists(&id)),
        Some(_) => {}
        None => secret.add_version(now, id.clone(), value, stages),
    }
    let stages = secret.versions.get(&id).map(|version| version.stages.clone()).unwrap_or_default();
    Ok(json!({ "ARN": arn, "Name": name, "VersionId": id, "VersionStages": stages }))
}

pub(super) fn version_exists(id: &str) -> Error {
    let message = format!("You can't modify an existing version, you can only create new versions: {id} exists.");
    Error::new("ResourceExistsException", message)
}

/// The bounds of the model.
fn check_stages(stages: &[String]) -> Result<(), Error> {
    let are_valid = (1..=20).contains(&stages.len())
        && stages.iter().all(|stage| (1..=256).contains(&stage.chars().count()))
        && stages.iter().collect::<BTreeSet<_>>().len() == stages.len();
    if are_valid {
        return Ok(());
    }
    Err(invalid_parameter("VersionStages has 1 to 20 different labels of 1 to 256 characters."))
}

/// "Secrets Manager keeps 100 of the most recent versions, but it keeps all secret versions created in the last 24 hours."
const KEPT_VERSIONS: usize = 100;
const KEPT_FOR: TimeDelta = TimeDelta::hours(24);

impl Secret {
    /// The identifier of a version. "If you include both this parameter and VersionStage, the two parameters must refer to the
    /// same secret version."
    fn version(&self, id: Option<&str>, stage: Option<&str>) -> Result<String, Error> {
        let staged = |stage: &str| {
            let found = self.versions.iter().find(|(_, version)| version.stages.contains(stage));
            found.map(|(id, _)| id.clone()).ok_or_else(|| no_value("staging label", stage))
        };
        match (id, stage) {
            (None, stage) => staged(stage.unwrap_or(CURRENT)),
            (Some(id), stage) => {
                let version = self.versions.get(id).ok_or_else(|| no_value("VersionId", id))?;
                match stage.filter(|stage| !version.stages.contains(*stage)) {
                    None => Ok(id.to_owned()),
                    // As moto reports it.
                    Some(_) => Err(invalid_request(
                        "You provided a VersionStage that is not associated to the provided VersionId.",
                    )),
                }
            }
        }
    }

    /// Adds a version and moves the staging labels to it. "If this operation moves the staging label AWSCURRENT from another
    /// version to this version, then Secrets Manager also automatically moves the staging label AWSPREVIOUS to the version that
    /// AWSCURRENT was removed from." "If this operation creates the first version for the secret, then Secrets Manager
    /// automatically attaches the staging label AWSCURRENT to it."
    pub(super) fn add_version(&mut self, now: DateTime<Utc>, id: String, value: SecretValue, stages: Vec<String>) {
        let mut stages: BTreeSet<String> = stages.into_iter().collect();
        if self.versions.is_empty() {
            stages.insert(CURRENT.to_owned());
        }
        if stages.contains(CURRENT) {
            let current = self.versions.iter().find(|(_, version)| version.stages.contains(CURRENT));
            if let Some(current) = current.map(|(id, _)| id.clone()) {
                self.move_stage(PREVIOUS, &current);
            }
        }
        self.versions.insert(id.clone(), Version { value, created: now, stages: BTreeSet::new() });
        stages.iter().for_each(|stage| self.move_stage(stage, &id));
        self.changed = now;
        self.remove_deprecated(now);
    }

    fn move_stage(&mut self, stage: &str, to: &str) {
        for (id, version) in &mut self.versions {
            if id == to {
                version.stages.insert(stage.to_owned());
            } else {
                version.stages.remove(stage);
            }
        }
    }

    /// Removes old versions without staging labels.
    fn remove_deprecated(&mut self, now: DateTime<Utc>) {
        while self.versions.len() > KEPT_VERSIONS {
            let removable = |version: &Version| version.stages.is_empty() && version.created < now - KEPT_FOR;
            let oldest = self.versions.iter().filter(|(_, version)| removable(version));
            let Some(oldest) = oldest.min_by_key(|(_, version)| version.created).map(|(id, _)| id.clone()) else {
                return;
            };
            self.versions.remove(&oldest);
        }
    }
}

fn no_value(of: &str, named: &str) -> Error {
    let message = format!("Secrets Manager can't find the specified secret value for {of}: {named}");
    Error::new("ResourceNotFoundException", message)
}
