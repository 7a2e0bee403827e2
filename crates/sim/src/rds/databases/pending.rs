//! Modifications that AWS has accepted and not applied.
//!
//! A modification waits until it is due: at once, or in the maintenance window of the database. Then the database goes through the
//! statuses of all modifications that are due, one after the other, and each is applied when its status ends. Until then, responses
//! have it in `PendingModifiedValues`, and the old value in its place.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::events::{EventKind, record_event};
use super::super::groups::network::Placement;
use super::super::kind::Kind;
use super::super::managed_secret::{self, Secret};
use super::super::options::OptionGroup;
use super::super::settings::{Change, Setting};
use super::super::windows::{DailyWindow, WeeklyWindow};
use super::changes::{self, Step};
use super::{Database, DatabaseUid, Facts, Status, Use, plan, rename};
use crate::durations::{Bounds, Durations};
use crate::world::State;

/// The parameters of modifications that are no settings.
pub(super) const NEW_ID: &str = "NewDBInstanceIdentifier";
pub(super) const PASSWORD: &str = "MasterUserPassword";
pub(super) const OPTION_GROUP: &str = "OptionGroupName";
pub(super) const SUBNET_GROUP: &str = "DBSubnetGroupName";
/// The setting whose changes responses have instead of its value.
const LOGS: &str = "EnableCloudwatchLogsExports";

/// A modification.
pub(super) enum Modification {
    /// The new value of a setting. Null: none.
    Setting(Value),
    Id(String),
    Password(Credentials),
    /// `None`: the default one.
    OptionGroup(Option<OptionGroup>),
    /// Another VPC.
    Placement(Placement),
}

/// How the master user authenticates from now on.
pub(super) enum Credentials {
    /// With this password. RDS no longer manages one.
    Password(String),
    /// With a password that RDS keeps in this secret.
    Secret(Secret),
    /// With another password in the same secret.
    Rotated,
}

