//! The spec of a database: its text form in tags.

use std::collections::BTreeMap;

use proptest::prelude::*;
use protocol::spec::value::HalfUnits;
use protocol::spec::{
    Given, Group, Member, Missing, Recorded, Setting, Settings, Spec, SpecState, Target, Type, Value,
};
use protocol::tags::{MAX_VALUE_CHARS, SPEC};
use protocol::{Kind, Tags};

use crate::fixtures;

/// A value of this type, with all characters that AWS's values have, and with others.
fn value(value_type: Type) -> BoxedStrategy<Value> {
    let name = "[a-z0-9:._/=+@, {}*é-]{1,20}";
    match value_type {
        Type::Flag => any::<bool>().prop_map(Value::Flag).boxed(),
        Type::Number => any::<u32>().prop_map(Value::Number).boxed(),
        Type::Capacity => any::<u16>().prop_map(|halves| Value::Capacity(HalfUnits(halves))).boxed(),
        Type::Name => name.prop_map(Value::Name).boxed(),
        Type::Names => prop::collection::btree_set(name, 0..4).prop_map(Value::Names).boxed(),
        Type::Pairs => prop::collection::btree_map(name, "[ -~\n]{0,9}", 0..3).prop_map(Value::Pairs).boxed(),
    }
}

/// Settings that this target has.
fn settings(target: Target) -> impl Strategy<Value = Settings> {
    let all: Vec<Setting> = Setting::ALL.iter().filter(|it| it.row().given(target) != Given::No).copied().collect();
    let count = all.len();
    prop::sample::subsequence(all, 0..=count).prop_flat_map(|chosen| {
        let values: Vec<_> = chosen.into_iter().map(|it| (Just(it), value(it.row().value))).collect();
        values.prop_map(|values| values.into_iter().collect())
    })
}

fn members() -> impl Strategy<Value = Vec<Member>> {
    let member = ("[a-z0-9-]{1,63}", any::<bool>(), settings(Target::Member));
    let member = member.prop_map(|(name, is_writer, settings)| Member { name, is_writer, settings });
    prop::collection::vec(member, 0..4).prop_map(|mut members: Vec<Member>| {
        members.sort_by(|one, other| one.name.cmp(&other.name));
        members.dedup_by(|one, other| one.name == other.name);
        let writer = members.iter().position(|member| member.is_writer);
        for (nth, member) in members.iter_mut().enumerate() {
            member.is_writer = Some(nth) == writer;
        }
        members
    })
}

fn spec() -> impl Strategy<Value = Spec> {
    let groups = prop::collection::btree_map(
        (fixtures::kind(), "[a-z0-9-]{1,40}").prop_map(|(kind, name)| Group { kind, name }),
        prop::collection::btree_map("[a-z_.]{1,30}", "\\PC{0,60}", 0..20),
        0..3,
    );
    let engine = prop_oneof!["[a-z-]{1,20}", "aurora-[a-z]{1,9}"];
    let parts = (fixtures::kind(), engine).prop_flat_map(|(kind, engine)| {
        let settings = settings(Target::of(kind, &engine));
        (Just(kind), Just(engine), settings, members())
    });
    (parts, groups, "[a-z0-9._-]{1,20}").prop_map(|((kind, engine, settings, members), groups, version)| {
        let members = if kind == Kind::Cluster { members } else { Vec::new() };
        Spec { settings, members, groups, ..Spec::new(kind, &engine, &version) }
    })
}

