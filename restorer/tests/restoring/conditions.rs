//! The condition of the databases when the names are swapped, and what AWS refuses then.

use super::*;
use sim::fault::{Action, EVERY, Fault, Plan, Point};
use sim::{Bounds, Durations};
use world::is_last;

/// A rename that is not described for ten minutes after it was accepted.
#[tokio::test(start_paused = true)]
async fn a_rename_that_shows_late_is_waited_for() {
    let slow = |settings: &mut sim::Settings| {
        settings.durations = Durations { lag: Bounds::seconds(600, 600), ..Durations::default() };
    };
    for shape in [Shape::Instance, Shape::Serverless] {
        let fixture = Fixture::with(shape, slow).await;
        let job = fixture.job();
        assert_eq!(fixture.go(&job, Direction::Forward).await, Outcome::Done);
        fixture.assert_done(&job, "").await;
        // One rename of each database, and of each of their members.
        let before = if shape == Shape::Instance { 2 } else { 4 };
        let renames = fixture.calls().iter().filter(|(_, operation, _)| operation.starts_with("ModifyDB")).count();
        let others = 2 * usize::from(shape == Shape::Instance) + 4;
        assert!((before..=before + others).contains(&renames), "{renames}: {:?}", fixture.calls());
    }
}

/// An undo that begins while the rename of the old database is accepted and not described.
#[tokio::test(start_paused = true)]
async fn an_undo_waits_for_a_rename_that_shows_late() {
    for shape in [Shape::Instance, Shape::Serverless] {
        for prefix in ["renaming orders to ", "renaming draco-new-"] {
            let slow = |settings: &mut sim::Settings| {
                settings.durations = Durations { lag: Bounds::seconds(300, 300), ..Durations::default() };
            };
            let fixture = Fixture::with(shape, slow).await;
            let (job, names) = (fixture.job(), fixture.names().await);
            let is_asked = |_: &Fixture, outcome: &Outcome| matches!(outcome, Outcome::Again { why, .. } if why.starts_with(prefix));
            fixture.go_until(&job, Direction::Forward, Begin::Allowed, &is_asked).await;
            assert_eq!(fixture.undo(&job).await, Outcome::Undone);
            fixture.assert_undone(&names, prefix).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_protected_old_database_is_torn_down_after_its_period_and_stays_protected_after_an_undo() {
    for is_undone in [false, true] {
        let mut fixture = Fixture::of(Shape::Instance).await;
        let call = fixture.rds.modify_db_instance().db_instance_identifier("orders").deletion_protection(true);
        call.apply_immediately(true).send().await.unwrap();
        fixture.world.sleep(Duration::from_secs(600)).await;
        fixture.orders = fixture.find(&fixture.orders.arn).await.unwrap();
        assert!(fixture.orders.is_protected);
        let (job, names) = (fixture.job(), fixture.names().await);
        let is_over = |_: &Fixture, outcome: &Outcome| match is_undone {
            true => matches!(outcome, Outcome::Swapped { .. }),
            false => is_last(outcome),
        };
        let (outcome, _) = fixture.go_until(&job, Direction::Forward, Begin::Allowed, &is_over).await;
        if is_undone {
            assert_eq!(fixture.undo(&job).await, Outcome::Undone);
            fixture.assert_undone(&names, "").await;
        } else {
            assert_eq!(outcome, Outcome::Done);
            fixture.assert_done(&job, "").await;
        }
    }
}

/// AWS does not rename a database that it is backing up. The target answers meanwhile.
#[tokio::test(start_paused = true)]
async fn an_old_database_that_is_backed_up_is_renamed_afterwards() {
    let hour = |settings: &mut sim::Settings| {
        settings.durations = Durations { backup: Bounds::seconds(3600, 3600), ..Durations::default() };
    };
    let fixture = Fixture::with(Shape::Instance, hour).await;
    let job = Job::new(Request { approval: Approval::Ask, ..fixture.request() }).unwrap();
    assert!(matches!(fixture.go(&job, Direction::Forward).await, Outcome::Ask { .. }));
    while fixture.old().await.unwrap().condition != Condition::BackingUp {
        fixture.world.sleep(Duration::from_secs(300)).await;
    }
    restorer::approve(&fixture.cloud, &job, fixture.world.now()).await.unwrap();
    let begin = Begin::Begun(fixture.world.now());
    let step = restorer::step(&fixture.cloud, &job, Direction::Forward, begin, fixture.world.now()).await;
    assert!(matches!(&step, Ok(Outcome::Again { why, .. }) if why.contains("backing-up")), "{step:?}");
    assert_eq!(fixture.interruption(), TimeDelta::zero());
    assert_eq!(fixture.go(&job, Direction::Forward).await, Outcome::Done);
    fixture.assert_done(&job, "").await;
}

/// The usual reasons for a restore: the old database has no room left, or does not start.
#[tokio::test(start_paused = true)]
async fn an_old_database_that_is_broken_is_moved_aside_if_aws_renames_it() {
    for status in ["storage-full", "incompatible-parameters", "failed"] {
        let fixture = Fixture::of(Shape::Instance).await;
        let job = fixture.job();
        fixture.world.plan_faults(faults::becomes("available", status));
        let call = fixture.rds.modify_db_instance().db_instance_identifier("orders").multi_az(false);
        call.apply_immediately(true).send().await.unwrap();
        while !matches!(fixture.old().await.unwrap().condition, Condition::Failed(_)) {
            fixture.world.sleep(Duration::from_secs(60)).await;
        }
        let is_over = |_: &Fixture, outcome: &Outcome| is_last(outcome) || matches!(outcome, Outcome::Swapped { .. });
        let (outcome, _) = fixture.go_until(&job, Direction::Forward, Begin::Allowed, &is_over).await;
        // The simulated AWS renames what it can modify. No text of AWS's lists the statuses.
        match status {
            "failed" => {
                let Outcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
                assert!(reason.contains("InvalidDBInstanceState"), "{reason}");
                assert_eq!(fixture.old().await.unwrap().arn, target(fixture.kind));
            }
            _ => assert!(matches!(outcome, Outcome::Swapped { .. }), "{outcome:?}"),
        }
    }
}

/// A role that may not rename the new database: the old one gets its name back at once.
#[tokio::test(start_paused = true)]
async fn a_rename_that_aws_refuses_for_good_is_undone() {
    for shape in [Shape::Instance, Shape::Serverless] {
        let fixture = Fixture::of(shape).await;
        let (job, names) = (fixture.job(), fixture.names().await);
        let is_asked = |_: &Fixture, outcome: &Outcome| matches!(outcome, Outcome::Again { why, .. } if why.starts_with("renaming orders to "));
        let (_, begin) = fixture.go_until(&job, Direction::Forward, Begin::Allowed, &is_asked).await;
        let operation = if shape == Shape::Instance { "ModifyDBInstance" } else { "ModifyDBCluster" };
        let at = Point::Call(operation.to_owned());
        fixture.world.plan_faults(Plan::List(vec![Fault { at, nth: 1, action: Action::Refuse("AccessDenied") }]));
        let (outcome, _) = fixture.go_until(&job, Direction::Forward, begin, &|_, it| is_last(it)).await;
        assert!(matches!(&outcome, Outcome::Failed { reason } if reason.contains("AccessDenied")), "{outcome:?}");
        assert_eq!(fixture.undo(&job).await, Outcome::Undone);
        fixture.assert_undone(&names, "").await;
    }
}

/// A role that may not rename the old one: nothing was interrupted, and the job goes on when it may.
#[tokio::test(start_paused = true)]
async fn a_refused_rename_of_the_old_database_waits_for_a_person() {
    let fixture = Fixture::of(Shape::Instance).await;
    let job = Job::new(Request { approval: Approval::Ask, ..fixture.request() }).unwrap();
    assert!(matches!(fixture.go(&job, Direction::Forward).await, Outcome::Ask { .. }));
    restorer::approve(&fixture.cloud, &job, fixture.world.now()).await.unwrap();
    let at = Point::Call("ModifyDBInstance".to_owned());
    fixture.world.plan_faults(Plan::List(vec![Fault { at, nth: EVERY, action: Action::Refuse("AccessDenied") }]));
    let outcome = fixture.go(&job, Direction::Forward).await;
    let Outcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("AccessDenied"), "{reason}");
    assert_eq!(fixture.interruption(), TimeDelta::zero());
    fixture.world.plan_faults(Plan::NoFaults);
    assert_eq!(fixture.go(&job, Direction::Forward).await, Outcome::Done);
    fixture.assert_done(&job, "").await;
}

/// The new database is lost between the two renames.
#[tokio::test(start_paused = true)]
async fn a_new_database_that_is_deleted_gives_the_old_one_its_name() {
    for shape in [Shape::Instance, Shape::Serverless] {
        let fixture = Fixture::of(shape).await;
        let (job, names) = (fixture.job(), fixture.names().await);
        let is_asked = |_: &Fixture, outcome: &Outcome| matches!(outcome, Outcome::Again { why, .. } if why.starts_with("renaming orders to "));
        let (_, begin) = fixture.go_until(&job, Direction::Forward, Begin::Allowed, &is_asked).await;
        let new = fixture.find(&job.new_database()).await.unwrap();
        for member in &new.members {
            fixture.cloud.delete_member(&member.arn).await.unwrap();
        }
        fixture.world.sleep(Duration::from_secs(1)).await;
        fixture.cloud.unprotect(&new.arn).await.unwrap();
        fixture.cloud.delete_database(&new.arn, cloud::Deletion::Everything).await.unwrap();
        let (outcome, _) = fixture.go_until(&job, Direction::Forward, begin, &|_, it| is_last(it)).await;
        assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
        fixture.assert_undone(&names, "").await;
    }
}

/// A restore that fails, such as one into parameters that do not fit: the old database is not touched.
#[tokio::test(start_paused = true)]
async fn a_restore_that_fails_leaves_the_old_database_alone() {
    for shape in [Shape::Instance, Shape::Serverless] {
        let fixture = Fixture::of(shape).await;
        let (job, names) = (fixture.job(), fixture.names().await);
        fixture.world.plan_faults(faults::becomes("available", "incompatible-parameters"));
        let outcome = fixture.go(&job, Direction::Forward).await;
        assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
        fixture.world.plan_faults(Plan::NoFaults);
        assert_eq!(fixture.interruption(), TimeDelta::zero());
        assert_eq!(fixture.undo(&job).await, Outcome::Undone);
        fixture.assert_undone(&names, "").await;
    }
}

/// A timer that is lost for a day after the swap has begun. A sweep finds the job in the databases.
#[tokio::test(start_paused = true)]
async fn a_lost_timer_is_continued_by_a_sweep() {
    for prefix in ["renaming orders to ", "renaming draco-new-"] {
        let fixture = Fixture::of(Shape::Instance).await;
        let job = fixture.job();
        let is_asked =
            |_: &Fixture, outcome: &Outcome| matches!(outcome, Outcome::Again { why, .. } if why.starts_with(prefix));
        fixture.go_until(&job, Direction::Forward, Begin::Allowed, &is_asked).await;
        fixture.world.sleep(Duration::from_secs(24 * 3600)).await;
        let found = provision::sweep::sweep(&fixture.cloud, fixture.world.now()).await.unwrap();
        let due = found.iter().find_map(|found| match &found.due {
            provision::sweep::Due::Continue(found, _) => Some(found.as_ref().clone()),
            _ => None,
        });
        assert_eq!(due.as_ref(), Some(&job), "{found:?}");
        let begin = Begin::Begun(fixture.world.now());
        let (outcome, _) = fixture.go_until(&job, Direction::Forward, begin, &|_, it| is_last(it)).await;
        assert_eq!(outcome, Outcome::Done);
        fixture.assert_done(&job, prefix).await;
    }
}

/// The mark of an undo is on the new database: a later step of a timer that knows nothing of it goes back.
#[tokio::test(start_paused = true)]
async fn an_undo_survives_the_command_that_began_it() {
    for shape in [Shape::Instance, Shape::Serverless] {
        let fixture = Fixture::of(shape).await;
        let (job, names) = (fixture.job(), fixture.names().await);
        let is_swapped = |_: &Fixture, outcome: &Outcome| matches!(outcome, Outcome::Swapped { .. });
        let (_, begin) = fixture.go_until(&job, Direction::Forward, Begin::Allowed, &is_swapped).await;
        let undo = Direction::Undo { since: fixture.world.now() };
        restorer::step(&fixture.cloud, &job, undo, Begin::Allowed, fixture.world.now()).await.unwrap();
        let (outcome, _) = fixture.go_until(&job, Direction::Forward, begin, &|_, it| is_last(it)).await;
        assert!(matches!(outcome, Outcome::Undone | Outcome::Failed { .. }), "{outcome:?}");
        fixture.assert_undone(&names, "").await;
    }
}
