"""`draco sim` for tests, and the two clients.

All connections use 127.0.0.1. Each simulation has its own port. The AWS configuration of the machine is not read.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from pathlib import Path

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader

HERE = Path(__file__).parent
DRACO = os.environ.get("DRACO", str(HERE.parents[2] / "target/debug/draco"))
EPOCH = "2026-11-21T03:00:00Z"
REGION = "eu-west-1"

# The source account with the databases, the DR account with the copies, and an unrelated account.
PROD, DR, STRANGER = "111111111111", "222222222222", "333333333333"

os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}

class Simulation:
    """A `draco sim` process. By default, one real second is ten simulated minutes."""

    def __init__(self, *options, speed=600, quota=100):
        command = [DRACO, "sim", "--listen", "127.0.0.1:0", "--epoch", EPOCH]
        command += ["--speed", str(speed), "--quota", str(quota), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        first = self.process.stdout.readline()
        if "Simulated AWS" not in first:
            self.process.communicate()
            raise RuntimeError(f"{' '.join(command)} printed {first!r}")
        self.url = first.split(" at ")[1].split(";")[0]
        # The process would block on a full pipe.
        self.lines = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout))
        self.reader.start()

    def lose_region(self):
        """Loses the region that `--lose` names, a moment later."""
        self.process.send_signal(signal.SIGUSR1)

    def stop(self):
        self.process.terminate()
        code = self.process.wait(timeout=10)
        self.reader.join(timeout=10)
        self.process.stdout.close()
        if code != 0:
            raise RuntimeError(f"draco sim ended with {code}")


class AwsError(Exception):
    """An error response of AWS."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


class Boto3:
    """boto3 without retries, so that tests see each error."""

    session = boto3.session.Session()

    def __init__(self, url, **config):
        self.url = url
        self.config = Config(retries={"total_max_attempts": 1}, read_timeout=30, **config)
        self.clients = {}

    def client(self, service, account, region=REGION, role=None):
        key = (service, account, region, role)
        if key not in self.clients:
            self.clients[key] = self.session.client(
                service,
                endpoint_url=self.url,
                region_name=region,
                aws_access_key_id=account,
                aws_secret_access_key="any",
                aws_session_token=role,
                config=self.config,
            )
        return self.clients[key]

    def call(self, service, operation, account=PROD, region=REGION, role=None, **params):
        method = getattr(self.client(service, account, region, role), xform_name(operation))
        try:
            answer = method(**params)
        except ClientError as error:
            raise AwsError(error.response["Error"]["Code"], error.response["Error"]["Message"]) from None
        answer.pop("ResponseMetadata")
        return answer

    def wait(self, service, until, account=PROD, region=REGION, **params):
        waiter = self.client(service, account, region).get_waiter(xform_name(until))
        waiter.wait(**params, WaiterConfig={"Delay": 0.2, "MaxAttempts": 300})

    def pages(self, service, operation, size, account=PROD, **params):
        paginator = self.client(service, account).get_paginator(xform_name(operation))
        return list(paginator.paginate(**params, PaginationConfig={"PageSize": size}))

    def page_size(self, size):
        return {"MaxRecords": size}

    def put_object(self, key, text, **params):
        return self.call("s3", "PutObject", Key=key, Body=text.encode(), **params)

    def get_object(self, key, **params):
        return self.call("s3", "GetObject", Key=key, **params)["Body"].read().decode()


class CommandLine:
    """The AWS command line: `aws rds copy-db-snapshot --source-db-snapshot-identifier …`."""

    def __init__(self, url):
        self.url = url
        # RDS's waiters with a delay of one second instead of 30.
        self.folder = tempfile.TemporaryDirectory()
        waiters = Loader().load_service_model("rds", "waiters-2")
        for waiter in waiters["waiters"].values():
            waiter["delay"] = 1
        path = Path(self.folder.name) / "rds/2014-10-31/waiters-2.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(waiters))

        self.folder_is_removed = weakref.finalize(self, self.folder.cleanup)

    def run(self, *args, account=PROD, region=REGION, role=None):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": self.folder.name,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_DATA_PATH": self.folder.name,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_MAX_ATTEMPTS": "1",
        }
        if role:
            environment["AWS_SESSION_TOKEN"] = role
        aws = [sys.executable, str(Path(sys.executable).parent / "aws"), *args]
        ran = subprocess.run(aws, check=False, env=environment, capture_output=True, text=True, timeout=120)
        if ran.returncode != 0:
            # An error occurred (DBSnapshotNotFound) when calling the CopyDBSnapshot operation: …
            code, _, rest = ran.stderr.strip().partition("(")[2].partition(")")
            raise AwsError(code or "usage", rest.partition(": ")[2] or ran.stderr)
        return json.loads(ran.stdout) if ran.stdout.strip() else {}

    def call(self, service, operation, account=PROD, region=REGION, role=None, **params):
        return self.run(command(service), xform_name(operation, "-"), *flags(params), account=account, region=region, role=role)

    def wait(self, service, until, account=PROD, region=REGION, **params):
        self.run(command(service), "wait", xform_name(until, "-"), *flags(params), account=account, region=region)

    def pages(self, service, operation, size, account=PROD, **params):
        """The command line requests all pages itself and prints one result."""
        return [self.call(service, operation, account, **params, **self.page_size(size))]

    def page_size(self, size):
        return {"PageSize": size}

    def put_object(self, key, text, **params):
        body = Path(self.folder.name) / "body"
        body.write_text(text)
        return self.call("s3", "PutObject", Key=key, Body=str(body), **params)

    def get_object(self, key, account=PROD, **params):
        body = Path(self.folder.name) / "body"
        # The name of the file is an argument without a flag.
        self.run("s3api", "get-object", *flags({"Key": key} | params), str(body), account=account)
        return body.read_text()


def command(service):
    """The command line has the operations of S3 under another name."""
    return "s3api" if service == "s3" else service


def flags(params):
    """`DBSnapshotIdentifier="a", CopyTags=True` as `--db-snapshot-identifier a --copy-tags`."""
    for name, value in params.items():
        name = xform_name(name, "-")
        match value:
            case True:
                yield f"--{name}"
            case False:
                yield f"--no-{name}"
            case list() | dict():
                yield from (f"--{name}", json.dumps(value))
            case _:
                yield from (f"--{name}", str(value))