fn read(tags: &Tags) -> Recorded {
    Recorded::from_tags(tags).unwrap().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_is_written_is_read_and_what_does_not_fit_is_marked(spec in spec()) {
        let (tags, missing) = spec.to_tags();
        for (_, value) in tags.iter() {
            prop_assert!(value.len() <= MAX_VALUE_CHARS, "{}", value);
            prop_assert!(value.chars().all(|c| c.is_ascii_alphanumeric() || " _.:/=+-@".contains(c)), "{}", value);
            prop_assert_eq!(value.trim(), value);
        }
        let read = read(&tags);
        prop_assert_eq!((read.unknown, &read.missing), (0, &missing));
        if missing.is_empty() {
            prop_assert_eq!(&read.spec, &spec);
        }
        // What was read is a part of what was written.
        prop_assert!(read.spec.settings.iter().all(|(setting, value)| spec.settings.get(setting) == Some(value)));
        prop_assert_eq!(read.spec.settings.len() + missing.settings.len(), spec.settings.len());
        prop_assert!(read.spec.members.iter().all(|member| spec.members.contains(member)));
        prop_assert_eq!(read.spec.members.len() + missing.members, spec.members.len());
        for (group, parameters) in &read.spec.groups {
            let all = &spec.groups[group];
            prop_assert!(parameters.iter().all(|(name, value)| all.get(name) == Some(value)));
        }
        prop_assert_eq!(read.spec.groups.len() + missing.groups, spec.groups.len());
    }

    #[test]
    fn a_spec_that_fits_into_the_tags_is_complete(settings in settings(Target::Instance)) {
        let spec = Spec { settings, ..Spec::new(Kind::Instance, "postgres", "16.3") };
        let (tags, missing) = spec.to_tags();
        let length: usize = tags.iter().map(|(_, value)| value.len()).sum();
        prop_assert!(missing.is_empty() || length > 4 * MAX_VALUE_CHARS, "{} characters, without {}", length, missing);
    }

    #[test]
    fn every_parameter_value_can_be_written(name in "\\PC{1,30}", value in any::<String>()) {
        let mut spec = orders();
        let group = Group { kind: Kind::Instance, name: "orders-pg".into() };
        spec.groups.insert(group, BTreeMap::from([(name, value)]));
        let (tags, missing) = spec.to_tags();
        prop_assert!(!missing.is_empty() || read(&tags).spec == spec);
    }

    #[test]
    fn forged_tags_never_panic(
        values in prop::collection::vec("[vn=1-9 /+@a-zA-Z.:-]{0,80}", 1..7),
        header in prop::option::of(1..8_usize),
    ) {
        let start = header.map(|count| format!("v=1 n={count} kind=cluster engine=e version=1 ")).unwrap_or_default();
        let values = values.into_iter().enumerate().map(|(nth, value)| if nth == 0 { start.clone() + &value } else { value });
        check_forged(SPEC.into_iter().zip(values).collect())?;
    }

    #[test]
    fn changed_tags_never_panic(spec in spec(), nth in 0..6_usize, at in 0..256_usize, c in "[ -~é]") {
        let (mut tags, _) = spec.to_tags();
        if let Some(value) = tags.get(SPEC[nth]) {
            let changed: String =
                value.chars().take(at).chain(c.chars()).chain(value.chars().skip(at + 1)).collect();
            tags.set(SPEC[nth], &changed);
        }
        check_forged(tags)?;
    }
}

/// Forged tags are an error of one line, or a spec that can be written and read again.
fn check_forged(tags: Tags) -> Result<(), TestCaseError> {
    match Recorded::from_tags(&tags) {
        Ok(Some(recorded)) => {
            let (tags, missing) = recorded.spec.to_tags();
            if missing.is_empty() {
                prop_assert_eq!(read(&tags).spec, recorded.spec);
            }
        }
        Ok(None) => prop_assert!(tags.iter().all(|(key, _)| !SPEC.contains(&key))),
        Err(why) => {
            let why = why.to_string();
            prop_assert!(!why.chars().any(char::is_control) && why.chars().count() < 500, "{}", why);
        }
    }
    Ok(())
}

/// An instance with a few settings.
fn orders() -> Spec {
    let names = |names: &[&str]| Value::Names(names.iter().map(|&name| name.to_owned()).collect());
    let settings = [
        (Setting::Class, Value::Name("db.r6g.large".into())),
        (Setting::StorageType, Value::Name("gp3".into())),
        (Setting::AllocatedStorage, Value::Number(400)),
        (Setting::MultiAz, Value::Flag(true)),
        (Setting::ParameterGroup, Value::Name("orders-pg".into())),
        (Setting::LogExports, names(&["postgresql", "upgrade"])),
        (Setting::MaintenanceWindow, Value::Name("sun:05:00-sun:05:30".into())),
        (Setting::MonitoringRole, Value::Name("arn:aws:iam::111111111111:role/emaccess".into())),
        (Setting::SecurityGroups, names(&["sg-1", "sg-2"])),
    ];
    Spec { settings: settings.into(), ..Spec::new(Kind::Instance, "postgres", "16.3") }
}

