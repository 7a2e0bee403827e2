//! Notifications of RDS: which snapshot to look at.

use serde::{Deserialize, Serialize};

use crate::arn::{Kind, SnapshotArn};
use crate::place::Place;
use crate::seen::{json, said};

/// What the first message to a new subscriber begins with. It is plain text.
const GREETING: &str = "This is a message to notify that RDS will attempt to send you event notifications";

/// What stands before an event's number.
const GUIDE: &str = "http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html";

/// What RDS says, best-effort: it may never come, or twice, or late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notification {
    /// Notifications will come.
    Greeting,
    /// Something happened to a snapshot that may concern Draco.
    Snapshot {
        /// Which.
        arn: SnapshotArn,
        /// What.
        news: News,
    },
    /// Something else happened.
    Other {
        /// Its number, if it has one.
        number: Option<u32>,
    },
}

/// What may have happened to a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It was taken.
    Created,
    /// It was copied.
    Copied,
    /// Copying it was given up.
    Cancelled,
}

/// Of each kind, the events that matter (RDS's guide, *Amazon RDS event categories and event messages*).
const EVENTS: [(Kind, u32, News); 8] = [
    (Kind::Instance, 42, News::Created),
    (Kind::Instance, 91, News::Created),
    (Kind::Cluster, 75, News::Created),
    (Kind::Cluster, 169, News::Created),
    (Kind::Instance, 197, News::Copied),
    (Kind::Instance, 60, News::Copied),
    (Kind::Instance, 190, News::Cancelled),
    (Kind::Instance, 61, News::Cancelled),
];

/// What is no notification of RDS.
#[derive(Debug, thiserror::Error)]
pub enum NotANotification {
    /// Not JSON, or not such JSON.
    #[error("the message {seen} is no notification of RDS: {why}")]
    Form {
        /// The message.
        seen: String,
        /// What is wrong.
        why: String,
    },
    /// It names something that is no snapshot here.
    #[error("the notification of an event of a snapshot names something else: {0}")]
    Arn(#[from] crate::arn::NotAnArn),
}

#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(rename = "Event Source")]
    source: String,
    #[serde(rename = "Source ID")]
    id: String,
    /// May be missing.
    #[serde(rename = "Source ARN")]
    arn: Option<String>,
    #[serde(rename = "Event ID")]
    event: String,
}

impl Notification {
    /// As RDS writes that a snapshot was taken by hand.
    #[must_use]
    pub fn of_taken(arn: &SnapshotArn) -> String {
        let taken = EVENTS.into_iter().find(|(kind, _, news)| (*kind, *news) == (arn.kind, News::Created));
        let number = taken.map(|(_, number, _)| number).unwrap_or_default();
        let written = Written {
            source: arn.kind.event_source().to_owned(),
            id: arn.id().to_owned(),
            arn: Some(arn.to_string()),
            event: format!("{GUIDE}#RDS-EVENT-{number:04}"),
        };
        // Texts alone: nothing that JSON could refuse.
        serde_json::to_string(&written).unwrap_or_default()
    }

    /// Reads one that came over a topic of this place, which is the snapshot's too if the notification does not name it.
    ///
    /// # Errors
    /// If it is none.
    pub fn read(text: &str, topic: &Place) -> Result<Self, NotANotification> {
        if text.starts_with(GREETING) {
            return Ok(Self::Greeting);
        }
        let wrong = |why| NotANotification::Form { seen: json(text), why: said(why) };
        let written: Written = serde_json::from_str(text).map_err(wrong)?;
        let number = written.event.rsplit_once("RDS-EVENT-").and_then(|(_, number)| number.parse().ok());
        let known =
            EVENTS.into_iter().find(|(kind, event, _)| number == Some(*event) && kind.event_source() == written.source);
        let Some((kind, _, news)) = known else { return Ok(Self::Other { number }) };
        let arn = match &written.arn {
            Some(arn) => arn.parse()?,
            None => SnapshotArn::new(kind, topic.clone(), &written.id)?,
        };
        Ok(Self::Snapshot { arn, news })
    }
}
