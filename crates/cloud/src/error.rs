//! What went wrong, in one line that says what to do next: what was being done to what, AWS's answer, the usual remedy.

use std::fmt;

use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use protocol::{AccountId, Kind, Message, SnapshotArn};

/// A call that AWS has refused or not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{doing}: {failure}{}", .remedy.as_deref().map(|remedy| format!("; {remedy}")).unwrap_or_default())]
pub struct Error {
    doing: String,
    failure: Failure,
    remedy: Option<String>,
}

/// What a caller can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// What it is about is not there: look again.
    Gone,
    /// What was to be made is there already.
    Exists,
    /// It is not in a state for that now: look again later.
    WrongState,
    /// Too many calls: later.
    Throttled,
    /// As many as AWS allows: when there is room, or the quota is raised.
    Quota,
    /// A key may not be used: when a person has opened it.
    KeyRefused,
    /// Something else is not allowed: when a person has allowed it.
    Denied,
    /// No answer, or AWS failed on its side; whether anything has happened is unknown.
    Unreachable,
    /// Anything else.
    Other,
}

/// AWS's codes. The two families of RDS, and the services, spell the same in many ways.
const CODES: [(Class, &[&str]); 8] = [
    (
        Class::Gone,
        &[
            "DBSnapshotNotFound",
            "DBSnapshotNotFoundFault",
            "DBClusterSnapshotNotFound",
            "DBClusterSnapshotNotFoundFault",
            // SNS, KMS, Step Functions.
            "NotFound",
            "NotFoundException",
            "StateMachineDoesNotExist",
        ],
    ),
    (
        Class::Exists,
        &[
            "DBSnapshotAlreadyExists",
            "DBClusterSnapshotAlreadyExistsFault",
            "AlreadyExistsException",
            "ExecutionAlreadyExists",
        ],
    ),
    (
        Class::WrongState,
        &[
            "InvalidDBSnapshotState",
            "InvalidDBClusterSnapshotStateFault",
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
        &["SnapshotQuotaExceeded", "SharedSnapshotQuotaExceeded", "LimitExceededException", "ExecutionLimitExceeded"],
    ),
    (Class::KeyRefused, &["KMSKeyNotAccessibleFault", "KMSAccessDenied", "KMSDisabled", "DisabledException"]),
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
        ],
    ),
    (
        Class::Unreachable,
        &[
            TIMEOUT,
            NO_CONNECTION,
            BAD_ANSWER,
            "InternalFailure",
            "InternalError",
            "InternalServerError",
            "InternalErrorException",
            "KMSInternalException",
            "DependencyTimeoutException",
            "ServiceUnavailable",
            "ServiceUnavailableException",
        ],
    ),
];

/// What the SDK tells without a code of AWS's.
const TIMEOUT: &str = "Timeout";
const NO_CONNECTION: &str = "NoConnection";
const BAD_ANSWER: &str = "BadAnswer";
const NOT_SENT: &str = "NotSent";

/// What usually mends it. The first row that fits; `{account}` is the account that called.
const REMEDIES: [(Class, &[Act], &str); 18] = [
    (Class::KeyRefused, &[Act::CopyShared], "does the transit key's policy let {account} use it?"),
    (
        Class::KeyRefused,
        &[Act::Copy],
        "is the key enabled, and do its policy and this function's role allow kms:CreateGrant?",
    ),
    (Class::KeyRefused, &[], "is the key enabled, and does its policy let this function's role use it?"),
    (
        Class::Quota,
        &[Act::Copy, Act::CopyShared],
        "raise the quota of manual snapshots of {account}, or let the lifecycle delete more",
    ),
    (Class::Quota, &[Act::Share], "a snapshot can be shared with 20 accounts: take one away"),
    (Class::Quota, &[], "raise the quota of {account} in Service Quotas"),
    (
        Class::WrongState,
        &[Act::Share],
        "only a manual snapshot that is available, and not under a default key, is shared",
    ),
    (Class::WrongState, &[Act::Copy, Act::CopyShared], "only an available snapshot is copied; it is looked at again"),
    (Class::WrongState, &[Act::Delete], "automated snapshots and those being copied from are not deleted"),
    (Class::WrongState, &[Act::GetKey], "is the key enabled and not about to be deleted?"),
    (Class::Gone, &[Act::CopyShared], "has its owner deleted it, or is it not shared with {account} any more?"),
    (Class::Gone, &[Act::Copy, Act::Share], "it was deleted meanwhile"),
    (Class::Gone, &[Act::Say], "is the other account's stack there, in this region?"),
    (Class::Gone, &[Act::StartTimer], "is WAIT4COPY_ARN the state machine of this stack?"),
    (Class::Denied, &[Act::Say], "does the topic's policy let {account} publish, and this function's role too?"),
    (Class::Denied, &[], "does this function's role allow it?"),
    (Class::Throttled, &[], "it is tried again; if this stays, raise the rate of API calls of {account}"),
    (Class::Unreachable, &[], "it is tried again; if this stays, look at the network and at AWS's health"),
];

