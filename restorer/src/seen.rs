//! What a look sees of the three databases of a job, as far as the decision needs it.

use chrono::TimeDelta;
use protocol::job::Approval;
use protocol::observed::Condition;
use protocol::{DatabaseArn, JobId, Observed};
use provision::decide::Step as Provision;

use crate::marks::Mark;
use crate::members::Move;

/// What was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What has the target's name.
    pub target: Target,
    /// What has the name of the new database.
    pub new: New,
    /// What became of the old database, if it does not have the target's name.
    pub aside: Aside,
    /// Where the job goes.
    pub course: Course,
    /// Whether a person has agreed to the interruption, with the request or since.
    pub approval: Approval,
}

/// Where the job goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// To the new database.
    Forward,
    /// Back to the old one.
    Undo,
}

/// What has the target's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Nothing.
    Nothing,
    /// The old database.
    Old(Box<Old>),
    /// The new database.
    New(Box<Arrived>),
    /// Another database.
    Foreign(DatabaseArn),
}

/// What has the name of the new database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum New {
    /// Nothing.
    Nothing,
    /// Nothing, although AWS may have accepted the restore a moment ago.
    NotVisible,
    /// The old database, which a late step has renamed.
    Old(Box<Old>),
    /// Another database.
    Foreign(DatabaseArn),
    /// Nothing that can be swapped yet: the step of provision.
    NotYet(Box<Provision>),
    /// The job's database.
    Ours(Box<Beside>),
}

/// The new database under its own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Its state.
    pub side: Side,
    /// Whether it was asked to take the target's name before.
    pub was_asked: bool,
    /// The moves of its members, which have other names after an undo.
    pub moves: Vec<Move>,
    /// How far it is.
    pub progress: Progress,
}

/// How far the new database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The step of provision leads on.
    Unfinished(Box<Provision>),
    /// It will not be provisioned: the step of provision ends the job.
    Lost(Box<Provision>),
    /// It is provisioned.
    Complete {
        /// The database.
        database: Box<Observed>,
        /// What of the recorded settings it does not have.
        report: Vec<String>,
    },
}

/// The new database under the target's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Its state, with that of its members.
    pub side: Side,
    /// The moves of its members to the recorded names.
    pub moves: Vec<Move>,
    /// How long the old database is kept.
    pub keep: Keep,
    /// Members that it lacks.
    pub missing: Vec<String>,
    /// Whether its endpoint has the target's name.
    pub has_endpoint: bool,
    /// The database.
    pub database: Box<Observed>,
    /// What of the recorded settings and names it does not have.
    pub report: Vec<String>,
}

/// How long the old database is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The new one is not confirmed.
    Unconfirmed,
    /// For this time.
    Lasts(TimeDelta),
    /// No longer.
    Over,
}

/// What became of the old database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aside {
    /// The job replaces none.
    Never,
    /// It is gone, or has the target's name.
    Nothing,
    /// It was moved aside.
    Old(Box<Old>),
    /// Another database has the name to which it is to be moved.
    Foreign(DatabaseArn),
    /// A person has given it this name.
    Elsewhere(DatabaseArn),
}

/// The old database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Old {
    /// Its state.
    pub side: Side,
    /// Under the target's name or the new one's: the moves of its members back to their own names. Aside: those out of the way.
    pub moves: Vec<Move>,
    /// Whether it is protected from deletion.
    pub is_protected: bool,
    /// Its tag of the swap.
    pub mark: Option<Mark>,
    /// Whether it has the tag of the job.
    pub is_tagged: bool,
    /// Its members that have it.
    pub tagged_members: Vec<DatabaseArn>,
    /// Whether a member is being deleted, or a cluster has none left.
    pub is_incomplete: bool,
    /// Another job that keeps its own old database beside this one.
    pub held_by: Option<(JobId, DatabaseArn)>,
}

/// A database, as far as a rename of it needs that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The database, under the name that it has.
    pub arn: DatabaseArn,
    /// Its resource ID.
    pub resource_id: String,
    /// Its condition.
    pub condition: Condition,
    /// The name that it was asked to take a moment ago.
    pub asked: Option<String>,
}
