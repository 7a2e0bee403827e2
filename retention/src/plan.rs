//! A plan: a verdict for each snapshot, keep or delete, with the reasons.

use std::cmp::Reverse;
use std::fmt;

use chrono::{DateTime, Utc};

use crate::lifecycle::Lifecycle;
use crate::reason::Reason;
use crate::rule::{Rank, Ranker, Rule};

/// The properties of a snapshot that a plan reads. Of two snapshots taken at the same time, the one whose identifier
/// sorts later counts as the newer. Identifiers are unique: two entries with the same identifier and time are one
/// snapshot.
pub trait Snapshot {
    /// The identifier.
    fn id(&self) -> &str;
    /// The time whose data the snapshot has. For a copy it is the time of the source snapshot.
    fn taken(&self) -> DateTime<Utc>;
}

impl Snapshot for (&str, DateTime<Utc>) {
    fn id(&self) -> &str {
        self.0
    }

    fn taken(&self) -> DateTime<Utc> {
        self.1
    }
}

/// Plans the snapshots of one database, given in any order.
///
/// The newest snapshot is kept under every lifecycle (invariant 7).
#[must_use]
pub fn plan<'a, S: Snapshot>(lifecycle: &'a Lifecycle, snapshots: &'a [S]) -> Plan<'a, S> {
    let newest_first = newest_first(snapshots);
    let rules = lifecycle.rules();
    let mut ranks = Vec::with_capacity(newest_first.len() * rules.len());
    if let Some(newest) = newest_first.first() {
        let newest = snapshots[*newest].taken();
        let mut rankers: Vec<Ranker> = rules.iter().map(|rule| Ranker::new(*rule, newest)).collect();
        // The times of a block are read before they are ranked, so that the memory accesses overlap.
        let mut block = Vec::with_capacity(BLOCK);
        for block_indexes in newest_first.chunks(BLOCK) {
            block.clear();
            block.extend(block_indexes.iter().map(|index| snapshots[*index].taken()));
            for taken in &block {
                ranks.extend(rankers.iter_mut().map(|ranker| ranker.rank(*taken)));
            }
        }
    }
    Plan { lifecycle, snapshots, newest_first, ranks }
}

const BLOCK: usize = 1024;

/// The indexes of the snapshots, newest first, each snapshot once.
///
/// Sorting by the snapshots themselves spends most of its time waiting for memory. So each snapshot becomes one number.
/// The high bits are its age in seconds, relative to the newest; the low bits are its index. The snapshots themselves are
/// compared only where the high bits are equal: the same second, or a few seconds in a history of millions of snapshots
/// over hundreds of thousands of years.
fn newest_first<S: Snapshot>(snapshots: &[S]) -> Vec<usize> {
    let seconds = || snapshots.iter().map(|snapshot| snapshot.taken().timestamp());
    let (Some(first), Some(last)) = (seconds().min(), seconds().max()) else { return Vec::new() };
    let index_bits = bits(snapshots.len() as u64);
    let dropped = (index_bits + bits(last.abs_diff(first))).saturating_sub(u64::BITS);
    let index_of = |key: u64| (key & ((1 << index_bits) - 1)) as usize;

    let mut keys: Vec<u64> = seconds()
        .enumerate()
        .map(|(index, taken)| ((last.abs_diff(taken) >> dropped) << index_bits) + index as u64)
        .collect();
    keys.sort_unstable();
    for alike in keys.chunk_by_mut(|a, b| a >> index_bits == b >> index_bits) {
        alike.sort_unstable_by_key(|key| Reverse(age(&snapshots[index_of(*key)])));
    }
    keys.dedup_by(|a, b| {
        *a >> index_bits == *b >> index_bits && age(&snapshots[index_of(*a)]) == age(&snapshots[index_of(*b)])
    });
    keys.into_iter().map(index_of).collect()
}

/// The number of bits that represent this number.
fn bits(number: u64) -> u32 {
    u64::BITS - number.leading_zeros()
}

/// The sort key: a greater one is newer.
fn age<S: Snapshot>(snapshot: &S) -> (DateTime<Utc>, &str) {
    (snapshot.taken(), snapshot.id())
}

/// The verdicts of a lifecycle on the snapshots of one database.
#[derive(Clone, Debug)]
pub struct Plan<'a, S> {
    lifecycle: &'a Lifecycle,
    snapshots: &'a [S],
    newest_first: Vec<usize>,
    /// The rank of the newest snapshot under each rule, then of the second newest, and so on.
    ranks: Vec<Rank>,
}

impl<'a, S> Plan<'a, S> {
    /// The lifecycle that was applied.
    #[must_use]
    pub fn lifecycle(&self) -> &'a Lifecycle {
        self.lifecycle
    }

    /// The verdict on each snapshot, newest first.
    pub fn verdicts(&self) -> impl DoubleEndedIterator<Item = Verdict<'_, S>> + ExactSizeIterator {
        let rules = self.lifecycle.rules();
        self.newest_first.iter().enumerate().map(move |(nth, index)| {
            let ranks = &self.ranks[nth * rules.len()..][..rules.len()];
            let kept = rules.iter().zip(ranks).any(|(rule, rank)| rule.keeps(*rank));
            let floor = if kept { None } else { self.lifecycle.floor(nth == 0) };
            Verdict { snapshot: &self.snapshots[*index], keep: kept || floor.is_some(), floor, rules, ranks }
        })
    }
}

/// The verdict on one snapshot. `Display` writes `keep: …` or `delete: …` with the reasons.
#[derive(Clone, Copy, Debug)]
pub struct Verdict<'a, S> {
    /// The snapshot.
    pub snapshot: &'a S,
    /// Whether it is kept.
    pub keep: bool,
    /// Why it is kept although no rule keeps it.
    floor: Option<Reason<'a>>,
    rules: &'a [Rule],
    ranks: &'a [Rank],
}

impl<'a, S> Verdict<'a, S> {
    /// If the snapshot is kept, every rule that keeps it. If it is deleted, why each rule does not keep it.
    pub fn reasons(&self) -> impl Iterator<Item = Reason<'a>> + use<'a, S> {
        let Self { keep, floor, rules, ranks, .. } = *self;
        let agreeing = rules.iter().zip(ranks).filter(move |(rule, rank)| rule.keeps(**rank) == keep);
        floor.into_iter().chain(agreeing.map(|(rule, rank)| rule.reason(*rank)))
    }
}

impl<S> fmt::Display for Verdict<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A reason for a deletion can have a comma itself.
        let (verdict, separator) = if self.keep { ("keep", ",") } else { ("delete", ";") };
        f.write_str(verdict)?;
        for (nth, reason) in self.reasons().enumerate() {
            write!(f, "{} {reason}", if nth == 0 { ":" } else { separator })?;
        }
        Ok(())
    }
}
