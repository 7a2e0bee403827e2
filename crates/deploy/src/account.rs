//! One of the two accounts, with credentials that are known to be for it.
//!
//! Credentials come from where the AWS command line has them: a profile (SSO, a role to assume, a process, plain keys)
//! or, where the configuration names none, the usual chain that begins with the environment. `AWS_ENDPOINT_URL` and
//! `AWS_ENDPOINT_URL_<SERVICE>` are honoured too, by the SDK's own loader.

use std::fmt;
use std::time::Duration;

use anyhow::Context;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Builder, Connector, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::app_name::AppName;
use aws_types::service_config::ServiceConfigKey;
use cloud::Cloud;
use config::Config;
use protocol::Place;

use crate::Role;
use crate::aws_error::{CredentialSource, Explain};

/// A connection is there after this, or will not be.
const CONNECT: Duration = Duration::from_secs(5);
/// A call is given up after this, and tried again. An upload of some megabytes is one call.
const ATTEMPT: Duration = Duration::from_secs(60);

/// An account in its role, and the means to call AWS there.
#[derive(Clone, Debug)]
pub struct Account {
    /// What this account does for Draco.
    pub role: Role,
    /// Which account it is, and where we work in it.
    pub place: Place,
    /// Whose credentials these are, as AWS knows them: an ARN.
    pub caller: String,
    credentials: CredentialSource,
    sdk: SdkConfig,
}

impl Account {
    /// The account for this role, once AWS has said that the credentials are for one that may have it.
    ///
    /// # Errors
    ///
    /// If there are no credentials, they do not work, or they are for another account.
    pub async fn reach(role: Role, config: &Config) -> anyhow::Result<Self> {
        let region = config.need(&config.aws_region, "AWS_REGION")?.clone();
        let profile = role.profile(config).map(str::to_owned);
        let sdk = sdk(region.as_str(), profile.as_deref()).await;
        let credentials = CredentialSource::load(role, profile).await;
        let caller = aws_sdk_sts::Client::new(&sdk).get_caller_identity().send().await;
        let caller = caller.explain(&credentials, "identifying the caller with sts:GetCallerIdentity")?;
        let account = caller.account().context("AWS does not say which account these credentials are for")?.parse()?;
        role.admits(&account, config)?;
        let caller = caller.arn().unwrap_or_default().to_owned();
        Ok(Self { role, place: Place { region, account }, caller, credentials, sdk })
    }

    /// An account of which it is known already that it is the one for this role.
    #[must_use]
    pub fn known(role: Role, place: Place, sdk: SdkConfig) -> Self {
        let caller = place.account.to_string();
        Self { role, place, caller, credentials: CredentialSource::new(role), sdk }
    }

    /// The snapshots here.
    #[must_use]
    pub fn cloud(&self) -> Cloud {
        Cloud::new(&self.sdk, self.place.clone())
    }

    /// Where the credentials came from, for error messages.
    #[must_use]
    pub fn credentials(&self) -> &CredentialSource {
        &self.credentials
    }

    /// For any service's client.
    #[must_use]
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// CloudFormation here.
    #[must_use]
    pub fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        aws_sdk_cloudformation::Client::new(&self.sdk)
    }

    /// S3 here.
    ///
    /// An endpoint of one's own has no name for each bucket, so there the bucket stands in the path.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let elsewhere = ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url");
        let elsewhere = elsewhere.build().ok().and_then(|key| self.sdk.service_config()?.load_config(key));
        let config = aws_sdk_s3::config::Builder::from(&self.sdk).force_path_style(elsewhere.is_some());
        aws_sdk_s3::Client::from_conf(config.build())
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { account, region } = &self.place;
        write!(f, "{} {account} in {region}", self.role.account())
    }
}

async fn sdk(region: &str, profile: Option<&str>) -> SdkConfig {
    let region = Region::new(region.to_owned());
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
    let mut loader = ConfigLoader::default()
        .behavior_version(BehaviorVersion::latest())
        .region(region.clone())
        .http_client(http())
        .timeout_config(timeouts);
    if let Ok(name) = AppName::new("draco-deploy") {
        loader = loader.app_name(name);
    }
    if let Some(profile) = profile {
        // The SDK's chain would take keys from the environment first, which are seldom meant where a profile is named;
        // the AWS command line takes the profile that it is told, and so do we.
        let about = ProviderConfig::without_region().with_region(Some(region)).with_http_client(http());
        let provider = ProfileFileCredentialsProvider::builder().configure(&about).profile_name(profile).build();
        loader = loader.profile_name(profile).credentials_provider(provider);
    }
    loader.load().await
}

/// HTTPS with the machine's own certificates, through the proxy that the environment names, if it names one.
fn http() -> SharedHttpClient {
    let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector.tls_provider(tls.clone()).build()
    })
}
