//! Databases to which something happens that nobody asked for.

use std::time::Duration;

use proptest::prelude::*;
use sim::fault::{Action, Fault, Plan, Point};
use sim::{Bounds, Durations, Settings, World};

use super::modifications::statuses;
use super::support::*;

fn becomes(status: &str, nth: u32, other: &'static str) -> Plan {
    Plan::List(vec![Fault { at: Point::Status(status.to_owned()), nth, action: Action::Become(other) }])
}

#[tokio::test(start_paused = true)]
async fn a_database_can_fail_while_it_is_created_and_is_then_only_deleted() {
    for status in ["failed", "incompatible-network", "insufficient-capacity", "incompatible-restore"] {
        let world = world();
        world.plan_faults(becomes("available", 1, status));
        for kind in BOTH {
            let rds = Rds::new(&world, PROD, REGION, kind);
            rds.create_database("orders", DatabaseSpec::default()).await.expect("a database");
            world.sleep(5 * MINUTE).await;
            let expected = if kind == Kind::Instance { status } else { "available" };
            assert_eq!(rds.status("orders").await.as_deref(), Ok(expected));
        }
        let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
        assert_eq!(rds.create("orders", "s").await.err(), Some(rds.kind.invalid_database_state()));
        let call = rds.client.delete_db_instance().db_instance_identifier("orders");
        let last = call.final_db_snapshot_identifier("last").send().await;
        assert_eq!(code(last).err(), Some(rds.kind.invalid_database_state()));
        assert_eq!(rds.delete_database("orders", true).await, Ok(()));
    }
}

/// A world in which backups take some minutes.
fn world_with_long_backups() -> World {
    let durations = Durations { backup: Bounds::seconds(60, 180), ..Durations::default() };
    World::with_settings(Settings { durations, ..settings() })
}

#[tokio::test(start_paused = true)]
async fn a_backup_at_an_unexpected_moment_delays_a_modification() {
    let world = world_with_long_backups();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    world.plan_faults(becomes("modifying", 1, "backing-up"));
    let call = rds.client.modify_db_instance().db_instance_identifier("orders").multi_az(true);
    call.apply_immediately(true).send().await.expect("a modification");
    let seen = statuses(&world, &rds, "orders", "modifying").await;
    assert_eq!(seen, ["available", "backing-up", "modifying"]);
    assert_eq!(statuses(&world, &rds, "orders", "available").await, ["modifying", "available"]);
}

