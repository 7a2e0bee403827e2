//! `draco plan --summary`: a table with one line for each database.

use std::io::{self, IsTerminal, Write};
use std::ops::Range;

use retention::{Lifecycle, Snapshot};
use unicode_width::UnicodeWidthStr;

use super::Planned;
use super::sums::Sums;
use crate::terminal::{TITLE, shortened, width};

const TITLES: [&str; 6] = ["DATABASE", "LIFECYCLE", "COPIES", "KEPT", "DELETE", "NEWEST"];
const NAME: usize = 0;
const LIFECYCLE: usize = 1;
/// The columns that are aligned right.
const NUMBERS: Range<usize> = 2..5;
/// The spaces between two columns.
const GAP: usize = 2;
/// The maximum width of a lifecycle on a terminal.
const LONGEST_LIFECYCLE: usize = 20;

pub(super) fn write(out: &mut impl Write, plans: &[Planned<'_>]) -> io::Result<()> {
    if plans.is_empty() {
        return super::terminal::write_empty(out);
    }
    let prefix = common_prefix(plans);
    let titles = std::iter::once(TITLES.map(str::to_owned));
    let mut rows: Vec<[String; 6]> = titles.chain(plans.iter().map(|plan| cells(plan, prefix))).collect();
    // In a file or pipe, names are complete and lines can be longer than 80 columns.
    if io::stdout().is_terminal() {
        fit(&mut rows, width());
    }
    let widths = widths(&rows);
    for (nth, row) in rows.iter().enumerate() {
        let line = line(row, widths);
        if nth == 0 { writeln!(out, "{TITLE}{line}{TITLE:#}")? } else { writeln!(out, "{line}")? }
    }
    let databases = if plans.len() == 1 { "database" } else { "databases" };
    writeln!(out)?;
    super::terminal::write_total(out, &format!("{} {databases}, {}", plans.len(), Sums::of_all(plans)))?;
    if !prefix.is_empty() {
        writeln!(out, "Names are shown without their prefix {prefix}")?;
    }
    super::terminal::write_hints(out, plans, None)
}

/// The row of one database.
fn cells(plan: &Planned<'_>, prefix: &str) -> [String; 6] {
    let Sums { kept, would_delete, .. } = Sums::of(plan);
    let newest = plan.plan.verdicts().next().map(|verdict| verdict.snapshot.taken());
    let lifecycle = match plan.plan.lifecycle() {
        Lifecycle::None => "none".to_owned(),
        Lifecycle::Unknown(name) => format!("{name} (unknown)"),
        lifecycle => lifecycle.name().to_owned(),
    };
    [
        plan.title().strip_prefix(prefix).unwrap_or(plan.title()).to_owned(),
        lifecycle,
        (kept + would_delete).to_string(),
        kept.to_string(),
        would_delete.to_string(),
        newest.map_or_else(String::new, |newest| newest.format("%Y-%m-%d").to_string()),
    ]
}

/// Shortens lifecycles, and then names, so that the table fits into this width.
fn fit(rows: &mut [[String; 6]], width: usize) {
    for row in rows.iter_mut() {
        row[LIFECYCLE] = shortened(&row[LIFECYCLE], LONGEST_LIFECYCLE);
    }
    let others: usize = widths(rows)[LIFECYCLE..].iter().map(|width| width + GAP).sum();
    let name = width.saturating_sub(others).max(TITLES[NAME].len());
    for row in rows {
        row[NAME] = shortened(&row[NAME], name);
    }
}

fn widths(rows: &[[String; 6]]) -> [usize; 6] {
    std::array::from_fn(|column| rows.iter().map(|row| row[column].width()).max().unwrap_or(0))
}

fn line(row: &[String; 6], widths: [usize; 6]) -> String {
    let mut line = String::new();
    for (column, cell) in row.iter().enumerate() {
        let pad = " ".repeat(widths[column] - cell.width());
        line += &if NUMBERS.contains(&column) { pad + cell } else { cell.clone() + &pad };
        line += &" ".repeat(GAP);
    }
    line.trim_end().to_owned()
}

/// The start of all ARNs, `arn:aws:rds:eu-west-1:`, if they have the same partition and region. A name that is no ARN is
/// not shortened.
fn common_prefix<'a>(plans: &[Planned<'a>]) -> &'a str {
    let mut prefixes = plans.iter().filter_map(|plan| {
        let name = plan.name.filter(|name| name.starts_with("arn:"))?;
        let (colon, _) = name.match_indices(':').nth(3)?;
        Some(&name[..=colon])
    });
    match prefixes.next() {
        Some(first) if prefixes.all(|other| other == first) => first,
        _ => "",
    }
}
