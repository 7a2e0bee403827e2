//! A restore that AWS refuses, or that fails: the job fails with AWS's reason, nothing remains, and the old database is as it was.

use sim::fault::{Action, Fault, Plan, Point};

use super::*;

/// The outcome, if AWS refuses these calls with this code.
async fn refused(kind: Kind, operation: &str, code: &'static str, times: u32) -> (Fixture, Job, Outcome) {
    let fixture = Fixture::new(kind).await;
    let job = fixture.job(Verb::Restore);
    let at = Point::Call(operation.to_owned());
    let faults = (1..=times).map(|nth| Fault { at: at.clone(), nth, action: Action::Refuse(code) }).collect();
    fixture.world.plan_faults(Plan::List(faults));
    let outcome = fixture.provision(&job).await;
    (fixture, job, outcome)
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

#[tokio::test(start_paused = true)]
async fn errors_that_a_person_has_to_correct_end_the_job_and_nothing_remains() {
    let cases = [
        (Kind::Instance, "RestoreDBInstanceFromDBSnapshot", "KMSKeyNotAccessibleFault"),
        (Kind::Instance, "RestoreDBInstanceFromDBSnapshot", "OptionGroupNotFoundFault"),
        (Kind::Instance, "RestoreDBInstanceFromDBSnapshot", "InvalidVPCNetworkStateFault"),
        (Kind::Instance, "RestoreDBInstanceFromDBSnapshot", "StorageTypeNotSupported"),
        (Kind::Instance, "RestoreDBInstanceFromDBSnapshot", "AccessDenied"),
        (Kind::Instance, "ModifyDBInstance", "InvalidParameterCombination"),
        (Kind::Cluster, "RestoreDBClusterFromSnapshot", "InvalidRestoreFault"),
        (Kind::Cluster, "CreateDBInstance", "InvalidSubnet"),
        (Kind::Cluster, "ModifyDBCluster", "InvalidParameterValue"),
    ];
    for (kind, operation, code) in cases {
        let (fixture, job, outcome) = refused(kind, operation, code, 1).await;
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

// Invariant 26.
#[tokio::test(start_paused = true)]
async fn a_managed_password_is_read_and_never_shown() {
    let fixture = Fixture::new(Kind::Instance).await;
    let overrides = [(protocol::spec::Setting::ManagedPassword, protocol::spec::Value::Flag(true))].into();
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
