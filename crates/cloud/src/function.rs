//! What every function is, and the part that the functions of replication have in common: parsing the event and dispatching it.

use anyhow::bail;
use chrono::{DateTime, Utc};
use protocol::Snapshot;
use protocol::event::{Audit, Check, Event, Onward, Record, Sweep, Trigger};
use protocol::wait::Answer;
use serde_json::Value;

use crate::wait::WaitPolicy;
use crate::{Cloud, batch};

/// A function.
pub trait Function {
    /// Handles one invocation, which has to end before the deadline. The result is for the timer.
    ///
    /// # Errors
    /// If the event cannot be handled. AWS retries it, and sends it to the dead-letter queue in the end.
    fn handle(&self, payload: Value, deadline: DateTime<Utc>) -> impl Future<Output = anyhow::Result<Value>> + Send
    where
        Self: Sync;
}

/// A function that moves snapshots. It implements one method for each trigger, and is a [`Function`] by that.
pub trait Replication {
    /// State shared by the looks of one sweep.
    type SweepState: Default + Send + Sync;

    /// The account in which the function runs.
    fn cloud(&self) -> &Cloud;

    /// How it waits for copies.
    fn wait_policy(&self) -> &WaitPolicy;

    /// Handles one SNS record.
    fn handle_record(&self, record: Record) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Handles a check of the timer. The answer is for the timer.
    fn check(&self, check: Check) -> impl Future<Output = anyhow::Result<Answer>> + Send;

    /// Looks at one snapshot of a sweep.
    fn sweep_snapshot(
        &self,
        snapshot: Snapshot,
        state: &Self::SweepState,
    ) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Compares what the account believes is copied with what DR has. Only the function of a source account can.
    fn audit(&self) -> impl Future<Output = anyhow::Result<()>> + Send
    where
        Self: Sync,
    {
        async { bail!("refused: an audit starts in a source account") }
    }

    /// Handles the copies of DR's first region that are not in this region yet. Only the function of a second region does.
    fn sweep_onward(&self, from: Onward, deadline: DateTime<Utc>) -> impl Future<Output = anyhow::Result<()>> + Send
    where
        Self: Sync,
    {
        let _ = (from, deadline);
        async { Ok(()) }
    }

    /// The answer to one event.
    ///
    /// # Errors
    /// If the event cannot be parsed, or a call failed. A message that is rejected is no error.
    fn answer(&self, payload: Value, deadline: DateTime<Utc>) -> impl Future<Output = anyhow::Result<Answer>> + Send
    where
        Self: Sync,
    {
        async move {
            match Event::parse(payload)? {
                Event::Records(records) => {
                    batch::handle_records(records, |record| self.handle_record(record)).await?;
                }
                Event::Trigger(Trigger::Check(check)) => return self.check(*check).await,
                Event::Trigger(Trigger::Audit(Audit {})) => self.audit().await?,
                Event::Trigger(Trigger::Onward(from)) => self.sweep_onward(from, deadline).await?,
                Event::Trigger(Trigger::Sweep(sweep)) => {
                    let onward = match sweep == Sweep::default() {
                        true => self.sweep_onward(Onward::default(), deadline).await,
                        false => Ok(()),
                    };
                    let state_machine = &self.wait_policy().state_machine;
                    let state = Self::SweepState::default();
                    let look = |snapshot| self.sweep_snapshot(snapshot, &state);
                    let swept = batch::sweep(self.cloud(), sweep, deadline, state_machine, look).await;
                    batch::both(onward, swept)?;
                }
                Event::Trigger(Trigger::Keep(_)) => bail!("refused: only the keeper handles {{\"keep\":{{…}}}}"),
                Event::Trigger(Trigger::Verify(_) | Trigger::Verifying(_)) => {
                    bail!("refused: only the verifier handles {{\"verify\":{{…}}}} and {{\"verifying\":{{…}}}}")
                }
            }
            Ok(Answer::Done)
        }
    }
}

impl<R: Replication + Sync> Function for R {
    async fn handle(&self, payload: Value, deadline: DateTime<Utc>) -> anyhow::Result<Value> {
        Ok(serde_json::to_value(self.answer(payload, deadline).await?)?)
    }
}
