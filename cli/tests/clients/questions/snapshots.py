"""RDS: taking, describing and deleting snapshots of instances and clusters."""

from asking import ACCEPTED, REFUSED, question, refusal, shared
from questions import clusters, databases
from references import Api, Example, Page

NO_SNAPSHOT = Api("rds", "DBSnapshotNotFoundFault", "DBSnapshotIdentifier doesn't refer to an existing DB snapshot.")
NO_CLUSTER_SNAPSHOT = Api("rds", "DBClusterSnapshotNotFoundFault", "doesn't refer to an existing DB cluster snapshot")
NAMES = Api(
    "rds",
    "CreateDBSnapshot",
    "Must contain from 1 to 255 letters, numbers, or hyphens First character must be a letter",
)
HYPHENS = Api("rds", "CreateDBSnapshot", "Can't end with a hyphen or contain two consecutive hyphens")
CREATED, CLUSTER_CREATED = "rds/create-db-snapshot", "rds/create-db-cluster-snapshot"
OWN_TAGS = Page(
    "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html",
    "Or you might supply at least one tag to the CreateDBSnapshot API operation. In these cases, RDS doesn't copy tags from "
    "the source DB instance to the new DB snapshot. This functionality applies even if the source DB instance has the "
    "--copy-tags-to-snapshot (CopyTagsToSnapshot) option turned on.",
)
CLUSTER_OWN_TAGS = Page(
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Tagging.html",
    "(or supply at least one tag to the CreateDBClusterSnapshot API operation) then RDS doesn't copy tags from the source DB "
    "cluster to the new DB snapshot. This functionality applies even if the source DB cluster has the "
    "--copy-tags-to-snapshot (CopyTagsToSnapshot) option enabled.",
)
TAGGED = {"CopyTagsToSnapshot": True, "Tags": [{"Key": "team", "Value": "shop"}]}


def take(aws, of=None, name=None, **params):
    """Begins a snapshot of an instance."""
    wanted = {"DBInstanceIdentifier": of or databases.common(aws), "DBSnapshotIdentifier": name or aws.new("snapshot")}
    return aws.rds.CreateDBSnapshot(**wanted, **params)["DBSnapshot"]


def snapshot(aws, **params):
    """A new snapshot of an instance that is available."""
    name = take(aws, **params)["DBSnapshotIdentifier"]
    aws.wait("rds", "db_snapshot_available", DBSnapshotIdentifier=name)
    return describe(aws, name)


def take_cluster(aws, of=None, name=None, **params):
    """Begins a snapshot of a cluster."""
    wanted = {
        "DBClusterIdentifier": of or clusters.common(aws),
        "DBClusterSnapshotIdentifier": name or aws.new("snapshot"),
    }
    return aws.rds.CreateDBClusterSnapshot(**wanted, **params)["DBClusterSnapshot"]


def cluster_snapshot(aws, **params):
    """A new snapshot of a cluster that is available."""
    name = take_cluster(aws, **params)["DBClusterSnapshotIdentifier"]
    aws.wait("rds", "db_cluster_snapshot_available", DBClusterSnapshotIdentifier=name)
    return describe_cluster(aws, name)


def describe(aws, name, **params):
    (found,) = aws.rds.DescribeDBSnapshots(DBSnapshotIdentifier=name, **params)["DBSnapshots"]
    return found


def describe_cluster(aws, name, **params):
    (found,) = aws.rds.DescribeDBClusterSnapshots(DBClusterSnapshotIdentifier=name, **params)["DBClusterSnapshots"]
    return found


@shared
def common(aws):
    """A snapshot of an instance that stays as it is."""
    return snapshot(aws)


@shared
def common_of_cluster(aws):
    """A snapshot of a cluster that stays as it is."""
    return cluster_snapshot(aws)


def tags(found):
    return {tag["Key"]: tag["Value"] for tag in found["TagList"]}


@question("creating", Example(CREATED, '"Status": "creating"'))
def the_status_of_a_new_snapshot(aws):
    return take(aws)["Status"]


@question(0, Example(CREATED, '"PercentProgress": 0'))
def the_progress_of_a_new_snapshot(aws):
    return take(aws)["PercentProgress"]


@question("manual", Example(CREATED, '"SnapshotType": "manual"'))
def the_type_of_a_snapshot(aws):
    return take(aws)["SnapshotType"]


@question("available", Example("rds/describe-db-snapshots", '"Status": "available"'))
def the_status_of_a_finished_snapshot(aws):
    return common(aws)["Status"]


@question(100, Example("rds/describe-db-snapshots", '"PercentProgress": 100'))
def the_progress_of_a_finished_snapshot(aws):
    return common(aws)["PercentProgress"]


@question("creating", Example(CLUSTER_CREATED, '"Status": "creating"'))
def the_status_of_a_new_snapshot_of_a_cluster(aws):
    return take_cluster(aws)["Status"]


