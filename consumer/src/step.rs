//! The calls of each step. Each is safe to make twice, and a failed one is an error that AWS tries again.

use anyhow::{Context, ensure};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use cloud::Begun;
use protocol::event::Awaited;
use protocol::wait::Answer;
use protocol::{Announcement, Message, NoCopy, Origin, Part, Snapshot, Tags, WhyNot, tags};
use tracing::{error, info, warn};

use crate::decide::Step;
use crate::lifecycle::Doomed;
use crate::settings::{Deletion, Keys};
use crate::{Consumer, lifecycle};

/// How often it is looked whether a transit copy is shared.
const NEXT_LOOK: TimeDelta = TimeDelta::seconds(20);

/// What a step is about.
pub(crate) struct About {
    pub(crate) origin: Origin,
    pub(crate) copy: Option<Snapshot>,
    /// If that is what brought the look about.
    pub(crate) announcement: Option<Announcement>,
    /// The transit copy, as DR sees it.
    pub(crate) shared: Option<Snapshot>,
    /// Since when a timer waits, if one asks.
    pub(crate) since: Option<DateTime<Utc>>,
}

impl Consumer {
    /// Makes the step. What fails names the snapshot (invariant 1).
    pub(crate) async fn act(&self, step: Step, about: About) -> anyhow::Result<Answer> {
        let snapshot = about.origin.snapshot.clone();
        self.make(step, about).await.with_context(|| snapshot.to_string())
    }

    async fn make(&self, step: Step, about: About) -> anyhow::Result<Answer> {
        let About { origin, .. } = &about;
        match step {
            Step::Nothing => {}
            Step::LookAgain => return self.look_again_later(about).await,
            Step::Copy => return self.copy(&about).await,
            Step::Wait => return self.wait(&about).await,
            Step::Finish => self.finish(&about).await?,
            Step::Repeat => self.report(origin).await?,
            Step::Discard => {
                self.refuse(origin, WhyNot::CopyFailed).await?;
                self.cloud.delete(&origin.copy(self.cloud.here())).await?;
            }
            Step::Refuse(reason) => self.refuse(origin, reason).await?,
        }
        Ok(Answer::Done)
    }

    async fn look_again_later(&self, about: About) -> anyhow::Result<Answer> {
        let About { origin, announcement: Some(announcement), since, .. } = about else { return Ok(Answer::Done) };
        if since.is_none() {
            let transit = announcement.transit.clone();
            info!(snapshot = %origin.snapshot, step = "look-again", %transit, "not shared yet, as far as can be seen");
            self.settings.patience.begin(&self.cloud, &transit, Awaited::Sharing(announcement), NEXT_LOOK).await?;
            return Ok(Answer::Done);
        }
        Ok(Answer::again(NEXT_LOOK))
    }

    async fn copy(&self, about: &About) -> anyhow::Result<Answer> {
        let About { origin, announcement: Some(announcement), shared: Some(shared), .. } = about else {
            return Ok(Answer::Done);
        };
        let copy = origin.copy(self.cloud.here());
        let transit = announcement.transit.to_string();
        let own = origin.tags().with([(tags::TRANSIT, transit.as_str())]).with(self.settings.tag.iter());
        let (tags, left_out) = announcement.tags.for_copy(&own);
        if !left_out.is_empty() {
            warn!(snapshot = %origin.snapshot, step = "copy", left_out = left_out.len(), tags = ?left_out, "no room for these tags");
        }
        let key = match &self.settings.keys {
            _ if !shared.can_be_encrypted_by_copying() => None,
            Keys::One(arn) => Some(arn.clone()),
            Keys::PerDatabase => Some(self.key_of(origin).await?),
        };
        let begun = self.cloud.copy(&announcement.transit, &copy, key.as_deref(), &tags).await?;
        if begun == Begun::Before
            && let Some(there) = self.cloud.find(&copy).await?
            && Part::of(&there) != Part::Copy(origin.clone())
        {
            self.refuse(origin, WhyNot::NameTaken).await?;
            return Ok(Answer::Done);
        }
        match &key {
            Some(key) => info!(snapshot = %origin.snapshot, step = "copy", %copy, key, "copying under DR's key"),
            // Invariant 2: it is said.
            None => {
                warn!(snapshot = %origin.snapshot, step = "copy", %copy, "copying in the clear, as ALLOW_PLAINTEXT_CLUSTERS says")
            }
        }
        self.settings.patience.begin_copying(&self.cloud, origin, &copy, shared.gib).await?;
        Ok(Answer::Done)
    }

    /// The key of this database's own, made when it is needed first.
    async fn key_of(&self, origin: &Origin) -> anyhow::Result<String> {
        let (account, database) = (&origin.database.place.account, origin.database.id());
        let alias = format!("alias/DRACO-{account}-{database}");
        let source = origin.database.to_string();
        let tags: Tags = self.settings.tag.clone().with([(tags::SOURCE, source.as_str())]);
        Ok(self.cloud.key(&alias, &format!("Draco: copies of {}", origin.database), &tags).await?)
    }

