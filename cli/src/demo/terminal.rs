//! The output of the demo for a terminal.

use std::io::{self, Write};

use checks::{Conclusion, Grade, Verdict};
use protocol::Kind;
use rehearsal::{Database, Encryption, invariants};
use unicode_width::UnicodeWidthStr;

use super::outcome::{Copies, Outcome};
use super::simulation::Simulation;
use super::story::Step;
use super::verification::Verified;
use crate::calendar::Calendar;
use crate::terminal::{DELETED, FAINT, KEPT, TITLE, shortened, width, write_calendar, write_legend, write_wrapped};

/// The width of the time and the gap after it.
const TIME: usize = 10;
/// The width of the gap between the columns of the two accounts.
const GAP: usize = 2;
/// The maximum width of the column of an account. All texts fit into it.
const MAX_LANE: usize = 48;

/// Writes the steps for a snapshot, with a column for each account.
pub(super) fn write_story(out: &mut impl Write, simulation: &Simulation, story: &[Step]) -> io::Result<()> {
    let lane = ((width().saturating_sub(TIME + GAP)) / 2).clamp(20, MAX_LANE);
    let right = TIME + lane + GAP;
    let (source, dr) = (simulation.source().account, &simulation.rehearsal.setup().dr);
    writeln!(out, "{TITLE}The steps for one snapshot{TITLE:#}\n")?;
    let accounts = [format!("source {source}"), format!("DR {dr}")];
    let actors = ["RDS and the producer", "the consumer"].map(str::to_owned);
    for (style, [left, right]) in [(TITLE, accounts), (FAINT, actors)] {
        writeln!(out, "{:TIME$}{style}{left:lane$}{:GAP$}{right}{style:#}", "", "")?;
    }
    writeln!(out)?;
    for step in story {
        let indent = if step.account == dr.as_str() { right } else { TIME };
        write_step(out, step, indent, lane)?;
    }
    writeln!(out)
}

/// Writes a step into the column of its account.
fn write_step(out: &mut impl Write, step: &Step, indent: usize, lane: usize) -> io::Result<()> {
    write!(out, "{FAINT}{:TIME$}{FAINT:#}{:gap$}", step.at.format("%H:%M:%S"), "", gap = indent - TIME)?;
    write_wrapped(out, &step.message, indent, indent + lane)?;
    if let Some(created) = &step.created {
        writeln!(out, "{:indent$}{KEPT}{}{KEPT:#}", "", shortened(created, lane))?;
    }
    if !step.calls.is_empty() {
        write!(out, "{:indent$}{FAINT}", "")?;
        write_wrapped(out, &step.calls, indent, indent + lane)?;
        write!(out, "{FAINT:#}")?;
    }
    Ok(())
}

/// Writes the steps of a verification, its verdict, and what was not checked.
pub(super) fn write_verification(out: &mut impl Write, verified: &Verified) -> io::Result<()> {
    let Verified { dr, steps, report, no_data } = verified;
    let lane = width().saturating_sub(TIME).clamp(20, MAX_LANE);
    let server = if no_data.is_some() { "without a server" } else { "with a real PostgreSQL" };
    let actors = format!("the verifier and the checker, {server}");
    writeln!(out, "{TITLE}The verification of one copy{TITLE:#}\n")?;
    writeln!(out, "{:TIME$}{TITLE}DR {dr} in another simulation{TITLE:#}\n{:TIME$}{FAINT}{actors}{FAINT:#}\n", "", "")?;
    for step in steps {
        write_step(out, step, TIME, lane)?;
    }
    let style = if report.conclusion == Conclusion::Verified { KEPT } else { DELETED };
    writeln!(out, "\n{:TIME$}verdict: {style}{}{style:#}", "", report.conclusion.word())?;
    let read = format!(
        "{} in {}",
        count(report.totals.rows as usize, "row", "rows"),
        count(report.totals.tables as usize, "table", "tables")
    );
    let checked = count(report.checks.len(), "check", "checks");
    let grades = [
        ("available", &report.available, "the server accepts connections over verified TLS".to_owned()),
        ("read", &report.read, read),
        ("checked", &report.checked, checked),
    ];
    for (name, grade, yes) in grades {
        let text = match grade {
            Grade::Yes => yes,
            Grade::No { why } | Grade::NotDone { why } => why.clone(),
        };
        write_line(out, glyph(grade), &[format!("{name:<9}"), text])?;
    }
    for check in &report.checks {
        let grade = match &check.verdict {
            Verdict::Passed { .. } => Grade::Yes,
            Verdict::Failed { .. } => Grade::No { why: String::new() },
            Verdict::Broken { .. } => Grade::NotDone { why: String::new() },
        };
        write_line(out, glyph(&grade), std::slice::from_ref(&check.sql))?;
    }
    if let Some(why) = no_data {
        write!(out, "{:TIME$}", "")?;
        write_wrapped(out, &[format!("No data were queried, so nothing is proven: {why}.")], TIME, width())?;
    } else {
        for left_out in &report.not_checked {
            write_line(out, NOT_DONE, &[format!("{}: {}", left_out.what, left_out.why)])?;
        }
    }
    writeln!(out)
}