fn with_parameters(mut spec: Spec, count: usize) -> Spec {
    let parameter = |n| (format!("rds.some_parameter_{n:03}"), "{DBInstanceClassMemory/32768}, on".to_owned());
    let group = Group { kind: Kind::Instance, name: "orders-pg".into() };
    spec.groups.insert(group, (0..count).map(parameter).collect());
    spec
}

/// Copies of years ago have this text.
#[test]
fn the_text_form() {
    let (tags, missing) = with_parameters(orders(), 1).to_tags();
    assert!(missing.is_empty());
    let expected = [
        (
            "Draco_Spec",
            "v=1 n=2 kind=instance engine=postgres version=16.3 class=db.r6g.large type=gp3 gib=400 maz=1 pg=orders-pg \
             logs=postgresql+upgrade mwin=sun:05:00-sun:05:30 monrole=arn:aws:iam::111111111111:role/emaccess sg=sg-1+sg-2 \
             /ig=orders-pg=1",
        ),
        ("Draco_Spec2", "rds.some_parameter_000=@7BDBInstanceClassMemory/32768@7D@2C@20on"),
    ];
    assert_eq!(tags, Tags::from_iter(expected));
}

/// A source account can announce any tags: a spec that states nothing is not one of a database.
#[test]
fn a_spec_without_the_settings_that_every_database_has_is_incomplete() {
    let state = |spec: &Spec| SpecState::of(&spec.to_tags().0);
    let default = |name: &str| Value::Name(name.to_owned());
    for (kind, setting, value) in [
        (Kind::Instance, Setting::Class, default("db.r6g.large")),
        (Kind::Cluster, Setting::ClusterParameterGroup, default("default.aurora-postgresql16")),
    ] {
        let mut spec = Spec::new(kind, "postgres", "16.3");
        assert_eq!(state(&spec), SpecState::Incomplete, "{kind:?}");
        spec.settings.insert(Setting::BackupRetention, Value::Number(7));
        assert_eq!(state(&spec), SpecState::Incomplete, "{kind:?}");
        spec.settings.insert(setting, value);
        assert_eq!(state(&spec), SpecState::Complete, "{kind:?}");
    }
}

#[test]
fn members_are_written_as_differences() {
    let member = |name: &str, is_writer, settings: &[(Setting, Value)]| Member {
        name: name.into(),
        is_writer,
        settings: settings.iter().cloned().collect(),
    };
    let class = |class: &str| (Setting::Class, Value::Name(class.into()));
    let tier = |tier| (Setting::PromotionTier, Value::Number(tier));
    let members = vec![
        member("orders-1", true, &[class("db.r6g.large"), tier(0)]),
        member("orders-2", false, &[class("db.r6g.large"), tier(1)]),
        member("orders-3", false, &[class("db.serverless")]),
    ];
    let settings = [(Setting::ServerlessMin, Value::Capacity(HalfUnits::from_units(0.5).unwrap()))];
    let spec = Spec { settings: settings.into(), members, ..Spec::new(Kind::Cluster, "aurora-mysql", "8.0") };
    let (tags, _) = spec.to_tags();
    let expected = "v=1 n=1 kind=cluster engine=aurora-mysql version=8.0 acumin=0.5 /w=orders-1 class=db.r6g.large tier=0 \
                    /r=orders-2 tier=1 /r=orders-3 class=db.serverless -tier";
    assert_eq!(tags, Tags::from_iter([("Draco_Spec", expected)]));
    assert_eq!(read(&tags).spec, spec);
}

#[test]
fn parameters_give_way_first_and_are_counted() {
    let spec = with_parameters(orders(), 60);
    let (tags, missing) = spec.to_tags();
    assert_eq!(tags.len(), 6);
    assert_eq!(missing, Missing { parameters: 45, ..Missing::default() });
    assert_eq!(missing.to_string(), "45 parameters");
    let read = read(&tags);
    assert_eq!((read.missing, &read.spec.settings), (missing, &spec.settings));
    assert_eq!(read.spec.groups.values().map(BTreeMap::len).sum::<usize>(), 15);
}

#[test]
fn what_a_newer_version_writes_is_counted_and_ignored() {
    let text = "v=1 n=1 kind=cluster engine=aurora-mysql version=8.0 port=3306 quantum=1 lasers=a+b /w=orders-1 class=db.r6g.large \
                flux=9 /zz=x y=1 /r=orders-2 -flux";
    let read = read(&Tags::from_iter([("Draco_Spec", text)]));
    assert_eq!(read.unknown, 6);
    assert_eq!(read.spec.settings, Settings::from([(Setting::Port, Value::Number(3306))]));
    assert_eq!(read.spec.members.len(), 2);
}

