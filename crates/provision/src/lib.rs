//! Brings a database up from a snapshot, a point in time or a clone, and tears it down again. It does not know the purpose of the
//! database.
//!
//! [`step`] is called by a timer or a command until its [`Outcome`] is the last one. Each call looks at what exists, decides the next
//! step, and makes its calls. There is no other state: the database, its name, its status and its tags say how far a job is. So a step
//! can be repeated, run twice at once, or stop between any two calls. [`teardown::step`] does the same for the end of a database.
//!
//! Reading order: [`decide`] with its table, [`teardown`] with its own, [`identity`] (the job of a database), [`look`], [`plan`] with
//! [`settle`], [`smallest`] and [`rules`] (the settings that a database is to have), [`check`] (requests that cannot work), [`compare`] (what a database lacks) with [`report`]
//! (what it does not get), [`act`], [`wait`].
//!
//! What holds here: a database that is not the job's is never touched (invariant 21); a look after its deadline tears a temporary
//! database down (22); a database to which the target's name, DNS or another job points is not torn down (19).
//!
//! Deliberately absent, until the first verb is built: a sweep that finds jobs whose timer was lost.

pub mod act;
pub mod check;
pub mod compare;
pub mod decide;
pub mod identity;
pub mod look;
pub mod plan;
pub mod report;
pub mod rules;
pub mod settle;
pub mod smallest;
pub mod teardown;
pub mod wait;

use chrono::{DateTime, TimeDelta, Utc};
use cloud::{Cloud, Error};
use protocol::job::{Role, Verb};
use protocol::{DatabaseArn, Job, JobId, Observed};

/// How far a job is after a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not there yet: make the next step after this time.
    Again {
        /// The delay.
        after: TimeDelta,
        /// What AWS is doing, or its last error.
        why: String,
    },
    /// The database is ready, with all members and settings.
    Provisioned {
        /// The database.
        database: Box<Observed>,
        /// What of the request and of the recorded settings could not be honoured: one line each.
        report: Vec<String>,
    },
    /// The job is over, and the database is to be torn down, if there is one.
    Failed {
        /// The reason: AWS's status or error.
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

/// Whether a database of this verb is temporary, and torn down by the deadline.
#[must_use]
pub fn is_temporary(verb: Verb) -> bool {
    match verb.role() {
        Role::Verify | Role::Rewind => true,
        Role::New | Role::Old | Role::Final => false,
    }
}

/// Looks at the new database of a job, and makes the next step towards it. `user` is what else depends on it, as far as the caller
/// knows.
///
/// # Errors
/// If AWS does not describe what exists. AWS's refusal of the step itself is an outcome.
pub async fn step(cloud: &Cloud, job: &Job, user: Option<&User>, now: DateTime<Utc>) -> Result<Outcome, Error> {
    let seen = look::look(cloud, job, now).await?;
    act::act(cloud, job, decide::decide(seen), user, now).await
}
