//! Automated backups: what a database can be restored from to any time of a window, also after it was deleted.
//!
//! The backup of an instance begins with its first automated snapshot. "Aurora backups are continuous and incremental", so that of a
//! cluster begins with the cluster.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::databases::changes;
use super::databases::{Database, DatabaseUid, Facts};
use super::filters::{self, Filter, Property};
use super::groups::memberships::Memberships;
use super::identifiers::{Arn, ResourceType};
use super::kind::Kind;
use super::options::OptionGroup;
use super::rules::invalid_combination;
use super::snapshots::Status;
use super::tags::Tags;
use super::{Family, RdsContext, backups, paging, volumes};
use crate::call::Error;
use crate::clock;
use crate::durations::Bounds;
use crate::page;
use crate::world::State;

/// The backup of a database that was deleted with `DeleteAutomatedBackups=false`, or of one that exists.
#[derive(Clone)]
pub(super) struct Backup {
    /// The ARN of the database. Another database may have it now.
    pub(super) database: Arn,
    pub(super) facts: Arc<Facts>,
    pub(super) key: Option<String>,
    pub(super) tags: Tags,
    pub(super) option_group: Option<OptionGroup>,
    pub(super) memberships: Memberships,
    pub(super) clone_group: Option<String>,
    /// `None`: the first backup has not been taken.
    pub(super) window: Option<Window>,
    pub(super) is_retained: bool,
}

/// The times that a database can be restored to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) earliest: DateTime<Utc>,
    pub(super) latest: DateTime<Utc>,
}

/// "RDS uploads transaction logs for DB instances to Amazon S3 every five minutes. … the latest restorable time … is typically
/// within the last 5 minutes" (RDS User Guide, "Restoring a DB instance to a specified time"). The Aurora guide has the same.
const UPLOADS_EVERY: i64 = 300;

/// What the windows of databases depend on besides them.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    now: DateTime<Utc>,
    seed: u64,
    /// How long the upload of a log takes.
    upload: Bounds,
}

impl Moment {
    fn of(state: &State) -> Self {
        Self { now: state.now, seed: state.settings.seed, upload: state.settings.durations.log_upload }
    }
}

impl Window {
    /// The window of a database now. `None`: it has no backups, or not yet.
    pub(super) fn of(family: &Family, database: &Database, Moment { now, seed, upload }: Moment) -> Option<Self> {
        let Database { arn, facts, .. } = database;
        let upload = upload.draw(changes::nth_number(seed, &facts.resource_id, 0));
        let begin = match arn.kind {
            Kind::Cluster => Some(facts.created),
            Kind::Instance if facts.retention_days == 0 => None,
            Kind::Instance => {
                let taken = family.snapshots.automated_of(&facts.resource_id);
                taken
                    .filter(|snapshot| matches!(snapshot.status, Status::Available))
                    .map(|snapshot| snapshot.taken)
                    .min()
            }
        };
        let oldest = now - TimeDelta::days(i64::from(facts.retention_days));
        let uploaded = (now - upload).timestamp().div_euclid(UPLOADS_EVERY) * UPLOADS_EVERY;
        let latest = DateTime::from_timestamp(uploaded, 0)?;
        let earliest = begin?.max(oldest);
        (earliest <= latest).then_some(Self { earliest, latest })
    }
}

impl Backup {
    fn of(family: &Family, database: &Database, moment: Moment) -> Option<Self> {
        (database.facts.retention_days > 0).then(|| Self {
            database: database.arn.clone(),
            facts: database.facts.clone(),
            key: database.key.clone(),
            tags: database.tags.clone(),
            option_group: database.option_group.clone(),
            memberships: database.memberships.clone(),
            clone_group: database.clone_group.clone(),
            window: Window::of(family, database, moment),
            is_retained: false,
        })
    }

    /// A retained backup loses the times that are older than the retention period, and in the end all.
    fn at(self, now: DateTime<Utc>) -> Self {
        let oldest = now - TimeDelta::days(i64::from(self.facts.retention_days));
        let window = self.window.map(|window| Window { earliest: window.earliest.max(oldest), ..window });
        Self { window: window.filter(|window| window.earliest <= window.latest), ..self }
    }

    pub(super) fn resource_id(&self) -> &str {
        &self.facts.resource_id
    }

