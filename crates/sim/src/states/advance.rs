//! Advances an execution: enters a state, runs it, leaves it and enters the next one, until the execution has to wait
//! or ends.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::execution::{CurrentState, Execution, MAX_BYTES, Signal, Status, Waiting, failure_details};
use super::language::{Failure, Kind, Next, Step, TextField};
use super::path::{MAX_DEPTH, Scope};
use super::values::after;

/// The outcome of running a state.
enum Outcome {
    Go(String, Value),
    Succeed(Value),
    Fail(Failure),
    Wait(Waiting),
}

impl Execution {
    /// Advances the execution until it has to wait or ends.
    pub(super) fn advance(&mut self, now: DateTime<Utc>, signal: Signal) -> Waiting {
        self.turn += 1;
        let definition = Arc::clone(&self.definition);
        let mut outcome = match (signal, definition.states.get(&self.at.state)) {
            (Signal::Started, _) => Outcome::Go(definition.start_at.clone(), self.input_value()),
            (signal, Some(step)) => self.resume(now, step, signal),
            (_, None) => return Waiting::Ended,
        };
        loop {
            if self.history.is_full() {
                let cause = "The execution reached the maximum number of history events (25000).";
                outcome = Outcome::Fail(Failure::runtime(cause));
            }
            outcome = match outcome {
                Outcome::Wait(waiting) => return waiting,
                Outcome::Succeed(output) => {
                    self.output = Some(self.text(&output));
                    self.close(now, Status::Succeeded, Failure::default());
                    return Waiting::Ended;
                }
                Outcome::Fail(failure) => {
                    self.close(now, Status::Failed, failure);
                    return Waiting::Ended;
                }
                Outcome::Go(state, input) => match definition.states.get(&state) {
                    Some(step) => {
                        self.enter(now, state, step, input);
                        self.run_state(now, step)
                    }
                    None => Outcome::Fail(Failure::runtime(format!("There is no state '{state}'"))),
                },
            };
        }
    }

    fn enter(&mut self, now: DateTime<Utc>, state: String, step: &Step, input: Value) {
        let details = vec![("name", state.as_str().into()), ("input", self.text(&input))];
        let event = self.history.write(now, step.kind.name(), "StateEntered", details);
        let retriers = if let Kind::Task { retry, .. } = &step.kind { retry.len() } else { 0 };
        self.note(state.clone());
        self.at = CurrentState { state, entered: now, event, input, retried: vec![0; retriers] };
    }

    /// Records a transition, unless the history is full.
    fn note(&mut self, state: String) {
        if !self.history.is_full() {
            self.entered.push(state);
        }
    }

    /// Runs the current state.
    fn run_state(&mut self, now: DateTime<Utc>, step: &Step) -> Outcome {
        let context = self.context();
        let input = match step.filters.input(Scope { input: &self.at.input, context: &context }) {
            Ok(input) => input,
            Err(failure) => return self.fail(now, step, self.with_location(failure)),
        };
        let scope = Scope { input: &input, context: &context };
        let result = match &step.kind {
            Kind::Pass { result, .. } => Ok(result.clone().unwrap_or(input)),
            Kind::Succeed => Ok(input),
            Kind::Wait { until, .. } => match until.time(scope, now) {
                Ok(time) => return Outcome::Wait(Waiting::Timer(time)),
                Err(failure) => Err(failure),
            },
            Kind::Choice { rules, default } => {
                let chosen = rules.iter().find_map(|(rule, next)| match rule.holds(scope) {
                    Ok(true) => Some(Ok(next)),
                    Ok(false) => None,
                    Err(failure) => Some(Err(failure)),
                });
                match chosen.or(default.as_ref().map(Ok)) {
                    Some(Ok(next)) => return self.leave(now, step, input, Some(next)),
                    Some(Err(failure)) => Err(failure),
                    None => Err(Failure::new("States.NoChoiceMatched", "No rule matches, and there is no Default.")),
                }
            }
            Kind::Fail { error, cause } => {
                let say = |text_field: &Option<TextField>, field| {
                    text_field.as_ref().map(|text_field| text_field.evaluate(field, scope)).transpose()
                };
                match say(error, "ErrorPath").and_then(|error| Ok(Failure { error, cause: say(cause, "CausePath")? })) {
                    Ok(failure) => return Outcome::Fail(failure),
                    Err(failure) => Err(failure),
                }
            }
            Kind::Task { .. } => return self.request(now, step, input),
        };
        match result {
            Ok(result) => self.leave(now, step, result, None),
            Err(failure) => self.fail(now, step, self.with_location(failure)),
        }
    }

