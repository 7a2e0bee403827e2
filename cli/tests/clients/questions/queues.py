"""SQS: queues and their attributes."""

from asking import ACCEPTED, REFUSED, question, refusal, shared
from references import Api

NO_QUEUE = Api(
    "sqs", "QueueDoesNotExist", "Ensure that the QueueUrl is correct and that the queue has not been deleted."
)
NO_ATTRIBUTE = Api("sqs", "InvalidAttributeName", "The specified attribute doesn't exist.")
NO_VALUE = Api("sqs", "InvalidAttributeValue", "A queue attribute value is invalid.")
NAMES = Api("sqs", "CreateQueue", "Valid values: alphanumeric characters, hyphens ( - ), and underscores ( _ ).")
EXISTS = Api(
    "sqs",
    "QueueNameExists",
    "only if the request includes attributes whose values differ from those of the existing queue",
)
DEFAULT = Api("sqs", "CreateQueue", "the queue is created with the default value for the attribute")
MISSING_QUEUE = "QueueDoesNotExist"


@shared
def common(aws):
    """A queue that stays as it is."""
    return queue(aws)


def queue(aws, **attributes):
    return aws.sqs.CreateQueue(QueueName=aws.new("queue"), Attributes=attributes)["QueueUrl"]


def attribute(aws, url, name):
    return aws.sqs.GetQueueAttributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]


def gone(aws):
    """The URL of a queue that does not exist."""
    return common(aws) + "-gone"


def code(error):
    """The error's name in the model. The header for clients of the query protocol has other names."""
    name = error.rpartition("#")[2].rpartition(".")[2]
    return {"NonExistentQueue": MISSING_QUEUE, "QueueAlreadyExists": "QueueNameExists"}.get(name, name)


@question(True, Api("sqs", "CreateQueue", "the CreateQueue action will return the URL of the existing queue"))
def a_queue_that_is_created_twice(aws):
    name = aws.new("queue")
    return aws.sqs.CreateQueue(QueueName=name) == aws.sqs.CreateQueue(QueueName=name)


@question(True, Api("sqs", "CreateQueue", "the exact same names and values for all its attributes"))
def a_queue_that_is_created_twice_with_the_same_attributes(aws):
    params = {"QueueName": aws.new("queue"), "Attributes": {"VisibilityTimeout": "60"}}
    return aws.sqs.CreateQueue(**params) == aws.sqs.CreateQueue(**params)


@question("QueueNameExists", EXISTS)
def a_queue_that_is_created_again_with_another_timeout(aws):
    name = aws.new("queue")
    aws.sqs.CreateQueue(QueueName=name, Attributes={"VisibilityTimeout": "60"})
    return code(refusal(aws.sqs.CreateQueue, QueueName=name, Attributes={"VisibilityTimeout": "61"}))


@question(True, Api("sqs", "GetQueueUrl", "The GetQueueUrl API returns the URL of an existing Amazon SQS queue."))
def the_url_of_a_queue(aws):
    name = aws.new("queue")
    created = aws.sqs.CreateQueue(QueueName=name)["QueueUrl"]
    return aws.sqs.GetQueueUrl(QueueName=name)["QueueUrl"] == created


@question(MISSING_QUEUE, NO_QUEUE)
def the_url_of_a_queue_that_does_not_exist(aws):
    return code(refusal(aws.sqs.GetQueueUrl, QueueName="none-of-this-name"))


@question(MISSING_QUEUE, Api("sqs", "GetQueueUrl", "Queue URLs and names are case-sensitive."), NO_QUEUE)
def the_url_of_a_queue_in_other_case(aws):
    aws.sqs.CreateQueue(QueueName="lower-case")
    return code(refusal(aws.sqs.GetQueueUrl, QueueName="Lower-Case"))


@question(REFUSED, NAMES)
def a_queue_with_a_space_in_its_name(aws):
    return refusal(aws.sqs.CreateQueue, QueueName="not a name")


@question(REFUSED, NAMES)
def a_queue_with_a_full_stop_in_its_name(aws):
    return refusal(aws.sqs.CreateQueue, QueueName="not.a.name")


@question(ACCEPTED, NAMES)
def a_queue_with_all_kinds_of_characters(aws):
    return refusal(aws.sqs.CreateQueue, QueueName="Queue_with-9")


@question(ACCEPTED, Api("sqs", "CreateQueue", "A queue name can have up to 80 characters."))
def a_queue_with_a_name_of_80_characters(aws):
    return refusal(aws.sqs.CreateQueue, QueueName="q" * 80)


@question(REFUSED, Api("sqs", "CreateQueue", "A queue name can have up to 80 characters."))
def a_queue_with_a_name_of_81_characters(aws):
    return refusal(aws.sqs.CreateQueue, QueueName="q" * 81)


