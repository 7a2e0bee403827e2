//! The function in the source account: it brings snapshots on their way to DR.
//!
//! Whatever invokes it only says where to look. Then the same three things happen: it looks at the snapshot and its
//! transit copy, [`decide`](mod@decide)s on the one next step, and makes that step's calls, each of which is safe to make
//! twice.

pub mod decide;
mod settings;
mod step;

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Utc};
use cloud::{Cloud, rounds};
use protocol::event::{Awaited, Event, Heard, Trigger};
use protocol::message::NoCopy;
use protocol::notification::Notification;
use protocol::settings::Problems;
use protocol::wait::Answer;
use protocol::{Message, Origin, Part, Snapshot, SnapshotArn};
use serde_json::Value;
use tracing::{info, warn};

use decide::{Done, Seen, Source, Wish, Word, decide};
use settings::Settings;
use step::{About, Asked};

/// The producer, with its clients and settings.
pub struct Producer {
    cloud: Cloud,
    settings: Settings,
}

impl Producer {
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
                Awaited::Copying(origin) => self.look_at_transit(origin, Word::None, Asked::Timer(check.since)).await?,
                Awaited::Sharing(announcement) => {
                    bail!("a timer waits for {}, which is announced to DR and not to here", announcement.transit)
                }
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
            Heard::Notification(Notification::Snapshot { arn, news: _ }) => {
                self.is_here(&arn)?;
                self.look_at(&arn).await?;
            }
            Heard::Message(Message::Completed { origin, copy }) => {
                self.is_here(&origin.snapshot)?;
                ensure!(
                    copy == origin.copy(&self.settings.dr),
                    "refused: a message says that {} was copied to {copy}, and its copy in {} would be {}",
                    origin.snapshot,
                    self.settings.dr.account,
                    origin.copy(&self.settings.dr)
                );
                self.look_at_transit(origin, Word::Completed, Asked::Word(None)).await?;
            }
            Heard::Message(Message::NoCopy(no_copy)) => {
                self.is_here(&no_copy.origin.snapshot)?;
                let NoCopy { origin, reason, why } = no_copy;
                self.look_at_both(origin, Asked::Word(Some((reason, why)))).await?;
            }
            Heard::Message(message @ Message::Shared(_)) => {
                bail!("refused: {} is a message for DR, and this is the source account", message.event())
            }
            Heard::Stranger(subject) => {
                warn!(step = "ignore", reason = "another subject", subject, "a message that is none of Draco's");
            }
        }
        Ok(())
    }

    /// The source account serves itself.
    fn is_here(&self, arn: &SnapshotArn) -> anyhow::Result<()> {
        let here = self.cloud.here();
        let why = || format!("refused: {arn} is not in {} of {}, which is where this is", here.region, here.account);
        ensure!(arn.place == *here, why());
        Ok(())
    }

    /// Looks at a snapshot, whichever of the three it is.
    async fn look_at(&self, arn: &SnapshotArn) -> anyhow::Result<()> {
        let Some(snapshot) = self.cloud.find(arn).await? else {
            info!(snapshot = %arn, step = "nothing", reason = decide::Because::Gone.words(), "looked");
            return Ok(());
        };
        match Part::of(&snapshot) {
            Part::Source => self.look_at_source(&snapshot, Asked::Event).await,
            Part::Transit(origin) => {
                let about = About { origin, source: None, transit: Some(snapshot) };
                let seen = Seen { source: Source::Unseen, transit: about.transit_status(), word: Word::None };
                self.act(decide(&seen), about, Asked::Event).await.map(drop)
            }
            // Its own copies are never sources (invariant 12).
            Part::Copy(_) => Ok(()),
        }
    }

    /// Looks at the transit copy of a source that was found.
    async fn look_at_source(&self, source: &Snapshot, asked: Asked) -> anyhow::Result<()> {
        let origin = source.as_origin().with_context(|| format!("looking at {}", source.arn))?;
        // AWS tells when a snapshot was taken when there is something in it.
        let Some(origin) = origin else { return Ok(()) };
        let transit = self.cloud.find(&origin.transit()).await?;
        let about = About { source: Some(source.clone()), transit, origin };
        let seen =
            Seen { source: self.source(source, &about.origin), transit: about.transit_status(), word: Word::None };
        self.act(decide(&seen), about, asked).await.map(drop)
    }

    /// Looks at a source of which DR has no copy, and at its transit copy, which may be all there is.
    async fn look_at_both(&self, origin: Origin, asked: Asked) -> anyhow::Result<()> {
        let source = self.find_source(&origin).await?;
        let transit = self.cloud.find(&origin.transit()).await?;
        let source_seen = source.as_ref().map_or(Source::Gone, |source| self.source(source, &origin));
        let about = About { origin, source, transit };
        let seen = Seen { source: source_seen, transit: about.transit_status(), word: Word::NoCopy };
        self.act(decide(&seen), about, asked).await.map(drop)
    }

    /// The source itself: its name may be another's by now.
    async fn find_source(&self, origin: &Origin) -> anyhow::Result<Option<Snapshot>> {
        let found = self.cloud.find(&origin.snapshot).await?;
        Ok(found.filter(|found| found.as_origin().is_ok_and(|it| it.as_ref() == Some(origin))))
    }

    /// Looks at a transit copy alone: its tags tell all that is needed of its source.
    async fn look_at_transit(&self, origin: Origin, word: Word, asked: Asked) -> anyhow::Result<Answer> {
        self.is_here(&origin.snapshot)?;
        let transit = self.cloud.find(&origin.transit()).await?;
        let about = About { origin, source: None, transit };
        let seen = Seen { source: Source::Unseen, transit: about.transit_status(), word };
        self.act(decide(&seen), about, asked).await
    }

    /// Looks at one of all snapshots, if it is not done.
    async fn look_again(&self, snapshot: Snapshot) -> anyhow::Result<()> {
        match Part::of(&snapshot) {
            Part::Source => match snapshot.as_origin()? {
                Some(origin) if self.source(&snapshot, &origin) == PENDING => {
                    self.look_at_source(&snapshot, Asked::Sweep).await
                }
                _ => Ok(()),
            },
            Part::Transit(origin) => {
                let found = self.find_source(&origin).await?;
                let source = found.as_ref().map_or(Source::Gone, |source| self.source(source, &origin));
                if source == PENDING {
                    // It is among all snapshots too, and is looked at there.
                    return Ok(());
                }
                let about = About { origin, source: found, transit: Some(snapshot) };
                let seen = Seen { source, transit: about.transit_status(), word: Word::None };
                self.act(decide(&seen), about, Asked::Sweep).await.map(drop)
            }
            Part::Copy(_) => Ok(()),
        }
    }

    fn source(&self, source: &Snapshot, origin: &Origin) -> Source {
        Source::of(source, origin, &self.settings.dr, self.cloud.now())
    }
}

/// A source that is to be copied and is not.
const PENDING: Source = Source::There(Wish::Keep, Done::No);
