//! What becomes of a restored database: it becomes available, or it has the status of a failure.

use super::super::databases::plan::{Data, Ends};
use super::super::databases::{DatabaseUid, Status};
use super::super::events::{EventKind, record_event};
use super::super::groups::network;
use super::super::keys::has_usable_key;
use super::super::{RdsContext, find_snapshot_by_uid};
use super::loading;
use crate::questions::{RestoreKeyLost, RestoreSourceDeleted};
use crate::world::{State, World};

/// A failure of restores that no request causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreFailure {
    /// "The DB instance has failed and Amazon RDS can't recover it."
    Failed,
    /// "The DB instance can't be started" for want of network resources.
    IncompatibleNetwork,
    /// "The DB instance can't start because the parameters specified in the instance's DB parameter group aren't compatible with the DB
    /// instance."
    IncompatibleParameters,
    /// "Amazon RDS can't do a point-in-time restore. Common causes for this status include using temp tables, using MyISAM tables with
    /// MySQL, or using Aria tables with MariaDB."
    IncompatibleRestore,
    /// "An attempt to create … your DB instance" failed as no capacity was available.
    InsufficientCapacity,
}

impl RestoreFailure {
    /// All failures.
    pub const ALL: [Self; 5] = [
        Self::Failed,
        Self::IncompatibleNetwork,
        Self::IncompatibleParameters,
        Self::IncompatibleRestore,
        Self::InsufficientCapacity,
    ];

    fn status(self) -> Status {
        match self {
            Self::Failed => Status::Failed,
            Self::IncompatibleNetwork => Status::IncompatibleNetwork,
            Self::IncompatibleParameters => Status::IncompatibleParameters,
            Self::IncompatibleRestore => Status::IncompatibleRestore,
            Self::InsufficientCapacity => Status::InsufficientCapacity,
        }
    }
}

impl World {
    /// Lets all restores that end from now on fail in this way. `None`: they do not.
    pub fn fail_restores(&self, failure: Option<RestoreFailure>) {
        self.change(|state| state.restore_failure = failure);
    }
}

/// The status in which a restore from this source ends.
pub(super) fn of(data: &Data, ctx: &RdsContext) -> Ends {
    let snapshot = match data {
        Data::Snapshot(uid) => Some(uid.clone()),
        Data::New { .. } | Data::OfCluster | Data::PointInTime { .. } => None,
    };
    let (account, region) = (ctx.caller.account.clone(), ctx.region.clone());
    let status = move |state: &mut State, database: &DatabaseUid| {
        let is_deleted = snapshot.is_some_and(|uid| find_snapshot_by_uid(state, &uid).is_none());
        if let Some(failure) = state.restore_failure {
            return failure.status();
        }
        if is_deleted && state.settings.answers.restore_source_deleted == RestoreSourceDeleted::Fails {
            return Status::Failed;
        }
        let Some(found) = database.find(state) else { return Status::Failed };
        let vpc = found.memberships.placement.subnet_group.vpc.clone();
        // "Some resources … aren't available", such as the VPC (the table of statuses).
        if !network::exists(state, (&account, &region), &vpc) {
            return Status::IncompatibleNetwork;
        }
        let status = after_key(state, database);
        if status == Status::Available {
            loading::start(state, database);
        }
        status
    };
    Box::new(move |state, database| {
        let status = status(state, database);
        if let Some(arn) = database.arn(state).filter(|_| status != Status::Available) {
            record_event(state, &arn, EventKind::RestoreFailed(status.name()));
        }
        status
    })
}

/// A key that was disabled meanwhile: the world's answer to `restore-key-lost`.
fn after_key(state: &mut State, database: &DatabaseUid) -> Status {
    let Some(arn) = database.arn(state) else { return Status::Failed };
    match (has_usable_key(state, &arn), state.settings.answers.restore_key_lost) {
        (true, _) => Status::Available,
        (false, RestoreKeyLost::Inaccessible) => Status::InaccessibleRecoverable,
        (false, RestoreKeyLost::Failed) => Status::Failed,
    }
}
