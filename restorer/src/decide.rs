//! The decision: from what has the names of the target, of the new and of the old database to the next step. It is pure.

use chrono::TimeDelta;
use protocol::job::Approval;
use protocol::observed::Condition;
use protocol::{DatabaseArn, JobId, Observed};
use provision::decide::Step as Provision;

use crate::members::Move;
use crate::seen::{Arrived, Aside, Beside, Course, Keep, New, Old, Progress, Seen, Side, Target};
use crate::undo::{clean, put_back, undo};

/// The next step, with everything that its action needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A person has to decide. Nothing is changed.
    Refuse(Refusal),
    /// Look again later: AWS is at work.
    Wait(String),
    /// Make this step of provision.
    Provision(Box<Provision>),
    /// Ask a person.
    Ask {
        /// The new database.
        database: Box<Observed>,
        /// What of the recorded settings it does not have.
        report: Vec<String>,
    },
    /// Tag and protect the old database, and rename it.
    SetAside(Box<Old>),
    /// Give the new database the target's name. The old one gets it back if AWS refuses that for good.
    TakeName {
        /// The new database.
        new: Side,
        /// The old one, aside.
        old: Option<Box<Old>>,
    },
    /// Give the old database the target's name.
    PutBack(Box<Old>),
    /// Give the new database its own name again.
    GiveName(Side),
    /// Start the old database, which is stopped, so that it can be renamed.
    Resume(DatabaseArn),
    /// Rename members.
    MoveMembers(Vec<Move>),
    /// Tag and protect the old database, which was moved aside.
    Secure(Box<Old>),
    /// Note that the new database is complete under the target's name.
    Confirm {
        /// The database.
        database: Box<Observed>,
        /// What of the recorded settings and names it does not have.
        report: Vec<String>,
    },
    /// Look again when the keep period is over.
    Keep(TimeDelta),
    /// Tear the old database down, with a final snapshot.
    TearDownOld,
    /// Give the old database its protection of before, and remove the tags of the job.
    Clean(Box<Old>),
    /// Tear the new database down.
    TearDownNew,
    /// It is too late for an undo. Its mark is removed, and the job goes on.
    TooLate,
    /// Nothing is left to do.
    Done,
}

/// Why a person has to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another database has this name of the job.
    Foreign(DatabaseArn),
    /// Another database got the target's name between the two renames.
    TargetTaken {
        /// That database.
        foreign: DatabaseArn,
        /// The old one.
        old: DatabaseArn,
    },
    /// A person has renamed the old database.
    Moved(DatabaseArn),
    /// Another job keeps its old database.
    Held(JobId, DatabaseArn),
    /// The new database has failed under the target's name, with this status.
    NewFailed(DatabaseArn, String),
    /// The new database lacks these members.
    MembersMissing(DatabaseArn, Vec<String>),
    /// The old database has a status in which AWS renames none, and would leave the target's name without a database.
    OldFailed(DatabaseArn, String),
    /// The new database is gone.
    NewGone,
}

