//! A key's life: made, disabled, turned over every year, and one day deleted.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::paging::Page;
use super::policies::{NewPolicy, default_policy};
use super::tags::{Tag, checked};
use super::{Condition, Keeper, Key, OfKey, Request, Rotation, done, epoch_seconds, seconds, within};
use crate::bill::Kept;
use crate::call::Error;
use crate::iam::Need;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateKey {
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(flatten)]
    policy: NewPolicy,
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

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    key_metadata: Metadata,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    #[serde(rename = "AWSAccountId")]
    account: String,
    key_id: String,
    arn: String,
    #[serde(serialize_with = "epoch_seconds")]
    creation_date: DateTime<Utc>,
    enabled: bool,
    description: String,
    key_usage: &'static str,
    key_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_date: Option<f64>,
    origin: &'static str,
    key_manager: &'static str,
    customer_master_key_spec: &'static str,
    key_spec: &'static str,
    encryption_algorithms: [&'static str; 1],
    multi_region: bool,
}

impl Request<'_> {
    pub(super) fn create_key(&mut self, wish: CreateKey) -> Result<Described, Error> {
        wish.must_be_simulated()?;
        let tags = checked(wish.tags)?;
        self.may(&Need::new("kms:CreateKey", "*").tagging(&tags))?;
        if !tags.is_empty() {
            // "Including this permission in the key policy of the new KMS key isn't sufficient" (KMS developer guide).
            self.may(&Need::new("kms:TagResource", "*").tagging(&tags))?;
        }
        let (account, region, id) = (self.caller.account.clone(), self.region, self.state.new_uuid());
        let arn = format!("arn:aws:kms:{region}:{account}:key/{id}");
        let (document, policy) = match wish.policy.accepted(self.state, self.caller, &arn)? {
            Some(given) => given,
            None => default_policy(&account)?,
        };
        let key = Key {
            account: account.clone(),
            id: id.clone(),
            arn,
            keeper: Keeper::Customer,
            description: wish.description,
            created: self.state.now,
            condition: Condition::Enabled,
            rotation: None,
            document,
            policy,
            tags,
        };
        let described = key.described();
        self.state.metered.start(self.state.now, Kept::Keys, &key.arn, 1);
        self.state.place(&account, region).kms.keys.insert(id, key);
        Ok(described)
    }

    pub(super) fn describe_key(&mut self, OfKey { key_id }: OfKey) -> Result<Described, Error> {
        Ok(self.key_or_alias(&key_id, "kms:DescribeKey")?.described())
    }

    pub(super) fn list_keys(&mut self, page: Page) -> Result<Value, Error> {
        self.may(&Need::new("kms:ListKeys", "*"))?;
        let keys = &self.state.place(&self.caller.account, self.region).kms.keys;
        let items = keys.range(page.range()?);
        page.cut("Keys", 100, items.map(|(id, key)| (id, json!({ "KeyId": id, "KeyArn": key.arn }))))
    }

    pub(super) fn enable_key(&mut self, OfKey { key_id }: OfKey) -> Result<Value, Error> {
        let key = self.key(&key_id, "kms:EnableKey")?;
        key.must_not_go()?;
        key.condition = Condition::Enabled;
        Ok(done())
    }

    pub(super) fn disable_key(&mut self, OfKey { key_id }: OfKey) -> Result<Value, Error> {
        let key = self.key(&key_id, "kms:DisableKey")?;
        key.must_not_go()?;
        key.condition = Condition::Disabled;
        Ok(done())
    }

    /// A key goes with all its aliases, 7 to 30 days later. Until then it can be kept, and not be used.
    pub(super) fn schedule_key_deletion(&mut self, wish: ScheduleKeyDeletion) -> Result<Value, Error> {
        let days = within(7..=30, "pendingWindowInDays", wish.pending_window_in_days.unwrap_or(30))?;
        let date = self.state.now + TimeDelta::days(days);
        let key = self.key(&wish.key_id, "kms:ScheduleKeyDeletion")?;
        key.must_not_go()?;
        key.condition = Condition::PendingDeletion(date);
        let (account, id, arn) = (key.account.clone(), key.id.clone(), key.arn.clone());
        let region = self.region.to_owned();
        // "You are not charged for customer managed KMS keys that are scheduled for deletion" (KMS pricing).
        self.state.metered.stop(self.state.now, Kept::Keys, &arn);
        self.state.agenda.at(date, move |state| delete(state, &account, &region, &id, date));
        let date = seconds(date);
        Ok(json!({ "KeyId": arn, "DeletionDate": date, "KeyState": "PendingDeletion", "PendingWindowInDays": days }))
    }

    pub(super) fn cancel_key_deletion(&mut self, OfKey { key_id }: OfKey) -> Result<Value, Error> {
        let key = self.key(&key_id, "kms:CancelKeyDeletion")?;
        let Condition::PendingDeletion(_) = key.condition else {
            return Err(Error::new("KMSInvalidStateException", format!("{} is not pending deletion.", key.arn)));
        };
        key.condition = Condition::Disabled;
        let arn = key.arn.clone();
        self.state.metered.start(self.state.now, Kept::Keys, &arn, 1);
        Ok(json!({ "KeyId": arn }))
    }

    pub(super) fn enable_key_rotation(&mut self, wish: EnableKeyRotation) -> Result<Value, Error> {
        let days = within(90..=2560, "rotationPeriodInDays", wish.rotation_period_in_days.unwrap_or(365))?;
        let since = self.state.now;
        let key = self.key(&wish.key_id, "kms:EnableKeyRotation")?;
        key.must_be_enabled()?;
        key.rotation = Some(Rotation { days, since });
        Ok(done())
    }

    pub(super) fn disable_key_rotation(&mut self, OfKey { key_id }: OfKey) -> Result<Value, Error> {
        let key = self.key(&key_id, "kms:DisableKeyRotation")?;
        key.must_be_enabled()?;
        key.rotation = None;
        Ok(done())
    }

    pub(super) fn get_key_rotation_status(&mut self, OfKey { key_id }: OfKey) -> Result<Value, Error> {
        let now = self.state.now;
        let key = self.key(&key_id, "kms:GetKeyRotationStatus")?;
        // "While a KMS key is pending deletion, its key rotation status is false" (API reference).
        let rotation = key.rotation.filter(|_| !matches!(key.condition, Condition::PendingDeletion(_)));
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
}

