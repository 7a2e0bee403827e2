"""SQS: sending, receiving and deleting messages."""

import hashlib
import time

from asking import ACCEPTED, REFUSED, question, refusal
from questions.queues import MISSING_QUEUE, NO_QUEUE, attribute, code, common, gone, queue
from references import Api, Page

BODY = Api("sqs", "SendMessage", "The minimum size is one character. The maximum size is 1 MiB or 1,048,576 bytes")
CONTENT = Api("sqs", "SendMessage", "Amazon SQS rejects the message and returns an InvalidMessageContents error.")
RECEIPT = Api("sqs", "ReceiptHandleIsInvalid", "The specified receipt handle isn't valid.")
DISTINCT = Api("sqs", "BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
EMPTY = Api("sqs", "EmptyBatchRequest", "The batch request doesn't contain any entries.")
TOO_MANY = Api(
    "sqs", "TooManyEntriesInBatchRequest", "the maximum number of entries you can include in a single SendMessageBatch"
)
HIDDEN = Api("sqs", "ReceiveMessage", "the received messages are hidden from subsequent retrieve requests")
VISIBILITY = Api(
    "sqs",
    "ChangeMessageVisibility",
    "The new value for the message's visibility timeout (in seconds). Values range: 0 to 43200.",
)


def send(aws, url, body="hello", **params):
    return aws.sqs.SendMessage(QueueUrl=url, MessageBody=body, **params)


def receive(aws, url, **params):
    return aws.sqs.ReceiveMessage(QueueUrl=url, **params).get("Messages", [])


def in_flight(aws):
    """A queue, and the message that was received from it."""
    url = queue(aws)
    send(aws, url)
    (message,) = receive(aws, url)
    return url, message


def entries(*names):
    return [{"Id": name, "MessageBody": name} for name in names]


@question(
    "hello",
    Api("sqs", "ReceiveMessage", "For each message returned, the response includes the following: The message body."),
)
def a_received_message(aws):
    return in_flight(aws)[1]["Body"]


@question(
    hashlib.md5(b"hello").hexdigest(),
    Api("sqs", "SendMessage", "An MD5 digest of the non-URL-encoded message body string."),
)
def the_digest_of_a_sent_message(aws):
    return send(aws, queue(aws))["MD5OfMessageBody"]


@question(True, Api("sqs", "ReceiveMessage", "The MessageId you received when you sent the message to the queue."))
def the_id_of_a_message(aws):
    url = queue(aws)
    sent = send(aws, url)
    return sent["MessageId"] == receive(aws, url)[0]["MessageId"]


@question('<a> & "b"', Api("sqs", "SendMessage", "A message can include only XML, JSON, and unformatted text."))
def a_message_with_the_characters_of_xml(aws):
    url = queue(aws)
    send(aws, url, '<a> & "b"')
    return receive(aws, url)[0]["Body"]


@question(
    "Größe ✓ 𝄞", Api("sqs", "SendMessage", "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
)
def a_message_in_unicode(aws):
    url = queue(aws)
    send(aws, url, "Größe ✓ 𝄞")
    return receive(aws, url)[0]["Body"]


@question("InvalidMessageContents", CONTENT)
def a_message_with_a_control_character(aws):
    return code(refusal(send, aws=aws, url=queue(aws), body="a\x01b"))


@question(REFUSED, BODY)
def an_empty_message(aws):
    return refusal(send, aws=aws, url=queue(aws), body="")


@question(ACCEPTED, BODY)
def a_message_of_1_mib(aws):
    return refusal(send, aws=aws, url=queue(aws), body="m" * 1048576)


@question(REFUSED, BODY)
def a_message_of_more_than_1_mib(aws):
    return refusal(send, aws=aws, url=queue(aws), body="m" * 1048577)


@question(
    REFUSED,
    Api("sqs", "CreateQueue", "The limit of how many bytes a message can contain before Amazon SQS rejects it."),
)
def a_message_that_is_larger_than_the_queue_allows(aws):
    return refusal(send, aws=aws, url=queue(aws, MaximumMessageSize="1024"), body="m" * 1025)


@question(MISSING_QUEUE, NO_QUEUE)
def sending_to_a_queue_that_does_not_exist(aws):
    return code(refusal(send, aws=aws, url=gone(aws)))


@question(MISSING_QUEUE, NO_QUEUE)
def receiving_from_a_queue_that_does_not_exist(aws):
    return code(refusal(aws.sqs.ReceiveMessage, QueueUrl=gone(aws)))


@question(REFUSED, Api("sqs", "SendMessage", "Valid values: 0 to 900. Maximum: 15 minutes."))
def a_delay_of_901_seconds(aws):
    return refusal(send, aws=aws, url=queue(aws), DelaySeconds=901)


@question(REFUSED, Api("sqs", "SendMessage", "Valid values: 0 to 900. Maximum: 15 minutes."))
def a_negative_delay(aws):
    return refusal(send, aws=aws, url=queue(aws), DelaySeconds=-1)


@question(
    ("0", "1"),
    Api(
        "sqs", "GetQueueAttributes", "messages in the queue that are delayed and not available for reading immediately"
    ),
)
def a_delayed_message(aws):
    url = queue(aws)
    send(aws, url, DelaySeconds=900)
    return tuple(attribute(aws, url, f"ApproximateNumberOfMessages{kind}") for kind in ("", "Delayed"))


@question([], Api("sqs", "SendMessage", "become available for processing after the delay period is finished"))
def receiving_a_delayed_message(aws):
    url = queue(aws, DelaySeconds="900")
    send(aws, url)
    return receive(aws, url)


@question(1, Api("sqs", "SendMessage", "If you don't specify a value, the default value for the queue applies."))
def a_message_without_delay_in_a_delayed_queue(aws):
    url = queue(aws, DelaySeconds="900")
    send(aws, url, DelaySeconds=0)
    return len(receive(aws, url))


@question(1, Api("sqs", "ReceiveMessage", "Valid values: 1 to 10. Default: 1."))
def the_number_of_messages_by_default(aws):
    url = queue(aws)
    send(aws, url)
    send(aws, url)
    return len(receive(aws, url))


@question(REFUSED, Api("sqs", "ReceiveMessage", "Valid values: 1 to 10. Default: 1."))
def receiving_11_messages(aws):
    return refusal(receive, aws=aws, url=common(aws), MaxNumberOfMessages=11)


@question(REFUSED, Api("sqs", "ReceiveMessage", "Valid values: 1 to 10. Default: 1."))
def receiving_0_messages(aws):
    return refusal(receive, aws=aws, url=common(aws), MaxNumberOfMessages=0)


@question([], HIDDEN)
def receiving_a_message_twice(aws):
    return receive(aws, in_flight(aws)[0])


@question(
    ("0", "1"), Api("sqs", "GetQueueAttributes", "Returns the approximate number of messages that are in flight.")
)
def the_number_of_messages_in_flight(aws):
    url = in_flight(aws)[0]
    return tuple(attribute(aws, url, f"ApproximateNumberOfMessages{kind}") for kind in ("", "NotVisible"))


@question(1, Api("sqs", "ReceiveMessage", "it becomes visible again and can be retrieved by other consumers"))
def receiving_a_message_again_after_its_timeout(aws):
    url = queue(aws)
    send(aws, url)
    receive(aws, url, VisibilityTimeout=1)
    time.sleep(1.1)
    return len(receive(aws, url))


@question(
    True,
    Api(
        "sqs",
        "DeleteMessage",
        "If you receive the same message more than once, you will get a different ReceiptHandle each time.",
    ),
)
def the_receipt_handles_of_a_message(aws):
    url = queue(aws)
    send(aws, url)
    first, second = (receive(aws, url, VisibilityTimeout=0)[0] for _ in range(2))
    return first["ReceiptHandle"] != second["ReceiptHandle"]


@question("0", Api("sqs", "DeleteMessage", "Deletes the specified message from the specified queue."))
def a_deleted_message(aws):
    url, message = in_flight(aws)
    aws.sqs.DeleteMessage(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return attribute(aws, url, "ApproximateNumberOfMessagesNotVisible")


@question(ACCEPTED, Api("sqs", "DeleteMessage", "If you use an old ReceiptHandle, the request will succeed"))
def deleting_a_message_by_an_old_handle(aws):
    url = queue(aws)
    send(aws, url)
    old, _ = (receive(aws, url, VisibilityTimeout=0)[0] for _ in range(2))
    return refusal(aws.sqs.DeleteMessage, QueueUrl=url, ReceiptHandle=old["ReceiptHandle"])


@question("ReceiptHandleIsInvalid", RECEIPT)
def deleting_a_message_by_a_wrong_handle(aws):
    return code(refusal(aws.sqs.DeleteMessage, QueueUrl=common(aws), ReceiptHandle="wrong"))


@question(MISSING_QUEUE, NO_QUEUE)
def deleting_a_message_of_a_queue_that_does_not_exist(aws):
    return code(refusal(aws.sqs.DeleteMessage, QueueUrl=gone(aws), ReceiptHandle="wrong"))


@question(
    "2",
    Api(
        "sqs",
        "ReceiveMessage",
        "Returns the number of times a message has been received across all queues but not deleted.",
    ),
)
def the_receive_count_of_a_message(aws):
    url = queue(aws)
    send(aws, url)
    receive(aws, url, VisibilityTimeout=0)
    return receive(aws, url, MessageSystemAttributeNames=["All"])[0]["Attributes"]["ApproximateReceiveCount"]


@question(
    False, Api("sqs", "Message", "A map of the attributes requested in ReceiveMessage to their respective values.")
)
def a_message_without_requested_attributes(aws):
    return "Attributes" in in_flight(aws)[1]


@question(1, VISIBILITY)
def a_message_that_is_made_visible(aws):
    url, message = in_flight(aws)
    aws.sqs.ChangeMessageVisibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    return len(receive(aws, url))


@question(REFUSED, VISIBILITY)
def hiding_a_message_for_43201_seconds(aws):
    url, message = in_flight(aws)
    handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    return refusal(aws.sqs.ChangeMessageVisibility, **handle, VisibilityTimeout=43201)


@question("ReceiptHandleIsInvalid", RECEIPT)
def hiding_a_message_by_a_wrong_handle(aws):
    wrong = {"QueueUrl": common(aws), "ReceiptHandle": "wrong"}
    return code(refusal(aws.sqs.ChangeMessageVisibility, **wrong, VisibilityTimeout=0))


@question(
    ACCEPTED,
    Page(
        "https://github.com/localstack/localstack/blob/0d4768330f496af9f630890e34e8b62238c2c429/tests/aws/services/sqs/"
        "test_sqs.snapshot.json",
        "test_change_message_visibility_after_visibility_timeout_expiration: ChangeMessageVisibility succeeds",
    ),
)
def hiding_a_message_that_is_visible_again(aws):
    url = queue(aws)
    send(aws, url)
    handle = receive(aws, url, VisibilityTimeout=1)[0]["ReceiptHandle"]
    time.sleep(1.1)
    return refusal(aws.sqs.ChangeMessageVisibility, QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=60)


@question(["a", "b"], Api("sqs", "SendMessageBatch", "The result of sending each message is reported individually"))
def a_batch_of_two_messages(aws):
    found = aws.sqs.SendMessageBatch(QueueUrl=queue(aws), Entries=entries("a", "b"))
    return sorted(each["Id"] for each in found["Successful"])


@question("BatchEntryIdsNotDistinct", DISTINCT)
def a_batch_with_one_id_twice(aws):
    return code(refusal(aws.sqs.SendMessageBatch, QueueUrl=queue(aws), Entries=entries("a", "a")))


@question("EmptyBatchRequest", EMPTY)
def an_empty_batch(aws):
    return code(refusal(aws.sqs.SendMessageBatch, QueueUrl=queue(aws), Entries=[]))


@question("TooManyEntriesInBatchRequest", TOO_MANY)
def a_batch_of_11_messages(aws):
    return code(refusal(aws.sqs.SendMessageBatch, QueueUrl=queue(aws), Entries=entries(*map(str, range(11)))))


@question("InvalidBatchEntryId", Api("sqs", "InvalidBatchEntryId", "doesn't abide by the specification"))
def a_batch_with_a_space_in_an_id(aws):
    return code(refusal(aws.sqs.SendMessageBatch, QueueUrl=queue(aws), Entries=entries("a b")))


@question(
    "BatchRequestTooLong",
    Api("sqs", "BatchRequestTooLong", "The length of all the messages put together is more than the limit."),
)
def a_batch_that_is_larger_than_1_mib(aws):
    two = [{"Id": name, "MessageBody": "m" * 600000} for name in ("a", "b")]
    return code(refusal(aws.sqs.SendMessageBatch, QueueUrl=queue(aws), Entries=two))


@question((["a"], ["b"]), Api("sqs", "DeleteMessageBatch", "a combination of successful and unsuccessful actions"))
def a_batch_of_deletions_with_a_wrong_handle(aws):
    url, message = in_flight(aws)
    two = [{"Id": "a", "ReceiptHandle": message["ReceiptHandle"]}, {"Id": "b", "ReceiptHandle": "wrong"}]
    found = aws.sqs.DeleteMessageBatch(QueueUrl=url, Entries=two)
    return [each["Id"] for each in found["Successful"]], [each["Id"] for each in found["Failed"]]


@question("EmptyBatchRequest", EMPTY)
def an_empty_batch_of_deletions(aws):
    return code(refusal(aws.sqs.DeleteMessageBatch, QueueUrl=common(aws), Entries=[]))


@question("BatchEntryIdsNotDistinct", DISTINCT)
def a_batch_of_deletions_with_one_id_twice(aws):
    url, message = in_flight(aws)
    twice = [{"Id": "a", "ReceiptHandle": message["ReceiptHandle"]}] * 2
    return code(refusal(aws.sqs.DeleteMessageBatch, QueueUrl=url, Entries=twice))


@question(["a"], Api("sqs", "ChangeMessageVisibilityBatch", "Changes the visibility timeout of multiple messages."))
def a_batch_of_changes_of_visibility(aws):
    url, message = in_flight(aws)
    change = [{"Id": "a", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}]
    found = aws.sqs.ChangeMessageVisibilityBatch(QueueUrl=url, Entries=change)
    return [each["Id"] for each in found["Successful"]]
