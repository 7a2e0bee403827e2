//! A restore that AWS refuses, or that fails: the job fails with AWS's reason, nothing remains, and the old database is as it was.

use protocol::spec::{Setting, Value};
use sim::fault::{Action, Fault, Plan, Point};

use super::*;

/// The outcome, if AWS refuses these calls with this code.
async fn refused(kind: Kind, operation: &str, code: &'static str, times: u32) -> (Fixture, Job, Outcome) {
    refused_with(kind, Settings::new(), operation, code, times).await
}

/// The same for a job that chooses these settings.
async fn refused_with(
    kind: Kind,
    overrides: Settings,
    operation: &str,
    code: &'static str,
    times: u32,
) -> (Fixture, Job, Outcome) {
    let fixture = Fixture::new(kind).await;
    let job = Job::new(Request { overrides, ..fixture.request(Verb::Restore) }).unwrap();
    fixture.world.plan_faults(refusals(operation, code, times));
    let outcome = fixture.provision(&job).await;
    (fixture, job, outcome)
}

/// The first calls of this operation are refused.
fn refusals(operation: &str, code: &'static str, times: u32) -> Plan {
    let at = Point::Call(operation.to_owned());
    Plan::List((1..=times).map(|nth| Fault { at: at.clone(), nth, action: Action::Refuse(code) }).collect())
}

/// Whether the database is protected and has backups, and its report.
fn provisioned(outcome: Outcome) -> (bool, bool, Vec<String>) {
    let Outcome::Provisioned { database, report } = outcome else { panic!("{outcome:?}") };
    let retention = database.spec.settings.get(&Setting::BackupRetention);
    (database.is_protected, retention == Some(&Value::Number(7)), report)
}

// What passes by itself is looked at again: right after a modification, AWS describes the database as available and refuses the next one.
#[tokio::test(start_paused = true)]
async fn errors_that_pass_are_no_failures() {
    let cases = [
        (Kind::Instance, "RestoreDBInstanceFromDBSnapshot", "InsufficientDBInstanceCapacity"),
        (Kind::Instance, "RestoreDBInstanceFromDBSnapshot", "InstanceQuotaExceeded"),
        (Kind::Instance, "RestoreDBInstanceFromDBSnapshot", "ExpiredToken"),
        (Kind::Instance, "RestoreDBInstanceFromDBSnapshot", "InvalidDBSnapshotState"),
        (Kind::Instance, "ModifyDBInstance", "InvalidDBInstanceState"),
        (Kind::Instance, "RebootDBInstance", "InvalidDBInstanceState"),
        (Kind::Cluster, "RestoreDBClusterFromSnapshot", "InsufficientStorageClusterCapacity"),
        (Kind::Cluster, "CreateDBInstance", "InvalidDBClusterStateFault"),
        (Kind::Cluster, "CreateDBInstance", "InsufficientDBInstanceCapacity"),
        (Kind::Cluster, "ModifyDBCluster", "InvalidDBClusterStateFault"),
    ];
    for (kind, operation, code) in cases {
        let (_, _, outcome) = refused(kind, operation, code, 3).await;
        assert!(matches!(outcome, Outcome::Provisioned { .. }), "{code} of {operation}: {outcome:?}");
    }
}

// The source of a point in time may be stopped for days. Each attempt begins with several calls.
#[tokio::test(start_paused = true)]
async fn a_restore_that_the_state_of_its_source_forbids_is_not_tried_every_half_minute() {
    let fixture = Fixture::new(Kind::Cluster).await;
    let source = Source::Clone { resource_id: fixture.orders.resource_id.clone() };
    let job = Job::new(Request { source, ..fixture.request(Verb::Restore) }).unwrap();
    fixture.world.plan_faults(refusals("RestoreDBClusterToPointInTime", "InvalidDBClusterStateFault", 20));
    let start = fixture.world.now();
    assert!(matches!(fixture.provision(&job).await, Outcome::Provisioned { .. }));
    assert!(fixture.world.now() - start > TimeDelta::minutes(100));
}

