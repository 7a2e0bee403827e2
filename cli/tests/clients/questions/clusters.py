"""RDS: DB clusters."""

from asking import ACCEPTED, REFUSED, question, refusal, shared
from references import Api, Example

NO_CLUSTER = Api("rds", "DBClusterNotFoundFault", "DBClusterIdentifier doesn't refer to an existing DB cluster.")
IDENTIFIER = Api(
    "rds",
    "CreateDBCluster",
    "(for Multi-AZ DB clusters) letters, numbers, or hyphens. First character must be a letter.",
)
PROTECTED = Api("rds", "CreateDBCluster", "The database can't be deleted when deletion protection is enabled.")
REQUIRED = Api("rds", "CreateDBCluster", "This setting is required to create a Multi-AZ DB cluster.")
CREATED = "rds/create-db-cluster"

AURORA = {"Engine": "aurora-mysql", "MasterUsername": "draco", "MasterUserPassword": "simulated"}
MULTI_AZ = {
    "Engine": "postgres",
    "MasterUsername": "draco",
    "MasterUserPassword": "simulated",
    "DBClusterInstanceClass": "db.m6gd.large",
    "AllocatedStorage": 100,
    "StorageType": "io1",
    "Iops": 1000,
}


def create(aws, *without, of=AURORA, **params):
    """Creates a cluster. Parameters can be changed or left out."""
    wanted = {"DBClusterIdentifier": aws.new("cluster")} | of | params
    return aws.rds.CreateDBCluster(**{name: value for name, value in wanted.items() if name not in without})[
        "DBCluster"
    ]


def cluster(aws, **params):
    """The identifier of a new cluster that is available."""
    name = create(aws, **params)["DBClusterIdentifier"]
    aws.wait("rds", "db_cluster_available", DBClusterIdentifier=name)
    return name


@shared
def common(aws):
    """A cluster that stays as it is."""
    return cluster(aws)


def describe(aws, name):
    (found,) = aws.rds.DescribeDBClusters(DBClusterIdentifier=name)["DBClusters"]
    return found


def refused(aws, *without, **params):
    return refusal(lambda: create(aws, *without, **params))


@question("creating", Example(CREATED, '"Status": "creating"'))
def the_status_of_a_new_cluster(aws):
    return create(aws)["Status"]


@question("provisioned", Example(CREATED, '"EngineMode": "provisioned"'))
def the_mode_of_a_cluster(aws):
    return create(aws)["EngineMode"]


@question(
    [], Api("rds", "CreateDBCluster", "If you create an Aurora DB cluster, the request creates an empty cluster.")
)
def the_members_of_a_new_cluster(aws):
    return create(aws)["DBClusterMembers"]


@question(3306, Api("rds", "CreateDBCluster", "RDS for MySQL and Aurora MySQL - 3306"))
def the_port_of_aurora_mysql(aws):
    return describe(aws, common(aws))["Port"]


@question(5432, Api("rds", "CreateDBCluster", "RDS for PostgreSQL and Aurora PostgreSQL - 5432"))
def the_port_of_aurora_postgresql(aws):
    return describe(aws, cluster(aws, Engine="aurora-postgresql"))["Port"]


@question(1, Api("rds", "CreateDBCluster", "Default: 1 Constraints: Must be a value from 1 to 35."))
def the_retention_period_by_default(aws):
    return create(aws)["BackupRetentionPeriod"]


@question(REFUSED, Api("rds", "CreateDBCluster", "Default: 1 Constraints: Must be a value from 1 to 35."))
def a_retention_period_of_0_days(aws):
    return refused(aws, BackupRetentionPeriod=0)


@question(REFUSED, Api("rds", "CreateDBCluster", "Default: 1 Constraints: Must be a value from 1 to 35."))
def a_retention_period_of_36_days(aws):
    return refused(aws, BackupRetentionPeriod=36)


