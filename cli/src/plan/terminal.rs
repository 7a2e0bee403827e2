//! A plan for a person at a terminal: per source a calendar, a table with the reasons, and one line of sums.
//!
//! What colour says, a glyph or a word says too.

use std::io::{self, Write};

use retention::{Reason, Snapshot, Verdict};
use unicode_width::UnicodeWidthStr;

use super::list::Entry;
use super::{Planned, Sums};
use crate::terminal::{DELETED, KEPT, TITLE, width, write_calendar, write_legend, write_wrapped};

pub(super) fn write(out: &mut impl Write, sources: &[Planned<'_>]) -> io::Result<()> {
    let width = width();
    for (nth, source) in sources.iter().enumerate() {
        writeln!(out, "{TITLE}{}{TITLE:#}", source.title())?;
        write_wrapped(out, &[source.plan.lifecycle().to_string()], 0, width)?;
        writeln!(out)?;
        write_calendar(out, &source.calendar())?;
        writeln!(out)?;
        if nth == 0 {
            write_legend(out, "to be deleted")?;
        }
        write_table(out, source, width)?;
        writeln!(out, "\n{TITLE}{}{TITLE:#}\n", Sums::of(source))?;
    }
    match sources {
        [] => writeln!(out, "The list has no snapshots."),
        [_] => Ok(()),
        all => writeln!(out, "{TITLE}{} sources{TITLE:#}, {}", all.len(), all.iter().map(Sums::of).sum::<Sums>()),
    }
}

/// The verdict and the time: `delete  2026-11-21 03:05  `.
const HEAD: usize = 26;
/// Where reasons stand that do not fit beside it.
const BELOW: usize = 8;
/// What reasons need beside them, at the least, or else they go below.
const BESIDE: usize = 40;

fn write_table(out: &mut impl Write, source: &Planned<'_>, width: usize) -> io::Result<()> {
    let longest = source.plan.verdicts().map(|verdict| verdict.snapshot.id().width()).max().unwrap_or(0);
    for verdict in source.plan.verdicts() {
        let (style, word) = if verdict.keep { (KEPT, "keep") } else { (DELETED, "delete") };
        let id = verdict.snapshot.id();
        write!(out, "{style}{word:6}{style:#}  {}  ", verdict.snapshot.taken().format("%Y-%m-%d %H:%M"))?;
        let indent = if HEAD + longest + 2 + BESIDE <= width {
            write!(out, "{id}{:gap$}", "", gap = longest - id.width() + 2)?;
            HEAD + longest + 2
        } else {
            if HEAD + id.width() > width {
                write!(out, "\n{:BELOW$}", "")?;
            }
            write!(out, "{id}\n{:BELOW$}", "")?;
            BELOW
        };
        write_wrapped(out, &why(&verdict), indent, width)?;
    }
    Ok(())
}

/// Why, in phrases that should not be broken. Of a snapshot that goes, rules that miss it alike are told together.
fn why(verdict: &Verdict<'_, Entry>) -> Vec<String> {
    let [mut held, mut too_old, mut not_newest] = [const { Vec::new() }; 3];
    for reason in verdict.reasons() {
        match reason {
            Reason::Needs { rule, newest: false, .. } => not_newest.push(rule.unit().to_owned()),
            Reason::Needs { rule, of, nth, .. } => too_old.push(format!("{} {nth} of {of}", rule.name())),
            other => held.push(other.to_string()),
        }
    }
    let groups = [("would be ", too_old), ("not newest of its ", not_newest), ("", held)];
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
