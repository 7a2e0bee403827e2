//! Messages between the two accounts: JSON with a version, published with the subject [`SUBJECT`].

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arn::SnapshotArn;
use crate::audit::Sources;
use crate::origin::Origin;
use crate::quote::{json, one_line};
use crate::tags::Tags;

/// The subject of every message.
pub const SUBJECT: &str = "DRACO Event";
/// The message attribute that contains the event name.
pub const ATTRIBUTE: &str = "event";
/// The version of the message format. Adding a field keeps the version; changing the meaning of one increases it.
const VERSION: u64 = 1;
/// The maximum length of a message in bytes. A snapshot's tags have 77 KB at most. SNS allows 256 KiB, but the input of a timer,
/// which contains the message and more, has the same limit.
const MAX_BYTES: usize = 128 * 1024;

/// A message from one account to the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum Message {
    /// To DR: a transit copy is shared with the DR account. From DR's first region to its second one: a copy is completed.
    #[serde(rename = "snapshot-copy-shared")]
    Shared(Announcement),
    /// From DR: the copy is completed.
    #[serde(rename = "snapshot-copy-completed")]
    Completed {
        /// The source.
        #[serde(flatten)]
        origin: Origin,
        /// The copy.
        copy: SnapshotArn,
    },
    /// From DR: the snapshot was not copied.
    #[serde(rename = "snapshot-no-copy")]
    NoCopy(NoCopy),
    /// To DR: the source account has these sources and believes that they are copied.
    #[serde(rename = "snapshot-audit")]
    Audit {
        /// The sources, those of one database together.
        sources: Sources,
    },
    /// From DR: it has no copies of these sources, although a lifecycle in force would keep them.
    #[serde(rename = "snapshot-missing")]
    Missing {
        /// The sources.
        sources: Sources,
    },
}

/// A transit copy with its tags, which AWS does not show to other accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The source.
    #[serde(flatten)]
    pub origin: Origin,
    /// The ARN of the transit copy, or of the copy in DR's first region.
    pub transit: SnapshotArn,
    /// Its tags.
    pub tags: Tags,
}

/// A snapshot that DR did not copy, and the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoCopy {
    /// The source.
    #[serde(flatten)]
    pub origin: Origin,
    /// The reason, for programs.
    pub reason: RefusalReason,
    /// The reason, for people.
    pub why: String,
}

/// Why DR did not copy a snapshot, or the producer could not send it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalReason {
    /// The announced transit copy was not visible in DR for ten minutes.
    NotShared,
    /// It is an unencrypted cluster snapshot, which AWS cannot encrypt, and unencrypted copies are not allowed.
    PlaintextCluster,
    /// Its announcement claims that it was taken after its transit copy was created.
    TakenLater,
    /// Another snapshot in DR has the copy's identifier.
    NameTaken,
    /// AWS started the copy, and the copy failed.
    CopyFailed,
    /// The account has reached a limit that DR sets for it.
    TooMany,
    /// DR has as many manual snapshots as AWS allows.
    QuotaExceeded,
    /// AWS refuses to start the copy, because a key cannot be used.
    KeyRefused,
    /// AWS refuses to start the copy, because the transit copy is not available.
    TransitUnavailable,
    /// AWS refuses to share the transit copy, and will not share it later: the snapshot's own properties are the reason.
    CannotBeShared,
    /// AWS refuses to copy the snapshot, and will not copy it later: the snapshot's own properties are the reason.
    CannotBeCopied,
    /// The finished copy is of another database, or was taken at another time than announced: the transit copy was replaced.
    NotAsAnnounced,
    /// A reason of a newer version, unknown to this one.
    #[serde(other)]
    Other,
}

impl RefusalReason {
    /// Whether the producer keeps the transit copy, and announces it again each hour. The transit copy is not the reason, so a new
    /// one would change nothing.
    #[must_use]
    pub fn keeps_transit(self) -> bool {
        matches!(self, Self::NameTaken | Self::QuotaExceeded | Self::KeyRefused | Self::TransitUnavailable)
    }

