//! The spec of a new database: what of the recorded settings it has, what its restore gets, and what is missing later.

use protocol::job::{Note, notes};
use protocol::spec::value::HalfUnits;
use protocol::spec::{Given, Member, Recorded, Setting, Target, Type, Value};
use provision::decide::Start;
use provision::plan::{self, Base, Origin, Plan};
use provision::wait::{self, Work};

use super::*;

pub(crate) fn wanted(job: &Job, base: &Base) -> Spec {
    plan::wanted(job, base).spec
}

pub(crate) fn start(job: &Job, spec: &Spec, now: DateTime<Utc>) -> Start {
    plan::start(job, &Plan { spec: spec.clone(), notes: Vec::new() }, now)
}

pub(crate) fn value(setting: Setting) -> Value {
    match setting.row().value {
        Type::Flag => Value::Flag(true),
        Type::Number => Value::Number(500),
        Type::Capacity => Value::Capacity(HalfUnits(4)),
        Type::Name => Value::Name("recorded".to_owned()),
        Type::Names => Value::Names(["recorded".to_owned()].into()),
        Type::Pairs => Value::Pairs([("recorded".to_owned(), "1".to_owned())].into()),
    }
}

pub(crate) fn text(value: &str) -> Value {
    Value::Name(value.to_owned())
}

/// A spec with every setting that its kind has.
pub(crate) fn full(kind: Kind) -> Spec {
    let engine = if kind == Kind::Cluster { "aurora-postgresql" } else { "postgres" };
    let mut spec = Spec::new(kind, engine, "16.3");
    let all = |target| -> Settings {
        let has = |setting: &&Setting| setting.row().given(target) != Given::No;
        Setting::ALL.iter().filter(has).map(|setting| (*setting, value(*setting))).collect()
    };
    spec.settings = all(spec.target());
    if kind == Kind::Cluster {
        let member = |name: &str, is_writer| Member { name: name.to_owned(), is_writer, settings: all(Target::Member) };
        spec.members = vec![member("reader", false), member("writer", true)];
    }
    spec.tags = [("owner", "shop"), (tags::LIFECYCLE, "Standard")].into_iter().collect();
    spec
}

pub(crate) fn base(kind: Kind, origin: Origin) -> Base {
    let recorded = full(kind);
    Base { content: Spec::new(kind, &recorded.engine, "16.4"), recorded: Some(recorded), origin, notes: Vec::new() }
}

#[test]
fn a_database_that_stays_has_every_recorded_setting() {
    for kind in Kind::ALL {
        let spec = wanted(&job(kind, Verb::Restore), &base(kind, Origin::Here));
        let mut expected = full(kind);
        // The data decide about the version. Of a database with a standby, AWS chooses the zones.
        expected.version = "16.4".to_owned();
        // The option group of a cluster cannot be chosen, and its members have the address.
        let left_out: &[Setting] = match kind {
            Kind::Instance => &[Setting::AvailabilityZone],
            Kind::Cluster => &[Setting::OptionGroup, Setting::PubliclyAccessible],
        };
        expected.settings.retain(|setting, _| !left_out.contains(setting));
        // The writer first: the member that is created first is the writer.
        expected.members.reverse();
        assert_eq!(spec, expected);
    }
}

#[test]
fn settings_of_another_account_have_nothing_of_its_network() {
    for kind in Kind::ALL {
        let spec = wanted(&job(kind, Verb::Restore), &base(kind, Origin::Elsewhere));
        let all = spec.settings.keys().chain(spec.members.iter().flat_map(|member| member.settings.keys()));
        for setting in all.filter(|setting| **setting != Setting::PubliclyAccessible) {
            assert_eq!(setting.row().reach, protocol::spec::Reach::Anywhere, "{setting:?}");
        }
    }
}

