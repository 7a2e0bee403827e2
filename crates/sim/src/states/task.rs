//! The simulated `Task` resources: invoke a function, or publish a message.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::language::Failure;
use super::template::Template;
use crate::call::Error;
use crate::lambda;
use crate::sns::Message;
use crate::sqs::Attribute;

/// A task's `Resource`.
#[derive(Debug)]
pub(super) enum Resource {
    /// A function, by its ARN.
    Function(String),
    /// `arn:aws:states:::lambda:invoke`
    Invoke,
    /// `arn:aws:states:::sns:publish`
    Publish,
}

/// A request to start a task.
pub(super) enum TaskRequest {
    Invoke { function: String, payload: Value },
    Publish { topic: String, message: Message },
}

impl Resource {
    /// Parses a resource and checks the names of its parameters. The error is the reason.
    pub(super) fn parse(arn: &str, parameters: Option<&Template>) -> Result<Self, String> {
        let (resource, required, known): (_, &[&str], &[&str]) = match arn {
            "arn:aws:states:::lambda:invoke" => (Self::Invoke, &["FunctionName"], &["FunctionName", "Payload"]),
            "arn:aws:states:::sns:publish" => {
                (Self::Publish, &["TopicArn", "Message"], &["TopicArn", "Message", "Subject", "MessageAttributes"])
            }
            _ if lambda::name(arn).is_some() => return Ok(Self::Function(arn.to_owned())),
            _ => return Err(format!("This simulation has no task '{arn}'")),
        };
        let given: Vec<_> = parameters.into_iter().flat_map(Template::names).collect();
        if let Some(missing) = required.iter().find(|name| !given.contains(name)) {
            return Err(format!("The Parameters of '{arn}' need the field '{missing}'"));
        }
        match given.iter().find(|name| !known.contains(name)) {
            Some(name) => Err(format!("This simulation has no parameter '{name}' of '{arn}'")),
            None => Ok(resource),
        }
    }

    /// The request for these parameters, from an execution in this region and account.
    pub(super) fn request(&self, parameters: Value, region: &str, account: &str) -> Result<TaskRequest, Failure> {
        let wrong = || {
            Failure::runtime(format!(
                "The Parameters '{parameters}' could not be used to start the Task: [a field has an invalid format]"
            ))
        };
        match self {
            Self::Function(function) => Ok(TaskRequest::Invoke { function: function.clone(), payload: parameters }),
            Self::Invoke => {
                let name = parameters["FunctionName"].as_str().ok_or_else(wrong)?;
                let function = match name.starts_with("arn:") {
                    true => name.to_owned(),
                    false => format!("arn:aws:lambda:{region}:{account}:function:{name}"),
                };
                Ok(TaskRequest::Invoke {
                    function,
                    payload: parameters.get("Payload").cloned().unwrap_or_else(|| json!({})),
                })
            }
            Self::Publish => {
                let Publish { topic_arn, message, subject, message_attributes } =
                    Publish::deserialize(&parameters).map_err(|_| wrong())?;
                let attributes = message_attributes
                    .into_iter()
                    .map(|(name, AttributeInput { data_type, string_value })| {
                        (name, Attribute { data_type, string_value: Some(string_value), binary_value: None })
                    })
                    .collect();
                // A message that is not a string is published as JSON.
                let body = message.as_str().map_or_else(|| message.to_string(), str::to_owned);
                Ok(TaskRequest::Publish {
                    topic: topic_arn,
                    message: Message { subject, body, attributes, ..Message::default() },
                })
            }
        }
    }

    /// The result of the task for the response of the service.
    pub(super) fn result(&self, answer: Value, request_id: &str) -> Value {
        let http = json!({ "HttpStatusCode": 200 });
        let response = json!({ "RequestId": request_id });
        match self {
            Self::Function(_) => answer,
            Self::Invoke => json!({
                "ExecutedVersion": "$LATEST", "Payload": answer, "SdkHttpMetadata": http,
                "SdkResponseMetadata": response, "StatusCode": 200,
            }),
            Self::Publish => {
                json!({ "MessageId": answer, "SdkHttpMetadata": http, "SdkResponseMetadata": response })
            }
        }
    }

    /// The prefix of the task's event types.
    pub(super) fn events(&self) -> &'static str {
        match self {
            Self::Function(_) => "LambdaFunction",
            Self::Invoke | Self::Publish => "Task",
        }
    }

    /// The fields `resourceType` (only for service integrations) and `resource` of events.
    pub(super) fn names(&self) -> (Option<&'static str>, &str) {
        match self {
            Self::Function(arn) => (None, arn),
            Self::Invoke => (Some("lambda"), "invoke"),
            Self::Publish => (Some("sns"), "publish"),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Publish {
    topic_arn: String,
    message: Value,
    subject: Option<String>,
    #[serde(default)]
    message_attributes: BTreeMap<String, AttributeInput>,
}

/// Binary values are not simulated.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AttributeInput {
    data_type: String,
    string_value: String,
}

/// The failure if the machine's role may not invoke a function.
pub(super) fn lambda_access_denied(message: &str, request_id: &str) -> Failure {
    let cause = format!(
        "{message} (Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException; Request ID: {request_id}; \
         Proxy: null)"
    );
    Failure::new("Lambda.AWSLambdaException", cause)
}

/// The failure for an error of SNS, such as `SNS.NotFoundException`.
pub(super) fn sns_error(error: &Error, request_id: &str) -> Failure {
    let Error { code, message, status, is_artificial: _ } = error;
    let name = code.strip_suffix("Exception").unwrap_or(code);
    let cause = format!(
        "{message} (Service: AmazonSNS; Status Code: {status}; Error Code: {code}; Request ID: {request_id}; \
         Proxy: null)"
    );
    Failure::new(&format!("SNS.{name}Exception"), cause)
}
