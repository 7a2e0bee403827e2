//! Copies of a source account, with the settings that it recorded: true ones, forged ones, and ones that name groups that DR does not have.

use protocol::job::Note;
use protocol::spec::{Group, Setting, Spec, Value};
use protocol::{Origin, tags};
use sim::fault::{Action, Fault, Plan, Point};

use super::*;

/// The account of the source.
const SOURCE: &str = "111111111111";

fn text(value: &str) -> Value {
    Value::Name(value.to_owned())
}

/// A copy in DR with this spec in its tags, as the consumer makes it.
async fn copy_with(fixture: &Fixture, spec: &Spec) -> SnapshotArn {
    let source = Place { account: SOURCE.parse().unwrap(), ..place() };
    let origin = Origin {
        snapshot: SnapshotArn::new(fixture.kind, source.clone(), "nightly").unwrap(),
        database: DatabaseArn::new(fixture.kind, source, "orders").unwrap(),
        taken: DateTime::from_timestamp(1_795_226_400, 0).unwrap(),
    };
    let (copy, (of_spec, _)) = (origin.copy(&place()), spec.to_tags());
    fixture.cloud.copy(&fixture.snapshot, &copy, None, &origin.to_tags().with(of_spec.iter())).await.unwrap();
    fixture.world.sleep(Duration::from_secs(2 * 3600)).await;
    copy
}

/// A job for that copy in a network of DR's, which has replaced nothing.
fn job_for(fixture: &Fixture, copy: SnapshotArn, verb: Verb) -> Job {
    let overrides = [
        (
            Setting::SubnetGroup,
            fixture.orders.spec.settings.get(&Setting::SubnetGroup).cloned().unwrap_or(text("default")),
        ),
        (Setting::SecurityGroups, fixture.orders.spec.settings.get(&Setting::SecurityGroups).cloned().unwrap()),
    ]
    .into();
    let source = Source::Snapshot(copy);
    Job::new(Request { source, replaces: None, overrides, ..fixture.request(verb) }).unwrap()
}

async fn with_report(fixture: &Fixture, job: &Job) -> (Observed, Vec<String>) {
    match fixture.provision(job).await {
        Outcome::Provisioned { database, report } => (*database, report),
        other => panic!("{other:?}"),
    }
}

/// What a source account would record to make DR pay, open the database, and keep it from being restored.
fn forged(kind: Kind) -> Spec {
    let (engine, version) = match kind {
        Kind::Instance => ("postgres", "16.3"),
        Kind::Cluster => ("aurora-postgresql", "16.4"),
    };
    let mut spec = Spec::new(kind, engine, version);
    spec.settings = [
        (Setting::Class, text("db.x2iedn.32xlarge")),
        (Setting::StorageType, text("io2")),
        (Setting::AllocatedStorage, Value::Number(60_000)),
        (Setting::Iops, Value::Number(256_000)),
        (Setting::Port, Value::Number(22)),
        (Setting::BackupWindow, text("25:00-26:00")),
        (Setting::PubliclyAccessible, Value::Flag(true)),
        (Setting::ParameterGroup, text("weak")),
        (Setting::ClusterParameterGroup, text("weak")),
        (Setting::OptionGroup, text("weak")),
    ]
    .into_iter()
    .filter(|(setting, _)| setting.row().given(spec.target()) != protocol::spec::Given::No)
    .collect();
    if kind == Kind::Cluster {
        let settings = Settings::from([(Setting::Class, text("db.x2iedn.32xlarge"))]);
        spec.members = vec![protocol::spec::Member { name: "a".into(), is_writer: true, settings }];
        spec.settings.remove(&Setting::StorageType);
    }
    let parameters = [("rds.force_ssl".to_owned(), "0".to_owned())].into();
    spec.groups.insert(Group { kind, name: "weak".into() }, parameters);
    spec
}

