"""The commands in the documents work as they are typed: `draco sim --help`, the README, and doc/restoring.md.

A shell block is run as it is, unless its first line is a mark:

- `# Not simulated: CreateThis, DescribeThat`: the block is run, and exactly these operations fail: the simulation does not have
  them, or not with these parameters. So the options are checked by the AWS command line, and a mark that is no longer needed fails
  the test.
- `# Not run: why`: only the syntax is checked.
- `# Setup: why`: it is run before the other blocks of its page.
"""

import os
import re
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError
from simulation import DR, DRACO, PROD, REGION, Boto3, CommandLine, Simulation

ROOT = Path(__file__).parents[3]
LISTENS = "http://127.0.0.1:4599"

# `aws` for a block with operations that are not simulated: what is refused is written down, and does not stop the block.
LENIENT = """#!/bin/sh
"$REAL_AWS" "$@" 2>"$SCRATCH/stderr" || { printf 'aws %s\\n' "$*"; cat "$SCRATCH/stderr"; printf '\\0'; } >>"$SCRATCH/refused-$BLOCK"
"""
NOT_SIMULATED = re.compile(r"InvalidAction|UnknownOperationException|NotSimulated")
# Of something that an operation would have made, had it been simulated.
ABSENT = re.compile(r"DB(Instance|Cluster)NotFound")


@dataclass(frozen=True)
class Page:
    """Where shell blocks are, and what they need."""

    path: str
    section: str | None = None
    speed: int = 60
    # Blocks that start the simulation, which runs already.
    starts: tuple[str, ...] = ()

    def text(self):
        text = (ROOT / self.path).read_text()
        return text.split(f"\n## {self.section}\n")[1].split("\n## ")[0] if self.section else text

    def fenced(self, language):
        found = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", self.text(), re.MULTILINE | re.DOTALL)
        return [textwrap.dedent(block) for _, block in found]

    def blocks(self):
        """Those that are run, in the order in which they are, and those whose syntax alone is checked."""
        blocks = [Block.read(text) for text in self.fenced("sh") if text not in self.starts]
        run = [block for block in blocks if block.mark != "Not run"]
        run.sort(key=lambda block: block.mark != "Setup")
        return run, [block for block in blocks if block.mark == "Not run"]


@dataclass(frozen=True)
class Block:
    text: str
    mark: str | None
    detail: str

    @staticmethod
    def read(text):
        mark = re.match(r"# (Not simulated|Not run|Setup): (.*)\n", text)
        return Block(text, *mark.groups()) if mark else Block(text, None, "")

    def operations(self):
        """Those that are not simulated."""
        return set(self.detail.split(", ")) if self.mark == "Not simulated" else set()


README = Page("README.md", section="A simulated AWS", starts=("cargo run --release -- sim --functions --engines\n",))
RESTORING = Page("doc/restoring.md", speed=600)


