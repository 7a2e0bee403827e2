//! What of a plan gives way to what an account and region has: the smallest class and storage, recorded values that AWS does not take,
//! and groups that do not exist.

use std::collections::BTreeMap;

use cloud::{Offer, OptionGroup};
use protocol::job::Note;
use protocol::spec::value::HalfUnits;
use protocol::spec::{Group, Member, Setting, Value};
use provision::check::{Facts, check};
use provision::plan::{self, Base, Origin, Plan};
use provision::settle::settle;
use provision::smallest::{self, Needs, Purpose};
use provision::{report, rules};

use super::checks::{facts, offer};
use super::plans::text;
use super::*;

pub(crate) fn number(number: u32) -> Value {
    Value::Number(number)
}

/// A spec of a source account that wants the largest of everything.
fn forged() -> Spec {
    use Setting::*;
    let mut spec = Spec::new(Kind::Instance, "postgres", "16.3");
    spec.settings = [
        (Class, text("db.x2iedn.32xlarge")),
        (StorageType, text("io2")),
        (AllocatedStorage, number(65_536)),
        (Iops, number(256_000)),
        (StorageThroughput, number(4000)),
        (MaxAllocatedStorage, number(65_536)),
        (DedicatedLogVolume, Value::Flag(true)),
        (MultiAz, Value::Flag(true)),
    ]
    .into();
    spec
}

pub(crate) fn offers(all: &[(&str, &str)]) -> Vec<Offer> {
    all.iter().map(|(class, storage)| Offer { max_gib: Some(65_536), ..offer(class, storage) }).collect()
}

/// The settled plan of a job with these overrides, from the recorded settings of a source account.
pub(crate) fn settled(
    verb: Verb,
    recorded: Spec,
    content: &[(Setting, Value)],
    overrides: &[(Setting, Value)],
    facts: &Facts,
) -> Plan {
    let mut data = Spec::new(recorded.kind, &recorded.engine, &recorded.version);
    data.settings = content.iter().cloned().collect();
    let overrides = overrides.iter().cloned().collect();
    let job = Job::new(Request { overrides, ..request(recorded.kind, verb) }).unwrap();
    let base = Base { content: data, recorded: Some(recorded), origin: Origin::Elsewhere, notes: Vec::new() };
    settle(&job, &base, plan::wanted(&job, &base), facts)
}

// A source account writes the spec, and must not be able to buy a large database in DR.
#[test]
fn a_temporary_database_has_the_smallest_class_and_storage_whatever_was_recorded() {
    use Setting::*;
    let all = offers(&[
        ("db.x2iedn.32xlarge", "io2"),
        ("db.t4g.small", "gp3"),
        ("db.t4g.micro", "io2"),
        ("db.t4g.micro", "gp3"),
    ]);
    let facts = Facts { gib: Some(100), of_version: Some(all), ..facts() };
    let content = [(StorageType, text("io2")), (AllocatedStorage, number(100)), (Iops, number(64_000))];
    for verb in [Verb::Verify, Verb::Rewind] {
        let plan = settled(verb, forged(), &content, &[], &facts);
        let expected: Settings = [
            (Class, text("db.t4g.micro")),
            (StorageType, text("gp3")),
            (BackupRetention, number(0)),
            (DeletionProtection, Value::Flag(false)),
            (MultiAz, Value::Flag(false)),
            (PubliclyAccessible, Value::Flag(false)),
        ]
        .into();
        assert_eq!((plan.spec.settings, plan.notes), (expected, vec![Note::Elsewhere]));
        // What the job chose is used.
        let overrides = [(Class, text("db.m7g.large")), (StorageType, text("io1")), (Iops, number(5000))];
        let of_class = Facts {
            offers: vec![("db.m7g.large".into(), offers(&[("db.m7g.large", "io1")]))],
            of_version: None,
            ..facts.clone()
        };
        let plan = settled(verb, forged(), &content, &overrides, &of_class);
        for (setting, value) in &overrides {
            assert_eq!(plan.spec.settings.get(setting), Some(value));
        }
    }
}

