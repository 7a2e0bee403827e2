//! Errors of AWS calls, in one line each: the operation and its object, AWS's answer, the usual remedy.

use std::fmt;

use aws_sdk_rds::config::http::HttpResponse;
use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use chrono::SecondsFormat;
use protocol::job::{Moment, Source};
use protocol::spec::Group;
use protocol::{AccountId, DatabaseArn, Kind, Message, SnapshotArn, TopicArn};

/// A call that AWS refused or did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {failure}{}", .remedy.as_deref().map(|remedy| format!("; {remedy}")).unwrap_or_default())]
pub struct Error {
    operation: String,
    failure: Failure,
    remedy: Option<String>,
}

/// The class of an error: what a caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The object does not exist: look again.
    Gone,
    /// The object to create exists already.
    Exists,
    /// The object's state does not allow the operation now: look again later.
    WrongState,
    /// Too many calls: retry later.
    Throttled,
    /// A quota is reached: retry after deleting snapshots or databases, or raising the quota.
    Quota,
    /// AWS has no machine or storage of this kind free at the moment: retry later, or choose another class.
    Capacity,
    /// The request names a group, certificate or directory that does not exist: a person has to create it, or name another one.
    Missing,
    /// The values of the request are invalid, or contradict each other or the source: retries fail, too.
    Invalid,
    /// A key cannot be used: a person has to fix its policy or state.
    KeyRefused,
    /// Another permission is missing: a person has to grant it.
    Denied,
    /// No answer, or a failure on AWS's side. The call may or may not have had an effect.
    Unreachable,
    /// AWS refuses the request itself, for another reason.
    Other,
}

/// AWS's error codes. RDS's operations for instances and clusters, and the services, spell the same error differently.
const CODES: [(Class, &[&str]); 11] = [
    (
        Class::Gone,
        &[
            "DBSnapshotNotFound",
            "DBSnapshotNotFoundFault",
            "DBClusterSnapshotNotFound",
            "DBClusterSnapshotNotFoundFault",
            "DBInstanceNotFound",
            "DBInstanceNotFoundFault",
            "DBClusterNotFound",
            "DBClusterNotFoundFault",
            "DBInstanceAutomatedBackupNotFound",
            "DBClusterAutomatedBackupNotFoundFault",
            // SNS, KMS, Secrets Manager, Step Functions.
            "NotFound",
            "ResourceNotFoundException",
            "NotFoundException",
            "StateMachineDoesNotExist",
            "ExecutionDoesNotExist",
        ],
    ),
    (
        Class::Exists,
        &[
            "DBSnapshotAlreadyExists",
            "DBClusterSnapshotAlreadyExistsFault",
            "DBInstanceAlreadyExists",
            "DBClusterAlreadyExistsFault",
            "AlreadyExistsException",
            "ExecutionAlreadyExists",
        ],
    ),
    (
        Class::WrongState,
        &[
            "InvalidDBSnapshotState",
            "InvalidDBClusterSnapshotStateFault",
            "InvalidDBInstanceState",
            "InvalidDBClusterStateFault",
            "InvalidDBSubnetGroupStateFault",
            "InvalidDBParameterGroupState",
            "InvalidDBSecurityGroupState",
            "InvalidGlobalClusterStateFault",
            "KMSInvalidStateException",
            "StateMachineDeleting",
        ],
    ),
    (
        Class::Throttled,
        &[
            "Throttling",
            "ThrottlingException",
            "Throttled",
            "ThrottledException",
            "RequestLimitExceeded",
            "TooManyRequestsException",
        ],
    ),
    (
        Class::Quota,
        &[
            "StorageQuotaExceeded",
            "SnapshotQuotaExceeded",
            "SharedSnapshotQuotaExceeded",
            "InstanceQuotaExceeded",
            "DBClusterQuotaExceededFault",
            "DBInstanceAutomatedBackupQuotaExceeded",
            "DBClusterAutomatedBackupQuotaExceededFault",
            "DBClusterRoleQuotaExceeded",
            "TenantDatabaseQuotaExceeded",
            "LimitExceededException",
            "ExecutionLimitExceeded",
        ],
    ),
    (
        Class::Capacity,
        &[
            "InsufficientDBInstanceCapacity",
            "InsufficientDBClusterCapacityFault",
            "InsufficientStorageClusterCapacity",
            "ProvisionedIopsNotAvailableInAZFault",
            "StorageTypeNotAvailableFault",
        ],
    ),
    (
        Class::Missing,
        &[
            "DBSubnetGroupNotFoundFault",
            "DBParameterGroupNotFound",
            "DBParameterGroupNotFoundFault",
            "DBClusterParameterGroupNotFound",
            "OptionGroupNotFoundFault",
            "DBSecurityGroupNotFound",
            "AuthorizationNotFound",
            "CertificateNotFound",
            "DomainNotFoundFault",
            "BackupPolicyNotFoundFault",
        ],
    ),
    (
        Class::Invalid,
        &[
            // A request that the SDK cannot build stays the same when it is repeated.
            NOT_SENT,
            "InvalidParameterValue",
            "InvalidParameterCombination",
            "MissingParameter",
            "InvalidRestoreFault",
            "InvalidSubnet",
            "InvalidVPCNetworkStateFault",
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "StorageTypeNotSupported",
            "NetworkTypeNotSupported",
            "PointInTimeRestoreNotEnabled",
            "VpcEncryptionControlViolationException",
            "DBUpgradeDependencyFailure",
            // Secrets Manager.
            "InvalidParameterException",
            "InvalidRequestException",
        ],
    ),
    (
        Class::KeyRefused,
        &["KMSKeyNotAccessibleFault", "KMSAccessDenied", "KMSDisabled", "DisabledException", "DecryptionFailure"],
    ),
    (
        Class::Denied,
        &[
            "AccessDenied",
            "AccessDeniedException",
            "AuthorizationError",
            "AuthorizationErrorException",
            "UnauthorizedOperation",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "ExpiredToken",
            "ExpiredTokenException",
            "RequestExpired",
            "SignatureDoesNotMatch",
            "OptInRequired",
        ],
    ),
    (
        Class::Unreachable,
        &[
            TIMEOUT,
            NO_CONNECTION,
            INVALID_RESPONSE,
            "InternalFailure",
            "InternalError",
            "InternalServerError",
            "InternalErrorException",
            "InternalServiceError",
            "KMSInternalException",
            "DependencyTimeoutException",
            "ServiceUnavailable",
            "ServiceUnavailableException",
        ],
    ),
];

