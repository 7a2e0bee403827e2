//! The calls of each step. Each is safe to repeat. A failed call is an error, so that AWS retries the event.

use anyhow::Context;
use chrono::TimeDelta;
use cloud::log::step;
use cloud::{Class, CopyStart, Effect};
use protocol::message::Refusal;
use protocol::tags::MAX_TAGS;
use protocol::wait::Answer;
use protocol::{
    Announcement, Database, Message, Origin, RefusalReason, Snapshot, SnapshotArn, SnapshotRole, SourceTags, Status,
    Tags, tags,
};
use tracing::{error, info, warn};

use crate::decide::{Outcome, Source, Step, is_confirmed};
use crate::{Cause, Producer};

/// The age from which a snapshot's state counts as its last one. Calls may see a new snapshot in different states.
const SETTLED: TimeDelta = TimeDelta::hours(1);

/// What became of a message to DR.
pub(crate) enum Delivery {
    /// DR's topic has it.
    Sent,
    /// DR's region cannot be reached. The missing copies raise an alarm.
    Unreachable,
    /// This account has probably not enabled DR's region: the error may have another cause.
    RegionDisabled(cloud::Error),
}

impl Producer {
    /// Makes the calls of a step.
    pub(crate) async fn act(&self, origin: &Origin, step: Step, cause: Cause) -> anyhow::Result<Answer> {
        match step {
            Step::NoAction(reason) => log_once(origin, step::NO_ACTION, reason.texts(), cause),
            Step::Ignore(reason) => log_once(origin, step::IGNORED, reason.texts(), cause),
            Step::LookAtDatabase { source } => self.act_by_database(origin, source, cause).await?,
            Step::StartCopy { source } => self.start_copy(origin, &source, None).await?,
            Step::Wait { transit } => return self.wait(origin, &transit, cause).await,
            Step::Announce { transit } => self.announce(origin, transit).await?,
            Step::Confirm { copy, transit } => self.confirm(origin, &copy, transit.as_ref()).await?,
            Step::ConfirmGone { copy, transit } => {
                self.confirmed(origin, &copy, Effect::NotFound, transit.as_ref()).await?;
            }
            Step::MarkNotCopied { reason, why, transit } => {
                self.mark_not_copied(origin, reason, &why, transit.as_ref()).await?;
            }
            Step::KeepTransit { reason, why } => {
                keep_transit(origin, reason, &why);
            }
            Step::ReportLost { reason, why } => {
                error!(snapshot = %origin.snapshot, step = step::COPY_LOST, %reason, failed = 1,
                    "DR did not copy the snapshot, and the snapshot and its transit copy are gone: {why}");
            }
            Step::DiscardFailed { transit } => {
                error!(snapshot = %origin.snapshot, step = step::TRANSIT_FAILED, transit = %transit.arn, failed = 1,
                    "the transit copy failed and is deleted; the next sweep starts a new one if the snapshot still exists");
                self.cloud.delete(&transit.arn).await?;
            }
            Step::DeleteTransit { transit } => self.delete_transit(origin, &transit).await?,
        }
        Ok(Answer::Done)
    }