#[tokio::test(start_paused = true)]
async fn errors_that_a_person_has_to_correct_end_the_job_and_nothing_remains() {
    let cases = [
        (Kind::Instance, "RestoreDBInstanceFromDBSnapshot", "KMSKeyNotAccessibleFault"),
        (Kind::Instance, "RestoreDBInstanceFromDBSnapshot", "OptionGroupNotFoundFault"),
        (Kind::Instance, "RestoreDBInstanceFromDBSnapshot", "InvalidVPCNetworkStateFault"),
        (Kind::Instance, "RestoreDBInstanceFromDBSnapshot", "StorageTypeNotSupported"),
        (Kind::Instance, "RestoreDBInstanceFromDBSnapshot", "AccessDenied"),
        (Kind::Cluster, "RestoreDBClusterFromSnapshot", "InvalidRestoreFault"),
        (Kind::Cluster, "CreateDBInstance", "InvalidSubnet"),
    ];
    for (kind, operation, code) in cases {
        // A restore and a member are tried without each of their settings.
        let (fixture, job, outcome) = refused(kind, operation, code, 3000).await;
        let Outcome::Failed { reason } = &outcome else { panic!("{code} of {operation}: {outcome:?}") };
        assert!(reason.contains(&format!(": {code}: ")) && reason.contains("; "), "{reason}");
        fixture.world.plan_faults(Plan::NoFaults);
        assert_eq!(fixture.tear_down(&job, Role::New, None).await, teardown::Outcome::TornDown);
        let new: Vec<_> = fixture.names().await.into_iter().filter(|name| name.starts_with("draco-")).collect();
        assert_eq!(new, [""; 0]);
        let orders = fixture.cloud.observe(&fixture.orders.arn).await.unwrap().unwrap();
        assert_eq!(orders.resource_id, fixture.orders.resource_id);
    }
}

// Otherwise the database would count as provisioned without backups and without protection.
#[tokio::test(start_paused = true)]
async fn changes_that_aws_refuses_for_now_are_made_when_it_accepts_them() {
    for (code, times) in [("InvalidDBInstanceState", 40), ("Throttling", 200)] {
        let (_, _, outcome) = refused(Kind::Instance, "ModifyDBInstance", code, times).await;
        let (is_protected, has_backups, report) = provisioned(outcome);
        assert!(is_protected && has_backups, "{code}: {report:?}");
        assert!(!report.iter().any(|line| line.contains("does not take over")), "{code}: {report:?}");
    }
}

// Hours of a restore must not be lost by a recorded value.
#[tokio::test(start_paused = true)]
async fn recorded_settings_that_aws_refuses_do_not_hold_up_the_others() {
    let cases = [
        (Kind::Instance, "ModifyDBInstance", "InvalidParameterCombination"),
        (Kind::Instance, "ModifyDBInstance", "KMSKeyNotAccessibleFault"),
        (Kind::Cluster, "ModifyDBCluster", "InvalidParameterValue"),
    ];
    for (kind, operation, code) in cases {
        let (_, _, outcome) = refused(kind, operation, code, 1).await;
        let (is_protected, has_backups, report) = provisioned(outcome);
        assert!(is_protected && has_backups, "{code} of {operation}: {report:?}");
        // AWS refuses each modification. The first line of the report has the most important ones.
        let (fixture, job, outcome) = refused(kind, operation, code, 3000).await;
        let (is_protected, _, report) = provisioned(outcome);
        let first = format!("{}: AWS does not take over a change: ", job.new_database().id());
        assert!(report[0].starts_with(&first) && report[0].contains("DeletionProtection is off"), "{report:?}");
        assert!(!is_protected);
        fixture.world.plan_faults(Plan::NoFaults);
        assert_eq!(fixture.tear_down(&job, Role::New, None).await, teardown::Outcome::TornDown);
    }
}

