//! The decision: from what exists under the new database's name to the next step.

use protocol::observed::{Condition, Observed};
use protocol::spec::Settings;
use protocol::{DatabaseArn, Tags, tags};

use crate::wait::Changes;

/// What was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What has the new database's name.
    pub found: Found,
    /// Whether there is time left.
    pub deadline: Deadline,
}

/// What has the new database's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing, and the step may begin the restore.
    Nothing(Source),
    /// Nothing, although AWS accepted the restore a moment ago.
    NotVisible,
    /// Nothing, although there was the job's database.
    Gone,
    /// A database with the job's name and without the tag of any job, which was created a moment ago.
    Untagged(DatabaseArn),
    /// A database that is not this job's.
    Foreign(DatabaseArn),
    /// The job's database.
    Ours(Box<Ours>),
}

/// The data, before the restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is being created.
    NotReady(String),
    /// It is gone, or has failed.
    Gone(String),
    /// The request cannot work: one line for each reason.
    Unfit(Vec<String>),
    /// It can be restored.
    Ready(Box<Start>),
}

/// Everything that the restore needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// AWS's name of the engine.
    pub engine: String,
    /// The version.
    pub version: String,
    /// The settings that the request has. Others follow by a modification.
    pub settings: Settings,
    /// The tags, with the job and the spec.
    pub tags: Tags,
    /// Why AWS's defaults are used in place of recorded settings, if they are.
    pub defaults: Option<String>,
}

/// The job's database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ours {
    /// The database.
    pub observed: Observed,
    /// A member whose tags may follow.
    pub untagged: Option<DatabaseArn>,
    /// The members that the cluster lacks, the writer first.
    pub missing: Vec<MemberStart>,
    /// The settings that are not as wanted, for each instance or cluster.
    pub differences: Vec<Change>,
    /// The instances in which a parameter group takes effect only by a reboot.
    pub reboots: Vec<DatabaseArn>,
    /// The changes and reboots since the restore.
    pub changes: Changes,
    /// Whether AWS may still describe it as it was before the last of them.
    pub are_changes_recent: bool,
    /// Why it cannot be compared with its spec, if it cannot.
    pub no_spec: Option<NoSpec>,
    /// What of the request and of the recorded settings could not be honoured: one line each.
    pub report: Vec<String>,
}

/// A database of the job without a spec that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoSpec {
    /// It was created a moment ago, and its tags may follow.
    NotYet,
    /// It is temporary. The text is the reason.
    Temporary(String),
    /// It was to stay.
    Lasting(String),
}

/// A member to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberStart {
    /// The instance.
    pub member: DatabaseArn,
    /// Whether it is the first one, which becomes the writer.
    pub is_writer: bool,
    /// AWS's name of the engine.
    pub engine: String,
    /// Its settings.
    pub settings: Settings,
    /// Its tags.
    pub tags: Tags,
}

/// A modification: all differences of one instance or cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The instance or cluster.
    pub database: DatabaseArn,
    /// The settings that it has.
    pub current: Settings,
    /// Those that it is to have, as far as they differ.
    pub wanted: Settings,
}

/// Whether the job has time left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// It has.
    Ahead,
    /// It has not, and the database is temporary.
    PassedForTemporary,
    /// It has not, and the database was to stay.
    PassedForLasting,
}

/// The next step, with everything that its action needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Give up: nothing was changed.
    Refuse(Refusal),
    /// Look again later: AWS is at work.
    Wait {
        /// What AWS is doing.
        why: String,
        /// The database, if there is one.
        database: Option<Box<Observed>>,
    },
    /// Restore the database.
    Start(Box<Start>),
    /// Tear the database down: the job has failed.
    Discard {
        /// The database.
        database: Box<Observed>,
        /// Why.
        reason: Reason,
    },
    /// The job is over, and nothing is changed: its caller decides about the database.
    GiveUp(Reason),
    /// Start the database, which is stopped.
    Resume(DatabaseArn),
    /// Create members of the cluster.
    CreateMembers {
        /// The cluster.
        cluster: DatabaseArn,
        /// The members.
        members: Vec<MemberStart>,
    },
    /// Change settings.
    Configure {
        /// The database.
        database: DatabaseArn,
        /// The changes.
        changes: Vec<Change>,
        /// How often it was changed or rebooted before.
        before: u32,
    },
    /// Reboot instances.
    Reboot {
        /// The database.
        database: DatabaseArn,
        /// The instances: the database itself, or members of it.
        instances: Vec<DatabaseArn>,
        /// How often it was changed or rebooted before.
        before: u32,
    },
    /// Nothing is left to do.
    Provisioned {
        /// The database.
        database: Box<Observed>,
        /// What could not be honoured: one line each.
        report: Vec<String>,
    },
}

