//! Databases: instances and clusters. With servers (`volumes`) they hold data and accept connections.
//!
//! A database is created or restored by a plan (`plan`), changes through a sequence of statuses (`changes`), each of which allows
//! some uses (`status`), and is found by its identifier or, for good, by its resource identifier (`store`). The operations are in
//! `create`, `describe` (with `view`), `modify`, `power` and `delete`.

pub(super) mod changes;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod describe;
pub(super) mod hosts;
pub(super) mod members;
pub(super) mod modify;
mod pending;
pub(super) mod plan;
pub(super) mod power;
mod rename;
mod status;
mod store;
mod view;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::engines::Engine;
use super::groups::memberships::Memberships;
use super::identifiers::Arn;
use super::kind::Kind;
use super::managed_secret::Secret;
use super::options::{self, OptionGroup};
use super::settings::Settings;
use super::tags::Tags;
use super::windows::DailyWindow;
use super::{RdsContext, read_family};
use crate::call::Error;
use crate::kms::ServiceGrant;
use crate::world::State;
use members::Members;
use pending::Pending;
pub(super) use status::{Class, Status, Use};
pub(super) use store::{DatabaseUid, Databases};

pub(super) struct Database {
    pub(super) arn: Arn,
    pub(super) facts: Arc<Facts>,
    pub(super) status: Status,
    /// The ARN of the encryption key.
    pub(super) key: Option<String>,
    /// RDS's grant on the key.
    pub(super) grant: Option<ServiceGrant>,
    /// Since when RDS knows that it cannot use the key.
    pub(super) key_lost: Option<DateTime<Utc>>,
    pub(super) tags: Tags,
    /// Where RDS keeps the password of the master user, if it manages it.
    pub(super) secret: Option<Secret>,
    pub(super) option_group: Option<OptionGroup>,
    pub(super) memberships: Memberships,
    /// The cluster that an instance is in.
    pub(super) cluster: Option<DatabaseUid>,
    /// The instances of a cluster.
    pub(super) members: Members,
    /// `CloneGroupId` of a cluster that is a clone or was cloned.
    pub(super) clone_group: Option<String>,
    /// When a stopped database starts again by itself.
    restarts: Option<DateTime<Utc>>,
    /// Whether an automated backup has been postponed.
    pub(super) is_backup_due: bool,
    /// Modifications that are not applied yet.
    pending: Pending,
    /// Identifiers that it had before it was renamed.
    former_ids: Vec<String>,
    /// The number of the last change.
    change: u64,
    /// Whether no change is in progress.
    pub(in crate::rds) rests: bool,
    /// How many durations were drawn.
    draws: u64,
}

/// The properties of a database that its snapshots report. A modification replaces them: earlier snapshots keep theirs.
#[derive(Clone)]
pub(super) struct Facts {
    pub(super) id: String,
    /// Unlike the identifier, never used again.
    pub(super) resource_id: String,
    pub(super) engine: &'static Engine,
    pub(super) created: DateTime<Utc>,
    /// The size of a snapshot.
    pub(super) gib: u32,
    pub(super) window: DailyWindow,
    pub(super) retention_days: u32,
    pub(super) settings: Settings,
}

impl Database {
    pub(super) fn engine_version(&self) -> &str {
        self.facts.settings.text("EngineVersion").unwrap_or_default()
    }

    /// The name of its option group: the default, unless a request named another.
    pub(super) fn option_group_name(&self) -> String {
        self.name_of_option_group(self.option_group.as_ref())
    }

    fn name_of_option_group(&self, group: Option<&OptionGroup>) -> String {
        let default = || options::default_name(self.facts.engine, self.engine_version());
        group.map_or_else(default, |group| group.name.clone())
    }

    pub(super) fn tags_for_snapshots(&self) -> Tags {
        if self.facts.settings.flag("CopyTagsToSnapshot") { self.tags.clone() } else { Tags::new() }
    }

    pub(super) fn master_username(&self) -> String {
        self.facts.settings.text("MasterUsername").unwrap_or_default().to_owned()
    }

    /// Whether it is available, and no change is in progress.
    pub(super) fn is_idle(&self) -> bool {
        self.rests && self.status == Status::Available
    }

    /// Refuses a use that the status does not allow.
    pub(super) fn check(&self, wanted: Use) -> Result<(), Error> {
        if self.status.allows(wanted) {
            return Ok(());
        }
        let kind: Kind = self.arn.kind;
        let (database, id, status) = (kind.spelling().database, &self.facts.id, self.status.name());
        Err(kind.invalid_database_state(format!("{database} {id} is not in available state: it is {status}.")))
    }
}

impl RdsContext {
    /// The response that describes one database.
    fn response(&self, state: &mut State, uid: &DatabaseUid) -> Result<Value, Error> {
        let id = uid.arn(state).map_or_else(|| uid.resource_id.clone(), |arn| arn.id);
        let state: &State = state;
        let family = read_family(state, &uid.account, &uid.region, uid.kind);
        let found =
            family.and_then(|family| family.databases.get(&id)).ok_or_else(|| self.kind.database_not_found(&id))?;
        Ok(json!({ uid.kind.spelling().database: view::database(state, found) }))
    }
}