    /// `database` is the description of the source's database, if it was looked up.
    pub(crate) async fn start_copy(
        &self,
        origin: &Origin,
        source: &Snapshot,
        database: Option<Database>,
    ) -> anyhow::Result<()> {
        let transit = origin.transit();
        let (of_spec, mut spec) = self.spec_tags(origin, source, database).await;
        let own = origin.to_tags().with(self.settings.tag.iter());
        let (tags, mut left_out) = source.tags.for_copy(&own.clone().with(of_spec.iter()), &SourceTags::Keep);
        // AWS cannot encrypt a cluster snapshot by copying it. DR decides whether it accepts an unencrypted one.
        let key = source.can_be_encrypted_by_copying().then_some(self.settings.transit_key.as_str());
        let mut start = self.copy_with_room(source, &transit, key, &tags).await?;
        if let Err(error) = &start
            && error.class() == Class::Invalid
            && !of_spec.is_empty()
        {
            let reason = error.to_string();
            let (tags, left_out_now) = source.tags.for_copy(&own, &SourceTags::Keep);
            left_out = left_out_now;
            start = self.copy_with_room(source, &transit, key, &tags).await?;
            if start.is_ok() {
                spec = "none";
                warn!(snapshot = %origin.snapshot, step = step::SPEC_MISSING, reason, specs_incomplete = 1,
                    "AWS refuses the tags with the settings of the database, so they are not recorded with the copy");
            }
        }
        let start = match start {
            Err(error) if self.is_refused_for_good(&error, &source.arn).await? => {
                return self.mark_not_copied(origin, RefusalReason::CannotBeCopied, &error.to_string(), None).await;
            }
            start => start?,
        };
        if start == CopyStart::NameExists {
            // Either a concurrent look started the copy, or another snapshot has the identifier.
            let existing = self.cloud.find(&transit).await?.map(|existing| SnapshotRole::of(&existing));
            if existing.is_some_and(|role| role != SnapshotRole::Transit(origin.clone())) {
                error!(snapshot = %origin.snapshot, step = step::NAME_TAKEN, %transit, failed = 1,
                    "another snapshot has the transit copy's identifier");
                anyhow::bail!(
                    "copying {} to {transit}: another snapshot has that identifier; delete or rename it",
                    origin.snapshot
                );
            }
        }
        if !left_out.is_empty() {
            warn!(snapshot = %origin.snapshot, step = step::TAGS_LEFT_OUT, tags_left_out = left_out.len(), tags = left_out.join(","),
                "these tags were not copied");
        }
        info!(snapshot = %origin.snapshot, step = step::COPY_STARTED, %transit, gib = source.gib, engine = %source.engine, spec,
            "copying under the transit key");
        Ok(self.settings.wait_policy.start_for_copy(&self.cloud, origin, &transit, source.gib).await?)
    }

    /// Starts a copy, once more if a transit copy that was kept for the next one had the last place of the quota.
    async fn copy_with_room(
        &self,
        source: &Snapshot,
        transit: &SnapshotArn,
        key: Option<&str>,
        tags: &Tags,
    ) -> anyhow::Result<Result<CopyStart, cloud::Error>> {
        let start = self.cloud.copy(&source.arn, transit, key, tags).await;
        match start {
            Err(error) if error.class() == Class::Quota && self.make_room(source.arn.kind).await? => {
                Ok(self.cloud.copy(&source.arn, transit, key, tags).await)
            }
            start => Ok(start),
        }
    }

    async fn wait(&self, origin: &Origin, transit: &Snapshot, cause: Cause) -> anyhow::Result<Answer> {
        let wait_policy = &self.settings.wait_policy;
        if let Cause::Timer(since) = cause {
            self.report_delayed_backup(origin, transit, since).await?;
            return Ok(wait_policy.answer(origin, transit, since, self.cloud.now()));
        }
        // The function may have stopped after starting the copy and before starting the timer.
        wait_policy.start_for_copy(&self.cloud, origin, &transit.arn, transit.gib).await?;
        Ok(Answer::Done)
    }

    /// Shares first, so that DR can see the transit copy when it receives the announcement. DR accepts only the identifier of the database
    /// that AWS states for the transit copy, and a rename may have changed it since the transit copy was tagged.
    async fn announce(&self, origin: &Origin, transit: Snapshot) -> anyhow::Result<()> {
        let dr = &self.settings.dr.account;
        match self.cloud.share(&transit.arn, dr).await {
            Err(error) if self.is_refused_for_good(&error, &transit.arn).await? => {
                let (reason, why) = (RefusalReason::CannotBeShared, error.to_string());
                return self.mark_not_copied(origin, reason, &why, Some(&transit)).await;
            }
            shared => shared?,
        }
        let origin = &origin.clone().of_database_of(&transit)?;
        let announcement = Announcement { origin: origin.clone(), transit: transit.arn, tags: transit.tags };
        let transit = announcement.transit.clone();
        match self.send_to_dr(&Message::Shared(announcement)).await? {
            Delivery::Sent => {
                info!(snapshot = %origin.snapshot, step = step::ANNOUNCED, %transit, "shared with {dr} and announced");
            }
            Delivery::Unreachable => warn!(snapshot = %origin.snapshot, step = step::DR_UNREACHABLE, %transit,
                "shared with {dr}, but its region cannot be reached; the sweep announces it again"),
            Delivery::RegionDisabled(error) => {
                let (account, region) = (&self.cloud.here().account, &self.settings.dr.region);
                error!(snapshot = %origin.snapshot, step = step::DR_REGION_DISABLED, reason = error.code(), %transit, failed = 1,
                    "shared with {dr}, but account {account} has probably not enabled {region}, where DR's copies are: if `aws account \
                     get-region-opt-status --region-name {region}` reports DISABLED, run `aws account enable-region --region-name \
                     {region}` in account {account}; the sweep announces the snapshot again");
            }
        }
        Ok(())
    }