impl CreateKey {
    fn must_be_simulated(&self) -> Result<(), Error> {
        let usual = |asked: &Option<String>, usual: &str| asked.as_deref().is_none_or(|asked| asked == usual);
        if usual(&self.key_spec, "SYMMETRIC_DEFAULT")
            && usual(&self.customer_master_key_spec, "SYMMETRIC_DEFAULT")
            && usual(&self.key_usage, "ENCRYPT_DECRYPT")
            && usual(&self.origin, "AWS_KMS")
            && !self.multi_region
        {
            return Ok(());
        }
        let why = "This simulation has only symmetric encryption keys of one region, made by KMS.";
        Err(Error::new("UnsupportedOperationException", why))
    }
}

impl Key {
    pub(super) fn must_not_go(&self) -> Result<(), Error> {
        match self.condition {
            Condition::Enabled | Condition::Disabled => Ok(()),
            Condition::PendingDeletion(_) => {
                Err(Error::new("KMSInvalidStateException", format!("{} is pending deletion.", self.arn)))
            }
        }
    }

    fn must_be_enabled(&self) -> Result<(), Error> {
        self.must_not_go()?;
        match self.condition {
            Condition::Disabled => Err(Error::new("DisabledException", format!("{} is disabled.", self.arn))),
            Condition::Enabled | Condition::PendingDeletion(_) => Ok(()),
        }
    }

    fn described(&self) -> Described {
        let (key_state, deletion_date) = match self.condition {
            Condition::Enabled => ("Enabled", None),
            Condition::Disabled => ("Disabled", None),
            Condition::PendingDeletion(date) => ("PendingDeletion", Some(seconds(date))),
        };
        let key_metadata = Metadata {
            account: self.account.clone(),
            key_id: self.id.clone(),
            arn: self.arn.clone(),
            creation_date: self.created,
            enabled: self.condition == Condition::Enabled,
            description: self.description.clone(),
            key_usage: "ENCRYPT_DECRYPT",
            key_state,
            deletion_date,
            origin: "AWS_KMS",
            key_manager: match self.keeper {
                Keeper::Aws => "AWS",
                Keeper::Customer => "CUSTOMER",
            },
            customer_master_key_spec: "SYMMETRIC_DEFAULT",
            key_spec: "SYMMETRIC_DEFAULT",
            encryption_algorithms: ["SYMMETRIC_DEFAULT"],
            multi_region: false,
        };
        Described { key_metadata }
    }
}

/// Deletes a key on its day, unless it was kept in the meantime.
fn delete(state: &mut State, account: &str, region: &str, id: &str, date: DateTime<Utc>) {
    let kms = &mut state.place(account, region).kms;
    if kms.keys.get(id).is_some_and(|key| key.condition == Condition::PendingDeletion(date)) {
        kms.keys.remove(id);
        kms.aliases.retain(|_, alias| alias.target != id);
    }
}
