//! The end of a job: it fails, it is torn down, or it was stopped. It never begins again, nothing keeps running, and the outcome has AWS's
//! reason.

use protocol::tags;
use sim::RestoreFailure;
use sim::fault::{Action, Fault, Plan, Point};

use super::*;

/// Statuses in which AWS leaves a database until a person changes it.
const FAILED: [&str; 8] = [
    "failed",
    "incompatible-network",
    "incompatible-parameters",
    "incompatible-restore",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "insufficient-capacity",
    "storage-full",
];

/// The n-th database that enters a status enters another one.
fn become_at(status: &str, nth: u32, other: &'static str) -> Plan {
    Plan::List(vec![Fault { at: Point::Status(status.to_owned()), nth, action: Action::Become(other) }])
}

/// The databases of jobs.
async fn of_jobs(fixture: &Fixture) -> Vec<String> {
    fixture.names().await.into_iter().filter(|name| name.starts_with("draco-")).collect()
}

/// The number of restores and members that were created.
fn creations(fixture: &Fixture, start: DateTime<Utc>) -> usize {
    let calls = fixture.calls_since(start);
    calls.iter().filter(|(call, _)| call.starts_with("Restore") || *call == "CreateDBInstance").map(|(_, n)| n).sum()
}

/// The moments of a job: the n-th time that one of its databases enters a status.
fn moments(kind: Kind) -> Vec<(&'static str, u32)> {
    let last = if kind == Kind::Cluster { 4 } else { 2 };
    ["creating", "available", "modifying", "rebooting"]
        .into_iter()
        .flat_map(|at| (1..=last).map(move |n| (at, n)))
        .collect()
}

// Each failed status at each moment: the job fails, and its database is torn down in that status.
#[tokio::test(start_paused = true)]
async fn each_failed_status_at_each_moment_ends_the_job_and_nothing_remains() {
    let mut counts = BTreeMap::new();
    for (kind, verb) in Kind::ALL.into_iter().flat_map(|kind| [(kind, Verb::Verify), (kind, Verb::Restore)]) {
        for (moment, (at, nth)) in moments(kind).into_iter().enumerate() {
            // Of a cluster, which has more moments, every fourth status at each.
            let is_selected = |index: usize| kind == Kind::Instance || index % 4 == moment % 4;
            for (_, other) in FAILED.into_iter().enumerate().filter(|(index, _)| is_selected(*index)) {
                let fixture = Fixture::new(kind).await;
                let job = fixture.job(verb);
                fixture.world.plan_faults(become_at(at, nth, other));
                let outcome = fixture.provision(&job).await;
                let reason = match &outcome {
                    // The job is complete before that moment, with each status.
                    Outcome::Provisioned { .. } => break,
                    Outcome::Failed { reason } => reason,
                    _ => panic!("{other} at {at} {nth}: {outcome:?}"),
                };
                assert!(reason.contains(&format!("the status {other} for draco-")), "{other} at {at} {nth}: {reason}");
                let start = fixture.world.now();
                // The protection is the last change of a database that is to stay. If it fails after that, AWS may refuse to remove it, and
                // each step reports that.
                if fixture.cloud.observe(&job.new_database()).await.unwrap().is_some_and(|found| found.is_protected) {
                    let step =
                        teardown::step(&fixture.cloud, &job, verb.role(), Begin::Allowed, None, start).await.unwrap();
                    assert!(verb == Verb::Restore && matches!(step, teardown::Outcome::Again { .. }), "{step:?}");
                    continue;
                }
                assert_eq!(fixture.tear_down(&job, verb.role(), None).await, teardown::Outcome::TornDown);
                assert_eq!(of_jobs(&fixture).await, [""; 0]);
                assert_eq!(creations(&fixture, start), 0);
                *counts.entry((kind, verb)).or_insert(0) += 1;
            }
        }
    }
    println!("failed jobs: {counts:?}");
    assert!(counts.len() == 4 && counts.values().all(|count| *count >= 10), "{counts:?}");
}

