//! Each way to a database, without faults: from a snapshot, to a point in time, as a clone; to stay, or for a while.

use protocol::job::Moment;
use protocol::observed::Condition;
use protocol::spec::{Setting, Value};
use sim::fault::{Action, Fault, Plan, Point};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_database_that_stays_has_the_settings_of_the_old_one() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind).await;
        let job = fixture.job(Verb::Restore);
        let database = fixture.provisioned(&job).await;
        let named = |observed: &Observed| {
            (observed.spec.engine.clone(), observed.spec.version.clone(), observed.spec.settings.clone())
        };
        assert_eq!(named(&database), named(&fixture.orders));
        assert_eq!(database.arn, job.new_database());
        let members = |observed: &Observed| {
            let mut all: Vec<_> =
                observed.members.iter().map(|it| (it.is_writer, it.settings.clone(), it.condition.clone())).collect();
            all.sort_by_key(|(is_writer, settings, _)| (*is_writer, settings.clone()));
            all
        };
        let without_zones = |members: Vec<(bool, Settings, Condition)>| -> Vec<(bool, Settings, Condition)> {
            members
                .into_iter()
                .map(|(is_writer, mut settings, condition)| {
                    settings.remove(&Setting::AvailabilityZone);
                    (is_writer, settings, condition)
                })
                .collect()
        };
        assert_eq!(without_zones(members(&database)), without_zones(members(&fixture.orders)));
        assert_eq!(database.tags.get("owner"), Some("shop"));
        assert!(database.members.iter().all(|member| member.tags.get("owner") == Some("shop")));
        // A later step finds nothing to do.
        let before = fixture.world.now();
        assert!(matches!(fixture.provision(&job).await, Outcome::Provisioned { .. }));
        let calls = fixture.calls_since(before);
        assert!(calls.keys().all(|operation| operation.starts_with("Describe")), "{calls:?}");
    }
}

// Many settings are "valid for: Aurora DB clusters only".
#[tokio::test(start_paused = true)]
async fn a_multi_az_cluster_is_provisioned_and_torn_down() {
    let fixture = Fixture::of(Shape::MultiAzCluster).await;
    let before = fixture.names().await;
    for verb in [Verb::Restore, Verb::Verify] {
        let job = fixture.job(verb);
        let Outcome::Provisioned { database, report } = fixture.provision(&job).await else { panic!("{verb:?}") };
        assert_eq!(report, [""; 0]);
        assert_eq!(database.members, []);
        if verb == Verb::Restore {
            // That it has no public address is always stated.
            let mut expected = fixture.orders.spec.settings.clone();
            expected.insert(Setting::PubliclyAccessible, Value::Flag(false));
            assert_eq!(database.spec.settings, expected);
        }
        let class = database.spec.settings.get(&Setting::ClusterClass);
        assert!(matches!(class, Some(Value::Name(class)) if class.contains("gd.")), "{class:?}");
        assert_eq!(fixture.tear_down(&job, verb.role(), None).await, teardown::Outcome::TornDown);
        assert_eq!(fixture.names().await, before);
    }
}

// The first backup of a large database takes hours, in which it serves.
#[tokio::test(start_paused = true)]
async fn a_database_is_provisioned_while_its_first_backup_runs() {
    let settings = WorldSettings { copy_gib_per_minute: 1, ..world_settings() };
    let fixture = Fixture::with(Kind::Instance, settings).await;
    let start = fixture.world.now();
    let job = fixture.job(Verb::Restore);
    let database = fixture.provisioned(&job).await;
    assert!(fixture.world.now() - start < TimeDelta::hours(1));
    assert_eq!(database.spec.settings, fixture.orders.spec.settings);
    fixture.world.sleep(Duration::from_secs(600)).await;
    let later = fixture.cloud.observe(&database.arn).await.unwrap().unwrap();
    assert_eq!(later.condition, Condition::BackingUp);
    assert!(matches!(fixture.provision(&job).await, Outcome::Provisioned { .. }));
}