// Without a value, AWS's default for an instance in the default VPC is a public address.
#[test]
fn no_database_is_public_unless_its_job_or_its_own_settings_say_so() {
    let public = |settings: &Settings| settings.get(&Setting::PubliclyAccessible).cloned();
    let [no, yes] = [false, true].map(|on| Some(Value::Flag(on)));
    for (verb, origin, recorded) in [
        (Verb::Restore, Origin::Elsewhere, true),
        (Verb::Restore, Origin::Here, false),
        (Verb::Verify, Origin::Here, true),
        (Verb::Verify, Origin::Elsewhere, false),
    ] {
        for engine in ["postgres", "aurora-postgresql", "mysql"] {
            let kind = if engine == "postgres" { Kind::Instance } else { Kind::Cluster };
            let mut base = base(kind, origin);
            base.content.engine = engine.to_owned();
            base.recorded = base.recorded.filter(|_| recorded);
            let spec = wanted(&job(kind, verb), &base);
            let is_aurora = engine.starts_with("aurora");
            // What its own settings say, those of an Aurora cluster have no meaning.
            if !is_aurora {
                assert_eq!(public(&spec.settings), no, "{verb:?} {engine}");
                assert_eq!(
                    start(&job(kind, verb), &spec, now()).settings.get(&Setting::PubliclyAccessible),
                    no.as_ref()
                );
            }
            assert_eq!(spec.members.is_empty(), !is_aurora);
            assert!(spec.members.iter().all(|member| public(&member.settings) == no), "{verb:?} {engine}");
            let overrides = [(Setting::PubliclyAccessible, Value::Flag(true))].into();
            let asked = Job::new(Request { overrides, ..request(kind, verb) }).unwrap();
            let spec = wanted(&asked, &base);
            assert!(spec.members.iter().all(|member| public(&member.settings) == yes));
            // Of Aurora, the members have an address, and not the cluster.
            assert_eq!(public(&spec.settings), yes.clone().filter(|_| !is_aurora));
        }
    }
}

// AWS refuses a restore whose tags have a reserved key.
#[test]
fn reserved_tags_of_the_source_are_not_given() {
    let job = job(Kind::Instance, Verb::Restore);
    let mut base = base(Kind::Instance, Origin::Here);
    if let Some(recorded) = &mut base.recorded {
        recorded.tags = Tags::from_iter([("aws:cloudformation:stack-name", "shop"), ("RDS:x", "y"), ("owner", "shop")]);
    }
    let spec = wanted(&job, &base);
    assert_eq!(spec.tags, Tags::from_iter([("owner", "shop")]));
    let given = start(&job, &Spec { tags: base.recorded.unwrap().tags, ..spec }, now()).tags;
    assert!(given.iter().all(|(key, _)| !tags::is_reserved(key)), "{given:?}");
    assert_eq!(given.get("owner"), Some("shop"));
}

// The default group of the current version does not fit an older snapshot.
#[test]
fn default_groups_are_left_to_aws_unless_the_job_names_one() {
    for kind in Kind::ALL {
        let mut base = base(kind, Origin::Here);
        let recorded = base.recorded.as_mut().unwrap();
        let all = [&mut recorded.settings].into_iter().chain(recorded.members.iter_mut().map(|it| &mut it.settings));
        for settings in all {
            for (setting, name) in [
                (Setting::ParameterGroup, "default.postgres17"),
                (Setting::ClusterParameterGroup, "default.aurora-postgresql17"),
                (Setting::OptionGroup, "default:postgres-17"),
            ] {
                settings.entry(setting).and_modify(|value| *value = text(name));
            }
        }
        let spec = wanted(&job(kind, Verb::Restore), &base);
        let all = spec.settings.values().chain(spec.members.iter().flat_map(|member| member.settings.values()));
        assert!(all.clone().all(|value| !matches!(value, Value::Name(name) if name.starts_with("default"))));
        let overrides = [(Setting::OptionGroup, text("default:postgres-16"))].into();
        let asked = Job::new(Request { overrides, ..request(kind, Verb::Restore) }).unwrap();
        assert_eq!(wanted(&asked, &base).settings.get(&Setting::OptionGroup), Some(&text("default:postgres-16")));
    }
}

