"""RDS: copies of snapshots."""

import json

from asking import REFUSED, question, refusal, shared
from questions import databases
from questions.snapshots import (
    NO_CLUSTER_SNAPSHOT,
    NO_SNAPSHOT,
    cluster_snapshot,
    common,
    common_of_cluster,
    snapshot,
    tags,
)
from references import Api, Example, Open

KEY = Api("rds", "KMSKeyNotAccessibleFault", "An error occurred accessing an Amazon Web Services KMS key.")
SHARED = Api("rds", "CopyDBSnapshot", "this parameter must be the Amazon Resource Name (ARN) of the shared DB snapshot")
SAME_KEY = Api("rds", "CopyDBSnapshot", "encrypted with the same Amazon Web Services KMS key as the source DB snapshot")
ITS_TAGS = [{"Key": "team", "Value": "shop"}]


def copy(aws, source, target=None, **params):
    """Begins a copy of an instance's snapshot."""
    names = {"SourceDBSnapshotIdentifier": source, "TargetDBSnapshotIdentifier": target or aws.new("copy")}
    return aws.rds.CopyDBSnapshot(**names, **params)["DBSnapshot"]


def copied(aws, source, **params):
    """A finished copy of an instance's snapshot."""
    name = copy(aws, source, **params)["DBSnapshotIdentifier"]
    aws.wait("rds", "db_snapshot_available", DBSnapshotIdentifier=name)
    (found,) = aws.rds.DescribeDBSnapshots(DBSnapshotIdentifier=name)["DBSnapshots"]
    return found


def copy_cluster(aws, source, target=None, **params):
    """Begins a copy of a cluster's snapshot."""
    names = {
        "SourceDBClusterSnapshotIdentifier": source,
        "TargetDBClusterSnapshotIdentifier": target or aws.new("copy"),
    }
    return aws.rds.CopyDBClusterSnapshot(**names, **params)["DBClusterSnapshot"]


def copied_cluster(aws, source, **params):
    """A finished copy of a cluster's snapshot."""
    name = copy_cluster(aws, source, **params)["DBClusterSnapshotIdentifier"]
    aws.wait("rds", "db_cluster_snapshot_available", DBClusterSnapshotIdentifier=name)
    (found,) = aws.rds.DescribeDBClusterSnapshots(DBClusterSnapshotIdentifier=name)["DBClusterSnapshots"]
    return found