// AWS's sentence is in its events. They are sent on a best-effort basis, and a role may lack the permission: then the status has to do.
#[tokio::test(start_paused = true)]
async fn the_outcome_has_the_reason_of_aws() {
    let expected = |failure| match failure {
        RestoreFailure::Failed => {
            "failed for {}: DB instance put into failed state. RDS recommends that you initiate a"
        }
        RestoreFailure::IncompatibleNetwork => {
            "incompatible-network for {}: Database instance in incompatible-network. Some of the specified subnet IDs"
        }
        RestoreFailure::IncompatibleParameters => {
            "incompatible-parameters for {}: Database instance put into incompatible-parameters. The DB instance can't"
        }
        RestoreFailure::IncompatibleRestore => "incompatible-restore for {}: see its events in RDS",
        RestoreFailure::InsufficientCapacity => {
            "insufficient-capacity for {}: The DB instance can't be created because of insufficient resource limits"
        }
    };
    for failure in RestoreFailure::ALL {
        let fixture = Fixture::new(Kind::Instance).await;
        fixture.world.fail_restores(Some(failure));
        let job = fixture.job(Verb::Verify);
        let Outcome::Failed { reason } = fixture.provision(&job).await else { panic!("not failed") };
        let begin = format!("AWS reports the status {}", expected(failure).replace("{}", job.new_database().id()));
        assert!(reason.starts_with(&begin), "{reason}");
        // Until it is gone, the database has the reason as a tag, and each further look gives it.
        let found = fixture.cloud.observe(&job.new_database()).await.unwrap().unwrap();
        assert_eq!(found.tags.get(tags::JOB_ENDED), Some(tags::as_value(&reason).as_str()));
        let other = fixture.go_on(&job, Begin::Begun(fixture.world.now())).await;
        assert_eq!(other, Outcome::GivenUp { reason: tags::as_value(&reason) });
    }
    let fixture = Fixture::new(Kind::Instance).await;
    fixture.world.fail_restores(Some(RestoreFailure::Failed));
    let at = Point::Call("DescribeEvents".to_owned());
    fixture.world.plan_faults(Plan::List(vec![Fault { at, nth: 1, action: Action::Refuse("AccessDenied") }]));
    let Outcome::Failed { reason } = fixture.provision(&fixture.job(Verb::Verify)).await else { panic!("not failed") };
    assert!(
        reason.contains("the status failed for ")
            && reason.ends_with("see its events in RDS (aws rds describe-events)")
    );
}

// Two timers of one job, one of which has a late call: the SDK repeats it after a minute. A member that one of them deletes is not created again by the other.
#[tokio::test(start_paused = true)]
async fn a_job_that_has_failed_is_not_resurrected_by_a_look_at_the_same_time() {
    let mut cases = 0;
    for (kind, nth) in [(Kind::Instance, 1), (Kind::Cluster, 1), (Kind::Cluster, 2), (Kind::Cluster, 3)] {
        let calls = failing(kind, nth, None).await;
        for (operation, count) in &calls {
            let count = u32::try_from(*count).unwrap();
            // Of the looks, every third one, from another one on for each job.
            let every = if operation.starts_with("Describe") { 3 } else { 1 };
            for late in (1..=count).filter(|late| (late + nth) % every == 0) {
                failing(kind, nth, Some((operation, late))).await;
                cases += 1;
            }
        }
    }
    println!("{cases} cases");
    assert!(cases >= 60, "{cases}");
}

