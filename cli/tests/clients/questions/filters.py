"""RDS: filters and pages."""

from asking import ACCEPTED, REFUSED, question, refusal, shared
from questions import clusters, databases
from questions.snapshots import cluster_snapshot, snapshot
from references import Api

NAMES = Api(
    "rds", "Filter", "The filters supported by a describe operation are documented with the describe operation."
)
CASE = Api("rds", "Filter", "Filter names are case-sensitive.")
VALUES = Api("rds", "Filter", "One or more filter values. Filter values are case-sensitive.")
WILDCARDS = Api("rds", "Filter", "Currently, wildcards are not supported in filters.")
INSTANCES = Api(
    "rds", "DescribeDBInstances", "Accepts DB instance identifiers and DB instance Amazon Resource Names (ARNs)."
)
CLUSTERS = Api(
    "rds",
    "DescribeDBClusters",
    "db-cluster-id - Accepts DB cluster identifiers and DB cluster Amazon Resource Names (ARNs).",
)
SNAPSHOTS = Api("rds", "DescribeDBSnapshots", "Supported filters: db-instance-id - Accepts DB instance identifiers and")
CLUSTER_SNAPSHOTS = Api(
    "rds", "DescribeDBClusterSnapshots", "Supported filters: db-cluster-id - Accepts DB cluster identifiers"
)


@shared
def instance(aws):
    """An instance of PostgreSQL. There is one of MySQL too."""
    databases.create(aws, Engine="mysql")
    return databases.describe(aws, databases.instance(aws))


@shared
def cluster(aws):
    """A cluster of Aurora MySQL. There is one of Aurora PostgreSQL too."""
    clusters.create(aws, Engine="aurora-postgresql")
    return clusters.describe(aws, clusters.cluster(aws))


@shared
def instance_snapshot(aws):
    """A snapshot of the instance of PostgreSQL. There is one of MySQL too."""
    snapshot(aws, of=databases.instance(aws, Engine="mysql"))
    return snapshot(aws, of=instance(aws)["DBInstanceIdentifier"])


@shared
def clusters_snapshot(aws):
    """A snapshot of the cluster of Aurora MySQL. There is one of Aurora PostgreSQL too."""
    cluster_snapshot(aws, of=clusters.cluster(aws, Engine="aurora-postgresql"))
    return cluster_snapshot(aws, of=cluster(aws)["DBClusterIdentifier"])


def filters(name, *values):
    return [{"Name": name, "Values": list(values)}]


def instances(aws, name, *values, **params):
    found = aws.rds.DescribeDBInstances(Filters=filters(name, *values), **params)["DBInstances"]
    return [each["DBInstanceIdentifier"] for each in found] == [instance(aws)["DBInstanceIdentifier"]]


def clusters_found(aws, name, *values):
    found = aws.rds.DescribeDBClusters(Filters=filters(name, *values))["DBClusters"]
    return [each["DBClusterIdentifier"] for each in found] == [cluster(aws)["DBClusterIdentifier"]]


def snapshots(aws, name, *values, **params):
    found = aws.rds.DescribeDBSnapshots(Filters=filters(name, *values), **params)["DBSnapshots"]
    return [each["DBSnapshotIdentifier"] for each in found] == [instance_snapshot(aws)["DBSnapshotIdentifier"]]


def cluster_snapshots(aws, name, *values, **params):
    found = aws.rds.DescribeDBClusterSnapshots(Filters=filters(name, *values), **params)["DBClusterSnapshots"]
    wanted = clusters_snapshot(aws)["DBClusterSnapshotIdentifier"]
    return [each["DBClusterSnapshotIdentifier"] for each in found] == [wanted]


@question(True, INSTANCES)
def instances_by_identifier(aws):
    return instances(aws, "db-instance-id", instance(aws)["DBInstanceIdentifier"])


@question(False, VALUES)
def instances_by_identifier_in_capitals(aws):
    return instances(aws, "db-instance-id", instance(aws)["DBInstanceIdentifier"].upper())


