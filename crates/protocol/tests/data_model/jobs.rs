//! Jobs: their names, their IDs and their tags.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use protocol::job::{self, Approval, Moment, Note, Part, Request, Role, Source, Verb, names, notes};
use protocol::spec::{Setting, Settings, Target, Value};
use protocol::tags::{self, MAX_VALUE_CHARS};
use protocol::{DatabaseArn, Job, Kind, Place, SnapshotArn, Tags};

fn place() -> Place {
    Place { region: "eu-west-1".parse().unwrap(), account: "222222222222".parse().unwrap() }
}

fn target(kind: Kind, id: &str) -> DatabaseArn {
    DatabaseArn::new(kind, place(), id).unwrap()
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_226_400 + seconds, 0).unwrap()
}

fn request() -> Request {
    Request {
        verb: Verb::Verify,
        source: Source::Snapshot(SnapshotArn::new(Kind::Instance, place(), "draco-orders").unwrap()),
        target: target(Kind::Instance, "orders"),
        replaces: None,
        overrides: Settings::new(),
        approval: Approval::Given,
        keep: TimeDelta::zero(),
        deadline: time(3600),
    }
}

/// A temporary database would outlive its job with them.
const OF_LASTING: [Setting; 2] = [Setting::DeletionProtection, Setting::BackupRetention];

/// Identifiers that RDS accepts.
fn identifier() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9]{0,10}(-[a-z0-9]{1,8}){0,6}".prop_filter("length", |id| id.len() <= names::MAX_CHARS)
}

fn overrides(kind: Kind) -> impl Strategy<Value = Settings> {
    let targets: &[Target] = match kind {
        Kind::Instance => &[Target::Instance],
        Kind::Cluster => &[Target::AuroraCluster, Target::MultiAzCluster],
    };
    let is_given = |setting: &&Setting| targets.iter().any(|target| target.can_have(**setting));
    let all: Vec<Setting> = Setting::ALL.iter().filter(is_given).copied().collect();
    let value = |setting: Setting, number: u32, text: &str| match setting.row().value {
        protocol::spec::Type::Flag => Value::Flag(number.is_multiple_of(2)),
        protocol::spec::Type::Number => Value::Number(number),
        protocol::spec::Type::Capacity => {
            Value::Capacity(protocol::spec::value::HalfUnits(u16::try_from(number % 256).unwrap()))
        }
        protocol::spec::Type::Name => Value::Name(text.to_owned()),
        protocol::spec::Type::Names => Value::Names([text.to_owned(), format!("{text}-2")].into()),
        protocol::spec::Type::Pairs => Value::Pairs([(text.to_owned(), "1".to_owned())].into()),
    };
    (prop::sample::subsequence(all, 0..6), any::<u32>(), "[a-z0-9.:/ -]{1,20}").prop_map(
        move |(settings, number, text)| {
            let text = format!("x{}x", text.trim());
            settings.into_iter().map(|setting| (setting, value(setting, number, &text))).collect()
        },
    )
}

fn source(kind: Kind) -> BoxedStrategy<Source> {
    let id = match kind {
        Kind::Instance => "db-[A-Z0-9]{26}",
        Kind::Cluster => "cluster-[A-Z0-9]{26}",
    };
    let snapshot = identifier().prop_map(move |id| Source::Snapshot(SnapshotArn::new(kind, place(), &id).unwrap()));
    let moment = prop_oneof![Just(Moment::Latest), (0..10_000_000i64).prop_map(|seconds| Moment::At(time(seconds)))];
    let rewind = (id, moment).prop_map(|(resource_id, moment)| Source::PointInTime { resource_id, moment });
    let clone = id.prop_map(|resource_id| Source::Clone { resource_id });
    match kind {
        Kind::Instance => prop_oneof![snapshot, rewind].boxed(),
        Kind::Cluster => prop_oneof![snapshot, rewind, clone].boxed(),
    }
}

fn jobs() -> impl Strategy<Value = Job> {
    prop::sample::select(Kind::ALL.to_vec()).prop_flat_map(|kind| {
        let verb = prop::sample::select(Verb::ALL.to_vec());
        let replaces = prop::option::of("db-[A-Z0-9]{26}");
        let approval = prop_oneof![Just(Approval::Ask), Just(Approval::Given), Just(Approval::AtOnce)];
        (verb, source(kind), identifier(), replaces, overrides(kind), approval, 0..100_000i64, 0..100_000i64).prop_map(
            move |(verb, source, id, replaces, mut overrides, mut approval, keep, deadline)| {
                if verb != Verb::Restore && approval == Approval::AtOnce {
                    approval = Approval::Given;
                }
                overrides.retain(|setting, _| !verb.is_temporary() || !OF_LASTING.contains(setting));
                let target = target(kind, &id);
                let (keep, deadline) = (TimeDelta::seconds(keep), time(deadline));
                Job::new(Request { verb, source, target, replaces, overrides, approval, keep, deadline }).unwrap()
            },
        )
    })
}

