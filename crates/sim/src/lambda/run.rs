//! One run of a function: fault injection, concurrency limit, execution, journal entry.
//!
//! The function runs as a task without the world's lock. Its result is then applied as a change of the world.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{Function, FunctionFuture, Invocation, find, name};
use crate::arn::Arn;
use crate::call::{Caller, Role};
use crate::clock::Clock;
use crate::fault::{Action, Point};
use crate::iam::{self, RequiredPermission};
use crate::journal::{Event, InvocationOutcome};
use crate::world::State;

/// Invokes a function once and passes the result to `then`.
pub(crate) fn call(
    state: &mut State,
    function_arn: &str,
    payload: Value,
    then: impl FnOnce(&mut State, Result<Value, InvocationError>) + Send + 'static,
) {
    let request_id = state.new_uuid();
    let attempt = Attempt { function_arn: function_arn.to_owned(), request_id, number: 1, payload };
    let on_end = move |state: &mut State, end| then(state, result(end));
    // Through the agenda, because the calling code is in the middle of a change.
    let now = state.now;
    state.agenda.at(now, move |state| attempt.make(state, Box::new(on_end)));
}

/// The error of a synchronous invocation: the error type that Lambda reports, and its cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvocationError {
    /// `Sandbox.Timedout`, `Runtime.ExitError`, `Lambda.TooManyRequestsException`; `Error` if the function returned an
    /// error.
    pub error: String,
    /// The cause. If the function ran, this is Lambda's error payload as JSON.
    pub cause: String,
}

/// The result as Step Functions reports it: a function's error has its own type, Lambda's own errors begin with
/// `Lambda.`.
fn result(end: AttemptResult) -> Result<Value, InvocationError> {
    let failed = |error: &str, cause: String| Err(InvocationError { error: error.to_owned(), cause });
    match end {
        AttemptResult::Succeeded(value) => Ok(value),
        AttemptResult::Failed(error) => failed(error.kind, error.payload().to_string()),
        AttemptResult::Throttled => failed("Lambda.TooManyRequestsException", "Rate Exceeded.".to_owned()),
        AttemptResult::Lost => failed("Lambda.ServiceException", "The invocation was lost.".to_owned()),
        AttemptResult::NotFound(arn) => {
            failed("Lambda.ResourceNotFoundException", format!("Function not found: {arn}"))
        }
    }
}

/// One attempt to run a function.
#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) function_arn: String,
    pub(super) request_id: String,
    /// The number of the attempt, from 1.
    pub(super) number: u32,
    pub(super) payload: Value,
}

/// The result of an attempt.
pub(super) enum AttemptResult {
    Succeeded(Value),
    Failed(FunctionError),
    /// The concurrency limit was reached, or a fault throttled the attempt.
    Throttled,
    /// A fault dropped the event.
    Lost,
    /// The function does not exist. The value is its ARN.
    NotFound(String),
}

/// The error of a function.
pub(super) struct FunctionError {
    kind: &'static str,
    message: String,
}

impl FunctionError {
    /// The error as Lambda's response payload.
    pub(super) fn payload(&self) -> Value {
        json!({ "errorType": self.kind, "errorMessage": self.message })
    }

    fn exit(request_id: &str) -> Self {
        let message = format!("RequestId: {request_id} Error: Runtime exited with error: exit status 1");
        Self { kind: "Runtime.ExitError", message }
    }
}

/// Handles the result of an attempt.
pub(super) type OnAttemptEnd = Box<dyn FnOnce(&mut State, AttemptResult) + Send>;

impl Attempt {
    /// Makes the attempt, with the fault that was chosen for it.
    pub(super) fn make(self, state: &mut State, then: OnAttemptEnd) {
        let region = Arn::parse(&self.function_arn).map_or("", |arn| arn.region).to_owned();
        state.when_reachable(&region, move |state| self.make_now(state, then));
    }