// `RestoreDBClusterToPointInTime` has no `AvailabilityZones`.
#[test]
fn only_a_restore_from_a_snapshot_states_the_zones_of_a_cluster() {
    let resource_id = "cluster-ABC".to_owned();
    let moment = protocol::job::Moment::Latest;
    for (source, has_zones) in [
        (request(Kind::Cluster, Verb::Restore).source, true),
        (Source::PointInTime { resource_id: resource_id.clone(), moment }, false),
        (Source::Clone { resource_id }, false),
    ] {
        let job = Job::new(Request { source, ..request(Kind::Cluster, Verb::Restore) }).unwrap();
        let spec = wanted(&job, &base(Kind::Cluster, Origin::Here));
        assert_eq!(start(&job, &spec, now()).settings.contains_key(&Setting::AvailabilityZones), has_zones);
    }
}

#[test]
fn a_recorded_cluster_has_sixteen_members_at_most() {
    let job = job(Kind::Cluster, Verb::Restore);
    let mut base = base(Kind::Cluster, Origin::Here);
    let member = |nth: u32| Member { name: format!("m{nth}"), is_writer: nth == 0, settings: Settings::new() };
    if let Some(recorded) = &mut base.recorded {
        recorded.members = (0..300).map(member).collect();
    }
    let spec = wanted(&job, &base);
    assert_eq!(spec.members.len(), 16);
}

// Invariant 22: what a temporary database must not have, because it would outlive it or keep it from being deleted.
#[test]
fn a_temporary_database_has_no_backups_no_protection_no_standby_and_one_member() {
    for (kind, origin) in Kind::ALL.into_iter().flat_map(|kind| [Origin::Here, Origin::Elsewhere].map(|it| (kind, it)))
    {
        let spec = wanted(&job(kind, Verb::Verify), &base(kind, origin));
        let get = |setting| spec.settings.get(&setting).cloned();
        let retention = if kind == Kind::Instance { 0 } else { 1 };
        assert_eq!(get(Setting::BackupRetention), Some(Value::Number(retention)));
        assert_eq!(get(Setting::DeletionProtection), Some(Value::Flag(false)));
        let off = (kind == Kind::Instance).then_some(Value::Flag(false));
        assert_eq!([get(Setting::MultiAz), get(Setting::PubliclyAccessible)], [off.clone(), off]);
        let absent =
            [Setting::ManagedPassword, Setting::MonitoringInterval, Setting::LogExports, Setting::InsightsMode];
        assert_eq!(absent.map(get), [None, None, None, None]);
        assert_eq!(spec.tags, Tags::default());
        let writers: Vec<bool> = spec.members.iter().map(|member| member.is_writer).collect();
        assert_eq!(writers.len(), usize::from(kind == Kind::Cluster));
        assert_eq!(get(Setting::SubnetGroup).is_some(), origin == Origin::Here);
    }
}

// AWS refuses them for some engines and versions, and a refusal would stop the verification of all copies of a source account.
#[test]
fn a_temporary_database_has_neither_support_nor_iam_from_elsewhere_and_says_when_it_may_pay() {
    let plan = |origin, support: &str, overrides: &[(Setting, Value)]| {
        let mut base = base(Kind::Instance, origin);
        base.recorded.as_mut().unwrap().settings.insert(Setting::LifecycleSupport, text(support));
        let overrides = overrides.iter().cloned().collect();
        let job = Job::new(Request { overrides, ..request(Kind::Instance, Verb::Verify) }).unwrap();
        let Plan { spec, notes } = plan::wanted(&job, &base);
        let has = [Setting::LifecycleSupport, Setting::IamAuthentication];
        (has.map(|setting| spec.settings.contains_key(&setting)), notes)
    };
    let [off, on] = ["open-source-rds-extended-support-disabled", "open-source-rds-extended-support"];
    assert_eq!(plan(Origin::Here, off, &[]), ([true, true], vec![]));
    assert_eq!(
        plan(Origin::Elsewhere, off, &[]),
        ([false, false], vec![Note::Elsewhere, Note::Home(Setting::LifecycleSupport)])
    );
    assert_eq!(plan(Origin::Elsewhere, on, &[]), ([false, false], vec![Note::Elsewhere]));
    let chosen = [(Setting::LifecycleSupport, text(off))];
    assert_eq!(plan(Origin::Elsewhere, off, &chosen), ([true, false], vec![Note::Elsewhere]));
}

