//! Copying snapshots: within an account, from an account that shares them, from another region, or both.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::databases::usable_key;
use super::describe::viewer;
use super::events::{EventKind, record_event};
use super::identifiers::{Arn, ResourceType};
use super::kind::Kind;
use super::lifecycle::{check_can_create, check_snapshot_id};
use super::snapshots::{Origin, Progress, Snapshot, SnapshotUid, Status};
use super::tags::{self, Tag, Tags};
use super::view::{Viewer, snapshot_response};
use super::{RdsContext, find_snapshot, find_snapshot_by_uid, incremental};
use crate::call::{Caller, Error};
use crate::kms;
use crate::wire::xml::Xml;
use crate::world::State;

/// The pre-signed URL of cross-region requests is ignored: the source region is taken from the ARN, as AWS does.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CopyRequest {
    #[serde(rename = "SourceDBSnapshotIdentifier", alias = "SourceDBClusterSnapshotIdentifier")]
    source: String,
    #[serde(rename = "TargetDBSnapshotIdentifier", alias = "TargetDBClusterSnapshotIdentifier")]
    target: String,
    kms_key_id: Option<String>,
    #[serde(default)]
    copy_tags: bool,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// The operations on the source's key that the caller's policies and the key's policy must allow.
const SOURCE_KEY_OPERATIONS: [&str; 4] = ["kms:DescribeKey", "kms:Decrypt", "kms:CreateGrant", "kms:ReEncryptFrom"];
/// The same for the target's key.
const TARGET_KEY_OPERATIONS: [&str; 5] =
    ["kms:DescribeKey", "kms:Decrypt", "kms:CreateGrant", "kms:GenerateDataKey", "kms:ReEncryptTo"];

pub(super) fn copy(state: &mut State, ctx: &RdsContext, wanted: CopyRequest) -> Result<Xml, Error> {
    let target = ctx.arn(ResourceType::Snapshot, &check_snapshot_id(ctx, &wanted.target)?);
    let source_arn = ctx.snapshot_arn(&wanted.source)?;
    let found = find_snapshot(state, &source_arn);
    let visible = found.and_then(|source| Some((source.clone(), viewer(source, &ctx.caller.account)?)));
    let (source, viewer) = visible.ok_or_else(|| ctx.kind.snapshot_not_found(&wanted.source))?;
    source.check_available(ctx.kind)?;
    // The tags of a shared snapshot cannot be copied by other accounts.
    let carried = if wanted.copy_tags && viewer == Viewer::Owner { source.tags.clone() } else { Tags::new() };
    let tags = tags::with(carried, wanted.tags)?;
    check_can_create(state, ctx, &target.id)?;
    let is_cross_region = source_arn.region != ctx.region;
    if is_cross_region && ctx.rds(state).cross_region_copies >= state.settings.copy_quota {
        let message = format!("Cannot copy more than {} snapshots across regions", state.settings.copy_quota);
        return Err(Error::new("SnapshotQuotaExceeded", message));
    }
    let key = key(state, ctx, &source, wanted.kms_key_id.as_deref())?;

    let rds = ctx.rds(state);
    rds.cross_region_copies += usize::from(is_cross_region);
    let uid = SnapshotUid { arn: target, number: rds.next_snapshot_number() };
    let now = state.now;
    let keys = source.key.iter().cloned().map(|key| (source_arn.region.clone(), key));
    let keys = keys.chain(key.iter().cloned().map(|key| (ctx.region.clone(), key))).collect();
    let mut snapshot = Snapshot {
        uid: uid.clone(),
        origin: Origin::Manual,
        status: Status::Available,
        key,
        tags,
        shared_with: BTreeSet::new(),
        taken: now,
        copy_of: Some(source_arn.clone()),
        copies: BTreeSet::new(),
        ..source.clone()
    };
    let mib = incremental::start(state, &snapshot, &source);
    let progress = Progress::new(mib, state.settings.copy_gib_per_minute, now);
    snapshot.status = Status::Copying(progress);
    let view = snapshot_response(ctx.kind, &snapshot, Viewer::Owner, now);
    ctx.family(state).snapshots.insert(snapshot);
    if let Some(source) = find_snapshot(state, &source_arn) {
        source.copies.insert(uid.clone());
    }
    record_event(state, &uid.arn, EventKind::CopyStarted(&source_arn));
    let caller = ctx.caller.clone();
    state.agenda.at(progress.until(), move |state| finish(state, &uid, &caller, keys));
    Ok(view)
}

