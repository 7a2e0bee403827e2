//! The key of an account: whether it works, and whether DR may use the one for transit copies.

use config::Config;
use protocol::AccountId;
use serde_json::Value;

use super::finding::Finding;
use crate::aws_error::{Explain, error_code};
use crate::{Account, Role};

/// What copying a shared snapshot needs of the key that it is under. `kms:ReEncryptTo` is for the other side's key.
const COPYING: [&str; 4] = ["kms:DescribeKey", "kms:Decrypt", "kms:ReEncryptFrom", "kms:CreateGrant"];

pub(super) async fn examine(account: &Account, config: &Config) -> Finding {
    look(account).await.map_or_else(|why| Finding::unseen(&why), |key| judge(account.role, config, key.as_ref()))
}

/// A key.
struct Key {
    /// As KMS calls it: `Enabled`.
    state: String,
    policy: Value,
}

fn alias(role: Role) -> &'static str {
    match role {
        Role::Producer => "alias/draco-transit",
        Role::Consumer => "alias/draco",
    }
}

async fn look(account: &Account) -> anyhow::Result<Option<Key>> {
    let (kms, alias) = (aws_sdk_kms::Client::new(account.sdk()), alias(account.role));
    let doing = format!("looking at key {alias}");
    let found = match kms.describe_key().key_id(alias).send().await {
        Err(error) if error_code(&error) == Some("NotFoundException") => return Ok(None),
        answer => answer.explain(account.credentials(), &doing)?,
    };
    let Some(key) = found.key_metadata else { return Ok(None) };
    let policy = kms.get_key_policy().key_id(key.key_id()).policy_name("default").send().await;
    let policy = policy.explain(account.credentials(), &doing)?.policy.unwrap_or_default();
    Ok(Some(Key {
        state: key.key_state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        policy: serde_json::from_str(&policy).unwrap_or_default(),
    }))
}

fn judge(role: Role, config: &Config, key: Option<&Key>) -> Finding {
    let (alias, update) = (alias(role), format!("`cargo xtask update {role}`"));
    let Some(key) = key else {
        return if role == Role::Consumer && config.key_per_database {
            Finding::good("each database's copies are under a key of their own")
        } else {
            Finding::wrong(format!("there is no key {alias}"), update)
        };
    };
    if key.state != "Enabled" {
        let mend = match key.state.as_str() {
            "PendingDeletion" => "cancel that before it is too late (`aws kms cancel-key-deletion`), then enable it",
            _ => "enable it (`aws kms enable-key`): without it nothing is copied",
        };
        return Finding::wrong(format!("key {alias} is {}", key.state), mend);
    }
    let (Role::Producer, Some(dr)) = (role, &config.dr_acct) else {
        return Finding::good(format!("key {alias} is enabled"));
    };
    let missing: Vec<&str> = COPYING.into_iter().filter(|action| !allows(&key.policy, dr, action)).collect();
    if missing.is_empty() {
        Finding::good(format!("key {alias} is enabled, and {dr} may copy what is under it"))
    } else {
        Finding::wrong(format!("key {alias} does not let {dr} {}", missing.join(", ")), update)
    }
}

/// Whether a statement allows this to somebody in that account. Conditions are not looked into: they name the role, and
/// that RDS is what calls.
fn allows(policy: &Value, account: &AccountId, action: &str) -> bool {
    let is_theirs = |principal: &str| {
        principal == "*" || principal == account.as_str() || principal.split(':').nth(4) == Some(account.as_str())
    };
    let is_meant = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => action.to_lowercase().starts_with(&start.to_lowercase()),
        None => action.eq_ignore_ascii_case(pattern),
    };
    list(policy.get("Statement")).any(|statement| {
        let principal = statement.get("Principal");
        let aws = principal.and_then(|principal| principal.get("AWS")).or(principal);
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && list(aws).filter_map(Value::as_str).any(is_theirs)
            && list(statement.get("Action")).filter_map(Value::as_str).any(is_meant)
    })
}

/// Policies have one for a list of one.
fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    match value {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
    .iter()
}