@question(
    (False, False, False),
    Example(CREATED, '"DeletionProtection": false'),
    Example(CREATED, '"IAMDatabaseAuthenticationEnabled": false'),
    Example(CREATED, '"CopyTagsToSnapshot": false'),
)
def settings_that_are_off_by_default(aws):
    found = create(aws)
    return found["DeletionProtection"], found["IAMDatabaseAuthenticationEnabled"], found["CopyTagsToSnapshot"]


@question(False, Api("rds", "CreateDBCluster", "The storage type isn't returned when you set it to aurora."))
def the_storage_type_aurora_is_returned(aws):
    return "StorageType" in create(aws, StorageType="aurora")


@question(
    "aurora-iopt1",
    Api("rds", "CreateDBCluster", "with the storage type set to aurora-iopt1, the storage type is returned"),
)
def the_storage_type_aurora_iopt1(aws):
    return create(aws, StorageType="aurora-iopt1")["StorageType"]


@question(REFUSED, Api("rds", "CreateDBCluster", "Aurora DB clusters - aurora | aurora-iopt1"))
def the_storage_type_gp3_for_aurora(aws):
    return refused(aws, StorageType="gp3")


@question(True, Api("rds", "CreateDBCluster", "This parameter is stored as a lowercase string."))
def an_identifier_in_upper_case(aws):
    name = aws.new("Upper")
    return create(aws, DBClusterIdentifier=name)["DBClusterIdentifier"] == name.lower()


@question(True, Api("rds", "DescribeDBClusters", "This parameter isn't case-sensitive."))
def describing_a_cluster_in_upper_case(aws):
    return describe(aws, common(aws).upper())["DBClusterIdentifier"] == common(aws)


@question(
    True, Api("rds", "DescribeDBClusters", "cluster identifier or the Amazon Resource Name (ARN) of the DB cluster")
)
def describing_a_cluster_by_its_arn(aws):
    return describe(aws, describe(aws, common(aws))["DBClusterArn"])["DBClusterIdentifier"] == common(aws)


@question("DBClusterNotFoundFault", NO_CLUSTER)
def describing_a_cluster_that_does_not_exist(aws):
    return refusal(describe, aws=aws, name="none-of-this-name")


@question(
    "DBClusterAlreadyExistsFault",
    Api("rds", "DBClusterAlreadyExistsFault", "already has a DB cluster with the given identifier"),
)
def a_cluster_that_exists(aws):
    return refused(aws, DBClusterIdentifier=common(aws))


@question(REFUSED, IDENTIFIER)
def an_identifier_that_begins_with_a_digit(aws):
    return refused(aws, DBClusterIdentifier="1st")


@question(REFUSED, IDENTIFIER)
def an_identifier_of_64_characters(aws):
    return refused(aws, DBClusterIdentifier="c" * 64)


@question(REFUSED, Api("rds", "CreateDBCluster", "or 1 to 52 (for Multi-AZ DB clusters) letters, numbers, or hyphens."))
def a_multi_az_cluster_with_an_identifier_of_53_characters(aws):
    return refused(aws, of=MULTI_AZ, DBClusterIdentifier="c" * 53)


@question(REFUSED, Api("rds", "CreateDBCluster", "Must be 1 to 16 letters or numbers. First character must be a letter."))
def a_master_user_with_an_underscore(aws):
    return refused(aws, MasterUsername="sh_op")


@question(REFUSED, Api("rds", "CreateDBCluster", "Can't end with a hyphen or contain two consecutive hyphens."))
def an_identifier_with_two_hyphens(aws):
    return refused(aws, DBClusterIdentifier="a--b")


@question(REFUSED, Api("rds", "CreateDBCluster", "Valid Values: aurora-mysql aurora-postgresql mysql postgres neptune"))
def an_engine_that_has_no_clusters(aws):
    return refused(aws, Engine="mariadb")


