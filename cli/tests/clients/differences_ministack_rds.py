"""The differences between sim and MiniStack in RDS, in the format of `differences_moto.py`."""

from not_simulated import (
    ACCESS,
    ENGINES,
    GROUPS,
    HARDWARE,
    MAINTENANCE,
    MONITORING,
    NETWORKS,
    REPLICAS,
    RESTORING,
)
from references import Api, Example, ExampleWithout, NotSupported, Page

RDS_INSTANCE = [
    (
        "other",
        "*DBInstance*",
        [
            "CustomerOwnedIpEnabled",
            "DBSecurityGroups",
            "DBSubnetGroup",
            "DomainMemberships",
            "Endpoint.HostedZoneId",
            "NetworkType",
            "PubliclyAccessible",
            "VpcSecurityGroups",
        ],
        NETWORKS,
    ),
    ("other", "*DBInstance*", ["DBParameterGroups", "OptionGroupMemberships"], GROUPS),
    ("other", "*DBInstance*", ["LatestRestorableTime"], RESTORING),
    (
        "other",
        "*DBInstance*",
        [
            "ReadReplicaDBClusterIdentifiers",
            "ReadReplicaDBInstanceIdentifiers",
            "ReadReplicaSourceDBInstanceIdentifier",
            "ReplicaMode",
            "StatusInfos",
        ],
        REPLICAS,
    ),
    (
        "other",
        "*DBInstance*",
        [
            "EnabledCloudwatchLogsExports",
            "EnhancedMonitoringResourceArn",
            "MonitoringInterval",
            "MonitoringRoleArn",
            "PerformanceInsightsEnabled",
            "PerformanceInsightsRetentionPeriod",
        ],
        MONITORING,
    ),
    (
        "other",
        "*DBInstance*",
        ["AutoMinorVersionUpgrade", "CACertificateIdentifier", "CertificateDetails"],
        MAINTENANCE,
    ),
    ("other", "*DBInstance*", ["AssociatedRoles"], ACCESS),
    (
        "other",
        "*DBInstance*",
        ["BackupTarget", "IsStorageConfigUpgradeAvailable", "ProcessorFeatures", "StorageThroughput"],
        HARDWARE,
    ),
    (
        "other",
        "*DBInstance*",
        ["DBClusterIdentifier"],
        Api("rds", "DBInstance", "If the DB instance is a member of a DB cluster, indicates the name"),
    ),
    (
        "other",
        "*DBInstance*",
        ["DBName"],
        Api("rds", "DBInstance", "The initial database name that you provided (if required)"),
    ),
    (
        "other",
        "*DBInstance*",
        ["PendingModifiedValues"],
        Api("rds", "DBInstance", "This information is returned only when there are pending changes."),
    ),
    ("other", "*DBInstance*", ["PromotionTier"], ExampleWithout("rds/create-db-instance")),
    (
        "both",
        "*DBInstance*",
        ["Endpoint.Address"],
        Example("rds/describe-db-instances", '"Address": "mydbinstancecf.abcexample.us-east-1.rds.amazonaws.com"'),
    ),
    (
        "other",
        "*DBInstance*",
        ["KmsKeyId"],
        Api("rds", "DBInstance", "If StorageEncrypted is enabled, the Amazon Web Services KMS key identifier"),
    ),
    (
        "both",
        "CreateDBInstance",
        ["DBInstanceStatus"],
        Example("rds/create-db-instance", '"DBInstanceStatus": "creating"'),
    ),
    # Sim returns the requested value.
    (
        "both",
        "*DBInstance*",
        ["PreferredBackupWindow"],
        Api(
            "rds",
            "DBInstance",
            "The daily time range during which automated backups are created if automated backups",
        ),
    ),
    (
        "other",
        "*DBSnapshot*",
        ["KmsKeyId"],
        Api("rds", "DBSnapshot", "If Encrypted is true, the Amazon Web Services KMS key identifier"),
    ),
    ("other", "*DBSnapshot*", ["SnapshotDatabaseTime"], ENGINES),
    ("other", "*DBSnapshot*", ["VpcId"], NETWORKS),
    ("sim", "*DBSnapshot*", ["ProcessorFeatures"], Example("rds/create-db-snapshot", '"ProcessorFeatures": []')),
    ("both", "CreateDBSnapshot", ["Status"], Example("rds/create-db-snapshot", '"Status": "creating"')),
    ("both", "CreateDBSnapshot", ["PercentProgress"], Example("rds/create-db-snapshot", '"PercentProgress": 0')),
    # A snapshot that is being created has no creation time yet.
    (
        "other",
        "CreateDBSnapshot",
        ["OriginalSnapshotCreateTime", "SnapshotCreateTime"],
        ExampleWithout("rds/create-db-snapshot"),
    ),
    (
        "sim",
        "DescribeDBSnapshots",
        ["DBSnapshots", "DBSnapshots[compared-2]"],
        NotSupported("rds", "CopyDBSnapshot"),
    ),
    ("other", "DescribeDBSnapshots", ["Error"], NotSupported("rds", "CopyDBSnapshot")),
    # The final snapshot.
    (
        "both",
        "DescribeDBSnapshots",
        ["TagList"],
        Api("rds", "CreateDBInstance", "By default, tags are not copied."),
    ),
    (
        "sim",
        "DescribeEvents",
        ["Events[DB instance created]"],
        Page(
            "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html",
            "RDS-EVENT-0005, creation: DB instance created",
        ),
    ),
]