/// A glyph and its style.
type Glyph = (anstyle::Style, &'static str);
const NOT_DONE: Glyph = (FAINT, "–");

fn glyph(grade: &Grade) -> Glyph {
    match grade {
        Grade::Yes => (KEPT, "✓"),
        Grade::No { .. } => (DELETED, "✗"),
        Grade::NotDone { .. } => NOT_DONE,
    }
}

/// Writes a glyph and a text under the steps.
fn write_line(out: &mut impl Write, (style, glyph): Glyph, phrases: &[String]) -> io::Result<()> {
    write!(out, "{:TIME$}{style}{glyph}{style:#} ", "")?;
    write_wrapped(out, phrases, TIME + 2, width())
}

/// Writes the copies of each database, the totals and the invariants.
pub(super) fn write_outcome(out: &mut impl Write, simulation: &Simulation, outcome: &Outcome) -> io::Result<()> {
    let is_dry_run = simulation.rehearsal.setup().is_dry_run();
    writeln!(out, "{TITLE}Copies after {}{TITLE:#}\n", days(outcome.days))?;
    write_legend(out, "kept", if is_dry_run { "would be deleted" } else { "deleted" })?;
    for ((arn, database), copies) in simulation.databases.iter().zip(&outcome.databases) {
        let name = format!("{}/{}", arn.place.account, database.name);
        write_database(out, &name, database, copies, is_dry_run)?;
    }
    write_totals(out, outcome, is_dry_run)?;
    write_invariants(out, outcome, is_dry_run)
}

fn write_database(
    out: &mut impl Write,
    name: &str,
    database: &Database,
    copies: &Copies,
    is_dry_run: bool,
) -> io::Result<()> {
    let description = description(database);
    let name_width = width().saturating_sub(description.width() + 2).max(20);
    writeln!(out, "{TITLE}{}{TITLE:#}  {FAINT}{description}{FAINT:#}", shortened(name, name_width))?;
    if copies.copies.is_empty() {
        let message = copies.ignored.as_deref().unwrap_or("not copied");
        return writeln!(out, "         {}, {message}\n", count(copies.sources, "snapshot", "snapshots"));
    }
    write_calendar(out, &Calendar::of(copies.copies.iter().copied()))?;
    let kept = copies.copies.iter().filter(|(_, is_kept)| *is_kept).count();
    let deleted = if is_dry_run { "would be deleted" } else { "deleted" };
    let all = copies.copies.len();
    writeln!(out, "         {}: {kept} kept, {} {deleted}\n", count(all, "copy", "copies"), all - kept)
}

/// The kind, encryption and lifecycle of a database: `Aurora cluster, default key, Standard`.
fn description(database: &Database) -> String {
    let kind = match database.kind {
        Kind::Instance => "instance",
        Kind::Cluster => "Aurora cluster",
    };
    let encryption = match database.encryption {
        Encryption::None => "unencrypted",
        Encryption::DefaultKey => "default key",
        Encryption::CustomerKey => "customer key",
    };
    let lifecycle = database.tags.get(protocol::tags::LIFECYCLE).unwrap_or("no lifecycle");
    format!("{kind}, {encryption}, {lifecycle}")
}

fn write_totals(out: &mut impl Write, outcome: &Outcome, is_dry_run: bool) -> io::Result<()> {
    let Outcome { totals, databases, .. } = outcome;
    let of = format!("of {} in {}", count(databases.len(), "database", "databases"), days(outcome.days));
    let (deleted, deleted_text) = match is_dry_run {
        true => (totals.would_delete, "copies would be deleted (this is a dry run)"),
        false => (totals.deleted, "copies deleted by their lifecycles"),
    };
    let overhead = totals.overhead_seconds;
    let p99 = overhead.map_or_else(String::new, |overhead| format!("; 99th percentile {:.1}", overhead.p99));
    let rows = [
        (totals.snapshots.to_string(), format!("snapshots {of}")),
        (totals.eligible.to_string(), "of them must be copied".to_owned()),
        (totals.copied.to_string(), "copied".to_owned()),
        (totals.lost.to_string(), "lost (neither a copy nor an alarm)".to_owned()),
        (totals.transit_left.to_string(), "transit copies left".to_owned()),
        (deleted.to_string(), deleted_text.to_owned()),
        (decimal(totals.calls_per_snapshot, 1), "AWS calls per copied snapshot".to_owned()),
        (decimal(totals.dollars_per_snapshot, 5), "dollars per copied snapshot, without storage and keys".to_owned()),
        (decimal(overhead.map(|overhead| overhead.median), 1), format!("seconds of overhead (median{p99})")),
    ];
    writeln!(out, "{TITLE}Totals{TITLE:#}\n")?;
    for (number, text) in rows {
        writeln!(out, "{TITLE}{number:>8}{TITLE:#}  {text}")?;
    }
    writeln!(out)
}

/// A number with this many decimal places; a dash if there is none.
fn decimal(number: Option<f64>, places: usize) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.places$}"))
}

/// The invariant that is checked only in a dry run.
const DRY_RUN: u8 = 6;

fn write_invariants(out: &mut impl Write, outcome: &Outcome, is_dry_run: bool) -> io::Result<()> {
    writeln!(out, "{TITLE}Invariants (doc/invariants.md){TITLE:#}\n")?;
    for (number, statement) in invariants::CHECKED {
        let is_violated = outcome.violations.iter().any(|violation| violation.kind.invariant() == number);
        let (style, glyph, note) = match is_violated {
            true => (DELETED, "✗", ": violated"),
            false if number == DRY_RUN && !is_dry_run => (KEPT, "–", ": not checked (--no-dry-run)"),
            false => (KEPT, "✓", ""),
        };
        writeln!(out, "{number:>8}  {style}{glyph}{style:#} {statement}{note}")?;
    }
    Ok(())
}

fn days(days: u32) -> String {
    count(days as usize, "day", "days")
}

/// `1 copy`, `2 copies`
fn count(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