/// The key of the copy. The caller must be allowed to use both the source's key and this one.
fn key(state: &mut State, ctx: &RdsContext, source: &Snapshot, wanted: Option<&str>) -> Result<Option<String>, Error> {
    let Some(source_key) = &source.key else {
        return match (wanted, ctx.kind) {
            (None, _) => Ok(None),
            (Some(wanted), Kind::Instance) => {
                usable_key(state, ctx, &ctx.region, wanted, &TARGET_KEY_OPERATIONS, "The target snapshot").map(Some)
            }
            // The API reference: "If you copy an unencrypted DB cluster snapshot and specify a value for the KmsKeyId
            // parameter, an error is returned". It does not document the code, and no response has been published. This
            // is the code of all operations for "parameters that must not be used together".
            (Some(_), Kind::Cluster) => {
                let message = "KmsKeyId cannot be specified when copying an unencrypted DB cluster snapshot.";
                Err(Error::new("InvalidParameterCombination", message))
            }
        };
    };
    let Arn { account, region, .. } = source.arn();
    let wanted = match wanted {
        Some(wanted) => wanted,
        None if *region != ctx.region => {
            let message = "Must specify new KMS key for cross region encrypted snapshot copy.";
            return Err(Error::new("InvalidParameterValue", message));
        }
        // The API reference: "You must specify a value for KmsKeyId". It does not document the error otherwise, and no
        // response has been published. This follows the known error of a copy from another region.
        None if *account != ctx.caller.account => {
            let message = "Must specify new KMS key for copying a shared encrypted snapshot.";
            return Err(Error::new("InvalidParameterValue", message));
        }
        None => source_key,
    };
    usable_key(state, ctx, region, source_key, &SOURCE_KEY_OPERATIONS, "The source snapshot")?;
    usable_key(state, ctx, &ctx.region, wanted, &TARGET_KEY_OPERATIONS, "The target snapshot").map(Some)
}

/// Completes a copy. It fails if one of its keys, each in its region, can no longer be used: disabled, or pending
/// deletion. Policies are not checked again: they allowed RDS to use the keys when the copy started.
fn finish(state: &mut State, uid: &SnapshotUid, caller: &Caller, keys: Vec<(String, String)>) {
    if find_snapshot_by_uid(state, uid).is_none_or(|snapshot| !matches!(snapshot.status, Status::Copying(_))) {
        return;
    }
    if keys.iter().any(|(region, key)| kms::usable_key(state, caller, region, key, &[], "rds").is_err()) {
        fail(state, uid);
        return;
    }
    let now = state.now;
    let Some(snapshot) = find_snapshot_by_uid(state, uid) else { return };
    snapshot.status = Status::Available;
    let (ended_one, took) = (snapshot.clone(), now - snapshot.taken);
    copy_ended(state, &ended_one);
    incremental::finish(state, &ended_one);
    if let Some(source) = &ended_one.copy_of {
        record_event(state, &uid.arn, EventKind::CopyFinished { source, took });
    }
}

/// Ends a copy in progress with the status `failed`.
pub(super) fn fail(state: &mut State, uid: &SnapshotUid) {
    let now = state.now;
    let Some(snapshot) = find_snapshot_by_uid(state, uid) else { return };
    snapshot.status = Status::Failed(snapshot.status.percent(now));
    let failed = snapshot.clone();
    copy_ended(state, &failed);
}

/// Cleans up after a copy that is no longer in progress, for any reason.
pub(super) fn copy_ended(state: &mut State, copy: &Snapshot) {
    let Some(source) = &copy.copy_of else { return };
    if let Some(source) = find_snapshot(state, source) {
        source.copies.remove(&copy.uid);
    }
    if copy.is_cross_region_copy() {
        state.region_state(&copy.arn().account, &copy.arn().region).rds.cross_region_copies -= 1;
    }
}
