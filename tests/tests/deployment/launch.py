"""Starts MiniStack with changes where AWS behaves differently.

It ends when its standard input is closed, so that it does not outlive a test that was killed.
"""

import os
import re
import signal
import sys
import threading
import types

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, set_request_account_id
from ministack.services import lambda_svc, s3, sns
from ministack.services.cloudformation import changesets, handlers, stacks


def tls(pin):
    """Draco's bucket requires TLS. MiniStack listens without TLS here, because the functions' programs would not trust its
    certificate, and then evaluates aws:SecureTransport as false. Plain HTTP on loopback counts as TLS instead."""
    return lambda address, _: pin(address, True)


def of_any_bucket(get):
    """ "The bucket can be in a different AWS account" (Lambda API reference, FunctionCode, S3Bucket), if its policy lets
    the deploying account read it. MiniStack looks up the code of a stack only in the stack's account
    (s3._get_object_data), although it allows other accounts' own calls by the policy."""

    def read(bucket, key, version_id=None):
        caller, owner = get_account_id(), s3._bucket_owner_account(bucket)
        if owner in (None, caller):
            return get(bucket, key, version_id)
        query = {"versionId": [version_id]} if version_id else {}
        if not s3._foreign_bucket_allows(owner, bucket, key, "GET", query, caller, {}):
            return None
        set_request_account_id(owner)
        try:
            return get(bucket, key, version_id)
        finally:
            set_request_account_id(caller)

    return read


def of_role(value):
    """Of a role's session, aws:PrincipalArn is the role: "Do not specify the assumed role session ARN as a value for this
    condition key" (IAM user guide). MiniStack has the session's (iam_evaluator._resolve_condition_key)."""
    session = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/.*")

    def resolve(key, context):
        found = value(key, context)
        is_session = session.fullmatch(found) if key.lower() == "aws:principalarn" else None
        return "arn:aws:iam::{}:role/{}".format(*is_session.groups()) if is_session else found

    return resolve


def asynchronous(functions):
    """SNS invokes functions asynchronously, so "if your function returns an error, Lambda attempts to run it two more times"
    (Lambda developer guide), and then hands the event to the function's destination. MiniStack has that, but for SNS
    it runs the function once and looks no further (sns._deliver_to_lambda)."""
    return types.SimpleNamespace(
        **vars(functions) | {"_execute_function_with_config_scope": functions.invoke_async_with_retry}
    )


def of_joined_lists(evaluate):
    """In conditions, Fn::Join tells whether a list is empty, as in `!Equals [!Join ["", !Ref Subnets], ""]` of many templates;
    cfn-lint, which knows the functions that are possible there, accepts it. MiniStack takes the call itself for the value
    (engine._evaluate_conditions)."""

    def joined(part, parameters):
        if isinstance(part, list):
            return [joined(each, parameters) for each in part]
        if not isinstance(part, dict):
            return part
        if "Fn::Join" in part:
            delimiter, parameter = part["Fn::Join"]
            return delimiter.join(parameters[parameter["Ref"]]["Value"].split(","))
        return {key: joined(each, parameters) for key, each in part.items()}

    def conditions(template, parameters):
        return evaluate(template | {"Conditions": joined(template.get("Conditions", {}), parameters)}, parameters)

    return conditions


def end_with_who_started_it():
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


app.pin_request_origin = tls(app.pin_request_origin)
iam_evaluator._resolve_condition_key = of_role(iam_evaluator._resolve_condition_key)
s3._get_object_data = of_any_bucket(s3._get_object_data)
for module in (changesets, handlers, stacks):
    module._evaluate_conditions = of_joined_lists(module._evaluate_conditions)
sns._lambda_svc = asynchronous(lambda_svc)
threading.Thread(target=end_with_who_started_it, daemon=True).start()
app.main()
