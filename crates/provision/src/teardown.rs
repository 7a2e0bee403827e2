//! The end of a database: the decision, and its steps.

use chrono::{DateTime, Utc};
use cloud::{Class, Cloud, Deletion, Error};
use protocol::job::Role;
use protocol::observed::Condition;
use protocol::{DatabaseArn, Job, Kind, Observed, Place, Snapshot, SnapshotArn, Status, tags};

use crate::identity::{self, Identity};
use crate::{Begin, User, wait};

/// What was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What has the database's name.
    pub found: Found,
    /// What else depends on it.
    pub user: Option<User>,
    /// What remains of it.
    pub remains: Remains,
}

/// What has the database's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// Nothing, although AWS accepted the restore a moment ago.
    NotVisible,
    /// Nothing, and there is no final snapshot with this identifier, although the data were to remain.
    NothingRemains(String),
    /// A database with the job's name and without the tag of any job, which was created a moment ago.
    Untagged(DatabaseArn),
    /// A database that is not this job's.
    Foreign(DatabaseArn),
    /// The job's database.
    Ours(Box<Ours>),
}

/// The job's database, as far as its end needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ours {
    /// The instance or cluster.
    pub database: DatabaseArn,
    /// Its condition.
    pub condition: Condition,
    /// Whether it says that its job has ended.
    pub has_ended: bool,
    /// Whether it is protected from deletion.
    pub is_protected: bool,
    /// The members that are not being deleted, readers first.
    pub members: Vec<DatabaseArn>,
    /// An instance in the cluster that is not this job's.
    pub foreign_member: Option<DatabaseArn>,
    /// A member whose tags may follow.
    pub untagged_member: Option<DatabaseArn>,
}

/// What remains of a database that is torn down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remains {
    /// Nothing.
    Nothing,
    /// Its data: a final snapshot with this identifier, and its automated backups.
    Data {
        /// The identifier.
        snapshot: String,
    },
    /// Its data, and a snapshot of another database has the identifier of the final snapshot.
    NameTaken {
        /// The identifier.
        snapshot: String,
    },
}

/// The next step, with everything that its action needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Give up: nothing was changed.
    Refuse(Refusal),
    /// Start the database, which is stopped.
    Resume(DatabaseArn),
    /// Remove the protection.
    Unprotect(DatabaseArn),
    /// Delete these members, in this order.
    DeleteMembers(Vec<DatabaseArn>),
    /// Delete the database.
    Delete {
        /// The database.
        database: DatabaseArn,
        /// What remains of it.
        remains: Remains,
    },
    /// Look again later: AWS is at work.
    Wait {
        /// What AWS is doing.
        why: String,
    },
    /// It is gone.
    TornDown,
}

/// Why a database is not torn down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not this job's (invariant 21).
    Foreign(DatabaseArn),
    /// An instance in the cluster is not this job's, so the cluster cannot be deleted.
    ForeignMember(DatabaseArn),
    /// Something else depends on it (invariant 19).
    InUse(User),
    /// Its data are to stay, and AWS takes no final snapshot of a failed database (invariant 19).
    NoFinalSnapshot(DatabaseArn, String),
    /// Its data are to stay, and a snapshot of another database has the identifier of the final snapshot (invariant 19).
    FinalNameTaken(String),
    /// The database is gone, and the final snapshot with this identifier is missing (invariant 19).
    FinalSnapshotMissing(String),
    /// The job is for another account or region than this one.
    Elsewhere(Place),
}

/// How far a teardown is after a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not there yet: make the next step after this time.
    Again {
        /// The delay.
        after: chrono::TimeDelta,
        /// What AWS is doing, or its last error.
        why: String,
    },
    /// It is gone.
    TornDown,
    /// A person has to decide: nothing was changed.
    Refused {
        /// What was found, and what to do.
        reason: String,
    },
}

