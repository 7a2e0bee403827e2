//! A call: who wants what of which service; and what comes back.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::wire::params::Params;

/// A call as a service sees it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) caller: Caller,
    pub(crate) region: String,
    pub(crate) service: Service,
    pub(crate) operation: String,
    pub(crate) input: Input,
}

/// Who calls. The wire tells it by the access key (the account) and the session token (the role); nothing is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) account: String,
    /// The role that was assumed; without one, it is the account's root.
    pub(crate) role: Option<Role>,
}

/// A role that somebody has assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) session: String,
}

impl Caller {
    /// As policies name who calls (`aws:PrincipalArn`): the role, not the session.
    pub(crate) fn principal(&self) -> String {
        match &self.role {
            Some(role) => format!("arn:aws:iam::{}:role/{}", self.account, role.name),
            None => format!("arn:aws:iam::{}:root", self.account),
        }
    }
}

/// The services that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Key Management Service.
    Kms,
    /// Relational Database Service.
    Rds,
    /// Simple Notification Service.
    Sns,
    /// Simple Queue Service.
    Sqs,
    /// Step Functions.
    States,
    /// Security Token Service.
    Sts,
}

/// As ARNs and signatures have it: `rds`.
impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// What is given to an operation, in one of the two forms that AWS has.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    Params(Params),
    Json(Value),
}

impl Input {
    /// The resource that it names first, or else what a list is filtered by.
    pub(crate) fn resource(&self) -> Option<&str> {
        RESOURCE_MEMBERS.iter().find_map(|member| self.text(member)).or_else(|| match self {
            Self::Params(params) => params.at(&FIRST_FILTER_VALUE)?.text("1"),
            Self::Json(_) => None,
        })
    }

    /// The text of a member.
    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        match self {
            Self::Params(params) => params.text(member),
            Self::Json(json) => json.get(member)?.as_str(),
        }
    }

    /// As the structure that the operation wants.
    pub(crate) fn read<I: DeserializeOwned>(self) -> Result<I, Error> {
        match self {
            Self::Params(params) => params.read().map_err(|why| Error::new("InvalidParameterValue", why)),
            Self::Json(json) => {
                serde_json::from_value(json).map_err(|why| Error::new("ValidationException", why.to_string()))
            }
        }
    }
}

/// Where the first value of the first filter is.
const FIRST_FILTER_VALUE: [&str; 5] = ["Filters", "Filter", "1", "Values", "Value"];

/// The members that name what a call is about, the most telling first.
const RESOURCE_MEMBERS: [&str; 20] = [
    "TargetDBSnapshotIdentifier",
    "TargetDBClusterSnapshotIdentifier",
    "DBSnapshotIdentifier",
    "DBClusterSnapshotIdentifier",
    "DBInstanceIdentifier",
    "DBClusterIdentifier",
    "ResourceName",
    "SubscriptionName",
    "AliasName",
    "KeyId",
    "TopicArn",
    "SubscriptionArn",
    "ResourceArn",
    "Name",
    "QueueUrl",
    "QueueName",
    "name",
    "executionArn",
    "stateMachineArn",
    "SourceIdentifier",
];

/// What an operation gives back. The wire writes it as XML or JSON.
pub(crate) type CallResult = Result<Value, Error>;

/// Runs an operation: its input from the wire's form, its output into it.
pub(crate) fn run<I: DeserializeOwned, O: Into<Value>>(
    input: Input,
    operation: impl FnOnce(I) -> Result<O, Error>,
) -> CallResult {
    operation(input.read()?).map(Into::into)
}

/// An error as AWS spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) status: u16,
}

impl Error {
    /// One that is the caller's fault.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), status: 400 }
    }

    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// A member that the service's model rules out, in the JSON protocol.
    pub(crate) fn invalid_member(value: &str, member: &str, must: &str) -> Self {
        let why = format!("Value '{value}' at '{member}' failed to satisfy constraint: Member must {must}");
        Self::new("ValidationException", format!("1 validation error detected: {why}"))
    }

    /// Something went wrong on AWS's side; whether anything has happened, the caller cannot know.
    pub(crate) fn internal_failure() -> Self {
        Self::new("InternalFailure", "The request processing has failed because of an unknown error.").status(500)
    }

    /// There were too many calls. Each protocol spells that in its own way.
    pub(crate) fn throttled(service: Service) -> Self {
        match service {
            Service::Rds | Service::Sns | Service::Sts => Self::new("Throttling", "Rate exceeded"),
            Service::Kms | Service::Sqs | Service::States => Self::new("ThrottlingException", "Rate exceeded"),
        }
    }

    /// The caller may not do it. Each service spells that in its own way, too.
    pub(crate) fn access_denied(service: Service, why: String) -> Self {
        match service {
            Service::Kms | Service::States => Self::new("AccessDeniedException", why),
            Service::Rds | Service::Sts => Self::new("AccessDenied", why).status(403),
            Service::Sns => Self::new("AuthorizationError", why).status(403),
            Service::Sqs => Self::new("AccessDeniedException", why).status(403),
        }
    }

    /// The operation is one that AWS may have and this world has not, in the query protocol's words.
    pub(crate) fn unknown_query_operation(operation: &str) -> Self {
        Self::new("InvalidAction", format!("This simulation has no operation {operation}."))
    }

    /// The same in JSON's.
    pub(crate) fn unknown_json_operation(operation: &str) -> Self {
        Self { code: "UnknownOperationException", ..Self::unknown_query_operation(operation) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}