proptest! {
    #[test]
    fn a_job_is_read_back_from_its_tags(job in jobs()) {
        prop_assert_eq!(Job::from_tags(&job.to_tags()).unwrap(), job);
    }

    #[test]
    fn its_tags_are_valid(job in jobs()) {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || " _.:/=+-@".contains(c);
        for (key, value) in job.to_tags().iter() {
            prop_assert!(value.len() <= MAX_VALUE_CHARS && value.chars().all(is_allowed), "{key}={value:?}");
        }
    }

    #[test]
    fn the_same_request_is_the_same_job(job in jobs()) {
        prop_assert_eq!(Job::new(job.request().clone()).unwrap(), job);
    }

    #[test]
    fn its_names_are_valid_different_and_end_in_its_id(job in jobs()) {
        let id = job.id();
        let mut all = Vec::new();
        for role in Role::ALL {
            for part in [Part::Whole, Part::Member(1), Part::Member(2), Part::Member(15)] {
                let name = id.name(role, &job.request().target, part);
                prop_assert_eq!(names::check(&name), Ok(()));
                let end = format!("-{id}");
                prop_assert!(name.ends_with(&end));
                prop_assert_eq!(names::parse(&name), Some((role, id.clone())));
                // The old one and the final snapshot have the data of production.
                let is_provisioned = [Role::New, Role::Verify, Role::Rewind].contains(&role);
                let deadline = job.request().deadline;
                let provisioned_by = |tags: &Tags, now| names::provisioned_by(&name, tags, now);
                let (before, tags) = (deadline - TimeDelta::seconds(1), job.to_tags());
                prop_assert_eq!(provisioned_by(&tags, before), is_provisioned.then(|| id.clone()));
                // Its job may have given it up, and people may use it.
                prop_assert_eq!(provisioned_by(&tags, deadline), None);
                prop_assert_eq!(provisioned_by(&tags.with([(tags::JOB_REQUEST, "damaged")]), before), None);
                all.push(name);
            }
        }
        let count = all.len();
        all.sort();
        all.dedup();
        prop_assert_eq!(all.len(), count);
    }
}

#[test]
fn each_field_of_a_request_is_part_of_its_id() {
    let ids = [
        Request { verb: Verb::Rewind, ..request() },
        Request { source: Source::Snapshot(SnapshotArn::new(Kind::Instance, place(), "other").unwrap()), ..request() },
        Request { target: target(Kind::Instance, "others"), ..request() },
        Request { replaces: Some("db-ABC".to_owned()), ..request() },
        Request { overrides: [(Setting::MultiAz, Value::Flag(true))].into(), ..request() },
        Request { approval: Approval::Ask, ..request() },
        Request { verb: Verb::Restore, ..request() },
        Request { verb: Verb::Restore, approval: Approval::AtOnce, ..request() },
        Request { keep: TimeDelta::seconds(1), ..request() },
        Request { deadline: time(3601), ..request() },
        request(),
    ]
    .map(|request| Job::new(request).unwrap().id().clone());
    let mut distinct = ids.to_vec();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), ids.len());
}

#[test]
fn tags_of_another_job_are_no_job() {
    let tags = Job::new(request()).unwrap().to_tags();
    let changed = tags.clone().with([(tags::JOB_TARGET, "arn:aws:rds:eu-west-1:222222222222:db:others")]);
    let message = Job::from_tags(&changed).unwrap_err().to_string();
    assert!(message.starts_with("the tags name the job "), "{message}");
    for key in [tags::JOB, tags::JOB_REQUEST, tags::JOB_SOURCE, tags::JOB_TARGET] {
        let without = tags.iter().filter(|(other, _)| *other != key).collect();
        let message = Job::from_tags(&without).unwrap_err().to_string();
        assert_eq!(message, format!("the tag {key} of a job is missing: it is part of every job"));
    }
}

