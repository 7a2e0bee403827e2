//! The report on a database: what it does not have of the recorded settings, what is missing, and what costs.

use std::collections::BTreeMap;

use protocol::job::Note;
use protocol::spec::value::HalfUnits;
use protocol::spec::{Member, Setting, Value};
use provision::check::Facts;
use provision::plan::Plan;
use provision::{plan, report};

use super::checks::facts;
use super::plans::text;
use super::settled::{number, offers, settled};
use super::*;

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
