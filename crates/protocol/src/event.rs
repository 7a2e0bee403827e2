//! What invokes a function: SNS, the timer, the schedule.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arn::{Kind, SnapshotArn};
use crate::message::{self, Announcement, Message, NotAMessage};
use crate::notification::{NotANotification, Notification};
use crate::origin::{self, Origin};
use crate::place::{NotAPlace, Place};
use crate::seen::{self, quoted, said};

/// Why a function is invoked.
#[derive(Debug)]
pub enum Event {
    /// Somebody said something, or several did.
    Heard(Vec<Result<Heard, Unheard>>),
    /// The timer or the schedule asks.
    Asked(Trigger),
}

/// What the timer and the schedule ask: `{"check": …}` or `{"sweep": …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// How far is this?
    Check(Box<Check>),
    /// What may have been missed?
    Sweep(Sweep),
}

/// What was said on a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// By RDS.
    Notification(Notification),
    /// By the other account.
    Message(Message),
    /// By somebody else: the subject that it has, if it has one.
    Stranger(Option<String>),
}

/// A question about one snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What it waits for.
    #[serde(flatten)]
    pub awaited: Awaited,
    /// Since when.
    #[serde(deserialize_with = "origin::time")]
    pub since: DateTime<Utc>,
}

/// What a timer waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Awaited {
    /// That a copy is whole.
    Copying(Origin),
    /// That a transit copy, which was announced, is to be seen.
    Sharing(Announcement),
}

/// From where on to look at everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "{\"sweep\":{…}}")]
pub struct Sweep {
    /// The kind; those after it are still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// AWS's marker of the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// How many of that page are done.
    #[serde(default, skip_serializing_if = "is_none")]
    pub done: usize,
}

fn is_none(done: &usize) -> bool {
    *done == 0
}

/// What was said and cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum Unheard {
    /// It is no record of anything that invokes functions.
    #[error("the record {seen} is none of SNS's: {why}")]
    Form {
        /// The record.
        seen: String,
        /// What is wrong.
        why: String,
    },
    /// It did not come over SNS.
    #[error("the record comes from {}, and aws:sns is expected", quoted(.0))]
    NotSns(String),
    /// It came over something that is no topic.
    #[error("the record's topic is {}, and arn:aws:sns:REGION:ACCOUNT:NAME is expected", quoted(.0))]
    NoTopic(String),
    /// It is no notification.
    #[error(transparent)]
    Notification(#[from] NotANotification),
    /// It is no message.
    #[error(transparent)]
    Message(#[from] NotAMessage),
}

/// What invokes a function, and should not.
#[derive(Debug, thiserror::Error)]
#[error(
    "the event {seen} is none that this function knows: {why}; Records of SNS, a check of the timer or a sweep are expected"
)]
pub struct NotAnEvent {
    seen: String,
    why: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "{\"EventSource\":…}")]
struct Record {
    /// Others than SNS spell it `eventSource`.
    #[serde(alias = "eventSource")]
    event_source: String,
    sns: Option<Sns>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sns {
    topic_arn: String,
    subject: Option<String>,
    message: String,
}

/// What records say that come over SNS.
const OF_SNS: &str = "aws:sns";
/// The subject under which RDS notifies.
const NOTIFICATION_SUBJECT: &str = "RDS Notification Message";

/// What SNS invokes a function with, when somebody says something over a topic.
pub struct Delivery(Record);

impl Delivery {
    /// RDS says that this snapshot was taken.
    #[must_use]
    pub fn of_taken(snapshot: &SnapshotArn, topic_arn: &str) -> Self {
        Self::of(topic_arn, NOTIFICATION_SUBJECT, Notification::of_taken(snapshot))
    }

    /// The other account says this.
    #[must_use]
    pub fn of_message(message: &Message, topic_arn: &str) -> Self {
        Self::of(topic_arn, message::SUBJECT, message.to_string())
    }

    fn of(topic_arn: &str, subject: &str, message: String) -> Self {
        let sns = Sns { topic_arn: topic_arn.to_owned(), subject: Some(subject.to_owned()), message };
        Self(Record { event_source: OF_SNS.to_owned(), sns: Some(sns) })
    }

    /// As the function gets it.
    #[must_use]
    pub fn payload(&self) -> Value {
        json!({ "Records": [self.0] })
    }
}

impl Event {
    /// Reads what a function is invoked with.
    ///
    /// # Errors
    /// If it is nothing that Draco's functions are invoked with.
    pub fn read(payload: Value) -> Result<Self, NotAnEvent> {
        let wrong = |why: String| NotAnEvent { seen: seen::json(&payload.to_string()), why };
        match payload.get("Records") {
            // One that cannot be understood does not keep the others from their turn.
            Some(Value::Array(records)) => Ok(Self::Heard(records.iter().map(Record::read).collect())),
            Some(_) => Err(wrong("its Records are no list".to_owned())),
            None => Trigger::deserialize(&payload).map(Self::Asked).map_err(|why| wrong(said(why))),
        }
    }
}

impl Record {
    fn read(record: &Value) -> Result<Heard, Unheard> {
        let wrong = |why| Unheard::Form { seen: seen::json(&record.to_string()), why };
        let Self { event_source, sns } = Self::deserialize(record).map_err(|why| wrong(said(why)))?;
        if event_source != OF_SNS {
            return Err(Unheard::NotSns(event_source));
        }
        let Sns { topic_arn, subject, message } = sns.ok_or_else(|| wrong("missing field `Sns`".to_owned()))?;
        match subject.as_deref() {
            Some(NOTIFICATION_SUBJECT) => {
                let topic = topic_place(&topic_arn).ok_or(Unheard::NoTopic(topic_arn))?;
                Ok(Heard::Notification(Notification::read(&message, &topic)?))
            }
            Some(message::SUBJECT) => Ok(Heard::Message(Message::read(&message)?)),
            _ => Ok(Heard::Stranger(subject)),
        }
    }
}

/// Where a topic is: `arn:aws:sns:eu-west-1:111111111111:DracoProducer`.
fn topic_place(arn: &str) -> Option<Place> {
    let ["arn", "aws", "sns", region, account, _name] = arn.split(':').collect::<Vec<_>>()[..] else { return None };
    let place: Result<_, NotAPlace> = (|| Ok(Place { region: region.parse()?, account: account.parse()? }))();
    place.ok()
}
