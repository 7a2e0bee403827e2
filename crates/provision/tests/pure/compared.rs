//! The job's database, compared with its spec: what is missing, what differs, and what is reported.

use protocol::spec::{Compared, Given, Setting, Target, Value};
use provision::compare::{compare, differences};
use provision::decide::{Deadline, Found, Ours, Seen, Step, decide};
use provision::plan::Origin;
use provision::wait::{self, Changes};

use super::plans::{base, full, start, text, wanted};
use super::*;

/// The database as it is restored: with its tags, and with these settings.
fn restored(job: &Job, spec: &Spec) -> Observed {
    let role = job.request().verb.role();
    let mut observed = observed(job, role);
    observed.tags = start(job, spec, now()).tags;
    observed.spec = spec.clone();
    observed.members = (1..)
        .zip(&spec.members)
        .map(|(nth, planned)| ObservedMember {
            settings: planned.settings.clone(),
            ..member(job, role, nth, Condition::Ready)
        })
        .collect();
    observed
}

#[test]
fn readers_are_created_when_the_writer_is_available() {
    let job = job(Kind::Cluster, Verb::Restore);
    let spec = wanted(&job, &base(Kind::Cluster, Origin::Here));
    let complete = restored(&job, &spec);
    let created = |members: &[ObservedMember]| {
        let ours = compare(&job, Observed { members: members.to_vec(), ..complete.clone() }, now());
        match decide(Seen { found: Found::Ours(Box::new(ours)), deadline: Deadline::Ahead }) {
            Step::CreateMembers { members, .. } => members.into_iter().map(|new| new.member).collect(),
            Step::Wait { .. } => Vec::new(),
            other => panic!("{other:?}"),
        }
    };
    let writer = complete.members[0].clone();
    assert_eq!(created(&[]), [job.member(Role::New, 1)]);
    for condition in [Condition::InProgress("creating".to_owned()), Condition::BackingUp] {
        assert_eq!(created(&[ObservedMember { condition, ..writer.clone() }]), []);
    }
    assert_eq!(created(&[writer]), [job.member(Role::New, 2)]);
}

// Another instance can have the name of a member, before Draco creates that one. It is never changed (invariant 21), and counts as missing:
// the creation finds that the name is taken.
#[test]
fn an_instance_of_another_owner_is_no_member() {
    let job = job(Kind::Cluster, Verb::Restore);
    let spec = wanted(&job, &base(Kind::Cluster, Origin::Here));
    let mut database = restored(&job, &spec);
    database.members[0].tags = Tags::default();
    database.members[0].settings.clear();
    let mut compared = |created, condition| {
        (database.members[0].created, database.members[0].condition) = (created, condition);
        let ours = compare(&job, database.clone(), now());
        assert_eq!(ours.differences, []);
        (ours.untagged, ours.missing.into_iter().map(|missing| missing.member).collect::<Vec<_>>())
    };
    let (name, creating) = (job.member(Role::New, 1), Condition::InProgress("creating".to_owned()));
    // The tags of a new member may follow.
    let (new, old) = (Some(now() - TimeDelta::minutes(4)), Some(now() - TimeDelta::minutes(5)));
    for (created, condition) in [(None, creating.clone()), (new, Condition::Ready), (new, Condition::BackingUp)] {
        assert_eq!(compared(created, condition), (Some(name.clone()), vec![]));
    }
    let failed = Condition::Failed("failed".to_owned());
    for (created, condition) in [(old, Condition::Ready), (old, creating), (old, failed.clone()), (None, failed)] {
        assert_eq!(compared(created, condition), (None, vec![name.clone()]));
    }
}

#[test]
fn a_database_with_its_spec_needs_nothing() {
    for kind in Kind::ALL {
        let job = job(kind, Verb::Restore);
        let wanted = wanted(&job, &base(kind, Origin::Here));
        let ours = compare(&job, restored(&job, &wanted), now());
        assert_eq!((ours.missing, ours.differences, ours.reboots), (vec![], vec![], vec![]));
    }
}

