//! Invariant 21: a database that is not the job's is not touched, under each of its names, at each moment.

use super::*;
use world::{is_last, ready};

/// Creates a database with this name that does not belong to the job.
async fn somebody_elses(fixture: &Fixture, arn: &DatabaseArn, tags: Vec<Tag>) -> Option<Observed> {
    let tags = Some(tags).filter(|tags| !tags.is_empty());
    let created = match arn.kind {
        Kind::Instance => {
            let call = fixture.rds.create_db_instance().db_instance_identifier(arn.id()).engine("mysql");
            let call = call.db_instance_class("db.t4g.medium").allocated_storage(20).master_username("someone");
            call.master_user_password("not-a-secret").set_tags(tags).send().await.is_ok()
        }
        Kind::Cluster => {
            let call = fixture.rds.create_db_cluster().db_cluster_identifier(arn.id()).engine("aurora-mysql");
            let call = call.master_username("someone").master_user_password("not-a-secret");
            call.set_tags(tags).send().await.is_ok()
        }
    };
    match created {
        true => Some(ready(&fixture.world, &fixture.cloud, arn).await),
        false => None,
    }
}

async fn assert_untouched(fixture: &Fixture, before: &Observed, context: &str) {
    let mut found = fixture.find(&before.arn).await.expect(context);
    found.latest_restorable = before.latest_restorable;
    assert_eq!(found, *before, "{context}");
}

async fn delete(fixture: &Fixture, arn: &DatabaseArn) {
    fixture.cloud.delete_database(arn, cloud::Deletion::Everything).await.unwrap();
    while fixture.find(arn).await.is_some() {
        fixture.world.sleep(Duration::from_secs(60)).await;
    }
}

/// Tags that a foreign database may have: none, and those of the job's own database, from which it was restored.
fn foreign_tags(fixture: &Fixture, job: &Job) -> [Vec<Tag>; 2] {
    let mark = format!("{} to=orders at=2026-11-21T06:00:00Z", fixture.orders.resource_id);
    let of_job = job.to_tags().with([("Draco_JobNew", mark.as_str())]);
    [Vec::new(), of_job.iter().map(|(key, value)| tag(key, value)).collect()]
}

#[tokio::test(start_paused = true)]
async fn before_the_job_it_is_refused_and_nothing_is_called() {
    for kind in [Shape::Instance, Shape::Serverless] {
        for name in 0..3 {
            for with_tags in 0..2 {
                let fixture = Fixture::of(kind).await;
                // Nothing has the target's name when another one takes it.
                let request = fixture.request();
                let (other, replaces) = (DatabaseArn::new(fixture.kind, place(), "orders2").unwrap(), None);
                let request = if name == 0 { Request { target: other, replaces, ..request } } else { request };
                let job = Job::new(request).unwrap();
                let names = [job.request().target.clone(), job.new_database(), job.database(Role::Old)];
                let tags = foreign_tags(&fixture, &job)[with_tags].clone();
                // Under the new name, a database with the tags of the job is the job's.
                if name == 1 && with_tags == 1 {
                    continue;
                }
                let foreign = somebody_elses(&fixture, &names[name], tags).await.unwrap();
                let calls = fixture.calls().len();
                let outcome = fixture.go(&job, Direction::Forward).await;
                let Outcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
                assert!(reason.contains("is in use by another database"), "{reason}");
                assert!(fixture.calls()[calls..].iter().all(|(_, operation, _)| operation.starts_with("Describe")));
                assert_untouched(&fixture, &foreign, &reason).await;
                assert_eq!(fixture.old().await.unwrap().tags, fixture.orders.tags);
            }
        }
    }
}

/// After every sixth step (with `RESTORING=all`, after every step), a database that does not belong to the job is created under each of the job's
/// names. The job ends, or a person has to decide. Then that database is removed, and the job is finished or undone.
#[tokio::test(start_paused = true)]
async fn at_each_moment_it_stays_and_so_does_the_old_database() {
    let mut taken = [0; 3];
    for name in 0..3 {
        let every = if faults::is_exhaustive() { 1 } else { 6 };
        for steps in (1..90).step_by(every) {
            let fixture = Fixture::of(Shape::Instance).await;
            let (job, made) = (fixture.job(), std::cell::Cell::new(0));
            let enough = |_: &Fixture, outcome: &Outcome| {
                made.set(made.get() + 1);
                made.get() >= steps || is_last(outcome)
            };
            let (outcome, begin) = fixture.go_until(&job, Direction::Forward, Begin::Allowed, &enough).await;
            if is_last(&outcome) {
                break;
            }
            let names = [target(Kind::Instance), job.new_database(), job.database(Role::Old)];
            let Some(foreign) = somebody_elses(&fixture, &names[name], Vec::new()).await else { continue };
            taken[name] += 1;
            let context = format!("{} after {steps} steps", names[name].id());
            let (outcome, begin) =
                fixture.go_until(&job, Direction::Forward, begin, &|_, outcome| is_last(outcome)).await;
            assert_untouched(&fixture, &foreign, &context).await;
            let is_done = outcome == Outcome::Done;
            if !is_done {
                assert!(fixture.old().await.is_some(), "{outcome:?}: {context}");
            }
            delete(&fixture, &names[name]).await;
            let (outcome, _) = fixture.go_until(&job, Direction::Forward, begin, &|_, it| is_last(it)).await;
            match outcome {
                Outcome::Done => fixture.assert_done(&job, &context).await,
                Outcome::Failed { .. } => assert_eq!(fixture.undo(&job).await, Outcome::Undone, "{context}"),
                other => panic!("{other:?}: {context}"),
            }
        }
    }
    println!("taken: {taken:?}");
    assert!(taken.iter().all(|times| *times > 0), "{taken:?}");
}