/// The modifications of a database by parameter.
#[derive(Default)]
pub(super) struct Pending(BTreeMap<&'static str, Waiting>);

struct Waiting {
    modification: Modification,
    is_due: bool,
}

/// The members of `PendingModifiedValues` and `ClusterPendingModifiedValues`, by parameter. Others wait without being reported.
const MEMBERS: [(&str, Option<&str>, Option<&str>); 17] = [
    ("AllocatedStorage", Some("AllocatedStorage"), Some("AllocatedStorage")),
    ("BackupRetentionPeriod", Some("BackupRetentionPeriod"), Some("BackupRetentionPeriod")),
    ("CACertificateIdentifier", Some("CACertificateIdentifier"), None),
    ("DBInstanceClass", Some("DBInstanceClass"), None),
    ("DedicatedLogVolume", Some("DedicatedLogVolume"), None),
    (
        "EnableIAMDatabaseAuthentication",
        Some("IAMDatabaseAuthenticationEnabled"),
        Some("IAMDatabaseAuthenticationEnabled"),
    ),
    ("EngineVersion", Some("EngineVersion"), Some("EngineVersion")),
    ("Iops", Some("Iops"), Some("Iops")),
    ("LicenseModel", Some("LicenseModel"), None),
    ("MultiAZ", Some("MultiAZ"), None),
    ("Port", Some("Port"), None),
    ("StorageThroughput", Some("StorageThroughput"), None),
    ("StorageType", Some("StorageType"), Some("StorageType")),
    (LOGS, Some("PendingCloudwatchLogsExports"), Some("PendingCloudwatchLogsExports")),
    (NEW_ID, Some("DBInstanceIdentifier"), Some("DBClusterIdentifier")),
    (PASSWORD, Some(PASSWORD), Some(PASSWORD)),
    (SUBNET_GROUP, Some(SUBNET_GROUP), None),
];

/// A setting of the world.
type Lasting = fn(&Durations) -> Bounds;

/// The statuses in which modifications are applied, and how long they last. AWS does not state their order: the seed decides.
const STAGES: [(Status, Lasting); 9] = [
    (Status::Modifying, |durations| durations.modification),
    (Status::ConfiguringEnhancedMonitoring, |durations| durations.modification),
    (Status::ConfiguringLogExports, |durations| durations.modification),
    (Status::ConfiguringIamAuthentication, |durations| durations.modification),
    (Status::UpdatingIamAuthentication, |durations| durations.modification),
    // "The DB instance is being moved to a new Amazon Virtual Private Cloud" (the table of statuses).
    (Status::MovingToVpc, |durations| durations.modification),
    (Status::Upgrading, |durations| durations.upgrade),
    (Status::ResettingMasterCredentials, |durations| durations.password),
    (Status::Renaming, |durations| durations.renaming),
];

/// Changes of the storage, which AWS optimizes afterwards.
const STORAGE: [&str; 4] = ["AllocatedStorage", "Iops", "StorageThroughput", "StorageType"];

/// Events when a modification begins and when it is applied.
const EVENTS: [(&str, u16, u16); 2] = [("AllocatedStorage", 18, 17), ("DBInstanceClass", 12, 14)];

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a modification, which replaces an earlier one of the same parameter.
    pub(super) fn insert(&mut self, parameter: &'static str, modification: Modification, is_due: bool) {
        self.0.insert(parameter, Waiting { modification, is_due });
    }

    /// Forgets a modification: a later request asked for the present value.
    pub(super) fn remove(&mut self, parameter: &str) {
        self.0.remove(parameter);
    }

    /// "any pending modifications are asynchronously applied as soon as possible" (`ApplyImmediately`).
    pub(super) fn all_are_due(&mut self) {
        self.0.values_mut().for_each(|waiting| waiting.is_due = true);
    }

    /// The settings that wait, with their new values.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().filter_map(|(parameter, waiting)| match &waiting.modification {
            Modification::Setting(value) => Some((*parameter, value)),
            _ => None,
        })
    }

    fn due(&self, kind: Kind) -> Vec<(&'static str, Status)> {
        let due = self.0.iter().filter(|(_, waiting)| waiting.is_due);
        due.map(|(parameter, waiting)| (*parameter, waiting.modification.stage(parameter, kind))).collect()
    }
}

impl Modification {
    /// The status while it is applied.
    fn stage(&self, parameter: &str, kind: Kind) -> Status {
        match self {
            Self::Id(_) => Status::Renaming,
            Self::Password(_) => Status::ResettingMasterCredentials,
            Self::OptionGroup(_) => Status::Modifying,
            Self::Placement(_) => Status::MovingToVpc,
            Self::Setting(_) => match Setting::change(parameter, kind) {
                Change::Soon(status) | Change::Window(status) => status,
                Change::AtOnce | Change::Never => Status::Modifying,
            },
        }
    }
}

impl Database {
    /// `OptionGroupMemberships`: also the group that waits.
    pub(super) fn option_groups_view(&self) -> Value {
        let member = |name: String, status: &str| json!({ "OptionGroupName": name, "Status": status });
        let now = self.option_group_name();
        match self.pending.0.get(OPTION_GROUP) {
            Some(Waiting { modification: Modification::OptionGroup(group), is_due }) => {
                let name = self.name_of_option_group(group.as_ref());
                let [leaves, comes] = match (is_due, self.status) {
                    (true, Status::Modifying) => ["removing", "applying"],
                    (true, _) => ["pending-removal", "pending-apply"],
                    (false, _) => ["pending-maintenance-removal", "pending-maintenance-apply"],
                };
                json!([member(now, leaves), member(name, comes)])
            }
            _ => json!([member(now, "in-sync")]),
        }
    }

