//! Errors of AWS calls, in one line each: the operation and its object, AWS's answer, the usual remedy.
//!
//! Three tables: `classes` (AWS's error codes, and what a caller can do), `operations` (the text of each operation), `remedies` (what a
//! person can do).

mod classes;
mod operations;
mod remedies;

use std::fmt;

use aws_sdk_rds::config::http::HttpResponse;
use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use protocol::AccountId;

pub use classes::Class;
#[cfg(feature = "verify")]
pub(crate) use classes::FUNCTION_FAILED;
use classes::{INVALID_RESPONSE, NO_CONNECTION, NOT_SENT, TIMEOUT};
pub(crate) use operations::Operation;

/// A call that AWS refused or did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {failure}{}", .remedy.as_deref().map(|remedy| format!("; {remedy}")).unwrap_or_default())]
pub struct Error {
    operation: String,
    failure: Failure,
    remedy: Option<String>,
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
        let remedy = remedies::of(failure.class(), operation.kind());
        let remedy = remedy.map(|remedy| remedy.replace("{account}", account.as_str()));
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
        let unknown = if self.is_of_server { Class::Unreachable } else { Class::Other };
        Class::of(&self.code).unwrap_or(unknown)
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

    /// A failure with a code that is not AWS's.
    #[cfg(feature = "verify")]
    pub(crate) fn with_code(code: &str, message: String) -> Self {
        Self { code: code.to_owned(), message, is_of_server: false }
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
