"""RDS: sharing snapshots, and what the other account sees."""

import time

from asking import REFUSED, question, refusal, shared
from questions import databases
from questions.copies import key
from questions.snapshots import NO_CLUSTER_SNAPSHOT, NO_SNAPSHOT, cluster_snapshot, snapshot
from references import Api, Example, Page

ACCOUNTS = [f"{number:012}" for number in range(1, 30)]
ADDS = Api(
    "rds", "ModifyDBSnapshotAttribute", "set this list to include one or more Amazon Web Services account IDs, or all"
)
TOO_MANY = Api(
    "rds",
    "SharedSnapshotQuotaExceededFault",
    "the maximum number of accounts that you can share a manual DB snapshot with",
)
QUOTA = Page(
    "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html",
    "You can share a manual DB snapshot with up to 20 AWS accounts.",
)
ENCRYPTED = Api("rds", "ModifyDBSnapshotAttribute", "You can't use all as a value for that parameter in this case.")
MANUAL = Api("rds", "ModifyDBSnapshotAttribute", "removes an attribute and values from, a manual DB snapshot")
SHARED = Api(
    "rds",
    "DescribeDBSnapshots",
    "Return all manual DB snapshots that have been shared to my Amazon Web Services account.",
)
NOT_BY_DEFAULT = Api(
    "rds", "DescribeDBSnapshots", "Shared and public DB snapshots are not included in the returned results by default."
)
NOT_FOR_TYPES = Api(
    "rds", "DescribeDBSnapshots", "parameters don't apply for SnapshotType values of manual or automated"
)


def fresh(aws):
    """The identifier of a snapshot of its own."""
    return snapshot(aws)["DBSnapshotIdentifier"]


def modify(aws, name, attribute="restore", **values):
    """Changes the sharing, and returns the accounts."""
    found = aws.rds.ModifyDBSnapshotAttribute(DBSnapshotIdentifier=name, AttributeName=attribute, **values)
    return restorers(found["DBSnapshotAttributesResult"]["DBSnapshotAttributes"])


def restorers(attributes):
    return sorted(
        value for each in attributes if each["AttributeName"] == "restore" for value in each["AttributeValues"]
    )


@shared
def public(aws):
    """A public snapshot: its ARN."""
    found = snapshot(aws)
    modify(aws, found["DBSnapshotIdentifier"], ValuesToAdd=["all"])
    return found["DBSnapshotArn"]


@shared
def shared_snapshot(aws):
    """A snapshot that is shared with the other account: its ARN."""
    found = snapshot(aws)
    modify(aws, found["DBSnapshotIdentifier"], ValuesToAdd=[aws.other.account])
    return found["DBSnapshotArn"]


def seen(aws, **params):
    """The ARNs of the snapshots that an account sees."""
    return [found["DBSnapshotArn"] for found in aws.rds.DescribeDBSnapshots(**params)["DBSnapshots"]]


@shared
def automated(aws):
    """The identifier of an automated snapshot."""
    window = {"BackupRetentionPeriod": 35, "PreferredBackupWindow": "03:40-04:10"}
    instance = databases.instance(aws, **window)
    only = {"DBInstanceIdentifier": instance, "SnapshotType": "automated"}
    for _ in range(200):
        found = aws.rds.DescribeDBSnapshots(**only)["DBSnapshots"]
        if found and found[0]["Status"] == "available":
            return found[0]["DBSnapshotIdentifier"]
        time.sleep(0.1)
    raise LookupError("no automated snapshot was taken")


@question(True, Api("rds", "CopyDBSnapshot", "Example: rds:mydb-2012-04-02-00-01"))
def the_identifier_of_an_automated_snapshot(aws):
    return automated(aws).startswith("rds:instance-")


@question(
    "InvalidParameterValue",
    Page(
        "https://github.com/aws/aws-sdk/issues/638",
        "(InvalidParameterValue) when calling the ModifyDBSnapshotAttribute operation: The parameter DBSnapshotIdentifier "
        "is not a valid identifier",
    ),
    MANUAL,
)
def sharing_an_automated_snapshot(aws):
    return refusal(modify, aws=aws, name=automated(aws), ValuesToAdd=[aws.other.account])


@question("manual", Api("rds", "DescribeDBSnapshots", "manual - Return all DB snapshots that have been taken by my"))
def the_type_of_a_copy_of_an_automated_snapshot(aws):
    names = {"SourceDBSnapshotIdentifier": automated(aws), "TargetDBSnapshotIdentifier": aws.new("copy")}
    return aws.rds.CopyDBSnapshot(**names)["DBSnapshot"]["SnapshotType"]


@question([], Api("rds", "DescribeDBSnapshotAttributes", "returns the restore attribute and a list of IDs"))
def the_accounts_of_a_new_snapshot(aws):
    found = aws.rds.DescribeDBSnapshotAttributes(DBSnapshotIdentifier=fresh(aws))
    return restorers(found["DBSnapshotAttributesResult"]["DBSnapshotAttributes"])


@question(
    ["111122223333", "444455556666"], Example("rds/modify-db-snapshot-attribute", '[ "111122223333", "444455556666" ]')
)
def sharing_with_two_accounts(aws):
    return modify(aws, fresh(aws), ValuesToAdd=["111122223333", "444455556666"])


