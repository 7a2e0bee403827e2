//! A plan for a person at a terminal: for each database a calendar and one line of sums, and with `--reasons` a table of
//! verdicts.
//!
//! Colour never carries information alone: each colour has its own glyph or word.

use std::io::{self, Write};

use retention::{Lifecycle, Reason, Snapshot, Verdict};
use unicode_width::UnicodeWidthStr;

use super::list::{Entry, Role};
use super::sums::Sums;
use super::{Planned, common_role};
use crate::terminal::{DELETED, FAINT, KEPT, TITLE, width, write_calendar, write_legend, write_wrapped};

/// Whether the table of verdicts is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reasons {
    Shown,
    Hidden,
}

pub(super) fn write(out: &mut impl Write, plans: &[Planned<'_>], reasons: Reasons) -> io::Result<()> {
    if plans.is_empty() {
        return write_empty(out);
    }
    let width = width();
    let (kept, deleted) = labels(common_role(plans));
    let mut has_legend = false;
    for plan in plans {
        writeln!(out, "{TITLE}{}{TITLE:#}", plan.title())?;
        if plan.is_copied() {
            write_wrapped(out, &[plan.plan.lifecycle().to_string()], 0, width)?;
            writeln!(out)?;
            write_calendar(out, &plan.calendar())?;
            writeln!(out)?;
            if !has_legend {
                write_legend(out, kept, deleted)?;
                has_legend = true;
            }
            if reasons == Reasons::Shown {
                write_table(out, plan, width)?;
                writeln!(out)?;
            }
        } else {
            let lifecycle = if *plan.plan.lifecycle() == Lifecycle::Ignore { "Ignore" } else { "no lifecycle" };
            writeln!(out, "{lifecycle}: Draco does not copy this database")?;
        }
        writeln!(out, "{TITLE}{}{TITLE:#}", Sums::of(plan))?;
        if plans.len() > 1 {
            writeln!(out)?;
        }
    }
    if plans.len() > 1 {
        write_total(out, &format!("{} databases, {}", plans.len(), Sums::of_all(plans)))?;
    }
    write_hints(out, plans, (reasons == Reasons::Hidden).then_some("Reasons: --reasons"))
}

/// The sums of all databases, wrapped after commas.
pub(super) fn write_total(out: &mut impl Write, text: &str) -> io::Result<()> {
    let phrases: Vec<String> = text.split_inclusive(", ").map(|phrase| phrase.trim_end().to_owned()).collect();
    write!(out, "{TITLE}")?;
    write_wrapped(out, &phrases, 0, width())?;
    write!(out, "{TITLE:#}")
}

/// One line that says what Draco never deletes, and the next step.
pub(super) fn write_hints(out: &mut impl Write, plans: &[Planned<'_>], next: Option<&str>) -> io::Result<()> {
    let has_sources = plans.iter().any(|plan| plan.role == Role::Source);
    let never = has_sources.then_some("Draco never deletes source snapshots, only copies in DR.");
    let hints: Vec<&str> = never.into_iter().chain(next).collect();
    if hints.is_empty() { Ok(()) } else { writeln!(out, "{FAINT}{}{FAINT:#}", hints.join(" ")) }
}

pub(super) fn write_empty(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "The list has no snapshots: nothing to plan.")
}

/// The labels for kept and deleted in a legend.
pub(super) fn labels(role: Option<Role>) -> (&'static str, &'static str) {
    match role {
        Some(Role::Copy) => ("kept", "would be deleted"),
        Some(Role::Source) | None => ("copy kept", "copy would be deleted"),
    }
}

/// The time and two spaces after the verdict: `2026-11-21 03:05  `.
const TIME: usize = 18;
/// The indent of reasons that do not fit beside an identifier.
const BELOW: usize = 8;
/// The minimum width for reasons beside an identifier.
const BESIDE: usize = 40;

fn write_table(out: &mut impl Write, plan: &Planned<'_>, width: usize) -> io::Result<()> {
    let longest = plan.plan.verdicts().map(|verdict| verdict.snapshot.id().width()).max().unwrap_or(0);
    let (keep, delete) = match plan.role {
        Role::Copy => ("keep", "delete"),
        Role::Source => ("keep copy", "delete copy"),
    };
    let head = delete.len() + 2 + TIME;
    for verdict in plan.plan.verdicts() {
        let (style, action) = if verdict.keep { (KEPT, keep) } else { (DELETED, delete) };
        let id = verdict.snapshot.id();
        let taken = verdict.snapshot.taken().format("%Y-%m-%d %H:%M");
        write!(out, "{style}{action:action_width$}{style:#}  {taken}  ", action_width = delete.len())?;
        let indent = if head + longest + 2 + BESIDE <= width {
            write!(out, "{id}{:gap$}", "", gap = longest - id.width() + 2)?;
            head + longest + 2
        } else {
            if head + id.width() > width {
                write!(out, "\n{:BELOW$}", "")?;
            }
            write!(out, "{id}\n{:BELOW$}", "")?;
            BELOW
        };
        write_wrapped(out, &phrases(&verdict), indent, width)?;
    }
    Ok(())
}

/// The reasons in short phrases that are not wrapped. Rules with the same cause are grouped.
fn phrases(verdict: &Verdict<'_, Entry>) -> Vec<String> {
    let [mut others, mut too_old, mut not_newest] = [const { Vec::new() }; 3];
    for reason in verdict.reasons() {
        match reason {
            Reason::Needs { rule, newest: false, .. } => not_newest.push(rule.unit().to_owned()),
            Reason::Needs { rule, of, nth, .. } => {
                too_old.push(format!("{} {nth} ({} keeps {of})", rule.unit(), rule.name()));
            }
            other => others.push(other.to_string()),
        }
    }
    let groups = [("", too_old), ("not newest of its ", not_newest), ("", others)];
    let mut phrases: Vec<String> = Vec::new();
    for (lead, group) in groups {
        for (nth, phrase) in group.iter().enumerate() {
            if let Some(before) = phrases.last_mut() {
                before.push(if nth == 0 { ';' } else { ',' });
            }
            phrases.push(if nth == 0 { format!("{lead}{phrase}") } else { phrase.clone() });
        }
    }
    phrases
}
