//! Copying snapshots: within an account, from an account that shares them, from another region, or both.

use std::collections::BTreeSet;
use std::ops::Bound;

use serde::Deserialize;

use super::databases::{Facts, usable_key};
use super::describe::viewer;
use super::events::{EventKind, record_event};
use super::identifiers::{Arn, ResourceType};
use super::keys::encryption_context;
use super::kind::Kind;
use super::lifecycle::{check_can_create, check_snapshot_id, remove};
use super::snapshots::{Origin, Progress, Snapshot, SnapshotUid, Status};
use super::tags::{self, Tag, Tags};
use super::view::{ViewContext, Viewer, snapshot_response};
use super::{RdsContext, backups, find_snapshot, find_snapshot_by_uid, incremental};
use crate::call::Error;
use crate::kms::{self, EncryptionContext, ServiceGrant};
use crate::questions::{
    ClusterCopies, ClusterCopyKey, ClusterCopyTime, CopiesOfOneDatabase, CopyStatus, CopyTags, MultiAzClusterCopies,
    RevokedGrant, SharedCopyWithoutKey, SourceDeleted, SourceOfLocalCopy,
};
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
    let answers = state.settings.answers;
    if source.is_of_multi_az_cluster() && answers.multi_az_cluster_copies == MultiAzClusterCopies::Refused {
        let message = "Copying a snapshot of a Multi-AZ DB cluster is not supported.";
        return Err(Error::new("InvalidParameterValue", message));
    }
    let replaces = answers.copy_tags == CopyTags::Replace && !wanted.tags.is_empty();
    // The tags of a shared snapshot cannot be copied by other accounts.
    let carries = wanted.copy_tags && viewer == Viewer::Owner && !replaces;
    let tags = tags::with(if carries { source.tags.clone() } else { Tags::new() }, wanted.tags)?;
    check_can_create(state, ctx, &target.id)?;
    let is_cross_region = source_arn.region != ctx.region;
    if is_cross_region && ctx.rds(state).cross_region_copies >= state.settings.copy_quota {
        let message = format!("Cannot copy more than {} snapshots across regions", state.settings.copy_quota);
        return Err(Error::new("SnapshotQuotaExceeded", message));
    }
    let context = encryption_context(ctx.kind, &source.database.resource_id);
    let key = key(state, ctx, &source, wanted.kms_key_id.as_deref(), &context)?;

    let rds = ctx.rds(state);
    rds.cross_region_copies += usize::from(is_cross_region);
    let uid = SnapshotUid { arn: target, number: rds.next_snapshot_number() };
    let is_local = !is_cross_region && viewer == Viewer::Owner;
    let taken = match (ctx.kind, answers.cluster_copy_time) {
        (Kind::Cluster, ClusterCopyTime::OfTheOriginal) => source.taken,
        (Kind::Instance, _) | (_, ClusterCopyTime::OfTheCopy) => state.now,
    };
    let keys: Vec<String> = source.key.iter().chain(&key).cloned().collect();
    let account = &ctx.caller.account;
    let grants: Vec<_> =
        keys.iter().filter_map(|key| kms::grant_to_service(state, account, key, "rds", &context)).collect();
    let mut snapshot = Snapshot {
        uid: uid.clone(),
        origin: Origin::Manual,
        status: Status::Available,
        key,
        tags,
        shared_with: BTreeSet::new(),
        taken,
        copy_of: Some(source_arn.clone()),
        reports_source: !is_local || answers.source_of_local_copy == SourceOfLocalCopy::Reported,
        copies: BTreeSet::new(),
        ..source.clone()
    };
    let mib = incremental::start(state, &snapshot, &source);
    let progress = progress(state, ctx, &snapshot.database, mib);
    snapshot.status = Status::Copying(progress, status_name(answers.copy_status));
    ctx.family(state).snapshots.insert(snapshot);
    if let Some(source) = find_snapshot(state, &source_arn) {
        source.copies.insert(uid.clone());
    }
    record_event(state, &uid.arn, EventKind::CopyStarted(&source_arn));
    if is_local && ctx.kind == Kind::Cluster && answers.cluster_copies == ClusterCopies::AtOnce {
        finish(state, &uid, &keys, &grants);
    } else {
        let uid = uid.clone();
        state.agenda.at(progress.until(), move |state| finish(state, &uid, &keys, &grants));
    }
    let view = ViewContext::of(state);
    find_snapshot_by_uid(state, &uid)
        .map(|copy| snapshot_response(copy, Viewer::Owner, view))
        .ok_or_else(|| ctx.kind.snapshot_not_found(&uid.arn.id))
}

fn status_name(answer: CopyStatus) -> &'static str {
    match answer {
        CopyStatus::Creating => "creating",
        CopyStatus::Pending => "pending",
        CopyStatus::Copying => "copying",
    }
}

