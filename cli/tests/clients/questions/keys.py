"""KMS: keys and their states."""

from asking import REFUSED, question, refusal, shared
from references import Api, Page

NOT_FOUND = Api("kms", "NotFoundException", "the specified entity or resource could not be found")
STATE = Api("kms", "KMSInvalidStateException", "The key state of the KMS key is not compatible with the operation.")
KEY_STATES = "https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"
PENDING = Page(
    KEY_STATES, "[3] KMSInvalidStateException: … is pending deletion. EnableKey, DisableKey, TagResource: X [3]"
)
NOT_PENDING = Page(
    KEY_STATES, "CancelKeyDeletion, Enabled, Disabled: X [4] KMSInvalidStateException: … is not pending deletion"
)
NO_KEY = "00000000-0000-4000-8000-000000000000"


@shared
def common(aws):
    """A key that stays as it is."""
    return aws.kms.CreateKey()["KeyMetadata"]


def key(aws, **params):
    return aws.kms.CreateKey(**params)["KeyMetadata"]["KeyId"]


def state(aws, key):
    return aws.kms.DescribeKey(KeyId=key)["KeyMetadata"]["KeyState"]


def pending(aws):
    """A key that waits for its deletion."""
    name = key(aws)
    aws.kms.ScheduleKeyDeletion(KeyId=name, PendingWindowInDays=7)
    return name


@question("Enabled", Page(KEY_STATES, "Most KMS keys are created in the Enabled state."))
def the_state_of_a_new_key(aws):
    return common(aws)["KeyState"]


@question("", Api("kms", "CreateKey", "The default value is an empty string (no description)."))
def the_description_of_a_key_without_one(aws):
    return common(aws)["Description"]


@question("ENCRYPT_DECRYPT", Api("kms", "CreateKey", "The default value is ENCRYPT_DECRYPT."))
def the_usage_of_a_key_by_default(aws):
    return common(aws)["KeyUsage"]


@question("SYMMETRIC_DEFAULT", Api("kms", "CreateKey", "The default value, SYMMETRIC_DEFAULT, creates a KMS key"))
def the_spec_of_a_key_by_default(aws):
    return common(aws)["KeySpec"]


@question(
    "SYMMETRIC_DEFAULT", Api("kms", "KeyMetadata", "The KeySpec and CustomerMasterKeySpec fields have the same value.")
)
def the_deprecated_name_of_the_spec(aws):
    return common(aws)["CustomerMasterKeySpec"]


@question("AWS_KMS", Api("kms", "CreateKey", "The default is AWS_KMS, which means that KMS creates the key material."))
def the_origin_of_a_key_by_default(aws):
    return common(aws)["Origin"]


@question(
    False, Api("kms", "KeyMetadata", "True for multi-Region primary and replica keys and False for regional KMS keys.")
)
def a_key_of_one_region_is_not_multi_region(aws):
    return common(aws)["MultiRegion"]


@question(
    False, Api("kms", "KeyMetadata", "This field is present only when the value of the MultiRegion field is True.")
)
def a_key_of_one_region_has_a_multi_region_configuration(aws):
    return "MultiRegionConfiguration" in common(aws)


@question(
    True, Api("kms", "KeyMetadata", "This value is present only when the KeyUsage of the KMS key is ENCRYPT_DECRYPT.")
)
def a_symmetric_key_has_encryption_algorithms(aws):
    return "EncryptionAlgorithms" in common(aws)


@question(False, Api("kms", "KeyMetadata", "This field appears only when the KeyUsage of the KMS key is SIGN_VERIFY."))
def a_symmetric_key_has_signing_algorithms(aws):
    return "SigningAlgorithms" in common(aws)


@question(
    False,
    Api("kms", "KeyMetadata", "This value is present only when Origin is EXTERNAL, otherwise this value is omitted."),
)
def a_key_of_kms_has_an_expiration_model(aws):
    return "ExpirationModel" in common(aws)