// A class for the data's size, licence and purpose.
#[test]
fn the_smallest_class_fits_the_data() {
    let needs = Needs {
        purpose: Purpose::Instance,
        gib: Some(100),
        is_encrypted: true,
        license: None,
        storage_type: None,
        is_storage_kept: false,
    };
    let chosen = |offers: &[Offer], needs: &Needs<'_>| {
        smallest::offer(offers, needs)
            .map(|offer| format!("{} {}", offer.class, offer.storage_type.as_deref().unwrap_or("-")))
    };
    let all =
        ["r6g.large", "m6g.large", "t3.medium", "t4g.medium", "serverless", "c6gd.medium", "m7g.large", "x2.nano.odd"];
    let mut all: Vec<Offer> = all.iter().map(|class| offer(&format!("db.{class}"), "gp3")).collect();
    let mut order = Vec::new();
    while let Some(class) = chosen(&all, &needs) {
        all.retain(|offer| !class.starts_with(&format!("{} ", offer.class)));
        order.push(class.replace(" gp3", "").replace("db.", ""));
    }
    assert_eq!(order, ["x2.nano.odd", "t4g.medium", "t3.medium", "c6gd.medium", "m7g.large", "m6g.large", "r6g.large"]);
    // The size.
    let small = Offer { max_gib: Some(99), ..offer("db.t4g.micro", "gp3") };
    let large = offer("db.m6g.large", "gp3");
    assert_eq!(chosen(&[small.clone(), large.clone()], &needs), Some("db.m6g.large gp3".into()));
    assert_eq!(chosen(&[small], &needs), None);
    // Encryption.
    let old = Offer { supports_encryption: false, ..offer("db.t2.micro", "gp3") };
    assert_eq!(chosen(&[old.clone(), large.clone()], &needs), Some("db.m6g.large gp3".into()));
    assert_eq!(chosen(&[old, large.clone()], &Needs { is_encrypted: false, ..needs }), Some("db.t2.micro gp3".into()));
    // The licence.
    let licensed = |of: &str, class| Offer { license: Some(of.into()), ..offer(class, "gp3") };
    let both = [licensed("license-included", "db.t3.small"), licensed("bring-your-own-license", "db.t3.medium")];
    let byol = Needs { license: Some("bring-your-own-license"), ..needs };
    assert_eq!(chosen(&both, &byol), Some("db.t3.medium gp3".into()));
    // The type of the data is kept if it is cheap: a change takes time.
    let types = ["io1", "gp3", "gp2"].map(|of| offer("db.t3.small", of));
    let of = |storage_type| chosen(&types, &Needs { storage_type, ..needs }).unwrap();
    assert_eq!([of(None), of(Some("gp2")), of(Some("io1"))], ["db.t3.small gp3", "db.t3.small gp2", "db.t3.small gp3"]);
    // Clusters.
    let pair = [offer("db.t4g.medium", "aurora"), offer("db.r6g.large", "aurora")];
    let member = |gib| chosen(&pair, &Needs { purpose: Purpose::Member, gib: Some(gib), ..needs }).unwrap();
    assert_eq!([member(40 * 1024), member(40 * 1024 + 1)], ["db.t4g.medium aurora", "db.r6g.large aurora"]);
    let disks = Offer { supports_clusters: true, ..offer("db.m6gd.large", "io1") };
    let multi_az = Needs { purpose: Purpose::MultiAzCluster, ..needs };
    assert_eq!(chosen(&[offer("db.t4g.micro", "gp3"), disks], &multi_az), Some("db.m6gd.large io1".into()));
}

#[test]
fn the_smallest_storage_has_the_baseline() {
    use Setting::*;
    let storage = |engine: &str, offer: &Offer, purpose, gib, data: &[(Setting, Value)]| -> Vec<(Setting, Value)> {
        let data = data.iter().cloned().collect();
        smallest::storage(offer, purpose, Some(gib), &Spec::new(Kind::Instance, engine, "16"), &data)
            .into_iter()
            .collect()
    };
    let [gp3, io1] = ["gp3", "io1"].map(|of| offer("db.t3.small", of));
    let instance = Purpose::Instance;
    assert_eq!(storage("postgres", &gp3, instance, 20, &[]), [(StorageType, text("gp3"))]);
    // Less than AWS allows: a snapshot of magnetic storage can have 5 GiB.
    let least = |engine| storage(engine, &gp3, instance, 19, &[]);
    assert_eq!(least("postgres"), [(StorageType, text("gp3")), (AllocatedStorage, number(20))]);
    // "This setting isn't valid for RDS for SQL Server", whose restore has the storage of the data.
    assert_eq!(least("sqlserver-ex"), []);
    // IOPS that are not given are those of the backup.
    let expensive = [(Iops, number(64_000)), (StorageThroughput, number(4000))];
    let gp3_with =
        |iops, mibps| vec![(StorageType, text("gp3")), (Iops, number(iops)), (StorageThroughput, number(mibps))];
    assert_eq!(storage("postgres", &gp3, instance, 400, &expensive), gp3_with(12_000, 500));
    assert_eq!(storage("sqlserver-ex", &gp3, instance, 100, &expensive), []);
    assert_eq!(storage("postgres", &gp3, instance, 400, &[(Iops, number(12_000))]), [(StorageType, text("gp3"))]);
    assert_eq!(storage("postgres", &io1, instance, 100, &[]), [(StorageType, text("io1")), (Iops, number(1000))]);
    assert_eq!(storage("postgres", &io1, instance, 4000, &[]), [(StorageType, text("io1")), (Iops, number(2000))]);
    assert_eq!(
        storage("postgres", &gp3, Purpose::MultiAzCluster, 100, &[]),
        [(StorageType, text("gp3")), (Iops, number(3000))]
    );
    assert_eq!(storage("aurora-mysql", &gp3, Purpose::Member, 100, &[]), []);
}