/// Two loops of a job whose n-th available database fails. When one of them has ended, its caller tears the database down.
async fn failing(kind: Kind, nth: u32, late: Option<(&str, u32)>) -> BTreeMap<String, usize> {
    let fixture = Fixture::new(kind).await;
    let (job, start) = (fixture.job(Verb::Restore), fixture.world.now());
    let Plan::List(mut faults) = become_at("available", nth, "failed") else { panic!("no list") };
    let stop = Action::Delay(Duration::from_secs(25 * 60));
    faults.extend(late.map(|(call, nth)| Fault { at: Point::Call(call.to_owned()), nth, action: stop }));
    fixture.world.plan_faults(Plan::List(faults));
    let end = async |wait| {
        fixture.world.sleep(Duration::from_secs(wait)).await;
        let outcome = fixture.provision(&job).await;
        // The caller of a job that has failed needs a moment.
        fixture.world.sleep(Duration::from_secs(600)).await;
        let torn_down = match outcome {
            Outcome::Failed { .. } => fixture.tear_down(&job, Role::New, None).await,
            _ => teardown::Outcome::TornDown,
        };
        (outcome, torn_down)
    };
    let (one, other) = tokio::join!(end(0), end(7));
    for (outcome, torn_down) in [&one, &other] {
        assert!(matches!(outcome, Outcome::Failed { .. } | Outcome::GivenUp { .. }), "{outcome:?} {late:?}");
        assert_eq!(*torn_down, teardown::Outcome::TornDown);
    }
    assert!([&one, &other].iter().any(|(outcome, _)| matches!(outcome, Outcome::Failed { .. })), "{one:?} {other:?}");
    let calls = fixture.calls_since(start);
    assert_eq!(crashes::duplicates(&fixture, start), [""; 0], "{late:?}");
    assert_eq!(of_jobs(&fixture).await, [""; 0], "{late:?}");
    calls
}

// A second timer, or a sweep that began to look a while ago.
#[tokio::test(start_paused = true)]
async fn a_job_whose_database_was_torn_down_does_not_begin_again() {
    for kind in Kind::ALL {
        for verb in Verb::ALL {
            let fixture = Fixture::new(kind).await;
            let job = fixture.job(verb);
            fixture.provisioned(&job).await;
            let seen = fixture.world.now();
            let late = async {
                let mut last = None;
                for _ in 0..60 {
                    fixture.world.sleep(Duration::from_secs(20)).await;
                    last = Some(
                        provision::step(&fixture.cloud, &job, Begin::Begun(seen), None, fixture.world.now()).await,
                    );
                }
                last.unwrap().unwrap()
            };
            let (torn_down, late) = tokio::join!(fixture.tear_down(&job, verb.role(), None), late);
            assert_eq!(torn_down, teardown::Outcome::TornDown);
            let reason = "the database of the job was deleted: request the job again".to_owned();
            assert_eq!(late, Outcome::GivenUp { reason });
            assert_eq!(of_jobs(&fixture).await, [""; 0]);
            assert_eq!(crashes::duplicates(&fixture, seen), [""; 0]);
        }
    }
}

// Programs that save money stop databases.
#[tokio::test(start_paused = true)]
async fn a_database_that_is_stopped_is_started_and_provisioned() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind).await;
        let job = fixture.job(Verb::Restore);
        let first = provision::step(&fixture.cloud, &job, Begin::Allowed, None, fixture.world.now()).await.unwrap();
        let Outcome::Again { begin, .. } = first else { panic!("{first:?}") };
        ready(&fixture.world, &fixture.cloud, &job.new_database()).await;
        stop(&fixture, &job.new_database()).await;
        let Outcome::Provisioned { database, .. } = fixture.go_on(&job, begin).await else { panic!("not provisioned") };
        assert_eq!(database.members.len(), if kind == Kind::Cluster { 3 } else { 0 });
    }
}

// Invariants 19 and 22. AWS deletes no stopped cluster, and takes no final snapshot of a stopped database.
#[tokio::test(start_paused = true)]
async fn a_database_that_is_stopped_is_torn_down() {
    for kind in Kind::ALL {
        for (verb, minutes) in [(Verb::Verify, 0), (Verb::Verify, 30), (Verb::Restore, 30)] {
            let fixture = Fixture::new(kind).await;
            let job = fixture.job(verb);
            fixture.provisioned(&job).await;
            stop(&fixture, &job.new_database()).await;
            fixture.world.sleep(Duration::from_secs(minutes * 60)).await;
            let start = fixture.world.now();
            assert_eq!(
                fixture.tear_down(&job, verb.role(), None).await,
                teardown::Outcome::TornDown,
                "{kind:?} {verb:?}"
            );
            assert_eq!(of_jobs(&fixture).await, [""; 0]);
            let is_started = fixture.calls_since(start).keys().any(|call| call.starts_with("StartDB"));
            // A database that is to stay is protected, and AWS changes no setting of a stopped one. No text states whether a cluster can be
            // deleted while it stops.
            if minutes > 0 {
                assert_eq!(is_started, kind == Kind::Cluster || verb == Verb::Restore, "{kind:?} {verb:?}");
            }
        }
    }
}

