//! The wire formats: AWS's query protocol (form requests, XML responses) and its JSON protocol.
//!
//! A request becomes a [`Call`], and its result becomes a response. This module does not depend on the operations.

mod headers;
mod http;
mod json;
pub(crate) mod params;
pub(crate) mod read;
mod record;
pub(crate) mod rest;
mod rest_json;
pub(crate) mod sdk;
pub(crate) mod xml;

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::arn::is_account;
use crate::call::{Call, CallResult, Caller, Error, Input, Output, Role, Service};
use crate::world::World;
use params::Params;
pub(crate) use record::record;

/// The parts of an HTTP request that are used.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// The host with its port, if it has one.
    pub(crate) host: &'a str,
    /// The path of the URL, as it was sent.
    pub(crate) path: &'a str,
    /// The part of the URL after `?`.
    pub(crate) query: Option<&'a str>,
    /// The value of a header, by its name in lower case.
    pub(crate) header: &'a dyn Fn(&str) -> Option<String>,
    /// The names of all headers, in lower case. The name of a header that was sent twice is there twice.
    pub(crate) header_names: &'a dyn Fn() -> Vec<String>,
    pub(crate) body: &'a [u8],
}

/// An HTTP response.
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Without the request ID.
    pub(crate) headers: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    fn new(status: u16, content_type: &str, body: String) -> Self {
        Self { status, headers: vec![("content-type".into(), content_type.to_owned())], body: body.into_bytes() }
    }
}

/// The protocol of a service.
#[derive(Clone, Copy)]
enum Protocol {
    /// A form with `Action` and this `Version`. The response is XML in this namespace.
    Query { version: &'static str, namespace: &'static str },
    /// JSON. The operation is in the header `X-Amz-Target`, after this prefix.
    Json { target: &'static str, content_type: &'static str },
    /// The operation is in the method and the path.
    Rest,
    /// The same, with errors in JSON.
    RestJson,
}