// AWS would take the class of the source.
#[test]
fn without_a_class_that_fits_a_temporary_database_is_refused() {
    let facts = Facts {
        gib: Some(100),
        of_version: Some(vec![Offer { max_gib: Some(50), ..offer("db.t3.small", "gp3") }]),
        ..facts()
    };
    let plan = settled(Verb::Verify, forged(), &[], &[], &facts);
    assert_eq!(
        check(&job(Kind::Instance, Verb::Verify), &plan.spec, &facts.of(&plan.spec), now()),
        [
            "no class that is offered for postgres 16.3 in eu-west-1 fits the data, their licence and their size: choose a class and storage"
        ]
    );
}

#[test]
fn members_without_a_recorded_class_get_the_smallest() {
    let cluster = Spec::new(Kind::Cluster, "aurora-postgresql", "16.3");
    let all = offers(&[("db.r6g.large", "aurora"), ("db.t4g.medium", "aurora"), ("db.serverless", "aurora")]);
    let facts = Facts { of_version: Some(all), ..facts() };
    let plan = settled(Verb::Restore, cluster, &[], &[], &facts);
    let classes: Vec<_> = plan.spec.members.iter().map(|member| member.settings.get(&Setting::Class)).collect();
    assert_eq!((classes, plan.notes), (vec![Some(&text("db.t4g.medium"))], vec![Note::Elsewhere, Note::DefaultClass]));
}

// One forged or outdated value must not keep a database from being restored.
#[test]
fn recorded_values_that_aws_does_not_take_are_left_out_and_reported() {
    use Setting::*;
    let refused = |setting, value: Value| {
        let spec =
            Spec { settings: [(setting, value.clone())].into(), ..Spec::new(Kind::Instance, "postgres", "16.3") };
        let facts = Facts { gib: Some(100), ..facts() };
        let plan = settled(Verb::Restore, spec.clone(), &[], &[], &facts);
        assert_eq!(plan.notes, [Note::Elsewhere, Note::Refused(setting, value.to_string())], "{setting:?}");
        // What the job chose is left to AWS, which refuses it.
        let chosen = settled(Verb::Restore, spec, &[], &[(setting, value.clone())], &facts);
        assert_eq!((chosen.spec.settings.get(&setting), chosen.notes), (Some(&value), vec![Note::Elsewhere]));
        plan.spec.settings.get(&setting).cloned()
    };
    for (setting, value) in [
        (BackupWindow, text("25:00-26:00")),
        (BackupWindow, text("01:00-01:29")),
        (MaintenanceWindow, text("some:05:00-sun:05:30")),
        (CertificateAuthority, text("rds-ca-2019")),
        (CertificateAuthority, text("my-own-ca")),
        (LogExports, Value::Names(["postgresql".into(), "everything".into()].into())),
        (BackupRetention, number(36)),
        (LifecycleSupport, text("for ever")),
        (InsightsMode, text("ultra!")),
        (Port, number(22)),
        (StorageType, text("aurora")),
        (AllocatedStorage, number(99)),
        (MaxAllocatedStorage, number(99)),
        (MaxAllocatedStorage, number(65_537)),
        (AllocatedStorage, number(65_537)),
        (Iops, number(256_001)),
        (StorageThroughput, number(4001)),
        (InsightsMode, text("advanced")),
    ] {
        assert_eq!(refused(setting, value), None);
    }
    // Engines that do not have it.
    let oracle = |setting, value| {
        let spec = Spec { settings: [(setting, value)].into(), ..Spec::new(Kind::Instance, "oracle-ee", "19") };
        settled(Verb::Restore, spec, &[], &[], &facts()).notes.len()
    };
    assert_eq!(oracle(LifecycleSupport, text("open-source-rds-extended-support")), 2);
    assert_eq!([true, false].map(|on| oracle(IamAuthentication, Value::Flag(on))), [2, 1]);
    // What AWS describes of the data is not recorded by the source account.
    let spec = Spec { settings: [(Port, number(22))].into(), ..Spec::new(Kind::Instance, "postgres", "16.3") };
    let plan = settled(Verb::Restore, spec, &[(Port, number(5433))], &[], &facts());
    assert_eq!((plan.spec.settings.get(&Port), plan.notes), (Some(&number(5433)), vec![Note::Elsewhere]));
    // Of a recorded value of this account, the data have one that AWS takes.
    let job = job(Kind::Instance, Verb::Restore);
    let with = |port| Spec { settings: [(Port, number(port))].into(), ..Spec::new(Kind::Instance, "postgres", "16.3") };
    let base = Base { content: with(5433), recorded: Some(with(22)), origin: Origin::Here, notes: Vec::new() };
    let plan = settle(&job, &base, plan::wanted(&job, &base), &facts());
    assert_eq!(
        (plan.spec.settings.get(&Port), plan.notes),
        (Some(&number(5433)), vec![Note::Refused(Port, "22".into())])
    );
}

