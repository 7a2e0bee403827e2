"""The differences between sim and MiniStack, in the format of `differences_moto.py`."""

from conversations import kms, rds_cluster, rds_instance, sns, states
from differences_ministack_rds import RDS_CLUSTER, RDS_INSTANCE
from differences_moto import RECORDED, RECORDED_MACHINES
from not_simulated import (
    DELIVERY,
    KEY_MATERIAL,
)
from references import Api, Example, Page

DIFFERENCES = {
    kms: [
        ("sim", "*", ["KeyMetadata.AWSAccountId"], Example("kms/create-key", '"AWSAccountId": "111122223333"')),
        ("other", "*", ["KeyMetadata.CurrentKeyMaterialId"], KEY_MATERIAL),
        (
            "other",
            "*",
            ["KeyMetadata.SigningAlgorithms"],
            Api("kms", "KeyMetadata", "This field appears only when the KeyUsage of the KMS key is SIGN_VERIFY."),
        ),
        (
            "both",
            "DescribeKey",
            ["KeyMetadata.Enabled"],
            Api("kms", "KeyMetadata", "When KeyState is Enabled this value is true, otherwise it is false."),
        ),
        ("sim", "CreateAlias", ["Error"], Api("kms", "CreateAlias", "The alias name cannot begin with alias/aws/.")),
        (
            "other",
            "ListAliases",
            ["Aliases[alias/aws/mine]"],
            Api("kms", "CreateAlias", "The alias name cannot begin with alias/aws/."),
        ),
        (
            "sim",
            "GetKeyRotationStatus",
            ["KeyId", "NextRotationDate"],
            Example(
                "kms/get-key-rotation-status",
                '{ "KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab", "KeyRotationEnabled": true, "NextRotationDate": ',
            ),
        ),
        (
            "other",
            "GetKeyRotationStatus",
            ["RotationPeriodInDays"],
            Page(
                RECORDED + "kms/test_kms.snapshot.json",
                "test_rotate_key_on_demand_with_symmetric_key_and_automatic_rotation_disabled: the whole response is "
                '{"KeyId": "<key-id:1>", "KeyRotationEnabled": false}',
            ),
        ),
        (
            "sim",
            "ScheduleKeyDeletion",
            ["PendingWindowInDays"],
            Example("kms/schedule-key-deletion", '"KeyState": "PendingDeletion", "PendingWindowInDays": 15 }'),
        ),
        (
            "sim",
            "EnableKey",
            ["Error"],
            Page(
                "https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html",
                "EnableKey, Pending deletion: X [3] KMSInvalidStateException: … is pending deletion",
            ),
        ),
    ],
    sns: [
        (
            "sim",
            "CreateTopic",
            ["Error"],
            Api("sns", "CreateTopic", "Topic names must be made up of only uppercase and lowercase ASCII letters"),
        ),
        (
            "other",
            "CreateTopic",
            ["TopicArn"],
            Api("sns", "CreateTopic", "Topic names must be made up of only uppercase and lowercase ASCII letters"),
        ),
        (
            "both",
            "ListTopics",
            ["Topics"],
            Api("sns", "CreateTopic", "Topic names must be made up of only uppercase and lowercase ASCII letters"),
        ),
        ("sim", "Publish", ["Error"], Api("sns", "Publish", "less than 100 characters long")),
        ("other", "Publish", ["MessageId"], Api("sns", "Publish", "less than 100 characters long")),
        ("other", "GetTopicAttributes", ["EffectiveDeliveryPolicy"], DELIVERY),
        (
            "both",
            "GetTopicAttributes",
            ["Policy.Statement.Action"],
            Page(
                RECORDED + "sns/test_sns.snapshot.json",
                "test_create_topic_test_arn: SNS:GetTopicAttributes, SNS:SetTopicAttributes, SNS:AddPermission, "
                "SNS:RemovePermission, SNS:DeleteTopic, SNS:Subscribe, SNS:ListSubscriptionsByTopic, SNS:Publish",
            ),
        ),
    ],
    states: [
        (
            "sim",
            "CreateStateMachine",
            ["Error"],
            Api("stepfunctions", "CreateStateMachine", "A name must not contain: white space"),
        ),
        (
            "other",
            "CreateStateMachine",
            ["creationDate", "stateMachineArn"],
            Api("stepfunctions", "CreateStateMachine", "A name must not contain: white space"),
        ),
        (
            "both",
            "ListStateMachines",
            ["stateMachines"],
            Api("stepfunctions", "CreateStateMachine", "A name must not contain: white space"),
        ),
        (
            "other",
            "DescribeStateMachine",
            ["encryptionConfiguration"],
            Page(RECORDED_MACHINES, "missing in all responses of DescribeStateMachine"),
        ),
        (
            "other",
            "DescribeStateMachine",
            ["revisionId"],
            Page(
                RECORDED_MACHINES, '"revisionId": "<uuid:1>" after update_state_machine_res, and in no response before'
            ),
        ),
        (
            "sim",
            "UpdateStateMachine",
            ["revisionId"],
            Page(RECORDED_MACHINES, '"update_state_machine_res": {"revisionId": "<uuid:1>", "updateDate": "datetime"'),
        ),
        (
            "sim",
            "DescribeStateMachine",
            ["tracingConfiguration"],
            Page(RECORDED_MACHINES, '"tracingConfiguration": {"enabled": false}'),
        ),
        (
            "sim",
            "StartExecution",
            ["Error"],
            Api("stepfunctions", "InvalidExecutionInput", "The provided JSON input data is not valid."),
        ),
        (
            "other",
            "StartExecution",
            ["executionArn", "startDate"],
            Api("stepfunctions", "InvalidExecutionInput", "The provided JSON input data is not valid."),
        ),
        (
            "other",
            "ListExecutions",
            ["executions[arn:aws:states:eu-west-1:123456789012:execution:compared:second]"],
            Api("stepfunctions", "InvalidExecutionInput", "The provided JSON input data is not valid."),
        ),
        (
            "sim",
            "ListExecutions",
            ["Error"],
            Api("stepfunctions", "StateMachineDoesNotExist", "The specified state machine does not exist."),
        ),
        (
            "other",
            "ListExecutions",
            ["executions"],
            Api("stepfunctions", "StateMachineDoesNotExist", "The specified state machine does not exist."),
        ),
        (
            "sim",
            "*Execution*",
            ["redriveCount"],
            Api(
                "stepfunctions",
                "DescribeExecution",
                "If you have not yet redriven an execution, the redriveCount is 0.",
            ),
        ),
        (
            "sim",
            "DescribeExecution",
            ["redriveStatus", "redriveStatusReason"],
            Page(
                RECORDED_MACHINES,
                '"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven"',
            ),
        ),
        # For executions without an output.
        (
            "other",
            "DescribeExecution",
            ["outputDetails"],
            Api("stepfunctions", "DescribeExecution", "This field is set only if the execution succeeds."),
        ),
        (
            "sim",
            "GetExecutionHistory",
            ["previousEventId"],
            Page(RECORDED_MACHINES, '"id": 1, "previousEventId": 0 … "id": 2, "previousEventId": 0'),
        ),
        (
            "sim",
            "GetExecutionHistory",
            ["executionStartedEventDetails.inputDetails", "stateEnteredEventDetails.inputDetails"],
            Page(
                RECORDED_MACHINES, '"executionStartedEventDetails": {"input": {}, "inputDetails": {"truncated": false}'
            ),
        ),
        (
            "sim",
            "GetExecutionHistory",
            ["stateExitedEventDetails.outputDetails", "executionSucceededEventDetails.outputDetails"],
            Page(RECORDED_MACHINES, '"stateExitedEventDetails": {…, "outputDetails": {"truncated": false}'),
        ),
    ],
    rds_instance: RDS_INSTANCE,
    rds_cluster: RDS_CLUSTER,
}
