//! Restoring to a time: `RestoreDBInstanceToPointInTime` and `RestoreDBClusterToPointInTime`, also clones of clusters.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::super::RdsContext;
use super::super::automated_backups::{self, Backup, Window};
use super::super::databases::plan::{Data, Origin};
use super::super::databases::{DatabaseUid, Use};
use super::super::given::WithSettings;
use super::super::kind::Kind;
use super::super::rules::{invalid, invalid_combination};
use super::{RestoreRequest, Source, restore};
use crate::call::Error;
use crate::clock;
use crate::world::State;

pub(in crate::rds) fn to_point_in_time(
    state: &mut State,
    ctx: &RdsContext,
    WithSettings { request, given }: WithSettings<RestoreRequest>,
) -> Result<Value, Error> {
    if ctx.kind == Kind::Instance && request.target.is_none() {
        return Err(Error::missing_parameter("TargetDBInstanceIdentifier"));
    }
    let id = request.new_identifier(state, ctx)?;
    let is_clone = request.is_clone()?;
    let backup = request.backup(state, ctx)?;
    if is_clone && backup.facts.engine.has_fixed_storage() {
        // `RestoreType` is "Valid for: Aurora DB clusters and Multi-AZ DB clusters", while clones share Aurora's storage.
        return Err(Error::not_simulated("clones of Multi-AZ DB clusters".to_owned()));
    }
    // No text has the code.
    if is_clone && backup.is_retained {
        return Err(invalid_combination("A deleted DB cluster cannot be cloned. Use the RestoreType full-copy."));
    }
    let at = request.time(ctx.kind, &backup, is_clone, state.now)?;
    // "If the source DB cluster isn't encrypted … the restore request is rejected" with `KmsKeyId`
    // (`RestoreDBClusterToPointInTime`).
    if request.kms_key_id.is_some() && backup.key.is_none() {
        return Err(invalid_combination("KmsKeyId cannot be specified: the source DB cluster is not encrypted."));
    }
    let of = DatabaseUid::new(&backup.database, backup.resource_id());
    let source = Source {
        origin: Origin::ToTime { of: backup.facts.id.clone(), at },
        key: backup.key,
        tags: backup.tags,
        option_group: backup.option_group,
        // "For PITR, the clone group ID is inherited from the source cluster" (`CloneGroupId`).
        clone_group: backup.clone_group.or_else(|| is_clone.then(|| state.new_uuid())),
        facts: backup.facts,
        data: Data::PointInTime { of, at },
        is_clone,
    };
    let engine = request.engine(ctx.kind, &source, false)?;
    restore(state, ctx, (id, engine), (request, given), source)
}

impl RestoreRequest {
    /// Whether `RestoreType` is `copy-on-write`. "If you don't specify a RestoreType value, then the new DB cluster is restored as a
    /// full copy" (`RestoreType`).
    fn is_clone(&self) -> Result<bool, Error> {
        match self.restore_type.as_deref() {
            None | Some("full-copy") => Ok(false),
            Some("copy-on-write") => Ok(true),
            Some(other) => Err(invalid(format!("Invalid RestoreType {other}. Use full-copy or copy-on-write."))),
        }
    }

    /// The backup of the source, which the request names in one of three ways.
    fn backup(&self, state: &mut State, ctx: &RdsContext) -> Result<Backup, Error> {
        match (&self.source_database, &self.source_dbi_resource_id, &self.source_backup) {
            (Some(named), None, None) => {
                let found = ctx.own_database(state, named)?;
                found.check(Use::Restore)?;
                let uid = found.uid();
                // "SourceDBInstanceIdentifier refers to a DB instance with BackupRetentionPeriod equal to 0"
                // (`PointInTimeRestoreNotEnabledFault`).
                automated_backups::of_database(state, ctx, &uid).ok_or_else(|| {
                    let message = format!("Point in time restore is not enabled for {named}.");
                    Error::new("PointInTimeRestoreNotEnabled", message)
                })
            }
            (None, Some(resource_id), None) => automated_backups::of_resource_id(state, ctx, resource_id),
            (None, None, Some(arn)) => automated_backups::of_arn(state, ctx, arn),
            (None, None, None) => Err(match ctx.kind {
                Kind::Instance => Error::missing_parameter("SourceDBInstanceIdentifier"),
                Kind::Cluster => Error::missing_parameter("SourceDBClusterIdentifier"),
            }),
            _ => Err(invalid_combination("The source must be named in one way only.")),
        }
    }

    /// The time to restore to. "Must be before the latest restorable time for the DB instance … Can't be specified if the
    /// UseLatestRestorableTime parameter is enabled … Can't be specified if the RestoreType parameter is copy-on-write"
    /// (`RestoreToTime`).
    fn time(&self, kind: Kind, backup: &Backup, is_clone: bool, now: DateTime<Utc>) -> Result<DateTime<Utc>, Error> {
        let name = match kind {
            Kind::Instance => "RestoreTime",
            Kind::Cluster => "RestoreToTime",
        };
        match (self.restore_time.map(|time| time.0), self.use_latest_restorable_time) {
            (Some(_), true) => {
                Err(invalid_combination(format!("{name} and UseLatestRestorableTime cannot be used together.")))
            }
            (None, false) => Err(invalid_combination(format!("Either {name} or UseLatestRestorableTime is required."))),
            (Some(_), false) if is_clone => {
                Err(invalid_combination(format!("{name} cannot be used with the RestoreType copy-on-write.")))
            }
            // A clone has the data of now.
            (None, true) if is_clone => Ok(now),
            (wanted, _) => backup.time(kind, wanted),
        }
    }
}

impl Backup {
    /// The time, if it is within the window, or the latest one. Users report a similar message. No text has the code of a database
    /// without a window.
    fn time(&self, kind: Kind, wanted: Option<DateTime<Utc>>) -> Result<DateTime<Utc>, Error> {
        let Some(Window { earliest, latest }) = self.window else {
            let why =
                if self.is_retained { "its backups have expired" } else { "its first backup is not complete yet" };
            let message = format!("{} has no restorable time: {why}.", self.facts.id);
            return Err(kind.invalid_database_state(message));
        };
        let refused = |when: &str, bound| {
            let what = match kind {
                Kind::Instance => "instance",
                Kind::Cluster => "cluster",
            };
            Err(invalid(format!("The specified {what} cannot be restored to a time {when} {}", clock::text(bound))))
        };
        match wanted {
            None => Ok(latest),
            // "Must be before the latest restorable time" (`RestoreTime`).
            Some(wanted) if wanted >= latest => refused("that is not before", latest),
            Some(wanted) if wanted < earliest => refused("earlier than", earliest),
            Some(wanted) => Ok(wanted),
        }
    }
}
