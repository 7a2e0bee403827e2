"""The examples that people are given work as they are typed: that of `draco sim --help`, and the README's."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

from simulation import DRACO, PROD, Simulation

README = Path(__file__).parents[3] / "README.md"


class Examples(unittest.TestCase):
    def typed(self, lines, speed=600):
        """What is printed. The simulation runs already, on a port that nobody else has."""
        simulation = Simulation(speed=speed)
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
        self.assertEqual(start, "cargo run --release -- sim\n")
        # As fast as it goes for whoever types it.
        out = self.typed("".join(blocks), speed=60)
        last = out.splitlines()[-1].split("\t")
        self.assertEqual(last[:2], ["copy-of-orders-1", "available"], out)
        self.assertTrue(last[2].startswith("arn:aws:kms:eu-west-1:222222222222:key/"), out)


if __name__ == "__main__":
    unittest.main(verbosity=2)
