//! The statuses of databases, and what a database of each status can be used for.

/// What a database is used for. AWS accepts a request only in some statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rds) enum Use {
    /// A snapshot, also a final one or a daily backup.
    Snapshot,
    /// Modifying settings, and renaming.
    Modify,
    /// A change of the storage: its size, its type, its performance.
    ModifyStorage,
    Reboot,
    Stop,
    Start,
    /// Deleting it without a final snapshot.
    Delete,
    /// Adding an instance to a cluster.
    AddMember,
    /// Restoring it to a point in time, or cloning it.
    Restore,
}

use Use::{AddMember, Delete, Modify, ModifyStorage, Reboot, Restore, Snapshot, Start, Stop};

/// All of AWS's checks that need a working database.
const ALL: &[Use] = &[Snapshot, Modify, ModifyStorage, Reboot, Stop, Delete, AddMember, Restore];
/// A database that is changing. "DeleteDBInstance" has no error for it.
const BUSY: &[Use] = &[Delete, Restore];
/// "When a DB instance is in a failure state and has a status of failed, incompatible-restore, or incompatible-network, you can
/// only delete it when you skip creation of the final snapshot" (`DeleteDBInstance`).
const FAILED: &[Use] = &[Delete];

/// How a status ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rds) enum Class {
    /// The database works.
    Usable,
    /// The status ends by itself.
    Passing,
    /// The database does not work until somebody changes it.
    Halted,
}

use Class::{Halted, Passing, Usable};

/// A status, its name in responses, and its properties.
macro_rules! statuses {
    ($($(#[$doc:meta])* $status:ident = $name:literal, $class:ident, $uses:expr;)*) => {
        /// The status of an instance or a cluster: those of the tables in RDS's and Aurora's guides, "Viewing DB instance status" and
        /// "Viewing DB cluster status".
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::rds) enum Status {
            $($(#[$doc])* $status,)*
        }

        impl Status {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$status,)*];

            /// The status of this name.
            pub(in crate::rds) fn named(name: &str) -> Option<Self> {
                [$(Self::$status,)*].into_iter().find(|status| status.name() == name)
            }

            pub(in crate::rds) fn name(self) -> &'static str {
                match self {
                    $(Self::$status => $name,)*
                }
            }

            pub(in crate::rds) fn class(self) -> Class {
                match self {
                    $(Self::$status => $class,)*
                }
            }

            fn uses(self) -> &'static [Use] {
                match self {
                    $(Self::$status => $uses,)*
                }
            }
        }
    };
}

statuses! {
    Available = "available", Usable, ALL;
    // "The source DB instance must be in the available or storage-optimization state" (`CreateDBSnapshot`). "You can't make further
    // storage modifications" until it ends (RDS User Guide, "Increasing DB instance storage capacity").
    StorageOptimization = "storage-optimization", Usable, &[Snapshot, Modify, Reboot, Stop, Delete, AddMember, Restore];
    BackingUp = "backing-up", Passing, BUSY;
    Backtracking = "backtracking", Passing, BUSY;
    ConfiguringEnhancedMonitoring = "configuring-enhanced-monitoring", Passing, BUSY;
    ConfiguringIamAuthentication = "configuring-iam-database-auth", Passing, BUSY;
    ConfiguringLogExports = "configuring-log-exports", Passing, BUSY;
    ConvertingToVpc = "converting-to-vpc", Passing, BUSY;
    Creating = "creating", Passing, &[Delete];
    DeletePrecheck = "delete-precheck", Passing, &[];
    Deleting = "deleting", Passing, &[];
    FailingOver = "failing-over", Passing, BUSY;
    Maintenance = "maintenance", Passing, BUSY;
    Migrating = "migrating", Passing, BUSY;
    Modifying = "modifying", Passing, BUSY;
    MovingToVpc = "moving-to-vpc", Passing, BUSY;
    Promoting = "promoting", Passing, BUSY;
    Rebooting = "rebooting", Passing, BUSY;
    Renaming = "renaming", Passing, BUSY;
    ResettingMasterCredentials = "resetting-master-credentials", Passing, BUSY;
    Starting = "starting", Passing, BUSY;
    Stopping = "stopping", Passing, BUSY;
    StorageConfigUpgrade = "storage-config-upgrade", Passing, BUSY;
    // "It remains available for operations" (the table of statuses). No text says for which ones, so the database can be queried only.
    StorageInitialization = "storage-initialization", Passing, BUSY;
    /// A cluster that is deleted, while its final snapshot is taken: "The status of the DB cluster is available while the snapshot is
    /// being taken" (the command line's reference, `delete-db-cluster`).
    TakingFinalSnapshot = "available", Passing, &[];
    UpdatingIamAuthentication = "update-iam-db-auth", Passing, BUSY;
    Upgrading = "upgrading", Passing, BUSY;
    Stopped = "stopped", Halted, &[Start, Delete, Restore];
    // "To fix this, increase the storage" (the table of statuses).
    StorageFull = "storage-full", Halted, &[Modify, ModifyStorage, Delete, Restore];
    /// RDS cannot use the encryption key. Within seven days, the database can be started with the key enabled again.
    InaccessibleRecoverable = "inaccessible-encryption-credentials-recoverable", Halted, &[Start, Delete];
    /// The same after seven days.
    Inaccessible = "inaccessible-encryption-credentials", Halted, FAILED;
    CloningFailed = "cloning-failed", Halted, FAILED;
    Failed = "failed", Halted, FAILED;
    IncompatibleCreate = "incompatible-create", Halted, FAILED;
    IncompatibleCredentials = "incompatible-credentials", Halted, &[Modify, Reboot, Delete];
    // "'incompatible-network (only valid for non-SqlServer instances)'" is in the error of `StartDBInstance`.
    IncompatibleNetwork = "incompatible-network", Halted, &[Start, Delete];
    IncompatibleOptionGroup = "incompatible-option-group", Halted, &[Modify, Delete, Restore];
    // "Try to restart your DB instance" after the parameter group was changed or reset (RDS User Guide, "Parameter group
    // considerations").
    IncompatibleParameters = "incompatible-parameters", Halted, &[Modify, Reboot, Delete, Restore];
    IncompatibleRestore = "incompatible-restore", Halted, FAILED;
    InsufficientCapacity = "insufficient-capacity", Halted, FAILED;
    MigrationFailed = "migration-failed", Halted, FAILED;
    ModifyFailed = "modify-failed", Halted, &[Modify, Delete, Restore];
    RestoreError = "restore-error", Halted, FAILED;
    RestoreFailed = "restore-failed", Halted, FAILED;
    UpgradeFailed = "upgrade-failed", Halted, &[Modify, Delete, Restore];
}

impl Status {
    pub(in crate::rds) fn allows(self, wanted: Use) -> bool {
        self.uses().contains(&wanted)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Class, Status, Use};

    #[test]
    fn only_a_usable_database_has_snapshots_and_none_but_the_final_one_shares_a_name() {
        for status in Status::ALL {
            assert_eq!(status.allows(Use::Snapshot), status.class() == Class::Usable, "{status:?}");
        }
        let names: BTreeSet<_> = Status::ALL.iter().map(|status| status.name()).collect();
        assert_eq!(names.len(), Status::ALL.len() - 1);
    }

    #[test]
    fn every_database_that_does_not_work_can_be_deleted() {
        for status in Status::ALL.iter().filter(|status| status.class() == Class::Halted) {
            assert!(status.allows(Use::Delete), "{status:?}");
        }
    }
}
