//! A job: one request to bring a database back. It is immutable, and its ID is a hash of its content, so the same request twice is
//! one job.
//!
//! A job is the input of a timer, and is written as tags on everything that it provisions. So a sweep can continue it when the timer
//! is lost. It contains no secret (invariant 26).
//!
//! Reading order: [`Job`], [`Request`], [`names`] with the identifiers that follow from a job, then `text` with the tags and
//! [`notes`] with those of its report.

pub mod names;
pub mod notes;
mod text;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use crate::arn::{DatabaseArn, Kind, SnapshotArn};
use crate::spec::{Setting, Settings, Target};
use crate::tags::{MAX_VALUE_CHARS, Tags};

pub use names::{JobId, Part, Provisioning, Role};
pub use notes::Note;
pub use text::ParseJobError;

/// A valid request, and its ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    id: JobId,
    request: Request,
}

/// The content of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What it is for.
    pub verb: Verb,
    /// The data.
    pub source: Source,
    /// The name that the database has, or is to have in the end.
    pub target: DatabaseArn,
    /// The resource ID of the database that has the target's name when the job is requested. Names are given again, resource IDs are
    /// not. `None` if there is none.
    pub replaces: Option<String>,
    /// Settings that the database is to have in place of those that were recorded. Those of [`Target::Member`] apply to each member.
    pub overrides: Settings,
    /// Whether a person has agreed already.
    pub approval: Approval,
    /// How long the old database is kept after the new one has its name.
    pub keep: TimeDelta,
    /// The time by which the database has to be provisioned. A temporary database is torn down then, in any status (invariant 22). In
    /// whole seconds.
    pub deadline: DateTime<Utc>,
}

/// What a job is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Restore a copy, query it, tear it down.
    Verify,
    /// Put a database back under its own name.
    Restore,
    /// Bring back rows of an earlier time.
    Rewind,
    /// A development database with the data of production.
    Refresh,
}

/// The data of a new database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A snapshot.
    Snapshot(SnapshotArn),
    /// A database, deleted or not, as it was at a moment.
    PointInTime {
        /// Its resource ID: a deleted database has no name.
        resource_id: String,
        /// The moment.
        moment: Moment,
    },
    /// A cluster as it is now, sharing its storage.
    Clone {
        /// Its resource ID.
        resource_id: String,
    },
}

/// A moment to which a database is restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The latest to which it can be restored.
    Latest,
    /// This one, in whole seconds.
    At(DateTime<Utc>),
}

/// Whether a person has agreed to what a job interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Not yet: the job asks.
    Ask,
    /// With the request.
    Given,
    /// With the request, and to an interruption from its beginning: the old database is moved aside before the new one is provisioned.
    /// For a restore only.
    AtOnce,
}

/// A request that is no job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidRequest(pub(crate) String);

/// The longest time that a temporary database has. It costs money each hour, and a mistyped deadline must not keep it for years.
pub const MAX_TEMPORARY: TimeDelta = TimeDelta::days(7);

/// The longest time that a job has for a database that is to stay. Its snapshots are not copied before the deadline, so a mistyped
/// deadline must not leave a database without copies for years. No restore takes that long: the time is for the approval of a person.
pub const MAX_LASTING: TimeDelta = TimeDelta::days(30);

/// The settings that keep a database, or its data, from being deleted. A temporary one has to be (invariant 22).
const OF_LASTING: [Setting; 2] = [Setting::DeletionProtection, Setting::BackupRetention];

/// The number of tags for the overrides.
const MAX_OVERRIDE_TAGS: usize = 3;

impl Verb {
    /// All verbs.
    pub const ALL: [Self; 4] = [Self::Verify, Self::Restore, Self::Rewind, Self::Refresh];

    /// The role of the database that it provisions.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Self::Verify => Role::Verify,
            Self::Rewind => Role::Rewind,
            Self::Restore | Self::Refresh => Role::New,
        }
    }

    /// Whether its database is temporary, and torn down by the deadline.
    #[must_use]
    pub fn is_temporary(self) -> bool {
        match self {
            Self::Verify | Self::Rewind => true,
            Self::Restore | Self::Refresh => false,
        }
    }

    /// The word in tags.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Restore => "restore",
            Self::Rewind => "rewind",
            Self::Refresh => "refresh",
        }
    }
}

