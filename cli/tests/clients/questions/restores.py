"""RDS: restores from snapshots and to a time, and automated backups."""

import datetime
import time

from asking import REFUSED, question, refusal, shared
from questions import clusters
from questions.databases import common, describe, instance
from questions.snapshots import common as snapshot
from questions.snapshots import common_of_cluster as cluster_snapshot
from references import Api, Example

EXISTS = Api("rds", "DBInstanceAlreadyExistsFault", "The user already has a DB instance with the given identifier.")
CLUSTER_EXISTS = Api("rds", "DBClusterAlreadyExistsFault", "The user already has a DB cluster with the given identifier.")
NO_SNAPSHOT = Api("rds", "DBSnapshotNotFoundFault", "DBSnapshotIdentifier doesn't refer to an existing DB snapshot.")
NO_INSTANCE = Api("rds", "DBInstanceNotFoundFault", "DBInstanceIdentifier doesn't refer to an existing DB instance.")
NO_CLUSTER = Api("rds", "DBClusterNotFoundFault", "DBClusterIdentifier doesn't refer to an existing DB cluster.")
NO_BACKUPS = Api("rds", "PointInTimeRestoreNotEnabledFault", "refers to a DB instance with BackupRetentionPeriod equal to 0.")
BOTH_TIMES = Api("rds", "RestoreDBInstanceToPointInTime", "Can't be specified if the RestoreTime parameter is provided.")
BOTH_TIMES_OF_CLUSTERS = Api(
    "rds", "RestoreDBClusterToPointInTime", "Can't be specified if the UseLatestRestorableTime parameter is enabled"
)
SINGLE = Api(
    "rds", "RestoreDBInstanceFromDBSnapshot", "By default, the new DB instance is created as a Single-AZ deployment"
)
RESTORED = "rds/restore-db-instance-from-db-snapshot"
RESTORED_CLUSTER = "rds/restore-db-cluster-from-snapshot"


def restore(aws, **params):
    wanted = {"DBInstanceIdentifier": aws.new("restored"), "DBSnapshotIdentifier": snapshot(aws)["DBSnapshotIdentifier"]} | params
    return aws.rds.RestoreDBInstanceFromDBSnapshot(**wanted)["DBInstance"]


def restore_cluster(aws, **params):
    wanted = {"DBClusterIdentifier": aws.new("restored"), "SnapshotIdentifier": cluster_snapshot(aws)["DBClusterSnapshotIdentifier"]}
    return aws.rds.RestoreDBClusterFromSnapshot(**wanted | {"Engine": "aurora-mysql"} | params)["DBCluster"]


@shared
def backed_up(aws):
    """An instance with automated backups."""
    return instance(aws, BackupRetentionPeriod=7)


def to_time(aws, **params):
    wanted = {"SourceDBInstanceIdentifier": backed_up(aws), "TargetDBInstanceIdentifier": aws.new("rewound")} | params
    return aws.rds.RestoreDBInstanceToPointInTime(**wanted)["DBInstance"]


def cluster_to_time(aws, **params):
    wanted = {"SourceDBClusterIdentifier": clusters.common(aws), "DBClusterIdentifier": aws.new("rewound")} | params
    return aws.rds.RestoreDBClusterToPointInTime(**wanted)["DBCluster"]


@question("creating", Example(RESTORED, '"DBInstanceStatus": "creating"'))
def the_status_of_a_restored_instance(aws):
    return restore(aws)["DBInstanceStatus"]


@question(False, Example(RESTORED, '"DeletionProtection": false'))
def the_protection_of_a_restored_instance(aws):
    return restore(aws)["DeletionProtection"]


@question(False, SINGLE)
def the_zones_of_a_restored_instance(aws):
    return restore(aws)["MultiAZ"]


@question(True, Api("rds", "RestoreDBInstanceFromDBSnapshot", "Default: The same DBInstanceClass as the original DB instance."))
def the_class_of_a_restored_instance(aws):
    return restore(aws)["DBInstanceClass"] == describe(aws, common(aws))["DBInstanceClass"]


@question("DBInstanceAlreadyExists", EXISTS)
def restoring_an_instance_under_the_name_of_another(aws):
    return refusal(lambda: restore(aws, DBInstanceIdentifier=common(aws)))


@question("DBSnapshotNotFound", NO_SNAPSHOT)
def restoring_a_snapshot_that_does_not_exist(aws):
    return refusal(lambda: restore(aws, DBSnapshotIdentifier=aws.new("nosuch")))


@question(REFUSED, Api("rds", "RestoreDBInstanceFromDBSnapshot", "Can't end with a hyphen or contain two consecutive hyphens."))
def restoring_an_instance_under_a_name_with_two_hyphens(aws):
    return refusal(lambda: restore(aws, DBInstanceIdentifier="two--hyphens"))


@question("creating", Example(RESTORED_CLUSTER, '"Status": "creating"'))
def the_status_of_a_restored_cluster(aws):
    return restore_cluster(aws)["Status"]


@question([], Example(RESTORED_CLUSTER, '"DBClusterMembers": []'))
def the_members_of_a_restored_cluster(aws):
    return restore_cluster(aws)["DBClusterMembers"]


@question("DBClusterAlreadyExistsFault", CLUSTER_EXISTS)
def restoring_a_cluster_under_the_name_of_another(aws):
    return refusal(lambda: restore_cluster(aws, DBClusterIdentifier=clusters.common(aws)))


