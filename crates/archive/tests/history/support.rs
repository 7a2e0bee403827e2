//! Copies of one database, as DR finds them.

use archive::{Archive, History};
use chrono::{DateTime, Datelike, Utc};
use protocol::{Attempt, DatabaseArn, Kind, Origin, Place, Snapshot, Status, Tags, tags};
use retention::Lifecycles;

/// A copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CopyOf {
    pub(crate) source: String,
    pub(crate) kind: Kind,
    pub(crate) taken: DateTime<Utc>,
    pub(crate) arrived: DateTime<Utc>,
    pub(crate) lifecycle: Option<String>,
    pub(crate) tags: Tags,
    pub(crate) status: Status,
    pub(crate) attempt: Attempt,
    pub(crate) is_reported: bool,
}

impl CopyOf {
    /// A copy that is taken and arrives at this time. The last of a month ends in `-end`.
    pub(crate) fn new(name: &str, kind: Kind, time: DateTime<Utc>) -> Self {
        let next_day = time + chrono::TimeDelta::days(1);
        let end = if next_day.month() == time.month() { "" } else { "-end" };
        Self {
            source: format!("{name}-{}{end}", time.format("%Y%m%d")),
            kind,
            taken: time,
            arrived: time,
            lifecycle: None,
            tags: Tags::default(),
            status: Status::Available,
            attempt: Attempt::FIRST,
            is_reported: true,
        }
    }

    pub(crate) fn lifecycle(self, name: &str) -> Self {
        Self { lifecycle: Some(name.to_owned()), ..self }
    }

    pub(crate) fn taken(self, taken: DateTime<Utc>) -> Self {
        Self { taken, ..self }
    }

    pub(crate) fn tag(self, key: &str, value: &str) -> Self {
        Self { tags: self.tags.with([(key, value)]), ..self }
    }

    /// As AWS describes it.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let database = database(self.kind);
        let snapshot = format!("arn:aws:rds:eu-west-1:111111111111:{}:{}", self.kind.snapshot_type(), self.source);
        let origin = Origin { snapshot: snapshot.parse().unwrap(), database, taken: self.taken };
        let mut tags = origin.to_tags().with(self.tags.iter());
        if let Some(lifecycle) = &self.lifecycle {
            tags.set(tags::LIFECYCLE, lifecycle);
        }
        if self.is_reported {
            tags.set(tags::REPORTED, &self.arrived.to_rfc3339());
        }
        Snapshot {
            arn: origin.copy_of(self.attempt, &dr()),
            database: "orders".into(),
            resource_id: None,
            engine: protocol::Engine::Rds,
            status: self.status,
            progress: 100,
            gib: 20,
            is_encrypted: true,
            key: None,
            created: Some(self.arrived),
            original_created: None,
            copied_from: None,
            tags,
        }
    }
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

pub(crate) fn dr() -> Place {
    Place { region: "eu-west-1".parse().unwrap(), account: "222222222222".parse().unwrap() }
}

pub(crate) fn database(kind: Kind) -> DatabaseArn {
    format!("arn:aws:rds:eu-west-1:111111111111:{}:orders", kind.database_type()).parse().unwrap()
}

/// The history of the database that all copies belong to.
pub(crate) fn history(copies: &[CopyOf]) -> History {
    let snapshots: Vec<_> = copies.iter().map(CopyOf::snapshot).collect();
    Archive::of(dr(), &snapshots).database(&database(copies.first().map_or(Kind::Instance, |copy| copy.kind)))
}

/// The built-in lifecycles, one that keeps a year of months, and one that keeps almost nothing.
pub(crate) fn known() -> Lifecycles {
    serde_json::from_str(r#"{"Archive": {"daily": 2, "monthly": 12}, "Last": {"last": 1}}"#).unwrap()
}