#[tokio::test(start_paused = true)]
async fn between_the_two_renames_it_keeps_the_name_and_nothing_is_deleted() {
    for (shape, is_undone) in [Shape::Instance, Shape::Serverless].into_iter().flat_map(|it| [(it, false), (it, true)])
    {
        let fixture = Fixture::of(shape).await;
        let (job, names) = (fixture.job(), fixture.names().await);
        let begin = until_the_name_is_free(&fixture, &job).await;
        let foreign = somebody_elses(&fixture, &target(fixture.kind), Vec::new()).await.unwrap();
        let direction = if is_undone { Direction::Undo { since: fixture.world.now() } } else { Direction::Forward };
        for _ in 0..3 {
            let (outcome, _) = fixture.go_until(&job, direction, begin, &|_, it| is_last(it)).await;
            let Outcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
            assert!(reason.contains("another database got the name of the target"), "{reason}");
        }
        assert_untouched(&fixture, &foreign, "").await;
        assert_eq!(fixture.old().await.unwrap().arn, job.database(Role::Old));
        assert!(fixture.find(&job.new_database()).await.is_some());
        delete(&fixture, &target(fixture.kind)).await;
        let (outcome, _) = fixture.go_until(&job, direction, begin, &|_, it| is_last(it)).await;
        match is_undone {
            false => {
                assert_eq!(outcome, Outcome::Done);
                fixture.assert_done(&job, "").await;
            }
            true => {
                assert_eq!(outcome, Outcome::Undone);
                fixture.assert_undone(&names, "").await;
            }
        }
    }
}

/// A snapshot of the new database has its tags, and so does what is restored from it under the target's name.
#[tokio::test(start_paused = true)]
async fn a_copy_of_the_new_database_under_the_target_is_another_one() {
    let fixture = Fixture::of(Shape::Instance).await;
    let job = fixture.job();
    let begin = until_the_name_is_free(&fixture, &job).await;
    let new = fixture.find(&job.new_database()).await.unwrap();
    let tags = new.tags.iter().map(|(key, value)| tag(key, value));
    let mark = format!("{} to=orders at=2026-11-21T06:00:00Z", new.resource_id);
    let with_mark = tags.chain([tag("Draco_JobNew", &mark)]);
    let copy = somebody_elses(&fixture, &target(fixture.kind), with_mark.collect()).await.unwrap();
    let (outcome, _) = fixture.go_until(&job, Direction::Forward, begin, &|_, it| is_last(it)).await;
    assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
    assert_untouched(&fixture, &copy, "").await;
    assert!(fixture.old().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_old_database_that_a_person_has_renamed_is_left_alone() {
    let fixture = Fixture::of(Shape::Instance).await;
    let job = fixture.job();
    fixture.cloud.rename(&fixture.orders.arn, "orders-by-hand").await.unwrap();
    let by_hand = DatabaseArn::new(fixture.kind, place(), "orders-by-hand").unwrap();
    fixture.world.sleep(Duration::from_secs(3600)).await;
    let before = fixture.find(&by_hand).await.unwrap();
    let outcome = fixture.go(&job, Direction::Forward).await;
    let Outcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("orders-by-hand, and not by this job"), "{reason}");
    assert_untouched(&fixture, &before, "").await;
}

/// A second job for the database of a first one, while that keeps its own old one.
#[tokio::test(start_paused = true)]
async fn a_second_job_waits_for_the_end_of_the_first() {
    let fixture = Fixture::of(Shape::Instance).await;
    let first = fixture.job();
    let is_swapped = |_: &Fixture, outcome: &Outcome| matches!(outcome, Outcome::Swapped { .. });
    let (_, begin) = fixture.go_until(&first, Direction::Forward, Begin::Allowed, &is_swapped).await;
    let replaces = fixture.find(&fixture.orders.arn).await.map(|found| found.resource_id);
    let second = Job::new(Request { replaces, ..fixture.request() }).unwrap();
    let outcome = fixture.go(&second, Direction::Forward).await;
    let Outcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains(first.id().as_str()), "{reason}");
    let (outcome, _) = fixture.go_until(&first, Direction::Forward, begin, &|_, it| is_last(it)).await;
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(fixture.go(&second, Direction::Forward).await, Outcome::Done);
}

/// Makes steps until the target's name is free.
async fn until_the_name_is_free(fixture: &Fixture, job: &Job) -> Begin {
    let is_asked = |_: &Fixture, outcome: &Outcome| matches!(outcome, Outcome::Again { why, .. } if why.starts_with("renaming orders to "));
    let (_, begin) = fixture.go_until(job, Direction::Forward, Begin::Allowed, &is_asked).await;
    while fixture.find(&target(fixture.kind)).await.is_some() {
        fixture.world.sleep(Duration::from_secs(5)).await;
    }
    begin
}
