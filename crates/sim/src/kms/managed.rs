//! AWS managed keys: one for each service that encrypts, created at first use. The policy of such a key allows all
//! principals of the account to use it through the service, cannot be changed, and allows no other account. For this
//! reason snapshots encrypted with it cannot be shared.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Alias, Key, KeyManager, KeyState, Rotation};
use crate::arn::Arn;
use crate::iam::Policy;
use crate::world::State;

/// The services whose alias exists before its key: "The response might also include aliases that have no `TargetKeyId` field.
/// These are predefined aliases that AWS has created but has not yet associated with a KMS key" (API reference,
/// `ListAliases`). The managed key is created by a request for the alias: "If you specify a predefined AWS alias (an AWS
/// alias with no key ID), AWS KMS associates the alias with an AWS managed key" (API reference, `DescribeKey`).
const PREDEFINED: [&str; 4] = ["lambda", "rds", "sns", "sqs"];

/// The ARN of the account's AWS managed key for a service (`alias/aws/rds`), created at its first use.
pub(crate) fn managed_key(state: &mut State, account: &str, region: &str, service: &str) -> String {
    let name = format!("alias/aws/{service}");
    let kms = &state.region_state(account, region).kms;
    if let Some(key) = kms.aliases.get(&name).and_then(|alias| kms.keys.get(&alias.target)) {
        return key.arn.clone();
    }
    let (id, now) = (state.new_uuid(), state.now);
    let arn = format!("arn:aws:kms:{region}:{account}:key/{id}");
    let document = policy_document(account, region, service);
    let key = Key {
        account: account.to_owned(),
        id: id.clone(),
        arn: arn.clone(),
        manager: KeyManager::Aws,
        description: format!("Default key that protects my {service} data when no other key is defined"),
        created: now,
        state: KeyState::Enabled,
        // "All AWS managed keys are automatically rotated every year" (KMS developer guide).
        rotation: Some(Rotation { days: 365, since: now }),
        // The document is valid. An invalid one would give an empty policy, which allows nothing.
        policy: Policy::parse_key_policy(&document).unwrap_or_default(),
        policy_document: document,
        tags: BTreeMap::new(),
        tags_in_effect: BTreeMap::new(),
    };
    let alias =
        Alias { arn: format!("arn:aws:kms:{region}:{account}:{name}"), target: id.clone(), created: now, updated: now };
    let kms = &mut state.region_state(account, region).kms;
    kms.keys.insert(id, key);
    kms.aliases_in_effect.insert(name.clone(), alias.target.clone());
    kms.aliases.insert(name, alias);
    arn
}

/// Whether this is the ARN of an AWS managed key.
pub(crate) fn is_managed(state: &mut State, key_arn: &str) -> bool {
    let named = Arn::of("kms", key_arn).and_then(|arn| Some((arn, arn.resource.strip_prefix("key/")?)));
    let key = named.and_then(|(arn, id)| state.region_state(arn.account, arn.region).kms.keys.get(id));
    key.is_some_and(|key| key.manager == KeyManager::Aws)
}

/// The names of the predefined aliases.
pub(super) fn predefined_aliases() -> impl Iterator<Item = String> {
    PREDEFINED.iter().map(|service| format!("alias/aws/{service}"))
}

pub(super) fn create_if_predefined(state: &mut State, account: &str, region: &str, alias: &str) {
    if let Some(service) = alias.strip_prefix("alias/aws/").filter(|service| PREDEFINED.contains(service)) {
        managed_key(state, account, region, service);
    }
}

/// The policy as AWS writes it, except for the text of the first `Sid`.
fn policy_document(account: &str, region: &str, service: &str) -> String {
    let (via_service, any_principal) = (format!("{service}.{region}.amazonaws.com"), json!({ "AWS": "*" }));
    let policy = json!({
        "Version": "2012-10-17",
        "Id": format!("auto-{service}-2"),
        "Statement": [
            {
                "Sid": format!("Allow access through {service} for all principals in the account"),
                "Effect": "Allow",
                "Principal": any_principal,
                "Action": [
                    "kms:Encrypt",
                    "kms:Decrypt",
                    "kms:ReEncrypt*",
                    "kms:GenerateDataKey*",
                    "kms:CreateGrant",
                    "kms:ListGrants",
                    "kms:DescribeKey"
                ],
                "Resource": "*",
                "Condition": { "StringEquals": { "kms:CallerAccount": account, "kms:ViaService": via_service } }
            },
            {
                "Sid": "Allow direct access to key metadata to the account",
                "Effect": "Allow",
                "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
                "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                "Resource": "*"
            }
        ]
    });
    policy.to_string()
}
