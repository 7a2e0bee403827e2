"""Step Functions and STS: state machines, executions, and who calls."""

import json
import time

from asking import ACCEPTED, REFUSED, question, refusal, shared
from references import Api

SERVICE = "stepfunctions"
NO_MACHINE = Api(SERVICE, "StateMachineDoesNotExist", "The specified state machine does not exist.")
NO_EXECUTION = Api(SERVICE, "ExecutionDoesNotExist", "The specified execution does not exist.")
NO_ARN = Api(SERVICE, "InvalidArn", "The provided Amazon Resource Name (ARN) is not valid.")
NO_NAME = Api(SERVICE, "InvalidName", "The provided name is not valid.")
NO_DEFINITION = Api(SERVICE, "InvalidDefinition", "The provided Amazon States Language definition is not valid.")
IDEMPOTENT = Api(
    SERVICE, "CreateStateMachine", "idempotency check is based on the state machine name, definition, type,"
)
IGNORED = Api(
    SERVICE, "CreateStateMachine", "has a different roleArn or tags, Step Functions will ignore these differences"
)
NAMES = Api(SERVICE, "CreateStateMachine", "A name must not contain: white space")
SAME = Api(SERVICE, "ExecutionAlreadyExists", "Executions with the same name and input are considered idempotent.")

