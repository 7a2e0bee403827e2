//! The demo for a person at a terminal.

use std::io::{self, Write};

use protocol::Kind;
use rehearsal::{Database, Encryption, invariants};
use unicode_width::UnicodeWidthStr;

use super::outcome::{Kept, Outcome};
use super::stage::Stage;
use super::story::Step;
use crate::calendar::Calendar;
use crate::terminal::{DELETED, FAINT, KEPT, TITLE, shortened, width, write_calendar, write_legend, write_wrapped};

/// The time and the gap after it.
const TIME: usize = 10;
/// Between the accounts.
const GAP: usize = 2;
/// Wider lanes would only be emptier.
const WIDEST_LANE: usize = 48;

/// The way of a snapshot, with a lane for each account.
pub(super) fn write_story(out: &mut impl Write, stage: &Stage, story: &[Step]) -> io::Result<()> {
    let lane = ((width().saturating_sub(TIME + GAP)) / 2).clamp(20, WIDEST_LANE);
    let right = TIME + lane + GAP;
    let (source, dr) = (stage.source().account, &stage.rehearsal.cast().dr);
    writeln!(out, "{TITLE}One snapshot's way{TITLE:#}\n")?;
    let accounts = [format!("source {source}"), format!("DR {dr}")];
    let actors = ["RDS and the producer", "the consumer"].map(str::to_owned);
    for (style, [left, right]) in [(TITLE, accounts), (FAINT, actors)] {
        writeln!(out, "{:TIME$}{style}{left:lane$}{:GAP$}{right}{style:#}", "", "")?;
    }
    writeln!(out)?;
    for step in story {
        let indent = if step.account == dr.as_str() { right } else { TIME };
        write!(out, "{FAINT}{:TIME$}{FAINT:#}{:gap$}", step.at.format("%H:%M:%S"), "", gap = indent - TIME)?;
        write_wrapped(out, &step.what, indent, indent + lane)?;
        if let Some(made) = &step.made {
            writeln!(out, "{:indent$}{KEPT}{}{KEPT:#}", "", shortened(made, lane))?;
        }
        if !step.calls.is_empty() {
            write!(out, "{:indent$}{FAINT}", "")?;
            write_wrapped(out, &step.calls, indent, indent + lane)?;
            write!(out, "{FAINT:#}")?;
        }
    }
    writeln!(out)
}

/// What is kept of each database, and the sums.
pub(super) fn write_outcome(out: &mut impl Write, stage: &Stage, outcome: &Outcome) -> io::Result<()> {
    let is_dry = stage.rehearsal.cast().is_dry();
    writeln!(out, "{TITLE}What is kept after {}{TITLE:#}\n", days(outcome.sums.days))?;
    write_legend(out, "kept", if is_dry { "would be deleted" } else { "deleted" })?;
    for ((_, database), kept) in stage.databases.iter().zip(&outcome.databases) {
        write_database(out, database, kept, is_dry)?;
    }
    write_sums(out, outcome, is_dry)?;
    write_invariants(out, outcome, is_dry)
}

fn write_database(out: &mut impl Write, database: &Database, kept: &Kept, is_dry: bool) -> io::Result<()> {
    let nature = nature(database);
    let room = width().saturating_sub(nature.width() + 2).max(20);
    writeln!(out, "{TITLE}{}{TITLE:#}  {FAINT}{nature}{FAINT:#}", shortened(&database.name, room))?;
    if kept.copies.is_empty() {
        let message = kept.ignored.as_deref().unwrap_or("not copied");
        return writeln!(out, "         {}, {message}\n", count(kept.taken, "snapshot", "snapshots"));
    }
    write_calendar(out, &Calendar::of(kept.copies.iter().copied()))?;
    let held = kept.copies.iter().filter(|(_, is_kept)| *is_kept).count();
    let deleted = if is_dry { "would be deleted" } else { "deleted" };
    let copies = count(kept.copies.len(), "copy", "copies");
    writeln!(out, "         {copies}: {held} kept, {} {deleted}\n", kept.copies.len() - held)
}

/// `cluster, default key, Standard`
fn nature(database: &Database) -> String {
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

fn write_sums(out: &mut impl Write, outcome: &Outcome, is_dry: bool) -> io::Result<()> {
    let super::outcome::Sums { days: passed, databases, all } = &outcome.sums;
    let of = format!("of {} in {}", count(*databases, "database", "databases"), days(*passed));
    let (thinned, how) = match is_dry {
        true => (all.would_delete, "copies would be deleted: this is a dry run"),
        false => (all.deleted, "copies deleted by their lifecycles"),
    };
    let overhead = format!("seconds of overhead a copy; one in a hundred took {:.1} or more", all.overhead_seconds.p99);
    let rows = [
        (all.snapshots.to_string(), format!("snapshots {of}")),
        (all.eligible.to_string(), "of them to be copied".to_owned()),
        (all.copied.to_string(), "copied".to_owned()),
        (all.lost.to_string(), "lost".to_owned()),
        (all.transit_left.to_string(), "transit copies left behind".to_owned()),
        (thinned.to_string(), how.to_owned()),
        (format!("{:.1}", all.calls_per_snapshot), "AWS calls a copy".to_owned()),
        (format!("{:.5}", all.dollars_per_snapshot), "dollars a copy, besides storage and keys".to_owned()),
        (format!("{:.1}", all.overhead_seconds.median), overhead),
    ];
    writeln!(out, "{TITLE}Sums{TITLE:#}\n")?;
    for (number, what) in rows {
        writeln!(out, "{TITLE}{number:>8}{TITLE:#}  {what}")?;
    }
    writeln!(out)
}

/// The invariant that is not asked when it is told to delete.
const DRY: u8 = 6;

fn write_invariants(out: &mut impl Write, outcome: &Outcome, is_dry: bool) -> io::Result<()> {
    writeln!(out, "{TITLE}What must always hold{TITLE:#}\n")?;
    for (number, name) in invariants::CHECKED {
        let holds = !outcome.broken.iter().any(|broken| broken.invariant == number);
        let (style, glyph, end) = match holds {
            false => (DELETED, "✗", ": no"),
            true if number == DRY && !is_dry => (KEPT, "–", ": --no-dry-run"),
            true => (KEPT, "✓", ""),
        };
        writeln!(out, "{number:>8}  {style}{glyph}{style:#} {name}{end}")?;
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