impl Job {
    /// The job with this content.
    ///
    /// # Errors
    /// One line with what was requested, what AWS allows, and what to do.
    pub fn new(mut request: Request) -> Result<Self, InvalidRequest> {
        let invalid = |why: String| Err(InvalidRequest(why));
        names::check(request.target.id()).map_err(InvalidRequest)?;
        if names::parse(request.target.id()).is_some() {
            return invalid(format!(
                "the target {} has a name that Draco gives to databases of jobs: choose another one",
                request.target.id()
            ));
        }
        for id in request.resource_ids() {
            check_resource_id(id).map_err(InvalidRequest)?;
        }
        if let Source::Snapshot(snapshot) = &request.source
            && snapshot.kind != request.target.kind
        {
            return invalid(format!(
                "{snapshot} cannot be restored as {}: a snapshot of an instance becomes an instance, one of a cluster a cluster",
                request.target
            ));
        }
        if let Source::Snapshot(snapshot) = &request.source
            && snapshot.place.region != request.target.place.region
        {
            return invalid(format!(
                "{snapshot} cannot be restored as {}: AWS restores a snapshot in its own region only; copy it to {} first",
                request.target, request.target.place.region
            ));
        }
        if matches!(request.source, Source::Clone { .. }) && request.target.kind == Kind::Instance {
            return invalid(format!(
                "{} cannot be a clone: AWS clones Aurora clusters only; use a point in time",
                request.target
            ));
        }
        if let Some(setting) = request.foreign_setting() {
            let (parameter, of) = (setting.row().parameter, request.target.kind.database_type());
            return invalid(format!("{parameter} cannot be given for a {of}: remove it from the overrides"));
        }
        let lasting = OF_LASTING.iter().find(|setting| request.overrides.contains_key(setting));
        if let Some(setting) = lasting.filter(|_| request.verb.is_temporary()) {
            return invalid(format!(
                "{} cannot be given for a temporary database, which is deleted after its use: remove it from the overrides",
                setting.row().parameter
            ));
        }
        if request.approval == Approval::AtOnce && request.verb != Verb::Restore {
            return invalid(format!(
                "a job for {} interrupts no database at once: only a restore moves one aside",
                request.verb.as_str()
            ));
        }
        if request.keep < TimeDelta::zero() {
            return invalid("the keep period is negative".to_owned());
        }
        // Tags have whole seconds. The job that is read from them has to be the same.
        request.deadline = whole_seconds(request.deadline);
        request.keep = TimeDelta::seconds(request.keep.num_seconds());
        if let Source::PointInTime { moment: Moment::At(time), .. } = &mut request.source {
            *time = whole_seconds(*time);
        }
        let content = text::write(&request);
        if let Some((key, value)) = content.iter().find(|(_, value)| value.chars().count() > MAX_VALUE_CHARS) {
            let length = value.chars().count();
            return invalid(format!(
                "{key} of the job has {length} characters, a tag has at most {MAX_VALUE_CHARS}: use shorter names"
            ));
        }
        if text::overrides(&request).len() > MAX_OVERRIDE_TAGS {
            return invalid(format!("the overrides do not fit into {MAX_OVERRIDE_TAGS} tags: give fewer"));
        }
        let content: String = content.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
        Ok(Self { id: JobId::from_hash(&Sha256::digest(content)), request })
    }

    /// The job that these tags describe.
    ///
    /// # Errors
    /// If they describe none, or if their content does not have their ID.
    pub fn from_tags(tags: &Tags) -> Result<Self, ParseJobError> {
        text::read(tags)
    }

