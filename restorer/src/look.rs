//! The look: what has the three names of a job, and what became of the old database. One description for all of them, two for clusters,
//! so that what is seen belongs together.

use chrono::{DateTime, TimeDelta, Utc};
use cloud::{Cloud, Error};
use protocol::job::{Approval, Role};
use protocol::observed::{Condition, ObservedMember};
use protocol::spec::{self, Recorded};
use protocol::{DatabaseArn, Job, JobId, Observed, tags};
use provision::Begin;
use provision::decide::{self as provisioning, Deadline, Found, Step as Provision};
use provision::identity::{self, Identity};
use provision::wait::Work;
use provision::{compare, report};

use crate::Direction;
use crate::decide::ends;
use crate::marks::Mark;
use crate::members;
use crate::seen::{Arrived, Aside, Beside, Course, Keep, New, Old, Progress, Seen, Side, Target};

/// What was seen, and where the mark of an undo belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// What was seen.
    pub seen: Seen,
    /// The new database, if it is to be marked as undone before the step.
    pub unmarked: Option<DatabaseArn>,
    /// The new database, if it is marked.
    pub marked: Option<DatabaseArn>,
    /// Whether the new database was seen.
    pub has_new: bool,
    /// When the last rename of the two databases was requested.
    pub renamed: Option<DateTime<Utc>>,
    /// The last work of AWS's on the new database, before the swap.
    pub work: Option<Work>,
}

/// Looks at the databases of a job.
///
/// # Errors
/// If a call fails.
pub async fn look(
    cloud: &Cloud,
    job: &Job,
    direction: Direction,
    begin: Begin,
    now: DateTime<Utc>,
) -> Result<Looked, Error> {
    let request = job.request();
    let names = [request.target.clone(), job.new_database(), job.database(Role::Old)];
    let found = cloud.observe_these(request.target.kind, &names).await?;
    let [target, new, aside] = names.each_ref().map(|name| found.iter().find(|found| found.arn == *name));
    let new_database = [target.filter(|it| is_new(job, it)), new.filter(|it| is_beside(job, it, now))];
    let new_database = new_database.into_iter().flatten().next();
    let is_marked = new_database.is_some_and(|it| it.tags.get(tags::JOB_UNDO).is_some());
    let course = match direction {
        Direction::Forward if !is_marked => Course::Forward,
        Direction::Forward | Direction::Undo { .. } => Course::Undo,
    };
    let old_now = match (&request.replaces, found.iter().find(|it| is_old(job, it))) {
        (Some(id), None) => cloud.observe_by_id(request.target.kind, id).await?,
        (_, found) => found.cloned(),
    };
    let old = |it: &Observed| Box::new(old_of(job, it, now));
    let has_arrived = target.is_some_and(|it| is_new(job, it));
    let aside = match (&request.replaces, &old_now, aside) {
        (None, _, None) => Aside::Never,
        (_, Some(it), _) if it.arn == names[2] => Aside::Old(old(it)),
        (_, _, Some(it)) => Aside::Foreign(it.arn.clone()),
        (_, Some(it), None) if names.contains(&it.arn) => Aside::Nothing,
        (_, Some(it), None) => Aside::Elsewhere(it.arn.clone()),
        (Some(_), None, None) => Aside::Nothing,
    };
    let target = match target {
        None => Target::Nothing,
        Some(it) if is_old(job, it) => {
            let mut old = old_of(job, it, now);
            if course == Course::Forward {
                old.held_by = held_by(cloud, job, it).await?;
            }
            Target::Old(Box::new(old))
        }
        Some(it) if has_arrived => {
            let are_names_free = match &aside {
                Aside::Old(old) => old.moves.is_empty(),
                Aside::Never | Aside::Nothing | Aside::Foreign(_) | Aside::Elsewhere(_) => true,
            };
            Target::New(Box::new(arrived(cloud, job, it, are_names_free, now).await?))
        }
        Some(it) => Target::Foreign(it.arn.clone()),
    };
    let new = match new {
        _ if has_arrived => New::Nothing,
        Some(it) if is_old(job, it) => New::Old(old(it)),
        Some(it) => beside(job, it, now),
        None => absent(cloud, job, direction, begin, now).await?,
    };
    let is_tagged = new_database.is_some_and(|it| it.tags.get(tags::JOB_APPROVED).is_some());
    let approval = match request.approval {
        Approval::Ask if is_tagged => Approval::Given,
        approval => approval,
    };
    let unmarked = new_database.filter(|_| course == Course::Undo && !is_marked).map(|it| it.arn.clone());
    let of_new = new_database.and_then(|it| Mark::read(&it.tags, tags::JOB_NEW, &it.resource_id));
    let of_old = old_now.as_ref().and_then(|it| Mark::read(&it.tags, tags::JOB_OLD, &it.resource_id));
    let renamed = [of_new, of_old].into_iter().flatten().filter_map(|mark| Some(mark.rename?.at)).max();
    let marked = new_database.filter(|_| is_marked).map(|it| it.arn.clone());
    let (has_new, work) = (new_database.is_some(), new_database.and_then(Work::of));
    Ok(Looked { seen: Seen { target, new, aside, course, approval }, unmarked, marked, has_new, renamed, work })
}

