//! The AWS SDK talks to a world in process.

#![allow(clippy::expect_used, reason = "a test may stop")]

use sim::World;

#[tokio::test(start_paused = true)]
async fn a_client_is_told_who_it_is() {
    let world = World::new("2026-11-21T03:00:00Z".parse().expect("a time"));
    let sts = aws_sdk_sts::Client::new(&world.sdk_config("111111111111", "eu-west-1"));
    let identity = sts.get_caller_identity().send().await.expect("an answer");
    assert_eq!(identity.account(), Some("111111111111"));
    assert_eq!(identity.arn(), Some("arn:aws:iam::111111111111:root"));
    assert_eq!(world.journal(|journal| journal.calls("GetCallerIdentity")), 1);
}
