"""The differences between sim and moto in RDS, in the format of `differences_moto.py`."""

from not_simulated import (
    ACCESS,
    BACKUP_EVENTS,
    ENGINES,
    MODES,
    MONITORING,
    NETWORKS,
    REPLICAS,
    RESTORING,
)
from references import Api, Example, ExampleWithout, Open, Undecided

CREATED_INSTANCE = "rds/create-db-instance"
CREATED_SNAPSHOT = "rds/create-db-snapshot"
CREATED_CLUSTER_SNAPSHOT = "rds/create-db-cluster-snapshot"
CREATED_SUBSCRIPTION = "rds/create-event-subscription"

PUBLISHED = Undecided(
    "The API reference describes the members. No example has them, but responses that users published have them."
)
DESCRIBED = Undecided("The API reference describes the member. No example of a cluster snapshot has it.")
SIZES = Undecided("The example of describe-db-cluster-snapshots has 0, that of create-db-cluster-snapshot has 1.")
OPTION_GROUPS = Undecided("The API reference describes the member. No example of a cluster has it.")
SUPPORTED = Api("rds", "CreateDBInstance", "By default, this value is set to open-source-rds-extended-support")

RDS_INSTANCE = [
    ("sim", "*DBInstance*", ["BackupTarget", "DatabaseInsightsMode", "DedicatedLogVolume", "NetworkType"], PUBLISHED),
    # Without a request, gp3 has 3000 IOPS and 125 MiB/s.
    ("sim", "*DBInstance*", ["Iops", "StorageThroughput"], PUBLISHED),
    ("sim", "*DBInstance*", ["EngineLifecycleSupport"], SUPPORTED),
    (
        "sim",
        "*DBInstance*",
        ["PerformanceInsightsEnabled"],
        Example(CREATED_INSTANCE, '"PerformanceInsightsEnabled": false'),
    ),
    ("sim", "*DBInstance*", ["PubliclyAccessible"], Example(CREATED_INSTANCE, '"PubliclyAccessible": true')),
    ("other", "*DBInstance*", ["DBSecurityGroups", "DomainMemberships"], NETWORKS),
    ("sim", "*DBInstance*", ["CertificateDetails"], PUBLISHED),
    ("sim", "*DBInstance*", ["DBSubnetGroup"], Example(CREATED_INSTANCE, '"DBSubnetGroupName": "default"')),
    ("sim", "*DBInstance*", ["PendingModifiedValues"], Example(CREATED_INSTANCE, '"PendingModifiedValues": {')),
    (
        "both",
        "*DBInstance*",
        ["OptionGroupMemberships.OptionGroupName"],
        Example(CREATED_INSTANCE, '"OptionGroupName": "default:mysql-5-7"'),
    ),
    ("other", "*DBInstance*", ["LatestRestorableTime"], RESTORING),
    (
        "other",
        "CreateDBInstance",
        ["Endpoint"],
        Api("rds", "DBInstance", "The endpoint might not be shown for instances with the status of creating"),
    ),
    ("other", "*DBInstance*", ["ReadReplicaDBInstanceIdentifiers"], REPLICAS),
    ("other", "*DBInstance*", ["EnabledCloudwatchLogsExports"], MONITORING),
    (
        "both",
        "*DBInstance*",
        ["CACertificateIdentifier"],
        Undecided("An account has a default certificate authority. No text states which one."),
    ),
    ("other", "*DBInstance*", ["AssociatedRoles"], ACCESS),
    ("both", "CreateDBInstance", ["DBInstanceStatus"], Example(CREATED_INSTANCE, '"DBInstanceStatus": "creating"')),
    ("both", "*DBInstance*", ["DbInstancePort"], Example(CREATED_INSTANCE, '"DbInstancePort": 0')),
    (
        "both",
        "*DBInstance*",
        ["LicenseModel"],
        Api("rds", "CreateDBInstance", "RDS for PostgreSQL - postgresql-license"),
    ),
    (
        "both",
        "*",
        ["StorageType"],
        Api("rds", "CreateDBInstance", "Default: io1, if the Iops parameter is specified. Otherwise, gp3."),
    ),
    ("sim", "*DBSnapshot*", ["AvailabilityZone"], Example(CREATED_SNAPSHOT, '"AvailabilityZone": "us-east-1b"')),
    (
        "sim",
        "*DBSnapshot*",
        ["LicenseModel"],
        Example(CREATED_SNAPSHOT, '"LicenseModel": "general-public-license"'),
    ),
    ("sim", "*DBSnapshot*", ["PercentProgress"], Example(CREATED_SNAPSHOT, '"PercentProgress": 0')),
    ("sim", "*DBSnapshot*", ["ProcessorFeatures"], Example(CREATED_SNAPSHOT, '"ProcessorFeatures": []')),
    ("sim", "*DBSnapshot*", ["StorageType"], Example(CREATED_SNAPSHOT, '"StorageType": "io1"')),
    (
        "sim",
        "*DBSnapshot*",
        ["SnapshotTarget"],
        Undecided("The API reference describes the member. No example has it."),
    ),
    ("sim", "*DBSnapshot*", ["SourceRegion"], Example("rds/copy-db-snapshot", '"SourceRegion": "us-east-1"')),
    ("both", "CreateDBSnapshot", ["Status"], Example(CREATED_SNAPSHOT, '"Status": "creating"')),
    ("both", "CopyDBSnapshot", ["Status"], Open("copy-status")),
    ("both", "DeleteDBSnapshot", ["Status"], Example("rds/delete-db-snapshot", '"Status": "deleted"')),
    # A snapshot that is being created has no creation time yet.
    (
        "other",
        "CreateDBSnapshot",
        ["OriginalSnapshotCreateTime", "SnapshotCreateTime"],
        ExampleWithout(CREATED_SNAPSHOT),
    ),
    (
        "other",
        "CopyDBSnapshot",
        ["OriginalSnapshotCreateTime", "SnapshotCreateTime"],
        ExampleWithout("rds/copy-db-snapshot"),
    ),
    ("sim", "DescribeDBSnapshots", ["Error"], Open("snapshots-of-missing-database")),
    ("other", "DescribeDBSnapshots", ["DBSnapshots"], Open("snapshots-of-missing-database")),
    (
        "other",
        "DescribeDBSnapshots",
        ["DBSnapshots[rds:compared-DATE]"],
        Api("rds", "CreateDBInstance", "Setting this parameter to 0 disables automated backups."),
    ),
    (
        "other",
        "DescribeEvents",
        ["Events[Backing up DB instance]", "Events[Finished DB instance backup]"],
        BACKUP_EVENTS,
    ),
]

