//! Several messages in one call.

use aws_sdk_sns::types::PublishBatchRequestEntry as Entry;

use super::*;

fn entry(id: &str, message: &str) -> Entry {
    Entry::builder().id(id).message(message).build().expect("an entry")
}

async fn publish_all(sns: &aws_sdk_sns::Client, topic: &str, entries: Vec<Entry>) -> Result<Vec<String>, String> {
    let request = sns.publish_batch().topic_arn(topic).set_publish_batch_request_entries(Some(entries));
    let published = code(request.send().await)?;
    assert_eq!(published.failed(), []);
    Ok(published.successful.unwrap_or_default().into_iter().filter_map(|it| it.id).collect())
}

#[tokio::test(start_paused = true)]
async fn each_message_of_a_batch_is_delivered() {
    let world = world();
    let sns = sns(&world, PROD);
    let topic = topic(&sns, "t").await;
    let (function, given) = remembering();
    subscribe(&sns, &topic, "lambda", &world.add_function(PROD, REGION, "f", function)).await;
    let entries = vec![entry("a", "one"), entry("valid-message_123", "two"), entry(&"c".repeat(80), "three")];
    let published = publish_all(&sns, &topic, entries).await.expect("published");
    assert_eq!(published, ["a".to_owned(), "valid-message_123".to_owned(), "c".repeat(80)]);
    world.sleep(Duration::from_secs(1)).await;
    assert_eq!(messages(&given), ["one", "two", "three"]);
}

// LocalStack's test_publish_batch_exceptions, …_invalid_entry_id and …_too_long_message recorded these errors.
#[tokio::test(start_paused = true)]
async fn an_invalid_batch_publishes_nothing() {
    let world = world();
    let sns = sns(&world, PROD);
    let topic = topic(&sns, "t").await;
    let (function, given) = remembering();
    subscribe(&sns, &topic, "lambda", &world.add_function(PROD, REGION, "f", function)).await;
    let half = "x".repeat(1 << 17);
    let attribute = MessageAttributeValue::builder().data_type("String").build().expect("a value");
    let invalid = Entry::builder().id("b").message("x").message_attributes("a", attribute).build().expect("an entry");
    for (entries, expected) in [
        (vec![], "EmptyBatchRequest"),
        ((0..11).map(|number| entry(&number.to_string(), "x")).collect(), "TooManyEntriesInBatchRequest"),
        (vec![entry("a", "x"), entry("a", "y")], "BatchEntryIdsNotDistinct"),
        (vec![entry("message.id", "x")], "InvalidBatchEntryId"),
        (vec![entry(&"a".repeat(81), "x")], "InvalidBatchEntryId"),
        (vec![entry("a", &half), entry("b", &format!("{half}x"))], "BatchRequestTooLong"),
        (vec![entry("a", "x"), invalid], "ParameterValueInvalid"),
        (vec![entry("a", "x"), entry("b", "")], "NotSimulated"),
    ] {
        assert_eq!(publish_all(&sns, &topic, entries).await, Err(expected.to_owned()));
    }
    world.sleep(Duration::from_secs(1)).await;
    assert!(messages(&given).is_empty());
    publish_all(&sns, &topic, vec![entry("a", &half), entry("b", &half)]).await.expect("256 KiB");
    let absent = publish_all(&sns, &format!("{topic}-absent"), vec![entry("a", "x")]).await;
    assert_eq!(absent, Err("NotFound".to_owned()));
}