DONE = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
FAILS = json.dumps({"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}}})
LONG = json.dumps({"StartAt": "Long", "States": {"Long": {"Type": "Wait", "Seconds": 86400, "End": True}}})


def create(aws, definition=DONE, name=None, role="machine", **params):
    name = aws.new("machine") if name is None else name
    role = f"arn:aws:iam::{aws.account}:role/{role}"
    return aws.stepfunctions.CreateStateMachine(name=name, definition=definition, roleArn=role, **params)[
        "stateMachineArn"
    ]


@shared
def common(aws):
    """A machine whose executions succeed."""
    return create(aws)


@shared
def waiting(aws):
    """A machine whose executions go on for a day."""
    return create(aws, LONG)


def start(aws, machine, **params):
    return aws.stepfunctions.StartExecution(stateMachineArn=machine, **params)["executionArn"]


def ended(aws, machine, **params):
    """A finished execution."""
    arn = start(aws, machine, **({"name": aws.new("execution")} | params))
    for _ in range(100):
        found = aws.stepfunctions.DescribeExecution(executionArn=arn)
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.02)
    return found


def describe(aws, machine):
    return aws.stepfunctions.DescribeStateMachine(stateMachineArn=machine)


def execution_gone(aws):
    return common(aws).replace(":stateMachine:", ":execution:") + ":gone"


@question(("ACTIVE", "STANDARD"), Api(SERVICE, "CreateStateMachine", "The default is STANDARD."))
def a_machine(aws):
    found = describe(aws, common(aws))
    return found["status"], found["type"]


@question("OFF", Api(SERVICE, "CreateStateMachine", "By default, the level is set to OFF."))
def the_log_level_by_default(aws):
    return describe(aws, common(aws))["loggingConfiguration"]["level"]


@question(True, Api(SERVICE, "CreateStateMachine", "Subsequent requests won’t create a duplicate resource"), IDEMPOTENT)
def a_machine_that_is_created_twice(aws):
    name = aws.new("machine")
    return create(aws, name=name) == create(aws, name=name)


@question(
    "StateMachineAlreadyExists",
    IDEMPOTENT,
    Api(SERVICE, "StateMachineAlreadyExists", "the same name but a different definition"),
)
def a_machine_that_is_created_again_with_another_definition(aws):
    name = aws.new("machine")
    create(aws, name=name)
    return refusal(create, aws=aws, definition=FAILS, name=name)


@question("StateMachineAlreadyExists", IDEMPOTENT)
def a_machine_that_is_created_again_with_tracing(aws):
    name = aws.new("machine")
    create(aws, name=name)
    return refusal(create, aws=aws, name=name, tracingConfiguration={"enabled": True})


@question(True, IGNORED)
def a_machine_that_is_created_again_with_another_role(aws):
    name = aws.new("machine")
    first = create(aws, name=name)
    return create(aws, name=name, role="other") == first and describe(aws, first)["roleArn"].endswith("role/machine")


@question(True, IGNORED)
def a_machine_that_is_created_again_with_tags(aws):
    name = aws.new("machine")
    return create(aws, name=name) == create(aws, name=name, tags=[{"key": "a", "value": "b"}])


@question("InvalidName", NAMES, NO_NAME)
def a_machine_with_a_space_in_its_name(aws):
    return refusal(create, aws=aws, name="not a name")


@question("InvalidName", NAMES, NO_NAME)
def a_machine_with_a_question_mark_in_its_name(aws):
    return refusal(create, aws=aws, name="what?")


@question("InvalidName", NAMES, NO_NAME)
def a_machine_with_a_colon_in_its_name(aws):
    return refusal(create, aws=aws, name="a:b")


@question(ACCEPTED, NAMES)
def a_machine_with_punctuation_in_its_name(aws):
    return refusal(create, aws=aws, name="a_b-c.d@e+f=g")


@question(REFUSED, Api(SERVICE, "ValidationException", "The input does not satisfy the constraints"))
def a_machine_with_a_name_of_81_characters(aws):
    return refusal(create, aws=aws, name="m" * 81)


@question("InvalidDefinition", NO_DEFINITION)
def a_definition_that_is_not_json(aws):
    return refusal(create, aws=aws, definition="no")


@question("InvalidDefinition", NO_DEFINITION)
def a_definition_without_states(aws):
    return refusal(create, aws=aws, definition=json.dumps({"StartAt": "Done"}))


@question("InvalidDefinition", NO_DEFINITION)
def a_definition_whose_first_state_does_not_exist(aws):
    return refusal(create, aws=aws, definition=DONE.replace('"StartAt": "Done"', '"StartAt": "Gone"'))


@question("InvalidArn", NO_ARN)
def a_machine_whose_role_is_not_an_arn(aws):
    role = {"name": aws.new("machine"), "definition": DONE, "roleArn": "machine"}
    return refusal(aws.stepfunctions.CreateStateMachine, **role)


@question({"enabled": True}, Api(SERVICE, "CreateStateMachine", "Selects whether X-Ray tracing is enabled."))
def a_machine_with_tracing(aws):
    return describe(aws, create(aws, tracingConfiguration={"enabled": True}))["tracingConfiguration"]


@question("StateMachineDoesNotExist", NO_MACHINE)
def a_machine_that_does_not_exist(aws):
    return refusal(describe, aws=aws, machine=common(aws) + "-gone")


@question("InvalidArn", NO_ARN)
def a_machine_by_its_name(aws):
    return refusal(describe, aws=aws, machine="machine")


@question(ACCEPTED, Api(SERVICE, "DeleteStateMachine", "Deletes a state machine. This is an asynchronous operation."))
def deleting_a_machine(aws):
    return refusal(aws.stepfunctions.DeleteStateMachine, stateMachineArn=create(aws))


@question(
    FAILS, Api(SERVICE, "UpdateStateMachine", "Updates an existing state machine by modifying its definition, roleArn")
)
def a_machine_with_a_new_definition(aws):
    machine = create(aws)
    aws.stepfunctions.UpdateStateMachine(stateMachineArn=machine, definition=FAILS)
    return describe(aws, machine)["definition"]


@question(
    "MissingRequiredParameter",
    Api(SERVICE, "UpdateStateMachine", "You must include at least one of definition or roleArn or you will"),
)
def an_update_without_changes(aws):
    return refusal(aws.stepfunctions.UpdateStateMachine, stateMachineArn=create(aws))


@question("StateMachineDoesNotExist", NO_MACHINE)
def an_update_of_a_machine_that_does_not_exist(aws):
    return refusal(aws.stepfunctions.UpdateStateMachine, stateMachineArn=common(aws) + "-gone", definition=DONE)


@question("InvalidDefinition", NO_DEFINITION)
def an_update_with_a_definition_that_is_not_json(aws):
    return refusal(aws.stepfunctions.UpdateStateMachine, stateMachineArn=create(aws), definition="no")


@question(True, Api(SERVICE, "UpdateStateMachine", "The revision identifier for the updated state machine."))
def an_update_has_a_revision(aws):
    machine = create(aws)
    updated = aws.stepfunctions.UpdateStateMachine(stateMachineArn=machine, definition=FAILS)
    return updated["revisionId"] == describe(aws, machine)["revisionId"]


@question((1, True), Api(SERVICE, "ListStateMachines", "If nextToken is returned, there are more results available."))
def a_page_of_one_machine(aws):
    create(aws)
    create(aws)
    found = aws.stepfunctions.ListStateMachines(maxResults=1)
    return len(found["stateMachines"]), "nextToken" in found


@question("InvalidToken", Api(SERVICE, "InvalidToken", "The provided token is not valid."))
def a_page_after_a_wrong_token(aws):
    return refusal(aws.stepfunctions.ListStateMachines, nextToken="wrong")


@question("SUCCEEDED", Api(SERVICE, "DescribeExecution", "The current status of the execution."))
def an_execution_that_succeeds(aws):
    return ended(aws, common(aws))["status"]


@question(
    '{"a": 1}', Api(SERVICE, "DescribeExecution", "The string that contains the JSON input data of the execution.")
)
def the_input_of_an_execution(aws):
    return ended(aws, common(aws), input='{"a": 1}')["input"]


@question(
    "{}",
    Api(SERVICE, "StartExecution", "If you don't include any JSON input data, you still must include the two braces"),
)
def the_input_of_an_execution_without_one(aws):
    return ended(aws, common(aws))["input"]


@question(
    ("FAILED", "Broken", "on purpose"),
    Api(SERVICE, "DescribeExecution", "The error string if the state machine execution failed."),
)
def an_execution_that_fails(aws):
    found = ended(aws, create(aws, FAILS))
    return found["status"], found["error"], found["cause"]


@question(False, Api(SERVICE, "DescribeExecution", "This field is set only if the execution succeeds."))
def an_execution_that_fails_has_an_output(aws):
    return "output" in ended(aws, create(aws, FAILS))


@question(
    True, Api(SERVICE, "StartExecution", "the call succeeds and return the same response as the original request")
)
def starting_a_running_execution_again(aws):
    name, machine = aws.new("execution"), waiting(aws)
    return start(aws, machine, name=name, input="{}") == start(aws, machine, name=name, input="{}")


@question("ExecutionAlreadyExists", SAME)
def starting_a_running_execution_again_with_another_input(aws):
    name, machine = aws.new("execution"), waiting(aws)
    start(aws, machine, name=name, input='{"a": 1}')
    return refusal(start, aws=aws, machine=machine, name=name, input='{"a": 2}')


@question(
    "ExecutionAlreadyExists",
    Api(
        SERVICE,
        "StartExecution",
        "If the execution is closed or if the input is different, it returns a 400 ExecutionAlreadyExists error.",
    ),
)
def starting_a_finished_execution_again(aws):
    name = aws.new("execution")
    ended(aws, common(aws), name=name, input="{}")
    return refusal(start, aws=aws, machine=common(aws), name=name, input="{}")


@question("InvalidName", Api(SERVICE, "StartExecution", "A name must not contain: white space"), NO_NAME)
def an_execution_with_a_space_in_its_name(aws):
    return refusal(start, aws=aws, machine=common(aws), name="not a name")


@question("InvalidExecutionInput", Api(SERVICE, "InvalidExecutionInput", "The provided JSON input data is not valid."))
def an_execution_whose_input_is_not_json(aws):
    return refusal(start, aws=aws, machine=common(aws), input="no")


@question("StateMachineDoesNotExist", NO_MACHINE)
def an_execution_of_a_machine_that_does_not_exist(aws):
    return refusal(start, aws=aws, machine=common(aws) + "-gone")


@question("ExecutionDoesNotExist", NO_EXECUTION)
def an_execution_that_does_not_exist(aws):
    return refusal(aws.stepfunctions.DescribeExecution, executionArn=execution_gone(aws))


@question("ExecutionDoesNotExist", NO_EXECUTION)
def stopping_an_execution_that_does_not_exist(aws):
    return refusal(aws.stepfunctions.StopExecution, executionArn=execution_gone(aws))


@question("ExecutionDoesNotExist", NO_EXECUTION)
def the_history_of_an_execution_that_does_not_exist(aws):
    return refusal(aws.stepfunctions.GetExecutionHistory, executionArn=execution_gone(aws))


@question(
    ("ABORTED", "Enough", "of it"),
    Api(SERVICE, "StopExecution", "A more detailed explanation of the cause of the failure."),
)
def a_stopped_execution(aws):
    arn = start(aws, waiting(aws))
    aws.stepfunctions.StopExecution(executionArn=arn, error="Enough", cause="of it")
    found = aws.stepfunctions.DescribeExecution(executionArn=arn)
    return found["status"], found["error"], found["cause"]


@question(0, Api(SERVICE, "DescribeExecution", "If you have not yet redriven an execution, the redriveCount is 0."))
def the_redrives_of_an_execution(aws):
    return ended(aws, common(aws))["redriveCount"]


@question(
    ["ExecutionStarted", "SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"],
    Api(SERVICE, "GetExecutionHistory", "By default, the results are returned in ascending order of the timeStamp"),
)
def the_history_of_an_execution(aws):
    arn = ended(aws, common(aws))["executionArn"]
    return [event["type"] for event in aws.stepfunctions.GetExecutionHistory(executionArn=arn)["events"]]


@question(
    "ExecutionSucceeded",
    Api(SERVICE, "GetExecutionHistory", "Use the reverseOrder parameter to get the latest events first."),
)
def the_latest_event_of_an_execution(aws):
    arn = ended(aws, common(aws))["executionArn"]
    return aws.stepfunctions.GetExecutionHistory(executionArn=arn, reverseOrder=True)["events"][0]["type"]


@question(
    [],
    Api(SERVICE, "ListExecutions", "only list the executions whose current execution status matches the given filter"),
)
def running_executions_of_a_machine_without_any(aws):
    machine = create(aws)
    ended(aws, machine)
    return aws.stepfunctions.ListExecutions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]


@question("StateMachineDoesNotExist", NO_MACHINE)
def executions_of_a_machine_that_does_not_exist(aws):
    return refusal(aws.stepfunctions.ListExecutions, stateMachineArn=common(aws) + "-gone")


@question(
    ["second", "first"],
    Api(SERVICE, "ListExecutions", "Results are sorted by time, with the most recent execution first."),
)
def the_order_of_executions(aws):
    machine = create(aws)
    for name in ("first", "second"):
        ended(aws, machine, name=name)
        time.sleep(0.01)
    return [found["name"] for found in aws.stepfunctions.ListExecutions(stateMachineArn=machine)["executions"]]


@question(
    True,
    Api("sts", "GetCallerIdentity", "The Amazon Web Services account ID number of the account that owns or contains"),
)
def the_account_of_the_caller(aws):
    return aws.sts.GetCallerIdentity()["Account"] == aws.account
