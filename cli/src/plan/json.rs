//! A plan as JSON, for scripts: one array with a line for each snapshot, or with `--summary` for each database.
//!
//! `doc/json.md` documents the keys. Keys may be added, but never renamed or removed.

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use protocol::spec::SpecState;
use retention::{Lifecycle, Reason, Snapshot, Verdict};
use serde::Serialize;

use super::Planned;
use super::list::{Entry, Role};

/// One object for each snapshot.
pub(super) fn write(out: &mut impl Write, plans: &[Planned<'_>]) -> io::Result<()> {
    write_array(out, plans.iter().flat_map(|plan| plan.plan.verdicts().map(|verdict| SnapshotRow::of(plan, &verdict))))
}

/// One object for each database.
pub(super) fn write_summary(out: &mut impl Write, plans: &[Planned<'_>]) -> io::Result<()> {
    write_array(out, plans.iter().map(DatabaseRow::of))
}

/// One array, with each element on its own line.
fn write_array(out: &mut impl Write, rows: impl Iterator<Item = impl Serialize>) -> io::Result<()> {
    let mut separator = "[\n";
    for row in rows {
        out.write_all(separator.as_bytes())?;
        serde_json::to_writer(&mut *out, &row)?;
        separator = ",\n";
    }
    out.write_all(if separator == "[\n" { b"[]\n" } else { b"\n]\n" })
}

#[derive(Serialize)]
struct SnapshotRow<'a> {
    database: Option<&'a str>,
    role: Role,
    lifecycle: Option<&'a str>,
    id: &'a str,
    taken: String,
    keep: bool,
    reasons: Vec<ReasonRow>,
}

impl<'a> SnapshotRow<'a> {
    fn of(plan: &'a Planned<'_>, verdict: &Verdict<'a, Entry>) -> Self {
        Self {
            database: plan.name,
            role: plan.role,
            lifecycle: lifecycle_name(plan.plan.lifecycle()),
            id: verdict.snapshot.id(),
            taken: rfc_3339(verdict.snapshot.taken()),
            keep: verdict.keep,
            reasons: verdict.reasons().map(ReasonRow::of).collect(),
        }
    }
}

#[derive(Default, Serialize)]
struct ReasonRow {
    kind: &'static str,
    rule: Option<&'static str>,
    kept: bool,
    cause: Option<&'static str>,
    ordinal: Option<u32>,
    limit: Option<u32>,
    hours: Option<u32>,
}

impl ReasonRow {
    fn of(reason: Reason<'_>) -> Self {
        let by_rule = |rule| Self { kind: "rule", rule: Some(rule), ..Self::default() };
        let kept = |kind| Self { kind, kept: true, ..Self::default() };
        match reason {
            Reason::Nth { rule, nth, of } => {
                Self { kept: true, ordinal: Some(nth), limit: Some(of), ..by_rule(rule.name()) }
            }
            Reason::Needs { rule, of, nth, newest } => {
                let cause = if newest { "too_old" } else { "not_newest_of_period" };
                Self { cause: Some(cause), ordinal: Some(nth), limit: Some(of), ..by_rule(rule.name()) }
            }
            Reason::Within(span) => Self { kept: true, hours: Some(span.as_hours()), ..by_rule("within") },
            Reason::NeedsWithin(span) => {
                Self { cause: Some("too_old"), hours: Some(span.as_hours()), ..by_rule("within") }
            }
            Reason::Newest => kept("newest"),
            Reason::Ignore => kept("ignore"),
            Reason::Unknown(_) => kept("unknown_lifecycle"),
            Reason::NoLifecycle => kept("no_lifecycle"),
        }
    }
}

#[derive(Serialize)]
struct DatabaseRow<'a> {
    database: Option<&'a str>,
    role: Role,
    lifecycle: Option<&'a str>,
    lifecycle_kind: &'static str,
    snapshots: usize,
    kept: usize,
    would_delete: usize,
    oldest: Option<String>,
    newest: Option<String>,
    spec: Option<&'static str>,
}

impl<'a> DatabaseRow<'a> {
    fn of(plan: &'a Planned<'_>) -> Self {
        let snapshots = plan.plan.verdicts().len();
        let kept = plan.plan.verdicts().filter(|verdict| verdict.keep).count();
        let lifecycle = plan.plan.lifecycle();
        let mut taken = plan.plan.verdicts().map(|verdict| verdict.snapshot.taken());
        let newest = taken.next();
        Self {
            database: plan.name,
            role: plan.role,
            lifecycle: lifecycle_name(lifecycle),
            lifecycle_kind: match lifecycle {
                Lifecycle::Rules { .. } => "rules",
                Lifecycle::Ignore => "ignore",
                Lifecycle::Unknown(_) => "unknown",
                Lifecycle::None => "none",
            },
            snapshots,
            kept,
            would_delete: snapshots - kept,
            oldest: taken.next_back().or(newest).map(rfc_3339),
            newest: newest.map(rfc_3339),
            spec: plan.spec.map(SpecState::as_str),
        }
    }
}

fn lifecycle_name(lifecycle: &Lifecycle) -> Option<&str> {
    Some(lifecycle.name()).filter(|name| !name.is_empty())
}

fn rfc_3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