@question(REFUSED, Api("rds", "RestoreDBClusterFromSnapshot", "Must match the identifier of an existing Snapshot."))
def restoring_a_cluster_snapshot_that_does_not_exist(aws):
    return refusal(lambda: restore_cluster(aws, SnapshotIdentifier=aws.new("nosuch")))


@question(REFUSED, Api("rds", "RestoreDBClusterFromSnapshot", "Must be compatible with the engine of the source"))
def restoring_a_cluster_snapshot_with_another_engine(aws):
    return refusal(lambda: restore_cluster(aws, Engine="aurora-postgresql"))


@question("creating", Api("rds", "RestoreDBClusterToPointInTime", "Restores a DB cluster to an arbitrary point in time."))
def the_status_of_a_cluster_restored_to_a_time(aws):
    for _ in range(100):
        if "LatestRestorableTime" in clusters.describe(aws, clusters.common(aws)):
            break
        time.sleep(0.1)
    return cluster_to_time(aws, UseLatestRestorableTime=True)["Status"]


@question(REFUSED, BOTH_TIMES)
def restoring_an_instance_to_two_times(aws):
    now = datetime.datetime(2026, 11, 21, 3)
    return refusal(lambda: to_time(aws, UseLatestRestorableTime=True, RestoreTime=now))


@question(REFUSED, Api("rds", "RestoreDBInstanceToPointInTime", "Must be before the latest restorable time for the DB instance."))
def restoring_an_instance_to_the_future(aws):
    return refusal(lambda: to_time(aws, RestoreTime=datetime.datetime(2100, 1, 1)))


@question("DBInstanceNotFound", NO_INSTANCE)
def restoring_an_instance_that_does_not_exist_to_a_time(aws):
    return refusal(lambda: to_time(aws, SourceDBInstanceIdentifier=aws.new("nosuch"), UseLatestRestorableTime=True))


@question("PointInTimeRestoreNotEnabled", NO_BACKUPS)
def restoring_an_instance_without_backups_to_a_time(aws):
    return refusal(lambda: to_time(aws, SourceDBInstanceIdentifier=common(aws), UseLatestRestorableTime=True))


@question("DBClusterNotFoundFault", NO_CLUSTER)
def restoring_a_cluster_that_does_not_exist_to_a_time(aws):
    return refusal(lambda: cluster_to_time(aws, SourceDBClusterIdentifier=aws.new("nosuch"), UseLatestRestorableTime=True))


@question(REFUSED, BOTH_TIMES_OF_CLUSTERS)
def restoring_a_cluster_to_two_times(aws):
    now = datetime.datetime(2026, 11, 21, 3)
    return refusal(lambda: cluster_to_time(aws, UseLatestRestorableTime=True, RestoreToTime=now))


@question(
    REFUSED, Api("rds", "RestoreDBClusterToPointInTime", "Can't be specified if the RestoreType parameter is copy-on-write")
)
def cloning_a_cluster_as_of_a_time(aws):
    now = datetime.datetime(2026, 11, 21, 3)
    return refusal(lambda: cluster_to_time(aws, RestoreType="copy-on-write", RestoreToTime=now))


@question(
    True, Api("rds", "DBCluster", "the operation populates the ID value for the source cluster and the clone because both clusters")
)
def the_clone_group_of_a_cluster_and_its_clone(aws):
    source = clusters.cluster(aws)
    clone = cluster_to_time(aws, SourceDBClusterIdentifier=source, RestoreType="copy-on-write", UseLatestRestorableTime=True)
    return clone["CloneGroupId"] == clusters.describe(aws, source)["CloneGroupId"]


@question(True, Api("rds", "DescribeDBInstanceAutomatedBackups", "Displays backups for both current and deleted instances."))
def the_automated_backups_of_an_instance(aws):
    resource = describe(aws, backed_up(aws))["DbiResourceId"]
    found = aws.rds.DescribeDBInstanceAutomatedBackups(DbiResourceId=resource)["DBInstanceAutomatedBackups"]
    return [backup["DBInstanceIdentifier"] for backup in found] == [backed_up(aws)]


@question(
    "DBInstanceAutomatedBackupNotFound",
    Api("rds", "DBInstanceAutomatedBackupNotFoundFault", "No automated backup for this DB instance was found."),
)
def deleting_automated_backups_that_do_not_exist(aws):
    return refusal(aws.rds.DeleteDBInstanceAutomatedBackup, DbiResourceId="db-ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@question(
    True, Api("rds", "DescribeDBClusterAutomatedBackups", "Displays backups for both current and deleted DB clusters.")
)
def the_automated_backups_of_a_cluster(aws):
    name = clusters.common(aws)
    found = aws.rds.DescribeDBClusterAutomatedBackups(DBClusterIdentifier=name)["DBClusterAutomatedBackups"]
    return [backup["DBClusterIdentifier"] for backup in found] == [name]


@question(
    REFUSED,
    Api("rds", "DBClusterAutomatedBackupNotFoundFault", "No automated backup for this DB cluster was found."),
)
def deleting_automated_backups_of_a_cluster_that_do_not_exist(aws):
    return refusal(aws.rds.DeleteDBClusterAutomatedBackup, DbClusterResourceId="cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ")
