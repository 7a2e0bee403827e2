//! The journal: kept entries and followers.

use aws_sdk_kms::Client;
use sim::journal::{Entry, Event};
use sim::{Settings, World};

use crate::support::{PROD, REGION, epoch};

fn world(max_journal_entries: Option<usize>) -> World {
    World::with_settings(Settings { epoch: epoch(), max_journal_entries, ..Settings::default() })
}

/// Creates this many keys, one after the other.
async fn make_keys(world: &World, keys: usize) {
    let kms = Client::new(&world.sdk_config(PROD, REGION));
    for _ in 0..keys {
        kms.create_key().send().await.expect("a key");
    }
}

fn kept(world: &World) -> Vec<Entry> {
    world.journal(|journal| journal.entries().to_vec())
}

#[tokio::test(start_paused = true)]
async fn a_journal_keeps_all_entries_or_the_newest_up_to_its_limit() {
    let all = world(None);
    make_keys(&all, 100).await;
    let all = kept(&all);
    assert_eq!(all.len(), 100);
    for most in [0, 1, 2, 7, 99, 100] {
        let world = world(Some(most));
        make_keys(&world, 100).await;
        let kept = kept(&world);
        assert!((most / 2..=most).contains(&kept.len()), "{} of {most}", kept.len());
        assert!(all.ends_with(&kept), "{kept:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_follower_receives_every_entry_once_even_if_the_journal_keeps_few() {
    let all = world(None);
    make_keys(&all, 50).await;
    let short = world(Some(3));
    let mut follow = short.follow_journal();
    let mut seen = Vec::new();
    for keys in [1, 20, 9] {
        make_keys(&short, keys).await;
        seen.extend(follow.next().await);
    }
    assert_eq!(follow.drain(), []);
    make_keys(&short, 20).await;
    seen.extend(follow.drain());
    assert_eq!(seen, kept(&all));
}

#[tokio::test(start_paused = true)]
async fn a_late_follower_starts_with_the_kept_entries() {
    let world = world(None);
    make_keys(&world, 2).await;
    let mut follow = world.follow_journal();
    make_keys(&world, 1).await;
    let seen = follow.next().await;
    assert_eq!(seen, kept(&world));
    assert!(seen.iter().all(|entry| matches!(&entry.event, Event::Call { operation, .. } if operation == "CreateKey")));
}

#[tokio::test(start_paused = true)]
async fn removed_journal_entries_stay_on_the_bill() {
    let bill = async |journal| {
        let world = world(journal);
        make_keys(&world, 30).await;
        world.bill()
    };
    assert_eq!(bill(Some(0)).await, bill(None).await);
}