#[test]
fn a_temporary_database_reports_that_nothing_was_recorded() {
    let notes = vec![Note::NothingRecorded, Note::NotRecorded(Setting::LogExports), Note::Unreadable];
    let base = Base { recorded: None, notes, ..base(Kind::Instance, Origin::Here) };
    let plan = plan::wanted(&job(Kind::Instance, Verb::Verify), &base);
    assert_eq!(plan.notes, [Note::NothingRecorded, Note::Unreadable]);
}

#[test]
fn without_recorded_settings_a_cluster_gets_one_member() {
    let base = Base { recorded: None, ..base(Kind::Cluster, Origin::Here) };
    let spec = wanted(&job(Kind::Cluster, Verb::Restore), &base);
    let settings = Settings::from([(Setting::PubliclyAccessible, Value::Flag(false))]);
    assert_eq!(spec.members, [Member { name: "orders".to_owned(), is_writer: true, settings }]);
    let multi_az = Base { content: Spec::new(Kind::Cluster, "postgres", "16.3"), ..base };
    assert_eq!(wanted(&job(Kind::Cluster, Verb::Restore), &multi_az).members, []);
}

#[test]
fn what_comes_with_the_data_fills_what_was_not_recorded() {
    let mut content = Spec::new(Kind::Instance, "postgres", "16.3");
    content.settings = [(Setting::Port, Value::Number(5433)), (Setting::StorageType, text("io1"))].into();
    let mut recorded = Spec::new(Kind::Instance, "postgres", "15.1");
    recorded.settings = [(Setting::StorageType, text("gp3"))].into();
    let base = Base { content, recorded: Some(recorded), origin: Origin::Here, notes: Vec::new() };
    let spec = wanted(&job(Kind::Instance, Verb::Restore), &base);
    let expected: Settings = [
        (Setting::Port, Value::Number(5433)),
        (Setting::StorageType, text("gp3")),
        (Setting::PubliclyAccessible, Value::Flag(false)),
    ]
    .into();
    assert_eq!((spec.version.as_str(), spec.settings), ("16.3", expected));
}

#[test]
fn overrides_win_and_apply_to_the_targets_that_have_them() {
    let overrides: Settings = [
        (Setting::Class, text("db.r6g.large")),
        (Setting::Port, Value::Number(1)),
        (Setting::PromotionTier, Value::Number(3)),
    ]
    .into();
    let job = Job::new(Request { overrides, ..request(Kind::Cluster, Verb::Restore) }).unwrap();
    let spec = wanted(&job, &base(Kind::Cluster, Origin::Here));
    assert_eq!(spec.settings.get(&Setting::Port), Some(&Value::Number(1)));
    assert_eq!(spec.settings.get(&Setting::Class), None);
    for member in spec.members {
        assert_eq!(member.settings.get(&Setting::Class), Some(&text("db.r6g.large")));
        assert_eq!(member.settings.get(&Setting::PromotionTier), Some(&Value::Number(3)));
    }
}

/// The settings of an instance that have these recorded, without those that were removed.
fn normalised(recorded: &[(Setting, Value)], overrides: &[(Setting, Value)]) -> Vec<Setting> {
    let spec = Spec { settings: recorded.iter().cloned().collect(), ..Spec::new(Kind::Instance, "postgres", "16.3") };
    let overrides = overrides.iter().cloned().collect();
    let job = Job::new(Request { overrides, ..request(Kind::Instance, Verb::Restore) }).unwrap();
    let content = Spec::new(Kind::Instance, "postgres", "16.3");
    let base = Base { content, recorded: Some(spec), origin: Origin::Here, notes: Vec::new() };
    wanted(&job, &base).settings.into_keys().filter(|setting| *setting != Setting::PubliclyAccessible).collect()
}

