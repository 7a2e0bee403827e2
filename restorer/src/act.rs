//! The calls of each step. Each is safe to repeat. AWS's refusals become outcomes: what passes by itself is looked at again, what a person
//! has to correct is reported.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use cloud::{Class, Cloud, Error};
use protocol::job::{Approval, Role};
use protocol::observed::Condition;
use protocol::spec::{Setting, Settings, Value};
use protocol::{DatabaseArn, Job, Tags, tags};
use provision::wait::Work;
use provision::{Begin, teardown, wait};

use crate::decide::{Refusal, Step, decide};
use crate::look::Looked;
use crate::marks::{Mark, Rename};
use crate::members::Move;
use crate::seen::{Course, Old, Side};
use crate::{Direction, Outcome};

/// The shortest delay while a rename is under way. The interruption ends with the look that finds it done.
const RENAME: TimeDelta = TimeDelta::seconds(15);
/// The longest one.
const LONGEST: TimeDelta = TimeDelta::minutes(1);
/// The longest delay during the keep period. A person may undo the job or delete a database at any time.
const KEEP: TimeDelta = TimeDelta::days(1);
/// When there is more to do.
const AT_ONCE: TimeDelta = TimeDelta::seconds(1);

/// Decides, and makes the calls of the step.
pub async fn act(
    cloud: &Cloud,
    job: &Job,
    looked: Looked,
    direction: Direction,
    begin: Begin,
    now: DateTime<Utc>,
) -> Outcome {
    let Looked { seen, unmarked, marked, has_new, renamed, work } = looked;
    let begin = if has_new { Begin::Begun(now) } else { begin };
    let course = seen.course;
    let step = decide(seen);
    let changes_something = !matches!(step, Step::TooLate | Step::Refuse(_));
    if let Some(new) = unmarked.filter(|_| changes_something)
        && let Err(error) = cloud.tag_database(&new, tags::JOB_UNDO, &wait::timestamp(now)).await
    {
        // Without the mark, the job's timer would go in the other direction.
        return refused(&error, begin);
    }
    let done = match step {
        Step::Refuse(refusal) => return Outcome::Refused { reason: refusal.to_string() },
        Step::Ask { database, report } => return Outcome::Ask { database, report },
        Step::Done => return Outcome::Done,
        Step::TooLate => return too_late(cloud, job, marked, direction, begin).await,
        Step::Provision(step) => return provisioned(cloud, job, *step, begin, now).await,
        Step::TearDownNew => return torn_down(cloud, job, Role::New, course, begin, now).await,
        Step::TearDownOld => return torn_down(cloud, job, Role::Old, course, begin, now).await,
        Step::TakeName { new, old } => return take_name(cloud, job, &new, old.as_deref(), begin, now).await,
        Step::Confirm { database, report } => {
            let confirmed = cloud.tag_database(&database.arn, tags::JOB_CONFIRMED, &wait::timestamp(now)).await;
            return match confirmed {
                Ok(_) => Outcome::Swapped { database, report },
                Err(error) => refused(&error, begin),
            };
        }
        Step::Wait(why) => Ok((delay(renamed, work, now), why)),
        Step::Keep(rest) => Ok((rest.min(KEEP), "the old database is kept".to_owned())),
        Step::SetAside(old) => match set_aside(cloud, job, &old, now).await {
            Err(error) if is_stuck(&old.side, &error) => return stuck(&old.side, &error),
            done => done,
        },
        Step::Secure(old) => secure(cloud, job, &old).await,
        Step::PutBack(old) => match rename_old(cloud, &old, &job.request().target, now).await {
            Err(error) if is_stuck(&old.side, &error) => return stuck(&old.side, &error),
            done => done,
        },
        Step::GiveName(new) => match rename_new(cloud, &new, &job.new_database(), now).await {
            Err(error) if is_stuck(&new, &error) => return stuck(&new, &error),
            done => done,
        },
        Step::Resume(old) => cloud.start(&old).await.map(|_| (wait::CHANGE, format!("starting {}", old.id()))),
        Step::MoveMembers(moves) => move_members(cloud, &moves).await,
        Step::Clean(old) => clean(cloud, job, &old).await,
    };
    match done {
        Ok((after, why)) => Outcome::Again { after, why, begin },
        Err(error) => refused(&error, begin),
    }
}

