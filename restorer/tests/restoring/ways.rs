//! The whole way, and an undo at each part of it.

use super::*;
use world::{SHAPES, is_last};

/// Both renames as long as AWS takes them here at most, and what the looks add: invariant 18.
const INTERRUPTION: TimeDelta = TimeDelta::minutes(14);

#[tokio::test(start_paused = true)]
async fn a_database_gets_its_name_back_and_the_old_one_is_kept() {
    for shape in SHAPES {
        let fixture = Fixture::of(shape).await;
        let job = fixture.job();
        let is_swapped = |_: &Fixture, outcome: &Outcome| matches!(outcome, Outcome::Swapped { .. });
        let (_, begin) = fixture.go_until(&job, Direction::Forward, Begin::Allowed, &is_swapped).await;
        let swapped = fixture.world.now();
        let old = fixture.find(&job.database(Role::Old)).await.expect("the old one");
        assert_eq!((old.resource_id.as_str(), old.is_protected), (fixture.orders.resource_id.as_str(), true));
        let kept = |fixture: &Fixture, _: &Outcome| fixture.world.now() >= swapped + TimeDelta::minutes(55);
        let (outcome, begin) = fixture.go_until(&job, Direction::Forward, begin, &kept).await;
        assert!(matches!(outcome, Outcome::Again { .. }), "{outcome:?}");
        let (outcome, _) = fixture.go_until(&job, Direction::Forward, begin, &|_, it| is_last(it)).await;
        assert_eq!(outcome, Outcome::Done);
        fixture.assert_done(&job, "").await;
        let (calls, interruption) = (fixture.calls().len(), fixture.interruption());
        println!("{shape:?}: {calls} calls, {} s of interruption", interruption.num_seconds());
        assert!(TimeDelta::zero() < interruption && interruption < INTERRUPTION, "{interruption}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_done_changes_nothing_when_it_is_repeated() {
    for shape in SHAPES {
        let fixture = Fixture::of(shape).await;
        let job = fixture.job();
        assert_eq!(fixture.go(&job, Direction::Forward).await, Outcome::Done);
        let calls = fixture.calls().len();
        for begin in [Begin::Allowed, Begin::Begun(fixture.start), Begin::Perhaps(fixture.start)] {
            let step = restorer::step(&fixture.cloud, &job, Direction::Forward, begin, fixture.world.now()).await;
            assert_eq!(step.unwrap(), Outcome::Done);
        }
        let all = fixture.calls();
        assert!(all[calls..].iter().all(|(_, operation, _)| operation.starts_with("Describe")), "{:?}", &all[calls..]);
        let too_late = Outcome::TooLate { final_snapshot: Some(job.final_snapshot()) };
        assert_eq!(fixture.undo(&job).await, too_late);
    }
}

#[tokio::test(start_paused = true)]
async fn it_asks_and_goes_on_when_a_person_agrees() {
    let fixture = Fixture::of(Shape::Instance).await;
    let job = Job::new(Request { approval: Approval::Ask, ..fixture.request() }).unwrap();
    assert!(!restorer::approve(&fixture.cloud, &job, fixture.world.now()).await.unwrap());
    for _ in 0..3 {
        let outcome = fixture.go(&job, Direction::Forward).await;
        let Outcome::Ask { database, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(database.arn, job.new_database());
    }
    assert_eq!(fixture.old().await.unwrap().tags, fixture.orders.tags);
    assert!(restorer::approve(&fixture.cloud, &job, fixture.world.now()).await.unwrap());
    assert_eq!(fixture.go(&job, Direction::Forward).await, Outcome::Done);
    fixture.assert_done(&job, "").await;
}

#[tokio::test(start_paused = true)]
async fn without_an_old_database_the_new_one_gets_the_name() {
    for shape in [Shape::Instance, Shape::Serverless] {
        let fixture = Fixture::of(shape).await;
        let name = DatabaseArn::new(fixture.kind, place(), "orders2").unwrap();
        let job = Job::new(Request { target: name.clone(), replaces: None, ..fixture.request() });
        // The settings of the data's database are recorded nowhere: its network has to be given.
        let outcome = fixture.go(&job.unwrap(), Direction::Forward).await;
        let Outcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
        assert!(reason.contains("DBSubnetGroupName"), "{reason}");
        let network = [Setting::SubnetGroup, Setting::SecurityGroups];
        let overrides = fixture.orders.spec.settings.clone().into_iter().filter(|(it, _)| network.contains(it));
        let (replaces, overrides) = (None, overrides.collect());
        let job = Job::new(Request { target: name.clone(), replaces, overrides, ..fixture.request() }).unwrap();
        assert_eq!(fixture.go(&job, Direction::Forward).await, Outcome::Done);
        assert!(fixture.find(&name).await.is_some() && fixture.find(&job.new_database()).await.is_none());
        assert_eq!(fixture.old().await.unwrap().arn, fixture.orders.arn);
        assert_eq!(fixture.go(&job, Direction::Forward).await, Outcome::Done);
        assert_eq!(fixture.undo(&job).await, Outcome::TooLate { final_snapshot: None });
    }
}

#[tokio::test(start_paused = true)]
async fn at_once_the_old_database_moves_aside_first() {
    for shape in SHAPES {
        let fixture = Fixture::of(shape).await;
        let job = Job::new(Request { approval: Approval::AtOnce, ..fixture.request() }).unwrap();
        assert_eq!(fixture.go(&job, Direction::Forward).await, Outcome::Done);
        fixture.assert_done(&job, "").await;
        let calls = fixture.calls();
        let first = |name: &str| calls.iter().position(|(_, operation, _)| operation.starts_with(name)).unwrap();
        assert!(first("ModifyDB") < first("RestoreDB"), "{calls:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn at_once_the_old_database_gets_its_name_back_when_the_restore_fails() {
    for shape in SHAPES {
        let fixture = Fixture::of(shape).await;
        let names = fixture.names().await;
        let job = Job::new(Request { approval: Approval::AtOnce, ..fixture.request() }).unwrap();
        let is_restoring = |fixture: &Fixture, _: &Outcome| {
            fixture.calls().iter().any(|(_, operation, _)| operation.starts_with("RestoreDB"))
        };
        let (_, begin) = fixture.go_until(&job, Direction::Forward, Begin::Allowed, &is_restoring).await;
        fixture.world.plan_faults(faults::becomes("available", "failed"));
        let (outcome, _) = fixture.go_until(&job, Direction::Forward, begin, &|_, it| is_last(it)).await;
        assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
        fixture.world.plan_faults(sim::fault::Plan::NoFaults);
        assert_eq!(fixture.old().await.unwrap().arn, target(fixture.kind));
        assert_eq!(fixture.undo(&job).await, Outcome::Undone);
        fixture.assert_undone(&names, "").await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_undo_after_each_step_restores_what_was() {
    for shape in SHAPES {
        let (mut steps, mut undone, mut late) = (0, 0, 0);
        while let Some(outcome) = undo_after(shape, steps).await {
            match outcome {
                Outcome::Undone => undone += 1,
                Outcome::TooLate { .. } => late += 1,
                other => panic!("{other:?}: {shape:?} undone after {steps} steps"),
            }
            // While AWS restores and renames, one look is like the next. With `RESTORING=all`, there is an undo after each.
            steps += match shape {
                _ if faults::is_exhaustive() => 1,
                Shape::Instance => 7,
                Shape::Cluster | Shape::Serverless => 25,
            };
        }
        println!("{shape:?}: {steps} steps, {undone} undone, {late} too late");
        assert!(undone > 2, "{undone} undone, {late} too late of {steps}");
    }
}

/// `None` if the job has fewer steps.
async fn undo_after(shape: Shape, steps: usize) -> Option<Outcome> {
    let fixture = Fixture::of(shape).await;
    let (job, names, made) = (fixture.job(), fixture.names().await, std::cell::Cell::new(0));
    if steps > 0 {
        let enough = |_: &Fixture, outcome: &Outcome| {
            made.set(made.get() + 1);
            made.get() >= steps || is_last(outcome)
        };
        if is_last(&fixture.go_until(&job, Direction::Forward, Begin::Allowed, &enough).await.0) {
            return None;
        }
    }
    let outcome = fixture.undo(&job).await;
    let context = format!("{shape:?} undone after {steps} steps");
    if outcome == Outcome::Undone {
        fixture.assert_undone(&names, &context).await;
    } else {
        fixture.go(&job, Direction::Forward).await;
        fixture.assert_done(&job, &context).await;
    }
    Some(outcome)
}
