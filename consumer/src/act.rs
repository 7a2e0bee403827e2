//! The calls of each step. Each is safe to repeat. A failed call is an error, so that AWS retries the event.

use anyhow::{Context, ensure};
use archive::expired::{DELAY, lifecycle};
use chrono::{DateTime, SecondsFormat, TimeDelta};
use cloud::log::step;
use cloud::{Class, CopyStart, Effect, TimerStart};
use protocol::event::Awaited;
use protocol::topic::producer_topic;
use protocol::wait::Answer;
use protocol::{
    Announcement, Attempt, Message, NoCopy, Origin, RefusalReason, Snapshot, SnapshotArn, SnapshotRole, tags,
};
use retention::Lifecycle;
use tracing::{error, info, warn};

use crate::decide::{Existing, Observed, Step, Transit, Turn, decide};
use crate::keys::CopyKey;
use crate::onward::Upstream;
use crate::settings::Settings;
use crate::specs::spec_tags;
use crate::{Cause, Consumer, Look, Looked, warn_unreachable};

/// A copy that DR does not start. The source account is informed, and the event does not fail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub(crate) struct Refused {
    pub(crate) reason: RefusalReason,
    pub(crate) why: String,
}

/// The result of an attempt to start a copy.
enum Start {
    Started,
    /// These copies were not in the list of the database: another invocation has started the copy since, or the database had another
    /// identifier.
    Exists(Vec<Snapshot>),
    /// AWS refuses it, because too many copies from another region are in progress.
    Full,
    /// Its key is new. It can be started after this time.
    AfterKey(TimeDelta),
}

impl Consumer {
    /// Makes the calls of a step.
    pub(crate) async fn act(&self, look: &Look, step: Step) -> anyhow::Result<Looked> {
        let Look { origin, upstream, cause } = look;
        let cause = *cause;
        match step {
            Step::NoAction => {}
            Step::WaitForShare { announcement, delay } => {
                return self.wait_for_share(look, announcement, delay).await.map(Looked::Answer);
            }
            Step::StartCopy { announcement, transit, attempt, previous } => {
                match self.start_copy(upstream, &announcement, &transit, attempt).await {
                    Ok(Start::Started) => {
                        self.report_reduced_lifecycle(&announcement, previous);
                        return Ok(Looked::Started);
                    }
                    Ok(Start::Exists(copies)) => {
                        let last =
                            copies.last().context("AWS refuses the copy because it exists, and does not find it")?;
                        // The further steps find it by the name that the database had when it was copied.
                        let origin = match SnapshotRole::of(last) {
                            SnapshotRole::Copy(own) if own == *origin => own,
                            _ => origin.clone(),
                        };
                        let admission = self.admission(&transit);
                        let transit =
                            Transit::Visible { announcement, snapshot: transit, admission, previous, turn: Turn::Now };
                        let observed =
                            Observed { copy: Existing::of(copies, &origin), transit, requester: cause.requester() };
                        let look = Look { origin, upstream: upstream.clone(), cause };
                        return Box::pin(self.act(&look, decide(observed))).await;
                    }
                    Ok(Start::AfterKey(delay)) => {
                        return self.wait_for_key(announcement, delay, cause).await.map(Looked::Answer);
                    }
                    Ok(Start::Full) if matches!(cause, Cause::Ticket) => return Ok(Looked::Full),
                    Ok(Start::Full) => self.enqueue(look, announcement).await?,
                    Err(error) => {
                        let Refused { reason, why } = error.downcast()?;
                        self.refuse_because(look, reason, why).await?;
                    }
                }
            }
            Step::Queue { announcement } => self.enqueue(look, announcement).await?,
            Step::Wait { copy } => return self.wait(origin, &copy, cause).await.map(Looked::Answer),
            Step::Complete { copy } => {
                self.complete(look, &copy).await?;
                return Ok(self.ended(look));
            }
            Step::ReportAgain { copy } => self.report(look, &copy).await?,
            Step::ReportFailure { copies } => {
                error!(snapshot = %origin.snapshot, step = step::COPY_FAILED, copy = listed(&copies), failed = 1,
                    "AWS started the copy, and it failed; the next announcement starts another, under another name");
                return Ok(self.ended(look));
            }
            Step::RefuseFailed { copies } => {
                let why = format!("{}: {}", listed(&copies), explanation(RefusalReason::CopyFailed));
                self.refuse_because(look, RefusalReason::CopyFailed, why).await?;
            }
            Step::ReportDamage { copy } => {
                error!(snapshot = %origin.snapshot, step = step::STORED_COPY_FAILED, %copy, failed = 1,
                    "this copy was complete, and AWS now shows it as failed; check its key, then ask AWS");
            }
            Step::Refuse(reason) => self.refuse(look, reason).await?,
            Step::RefuseLimit(exceeded) => {
                let why = format!("{exceeded}; raise the limit if these snapshots are wanted");
                self.refuse_because(look, RefusalReason::TooMany, why).await?;
            }
            Step::RefuseCopy { difference } => {
                let (reason, why) = not_as_announced(&difference);
                self.refuse_because(look, reason, why).await?;
            }
        }
        Ok(Looked::DONE)
    }

