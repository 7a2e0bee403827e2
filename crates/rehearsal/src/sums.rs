//! What came of it all, in numbers.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use protocol::{Kind, Snapshot};
use serde::Serialize;
use sim::Settings;
use sim::bill::Bill;
use sim::journal::Event;

use crate::invariants::{calls, is_delete, lost};
use crate::{Ledger, Rehearsal};

/// What came of it all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sums {
    /// Snapshots that were taken of databases.
    pub snapshots: usize,
    /// Those of them that Draco was to copy.
    pub eligible: usize,
    /// Those of these that have, or had, a copy in DR.
    pub copied: usize,
    /// Those that have neither a copy nor an alarm.
    pub lost: usize,
    /// Transit copies that are there at the end.
    pub transit_left: usize,
    /// Copies that the lifecycle has deleted.
    pub deleted: usize,
    /// Copies that it would have deleted.
    pub would_delete: usize,
    /// AWS calls that Draco made for a copied snapshot. What the sweeps list comes on top: two pages an hour in each
    /// account, however little there is to do.
    pub calls_per_snapshot: f64,
    /// What running Draco cost for a copied snapshot: functions, transitions, messages, requests. Storage and keys come on
    /// top.
    pub dollars_per_snapshot: f64,
    /// Seconds from the source's being available to the copy's, less the time that the two copyings took.
    pub overhead_seconds: Overhead,
}

/// How an overhead is distributed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Overhead {
    /// As many took less as took more.
    pub median: f64,
    /// One of a hundred took longer.
    pub p99: f64,
}

impl Sums {
    /// Adds up what the ledger, the journal and the bill tell.
    #[must_use]
    pub fn of(rehearsal: &Rehearsal, ledger: &Ledger) -> Self {
        let dr = rehearsal.cast().dr();
        let eligible: Vec<_> = ledger.sources.values().filter(|taken| taken.is_eligible()).collect();
        let copied: Vec<_> = eligible.iter().filter(|taken| ledger.copy_of(taken, &dr).is_some()).collect();
        let would_delete = rehearsal.logs().read(|lines| {
            let copies = lines.iter().filter(|line| line.text("step") == "would_delete").map(|line| line.text("copy"));
            copies.collect::<BTreeSet<_>>().len()
        });
        let (begun, settings) = (copies_begun(rehearsal), rehearsal.world().settings());
        let mut overheads: Vec<f64> = copied
            .iter()
            .filter_map(|taken| {
                let begun = begun.get(taken.origin.copy(&dr).id())?;
                let copying = copying_time(&taken.snapshot, &settings);
                let available = taken.snapshot.created? + copying;
                Some((*begun - available - copying).num_milliseconds() as f64 / 1000.0)
            })
            .collect();
        let a_snapshot = |sum: f64| if copied.is_empty() { 0.0 } else { sum / copied.len() as f64 };
        Self {
            snapshots: ledger.sources.len(),
            eligible: eligible.len(),
            copied: copied.len(),
            lost: lost(rehearsal, ledger).len(),
            transit_left: ledger.transits.len(),
            deleted: calls(rehearsal, "draco-consumer", is_delete).len(),
            would_delete,
            calls_per_snapshot: a_snapshot(calls_for_snapshots(rehearsal) as f64),
            dollars_per_snapshot: a_snapshot(running_cost(&rehearsal.world().bill())),
            overhead_seconds: Overhead::of(&mut overheads),
        }
    }
}

impl Overhead {
    fn of(seconds: &mut [f64]) -> Self {
        seconds.sort_by(f64::total_cmp);
        let at = |share: usize| seconds.get((seconds.len() * share / 100).min(seconds.len().saturating_sub(1)));
        Self { median: at(50).copied().unwrap_or_default(), p99: at(99).copied().unwrap_or_default() }
    }
}

/// How long it takes to take or copy as much as this holds. Of Aurora clusters AWS does not tell how much that is.
fn copying_time(snapshot: &Snapshot, settings: &Settings) -> TimeDelta {
    let gib = match snapshot.arn.kind {
        Kind::Instance => snapshot.gib,
        Kind::Cluster => settings.cluster_gib,
    };
    TimeDelta::milliseconds(i64::from(gib) * 60_000 / i64::from(settings.copy_gib_per_minute.max(1)))
}

/// When each copy in DR was begun, by identifier.
fn copies_begun(rehearsal: &Rehearsal) -> BTreeMap<String, DateTime<Utc>> {
    let consumer = rehearsal.cast().role("draco-consumer");
    rehearsal.world().journal(|journal| {
        let calls = journal.entries().iter().filter_map(|entry| match &entry.event {
            Event::Call { role: Some(role), operation, resource: Some(resource), error: None, .. }
                if *role == consumer && operation.starts_with("CopyDB") =>
            {
                Some((resource.clone(), entry.at))
            }
            _ => None,
        });
        calls.collect()
    })
}

/// How many calls Draco's functions made that are about something.
fn calls_for_snapshots(rehearsal: &Rehearsal) -> usize {
    rehearsal.world().journal(|journal| {
        let is_one = |event: &Event| {
            matches!(event, Event::Call { role: Some(role), resource: Some(_), .. } if role.starts_with("draco-"))
        };
        journal.entries().iter().filter(|entry| is_one(&entry.event)).count()
    })
}

/// What the bill says of everything but storage and keys.
fn running_cost(bill: &Bill) -> f64 {
    let is_kept = |what: &str| what.ends_with("storage") || what.ends_with("keys");
    bill.lines.iter().filter(|line| !is_kept(line.item)).map(|line| line.dollars).sum()
}
