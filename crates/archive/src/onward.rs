//! Which copies of DR's first region go on to its second one, and in which order.
//!
//! Copies that arrived in the first region since the second one exists always go on, oldest first. Older ones are the backfill:
//! - a database that has nothing in the second region gets its newest copy, also if the budget is used up;
//! - of the others, the newest are selected until the budget is used up. They follow oldest first, because the floor of the second
//!   region goes by arrival there: of a day or a week it keeps the copy that arrived last. With a budget of 0, none of them goes on.
//!   Copies of snapshots from before the second region count towards the budget, also if they were deleted there since: a deletion must
//!   not start another copy.
//!
//! Old and new is decided by arrival, which a source account does not choose: it could use up the budget otherwise.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use protocol::event::Position;
use protocol::{DatabaseArn, Origin, SnapshotArn};

use crate::{Copy, History};

/// What the second region gets of the copies that were there before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backfill {
    /// When the second region was added.
    pub since: DateTime<Utc>,
    /// The size in GiB of the older copies that it gets. With 0, it gets none.
    pub gib: u64,
}

/// How long a copy may take to the second region before the database is reported.
const MAX_DELAY: TimeDelta = TimeDelta::days(2);

/// A complete copy in the first region that came directly from a source and is not in the second region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its source.
    pub origin: Origin,
    /// The copy.
    pub copy: SnapshotArn,
    /// When it arrived in the first region.
    pub arrived: DateTime<Utc>,
    /// Its size in GiB, [assumed](protocol::Snapshot::counted_gib) if AWS does not describe it.
    pub gib: u32,
}

/// What the second region has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// The databases of which it has copies, complete or in progress.
    pub databases: BTreeSet<DatabaseArn>,
    /// The size in GiB of the older copies that it has or had.
    pub used: u64,
    /// Of databases of which it has nothing any more: the newest copy that it had. It gets that again.
    pub gone: Vec<Pending>,
}

const RECENT: u8 = 0;
const NEWEST_OF_DATABASE: u8 = 1;
const OLDER: u8 = 2;

/// The copies that go on, each with its position, in their order.
#[must_use]
pub fn plan(pending: Vec<Pending>, second: &Second, backfill: Backfill) -> Vec<(Position, Pending)> {
    let gone: BTreeSet<&SnapshotArn> = second.gone.iter().map(|gone| &gone.copy).collect();
    let pending: Vec<_> = pending.into_iter().chain(second.gone.iter().cloned()).collect();
    let mut newest: BTreeMap<&DatabaseArn, (DateTime<Utc>, &SnapshotArn)> = BTreeMap::new();
    for Pending { origin, copy, arrived, .. } in &pending {
        let last = newest.entry(&origin.database).or_insert((*arrived, copy));
        *last = (*last).max((*arrived, copy));
    }
    let newest = newest.into_iter().filter(|(database, _)| !second.databases.contains(*database));
    let newest: BTreeSet<SnapshotArn> = newest.map(|(_, (_, copy))| copy.clone()).collect();
    let pending: Vec<_> =
        pending.into_iter().filter(|one| !gone.contains(&one.copy) || newest.contains(&one.copy)).collect();
    let group = |pending: &Pending| match pending {
        Pending { copy, .. } if gone.contains(copy) => NEWEST_OF_DATABASE,
        Pending { arrived, .. } if *arrived >= backfill.since => RECENT,
        Pending { copy, .. } if newest.contains(copy) => NEWEST_OF_DATABASE,
        _ => OLDER,
    };
    let position = |pending: &Pending| {
        let (group, arrived) = (group(pending), pending.arrived.timestamp());
        let rank = if group == RECENT { arrived } else { -arrived };
        Position { group, rank, copy: pending.copy.to_string() }
    };
    let mut planned: Vec<_> = pending.into_iter().map(|pending| (position(&pending), pending)).collect();
    // The selection: newest first.
    planned.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut used = second.used;
    let mut is_within = |group: u8, gib: u32| {
        if group == RECENT {
            return true;
        }
        used = used.saturating_add(gib.into());
        group == NEWEST_OF_DATABASE || (backfill.gib > 0 && used <= backfill.gib)
    };
    planned.retain(|(position, pending)| is_within(position.group, pending.gib));
    // The order of all databases: by time, so that none waits for all copies of another.
    for (position, pending) in &mut planned {
        if position.group == OLDER {
            position.rank = pending.arrived.timestamp();
        }
    }
    planned.sort_by(|(one, _), (other, _)| one.cmp(other));
    planned
}

/// The oldest copy for which the second region is late: it arrived more than two days ago, and no copy of the database that
/// arrived since is there. Copies from before the second region have later ones there.
#[must_use]
pub fn late(history: &History, now: DateTime<Utc>) -> Option<&Copy> {
    let there = history.copies.iter().filter(|copy| !copy.is_second_pending).map(|copy| copy.arrived).max();
    let is_late = |copy: &&Copy| copy.is_second_pending && Some(copy.arrived) > there && now - copy.arrived > MAX_DELAY;
    history.copies.iter().filter(is_late).min_by_key(|copy| copy.arrived)
}