    /// The result of a look at a copy that has ended.
    fn ended(&self, look: &Look) -> Looked {
        if self.is_of_other_region(look) { Looked::Ended } else { Looked::DONE }
    }

    async fn wait_for_share(
        &self,
        look: &Look,
        announcement: Announcement,
        delay: TimeDelta,
    ) -> anyhow::Result<Answer> {
        if let Cause::ShareTimer(_) = look.cause {
            return Ok(Answer::again(delay));
        }
        let Settings { wait_policy, limits, .. } = &self.settings;
        let most = limits.pending;
        let (origin, transit) = (announcement.origin.clone(), announcement.transit.clone());
        let account = &origin.snapshot.place.account;
        if wait_policy.count_pending_shares(&self.cloud, account, most).await? >= most {
            let why = format!(
                "DR waits for {most} announced transit copies of account {account} that are not visible, which is its \
                 limit (MAX_PENDING); find out why they are not shared, or who announces them"
            );
            self.refuse_because(look, RefusalReason::TooMany, why).await?;
            return Ok(Answer::Done);
        }
        info!(snapshot = %origin.snapshot, step = step::WAITING_FOR_SHARE, %transit, "the transit copy is not visible yet");
        match wait_policy.start(&self.cloud, &transit, Awaited::Sharing(announcement), delay).await? {
            TimerStart::Started | TimerStart::Running => {}
            // It was announced several times today, and was never visible.
            TimerStart::UsedUp => self.refuse(look, RefusalReason::NotShared).await?,
        }
        Ok(Answer::Done)
    }

    /// A copy under a key that is too new would be refused, and the refusal would raise an alarm.
    async fn wait_for_key(&self, announcement: Announcement, delay: TimeDelta, cause: Cause) -> anyhow::Result<Answer> {
        if let Cause::ShareTimer(_) = cause {
            return Ok(Answer::again(delay));
        }
        info!(snapshot = %announcement.origin.snapshot, step = step::WAITING_FOR_KEY, "the key of this database is new");
        self.settings.wait_policy.start_for_key(&self.cloud, announcement, delay).await?;
        Ok(Answer::Done)
    }

