//! Shared parts of the output for a terminal: colours, widths, calendars.
//!
//! Colour never carries information alone: each colour has its own glyph or word.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::calendar::{Calendar, Cell};

pub(crate) const TITLE: Style = Style::new().bold();
pub(crate) const KEPT: Style = AnsiColor::Green.on_default();
pub(crate) const DELETED: Style = AnsiColor::Red.on_default();
pub(crate) const FAINT: Style = Style::new().dimmed();

/// The glyph and colour of each cell of a calendar.
const CELLS: [(Cell, Style, &str); 4] =
    [(Cell::Kept, KEPT, "■"), (Cell::Deleted, DELETED, "□"), (Cell::Mixed, KEPT, "◧"), (Cell::Empty, FAINT, "·")];

/// The width of the terminal; 80 if standard output is not a terminal.
pub(crate) fn width() -> usize {
    let terminal = io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    terminal.map_or(80, |(width, _)| usize::from(width.0))
}

pub(crate) fn write_calendar(out: &mut impl Write, calendar: &Calendar) -> io::Result<()> {
    writeln!(out, "{FAINT}         1       5         10        15        20        25        30{FAINT:#}")?;
    for month in &calendar.months {
        let days: Vec<String> = month.days.iter().map(|day| glyph(day.cell())).collect();
        writeln!(out, "{}  {}", month.first.format("%Y-%m"), days.join(" "))?;
        if month.gap > 0 {
            writeln!(out, "         {FAINT}{}{FAINT:#}", month.gap_label())?;
        }
    }
    Ok(())
}

/// Writes the meaning of each cell, with the given labels for kept and deleted copies.
pub(crate) fn write_legend(out: &mut impl Write, kept: &str, deleted: &str) -> io::Result<()> {
    let meanings = [kept, deleted, "some of each", "none"];
    let legend = CELLS.iter().zip(meanings).map(|((cell, ..), meaning)| format!("{} {meaning}", glyph(*cell)));
    writeln!(out, "         {}\n", legend.collect::<Vec<_>>().join("   "))
}

fn glyph(cell: Cell) -> String {
    CELLS.iter().filter(|row| row.0 == cell).map(|(_, style, glyph)| format!("{style}{glyph}{style:#}")).collect()
}

/// A name in at most `width` columns. The middle of a longer name is replaced by an ellipsis.
pub(crate) fn shortened(name: &str, width: usize) -> String {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= width {
        return name.to_owned();
    }
    let letters = width.saturating_sub(1);
    let (head, tail) = (letters.div_ceil(2), letters / 2);
    let head = characters.iter().take(head);
    head.chain(['…'].iter()).chain(characters.iter().skip(characters.len() - tail)).collect()
}

/// Writes phrases from column `indent` of the current line, wrapped between phrases. A phrase that is longer than a line
/// is wrapped between words.
pub(crate) fn write_wrapped(out: &mut impl Write, phrases: &[String], indent: usize, width: usize) -> io::Result<()> {
    let mut column = indent;
    let fits = |phrase: &str| indent + phrase.width() <= width;
    let words = |phrase| if fits(phrase) { vec![phrase] } else { phrase.split(' ').collect() };
    for phrase in phrases.iter().flat_map(|phrase| words(phrase)) {
        if column > indent && column + 1 + phrase.width() > width {
            write!(out, "\n{:indent$}", "")?;
            column = indent;
        }
        let space = if column > indent { " " } else { "" };
        write!(out, "{space}{phrase}")?;
        column += space.len() + phrase.width();
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_long_name_is_shortened_in_the_middle() {
        assert_eq!(shortened("orders", 6), "orders");
        assert_eq!(shortened("orders-2026", 6), "ord…26");
        assert_eq!(shortened("orders-2026", 7), "ord…026");
        assert_eq!(shortened("orders", 1), "…");
    }
}
