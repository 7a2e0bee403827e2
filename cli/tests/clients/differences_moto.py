"""The differences between sim and moto: see `emulators_test.py`.

For each conversation: which emulator returns the members (`sim`, the `other`, or `both`, with different values), the
calls, the members, and a reference. A quotation must decide the disputed value. Otherwise the reference is an open
question, or the reason for which sim leaves the members out; neither decides.
"""

from conversations import kms, rds_cluster, rds_instance, sns, states, sts, subscriptions
from differences_moto_rds import RDS_CLUSTER, RDS_INSTANCE, SUBSCRIPTIONS
from not_simulated import (
    DELIVERY,
)
from references import Api, Example, ExampleWithout, Page, Undecided

RECORDED = "https://github.com/localstack/localstack/blob/0d4768330f496af9f630890e34e8b62238c2c429/tests/aws/services/"
RECORDED_MACHINES = RECORDED + "stepfunctions/v2/test_sfn_api.snapshot.json"
STOPPED = Undecided("The API reference describes it for failed executions. The conversation stops one.")
RESERVED = Api("kms", "CreateAlias", "The alias name cannot begin with alias/aws/.")

DIFFERENCES = {
    sts: [
        # "The user ID of an account's root is the account ID": the row of the Principal table. Moto has a user.
        (
            "both",
            "GetCallerIdentity",
            ["Arn", "UserId"],
            Page(
                "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html",
                "Amazon Web Services account root user: aws:userid is the Amazon Web Services account ID",
            ),
        ),
    ],
    kms: [
        ("sim", "*", ["KeyMetadata.KeyUsage"], Api("kms", "CreateKey", "The default value is ENCRYPT_DECRYPT.")),
        (
            "sim",
            "*",
            ["KeyMetadata.MultiRegion"],
            Api("kms", "KeyMetadata", "True for multi-Region primary and replica keys and False for regional KMS keys"),
        ),
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
        ("sim", "CreateAlias", ["Error"], RESERVED),
        ("other", "ListAliases", ["Aliases[alias/aws/mine]"], RESERVED),
        (
            "sim",
            "ListAliases",
            ["CreationDate"],
            Api("kms", "AliasListEntry", "Date and time that the alias was most recently created in the account and"),
        ),
        (
            "sim",
            "ListAliases",
            ["LastUpdatedDate"],
            Api("kms", "AliasListEntry", "Date and time that the alias was most recently associated with a KMS key"),
        ),
        (
            "sim",
            "GetKeyPolicy",
            ["PolicyName"],
            Api("kms", "GetKeyPolicy", "The name of the key policy. The only valid value is default."),
        ),
        (
            "sim",
            "GetKeyRotationStatus",
            ["KeyId", "NextRotationDate", "RotationPeriodInDays"],
            Example(
                "kms/get-key-rotation-status",
                '{ "KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab", "KeyRotationEnabled": true, '
                '"NextRotationDate": "2024-02-14T18:14:33.587000+00:00", "RotationPeriodInDays": 365 }',
            ),
        ),
        (
            "both",
            "ScheduleKeyDeletion",
            ["KeyId"],
            Api("kms", "ScheduleKeyDeletion", "The Amazon Resource Name ( key ARN ) of the KMS key whose deletion is"),
        ),
        (
            "both",
            "CancelKeyDeletion",
            ["KeyId"],
            Api("kms", "CancelKeyDeletion", "The Amazon Resource Name ( key ARN ) of the KMS key whose deletion is"),
        ),
        (
            "sim",
            "ScheduleKeyDeletion",
            ["KeyState", "PendingWindowInDays"],
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
        ("other", "GetTopicAttributes", ["DeliveryPolicy"], ExampleWithout("sns/get-topic-attributes")),
        ("other", "GetTopicAttributes", ["EffectiveDeliveryPolicy"], DELIVERY),
    ],
    states: [
        (
            "other",
            "DescribeStateMachine",
            ["encryptionConfiguration"],
            Page(RECORDED_MACHINES, "missing in all responses of DescribeStateMachine"),
        ),
        (
            "sim",
            "DescribeStateMachine",
            ["loggingConfiguration.includeExecutionData"],
            Page(RECORDED_MACHINES, '"loggingConfiguration": {"includeExecutionData": false, "level": "OFF"}'),
        ),
        (
            "both",
            "StartExecution",
            ["Error"],
            Api("stepfunctions", "InvalidExecutionInput", "The provided JSON input data is not valid."),
        ),
        (
            "sim",
            "DescribeExecution",
            ["cause"],
            STOPPED,
        ),
        (
            "sim",
            "DescribeExecution",
            ["error"],
            STOPPED,
        ),
        (
            "sim",
            "DescribeExecution",
            ["inputDetails"],
            Api("stepfunctions", "CloudWatchEventsExecutionDataDetails", "Always true for API calls."),
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
        ("sim", "StopExecution", ["stopDate"], Page(RECORDED_MACHINES, '"stop_res": {"stopDate": "datetime"')),
        (
            "sim",
            "UpdateStateMachine",
            ["revisionId"],
            Page(RECORDED_MACHINES, '"update_state_machine_res": {"revisionId": "<uuid:1>", "updateDate": "datetime"'),
        ),
        (
            "sim",
            "DescribeStateMachine",
            ["revisionId"],
            Page(
                RECORDED_MACHINES, '"revisionId": "<uuid:1>" after update_state_machine_res, and in no response before'
            ),
        ),
    ],
    rds_instance: RDS_INSTANCE,
    rds_cluster: RDS_CLUSTER,
    subscriptions: SUBSCRIPTIONS,
}
