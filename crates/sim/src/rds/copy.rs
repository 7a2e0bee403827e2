//! Copying snapshots: within an account, from an account that shares them, from another region, or both.

use std::collections::BTreeSet;
use std::ops::Bound;

use serde::Deserialize;

use super::databases::Facts;
use super::describe::viewer;
use super::events::{EventKind, record_event};
use super::identifiers::{Arn, ResourceType};
use super::keys::encryption_context;
use super::keys::{KeyPlace, usable_key, usable_key_in};
use super::kind::Kind;
use super::lifecycle::{check_can_create, check_snapshot_id, remove};
use super::options::{self, OptionsOfCopy};
use super::snapshots::{Origin, Progress, Snapshot, SnapshotUid, Status};
use super::tags::{self, Tag, Tags};
use super::view::{ViewContext, Viewer, snapshot_response};
use super::{RdsContext, backups, find_snapshot, find_snapshot_by_uid, incremental, volumes};
use crate::call::Error;
use crate::kms::{self, EncryptionContext, ServiceGrant};
use crate::questions::{
    Answers, ClusterCopies, ClusterCopyKey, ClusterCopyTime, CopiesOfOneDatabase, CopyStatus, CopyTags,
    CrossRegionLimit, DocumentDbCrossRegion, KmsViaRegion, LostSourceRegion, MultiAzClusterCopies, RevokedGrant,
    SharedCopyWithoutKey, SourceDeleted, SourceOfLocalCopy,
};
use crate::wire::xml::Xml;
use crate::world::State;

/// "This setting applies only to Amazon Web Services GovCloud (US) Regions. It's ignored in other Amazon Web Services Regions"
/// (`PreSignedUrl`): the source region is that of the ARN.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CopyRequest {
    #[serde(rename = "SourceDBSnapshotIdentifier")]
    source: String,
    #[serde(rename = "TargetDBSnapshotIdentifier")]
    target: String,
    kms_key_id: Option<String>,
    option_group_name: Option<String>,
    #[serde(default)]
    copy_option_group: bool,
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
    let is_cross_region = source_arn.region != ctx.region;
    if state.is_cut(&source_arn.region) {
        return Err(Error::internal_failure());
    }
    let found = find_snapshot(state, &source_arn);
    let visible = found.and_then(|source| Some((source.clone(), viewer(source, &ctx.caller.account)?)));
    let (source, viewer) = visible.ok_or_else(|| ctx.kind.snapshot_not_found(&wanted.source))?;
    source.check_available(ctx.kind)?;
    let answers = state.settings.answers;
    if source.is_of_multi_az_cluster() && answers.multi_az_cluster_copies == MultiAzClusterCopies::Refused {
        let message = "Copying a snapshot of a Multi-AZ DB cluster is not supported.";
        return Err(Error::new("InvalidParameterValue", message));
    }
    let is_across = is_cross_region && viewer != Viewer::Owner;
    if is_across && source.is_of_documentdb() && answers.documentdb_cross_region == DocumentDbCrossRegion::Refused {
        let message = "A shared DB cluster snapshot can only be copied in the same AWS Region.";
        return Err(Error::new("InvalidParameterValue", message));
    }
    let replaces = answers.copy_tags == CopyTags::Replace && !wanted.tags.is_empty();
    // The tags of a shared snapshot cannot be copied by other accounts.
    let carries = wanted.copy_tags && viewer == Viewer::Owner && !replaces;
    let tags = tags::with(if carries { source.tags.clone() } else { Tags::new() }, wanted.tags)?;
    let wanted_options = OptionsOfCopy { name: wanted.option_group_name, copies_group: wanted.copy_option_group };
    let option_group = options::of_copy(state, ctx, &source, &wanted_options)?;
    check_can_create(state, ctx, &target.id)?;
    if is_cross_region {
        check_cross_region_limit(state, ctx, &source_arn.region)?;
    }
    let context = encryption_context(ctx.kind, &source.database.resource_id);
    let key = key(state, ctx, &source, wanted.kms_key_id.as_deref(), &context)?;

    let rds = ctx.rds(state);
    if is_cross_region {
        *rds.cross_region_copies.entry((source_arn.region.clone(), ctx.kind)).or_default() += 1;
    }
    let uid = SnapshotUid { arn: target, number: rds.next_snapshot_number() };
    let is_local = !is_cross_region && viewer == Viewer::Owner;
    let taken = match (ctx.kind, answers.cluster_copy_time) {
        (Kind::Cluster, ClusterCopyTime::OfTheOriginal) => source.taken,
        (Kind::Instance, _) | (_, ClusterCopyTime::OfTheCopy) => state.now,
    };
    let keys: Vec<String> = source.key.iter().chain(&key).cloned().collect();
    let account = &ctx.caller.account;
    let via_regions = source.key.iter().map(|_| source_via(&answers, ctx, &source_arn)).chain([ctx.region.as_str()]);
    let grants: Vec<_> = (keys.iter().zip(via_regions))
        .filter_map(|(key, via)| kms::grant_to_service(state, account, key, &format!("rds.{via}"), &context))
        .collect();
    let mut snapshot = Snapshot {
        uid: uid.clone(),
        origin: Origin::Manual,
        status: Status::Available,
        key,
        tags,
        shared_with: BTreeSet::new(),
        taken,
        copy_of: Some(source_arn.clone()),
        option_group,
        reports_source: !is_local || answers.source_of_local_copy == SourceOfLocalCopy::Reported,
        copies: BTreeSet::new(),
        ..source.clone()
    };
    let mib = incremental::start(state, &snapshot, &source);
    let progress = progress(state, ctx, &snapshot.database, mib);
    snapshot.status = Status::Copying(progress, status_name(answers.copy_status));
    ctx.family(state).snapshots.insert(snapshot);
    let has_contents = volumes::copy(state, &source.uid, &uid);
    if let Some(source) = find_snapshot(state, &source_arn) {
        source.copies.insert(uid.clone());
    }
    record_event(state, &uid.arn, EventKind::CopyStarted(&source_arn));
    if is_local && ctx.kind == Kind::Cluster && answers.cluster_copies == ClusterCopies::AtOnce && has_contents {
        finish(state, &uid, &keys, &grants);
    } else {
        let uid = uid.clone();
        state.at_in(&ctx.region, progress.until(), move |state| match has_contents {
            true => finish_if_reachable(state, uid, keys, grants),
            false => fail(state, &uid),
        });
    }
    let view = ViewContext::of(state);
    find_snapshot_by_uid(state, &uid)
        .map(|copy| snapshot_response(copy, Viewer::Owner, view))
        .ok_or_else(|| ctx.kind.snapshot_not_found(&uid.arn.id))
}