/// The next step. The first matching row applies. T is what has the target's name, N the new one's, O the old one's.
///
/// | T                 | N                  | O             | also                       | step                         |
/// |-------------------|--------------------|---------------|----------------------------|------------------------------|
/// | foreign           | any                | old           |                            | `Refuse`: nothing is deleted |
/// | foreign           | any                | any           |                            | `Refuse`                     |
/// | not new           | any                | elsewhere     |                            | `Refuse`                     |
/// | old or –          | any                | foreign       |                            | `Refuse`                     |
/// | old               | foreign            | –             |                            | `Refuse`                     |
/// | old               | not provisioned    | –             | another job holds T        | `Refuse`                     |
/// | old               | –, can be started  | –             | job is at once             | `SetAside`                   |
/// | old               | not provisioned    | –             |                            | `Provision`                  |
/// | old, of this job  | lost               | –             |                            | undo's rows for T, then `Provision`, which ends the job |
/// | old               | provisioned        | –             | approval missing           | `Ask`                        |
/// | old, in progress  | provisioned        | –             |                            | `Wait`                       |
/// | old               | not ready          | –             |                            | `Wait`                       |
/// | old               | provisioned        | –             | approved                   | `SetAside`                   |
/// | –                 | lost               | old           |                            | `PutBack`                    |
/// | –                 | not provisioned    | old           | job is at once             | `Provision`                  |
/// | –                 | ours, in progress  | old           |                            | `Wait`                       |
/// | –                 | ours               | old           |                            | `TakeName`                   |
/// | –                 | anything else      | old           |                            | `PutBack`                    |
/// | –                 | old                | –             |                            | `PutBack`                    |
/// | –                 | foreign            | –             |                            | `Refuse`                     |
/// | –                 | not provisioned    | –             |                            | `Provision`                  |
/// | –                 | provisioned        | –             |                            | `TakeName`                   |
/// | new               | any                | any           | unconfirmed                | members, protection, `Confirm`: see [`confirm`] |
/// | new               | any                | old           | keep period not over       | `Keep`                       |
/// | new, ready        | any                | old or –      | over                       | `TearDownOld`                |
/// | new               | any                | anything else | confirmed                  | `Done`                       |
/// | *undo:* foreign   | any                | old           |                            | `Refuse`: nothing is deleted |
/// | *undo:* foreign   | any                | any           |                            | `TearDownNew`                |
/// | *undo:* old       | any                | any           | of this job                | members, then `Clean`        |
/// | *undo:* old       | any                | any           |                            | `TearDownNew`                |
/// | *undo:* –         | any                | elsewhere     |                            | `Refuse`                     |
/// | *undo:* –         | asked for T        | any           |                            | `Wait`                       |
/// | *undo:* –         | ours               | old, its teardown has begun | |            `TakeName`                   |
/// | *undo:* –         | any                | old           |                            | `PutBack`                    |
/// | *undo:* –         | old                | –             |                            | `PutBack`                    |
/// | *undo:* –         | not visible yet    | –             |                            | `Wait`                       |
/// | *undo:* –         | any                | –             |                            | `TearDownNew`                |
/// | *undo:* new, asked for another name | any | any           |                            | `Wait`                       |
/// | *undo:* new       | any                | old, complete |                            | `GiveName`                   |
/// | *undo:* new       | any                | anything else |                            | `TooLate`                    |
///
/// The name of the old database decides when the target's name is free, and not its status: AWS refuses a rename to a name in use.
/// The job does not wait between the two renames for anything else than the new database, and if that is lost, the old one gets its name
/// back. A new database that AWS is backing up is not renamed, so the swap begins only when it is ready.
#[must_use]
pub fn decide(seen: Seen) -> Step {
    let Seen { target, new, aside, course, approval } = seen;
    match (course, target) {
        (Course::Undo, target) => undo(target, new, aside),
        (Course::Forward, Target::New(arrived)) => arrived_step(*arrived, aside),
        (Course::Forward, Target::Foreign(foreign)) => Step::Refuse(match aside {
            Aside::Old(old) => Refusal::TargetTaken { foreign, old: old.side.arn },
            Aside::Never | Aside::Nothing | Aside::Foreign(_) | Aside::Elsewhere(_) => Refusal::Foreign(foreign),
        }),
        (Course::Forward, Target::Nothing) => free(new, aside, approval),
        (Course::Forward, Target::Old(old)) => match aside {
            Aside::Foreign(foreign) => Step::Refuse(Refusal::Foreign(foreign)),
            Aside::Elsewhere(moved) => Step::Refuse(Refusal::Moved(moved)),
            Aside::Never | Aside::Nothing | Aside::Old(_) => before(*old, new, approval),
        },
    }
}

/// The old database has the target's name.
fn before(old: Old, new: New, approval: Approval) -> Step {
    let beside = match new {
        New::Foreign(foreign) => return Step::Refuse(Refusal::Foreign(foreign)),
        New::NotVisible => return Step::Wait("AWS does not describe the new database yet".to_owned()),
        New::Nothing | New::Old(_) => return Step::Refuse(Refusal::NewGone),
        New::NotYet(step) if ends(&step) => return clean(old).unwrap_or(Step::Provision(step)),
        New::NotYet(step) if approval == Approval::AtOnce && matches!(*step, Provision::Start(_)) => {
            return held(&old).unwrap_or_else(|| set_aside(old));
        }
        New::NotYet(step) => return held(&old).unwrap_or(Step::Provision(step)),
        New::Ours(beside) => *beside,
    };
    let (database, report) = match beside.progress {
        Progress::Lost(step) => return clean(old).unwrap_or(Step::Provision(step)),
        Progress::Unfinished(step) => return held(&old).unwrap_or(Step::Provision(step)),
        Progress::Complete { database, report } => (database, report),
    };
    match (held(&old), approval, &beside.side.condition) {
        (Some(refusal), ..) => refusal,
        (None, Approval::Ask, _) => Step::Ask { database, report },
        (None, Approval::Given | Approval::AtOnce, Condition::Ready) => set_aside(old),
        (None, Approval::Given | Approval::AtOnce, condition) => waits_for(&beside.side, condition),
    }
}

