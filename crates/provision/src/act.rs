//! The calls of each step. Each is safe to repeat. AWS's refusals become outcomes: what passes by itself is looked at again, what a
//! person has to correct ends the job.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use cloud::{Class, Cloud, Creation, Error, NewMember, Restore};
use protocol::observed::Observed;
use protocol::spec::{Setting, Settings};
use protocol::{DatabaseArn, Job, tags};

use crate::decide::{Change, MemberStart, Reason, Refusal, Start, Step};
use crate::identity::{self, Identity};
use crate::teardown::{self, Found, Remains};
use crate::wait::{self, Work};
use crate::{Begin, Outcome, User};

/// Settings that AWS takes only together: a feature with its key, of which AWS would use its own otherwise, "If MonitoringRoleArn is specified,
/// then you must set MonitoringInterval to a value other than 0", and the reverse (`CreateDBInstance`), a mode with what it needs, a range, and
/// the storage.
const TOGETHER: [&[Setting]; 5] = [
    &[Setting::PerformanceInsights, Setting::InsightsRetention, Setting::InsightsKey, Setting::InsightsMode],
    &[Setting::ManagedPassword, Setting::PasswordKey],
    &[Setting::MonitoringInterval, Setting::MonitoringRole],
    &[Setting::ServerlessMin, Setting::ServerlessMax, Setting::ServerlessPause],
    &[Setting::StorageType, Setting::AllocatedStorage, Setting::Iops, Setting::StorageThroughput],
];

/// What a restore is never made without, besides the settings that the job chose: what decides about its cost, about who can reach it, and
/// about how it can be deleted.
const KEPT_BY_RESTORE: [Setting; 12] = [
    Setting::Class,
    Setting::ClusterClass,
    Setting::StorageType,
    Setting::AllocatedStorage,
    Setting::Iops,
    Setting::StorageThroughput,
    Setting::MultiAz,
    Setting::DeletionProtection,
    Setting::BackupRetention,
    Setting::PubliclyAccessible,
    Setting::SubnetGroup,
    Setting::SecurityGroups,
];

/// Makes the calls of a step.
pub async fn act(
    cloud: &Cloud,
    job: &Job,
    step: Step,
    begin: Begin,
    user: Option<&User>,
    now: DateTime<Utc>,
) -> Outcome {
    let begun = Begin::Begun(now);
    let (done, begin) = match step {
        Step::Refuse(Refusal::Foreign(database)) if matches!(begin, Begin::Begun(_)) => {
            return Outcome::GivenUp { reason: not_ours_any_more(job, &database) };
        }
        Step::Refuse(refusal) => return Outcome::Refused { reason: refusal.to_string() },
        Step::GiveUp(reason) => return Outcome::GivenUp { reason: explain(cloud, &reason).await },
        Step::Provisioned { database, report } => return Outcome::Provisioned { database, report },
        Step::Discard { database, reason } => return discard(cloud, job, &database, &reason, user, now).await,
        Step::Wait { why, database: Some(database) } => {
            (Ok(Done::Again(wait::next(Work::of(&database), now), why)), begun)
        }
        Step::Wait { why, database: None } => (Ok(Done::Again(wait::next(None, now), why)), begin),
        Step::Start(start) => match restore(cloud, job, &start, now).await {
            Ok((Creation::Started, done)) => (Ok(done), begun),
            Ok((Creation::NameExists, done)) => (Ok(done), Begin::Perhaps(now)),
            Err(error) if error.class() == Class::Unreachable => (Err(error), Begin::Perhaps(now)),
            // The state of the data may last for days, and each attempt needs several calls.
            Err(error) if error.class() == Class::WrongState => {
                (Ok(Done::Again(wait::PERSON, error.to_string())), begin)
            }
            // AWS has not accepted it: the next step tries again.
            Err(error) => (Err(error), begin),
        },
        Step::CreateMembers { cluster, members } => (create_members(cloud, job, &cluster, &members, now).await, begun),
        Step::Configure { database, changes, before } => {
            (configure(cloud, job, &database, &changes, (before, now)).await, begun)
        }
        Step::Reboot { database, instances, before } => {
            (reboot(cloud, &database, &instances, (before, now)).await, begun)
        }
        Step::Resume(database) => (resume(cloud, &database).await, begun),
    };
    match done.unwrap_or_else(|error| refused(&error)) {
        Done::Again(after, why) => Outcome::Again { after: wait::until_deadline(job, after, now), why, begin },
        Done::Failed(reason) => Outcome::Failed { reason },
    }
}

