"""KMS: aliases and grants."""

from asking import ACCEPTED, REFUSED, question, refusal
from questions.keys import KEY_STATES, NO_KEY, NOT_FOUND, common, key
from references import Api, Page

RESERVED = Api("kms", "CreateAlias", "The alias name cannot begin with alias/aws/.")
CHARACTERS = Api(
    "kms", "CreateAlias", "only alphanumeric characters, forward slashes (/), underscores (_), and dashes (-)"
)
PREDEFINED = Api("kms", "ListAliases", "aliases that Amazon Web Services created and associated with")
GRANTEE = "arn:aws:iam::222222222222:root"


def alias(aws, target):
    name = f"alias/{aws.new('alias')}"
    aws.kms.CreateAlias(AliasName=name, TargetKeyId=target)
    return name


def grant(aws, key, **params):
    wanted = {"GranteePrincipal": GRANTEE, "Operations": ["Decrypt", "DescribeKey"]}
    return aws.kms.CreateGrant(KeyId=key, **(wanted | params))


@question(2, Api("kms", "CreateAlias", "a KMS key can have multiple aliases"))
def a_key_with_two_aliases(aws):
    name = key(aws)
    alias(aws, name)
    alias(aws, name)
    return len(aws.kms.ListAliases(KeyId=name)["Aliases"])


@question("AlreadyExistsException", Api("kms", "AlreadyExistsException", "create a resource that already exists"))
def an_alias_that_exists(aws):
    return refusal(aws.kms.CreateAlias, AliasName=alias(aws, common(aws)["KeyId"]), TargetKeyId=key(aws))


@question(REFUSED, RESERVED)
def an_alias_with_the_reserved_prefix(aws):
    return refusal(aws.kms.CreateAlias, AliasName="alias/aws/mine", TargetKeyId=common(aws)["KeyId"])


@question(REFUSED, Api("kms", "CreateAlias", "This value must begin with alias/ followed by a name"))
def an_alias_without_prefix(aws):
    return refusal(aws.kms.CreateAlias, AliasName="mine", TargetKeyId=common(aws)["KeyId"])


@question(REFUSED, Api("kms", "CreateAlias", "This value must begin with alias/ followed by a name"))
def an_alias_without_a_name(aws):
    return refusal(aws.kms.CreateAlias, AliasName="alias/", TargetKeyId=common(aws)["KeyId"])


@question(REFUSED, CHARACTERS)
def an_alias_with_an_exclamation_mark(aws):
    return refusal(aws.kms.CreateAlias, AliasName="alias/mine!", TargetKeyId=common(aws)["KeyId"])


@question(ACCEPTED, CHARACTERS)
def an_alias_with_all_kinds_of_characters(aws):
    return refusal(aws.kms.CreateAlias, AliasName="alias/Mine/1_2-3", TargetKeyId=common(aws)["KeyId"])


@question(REFUSED, Api("kms", "CreateAlias", "must be string of 1-256 characters"))
def an_alias_of_257_characters(aws):
    return refusal(aws.kms.CreateAlias, AliasName="alias/" + "a" * 251, TargetKeyId=common(aws)["KeyId"])


@question(REFUSED, Api("kms", "CreateAlias", "Specify the key ID or key ARN of the KMS key."))
def an_alias_of_an_alias(aws):
    target = alias(aws, common(aws)["KeyId"])
    return refusal(aws.kms.CreateAlias, AliasName=f"alias/{aws.new('alias')}", TargetKeyId=target)


@question("NotFoundException", NOT_FOUND)
def an_alias_of_a_key_that_does_not_exist(aws):
    return refusal(aws.kms.CreateAlias, AliasName=f"alias/{aws.new('alias')}", TargetKeyId=NO_KEY)


@question("NotFoundException", NOT_FOUND)
def deleting_an_alias_that_does_not_exist(aws):
    return refusal(aws.kms.DeleteAlias, AliasName="alias/none-of-this-name")


@question("NotFoundException", NOT_FOUND)
def updating_an_alias_that_does_not_exist(aws):
    return refusal(aws.kms.UpdateAlias, AliasName="alias/none-of-this-name", TargetKeyId=common(aws)["KeyId"])


