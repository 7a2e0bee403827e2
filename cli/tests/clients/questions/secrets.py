"""Secrets Manager: secrets and their versions."""

import uuid

from asking import ACCEPTED, REFUSED, question, refusal, shared
from references import Api, Example

NO_SECRET = Api(
    "secretsmanager", "ResourceNotFoundException", "Secrets Manager can't find the resource that you asked for."
)
EXISTS = Api("secretsmanager", "ResourceExistsException", "A resource with the ID you requested already exists.")
STATE = Api("secretsmanager", "InvalidRequestException", "The secret is scheduled for deletion.")
CURRENT = Api(
    "secretsmanager",
    "GetSecretValue",
    "If you don't specify either a VersionStage or VersionId, Secrets Manager returns the AWSCURRENT version.",
)
MOVES = Api(
    "secretsmanager",
    "PutSecretValue",
    "then Secrets Manager also automatically moves the staging label AWSPREVIOUS to the version that AWSCURRENT was "
    "removed from.",
)
IDEMPOTENT = Api(
    "secretsmanager",
    "PutSecretValue",
    "and you specify the same secret data, the operation succeeds but does nothing. However, if the secret data is "
    "different, then the operation fails",
)
WINDOW = Api("secretsmanager", "DeleteSecret", "The number of days from 7 to 30 that Secrets Manager waits")
NAME = Api(
    "secretsmanager", "CreateSecret", "can contain ASCII letters, numbers, and the following characters: /_+=.@-"
)
NOT_BOTH = Api("secretsmanager", "CreateSecret", "Either SecretString or SecretBinary must have a value, but not both.")
TOKEN = Api(
    "secretsmanager",
    "CreateSecret",
    "If a version with this value already exists and the version SecretString and SecretBinary values are the same as "
    "those in the request, then the request is ignored.",
)


def create(aws, **params):
    """Creates a secret and returns its name."""
    return aws.secretsmanager.CreateSecret(**{"Name": aws.new("secret"), "SecretString": "one"} | params)["Name"]


@shared
def common(aws):
    """A secret that stays as it is."""
    return create(aws, Description="shared", Tags=[{"Key": "team", "Value": "shop"}])


def value(aws, name, **params):
    return aws.secretsmanager.GetSecretValue(SecretId=name, **params)["SecretString"]


def put(aws, name, text="two", **params):
    return aws.secretsmanager.PutSecretValue(SecretId=name, SecretString=text, **params)


def describe(aws, name):
    return aws.secretsmanager.DescribeSecret(SecretId=name)


def deleted(aws):
    name = create(aws)
    aws.secretsmanager.DeleteSecret(SecretId=name, RecoveryWindowInDays=7)
    return name


@question("one", CURRENT)
def the_value_of_a_new_secret(aws):
    return value(aws, common(aws))


@question(["AWSCURRENT"], CURRENT)
def the_stage_of_a_new_value(aws):
    return aws.secretsmanager.GetSecretValue(SecretId=common(aws))["VersionStages"]


@question("-", Api("secretsmanager", "CreateSecret", "automatically adds a hyphen and six random characters after the"))
def the_end_of_an_arn(aws):
    arn, name = describe(aws, common(aws))["ARN"], common(aws)
    return arn.rpartition(f":secret:{name}")[2][:-6]


@question("one", Api("secretsmanager", "GetSecretValue", "The ARN or name of the secret to retrieve."))
def reading_a_secret_by_its_arn(aws):
    return value(aws, describe(aws, common(aws))["ARN"])


@question("ResourceNotFoundException", NO_SECRET)
def reading_a_secret_that_does_not_exist(aws):
    return refusal(aws.secretsmanager.GetSecretValue, SecretId=aws.new("nosuch"))


@question("ResourceNotFoundException", NO_SECRET)
def describing_a_secret_that_does_not_exist(aws):
    return refusal(aws.secretsmanager.DescribeSecret, SecretId=aws.new("nosuch"))


@question("ResourceNotFoundException", NO_SECRET)
def reading_a_version_that_does_not_exist(aws):
    return refusal(aws.secretsmanager.GetSecretValue, SecretId=common(aws), VersionId=str(uuid.uuid4()))


@question("ResourceNotFoundException", NO_SECRET)
def reading_a_stage_that_no_version_has(aws):
    return refusal(aws.secretsmanager.GetSecretValue, SecretId=common(aws), VersionStage="AWSPENDING")


@question(
    REFUSED,
    Api(
        "secretsmanager",
        "GetSecretValue",
        "If you include both this parameter and VersionId, the two parameters must refer to the same secret version.",
    ),
)
def reading_a_version_with_the_stage_of_another(aws):
    name = create(aws)
    first = describe(aws, name)["VersionIdsToStages"]
    put(aws, name)
    (version,) = first
    return refusal(aws.secretsmanager.GetSecretValue, SecretId=name, VersionId=version, VersionStage="AWSCURRENT")