#[test]
fn each_setting_that_differs_is_changed_if_a_modification_has_it() {
    for kind in Kind::ALL {
        let job = job(kind, Verb::Restore);
        let spec = wanted(&job, &base(kind, Origin::Here));
        let targets = [(spec.target(), spec.settings.clone())].into_iter();
        let of_member = spec.members.first().map(|member| (Target::Member, member.settings.clone()));
        for (target, settings) in targets.chain(of_member) {
            for (setting, value) in &settings {
                let mut database = restored(&job, &spec);
                let actual = match target {
                    Target::Member => &mut database.members[0].settings,
                    Target::Instance | Target::AuroraCluster | Target::MultiAzCluster => &mut database.spec.settings,
                };
                actual.remove(setting);
                let ours = compare(&job, database, now());
                let row = setting.row();
                let is_changed = matches!(row.given(target), Given::Restore | Given::Create | Given::Modify)
                    && row.compared != Compared::Never;
                let changes: Vec<Settings> = ours.differences.into_iter().map(|change| change.wanted).collect();
                let mut expected = is_changed.then(|| Settings::from([(*setting, value.clone())]));
                let with = match (setting, target) {
                    (Setting::PerformanceInsights, _) => &[Setting::InsightsKey][..],
                    (Setting::ManagedPassword, _) => &[Setting::PasswordKey],
                    (Setting::InsightsMode, _) => &[Setting::PerformanceInsights, Setting::InsightsRetention],
                    (Setting::AllocatedStorage | Setting::StorageType, Target::Instance) => &[Setting::Iops],
                    _ => &[],
                };
                if let Some(expected) = &mut expected {
                    expected.extend(with.iter().filter_map(|with| Some((*with, settings.get(with)?.clone()))));
                }
                assert_eq!(changes, expected.into_iter().collect::<Vec<_>>(), "{setting:?}");
            }
        }
    }
}

#[test]
fn values_are_compared_as_aws_describes_them() {
    let differs = |setting, wanted: Value, actual: Option<Value>| {
        let actual = actual.map(|value| (setting, value)).into_iter().collect();
        !differences(Target::Instance, &[(setting, wanted)].into(), &actual).is_empty()
    };
    let number = |gib| Some(Value::Number(gib));
    // AWS may have enlarged the storage, and it cannot shrink.
    assert!(!differs(Setting::AllocatedStorage, Value::Number(100), number(100)));
    assert!(!differs(Setting::AllocatedStorage, Value::Number(100), number(101)));
    assert!(differs(Setting::AllocatedStorage, Value::Number(100), number(99)));
    assert!(differs(Setting::BackupRetention, Value::Number(7), number(8)));
    // What is off may not be described.
    assert!(!differs(Setting::MultiAz, Value::Flag(false), None));
    assert!(differs(Setting::MultiAz, Value::Flag(true), None));
    assert!(!differs(Setting::LogExports, Value::Names([].into()), None));
    assert!(differs(Setting::LogExports, Value::Names(["audit".to_owned()].into()), None));
    assert!(differs(Setting::Port, Value::Number(1), None));
    assert!(!differs(Setting::StorageType, text("aurora"), None));
    assert!(differs(Setting::StorageType, text("aurora-iopt1"), None));
    assert!(differs(Setting::StorageType, text("aurora"), Some(text("aurora-iopt1"))));
}

#[test]
fn members_that_are_missing_are_created_with_what_a_creation_has() {
    let job = job(Kind::Cluster, Verb::Restore);
    let spec = wanted(&job, &base(Kind::Cluster, Origin::Here));
    let mut database = restored(&job, &spec);
    database.members.remove(1);
    let ours = compare(&job, database, now());
    let [missing] = &ours.missing[..] else { panic!("{ours:?}") };
    assert_eq!(missing.member, job.member(Role::New, 2));
    // Tags of members are not recorded. RDS does not copy those of the cluster to them, and costs are allocated by tags.
    let own = job.to_tags().with([(tags::JOB_STARTED, wait::timestamp(now()).as_str())]);
    assert_eq!(missing.tags, own.with([("owner", "shop")]));
    let all: Vec<Setting> = missing.settings.keys().copied().collect();
    let expected = Setting::ALL.iter().filter(|setting| setting.row().member == Given::Create);
    assert_eq!(all, expected.copied().collect::<Vec<_>>());
}

