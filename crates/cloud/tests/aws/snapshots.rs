//! Calls for one snapshot: find, copy, share, tag, delete.

use super::*;
use cloud::Effect;
use protocol::Engine;
use protocol::tags::MAX_TAGS;

/// AWS returns no size for Aurora.
fn gib(kind: Kind) -> u32 {
    if kind == Kind::Instance { 100 } else { 0 }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_found_while_it_is_created_and_afterwards() {
    for kind in Kind::ALL {
        let world = world();
        database(&world, kind, "orders", true).await;
        let source = take(&world, kind, "orders", "Before-Migration", &[("team", "shop")]).await;
        let prod = cloud(&world, PROD);
        world.sleep(5 * MINUTE).await;
        assert_eq!(status(&find(&prod, &source).await), (Status::Creating, 50));
        world.sleep(5 * MINUTE).await;
        let taken = time("2026-11-21T03:05:00Z");
        let found = find(&prod, &source).await;
        assert!(found.key.is_some() && found.resource_id.is_some());
        let expected = Snapshot {
            key: found.key.clone(),
            arn: arn(kind, PROD, "before-migration"),
            database: "orders".into(),
            resource_id: found.resource_id.clone(),
            engine: if kind == Kind::Instance { Engine::Rds } else { Engine::Aurora },
            status: Status::Available,
            progress: 100,
            gib: gib(kind),
            is_encrypted: true,
            created: Some(taken),
            original_created: (kind == Kind::Instance).then_some(taken),
            copied_from: None,
            tags: Tags::from_iter([("team", "shop")]),
        };
        assert_eq!(found, expected);
        assert_eq!(prod.now(), world.now());
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_snapshot_is_a_result_and_not_an_error() {
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
async fn a_snapshot_is_copied_from_one_account_to_the_other() {
    for kind in Kind::ALL {
        let world = world();
        let (prod, dr) = (cloud(&world, PROD), cloud(&world, DR));
        let transit = shared(&world, kind, true).await;
        let source = find(&prod, &arn(kind, PROD, "s")).await;
        let visible = find(&dr, &transit).await;
        assert_eq!((&visible.arn, status(&visible)), (&transit, (Status::Available, 100)));
        // AWS shows the tags of a snapshot to its owner only.
        assert_eq!((visible.tags, &*visible.database, visible.gib), (Tags::default(), "orders", gib(kind)));

        let (copy, own) = (arn(kind, DR, "copy"), key(&world, DR, &[]).await);
        let tags = Tags::from_iter([("Draco_Source", "orders"), ("empty", "")]);
        assert_eq!(dr.copy(&transit, &copy, Some(&own), &tags).await, Ok(CopyStart::Started));
        assert_eq!(dr.copy(&transit, &copy, Some(&own), &Tags::default()).await, Ok(CopyStart::NameExists));
        world.sleep(MINUTE).await;
        // AWS's name for the status of a copy in progress is an open question.
        assert!(matches!(status(&find(&dr, &copy).await), (Status::Creating | Status::Copying, 10)));
        world.sleep(9 * MINUTE).await;
        let completed = find(&dr, &copy).await;
        assert_eq!(
            (status(&completed), &completed.tags, completed.is_encrypted),
            ((Status::Available, 100), &tags, true)
        );
        // Only instance snapshots have the time of the original.
        assert_eq!(completed.key.as_deref(), Some(&*own));
        assert_eq!(completed.original_created, if kind == Kind::Instance { source.created } else { None });
        assert_ne!(completed.created, source.created);

        assert_eq!(dr.tag(&copy, "Draco_Reported", "now").await, Ok(Effect::Applied));
        let reported = tags.with([("Draco_Reported", "now")]);
        assert_eq!(find(&dr, &copy).await.tags, reported);
        assert_eq!(dr.delete(&copy).await, Ok(Effect::Applied));
        assert_eq!(dr.find(&copy).await, Ok(None));
        assert_eq!(dr.delete(&copy).await, Ok(Effect::NotFound));
    }
}

#[tokio::test(start_paused = true)]
async fn deleting_a_copy_in_progress_cancels_it() {
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
async fn only_an_unencrypted_cluster_snapshot_is_copied_without_a_key() {
    for kind in Kind::ALL {
        let world = world();
        database(&world, kind, "orders", false).await;
        let source = take(&world, kind, "orders", "s", &[]).await;
        world.sleep(10 * MINUTE).await;
        let (prod, copy, own) = (cloud(&world, PROD), arn(kind, PROD, "c"), key(&world, PROD, &[]).await);
        let found = find(&prod, &source).await;
        let key = found.can_be_encrypted_by_copying().then_some(own.as_str());
        assert_eq!(prod.copy(&source, &copy, key, &Tags::default()).await, Ok(CopyStart::Started));
        assert_eq!(find(&prod, &copy).await.is_encrypted, kind == Kind::Instance);
    }
}

/// AWS's maximum: 50 tags, keys of 128 characters, values of 256.
#[tokio::test(start_paused = true)]
async fn the_maximum_number_and_length_of_tags_is_copied() {
    let letters = ["ü", "日", "é", "ж"];
    let tags: Tags = (0..MAX_TAGS)
        .map(|n| (format!("{n:02}{}", letters[n % 4].repeat(126)), letters[n % 4].repeat(255) + "@"))
        .collect();
    for kind in Kind::ALL {
        let world = world();
        let (prod, source, copy) = (cloud(&world, PROD), snapshot(&world, kind).await, arn(kind, PROD, "c"));
        assert_eq!(prod.copy(&source, &copy, None, &tags).await, Ok(CopyStart::Started));
        assert_eq!(find(&prod, &copy).await.tags, tags);
        let (key, _) = tags.iter().next().expect("a tag");
        assert_eq!(
            prod.tag(&copy, key, "a = b & c").await.map_err(|why| why.code().to_owned()),
            Err(INVALID.to_owned())
        );
        assert_eq!(prod.tag(&copy, key, "a+b: c/d=e").await, Ok(Effect::Applied));
        assert_eq!(find(&prod, &copy).await.tags.get(key), Some("a+b: c/d=e"));
    }
}

const INVALID: &str = "InvalidParameterValue";

/// If a response is lost, the SDK retries a call that has already had its effect.
#[tokio::test(start_paused = true)]
async fn a_lost_response_does_not_change_the_outcome() {
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