fn is_old(job: &Job, found: &Observed) -> bool {
    job.request().replaces.as_deref() == Some(found.resource_id.as_str())
}

/// Whether a database under the target's name is the new one.
fn is_new(job: &Job, found: &Observed) -> bool {
    found.tags.get(tags::JOB) == Some(job.id().as_str())
        && Mark::read(&found.tags, tags::JOB_NEW, &found.resource_id).is_some()
        && !is_old(job, found)
}

fn is_beside(job: &Job, found: &Observed, now: DateTime<Utc>) -> bool {
    identity::of(found, job, job.request().verb.role(), now) == Identity::Ours
}

/// The new database under its own name, as provision sees it.
fn beside(job: &Job, found: &Observed, now: DateTime<Utc>) -> New {
    let is_ours = is_beside(job, found, now);
    let under_name = match identity::of(found, job, job.request().verb.role(), now) {
        Identity::Foreign => return New::Foreign(found.arn.clone()),
        Identity::Untagged => Found::Untagged(found.arn.clone()),
        Identity::Ours => Found::Ours(Box::new(compare::compare(job, found.clone(), now))),
    };
    let deadline = match now < job.request().deadline {
        true => Deadline::Ahead,
        false => Deadline::PassedForLasting,
    };
    let step = provisioning::decide(provisioning::Seen { found: under_name, deadline });
    if !is_ours {
        return New::NotYet(Box::new(step));
    }
    let progress = match step {
        Provision::Provisioned { database, report } => Progress::Complete { database, report },
        step if ends(&step) => Progress::Lost(Box::new(step)),
        step => Progress::Unfinished(Box::new(step)),
    };
    let side = side(found, found.condition.clone(), tags::JOB_NEW, now);
    let was_asked = Mark::read(&found.tags, tags::JOB_NEW, &found.resource_id).is_some();
    New::Ours(Box::new(Beside { side, was_asked, moves: members::give(job, found), progress }))
}

/// Nothing has the new database's name. Forward, provision decides whether the restore begins.
async fn absent(
    cloud: &Cloud,
    job: &Job,
    direction: Direction,
    begin: Begin,
    now: DateTime<Utc>,
) -> Result<New, Error> {
    if let Direction::Undo { since } = direction {
        return Ok(if now - since < identity::LATE { New::NotVisible } else { New::Nothing });
    }
    let seen = provision::look::look(cloud, job, begin, now).await?;
    Ok(match seen.found {
        // It has become visible since.
        Found::Ours(ours) => beside(job, &ours.observed, now),
        Found::Foreign(foreign) => New::Foreign(foreign),
        found => New::NotYet(Box::new(provisioning::decide(provisioning::Seen { found, deadline: seen.deadline }))),
    })
}

fn old_of(job: &Job, found: &Observed, now: DateTime<Utc>) -> Old {
    let is_aside = found.arn == job.database(Role::Old);
    Old {
        side: side(found, found.condition.clone(), tags::JOB_OLD, now),
        moves: if is_aside { members::aside(job, found) } else { members::back(job, found) },
        is_protected: found.is_protected,
        mark: Mark::read(&found.tags, tags::JOB_OLD, &found.resource_id),
        is_tagged: found.tags.get(tags::JOB) == Some(job.id().as_str()),
        tagged_members: members::tagged(job, found),
        is_incomplete: is_incomplete(job, found),
        held_by: None,
    }
}

