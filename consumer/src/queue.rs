//! The queue of snapshots from other regions. AWS limits the copies in progress to a region, and its texts disagree about the number
//! and about the copies that count. So the consumer starts copies until AWS refuses one. From then on, announced snapshots become
//! tickets ([`cloud::queue`]), and each copy that ends lets the next one start. The hourly sweep fills the rest.
//!
//! A crash between two calls loses nothing: a ticket is stopped after its copy was started, and a ticket whose copy exists is
//! stopped at its turn. If a ticket ends without a copy, the source account announces the snapshot again within an hour.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use anyhow::ensure;
use chrono::{DateTime, TimeDelta, Utc};
use cloud::log::step;
use cloud::queue::{Ticket, Tickets, Urgency, identity, name};
use cloud::{Class, Rejection, TimerState, reject};
use protocol::event::{Awaited, Trigger};
use protocol::{Announcement, RefusalReason, Region};
use tracing::{info, warn};

use crate::decide::Turn;
use crate::{Cause, Consumer, Look, Looked};

/// How long a list of tickets is used, for each page that it took. AWS allows a few lists a second, and a source account can cause one
/// with each announcement.
const LIFETIME: TimeDelta = TimeDelta::seconds(60);
/// How long it is used at most.
const MAX_LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// The number of timers on a page.
const PAGE: usize = 1000;
/// How many tickets one copy that ended may handle. Usually it starts the first one.
const MOST_TURNS: usize = 20;

/// The last list of tickets, without those that were handled since. Each process has its own.
#[derive(Debug, Default)]
pub(crate) struct Queue(Mutex<Listed>);

