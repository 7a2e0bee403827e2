//! Copies: from here, from another account, from another region, and how they end.

use sim::{Settings, World};

use super::support::*;

#[tokio::test(start_paused = true)]
async fn a_copy_takes_its_time_and_names_its_source() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, HERE, kind);
        let source = rds.snapshot(&world, "source").await;
        let begun = rds.copy(Copy { source: "source", target: "Target", ..Copy::default() }).await.expect("a copy");
        assert_eq!((begun.id.as_str(), begun.status.as_str(), begun.percent), ("target", "copying", 0));
        assert_eq!(begun.source, Some(source.arn));
        world.sleep(9 * MINUTE).await;
        assert_eq!(rds.see("target").await.expect("it").percent, 90);
        world.sleep(MINUTE).await;
        let done = rds.see("target").await.expect("it");
        assert_eq!((done.status.as_str(), done.percent, done.origin.as_str()), ("available", 100, "manual"));
        assert_eq!((done.database.as_str(), done.is_encrypted), ("of-source", false));
    }
}

#[tokio::test(start_paused = true)]
async fn an_automated_snapshot_is_copied_to_a_manual_one_that_outlives_it() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, HERE, kind);
        rds.database_like("daily", Like::daily(1)).await.expect("a database");
        world.sleep(DAY).await;
        let automated = rds.ids(Look { origin: Some("automated"), ..Look::default() }).await.expect("a page").remove(0);
        rds.copy(Copy { source: &automated, target: "kept", ..Copy::default() }).await.expect("a copy");
        world.sleep(2 * DAY).await;
        assert_eq!(rds.see(&automated).await.err(), Some(kind.no_snapshot()));
        let kept = rds.see("kept").await.expect("it");
        assert_eq!((kept.origin.as_str(), kept.status.as_str()), ("manual", "available"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_shared_is_copied_by_its_arn_in_any_region() {
    let world = world();
    for kind in BOTH {
        let prod = Rds::new(&world, PROD, HERE, kind);
        prod.snapshot(&world, "source").await;
        let arn = kind.arn(PROD, HERE, "source");
        for region in [HERE, AFAR] {
            let dr = Rds::new(&world, DR, region, kind);
            let target = format!("copied-to-{region}");
            let copy = Copy { source: &arn, target: &target, ..Copy::default() };
            assert_eq!(dr.copy(copy.clone()).await.err(), Some(kind.no_snapshot()));
            prod.share("source", &[DR], &[]).await.expect("a share");
            let by_name = Copy { source: "source", ..copy.clone() };
            assert_eq!(dr.copy(by_name).await.err(), Some(kind.no_snapshot()));
            let begun = dr.copy(copy).await.expect("a copy");
            assert_eq!((begun.arn, begun.source), (kind.arn(DR, region, &target), Some(arn.clone())));
            // It goes on when the owner stops to share.
            prod.share("source", &[], &[DR]).await.expect("a share");
            world.sleep(10 * MINUTE).await;
            assert_eq!(dr.see(&target).await.expect("it").status, "available");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_is_whole_is_copied() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, HERE, kind);
        rds.database(&world, "orders").await;
        rds.create("orders", "young").await.expect("a snapshot");
        let copy = Copy { source: "young", target: "copied", ..Copy::default() };
        assert_eq!(rds.copy(copy.clone()).await.err(), Some(kind.snapshot_state()));
        let none = Copy { source: "none", ..copy.clone() };
        assert_eq!(rds.copy(none).await.err(), Some(kind.no_snapshot()));
        let bad = Copy { target: "rds:copied", ..copy };
        assert_eq!(rds.copy(bad).await.err().as_deref(), Some("InvalidParameterValue"));
    }
}

#[tokio::test(start_paused = true)]
async fn deleting_the_target_cancels_the_copy() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, HERE, kind);
        rds.snapshot(&world, "source").await;
        rds.copy(Copy { source: "source", target: "target", ..Copy::default() }).await.expect("a copy");
        world.sleep(MINUTE).await;
        rds.delete("target").await.expect("a deletion");
        assert_eq!(rds.see("target").await.err(), Some(kind.no_snapshot()));
        // Its end does not come to another of its name.
        rds.copy(Copy { source: "source", target: "target", ..Copy::default() }).await.expect("a copy");
        world.sleep(9 * MINUTE).await;
        assert_eq!(rds.see("target").await.expect("it").status, "copying");
        world.sleep(MINUTE).await;
        assert_eq!(rds.see("target").await.expect("it").status, "available");
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_fails_when_its_source_goes() {
    let world = world();
    for kind in BOTH {
        let prod = Rds::new(&world, PROD, HERE, kind);
        let dr = Rds::new(&world, DR, AFAR, kind);
        prod.snapshot(&world, "source").await;
        prod.share("source", &[DR], &[]).await.expect("a share");
        let source = kind.arn(PROD, HERE, "source");
        dr.copy(Copy { source: &source, target: "target", ..Copy::default() }).await.expect("a copy");
        world.sleep(5 * MINUTE).await;
        prod.delete("source").await.expect("a deletion");
        for _ in 0..2 {
            let failed = dr.see("target").await.expect("it");
            assert_eq!((failed.status.as_str(), failed.percent), ("failed", 50));
            world.sleep(10 * MINUTE).await;
        }
        let again = Copy { source: "target", target: "other", ..Copy::default() };
        assert_eq!(dr.copy(again).await.err(), Some(kind.snapshot_state()));
        dr.delete("target").await.expect("a deletion");
    }
}

#[tokio::test(start_paused = true)]
async fn copies_from_other_regions_are_limited_while_they_are_under_way() {
    let world = World::with_settings(Settings { copy_quota: 2, ..settings() });
    for kind in BOTH {
        let here = Rds::new(&world, PROD, HERE, kind);
        let afar = Rds::new(&world, PROD, AFAR, kind);
        here.snapshot(&world, "source").await;
        let source = kind.arn(PROD, HERE, "source");
        let copy = async |target: &str| afar.copy(Copy { source: &source, target, ..Copy::default() }).await.map(drop);
        let full = Err("SnapshotQuotaExceeded".to_owned());
        assert_eq!([copy("a").await, copy("b").await, copy("c").await], [Ok(()), Ok(()), full.clone()]);
        // Copies within the region do not count, and one that is cancelled does not any more.
        for target in ["x", "y", "z"] {
            here.copy(Copy { source: "source", target, ..Copy::default() }).await.expect("a copy");
        }
        afar.delete("a").await.expect("a deletion");
        assert_eq!([copy("c").await, copy("d").await], [Ok(()), full.clone()]);
        world.sleep(10 * MINUTE).await;
        assert_eq!([copy("d").await, copy("e").await, copy("f").await], [Ok(()), Ok(()), full]);
        here.delete("source").await.expect("a deletion");
        assert_eq!(afar.copy(Copy { source: "b", target: "g", ..Copy::default() }).await.map(drop), Ok(()));
        world.sleep(10 * MINUTE).await;
        assert_eq!(afar.see("d").await.expect("it").status, "failed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_can_be_waited_for_and_so_can_its_end() {
    use aws_sdk_rds::client::Waiters;
    let world = world();
    let rds = Rds::new(&world, PROD, HERE, Kind::Instance);
    rds.snapshot(&world, "source").await;
    rds.copy(Copy { source: "source", target: "target", ..Copy::default() }).await.expect("a copy");
    let long = std::time::Duration::from_hours(1);
    let available = rds.client.wait_until_db_snapshot_available().db_snapshot_identifier("target");
    available.wait(long).await.expect("a copy");
    rds.delete("target").await.expect("a deletion");
    let deleted = rds.client.wait_until_db_snapshot_deleted().db_snapshot_identifier("target");
    deleted.wait(long).await.expect("no copy");
}
