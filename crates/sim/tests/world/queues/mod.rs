//! Queues: sending, receiving and deleting messages.

mod attributes;
mod batches;
mod contents;
mod visibility;

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::MessageSystemAttributeName;
use proptest::prelude::*;

use crate::support::*;

const QUEUE: &str = "arn:aws:sqs:eu-west-1:111111111111:q";

#[tokio::test(start_paused = true)]
async fn creating_a_queue_is_idempotent_and_its_url_is_found_by_name() {
    let world = world();
    let sqs = sqs(&world, PROD);
    let url = queue(&sqs, "q").await;
    assert_eq!(url, "https://sqs.eu-west-1.amazonaws.com/111111111111/q");
    assert_eq!(queue(&sqs, "q").await, url);
    assert_eq!(sqs.get_queue_url().queue_name("q").send().await.expect("a queue").queue_url, Some(url.clone()));
    let none = sqs.get_queue_url().queue_name("none").send().await.expect_err("refused");
    assert!(none.into_service_error().is_queue_does_not_exist());
    let foreign = crate::support::sqs(&world, DR).receive_message().queue_url(&url).send().await.expect_err("refused");
    assert_eq!(foreign.code(), Some("AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_queue_is_gone_with_its_messages_and_its_name_is_free_after_a_minute() {
    let world = world();
    let sqs = sqs(&world, PROD);
    let url = queue(&sqs, "q").await;
    sqs.send_message().queue_url(&url).message_body("a letter").send().await.expect("a message");
    sqs.delete_queue().queue_url(&url).send().await.expect("deleted");
    let gone = sqs.delete_queue().queue_url(&url).send().await.expect_err("refused");
    assert!(gone.into_service_error().is_queue_does_not_exist());
    let early = sqs.create_queue().queue_name("q").send().await.expect_err("refused");
    assert!(early.into_service_error().is_queue_deleted_recently());
    world.sleep(Duration::from_secs(60)).await;
    assert_eq!(bodies(&sqs, &queue(&sqs, "q").await).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_message_has_its_md5_and_expires_after_four_days() {
    let world = world();
    let sqs = sqs(&world, PROD);
    let url = queue(&sqs, "q").await;
    // The digest is from RFC 1321.
    let md5 = "f96b697d7cb7938d525a2f31aaf161d0";
    let sent = sqs.send_message().queue_url(&url).message_body("message digest").send().await.expect("sent");
    assert_eq!(sent.md5_of_message_body(), Some(md5));
    let received = sqs.receive_message().queue_url(&url).send().await.expect("an answer");
    assert_eq!(received.messages()[0].md5_of_body(), Some(md5));
    let day = Duration::from_secs(24 * 3600);
    world.sleep(day * 4 - Duration::from_secs(1)).await;
    assert_eq!(bodies(&sqs, &url).await, ["message digest"]);
    world.sleep(day).await;
    assert_eq!(bodies(&sqs, &url).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_message_has_the_requested_attributes() {
    let sqs = sqs(&world(), PROD);
    let url = queue(&sqs, "letters").await;
    sqs.send_message().queue_url(&url).message_body("a letter").send().await.expect("a message");
    let plain = sqs.receive_message().queue_url(&url).visibility_timeout(0).send().await.expect("an answer");
    assert_eq!(plain.messages()[0].attributes(), None);
    let count = MessageSystemAttributeName::ApproximateReceiveCount;
    let request = sqs.receive_message().queue_url(&url).message_system_attribute_names(count.clone());
    let attributes = request.send().await.expect("an answer").messages()[0].attributes().cloned();
    assert_eq!(attributes, Some([(count, "2".to_owned())].into()));
}

#[tokio::test(start_paused = true)]
async fn a_queue_counts_visible_and_hidden_messages() {
    use aws_sdk_sqs::types::QueueAttributeName as Name;
    let world = world();
    let sqs = sqs(&world, PROD);
    let url = queue(&sqs, "q").await;
    for body in ["a", "b", "c"] {
        sqs.send_message().queue_url(&url).message_body(body).send().await.expect("sent");
    }
    sqs.receive_message().queue_url(&url).send().await.expect("an answer");
    let shown = sqs.get_queue_attributes().queue_url(&url).attribute_names(Name::All).send().await.expect("attributes");
    let shown = shown.attributes().expect("attributes");
    let of = |name: Name| shown[&name].as_str();
    assert_eq!(
        [of(Name::QueueArn), of(Name::ApproximateNumberOfMessages), of(Name::ApproximateNumberOfMessagesNotVisible)],
        [QUEUE, "2", "1"],
    );
}

/// An operation on a queue.
#[derive(Clone, Debug)]
enum Step {
    Send,
    Receive(i32),
    /// Deletes a received message, by its index.
    Delete(usize),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::Send),
        (1..=3).prop_map(Step::Receive),
        (0..8_usize).prop_map(Step::Delete),
        (0..40_u64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// A received message is not received again before its timeout, a deleted one never, and all others are received.
    #[test]
    fn a_received_message_is_hidden_until_it_is_deleted_or_its_timeout_ends(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let world = world();
            let sqs = sqs(&world, PROD);
            let url = queue(&sqs, "q").await;
            let (mut sent, mut deleted) = (BTreeSet::new(), BTreeSet::new());
            // For each receive: the body, the receipt handle, and the end of the visibility timeout.
            let mut held: Vec<(String, String, chrono::DateTime<chrono::Utc>)> = Vec::new();
            for step in steps {
                match step {
                    Step::Send => {
                        let body = sent.len().to_string();
                        sqs.send_message().queue_url(&url).message_body(&body).send().await.expect("sent");
                        sent.insert(body);
                    }
                    Step::Receive(most) => {
                        let received = sqs.receive_message().queue_url(&url).max_number_of_messages(most).send().await;
                        let now = world.now();
                        for message in received.expect("an answer").messages() {
                            let body = message.body().expect("a body").to_owned();
                            prop_assert!(!deleted.contains(&body), "{body} was deleted");
                            prop_assert!(held.iter().all(|(of, _, until)| *of != body || *until <= now), "{body} is held");
                            let receipt = message.receipt_handle().expect("a receipt").to_owned();
                            held.push((body, receipt, now + Duration::from_secs(30)));
                        }
                    }
                    Step::Delete(which) => {
                        let Some((body, receipt, _)) = held.get(which).cloned() else { continue };
                        sqs.delete_message().queue_url(&url).receipt_handle(&receipt).send().await.expect("deleted");
                        // Only the last receipt handle is valid.
                        if held.iter().rfind(|(of, ..)| *of == body).is_some_and(|(_, last, _)| *last == receipt) {
                            deleted.insert(body);
                        }
                    }
                    Step::Wait(seconds) => world.sleep(Duration::from_secs(seconds)).await,
                }
            }
            world.sleep(Duration::from_secs(30)).await;
            let mut rest = BTreeSet::new();
            loop {
                match bodies(&sqs, &url).await {
                    more if more.is_empty() => break,
                    more => rest.extend(more),
                }
            }
            prop_assert_eq!(rest, &sent - &deleted);
            Ok(())
        })?;
    }
}