    /// Starts or retries a task.
    fn request(&mut self, now: DateTime<Utc>, step: &Step, input: Value) -> Outcome {
        let Kind::Task { resource, timeout, .. } = &step.kind else { return self.leave(now, step, input, None) };
        let shown = self.text(&input);
        let mut arn = self.machine_arn.split(':').skip(3);
        let (region, account) = (arn.next().unwrap_or_default(), arn.next().unwrap_or_default());
        let request = match resource.request(input, region, account) {
            Ok(request) => request,
            Err(failure) => return self.fail(now, step, self.with_location(failure)),
        };
        let (kind, name) = resource.names();
        let details = match kind {
            None => vec![("resource", name.into()), ("input", shown)],
            Some(kind) => vec![
                ("resourceType", kind.into()),
                ("resource", name.into()),
                ("region", region.into()),
                ("parameters", shown),
            ],
        };
        self.history.write(now, resource.events(), "Scheduled", details);
        self.task_event(now, step, "Started", Vec::new());
        let until = timeout.and_then(|seconds| after(now, i64::try_from(seconds).ok()?));
        Outcome::Wait(Waiting::Task(request, until))
    }

    /// Continues a state that was waiting.
    fn resume(&mut self, now: DateTime<Utc>, step: &Step, signal: Signal) -> Outcome {
        let Kind::Task { resource, .. } = &step.kind else {
            // The result of a `Wait` is its input.
            return match step.filters.input(Scope { input: &self.at.input, context: &self.context() }) {
                Ok(input) => self.leave(now, step, input, None),
                Err(failure) => Outcome::Fail(self.with_location(failure)),
            };
        };
        match signal {
            Signal::Started | Signal::TimerFired => {
                // "If you include retry error handling in any steps of your workflow, each retry will be charged as an
                // additional state transition" (pricing).
                let outcome = self.run_state(now, step);
                self.note(self.at.state.clone());
                outcome
            }
            Signal::TaskEnded(Ok(answer), request_id) => {
                let result = resource.result(answer, &request_id);
                let text = self.text(&result);
                if text.len() > MAX_BYTES {
                    let (kind, name) = resource.names();
                    let failure = too_large(kind.unwrap_or(name));
                    self.task_event(now, step, "Failed", failure_details(&failure).collect());
                    return self.fail(now, step, failure);
                }
                self.task_event(now, step, "Succeeded", vec![("output", text)]);
                self.leave(now, step, result, None)
            }
            Signal::TaskEnded(Err(failure), _) => {
                self.task_event(now, step, "Failed", failure_details(&failure).collect());
                self.fail(now, step, failure)
            }
            Signal::TaskTimedOut => {
                self.task_event(now, step, "TimedOut", failure_details(&Failure::timeout()).collect());
                self.fail(now, step, Failure::timeout())
            }
        }
    }

    /// Leaves the state with this result, for the state that a `Choice` selected or the `Next` state.
    fn leave(&mut self, now: DateTime<Utc>, step: &Step, result: Value, chosen: Option<&String>) -> Outcome {
        let output = match step.filters.output(result, Scope { input: &self.at.input, context: &self.context() }) {
            Ok(output) => output,
            Err(failure) => return self.fail(now, step, self.with_location(failure)),
        };
        self.exit(now, step, &output).unwrap_or_else(|| match (chosen, step.kind.next()) {
            (Some(state), _) | (None, Some(Next::State(state))) => Outcome::Go(state.clone(), output),
            (None, _) => Outcome::Succeed(output),
        })
    }

