//! Databases as AWS describes them: what counts as ready, and whose they are.

use protocol::job::{Part, Role};
use protocol::observed::{Condition, Facts, owner};
use protocol::{DatabaseArn, JobId, Kind, Place, Tags, tags};

fn ready() -> Facts {
    let pair = |name: &str, status: &str| vec![(name.to_owned(), status.to_owned())];
    Facts {
        status: "available".to_owned(),
        pending: Vec::new(),
        parameter_groups: pair("default.postgres16", "in-sync"),
        security_groups: pair("sg-1", "active"),
        option_groups: pair("default:postgres-16", "in-sync"),
        secret: Some("active".to_owned()),
    }
}

fn in_progress(facts: Facts) -> String {
    match facts.condition() {
        Condition::InProgress(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn available_is_ready_only_if_aws_is_not_about_to_change_it() {
    assert_eq!(ready().condition(), Condition::Ready);
    assert_eq!(Facts { secret: None, ..ready() }.condition(), Condition::Ready);
    assert_eq!(Facts { status: "available".to_owned(), ..Facts::default() }.condition(), Condition::Ready);
    // It can be used and changed, and this may last for a day.
    let optimized = Facts { status: "storage-optimization".to_owned(), ..Facts::default() };
    assert_eq!(optimized.condition(), Condition::Ready);
    // A restored database is used while its blocks are loaded, which takes hours if they are many.
    let loading = Facts { status: "storage-initialization".to_owned(), ..Facts::default() };
    assert_eq!(loading.condition(), Condition::Ready);
    // Replicas only, and the engine is not available.
    assert_eq!(in_progress(Facts { status: "storage-config-upgrade".to_owned(), ..ready() }), "storage-config-upgrade");
    let pending = Facts { pending: vec!["Iops".to_owned()], ..optimized };
    assert_eq!(pending.condition(), Condition::InProgress("pending: Iops".to_owned()));
    let pair = |name: &str, status: &str| vec![(name.to_owned(), status.to_owned())];
    assert_eq!(in_progress(Facts { status: "creating".to_owned(), ..ready() }), "creating");
    assert_eq!(
        in_progress(Facts { pending: vec!["MultiAZ".to_owned(), "MasterUserPassword".to_owned()], ..ready() }),
        "pending: MultiAZ, MasterUserPassword"
    );
    assert_eq!(
        in_progress(Facts { parameter_groups: pair("own", "applying"), ..ready() }),
        "the parameter group own is applying"
    );
    assert_eq!(
        in_progress(Facts { security_groups: pair("sg-1", "adding"), ..ready() }),
        "the security group sg-1 is adding"
    );
    assert_eq!(
        in_progress(Facts { option_groups: pair("own", "pending-apply"), ..ready() }),
        "the option group own is pending-apply"
    );
    assert_eq!(
        in_progress(Facts { secret: Some("creating".to_owned()), ..ready() }),
        "the secret of the master user is creating"
    );
}

// "Valid values are: in-sync, … applying, removing, and failed" (`OptionGroupMembership`).
#[test]
fn a_failed_option_group_does_not_end_by_itself() {
    let failed = vec![("own".to_owned(), "failed".to_owned())];
    let with = |status: &str| Facts { status: status.to_owned(), option_groups: failed.clone(), ..ready() }.condition();
    assert_eq!(with("available"), Condition::Failed("failed (option group own)".to_owned()));
    // The status of the database comes first.
    assert_eq!(with("storage-full"), Condition::Failed("storage-full".to_owned()));
    assert_eq!([with("deleting"), with("stopped")], [Condition::Deleting, Condition::Stopped]);
    assert_eq!(with("modifying"), Condition::InProgress("modifying".to_owned()));
}

#[test]
fn a_parameter_group_that_could_not_be_applied_is_no_obstacle() {
    let pair = |status: &str| vec![("own".to_owned(), status.to_owned())];
    let failed = Facts { parameter_groups: pair("failed-to-apply"), ..ready() };
    assert_eq!((failed.condition(), failed.failed_groups()), (Condition::Ready, vec!["own".to_owned()]));
    let later = Facts { parameter_groups: pair("pending-database-upgrade"), ..ready() };
    assert_eq!((later.condition(), later.failed_groups()), (Condition::Ready, vec![]));
}

#[test]
fn a_secret_that_cannot_be_rotated_is_no_obstacle() {
    let impaired = Facts { secret: Some("impaired".to_owned()), ..ready() };
    assert_eq!((impaired.condition(), impaired.has_impaired_secret()), (Condition::Ready, true));
    assert!(!ready().has_impaired_secret());
    assert!(!Facts { secret: None, ..ready() }.has_impaired_secret());
}

#[test]
fn a_stopped_database_is_neither_ready_nor_failed() {
    assert_eq!(Facts { status: "stopped".to_owned(), ..ready() }.condition(), Condition::Stopped);
    for status in ["stopping", "starting"] {
        assert_eq!(in_progress(Facts { status: status.to_owned(), ..ready() }), status);
    }
}

#[test]
fn a_clone_that_failed_has_failed() {
    let facts = Facts { status: "cloning-failed".to_owned(), ..ready() };
    assert_eq!(facts.condition(), Condition::Failed("cloning-failed".to_owned()));
}

#[test]
fn a_group_that_waits_for_a_reboot_is_no_obstacle() {
    let facts = Facts { parameter_groups: vec![("own".to_owned(), "pending-reboot".to_owned())], ..ready() };
    assert_eq!((facts.condition(), facts.needs_reboot()), (Condition::Ready, true));
    assert!(!ready().needs_reboot());
}

#[test]
fn each_status_of_failure_is_one_and_each_other_is_none() {
    let condition = |status: &str| Facts { status: status.to_owned(), ..ready() }.condition();
    for failed in [
        "failed",
        "incompatible-create",
        "incompatible-credentials",
        "incompatible-network",
        "incompatible-option-group",
        "incompatible-parameters",
        "incompatible-restore",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "insufficient-capacity",
        "migration-failed",
        "modify-failed",
        "restore-error",
        "restore-failed",
        "storage-full",
        "upgrade-failed",
        "creation-failed",
    ] {
        assert_eq!(condition(failed), Condition::Failed(failed.to_owned()));
    }
    assert_eq!(condition("backing-up"), Condition::BackingUp);
    for busy in [
        "configuring-enhanced-monitoring",
        "creating",
        "maintenance",
        "modifying",
        "rebooting",
        "renaming",
        "resetting-master-credentials",
        "starting",
        "stopping",
        "upgrading",
    ] {
        assert_eq!(condition(busy), Condition::InProgress(busy.to_owned()));
    }
    assert_eq!([condition("deleting"), condition("deleted")], [Condition::Deleting, Condition::Deleting]);
}

// Invariant 21.
#[test]
fn a_database_is_a_jobs_only_if_its_name_and_its_tag_agree() {
    let place = Place { region: "eu-west-1".parse().unwrap(), account: "222222222222".parse().unwrap() };
    let id: JobId = "0123456789ab".parse().unwrap();
    let arn = |name: &str| DatabaseArn::new(Kind::Instance, place.clone(), name).unwrap();
    let tagged = |value: &str| Tags::from_iter([(tags::JOB, value)]);
    let named = arn(&id.name(Role::New, &arn("orders"), Part::Whole));
    assert_eq!(owner(&named, &tagged("0123456789ab")), Some(id.clone()));
    assert_eq!(owner(&named, &tagged("ba9876543210")), None);
    assert_eq!(owner(&named, &Tags::default()), None);
    assert_eq!(owner(&arn("orders"), &tagged("0123456789ab")), None);
    assert_eq!(owner(&arn("draco-new-orders"), &tagged("0123456789ab")), None);
}