#[test]
fn recorded_values_that_contradict_each_other_are_left_out() {
    use Setting::*;
    let mut cluster = Spec::new(Kind::Cluster, "aurora-postgresql", "16.3");
    cluster.settings = [
        (ServerlessMin, Value::Capacity(HalfUnits(9))),
        (ServerlessMax, Value::Capacity(HalfUnits(4))),
        (ServerlessPause, number(300)),
        (BackupWindow, text("23:45-00:15")),
        (MaintenanceWindow, text("sun:00:00-sun:01:00")),
    ]
    .into();
    let settings = Settings::from([(Class, text("db.serverless"))]);
    cluster.members = vec![Member { name: "a".into(), is_writer: true, settings }];
    let facts = Facts { of_version: Some(offers(&[("db.t4g.medium", "aurora")])), ..facts() };
    let plan = settled(Verb::Restore, cluster, &[], &[], &facts);
    assert_eq!(plan.spec.settings.keys().collect::<Vec<_>>(), [&BackupWindow]);
    assert_eq!(plan.spec.members[0].settings.get(&Class), Some(&text("db.t4g.medium")));
    let refused: Vec<Setting> = plan
        .notes
        .iter()
        .filter_map(|note| match note {
            Note::Refused(setting, _) => Some(*setting),
            _ => None,
        })
        .collect();
    assert_eq!(refused, [ServerlessMin, ServerlessMax, MaintenanceWindow, ServerlessPause, Class]);
    assert!(!rules::windows_overlap("23:45-00:15", "sun:00:15-sun:01:00"));
    assert!(rules::windows_overlap("23:45-00:15", "sun:23:00-mon:00:01"));
}

// AWS refuses the change otherwise.
#[test]
fn the_advanced_mode_of_insights_needs_insights_that_keep_its_data() {
    use Setting::*;
    let has_mode = |kind, on, days| {
        let engine = if kind == Kind::Cluster { "aurora-mysql" } else { "mysql" };
        let insights = [(PerformanceInsights, Value::Flag(on)), (InsightsRetention, number(days))];
        let mut spec = Spec::new(kind, engine, "8.0.36");
        spec.settings = [(InsightsMode, text("advanced"))].into();
        spec.settings.extend(insights.clone());
        // The mode is that of the cluster, and so are the settings that it needs.
        if kind == Kind::Cluster {
            let member = Member { name: "a".into(), is_writer: true, settings: insights.into() };
            let of_members =
                Spec { settings: [(InsightsMode, text("advanced"))].into(), members: vec![member], ..spec.clone() };
            let plan = settled(Verb::Restore, of_members, &[], &[], &facts());
            assert!(!plan.spec.settings.contains_key(&InsightsMode));
        }
        settled(Verb::Restore, spec, &[], &[], &facts()).spec.settings.contains_key(&InsightsMode)
    };
    for kind in Kind::ALL {
        let cases = [(true, 465), (true, 731), (true, 434), (false, 465)];
        assert_eq!(cases.map(|(on, days)| has_mode(kind, on, days)), [true, true, false, false]);
    }
}

#[test]
fn a_recorded_class_that_is_not_offered_gives_way_to_a_similar_one() {
    let recorded = |class: &str| Spec {
        settings: [(Setting::Class, text(class))].into(),
        ..Spec::new(Kind::Instance, "postgres", "16.3")
    };
    let all =
        offers(&[("db.r6g.large", "gp3"), ("db.r7g.large", "gp3"), ("db.r7g.xlarge", "gp3"), ("db.m7g.large", "gp3")]);
    let class = |class: &str, overrides: &[(Setting, Value)]| {
        let facts = Facts { offers: vec![(class.to_owned(), vec![])], of_version: Some(all.clone()), ..facts() };
        let plan = settled(Verb::Restore, recorded(class), &[], overrides, &facts);
        let problems = check(&job(Kind::Instance, Verb::Restore), &plan.spec, &facts.of(&plan.spec), now());
        assert_eq!(problems.is_empty(), plan.spec.settings.get(&Setting::Class) == Some(&text("db.r7g.large")));
        (plan.spec.settings.get(&Setting::Class).cloned().unwrap(), plan.notes.len() - 1)
    };
    assert_eq!(class("db.r4.large", &[]), (text("db.r7g.large"), 1));
    // Nothing of that size: a person chooses.
    assert_eq!(class("db.x2iedn.32xlarge", &[]), (text("db.x2iedn.32xlarge"), 0));
    assert_eq!(class("db.r4.large", &[(Setting::Class, text("db.r4.large"))]), (text("db.r4.large"), 0));
}

