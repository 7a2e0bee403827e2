"""SNS: subscriptions, publishing, and the delivery to queues."""

import json
import time

from asking import ACCEPTED, REFUSED, question, refusal, shared
from questions.topics import INVALID, NOT_FOUND, attributes, gone, topic
from references import Api, Page

FORMAT = Page(
    "https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html",
    "Type: The type of message. For a notification, the type is Notification. Message: The Message value specified when the "
    "notification was published to the topic. Subject: The Subject parameter specified when the notification was published",
)
SIZE = Api(
    "sns", "Publish", "By default, a message can be at most 256 KiB in size (262,144 bytes, not 262,144 characters)."
)
RAW = Api(
    "sns",
    "SetSubscriptionAttributes",
    "RawMessageDelivery – When set to true, enables raw message delivery to Amazon SQS",
)


@shared
def common(aws):
    """A topic for messages."""
    return topic(aws)


def queue(aws):
    """A queue: its URL and its ARN. On AWS, it would need a policy that lets SNS send; sim has no policies of queues."""
    name = aws.new("queue")
    return aws.sqs.CreateQueue(QueueName=name)["QueueUrl"], f"arn:aws:sqs:eu-west-1:{aws.account}:{name}"


def subscribe(aws, arn, protocol="sqs", endpoint=None, **params):
    endpoint = endpoint or queue(aws)[1]
    return aws.sns.Subscribe(TopicArn=arn, Protocol=protocol, Endpoint=endpoint, **params)["SubscriptionArn"]


def delivered(aws, message, raw=False):
    """The body of the message that a queue receives."""
    arn, (url, endpoint) = topic(aws), queue(aws)
    subscribe(aws, arn, endpoint=endpoint, Attributes={"RawMessageDelivery": "true"} if raw else {})
    aws.sns.Publish(TopicArn=arn, **message)
    for _ in range(100):
        if found := aws.sqs.ReceiveMessage(QueueUrl=url).get("Messages"):
            return found[0]["Body"]
        time.sleep(0.05)
    return None


@question(True, Api("sns", "Subscribe", "The ARN of the subscription if it is confirmed"))
def the_arn_of_a_subscribed_queue(aws):
    return subscribe(aws, common(aws)).startswith(common(aws) + ":")


@question(
    "pending confirmation", Api("sns", "Subscribe", 'the string "pending confirmation" if the subscription requires')
)
def the_arn_of_a_subscribed_address(aws):
    return subscribe(aws, common(aws), "email", "a@example.com")


@question(True, Api("sns", "Subscribe", "then the value is always the subscription ARN"))
def the_arn_of_a_subscribed_address_on_demand(aws):
    arn = subscribe(aws, common(aws), "email", "b@example.com", ReturnSubscriptionArn=True)
    return arn.startswith(common(aws) + ":")


@question("NotFound", NOT_FOUND)
def subscribing_to_a_topic_that_does_not_exist(aws):
    return refusal(subscribe, aws=aws, arn=gone(aws))


@question("InvalidParameter", Api("sns", "Subscribe", "Supported protocols include: http"), INVALID)
def an_unknown_protocol(aws):
    return refusal(subscribe, aws=aws, arn=common(aws), protocol="pigeon", endpoint="coo")


@question(
    "InvalidParameter",
    Api("sns", "Subscribe", "For the sqs protocol, the endpoint is the ARN of an Amazon SQS queue."),
    INVALID,
)
def subscribing_a_queue_by_its_url(aws):
    return refusal(subscribe, aws=aws, arn=common(aws), endpoint=queue(aws)[0])


@question(
    "InvalidParameter", Api("sns", "Subscribe", "the (public) endpoint is a URL beginning with https://."), INVALID
)
def subscribing_plain_http_as_https(aws):
    return refusal(subscribe, aws=aws, arn=common(aws), protocol="https", endpoint="http://example.com")


@question(
    "InvalidParameter", Api("sns", "Subscribe", "For the email protocol, the endpoint is an email address."), INVALID
)
def subscribing_an_address_without_at(aws):
    return refusal(subscribe, aws=aws, arn=common(aws), protocol="email", endpoint="example.com")


