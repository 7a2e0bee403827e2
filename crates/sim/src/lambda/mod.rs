//! Lambda: functions, which are Rust closures from JSON to JSON.
//!
//! A function receives what AWS would give it: the payload, its environment, its deadline, and an SDK configuration for
//! calls as its role. It runs the same code as on AWS. [`run`] runs a function once, [`queue`] handles asynchronous
//! invocations with retries, [`permissions`] the permissions of services to invoke a function. `invoke` is the API.

mod invoke;
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

pub(crate) use invoke::{Running, required_permissions, serve};
pub(crate) use permissions::{allow, may_invoke};
pub(crate) use queue::invoke;
pub use run::InvocationError;
pub(crate) use run::{FunctionRuns, call, function_of, kill, kill_all};

/// A function and its configuration.
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

/// The input of one invocation.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The payload of the event.
    pub payload: Value,
    /// The function's environment variables.
    pub environment: BTreeMap<String, String>,
    /// The configuration for SDK clients that act as the function's role. If a fault kills the function at a call, the
    /// call never returns.
    pub config: SdkConfig,
    /// The function's ARN.
    pub function_arn: String,
    /// The ID of the event. Retries have the same ID.
    pub request_id: String,
    /// The time at which the function is stopped if it is still running.
    pub deadline: DateTime<Utc>,
}

pub(crate) type Handler = dyn Fn(Invocation) -> FunctionFuture + Send + Sync;
pub(crate) type FunctionFuture = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

/// AWS's maximum timeout.
const MAX_TIMEOUT: Duration = Duration::from_secs(15 * 60);

impl Function {
    /// A function that acts as this role of its account. The defaults are a timeout of one minute and 128 MiB of
    /// memory.
    ///
    /// An event is retried if the function returns an error. Tasks that the function spawns are not stopped with it.
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

    /// Sets an environment variable.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets the timeout, at most 15 minutes.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: timeout.min(MAX_TIMEOUT), ..self }
    }

    /// Sets the memory in MiB. It affects only the bill.
    #[must_use]
    pub fn memory(self, mebibytes: u32) -> Self {
        Self { memory: mebibytes, ..self }
    }

    /// Limits how many invocations can run at the same time.
    #[must_use]
    pub fn reserved_concurrency(self, most: u32) -> Self {
        Self { reserved_concurrency: Some(most), ..self }
    }

    /// Sets the on-failure destination: a queue or topic for events that could not be processed.
    #[must_use]
    pub fn on_failure(self, destination_arn: &str) -> Self {
        Self { on_failure: Some(destination_arn.to_owned()), ..self }
    }
}

/// The functions of one region of one account, by name.
#[derive(Default)]
pub(crate) struct Lambda {
    functions: BTreeMap<String, Function>,
    /// The permissions of services to invoke a function.
    permissions: BTreeMap<String, Vec<Policy>>,
}

impl World {
    /// Adds or replaces a function. Returns its ARN.
    pub fn add_function(&self, account: &str, region: &str, name: &str, function: Function) -> String {
        self.change(|state| add(state, account, region, name, function));
        format!("arn:aws:lambda:{region}:{account}:function:{name}")
    }

    /// Invokes a function asynchronously, with retries and the on-failure destination.
    pub fn invoke_function(&self, function_arn: &str, payload: Value) {
        self.change(|state| invoke(state, function_arn, payload));
    }

    /// Invokes a function once and waits for its result.
    ///
    /// # Errors
    /// The function's error, or Lambda's if the function did not run.
    pub async fn invoke_function_and_wait(&self, function_arn: &str, payload: Value) -> Result<Value, InvocationError> {
        let (sender, receiver) = oneshot::channel();
        self.change(|state| {
            call(state, function_arn, payload, |_, result| {
                // The caller may have dropped the future.
                let _ = sender.send(result);
            });
        });
        receiver.await.unwrap_or_else(|_| {
            Err(InvocationError {
                error: "Lambda.ServiceException".to_owned(),
                cause: "The simulated world was dropped.".to_owned(),
            })
        })
    }

    /// Removes a function. Running invocations continue; queued events are dropped.
    pub fn remove_function(&self, account: &str, region: &str, name: &str) {
        self.change(|state| {
            let lambda = &mut state.region_state(account, region).lambda;
            lambda.permissions.remove(name);
            lambda.functions.remove(name)
        });
    }
}

/// Adds or replaces a function.
pub(crate) fn add(state: &mut State, account: &str, region: &str, name: &str, function: Function) {
    state.region_state(account, region).lambda.functions.insert(name.to_owned(), function);
}

/// Sets a function's on-failure destination.
pub(crate) fn set_on_failure(state: &mut State, function_arn: &str, destination_arn: &str) -> Result<(), String> {
    let function = find(state, function_arn).ok_or_else(|| format!("there is no function {function_arn}"))?;
    let (arn, name) = Arn::parse(function_arn).zip(name(function_arn)).ok_or("not the ARN of a function")?;
    add(state, arn.account, arn.region, name, function.on_failure(destination_arn));
    Ok(())
}

/// The function of this ARN. The ARN may have a version.
fn find(state: &mut State, function_arn: &str) -> Option<Function> {
    let arn = Arn::of("lambda", function_arn)?;
    state.region_state(arn.account, arn.region).lambda.functions.get(name(function_arn)?).cloned()
}

/// The name in `arn:aws:lambda:eu-west-1:111111111111:function:NAME:$LATEST`.
pub(crate) fn name(function_arn: &str) -> Option<&str> {
    let name = Arn::of("lambda", function_arn)?.resource.strip_prefix("function:")?.split(':').next();
    name.filter(|name| !name.is_empty())
}
