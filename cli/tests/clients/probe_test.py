"""`cargo xtask probe` against moto, whose answers are known and differ from those of sim.

Moto finishes everything at once, and another account cannot see a shared snapshot. What it cannot decide must be undecided, not wrong.
"""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import boto3

from emulators import Moto
from simulation import DRACO, DR, REGION

DEPLOY = Path(DRACO).with_name("deploy")

# Experiments within one account, and what moto makes of them: the verdict, and the answer or a part of the reason.
EXPECTED = {
    "copy-status": ("answer", "available"),
    "snapshot-tags": ("holds", ""),
    "copy-tags": ("answer", "replace"),
    "cancel-copy": ("undecided", "finished at once"),
    "tag-during-copy": ("undecided", "finished at once"),
}


class Probe(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.moto = Moto()
        self.addCleanup(self.moto.stop)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def client(self, service, **credentials):
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"} | credentials
        return boto3.client(service, endpoint_url=self.moto.url, region_name=REGION, **keys)

    def profiles(self):
        """The default account, and another one: moto knows the account of a role that was assumed."""
        role = f"arn:aws:iam::{DR}:role/probe"
        keys = self.client("sts").assume_role(RoleArn=role, RoleSessionName="probe")["Credentials"]
        lines = ["[profile source]", "aws_access_key_id = any", "aws_secret_access_key = any"]
        lines += ["[profile dr]", f"aws_access_key_id = {keys['AccessKeyId']}"]
        lines += [f"aws_secret_access_key = {keys['SecretAccessKey']}", f"aws_session_token = {keys['SessionToken']}"]
        path = Path(self.folder.name) / "profiles"
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    def test_moto_is_recognised_and_left_empty(self):
        command = [DEPLOY, "probe", "--endpoint-url", self.moto.url, "--region", REGION, "--yes", "--json"]
        command += ["--source-profile", "source", "--dr-profile", "dr", "--only", ",".join(EXPECTED)]
        environment = {"PATH": os.environ["PATH"], "HOME": self.folder.name, "AWS_CONFIG_FILE": self.profiles()}
        ran = subprocess.run(
            command, check=False, env=environment, cwd=self.folder.name, capture_output=True, text=True, timeout=300
        )
        self.assertEqual(ran.returncode, 0, ran.stderr)
        results = {result["experiment"]: result for result in json.loads(ran.stdout)["results"]}
        self.assertEqual(results.keys(), EXPECTED.keys())
        for name, (verdict, part) in EXPECTED.items():
            with self.subTest(name):
                found = results[name]
                self.assertEqual(found["verdict"], verdict, found)
                self.assertIn(part, found.get("answer") or found.get("reason") or "")
        rds = self.client("rds")
        self.assertEqual(rds.describe_db_instances()["DBInstances"], [])
        self.assertEqual(rds.describe_db_snapshots()["DBSnapshots"], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
