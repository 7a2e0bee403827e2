"""RDS: events and event subscriptions."""

from asking import ACCEPTED, REFUSED, question, refusal, shared
from questions.snapshots import snapshot, tags
from references import Api, Example, Page

FORTNIGHT = 14 * 24 * 60
MESSAGES = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html"
CREATED, DELETED = "rds/create-event-subscription", "rds/delete-event-subscription"
NO_SUBSCRIPTION = Api("rds", "SubscriptionNotFoundFault", "The subscription name does not exist.")
TYPES = Api("rds", "CreateEventSubscription", "db-snapshot | db-cluster-snapshot | db-proxy | zero-etl")


@shared
def topic(aws):
    return aws.sns.CreateTopic(Name=aws.new("topic"))["TopicArn"]


def subscribe(aws, name=None, **params):
    wanted = {"SubscriptionName": name or aws.new("subscription"), "SnsTopicArn": topic(aws)}
    return aws.rds.CreateEventSubscription(**(wanted | params))["EventSubscription"]


def events(aws, **params):
    return aws.rds.DescribeEvents(Duration=FORTNIGHT, **params)["Events"]


@shared
def eventful(aws):
    """A snapshot that was taken and deleted."""
    name = snapshot(aws)["DBSnapshotIdentifier"]
    aws.rds.DeleteDBSnapshot(DBSnapshotIdentifier=name)
    aws.wait("rds", "db_snapshot_deleted", DBSnapshotIdentifier=name)
    return {"SourceType": "db-snapshot", "SourceIdentifier": name}


@question(
    ["Creating manual snapshot", "Manual snapshot created"],
    Page(
        MESSAGES,
        "creation, RDS-EVENT-0040: Creating manual snapshot; creation, RDS-EVENT-0042: Manual snapshot created",
    ),
)
def the_creation_of_a_snapshot(aws):
    return [event["Message"] for event in events(aws, **eventful(aws), EventCategories=["creation"])]


@question(["Deleted user snapshot"], Page(MESSAGES, "deletion, RDS-EVENT-0041: Deleted user snapshot"))
def the_deletion_of_a_snapshot(aws):
    return [event["Message"] for event in events(aws, **eventful(aws), EventCategories=["deletion"])]


@question(True, Api("rds", "Event", "Specifies the source type for this event."))
def the_type_of_an_event(aws):
    return {event["SourceType"] for event in events(aws, **eventful(aws))} == {"db-snapshot"}


@question(REFUSED, Api("rds", "DescribeEvents", "If SourceIdentifier is supplied, SourceType must also be provided."))
def events_of_a_source_without_type(aws):
    return refusal(events, aws=aws, SourceIdentifier="mine")


@question(REFUSED, Api("rds", "DescribeEvents", "The event source to retrieve events for."))
def events_of_a_type_that_does_not_exist(aws):
    return refusal(events, aws=aws, SourceType="db-teapot")


@question(
    ACCEPTED,
    Api(
        "rds",
        "DescribeEvents",
        "DB parameter groups, DB security groups, DB snapshots, DB cluster snapshots, and RDS Proxies",
    ),
)
def events_of_parameter_groups(aws):
    return refusal(events, aws=aws, SourceType="db-parameter-group")


@question(REFUSED, Api("rds", "DescribeEvents", "Default: 100 Constraints: Minimum 20, maximum 100."))
def a_page_of_19_events(aws):
    return refusal(events, aws=aws, MaxRecords=19)


@question("creating", Example(CREATED, '"Status": "creating"'))
def the_status_of_a_new_subscription(aws):
    return subscribe(aws)["Status"]


@question(True, Example(CREATED, '"Enabled": true'))
def a_new_subscription_is_enabled(aws):
    return subscribe(aws)["Enabled"]


@question(False, Api("rds", "CreateEventSubscription", "the subscription is created but not active"))
def a_subscription_that_is_not_enabled(aws):
    return subscribe(aws, Enabled=False)["Enabled"]


