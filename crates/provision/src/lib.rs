//! Brings a database up from a snapshot, a point in time or a clone, and tears it down again. It does not know the purpose of the
//! database.
//!
//! [`step`] is called by a timer or a command until its [`Outcome`] is the last one. Each call looks at what exists, decides the next
//! step, and makes its calls. There is no other state: the database, its name, its status and its tags say how far a job is. So a step
//! can be repeated, run twice at once, or stop between any two calls. [`teardown::step`] does the same for the end of a database.
//!
//! Reading order: [`decide`] with its table, [`teardown`] with its own, [`identity`] (the job of a database), [`look`], [`plan`] with
//! [`settle`], [`smallest`] and [`rules`] (the settings that a database is to have), [`check`] (requests that cannot work), [`compare`]
//! (settings and members that a database lacks) with [`report`] (settings that it does not get), [`act`], [`wait`], [`sweep`] (jobs whose
//! timer was lost).
//!
//! What holds here: a database that is not the job's is never touched (invariant 21); a step or the [`sweep`] after its deadline
//! tears a temporary database down (22); a database to which the target's name, DNS or another job points is not torn down (19).

pub mod act;
pub mod check;
pub mod compare;
mod contradictions;
pub mod decide;
pub mod identity;
pub mod look;
pub mod plan;
pub mod report;
pub mod rules;
pub mod settle;
pub mod smallest;
pub mod sweep;
pub mod teardown;
pub mod wait;

use chrono::{DateTime, TimeDelta, Utc};
use cloud::{Cloud, Error};
use protocol::{DatabaseArn, Job, JobId, Observed};

/// Whether a step may begin the restore. Each step says it for the next one.
///
/// Without it, a step after the end of a job would begin the job again: what was torn down has no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// It may: this is the first step of a request, or no earlier one has begun the restore.
    Allowed,
    /// It may: AWS has not answered the restore, or the name was in use, at this time. The job's database may become visible.
    Perhaps(DateTime<Utc>),
    /// It may not: the job's database existed at this time, or AWS accepted the restore then.
    Begun(DateTime<Utc>),
}

/// How far a job is after a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not there yet: make the next step after this time.
    Again {
        /// The delay.
        after: TimeDelta,
        /// What AWS is doing, or its last error.
        why: String,
        /// Whether the next step may begin the restore.
        begin: Begin,
    },
    /// The database is ready, with all members and settings.
    Provisioned {
        /// The database.
        database: Box<Observed>,
        /// What of the request or of the recorded settings it does not have: one line each.
        report: Vec<String>,
    },
    /// The job has failed. Its caller tears the database down until it is gone ([`teardown::step`]).
    Failed {
        /// The reason: AWS's status and message, or its error.
        reason: String,
    },
    /// The job is over, and this step has changed nothing. The database is in use, gone, or being deleted: the caller decides.
    GivenUp {
        /// The reason.
        reason: String,
    },
    /// The job cannot be done, and nothing was changed.
    Refused {
        /// What was requested, what AWS has, and what to do: one line for each problem.
        reason: String,
    },
}

/// What else depends on a database. It is then not torn down (invariant 19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// It has the name that applications use.
    Target(DatabaseArn),
    /// A DNS record points at it.
    Dns(String),
    /// Another job is about it.
    Job(JobId),
}

/// Looks at the new database of a job, and makes the next step towards it. `begin` is [`Begin::Allowed`] in the first step of a request,
/// and the one of the last outcome in each other. `user` is what else depends on the database, as far as the caller knows.
///
/// # Errors
/// If AWS does not describe what exists. AWS's refusal of the step itself is an outcome.
pub async fn step(
    cloud: &Cloud,
    job: &Job,
    begin: Begin,
    user: Option<&User>,
    now: DateTime<Utc>,
) -> Result<Outcome, Error> {
    let seen = look::look(cloud, job, begin, now).await?;
    Ok(act::act(cloud, job, decide::decide(seen), begin, user, now).await)
}