@question(
    "ResourceNotFoundException",
    NO_SECRET,
    Api("secretsmanager", "CreateSecret", "If you include SecretString or SecretBinary then Secrets Manager creates an"),
)
def reading_a_secret_without_a_value(aws):
    name = aws.secretsmanager.CreateSecret(Name=aws.new("secret"))["Name"]
    return refusal(aws.secretsmanager.GetSecretValue, SecretId=name)


@question("ResourceExistsException", EXISTS)
def a_secret_with_the_name_of_another(aws):
    return refusal(aws.secretsmanager.CreateSecret, Name=common(aws), SecretString="other")


@question(ACCEPTED, TOKEN)
def creating_a_secret_twice_with_one_token(aws):
    same = {"Name": aws.new("secret"), "SecretString": "one", "ClientRequestToken": str(uuid.uuid4())}
    aws.secretsmanager.CreateSecret(**same)
    return refusal(aws.secretsmanager.CreateSecret, **same)


@question(REFUSED, NAME)
def a_name_with_a_space(aws):
    return refusal(aws.secretsmanager.CreateSecret, Name=aws.new("a secret"), SecretString="one")


@question(ACCEPTED, NAME)
def a_name_with_all_kinds_of_characters(aws):
    return refusal(aws.secretsmanager.CreateSecret, Name=aws.new("a/_+=.@-Z"), SecretString="one")


@question(REFUSED, NOT_BOTH)
def a_secret_with_a_text_and_a_binary_value(aws):
    return refusal(aws.secretsmanager.CreateSecret, Name=aws.new("secret"), SecretString="one", SecretBinary=b"one")


@question(b"\x00\xff", Api("secretsmanager", "CreateSecret", "The binary data to encrypt and store in the new version"))
def a_binary_value(aws):
    name = aws.secretsmanager.CreateSecret(Name=aws.new("secret"), SecretBinary=b"\x00\xff")["Name"]
    return aws.secretsmanager.GetSecretValue(SecretId=name)["SecretBinary"]


@question("two", CURRENT)
def the_value_after_another_was_put(aws):
    name = create(aws)
    put(aws, name)
    return value(aws, name)


@question("one", MOVES)
def the_previous_value(aws):
    name = create(aws)
    put(aws, name)
    return value(aws, name, VersionStage="AWSPREVIOUS")


@question([["AWSCURRENT"], ["AWSPREVIOUS"]], MOVES)
def the_stages_after_two_values_were_put(aws):
    name = create(aws)
    put(aws, name)
    put(aws, name, "three")
    return sorted(describe(aws, name)["VersionIdsToStages"].values())


@question("one", Api("secretsmanager", "PutSecretValue", "If you don't include VersionStages, then Secrets Manager"))
def the_current_value_after_a_pending_one_was_put(aws):
    name = create(aws)
    put(aws, name, VersionStages=["AWSPENDING"])
    return value(aws, name)


@question("two", Api("secretsmanager", "PutSecretValue", "You can specify the staging labels to attach to the new"))
def the_pending_value(aws):
    name = create(aws)
    put(aws, name, VersionStages=["AWSPENDING"])
    return value(aws, name, VersionStage="AWSPENDING")


@question(ACCEPTED, IDEMPOTENT)
def putting_a_value_twice_with_one_token(aws):
    name, token = create(aws), str(uuid.uuid4())
    put(aws, name, ClientRequestToken=token)
    return refusal(put, aws=aws, name=name, ClientRequestToken=token)


@question("ResourceExistsException", EXISTS, IDEMPOTENT)
def putting_another_value_with_the_same_token(aws):
    name, token = create(aws), str(uuid.uuid4())
    put(aws, name, ClientRequestToken=token)
    return refusal(put, aws=aws, name=name, text="three", ClientRequestToken=token)


@question("ResourceNotFoundException", NO_SECRET)
def putting_a_value_into_a_secret_that_does_not_exist(aws):
    return refusal(put, aws=aws, name=aws.new("nosuch"))


@question(REFUSED, Api("secretsmanager", "PutSecretValue", "You must include SecretBinary or SecretString, but not both."))
def putting_no_value(aws):
    return refusal(aws.secretsmanager.PutSecretValue, SecretId=common(aws))


@question("shared", Example("secretsmanager/describe-secret", '"Description": "My test secret"'))
def the_description_of_a_secret(aws):
    return describe(aws, common(aws))["Description"]


@question([{"Key": "team", "Value": "shop"}], Example("secretsmanager/describe-secret", '{ "Key": "FirstTag", "Value"'))
def the_tags_of_a_secret(aws):
    return describe(aws, common(aws))["Tags"]


@question(
    None,
    Api("secretsmanager", "DescribeSecretResponse", "with the Amazon Web Services managed key aws/secretsmanager, this field is omitted."),
)
def the_key_of_a_secret_that_names_none(aws):
    return describe(aws, common(aws)).get("KmsKeyId")


@question(None, Api("secretsmanager", "DescribeSecretResponse", "This field is omitted if the secret has never been retrieved"))
def the_access_date_of_a_secret_that_was_never_read(aws):
    return describe(aws, create(aws)).get("LastAccessedDate")


