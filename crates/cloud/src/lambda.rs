//! What a program needs to be a Lambda function on `provided.al2023`: a runtime, the environment, one function.
//!
//! Until the first event is asked for, nothing is done that asking does not need. The function is built when that event
//! has come, because only it tells which account this is, and is kept for all that follow.
//!
//! Configuration that is not complete does not end the program. Lambda would start it again for each event and each
//! retry, and tell little more than that it exited. Instead each event is answered with an error that says all that is
//! missing: the event is tried again, ends in the dead-letter queue, and can be sent again once that is mended.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::io;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::app_name::AppName;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use chrono::{DateTime, Utc};
use lambda_runtime::{Context, Diagnostic, LambdaEvent, Runtime, service_fn};
use protocol::Place;
use protocol::settings::{Problems, Settings};
use serde_json::Value;
use tracing::Instrument;

use crate::{Cloud, log};

/// Environment variables.
type Environment = BTreeMap<String, String>;

/// What Lambda sets for its runtimes, and nobody else.
const OF_RUNTIME: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
];

/// A call is given up after this, and tried again: RDS's slowest answers take some seconds.
const ATTEMPT: Duration = Duration::from_secs(20);
/// A connection in the region is there in milliseconds, or will not be.
const CONNECT: Duration = Duration::from_secs(3);

/// Serves events as a Lambda function until Lambda ends the process.
pub fn run<F>(
    name: &'static str,
    build: impl Fn(Cloud, &Environment) -> Result<F, Problems>,
    handle: impl AsyncFn(&F, Value, DateTime<Utc>) -> anyhow::Result<Value>,
) -> ExitCode {
    // The only subscriber of this process, so it is never too late to set it.
    let _ = tracing::subscriber::set_global_default(log::subscriber(name, io::stdout, now));
    std::panic::set_hook(Box::new(
        |why| tracing::error!(step = "panic", reason = %why, failed = 1, "a mistake in Draco"),
    ));
    match serve(&Program { build, handle, function: OnceCell::new() }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            tracing::error!(step = "start", reason = why, "the program ends");
            ExitCode::FAILURE
        }
    }
}

/// What time it is: here, and nowhere below, is the clock.
fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

