//! The queue of snapshots whose copies AWS does not start now, because as many copies from another region are in progress as it
//! allows.
//!
//! A waiting snapshot is a ticket: a running execution of the timer's state machine. It only holds the announcement. Its name tells
//! everything that the order depends on, so that one list of the running executions is the queue.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime, Utc};
use protocol::{AccountId, Announcement, Kind, Region};

use crate::timer::{self, RunningTimer};
use crate::wait::COPYING;

/// The purpose with which the names of tickets begin.
const QUEUED: &str = "queued";
/// When the snapshot was taken, for the order of age. With a year of four digits, names of snapshots in the longest possible region would
/// be longer than the 80 characters that Step Functions allows.
const TIME: &str = "%y%m%d%H%M%S";
/// The number of characters of the hour in which a ticket was started.
const HOUR_CHARS: usize = 4;

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
    /// When the ticket was started.
    started: DateTime<Utc>,
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
    /// The number of those that wait.
    counts: BTreeMap<(Urgency, AccountId, Class), usize>,
    /// The turns of each source account.
    turns: BTreeMap<AccountId, Turns>,
}

/// The turns that an account has had. One with fewer comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Turns {
    /// Turns since the list at which no copy was started. They come first in the order: an account whose snapshots cannot be copied
    /// goes behind all others.
    fruitless: usize,
    /// Its copies in progress.
    copies: usize,
}

/// The identity of an announced snapshot in the queue: the beginning of its ticket's name, for each of its starts.
///
/// It covers the source and the snapshot that is copied. It does not cover the tags, nor the time at which the snapshot was taken: the
/// source account chooses them in its announcements, and one snapshot must not wait many times (invariant 14).
#[must_use]
pub fn identity(announcement: &Announcement, urgency: Urgency) -> String {
    let Announcement { origin, transit, tags: _ } = announcement;
    let account = &origin.snapshot.place.account;
    let (urgency, kind) = (urgency as u8, letter(transit.kind));
    let hash = timer::hash(&format!("{} {transit}", origin.snapshot));
    format!("{QUEUED}-{urgency}{kind}-{}-{account}-{hash}", transit.place.region)
}

/// The name of a ticket that is started now: `queued-0i-eu-west-1-111111111111-1fac559f47ddf9af-261121030500-aos4`.
///
/// AWS accepts a name once in ninety days, and a snapshot may wait several times: each time that its copy cannot be started at its turn.
/// So the name ends in the hour.
#[must_use]
pub fn name(announcement: &Announcement, urgency: Urgency, now: DateTime<Utc>) -> String {
    let (mut hour, mut digits) = (now.timestamp() / 3600, Vec::new());
    for _ in 0..HOUR_CHARS {
        digits.push(u32::try_from(hour % 36).ok().and_then(|digit| char::from_digit(digit, 36)).unwrap_or('0'));
        hour /= 36;
    }
    digits.reverse();
    let (identity, taken) = (identity(announcement, urgency), announcement.origin.taken.format(TIME));
    format!("{identity}-{taken}-{}", digits.into_iter().collect::<String>())
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
    /// Parses the name of a timer that was started at this time. `None` if it is another timer.
    #[must_use]
    pub fn parse(name: &str, started: DateTime<Utc>) -> Option<Self> {
        let rest = name.strip_prefix(QUEUED)?.strip_prefix('-')?;
        let (urgency, kind) = match rest.get(..2)? {
            "0i" => (Urgency::Current, Kind::Instance),
            "0c" => (Urgency::Current, Kind::Cluster),
            "1i" => (Urgency::Backfill, Kind::Instance),
            "1c" => (Urgency::Backfill, Kind::Cluster),
            _ => return None,
        };
        let parts: Vec<&str> = rest.get(2..)?.strip_prefix('-')?.split('-').collect();
        let hash = parts.iter().rposition(|part| part.len() == timer::HASH_DIGITS)?;
        let (place, ends) = parts.split_at(hash);
        let [region @ .., account] = place else { return None };
        let taken = NaiveDateTime::parse_from_str(ends.get(1)?, TIME).ok()?.and_utc();
        Some(Self {
            name: name.to_owned(),
            urgency,
            taken,
            kind,
            started,
            region: region.join("-").parse().ok()?,
            account: account.parse().ok()?,
        })
    }

    /// The class of its snapshot.
    #[must_use]
    pub fn class(&self) -> Class {
        (self.kind, self.region.clone())
    }

    /// Without the time at which it was taken, the hour, and the number of its starts in that hour.
    fn identity(&self) -> &str {
        let ends = self.name.rmatch_indices('-').map(|(end, _)| end);
        let whole = std::iter::once(self.name.len()).chain(ends);
        let is_hash =
            |end: &usize| self.name[..*end].rsplit('-').next().is_some_and(|part| part.len() == timer::HASH_DIGITS);
        whole.into_iter().find(is_hash).map_or(&self.name, |end| &self.name[..end])
    }
}