    /// Sends a message to DR. If DR is in another region, that may be gone for days, or not be enabled for this account. Then retries of
    /// the event would only fill the dead-letter queue: the sweep sends the message again.
    pub(crate) async fn send_to_dr(&self, message: &Message) -> Result<Delivery, cloud::Error> {
        let is_elsewhere = self.settings.dr.region != self.cloud.here().region;
        match self.cloud.publish(&self.settings.consumer_topic, message).await {
            Err(error) if is_elsewhere && error.class() == Class::Unreachable => Ok(Delivery::Unreachable),
            Err(error) if is_elsewhere && error.is_about_region() => Ok(Delivery::RegionDisabled(error)),
            sent => sent.map(|()| Delivery::Sent),
        }
    }

    /// Whether AWS refuses to copy or share this snapshot because of its properties. AWS's documentation names such snapshots
    /// (option groups with permanent or persistent options, Multi-AZ DB clusters, RDS Custom), but not the error. So every
    /// error counts that has no other known cause, and the state of a snapshot that has been available for a while.
    async fn is_refused_for_good(&self, error: &cloud::Error, snapshot: &SnapshotArn) -> anyhow::Result<bool> {
        let settled = match error.class() {
            Class::Other | Class::Invalid | Class::Missing => TimeDelta::zero(),
            Class::WrongState if !error.is_about_key() => SETTLED,
            _ => return Ok(false),
        };
        let found = self.cloud.find(snapshot).await?.filter(|found| found.status == Status::Available);
        let created = found.and_then(|found| found.created);
        Ok(created.is_some_and(|created| self.cloud.now() - created >= settled))
    }

    /// Tags first: if the deletion fails, the next look sees the tag and deletes the transit copy.
    async fn confirm(&self, origin: &Origin, copy: &SnapshotArn, transit: Option<&Snapshot>) -> anyhow::Result<()> {
        let tagged = self.mark_copied(origin, copy).await?;
        self.confirmed(origin, copy, tagged, transit).await
    }

    async fn confirmed(
        &self,
        origin: &Origin,
        copy: &SnapshotArn,
        tagged: Effect,
        transit: Option<&Snapshot>,
    ) -> anyhow::Result<()> {
        if let Some(transit) = transit {
            self.release(origin, &copy.to_string(), transit).await?;
        }
        let source = match tagged {
            Effect::Applied => "tagged",
            Effect::NotFound => "gone",
        };
        info!(snapshot = %origin.snapshot, step = step::COPY_CONFIRMED, %copy, source, copied = 1, "DR has the copy");
        Ok(())
    }

    /// Marks the source as copied. A source with the maximum number of tags cannot get another tag. It is marked by its
    /// lifecycle tag instead, which exists already: a source without one takes that of its database before it is copied.
    async fn mark_copied(&self, origin: &Origin, copy: &SnapshotArn) -> anyhow::Result<Effect> {
        let error = match self.cloud.tag(&origin.snapshot, tags::COPIED, &copy.to_string()).await {
            Ok(effect) => return Ok(effect),
            Err(error) => error,
        };
        // The tag is the user's own, so the number of tags decides and not the error, which may have other causes.
        if !is_full(&self.find_source(origin).await?) {
            return Err(error.into());
        }
        let effect = self.cloud.tag(&origin.snapshot, tags::LIFECYCLE, tags::IGNORE).await?;
        warn!(snapshot = %origin.snapshot, step = step::MARKED_IGNORED, reason = %error,
            "the source has no room for the tag Draco_Copied; its lifecycle was set to Ignore instead");
        Ok(effect)
    }