// The groups of a source account do not exist in DR.
#[test]
fn groups_that_do_not_exist_are_left_to_aws_and_reported_with_their_parameters() {
    use Setting::*;
    let group = Group { kind: Kind::Instance, name: "orders".into() };
    let parameters: BTreeMap<String, String> =
        [("rds.force_ssl".to_owned(), "0".to_owned()), ("work_mem".to_owned(), "64MB".to_owned())].into();
    let mut spec = Spec::new(Kind::Instance, "postgres", "16.3");
    spec.settings = [(ParameterGroup, text("orders")), (OptionGroup, text("options"))].into();
    spec.groups.insert(group.clone(), parameters.clone());
    let with = |family: Option<&str>, major: Option<&str>| Facts {
        parameter_groups: vec![(
            group.clone(),
            family.map(|family| cloud::ParameterGroup { name: "orders".into(), family: family.into() }),
        )],
        option_group: Some((
            "options".into(),
            major.map(|major| cloud::OptionGroup {
                name: "options".into(),
                engine: "postgres".into(),
                major: major.into(),
            }),
        )),
        ..facts()
    };
    let note = |setting, name: &str, parameters: &BTreeMap<String, String>| Note::Group {
        setting,
        name: name.to_owned(),
        total: u32::try_from(parameters.len()).unwrap(),
        parameters: parameters.clone(),
    };
    let missing =
        [Note::Elsewhere, note(ParameterGroup, "orders", &parameters), note(OptionGroup, "options", &BTreeMap::new())];
    for facts in [with(None, None), with(Some("postgres15"), Some("15"))] {
        let plan = settled(Verb::Restore, spec.clone(), &[], &[], &facts);
        assert_eq!(
            (plan.spec.settings.keys().collect::<Vec<_>>(), plan.notes),
            (vec![&PubliclyAccessible], missing.to_vec())
        );
        assert_eq!(check(&job(Kind::Instance, Verb::Restore), &plan.spec, &facts.of(&plan.spec), now()), [""; 0]);
        // What the job named is checked.
        let overrides = [(ParameterGroup, text("orders")), (OptionGroup, text("options"))];
        let chosen = settled(Verb::Restore, spec.clone(), &[], &overrides, &facts);
        assert_eq!(chosen.notes, [Note::Elsewhere]);
        assert_eq!(check(&job(Kind::Instance, Verb::Restore), &chosen.spec, &facts.of(&chosen.spec), now()).len(), 2);
    }
    // DR's own groups are used.
    let plan = settled(Verb::Restore, spec, &[], &[], &with(Some("postgres16"), Some("16")));
    assert_eq!(plan.notes, [Note::Elsewhere]);
    assert!(plan.spec.settings.contains_key(&ParameterGroup) && plan.spec.settings.contains_key(&OptionGroup));
}

#[test]
fn an_option_group_fits_its_engine_and_major_version() {
    let fits = |engine: &str, version: &str, of: &str, major: &str| {
        let found = Some(OptionGroup { name: "own".into(), engine: of.into(), major: major.into() });
        check(
            &job(Kind::Instance, Verb::Restore),
            &Spec::new(Kind::Instance, engine, version),
            &Facts { option_group: Some(("own".into(), found)), ..facts() },
            now(),
        )
    };
    for (engine, version, major) in
        [("mysql", "8.0.36", "8.0"), ("oracle-ee", "19.0.0.0", "19"), ("postgres", "16", "16")]
    {
        assert_eq!(fits(engine, version, engine, major), [""; 0]);
    }
    assert_eq!(
        fits("postgres", "16.3", "postgres", "1"),
        ["the option group own is for postgres 1, and the data are of postgres 16.3: name a group for that"]
    );
    assert_eq!(fits("mysql", "8.0.36", "mariadb", "8.0").len(), 1);
}

