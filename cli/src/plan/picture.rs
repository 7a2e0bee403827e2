//! The calendars of a plan as an SVG picture.
//!
//! The picture has its own background, so it looks the same on a light and on a dark page. The tooltip of a day lists its
//! snapshots. Colour never carries information alone: each colour has its own shape.

use std::io::{self, Write};

use chrono::Datelike;
use retention::Snapshot;
use unicode_width::UnicodeWidthStr;

use super::sums::Sums;
use super::terminal::labels;
use super::{Planned, common_role};
use crate::calendar::{Calendar, Cell};

/// The distance between two days, and between two months.
const STEP: usize = 18;
/// The side of a day.
const SIDE: usize = 14;
/// The margin around the picture.
const MARGIN: usize = 24;
/// The width of the labels of the months, left of the days.
const LABEL: usize = 76;
/// The height of title, sums and the numbers of the days, above the days.
const HEAD: usize = 84;
/// The width of the days and their labels, and the minimum width of a picture.
const DAYS: usize = LABEL + 31 * STEP;

const STYLE: &str = "\
text { font: 12px ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #57606a }
.title { font-size: 16px; font-weight: 600; fill: #1f2328 }
.number { font-size: 10px; text-anchor: middle }
.page { fill: #ffffff; stroke: #d0d7de }
.empty { fill: #eff2f5 }
.kept { fill: #1a7f37 }
.deleted { fill: #fff8f8; stroke: #e28a90 }
.gap { fill: #8c959f }
";

/// The maximum number of snapshots in a tooltip.
const LISTED: usize = 24;

/// The largest picture in bytes that is written without `--large-svg`. Browsers are slow with larger ones.
const LARGE: u64 = 10_000_000;

/// The picture has more than [`LARGE`] bytes.
#[derive(Debug, thiserror::Error)]
#[error(
    "the picture of {databases} {} would be about {} MB, and the limit is {} MB; select databases with --database NAME, \
     print one line for each with --summary, or allow a large picture with --large-svg",
    if *databases == 1 { "database" } else { "databases" }, bytes.div_ceil(1_000_000), LARGE / 1_000_000
)]
pub(super) struct TooLarge {
    databases: usize,
    bytes: u64,
}

/// Checks the size without writing the picture. The size of a larger picture is estimated from its first part.
pub(super) fn check_size(plans: &[Planned<'_>]) -> Result<(), TooLarge> {
    let mut size = Size(0);
    for (nth, plan) in plans.iter().enumerate() {
        // Writing to `Size` cannot fail.
        let _ = write_plan(&mut size, MARGIN, plan, &plan.calendar());
        if size.0 > LARGE {
            let databases = plans.len();
            return Err(TooLarge { databases, bytes: size.0 * databases as u64 / (nth as u64 + 1) });
        }
    }
    Ok(())
}

/// Counts bytes.
struct Size(u64);

impl Write for Size {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn write(out: &mut impl Write, plans: &[Planned<'_>]) -> io::Result<()> {
    let width = 2 * MARGIN + plans.iter().map(widest).max().unwrap_or(0).max(DAYS);
    let calendars: Vec<Calendar> = plans.iter().map(Planned::calendar).collect();
    let height = 2 * MARGIN + STEP + calendars.iter().map(|calendar| HEAD + height(calendar) + MARGIN).sum::<usize>();
    writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">"#,
    )?;
    writeln!(out, "<title>Which snapshots are kept</title>\n<style>\n{STYLE}</style>")?;
    writeln!(out, r#"<rect class="page" x="0.5" y="0.5" width="{}" height="{}" rx="8"/>"#, width - 1, height - 1)?;
    let mut top = MARGIN;
    for (plan, calendar) in plans.iter().zip(&calendars) {
        write_plan(out, top, plan, calendar)?;
        top += HEAD + self::height(calendar) + MARGIN;
    }
    write_legend(out, top, labels(common_role(plans)))?;
    writeln!(out, "</svg>")
}

/// The estimated width of the longest line. The font is unknown; its letters are rarely wider than this on average.
fn widest(plan: &Planned<'_>) -> usize {
    let lifecycle = plan.plan.lifecycle().to_string();
    (plan.title().width() * 10).max(lifecycle.width() * 7)
}

/// The height of the months and the gaps between them.
fn height(calendar: &Calendar) -> usize {
    calendar.months.iter().map(|month| if month.gap > 0 { 2 * STEP } else { STEP }).sum()
}

fn write_plan(out: &mut impl Write, mut top: usize, plan: &Planned<'_>, calendar: &Calendar) -> io::Result<()> {
    write_text(out, "title", MARGIN, top + 14, plan.title())?;
    write_text(out, "text", MARGIN, top + 34, &plan.plan.lifecycle().to_string())?;
    write_text(out, "text", MARGIN, top + 52, &Sums::of(plan).to_string())?;
    for day in [1, 5, 10, 15, 20, 25, 30] {
        write_text(out, "number", left_of(day - 1) + SIDE / 2, top + HEAD - 8, &day.to_string())?;
    }
    top += HEAD;
    let mut verdicts = plan.plan.verdicts().peekable();
    for month in &calendar.months {
        write_text(out, "text", MARGIN, top + SIDE - 3, &month.first.format("%b %Y").to_string())?;
        // Verdicts are sorted from newest to oldest, so the days are written in this order too.
        for (index, day) in month.days.iter().enumerate().rev() {
            let date = month.first.with_day0(index as u32);
            let mut tooltip = String::new();
            let mut nth = 0;
            while let Some(verdict) = verdicts.next_if(|verdict| Some(verdict.snapshot.taken().date_naive()) == date) {
                nth += 1;
                match nth {
                    ..=LISTED => tooltip.push_str(&format!("{} {verdict}\n", verdict.snapshot.id())),
                    _ if nth == day.kept + day.deleted => tooltip.push_str(&format!("and {} more\n", nth - LISTED)),
                    _ => {}
                }
            }
            write_cell(out, left_of(index), top, day.cell(), &tooltip)?;
        }
        top += STEP;
        if month.gap > 0 {
            write_text(out, "gap", left_of(0), top + SIDE - 3, &month.gap_label())?;
            top += STEP;
        }
    }
    Ok(())
}

fn left_of(index: usize) -> usize {
    MARGIN + LABEL + index * STEP
}

fn write_cell(out: &mut impl Write, x: usize, y: usize, cell: Cell, tooltip: &str) -> io::Result<()> {
    let box_of = |class| format!(r#"<rect class="{class}" x="{x}" y="{y}" width="{SIDE}" height="{SIDE}" rx="3"/>"#);
    let shape = match cell {
        Cell::Empty => box_of("empty"),
        Cell::Kept => box_of("kept"),
        Cell::Deleted => box_of("deleted"),
        Cell::Mixed => {
            let half = format!(r#"<path class="kept" d="M{x} {y}v{SIDE}h{SIDE}z"/>"#);
            format!("{}{half}", box_of("deleted"))
        }
    };
    if tooltip.is_empty() {
        writeln!(out, "{shape}")
    } else {
        writeln!(out, "<g><title>{}</title>{shape}</g>", escaped(tooltip.trim_end()))
    }
}

fn write_legend(out: &mut impl Write, top: usize, (kept, deleted): (&str, &str)) -> io::Result<()> {
    let legend = [(Cell::Kept, kept), (Cell::Deleted, deleted), (Cell::Mixed, "some of each"), (Cell::Empty, "none")];
    for (index, (cell, meaning)) in legend.into_iter().enumerate() {
        let x = MARGIN + LABEL + index * 165;
        write_cell(out, x, top, cell, "")?;
        write_text(out, "text", x + STEP + 4, top + SIDE - 3, meaning)?;
    }
    Ok(())
}

fn write_text(out: &mut impl Write, class: &str, x: usize, y: usize, text: &str) -> io::Result<()> {
    writeln!(out, r#"<text class="{class}" x="{x}" y="{y}">{}</text>"#, escaped(text))
}

/// Text escaped for XML. Two characters are not allowed in XML and are removed.
fn escaped(text: &str) -> String {
    let legal = |c: &char| !matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().filter(legal).fold(String::new(), |mut xml, c| {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            c => xml.push(c),
        }
        xml
    })
}
