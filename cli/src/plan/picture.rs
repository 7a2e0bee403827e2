//! The calendars of a plan as an SVG picture, to be put on a page.
//!
//! It brings its own background, so that it looks the same on a light and on a dark page, and each day tells its
//! snapshots when it is pointed at. What colour says, shape says too.

use std::io::{self, Write};

use chrono::Datelike;
use retention::Snapshot;
use unicode_width::UnicodeWidthStr;

use super::{Planned, Sums};
use crate::calendar::{Calendar, Cell};

/// From one day to the next, and from one month to the next.
const STEP: usize = 18;
/// The side of a day.
const SIDE: usize = 14;
/// Around everything.
const MARGIN: usize = 24;
/// Left of the days, for the names of the months.
const LABEL: usize = 76;
/// Above the days, for title, sums and the numbers of the days.
const HEAD: usize = 84;
/// Of the days and their labels; a page is as wide as that, or as its longest line.
const DAYS: usize = LABEL + 31 * STEP;

const STYLE: &str = "\
text { font: 12px ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #57606a }
.title { font-size: 16px; font-weight: 600; fill: #1f2328 }
.number { font-size: 10px; text-anchor: middle }
.page { fill: #ffffff; stroke: #d0d7de }
.nothing { fill: #eff2f5 }
.kept { fill: #1a7f37 }
.deleted { fill: #fff8f8; stroke: #e28a90 }
.gap { fill: #8c959f }
";

/// How many snapshots a day tells of.
const TOLD: usize = 24;

/// How each cell looks, and what that means.
const LEGEND: [(Cell, &str); 4] =
    [(Cell::Kept, "kept"), (Cell::Deleted, "to be deleted"), (Cell::Both, "some of each"), (Cell::Nothing, "none")];

pub(super) fn write(out: &mut impl Write, sources: &[Planned<'_>]) -> io::Result<()> {
    let width = 2 * MARGIN + sources.iter().map(widest).max().unwrap_or(0).max(DAYS);
    let calendars: Vec<Calendar> = sources.iter().map(Planned::calendar).collect();
    let height = 2 * MARGIN + STEP + calendars.iter().map(|calendar| HEAD + height(calendar) + MARGIN).sum::<usize>();
    writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">"#,
    )?;
    writeln!(out, "<title>Which snapshots are kept</title>\n<style>\n{STYLE}</style>")?;
    writeln!(out, r#"<rect class="page" x="0.5" y="0.5" width="{}" height="{}" rx="8"/>"#, width - 1, height - 1)?;
    let mut top = MARGIN;
    for (source, calendar) in sources.iter().zip(&calendars) {
        write_source(out, top, source, calendar)?;
        top += HEAD + self::height(calendar) + MARGIN;
    }
    write_legend(out, top)?;
    writeln!(out, "</svg>")
}

/// Of a source's lines, in no font that is known: letters are hardly wider than this on average.
fn widest(source: &Planned<'_>) -> usize {
    let lifecycle = source.plan.lifecycle().to_string();
    (source.title().width() * 10).max(lifecycle.width() * 7)
}

/// Of the months and the gaps between them.
fn height(calendar: &Calendar) -> usize {
    calendar.months.iter().map(|month| if month.gap > 0 { 2 * STEP } else { STEP }).sum()
}

fn write_source(out: &mut impl Write, mut top: usize, source: &Planned<'_>, calendar: &Calendar) -> io::Result<()> {
    write_text(out, "title", MARGIN, top + 14, source.title())?;
    write_text(out, "text", MARGIN, top + 34, &source.plan.lifecycle().to_string())?;
    write_text(out, "text", MARGIN, top + 52, &Sums::of(source).to_string())?;
    for day in [1, 5, 10, 15, 20, 25, 30] {
        write_text(out, "number", left_of(day - 1) + SIDE / 2, top + HEAD - 8, &day.to_string())?;
    }
    top += HEAD;
    let mut verdicts = source.plan.verdicts().peekable();
    for month in &calendar.months {
        write_text(out, "text", MARGIN, top + SIDE - 3, &month.first.format("%b %Y").to_string())?;
        // A plan goes from the newest to the oldest, and so must the days, so that each finds its own snapshots.
        for (place, day) in month.days.iter().enumerate().rev() {
            let date = month.first.with_day0(place as u32);
            let mut told = String::new();
            let mut nth = 0;
            while let Some(verdict) = verdicts.next_if(|verdict| Some(verdict.snapshot.taken().date_naive()) == date) {
                nth += 1;
                match nth {
                    ..=TOLD => told.push_str(&format!("{} {verdict}\n", verdict.snapshot.id())),
                    _ if nth == day.kept + day.deleted => told.push_str(&format!("and {} more\n", nth - TOLD)),
                    _ => {}
                }
            }
            write_cell(out, left_of(place), top, day.cell(), &told)?;
        }
        top += STEP;
        if month.gap > 0 {
            write_text(out, "gap", left_of(0), top + SIDE - 3, &month.gap_told())?;
            top += STEP;
        }
    }
    Ok(())
}

fn left_of(place: usize) -> usize {
    MARGIN + LABEL + place * STEP
}

fn write_cell(out: &mut impl Write, x: usize, y: usize, cell: Cell, told: &str) -> io::Result<()> {
    let box_of = |class| format!(r#"<rect class="{class}" x="{x}" y="{y}" width="{SIDE}" height="{SIDE}" rx="3"/>"#);
    let shape = match cell {
        Cell::Nothing => box_of("nothing"),
        Cell::Kept => box_of("kept"),
        Cell::Deleted => box_of("deleted"),
        Cell::Both => {
            let half = format!(r#"<path class="kept" d="M{x} {y}v{SIDE}h{SIDE}z"/>"#);
            format!("{}{half}", box_of("deleted"))
        }
    };
    if told.is_empty() {
        writeln!(out, "{shape}")
    } else {
        writeln!(out, "<g><title>{}</title>{shape}</g>", escaped(told.trim_end()))
    }
}

fn write_legend(out: &mut impl Write, top: usize) -> io::Result<()> {
    for (place, (cell, meaning)) in LEGEND.into_iter().enumerate() {
        let x = MARGIN + LABEL + place * 120;
        write_cell(out, x, top, cell, "")?;
        write_text(out, "text", x + STEP + 4, top + SIDE - 3, meaning)?;
    }
    Ok(())
}

fn write_text(out: &mut impl Write, class: &str, x: usize, y: usize, text: &str) -> io::Result<()> {
    writeln!(out, r#"<text class="{class}" x="{x}" y="{y}">{}</text>"#, escaped(text))
}

/// As XML has it. Identifiers come from a file, and two characters are in no XML at all.
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
