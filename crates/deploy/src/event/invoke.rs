//! Handing a payload to a function, and waiting for what becomes of it.

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

/// What became of it.
pub(super) struct Answer {
    /// What the function returned.
    pub(super) payload: Value,
    /// Why it failed, if it did.
    pub(super) failure: Option<String>,
    /// The end of what it logged: Lambda gives the last 4 KB.
    pub(super) log: String,
}

/// The function has five minutes, and the answer comes after that.
const PATIENCE: Duration = Duration::from_secs(6 * 60);

pub(super) async fn invoke(account: &Account, payload: &Value) -> anyhow::Result<Answer> {
    let name = account.role.stack();
    // A call that is given up and made again would invoke the function twice.
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).read_timeout(PATIENCE).build();
    let config = aws_sdk_lambda::config::Builder::from(account.sdk()).timeout_config(timeouts).build();
    let call = aws_sdk_lambda::Client::from_conf(config).invoke().function_name(name);
    let call = call.invocation_type(InvocationType::RequestResponse).log_type(LogType::Tail);
    match call.payload(Blob::new(payload.to_string())).send().await {
        Err(error) if error_code(&error) == Some("ResourceNotFoundException") => {
            anyhow::bail!("{account} has no function {name}: `cargo xtask create {}`", account.role)
        }
        answer => read(answer.explain(account.credentials(), format_args!("invoking {name}"))?),
    }
}

fn read(answer: InvokeOutput) -> anyhow::Result<Answer> {
    let payload = answer.payload().map(|payload| payload.as_ref()).unwrap_or_default();
    let payload = serde_json::from_slice(payload).unwrap_or_else(|_| String::from_utf8_lossy(payload).into());
    let log = base64::decode(answer.log_result().unwrap_or_default()).context("reading what the function logged")?;
    let failure = answer.function_error().map(|kind| failure(&payload, kind));
    Ok(Answer { failure, payload, log: String::from_utf8_lossy(&log).into_owned() })
}

/// What a function returns that fails: `{"errorType":…,"errorMessage":…}`.
fn failure(payload: &Value, kind: &str) -> String {
    let message = payload.get("errorMessage").and_then(Value::as_str);
    message.map_or_else(|| format!("{kind}: {payload}"), str::to_owned)
}
