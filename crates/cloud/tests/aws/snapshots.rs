//! One snapshot: seen, copied, shared, tagged, deleted.

use super::*;
use cloud::Effect;
use protocol::tags::MAX_TAGS;

/// Of an Aurora cluster AWS does not tell how much it holds.
fn gib(kind: Kind) -> u32 {
    if kind == Kind::Instance { 100 } else { 0 }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_seen_as_it_becomes() {
    for kind in Kind::ALL {
        let world = world();
        database(&world, kind, "orders", true).await;
        let source = take(&world, kind, "orders", "Before-Migration", &[("team", "shop")]).await;
        let prod = cloud(&world, PROD);
        world.sleep(5 * MINUTE).await;
        assert_eq!(status(&see(&prod, &source).await), (Status::Creating, 50));
        world.sleep(5 * MINUTE).await;
        let taken = time("2026-11-21T03:05:00Z");
        let default_key = see(&prod, &source).await.key;
        assert!(default_key.is_some());
        let seen = Snapshot {
            key: default_key,
            arn: arn(kind, PROD, "before-migration"),
            database: "orders".to_owned(),
            status: Status::Available,
            progress: 100,
            gib: gib(kind),
            is_encrypted: true,
            created: Some(taken),
            original_created: (kind == Kind::Instance).then_some(taken),
            tags: Tags::from_iter([("team", "shop")]),
        };
        assert_eq!(see(&prod, &source).await, seen);
        assert_eq!(prod.now(), world.now());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_no_error() {
    let world = world();
    let prod = cloud(&world, PROD);
    for kind in Kind::ALL {
        let none = arn(kind, PROD, "none");
        assert_eq!(prod.find(&none).await, Ok(None));
        assert_eq!(prod.find(&arn(kind, DR, "none")).await, Ok(None));
        assert_eq!(prod.tag(&none, "key", "value").await, Ok(Effect::NotFound));
        assert_eq!(prod.delete(&none).await, Ok(Effect::NotFound));
    }
}

/// Design: "the snapshots and their tags are the state".
#[tokio::test(start_paused = true)]
async fn a_snapshot_makes_its_way_from_one_account_to_the_other() {
    for kind in Kind::ALL {
        let world = world();
        let (prod, dr) = (cloud(&world, PROD), cloud(&world, DR));
        let transit = shared(&world, kind, true).await;
        let source = see(&prod, &arn(kind, PROD, "s")).await;
        let there = see(&dr, &transit).await;
        assert_eq!((&there.arn, status(&there)), (&transit, (Status::Available, 100)));
        // Nobody but its owner sees a snapshot's tags.
        assert_eq!((there.tags, there.database.as_str(), there.gib), (Tags::default(), "orders", gib(kind)));

        let (copy, own) = (arn(kind, DR, "copy"), key(&world, DR, &[]).await);
        let tags = Tags::from_iter([("Draco_Source", "orders"), ("empty", "")]);
        assert_eq!(dr.copy(&transit, &copy, Some(&own), &tags).await, Ok(CopyStart::Started));
        assert_eq!(dr.copy(&transit, &copy, Some(&own), &Tags::default()).await, Ok(CopyStart::NameExists));
        world.sleep(MINUTE).await;
        assert_eq!(status(&see(&dr, &copy).await), (Status::Copying, 10));
        world.sleep(9 * MINUTE).await;
        let arrived = see(&dr, &copy).await;
        assert_eq!((status(&arrived), &arrived.tags, arrived.is_encrypted), ((Status::Available, 100), &tags, true));
        // Only the API of instances tells when the original was taken.
        assert_eq!(arrived.key, Some(own));
        assert_eq!(arrived.original_created, if kind == Kind::Instance { source.created } else { None });
        assert_ne!(arrived.created, source.created);

        assert_eq!(dr.tag(&copy, "Draco_Reported", "now").await, Ok(Effect::Applied));
        let reported = tags.with([("Draco_Reported", "now")]);
        assert_eq!(see(&dr, &copy).await.tags, reported);
        assert_eq!(dr.delete(&copy).await, Ok(Effect::Applied));
        assert_eq!(dr.find(&copy).await, Ok(None));
        assert_eq!(dr.delete(&copy).await, Ok(Effect::NotFound));
    }
}

#[tokio::test(start_paused = true)]
async fn deleting_a_copy_under_way_ends_it() {
    for kind in Kind::ALL {
        let world = world();
        let (prod, source, copy) = (cloud(&world, PROD), snapshot(&world, kind).await, arn(kind, PROD, "c"));
        prod.copy(&source, &copy, None, &Tags::default()).await.expect("a copy");
        world.sleep(MINUTE).await;
        assert_eq!(prod.delete(&copy).await, Ok(Effect::Applied));
        world.sleep(10 * MINUTE).await;
        assert_eq!(prod.find(&copy).await, Ok(None));
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_is_in_the_clear_and_a_clusters_is_copied_without_a_key() {
    for kind in Kind::ALL {
        let world = world();
        database(&world, kind, "orders", false).await;
        let source = take(&world, kind, "orders", "s", &[]).await;
        world.sleep(10 * MINUTE).await;
        let (prod, copy, own) = (cloud(&world, PROD), arn(kind, PROD, "c"), key(&world, PROD, &[]).await);
        let seen = see(&prod, &source).await;
        let key = seen.can_be_encrypted_by_copying().then_some(own.as_str());
        assert_eq!(prod.copy(&source, &copy, key, &Tags::default()).await, Ok(CopyStart::Started));
        assert_eq!(see(&prod, &copy).await.is_encrypted, kind == Kind::Instance);
    }
}

/// AWS: 50 tags, keys of 128 characters, values of 256.
#[tokio::test(start_paused = true)]
async fn tags_may_be_as_many_and_as_long_as_aws_has_them() {
    let letters = ["ü", "日", "é", "ж"];
    let tags: Tags = (0..MAX_TAGS)
        .map(|n| (format!("{n:02}{}", letters[n % 4].repeat(126)), letters[n % 4].repeat(255) + "@"))
        .collect();
    for kind in Kind::ALL {
        let world = world();
        let (prod, source, copy) = (cloud(&world, PROD), snapshot(&world, kind).await, arn(kind, PROD, "c"));
        assert_eq!(prod.copy(&source, &copy, None, &tags).await, Ok(CopyStart::Started));
        assert_eq!(see(&prod, &copy).await.tags, tags);
        let (key, _) = tags.iter().next().expect("a tag");
        assert_eq!(
            prod.tag(&copy, key, "a = b & c").await.map_err(|why| why.code().to_owned()),
            Err(INVALID.to_owned())
        );
        assert_eq!(prod.tag(&copy, key, "a+b: c/d=e").await, Ok(Effect::Applied));
        assert_eq!(see(&prod, &copy).await.tags.get(key), Some("a+b: c/d=e"));
    }
}

const INVALID: &str = "InvalidParameterValue";

/// The SDK tries again when the answer is lost, and what it did not hear of has happened.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_changes_nothing() {
    for kind in Kind::ALL {
        let world = world();
        let (prod, source, copy) = (cloud(&world, PROD), snapshot(&world, kind).await, arn(kind, PROD, "c"));
        let (copying, deleting) = match kind {
            Kind::Instance => ("CopyDBSnapshot", "DeleteDBSnapshot"),
            Kind::Cluster => ("CopyDBClusterSnapshot", "DeleteDBClusterSnapshot"),
        };
        plan(&world, copying, &[Action::FailAfter]);
        assert_eq!(prod.copy(&source, &copy, None, &Tags::default()).await, Ok(CopyStart::NameExists));
        plan(&world, deleting, &[Action::FailAfter]);
        assert_eq!(prod.delete(&copy).await, Ok(Effect::NotFound));
    }
}