/// The progress of a new copy of this size. It may start when the other copies of the database in the caller's account and region have
/// ended.
fn progress(state: &mut State, ctx: &RdsContext, database: &Facts, mib: u64) -> Progress {
    let (now, rate) = (state.now, state.settings.copy_gib_per_minute);
    let starts = match state.settings.answers.copies_of_one_database {
        CopiesOfOneDatabase::Parallel => now,
        CopiesOfOneDatabase::Queued => {
            let snapshots = ctx.family(state).snapshots.of_database_after(&database.id, Bound::Unbounded);
            let own = snapshots.filter(|snapshot| snapshot.database.resource_id == database.resource_id);
            let copies = own.filter(|snapshot| matches!(snapshot.status, Status::Copying(..)));
            copies.filter_map(|copy| copy.status.until()).max().unwrap_or(now)
        }
    };
    Progress::new(mib, rate, starts)
}

/// The key of the copy. The caller must be allowed to use both the source's key and this one.
fn key(
    state: &mut State,
    ctx: &RdsContext,
    source: &Snapshot,
    wanted: Option<&str>,
    context: &EncryptionContext,
) -> Result<Option<String>, Error> {
    let (of_source, of_target) = ((&SOURCE_KEY_OPERATIONS[..], context), (&TARGET_KEY_OPERATIONS[..], context));
    let Some(source_key) = &source.key else {
        return match (wanted, ctx.kind) {
            (None, _) => Ok(None),
            (Some(wanted), Kind::Instance) => {
                usable_key(state, ctx, &ctx.region, wanted, of_target, "The target snapshot").map(Some)
            }
            // "If you copy an unencrypted DB cluster snapshot and specify a value for the KmsKeyId parameter, an error is
            // returned" (`CopyDBClusterSnapshot`).
            (Some(_), Kind::Cluster) => {
                let code = match state.settings.answers.cluster_copy_key {
                    ClusterCopyKey::InvalidParameterCombination => "InvalidParameterCombination",
                    ClusterCopyKey::InvalidParameterValue => "InvalidParameterValue",
                };
                let message = "KmsKeyId cannot be specified when copying an unencrypted DB cluster snapshot.";
                Err(Error::new(code, message))
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
        // "If you copy an encrypted DB snapshot that is shared from another Amazon Web Services account, then you must
        // specify a value for this parameter" (`CopyDBSnapshot`).
        None if *account != ctx.caller.account => {
            let code = match state.settings.answers.shared_copy_without_key {
                SharedCopyWithoutKey::InvalidParameterValue => "InvalidParameterValue",
                SharedCopyWithoutKey::KmsKeyNotAccessibleFault => "KMSKeyNotAccessibleFault",
            };
            return Err(Error::new(code, "Must specify new KMS key for copying a shared encrypted snapshot."));
        }
        None => source_key,
    };
    usable_key(state, ctx, region, source_key, of_source, "The source snapshot")?;
    usable_key(state, ctx, &ctx.region, wanted, of_target, "The target snapshot").map(Some)
}

/// Completes a copy. It fails if one of its keys can no longer be used: disabled, or pending deletion. Policies are not
/// checked again: RDS uses the keys by the grants that it got when the copy started.
fn finish(state: &mut State, uid: &SnapshotUid, keys: &[String], grants: &[ServiceGrant]) {
    let is_revoked = !grants.iter().all(|grant| kms::has_grant(state, grant));
    grants.iter().for_each(|grant| kms::retire_of_service(state, grant));
    if find_snapshot_by_uid(state, uid).is_none_or(|snapshot| !matches!(snapshot.status, Status::Copying(..))) {
        return;
    }
    let may_not = is_revoked && state.settings.answers.revoked_grant == RevokedGrant::Fails;
    if may_not || !keys.iter().all(|key| kms::is_enabled(state, key)) {
        fail(state, uid);
        return;
    }
    let now = state.now;
    let Some(snapshot) = find_snapshot_by_uid(state, uid) else { return };
    let Status::Copying(progress, _) = std::mem::replace(&mut snapshot.status, Status::Available) else { return };
    let (ended_one, took) = (snapshot.clone(), now - progress.since);
    copy_ended(state, &ended_one);
    incremental::finish(state, &ended_one);
    if let Some(source) = &ended_one.copy_of {
        record_event(state, &uid.arn, EventKind::CopyFinished { source, took });
    }
}

/// The source of a copy in progress has been deleted: the world's answer to `source-deleted` says what becomes of the copy.
pub(super) fn source_deleted(state: &mut State, uid: &SnapshotUid) {
    match state.settings.answers.source_deleted {
        SourceDeleted::CopyFails => fail(state, uid),
        SourceDeleted::CopyDisappears => drop(remove(state, uid)),
        SourceDeleted::CopyGoesOn => {}
    }
}

/// Ends a copy in progress with the status `failed`.
fn fail(state: &mut State, uid: &SnapshotUid) {
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
    backups::copy_ended(state, copy);
}