// A source account must not be able to buy a large database in DR, or to keep its copies from being verified.
#[tokio::test(start_paused = true)]
async fn a_forged_spec_neither_buys_nor_prevents_a_temporary_database() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind).await;
        let copy = copy_with(&fixture, &forged(kind)).await;
        let job = job_for(&fixture, copy, Verb::Verify);
        let (database, _) = with_report(&fixture, &job).await;
        let settings = &database.spec.settings;
        match kind {
            Kind::Instance => {
                let of = |setting| settings.get(&setting).cloned();
                assert_eq!(
                    [
                        of(Setting::Class),
                        of(Setting::StorageType),
                        of(Setting::AllocatedStorage),
                        of(Setting::PubliclyAccessible)
                    ],
                    [Some(text("db.t4g.micro")), Some(text("gp3")), Some(Value::Number(100)), Some(Value::Flag(false))]
                );
            }
            Kind::Cluster => {
                let classes: Vec<_> =
                    database.members.iter().map(|member| member.settings.get(&Setting::Class)).collect();
                assert_eq!(classes, [Some(&text("db.t4g.medium"))]);
            }
        }
        assert_eq!(fixture.tear_down(&job, Role::Verify, None).await, teardown::Outcome::TornDown);
    }
}

// AWS would refuse the restore of each copy: for its engine, or for a value that Draco cannot know.
#[tokio::test(start_paused = true)]
async fn a_forged_spec_does_not_prevent_a_database_that_stays() {
    for (kind, setting, value) in [
        (Kind::Cluster, Setting::BacktrackWindow, Value::Number(3600)),
        (Kind::Instance, Setting::CertificateAuthority, text("rds-ca-forged-g9")),
    ] {
        let fixture = Fixture::new(kind).await;
        let mut spec = forged(kind);
        for settings in [&mut spec.settings].into_iter().chain(spec.members.iter_mut().map(|it| &mut it.settings)) {
            settings.remove(&Setting::Class);
        }
        spec.settings.insert(setting, value);
        let copy = copy_with(&fixture, &spec).await;
        for verb in [Verb::Verify, Verb::Restore] {
            let (database, report) = with_report(&fixture, &job_for(&fixture, copy.clone(), verb)).await;
            assert_ne!(database.spec.settings.get(&setting), spec.settings.get(&setting));
            let is_reported = report.iter().any(|line| line.contains(setting.row().parameter));
            assert!(is_reported || verb == Verb::Verify, "{report:?}");
        }
    }
}

// The night of a recovery: one damaged value, or a group that DR lacks, does not stop the restore, and all is reported.
#[tokio::test(start_paused = true)]
async fn values_and_groups_that_dr_cannot_have_are_left_out_and_reported_when_the_copy_is_gone() {
    let fixture = Fixture::new(Kind::Instance).await;
    let mut spec = forged(Kind::Instance);
    spec.settings.insert(Setting::Class, text("db.t4g.small"));
    let copy = copy_with(&fixture, &spec).await;
    fixture.cloud.tag(&copy, "origin:team", "dba").await.unwrap();
    let job = job_for(&fixture, copy.clone(), Verb::Restore);
    let (database, report) = with_report(&fixture, &job).await;
    // Policies of DR that act on tags do not take it for a tag of DR.
    assert_eq!((database.tags.get("origin:team"), database.tags.get("team")), (Some("dba"), None));
    assert_eq!(database.spec.settings.get(&Setting::Class), Some(&text("db.t4g.small")));
    let expected = [
        "no automated backups: set BackupRetentionPeriod, unless the database is to have none",
        "not protected from deletion: turn on DeletionProtection, unless the database is to have none",
        "chosen by the account in which the settings were recorded, check the cost: DBInstanceClass db.t4g.small, StorageType gp3, AllocatedStorage 100",
        "AWS does not take the recorded PreferredBackupWindow 25:00-26:00: AWS's default is used",
        "there is no DBParameterGroupName weak that fits in this account and region: AWS's default is used, without these parameters: rds.force_ssl=0",
        "there is no OptionGroupName weak that fits in this account and region: AWS's default is used",
        "recorded in another account or region and not used here, give them if they are needed: PubliclyAccessible",
    ];
    assert_eq!(report, expected);
    fixture.cloud.delete(&copy).await.unwrap();
    fixture.world.sleep(Duration::from_secs(600)).await;
    let (_, report) = with_report(&fixture, &job).await;
    assert_eq!(report, expected);
}