#[test]
fn recorded_settings_that_others_make_meaningless_are_left_out() {
    use Setting::*;
    let storage = |of: &str, gib| {
        [
            (StorageType, text(of)),
            (AllocatedStorage, Value::Number(gib)),
            (Iops, Value::Number(3000)),
            (StorageThroughput, Value::Number(125)),
        ]
    };
    assert_eq!(normalised(&storage("gp3", 399), &[]), [StorageType, AllocatedStorage]);
    // From this size on, AWS refuses the performance of smaller storage, which cannot be chosen.
    assert_eq!(normalised(&storage("gp3", 400), &[]), [StorageType, AllocatedStorage]);
    let chosen = [(Iops, Value::Number(12_000)), (StorageThroughput, Value::Number(500))];
    let chosen = [&storage("gp3", 400)[..2], &chosen].concat();
    assert_eq!(normalised(&chosen, &[]), [StorageType, AllocatedStorage, Iops, StorageThroughput]);
    assert_eq!(normalised(&storage("io2", 399), &[]), [StorageType, AllocatedStorage, Iops]);
    assert_eq!(normalised(&storage("gp2", 400), &[]), [StorageType, AllocatedStorage]);
    // What was requested stays, and is checked.
    let iops = [(Iops, Value::Number(4000))];
    assert_eq!(normalised(&storage("gp2", 400), &iops), [StorageType, AllocatedStorage, Iops]);
    let zone = (AvailabilityZone, text("eu-west-1a"));
    assert_eq!(normalised(&[zone.clone(), (MultiAz, Value::Flag(true))], &[]), [MultiAz]);
    assert_eq!(normalised(&[zone, (MultiAz, Value::Flag(false))], &[]), [MultiAz, AvailabilityZone]);
    let insights = [(InsightsRetention, Value::Number(7)), (InsightsKey, text("key"))];
    let with = |on| [insights.to_vec(), vec![(PerformanceInsights, Value::Flag(on))]].concat();
    assert_eq!(normalised(&with(false), &[]), [PerformanceInsights]);
    assert_eq!(normalised(&with(true), &[]), [PerformanceInsights, InsightsRetention, InsightsKey]);
    let monitoring = |seconds| vec![(MonitoringInterval, Value::Number(seconds)), (MonitoringRole, text("role"))];
    assert_eq!(normalised(&monitoring(0), &[]), [MonitoringInterval]);
    assert_eq!(normalised(&monitoring(60), &[]), [MonitoringInterval, MonitoringRole]);
    assert_eq!(normalised(&monitoring(60)[..1], &[]), []);
    let password = |on| [(ManagedPassword, Value::Flag(on)), (PasswordKey, text("key"))];
    assert_eq!(normalised(&password(false), &[]), [ManagedPassword]);
    assert_eq!(normalised(&password(true), &[]), [ManagedPassword, PasswordKey]);
    let cores = (ProcessorFeatures, Value::Pairs([("coreCount".to_owned(), "2".to_owned())].into()));
    assert_eq!(normalised(std::slice::from_ref(&cores), &[]), [ProcessorFeatures]);
    assert_eq!(normalised(&[cores], &[(Class, text("db.t4g.small"))]), [Class]);
}

#[test]
fn the_limit_of_gp3_is_lower_for_oracle_and_sql_server_has_none() {
    for (engine, gib, iops, has_iops) in [
        ("oracle-ee", 199, 12_000, false),
        ("oracle-ee", 200, 12_000, true),
        ("oracle-ee", 200, 3000, false),
        ("sqlserver-se", 20, 4000, true),
    ] {
        let mut spec = Spec::new(Kind::Instance, engine, "19");
        spec.settings = [
            (Setting::StorageType, text("gp3")),
            (Setting::AllocatedStorage, Value::Number(gib)),
            (Setting::Iops, Value::Number(iops)),
        ]
        .into();
        let content = Spec::new(Kind::Instance, engine, "19");
        let base = Base { content, recorded: Some(spec), origin: Origin::Here, notes: Vec::new() };
        let wanted = wanted(&job(Kind::Instance, Verb::Restore), &base);
        assert_eq!(wanted.settings.contains_key(&Setting::Iops), has_iops);
    }
}

