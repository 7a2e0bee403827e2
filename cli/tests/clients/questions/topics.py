"""SNS: topics, their attributes, policies and tags."""

import json

from asking import ACCEPTED, question, refusal, shared
from references import Api

NOT_FOUND = Api("sns", "NotFoundException", "Indicates that the requested resource does not exist.")
INVALID = Api("sns", "InvalidParameterException", "does not comply with the associated constraints")
NAMES = Api(
    "sns",
    "CreateTopic",
    "must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens",
)
LENGTH = Api("sns", "CreateTopic", "must be between 1 and 256 characters long")
IDEMPOTENT = Api(
    "sns", "CreateTopic", "if the requester already owns a topic with the specified name, that topic's ARN is returned"
)
RESOURCE_NOT_FOUND = Api("sns", "ResourceNotFoundException", "Make sure that the resource exists.")


@shared
def common(aws):
    """A topic that stays as it is."""
    return topic(aws)


def topic(aws, **params):
    return aws.sns.CreateTopic(Name=aws.new("topic"), **params)["TopicArn"]


def attributes(aws, arn):
    return aws.sns.GetTopicAttributes(TopicArn=arn)["Attributes"]


def gone(aws):
    """The ARN of a topic that does not exist."""
    return common(aws) + "-gone"


@question(True, Api("sns", "CreateTopic", "The Amazon Resource Name (ARN) assigned to the created topic."))
def the_arn_of_a_topic(aws):
    return common(aws).startswith(f"arn:aws:sns:eu-west-1:{aws.account}:topic-")


@question(True, IDEMPOTENT)
def a_topic_that_is_created_twice(aws):
    name = aws.new("topic")
    return aws.sns.CreateTopic(Name=name) == aws.sns.CreateTopic(Name=name)


@question(True, IDEMPOTENT)
def a_topic_that_is_created_twice_with_the_same_attributes(aws):
    params = {"Name": aws.new("topic"), "Attributes": {"DisplayName": "same"}}
    return aws.sns.CreateTopic(**params) == aws.sns.CreateTopic(**params)


@question("InvalidParameter", NAMES, INVALID)
def a_topic_with_spaces_in_its_name(aws):
    return refusal(aws.sns.CreateTopic, Name="not a name")


@question("InvalidParameter", NAMES, INVALID)
def a_topic_with_a_full_stop_in_its_name(aws):
    return refusal(aws.sns.CreateTopic, Name="not.a.name")


@question("InvalidParameter", NAMES, INVALID)
def a_topic_with_an_umlaut_in_its_name(aws):
    return refusal(aws.sns.CreateTopic, Name="Übersicht")


@question(ACCEPTED, NAMES)
def a_topic_with_all_kinds_of_characters(aws):
    return refusal(aws.sns.CreateTopic, Name="Topic_with-9")


@question(ACCEPTED, LENGTH)
def a_topic_with_a_name_of_256_characters(aws):
    return refusal(aws.sns.CreateTopic, Name="t" * 256)


@question("InvalidParameter", LENGTH, INVALID)
def a_topic_with_a_name_of_257_characters(aws):
    return refusal(aws.sns.CreateTopic, Name="t" * 257)


@question("InvalidParameter", LENGTH, INVALID)
def a_topic_with_an_empty_name(aws):
    return refusal(aws.sns.CreateTopic, Name="")


@question("Shop", Api("sns", "CreateTopic", "DisplayName – The display name to use for a topic"))
def a_display_name_that_is_set_at_creation(aws):
    return attributes(aws, topic(aws, Attributes={"DisplayName": "Shop"}))["DisplayName"]


@question(
    "Shop", Api("sns", "SetTopicAttributes", "Allows a topic owner to set an attribute of the topic to a new value.")
)
def a_display_name_that_is_set_later(aws):
    arn = topic(aws)
    aws.sns.SetTopicAttributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="Shop")
    return attributes(aws, arn)["DisplayName"]


@question(True, Api("sns", "GetTopicAttributes", "Owner – The Amazon Web Services account ID of the topic's owner."))
def the_owner_of_a_topic(aws):
    return attributes(aws, common(aws))["Owner"] == aws.account


@question(True, Api("sns", "GetTopicAttributes", "TopicArn – The topic's ARN."))
def the_arn_among_the_attributes(aws):
    return attributes(aws, common(aws))["TopicArn"] == common(aws)


@question(
    ("0", "0", "0"), Api("sns", "GetTopicAttributes", "SubscriptionsConfirmed – The number of confirmed subscriptions")
)
def the_subscriptions_of_a_new_topic(aws):
    found = attributes(aws, topic(aws))
    return tuple(found[f"Subscriptions{kind}"] for kind in ("Confirmed", "Pending", "Deleted"))


@question(False, Api("sns", "GetTopicAttributes", "The following attributes apply only to FIFO topics"))
def a_standard_topic_has_content_based_deduplication(aws):
    return "ContentBasedDeduplication" in attributes(aws, common(aws))