/// Checks the limit of copies in progress from other regions. The world's answer to `cross-region-limit` says which count.
fn check_cross_region_limit(state: &mut State, ctx: &RdsContext, source_region: &str) -> Result<(), Error> {
    let most = match ctx.kind {
        Kind::Instance => state.settings.copy_quota,
        Kind::Cluster => state.settings.cluster_copy_quota,
    };
    let answer = state.settings.answers.cross_region_limit;
    let counts = |region: &str, kind: Kind| match answer {
        CrossRegionLimit::ToARegion => kind == ctx.kind,
        CrossRegionLimit::BetweenTwoRegions => kind == ctx.kind && region == source_region,
        CrossRegionLimit::Together => true,
    };
    let copies = ctx.rds(state).cross_region_copies.iter().filter(|((region, kind), _)| counts(region, *kind));
    if copies.map(|(_, number)| number).sum::<usize>() < most {
        return Ok(());
    }
    Err(Error::new("SnapshotQuotaExceeded", format!("Cannot copy more than {most} snapshots across regions")))
}

/// The region through whose RDS the key of the source is used: the world's answer to `kms-via-region`.
fn source_via<'a>(answers: &Answers, ctx: &'a RdsContext, source: &'a Arn) -> &'a str {
    match answers.kms_via_region {
        KmsViaRegion::Source => &source.region,
        KmsViaRegion::Destination => &ctx.region,
    }
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
                usable_key(state, ctx, wanted, of_target, "The target snapshot").map(Some)
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
    let source_place = KeyPlace { region, via: source_via(&state.settings.answers, ctx, source.arn()) };
    usable_key_in(state, ctx, source_place, source_key, of_source, "The source snapshot")?;
    usable_key(state, ctx, wanted, of_target, "The target snapshot").map(Some)
}

/// Completes a copy when its source can be reached. Meanwhile it stalls, and copies the rest afterwards.
fn finish_if_reachable(state: &mut State, uid: SnapshotUid, keys: Vec<String>, grants: Vec<ServiceGrant>) {
    let copy = find_snapshot_by_uid(state, &uid);
    let Some((copy_of, Status::Copying(progress, _))) =
        copy.and_then(|copy| Some((copy.copy_of.clone()?, copy.status)))
    else {
        return finish(state, &uid, &keys, &grants);
    };
    let Some(cut) = state.cut_since(&copy_of.region) else { return finish(state, &uid, &keys, &grants) };
    let rest = progress.until() - cut.max(progress.since);
    state.when_reachable(&copy_of.region, move |state| {
        let until = state.now + rest;
        if let Some(snapshot) = find_snapshot_by_uid(state, &uid)
            && let Status::Copying(progress, _) = &mut snapshot.status
        {
            progress.since = until - progress.takes;
        }
        state.at_in(&uid.arn.region.clone(), until, move |state| finish_if_reachable(state, uid, keys, grants));
    });
}

/// A region was cut off: the world's answer to `lost-source-region` says what becomes of the copies from it to other regions.
pub(crate) fn source_region_lost(state: &mut State, region: &str) {
    if state.settings.answers.lost_source_region == LostSourceRegion::Stalls {
        return;
    }
    let sources = state.accounts_in(region).flat_map(|of| {
        let families = [&of.rds.instances, &of.rds.clusters];
        families.into_iter().flat_map(|family| family.snapshots.after(Bound::Unbounded))
    });
    let copies = sources.flat_map(|source| source.copies.iter().filter(|copy| copy.arn.region != region).cloned());
    for copy in copies.collect::<Vec<_>>() {
        fail(state, &copy);
    }
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
        let Arn { account, region, kind, .. } = copy.arn();
        let copies = &mut state.region_state(account, region).rds.cross_region_copies;
        if let Some(number) = copies.get_mut(&(source.region.clone(), *kind)) {
            *number -= 1;
        }
    }
    backups::copy_ended(state, copy);
}
