//! A database as AWS describes it at one moment, as far as provisioning it needs that.

use chrono::{DateTime, Utc};

use crate::arn::DatabaseArn;
use crate::job::{JobId, names};
use crate::spec::{Settings, Spec};
use crate::tags::{self, Tags};

/// An instance that is not in a cluster, or a cluster with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Its ARN, by its name at this moment.
    pub arn: DatabaseArn,
    /// Its resource ID, which AWS never gives to another database, and which stays when it is renamed.
    pub resource_id: String,
    /// When it was created. AWS does not state it of a database that is being created.
    pub created: Option<DateTime<Utc>>,
    /// Whether it is ready, in progress, or failed. For a cluster, without its members.
    pub condition: Condition,
    /// Whether it is protected from deletion.
    pub is_protected: bool,
    /// Whether a parameter group takes effect only when it is rebooted.
    pub needs_reboot: bool,
    /// Its settings. The members of a cluster are in [`members`](Self::members).
    pub spec: Spec,
    /// The members of a cluster.
    pub members: Vec<ObservedMember>,
    /// Where it accepts connections. `None` as long as it does not.
    pub endpoint: Option<Endpoint>,
    /// The ARN of the secret in which RDS keeps the password of the master user, if it does.
    pub secret: Option<String>,
    /// Whether RDS cannot rotate that secret.
    pub has_impaired_secret: bool,
    /// The parameter groups that AWS could not apply.
    pub failed_groups: Vec<String>,
    /// The times to which it can be restored, as far as its description states them.
    pub latest_restorable: Option<DateTime<Utc>>,
    /// The VPC of its subnet group.
    pub vpc: Option<String>,
    /// Its tags, with those of Draco.
    pub tags: Tags,
}

/// An instance in a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedMember {
    /// Its ARN.
    pub arn: DatabaseArn,
    /// When it was created. AWS does not state it of an instance that is being created.
    pub created: Option<DateTime<Utc>>,
    /// Whether it is ready, in progress, or failed.
    pub condition: Condition,
    /// Whether a parameter group of the member or of the cluster takes effect only when it is rebooted.
    pub needs_reboot: bool,
    /// The parameter groups that AWS could not apply.
    pub failed_groups: Vec<String>,
    /// Whether it is the writer.
    pub is_writer: bool,
    /// Its settings.
    pub settings: Settings,
    /// Its tags.
    pub tags: Tags,
}

/// The address of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The host name.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// What can be done with a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is available, and AWS is not about to change it.
    Ready,
    /// As ready, but AWS is backing it up, and changes nothing until the backup is complete.
    BackingUp,
    /// It is being created or changed. The text is the reason, in AWS's words.
    InProgress(String),
    /// It is stopped, and can be started.
    Stopped,
    /// It has failed for good. The text is AWS's status.
    Failed(String),
    /// It is being deleted.
    Deleting,
}

/// What AWS describes of a database or of a member, as far as it decides the [`Condition`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The status.
    pub status: String,
    /// The names of the values that are not in effect yet (`PendingModifiedValues`). "This setting is only returned when
    /// changes are pending". A new name and a new password are here, too.
    pub pending: Vec<String>,
    /// The parameter groups, each with the status of its application.
    pub parameter_groups: Vec<(String, String)>,
    /// The security groups, each with its status.
    pub security_groups: Vec<(String, String)>,
    /// The option groups, each with its status.
    pub option_groups: Vec<(String, String)>,
    /// The status of the secret with the password of the master user.
    pub secret: Option<String>,
}

/// Statuses that do not end by themselves. `storage-full` needs a person, like the others.
const FAILED: [&str; 18] = [
    "cloning-failed",
    "failed",
    "incompatible-create",
    "incompatible-credentials",
    "incompatible-network",
    "incompatible-option-group",
    "incompatible-parameters",
    "incompatible-restore",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "insufficient-capacity",
    "migration-failed",
    "modify-failed",
    "restore-error",
    "restore-failed",
    "storage-full",
    "upgrade-failed",
    "creation-failed",
];

/// The status of a database that does not run. "The instance restarts automatically after 7 days" (`StopDBInstance`).
const STOPPED: &str = "stopped";
/// "impaired - The secret can be used to access database credentials, but it can't be rotated" (`MasterUserSecret`). It stays so until a
/// person has mended the permissions of its key.
const IMPAIRED: &str = "impaired";

/// The status of an option group that does not end by itself: "in-sync, pending-apply, …, applying, removing, and failed"
/// (`OptionGroupMembership`).
const FAILED_GROUP: &str = "failed";
/// "failed-to-apply: The parameter group is in an invalid state" (`DBParameterGroupStatus`).
const FAILED_TO_APPLY: &str = "failed-to-apply";

