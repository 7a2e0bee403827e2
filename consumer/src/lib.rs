//! The function in the DR account: it keeps copies that the source accounts cannot reach.
//!
//! An event only names a snapshot. The function looks up the copy and the transit copy that is shared with DR,
//! [`decide`](mod@decide)s on the next step, and makes that step's calls, each of which is safe to repeat. It cannot delete:
//! the keeper deletes expired copies. In DR's second region, the copies of the first region take the place of transit copies:
//! `onward`.

mod act;
mod admission;
mod audit;
pub mod decide;
mod keys;
pub mod limits;
mod onward;
mod queue;
mod settings;
mod specs;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, bail};
use archive::expired::lifecycle;
use archive::{Archive, History};
use chrono::{DateTime, TimeDelta, Utc};
use cloud::log::step;
use cloud::wait::WaitPolicy;
use cloud::{Class, Cloud, Rejection, Replication, batch, reject, require};
use protocol::event::{Awaited, Check, Content, Onward, Record};
use protocol::notification::{Notification, SnapshotEvent};
use protocol::settings::SettingsError;
use protocol::topic::{consumer_topic, notification_topic};
use protocol::wait::{self, Answer};
use protocol::{
    Announcement, Attempt, DatabaseArn, Message, Origin, Region, Snapshot, SnapshotArn, SnapshotRole, Status, TopicArn,
};
use tracing::{Instrument, info, info_span, warn};

use decide::{Admission, Existing, Observed, Requester, Transit, Turn, decide, is_same_time};
use limits::{Counts, DatabaseUse};
use onward::Upstream;
use queue::{Queue, Standing};
use settings::{Keys, Plaintext, Settings};

/// The consumer, with its clients and settings.
pub struct Consumer {
    cloud: Cloud,
    settings: Settings,
    memory: Arc<Memory>,
}

/// What a process remembers from one invocation to the next. It saves calls, and nothing depends on it.
#[derive(Debug, Default)]
pub struct Memory {
    counts: Counts,
    queue: Queue,
}

/// What DR has of one database of a source account.
struct DatabaseCopies {
    /// The snapshots with the names of one origin's copies.
    copies: Vec<Snapshot>,
    /// How many copies there are.
    usage: DatabaseUse,
    /// The complete copies.
    history: History,
}

/// What caused a look, as far as the step depends on it.
#[derive(Clone, Copy)]
pub(crate) enum Cause {
    /// An announcement of the source account.
    Announcement,
    /// A timer that was started at this time and waits until the transit copy is visible.
    ShareTimer(DateTime<Utc>),
    /// A timer that was started at this time and waits until the copy is completed.
    CopyTimer(DateTime<Utc>),
    /// An RDS notification, or the sweep.
    Copy,
    /// A ticket of the queue whose turn it is.
    Ticket,
}

/// A look at one snapshot: what every step of it needs.
pub(crate) struct Look {
    origin: Origin,
    upstream: Upstream,
    cause: Cause,
}

/// The result of a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    /// For the timer that caused it, if one did.
    Answer(Answer),
    /// This look has started a copy.
    Started,
    /// A copy from another region has ended.
    Ended,
    /// A ticket has to wait longer: AWS refuses more copies from its region, or that cannot be reached.
    Full,
}

impl Looked {
    pub(crate) const DONE: Self = Self::Answer(Answer::Done);

    fn answer(&self) -> Answer {
        match self {
            Self::Answer(answer) => answer.clone(),
            Self::Started | Self::Ended | Self::Full => Answer::Done,
        }
    }
}

impl Cause {
    fn requester(self) -> Requester {
        match self {
            Self::Announcement | Self::Ticket => Requester::Source,
            Self::CopyTimer(_) => Requester::Timer,
            Self::ShareTimer(_) | Self::Copy => Requester::Dr,
        }
    }
}

