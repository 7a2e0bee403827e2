//! The decisions of provision: its three tables (decide, teardown, sweep) under every combination, the settings of new databases, and the
//! requests that cannot work.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod checks;
mod classes;
mod compared;
mod decide;
mod origins;
mod plans;
mod reports;
mod settled;
mod sweep;
mod teardown;
mod values;

use chrono::{DateTime, TimeDelta, Utc};
use protocol::job::{Approval, Request, Role, Source, Verb};
use protocol::observed::{Condition, Observed, ObservedMember};
use protocol::spec::{Settings, Spec};
use protocol::{DatabaseArn, Engine, Job, Kind, Place, Snapshot, SnapshotArn, Status, Tags, tags};

/// The resource ID of the database that a job replaces.
const OLD: &str = "db-OLD";

fn place() -> Place {
    Place { region: "eu-west-1".parse().unwrap(), account: "222222222222".parse().unwrap() }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_226_400, 0).unwrap()
}

fn request(kind: Kind, verb: Verb) -> Request {
    Request {
        verb,
        source: Source::Snapshot(SnapshotArn::new(kind, place(), "draco-orders").unwrap()),
        target: DatabaseArn::new(kind, place(), "orders").unwrap(),
        replaces: Some(OLD.to_owned()),
        overrides: Settings::new(),
        approval: Approval::Given,
        keep: TimeDelta::zero(),
        deadline: now() + TimeDelta::hours(2),
    }
}

fn job(kind: Kind, verb: Verb) -> Job {
    Job::new(request(kind, verb)).unwrap()
}

/// The job's database in this condition, ready and without members.
fn observed(job: &Job, role: Role) -> Observed {
    let arn = job.database(role);
    Observed {
        resource_id: if role == Role::Old { OLD } else { "db-NEW" }.to_owned(),
        created: Some(now() - TimeDelta::days(1)),
        condition: Condition::Ready,
        is_protected: false,
        needs_reboot: false,
        spec: Spec::new(arn.kind, "aurora-postgresql", "16.3"),
        members: Vec::new(),
        endpoint: None,
        secret: None,
        has_impaired_secret: false,
        failed_groups: Vec::new(),
        latest_restorable: None,
        vpc: None,
        tags: job.to_tags(),
        arn,
    }
}

fn member(job: &Job, role: Role, nth: u8, condition: Condition) -> ObservedMember {
    ObservedMember {
        arn: job.member(role, nth),
        created: Some(now() - TimeDelta::hours(1)),
        condition,
        needs_reboot: false,
        failed_groups: Vec::new(),
        is_writer: nth == 1,
        settings: Settings::new(),
        tags: Tags::from_iter([(tags::JOB, job.id().as_str())]),
    }
}

/// An encrypted snapshot of 100 GiB.
fn snapshot(arn: SnapshotArn, tags: Tags) -> Snapshot {
    Snapshot {
        arn,
        database: "orders".into(),
        resource_id: None,
        engine: Engine::Rds,
        status: Status::Available,
        progress: 100,
        gib: 100,
        is_encrypted: true,
        key: None,
        created: None,
        original_created: None,
        copied_from: None,
        tags,
    }
}

/// Every condition.
fn conditions() -> [Condition; 6] {
    [
        Condition::Ready,
        Condition::BackingUp,
        Condition::InProgress("creating".to_owned()),
        Condition::Stopped,
        Condition::Failed("incompatible-restore".to_owned()),
        Condition::Deleting,
    ]
}
