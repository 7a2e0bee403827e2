//! An execution: its input, its current state and its result.
//!
//! It receives a [`Signal`] and returns a [`Waiting`] ([`super::advance`]). The module `run` then starts the timer or
//! task and sends the next signal. An execution does not depend on the world.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::history::History;
use super::language::{Definition, Failure};
use super::task::TaskRequest;
use crate::clock;

/// "If an execution runs for more than the 1-year maximum, it will fail with a States.Timeout error" (quotas).
pub(super) const MAX_EXECUTION_SECONDS: u64 = 365 * 24 * 60 * 60;
/// The maximum size of an input, output or result.
pub(super) const MAX_BYTES: usize = 256 * 1024;

/// A running or ended execution of a state machine.
#[derive(Debug)]
pub(super) struct Execution {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) machine_arn: String,
    pub(super) role_arn: String,
    pub(super) definition: Arc<Definition>,
    /// The sequence number of the execution. It is unique.
    pub(super) number: u64,
    pub(super) started: DateTime<Utc>,
    pub(super) stopped: Option<DateTime<Utc>>,
    pub(super) status: Status,
    pub(super) input: Arc<str>,
    pub(super) trace_header: Option<String>,
    pub(super) output: Option<Arc<str>>,
    pub(super) failure: Failure,
    pub(super) history: History,
    /// The number of signals received. A signal for an earlier turn is ignored.
    pub(super) turn: u64,
    /// The states entered or retried that are not in the journal yet.
    pub(super) entered: Vec<String>,
    pub(super) at: CurrentState,
    /// The last input or output as text, shared by consecutive events.
    text: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

/// The current state of an execution.
#[derive(Debug, Default)]
pub(super) struct CurrentState {
    pub(super) state: String,
    pub(super) entered: DateTime<Utc>,
    /// The ID of the event `StateEntered`.
    pub(super) event: u64,
    /// The raw input, before `InputPath`.
    pub(super) input: Value,
    /// The number of retries of each retrier.
    pub(super) retried: Vec<u64>,
}

/// The reason why an execution continues.
#[derive(Debug)]
pub(super) enum Signal {
    Started,
    /// The time of a `Wait`, or the delay before a retry, is over.
    TimerFired,
    /// The task ended: its result and request ID.
    TaskEnded(Result<Value, Failure>, String),
    /// The task did not end within its timeout.
    TaskTimedOut,
}

/// What an execution waits for next.
pub(super) enum Waiting {
    Timer(DateTime<Utc>),
    /// The end of a task, with its timeout.
    Task(TaskRequest, Option<DateTime<Utc>>),
    /// The execution has ended.
    Ended,
}

impl Execution {
    pub(super) fn new(
        arn: String,
        machine_arn: String,
        role_arn: String,
        definition: Arc<Definition>,
        (number, started): (u64, DateTime<Utc>),
        input: &str,
    ) -> Self {
        let name = arn.rsplit(':').next().unwrap_or_default().to_owned();
        let mut history = History::default();
        let input: Arc<str> = input.into();
        let details = vec![("input", Arc::clone(&input)), ("roleArn", role_arn.as_str().into())];
        history.write(started, "Execution", "Started", details);
        Self {
            arn,
            name,
            machine_arn,
            role_arn,
            definition,
            number,
            started,
            stopped: None,
            status: Status::Running,
            input,
            trace_header: None,
            output: None,
            failure: Failure::default(),
            history,
            turn: 0,
            entered: Vec::new(),
            at: CurrentState::default(),
            text: Arc::default(),
        }
    }

    /// Ends the execution.
    pub(super) fn close(&mut self, now: DateTime<Utc>, status: Status, failure: Failure) {
        // AWS truncates an error to 256 characters and a cause to 32768.
        let kept = |text: Option<String>, most| text.map(|text: String| text.chars().take(most).collect());
        self.failure = Failure { error: kept(failure.error, 256), cause: kept(failure.cause, 32_768) };
        (self.status, self.stopped, self.at) = (status, Some(now), CurrentState::default());
        let what = match status {
            Status::Running => return,
            Status::Succeeded => "Succeeded",
            Status::Failed => "Failed",
            Status::TimedOut => "TimedOut",
            Status::Aborted => "Aborted",
        };
        let output = self.output.clone().map(|output| ("output", output));
        self.history.end(now, what, output.into_iter().chain(failure_details(&self.failure)));
    }

    /// A value as text. Most states pass their input on unchanged, so the last text is shared.
    pub(super) fn text(&mut self, value: &Value) -> Arc<str> {
        let text = value.to_string();
        if *self.text != *text {
            self.text = text.into();
        }
        Arc::clone(&self.text)
    }

    /// The context object, `$$`.
    pub(super) fn context(&self) -> Value {
        let machine = self.machine_arn.rsplit(':').next();
        json!({
            "Execution": {
                "Id": self.arn, "Name": self.name, "Input": self.input_value(), "RoleArn": self.role_arn,
                "StartTime": clock::text(self.started), "RedriveCount": 0,
            },
            "State": {
                "Name": self.at.state, "EnteredTime": clock::text(self.at.entered),
                "RetryCount": self.at.retried.iter().sum::<u64>(),
            },
            "StateMachine": { "Id": self.machine_arn, "Name": machine },
        })
    }

    pub(super) fn input_value(&self) -> Value {
        serde_json::from_str(&self.input).unwrap_or_default()
    }

    /// Adds the state and event to the cause of a failure, in AWS's wording.
    pub(super) fn with_location(&self, failure: Failure) -> Failure {
        let CurrentState { state, event, .. } = &self.at;
        let cause = failure.cause.unwrap_or_default();
        let cause = format!(
            "An error occurred while executing the state '{state}' (entered at the event id #{event}). {cause}"
        );
        Failure { cause: Some(cause), ..failure }
    }
}

/// The details of a failure in events.
pub(super) fn failure_details(failure: &Failure) -> impl Iterator<Item = (&'static str, Arc<str>)> {
    let detail = |name, text: &Option<String>| text.as_deref().map(|text| (name, Arc::from(text)));
    [detail("error", &failure.error), detail("cause", &failure.cause)].into_iter().flatten()
}
