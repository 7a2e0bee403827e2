//! The events that invoke a function: SNS deliveries, timer checks, scheduled sweeps.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arn::{Kind, SnapshotArn};
use crate::message::{self, Announcement, Message, ParseMessageError};
use crate::notification::{Notification, ParseNotificationError};
use crate::origin::{self, Origin};
use crate::place::AccountId;
use crate::quote::{self, one_line, quoted};
use crate::tags::Tags;
use crate::topic::{ParseTopicError, TopicArn};

/// The payload of an invocation.
#[derive(Debug)]
pub enum Event {
    /// Records that SNS delivered. One that cannot be parsed does not prevent the others from being handled.
    Records(Vec<Result<Record, RecordError>>),
    /// A request of the timer or of the schedule.
    Trigger(Trigger),
}

/// A request of the timer or of a schedule: `{"check": …}`, `{"sweep": …}`, `{"onward": …}`, `{"audit": …}`, `{"keep": …}`,
/// `{"verify": …}` or `{"verifying": …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// Check the progress of one snapshot.
    Check(Box<Check>),
    /// Look at every snapshot, in case an event was lost.
    Sweep(Sweep),
    /// In DR's second region: handle the copies of the first region that are not here yet. A sweep begins with it.
    Onward(Onward),
    /// Ask DR whether it still has the copies of all sources that are marked as copied.
    Audit(Audit),
    /// Report silent databases, and delete expired copies.
    Keep(Keep),
    /// Verify the copies that are due.
    Verify(Verify),
    /// Make the next step of a verification.
    Verifying(Box<Verifying>),
}

/// One SNS delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The topic, which limits who can have sent it.
    pub topic: TopicArn,
    /// The content.
    pub content: Content,
}

/// The content of one SNS delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// From RDS.
    Notification(Notification),
    /// From the other account.
    Message(Message),
    /// Neither: the subject, if there is one.
    Unknown(Option<String>),
}

/// A timer's request to check one snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The event that the timer waits for.
    #[serde(flatten)]
    pub awaited: Awaited,
    /// When the timer was started.
    #[serde(deserialize_with = "origin::time")]
    pub since: DateTime<Utc>,
}

/// The event that a timer waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Awaited {
    /// A copy is completed.
    Copying(Origin),
    /// An announced transit copy becomes visible in DR.
    Sharing(Announcement),
}

/// Where a sweep starts or continues. The default is the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "{\"sweep\":{…}}")]
pub struct Sweep {
    /// The kind of snapshot to continue with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The marker of the page, as RDS returned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// How many snapshots of that page are done.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub done: usize,
}

/// Where the sweep over DR's first region continues. The default is the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "{\"onward\":{…}}")]
pub struct Onward {
    /// The last copy that was handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Position>,
}

/// A copy's place in the order in which copies go on to DR's second region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The number of its group. Groups go on one after the other.
    pub group: u8,
    /// The rank within its group.
    pub rank: i64,
    /// Its ARN.
    pub copy: String,
}

/// An audit of the whole account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "{\"audit\":{}}")]
pub struct Audit {}

/// A run of the keeper.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "{\"keep\":{…}}")]
pub struct Keep {
    /// The number of deletions that a person has accepted for this run. It replaces the limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A run of the verifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "{\"verify\":{}}")]
pub struct Verify {}

/// A verification. The timer has it as its input, and the tags of the database contain the job, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verifying {
    /// The tags that describe the job ([`crate::Job::to_tags`]).
    pub job: Tags,
    /// The source of the copy.
    pub origin: Origin,
}

fn is_zero(done: &usize) -> bool {
    *done == 0
}

/// A record that cannot be parsed.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The record does not have the form of an SNS record.
    #[error("the record {record} is not an SNS record: {why}")]
    Form {
        /// The record.
        record: String,
        /// The parser's error.
        why: String,
    },
    /// The record comes from another service.
    #[error("the record's source is {}, expected aws:sns", quoted(.0))]
    NotSns(String),
    /// The topic's ARN is invalid.
    #[error("the record's topic is invalid: {0}")]
    InvalidTopic(#[from] ParseTopicError),
    /// The content is invalid.
    #[error("{error}")]
    Content {
        /// The source account that sent it, by its topic.
        sender: Option<AccountId>,
        /// The parser's error.
        error: ContentError,
    },
}

