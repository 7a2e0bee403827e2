"""RDS: copies of snapshots to another region."""

from asking import REFUSED, question, refusal, shared
from questions import databases
from questions.copies import copied, copied_cluster, copy, copy_cluster, encrypted, key, shared_with_other
from questions.events import events
from questions.snapshots import cluster_snapshot, common, common_of_cluster, snapshot, tags
from references import Api, Open, Page

ELSEWHERE = "us-east-1"
MESSAGES = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html"
DESTINATION = Api(
    "rds",
    "CopyDBSnapshot",
    "the Amazon Web Services Region where you call the CopyDBSnapshot operation is the destination Amazon Web Services "
    "Region for the DB snapshot copy",
)
BOTH_AT_ONCE = "You can also specify an ARN of a snapshot that is in a different account and a different"
FROM_ANOTHER = Api("rds", "CopyDBSnapshot", BOTH_AT_ONCE)
CLUSTERS_FROM_ANOTHER = Api("rds", "CopyDBClusterSnapshot", BOTH_AT_ONCE)
NEW_KEY = Api(
    "rds",
    "CopyDBSnapshot",
    "If you copy an encrypted snapshot to a different Amazon Web Services Region, then you must specify an Amazon Web Services "
    "KMS key identifier for the destination Amazon Web Services Region.",
)
WITHOUT_KEY = Page(
    "https://github.com/1Strategy/rds-oracle-cross-account-cross-region-dr/issues/1",
    "An error occurred (InvalidParameterValue) when calling the CopyDBSnapshot operation: Must specify new KMS key for cross "
    "region encrypted snapshot copy.",
)
ITS_SOURCE = Api("rds", "DBSnapshot", "It only has a value in the case of a cross-account or cross-Region copy.")


@shared
def there(aws):
    """The same account in another region."""
    return aws.in_region(ELSEWHERE)


@shared
def others_there(aws):
    """The other account in another region."""
    return aws.other.in_region(ELSEWHERE)


@shared
def crossed(aws):
    """A finished copy in another region."""
    return copied(there(aws), common(aws)["DBSnapshotArn"])


@shared
def crossed_twice(aws):
    """A finished copy in another account and region."""
    return copied(others_there(aws), shared_with_other(aws, snapshot(aws)))


@question(True, DESTINATION)
def the_region_of_a_copy(aws):
    return crossed(aws)["DBSnapshotArn"].startswith(f"arn:aws:rds:{ELSEWHERE}:{aws.account}:snapshot:")


@question(True, ITS_SOURCE)
def the_source_of_a_copy(aws):
    return crossed(aws)["SourceDBSnapshotIdentifier"] == common(aws)["DBSnapshotArn"]


@question("eu-west-1", Api("rds", "DBSnapshot", "Region that the DB snapshot was created in or copied from."))
def the_source_region_of_a_copy(aws):
    return crossed(aws)["SourceRegion"]


@question(True, Api("rds", "DBSnapshot", "Doesn't change when the snapshot is copied."))
def the_original_time_of_a_copy(aws):
    return crossed(aws)["OriginalSnapshotCreateTime"] == common(aws)["OriginalSnapshotCreateTime"]


@question(
    "DBSnapshotNotFound",
    Api(
        "rds",
        "CopyDBSnapshot",
        "If the source snapshot is in a different Amazon Web Services Region than the copy, specify a valid DB snapshot ARN.",
    ),
)
def a_copy_by_the_identifier_in_another_region(aws):
    return refusal(copy, aws=there(aws), source=common(aws)["DBSnapshotIdentifier"])


@question(True, FROM_ANOTHER)
def a_copy_to_another_account_and_region_at_once(aws):
    wanted = f"arn:aws:rds:{ELSEWHERE}:{aws.other.account}:snapshot:"
    return crossed_twice(aws)["DBSnapshotArn"].startswith(wanted)


@question(True, ITS_SOURCE)
def the_source_of_a_copy_from_another_account_and_region(aws):
    return crossed_twice(aws)["SourceDBSnapshotIdentifier"].startswith(f"arn:aws:rds:eu-west-1:{aws.account}:snapshot:")


@question(REFUSED, Api("rds", "ModifyDBSnapshotAttribute", "authorized to restore the manual DB snapshot"))
def a_copy_of_a_snapshot_of_another_region_that_is_not_shared(aws):
    return refusal(copy, aws=others_there(aws), source=snapshot(aws)["DBSnapshotArn"])