// AWS loads the blocks of a large database for hours, in which it can be queried.
#[tokio::test(start_paused = true)]
async fn a_temporary_database_is_provisioned_while_its_blocks_are_loaded() {
    let mut settings = world_settings();
    settings.durations.backup = sim::Bounds::seconds(3 * 3600, 4 * 3600);
    let fixture = Fixture::with(Kind::Instance, settings).await;
    let deadline = fixture.world.now() + TimeDelta::hours(2);
    let job = Job::new(Request { deadline, ..fixture.request(Verb::Verify) }).unwrap();
    let database = fixture.provisioned(&job).await;
    let loading = Action::Become("storage-initialization");
    let fault = Fault { at: Point::Status("available".to_owned()), nth: 1, action: loading };
    fixture.world.plan_faults(Plan::List(vec![fault]));
    fixture.rds.reboot_db_instance().db_instance_identifier(database.arn.id()).send().await.unwrap();
    fixture.world.sleep(Duration::from_secs(20 * 60)).await;
    let described = fixture.rds.describe_db_instances().db_instance_identifier(database.arn.id()).send().await.unwrap();
    assert_eq!(described.db_instances()[0].db_instance_status(), Some("storage-initialization"));
    let start = fixture.world.now();
    fixture.provisioned(&job).await;
    assert!(fixture.world.now() - start < TimeDelta::minutes(1));
    assert_eq!(fixture.tear_down(&job, Role::Verify, None).await, teardown::Outcome::TornDown);
}

// Invariant 22.
#[tokio::test(start_paused = true)]
async fn a_temporary_database_is_gone_after_its_teardown_and_the_old_one_is_as_it_was() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind).await;
        let (job, before) = (fixture.job(Verb::Verify), fixture.names().await);
        let database = fixture.provisioned(&job).await;
        assert_eq!(database.members.len(), usize::from(kind == Kind::Cluster));
        assert_eq!(database.spec.settings.get(&Setting::DeletionProtection), Some(&Value::Flag(false)));
        assert_eq!(fixture.tear_down(&job, Role::Verify, None).await, teardown::Outcome::TornDown);
        assert_eq!(fixture.names().await, before);
        let orders = fixture.cloud.observe(&fixture.orders.arn).await.unwrap().unwrap();
        assert_eq!(
            (orders.resource_id, orders.spec.settings),
            (fixture.orders.resource_id, fixture.orders.spec.settings)
        );
    }
}

