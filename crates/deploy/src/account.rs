//! One of the two accounts, with credentials that have been checked to belong to it.
//!
//! Credentials have the same sources as those of the AWS command line: a profile (SSO, an assumed role, a process, plain keys)
//! or, if the configuration names no profile, the default chain, which starts with the environment. The SDK's loader also
//! honours `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>`.

use std::fmt;
use std::time::Duration;

use anyhow::Context;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Builder, Connector, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::app_name::AppName;
use aws_types::service_config::ServiceConfigKey;
use cloud::Cloud;
use config::Config;
use protocol::{Place, Region};

use crate::Role;
use crate::aws_error::{CredentialSource, Explain, with_key};

/// The timeout for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// The timeout for one attempt of a call; the SDK then retries. An upload of some megabytes is one call.
const ATTEMPT: Duration = Duration::from_secs(60);

/// An account, its role, and clients for AWS there.
#[derive(Clone, Debug)]
pub struct Account {
    /// The role of the account.
    pub role: Role,
    /// The account's id, and the region.
    pub place: Place,
    /// The ARN of the identity that the credentials belong to.
    pub caller: String,
    credentials: CredentialSource,
    sdk: SdkConfig,
}

impl Account {
    /// Loads the credentials for this role, and checks that they belong to an account with this role.
    ///
    /// # Errors
    ///
    /// If there are no credentials, AWS does not accept them, or they belong to another account.
    pub async fn connect(role: Role, config: &Config) -> anyhow::Result<Self> {
        Self::connect_in(role, role.region(config)?, config).await
    }

    /// As [`Account::connect`], in the region that was given for the role, if one was.
    ///
    /// # Errors
    ///
    /// As [`Account::connect`], and if the role has no stack in the region.
    pub async fn connect_at(role: Role, region: Option<&Region>, config: &Config) -> anyhow::Result<Self> {
        Self::connect_in(role, role.region_or(config, region)?, config).await
    }

    /// As [`Account::connect`], in another region.
    ///
    /// # Errors
    ///
    /// As [`Account::connect`].
    pub async fn connect_in(role: Role, region: &Region, config: &Config) -> anyhow::Result<Self> {
        let named = with_key(region, config);
        let account = Self::identify_named(role, region, named, role.profile(config), None).await?;
        role.check_account(&account.place.account, config)?;
        Ok(account)
    }

    /// Loads the credentials of a profile or of the default chain, and finds out to which account they belong. `endpoint` is in
    /// place of AWS's.
    ///
    /// # Errors
    ///
    /// If there are no credentials, or AWS does not accept them.
    pub async fn identify(
        role: Role,
        region: &Region,
        profile: Option<&str>,
        endpoint: Option<&str>,
    ) -> anyhow::Result<Self> {
        Self::identify_named(role, region, region.to_string(), profile, endpoint).await
    }

    /// `named` is the region for error messages.
    async fn identify_named(
        role: Role,
        region: &Region,
        named: String,
        profile: Option<&str>,
        endpoint: Option<&str>,
    ) -> anyhow::Result<Self> {
        let sdk = sdk(region.as_str(), profile, endpoint).await;
        let credentials = CredentialSource::load(role, named, profile.map(str::to_owned)).await;
        let caller = aws_sdk_sts::Client::new(&sdk).get_caller_identity().send().await;
        let caller = caller.explain(&credentials, "identifying the caller with sts:GetCallerIdentity")?;
        let account = caller.account().context("GetCallerIdentity returned no account")?.parse()?;
        let (region, caller) = (region.clone(), caller.arn().unwrap_or_default().to_owned());
        Ok(Self { role, place: Place { region, account }, caller, credentials, sdk })
    }

    /// The same account with the same credentials in another region.
    #[must_use]
    pub fn elsewhere(&self, role: Role, region: &Region) -> Self {
        let place = Place { region: region.clone(), account: self.place.account.clone() };
        let sdk = self.sdk.to_builder().region(aws_config::Region::new(region.to_string())).build();
        Self { role, place, sdk, credentials: self.credentials.in_region(region.to_string()), ..self.clone() }
    }

    /// An account that is not checked. Tests use it.
    #[must_use]
    pub fn unchecked(role: Role, place: Place, sdk: SdkConfig) -> Self {
        let caller = place.account.to_string();
        let credentials = CredentialSource::new(role, place.region.to_string());
        Self { role, place, caller, credentials, sdk }
    }

    /// Draco's client for the snapshots of the account.
    #[must_use]
    pub fn cloud(&self) -> Cloud {
        Cloud::new(&self.sdk, self.place.clone())
    }

    /// Where the credentials came from, for error messages.
    #[must_use]
    pub fn credentials(&self) -> &CredentialSource {
        &self.credentials
    }

    /// The SDK's configuration, for the client of any service.
    #[must_use]
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// A client for CloudFormation.
    #[must_use]
    pub fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        aws_sdk_cloudformation::Client::new(&self.sdk)
    }

    /// A client for S3.
    ///
    /// A custom endpoint has no host name for each bucket, so there the bucket is in the path.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let endpoint = ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url");
        let endpoint = endpoint.build().ok().and_then(|key| self.sdk.service_config()?.load_config(key));
        let config = aws_sdk_s3::config::Builder::from(&self.sdk).force_path_style(endpoint.is_some());
        aws_sdk_s3::Client::from_conf(config.build())
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { account, region } = &self.place;
        write!(f, "{} {account} in {region}", self.role.account())
    }
}

async fn sdk(region: &str, profile: Option<&str>, endpoint: Option<&str>) -> SdkConfig {
    let region = aws_config::Region::new(region.to_owned());
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
    let mut loader = ConfigLoader::default()
        .behavior_version(BehaviorVersion::latest())
        .region(region.clone())
        .http_client(http())
        .timeout_config(timeouts);
    if let Ok(name) = AppName::new("draco-deploy") {
        loader = loader.app_name(name);
    }
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some(profile) = profile {
        // The SDK's chain would prefer keys in the environment to a configured profile. The AWS command line prefers the
        // profile that it is given, and so does this.
        let settings = ProviderConfig::without_region().with_region(Some(region)).with_http_client(http());
        let provider = ProfileFileCredentialsProvider::builder().configure(&settings).profile_name(profile).build();
        loader = loader.profile_name(profile).credentials_provider(provider);
    }
    loader.load().await
}

/// HTTPS with the system's certificates, through the proxy in the environment if there is one.
fn http() -> SharedHttpClient {
    let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector.tls_provider(tls.clone()).build()
    })
}