// A restore would create each of them, at the cost of the account that restores.
#[test]
fn members_that_no_cluster_can_have_are_refused() {
    let parse = |members: &str| {
        let text = format!("v=1 n=1 kind=cluster engine=aurora-mysql version=8.0 {members}");
        Recorded::from_tags(&Tags::from_iter([("Draco_Spec", text.as_str())])).is_ok()
    };
    let readers = |number| (0..number).map(|nth| format!("/r=m{nth}")).collect::<Vec<_>>().join(" ");
    assert!(parse(&format!("/w=a {}", readers(15))));
    assert!(!parse(&format!("/w=a {}", readers(16))));
    assert!(!parse("/w=a /w=b"));
    assert!(!parse("/w=a /r=a"));
}

#[track_caller]
fn check_error(values: &[&str], expected: &str) {
    let tags = SPEC.into_iter().zip(values.iter().copied()).collect();
    assert_eq!(Recorded::from_tags(&tags).unwrap_err().to_string(), expected);
}

#[test]
fn tags_that_are_no_spec_are_an_error() {
    let header = "v=1 n=1 kind=instance engine=postgres version=16.3";
    let with = |rest: &str| format!("{header} {rest}");
    check_error(&[""], "the spec has no valid value of v: \"\"");
    check_error(&["v=2 n=1"], "the spec has version \"2\", this program reads version 1");
    check_error(&["v=1 n=2 kind=instance engine=postgres version=16.3"], "the spec has 2 tags, and there are 1");
    check_error(&[header, "class=db.t4g.micro"], "the spec has 1 tags, and there are 2");
    check_error(&["v=1 n=1 kind=table engine=e version=1"], "the spec has no valid value of kind: \"table\"");
    check_error(&[&with("port=5432x")], "the spec has no valid value of port: \"5432x\"");
    check_error(&[&with("maz=yes")], "the spec has no valid value of maz: \"yes\"");
    check_error(&[&with("class=")], "the spec has no valid value of class: \"\"");
    check_error(&[&with("class=@0A")], "the spec has no valid value of class: \"@0A\"");
    check_error(&[&with("class=@FF")], "the spec has no valid value of class: \"@FF\"");
    check_error(&[&with("port=1 port=1")], "the spec has no valid value of port: \"port=1\"");
    check_error(&[&with("/ig=orders")], "the spec has no valid value of /: \"orders\"");
}

/// Values that only the database's own account and region have are not applied elsewhere.
#[test]
fn a_spec_for_elsewhere_has_no_network_and_no_roles_of_its_origin() {
    let mut spec = orders();
    spec.settings.insert(Setting::PubliclyAccessible, Value::Flag(true));
    let (elsewhere, left_out) = spec.clone().for_elsewhere();
    assert_eq!(left_out, [Setting::MonitoringRole, Setting::PubliclyAccessible, Setting::SecurityGroups]);
    spec.settings.retain(|setting, _| !left_out.contains(setting));
    assert_eq!(elsewhere, spec);
}

/// The user's tags are those of the copy. A policy of DR that acts on `team` must not act on a tag that the source account chose.
#[test]
fn the_users_tags_are_tags_of_the_copy() {
    let (tags, _) = orders().to_tags();
    let tags = tags.with([
        ("owner", "shop"),
        ("Draco_Lifecycle", "daily"),
        ("Draco_Source", "arn"),
        ("origin:team", "a"),
        ("origin:aws:cloudformation:stack-name", "shop"),
        ("origin:draco_jobended", "never"),
        ("draco_accepted", "never"),
        ("RDS:x", "never"),
    ]);
    let on_copy = read(&tags).spec.tags;
    let prefixed =
        [("origin:aws:cloudformation:stack-name", "shop"), ("origin:draco_jobended", "never"), ("origin:team", "a")];
    let plain = [("Draco_Lifecycle", "daily"), ("owner", "shop")];
    assert_eq!(on_copy, Tags::from_iter(prefixed).with(plain));
    // In the account of the source, they are the source's own.
    assert_eq!(on_copy.at_origin(), Tags::from_iter([("team", "a")]).with(plain));
}
