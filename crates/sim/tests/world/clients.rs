//! The AWS SDK calls a world in process.

use sim::World;

use crate::support::epoch;

#[tokio::test(start_paused = true)]
async fn get_caller_identity_returns_the_account() {
    let world = World::new(epoch());
    let sts = aws_sdk_sts::Client::new(&world.sdk_config("111111111111", "eu-west-1"));
    let identity = sts.get_caller_identity().send().await.expect("an answer");
    assert_eq!(identity.account(), Some("111111111111"));
    assert_eq!(identity.arn(), Some("arn:aws:iam::111111111111:root"));
    assert_eq!(world.journal(|journal| journal.count_calls("GetCallerIdentity")), 1);
}

#[tokio::test(start_paused = true)]
async fn the_journal_lists_calls_in_order() {
    let world = World::new(epoch());
    let client = |account| aws_sdk_kms::Client::new(&world.sdk_config(account, "eu-west-1"));
    client("111111111111").list_keys().send().await.expect("an answer");
    client("222222222222").list_aliases().send().await.expect("an answer");
    client("111111111111").list_keys().send().await.expect("an answer");
    let called: Vec<String> = world.journal(|journal| {
        journal.calls().map(|(account, role, operation)| format!("{account} {role:?} {operation}")).collect()
    });
    let (keys, aliases) = ("111111111111 None ListKeys", "222222222222 None ListAliases");
    assert_eq!(called, [keys, aliases, keys]);
}