/// The next step. The first matching row applies:
///
/// | under the name            | user    | remains | step            |
/// |---------------------------|---------|---------|-----------------|
/// | nothing                   | any     | any     | `TornDown`      |
/// | not visible yet           | any     | any     | `Wait`          |
/// | nothing, no final snapshot | any    | data    | `Refuse`        |
/// | not tagged yet            | any     | any     | `Wait`          |
/// | foreign                   | any     | any     | `Refuse`        |
/// | ours                      | one     | any     | `Refuse`        |
/// | ours, deleting            | none    | any     | `Wait`          |
/// | ours, with foreign member | none    | any     | `Refuse`        |
/// | ours, a member not tagged yet | none | any    | `Wait`          |
/// | ours                      | none    | data, final name taken | `Refuse` |
/// | ours, failed              | none    | data    | `Refuse`        |
/// | ours, stopped and protected | none  | any     | `Resume`        |
/// | ours, stopped             | none    | data    | `Resume`        |
/// | ours, a stopped cluster   | none    | any     | `Resume`        |
/// | ours, protected           | none    | any     | `Unprotect`     |
/// | ours, in progress         | none    | data    | `Wait`          |
/// | ours, with members        | none    | any     | `DeleteMembers` |
/// | ours                      | none    | any     | `Delete`        |
///
/// The name of the final snapshot is checked before the protection is removed and members are deleted. If the final snapshot cannot be made, the
/// cluster still has its members, and applications can use it.
///
/// Without data that remain, the status does not matter (invariant 22). A cluster is deleted when all of its members are being deleted:
/// AWS refuses it before. "You can't delete a cluster if it's in the stopped state. In this case, start the cluster before deleting it"
/// (Aurora User Guide). Of a stopped instance, AWS takes no snapshot and changes no setting; it deletes it.
#[must_use]
pub fn decide(seen: Seen) -> Step {
    let Seen { found, user, remains } = seen;
    let ours = match found {
        Found::Nothing => return Step::TornDown,
        Found::NotVisible => {
            return Step::Wait { why: "AWS does not describe the database yet".to_owned() };
        }
        Found::NothingRemains(snapshot) => return Step::Refuse(Refusal::FinalSnapshotMissing(snapshot)),
        Found::Untagged(database) => {
            return Step::Wait { why: format!("{} has no tags yet", database.id()) };
        }
        Found::Foreign(database) => return Step::Refuse(Refusal::Foreign(database)),
        Found::Ours(ours) => *ours,
    };
    if let Some(user) = user {
        return Step::Refuse(Refusal::InUse(user));
    }
    let Ours { database, condition, is_protected, members, foreign_member, untagged_member, has_ended: _ } = ours;
    let is_deletable_when_stopped = database.kind == Kind::Instance && !is_protected && remains == Remains::Nothing;
    match (condition, foreign_member, &remains) {
        (Condition::Deleting, ..) => Step::Wait { why: "deleting".to_owned() },
        (_, Some(member), _) => Step::Refuse(Refusal::ForeignMember(member)),
        _ if let Some(member) = untagged_member => Step::Wait { why: format!("{} has no tags yet", member.id()) },
        (_, None, Remains::NameTaken { snapshot }) => Step::Refuse(Refusal::FinalNameTaken(snapshot.clone())),
        (Condition::Failed(status), None, Remains::Data { .. }) => {
            Step::Refuse(Refusal::NoFinalSnapshot(database, status))
        }
        (Condition::Stopped, None, _) if !is_deletable_when_stopped => Step::Resume(database),
        _ if is_protected => Step::Unprotect(database),
        (Condition::InProgress(why), None, Remains::Data { .. }) => Step::Wait { why },
        (Condition::BackingUp, None, Remains::Data { .. }) => Step::Wait { why: "backing-up".to_owned() },
        _ if !members.is_empty() => Step::DeleteMembers(members),
        _ => Step::Delete { database, remains },
    }
}

/// A tag which says that the job of a database has ended, and why ([`tags::JOB_ENDED`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The database.
    pub database: DatabaseArn,
    /// The reason.
    pub value: String,
}

/// The tag that is set before a step. `reason` is the one of a job that has failed.
///
/// | step                                     | reason | tag  |
/// |------------------------------------------|--------|------|
/// | any, and data remain, or it has the tag  | any    | none |
/// | `Resume`, `Unprotect`, `DeleteMembers`   | any    | set  |
/// | `Delete`                                 | one    | set  |
/// | any other                                | any    | none |
///
/// If further steps are needed, a look of the job at the same time could create the members again, or protect the database again. The
/// old database, of which data remain, never has the tag: an undo gives it back its name.
#[must_use]
pub fn mark(seen: &Seen, step: &Step, reason: Option<&str>) -> Option<Mark> {
    let (Found::Ours(ours), Remains::Nothing) = (&seen.found, &seen.remains) else { return None };
    let is_set = match step {
        Step::Resume(_) | Step::Unprotect(_) | Step::DeleteMembers(_) => true,
        Step::Delete { .. } => reason.is_some(),
        Step::Refuse(_) | Step::Wait { .. } | Step::TornDown => false,
    };
    let value = || tags::as_value(reason.unwrap_or("the database is torn down"));
    (is_set && !ours.has_ended).then(|| Mark { database: ours.database.clone(), value: value() })
}

