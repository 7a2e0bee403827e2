//! `draco plan --summary`: a table with one line for each database.

use std::io::{self, IsTerminal, Write};

use chrono::{DateTime, Utc};
use retention::{Lifecycle, Snapshot};
use unicode_width::UnicodeWidthStr;

use super::Planned;
use super::sums::Sums;
use crate::terminal::{TITLE, shortened, width};

/// The titles of the columns; text is aligned left, numbers right.
const TITLES: [&str; 6] = ["DATABASE", "LIFECYCLE", "COPIES", "KEPT", "DELETE", "NEWEST"];
/// The spaces between two columns.
const GAP: usize = 2;
/// The maximum width of a lifecycle on a terminal.
const LIFECYCLE: usize = 20;
/// The width of a date.
const DATE: usize = 10;

pub(super) fn write(out: &mut impl Write, plans: &[Planned<'_>]) -> io::Result<()> {
    if plans.is_empty() {
        return super::terminal::write_empty(out);
    }
    // On a terminal a long name is shortened. In a file or pipe it is complete, and the line may be longer than 80 columns.
    let width = io::stdout().is_terminal().then(width);
    let prefix = common_prefix(plans);
    let mut rows: Vec<Row> = plans.iter().map(|plan| Row::of(plan, prefix)).collect();
    for row in &mut rows {
        row.lifecycle = width.map_or(row.lifecycle.clone(), |_| shortened(&row.lifecycle, LIFECYCLE));
    }
    let widest = |texts: &mut dyn Iterator<Item = usize>, title: &str| texts.max().unwrap_or(0).max(title.len());
    let lifecycle = widest(&mut rows.iter().map(|row| row.lifecycle.width()), TITLES[1]);
    let numbers: [usize; 3] =
        [0, 1, 2].map(|n| widest(&mut rows.iter().map(|row| row.numbers[n].to_string().len()), TITLES[n + 2]));
    let others = lifecycle + numbers.iter().sum::<usize>() + DATE + 5 * GAP;
    let longest = widest(&mut rows.iter().map(|row| row.name.width()), TITLES[0]);
    let name = width.map_or(longest, |width| longest.min(width.saturating_sub(others).max(TITLES[0].len())));

    let [copies, kept, delete] = numbers;
    writeln!(
        out,
        "{TITLE}{:name$}  {:lifecycle$}  {:>copies$}  {:>kept$}  {:>delete$}  {}{TITLE:#}",
        TITLES[0], TITLES[1], TITLES[2], TITLES[3], TITLES[4], TITLES[5],
    )?;
    for row in &rows {
        let text = shortened(&row.name, name);
        // `{:name$}` counts characters; the columns of a terminal count wide characters twice.
        let (pad, pad_lifecycle) = (name.saturating_sub(text.width()), lifecycle - row.lifecycle.width());
        let [all, keep, would_delete] = row.numbers;
        writeln!(
            out,
            "{text}{:pad$}  {}{:pad_lifecycle$}  {all:>copies$}  {keep:>kept$}  {would_delete:>delete$}  {}",
            "", row.lifecycle, "", row.newest,
        )?;
    }
    let databases = if plans.len() == 1 { "database" } else { "databases" };
    writeln!(out)?;
    super::terminal::write_total(out, &format!("{} {databases}, {}", plans.len(), Sums::of_all(plans)))?;
    if !prefix.is_empty() {
        writeln!(out, "Names are shown without their prefix {prefix}")?;
    }
    super::terminal::write_hints(out, plans, None)
}

struct Row {
    name: String,
    lifecycle: String,
    /// All copies, kept, would be deleted.
    numbers: [usize; 3],
    newest: String,
}

impl Row {
    fn of(plan: &Planned<'_>, prefix: &str) -> Self {
        let Sums { kept, would_delete, .. } = Sums::of(plan);
        let newest: Option<DateTime<Utc>> = plan.plan.verdicts().next().map(|verdict| verdict.snapshot.taken());
        Self {
            name: plan.title().strip_prefix(prefix).unwrap_or(plan.title()).to_owned(),
            lifecycle: match plan.plan.lifecycle() {
                Lifecycle::None => "none".to_owned(),
                Lifecycle::Unknown(name) => format!("{name} (unknown)"),
                lifecycle => lifecycle.name().to_owned(),
            },
            numbers: [kept + would_delete, kept, would_delete],
            newest: newest.map_or_else(String::new, |newest| newest.format("%Y-%m-%d").to_string()),
        }
    }
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
