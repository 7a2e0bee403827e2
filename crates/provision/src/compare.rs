//! The job's database, compared with the spec that its tags have: what is missing, what differs, and what could not be honoured.

use chrono::{DateTime, Utc};
use protocol::job::Role;
use protocol::observed::ObservedMember;
use protocol::spec::{Compared, Given, Recorded, Setting, Settings, Spec, Target, Value};
use protocol::{DatabaseArn, Engine, Job, Observed, Tags, tags};

use crate::decide::{Change, MemberStart, NoSpec, Ours};
use crate::identity::{self, Identity, LATE};
use crate::{plan, report, wait};

/// After so many changes, a difference stays. Right after a change, AWS describes the database as it was before, for seconds to
/// minutes, and a look in that time repeats the change.
const MOST_CHANGES: u32 = 10;
/// After so many, a parameter group that still waits for a reboot stays.
const MOST_REBOOTS: u32 = 2 * MOST_CHANGES;
/// After so many, the changes that come last stay.
const MOST_LAST_CHANGES: u32 = 3 * MOST_CHANGES;
/// A key is given with the call that turns its feature on, and cannot be changed later.
const KEYS: [(Setting, Setting); 2] =
    [(Setting::PerformanceInsights, Setting::InsightsKey), (Setting::ManagedPassword, Setting::PasswordKey)];
/// AWS takes a change of the first only with the others in the same request, even if the database has them: "If you change the value from
/// standard to advanced, you must set the PerformanceInsightsEnabled parameter to true and the PerformanceInsightsRetentionPeriod parameter to
/// 465" (`DatabaseInsightsMode`), "you must also specify the Iops parameter. You can use the current value for Iops" (`AllocatedStorage`), "you
/// must also include a value for the Iops parameter" (`StorageType`).
const WITH: [(Setting, &[Setting]); 3] = [
    (Setting::InsightsMode, &[Setting::PerformanceInsights, Setting::InsightsRetention]),
    (Setting::AllocatedStorage, &[Setting::Iops]),
    (Setting::StorageType, &[Setting::Iops]),
];
/// The storage of Aurora that AWS does not describe.
const STANDARD_STORAGE: &str = "aurora";

/// The job's database, compared with its spec.
#[must_use]
pub fn compare(job: &Job, observed: Observed, now: DateTime<Utc>) -> Ours {
    let role = job.request().verb.role();
    let is_untagged = |member: &&ObservedMember| identity::of_member(member, job, role, now) == Identity::Untagged;
    let nothing = |observed: Observed, no_spec| Ours {
        untagged: observed.members.iter().find(is_untagged).map(|member| member.arn.clone()),
        missing: Vec::new(),
        differences: Vec::new(),
        reboots: Vec::new(),
        changes: wait::changes(&observed.tags),
        are_changes_recent: wait::changes(&observed.tags).are_recent(now),
        no_spec,
        report: Vec::new(),
        observed,
    };
    match recorded(&observed) {
        Ok(recorded) => differences_of(job, &recorded, nothing(observed, None), now),
        Err(why) => {
            let no_spec = no_spec(job, &observed, &why, now);
            nothing(observed, Some(no_spec))
        }
    }
}

/// The spec in the tags of the job's database. They are part of the call that created it, so a spec that is missing or cannot be read
/// was changed later.
fn recorded(observed: &Observed) -> Result<Recorded, String> {
    let recorded = Recorded::from_tags(&observed.tags).map_err(|error| error.to_string())?;
    let recorded = recorded.ok_or("there is none")?;
    let Spec { kind, engine, .. } = &observed.spec;
    recorded.check(*kind, Engine::parse(engine)).map_err(|error| error.to_string())?;
    Ok(recorded)
}