async fn stop(fixture: &Fixture, database: &DatabaseArn) {
    // AWS stops no instance whose first backup runs.
    ready(&fixture.world, &fixture.cloud, database).await;
    match database.kind {
        Kind::Instance => {
            drop(fixture.rds.stop_db_instance().db_instance_identifier(database.id()).send().await.unwrap())
        }
        Kind::Cluster => drop(fixture.rds.stop_db_cluster().db_cluster_identifier(database.id()).send().await.unwrap()),
    }
}

// AWS has accepted the restore, and does not describe the database yet.
#[tokio::test(start_paused = true)]
async fn a_database_that_is_not_visible_yet_is_not_torn_down() {
    let fixture = Fixture::new(Kind::Instance).await;
    let (job, accepted) = (fixture.job(Verb::Verify), fixture.world.now());
    let after = async |seconds| {
        let now = accepted + TimeDelta::seconds(seconds);
        teardown::step(&fixture.cloud, &job, Role::Verify, Begin::Begun(accepted), None, now).await.unwrap()
    };
    assert!(matches!(after(0).await, teardown::Outcome::Again { .. }));
    assert!(matches!(after(299).await, teardown::Outcome::Again { .. }));
    assert_eq!(after(300).await, teardown::Outcome::TornDown);
}

// The restore had its effect, and no answer arrived. AWS does not describe the database yet.
#[tokio::test(start_paused = true)]
async fn a_database_whose_restore_was_not_answered_is_not_given_up() {
    for verb in [Verb::Verify, Verb::Restore] {
        let fixture = Fixture::new(Kind::Instance).await;
        let job = Job::new(Request { deadline: fixture.world.now() + TimeDelta::minutes(4), ..fixture.request(verb) });
        let job = job.unwrap();
        let lost = (1..=cloud::RDS_ATTEMPTS).map(|nth| Fault {
            at: Point::Call("RestoreDBInstanceFromDBSnapshot".to_owned()),
            nth,
            action: Action::FailBefore,
        });
        fixture.world.plan_faults(Plan::List(lost.collect()));
        let step = async |begin, now| provision::step(&fixture.cloud, &job, begin, None, now).await.unwrap();
        let now = fixture.world.now();
        let Outcome::Again { begin, .. } = step(Begin::Allowed, now).await else { panic!("not again") };
        // Until it can be visible, it is neither gone nor overdue.
        let later = |seconds| now + TimeDelta::seconds(seconds);
        let tear_down = async |now| {
            teardown::step(&fixture.cloud, &job, verb.role(), begin, None, now).await.unwrap()
                == teardown::Outcome::TornDown
        };
        assert_eq!(
            [tear_down(now).await, tear_down(later(299)).await, tear_down(later(300)).await],
            [false, false, true]
        );
        let is_refused = async |now| matches!(step(begin, now).await, Outcome::Refused { .. });
        assert_eq!([is_refused(later(240)).await, is_refused(later(299)).await], [false; 2]);
        assert!(is_refused(later(300)).await);
        // It may begin again: the call may have had no effect.
        fixture.world.plan_faults(Plan::NoFaults);
        let again = step(begin, now).await;
        assert!(matches!(again, Outcome::Again { begin: Begin::Begun(_), .. }), "{again:?}");
    }
}

// Invariant 22.
#[tokio::test(start_paused = true)]
async fn a_temporary_database_is_looked_at_when_its_deadline_passes() {
    let fixture = Fixture::new(Kind::Instance).await;
    let now = fixture.world.now();
    // A job keeps whole seconds.
    let deadline = now + TimeDelta::minutes(3);
    let job = Job::new(Request { deadline, ..fixture.request(Verb::Verify) }).unwrap();
    let step = provision::step(&fixture.cloud, &job, Begin::Allowed, None, now).await.unwrap();
    assert!(matches!(step, Outcome::Again { after, .. } if after <= TimeDelta::minutes(3)), "{step:?}");
}
