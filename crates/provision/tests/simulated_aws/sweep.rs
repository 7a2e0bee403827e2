//! The sweep: the timers of all jobs are lost. Invariant 22 holds by the sweep alone.

use provision::sweep::{Due, sweep};
use sim::RestoreFailure;
use sim::fault::{Action, Fault, Plan, Point};

use super::*;

/// What happens to a temporary database before its timer is lost.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// The timer made this many steps.
    Steps(u32),
    /// Its restore fails, and no step is made after that.
    Fails(RestoreFailure),
    /// A person stops it when it is ready.
    IsStopped,
    /// A person protects it when it is ready.
    IsProtected,
}

const FATES: [Fate; 12] = [
    Fate::Steps(1),
    Fate::Steps(2),
    Fate::Steps(3),
    Fate::Steps(4),
    Fate::Steps(6),
    Fate::Fails(RestoreFailure::Failed),
    Fate::Fails(RestoreFailure::IncompatibleNetwork),
    Fate::Fails(RestoreFailure::IncompatibleParameters),
    Fate::Fails(RestoreFailure::IncompatibleRestore),
    Fate::Fails(RestoreFailure::InsufficientCapacity),
    Fate::IsStopped,
    Fate::IsProtected,
];

/// A sweep each quarter of an hour, which acts. The number of sweeps until nothing is left.
async fn sweep_until_nothing_is_left(fixture: &Fixture) -> u32 {
    for nth in 1..100 {
        let found = sweep(&fixture.cloud, fixture.world.now()).await.unwrap();
        if found.is_empty() {
            return nth;
        }
        for found in found {
            match found.due {
                Due::TearDown(job, role) => {
                    drop(
                        teardown::step(&fixture.cloud, &job, role, Begin::Allowed, None, fixture.world.now())
                            .await
                            .unwrap(),
                    );
                }
                other => panic!("{other:?}"),
            }
        }
        fixture.world.sleep(Duration::from_secs(900)).await;
    }
    panic!("{:?}", fixture.names().await)
}

#[tokio::test(start_paused = true)]
async fn a_temporary_database_without_a_timer_is_torn_down_after_its_deadline() {
    for (kind, fate) in Kind::ALL.into_iter().flat_map(|kind| FATES.map(|fate| (kind, fate))) {
        let fixture = Fixture::new(kind).await;
        let before = fixture.names().await;
        let job = fixture.job(Verb::Verify);
        if let Fate::Fails(failure) = fate {
            fixture.world.fail_restores(Some(failure));
        }
        let steps = if let Fate::Steps(steps) = fate { steps } else { 1 };
        let mut begin = Begin::Allowed;
        for _ in 0..steps {
            let step = provision::step(&fixture.cloud, &job, begin, None, fixture.world.now()).await.unwrap();
            let Outcome::Again { after, begin: next, .. } = step else { break };
            begin = next;
            fixture.world.sleep(after.to_std().unwrap()).await;
        }
        let new = job.new_database();
        match (fate, kind) {
            (Fate::Steps(_) | Fate::Fails(_), _) => {}
            (Fate::IsStopped, Kind::Instance) => {
                ready(&fixture.world, &fixture.cloud, &new).await;
                drop(fixture.rds.stop_db_instance().db_instance_identifier(new.id()).send().await.unwrap());
            }
            (Fate::IsStopped, Kind::Cluster) => {
                fixture.provisioned(&job).await;
                drop(fixture.rds.stop_db_cluster().db_cluster_identifier(new.id()).send().await.unwrap());
            }
            (Fate::IsProtected, Kind::Instance) => {
                ready(&fixture.world, &fixture.cloud, &new).await;
                let call = fixture.rds.modify_db_instance().db_instance_identifier(new.id());
                drop(call.deletion_protection(true).send().await.unwrap());
            }
            (Fate::IsProtected, Kind::Cluster) => {
                fixture.provisioned(&job).await;
                let call = fixture.rds.modify_db_cluster().db_cluster_identifier(new.id());
                drop(call.deletion_protection(true).send().await.unwrap());
            }
        }
        // Until then, a sweep goes on with it.
        let found = sweep(&fixture.cloud, fixture.world.now()).await.unwrap();
        let due: Vec<_> = found.into_iter().map(|found| (found.database, found.due)).collect();
        assert_eq!(due, [(new.clone(), Due::Continue(Box::new(job.clone()), Role::Verify))], "{kind:?} {fate:?}");
        let deadline = job.request().deadline - fixture.world.now();
        fixture.world.sleep(deadline.to_std().unwrap()).await;
        sweep_until_nothing_is_left(&fixture).await;
        assert_eq!(fixture.names().await, before, "{kind:?} {fate:?}");
    }
}

