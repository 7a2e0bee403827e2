//! Turns an error of an AWS call into one line: the action, AWS's answer, and the next step.
//!
//! It decides by error codes, error types, the HTTP status and the AWS profile, never by the text of an error.

use std::error::Error;
use std::fmt::Display;

use aws_config::profile::{self, ProfileSet};
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::os_shim_internal::{Env, Fs};

use config::Config;
use protocol::Region;

use crate::Role;

/// Where the credentials for an account come from. Error messages name it.
#[derive(Clone, Debug)]
pub struct CredentialSource {
    role: Role,
    /// The region that is called, like `eu-west-1 (AWS_REGION)`.
    region: String,
    /// The profile that the configuration names for the role.
    profile: Option<String>,
    /// The profile that signs in with AWS IAM Identity Center: this one, or one that it refers to.
    sso_profile: Option<String>,
}

impl CredentialSource {
    /// The default credential chain.
    #[must_use]
    pub fn new(role: Role, region: String) -> Self {
        Self { role, region, profile: None, sso_profile: None }
    }

    /// The same credentials for calls in another region.
    #[must_use]
    pub fn in_region(&self, region: String) -> Self {
        Self { region, ..self.clone() }
    }

    /// The profile, or the default credential chain if the configuration names no profile.
    pub async fn load(role: Role, region: String, profile: Option<String>) -> Self {
        let env = Env::real();
        let has_keys = profile.is_none() && env.get("AWS_ACCESS_KEY_ID").is_ok();
        let sso_profile = match has_keys {
            true => None,
            false => {
                let selected = profile.clone().map(Into::into);
                // If the file cannot be read, the credential provider reports it.
                let profiles = profile::load(&Fs::real(), &env, &Default::default(), selected).await.ok();
                profiles.as_ref().and_then(sso_profile).map(str::to_owned)
            }
        };
        Self { role, region, profile, sso_profile }
    }

    /// `of profile dr (DR_PROFILE)`, `for the DR account`.
    fn description(&self) -> String {
        match &self.profile {
            Some(profile) => format!("of profile {profile} ({})", self.role.profile_key()),
            None => format!("for {}", self.role.account()),
        }
    }

    fn renewal(&self) -> String {
        match &self.sso_profile {
            Some(profile) => format!("run `aws sso login --profile {profile}`"),
            None => "renew them".to_owned(),
        }
    }
}

/// A region, and the configuration key that names it.
#[must_use]
pub fn with_key(region: &Region, config: &Config) -> String {
    format!("{region} ({})", config.region_key(region))
}

/// The selected profile, or the one that it refers to with `source_profile`, if that profile uses IAM Identity Center.
fn sso_profile(profiles: &ProfileSet) -> Option<&str> {
    let next = |name: &&str| profiles.get_profile(name)?.get("source_profile");
    // A profile can name itself. No real chain is longer than this.
    let mut chain = std::iter::successors(Some(profiles.selected_profile()), next).take(8);
    chain.find(|name| {
        let profile = profiles.get_profile(name);
        profile.is_some_and(|profile| ["sso_session", "sso_start_url"].iter().any(|key| profile.get(key).is_some()))
    })
}

/// The result of an AWS call, with an error message for people.
pub trait Explain<T> {
    /// The response, or an error that names the action.
    ///
    /// # Errors
    ///
    /// If AWS returned an error or could not be reached.
    fn explain(self, credentials: &CredentialSource, action: impl Display) -> anyhow::Result<T>;

    /// The same, but `None` if AWS returned this error code, which means that the resource does not exist.
    ///
    /// # Errors
    ///
    /// If AWS returned another error or could not be reached.
    fn explain_unless(
        self,
        missing: &str,
        credentials: &CredentialSource,
        action: impl Display,
    ) -> anyhow::Result<Option<T>>;
}

impl<T, E> Explain<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: Error + ProvideErrorMetadata + 'static,
{
    fn explain(self, credentials: &CredentialSource, action: impl Display) -> anyhow::Result<T> {
        self.map_err(|error| match credentials_error(&error) {
            Some(missing) => anyhow::anyhow!(no_credentials(missing, credentials)),
            None => anyhow::anyhow!("{action}: {}", explanation(&error, credentials)),
        })
    }

    fn explain_unless(
        self,
        missing: &str,
        credentials: &CredentialSource,
        action: impl Display,
    ) -> anyhow::Result<Option<T>> {
        match self {
            Err(error) if error_code(&error) == Some(missing) => Ok(None),
            result => result.explain(credentials, action).map(Some),
        }
    }
}

/// The error code that AWS returned, like `NoSuchBucket`.
#[must_use]
pub fn error_code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    match error {
        SdkError::ServiceError(error) => error.err().code(),
        _ => None,
    }
}

