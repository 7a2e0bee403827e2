"""RDS: reboots, stops and starts."""

from asking import ACCEPTED, REFUSED, question, refusal
from questions import clusters
from questions.databases import instance
from references import Api

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
