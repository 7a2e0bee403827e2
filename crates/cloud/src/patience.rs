//! Waiting for copies: the timer, and when it has waited long enough.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::event::{Awaited, Check, Trigger};
use protocol::settings::{Settings, USUAL_WAIT_LIMIT, arn_of, wait_limit};
use protocol::wait::{self, Answer, Timer};
use protocol::{Origin, Place, Snapshot, SnapshotArn};
use tracing::error;

use crate::{Cloud, Error};

/// How copies are waited for.
#[derive(Clone, Debug)]
pub struct Patience {
    /// The state machine that waits.
    pub state_machine: String,
    /// How long it waits for one copy.
    limit: TimeDelta,
}

impl Patience {
    /// `WAIT4COPY_ARN`, usually the state machine of the fixed name, and `WAIT_LIMIT_HOURS`, usually a day.
    pub fn read(settings: &mut Settings<'_>, here: &Place) -> Self {
        let usual = || here.arn("states", "stateMachine:draco-wait4copy");
        let state_machine = settings.optional("WAIT4COPY_ARN", arn_of("states")).unwrap_or_else(usual);
        let hours = settings.optional("WAIT_LIMIT_HOURS", wait_limit).unwrap_or(USUAL_WAIT_LIMIT);
        Self { state_machine, limit: TimeDelta::hours(hours.into()) }
    }

    /// Starts to wait for something about this snapshot. For each there is one timer a day, however often it is started.
    pub async fn begin(
        &self,
        cloud: &Cloud,
        about: &SnapshotArn,
        awaited: Awaited,
        first: TimeDelta,
    ) -> Result<(), Error> {
        let since = cloud.now();
        let what = match awaited {
            Awaited::Copying(_) => "copying",
            Awaited::Sharing(_) => "sharing",
        };
        // An instance and a cluster may have one name, and so may databases of several accounts.
        let (kind, account) = (about.kind.snapshot_type(), &about.place.account);
        let name = format!("{}-{what}-{kind}-{account}-{}", since.format("%Y%m%d"), about.id());
        let trigger = Trigger::Check(Box::new(Check { awaited, since }));
        let timer = Timer { trigger, answer: Answer::again(first) };
        cloud.start_timer(&self.state_machine, &name, &timer).await
    }

    /// Starts to wait for a copy of so much.
    pub async fn begin_copying(
        &self,
        cloud: &Cloud,
        origin: &Origin,
        copy: &SnapshotArn,
        gib: u32,
    ) -> Result<(), Error> {
        self.begin(cloud, copy, Awaited::Copying(origin.clone()), wait::first(copy.kind, gib)).await
    }

    /// What the timer is told that waits for this copy since then.
    #[must_use]
    pub fn go_on(&self, origin: &Origin, copy: &Snapshot, since: DateTime<Utc>, now: DateTime<Utc>) -> Answer {
        if now - since <= self.limit {
            return Answer::again(wait::next(copy, since, now));
        }
        let Snapshot { arn, progress, .. } = copy;
        let why = format!("{} is copied to {arn} since {since}, and it is at {progress} %", origin.snapshot);
        error!(snapshot = %origin.snapshot, step = "ran-out", copy = %arn, failed = 1, "{why}");
        Answer::RanOut { why }
    }
}
