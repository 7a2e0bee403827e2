"""What AWS says, where it can be looked up again: botocore carries the text of AWS's API references with its models, and
the AWS command line the examples of its reference."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import awscli
from botocore.loaders import Loader


@cache
def model(service):
    return Loader().load_service_model(service, "service-2")


def unmarked(text):
    """Without markup, and on one line."""
    return " ".join(re.sub(r"<[^>]+>|&\w+;|``|\*\*", " ", text).split()).replace(" ,", ",").replace(" .", ".")


class Api(NamedTuple):
    """An operation or a structure of the API reference. Without words, it says that the members exist."""

    service: str
    name: str
    words: str = ""

    def lacks(self, members):
        """What it does not say of what it is to settle."""
        shapes, operations = model(self.service)["shapes"], model(self.service)["operations"]
        operation, shape = operations.get(self.name, {}), shapes.get(self.name, {})
        around = [operation, shape] + [shapes.get(self.name + part, {}) for part in ("Message", "Input", "Request")]
        around += [shapes[operation[of]["shape"]] for of in ("input", "output") if of in operation]
        if self.words:
            texts = [part.get("documentation", "") for part in around]
            texts += [member.get("documentation", "") for part in around for member in part.get("members", {}).values()]
            return [] if any(self.words in unmarked(text) for text in texts) else [self.words]
        known = {name for part in around for name in part.get("members", {})}
        return [member for member in members if member.rsplit(".", 1)[-1] not in known]


class Example(NamedTuple):
    """An example of the command line's reference, https://docs.aws.amazon.com/cli/latest/reference/rds/."""

    command: str
    words: str

    def lacks(self, _):
        text = (Path(awscli.__file__).parent / "examples" / f"{self.command}.rst").read_text()
        return [] if self.words in unmarked(text) else [self.words]


class Page(NamedTuple):
    """Words on a page of AWS, or an answer of AWS that others recorded and published: only readers can look it up."""

    url: str
    words: str

    def lacks(self, _):
        return [] if self.url.startswith("https://") and self.words else [self.url]


class Without(NamedTuple):
    """The other cannot know it: it lacks this operation."""

    service: str
    operation: str