@question(
    "30", Api("sqs", "CreateQueue", "Valid values: An integer from 0 to 43,200 (12 hours). Default: 30."), DEFAULT
)
def the_visibility_timeout_by_default(aws):
    return attribute(aws, common(aws), "VisibilityTimeout")


@question("345600", Api("sqs", "CreateQueue", "1,209,600 seconds (14 days). Default: 345,600 (4 days)."), DEFAULT)
def the_retention_period_by_default(aws):
    return attribute(aws, common(aws), "MessageRetentionPeriod")


@question("1048576", Api("sqs", "CreateQueue", "Default: 1,048,576 bytes (1 MiB)."), DEFAULT)
def the_maximum_size_of_messages_by_default(aws):
    return attribute(aws, common(aws), "MaximumMessageSize")


@question("0", Api("sqs", "CreateQueue", "An integer from 0 to 900 seconds (15 minutes). Default: 0."), DEFAULT)
def the_delay_by_default(aws):
    return attribute(aws, common(aws), "DelaySeconds")


@question("0", Api("sqs", "CreateQueue", "An integer from 0 to 20 (seconds). Default: 0."), DEFAULT)
def the_wait_for_messages_by_default(aws):
    return attribute(aws, common(aws), "ReceiveMessageWaitTimeSeconds")


@question(True, Api("sqs", "GetQueueAttributes", "QueueArn – Returns the Amazon resource name (ARN) of the queue."))
def the_arn_of_a_queue(aws):
    return attribute(aws, common(aws), "QueueArn").startswith(f"arn:aws:sqs:eu-west-1:{aws.account}:queue-")


@question(
    {},
    Api(
        "sqs", "GetQueueAttributes", "if you don't specify values for this parameter, the request returns empty results"
    ),
)
def attributes_without_names(aws):
    return aws.sqs.GetQueueAttributes(QueueUrl=common(aws)).get("Attributes", {})


@question(True, Api("sqs", "GetQueueAttributes", "All – Returns all values."))
def all_attributes(aws):
    found = aws.sqs.GetQueueAttributes(QueueUrl=common(aws), AttributeNames=["All"])["Attributes"]
    return {"QueueArn", "CreatedTimestamp", "VisibilityTimeout", "ApproximateNumberOfMessages"} <= found.keys()


@question("InvalidAttributeName", NO_ATTRIBUTE)
def an_attribute_that_does_not_exist(aws):
    return code(refusal(aws.sqs.GetQueueAttributes, QueueUrl=common(aws), AttributeNames=["Colour"]))


@question("InvalidAttributeName", NO_ATTRIBUTE)
def creating_a_queue_with_an_attribute_that_does_not_exist(aws):
    return code(refusal(queue, aws=aws, Colour="red"))


@question("InvalidAttributeName", NO_ATTRIBUTE)
def setting_an_attribute_that_does_not_exist(aws):
    return code(refusal(aws.sqs.SetQueueAttributes, QueueUrl=queue(aws), Attributes={"Colour": "red"}))


@question(MISSING_QUEUE, NO_QUEUE)
def attributes_of_a_queue_that_does_not_exist(aws):
    return code(refusal(aws.sqs.GetQueueAttributes, QueueUrl=gone(aws), AttributeNames=["All"]))


@question(MISSING_QUEUE, NO_QUEUE)
def setting_attributes_of_a_queue_that_does_not_exist(aws):
    return code(refusal(aws.sqs.SetQueueAttributes, QueueUrl=gone(aws), Attributes={"DelaySeconds": "1"}))


@question(
    "InvalidAttributeValue",
    Api("sqs", "CreateQueue", "Valid values: An integer from 0 to 43,200 (12 hours)."),
    NO_VALUE,
)
def a_visibility_timeout_of_43201(aws):
    return code(refusal(queue, aws=aws, VisibilityTimeout="43201"))


@question(
    "InvalidAttributeValue",
    Api("sqs", "CreateQueue", "Valid values: An integer from 0 to 43,200 (12 hours)."),
    NO_VALUE,
)
def a_visibility_timeout_that_is_not_a_number(aws):
    return code(refusal(queue, aws=aws, VisibilityTimeout="long"))


@question(
    "InvalidAttributeValue",
    Api("sqs", "CreateQueue", "An integer from 60 seconds (1 minute) to 1,209,600 seconds"),
    NO_VALUE,
)
def a_retention_period_of_59(aws):
    return code(refusal(queue, aws=aws, MessageRetentionPeriod="59"))


@question(
    "InvalidAttributeValue",
    Api("sqs", "CreateQueue", "An integer from 60 seconds (1 minute) to 1,209,600 seconds"),
    NO_VALUE,
)
def a_retention_period_of_1209601(aws):
    return code(refusal(queue, aws=aws, MessageRetentionPeriod="1209601"))


