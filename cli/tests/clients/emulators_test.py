"""Sends the same calls to sim and to other emulators with boto3, and compares the responses.

Generated times and identifiers count as equal. Every other difference must be in the emulator's table of differences,
with a text of AWS's that decides the disputed value. If no text decides it, the row names an open question. If sim leaves
a member out, the row has the reason. A row without a difference is an error too.
"""

import json
import re
import time
import unittest
from collections import Counter
from contextlib import suppress
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from botocore.exceptions import WaiterError

import differences_ministack
import differences_moto
from conversations import CONVERSATIONS
from emulators import ACCOUNT, MiniStack, Moto, operations
from references import NotSimulated, NotSupported, Open, Undecided
from simulation import AwsError, Boto3, Simulation


class Missing(str):
    """The response of a failed call. Every member of it is missing too."""

    def __getitem__(self, _):
        return self


class Recorder:
    """Sends calls to one emulator and records the responses."""

    def __init__(self, url, lacks=frozenset()):
        self.client = Boto3(url)
        self.lacks = lacks
        self.responses = []

    def __call__(self, service, operation, **params):
        answer = Missing()
        if (service, operation) in self.lacks:
            normalized = None
        else:
            try:
                answer = self.client.call(service, operation, ACCOUNT, **params)
                normalized = normalize(answer)
            except AwsError as error:
                normalized = {"Error": error.code}
        self.responses.append((operation, params, normalized))
        return answer

    def wait(self, service, until, **params):
        # If the waiter fails, the next responses differ.
        with suppress(WaiterError):
            self.client.wait(service, until, ACCOUNT, **params)

    def until(self, service, operation, member, value, **params):
        """Repeats a call until a member has this value. The responses are not recorded."""
        for _ in range(100):
            if self.client.call(service, operation, ACCOUNT, **params)[member] == value:
                return
            time.sleep(0.1)


class OperationCollector:
    """Collects the operations of a conversation."""

    def __init__(self):
        self.operations = set()

    def __call__(self, service, operation, **params):
        self.operations.add((service, operation))
        return Missing()

    def wait(self, *_, **__):
        pass

    until = wait


GENERATED = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\b(db|cluster)-[0-9A-Z]{20,}\b"), r"\1-RESOURCE"),
    (re.compile(r"\.(cluster-|cluster-ro-)?\w+\.([\w-]+)\.rds\.amazonaws\.com"), r".\1HOST.\2.rds.amazonaws.com"),
    (re.compile(r"\b(sg|subnet|vpc)-[0-9a-f]{8,17}\b"), r"\1-ID"),
    (re.compile(r"\b(rds:[a-z-]+)(-\d+){5}"), r"\1-DATE"),
    (re.compile(r"^https?://[^/]+/(\d{12}/)"), r"https://HOST/\1"),
]


def normalize(value):
    """A response without generated values. Lists are sorted independently of them."""
    match value:
        case dict():
            return {name: "HANDLE" if name == "ReceiptHandle" else normalize(inner) for name, inner in value.items()}
        case list():
            return sorted(map(normalize, value), key=repr)
        case datetime():
            return "TIME"
        case str() if value.startswith("{"):
            return normalize(json.loads(value))
        case str():
            for pattern, name in GENERATED:
                value = pattern.sub(name, value)
            return value
        case _:
            return value


# The references that decide nothing.
KINDS = {
    NotSimulated: "outside of the simulation",
    NotSupported: "of operations that the other lacks",
    Open: "of open questions",
    Undecided: "undecided",
}

# The members that identify the elements of a list.
NAMES = (
    "AliasName",
    "DBClusterSnapshotIdentifier",
    "DBSnapshotIdentifier",
    "DBClusterIdentifier",
    "DBInstanceIdentifier",
    "Message",
    "executionArn",
    "id",
)


def by_name(*lists):
    """The lists' elements by name, if all of them have the same kind of name."""
    items = [item for items in lists for item in items]
    for name in NAMES:
        if all(isinstance(item, dict) and item.get(name) for item in items):
            return [{item[name]: item for item in items} for items in lists]
    return None


