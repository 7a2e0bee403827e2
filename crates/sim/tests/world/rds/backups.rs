//! When automated snapshots are created, and what keeps them from it.

use sim::World;
use sim::questions::{BackupDuringCopy, BackupDuringSharedCopy, FirstBackup};

use super::support::*;

/// A database `daily` that is backed up at 04:00, with a manual snapshot `s` that is shared with DR. It is 03:59.
async fn before_the_window(world: &World, kind: Kind) -> Rds {
    let rds = Rds::new(world, PROD, REGION, kind);
    rds.create_database("daily", DatabaseSpec::daily(7)).await.expect("a database");
    world.sleep(5 * MINUTE).await;
    rds.create("daily", "s").await.expect("a snapshot");
    world.sleep(10 * MINUTE).await;
    rds.share("s", &[DR], &[]).await.expect("a share");
    while world.now().format("%H:%M").to_string() != "03:59" {
        world.sleep(MINUTE).await;
    }
    rds
}

/// The minutes in the identifiers of the automated snapshots.
async fn backups(rds: &Rds) -> Vec<String> {
    let ids = rds.ids(Query { origin: Some("automated"), ..Query::default() }).await.expect("a page");
    ids.iter().map(|id| id.strip_prefix("rds:daily-2026-11-").expect("an identifier").to_owned()).collect()
}

const COPY: CopyRequest<'static> =
    CopyRequest { source: "s", target: "c", key: None, copy_tags: false, tags: Tags::new() };

#[tokio::test(start_paused = true)]
async fn a_backup_is_postponed_skipped_or_taken_while_a_snapshot_of_the_database_is_copied() {
    for answer in BackupDuringCopy::ALL {
        for kind in BOTH {
            let world = world_where(|answers| answers.backup_during_copy = *answer);
            let rds = before_the_window(&world, kind).await;
            rds.copy(COPY).await.expect("a copy");
            world.sleep(2 * MINUTE).await;
            let (during, after): (&[&str], &[&str]) = match answer {
                BackupDuringCopy::Postponed => (&[], &["21-04-09", "22-04-00"]),
                BackupDuringCopy::Skipped => (&[], &["22-04-00"]),
                BackupDuringCopy::Taken => (&["21-04-00"], &["21-04-00", "22-04-00"]),
            };
            assert_eq!(backups(&rds).await, during);
            world.sleep(DAY).await;
            assert_eq!(backups(&rds).await, after);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_postponed_backup_is_taken_when_the_last_copy_has_ended_in_any_way() {
    for kind in BOTH {
        let world = world_where(|answers| answers.backup_during_copy = BackupDuringCopy::Postponed);
        let rds = before_the_window(&world, kind).await;
        rds.copy(COPY).await.expect("a copy");
        world.sleep(5 * MINUTE).await;
        rds.copy(CopyRequest { target: "d", ..COPY }).await.expect("a copy");
        world.sleep(6 * MINUTE).await;
        assert_eq!(backups(&rds).await, [""; 0]);
        rds.delete("d").await.expect("a deletion");
        assert_eq!(backups(&rds).await, ["21-04-10"]);
    }
}

#[tokio::test(start_paused = true)]
async fn only_copies_of_the_same_database_in_its_region_hold_a_backup_up() {
    for kind in BOTH {
        let world = world_where(|answers| answers.backup_during_copy = BackupDuringCopy::Postponed);
        let rds = before_the_window(&world, kind).await;
        let source = kind.arn(PROD, REGION, "s");
        let other_region = Rds::new(&world, PROD, OTHER_REGION, kind);
        other_region.copy(CopyRequest { source: &source, ..COPY }).await.expect("a copy");
        world.sleep(2 * MINUTE).await;
        assert_eq!(backups(&rds).await, ["21-04-00"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_in_another_account_may_hold_a_backup_up() {
    for answer in BackupDuringSharedCopy::ALL {
        for kind in BOTH {
            let world = world_where(|answers| {
                answers.backup_during_copy = BackupDuringCopy::Postponed;
                answers.backup_during_shared_copy = *answer;
            });
            let rds = before_the_window(&world, kind).await;
            let source = kind.arn(PROD, REGION, "s");
            let dr = Rds::new(&world, DR, REGION, kind);
            dr.copy(CopyRequest { source: &source, ..COPY }).await.expect("a copy");
            world.sleep(20 * MINUTE).await;
            let expected = match answer {
                BackupDuringSharedCopy::DoesNotCount => ["21-04-00"],
                BackupDuringSharedCopy::Counts => ["21-04-09"],
            };
            assert_eq!(backups(&rds).await, expected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_backup_is_taken_in_the_window_or_when_the_database_is_available() {
    for answer in FirstBackup::ALL {
        let world = world_where(|answers| answers.first_backup = *answer);
        for kind in BOTH {
            let rds = Rds::new(&world, PROD, REGION, kind);
            rds.create_database("daily", DatabaseSpec::daily(7)).await.expect("a database");
            let created = world.now();
            world.sleep(5 * MINUTE).await;
            let expected = match answer {
                FirstBackup::InTheWindow => vec![],
                FirstBackup::AtCreation => vec![(created + 5 * MINUTE).format("%d-%H-%M").to_string()],
            };
            assert_eq!(backups(&rds).await, expected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_without_retention_has_no_first_backup_either() {
    let world = world_where(|answers| answers.first_backup = FirstBackup::AtCreation);
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    assert_eq!(backups(&rds).await, [""; 0]);
}