RDS_CLUSTER = [
    (
        "other",
        "*DBCluster*",
        ["DBSubnetGroup", "HostedZoneId", "NetworkType", "VpcSecurityGroups"],
        NETWORKS,
    ),
    ("other", "*DBCluster*", ["DBClusterParameterGroup"], GROUPS),
    ("other", "*DBCluster*", ["EarliestRestorableTime", "LatestRestorableTime"], RESTORING),
    ("other", "*DBCluster*", ["CrossAccountClone"], REPLICAS),
    ("other", "*DBCluster*", ["ActivityStreamStatus"], MONITORING),
    ("other", "*DBCluster*", ["EngineLifecycleSupport"], MAINTENANCE),
    ("other", "*DBCluster*", ["AssociatedRoles", "HttpEndpointEnabled", "ReaderEndpoint"], ACCESS),
    (
        "other",
        "*DBCluster*",
        ["KmsKeyId"],
        Api("rds", "DBCluster", "If StorageEncrypted is enabled, the Amazon Web Services KMS key identifier"),
    ),
    ("both", "CreateDBCluster", ["Status"], Example("rds/create-db-cluster", '"Status": "creating"')),
    (
        "both",
        "*DBClusterSnapshot*",
        ["AllocatedStorage"],
        Example("rds/describe-db-cluster-snapshots", '"AllocatedStorage": 0'),
    ),
    (
        "sim",
        "*DBClusterSnapshot*",
        ["EngineMode"],
        Api("rds", "DBClusterSnapshot", "The engine mode of the database engine for this DB cluster snapshot."),
    ),
    (
        "sim",
        "*DBClusterSnapshot*",
        ["StorageType"],
        Api(
            "rds",
            "DBClusterSnapshot",
            "The storage type associated with the DB cluster snapshot. This setting is only",
        ),
    ),
    ("other", "*DBClusterSnapshot*", ["VpcId"], NETWORKS),
    (
        "both",
        "CreateDBClusterSnapshot",
        ["Status"],
        Example("rds/create-db-cluster-snapshot", '"Status": "creating"'),
    ),
    (
        "both",
        "CreateDBClusterSnapshot",
        ["PercentProgress"],
        Example("rds/create-db-cluster-snapshot", '"PercentProgress": 0'),
    ),
    ("sim", "DescribeDBClusterSnapshots", ["DBClusterSnapshots"], NotSupported("rds", "CopyDBClusterSnapshot")),
    ("sim", "DeleteDBClusterSnapshot", ["DBClusterSnapshot"], NotSupported("rds", "CopyDBClusterSnapshot")),
    ("other", "De*DBClusterSnapshot*", ["Error"], NotSupported("rds", "CopyDBClusterSnapshot")),
    (
        "both",
        "DescribeDBClusterSnapshotAttributes",
        ["AttributeValues"],
        NotSupported("rds", "ModifyDBClusterSnapshotAttribute"),
    ),
]