@question(REFUSED, Api("kms", "DeleteAlias", "The alias name must begin with alias/ followed by the alias name"))
def deleting_an_alias_without_prefix(aws):
    return refusal(aws.kms.DeleteAlias, AliasName="mine")


@question(True, Api("kms", "UpdateAlias", "Associates an existing KMS alias with a different KMS key."))
def an_alias_that_was_moved(aws):
    name, target = alias(aws, common(aws)["KeyId"]), key(aws)
    aws.kms.UpdateAlias(AliasName=name, TargetKeyId=target)
    return aws.kms.DescribeKey(KeyId=name)["KeyMetadata"]["KeyId"] == target


@question(True, Api("kms", "UpdateAlias", "Specify the key ID or key ARN of the KMS key."))
def an_alias_that_was_moved_by_the_arn_of_a_key(aws):
    name, target = alias(aws, key(aws)), common(aws)
    aws.kms.UpdateAlias(AliasName=name, TargetKeyId=target["Arn"])
    return aws.kms.DescribeKey(KeyId=name)["KeyMetadata"]["KeyId"] == target["KeyId"]


@question(
    True, Api("kms", "DeleteAlias", "you can delete and change the aliases of a KMS key without affecting the KMS key")
)
def a_key_whose_alias_was_deleted(aws):
    name = key(aws)
    aws.kms.DeleteAlias(AliasName=alias(aws, name))
    return aws.kms.DescribeKey(KeyId=name)["KeyMetadata"]["Enabled"]


@question(
    True,
    Api("kms", "ListAliases", "To get only the aliases associated with a particular KMS key, use the KeyId parameter."),
)
def aliases_of_one_key(aws):
    name = key(aws)
    wanted = alias(aws, name)
    alias(aws, common(aws)["KeyId"])
    return [found["AliasName"] for found in aws.kms.ListAliases(KeyId=name)["Aliases"]] == [wanted]


@question(True, Api("kms", "ListAliases", "Specify the key ID or key ARN of the KMS key."))
def aliases_of_one_key_by_its_arn(aws):
    wanted = alias(aws, common(aws)["KeyId"])
    return wanted in [found["AliasName"] for found in aws.kms.ListAliases(KeyId=common(aws)["Arn"])["Aliases"]]


@question(True, Api("kms", "AliasListEntry", "Date and time that the alias was most recently created"))
def an_alias_has_a_creation_date(aws):
    name = key(aws)
    alias(aws, name)
    return "CreationDate" in aws.kms.ListAliases(KeyId=name)["Aliases"][0]


@question(True, PREDEFINED)
def aliases_of_managed_keys_are_listed(aws):
    aws.kms.DescribeKey(KeyId="alias/aws/rds")
    listed = aws.kms.ListAliases(Limit=100)["Aliases"]
    return any(found["AliasName"].startswith("alias/aws/") for found in listed)


@question(
    REFUSED,
    Api(
        "kms", "UpdateAlias", "You don't have permission to associate an alias with an Amazon Web Services managed key."
    ),
)
def an_alias_is_not_moved_to_a_managed_key(aws):
    managed = aws.kms.DescribeKey(KeyId="alias/aws/rds")["KeyMetadata"]["KeyId"]
    return refusal(aws.kms.UpdateAlias, AliasName=alias(aws, common(aws)["KeyId"]), TargetKeyId=managed)


@question(REFUSED, Api("kms", "CreateAlias", "The alias/aws/ prefix is reserved for Amazon Web Services managed keys."))
def deleting_a_predefined_alias(aws):
    aws.kms.DescribeKey(KeyId="alias/aws/rds")
    return refusal(aws.kms.DeleteAlias, AliasName="alias/aws/rds")


@question(REFUSED, Api("kms", "ListAliases", "If you include a value, it must be between 1 and 100, inclusive."))
def a_page_of_101_aliases(aws):
    return refusal(aws.kms.ListAliases, Limit=101)


@question(True, Api("kms", "ListAliases", "When Truncated is true, this element is present"))
def a_truncated_list_of_aliases_has_a_marker(aws):
    name = key(aws)
    alias(aws, name)
    alias(aws, name)
    return "NextMarker" in aws.kms.ListAliases(KeyId=name, Limit=1)