@question(True, INSTANCES)
def instances_by_arn(aws):
    return instances(aws, "db-instance-id", instance(aws)["DBInstanceArn"])


@question(True, Api("rds", "DescribeDBInstances", "dbi-resource-id - Accepts DB instance resource identifiers."))
def instances_by_resource(aws):
    return instances(aws, "dbi-resource-id", instance(aws)["DbiResourceId"])


@question(True, Api("rds", "DescribeDBInstances", "engine - Accepts engine names."))
def instances_by_engine(aws):
    return instances(aws, "engine", instance(aws)["Engine"])


@question(ACCEPTED, Api("rds", "DescribeDBInstances", "domain - Accepts Active Directory directory IDs."))
def instances_by_domain(aws):
    return refusal(aws.rds.DescribeDBInstances, Filters=filters("domain", "d-1234567890"))


@question(
    True, Api("rds", "DescribeDBInstances", "information from only the specific DB instance is returned"), INSTANCES
)
def instances_by_identifier_and_engine(aws):
    of = instance(aws)
    return instances(aws, "engine", of["Engine"], DBInstanceIdentifier=of["DBInstanceIdentifier"])


@question(REFUSED, NAMES)
def instances_by_an_unknown_filter(aws):
    return refusal(aws.rds.DescribeDBInstances, Filters=filters("colour", "red"))


@question(REFUSED, CASE)
def instances_by_a_filter_in_upper_case(aws):
    return refusal(aws.rds.DescribeDBInstances, Filters=filters("Engine", "postgres"))


@question(REFUSED, VALUES)
def instances_by_a_filter_without_values(aws):
    return refusal(aws.rds.DescribeDBInstances, Filters=[{"Name": "engine", "Values": []}])


@question(False, WILDCARDS)
def instances_by_a_wildcard(aws):
    return bool(aws.rds.DescribeDBInstances(Filters=filters("engine", "postgre*"))["DBInstances"])


@question(False, VALUES)
def instances_by_an_engine_in_upper_case(aws):
    return bool(aws.rds.DescribeDBInstances(Filters=filters("engine", "POSTGRES"))["DBInstances"])


@question(True, CLUSTERS)
def clusters_by_identifier(aws):
    return clusters_found(aws, "db-cluster-id", cluster(aws)["DBClusterIdentifier"])


@question(True, CLUSTERS)
def clusters_by_arn(aws):
    return clusters_found(aws, "db-cluster-id", cluster(aws)["DBClusterArn"])


@question(True, Api("rds", "DescribeDBClusters", "db-cluster-resource-id - Accepts DB cluster resource identifiers."))
def clusters_by_resource(aws):
    return clusters_found(aws, "db-cluster-resource-id", cluster(aws)["DbClusterResourceId"])


@question(True, Api("rds", "DescribeDBClusters", "engine - Accepts engine names."))
def clusters_by_engine(aws):
    return clusters_found(aws, "engine", cluster(aws)["Engine"])


@question(ACCEPTED, Api("rds", "DescribeDBClusters", "clone-group-id - Accepts clone group identifiers."))
def clusters_by_clone_group(aws):
    return refusal(aws.rds.DescribeDBClusters, Filters=filters("clone-group-id", "none"))


@question(REFUSED, NAMES)
def clusters_by_a_filter_of_instances(aws):
    return refusal(aws.rds.DescribeDBClusters, Filters=filters("db-instance-id", "mine"))


@question(True, SNAPSHOTS)
def snapshots_by_instance(aws):
    return snapshots(aws, "db-instance-id", instance_snapshot(aws)["DBInstanceIdentifier"])


@question(True, SNAPSHOTS)
def snapshots_by_the_arn_of_an_instance(aws):
    instance_snapshot(aws)
    return snapshots(aws, "db-instance-id", instance(aws)["DBInstanceArn"])


@question(True, Api("rds", "DescribeDBSnapshots", "db-snapshot-id - Accepts DB snapshot identifiers."))
def snapshots_by_identifier(aws):
    return snapshots(aws, "db-snapshot-id", instance_snapshot(aws)["DBSnapshotIdentifier"])