impl Consumer {
    /// Reads the settings.
    ///
    /// # Errors
    /// All settings that are missing or invalid.
    pub fn new(cloud: Cloud, environment: &BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let settings = Settings::read(environment, cloud.here())?;
        Ok(Self { cloud, settings, memory: Arc::default() })
    }

    /// The same, in a process that has had other invocations.
    #[must_use]
    pub fn with_memory(self, memory: Arc<Memory>) -> Self {
        Self { memory, ..self }
    }
}

impl Replication for Consumer {
    type SweepState = ();

    fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    fn wait_policy(&self) -> &WaitPolicy {
        &self.settings.wait_policy
    }

    async fn handle_record(&self, Record { topic, content }: Record) -> anyhow::Result<()> {
        match content {
            Content::Notification(notification) => {
                self.ensure_from_rds(&topic)?;
                self.handle_notification(notification).await?;
            }
            Content::Message(message) => {
                self.ensure_own(&topic, &message)?;
                self.handle_message(message).await?;
            }
            Content::Unknown(subject) => {
                self.ensure_from_rds(&topic)?;
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

    /// An announcement that turns out to be false is rejected. An error would make the timer retry it.
    async fn check(&self, Check { awaited, since }: Check) -> anyhow::Result<Answer> {
        let sender = awaited.origin().snapshot.place.account.clone();
        let checked = match awaited {
            Awaited::Copying(origin) => self.check_copy(origin, Cause::CopyTimer(since)).await,
            Awaited::Sharing(announcement) => self.look_at_message(announcement, Cause::ShareTimer(since)).await,
        };
        let looked = checked.or_else(|error| reject(Some(&sender), error).map(|()| Looked::DONE))?;
        let answer = looked.answer();
        self.after(looked).await;
        Ok(answer)
    }

    async fn sweep_snapshot(&self, snapshot: Snapshot, (): &()) -> anyhow::Result<()> {
        let SnapshotRole::Copy(origin) = SnapshotRole::of(&snapshot) else { return Ok(()) };
        let copies = vec![snapshot];
        if self.ensure_served(&origin, &Upstream::of(&origin, &copies)).is_err() {
            return Ok(());
        }
        let looked = self.look_at_copies(origin, copies, Cause::Copy).await?;
        self.after(looked).await;
        Ok(())
    }

    async fn sweep_onward(&self, from: Onward, deadline: DateTime<Utc>) -> anyhow::Result<()> {
        let dispatched = match from == Onward::default() {
            true => self.dispatch_all(deadline).await,
            false => Ok(()),
        };
        batch::both(dispatched, Consumer::sweep_onward(self, from, deadline).await)
    }
}

impl Consumer {
    async fn handle_message(&self, message: Message) -> anyhow::Result<()> {
        match message {
            Message::Shared(announcement) => {
                let looked = self.look_at_message(announcement, Cause::Announcement).await?;
                self.after(looked).await;
                Ok(())
            }
            Message::Audit { sources } => self.answer_audit(sources).await,
            Message::Completed { .. } | Message::NoCopy(_) | Message::Missing { .. } => {
                let why = format!("received {}, which is a message for a source account; this is DR", message.event());
                bail!(Rejection::new(why))
            }
        }
    }

    async fn handle_notification(&self, notification: Notification) -> anyhow::Result<()> {
        match notification {
            Notification::SubscriptionNotice => {
                info!(step = step::IGNORED, reason = "subscription-notice", "RDS will send notifications");
                Ok(())
            }
            Notification::Other { number: _ } => Ok(()),
            // The snapshot may be the final one of a database of DR, which is no copy. A copy that has started has its timer.
            Notification::Snapshot { event: SnapshotEvent::Creating | SnapshotEvent::CopyStarted, .. } => Ok(()),
            Notification::Snapshot {
                arn,
                event: SnapshotEvent::Created | SnapshotEvent::Copied | SnapshotEvent::Cancelled,
            } => self.look_at(&arn).await,
        }
    }

    /// Only RDS may publish to the topic for notifications; only a producer to the topic of its account.
    fn ensure_from_rds(&self, topic: &TopicArn) -> Result<(), Rejection> {
        require(*topic == notification_topic(self.cloud.here()), || {
            format!("{topic} is for the announcements of a source account, and this message is no announcement")
        })
    }

    /// An account speaks only for itself (invariant 13). The policy of the topic allows its own producer only, and the policy of the
    /// topic of the DR account only DR's consumer in the first region.
    fn ensure_own(&self, topic: &TopicArn, message: &Message) -> Result<(), Rejection> {
        let snapshot = &message.origin().snapshot;
        let sender = match message {
            Message::Shared(announcement) if self.is_onward(announcement) => &announcement.transit.place.account,
            _ => &snapshot.place.account,
        };
        require(*topic == consumer_topic(self.cloud.here(), sender), || {
            format!("{snapshot} was announced through {topic}, which is not the topic of its account")
        })
    }

    /// DR serves the configured accounts, in the configured regions, or by a copy in the first region (invariant 10).
    pub(crate) fn ensure_served(&self, origin: &Origin, upstream: &Upstream) -> Result<(), Rejection> {
        let Origin { snapshot, database, .. } = origin;
        let (regions, place) = (&self.settings.regions, &snapshot.place);
        require(database.place == *place && database.kind == snapshot.kind, || {
            format!("{snapshot} cannot be a snapshot of {database}")
        })?;
        require(self.settings.sources.contains(&place.account), || {
            format!("account {} of {snapshot} is not in SOURCE_ACCTS", place.account)
        })?;
        if let Upstream::First(first) = upstream {
            return self.ensure_first(first);
        }
        require(regions.contains(&place.region), || {
            let served = regions.iter().map(Region::as_str).collect::<Vec<_>>().join(", ");
            format!("{snapshot} is in region {}, but this stack serves {served}", place.region)
        })
    }

    async fn check_copy(&self, origin: Origin, cause: Cause) -> anyhow::Result<Looked> {
        let served = self.ensure_served(&origin, &Upstream::Source);
        if self.settings.first.is_none() {
            served?;
        }
        let mut copies = self.find_copies(&origin).await?.copies;
        if copies.is_empty() {
            // The list of the database does not show a copy that turned out to be one of another database.
            copies = self.copies_by_name(&origin).await?;
        }
        // In a second region, the copies tell where they come from.
        if !copies.is_empty() {
            self.ensure_served(&origin, &Upstream::of(&origin, &copies))?;
        }
        self.look_at_copies(origin, copies, cause).await
    }

    pub(crate) async fn look_at_message(&self, announcement: Announcement, cause: Cause) -> anyhow::Result<Looked> {
        match self.is_onward(&announcement) {
            true => self.look_at_onward(announcement, cause).await,
            false => self.look_at_announced(announcement, cause).await,
        }
    }

    /// Looks at a transit copy that is announced now, or was announced when the timer was started.
    async fn look_at_announced(&self, announcement: Announcement, cause: Cause) -> anyhow::Result<Looked> {
        let origin = announcement.origin.clone();
        self.ensure_served(&origin, &Upstream::Source)?;
        require(announcement.transit == origin.transit(), || {
            let (named, expected) = (&announcement.transit, origin.transit());
            format!("the announcement of {} names the transit copy {named}, expected {expected}", origin.snapshot)
        })?;
        let Standing::Has(turn) = self.standing(&announcement, cause).await? else { return Ok(Looked::DONE) };
        let DatabaseCopies { copies, usage, history } = self.find_copies(&origin).await?;
        let mut copy = Existing::of(copies, &origin);
        let transit = match copy {
            Existing::None | Existing::Failed { next: Some(_), .. } => {
                self.observe_transit(announcement, (usage, &history), turn, cause).await?
            }
            // The copy decides.
            _ => Transit::NotObserved,
        };
        if usage.copies == 0 && self.needs_former_copies(&transit) {
            // A database without copies may have had another name when this snapshot was copied.
            copy = Existing::of(self.copies_by_name(&origin).await?, &origin);
        }
        let look = Look { origin, upstream: Upstream::Source, cause };
        self.decide_and_act(&look, Observed { copy, transit, requester: cause.requester() }).await
    }

    /// Whether a snapshot that was copied under a former name of its database would be refused, or would get a key of its own, before AWS
    /// answers that its copy exists.
    fn needs_former_copies(&self, transit: &Transit) -> bool {
        match transit {
            Transit::OverLimit(_) => true,
            Transit::Visible { .. } => self.settings.keys == Keys::PerDatabase,
            Transit::NotObserved
            | Transit::NotVisible { .. }
            | Transit::NeverVisible
            | Transit::Renamed
            | Transit::Unreachable => false,
        }
    }

    /// What DR has of this origin's database. One list finds all of it.
    async fn find_copies(&self, origin: &Origin) -> Result<DatabaseCopies, cloud::Error> {
        let (kind, database, now) = (origin.snapshot.kind, &origin.database, self.cloud.now());
        let (mut copies, mut usage) = (Vec::new(), DatabaseUse::default());
        let mut archive = Archive::new(self.cloud.here().clone());
        let add = |snapshot: Snapshot| {
            usage.add(database, &snapshot, now);
            archive.add(&snapshot);
            copies.extend(Some(snapshot).filter(|snapshot| origin.attempt(&snapshot.arn).is_some()));
            Ok::<_, cloud::Error>(())
        };
        self.cloud.try_for_each(kind, Some(database.id()), add).await?;
        Ok(DatabaseCopies { copies, usage, history: archive.database(database) })
    }

    /// The snapshots that have the identifiers of this origin's copy, whichever database AWS states for them: those of the attempts, up to
    /// the first one that has not failed. The keeper deletes failed ones, so the first attempts may be gone.
    pub(crate) async fn copies_by_name(&self, origin: &Origin) -> Result<Vec<Snapshot>, cloud::Error> {
        let mut copies: Vec<Snapshot> = Vec::new();
        for attempt in Attempt::ALL {
            copies.extend(self.cloud.find(&origin.copy_of(attempt, self.cloud.here())).await?);
            if copies.last().is_some_and(|last| last.status != Status::Failed) {
                break;
            }
        }
        Ok(copies)
    }

    async fn observe_transit(
        &self,
        announcement: Announcement,
        (usage, history): (DatabaseUse, &History),
        turn: Turn,
        cause: Cause,
    ) -> anyhow::Result<Transit> {
        let found = match self.cloud.find(&announcement.transit).await {
            Err(error) if self.is_elsewhere(&announcement.transit.place.region, &error) => {
                warn_unreachable(&announcement.origin.snapshot, &error);
                return Ok(Transit::Unreachable);
            }
            found => found?,
        };
        let Some(snapshot) = found else {
            let elapsed = match cause {
                Cause::ShareTimer(since) => self.cloud.now() - since,
                _ => TimeDelta::zero(),
            };
            return Ok(match wait::next_share_look(elapsed) {
                Some(delay) => Transit::NotVisible { announcement, delay },
                None => Transit::NeverVisible,
            });
        };
        if !matches!(cause, Cause::Announcement) && !is_of(&announcement.origin.database, &snapshot) {
            return Ok(Transit::Renamed);
        }
        ensure_true(&announcement.origin, &snapshot)?;
        let is_taken_later = snapshot.created.is_some_and(|created| announcement.origin.taken > created);
        let admission = if is_taken_later { Admission::TakenLater } else { self.admission(&snapshot) };
        if let Admission::Encrypted | Admission::PlaintextAllowed = admission
            && let Some(exceeded) = self.exceeded(&announcement.origin, usage).await?
        {
            return Ok(Transit::OverLimit(exceeded));
        }
        let known = &self.settings.lifecycles;
        let previous = history.newest().map(|copy| Box::new(lifecycle(copy.lifecycle.as_deref(), known)));
        Ok(Transit::Visible { announcement, snapshot, admission, previous, turn })
    }

    /// Whether a snapshot can be encrypted, or may stay unencrypted (invariant 2).
    pub(crate) fn admission(&self, snapshot: &Snapshot) -> Admission {
        match self.settings.plaintext_clusters {
            _ if snapshot.can_be_encrypted_by_copying() => Admission::Encrypted,
            Plaintext::Allowed => Admission::PlaintextAllowed,
            Plaintext::Forbidden => Admission::PlaintextForbidden,
        }
    }

    /// Whether a call failed because another region cannot be reached. That region may be gone for days, and a retry of the event
    /// would end in the dead-letter queue. The source account announces the snapshot again when its region is back.
    pub(crate) fn is_elsewhere(&self, region: &Region, error: &cloud::Error) -> bool {
        *region != self.cloud.here().region && error.class() == Class::Unreachable
    }

    /// Looks at the snapshot that a notification names.
    async fn look_at(&self, arn: &SnapshotArn) -> anyhow::Result<()> {
        require(arn.place == *self.cloud.here(), || format!("{arn} is not in this account and region"))?;
        match self.cloud.find(arn).await? {
            Some(snapshot) => self.sweep_snapshot(snapshot, &()).await,
            None => Ok(()),
        }
    }

    /// Looks at copies alone. Their tags contain everything that is needed.
    async fn look_at_copies(&self, origin: Origin, copies: Vec<Snapshot>, cause: Cause) -> anyhow::Result<Looked> {
        let upstream = Upstream::of(&origin, &copies);
        let copy = Existing::of(copies, &origin);
        let observed = Observed { copy, transit: Transit::NotObserved, requester: cause.requester() };
        self.decide_and_act(&Look { origin, upstream, cause }, observed).await
    }

    /// The last two parts of every look. A failure names the snapshot (invariant 1).
    async fn decide_and_act(&self, look: &Look, observed: Observed) -> anyhow::Result<Looked> {
        let origin = &look.origin;
        // A ticket waits for a region that is gone, as for one that is full.
        if observed.transit == Transit::Unreachable && matches!(look.cause, Cause::Ticket) {
            return Ok(Looked::Full);
        }
        // Every line and metric of the step has the account (invariant 16).
        let span = info_span!("look", account = %origin.snapshot.place.account);
        let acted = self.act(look, decide(observed)).instrument(span).await;
        acted.with_context(|| origin.snapshot.to_string())
    }
}

pub(crate) fn warn_unreachable(snapshot: &SnapshotArn, error: &cloud::Error) {
    let account = snapshot.place.account.as_str();
    warn!(account, %snapshot, step = step::SOURCE_UNREACHABLE, reason = %error, source_unreachable = 1,
        "the source account cannot be reached; DR continues");
}

/// Whether AWS states this database for a snapshot.
fn is_of(database: &DatabaseArn, snapshot: &Snapshot) -> bool {
    snapshot.database.eq_ignore_ascii_case(database.id())
}

/// Compares the announcement with AWS's description of the transit copy, where AWS describes the same fact. A false
/// announcement could delete copies of another database, or change their order (invariant 10).
fn ensure_true(origin: &Origin, transit: &Snapshot) -> Result<(), Rejection> {
    let Origin { snapshot, database, taken } = origin;
    let (arn, actual) = (&transit.arn, &transit.database);
    require(is_of(database, transit), || {
        format!("{arn} is announced as a snapshot of {database}, but is a snapshot of {actual}")
    })?;
    let Some(actual) = transit.original_created else { return Ok(()) };
    require(is_same_time(actual, *taken), || {
        format!("{snapshot} is announced as taken at {taken}, but {arn} was taken at {actual}")
    })
}