@question(True, Example(CREATED, '"CustomerAwsId": "123456789012"'))
def the_customer_of_a_subscription(aws):
    return subscribe(aws)["CustomerAwsId"] == aws.account


@question(True, Example(CREATED, '"EventSubscriptionArn": "arn:aws:rds:us-east-1:123456789012:es:my-instance-events"'))
def the_arn_of_a_subscription(aws):
    name = aws.new("subscription")
    return subscribe(aws, name)["EventSubscriptionArn"] == f"arn:aws:rds:eu-west-1:{aws.account}:es:{name}"


@question(["backup", "recovery"], Example(CREATED, '"EventCategoriesList": [ "backup", "recovery" ]'))
def the_categories_of_a_subscription(aws):
    found = subscribe(aws, SourceType="db-instance", EventCategories=["backup", "recovery"])
    return sorted(found["EventCategoriesList"])


@question(
    "SubscriptionAlreadyExist",
    Api("rds", "SubscriptionAlreadyExistFault", "The supplied subscription name already exists."),
)
def a_subscription_that_exists(aws):
    return refusal(subscribe, aws=aws, name=subscribe(aws)["CustSubscriptionId"])


@question(
    "SubscriptionCategoryNotFound",
    Api("rds", "SubscriptionCategoryNotFoundFault", "The supplied category does not exist."),
)
def a_category_that_does_not_exist(aws):
    return refusal(subscribe, aws=aws, SourceType="db-snapshot", EventCategories=["weather"])


@question("SNSTopicArnNotFound", Api("rds", "SNSTopicArnNotFoundFault", "The SNS topic ARN does not exist."))
def a_topic_that_does_not_exist(aws):
    return refusal(subscribe, aws=aws, SnsTopicArn=topic(aws) + "-gone")


@question("SourceNotFound", Api("rds", "SourceNotFoundFault", "The requested source could not be found."))
def a_source_that_does_not_exist(aws):
    return refusal(subscribe, aws=aws, SourceType="db-instance", SourceIds=["none-of-this-name"])


@question(
    REFUSED, Api("rds", "CreateEventSubscription", "If SourceIds are supplied, SourceType must also be provided.")
)
def a_source_without_type(aws):
    return refusal(subscribe, aws=aws, SourceIds=["mine"])


@question(REFUSED, TYPES)
def a_type_that_does_not_exist(aws):
    return refusal(subscribe, aws=aws, SourceType="db-teapot")


@question(ACCEPTED, TYPES)
def a_subscription_to_proxies(aws):
    return refusal(subscribe, aws=aws, SourceType="db-proxy")


@question(ACCEPTED, TYPES)
def a_subscription_to_parameter_groups(aws):
    return refusal(subscribe, aws=aws, SourceType="db-parameter-group")


@question(REFUSED, Api("rds", "CreateEventSubscription", "Constraints: The name must be less than 255 characters."))
def a_subscription_with_a_name_of_255_characters(aws):
    return refusal(subscribe, aws=aws, name="s" * 255)


@question({"team": "shop"}, Api("rds", "AddTagsToResource", "Adds metadata tags to an Amazon RDS resource."))
def the_tags_of_a_subscription(aws):
    arn = subscribe(aws, Tags=[{"Key": "team", "Value": "shop"}])["EventSubscriptionArn"]
    return tags(aws.rds.ListTagsForResource(ResourceName=arn))


@question("SubscriptionNotFound", NO_SUBSCRIPTION)
def describing_a_subscription_that_does_not_exist(aws):
    return refusal(aws.rds.DescribeEventSubscriptions, SubscriptionName="none-of-this-name")


@question("SubscriptionNotFound", NO_SUBSCRIPTION)
def deleting_a_subscription_that_does_not_exist(aws):
    return refusal(aws.rds.DeleteEventSubscription, SubscriptionName="none-of-this-name")


@question("deleting", Example(DELETED, '"Status": "deleting"'))
def the_status_of_a_deleted_subscription(aws):
    name = subscribe(aws)["CustSubscriptionId"]
    return aws.rds.DeleteEventSubscription(SubscriptionName=name)["EventSubscription"]["Status"]