/// Without its mark, the job goes on. The step of an undo says that it came too late.
async fn too_late(
    cloud: &Cloud,
    job: &Job,
    marked: Option<DatabaseArn>,
    direction: Direction,
    begin: Begin,
) -> Outcome {
    if let Some(new) = marked
        && let Err(error) = cloud.untag_database(&new, &[tags::JOB_UNDO]).await
    {
        return refused(&error, begin);
    }
    match direction {
        Direction::Forward => {
            Outcome::Again { after: AT_ONCE, why: "an undo was requested too late".to_owned(), begin }
        }
        Direction::Undo { .. } => {
            let final_snapshot = job.request().replaces.is_some().then(|| job.final_snapshot());
            Outcome::TooLate { final_snapshot }
        }
    }
}

async fn provisioned(
    cloud: &Cloud,
    job: &Job,
    step: provision::decide::Step,
    begin: Begin,
    now: DateTime<Utc>,
) -> Outcome {
    match provision::act::act(cloud, job, step, begin, None, now).await {
        provision::Outcome::Again { after, why, begin } => Outcome::Again { after, why, begin },
        // The next look finds it.
        provision::Outcome::Provisioned { .. } => {
            Outcome::Again { after: AT_ONCE, why: "the new database is ready".to_owned(), begin }
        }
        provision::Outcome::Failed { reason } | provision::Outcome::GivenUp { reason } => Outcome::Failed { reason },
        provision::Outcome::Refused { reason } => Outcome::Refused { reason },
    }
}

async fn torn_down(cloud: &Cloud, job: &Job, role: Role, course: Course, begin: Begin, now: DateTime<Utc>) -> Outcome {
    // The look has waited until the new database would be visible.
    match (teardown::step(cloud, job, role, Begin::Allowed, None, now).await, course) {
        (Ok(teardown::Outcome::Again { after, why }), _) => Outcome::Again { after, why, begin },
        (Ok(teardown::Outcome::Refused { reason }), _) => Outcome::Refused { reason },
        (Ok(teardown::Outcome::TornDown), Course::Forward) => Outcome::Done,
        (Ok(teardown::Outcome::TornDown), Course::Undo) => Outcome::Undone,
        (Err(error), _) => refused(&error, begin),
    }
}

/// The old database is tagged before it is renamed, so that a sweep finds the job in it. Its protection of before is noted once, before it
/// is changed. If the new one is provisioned afterwards, with the settings of the old one, that is protected when the new one has arrived.
async fn set_aside(cloud: &Cloud, job: &Job, old: &Old, now: DateTime<Utc>) -> Result<(TimeDelta, String), Error> {
    let aside = job.database(Role::Old);
    tag(cloud, job, old, Some(Rename { to: aside.id().to_owned(), at: now })).await?;
    if job.request().approval != Approval::AtOnce {
        protect(cloud, old, true).await?;
    }
    cloud.rename(&old.side.arn, aside.id()).await?;
    Ok((RENAME, renaming(&old.side.arn, &aside)))
}

async fn secure(cloud: &Cloud, job: &Job, old: &Old) -> Result<(TimeDelta, String), Error> {
    tag(cloud, job, old, None).await?;
    protect(cloud, old, true).await?;
    Ok((AT_ONCE, format!("tagging and protecting {}", old.side.arn.id())))
}

async fn tag(cloud: &Cloud, job: &Job, old: &Old, rename: Option<Rename>) -> Result<(), Error> {
    let own = job.to_tags().with([(tags::JOB_OLD, mark_of(old, rename).write().as_str())]);
    cloud.tag_database_with(&old.side.arn, &own).await.map(drop)
}

