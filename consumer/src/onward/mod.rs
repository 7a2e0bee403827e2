//! The way from DR's first region to its second one, inside the DR account.
//!
//! The consumer of the first region announces each finished copy that came directly from a source to that of the second region
//! ([`Consumer::announce_onward`]). There, an announcement only names a copy: its tags and its status are read from AWS, in the first
//! region. A copy in the second region is reported with the tag `Draco_Second` of the copy in the first region. That tag is also
//! the memory of the sweep, which finds copies whose announcement was lost, and those from before the second region.
//!
//! No source account has a part in this: the topic is that of the DR account, to which only its own consumer may publish, and
//! everything that a source account has chosen was checked in the first region.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::ensure;
use archive::onward::{Pending, Second, plan};
use chrono::{DateTime, TimeDelta, Utc};
use cloud::log::step;
use cloud::{Class, Rejection, batch, reject, require};
use protocol::event::{Onward, Trigger};
use protocol::message::Refusal;
use protocol::topic::consumer_topic;
use protocol::{
    AccountId, Announcement, Attempt, DatabaseArn, Kind, Message, Origin, Place, RefusalReason, Region, Snapshot,
    SnapshotArn, SnapshotRole, Status, Tags, tags,
};
use tracing::{error, info, warn};

use crate::decide::{Existing, Observed, Transit, Turn};
use crate::queue::{Standing, half_of_the_time};
use crate::settings::First;
use crate::{Cause, Consumer, DatabaseCopies, Look, Looked, ensure_true};

/// The time that a sweep leaves for handing over the rest.
const RESERVE: TimeDelta = TimeDelta::seconds(60);

/// Where a copy comes from, and who waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Upstream {
    /// A source account, which gets replies.
    Source,
    /// This copy of the DR account in its first region, which is tagged.
    First(SnapshotArn),
}

impl Upstream {
    /// The region from which the copy is made.
    pub(crate) fn region(&self, origin: &Origin) -> Region {
        match self {
            Self::Source => origin.snapshot.place.region.clone(),
            Self::First(first) => first.place.region.clone(),
        }
    }

    /// By the tags of copies, which this function has written.
    pub(crate) fn of(origin: &Origin, copies: &[Snapshot]) -> Self {
        copies.iter().find_map(|copy| origin.made_from_copy(&copy.tags)).map_or(Self::Source, Self::First)
    }
}

/// The copies of this region, by a hash of the name that the first attempt has or would have: there can be many. `None`: in progress.
type Here = BTreeMap<u64, Option<Attempt>>;

/// The copies of the first region that are not tagged.
#[derive(Default)]
struct Untagged {
    /// They are not in this region.
    pending: Vec<Pending>,
    /// The newest of each database that was in this region, and is not any more.
    gone: BTreeMap<DatabaseArn, Pending>,
    /// They are complete in this region: the source, the copy in the first region, and the one here.
    settled: Vec<(Origin, SnapshotArn, SnapshotArn)>,
}

impl Consumer {
    /// In the first region: announces a finished copy to the second region, if there is one. A copy that came from there itself does
    /// not go back. If the announcement is lost, the sweep of the second region finds the copy.
    pub(crate) async fn announce_onward(&self, origin: &Origin, copy: &Snapshot) {
        let Some(region) = self.settings.second.clone() else { return };
        if origin.made_from_copy(&copy.tags).is_some() {
            return;
        }
        let account = self.cloud.here().account.clone();
        let topic = consumer_topic(&Place { region, account: account.clone() }, &account);
        let (origin, transit, tags) = (origin.clone(), copy.arn.clone(), copy.tags.clone());
        let snapshot = origin.snapshot.clone();
        match self.cloud.publish(&topic, &Message::Shared(Announcement { origin, transit, tags })).await {
            Ok(()) => {
                info!(%snapshot, step = step::ANNOUNCED_ONWARD, copy = %copy.arn, "announced to the second region")
            }
            Err(error) => warn!(%snapshot, step = step::SECOND_UNREACHABLE, copy = %copy.arn, reason = %error,
                "the second region cannot be reached; its sweep finds the copy"),
        }
    }

    /// Whether this names a copy in the first region, and no transit copy of a source account.
    pub(crate) fn is_onward(&self, Announcement { origin, transit, .. }: &Announcement) -> bool {
        let is_first = |first: &First| transit.place == first.place;
        *transit != origin.transit()
            && self.settings.first.as_ref().is_some_and(is_first)
            && origin.attempt(transit).is_some()
    }

