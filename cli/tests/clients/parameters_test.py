"""Goes over all operations of sim with parameters that they must refuse. AWS's models in botocore say which parameters an
operation has, and which form each of them has.

The requests are written by hand, because clients refuse most of them. A refused parameter is an error `NotSimulated` that
names it. So a request never means something else in sim than on AWS.
"""

import http.client
import itertools
import json
import unittest
from urllib.parse import quote, urlencode, urlsplit

import botocore.session

from simulation import PROD, REGION, Simulation

# The name of each service in botocore and in signatures, and how many of its operations sim has at least.
SERVICES = {"kms": "kms", "rds": "rds", "secretsmanager": "secretsmanager", "sns": "sns", "sqs": "sqs", "stepfunctions": "states", "sts": "sts"}
OPERATIONS = {"kms": 26, "rds": 68, "secretsmanager": 9, "sns": 16, "sqs": 17, "stepfunctions": 13, "sts": 1}

# The clients do not send these parameters: botocore makes `PreSignedUrl` from `SourceRegion`.
NOT_SENT = ("SourceRegion",)


# Sim names these parameters as the setting that they change.
RENAMED = {"DBPortNumber": "Port"}


class Raw:
    """Sends requests to sim as they are."""

    def __init__(self, url):
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def ask(self, model, operation, params):
        """The status and the body of the response. `params` is a form of the query protocol, or JSON."""
        scope = f"{PROD}/20261121/{REGION}/{SERVICES[model.service_name]}/aws4_request"
        headers = {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0"}
        if is_query(model):
            body = urlencode({"Action": operation, "Version": model.api_version}) + f"&{params}"
        else:
            headers["x-amz-target"] = f"{model.metadata['targetPrefix']}.{operation}"
            body = params
        self.connection.request("POST", "/", body, headers)
        response = self.connection.getresponse()
        return response.status, response.read().decode()


def is_query(model):
    return model.metadata["protocol"] == "query" or model.service_name in ("rds", "sns", "sts")


def with_member(model, name, value="x"):
    """A request with only this member."""
    return f"{quote(name)}={quote(str(value))}" if is_query(model) else json.dumps({name: value})


def wrong_forms(model, name, shape):
    """Requests that give a member another form than its type has."""
    kind = shape.type_name
    if not is_query(model):
        if kind == "list":
            values = ["x", {"a": "b"}]
            if shape.member.type_name in ("structure", "map"):
                values += [["x"], [["x"]]]
            else:
                values += [[["x"]], [{"a": "b"}]]
        elif kind in ("structure", "map"):
            values = ["x", ["x"], [["x"]]]
        else:
            values = [["x"], {"a": "b"}]
        yield from (json.dumps({name: value}) for value in values)
        first = with_member(model, name)
        yield f"{first[:-1]}, {first[1:]}"
    elif kind in ("list", "map"):
        entry = "entry" if kind == "map" else shape.member.serialization.get("name", "member")
        for form in ("{}=x", "{}.Other.1=x", "{}.{}=x", "{}.1=x", "{}.{}.0=x", "{}.{}.2=x", "{}.{}.x=x", "{}.{}.1=x&{}.{}.1=y"):
            yield form.format(*(name, entry) * 2) if form.count("{}") % 2 == 0 else form.format(name)
    elif kind == "structure":
        yield f"{name}=x"
    else:
        yield f"{name}.Other=x"
        yield f"{name}.member.1=x"
        yield f"{name}=x&{name}=y"
        yield f"{name}=x&{name}.Other=x"


class AllOperations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.simulation = Simulation(speed=6000)
        cls.addClassCleanup(cls.simulation.stop)
        cls.raw = Raw(cls.simulation.url)
        session = botocore.session.get_session()
        cls.models = [session.get_service_model(service) for service in SERVICES]
        # An operation of sim refuses the parameter, an operation that sim does not have is refused itself.
        cls.operations = {
            model.service_name: [
                operation
                for operation in model.operation_names
                if f"the operation {operation} of" not in cls.raw.ask(model, operation, with_member(model, "Zzz"))[1]
            ]
            for model in cls.models
        }

    def refusals(self, params_of):
        """The requests that are not refused as they should be."""
        asked, wrong = 0, []
        for model in self.models:
            for operation in self.operations[model.service_name]:
                for name, params in params_of(model, operation):
                    status, body = self.raw.ask(model, operation, params)
                    asked += 1
                    if status != 501 or "NotSimulated" not in body or RENAMED.get(name, name) not in body:
                        wrong.append(f"{model.service_name} {operation} {params}: {status} {body}")
        self.assertGreater(asked, 0)
        self.assertEqual(wrong[:40], [], f"{len(wrong)} of {asked}")

    def test_the_operations_of_sim_are_found(self):
        for service, least in OPERATIONS.items():
            self.assertGreaterEqual(len(self.operations[service]), least, service)

    def test_an_unknown_parameter_is_refused_in_every_form(self):
        def unknown(model, _):
            yield "Zzz", with_member(model, "Zzz")
            if is_query(model):
                yield "Zzz", "Zzz.Foo.1=x"
                yield "Zzz", "Zzz.member.1.Name=x"
            else:
                yield "Zzz", json.dumps({"Zzz": [{"a": "b"}]})
                yield "Zzz", json.dumps({"Zzz": None})

        self.refusals(unknown)

    def test_a_parameter_of_another_operation_is_refused(self):
        def others(model, operation):
            inputs = {of: members(model, of) for of in self.operations[model.service_name]}
            for name in sorted(set().union(*inputs.values()) - set(inputs[operation])):
                yield name, with_member(model, name)

        self.refusals(others)

    def test_a_parameter_in_another_form_is_refused(self):
        def ill_formed(model, operation):
            for name, shape in members(model, operation).items():
                if name not in NOT_SENT:
                    yield from ((name, params) for params in wrong_forms(model, name, shape))

        self.refusals(ill_formed)

    def test_a_token_that_no_response_contained_is_refused(self):
        for model in self.models:
            for operation in self.operations[model.service_name]:
                names = [name for name in members(model, operation) if name.lower() in ("marker", "nexttoken")]
                for name, token in itertools.product(names, ("1.1", "999", "7a7a", "after:a")):
                    with self.subTest(f"{model.service_name} {operation}", token=token):
                        # Where other parameters are required, their absence is another reason.
                        self.assertNotEqual(self.raw.ask(model, operation, with_member(model, name, token))[0], 200)

    def test_a_request_in_another_form_is_refused(self):
        for model in self.models:
            for operation in self.operations[model.service_name]:
                with self.subTest(f"{model.service_name} {operation}"):
                    if is_query(model):
                        continue
                    for body in ('["x"]', "null", '"x"', "[]"):
                        self.assertEqual(self.raw.ask(model, operation, body)[0], 501, body)


def members(model, operation):
    shape = model.operation_model(operation).input_shape
    return shape.members if shape else {}


# S3: the operation is in the method and the path. Requests in AWS's own form, and the members that sim reads.
OBJECT, BUCKET = "/draco-bucket/key", "/draco-bucket"
S3 = {
    "CreateBucket": ("PUT", BUCKET, {"x-amz-object-ownership"}),
    "DeleteObject": ("DELETE", OBJECT, {"x-amz-expected-bucket-owner"}),
    "GetObject": ("GET", OBJECT, {"If-Match", "If-None-Match", "x-amz-checksum-mode", "x-amz-expected-bucket-owner"}),
    "HeadBucket": ("HEAD", BUCKET, {"x-amz-expected-bucket-owner"}),
    "HeadObject": ("HEAD", OBJECT, {"If-Match", "If-None-Match", "x-amz-checksum-mode", "x-amz-expected-bucket-owner"}),
    "ListObjectsV2": (
        "GET",
        f"{BUCKET}?list-type=2",
        {
            "continuation-token",
            "delimiter",
            "encoding-type",
            "fetch-owner",
            "max-keys",
            "prefix",
            "start-after",
            "x-amz-expected-bucket-owner",
        },
    ),
    "PutObject": (
        "PUT",
        OBJECT,
        {
            "Content-MD5",
            "Content-Type",
            "If-Match",
            "If-None-Match",
            "x-amz-checksum-crc32",
            "x-amz-checksum-crc32c",
            "x-amz-checksum-crc64nvme",
            "x-amz-expected-bucket-owner",
            "x-amz-meta-",
            "x-amz-server-side-encryption",
            "x-amz-server-side-encryption-aws-kms-key-id",
            "x-amz-storage-class",
        },
    ),
}
# It belongs to HTTP, or says how a body was sent.
NO_MEMBERS = {"Content-Length", "Content-Type", "x-amz-sdk-checksum-algorithm"}


class AllOperationsOfS3(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.simulation = Simulation(speed=6000)
        cls.addClassCleanup(cls.simulation.stop)
        cls.model = botocore.session.get_session().get_service_model("s3")

    def ask(self, method, path, headers=None, body=None):
        connection = http.client.HTTPConnection(urlsplit(self.simulation.url).netloc, timeout=30)
        scope = f"AWS4-HMAC-SHA256 Credential={PROD}/20261121/{REGION}/s3/aws4_request, Signature=0"
        connection.request(method, path, body, {"authorization": scope} | (headers or {}))
        response = connection.getresponse()
        answer = response.status, response.read().decode()
        connection.close()
        return answer

    def test_members_that_are_not_read_are_refused(self):
        """Those of all operations that sim has, at each of them."""
        located = {
            (shape.serialization["location"], shape.serialization["name"])
            for operation in S3
            for shape in members(self.model, operation).values()
            if shape.serialization.get("location") in ("header", "headers", "querystring")
        }
        located |= {("header", "x-amz-zzz"), ("querystring", "zzz"), ("querystring", "acl")}
        asked, wrong = 0, []
        for operation, (method, path, read) in S3.items():
            for location, name in sorted(located):
                if name in read | NO_MEMBERS:
                    continue
                if location == "querystring":
                    status, body = self.ask(method, f"{path}{'&' if '?' in path else '?'}{name}=x")
                else:
                    status, body = self.ask(method, path, {name + ("x" if location == "headers" else ""): "x"})
                asked += 1
                names = name.lower().rstrip("-") in body.lower() or method == "HEAD"
                if status != 501 or not names:
                    wrong.append(f"{operation} {name}: {status} {body}")
        self.assertGreater(asked, 300)
        self.assertEqual(wrong[:40], [], f"{len(wrong)} of {asked}")

    def test_other_requests_are_refused(self):
        for method, path in [
            ("GET", "/"),
            ("GET", BUCKET),
            ("GET", f"{BUCKET}?list-type=1"),
            ("GET", f"{BUCKET}?versioning"),
            ("POST", f"{BUCKET}?delete"),
            ("DELETE", BUCKET),
            ("PUT", f"{BUCKET}?acl"),
            ("PUT", f"{OBJECT}?x-id=GetObject"),
            ("POST", f"{OBJECT}?uploads"),
            ("OPTIONS", OBJECT),
        ]:
            with self.subTest(f"{method} {path}"):
                status, body = self.ask(method, path)
                self.assertEqual((status, "NotSimulated" in body), (501, True), body)

    def test_bodies_are_refused_where_the_model_has_none(self):
        for operation in ("DeleteObject", "GetObject", "ListObjectsV2"):
            with self.subTest(operation):
                self.assertEqual(self.ask(*S3[operation][:2], body="x")[0], 501)
        for body in ("x", "<CreateBucketConfiguration><Tags/></CreateBucketConfiguration>"):
            self.assertEqual(self.ask("PUT", BUCKET, body=body)[0], 501)


if __name__ == "__main__":
    unittest.main()
