//! The attributes and tags of topics.

use aws_sdk_sns::types::Tag;

use super::*;

async fn create(sns: &aws_sdk_sns::Client, attributes: &[(&str, &str)], tags: &[(&str, &str)]) -> Result<(), String> {
    let mut request = sns.create_topic().name("t");
    for (name, value) in attributes {
        request = request.attributes(*name, *value);
    }
    for (key, value) in tags {
        request = request.tags(tag(key, value));
    }
    code(request.send().await).map(|_| ())
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().expect("a tag")
}

async fn set(sns: &aws_sdk_sns::Client, topic: &str, name: &str, value: &str) -> Result<(), String> {
    let request = sns.set_topic_attributes().topic_arn(topic).attribute_name(name).attribute_value(value);
    code(request.send().await).map(|_| ())
}

// LocalStack's test_create_topic_different_attrs and test_create_duplicate_topic_with_more_tags recorded this.
#[tokio::test(start_paused = true)]
async fn a_topic_that_is_created_again_must_not_have_other_attributes_or_tags() {
    let sns = sns(&world(), PROD);
    let refused = Err("InvalidParameter".to_owned());
    create(&sns, &[("DisplayName", "One")], &[("a", "1"), ("b", "2")]).await.expect("a topic");
    create(&sns, &[], &[]).await.expect("neither attributes nor tags");
    create(&sns, &[("DisplayName", "One"), ("FifoTopic", "false")], &[("a", "1")]).await.expect("some of them");
    assert_eq!(create(&sns, &[("DisplayName", "Two")], &[]).await, refused);
    assert_eq!(create(&sns, &[("DisplayName", "One"), ("SignatureVersion", "2")], &[]).await, refused);
    assert_eq!(create(&sns, &[("FifoTopic", "true")], &[]).await, refused);
    assert_eq!(create(&sns, &[], &[("a", "2")]).await, refused);
    assert_eq!(create(&sns, &[], &[("a", "1"), ("c", "3")]).await, refused);
}

#[tokio::test(start_paused = true)]
async fn the_values_of_attributes_are_checked() {
    let sns = sns(&world(), PROD);
    let topic = topic(&sns, "t").await;
    let long = "a".repeat(101);
    for (name, value) in [
        ("DisplayName", long.as_str()),
        ("MaximumMessageSize", "1023"),
        ("MaximumMessageSize", "1048577"),
        ("SignatureVersion", "3"),
        ("TracingConfig", "Loud"),
        ("LambdaSuccessFeedbackSampleRate", "101"),
        ("Policy", "not JSON"),
        ("FifoTopic", "false"),
        ("Colour", "red"),
    ] {
        assert_eq!(set(&sns, &topic, name, value).await, Err("InvalidParameter".to_owned()), "{name}");
    }
    assert_eq!(set(&sns, &topic, "KmsMasterKeyId", "alias/aws/sns").await, Err("NotSimulated".to_owned()));
    for (name, value) in [("SignatureVersion", "2"), ("TracingConfig", "Active"), ("MaximumMessageSize", "1048576")] {
        set(&sns, &topic, name, value).await.expect("set");
        let shown = sns.get_topic_attributes().topic_arn(&topic).send().await.expect("attributes");
        assert_eq!(shown.attributes().expect("attributes")[name], value);
    }
}

/// "A topic with a MaximumMessageSize above 256 KiB must have 100 or fewer subscriptions, and each subscription must be an
/// Amazon SQS, Amazon Data Firehose, or Lambda subscription." (API reference, SetTopicAttributes)
#[tokio::test(start_paused = true)]
async fn a_topic_accepts_larger_messages_if_all_its_subscriptions_can() {
    let sns = sns(&world(), PROD);
    let topic = topic(&sns, "t").await;
    publish(&sns, &topic, &"x".repeat(1 << 18)).await.expect("the default");
    assert_eq!(publish(&sns, &topic, &"x".repeat((1 << 18) + 1)).await, Err("InvalidParameter".to_owned()));
    subscribe(&sns, &topic, "email", "ops@example.com").await;
    assert_eq!(set(&sns, &topic, "MaximumMessageSize", "262145").await, Err("InvalidParameter".to_owned()));
    set(&sns, &topic, "MaximumMessageSize", "262144").await.expect("the default is always possible");
    let other = crate::support::topic(&sns, "other").await;
    set(&sns, &other, "MaximumMessageSize", "1048576").await.expect("set");
    publish(&sns, &other, &"x".repeat(1 << 20)).await.expect("one mebibyte");
    let email = sns.subscribe().topic_arn(&other).protocol("email").endpoint("ops@example.com").send().await;
    assert_eq!(code(email).err().as_deref(), Some("InvalidParameter"));
    for number in 0..100 {
        subscribe(&sns, &other, "sqs", &format!("{QUEUE}-{number}")).await;
    }
    let more = sns.subscribe().topic_arn(&other).protocol("sqs").endpoint(QUEUE).send().await;
    assert_eq!(code(more).err().as_deref(), Some("InvalidParameter"));
}

// LocalStack's test_tags recorded this.
#[tokio::test(start_paused = true)]
async fn tags_are_added_replaced_and_removed() {
    let sns = sns(&world(), PROD);
    create(&sns, &[], &[("k1", "v1")]).await.expect("a topic");
    let topic = topic(&sns, "t").await;
    let add = async |tags: Vec<Tag>| {
        code(sns.tag_resource().resource_arn(&topic).set_tags(Some(tags)).send().await).map(|_| ())
    };
    let list = async || sns.list_tags_for_resource().resource_arn(&topic).send().await.expect("tags").tags;
    add(vec![tag("k2", "v2"), tag("k1", "v1b")]).await.expect("tagged");
    assert_eq!(list().await, Some(vec![tag("k1", "v1b"), tag("k2", "v2")]));
    sns.untag_resource().resource_arn(&topic).tag_keys("k1").send().await.expect("untagged");
    assert_eq!(list().await, Some(vec![tag("k2", "v2")]));
    assert_eq!(add(vec![tag("a", "1"), tag("a", "1")]).await, Err("InvalidParameter".to_owned()));
    assert_eq!(add(vec![tag("aws:a", "1")]).await, Err("InvalidParameter".to_owned()));
    let many = (0..50).map(|number| tag(&number.to_string(), "")).collect();
    assert_eq!(add(many).await, Err("TagLimitExceeded".to_owned()));
    assert_eq!(list().await, Some(vec![tag("k2", "v2")]));
    let absent = sns.list_tags_for_resource().resource_arn(format!("{topic}-absent")).send().await;
    assert_eq!(code(absent).err().as_deref(), Some("ResourceNotFound"));
}

#[tokio::test(start_paused = true)]
async fn an_arn_has_at_least_six_elements() {
    let sns = sns(&world(), PROD);
    let get = sns.get_topic_attributes().topic_arn("topic").send().await.expect_err("refused");
    let message = "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1";
    assert_eq!((get.code(), get.message()), (Some("InvalidParameter"), Some(message)));
}