    /// Writes the exit event. Returns a failure if the output is too large.
    fn exit(&mut self, now: DateTime<Utc>, step: &Step, output: &Value) -> Option<Outcome> {
        let text = self.text(output);
        if text.len() > MAX_BYTES {
            return Some(Outcome::Fail(too_large(&self.at.state)));
        }
        if depth(&text) > MAX_DEPTH {
            let cause = format!("This simulation has no outputs of more than {MAX_DEPTH} levels.");
            return Some(Outcome::Fail(self.with_location(Failure::runtime(cause))));
        }
        let details = vec![("name", self.at.state.as_str().into()), ("output", text)];
        self.history.write(now, step.kind.name(), "StateExited", details);
        None
    }

    /// Applies the retriers, then the catchers. If none matches, the execution fails.
    fn fail(&mut self, now: DateTime<Utc>, step: &Step, failure: Failure) -> Outcome {
        let Kind::Task { retry, catch, .. } = &step.kind else { return Outcome::Fail(failure) };
        // Only the first matching retrier applies. When it has no attempts left, the catchers apply.
        let fitting = retry.iter().zip(&mut self.at.retried).find(|(retrier, _)| failure.matches_any(&retrier.errors));
        if let Some((retrier, retried)) = fitting.filter(|(retrier, retried)| **retried < retrier.max_attempts) {
            let delay = retrier.delay(*retried);
            *retried += 1;
            let time = now.checked_add_signed(TimeDelta::milliseconds((delay * 1000.0).round() as i64));
            return Outcome::Wait(Waiting::Timer(time.unwrap_or(DateTime::<Utc>::MAX_UTC)));
        }
        let Some(catcher) = catch.iter().find(|catcher| failure.matches_any(&catcher.errors)) else {
            return Outcome::Fail(failure);
        };
        let caught = json!({
            "Error": failure.error.unwrap_or_default(),
            "Cause": failure.cause.unwrap_or_default(),
        });
        // `ResultSelector` and `OutputPath` do not apply to a caught error.
        match catcher.result.place(self.at.input.clone(), caught) {
            Err(failure) => Outcome::Fail(self.with_location(failure)),
            Ok(output) => self.exit(now, step, &output).unwrap_or_else(|| Outcome::Go(catcher.next.clone(), output)),
        }
    }

    fn task_event(
        &mut self,
        now: DateTime<Utc>,
        step: &Step,
        what: &'static str,
        mut details: Vec<(&'static str, Arc<str>)>,
    ) {
        let Kind::Task { resource, .. } = &step.kind else { return };
        if let (Some(kind), name) = resource.names() {
            details.extend([("resourceType", kind.into()), ("resource", name.into())]);
        }
        self.history.write(now, resource.events(), what, details);
    }
}

impl Kind {
    fn name(&self) -> &'static str {
        match self {
            Self::Task { .. } => "Task",
            Self::Wait { .. } => "Wait",
            Self::Choice { .. } => "Choice",
            Self::Pass { .. } => "Pass",
            Self::Succeed => "Succeed",
            Self::Fail { .. } => "Fail",
        }
    }

    fn next(&self) -> Option<&Next> {
        match self {
            Self::Task { next, .. } | Self::Wait { next, .. } | Self::Pass { next, .. } => Some(next),
            Self::Choice { .. } | Self::Succeed | Self::Fail { .. } => None,
        }
    }
}

fn too_large(what: &str) -> Failure {
    let cause = format!(
        "The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service limit."
    );
    Failure::new("States.DataLimitExceeded", cause)
}

/// The maximum nesting depth of objects and lists.
fn depth(json: &str) -> usize {
    let (mut level, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            b'"' if !escaped => quoted = !quoted,
            b'{' | b'[' if !quoted => level += 1,
            b'}' | b']' if !quoted => level = level.saturating_sub(1),
            _ => {}
        }
        escaped = quoted && byte == b'\\' && !escaped;
        deepest = deepest.max(level);
    }
    deepest
}