@question(
    "InvalidParameter",
    Api("sns", "Subscribe", "For the lambda protocol, the endpoint is the ARN of an Lambda function."),
    INVALID,
)
def subscribing_a_function_by_its_name(aws):
    return refusal(subscribe, aws=aws, arn=common(aws), protocol="lambda", endpoint="shop")


@question(
    "true", Api("sns", "GetSubscriptionAttributes", "RawMessageDelivery – true if raw message delivery is enabled")
)
def raw_delivery_that_is_set_with_the_subscription(aws):
    arn = subscribe(aws, common(aws), Attributes={"RawMessageDelivery": "true"})
    return aws.sns.GetSubscriptionAttributes(SubscriptionArn=arn)["Attributes"]["RawMessageDelivery"]


@question("true", RAW)
def raw_delivery_that_is_set_later(aws):
    arn = subscribe(aws, common(aws))
    aws.sns.SetSubscriptionAttributes(SubscriptionArn=arn, AttributeName="RawMessageDelivery", AttributeValue="true")
    return aws.sns.GetSubscriptionAttributes(SubscriptionArn=arn)["Attributes"]["RawMessageDelivery"]


@question(
    "InvalidParameter",
    Api("sns", "SetSubscriptionAttributes", "special request parameters that this action uses"),
    INVALID,
)
def an_unknown_attribute_of_a_subscription(aws):
    arn = subscribe(aws, common(aws))
    return refusal(aws.sns.SetSubscriptionAttributes, SubscriptionArn=arn, AttributeName="Colour", AttributeValue="red")


@question(
    ("false", True),
    Api("sns", "GetSubscriptionAttributes", "PendingConfirmation – true if the subscription hasn't been confirmed."),
)
def the_attributes_of_a_subscription(aws):
    found = aws.sns.GetSubscriptionAttributes(SubscriptionArn=subscribe(aws, common(aws)))["Attributes"]
    return found["PendingConfirmation"], found["Owner"] == aws.account


@question("NotFound", NOT_FOUND)
def attributes_of_a_subscription_that_does_not_exist(aws):
    arn = common(aws) + ":00000000-0000-4000-8000-000000000000"
    return refusal(aws.sns.GetSubscriptionAttributes, SubscriptionArn=arn)


@question("NotFound", NOT_FOUND)
def attributes_of_a_deleted_subscription(aws):
    arn = subscribe(aws, common(aws))
    aws.sns.Unsubscribe(SubscriptionArn=arn)
    return refusal(aws.sns.GetSubscriptionAttributes, SubscriptionArn=arn)


@question(1, Api("sns", "ListSubscriptionsByTopic", "Returns a list of the subscriptions to a specific topic."))
def subscriptions_of_one_topic(aws):
    arn = topic(aws)
    subscribe(aws, arn)
    subscribe(aws, common(aws))
    return len(aws.sns.ListSubscriptionsByTopic(TopicArn=arn)["Subscriptions"])


@question("NotFound", NOT_FOUND)
def subscriptions_of_a_topic_that_does_not_exist(aws):
    return refusal(aws.sns.ListSubscriptionsByTopic, TopicArn=gone(aws))


@question(False, Api("sns", "DeleteTopic", "Deletes a topic and all its subscriptions."))
def a_subscription_of_a_deleted_topic(aws):
    arn = topic(aws)
    subscription = subscribe(aws, arn)
    aws.sns.DeleteTopic(TopicArn=arn)
    return subscription in [found["SubscriptionArn"] for found in aws.sns.ListSubscriptions()["Subscriptions"]]


@question(
    "1",
    Api("sns", "GetTopicAttributes", "SubscriptionsConfirmed – The number of confirmed subscriptions for the topic."),
)
def the_number_of_confirmed_subscriptions(aws):
    arn = topic(aws)
    subscribe(aws, arn)
    return attributes(aws, arn)["SubscriptionsConfirmed"]


@question(
    "1", Api("sns", "GetTopicAttributes", "SubscriptionsPending – The number of subscriptions pending confirmation")
)
def the_number_of_pending_subscriptions(aws):
    arn = topic(aws)
    subscribe(aws, arn, "email", "c@example.com")
    return attributes(aws, arn)["SubscriptionsPending"]


@question(("Notification", "hello", "world"), FORMAT)
def a_message_in_a_queue(aws):
    found = json.loads(delivered(aws, {"Subject": "hello", "Message": "world"}))
    return found["Type"], found["Subject"], found["Message"]


