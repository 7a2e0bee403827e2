//! What AWS refuses, or what keeps us from asking it, in one line that says what to do.

use std::error::Error;
use std::fmt::Display;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use protocol::Region;

use crate::Role;

/// Whose credentials were used: who reads the message must know which to mend.
#[derive(Clone, Debug)]
pub struct Who {
    /// The role that the account has.
    pub role: Role,
    /// The profile that the configuration names for it.
    pub profile: Option<String>,
}

/// An answer from AWS, with what was being done.
pub trait Told<T> {
    /// The answer, or what went wrong and what to do about it.
    ///
    /// # Errors
    ///
    /// If AWS refused, or could not be asked.
    fn told(self, who: &Who, doing: impl Display) -> anyhow::Result<T>;

    /// The same, where an error of this name is how AWS says that there is nothing.
    ///
    /// # Errors
    ///
    /// If AWS refused for another reason, or could not be asked.
    fn told_unless(self, nothing: &str, who: &Who, doing: impl Display) -> anyhow::Result<Option<T>>;
}

impl<T, E> Told<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: Error + ProvideErrorMetadata + 'static,
{
    fn told(self, who: &Who, doing: impl Display) -> anyhow::Result<T> {
        self.map_err(|error| anyhow::anyhow!("{doing}: {}", explained(&error, who)))
    }

    fn told_unless(self, nothing: &str, who: &Who, doing: impl Display) -> anyhow::Result<Option<T>> {
        match self {
            Err(error) if code(&error) == Some(nothing) => Ok(None),
            answer => answer.told(who, doing).map(Some),
        }
    }
}

/// What AWS calls this error, where it is AWS that refused: `NoSuchBucket`.
#[must_use]
pub fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    match error {
        SdkError::ServiceError(refused) => refused.err().code(),
        _ => None,
    }
}

/// The status of the answer. Answers to HEAD have no text, so there this is all that AWS says.
#[must_use]
pub fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|answer| answer.status().as_u16())
}

/// The region that a bucket is in, if S3 says that it is in another than this one.
#[must_use]
pub fn elsewhere<E>(error: &SdkError<E, HttpResponse>, here: &Region) -> Option<String> {
    // With 301 or 400, as with any answer that is about a bucket.
    let region = error.raw_response()?.headers().get("x-amz-bucket-region")?;
    (region != here.as_str()).then(|| region.to_owned())
}

fn explained<E>(error: &SdkError<E, HttpResponse>, who: &Who) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let chain: Vec<&(dyn Error + 'static)> = chain(error).collect();
    if let Some(credentials) = chain.iter().find_map(|error| error.downcast_ref::<CredentialsError>()) {
        return without_credentials(credentials, who);
    }
    match error {
        SdkError::ServiceError(refused) => {
            let code = refused.err().code().unwrap_or_default();
            let message = refused.err().message().unwrap_or_default();
            refusal(code, message, status(error), who)
        }
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
            let told = root(error);
            format!("AWS cannot be reached ({told}): check the network, a proxy (HTTPS_PROXY), and AWS_REGION")
        }
        _ => format!("{}: {}", error, root(error)),
    }
}

fn refusal(code: &str, message: &str, status: Option<u16>, who: &Who) -> String {
    match (code, status) {
        ("ExpiredToken" | "ExpiredTokenException" | "RequestExpired", _) => {
            format!("the credentials {} have expired: {}", who.described(), who.renewal())
        }
        (
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "AuthFailure",
            _,
        ) => format!("AWS does not know the credentials {} ({code}): {}", who.described(), who.renewal()),
        ("AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AuthorizationError", _) => {
            format!("{message}: the credentials {} may not do that", who.described())
        }
        ("" | "Forbidden" | "403", Some(403)) => {
            format!("AWS refuses (403): the credentials {} may not do that", who.described())
        }
        ("", status) => format!("AWS refuses ({})", status.unwrap_or_default()),
        (code, _) => format!("{code}: {message}"),
    }
}

