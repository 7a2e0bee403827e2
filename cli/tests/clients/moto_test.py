"""Moto, an emulator that others wrote, is asked the same as sim by the same boto3, and what it sees is compared.

Times and identifiers that are made up are taken for equal. Every other difference is in `SETTLED`, with what AWS's
documentation says of it. A row there that settles nothing any more is as wrong as a difference that is in no row.
"""

import json
import logging
import re
import unittest
from datetime import datetime
from fnmatch import fnmatchcase

from conversations import ACCOUNT, SETTLED, kms, rds_cluster, rds_instance, sns, sqs, states, sts, subscriptions
from moto.server import ThreadedMotoServer
from simulation import Boto3, Refused, Simulation


class Teller:
    """Asks one of the two, and keeps what it said."""

    def __init__(self, url):
        self.client = Boto3(url)
        self.told = []

    def __call__(self, service, operation, **params):
        try:
            answer = self.client.call(service, operation, ACCOUNT, **params)
            self.told.append((operation, params, plain(answer)))
            return answer
        except Refused as error:
            self.told.append((operation, params, {"Error": error.code}))
            return {}

    def wait(self, service, until, **params):
        self.client.wait(service, until, ACCOUNT, **params)


MADE_UP = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\b(db|cluster)-[0-9A-Z]{20,}\b"), r"\1-RESOURCE"),
    (re.compile(r"\.(cluster-|cluster-ro-)?\w+\.([\w-]+)\.rds\.amazonaws\.com"), r".\1HOST.\2.rds.amazonaws.com"),
    (re.compile(r"\b(rds:[a-z-]+)-[0-9-]+"), r"\1-DATE"),
    (re.compile(r"^https?://[^/]+/(\d{12}/)"), r"https://HOST/\1"),
]


def plain(value):
    """An answer without what is made up, and lists in an order that does not depend on it."""
    match value:
        case dict():
            return {name: "HANDLE" if name == "ReceiptHandle" else plain(inner) for name, inner in value.items()}
        case list():
            return sorted(map(plain, value), key=repr)
        case datetime():
            return "TIME"
        case str() if value.startswith("{"):
            return plain(json.loads(value))
        case str():
            for pattern, name in MADE_UP:
                value = pattern.sub(name, value)
            return value
        case _:
            return value


# What tells the elements of a list apart.
NAMES = ("AliasName", "DBClusterSnapshotIdentifier", "DBSnapshotIdentifier")


def by_name(items):
    names = [next((item[name] for name in NAMES if name in item), None) for item in items if isinstance(item, dict)]
    return dict(zip(names, items)) if items and len(names) == len(items) and None not in names else None


def differences(sim, moto, path=""):
    """Where the two say something else: (member, what sim says, what moto says)."""
    match sim, moto:
        case dict(), dict():
            for name in sorted(sim.keys() | moto.keys()):
                yield from differences(sim.get(name), moto.get(name), f"{path}.{name}".lstrip("."))
        case list(), list() if (ours := by_name(sim)) and (theirs := by_name(moto)):
            for name in sorted(ours.keys() | theirs.keys()):
                inner = path if name in ours and name in theirs else f"{path}[{name}]"
                yield from differences(ours.get(name), theirs.get(name), inner)
        case list(), list() if len(sim) == len(moto):
            for ours, theirs in zip(sim, moto):
                yield from differences(ours, theirs, path)
        case _ if sim != moto:
            yield path, sim, moto


class Compared(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        cls.moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        cls.moto.start()
        cls.addClassCleanup(cls.moto.stop)
        cls.sim = Simulation()
        cls.addClassCleanup(cls.sim.stop)

    def compare(self, conversation):
        host, port = self.moto.get_host_and_port()
        sim, moto = Teller(self.sim.url), Teller(f"http://{host}:{port}")
        conversation(sim)
        conversation(moto)
        rows = [(*row[:2], member) for row in SETTLED[conversation] for member in row[2]]
        used, wrong = set(), []
        for (call, params, ours), (_, _, theirs) in zip(sim.told, moto.told, strict=True):
            for path, *said in differences(ours, theirs):
                who = "both" if None not in said else "sim" if said[1] is None else "moto"
                found = {row for row in rows if settles(row, who, call, path)}
                used |= found
                if not found:
                    wrong.append(f"{call} {params}\n  {path}: sim {said[0]!r}, moto {said[1]!r}")
        wrong += [f"there is no such difference: {row}" for row in rows if row not in used]
        if wrong:
            self.fail("\n".join([f"{len(wrong)} things are not as SETTLED says:", *wrong]))

    def test_sts(self):
        self.compare(sts)

    def test_kms(self):
        self.compare(kms)

    def test_sns(self):
        self.compare(sns)

    def test_rds_instances(self):
        self.compare(rds_instance)

    def test_rds_clusters(self):
        self.compare(rds_cluster)

    def test_event_subscriptions(self):
        self.compare(subscriptions)

    def test_sqs(self):
        self.compare(sqs)

    def test_step_functions(self):
        self.compare(states)


def settles(row, who, call, path):
    teller, calls, member = row
    return teller == who and fnmatchcase(call, calls) and f".{path}".endswith(f".{member}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
