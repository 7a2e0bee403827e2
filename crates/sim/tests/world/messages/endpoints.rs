//! What may be subscribed, and the attributes of subscriptions.

use super::*;

async fn subscribe_with(protocol: &str, endpoint: &str) -> Result<String, String> {
    let sns = sns(&world(), PROD);
    let topic = topic(&sns, "t").await;
    let subscribed = code(sns.subscribe().topic_arn(topic).protocol(protocol).endpoint(endpoint).send().await)?;
    Ok(subscribed.subscription_arn.expect("an ARN"))
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_must_fit_its_protocol() {
    for (protocol, endpoint) in [
        ("sqs", "https://sqs.eu-west-1.amazonaws.com/111111111111/q"),
        ("sqs", "arn:aws:sqs:eu-west-1:111111111111:q.fifo"),
        ("lambda", "arn:aws:lambda:eu-west-1:111111111111:layer:l"),
        ("lambda", QUEUE),
        ("http", "https://example.com"),
        ("https", "http://example.com"),
        ("https", "https://"),
        ("email", "ops"),
        ("email", "ops@"),
        ("email-json", "a@b@example.com"),
        // LocalStack's test_subscribe_bad_sms and test_subscribe_invalid_sms recorded these.
        ("sms", "invalid-number"),
        ("sms", "+15--551234567"),
        ("sms", "NAA+15551234567"),
        ("sms", "+15551234567."),
        ("sms", "/+15551234567"),
    ] {
        assert_eq!(
            subscribe_with(protocol, endpoint).await,
            Err("InvalidParameter".to_owned()),
            "{protocol} {endpoint}"
        );
    }
    for (protocol, endpoint) in [
        ("application", "arn:aws:sns:eu-west-1:111111111111:endpoint/GCM/a/1"),
        ("firehose", "arn:aws:firehose:eu-west-1:111111111111:deliverystream/s"),
        ("sms", "+15/55-123/4567"),
    ] {
        assert_eq!(subscribe_with(protocol, endpoint).await, Err("NotSimulated".to_owned()), "{protocol}");
    }
}

/// "If the endpoint type is HTTP/S or email, or if the endpoint and the topic are not in the same Amazon Web Services account,
/// the endpoint owner must run the ConfirmSubscription action" (API reference, Subscribe).
#[tokio::test(start_paused = true)]
async fn some_protocols_need_a_confirmation() {
    for (protocol, endpoint) in [
        ("http", "http://example.com"),
        ("https", "https://example.com/a"),
        ("email", "ops@example.com"),
        ("email-json", "ops@example.com"),
        ("sqs", "arn:aws:sqs:eu-west-1:222222222222:q"),
    ] {
        assert_eq!(subscribe_with(protocol, endpoint).await.as_deref(), Ok("pending confirmation"), "{protocol}");
    }
    for (protocol, endpoint) in [("sqs", QUEUE), ("sms", "+15551234567")] {
        let arn = subscribe_with(protocol, endpoint).await.expect("a subscription");
        assert!(arn.starts_with("arn:aws:sns:eu-west-1:111111111111:t:"), "{protocol}: {arn}");
    }
}

// LocalStack's test_validate_set_sub_attributes recorded these errors.
#[tokio::test(start_paused = true)]
async fn the_attributes_of_subscriptions_are_checked() {
    let sns = sns(&world(), PROD);
    let topic = topic(&sns, "t").await;
    let subscription = subscribe(&sns, &topic, "sqs", QUEUE).await;
    let set = async |name: &str, value: &str| {
        let request = sns.set_subscription_attributes().subscription_arn(&subscription);
        let set = request.attribute_name(name).attribute_value(value).send().await.expect_err("refused");
        (set.code().expect("a code").to_owned(), set.message().expect("a message").to_owned())
    };
    let invalid = |message: &str| ("InvalidParameter".to_owned(), format!("Invalid parameter: {message}"));
    assert_eq!(set("Colour", "red").await, invalid("AttributeName"));
    let expected = invalid("RawMessageDelivery: Invalid value [test-ValUe]. Must be true or false.");
    assert_eq!(set("RawMessageDelivery", "test-ValUe").await, expected);
    assert_eq!(set("FilterPolicy", "{}").await.0, "NotSimulated");
}
