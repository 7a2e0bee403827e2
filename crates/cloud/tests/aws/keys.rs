//! Keys that are created on demand.

use super::*;
use aws_sdk_kms::Client;
use sim::fault::Action;

const ALIAS: &str = "alias/DRACO-111111111111-orders";

fn kms(world: &World) -> Client {
    Client::new(&world.sdk_config(DR, HERE))
}

async fn get(cloud: &Cloud) -> String {
    let tags = Tags::from_iter([("team", "shop"), ("größe", "日本")]);
    cloud.find_or_create_key(ALIAS, "Copies of orders of 111111111111", &tags).await.expect("a key").arn
}

/// All keys of the account.
async fn all(kms: &Client) -> Vec<String> {
    let listed = kms.list_keys().send().await.expect("keys");
    listed.keys().iter().filter_map(|key| key.key_arn().map(str::to_owned)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_key_is_created_once_with_rotation_for_its_own_account_only() {
    let world = world();
    let (dr, kms) = (cloud(&world, DR), kms(&world));
    let key = get(&dr).await;
    let described = kms.describe_key().key_id(ALIAS).send().await.expect("a response").key_metadata.expect("a key");
    assert_eq!(described.arn.as_ref(), Some(&key));
    assert_eq!(described.description.as_deref(), Some("Copies of orders of 111111111111"));
    let rotation = kms.get_key_rotation_status().key_id(&key).send().await.expect("a response");
    assert!(rotation.key_rotation_enabled);
    let policy = kms.get_key_policy().key_id(&key).send().await.expect("a response").policy.expect("a policy");
    let policy: serde_json::Value = serde_json::from_str(&policy).expect("JSON");
    assert_eq!(policy["Statement"].as_array().map(Vec::len), Some(1));
    assert_eq!(policy["Statement"][0]["Principal"]["AWS"], "arn:aws:iam::222222222222:root");
    let tags = kms.list_resource_tags().key_id(&key).send().await.expect("tags").tags.expect("tags");
    let tags: Vec<_> = tags.into_iter().map(|tag| (tag.tag_key, tag.tag_value)).collect();
    assert_eq!(tags, [("größe", "日本"), ("team", "shop")].map(|(key, value)| (key.to_owned(), value.to_owned())));
    assert_eq!((get(&dr).await, all(&kms).await), (key.clone(), vec![key]));
}

/// Cost follows work (invariant 11).
#[tokio::test(start_paused = true)]
async fn finding_an_existing_key_takes_one_call() {
    let world = world();
    let dr = cloud(&world, DR);
    get(&dr).await;
    let before = world.journal(|journal| journal.entries().len());
    get(&dr).await;
    assert_eq!(world.journal(|journal| journal.entries().len()) - before, 1);
}

/// Any order, any number (invariant 8).
#[tokio::test(start_paused = true)]
async fn concurrent_calls_use_one_key_and_delete_none() {
    let world = World::with_settings(Settings { latency: Duration::from_millis(20), ..settings() });
    let (one, other) = (cloud(&world, DR), cloud(&world, DR));
    let (one, other) = tokio::join!(get(&one), get(&other));
    assert_eq!(one, other);
    assert_eq!(calls(&world, &["CreateKey"]), 2);
    assert_eq!(calls(&world, &["ScheduleKeyDeletion", "DisableKey"]), 0);
    assert!(all(&kms(&world)).await.contains(&one));
}

/// A crash or a lost response between any two calls (invariant 9).
#[tokio::test(start_paused = true)]
async fn after_a_lost_response_the_key_is_the_one_of_the_alias() {
    for lost in ["EnableKeyRotation", "CreateAlias"] {
        let world = world();
        let dr = cloud(&world, DR);
        for actions in [&[Action::FailAfter][..], &[Action::FailAfter; 3]] {
            plan(&world, lost, actions);
            let first = dr.find_or_create_key(ALIAS, "", &Tags::default()).await;
            let key = dr.find_or_create_key(ALIAS, "", &Tags::default()).await.expect("a key");
            let named = kms(&world)
                .describe_key()
                .key_id(ALIAS)
                .send()
                .await
                .expect("a response")
                .key_metadata
                .expect("a key")
                .arn;
            assert_eq!(named.as_ref(), Some(&key.arn), "{lost} {actions:?}");
            assert!(first.as_ref().map_or(true, |first| *first == key), "{lost} {actions:?}: {first:?}");
            let kms = kms(&world);
            kms.delete_alias().alias_name(ALIAS).send().await.expect("a deletion");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn keys_are_counted_by_their_aliases_over_all_pages() {
    let world = world();
    let dr = cloud(&world, DR);
    let kms = kms(&world);
    for nth in 0..101 {
        dr.find_or_create_key(&format!("alias/DRACO-111111111111/instance/db-{nth}"), "", &Tags::default())
            .await
            .expect("a key");
    }
    let key = get(&dr).await;
    kms.create_alias().alias_name("alias/mine").target_key_id(&key).send().await.expect("an alias");
    assert_eq!(dr.count_keys("alias/DRACO-111111111111").await, Ok(102));
    // A second alias is not a second key, and an existing alias is no error.
    let alias = "alias/DRACO-111111111111/instance/orders";
    for _ in 0..2 {
        dr.add_alias(alias, &key).await.expect("an alias");
    }
    let found = dr.find_key(alias).await.expect("a response").expect("a key");
    assert_eq!((found.arn, found.created), (key, Some(world.now())));
    assert_eq!(dr.count_keys("alias/DRACO-111111111111").await, Ok(102));
    assert_eq!(dr.count_keys("alias/DRACO-333333333333").await, Ok(0));
    assert_eq!(dr.find_key("alias/DRACO-333333333333/instance/orders").await, Ok(None));
}
