//! Shared helpers.

use std::time::Duration;

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use chrono::{DateTime, Utc};
use sim::questions::Answers;
use sim::{Settings, World};

pub(crate) const PROD: &str = "111111111111";
pub(crate) const DR: &str = "222222222222";
pub(crate) const REGION: &str = "eu-west-1";

pub(crate) fn epoch() -> DateTime<Utc> {
    "2026-11-21T03:00:00Z".parse().expect("a time")
}

/// Settings without latency, so that tests measure only the durations of operations.
pub(crate) fn settings() -> Settings {
    Settings { epoch: epoch(), latency: Duration::ZERO, ..Settings::default() }
}

pub(crate) fn world() -> World {
    World::with_settings(settings())
}

/// A world with other answers to the open questions: tests of an open question run under all of its answers.
pub(crate) fn world_where(set: impl FnOnce(&mut Answers)) -> World {
    let mut settings = settings();
    set(&mut settings.answers);
    World::with_settings(settings)
}

/// The error code of the response.
pub(crate) fn code<T, E: ProvideErrorMetadata, R>(answer: Result<T, SdkError<E, R>>) -> Result<T, String> {
    answer.map_err(|error| error.code().unwrap_or_default().to_owned())
}

pub(crate) fn sns(world: &World, account: &str) -> aws_sdk_sns::Client {
    aws_sdk_sns::Client::new(&world.sdk_config(account, REGION))
}

pub(crate) fn sqs(world: &World, account: &str) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::new(&world.sdk_config(account, REGION))
}

/// Creates a topic. Returns its ARN.
pub(crate) async fn topic(sns: &aws_sdk_sns::Client, name: &str) -> String {
    sns.create_topic().name(name).send().await.expect("a topic").topic_arn.expect("an ARN")
}

/// Creates a queue. Returns its URL.
pub(crate) async fn queue(sqs: &aws_sdk_sqs::Client, name: &str) -> String {
    sqs.create_queue().queue_name(name).send().await.expect("a queue").queue_url.expect("a URL")
}

/// The bodies of the messages in a queue, oldest first.
pub(crate) async fn bodies(sqs: &aws_sdk_sqs::Client, url: &str) -> Vec<String> {
    let received = sqs.receive_message().queue_url(url).max_number_of_messages(10).send().await.expect("an answer");
    received.messages().iter().map(|message| message.body().expect("a body").to_owned()).collect()
}