    /// `PendingModifiedValues`.
    pub(super) fn pending_view(&self) -> Value {
        let mut view = Map::new();
        for (parameter, of_instance, of_cluster) in MEMBERS {
            let member = if self.arn.kind == Kind::Instance { of_instance } else { of_cluster };
            let (Some(member), Some(waiting)) = (member, self.pending.0.get(parameter)) else { continue };
            let value = match &waiting.modification {
                Modification::Setting(value) if parameter == LOGS => self.pending_logs(value),
                Modification::Setting(value) => value.clone(),
                Modification::Id(id) => json!(id),
                // "Amazon RDS API operations never return the password". The example of the command line's reference has stars.
                Modification::Password(_) => json!("****"),
                Modification::Placement(placement) => json!(placement.subnet_group.name()),
                Modification::OptionGroup(_) => Value::Null,
            };
            view.insert(member.to_owned(), value);
        }
        Value::Object(view)
    }

    fn pending_logs(&self, wanted: &Value) -> Value {
        let wanted: Vec<&str> = wanted.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let now: Vec<&str> = self.facts.settings.texts(LOGS).collect();
        let without = |these: &[&str], those: &[&str]| -> Vec<String> {
            these.iter().filter(|log| !those.contains(log)).map(|log| (*log).to_owned()).collect()
        };
        json!({ "LogTypesToEnable": without(&wanted, &now), "LogTypesToDisable": without(&now, &wanted) })
    }
}

/// Begins to apply what is due, and schedules the rest for the next maintenance window.
pub(super) fn proceed(state: &mut State, uid: &DatabaseUid) {
    let now = state.now;
    let Some(found) = uid.find(state) else { return };
    let due = found.pending.due(uid.kind);
    let waits = found.pending.0.len() > due.len();
    let window = found.facts.settings.text("PreferredMaintenanceWindow").and_then(|text| WeeklyWindow::read(text).ok());
    if let Some(window) = window.filter(|_| waits) {
        let uid = uid.clone();
        state.at_in(&uid.region.clone(), window.next(now), move |state| in_window(state, &uid, window));
    }
    if !due.is_empty() {
        apply_all(state, uid, &due);
    }
}

/// "changes to the DB instance are applied during the next maintenance window" (`ApplyImmediately`).
fn in_window(state: &mut State, uid: &DatabaseUid, window: WeeklyWindow) {
    let Some(found) = uid.find(state).filter(|found| !found.pending.is_empty()) else { return };
    let is_of_this_window = found.facts.settings.text("PreferredMaintenanceWindow") == Some(&window.to_string());
    if is_of_this_window && found.status.allows(Use::Modify) && found.rests {
        found.pending.all_are_due();
    }
    proceed(state, uid);
}

