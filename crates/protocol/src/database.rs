//! A database, as far as its snapshots need it.

use chrono::{DateTime, Utc};

use crate::backup_window::BackupWindow;
use crate::job::names;
use crate::spec::Spec;
use crate::tags::{self, Tags};

/// A database, as AWS describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Its resource ID, which AWS never gives to another database, and which stays when the database is renamed.
    pub resource_id: String,
    /// Its identifier.
    pub name: String,
    /// When RDS takes its automated backup. `None` if it takes none.
    pub backup_window: Option<BackupWindow>,
    /// Its settings, as far as its own description has them: without the parameters of groups, and of members only the name, the
    /// role and the tier.
    pub spec: Spec,
    /// Its tags.
    pub tags: Tags,
}

impl Database {
    /// The name of its lifecycle.
    #[must_use]
    pub fn lifecycle(&self) -> Option<&str> {
        self.tags.get(tags::LIFECYCLE)
    }

    /// Whether a job provisions it at this time: it has the name that the job gave it, and the deadline of the job is later.
    #[must_use]
    pub fn is_of_job(&self, at: DateTime<Utc>) -> bool {
        names::provisioned_by(&self.name, &self.tags, at).is_some()
    }

    /// The name of its lifecycle, unless that is `Ignore`: snapshots of the database that are taken while no job provisions it are to be
    /// copied.
    #[must_use]
    pub fn protecting_lifecycle(&self) -> Option<&str> {
        self.lifecycle().filter(|name| !name.eq_ignore_ascii_case(tags::IGNORE))
    }
}
