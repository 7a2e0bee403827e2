"""Typical sequences of calls for keeping snapshots in a second account, with boto3 and with the AWS command line.

Run by `cargo xtask test`, or by hand: `target/python/bin/python cli/tests/clients/journeys.py WithBoto3`.
"""

import json
import time
import unittest

from database_journeys import DatabaseJourneys
from simulation import DR, PROD, REGION, STRANGER, Boto3, CommandLine, AwsError, Simulation

# The permissions of the copying role on the source's key, and on the target's key.
READ = ["kms:Decrypt", "kms:DescribeKey", "kms:CreateGrant", "kms:ReEncrypt*"]
ALL = [*READ, "kms:GenerateDataKey*"]

# The retention period of events, in minutes.
FORTNIGHT = 14 * 24 * 60


def policy(*statements):
    """A policy that allows everything to the owner, and these statements: (account, actions, condition)."""
    allowed = [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PROD}:root"}, "Action": "*", "Resource": "*"}]
    for account, actions, *condition in statements:
        statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": actions, "Resource": "*"}
        allowed.append(statement | ({"Condition": condition[0]} if condition else {}))
    return json.dumps({"Version": "2012-10-17", "Statement": allowed})


def snapshot_arn(name, kind="snapshot", account=PROD, region=REGION):
    return f"arn:aws:rds:{region}:{account}:{kind}:{name}"