/// The HTTP status of the response. A response to HEAD has no body, and therefore no error code.
#[must_use]
pub fn http_status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// The region of a bucket, if S3 returned one that is not `expected`.
#[must_use]
pub fn bucket_region<E>(error: &SdkError<E, HttpResponse>, expected: &Region) -> Option<String> {
    // S3 returns this header with the status 301 or 400 too.
    let region = error.raw_response()?.headers().get("x-amz-bucket-region")?;
    (region != expected.as_str()).then(|| region.to_owned())
}

fn explanation<E>(error: &SdkError<E, HttpResponse>, credentials: &CredentialSource) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(service_error) => {
            let code = service_error.err().code().unwrap_or_default();
            let message = service_error.err().message().unwrap_or_default();
            match http_status(error) {
                // The SDK calls a body that it cannot parse a service error without a code.
                Some(status @ 200..=299) if code.is_empty() => unreadable(status, &root(error)),
                status => rejection(code, message, status, credentials),
            }
        }
        SdkError::ResponseError(_) => unreadable(http_status(error).unwrap_or_default(), &root(error)),
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
            let (region, cause) = (&credentials.region, root(error));
            format!(
                "no connection to AWS in {region}: {cause}; is the region's name right, is the region in operation? otherwise \
                 check the network and the proxy (HTTPS_PROXY)"
            )
        }
        _ => format!("{error}: {}", root(error)),
    }
}

/// A proxy's own page, an endpoint that is not AWS, or an answer that this version of the SDK does not know.
fn unreadable(status: u16, cause: &str) -> String {
    format!(
        "cannot read the response (HTTP {status}): {cause}; check that AWS_ENDPOINT_URL is not set to another service \
         and that no proxy changes responses"
    )
}

fn rejection(code: &str, message: &str, status: Option<u16>, credentials: &CredentialSource) -> String {
    let (description, renewal) = (credentials.description(), credentials.renewal());
    match (code, status) {
        ("ExpiredToken" | "ExpiredTokenException" | "RequestExpired", _) => {
            format!("the credentials {description} have expired; {renewal}")
        }
        (
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "AuthFailure",
            _,
        ) => format!("AWS does not accept the credentials {description} ({code}); {renewal}"),
        ("AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AuthorizationError", _) => {
            format!("{code}: {message}; the credentials {description} need this permission")
        }
        ("" | "Forbidden" | "403", Some(403)) => {
            format!("access denied (HTTP 403); the credentials {description} need this permission")
        }
        ("", status) => format!("AWS returned HTTP {} without an error code", status.unwrap_or_default()),
        (code, _) => format!("{code}: {message}"),
    }
}

