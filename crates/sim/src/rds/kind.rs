//! Instances and clusters: one behaviour with two spellings. This module has all differences in AWS's spelling, except
//! the members that only one kind has (`view`) and the events (`events`).

use crate::call::{Call, Error};

/// The kind of a database, of its snapshots, and of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Instance,
    Cluster,
}

/// AWS's spelling for one kind.
pub(super) struct Spelling {
    /// The name of a database as a response member, and its resource type in an ARN.
    pub(super) database: &'static str,
    pub(super) database_arn: &'static str,
    /// The same for its snapshots.
    pub(super) snapshot: &'static str,
    pub(super) snapshot_arn: &'static str,
    /// The same for its parameter groups.
    pub(super) parameter_group: &'static str,
    pub(super) parameter_group_arn: &'static str,
    /// The resource type of its automated backups in an ARN.
    pub(super) automated_backup_arn: &'static str,
    /// The maximum length of the identifier of a manual snapshot.
    pub(super) max_snapshot_id_length: usize,
    /// The name of the filter by database.
    pub(super) filter_database: &'static str,
    /// The prefix of generated resource identifiers.
    pub(super) resource_prefix: &'static str,
    database_not_found: &'static str,
    database_already_exists: &'static str,
    database_invalid_state: &'static str,
    snapshot_not_found: &'static str,
    snapshot_already_exists: &'static str,
    snapshot_invalid_state: &'static str,
}

const INSTANCE: Spelling = Spelling {
    database: "DBInstance",
    database_arn: "db",
    snapshot: "DBSnapshot",
    snapshot_arn: "snapshot",
    parameter_group: "DBParameterGroup",
    parameter_group_arn: "pg",
    automated_backup_arn: "auto-backup",
    max_snapshot_id_length: 255,
    filter_database: "db-instance-id",
    resource_prefix: "db-",
    database_not_found: "DBInstanceNotFound",
    database_already_exists: "DBInstanceAlreadyExists",
    database_invalid_state: "InvalidDBInstanceState",
    snapshot_not_found: "DBSnapshotNotFound",
    snapshot_already_exists: "DBSnapshotAlreadyExists",
    snapshot_invalid_state: "InvalidDBSnapshotState",
};

const CLUSTER: Spelling = Spelling {
    database: "DBCluster",
    database_arn: "cluster",
    snapshot: "DBClusterSnapshot",
    snapshot_arn: "cluster-snapshot",
    parameter_group: "DBClusterParameterGroup",
    parameter_group_arn: "cluster-pg",
    automated_backup_arn: "cluster-auto-backup",
    max_snapshot_id_length: 63,
    filter_database: "db-cluster-id",
    resource_prefix: "cluster-",
    database_not_found: "DBClusterNotFoundFault",
    database_already_exists: "DBClusterAlreadyExistsFault",
    database_invalid_state: "InvalidDBClusterStateFault",
    snapshot_not_found: "DBClusterSnapshotNotFoundFault",
    snapshot_already_exists: "DBClusterSnapshotAlreadyExistsFault",
    snapshot_invalid_state: "InvalidDBClusterSnapshotStateFault",
};

/// The parameters with another name for clusters. None begins with another one.
const PARAMETERS: [(&str, &str); 10] = [
    ("DBInstanceIdentifier", "DBClusterIdentifier"),
    ("DBParameterGroupName", "DBClusterParameterGroupName"),
    ("DBSnapshotIdentifier", "DBClusterSnapshotIdentifier"),
    ("NewDBInstanceIdentifier", "NewDBClusterIdentifier"),
    ("DbiResourceId", "DbClusterResourceId"),
    ("SourceDBSnapshotIdentifier", "SourceDBClusterSnapshotIdentifier"),
    ("TargetDBSnapshotIdentifier", "TargetDBClusterSnapshotIdentifier"),
    ("SourceDBInstanceIdentifier", "SourceDBClusterIdentifier"),
    ("SourceDbiResourceId", "SourceDbClusterResourceId"),
    ("RestoreTime", "RestoreToTime"),
];

/// The parameters of input structures for both kinds that clusters do not have here.
const ONLY_INSTANCES: [&str; 4] =
    ["CopyOptionGroup", "DBInstanceAutomatedBackupsArn", "ForceFailover", "OptionGroupName"];

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Instance, Self::Cluster];

    /// The kind that an operation applies to. Operations for both kinds count as `Instance`.
    pub(super) fn of_operation(operation: &str) -> Self {
        if operation.contains(CLUSTER.database) { Self::Cluster } else { Self::Instance }
    }

    pub(super) fn spelling(self) -> &'static Spelling {
        match self {
            Self::Instance => &INSTANCE,
            Self::Cluster => &CLUSTER,
        }
    }

    /// Input structures for both kinds have the parameters of instances. This renames those of a request for clusters, and
    /// refuses the parameters that only requests for instances have.
    pub(super) fn read_parameters(self, call: &mut Call) -> Result<(), Error> {
        if self == Self::Instance {
            return Ok(());
        }
        let of_instances = PARAMETERS.iter().map(|(instance, _)| instance).chain(&ONLY_INSTANCES);
        if let Some(parameter) = { of_instances }.find(|parameter| call.input.has(parameter)) {
            return Err(Error::not_simulated(format!("the parameter {parameter} of rds:{}", call.operation)));
        }
        PARAMETERS.iter().for_each(|(instance, cluster)| call.input.rename(cluster, instance));
        Ok(())
    }

    /// Names the parameters in an error as the request does.
    pub(super) fn respell(self, error: Error) -> Error {
        if self == Self::Instance {
            return error;
        }
        let message = PARAMETERS.iter().fold(error.message, |message, (instance, cluster)| {
            message.replace(&format!("parameter {instance}"), &format!("parameter {cluster}"))
        });
        Error { message, ..error }
    }

    pub(super) fn database_not_found(self, named: &str) -> Error {
        let Spelling { database, database_not_found, .. } = self.spelling();
        Error::new(database_not_found, format!("{database} {named} not found.")).status(404)
    }

    pub(super) fn database_already_exists(self) -> Error {
        let Spelling { database, database_already_exists, .. } = self.spelling();
        Error::new(database_already_exists, format!("{database} already exists"))
    }

    pub(super) fn invalid_database_state(self, message: impl Into<String>) -> Error {
        Error::new(self.spelling().database_invalid_state, message)
    }

    pub(super) fn snapshot_not_found(self, named: &str) -> Error {
        let Spelling { snapshot, snapshot_not_found, .. } = self.spelling();
        Error::new(snapshot_not_found, format!("{snapshot} not found: {named}")).status(404)
    }

    pub(super) fn snapshot_already_exists(self, named: &str) -> Error {
        let Spelling { snapshot, snapshot_already_exists, .. } = self.spelling();
        Error::new(
            snapshot_already_exists,
            format!("Cannot create the snapshot because a {snapshot} with the identifier {named} already exists."),
        )
    }

    pub(super) fn invalid_snapshot_state(self, message: impl Into<String>) -> Error {
        Error::new(self.spelling().snapshot_invalid_state, message)
    }
}