#[test]
fn readers_are_rebooted_before_the_writer() {
    let job = job(Kind::Cluster, Verb::Restore);
    let mut database = restored(&job, &wanted(&job, &base(Kind::Cluster, Origin::Here)));
    for member in &mut database.members {
        member.needs_reboot = true;
    }
    assert_eq!(compare(&job, database.clone(), now()).reboots, [job.member(Role::New, 2), job.member(Role::New, 1)]);
    database.members[1].needs_reboot = false;
    assert_eq!(compare(&job, database.clone(), now()).reboots, [job.member(Role::New, 1)]);
    // Invariant 21: an instance that a person has added is not rebooted.
    database.members[0].tags = Tags::default();
    assert_eq!(compare(&job, database.clone(), now()).reboots, []);
    database.members.clear();
    database.needs_reboot = true;
    assert_eq!(compare(&job, database, now()).reboots, [job.new_database()]);
}

// The tags are Draco's own, and part of the call that creates the database: a spec that is missing was removed by a person.
#[test]
fn a_database_without_a_readable_spec_is_never_complete() {
    for (kind, verb) in Kind::ALL.into_iter().flat_map(|kind| [Verb::Restore, Verb::Verify].map(|verb| (kind, verb))) {
        let job = job(kind, verb);
        let complete = restored(&job, &wanted(&job, &base(kind, Origin::Here)));
        let of_other_kind =
            start(&job, &full(if kind == Kind::Cluster { Kind::Instance } else { Kind::Cluster }), now());
        for (tags, why) in [
            (job.to_tags(), "there is none"),
            (complete.tags.clone().with([(tags::SPEC[0], "v=1 n=1 kind=instance")]), "the spec has "),
            (complete.tags.clone().with([(tags::SPEC[0], "v=2 n=1")]), "the spec has version"),
            (of_other_kind.tags, "the spec is of "),
        ] {
            let damaged = Observed { tags, members: Vec::new(), ..complete.clone() };
            let decided = |created: Option<DateTime<Utc>>| {
                let ours = compare(&job, Observed { created, ..damaged.clone() }, now());
                decide(Seen { found: Found::Ours(Box::new(ours)), deadline: Deadline::Ahead })
            };
            let ago = |seconds| Some(now() - TimeDelta::seconds(seconds));
            let text = match decided(ago(300)) {
                Step::Discard { reason, .. } if verb == Verb::Verify => reason.to_string(),
                Step::GiveUp(reason) if verb == Verb::Restore => reason.to_string(),
                other => panic!("{other:?}"),
            };
            assert!(text.contains("the settings in the tags Draco_Spec… of draco-") && text.contains(why), "{text}");
            assert!(!text.contains('\n'));
            // RDS describes a database before it describes its tags.
            for created in [None, ago(299)] {
                assert!(matches!(decided(created), Step::Wait { .. }));
            }
        }
    }
}

// RDS takes a backup as soon as an instance has backups, and nothing else can be changed for hours.
#[test]
fn backups_begin_when_nothing_else_is_left_to_do() {
    let job = job(Kind::Instance, Verb::Restore);
    let spec = wanted(&job, &base(Kind::Instance, Origin::Here));
    let mut database = restored(&job, &spec);
    database.spec.settings.insert(Setting::BackupRetention, Value::Number(0));
    let changes = |database: &Observed| -> Vec<Setting> {
        let ours = compare(&job, database.clone(), now());
        ours.differences.into_iter().flat_map(|change| change.wanted.into_keys()).collect()
    };
    assert_eq!(changes(&database), [Setting::BackupRetention]);
    let waits = Observed { needs_reboot: true, ..database.clone() };
    assert_eq!(changes(&waits), []);
    database.spec.settings.insert(Setting::MultiAz, Value::Flag(false));
    assert_eq!(changes(&database), [Setting::MultiAz]);
    // With backups on, one more day begins nothing.
    database.spec.settings.insert(Setting::BackupRetention, Value::Number(1));
    assert_eq!(changes(&database), [Setting::MultiAz, Setting::BackupRetention]);
}