impl Ours {
    /// From the database as AWS describes it.
    #[must_use]
    pub fn of(observed: &Observed, job: &Job, role: Role, now: DateTime<Utc>) -> Self {
        let mut members: Vec<_> =
            observed.members.iter().filter(|member| member.condition != Condition::Deleting).collect();
        let first = |identity| {
            let mut members = members.iter();
            members
                .find(|member| identity::of_member(member, job, role, now) == identity)
                .map(|member| member.arn.clone())
        };
        let (foreign_member, untagged_member) = (first(Identity::Foreign), first(Identity::Untagged));
        members.sort_by_key(|member| member.is_writer);
        Self {
            database: observed.arn.clone(),
            condition: observed.condition.clone(),
            has_ended: observed.tags.get(tags::JOB_ENDED).is_some(),
            is_protected: observed.is_protected,
            members: members.into_iter().map(|member| member.arn.clone()).collect(),
            foreign_member,
            untagged_member,
        }
    }
}

impl Found {
    /// From what AWS describes under the name that this job has for this role.
    #[must_use]
    pub fn of(observed: Option<&Observed>, job: &Job, role: Role, now: DateTime<Utc>) -> Self {
        let Some(found) = observed else { return Self::Nothing };
        match identity::of(found, job, role, now) {
            Identity::Ours => Self::Ours(Box::new(Ours::of(found, job, role, now))),
            Identity::Untagged => Self::Untagged(found.arn.clone()),
            Identity::Foreign => Self::Foreign(found.arn.clone()),
        }
    }
}

/// Looks at the database with this role in the job, and makes the next step towards its end. Data remain of the old database, and of
/// no other. `begin` is the one of the job's last [`crate::Outcome::Again`]: AWS may describe a database only some time after it has accepted the
/// restore.
///
/// # Errors
/// If AWS does not describe what exists.
pub async fn step(
    cloud: &Cloud,
    job: &Job,
    role: Role,
    begin: Begin,
    user: Option<&User>,
    now: DateTime<Utc>,
) -> Result<Outcome, Error> {
    let place = &job.request().target.place;
    if place != cloud.here() {
        return Ok(Outcome::Refused { reason: Refusal::Elsewhere(place.clone()).to_string() });
    }
    let observed = cloud.observe(&job.database(role)).await?;
    let found = Found::of(observed.as_ref(), job, role, now);
    let remains = match (role, &found) {
        (Role::Old, Found::Ours(_)) => data_of(cloud, job).await?,
        (Role::Old, _) => Remains::Data { snapshot: job.final_snapshot() },
        (Role::New | Role::Verify | Role::Rewind | Role::Final, _) => Remains::Nothing,
    };
    let found = match (found, &remains, begin) {
        (Found::Nothing, Remains::Data { snapshot }, _) => after_the_end(cloud, job, snapshot).await?,
        (Found::Nothing, Remains::Nothing, Begin::Perhaps(since) | Begin::Begun(since))
            if now - since < identity::LATE =>
        {
            Found::NotVisible
        }
        (found, ..) => found,
    };
    Ok(end(cloud, Seen { found, user: user.cloned(), remains }, None).await)
}

/// Decides and acts. `reason` is the one of a job that has failed.
pub(crate) async fn end(cloud: &Cloud, seen: Seen, reason: Option<&str>) -> Outcome {
    let step = decide(seen.clone());
    let marked = match mark(&seen, &step, reason) {
        Some(Mark { database, value }) => cloud.tag_database(&database, tags::JOB_ENDED, &value).await.map(drop),
        None => Ok(()),
    };
    // The end of the database matters more than its tag.
    match (act(cloud, step).await, marked) {
        (Outcome::Again { after, why }, Err(error)) => Outcome::Again { after, why: format!("{why}; {error}") },
        (outcome, _) => outcome,
    }
}

/// Makes the calls of a step. AWS's refusals are no errors: the next look decides again.
async fn act(cloud: &Cloud, step: Step) -> Outcome {
    let result = match step {
        Step::TornDown => return Outcome::TornDown,
        Step::Refuse(refusal) => return Outcome::Refused { reason: refusal.to_string() },
        Step::Wait { why } => return Outcome::Again { after: wait::DELETION, why },
        Step::Resume(database) => {
            cloud.start(&database).await.map(|_| (wait::CHANGE, "starting it, because it is stopped"))
        }
        Step::Unprotect(database) => {
            cloud.unprotect(&database).await.map(|_| (wait::CHANGE, "removing the protection"))
        }
        Step::DeleteMembers(members) => {
            delete_members(cloud, &members).await.map(|()| (wait::CHANGE, "deleting the members"))
        }
        Step::Delete { database, remains } => {
            let deletion = match &remains {
                Remains::Nothing => Deletion::Everything,
                Remains::Data { snapshot } | Remains::NameTaken { snapshot } => Deletion::Keep { snapshot },
            };
            cloud.delete_database(&database, deletion).await.map(|_| (wait::DELETION, "deleting"))
        }
    };
    match result {
        Ok((after, why)) => Outcome::Again { after, why: why.to_owned() },
        Err(error) => Outcome::Again { after: delay(&error), why: error.to_string() },
    }
}

