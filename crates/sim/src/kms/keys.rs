//! The life of a key: created, disabled, rotated and deleted.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{check_own_policies, find_key, find_key_or_alias};
use super::effect;
use super::paging::Page;
use super::policies::{NewPolicy, default_policy};
use super::tags::{Tag, validate};
use super::{Key, KeyManager, KeyRequest, KeyState, Rotation, check_range};
use crate::arn::Arn;
use crate::bill::BillItem;
use crate::call::Error;
use crate::clock::seconds;
use crate::context::CallContext;
use crate::iam::{Policy, RequiredPermission};
use crate::world::{State, World};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateKey {
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: Vec<Tag>,
    policy: Option<String>,
    #[serde(default)]
    bypass_policy_lockout_safety_check: bool,
    key_spec: Option<String>,
    customer_master_key_spec: Option<String>,
    key_usage: Option<String>,
    origin: Option<String>,
    #[serde(default)]
    multi_region: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ScheduleKeyDeletion {
    key_id: String,
    pending_window_in_days: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EnableKeyRotation {
    key_id: String,
    rotation_period_in_days: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateDescription {
    key_id: String,
    description: String,
}

impl World {
    /// Adds a key that exists outside the simulation, with its ARN and its policy.
    ///
    /// # Errors
    /// If the ARN is not one of a key, or the policy is invalid or uses an element that is not simulated.
    pub fn add_key(&self, arn: &str, policy: &str) -> Result<(), String> {
        let named = Arn::of("kms", arn).and_then(|arn| Some((arn, arn.resource.strip_prefix("key/")?)));
        let (Arn { region, account, .. }, id) = named.ok_or_else(|| format!("{arn} is not the ARN of a key"))?;
        let policy = (policy.to_owned(), Policy::parse_key_policy(policy)?);
        self.change(|state| {
            let key = Key::new(state, account, id, arn, policy);
            state.region_state(account, region).kms.keys.insert(id.to_owned(), key);
        });
        Ok(())
    }
}

pub(super) fn create(state: &mut State, ctx: &CallContext, input: CreateKey) -> Result<Value, Error> {
    input.check_simulated()?;
    check_description(&input.description)?;
    let tags = validate(input.tags)?;
    check_own_policies(state, ctx, &RequiredPermission::new("kms:CreateKey", "*").tagging(&tags))?;
    if !tags.is_empty() {
        // "Including this permission in the key policy of the new KMS key isn't sufficient" (KMS developer guide).
        check_own_policies(state, ctx, &RequiredPermission::new("kms:TagResource", "*").tagging(&tags))?;
    }
    let (account, id) = (ctx.caller.account.clone(), state.new_uuid());
    let arn = ctx.arn("kms", &format!("key/{id}"));
    let CreateKey { description, policy, bypass_policy_lockout_safety_check, .. } = input;
    let new = NewPolicy { policy, bypass_policy_lockout_safety_check };
    let (policy_document, policy) = match new.validate(state, &ctx.caller, &arn)? {
        Some(given) => given,
        None => default_policy(&account)?,
    };
    let mut key = Key::new(state, &account, &id, &arn, (policy_document, policy));
    (key.description, key.tags) = (description, tags);
    let metadata = key.metadata();
    ctx.region_state(state).kms.keys.insert(id.clone(), key);
    effect::of_tags(state, ctx, &id);
    Ok(metadata)
}

pub(super) fn describe(
    state: &mut State,
    ctx: &CallContext,
    KeyRequest { key_id }: &KeyRequest,
) -> Result<Value, Error> {
    Ok(find_key_or_alias(state, ctx, key_id, "kms:DescribeKey")?.metadata())
}

pub(super) fn update_description(state: &mut State, ctx: &CallContext, input: UpdateDescription) -> Result<(), Error> {
    check_description(&input.description)?;
    let key = find_key(state, ctx, &input.key_id, "kms:UpdateKeyDescription")?;
    key.check_not_pending_deletion()?;
    key.description = input.description;
    Ok(())
}

fn check_description(description: &str) -> Result<(), Error> {
    if description.chars().count() <= 8192 {
        return Ok(());
    }
    Err(Error::invalid_member(description, "description", "have length less than or equal to 8192"))
}

pub(super) fn list(state: &mut State, ctx: &CallContext, page: &Page) -> Result<Value, Error> {
    check_own_policies(state, ctx, &RequiredPermission::new("kms:ListKeys", "*"))?;
    let keys = &ctx.region_state(state).kms.keys;
    page.list("Keys", 100, 1000, keys, |id, key| Some(json!({ "KeyId": id, "KeyArn": key.arn })))
}

pub(super) fn enable(state: &mut State, ctx: &CallContext, KeyRequest { key_id }: &KeyRequest) -> Result<(), Error> {
    let key = find_key(state, ctx, key_id, "kms:EnableKey")?;
    key.check_not_pending_deletion()?;
    key.state = KeyState::Enabled;
    Ok(())
}

pub(super) fn disable(state: &mut State, ctx: &CallContext, KeyRequest { key_id }: &KeyRequest) -> Result<(), Error> {
    let key = find_key(state, ctx, key_id, "kms:DisableKey")?;
    key.check_not_pending_deletion()?;
    key.state = KeyState::Disabled;
    Ok(())
}

/// A key and all its aliases are deleted after 7 to 30 days. Until then the deletion can be cancelled, but the key
/// cannot be used.
pub(super) fn schedule_deletion(
    state: &mut State,
    ctx: &CallContext,
    input: &ScheduleKeyDeletion,
) -> Result<Value, Error> {
    let days = check_range(7..=30, "pendingWindowInDays", input.pending_window_in_days.unwrap_or(30))?;
    let date = state.now + TimeDelta::days(days);
    let key = find_key(state, ctx, &input.key_id, "kms:ScheduleKeyDeletion")?;
    key.check_not_pending_deletion()?;
    key.state = KeyState::PendingDeletion(date);
    let (account, id, arn) = (key.account.clone(), key.id.clone(), key.arn.clone());
    let region = ctx.region.clone();
    // "You are not charged for customer managed KMS keys that are scheduled for deletion" (KMS pricing).
    state.meter.stop(state.now, BillItem::Keys, &arn);
    state.agenda.at(date, move |state| delete(state, &account, &region, &id, date));
    let date = seconds(date);
    Ok(json!({ "KeyId": arn, "DeletionDate": date, "KeyState": "PendingDeletion", "PendingWindowInDays": days }))
}

pub(super) fn cancel_deletion(
    state: &mut State,
    ctx: &CallContext,
    KeyRequest { key_id }: &KeyRequest,
) -> Result<Value, Error> {
    let key = find_key(state, ctx, key_id, "kms:CancelKeyDeletion")?;
    let KeyState::PendingDeletion(_) = key.state else {
        return Err(Error::new("KMSInvalidStateException", format!("{} is not pending deletion.", key.arn)));
    };
    key.state = KeyState::Disabled;
    let arn = key.arn.clone();
    state.meter.start(state.now, BillItem::Keys, &arn, 1);
    Ok(json!({ "KeyId": arn }))
}

pub(super) fn enable_rotation(state: &mut State, ctx: &CallContext, input: &EnableKeyRotation) -> Result<(), Error> {
    let days = check_range(90..=2560, "rotationPeriodInDays", input.rotation_period_in_days.unwrap_or(365))?;
    let since = state.now;
    let key = find_key(state, ctx, &input.key_id, "kms:EnableKeyRotation")?;
    key.check_enabled()?;
    key.rotation = Some(Rotation { days, since });
    Ok(())
}

pub(super) fn disable_rotation(
    state: &mut State,
    ctx: &CallContext,
    KeyRequest { key_id }: &KeyRequest,
) -> Result<(), Error> {
    let key = find_key(state, ctx, key_id, "kms:DisableKeyRotation")?;
    key.check_enabled()?;
    key.rotation = None;
    Ok(())
}

pub(super) fn rotation_status(
    state: &mut State,
    ctx: &CallContext,
    KeyRequest { key_id }: &KeyRequest,
) -> Result<Value, Error> {
    let now = state.now;
    let key = find_key(state, ctx, key_id, "kms:GetKeyRotationStatus")?;
    // "While a KMS key is pending deletion, its key rotation status is false" (API reference).
    let rotation = key.rotation.filter(|_| !matches!(key.state, KeyState::PendingDeletion(_)));
    Ok(match rotation {
        None => json!({ "KeyId": key.id, "KeyRotationEnabled": false }),
        Some(rotation) => json!({
            "KeyId": key.id,
            "KeyRotationEnabled": true,
            "RotationPeriodInDays": rotation.days,
            "NextRotationDate": seconds(rotation.next(now)),
        }),
    })
}

impl CreateKey {
    fn check_simulated(&self) -> Result<(), Error> {
        let usual = |value: &Option<String>, usual: &str| value.as_deref().is_none_or(|value| value == usual);
        if usual(&self.key_spec, "SYMMETRIC_DEFAULT")
            && usual(&self.customer_master_key_spec, "SYMMETRIC_DEFAULT")
            && usual(&self.key_usage, "ENCRYPT_DECRYPT")
            && usual(&self.origin, "AWS_KMS")
            && !self.multi_region
        {
            return Ok(());
        }
        let what = "keys other than single-Region symmetric encryption keys with key material from KMS";
        Err(Error::not_simulated(what.to_owned()))
    }
}

impl Key {
    /// A customer managed key, which is billed from now on.
    fn new(state: &mut State, account: &str, id: &str, arn: &str, (policy_document, policy): (String, Policy)) -> Self {
        state.meter.start(state.now, BillItem::Keys, arn, 1);
        Self {
            account: account.to_owned(),
            id: id.to_owned(),
            arn: arn.to_owned(),
            manager: KeyManager::Customer,
            description: String::new(),
            created: state.now,
            state: KeyState::Enabled,
            rotation: None,
            policy_document,
            policy,
            tags: BTreeMap::new(),
            tags_in_effect: BTreeMap::new(),
        }
    }

    pub(super) fn check_not_pending_deletion(&self) -> Result<(), Error> {
        match self.state {
            KeyState::Enabled | KeyState::Disabled => Ok(()),
            KeyState::PendingDeletion(_) => {
                Err(Error::new("KMSInvalidStateException", format!("{} is pending deletion.", self.arn)))
            }
        }
    }

    pub(super) fn check_enabled(&self) -> Result<(), Error> {
        self.check_not_pending_deletion()?;
        match self.state {
            KeyState::Disabled => Err(Error::new("DisabledException", format!("{} is disabled.", self.arn))),
            KeyState::Enabled | KeyState::PendingDeletion(_) => Ok(()),
        }
    }

    fn metadata(&self) -> Value {
        let (key_state, deletion_date) = match self.state {
            KeyState::Enabled => ("Enabled", None),
            KeyState::Disabled => ("Disabled", None),
            KeyState::PendingDeletion(date) => ("PendingDeletion", Some(seconds(date))),
        };
        let key_manager = match self.manager {
            KeyManager::Aws => "AWS",
            KeyManager::Customer => "CUSTOMER",
        };
        json!({
            "KeyMetadata": {
                "AWSAccountId": self.account,
                "KeyId": self.id,
                "Arn": self.arn,
                "CreationDate": seconds(self.created),
                "Enabled": self.state == KeyState::Enabled,
                "Description": self.description,
                "KeyUsage": "ENCRYPT_DECRYPT",
                "KeyState": key_state,
                "DeletionDate": deletion_date,
                "Origin": "AWS_KMS",
                "KeyManager": key_manager,
                "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
                "KeySpec": "SYMMETRIC_DEFAULT",
                "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
                "MultiRegion": false,
            }
        })
    }
}

/// Deletes a key on its date, unless the deletion was cancelled in the meantime.
fn delete(state: &mut State, account: &str, region: &str, id: &str, date: DateTime<Utc>) {
    let kms = &mut state.region_state(account, region).kms;
    if kms.keys.get(id).is_some_and(|key| key.state == KeyState::PendingDeletion(date)) {
        kms.keys.remove(id);
        kms.aliases.retain(|_, alias| alias.target != id);
        kms.aliases_in_effect.retain(|_, target| target != id);
        kms.grants.remove(id);
    }
}