@question(False, FORMAT)
def a_message_without_subject_in_a_queue(aws):
    return "Subject" in json.loads(delivered(aws, {"Message": "world"}))


@question("world", RAW)
def a_raw_message_in_a_queue(aws):
    return delivered(aws, {"Message": "world"}, raw=True)


@question("for queues", Api("sns", "Publish", "if you want to send a different message for each protocol"))
def a_message_for_one_protocol(aws):
    message = json.dumps({"default": "for all", "sqs": "for queues"})
    return json.loads(delivered(aws, {"Message": message, "MessageStructure": "json"}))["Message"]


@question("InvalidParameter", Api("sns", "Publish", 'contain at least a top-level JSON key of "default"'), INVALID)
def a_structured_message_without_default(aws):
    message = json.dumps({"sqs": "for queues"})
    return refusal(aws.sns.Publish, TopicArn=common(aws), Message=message, MessageStructure="json")


@question("InvalidParameter", Api("sns", "Publish", "be a syntactically valid JSON object"), INVALID)
def a_structured_message_that_is_not_json(aws):
    return refusal(aws.sns.Publish, TopicArn=common(aws), Message="plain", MessageStructure="json")


@question("NotFound", NOT_FOUND)
def publishing_to_a_topic_that_does_not_exist(aws):
    return refusal(aws.sns.Publish, TopicArn=gone(aws), Message="world")


@question("InvalidParameter", Api("sns", "Publish", "less than 100 characters long"), INVALID)
def a_subject_of_101_characters(aws):
    return refusal(aws.sns.Publish, TopicArn=common(aws), Subject="s" * 101, Message="world")


@question("InvalidParameter", Api("sns", "Publish", "with no line breaks or control characters"), INVALID)
def a_subject_with_a_line_break(aws):
    return refusal(aws.sns.Publish, TopicArn=common(aws), Subject="two\nlines", Message="world")


@question(ACCEPTED, SIZE)
def a_message_of_262144_bytes(aws):
    return refusal(aws.sns.Publish, TopicArn=common(aws), Message="m" * 262144)


@question("InvalidParameter", SIZE, INVALID)
def a_message_of_262145_bytes(aws):
    return refusal(aws.sns.Publish, TopicArn=common(aws), Message="m" * 262145)


@question(REFUSED, Api("sns", "Publish", "If you don't specify a value for the TopicArn parameter, you must specify"))
def publishing_without_a_topic(aws):
    return refusal(aws.sns.Publish, Message="world")


@question(["a", "b"], Api("sns", "PublishBatch", "The result of publishing each message is reported individually"))
def a_batch_of_two_messages(aws):
    entries = [{"Id": name, "Message": name} for name in ("a", "b")]
    found = aws.sns.PublishBatch(TopicArn=common(aws), PublishBatchRequestEntries=entries)
    return sorted(each["Id"] for each in found["Successful"])


@question(
    "TooManyEntriesInBatchRequest",
    Api("sns", "PublishBatch", "you will receive a TooManyEntriesInBatchRequest exception"),
)
def a_batch_of_11_messages(aws):
    entries = [{"Id": str(number), "Message": "m"} for number in range(11)]
    return refusal(aws.sns.PublishBatch, TopicArn=common(aws), PublishBatchRequestEntries=entries)


@question(
    "BatchEntryIdsNotDistinct",
    Api("sns", "BatchEntryIdsNotDistinctException", "Two or more batch entries in the request have the same Id."),
)
def a_batch_with_one_id_twice(aws):
    entries = [{"Id": "a", "Message": "m"}, {"Id": "a", "Message": "n"}]
    return refusal(aws.sns.PublishBatch, TopicArn=common(aws), PublishBatchRequestEntries=entries)


@question(
    "EmptyBatchRequest", Api("sns", "EmptyBatchRequestException", "The batch request doesn't contain any entries.")
)
def an_empty_batch(aws):
    return refusal(aws.sns.PublishBatch, TopicArn=common(aws), PublishBatchRequestEntries=[])


@question("NotFound", NOT_FOUND)
def a_batch_for_a_topic_that_does_not_exist(aws):
    entries = [{"Id": "a", "Message": "m"}]
    return refusal(aws.sns.PublishBatch, TopicArn=gone(aws), PublishBatchRequestEntries=entries)
