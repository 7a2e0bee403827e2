"""The calls that are sent to sim and to other emulators of AWS: see `emulators_test.py`."""

import json

from emulators import ACCOUNT
from simulation import REGION


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
    call("kms", "ListKeys")
    other = call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    call("kms", "UpdateAlias", AliasName="alias/compared", TargetKeyId=other)
    call("kms", "UpdateAlias", AliasName="alias/nosuch", TargetKeyId=other)
    call("kms", "ListAliases", KeyId=key)
    call("kms", "ListAliases", KeyId=other)
    call("kms", "UpdateAlias", AliasName="alias/compared", TargetKeyId=key)
    call("kms", "ListResourceTags", KeyId=key)
    tags = [{"TagKey": "team", "TagValue": "till"}, {"TagKey": "a", "TagValue": ""}]
    call("kms", "TagResource", KeyId=key, Tags=tags)
    call("kms", "UntagResource", KeyId=key, TagKeys=["a", "nosuch"])
    call("kms", "ListResourceTags", KeyId=key)
    call("kms", "ListKeyPolicies", KeyId=key)
    call("kms", "GetKeyPolicy", KeyId=key, PolicyName="default")
    allow = {"Sid": "all", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    policy = {"Version": "2012-10-17", "Statement": [allow | {"Action": "kms:*", "Resource": "*"}]}
    call("kms", "PutKeyPolicy", KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    call("kms", "GetKeyPolicy", KeyId=key, PolicyName="default")
    call("kms", "GetKeyRotationStatus", KeyId=key)
    call("kms", "EnableKeyRotation", KeyId=key)
    call("kms", "GetKeyRotationStatus", KeyId=key)
    call("kms", "DisableKeyRotation", KeyId=key)
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
    call("kms", "DeleteAlias", AliasName="alias/compared")
    call("kms", "DescribeKey", KeyId="00000000-0000-0000-0000-000000000000")


def sns(call):
    topic = call("sns", "CreateTopic", Name="compared")["TopicArn"]
    call("sns", "CreateTopic", Name="compared")
    call("sns", "CreateTopic", Name="not a name")
    call("sns", "ListTopics")
    call("sns", "GetTopicAttributes", TopicArn=topic)
    call("sns", "SetTopicAttributes", TopicArn=topic, AttributeName="DisplayName", AttributeValue="Compared")
    call("sns", "GetTopicAttributes", TopicArn=topic)
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:compared"
    subscription = call("sns", "Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]
    call("sns", "ListSubscriptionsByTopic", TopicArn=topic)
    call("sns", "GetSubscriptionAttributes", SubscriptionArn=subscription)
    raw = {"AttributeName": "RawMessageDelivery", "AttributeValue": "true"}
    call("sns", "SetSubscriptionAttributes", SubscriptionArn=subscription, **raw)
    call("sns", "GetSubscriptionAttributes", SubscriptionArn=subscription)
    call("sns", "ListSubscriptions")
    call("sns", "Unsubscribe", SubscriptionArn=subscription)
    call("sns", "ListSubscriptions")
    call("sns", "Publish", TopicArn=topic, Subject="hello", Message="world")
    call("sns", "Publish", TopicArn=topic, Subject="s" * 101, Message="world")
    call("sns", "Publish", TopicArn=topic + "-gone", Message="world")
    call("sns", "DeleteTopic", TopicArn=topic)
    call("sns", "GetTopicAttributes", TopicArn=topic)
    call("sns", "ListTopics")


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
        # AWS chooses these two at random.
        "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
        "AvailabilityZone": f"{REGION}a",
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
    fortnight = 14 * 24 * 60
    call("rds", "DescribeEvents", SourceType="db-instance", SourceIdentifier="compared", Duration=fortnight)

    call("rds", "DeleteDBInstance", DBInstanceIdentifier="nosuch", SkipFinalSnapshot=True)
    call("rds", "DeleteDBInstance", DBInstanceIdentifier="compared", FinalDBSnapshotIdentifier="compared-last")
    call.wait("rds", "DBInstanceDeleted", DBInstanceIdentifier="compared")
    call("rds", "DescribeDBInstances")
    call.wait("rds", "DBSnapshotAvailable", DBSnapshotIdentifier="compared-last")
    call("rds", "DescribeDBSnapshots", DBSnapshotIdentifier="compared-last")


def rds_cluster(call):
    cluster = {
        "DBClusterIdentifier": "fleet",
        "Engine": "aurora-postgresql",
        "EngineVersion": "17.4",
        "MasterUsername": "draco",
        "MasterUserPassword": "simulated",
        "PreferredBackupWindow": "03:10-03:40",
        "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
    }
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

    call("rds", "DeleteDBCluster", DBClusterIdentifier="nosuch", SkipFinalSnapshot=True)
    call("rds", "DeleteDBCluster", DBClusterIdentifier="fleet", SkipFinalSnapshot=True)
    call.wait("rds", "DBClusterDeleted", DBClusterIdentifier="fleet")
    call("rds", "DescribeDBClusters")
    call("rds", "DescribeDBClusterSnapshots", DBClusterSnapshotIdentifier="fleet-1")


def subscriptions(call):
    topic = call("sns", "CreateTopic", Name="events")["TopicArn"]
    new = {"SubscriptionName": "compared", "SnsTopicArn": topic, "SourceType": "db-snapshot"}
    call("rds", "CreateEventSubscription", **new, EventCategories=["creation"])
    call("rds", "CreateEventSubscription", **new)
    call("rds", "DescribeEventSubscriptions", SubscriptionName="compared")
    call("rds", "DescribeEventSubscriptions", SubscriptionName="nosuch")
    call("rds", "DeleteEventSubscription", SubscriptionName="compared")
    call("rds", "DeleteEventSubscription", SubscriptionName="compared")


def sqs(call):
    # A received message stays hidden longer than the conversation can take on a slow machine.
    hidden = {"VisibilityTimeout": "43200"}
    queue = call("sqs", "CreateQueue", QueueName="compared", Attributes=hidden)["QueueUrl"]
    call("sqs", "CreateQueue", QueueName="compared", Attributes=hidden)
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
    call("sqs", "DeleteQueue", QueueUrl=queue)
    call("sqs", "GetQueueUrl", QueueName="compared")


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
    call.until("stepfunctions", "DescribeExecution", "status", "SUCCEEDED", executionArn=execution)
    call("stepfunctions", "DescribeExecution", executionArn=execution)
    call("stepfunctions", "GetExecutionHistory", executionArn=execution)
    call("stepfunctions", "ListExecutions", stateMachineArn=machine)
    call("stepfunctions", "ListExecutions", stateMachineArn=machine, statusFilter="RUNNING")
    call("stepfunctions", "DescribeExecution", executionArn=execution + "-gone")
    call("stepfunctions", "GetExecutionHistory", executionArn=execution + "-gone")
    call("stepfunctions", "ListExecutions", stateMachineArn=machine + "-gone")
    call("stepfunctions", "StopExecution", executionArn=execution + "-gone")
    longer = '{"StartAt": "Long", "States": {"Long": {"Type": "Wait", "Seconds": 86400, "End": true}}}'
    call("stepfunctions", "UpdateStateMachine", stateMachineArn=machine, definition=longer)
    call("stepfunctions", "UpdateStateMachine", stateMachineArn=machine + "-gone", definition=longer)
    call("stepfunctions", "DescribeStateMachine", stateMachineArn=machine)
    waiting = call("stepfunctions", "StartExecution", stateMachineArn=machine, name="waiting")["executionArn"]
    call("stepfunctions", "DescribeExecution", executionArn=waiting)
    call("stepfunctions", "StopExecution", executionArn=waiting, error="Enough", cause="compared")
    # Moto stops it a moment later.
    call.until("stepfunctions", "DescribeExecution", "status", "ABORTED", executionArn=waiting)
    call("stepfunctions", "DescribeExecution", executionArn=waiting)
    call("stepfunctions", "DeleteStateMachine", stateMachineArn=machine)
    call("stepfunctions", "DescribeStateMachine", stateMachineArn=machine)


# The conversations, which are independent of each other.
CONVERSATIONS = (sts, kms, sns, sqs, states, rds_instance, rds_cluster, subscriptions)
