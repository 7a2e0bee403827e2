//! Puts a database back under its own name, and undoes that until the old database is torn down.
//!
//! ```text
//! provision N beside T ──► approval ──► T moves aside to O ──► N gets the name T ──► confirm ──► keep O ──► tear O down
//! provision::step                       the interruption: two renames                              teardown::step
//! ```
//!
//! [`step`] is called by a timer or a command until its [`Outcome`] is the last one. Each call looks at what has the three names,
//! decides the next step ([`decide`] has the table), and makes its calls. Names, resource IDs and tags are the only state, so a step can
//! be repeated, run twice at once, or stop between any two calls.
//!
//! The old database is the one with the resource ID that the job replaces, under any name. The new one has the job's name and tag; under
//! the target's name, a tag with its own resource ID ([`marks`]). A name alone decides nothing: AWS describes a database under its old name
//! for a while after it has accepted a rename.
//!
//! An undo is a tag on the new database. A parameter alone would be lost with the timer or the command that has it, and a later step of the
//! other timer would swap the names again. The new database exists until the undo is complete, because it is torn down last, so every step
//! sees the tag, in the timer and in the command. The first step of an undo sets it ([`Direction::Undo`]). A timer that still runs when the new database is
//! gone ends with [`Outcome::Failed`]: it cannot tell an undo from a deletion by hand.
//!
//! A sweep ([`provision::sweep`]) finds the new database under its own name, and the old one aside. It continues both with [`step`], also a
//! new one that is due for its teardown: the old one may be aside.
//!
//! Reading order: [`seen`], [`decide`] with `undo`, [`marks`], [`look`], [`members`] (instances of clusters follow their cluster), [`act`].
//!
//! What holds here: the target name answers, or a rename is under way, or the job said at once (invariant 18); the old database is kept, protected, and its data
//! stay (19); an undo restores resource ID, name, protection and members (20); databases of others are never touched (21).

pub mod act;
pub mod decide;
pub mod look;
pub mod marks;
pub mod members;
pub mod seen;
mod undo;

use chrono::{DateTime, TimeDelta, Utc};
use cloud::{Cloud, Error};
use protocol::job::Verb;
use protocol::{Job, Observed, tags};
use provision::identity::{self, Identity};

pub use provision::Begin;

/// The direction in which a step goes. A job whose new database is marked as undone goes back in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards the new database.
    Forward,
    /// Back to the old one. Its caller stops the job's timer first: as long as there is no new database, nothing carries the mark.
    Undo {
        /// When it was requested. For a while, AWS may not describe a new database that an earlier step has begun.
        since: DateTime<Utc>,
    },
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
    /// The new database is ready, and a person has not agreed to the swap: ask, or [`approve`]. What is to be checked before the swap is
    /// checked now. Nothing is interrupted.
    Ask {
        /// The new database.
        database: Box<Observed>,
        /// What of the recorded settings it does not have: one line each.
        report: Vec<String>,
    },
    /// The new database has the target's name, and this step has confirmed it. The old one is kept: make the next step at once.
    Swapped {
        /// The new database.
        database: Box<Observed>,
        /// What of the recorded settings and names it does not have: one line each.
        report: Vec<String>,
    },
    /// The job is done: the keep period is over, and nothing is left to do.
    Done,
    /// The undo is complete: the old database is as it was, and the new one is gone.
    Undone,
    /// An undo came too late: the old database was torn down, or there was none.
    TooLate {
        /// The identifier of its final snapshot.
        final_snapshot: Option<String>,
    },
    /// The job has failed. The old database has its name, or was asked to take it back. Its caller reports it, and goes on with an undo,
    /// which ends when everything is as it was and the new database is gone.
    Failed {
        /// The reason: AWS's status and message, or its error.
        reason: String,
    },
    /// A person has to decide. Nothing was changed by this step, and a later one goes on when the obstacle is gone.
    Refused {
        /// What was found, and what to do.
        reason: String,
    },
}

/// Looks at the databases of a job, and makes its next step. `begin` is [`Begin::Allowed`] in the first step of a request, and the one of
/// the last outcome in each other.
///
/// # Errors
/// If AWS does not describe what exists. AWS's refusal of the step itself is an outcome.
pub async fn step(
    cloud: &Cloud,
    job: &Job,
    direction: Direction,
    begin: Begin,
    now: DateTime<Utc>,
) -> Result<Outcome, Error> {
    if let Some(reason) = unfit(cloud, job) {
        return Ok(Outcome::Refused { reason });
    }
    let looked = look::look(cloud, job, direction, begin, now).await?;
    Ok(act::act(cloud, job, looked, direction, begin, now).await)
}

/// Notes that a person has agreed to the swap. `false` if there is no new database of this job that waits for it.
///
/// # Errors
/// If a call fails.
pub async fn approve(cloud: &Cloud, job: &Job, now: DateTime<Utc>) -> Result<bool, Error> {
    let new = job.new_database();
    match cloud.observe(&new).await? {
        Some(found) if identity::of(&found, job, job.request().verb.role(), now) == Identity::Ours => {
            let effect = cloud.tag_database(&new, tags::JOB_APPROVED, &provision::wait::timestamp(now)).await?;
            Ok(effect == cloud::Effect::Applied)
        }
        Some(_) | None => Ok(false),
    }
}

/// Why this crate cannot do the job here.
fn unfit(cloud: &Cloud, job: &Job) -> Option<String> {
    let place = &job.request().target.place;
    match job.request().verb {
        Verb::Restore if place != cloud.here() => {
            Some(format!("the job is for the account {} and the region {}: run it there", place.account, place.region))
        }
        Verb::Restore => None,
        Verb::Verify | Verb::Rewind | Verb::Refresh => {
            Some(format!("the job {} is not a restore: it does not swap names", job.id()))
        }
    }
}