// Otherwise each of several settings would be refused at each look, until all of them are given up.
#[tokio::test(start_paused = true)]
async fn a_refused_modification_is_divided_in_the_same_step() {
    let fixture = Fixture::new(Kind::Instance).await;
    let more: Settings =
        [(Setting::ManagedPassword, Value::Flag(true)), (Setting::MaxAllocatedStorage, Value::Number(1000))].into();
    fixture.cloud.modify(&fixture.orders.arn, &more, &Settings::new()).await.unwrap();
    fixture.world.sleep(Duration::from_secs(3600)).await;
    // More refusals than the looks after which a difference stays.
    fixture.world.plan_faults(refusals("ModifyDBInstance", "InvalidParameterCombination", 12));
    let (is_protected, has_backups, report) = provisioned(fixture.provision(&fixture.job(Verb::Restore)).await);
    assert!(is_protected && has_backups, "{report:?}");
    assert!(!report.iter().any(|line| line.contains("does not take over")), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn settings_of_the_job_that_aws_refuses_end_it() {
    let text = |value: &str| Value::Name(value.to_owned());
    let overrides: Settings =
        [(Setting::BackupWindow, text("01:00-01:30")), (Setting::MaintenanceWindow, text("sun:05:00-sun:05:30"))]
            .into();
    let (_, _, outcome) =
        refused_with(Kind::Instance, overrides, "ModifyDBInstance", "InvalidParameterValue", 3000).await;
    let Outcome::Failed { reason } = &outcome else { panic!("{outcome:?}") };
    assert!(reason.contains(": InvalidParameterValue: "), "{reason}");
}

// The recorded settings may be forged, or of a time when AWS had other values.
#[tokio::test(start_paused = true)]
async fn a_refused_restore_is_made_without_one_recorded_setting_which_is_changed_later() {
    for (kind, operation) in
        [(Kind::Instance, "RestoreDBInstanceFromDBSnapshot"), (Kind::Cluster, "RestoreDBClusterFromSnapshot")]
    {
        for times in [1, 3] {
            let (fixture, _, outcome) = refused(kind, operation, "InvalidParameterValue", times).await;
            let Outcome::Provisioned { database, report } = outcome else { panic!("{outcome:?}") };
            assert!(!report.iter().any(|line| line.contains("does not take over")), "{report:?}");
            assert_eq!(database.spec.settings, fixture.orders.spec.settings);
        }
    }
}

// One recorded value of one reader must not make a restore of several hours fail.
#[tokio::test(start_paused = true)]
async fn a_refused_member_is_created_without_one_setting() {
    for nth in 1..=3 {
        let fixture = Fixture::new(Kind::Cluster).await;
        let at = Point::Call("CreateDBInstance".to_owned());
        let refusal = Fault { at, nth, action: Action::Refuse("InvalidParameterCombination") };
        fixture.world.plan_faults(Plan::List(vec![refusal]));
        let database = fixture.provisioned(&fixture.job(Verb::Restore)).await;
        assert_eq!(database.members.len(), 3);
        assert!(
            database
                .members
                .iter()
                .all(|member| { member.settings.get(&Setting::PubliclyAccessible) == Some(&Value::Flag(false)) })
        );
    }
}

// Two recorded values can be refused, and the job chose two that AWS takes only together. Nothing that the job chose is left out.
#[tokio::test(start_paused = true)]
async fn a_member_that_is_refused_again_and_again_is_created_with_as_few_settings_as_possible() {
    let role = Value::Name("arn:aws:iam::222222222222:role/monitoring".to_owned());
    let overrides: Settings =
        [(Setting::MonitoringInterval, Value::Number(60)), (Setting::MonitoringRole, role)].into();
    // So many attempts to create the writer are refused.
    let mut attempts = 1;
    loop {
        let (_, _, outcome) =
            refused_with(Kind::Cluster, overrides.clone(), "CreateDBInstance", "InvalidParameterValue", attempts).await;
        match outcome {
            Outcome::Provisioned { database, report } => {
                assert!(!report.iter().any(|line| line.contains("does not take over")), "{report:?}");
                let writer = database.members.iter().find(|member| member.is_writer).unwrap();
                for (setting, value) in &overrides {
                    assert_eq!(writer.settings.get(setting), Some(value), "{attempts}");
                }
                // As recorded: what the creation left out is changed afterwards.
                assert_eq!(writer.settings.get(&Setting::PromotionTier), Some(&Value::Number(1)), "{attempts}");
            }
            Outcome::Failed { .. } => break,
            other => panic!("{other:?}"),
        }
        attempts += 1;
    }
    // With all settings, without each of seven that were recorded, and without all of these.
    assert_eq!(attempts, 9);
}

// AWS has created a member, its answer is lost, and its tags follow a moment later.
#[tokio::test(start_paused = true)]
async fn a_new_member_whose_tags_follow_is_not_foreign() {
    let fixture = Fixture::new(Kind::Cluster).await;
    let job = fixture.job(Verb::Restore);
    let step = async |begin| provision::step(&fixture.cloud, &job, begin, None, fixture.world.now()).await.unwrap();
    let Outcome::Again { begin, .. } = step(Begin::Allowed).await else { panic!("not begun") };
    ready(&fixture.world, &fixture.cloud, &job.new_database()).await;
    let point = |call: &str| Point::Call(call.to_owned());
    fixture.world.plan_faults(Plan::List(vec![
        Fault { at: point("CreateDBInstance"), nth: 1, action: Action::FailAfter },
        Fault { at: point("DescribeDBInstances"), nth: 2, action: Action::Delay(Duration::from_secs(20)) },
    ]));
    let lag = async {
        fixture.world.sleep(Duration::from_secs(12)).await;
        let call = fixture.rds.remove_tags_from_resource().resource_name(job.member(Role::New, 1).to_string());
        let keys = job.to_tags().iter().map(|(key, _)| key.to_owned()).collect();
        call.set_tag_keys(Some(keys)).send().await.unwrap();
    };
    let (outcome, ()) = tokio::join!(step(begin), lag);
    assert!(matches!(outcome, Outcome::Again { .. }), "{outcome:?}");
    let outcome = step(begin).await;
    assert!(matches!(&outcome, Outcome::Again { why, .. } if why.ends_with("has no tags yet")), "{outcome:?}");
    let down = teardown::step(&fixture.cloud, &job, Role::New, begin, None, fixture.world.now()).await.unwrap();
    assert!(matches!(&down, teardown::Outcome::Again { why, .. } if why.ends_with("has no tags yet")), "{down:?}");
}

// A change or a reboot that never takes effect must not be repeated for ever.
#[tokio::test(start_paused = true)]
async fn each_modification_and_each_reboot_is_counted() {
    let fixture = Fixture::new(Kind::Instance).await;
    let start = fixture.world.now();
    let database = fixture.provisioned(&fixture.job(Verb::Restore)).await;
    let calls = fixture.calls_since(start);
    assert!(calls["ModifyDBInstance"] >= 2 && calls["RebootDBInstance"] >= 1, "{calls:?}");
    let changes = provision::wait::changes(&database.tags);
    assert_eq!(changes.count as usize, calls["ModifyDBInstance"] + calls["RebootDBInstance"]);
    assert!(changes.last.is_some_and(|last| start < last && last < fixture.world.now()), "{changes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_member_that_cannot_be_deleted_does_not_hold_up_the_others() {
    let fixture = Fixture::new(Kind::Cluster).await;
    let job = fixture.job(Verb::Restore);
    fixture.provisioned(&job).await;
    fixture.world.plan_faults(refusals("DeleteDBInstance", "AccessDenied", 1));
    let start = fixture.world.now();
    let mut is_deleted = false;
    for _ in 0..100 {
        let step = teardown::step(&fixture.cloud, &job, Role::New, Begin::Allowed, None, fixture.world.now()).await;
        let teardown::Outcome::Again { after, why } = step.unwrap() else { panic!("not again") };
        fixture.world.sleep(after.to_std().unwrap()).await;
        if let Some(deletions) = fixture.calls_since(start).get("DeleteDBInstance") {
            assert!(*deletions == 3 && why.contains("AccessDenied"), "{deletions} {why}");
            is_deleted = true;
            break;
        }
    }
    assert!(is_deleted);
    assert_eq!(fixture.tear_down(&job, Role::New, None).await, teardown::Outcome::TornDown);
}

// Invariant 26.
#[tokio::test(start_paused = true)]
async fn a_managed_password_is_read_and_never_shown() {
    let fixture = Fixture::new(Kind::Instance).await;
    let overrides = [(Setting::ManagedPassword, Value::Flag(true))].into();
    let job = Job::new(Request { overrides, ..fixture.request(Verb::Verify) }).unwrap();
    let database = fixture.provisioned(&job).await;
    let credentials = fixture.cloud.read_secret(database.secret.as_deref().unwrap()).await.unwrap();
    assert_eq!(credentials.user, "draco");
    let password = credentials.password().to_owned();
    assert!(!password.is_empty());
    let shown = format!("{credentials:?} {database:?} {job:?}");
    assert!(!shown.contains(&password), "{shown}");
    for (key, value) in database.tags.iter() {
        assert!(!value.contains(&password), "{key}");
    }
    let missing =
        fixture.cloud.read_secret("arn:aws:secretsmanager:eu-west-1:222222222222:secret:none").await.unwrap_err();
    assert_eq!(missing.class(), cloud::Class::Gone);
}
