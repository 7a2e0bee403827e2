"""Checks sim's responses against AWS's service models, which are part of botocore.

Each line of the file in `SIM_ANSWERS` is a recorded response. It may have only members, types, values and error codes
that the model defines, and must have all required members. botocore's own parsers cannot check this: they ignore unknown
members.
"""

import base64
import binascii
import hashlib
import json
import os
import re
import sys
from collections import Counter
from datetime import datetime
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree

from botocore.loaders import Loader
from botocore.model import OperationNotFoundError, ServiceModel

# The names of services in botocore that differ from those in signatures.
MODELS = {"states": "stepfunctions"}

# Errors that every service of a protocol can return. The models do not list them.
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/CommonErrors.html, and the same page of the other services.
COMMON = {
    "query": {
        "AccessDenied",
        "InternalFailure",
        "InvalidAction",
        "InvalidClientTokenId",
        "InvalidParameterCombination",
        "InvalidParameterValue",
        "MissingParameter",
        "ServiceUnavailable",
        "Throttling",
        "ValidationError",
    },
    "json": {
        "AccessDeniedException",
        "InternalFailure",
        "InvalidParameterValue",
        "MissingParameter",
        "ServiceUnavailable",
        "ThrottlingException",
        "UnknownOperationException",
        "UnrecognizedClientException",
        "ValidationException",
    },
    # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html. The model lists few of them.
    "rest-xml": {
        "AccessDenied",
        "BadDigest",
        "IllegalLocationConstraintException",
        "IncompleteBody",
        "InternalError",
        "InvalidAccessKeyId",
        "InvalidArgument",
        "InvalidBucketName",
        "InvalidDigest",
        "InvalidLocationConstraint",
        "InvalidRequest",
        "KMS.DisabledException",
        "KMS.KMSInvalidStateException",
        "KMS.NotFoundException",
        "KeyTooLongError",
        "MetadataTooLarge",
        "NoSuchBucket",
        "NoSuchKey",
        "NotImplemented",
        "PermanentRedirect",
        "PreconditionFailed",
        "SlowDown",
    },
    # https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
    "rest-json": {"AccessDeniedException", "InternalFailure", "ThrottlingException", "UnrecognizedClientException"},
}

# Headers of HTTP, which are not members of a response.
HTTP = {"content-type", "content-length"}

# Lists that the model requires, and that AWS leaves out if they are empty. LocalStack's
# test_send_message_batch_with_oversized_contents_with_updated_maximum_message_size recorded it.
LEFT_OUT = re.compile(r"\w+BatchResult\.(Successful|Failed)")