@question(
    "InvalidAttributeValue",
    Api("sqs", "CreateQueue", "An integer from 1,024 bytes (1 KiB) to 1,048,576 bytes"),
    NO_VALUE,
)
def a_maximum_size_of_1023(aws):
    return code(refusal(queue, aws=aws, MaximumMessageSize="1023"))


@question(
    "InvalidAttributeValue",
    Api("sqs", "CreateQueue", "An integer from 1,024 bytes (1 KiB) to 1,048,576 bytes"),
    NO_VALUE,
)
def a_maximum_size_of_1048577(aws):
    return code(refusal(queue, aws=aws, MaximumMessageSize="1048577"))


@question(
    "InvalidAttributeValue", Api("sqs", "CreateQueue", "An integer from 0 to 900 seconds (15 minutes)."), NO_VALUE
)
def a_delay_of_901(aws):
    return code(refusal(queue, aws=aws, DelaySeconds="901"))


@question("InvalidAttributeValue", Api("sqs", "CreateQueue", "An integer from 0 to 20 (seconds)."), NO_VALUE)
def a_wait_of_21(aws):
    return code(refusal(queue, aws=aws, ReceiveMessageWaitTimeSeconds="21"))


@question("61", Api("sqs", "SetQueueAttributes", "Sets the value of one or more queue attributes"))
def an_attribute_that_was_set(aws):
    url = queue(aws)
    aws.sqs.SetQueueAttributes(QueueUrl=url, Attributes={"VisibilityTimeout": "61"})
    return attribute(aws, url, "VisibilityTimeout")


@question(
    "InvalidAttributeValue", Api("sqs", "SetQueueAttributes", "An integer from 0 to 43,200 (12 hours)."), NO_VALUE
)
def setting_a_visibility_timeout_of_43201(aws):
    return code(refusal(aws.sqs.SetQueueAttributes, QueueUrl=queue(aws), Attributes={"VisibilityTimeout": "43201"}))


@question(
    {"team": "till"},
    Api("sqs", "TagQueue", "A new tag with a key identical to that of an existing tag overwrites the existing tag."),
)
def a_tag_that_is_set_twice(aws):
    url = aws.sqs.CreateQueue(QueueName=aws.new("queue"), tags={"team": "shop"})["QueueUrl"]
    aws.sqs.TagQueue(QueueUrl=url, Tags={"team": "till"})
    return aws.sqs.ListQueueTags(QueueUrl=url)["Tags"]


@question({}, Api("sqs", "UntagQueue", "Remove cost allocation tags from the specified Amazon SQS queue."))
def a_tag_that_was_removed(aws):
    url = queue(aws)
    aws.sqs.TagQueue(QueueUrl=url, Tags={"team": "shop"})
    aws.sqs.UntagQueue(QueueUrl=url, TagKeys=["team"])
    return aws.sqs.ListQueueTags(QueueUrl=url).get("Tags", {})


@question(MISSING_QUEUE, NO_QUEUE)
def tagging_a_queue_that_does_not_exist(aws):
    return code(refusal(aws.sqs.TagQueue, QueueUrl=gone(aws), Tags={"team": "shop"}))


@question(1, Api("sqs", "ListQueues", "only queues with a name that begins with the specified value are returned"))
def queues_with_a_prefix(aws):
    name = aws.new("prefixed")
    aws.sqs.CreateQueue(QueueName=name)
    return len(aws.sqs.ListQueues(QueueNamePrefix=name)["QueueUrls"])


@question(
    (1, True),
    Api(
        "sqs", "ListQueues", "If you set MaxResults and there are additional results to display, the response includes"
    ),
)
def a_page_of_one_queue(aws):
    queue(aws)
    queue(aws)
    found = aws.sqs.ListQueues(MaxResults=1)
    return len(found["QueueUrls"]), "NextToken" in found


@question(MISSING_QUEUE, NO_QUEUE)
def purging_a_queue_that_does_not_exist(aws):
    return code(refusal(aws.sqs.PurgeQueue, QueueUrl=gone(aws)))


@question(MISSING_QUEUE, NO_QUEUE)
def deleting_a_queue_that_does_not_exist(aws):
    return code(refusal(aws.sqs.DeleteQueue, QueueUrl=gone(aws)))


@question(
    ACCEPTED,
    Api("sqs", "DeleteQueue", "Deletes the queue specified by the QueueUrl, regardless of the queue's contents."),
)
def deleting_a_queue_with_a_message(aws):
    url = queue(aws)
    aws.sqs.SendMessage(QueueUrl=url, MessageBody="left")
    return refusal(aws.sqs.DeleteQueue, QueueUrl=url)