// Until AWS describes a change, the database differs as before, and a second change or reboot would interrupt it once more.
#[test]
fn a_change_is_not_repeated_while_aws_may_not_describe_it_yet() {
    let job = job(Kind::Instance, Verb::Restore);
    let mut database = restored(&job, &wanted(&job, &base(Kind::Instance, Origin::Here)));
    database.spec.settings.insert(Setting::Port, Value::Number(5432));
    let mut after = |seconds| {
        let last = now() - TimeDelta::seconds(seconds);
        database.tags.set(tags::JOB_CHANGES, &wait::one_more(3, last));
        let ours = compare(&job, database.clone(), now());
        assert_eq!(ours.changes, Changes { count: 4, last: Some(last) });
        ours.are_changes_recent
    };
    // The clock of the function that made the change may be ahead. A time that cannot be right holds nothing up.
    assert_eq!([0, 89, 90, -89, -90, 100_000].map(&mut after), [true, true, false, true, false, false]);
    for (value, count) in [("", 0), ("4", 4), ("4 at noon", 4), ("many at 2026-11-21T05:00:00Z", 0), ("-1", 0)] {
        database.tags.set(tags::JOB_CHANGES, value);
        assert_eq!(compare(&job, database.clone(), now()).changes.count, count, "{value}");
    }
}

// A value that AWS does not take over must not be changed for ever.
#[test]
fn a_difference_that_stays_is_reported_after_ten_changes() {
    let job = job(Kind::Instance, Verb::Restore);
    let spec = wanted(&job, &base(Kind::Instance, Origin::Here));
    let mut database = restored(&job, &spec);
    database.spec.settings.insert(Setting::Port, Value::Number(5432));
    database.spec.settings.insert(Setting::BackupRetention, Value::Number(0));
    let after = |changed: u32| {
        let mut database = database.clone();
        database.tags.set(tags::JOB_CHANGES, &changed.to_string());
        let Ours { changes, differences, report, .. } = compare(&job, database, now());
        assert_eq!(changes.count, changed);
        let settings: Vec<Setting> = differences.into_iter().flat_map(|change| change.wanted.into_keys()).collect();
        (settings, report)
    };
    let id = job.new_database();
    let line =
        |of: &str| format!("{}: AWS does not take over a change: {of}; set it by hand, or leave it out", id.id());
    let (_, others) = after(0);
    let with = |first: &[String], last: &[String]| [first, &others, last].concat();
    assert_eq!(after(9), (vec![Setting::Port], others.clone()));
    // Backups begin all the same.
    let port = line("Port is 5432 in place of 500");
    assert_eq!(after(10), (vec![Setting::BackupRetention], with(&[], std::slice::from_ref(&port))));
    assert_eq!(after(29), (vec![Setting::BackupRetention], with(&[], std::slice::from_ref(&port))));
    // A database without backups is the first line.
    assert_eq!(after(30), (vec![], with(&[line("BackupRetentionPeriod is 0 in place of 500")], &[port])));
}

#[test]
fn a_group_that_still_waits_for_a_reboot_is_reported_after_twenty_changes() {
    let job = job(Kind::Cluster, Verb::Restore);
    let mut database = restored(&job, &wanted(&job, &base(Kind::Cluster, Origin::Here)));
    database.members[1].needs_reboot = true;
    let id = job.member(Role::New, 2);
    let line = format!("{}: a parameter group still waits for a reboot: reboot it by hand", id.id());
    for (changed, reboots) in [(10, vec![id.clone()]), (19, vec![id]), (20, vec![]), (30, vec![])] {
        database.tags.set(tags::JOB_CHANGES, &changed.to_string());
        let ours = compare(&job, database.clone(), now());
        assert_eq!(ours.report.contains(&line), reboots.is_empty(), "{changed}");
        assert_eq!(ours.reboots, reboots);
    }
}

#[test]
fn the_key_of_performance_insights_is_given_with_the_call_that_turns_it_on() {
    let wanted: Settings =
        [(Setting::PerformanceInsights, Value::Flag(true)), (Setting::InsightsKey, text("key"))].into();
    for target in [Target::Instance, Target::Member, Target::AuroraCluster, Target::MultiAzCluster] {
        assert_eq!(differences(target, &wanted, &Settings::new()), wanted);
        let on = [(Setting::PerformanceInsights, Value::Flag(true))].into();
        assert_eq!(differences(target, &wanted, &on), Settings::new());
    }
}

