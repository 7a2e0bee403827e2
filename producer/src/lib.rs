//! The function in the source account: it brings snapshots to DR.
//!
//! An event only names a snapshot. The function looks up that snapshot and its transit copy, [`decide`](mod@decide)s on the
//! next step, and makes that step's calls, each of which is safe to repeat.

mod act;
mod audit;
mod backups;
mod databases;
pub mod decide;
mod settings;
mod specs;
mod transits;

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use chrono::{DateTime, TimeDelta, Utc};
use cloud::log::step;
use cloud::wait::WaitPolicy;
use cloud::{Cloud, Rejection, Replication, require};
use protocol::event::{Awaited, Check, Content, Record};
use protocol::message::NoCopy;
use protocol::notification::{Notification, SnapshotEvent};
use protocol::settings::SettingsError;
use protocol::wait::Answer;
use protocol::{Kind, Message, Origin, Snapshot, SnapshotArn, SnapshotRole};
use tracing::{info, warn};

use databases::Protected;
use decide::{Base, NoActionReason, Observed, Outcome, Reply, Source, decide};
use settings::Settings;
use specs::Specs;

/// The producer, with its clients and settings.
pub struct Producer {
    cloud: Cloud,
    settings: Settings,
    specs: Specs,
}

/// The age up to which a snapshot that RDS reports as created has no transit copy yet.
const NEW: TimeDelta = TimeDelta::hours(1);

/// What caused a look, as far as the step depends on it.
#[derive(Clone, Copy)]
pub(crate) enum Cause {
    /// An RDS notification.
    Notification,
    /// A message of DR.
    Reply,
    /// A timer that was started at this time.
    Timer(DateTime<Utc>),
    /// The sweep.
    Sweep,
}

impl Producer {
    /// Reads the settings.
    ///
    /// # Errors
    /// All settings that are missing or invalid.
    pub fn new(cloud: Cloud, environment: &BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let settings = Settings::read(environment, cloud.here())?;
        Ok(Self { cloud, settings, specs: Specs::default() })
    }
}

impl Replication for Producer {
    type SweepState = Protected;

    fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    fn wait_policy(&self) -> &WaitPolicy {
        &self.settings.wait_policy
    }

    async fn handle_record(&self, record: Record) -> anyhow::Result<()> {
        match record.content {
            Content::Notification(Notification::SubscriptionNotice) => {
                info!(step = step::IGNORED, reason = "subscription-notice", "RDS will send notifications");
            }
            Content::Notification(Notification::Other { number: _ }) => {}
            Content::Notification(Notification::Snapshot { arn, event }) => {
                self.ensure_here(&arn)?;
                match event {
                    SnapshotEvent::Creating => self.look_at_unfinished(&arn).await?,
                    // A copy from another region, which a person has started. Its completion follows.
                    SnapshotEvent::CopyStarted => {}
                    event => self.look_at(&arn, event).await?,
                }
            }
            Content::Message(Message::Completed { origin, copy }) => {
                self.ensure_here(&origin.snapshot)?;
                let is_copy = copy.place == self.settings.dr && origin.attempt(&copy).is_some();
                require(is_copy, || {
                    let expected = origin.copy(&self.settings.dr);
                    format!("a message reports the copy {copy} of {}, expected {expected}", origin.snapshot)
                })?;
                self.look_after_reply(origin, Reply::Completed { copy }).await?;
            }
            Content::Message(Message::NoCopy(NoCopy { origin, reason, why })) => {
                self.ensure_here(&origin.snapshot)?;
                self.look_after_reply(origin, Reply::NoCopy { reason, why }).await?;
            }
            Content::Message(Message::Missing { sources }) => {
                for origin in sources.origins() {
                    self.copy_missing_again(origin).await.with_context(|| origin.snapshot.to_string())?;
                }
            }
            Content::Message(message @ (Message::Shared(_) | Message::Audit { .. })) => {
                let why = format!("received {}, which is a message for DR; this is a source account", message.event());
                bail!(Rejection::new(why))
            }
            Content::Unknown(subject) => {
                warn!(
                    step = step::IGNORED,
                    reason = "unknown-subject",
                    subject,
                    "received a message that is not from RDS or Draco"
                );
            }
        }
        Ok(())
    }

