//! When a message is visible: delays, visibility timeouts, and receives that wait.

use super::*;

async fn send(sqs: &aws_sdk_sqs::Client, url: &str, delay: Option<i32>) -> Result<(), String> {
    code(sqs.send_message().queue_url(url).message_body("a").set_delay_seconds(delay).send().await).map(|_| ())
}

/// The receipt handle of the next message.
async fn receive(sqs: &aws_sdk_sqs::Client, url: &str) -> Option<String> {
    let received = sqs.receive_message().queue_url(url).send().await.expect("an answer");
    received.messages().first().map(|message| message.receipt_handle().expect("a receipt").to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_delayed_message_is_visible_after_its_delay() {
    let world = world();
    let sqs = sqs(&world, PROD);
    let url = queue(&sqs, "q").await;
    send(&sqs, &url, Some(900)).await.expect("sent");
    let delayed = aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessagesDelayed;
    let shown = sqs.get_queue_attributes().queue_url(&url).attribute_names(delayed.clone()).send().await;
    assert_eq!(shown.expect("attributes").attributes, Some([(delayed, "1".to_owned())].into()));
    world.sleep(Duration::from_secs(899)).await;
    assert_eq!(receive(&sqs, &url).await, None);
    world.sleep(Duration::from_secs(1)).await;
    assert!(receive(&sqs, &url).await.is_some());
    for delay in [-1, 901] {
        assert_eq!(send(&sqs, &url, Some(delay)).await, Err("InvalidParameterValue".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn the_visibility_of_a_received_message_can_be_changed() {
    let world = world();
    let sqs = sqs(&world, PROD);
    let url = queue(&sqs, "q").await;
    send(&sqs, &url, None).await.expect("sent");
    let receipt = receive(&sqs, &url).await.expect("a message");
    let change = async |receipt: &str, seconds| {
        let request = sqs.change_message_visibility().queue_url(&url).receipt_handle(receipt);
        code(request.visibility_timeout(seconds).send().await).map(|_| ())
    };
    change(&receipt, 60).await.expect("changed");
    world.sleep(Duration::from_secs(59)).await;
    assert_eq!(receive(&sqs, &url).await, None);
    // Twelve hours, counted from the receive.
    assert_eq!(change(&receipt, 43_200).await, Err("InvalidParameterValue".to_owned()));
    assert_eq!(change(&receipt, 43_201).await, Err("InvalidParameterValue".to_owned()));
    change(&receipt, 0).await.expect("changed");
    // LocalStack's test_change_message_visibility_after_visibility_timeout_expiration recorded this.
    change(&receipt, 0).await.expect("changed, although the message is visible");
    let newer = receive(&sqs, &url).await.expect("the message again");
    assert_eq!(change(&receipt, 0).await, Err("InvalidParameterValue".to_owned()));
    sqs.delete_message().queue_url(&url).receipt_handle(&newer).send().await.expect("deleted");
    assert_eq!(change(&newer, 0).await, Err("InvalidParameterValue".to_owned()));
    assert_eq!(change("INVALID", 0).await, Err("ReceiptHandleIsInvalid".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_receive_waits_for_a_message_and_not_longer() {
    let world = world();
    let sqs = sqs(&world, PROD);
    let url = queue(&sqs, "q").await;
    let start = world.now();
    let receive = sqs.receive_message().queue_url(&url).wait_time_seconds(20);
    assert!(receive.clone().send().await.expect("an answer").messages().is_empty());
    assert_eq!((world.now() - start).num_seconds(), 20);
    let later = async {
        world.sleep(Duration::from_secs(7)).await;
        send(&sqs, &url, None).await
    };
    let start = world.now();
    let (received, sent) = tokio::join!(receive.send(), later);
    sent.expect("sent");
    assert_eq!(received.expect("an answer").messages().len(), 1);
    assert_eq!((world.now() - start).num_seconds(), 7);
}

#[tokio::test(start_paused = true)]
async fn the_bounds_of_a_receive_are_checked() {
    let sqs = sqs(&world(), PROD);
    let url = queue(&sqs, "q").await;
    let receive = || sqs.receive_message().queue_url(&url);
    for request in [
        receive().max_number_of_messages(0),
        receive().max_number_of_messages(11),
        receive().wait_time_seconds(-1),
        receive().wait_time_seconds(21),
        receive().visibility_timeout(-1),
        receive().visibility_timeout(43_201),
    ] {
        assert_eq!(code(request.send().await).err().as_deref(), Some("InvalidParameterValue"));
    }
}