fn no_credentials(error: &CredentialsError, credentials: &CredentialSource) -> String {
    let CredentialSource { role, profile, sso_profile, .. } = credentials;
    let (account, key, cause) = (role.account(), role.profile_key(), root(error));
    let source = profile.as_ref().map(|profile| format!("profile {profile} ({key}): ")).unwrap_or_default();
    let next = match (sso_profile, profile, error) {
        (Some(sso), _, _) => format!("{source}{cause}; run `aws sso login --profile {sso}`"),
        (None, Some(profile), _) => format!("{source}{cause}; check `aws configure list --profile {profile}`"),
        (None, None, CredentialsError::CredentialsNotLoaded(_)) => {
            format!("set {key} in config.yaml to an AWS profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        }
        (None, None, _) => {
            format!("{cause}; check `aws configure list`, or set {key} in config.yaml to an AWS profile")
        }
    };
    format!("no AWS credentials for {account}: {next}")
}

fn credentials_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CredentialsError> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

/// The innermost error, which has the most detail.
fn root(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn source(profile: Option<&str>, sso_profile: Option<&str>) -> CredentialSource {
        let owned = |name: Option<&str>| name.map(str::to_owned);
        let (role, region) = (Role::Consumer, "eu-west-1".to_owned());
        CredentialSource { role, region, profile: owned(profile), sso_profile: owned(sso_profile) }
    }

    fn rejected(code: &str, message: &str, status: u16, credentials: &CredentialSource) -> String {
        rejection(code, message, Some(status), credentials)
    }

    #[test]
    fn expired_credentials_are_renewed_the_way_the_profile_gets_them() {
        assert_eq!(
            rejected("ExpiredToken", "The security token has expired", 403, &source(Some("dr"), Some("base"))),
            "the credentials of profile dr (DR_PROFILE) have expired; run `aws sso login --profile base`"
        );
        assert_eq!(
            rejected("ExpiredTokenException", "", 403, &source(None, None)),
            "the credentials for the DR account have expired; renew them"
        );
    }

    #[test]
    fn invalid_credentials_and_missing_permissions_are_different_errors() {
        assert_eq!(
            rejected("InvalidClientTokenId", "The security token is invalid", 403, &source(Some("dr"), None)),
            "AWS does not accept the credentials of profile dr (DR_PROFILE) (InvalidClientTokenId); renew them"
        );
        assert_eq!(
            rejected(
                "AccessDenied",
                "User x is not authorized to perform: cloudformation:CreateChangeSet",
                403,
                &source(None, None)
            ),
            "AccessDenied: User x is not authorized to perform: cloudformation:CreateChangeSet; the credentials for the \
             DR account need this permission"
        );
    }

    #[test]
    fn error_without_a_code_is_described_by_its_status() {
        assert_eq!(
            rejected("", "", 403, &source(None, None)),
            "access denied (HTTP 403); the credentials for the DR account need this permission"
        );
        assert_eq!(rejected("", "", 503, &source(None, None)), "AWS returned HTTP 503 without an error code");
    }

    #[test]
    fn other_errors_are_passed_on() {
        let message = rejected("ValidationError", "Template format error", 400, &source(None, None));
        assert_eq!(message, "ValidationError: Template format error");
    }

    #[test]
    fn unreadable_success_is_not_a_rejection() {
        let parse_error = || GetCallerIdentityError::unhandled("expected element `GetCallerIdentityResponse`");
        let response = || HttpResponse::new(200.try_into().unwrap(), SdkBody::from("<html>Please sign in</html>"));
        for error in
            [SdkError::service_error(parse_error(), response()), SdkError::response_error(parse_error(), response())]
        {
            assert_eq!(
                explanation(&error, &source(None, None)),
                "cannot read the response (HTTP 200): expected element `GetCallerIdentityResponse`; check that \
                 AWS_ENDPOINT_URL is not set to another service and that no proxy changes responses"
            );
        }
    }

    #[test]
    fn a_region_without_an_answer_is_named_with_its_key() {
        let config = Config {
            aws_region: "eu-west-1".parse().ok(),
            dr_region: "eu-wset-1".parse().ok(),
            second_region: "eu-north-1".parse().ok(),
            ..Config::default()
        };
        let timeout = || SdkError::<GetCallerIdentityError, HttpResponse>::timeout_error("no answer");
        let named = |region: &str| {
            let credentials = source(None, None).in_region(with_key(&region.parse().unwrap(), &config));
            explanation(&timeout(), &credentials)
        };
        assert_eq!(
            named("eu-wset-1"),
            "no connection to AWS in eu-wset-1 (DR_REGION): no answer; is the region's name right, is the region in operation? \
             otherwise check the network and the proxy (HTTPS_PROXY)"
        );
        for (region, key) in
            [("eu-west-1", "AWS_REGION"), ("eu-north-1", "SECOND_REGION"), ("us-east-1", "SOURCE_REGIONS")]
        {
            let start = format!("no connection to AWS in {region} ({key}): no answer; ");
            assert!(named(region).starts_with(&start), "{}", named(region));
        }
    }

    #[test]
    fn missing_credentials_name_the_account_the_cause_and_the_next_step() {
        let none = CredentialsError::not_loaded("no providers in chain provided credentials");
        assert_eq!(
            no_credentials(&none, &source(None, None)),
            "no AWS credentials for the DR account: set DR_PROFILE in config.yaml to an AWS profile, or set \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        );
        let expired = CredentialsError::provider_error("the token has expired and cannot be refreshed");
        assert_eq!(
            no_credentials(&expired, &source(Some("dr"), Some("dr"))),
            "no AWS credentials for the DR account: profile dr (DR_PROFILE): the token has expired and cannot be \
             refreshed; run `aws sso login --profile dr`"
        );
        let unknown = CredentialsError::invalid_configuration("profile `dr` was not defined");
        assert_eq!(
            no_credentials(&unknown, &source(Some("dr"), None)),
            "no AWS credentials for the DR account: profile dr (DR_PROFILE): profile `dr` was not defined; check `aws \
             configure list --profile dr`"
        );
        assert_eq!(
            no_credentials(&expired, &source(None, None)),
            "no AWS credentials for the DR account: the token has expired and cannot be refreshed; check `aws configure \
             list`, or set DR_PROFILE in config.yaml to an AWS profile"
        );
    }

    #[tokio::test]
    async fn sso_login_is_suggested_for_profiles_that_sign_in_with_identity_center() {
        let file = "[profile base]\nsso_session = house\n[profile old]\nsso_start_url = https://example.com\n\
                    [profile role]\nsource_profile = base\n[profile named-sso]\naws_access_key_id = 1\n\
                    [profile loop]\nsource_profile = loop\n[sso-session house]\nsso_region = eu-west-1\n";
        let (fs, env) = (Fs::from_slice(&[("config", file)]), Env::from_slice(&[("AWS_CONFIG_FILE", "config")]));
        let found = async |name: &'static str| {
            let profiles = profile::load(&fs, &env, &Default::default(), Some(name.into())).await.unwrap();
            sso_profile(&profiles).map(str::to_owned)
        };
        assert_eq!(found("base").await.as_deref(), Some("base"));
        assert_eq!(found("old").await.as_deref(), Some("old"));
        assert_eq!(found("role").await.as_deref(), Some("base"));
        for other in ["named-sso", "loop", "undefined"] {
            assert_eq!(found(other).await, None, "{other}");
        }
    }
}