class Examples(unittest.TestCase):
    # Names in a page, and those that the simulation has.
    names: dict[str, str] = {}

    def simulate(self, *options, speed=600, engines=False):
        """A simulation on a free port, and the environment in which commands are typed."""
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        if engines:
            options += (f"--engines={self.scratch / 'draco-engines'}",)
        self.simulation = Simulation(*options, speed=speed)
        self.addCleanup(self.simulation.stop)
        lenient = self.scratch / "lenient"
        lenient.mkdir()
        (lenient / "aws").write_text(LENIENT)
        (lenient / "aws").chmod(0o755)
        programs = Path(sys.executable).parent
        self.clients = CommandLine(self.simulation.url)
        self.environment = os.environ | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "REAL_AWS": str(programs / "aws"),
            "LENIENT": str(lenient),
            "SCRATCH": str(self.scratch),
            # Waiters that look every second.
            "AWS_DATA_PATH": self.clients.folder.name,
        }

    def shell(self, script, *options):
        """What is printed."""
        script = script.replace(LISTENS, self.simulation.url)
        for name, simulated in self.names.items():
            script = script.replace(name, simulated)
        command = ["sh", *options, "-c", script]
        ran = subprocess.run(command, env=self.environment, cwd=self.scratch, capture_output=True, text=True)
        self.assertEqual(ran.returncode, 0, f"{script}\n{ran.stdout}\n{ran.stderr}")
        return ran.stdout

    def follow(self, blocks):
        """Runs the blocks in one shell, so that variables stay set. What is printed."""
        parts = []
        for number, block in enumerate(blocks):
            path = "$LENIENT:$STRICT" if block.operations() else "$STRICT"
            parts.append(f'export BLOCK={number} PATH="{path}"\n{block.text}')
        out = self.shell('STRICT="$PATH"\n' + "\n".join(parts), "-e")
        for number, block in enumerate(blocks):
            if block.operations():
                with self.subTest(block.text):
                    refused, absent = self.refused(number)
                    self.assertLessEqual(refused, block.operations())
                    self.assertLessEqual(block.operations(), refused | absent)
        return out

    def refused(self, number):
        """The operations that were refused because the simulation does not have them or their parameters, and those that
        need something which such an operation would have made. Nothing else was wrong."""
        path, refused, absent = self.scratch / f"refused-{number}", set(), set()
        for refusal in path.read_text().split("\0")[:-1] if path.exists() else []:
            operations = refused if NOT_SIMULATED.search(refusal) else absent
            if operations is absent:
                self.assertRegex(refusal, ABSENT)
            # The error of a waiter names no operation.
            operations.update(re.findall(r"when calling the (\w+) operation", refusal))
        return refused, absent

    def test_help_of_sim(self):
        self.simulate()
        help = subprocess.run([DRACO, "sim", "--help"], capture_output=True, text=True, check=True).stdout
        example = help.split("Example:\n\n")[1].split("\n\n")[0]
        start, *lines = [line.strip() for line in example.splitlines()]
        self.assertEqual(start, "draco sim &")
        self.assertIn(f'"Account": "{PROD}"', self.shell("\n".join(lines), "-e"))

    def test_readme(self):
        self.simulate("--functions", speed=README.speed, engines=True)
        blocks, _ = README.blocks()
        out = self.follow(blocks)
        # The table, as psql prints it.
        self.assertIn(" number |  item  \n--------+--------\n      7 | a lamp\n(1 row)\n", out)
        copy, *tags = [line.split("\t") for line in out.splitlines() if "\t" in line]
        self.assertRegex(copy[0], r"^draco-111111111111-before-migration-20261121t\d{6}$")
        self.assertEqual(copy[1], "available", out)
        self.assertTrue(copy[2].startswith("arn:aws:kms:eu-west-1:222222222222:key/"), out)
        database, snapshot = (f"arn:aws:rds:eu-west-1:{PROD}:{name}" for name in ("db:orders", "snapshot:before-migration"))
        wanted = {"Draco_Lifecycle": "Standard", "team": "shop", "Draco_Source": database, "Draco_SourceSnapshot": snapshot}
        self.assertEqual(wanted, {key: value for key, value in tags if key in wanted})

    def test_restoring(self):
        self.simulate("--functions", speed=RESTORING.speed)
        self.follow_restoring(REGION)

    def test_restoring_when_the_region_of_production_is_lost(self):
        elsewhere = "eu-central-1"
        self.simulate("--functions", "--dr-region", elsewhere, "--lose", REGION, speed=RESTORING.speed)
        self.follow_restoring(elsewhere)

    def follow_restoring(self, region):
        """Follows the page with the copies in this region. If production is elsewhere, its region is lost before, and it is rebuilt in
        this one."""
        is_lost = region != REGION
        (profiles,) = RESTORING.fenced("ini")
        config = self.scratch / "config"
        config.write_text(profiles.replace(LISTENS, self.simulation.url))
        self.environment["AWS_CONFIG_FILE"] = str(config)
        blocks, not_run = RESTORING.blocks()
        for block in not_run:
            self.shell(block.text, "-n")
        setup = [block for block in blocks if block.mark == "Setup"]
        # Networks and groups are in the region in which databases are restored.
        loop = "for profile in production dr; do"
        self.names = {loop: f"export AWS_DEFAULT_REGION={region}\n{loop}"}
        self.follow(setup)
        boto3 = Boto3(self.simulation.url)
        # The reader's own security groups. The simulation has the default ones of the networks.
        self.names = {
            "sg-0123456789abcdef0": self.default_security_group(boto3, DR, region),
            "sg-0fedcba9876543210": self.default_security_group(boto3, PROD, region),
            f"AWS_DEFAULT_REGION={REGION}\nREGION={REGION}": f"AWS_DEFAULT_REGION={region}\nREGION={region}",
            f"PRODUCTION_REGION={REGION}": f"PRODUCTION_REGION={region}",
        }
        self.wait_for_copies(boto3, region)
        blocks = blocks[len(setup) :]
        if is_lost:
            self.simulation.lose_region()
            self.wait_until_lost(boto3, REGION)
            # No database has the name in the other region. Clusters would take as long again, and have the same steps.
            self.names["aws rds delete-db-cluster-snapshot"] = ": left out"
            left_out = re.compile("--new-db-instance-identifier|(?<!delete-)db-cluster-(?!snapshot-identifier \"return)")
            blocks = [block for block in blocks if not left_out.search(block.text)]
        out = self.follow(blocks)

        of = f"{REGION}-{PROD}" if is_lost else PROD
        self.assertRegex(out, rf"\ndraco-{of}-(first-20261121t\d{{6}}|rds-orders-2026-11-2\d-\d\d-\d\d)\n")
        kinds = [("DBSnapshot", "orders", "DescribeDBSnapshots")]
        if not is_lost:
            self.assertRegex(out, r"\naurora-postgresql \d+")
            kinds.append(("DBClusterSnapshot", "shop", "DescribeDBClusterSnapshots"))
        for kind, database, operation in kinds:
            with self.subTest(kind):
                name = {f"{kind}Identifier": f"returned-{database}"}
                (returned,) = boto3.call("rds", operation, PROD, region, **name)[f"{kind}s"]
                self.assertEqual((returned["Status"], returned["TagList"]), ("available", []))
                self.assertRegex(returned["KmsKeyId"], f":{PROD}:key/")
        left = boto3.call("rds", "DescribeDBSnapshots", DR, region)["DBSnapshots"]
        self.assertIn("kept-orders", [snapshot["DBSnapshotIdentifier"] for snapshot in left])

    @staticmethod
    def default_security_group(boto3, account, region):
        """That of the default network, as a database shows it."""
        name = {"DBInstanceIdentifier": "network"}
        created = boto3.call(
            "rds",
            "CreateDBInstance",
            account,
            region,
            **name,
            DBInstanceClass="db.t4g.micro",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="draco",
            MasterUserPassword="simulated",
        )
        return created["DBInstance"]["VpcSecurityGroups"][0]["VpcSecurityGroupId"]

    def wait_until_lost(self, boto3, region):
        """Until calls to the region get no response."""
        for _ in range(100):
            try:
                boto3.call("rds", "DescribeDBSnapshots", PROD, region)
            except BotoCoreError:
                return
            time.sleep(0.1)
        self.fail(f"{region} can be reached")

    def wait_for_copies(self, boto3, region):
        """Until DR has copies of both snapshots."""
        for operation in ("DescribeDBSnapshots", "DescribeDBClusterSnapshots"):
            for _ in range(300):
                (snapshots,) = (value for value in boto3.call("rds", operation, DR, region).values() if isinstance(value, list))
                if any(snapshot["Status"] == "available" for snapshot in snapshots):
                    break
                time.sleep(0.2)
            else:
                self.fail(f"{operation}: no copy is available")


if __name__ == "__main__":
    unittest.main(verbosity=2)
