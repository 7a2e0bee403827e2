//! The calls of each step. Each is safe to make twice, and a failed one is an error that AWS tries again.

use anyhow::Context;
use chrono::{DateTime, Utc};
use cloud::{Begun, Class, Found};
use protocol::message::Refusal;
use protocol::wait::Answer;
use protocol::{Announcement, Message, Origin, Part, Snapshot, SnapshotArn, Status, WhyNot, tags};
use tracing::{error, info, warn};

use crate::Producer;
use crate::decide::{Because, IGNORE, Step};

/// What a step is about.
pub(crate) struct About {
    pub(crate) origin: Origin,
    /// If somebody looked.
    pub(crate) source: Option<Snapshot>,
    pub(crate) transit: Option<Snapshot>,
}

/// What brought a look about, as far as the step depends on it.
pub(crate) enum Asked {
    /// RDS.
    Event,
    /// DR; with why it has no copy, if it has none.
    Word(Option<(WhyNot, String)>),
    /// A timer, which waits since then.
    Timer(DateTime<Utc>),
    /// The sweep.
    Sweep,
}

impl Asked {
    /// Why DR has no copy.
    fn why_not(self) -> (WhyNot, String) {
        match self {
            Self::Word(Some(no_copy)) => no_copy,
            _ => (WhyNot::Other, String::new()),
        }
    }
}

impl About {
    /// Only what is Draco's own counts: something else of its name is not touched (invariant 5).
    pub(crate) fn transit_status(&self) -> Option<Status> {
        let is_ours = |transit: &&Snapshot| Part::of(transit) == Part::Transit(self.origin.clone());
        self.transit.as_ref().filter(is_ours).map(|transit| transit.status)
    }
}

impl Producer {
    /// Makes the step. What fails names the snapshot (invariant 1).
    pub(crate) async fn act(&self, step: Step, about: About, asked: Asked) -> anyhow::Result<Answer> {
        let snapshot = about.origin.snapshot.clone();
        self.make(step, about, asked).await.with_context(|| snapshot.to_string())
    }

    async fn make(&self, step: Step, about: About, asked: Asked) -> anyhow::Result<Answer> {
        let About { origin, .. } = &about;
        match step {
            Step::Nothing(because) => quiet(origin, "nothing", because, &asked),
            Step::Ignore(because) => quiet(origin, "ignore", because, &asked),
            Step::Copy => self.copy(&about).await?,
            Step::Wait => return self.wait(&about, &asked).await,
            Step::Announce => self.announce(&about).await?,
            Step::Finish => self.finish(origin, about.transit_status().is_some()).await?,
            Step::GiveUp => self.give_up(&about, asked).await?,
            Step::Hold => {
                let (reason, why) = asked.why_not();
                error!(snapshot = %origin.snapshot, step = "hold", %reason, failed = 1, "DR has no copy, and the source is gone: {why}");
            }
            Step::Discard => {
                let transit = origin.transit();
                error!(snapshot = %origin.snapshot, step = "discard", %transit, failed = 1, "the transit copy has failed");
                self.cloud.delete(&transit).await?;
            }
            Step::Clean => {
                info!(snapshot = %origin.snapshot, step = "clean", transit = %origin.transit(), "deleting the transit copy");
                self.cloud.delete(&origin.transit()).await?;
            }
        }
        Ok(Answer::Done)
    }

    async fn copy(&self, about: &About) -> anyhow::Result<()> {
        let About { origin, source: Some(source), .. } = about else { return Ok(()) };
        let transit = origin.transit();
        let (tags, left_out) = source.tags.for_copy(&origin.tags().with(self.settings.tag.iter()));
        if !left_out.is_empty() {
            warn!(snapshot = %origin.snapshot, step = "copy", left_out = left_out.len(), tags = ?left_out, "no room for these tags");
        }
        // AWS cannot encrypt a cluster snapshot by copying it; whether it goes on in the clear is DR's to say.
        let key = source.can_be_encrypted_by_copying().then_some(self.settings.transit_key.as_str());
        let begun = self.cloud.copy(&source.arn, &transit, key, &tags).await?;
        if begun == Begun::Before {
            // Somebody else was faster, or something else has the name.
            let there = self.cloud.find(&transit).await?.map(|there| Part::of(&there));
            if there.is_some_and(|part| part != Part::Transit(origin.clone())) {
                error!(snapshot = %origin.snapshot, step = "copy", %transit, failed = 1, "a snapshot that is none of Draco's has the transit copy's name");
                anyhow::bail!(
                    "copying {} to {transit}: a snapshot that is none of Draco's has that name; delete or rename it",
                    origin.snapshot
                );
            }
        }
        info!(snapshot = %origin.snapshot, step = "copy", %transit, gib = source.gib, "copying under the transit key");
        Ok(self.settings.patience.begin_copying(&self.cloud, origin, &transit, source.gib).await?)
    }

