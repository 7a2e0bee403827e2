//! The AWS SDK for Rust in process: an HTTP client that calls the world instead of the network.

use std::fmt;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use super::{Request, Response};
use crate::regions::Unreachable;
use crate::world::World;

impl World {
    /// The configuration for SDK clients that act as this account's root user in this region.
    ///
    /// The SDK stops retrying after some dozens of failed calls in a process. A client whose calls are expected to fail
    /// needs its own `retry_partition`.
    #[must_use]
    pub fn sdk_config(&self, account: &str, region: &str) -> SdkConfig {
        self.sdk_config_as(account, region, None)
    }

    /// The configuration for SDK clients that act as a role of the account.
    #[must_use]
    pub fn sdk_config_for_role(&self, account: &str, region: &str, role: &str) -> SdkConfig {
        self.sdk_config_as(account, region, Some(role))
    }

    pub(crate) fn sdk_config_as(&self, account: &str, region: &str, session: Option<&str>) -> SdkConfig {
        let mut credentials = Credentials::builder()
            .access_key_id(account)
            .secret_access_key("simulated")
            .account_id(account)
            .provider_name("sim");
        credentials.set_session_token(session.map(str::to_owned));
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials.build()))
            .identity_cache(IdentityCache::no_cache())
            .http_client(InProcess(self.clone()))
            .time_source(self.clock())
            .sleep_impl(self.clock())
            .retry_config(RetryConfig::standard())
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(60)).build())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .disable_clock_skew_correction(true)
            .build()
    }
}

/// An HTTP client that calls the world directly.
#[derive(Clone)]
struct InProcess(World);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let world = self.0.clone();
        let header = |name: &str| request.headers().get(name).map(str::to_owned);
        let query = request.uri().split_once('?').map(|(_, query)| query);
        let body = request.body().bytes().unwrap_or_default();
        let call = super::read(&world, &Request { query, header: &header, body });
        HttpConnectorFuture::new(async move {
            let (response, id) = world.respond(call).await.map_err(|Unreachable| {
                ConnectorError::timeout("the region cannot be reached: connect timeout".into())
            })?;
            let Response { status, content_type, body, query_error } = response;
            let status = status.try_into().map_err(|error| ConnectorError::other(Box::new(error), None))?;
            let mut response = HttpResponse::new(status, SdkBody::from(body));
            response.headers_mut().insert("content-type", content_type);
            response.headers_mut().insert("x-amzn-requestid", id);
            if let Some(error) = query_error {
                response.headers_mut().insert("x-amzn-query-error", error);
            }
            Ok(response)
        })
    }
}