/// RDS describes a database before it describes its tags.
fn no_spec(job: &Job, observed: &Observed, why: &str, now: DateTime<Utc>) -> NoSpec {
    if observed.created.is_none_or(|created| now - created < LATE) {
        return NoSpec::NotYet;
    }
    let why = format!("the settings in the tags Draco_Spec… of {} cannot be read ({why})", observed.arn.id());
    match job.request().verb.is_temporary() {
        true => NoSpec::Temporary(why),
        false => NoSpec::Lasting(why),
    }
}

fn differences_of(job: &Job, recorded: &Recorded, mut ours: Ours, now: DateTime<Utc>) -> Ours {
    let wanted = &recorded.spec;
    let role = job.request().verb.role();
    let observed = &ours.observed;
    let differing = differences(wanted.target(), &wanted.settings, &observed.spec.settings);
    ours.differences.extend((!differing.is_empty()).then(|| Change {
        database: observed.arn.clone(),
        current: observed.spec.settings.clone(),
        wanted: differing,
    }));
    let is_ours = |member: &ObservedMember| member.owner().as_ref() == Some(job.id());
    // RDS does not copy the tags of a cluster to its members, whose own tags are not recorded, and costs are allocated by tags.
    let own = job.to_tags().with([(tags::JOB_STARTED, wait::timestamp(now).as_str())]);
    let without_lifecycle: Tags = wanted.tags.iter().filter(|(key, _)| *key != tags::LIFECYCLE).collect();
    let (of_user, _) = plan::of_user(&without_lifecycle, tags::MAX_TAGS.saturating_sub(own.len() + 1));
    let tags_of_member = own.with(of_user.iter());
    // The first instance of a cluster becomes its writer.
    let writer = job.member(role, 1);
    for (member, planned) in member_names(job, role, wanted).into_iter().zip(&wanted.members) {
        match observed.members.iter().find(|found| found.arn == member) {
            Some(found) if is_ours(found) => {
                let differing = differences(Target::Member, &planned.settings, &found.settings);
                ours.differences.extend((!differing.is_empty()).then(|| Change {
                    database: found.arn.clone(),
                    current: found.settings.clone(),
                    wanted: differing,
                }));
            }
            Some(found) if ours.untagged.as_ref() == Some(&found.arn) => {}
            // AWS refuses to create one whose name another instance has, and the job fails with that reason.
            _ => ours.missing.push(MemberStart {
                is_writer: member == writer,
                member,
                engine: wanted.engine.clone(),
                settings: planned
                    .settings
                    .iter()
                    .filter(|(setting, _)| is_of_creation(**setting))
                    .map(|(s, v)| (*s, v.clone()))
                    .collect(),
                tags: tags_of_member.clone(),
            }),
        }
    }
    // Readers first: the writer is interrupted once.
    let mut members: Vec<_> = observed.members.iter().filter(|member| is_ours(member) && member.needs_reboot).collect();
    members.sort_by_key(|member| member.is_writer);
    let own = observed.needs_reboot.then(|| observed.arn.clone());
    ours.reboots = own.into_iter().chain(members.into_iter().map(|member| member.arn.clone())).collect();
    ours.report = report::lines(recorded, observed);
    end_repeated_changes(&mut ours);
    change_last(&mut ours);
    ours
}

/// Differences that remain after many changes are reported. Reboots have as many again, and then the changes that come last: a database
/// without backups or protection is the first line of the report.
fn end_repeated_changes(ours: &mut Ours) {
    let (changed, lines) = (ours.changes.count, &mut ours.report);
    for change in ours.differences.iter_mut().filter(|_| changed >= MOST_CHANGES) {
        let is_last = |setting: &Setting| comes_last(change.current.get(&Setting::BackupRetention), *setting);
        let (last, others): (Settings, Settings) =
            change.wanted.clone().into_iter().partition(|(setting, _)| is_last(setting));
        let line = |wanted: &Settings| report::difference(&Change { wanted: wanted.clone(), ..change.clone() });
        if !others.is_empty() {
            lines.push(line(&others));
        }
        let is_ended = changed >= MOST_LAST_CHANGES;
        if is_ended && !last.is_empty() {
            lines.insert(0, line(&last));
        }
        change.wanted = if is_ended { Settings::new() } else { last };
    }
    ours.differences.retain(|change| !change.wanted.is_empty());
    if changed >= MOST_REBOOTS {
        lines.extend(ours.reboots.drain(..).map(|instance| {
            format!("{}: a parameter group still waits for a reboot: reboot it by hand", instance.id())
        }));
    }
}