@question(["111122223333"], Example("rds/modify-db-snapshot-attribute", '"AttributeValues": [ "111122223333" ]'))
def no_longer_sharing_with_one_of_two_accounts(aws):
    name = fresh(aws)
    modify(aws, name, ValuesToAdd=["111122223333", "444455556666"])
    return modify(aws, name, ValuesToRemove=["444455556666"])


@question("SharedSnapshotQuotaExceeded", QUOTA, TOO_MANY)
def sharing_with_21_accounts(aws):
    return refusal(modify, aws=aws, name=fresh(aws), ValuesToAdd=ACCOUNTS[:21])


@question(20, QUOTA)
def sharing_with_20_accounts(aws):
    return len(modify(aws, fresh(aws), ValuesToAdd=ACCOUNTS[:20]))


@question(["all"], ADDS)
def making_a_snapshot_public(aws):
    return modify(aws, fresh(aws), ValuesToAdd=["all"])


@question(
    ["111122223333"],
    Api("rds", "ModifyDBSnapshotAttribute", "explicitly added to the restore attribute can still copy or restore"),
)
def a_public_snapshot_that_is_made_private(aws):
    name = fresh(aws)
    modify(aws, name, ValuesToAdd=["all", "111122223333"])
    return modify(aws, name, ValuesToRemove=["all"])


@question(REFUSED, ENCRYPTED)
def making_an_encrypted_snapshot_public(aws):
    instance = databases.instance(aws, StorageEncrypted=True, KmsKeyId=key(aws))
    name = snapshot(aws, of=instance)["DBSnapshotIdentifier"]
    return refusal(modify, aws=aws, name=name, ValuesToAdd=["all"])


@question(
    REFUSED,
    Page(
        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/share-encrypted-snapshot.html",
        "You can't share a snapshot that has been encrypted using the default KMS key of the AWS account that shared the "
        "snapshot.",
    ),
)
def sharing_a_snapshot_under_the_default_key(aws):
    name = snapshot(aws, of=databases.instance(aws, StorageEncrypted=True))["DBSnapshotIdentifier"]
    return refusal(modify, aws=aws, name=name, ValuesToAdd=["111122223333"])


@question(REFUSED, Api("rds", "ModifyDBSnapshotAttribute", "set this value to restore"))
def an_attribute_that_does_not_exist(aws):
    return refusal(modify, aws=aws, name=fresh(aws), attribute="colour", ValuesToAdd=["111122223333"])


@question(REFUSED, ADDS)
def sharing_with_an_account_of_11_digits(aws):
    return refusal(modify, aws=aws, name=fresh(aws), ValuesToAdd=["11112222333"])


@question("DBSnapshotNotFound", NO_SNAPSHOT)
def sharing_a_snapshot_that_does_not_exist(aws):
    return refusal(modify, aws=aws, name="none-of-this-name", ValuesToAdd=["111122223333"])


@question("DBClusterSnapshotNotFoundFault", NO_CLUSTER_SNAPSHOT)
def sharing_a_clusters_snapshot_that_does_not_exist(aws):
    share = {"AttributeName": "restore", "ValuesToAdd": ["111122223333"]}
    return refusal(aws.rds.ModifyDBClusterSnapshotAttribute, DBClusterSnapshotIdentifier="none-of-this-name", **share)


@question(
    ["123456789012"], Example("rds/describe-db-cluster-snapshot-attributes", '"AttributeValues": [ "123456789012" ]')
)
def sharing_a_clusters_snapshot(aws):
    name = {"DBClusterSnapshotIdentifier": cluster_snapshot(aws)["DBClusterSnapshotIdentifier"]}
    aws.rds.ModifyDBClusterSnapshotAttribute(**name, AttributeName="restore", ValuesToAdd=["123456789012"])
    found = aws.rds.DescribeDBClusterSnapshotAttributes(**name)["DBClusterSnapshotAttributesResult"]
    return restorers(found["DBClusterSnapshotAttributes"])


@question(True, SHARED)
def a_shared_snapshot_by_its_type(aws):
    return shared_snapshot(aws) in seen(aws.other, SnapshotType="shared")


@question(False, NOT_BY_DEFAULT)
def a_shared_snapshot_by_default(aws):
    return shared_snapshot(aws) in seen(aws.other)


@question(
    True,
    Api(
        "rds",
        "DescribeDBSnapshots",
        "You can include shared snapshots with these results by enabling the IncludeShared",
    ),
)
def a_shared_snapshot_that_is_included(aws):
    return shared_snapshot(aws) in seen(aws.other, IncludeShared=True)


@question(False, NOT_FOR_TYPES)
def a_shared_snapshot_among_manual_ones(aws):
    return shared_snapshot(aws) in seen(aws.other, SnapshotType="manual", IncludeShared=True)


@question(False, SHARED)
def a_snapshot_of_the_own_account_among_shared_ones(aws):
    return shared_snapshot(aws) in seen(aws, SnapshotType="shared")


@question(True, Api("rds", "DescribeDBSnapshots", "public - Return all DB snapshots that have been marked as public."))
def a_public_snapshot_by_its_type(aws):
    return public(aws) in seen(aws.other, SnapshotType="public")


@question(False, NOT_BY_DEFAULT)
def a_public_snapshot_by_default(aws):
    return public(aws) in seen(aws.other)


@question(
    False,
    Api("rds", "DescribeDBSnapshots", "The IncludePublic parameter doesn't apply when SnapshotType is set to shared."),
)
def a_public_snapshot_among_shared_ones(aws):
    return public(aws) in seen(aws.other, SnapshotType="shared", IncludePublic=True)
