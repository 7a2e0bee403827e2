"""The differences between sim and MiniStack in RDS, in the format of `differences_moto.py`."""

from differences_moto_rds import DESCRIBED, PUBLISHED, SIZES, SUPPORTED
from not_simulated import (
    ACCESS,
    ENGINES,
    HARDWARE,
    MAINTENANCE,
    MODES,
    MONITORING,
    NETWORKS,
    REPLICAS,
    RESTORING,
)
from references import Api, Example, ExampleWithout, NotSupported, Open, Page, Undecided

OPTION_GROUPS = Undecided("The API reference describes the member. No example of a cluster has it.")

RDS_INSTANCE = [
    ("sim", "*DBInstance*", ["DatabaseInsightsMode", "DedicatedLogVolume"], PUBLISHED),
    # Without a request, gp3 has 3000 IOPS and 125 MiB/s.
    ("sim", "*DBInstance*", ["Iops"], PUBLISHED),
    (
        "both",
        "*DBInstance*",
        ["StorageThroughput"],
        Page(
            "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html",
            "On gp3 storage volumes, Amazon RDS provides a baseline storage performance of 3000 IOPS and 125 MiB/s.",
        ),
    ),
    ("sim", "*DBInstance*", ["EngineLifecycleSupport"], SUPPORTED),
    (
        "both",
        "*DBInstance*",
        ["PubliclyAccessible"],
        Api(
            "rds",
            "CreateDBInstance",
            "PubliclyAccessible defaults to false for Aurora instances and true for non-Aurora",
        ),
    ),
    (
        "both",
        "*",
        ["StorageType"],
        Api("rds", "CreateDBInstance", "Default: io1, if the Iops parameter is specified. Otherwise, gp3."),
    ),
    ("sim", "DescribeDBSnapshots", ["Error"], Open("snapshots-of-missing-database")),
    ("other", "DescribeDBSnapshots", ["DBSnapshots"], Open("snapshots-of-missing-database")),
    (
        "other",
        "*DBInstance*",
        [
            "CustomerOwnedIpEnabled",
            "DBSecurityGroups",
            "DomainMemberships",
            "Endpoint.HostedZoneId",
        ],
        NETWORKS,
    ),
    ("both", "*DBInstance*", ["DBSubnetGroup.Subnets"], Example("rds/create-db-instance", '"SubnetIdentifier": "subnet-########"')),
    ("sim", "*DBInstance*", ["DBSubnetGroup.SupportedNetworkTypes"], PUBLISHED),
    ("both", "*DBInstance*", ["VpcSecurityGroups"], Example("rds/create-db-instance", '"VpcSecurityGroupId": "sg-12345abc"')),
    ("other", "*DBInstance*", ["LatestRestorableTime"], RESTORING),
    (
        "other",
        "CreateDBInstance",
        ["Endpoint"],
        Api("rds", "DBInstance", "The endpoint might not be shown for instances with the status of creating"),
    ),
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
            "MonitoringRoleArn",
            "PerformanceInsightsRetentionPeriod",
        ],
        MONITORING,
    ),
    (
        "other",
        "*DBInstance*",
        ["CertificateDetails.ValidTill"],
        MAINTENANCE,
    ),
    ("other", "*DBInstance*", ["AssociatedRoles"], ACCESS),
    (
        "other",
        "*DBInstance*",
        ["IsStorageConfigUpgradeAvailable", "ProcessorFeatures"],
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
    ("sim", "*DBCluster*", ["DatabaseInsightsMode", "PerformanceInsightsEnabled"], MODES),
    (
        "sim",
        "*DBCluster*",
        ["MonitoringInterval"],
        Api("rds", "CreateDBCluster", "Valid Values: 0 | 1 | 5 | 10 | 15 | 30 | 60 Default: 0"),
    ),
    (
        "sim",
        "*DBCluster*",
        ["AutoMinorVersionUpgrade"],
        Api("rds", "CreateDBCluster", "By default, minor engine upgrades are applied automatically."),
    ),
    (
        "other",
        "*DBCluster*",
        ["HostedZoneId"],
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
    ("other", "*DBCluster*", ["CrossAccountClone"], REPLICAS),
    ("other", "*DBCluster*", ["ActivityStreamStatus"], MONITORING),
    ("other", "*DBCluster*", ["AssociatedRoles"], ACCESS),
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
        SIZES,
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
        ["StorageType"],
        DESCRIBED,
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
