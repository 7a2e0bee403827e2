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
use http_body_util::BodyExt;

use super::{Request, RequestError, Response};
use crate::call::Call;
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
        // A body that is not in memory is read first.
        if request.body().bytes().is_none() {
            return HttpConnectorFuture::new(async move {
                let (head, body) = split(request);
                let body = body.collect().await.map_err(|error| ConnectorError::other(error, None))?.to_bytes();
                respond(world.clone(), read(&world, &head, &body)).await
            });
        }
        let call = read(&world, &request, request.body().bytes().unwrap_or_default());
        HttpConnectorFuture::new(respond(world, call))
    }
}

fn split(mut request: HttpRequest) -> (HttpRequest, SdkBody) {
    let body = std::mem::replace(request.body_mut(), SdkBody::empty());
    (request, body)
}

fn read(world: &World, request: &HttpRequest, body: &[u8]) -> Result<Call, RequestError> {
    let header = |name: &str| request.headers().get(name).map(str::to_owned);
    let header_names = || request.headers().iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    let (url, query) = match request.uri().split_once('?') {
        Some((url, query)) => (url, Some(query)),
        None => (request.uri(), None),
    };
    let url = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = url.split_at(url.find('/').unwrap_or(url.len()));
    let (header, header_names) = (&header, &header_names);
    super::read(world, &Request { method: request.method(), host, path, query, header, header_names, body })
}

async fn respond(world: World, call: Result<Call, RequestError>) -> Result<HttpResponse, ConnectorError> {
    let unreachable = || ConnectorError::timeout("the region cannot be reached: connect timeout".into());
    let (Response { status, headers, body }, id) = world.respond(call).await.map_err(|Unreachable| unreachable())?;
    let status = status.try_into().map_err(|error| ConnectorError::other(Box::new(error), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    response.headers_mut().insert("x-amzn-requestid", id);
    Ok(response)
}
