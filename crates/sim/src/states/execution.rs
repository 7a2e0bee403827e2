//! An execution: what it was started with, which state it is in, and how it ended.
//!
//! It is told news and says what it waits for ([`super::advance`]); what it waits for is done by `run`. It
//! knows nothing of the world but the time.

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
/// The most bytes that an input, an output or a result can have.
pub(super) const MAX_BYTES: usize = 256 * 1024;

/// A state machine at work, or what is left of it.
#[derive(Debug)]
pub(super) struct Execution {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) machine_arn: String,
    pub(super) role_arn: String,
    pub(super) definition: Arc<Definition>,
    /// How many executions were started before it; no two have the same.
    pub(super) number: u64,
    pub(super) started: DateTime<Utc>,
    pub(super) stopped: Option<DateTime<Utc>>,
    pub(super) status: Status,
    pub(super) input: Arc<str>,
    pub(super) output: Option<Arc<str>>,
    pub(super) failure: Failure,
    pub(super) history: History,
    /// How often it was told news: what it waited for earlier is no news any more.
    pub(super) turn: u64,
    /// The states entered, and entered again by retries, since somebody last took note.
    pub(super) entered: Vec<String>,
    pub(super) at: CurrentState,
    /// The last input or output that was written as text.
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

/// The state that an execution is in.
#[derive(Debug, Default)]
pub(super) struct CurrentState {
    pub(super) state: String,
    pub(super) entered: DateTime<Utc>,
    /// The number of the event of having entered it.
    pub(super) event: u64,
    /// As it came, before `InputPath`.
    pub(super) input: Value,
    /// How often each retrier has retried.
    pub(super) retried: Vec<u64>,
}

/// What an execution is told.
#[derive(Debug)]
pub(super) enum Signal {
    Started,
    /// The time to wait is over: that of a `Wait`, or that before a retry.
    TimerFired,
    /// The order was done, or not, under this request identifier.
    TaskEnded(Result<Value, Failure>, String),
    /// The order was not done in time.
    TaskTimedOut,
}

/// What an execution waits for.
pub(super) enum Waiting {
    Timer(DateTime<Utc>),
    /// That this is done, until that time.
    Task(TaskRequest, Option<DateTime<Utc>>),
    /// Nothing: it is over.
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
            output: None,
            failure: Failure::default(),
            history,
            turn: 0,
            entered: Vec::new(),
            at: CurrentState::default(),
            text: Arc::default(),
        }
    }

    /// Ends it, whatever it is waiting for.
    pub(super) fn close(&mut self, now: DateTime<Utc>, status: Status, failure: Failure) {
        // Of an error, AWS keeps 256 characters; of its cause, 32768.
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

    /// A value as text. Most states hand on what they were given, so that is kept only once.
    pub(super) fn text(&mut self, value: &Value) -> Arc<str> {
        let text = value.to_string();
        if *self.text != *text {
            self.text = text.into();
        }
        Arc::clone(&self.text)
    }

    /// `$$`
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

    /// The failure, with where it happened, as AWS says it.
    pub(super) fn with_location(&self, failure: Failure) -> Failure {
        let CurrentState { state, event, .. } = &self.at;
        let cause = failure.cause.unwrap_or_default();
        let cause = format!(
            "An error occurred while executing the state '{state}' (entered at the event id #{event}). {cause}"
        );
        Failure { cause: Some(cause), ..failure }
    }
}

/// A failure, as events tell it.
pub(super) fn failure_details(failure: &Failure) -> impl Iterator<Item = (&'static str, Arc<str>)> {
    let told = |name, text: &Option<String>| text.as_deref().map(|text| (name, Arc::from(text)));
    [told("error", &failure.error), told("cause", &failure.cause)].into_iter().flatten()
}