/// Codes for errors of the SDK itself, which have no code of AWS's.
const TIMEOUT: &str = "Timeout";
const NO_CONNECTION: &str = "NoConnection";
const INVALID_RESPONSE: &str = "InvalidResponse";
const NOT_SENT: &str = "NotSent";

/// The usual remedies. The first matching row applies; `{account}` is the calling account.
const REMEDIES: [(Class, &[OperationKind], &str); 31] = [
    (
        Class::KeyRefused,
        &[OperationKind::Create],
        "check that the key of the data is enabled, and that its policy and the caller's role allow kms:CreateGrant and kms:DescribeKey",
    ),
    (Class::KeyRefused, &[OperationKind::ReadSecret], "check that the policy of the secret's key allows kms:Decrypt"),
    (
        Class::Quota,
        &[OperationKind::Create, OperationKind::DeleteDatabase],
        "raise the quota of {account} for databases, storage or their backups in Service Quotas, or delete databases or backups",
    ),
    (Class::Capacity, &[], "try again later, or choose another class, storage type or zone"),
    (Class::Missing, &[], "create it in this region of {account}, or name another one"),
    (
        Class::Exists,
        &[OperationKind::Create, OperationKind::ChangeDatabase],
        "another database has that identifier: rename or delete it, or choose another one",
    ),
    (
        Class::Exists,
        &[OperationKind::DeleteDatabase],
        "another snapshot has the identifier of the final snapshot: rename or delete it",
    ),
    (
        Class::WrongState,
        &[OperationKind::Create, OperationKind::ChangeDatabase, OperationKind::DeleteDatabase],
        "AWS is still changing it; Draco looks again",
    ),
    (
        Class::Gone,
        &[OperationKind::Create],
        "the snapshot or the backup was deleted in the meantime: choose another one",
    ),
    (Class::Gone, &[OperationKind::ReadSecret], "the secret is gone with its database"),
    (Class::Invalid, &[OperationKind::Create, OperationKind::ChangeDatabase], "correct the settings that AWS names"),
    (
        Class::Invalid,
        &[OperationKind::DeleteDatabase],
        "check that it is not protected from deletion, and that a final snapshot can be taken of it",
    ),
    (Class::Invalid, &[OperationKind::ReadSecret], "check that the secret is not scheduled for deletion"),
    (Class::KeyRefused, &[OperationKind::CopyShared], "check that the transit key's policy allows {account}"),
    (
        Class::KeyRefused,
        &[OperationKind::Copy],
        "check that the key is enabled and that its policy and this function's role allow kms:CreateGrant",
    ),
    (Class::KeyRefused, &[], "check that the key is enabled and that its policy allows this function's role"),
    (
        Class::Quota,
        &[OperationKind::Copy, OperationKind::CopyShared],
        "raise the manual snapshot quota of {account}, or keep fewer copies",
    ),
    (Class::Quota, &[OperationKind::Share], "a snapshot can be shared with at most 20 accounts: remove one"),
    (Class::Quota, &[], "raise the quota of {account} in Service Quotas"),
    (
        Class::WrongState,
        &[OperationKind::Share],
        "only an available manual snapshot that is not encrypted under a default key can be shared",
    ),
    (
        Class::WrongState,
        &[OperationKind::Copy, OperationKind::CopyShared],
        "only an available snapshot can be copied; Draco retries",
    ),
    (
        Class::WrongState,
        &[OperationKind::Delete],
        "automated snapshots and sources of running copies cannot be deleted",
    ),
    (Class::WrongState, &[OperationKind::GetKey], "check that the key is enabled and not scheduled for deletion"),
    (
        Class::Gone,
        &[OperationKind::CopyShared],
        "check that the transit copy still exists and is shared with {account}",
    ),
    (Class::Gone, &[OperationKind::Copy, OperationKind::Share], "it was deleted in the meantime"),
    (Class::Gone, &[OperationKind::Publish], "check that the stack with that topic exists in its account and region"),
    (Class::Gone, &[OperationKind::Timer], "check that WAIT4COPY_ARN is the state machine of this stack"),
    (
        Class::Denied,
        &[OperationKind::Publish],
        "check that the topic's policy and this function's role allow {account} to publish",
    ),
    (Class::Denied, &[], "check the permissions of this function's role"),
    (Class::Throttled, &[], "Draco retries; if it persists, ask AWS for a higher API rate for {account}"),
    (Class::Unreachable, &[], "Draco retries; if it persists, check the network and the AWS Health Dashboard"),
];

