//! Message attributes, structures and groups.

use aws_sdk_sns::primitives::Blob;
use aws_sdk_sqs::types::MessageSystemAttributeName;

use super::*;

fn text(data_type: &str, value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type(data_type).string_value(value).build().expect("a value")
}

async fn publish_with(
    topic: &str,
    sns: &aws_sdk_sns::Client,
    name: &str,
    value: MessageAttributeValue,
) -> Result<(), String> {
    code(sns.publish().topic_arn(topic).message("x").message_attributes(name, value).send().await).map(|_| ())
}

// LocalStack's test_empty_or_wrong_message_attributes and test_message_attributes_prefixes recorded these errors.
#[tokio::test(start_paused = true)]
async fn invalid_message_attributes_are_refused() {
    let sns = sns(&world(), PROD);
    let topic = topic(&sns, "t").await;
    let refused = Err("ParameterValueInvalid".to_owned());
    for name in ["a^*?", ".abc", "abc.", "a..bc", "aWs.a", "AMAZON.a", &"a".repeat(257)] {
        assert_eq!(publish_with(&topic, &sns, name, text("String", "123")).await, refused, "{name}");
    }
    for (kind, value) in [("String", ""), ("Text", "a"), ("String.", "a"), ("Stringprefixed", "a"), ("Number", "Hello")]
    {
        assert_eq!(publish_with(&topic, &sns, "a", text(kind, value)).await, refused, "{kind}");
    }
    let bytes = || MessageAttributeValue::builder().binary_value(Blob::new("a"));
    assert_eq!(publish_with(&topic, &sns, "a", bytes().data_type("String").build().expect("a value")).await, refused);
    assert_eq!(publish_with(&topic, &sns, "a", text("Binary", "a")).await, refused);
    publish_with(&topic, &sns, "a", bytes().data_type("Binary").build().expect("a value")).await.expect("published");
    for (kind, value) in [("String.prefixed", "a"), ("String.  prefixed.", "a"), ("String.Array", "[1, null]")] {
        publish_with(&topic, &sns, "a.b-c_1", text(kind, value)).await.expect("published");
    }
}

/// "A number can have a value from -10^9 to 10^9, with 5 digits of accuracy after the decimal point. Leading and trailing zeroes
/// are trimmed." (guide) Whether other numbers are refused or changed, no text says.
#[tokio::test(start_paused = true)]
async fn numbers_that_aws_may_change_are_refused() {
    let sns = sns(&world(), PROD);
    let topic = topic(&sns, "t").await;
    for number in ["0", "-1", "99.12", "0.00001", "1000000000"] {
        publish_with(&topic, &sns, "n", text("Number", number)).await.expect("published");
    }
    for number in ["007", "1.50", "+1", "1e3", "0.000001", "1000000001"] {
        let refused = publish_with(&topic, &sns, "n", text("Number", number)).await;
        assert_eq!(refused, Err("NotSimulated".to_owned()), "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_raw_message_keeps_at_most_ten_attributes_and_its_group() {
    let world = world();
    let (sns, sqs) = (sns(&world, PROD), sqs(&world, PROD));
    let (topic, url) = (topic(&sns, "t").await, queue(&sqs, "q").await);
    let request = sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(QUEUE);
    request.attributes("RawMessageDelivery", "true").send().await.expect("a subscription");
    let mut request = sns.publish().topic_arn(&topic).message("eleven").message_group_id("tenant");
    for number in 0..11 {
        request = request.message_attributes(format!("a{number}"), text("String", "x"));
    }
    request.send().await.expect("published");
    let request = sns.publish().topic_arn(&topic).message("one").message_group_id("tenant");
    request.message_attributes("attr1", text("Number", "19.12")).send().await.expect("published");
    world.sleep(Duration::from_secs(1)).await;
    let request = sqs.receive_message().queue_url(&url).max_number_of_messages(10).message_attribute_names("All");
    let received = request.message_system_attribute_names(MessageSystemAttributeName::MessageGroupId).send().await;
    let received = received.expect("an answer");
    let [message] = received.messages() else { panic!("{received:?}") };
    assert_eq!(message.body(), Some("one"));
    // LocalStack's test_publish_batch_messages_from_sns_to_sqs recorded the digest.
    assert_eq!(message.md5_of_message_attributes(), Some("1f07082409022a373fa2a2601f82b3cb"));
    let group = message.attributes().map(|all| all[&MessageSystemAttributeName::MessageGroupId].as_str());
    assert_eq!(group, Some("tenant"));
}

// LocalStack's test_message_structure_json_to_sqs and test_message_structure_json_exc recorded this.
#[tokio::test(start_paused = true)]
async fn a_structure_has_a_body_for_each_protocol() {
    let world = world();
    let (sns, sqs) = (sns(&world, PROD), sqs(&world, PROD));
    let (topic, url) = (topic(&sns, "t").await, queue(&sqs, "q").await);
    subscribe(&sns, &topic, "sqs", QUEUE).await;
    let publish = async |message: Value| {
        let request = sns.publish().topic_arn(&topic).message(message.to_string()).message_structure("json");
        code(request.message_attributes("a", text("String", "x")).send().await).map(|_| ())
    };
    publish(json!({ "default": "for all", "sqs": "for queues" })).await.expect("published");
    publish(json!({ "default": "for all", "sqs": { "field": "value" } })).await.expect("published");
    for message in [json!({ "sqs": "for queues" }), json!({ "default": 1 }), json!("text")] {
        assert_eq!(publish(message).await, Err("InvalidParameter".to_owned()));
    }
    world.sleep(Duration::from_secs(1)).await;
    let envelopes = bodies(&sqs, &url).await;
    let envelopes: Vec<Value> = envelopes.iter().map(|body| serde_json::from_str(body).expect("JSON")).collect();
    assert_eq!([&envelopes[0]["Message"], &envelopes[1]["Message"]], ["for queues", "for all"]);
    // "Message attributes are sent only when the message structure is String, not JSON." (guide)
    assert_eq!(envelopes[0]["MessageAttributes"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_standard_topic_has_groups_and_no_deduplication() {
    let sns = sns(&world(), PROD);
    let topic = topic(&sns, "t").await;
    let request = || sns.publish().topic_arn(&topic).message("x");
    for request in [request().message_deduplication_id("a"), request().message_group_id("a b")] {
        assert_eq!(code(request.send().await).err().as_deref(), Some("InvalidParameter"));
    }
    assert_eq!(code(request().subject("s".repeat(100)).send().await).err().as_deref(), Some("NotSimulated"));
    request().subject("s".repeat(99)).send().await.expect("published");
}
