//! Invariant 21: a database that is not the job's is not touched, under each name of a job, at each moment.

use protocol::job::JobId;
use protocol::tags;
use sim::fault::{Action, Fault, Plan, Point};

use super::*;

/// A database of somebody else's, under this name, with these tags.
async fn somebody_elses(fixture: &Fixture, arn: &DatabaseArn, tags: Vec<Tag>) {
    let tags = Some(tags).filter(|tags| !tags.is_empty());
    match arn.kind {
        Kind::Instance => {
            let call = fixture.rds.create_db_instance().db_instance_identifier(arn.id()).engine("mysql");
            let call = call.db_instance_class("db.t4g.medium").allocated_storage(20).master_username("someone");
            call.master_user_password("not-a-secret").set_tags(tags).send().await.unwrap();
        }
        Kind::Cluster => {
            let call = fixture.rds.create_db_cluster().db_cluster_identifier(arn.id()).engine("aurora-mysql");
            let call = call.master_username("someone").master_user_password("not-a-secret");
            call.set_tags(tags).send().await.unwrap();
        }
    }
    for _ in 0..STEPS {
        if let Some(found) = fixture.cloud.observe(arn).await.unwrap()
            && found.condition == protocol::observed::Condition::Ready
        {
            return;
        }
        fixture.world.sleep(Duration::from_secs(60)).await;
    }
    panic!("{arn} is never ready");
}

/// Tags that a foreign database may have: none, those of another job, and those of a job that it was restored from.
fn foreign_tags() -> [Vec<Tag>; 3] {
    [Vec::new(), vec![tag("owner", "somebody")], vec![tag(tags::JOB, "ba9876543210")]]
}

fn changing_calls(fixture: &Fixture, start: DateTime<Utc>) -> Vec<String> {
    fixture.calls_since(start).into_keys().filter(|operation| !operation.starts_with("Describe")).collect()
}

#[tokio::test(start_paused = true)]
async fn under_the_new_name_it_is_refused_and_not_touched() {
    for (kind, tags) in Kind::ALL.into_iter().flat_map(|kind| foreign_tags().map(|tags| (kind, tags))) {
        for verb in Verb::ALL {
            let fixture = Fixture::new(kind).await;
            let job = fixture.job(verb);
            somebody_elses(&fixture, &job.new_database(), tags.clone()).await;
            let (start, before) = (fixture.world.now(), fixture.cloud.observe(&job.new_database()).await.unwrap());
            let Outcome::Refused { reason } = fixture.provision(&job).await else { panic!("not refused") };
            assert!(reason.contains("is in use by another database"), "{reason}");
            let torn_down = fixture.tear_down(&job, verb.role(), None).await;
            assert!(matches!(torn_down, teardown::Outcome::Refused { .. }), "{torn_down:?}");
            assert_eq!(changing_calls(&fixture, start), [""; 0]);
            assert_eq!(fixture.cloud.observe(&job.new_database()).await.unwrap(), before);
        }
    }
}