#[test]
fn the_report_follows_from_the_tags_of_the_database() {
    use Setting::*;
    let job = job(Kind::Instance, Verb::Restore);
    let mut spec = Spec::new(Kind::Instance, "postgres", "16.3");
    spec.settings = [
        (Class, text("db.r6g.large")),
        (MultiAz, Value::Flag(true)),
        (BackupWindow, text("01:00-01:30")),
        (ParameterGroup, text("weak")),
        (IamAuthentication, Value::Flag(true)),
        (CertificateAuthority, text("rds-ca-rsa2048-g1")),
        (Roles, Value::Pairs([("s3Import".into(), "arn:aws:iam::222222222222:role/import".into())].into())),
    ]
    .into();
    let notes = vec![
        Note::Elsewhere,
        Note::NotRecorded(LogExports),
        Note::MembersNotRecorded(2),
        Note::Home(MonitoringInterval),
        Note::Home(PasswordKey),
        Note::Refused(BackupWindow, "25:00-26:00\n".into()),
        Note::Refused(Port, "22".into()),
        Note::Group {
            setting: ParameterGroup,
            name: "orders".into(),
            total: 3,
            parameters: [("work_mem".into(), "64MB".into())].into(),
        },
        Note::Group { setting: OptionGroup, name: "options".into(), total: 0, parameters: BTreeMap::new() },
    ];
    let tags = plan::start(&job, &Plan { spec, notes }, now()).tags;
    let database = Observed { tags, spec: Spec::new(Kind::Instance, "postgres", "16.3"), ..observed(&job, Role::New) };
    let recorded = protocol::spec::Recorded::from_tags(&database.tags).unwrap().unwrap();
    assert_eq!(
        report::lines(&recorded, &database),
        [
            NO_BACKUPS,
            NOT_PROTECTED,
            "chosen by the account in which the settings were recorded, check the cost: DBInstanceClass db.r6g.large, MultiAZ on; check who gets access: DBParameterGroupName weak, EnableIAMDatabaseAuthentication on, CACertificateIdentifier rds-ca-rsa2048-g1",
            "AWS does not take the recorded PreferredBackupWindow 25:00-26:00 : 01:00-01:30 is used",
            "AWS does not take the recorded Port 22: AWS's default is used",
            "there is no DBParameterGroupName orders that fits in this account and region: AWS's default is used, without these parameters: work_mem=64MB, and 2 more",
            "there is no OptionGroupName options that fits in this account and region: AWS's default is used",
            "not recorded, because the tags of the copy had no room: EnableCloudwatchLogsExports, 2 members",
            "recorded in another account or region and not used here, give them if they are needed: MonitoringInterval, MasterUserSecretKmsKeyId",
            "AssociatedRoles is not restored, set it by hand: s3Import: arn:aws:iam::222222222222:role/import",
        ]
    );
}

const NO_BACKUPS: &str = "no automated backups: set BackupRetentionPeriod, unless the database is to have none";
const NOT_PROTECTED: &str =
    "not protected from deletion: turn on DeletionProtection, unless the database is to have none";

/// The report about a database with this spec.
fn report(job: &Job, spec: Spec, notes: Vec<Note>, members: Vec<ObservedMember>) -> Vec<String> {
    let tags = plan::start(job, &Plan { spec, notes }, now()).tags;
    let recorded = protocol::spec::Recorded::from_tags(&tags).unwrap().unwrap();
    let spec = Spec::new(recorded.spec.kind, &recorded.spec.engine, &recorded.spec.version);
    report::lines(&recorded, &Observed { tags, spec, members, ..observed(job, Role::New) })
}

// No modification has it, so a look cannot change it.
#[test]
fn a_setting_without_which_aws_took_the_restore_is_a_line_of_the_report() {
    let job = job(Kind::Cluster, Verb::Verify);
    let mut spec = Spec::new(Kind::Cluster, "postgres", "16.3");
    spec.settings = [(Setting::Port, number(5433)), (Setting::Iops, number(3000))].into();
    let tags = plan::start(&job, &Plan { spec: spec.clone(), notes: Vec::new() }, now()).tags;
    let recorded = protocol::spec::Recorded::from_tags(&tags).unwrap().unwrap();
    let with = |port| {
        let settings = [(Setting::Port, number(port)), (Setting::Iops, number(1000))].into();
        let database = Observed { spec: Spec { settings, ..spec.clone() }, ..observed(&job, Role::Verify) };
        report::lines(&recorded, &Observed { tags: tags.clone(), ..database })
    };
    assert_eq!(with(5432), ["Port is not restored, set it by hand: 5433"]);
    assert_eq!(with(5433), [""; 0]);
}

// "failed-to-apply: The parameter group is in an invalid state" (`DBParameterGroupStatus`).
#[test]
fn a_parameter_group_that_could_not_be_applied_is_a_line_of_the_report() {
    let job = job(Kind::Cluster, Verb::Verify);
    let spec = Spec::new(Kind::Cluster, "aurora-postgresql", "16.3");
    let tags = plan::start(&job, &Plan { spec: spec.clone(), notes: Vec::new() }, now()).tags;
    let recorded = protocol::spec::Recorded::from_tags(&tags).unwrap().unwrap();
    let of = |nth, groups: &[&str]| ObservedMember {
        failed_groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        ..member(&job, Role::Verify, nth, Condition::Ready)
    };
    let foreign = ObservedMember { tags: Tags::default(), ..of(3, &["other"]) };
    let members = vec![of(1, &[]), of(2, &["own"]), foreign];
    let database = Observed { tags, spec, members, ..observed(&job, Role::Verify) };
    let line = format!(
        "AWS could not apply the parameter group own to {}: correct its parameters, then reboot",
        job.member(Role::Verify, 2).id()
    );
    assert_eq!(report::lines(&recorded, &database), [line]);
}

