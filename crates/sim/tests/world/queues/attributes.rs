//! The attributes and tags of queues, and the operations on whole queues.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName::{self as Name, *};

use super::*;

async fn attributes(sqs: &aws_sdk_sqs::Client, url: &str) -> HashMap<Name, String> {
    let shown = sqs.get_queue_attributes().queue_url(url).attribute_names(All).send().await.expect("attributes");
    shown.attributes.expect("attributes")
}

async fn set(sqs: &aws_sdk_sqs::Client, url: &str, name: Name, value: &str) -> Result<(), String> {
    code(sqs.set_queue_attributes().queue_url(url).attributes(name, value).send().await).map(|_| ())
}

#[tokio::test(start_paused = true)]
async fn a_queue_has_the_defaults_of_aws() {
    let sqs = sqs(&world(), PROD);
    let shown = attributes(&sqs, &queue(&sqs, "q").await).await;
    // LocalStack's test_set_queue_attributes_default_values recorded these.
    let expected = [
        (DelaySeconds, "0"),
        (MaximumMessageSize, "1048576"),
        (MessageRetentionPeriod, "345600"),
        (ReceiveMessageWaitTimeSeconds, "0"),
        (VisibilityTimeout, "30"),
        (SqsManagedSseEnabled, "true"),
        (ApproximateNumberOfMessages, "0"),
        (ApproximateNumberOfMessagesDelayed, "0"),
        (ApproximateNumberOfMessagesNotVisible, "0"),
        (QueueArn, QUEUE),
        (CreatedTimestamp, "1795230000"),
        (LastModifiedTimestamp, "1795230000"),
    ];
    assert_eq!(shown, expected.map(|(name, value)| (name, value.to_owned())).into());
}

#[tokio::test(start_paused = true)]
async fn a_number_has_its_bounds() {
    let sqs = sqs(&world(), PROD);
    let url = queue(&sqs, "q").await;
    let bounds = [
        (DelaySeconds, "0", "900", "901"),
        (MaximumMessageSize, "1024", "1048576", "1048577"),
        (MessageRetentionPeriod, "60", "1209600", "1209601"),
        (ReceiveMessageWaitTimeSeconds, "0", "20", "21"),
        (VisibilityTimeout, "0", "43200", "43201"),
    ];
    for (name, least, most, too_much) in bounds {
        for value in [least, most] {
            set(&sqs, &url, name.clone(), value).await.expect("within the bounds");
            assert_eq!(attributes(&sqs, &url).await[&name], value);
        }
        for value in [too_much, "-1", "", "many"] {
            assert_eq!(
                set(&sqs, &url, name.clone(), value).await,
                Err("InvalidAttributeValue".to_owned()),
                "{name} {value}"
            );
        }
        assert_eq!(attributes(&sqs, &url).await[&name], most);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_attribute_is_refused_and_so_is_one_that_is_not_simulated() {
    let sqs = sqs(&world(), PROD);
    let url = queue(&sqs, "q").await;
    for name in [QueueArn, FifoQueue, "Colour".into()] {
        assert_eq!(set(&sqs, &url, name, "true").await, Err("InvalidAttributeName".to_owned()));
    }
    assert_eq!(set(&sqs, &url, Policy, "{}").await, Err("NotSimulated".to_owned()));
    set(&sqs, &url, Policy, "").await.expect("no policy is removed");
    let get = sqs.get_queue_attributes().queue_url(&url).attribute_names("Colour".into()).send().await;
    assert_eq!(code(get).err().as_deref(), Some("InvalidAttributeName"));
}

// LocalStack's test_create_queue_with_different_attributes_raises_exception recorded this.
#[tokio::test(start_paused = true)]
async fn a_queue_that_is_created_again_must_not_have_other_attributes() {
    let sqs = sqs(&world(), PROD);
    let create = async |attributes: &[(Name, &str)]| {
        let attributes = attributes.iter().map(|(name, value)| (name.clone(), (*value).to_owned())).collect();
        code(sqs.create_queue().queue_name("q").set_attributes(Some(attributes)).send().await).map(|_| ())
    };
    create(&[(DelaySeconds, "1"), (VisibilityTimeout, "5")]).await.expect("created");
    create(&[]).await.expect("attributes that are not named do not count");
    create(&[(DelaySeconds, "1")]).await.expect("the same");
    assert_eq!(create(&[(DelaySeconds, "2")]).await, Err("QueueAlreadyExists".to_owned()));
    assert_eq!(
        create(&[(DelaySeconds, "1"), (MaximumMessageSize, "1024")]).await,
        Err("QueueAlreadyExists".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn queues_are_listed_by_prefix_and_page() {
    let sqs = sqs(&world(), PROD);
    for name in ["a-1", "a-2", "a-3", "b-1"] {
        queue(&sqs, name).await;
    }
    let pages = sqs.list_queues().queue_name_prefix("a-").max_results(2).into_paginator().items().send();
    let urls: Vec<_> = pages.try_collect().await.expect("pages");
    let names: Vec<_> = urls.iter().filter_map(|url| url.rsplit('/').next()).collect();
    assert_eq!(names, ["a-1", "a-2", "a-3"]);
    assert_eq!(sqs.list_queues().send().await.expect("all").queue_urls().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_purge_removes_all_messages_and_the_next_one_has_to_wait() {
    let world = world();
    let sqs = sqs(&world, PROD);
    let url = queue(&sqs, "q").await;
    sqs.send_message().queue_url(&url).message_body("a").send().await.expect("sent");
    let purge = || sqs.purge_queue().queue_url(&url).send();
    purge().await.expect("purged");
    assert_eq!(attributes(&sqs, &url).await[&ApproximateNumberOfMessages], "0");
    assert!(purge().await.expect_err("refused").into_service_error().is_purge_queue_in_progress());
    world.sleep(Duration::from_secs(60)).await;
    purge().await.expect("purged");
}

#[tokio::test(start_paused = true)]
async fn tags_are_added_replaced_and_removed() {
    let sqs = sqs(&world(), PROD);
    let created = sqs.create_queue().queue_name("q").tags("a", "1").send().await.expect("a queue");
    let url = created.queue_url.expect("a URL");
    sqs.tag_queue().queue_url(&url).tags("a", "2").tags("b", "").send().await.expect("tagged");
    let list = async || sqs.list_queue_tags().queue_url(&url).send().await.expect("tags").tags;
    let tags =
        |tags: &[(&str, &str)]| tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    assert_eq!(list().await, Some(tags(&[("a", "2"), ("b", "")])));
    sqs.untag_queue().queue_url(&url).tag_keys("a").send().await.expect("untagged");
    assert_eq!(list().await, Some(tags(&[("b", "")])));
    let reserved = sqs.tag_queue().queue_url(&url).tags("aws:a", "1").send().await;
    assert_eq!(code(reserved).err().as_deref(), Some("InvalidParameterValue"));
}