// "When specified for a Multi-AZ DB cluster, a value for the Iops parameter is required" (`StorageType`): the limits of gp3 are those of
// instances.
#[test]
fn a_multi_az_cluster_keeps_its_iops() {
    let mut spec = Spec::new(Kind::Cluster, "postgres", "16.3");
    spec.settings = [
        (Setting::StorageType, text("gp3")),
        (Setting::AllocatedStorage, Value::Number(100)),
        (Setting::Iops, Value::Number(3000)),
    ]
    .into();
    let content = Spec::new(Kind::Cluster, "postgres", "16.3");
    for gib in [100, 400] {
        spec.settings.insert(Setting::AllocatedStorage, Value::Number(gib));
        let base =
            Base { content: content.clone(), recorded: Some(spec.clone()), origin: Origin::Here, notes: Vec::new() };
        let wanted = wanted(&job(Kind::Cluster, Verb::Restore), &base);
        assert_eq!(wanted.settings.get(&Setting::Iops), Some(&Value::Number(3000)));
    }
}

// "This setting isn't valid for RDS for SQL Server" (`AllocatedStorage`).
#[test]
fn the_storage_of_sql_server_is_changed_after_its_restore() {
    use Setting::*;
    let storage = [
        (StorageType, text("gp3")),
        (AllocatedStorage, Value::Number(200)),
        (Iops, Value::Number(4000)),
        (StorageThroughput, Value::Number(250)),
    ];
    for (engine, is_stated) in [("sqlserver-se", false), ("postgres", true)] {
        let spec = Spec { settings: storage.iter().cloned().collect(), ..Spec::new(Kind::Instance, engine, "16.00") };
        let start = start(&job(Kind::Instance, Verb::Restore), &spec, now());
        for (setting, _) in &storage {
            assert_eq!(start.settings.contains_key(setting), is_stated, "{setting:?}");
        }
    }
}

#[test]
fn a_restore_states_every_setting_that_it_has_and_begins_without_backups_and_protection() {
    for kind in Kind::ALL {
        let job = job(kind, Verb::Restore);
        let wanted = wanted(&job, &base(kind, Origin::Here));
        let start = start(&job, &wanted, now());
        let target = wanted.target();
        for (setting, value) in &wanted.settings {
            let given = match setting {
                Setting::BackupRetention => Some(Value::Number(if kind == Kind::Instance { 0 } else { 1 })),
                Setting::DeletionProtection => Some(Value::Flag(false)),
                _ => Some(value.clone()),
            };
            let expected = given.filter(|_| matches!(setting.row().given(target), Given::Restore | Given::RestoreOnly));
            assert_eq!(start.settings.get(setting), expected.as_ref(), "{setting:?}");
        }
        assert_eq!(Job::from_tags(&start.tags).unwrap(), job);
        let recorded = Recorded::from_tags(&start.tags).unwrap().unwrap();
        assert_eq!((recorded.spec, recorded.missing.is_empty()), (wanted, true));
        assert_eq!(wait::started(&start.tags), Some(now()));
    }
}

#[test]
fn a_cluster_restored_to_a_time_or_cloned_has_no_zones_in_its_request() {
    let resource_id = "cluster-ABC".to_owned();
    let rewind = Source::PointInTime { resource_id: resource_id.clone(), moment: protocol::job::Moment::Latest };
    let snapshot = request(Kind::Cluster, Verb::Restore).source;
    for (source, has_zones) in [(rewind, false), (Source::Clone { resource_id }, false), (snapshot, true)] {
        let job = Job::new(Request { source, ..request(Kind::Cluster, Verb::Restore) }).unwrap();
        let start = start(&job, &wanted(&job, &base(Kind::Cluster, Origin::Here)), now());
        assert_eq!(start.settings.contains_key(&Setting::AvailabilityZones), has_zones);
    }
}