/// AWS changes the protection at once, so there is nothing to wait for.
async fn protect(cloud: &Cloud, old: &Old, wanted: bool) -> Result<(), Error> {
    if old.is_protected != wanted {
        let protection: Settings = [(Setting::DeletionProtection, Value::Flag(wanted))].into_iter().collect();
        cloud.modify(&old.side.arn, &protection, &Settings::new()).await?;
    }
    Ok(())
}

/// The mark of the old database after this rename. Its resource ID is the one that the job replaces.
fn mark_of(old: &Old, rename: Option<Rename>) -> Mark {
    match &old.mark {
        Some(mark) => Mark { rename: rename.or_else(|| mark.rename.clone()), ..mark.clone() },
        None => Mark { resource_id: old.side.resource_id.clone(), was_protected: Some(old.is_protected), rename },
    }
}

async fn rename_old(
    cloud: &Cloud,
    old: &Old,
    to: &DatabaseArn,
    now: DateTime<Utc>,
) -> Result<(TimeDelta, String), Error> {
    // Without a mark, it was never secured, or its tags were removed. Then its protection of before is not known.
    if let Some(mark) = &old.mark {
        let mark = Mark { rename: Some(Rename { to: to.id().to_owned(), at: now }), ..mark.clone() };
        cloud.tag_database(&old.side.arn, tags::JOB_OLD, &mark.write()).await?;
    }
    cloud.rename(&old.side.arn, to.id()).await?;
    Ok((RENAME, renaming(&old.side.arn, to)))
}

async fn rename_new(
    cloud: &Cloud,
    new: &Side,
    to: &DatabaseArn,
    now: DateTime<Utc>,
) -> Result<(TimeDelta, String), Error> {
    let rename = Some(Rename { to: to.id().to_owned(), at: now });
    let mark = Mark { resource_id: new.resource_id.clone(), was_protected: None, rename };
    cloud.tag_database(&new.arn, tags::JOB_NEW, &mark.write()).await?;
    cloud.rename(&new.arn, to.id()).await?;
    Ok((RENAME, renaming(&new.arn, to)))
}

/// The target's name is free. If AWS refuses the rename for good, the job is marked as undone, and the old database gets its name at once.
async fn take_name(
    cloud: &Cloud,
    job: &Job,
    new: &Side,
    old: Option<&Old>,
    begin: Begin,
    now: DateTime<Utc>,
) -> Outcome {
    let target = &job.request().target;
    let error = match rename_new(cloud, new, target, now).await {
        Ok((after, why)) => return Outcome::Again { after, why, begin },
        Err(error) => error,
    };
    let refusal = refused(&error, begin);
    let (Outcome::Refused { reason }, Some(old)) = (&refusal, old) else { return refusal };
    let marked = cloud.tag_database(&new.arn, tags::JOB_UNDO, &wait::timestamp(now)).await.map(drop);
    let put_back = rename_old(cloud, old, target, now).await.map(drop);
    let errors = [marked, put_back].into_iter().filter_map(Result::err).map(|error| format!("; {error}"));
    let errors: String = errors.collect();
    Outcome::Failed { reason: format!("{reason}; the old database gets its name back{errors}") }
}

/// An error with one member does not hold up the others. The first one is returned.
async fn move_members(cloud: &Cloud, moves: &[Move]) -> Result<(TimeDelta, String), Error> {
    let mut answers = Vec::new();
    for Move { member, to, tags, .. } in moves.iter().filter(|of| !of.is_busy) {
        answers.push(move_member(cloud, member, to, tags).await);
    }
    answers.into_iter().collect::<Result<(), Error>>()?;
    let names: Vec<&str> = moves.iter().map(|of| of.to.id()).collect();
    Ok((RENAME, format!("renaming members to {}", names.join(", "))))
}

async fn move_member(cloud: &Cloud, member: &DatabaseArn, to: &DatabaseArn, tags: &Tags) -> Result<(), Error> {
    if !tags.is_empty() {
        cloud.tag_database_with(member, tags).await?;
    }
    cloud.rename(member, to.id()).await.map(drop)
}

