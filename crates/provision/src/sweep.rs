//! The sweep: finds the databases of jobs whose timer was lost. Each database has its job in its tags.
//!
//! One listing of the account and region for all jobs. It decides by name, tags and time alone, and not by the status: a temporary
//! database is torn down after its deadline in every status (invariant 22). It changes nothing itself.

use chrono::{DateTime, Utc};
use cloud::{Cloud, Error};
use protocol::job::{Role, names};
use protocol::{DatabaseArn, Job, Observed, tags};

use crate::identity::{self, Identity};

/// A database with a name that Draco gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The instance or cluster.
    pub database: DatabaseArn,
    /// What is to be done.
    pub due: Due,
}

/// What is to be done with a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Go on with the job: [`crate::step`] with [`crate::Begin::Begun`], or the next step of its verb.
    Continue(Box<Job>, Role),
    /// Tear it down, until it is gone ([`crate::teardown::step`]).
    TearDown(Box<Job>, Role),
    /// Nothing. A person has to decide. The text says what was found, and what to do.
    Report(String),
}

/// Lists the databases of this account and region that have a name of Draco's, or the tags of a job, and decides what is to be done
/// with each.
///
/// # Errors
/// If a call fails.
pub async fn sweep(cloud: &Cloud, now: DateTime<Utc>) -> Result<Vec<Found>, Error> {
    let all = cloud.observe_all(|name, tags| names::parse(name).is_some() || tags.get(tags::JOB).is_some()).await?;
    let due = |observed: &Observed| Some(Found { database: observed.arn.clone(), due: due(observed, now)? });
    Ok(all.iter().filter_map(due).collect())
}

/// What is to be done with a database that has a name of Draco's or the tags of a job. The first matching row applies:
///
/// | the database                                     | deadline | due        |
/// |--------------------------------------------------|----------|------------|
/// | another name, and the tags of a temporary job    | passed   | `Report`   |
/// | another name                                     | any      | nothing: a database that is to stay gets the name of its target |
/// | without the tag of a job, created a moment ago   | any      | nothing yet |
/// | without the tag of a job                         | any      | `Report`   |
/// | its job cannot be read from its tags             | any      | `Report`   |
/// | not the one with this name in its job            | any      | `Report`   |
/// | provisioned by its job, which has ended          | any      | `TearDown` |
/// | provisioned by its job, temporary                | passed   | `TearDown` |
/// | otherwise                                        | any      | `Continue` |
#[must_use]
pub fn due(observed: &Observed, now: DateTime<Utc>) -> Option<Due> {
    let arn = &observed.arn;
    if names::parse(arn.id()).is_none() {
        return renamed(observed, now);
    }
    if observed.tags.get(tags::JOB).is_none() {
        return (!identity::is_new(observed.created, &observed.condition, now)).then(|| {
            Due::Report(format!(
                "{arn} has a name that Draco gives, and no tag {}: delete it if no one needs it, or rename it",
                tags::JOB
            ))
        });
    }
    let job = match Job::from_tags(&observed.tags) {
        Ok(job) => job,
        Err(error) => {
            return Some(Due::Report(format!(
                "{arn} is not touched, because its job is unknown ({error}): delete it if no one needs it, or restore its tags"
            )));
        }
    };
    let role = Role::ALL.into_iter().find(|role| job.database(*role) == *arn);
    let Some(role) = role.filter(|role| identity::of(observed, &job, *role, now) == Identity::Ours) else {
        return Some(Due::Report(format!(
            "{arn} has the tags of the job {}, and is not its database: delete it if no one needs it, or rename it",
            job.id()
        )));
    };
    let (request, is_new) = (job.request(), role == job.request().verb.role());
    let has_ended = observed.tags.get(tags::JOB_ENDED).is_some();
    let is_overdue = request.verb.is_temporary() && now >= request.deadline;
    Some(match is_new && (has_ended || is_overdue) {
        true => Due::TearDown(Box::new(job), role),
        false => Due::Continue(Box::new(job), role),
    })
}

/// A database without a name of Draco's. It may be one that a person has renamed, or that was restored from a snapshot with these tags.
fn renamed(observed: &Observed, now: DateTime<Utc>) -> Option<Due> {
    let job = Job::from_tags(&observed.tags).ok()?;
    let is_overdue = job.request().verb.is_temporary() && now >= job.request().deadline;
    is_overdue.then(|| {
        Due::Report(format!(
            "{} has the tags of the temporary job {}, whose deadline has passed, and another name, so it is not touched: delete it if no one needs it, or remove its tags Draco_Job…",
            observed.arn,
            job.id()
        ))
    })
}