    fn make_now(self, state: &mut State, then: OnAttemptEnd) {
        match state.faults.next_action(&Point::Invocation(name(&self.function_arn).unwrap_or_default().to_owned())) {
            Action::Pass | Action::Become(_) => self.start(state, then),
            Action::Delay(more) => {
                let time = state.now + more;
                state.agenda.at(time, move |state| self.start(state, then));
            }
            Action::Duplicate => {
                self.clone().start(state, Box::new(|_, _| {}));
                self.start(state, then);
            }
            Action::FailAfter => {
                let error = FunctionError::exit(&self.request_id);
                self.start(
                    state,
                    Box::new(move |state, end| match end {
                        AttemptResult::Succeeded(_) => then(state, AttemptResult::Failed(error)),
                        end => then(state, end),
                    }),
                );
            }
            Action::FailBefore | Action::Refuse(_) | Action::Break(_) => {
                self.stop(state, InvocationOutcome::Error, then)
            }
            Action::Crash => self.stop(state, InvocationOutcome::Killed, then),
            Action::Throttle => self.stop(state, InvocationOutcome::Throttled, then),
            Action::Lose => self.stop(state, InvocationOutcome::Lost, then),
        }
    }

    fn start(self, state: &mut State, then: OnAttemptEnd) {
        let Some((function, arn)) = find(state, &self.function_arn).zip(Arn::parse(&self.function_arn)) else {
            let end = AttemptResult::NotFound(self.function_arn);
            return then(state, end);
        };
        if function.reserved_concurrency.is_some_and(|most| state.runs.of(&self.function_arn) >= most as usize) {
            return self.stop(state, InvocationOutcome::Throttled, then);
        }
        let Some(world) = state.world.upgrade() else { return };
        let started = state.now;
        let (session, killed) = state.runs.begin(&self.function_arn);
        if let Some(reason) = log_denied_reason(state, &function, arn, &session) {
            let name = name(&self.function_arn).unwrap_or_default().to_owned();
            state.write(Event::LogDenied { account: arn.account.to_owned(), function: name, reason });
        }
        let invocation = Invocation {
            payload: self.payload.clone(),
            environment: function.environment.clone(),
            config: world.sdk_config_as(arn.account, arn.region, Some(&format!("{}/{session}", function.role))),
            function_arn: self.function_arn.clone(),
            request_id: self.request_id.clone(),
            deadline: started + function.timeout,
        };
        let (clock, world) = (world.clock(), state.world.clone());
        tokio::spawn(async move {
            let last = execute(&function, invocation, killed, clock).await;
            let Some(world) = world.upgrade() else { return };
            world.change(|state| {
                state.runs.running.remove(&session);
                self.finish(state, started, &function, last, then);
            });
        });
    }

    /// Ends an attempt whose function did not run.
    fn stop(self, state: &mut State, outcome: InvocationOutcome, then: OnAttemptEnd) {
        let function = find(state, &self.function_arn);
        let memory = function.map_or(0, |function| function.memory);
        self.write(state, state.now, memory, outcome);
        let end = match outcome {
            InvocationOutcome::Throttled => AttemptResult::Throttled,
            InvocationOutcome::Lost => AttemptResult::Lost,
            _ => AttemptResult::Failed(FunctionError::exit(&self.request_id)),
        };
        then(state, end);
    }

    fn finish(self, state: &mut State, started: DateTime<Utc>, function: &Function, last: RunEnd, then: OnAttemptEnd) {
        let Self { request_id, .. } = &self;
        let (outcome, end) = match last {
            RunEnd::Returned(Ok(value)) => (InvocationOutcome::Ok, AttemptResult::Succeeded(value)),
            RunEnd::Returned(Err(message)) => {
                (InvocationOutcome::Error, AttemptResult::Failed(FunctionError { kind: "Error", message }))
            }
            RunEnd::Killed => (InvocationOutcome::Killed, AttemptResult::Failed(FunctionError::exit(request_id))),
            // "In newer runtimes, timeouts are reported as Sandbox.Timedout" (Step Functions' guide, *Handle transient
            // Lambda service exceptions*); older ones are only `Lambda.Unknown`.
            RunEnd::Timeout => {
                let after = function.timeout.as_secs_f64();
                let message = format!("RequestId: {request_id} Error: Task timed out after {after:.2} seconds");
                (InvocationOutcome::Timeout, AttemptResult::Failed(FunctionError { kind: "Sandbox.Timedout", message }))
            }
        };
        self.write(state, started, function.memory, outcome);
        then(state, end);
    }

    fn write(&self, state: &mut State, started: DateTime<Utc>, memory: u32, outcome: InvocationOutcome) {
        let (account, region) = Arn::parse(&self.function_arn).map_or(("", ""), |arn| (arn.account, arn.region));
        state.write(Event::Invocation {
            account: account.to_owned(),
            region: region.to_owned(),
            function: name(&self.function_arn).unwrap_or_default().to_owned(),
            request_id: self.request_id.clone(),
            attempt: self.number,
            outcome,
            duration_ms: (state.now - started).num_milliseconds(),
            memory_mib: memory,
        });
    }
}