// Tags of another copy, which a person has set. Restored with them, the database would be given up or deleted after hours.
#[tokio::test(start_paused = true)]
async fn a_spec_of_another_kind_of_database_is_not_used() {
    let fixture = Fixture::new(Kind::Instance).await;
    let copy = copy_with(&fixture, &Spec::new(Kind::Cluster, "aurora-postgresql", "16.4")).await;
    let now = fixture.world.now();
    let restore = job_for(&fixture, copy.clone(), Verb::Restore);
    let outcome = provision::step(&fixture.cloud, &restore, Begin::Allowed, None, now).await.unwrap();
    let Outcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("cannot be read (the spec is of cluster") && !reason.contains('\n'), "{reason}");
    // The data are verified all the same.
    let verify = job_for(&fixture, copy, Verb::Verify);
    let (_, report) = with_report(&fixture, &verify).await;
    assert_eq!(report, ["the recorded settings cannot be read: AWS's defaults are used"]);
}

// A person secures a copy by hand before a drill, with its tags. They are still those of the source account.
#[tokio::test(start_paused = true)]
async fn a_copy_of_a_copy_that_a_person_made_is_not_trusted() {
    let fixture = Fixture::new(Kind::Instance).await;
    let copy = copy_with(&fixture, &forged(Kind::Instance)).await;
    let call = fixture.rds.copy_db_snapshot().source_db_snapshot_identifier(copy.id());
    call.target_db_snapshot_identifier("before-the-drill").copy_tags(true).send().await.unwrap();
    fixture.world.sleep(Duration::from_secs(2 * 3600)).await;
    let source = Source::Snapshot(SnapshotArn::new(Kind::Instance, place(), "before-the-drill").unwrap());
    let request = Request { source, replaces: None, ..fixture.request(Verb::Restore) };
    let (job, now) = (Job::new(request).unwrap(), fixture.world.now());
    let outcome = provision::step(&fixture.cloud, &job, Begin::Allowed, None, now).await.unwrap();
    let Outcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("whose network is not used"), "{reason}");
}

// A snapshot inherits the tags of a restored database with the spec of its job. The settings of its own time are not known.
#[tokio::test(start_paused = true)]
async fn settings_of_an_earlier_job_are_reported() {
    let fixture = Fixture::new(Kind::Instance).await;
    let first = fixture.provisioned(&fixture.job(Verb::Restore)).await;
    ready(&fixture.world, &fixture.cloud, &first.arn).await;
    let later = SnapshotArn::new(Kind::Instance, place(), "later").unwrap();
    let call = fixture.rds.create_db_snapshot().db_instance_identifier(first.arn.id());
    call.db_snapshot_identifier(later.id()).send().await.unwrap();
    fixture.world.sleep(Duration::from_secs(3600)).await;
    let target = DatabaseArn::new(Kind::Instance, place(), "second").unwrap();
    let source = Source::Snapshot(later);
    let job = Job::new(Request { source, target, replaces: None, ..fixture.request(Verb::Restore) }).unwrap();
    let (_, report) = with_report(&fixture, &job).await;
    assert_eq!(
        report,
        [
            "the snapshot is of a database that Draco restored: the settings are those of that job, later changes are not known"
        ]
    );
}

