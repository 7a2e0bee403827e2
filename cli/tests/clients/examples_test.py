"""The examples that people are given work as they are typed: that of `draco sim --help`, and the README's."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

from simulation import DRACO, PROD, Simulation

README = Path(__file__).parents[3] / "README.md"


class Examples(unittest.TestCase):
    def typed(self, lines, *options, speed=600):
        """What is printed. The simulation runs already, on a port that nobody else has."""
        simulation = Simulation(*options, speed=speed)
        self.addCleanup(simulation.stop)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        script = lines.replace("http://127.0.0.1:4599", simulation.url)
        ran = subprocess.run(["sh", "-ec", script], env=os.environ | {"PATH": path}, capture_output=True, text=True)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout

    def test_help(self):
        help = subprocess.run([DRACO, "sim", "--help"], capture_output=True, text=True, check=True).stdout
        example = help.split("Example:\n\n")[1].split("\n\n")[0]
        start, *lines = [line.strip() for line in example.splitlines()]
        self.assertEqual(start, "draco sim &")
        self.assertIn(f'"Account": "{PROD}"', self.typed("\n".join(lines)))

    def test_readme(self):
        section = README.read_text().split("## A simulated AWS\n")[1].split("\n## ")[0]
        start, *blocks = [block.split("```")[0] for block in section.split("```sh\n")[1:]]
        self.assertEqual(start, "cargo run --release -- sim --functions\n")
        # As fast as it goes for whoever types it.
        out = self.typed("".join(blocks), "--functions", speed=60)
        copy, *tags = [line.split("\t") for line in out.splitlines() if "\t" in line]
        self.assertRegex(copy[0], r"^draco-111111111111-before-migration-20261121t\d{6}$")
        self.assertEqual(copy[1], "available", out)
        self.assertTrue(copy[2].startswith("arn:aws:kms:eu-west-1:222222222222:key/"), out)
        database, snapshot = (f"arn:aws:rds:eu-west-1:{PROD}:{name}" for name in ("db:orders", "snapshot:before-migration"))
        wanted = {"Draco_Lifecycle": "Standard", "team": "shop", "Draco_Source": database, "Draco_SourceSnapshot": snapshot}
        self.assertEqual(wanted, {key: value for key, value in tags if key in wanted})


if __name__ == "__main__":
    unittest.main(verbosity=2)