    /// Copies from the first region are served, wherever their sources are.
    pub(crate) fn ensure_first(&self, first: &SnapshotArn) -> Result<(), Rejection> {
        let is_first = self.settings.first.as_ref().is_some_and(|served| served.place == first.place);
        require(is_first, || format!("{first} is not in the region FIRST_REGION of this stack"))
    }

    /// Looks at a copy in the first region that is announced now, was announced when the timer was started, or was found by the
    /// sweep. Of the limits of a source account, only its part of the quota applies again (invariant 14).
    pub(crate) async fn look_at_onward(&self, announcement: Announcement, cause: Cause) -> anyhow::Result<Looked> {
        let (origin, upstream) = (announcement.origin.clone(), Upstream::First(announcement.transit.clone()));
        self.ensure_served(&origin, &upstream)?;
        let Standing::Has(turn) = self.standing(&announcement, cause).await? else { return Ok(Looked::DONE) };
        let DatabaseCopies { copies, .. } = self.find_copies(&origin).await?;
        let copy = Existing::of(copies, &origin);
        let transit = match copy {
            Existing::None | Existing::Failed { next: Some(_), .. } => self.observe_first(announcement, turn).await?,
            // The copy decides.
            _ => Transit::NotObserved,
        };
        let observed = Observed { copy, transit, requester: cause.requester() };
        self.decide_and_act(&Look { origin, upstream, cause }, observed).await
    }

    async fn observe_first(&self, announcement: Announcement, turn: Turn) -> anyhow::Result<Transit> {
        let Announcement { origin, transit, .. } = &announcement;
        let found = match self.cloud.find(transit).await {
            Err(error) if self.is_elsewhere(&transit.place.region, &error) => {
                warn!(snapshot = %origin.snapshot, step = step::FIRST_UNREACHABLE, copy = %transit, reason = %error,
                    "the first region cannot be reached; the sweep looks at the copy again");
                return Ok(Transit::Unreachable);
            }
            found => found?,
        };
        // It may have been deleted since. Its last tag, `Draco_Reported`, need not be visible yet.
        let Some(snapshot) = found.filter(|found| may_go_on(origin, found)) else {
            return Ok(Transit::NotObserved);
        };
        ensure_true(origin, &snapshot)?;
        if let Some(exceeded) = self.exceeded_share(origin).await? {
            return Ok(Transit::OverLimit(exceeded));
        }
        let (admission, tags) = (self.admission(&snapshot), self.tags_from_first(&snapshot));
        Ok(Transit::Visible {
            announcement: Announcement { tags, ..announcement },
            snapshot,
            admission,
            // The first region has reported a lifecycle that keeps less.
            previous: None,
            turn,
        })
    }

    /// The tags of a copy in the first region, with the lifecycle of the second region, if it has one.
    fn tags_from_first(&self, first: &Snapshot) -> Tags {
        let lifecycle = self.settings.first.as_ref().and_then(|first| first.lifecycle.as_deref());
        first.tags.clone().with(lifecycle.map(|name| (tags::LIFECYCLE, name)))
    }

    /// Remembers a refusal on the copy in the first region, so that the sweep does not try again every hour. An alarm is raised only
    /// if the reason is new: it does not change by itself.
    pub(crate) async fn refuse_first(
        &self,
        origin: &Origin,
        first: &SnapshotArn,
        reason: RefusalReason,
        why: &str,
    ) -> anyhow::Result<()> {
        // A copy that cannot be read now counts as not refused before: one alarm too many is better than one too few.
        let known = self.cloud.find(first).await.ok().flatten();
        let known = known.and_then(|first| Refusal::parse(first.tags.get(tags::SECOND)?));
        match known.filter(|known| known.reason == reason) {
            None => error!(snapshot = %origin.snapshot, step = step::REFUSED, %reason, failed = 1, "{why}"),
            Some(_) => warn!(snapshot = %origin.snapshot, step = step::REFUSED, %reason, "again: {why}"),
        }
        let refusal = Refusal { at: self.cloud.now(), reason };
        self.tag_first(origin, first, refusal).await
    }