/// Each service with its name in signatures and its protocol.
const SERVICES: [(Service, &str, Protocol); 9] = [
    (Service::Kms, "kms", Protocol::Json { target: "TrentService", content_type: "application/x-amz-json-1.1" }),
    (Service::Lambda, "lambda", Protocol::RestJson),
    (
        Service::Rds,
        "rds",
        Protocol::Query { version: "2014-10-31", namespace: "http://rds.amazonaws.com/doc/2014-10-31/" },
    ),
    (Service::S3, "s3", Protocol::Rest),
    (
        Service::Secrets,
        "secretsmanager",
        Protocol::Json { target: "secretsmanager", content_type: "application/x-amz-json-1.1" },
    ),
    (
        Service::Sns,
        "sns",
        Protocol::Query { version: "2010-03-31", namespace: "http://sns.amazonaws.com/doc/2010-03-31/" },
    ),
    (Service::Sqs, "sqs", Protocol::Json { target: "AmazonSQS", content_type: "application/x-amz-json-1.0" }),
    (
        Service::States,
        "states",
        Protocol::Json { target: "AWSStepFunctions", content_type: "application/x-amz-json-1.0" },
    ),
    (
        Service::Sts,
        "sts",
        Protocol::Query { version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/" },
    ),
];

/// A request that could not be read. If the service is known, its protocol is used for the error response.
#[derive(Debug)]
pub(crate) struct RequestError {
    pub(crate) service: Option<Service>,
    pub(crate) error: Error,
}

impl From<Error> for RequestError {
    fn from(error: Error) -> Self {
        Self { service: None, error }
    }
}

/// Reads a request. Account, region and service are taken from the signature, which is not verified.
pub(crate) fn read(world: &World, request: &Request<'_>) -> Result<Call, RequestError> {
    let scope = (request.header)("authorization")
        .and_then(|header| CredentialScope::read(&header))
        .ok_or_else(|| Error::new("MissingAuthenticationToken", "The request is not signed.").status(403))?;
    let (service, _, protocol) = SERVICES
        .into_iter()
        .find(|(_, name, _)| *name == scope.service)
        .ok_or_else(|| Error::not_simulated(format!("the service {}", scope.service)))?;
    read_call(world, request, scope, service, protocol).map_err(|error| RequestError { service: Some(service), error })
}

fn read_call(
    world: &World,
    request: &Request<'_>,
    scope: CredentialScope,
    service: Service,
    protocol: Protocol,
) -> Result<Call, Error> {
    let caller = match world.caller_for_access_key(&scope.access_key) {
        Some(owner) => owner,
        None => caller(request, scope.access_key)?,
    };
    let is_rest = matches!(protocol, Protocol::Rest | Protocol::RestJson);
    if let Some(query) = request.query.filter(|query| !is_rest && !query.is_empty()) {
        // The clients of these services send all parameters in the body.
        return Err(Error::not_simulated(format!("parameters in the URL: {query}")));
    }
    let (operation, input) = match protocol {
        Protocol::Query { version, .. } => {
            let mut params = Params::parse(request.body)?;
            match params.take_text("Version")? {
                // There is one version of each API.
                Some(given) if given == version => {}
                Some(other) => return Err(Error::not_simulated(format!("the version {other} of {service}"))),
                None => return Err(Error::missing_parameter("Version")),
            }
            (params.take_text("Action")?.unwrap_or_default(), Input::Params(params))
        }
        Protocol::Json { target, .. } => {
            let given = (request.header)("x-amz-target").unwrap_or_default();
            let operation = given.strip_prefix(target).and_then(|rest| rest.strip_prefix('.'));
            let operation =
                operation.ok_or_else(|| Error::not_simulated(format!("the target {given:?} of {service}")))?;
            let input = match request.body {
                b"" => json!({}),
                body => json::parse(body)?,
            };
            (operation.to_owned(), Input::Json(input))
        }
        Protocol::Rest => rest::read(request)?,
        Protocol::RestJson => rest_json::read(request)?,
    };
    Ok(Call { caller, region: scope.region, service, operation, input })
}

/// The caller: the access key is the account ID, the session token is the role's name.
fn caller(request: &Request<'_>, account: String) -> Result<Caller, Error> {
    if !is_account(&account) {
        let message = format!("The access key {account} is not an account: 12 digits are expected.");
        return Err(Error::new("InvalidClientTokenId", message).status(403));
    }
    let role = (request.header)("x-amz-security-token").map(|token| match token.split_once('/') {
        Some((name, session)) => Role { name: name.to_owned(), session: session.to_owned() },
        None => Role { name: token.clone(), session: "session".to_owned() },
    });
    Ok(Caller { account, role })
}

/// The credential scope of a signature.
struct CredentialScope {
    access_key: String,
    region: String,
    service: String,
}

impl CredentialScope {
    /// Reads the header `AWS4-HMAC-SHA256 Credential=111111111111/20261121/eu-west-1/rds/aws4_request,
    /// SignedHeaders=…`.
    fn read(header: &str) -> Option<Self> {
        let (_, rest) = header.split_once("Credential=")?;
        let mut parts = rest.split([',', ' ']).next()?.split('/').map(str::to_owned);
        let (access_key, _date, region, service) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some(Self { access_key, region, service })
    }
}

/// Writes the response to a call of this service and operation. `None`: the request could not be read.
pub(crate) fn write(of: Option<(Service, &str)>, answer: &CallResult, request_id: &str) -> Response {
    let protocol = of.and_then(|(service, _)| SERVICES.iter().find(|row| row.0 == service)).map(|row| row.2);
    let operation = of.map_or("", |(_, operation)| operation);
    let status = answer.as_ref().map_or_else(|error| error.status, |_| 200);
    let mut response = match (protocol, answer) {
        (_, Ok(Output::Rest(output))) => {
            Response { status: output.status, headers: output.headers.clone(), body: output.body.clone() }
        }
        (Some(Protocol::Json { content_type, .. }), Ok(output)) => Response::new(status, content_type, to_json(output)),
        (Some(Protocol::Json { content_type, .. }), Err(error)) => {
            let body = json!({ "__type": error.code, "message": error.message }).to_string();
            Response::new(status, content_type, body)
        }
        (Some(Protocol::Query { namespace, .. }), Ok(output)) => {
            Response::new(status, "text/xml", xml::output(operation, namespace, output, request_id))
        }
        (Some(Protocol::Query { namespace, .. }), Err(error)) => {
            Response::new(status, "text/xml", xml::error(namespace, error, request_id))
        }
        (Some(Protocol::Rest), Err(error)) => {
            Response::new(status, "application/xml", rest::error(operation, error, request_id))
        }
        (Some(Protocol::RestJson), Err(error)) => {
            let mut response = Response::new(status, "application/json", rest_json::error(error));
            response.headers.push(("x-amzn-errortype".into(), error.code.to_owned()));
            response
        }
        (Some(Protocol::Rest | Protocol::RestJson) | None, answer) => {
            let body = answer.as_ref().map_or_else(|error| xml::error("", error, request_id), to_json);
            Response::new(status, "text/xml", body)
        }
    };
    if let (Some((Service::Sqs, _)), Err(error)) = (of, answer) {
        response.headers.push(("x-amzn-query-error".into(), query_error(error)));
    }
    response
}

/// SQS now uses the JSON protocol but still sends the error code of its former query protocol in a header, for clients
/// that expect it.
fn query_error(error: &Error) -> String {
    let code = match error.code {
        "AccessDeniedException" => "AccessDenied",
        "BatchEntryIdsNotDistinct" => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        "BatchRequestTooLong" => "AWS.SimpleQueueService.BatchRequestTooLong",
        "EmptyBatchRequest" => "AWS.SimpleQueueService.EmptyBatchRequest",
        "InvalidBatchEntryId" => "AWS.SimpleQueueService.InvalidBatchEntryId",
        "PurgeQueueInProgress" => "AWS.SimpleQueueService.PurgeQueueInProgress",
        "QueueDeletedRecently" => "AWS.SimpleQueueService.QueueDeletedRecently",
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue",
        "QueueNameExists" => "QueueAlreadyExists",
        "TooManyEntriesInBatchRequest" => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        code => code,
    };
    let fault = if error.status < 500 { "Sender" } else { "Receiver" };
    format!("{code};{fault}")
}

/// An output as JSON. Null members are left out; an operation without output gets an empty object.
fn to_json(output: &Output) -> String {
    fn present(value: &Value) -> Value {
        match value {
            Value::Object(members) => members
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.clone(), present(value)))
                .collect(),
            Value::Array(items) => items.iter().map(present).collect(),
            other => other.clone(),
        }
    }
    match output {
        Output::Members(Value::Null) => "{}".to_owned(),
        Output::Members(members) => present(members).to_string(),
        // Only services of the query protocol have it.
        Output::Xml(members) => json!(members.as_str()).to_string(),
        // They are no JSON, or no response yet.
        Output::Rest(_) | Output::Running(_) => String::new(),
    }
}
