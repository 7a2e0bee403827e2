"""The differences between sim and moto: see `emulators_test.py`.

For each conversation: which emulator returns the members (`sim`, the `other`, or `both`, with different values), the
calls, the members, and the reference that decides. If the reference only states that a member exists and sim leaves it
out, the member is not needed for keeping snapshots.
"""

from references import Api, Example
from conversations import kms, rds_cluster, rds_instance, sns, states, sts, subscriptions

DIFFERENCES = {
    sts: [
        # The user ID of an account's root is the account. Moto treats the caller as a user.
        (
            "both",
            "GetCallerIdentity",
            ["Arn", "UserId"],
            Api("sts", "GetCallerIdentity", "listed in the aws:userid column in the Principal table"),
        ),
    ],
    kms: [
        ("sim", "*", ["KeyMetadata.KeyUsage", "KeyMetadata.MultiRegion"], Api("kms", "KeyMetadata")),
        (
            "other",
            "*",
            ["KeyMetadata.SigningAlgorithms"],
            Api("kms", "KeyMetadata", "This field appears only when the KeyUsage of the KMS key is SIGN_VERIFY."),
        ),
        (
            "both",
            "DescribeKey",
            ["KeyMetadata.Enabled"],
            Api("kms", "KeyMetadata", "When KeyState is Enabled this value is true, otherwise it is false."),
        ),
        ("sim", "CreateAlias", ["Error"], Api("kms", "CreateAlias", "The alias name cannot begin with alias/aws/.")),
        (
            "other",
            "ListAliases",
            ["Aliases[alias/aws/mine]"],
            Api("kms", "CreateAlias", "The alias name cannot begin with alias/aws/."),
        ),
        ("sim", "ListAliases", ["CreationDate", "LastUpdatedDate"], Api("kms", "AliasListEntry")),
        ("sim", "GetKeyPolicy", ["PolicyName"], Api("kms", "GetKeyPolicy")),
        (
            "sim",
            "GetKeyRotationStatus",
            ["KeyId", "NextRotationDate", "RotationPeriodInDays"],
            Api("kms", "GetKeyRotationStatus"),
        ),
        ("both", "ScheduleKeyDeletion", ["KeyId"], Api("kms", "ScheduleKeyDeletion", "The Amazon Resource Name")),
        ("both", "CancelKeyDeletion", ["KeyId"], Api("kms", "CancelKeyDeletion", "The Amazon Resource Name")),
        ("sim", "ScheduleKeyDeletion", ["KeyState", "PendingWindowInDays"], Api("kms", "ScheduleKeyDeletion")),
        (
            "sim",
            "EnableKey",
            ["Error"],
            Api("kms", "ScheduleKeyDeletion", "It remains in this state for the duration of the waiting period."),
        ),
    ],
    sns: [
        # For HTTP endpoints, which sim does not support.
        (
            "other",
            "GetTopicAttributes",
            ["DeliveryPolicy"],
            Api("sns", "GetTopicAttributes", "DeliveryPolicy – The JSON serialization of the topic's delivery policy."),
        ),
        (
            "other",
            "GetTopicAttributes",
            ["EffectiveDeliveryPolicy"],
            Api("sns", "GetTopicAttributes", "EffectiveDeliveryPolicy – The JSON serialization of the effective"),
        ),
    ],
    states: [
        ("other", "DescribeStateMachine", ["encryptionConfiguration"], Api("stepfunctions", "DescribeStateMachine")),
        (
            "sim",
            "DescribeStateMachine",
            ["loggingConfiguration.includeExecutionData"],
            Api("stepfunctions", "LoggingConfiguration"),
        ),
        (
            "both",
            "StartExecution",
            ["Error"],
            Api("stepfunctions", "InvalidExecutionInput", "The provided JSON input data is not valid."),
        ),
        (
            "sim",
            "DescribeExecution",
            ["cause", "error", "inputDetails", "redriveCount", "redriveStatus", "redriveStatusReason"],
            Api("stepfunctions", "DescribeExecution"),
        ),
        ("sim", "ListExecutions", ["redriveCount"], Api("stepfunctions", "ExecutionListItem")),
        ("sim", "StopExecution", ["stopDate"], Api("stepfunctions", "StopExecution")),
        ("sim", "UpdateStateMachine", ["revisionId"], Api("stepfunctions", "UpdateStateMachine")),
        ("sim", "DescribeStateMachine", ["revisionId"], Api("stepfunctions", "DescribeStateMachine")),
    ],
    rds_instance: [
        (
            "other",
            "*DBInstance*",
            [
                "AssociatedRoles",
                "AutoMinorVersionUpgrade",
                "CACertificateIdentifier",
                "DBParameterGroups",
                "DBSecurityGroups",
                "DomainMemberships",
                "EnabledCloudwatchLogsExports",
                "LatestRestorableTime",
                "MonitoringInterval",
                "OptionGroupMemberships",
                "PreferredMaintenanceWindow",
                "ReadReplicaDBInstanceIdentifiers",
                "VpcSecurityGroups",
            ],
            Api("rds", "DBInstance"),
        ),
        (
            "both",
            "CreateDBInstance",
            ["DBInstanceStatus"],
            Example("rds/create-db-instance", '"DBInstanceStatus": "creating"'),
        ),
        ("both", "*DBInstance*", ["DbInstancePort"], Example("rds/create-db-instance", '"DbInstancePort": 0')),
        (
            "both",
            "*DBInstance*",
            ["LicenseModel"],
            Api("rds", "CreateDBInstance", "RDS for PostgreSQL - postgresql-license"),
        ),
        (
            "sim",
            "*DBSnapshot*",
            [
                "AvailabilityZone",
                "LicenseModel",
                "PercentProgress",
                "ProcessorFeatures",
                "SnapshotTarget",
                "SourceDBSnapshotIdentifier",
                "SourceRegion",
                "StorageType",
            ],
            Api("rds", "DBSnapshot"),
        ),
        ("both", "CreateDBSnapshot", ["Status"], Example("rds/create-db-snapshot", '"Status": "creating"')),
        ("both", "CopyDBSnapshot", ["Status"], Example("rds/copy-db-snapshot", '"Status": "creating"')),
        ("both", "DeleteDBSnapshot", ["Status"], Example("rds/delete-db-snapshot", '"Status": "deleted"')),
        # A snapshot that is being created has no creation time yet.
        (
            "other",
            "C*DBSnapshot",
            ["OriginalSnapshotCreateTime", "SnapshotCreateTime"],
            Example("rds/create-db-snapshot", '"Port": 3306, "AvailabilityZone": "us-east-1b", "VpcId"'),
        ),
        # CopyTags applies in addition to Tags.
        (
            "both",
            "*DBSnapshot*",
            ["TagList"],
            Api("rds", "CopyDBSnapshot", "Specifies whether to copy all tags from the source DB snapshot"),
        ),
        (
            "other",
            "DescribeDBSnapshots",
            ["DBSnapshots[rds:compared-DATE]"],
            Api("rds", "CreateDBInstance", "Setting this parameter to 0 disables automated backups."),
        ),
        # Sim reports snapshots only as events of the source type db-snapshot.
        (
            "other",
            "DescribeEvents",
            ["Events[Backing up DB instance]", "Events[Finished DB instance backup]"],
            Example("rds/describe-events", '"Message": "Backing up DB instance"'),
        ),
    ],
    rds_cluster: [
        (
            "other",
            "*DBCluster*",
            [
                "AssociatedRoles",
                "AutoMinorVersionUpgrade",
                "BacktrackWindow",
                "CrossAccountClone",
                "DBClusterParameterGroup",
                "DBSubnetGroup",
                "DomainMemberships",
                "EarliestRestorableTime",
                "EnabledCloudwatchLogsExports",
                "GlobalWriteForwardingRequested",
                "HostedZoneId",
                "HttpEndpointEnabled",
                "LatestRestorableTime",
                "NetworkType",
                "PreferredMaintenanceWindow",
                "PubliclyAccessible",
                "ReadReplicaIdentifiers",
                "ReaderEndpoint",
                "ScalingConfigurationInfo",
                "VpcSecurityGroups",
            ],
            Api("rds", "DBCluster"),
        ),
        (
            "other",
            "*DBCluster*",
            ["StorageType"],
            Api("rds", "CreateDBCluster", "The storage type isn't returned when you set it to aurora."),
        ),
        ("other", "*DBCluster*", ["KmsKeyId"], Api("rds", "DBCluster", "If StorageEncrypted is enabled, the")),
        (
            "both",
            "CreateDBCluster",
            ["Error"],
            Api("rds", "DBClusterAlreadyExistsFault", "The user already has a DB cluster with the given identifier."),
        ),
        # A cluster with a final snapshot stays available until it exists; this call requests none.
        (
            "both",
            "DeleteDBCluster",
            ["Status"],
            Example("rds/delete-db-cluster", "is available while the snapshot is being taken"),
        ),
        (
            "both",
            "*DBClusterSnapshot*",
            ["AllocatedStorage"],
            Example("rds/describe-db-cluster-snapshots", '"AllocatedStorage": 0'),
        ),
        (
            "sim",
            "*DBClusterSnapshot*",
            [
                "AvailabilityZones",
                "DbClusterResourceId",
                "EngineMode",
                "IAMDatabaseAuthenticationEnabled",
                "LicenseModel",
                "SourceDBClusterSnapshotArn",
                "StorageType",
            ],
            Api("rds", "DBClusterSnapshot"),
        ),
        # A copy takes time too.
        (
            "both",
            "C*DBClusterSnapshot",
            ["Status"],
            Example("rds/create-db-cluster-snapshot", '"Status": "creating"'),
        ),
        (
            "both",
            "C*DBClusterSnapshot",
            ["PercentProgress"],
            Example("rds/create-db-cluster-snapshot", '"PercentProgress": 0'),
        ),
    ],
    subscriptions: [
        ("sim", "*", ["CustomerAwsId", "SubscriptionCreationTime"], Api("rds", "EventSubscription")),
        ("both", "*", ["Enabled"], Example("rds/create-event-subscription", '"Enabled": true')),
        ("both", "CreateEventSubscription", ["Status"], Example("rds/create-event-subscription", '"Status": "creating"')),
        ("both", "DeleteEventSubscription", ["Status"], Example("rds/delete-event-subscription", '"Status": "deleting"')),
    ],
}

# The common operations that no conversation calls, with the reason.
NOT_COMPARED = {}
