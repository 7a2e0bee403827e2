//! The function in the DR account: it keeps copies that production cannot reach.
//!
//! Whatever invokes it only says where to look. Then the same three things happen: it looks at the copy and at what is
//! shared with DR, [`decide`](mod@decide)s on the one next step, and makes that step's calls, each of which is safe to
//! make twice. When a copy is safe, the [`lifecycle`] thins the copies of its database.

pub mod decide;
pub mod lifecycle;
mod settings;
mod step;

use std::collections::BTreeMap;

use anyhow::{bail, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use cloud::{Cloud, rounds};
use protocol::event::{Awaited, Event, Heard, Trigger};
use protocol::notification::Notification;
use protocol::settings::Problems;
use protocol::wait::Answer;
use protocol::{Announcement, Message, Origin, Part, Snapshot, SnapshotArn};
use serde_json::Value;
use tracing::{info, warn};

use decide::{Asked, Copy, Nature, Seen, Shared, Told, decide};
use settings::{Plaintext, Settings};
use step::About;

/// How long after it is announced a transit copy may still not be seen.
const SHARING: TimeDelta = TimeDelta::minutes(10);

/// The consumer, with its clients and settings.
pub struct Consumer {
    cloud: Cloud,
    settings: Settings,
}

impl Consumer {
    /// Reads its settings.
    ///
    /// # Errors
    /// All that is missing or wrong.
    pub fn new(cloud: Cloud, environment: &BTreeMap<String, String>) -> Result<Self, Problems> {
        let settings = Settings::read(environment, cloud.here())?;
        Ok(Self { cloud, settings })
    }

    /// Handles one invocation, which has until then. What it returns is for the timer.
    ///
    /// # Errors
    /// When something was not understood, refused, or a call failed: so that AWS tries again, and tells in the end.
    pub async fn handle(&self, payload: Value, deadline: DateTime<Utc>) -> anyhow::Result<Value> {
        let answer = match Event::read(payload)? {
            Event::Heard(records) => {
                rounds::hear(records, |heard| self.obey(heard)).await?;
                Answer::Done
            }
            Event::Asked(Trigger::Check(check)) => match check.awaited {
                Awaited::Copying(origin) => self.look_at_copy(origin, Some(check.since)).await?,
                Awaited::Sharing(announcement) => self.look(announcement, Asked::ByDr, Some(check.since)).await?,
            },
            Event::Asked(Trigger::Sweep(sweep)) => {
                let machine = &self.settings.patience.state_machine;
                rounds::sweep(&self.cloud, sweep, deadline, machine, |snapshot| self.look_again(snapshot)).await?;
                Answer::Done
            }
        };
        Ok(serde_json::to_value(answer)?)
    }

    async fn obey(&self, heard: Heard) -> anyhow::Result<()> {
        match heard {
            Heard::Notification(Notification::Greeting) => {
                info!(step = "ignore", reason = "greeting", "RDS will send notifications");
            }
            Heard::Notification(Notification::Other { number: _ }) => {}
            Heard::Notification(Notification::Snapshot { arn, news: _ }) => self.look_at(&arn).await?,
            Heard::Message(Message::Shared(announcement)) => {
                self.look(announcement, Asked::BySource, None).await?;
            }
            Heard::Message(message @ (Message::Completed { .. } | Message::NoCopy(_))) => {
                bail!("refused: {} is a message for a source account, and this is DR", message.event())
            }
            Heard::Stranger(subject) => {
                warn!(step = "ignore", reason = "another subject", subject, "a message that is none of Draco's");
            }
        }
        Ok(())
    }

    /// DR serves the accounts that it was told of, in its own region (invariant 10).
    fn serves(&self, origin: &Origin) -> anyhow::Result<()> {
        let (here, place) = (self.cloud.here(), &origin.snapshot.place);
        let is_whole = origin.database.place == *place && origin.database.kind == origin.snapshot.kind;
        ensure!(is_whole, "refused: {} is said to be of {}, which it cannot be", origin.snapshot, origin.database);
        ensure!(
            self.settings.sources.contains(&place.account),
            "refused: {} is of account {}, which is not among SOURCE_ACCTS",
            origin.snapshot,
            place.account
        );
        ensure!(
            place.region == here.region,
            "refused: {} is in region {}, and {} is served here",
            origin.snapshot,
            place.region,
            here.region
        );
        Ok(())
    }

    /// Looks at what is announced, or was announced then.
    async fn look(
        &self,
        announcement: Announcement,
        asked: Asked,
        since: Option<DateTime<Utc>>,
    ) -> anyhow::Result<Answer> {
        let origin = announcement.origin.clone();
        self.serves(&origin)?;
        ensure!(
            announcement.transit == origin.transit(),
            "refused: {} is announced as {}, and would be {}",
            origin.snapshot,
            announcement.transit,
            origin.transit()
        );
        let copy = self.cloud.find(&origin.copy(self.cloud.here())).await?;
        let mut about = About { copy, origin, announcement: None, shared: None, since };
        let mut seen = Seen { copy: about.copy_seen(), shared: Shared::Unseen, asked };
        if seen.copy == Copy::None {
            about.shared = self.cloud.find(&announcement.transit).await?;
            about.shared.as_ref().map_or(Ok(()), |shared| is_true(&about.origin, shared))?;
            seen.shared = self.shared(about.shared.as_ref(), &about.origin, since);
        }
        about.announcement = Some(announcement);
        self.act(decide(&seen), about).await
    }

    fn shared(&self, found: Option<&Snapshot>, origin: &Origin, since: Option<DateTime<Utc>>) -> Shared {
        let Some(shared) = found else {
            let is_late = since.is_some_and(|since| self.cloud.now() - since >= SHARING);
            return if is_late { Shared::Never } else { Shared::NotYet };
        };
        let is_later = shared.created.is_some_and(|made| origin.taken > made);
        let nature = match self.settings.plaintext_clusters {
            _ if is_later => Nature::TakenLater,
            _ if shared.can_be_encrypted_by_copying() => Nature::Encryptable,
            Plaintext::Allowed => Nature::PlaintextAllowed,
            Plaintext::Forbidden => Nature::PlaintextForbidden,
        };
        Shared::There(nature)
    }

    /// Looks at a snapshot of DR's own.
    async fn look_at(&self, arn: &SnapshotArn) -> anyhow::Result<()> {
        ensure!(arn.place == *self.cloud.here(), "refused: {arn} is not in DR, which is where this is");
        match self.cloud.find(arn).await? {
            Some(snapshot) => self.look_again(snapshot).await,
            None => Ok(()),
        }
    }

    /// Looks at a snapshot that was found, if it is a copy for somebody who is served.
    async fn look_again(&self, snapshot: Snapshot) -> anyhow::Result<()> {
        let Part::Copy(origin) = Part::of(&snapshot) else { return Ok(()) };
        if self.serves(&origin).is_err() {
            return Ok(());
        }
        let about = About { origin, copy: Some(snapshot), announcement: None, shared: None, since: None };
        let seen = Seen { copy: about.copy_seen(), shared: Shared::Unseen, asked: Asked::ByDr };
        self.act(decide(&seen), about).await.map(drop)
    }

    /// Looks at a copy alone: its tags tell all that is needed.
    async fn look_at_copy(&self, origin: Origin, since: Option<DateTime<Utc>>) -> anyhow::Result<Answer> {
        self.serves(&origin)?;
        let copy = self.cloud.find(&origin.copy(self.cloud.here())).await?;
        let about = About { origin, copy, announcement: None, shared: None, since };
        let seen = Seen { copy: about.copy_seen(), shared: Shared::Unseen, asked: Asked::ByDr };
        self.act(decide(&seen), about).await
    }
}

/// What the source account says of a transit copy is checked where AWS tells: a lie would have the copies of another
/// database thinned, or these in another order (invariant 10).
fn is_true(origin: &Origin, shared: &Snapshot) -> anyhow::Result<()> {
    let Origin { snapshot, database, taken } = origin;
    let (transit, of) = (&shared.arn, &shared.database);
    ensure!(
        of.eq_ignore_ascii_case(database.id()),
        "refused: {transit} is announced as of {database}, and it is of {of}"
    );
    if let Some(told) = shared.original_created {
        let is_so = (told - taken).abs() < TimeDelta::seconds(1);
        ensure!(is_so, "refused: {snapshot} is said to be taken at {taken}, and AWS says of {transit} {told}");
    }
    Ok(())
}

impl About {
    fn copy_seen(&self) -> Copy {
        let Some(copy) = &self.copy else { return Copy::None };
        if Part::of(copy) != Part::Copy(self.origin.clone()) {
            return Copy::Another;
        }
        let told = if copy.tags.get(protocol::tags::REPORTED).is_some() { Told::Yes } else { Told::No };
        Copy::There(copy.status, told)
    }
}
