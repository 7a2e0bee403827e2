//! Invokes a function, and waits for its response.

use anyhow::Context;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LogType};
use aws_smithy_types::base64;
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::Value;
use std::time::Duration;

use crate::Account;
use crate::aws_error::{Explain, error_code};

/// The response of a function.
pub(super) struct Response {
    /// The returned payload.
    pub(super) payload: Value,
    /// The error message, if the function failed.
    pub(super) failure: Option<String>,
    /// The end of its log: Lambda returns the last 4 KB.
    pub(super) log: String,
}

/// The timeout of the call. The keeper has fifteen minutes, the others five.
const TIMEOUT: Duration = Duration::from_secs(16 * 60);

pub(super) async fn invoke(account: &Account, name: &str, payload: &Value) -> anyhow::Result<Response> {
    // A call that times out is retried, and would invoke the function twice.
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(TIMEOUT).read_timeout(TIMEOUT).build();
    let config = aws_sdk_lambda::config::Builder::from(account.sdk()).timeout_config(timeouts).build();
    let call = aws_sdk_lambda::Client::from_conf(config).invoke().function_name(name);
    let call = call.invocation_type(InvocationType::RequestResponse).log_type(LogType::Tail);
    match call.payload(Blob::new(payload.to_string())).send().await {
        Err(error) if error_code(&error) == Some("ResourceNotFoundException") => {
            // A stack of an earlier version has no keeper.
            let command = if name == account.role.stack() { "create" } else { "update" };
            anyhow::bail!("{account} has no function {name}; run `cargo xtask {command} {}`", account.role)
        }
        answer => read(answer.explain(account.credentials(), format_args!("invoking {name}"))?),
    }
}

fn read(output: InvokeOutput) -> anyhow::Result<Response> {
    let payload = output.payload().map(|payload| payload.as_ref()).unwrap_or_default();
    let payload = serde_json::from_slice(payload).unwrap_or_else(|_| String::from_utf8_lossy(payload).into());
    let log = base64::decode(output.log_result().unwrap_or_default()).context("reading the log of the function")?;
    let failure = output.function_error().map(|kind| failure(&payload, kind));
    Ok(Response { failure, payload, log: String::from_utf8_lossy(&log).into_owned() })
}

/// The message in the payload of a failed function: `{"errorType":…,"errorMessage":…}`.
fn failure(payload: &Value, kind: &str) -> String {
    let message = payload.get("errorMessage").and_then(Value::as_str);
    message.map_or_else(|| format!("{kind}: {payload}"), str::to_owned)
}