    /// Tags the copy in the first region with the copy here, or with the reason for which there is none. If it cannot be tagged now,
    /// the sweep tags it.
    pub(crate) async fn tag_first(
        &self,
        origin: &Origin,
        first: &SnapshotArn,
        outcome: impl Display,
    ) -> anyhow::Result<()> {
        match self.cloud.tag(first, tags::SECOND, &outcome.to_string()).await {
            Err(error) if error.class() != Class::Throttled => {
                warn!(snapshot = %origin.snapshot, step = step::FIRST_UNREACHABLE, copy = %first, reason = %error,
                    "the copy in the first region could not be tagged; the sweep tries again");
                Ok(())
            }
            tagged => Ok(tagged.map(drop)?),
        }
    }

    /// In the second region: handles each copy in the first region that is not here yet. A timer continues if time is up.
    pub(crate) async fn sweep_onward(&self, from: Onward, deadline: DateTime<Utc>) -> anyhow::Result<()> {
        let Some(first) = &self.settings.first else { return Ok(()) };
        let (here, mut second) = self.list_here(first, deadline).await?;
        let listed = self.list_first(first, &here, &mut second, deadline).await;
        let Untagged { pending, gone, settled } = match listed {
            Err(error) if error.downcast_ref().is_some_and(|error| self.is_elsewhere(&first.place.region, error)) => {
                warn!(step = step::FIRST_UNREACHABLE, reason = %error, "the first region cannot be reached");
                return Ok(());
            }
            listed => listed?,
        };
        second.gone = gone.into_values().collect();
        let (mut failures, mut looked) = (Vec::new(), 0);
        // The next sweep tags the rest. Half of the time is for copies that are not here yet.
        let half = half_of_the_time(self.cloud.now(), deadline);
        for (origin, first, copy) in settled.into_iter().take_while(|_| !self.is_time_up(half)) {
            let tagged = self.tag_first(&origin, &first, copy).await;
            failures.extend(tagged.err().map(|error| format!("{error:#}")));
        }
        let mut last = from.after;
        for (position, Pending { origin, copy, .. }) in plan(pending, &second, first.backfill) {
            if last.as_ref().is_some_and(|last| position <= *last) {
                continue;
            }
            if looked > 0 && self.is_time_up(deadline) {
                let rest = Trigger::Onward(Onward { after: last });
                batch::continue_later(&self.cloud, "onward", rest, &self.settings.wait_policy.state_machine).await?;
                info!(step = step::SWEEP_PAUSED, snapshots = looked, "time is up; a timer continues the sweep");
                break;
            }
            looked += 1;
            last = Some(position);
            let account = origin.snapshot.place.account.clone();
            if second.gone.iter().any(|gone| gone.copy == copy) {
                error!(%account, snapshot = %origin.snapshot, step = step::COPY_MISSING, %copy, failed = 1,
                    "this region had copies of {}, and has none any more; its newest is copied again", origin.database);
            }
            let announcement = Announcement { origin, transit: copy, tags: Tags::default() };
            let handled = self.look_at_onward(announcement, Cause::Announcement).await;
            failures.extend(rejected(&account, handled).err().map(|error| format!("{error:#}")));
        }
        ensure!(failures.is_empty(), failures.join("; "));
        Ok(())
    }

    /// A hash of the name of this origin's copy in this region. With 64 bits, even a million copies have no two alike.
    fn hash(&self, origin: &Origin) -> u64 {
        let mut hasher = DefaultHasher::new();
        origin.copy(self.cloud.here()).hash(&mut hasher);
        hasher.finish()
    }

    fn is_time_up(&self, deadline: DateTime<Utc>) -> bool {
        self.cloud.now() + RESERVE > deadline
    }

    /// The listing of a large account takes minutes. A function that is killed would not report that.
    fn ensure_time(&self, deadline: DateTime<Utc>) -> anyhow::Result<()> {
        ensure!(
            !self.is_time_up(deadline),
            "time is up while listing the copies of both regions: see doc/performance.md"
        );
        Ok(())
    }

