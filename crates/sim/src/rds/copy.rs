//! Copying snapshots: within an account, from another account that shares, from another region, or all at once.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::databases::usable;
use super::describe::viewer;
use super::events::{Happened, tell};
use super::identifiers::{Arn, What};
use super::kind::Kind;
use super::lifecycle::{charge, check_room, chosen_snapshot};
use super::snapshots::{Origin, Snapshot, Status, This, Work};
use super::tags::{self, Tag, Tags};
use super::view::{Viewer, one};
use super::{Here, find_snapshot, find_this};
use crate::call::{Caller, Error};
use crate::kms;
use crate::world::State;

/// The pre-signed URL that comes from another region's caller is ignored: the ARN tells the region, as it does on AWS.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Copy {
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

/// What the copying role needs on the source's key, by its own policies and by the key's.
const READING: [&str; 4] = ["kms:DescribeKey", "kms:Decrypt", "kms:CreateGrant", "kms:ReEncryptFrom"];
/// And on the target's.
const WRITING: [&str; 5] =
    ["kms:DescribeKey", "kms:Decrypt", "kms:CreateGrant", "kms:GenerateDataKey", "kms:ReEncryptTo"];

pub(super) fn copy(state: &mut State, here: &Here, wanted: Copy) -> Result<Value, Error> {
    let target = here.arn(What::Snapshot, &chosen_snapshot(here, &wanted.target)?);
    let source_arn = here.snapshot_arn(&wanted.source)?;
    let found = find_snapshot(state, &source_arn);
    let seen = found.and_then(|source| Some((source.clone(), viewer(source, &here.caller.account)?)));
    let (source, viewer) = seen.ok_or_else(|| here.kind.no_snapshot(&wanted.source))?;
    source.check_available(here.kind)?;
    // Tags of a shared snapshot cannot be copied from where it is shared.
    let carried = if wanted.copy_tags && viewer == Viewer::Owner { source.tags.clone() } else { Tags::new() };
    let tags = tags::with(carried, wanted.tags)?;
    check_room(state, here, &target.id)?;
    let is_from_afar = source_arn.region != here.region;
    if is_from_afar && here.rds(state).copies_from_afar >= state.settings.copy_quota {
        let why = format!("Cannot copy more than {} snapshots across regions", state.settings.copy_quota);
        return Err(Error::new("SnapshotQuotaExceeded", why));
    }
    let key = key(state, here, &source, wanted.kms_key_id.as_deref())?;

    let rds = here.rds(state);
    rds.copies_from_afar += usize::from(is_from_afar);
    let this = This { arn: target, number: rds.new_number() };
    let now = state.now;
    let work = Work::on(source.of.gib, state.settings.copy_gib_per_minute, now);
    let keys = source.key.iter().cloned().map(|key| (source_arn.region.clone(), key));
    let keys = keys.chain(key.iter().cloned().map(|key| (here.region.clone(), key))).collect();
    let snapshot = Snapshot {
        this: this.clone(),
        origin: Origin::Manual,
        status: Status::Copying(work),
        key,
        tags,
        shared_with: BTreeSet::new(),
        taken: now,
        copy_of: Some(source_arn.clone()),
        copies: BTreeSet::new(),
        ..source
    };
    let view = one(here.kind, &snapshot, Viewer::Owner, now);
    here.family(state).snapshots.insert(snapshot);
    if let Some(source) = find_snapshot(state, &source_arn) {
        source.copies.insert(this.clone());
    }
    tell(state, &this.arn, Happened::CopyStarted(&source_arn));
    let caller = here.caller.clone();
    state.agenda.at(work.until(), move |state| finish(state, &this, &caller, keys));
    Ok(view)
}

/// The key of the copy. The source's key and the copy's must let the caller use them.
fn key(state: &mut State, here: &Here, source: &Snapshot, wanted: Option<&str>) -> Result<Option<String>, Error> {
    let Some(source_key) = &source.key else {
        return match (wanted, here.kind) {
            (None, _) => Ok(None),
            (Some(wanted), Kind::Instance) => {
                usable(state, here, &here.region, wanted, &WRITING, "The target snapshot").map(Some)
            }
            // "If you copy an unencrypted DB cluster snapshot and specify a value for the KmsKeyId parameter, an error is
            // returned", says the API reference, and not which. Nobody has published one. This is the code that all
            // operations have for "parameters that must not be used together".
            (Some(_), Kind::Cluster) => {
                let why = "KmsKeyId cannot be specified when copying an unencrypted DB cluster snapshot.";
                Err(Error::new("InvalidParameterCombination", why))
            }
        };
    };
    let Arn { account, region, .. } = source.arn();
    let wanted = match wanted {
        Some(wanted) => wanted,
        None if *region != here.region => {
            let why = "Must specify new KMS key for cross region encrypted snapshot copy.";
            return Err(Error::new("InvalidParameterValue", why));
        }
        // "You must specify a value for KmsKeyId", says the API reference, and not what is answered else. Nobody has
        // published that; this is what is known of a copy from another region.
        None if *account != here.caller.account => {
            let why = "Must specify new KMS key for copying a shared encrypted snapshot.";
            return Err(Error::new("InvalidParameterValue", why));
        }
        None => source_key,
    };
    usable(state, here, region, source_key, &READING, "The source snapshot")?;
    usable(state, here, &here.region, wanted, &WRITING, "The target snapshot").map(Some)
}

/// A copy ends. It has failed if one of its keys, each in its region, cannot be used any more: disabled, or about to be
/// deleted. What policies say does not matter now: they let RDS use the keys when it began.
fn finish(state: &mut State, this: &This, caller: &Caller, keys: Vec<(String, String)>) {
    if find_this(state, this).is_none_or(|snapshot| !matches!(snapshot.status, Status::Copying(_))) {
        return;
    }
    if keys.iter().any(|(region, key)| kms::usable(state, caller, region, key, &[], "rds").is_err()) {
        fail(state, this);
        return;
    }
    let now = state.now;
    let Some(snapshot) = find_this(state, this) else { return };
    snapshot.status = Status::Available;
    let (ended_one, took) = (snapshot.clone(), now - snapshot.taken);
    ended(state, &ended_one);
    charge(state, &this.arn, ended_one.of.gib);
    if let Some(source) = &ended_one.copy_of {
        tell(state, &this.arn, Happened::CopyFinished { source, took });
    }
}

/// Makes a copy that is under way end in failure.
pub(super) fn fail(state: &mut State, this: &This) {
    let now = state.now;
    let Some(snapshot) = find_this(state, this) else { return };
    snapshot.status = Status::Failed(snapshot.status.percent(now));
    let failed = snapshot.clone();
    ended(state, &failed);
}

/// A copy is not under way any more, whatever became of it.
pub(super) fn ended(state: &mut State, copy: &Snapshot) {
    let Some(source) = &copy.copy_of else { return };
    if let Some(source) = find_snapshot(state, source) {
        source.copies.remove(&copy.this);
    }
    if copy.is_from_another_region() {
        state.region_state(&copy.arn().account, &copy.arn().region).rds.copies_from_afar -= 1;
    }
}