@question(True, Api("rds", "DescribeDBSnapshots", "dbi-resource-id - Accepts identifiers of source DB instances."))
def snapshots_by_the_resource_of_an_instance(aws):
    return snapshots(aws, "dbi-resource-id", instance_snapshot(aws)["DbiResourceId"])


@question(True, Api("rds", "DescribeDBSnapshots", "engine - Accepts names of database engines."))
def snapshots_by_engine(aws):
    return snapshots(aws, "engine", instance_snapshot(aws)["Engine"])


@question(False, Api("rds", "DescribeDBSnapshots", "snapshot-type - Accepts types of DB snapshots."))
def manual_snapshots_among_automated_ones(aws):
    instance_snapshot(aws)
    return bool(aws.rds.DescribeDBSnapshots(Filters=filters("snapshot-type", "automated"))["DBSnapshots"])


@question(True, SNAPSHOTS)
def snapshots_by_identifier_and_by_instance(aws):
    of = instance_snapshot(aws)
    name = {"DBSnapshotIdentifier": of["DBSnapshotIdentifier"]}
    return snapshots(aws, "db-instance-id", of["DBInstanceIdentifier"], **name)


@question(REFUSED, NAMES)
def snapshots_by_an_unknown_filter(aws):
    return refusal(aws.rds.DescribeDBSnapshots, Filters=filters("colour", "red"))


@question(REFUSED, VALUES)
def snapshots_by_a_filter_without_values(aws):
    return refusal(aws.rds.DescribeDBSnapshots, Filters=[{"Name": "engine", "Values": []}])


@question(True, CLUSTER_SNAPSHOTS)
def cluster_snapshots_by_cluster(aws):
    of = clusters_snapshot(aws)
    return cluster_snapshots(aws, "db-cluster-id", of["DBClusterIdentifier"])


@question(
    True, Api("rds", "DescribeDBClusterSnapshots", "db-cluster-snapshot-id - Accepts DB cluster snapshot identifiers.")
)
def cluster_snapshots_by_identifier(aws):
    return cluster_snapshots(aws, "db-cluster-snapshot-id", clusters_snapshot(aws)["DBClusterSnapshotIdentifier"])


@question(True, Api("rds", "DescribeDBClusterSnapshots", "engine - Accepts names of database engines."))
def cluster_snapshots_by_engine(aws):
    return cluster_snapshots(aws, "engine", clusters_snapshot(aws)["Engine"])


@question(REFUSED, NAMES)
def cluster_snapshots_by_an_unknown_filter(aws):
    return refusal(aws.rds.DescribeDBClusterSnapshots, Filters=filters("colour", "red"))


@question(REFUSED, Api("rds", "DescribeDBSnapshots", "Default: 100 Constraints: Minimum 20, maximum 100."))
def a_page_of_19_snapshots(aws):
    return refusal(aws.rds.DescribeDBSnapshots, MaxRecords=19)


@question(REFUSED, Api("rds", "DescribeDBClusterSnapshots", "Default: 100 Constraints: Minimum 20, maximum 100."))
def a_page_of_101_cluster_snapshots(aws):
    return refusal(aws.rds.DescribeDBClusterSnapshots, MaxRecords=101)


@question((20, 5), Api("rds", "DescribeDBSnapshots", "the response includes only records beyond the marker"))
def two_pages_of_snapshots(aws):
    of = databases.instance(aws)
    for _ in range(25):
        aws.rds.CreateDBSnapshot(DBInstanceIdentifier=of, DBSnapshotIdentifier=aws.new("page"))
    first = aws.rds.DescribeDBSnapshots(DBInstanceIdentifier=of, MaxRecords=20)
    second = aws.rds.DescribeDBSnapshots(DBInstanceIdentifier=of, MaxRecords=20, Marker=first["Marker"])
    return len(first["DBSnapshots"]), len(second["DBSnapshots"])