def differences(sim, other, path=""):
    """The differences: (member, value of sim, value of the other)."""
    match sim, other:
        case dict(), dict():
            for name in sorted(sim.keys() | other.keys()):
                yield from differences(sim.get(name), other.get(name), f"{path}.{name}".lstrip("."))
        case list(), list() if named := by_name(sim, other):
            ours, theirs = named
            for name in sorted(ours.keys() | theirs.keys()):
                inner = path if name in ours and name in theirs else f"{path}[{name}]"
                yield from differences(ours.get(name), theirs.get(name), inner)
        case list(), list() if len(sim) == len(other):
            for ours, theirs in zip(sim, other):
                yield from differences(ours, theirs, path)
        case _ if sim != other:
            yield path, sim, other


class Compared:
    """Compares sim with one other emulator. Each conversation uses its own resources."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.sim = Simulation()
        cls.addClassCleanup(cls.sim.stop)
        cls.other = cls.emulator()
        cls.addClassCleanup(cls.other.stop)
        served, has = operations(Simulation), operations(cls.emulator)
        cls.both, cls.lacks = served & has, served - has

    def test_conversations(self):
        self.compared = self.equal = 0
        for conversation in CONVERSATIONS:
            with self.subTest(conversation.__name__):
                self.compare(conversation)
        print(f"\n{self.other.name}: {self.equal} of {self.compared} responses are equal; {self.figures()}")

    def figures(self):
        """The members that differ, by the kind of their references."""
        kinds = Counter()
        for rows in self.tables.DIFFERENCES.values():
            for _, _, members, reference in rows:
                kinds[KINDS.get(type(reference), "decided by a text")] += len(members)
        return ", ".join(f"{number} members {kind}" for kind, number in sorted(kinds.items()))

    def compare(self, conversation):
        sim, other = Recorder(self.sim.url), Recorder(self.other.url, self.lacks)
        conversation(sim)
        conversation(other)
        expected = self.tables.DIFFERENCES.get(conversation, [])
        rows = [(*row[:2], member) for row in expected for member in row[2]]
        used, wrong = set(), []
        for (call, params, ours), (_, _, theirs) in zip(sim.responses, other.responses, strict=True):
            if theirs is None:
                continue
            found = list(differences(ours, theirs))
            self.compared += 1
            self.equal += not found
            for path, *values in found:
                who = "both" if None not in values else "sim" if values[1] is None else "other"
                matching = {row for row in rows if matches(row, who, call, path)}
                used |= matching
                if not matching:
                    wrong.append(f"{call} {params}\n  {path}: sim {values[0]!r}, the other {values[1]!r}")
        wrong += [f"no such difference: {row}" for row in rows if row not in used]
        if wrong:
            self.fail("\n".join([f"{len(wrong)} errors in DIFFERENCES:", *wrong]))

    def test_every_reference_contains_its_quotation(self):
        for conversation, rows in self.tables.DIFFERENCES.items():
            for who, calls, members, reference in rows:
                with self.subTest(conversation.__name__, who=who, calls=calls):
                    if isinstance(reference, NotSupported):
                        self.assertIn(reference, self.lacks)
                    else:
                        self.assertEqual(reference.missing(members), [])

    def test_only_members_that_sim_leaves_out_are_not_simulated(self):
        for rows in self.tables.DIFFERENCES.values():
            for who, _, members, reference in rows:
                if isinstance(reference, NotSimulated):
                    self.assertEqual(who, "other", members)

    def test_all_common_operations_are_compared(self):
        collector = OperationCollector()
        for conversation in CONVERSATIONS:
            conversation(collector)
        self.assertEqual(self.both - collector.operations - asked(), set())


class WithMoto(Compared, unittest.TestCase):
    emulator, tables = Moto, differences_moto


class WithMiniStack(Compared, unittest.TestCase):
    emulator, tables = MiniStack, differences_ministack


def asked():
    """The operations that a question is about."""
    files = (Path(__file__).parent / "questions").glob("*.py")
    return {call for file in files for call in re.findall(r"\baws(?:\.other)?\.(\w+)\.([A-Z]\w+)", file.read_text())}


def matches(row, who, call, path):
    source, calls, member = row
    return source == who and fnmatchcase(call, calls) and f".{path}".endswith(f".{member}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
