//! Calls to the services, and their results.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::lambda::Running;
use crate::wire::params::{Params, Query};
use crate::wire::read::{self, ReadError};
use crate::wire::xml::Xml;
use crate::without_effect;

/// A call, independent of the wire format.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) caller: Caller,
    pub(crate) region: String,
    pub(crate) service: Service,
    pub(crate) operation: String,
    pub(crate) input: Input,
}

/// The caller: the access key is the account, the session token the role. Neither is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) account: String,
    /// The assumed role. `None`: the account's root user.
    pub(crate) role: Option<Role>,
}

/// An assumed role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) session: String,
}

impl Caller {
    /// The principal's ARN as policies use it (`aws:PrincipalArn`): that of the role, not of the session.
    pub(crate) fn principal(&self) -> String {
        match &self.role {
            Some(role) => format!("arn:aws:iam::{}:role/{}", self.account, role.name),
            None => format!("arn:aws:iam::{}:root", self.account),
        }
    }
}

/// The simulated services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Key Management Service.
    Kms,
    /// Lambda.
    Lambda,
    /// Relational Database Service.
    Rds,
    /// Simple Storage Service.
    S3,
    /// Secrets Manager.
    #[serde(rename = "secretsmanager")]
    Secrets,
    /// Simple Notification Service.
    Sns,
    /// Simple Queue Service.
    Sqs,
    /// Step Functions.
    States,
    /// Security Token Service.
    Sts,
}

/// The name that ARNs and signatures use: `rds`.
impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// The input of an operation, in one of AWS's two protocols.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    Params(Params),
    Json(Value),
}

impl Input {
    /// The name of the first resource in the input, or else the first value of the first filter.
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

    /// Deserializes a structure. Members that it does not have are passed to `unread`, by their path.
    pub(crate) fn read<I: DeserializeOwned>(self, service: Service, unread: impl FnMut(String)) -> Result<I, Error> {
        match self {
            Self::Params(params) => read::read(Query(service, params), unread).map_err(|error| match error {
                ReadError::Missing(name) => Error::missing_parameter(name),
                ReadError::Form(what) => Error::not_simulated(what),
                ReadError::Invalid(reason) => Error::new("InvalidParameterValue", reason),
            }),
            Self::Json(json) => read::read(json, unread).map_err(|error| match error {
                ReadError::Form(what) => Error::not_simulated(what),
                error => Error::new("ValidationException", error.to_string()),
            }),
        }
    }

    /// Renames a member.
    pub(crate) fn rename(&mut self, name: &str, new: &str) {
        match self {
            Self::Params(params) => params.rename(name, new),
            Self::Json(json) => {
                let members = json.as_object_mut();
                if let Some((members, value)) = members.and_then(|all| all.remove(name).map(|value| (all, value))) {
                    members.insert(new.to_owned(), value);
                }
            }
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            Self::Params(params) => params.at(&[name]).is_some(),
            Self::Json(json) => json.get(name).is_some(),
        }
    }

    /// Removes a member.
    pub(crate) fn take(&mut self, name: &str) -> Option<Self> {
        match self {
            Self::Params(params) => params.take(name).map(Self::Params),
            Self::Json(json) => json.as_object_mut()?.remove(name).map(Self::Json),
        }
    }
}

/// The path of the first value of the first filter.
const FIRST_FILTER_VALUE: [&str; 5] = ["Filters", "Filter", "1", "Values", "Value"];

/// The members that identify the resource of a call, most specific first.
const RESOURCE_MEMBERS: &[&str] = &[
    "TargetDBInstanceIdentifier",
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
    "SecretId",
    "Key",
    "Bucket",
    "FunctionName",
];

/// The output of an operation.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    /// Members that the module `wire` writes as XML or JSON.
    Members(Value),
    /// Members that are already written. Lists of snapshots are long: building a JSON tree for each snapshot would take
    /// longer than the rest of the call.
    Xml(Xml),
    /// A response of S3 or Lambda.
    Rest(RestOutput),
    /// The response follows when a function has ended.
    Running(Running),
}

/// A response whose members are headers, and its body.
#[derive(Clone, Debug)]
pub(crate) struct RestOutput {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Vec<u8>,
}

impl RestOutput {
    pub(crate) fn header(&mut self, name: &'static str, value: String) {
        self.headers.push((name.into(), value));
    }