/// Statuses of a database that is on its way out.
const DELETING: [&str; 2] = ["deleting", "deleted"];
/// Statuses of a database that can be used and changed. "Storage-optimization usually takes a few minutes to complete, but can take more than
/// 24 hours", and only its storage cannot be changed again until then (AWS's knowledge centre). `storage-initialization`: "The DB instance is
/// loading data blocks from Amazon S3 to optimize volume performance after being restored from a snapshot. It remains available for
/// operations" (RDS User Guide, "Viewing Amazon RDS DB instance status"). No text says whether it can be changed: if AWS refuses a change, it is
/// made at a later look. `storage-config-upgrade` is of replicas and green databases, whose "database engine isn't available" (the same guide).
const AVAILABLE: [&str; 3] = ["available", "storage-initialization", "storage-optimization"];

/// "The DB instance is currently being backed up." It serves as before.
const BACKING_UP: &str = "backing-up";

impl Facts {
    /// The condition, as AWS's own CloudFormation handler for RDS judges it: `available`, no pending value, no parameter group
    /// that is being applied, security groups `active`, option groups `in-sync`, the secret absent or `active`. An `impaired`
    /// secret is no obstacle: it does not end by itself, and the password works.
    ///
    /// The status alone is not enough: right after a modification it is still `available`.
    #[must_use]
    pub fn condition(&self) -> Condition {
        let status = self.status.as_str();
        if DELETING.contains(&status) {
            return Condition::Deleting;
        }
        if FAILED.contains(&status) {
            return Condition::Failed(status.to_owned());
        }
        if status == STOPPED {
            return Condition::Stopped;
        }
        let failed = self.option_groups.iter().find(|(_, status)| status == FAILED_GROUP);
        if let (Some((group, status)), true) = (failed, self.is_idle()) {
            return Condition::Failed(format!("{status} (option group {group})"));
        }
        match self.obstacle() {
            Some(obstacle) => Condition::InProgress(obstacle),
            None if status == BACKING_UP => Condition::BackingUp,
            None => Condition::Ready,
        }
    }

    /// Whether AWS is not changing it, by its status.
    fn is_idle(&self) -> bool {
        AVAILABLE.contains(&self.status.as_str()) || self.status == BACKING_UP
    }

    /// The first reason why it is not ready.
    fn obstacle(&self) -> Option<String> {
        if !self.is_idle() {
            return Some(self.status.clone());
        }
        let unlike = |groups: &[(String, String)], what: &str, is_settled: fn(&str) -> bool| {
            let (name, status) = groups.iter().find(|(_, status)| !is_settled(status))?;
            Some(format!("the {what} group {name} is {status}"))
        };
        let pending = || Some(format!("pending: {}", self.pending.join(", "))).filter(|_| !self.pending.is_empty());
        let secret = || self.secret.as_deref().filter(|status| !["active", IMPAIRED].contains(status));
        pending()
            .or_else(|| unlike(&self.parameter_groups, "parameter", |status| status != "applying"))
            .or_else(|| unlike(&self.security_groups, "security", |status| status == "active"))
            .or_else(|| unlike(&self.option_groups, "option", |status| status == "in-sync"))
            .or_else(|| secret().map(|status| format!("the secret of the master user is {status}")))
    }

    /// Whether RDS cannot rotate the secret of the master user.
    #[must_use]
    pub fn has_impaired_secret(&self) -> bool {
        self.secret.as_deref() == Some(IMPAIRED)
    }

    /// The parameter groups that AWS could not apply. The database runs without their change.
    #[must_use]
    pub fn failed_groups(&self) -> Vec<String> {
        let failed = self.parameter_groups.iter().filter(|(_, status)| status == FAILED_TO_APPLY);
        failed.map(|(name, _)| name.clone()).collect()
    }

    /// Whether a parameter group takes effect only when the database is rebooted.
    #[must_use]
    pub fn needs_reboot(&self) -> bool {
        self.parameter_groups.iter().any(|(_, status)| status == "pending-reboot")
    }
}

/// The job that created a resource: its name and its tag agree. Neither alone decides: anyone can choose a name, and a restore
/// copies the tags of its snapshot (invariant 21).
#[must_use]
pub fn owner(arn: &DatabaseArn, tags: &Tags) -> Option<JobId> {
    let (_, job) = names::parse(arn.id())?;
    (tags.get(tags::JOB) == Some(job.as_str())).then_some(job)
}

impl Observed {
    /// The job that created it, or moved it aside.
    #[must_use]
    pub fn owner(&self) -> Option<JobId> {
        owner(&self.arn, &self.tags)
    }
}

impl ObservedMember {
    /// The job that created it, or moved it aside.
    #[must_use]
    pub fn owner(&self) -> Option<JobId> {
        owner(&self.arn, &self.tags)
    }
}
