//! The queue of snapshots whose copies AWS does not start now, because as many copies from another region are in progress as it
//! allows.
//!
//! A waiting snapshot is a ticket: a running execution of the timer's state machine. It only holds the announcement. Its name tells
//! everything that the order depends on, so that one list of the running executions is the queue.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime, Utc};
use protocol::{AccountId, Announcement, Kind, Region};

use crate::timer;
use crate::wait::COPYING;

/// The purpose with which the names of tickets begin.
const QUEUED: &str = "queued";
/// When the snapshot was taken, so that the order of names is that of age.
const TIME: &str = "%Y%m%dt%H%M%S";

/// How urgent a snapshot is. All that are more urgent come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// It was taken since this region has copies.
    Current,
    /// It is older, and is copied when there is nothing else.
    Backfill,
}

/// Copies that share a limit. Whether all of them share one is not known: AWS's texts name a limit for each kind, to a region or
/// between two.
pub type Class = (Kind, Region);

/// A snapshot that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The name of its execution.
    pub name: String,
    urgency: Urgency,
    /// When the snapshot was taken.
    pub taken: DateTime<Utc>,
    kind: Kind,
    /// The region from which it is copied.
    region: Region,
    /// The source account.
    pub account: AccountId,
}

/// Tickets, by the time at which the snapshot was taken, and their name.
type ByAge = BTreeMap<(DateTime<Utc>, String), Ticket>;

/// The queue, as of one list of the running timers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tickets {
    /// By age, for each urgency and account.
    waiting: BTreeMap<(Urgency, AccountId), ByAge>,
    /// The identities of those that wait, to find one in a long queue.
    identities: BTreeSet<String>,
    /// The number of those that wait, by class.
    classes: BTreeMap<Class, usize>,
    /// The number of copies in progress, by source account.
    copying: BTreeMap<AccountId, usize>,
}

/// The identity of an announced snapshot in the queue: the beginning of its ticket's name, for each of its starts.
///
/// `queued-0-20261121t030500-i-eu-west-1-111111111111-1fac559f47ddf9af`. The hash covers the source and the snapshot that is copied,
/// and not the tags: the source account chooses the text of its announcements.
#[must_use]
pub fn identity(announcement: &Announcement, urgency: Urgency) -> String {
    let Announcement { origin, transit, tags: _ } = announcement;
    let account = &origin.snapshot.place.account;
    let (urgency, kind) = (urgency as u8, letter(transit.kind));
    let hash = timer::hash(&format!("{} {} {transit}", origin.snapshot, origin.taken.timestamp()));
    format!("{QUEUED}-{urgency}-{}-{kind}-{}-{account}-{hash}", origin.taken.format(TIME), transit.place.region)
}

/// The class of an announced snapshot.
#[must_use]
pub fn class(announcement: &Announcement) -> Class {
    (announcement.transit.kind, announcement.transit.place.region.clone())
}

fn letter(kind: Kind) -> char {
    match kind {
        Kind::Instance => 'i',
        Kind::Cluster => 'c',
    }
}

impl Ticket {
    /// Parses the name of a running timer. `None` if it is another timer.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix(QUEUED)?.strip_prefix('-')?;
        let (urgency, rest) = rest.split_once('-')?;
        let (taken, rest) = rest.split_once('-')?;
        let (kind, rest) = rest.split_once('-')?;
        let (before, last) = rest.rsplit_once('-')?;
        // A ticket that was started again has a number at its end.
        let before = if last.len() == timer::HASH_DIGITS { before } else { before.rsplit_once('-')?.0 };
        let (region, account) = before.rsplit_once('-')?;
        Some(Self {
            name: name.to_owned(),
            urgency: match urgency {
                "0" => Urgency::Current,
                "1" => Urgency::Backfill,
                _ => return None,
            },
            taken: NaiveDateTime::parse_from_str(taken, TIME).ok()?.and_utc(),
            kind: match kind {
                "i" => Kind::Instance,
                "c" => Kind::Cluster,
                _ => return None,
            },
            region: region.parse().ok()?,
            account: account.parse().ok()?,
        })
    }

    /// The class of its snapshot.
    #[must_use]
    pub fn class(&self) -> Class {
        (self.kind, self.region.clone())
    }

    fn identity(&self) -> &str {
        match self.name.rsplit_once('-') {
            Some((identity, number)) if number.len() < timer::HASH_DIGITS => identity,
            _ => &self.name,
        }
    }
}

impl Tickets {
    /// Reads the names of the running timers.
    #[must_use]
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut tickets = Self::default();
        for name in names {
            if let Some(ticket) = Ticket::parse(name) {
                tickets.add(ticket);
            } else if let Some(account) = timer::account(COPYING, name) {
                *tickets.copying.entry(account).or_default() += 1;
            }
        }
        tickets
    }

    /// Adds a ticket.
    pub fn add(&mut self, ticket: Ticket) {
        if self.identities.insert(ticket.identity().to_owned()) {
            *self.classes.entry(ticket.class()).or_default() += 1;
            let of_account = self.waiting.entry((ticket.urgency, ticket.account.clone())).or_default();
            of_account.insert((ticket.taken, ticket.name.clone()), ticket);
        }
    }

    /// The number of tickets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.identities.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.identities.is_empty()
    }

    /// Whether the snapshot of this identity waits.
    #[must_use]
    pub fn has(&self, identity: &str) -> bool {
        self.identities.contains(identity)
    }

    /// Whether snapshots of this class wait.
    #[must_use]
    pub fn has_class(&self, class: &Class) -> bool {
        self.classes.get(class).is_some_and(|waiting| *waiting > 0)
    }

    /// The number of tickets of an account.
    #[must_use]
    pub fn of_account(&self, account: &AccountId) -> usize {
        let of_account = self.waiting.iter().filter(|((_, of), _)| of == account);
        of_account.map(|(_, tickets)| tickets.len()).sum()
    }

    /// When the oldest snapshot was taken that waits.
    #[must_use]
    pub fn oldest(&self) -> Option<DateTime<Utc>> {
        self.waiting.values().filter_map(|tickets| tickets.keys().next()).map(|(taken, _)| *taken).min()
    }

    /// Takes out the next one whose class is not full: accounts take turns, so that no account takes another's share (invariant 14).
    /// Next is the account with the fewest copies in progress, and its oldest snapshot.
    pub fn take_next(&mut self, full: &BTreeSet<Class>) -> Option<Ticket> {
        let copying = |account: &AccountId| self.copying.get(account).copied().unwrap_or_default();
        let candidates = self.waiting.iter().filter_map(|((urgency, account), tickets)| {
            let ticket = tickets.values().find(|ticket| !full.contains(&ticket.class()))?;
            Some((*urgency, copying(account), ticket.taken, ticket))
        });
        let next =
            candidates.min_by_key(|(urgency, copying, taken, ticket)| (*urgency, *copying, *taken, &ticket.name))?;
        let next = next.3.clone();
        self.identities.remove(next.identity());
        if let Some(waiting) = self.classes.get_mut(&next.class()) {
            *waiting -= 1;
        }
        let key = (next.urgency, next.account.clone());
        let of_account = self.waiting.get_mut(&key)?;
        of_account.remove(&(next.taken, next.name.clone()));
        if of_account.is_empty() {
            self.waiting.remove(&key);
        }
        Some(next)
    }

    /// Counts a copy of an account that was started.
    pub fn started(&mut self, account: &AccountId) {
        *self.copying.entry(account.clone()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests;
