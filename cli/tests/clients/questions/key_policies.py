"""KMS: rotation, policies and tags of keys."""

import json

from asking import ACCEPTED, REFUSED, question, refusal
from questions.keys import KEY_STATES, common, key
from references import Api, Page

DISABLED_ROTATION = Page(
    KEY_STATES, "EnableKeyRotation, DisableKeyRotation, Disabled: X [1] DisabledException: … is disabled"
)
EFFECTIVE = Api("kms", "CreateKey", "API requests succeed, even though the policy statement is ineffective")
EXPLICIT = Page(
    "https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html",
    "No AWS principal, including the account root user or key creator, has any permissions to a KMS key unless they are "
    "explicitly allowed, and never denied, in a key policy, IAM policy, or grant.",
)
NOT_ACTION = Page(
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html",
    "NotAction is an advanced policy element that explicitly matches everything except the specified list of actions.",
)
CONDITIONS = Page(
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html",
    "The Condition element (or Condition block) lets you specify conditions for when a policy is in effect.",
)


def statement(aws, **change):
    everything = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{aws.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return everything | change


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@question(REFUSED, Api("kms", "PutKeyPolicy", "Specify the key ID or key ARN of the KMS key."))
def a_policy_is_not_set_by_an_alias(aws):
    name = f"alias/{aws.new('key')}"
    aws.kms.CreateAlias(AliasName=name, TargetKeyId=key(aws))
    return refusal(aws.kms.PutKeyPolicy, KeyId=name, PolicyName="default", Policy=policy(statement(aws)))


@question(
    "DisabledException", DISABLED_ROTATION, Api("kms", "DisabledException", "the specified KMS key is not enabled")
)
def enabling_the_rotation_of_a_disabled_key(aws):
    name = key(aws)
    aws.kms.DisableKey(KeyId=name)
    return refusal(aws.kms.EnableKeyRotation, KeyId=name)


@question(False, Api("kms", "GetKeyRotationStatus", "A Boolean value that specifies whether key rotation is enabled."))
def a_new_key_is_not_rotated(aws):
    return aws.kms.GetKeyRotationStatus(KeyId=common(aws)["KeyId"])["KeyRotationEnabled"]


@question((True, 365), Api("kms", "EnableKeyRotation", "If no value is specified, the default value is 365 days."))
def the_rotation_period_by_default(aws):
    name = key(aws)
    aws.kms.EnableKeyRotation(KeyId=name)
    found = aws.kms.GetKeyRotationStatus(KeyId=name)
    return found["KeyRotationEnabled"], found["RotationPeriodInDays"]


@question(
    100, Api("kms", "EnableKeyRotation", "parameter to specify a custom rotation period when you enable key rotation")
)
def a_rotation_period_of_100_days(aws):
    name = key(aws)
    aws.kms.EnableKeyRotation(KeyId=name, RotationPeriodInDays=100)
    return aws.kms.GetKeyRotationStatus(KeyId=name)["RotationPeriodInDays"]


@question(
    True,
    Api(
        "kms",
        "GetKeyRotationStatus",
        "The key rotation status for Amazon Web Services managed KMS keys is always true.",
    ),
)
def a_managed_key_is_rotated(aws):
    managed = aws.kms.DescribeKey(KeyId="alias/aws/rds")["KeyMetadata"]["KeyId"]
    return aws.kms.GetKeyRotationStatus(KeyId=managed)["KeyRotationEnabled"]


@question(
    REFUSED,
    Api(
        "kms",
        "DisableKeyRotation",
        "Key material rotation of Amazon Web Services managed KMS keys is not configurable.",
    ),
)
def the_rotation_of_a_managed_key_cannot_be_disabled(aws):
    managed = aws.kms.DescribeKey(KeyId="alias/aws/rds")["KeyMetadata"]["KeyId"]
    return refusal(aws.kms.DisableKeyRotation, KeyId=managed)


@question(["default"], Api("kms", "ListKeyPolicies", "A list of key policy names. The only valid value is default."))
def the_names_of_a_keys_policies(aws):
    return aws.kms.ListKeyPolicies(KeyId=common(aws)["KeyId"])["PolicyNames"]


@question("default", Api("kms", "GetKeyPolicy", "If no policy name is specified, the default value is default."))
def the_policy_without_a_name(aws):
    return aws.kms.GetKeyPolicy(KeyId=common(aws)["KeyId"])["PolicyName"]


@question(REFUSED, Api("kms", "GetKeyPolicy", "The only valid name is default."))
def a_policy_of_another_name(aws):
    return refusal(aws.kms.GetKeyPolicy, KeyId=common(aws)["KeyId"], PolicyName="other")


@question(True, Api("kms", "PutKeyPolicy", "Attaches a key policy to the specified KMS key."))
def a_policy_that_was_set(aws):
    name, text = key(aws), policy(statement(aws, Sid="ours"))
    aws.kms.PutKeyPolicy(KeyId=name, PolicyName="default", Policy=text)
    return json.loads(aws.kms.GetKeyPolicy(KeyId=name, PolicyName="default")["Policy"]) == json.loads(text)


@question(
    "MalformedPolicyDocumentException",
    Api("kms", "MalformedPolicyDocumentException", "is not syntactically or semantically correct"),
)
def a_policy_that_is_not_json(aws):
    return refusal(aws.kms.PutKeyPolicy, KeyId=key(aws), PolicyName="default", Policy="{")


@question(ACCEPTED, EFFECTIVE)
def a_statement_without_resource(aws):
    half = statement(aws, Sid="half", Action="kms:DescribeKey")
    del half["Resource"]
    return refusal(aws.kms.PutKeyPolicy, KeyId=key(aws), PolicyName="default", Policy=policy(statement(aws), half))


@question(
    REFUSED, Api("kms", "PutKeyPolicy", "must allow the calling principal to make a subsequent PutKeyPolicy request")
)
def a_policy_that_locks_its_author_out(aws):
    text = policy(statement(aws, Action="kms:DescribeKey"))
    return refusal(aws.kms.PutKeyPolicy, KeyId=key(aws), PolicyName="default", Policy=text)


@question(ACCEPTED, Api("kms", "PutKeyPolicy", 'Skips ("bypasses") the key policy lockout safety check.'))
def a_policy_that_locks_its_author_out_on_purpose(aws):
    text = policy(statement(aws, Action="kms:DescribeKey"))
    bypass = {"BypassPolicyLockoutSafetyCheck": True}
    return refusal(aws.kms.PutKeyPolicy, KeyId=key(aws), PolicyName="default", Policy=text, **bypass)


@question(
    "LimitExceededException",
    Api("kms", "CreateKey", "If the key policy exceeds the length constraint, KMS returns a LimitExceededException."),
)
def a_policy_that_is_too_long(aws):
    return refusal(aws.kms.CreateKey, Policy=policy(statement(aws, Sid="s" * 33000)))


@question({"team": "till"}, Api("kms", "TagResource", "KMS replaces the current tag value with the specified one."))
def a_tag_that_is_set_twice(aws):
    name = key(aws, Tags=[{"TagKey": "team", "TagValue": "shop"}])
    aws.kms.TagResource(KeyId=name, Tags=[{"TagKey": "team", "TagValue": "till"}])
    return {tag["TagKey"]: tag["TagValue"] for tag in aws.kms.ListResourceTags(KeyId=name)["Tags"]}


@question(
    ACCEPTED,
    Api("kms", "UntagResource", "if the specified tag key isn't found on the KMS key, it doesn't throw an exception"),
)
def removing_a_tag_that_does_not_exist(aws):
    return refusal(aws.kms.UntagResource, KeyId=common(aws)["KeyId"], TagKeys=["none"])


@question("", Api("kms", "TagResource", "The tag value can be an empty (null) string."))
def a_tag_with_an_empty_value(aws):
    name = key(aws, Tags=[{"TagKey": "empty", "TagValue": ""}])
    return aws.kms.ListResourceTags(KeyId=name)["Tags"][0]["TagValue"]


@question(REFUSED, Api("kms", "TagResource", "you cannot tag an Amazon Web Services managed key"))
def tagging_a_managed_key(aws):
    managed = aws.kms.DescribeKey(KeyId="alias/aws/rds")["KeyMetadata"]["KeyId"]
    return refusal(aws.kms.TagResource, KeyId=managed, Tags=[{"TagKey": "a", "TagValue": "b"}])


@question(REFUSED, Api("kms", "ListKeys", "If you include a value, it must be between 1 and 1000, inclusive."))
def a_page_of_1001_keys(aws):
    return refusal(aws.kms.ListKeys, Limit=1001)


def described_by_other(aws, *statements):
    """Another account describes a key with these statements besides the one for its owner."""
    text = policy(statement(aws), *statements)
    return refusal(aws.other.kms.DescribeKey, KeyId=aws.kms.CreateKey(Policy=text)["KeyMetadata"]["Arn"])


def for_other(aws, **change):
    return (
        statement(aws, Principal={"AWS": f"arn:aws:iam::{aws.other.account}:root"}, Action="kms:DescribeKey") | change
    )


@question(REFUSED, EXPLICIT)
def a_key_whose_policy_does_not_name_the_other_account(aws):
    return described_by_other(aws)


@question(ACCEPTED, EXPLICIT)
def a_key_whose_policy_names_the_other_account(aws):
    return described_by_other(aws, for_other(aws))


@question(REFUSED, EXPLICIT)
def a_key_whose_policy_names_the_other_account_for_another_action(aws):
    return described_by_other(aws, for_other(aws, Action="kms:ListGrants"))


@question(REFUSED, EXPLICIT)
def a_key_whose_policy_allows_and_denies(aws):
    return described_by_other(aws, for_other(aws), for_other(aws, Effect="Deny"))


@question(REFUSED, NOT_ACTION)
def a_key_whose_policy_allows_all_but_this_action(aws):
    allowed = for_other(aws, NotAction="kms:DescribeKey")
    del allowed["Action"]
    return described_by_other(aws, allowed)


@question(ACCEPTED, CONDITIONS)
def a_key_whose_policy_has_a_condition_that_holds(aws):
    account = {"StringEquals": {"aws:PrincipalAccount": aws.other.account}}
    return described_by_other(aws, for_other(aws, Condition=account))


@question(REFUSED, CONDITIONS)
def a_key_whose_policy_has_a_condition_that_does_not_hold(aws):
    account = {"StringEquals": {"aws:PrincipalAccount": aws.account}}
    return described_by_other(aws, for_other(aws, Condition=account))


@question(REFUSED, EFFECTIVE)
def a_key_whose_statement_for_the_other_account_lacks_a_resource(aws):
    half = for_other(aws)
    del half["Resource"]
    return described_by_other(aws, half)
