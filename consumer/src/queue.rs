//! The queue of snapshots from other regions. AWS limits the copies in progress to a region, and its texts disagree about the number
//! and about the copies that count. So the consumer starts copies until AWS refuses one. From then on, announced snapshots become
//! tickets ([`cloud::queue`]), and each copy that ends lets the next one start. The hourly sweep fills the rest.
//!
//! A crash between two calls loses nothing: a ticket is stopped after its copy was started, and a ticket whose copy exists is
//! stopped at its turn. If a ticket ends without a copy, the source account announces the snapshot again within an hour.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use cloud::log::step;
use cloud::queue::{Ticket, Tickets, Urgency, class, identity};
use cloud::{Class, reject};
use protocol::event::{Awaited, Trigger};
use protocol::{Announcement, RefusalReason, Region};
use tracing::{info, warn};

use crate::decide::Turn;
use crate::{Cause, Consumer, Look, Looked};

/// How long a list of tickets is used, as long as there are any. With an empty queue, each list is new.
const LIFETIME: TimeDelta = TimeDelta::seconds(60);
/// The time that the sweep leaves for the rest of its work.
const RESERVE: TimeDelta = TimeDelta::seconds(60);
/// How many tickets one copy that ended may handle. Usually it starts the first one.
const MOST_TURNS: usize = 20;

/// The last list of tickets, without those that were handled since. Each process has its own.
#[derive(Debug, Default)]
pub(crate) struct Queue(Mutex<Listed>);

#[derive(Debug, Default)]
struct Listed {
    /// When, if there were tickets.
    at: Option<DateTime<Utc>>,
    tickets: Tickets,
}

/// Whether an announced snapshot has a ticket.
pub(crate) enum Standing {
    /// It has one.
    Waits,
    /// It has none.
    Has(Turn),
}

/// How many tickets to handle.
#[derive(Clone, Copy)]
pub(crate) enum Extent {
    /// Until one copy was started: another has ended.
    One,
    /// Until AWS refuses, or until shortly before this time.
    Until(DateTime<Utc>),
}

