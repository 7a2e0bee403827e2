//! The invocation of another function of this account, whose result is waited for.

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::Value;

use crate::error::{FUNCTION_FAILED, Failure};

/// A function runs for at most 15 minutes.
const LIMIT: Duration = Duration::from_secs(15 * 60 + 10);

/// The result of a function. It is invoked once: a caller that has no answer looks again.
pub(crate) async fn invoke(client: &aws_sdk_lambda::Client, function: &str, payload: &Value) -> Result<Value, Failure> {
    let limits = TimeoutConfig::builder().operation_attempt_timeout(LIMIT).operation_timeout(LIMIT).build();
    let config = aws_sdk_lambda::Config::builder().timeout_config(limits).retry_config(RetryConfig::disabled());
    let call = client.invoke().function_name(function).payload(Blob::new(payload.to_string()));
    let answer = call.customize().config_override(config).send().await?;
    let payload = answer.payload().map(Blob::as_ref).unwrap_or_default();
    // "FunctionError: If present, indicates that an error occurred during function execution. Details about the error are included in the
    // response payload" (`Invoke`).
    if let Some(kind) = answer.function_error() {
        let text = serde_json::from_slice::<Value>(payload).ok();
        let text = text.as_ref().and_then(|text| text.get("errorMessage")?.as_str());
        return Err(Failure::of_function(kind, text.unwrap_or_default()));
    }
    serde_json::from_slice(payload).map_err(|_| Failure::invalid_response("the payload of the function is not JSON"))
}

impl Failure {
    /// The function has failed. The text is its own.
    fn of_function(kind: &str, text: &str) -> Self {
        Self::with_code(FUNCTION_FAILED, format!("{kind}: {text}"))
    }
}
