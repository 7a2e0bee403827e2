//! RDS events about databases and snapshots. AWS delivers them on a best-effort basis. No state here depends on them.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::identifiers::{Arn, ResourceType};
use super::kind::Kind;
use super::snapshots::Origin;
use super::{RdsContext, categories, find_database, find_snapshot, paging, subscriptions};
use crate::call::Error;
use crate::questions::OtherEnginesEvents;
use crate::world::State;
use crate::{clock, page};

/// The events of one region of an account, oldest first.
#[derive(Default)]
pub(super) struct Events {
    entries: VecDeque<Event>,
    recorded: u64,
}

#[derive(Clone)]
pub(super) struct Event {
    number: u64,
    pub(super) at: DateTime<Utc>,
    pub(super) source: Arn,
    pub(super) details: EventDetails,
}

/// The number, category and message that AWS documents.
#[derive(Clone)]
pub(super) struct EventDetails {
    /// `RDS-EVENT-0091`.
    pub(super) number: u16,
    pub(super) category: &'static str,
    pub(super) message: String,
}

/// The kinds of events.
#[derive(Clone, Copy)]
pub(super) enum EventKind<'a> {
    DatabaseCreated,
    DatabaseDeleted,
    DatabaseStarted,
    /// An event with a fixed message.
    Numbered(u16),
    Renamed {
        from: &'a str,
    },
    FailoverStarted {
        to: &'a str,
    },
    FailoverCompleted {
        to: &'a str,
    },
    /// A restore has ended in this status.
    RestoreFailed(&'a str),
    RestoredFromSnapshot(&'a str),
    RestoredToTime {
        of: &'a str,
        at: DateTime<Utc>,
    },
    Creating(Origin),
    Created(Origin),
    Deleted,
    CopyStarted(&'a Arn),
    CopyFinished {
        source: &'a Arn,
        took: TimeDelta,
    },
    CopyCancelled(Option<&'a Arn>),
}

/// How long events are kept.
const RETENTION: TimeDelta = TimeDelta::days(14);

/// Records an event, if AWS has one for it, and notifies the subscriptions.
pub(super) fn record_event(state: &mut State, source: &Arn, kind: EventKind<'_>) {
    let Some(details) = EventDetails::of(source, kind) else { return };
    let at = state.now;
    let events = &mut state.region_state(&source.account, &source.region).rds.events;
    events.recorded += 1;
    let event = Event { number: events.recorded, at, source: source.clone(), details };
    events.entries.push_back(event.clone());
    while events.entries.front().is_some_and(|oldest| oldest.at < at - RETENTION) {
        events.entries.pop_front();
    }
    if is_reported(state, source) {
        subscriptions::notify(state, &event);
    }
}

/// Whether event subscriptions report events of this database or snapshot: those of DocumentDB and Neptune are an open question.
fn is_reported(state: &mut State, source: &Arn) -> bool {
    if state.settings.answers.other_engines_events == OtherEnginesEvents::Reported {
        return true;
    }
    let engine = match source.resource_type {
        ResourceType::Database => find_database(state, source).map(|database| database.facts.engine.name),
        ResourceType::Snapshot => find_snapshot(state, source).map(|snapshot| snapshot.database.engine.name),
        // They have no events.
        ResourceType::ParameterGroup
        | ResourceType::OptionGroup
        | ResourceType::SubnetGroup
        | ResourceType::AutomatedBackup => None,
    };
    !matches!(engine, Some("docdb" | "neptune"))
}

/// The events with a fixed message, in the guides of RDS and Aurora ("Amazon RDS event categories and event messages"). The event 67 is
/// "Unable to reset your password. Error information: `message`." No text has such a message. The event is in the tables of instances
/// only: here a cluster has none.
const NUMBERED: [(Kind, u16, &str, &str); 15] = [
    (Kind::Instance, 4, "availability", "DB instance shutdown"),
    (Kind::Instance, 6, "availability", "DB instance restarted"),
    (Kind::Instance, 12, "configuration change", "Applying modification to database instance class"),
    (Kind::Instance, 13, "failover", "Multi-AZ instance failover started"),
    (Kind::Instance, 14, "configuration change", "Finished applying modification to DB instance class"),
    (Kind::Instance, 16, "configuration change", "Reset master credentials"),
    (Kind::Instance, 17, "configuration change", "Finished applying modification to allocated storage"),
    (Kind::Instance, 18, "configuration change", "Applying modification to allocated storage"),
    (Kind::Instance, 49, "failover", "Multi-AZ instance failover completed"),
    (
        Kind::Instance,
        67,
        "configuration change",
        "Unable to reset your password. Error information: The server refused the password",
    ),
    (Kind::Instance, 87, "notification", "DB instance stopped"),
    (
        Kind::Instance,
        154,
        "notification",
        "DB instance is being started due to it exceeding the maximum allowed time being stopped",
    ),
    (Kind::Cluster, 16, "configuration change", "Reset master credentials"),
    (Kind::Cluster, 150, "notification", "DB cluster stopped"),
    (
        Kind::Cluster,
        153,
        "notification",
        "DB cluster is being started due to it exceeding the maximum allowed time being stopped",
    ),
];

impl EventDetails {
    /// The events in the tables of the user guide, without the full stops, which real events do not have. AWS has no
    /// events for copying or deleting a cluster snapshot.
    fn of(source: &Arn, kind: EventKind<'_>) -> Option<Self> {
        use EventKind::{
            CopyCancelled, CopyFinished, CopyStarted, Created, Creating, DatabaseCreated, DatabaseDeleted,
            DatabaseStarted, Deleted, FailoverCompleted, FailoverStarted, Numbered, Renamed, RestoreFailed,
            RestoredFromSnapshot, RestoredToTime,
        };
        use Kind::{Cluster, Instance};
        use Origin::{Automated, Manual};
        let is_local = |copied: &Arn| copied.region == source.region;
        let (number, category, message) = match (source.kind, kind) {
            (Instance, DatabaseCreated) => (5, "creation", "DB instance created".to_owned()),
            (Instance, DatabaseDeleted) => (3, "deletion", "DB instance deleted".to_owned()),
            (Instance, DatabaseStarted) => (88, "notification", "DB instance started".to_owned()),
            (_, Numbered(number)) => {
                let row = NUMBERED.iter().find(|row| (row.0, row.1) == (source.kind, number))?;
                (number, row.2, row.3.to_owned())
            }
            // The guides have no event for renaming an instance.
            (Instance, Renamed { .. } | FailoverStarted { .. } | FailoverCompleted { .. }) => return None,
            (kind, RestoreFailed(status)) => failure(kind, status)?,
            (Cluster, FailoverStarted { to }) => {
                (73, "failover", format!("Started cross AZ failover to DB instance: {to}"))
            }
            (Cluster, FailoverCompleted { to }) => (71, "failover", format!("Completed failover to DB instance: {to}")),
            (Cluster, Renamed { from }) => {
                (172, "notification", format!("Renamed cluster from {from} to {}", source.id))
            }
            (Instance, RestoredFromSnapshot(snapshot)) => {
                (43, "restoration", format!("Restored from snapshot {snapshot}"))
            }
            (Instance, RestoredToTime { of, at }) => {
                (19, "restoration", format!("Restored from DB instance {of} to {}", clock::text(at)))
            }
            // The guides have no such events of clusters.
            (Cluster, RestoredFromSnapshot(_) | RestoredToTime { .. }) => {
                (170, "creation", "DB cluster created".to_owned())
            }
            (Instance, Creating(Manual)) => (40, "creation", "Creating manual snapshot".to_owned()),
            (Instance, Created(Manual)) => (42, "creation", "Manual snapshot created".to_owned()),
            (Instance, Creating(Automated)) => (90, "creation", "Creating automated snapshot".to_owned()),
            (Instance, Created(Automated)) => (91, "creation", "Automated snapshot created".to_owned()),
            (Instance, Deleted) => (41, "deletion", "Deleted user snapshot".to_owned()),
            (Instance, CopyStarted(copied)) => {
                let number = if is_local(copied) { 196 } else { 59 };
                (number, "notification", format!("Started copy of snapshot {}", place(copied, source)))
            }
            (Instance, CopyFinished { source: copied, took }) => {
                let (number, minutes) = if is_local(copied) {
                    (197, String::new())
                } else {
                    (60, format!(" in {} minutes", took.num_minutes()))
                };
                (number, "notification", format!("Finished copy of snapshot {}{minutes}", place(copied, source)))
            }
            (Instance, CopyCancelled(copied)) => {
                let copied = copied?;
                let number = if is_local(copied) { 190 } else { 61 };
                (number, "notification", format!("Canceled snapshot copy request of {}", place(copied, source)))
            }
            (Cluster, DatabaseCreated) => (170, "creation", "DB cluster created".to_owned()),
            (Cluster, DatabaseDeleted) => (171, "deletion", "DB cluster deleted".to_owned()),
            (Cluster, DatabaseStarted) => (151, "notification", "DB cluster started".to_owned()),
            (Cluster, Creating(Manual)) => (74, "backup", "Creating manual cluster snapshot".to_owned()),
            (Cluster, Created(Manual)) => (75, "backup", "Manual cluster snapshot created".to_owned()),
            (Cluster, Creating(Automated)) => (168, "backup", "Creating automated cluster snapshot".to_owned()),
            (Cluster, Created(Automated)) => (169, "backup", "Automated cluster snapshot created".to_owned()),
            (Cluster, Deleted | CopyStarted(_) | CopyFinished { .. } | CopyCancelled(_)) => return None,
        };
        Some(Self { number, category, message })
    }
}

/// The event of a restore that has ended in a status: "DB instance put into `name` state. RDS recommends that you initiate a
/// point-in-time-restore." (31), "Database instance put into `state`. `message`." (35), "Database instance in `state`. `message`." (36),
/// "The DB instance can't be created because of insufficient resource limits. `message`." (353), "You can't create the DB cluster because
/// of incompatible resources. `message`." (354) and the same as 353 of a cluster (355). No text has the messages: here they are the
/// descriptions of the statuses. The tables of clusters name no status: that a missing VPC is an incompatible resource is a reading. The
/// event 31 is not in Aurora's guide, where snapshots are those of clusters. The events 418 and 419 (the key cannot be accessed) are not simulated. The
/// guides have none for `incompatible-restore`.
fn failure(kind: Kind, status: &str) -> Option<(u16, &'static str, String)> {
    let (number, message) = match (kind, status) {
        (Kind::Instance, "failed") => {
            (31, "DB instance put into failed state. RDS recommends that you initiate a point-in-time-restore")
        }
        (Kind::Instance, "incompatible-parameters") => (
            35,
            "Database instance put into incompatible-parameters. The DB instance can't start because the parameters specified in \
             the instance's DB parameter group aren't compatible with the DB instance",
        ),
        (Kind::Instance, "incompatible-network") => (
            36,
            "Database instance in incompatible-network. Some of the specified subnet IDs are invalid or do not exist",
        ),
        (Kind::Instance, "insufficient-capacity") => (
            353,
            "The DB instance can't be created because of insufficient resource limits. Sufficient capacity isn't currently available",
        ),
        (Kind::Cluster, "incompatible-network") => (
            354,
            "You can't create the DB cluster because of incompatible resources. Some of the specified subnet IDs are invalid or do not \
             exist",
        ),
        (Kind::Cluster, "insufficient-capacity") => (
            355,
            "The DB cluster can't be created because of insufficient resource limits. Sufficient capacity isn't currently available",
        ),
        _ => return None,
    };
    Some((number, "failure", message.to_owned()))
}

/// `orders-1 in region eu-west-1`, or `from region` if it is another.
fn place(copied: &Arn, copy: &Arn) -> String {
    let preposition = if copied.region == copy.region { "in" } else { "from" };
    format!("{} {preposition} region {}", copied.id, copied.region)
}

impl Arn {
    /// The source type of an event: `db-cluster-snapshot`.
    pub(super) fn source_type(&self) -> &'static str {
        match (self.kind, self.resource_type) {
            (Kind::Instance, ResourceType::Database) => "db-instance",
            (Kind::Instance, ResourceType::Snapshot) => "db-snapshot",
            (Kind::Cluster, ResourceType::Database) => "db-cluster",
            (Kind::Cluster, ResourceType::Snapshot) => "db-cluster-snapshot",
            (_, ResourceType::ParameterGroup) => "db-parameter-group",
            // They have no source type, and no events.
            (_, ResourceType::OptionGroup | ResourceType::SubnetGroup | ResourceType::AutomatedBackup) => "",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeRequest {
    source_identifier: Option<String>,
    source_type: Option<String>,
    start_time: Option<clock::Time>,
    end_time: Option<clock::Time>,
    /// In minutes.
    duration: Option<i32>,
    #[serde(default)]
    event_categories: Vec<String>,
    max_records: Option<i64>,
    marker: Option<String>,
}

/// The default period of a request.
const DEFAULT_PERIOD: TimeDelta = TimeDelta::minutes(60);

pub(super) fn describe(state: &mut State, ctx: &RdsContext, wanted: &DescribeRequest) -> Result<Value, Error> {
    if wanted.source_identifier.is_some() && wanted.source_type.is_none() {
        let message = "SourceType must be provided when SourceIdentifier is.";
        return Err(Error::new("InvalidParameterCombination", message));
    }
    wanted.source_type.as_deref().map_or(Ok(()), categories::check_type)?;
    // No text states the answer to either of these.
    if let Some(unknown) = wanted.event_categories.iter().find(|category| !categories::is_known(category)) {
        return Err(Error::not_simulated(format!("events of the category {unknown}")));
    }
    if wanted.start_time.is_some_and(|start| start.0 < state.now - RETENTION) {
        return Err(Error::not_simulated("events of more than 14 days ago".to_owned()));
    }
    if let Some(id) = wanted.source_identifier.as_deref().filter(|id| id.ends_with('-') || id.contains("--")) {
        // "Can't end with a hyphen or contain two consecutive hyphens."
        return Err(Error::new("InvalidParameterValue", format!("Invalid source identifier: {id}.")));
    }
    let size = paging::size(wanted.max_records)?;
    let last = paging::last("Events", wanted.marker.as_ref())?;
    let after = last.and_then(|number| number.parse().ok()).unwrap_or_default();
    let (from, to) = wanted.time(state.now)?;
    let events = &ctx.rds(state).events.entries;
    let start = events.partition_point(|event| event.at < from || event.number <= after);
    let found = events
        .range(start..)
        .take_while(|event| event.at <= to)
        .filter(|event| wanted.fits(event))
        .map(|event| (event.number, event.view()));
    let (found, marker) = page::cut(found, size);
    Ok(json!({ "Events": found, "Marker": marker.map(|number| page::marker("Events", &number.to_string())) }))
}

impl DescribeRequest {
    fn time(&self, now: DateTime<Utc>) -> Result<(DateTime<Utc>, DateTime<Utc>), Error> {
        if let Some(minutes) = self.duration.filter(|minutes| *minutes < 1) {
            return Err(Error::new("InvalidParameterValue", format!("Invalid duration: {minutes} minutes.")));
        }
        let duration = self.duration.map_or(DEFAULT_PERIOD, |minutes| TimeDelta::minutes(minutes.into()));
        let (from, to) = match (self.start_time.map(|time| time.0), self.end_time.map(|time| time.0)) {
            (Some(from), Some(to)) => (from, to),
            (Some(from), None) => (from, if self.duration.is_some() { from + duration } else { now }),
            (None, Some(to)) => (to - duration, to),
            (None, None) => (now - duration, now),
        };
        if from > to {
            return Err(Error::new("InvalidParameterCombination", "The start time is after the end time."));
        }
        Ok((from.max(now - RETENTION), to))
    }

    fn fits(&self, event: &Event) -> bool {
        self.source_type.as_ref().is_none_or(|wanted| wanted == event.source.source_type())
            && self.source_identifier.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(&event.source.id))
            && (self.event_categories.is_empty()
                || self.event_categories.iter().any(|wanted| wanted == event.details.category))
    }
}

impl Event {
    fn view(&self) -> Value {
        json!({
            "SourceIdentifier": self.source.id,
            "SourceType": self.source.source_type(),
            "SourceArn": self.source.to_string(),
            "Message": self.details.message,
            "EventCategories": [self.details.category],
            "Date": clock::text(self.at),
        })
    }
}
