//! RDS event notifications. Draco uses them only to learn which snapshot to look at.

use serde::{Deserialize, Serialize};

use crate::arn::{Kind, SnapshotArn};
use crate::place::Place;
use crate::quote::{json, one_line};

/// The beginning of the plain-text message that RDS sends to a new subscriber.
const SUBSCRIPTION_NOTICE: &str = "This is a message to notify that RDS will attempt to send you event notifications";

/// The part of an event ID before `#RDS-EVENT-0091`.
const GUIDE: &str = "http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html";

/// A notification of RDS. Delivery is best-effort: it may never arrive, or twice, or late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notification {
    /// RDS's notice that a subscription was created.
    SubscriptionNotice,
    /// A snapshot is being created, or was created or copied.
    Snapshot {
        /// The snapshot.
        arn: SnapshotArn,
        /// The kind of event.
        event: SnapshotEvent,
    },
    /// An event that does not concern Draco.
    Other {
        /// The event's number, if there is one.
        number: Option<u32>,
    },
}

/// The events of a snapshot that concern Draco.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotEvent {
    /// The creation of a manual snapshot has started. It may be the final snapshot of a database, which is deleted then.
    Creating,
    /// The snapshot was created.
    Created,
    /// Its copy from another region has started.
    CopyStarted,
    /// Its copy was completed.
    Copied,
    /// Its copy was cancelled.
    Cancelled,
}

/// The numbers of these events (RDS user guide, *Amazon RDS event categories and event messages*). 59 to 61 are those of copies
/// across regions. There are none for cluster snapshots.
const EVENTS: [(Kind, u32, SnapshotEvent); 11] = [
    (Kind::Instance, 40, SnapshotEvent::Creating),
    (Kind::Cluster, 74, SnapshotEvent::Creating),
    (Kind::Instance, 42, SnapshotEvent::Created),
    (Kind::Instance, 91, SnapshotEvent::Created),
    (Kind::Cluster, 75, SnapshotEvent::Created),
    (Kind::Cluster, 169, SnapshotEvent::Created),
    (Kind::Instance, 59, SnapshotEvent::CopyStarted),
    (Kind::Instance, 197, SnapshotEvent::Copied),
    (Kind::Instance, 60, SnapshotEvent::Copied),
    (Kind::Instance, 190, SnapshotEvent::Cancelled),
    (Kind::Instance, 61, SnapshotEvent::Cancelled),
];

/// Text that is not an RDS notification.
#[derive(Debug, thiserror::Error)]
pub enum ParseNotificationError {
    /// Not JSON, or JSON of another form.
    #[error("not an RDS notification: {text}: {why}")]
    Form {
        /// The text.
        text: String,
        /// The parser's error.
        why: String,
    },
    /// The source of the event is not a snapshot.
    #[error("the RDS notification does not name a snapshot: {0}")]
    Arn(#[from] crate::arn::ParseArnError),
}

#[derive(Serialize, Deserialize)]
struct Body {
    #[serde(rename = "Event Source")]
    source: String,
    #[serde(rename = "Source ID")]
    id: String,
    /// RDS omits it in some events.
    #[serde(rename = "Source ARN")]
    arn: Option<String>,
    #[serde(rename = "Event ID")]
    event: String,
}

impl Notification {
    /// RDS's notification that a manual snapshot was created.
    #[must_use]
    pub fn of_created_snapshot(arn: &SnapshotArn) -> String {
        let created = EVENTS.into_iter().find(|(kind, _, event)| (*kind, *event) == (arn.kind, SnapshotEvent::Created));
        let number = created.map(|(_, number, _)| number).unwrap_or_default();
        let body = Body {
            source: arn.kind.event_source().to_owned(),
            id: arn.id().to_owned(),
            arn: Some(arn.to_string()),
            event: format!("{GUIDE}#RDS-EVENT-{number:04}"),
        };
        // Strings always serialize.
        serde_json::to_string(&body).unwrap_or_default()
    }

    /// Parses a notification. Without a `Source ARN`, the snapshot is in the account and region of the topic.
    ///
    /// # Errors
    /// If it is not a notification.
    pub fn parse(text: &str, topic: &Place) -> Result<Self, ParseNotificationError> {
        if text.starts_with(SUBSCRIPTION_NOTICE) {
            return Ok(Self::SubscriptionNotice);
        }
        let wrong = |why| ParseNotificationError::Form { text: json(text), why: one_line(why) };
        let body: Body = serde_json::from_str(text).map_err(wrong)?;
        let number = body.event.rsplit_once("RDS-EVENT-").and_then(|(_, number)| number.parse().ok());
        let known =
            EVENTS.into_iter().find(|(kind, known, _)| number == Some(*known) && kind.event_source() == body.source);
        let Some((kind, _, event)) = known else { return Ok(Self::Other { number }) };
        let arn = match &body.arn {
            Some(arn) => arn.parse()?,
            None => SnapshotArn::new(kind, topic.clone(), &body.id)?,
        };
        Ok(Self::Snapshot { arn, event })
    }
}