@question(0, Example(CLUSTER_CREATED, '"PercentProgress": 0'))
def the_progress_of_a_new_snapshot_of_a_cluster(aws):
    return take_cluster(aws)["PercentProgress"]


@question(
    True,
    Api(
        "rds",
        "DBSnapshot",
        "Specifies the DB instance identifier of the DB instance this DB snapshot was created from.",
    ),
)
def the_instance_of_a_snapshot(aws):
    return common(aws)["DBInstanceIdentifier"] == databases.common(aws)


@question(True, Api("rds", "DBSnapshot", "The identifier for the source DB instance, which can't be changed"))
def the_resource_id_of_a_snapshot(aws):
    return common(aws)["DbiResourceId"] == databases.describe(aws, databases.common(aws))["DbiResourceId"]


@question(
    True,
    Api(
        "rds", "DBClusterSnapshot", "The resource ID of the DB cluster that this DB cluster snapshot was created from."
    ),
)
def the_resource_id_of_a_clusters_snapshot(aws):
    found = clusters.describe(aws, clusters.common(aws))["DbClusterResourceId"]
    return common_of_cluster(aws)["DbClusterResourceId"] == found


@question(True, Api("rds", "DescribeDBSnapshots", "This value is stored as a lowercase string."))
def an_identifier_in_upper_case(aws):
    name = aws.new("Upper")
    return take(aws, name=name)["DBSnapshotIdentifier"] == name.lower()


@question(
    "DBSnapshotAlreadyExists",
    Api("rds", "DBSnapshotAlreadyExistsFault", "DBSnapshotIdentifier is already used by an existing snapshot."),
)
def a_snapshot_that_exists(aws):
    return refusal(take, aws=aws, name=common(aws)["DBSnapshotIdentifier"])


@question(
    "DBClusterSnapshotAlreadyExistsFault",
    Api("rds", "DBClusterSnapshotAlreadyExistsFault", "already has a DB cluster snapshot with the given"),
)
def a_clusters_snapshot_that_exists(aws):
    return refusal(take_cluster, aws=aws, name=common_of_cluster(aws)["DBClusterSnapshotIdentifier"])


@question("DBInstanceNotFound", databases.NO_INSTANCE)
def a_snapshot_of_an_instance_that_does_not_exist(aws):
    return refusal(take, aws=aws, of="none-of-this-name")


@question("DBClusterNotFoundFault", clusters.NO_CLUSTER)
def a_snapshot_of_a_cluster_that_does_not_exist(aws):
    return refusal(take_cluster, aws=aws, of="none-of-this-name")


@question(
    "InvalidDBInstanceState",
    Api("rds", "CreateDBSnapshot", "must be in the available or storage-optimization state"),
    Api("rds", "InvalidDBInstanceStateFault", "The DB instance isn't in a valid state."),
)
def a_snapshot_of_an_instance_that_is_being_created(aws):
    return refusal(take, aws=aws, of=databases.create(aws, AllocatedStorage=60000)["DBInstanceIdentifier"])


@question(REFUSED, NAMES)
def an_identifier_of_256_characters(aws):
    return refusal(take, aws=aws, name="s" * 256)


@question(ACCEPTED, NAMES)
def an_identifier_of_255_characters(aws):
    return refusal(take, aws=aws, name="s" * 255)


@question(REFUSED, NAMES)
def an_identifier_with_a_colon(aws):
    return refusal(take, aws=aws, name="rds:mine")


@question(REFUSED, HYPHENS)
def an_identifier_that_ends_with_a_hyphen(aws):
    return refusal(take, aws=aws, name="mine-")


@question(REFUSED, Api("rds", "CreateDBClusterSnapshot", "Must contain from 1 to 63 letters, numbers, or hyphens."))
def a_clusters_snapshot_of_64_characters(aws):
    return refusal(take_cluster, aws=aws, name="s" * 64)


@question({"night": "1"}, OWN_TAGS)
def a_snapshot_with_tags_of_its_own(aws):
    return tags(take(aws, of=databases.instance(aws, **TAGGED), Tags=[{"Key": "night", "Value": "1"}]))


@question(
    {"team": "shop"}, Api("rds", "CreateDBInstance", "Specifies whether to copy tags from the DB instance to snapshots")
)
def a_snapshot_with_the_tags_of_its_instance(aws):
    return tags(take(aws, of=databases.instance(aws, **TAGGED)))


@question({}, Api("rds", "CreateDBInstance", "By default, tags are not copied."))
def a_snapshot_of_an_instance_that_does_not_copy_its_tags(aws):
    return tags(take(aws, of=databases.instance(aws, Tags=TAGGED["Tags"])))


@question({"night": "1"}, CLUSTER_OWN_TAGS)
def a_clusters_snapshot_with_tags_of_its_own(aws):
    return tags(take_cluster(aws, of=clusters.cluster(aws, **TAGGED), Tags=[{"Key": "night", "Value": "1"}]))


