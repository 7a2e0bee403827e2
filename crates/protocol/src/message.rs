//! What the two accounts say to each other: JSON with a version, under the subject [`SUBJECT`].

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arn::SnapshotArn;
use crate::origin::Origin;
use crate::seen::{json, said};
use crate::tags::Tags;

/// The subject of every message.
pub const SUBJECT: &str = "DRACO Event";
/// The message attribute that says which event it is.
pub const ATTRIBUTE: &str = "event";
/// The version that is spoken here. Within one, fields may be added; what changes a field's meaning is a new one.
const VERSION: u64 = 1;

/// A message from one account to the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum Message {
    /// To DR: a transit copy is shared with you.
    #[serde(rename = "snapshot-copy-shared")]
    Shared(Announcement),
    /// From DR: a copy is safe.
    #[serde(rename = "snapshot-copy-completed")]
    Completed {
        /// Of what.
        #[serde(flatten)]
        origin: Origin,
        /// The copy.
        copy: SnapshotArn,
    },
    /// From DR: there is no copy.
    #[serde(rename = "snapshot-no-copy")]
    NoCopy(NoCopy),
}

/// What DR has to know of a transit copy, as it cannot see its tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// Of what.
    #[serde(flatten)]
    pub origin: Origin,
    /// The transit copy.
    pub transit: SnapshotArn,
    /// Its tags.
    pub tags: Tags,
}

/// That there is no copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoCopy {
    /// Of what.
    #[serde(flatten)]
    pub origin: Origin,
    /// Why not.
    pub reason: WhyNot,
    /// In words.
    pub why: String,
}

/// Why there is no copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyNot {
    /// The transit copy was announced, and for ten minutes could not be seen.
    NotShared,
    /// It is an unencrypted cluster snapshot, which AWS cannot encrypt, and plaintext is not allowed.
    PlaintextCluster,
    /// It is said to be taken after its transit copy was made.
    TakenLater,
    /// In its place stands a snapshot that is no copy of it.
    NameTaken,
    /// AWS began to copy and gave up.
    CopyFailed,
    /// What a newer DR says and this version does not know.
    #[serde(other)]
    Other,
}

impl WhyNot {
    /// How long after it trying again makes sense: what only a person can mend is tried once a day.
    #[must_use]
    pub fn try_again_after(self) -> TimeDelta {
        match self {
            Self::NotShared | Self::CopyFailed => TimeDelta::hours(1),
            Self::PlaintextCluster | Self::TakenLater | Self::NameTaken | Self::Other => TimeDelta::days(1),
        }
    }
}

/// As it is written: `plaintext-cluster`.
impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// What is no message, or none that this version understands.
#[derive(Debug, thiserror::Error)]
pub enum NotAMessage {
    /// Not JSON, or not such JSON.
    #[error("the message {seen} is none of Draco's: {why}")]
    Form {
        /// The message.
        seen: String,
        /// What is wrong.
        why: String,
    },
    /// It has no version, or something else in its place.
    #[error("the message {0} is none of Draco's: it has no version, and {{\"version\":{VERSION},…}} is expected")]
    NoVersion(String),
    /// It was written by a newer Draco.
    #[error("the message has version {0}, and this function understands {VERSION}: update this stack too")]
    Future(u64),
}

impl Message {
    /// Reads one. Fields that are not known are no matter.
    ///
    /// # Errors
    /// If it is none that this version understands.
    pub fn read(text: &str) -> Result<Self, NotAMessage> {
        let wrong = |why: serde_json::Error| NotAMessage::Form { seen: json(text), why: said(why) };
        let message: Value = serde_json::from_str(text).map_err(wrong)?;
        match message.get("version").and_then(Value::as_u64) {
            None | Some(0) => Err(NotAMessage::NoVersion(json(text))),
            Some(VERSION) => serde_json::from_value(message).map_err(wrong),
            Some(newer) => Err(NotAMessage::Future(newer)),
        }
    }

    /// The name of the event.
    #[must_use]
    pub fn event(&self) -> &'static str {
        match self {
            Self::Shared(_) => "snapshot-copy-shared",
            Self::Completed { .. } => "snapshot-copy-completed",
            Self::NoCopy(_) => "snapshot-no-copy",
        }
    }

    /// Of what it speaks.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        match self {
            Self::Shared(announcement) => &announcement.origin,
            Self::Completed { origin, .. } => origin,
            Self::NoCopy(no_copy) => &no_copy.origin,
        }
    }
}

/// As it is sent.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[derive(Serialize)]
        struct Sent<'m> {
            version: u64,
            #[serde(flatten)]
            message: &'m Message,
        }
        f.write_str(&serde_json::to_string(&Sent { version: VERSION, message: self }).map_err(|_| fmt::Error)?)
    }
}

/// The value of the tag that says when DR had no copy, and why: `2026-11-21T03:20:00Z not-shared`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// When the source account heard of it.
    pub heard: DateTime<Utc>,
    /// Why.
    pub reason: WhyNot,
}

impl Refusal {
    /// As a tag tells it.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (heard, reason) = text.split_once(' ')?;
        let heard = DateTime::parse_from_rfc3339(heard).ok()?.to_utc();
        Some(Self { heard, reason: serde_json::from_value(reason.into()).ok()? })
    }

    /// Whether it is time to try again.
    #[must_use]
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        now - self.heard >= self.reason.try_again_after()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.heard.to_rfc3339_opts(chrono::SecondsFormat::Secs, true), self.reason)
    }
}
