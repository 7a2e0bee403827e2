//! A plan: for each snapshot, keep or delete, and the reasons.

use std::cmp::Reverse;
use std::fmt;

use chrono::{DateTime, Utc};

use crate::lifecycle::Lifecycle;
use crate::reason::Reason;
use crate::rule::{Rule, Standing, Walk};

/// What a plan has to know of a snapshot. Of two taken at the same time, the one whose identifier sorts later counts as
/// the newer. Identifiers are unique: entries that are the same in both are one snapshot.
pub trait Snapshot {
    /// What the snapshot is called.
    fn id(&self) -> &str;
    /// When the database was as the snapshot has it.
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

/// Says what the lifecycle does to the snapshots of one database. They may come in any order.
///
/// Whatever the rules say, the newest snapshot is kept (invariant 7).
#[must_use]
pub fn plan<'a, S: Snapshot>(lifecycle: &'a Lifecycle, snapshots: &'a [S]) -> Plan<'a, S> {
    let newest_first = newest_first(snapshots);
    let rules = lifecycle.rules();
    let mut standings = Vec::with_capacity(newest_first.len() * rules.len());
    if let Some(newest) = newest_first.first() {
        let newest = snapshots[*newest].taken();
        let mut walks: Vec<Walk> = rules.iter().map(|rule| Walk::from_newest(*rule, newest)).collect();
        // The times are read a block ahead of the walks: in a row by themselves, those reads wait for memory together.
        let mut block = Vec::with_capacity(BLOCK);
        for places in newest_first.chunks(BLOCK) {
            block.clear();
            block.extend(places.iter().map(|place| snapshots[*place].taken()));
            for taken in &block {
                standings.extend(walks.iter_mut().map(|walk| walk.meet(*taken)));
            }
        }
    }
    Plan { lifecycle, snapshots, newest_first, standings }
}

const BLOCK: usize = 1024;

/// The places of the snapshots in the list, newest first, each snapshot once.
///
/// A sort that reads the snapshots themselves spends most of its time waiting for memory. So each becomes one number: in
/// front how many seconds before the newest it was taken, in as many bits as its place leaves free; behind, its place.
/// Only where the fronts are equal (the same second, in any history that is not absurdly long) are the snapshots
/// themselves compared.
fn newest_first<S: Snapshot>(snapshots: &[S]) -> Vec<usize> {
    let seconds = || snapshots.iter().map(|snapshot| snapshot.taken().timestamp());
    let (Some(first), Some(last)) = (seconds().min(), seconds().max()) else { return Vec::new() };
    let place_bits = bits(snapshots.len() as u64);
    let dropped = (place_bits + bits(last.abs_diff(first))).saturating_sub(u64::BITS);
    let place_of = |key: u64| (key & ((1 << place_bits) - 1)) as usize;

    let mut keys: Vec<u64> = seconds()
        .enumerate()
        .map(|(place, taken)| ((last.abs_diff(taken) >> dropped) << place_bits) + place as u64)
        .collect();
    keys.sort_unstable();
    for alike in keys.chunk_by_mut(|a, b| a >> place_bits == b >> place_bits) {
        alike.sort_unstable_by_key(|key| Reverse(age(&snapshots[place_of(*key)])));
    }
    keys.dedup_by(|a, b| {
        *a >> place_bits == *b >> place_bits && age(&snapshots[place_of(*a)]) == age(&snapshots[place_of(*b)])
    });
    keys.into_iter().map(place_of).collect()
}

/// How many bits a number needs.
fn bits(number: u64) -> u32 {
    u64::BITS - number.leading_zeros()
}

/// What makes one snapshot newer than another.
fn age<S: Snapshot>(snapshot: &S) -> (DateTime<Utc>, &str) {
    (snapshot.taken(), snapshot.id())
}

/// What a lifecycle says about the snapshots of one database.
#[derive(Clone, Debug)]
pub struct Plan<'a, S> {
    lifecycle: &'a Lifecycle,
    snapshots: &'a [S],
    newest_first: Vec<usize>,
    /// What each rule sees of the first snapshot, then of the second, and so on.
    standings: Vec<Standing>,
}

impl<'a, S> Plan<'a, S> {
    /// The lifecycle that was asked.
    #[must_use]
    pub fn lifecycle(&self) -> &'a Lifecycle {
        self.lifecycle
    }

    /// What it says about each snapshot, newest first.
    pub fn verdicts(&self) -> impl DoubleEndedIterator<Item = Verdict<'_, S>> + ExactSizeIterator {
        let rules = self.lifecycle.rules();
        self.newest_first.iter().enumerate().map(move |(nth, place)| {
            let standings = &self.standings[nth * rules.len()..][..rules.len()];
            let held = rules.iter().zip(standings).any(|(rule, standing)| rule.holds(*standing));
            let floor = if held { None } else { self.lifecycle.floor(nth == 0) };
            Verdict { snapshot: &self.snapshots[*place], keep: held || floor.is_some(), floor, rules, standings }
        })
    }
}

/// What a lifecycle says about one snapshot. It is written `keep: …` or `delete: …` with the reasons.
#[derive(Clone, Copy, Debug)]
pub struct Verdict<'a, S> {
    /// The snapshot.
    pub snapshot: &'a S,
    /// Whether it is kept.
    pub keep: bool,
    /// Why it is kept though no rule holds it.
    floor: Option<Reason<'a>>,
    rules: &'a [Rule],
    standings: &'a [Standing],
}

impl<'a, S> Verdict<'a, S> {
    /// Of a snapshot that is kept, every rule that holds it; of one that goes, what it would have needed under each.
    pub fn reasons(&self) -> impl Iterator<Item = Reason<'a>> + use<'a, S> {
        let Self { keep, floor, rules, standings, .. } = *self;
        let told = rules.iter().zip(standings).filter(move |(rule, standing)| rule.holds(**standing) == keep);
        floor.into_iter().chain(told.map(|(rule, standing)| rule.reason(*standing)))
    }
}

impl<S> fmt::Display for Verdict<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.keep { "keep" } else { "delete" })?;
        for (place, reason) in self.reasons().enumerate() {
            write!(f, "{} {reason}", if place == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}