@question(
    ACCEPTED, Api("rds", "CreateDBCluster", "Valid Values: aurora-mysql aurora-postgresql mysql postgres neptune")
)
def a_cluster_of_neptune(aws):
    return refused(aws, "MasterUsername", "MasterUserPassword", Engine="neptune")


@question(REFUSED, Api("rds", "CreateDBCluster", "Constraints: Must contain from 8 to 41 characters."))
def a_password_of_7_characters(aws):
    return refused(aws, MasterUserPassword="seven77")


@question(
    REFUSED, Api("rds", "CreateDBCluster", "Must be 1 to 16 letters or numbers. First character must be a letter.")
)
def a_master_user_of_17_characters(aws):
    return refused(aws, MasterUsername="d" * 17)


@question(REFUSED, Api("rds", "CreateDBCluster", "Must be in the format ddd:hh24:mi-ddd:hh24:mi."))
def a_maintenance_window_without_days(aws):
    return refused(aws, PreferredMaintenanceWindow="05:00-06:00")


@question(REFUSED, Api("rds", "CreateDBCluster", "Must not conflict with the preferred maintenance window."))
def a_backup_window_within_the_maintenance_window(aws):
    windows = {"PreferredBackupWindow": "05:15-05:45", "PreferredMaintenanceWindow": "sun:05:00-sun:06:00"}
    return refused(aws, **windows)


@question(
    ("db.m6gd.large", 100, "io1", 1000),
    Api("rds", "DBCluster", "The name of the compute and memory capacity class of the DB instance."),
    Api("rds", "DBCluster", "The storage type associated with the DB cluster."),
    Api("rds", "DBCluster", "The Provisioned IOPS (I/O operations per second) value."),
)
def the_settings_of_a_multi_az_cluster(aws):
    found = create(aws, of=MULTI_AZ)
    return tuple(found[name] for name in ("DBClusterInstanceClass", "AllocatedStorage", "StorageType", "Iops"))


@question(REFUSED, REQUIRED)
def a_multi_az_cluster_without_a_class(aws):
    return refused(aws, "DBClusterInstanceClass", of=MULTI_AZ)


@question(REFUSED, REQUIRED)
def a_multi_az_cluster_without_storage(aws):
    return refused(aws, "AllocatedStorage", of=MULTI_AZ)


@question(REFUSED, PROTECTED)
def deleting_a_protected_cluster(aws):
    name = cluster(aws, DeletionProtection=True)
    return refusal(aws.rds.DeleteDBCluster, DBClusterIdentifier=name, SkipFinalSnapshot=True)


@question("DBClusterNotFoundFault", NO_CLUSTER)
def deleting_a_cluster_that_does_not_exist(aws):
    return refusal(aws.rds.DeleteDBCluster, DBClusterIdentifier="none-of-this-name", SkipFinalSnapshot=True)


@question(
    REFUSED, Api("rds", "DeleteDBCluster", "you must specify a value for the FinalDBSnapshotIdentifier parameter")
)
def deleting_a_cluster_without_a_word_about_its_last_snapshot(aws):
    return refusal(aws.rds.DeleteDBCluster, DBClusterIdentifier=common(aws))


@question(
    REFUSED, Api("rds", "DeleteDBCluster", "with the SkipFinalShapshot parameter, the request results in an error")
)
def deleting_a_cluster_with_and_without_a_last_snapshot(aws):
    last = {"SkipFinalSnapshot": True, "FinalDBSnapshotIdentifier": "last"}
    return refusal(aws.rds.DeleteDBCluster, DBClusterIdentifier=common(aws), **last)


@question(
    "available",
    Example("rds/delete-db-cluster", "The status of the DB cluster is available while the snapshot is being taken."),
)
def the_status_of_a_cluster_whose_last_snapshot_is_taken(aws):
    last = {"FinalDBSnapshotIdentifier": aws.new("last")}
    return aws.rds.DeleteDBCluster(DBClusterIdentifier=cluster(aws), **last)["DBCluster"]["Status"]
