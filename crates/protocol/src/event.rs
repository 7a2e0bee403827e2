//! The events that invoke a function: SNS deliveries, timer checks, scheduled sweeps.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arn::{Kind, SnapshotArn};
use crate::message::{self, Announcement, Message, ParseMessageError};
use crate::notification::{Notification, ParseNotificationError};
use crate::origin::{self, Origin};
use crate::place::{ParsePlaceError, Place};
use crate::quote::{self, one_line, quoted};

/// The payload of an invocation.
#[derive(Debug)]
pub enum Event {
    /// Records that SNS delivered. One that cannot be parsed does not prevent the others from being handled.
    Records(Vec<Result<Record, RecordError>>),
    /// A request of the timer or of the schedule.
    Trigger(Trigger),
}

/// A request of the timer or of the schedule: `{"check": …}` or `{"sweep": …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// Check the progress of one snapshot.
    Check(Box<Check>),
    /// Look at every snapshot, in case an event was lost.
    Sweep(Sweep),
}

/// The content of one SNS delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
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
    #[error("the record's topic is {}, expected arn:aws:sns:REGION:ACCOUNT:NAME", quoted(.0))]
    InvalidTopic(String),
    /// The RDS notification is invalid.
    #[error(transparent)]
    Notification(#[from] ParseNotificationError),
    /// The message from the other account is invalid.
    #[error(transparent)]
    Message(#[from] ParseMessageError),
}

/// A payload that is none of the three kinds of events.
#[derive(Debug, thiserror::Error)]
#[error("unknown event {payload}: {why}; expected SNS Records, a check from the timer, or a sweep")]
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
    pub fn of_created_snapshot(snapshot: &SnapshotArn, topic_arn: &str) -> Self {
        Self::of(topic_arn, NOTIFICATION_SUBJECT, Notification::of_created_snapshot(snapshot))
    }

    /// A message of the other account.
    #[must_use]
    pub fn of_message(message: &Message, topic_arn: &str) -> Self {
        Self::of(topic_arn, message::SUBJECT, message.to_string())
    }

    fn of(topic_arn: &str, subject: &str, message: String) -> Self {
        let sns = SnsMessage { topic_arn: topic_arn.to_owned(), subject: Some(subject.to_owned()), message };
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
        match subject.as_deref() {
            Some(NOTIFICATION_SUBJECT) => {
                let topic = topic_place(&topic_arn).ok_or(RecordError::InvalidTopic(topic_arn))?;
                Ok(Record::Notification(Notification::parse(&message, &topic)?))
            }
            Some(message::SUBJECT) => Ok(Record::Message(Message::parse(&message)?)),
            _ => Ok(Record::Unknown(subject)),
        }
    }
}

/// The account and region of a topic: `arn:aws:sns:eu-west-1:111111111111:DracoProducer`.
fn topic_place(arn: &str) -> Option<Place> {
    let ["arn", "aws", "sns", region, account, _name] = arn.split(':').collect::<Vec<_>>()[..] else { return None };
    let place: Result<_, ParsePlaceError> = (|| Ok(Place { region: region.parse()?, account: account.parse()? }))();
    place.ok()
}