RDS_CLUSTER = [
    ("sim", "*DBCluster*", ["DatabaseInsightsMode", "PerformanceInsightsEnabled"], MODES),
    (
        "sim",
        "*DBCluster*",
        ["EngineLifecycleSupport"],
        Api("rds", "CreateDBCluster", "By default, this value is set to open-source-rds-extended-support"),
    ),
    (
        "sim",
        "*DBCluster*",
        ["MonitoringInterval"],
        Api("rds", "CreateDBCluster", "Valid Values: 0 | 1 | 5 | 10 | 15 | 30 | 60 Default: 0"),
    ),
    # Without a last snapshot.
    (
        "both",
        "DeleteDBCluster",
        ["Status"],
        Undecided("The guide lists the status. No text or example has the response without a last snapshot."),
    ),
    (
        "other",
        "*DBCluster*",
        [
            "DomainMemberships",
            "HostedZoneId",
            "PubliclyAccessible",
        ],
        NETWORKS,
    ),
    ("sim", "*DBCluster*", ["DBClusterOptionGroupMemberships"], OPTION_GROUPS),
    (
        "both",
        "*DBCluster*",
        ["DBClusterParameterGroup"],
        Example("rds/create-db-cluster", '"DBClusterParameterGroup": "default.aurora-postgresql13"'),
    ),
    (
        "both",
        "*DBCluster*",
        ["VpcSecurityGroups"],
        Example("rds/create-db-cluster", '"VpcSecurityGroupId": "sg-0b9130572daf3dc16", "Status": "active"'),
    ),
    ("other", "*DBCluster*", ["EarliestRestorableTime", "LatestRestorableTime"], RESTORING),
    (
        "other",
        "*DBCluster*",
        ["CrossAccountClone", "GlobalWriteForwardingRequested", "ReadReplicaIdentifiers"],
        REPLICAS,
    ),
    ("other", "*DBCluster*", ["EnabledCloudwatchLogsExports"], MONITORING),
    ("other", "*DBCluster*", ["AssociatedRoles"], ACCESS),
    ("other", "*DBCluster*", ["BacktrackWindow", "ScalingConfigurationInfo"], ENGINES),
    (
        "other",
        "*DBCluster*",
        ["StorageType"],
        Api("rds", "CreateDBCluster", "The storage type isn't returned when you set it to aurora."),
    ),
    (
        "other",
        "*DBCluster*",
        ["KmsKeyId"],
        Api("rds", "DBCluster", "If StorageEncrypted is enabled, the Amazon Web Services KMS key identifier"),
    ),
    (
        "both",
        "*DBClusterSnapshot*",
        ["AllocatedStorage"],
        SIZES,
    ),
    (
        "sim",
        "*DBClusterSnapshot*",
        ["AvailabilityZones"],
        Example(CREATED_CLUSTER_SNAPSHOT, '"AvailabilityZones": [ "us-east-1a", "us-east-1b", "us-east-1e" ]'),
    ),
    (
        "sim",
        "*DBClusterSnapshot*",
        ["DbClusterResourceId"],
        Api(
            "rds",
            "DBClusterSnapshot",
            "The resource ID of the DB cluster that this DB cluster snapshot was created",
        ),
    ),
    (
        "sim",
        "*DBClusterSnapshot*",
        ["EngineMode"],
        DESCRIBED,
    ),
    (
        "sim",
        "*DBClusterSnapshot*",
        ["IAMDatabaseAuthenticationEnabled"],
        Example(CREATED_CLUSTER_SNAPSHOT, '"IAMDatabaseAuthenticationEnabled": false'),
    ),
    (
        "sim",
        "*DBClusterSnapshot*",
        ["LicenseModel"],
        Example(CREATED_CLUSTER_SNAPSHOT, '"LicenseModel": "aurora-mysql"'),
    ),
    (
        "sim",
        "*DBClusterSnapshot*",
        ["SourceDBClusterSnapshotArn"],
        Api(
            "rds",
            "DBClusterSnapshot",
            "copied from a source DB cluster snapshot, the Amazon Resource Name (ARN) for the",
        ),
    ),
    (
        "sim",
        "*DBClusterSnapshot*",
        ["StorageType"],
        DESCRIBED,
    ),
    ("both", "CreateDBClusterSnapshot", ["Status"], Example(CREATED_CLUSTER_SNAPSHOT, '"Status": "creating"')),
    (
        "both",
        "CreateDBClusterSnapshot",
        ["PercentProgress"],
        Example(CREATED_CLUSTER_SNAPSHOT, '"PercentProgress": 0'),
    ),
    ("both", "CopyDBClusterSnapshot", ["PercentProgress", "Status"], Open("cluster-copies")),
]

SUBSCRIPTIONS = [
    ("sim", "*", ["CustomerAwsId"], Example(CREATED_SUBSCRIPTION, '"CustomerAwsId": "123456789012"')),
    (
        "sim",
        "*",
        ["SubscriptionCreationTime"],
        Undecided("AWS's examples have two formats: Tue Jul 31 23:22:01 UTC 2018, and 2018-07-31 23:22:01.893."),
    ),
    ("both", "*", ["Enabled"], Example(CREATED_SUBSCRIPTION, '"Enabled": true')),
    ("both", "CreateEventSubscription", ["Status"], Example(CREATED_SUBSCRIPTION, '"Status": "creating"')),
    (
        "both",
        "DeleteEventSubscription",
        ["Status"],
        Example("rds/delete-event-subscription", '"Status": "deleting"'),
    ),
]
