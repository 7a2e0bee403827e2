//! The main program of Lambda functions on `provided.al2023`: the runtime, the environment, the choice of the function.
//!
//! Before the first event is requested, only the work that the request needs is done. The function is built when the first
//! event arrives, because only the event contains the account ID, and is reused for later events.
//!
//! An invalid configuration does not end the program. Lambda would restart it for each event and each retry and report only
//! that it exited. Instead, each event returns an error that lists all that is missing. The event is retried, goes to the
//! dead-letter queue, and can be sent again when the configuration is fixed.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
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
use protocol::settings::{SettingsError, SettingsReader};
use serde_json::Value;
use tracing::Instrument;

use crate::log::{self, step};
use crate::{Cloud, Function};

/// Environment variables.
type Environment = BTreeMap<String, String>;

/// Variables that only Lambda sets.
const RUNTIME_VARIABLES: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
];

/// The time limit of one attempt of a call. RDS's slowest responses take some seconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// The time limit for connecting. Within a region, a connection takes milliseconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The variable with the handler name of the function's configuration.
const HANDLER: &str = "_HANDLER";

/// A function that the program can run as.
pub struct Entry {
    /// The handler name that chooses it. Its log lines have the same name.
    pub handler: &'static str,
    /// Makes it.
    pub build: Build,
}

/// Makes a function, with the settings in the environment.
pub type Build = fn(Cloud, &BTreeMap<String, String>) -> Result<Box<dyn Handle>, SettingsError>;

/// A [`Function`] behind a pointer, so that the runtime and its HTTP client are in the program once, not once per function.
pub trait Handle {
    /// As [`Function::handle`].
    fn handle(&self, payload: Value, deadline: DateTime<Utc>) -> Handled<'_>;
}

/// The result of an event, in the future.
type Handled<'a> = Pin<Box<dyn Future<Output = anyhow::Result<Value>> + Send + 'a>>;

impl<F: Function + Sync> Handle for F {
    fn handle(&self, payload: Value, deadline: DateTime<Utc>) -> Handled<'_> {
        Box::pin(Function::handle(self, payload, deadline))
    }
}

/// Handles events as the Lambda function that the handler name chooses, until Lambda ends the process.
#[must_use]
pub fn run(functions: &'static [Entry]) -> ExitCode {
    let handler = std::env::var(HANDLER).unwrap_or_default();
    let entry = functions.iter().find(|entry| entry.handler == handler);
    let name = entry.map_or("unknown", |entry| entry.handler);
    // It is the only subscriber of this process, so setting it cannot fail.
    let _ = tracing::subscriber::set_global_default(log::subscriber(name, io::stdout, now));
    std::panic::set_hook(Box::new(
        |panic| tracing::error!(step = step::PANICKED, reason = %panic, failed = 1, bugs = 1, "a bug in Draco"),
    ));
    match serve(&Program { functions, entry, function: OnceCell::new() }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            tracing::error!(step = step::START_FAILED, reason = why, "the program could not start");
            ExitCode::FAILURE
        }
    }
}

/// The current time. The deployed program reads the clock only here.
fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