    pub(crate) fn headers(&mut self, headers: impl IntoIterator<Item = (&'static str, String)>) {
        self.headers.extend(headers.into_iter().map(|(name, value)| (name.into(), value)));
    }
}

impl From<RestOutput> for Output {
    fn from(output: RestOutput) -> Self {
        Self::Rest(output)
    }
}

impl From<Value> for Output {
    fn from(members: Value) -> Self {
        Self::Members(members)
    }
}

impl From<()> for Output {
    fn from((): ()) -> Self {
        Self::Members(Value::Null)
    }
}

impl From<Xml> for Output {
    fn from(members: Xml) -> Self {
        Self::Xml(members)
    }
}

/// The result of an operation.
pub(crate) type CallResult = Result<Output, Error>;

/// Runs an operation: deserializes its input, converts its output.
///
/// A member that the operation does not read is an error, unless [`without_effect`] lists it. So no request has another
/// meaning here than on AWS.
pub(crate) fn run<I: DeserializeOwned, O: Into<Output>>(
    Call { service, operation: name, mut input, .. }: Call,
    operation: impl FnOnce(I) -> Result<O, Error>,
) -> CallResult {
    without_effect::remove(service, &name, &mut input)?;
    let mut unknown = None;
    let read = input.read(service, |path| {
        unknown.get_or_insert(path);
    });
    // Before a member that is missing: a request with an unknown parameter never has an effect.
    if let Some(path) = unknown {
        return Err(Error::not_simulated(format!("the parameter {path} of {service}:{name}")));
    }
    let input = read?;
    operation(input).map(Into::into)
}

pub(crate) const MISSING_PARAMETER: &str = "MissingParameter";

/// An error response of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) status: u16,
    /// Whether AWS would not return it: a fault plan chose it, or the simulation has a limit that AWS has not.
    pub(crate) is_artificial: bool,
}

impl Error {
    /// A client error, with status 400.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), status: 400, is_artificial: false }
    }

    /// A client error that a fault plan chose.
    pub(crate) fn injected(code: &'static str, message: &str) -> Self {
        Self { is_artificial: true, ..Self::new(code, message) }
    }

    /// A request of the query protocol without a required parameter: "A required parameter for the specified action is not
    /// supplied" (common errors of RDS and SNS).
    pub(crate) fn missing_parameter(name: &str) -> Self {
        Self::new(MISSING_PARAMETER, format!("The request must contain the parameter {name}"))
    }

    /// A part of AWS that is not simulated. No client retries this status.
    pub(crate) fn not_simulated(what: String) -> Self {
        let message = format!("This simulation does not support {what}.");
        Self { is_artificial: true, ..Self::new("NotSimulated", message).status(501) }
    }

    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// A value that violates a constraint of the service's model, in the JSON protocol.
    pub(crate) fn invalid_member(value: &str, member: &str, must: &str) -> Self {
        let message = format!("Value '{value}' at '{member}' failed to satisfy constraint: Member must {must}");
        Self::new("ValidationException", format!("1 validation error detected: {message}"))
    }

    /// A server error. The caller cannot know whether the operation had an effect.
    pub(crate) fn internal_failure() -> Self {
        Self::new("InternalFailure", "The request processing has failed because of an unknown error.").status(500)
    }

    /// Too many calls. The code depends on the protocol.
    pub(crate) fn throttled(service: Service) -> Self {
        match service {
            Service::Rds | Service::Sns | Service::Sts => Self::new("Throttling", "Rate exceeded"),
            Service::S3 => Self::new("SlowDown", "Please reduce your request rate.").status(503),
            Service::Lambda => Self::new("TooManyRequestsException", "Rate Exceeded.").status(429),
            Service::Kms | Service::Secrets | Service::Sqs | Service::States => {
                Self::new("ThrottlingException", "Rate exceeded")
            }
        }
    }

    /// The caller lacks a permission. The code depends on the service.
    pub(crate) fn access_denied(service: Service, message: String) -> Self {
        match service {
            Service::Kms | Service::Secrets | Service::States => Self::new("AccessDeniedException", message),
            Service::Rds | Service::S3 | Service::Sts => Self::new("AccessDenied", message).status(403),
            Service::Sns => Self::new("AuthorizationError", message).status(403),
            Service::Lambda | Service::Sqs => Self::new("AccessDeniedException", message).status(403),
        }
    }

    /// An operation that is not simulated. AWS may have it or not.
    pub(crate) fn unknown_operation(service: Service, operation: &str) -> Self {
        Self::not_simulated(format!("the operation {operation} of {service}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}