@question(False, Api("kms", "KeyMetadata", "This value is present only when the KMS key is scheduled for deletion"))
def a_usable_key_has_a_deletion_date(aws):
    return "DeletionDate" in common(aws)


@question(
    True,
    Api("kms", "KeyMetadata", "The twelve-digit account ID of the Amazon Web Services account that owns the KMS key."),
)
def the_owner_of_a_key(aws):
    return common(aws)["AWSAccountId"] == aws.account


@question(True, Api("kms", "DescribeKey", "To specify a KMS key, use its key ID, key ARN, alias name, or alias ARN."))
def a_key_by_its_arn(aws):
    return aws.kms.DescribeKey(KeyId=common(aws)["Arn"])["KeyMetadata"]["KeyId"] == common(aws)["KeyId"]


@question(True, Api("kms", "DescribeKey", "To specify a KMS key, use its key ID, key ARN, alias name, or alias ARN."))
def a_key_by_the_arn_of_its_alias(aws):
    name = f"alias/{aws.new('key')}"
    aws.kms.CreateAlias(AliasName=name, TargetKeyId=common(aws)["KeyId"])
    arn = common(aws)["Arn"].partition(":key/")[0] + f":{name}"
    return aws.kms.DescribeKey(KeyId=arn)["KeyMetadata"]["KeyId"] == common(aws)["KeyId"]


@question("AWS", Api("kms", "DescribeKey", "KMS associates the alias with an Amazon Web Services managed key"))
def the_manager_of_a_key_behind_a_predefined_alias(aws):
    return aws.kms.DescribeKey(KeyId="alias/aws/rds")["KeyMetadata"]["KeyManager"]


@question("NotFoundException", NOT_FOUND)
def a_key_that_does_not_exist(aws):
    return refusal(aws.kms.DescribeKey, KeyId=NO_KEY)


@question("NotFoundException", NOT_FOUND)
def an_alias_that_does_not_exist(aws):
    return refusal(aws.kms.DescribeKey, KeyId="alias/none-of-this-name")


@question("NotFoundException", NOT_FOUND)
def enabling_a_key_that_does_not_exist(aws):
    return refusal(aws.kms.EnableKey, KeyId=NO_KEY)


@question("NotFoundException", NOT_FOUND)
def the_policy_of_a_key_that_does_not_exist(aws):
    return refusal(aws.kms.GetKeyPolicy, KeyId=NO_KEY, PolicyName="default")


@question("NotFoundException", NOT_FOUND)
def the_rotation_of_a_key_that_does_not_exist(aws):
    return refusal(aws.kms.GetKeyRotationStatus, KeyId=NO_KEY)


@question("NotFoundException", NOT_FOUND)
def tags_of_a_key_that_does_not_exist(aws):
    return refusal(aws.kms.ListResourceTags, KeyId=NO_KEY)


@question(REFUSED, Api("kms", "EnableKeyRotation", "Specify the key ID or key ARN of the KMS key."))
def rotation_is_not_enabled_by_an_alias(aws):
    name = f"alias/{aws.new('key')}"
    aws.kms.CreateAlias(AliasName=name, TargetKeyId=common(aws)["KeyId"])
    return refusal(aws.kms.EnableKeyRotation, KeyId=name)


@question(
    ("Disabled", False),
    Api("kms", "KeyMetadata", "When KeyState is Enabled this value is true, otherwise it is false."),
)
def a_disabled_key(aws):
    name = key(aws)
    aws.kms.DisableKey(KeyId=name)
    found = aws.kms.DescribeKey(KeyId=name)["KeyMetadata"]
    return found["KeyState"], found["Enabled"]


@question(
    ("PendingDeletion", False),
    Api("kms", "KeyMetadata", "When KeyState is Enabled this value is true, otherwise it is false."),
)
def a_key_that_waits_for_its_deletion(aws):
    found = aws.kms.DescribeKey(KeyId=pending(aws))["KeyMetadata"]
    return found["KeyState"], found["Enabled"]