    /// Checks the deadline of a job that is about to begin.
    ///
    /// # Errors
    /// One line, if a temporary database would live too long, or if snapshots of one that is to stay would not be copied for too long.
    pub fn check_deadline(&self, now: DateTime<Utc>) -> Result<(), InvalidRequest> {
        let (max, subject) = match self.request.verb.is_temporary() {
            true => (MAX_TEMPORARY, "a temporary database"),
            false => (MAX_LASTING, "a job for a database that is to stay"),
        };
        let away = self.request.deadline - now;
        if away <= max {
            return Ok(());
        }
        Err(InvalidRequest(format!(
            "the deadline {} is {} days away, {subject} has at most {}: choose an earlier deadline",
            write_time(self.request.deadline),
            away.num_days(),
            max.num_days()
        )))
    }

    /// The tags that describe it.
    #[must_use]
    pub fn to_tags(&self) -> Tags {
        let tags = text::write(&self.request);
        tags.with([(crate::tags::JOB, self.id.as_str())])
    }

    /// The ID.
    #[must_use]
    pub fn id(&self) -> &JobId {
        &self.id
    }

    /// The content.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The database that it provisions: a new instance or cluster beside the target.
    #[must_use]
    pub fn new_database(&self) -> DatabaseArn {
        self.database(self.request.verb.role())
    }

    /// The database with this role.
    #[must_use]
    pub fn database(&self, role: Role) -> DatabaseArn {
        let target = &self.request.target;
        DatabaseArn::generated(target.kind, target.place.clone(), self.id.name(role, target, Part::Whole))
    }

    /// The n-th member of the cluster with this role, from 1.
    #[must_use]
    pub fn member(&self, role: Role, nth: u8) -> DatabaseArn {
        let target = &self.request.target;
        let name = self.id.name(role, target, Part::Member(nth));
        DatabaseArn::generated(Kind::Instance, target.place.clone(), name)
    }

    /// The identifier of the final snapshot of the old database.
    #[must_use]
    pub fn final_snapshot(&self) -> String {
        self.id.name(Role::Final, &self.request.target, Part::Whole)
    }
}

impl Request {
    fn resource_ids(&self) -> impl Iterator<Item = &str> {
        let of_source = match &self.source {
            Source::Snapshot(_) => None,
            Source::PointInTime { resource_id, .. } | Source::Clone { resource_id } => Some(resource_id),
        };
        self.replaces.iter().chain(of_source).map(String::as_str)
    }

    /// An override that no request of AWS's has for this kind. The engine of a cluster is that of its data.
    fn foreign_setting(&self) -> Option<Setting> {
        let targets: &[Target] = match self.target.kind {
            Kind::Instance => &[Target::Instance],
            Kind::Cluster => &[Target::AuroraCluster, Target::MultiAzCluster],
        };
        self.overrides.keys().copied().find(|setting| !targets.iter().any(|target| target.can_have(*setting)))
    }
}

/// A time in the form that AWS and tags have.
pub(crate) fn write_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Parses a time that a user has typed.
///
/// # Errors
/// If it is no time, or has no time zone: a local time means different moments to different people, and RDS takes UTC only.
pub fn parse_time(text: &str) -> Result<DateTime<Utc>, String> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(whole_seconds(time.to_utc()));
    }
    let local = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let is_local = local.iter().any(|format| chrono::NaiveDateTime::parse_from_str(text, format).is_ok());
    if is_local {
        return Err(format!(
            "the time {text:?} has no time zone, and AWS expects UTC: write it as 2026-11-21T14:03:00Z or 2026-11-21T15:03:00+01:00"
        ));
    }
    Err(format!("{text:?} is not a time: write it as 2026-11-21T14:03:00Z"))
}

fn whole_seconds(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(time.timestamp(), 0).unwrap_or(time)
}

/// AWS's form of resource IDs: `db-ABCDEFGHIJKLMNOPQRSTUVWXY1`, `cluster-…`.
fn check_resource_id(id: &str) -> Result<(), String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_valid =
        (id.starts_with("db-") || id.starts_with("cluster-")) && id.len() <= 64 && id.chars().all(is_allowed);
    match is_valid {
        true => Ok(()),
        false => Err(format!(
            "{:?} is not a resource ID: expected one like db-ABCDEFGHIJKLMNOPQRSTUVWXY1",
            id.chars().take(80).collect::<String>()
        )),
    }
}
