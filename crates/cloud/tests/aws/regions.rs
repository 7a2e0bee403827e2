//! Calls to other regions of the account: each goes to the region of the snapshot or topic that it names.

use super::*;
use chrono::TimeDelta;
use cloud::{Class, Effect};
use protocol::TopicArn;

const ELSEWHERE: &str = "us-east-1";

/// PROD, seen by a function that runs in another region.
fn from_elsewhere(world: &World) -> Cloud {
    let here = Place { region: ELSEWHERE.parse().expect("a region"), ..place(PROD) };
    Cloud::new(&world.sdk_config(PROD, ELSEWHERE), here)
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_in_another_region_is_found_tagged_listed_and_deleted_there() {
    for kind in Kind::ALL {
        let world = world();
        let (far, snapshot) = (from_elsewhere(&world), snapshot(&world, kind).await);
        assert_eq!(find(&far, &snapshot).await.arn, snapshot);
        assert_eq!(far.tag(&snapshot, "Draco_Second", "there").await, Ok(Effect::Applied));
        assert_eq!(far.list_all(kind, None).await, Ok(Vec::new()), "a list is one of its own region");
        let near = far.at(&snapshot.place.region);
        let listed = near.list_all(kind, Some("orders")).await.expect("a list");
        assert_eq!(listed.iter().map(|found| found.tags.get("Draco_Second")).collect::<Vec<_>>(), [Some("there")]);
        assert_eq!((near.here(), near.now()), (&place(PROD), far.now()));
        assert_eq!(far.delete(&snapshot).await, Ok(Effect::Applied));
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_snapshot_in_another_region_is_visible() {
    let world = world();
    let transit = shared(&world, Kind::Instance, true).await;
    let here = Place { region: ELSEWHERE.parse().expect("a region"), ..place(DR) };
    let dr = Cloud::new(&world.sdk_config(DR, ELSEWHERE), here);
    assert_eq!(status(&find(&dr, &transit).await), (Status::Available, 100));
    assert_eq!(dr.find(&arn(Kind::Instance, PROD, "s")).await, Ok(None), "it is not shared");
}

#[tokio::test(start_paused = true)]
async fn a_message_is_published_in_the_region_of_its_topic() {
    let world = world();
    let sns = aws_sdk_sns::Client::new(&world.sdk_config(PROD, HERE));
    let topic = sns.create_topic().name("DracoProducer").send().await.expect("a topic").topic_arn.expect("an ARN");
    let topic: TopicArn = topic.parse().expect("a topic");
    assert_eq!(from_elsewhere(&world).publish(&topic, &super::messages::message()).await, Ok(()));
}

/// DR, seen by a function that runs in another region, and a key there.
async fn dr_elsewhere(world: &World) -> (Cloud, String) {
    let here = Place { region: ELSEWHERE.parse().expect("a region"), ..place(DR) };
    let config = world.sdk_config(DR, ELSEWHERE);
    let created = aws_sdk_kms::Client::new(&config).create_key().send().await.expect("a key");
    (Cloud::new(&config, here), created.key_metadata.and_then(|key| key.arn).expect("its ARN"))
}

/// "You can also specify an ARN of a snapshot that is in a different account and a different AWS Region" (API reference).
#[tokio::test(start_paused = true)]
async fn a_shared_snapshot_is_copied_from_another_region_at_once() {
    for kind in Kind::ALL {
        let world = world();
        let transit = shared(&world, kind, true).await;
        let (dr, key) = dr_elsewhere(&world).await;
        let copy = SnapshotArn::new(kind, dr.here().clone(), "copy").expect("an identifier");
        let tags = Tags::from_iter([("Draco_Source", "orders")]);
        assert_eq!(dr.copy(&transit, &copy, Some(&key), &tags).await, Ok(CopyStart::Started));
        world.sleep(4 * 60 * MINUTE).await;
        let copied = find(&dr, &copy).await;
        assert_eq!((copied.status, copied.key.as_deref(), copied.tags), (Status::Available, Some(&*key), tags));
        assert_eq!(copied.copied_from.as_deref(), Some(&transit));
    }
}

#[tokio::test(start_paused = true)]
async fn a_region_that_is_gone_takes_less_than_a_minute_and_does_not_affect_others() {
    let world = world();
    let snapshot = snapshot(&world, Kind::Instance).await;
    let far = from_elsewhere(&world);
    world.cut_region(HERE);
    let begins = world.now();
    assert_eq!(far.find(&snapshot).await.map_err(|error| error.class()), Err(Class::Unreachable));
    let taken = world.now() - begins;
    assert!(taken < TimeDelta::minutes(1), "{taken}");
    assert_eq!(far.list_all(Kind::Instance, None).await, Ok(Vec::new()));
    // It is not called again for a minute.
    let begins = world.now();
    assert_eq!(far.find(&snapshot).await.map_err(|error| error.class()), Err(Class::Unreachable));
    assert_eq!(world.now(), begins);
    world.restore_region(HERE);
    world.sleep(MINUTE).await;
    assert_eq!(find(&far, &snapshot).await.arn, snapshot);
}
