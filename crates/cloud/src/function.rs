//! The part of a function that every function has: parsing the event and dispatching it.

use chrono::{DateTime, Utc};
use protocol::Snapshot;
use protocol::event::{Check, Event, Record, Trigger};
use protocol::wait::Answer;
use serde_json::Value;

use crate::wait::WaitPolicy;
use crate::{Cloud, batch};

/// A function. It implements one method for each trigger; [`handle`](Self::handle) parses the event and calls them.
pub trait Function {
    /// The account in which the function runs.
    fn cloud(&self) -> &Cloud;

    /// How it waits for copies.
    fn wait_policy(&self) -> &WaitPolicy;

    /// Handles one SNS record.
    fn handle_record(&self, record: Record) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Handles a check of the timer. The answer is for the timer.
    fn check(&self, check: Check) -> impl Future<Output = anyhow::Result<Answer>> + Send;

    /// Looks at one snapshot of a sweep.
    fn sweep_snapshot(&self, snapshot: Snapshot) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Handles one invocation, which has to end before the deadline. The result is for the timer.
    ///
    /// # Errors
    /// If the event cannot be parsed, or a call failed. AWS retries the event, and sends it to the dead-letter queue in the end. A
    /// message that is rejected is no error.
    fn handle(&self, payload: Value, deadline: DateTime<Utc>) -> impl Future<Output = anyhow::Result<Value>> + Send
    where
        Self: Sync,
    {
        async move {
            let answer = match Event::parse(payload)? {
                Event::Records(records) => {
                    batch::handle_records(records, |record| self.handle_record(record)).await?;
                    Answer::Done
                }
                Event::Trigger(Trigger::Check(check)) => self.check(*check).await?,
                Event::Trigger(Trigger::Sweep(sweep)) => {
                    let state_machine = &self.wait_policy().state_machine;
                    let look = |snapshot| self.sweep_snapshot(snapshot);
                    batch::sweep(self.cloud(), sweep, deadline, state_machine, look).await?;
                    Answer::Done
                }
            };
            Ok(serde_json::to_value(answer)?)
        }
    }
}