/// Goes through the statuses of all modifications that are due.
fn apply_all(state: &mut State, uid: &DatabaseUid, due: &[(&'static str, Status)]) {
    let is_optimizing = uid.find(state).is_some_and(|found| found.status == Status::StorageOptimization);
    let changes_storage = due.iter().any(|(parameter, _)| STORAGE.contains(parameter));
    let mut steps = vec![Step::lag()];
    let mut ending: Vec<&'static str> = Vec::new();
    let mut stages = STAGES;
    fastrand::Rng::with_seed(changes::number(state, uid)).shuffle(&mut stages);
    for (status, lasts) in stages {
        let beginning: Vec<_> = due.iter().filter(|(_, of)| *of == status).map(|(parameter, _)| *parameter).collect();
        if beginning.is_empty() {
            continue;
        }
        let (ended, begun) = (std::mem::replace(&mut ending, beginning.clone()), beginning);
        steps.push(Step::lasting(status, lasts).with(move |state, uid| {
            apply(state, uid, &ended);
            report(state, uid, &begun, |(_, begins, _)| *begins);
        }));
        if status == Status::Renaming {
            steps.push(Step::lasting(Status::Rebooting, |durations| durations.reboot));
        }
    }
    // "When automated backups are turned on, your DB instance is taken offline and a backup is immediately created" (RDS User Guide,
    // "Enabling automated backups").
    let turns_on_backups = uid.kind == Kind::Instance
        && due.iter().any(|(parameter, _)| *parameter == "BackupRetentionPeriod")
        && uid.find(state).is_some_and(|found| found.facts.retention_days == 0);
    let back_up = move |state: &mut State, uid: &DatabaseUid| {
        if turns_on_backups {
            plan::complete_backup(state, uid);
        }
    };
    let last = move |state: &mut State, uid: &DatabaseUid| apply(state, uid, &ending);
    // "After you modify the storage … the status of the DB instance is storage-optimization" (RDS User Guide).
    if (changes_storage || is_optimizing) && uid.kind == Kind::Instance {
        steps.push(Step::lasting(Status::StorageOptimization, |durations| durations.storage_optimization).with(last));
        steps.push(Step::resting(Status::Available).with(back_up));
    } else {
        steps.push(Step::resting(Status::Available).with(move |state, uid| {
            last(state, uid);
            back_up(state, uid);
        }));
    }
    changes::start(state, uid, steps);
}

/// Applies modifications.
fn apply(state: &mut State, uid: &DatabaseUid, parameters: &[&'static str]) {
    for parameter in parameters {
        let Some(found) = uid.find(state) else { return };
        let Some(Waiting { modification, .. }) = found.pending.0.remove(parameter) else { continue };
        match modification {
            Modification::Setting(value) => found.set(parameter, value),
            Modification::OptionGroup(group) => found.option_group = group,
            Modification::Placement(placement) => found.move_to(placement),
            Modification::Id(id) => rename::rename(state, uid, &id),
            Modification::Password(credentials) => reset(state, uid, credentials),
        }
    }
    report(state, uid, parameters, |(_, _, ends)| *ends);
}

fn report(state: &mut State, uid: &DatabaseUid, parameters: &[&'static str], number: fn(&(&str, u16, u16)) -> u16) {
    let Some(arn) = uid.arn(state) else { return };
    for row in EVENTS.iter().filter(|(parameter, ..)| parameters.contains(parameter)) {
        record_event(state, &arn, EventKind::Numbered(number(row)));
    }
}

/// The master user authenticates with something else.
fn reset(state: &mut State, uid: &DatabaseUid, credentials: Credentials) {
    let is_set = match credentials {
        Credentials::Password(password) => {
            let is_set = managed_secret::set_password(state, uid, &password);
            if is_set {
                managed_secret::switch_off(state, uid);
            }
            is_set
        }
        Credentials::Secret(secret) => managed_secret::switch_on(state, uid, secret),
        Credentials::Rotated => managed_secret::rotate(state, uid),
    };
    if !is_set {
        return;
    }
    let Some(arn) = uid.arn(state) else { return };
    record_event(state, &arn, EventKind::Numbered(16));
}

impl Database {
    fn move_to(&mut self, placement: Placement) {
        let zones = placement.subnet_group.zones();
        let zone = self.facts.settings.text("AvailabilityZone").filter(|zone| zones.contains(*zone));
        if let (None, Some(first)) = (zone, zones.first()) {
            self.set("AvailabilityZone", (*first).into());
        }
        self.memberships.placement = placement;
    }

    /// Sets the value of a setting, and what follows from it.
    pub(super) fn set(&mut self, parameter: &'static str, value: Value) {
        let mut facts = Facts::clone(&self.facts);
        if value.is_null() {
            facts.settings.remove(parameter);
        } else {
            facts.settings.set(parameter, value);
        }
        facts.retention_days = facts.settings.number("BackupRetentionPeriod").unwrap_or_default();
        facts.gib = facts.settings.number("AllocatedStorage").unwrap_or(facts.gib);
        let window = facts.settings.text("PreferredBackupWindow").and_then(|text| DailyWindow::read(text).ok());
        facts.window = window.unwrap_or(facts.window);
        self.facts = Arc::new(facts);
    }
}
