"""References to AWS's documentation, which are checked: botocore contains the text of AWS's API references, and the AWS
command line contains the examples of its reference."""

import re
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from botocore.loaders import Loader

from simulation import DRACO

# The package is not imported: it would replace botocore by its own, older copy.
EXAMPLES = Path(find_spec("awscli").origin).parent / "examples"


@cache
def model(service):
    return Loader().load_service_model(service, "service-2")


def plain_text(text):
    """The text without markup, on one line."""
    return " ".join(re.sub(r"<[^>]+>|&\w+;|``|\*\*", " ", text).split()).replace(" ,", ",").replace(" .", ".")


class Api(NamedTuple):
    """A quotation from the documentation of an operation or structure."""

    service: str
    name: str
    quotation: str

    def missing(self, _):
        """The quotation, if the documentation does not contain it."""
        shapes, operations = model(self.service)["shapes"], model(self.service)["operations"]
        operation, shape = operations.get(self.name, {}), shapes.get(self.name, {})
        around = [operation, shape] + [shapes.get(self.name + part, {}) for part in ("Message", "Input", "Request")]
        around += [shapes[operation[of]["shape"]] for of in ("input", "output") if of in operation]
        texts = [part.get("documentation", "") for part in around]
        texts += [member.get("documentation", "") for part in around for member in part.get("members", {}).values()]
        return [] if any(self.quotation in plain_text(text) for text in texts) else [self.quotation]


class Example(NamedTuple):
    """An example of the command line's reference, https://docs.aws.amazon.com/cli/latest/reference/rds/."""

    command: str
    quotation: str

    def missing(self, _):
        return [] if self.quotation in example(self.command) else [self.quotation]


class ExampleWithout(NamedTuple):
    """The whole response in an example of the command line's reference. It does not have the members."""

    command: str

    def missing(self, members):
        text = example(self.command)
        return [member for member in members if f'"{member}"' in text]


def example(command):
    return plain_text((EXAMPLES / f"{command}.rst").read_text())


class Page(NamedTuple):
    """A quotation from a web page of AWS, or from a published recording of AWS's responses. It is not checked."""

    url: str
    quotation: str

    def missing(self, _):
        return [] if self.url.startswith("https://") and self.quotation else [self.url]


class NotSupported(NamedTuple):
    """The other emulator does not support this operation."""

    service: str
    operation: str


class Open(NamedTuple):
    """No text decides. It is an open question of the simulation, by its name in `draco sim --questions`."""

    name: str

    def missing(self, _):
        return [] if self.name in open_questions() else [self.name]


class Undecided(NamedTuple):
    """No text decides, and the answer matters to nothing that is simulated. So it is not an open question."""

    reason: str

    def missing(self, _):
        return []


class NotSimulated(NamedTuple):
    """Sim leaves members out, because they are outside of what it simulates. This decides nothing."""

    reason: str

    def missing(self, _):
        return []


@cache
def open_questions():
    """The names of the open questions, each at the beginning of a line."""
    listed = subprocess.run([DRACO, "sim", "--questions"], capture_output=True, text=True, check=False)
    return set(re.findall(r"^([a-z]+(?:-[a-z]+)*)\b", listed.stdout, re.MULTILINE))
