//! Which copies have expired.
//!
//! A copy has expired only if each of these lets it go:
//! - **every lifecycle in force**: each one that a copy names which arrived in the [`DELAY`] before the newest arrival. So a
//!   lifecycle that keeps less takes effect [`DELAY`] after the last copy that names the old one, and one that keeps more takes
//!   effect at once. DR's owner can accept a lifecycle sooner (`Draco_Accepted`): the names of older copies then do not count.
//!   A copy of a snapshot that was old when it was copied ([`Copy::is_late`]) displaces no other: the lifecycle must let the others
//!   go without it, too.
//! - **the floor**, which goes by arrival.
//! - it is not the last copy that names a lifecycle in force, because without it the lifecycle would no longer be in force.
//! - it is not the newest (invariant 7).
//!
//! Later copies cannot change two things. For `DELAY` after a database's last good copy, a copy is deleted only if the lifecycle of
//! the good copies does not keep it. For the days that the floor guarantees (`retention`'s `guarantee`), there is a good copy.
//! `tests/history/attacks.rs` proves both over adversarial histories (invariants 10 and 17).

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use retention::{Lifecycle, Lifecycles};

use crate::{Copy, History};

/// How long the lifecycle of a copy stays in force after its arrival.
pub const DELAY: TimeDelta = TimeDelta::days(35);

/// A copy that nothing keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired<'h> {
    /// The copy.
    pub copy: &'h Copy,
    /// Each lifecycle in force, and why its rules do not keep the copy.
    pub why: String,
}

/// The expired copies of a database, oldest first.
#[must_use]
pub fn expired<'h>(history: &'h History, known: &Lifecycles, floor: &Lifecycle) -> Vec<Expired<'h>> {
    let in_force = in_force(history, known);
    if in_force.iter().any(|lifecycle| lifecycle.rules().is_empty()) {
        return Vec::new();
    }
    let witnesses = witnesses(history, known);
    let by_planned = entries(history, |copy| copy.planned);
    let kept_by_floor = plan(&entries(history, |copy| copy.arrived), floor);
    let plans: Vec<Verdicts> = in_force.iter().map(|lifecycle| plan_late(history, &by_planned, lifecycle)).collect();
    let mut expired: Vec<_> = history
        .copies
        .iter()
        .enumerate()
        .filter(|(nth, _)| kept_by_floor[*nth].is_err() && !witnesses.contains(nth))
        .filter_map(|(nth, copy)| {
            let whys: Option<Vec<String>> = plans
                .iter()
                .zip(&in_force)
                .map(|(plan, lifecycle)| Some(format!("{}: {}", lifecycle.name(), plan[nth].as_ref().err()?)))
                .collect();
            let whys = whys.filter(|whys| !whys.is_empty())?;
            Some(Expired { copy, why: whys.join(" | ") })
        })
        .collect();
    expired.sort_by_key(|expired| (expired.copy.planned, expired.copy.source.clone()));
    expired
}

/// The lifecycles in force: each differs from the others. A copy without the tag has [`Lifecycle::None`], which keeps every copy.
#[must_use]
pub fn in_force(history: &History, known: &Lifecycles) -> Vec<Lifecycle> {
    let names: BTreeSet<Option<&str>> = counted(history).map(|(_, copy)| copy.lifecycle.as_deref()).collect();
    let mut lifecycles: Vec<Lifecycle> = Vec::new();
    for name in names {
        let lifecycle = lifecycle(name, known);
        if !lifecycles.contains(&lifecycle) {
            lifecycles.push(lifecycle);
        }
    }
    lifecycles
}

/// The lifecycle that a copy with this tag names.
#[must_use]
pub fn lifecycle(name: Option<&str>, known: &Lifecycles) -> Lifecycle {
    name.map_or(Lifecycle::None, |name| known.named(name))
}

/// The copies whose lifecycles are in force, with their indexes.
fn counted(history: &History) -> impl Iterator<Item = (usize, &Copy)> {
    let newest = history.newest().map(|copy| copy.arrived);
    let accepted = history.copies.iter().filter(|copy| copy.mark.is_accepted).map(|copy| copy.arrived).max();
    let is_counted = move |copy: &Copy| {
        newest.is_some_and(|newest| copy.arrived >= newest - DELAY) && Some(copy.arrived) >= accepted
    };
    history.copies.iter().enumerate().filter(move |(_, copy)| is_counted(copy))
}

/// The last copy that names each lifecycle in force.
fn witnesses(history: &History, known: &Lifecycles) -> BTreeSet<usize> {
    let mut last: Vec<(Lifecycle, (DateTime<Utc>, usize))> = Vec::new();
    for (nth, copy) in counted(history) {
        let (lifecycle, own) = (lifecycle(copy.lifecycle.as_deref(), known), (copy.arrived, nth));
        match last.iter_mut().find(|(other, _)| *other == lifecycle) {
            Some((_, latest)) => *latest = own.max(*latest),
            None => last.push((lifecycle, own)),
        }
    }
    last.into_iter().map(|(_, (_, nth))| nth).collect()
}

/// A copy in a plan. Two copies of one source are never planned apart: the plan sees one of them, and the other is kept.
#[derive(Clone, Copy)]
struct Entry<'h> {
    nth: usize,
    source: &'h str,
    time: DateTime<Utc>,
}

impl retention::Snapshot for Entry<'_> {
    fn id(&self) -> &str {
        self.source
    }

    fn taken(&self) -> DateTime<Utc> {
        self.time
    }
}

fn entries(history: &History, time: impl Fn(&Copy) -> DateTime<Utc>) -> Vec<Entry<'_>> {
    let copies = history.copies.iter().enumerate();
    copies.map(|(nth, copy)| Entry { nth, source: &copy.source, time: time(copy) }).collect()
}

/// For each copy, `Ok` if the plan keeps it, or why it does not.
type Verdicts = Vec<Result<(), String>>;

/// The plan, in which late copies displace no other.
fn plan_late(history: &History, entries: &[Entry<'_>], lifecycle: &Lifecycle) -> Verdicts {
    let mut verdicts = plan(entries, lifecycle);
    let is_late = |nth: usize| history.copies[nth].is_late;
    let timely: Vec<Entry<'_>> = entries.iter().filter(|entry| !is_late(entry.nth)).copied().collect();
    if timely.len() < entries.len() {
        let mut expired = vec![false; entries.len()];
        let plan = retention::plan(lifecycle, &timely);
        plan.verdicts().for_each(|verdict| expired[verdict.snapshot.nth] = !verdict.keep);
        for (nth, verdict) in verdicts.iter_mut().enumerate().filter(|(nth, _)| !is_late(*nth)) {
            if !expired[nth] {
                *verdict = Ok(());
            }
        }
    }
    verdicts
}

fn plan(entries: &[Entry<'_>], lifecycle: &Lifecycle) -> Verdicts {
    let mut verdicts = vec![Ok(()); entries.len()];
    for verdict in retention::plan(lifecycle, entries).verdicts().filter(|verdict| !verdict.keep) {
        verdicts[verdict.snapshot.nth] = Err(verdict.to_string());
    }
    verdicts
}