/// An operation and its object.
pub(crate) enum Operation<'a> {
    Find(&'a SnapshotArn),
    List(Kind, Option<&'a str>),
    FindDatabase(Kind, &'a str),
    ListDatabases(Kind),
    DescribeMembers(&'a str),
    DescribeParameters(&'a Group),
    DescribeQuota(Kind),
    Observe(&'a DatabaseArn),
    FindBackups(Kind, &'a str),
    FindGroup { what: &'static str, name: &'a str },
    ListOffers { engine: &'a str, version: &'a str },
    Restore { from: &'a Source, to: &'a DatabaseArn },
    CreateMember { member: &'a DatabaseArn, cluster: &'a DatabaseArn },
    Modify(&'a DatabaseArn),
    TagDatabase { database: &'a DatabaseArn, key: &'a str },
    Rename { database: &'a DatabaseArn, to: &'a str },
    Reboot(&'a DatabaseArn),
    Unprotect(&'a DatabaseArn),
    DeleteDatabase(&'a DatabaseArn),
    ReadSecret(&'a str),
    Copy { from: &'a SnapshotArn, to: &'a SnapshotArn },
    Share { snapshot: &'a SnapshotArn, with: &'a AccountId },
    Tag { snapshot: &'a SnapshotArn, key: &'a str },
    Delete(&'a SnapshotArn),
    Publish { topic: &'a TopicArn, message: &'a Message },
    StartTimer { state_machine_arn: &'a str, name: &'a str },
    ReadTimer { state_machine_arn: &'a str, name: &'a str },
    StopTimer { state_machine_arn: &'a str, name: &'a str },
    CountTimers { state_machine_arn: &'a str },
    GetKey(&'a str),
}

/// An operation without its object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OperationKind {
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
    Publish,
    Timer,
    GetKey,
}

/// AWS's error response, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    code: String,
    message: String,
    /// Whether the failure is on AWS's side, by the status of the response.
    is_of_server: bool,
}

impl Error {
    pub(crate) fn new(account: &AccountId, operation: &Operation<'_>, failure: Failure) -> Self {
        let (class, kind) = (failure.class(), operation.kind());
        let matches = |of: Class, kinds: &[OperationKind]| of == class && (kinds.is_empty() || kinds.contains(&kind));
        let remedy = REMEDIES.iter().find(|(of, kinds, _)| matches(*of, kinds));
        let remedy = remedy.map(|(_, _, remedy)| remedy.replace("{account}", account.as_str()));
        Self { operation: operation.to_string(), failure, remedy }
    }

    /// The class, by which a program can decide.
    #[must_use]
    pub fn class(&self) -> Class {
        self.failure.class()
    }

    /// Whether the state of a key is the reason, and not that of the snapshot.
    #[must_use]
    pub fn is_about_key(&self) -> bool {
        self.failure.code.starts_with("KMS")
    }

    /// Whether it is AWS's answer to an account that has not enabled the region of the call: the region does not know the credentials.
    /// Users report these codes (github.com/boto/boto3/issues/2381).
    #[must_use]
    pub fn is_about_region(&self) -> bool {
        ["InvalidClientTokenId", "UnrecognizedClientException", "OptInRequired"].contains(&self.code())
    }

    /// AWS's error code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.failure.code
    }
}

impl Failure {
    pub(crate) fn class(&self) -> Class {
        let has = |codes: &[&str]| codes.contains(&self.code.as_str());
        let unknown = if self.is_of_server { Class::Unreachable } else { Class::Other };
        CODES.iter().find(|(_, codes)| has(codes)).map_or(unknown, |(class, _)| *class)
    }

    /// The region cannot be reached.
    pub(crate) fn without_connection(why: impl fmt::Display) -> Self {
        Self { code: NO_CONNECTION.to_owned(), message: why.to_string(), is_of_server: false }
    }

    /// Whether AWS has not answered at all.
    pub(crate) fn is_without_answer(&self) -> bool {
        [TIMEOUT, NO_CONNECTION].contains(&self.code.as_str())
    }

    /// AWS's response cannot be parsed.
    pub(crate) fn invalid_response(what: impl fmt::Display) -> Self {
        Self { code: INVALID_RESPONSE.to_owned(), message: what.to_string(), is_of_server: false }
    }

    /// The request cannot be built.
    pub(crate) fn not_sent(why: impl fmt::Display) -> Self {
        Self { code: NOT_SENT.to_owned(), message: why.to_string(), is_of_server: false }
    }
}

/// The code decides, not the variant of the generated error type: for a missing cluster snapshot, `AddTagsToResource` returns
/// the error of instance snapshots, and AWS's models do not list every error of an operation.
impl<E> From<SdkError<E, HttpResponse>> for Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let code = match (error.code(), &error) {
            (Some(code), _) => code,
            (None, SdkError::TimeoutError(_)) => TIMEOUT,
            (None, SdkError::DispatchFailure(_)) => NO_CONNECTION,
            (None, SdkError::ConstructionFailure(_)) => NOT_SENT,
            (None, _) => INVALID_RESPONSE,
        };
        let message = error.message().map_or_else(|| with_causes(&error), str::to_owned);
        let is_of_server = error.raw_response().is_some_and(|response| response.status().is_server_error());
        Self { code: code.to_owned(), message, is_of_server }
    }
}

/// The text of an error and of its causes.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A request with a missing member.
impl From<aws_smithy_types::error::operation::BuildError> for Failure {
    fn from(why: aws_smithy_types::error::operation::BuildError) -> Self {
        Self::not_sent(why)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl Operation<'_> {
    fn kind(&self) -> OperationKind {
        match self {
            Self::Find(_)
            | Self::List(..)
            | Self::FindDatabase(..)
            | Self::ListDatabases(_)
            | Self::DescribeMembers(_)
            | Self::DescribeParameters(_)
            | Self::DescribeQuota(_)
            | Self::Observe(_)
            | Self::FindBackups(..)
            | Self::FindGroup { .. }
            | Self::ListOffers { .. } => OperationKind::Describe,
            Self::Restore { .. } | Self::CreateMember { .. } => OperationKind::Create,
            Self::Modify(_) | Self::TagDatabase { .. } | Self::Rename { .. } | Self::Reboot(_) | Self::Unprotect(_) => {
                OperationKind::ChangeDatabase
            }
            Self::DeleteDatabase(_) => OperationKind::DeleteDatabase,
            Self::ReadSecret(_) => OperationKind::ReadSecret,
            Self::Copy { from, to } if from.place.account == to.place.account => OperationKind::Copy,
            Self::Copy { .. } => OperationKind::CopyShared,
            Self::Share { .. } => OperationKind::Share,
            Self::Tag { .. } => OperationKind::Tag,
            Self::Delete(_) => OperationKind::Delete,
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
            Self::DescribeQuota(kind) => write!(f, "describing the quota for {}s", kind.snapshot_type()),
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
            Self::DeleteDatabase(database) => {
                write!(f, "deleting the {} {}", database.kind.database_type(), database.id())
            }
            Self::ReadSecret(arn) => write!(f, "reading the secret {arn}"),
            Self::Copy { from, to } => write!(f, "copying {} to {}", from.id(), to.id()),
            Self::Share { snapshot, with } => write!(f, "sharing {} with {with}", snapshot.id()),
            Self::TagDatabase { database, key } => write!(f, "tagging {} with {key}", database.id()),
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