@question(True, CLUSTERS_FROM_ANOTHER)
def a_clusters_copy_to_another_account_and_region_at_once(aws):
    found = cluster_snapshot(aws)
    share = {"AttributeName": "restore", "ValuesToAdd": [aws.other.account]}
    aws.rds.ModifyDBClusterSnapshotAttribute(
        DBClusterSnapshotIdentifier=found["DBClusterSnapshotIdentifier"], **share
    )
    made = copied_cluster(others_there(aws), found["DBClusterSnapshotArn"])
    return made["SourceDBClusterSnapshotArn"] == found["DBClusterSnapshotArn"]


@question("InvalidParameterValue", WITHOUT_KEY, NEW_KEY)
def an_encrypted_copy_to_another_region_without_a_key(aws):
    return refusal(copy, aws=there(aws), source=encrypted(aws)["DBSnapshotArn"])


@question(REFUSED, NEW_KEY)
def an_encrypted_copy_to_another_region_under_the_key_of_the_source(aws):
    found = encrypted(aws)
    return refusal(copy, aws=there(aws), source=found["DBSnapshotArn"], KmsKeyId=found["KmsKeyId"])


@question(True, NEW_KEY)
def an_encrypted_copy_to_another_region_under_a_key_of_that_region(aws):
    wanted = key(there(aws))
    return copy(there(aws), encrypted(aws)["DBSnapshotArn"], KmsKeyId=wanted)["KmsKeyId"] == wanted


@question(True, NEW_KEY, FROM_ANOTHER)
def an_encrypted_copy_to_another_account_and_region(aws):
    wanted = key(others_there(aws))
    source = shared_with_other(aws, encrypted(aws))
    return copy(others_there(aws), source, KmsKeyId=wanted)["KmsKeyId"] == wanted


@question(True, Api("rds", "CopyDBSnapshot", "It's ignored in other Amazon Web Services Regions."))
def a_copy_with_the_source_region_and_a_pre_signed_url(aws):
    made = copy(there(aws), common(aws)["DBSnapshotArn"], SourceRegion="eu-west-1")
    return made["SourceDBSnapshotIdentifier"] == common(aws)["DBSnapshotArn"]


@question({"team": "shop"}, Api("rds", "CopyDBSnapshot", "Specifies whether to copy all tags from the source DB snapshot"))
def the_tags_of_a_copy_in_another_region(aws):
    source = snapshot(aws, Tags=[{"Key": "team", "Value": "shop"}])
    return tags(copied(there(aws), source["DBSnapshotArn"], CopyTags=True))


@question(
    ["RDS-EVENT-0059", "RDS-EVENT-0060"],
    Page(
        MESSAGES,
        "notification, RDS-EVENT-0059: Started copy of snapshot name from region name. This is a cross-Region snapshot copy; "
        "notification, RDS-EVENT-0060: Finished copy of snapshot name from region name in number minutes.",
    ),
)
def the_events_of_a_copy_from_another_region(aws):
    name = crossed(aws)["DBSnapshotIdentifier"]
    found = events(there(aws), SourceType="db-snapshot", SourceIdentifier=name)
    numbers = {"Started copy": "RDS-EVENT-0059", "Finished copy": "RDS-EVENT-0060"}
    return [
        number
        for event in found
        for start, number in numbers.items()
        if event["Message"].startswith(start) and " from region eu-west-1" in event["Message"]
    ]


# The whole table of the events of cluster snapshots.
@question(
    [],
    Page(
        MESSAGES,
        "backup, RDS-EVENT-0074: Creating manual cluster snapshot; backup, RDS-EVENT-0075: Manual cluster snapshot created; "
        "notification, RDS-EVENT-0162: Cluster snapshot export task failed; notification, RDS-EVENT-0163: Cluster snapshot "
        "export task canceled; notification, RDS-EVENT-0164: Cluster snapshot export task completed; backup, RDS-EVENT-0168: "
        "Creating automated cluster snapshot; backup, RDS-EVENT-0169: Automated cluster snapshot created",
    ),
)
def the_events_of_a_clusters_copy_from_another_region(aws):
    made = copied_cluster(there(aws), common_of_cluster(aws)["DBClusterSnapshotArn"])
    name = made["DBClusterSnapshotIdentifier"]
    return events(there(aws), SourceType="db-cluster-snapshot", SourceIdentifier=name)


@question(("SnapshotQuotaExceeded",), Open("cross-region-limit"))
def the_twenty_first_copy_from_another_region(aws):
    instance = databases.instance(aws, AllocatedStorage=10000)
    vast = snapshot(aws, of=instance)["DBSnapshotArn"]
    return [refusal(copy, aws=there(aws), source=vast) for _ in range(21)][-1]
