//! Asynchronous invocation: retries of an event until the function succeeds or the event is given up.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::find;
use super::run::{Attempt, AttemptResult, FunctionError};
use crate::arn::Arn;
use crate::call::{Caller, Role};
use crate::clock;
use crate::iam::{self, AccessRequest, Principal};
use crate::journal::{DeliveryOutcome, Event};
use crate::questions::ThrottledEvents;
use crate::sns::{self, Message};
use crate::sqs::{self, Contents};
use crate::world::State;

/// Invokes asynchronously: two retries after one and two minutes, then the on-failure destination.
pub(crate) fn invoke(state: &mut State, function_arn: &str, payload: Value) {
    let request_id = state.new_uuid();
    let since = state.now;
    QueuedEvent { function_arn: function_arn.to_owned(), request_id, payload, since, failed: 0, throttled: 0 }
        .attempt(state);
}

/// An event in a function's queue.
struct QueuedEvent {
    function_arn: String,
    request_id: String,
    payload: Value,
    since: DateTime<Utc>,
    /// The number of failed attempts.
    failed: u32,
    /// The number of throttled attempts since the last attempt that ran.
    throttled: u32,
}

/// "Lambda attempts to run it two more times, with a one-minute wait between the first two attempts, and two minutes
/// between the second and third attempts." (Lambda's guide, *Asynchronous invocation*)
const MAX_ATTEMPTS: u32 = 3;

/// "For throttling errors (429) …, Lambda returns the event to the queue and attempts to run the function again for up
/// to 6 hours by default. The retry interval increases exponentially from 1 second after the first attempt to a maximum of
/// 5 minutes."
const MAX_EVENT_AGE: Duration = Duration::from_secs(6 * 60 * 60);
const MIN_RETRY_INTERVAL: Duration = Duration::from_secs(1);
const MAX_RETRY_INTERVAL: Duration = Duration::from_secs(5 * 60);

impl QueuedEvent {
    fn attempt(self, state: &mut State) {
        let region = Arn::parse(&self.function_arn).map_or("", |arn| arn.region).to_owned();
        state.when_reachable(&region, move |state| self.attempt_now(state));
    }

    fn attempt_now(self, state: &mut State) {
        // "If the queue grows very long, new events might age out before Lambda has a chance to send them to your function."
        if state.now > self.since + MAX_EVENT_AGE {
            return self.give_up(state, "EventAgeExceeded", None);
        }
        // "When you set reserved concurrency to zero …, Lambda begins sending new events to the … on-failure event
        // destination, without any retries."
        if find(state, &self.function_arn).is_some_and(|function| function.reserved_concurrency == Some(0)) {
            return self.give_up(state, "ZeroReservedConcurrency", None);
        }
        let attempt = Attempt {
            function_arn: self.function_arn.clone(),
            request_id: self.request_id.clone(),
            number: self.failed + 1,
            payload: self.payload.clone(),
        };
        attempt.make(state, Box::new(move |state, end| self.handle_result(state, end)));
    }

    fn handle_result(mut self, state: &mut State, end: AttemptResult) {
        match end {
            AttemptResult::Succeeded(_) | AttemptResult::Lost | AttemptResult::NotFound(_) => {}
            AttemptResult::Throttled => {
                let wait = self.interval(state.settings.answers.throttled_events);
                self.throttled += 1;
                self.retry_after(state, wait, None);
            }
            AttemptResult::Failed(error) => {
                self.failed += 1;
                self.throttled = 0;
                if self.failed == MAX_ATTEMPTS {
                    self.give_up(state, "RetriesExhausted", Some(&error));
                } else {
                    let wait = Duration::from_secs(60) * self.failed;
                    self.retry_after(state, wait, Some(&error));
                }
            }
        }
    }

    /// The interval until the next attempt of a throttled event. Events that were throttled as often have the same interval, or each has its
    /// own, between half of that one and all of it.
    fn interval(&self, answer: ThrottledEvents) -> Duration {
        let most = Duration::from_secs(1 << self.throttled.min(9)).min(MAX_RETRY_INTERVAL);
        match answer {
            ThrottledEvents::Together => most,
            ThrottledEvents::Apart => {
                let bytes = self.request_id.bytes();
                let hash = bytes.fold(self.throttled, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
                (most / 2 + most / 2 * (hash % 1000) / 1000).max(MIN_RETRY_INTERVAL)
            }
        }
    }

    /// Retries after this time, unless the event will be too old by then.
    fn retry_after(self, state: &mut State, wait: Duration, last: Option<&FunctionError>) {
        let time = state.now + wait;
        if time > self.since + MAX_EVENT_AGE {
            self.give_up(state, "EventAgeExceeded", last);
        } else {
            state.agenda.at(time, move |state| self.attempt(state));
        }
    }

    fn give_up(self, state: &mut State, condition: &str, last: Option<&FunctionError>) {
        let Some((function, arn)) = find(state, &self.function_arn).zip(Arn::parse(&self.function_arn)) else { return };
        let Some(destination) = function.on_failure else { return };
        let executed =
            last.map(|_| json!({ "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" }));
        let record = json!({
            "version": "1.0",
            "timestamp": clock::text(state.now),
            "requestContext": {
                "requestId": self.request_id,
                "functionArn": format!("{}:$LATEST", self.function_arn),
                "condition": condition,
                "approximateInvokeCount": self.failed,
            },
            "requestPayload": self.payload,
            "responseContext": executed,
            "responsePayload": last.map(FunctionError::payload),
        });
        let role = Role { name: function.role, session: "destination".to_owned() };
        let caller = Caller { account: arn.account.to_owned(), role: Some(role) };
        let outcome = match send(state, &caller, &destination, record.to_string()) {
            Ok(()) => DeliveryOutcome::Delivered,
            Err(_) => DeliveryOutcome::Failed,
        };
        let Self { function_arn: function, request_id, .. } = self;
        state.write(Event::DeadLetter { function, request_id, to: destination, outcome });
    }
}

/// Sends to the destination as the function's role, which needs the permission.
fn send(state: &mut State, caller: &Caller, destination: &str, body: String) -> Result<(), String> {
    match Arn::parse(destination) {
        Some(arn) if arn.service == "sqs" => {
            let principal = Principal::Caller(caller);
            let request = AccessRequest { principal, action: "sqs:SendMessage", resource: destination, context: &[] };
            if !iam::is_allowed(state, &request, arn.account, None) {
                return Err(format!("{} may not send to {destination}", caller.principal()));
            }
            sqs::send(state, destination, Contents { body, ..Contents::default() })
        }
        Some(arn) if arn.service == "sns" => {
            let message = Message { body, ..Message::default() };
            sns::publish(state, Principal::Caller(caller), destination, message)
                .map(|_| ())
                .map_err(|error| error.to_string())
        }
        _ => Err(format!("{destination} is neither a queue nor a topic")),
    }
}