// One missing permission must not keep a database from being restored.
#[tokio::test(start_paused = true)]
async fn without_permission_to_see_keys_the_recorded_key_of_the_password_is_left_out_and_reported() {
    let fixture = Fixture::new(Kind::Instance).await;
    let managed = [(Setting::ManagedPassword, Value::Flag(true))].into();
    fixture.cloud.modify(&fixture.orders.arn, &managed, &Settings::new()).await.unwrap();
    fixture.world.sleep(Duration::from_secs(3600)).await;
    let at = Point::Call("DescribeKey".into());
    let fault = Fault { at, nth: 1, action: Action::Refuse("AccessDenied") };
    fixture.world.plan_faults(Plan::List(vec![fault]));
    let (job, now) = (fixture.job(Verb::Restore), fixture.world.now());
    let outcome = provision::step(&fixture.cloud, &job, Begin::Allowed, None, now).await.unwrap();
    assert!(matches!(outcome, Outcome::Again { .. }), "{outcome:?}");
    fixture.world.sleep(Duration::from_secs(3600)).await;
    let database = fixture.cloud.observe(&job.new_database()).await.unwrap().unwrap();
    let noted = protocol::job::notes::from_tags(&database.tags);
    assert!(matches!(&noted[..], [Note::Refused(Setting::PasswordKey, _)]), "{noted:?}");
}

// The tags are Draco's own. A person has removed those of the spec.
#[tokio::test(start_paused = true)]
async fn a_database_whose_spec_was_removed_is_not_called_complete() {
    for (verb, is_deleted) in [(Verb::Verify, true), (Verb::Restore, false)] {
        let fixture = Fixture::new(Kind::Cluster).await;
        let job = fixture.job(verb);
        let started = provision::step(&fixture.cloud, &job, Begin::Allowed, None, fixture.world.now()).await.unwrap();
        assert!(matches!(started, Outcome::Again { .. }), "{started:?}");
        fixture.world.sleep(Duration::from_secs(30)).await;
        let call = fixture.rds.remove_tags_from_resource().resource_name(job.new_database().to_string());
        call.set_tag_keys(Some(tags::SPEC.map(str::to_owned).to_vec())).send().await.unwrap();
        let reason = match (fixture.provision(&job).await, is_deleted) {
            (Outcome::Failed { reason }, true) | (Outcome::GivenUp { reason }, false) => reason,
            (other, _) => panic!("{other:?}"),
        };
        assert!(reason.contains("cannot be read (there is none)"), "{reason}");
        fixture.world.sleep(Duration::from_secs(3600)).await;
        let found = fixture.cloud.observe(&job.new_database()).await.unwrap();
        assert_eq!(found.is_none(), is_deleted);
    }
}

// AWS does not take over a value: here, a person changes it back each time.
#[tokio::test(start_paused = true)]
async fn a_value_that_never_becomes_the_wanted_one_is_reported_and_does_not_fail_the_job() {
    let fixture = Fixture::new(Kind::Instance).await;
    let job = fixture.job(Verb::Restore);
    let job =
        Job::new(Request { deadline: fixture.world.now() + TimeDelta::days(3), ..job.request().clone() }).unwrap();
    let back = [(Setting::CopyTagsToSnapshot, Value::Flag(false))].into();
    let mut outcome = None;
    for _ in 0..STEPS {
        match provision::step(&fixture.cloud, &job, Begin::Allowed, None, fixture.world.now()).await.unwrap() {
            Outcome::Again { after, .. } => fixture.world.sleep(after.to_std().unwrap()).await,
            last => {
                outcome = Some(last);
                break;
            }
        }
        // While AWS is at work, it refuses the change.
        if fixture.cloud.observe(&job.new_database()).await.unwrap().is_some() {
            drop(fixture.cloud.modify(&job.new_database(), &back, &Settings::new()).await);
        }
    }
    let Some(Outcome::Provisioned { database, report }) = outcome else { panic!("{outcome:?}") };
    let line = "AWS does not take over a change: CopyTagsToSnapshot is off in place of on";
    assert!(report.iter().any(|found| found.contains(line)), "{report:?}");
    // Backups begin all the same.
    assert_eq!(database.spec.settings.get(&Setting::BackupRetention), Some(&Value::Number(7)));
}