/// The reason why a run has no log, if it has none: "The function's execution role must have permission to upload logs
/// to CloudWatch Logs" (Lambda's guide), and Lambda reports no error if it is missing. The ARNs are those in
/// CloudWatch's error messages.
fn log_denied_reason(state: &mut State, function: &Function, arn: Arn<'_>, session: &str) -> Option<String> {
    let role = Role { name: function.role.clone(), session: session.to_owned() };
    let caller = Caller { account: arn.account.to_owned(), role: Some(role) };
    if !state.roles.has_policies(&caller) {
        return None;
    }
    let name = arn.resource.strip_prefix("function:").unwrap_or(arn.resource);
    let stream = format!("arn:aws:logs:{}:{}:log-group:/aws/lambda/{name}:log-stream:", arn.region, arn.account);
    let needs = [
        RequiredPermission::new("logs:CreateLogStream", &stream),
        RequiredPermission::new("logs:PutLogEvents", format!("{stream}{session}")),
    ];
    needs.iter().find_map(|need| iam::check_caller_policies(state, &caller, need).err())
}

/// The end of a run.
enum RunEnd {
    /// The function returned.
    Returned(Result<Value, String>),
    Timeout,
    Killed,
}

async fn execute(function: &Function, invocation: Invocation, killed: oneshot::Receiver<()>, clock: Clock) -> RunEnd {
    let deadline = invocation.deadline;
    let code = function.code.clone();
    let mut running: FunctionFuture = Box::pin(async move { code(invocation).await });
    // Like AWS's runtime for Rust, a panic becomes an error of this invocation.
    let answer = poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context)))
            .unwrap_or_else(|_| Poll::Ready(Err("Lambda panicked".to_owned())))
    });
    // A fixed order, so that a run with the same seed ends in the same way.
    tokio::select! {
        biased;
        _ = killed => RunEnd::Killed,
        answer = answer => RunEnd::Returned(answer),
        () = clock.sleep_until(deadline) => RunEnd::Timeout,
    }
}

/// The running invocations, by the session name of their role. The session name of a call identifies the run.
#[derive(Default)]
pub(crate) struct FunctionRuns {
    started: u64,
    running: BTreeMap<String, Run>,
}

struct Run {
    function_arn: String,
    /// `None` after the run was killed.
    kill: Option<oneshot::Sender<()>>,
}

impl FunctionRuns {
    /// The number of running invocations of this function.
    fn of(&self, function_arn: &str) -> usize {
        let name = |arn| (Arn::parse(arn).map(|arn| (arn.account, arn.region)), name(arn));
        self.running.values().filter(|run| name(&run.function_arn) == name(function_arn)).count()
    }

    /// AWS names the session after the function. Here, a number is added.
    fn begin(&mut self, function_arn: &str) -> (String, oneshot::Receiver<()>) {
        self.started += 1;
        let session = format!("{}@{}", name(function_arn).unwrap_or_default(), self.started);
        let (kill, killed) = oneshot::channel();
        self.running.insert(session.clone(), Run { function_arn: function_arn.to_owned(), kill: Some(kill) });
        (session, killed)
    }
}

/// The ARN of the function that makes a call, if a function makes it.
pub(crate) fn function_of(state: &State, caller: &Caller) -> Option<String> {
    let run = state.runs.running.get(&caller.role.as_ref()?.session)?;
    Some(run.function_arn.clone())
}

/// Kills all runs in a region.
pub(crate) fn kill_all(state: &mut State, region: &str) {
    for run in state.runs.running.values_mut() {
        if Arn::parse(&run.function_arn).is_some_and(|arn| arn.region == region)
            && let Some(kill) = run.kill.take()
        {
            // Sending fails if the run has just ended.
            let _ = kill.send(());
        }
    }
}

/// Kills the run that makes a call, if a function makes it. Its earlier calls keep their effect.
pub(crate) fn kill(state: &mut State, caller: &Caller) -> bool {
    let Some(run) = caller.role.as_ref().and_then(|role| state.runs.running.get_mut(&role.session)) else {
        return false;
    };
    if let Some(kill) = run.kill.take() {
        // Sending fails if the run has just ended.
        let _ = kill.send(());
    }
    true
}
