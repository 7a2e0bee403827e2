//! What was observed: the members of responses that experiments compare.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The outcomes of the steps of an experiment, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace(pub Vec<Observed>);

/// A step, and its outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// The name of the step.
    pub step: String,
    /// The call or wait.
    pub action: String,
    /// When it began, by this machine's clock.
    pub at: DateTime<Utc>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The outcome.
    pub outcome: Outcome,
}

/// The outcome of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// AWS accepted the call.
    Done,
    /// AWS refused the call.
    Refused(Refusal),
    /// A snapshot as it is described.
    Snapshot(View),
    /// Snapshots at the end of a wait.
    Settled(Vec<Settled>),
    /// The automated snapshots of a database, and the copies that ran meanwhile.
    Backups(Backups),
    /// The numbers of RDS's events in notifications, in the order of arrival.
    Notifications(Vec<u16>),
    /// The time that something took, in seconds of AWS's time.
    Took(i64),
}

/// An error response, or the reason for which there is no response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// AWS's error code.
    pub code: String,
    /// AWS's message.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// The members of a snapshot's description that experiments compare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the members have the names of AWS's members")]
pub struct View {
    pub identifier: String,
    pub arn: String,
    pub status: String,
    pub snapshot_type: String,
    pub percent: i32,
    pub tags: BTreeMap<String, String>,
    pub created: Option<DateTime<Utc>>,
    pub originally_created: Option<DateTime<Utc>>,
    pub key: Option<String>,
    pub source: Option<String>,
}

/// A snapshot at the end of a wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settled {
    /// Its name in the run.
    pub name: String,
    /// Each status that it had, and the seconds from the start of the wait. `gone` if it is not found.
    pub statuses: Vec<(f64, String)>,
    /// Its last description, unless it is gone.
    pub last: Option<View>,
}

impl Settled {
    /// The status at the end.
    #[must_use]
    pub fn end(&self) -> &str {
        self.statuses.last().map_or("gone", |(_, status)| status)
    }

    /// The seconds until the end.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.statuses.last().map_or(0.0, |(seconds, _)| *seconds)
    }
}

/// The automated snapshots of a database. All times are AWS's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backups {
    /// The backup window, if it was chosen.
    pub window: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// From when until when at least one copy was in progress.
    pub copies: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// When each automated snapshot was created.
    pub automated: Vec<DateTime<Utc>>,
    /// When the last look was.
    pub until: Option<DateTime<Utc>>,
}

impl Trace {
    /// The outcome of a step.
    ///
    /// # Errors
    ///
    /// If the step was not reached.
    pub fn outcome(&self, step: &str) -> Result<&Outcome, String> {
        let found = self.0.iter().find(|observed| observed.step == step);
        found.map(|observed| &observed.outcome).ok_or_else(|| format!("the step {step} was not reached"))
    }

    /// The snapshot that a step returned.
    ///
    /// # Errors
    ///
    /// If it returned none.
    pub fn snapshot(&self, step: &str) -> Result<&View, String> {
        match self.outcome(step)? {
            Outcome::Snapshot(view) => Ok(view),
            other => Err(other.unexpected(step)),
        }
    }

    /// The snapshots at the end of a wait.
    ///
    /// # Errors
    ///
    /// If the step was no wait.
    pub fn settled(&self, step: &str) -> Result<&[Settled], String> {
        match self.outcome(step)? {
            Outcome::Settled(all) => Ok(all),
            other => Err(other.unexpected(step)),
        }
    }

    /// The last description of the only snapshot of a wait, which must be available.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub fn available(&self, step: &str) -> Result<&View, String> {
        match self.settled(step)? {
            [Settled { last: Some(view), .. }] if view.status == "available" => Ok(view),
            all => Err(format!("{step}: {}", all.iter().map(Settled::end).collect::<Vec<_>>().join(", "))),
        }
    }

    /// The backups that a step saw.
    ///
    /// # Errors
    ///
    /// If it saw none.
    pub fn backups(&self, step: &str) -> Result<&Backups, String> {
        match self.outcome(step)? {
            Outcome::Backups(backups) => Ok(backups),
            other => Err(other.unexpected(step)),
        }
    }

    /// The seconds that something took.
    ///
    /// # Errors
    ///
    /// If the step measured no time.
    pub fn took(&self, step: &str) -> Result<i64, String> {
        match self.outcome(step)? {
            Outcome::Took(seconds) => Ok(*seconds),
            other => Err(other.unexpected(step)),
        }
    }

    /// Whether an event of this number was notified.
    ///
    /// # Errors
    ///
    /// If the step read no notifications.
    pub fn notified(&self, step: &str, number: u16) -> Result<bool, String> {
        match self.outcome(step)? {
            Outcome::Notifications(numbers) => Ok(numbers.contains(&number)),
            other => Err(other.unexpected(step)),
        }
    }

    /// The code with which AWS refused a step, or `accepted`.
    ///
    /// # Errors
    ///
    /// If the step was not reached, or AWS could not be reached.
    pub fn code(&self, step: &str) -> Result<&str, String> {
        match self.outcome(step)? {
            Outcome::Refused(refusal) if refusal.code == crate::rds::NO_RESPONSE => Err(refusal.to_string()),
            Outcome::Refused(refusal) => Ok(&refusal.code),
            _ => Ok("accepted"),
        }
    }
}

impl Outcome {
    fn unexpected(&self, step: &str) -> String {
        match self {
            Self::Refused(refusal) => format!("{step}: {refusal}"),
            _ => format!("{step} has another outcome"),
        }
    }
}
