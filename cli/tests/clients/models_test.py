"""The check in `models.py` finds errors in wrong responses, and none in correct ones."""

import json
import unittest
from pathlib import Path

from models import ResponseChecker
from references import model

CHECKER = ResponseChecker()


def xml(operation, result):
    metadata = "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"
    return f'<{operation}Response xmlns="urn:x">{result}{metadata}</{operation}Response>'


def error(code, fault="Sender", message="why"):
    inner = f"<Type>{fault}</Type><Code>{code}</Code><Message>{message}</Message>"
    return f"<ErrorResponse><Error>{inner}</Error><RequestId>r</RequestId></ErrorResponse>"


def snapshots(inner):
    result = f"<DBSnapshots><DBSnapshot>{inner}</DBSnapshot></DBSnapshots>"
    return xml("DescribeDBSnapshots", f"<DescribeDBSnapshotsResult>{result}</DescribeDBSnapshotsResult>")


class Responses(unittest.TestCase):
    def finds(self, found, service, operation, body, status=200):
        body = body if isinstance(body, str) else json.dumps(body)
        self.assertEqual(CHECKER.check(service, operation, status, body), found)

    def test_xml(self):
        def rds(inner, *found):
            self.finds([f"DescribeDBSnapshots.{why}" for why in found], "rds", "DescribeDBSnapshots", snapshots(inner))

        rds("<DBSnapshotIdentifier>a</DBSnapshotIdentifier><PercentProgress>7</PercentProgress>")
        rds("<SnapshotCreateTime>2026-11-21T03:00:00.123Z</SnapshotCreateTime><Encrypted>true</Encrypted>")
        rds("<TagList><Tag><Key>a</Key><Value/></Tag></TagList>")
        each = "DBSnapshots[]"
        rds("<Identifier>a</Identifier>", f"{each} has an unknown member Identifier")
        rds("<Port>1</Port><Port>1</Port>", f"{each} has Port more than once")
        rds("<Port>one</Port>", f"{each}.Port is 'one', which is not a valid integer")
        rds("<Encrypted>True</Encrypted>", f"{each}.Encrypted is 'True', which is not a valid boolean")
        rds(
            "<SnapshotCreateTime>today</SnapshotCreateTime>",
            f"{each}.SnapshotCreateTime is 'today', which is not a valid timestamp",
        )
        rds("<TagList><member/></TagList>", f"{each}.TagList has a member where a Tag is expected")
        rds("<Status><Code/></Status>", f"{each}.Status has members, and should be a string")

    def test_xml_around_the_output(self):
        self.finds([], "rds", "AddTagsToResource", xml("AddTagsToResource", ""))
        unasked = xml("AddTagsToResource", "<AddTagsToResourceResult/>")
        self.finds(["consists of AddTagsToResourceResult, ResponseMetadata"], "rds", "AddTagsToResource", unasked)
        self.finds(["is a CopyResponse"], "rds", "AddTagsToResource", xml("Copy", ""))
        self.finds(["consists of ResponseMetadata"], "rds", "DescribeDBSnapshots", xml("DescribeDBSnapshots", ""))
        self.finds(["is not XML: no element found: line 1, column 5"], "sts", "GetCallerIdentity", "<Arn>")

    def test_json_of_lambda(self):
        def function(body, *found):
            self.finds(list(found), "lambda", "GetFunctionConfiguration", body)

        function({"FunctionName": "draco-verifier", "Timeout": 60, "State": "Active"})
        each = "GetFunctionConfiguration"
        function({"Name": "draco-verifier"}, f"{each} has an unknown member Name")
        function({"Timeout": "60"}, f"{each}.Timeout is '60', which is not a valid integer")
        function({"VpcConfig": {"Subnets": []}}, f"{each}.VpcConfig has an unknown member Subnets")
        function("<Timeout>60</Timeout>", "is not JSON: Expecting value: line 1 column 1 (char 0)")
        function([], f"{each} is [], which is not a valid structure")

    def test_maps_in_xml(self):
        def sns(entry, *found):
            body = f"<GetTopicAttributesResult><Attributes>{entry}</Attributes></GetTopicAttributesResult>"
            self.finds(list(found), "sns", "GetTopicAttributes", xml("GetTopicAttributes", body))

        sns("<entry><key>Owner</key><value>me</value></entry>")
        wrong = "GetTopicAttributes.Attributes has a {} that is not an entry of key and value"
        sns("<entry><value>me</value></entry>", wrong.format("entry"))
        sns("<member/>", wrong.format("member"))

    def test_json(self):
        right = {"KeyId": "a", "CreationDate": 1.5, "Enabled": True, "KeyState": "Enabled"}
        self.finds([], "kms", "DescribeKey", {"KeyMetadata": right})
        for change, found in [
            ({"Colour": "red"}, " has an unknown member Colour"),
            ({"Enabled": 1}, ".Enabled is 1, which is not a valid boolean"),
            ({"CreationDate": "today"}, ".CreationDate is 'today', which is not a valid timestamp"),
            ({"KeyId": None}, ".KeyId is None, which is not a valid string"),
        ]:
            self.finds([f"DescribeKey.KeyMetadata{found}"], "kms", "DescribeKey", {"KeyMetadata": right | change})
        lacking = ["DescribeKey.KeyMetadata lacks the required member KeyId"]
        self.finds(lacking, "kms", "DescribeKey", {"KeyMetadata": {}})
        (why,) = CHECKER.check("kms", "DescribeKey", 200, '{"KeyMetadata": {"KeyId": "a", "KeyState": "Tired"}}')
        self.assertTrue(why.startswith("DescribeKey.KeyMetadata.KeyState is 'Tired', which is not in ["), why)

    def test_errors(self):
        def rds(body, status, *found, operation="CopyDBSnapshot"):
            self.finds(list(found), "rds", operation, body, status)

        rds(error("DBSnapshotNotFound"), 404)
        rds(error("Throttling"), 400)
        rds(error("InvalidAction"), 400, operation="NoSuchThing")
        rds(error("DBSnapshotNotFound"), 400, "DBSnapshotNotFound has status 400, the model has 404")
        rds(error("InternalFailure"), 500, "has fault Sender with status 500")
        rds(error("Throttling", message=""), 400, "Throttling has no message")
        rds("<Error/>", 400, "is not an ErrorResponse with Error and RequestId")
        none = "DBInstanceNotFound is neither an error of this operation nor a common error"
        rds(error("DBInstanceNotFound"), 404, none)
        rds(
            error("Throttling"), 400, "Throttling for an operation that is not in the model", operation="NoSuchThing"
        )
        self.finds([], "kms", "DescribeKey", {"__type": "NotFoundException", "message": "why"}, 400)
        none = "NotFound is neither an error of this operation nor a common error"
        self.finds([none], "kms", "DescribeKey", {"__type": "NotFound", "message": "why"}, 400)


class Parameters(unittest.TestCase):
    def test_the_list_of_parameters_of_restores_is_that_of_the_model(self):
        """The file proves in Rust that no setting is lost in a restore."""
        file = Path(__file__).parents[3] / "crates/cloud/src/rds/settings/parameters_of_aws.txt"
        lines = file.read_text().splitlines()
        rds = model("rds")
        found = []
        for operation in dict.fromkeys(line.split()[0] for line in lines):
            members = rds["shapes"][rds["operations"][operation]["input"]["shape"]]["members"]
            found += [f"{operation} {member}" for member in sorted(members)]
        self.assertEqual(lines, found)


if __name__ == "__main__":
    unittest.main(verbosity=2)