/// The content of an SNS delivery that cannot be parsed.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The RDS notification is invalid.
    #[error(transparent)]
    Notification(#[from] ParseNotificationError),
    /// The message from the other account is invalid.
    #[error(transparent)]
    Message(#[from] ParseMessageError),
}

/// A payload that is none of the three kinds of events.
#[derive(Debug, thiserror::Error)]
#[error("unknown event {payload}: {why}; expected SNS Records, or a request of the timer or of a schedule")]
pub struct ParseEventError {
    payload: String,
    why: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "{\"EventSource\":…}")]
struct SnsRecord {
    /// Other services than SNS spell it `eventSource`.
    #[serde(alias = "eventSource")]
    event_source: String,
    sns: Option<SnsMessage>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnsMessage {
    topic_arn: String,
    subject: Option<String>,
    message: String,
}

/// The event source of SNS records.
const SNS_SOURCE: &str = "aws:sns";
/// The subject of RDS notifications.
const NOTIFICATION_SUBJECT: &str = "RDS Notification Message";

/// The payload with which SNS invokes a function.
pub struct Delivery(SnsRecord);

impl Delivery {
    /// RDS's notification that this snapshot was created.
    #[must_use]
    pub fn of_created_snapshot(snapshot: &SnapshotArn, topic: &TopicArn) -> Self {
        Self::of(topic, NOTIFICATION_SUBJECT, Notification::of_created_snapshot(snapshot))
    }

    /// A message of the other account.
    #[must_use]
    pub fn of_message(message: &Message, topic: &TopicArn) -> Self {
        Self::of(topic, message::SUBJECT, message.to_string())
    }

    fn of(topic: &TopicArn, subject: &str, message: String) -> Self {
        let sns = SnsMessage { topic_arn: topic.to_string(), subject: Some(subject.to_owned()), message };
        Self(SnsRecord { event_source: SNS_SOURCE.to_owned(), sns: Some(sns) })
    }

    /// The JSON that the function receives.
    #[must_use]
    pub fn payload(&self) -> Value {
        json!({ "Records": [self.0] })
    }
}

impl Event {
    /// Parses a function's payload.
    ///
    /// # Errors
    /// If it is none of the three kinds of events.
    pub fn parse(payload: Value) -> Result<Self, ParseEventError> {
        let wrong = |why: String| ParseEventError { payload: quote::json(&payload.to_string()), why };
        match payload.get("Records") {
            Some(Value::Array(records)) => Ok(Self::Records(records.iter().map(SnsRecord::parse).collect())),
            Some(_) => Err(wrong("Records is not a list".to_owned())),
            None => Trigger::deserialize(&payload).map(Self::Trigger).map_err(|why| wrong(one_line(why))),
        }
    }
}

impl SnsRecord {
    fn parse(record: &Value) -> Result<Record, RecordError> {
        let wrong = |why| RecordError::Form { record: quote::json(&record.to_string()), why };
        let Self { event_source, sns } = Self::deserialize(record).map_err(|why| wrong(one_line(why)))?;
        if event_source != SNS_SOURCE {
            return Err(RecordError::NotSns(event_source));
        }
        let SnsMessage { topic_arn, subject, message } = sns.ok_or_else(|| wrong("missing field `Sns`".to_owned()))?;
        let topic: TopicArn = topic_arn.parse()?;
        match Content::parse(subject, &message, &topic) {
            Ok(content) => Ok(Record { topic, content }),
            Err(error) => Err(RecordError::Content { sender: topic.sender(), error }),
        }
    }
}

impl Content {
    fn parse(subject: Option<String>, message: &str, topic: &TopicArn) -> Result<Self, ContentError> {
        match subject.as_deref() {
            Some(NOTIFICATION_SUBJECT) => Ok(Self::Notification(Notification::parse(message, &topic.place)?)),
            Some(message::SUBJECT) => Ok(Self::Message(Message::parse(message)?)),
            _ => Ok(Self::Unknown(subject)),
        }
    }
}

impl RecordError {
    /// The source account that sent the record, if its topic names one.
    #[must_use]
    pub fn sender(&self) -> Option<&AccountId> {
        match self {
            Self::Content { sender, .. } => sender.as_ref(),
            Self::Form { .. } | Self::NotSns(_) | Self::InvalidTopic(_) => None,
        }
    }
}

impl Awaited {
    /// The source of the snapshot that the timer waits for.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        match self {
            Self::Copying(origin) => origin,
            Self::Sharing(announcement) => &announcement.origin,
        }
    }
}
