//! Waiting for copies: starting the timer, and deciding when the time limit is exceeded.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::event::{Awaited, Check, Trigger};
use protocol::settings::{DEFAULT_WAIT_LIMIT_HOURS, SettingsReader, parse_arn_of, parse_wait_limit};
use protocol::wait::{self, Answer, Timer};
use protocol::{Origin, Place, Snapshot, SnapshotArn};
use tracing::error;

use crate::log::step;
use crate::{Cloud, Error};

/// How a function waits for copies.
#[derive(Clone, Debug)]
pub struct WaitPolicy {
    /// The ARN of the state machine that implements the timer.
    pub state_machine: String,
    /// The time limit for one copy.
    limit: TimeDelta,
}

impl WaitPolicy {
    /// Reads `WAIT4COPY_ARN` (default: the state machine `draco-wait4copy`) and `WAIT_LIMIT_HOURS` (default: 24).
    pub fn read(settings: &mut SettingsReader<'_>, here: &Place) -> Self {
        let default = || here.arn("states", "stateMachine:draco-wait4copy");
        let state_machine = settings.optional("WAIT4COPY_ARN", parse_arn_of("states")).unwrap_or_else(default);
        let hours = settings.optional("WAIT_LIMIT_HOURS", parse_wait_limit).unwrap_or(DEFAULT_WAIT_LIMIT_HOURS);
        Self { state_machine, limit: TimeDelta::hours(hours.into()) }
    }

    /// Starts a timer for this snapshot. There is one timer for each snapshot, purpose and day; starting it again has no
    /// effect.
    ///
    /// # Errors
    /// If AWS does not start it.
    pub async fn start(
        &self,
        cloud: &Cloud,
        snapshot: &SnapshotArn,
        awaited: Awaited,
        delay: TimeDelta,
    ) -> Result<(), Error> {
        let since = cloud.now();
        let purpose = match awaited {
            Awaited::Copying(_) => "copying",
            Awaited::Sharing(_) => "sharing",
        };
        // An instance and a cluster can have the same name, and so can databases of several accounts.
        let (kind, account) = (snapshot.kind.snapshot_type(), &snapshot.place.account);
        let name = format!("{}-{purpose}-{kind}-{account}-{}", since.format("%Y%m%d"), snapshot.id());
        let trigger = Trigger::Check(Box::new(Check { awaited, since }));
        let timer = Timer { trigger, answer: Answer::again(delay) };
        cloud.start_timer(&self.state_machine, &name, &timer).await
    }

    /// Starts a timer for a copy of this size.
    ///
    /// # Errors
    /// If AWS does not start it.
    pub async fn start_for_copy(
        &self,
        cloud: &Cloud,
        origin: &Origin,
        copy: &SnapshotArn,
        gib: u32,
    ) -> Result<(), Error> {
        self.start(cloud, copy, Awaited::Copying(origin.clone()), wait::first_delay(copy.kind, gib)).await
    }

    /// The answer to a timer that has waited for this copy since then.
    #[must_use]
    pub fn answer(&self, origin: &Origin, copy: &Snapshot, since: DateTime<Utc>, now: DateTime<Utc>) -> Answer {
        if now - since <= self.limit {
            return Answer::again(wait::next_delay(copy, since, now));
        }
        let Snapshot { arn, progress, .. } = copy;
        let why =
            format!("copying {} to {arn} exceeded the time limit: started {since}, {progress} % done", origin.snapshot);
        error!(snapshot = %origin.snapshot, step = step::TIMED_OUT, copy = %arn, failed = 1, "{why}");
        Answer::TimedOut { why }
    }
}