fn set_aside(old: Old) -> Step {
    match (&old.side.condition, &old.side.asked) {
        (condition @ (Condition::InProgress(_) | Condition::BackingUp | Condition::Deleting), _) => {
            waits_for(&old.side, condition)
        }
        (_, Some(to)) => Step::Wait(asked(&old.side, to)),
        // Whether AWS renames a database of such a status, it says itself.
        (Condition::Ready | Condition::Stopped | Condition::Failed(_), None) => Step::SetAside(Box::new(old)),
    }
}

/// The target's name is free.
fn free(new: New, aside: Aside, approval: Approval) -> Step {
    match (new, aside) {
        (_, Aside::Elsewhere(moved)) => Step::Refuse(Refusal::Moved(moved)),
        (_, Aside::Foreign(foreign)) => Step::Refuse(Refusal::Foreign(foreign)),
        (New::Ours(beside), Aside::Old(old)) => between(*beside, *old, approval),
        (New::NotYet(step), Aside::Old(_)) if approval == Approval::AtOnce && !ends(&step) => Step::Provision(step),
        (New::NotVisible | New::Nothing | New::Old(_) | New::Foreign(_) | New::NotYet(_), Aside::Old(old)) => {
            put_back(*old)
        }
        (New::Old(old), Aside::Never | Aside::Nothing) => put_back(*old),
        (New::Foreign(foreign), Aside::Never | Aside::Nothing) => Step::Refuse(Refusal::Foreign(foreign)),
        (New::NotVisible, Aside::Never | Aside::Nothing) => {
            Step::Wait("AWS does not describe the new database yet".to_owned())
        }
        (New::Nothing, Aside::Never | Aside::Nothing) => Step::Refuse(Refusal::NewGone),
        (New::NotYet(step), Aside::Never | Aside::Nothing) => Step::Provision(step),
        (New::Ours(beside), Aside::Never | Aside::Nothing) => match (beside.progress, &beside.side.condition) {
            (Progress::Lost(step), _) => Step::Provision(step),
            (_, condition @ Condition::InProgress(_)) if beside.was_asked => waits_for(&beside.side, condition),
            (Progress::Unfinished(step), _) => Step::Provision(step),
            (Progress::Complete { .. }, Condition::Ready) => Step::TakeName { new: beside.side, old: None },
            (Progress::Complete { .. }, condition) => waits_for(&beside.side, condition),
        },
    }
}

/// The old database is aside, and the new one beside the free name.
fn between(beside: Beside, old: Old, approval: Approval) -> Step {
    match (beside.progress, &beside.side.condition) {
        (Progress::Lost(_), _) => put_back(old),
        (Progress::Unfinished(step), _) if approval == Approval::AtOnce && !beside.was_asked => Step::Provision(step),
        (_, condition @ Condition::InProgress(_)) => waits_for(&beside.side, condition),
        (_, Condition::Failed(_) | Condition::Deleting | Condition::Stopped) => put_back(old),
        (_, Condition::Ready | Condition::BackingUp) => Step::TakeName { new: beside.side, old: Some(Box::new(old)) },
    }
}