    /// Tags first, then looks at the source again: the transit copy of a source that is gone meanwhile is the last copy of its
    /// data (invariant 1). A source that cannot get another tag is there, so its transit copy is deleted before the error.
    async fn mark_not_copied(
        &self,
        origin: &Origin,
        reason: RefusalReason,
        why: &str,
        transit: Option<&Snapshot>,
    ) -> anyhow::Result<()> {
        let refusal = Refusal { at: self.cloud.now(), reason };
        let tagged = self.cloud.tag(&origin.snapshot, tags::NOT_COPIED, &refusal.to_string()).await;
        let source = self.find_source(origin).await?;
        if let Source::Gone | Source::NotObserved = source {
            keep_transit(origin, reason, why);
            return Ok(());
        }
        let marked = tagged.map(drop).context("marking a refused snapshot");
        if marked.is_err() && !is_full(&source) {
            return marked;
        }
        error!(snapshot = %origin.snapshot, step = step::NOT_COPIED, %reason, failed = 1, "the snapshot was not copied to DR: {why}");
        if let Some(transit) = transit {
            self.cloud.delete(&transit.arn).await?;
        }
        marked
    }

    /// Looks at the source directly before the deletion. If it is gone meanwhile, the transit copy stays, and the next sweep
    /// announces it: DR then reports its copy again, or makes one. A confirmed transit copy needs no source: DR has the copy.
    async fn delete_transit(&self, origin: &Origin, transit: &Snapshot) -> anyhow::Result<()> {
        let is_deleted = match self.find_source(origin).await? {
            Source::Available { outcome: Outcome::Copied, snapshot, .. } => {
                let copy = snapshot.tags.get(tags::COPIED).unwrap_or_default();
                self.release(origin, copy, transit).await?
            }
            // The audit may have removed the mark meanwhile: then this is the last image of its data.
            Source::Gone => match self.cloud.find(&transit.arn).await?.filter(is_confirmed) {
                Some(confirmed) => {
                    self.cloud.delete(&confirmed.arn).await?;
                    true
                }
                None => false,
            },
            Source::Available { outcome: Outcome::Refused, .. } => {
                self.cloud.delete(&transit.arn).await?;
                true
            }
            Source::NotObserved | Source::NotReady | Source::Available { outcome: Outcome::Pending, .. } => false,
        };
        if is_deleted {
            log_deleted(origin, transit);
        }
        Ok(())
    }
}

pub(crate) fn log_deleted(origin: &Origin, transit: &Snapshot) {
    info!(snapshot = %origin.snapshot, step = step::TRANSIT_DELETED, transit = %transit.arn,
        "deleted the transit copy, which is no longer needed");
}

/// Whether a source has the maximum number of tags.
fn is_full(source: &Source) -> bool {
    matches!(source, Source::Available { snapshot, .. } if snapshot.tags.len() >= MAX_TAGS)
}

fn keep_transit(origin: &Origin, reason: RefusalReason, why: &str) {
    error!(snapshot = %origin.snapshot, step = step::TRANSIT_KEPT, transit = %origin.transit(), %reason, failed = 1,
        "DR did not copy the snapshot; the transit copy is kept and announced again each hour: {why}");
}

/// Logs a look without an action, but only if a notification caused it: a line in every sweep would be noise.
pub(crate) fn log_once(origin: &Origin, step: &str, (reason, message): (&str, &str), cause: Cause) {
    if matches!(cause, Cause::Notification) {
        let ignored = u64::from(step == step::IGNORED);
        info!(snapshot = %origin.snapshot, step, reason, ignored, "{message}");
    }
}