#[derive(Debug, Default)]
struct Listed {
    /// Until when it is used.
    until: Option<DateTime<Utc>>,
    /// Whether AWS would not list them. Then there may be more.
    may_be_more: bool,
    /// How many copies have ended without the start of another, because a call failed.
    free: usize,
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
    /// Until this number of copies was started: as many have ended.
    Places(usize),
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
        let urgency = self.urgency(announcement);
        let identity = identity(announcement, urgency);
        Ok(self.memory.queue.read(|Listed { tickets, may_be_more, .. }| match () {
            () if tickets.has(&identity) => Standing::Waits,
            () if *may_be_more || tickets.must_wait(announcement, urgency) => Standing::Has(Turn::Later),
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

    /// Lists the tickets, unless they were listed a moment ago. If AWS throttles that, new snapshots wait.
    async fn list_unless_recent(&self) -> Result<(), cloud::Error> {
        let now = self.cloud.now();
        if self.memory.queue.read(|listed| listed.until.is_some_and(|until| now < until)) {
            return Ok(());
        }
        match self.list().await {
            Err(error) if error.class() == Class::Throttled => {
                self.memory.queue.read(|listed| {
                    (listed.until, listed.may_be_more) = (Some(now + LIFETIME), true);
                });
                Ok(())
            }
            listed => listed,
        }
    }

    async fn list(&self) -> Result<(), cloud::Error> {
        let now = self.cloud.now();
        let timers = self.cloud.running_timers(&self.settings.wait_policy.state_machine).await?;
        let pages = i32::try_from(timers.len() / PAGE + 1).unwrap_or(i32::MAX);
        let until = Some(now + (LIFETIME * pages.min(60)).min(MAX_LIFETIME));
        let tickets = Tickets::of(&timers);
        self.memory.queue.read(|listed| *listed = Listed { until, may_be_more: false, free: listed.free, tickets });
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
        if self.memory.queue.read(|listed| listed.tickets.of_account(account)) >= most {
            let why = format!(
                "{most} snapshots of account {account} wait until AWS starts more copies from another region, and the limit \
                 MAX_COPIES is {most}"
            );
            return self.refuse_because(look, RefusalReason::TooMany, why).await;
        }
        let now = self.cloud.now();
        let name = name(&announcement, self.urgency(&announcement), now);
        // A ticket of this name may have ended too often in this hour. Then the source account announces the snapshot again.
        self.settings.wait_policy.start_ticket(&self.cloud, &name, announcement).await?;
        if let Some(ticket) = Ticket::parse(&name, now) {
            self.memory.queue.read(|listed| listed.tickets.add(ticket));
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
        let places = 1 + self.memory.queue.read(|listed| std::mem::take(&mut listed.free));
        if let Err(error) = self.dispatch(Extent::Places(places)).await {
            self.memory.queue.read(|listed| listed.free = places);
            warn!(
                step = step::QUEUE,
                reason = format!("{error:#}"),
                "the next copies are started when another has ended, or by the sweep"
            );
        }
    }

    /// In each sweep: fills what is free.
    pub(crate) async fn dispatch_all(&self, deadline: DateTime<Utc>) -> anyhow::Result<()> {
        let has_others = self.settings.regions.iter().any(|region| self.is_across(region));
        if !has_others && self.settings.first.is_none() {
            return Ok(());
        }
        match self.dispatch(Extent::Until(half_of_the_time(self.cloud.now(), deadline))).await {
            // The next copy that ends, or the next sweep, starts what is left.
            Err(error) if class_of(&error) == Some(Class::Throttled) => {
                warn!(
                    step = step::QUEUE,
                    reason = format!("{error:#}"),
                    "AWS throttles the calls for snapshots that wait"
                );
                Ok(())
            }
            dispatched => dispatched,
        }
    }

    /// Handles tickets, each as an announcement whose turn it is, and stops them. A ticket that fails does not stop the others.
    ///
    /// # Errors
    /// All that failed.
    async fn dispatch(&self, extent: Extent) -> anyhow::Result<()> {
        match extent {
            // The tickets that this process knows are enough. Those that others have handled have ended.
            Extent::Places(_) if self.memory.queue.read(|listed| !listed.tickets.is_empty()) => {
                self.list_unless_recent().await?
            }
            Extent::Places(_) | Extent::Until(_) => self.list().await?,
        }
        let (waiting, since) = self.memory.queue.read(|listed| (listed.tickets.len(), listed.tickets.since()));
        let Some(since) = since else { return Ok(()) };
        let queue_age_seconds = (self.cloud.now() - since).num_seconds();
        info!(
            step = step::QUEUE,
            waiting, queue_age_seconds, "snapshots wait until AWS starts more copies from another region"
        );
        let (mut full, mut handled, mut started, mut failures) = (BTreeSet::new(), 0, 0, Vec::new());
        let mut throttled = None;
        while let Some(ticket) = self.memory.queue.read(|listed| listed.tickets.take_next(&full)) {
            let (name, class, account) = (ticket.name.clone(), ticket.class(), ticket.account.clone());
            let outcome = self.take_turn(&ticket).await;
            handled += usize::from(!matches!(outcome, Ok(Turned::HasEnded)));
            started += usize::from(matches!(outcome, Ok(Turned::Looked(Looked::Started))));
            let class_of_error = outcome.as_ref().err().and_then(class_of);
            let must_wait = matches!(outcome, Ok(Turned::Looked(Looked::Full)))
                || matches!(class_of_error, Some(Class::Unreachable | Class::Throttled));
            self.memory.queue.read(|Listed { tickets, .. }| match outcome {
                Ok(Turned::HasEnded) => {}
                Ok(Turned::Looked(Looked::Started)) => tickets.started(&account),
                // Until a place is free, its region can be reached again, or AWS accepts more calls.
                _ if must_wait => tickets.add(ticket),
                // Snapshots that cannot be copied must not hold up those of other accounts.
                _ => tickets.was_fruitless(&account),
            });
            if must_wait {
                full.insert(class);
            }
            if let Err(error) = outcome {
                let error = error.context(format!("handling the ticket {name}"));
                if class_of_error == Some(Class::Throttled) {
                    throttled = Some(error);
                    break;
                }
                failures.push(format!("{error:#}"));
                // The source account, or the sweep of the second region, announces the snapshot again.
                if class_of_error != Some(Class::Unreachable) {
                    self.cloud.stop_timer(&self.settings.wait_policy.state_machine, &name).await?;
                }
            }
            let is_over = match extent {
                Extent::Places(places) => started == places || handled == MOST_TURNS,
                Extent::Until(deadline) => self.cloud.now() > deadline,
            };
            if is_over {
                break;
            }
        }
        ensure!(failures.is_empty(), failures.join("; "));
        throttled.map_or(Ok(()), Err)
    }

    /// Handles a ticket, and stops it unless it has to wait longer.
    async fn take_turn(&self, ticket: &Ticket) -> anyhow::Result<Turned> {
        let machine = &self.settings.wait_policy.state_machine;
        let announcement = match self.cloud.read_timer(machine, &ticket.name).await? {
            TimerState::Ended => return Ok(Turned::HasEnded),
            TimerState::Running(Some(trigger)) => announcement_of(trigger),
            TimerState::Running(None) => None,
        };
        let looked = match announcement {
            Some(announcement) => self.look_at_message(announcement, Cause::Ticket).await,
            None => Err(Rejection::new(format!("{} is no ticket of Draco", ticket.name)).into()),
        };
        let looked = looked.or_else(|error| reject(Some(&ticket.account), error).map(|()| Looked::DONE))?;
        if looked != Looked::Full {
            self.cloud.stop_timer(machine, &ticket.name).await?;
        }
        Ok(Turned::Looked(looked))
    }
}

/// What became of a ticket at its turn.
enum Turned {
    /// Another invocation has handled it.
    HasEnded,
    Looked(Looked),
}

fn announcement_of(trigger: Trigger) -> Option<Announcement> {
    let Trigger::Check(check) = trigger else { return None };
    match check.awaited {
        Awaited::Sharing(announcement) => Some(announcement),
        Awaited::Copying(_) => None,
    }
}

/// The class of the call that failed, if one did.
fn class_of(error: &anyhow::Error) -> Option<Class> {
    error.downcast_ref::<cloud::Error>().map(cloud::Error::class)
}

/// The other half is for the rest of the sweep.
pub(crate) fn half_of_the_time(now: DateTime<Utc>, deadline: DateTime<Utc>) -> DateTime<Utc> {
    now + (deadline - now) / 2
}
