"""Journeys of databases: restored, modified, rebooted, stopped, rewound, cloned and deleted, with the clients' own waiters.

`journeys.py` runs them.
"""

import time
from contextlib import suppress

from simulation import AwsError, Simulation


class DatabaseJourneys:
    """The journeys. Each uses its own databases. The command line takes long to start: the judged client makes only the calls that it has
    waiters, pages or special parameters for.
    """

    def until(self, seen, operation, **params):
        """Repeats a call until its only result is as wanted. No client has waiters for all that databases do."""
        last = None
        for _ in range(200):
            with suppress(AwsError):
                ((last,),) = [result for result in self.prepare.call("rds", operation, **params).values() if result]
                if seen(last):
                    return last
            time.sleep(0.05)
        self.fail(f"{operation} has {last}")

    def found(self, name, seen=lambda found: True):
        return self.until(seen, "DescribeDBInstances", DBInstanceIdentifier=name)

    def deleted(self, name, **params):
        self.call("rds", "DeleteDBInstance", DBInstanceIdentifier=name, **params)
        self.client.wait("rds", "DBInstanceDeleted", DBInstanceIdentifier=name)

    def test_an_instance_is_restored_modified_and_deleted(self):
        self.instance("sold", BackupRetentionPeriod=0)
        self.snapshot("sold-1", "sold")
        new = {"DBInstanceIdentifier": "sold-new", "DBSnapshotIdentifier": "sold-1", "BackupRetentionPeriod": 0}
        made = self.call("rds", "RestoreDBInstanceFromDBSnapshot", **new, MultiAZ=True)["DBInstance"]
        self.assertEqual((made["DBInstanceStatus"], made["AllocatedStorage"]), ("creating", 20))
        self.client.wait("rds", "DBInstanceAvailable", DBInstanceIdentifier="sold-new")

        change = {"DBInstanceIdentifier": "sold-new", "DBInstanceClass": "db.t4g.large", "ApplyImmediately": True}
        pending = self.call("rds", "ModifyDBInstance", **change)["DBInstance"]
        # Right after the modification, the status is that of before.
        self.assertEqual(pending["DBInstanceStatus"], "available")
        self.assertEqual(pending["PendingModifiedValues"], {"DBInstanceClass": "db.t4g.large"})
        self.found("sold-new", lambda found: found["DBInstanceClass"] == "db.t4g.large")

        rename = {"NewDBInstanceIdentifier": "sold-old", "ApplyImmediately": True}
        self.call("rds", "ModifyDBInstance", DBInstanceIdentifier="sold", **rename)
        # The new name is found after the reboot. Until then, the waiter for deletions fails at the old one.
        self.found("sold-old")
        self.prepare.call("rds", "RebootDBInstance", DBInstanceIdentifier="sold-old")
        self.prepare.wait("rds", "DBInstanceAvailable", DBInstanceIdentifier="sold-old")
        self.deleted("sold-old", SkipFinalSnapshot=True)

    def test_an_instance_is_stopped_started_and_rewound_after_its_deletion(self):
        self.use(Simulation("--answers", "first-backup=at-creation"))
        self.instance("past", BackupRetentionPeriod=7)
        resource_id = self.found("past", lambda found: "LatestRestorableTime" in found)["DbiResourceId"]
        self.call("rds", "StopDBInstance", DBInstanceIdentifier="past")
        self.found("past", lambda found: found["DBInstanceStatus"] == "stopped")
        self.call("rds", "StartDBInstance", DBInstanceIdentifier="past")
        self.client.wait("rds", "DBInstanceAvailable", DBInstanceIdentifier="past")

        self.deleted("past", SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
        pages = self.client.pages("rds", "DescribeDBInstanceAutomatedBackups", 20, DbiResourceId=resource_id)
        (backup,) = [backup for page in pages for backup in page["DBInstanceAutomatedBackups"]]
        self.assertEqual((backup["Status"], backup["DBInstanceIdentifier"]), ("retained", "past"))
        rewind = {"SourceDbiResourceId": resource_id, "TargetDBInstanceIdentifier": "rewound"}
        self.call("rds", "RestoreDBInstanceToPointInTime", **rewind, UseLatestRestorableTime=True)
        self.client.wait("rds", "DBInstanceAvailable", DBInstanceIdentifier="rewound")
        self.prepare.call("rds", "DeleteDBInstanceAutomatedBackup", DbiResourceId=resource_id)

    def test_a_cluster_is_restored_with_an_instance_and_cloned(self):
        self.cluster("herd")
        self.prepare.call(
            "rds", "CreateDBClusterSnapshot", DBClusterIdentifier="herd", DBClusterSnapshotIdentifier="herd-1"
        )
        self.prepare.wait("rds", "DBClusterSnapshotAvailable", DBClusterSnapshotIdentifier="herd-1")
        new = {"DBClusterIdentifier": "herd-new", "SnapshotIdentifier": "herd-1", "Engine": "aurora-postgresql"}
        made = self.call("rds", "RestoreDBClusterFromSnapshot", **new)["DBCluster"]
        self.assertEqual((made["Status"], made["DBClusterMembers"]), ("creating", []))
        self.client.wait("rds", "DBClusterAvailable", DBClusterIdentifier="herd-new")
        writer = {"DBInstanceIdentifier": "herd-a", "DBInstanceClass": "db.r6g.large", "Engine": "aurora-postgresql"}
        self.call("rds", "CreateDBInstance", DBClusterIdentifier="herd-new", **writer)
        self.client.wait("rds", "DBInstanceAvailable", DBInstanceIdentifier="herd-a")
        (member,) = self.until(lambda found: True, "DescribeDBClusters", DBClusterIdentifier="herd-new")["DBClusterMembers"]
        self.assertEqual((member["DBInstanceIdentifier"], member["IsClusterWriter"]), ("herd-a", True))

        clone = {"SourceDBClusterIdentifier": "herd-new", "DBClusterIdentifier": "herd-clone"}
        clone |= {"RestoreType": "copy-on-write", "UseLatestRestorableTime": True}
        group = self.call("rds", "RestoreDBClusterToPointInTime", **clone)["DBCluster"]["CloneGroupId"]
        source = self.until(lambda found: True, "DescribeDBClusters", DBClusterIdentifier="herd-new")
        self.assertEqual(source["CloneGroupId"], group)
        self.client.wait("rds", "DBClusterAvailable", DBClusterIdentifier="herd-clone")

        delete = {"DBClusterIdentifier": "herd-new", "SkipFinalSnapshot": True}
        self.prepare.call("rds", "DeleteDBInstance", DBInstanceIdentifier="herd-a")
        self.call("rds", "DeleteDBCluster", **delete)
        self.client.wait("rds", "DBClusterDeleted", DBClusterIdentifier="herd-new")

    def test_groups_are_made_listed_and_used(self):
        family = {"DBParameterGroupFamily": "postgres16", "Description": "journey"}
        self.prepare.call("rds", "CreateDBParameterGroup", DBParameterGroupName="tuned", **family)
        slow = {"ParameterName": "work_mem", "ParameterValue": "4096", "ApplyMethod": "immediate"}
        self.prepare.call("rds", "ModifyDBParameterGroup", DBParameterGroupName="tuned", Parameters=[slow])
        pages = self.client.pages("rds", "DescribeDBParameters", 20, DBParameterGroupName="tuned", Source="user")
        (parameter,) = [parameter for page in pages for parameter in page["Parameters"]]
        self.assertEqual((parameter["ParameterName"], parameter["ParameterValue"]), ("work_mem", "4096"))
        pages = self.client.pages("rds", "DescribeDBParameterGroups", 20)
        names = [group["DBParameterGroupName"] for page in pages for group in page["DBParameterGroups"]]
        self.assertTrue("tuned" in names and len(names) > 20, names)
        offered = {"Engine": "postgres", "DBInstanceClass": "db.t4g.medium"}
        pages = self.client.pages("rds", "DescribeOrderableDBInstanceOptions", 20, **offered)
        options = [option for page in pages for option in page["OrderableDBInstanceOptions"]]
        self.assertEqual({option["DBInstanceClass"] for option in options}, {"db.t4g.medium"})

        self.instance("grouped", DBParameterGroupName="tuned")
        (group,) = self.found("grouped")["DBParameterGroups"]
        self.assertEqual(group, {"DBParameterGroupName": "tuned", "ParameterApplyStatus": "in-sync"})
