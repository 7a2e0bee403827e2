"""Step Functions: tags of state machines."""

from asking import question, refusal
from questions.machines import SERVICE, common, create
from references import Api

TAGS = Api(SERVICE, "TagResource", "Add a tag to a Step Functions resource.")
NO_RESOURCE = Api(SERVICE, "ResourceNotFound", "Could not find the referenced resource.")


def tags(aws, machine):
    found = aws.stepfunctions.ListTagsForResource(resourceArn=machine)["tags"]
    return {tag["key"]: tag["value"] for tag in found}


@question({"team": "shop"}, Api(SERVICE, "CreateStateMachine", "Tags to be added when creating a state machine."))
def tags_that_are_set_at_creation(aws):
    return tags(aws, create(aws, tags=[{"key": "team", "value": "shop"}]))


@question({"team": "shop", "night": "1"}, TAGS)
def a_tag_that_is_added(aws):
    machine = create(aws, tags=[{"key": "team", "value": "shop"}])
    aws.stepfunctions.TagResource(resourceArn=machine, tags=[{"key": "night", "value": "1"}])
    return tags(aws, machine)


@question({}, Api(SERVICE, "UntagResource", "Remove a tag from a Step Functions resource"))
def a_tag_that_was_removed(aws):
    machine = create(aws, tags=[{"key": "team", "value": "shop"}])
    aws.stepfunctions.UntagResource(resourceArn=machine, tagKeys=["team"])
    return tags(aws, machine)


@question({}, Api(SERVICE, "ListTagsForResource", "An array of tags associated with the resource."))
def a_machine_without_tags(aws):
    return tags(aws, common(aws))


@question("ResourceNotFound", NO_RESOURCE)
def tagging_a_machine_that_does_not_exist(aws):
    gone = common(aws) + "-gone"
    return refusal(aws.stepfunctions.TagResource, resourceArn=gone, tags=[{"key": "a", "value": "b"}])


@question("ResourceNotFound", NO_RESOURCE)
def tags_of_a_machine_that_does_not_exist(aws):
    return refusal(aws.stepfunctions.ListTagsForResource, resourceArn=common(aws) + "-gone")
