"""What sim and moto are both asked, and where they may differ: see `moto_test.py`."""

from simulation import REGION

# Moto's only account, if nobody makes others.
ACCOUNT = "123456789012"


def sts(call):
    call("sts", "GetCallerIdentity")


def kms(call):
    key = call("kms", "CreateKey", Description="compared", Tags=[{"TagKey": "team", "TagValue": "shop"}])
    key = key["KeyMetadata"]["KeyId"]
    call("kms", "DescribeKey", KeyId=key)
    call("kms", "CreateAlias", AliasName="alias/compared", TargetKeyId=key)
    call("kms", "CreateAlias", AliasName="alias/compared", TargetKeyId=key)
    call("kms", "CreateAlias", AliasName="alias/aws/mine", TargetKeyId=key)
    call("kms", "DescribeKey", KeyId="alias/compared")
    call("kms", "ListAliases", KeyId=key)
    call("kms", "ListResourceTags", KeyId=key)
    call("kms", "GetKeyPolicy", KeyId=key, PolicyName="default")
    call("kms", "GetKeyRotationStatus", KeyId=key)
    call("kms", "EnableKeyRotation", KeyId=key)
    call("kms", "GetKeyRotationStatus", KeyId=key)
    call("kms", "DisableKey", KeyId=key)
    call("kms", "DescribeKey", KeyId=key)
    call("kms", "ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    call("kms", "DescribeKey", KeyId=key)
    call("kms", "EnableKey", KeyId=key)
    call("kms", "CancelKeyDeletion", KeyId=key)
    call("kms", "DescribeKey", KeyId=key)
    call("kms", "DeleteAlias", AliasName="alias/compared")
    call("kms", "DescribeKey", KeyId="alias/compared")
    call("kms", "DescribeKey", KeyId="00000000-0000-0000-0000-000000000000")


def sns(call):
    topic = call("sns", "CreateTopic", Name="compared")["TopicArn"]
    call("sns", "CreateTopic", Name="compared")
    call("sns", "CreateTopic", Name="not a name")
    call("sns", "ListTopics")
    call("sns", "GetTopicAttributes", TopicArn=topic)
    call("sns", "SetTopicAttributes", TopicArn=topic, AttributeName="DisplayName", AttributeValue="Compared")
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:compared"
    subscription = call("sns", "Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]
    call("sns", "ListSubscriptionsByTopic", TopicArn=topic)
    call("sns", "GetSubscriptionAttributes", SubscriptionArn=subscription)
    call("sns", "Unsubscribe", SubscriptionArn=subscription)
    call("sns", "ListSubscriptions")
    call("sns", "Publish", TopicArn=topic, Subject="hello", Message="world")
    call("sns", "Publish", TopicArn=topic, Subject="s" * 101, Message="world")
    call("sns", "Publish", TopicArn=topic + "-gone", Message="world")
    call("sns", "DeleteTopic", TopicArn=topic)
    call("sns", "GetTopicAttributes", TopicArn=topic)


def rds_instance(call):
    database = {
        "DBInstanceIdentifier": "compared",
        "Engine": "postgres",
        "EngineVersion": "16.4",
        "DBInstanceClass": "db.t4g.medium",
        "AllocatedStorage": 20,
        "MasterUsername": "draco",
        "MasterUserPassword": "simulated",
        "BackupRetentionPeriod": 0,
        "PreferredBackupWindow": "03:10-03:40",
    }
    tags = [{"Key": "team", "Value": "shop"}]
    call("rds", "CreateDBInstance", **database, Tags=tags)
    call("rds", "CreateDBInstance", **database)
    call.wait("rds", "DBInstanceAvailable", DBInstanceIdentifier="compared")
    call("rds", "DescribeDBInstances", DBInstanceIdentifier="compared")
    call("rds", "DescribeDBInstances", DBInstanceIdentifier="nosuch")

    new = {"DBInstanceIdentifier": "compared", "DBSnapshotIdentifier": "compared-1"}
    call("rds", "CreateDBSnapshot", DBInstanceIdentifier="nosuch", DBSnapshotIdentifier="compared-1")
    arn = call("rds", "CreateDBSnapshot", **new, Tags=tags)["DBSnapshot"]["DBSnapshotArn"]
    call.wait("rds", "DBSnapshotAvailable", DBSnapshotIdentifier="compared-1")
    call("rds", "CreateDBSnapshot", **new)
    call("rds", "DescribeDBSnapshots", DBSnapshotIdentifier="compared-1")
    call("rds", "DescribeDBSnapshots", DBSnapshotIdentifier="nosuch")
    call("rds", "DescribeDBSnapshots", DBInstanceIdentifier="nosuch")

    call("rds", "ListTagsForResource", ResourceName=arn)
    call("rds", "AddTagsToResource", ResourceName=arn, Tags=[{"Key": "night", "Value": ""}])
    call("rds", "RemoveTagsFromResource", ResourceName=arn, TagKeys=["team"])
    call("rds", "ListTagsForResource", ResourceName=arn)

    copy = {"SourceDBSnapshotIdentifier": "compared-1", "TargetDBSnapshotIdentifier": "compared-2"}
    call("rds", "CopyDBSnapshot", **copy, CopyTags=True, Tags=[{"Key": "copied", "Value": "yes"}])
    call.wait("rds", "DBSnapshotAvailable", DBSnapshotIdentifier="compared-2")
    call("rds", "CopyDBSnapshot", **copy)
    call("rds", "CopyDBSnapshot", SourceDBSnapshotIdentifier="nosuch", TargetDBSnapshotIdentifier="compared-3")
    call("rds", "DescribeDBSnapshots", DBSnapshotIdentifier="compared-2")
    call("rds", "DescribeDBSnapshots", DBInstanceIdentifier="compared")

    share = {"DBSnapshotIdentifier": "compared-1", "AttributeName": "restore", "ValuesToAdd": ["222222222222"]}
    call("rds", "DescribeDBSnapshotAttributes", DBSnapshotIdentifier="compared-1")
    call("rds", "ModifyDBSnapshotAttribute", **share)
    call("rds", "DescribeDBSnapshotAttributes", DBSnapshotIdentifier="compared-1")

    call("rds", "DeleteDBSnapshot", DBSnapshotIdentifier="compared-1")
    call.wait("rds", "DBSnapshotDeleted", DBSnapshotIdentifier="compared-1")
    call("rds", "DeleteDBSnapshot", DBSnapshotIdentifier="compared-1")
    call("rds", "DescribeDBSnapshots")


def rds_cluster(call):
    cluster = {
        "DBClusterIdentifier": "fleet",
        "Engine": "aurora-postgresql",
        "EngineVersion": "16.4",
        "MasterUsername": "draco",
        "MasterUserPassword": "simulated",
        "PreferredBackupWindow": "03:10-03:40",
    }
    call("rds", "CreateDBCluster", **cluster)
    call("rds", "CreateDBCluster", **cluster)
    call.wait("rds", "DBClusterAvailable", DBClusterIdentifier="fleet")
    call("rds", "DescribeDBClusters", DBClusterIdentifier="fleet")
    call("rds", "DescribeDBClusters", DBClusterIdentifier="nosuch")

    new = {"DBClusterIdentifier": "fleet", "DBClusterSnapshotIdentifier": "fleet-1"}
    call("rds", "CreateDBClusterSnapshot", DBClusterIdentifier="nosuch", DBClusterSnapshotIdentifier="fleet-1")
    call("rds", "CreateDBClusterSnapshot", **new, Tags=[{"Key": "team", "Value": "shop"}])
    call.wait("rds", "DBClusterSnapshotAvailable", DBClusterSnapshotIdentifier="fleet-1")
    call("rds", "CreateDBClusterSnapshot", **new)
    call("rds", "DescribeDBClusterSnapshots", DBClusterSnapshotIdentifier="fleet-1")
    call("rds", "DescribeDBClusterSnapshots", DBClusterSnapshotIdentifier="nosuch")

    copy = {"SourceDBClusterSnapshotIdentifier": "fleet-1", "TargetDBClusterSnapshotIdentifier": "fleet-2"}
    call("rds", "CopyDBClusterSnapshot", **copy, CopyTags=True)
    call.wait("rds", "DBClusterSnapshotAvailable", DBClusterSnapshotIdentifier="fleet-2")
    call("rds", "CopyDBClusterSnapshot", **copy)
    nosuch = {"SourceDBClusterSnapshotIdentifier": "nosuch", "TargetDBClusterSnapshotIdentifier": "fleet-3"}
    call("rds", "CopyDBClusterSnapshot", **nosuch)
    call("rds", "DescribeDBClusterSnapshots", DBClusterSnapshotIdentifier="fleet-2")

    share = {"DBClusterSnapshotIdentifier": "fleet-1", "AttributeName": "restore", "ValuesToAdd": ["222222222222"]}
    call("rds", "ModifyDBClusterSnapshotAttribute", **share)
    call("rds", "DescribeDBClusterSnapshotAttributes", DBClusterSnapshotIdentifier="fleet-1")

    call("rds", "DeleteDBClusterSnapshot", DBClusterSnapshotIdentifier="fleet-2")
    call("rds", "DeleteDBClusterSnapshot", DBClusterSnapshotIdentifier="nosuch")


def subscriptions(call):
    topic = call("sns", "CreateTopic", Name="told")["TopicArn"]
    new = {"SubscriptionName": "compared", "SnsTopicArn": topic, "SourceType": "db-snapshot"}
    call("rds", "CreateEventSubscription", **new, EventCategories=["creation"])
    call("rds", "CreateEventSubscription", **new)
    call("rds", "DescribeEventSubscriptions", SubscriptionName="compared")
    call("rds", "DescribeEventSubscriptions", SubscriptionName="nosuch")
    call("rds", "DeleteEventSubscription", SubscriptionName="compared")
    call("rds", "DeleteEventSubscription", SubscriptionName="compared")


def sqs(call):
    queue = call("sqs", "CreateQueue", QueueName="compared")["QueueUrl"]
    call("sqs", "CreateQueue", QueueName="compared")
    call("sqs", "GetQueueUrl", QueueName="compared")
    call("sqs", "GetQueueUrl", QueueName="nosuch")
    call("sqs", "GetQueueAttributes", QueueUrl=queue, AttributeNames=["QueueArn", "ApproximateNumberOfMessages"])
    call("sqs", "ReceiveMessage", QueueUrl=queue)
    call("sqs", "SendMessage", QueueUrl=queue, MessageBody="a message")
    call("sqs", "GetQueueAttributes", QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    received = call("sqs", "ReceiveMessage", QueueUrl=queue)["Messages"]
    call("sqs", "ReceiveMessage", QueueUrl=queue)
    call("sqs", "DeleteMessage", QueueUrl=queue, ReceiptHandle=received[0]["ReceiptHandle"])
    call("sqs", "GetQueueAttributes", QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    call("sqs", "SendMessage", QueueUrl=queue + "-gone", MessageBody="a message")


def states(call):
    role = f"arn:aws:iam::{ACCOUNT}:role/compared"
    definition = '{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}'
    new = {"name": "compared", "definition": definition, "roleArn": role}
    machine = call("stepfunctions", "CreateStateMachine", **new)["stateMachineArn"]
    call("stepfunctions", "CreateStateMachine", **new)
    call("stepfunctions", "CreateStateMachine", **(new | {"name": "not a name"}))
    call("stepfunctions", "DescribeStateMachine", stateMachineArn=machine)
    call("stepfunctions", "ListStateMachines")
    start = {"stateMachineArn": machine, "name": "first"}
    execution = call("stepfunctions", "StartExecution", **start, input='{"a": 1}')["executionArn"]
    call("stepfunctions", "StartExecution", **start, input='{"a": 2}')
    call("stepfunctions", "StartExecution", stateMachineArn=machine, name="second", input="not JSON")
    call("stepfunctions", "StartExecution", stateMachineArn=machine + "-gone", name="first")
    call("stepfunctions", "DescribeExecution", executionArn=execution + "-gone")
    call("stepfunctions", "StopExecution", executionArn=execution + "-gone")
    call("stepfunctions", "DeleteStateMachine", stateMachineArn=machine)
    call("stepfunctions", "DescribeStateMachine", stateMachineArn=machine)


RDS = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/"
KMS = "https://docs.aws.amazon.com/kms/latest/APIReference/"
SNS = "https://docs.aws.amazon.com/sns/latest/api/"
SFN = "https://docs.aws.amazon.com/step-functions/latest/apireference/"
STS = "https://docs.aws.amazon.com/STS/latest/APIReference/"
CLI = "https://docs.aws.amazon.com/cli/latest/reference/"

# Of each conversation: who tells it (or both, and each something else), in which call, which members, and what AWS says
# of it. That a member is described there and sim leaves it out is a gap, not a mistake: no client relies on it to
# keep snapshots.
SETTLED = {
    subscriptions: [
        ("sim", "*", ["CustomerAwsId", "SubscriptionCreationTime"], RDS + "API_EventSubscription.html"),
        ("both", "*", ["Enabled"], CLI + "rds/create-event-subscription.html: the example says nothing and gets true"),
        ("both", "CreateEventSubscription", ["Status"], CLI + "rds/create-event-subscription.html: 'creating'"),
        ("both", "DeleteEventSubscription", ["Status"], RDS + "API_EventSubscription.html: it is one of its states"),
    ],
    sqs: [],
    states: [
        ("moto", "DescribeStateMachine", ["encryptionConfiguration"], SFN + "API_DescribeStateMachine.html"),
        (
            "sim",
            "DescribeStateMachine",
            ["loggingConfiguration.includeExecutionData"],
            SFN + "API_LoggingConfiguration.html: 'When set to false, data is excluded', which is the default",
        ),
    ],
    sts: [
        (
            "both",
            "GetCallerIdentity",
            ["Arn", "UserId"],
            STS + "API_GetCallerIdentity.html: a root's UserId is the account",
        ),
    ],
    kms: [
        ("sim", "*", ["KeyMetadata.KeyUsage", "KeyMetadata.MultiRegion"], KMS + "API_KeyMetadata.html"),
        (
            "moto",
            "*",
            ["KeyMetadata.SigningAlgorithms"],
            KMS + "API_KeyMetadata.html: 'appears only when the KeyUsage of the KMS key is SIGN_VERIFY'",
        ),
        (
            "both",
            "DescribeKey",
            ["KeyMetadata.Enabled"],
            KMS + "API_KeyMetadata.html: 'When KeyState is Enabled this value is true, otherwise it is false'",
        ),
        (
            "sim",
            "CreateAlias",
            ["Error"],
            KMS + "API_CreateAlias.html: 'The alias name cannot begin with alias/aws/'",
        ),
        ("moto", "ListAliases", ["Aliases[alias/aws/mine]"], KMS + "API_CreateAlias.html: there can be no such alias"),
        ("sim", "ListAliases", ["CreationDate", "LastUpdatedDate"], KMS + "API_AliasListEntry.html"),
        ("sim", "GetKeyPolicy", ["PolicyName"], KMS + "API_GetKeyPolicy.html"),
        (
            "sim",
            "GetKeyRotationStatus",
            ["KeyId", "NextRotationDate", "RotationPeriodInDays"],
            KMS + "API_GetKeyRotationStatus.html",
        ),
        ("both", "*KeyDeletion", ["KeyId"], KMS + "API_ScheduleKeyDeletion.html: 'The Amazon Resource Name (key ARN)'"),
        ("sim", "ScheduleKeyDeletion", ["KeyState", "PendingWindowInDays"], KMS + "API_ScheduleKeyDeletion.html"),
        (
            "sim",
            "EnableKey",
            ["Error"],
            "https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html: not while it is pending deletion",
        ),
    ],
    sns: [
        (
            "moto",
            "GetTopicAttributes",
            ["DeliveryPolicy", "EffectiveDeliveryPolicy"],
            SNS + "API_GetTopicAttributes.html: they are about HTTP endpoints, which sim does not have",
        ),
    ],
    rds_instance: [
        (
            "moto",
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
            RDS + "API_DBInstance.html",
        ),
        ("both", "CreateDBInstance", ["DBInstanceStatus"], CLI + "rds/create-db-instance.html: it is creating"),
        ("both", "*DBInstance*", ["DbInstancePort"], CLI + "rds/describe-db-instances.html: DbInstancePort is 0"),
        (
            "both",
            "*DBInstance*",
            ["LicenseModel"],
            RDS + "API_CreateDBInstance.html: 'RDS for PostgreSQL - postgresql-license'",
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
                "StorageType",
            ],
            RDS + "API_DBSnapshot.html",
        ),
        (
            "both",
            "C*DBSnapshot",
            ["Status"],
            CLI + "rds/create-db-snapshot.html: it is creating, and a copy takes time as well",
        ),
        (
            "moto",
            "C*DBSnapshot",
            ["OriginalSnapshotCreateTime", "SnapshotCreateTime"],
            CLI + "rds/create-db-snapshot.html: while it is creating, it has none",
        ),
        ("sim", "*DBSnapshot*", ["SourceDBSnapshotIdentifier", "SourceRegion"], RDS + "API_DBSnapshot.html"),
        (
            "both",
            "*DBSnapshot*",
            ["TagList"],
            RDS + "API_CopyDBSnapshot.html: CopyTags is 'to copy all tags from the source', also beside Tags",
        ),
        (
            "moto",
            "DescribeDBSnapshots",
            ["DBSnapshots[rds:compared-DATE]"],
            RDS + "API_CreateDBInstance.html: 'Setting this parameter to 0 disables automated backups'",
        ),
        ("both", "DeleteDBSnapshot", ["Status"], CLI + "rds/delete-db-snapshot.html: it is deleted"),
    ],
    rds_cluster: [
        (
            "moto",
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
            RDS + "API_DBCluster.html",
        ),
        ("both", "*DBCluster*", ["StorageType"], RDS + "API_CreateDBCluster.html: 'Aurora DB clusters - aurora | …'"),
        (
            "moto",
            "*DBCluster*",
            ["KmsKeyId"],
            RDS + "API_DBCluster.html: 'If StorageEncrypted is enabled', and here it is not",
        ),
        (
            "both",
            "CreateDBCluster",
            ["Error"],
            RDS + "API_CreateDBCluster.html: DBClusterAlreadyExistsFault; the other is not among its errors",
        ),
        (
            "both",
            "*DBClusterSnapshot*",
            ["AllocatedStorage"],
            CLI + "rds/describe-db-cluster-snapshots.html: Aurora's is 0",
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
            RDS + "API_DBClusterSnapshot.html",
        ),
        (
            "both",
            "C*DBClusterSnapshot",
            ["PercentProgress", "Status"],
            CLI + "rds/create-db-cluster-snapshot.html: it is creating, at 0, and a copy takes time as well",
        ),
    ],
}