/// Whether a setting is changed when nothing else is left to do. As soon as an instance has backups, RDS takes one, and nothing else can
/// be changed for hours. A protected database cannot be deleted, and AWS changes no setting of one that has failed.
fn comes_last(retention: Option<&Value>, setting: Setting) -> bool {
    setting == Setting::DeletionProtection
        || (setting == Setting::BackupRetention && retention == Some(&Value::Number(0)))
}

fn change_last(ours: &mut Ours) {
    let comes_last =
        |change: &Change, setting: &Setting| comes_last(change.current.get(&Setting::BackupRetention), *setting);
    let is_nothing_else = ours.missing.is_empty()
        && ours.reboots.is_empty()
        && ours.differences.iter().all(|change| change.wanted.keys().all(|setting| comes_last(change, setting)));
    if is_nothing_else {
        return;
    }
    for change in &mut ours.differences {
        let first = change.wanted.keys().copied().filter(|setting| !comes_last(change, setting));
        let first: Vec<Setting> = first.collect();
        change.wanted.retain(|setting, _| first.contains(setting));
    }
    ours.differences.retain(|change| !change.wanted.is_empty());
}

fn is_of_creation(setting: Setting) -> bool {
    setting.row().given(Target::Member) == Given::Create
}

/// The settings that are not as wanted, and that a modification can change.
#[must_use]
pub fn differences(target: Target, wanted: &Settings, actual: &Settings) -> Settings {
    let is_changeable =
        |setting: Setting| matches!(setting.row().given(target), Given::Restore | Given::Create | Given::Modify);
    let differs = |setting: &Setting, value: &Value| {
        is_changeable(*setting) && !is_as_wanted(setting.row().compared, value, actual.get(setting))
    };
    let mut differing: Settings = wanted
        .iter()
        .filter(|(setting, value)| differs(setting, value))
        .map(|(s, value)| (*s, value.clone()))
        .collect();
    for (feature, key) in KEYS {
        if differing.get(&feature) == Some(&Value::Flag(true))
            && let Some(value) = wanted.get(&key)
            && is_changeable(key)
        {
            differing.insert(key, value.clone());
        }
    }
    for (changed, others) in WITH {
        let is_changed = differing.contains_key(&changed);
        let others = others.iter().filter(|other| is_changed && is_changeable(**other));
        differing.extend(others.filter_map(|other| Some((*other, wanted.get(other)?.clone()))));
    }
    differing
}

fn is_as_wanted(compared: Compared, wanted: &Value, actual: Option<&Value>) -> bool {
    match (compared, wanted, actual) {
        (Compared::Never, ..) => true,
        (Compared::AtLeast, Value::Number(wanted), Some(Value::Number(actual))) => actual >= wanted,
        // Where AWS describes nothing, there is none.
        (_, Value::Names(names), None) => names.is_empty(),
        (_, Value::Flag(wanted), None) => !wanted,
        (_, Value::Number(wanted), None) => *wanted == 0,
        // "The storage type is only returned when you set it to `aurora-iopt1`" (`CreateDBCluster`).
        (_, Value::Name(name), None) => name == STANDARD_STORAGE,
        (_, wanted, actual) => actual == Some(wanted),
    }
}

/// The names of the members that this spec has.
pub(crate) fn member_names(job: &Job, role: Role, wanted: &Spec) -> Vec<DatabaseArn> {
    (1..=u8::MAX).map(|nth| job.member(role, nth)).take(wanted.members.len()).collect()
}