// Settings of a source account, or none, must not leave a database of DR without both unnoticed.
#[test]
fn missing_backups_and_protection_are_the_first_lines_unless_they_were_chosen() {
    use Setting::*;
    const SAFETY: [Setting; 2] = [BackupRetention, DeletionProtection];
    let first = |kind, verb, notes: &[Note], settings: &[(Setting, Value)], overrides: &[(Setting, Value)]| {
        let overrides = overrides.iter().cloned().collect();
        let job = Job::new(Request { overrides, ..request(kind, verb) }).unwrap();
        let engine = if kind == Kind::Cluster { "aurora-postgresql" } else { "postgres" };
        let spec = Spec { settings: settings.iter().cloned().collect(), ..Spec::new(kind, engine, "16.3") };
        let lines = report(&job, spec, notes.to_vec(), Vec::new());
        let is_first = |line: &&String| [NO_BACKUPS, NOT_PROTECTED].contains(&line.as_str());
        lines.iter().take_while(is_first).cloned().collect::<Vec<_>>()
    };
    let (on, off) = (
        [(SAFETY[0], number(7)), (SAFETY[1], Value::Flag(true))],
        [(SAFETY[0], number(0)), (SAFETY[1], Value::Flag(false))],
    );
    let none = [""; 0];
    let instance = |notes: &[Note], settings: &[_], overrides: &[_]| {
        first(Kind::Instance, Verb::Restore, notes, settings, overrides)
    };
    let elsewhere = [Note::Elsewhere];
    assert_eq!(instance(&elsewhere, &off, &[]), [NO_BACKUPS, NOT_PROTECTED]);
    assert_eq!(instance(&elsewhere, &on, &[]), none);
    assert_eq!(instance(&elsewhere, &off, &off), none);
    assert_eq!(instance(&elsewhere, &off, &off[..1]), [NOT_PROTECTED]);
    // Its own account chose it, or did not record it.
    assert_eq!(instance(&[], &off, &[]), none);
    for note in [Note::NothingRecorded, Note::NotRecorded(BackupRetention)] {
        assert_eq!(instance(&[note], &[], &[]), [NO_BACKUPS, NOT_PROTECTED]);
    }
    // A cluster always has backups.
    assert_eq!(first(Kind::Cluster, Verb::Restore, &elsewhere, &[], &[]), [NOT_PROTECTED]);
    assert_eq!(first(Kind::Instance, Verb::Verify, &elsewhere, &off, &[]), none);
}

#[test]
fn the_report_lists_the_settings_that_cost() {
    use Setting::*;
    let mut spec = Spec::new(Kind::Cluster, "aurora-mysql", "8.0.36");
    spec.settings = [
        (ServerlessMin, Value::Capacity(HalfUnits(512))),
        (ServerlessMax, Value::Capacity(HalfUnits(512))),
        (BacktrackWindow, number(0)),
        (BackupRetention, number(35)),
        (LogExports, Value::Names(["general".into()].into())),
        (DeletionProtection, Value::Flag(true)),
        (InsightsMode, text("advanced")),
        (IamAuthentication, Value::Flag(false)),
    ]
    .into();
    let settings = Settings::from([(Class, text("db.serverless")), (InsightsRetention, number(731))]);
    spec.members = vec![Member { name: "a".into(), is_writer: true, settings }];
    assert_eq!(
        report(&job(Kind::Cluster, Verb::Restore), spec, vec![Note::Elsewhere], Vec::new()),
        [
            "chosen by the account in which the settings were recorded, check the cost: MinCapacity 256, MaxCapacity 256, BackupRetentionPeriod 35, EnableCloudwatchLogsExports general, DatabaseInsightsMode advanced, 1 members, DBInstanceClass db.serverless, PerformanceInsightsRetentionPeriod 731"
        ]
    );
}

