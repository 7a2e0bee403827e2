"""RDS: reboots, stops and starts."""

import time

from asking import ACCEPTED, REFUSED, question, refusal
from questions import clusters
from questions.databases import instance
from references import Api, Page

NO_INSTANCE = Api("rds", "DBInstanceNotFoundFault", "DBInstanceIdentifier doesn't refer to an existing DB instance.")
NO_CLUSTER = Api("rds", "DBClusterNotFoundFault", "DBClusterIdentifier doesn't refer to an existing DB cluster.")
STATE = Api("rds", "InvalidDBInstanceStateFault", "The DB instance isn't in a valid state.")


@question(ACCEPTED, Api("rds", "RebootDBInstance", "You might need to reboot your DB instance, usually for maintenance reasons."))
def rebooting_an_instance(aws):
    return refusal(aws.rds.RebootDBInstance, DBInstanceIdentifier=instance(aws))


@question("DBInstanceNotFound", NO_INSTANCE)
def rebooting_an_instance_that_does_not_exist(aws):
    return refusal(aws.rds.RebootDBInstance, DBInstanceIdentifier=aws.new("nosuch"))


@question("DBInstanceNotFound", NO_INSTANCE)
def stopping_an_instance_that_does_not_exist(aws):
    return refusal(aws.rds.StopDBInstance, DBInstanceIdentifier=aws.new("nosuch"))


@question("InvalidDBInstanceState", STATE)
def starting_an_instance_that_runs(aws):
    return refusal(aws.rds.StartDBInstance, DBInstanceIdentifier=instance(aws))


@question("DBClusterNotFoundFault", NO_CLUSTER)
def stopping_a_cluster_that_does_not_exist(aws):
    return refusal(aws.rds.StopDBCluster, DBClusterIdentifier=aws.new("nosuch"))


@question("DBClusterNotFoundFault", NO_CLUSTER)
def rebooting_a_cluster_that_does_not_exist(aws):
    return refusal(aws.rds.RebootDBCluster, DBClusterIdentifier=aws.new("nosuch"))


@question("DBClusterNotFoundFault", NO_CLUSTER)
def failing_over_a_cluster_that_does_not_exist(aws):
    return refusal(aws.rds.FailoverDBCluster, DBClusterIdentifier=aws.new("nosuch"))


@question(REFUSED, Api("rds", "FailoverDBCluster", "Forces a failover for a DB cluster."), NO_CLUSTER)
def failing_over_a_cluster_without_members(aws):
    return refusal(aws.rds.FailoverDBCluster, DBClusterIdentifier=clusters.common(aws))


@question(
    "InvalidDBClusterStateFault",
    Page(
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html",
        "You can't delete a cluster if it's in the stopped state. In this case, start the cluster before deleting it.",
    ),
    Api(
        "rds",
        "InvalidDBClusterStateFault",
        "The requested operation can't be performed while the cluster is in this state.",
    ),
)
def deleting_a_stopped_cluster(aws):
    name = clusters.cluster(aws)
    aws.rds.StopDBCluster(DBClusterIdentifier=name)
    for _ in range(100):
        if clusters.describe(aws, name)["Status"] == "stopped":
            break
        time.sleep(0.1)
    return refusal(aws.rds.DeleteDBCluster, DBClusterIdentifier=name, SkipFinalSnapshot=True)