@question("Enabled", Api("kms", "EnableKey", "Sets the key state of a KMS key to enabled."))
def a_key_that_was_disabled_and_enabled(aws):
    name = key(aws)
    aws.kms.DisableKey(KeyId=name)
    aws.kms.EnableKey(KeyId=name)
    return state(aws, name)


@question(
    "Disabled",
    Api("kms", "CancelKeyDeletion", "When this operation succeeds, the key state of the KMS key is Disabled."),
)
def a_key_whose_deletion_was_cancelled(aws):
    name = pending(aws)
    aws.kms.CancelKeyDeletion(KeyId=name)
    return state(aws, name)


@question(
    True,
    Api("kms", "CancelKeyDeletion", "The Amazon Resource Name ( key ARN ) of the KMS key whose deletion is canceled."),
)
def cancelling_a_deletion_returns_the_arn(aws):
    return aws.kms.CancelKeyDeletion(KeyId=pending(aws))["KeyId"].startswith("arn:aws:kms:")


@question(
    True,
    Api(
        "kms", "ScheduleKeyDeletion", "The Amazon Resource Name ( key ARN ) of the KMS key whose deletion is scheduled."
    ),
)
def scheduling_a_deletion_returns_the_arn(aws):
    return aws.kms.ScheduleKeyDeletion(KeyId=key(aws))["KeyId"].startswith("arn:aws:kms:")


@question(30, Api("kms", "ScheduleKeyDeletion", "If you do not include a value, it defaults to 30."))
def the_waiting_period_by_default(aws):
    return aws.kms.ScheduleKeyDeletion(KeyId=key(aws))["PendingWindowInDays"]


@question(REFUSED, Api("kms", "ScheduleKeyDeletion", "If you include a value, it must be between 7 and 30, inclusive."))
def a_waiting_period_of_6_days(aws):
    return refusal(aws.kms.ScheduleKeyDeletion, KeyId=key(aws), PendingWindowInDays=6)


@question(REFUSED, Api("kms", "ScheduleKeyDeletion", "If you include a value, it must be between 7 and 30, inclusive."))
def a_waiting_period_of_31_days(aws):
    return refusal(aws.kms.ScheduleKeyDeletion, KeyId=key(aws), PendingWindowInDays=31)


@question("KMSInvalidStateException", PENDING, STATE)
def enabling_a_key_that_waits_for_its_deletion(aws):
    return refusal(aws.kms.EnableKey, KeyId=pending(aws))


@question("KMSInvalidStateException", PENDING, STATE)
def disabling_a_key_that_waits_for_its_deletion(aws):
    return refusal(aws.kms.DisableKey, KeyId=pending(aws))


@question("KMSInvalidStateException", PENDING, STATE)
def tagging_a_key_that_waits_for_its_deletion(aws):
    return refusal(aws.kms.TagResource, KeyId=pending(aws), Tags=[{"TagKey": "a", "TagValue": "b"}])


@question("KMSInvalidStateException", Page(KEY_STATES, "ScheduleKeyDeletion, Pending deletion: X [3]"), STATE)
def scheduling_a_deletion_twice(aws):
    return refusal(aws.kms.ScheduleKeyDeletion, KeyId=pending(aws), PendingWindowInDays=7)


@question("KMSInvalidStateException", NOT_PENDING, STATE)
def cancelling_the_deletion_of_a_usable_key(aws):
    return refusal(aws.kms.CancelKeyDeletion, KeyId=key(aws))


@question("KMSInvalidStateException", Page(KEY_STATES, "CreateAlias, Pending deletion: X [3]"), STATE)
def an_alias_of_a_key_that_waits_for_its_deletion(aws):
    return refusal(aws.kms.CreateAlias, AliasName=f"alias/{aws.new('key')}", TargetKeyId=pending(aws))


@question("new", Api("kms", "UpdateKeyDescription", "Updates the description of a KMS key."))
def a_description_that_was_updated(aws):
    name = key(aws, Description="old")
    aws.kms.UpdateKeyDescription(KeyId=name, Description="new")
    return aws.kms.DescribeKey(KeyId=name)["KeyMetadata"]["Description"]