class Journeys:
    """The journeys. Each uses its own resources, so their order does not matter."""

    @classmethod
    def setUpClass(cls):
        cls.simulation = Simulation()
        cls.addClassCleanup(cls.simulation.stop)
        cls.client = cls.client_at(cls.simulation.url)
        # The resources of a journey are created with boto3, because it is faster.
        cls.prepare = Boto3(cls.simulation.url)

    def use(self, simulation):
        """Uses a separate simulation for this journey."""
        self.addCleanup(simulation.stop)
        self.client, self.prepare = self.client_at(simulation.url), Boto3(simulation.url)

    def call(self, *args, **params):
        return self.client.call(*args, **params)

    def assert_error(self, code, *args, **params):
        with self.assertRaises(AwsError) as caught:
            self.call(*args, **params)
        codes = (code,) if isinstance(code, str) else code
        self.assertIn(caught.exception.code, codes, str(caught.exception))

    # Things to begin with.

    def key(self, account=PROD, **params):
        return self.prepare.call("kms", "CreateKey", account, **params)["KeyMetadata"]["Arn"]

    def instance(self, name, **params):
        params = {"Engine": "postgres", "DBInstanceClass": "db.t4g.medium", "AllocatedStorage": 20} | params
        params |= {"MasterUsername": "draco"}
        if not params.get("ManageMasterUserPassword"):
            params |= {"MasterUserPassword": "simulated"}
        self.prepare.call("rds", "CreateDBInstance", DBInstanceIdentifier=name, **params)
        self.prepare.wait("rds", "DBInstanceAvailable", DBInstanceIdentifier=name)

    def cluster(self, name, **params):
        params |= {"Engine": "aurora-postgresql", "MasterUsername": "draco", "MasterUserPassword": "simulated"}
        self.prepare.call("rds", "CreateDBCluster", DBClusterIdentifier=name, **params)
        self.prepare.wait("rds", "DBClusterAvailable", DBClusterIdentifier=name)

    def snapshot(self, name, of, share_with=(), **params):
        """A manual snapshot that is available, and shared."""
        params |= {"DBSnapshotIdentifier": name, "DBInstanceIdentifier": of}
        self.prepare.call("rds", "CreateDBSnapshot", **params)
        self.prepare.wait("rds", "DBSnapshotAvailable", DBSnapshotIdentifier=name)
        if share_with:
            share = {"AttributeName": "restore", "ValuesToAdd": list(share_with)}
            self.prepare.call("rds", "ModifyDBSnapshotAttribute", DBSnapshotIdentifier=name, **share)

    def copy(self, source, target, account=DR, **params):
        params |= {"SourceDBSnapshotIdentifier": source, "TargetDBSnapshotIdentifier": target}
        return {"service": "rds", "operation": "CopyDBSnapshot", "account": account, **params}

    def described(self, name, account=PROD):
        (found,) = self.call("rds", "DescribeDBSnapshots", account, DBSnapshotIdentifier=name)["DBSnapshots"]
        return found

    # The journeys.

    def test_access_key_and_session_token_identify_the_caller(self):
        root = {"Account": PROD, "Arn": f"arn:aws:iam::{PROD}:root", "UserId": PROD}
        self.assertEqual(self.call("sts", "GetCallerIdentity"), root)
        role = self.call("sts", "GetCallerIdentity", DR, role="draco/night")
        self.assertEqual(role["Arn"], f"arn:aws:sts::{DR}:assumed-role/draco/night")

    def test_operations_that_are_not_simulated_are_refused(self):
        self.assert_error("NotSimulated", "sts", "GetSessionToken")
        self.assert_error("InvalidClientTokenId", "sts", "GetCallerIdentity", "AKIAIOSFODNN7EXAMPLE")

    def test_a_snapshot_is_copied_to_another_account_and_key(self):
        key = self.call("kms", "CreateKey", Description="journey")["KeyMetadata"]["Arn"]
        self.call("kms", "PutKeyPolicy", KeyId=key, PolicyName="default", Policy=policy((DR, READ)))
        dr_key = self.call("kms", "CreateKey", DR)["KeyMetadata"]["Arn"]

        self.call(
            "rds",
            "CreateDBInstance",
            DBInstanceIdentifier="journey",
            Engine="postgres",
            DBInstanceClass="db.t4g.medium",
            AllocatedStorage=100,
            MasterUsername="draco",
            MasterUserPassword="simulated",
            StorageEncrypted=True,
            KmsKeyId=key,
        )
        self.client.wait("rds", "DBInstanceAvailable", DBInstanceIdentifier="journey")

        tags = [{"Key": "team", "Value": "shop+till/a=b"}, {"Key": "zone", "Value": "größer"}]
        made = self.call(
            "rds", "CreateDBSnapshot", DBInstanceIdentifier="journey", DBSnapshotIdentifier="Journey-1", Tags=tags
        )["DBSnapshot"]
        self.assertEqual((made["DBSnapshotIdentifier"], made["Status"]), ("journey-1", "creating"))
        self.assertLess(made["PercentProgress"], 100)
        self.client.wait("rds", "DBSnapshotAvailable", DBSnapshotIdentifier="journey-1")
        taken = self.described("journey-1")
        self.assertEqual((taken["Status"], taken["PercentProgress"]), ("available", 100))
        self.assertEqual((taken["Encrypted"], taken["KmsKeyId"]), (True, key))
        self.assertEqual(sorted(taken["TagList"], key=lambda tag: tag["Key"]), tags)

        # Other accounts do not see it until it is shared.
        arn = taken["DBSnapshotArn"]
        self.assert_error("DBSnapshotNotFound", "rds", "DescribeDBSnapshots", DR, DBSnapshotIdentifier=arn)
        share = {"DBSnapshotIdentifier": "journey-1", "AttributeName": "restore", "ValuesToAdd": [DR]}
        self.call("rds", "ModifyDBSnapshotAttribute", **share)
        shared_with = self.call("rds", "DescribeDBSnapshotAttributes", DBSnapshotIdentifier="journey-1")
        self.assertEqual(
            shared_with["DBSnapshotAttributesResult"]["DBSnapshotAttributes"],
            [{"AttributeName": "restore", "AttributeValues": [DR]}],
        )

        # Other accounts do not see its tags.
        seen = self.call("rds", "DescribeDBSnapshots", DR, SnapshotType="shared")["DBSnapshots"]
        (seen,) = [snapshot for snapshot in seen if snapshot["DBSnapshotIdentifier"] == arn]
        self.assertEqual((seen["SnapshotType"], seen.get("TagList", [])), ("shared", []))
        self.assertEqual(self.call("rds", "DescribeDBSnapshots", STRANGER, SnapshotType="shared")["DBSnapshots"], [])

        copy = self.call(**self.copy(arn, "kept-1", KmsKeyId=dr_key, Tags=tags))["DBSnapshot"]
        self.assertIn(copy["Status"], ("creating", "pending", "copying"))
        self.client.wait("rds", "DBSnapshotAvailable", DR, DBSnapshotIdentifier="kept-1")
        kept = self.described("kept-1", DR)
        self.assertEqual((kept["Encrypted"], kept["KmsKeyId"]), (True, dr_key))
        self.assertEqual((kept["SourceDBSnapshotIdentifier"], kept["SnapshotType"]), (arn, "manual"))
        self.assertEqual(sorted(kept["TagList"], key=lambda tag: tag["Key"]), tags)
        self.assertEqual(kept["OriginalSnapshotCreateTime"], taken["OriginalSnapshotCreateTime"])
        self.assertGreater(kept["SnapshotCreateTime"], taken["SnapshotCreateTime"])

        # Deleting the source does not affect the copy.
        self.call("rds", "DeleteDBSnapshot", DBSnapshotIdentifier="journey-1")
        self.client.wait("rds", "DBSnapshotDeleted", DBSnapshotIdentifier="journey-1")
        self.assert_error("DBSnapshotNotFound", "rds", "DescribeDBSnapshots", DR, DBSnapshotIdentifier=arn)
        self.assertEqual(self.described("kept-1", DR)["Status"], "available")

    def test_a_cluster_snapshot_is_copied_to_another_account_and_key(self):
        key, dr_key = self.key(Policy=policy((DR, READ))), self.key(DR)
        self.cluster("fleet", StorageEncrypted=True, KmsKeyId=key)
        self.call("rds", "CreateDBClusterSnapshot", DBClusterIdentifier="fleet", DBClusterSnapshotIdentifier="fleet-1")
        self.client.wait("rds", "DBClusterSnapshotAvailable", DBClusterSnapshotIdentifier="fleet-1")
        share = {"DBClusterSnapshotIdentifier": "fleet-1", "AttributeName": "restore", "ValuesToAdd": [DR]}
        self.call("rds", "ModifyDBClusterSnapshotAttribute", **share)
        self.call(
            "rds",
            "CopyDBClusterSnapshot",
            DR,
            SourceDBClusterSnapshotIdentifier=snapshot_arn("fleet-1", "cluster-snapshot"),
            TargetDBClusterSnapshotIdentifier="fleet-kept",
            KmsKeyId=dr_key,
        )
        self.client.wait("rds", "DBClusterSnapshotAvailable", DR, DBClusterSnapshotIdentifier="fleet-kept")
        found = self.call("rds", "DescribeDBClusterSnapshots", DR, DBClusterSnapshotIdentifier="fleet-kept")
        (kept,) = found["DBClusterSnapshots"]
        self.assertEqual((kept["KmsKeyId"], kept["StorageEncrypted"], kept["PercentProgress"]), (dr_key, True, 100))
        self.assertNotIn("OriginalSnapshotCreateTime", kept)

    def test_a_snapshot_is_copied_to_another_account_and_region_at_once(self):
        # In us-east-1, the command line does not use the address that the test gives it.
        elsewhere = "eu-central-1"
        through = {"StringEquals": {"kms:ViaService": [f"rds.{region}.amazonaws.com" for region in (REGION, elsewhere)]}}
        key = self.key(Policy=policy((DR, READ, through)))
        dr_key = self.prepare.call("kms", "CreateKey", DR, elsewhere)["KeyMetadata"]["Arn"]
        self.instance("far", StorageEncrypted=True, KmsKeyId=key)
        self.snapshot("far-1", "far", share_with=[DR])
        copy = self.copy(snapshot_arn("far-1"), "far-copy", KmsKeyId=dr_key, region=elsewhere)
        # The clients add a pre-signed URL for it, which AWS ignores.
        started = self.call(**copy, SourceRegion=REGION)["DBSnapshot"]
        self.assertEqual(started["DBSnapshotArn"], snapshot_arn("far-copy", account=DR, region=elsewhere))
        self.client.wait("rds", "DBSnapshotAvailable", DR, elsewhere, DBSnapshotIdentifier="far-copy")
        found = self.call("rds", "DescribeDBSnapshots", DR, elsewhere, DBSnapshotIdentifier="far-copy")
        (kept,) = found["DBSnapshots"]
        self.assertEqual((kept["Encrypted"], kept["KmsKeyId"]), (True, dr_key))
        self.assertEqual((kept["SourceRegion"], kept["SourceDBSnapshotIdentifier"]), (REGION, snapshot_arn("far-1")))
        self.assert_error("InvalidParameterValue", **self.copy(snapshot_arn("far-1"), "far-2", region=elsewhere))
        self.assert_error("DBSnapshotNotFound", **self.copy("far-1", "far-2", region=elsewhere, KmsKeyId=dr_key))

    def test_keys_refuse_a_copy(self):
        """Every reason for which one of the two keys refuses has the same error code."""
        without_grant = [action for action in READ if action != "kms:CreateGrant"]
        here = {"StringEquals": {"kms:ViaService": f"rds.{REGION}.amazonaws.com"}}
        elsewhere = {"StringEquals": {"kms:ViaService": "rds.us-east-1.amazonaws.com"}}
        key, dr_key = self.key(), self.key(DR)
        self.instance("locked", StorageEncrypted=True, KmsKeyId=key)
        self.snapshot("locked-1", "locked", share_with=[DR])

        def attempt(target="locked-copy", by=dr_key):
            return self.copy(snapshot_arn("locked-1"), target, KmsKeyId=by)

        def set_policy(*statements):
            self.prepare.call("kms", "PutKeyPolicy", KeyId=key, PolicyName="default", Policy=policy(*statements))

        for name, statements in {
            "its policy does not name the account": [],
            "its policy names another account": [(STRANGER, ALL)],
            "its policy does not let it create grants": [(DR, without_grant)],
            "its policy allows it only through another service": [(DR, READ, elsewhere)],
        }.items():
            with self.subTest(f"the source's key: {name}"):
                set_policy(*statements)
                self.assert_error("KMSKeyNotAccessibleFault", **attempt())

        set_policy((DR, READ, here))
        for name, change in {
            "is disabled": [("DisableKey", {}), ("EnableKey", {})],
            "is about to be deleted": [
                ("ScheduleKeyDeletion", {"PendingWindowInDays": 7}),
                ("CancelKeyDeletion", {}),
                ("EnableKey", {}),
            ],
        }.items():
            for which, of, arn in (("source", PROD, key), ("target", DR, dr_key)):
                with self.subTest(f"the {which}'s key {name}"):
                    (first, params), *rest = change
                    self.prepare.call("kms", first, of, KeyId=arn, **params)
                    self.assert_error("KMSKeyNotAccessibleFault", **attempt())
                    for back, params in rest:
                        self.prepare.call("kms", back, of, KeyId=arn, **params)

        with self.subTest("the target's key does not exist"):
            self.assert_error("KMSKeyNotAccessibleFault", **attempt(by=dr_key[:-4] + "0000"))
        with self.subTest("the target's key belongs to another account"):
            self.assert_error("KMSKeyNotAccessibleFault", **attempt(by=self.key(STRANGER)))
        with self.subTest("a shared encrypted snapshot needs a key"):
            # The open question shared-copy-without-key.
            codes = ("InvalidParameterValue", "KMSKeyNotAccessibleFault")
            self.assert_error(codes, **self.copy(snapshot_arn("locked-1"), "locked-copy"))
        with self.subTest("with both keys usable, the copy succeeds"):
            self.assertEqual(self.call(**attempt())["DBSnapshot"]["KmsKeyId"], dr_key)
            self.client.wait("rds", "DBSnapshotAvailable", DR, DBSnapshotIdentifier="locked-copy")

    def test_snapshots_that_cannot_be_shared_or_copied(self):
        key = self.key(Policy=policy((DR, READ)))
        self.instance("plain")
        # A snapshot of it takes four simulated days, long enough for the calls below on any machine.
        self.instance("vast", AllocatedStorage=65536)
        self.instance("default-key", StorageEncrypted=True)
        self.cluster("plain-cluster")
        self.snapshot("plain-1", "plain")
        self.snapshot("default-key-1", "default-key")
        prepare = self.prepare
        prepare.call(
            "rds", "CreateDBClusterSnapshot", DBClusterIdentifier="plain-cluster", DBClusterSnapshotIdentifier="plain-c"
        )
        prepare.wait("rds", "DBClusterSnapshotAvailable", DBClusterSnapshotIdentifier="plain-c")
        accounts = [f"{account:012}" for account in range(1, 22)]

        def share(name, accounts):
            params = {"DBSnapshotIdentifier": name, "AttributeName": "restore", "ValuesToAdd": accounts}
            return {"service": "rds", "operation": "ModifyDBSnapshotAttribute", **params}

        def copy_cluster(target, **params):
            params |= {"SourceDBClusterSnapshotIdentifier": "plain-c", "TargetDBClusterSnapshotIdentifier": target}
            return {"service": "rds", "operation": "CopyDBClusterSnapshot", **params}

        for why, code, call in [
            ("with the default key it cannot be shared", "InvalidDBSnapshotState", share("default-key-1", [DR])),
            ("at most 20 accounts", "SharedSnapshotQuotaExceeded", share("plain-1", accounts)),
            ("a snapshot to share must exist", "DBSnapshotNotFound", share("nosuch", [DR])),
            ("an account ID has 12 digits", "InvalidParameterValue", share("plain-1", ["prod"])),
            ("a snapshot to copy must exist", "DBSnapshotNotFound", self.copy("nosuch", "new", PROD)),
            ("it must be shared to be copied", "DBSnapshotNotFound", self.copy(snapshot_arn("plain-1"), "new", DR)),
            ("the target exists", "DBSnapshotAlreadyExists", self.copy("plain-1", "default-key-1", PROD)),
            ("the target exists, in lowercase", "DBSnapshotAlreadyExists", self.copy("plain-1", "Default-Key-1", PROD)),
            ("no two hyphens", "InvalidParameterValue", self.copy("plain-1", "new--1", PROD)),
            ("no hyphen at the end", "InvalidParameterValue", self.copy("plain-1", "new-", PROD)),
            ("the first character is a letter", "InvalidParameterValue", self.copy("plain-1", "1-new", PROD)),
            ("no colon", "InvalidParameterValue", self.copy("plain-1", "rds:new", PROD)),
            ("at most 255 characters", "InvalidParameterValue", self.copy("plain-1", "n" * 256, PROD)),
            ("at most 63 characters for a cluster snapshot", "InvalidParameterValue", copy_cluster("n" * 64)),
            (
                # The open question cluster-copy-key.
                "a copy cannot encrypt a cluster snapshot",
                ("InvalidParameterCombination", "InvalidParameterValue"),
                copy_cluster("new", KmsKeyId=key),
            ),
        ]:
            with self.subTest(why):
                self.assert_error(code, **call)

        with self.subTest("a copy can encrypt an instance snapshot"):
            copy = self.call(**self.copy("plain-1", "plain-encrypted", PROD, KmsKeyId=key))["DBSnapshot"]
            self.assertEqual((copy["Encrypted"], copy["KmsKeyId"]), (True, key))
        with self.subTest("an incomplete snapshot can be neither copied nor shared"):
            incomplete = {"DBInstanceIdentifier": "vast", "DBSnapshotIdentifier": "vast-1"}
            self.assertEqual(self.call("rds", "CreateDBSnapshot", **incomplete)["DBSnapshot"]["Status"], "creating")
            self.assert_error("InvalidDBSnapshotState", **self.copy("vast-1", "new", PROD))
            self.assert_error("InvalidDBSnapshotState", **share("vast-1", [DR]))

    def test_an_automated_snapshot_must_be_copied_to_be_shared(self):
        # At this speed, the next day's snapshot is taken soon if the machine misses this day's.
        self.use(Simulation(speed=6000))
        self.instance("daily", BackupRetentionPeriod=35, PreferredBackupWindow="03:40-04:10")
        only = {"DBInstanceIdentifier": "daily", "SnapshotType": "automated"}
        found, tries = [], 0
        while not found or found[0]["Status"] != "available":
            found, tries = self.call("rds", "DescribeDBSnapshots", **only)["DBSnapshots"], tries + 1
            self.assertLess(tries, 100, "no automated snapshot was taken")
            time.sleep(0.2)
        automated = found[0]["DBSnapshotIdentifier"]
        self.assertRegex(automated, "^rds:daily-2026-11-2[1-9]-03-40$")
        share = {"AttributeName": "restore", "ValuesToAdd": [DR]}
        self.assert_error(
            "InvalidParameterValue", "rds", "ModifyDBSnapshotAttribute", DBSnapshotIdentifier=automated, **share
        )
        self.assert_error("InvalidDBSnapshotState", "rds", "DeleteDBSnapshot", DBSnapshotIdentifier=automated)
        self.call(**self.copy(automated, "daily-transit", PROD))
        self.client.wait("rds", "DBSnapshotAvailable", DBSnapshotIdentifier="daily-transit")
        self.call("rds", "ModifyDBSnapshotAttribute", DBSnapshotIdentifier="daily-transit", **share)

    def test_tags_are_added_listed_and_validated(self):
        self.instance("tagged", CopyTagsToSnapshot=True, Tags=[{"Key": "Draco_Lifecycle", "Value": "Standard"}])
        self.snapshot("tagged-1", "tagged")
        arn = snapshot_arn("tagged-1")

        def tags():
            found = self.call("rds", "ListTagsForResource", ResourceName=arn)["TagList"]
            return {tag["Key"]: tag["Value"] for tag in found}

        self.assertEqual(tags(), {"Draco_Lifecycle": "Standard"})
        self.call("rds", "AddTagsToResource", ResourceName=arn, Tags=[{"Key": "a+b", "Value": ""}])
        self.assertEqual(tags(), {"Draco_Lifecycle": "Standard", "a+b": ""})
        self.call("rds", "RemoveTagsFromResource", ResourceName=arn, TagKeys=["Draco_Lifecycle"])
        self.assertEqual(tags(), {"a+b": ""})

        for why, new in {
            "the reserved prefix": [{"Key": "aws:cloudformation:stack-name", "Value": "mine"}],
            "a key of 129 characters": [{"Key": "k" * 129, "Value": ""}],
            "a value of 257 characters": [{"Key": "k", "Value": "v" * 257}],
            "50 tags in addition to one": [{"Key": f"k{n}", "Value": ""} for n in range(50)],
        }.items():
            with self.subTest(why):
                self.assert_error("InvalidParameterValue", "rds", "AddTagsToResource", ResourceName=arn, Tags=new)
        self.assertEqual(tags(), {"a+b": ""})
        self.assert_error("AccessDenied", "rds", "ListTagsForResource", DR, ResourceName=arn)

    def test_the_quota_of_manual_snapshots(self):
        self.use(Simulation(quota=2))
        self.instance("full")
        self.snapshot("full-1", "full")
        self.snapshot("full-2", "full")
        names = {"DBInstanceIdentifier": "full", "DBSnapshotIdentifier": "full-3"}
        self.assert_error("SnapshotQuotaExceeded", "rds", "CreateDBSnapshot", **names)
        self.assert_error("SnapshotQuotaExceeded", **self.copy("full-1", "full-3", PROD))
        self.call("rds", "DeleteDBSnapshot", DBSnapshotIdentifier="full-2")
        self.client.wait("rds", "DBSnapshotDeleted", DBSnapshotIdentifier="full-2")
        self.call("rds", "CreateDBSnapshot", **names)

    def test_paging_lists_250_snapshots(self):
        self.use(Simulation(quota=250))
        self.instance("many")
        self.snapshot("many-000", "many")
        for number in range(1, 250):
            self.prepare.call(**self.copy("many-000", f"many-{number:03}", PROD))
        for size in (100, 20):
            pages = self.client.pages("rds", "DescribeDBSnapshots", size, DBInstanceIdentifier="many")
            found = [snapshot["DBSnapshotIdentifier"] for page in pages for snapshot in page["DBSnapshots"]]
            manual = [name for name in found if not name.startswith("rds:")]
            self.assertEqual(sorted(manual), [f"many-{number:03}" for number in range(250)])
            if len(pages) > 1:
                self.assertEqual([len(page["DBSnapshots"]) for page in pages[:-1]], [size] * (len(pages) - 1))
        for size in (19, 101):
            params = self.client.page_size(size)
            self.assert_error("InvalidParameterValue", "rds", "DescribeDBSnapshots", **params)

    def test_events_describe_the_life_of_a_snapshot(self):
        self.instance("eventful")
        self.snapshot("eventful-1", "eventful")
        self.call("rds", "DeleteDBSnapshot", DBSnapshotIdentifier="eventful-1")
        self.client.wait("rds", "DBSnapshotDeleted", DBSnapshotIdentifier="eventful-1")
        params = {"SourceType": "db-snapshot", "SourceIdentifier": "eventful-1", "Duration": FORTNIGHT}
        events = self.call("rds", "DescribeEvents", **params)["Events"]
        found = [(event["EventCategories"], event["Message"], event["SourceArn"]) for event in events]
        arn = snapshot_arn("eventful-1")
        self.assertEqual(
            found,
            [
                (["creation"], "Creating manual snapshot", arn),
                (["creation"], "Manual snapshot created", arn),
                (["deletion"], "Deleted user snapshot", arn),
            ],
        )
        deletions = self.call("rds", "DescribeEvents", **params, EventCategories=["deletion"])["Events"]
        self.assertEqual([event["Message"] for event in deletions], ["Deleted user snapshot"])

    def test_publishing_across_accounts_requires_the_topic_policy(self):
        topic = self.call("sns", "CreateTopic", DR, Name="arrivals")["TopicArn"]
        self.assertEqual(topic, f"arn:aws:sns:{REGION}:{DR}:arrivals")
        note = {"TopicArn": topic, "Subject": "hello", "Message": "from another account"}
        self.assert_error("AuthorizationError", "sns", "Publish", **note)
        statement = {"Effect": "Allow", "Principal": {"AWS": PROD}, "Action": "sns:Publish", "Resource": topic}
        permission = {
            "AttributeName": "Policy",
            "AttributeValue": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        }
        self.call("sns", "SetTopicAttributes", DR, TopicArn=topic, **permission)
        self.assertRegex(self.call("sns", "Publish", **note)["MessageId"], "^[0-9a-f-]{36}$")
        self.assert_error("AuthorizationError", "sns", "Publish", STRANGER, **note)
        self.assert_error("NotFound", "sns", "Publish", TopicArn=topic + "-gone", Message="")


    # Secrets and objects.

    def test_a_secret_has_versions_and_can_be_restored(self):
        def value(**params):
            return self.call("secretsmanager", "GetSecretValue", SecretId="journey", **params)["SecretString"]

        made = self.call("secretsmanager", "CreateSecret", Name="journey", SecretString="one")
        self.assertRegex(made["ARN"], f"^arn:aws:secretsmanager:{REGION}:{PROD}:secret:journey-[0-9A-Za-z]{{6}}$")
        self.assert_error("ResourceExistsException", "secretsmanager", "CreateSecret", Name="journey", SecretString="two")
        put = self.call("secretsmanager", "PutSecretValue", SecretId=made["ARN"], SecretString="two")
        self.assertEqual(put["VersionStages"], ["AWSCURRENT"])
        self.assertEqual((value(), value(VersionStage="AWSPREVIOUS")), ("two", "one"))
        self.assertEqual(value(VersionId=made["VersionId"]), "one")
        described = self.call("secretsmanager", "DescribeSecret", SecretId="journey")
        stages = {made["VersionId"]: ["AWSPREVIOUS"], put["VersionId"]: ["AWSCURRENT"]}
        self.assertEqual(described["VersionIdsToStages"], stages)

        self.call("secretsmanager", "DeleteSecret", SecretId="journey", RecoveryWindowInDays=7)
        self.assert_error("InvalidRequestException", "secretsmanager", "GetSecretValue", SecretId="journey")
        self.call("secretsmanager", "RestoreSecret", SecretId="journey")
        self.assertEqual(value(), "two")
        self.call("secretsmanager", "DeleteSecret", SecretId="journey", ForceDeleteWithoutRecovery=True)
        time.sleep(0.2)
        self.assert_error("ResourceNotFoundException", "secretsmanager", "GetSecretValue", SecretId="journey")

    def test_secrets_are_listed_in_pages(self):
        self.use(Simulation())
        names = [f"listed-{number}" for number in range(5)]
        for name in names:
            self.prepare.call("secretsmanager", "CreateSecret", Name=name)
        pages = self.client.pages("secretsmanager", "ListSecrets", 2)
        self.assertEqual([secret["Name"] for page in pages for secret in page["SecretList"]], names)

    def test_the_password_of_a_database_is_kept_in_a_secret(self):
        self.instance("managed", ManageMasterUserPassword=True)
        (found,) = self.call("rds", "DescribeDBInstances", DBInstanceIdentifier="managed")["DBInstances"]
        secret = found["MasterUserSecret"]
        self.assertEqual(secret["SecretStatus"], "active")
        arn = secret["SecretArn"]
        value = self.call("secretsmanager", "GetSecretValue", SecretId=arn)["SecretString"]
        self.assertEqual(json.loads(value).keys(), {"username", "password"})
        self.assertEqual(self.call("secretsmanager", "DescribeSecret", SecretId=arn)["OwningService"], "rds")
        self.assert_error("InvalidRequestException", "secretsmanager", "DeleteSecret", SecretId=arn)
        self.call("rds", "DeleteDBInstance", DBInstanceIdentifier="managed", SkipFinalSnapshot=True)
        self.client.wait("rds", "DBInstanceDeleted", DBInstanceIdentifier="managed")
        self.assert_error("ResourceNotFoundException", "secretsmanager", "GetSecretValue", SecretId=arn)

    def test_objects_are_written_read_listed_and_deleted(self):
        bucket = {"Bucket": "draco-journey"}
        place = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
        self.call("s3", "CreateBucket", **bucket, **place)
        self.assert_error("BucketAlreadyOwnedByYou", "s3", "CreateBucket", **bucket, **place)
        self.client.wait("s3", "BucketExists", **bucket)
        text = "größer\n" * 10_000
        key = "a folder/größe + 1.txt"
        etag = self.client.put_object(key, text, **bucket)["ETag"]
        self.client.wait("s3", "ObjectExists", **bucket, Key=key)
        self.assertEqual(self.client.get_object(key, **bucket), text)
        head = self.call("s3", "HeadObject", **bucket, Key=key)
        self.assertEqual((head["ETag"], head["ContentLength"]), (etag, len(text.encode())))
        with self.assertRaises(AwsError) as caught:
            self.client.put_object(key, "other", **bucket, IfNoneMatch="*")
        self.assertEqual(caught.exception.code, "PreconditionFailed")
        for number in range(5):
            self.prepare.put_object(f"list/{number}", "x", **bucket)
        pages = self.client.pages("s3", "ListObjectsV2", 2, **bucket, Prefix="list/")
        found = [item["Key"] for page in pages for item in page["Contents"]]
        self.assertEqual(found, [f"list/{number}" for number in range(5)])
        pages = self.client.pages("s3", "ListObjectsV2", 2, **bucket, Delimiter="/")
        found = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]
        self.assertEqual(found, ["a folder/", "list/"])
        self.assert_error(("403", "AccessDenied", "Forbidden"), "s3", "HeadObject", DR, **bucket, Key=key)
        self.call("s3", "DeleteObject", **bucket, Key=key)
        self.client.wait("s3", "ObjectNotExists", **bucket, Key=key)


class WithBoto3(Journeys, DatabaseJourneys, unittest.TestCase):
    client_at = Boto3


class WithTheCommandLine(Journeys, DatabaseJourneys, unittest.TestCase):
    client_at = CommandLine


if __name__ == "__main__":
    unittest.main(verbosity=2)
