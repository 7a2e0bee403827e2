//! Secrets that another AWS service owns, such as those of RDS. Their account reads them as any other secret, but only
//! the service changes them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::find::new_arn;
use super::{CURRENT, Secret, SecretValue, lifecycle};
use crate::arn::Arn;
use crate::world::State;

/// What a service keeps about its secret.
pub(super) struct Managed {
    /// `rds`
    pub(super) owner: &'static str,
    pub(super) rotates_after_days: u32,
    pub(super) rotated: Option<DateTime<Utc>>,
    pub(super) next_rotation: Option<DateTime<Utc>>,
}

/// A secret that a service creates.
pub(crate) struct NewManaged {
    pub(crate) owner: &'static str,
    pub(crate) name: String,
    pub(crate) description: String,
    /// `None`: the AWS managed key `aws/secretsmanager`.
    pub(crate) key: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) value: String,
    pub(crate) rotates_after_days: u32,
}

/// The ARN for a new secret of this name.
pub(crate) fn arn(state: &mut State, account: &str, region: &str, name: &str) -> String {
    new_arn(state, account, region, name)
}

/// Creates a secret with this ARN.
pub(crate) fn create(state: &mut State, arn: &str, new: NewManaged) {
    let Some(place) = Arn::of("secretsmanager", arn) else { return };
    let (now, version) = (state.now, state.new_uuid());
    let mut secret = Secret::new(now, arn.to_owned(), new.name);
    secret.description = Some(new.description);
    (secret.key, secret.tags) = (new.key, new.tags);
    secret.managed = Some(Managed {
        owner: new.owner,
        rotates_after_days: new.rotates_after_days,
        rotated: None,
        next_rotation: None,
    });
    secret.add_version(now, version, SecretValue::Text(new.value), vec![CURRENT.to_owned()]);
    lifecycle::insert(state, (place.account, place.region), secret);
}

/// Stores a new value. The one before becomes `AWSPREVIOUS`.
pub(crate) fn rotate(state: &mut State, arn: &str, value: String) {
    let (now, version) = (state.now, state.new_uuid());
    if let Some(secret) = find(state, arn) {
        secret.add_version(now, version, SecretValue::Text(value), vec![CURRENT.to_owned()]);
        if let Some(managed) = &mut secret.managed {
            managed.rotated = Some(now);
        }
    }
}

/// Sets the time of the next rotation.
pub(crate) fn set_next_rotation(state: &mut State, arn: &str, at: DateTime<Utc>) {
    if let Some(managed) = find(state, arn).and_then(|secret| secret.managed.as_mut()) {
        managed.next_rotation = Some(at);
    }
}

/// Deletes a secret at once.
pub(crate) fn remove(state: &mut State, arn: &str) {
    let Some(place) = Arn::of("secretsmanager", arn) else { return };
    if let Some(name) = find(state, arn).map(|secret| secret.name.clone()) {
        // It was found, so it can be removed.
        let _ = lifecycle::remove(state, (place.account, place.region), &name);
    }
}

fn find<'s>(state: &'s mut State, arn: &str) -> Option<&'s mut Secret> {
    let place = Arn::of("secretsmanager", arn)?;
    let secrets = &mut state.region_state(place.account, place.region).secrets.secrets;
    secrets.values_mut().find(|secret| secret.arn == arn)
}