// The tag alone does not make a database the job's: a restore from its snapshot inherits it.
#[tokio::test(start_paused = true)]
async fn with_the_tag_of_the_job_under_another_name_it_is_not_found() {
    let fixture = Fixture::new(Kind::Instance).await;
    let job = fixture.job(Verb::Verify);
    let other = DatabaseArn::new(Kind::Instance, place(), "copy-of-orders").unwrap();
    somebody_elses(&fixture, &other, job.to_tags().iter().map(|(key, value)| tag(key, value)).collect()).await;
    let before = fixture.cloud.observe(&other).await.unwrap();
    fixture.provisioned(&job).await;
    assert_eq!(fixture.tear_down(&job, Role::Verify, None).await, teardown::Outcome::TornDown);
    assert_eq!(fixture.cloud.observe(&other).await.unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn under_the_name_of_a_member_it_is_refused_before_anything_is_created() {
    for nth in 1..=3 {
        let fixture = Fixture::new(Kind::Cluster).await;
        let job = fixture.job(Verb::Restore);
        somebody_elses(&fixture, &job.member(Role::New, nth), Vec::new()).await;
        let start = fixture.world.now();
        let Outcome::Refused { reason } = fixture.provision(&job).await else { panic!("not refused") };
        assert!(reason.contains(&format!("-m{nth}-")) && reason.contains("is in use by another instance"), "{reason}");
        assert_eq!(changing_calls(&fixture, start), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn under_the_name_of_a_member_during_the_restore_it_ends_the_job_and_stays() {
    for nth in 1..=3 {
        let fixture = Fixture::new(Kind::Cluster).await;
        let (job, now) = (fixture.job(Verb::Restore), fixture.world.now());
        let started = provision::step(&fixture.cloud, &job, Begin::Allowed, None, now).await.unwrap();
        assert!(matches!(started, Outcome::Again { .. }), "{started:?}");
        let other = job.member(Role::New, nth);
        somebody_elses(&fixture, &other, Vec::new()).await;
        let Outcome::Failed { reason } = fixture.provision(&job).await else { panic!("not failed") };
        assert!(reason.contains("is in use by another database"), "{reason}");
        assert_eq!(fixture.tear_down(&job, Role::New, None).await, teardown::Outcome::TornDown);
        let found = fixture.cloud.observe(&other).await.unwrap();
        assert!(found.is_some_and(|found| found.spec.engine == "mysql"));
    }
}

// A person has added a reader to the cluster of the job. Neither it nor the cluster is deleted.
#[tokio::test(start_paused = true)]
async fn an_instance_in_the_cluster_keeps_both_from_being_deleted() {
    let fixture = Fixture::new(Kind::Cluster).await;
    let job = fixture.job(Verb::Verify);
    let cluster = fixture.provisioned(&job).await;
    let call = fixture.rds.create_db_instance().db_instance_identifier("reports").engine("aurora-postgresql");
    let call = call.db_cluster_identifier(cluster.arn.id()).db_instance_class("db.t4g.medium");
    call.send().await.unwrap();
    fixture.world.sleep(Duration::from_secs(3600)).await;
    let start = fixture.world.now();
    let outcome = fixture.tear_down(&job, Role::Verify, None).await;
    let teardown::Outcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("db:reports is in the cluster and does not belong to this job"), "{reason}");
    assert_eq!(changing_calls(&fixture, start), [""; 0]);
    // When the person has deleted it, the cluster follows.
    fixture.rds.delete_db_instance().db_instance_identifier("reports").skip_final_snapshot(true).send().await.unwrap();
    assert_eq!(fixture.tear_down(&job, Role::Verify, None).await, teardown::Outcome::TornDown);
}

#[tokio::test(start_paused = true)]
async fn under_the_name_of_the_old_database_it_is_not_torn_down() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind).await;
        let job = fixture.job(Verb::Restore);
        somebody_elses(&fixture, &job.database(Role::Old), Vec::new()).await;
        let start = fixture.world.now();
        let outcome = fixture.tear_down(&job, Role::Old, None).await;
        assert!(matches!(outcome, teardown::Outcome::Refused { .. }), "{outcome:?}");
        assert_eq!(changing_calls(&fixture, start), [""; 0]);
    }
}

// Invariant 19: before the members of a cluster go, it is known that its data can stay.
#[tokio::test(start_paused = true)]
async fn under_the_name_of_the_final_snapshot_nothing_of_the_old_database_is_changed() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind).await;
        let job = fixture.job(Verb::Restore);
        // A snapshot of another database.
        let other = fixture.provisioned(&fixture.job(Verb::Verify)).await;
        let name = job.final_snapshot();
        match kind {
            Kind::Instance => {
                let call = fixture.rds.create_db_snapshot().db_instance_identifier(other.arn.id());
                drop(call.db_snapshot_identifier(&name).send().await.unwrap());
            }
            Kind::Cluster => {
                let call = fixture.rds.create_db_cluster_snapshot().db_cluster_identifier(other.arn.id());
                drop(call.db_cluster_snapshot_identifier(&name).send().await.unwrap());
            }
        }
        super::ways::move_aside(&fixture, &job).await;
        let start = fixture.world.now();
        let outcome = fixture.tear_down(&job, Role::Old, None).await;
        let teardown::Outcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
        assert!(reason.contains(&name) && reason.contains("rename or delete that snapshot"), "{reason}");
        assert_eq!(changing_calls(&fixture, start), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_database_of_another_job_is_foreign() {
    let fixture = Fixture::new(Kind::Instance).await;
    let (one, other) = (fixture.job(Verb::Verify), fixture.job(Verb::Rewind));
    let database = fixture.provisioned(&one).await;
    assert_ne!(one.new_database(), other.new_database());
    assert_eq!(fixture.tear_down(&other, Role::Verify, None).await, teardown::Outcome::TornDown);
    assert_eq!(
        fixture.cloud.observe(&database.arn).await.unwrap().map(|it| it.resource_id),
        Some(database.resource_id)
    );
    let id: JobId = one.id().clone();
    assert_eq!(database.tags.get(tags::JOB), Some(id.as_str()));
}

#[tokio::test(start_paused = true)]
async fn an_instance_in_the_cluster_is_not_rebooted() {
    let fixture = Fixture::new(Kind::Cluster).await;
    let job = fixture.job(Verb::Restore);
    let cluster = fixture.provisioned(&job).await;
    let call = fixture.rds.create_db_parameter_group().db_parameter_group_name("theirs");
    call.db_parameter_group_family("aurora-postgresql16").description("Theirs").send().await.unwrap();
    let call = fixture.rds.create_db_instance().db_instance_identifier("reports").engine("aurora-postgresql");
    let call = call.db_cluster_identifier(cluster.arn.id()).db_instance_class("db.t4g.medium");
    call.send().await.unwrap();
    fixture.world.sleep(Duration::from_secs(3600)).await;
    let call = fixture.rds.modify_db_instance().db_instance_identifier("reports");
    call.db_parameter_group_name("theirs").send().await.unwrap();
    fixture.world.sleep(Duration::from_secs(1800)).await;
    let start = fixture.world.now();
    let outcome = fixture.go_on(&job, Begin::Begun(start)).await;
    let Outcome::Provisioned { database, .. } = outcome else { panic!("{outcome:?}") };
    assert!(database.members.iter().any(|member| member.needs_reboot));
    assert_eq!(changing_calls(&fixture, start), [""; 0]);
}

// Another person creates a database with the name between the look and the restore. The job is refused, as if it had been there before.
#[tokio::test(start_paused = true)]
async fn a_database_that_takes_the_name_during_the_first_step_refuses_the_job() {
    let fixture = Fixture::new(Kind::Instance).await;
    let (job, start) = (fixture.job(Verb::Verify), fixture.world.now());
    let at = Point::Call("RestoreDBInstanceFromDBSnapshot".to_owned());
    let delay = Fault { at, nth: 1, action: Action::Delay(Duration::from_secs(20)) };
    fixture.world.plan_faults(Plan::List(vec![delay]));
    let foreign = async {
        fixture.world.sleep(Duration::from_secs(5)).await;
        let call = fixture.rds.create_db_instance().db_instance_identifier(job.new_database().id()).engine("mysql");
        let call = call.db_instance_class("db.t4g.medium").allocated_storage(20).master_username("someone");
        call.master_user_password("not-a-secret").send().await.unwrap();
    };
    let (outcome, ()) = tokio::join!(fixture.provision(&job), foreign);
    let Outcome::Refused { reason } = &outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("is in use by another database"), "{reason}");
    assert!(fixture.world.now() - start < TimeDelta::hours(1));
}

#[tokio::test(start_paused = true)]
async fn a_database_whose_tag_was_removed_is_given_up_with_the_way_back() {
    let fixture = Fixture::new(Kind::Instance).await;
    let job = fixture.job(Verb::Restore);
    fixture.provisioned(&job).await;
    let call = fixture.rds.remove_tags_from_resource().resource_name(job.new_database().to_string());
    call.tag_keys(tags::JOB).send().await.unwrap();
    let start = fixture.world.now();
    let outcome = fixture.go_on(&job, Begin::Begun(start)).await;
    let Outcome::GivenUp { reason } = &outcome else { panic!("{outcome:?}") };
    assert!(reason.contains(&format!("set Draco_Job to {} again; otherwise", job.id())), "{reason}");
    assert_eq!(changing_calls(&fixture, start), [""; 0]);
}