    /// "active - Automated backups for current instances. retained - Automated backups for deleted instances. creating - Automated
    /// backups that are waiting for the first automated snapshot to be available" (`DBInstanceAutomatedBackup`).
    fn status(&self) -> &'static str {
        match (self.is_retained, self.window) {
            (true, _) => "retained",
            (false, Some(_)) => "active",
            (false, None) => "creating",
        }
    }

    fn arn(&self) -> Arn {
        arn_of(&self.database, self.resource_id())
    }

    fn view(&self, status: &str) -> Value {
        let Self { database, facts, key, memberships, window, .. } = self;
        let settings = &facts.settings;
        let is_allocated = facts.engine.has_fixed_storage();
        let version = settings.text("EngineVersion").unwrap_or_default();
        let mut view = json!({
            "AllocatedStorage": if is_allocated { facts.gib } else { 1 },
            "BackupRetentionPeriod": facts.retention_days,
            "Engine": facts.engine.name,
            "EngineVersion": version,
            "IAMDatabaseAuthenticationEnabled": settings.flag("EnableIAMDatabaseAuthentication"),
            "KmsKeyId": key,
            "LicenseModel": settings.text("LicenseModel"),
            "MasterUsername": settings.text("MasterUsername"),
            "Port": settings.number("Port"),
            "PreferredBackupWindow": settings.text("PreferredBackupWindow"),
            "Region": database.region,
            "RestoreWindow": window.map(|window| json!({
                "EarliestTime": clock::text(window.earliest),
                "LatestTime": clock::text(window.latest),
            })),
            "Status": status,
            "StorageType": settings.text("StorageType"),
            "Iops": settings.number("Iops"),
            "VpcId": memberships.placement.subnet_group.vpc,
        });
        let own = match database.kind {
            Kind::Instance => json!({
                "AvailabilityZone": settings.text("AvailabilityZone"),
                "BackupTarget": settings.text("BackupTarget"),
                "DBInstanceArn": database.to_string(),
                "DBInstanceAutomatedBackupsArn": self.arn().to_string(),
                "DBInstanceIdentifier": facts.id,
                "DbiResourceId": facts.resource_id,
                "Encrypted": key.is_some(),
                "InstanceCreateTime": clock::text(facts.created),
                "OptionGroupName": self.option_group.as_ref().map_or_else(
                    || super::options::default_name(facts.engine, version),
                    |group| group.name.clone(),
                ),
                "StorageThroughput": settings.number("StorageThroughput"),
                "Timezone": settings.text("Timezone"),
            }),
            Kind::Cluster => json!({
                "AvailabilityZones": settings.get("AvailabilityZones"),
                "ClusterCreateTime": clock::text(facts.created),
                "DBClusterArn": database.to_string(),
                "DBClusterAutomatedBackupsArn": self.arn().to_string(),
                "DBClusterIdentifier": facts.id,
                "DbClusterResourceId": facts.resource_id,
                "EngineMode": settings.text("EngineMode"),
                "StorageEncrypted": key.is_some(),
            }),
        };
        if let (Value::Object(view), Value::Object(own)) = (&mut view, own) {
            view.extend(own);
        }
        view
    }
}

/// The ARN of the automated backup of the database with this resource identifier: `…:auto-backup:ab-…`.
pub(super) fn arn_of(database: &Arn, resource_id: &str) -> Arn {
    let prefix = database.kind.spelling().resource_prefix;
    let lower = resource_id.to_ascii_lowercase();
    let number = lower.strip_prefix(prefix).unwrap_or(&lower);
    Arn { resource_type: ResourceType::AutomatedBackup, id: format!("ab-{number}"), ..database.clone() }
}

impl RdsContext {
    /// The ARN of the automated backup of an own database.
    pub(super) fn automated_backup_arn(&self, resource_id: &str) -> Arn {
        arn_of(&self.arn(ResourceType::Database, ""), resource_id)
    }
}

/// All backups of the caller in this region, by the resource identifier of their database.
fn all(state: &mut State, ctx: &RdsContext) -> Vec<Backup> {
    let moment = Moment::of(state);
    let now = state.now;
    let family = ctx.family(state);
    let current = family.databases.by_id().values().filter_map(|database| Backup::of(family, database, moment));
    let retained = family.retained.values().map(|backup| backup.clone().at(now));
    let mut all: Vec<_> = current.chain(retained).collect();
    all.sort_by(|a, b| a.resource_id().cmp(b.resource_id()));
    all
}

