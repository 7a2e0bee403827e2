"""RDS: deleting, modifying and starting databases."""

from asking import ACCEPTED, REFUSED, question, refusal
from questions import clusters
from questions.databases import NO_INSTANCE, common, instance
from references import Api, Example

PROTECTED = Api("rds", "CreateDBInstance", "The database can't be deleted when deletion protection is enabled.")


@question(REFUSED, PROTECTED)
def deleting_a_protected_instance(aws):
    return refusal(
        aws.rds.DeleteDBInstance, DBInstanceIdentifier=instance(aws, DeletionProtection=True), SkipFinalSnapshot=True
    )


@question("DBInstanceNotFound", NO_INSTANCE)
def deleting_an_instance_that_does_not_exist(aws):
    return refusal(aws.rds.DeleteDBInstance, DBInstanceIdentifier="none-of-this-name", SkipFinalSnapshot=True)


@question(REFUSED, Api("rds", "DeleteDBInstance", "you must specify the FinalDBSnapshotIdentifier parameter"))
def deleting_an_instance_without_a_word_about_its_last_snapshot(aws):
    return refusal(aws.rds.DeleteDBInstance, DBInstanceIdentifier=common(aws))


@question(REFUSED, Api("rds", "DeleteDBInstance", "also enable SkipFinalShapshot, the command results in an error"))
def deleting_an_instance_with_and_without_a_last_snapshot(aws):
    last = {"SkipFinalSnapshot": True, "FinalDBSnapshotIdentifier": "last"}
    return refusal(aws.rds.DeleteDBInstance, DBInstanceIdentifier=common(aws), **last)


@question("deleting", Example("rds/delete-db-instance", '"DBInstanceStatus": "deleting"'))
def the_status_of_an_instance_that_is_deleted(aws):
    name = instance(aws)
    return aws.rds.DeleteDBInstance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)["DBInstance"]["DBInstanceStatus"]


@question("manual", Api("rds", "DeleteDBInstance", "RDS creates a DB snapshot before the DB instance is deleted."))
def the_last_snapshot_of_an_instance(aws):
    name, last = instance(aws), aws.new("last")
    aws.rds.DeleteDBInstance(DBInstanceIdentifier=name, FinalDBSnapshotIdentifier=last)
    aws.wait("rds", "db_instance_deleted", DBInstanceIdentifier=name)
    return aws.rds.DescribeDBSnapshots(DBSnapshotIdentifier=last)["DBSnapshots"][0]["SnapshotType"]


@question(ACCEPTED, Api("rds", "DeleteDBInstance", "However, manual DB snapshots of the DB instance aren't deleted."))
def a_manual_snapshot_of_a_deleted_instance(aws):
    name, snapshot = instance(aws), aws.new("snapshot")
    aws.rds.CreateDBSnapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=snapshot)
    aws.wait("rds", "db_snapshot_available", DBSnapshotIdentifier=snapshot)
    aws.rds.DeleteDBInstance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    aws.wait("rds", "db_instance_deleted", DBInstanceIdentifier=name)
    return refusal(aws.rds.DescribeDBSnapshots, DBSnapshotIdentifier=snapshot)


@question(
    ACCEPTED,
    Api("rds", "ModifyDBInstance", "Specifies whether the DB instance has deletion protection enabled."),
    PROTECTED,
)
def deleting_an_instance_that_is_no_longer_protected(aws):
    name = instance(aws, DeletionProtection=True)
    aws.rds.ModifyDBInstance(DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
    return refusal(aws.rds.DeleteDBInstance, DBInstanceIdentifier=name, SkipFinalSnapshot=True)


@question("DBInstanceNotFound", NO_INSTANCE)
def modifying_an_instance_that_does_not_exist(aws):
    return refusal(aws.rds.ModifyDBInstance, DBInstanceIdentifier="none-of-this-name", DeletionProtection=False)


@question(
    "InvalidDBInstanceState",
    Api("rds", "StartDBInstance", "Starts an Amazon RDS DB instance that was stopped"),
    Api("rds", "InvalidDBInstanceStateFault", "The DB instance isn't in a valid state."),
)
def starting_an_instance_that_runs(aws):
    return refusal(aws.rds.StartDBInstance, DBInstanceIdentifier=common(aws))


@question("DBClusterNotFoundFault", clusters.NO_CLUSTER)
def modifying_a_cluster_that_does_not_exist(aws):
    return refusal(aws.rds.ModifyDBCluster, DBClusterIdentifier="none-of-this-name", DeletionProtection=False)


@question(
    "InvalidDBClusterStateFault",
    Api("rds", "StartDBCluster", "Starts an Amazon Aurora DB cluster that was stopped"),
    Api(
        "rds",
        "InvalidDBClusterStateFault",
        "The requested operation can't be performed while the cluster is in this state.",
    ),
)
def starting_a_cluster_that_runs(aws):
    return refusal(aws.rds.StartDBCluster, DBClusterIdentifier=clusters.common(aws))
