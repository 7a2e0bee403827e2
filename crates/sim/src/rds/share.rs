//! Sharing snapshots with other accounts through the attribute `restore`.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::RdsContext;
use super::describe::EVERYONE;
use super::filters::unnamed_code;
use super::identifiers::Arn;
use super::identifiers::check_identifier;
use super::kind::{Kind, Spelling};
use super::options;
use super::snapshots::{Origin, Snapshot};
use crate::arn::is_account;
use crate::call::Error;
use crate::kms;
use crate::questions::UnnamedErrors;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ModifyRequest {
    #[serde(rename = "DBSnapshotIdentifier")]
    identifier: String,
    attribute_name: String,
    #[serde(default)]
    values_to_add: Vec<String>,
    #[serde(default)]
    values_to_remove: Vec<String>,
}

/// The maximum number of accounts that a snapshot is shared with.
const MAX_ACCOUNTS: usize = 20;
const RESTORE: &str = "restore";

pub(super) fn modify(state: &mut State, ctx: &RdsContext, wanted: ModifyRequest) -> Result<Value, Error> {
    if wanted.attribute_name != RESTORE {
        let message = format!("Invalid snapshot attribute: {}. Only {RESTORE} can be modified.", wanted.attribute_name);
        return Err(Error::new("InvalidParameterValue", message));
    }
    wanted.values_to_add.iter().chain(&wanted.values_to_remove).try_for_each(|value| check_account(value))?;
    check_difference(&wanted, state.settings.answers.unnamed_errors)?;
    let snapshot = ctx.own_snapshot(state, &wanted.identifier)?;
    if snapshot.origin == Origin::Automated {
        check_manual(ctx.kind, &snapshot.arn().id)?;
    }
    snapshot.check_available(ctx.kind)?;
    if !wanted.values_to_add.is_empty() {
        options::check_shareable(snapshot)?;
    }
    let mut shared_with = snapshot.shared_with.clone();
    shared_with.extend(wanted.values_to_add.iter().cloned());
    shared_with.retain(|account| !wanted.values_to_remove.contains(account));
    if shared_with.iter().filter(|account| *account != EVERYONE).count() > MAX_ACCOUNTS {
        let message = format!("A snapshot cannot be shared with more than {MAX_ACCOUNTS} accounts.");
        return Err(Error::new("SharedSnapshotQuotaExceeded", message));
    }
    let (arn, key) = (snapshot.arn().clone(), snapshot.key.clone());
    if let (Some(key), false) = (key, wanted.values_to_add.is_empty()) {
        check_key(state, ctx.kind, &key, &shared_with)?;
    }
    let snapshot = ctx.own_snapshot(state, &wanted.identifier)?;
    let before = std::mem::replace(&mut snapshot.shared_with, shared_with.clone());
    let view = view(ctx.kind, snapshot);
    for account in shared_with.difference(&before) {
        state.region_state(account, &arn.region).rds.family(arn.kind).shared.insert(arn.clone());
    }
    for account in before.difference(&shared_with) {
        remove_share(state, &arn, account);
    }
    Ok(view)
}

#[derive(Deserialize)]
pub(super) struct DescribeRequest {
    #[serde(rename = "DBSnapshotIdentifier")]
    identifier: String,
}

/// The accounts that a snapshot is shared with. Only the owner can see them.
pub(super) fn describe(state: &mut State, ctx: &RdsContext, wanted: &DescribeRequest) -> Result<Value, Error> {
    ctx.own_snapshot(state, &wanted.identifier).map(|snapshot| view(ctx.kind, snapshot))
}

/// Removes a snapshot from the list of those shared with an account, or from the public ones.
pub(super) fn remove_share(state: &mut State, arn: &Arn, account: &str) {
    state.region_state(account, &arn.region).rds.family(arn.kind).shared.remove(arn);
}

/// An automated snapshot's identifier is invalid here. AWS's response to sharing `rds:…`: "(InvalidParameterValue) when
/// calling the ModifyDBSnapshotAttribute operation: The parameter DBSnapshotIdentifier is not a valid identifier"
/// (github.com/aws/aws-sdk/issues/638).
fn check_manual(kind: Kind, id: &str) -> Result<(), Error> {
    let Spelling { snapshot, max_snapshot_id_length, .. } = kind.spelling();
    check_identifier(id, &format!("{snapshot}Identifier"), *max_snapshot_id_length).map(drop)
}

/// An account cannot be in both lists. The code of the error is the world's answer to `unnamed-errors`.
fn check_difference(wanted: &ModifyRequest, answer: UnnamedErrors) -> Result<(), Error> {
    match wanted.values_to_add.iter().find(|value| wanted.values_to_remove.contains(value)) {
        None => Ok(()),
        Some(both) => {
            let message = format!("A value may not appear in both the add list and the remove list: {both}.");
            Err(Error::new(unnamed_code(answer), message))
        }
    }
}

fn check_account(value: &str) -> Result<(), Error> {
    if is_account(value) || value == EVERYONE {
        return Ok(());
    }
    Err(Error::new("InvalidParameterValue", format!("Invalid value {value}: expected an account ID or {EVERYONE}.")))
}

/// A snapshot encrypted with the AWS managed key cannot be shared, and an encrypted snapshot cannot be public.
fn check_key(state: &mut State, kind: Kind, key: &str, shared_with: &BTreeSet<String>) -> Result<(), Error> {
    if kms::is_managed(state, key) {
        let message = "Sharing snapshots encrypted with the default service key for RDS is currently not supported.";
        return Err(kind.invalid_snapshot_state(message));
    }
    if shared_with.contains(EVERYONE) {
        return Err(kind.invalid_snapshot_state("Encrypted snapshots cannot be shared with all accounts."));
    }
    Ok(())
}

fn view(kind: Kind, snapshot: &Snapshot) -> Value {
    let noun = kind.spelling().snapshot;
    json!({
        format!("{noun}AttributesResult"): {
            format!("{noun}Identifier"): snapshot.arn().id,
            format!("{noun}Attributes"): [{ "AttributeName": RESTORE, "AttributeValues": snapshot.shared_with }],
        }
    })
}