#[tokio::test(start_paused = true)]
async fn a_rename_does_not_happen_if_its_name_is_taken_meanwhile() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    let call = rds.client.modify_db_instance().db_instance_identifier("orders").new_db_instance_identifier("taken");
    call.apply_immediately(true).send().await.expect("a rename");
    rds.create_database("taken", DatabaseSpec::default()).await.expect("a database");
    let seen = statuses(&world, &rds, "orders", "rebooting").await;
    assert_eq!(seen, ["available", "renaming", "rebooting"]);
    statuses(&world, &rds, "orders", "available").await;
    assert_eq!(rds.status("orders").await.as_deref(), Ok("available"));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_disabled_during_creation_makes_the_database_inaccessible() {
    for kind in BOTH {
        let world = world();
        let kms = aws_sdk_kms::Client::new(&world.sdk_config(PROD, REGION));
        let key = kms.create_key().send().await.expect("a key");
        let key = key.key_metadata().expect("a key").key_id().to_owned();
        let rds = Rds::new(&world, PROD, REGION, kind);
        let like = DatabaseSpec { key: Some(&key), is_encrypted: true, ..DatabaseSpec::default() };
        rds.create_database("orders", like).await.expect("a database");
        kms.disable_key().key_id(&key).send().await.expect("disabled");
        world.sleep(5 * MINUTE).await;
        assert_eq!(rds.status("orders").await.as_deref(), Ok("inaccessible-encryption-credentials-recoverable"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_is_backing_up_in_its_backup_window() {
    let world = world_with_long_backups();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.create_database("orders", DatabaseSpec::daily(3)).await.expect("a database");
    // The window begins an hour after the world.
    world.sleep(Duration::from_hours(1) - MINUTE).await;
    assert_eq!(statuses(&world, &rds, "orders", "backing-up").await, ["available", "backing-up"]);
    let modify = rds.client.modify_db_instance().db_instance_identifier("orders").multi_az(true).send().await;
    assert_eq!(code(modify).err(), Some(rds.kind.invalid_database_state()));
    assert_eq!(statuses(&world, &rds, "orders", "available").await, ["backing-up", "available"]);
}

/// What can be asked of a database.
#[derive(Clone, Copy, Debug)]
enum Request {
    MultiAz(bool),
    Class(&'static str),
    Grow,
    Rename(&'static str),
    Password,
    Reboot,
    Stop,
    Start,
    Wait(u64),
}

fn action() -> impl Strategy<Value = Request> {
    prop_oneof![
        any::<bool>().prop_map(Request::MultiAz),
        prop_oneof![Just("db.m6g.large"), Just("db.t4g.small")].prop_map(Request::Class),
        Just(Request::Grow),
        prop_oneof![Just("orders"), Just("other")].prop_map(Request::Rename),
        Just(Request::Password),
        Just(Request::Reboot),
        Just(Request::Stop),
        Just(Request::Start),
        (1_u64..400).prop_map(Request::Wait),
    ]
}

async fn perform(world: &World, rds: &Rds, id: &str, action: Request) {
    let modify = || rds.client.modify_db_instance().db_instance_identifier(id).apply_immediately(true);
    match action {
        Request::MultiAz(wanted) => drop(modify().multi_az(wanted).send().await),
        Request::Class(class) => drop(modify().db_instance_class(class).send().await),
        Request::Grow => drop(modify().allocated_storage(400).send().await),
        Request::Rename(new) => drop(modify().new_db_instance_identifier(new).send().await),
        Request::Password => drop(modify().master_user_password("another-one").send().await),
        Request::Reboot => drop(rds.client.reboot_db_instance().db_instance_identifier(id).send().await),
        Request::Stop => drop(rds.client.stop_db_instance().db_instance_identifier(id).send().await),
        Request::Start => drop(rds.client.start_db_instance().db_instance_identifier(id).send().await),
        Request::Wait(seconds) => world.sleep(Duration::from_secs(seconds)).await,
    }
}

/// The statuses that may follow each status, unless it stays.
fn may_follow(before: &str, after: &str) -> bool {
    let starts = ["modifying", "renaming", "rebooting", "resetting-master-credentials", "stopping", "backing-up"];
    match before {
        "available" | "storage-optimization" => starts.contains(&after) || after == "available",
        "modifying" => {
            ["available", "storage-optimization", "resetting-master-credentials", "renaming"].contains(&after)
        }
        "resetting-master-credentials" => ["available", "storage-optimization", "renaming"].contains(&after),
        "renaming" => after == "rebooting",
        "rebooting" => ["available", "storage-optimization"].contains(&after),
        "stopping" => after == "stopped",
        "stopped" => after == "starting",
        "backing-up" | "starting" => after == "available",
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn statuses_move_in_the_order_of_aws_and_values_change_only_when_they_were_pending(
        seed in any::<u64>(),
        actions in proptest::collection::vec(action(), 1..16),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async move {
            let durations = Durations { storage_optimization: Bounds::seconds(60, 300), ..Durations::default() };
            let world = World::with_settings(Settings { seed, durations, ..settings() });
            let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
            rds.database(&world, "orders").await;
            let look = async || {
                let answer = rds.client.describe_db_instances().send().await.expect("instances");
                answer.db_instances()[0].clone()
            };
            for action in actions.into_iter().chain(std::iter::repeat_n(Request::Wait(60), 20)) {
                // A change may have ended since the last look.
                let mut before = look().await;
                perform(&world, &rds, before.db_instance_identifier().expect("a name"), action).await;
                // A moment at a time: no status is shorter.
                for _ in 0..if matches!(action, Request::Wait(_)) { 1 } else { 30 } {
                    let after = look().await;
                    let statuses = [&before, &after].map(|found| found.db_instance_status().expect("a status").to_owned());
                    let long = matches!(action, Request::Wait(_));
                    assert!(long || statuses[0] == statuses[1] || may_follow(&statuses[0], &statuses[1]), "{statuses:?}");
                    let pending = before.pending_modified_values().expect("pending values");
                    if before.multi_az() != after.multi_az() && !long {
                        assert_eq!(pending.multi_az(), after.multi_az());
                    }
                    if before.db_instance_class() != after.db_instance_class() && !long {
                        assert_eq!(pending.db_instance_class(), after.db_instance_class());
                    }
                    if before.db_instance_identifier() != after.db_instance_identifier() && !long {
                        assert_eq!(pending.db_instance_identifier(), after.db_instance_identifier());
                    }
                    assert_eq!(before.dbi_resource_id(), after.dbi_resource_id());
                    before = after;
                    world.sleep(Duration::from_secs(5)).await;
                }
            }
            // Everything ends: in the end, nothing is pending.
            world.sleep(Duration::from_hours(2)).await;
            let last = look().await;
            if last.db_instance_status() == Some("available") {
                let pending = last.pending_modified_values().expect("pending values");
                assert_eq!(pending, &aws_sdk_rds::types::PendingModifiedValues::builder().build());
            }
        });
    }
}