    /// The time until the next attempt. A problem that only a person can fix is retried once a day, or sooner if the transit copy
    /// is kept.
    #[must_use]
    pub fn retry_after(self) -> TimeDelta {
        match self {
            Self::NotShared | Self::NameTaken | Self::QuotaExceeded | Self::KeyRefused | Self::TransitUnavailable => {
                TimeDelta::hours(1)
            }
            // A copy that failed is refused until DR has deleted its failed attempts. Each try needs a new transit copy, which is a full one.
            // Keeping the transit copy would leave it behind for ever, if the source is gone before that.
            Self::CopyFailed
            | Self::PlaintextCluster
            | Self::TakenLater
            | Self::NotAsAnnounced
            | Self::TooMany
            | Self::Other => TimeDelta::days(1),
            // The reason does not change while the snapshot exists, but AWS's limitations do.
            Self::CannotBeShared | Self::CannotBeCopied => TimeDelta::days(30),
        }
    }
}

/// The name in the message: `plaintext-cluster`.
impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// Text that is not a message of a supported version.
#[derive(Debug, thiserror::Error)]
pub enum ParseMessageError {
    /// Not JSON, or JSON of another form.
    #[error("not a Draco message: {text}: {why}")]
    Form {
        /// The text.
        text: String,
        /// The parser's error.
        why: String,
    },
    /// The version is missing or not a positive number.
    #[error("not a Draco message: {0}: no version; expected {{\"version\":{VERSION},…}}")]
    NoVersion(String),
    /// The text is longer than any message.
    #[error("not a Draco message: it has {0} bytes, the maximum is {MAX_BYTES}")]
    TooLong(usize),
    /// A newer version of Draco sent it.
    #[error("message version {0} is not supported, this function supports version {VERSION}: update this stack too")]
    UnsupportedVersion(u64),
}

impl Message {
    /// Parses a message. Unknown fields are ignored.
    ///
    /// # Errors
    /// If it is not a message of a supported version.
    pub fn parse(text: &str) -> Result<Self, ParseMessageError> {
        let wrong = |why: serde_json::Error| ParseMessageError::Form { text: json(text), why: one_line(why) };
        if text.len() > MAX_BYTES {
            return Err(ParseMessageError::TooLong(text.len()));
        }
        let message: Value = serde_json::from_str(text).map_err(wrong)?;
        match message.get("version").and_then(Value::as_u64) {
            None | Some(0) => Err(ParseMessageError::NoVersion(json(text))),
            Some(VERSION) => serde_json::from_value(message).map_err(wrong),
            Some(newer) => Err(ParseMessageError::UnsupportedVersion(newer)),
        }
    }

    /// The name of the event.
    #[must_use]
    pub fn event(&self) -> &'static str {
        match self {
            Self::Shared(_) => "snapshot-copy-shared",
            Self::Completed { .. } => "snapshot-copy-completed",
            Self::NoCopy(_) => "snapshot-no-copy",
            Self::Audit { .. } => "snapshot-audit",
            Self::Missing { .. } => "snapshot-missing",
        }
    }

    /// The source that the message is about, or the first of several.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        match self {
            Self::Shared(announcement) => &announcement.origin,
            Self::Completed { origin, .. } => origin,
            Self::NoCopy(no_copy) => &no_copy.origin,
            Self::Audit { sources } | Self::Missing { sources } => sources.first(),
        }
    }
}

/// The JSON that is published.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[derive(Serialize)]
        struct Versioned<'m> {
            version: u64,
            #[serde(flatten)]
            message: &'m Message,
        }
        f.write_str(&serde_json::to_string(&Versioned { version: VERSION, message: self }).map_err(|_| fmt::Error)?)
    }
}

/// The value of the tag `Draco_NotCopied`: when DR refused the snapshot, and why: `2026-11-21T03:20:00Z not-shared`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// When the producer received the refusal.
    pub at: DateTime<Utc>,
    /// The reason.
    pub reason: RefusalReason,
}

impl Refusal {
    /// Parses the tag's value.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, reason) = text.split_once(' ')?;
        let at = DateTime::parse_from_rfc3339(at).ok()?.to_utc();
        Some(Self { at, reason: serde_json::from_value(reason.into()).ok()? })
    }

    /// Whether it is time to retry.
    #[must_use]
    pub fn may_retry(&self, now: DateTime<Utc>) -> bool {
        now - self.at >= self.reason.retry_after()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true), self.reason)
    }
}