class ResponseChecker:
    """Finds errors in responses."""

    def __init__(self):
        self.models = {}

    def model(self, service):
        if service not in self.models:
            name = MODELS.get(service, service)
            self.models[service] = ServiceModel(Loader().load_service_model(name, "service-2"), name)
        return self.models[service]

    def check(self, service, operation, status, body, headers=None):
        """The errors in one response, one line each."""
        model = self.model(service)
        protocol = model.resolved_protocol if model.resolved_protocol in COMMON else "json"
        try:
            known = model.operation_model(operation)
        except OperationNotFoundError:
            known = None
        if protocol.startswith("rest-"):
            return list(self.rest(protocol, model, known, status, body, headers or {}))
        try:
            root = _tree(body) if protocol == "query" else json.loads(body)
        except (ElementTree.ParseError, json.JSONDecodeError) as why:
            return [f"is not {'XML' if protocol == 'query' else 'JSON'}: {why}"]
        if status >= 300:
            return list(self.error(protocol, model, known, status, root))
        if known is None:
            return ["is a success, but the model has no such operation"]
        return list(_xml_output(known, root) if protocol == "query" else _json(known.output_shape, root, operation))

    def rest(self, protocol, model, known, status, body, headers):
        """S3 and Lambda: members are headers, or the body, or parts of the body."""
        if known is None:
            yield "is not the response of an operation"
            return
        success = known.http.get("responseCode", 200)
        has_body = known.http["method"] != "HEAD" and status not in (204, 304)
        if bool(body) and not has_body:
            yield f"has a body with status {status}"
        if status >= 400 and has_body or status == 301 and has_body:
            try:
                code, message = _rest_xml_error(body) if protocol == "rest-xml" else _rest_json_error(body, headers)
            except (ElementTree.ParseError, json.JSONDecodeError) as why:
                yield f"is not {protocol.removeprefix('rest-')}: {why}"
                return
            if not code or not message:
                yield "is an error without a code or a message"
            elif code not in COMMON[protocol] | {shape.name for shape in known.error_shapes}:
                yield f"{code} is neither an error of this operation nor a common error"
        if status != success:
            return
        shape = known.output_shape
        members = shape.members if shape else {}
        located = {
            member.serialization["name"].lower(): (name, member)
            for name, member in members.items()
            if member.serialization.get("location") in ("header", "headers")
        }
        for header, value in headers.items():
            prefix = next((name for name in located if name.endswith("-") and header.startswith(name)), None)
            if header in located:
                name, member = located[header]
                yield from _header(member, value, f"{known.name}.{name}")
            elif not prefix and header not in HTTP:
                yield f"{known.name} has an unknown header {header}"
        inside = {name: member for name, member in members.items() if "location" not in member.serialization}
        payload = shape.serialization.get("payload") if shape else None
        if inside and not payload and protocol == "rest-json":
            required = [name for name in shape.required_members if name in inside]
            try:
                value = json.loads(body)
            except json.JSONDecodeError as why:
                yield f"is not JSON: {why}"
                return
            yield from _json_members(inside, required, value, known.name)
        elif inside and not payload:
            yield from _flat(inside, _tree(body), known.name)
        elif body and not payload:
            yield f"{known.name} has a body, and the model has none"

    def error(self, protocol, model, known, status, root):
        if protocol == "query":
            error = root.find("Error")
            if root.tag != "ErrorResponse" or error is None or root.find("RequestId") is None:
                yield "is not an ErrorResponse with Error and RequestId"
                return
            code, message, fault = (error.findtext(name) for name in ("Code", "Message", "Type"))
            if fault != ("Sender" if status < 500 else "Receiver"):
                yield f"has fault {fault} with status {status}"
        else:
            code, message = root.get("__type"), root.get("message")
        if not message:
            yield f"{code} has no message"
        if known is None:
            # The only valid error is that the operation is unknown.
            if code not in ("InvalidAction", "UnknownOperationException"):
                yield f"{code} for an operation that is not in the model"
            return
        for shape in known.error_shapes:
            if code in (shape.error_code, shape.name):
                expected = shape.metadata.get("error", {}).get("httpStatusCode", status)
                if expected != status:
                    yield f"{code} has status {status}, the model has {expected}"
                return
        if code not in COMMON[protocol]:
            yield f"{code} is neither an error of this operation nor a common error"


def _rest_xml_error(body):
    root = _tree(body)
    is_error = root.tag == "Error" and root.findtext("RequestId")
    return root.findtext("Code") if is_error else None, root.findtext("Message")


def _rest_json_error(body, headers):
    root = json.loads(body)
    return headers.get("x-amzn-errortype"), root.get("Message") or root.get("message")


def _header(shape, text, path):
    if shape.type_name == "timestamp":
        try:
            parsedate_to_datetime(text)
        except ValueError:
            yield f"{path} is {text!r}, which is not a date of HTTP"
    else:
        yield from _text(shape, text, path)


def _flat(members, root, path):
    """Elements of a response of S3, where the elements of a list are not in an element of their own."""
    names = {member.serialization.get("name", name): member for name, member in members.items()}
    for child in root:
        member = names.get(child.tag)
        if member is None:
            yield f"{path} has an unknown member {child.tag}"
        elif member.type_name == "list" and child.tag != "ChecksumAlgorithm":
            yield from _flat(member.member.members, child, f"{path}.{child.tag}[]")
        elif member.type_name == "list":
            yield from _xml(member.member, child, f"{path}.{child.tag}[]")
        else:
            yield from _xml(member, child, f"{path}.{child.tag}")


def _tree(body):
    """The XML without namespaces."""
    root = ElementTree.fromstring(body)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


# XML, in the query protocol.


def _xml_output(operation, root):
    if root.tag != f"{operation.name}Response":
        yield f"is a {root.tag}"
        return
    tags = [child.tag for child in root]
    shape = operation.output_shape
    wrapper = shape.serialization.get("resultWrapper") if shape else None
    if tags != [name for name in (wrapper, "ResponseMetadata") if name]:
        yield f"consists of {', '.join(tags)}"
    elif wrapper:
        yield from _xml(shape, root.find(wrapper), operation.name)
    if not root.findtext("ResponseMetadata/RequestId"):
        yield "has no RequestId"


