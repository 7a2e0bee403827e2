//! Aliases of keys, and the pages of lists.

use proptest::prelude::*;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_key_can_have_several_aliases() {
    let kms = client(&world(), OWNER);
    let (one, other) = (key(&kms).await, key(&kms).await);
    for (name, key) in [("alias/b", &one), ("alias/a", &one), ("alias/c", &other)] {
        kms.create_alias().alias_name(name).target_key_id(key).send().await.expect("an alias");
    }
    let aliases = async |of: Option<&str>| {
        let listed = kms.list_aliases().set_key_id(of.map(str::to_owned)).send().await.expect("aliases");
        let own = listed.aliases().iter().filter_map(|alias| alias.target_key_id().and(alias.alias_name()));
        own.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(aliases(None).await, ["alias/a", "alias/b", "alias/c"]);
    assert_eq!(aliases(Some(&one)).await, ["alias/a", "alias/b"]);
    kms.update_alias().alias_name("alias/a").target_key_id(&other).send().await.expect("a change");
    kms.delete_alias().alias_name("alias/c").send().await.expect("a deletion");
    assert_eq!(aliases(Some(&arn(&other))).await, ["alias/a"]);
    assert_eq!(error_of(kms.list_aliases().key_id(UNKNOWN_KEY).send().await).0, "NotFoundException");
    for name in ["alias/a", "arn:aws:kms:eu-west-1:111111111111:alias/a"] {
        let described = kms.describe_key().key_id(name).send().await.expect("the key");
        assert_eq!(described.key_metadata().map(|key| key.key_id()), Some(other.as_str()));
    }
}

/// Callers that create a key for a database rely on this to detect a concurrent creation.
#[tokio::test(start_paused = true)]
async fn of_two_concurrent_create_alias_calls_one_fails() {
    let kms = client(&world(), OWNER);
    let (one, other) = (key(&kms).await, key(&kms).await);
    let create = |key: &str| kms.create_alias().alias_name("alias/orders").target_key_id(key).send();
    let (first, second) = tokio::join!(create(&one), create(&other));
    let (winner, refused) = if first.is_ok() { (one, error_of(second)) } else { (other, error_of(first)) };
    let message = "An alias with the name arn:aws:kms:eu-west-1:111111111111:alias/orders already exists";
    assert_eq!(refused, error("AlreadyExistsException", message));
    let described = kms.describe_key().key_id("alias/orders").send().await.expect("the key");
    assert_eq!(described.key_metadata().map(|key| key.key_id()), Some(winner.as_str()));
}

#[tokio::test(start_paused = true)]
async fn aliases_require_a_valid_name_and_an_existing_key() {
    let kms = client(&world(), OWNER);
    let key = key(&kms).await;
    let create =
        async |name: &str, of: &str| error_of(kms.create_alias().alias_name(name).target_key_id(of).send().await);
    assert_eq!(create("alias/aws/orders", &key).await.0, "InvalidAliasNameException");
    assert_eq!(create("alias/", &key).await.0, "InvalidAliasNameException");
    for name in ["orders", "alias/ord ers", "alias/a:b", &format!("alias/{}", "a".repeat(251))] {
        assert_eq!(create(name, &key).await.0, "ValidationException", "{name}");
    }
    assert_eq!(
        create("alias/a", "alias/b").await,
        error("ValidationException", "Aliases must refer to keys. Not aliases")
    );
    assert_eq!(create("alias/a", UNKNOWN_KEY).await.0, "NotFoundException");
    assert_eq!(error_of(kms.delete_alias().alias_name("alias/a").send().await).0, "NotFoundException");
    assert_eq!(
        error_of(kms.update_alias().alias_name("alias/a").target_key_id(&key).send().await).0,
        "NotFoundException"
    );
    // Except for describing a key, an alias cannot name it.
    kms.create_alias().alias_name("alias/a").target_key_id(&key).send().await.expect("an alias");
    assert_eq!(
        error_of(kms.disable_key().key_id("alias/a").send().await),
        error("NotFoundException", "Invalid keyId 'alias/a'")
    );
}

#[tokio::test(start_paused = true)]
async fn lists_are_paged() {
    let kms = client(&world(), OWNER);
    let key = key(&kms).await;
    let first = kms.list_keys().limit(1).send().await.expect("keys");
    assert_eq!((first.keys().len(), first.truncated(), first.next_marker()), (1, false, None));
    // The default page size is 50, and a tag key may be any text. The predefined aliases of four services come last.
    let add = |n: u32| kms.create_alias().alias_name(format!("alias/{n:02}")).target_key_id(&key).send();
    for n in 0..50 {
        add(n).await.expect("an alias");
    }
    assert_eq!(error_of(add(50).await).0, "LimitExceededException");
    let page = kms.list_aliases().send().await.expect("aliases");
    assert_eq!((page.aliases().len(), page.truncated()), (50, true));
    let page = kms.list_aliases().set_marker(page.next_marker).send().await.expect("aliases");
    assert_eq!((page.aliases().len(), page.truncated(), page.next_marker()), (4, false, None));
    kms.tag_resource().key_id(&key).tags(tag("größe", "")).tags(tag("日本", "")).send().await.expect("tags");
    let mut pages = kms.list_resource_tags().key_id(&key).limit(1).into_paginator().items().send();
    let mut tags = Vec::new();
    while let Some(tag) = pages.next().await {
        tags.push(tag.expect("a tag"));
    }
    assert_eq!(tags, [tag("größe", ""), tag("日本", "")]);
    assert_eq!(error_of(kms.list_keys().marker("nonsense").send().await).0, "InvalidMarkerException");
    for limit in [0, 1001] {
        assert_eq!(error_of(kms.list_keys().limit(limit).send().await).0, "ValidationException");
    }
    assert_eq!(error_of(kms.list_aliases().limit(101).send().await).0, "ValidationException");
    assert_eq!(error_of(kms.list_resource_tags().key_id(&key).limit(51).send().await).0, "ValidationException");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Paging returns each alias that remains exactly once, while others are created and deleted.
    #[test]
    fn paging_returns_each_alias_exactly_once(
        limit in 1..5_i32,
        steps in prop::collection::vec((0..30_u32, any::<bool>()), 12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let walk = async {
            let kms = client(&world(), OWNER);
            let key = key(&kms).await;
            // Aliases with even numbers remain.
            for n in (0..30).step_by(2) {
                let create = kms.create_alias().alias_name(format!("alias/{n:02}")).target_key_id(&key);
                create.send().await.expect("an alias");
            }
            let (mut seen, mut marker, mut steps) = (Vec::new(), None, steps.into_iter());
            loop {
                let page = kms.list_aliases().limit(limit).set_marker(marker).send().await.expect("a page");
                seen.extend(page.aliases().iter().filter_map(|alias| alias.alias_name().map(str::to_owned)));
                marker = page.next_marker;
                if marker.is_none() {
                    return seen;
                }
                if let Some((n, create)) = steps.next() {
                    let name = format!("alias/{:02}", n | 1);
                    let _ = if create {
                        kms.create_alias().alias_name(name).target_key_id(&key).send().await.map(|_| ()).map_err(|_| ())
                    } else {
                        kms.delete_alias().alias_name(name).send().await.map(|_| ()).map_err(|_| ())
                    };
                }
            }
        };
        let seen = runtime.expect("a runtime").block_on(walk);
        for n in (0..30).step_by(2) {
            prop_assert_eq!(seen.iter().filter(|name| **name == format!("alias/{n:02}")).count(), 1);
        }
        prop_assert!(seen.is_sorted_by(|one, next| one < next));
    }
}