/// Why a job is refused before anything was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another database has the name.
    Foreign(DatabaseArn),
    /// The data are gone.
    Gone(String),
    /// The request cannot work.
    Unfit(Vec<String>),
    /// The deadline passed before the restore.
    Overdue,
}

/// Why a job is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// AWS's status of the database or of a member.
    Failed(DatabaseArn, String),
    /// The deadline has passed.
    Overdue,
    /// An earlier step or the caller's teardown has ended the job. The text is the reason then ([`tags::JOB_ENDED`]).
    Ended(String),
    /// The database is being deleted.
    Deleting,
    /// The database has been deleted.
    Gone,
    /// It cannot be compared with its spec.
    NoSpec(String),
}

/// The next step. The first matching row applies:
///
/// | under the new name              | deadline             | step            |
/// |---------------------------------|----------------------|-----------------|
/// | foreign                         | any                  | `Refuse`        |
/// | not tagged yet, or not visible  | any                  | `Wait`          |
/// | gone                            | any                  | `GiveUp`        |
/// | nothing                         | passed               | `Refuse`        |
/// | nothing; source not ready       | ahead                | `Wait`          |
/// | nothing; source gone, unfit     | ahead                | `Refuse`        |
/// | nothing; source ready           | ahead                | `Start`         |
/// | ours, deleting                  | any                  | `GiveUp`        |
/// | ours, ended                     | any                  | `Discard`       |
/// | ours                            | passed for temporary | `Discard`       |
/// | ours, it or its member failed   | passed for lasting   | `GiveUp`        |
/// | ours, it or its member failed   | ahead                | `Discard`       |
/// | ours, temporary, without spec   | any                  | `Discard`       |
/// | ours, lasting, without spec     | any                  | `GiveUp`        |
/// | ours, not ready, not as wanted  | passed for lasting   | `GiveUp`        |
/// | ours, stopped                   | ahead                | `Resume`        |
/// | ours, in progress, no spec yet  | ahead                | `Wait`          |
/// | ours, backing up, not as wanted | ahead                | `Wait`          |
/// | ours, a member not tagged yet   | ahead                | `Wait`          |
/// | ours, lacks its writer          | ahead                | `CreateMembers` |
/// | ours, a member not ready        | ahead                | `Wait`          |
/// | ours, lacks a reader            | ahead                | `CreateMembers` |
/// | ours, as wanted                 | ahead, or for lasting| `Provisioned`   |
/// | ours, changed a moment ago      | ahead                | `Wait`          |
/// | ours, differs from its spec     | ahead                | `Configure`     |
/// | ours, a group waits for reboot  | ahead                | `Reboot`        |
///
/// What was torn down has no state. So only a step that may begin sees `nothing`; for any other one the database is gone, and a
/// late step does not restore it again. Until all members of a cluster are deleted, the cluster says by a tag that its job has ended: a
/// member that is missing then is not created again.
///
/// A database that was to stay may be in use after its deadline, and AWS may put it into `backing-up` or `storage-full` at any time: so
/// only its caller tears it down. A database that is `backing-up` serves, and AWS changes none of its settings: it counts as provisioned
/// if nothing is left to change. The spec of a database is in its tags. If it cannot be read there, a person has changed the tags, and
/// Draco can neither complete the database nor call it complete.
#[must_use]
pub fn decide(seen: Seen) -> Step {
    let Seen { found, deadline } = seen;
    let ours = match (found, deadline) {
        (Found::Foreign(database), _) => return Step::Refuse(Refusal::Foreign(database)),
        (Found::Untagged(database), _) => {
            return Step::Wait { why: format!("{} has no tags yet", database.id()), database: None };
        }
        (Found::NotVisible, _) => {
            return Step::Wait { why: "AWS does not describe the database yet".to_owned(), database: None };
        }
        (Found::Gone, _) => return Step::GiveUp(Reason::Gone),
        (Found::Nothing(_), Deadline::PassedForTemporary | Deadline::PassedForLasting) => {
            return Step::Refuse(Refusal::Overdue);
        }
        (Found::Nothing(source), Deadline::Ahead) => {
            return match source {
                Source::NotReady(why) => Step::Wait { why, database: None },
                Source::Gone(why) => Step::Refuse(Refusal::Gone(why)),
                Source::Unfit(why) => Step::Refuse(Refusal::Unfit(why)),
                Source::Ready(start) => Step::Start(start),
            };
        }
        (Found::Ours(ours), _) => ours,
    };
    let Ours { observed, untagged, mut missing, differences, reboots, changes, are_changes_recent, no_spec, report } =
        *ours;
    let database = Box::new(observed);
    let ended = database.tags.get(tags::JOB_ENDED).map(|why| Reason::Ended(why.to_owned()));
    if database.condition == Condition::Deleting {
        return Step::GiveUp(ended.unwrap_or(Reason::Deleting));
    }
    if let Some(reason) = ended {
        return Step::Discard { database, reason };
    }
    if deadline == Deadline::PassedForTemporary {
        return Step::Discard { database, reason: Reason::Overdue };
    }
    if let Some((arn, status)) = failure(&database) {
        let reason = Reason::Failed(arn, status);
        return match deadline {
            Deadline::PassedForLasting => Step::GiveUp(reason),
            Deadline::Ahead | Deadline::PassedForTemporary => Step::Discard { database, reason },
        };
    }
    let is_late = match no_spec {
        Some(NoSpec::Temporary(why)) => return Step::Discard { database, reason: Reason::NoSpec(why) },
        Some(NoSpec::Lasting(why)) => return Step::GiveUp(Reason::NoSpec(why)),
        Some(NoSpec::NotYet) => true,
        None => false,
    };
    let is_complete = untagged.is_none() && missing.is_empty() && differences.is_empty() && reboots.is_empty();
    let lacks_writer = missing.first().is_some_and(|first| first.is_writer);
    let step = if database.condition == Condition::Stopped {
        Step::Resume(database.arn)
    } else if let Condition::InProgress(why) = &database.condition {
        Step::Wait { why: why.clone(), database: Some(database) }
    } else if is_late {
        Step::Wait { why: format!("{} has no settings in its tags yet", database.arn.id()), database: Some(database) }
    } else if database.condition == Condition::BackingUp && !is_complete {
        Step::Wait { why: "backing-up".to_owned(), database: Some(database) }
    } else if let Some(member) = untagged {
        Step::Wait { why: format!("{} has no tags yet", member.id()), database: Some(database) }
    } else if lacks_writer {
        missing.truncate(1);
        Step::CreateMembers { cluster: database.arn, members: missing }
    } else if let Some(why) = unready_member(&database, is_complete) {
        Step::Wait { why, database: Some(database) }
    } else if !missing.is_empty() {
        Step::CreateMembers { cluster: database.arn, members: missing }
    } else if is_complete {
        return Step::Provisioned { database, report };
    } else if are_changes_recent {
        Step::Wait { why: "AWS has not described the last change yet".to_owned(), database: Some(database) }
    } else if !differences.is_empty() {
        Step::Configure { database: database.arn, changes: differences, before: changes.count }
    } else {
        Step::Reboot { database: database.arn, instances: reboots, before: changes.count }
    };
    match deadline {
        Deadline::PassedForLasting => Step::GiveUp(Reason::Overdue),
        Deadline::Ahead | Deadline::PassedForTemporary => step,
    }
}

