"""Emulators that others wrote are asked the same as sim by the same boto3, and what they answer is compared.

Times and identifiers that are made up are taken for equal. Every other difference is in the emulator's table of settled
differences, with what AWS's documentation says of it. A row there that settles nothing any more is as wrong as a
difference that is in no row.
"""

import json
import re
import time
import unittest
from contextlib import suppress
from datetime import datetime
from fnmatch import fnmatchcase

import settled_ministack
import settled_moto
from authorities import Without
from botocore.exceptions import WaiterError
from conversations import CONVERSATIONS
from emulators import ACCOUNT, MiniStack, Moto, operations
from simulation import Boto3, Refused, Simulation


class Nothing(str):
    """What is in an answer that there is not."""

    def __getitem__(self, _):
        return self


class Teller:
    """Asks one of them, and keeps what it said."""

    def __init__(self, url, lacks=frozenset()):
        self.client = Boto3(url)
        self.lacks = lacks
        self.told = []

    def __call__(self, service, operation, **params):
        answer = Nothing()
        if (service, operation) in self.lacks:
            plainly = None
        else:
            try:
                answer = self.client.call(service, operation, ACCOUNT, **params)
                plainly = plain(answer)
            except Refused as error:
                plainly = {"Error": error.code}
        self.told.append((operation, params, plainly))
        return answer

    def wait(self, service, until, **params):
        # What does not come is missing from what is told next.
        with suppress(WaiterError):
            self.client.wait(service, until, ACCOUNT, **params)

    def until(self, service, operation, member, value, **params):
        """Asks until it is so; that does not count as told."""
        for _ in range(100):
            if self.client.call(service, operation, ACCOUNT, **params)[member] == value:
                return
            time.sleep(0.1)


class Listener:
    """Hears which operations a conversation is made of."""

    def __init__(self):
        self.heard = set()

    def __call__(self, service, operation, **params):
        self.heard.add((service, operation))
        return Nothing()

    def wait(self, *_, **__):
        pass

    until = wait


MADE_UP = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\b(db|cluster)-[0-9A-Z]{20,}\b"), r"\1-RESOURCE"),
    (re.compile(r"\.(cluster-|cluster-ro-)?\w+\.([\w-]+)\.rds\.amazonaws\.com"), r".\1HOST.\2.rds.amazonaws.com"),
    (re.compile(r"\b(rds:[a-z-]+)(-\d+){5}"), r"\1-DATE"),
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
    """The lists' elements by what they are called, if all of them have a name of the same kind."""
    items = [item for items in lists for item in items]
    for name in NAMES:
        if all(isinstance(item, dict) and item.get(name) for item in items):
            return [{item[name]: item for item in items} for items in lists]
    return None


def differences(sim, other, path=""):
    """Where the two say something else: (member, what sim says, what the other says)."""
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
    """Sim and one other. Each conversation begins where nothing else was said."""

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
        for conversation in CONVERSATIONS:
            with self.subTest(conversation.__name__):
                self.compare(conversation)

    def compare(self, conversation):
        sim, other = Teller(self.sim.url), Teller(self.other.url, self.lacks)
        conversation(sim)
        conversation(other)
        settled = self.tables.SETTLED.get(conversation, [])
        rows = [(*row[:2], member) for row in settled for member in row[2]]
        used, wrong = set(), []
        for (call, params, ours), (_, _, theirs) in zip(sim.told, other.told, strict=True):
            if theirs is None:
                continue
            for path, *said in differences(ours, theirs):
                who = "both" if None not in said else "sim" if said[1] is None else "other"
                found = {row for row in rows if settles(row, who, call, path)}
                used |= found
                if not found:
                    wrong.append(f"{call} {params}\n  {path}: sim {said[0]!r}, the other {said[1]!r}")
        wrong += [f"there is no such difference: {row}" for row in rows if row not in used]
        if wrong:
            self.fail("\n".join([f"{len(wrong)} things are not as SETTLED says:", *wrong]))

    def test_every_difference_is_settled_by_what_aws_says(self):
        for conversation, rows in self.tables.SETTLED.items():
            for who, calls, members, authority in rows:
                with self.subTest(conversation.__name__, who=who, calls=calls):
                    if isinstance(authority, Without):
                        self.assertIn(authority, self.lacks)
                    else:
                        self.assertEqual(authority.lacks(members), [])

    def test_whatever_both_have_is_compared(self):
        listener = Listener()
        for conversation in CONVERSATIONS:
            conversation(listener)
        self.assertEqual(self.both - listener.heard, set(self.tables.NOT_COMPARED))


class WithMoto(Compared, unittest.TestCase):
    emulator, tables = Moto, settled_moto


class WithMiniStack(Compared, unittest.TestCase):
    emulator, tables = MiniStack, settled_ministack


def settles(row, who, call, path):
    teller, calls, member = row
    return teller == who and fnmatchcase(call, calls) and f".{path}".endswith(f".{member}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
