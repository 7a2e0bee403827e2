//! A job as tags. The values have only characters that RDS allows: letters, digits and ` _.:/=+-@`.
//!
//! ```text
//! Draco_Job           1a2b3c4d5e6f
//! Draco_JobRequest    verify approval=given keep=0 deadline=2026-11-21T06:00:00Z
//! Draco_JobSource     snapshot arn:aws:rds:eu-west-1:222222222222:snapshot:draco-111111111111-…
//!                     time db-ABC latest     time db-ABC 2026-11-21T03:00:00Z     clone cluster-ABC
//! Draco_JobTarget     arn:aws:rds:eu-west-1:222222222222:db:orders replaces=db-ABC
//! Draco_JobOverrides  class=db.t4g.small maz=0
//! ```

use chrono::{DateTime, TimeDelta, Utc};

use super::{Approval, InvalidRequest, Job, Moment, Request, Source, Verb, write_time};
use crate::spec::{Settings, text as settings_text};
use crate::tags::{JOB, JOB_OVERRIDES, JOB_REQUEST, JOB_SOURCE, JOB_TARGET, Tags};

/// Tags that are no job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseJobError {
    /// A tag is missing or invalid.
    #[error("the tag {key} of a job is {}: {why}", value.as_deref().map_or("missing".to_owned(), |value| format!("{value:?}")))]
    Tag {
        /// Its key.
        key: &'static str,
        /// Its value, if there is one.
        value: Option<String>,
        /// What was expected.
        why: String,
    },
    /// The content is no job.
    #[error(transparent)]
    Invalid(#[from] InvalidRequest),
    /// The content is that of another job.
    #[error("the tags name the job {stated}, but their content is that of the job {actual}")]
    OtherId {
        /// By the tag.
        stated: String,
        /// By the content.
        actual: String,
    },
}

/// The tags, without the ID.
pub(super) fn write(request: &Request) -> Tags {
    let Request { verb, source, target, replaces, overrides: _, approval, keep, deadline } = request;
    let approval = match approval {
        Approval::Ask => "ask",
        Approval::Given => "given",
        Approval::AtOnce => "at-once",
    };
    let deadline = write_time(*deadline);
    let content = format!("{} approval={approval} keep={} deadline={deadline}", verb.as_str(), keep.num_seconds());
    let source = match source {
        Source::Snapshot(snapshot) => format!("snapshot {snapshot}"),
        Source::PointInTime { resource_id, moment: Moment::Latest } => format!("time {resource_id} latest"),
        Source::PointInTime { resource_id, moment: Moment::At(time) } => {
            format!("time {resource_id} {}", write_time(*time))
        }
        Source::Clone { resource_id } => format!("clone {resource_id}"),
    };
    let target = match replaces {
        Some(id) => format!("{target} replaces={id}"),
        None => target.to_string(),
    };
    let mut tags: Tags = [(JOB_REQUEST, content), (JOB_SOURCE, source), (JOB_TARGET, target)].into_iter().collect();
    for (key, piece) in JOB_OVERRIDES.into_iter().zip(overrides(request)) {
        tags.set(key, &piece);
    }
    tags
}

/// The overrides, in pieces that fit into tags.
pub(super) fn overrides(request: &Request) -> Vec<String> {
    match request.overrides.is_empty() {
        true => Vec::new(),
        false => settings_text::write_settings(&request.overrides),
    }
}

pub(super) fn read(tags: &Tags) -> Result<Job, ParseJobError> {
    let missing = |key, why: &str| ParseJobError::Tag { key, value: None, why: why.to_owned() };
    let get = |key| tags.get(key).ok_or_else(|| missing(key, "it is part of every job"));
    let (verb, approval, keep, deadline) =
        parse(JOB_REQUEST, get(JOB_REQUEST)?, "expected VERB approval=… keep=SECONDS deadline=TIME", read_request)?;
    let source = parse(JOB_SOURCE, get(JOB_SOURCE)?, "expected a snapshot, a time or a clone", read_source)?;
    let (target, replaces) = parse(JOB_TARGET, get(JOB_TARGET)?, "expected the ARN of a database", |text| match text
        .split_once(" replaces=")
    {
        Some((target, id)) => Some((target.parse().ok()?, Some(id.to_owned()))),
        None => Some((text.parse().ok()?, None)),
    })?;
    let pieces: Vec<&str> = JOB_OVERRIDES.iter().map_while(|key| tags.get(key)).collect();
    let overrides = match pieces[..] {
        [] => Settings::new(),
        [first, ..] => parse(JOB_OVERRIDES[0], first, "expected settings", |_| settings_text::read_settings(&pieces))?,
    };
    let job = Job::new(Request { verb, source, target, replaces, overrides, approval, keep, deadline })?;
    match tags.get(JOB) {
        Some(stated) if stated == job.id().as_str() => Ok(job),
        Some(stated) => Err(ParseJobError::OtherId { stated: stated.to_owned(), actual: job.id().to_string() }),
        None => Err(missing(JOB, "it is part of every job")),
    }
}

/// The deadline of the job with these tags. `None` if there is none that can be read.
pub(super) fn deadline(tags: &Tags) -> Option<DateTime<Utc>> {
    let (_, _, _, deadline) = read_request(tags.get(JOB_REQUEST)?)?;
    Some(deadline)
}

fn parse<T>(
    key: &'static str,
    value: &str,
    why: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, ParseJobError> {
    read(value).ok_or_else(|| ParseJobError::Tag { key, value: Some(value.to_owned()), why: why.to_owned() })
}

fn read_request(text: &str) -> Option<(Verb, Approval, TimeDelta, DateTime<Utc>)> {
    let [verb, approval, keep, deadline] = text.split(' ').collect::<Vec<_>>()[..] else { return None };
    let verb = Verb::ALL.into_iter().find(|known| known.as_str() == verb)?;
    let approval = match approval.strip_prefix("approval=")? {
        "ask" => Approval::Ask,
        "given" => Approval::Given,
        "at-once" => Approval::AtOnce,
        _ => return None,
    };
    let keep = TimeDelta::try_seconds(keep.strip_prefix("keep=")?.parse().ok()?)?;
    Some((verb, approval, keep, read_time(deadline.strip_prefix("deadline=")?)?))
}

fn read_source(text: &str) -> Option<Source> {
    match text.split(' ').collect::<Vec<_>>()[..] {
        ["snapshot", arn] => Some(Source::Snapshot(arn.parse().ok()?)),
        ["time", id, "latest"] => Some(Source::PointInTime { resource_id: id.to_owned(), moment: Moment::Latest }),
        ["time", id, time] => {
            Some(Source::PointInTime { resource_id: id.to_owned(), moment: Moment::At(read_time(time)?) })
        }
        ["clone", id] => Some(Source::Clone { resource_id: id.to_owned() }),
        _ => None,
    }
}

fn read_time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}