@question(True, Api("secretsmanager", "DescribeSecretResponse", "The date the secret is scheduled for deletion."))
def describing_a_secret_that_is_marked_for_deletion(aws):
    return "DeletedDate" in describe(aws, deleted(aws))


@question("InvalidRequestException", STATE)
def reading_a_secret_that_is_marked_for_deletion(aws):
    return refusal(aws.secretsmanager.GetSecretValue, SecretId=deleted(aws))


@question("InvalidRequestException", STATE)
def writing_a_secret_that_is_marked_for_deletion(aws):
    return refusal(put, aws=aws, name=deleted(aws))


@question("InvalidRequestException", STATE)
def a_new_secret_with_the_name_of_one_that_is_marked_for_deletion(aws):
    return refusal(aws.secretsmanager.CreateSecret, Name=deleted(aws), SecretString="one")


@question("one", Api("secretsmanager", "RestoreSecret", "You can access a secret again after it has been restored."))
def the_value_of_a_restored_secret(aws):
    name = deleted(aws)
    aws.secretsmanager.RestoreSecret(SecretId=name)
    return value(aws, name)


@question("ResourceNotFoundException", NO_SECRET)
def restoring_a_secret_that_does_not_exist(aws):
    return refusal(aws.secretsmanager.RestoreSecret, SecretId=aws.new("nosuch"))


@question(REFUSED, WINDOW)
def a_recovery_window_of_six_days(aws):
    return refusal(aws.secretsmanager.DeleteSecret, SecretId=create(aws), RecoveryWindowInDays=6)


@question(REFUSED, WINDOW)
def a_recovery_window_of_31_days(aws):
    return refusal(aws.secretsmanager.DeleteSecret, SecretId=create(aws), RecoveryWindowInDays=31)


@question(
    REFUSED,
    Api("secretsmanager", "DeleteSecret", "You can't use both this parameter and ForceDeleteWithoutRecovery in the same call."),
)
def a_forced_deletion_with_a_recovery_window(aws):
    window = {"RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": True}
    return refusal(aws.secretsmanager.DeleteSecret, SecretId=create(aws), **window)


@question(
    30, Api("secretsmanager", "DeleteSecret", "If you don't use either, then by default Secrets Manager uses a 30 day")
)
def the_recovery_window_that_is_not_given(aws):
    name = create(aws)
    changed = aws.secretsmanager.DeleteSecret(SecretId=name)["DeletionDate"]
    return round((changed - describe(aws, name)["LastChangedDate"]).total_seconds() / 86400)


@question(
    ACCEPTED,
    Api("secretsmanager", "DeleteSecret", "nonexistent secret, the operation does not return ResourceNotFoundException."),
)
def a_forced_deletion_of_a_secret_that_does_not_exist(aws):
    return refusal(aws.secretsmanager.DeleteSecret, SecretId=aws.new("nosuch"), ForceDeleteWithoutRecovery=True)


@question("ResourceNotFoundException", NO_SECRET)
def deleting_a_secret_that_does_not_exist(aws):
    return refusal(aws.secretsmanager.DeleteSecret, SecretId=aws.new("nosuch"))


def listed(aws, **params):
    pages = aws.client.client("secretsmanager", *aws.credentials).get_paginator("list_secrets").paginate(**params)
    return [secret["Name"] for page in pages for secret in page["SecretList"]]


@question(True, Api("secretsmanager", "ListSecrets", "Lists the secrets that are stored by Secrets Manager"))
def listing_secrets(aws):
    aws.secretsmanager.ListSecrets()
    return create(aws) in listed(aws)


@question(False, Api("secretsmanager", "ListSecrets", "not including secrets that are marked for deletion."))
def listing_a_secret_that_is_marked_for_deletion(aws):
    return deleted(aws) in listed(aws)


@question(True, Api("secretsmanager", "ListSecrets", "Specifies whether to include secrets scheduled for deletion."))
def listing_a_secret_that_is_marked_for_deletion_if_wanted(aws):
    return deleted(aws) in listed(aws, IncludePlannedDeletion=True)


@question({"team": "till", "zone": "a"}, Api("secretsmanager", "TagResource", "appends tags to the existing list of tags."))
def adding_tags_to_a_secret(aws):
    name = create(aws, Tags=[{"Key": "team", "Value": "shop"}])
    tags = [{"Key": "team", "Value": "till"}, {"Key": "zone", "Value": "a"}]
    aws.secretsmanager.TagResource(SecretId=name, Tags=tags)
    return {tag["Key"]: tag["Value"] for tag in describe(aws, name)["Tags"]}


@question(ACCEPTED, Api("secretsmanager", "UntagResource", "If a requested tag is not attached to the secret, no error"))
def removing_a_tag_that_a_secret_does_not_have(aws):
    return refusal(aws.secretsmanager.UntagResource, SecretId=common(aws), TagKeys=["nosuch"])


@question("ResourceNotFoundException", NO_SECRET)
def tagging_a_secret_that_does_not_exist(aws):
    return refusal(aws.secretsmanager.TagResource, SecretId=aws.new("nosuch"), Tags=[{"Key": "a", "Value": "b"}])