/// Whether the teardown of a cluster has begun. An Aurora cluster loses its members first. RDS deletes those of a Multi-AZ cluster with it, and
/// "the status of the DB cluster is available while the snapshot is being taken" (`delete-db-cluster`); its protection is removed before.
fn is_incomplete(job: &Job, found: &Observed) -> bool {
    let is_deleting = |member: &ObservedMember| member.condition == Condition::Deleting;
    match found.spec.target() {
        spec::Target::AuroraCluster => found.members.is_empty() || found.members.iter().any(is_deleting),
        spec::Target::MultiAzCluster => found.arn == job.database(Role::Old) && !found.is_protected,
        spec::Target::Instance | spec::Target::Member => false,
    }
}

fn side(found: &Observed, condition: Condition, key: &str, now: DateTime<Utc>) -> Side {
    let mark = Mark::read(&found.tags, key, &found.resource_id);
    let asked = mark.as_ref().and_then(|mark| mark.asked(found.arn.id(), now)).map(str::to_owned);
    Side { arn: found.arn.clone(), resource_id: found.resource_id.clone(), condition, asked }
}

/// The new database under the target's name.
async fn arrived(
    cloud: &Cloud,
    job: &Job,
    found: &Observed,
    are_names_free: bool,
    now: DateTime<Utc>,
) -> Result<Arrived, Error> {
    let recorded = Recorded::from_tags(&found.tags).ok().flatten();
    let mut report = recorded.map(|recorded| report::lines(&recorded, found)).unwrap_or_default();
    let mut moves = members::take(job, found);
    let keep = keep(job, found, now);
    if keep == Keep::Unconfirmed && are_names_free && !moves.is_empty() {
        let wanted: Vec<DatabaseArn> = moves.iter().map(|of| of.to.clone()).collect();
        let taken = cloud.existing_instances(&wanted).await?;
        let kept = moves.iter().filter(|of| taken.contains(&of.to));
        report.extend(kept.map(|of| format!("{} keeps its name, because {} is in use", of.member.id(), of.to.id())));
        moves.retain(|of| !taken.contains(&of.to));
    }
    let has_name = |host: &str| host.split('.').next() == Some(found.arn.id());
    Ok(Arrived {
        side: side(found, of_whole(found), tags::JOB_NEW, now),
        moves,
        keep,
        missing: members::missing(job, found),
        has_endpoint: found.endpoint.as_ref().is_some_and(|endpoint| has_name(&endpoint.host)),
        database: Box::new(found.clone()),
        report,
    })
}

/// The condition of a database with that of its members: the first one that is not ready.
fn of_whole(found: &Observed) -> Condition {
    let is_ready = |condition: &&Condition| matches!(condition, Condition::Ready | Condition::BackingUp);
    let members = found.members.iter().map(|member| &member.condition);
    let members = members.filter(|condition| **condition != Condition::Deleting);
    let unready = std::iter::once(&found.condition).chain(members).find(|condition| !is_ready(condition));
    unready.unwrap_or(&found.condition).clone()
}

/// A time that cannot be read is none: the keep period begins again.
fn keep(job: &Job, found: &Observed, now: DateTime<Utc>) -> Keep {
    let confirmed = found.tags.get(tags::JOB_CONFIRMED).and_then(|at| DateTime::parse_from_rfc3339(at).ok());
    let Some(confirmed) = confirmed else { return Keep::Unconfirmed };
    match confirmed.to_utc() + job.request().keep - now {
        rest if rest > TimeDelta::zero() => Keep::Lasts(rest),
        _ => Keep::Over,
    }
}

/// The job that still keeps its old database beside this one, which it restored. Its undo needs the name of this one.
async fn held_by(cloud: &Cloud, job: &Job, found: &Observed) -> Result<Option<(JobId, DatabaseArn)>, Error> {
    let other = Job::from_tags(&found.tags).ok().filter(|other| other.id() != job.id());
    // A database that was restored from a snapshot has the tags of another one.
    let other = other.filter(|_| Mark::read(&found.tags, tags::JOB_NEW, &found.resource_id).is_some());
    let Some(other) = other else { return Ok(None) };
    let kept = cloud.observe(&other.database(Role::Old)).await?;
    Ok(kept.map(|kept| (other.id().clone(), kept.arn)))
}