/// The backup of the database with this resource identifier. "This parameter isn't case-sensitive" (`DbiResourceId`).
pub(super) fn of_resource_id(state: &mut State, ctx: &RdsContext, named: &str) -> Result<Backup, Error> {
    let found = all(state, ctx).into_iter().find(|backup| backup.resource_id().eq_ignore_ascii_case(named));
    found.ok_or_else(|| not_found(ctx.kind, named))
}

/// The backup with this ARN.
pub(super) fn of_arn(state: &mut State, ctx: &RdsContext, named: &str) -> Result<Backup, Error> {
    let arn = Arn::parse(named);
    let found = all(state, ctx).into_iter().find(|backup| Some(backup.arn()) == arn);
    found.ok_or_else(|| not_found(ctx.kind, named))
}

/// The backup of a current database. `None`: it has no backups.
pub(super) fn of_database(state: &mut State, ctx: &RdsContext, uid: &DatabaseUid) -> Option<Backup> {
    let moment = Moment::of(state);
    let family = ctx.family(state);
    Backup::of(family, family.databases.with_resource_id(&uid.resource_id)?, moment)
}

pub(super) fn not_found(kind: Kind, named: &str) -> Error {
    let code = match kind {
        Kind::Instance => "DBInstanceAutomatedBackupNotFound",
        Kind::Cluster => "DBClusterAutomatedBackupNotFoundFault",
    };
    Error::new(code, format!("Automated backup not found: {named}")).status(404)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeRequest {
    dbi_resource_id: Option<String>,
    #[serde(rename = "DBInstanceIdentifier")]
    database: Option<String>,
    #[serde(rename = "DBInstanceAutomatedBackupsArn")]
    arn: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    max_records: Option<i64>,
    marker: Option<String>,
}

pub(super) fn describe(state: &mut State, ctx: &RdsContext, wanted: &DescribeRequest) -> Result<Value, Error> {
    let list = format!("{}AutomatedBackups", ctx.kind.spelling().database);
    let (size, last) = (paging::size(wanted.max_records)?, paging::last(&list, wanted.marker.as_ref())?);
    let known: [&str; 3] = match ctx.kind {
        Kind::Instance => ["status", "db-instance-id", "dbi-resource-id"],
        Kind::Cluster => ["status", "db-cluster-id", "db-cluster-resource-id"],
    };
    filters::check(state.settings.answers.unnamed_errors, &wanted.filters, &known)?;
    let mut found = match (&wanted.dbi_resource_id, &wanted.arn) {
        (Some(named), _) => vec![of_resource_id(state, ctx, named)?],
        (None, Some(named)) => vec![of_arn(state, ctx, named)?],
        (None, None) => all(state, ctx),
    };
    if let Some(named) = &wanted.database {
        found.retain(|backup| backup.database.is_named(named));
        if found.is_empty() {
            return Err(not_found(ctx.kind, named));
        }
    }
    let after = found.into_iter().filter(|backup| last.as_deref().is_none_or(|last| backup.resource_id() > last));
    let passing = after.map(|backup| {
        let passes = filters::passes(&wanted.filters, |filter| {
            Some(match filter {
                "status" => Property::text(backup.status()),
                "db-instance-id" | "db-cluster-id" => Property::Resource(backup.database.clone()),
                "dbi-resource-id" | "db-cluster-resource-id" => Property::text(backup.resource_id().to_owned()),
                _ => return None,
            })
        })?;
        Ok(passes.then(|| (backup.resource_id().to_owned(), backup.view(backup.status()))))
    });
    let (found, marker) = paging::cut(passing, size)?;
    let marker = marker.map(|last| page::marker(&list, &last));
    Ok(json!({ list: found, "Marker": marker }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteRequest {
    dbi_resource_id: Option<String>,
    #[serde(rename = "DBInstanceAutomatedBackupsArn")]
    arn: Option<String>,
}

/// Deletes the backup of a deleted database. "The automated backup is in an invalid state. For example, this automated backup is
/// associated with an active instance" (`InvalidDBInstanceAutomatedBackupStateFault`).
pub(super) fn delete(state: &mut State, ctx: &RdsContext, wanted: &DeleteRequest) -> Result<Value, Error> {
    let backup = match (&wanted.dbi_resource_id, &wanted.arn) {
        (Some(named), None) => of_resource_id(state, ctx, named)?,
        (None, Some(named)) => of_arn(state, ctx, named)?,
        (None, None) => return Err(Error::missing_parameter("DbiResourceId")),
        (Some(_), Some(_)) => {
            let message = "DbiResourceId and DBInstanceAutomatedBackupsArn cannot be used together.";
            return Err(invalid_combination(message));
        }
    };
    if !backup.is_retained {
        let code = match ctx.kind {
            Kind::Instance => "InvalidDBInstanceAutomatedBackupState",
            Kind::Cluster => "InvalidDBClusterAutomatedBackupStateFault",
        };
        let message = format!("The automated backup of {} is in use by the database.", backup.facts.id);
        return Err(Error::new(code, message));
    }
    ctx.family(state).retained.remove(backup.resource_id());
    volumes::remove_retained(state, backup.resource_id());
    backups::remove_all(state, &backup.database, backup.resource_id());
    let backup = Backup { is_retained: true, ..backup };
    // The example of `aws rds delete-db-instance-automated-backup` in the command line's reference has this status.
    Ok(json!({ format!("{}AutomatedBackup", ctx.kind.spelling().database): backup.view("deleting") }))
}

/// Checks that the backups of a database that is deleted can be kept. "The retained automated backups quota is the same as your DB
/// instance quota" (`DBInstanceAutomatedBackupQuotaExceededFault`).
pub(super) fn check_can_retain(state: &mut State, ctx: &RdsContext) -> Result<(), Error> {
    let quotas = state.settings.quotas;
    let (code, most) = match ctx.kind {
        Kind::Instance => ("DBInstanceAutomatedBackupQuotaExceeded", quotas.instances),
        Kind::Cluster => ("DBClusterAutomatedBackupQuotaExceededFault", quotas.clusters),
    };
    if ctx.family(state).retained.len() < most {
        return Ok(());
    }
    Err(Error::new(code, format!("Cannot retain the automated backups of more than {most} deleted databases.")))
}

/// Keeps the backups of a database that is about to be gone, until its retention period is over. Returns whether it has any.
pub(super) fn retain(state: &mut State, uid: &DatabaseUid) -> bool {
    let (now, moment) = (state.now, Moment::of(state));
    let DatabaseUid { account, region, kind, resource_id } = uid.clone();
    let family = state.region_state(&account, &region).rds.family(kind);
    let found = family.databases.with_resource_id(&resource_id);
    let backup = found.and_then(|database| Backup::of(family, database, moment));
    let Some(backup) = backup.filter(|backup| backup.window.is_some()) else { return false };
    let ends = now + TimeDelta::days(i64::from(backup.facts.retention_days));
    let database = backup.database.clone();
    family.retained.insert(resource_id.clone(), Backup { is_retained: true, ..backup });
    state.at_in(&region.clone(), ends, move |state| {
        state.region_state(&account, &region).rds.family(kind).retained.remove(&resource_id);
        volumes::remove_retained(state, &resource_id);
        backups::remove_all(state, &database, &resource_id);
    });
    true
}

/// Adds the times that a database can be restored to, as far as responses have them: an instance has the latest one only. The
/// storage of an instance that was restored is loaded meanwhile (`restore::loading`).
pub(super) fn add_to_view(state: &mut State, uid: &DatabaseUid, view: &mut Value) {
    let (now, moment) = (state.now, Moment::of(state));
    let family = state.region_state(&uid.account, &uid.region).rds.family(uid.kind);
    if let Some(progress) = family.loading.get(&uid.resource_id) {
        view["StorageOperationStatus"] = "Initializing".into();
        view["StorageOperationPercentProgress"] = progress.percent(now).into();
    }
    let found = family.databases.with_resource_id(&uid.resource_id);
    let Some(window) = found.and_then(|database| Window::of(family, database, moment)) else { return };
    view["LatestRestorableTime"] = clock::text(window.latest).into();
    if uid.kind == Kind::Cluster {
        view["EarliestRestorableTime"] = clock::text(window.earliest).into();
    }
}
