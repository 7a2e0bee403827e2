//! Experiments with an instance that exists already.

use std::time::Duration;

use aws_sdk_rds::types::DbSnapshot;
use probe::experiments::all;
use probe::{Account, Estimate, Existing, Experiment, Journal, Verdict};
use sim::World;
use sim::questions::{Answers, Incremental};

use crate::{DR, REGION, SOURCE, lab, lab_of, path, run, world};

const MINUTE: Duration = Duration::from_secs(60);

fn rds(world: &World, account: &str) -> aws_sdk_rds::Client {
    aws_sdk_rds::Client::new(&world.sdk_config(account, REGION))
}

/// An instance of this size with two snapshots, a day apart.
pub(crate) async fn existing(world: &World, gib: i32) -> Existing {
    let rds = rds(world, SOURCE);
    let request = rds.create_db_instance().db_instance_identifier("orders").engine("postgres").storage_encrypted(true);
    let request = request.db_instance_class("db.m7g.large").allocated_storage(gib).backup_retention_period(0);
    request.master_username("owner").master_user_password("of-the-owner").send().await.unwrap();
    world.sleep(10 * MINUTE).await;
    for name in ["monday", "tuesday"] {
        world.sleep(24 * 60 * MINUTE).await;
        rds.create_db_snapshot().db_snapshot_identifier(name).db_instance_identifier("orders").send().await.unwrap();
        world.sleep(60 * MINUTE).await;
    }
    find(world).await.unwrap()
}

async fn find(world: &World) -> Result<Existing, String> {
    Existing::find(&Account::new(SOURCE, &world.sdk_config(SOURCE, REGION)), "orders").await
}

fn incremental() -> Vec<&'static Experiment> {
    all().filter(|experiment| experiment.name == "incremental").collect()
}

async fn snapshots(world: &World) -> Vec<DbSnapshot> {
    let mut all = Vec::new();
    for account in [SOURCE, DR] {
        all.extend(rds(world, account).describe_db_snapshots().send().await.unwrap().db_snapshots.unwrap_or_default());
    }
    all
}

#[tokio::test(start_paused = true)]
async fn the_answer_has_the_measured_times_and_the_instance_stays_as_it_is() {
    for (answer, expected, measured) in [
        (
            Incremental::NotOfCopies,
            "not-of-copies",
            "source 1201 s full, then 80 s, and 1201 s without an earlier copy; DR 1201 s full, then 1201 s, and 1201 s without an \
             earlier copy",
        ),
        (
            Incremental::AlsoOfCopies,
            "also-of-copies",
            "source 1201 s full, then 80 s, and 1201 s without an earlier copy; DR 1201 s full, then 80 s, and 1201 s without an \
             earlier copy",
        ),
    ] {
        let world = world(Answers { incremental: answer, ..Answers::default() });
        let existing = existing(&world, 200).await;
        assert_eq!(existing.gib, 200);
        let before = snapshots(&world).await;
        let findings = run(&mut lab(&world, expected).with_existing(existing), &incremental()).await;
        assert_eq!(findings[0].verdict, Verdict::measured(expected, measured.to_owned()));
        assert_eq!(snapshots(&world).await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_is_too_small_decides_nothing_after_one_copy() {
    let world = world(Answers::default());
    let existing = existing(&world, 20).await;
    let finding = run(&mut lab(&world, "small").with_existing(existing), &incremental()).await.remove(0);
    let Verdict::Undecided { reason } = &finding.verdict else { panic!("{finding:#?}") };
    assert!(reason.contains("the database is too small: a full copy in the source account took"), "{reason}");
    assert_eq!(world.journal(|journal| journal.count_calls("CopyDBSnapshot")), 1);
}

#[tokio::test(start_paused = true)]
async fn copies_that_others_make_meanwhile_decide_nothing() {
    let world = world(Answers::default());
    let existing = existing(&world, 200).await;
    let mut lab = lab(&world, "disturbed").with_existing(existing);
    let others = async {
        world.sleep(5 * MINUTE).await;
        let request = rds(&world, SOURCE).copy_db_snapshot().source_db_snapshot_identifier("monday");
        request.target_db_snapshot_identifier("by-others").send().await.unwrap();
    };
    let experiments = incremental();
    let (findings, ()) = tokio::join!(run(&mut lab, &experiments), others);
    let Verdict::Undecided { reason } = &findings[0].verdict else { panic!("{findings:#?}") };
    assert!(reason.contains("by-others was started meanwhile"), "{reason}");
    let left: Vec<_> = snapshots(&world).await.into_iter().filter_map(|one| one.db_snapshot_identifier).collect();
    assert_eq!(left, ["by-others", "monday", "tuesday"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_killed_during_any_copy_is_removed_and_the_instance_stays_as_it_is() {
    for copies in 1..=6 {
        let world = world(Answers::default());
        let existing = existing(&world, 200).await;
        let before = snapshots(&world).await;
        let (mut killed, experiments) = (lab(&world, "killed-copy").with_existing(existing), incremental());
        let end = async {
            while world.journal(|journal| journal.count_calls("CopyDBSnapshot")) < copies {
                world.sleep(Duration::from_millis(500)).await;
            }
        };
        tokio::select! {
            _ = killed.run(&experiments, |_| {}) => panic!("it ended after fewer than {copies} copies"),
            () = end => {}
        }
        drop(killed);
        let mut lab = lab_of(&world, Journal::open(&path("killed-copy")).unwrap());
        assert_eq!(lab.remove_all().await, []);
        assert_eq!(snapshots(&world).await, before, "{copies}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_without_two_snapshots_is_refused() {
    let world = world(Answers::default());
    existing(&world, 20).await;
    rds(&world, SOURCE).delete_db_snapshot().db_snapshot_identifier("monday").send().await.unwrap();
    let why = find(&world).await.unwrap_err();
    assert!(why.starts_with("orders has 1 available snapshots, but two are needed"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn the_estimate_grows_with_the_instance() {
    let world = world(Answers::default());
    let mut existing = existing(&world, 20).await;
    existing.gib = 1000;
    let estimate = Estimate::of(&incremental(), Some(&existing));
    assert_eq!((estimate.minutes, estimate.dollars), (3014, 26.17));
}