    async fn list_here(&self, first: &First, deadline: DateTime<Utc>) -> anyhow::Result<(Here, Second)> {
        let (mut here, mut second) = (Here::new(), Second::default());
        for kind in Kind::ALL {
            let add = |snapshot: Snapshot| {
                self.ensure_time(deadline)?;
                let SnapshotRole::Copy(origin) = SnapshotRole::of(&snapshot) else { return Ok::<_, anyhow::Error>(()) };
                let complete = match snapshot.status {
                    Status::Available if snapshot.tags.get(tags::REPORTED).is_some() => origin.attempt(&snapshot.arn),
                    Status::Available | Status::Creating | Status::Copying => None,
                    Status::Failed | Status::Deleting => return Ok(()),
                };
                let known = here.entry(self.hash(&origin)).or_default();
                *known = known.or(complete);
                if origin.made_from_copy(&snapshot.tags).is_some() {
                    let began = time(&snapshot, tags::TRANSIT_CREATED).unwrap_or(origin.taken);
                    second.used += backfilled(first, began, snapshot.counted_gib());
                    second.databases.insert(origin.database);
                }
                Ok(())
            };
            self.cloud.try_for_each(kind, None, add).await?;
        }
        Ok((here, second))
    }

    async fn list_first(
        &self,
        first: &First,
        here: &Here,
        second: &mut Second,
        deadline: DateTime<Utc>,
    ) -> anyhow::Result<Untagged> {
        let (cloud, mut untagged) = (self.cloud.at(&first.place.region), Untagged::default());
        let now = self.cloud.now();
        for kind in Kind::ALL {
            let add = |snapshot: Snapshot| {
                self.ensure_time(deadline)?;
                let SnapshotRole::Copy(origin) = SnapshotRole::of(&snapshot) else { return Ok::<_, anyhow::Error>(()) };
                let Some(arrived) = arrival(&origin, &snapshot) else { return Ok(()) };
                if !self.settings.sources.contains(&origin.snapshot.place.account) {
                    return Ok(());
                }
                let outcome = snapshot.tags.get(tags::SECOND);
                let tagged = outcome.and_then(|copy| copy.parse::<SnapshotArn>().ok());
                let is_tagged = tagged.is_some_and(|copy| copy.place == *self.cloud.here());
                let is_refused = outcome.and_then(Refusal::parse).is_some_and(|refusal| !refusal.may_retry(now));
                let pending =
                    |origin| Pending { origin, copy: snapshot.arn.clone(), arrived, gib: snapshot.counted_gib() };
                match here.get(&self.hash(&origin)) {
                    Some(Some(attempt)) if !is_tagged => {
                        let copy = origin.copy_of(*attempt, self.cloud.here());
                        untagged.settled.push((origin, snapshot.arn, copy));
                    }
                    Some(_) => {}
                    None if is_tagged => {
                        let began = time(&snapshot, tags::TRANSIT_CREATED).unwrap_or(origin.taken);
                        second.used += backfilled(first, began, snapshot.counted_gib());
                        if !is_refused && !second.databases.contains(&origin.database) {
                            let newest = untagged.gone.get(&origin.database);
                            if newest.is_none_or(|newest| newest.arrived < arrived) {
                                untagged.gone.insert(origin.database.clone(), pending(origin));
                            }
                        }
                    }
                    None if is_refused => {}
                    None => untagged.pending.push(pending(origin)),
                }
                Ok(())
            };
            cloud.try_for_each(kind, None, add).await?;
        }
        Ok(untagged)
    }
}

/// The size that counts against the backfill: that of copies from before the second region. `began` is when the transit copy was
/// created, which a source account does not choose.
fn backfilled(first: &First, began: DateTime<Utc>, gib: u32) -> u64 {
    if began < first.backfill.since { gib.into() } else { 0 }
}

/// The time in a tag.
fn time(snapshot: &Snapshot, key: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(snapshot.tags.get(key)?).ok().map(|time| time.to_utc())
}

/// Whether this is an available copy of this source that did not come from another region of DR.
fn may_go_on(origin: &Origin, first: &Snapshot) -> bool {
    let is_copy = SnapshotRole::of(first) == SnapshotRole::Copy(origin.clone());
    first.status == Status::Available && is_copy && origin.made_from_copy(&first.tags).is_none()
}

/// When a copy in the first region was complete, if it may go on.
fn arrival(origin: &Origin, first: &Snapshot) -> Option<DateTime<Utc>> {
    time(first, tags::REPORTED).filter(|_| may_go_on(origin, first))
}

fn rejected(account: &AccountId, handled: anyhow::Result<Looked>) -> anyhow::Result<()> {
    handled.map(drop).or_else(|error| reject(Some(account), error))
}

#[cfg(test)]
mod tests;
