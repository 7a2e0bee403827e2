//! Waiting for copies: starting the timer, and deciding when the time limit is exceeded.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::event::{Awaited, Check, Trigger};
use protocol::settings::{DEFAULT_WAIT_LIMIT_HOURS, SettingsReader, parse_arn_of, parse_wait_limit};
use protocol::wait::{self, Answer, Timer};
use protocol::{AccountId, Announcement, Origin, Place, Snapshot, SnapshotArn};
use tracing::error;

use crate::log::step;
use crate::{Cloud, Error, TimerStart, timer};

/// The purposes of timers, with which their names begin.
pub(crate) const COPYING: &str = "copying";
const SHARING: &str = "sharing";
const KEY: &str = "key";

/// How long a ticket of the queue lives. Then the sweep of the source account, or of the second region, announces the snapshot again.
const TICKET: TimeDelta = TimeDelta::days(7);

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

    /// Starts a timer for this snapshot, unless one is running. There is a name for each purpose, day and awaited event.
    ///
    /// # Errors
    /// If AWS does not start it.
    pub async fn start(
        &self,
        cloud: &Cloud,
        snapshot: &SnapshotArn,
        awaited: Awaited,
        delay: TimeDelta,
    ) -> Result<TimerStart, Error> {
        let purpose = match &awaited {
            Awaited::Copying(_) => COPYING,
            Awaited::Sharing(_) => SHARING,
        };
        // Strings, times and maps of strings always serialize.
        let text = serde_json::to_string(&awaited).unwrap_or_default();
        self.start_for((purpose, &text), cloud, cloud.now(), snapshot, awaited, delay).await
    }

    /// Starts a timer that looks at this announcement again when the key of the copy can be used. It does not
    /// count as a pending share, because the transit copy is visible.
    ///
    /// # Errors
    /// If AWS does not start it.
    pub async fn start_for_key(
        &self,
        cloud: &Cloud,
        announcement: Announcement,
        delay: TimeDelta,
    ) -> Result<(), Error> {
        let transit = announcement.transit.clone();
        // One for each transit copy, however it is announced: the source account chooses the text of its announcements.
        let text = transit.to_string();
        self.start_for((KEY, &text), cloud, cloud.now(), &transit, Awaited::Sharing(announcement), delay)
            .await
            .map(drop)
    }

    /// Starts a ticket of the [queue](crate::queue) with this identity. It only holds the announcement.
    ///
    /// # Errors
    /// If AWS does not start it.
    pub async fn start_ticket(
        &self,
        cloud: &Cloud,
        identity: &str,
        announcement: Announcement,
    ) -> Result<TimerStart, Error> {
        let since = announcement.origin.taken;
        let trigger = Trigger::Check(Box::new(Check { awaited: Awaited::Sharing(announcement), since }));
        let timer = Timer { trigger, answer: Answer::again(TICKET) };
        cloud.start_timer(&self.state_machine, identity, &timer).await
    }

    async fn start_for(
        &self,
        (purpose, text): (&str, &str),
        cloud: &Cloud,
        since: DateTime<Utc>,
        snapshot: &SnapshotArn,
        awaited: Awaited,
        delay: TimeDelta,
    ) -> Result<TimerStart, Error> {
        let account = &awaited.origin().snapshot.place.account;
        let name = timer::name(purpose, account, &since.format("%Y%m%d").to_string(), text, snapshot.id());
        let trigger = Trigger::Check(Box::new(Check { awaited, since }));
        let timer = Timer { trigger, answer: Answer::again(delay) };
        cloud.start_timer(&self.state_machine, &name, &timer).await
    }

    /// Starts a timer for a copy of this size. If none can be started any more today, the sweep and RDS's events look at it.
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
        let delay = wait::first_delay(copy.kind, gib);
        self.start(cloud, copy, Awaited::Copying(origin.clone()), delay).await.map(drop)
    }

    /// Starts a timer for a copy of this size that came from another region and was started at this time. That can take days, or never
    /// end if its region is lost. So it has one timer in all, and none after the time limit: the alarm would ring every day.
    ///
    /// # Errors
    /// If AWS does not start it.
    pub async fn start_for_copy_since(
        &self,
        cloud: &Cloud,
        (origin, copy, gib): (&Origin, &SnapshotArn, u32),
        since: DateTime<Utc>,
    ) -> Result<(), Error> {
        let elapsed = cloud.now() - since;
        if elapsed > self.limit {
            return Ok(());
        }
        let (awaited, delay) = (Awaited::Copying(origin.clone()), wait::first_delay(copy.kind, gib));
        // Strings, times and maps of strings always serialize.
        let text = serde_json::to_string(&awaited).unwrap_or_default();
        self.start_for((COPYING, &text), cloud, since, copy, awaited, delay).await.map(drop)
    }

    /// The number of running timers that wait until transit copies of this account are visible, or `most` if there are more.
    ///
    /// # Errors
    /// If AWS does not list them.
    pub async fn count_pending_shares(&self, cloud: &Cloud, account: &AccountId, most: usize) -> Result<usize, Error> {
        cloud.count_timers(&self.state_machine, &timer::prefix(SHARING, account), most).await
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