/// The old database has no name any more. Whether its data remain, its final snapshot says: a person may have deleted the database.
async fn after_the_end(cloud: &Cloud, job: &Job, snapshot: &str) -> Result<Found, Error> {
    let found = final_snapshot(cloud, job).await?;
    let exists = found.is_some_and(|found| found.status != Status::Failed && is_of_old(&found, job));
    Ok(if exists { Found::Nothing } else { Found::NothingRemains(snapshot.to_owned()) })
}

/// The data of the old database, which has its name still. AWS would take no final snapshot if another snapshot had the identifier.
async fn data_of(cloud: &Cloud, job: &Job) -> Result<Remains, Error> {
    let (snapshot, found) = (job.final_snapshot(), final_snapshot(cloud, job).await?);
    Ok(match found.is_some_and(|found| !is_of_old(&found, job)) {
        true => Remains::NameTaken { snapshot },
        false => Remains::Data { snapshot },
    })
}

async fn final_snapshot(cloud: &Cloud, job: &Job) -> Result<Option<Snapshot>, Error> {
    let target = &job.request().target;
    match SnapshotArn::new(target.kind, target.place.clone(), &job.final_snapshot()) {
        Ok(arn) => cloud.find(&arn).await,
        Err(_) => Ok(None),
    }
}

fn is_of_old(snapshot: &Snapshot, job: &Job) -> bool {
    job.request().replaces.as_deref().is_none_or(|id| snapshot.resource_id.as_deref() == Some(id))
}

/// An error with one member does not hold up the others. The first one is returned.
async fn delete_members(cloud: &Cloud, members: &[DatabaseArn]) -> Result<(), Error> {
    let mut results = Vec::new();
    for member in members {
        results.push(cloud.delete_member(member).await.map(drop));
    }
    results.into_iter().collect()
}

/// A database has to be torn down, so no error is the last word. What a person has to correct is looked at less often.
fn delay(error: &Error) -> chrono::TimeDelta {
    match error.class() {
        Class::WrongState | Class::Throttled | Class::Unreachable | Class::Gone => wait::CHANGE,
        Class::Exists
        | Class::Quota
        | Class::Capacity
        | Class::Missing
        | Class::Invalid
        | Class::KeyRefused
        | Class::Denied
        | Class::NotSignedIn
        | Class::Other => wait::PERSON,
    }
}

/// One line: what was found, and what to do.
impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Foreign(database) => {
                write!(
                    f,
                    "{database} does not belong to this job, so it is not deleted: rename it, or choose another target"
                )
            }
            Self::ForeignMember(member) => write!(
                f,
                "{member} is in the cluster and does not belong to this job, so neither is deleted: delete the instance, and Draco deletes the cluster"
            ),
            Self::InUse(User::Target(target)) => {
                write!(
                    f,
                    "the database has the name of the target, {target}, so it is not deleted: give the target's name to another database first"
                )
            }
            Self::InUse(User::Dns(record)) => {
                write!(
                    f,
                    "the DNS record {record} points at the database, so it is not deleted: change the record first"
                )
            }
            Self::InUse(User::Job(job)) => {
                write!(f, "the job {job} uses the database, so it is not deleted: end that job first")
            }
            Self::NoFinalSnapshot(database, status) => write!(
                f,
                "{database} has the status {status}, in which AWS takes no final snapshot, so it is not deleted: repair it, or delete it by hand"
            ),
            Self::FinalNameTaken(snapshot) => write!(
                f,
                "the snapshot {snapshot} is of another database, so the final snapshot cannot have that name, and nothing is deleted: rename or delete that snapshot"
            ),
            Self::FinalSnapshotMissing(snapshot) => write!(
                f,
                "the old database is gone, and there is no final snapshot {snapshot} of it: look for its automated backups (aws rds describe-db-instance-automated-backups)"
            ),
            Self::Elsewhere(place) => {
                write!(f, "the job is for the account {} and the region {}: run it there", place.account, place.region)
            }
        }
    }
}
