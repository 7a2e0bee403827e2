//! Several messages in one call.

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry as VisibilityEntry, DeleteMessageBatchRequestEntry as DeleteEntry,
    SendMessageBatchRequestEntry as SendEntry,
};

use super::*;

fn entry(id: &str, body: &str) -> SendEntry {
    SendEntry::builder().id(id).message_body(body).build().expect("an entry")
}

async fn send(sqs: &aws_sdk_sqs::Client, url: &str, entries: Vec<SendEntry>) -> Result<[Vec<String>; 2], String> {
    let sent = code(sqs.send_message_batch().queue_url(url).set_entries(Some(entries)).send().await)?;
    let failed = sent.failed.into_iter().map(|it| format!("{}: {}", it.id, it.code)).collect();
    Ok([sent.successful.into_iter().map(|it| it.id).collect(), failed])
}

#[tokio::test(start_paused = true)]
async fn each_message_of_a_batch_succeeds_or_fails_alone() {
    let sqs = sqs(&world(), PROD);
    let url = queue(&sqs, "q").await;
    let sent = send(&sqs, &url, vec![entry("a", "one"), entry("b", "\u{1}"), entry("c", "two")]).await.expect("sent");
    assert_eq!(sent, [vec!["a".to_owned(), "c".to_owned()], vec!["b: InvalidMessageContents".to_owned()]]);
    assert_eq!(bodies(&sqs, &url).await, ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn an_invalid_batch_sends_nothing() {
    let sqs = sqs(&world(), PROD);
    let url = queue(&sqs, "q").await;
    let many = (0..11).map(|number| entry(&number.to_string(), "a")).collect();
    let half = "x".repeat(1 << 19);
    for (entries, expected) in [
        (vec![], "EmptyBatchRequest"),
        (many, "TooManyEntriesInBatchRequest"),
        (vec![entry("a", "x"), entry("a", "y")], "BatchEntryIdsNotDistinct"),
        (vec![entry("a:b", "x")], "InvalidBatchEntryId"),
        (vec![entry("", "x")], "InvalidBatchEntryId"),
        (vec![entry(&"a".repeat(81), "x")], "InvalidBatchEntryId"),
        (vec![entry("a", &half), entry("b", &format!("{half}x"))], "BatchRequestTooLong"),
    ] {
        let expected = format!("AWS.SimpleQueueService.{expected}");
        assert_eq!(send(&sqs, &url, entries).await, Err(expected));
    }
    assert!(bodies(&sqs, &url).await.is_empty());
    send(&sqs, &url, vec![entry(&"a".repeat(80), &half), entry("b_-1", &half)]).await.expect("one mebibyte");
}

#[tokio::test(start_paused = true)]
async fn messages_are_deleted_and_shown_again_in_batches() {
    let sqs = sqs(&world(), PROD);
    let url = queue(&sqs, "q").await;
    send(&sqs, &url, vec![entry("a", "one"), entry("b", "two")]).await.expect("sent");
    let received = sqs.receive_message().queue_url(&url).max_number_of_messages(2).send().await.expect("an answer");
    let [one, two] = [0, 1].map(|index| received.messages()[index].receipt_handle().expect("a receipt").to_owned());
    let show = VisibilityEntry::builder().id("a").receipt_handle(&one).visibility_timeout(0).build().expect("an entry");
    let invalid = VisibilityEntry::builder().id("b").receipt_handle(&two).visibility_timeout(-1).build();
    let batch = sqs.change_message_visibility_batch().queue_url(&url).entries(show);
    let shown = batch.entries(invalid.expect("an entry")).send().await.expect("an answer");
    assert_eq!((shown.successful()[0].id(), shown.failed()[0].id()), ("a", "b"));
    assert_eq!(bodies(&sqs, &url).await, ["one"]);
    let delete =
        |id: &str, receipt: &str| DeleteEntry::builder().id(id).receipt_handle(receipt).build().expect("an entry");
    let batch = sqs.delete_message_batch().queue_url(&url).entries(delete("a", &two)).entries(delete("b", "garbage"));
    let deleted = batch.send().await.expect("an answer");
    assert_eq!((deleted.successful()[0].id(), deleted.failed()[0].code()), ("a", "ReceiptHandleIsInvalid"));
}