    async fn check(&self, Check { awaited, since }: Check) -> anyhow::Result<Answer> {
        match awaited {
            Awaited::Copying(origin) => {
                self.ensure_here(&origin.snapshot)?;
                self.look_at_transit(origin, Cause::Timer(since)).await
            }
            Awaited::Sharing(announcement) => {
                bail!("refused: a timer waits until {} is visible, which is a timer of DR", announcement.transit)
            }
        }
    }

    async fn audit(&self) -> anyhow::Result<()> {
        self.send_audit().await
    }

    async fn sweep_snapshot(&self, snapshot: Snapshot, protected: &Protected) -> anyhow::Result<()> {
        match SnapshotRole::of(&snapshot) {
            SnapshotRole::Source => {
                let Some(origin) = snapshot.origin()? else { return Ok(()) };
                let source = self.evaluate(snapshot.clone(), &origin);
                if self.is_pending(&source, protected).await.with_context(|| snapshot.arn.to_string())? {
                    self.look_at_source(snapshot, Cause::Sweep).await?;
                }
                Ok(())
            }
            SnapshotRole::Transit(_) if self.is_kept(&snapshot) => Ok(()),
            SnapshotRole::Transit(origin) => {
                let source = self.find_source(&origin).await?;
                if self.is_pending(&source, protected).await? {
                    // The sweep also looks at the source, and then at this transit copy.
                    return Ok(());
                }
                let observed = self.observed(&origin, source, Some(snapshot), Reply::None);
                self.decide_and_act(origin, observed, Cause::Sweep).await.map(drop)
            }
            SnapshotRole::Copy(_) => Ok(()),
        }
    }
}

impl Producer {
    /// A producer serves only its own account and region.
    fn ensure_here(&self, arn: &SnapshotArn) -> Result<(), Rejection> {
        let here = self.cloud.here();
        require(arn.place == *here, || format!("{arn} is not in account {}, region {}", here.account, here.region))
    }

    /// Looks at the snapshot that a notification names, which may be a source or a transit copy.
    ///
    /// A snapshot that was just created has no transit copy yet, so none is looked up. If it has one, because the notification
    /// arrived twice, starting the copy finds it.
    async fn look_at(&self, arn: &SnapshotArn, event: SnapshotEvent) -> anyhow::Result<()> {
        let Some(snapshot) = self.cloud.find(arn).await? else {
            let (reason, message) = NoActionReason::Gone.texts();
            info!(snapshot = %arn, step = step::NO_ACTION, reason, "{message}");
            return Ok(());
        };
        match SnapshotRole::of(&snapshot) {
            SnapshotRole::Source if event == SnapshotEvent::Created && self.is_new(&snapshot) => {
                let Some(origin) = snapshot.origin()? else { return Ok(()) };
                let source = self.evaluate(snapshot, &origin);
                let observed = self.observed(&origin, source, None, Reply::None);
                self.decide_and_act(origin, observed, Cause::Notification).await.map(drop)
            }
            SnapshotRole::Source => self.look_at_source(snapshot, Cause::Notification).await,
            SnapshotRole::Transit(origin) => {
                let observed = self.observed(&origin, Source::NotObserved, Some(snapshot), Reply::None);
                self.decide_and_act(origin, observed, Cause::Notification).await.map(drop)
            }
            // Copies are never sources (invariant 12).
            SnapshotRole::Copy(_) => Ok(()),
        }
    }

    fn is_new(&self, snapshot: &Snapshot) -> bool {
        snapshot.created.is_some_and(|created| self.cloud.now() - created < NEW)
    }