#[test]
fn invalid_requests_are_refused_in_one_line() {
    let refused = |request: Request| Job::new(request).unwrap_err().to_string();
    let long = "a".repeat(64);
    assert_eq!(
        refused(Request { target: target(Kind::Instance, &long), ..request() }),
        format!("the identifier {long:?} has 64 characters, AWS allows 1 to 63: choose another one")
    );
    let named = |id| refused(Request { target: target(Kind::Instance, id), ..request() });
    assert_eq!(
        named("1a"),
        "the identifier \"1a\" is invalid: its first character must be a letter: choose another one"
    );
    assert_eq!(named("a-"), "the identifier \"a-\" is invalid: it must not end with a hyphen: choose another one");
    assert_eq!(
        named("a--b"),
        "the identifier \"a--b\" is invalid: it must not contain two consecutive hyphens: choose another one"
    );
    assert_eq!(
        named("a.b"),
        "the identifier \"a.b\" contains '.', AWS allows letters, digits and hyphens: choose another one"
    );
    assert_eq!(
        named("draco-new-a-0123456789ab"),
        "the target draco-new-a-0123456789ab has a name that Draco gives to databases of jobs: choose another one"
    );
    assert_eq!(
        refused(Request {
            source: Source::Snapshot(
                SnapshotArn::new(Kind::Instance, Place { region: "eu-central-1".parse().unwrap(), ..place() }, "a")
                    .unwrap()
            ),
            ..request()
        }),
        "arn:aws:rds:eu-central-1:222222222222:snapshot:a cannot be restored as arn:aws:rds:eu-west-1:222222222222:db:orders: \
         AWS restores a snapshot in its own region only; copy it to eu-west-1 first"
    );
    assert_eq!(
        refused(Request { target: target(Kind::Cluster, "orders"), ..request() }),
        "arn:aws:rds:eu-west-1:222222222222:snapshot:draco-orders cannot be restored as \
         arn:aws:rds:eu-west-1:222222222222:cluster:orders: a snapshot of an instance becomes an instance, one of a cluster a cluster"
    );
    assert_eq!(
        refused(Request { source: Source::Clone { resource_id: "db-ABC".to_owned() }, ..request() }),
        "arn:aws:rds:eu-west-1:222222222222:db:orders cannot be a clone: AWS clones Aurora clusters only; use a point in time"
    );
    assert_eq!(
        refused(Request { replaces: Some("orders".to_owned()), ..request() }),
        "\"orders\" is not a resource ID: expected one like db-ABCDEFGHIJKLMNOPQRSTUVWXY1"
    );
    assert_eq!(
        refused(Request {
            overrides: [(Setting::ClusterClass, Value::Name("db.m6gd.large".to_owned()))].into(),
            ..request()
        }),
        "DBClusterInstanceClass cannot be given for a db: remove it from the overrides"
    );
    for (setting, value) in OF_LASTING.into_iter().zip([Value::Flag(true), Value::Number(7)]) {
        for verb in Verb::ALL {
            let request = Request { verb, overrides: [(setting, value.clone())].into(), ..request() };
            if verb.is_temporary() {
                assert_eq!(
                    refused(request),
                    format!(
                        "{} cannot be given for a temporary database, which is deleted after its use: remove it from the overrides",
                        setting.row().parameter
                    )
                );
            } else {
                assert!(Job::new(request).is_ok());
            }
        }
    }
    for verb in Verb::ALL.into_iter().filter(|verb| *verb != Verb::Restore) {
        assert_eq!(
            refused(Request { verb, approval: Approval::AtOnce, ..request() }),
            format!("a job for {} interrupts no database at once: only a restore moves one aside", verb.as_str())
        );
    }
    assert_eq!(refused(Request { keep: TimeDelta::seconds(-1), ..request() }), "the keep period is negative");
}

// Invariants 1 and 22.
#[test]
fn a_temporary_database_lives_for_seven_days_at_most_and_any_other_job_ends_after_thirty() {
    for verb in Verb::ALL {
        let (max, expected) = match verb.is_temporary() {
            true => (7, "the deadline 2026-11-28T02:00:00Z is 7 days away, a temporary database has at most 7"),
            false => (
                30,
                "the deadline 2026-12-21T02:00:00Z is 30 days away, a job for a database that is to stay has at most 30",
            ),
        };
        let (max, second) = (TimeDelta::days(max), TimeDelta::seconds(1));
        let job = Job::new(Request { verb, deadline: time(0) + max, ..request() }).unwrap();
        assert_eq!(job.check_deadline(time(0)), Ok(()));
        let early = job.check_deadline(time(0) - second).map_err(|invalid| invalid.to_string());
        assert_eq!(early, Err(format!("{expected}: choose an earlier deadline")));
        // From its beginning to its deadline, the snapshots of its database are not copied. A deadline that is further away hides nothing.
        let (name, tags) = (job.new_database().id().to_owned(), job.to_tags());
        let is_of_job = |at| names::provisioned_by(&name, &tags, at).is_some();
        assert_eq!([is_of_job(time(0) - second), is_of_job(time(0))], [false, true]);
    }
    assert_eq!(Verb::ALL.map(Verb::is_temporary), [true, false, true, false]);
}