fn serve(program: &Program) -> Result<(), String> {
    if let Some(missing) = RUNTIME_VARIABLES.iter().find(|name| std::env::var_os(name).is_none()) {
        return Err(format!("{missing} is missing: this program runs on AWS Lambda only"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    // In a box, because the types of the runtime are nested so deeply that the compiler's limit leaves little for the function.
    let events = Runtime::new(service_fn(|event: LambdaEvent<Value>| Box::pin(program.answer(event))));
    runtime.map_err(|why| why.to_string())?.block_on(events.run()).map_err(|why| why.to_string())
}

/// The program, with the function once it is built.
struct Program {
    functions: &'static [Entry],
    entry: Option<&'static Entry>,
    function: OnceCell<Box<dyn Handle>>,
}

impl Program {
    async fn answer(&self, LambdaEvent { payload, context }: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
        let deadline = i64::try_from(context.deadline).ok().and_then(DateTime::from_timestamp_millis);
        let span = tracing::info_span!("event", request = context.request_id);
        let answered = async {
            let function = self.function(&context)?;
            function.handle(payload, deadline.unwrap_or_else(now)).await
        };
        let answered = answered.instrument(span.clone()).await;
        answered.map_err(|why| {
            let error_message = span.in_scope(|| log::event_failed(&why));
            Diagnostic { error_type: "Failed".to_owned(), error_message }
        })
    }

    fn function(&self, context: &Context) -> anyhow::Result<&dyn Handle> {
        if let Some(function) = self.function.get() {
            return Ok(&**function);
        }
        let entry = self.entry.with_context(|| {
            let known: Vec<&str> = self.functions.iter().map(|entry| entry.handler).collect();
            format!("the handler is none of {}: update the stack with its current template", known.join(", "))
        })?;
        let environment = environment();
        let here = place(&context.invoked_function_arn)?;
        let cloud = Cloud::new(&config(&environment, &here)?, here);
        let function = (entry.build)(cloud, &environment)?;
        Ok(&**self.function.get_or_init(|| function))
    }
}

/// The environment. Values that are not Unicode are left out.
fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// The account and region of a function: `arn:aws:lambda:eu-west-1:111111111111:function:draco-producer`.
fn place(function_arn: &str) -> anyhow::Result<Place> {
    let ["arn", _, "lambda", region, account, ..] = function_arn.split(':').collect::<Vec<_>>()[..] else {
        anyhow::bail!("{function_arn:?} is not a function ARN");
    };
    Ok(Place { region: region.parse()?, account: account.parse()? })
}

/// The configuration that the SDK's own loader would find on Lambda, without its search for profiles, files and other sources
/// of credentials. Lambda passes a role's credentials in the environment; they are valid longer than the process runs.
fn config(environment: &Environment, here: &Place) -> Result<SdkConfig, SettingsError> {
    let mut settings = SettingsReader::new(environment);
    let unchanged = |text: &str| Ok::<_, SettingsError>(text.to_owned());
    let key = settings.required("AWS_ACCESS_KEY_ID", "Lambda sets it", unchanged);
    let secret = settings.required("AWS_SECRET_ACCESS_KEY", "Lambda sets it", unchanged);
    let session = settings.optional("AWS_SESSION_TOKEN", unchanged);
    let (key, secret) = settings.finish(key.zip(secret))?;
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
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .build(),
        )
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .service_config(endpoints)
        .build())
}

/// The variable that replaces the endpoints of AWS.
const ENDPOINT: &str = "AWS_ENDPOINT_URL";

/// `AWS_ENDPOINT_URL_RDS` and the like for one service, `AWS_ENDPOINT_URL` for the others.
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
    fn the_function_arn_contains_account_and_region() {
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
    fn all_missing_credentials_are_reported_together() {
        let here = Place { region: "eu-west-1".parse().unwrap(), account: "111111111111".parse().unwrap() };
        let why = config(&environment(&[]), &here).unwrap_err().to_string();
        assert!(why.contains("AWS_ACCESS_KEY_ID") && why.contains("AWS_SECRET_ACCESS_KEY"), "{why}");
        let given = environment(&[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")]);
        assert_eq!(config(&given, &here).unwrap().region().map(AsRef::as_ref), Some("eu-west-1"));
    }

    #[test]
    fn an_endpoint_can_be_set_for_one_service() {
        let endpoints = |service| {
            let key = ServiceConfigKey::builder().service_id(service).env(ENDPOINT).profile("endpoint_url").build();
            let all = [("AWS_ENDPOINT_URL", "http://all"), ("AWS_ENDPOINT_URL_RDS", "http://rds")];
            Endpoints(environment(&all)).load_config(key.unwrap())
        };
        assert_eq!(endpoints("RDS").as_deref(), Some("http://rds"));
        assert_eq!(endpoints("SNS").as_deref(), Some("http://all"));
    }
}