@question(True, Api("sns", "SetTopicAttributes", "Policy – The policy that defines who can access your topic."))
def a_policy_that_is_set(aws):
    arn = topic(aws)
    statement = {"Sid": "a", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sns:Publish", "Resource": arn}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    aws.sns.SetTopicAttributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policy))
    found = json.loads(attributes(aws, arn)["Policy"])
    return [each["Sid"] for each in found["Statement"]] == ["a"]


@question(
    "InvalidParameter",
    Api("sns", "SetTopicAttributes", "Policy – The policy that defines who can access your topic."),
    INVALID,
)
def a_policy_that_is_not_json(aws):
    return refusal(aws.sns.SetTopicAttributes, TopicArn=topic(aws), AttributeName="Policy", AttributeValue="no")


@question(
    "InvalidParameter",
    Api("sns", "SetTopicAttributes", "special request parameters that the SetTopicAttributes action uses"),
    INVALID,
)
def an_unknown_attribute(aws):
    return refusal(aws.sns.SetTopicAttributes, TopicArn=topic(aws), AttributeName="Colour", AttributeValue="red")


@question(
    "InvalidParameter",
    Api("sns", "CreateTopic", "special request parameters that the CreateTopic action uses"),
    INVALID,
)
def an_unknown_attribute_at_creation(aws):
    return refusal(topic, aws=aws, Attributes={"Colour": "red"})


@question("NotFound", NOT_FOUND)
def attributes_of_a_topic_that_does_not_exist(aws):
    return refusal(aws.sns.GetTopicAttributes, TopicArn=gone(aws))


@question("NotFound", NOT_FOUND)
def setting_an_attribute_of_a_topic_that_does_not_exist(aws):
    return refusal(aws.sns.SetTopicAttributes, TopicArn=gone(aws), AttributeName="DisplayName", AttributeValue="a")


@question("NotFound", NOT_FOUND)
def attributes_of_a_deleted_topic(aws):
    arn = topic(aws)
    aws.sns.DeleteTopic(TopicArn=arn)
    return refusal(aws.sns.GetTopicAttributes, TopicArn=arn)


@question(ACCEPTED, Api("sns", "DeleteTopic", "deleting a topic that does not exist does not result in an error"))
def deleting_a_topic_that_does_not_exist(aws):
    return refusal(aws.sns.DeleteTopic, TopicArn=gone(aws))


@question(ACCEPTED, Api("sns", "DeleteTopic", "This action is idempotent"))
def deleting_a_topic_twice(aws):
    arn = topic(aws)
    aws.sns.DeleteTopic(TopicArn=arn)
    return refusal(aws.sns.DeleteTopic, TopicArn=arn)


@question(True, Api("sns", "ListTopics", "Returns a list of the requester's topics."))
def a_topic_in_the_list(aws):
    return {"TopicArn": common(aws)} in aws.sns.ListTopics()["Topics"]


@question(False, Api("sns", "ListTopics", "Returns a list of the requester's topics."))
def a_topic_in_the_list_of_another_account(aws):
    return {"TopicArn": common(aws)} in aws.other.sns.ListTopics().get("Topics", [])


@question((100, True), Api("sns", "ListTopics", "Each call returns a limited list of topics, up to 100."))
def a_list_of_more_than_100_topics(aws):
    for _ in range(101):
        topic(aws)
    found = aws.sns.ListTopics()
    return len(found["Topics"]), "NextToken" in found


@question({"team": "shop"}, Api("sns", "CreateTopic", "The list of tags to add to a new topic."))
def tags_that_are_set_at_creation(aws):
    arn = topic(aws, Tags=[{"Key": "team", "Value": "shop"}])
    return {tag["Key"]: tag["Value"] for tag in aws.sns.ListTagsForResource(ResourceArn=arn)["Tags"]}


@question(
    "till",
    Api("sns", "TagResource", "A new tag with a key identical to that of an existing tag overwrites the existing tag."),
)
def a_tag_that_is_set_twice(aws):
    arn = topic(aws, Tags=[{"Key": "team", "Value": "shop"}])
    aws.sns.TagResource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "till"}])
    (tag,) = aws.sns.ListTagsForResource(ResourceArn=arn)["Tags"]
    return tag["Value"]


@question(2, Api("sns", "TagResource", "Tags are case-sensitive."))
def tags_that_differ_only_in_case(aws):
    arn = topic(aws, Tags=[{"Key": "team", "Value": "shop"}])
    aws.sns.TagResource(ResourceArn=arn, Tags=[{"Key": "Team", "Value": "shop"}])
    return len(aws.sns.ListTagsForResource(ResourceArn=arn)["Tags"])


@question([], Api("sns", "UntagResource", "Remove tags from the specified Amazon SNS topic."))
def a_tag_that_was_removed(aws):
    arn = topic(aws, Tags=[{"Key": "team", "Value": "shop"}])
    aws.sns.UntagResource(ResourceArn=arn, TagKeys=["team"])
    return aws.sns.ListTagsForResource(ResourceArn=arn)["Tags"]


@question("ResourceNotFound", RESOURCE_NOT_FOUND)
def tags_of_a_topic_that_does_not_exist(aws):
    return refusal(aws.sns.ListTagsForResource, ResourceArn=gone(aws))


@question("ResourceNotFound", RESOURCE_NOT_FOUND)
def tagging_a_topic_that_does_not_exist(aws):
    return refusal(aws.sns.TagResource, ResourceArn=gone(aws), Tags=[{"Key": "a", "Value": "b"}])


@question("ResourceNotFound", RESOURCE_NOT_FOUND)
def untagging_a_topic_that_does_not_exist(aws):
    return refusal(aws.sns.UntagResource, ResourceArn=gone(aws), TagKeys=["a"])