// AWS refuses the change of the first alone, even if the database has the others.
#[test]
fn what_aws_takes_only_with_another_setting_is_changed_with_it() {
    use Setting::*;
    let number = Value::Number;
    let insights = [(PerformanceInsights, Value::Flag(true)), (InsightsRetention, number(465))];
    let mode = |mode: &str| (InsightsMode, text(mode));
    let clusters = [Target::AuroraCluster, Target::MultiAzCluster];
    for (targets, changed, others, old) in [
        (&[clusters[0], clusters[1], Target::Instance][..], mode("advanced"), &insights[..], mode("standard")),
        (&clusters[1..], (AllocatedStorage, number(200)), &[(Iops, number(1000))], (AllocatedStorage, number(100))),
        (&clusters[1..], (StorageType, text("gp3")), &[(Iops, number(1000))], (StorageType, text("io1"))),
    ] {
        for target in targets {
            let others: Settings = others.iter().cloned().collect();
            let all: Settings = others.clone().into_iter().chain([changed.clone()]).collect();
            let mut actual = others;
            actual.insert(old.0, old.1.clone());
            assert_eq!(differences(*target, &all, &actual), all, "{target:?}");
            assert_eq!(differences(*target, &all, &all), Settings::new());
        }
    }
    // Of Aurora, the cluster has the mode and the members do not.
    let all: Settings = insights.iter().cloned().chain([mode("advanced")]).collect();
    assert_eq!(differences(Target::Member, &all, &insights.iter().cloned().collect()), Settings::new());
}

// "If the DB instance already manages the master user password in AWS Secrets Manager, you can't change the KMS key"
// (`MasterUserSecretKmsKeyId`). AWS describes the ARN of a key of which the job gave the alias.
#[test]
fn the_key_of_a_managed_password_is_given_with_the_call_that_begins_to_manage_it() {
    let wanted: Settings =
        [(Setting::ManagedPassword, Value::Flag(true)), (Setting::PasswordKey, text("alias/pw"))].into();
    for target in [Target::Instance, Target::AuroraCluster] {
        assert_eq!(differences(target, &wanted, &Settings::new()), wanted);
        let there: Settings =
            [(Setting::ManagedPassword, Value::Flag(true)), (Setting::PasswordKey, text("arn:key"))].into();
        assert_eq!(differences(target, &wanted, &there), Settings::new());
    }
}

// AWS does not delete a protected database, and changes no setting of one that has failed.
#[test]
fn a_database_is_protected_when_nothing_else_is_left_to_do() {
    let job = job(Kind::Cluster, Verb::Restore);
    let mut spec = wanted(&job, &base(Kind::Cluster, Origin::Here));
    spec.settings.insert(Setting::DeletionProtection, Value::Flag(true));
    spec.settings.insert(Setting::CopyTagsToSnapshot, Value::Flag(true));
    let mut open = restored(&job, &spec);
    open.spec.settings.insert(Setting::DeletionProtection, Value::Flag(false));
    let changed = |database: &Observed| -> Vec<Vec<Setting>> {
        let ours = compare(&job, database.clone(), now());
        ours.differences.iter().map(|change| change.wanted.keys().copied().collect()).collect()
    };
    assert_eq!(changed(&open), [[Setting::DeletionProtection]]);
    let mut other = open.clone();
    other.spec.settings.insert(Setting::CopyTagsToSnapshot, Value::Flag(false));
    assert_eq!(changed(&other), [[Setting::CopyTagsToSnapshot]]);
    let nothing: [Vec<Setting>; 0] = [];
    let mut lacks_member = open.clone();
    lacks_member.members.pop();
    assert_eq!(changed(&lacks_member), nothing);
    let mut waits = open;
    waits.members[0].needs_reboot = true;
    assert_eq!(changed(&waits), nothing);
}

// Without its key, AWS would encrypt the secret of the password under its own.
#[test]
fn a_refused_modification_is_divided_and_a_key_stays_with_its_feature() {
    let flag = Value::Flag(true);
    let [port, password, key, zones] = [
        (Setting::Port, Value::Number(1)),
        (Setting::ManagedPassword, flag.clone()),
        (Setting::PasswordKey, text("key")),
        (Setting::MultiAz, flag),
    ];
    let of = |parts: &[&(Setting, Value)]| parts.iter().map(|part| (*part).clone()).collect::<Settings>();
    let parts = |settings: &[&(Setting, Value)]| {
        let mut parts = provision::act::parts(&of(settings), |_| false);
        parts.sort();
        parts
    };
    let sorted = |mut parts: Vec<Settings>| {
        parts.sort();
        parts
    };
    assert_eq!(parts(&[]), []);
    assert_eq!(parts(&[&port]), []);
    assert_eq!(parts(&[&password, &key]), []);
    assert_eq!(parts(&[&port, &zones]), sorted(vec![of(&[&port]), of(&[&zones])]));
    let both = of(&[&password, &key]);
    assert_eq!(parts(&[&port, &password, &key]), sorted(vec![both.clone(), of(&[&port])]));
    let all = [of(&[&port, &zones]), of(&[&port, &password, &key]), of(&[&zones, &password, &key])];
    let alone = [of(&[&port]), of(&[&zones]), both];
    assert_eq!(parts(&[&port, &password, &key, &zones]), sorted([all, alone].concat()));
}