#[test]
fn members_are_compared_by_their_names_for_the_report() {
    let job = job(Kind::Cluster, Verb::Restore);
    let roles =
        |feature: &str| Settings::from([(Setting::Roles, Value::Pairs([(feature.into(), "role".into())].into()))]);
    let mut spec = Spec::new(Kind::Cluster, "aurora-postgresql", "16.3");
    spec.settings = [(Setting::DeletionProtection, Value::Flag(true))].into();
    let planned = |name: &str, settings: Settings| Member { name: name.into(), is_writer: name == "a", settings };
    spec.members = vec![planned("a", roles("s3Import")), planned("b", roles("Lambda"))];
    let of = |nth, settings| ObservedMember { settings, ..member(&job, Role::New, nth, Condition::Ready) };
    let [writer, reader] = [of(1, roles("s3Import")), of(2, roles("Lambda"))];
    let foreign =
        ObservedMember { arn: DatabaseArn::new(Kind::Instance, place(), "a-first").unwrap(), ..of(3, Settings::new()) };
    let members = vec![foreign, reader, writer.clone()];
    assert_eq!(report(&job, spec.clone(), Vec::new(), members), [""; 0]);
    let lacks = vec![of(2, Settings::new()), writer];
    assert_eq!(
        report(&job, spec, Vec::new(), lacks),
        ["AssociatedRoles is not restored, set it by hand: Lambda: role"]
    );
}

// A cluster of serverless members without capacity cannot be created.
#[test]
fn the_highest_capacity_of_a_serverless_cluster_is_one_unit_at_least() {
    let cluster = Spec::new(Kind::Cluster, "aurora-postgresql", "16.3");
    let valid = |setting| {
        [0, 1, 2, 512, 513].map(|units| rules::is_valid(setting, &Value::Capacity(HalfUnits(units)), &cluster))
    };
    assert_eq!(valid(Setting::ServerlessMin), [true, true, true, true, false]);
    assert_eq!(valid(Setting::ServerlessMax), [false, false, true, true, false]);
}

// A setting that a cluster does not have must not vanish: a temporary one would get the class of its source.
#[test]
fn a_setting_of_the_job_that_the_cluster_does_not_have_is_a_problem() {
    for (engine, setting, value, line) in [
        (
            "postgres",
            Setting::Class,
            text("db.t4g.medium"),
            "DBInstanceClass cannot be given for a Multi-AZ cluster: give DBClusterInstanceClass",
        ),
        (
            "postgres",
            Setting::EngineMode,
            text("provisioned"),
            "EngineMode cannot be given for a Multi-AZ cluster: remove it from the overrides",
        ),
        (
            "aurora-postgresql",
            Setting::ClusterClass,
            text("db.m6gd.large"),
            "DBClusterInstanceClass cannot be given for an Aurora cluster: give DBInstanceClass",
        ),
        (
            "aurora-postgresql",
            Setting::AllocatedStorage,
            number(100),
            "AllocatedStorage cannot be given for an Aurora cluster: remove it from the overrides",
        ),
    ] {
        for verb in [Verb::Verify, Verb::Restore] {
            let overrides = [(setting, value.clone())].into();
            let job = Job::new(Request { overrides, ..request(Kind::Cluster, verb) }).unwrap();
            let content = Spec::new(Kind::Cluster, engine, "16.4");
            let base = Base { content, recorded: None, origin: Origin::Here, notes: vec![] };
            let class = Offer { supports_clusters: true, ..offer("db.m6gd.medium", "gp3") };
            let facts = Facts { of_version: Some(vec![class]), ..facts() };
            let plan = settle(&job, &base, plan::wanted(&job, &base), &facts);
            assert_eq!(check(&job, &plan.spec, &facts, now()), [line], "{verb:?}");
            // Without offers, nothing chooses a class.
            let facts = Facts { of_version: None, ..facts };
            let plan = settle(&job, &base, plan::wanted(&job, &base), &facts);
            let problems = check(&job, &plan.spec, &facts, now());
            let lacks_class = verb.is_temporary() || engine != "postgres";
            assert_eq!(problems.len(), 1 + usize::from(lacks_class), "{problems:?}");
        }
    }
}

// DR has groups of these names, and the source account chose them for a database that is queried.
#[test]
fn groups_that_a_source_account_chose_for_a_temporary_database_are_reported() {
    let mut recorded = Spec::new(Kind::Instance, "postgres", "16.3");
    recorded.settings = [(Setting::ParameterGroup, text("forged")), (Setting::MultiAz, Value::Flag(true))].into();
    let lines = |recorded: Spec| {
        let facts = Facts { of_version: Some(offers(&[("db.t4g.micro", "gp3")])), ..facts() };
        let Plan { spec, notes } = settled(Verb::Verify, recorded, &[], &[], &facts);
        report(&job(Kind::Instance, Verb::Verify), spec, notes, Vec::new())
    };
    assert_eq!(
        lines(recorded.clone()),
        [
            "chosen by the account in which the settings were recorded: check who gets access: DBParameterGroupName forged"
        ]
    );
    recorded.settings.remove(&Setting::ParameterGroup);
    assert_eq!(lines(recorded), [""; 0]);
}
