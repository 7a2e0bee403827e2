//! The KMS key of an account: whether it is enabled, and whether DR can use the one for transit copies.

use config::Config;
use protocol::{AccountId, Region};
use serde_json::Value;

use super::finding::{Finding, Id};
use crate::aws_error::{Explain, error_code};
use crate::{Account, Role};

/// The permissions on its key that copying a shared snapshot needs. `kms:ReEncryptTo` applies to the key of the copy.
const COPYING: [&str; 4] = ["kms:DescribeKey", "kms:Decrypt", "kms:ReEncryptFrom", "kms:CreateGrant"];

pub(super) async fn examine(account: &Account, config: &Config) -> Finding {
    if account.role.keeps_copies() && config.aws_managed_key {
        let description = "copies are under AWS's managed key (alias/aws/rds), which cannot be deleted or disabled";
        return Finding::ok(Id::KeyManagedByAws, "AWS_MANAGED_KEY", description);
    }
    look(account)
        .await
        .map_or_else(|error| Finding::failed(Id::CheckFailed, &error), |key| judge(account, config, key.as_ref()))
}

/// A KMS key.
struct Key {
    /// KMS's name for its state: `Enabled`.
    state: String,
    policy: Value,
}

fn alias(role: Role) -> &'static str {
    match role {
        Role::Producer => "alias/draco-transit",
        Role::Consumer | Role::Second | Role::Verifier => "alias/draco",
    }
}

async fn look(account: &Account) -> anyhow::Result<Option<Key>> {
    let (kms, alias) = (aws_sdk_kms::Client::new(account.sdk()), alias(account.role));
    let action = format!("reading key {alias}");
    let found = match kms.describe_key().key_id(alias).send().await {
        Err(error) if error_code(&error) == Some("NotFoundException") => return Ok(None),
        answer => answer.explain(account.credentials(), &action)?,
    };
    let Some(key) = found.key_metadata else { return Ok(None) };
    let policy = kms.get_key_policy().key_id(key.key_id()).policy_name("default").send().await;
    let policy = policy.explain(account.credentials(), &action)?.policy.unwrap_or_default();
    Ok(Some(Key {
        state: key.key_state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        policy: serde_json::from_str(&policy).unwrap_or_default(),
    }))
}

fn judge(account: &Account, config: &Config, key: Option<&Key>) -> Finding {
    let (role, account_region) = (account.role, &account.place.region);
    let (alias, update) = (alias(role), format!("run `cargo xtask update {role}`"));
    let Some(key) = key else {
        return if role.keeps_copies() && config.key_per_database {
            let text = "each database has its own key for its copies, and the keys were not read";
            Finding::pending(Id::KeyPerDatabase, "KEY_PER_DATABASE", text)
                .next("list them with `aws kms list-aliases`, and look for keys that are disabled or pending deletion")
        } else {
            Finding::error(Id::KeyMissing, alias, "the key does not exist").next(update)
        };
    };
    match key.state.as_str() {
        "Enabled" => {}
        "PendingDeletion" => {
            return Finding::error(Id::KeyPendingDeletion, alias, "the key is scheduled for deletion").next(
                "cancel it with `aws kms cancel-key-deletion`, then enable the key with `aws kms enable-key`; otherwise the \
                 copies under it are lost",
            );
        }
        state => {
            return Finding::error(Id::KeyDisabled, alias, format!("the key is {state}, so no snapshot is copied"))
                .next("enable it with `aws kms enable-key`");
        }
    }
    let (Role::Producer, Some(dr)) = (role, &config.dr_acct) else {
        return Finding::ok(Id::KeyEnabled, alias, "the key is enabled");
    };
    let missing: Vec<&str> = COPYING.into_iter().filter(|action| !allows(&key.policy, dr, action)).collect();
    let elsewhere = regions_without_key(&key.policy, dr, account_region, config);
    if missing.is_empty() && !elsewhere.is_empty() {
        let description = format!("the key policy does not allow {dr} the key through RDS of {}", elsewhere.join(", "));
        Finding::error(Id::KeyAccessMissing, alias, description).next(update)
    } else if missing.is_empty() {
        Finding::ok(Id::KeyEnabled, alias, format!("the key is enabled, and {dr} can copy snapshots under it"))
    } else {
        let description = format!("the key policy does not allow {} for {dr}", missing.join(", "));
        Finding::error(Id::KeyAccessMissing, alias, description).next(update)
    }
}

/// The regions through whose RDS DR cannot decrypt under the key. AWS does not document which of both regions asks KMS.
fn regions_without_key(policy: &Value, dr: &AccountId, own: &Region, config: &Config) -> Vec<String> {
    let Some(copies) = config.copies_region().filter(|copies| *copies != own) else { return Vec::new() };
    let through = |region: &Region| format!("rds.{region}.amazonaws.com");
    let allowed: Vec<String> = list(policy.get("Statement"))
        .filter(|statement| is_for(statement, dr, "kms:Decrypt"))
        .flat_map(|statement| {
            let condition = statement.pointer("/Condition/StringEquals/kms:ViaService");
            // Without the condition, it is allowed through each.
            match condition {
                None => [own, copies].map(through).to_vec(),
                Some(_) => list(condition).filter_map(Value::as_str).map(str::to_owned).collect(),
            }
        })
        .collect();
    [own, copies].into_iter().filter(|region| !allowed.contains(&through(region))).map(ToString::to_string).collect()
}

/// Whether a statement allows this action for a principal in that account. Conditions are not evaluated: they restrict the
/// role, and the caller to RDS.
fn allows(policy: &Value, account: &AccountId, action: &str) -> bool {
    list(policy.get("Statement")).any(|statement| is_for(statement, account, action))
}

fn is_for(statement: &Value, account: &AccountId, action: &str) -> bool {
    let is_principal = |principal: &str| {
        principal == "*" || principal == account.as_str() || principal.split(':').nth(4) == Some(account.as_str())
    };
    let is_action = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => action.to_lowercase().starts_with(&start.to_lowercase()),
        None => action.eq_ignore_ascii_case(pattern),
    };
    let principal = statement.get("Principal");
    let aws = principal.and_then(|principal| principal.get("AWS")).or(principal);
    statement.get("Effect").and_then(Value::as_str) == Some("Allow")
        && list(aws).filter_map(Value::as_str).any(is_principal)
        && list(statement.get("Action")).filter_map(Value::as_str).any(is_action)
}

/// A policy can have a single value in place of a list.
fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    match value {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
    .iter()
}