/// What became of the calls of a step.
enum Done {
    /// They were made, or are to be made again.
    Again(TimeDelta, String),
    /// The job has failed.
    Failed(String),
}

/// Begins the restore. If AWS refuses one of the recorded settings, it is made without that: AWS checks a request before it creates anything.
/// The next looks find the setting that is missing, and change it.
async fn restore(cloud: &Cloud, job: &Job, start: &Start, now: DateTime<Utc>) -> Result<(Creation, Done), Error> {
    let to = job.new_database();
    let Start { engine, version, settings, tags, defaults } = start;
    let restore = async |settings: &Settings| {
        cloud.restore(&Restore { from: &job.request().source, to: &to, engine, version, settings, tags }).await
    };
    let is_of_settings = |error: &Error| matches!(error.class(), Class::Invalid | Class::Missing);
    let mut answer = restore(settings).await;
    let mut refusal = None;
    if answer.as_ref().is_err_and(is_of_settings) {
        let overrides = &job.request().overrides;
        for part in attempts(settings, |setting| KEPT_BY_RESTORE.contains(&setting) || overrides.contains_key(&setting))
        {
            match restore(&part).await {
                Err(error) if is_of_settings(&error) => {}
                other => {
                    refusal = std::mem::replace(&mut answer, other).err();
                    break;
                }
            }
        }
    }
    let creation = answer?;
    let done = match creation {
        Creation::Started => {
            let defaults = defaults.iter().map(|why| format!(", with default settings: {why}")).collect::<String>();
            let refusal = refusal.map(|error| format!("; {error}")).unwrap_or_default();
            Done::Again(wait::next(Some(Work::restore(now)), now), format!("restoring {}{defaults}{refusal}", to.id()))
        }
        // Another look was faster, or another database has the name: the next look knows.
        Creation::NameExists => Done::Again(wait::CHANGE, format!("{} exists already", to.id())),
    };
    Ok((creation, done))
}

/// Creates members. An error with one of them does not hold up the others: the first one is returned.
async fn create_members(
    cloud: &Cloud,
    job: &Job,
    cluster: &DatabaseArn,
    members: &[MemberStart],
    now: DateTime<Utc>,
) -> Result<Done, Error> {
    let mut why = format!("creating the members of {}", cluster.id());
    let mut answers = Vec::new();
    for start in members {
        let answer = create_member(cloud, job, cluster, start).await;
        if let Ok((_, Some(refusal))) = &answer {
            why = format!("{why}; {refusal}");
        }
        answers.push(answer.map(|(creation, _)| (creation, &start.member)));
    }
    for answer in answers {
        // The members of a cluster are described with it, so one that is missing there can be another database.
        if let (Creation::NameExists, member) = answer?
            && let Some(other) = cloud.observe_member(member).await?
            && identity::of_member(&other, job, job.request().verb.role(), now) == Identity::Foreign
        {
            return Ok(Done::Failed(Refusal::Foreign(other.arn).to_string()));
        }
    }
    Ok(Done::Again(wait::next(Some(Work::member(now)), now), why))
}

/// Creates a member. If AWS refuses that for good, it is created without one recorded setting, or with as few as possible, as a modification is
/// made ([`modify`]). The class, the setting that keeps it from being public, and the settings that the job chose are never left out. The error
/// is AWS's refusal.
async fn create_member(
    cloud: &Cloud,
    job: &Job,
    cluster: &DatabaseArn,
    MemberStart { member, engine, settings, tags, .. }: &MemberStart,
) -> Result<(Creation, Option<Error>), Error> {
    let create =
        async |settings: &Settings| cloud.create_member(&NewMember { member, cluster, engine, settings, tags }).await;
    let refusal = match create(settings).await {
        Err(error) if is_final(&error) => error,
        answer => return answer.map(|creation| (creation, None)),
    };
    let overrides = &job.request().overrides;
    let is_kept = |setting: Setting| {
        [Setting::Class, Setting::PubliclyAccessible].contains(&setting) || overrides.contains_key(&setting)
    };
    for part in attempts(settings, is_kept) {
        match create(&part).await {
            Err(error) if is_final(&error) => {}
            answer => return answer.map(|creation| (creation, Some(refusal))),
        }
    }
    Err(refusal)
}