impl Tickets {
    /// Reads the names of the running timers.
    #[must_use]
    pub fn of(timers: &[RunningTimer]) -> Self {
        let mut tickets = Self::default();
        for RunningTimer { name, started } in timers {
            if let Some(ticket) = Ticket::parse(name, *started) {
                tickets.add(ticket);
            } else if let Some(account) = timer::account(COPYING, name) {
                tickets.started(&account);
            }
        }
        tickets
    }

    /// Adds a ticket.
    pub fn add(&mut self, ticket: Ticket) {
        if self.identities.insert(ticket.identity().to_owned()) {
            *self.counts.entry((ticket.urgency, ticket.account.clone(), ticket.class())).or_default() += 1;
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

    /// Whether a snapshot that is announced now waits behind others: behind those of its own account, and behind those of accounts that
    /// had fewer turns. Tickets of an account that had as many turns do not hold it up (invariant 14): if no place is free, AWS
    /// refuses the copy, and the snapshot waits too.
    #[must_use]
    pub fn must_wait(&self, announcement: &Announcement, urgency: Urgency) -> bool {
        let (account, class) = (&announcement.origin.snapshot.place.account, class(announcement));
        let turn = (urgency, self.turns(account));
        let mut others = self.counts.keys().filter(|(.., other)| *other == class);
        others.any(|(urgency, other, _)| other == account || (*urgency, self.turns(other)) < turn)
    }

    /// The number of tickets of an account.
    #[must_use]
    pub fn of_account(&self, account: &AccountId) -> usize {
        self.counts.iter().filter(|((_, of, _), _)| of == account).map(|(_, waiting)| waiting).sum()
    }

    /// Since when the snapshot waits that waits longest. When it was taken tells nothing: it may be old, and for a cluster its source
    /// account chooses the time that it announces.
    #[must_use]
    pub fn since(&self) -> Option<DateTime<Utc>> {
        self.waiting.values().flat_map(BTreeMap::values).map(|ticket| ticket.started).min()
    }

    /// Takes out the next one whose class is not full: accounts take turns, so that no account takes another's share (invariant 14).
    /// Next is the account with the fewest turns, and its oldest snapshot. Among accounts with as many turns, it is the one whose
    /// snapshot waits longest, by AWS's clock. The age of a snapshot has no influence between accounts: a source account can choose it.
    pub fn take_next(&mut self, full: &BTreeSet<Class>) -> Option<Ticket> {
        let candidates = self.waiting.iter().filter_map(|((urgency, account), tickets)| {
            let ticket = tickets.values().find(|ticket| !full.contains(&ticket.class()))?;
            Some(((*urgency, self.turns(account), ticket.started, account), ticket))
        });
        let (_, next) = candidates.min_by_key(|(order, _)| *order)?;
        let next = next.clone();
        self.identities.remove(next.identity());
        let count = (next.urgency, next.account.clone(), next.class());
        if let Some(waiting) = self.counts.get_mut(&count) {
            *waiting -= 1;
            if *waiting == 0 {
                self.counts.remove(&count);
            }
        }
        let key = (next.urgency, next.account.clone());
        let of_account = self.waiting.get_mut(&key)?;
        of_account.remove(&(next.taken, next.name.clone()));
        if of_account.is_empty() {
            self.waiting.remove(&key);
        }
        Some(next)
    }

    fn turns(&self, account: &AccountId) -> Turns {
        self.turns.get(account).copied().unwrap_or_default()
    }

    /// Counts a copy of an account that was started.
    pub fn started(&mut self, account: &AccountId) {
        self.turns.entry(account.clone()).or_default().copies += 1;
    }

    /// Counts a ticket of an account that did not become a copy at its turn.
    pub fn was_fruitless(&mut self, account: &AccountId) {
        self.turns.entry(account.clone()).or_default().fruitless += 1;
    }
}

#[cfg(test)]
mod tests;