    async fn start_copy(
        &self,
        upstream: &Upstream,
        announcement: &Announcement,
        shared: &Snapshot,
        attempt: Attempt,
    ) -> anyhow::Result<Start> {
        let Announcement { origin, transit, tags } = announcement;
        let key = match self.key(origin, shared).await? {
            CopyKey::None => None,
            CopyKey::Usable(key) => Some(key),
            CopyKey::New(delay) => return Ok(Start::AfterKey(delay)),
        };
        let copy = origin.copy_of(attempt, self.cloud.here());
        let transit_arn = transit.to_string();
        let transit_created = match upstream {
            Upstream::Source => shared.created.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true)),
            // By that time the plan limits what a source account claims, so it has to be the same in both regions.
            Upstream::First(_) => {
                shared.tags.get(tags::TRANSIT_CREATED).or(shared.tags.get(tags::REPORTED)).map(str::to_owned)
            }
        };
        let own = origin.to_tags().with([(tags::TRANSIT, transit_arn.as_str())]);
        let own = own.with(transit_created.iter().map(|time| (tags::TRANSIT_CREATED, time.as_str())));
        // AWS's time of a copy need not be there before it is complete.
        let is_elsewhere = upstream.region(origin) != self.cloud.here().region;
        let started = is_elsewhere.then(|| self.cloud.now().to_rfc3339_opts(SecondsFormat::Secs, true));
        let own = own.with(started.iter().map(|time| (tags::STARTED, time.as_str())));
        let (of_spec, spec) = spec_tags(announcement, shared);
        let own = own.with(self.settings.tag.iter()).with(of_spec.iter());
        let (tags, left_out) = tags.for_copy(&own, &self.settings.source_tags);
        if !left_out.is_empty() {
            warn!(snapshot = %origin.snapshot, step = step::TAGS_LEFT_OUT, tags_left_out = left_out.len(), tags = left_out.join(","),
                "these tags were not copied");
        }
        let start = match self.cloud.copy(transit, &copy, key.as_deref(), &tags).await {
            Ok(start) => start,
            Err(error) if self.is_full(announcement, &error).await? => return Ok(Start::Full),
            Err(error) => return Err(self.not_started(origin, transit, error).await),
        };
        match start {
            CopyStart::Started => self.memory.counts.add_copy(origin),
            CopyStart::NameExists => return Ok(Start::Exists(self.copies_by_name(origin).await?)),
        }
        match &key {
            Some(key) => {
                info!(snapshot = %origin.snapshot, step = step::COPY_STARTED, %copy, gib = shared.gib, key, spec, "copying under DR's key");
            }
            // Invariant 2: an unencrypted copy is reported.
            None => {
                warn!(snapshot = %origin.snapshot, step = step::COPY_STARTED, %copy, gib = shared.gib, spec,
                    "copying without encryption, as ALLOW_PLAINTEXT_CLUSTERS permits");
            }
        }
        self.start_timer(origin, (&copy, shared.gib), started.as_deref()).await?;
        Ok(Start::Started)
    }

    async fn wait(&self, origin: &Origin, copy: &Snapshot, cause: Cause) -> anyhow::Result<Answer> {
        let wait_policy = &self.settings.wait_policy;
        if let Cause::CopyTimer(since) = cause {
            return Ok(wait_policy.answer(origin, copy, since, self.cloud.now()));
        }
        // The function may have stopped after starting the copy and before starting the timer.
        self.start_timer(origin, (&copy.arn, copy.gib), copy.tags.get(tags::STARTED)).await?;
        Ok(Answer::Done)
    }

    /// Starts the timer of a copy of this size. `started` is the tag of a copy from another region.
    async fn start_timer(
        &self,
        origin: &Origin,
        (copy, gib): (&SnapshotArn, u32),
        started: Option<&str>,
    ) -> Result<(), cloud::Error> {
        let wait_policy = &self.settings.wait_policy;
        match started.and_then(|started| DateTime::parse_from_rfc3339(started).ok()) {
            Some(started) => wait_policy.start_for_copy_since(&self.cloud, (origin, copy, gib), started.to_utc()).await,
            None => wait_policy.start_for_copy(&self.cloud, origin, copy, gib).await,
        }
    }

    /// Marks the copy as complete first: its arrival is by DR's clock, and DR's bookkeeping must not depend on the source account.
    /// If the reply is lost, the source account announces the snapshot again.
    async fn complete(&self, look: &Look, copy: &Snapshot) -> anyhow::Result<()> {
        let origin = &look.origin;
        let now = self.cloud.now();
        let arrival = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        let marked = self.cloud.tag(&copy.arn, tags::REPORTED, &arrival).await?;
        // What is gone is not a copy. The retry of the event looks again.
        ensure!(marked == Effect::Applied, "{} was deleted while it was completed", copy.arn);
        let copy_delay_seconds = (now - origin.taken).num_seconds();
        info!(snapshot = %origin.snapshot, step = step::COPY_COMPLETED, copy = %copy.arn, copied = 1, copy_delay_seconds, "the copy is completed");
        let reported = self.report(look, &copy.arn).await;
        self.announce_onward(origin, copy).await;
        reported
    }

    /// Reports that the lifecycle of a database keeps less than that of its newest copy. It takes effect later (invariant 17).
    fn report_reduced_lifecycle(&self, announcement: &Announcement, previous: Option<Box<Lifecycle>>) {
        let (Origin { snapshot, database, .. }, Some(previous)) = (&announcement.origin, previous) else { return };
        let announced = lifecycle(announcement.tags.get(tags::LIFECYCLE), &self.settings.lifecycles);
        if !announced.keeps_at_least(&previous) {
            let days = DELAY.num_days();
            error!(%snapshot, step = step::LIFECYCLE_REDUCED, %database, lifecycle_reduced = 1,
                "the lifecycle changed from {previous} to {announced}, which keeps less; it takes effect in {days} days; find out who \
                 changed the tag, or accept it to let it take effect now");
        }
    }

    async fn report(&self, Look { origin, upstream, .. }: &Look, copy: &SnapshotArn) -> anyhow::Result<()> {
        match upstream {
            Upstream::Source => self.reply(&Message::Completed { origin: origin.clone(), copy: copy.clone() }).await,
            Upstream::First(first) => self.tag_first(origin, first, copy).await,
        }
    }

    async fn refuse(&self, look: &Look, reason: RefusalReason) -> anyhow::Result<()> {
        self.refuse_because(look, reason, explanation(reason).to_owned()).await
    }

    pub(crate) async fn refuse_because(&self, look: &Look, reason: RefusalReason, why: String) -> anyhow::Result<()> {
        let Look { origin, upstream, .. } = look;
        if let Upstream::First(first) = upstream {
            return self.refuse_first(origin, first, reason, &why).await;
        }
        error!(snapshot = %origin.snapshot, step = step::REFUSED, %reason, failed = 1, "{why}");
        self.reply(&Message::NoCopy(NoCopy { origin: origin.clone(), reason, why })).await
    }

    /// Publishes to the account of the source. If that account has removed its topic, or its topic refuses messages for another
    /// reason, or its region is another and cannot be reached, DR continues without it: a retry would fill DR's dead letters. A
    /// reply that is lost is sent again when the source is announced again.
    pub(crate) async fn reply(&self, message: &Message) -> anyhow::Result<()> {
        let snapshot = &message.origin().snapshot;
        match self.cloud.publish(&producer_topic(&snapshot.place), message).await {
            Err(error)
                if self.is_elsewhere(&snapshot.place.region, &error)
                    || !matches!(error.class(), Class::Throttled | Class::Unreachable) =>
            {
                warn_unreachable(snapshot, &error);
                Ok(())
            }
            published => Ok(published?),
        }
    }
}