    async fn wait(&self, about: &About, asked: &Asked) -> anyhow::Result<Answer> {
        let About { origin, transit: Some(transit), .. } = about else { return Ok(Answer::Done) };
        let patience = &self.settings.patience;
        if let Asked::Timer(since) = *asked {
            return Ok(patience.go_on(origin, transit, since, self.cloud.now()));
        }
        // A function may have died between the copy and its timer.
        patience.begin_copying(&self.cloud, origin, &transit.arn, transit.gib).await?;
        Ok(Answer::Done)
    }

    /// Shared first, so that DR sees it when it hears of it.
    async fn announce(&self, about: &About) -> anyhow::Result<()> {
        let About { origin, transit: Some(transit), .. } = about else { return Ok(()) };
        let dr = &self.settings.dr.account;
        self.cloud.share(&transit.arn, dr).await?;
        let announcement =
            Announcement { origin: origin.clone(), transit: transit.arn.clone(), tags: transit.tags.clone() };
        self.cloud.say(&self.settings.consumer_topic, &Message::Shared(announcement)).await?;
        info!(snapshot = %origin.snapshot, step = "announce", transit = %transit.arn, "shared with {dr} and announced");
        Ok(())
    }

    /// The tag first: with it, the next look deletes the transit copy if this one does not get there.
    async fn finish(&self, origin: &Origin, has_transit: bool) -> anyhow::Result<()> {
        let copy = origin.copy(&self.settings.dr);
        let found = self.mark(origin, &copy).await?;
        if has_transit {
            self.cloud.delete(&origin.transit()).await?;
        }
        let source = match found {
            Found::There => "tagged",
            Found::Gone => "gone",
        };
        info!(snapshot = %origin.snapshot, step = "finish", %copy, source, copied = 1, "DR has its copy");
        Ok(())
    }

    /// Marks the source as copied. One that has as many tags as AWS allows has no room for that; then the tag of its
    /// lifecycle, which it has, says instead that there is nothing more to do.
    async fn mark(&self, origin: &Origin, copy: &SnapshotArn) -> Result<Found, cloud::Error> {
        match self.cloud.tag(&origin.snapshot, tags::COPIED, &copy.to_string()).await {
            Err(why) if why.class() == Class::Other => {
                let Ok(found) = self.cloud.tag(&origin.snapshot, tags::LIFECYCLE, IGNORE).await else {
                    return Err(why);
                };
                warn!(snapshot = %origin.snapshot, step = "finish", reason = %why, "its lifecycle is Ignore from now on");
                Ok(found)
            }
            marked => marked,
        }
    }

    /// The transit copy first: a source that has no room for one more tag must not keep it.
    async fn give_up(&self, about: &About, asked: Asked) -> anyhow::Result<()> {
        let About { origin, .. } = about;
        let (reason, why) = asked.why_not();
        let refusal = Refusal { heard: self.cloud.now(), reason };
        error!(snapshot = %origin.snapshot, step = "give-up", %reason, failed = 1, "DR has no copy: {why}");
        if about.transit_status().is_some() {
            self.cloud.delete(&origin.transit()).await?;
        }
        let tagged = self.cloud.tag(&origin.snapshot, tags::NOT_COPIED, &refusal.to_string()).await;
        tagged.map(drop).context("after DR had no copy")
    }
}

/// What is not done is told once: when RDS tells of it, and not at every sweep.
fn quiet(origin: &Origin, step: &str, because: Because, asked: &Asked) {
    if matches!(asked, Asked::Event) {
        let ignored = u64::from(step == "ignore");
        info!(snapshot = %origin.snapshot, step, reason = because.words(), ignored, "looked");
    }
}