/// The new database has the target's name.
fn arrived_step(arrived: Arrived, aside: Aside) -> Step {
    match (arrived.keep, aside) {
        (Keep::Unconfirmed, Aside::Old(old)) => confirm(arrived, Some(*old)),
        (Keep::Unconfirmed, _) => confirm(arrived, None),
        (Keep::Lasts(rest), Aside::Old(_)) => Step::Keep(rest),
        (Keep::Over, Aside::Old(_)) => match arrived.side.condition {
            Condition::Ready | Condition::BackingUp => Step::TearDownOld,
            Condition::Failed(status) => Step::Refuse(Refusal::NewFailed(arrived.side.arn, status)),
            Condition::InProgress(_) | Condition::Stopped | Condition::Deleting => {
                waits_for(&arrived.side, &arrived.side.condition)
            }
        },
        // Whether its data stay, the teardown tells.
        (Keep::Lasts(_) | Keep::Over, Aside::Nothing) => Step::TearDownOld,
        (Keep::Lasts(_) | Keep::Over, Aside::Never | Aside::Foreign(_) | Aside::Elsewhere(_)) => Step::Done,
    }
}

/// What is left to do until the new database counts as confirmed. The first matching row applies:
///
/// | new                      | old, aside          | step                         |
/// |--------------------------|---------------------|------------------------------|
/// | failed                   | any                 | `Refuse`: undo, or repair it |
/// | in progress              | any                 | `Wait`                       |
/// | any                      | not tagged, or not protected, ready | `Secure`      |
/// | any                      | members to be moved | `MoveMembers`                |
/// | any                      | in progress         | `Wait`                       |
/// | members to be moved      | any                 | `MoveMembers`, readers first |
/// | members missing          | any                 | `Refuse`                     |
/// | endpoint of another name | any                 | `Wait`                       |
/// | otherwise                | any                 | `Confirm`                    |
#[must_use]
pub fn confirm(arrived: Arrived, old: Option<Old>) -> Step {
    let Arrived { side, moves, missing, has_endpoint, database, report, keep: _ } = arrived;
    match &side.condition {
        Condition::Failed(status) => return Step::Refuse(Refusal::NewFailed(side.arn, status.clone())),
        condition @ (Condition::InProgress(_) | Condition::Stopped | Condition::Deleting) => {
            return waits_for(&side, condition);
        }
        Condition::Ready | Condition::BackingUp => {}
    }
    if let Some(old) = old {
        let is_ready = matches!(old.side.condition, Condition::Ready | Condition::BackingUp);
        if !old.is_tagged || (!old.is_protected && is_ready) {
            return Step::Secure(Box::new(old));
        }
        if !old.moves.is_empty() {
            return Step::MoveMembers(old.moves);
        }
        if matches!(old.side.condition, Condition::InProgress(_)) {
            return waits_for(&old.side, &old.side.condition);
        }
    }
    let (of_writer, of_readers): (Vec<_>, Vec<_>) = moves.into_iter().partition(|of| of.is_writer);
    if let Some(moves) = [of_readers, of_writer].into_iter().find(|moves| !moves.is_empty()) {
        return Step::MoveMembers(moves);
    }
    if !missing.is_empty() {
        return Step::Refuse(Refusal::MembersMissing(side.arn, missing));
    }
    match has_endpoint {
        true => Step::Confirm { database, report },
        false => Step::Wait(format!("AWS does not describe the endpoint of {} yet", side.arn.id())),
    }
}

fn held(old: &Old) -> Option<Step> {
    old.held_by.clone().map(|(job, kept)| Step::Refuse(Refusal::Held(job, kept)))
}

/// Whether a step of provision ends the job.
#[must_use]
pub fn ends(step: &Provision) -> bool {
    match step {
        Provision::Refuse(_) | Provision::Discard { .. } | Provision::GiveUp(_) => true,
        Provision::Wait { .. }
        | Provision::Start(_)
        | Provision::Resume(_)
        | Provision::CreateMembers { .. }
        | Provision::Configure { .. }
        | Provision::Reboot { .. }
        | Provision::Provisioned { .. } => false,
    }
}

pub(crate) fn asked(side: &Side, to: &str) -> String {
    format!("{} was asked to take the name {to}", side.arn.id())
}

pub(crate) fn waits_for(side: &Side, condition: &Condition) -> Step {
    let words = match condition {
        Condition::Ready => "available",
        Condition::BackingUp => "backing-up",
        Condition::InProgress(why) => why,
        Condition::Stopped => "stopped",
        Condition::Failed(status) => status,
        Condition::Deleting => "deleting",
    };
    Step::Wait(format!("{}: {words}", side.arn.id()))
}