#[test]
fn tags_of_the_user_give_way_to_those_of_the_job() {
    let job = job(Kind::Instance, Verb::Restore);
    let mut wanted = wanted(&job, &base(Kind::Instance, Origin::Here));
    wanted.tags = (0..60).map(|nth| (format!("tag{nth:02}"), "x".to_owned())).collect();
    wanted.tags.set(tags::COPIED, "never");
    // IAM compares keys without case.
    wanted.tags.set("draco_jobended", "never");
    let start = start(&job, &wanted, now());
    // Those that the job sets later, and two of the three of the report, are free.
    assert_eq!(start.tags.len(), tags::MAX_TAGS - tags::JOB_LATER.len() - 2);
    let kept = start.tags.iter().filter(|(key, _)| key.starts_with("tag")).count();
    assert_eq!(notes::from_tags(&start.tags), [Note::Tags(u32::try_from(60 - kept).unwrap())]);
    assert_eq!(start.tags.get(tags::JOB), Some(job.id().as_str()));
    let given = ["tag00", tags::COPIED, "draco_jobended"].map(|key| start.tags.get(key));
    assert_eq!(given, [Some("x"), None, None]);
}

// Each part of a job has its own beginning. Without it, the last part of a long restore would be noticed late.
#[test]
fn the_delay_is_that_of_the_latest_work() {
    let job = job(Kind::Cluster, Verb::Restore);
    let mut cluster = observed(&job, Role::New);
    assert_eq!(Work::of(&cluster), None);
    let at = |minutes| now() + TimeDelta::minutes(minutes);
    cluster.tags.set(tags::JOB_STARTED, &wait::timestamp(at(0)));
    assert_eq!(Work::of(&cluster), Some(Work::restore(at(0))));
    cluster.members = vec![member(&job, Role::New, 1, Condition::Ready)];
    cluster.members[0].tags.set(tags::JOB_STARTED, &wait::timestamp(at(10)));
    assert_eq!(Work::of(&cluster), Some(Work::member(at(10))));
    cluster.tags.set(tags::JOB_CHANGES, &wait::one_more(0, at(20)));
    assert_eq!(Work::of(&cluster), Some(Work::change(at(20))));
}

#[test]
fn the_delay_grows_with_the_time_that_has_passed() {
    let next = |work, seconds| wait::next(Some(work), now() + TimeDelta::seconds(seconds)).num_seconds();
    let restore = |seconds| next(Work::restore(now()), seconds);
    assert_eq!([0, 60, 255, 300, 1200, 1800, 12_000, 50_000].map(restore), [360, 300, 105, 60, 60, 90, 600, 600]);
    assert_eq!([0, 60, 170, 180, 1800].map(|seconds| next(Work::member(now()), seconds)), [240, 180, 70, 60, 90]);
    assert_eq!([0, 20, 31, 60, 600, 1200].map(|seconds| next(Work::change(now()), seconds)), [60, 40, 30, 30, 30, 60]);
    assert_eq!(wait::next(None, now()), wait::CHANGE);
    assert_eq!(wait::started(&Tags::from_iter([(tags::JOB_STARTED, "yesterday")])), None);
    // Invariant 22: a temporary database is looked at when its deadline passes.
    let before = |verb, seconds| {
        let job = job(Kind::Instance, verb);
        let now = job.request().deadline - TimeDelta::seconds(seconds);
        wait::until_deadline(&job, TimeDelta::seconds(60), now).num_seconds()
    };
    for verb in [Verb::Verify, Verb::Rewind] {
        assert_eq!([61, 60, 59, 1, 0, -1].map(|seconds| before(verb, seconds)), [60, 60, 59, 1, 60, 60]);
    }
    assert_eq!([59, 1].map(|seconds| before(Verb::Restore, seconds)), [60, 60]);
}

// AWS describes the members of a cluster by name.
#[test]
fn the_only_member_of_a_temporary_cluster_is_like_the_writer() {
    let mut base = base(Kind::Cluster, Origin::Here);
    for member in base.recorded.iter_mut().flat_map(|spec| &mut spec.members) {
        member.settings.insert(Setting::ParameterGroup, text(if member.is_writer { "of-writer" } else { "of-reader" }));
    }
    let spec = wanted(&job(Kind::Cluster, Verb::Verify), &base);
    let groups: Vec<_> = spec.members.iter().map(|member| member.settings.get(&Setting::ParameterGroup)).collect();
    assert_eq!(groups, [Some(&text("of-writer"))]);
}