/// The tags of the database are removed last: as long as they are there, the next step repeats this one.
async fn clean(cloud: &Cloud, job: &Job, old: &Old) -> Result<(TimeDelta, String), Error> {
    if let Some(was_protected) = old.mark.as_ref().and_then(|mark| mark.was_protected) {
        protect(cloud, old, was_protected).await?;
    }
    for member in &old.tagged_members {
        cloud.untag_database(member, &[tags::JOB, tags::JOB_NAME]).await?;
    }
    let of_job = job.to_tags();
    let keys: Vec<&str> = of_job.iter().map(|(key, _)| key).chain([tags::JOB_OLD]).collect();
    cloud.untag_database(&old.side.arn, &keys).await?;
    Ok((AT_ONCE, format!("{} is as it was", old.side.arn.id())))
}

/// The delay until the next look: at most a sixth of the time since the last rename is lost. Before the first one, nothing is interrupted.
fn delay(renamed: Option<DateTime<Utc>>, work: Option<Work>, now: DateTime<Utc>) -> TimeDelta {
    match renamed {
        Some(at) => ((now - at) / 6).clamp(RENAME, LONGEST),
        None => wait::next(work, now),
    }
}

/// Whether AWS refuses to rename a database because it does not work. That does not pass by itself.
fn is_stuck(side: &Side, error: &Error) -> bool {
    error.class() == Class::WrongState && matches!(side.condition, Condition::Failed(_) | Condition::Stopped)
}

fn stuck(side: &Side, error: &Error) -> Outcome {
    let advice = "the database does not work: repair or start it, or rename it by hand";
    Outcome::Refused { reason: format!("{}: {error}; {advice}", side.arn) }
}

/// What an error of AWS's means for the job. Right after a change, AWS describes a database as available and refuses the next one.
fn refused(error: &Error, begin: Begin) -> Outcome {
    let after = match error.class() {
        Class::WrongState | Class::Throttled | Class::Unreachable | Class::Gone | Class::Exists => RENAME,
        Class::Capacity | Class::Quota | Class::NotSignedIn => wait::PERSON,
        Class::Missing | Class::Invalid | Class::KeyRefused | Class::Denied | Class::Other => {
            return Outcome::Refused { reason: error.to_string() };
        }
    };
    Outcome::Again { after, why: error.to_string(), begin }
}

fn renaming(database: &DatabaseArn, to: &DatabaseArn) -> String {
    format!("renaming {} to {}", database.id(), to.id())
}

/// One line: what was found, and what to do.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign(database) => write!(
                f,
                "the identifier {} is in use by another database, {database}: rename or delete that, or undo the job and choose another target",
                database.id()
            ),
            Self::TargetTaken { foreign, old } => write!(
                f,
                "another database got the name of the target, {foreign}, while the old one, {old}, was moved aside; nothing is deleted: rename that database, and the job goes on"
            ),
            Self::Moved(database) => write!(
                f,
                "the old database was renamed to {database}, and not by this job: give it its name again, or rename what has the names of the job"
            ),
            Self::Held(job, kept) => write!(
                f,
                "the job {job} restored the database and still keeps the one of before, {kept}: undo that job, or wait until its keep period is over"
            ),
            Self::NewFailed(database, status) => write!(
                f,
                "the new database {database} has the status {status}: repair it, or undo the job; the old database is kept until then"
            ),
            Self::MembersMissing(database, members) => write!(
                f,
                "the new cluster {database} lacks {}: create an instance of that name, or undo the job; the old database is kept until then",
                members.join(", ")
            ),
            Self::OldFailed(database, status) => write!(
                f,
                "the old database {database} has the status {status}, in which AWS may refuse to rename it, so the new one keeps the name: repair the old one first"
            ),
            Self::NewGone => f.write_str("the new database of the job is gone: request the job again"),
        }
    }
}
