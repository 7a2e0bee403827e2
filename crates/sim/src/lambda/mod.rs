//! Lambda: functions, which are Rust closures from JSON to JSON.
//!
//! A function sees what AWS would show it: the payload, its environment, when its time is up, and an SDK configuration
//! whose calls are made by its role. It does not know that it is simulated. [`run`] is one run of it, [`queue`] what
//! becomes of an event that nobody waits for, [`permissions`] who may invoke it.

mod permissions;
mod queue;
mod run;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aws_types::SdkConfig;
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::arn::Arn;
use crate::iam::Policy;
use crate::world::{State, World};

pub(crate) use permissions::{allow, may_invoke};
pub(crate) use queue::invoke;
pub use run::InvocationError;
pub(crate) use run::{FunctionRuns, call, kill};

/// A function, and how it is set up.
#[derive(Clone)]
pub struct Function {
    role: String,
    code: Arc<Handler>,
    environment: BTreeMap<String, String>,
    timeout: Duration,
    memory: u32,
    reserved_concurrency: Option<u32>,
    on_failure: Option<String>,
    require_permission: bool,
}

/// What a function is given for one run.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// What it is called with.
    pub payload: Value,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
    /// For clients of the AWS SDK that act as its role. A call that a fault lets it die at is never answered.
    pub config: SdkConfig,
    /// Its own ARN.
    pub function_arn: String,
    /// What identifies the event; a retry bears the same.
    pub request_id: String,
    /// When it is stopped if it is still running.
    pub deadline: DateTime<Utc>,
}

pub(crate) type Handler = dyn Fn(Invocation) -> FunctionFuture + Send + Sync;
pub(crate) type FunctionFuture = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

/// AWS lets no function run longer.
const MAX_TIMEOUT: Duration = Duration::from_secs(15 * 60);

impl Function {
    /// A function that acts as this role of its account. It has a minute and 128 MiB.
    ///
    /// What it returns as an error, AWS tries again. What it spawns as tasks of its own, nobody stops.
    pub fn new<F, R>(role: &str, code: F) -> Self
    where
        F: Fn(Invocation) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, String>> + Send + 'static,
    {
        Self {
            role: role.to_owned(),
            code: Arc::new(move |invocation| Box::pin(code(invocation))),
            environment: BTreeMap::new(),
            timeout: Duration::from_secs(60),
            memory: 128,
            reserved_concurrency: None,
            on_failure: None,
            require_permission: false,
        }
    }

    /// With this environment variable.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Stopped after so long, at most a quarter of an hour.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: timeout.min(MAX_TIMEOUT), ..self }
    }

    /// With so many MiB, which only the bill knows.
    #[must_use]
    pub fn memory(self, mebibytes: u32) -> Self {
        Self { memory: mebibytes, ..self }
    }

    /// Running at most so many times at once.
    #[must_use]
    pub fn reserved_concurrency(self, most: u32) -> Self {
        Self { reserved_concurrency: Some(most), ..self }
    }

    /// With a queue or topic for the events that were given up on.
    #[must_use]
    pub fn on_failure(self, destination_arn: &str) -> Self {
        Self { on_failure: Some(destination_arn.to_owned()), ..self }
    }
}

/// What there is in one region of one account, by the functions' names.
#[derive(Default)]
pub(crate) struct Lambda {
    functions: BTreeMap<String, Function>,
    /// Which services may invoke them.
    permissions: BTreeMap<String, Vec<Policy>>,
}

impl World {
    /// Deploys a function, or another one in its place, and says its ARN.
    pub fn add_function(&self, account: &str, region: &str, name: &str, function: Function) -> String {
        self.change(|state| add(state, account, region, name, function));
        format!("arn:aws:lambda:{region}:{account}:function:{name}")
    }

    /// Invokes a function and lets AWS see to it that it is done.
    pub fn invoke_function(&self, function_arn: &str, payload: Value) {
        self.change(|state| invoke(state, function_arn, payload));
    }

    /// Invokes a function once and waits for its answer.
    ///
    /// # Errors
    /// The function's own, or Lambda's refusal to run it.
    pub async fn invoke_function_and_wait(&self, function_arn: &str, payload: Value) -> Result<Value, InvocationError> {
        let (sender, receiver) = oneshot::channel();
        self.change(|state| {
            call(state, function_arn, payload, |_, result| {
                // Whoever asked may have stopped waiting.
                let _ = sender.send(result);
            });
        });
        receiver.await.unwrap_or_else(|_| {
            Err(InvocationError {
                error: "Lambda.ServiceException".to_owned(),
                cause: "The world has ended.".to_owned(),
            })
        })
    }

    /// Removes a function. What runs, runs to its end; events that wait for it are gone.
    pub fn remove_function(&self, account: &str, region: &str, name: &str) {
        self.change(|state| {
            let lambda = &mut state.region_state(account, region).lambda;
            lambda.permissions.remove(name);
            lambda.functions.remove(name)
        });
    }
}

/// Deploys a function, or another one in its place.
pub(crate) fn add(state: &mut State, account: &str, region: &str, name: &str, function: Function) {
    state.region_state(account, region).lambda.functions.insert(name.to_owned(), function);
}

/// Says where a function's events go that were given up on.
pub(crate) fn set_on_failure(state: &mut State, function_arn: &str, destination_arn: &str) -> Result<(), String> {
    let function = find(state, function_arn).ok_or_else(|| format!("there is no function {function_arn}"))?;
    let (arn, name) = Arn::parse(function_arn).zip(name(function_arn)).ok_or("it is no function's ARN")?;
    add(state, arn.account, arn.region, name, function.on_failure(destination_arn));
    Ok(())
}

/// The function of this ARN, which may bear a version.
fn find(state: &mut State, function_arn: &str) -> Option<Function> {
    let arn = Arn::of("lambda", function_arn)?;
    state.region_state(arn.account, arn.region).lambda.functions.get(name(function_arn)?).cloned()
}

/// Of `arn:aws:lambda:eu-west-1:111111111111:function:NAME:$LATEST`, the name.
pub(crate) fn name(function_arn: &str) -> Option<&str> {
    let name = Arn::of("lambda", function_arn)?.resource.strip_prefix("function:")?.split(':').next();
    name.filter(|name| !name.is_empty())
}
