//! The API of Lambda: `Invoke`, in which the caller waits for the function's result, or only hands over an event, and
//! `GetFunctionConfiguration`.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{InvocationError, call as run_once, find, invoke};
use crate::arn::Arn;
use crate::call::{Call, CallResult, Error, Output, RestOutput, Service, run};
use crate::context::CallContext;
use crate::iam::RequiredPermission;
use crate::world::State;

/// "6 MB each for request and response (synchronous)", "1 MB (asynchronous)" (Lambda's guide, *Quotas*).
const MAX_BYTES: usize = 6 << 20;
const MAX_BYTES_OF_EVENT: usize = 1 << 20;

/// An invocation whose caller waits for its result.
#[derive(Clone, Debug)]
pub(crate) struct Running(Arc<Mutex<Option<oneshot::Receiver<FunctionResult>>>>);

type FunctionResult = Result<Value, InvocationError>;

#[derive(Deserialize)]
struct Invoke {
    #[serde(rename = "FunctionName")]
    function: String,
    #[serde(rename = "x-amz-invocation-type")]
    kind: Option<String>,
    #[serde(rename = "x-amz-log-type")]
    log: Option<String>,
    #[serde(rename = "Payload", default)]
    payload: String,
}

pub(crate) fn serve(state: &mut State, call: Call) -> CallResult {
    let ctx = &CallContext::of(&call);
    match call.operation.as_str() {
        "Invoke" => run(call, |input| start(state, ctx, &input)),
        "GetFunctionConfiguration" => run(call, |input| configuration(state, ctx, &input)),
        operation => Err(Error::unknown_operation(Service::Lambda, operation)),
    }
}

pub(crate) fn required_permissions(call: &Call) -> Vec<RequiredPermission> {
    let function = call.input.text("FunctionName").unwrap_or_default();
    let arn = function_arn(&CallContext::of(call), function);
    let action = if call.operation == "Invoke" { "InvokeFunction" } else { call.operation.as_str() };
    vec![RequiredPermission::new(format!("lambda:{action}"), arn)]
}

#[derive(Deserialize)]
struct GetFunctionConfiguration {
    #[serde(rename = "FunctionName")]
    function: String,
}

/// The configuration, without what a closure does not have: the code's hash and size, and the times of changes.
fn configuration(state: &mut State, ctx: &CallContext, input: &GetFunctionConfiguration) -> Result<Output, Error> {
    let arn = own_function(state, ctx, &input.function)?;
    let found = find(state, &arn).ok_or_else(|| not_found(&arn))?;
    let name = arn.rsplit(':').next().unwrap_or_default();
    let body = json!({
        "FunctionName": name,
        "FunctionArn": arn,
        "Role": found.role,
        "Timeout": found.timeout.as_secs(),
        "MemorySize": found.memory,
        "Version": "$LATEST",
        "Environment": { "Variables": found.environment },
    });
    let mut output = RestOutput { status: 200, headers: Vec::new(), body: body.to_string().into_bytes() };
    output.header("content-type", "application/json".to_owned());
    Ok(output.into())
}

/// The ARN of a function of the caller's account, which must exist.
fn own_function(state: &mut State, ctx: &CallContext, function: &str) -> Result<String, Error> {
    let arn = function_arn(ctx, function);
    let is_own = Arn::of("lambda", &arn).is_some_and(|arn| arn.account == ctx.caller.account);
    if !is_own {
        return Err(Error::not_simulated(format!("a call for {arn} of another account")));
    }
    match find(state, &arn) {
        Some(_) => Ok(arn),
        None => Err(not_found(&arn)),
    }
}

fn not_found(arn: &str) -> Error {
    Error::new("ResourceNotFoundException", format!("Function not found: {arn}")).status(404)
}

fn start(state: &mut State, ctx: &CallContext, input: &Invoke) -> Result<Output, Error> {
    let Invoke { function, kind, log, payload } = input;
    // "Set to Tail to include the execution log in the response." Functions have no log here.
    if let Some(other) = log.as_deref().filter(|log| *log != "None") {
        return Err(Error::not_simulated(format!("the log type {other} of lambda:Invoke")));
    }
    let arn = own_function(state, ctx, function)?;
    let payload = match payload.as_str() {
        "" => Value::Null,
        text => serde_json::from_str(text).map_err(|error| {
            let message = format!("Could not parse request body into json: {error}");
            Error::new("InvalidRequestContentException", message)
        })?,
    };
    let kind = kind.as_deref().unwrap_or("RequestResponse");
    let most = if kind == "Event" { MAX_BYTES_OF_EVENT } else { MAX_BYTES };
    let bytes = payload.to_string().len();
    if bytes > most {
        let message = format!("{bytes} byte payload is too large for the {kind} invocation type (limit {most} bytes)");
        return Err(Error::new("RequestTooLargeException", message).status(413));
    }
    match kind {
        "RequestResponse" => {
            let (sender, receiver) = oneshot::channel();
            run_once(state, &arn, payload, |_, result| {
                // The caller may have gone.
                let _ = sender.send(result);
            });
            Ok(Output::Running(Running(Arc::new(Mutex::new(Some(receiver))))))
        }
        "Event" => {
            invoke(state, &arn, payload);
            Ok(RestOutput { status: 202, headers: Vec::new(), body: Vec::new() }.into())
        }
        other => Err(Error::not_simulated(format!("the invocation type {other} of lambda:Invoke"))),
    }
}

impl Running {
    /// The response, as soon as the function has ended.
    pub(crate) async fn response(self) -> CallResult {
        let receiver = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let lost = || Error::new("ServiceException", "The invocation was lost.").status(500);
        let Some(receiver) = receiver else { return Err(lost()) };
        match receiver.await.map_err(|_| lost())? {
            Ok(value) => Ok(response(&value.to_string(), None)),
            Err(InvocationError { error, cause }) => match error.as_str() {
                "Lambda.TooManyRequestsException" => Err(Error::new("TooManyRequestsException", cause).status(429)),
                "Lambda.ResourceNotFoundException" => Err(Error::new("ResourceNotFoundException", cause).status(404)),
                "Lambda.ServiceException" => Err(Error::new("ServiceException", cause).status(500)),
                // "Returns 200 OK … even if the function returns an error. … FunctionError: if present, indicates that an error
                // occurred during function execution. Details about the error are included in the response payload."
                _ => Ok(response(&cause, Some("Unhandled"))),
            },
        }
    }
}

fn response(payload: &str, error: Option<&str>) -> Output {
    let mut output = RestOutput { status: 200, headers: Vec::new(), body: payload.as_bytes().to_vec() };
    output.header("content-type", "application/json".to_owned());
    output.header("x-amz-executed-version", "$LATEST".to_owned());
    output.headers(error.map(|error| ("x-amz-function-error", error.to_owned())));
    output.into()
}

/// "Function name – my-function", or its ARN.
fn function_arn(ctx: &CallContext, function: &str) -> String {
    match function.starts_with("arn:") {
        true => function.to_owned(),
        false => ctx.arn("lambda", &format!("function:{function}")),
    }
}
