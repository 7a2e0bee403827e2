//! What of a plan gives way to what an account and region has: recorded values that AWS does not take, and groups that do not exist.

use std::collections::BTreeMap;

use cloud::{Offer, OptionGroup};
use protocol::job::Note;
use protocol::spec::value::HalfUnits;
use protocol::spec::{Group, Member, Setting, Value};
use provision::check::{Facts, check};
use provision::plan::{self, Base, Origin, Plan};
use provision::rules;
use provision::settle::settle;

use super::checks::{facts, offer};
use super::plans::text;
use super::*;

pub(crate) fn number(number: u32) -> Value {
    Value::Number(number)
}

/// A spec of a source account that wants the largest of everything.
pub(crate) fn forged() -> Spec {
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