def _xml(shape, element, path):
    match shape.type_name:
        case "structure":
            names = {_xml_name(name, member): member for name, member in shape.members.items()}
            counts = Counter(child.tag for child in element)
            for name, count in counts.items():
                if name not in names:
                    yield f"{path} has an unknown member {name}"
                elif count > 1 and not names[name].serialization.get("flattened"):
                    yield f"{path} has {name} more than once"
            for child in element:
                if child.tag in names:
                    yield from _xml(names[child.tag], child, f"{path}.{child.tag}")
            for name in shape.required_members:
                if _xml_name(name, shape.members[name]) not in counts:
                    yield f"{path} lacks the required member {name}"
            if (element.text or "").strip():
                yield f"{path} has text between its members"
        case "list":
            name = shape.member.serialization.get("name", "member")
            for child in element:
                if child.tag != name:
                    yield f"{path} has a {child.tag} where a {name} is expected"
                yield from _xml(shape.member, child, f"{path}[]")
        case "map":
            for entry in element:
                key, value = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
                if entry.tag != "entry" or [child.tag for child in entry] != [key, value]:
                    yield f"{path} has a {entry.tag} that is not an entry of {key} and {value}"
                else:
                    yield from _xml(shape.value, entry.find(value), f"{path}{{}}")
        case kind:
            if len(element):
                yield f"{path} has members, and should be a {kind}"
            else:
                yield from _text(shape, element.text or "", path)


def _xml_name(name, member):
    if member.type_name == "list" and member.serialization.get("flattened"):
        return member.member.serialization.get("name", member.serialization.get("name", name))
    return member.serialization.get("name", name)


def _text(shape, text, path):
    kind, enum = shape.type_name, getattr(shape, "enum", None)
    fits = {
        "boolean": lambda: text in ("true", "false"),
        "integer": lambda: re.fullmatch(r"-?\d+", text),
        "long": lambda: re.fullmatch(r"-?\d+", text),
        "float": lambda: float(text) is not None,
        "double": lambda: float(text) is not None,
        "timestamp": lambda: text.endswith("Z") and datetime.fromisoformat(text),
        "string": lambda: not enum or text in enum,
    }
    try:
        fit = fits[kind]()
    except ValueError:
        fit = False
    if not fit:
        yield f"{path} is {text!r}, which is not a valid {kind}{f' of {enum}' if enum else ''}"


# JSON.

_JSON_TYPES = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "blob": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
}


def _json(shape, value, path):
    if shape is None:
        if value != {}:
            yield f"{path} has no output, but the response is {value!r}"
        return
    kind = shape.type_name
    if not isinstance(value, _JSON_TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{path} is {value!r}, which is not a valid {kind}"
        return
    match kind:
        case "structure":
            left_out = [name for name in shape.required_members if LEFT_OUT.fullmatch(f"{shape.name}.{name}")]
            required = [name for name in shape.required_members if name not in left_out]
            yield from _json_members(shape.members, required, value, path)
        case "list":
            for inner in value:
                yield from _json(shape.member, inner, f"{path}[]")
        case "map":
            for name, inner in value.items():
                yield from _json(shape.key, name, f"{path}{{}}")
                yield from _json(shape.value, inner, f"{path}{{}}")
        case "string" if shape.enum and value not in shape.enum:
            yield f"{path} is {value!r}, which is not in {shape.enum}"
        case "blob":
            try:
                base64.b64decode(value, validate=True)
            except binascii.Error as why:
                yield f"{path} is not base64: {why}"


def _json_members(members, required, value, path):
    if not isinstance(value, dict):
        yield f"{path} is {value!r}, which is not a valid structure"
        return
    names = {member.serialization.get("name", name): name for name, member in members.items()}
    for name, inner in value.items():
        if name not in names:
            yield f"{path} has an unknown member {name}"
        else:
            yield from _json(members[names[name]], inner, f"{path}.{name}")
    for name in required:
        if members[name].serialization.get("name", name) not in value:
            yield f"{path} lacks the required member {name}"


# Most responses are repeated in all but this.
REQUEST_ID = re.compile(r"<RequestId>[0-9a-f-]{36}</RequestId>")


def main():
    checker, errors, checked, known = ResponseChecker(), Counter(), Counter(), {}
    path = os.environ["SIM_ANSWERS"]
    if not os.path.exists(path):
        print(f"no recorded responses: {path} does not exist")
        return 1
    with open(path, encoding="utf-8") as responses:
        for line in responses:
            response = json.loads(line)
            name = f"{response['service']} {response['operation']}"
            checked[name] += 1
            same = hashlib.sha256(REQUEST_ID.sub("<RequestId>the same</RequestId>", line).encode()).digest()
            if same not in known:
                known[same] = [f"{name}: {why}" for why in checker.check(**response)]
            errors.update(known[same])
    for why, times in sorted(errors.items()):
        print(f"{why} ({times} times)")
    print(f"{checked.total()} responses of {len(checked)} operations, {len(known)} different ones, {len(errors)} errors")
    return 1 if errors or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