/// Changes the settings of the database and of its members. An error with one of them does not hold up the others.
async fn configure(
    cloud: &Cloud,
    job: &Job,
    database: &DatabaseArn,
    changes: &[Change],
    before: (u32, DateTime<Utc>),
) -> Result<Done, Error> {
    let names: Vec<&str> =
        changes.iter().flat_map(|change| change.wanted.keys()).map(|setting| setting.row().parameter).collect();
    let mut why = format!("changing {}", names.join(", "));
    let mut answers = Vec::new();
    for change in changes {
        let answer = modify(cloud, job, change).await;
        if let Ok(Some(refusal)) = &answer {
            why = format!("{why}; {refusal}");
        }
        answers.push(answer.map(drop));
    }
    count(cloud, database, before, answers).await?;
    let is_fast = changes.iter().flat_map(|change| change.wanted.keys()).all(|setting| wait::FAST.contains(setting));
    Ok(Done::Again(if is_fast { wait::CHANGE } else { after_change(before) }, why))
}

/// Makes a modification. If AWS refuses it for good, one of its values is the reason in most cases, and must not hold up the others. So it is
/// made without one setting, and if AWS refuses each of these too, with one setting, until AWS accepts one. The next look finds the rest.
/// The result is AWS's refusal, if there was one. A refusal of all settings that the job itself chose is an error: a person has to correct
/// them.
async fn modify(cloud: &Cloud, job: &Job, change: &Change) -> Result<Option<Error>, Error> {
    let Change { database, current, wanted } = change;
    let is_chosen = |setting: Setting| job.request().overrides.contains_key(&setting);
    let is_refused = async |settings: &Settings| match cloud.modify(database, settings, current).await {
        Ok(_) => Ok(None),
        Err(error) if is_final(&error) && !settings.keys().all(|setting| is_chosen(*setting)) => Ok(Some(error)),
        Err(error) => Err(error),
    };
    let Some(refusal) = is_refused(wanted).await? else { return Ok(None) };
    for part in parts(wanted, is_chosen) {
        if is_refused(&part).await?.is_none() {
            break;
        }
    }
    Ok(Some(refusal))
}

/// The settings with which a refused creation is tried again: [`parts`] that have all settings which are kept.
#[must_use]
pub fn attempts(settings: &Settings, is_kept: impl Fn(Setting) -> bool) -> Vec<Settings> {
    let kept: Vec<&Setting> = settings.keys().filter(|setting| is_kept(**setting)).collect();
    let mut parts = parts(settings, &is_kept);
    parts.retain(|part| kept.iter().all(|setting| part.contains_key(setting)));
    parts
}

/// The settings without each unit of them, then each unit alone. A unit is what AWS takes only together, and those that are kept are one, too:
/// the job chose them together.
#[must_use]
pub fn parts(settings: &Settings, is_kept: impl Fn(Setting) -> bool) -> Vec<Settings> {
    let those = |is_in: &dyn Fn(&Setting) -> bool| -> Settings {
        settings.iter().filter(|(setting, _)| is_in(setting)).map(|(s, value)| (*s, value.clone())).collect()
    };
    let kept: Vec<Setting> = settings.keys().copied().filter(|setting| is_kept(*setting)).collect();
    let mut units: Vec<BTreeSet<Setting>> = settings.keys().map(|setting| [*setting].into()).collect();
    for together in TOGETHER.iter().copied().chain([kept.as_slice()]) {
        let (joined, others): (Vec<_>, Vec<_>) =
            units.into_iter().partition(|unit| unit.iter().any(|setting| together.contains(setting)));
        units = others;
        units.extend((!joined.is_empty()).then(|| joined.into_iter().flatten().collect()));
    }
    units.sort();
    if units.len() < 2 {
        return Vec::new();
    }
    let without = units.iter().map(|unit| those(&|setting| !unit.contains(setting)));
    let alone = units.iter().map(|unit| those(&|setting| unit.contains(setting)));
    // Of two units, one alone is the other's absence.
    let all = without.chain(alone.filter(|_| units.len() > 2));
    all.collect()
}

/// Reboots the instances. An error with one of them does not hold up the others.
async fn reboot(
    cloud: &Cloud,
    database: &DatabaseArn,
    instances: &[DatabaseArn],
    before: (u32, DateTime<Utc>),
) -> Result<Done, Error> {
    let mut answers = Vec::new();
    for instance in instances {
        answers.push(cloud.reboot(instance).await.map(drop));
    }
    count(cloud, database, before, answers).await?;
    Ok(Done::Again(after_change(before), "rebooting, because a parameter group waits for it".to_owned()))
}

fn after_change((_, now): (u32, DateTime<Utc>)) -> TimeDelta {
    wait::next(Some(Work::change(now)), now)
}