/// What was being done.
pub(crate) enum Doing<'a> {
    Finding(&'a SnapshotArn),
    Listing(Kind, Option<&'a str>),
    Copying { from: &'a SnapshotArn, to: &'a SnapshotArn },
    Sharing { snapshot: &'a SnapshotArn, with: &'a AccountId },
    Tagging { snapshot: &'a SnapshotArn, key: &'a str },
    Deleting(&'a SnapshotArn),
    Saying { topic_arn: &'a str, message: &'a Message },
    StartingTimer { state_machine_arn: &'a str, name: &'a str },
    GettingKey(&'a str),
}

/// The same, without what it was done to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Look,
    Copy,
    CopyShared,
    Share,
    Tag,
    Delete,
    Say,
    StartTimer,
    GetKey,
}

/// What AWS answered, or why it did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    code: String,
    message: String,
}

impl Error {
    pub(crate) fn new(account: &AccountId, doing: &Doing<'_>, failure: Failure) -> Self {
        let (class, act) = (failure.class(), doing.act());
        let fits = |of: Class, acts: &[Act]| of == class && (acts.is_empty() || acts.contains(&act));
        let remedy = REMEDIES.iter().find(|(of, acts, _)| fits(*of, acts));
        let remedy = remedy.map(|(_, _, remedy)| remedy.replace("{account}", account.as_str()));
        Self { doing: doing.to_string(), failure, remedy }
    }

    /// What can be done about it.
    #[must_use]
    pub fn class(&self) -> Class {
        self.failure.class()
    }

    /// AWS's code for it.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.failure.code
    }
}

impl Failure {
    pub(crate) fn class(&self) -> Class {
        let has = |codes: &[&str]| codes.contains(&self.code.as_str());
        CODES.iter().find(|(_, codes)| has(codes)).map_or(Class::Other, |(class, _)| *class)
    }

    /// AWS has answered with something that this program does not understand.
    pub(crate) fn not_understood(what: impl fmt::Display) -> Self {
        Self { code: BAD_ANSWER.to_owned(), message: what.to_string() }
    }

    /// What was to be asked cannot be said in AWS's form.
    pub(crate) fn not_sent(why: impl fmt::Display) -> Self {
        Self { code: NOT_SENT.to_owned(), message: why.to_string() }
    }
}

/// The code decides, and not the variant of the generated error: `AddTagsToResource` answers for a cluster snapshot that
/// is gone with the error of instance snapshots, and the model does not list every error that an operation has.
impl<E, R> From<SdkError<E, R>> for Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: fmt::Debug + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        let code = match (error.code(), &error) {
            (Some(code), _) => code,
            (None, SdkError::TimeoutError(_)) => TIMEOUT,
            (None, SdkError::DispatchFailure(_)) => NO_CONNECTION,
            (None, SdkError::ConstructionFailure(_)) => NOT_SENT,
            (None, _) => BAD_ANSWER,
        };
        let message = error.message().map_or_else(|| with_causes(&error), str::to_owned);
        Self { code: code.to_owned(), message }
    }
}

/// An error and what it comes from.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A request that lacks something.
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

impl Doing<'_> {
    fn act(&self) -> Act {
        match self {
            Self::Finding(_) | Self::Listing(..) => Act::Look,
            Self::Copying { from, to } if from.place.account == to.place.account => Act::Copy,
            Self::Copying { .. } => Act::CopyShared,
            Self::Sharing { .. } => Act::Share,
            Self::Tagging { .. } => Act::Tag,
            Self::Deleting(_) => Act::Delete,
            Self::Saying { .. } => Act::Say,
            Self::StartingTimer { .. } => Act::StartTimer,
            Self::GettingKey(_) => Act::GetKey,
        }
    }
}

impl fmt::Display for Doing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finding(snapshot) => write!(f, "finding {}", snapshot.id()),
            Self::Listing(kind, None) => write!(f, "listing {}s", kind.snapshot_type()),
            Self::Listing(kind, Some(database)) => write!(f, "listing {}s of {database}", kind.snapshot_type()),
            Self::Copying { from, to } => write!(f, "copying {} to {}", from.id(), to.id()),
            Self::Sharing { snapshot, with } => write!(f, "sharing {} with {with}", snapshot.id()),
            Self::Tagging { snapshot, key } => write!(f, "tagging {} with {key}", snapshot.id()),
            Self::Deleting(snapshot) => write!(f, "deleting {}", snapshot.id()),
            Self::Saying { topic_arn, message } => {
                write!(f, "saying {} of {} to {topic_arn}", message.event(), message.origin().snapshot.id())
            }
            Self::StartingTimer { state_machine_arn, name } => {
                write!(f, "starting the timer {name} of {state_machine_arn}")
            }
            Self::GettingKey(alias) => write!(f, "getting the key {alias}"),
        }
    }
}
