//! The operations: the text of each in an error, and its kind.

use std::fmt;

use chrono::SecondsFormat;
use protocol::job::{Moment, Source};
use protocol::spec::Group;
use protocol::{AccountId, DatabaseArn, Kind, Message, SnapshotArn, TopicArn};

/// An operation and its object.
pub(crate) enum Operation<'a> {
    Find(&'a SnapshotArn),
    List(Kind, Option<&'a str>),
    FindDatabase(Kind, &'a str),
    ListDatabases(Kind),
    DescribeMembers(&'a str),
    DescribeParameters(&'a Group),
    DescribeQuotas,
    Observe(&'a DatabaseArn),
    FindBackups(Kind, &'a str),
    FindGroup {
        what: &'static str,
        name: &'a str,
    },
    ListOffers {
        engine: &'a str,
        version: &'a str,
    },
    Restore {
        from: &'a Source,
        to: &'a DatabaseArn,
    },
    CreateMember {
        member: &'a DatabaseArn,
        cluster: &'a DatabaseArn,
    },
    Modify(&'a DatabaseArn),
    Rename {
        database: &'a DatabaseArn,
        to: &'a str,
    },
    Reboot(&'a DatabaseArn),
    Unprotect(&'a DatabaseArn),
    /// Starts a stopped database.
    StartDatabase(&'a DatabaseArn),
    TagDatabase {
        database: &'a DatabaseArn,
        key: &'a str,
    },
    UntagDatabase(&'a DatabaseArn),
    FindEvents(&'a DatabaseArn),
    DeleteDatabase(&'a DatabaseArn),
    ReadSecret(&'a str),
    #[cfg(feature = "verify")]
    ReadObject {
        bucket: &'a str,
        key: &'a str,
    },
    #[cfg(feature = "verify")]
    WriteObject {
        bucket: &'a str,
        key: &'a str,
    },
    #[cfg(feature = "verify")]
    Invoke(&'a str),
    #[cfg(feature = "verify")]
    PublishReport(&'a TopicArn),
    Copy {
        from: &'a SnapshotArn,
        to: &'a SnapshotArn,
    },
    Share {
        snapshot: &'a SnapshotArn,
        with: &'a AccountId,
    },
    Tag {
        snapshot: &'a SnapshotArn,
        key: &'a str,
    },
    Delete(&'a SnapshotArn),
    Publish {
        topic: &'a TopicArn,
        message: &'a Message,
    },
    StartTimer {
        state_machine_arn: &'a str,
        name: &'a str,
    },
    ReadTimer {
        state_machine_arn: &'a str,
        name: &'a str,
    },
    StopTimer {
        state_machine_arn: &'a str,
        name: &'a str,
    },
    CountTimers {
        state_machine_arn: &'a str,
    },
    GetKey(&'a str),
}

/// An operation without its object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OperationKind {
    Describe,
    Copy,
    CopyShared,
    Share,
    Tag,
    Delete,
    /// Restores a database, or creates a member of a cluster.
    Create,
    ChangeDatabase,
    DeleteDatabase,
    ReadSecret,
    /// With the feature `verify`.
    Object,
    /// The same.
    Invoke,
    Publish,
    Timer,
    GetKey,
}

impl Operation<'_> {
    pub(super) fn kind(&self) -> OperationKind {
        match self {
            Self::Find(_)
            | Self::List(..)
            | Self::FindDatabase(..)
            | Self::ListDatabases(_)
            | Self::DescribeMembers(_)
            | Self::DescribeParameters(_)
            | Self::DescribeQuotas
            | Self::Observe(_)
            | Self::FindBackups(..)
            | Self::FindEvents(_)
            | Self::FindGroup { .. }
            | Self::ListOffers { .. } => OperationKind::Describe,
            Self::Restore { .. } | Self::CreateMember { .. } => OperationKind::Create,
            Self::Modify(_)
            | Self::Rename { .. }
            | Self::Reboot(_)
            | Self::Unprotect(_)
            | Self::StartDatabase(_)
            | Self::TagDatabase { .. }
            | Self::UntagDatabase(_) => OperationKind::ChangeDatabase,
            Self::DeleteDatabase(_) => OperationKind::DeleteDatabase,
            Self::ReadSecret(_) => OperationKind::ReadSecret,
            Self::Copy { from, to } if from.place.account == to.place.account => OperationKind::Copy,
            Self::Copy { .. } => OperationKind::CopyShared,
            Self::Share { .. } => OperationKind::Share,
            Self::Tag { .. } => OperationKind::Tag,
            Self::Delete(_) => OperationKind::Delete,
            #[cfg(feature = "verify")]
            Self::ReadObject { .. } | Self::WriteObject { .. } => OperationKind::Object,
            #[cfg(feature = "verify")]
            Self::Invoke(_) => OperationKind::Invoke,
            #[cfg(feature = "verify")]
            Self::PublishReport(_) => OperationKind::Publish,
            Self::Publish { .. } => OperationKind::Publish,
            Self::StartTimer { .. } | Self::ReadTimer { .. } | Self::StopTimer { .. } | Self::CountTimers { .. } => {
                OperationKind::Timer
            }
            Self::GetKey(_) => OperationKind::GetKey,
        }
    }
}

impl fmt::Display for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Find(snapshot) => write!(f, "describing {}", snapshot.id()),
            Self::List(kind, None) => write!(f, "listing {}s", kind.snapshot_type()),
            Self::List(kind, Some(database)) => write!(f, "listing {}s of {database}", kind.snapshot_type()),
            Self::FindDatabase(kind, id) => write!(f, "describing the {} {id}", kind.database_type()),
            Self::ListDatabases(kind) => write!(f, "listing {}s", kind.database_type()),
            Self::DescribeMembers(cluster) => write!(f, "describing the members of the cluster {cluster}"),
            Self::DescribeParameters(group) => write!(f, "describing the parameters of the group {}", group.name),
            Self::DescribeQuotas => write!(f, "describing the quotas of the account"),
            Self::Observe(database) => write!(f, "describing the {} {}", database.kind.database_type(), database.id()),
            Self::FindBackups(kind, id) => {
                write!(f, "describing the automated backups of the {} {id}", kind.database_type())
            }
            Self::FindGroup { what, name } => write!(f, "describing the {what} {name}"),
            Self::ListOffers { engine, version } => write!(f, "listing the classes for {engine} {version}"),
            Self::Restore { from, to } => {
                let from = match from {
                    Source::Snapshot(snapshot) => snapshot.id().to_owned(),
                    Source::PointInTime { resource_id, moment: Moment::Latest } => resource_id.clone(),
                    Source::PointInTime { resource_id, moment: Moment::At(time) } => {
                        format!("{resource_id} as of {}", time.to_rfc3339_opts(SecondsFormat::Secs, true))
                    }
                    Source::Clone { resource_id } => format!("a clone of {resource_id}"),
                };
                write!(f, "restoring {from} as {}", to.id())
            }
            Self::CreateMember { member, cluster } => write!(f, "creating {} in {}", member.id(), cluster.id()),
            Self::Modify(database) => write!(f, "modifying {}", database.id()),
            Self::Rename { database, to } => write!(f, "renaming {} to {to}", database.id()),
            Self::Reboot(database) => write!(f, "rebooting {}", database.id()),
            Self::Unprotect(database) => write!(f, "removing the deletion protection of {}", database.id()),
            Self::StartDatabase(database) => {
                write!(f, "starting the {} {}", database.kind.database_type(), database.id())
            }
            Self::TagDatabase { database, key } => write!(f, "tagging {} with {key}", database.id()),
            Self::UntagDatabase(database) => write!(f, "removing tags of {}", database.id()),
            Self::FindEvents(database) => write!(f, "describing the events of {}", database.id()),
            Self::DeleteDatabase(database) => {
                write!(f, "deleting the {} {}", database.kind.database_type(), database.id())
            }
            Self::ReadSecret(arn) => write!(f, "reading the secret {arn}"),
            #[cfg(feature = "verify")]
            Self::ReadObject { bucket, key } => write!(f, "reading s3://{bucket}/{key}"),
            #[cfg(feature = "verify")]
            Self::WriteObject { bucket, key } => write!(f, "writing s3://{bucket}/{key}"),
            #[cfg(feature = "verify")]
            Self::Invoke(function) => write!(f, "invoking {function}"),
            #[cfg(feature = "verify")]
            Self::PublishReport(topic) => write!(f, "publishing a report to {topic}"),
            Self::Copy { from, to } => write!(f, "copying {} to {}", from.id(), to.id()),
            Self::Share { snapshot, with } => write!(f, "sharing {} with {with}", snapshot.id()),
            Self::Tag { snapshot, key } => write!(f, "tagging {} with {key}", snapshot.id()),
            Self::Delete(snapshot) => write!(f, "deleting {}", snapshot.id()),
            Self::Publish { topic, message } => {
                write!(f, "publishing {} for {} to {topic}", message.event(), message.origin().snapshot.id())
            }
            Self::StartTimer { state_machine_arn, name } => {
                write!(f, "starting the timer {name} of {state_machine_arn}")
            }
            Self::ReadTimer { state_machine_arn, name } => {
                write!(f, "describing the timer {name} of {state_machine_arn}")
            }
            Self::StopTimer { state_machine_arn, name } => {
                write!(f, "stopping the timer {name} of {state_machine_arn}")
            }
            Self::CountTimers { state_machine_arn } => write!(f, "listing the timers of {state_machine_arn}"),
            Self::GetKey(alias) => write!(f, "finding or creating the key {alias}"),
        }
    }
}