@question(
    (["Decrypt", "DescribeKey"], GRANTEE),
    Api("kms", "GrantListEntry", "The list of operations permitted by the grant."),
)
def a_grant_that_was_created(aws):
    name = key(aws)
    grant(aws, name)
    (found,) = aws.kms.ListGrants(KeyId=name)["Grants"]
    return sorted(found["Operations"]), found["GranteePrincipal"]


@question(2, Api("kms", "CreateGrant", "When this value is absent, all CreateGrant requests result in a new grant"))
def the_same_grant_twice(aws):
    name = key(aws)
    grant(aws, name)
    grant(aws, name)
    return len(aws.kms.ListGrants(KeyId=name)["Grants"])


@question(True, Api("kms", "CreateGrant", "the original GrantId is returned without creating a new grant"))
def the_same_grant_twice_with_a_name(aws):
    name = key(aws)
    return grant(aws, name, Name="mine")["GrantId"] == grant(aws, name, Name="mine")["GrantId"]


@question(1, Api("kms", "ListGrants", "Returns only the grant with the specified grant ID."))
def one_of_two_grants(aws):
    name = key(aws)
    wanted = grant(aws, name)["GrantId"]
    grant(aws, name)
    return len(aws.kms.ListGrants(KeyId=name, GrantId=wanted)["Grants"])


@question([], Api("kms", "RevokeGrant", "Deletes the specified grant."))
def a_revoked_grant(aws):
    name = key(aws)
    aws.kms.RevokeGrant(KeyId=name, GrantId=grant(aws, name)["GrantId"])
    return aws.kms.ListGrants(KeyId=name)["Grants"]


@question(REFUSED, NOT_FOUND, Api("kms", "InvalidGrantIdException", "the specified GrantId is not valid"))
def revoking_a_grant_that_does_not_exist(aws):
    return refusal(aws.kms.RevokeGrant, KeyId=common(aws)["KeyId"], GrantId="0" * 64)


@question(
    REFUSED,
    Api(
        "kms", "CreateGrant", "cannot create a grant for a symmetric encryption KMS key that allows the Sign operation"
    ),
)
def a_grant_to_sign_with_a_symmetric_key(aws):
    return refusal(aws.kms.CreateGrant, KeyId=common(aws)["KeyId"], GranteePrincipal=GRANTEE, Operations=["Sign"])


@question(
    REFUSED,
    Api("kms", "CreateGrant", "You must specify either GranteePrincipal or GranteeServicePrincipal, but not both."),
)
def a_grant_without_a_grantee(aws):
    return refusal(aws.kms.CreateGrant, KeyId=common(aws)["KeyId"], Operations=["Decrypt"])


@question("DisabledException", Page(KEY_STATES, "CreateGrant, Disabled: X [1] DisabledException: … is disabled"))
def a_grant_for_a_disabled_key(aws):
    name = key(aws)
    aws.kms.DisableKey(KeyId=name)
    return refusal(aws.kms.CreateGrant, KeyId=name, GranteePrincipal=GRANTEE, Operations=["Decrypt"])


@question("NotFoundException", NOT_FOUND)
def grants_of_a_key_that_does_not_exist(aws):
    return refusal(aws.kms.ListGrants, KeyId=NO_KEY)


@question([], Api("kms", "RetireGrant", "Deletes a grant."))
def a_retired_grant(aws):
    arn = aws.kms.CreateKey()["KeyMetadata"]["Arn"]
    retiring = f"arn:aws:iam::{aws.account}:root"
    aws.kms.RetireGrant(KeyId=arn, GrantId=grant(aws, arn, RetiringPrincipal=retiring)["GrantId"])
    return aws.kms.ListGrants(KeyId=arn)["Grants"]


@question(
    1,
    Api(
        "kms",
        "ListRetirableGrants",
        "all grants in the Amazon Web Services account and Region that have the specified retiring",
    ),
)
def grants_that_a_role_may_retire(aws):
    retiring = f"arn:aws:iam::{aws.account}:role/retiring"
    grant(aws, key(aws), RetiringPrincipal=retiring)
    grant(aws, key(aws))
    return len(aws.kms.ListRetirableGrants(RetiringPrincipal=retiring)["Grants"])
