//! What of a plan gives way to AWS's rules for values: of storage, of windows, of names.

use cloud::Offer;
use protocol::job::Note;
use protocol::spec::{Setting, Value};
use provision::check::{Facts, check};
use provision::plan::{self, Base, Origin};
use provision::rules;
use provision::settle::settle;

use super::checks::{facts, offer};
use super::plans::text;
use super::settled::{number, offers, settled};
use super::*;

// Its restore has the storage of the data, so the class must have that.
#[test]
fn a_temporary_sql_server_has_a_class_with_the_storage_type_of_its_data() {
    let all = offers(&[("db.t3.small", "gp3"), ("db.m5.large", "gp3"), ("db.m5.large", "io2")]);
    let facts = Facts { gib: Some(100), of_version: Some(all), ..facts() };
    let class = |of_data: &str| {
        let spec = Spec::new(Kind::Instance, "sqlserver-se", "16.00.4140.3.v1");
        let plan = settled(Verb::Verify, spec, &[(Setting::StorageType, text(of_data))], &[], &facts);
        let storage = plan.spec.settings.get(&Setting::StorageType).cloned();
        (plan.spec.settings.get(&Setting::Class).cloned(), storage)
    };
    assert_eq!(class("gp3"), (Some(text("db.t3.small")), None));
    assert_eq!(class("io2"), (Some(text("db.m5.large")), None));
}

// The IOPS are at least half of the size. A snapshot states it; of a database, its description does.
#[test]
fn a_temporary_multi_az_cluster_has_the_iops_that_its_size_needs() {
    let all = vec![Offer { supports_clusters: true, max_gib: Some(65_536), ..offer("db.m6gd.large", "io1") }];
    let facts = Facts { of_version: Some(all), ..facts() };
    let job = job(Kind::Cluster, Verb::Rewind);
    let mut live = Spec::new(Kind::Cluster, "postgres", "16.3");
    live.settings = [(Setting::AllocatedStorage, number(4000)), (Setting::Iops, number(20_000))].into();
    let content = Spec::new(Kind::Cluster, "postgres", "16.3");
    let base = Base { content, recorded: Some(live), origin: Origin::Here, notes: Vec::new() };
    let plan = settle(&job, &base, plan::wanted(&job, &base), &facts);
    assert_eq!(plan.spec.settings.get(&Setting::Iops), Some(&number(2000)));
}

// Terraform has the same: 0, or the size itself, turns it off. A restore begins without it.
#[test]
fn a_highest_storage_of_nothing_or_of_the_size_turns_autoscaling_off() {
    use Setting::*;
    let facts = Facts { gib: Some(100), ..facts() };
    let mut spec = Spec::new(Kind::Instance, "postgres", "16.3");
    spec.settings = [(MaxAllocatedStorage, number(1000))].into();
    let most = |overrides: &[(Setting, Value)]| {
        let plan = settled(Verb::Restore, spec.clone(), &[], overrides, &facts);
        let overrides = overrides.iter().cloned().collect();
        let job = Job::new(Request { overrides, ..request(Kind::Instance, Verb::Restore) }).unwrap();
        (plan.spec.settings.get(&MaxAllocatedStorage).cloned(), check(&job, &plan.spec, &facts, now()).len())
    };
    assert_eq!(most(&[]), (Some(number(1000)), 0));
    for off in [0, 100] {
        assert_eq!(most(&[(MaxAllocatedStorage, number(off))]), (None, 0), "{off}");
    }
    assert_eq!(most(&[(MaxAllocatedStorage, number(200)), (AllocatedStorage, number(200))]), (None, 0));
    for (other, problems) in [(4, 2), (99, 1), (101, 0)] {
        let overrides = [(MaxAllocatedStorage, number(other))];
        assert_eq!(most(&overrides), (Some(number(other)), problems), "{other}");
    }
}

// The job chose one window, and the other one is only recorded.
#[test]
fn a_recorded_backup_window_gives_way_to_the_maintenance_window_of_the_job() {
    use Setting::*;
    let windows = |backup: &str, maintenance: &str| {
        let mut spec = Spec::new(Kind::Instance, "postgres", "16.3");
        spec.settings = [(BackupWindow, text(backup)), (MaintenanceWindow, text("mon:00:00-mon:00:30"))].into();
        let plan = settled(Verb::Restore, spec, &[], &[(MaintenanceWindow, text(maintenance))], &facts());
        let job = job(Kind::Instance, Verb::Restore);
        assert_eq!(check(&job, &plan.spec, &facts(), now()), [""; 0]);
        let note = Note::Refused(BackupWindow, backup.to_owned());
        (plan.spec.settings.get(&BackupWindow).cloned(), plan.notes.contains(&note))
    };
    assert_eq!(windows("04:00-04:30", "sun:05:00-sun:05:30"), (Some(text("04:00-04:30")), false));
    // AWS's own choice could overlap, too.
    assert_eq!(windows("05:15-05:45", "sun:05:00-sun:05:30"), (Some(text("05:30-06:00")), true));
    assert_eq!(windows("23:00-01:00", "sun:23:30-mon:00:15"), (Some(text("00:15-02:15")), true));
    // There is no room beside it.
    assert_eq!(windows("05:15-05:45", "sun:05:00-mon:05:00"), (None, true));
}

// AWS adds values. One that is not known here may be new, so AWS decides.
#[test]
fn names_that_aws_may_have_added_are_given_and_never_refused_here() {
    use Setting::*;
    let all = [
        (CertificateAuthority, text("rds-ca-rsa8192-g2")),
        (LifecycleSupport, text("open-source-rds-extended-support-2")),
        (InsightsMode, text("ultra")),
    ];
    let of_cluster = [(StorageType, text("aurora-iopt2")), (EngineMode, text("newer"))];
    for (kind, engine, settings) in [
        (Kind::Instance, "postgres", [&all[..], &[(StorageType, text("gp9"))]].concat()),
        (Kind::Cluster, "postgres", all.to_vec()),
        (Kind::Cluster, "aurora-postgresql", [&all[..], &of_cluster].concat()),
    ] {
        for (setting, value) in settings {
            let spec = Spec { settings: [(setting, value.clone())].into(), ..Spec::new(kind, engine, "16.3") };
            assert!(rules::is_valid(setting, &value, &spec), "{setting:?}");
            let overrides = [(setting, value.clone())].into();
            let job = Job::new(Request { overrides, ..request(kind, Verb::Restore) }).unwrap();
            let problems = check(&job, &spec, &facts(), now());
            assert!(!problems.iter().any(|line| line.contains("and AWS takes")), "{setting:?} {problems:?}");
        }
    }
}

// AWS has it for Aurora MySQL only.
#[test]
fn a_recorded_backtrack_window_of_another_engine_is_left_out() {
    let has = |engine: &str| {
        let value = number(3600);
        let spec =
            Spec { settings: [(Setting::BacktrackWindow, value)].into(), ..Spec::new(Kind::Cluster, engine, "8.0.36") };
        settled(Verb::Restore, spec, &[], &[], &facts()).spec.settings.contains_key(&Setting::BacktrackWindow)
    };
    assert_eq!(["aurora-mysql", "aurora-postgresql"].map(has), [true, false]);
}