def key(aws, *users):
    """The ARN of a new key, which these accounts may use too."""
    principals = [f"arn:aws:iam::{account}:root" for account in (aws.account, *users)]
    statement = {"Effect": "Allow", "Principal": {"AWS": principals}, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return aws.kms.CreateKey(Policy=policy)["KeyMetadata"]["Arn"]


@shared
def tagged(aws):
    return snapshot(aws, Tags=ITS_TAGS)["DBSnapshotIdentifier"]


@shared
def tagged_of_cluster(aws):
    return cluster_snapshot(aws, Tags=ITS_TAGS)["DBClusterSnapshotIdentifier"]


@shared
def encrypted(aws):
    """A snapshot of an encrypted instance, whose key the other account may use."""
    instance = databases.instance(aws, StorageEncrypted=True, KmsKeyId=key(aws, aws.other.account))
    return snapshot(aws, of=instance)


def shared_with_other(aws, found):
    share = {"AttributeName": "restore", "ValuesToAdd": [aws.other.account]}
    aws.rds.ModifyDBSnapshotAttribute(DBSnapshotIdentifier=found["DBSnapshotIdentifier"], **share)
    return found["DBSnapshotArn"]


@question(("creating", "pending", "copying"), Open("copy-status"))
def the_status_of_a_new_copy(aws):
    return copy(aws, common(aws)["DBSnapshotIdentifier"])["Status"]


@question(0, Example("rds/copy-db-snapshot", '"PercentProgress": 0'))
def the_progress_of_a_new_copy(aws):
    return copy(aws, common(aws)["DBSnapshotIdentifier"])["PercentProgress"]


@question("manual", Example("rds/copy-db-snapshot", '"SnapshotType": "manual"'))
def the_type_of_a_copy(aws):
    return copy(aws, common(aws)["DBSnapshotIdentifier"])["SnapshotType"]


@question(True, Api("rds", "DBSnapshot", "Doesn't change when the snapshot is copied."))
def the_original_time_of_a_copy(aws):
    found = copied(aws, common(aws)["DBSnapshotIdentifier"])
    return found["OriginalSnapshotCreateTime"] == common(aws)["OriginalSnapshotCreateTime"]


@question(True, Api("rds", "DBSnapshot", "Changes for the copy when the snapshot is copied."))
def the_time_of_a_copy(aws):
    found = copied(aws, common(aws)["DBSnapshotIdentifier"])
    return found["SnapshotCreateTime"] > common(aws)["SnapshotCreateTime"]


@question(True, Api("rds", "DBClusterSnapshot", "the Amazon Resource Name (ARN) for the source DB cluster snapshot"))
def the_source_of_a_clusters_copy(aws):
    found = copied_cluster(aws, common_of_cluster(aws)["DBClusterSnapshotIdentifier"])
    return found["SourceDBClusterSnapshotArn"] == common_of_cluster(aws)["DBClusterSnapshotArn"]


@question(False, Api("rds", "DBClusterSnapshot", "for the source DB cluster snapshot, otherwise, a null value"))
def a_clusters_original_snapshot_has_a_source(aws):
    return "SourceDBClusterSnapshotArn" in common_of_cluster(aws)


@question({}, Api("rds", "CopyDBSnapshot", "By default, tags aren't copied."))
def the_tags_of_a_copy_by_default(aws):
    return tags(copied(aws, tagged(aws)))


@question(
    {"team": "shop"}, Api("rds", "CopyDBSnapshot", "Specifies whether to copy all tags from the source DB snapshot")
)
def the_tags_of_a_copy_with_all_tags(aws):
    return tags(copied(aws, tagged(aws), CopyTags=True))


@question({"night": "1"}, Api("rds", "CopyDBSnapshot", "By default, tags aren't copied."))
def the_tags_of_a_copy_with_tags_of_its_own(aws):
    return tags(copied(aws, tagged(aws), Tags=[{"Key": "night", "Value": "1"}]))


@question(({"night": "1"}, {"team": "shop", "night": "1"}), Open("copy-tags"))
def the_tags_of_a_copy_with_both(aws):
    return tags(copied(aws, tagged(aws), CopyTags=True, Tags=[{"Key": "night", "Value": "1"}]))


@question(
    {"team": "shop"},
    Api("rds", "CopyDBClusterSnapshot", "Specifies whether to copy all tags from the source DB cluster snapshot"),
)
def the_tags_of_a_clusters_copy_with_all_tags(aws):
    return tags(copied_cluster(aws, tagged_of_cluster(aws), CopyTags=True))


@question("DBSnapshotNotFound", NO_SNAPSHOT)
def copying_a_snapshot_that_does_not_exist(aws):
    return refusal(copy, aws=aws, source="none-of-this-name")


@question("DBClusterSnapshotNotFoundFault", NO_CLUSTER_SNAPSHOT)
def copying_a_clusters_snapshot_that_does_not_exist(aws):
    return refusal(copy_cluster, aws=aws, source="none-of-this-name")


@question(
    "DBSnapshotAlreadyExists", Api("rds", "DBSnapshotAlreadyExistsFault", "is already used by an existing snapshot")
)
def a_copy_that_exists(aws):
    return refusal(copy, aws=aws, source=common(aws)["DBSnapshotIdentifier"], target=tagged(aws))


@question(
    "DBClusterSnapshotAlreadyExistsFault",
    Api("rds", "DBClusterSnapshotAlreadyExistsFault", "already has a DB cluster snapshot"),
)
def a_clusters_copy_that_exists(aws):
    source = common_of_cluster(aws)["DBClusterSnapshotIdentifier"]
    return refusal(copy_cluster, aws=aws, source=source, target=tagged_of_cluster(aws))


@question(
    "InvalidDBSnapshotState", Api("rds", "CopyDBSnapshot", "The source DB snapshot must be in the available state.")
)
def copying_a_snapshot_that_is_being_taken(aws):
    instance = databases.instance(aws, AllocatedStorage=60000)
    taken = aws.rds.CreateDBSnapshot(DBInstanceIdentifier=instance, DBSnapshotIdentifier=aws.new("snapshot"))
    return refusal(copy, aws=aws, source=taken["DBSnapshot"]["DBSnapshotIdentifier"])


@question(REFUSED, Api("rds", "CopyDBSnapshot", "Can't end with a hyphen or contain two consecutive hyphens"))
def a_copy_with_two_hyphens(aws):
    return refusal(copy, aws=aws, source=common(aws)["DBSnapshotIdentifier"], target="a--b")


@question(REFUSED, Api("rds", "CopyDBSnapshot", "Can't be null, empty, or blank"))
def a_copy_without_a_name(aws):
    return refusal(aws.rds.CopyDBSnapshot, SourceDBSnapshotIdentifier=common(aws)["DBSnapshotIdentifier"])


@question(REFUSED, Api("rds", "CopyDBClusterSnapshot", "Must contain from 1 to 63 letters, numbers, or hyphens."))
def a_clusters_copy_of_64_characters(aws):
    return refusal(copy_cluster, aws=aws, source=common_of_cluster(aws)["DBClusterSnapshotIdentifier"], target="c" * 64)


@question(REFUSED, NO_SNAPSHOT)
def copying_by_the_arn_of_another_type(aws):
    return refusal(copy, aws=aws, source=common(aws)["DBSnapshotArn"].replace(":snapshot:", ":db:"))


@question(REFUSED, NO_SNAPSHOT)
def copying_by_the_arn_of_another_account(aws):
    return refusal(copy, aws=aws, source=common(aws)["DBSnapshotArn"].replace(aws.account, aws.other.account))


@question(
    True,
    Api(
        "rds",
        "CopyDBSnapshot",
        "If you specify this parameter when you copy an unencrypted snapshot, the copy is encrypted.",
    ),
)
def a_copy_that_is_encrypted(aws):
    wanted = key(aws)
    found = copy(aws, common(aws)["DBSnapshotIdentifier"], KmsKeyId=wanted)
    return (found["Encrypted"], found["KmsKeyId"]) == (True, wanted)


@question(True, SAME_KEY)
def the_key_of_a_copy_by_default(aws):
    return copy(aws, encrypted(aws)["DBSnapshotIdentifier"])["KmsKeyId"] == encrypted(aws)["KmsKeyId"]


@question(
    True,
    Api("rds", "CopyDBSnapshot", "you can specify a value for this parameter to encrypt the copy with a new KMS key"),
)
def a_copy_under_another_key(aws):
    wanted = key(aws)
    return copy(aws, encrypted(aws)["DBSnapshotIdentifier"], KmsKeyId=wanted)["KmsKeyId"] == wanted


@question(
    REFUSED, Api("rds", "CopyDBClusterSnapshot", "and specify a value for the KmsKeyId parameter, an error is returned")
)
def a_clusters_unencrypted_snapshot_is_not_encrypted_by_copying(aws):
    source = common_of_cluster(aws)["DBClusterSnapshotIdentifier"]
    return refusal(copy_cluster, aws=aws, source=source, KmsKeyId=key(aws))


@question("KMSKeyNotAccessibleFault", KEY)
def a_copy_under_a_key_that_does_not_exist(aws):
    wrong = key(aws)[:-4] + "0000"
    return refusal(copy, aws=aws, source=common(aws)["DBSnapshotIdentifier"], KmsKeyId=wrong)


@question("KMSKeyNotAccessibleFault", KEY)
def a_copy_under_a_disabled_key(aws):
    wanted = key(aws)
    aws.kms.DisableKey(KeyId=wanted)
    return refusal(copy, aws=aws, source=common(aws)["DBSnapshotIdentifier"], KmsKeyId=wanted)


@question(True, SHARED)
def a_copy_of_a_shared_snapshot(aws):
    arn = shared_with_other(aws, snapshot(aws))
    return copy(aws.other, arn)["DBSnapshotArn"].startswith(f"arn:aws:rds:eu-west-1:{aws.other.account}:snapshot:")


@question(
    True, Api("rds", "DBSnapshot", "The DB snapshot Amazon Resource Name (ARN) that the DB snapshot was copied from.")
)
def the_source_of_a_copy_of_a_shared_snapshot(aws):
    arn = shared_with_other(aws, snapshot(aws))
    return copied(aws.other, arn)["SourceDBSnapshotIdentifier"] == arn


@question("DBSnapshotNotFound", SHARED, NO_SNAPSHOT)
def a_copy_of_a_shared_snapshot_by_its_identifier(aws):
    found = snapshot(aws)
    shared_with_other(aws, found)
    return refusal(copy, aws=aws.other, source=found["DBSnapshotIdentifier"])


@question(
    REFUSED,
    Api("rds", "CopyDBSnapshot", "shared from another Amazon Web Services account, then you must specify a value"),
)
def a_copy_of_a_shared_encrypted_snapshot_without_a_key(aws):
    return refusal(copy, aws=aws.other, source=shared_with_other(aws, encrypted(aws)))


@question(
    True, Api("rds", "CopyDBSnapshot", "shared from another Amazon Web Services account, then you must specify a value")
)
def a_copy_of_a_shared_encrypted_snapshot_with_a_key(aws):
    wanted = key(aws.other)
    return copy(aws.other, shared_with_other(aws, encrypted(aws)), KmsKeyId=wanted)["KmsKeyId"] == wanted


@question(REFUSED, Api("rds", "ModifyDBSnapshotAttribute", "authorized to restore the manual DB snapshot"))
def a_copy_of_a_snapshot_that_is_not_shared(aws):
    return refusal(copy, aws=aws.other, source=snapshot(aws)["DBSnapshotArn"])
