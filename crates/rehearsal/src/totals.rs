//! The results of a run in numbers.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use protocol::{Kind, Place, Snapshot};
use serde::Serialize;
use sim::Settings;
use sim::bill::Bill;
use sim::journal::Event;

use crate::invariants::{calls, copy_kind, delete_kind, lost};
use crate::{Ledger, Rehearsal};

/// The results of a run in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Totals {
    /// Source snapshots.
    pub snapshots: usize,
    /// Source snapshots that Draco must copy.
    pub eligible: usize,
    /// Eligible snapshots that have, or had, a copy in DR.
    pub copied: usize,
    /// Eligible snapshots that have, or had, a copy in the second region, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copied_onward: Option<usize>,
    /// Eligible snapshots that have neither a copy nor an alarm.
    pub lost: usize,
    /// Transit copies that exist at the end.
    pub transit_left: usize,
    /// Copies that were deleted by their lifecycle.
    pub deleted: usize,
    /// Copies that would have been deleted without the dry run.
    pub would_delete: usize,
    /// AWS calls of Draco per copied snapshot. The lists of the sweeps are not included: two pages an hour in each account,
    /// also when there is no work.
    pub calls_per_snapshot: Option<f64>,
    /// The cost of Draco per copied snapshot: functions, transitions, messages and requests, without storage and keys.
    pub dollars_per_snapshot: Option<f64>,
    /// Seconds between the moments at which a source and its copy are available, without the duration of the two copies.
    pub overhead_seconds: Option<Overhead>,
}

/// The distribution of the overhead.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Overhead {
    /// The median.
    pub median: f64,
    /// The 99th percentile.
    pub p99: f64,
}

impl Totals {
    /// The totals of the ledger, the journal and the bill.
    #[must_use]
    pub fn of(rehearsal: &Rehearsal, ledger: &Ledger) -> Self {
        let dr = rehearsal.setup().dr();
        let eligible: Vec<_> = ledger.sources.values().filter(|source| source.is_protected()).collect();
        let copied: Vec<_> = eligible.iter().filter(|source| ledger.copy_of(source, &dr).is_some()).collect();
        let is_onward =
            |second: &Place| eligible.iter().filter(|source| ledger.copy_of(source, second).is_some()).count();
        let would_delete = rehearsal.logs().read(|lines| {
            let copies = lines.iter().filter(|line| line.text("step") == "would_delete").map(|line| line.text("copy"));
            copies.collect::<BTreeSet<_>>().len()
        });
        let (starts, settings) = (copy_starts(rehearsal), rehearsal.world().settings());
        let overheads: Vec<f64> = copied
            .iter()
            .filter_map(|source| {
                let started = starts.get(source.origin.copy(&dr).id())?;
                let copying = copy_duration(&source.snapshot, &settings);
                let transit_available = source.snapshot.created? + copying * 2;
                Some((*started - transit_available).num_milliseconds() as f64 / 1000.0)
            })
            .collect();
        let per_copy = |sum: f64| (!copied.is_empty()).then(|| sum / copied.len() as f64);
        Self {
            snapshots: ledger.sources.len(),
            eligible: eligible.len(),
            copied: copied.len(),
            copied_onward: rehearsal.setup().second().as_ref().map(is_onward),
            lost: lost(rehearsal, ledger).len(),
            transit_left: ledger.transits.len(),
            deleted: calls(rehearsal, "draco-keeper", delete_kind).len(),
            would_delete,
            calls_per_snapshot: per_copy(calls_for_snapshots(rehearsal) as f64),
            dollars_per_snapshot: per_copy(running_cost(&rehearsal.world().bill())),
            overhead_seconds: Overhead::of(overheads),
        }
    }
}

impl Overhead {
    fn of(mut seconds: Vec<f64>) -> Option<Self> {
        seconds.sort_by(f64::total_cmp);
        let last = seconds.len().checked_sub(1)?;
        let at = |percent: usize| seconds.get((seconds.len() * percent / 100).min(last)).copied();
        Some(Self { median: at(50)?, p99: at(99)? })
    }
}

/// How long the simulated AWS takes to create or copy a snapshot. AWS does not return the size of a cluster's snapshot, so
/// it is a setting.
fn copy_duration(snapshot: &Snapshot, settings: &Settings) -> TimeDelta {
    let gib = match snapshot.arn.kind {
        Kind::Instance => snapshot.gib,
        Kind::Cluster => settings.cluster_gib,
    };
    TimeDelta::milliseconds(i64::from(gib) * 60_000 / i64::from(settings.copy_gib_per_minute.max(1)))
}

/// When each copy in DR was started, by identifier.
fn copy_starts(rehearsal: &Rehearsal) -> BTreeMap<String, DateTime<Utc>> {
    let consumer = rehearsal.setup().role_name("draco-consumer");
    rehearsal.world().journal(|journal| {
        let calls = journal.entries().iter().filter_map(|entry| match &entry.event {
            Event::Call { role: Some(role), operation, resource: Some(resource), error: None, .. }
                if *role == consumer && copy_kind(operation).is_some() =>
            {
                Some((resource.clone(), entry.at))
            }
            _ => None,
        });
        calls.collect()
    })
}

/// The number of calls by Draco's functions that name a resource.
fn calls_for_snapshots(rehearsal: &Rehearsal) -> usize {
    rehearsal.world().journal(|journal| {
        let is_one = |event: &Event| {
            matches!(event, Event::Call { role: Some(role), resource: Some(_), .. } if role.starts_with("draco-"))
        };
        journal.entries().iter().filter(|entry| is_one(&entry.event)).count()
    })
}

/// The bill without storage and keys.
fn running_cost(bill: &Bill) -> f64 {
    let is_kept = |item: &str| item.ends_with("storage") || item.ends_with("keys");
    bill.lines.iter().filter(|line| !is_kept(line.item)).map(|line| line.dollars).sum()
}
