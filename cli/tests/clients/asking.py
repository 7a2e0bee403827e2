"""How questions in `questions/` are written, and how they are put to sim and to other emulators of AWS.

A question is a function that makes a few calls and returns one observable fact. Its name is the sentence that it asks
about. The decorator has the fact, and the text of AWS's that decides it:

    @question("Enabled", Api("kms", "CreateKey", "…"))
    def the_state_of_a_new_key(aws): …

If no text decides, the question names an open question of the simulation, and all facts that are possible.
"""

import itertools
from typing import Any, Callable, NamedTuple

from botocore.exceptions import BotoCoreError
from botocore.parsers import ResponseParserError

from references import Open
from simulation import AwsError, Boto3

# The error codes of operations and parameters that an emulator does not have, and of failures of the emulator.
NOT_SUPPORTED = (
    "InvalidAction",
    "NotImplemented",
    "NotImplementedException",
    "NotSimulated",
    "UnknownOperationException",
)
FAILED = ("500", "InternalError", "InternalFailure", "InternalServerError", "ServiceException")


class Question(NamedTuple):
    group: str
    ask: Callable
    fact: Any
    references: tuple

    @property
    def name(self):
        return f"{self.group}: {self.ask.__name__.replace('_', ' ')}"

    @property
    def is_open(self):
        return any(isinstance(reference, Open) for reference in self.references)

    def agrees(self, answer):
        if self.is_open:
            return answer in self.fact
        if self.fact is REFUSED:
            return isinstance(answer, Refused) and answer not in (ACCEPTED, *NOT_SUPPORTED, *FAILED)
        return answer == self.fact


class Refused(str):
    """An error code."""


# The fact if a call must succeed.
ACCEPTED = Refused("accepted")

# The fact if a text decides that a call fails, and none decides its error code.
REFUSED = Refused("refused")

QUESTIONS = []

NUMBERS = itertools.count(1)


def question(fact, *references):
    """Adds the function to the questions."""

    def add(ask):
        QUESTIONS.append(Question(ask.__module__.rpartition(".")[2], ask, fact, references))
        return ask

    return add


def shared(make):
    """A resource that several questions use. It is made once for each emulator, also if that fails."""

    def get(aws):
        if make not in aws.kept:
            try:
                aws.kept[make] = make(aws)
            except (AwsError, BotoCoreError, LookupError) as why:
                aws.kept[make] = why
        if isinstance(aws.kept[make], Exception):
            raise aws.kept[make]
        return aws.kept[make]

    return get


class Aws:
    """An emulator as one account sees it: `aws.kms.CreateKey(Description="…")`."""

    # Questions also leave out required parameters.
    CONFIG = {"parameter_validation": False, "inject_host_prefix": False}

    def __init__(self, url, account, credentials, other=None):
        self.account = account
        self.other = other
        self.credentials = credentials
        self.client = Boto3(url, **self.CONFIG)
        self.kept = {}

    def __getattr__(self, service):
        return Service(self, service)

    def in_region(self, region):
        """The same account in another region."""
        account, _, role = self.credentials
        return Aws(self.client.url, self.account, (account, region, role), self.other)

    def new(self, kind):
        """A name that no other question uses."""
        return f"{kind}-{next(NUMBERS)}"

    def wait(self, service, until, **params):
        waiter = self.client.client(service, *self.credentials).get_waiter(until)
        waiter.wait(**params, WaiterConfig={"Delay": 0.05, "MaxAttempts": 400})


class Service:
    def __init__(self, aws, name):
        self.aws, self.name = aws, name

    def __getattr__(self, operation):
        def call(**params):
            account, region, role = self.aws.credentials
            try:
                return self.aws.client.call(self.name, operation, account, region, role, **params)
            except ResponseParserError as why:
                raise AwsError("InternalError", str(why)) from None

        return call


def refusal(call, **params):
    """The error code of a call, or that it succeeded."""
    try:
        call(**params)
    except AwsError as error:
        return Refused(error.code)
    return ACCEPTED


def answer(question, aws):
    """The emulator's answer, or why it cannot be asked."""
    try:
        return question.ask(aws)
    except (AwsError, BotoCoreError) as why:
        return Unanswered(why)
    except (LookupError, TypeError, ValueError) as why:
        return Missing(f"{type(why).__name__}: {why}")


class Unanswered(str):
    """The calls before the question failed, or the emulator does not have the operation."""


class Missing(str):
    """The response does not have the member."""
