//! Copies within a region, from another account and from another region, and how they end.

use sim::questions::{ClusterCopies, ClusterCopyTime, CopiesOfOneDatabase, CopyStatus, MultiAzClusterCopies};
use sim::questions::{SourceDeleted, SourceOfLocalCopy};

use super::support::*;

#[tokio::test(start_paused = true)]
async fn a_copy_takes_time_and_is_cancelled_by_deleting_it_under_each_status() {
    for answer in CopyStatus::ALL {
        let world = world_where(|answers| answers.copy_status = *answer);
        for kind in BOTH {
            let rds = Rds::new(&world, PROD, REGION, kind);
            rds.snapshot(&world, "source").await;
            let copy = CopyRequest { source: "source", target: "Target", ..CopyRequest::default() };
            let started = rds.copy(copy.clone()).await.expect("a copy");
            let status = match answer {
                CopyStatus::Creating => "creating",
                CopyStatus::Pending => "pending",
                CopyStatus::Copying => "copying",
            };
            assert_eq!((started.id.as_str(), started.status.as_str(), started.percent), ("target", status, 0));
            world.sleep(9 * MINUTE).await;
            let seen = rds.describe("target").await.expect("it");
            assert_eq!((seen.status.as_str(), seen.percent), (status, 90));
            rds.delete("target").await.expect("a deletion");
            assert_eq!(rds.describe("target").await.err(), Some(kind.snapshot_not_found()));
            rds.copy(copy).await.expect("a copy");
            world.sleep(10 * MINUTE).await;
            let done = rds.describe("target").await.expect("it");
            assert_eq!((done.status.as_str(), done.percent, done.origin.as_str()), ("available", 100, "manual"));
            assert_eq!((done.database.as_str(), done.is_encrypted), ("of-source", false));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_of_a_cluster_snapshot_within_the_account_may_be_available_at_once() {
    for answer in ClusterCopies::ALL {
        let world = world_where(|answers| answers.cluster_copies = *answer);
        let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
        rds.snapshot(&world, "source").await;
        let copy = CopyRequest { source: "source", target: "target", ..CopyRequest::default() };
        let started = rds.copy(copy).await.expect("a copy");
        let expected = match answer {
            ClusterCopies::TakeTime => ("creating", 0),
            ClusterCopies::AtOnce => ("available", 100),
        };
        assert_eq!((started.status.as_str(), started.percent), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_has_the_arn_of_its_source() {
    for answer in SourceOfLocalCopy::ALL {
        let world = world_where(|answers| answers.source_of_local_copy = *answer);
        for kind in BOTH {
            let rds = Rds::new(&world, PROD, REGION, kind);
            let source = rds.snapshot(&world, "source").await;
            let reported = Some(source.arn.clone());
            let copy = CopyRequest { source: &source.arn, target: "target", ..CopyRequest::default() };
            let other_region = Rds::new(&world, PROD, OTHER_REGION, kind);
            assert_eq!(other_region.copy(copy.clone()).await.expect("a copy").source, reported);
            let expected = match (kind, answer) {
                (Kind::Instance, SourceOfLocalCopy::NotReported) => None,
                (Kind::Cluster, _) | (_, SourceOfLocalCopy::Reported) => reported,
            };
            assert_eq!(rds.copy(copy).await.expect("a copy").source, expected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_copied_cluster_snapshot_has_the_time_of_the_copy_or_of_the_original() {
    for answer in ClusterCopyTime::ALL {
        let world = world_where(|answers| answers.cluster_copy_time = *answer);
        for kind in BOTH {
            let rds = Rds::new(&world, PROD, REGION, kind);
            let source = rds.snapshot(&world, "source").await;
            let copy = CopyRequest { source: "source", target: "target", ..CopyRequest::default() };
            rds.copy(copy).await.expect("a copy");
            world.sleep(10 * MINUTE).await;
            let copied = rds.describe("target").await.expect("it");
            let later = copied.taken.expect("a time").secs() - source.taken.expect("a time").secs();
            let expected = match (kind, answer) {
                (Kind::Cluster, ClusterCopyTime::OfTheOriginal) => 0,
                (Kind::Instance, _) | (_, ClusterCopyTime::OfTheCopy) => 10 * 60,
            };
            assert_eq!(later, expected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn copies_of_one_database_run_at_the_same_time_or_one_after_another() {
    for answer in CopiesOfOneDatabase::ALL {
        let world = world_where(|answers| answers.copies_of_one_database = *answer);
        for kind in BOTH {
            let rds = Rds::new(&world, PROD, REGION, kind);
            rds.snapshot(&world, "source").await;
            rds.snapshot(&world, "other").await;
            for (source, target) in [("source", "a"), ("source", "b"), ("other", "c")] {
                rds.copy(CopyRequest { source, target, ..CopyRequest::default() }).await.expect("a copy");
            }
            world.sleep(10 * MINUTE).await;
            let mut done = Vec::new();
            for target in ["a", "b", "c"] {
                done.push(rds.describe(target).await.expect("it").percent);
            }
            let second = if *answer == CopiesOfOneDatabase::Queued { 0 } else { 100 };
            assert_eq!(done, [100, second, 100]);
            world.sleep(10 * MINUTE).await;
            assert_eq!(rds.describe("b").await.expect("it").status, "available");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn snapshots_of_multi_az_clusters_may_not_be_copied() {
    for answer in MultiAzClusterCopies::ALL {
        let world = world_where(|answers| answers.multi_az_cluster_copies = *answer);
        let rds = Rds::new(&world, PROD, REGION, Kind::Cluster);
        let call = rds.client.create_db_cluster().db_cluster_identifier("orders").engine("postgres");
        let call = call.db_cluster_instance_class("db.m6gd.large").allocated_storage(100).iops(1000);
        let call = call.master_username("owner").master_user_password("correct-horse");
        code(call.send().await).expect("a cluster");
        world.sleep(5 * MINUTE).await;
        rds.create("orders", "s").await.expect("a snapshot");
        world.sleep(10 * MINUTE).await;
        let copied = rds.copy(CopyRequest { source: "s", target: "c", ..CopyRequest::default() }).await;
        let expected = match answer {
            MultiAzClusterCopies::Refused => Err("InvalidParameterValue".to_owned()),
            MultiAzClusterCopies::Copied => Ok("c".to_owned()),
        };
        assert_eq!(copied.map(|copied| copied.id), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_manual_copy_outlives_its_automated_source() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.create_database("daily", DatabaseSpec::daily(1)).await.expect("a database");
        world.sleep(DAY).await;
        let automated =
            rds.ids(Query { origin: Some("automated"), ..Query::default() }).await.expect("a page").remove(0);
        rds.copy(CopyRequest { source: &automated, target: "kept", ..CopyRequest::default() }).await.expect("a copy");
        world.sleep(2 * DAY).await;
        assert_eq!(rds.describe(&automated).await.err(), Some(kind.snapshot_not_found()));
        let kept = rds.describe("kept").await.expect("it");
        assert_eq!((kept.origin.as_str(), kept.status.as_str()), ("manual", "available"));
    }
}

#[tokio::test(start_paused = true)]
async fn shared_snapshots_are_copied_by_arn_to_any_region() {
    let world = world();
    for kind in BOTH {
        let prod = Rds::new(&world, PROD, REGION, kind);
        prod.snapshot(&world, "source").await;
        let arn = kind.arn(PROD, REGION, "source");
        for region in [REGION, OTHER_REGION] {
            let dr = Rds::new(&world, DR, region, kind);
            let target = format!("copied-to-{region}");
            let copy = CopyRequest { source: &arn, target: &target, ..CopyRequest::default() };
            assert_eq!(dr.copy(copy.clone()).await.err(), Some(kind.snapshot_not_found()));
            prod.share("source", &[DR], &[]).await.expect("a share");
            let by_name = CopyRequest { source: "source", ..copy.clone() };
            assert_eq!(dr.copy(by_name).await.err(), Some(kind.snapshot_not_found()));
            let started = dr.copy(copy).await.expect("a copy");
            assert_eq!((started.arn, started.source), (kind.arn(DR, region, &target), Some(arn.clone())));
            // The copy continues when the owner stops sharing the source.
            prod.share("source", &[], &[DR]).await.expect("a share");
            world.sleep(10 * MINUTE).await;
            assert_eq!(dr.describe(&target).await.expect("it").status, "available");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_available_snapshots_can_be_copied() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.database(&world, "orders").await;
        rds.create("orders", "young").await.expect("a snapshot");
        let copy = CopyRequest { source: "young", target: "copied", ..CopyRequest::default() };
        assert_eq!(rds.copy(copy.clone()).await.err(), Some(kind.invalid_snapshot_state()));
        let none = CopyRequest { source: "none", ..copy.clone() };
        assert_eq!(rds.copy(none).await.err(), Some(kind.snapshot_not_found()));
        let bad = CopyRequest { target: "rds:copied", ..copy };
        assert_eq!(rds.copy(bad).await.err().as_deref(), Some("InvalidParameterValue"));
    }
}

#[tokio::test(start_paused = true)]
async fn deleting_the_target_cancels_the_copy() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.snapshot(&world, "source").await;
        rds.copy(CopyRequest { source: "source", target: "target", ..CopyRequest::default() }).await.expect("a copy");
        world.sleep(MINUTE).await;
        rds.delete("target").await.expect("a deletion");
        assert_eq!(rds.describe("target").await.err(), Some(kind.snapshot_not_found()));
        // The end of the cancelled copy does not affect the new one of the same name.
        rds.copy(CopyRequest { source: "source", target: "target", ..CopyRequest::default() }).await.expect("a copy");
        world.sleep(9 * MINUTE).await;
        assert_eq!(rds.describe("target").await.expect("it").percent, 90);
        world.sleep(MINUTE).await;
        assert_eq!(rds.describe("target").await.expect("it").status, "available");
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_whose_source_is_deleted_fails_disappears_or_goes_on() {
    for answer in SourceDeleted::ALL {
        let world = world_where(|answers| answers.source_deleted = *answer);
        for kind in BOTH {
            let prod = Rds::new(&world, PROD, REGION, kind);
            let dr = Rds::new(&world, DR, OTHER_REGION, kind);
            prod.snapshot(&world, "source").await;
            prod.share("source", &[DR], &[]).await.expect("a share");
            let source = kind.arn(PROD, REGION, "source");
            dr.copy(CopyRequest { source: &source, target: "target", ..CopyRequest::default() }).await.expect("a copy");
            world.sleep(5 * MINUTE).await;
            prod.delete("source").await.expect("a deletion");
            world.sleep(10 * MINUTE).await;
            let seen = dr.describe("target").await.map(|seen| (seen.status, seen.percent));
            let expected = match answer {
                SourceDeleted::CopyFails => Ok(("failed".to_owned(), 50)),
                SourceDeleted::CopyDisappears => Err(kind.snapshot_not_found()),
                SourceDeleted::CopyGoesOn => Ok(("available".to_owned(), 100)),
            };
            assert_eq!(seen, expected);
            if *answer == SourceDeleted::CopyFails {
                let again = CopyRequest { source: "target", target: "other", ..CopyRequest::default() };
                assert_eq!(dr.copy(again).await.err(), Some(kind.invalid_snapshot_state()));
                dr.delete("target").await.expect("a deletion");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn sdk_waiters_work_for_copies_and_deletions() {
    use aws_sdk_rds::client::Waiters;
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.snapshot(&world, "source").await;
    rds.copy(CopyRequest { source: "source", target: "target", ..CopyRequest::default() }).await.expect("a copy");
    let long = std::time::Duration::from_hours(1);
    let available = rds.client.wait_until_db_snapshot_available().db_snapshot_identifier("target");
    available.wait(long).await.expect("a copy");
    rds.delete("target").await.expect("a deletion");
    let deleted = rds.client.wait_until_db_snapshot_deleted().db_snapshot_identifier("target");
    deleted.wait(long).await.expect("no copy");
}