// Invariant 22. Every two minutes, so in each status through which it goes.
#[tokio::test(start_paused = true)]
async fn at_the_deadline_a_temporary_database_is_torn_down() {
    for kind in Kind::ALL {
        for minutes in (1..40).step_by(2) {
            let fixture = Fixture::new(kind).await;
            let before = fixture.names().await;
            let deadline = fixture.world.now() + TimeDelta::minutes(minutes);
            let job = Job::new(Request { deadline, ..fixture.request(Verb::Rewind) }).unwrap();
            let start = provision::step(&fixture.cloud, &job, Begin::Allowed, None, fixture.world.now()).await.unwrap();
            let Outcome::Again { begin, .. } = start else { panic!("{start:?}") };
            fixture.world.sleep(Duration::from_secs(u64::try_from(minutes).unwrap() * 60)).await;
            let outcome = provision::step(&fixture.cloud, &job, begin, None, fixture.world.now()).await.unwrap();
            assert_eq!(outcome, Outcome::Failed { reason: "the deadline of the job has passed".to_owned() });
            assert_eq!(fixture.tear_down(&job, Role::Rewind, None).await, teardown::Outcome::TornDown);
            assert_eq!(fixture.names().await, before);
            // A late step does not begin again.
            let late = provision::step(&fixture.cloud, &job, Begin::Allowed, None, fixture.world.now()).await.unwrap();
            assert!(matches!(late, Outcome::Refused { .. }), "{late:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_as_it_was_at_a_time() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind).await;
        fixture.world.sleep(Duration::from_secs(3600 * 26)).await;
        for moment in [Moment::Latest, Moment::At(fixture.world.now() - TimeDelta::minutes(30))] {
            let source = Source::PointInTime { resource_id: fixture.orders.resource_id.clone(), moment };
            let job = Job::new(Request { source, ..fixture.request(Verb::Rewind) }).unwrap();
            let database = fixture.provisioned(&job).await;
            assert_eq!(database.spec.engine, fixture.orders.spec.engine);
            assert_eq!(fixture.tear_down(&job, Role::Rewind, None).await, teardown::Outcome::TornDown);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_clone_of_a_cluster() {
    let fixture = Fixture::new(Kind::Cluster).await;
    let source = Source::Clone { resource_id: fixture.orders.resource_id.clone() };
    let job = Job::new(Request { source, ..fixture.request(Verb::Refresh) }).unwrap();
    let database = fixture.provisioned(&job).await;
    assert_eq!(database.members.len(), 3);
}

// Invariant 19.
#[tokio::test(start_paused = true)]
async fn what_something_else_depends_on_is_not_torn_down() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind).await;
        let job = fixture.job(Verb::Restore);
        fixture.provisioned(&job).await;
        let before = fixture.world.now();
        let users = [User::Target(target(kind)), User::Dns("db.example.com.".into()), User::Job(job.id().clone())];
        for user in &users {
            let outcome = fixture.tear_down(&job, Role::New, Some(user)).await;
            assert!(matches!(outcome, teardown::Outcome::Refused { .. }), "{outcome:?}");
        }
        let calls = fixture.calls_since(before);
        assert!(calls.keys().all(|operation| operation.starts_with("Describe")), "{calls:?}");
    }
}

// Invariant 19: the data of the old database stay.
#[tokio::test(start_paused = true)]
async fn the_old_database_leaves_a_final_snapshot_and_its_backups() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind).await;
        let job = fixture.job(Verb::Restore);
        // Until its first automated backup is complete, there is nothing to keep.
        fixture.world.sleep(Duration::from_secs(26 * 3600)).await;
        move_aside(&fixture, &job).await;
        assert_eq!(fixture.tear_down(&job, Role::Old, None).await, teardown::Outcome::TornDown);
        let snapshot = SnapshotArn::new(kind, place(), &job.final_snapshot()).unwrap();
        assert!(fixture.cloud.find(&snapshot).await.unwrap().is_some());
        let backups = fixture.cloud.backups(kind, &fixture.orders.resource_id).await.unwrap();
        assert!(backups.is_some());
    }
}

// Invariant 19: a snapshot of another database is no proof that the data of the old one remain.
#[tokio::test(start_paused = true)]
async fn a_snapshot_of_another_database_does_not_count_as_the_final_one() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind).await;
        let other = Request { replaces: Some("db-GONE".to_owned()), ..fixture.request(Verb::Restore) };
        for (request, remains) in [(other, false), (fixture.request(Verb::Restore), true)] {
            let job = Job::new(request).unwrap();
            let snapshot = SnapshotArn::new(kind, place(), &job.final_snapshot()).unwrap();
            fixture.cloud.copy(&fixture.snapshot, &snapshot, None, &protocol::Tags::default()).await.unwrap();
            let now = fixture.world.now();
            let ended = teardown::step(&fixture.cloud, &job, Role::Old, Begin::Allowed, None, now).await.unwrap();
            match ended {
                teardown::Outcome::TornDown => assert!(remains),
                teardown::Outcome::Refused { reason } => assert!(!remains && reason.contains("no final snapshot")),
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Renames `orders` and its members as a restore does, with the tags of the job.
pub(crate) async fn move_aside(fixture: &Fixture, job: &Job) {
    let tags: Vec<Tag> = job.to_tags().iter().map(|(key, value)| tag(key, value)).collect();
    let mut all = vec![(fixture.orders.arn.clone(), job.database(Role::Old))];
    let members = fixture.orders.members.iter().map(|member| member.arn.clone());
    all.extend(members.zip((1..).map(|nth| job.member(Role::Old, nth))));
    for (from, to) in all {
        let call = fixture.rds.add_tags_to_resource().resource_name(from.to_string());
        call.set_tags(Some(tags.clone())).send().await.unwrap();
        fixture.cloud.rename(&from, to.id()).await.unwrap();
        fixture.world.sleep(Duration::from_secs(60 * 30)).await;
    }
    ready(&fixture.world, &fixture.cloud, &job.database(Role::Old)).await;
}
