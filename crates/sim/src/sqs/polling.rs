//! Long polling: a receive that waits until a message is visible.

use std::time::Duration;

use super::arn;
use super::attributes::Number;
use super::find;
use crate::call::{Call, Input, Service};
use crate::context::CallContext;
use crate::world::{State, World};

/// How often a waiting call looks at the queue.
const INTERVAL: Duration = Duration::from_millis(100);

impl World {
    /// Waits while a call to receive messages may wait and has no messages. Other calls do not wait.
    ///
    /// "The duration (in seconds) for which the call waits for a message to arrive in the queue before returning. If a
    /// message is available, the call returns sooner than WaitTimeSeconds." (API reference, ReceiveMessage)
    pub(crate) async fn wait_for_messages(&self, call: &Call) {
        if call.service != Service::Sqs || call.operation != "ReceiveMessage" {
            return;
        }
        let start = self.now();
        while let Some(wait) = self.change(|state| wait_time(state, call)) {
            let passed = (self.now() - start).to_std().unwrap_or_default();
            match wait.checked_sub(passed).filter(|left| !left.is_zero()) {
                Some(left) => self.sleep(left.min(INTERVAL)).await,
                None => return,
            }
        }
    }
}

/// How long the call may wait. `None` if it has messages, or an error.
fn wait_time(state: &mut State, call: &Call) -> Option<Duration> {
    let now = state.now;
    let Input::Json(input) = &call.input else { return None };
    let ctx = CallContext::of(call);
    let queue = find(state, arn(&ctx, input["QueueUrl"].as_str()?).ok()?).ok()?;
    if queue.messages.values().any(|message| message.is_visible(now)) {
        return None;
    }
    let default = queue.attributes.get(Number::Wait);
    let seconds = input.get("WaitTimeSeconds").map_or(Some(default), serde_json::Value::as_u64)?;
    (seconds <= 20).then(|| Duration::from_secs(seconds))
}
