"""The emulators of AWS that others wrote, on loopback, and what each of them and sim can be asked."""

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
from botocore.loaders import Loader
from moto.core.config import default_user_config
from moto.core.responses import BaseResponse
from moto.core.utils import method_names_from_class
from moto.server import ThreadedMotoServer

from simulation import REGION, Boto3, Refused

# The account that asks. Moto has no other, if nobody makes them.
ACCOUNT = "123456789012"

# What sim has, as boto3 names it.
SERVICES = ("kms", "rds", "sns", "sqs", "stepfunctions", "sts")

# What AWS and its emulators answer to an operation that they do not have; and before they look at it, to a call that is
# not signed, as clients send the few that sign in: sim has none of those.
UNKNOWN = ("InvalidAction", "MissingAuthenticationToken", "UnknownOperationException")


class Moto:
    def __init__(self):
        # Else an execution stays where it began.
        default_user_config["stepfunctions"]["execute_state_machine"] = True
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self.stop = self.server.stop

    def operations(self, service):
        """It has a method for each."""
        module = importlib.import_module(f"moto.{service}.responses")
        classes = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, BaseResponse)]
        methods = {method for kind in classes for method in method_names_from_class(kind)}
        return {operation for operation in modelled(service) if xform_name(operation) in methods}


class MiniStack:
    """A process of its own, in a folder of its own, that listens to nothing but one port."""

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
            # It would have a port for devices on every address.
            "IOT_MTLS_ENABLED": "0",
            # It would start each database in a container, if there is a Docker; there is none here.
            "DOCKER_HOST": f"unix://{self.folder.name}/none",
            "LOG_LEVEL": "ERROR",
        }
        command = [sys.executable, "-B", "-m", "ministack"]
        self.process = subprocess.Popen(command, env=environment, cwd=self.folder.name, stdout=subprocess.DEVNULL)
        for _ in range(300):
            if self.is_there():
                return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError("MiniStack does not start")

    def is_there(self):
        try:
            return urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5).status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)
        self.folder.cleanup()


def operations(kind):
    """What one of this kind can be asked: services and operations. It gets calls that mean nothing, of which it may make
    something all the same, so it is not one that is asked anything else."""
    asked = kind()
    try:
        has = getattr(asked, "operations", lambda service: answered(asked.url, service))
        return {(service, operation) for service in SERVICES for operation in has(service)}
    finally:
        asked.stop()


def modelled(service):
    return sorted(Loader().load_service_model(service, "service-2")["operations"])


def answered(url, service):
    """The operations that whoever listens there has: it refuses the others by name, whatever else may be wrong."""
    client = Boto3(url, parameter_validation=False, inject_host_prefix=False)
    found = set()
    for operation in modelled(service):
        try:
            client.call(service, operation, ACCOUNT)
            found.add(operation)
        except Refused as error:
            if error.code not in UNKNOWN:
                found.add(operation)
    return found