@question(
    {"team": "shop"},
    Api("rds", "CreateDBCluster", "Specifies whether to copy all tags from the DB cluster to snapshots"),
)
def a_snapshot_with_the_tags_of_its_cluster(aws):
    return tags(take_cluster(aws, of=clusters.cluster(aws, **TAGGED)))


@question("DBSnapshotNotFound", NO_SNAPSHOT)
def describing_a_snapshot_that_does_not_exist(aws):
    return refusal(describe, aws=aws, name="none-of-this-name")


@question("DBClusterSnapshotNotFoundFault", NO_CLUSTER_SNAPSHOT)
def describing_a_clusters_snapshot_that_does_not_exist(aws):
    return refusal(describe_cluster, aws=aws, name="none-of-this-name")


@question(
    REFUSED,
    Api(
        "rds", "DescribeDBClusterSnapshots", "This parameter can't be used in conjunction with the DBClusterIdentifier"
    ),
)
def describing_by_cluster_and_by_snapshot(aws):
    name = common_of_cluster(aws)["DBClusterSnapshotIdentifier"]
    return refusal(describe_cluster, aws=aws, name=name, DBClusterIdentifier=clusters.common(aws))


@question("deleted", Example("rds/delete-db-snapshot", '"Status": "deleted"'))
def the_status_of_a_deleted_snapshot(aws):
    name = snapshot(aws)["DBSnapshotIdentifier"]
    return aws.rds.DeleteDBSnapshot(DBSnapshotIdentifier=name)["DBSnapshot"]["Status"]


@question("available", Example("rds/delete-db-cluster-snapshot", '"Status": "available"'))
def the_status_of_a_clusters_deleted_snapshot(aws):
    name = cluster_snapshot(aws)["DBClusterSnapshotIdentifier"]
    return aws.rds.DeleteDBClusterSnapshot(DBClusterSnapshotIdentifier=name)["DBClusterSnapshot"]["Status"]


@question("DBSnapshotNotFound", NO_SNAPSHOT)
def deleting_a_snapshot_that_does_not_exist(aws):
    return refusal(aws.rds.DeleteDBSnapshot, DBSnapshotIdentifier="none-of-this-name")


@question("DBClusterSnapshotNotFoundFault", NO_CLUSTER_SNAPSHOT)
def deleting_a_clusters_snapshot_that_does_not_exist(aws):
    return refusal(aws.rds.DeleteDBClusterSnapshot, DBClusterSnapshotIdentifier="none-of-this-name")


@question({"team": "till"}, Api("rds", "AddTagsToResource", "Adds metadata tags to an Amazon RDS resource."))
def a_tag_that_is_set_twice(aws):
    arn = take(aws, Tags=[{"Key": "team", "Value": "shop"}])["DBSnapshotArn"]
    aws.rds.AddTagsToResource(ResourceName=arn, Tags=[{"Key": "team", "Value": "till"}])
    return tags(aws.rds.ListTagsForResource(ResourceName=arn))


@question({}, Api("rds", "RemoveTagsFromResource", "Removes metadata tags from an Amazon RDS resource."))
def a_tag_that_was_removed(aws):
    arn = take_cluster(aws, Tags=[{"Key": "team", "Value": "shop"}])["DBClusterSnapshotArn"]
    aws.rds.RemoveTagsFromResource(ResourceName=arn, TagKeys=["team"])
    return tags(aws.rds.ListTagsForResource(ResourceName=arn))


@question("DBSnapshotNotFound", NO_SNAPSHOT)
def tags_of_a_snapshot_that_does_not_exist(aws):
    return refusal(aws.rds.ListTagsForResource, ResourceName=common(aws)["DBSnapshotArn"] + "-gone")


@question(REFUSED, Api("rds", "ListTagsForResource", "This value is an Amazon Resource Name (ARN)."))
def tags_of_a_snapshot_by_its_identifier(aws):
    return refusal(aws.rds.ListTagsForResource, ResourceName=common(aws)["DBSnapshotIdentifier"])


@question(REFUSED, Api("rds", "Tag", "can't be prefixed with aws: or rds:"))
def a_tag_with_the_prefix_aws(aws):
    return refusal(take, aws=aws, Tags=[{"Key": "aws:mine", "Value": "1"}])


@question(REFUSED, Api("rds", "Tag", "can't be prefixed with aws: or rds:"))
def a_tag_with_the_prefix_rds(aws):
    return refusal(take, aws=aws, Tags=[{"Key": "rds:mine", "Value": "1"}])


@question(REFUSED, Api("rds", "Tag", "The string value can be from 1 to 128 Unicode characters in length"))
def a_tag_whose_key_has_129_characters(aws):
    return refusal(take, aws=aws, Tags=[{"Key": "k" * 129, "Value": "1"}])


@question(
    REFUSED, Api("rds", "Tag", "The string can only contain only the set of Unicode letters, digits, white-space")
)
def a_tag_with_an_exclamation_mark(aws):
    return refusal(take, aws=aws, Tags=[{"Key": "mine!", "Value": "1"}])