/// Counts the changes of a step if AWS has accepted one, or has refused recorded settings for good, so that they are not repeated for ever.
/// Errors that pass are not counted: their change is repeated until the deadline. The first error is returned.
async fn count(
    cloud: &Cloud,
    database: &DatabaseArn,
    (before, now): (u32, DateTime<Utc>),
    answers: Vec<Result<(), Error>>,
) -> Result<(), Error> {
    if answers.iter().any(Result::is_ok) {
        cloud.tag_database(database, tags::JOB_CHANGES, &wait::one_more(before, now)).await?;
    }
    answers.into_iter().collect()
}

async fn resume(cloud: &Cloud, database: &DatabaseArn) -> Result<Done, Error> {
    cloud.start(database).await?;
    Ok(Done::Again(wait::CHANGE, format!("starting {}, which is stopped", database.id())))
}

/// Begins to delete a database, without a final snapshot. The caller goes on with [`teardown::step`]. If it is lost, the next look
/// begins the end again, or finds that it has begun.
async fn discard(
    cloud: &Cloud,
    job: &Job,
    database: &Observed,
    reason: &Reason,
    user: Option<&User>,
    now: DateTime<Utc>,
) -> Outcome {
    let found = Found::of(Some(database), job, job.request().verb.role(), now);
    let seen = teardown::Seen { found, user: user.cloned(), remains: Remains::Nothing };
    let reason = explain(cloud, reason).await;
    // The job has failed in any case: its caller tears the database down until it is gone.
    let reason = match teardown::end(cloud, seen, Some(&reason)).await {
        teardown::Outcome::Refused { reason: kept } => format!("{reason}; {kept}"),
        teardown::Outcome::Again { .. } | teardown::Outcome::TornDown => reason,
    };
    Outcome::Failed { reason }
}

/// The reason, with AWS's message about a failure. Without that, the status has to do.
async fn explain(cloud: &Cloud, reason: &Reason) -> String {
    let Reason::Failed(database, status) = reason else { return reason.to_string() };
    match cloud.last_failure(database).await {
        Ok(Some(message)) => format!("AWS reports the status {status} for {}: {message}", database.id()),
        Ok(None) | Err(_) => reason.to_string(),
    }
}

/// What an error of AWS's means for the job.
///
/// | class                                              | outcome                                             |
/// |----------------------------------------------------|-----------------------------------------------------|
/// | wrong state, throttled, unreachable, gone, exists  | look again: right after a modification, a database is described as available and refuses the next one |
/// | capacity, quota, not signed in                     | look again, less often: they pass, and the deadline limits it |
/// | a missing part, invalid, key or caller refused, other | the job has failed: a person has to correct it   |
fn refused(error: &Error) -> Done {
    match error.class() {
        Class::WrongState | Class::Throttled | Class::Unreachable | Class::Gone | Class::Exists => {
            Done::Again(wait::CHANGE, error.to_string())
        }
        Class::Capacity | Class::Quota | Class::NotSignedIn => Done::Again(wait::PERSON, error.to_string()),
        Class::Missing | Class::Invalid | Class::KeyRefused | Class::Denied | Class::Other => {
            Done::Failed(error.to_string())
        }
    }
}

/// Whether a person has to correct what AWS refuses.
fn is_final(error: &Error) -> bool {
    matches!(refused(error), Done::Failed(_))
}

/// The restore has begun, and the database that has its name is not the job's: a program that cleans up tags may have removed its tag.
fn not_ours_any_more(job: &Job, database: &DatabaseArn) -> String {
    format!(
        "{database} has the name of this job's database, and is not touched: it is another one, or its tag {key} was changed. If its tag {target} is that of the job, set {key} to {id} again; otherwise it is not Draco's",
        key = tags::JOB,
        target = tags::JOB_TARGET,
        id = job.id(),
    )
}

/// One line for each problem: what was requested, what AWS has, and what to do.
impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Foreign(database) => write!(
                f,
                "the identifier {} is in use by another database, {database}: rename or delete that, or choose another target",
                database.id()
            ),
            Self::Gone(why) => f.write_str(why),
            Self::Unfit(problems) => f.write_str(&problems.join("\n")),
            Self::Overdue => f.write_str("the deadline of the job passed before the restore began: request it again"),
        }
    }
}

/// What happened.
impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed(database, status) => write!(
                f,
                "AWS reports the status {status} for {}: see its events in RDS (aws rds describe-events)",
                database.id()
            ),
            Self::Overdue => f.write_str("the deadline of the job has passed"),
            Self::Ended(why) => f.write_str(why),
            Self::Gone => f.write_str("the database of the job was deleted: request the job again"),
            Self::Deleting => f.write_str("the database of the job is being deleted: request the job again"),
            Self::NoSpec(why) => write!(f, "{why}: the tags were changed after the restore, so request the job again"),
        }
    }
}
