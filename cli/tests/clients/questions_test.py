"""Asks sim and other emulators of AWS the questions in `questions/`.

Sim must give the fact that AWS's text decides. For the other emulators, the program prints how many of their answers
agree, and with the option `-v` each answer that does not.
"""

import importlib
import logging
import pkgutil
import sys
import unittest
from collections import Counter

import questions
from asking import QUESTIONS, Aws, Unanswered, answer
from emulators import ACCOUNT, MiniStack, Moto
from simulation import DR, PROD, REGION, Boto3, Simulation

for module in pkgutil.iter_modules(questions.__path__):
    importlib.import_module(f"questions.{module.name}")

GROUPS = sorted({question.group for question in QUESTIONS})

# Databases and their snapshots take minutes, so time passes faster for them.
SPEEDS = {
    group: 6000
    for group in (
        "changes",
        "clusters",
        "copies",
        "databases",
        "deletions",
        "events",
        "filters",
        "groups",
        "power",
        "regions",
        "restores",
        "sharing",
        "snapshots",
    )
}


class SimJudge:
    name = "sim"

    def accounts(self, group):
        """The source account, which knows the other one. Each group has a simulation of its own."""
        self.simulation = Simulation(speed=SPEEDS.get(group, 1))
        other = Aws(self.simulation.url, DR, (DR, REGION, None))
        return Aws(self.simulation.url, PROD, (PROD, REGION, None), other)

    def end_group(self):
        self.simulation.stop()

    def stop(self):
        pass


class MotoJudge:
    """Its only way into a second account is a role there."""

    name = "moto"

    def __init__(self):
        self.moto = Moto()
        # It would print the traceback of each internal error.
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)

    def accounts(self, _):
        role = {"RoleArn": f"arn:aws:iam::{DR}:role/judge", "RoleSessionName": "judge"}
        found = Boto3(self.moto.url).call("sts", "AssumeRole", ACCOUNT, **role)["Credentials"]
        other = Aws(self.moto.url, DR, (found["AccessKeyId"], REGION, found["SessionToken"]))
        return Aws(self.moto.url, ACCOUNT, (ACCOUNT, REGION, None), other)

    def end_group(self):
        pass

    def stop(self):
        self.moto.stop()


class MiniStackJudge:
    """The access key is the account."""

    name = "MiniStack"

    def __init__(self):
        self.ministack = MiniStack()

    def accounts(self, _):
        other = Aws(self.ministack.url, DR, (DR, REGION, None))
        return Aws(self.ministack.url, ACCOUNT, (ACCOUNT, REGION, None), other)

    def end_group(self):
        pass

    def stop(self):
        self.ministack.stop()


def answers(judge):
    """The questions with the judge's answers."""
    try:
        for group in GROUPS:
            aws = judge.accounts(group)
            try:
                for question in QUESTIONS:
                    if question.group == group:
                        yield question, answer(question, aws)
            finally:
                judge.end_group()
    finally:
        judge.stop()


class Questions(unittest.TestCase):
    maxDiff = None

    def test_sim_gives_the_decided_facts(self):
        wrong = [
            f"{question.name}\n  AWS: {question.fact!r}\n  sim: {found!r}"
            for question, found in answers(SimJudge())
            if not question.agrees(found)
        ]
        unknown = sum(question.is_open for question in QUESTIONS)
        print(f"\nsim: {len(QUESTIONS) - len(wrong)} of {len(QUESTIONS)} agree, of which {unknown} are open questions")
        if wrong:
            self.fail("\n".join([f"{len(wrong)} of {len(QUESTIONS)} answers differ:", *wrong]))

    def test_every_reference_contains_its_quotation(self):
        for question in QUESTIONS:
            with self.subTest(question.name):
                self.assertTrue(question.references)
                self.assertEqual([missing for of in question.references for missing in of.missing([])], [])

    def test_questions_have_different_names(self):
        self.assertEqual(
            [name for name, times in Counter(question.name for question in QUESTIONS).items() if times > 1], []
        )


class Comparison(unittest.TestCase):
    """Other emulators may differ: their answers are counted."""

    def compare(self, judge):
        print()
        agreed, asked, unanswered = Counter(), Counter(), Counter()
        for question, found in answers(judge):
            if question.is_open:
                continue
            asked[question.group] += 1
            agreed[question.group] += question.agrees(found)
            unanswered[question.group] += isinstance(found, Unanswered)
            if "-v" in sys.argv and not question.agrees(found):
                print(f"{question.name}\n  AWS: {question.fact!r}\n  {judge.name}: {found!r}")
        for group in GROUPS:
            print(f"{judge.name} {group}: {agreed[group]} of {asked[group]} agree, {unanswered[group]} cannot be asked")
        print(f"{judge.name}: {agreed.total()} of {asked.total()} agree, {unanswered.total()} cannot be asked")

    def test_moto(self):
        self.compare(MotoJudge())

    def test_ministack(self):
        self.compare(MiniStackJudge())


if __name__ == "__main__":
    unittest.main()