    /// Looks at the transit copy of this source.
    async fn look_at_source(&self, source: Snapshot, cause: Cause) -> anyhow::Result<()> {
        let origin = source.origin().with_context(|| format!("looking at {}", source.arn))?;
        // RDS returns no creation time while it creates the snapshot. Its event follows.
        let Some(origin) = origin else { return Ok(()) };
        let transit = self.cloud.find(&origin.transit()).await?;
        let observed = self.observed(&origin, self.evaluate(source, &origin), transit, Reply::None);
        self.decide_and_act(origin, observed, cause).await.map(drop)
    }

    /// Looks at a transit copy when its timer ends. Its tags contain everything that is needed of its source.
    ///
    /// RDS reports finished copies of instance snapshots, so their sources are usually copied by then, and one call is enough. It
    /// does not report those of cluster snapshots. AWS may remove a copy whose source is deleted: if both are gone, only DR knows
    /// whether the data is lost.
    async fn look_at_transit(&self, origin: Origin, cause: Cause) -> anyhow::Result<Answer> {
        let mut source = Source::NotObserved;
        if origin.snapshot.kind == Kind::Instance {
            source = self.find_source(&origin).await?;
            if let Source::Available { outcome: Outcome::Copied, .. } = source {
                return Ok(Answer::Done);
            }
        }
        let transit = self.cloud.find(&origin.transit()).await?;
        if transit.is_none() && source == Source::NotObserved {
            source = self.find_source(&origin).await?;
        }
        if transit.is_none() && source == Source::Gone {
            self.ask_about(&origin).await?;
        }
        let observed = self.observed(&origin, Source::NotObserved, transit, Reply::None);
        self.decide_and_act(origin, observed, cause).await
    }

    /// Looks at both snapshots. A reply is about the snapshot that was taken at the time that it states: another one under the
    /// same name is not tagged, and its transit copy is not deleted (invariant 10).
    async fn look_after_reply(&self, origin: Origin, reply: Reply) -> anyhow::Result<()> {
        let source = self.find_source(&origin).await?;
        let transit = self.cloud.find(&origin.transit()).await?;
        let observed = self.observed(&origin, source, transit, reply);
        self.decide_and_act(origin, observed, Cause::Reply).await.map(drop)
    }

    /// Combines what was looked up. A snapshot that only has the transit copy's name is not Draco's and does not count
    /// (invariant 5).
    fn observed(&self, origin: &Origin, source: Source, transit: Option<Snapshot>, reply: Reply) -> Observed {
        let is_transit = |found: &Snapshot| SnapshotRole::of(found) == SnapshotRole::Transit(origin.clone());
        let transit = transit.filter(is_transit);
        let is_kept = transit.as_ref().is_some_and(|transit| self.is_kept(transit));
        Observed { source, transit, base: if is_kept { Base::Kept } else { Base::NotKept }, reply }
    }

    /// The last two parts of every look. A failure names the snapshot (invariant 1).
    async fn decide_and_act(&self, origin: Origin, observed: Observed, cause: Cause) -> anyhow::Result<Answer> {
        self.act(&origin, decide(observed), cause).await.with_context(|| origin.snapshot.to_string())
    }

    /// Looks up a source. A snapshot that was created later under the same name is not the source.
    pub(crate) async fn find_source(&self, origin: &Origin) -> anyhow::Result<Source> {
        let found = self.cloud.find(&origin.snapshot).await?;
        let found = found.filter(|found| found.origin().is_ok_and(|its| its.as_ref() == Some(origin)));
        Ok(found.map_or(Source::Gone, |source| self.evaluate(source, origin)))
    }

    pub(crate) fn evaluate(&self, source: Snapshot, origin: &Origin) -> Source {
        Source::of(source, origin, &self.settings.dr, self.cloud.now())
    }
}