    async fn wait(&self, about: &About) -> anyhow::Result<Answer> {
        let About { origin, copy: Some(copy), since, announcement, .. } = about else { return Ok(Answer::Done) };
        let patience = &self.settings.patience;
        match since {
            Some(since) if announcement.is_none() => Ok(patience.go_on(origin, copy, *since, self.cloud.now())),
            // A function may have died between the copy and its timer.
            _ => {
                patience.begin_copying(&self.cloud, origin, &copy.arn, copy.gib).await?;
                Ok(Answer::Done)
            }
        }
    }

    /// Tells the source account, thins the database's copies, and marks that all this is done: last, so that what fails
    /// before is done again. But for a copy that cannot be deleted: that is told, and the next copy's plan comes to it.
    async fn finish(&self, about: &About) -> anyhow::Result<()> {
        let About { origin, copy: Some(copy), .. } = about else { return Ok(()) };
        let now = self.cloud.now();
        self.report(origin).await?;
        let (itself, others) = self.doomed(origin, copy).await?;
        let mut failures = Vec::new();
        for doomed in &others {
            failures.extend(self.let_go(doomed).await.err());
        }
        self.cloud.tag(&copy.arn, tags::REPORTED, &now.to_rfc3339_opts(SecondsFormat::Secs, true)).await?;
        let seconds_to_safe = (now - origin.taken).num_seconds();
        info!(snapshot = %origin.snapshot, step = "finish", copy = %copy.arn, copied = 1, seconds_to_safe, "the copy is safe");
        for doomed in &itself {
            failures.extend(self.let_go(doomed).await.err());
        }
        let failures: Vec<_> = failures.iter().map(ToString::to_string).collect();
        ensure!(failures.is_empty(), "the copy is safe, but {}", failures.join("; "));
        Ok(())
    }

    async fn report(&self, origin: &Origin) -> anyhow::Result<()> {
        let copy = origin.copy(self.cloud.here());
        self.tell(&Message::Completed { origin: origin.clone(), copy }).await
    }

    async fn refuse(&self, origin: &Origin, reason: WhyNot) -> anyhow::Result<()> {
        let why = why(reason).to_owned();
        error!(snapshot = %origin.snapshot, step = "refuse", %reason, failed = 1, "{why}");
        self.tell(&Message::NoCopy(NoCopy { origin: origin.clone(), reason, why })).await
    }

    /// To the account that the snapshot is of.
    async fn tell(&self, message: &Message) -> anyhow::Result<()> {
        let topic = message.origin().snapshot.place.arn("sns", "DracoProducer");
        Ok(self.cloud.say(&topic, message).await?)
    }

    /// What the lifecycle lets go of the copies of the database: this copy itself, and the others.
    async fn doomed(&self, origin: &Origin, copy: &Snapshot) -> Result<(Vec<Doomed>, Vec<Doomed>), cloud::Error> {
        let all = self.cloud.all(copy.arn.kind, Some(&copy.database)).await?;
        let copies = all.iter().filter_map(|found| lifecycle::Copy::of(found, &origin.database)).collect();
        let doomed = lifecycle::doomed(copies, Some(&copy.arn), &self.settings.lifecycles, &self.settings.floor);
        Ok(doomed.into_iter().partition(|doomed| doomed.copy.arn == copy.arn))
    }

    /// Deletes a copy, or says that it would be deleted (invariant 6).
    async fn let_go(&self, doomed: &Doomed) -> Result<(), cloud::Error> {
        let Doomed { copy, why } = doomed;
        let snapshot = &copy.origin.snapshot;
        match self.settings.deletion {
            Deletion::Dry => {
                info!(%snapshot, step = "would-delete", copy = %copy.arn, reason = why, would_delete = 1, "NO_DRY_RUN is not set");
            }
            Deletion::Real => {
                self.cloud.delete(&copy.arn).await?;
                info!(%snapshot, step = "delete", copy = %copy.arn, reason = why, deleted = 1, "deleted");
            }
        }
        Ok(())
    }
}

/// In words that say what to do.
fn why(reason: WhyNot) -> &'static str {
    match reason {
        WhyNot::NotShared => {
            "the transit copy was announced ten minutes ago and cannot be seen in DR: is it shared with this account?"
        }
        WhyNot::PlaintextCluster => {
            "it is an unencrypted cluster snapshot, which AWS cannot encrypt by copying: encrypt the cluster, or set ALLOW_PLAINTEXT_CLUSTERS"
        }
        WhyNot::TakenLater => {
            "it is said to be taken after its transit copy was made, which cannot be: who publishes to DracoConsumer?"
        }
        WhyNot::NameTaken => "a snapshot that is no copy of it has its copy's name: rename or delete that one",
        WhyNot::CopyFailed => "AWS began to copy it and gave up: can DR's role use both keys?",
        WhyNot::Other => "the reason is one that this version does not know",
    }
}
