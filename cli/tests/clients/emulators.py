"""Other emulators of AWS, on loopback, and the operations that each of them and sim supports."""

import importlib
import logging
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from botocore import xform_name
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader
from moto.core.config import default_user_config
from moto.core.responses import BaseResponse
from moto.core.utils import method_names_from_class
from moto.server import ThreadedMotoServer

from simulation import REGION, Boto3, AwsError

# The account of the caller. Moto has only this one by default.
ACCOUNT = "123456789012"

# The services of sim, by their names in boto3.
SERVICES = ("kms", "rds", "s3", "secretsmanager", "sns", "sqs", "stepfunctions", "sts")

# The error codes for unsupported operations. MissingAuthenticationToken is for unsigned calls, such as those that sign in;
# sim supports none of them.
UNKNOWN = ("InvalidAction", "MissingAuthenticationToken", "UnknownOperationException")

# The path of a request to S3 needs these. There, sim refuses an operation as a request or a parameter that it does not have.
PATHS = {
    "s3": {"Bucket": "nosuch", "Key": "nosuch", "CopySource": "nosuch/nosuch", "UploadId": "nosuch", "PartNumber": 1}
}


class Moto:
    name = "moto"

    def __init__(self):
        # Without this, an execution stays in its first state.
        default_user_config["stepfunctions"]["execute_state_machine"] = True
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self.stop = self.server.stop

    def operations(self, service):
        """The operations for which Moto has a method."""
        module = importlib.import_module(f"moto.{service}.responses")
        classes = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, BaseResponse)]
        methods = {method for kind in classes for method in method_names_from_class(kind)}
        return {operation for operation in operation_names(service) if xform_name(operation) in methods}


class MiniStack:
    """A separate process in its own folder. It listens on a single port."""

    name = "MiniStack"

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": self.folder.name,
            "TMPDIR": self.folder.name,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            # Without this, it listens for devices on all addresses.
            "IOT_MTLS_ENABLED": "0",
            # Without this, it starts each database in a Docker container, if Docker is available.
            "DOCKER_HOST": f"unix://{self.folder.name}/none",
            "LOG_LEVEL": "ERROR",
        }
        command = [sys.executable, "-B", "-m", "ministack"]
        self.process = subprocess.Popen(command, env=environment, cwd=self.folder.name, stdout=subprocess.DEVNULL)
        for _ in range(300):
            if self.is_healthy():
                return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError("MiniStack did not start within 30 seconds")

    def is_healthy(self):
        try:
            return urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5).status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)
        self.folder.cleanup()


def operations(kind):
    """The supported services and operations. A separate instance is used, because the calls without parameters may change
    its state."""
    emulator = kind()
    try:
        has = getattr(emulator, "operations", lambda service: supported(emulator.url, service))
        return {(service, operation) for service in SERVICES for operation in has(service)}
    finally:
        emulator.stop()


def operation_names(service):
    return sorted(Loader().load_service_model(service, "service-2")["operations"])


def supported(url, service):
    """The operations that the emulator at this URL supports. It reports all others as unknown."""
    client = Boto3(url, parameter_validation=False, inject_host_prefix=False)
    found = set()
    for operation in operation_names(service):
        shape = client.client(service, ACCOUNT).meta.service_model.operation_model(operation).input_shape
        params = {name: value for name, value in PATHS.get(service, {}).items() if shape and name in shape.required_members}
        try:
            client.call(service, operation, ACCOUNT, **params)
            found.add(operation)
        except AwsError as error:
            is_refused = service == "s3" and error.code == "NotSimulated"
            if error.code not in UNKNOWN and "does not support the operation" not in str(error) and not is_refused:
                found.add(operation)
        except (BotoCoreError, KeyError, TypeError):
            # The client cannot make the request without other parameters, or read the response. Sim has no such operation.
            pass
    return found