fn serve<F, B, H>(program: &Program<F, B, H>) -> Result<(), String>
where
    B: Fn(Cloud, &Environment) -> Result<F, Problems>,
    H: AsyncFn(&F, Value, DateTime<Utc>) -> anyhow::Result<Value>,
{
    if let Some(missing) = OF_RUNTIME.iter().find(|name| std::env::var_os(name).is_none()) {
        return Err(format!("{missing} is missing: this program is run by AWS Lambda"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let events = Runtime::new(service_fn(|event: LambdaEvent<Value>| program.answer(event)));
    runtime.map_err(|why| why.to_string())?.block_on(events.run()).map_err(|why| why.to_string())
}

/// A function, once it is built.
struct Program<F, B, H> {
    build: B,
    handle: H,
    function: OnceCell<F>,
}

impl<F, B, H> Program<F, B, H>
where
    B: Fn(Cloud, &Environment) -> Result<F, Problems>,
    H: AsyncFn(&F, Value, DateTime<Utc>) -> anyhow::Result<Value>,
{
    async fn answer(&self, LambdaEvent { payload, context }: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
        let deadline = i64::try_from(context.deadline).ok().and_then(DateTime::from_timestamp_millis);
        let span = tracing::info_span!("event", request = context.request_id);
        let answered = async {
            let function = self.function(&context)?;
            (self.handle)(function, payload, deadline.unwrap_or_else(now)).await
        };
        let answered = answered.instrument(span.clone()).await;
        answered.map_err(|why| {
            let error_message = span.in_scope(|| log::failure(&why));
            Diagnostic { error_type: "Failed".to_owned(), error_message }
        })
    }

    fn function(&self, context: &Context) -> anyhow::Result<&F> {
        if let Some(function) = self.function.get() {
            return Ok(function);
        }
        let environment = environment();
        let here = place(&context.invoked_function_arn)?;
        let cloud = Cloud::new(&config(&environment, &here)?, here);
        let function = (self.build)(cloud, &environment)?;
        Ok(self.function.get_or_init(|| function))
    }
}

/// What is not Unicode is nothing that this program reads.
fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Where the function is: `arn:aws:lambda:eu-west-1:111111111111:function:draco-producer`.
fn place(function_arn: &str) -> anyhow::Result<Place> {
    let ["arn", _, "lambda", region, account, ..] = function_arn.split(':').collect::<Vec<_>>()[..] else {
        anyhow::bail!("{function_arn:?} is not the ARN of a function");
    };
    Ok(Place { region: region.parse()?, account: account.parse()? })
}

/// What the SDK's own loader would find out here, without looking where there is nothing to be found: profiles, files,
/// other sources of credentials. Lambda puts a role's credentials into the environment, and they outlive the process.
fn config(environment: &Environment, here: &Place) -> Result<SdkConfig, Problems> {
    let mut settings = Settings::new(environment);
    let as_it_is = |text: &str| Ok::<_, Problems>(text.to_owned());
    let key = settings.required("AWS_ACCESS_KEY_ID", "Lambda sets it", as_it_is);
    let secret = settings.required("AWS_SECRET_ACCESS_KEY", "Lambda sets it", as_it_is);
    let session = settings.optional("AWS_SESSION_TOKEN", as_it_is);
    let (key, secret) = settings.done(key.zip(secret))?;
    let credentials = Credentials::new(key, secret, session, None, "Lambda");
    let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let endpoints = Endpoints(
        environment
            .iter()
            .filter(|(name, _)| name.starts_with(ENDPOINT))
            .map(|(name, url)| (name.clone(), url.clone()))
            .collect(),
    );
    let mut config = SdkConfig::builder();
    config.set_app_name(AppName::new("draco").ok());
    Ok(config
        .behavior_version(BehaviorVersion::latest())
        .region(aws_types::region::Region::new(here.region.to_string()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().tls_provider(tls).build_https())
        .time_source(SystemTimeSource::new())
        .sleep_impl(TokioSleep::new())
        .retry_config(RetryConfig::standard())
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .service_config(endpoints)
        .build())
}

/// Where services are, if they are not where AWS has them.
const ENDPOINT: &str = "AWS_ENDPOINT_URL";

/// `AWS_ENDPOINT_URL_RDS` and its like, and `AWS_ENDPOINT_URL` for all that have none of their own.
#[derive(Debug)]
struct Endpoints(Environment);

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace(' ', "_");
        self.0.get(&format!("{}_{service}", key.env())).or_else(|| self.0.get(key.env())).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_function_knows_by_its_arn_where_it_is() {
        let here = Place { region: "eu-west-1".parse().unwrap(), account: "111111111111".parse().unwrap() };
        for qualifier in ["", ":live"] {
            let arn = format!("arn:aws:lambda:eu-west-1:111111111111:function:draco-producer{qualifier}");
            assert_eq!(place(&arn).unwrap(), here);
        }
        for wrong in
            ["", "draco-producer", "arn:aws:rds:eu-west-1:111111111111:db:orders", "arn:aws:lambda:::function:f"]
        {
            place(wrong).unwrap_err();
        }
    }

    #[test]
    fn credentials_that_are_missing_are_told_at_once() {
        let here = Place { region: "eu-west-1".parse().unwrap(), account: "111111111111".parse().unwrap() };
        let why = config(&environment(&[]), &here).unwrap_err().to_string();
        assert!(why.contains("AWS_ACCESS_KEY_ID") && why.contains("AWS_SECRET_ACCESS_KEY"), "{why}");
        let given = environment(&[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")]);
        assert_eq!(config(&given, &here).unwrap().region().map(AsRef::as_ref), Some("eu-west-1"));
    }

    #[test]
    fn a_service_may_be_somewhere_else() {
        let endpoints = |service| {
            let key = ServiceConfigKey::builder().service_id(service).env(ENDPOINT).profile("endpoint_url").build();
            let all = [("AWS_ENDPOINT_URL", "http://all"), ("AWS_ENDPOINT_URL_RDS", "http://rds")];
            Endpoints(environment(&all)).load_config(key.unwrap())
        };
        assert_eq!(endpoints("RDS").as_deref(), Some("http://rds"));
        assert_eq!(endpoints("SNS").as_deref(), Some("http://all"));
    }
}