/// The status of the database, or of one of its members, if it has failed. An instance that a person has added to the cluster is not
/// the job's (invariant 21).
fn failure(database: &Observed) -> Option<(DatabaseArn, String)> {
    let members = database.members.iter().filter(|member| member.owner() == database.owner());
    let members = members.map(|member| (&member.arn, &member.condition));
    let mut all = std::iter::once((&database.arn, &database.condition)).chain(members);
    all.find_map(|(arn, condition)| match condition {
        Condition::Failed(status) => Some((arn.clone(), status.clone())),
        Condition::Ready
        | Condition::BackingUp
        | Condition::InProgress(_)
        | Condition::Stopped
        | Condition::Deleting => None,
    })
}

/// What AWS is doing with a member of the job. A member starts and stops with its cluster.
fn unready_member(database: &Observed, is_complete: bool) -> Option<String> {
    let members = database.members.iter().filter(|member| member.owner() == database.owner());
    members.into_iter().find_map(|member| match &member.condition {
        Condition::InProgress(why) => Some(format!("{}: {why}", member.arn.id())),
        Condition::BackingUp if !is_complete => Some(format!("{}: backing-up", member.arn.id())),
        Condition::Stopped => Some(format!("{}: stopped", member.arn.id())),
        Condition::Deleting => Some(format!("{}: deleting", member.arn.id())),
        Condition::Ready | Condition::BackingUp | Condition::Failed(_) => None,
    })
}