fn without_credentials(error: &CredentialsError, who: &Who) -> String {
    let told: Vec<String> = chain(error).map(ToString::to_string).collect();
    let told = told.join(": ");
    let root = root(error);
    match &who.profile {
        Some(profile) if told.to_lowercase().contains("sso") => {
            format!("signing in as profile {profile}: {root}: `aws sso login --profile {profile}`")
        }
        Some(profile) => {
            let key = who.role.profile_key();
            format!(
                "no credentials from profile {profile} ({key}): {root}: see `aws configure list --profile {profile}`"
            )
        }
        None if told.contains("SSO") => format!("{root}: `aws sso login`"),
        None => format!(
            "no credentials for {}: set {} in config.yaml to an AWS profile, or AWS_ACCESS_KEY_ID and the like",
            who.role.account(),
            who.role.profile_key()
        ),
    }
}

impl Who {
    fn described(&self) -> String {
        match &self.profile {
            Some(profile) => format!("of profile {profile} ({})", self.role.profile_key()),
            None => format!("for {}", self.role.account()),
        }
    }

    fn renewal(&self) -> String {
        match &self.profile {
            Some(profile) => format!("`aws sso login --profile {profile}`, or renew them as you got them"),
            None => "renew them as you got them".to_owned(),
        }
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

/// What lies at the bottom says the most.
fn root(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(profile: Option<&str>) -> Who {
        Who { role: Role::Consumer, profile: profile.map(str::to_owned) }
    }

    #[test]
    fn credentials_that_have_expired_are_renewed_as_they_were_made() {
        assert_eq!(
            refusal(
                "ExpiredToken",
                "The security token included in the request is expired",
                Some(403),
                &who(Some("dr"))
            ),
            "the credentials of profile dr (DR_PROFILE) have expired: `aws sso login --profile dr`, or renew them as you \
             got them"
        );
        assert_eq!(
            refusal("ExpiredTokenException", "", Some(403), &who(None)),
            "the credentials for the DR account have expired: renew them as you got them"
        );
    }

    #[test]
    fn credentials_that_aws_does_not_know_are_told_from_those_that_may_not() {
        let unknown = refusal("InvalidClientTokenId", "The security token is invalid", Some(403), &who(Some("dr")));
        assert!(unknown.starts_with("AWS does not know the credentials of profile dr"), "{unknown}");
        assert_eq!(
            refusal(
                "AccessDenied",
                "User x is not authorized to perform: cloudformation:CreateChangeSet",
                Some(403),
                &who(None)
            ),
            "User x is not authorized to perform: cloudformation:CreateChangeSet: the credentials for the DR account may \
             not do that"
        );
    }

    #[test]
    fn an_answer_without_words_is_told_by_its_status() {
        assert_eq!(
            refusal("", "", Some(403), &who(None)),
            "AWS refuses (403): the credentials for the DR account may not do that"
        );
        assert_eq!(refusal("", "", Some(503), &who(None)), "AWS refuses (503)");
    }

    #[test]
    fn what_else_aws_says_is_passed_on() {
        let told = refusal("ValidationError", "Template format error", Some(400), &who(None));
        assert_eq!(told, "ValidationError: Template format error");
    }

    #[test]
    fn without_credentials_a_person_hears_where_they_come_from() {
        let none = CredentialsError::not_loaded("no providers in chain provided credentials");
        assert_eq!(
            without_credentials(&none, &who(None)),
            "no credentials for the DR account: set DR_PROFILE in config.yaml to an AWS profile, or AWS_ACCESS_KEY_ID and \
             the like"
        );
        let expired = CredentialsError::provider_error("the SSO token has expired and cannot be refreshed");
        assert_eq!(
            without_credentials(&expired, &who(Some("dr"))),
            "signing in as profile dr: the SSO token has expired and cannot be refreshed: `aws sso login --profile dr`"
        );
        let unknown = CredentialsError::invalid_configuration("profile `dr` was not defined");
        assert_eq!(
            without_credentials(&unknown, &who(Some("dr"))),
            "no credentials from profile dr (DR_PROFILE): profile `dr` was not defined: see `aws configure list --profile \
             dr`"
        );
    }
}