#[test]
fn a_time_without_a_zone_is_refused() {
    let expected = Ok(time(0));
    assert_eq!(job::parse_time("2026-11-21T02:00:00Z"), expected);
    assert_eq!(job::parse_time("2026-11-21T03:00:00+01:00"), expected);
    for local in ["2026-11-21T02:00:00", "2026-11-21 02:00", "2026-11-21T02:00", "2026-11-21 02:00:00"] {
        assert_eq!(
            job::parse_time(local).unwrap_err(),
            format!(
                "the time {local:?} has no time zone, and AWS expects UTC: write it as 2026-11-21T14:03:00Z or \
                 2026-11-21T15:03:00+01:00"
            )
        );
    }
    assert_eq!(
        job::parse_time("yesterday").unwrap_err(),
        "\"yesterday\" is not a time: write it as 2026-11-21T14:03:00Z"
    );
}

// The facts of a report, as a database has them in its tags.
fn note() -> impl Strategy<Value = Note> {
    let setting = || prop::sample::select(Setting::ALL);
    let parameters = prop::collection::btree_map("[a-z_./]{1,30}", "[ -~é\\n]{0,60}", 0..8);
    prop_oneof![
        Just(Note::NothingRecorded),
        Just(Note::Unreadable),
        Just(Note::Elsewhere),
        Just(Note::OfJob),
        Just(Note::DefaultClass),
        setting().prop_map(Note::NotRecorded),
        any::<u32>().prop_map(Note::MembersNotRecorded),
        setting().prop_map(Note::Home),
        (setting(), "[ -~é\\n]{0,40}").prop_map(|(setting, value)| Note::Refused(setting, value)),
        (setting(), "[a-z:.-]{1,40}", parameters).prop_map(|(setting, name, parameters)| {
            let total = u32::try_from(parameters.len()).unwrap() + 2;
            Note::Group { setting, name, total, parameters }
        }),
        any::<u32>().prop_map(Note::Tags),
    ]
}

proptest! {
    #[test]
    fn notes_are_read_as_they_were_written_as_far_as_there_is_room(notes in prop::collection::vec(note(), 0..20)) {
        let tags = notes::to_tags(&notes);
        prop_assert!(tags.len() <= tags::JOB_REPORT.len());
        for (_, value) in tags.iter() {
            prop_assert!(value.len() <= MAX_VALUE_CHARS && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" _.:/=+-@".contains(&byte)));
        }
        let mut read = notes::from_tags(&tags);
        let left_out = match read.last() {
            Some(Note::More(number)) => *number,
            _ => 0,
        };
        if left_out > 0 {
            read.pop();
        }
        prop_assert_eq!(read.len() + left_out as usize, notes.len());
        // Of a group, parameters may be missing.
        let mut written = notes.iter();
        for note in &read {
            let is_same = |other: &Note| match (note, other) {
                (Note::Group { setting, name, total, parameters }, Note::Group { setting: of, name: named, total: all, parameters: others }) => {
                    (setting, name, total) == (of, named, all) && parameters.iter().all(|(name, value)| others.get(name) == Some(value))
                }
                (one, other) => one == other,
            };
            prop_assert!(written.any(is_same), "{note:?} was not written");
        }
    }

    // A person can change the tags.
    #[test]
    fn changed_notes_do_not_hide_those_before_them(text in "[ -~]{0,80}") {
        let tags = [(tags::JOB_REPORT[0], format!("elsewhere {text} home=sg"))].into_iter().collect();
        let read = notes::from_tags(&tags);
        prop_assert_eq!(read.first(), Some(&Note::Elsewhere));
    }
}

#[test]
fn notes_have_a_short_form() {
    let parameters = [("work_mem".to_owned(), "64MB".to_owned()), ("rds.force_ssl".to_owned(), "0".to_owned())].into();
    let all = [
        Note::Elsewhere,
        Note::Refused(Setting::BackupWindow, "25:00-26:00".to_owned()),
        Note::Group { setting: Setting::ParameterGroup, name: "orders".to_owned(), total: 3, parameters },
    ];
    let tags = notes::to_tags(&all);
    let text = "elsewhere refused=bwin=25:00-26:00 group=pg=orders=3 p=rds.force_ssl=0 p=work_mem=64MB";
    assert_eq!(tags, [(tags::JOB_REPORT[0], text)].into_iter().collect());
    assert_eq!(notes::from_tags(&tags), all);
    assert!(notes::to_tags(&[]).is_empty());
}

// "1 to 52 (for Multi-AZ DB clusters)" (`DBClusterIdentifier` of `CreateDBCluster`).
#[test]
fn names_of_clusters_are_short_enough_for_each_type() {
    let longest = "x".repeat(names::MAX_CHARS);
    for (kind, most) in [(Kind::Instance, 63), (Kind::Cluster, 52)] {
        let source = Source::Snapshot(SnapshotArn::new(kind, place(), "draco-orders").unwrap());
        let job = Job::new(Request { source, target: target(kind, &longest), ..request() }).unwrap();
        for role in Role::ALL {
            let name = job.database(role);
            assert!(name.id().len() <= most && name.id().len() + 5 > most, "{name}");
        }
    }
}