impl Queue {
    fn read<T>(&self, read: impl FnOnce(&mut Listed) -> T) -> T {
        read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Consumer {
    /// Whether a copy from this region counts towards AWS's limit.
    fn is_across(&self, region: &Region) -> bool {
        *region != self.cloud.here().region
    }

    /// Whether a look was about a copy from another region.
    pub(crate) fn is_of_other_region(&self, look: &Look) -> bool {
        self.is_across(&look.upstream.region(&look.origin))
    }

    /// The standing of an announced snapshot. Snapshots of this region need no call.
    pub(crate) async fn standing(&self, announcement: &Announcement, cause: Cause) -> Result<Standing, cloud::Error> {
        if !self.is_across(&announcement.transit.place.region) || matches!(cause, Cause::Ticket) {
            return Ok(Standing::Has(Turn::Now));
        }
        self.list_unless_recent().await?;
        let (identity, class) = (identity(announcement, self.urgency(announcement)), class(announcement));
        Ok(self.queue.read(|Listed { tickets, .. }| match () {
            () if tickets.has(&identity) => Standing::Waits,
            () if tickets.has_class(&class) => Standing::Has(Turn::Later),
            () => Standing::Has(Turn::Now),
        }))
    }

    /// In the second region, copies from before it was added come last.
    fn urgency(&self, announcement: &Announcement) -> Urgency {
        match &self.settings.first {
            Some(first) if self.is_onward(announcement) && announcement.origin.taken < first.backfill.since => {
                Urgency::Backfill
            }
            _ => Urgency::Current,
        }
    }

    async fn list_unless_recent(&self) -> Result<(), cloud::Error> {
        let now = self.cloud.now();
        let is_recent =
            |listed: &mut Listed| !listed.tickets.is_empty() && listed.at.is_some_and(|at| now - at < LIFETIME);
        if self.queue.read(is_recent) { Ok(()) } else { self.list().await }
    }

    async fn list(&self) -> Result<(), cloud::Error> {
        let at = Some(self.cloud.now());
        let names = self.cloud.running_timers(&self.settings.wait_policy.state_machine).await?;
        let tickets = Tickets::of(names.iter().map(String::as_str));
        self.queue.read(|listed| *listed = Listed { at, tickets });
        Ok(())
    }

    /// Whether AWS refused a copy because too many from another region are in progress. The same code means a full quota of manual
    /// snapshots, which AWS tells by its numbers.
    pub(crate) async fn is_full(
        &self,
        announcement: &Announcement,
        refused: &cloud::Error,
    ) -> Result<bool, cloud::Error> {
        if refused.class() != Class::Quota || !self.is_across(&announcement.transit.place.region) {
            return Ok(false);
        }
        let quota = self.cloud.snapshot_quota(announcement.transit.kind).await?;
        Ok(quota.is_none_or(|quota| quota.used < quota.most))
    }

    /// Lets a snapshot wait. An account cannot let more snapshots wait than it may have copies (invariant 14).
    pub(crate) async fn enqueue(&self, look: &Look, announcement: Announcement) -> anyhow::Result<()> {
        let (snapshot, most) = (&look.origin.snapshot, self.settings.limits.copies);
        let account = &snapshot.place.account;
        self.list_unless_recent().await?;
        if self.queue.read(|listed| listed.tickets.of_account(account)) >= most {
            let why = format!(
                "{most} snapshots of account {account} wait until AWS starts more copies from another region, and the limit \
                 MAX_COPIES is {most}"
            );
            return self.refuse_because(look, RefusalReason::TooMany, why).await;
        }
        let identity = identity(&announcement, self.urgency(&announcement));
        // A ticket of this name may have ended too often. Then the source account announces the snapshot again within an hour.
        self.settings.wait_policy.start_ticket(&self.cloud, &identity, announcement).await?;
        if let Some(ticket) = Ticket::parse(&identity) {
            self.queue.read(|listed| listed.tickets.add(ticket));
        }
        info!(%snapshot, step = step::QUEUED, queued = 1,
            "AWS copies as many snapshots from another region as it allows; this one waits for its turn");
        Ok(())
    }

    /// After a copy from another region has ended, which makes room for the next. An error is no error of the event, which has done
    /// its own work: the sweep starts what is left.
    pub(crate) async fn after(&self, looked: Looked) {
        if !matches!(looked, Looked::Ended) {
            return;
        }
        if let Err(error) = self.dispatch(Extent::One).await {
            warn!(step = step::QUEUE, reason = format!("{error:#}"), "the next copies are started by the sweep");
        }
    }

    /// In each sweep: fills what is free.
    pub(crate) async fn dispatch_all(&self, deadline: DateTime<Utc>) -> anyhow::Result<()> {
        let has_others = self.settings.regions.iter().any(|region| self.is_across(region));
        match has_others || self.settings.first.is_some() {
            true => self.dispatch(Extent::Until(deadline - RESERVE)).await,
            false => Ok(()),
        }
    }

    /// Handles tickets, each as an announcement whose turn it is, and stops them.
    async fn dispatch(&self, extent: Extent) -> anyhow::Result<()> {
        match extent {
            Extent::One => self.list_unless_recent().await?,
            Extent::Until(_) => self.list().await?,
        }
        let (waiting, oldest) = self.queue.read(|listed| (listed.tickets.len(), listed.tickets.oldest()));
        let Some(oldest) = oldest else { return Ok(()) };
        let queue_age_seconds = (self.cloud.now() - oldest).num_seconds();
        info!(
            step = step::QUEUE,
            waiting, queue_age_seconds, "snapshots wait until AWS starts more copies from another region"
        );
        let (mut full, mut handled) = (BTreeSet::new(), 0);
        while let Some(ticket) = self.queue.read(|listed| listed.tickets.take_next(&full)) {
            handled += 1;
            let looked =
                self.take_turn(&ticket).await.with_context(|| format!("handling the ticket {}", ticket.name))?;
            let has_started = looked == Looked::Started;
            if has_started {
                self.queue.read(|listed| listed.tickets.started(&ticket.account));
            }
            if looked == Looked::Full {
                full.insert(ticket.class());
                self.queue.read(|listed| listed.tickets.add(ticket));
            }
            let is_over = match extent {
                Extent::One => has_started || handled == MOST_TURNS,
                Extent::Until(deadline) => self.cloud.now() > deadline,
            };
            if is_over {
                break;
            }
        }
        Ok(())
    }

    /// Handles a ticket, and stops it unless it has to wait longer.
    async fn take_turn(&self, ticket: &Ticket) -> anyhow::Result<Looked> {
        let machine = &self.settings.wait_policy.state_machine;
        let looked = match self.cloud.read_timer(machine, &ticket.name).await?.map(|timer| timer.trigger) {
            // Another invocation has handled it.
            None => return Ok(Looked::DONE),
            Some(Trigger::Check(check)) => match check.awaited {
                Awaited::Sharing(announcement) => self.look_at_message(announcement, Cause::Ticket).await,
                Awaited::Copying(_) => Ok(Looked::DONE),
            },
            Some(_) => Ok(Looked::DONE),
        };
        let looked = looked.or_else(|error| reject(Some(&ticket.account), error).map(|()| Looked::DONE))?;
        if !matches!(looked, Looked::Full) {
            self.cloud.stop_timer(machine, &ticket.name).await?;
        }
        Ok(looked)
    }
}