// AWS takes these only together, so one of them alone would be refused again.
#[test]
fn settings_that_aws_takes_only_together_are_not_divided() {
    use Setting::*;
    for together in [
        &[MonitoringInterval, MonitoringRole][..],
        &[PerformanceInsights, InsightsRetention],
        &[PerformanceInsights, InsightsRetention, InsightsKey],
        &[PerformanceInsights, InsightsRetention, InsightsMode],
        &[ManagedPassword, PasswordKey],
        &[ServerlessMin, ServerlessMax],
        &[StorageType, Iops],
    ] {
        let all = [Class, PromotionTier].iter().chain(together);
        let settings: Settings = all.map(|setting| (*setting, super::plans::value(*setting))).collect();
        let parts = provision::act::parts(&settings, |_| false);
        for part in &parts {
            let has = |setting: &Setting| part.contains_key(setting);
            assert!(together.iter().all(has) || !together.iter().any(has), "{part:?}");
        }
        assert_eq!(parts.len(), 6, "{parts:?}");
    }
}

// AWS takes a restore without one recorded setting, and Draco does not pay more or open a database for that.
#[test]
fn a_refused_creation_is_tried_again_with_all_settings_that_are_kept() {
    use Setting::*;
    let settings: Settings = [Class, StorageType, Iops, Port, PubliclyAccessible, CertificateAuthority]
        .map(|it| (it, super::plans::value(it)))
        .into();
    let kept = [Class, StorageType, PubliclyAccessible];
    let attempts = |kept: &[Setting]| -> Vec<Vec<Setting>> {
        let attempts = provision::act::attempts(&settings, |setting| kept.contains(&setting));
        attempts.into_iter().map(|part| part.into_keys().collect()).collect()
    };
    assert_eq!(
        attempts(&kept),
        [
            vec![Class, StorageType, Iops, CertificateAuthority, PubliclyAccessible],
            vec![Class, StorageType, Iops, Port, PubliclyAccessible],
            vec![Class, StorageType, Iops, PubliclyAccessible],
        ]
    );
    let all: Vec<Setting> = settings.keys().copied().collect();
    assert_eq!(attempts(&all), [[]; 0]);
}

// What the job chose is one wish: AWS refuses one half of it, although the whole is right.
#[test]
fn settings_of_the_job_are_not_divided() {
    use Setting::*;
    let settings: Settings =
        [Class, Port, MultiAz, MonitoringInterval, MonitoringRole].map(|it| (it, super::plans::value(it))).into();
    let of = |parts: &[&[Setting]]| -> Vec<Vec<Setting>> { parts.iter().map(|part| part.to_vec()).collect() };
    let parts = |kept: &[Setting]| -> Vec<Vec<Setting>> {
        let parts = provision::act::parts(&settings, |setting| kept.contains(&setting));
        parts.into_iter().map(|part| part.into_keys().collect()).collect()
    };
    let monitoring = [MonitoringInterval, MonitoringRole];
    assert_eq!(
        parts(&[Class, Port]),
        of(&[
            &[MultiAz, MonitoringInterval, MonitoringRole],
            &[Class, Port, MonitoringInterval, MonitoringRole],
            &[Class, MultiAz, Port],
            &[Class, Port],
            &[MultiAz],
            &monitoring,
        ])
    );
    // A recorded role of an interval that the job chose goes with it.
    assert_eq!(parts(&[Class, MultiAz, Port, MonitoringInterval]), of(&[]));
    assert_eq!(
        parts(&[Class, MultiAz, MonitoringInterval]),
        of(&[&[Port], &[Class, MultiAz, MonitoringInterval, MonitoringRole]])
    );
}