// The restore was on its way at the deadline, and its caller is lost. A look at that moment finds nothing.
#[tokio::test(start_paused = true)]
async fn a_restore_that_arrives_after_the_deadline_is_torn_down() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind).await;
        let before = fixture.names().await;
        // The SDK repeats a call that AWS has not answered for a minute.
        let deadline = fixture.world.now() + TimeDelta::seconds(30);
        let job = Job::new(Request { deadline, ..fixture.request(Verb::Rewind) }).unwrap();
        let operation = match kind {
            Kind::Instance => "RestoreDBInstanceFromDBSnapshot",
            Kind::Cluster => "RestoreDBClusterFromSnapshot",
        };
        let action = Action::Delay(Duration::from_secs(3600));
        let late = Fault { at: Point::Call(operation.to_owned()), nth: 1, action };
        fixture.world.plan_faults(Plan::List(vec![late]));
        let start = fixture.world.now();
        let slow = provision::step(&fixture.cloud, &job, Begin::Allowed, None, start);
        let other = async {
            fixture.world.sleep(Duration::from_secs(32)).await;
            let step = provision::step(&fixture.cloud, &job, Begin::Allowed, None, fixture.world.now()).await.unwrap();
            (step, sweep(&fixture.cloud, fixture.world.now()).await.unwrap())
        };
        let (slow, (other, swept)) = tokio::join!(slow, other);
        assert!(matches!(slow, Ok(Outcome::Again { begin: Begin::Begun(_), .. })), "{slow:?}");
        assert!(matches!(other, Outcome::Refused { .. }), "{other:?}");
        assert_eq!(swept, []);
        assert!(fixture.cloud.observe(&job.new_database()).await.unwrap().is_some());
        sweep_until_nothing_is_left(&fixture).await;
        assert_eq!(fixture.names().await, before);
    }
}

// One page of each kind, also with 100 databases.
#[tokio::test(start_paused = true)]
async fn a_sweep_lists_each_kind_once_for_all_jobs() {
    let quotas = sim::Quotas { instances: 150, ..sim::Quotas::default() };
    let fixture = Fixture::with(Kind::Cluster, WorldSettings { quotas, ..world_settings() }).await;
    let jobs = [fixture.job(Verb::Verify), fixture.job(Verb::Rewind), fixture.job(Verb::Restore)];
    for job in &jobs {
        fixture.provisioned(job).await;
    }
    let calls = async || {
        let start = fixture.world.now();
        fixture.world.sleep(Duration::from_secs(1)).await;
        let found = sweep(&fixture.cloud, fixture.world.now()).await.unwrap();
        (found.len(), fixture.calls_since(start))
    };
    let counts = |clusters, instances| -> BTreeMap<String, usize> {
        [("DescribeDBClusters", clusters), ("DescribeDBInstances", instances)]
            .map(|(call, n)| (call.to_owned(), n))
            .into()
    };
    assert_eq!(calls().await, (3, counts(1, 1)));
    for nth in 0..100 {
        let call = fixture.rds.create_db_instance().db_instance_identifier(format!("app-{nth}")).engine("mysql");
        let call = call.db_instance_class("db.t4g.micro").allocated_storage(20).master_username("someone");
        call.master_user_password("not-a-secret").send().await.unwrap();
    }
    assert_eq!(calls().await, (3, counts(1, 2)));
}

// Invariant 21. Names and tags are not enough, and each alone is reported.
#[tokio::test(start_paused = true)]
async fn what_is_not_a_jobs_database_is_reported_and_never_touched() {
    let fixture = Fixture::new(Kind::Instance).await;
    let job = fixture.job(Verb::Verify);
    for (name, tags) in [
        (job.new_database().id().to_owned(), Vec::new()),
        (fixture.job(Verb::Rewind).new_database().id().to_owned(), vec![tag("Draco_Job", job.id().as_str())]),
        (
            "draco-old-orders-0123456789ab".to_owned(),
            job.to_tags().iter().map(|(key, value)| tag(key, value)).collect(),
        ),
        ("draco-verify".to_owned(), Vec::new()),
    ] {
        let call = fixture.rds.create_db_instance().db_instance_identifier(name).engine("mysql").set_tags(Some(tags));
        let call = call.db_instance_class("db.t4g.micro").allocated_storage(20).master_username("someone");
        call.master_user_password("not-a-secret").send().await.unwrap();
    }
    fixture.world.sleep(Duration::from_secs(24 * 3600)).await;
    let start = fixture.world.now();
    let found = sweep(&fixture.cloud, start).await.unwrap();
    assert!(fixture.calls_since(start).keys().all(|call| call.starts_with("Describe")));
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|found| matches!(&found.due, Due::Report(text) if !text.contains('\n'))), "{found:?}");
}

// A person has renamed it. Its job does not find it, and it would run for ever.
#[tokio::test(start_paused = true)]
async fn a_temporary_database_that_was_renamed_is_reported() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind).await;
        let database = fixture.provisioned(&fixture.job(Verb::Verify)).await;
        fixture.cloud.rename(&database.arn, "mine").await.unwrap();
        fixture.world.sleep(Duration::from_secs(24 * 3600)).await;
        let found = sweep(&fixture.cloud, fixture.world.now()).await.unwrap();
        let [found] = &found[..] else { panic!("{found:?}") };
        assert_eq!(found.database.id(), "mine");
        assert!(matches!(&found.due, Due::Report(text) if text.contains("whose deadline has passed")), "{found:?}");
    }
}