/// The names of snapshots, for people.
fn listed(copies: &[SnapshotArn]) -> String {
    copies.iter().map(SnapshotArn::id).collect::<Vec<_>>().join(", ")
}

fn not_as_announced(difference: &str) -> (RefusalReason, String) {
    let reason = RefusalReason::NotAsAnnounced;
    (reason, format!("{difference}; {}", explanation(reason)))
}

/// The reason for people, with the next step.
fn explanation(reason: RefusalReason) -> &'static str {
    match reason {
        RefusalReason::NotShared => {
            "the transit copy is not visible in DR ten minutes after its announcement; check that it exists and is shared with this account"
        }
        RefusalReason::PlaintextCluster => {
            "AWS cannot encrypt an unencrypted cluster snapshot by copying it; encrypt the cluster, or set ALLOW_PLAINTEXT_CLUSTERS"
        }
        RefusalReason::TakenLater => {
            "its announcement claims that it was taken after its transit copy was created; check who controls the producer of that account"
        }
        RefusalReason::NameTaken => "another snapshot in DR has the copy's identifier; rename or delete that snapshot",
        RefusalReason::CopyFailed => {
            "AWS started these copies, and each failed; check that DR's role may use both keys, then delete them"
        }
        RefusalReason::TooMany => {
            "the account has reached one of DR's limits for it; raise the limit if its snapshots are wanted"
        }
        RefusalReason::QuotaExceeded => "DR has as many manual snapshots as AWS allows; raise the quota",
        RefusalReason::KeyRefused => "AWS refuses to start the copy, because a key cannot be used",
        RefusalReason::TransitUnavailable => "AWS refuses to start the copy, because the transit copy is not available",
        RefusalReason::CannotBeShared => "AWS does not share a snapshot with these properties with another account",
        RefusalReason::CannotBeCopied => "AWS does not copy a snapshot with these properties",
        RefusalReason::NotAsAnnounced => {
            "the transit copy was replaced before it was copied; find out who did that in the source account, then delete the copy"
        }
        RefusalReason::Other => "a reason that this version does not know",
    }
}
