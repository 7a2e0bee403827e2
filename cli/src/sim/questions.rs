//! The list of open questions.

use std::io::{self, Write};

use sim::questions::{QUESTIONS, Question};

use crate::Failure;
use crate::terminal::{FAINT, TITLE, width, write_wrapped};

/// Prints each question with its answers.
pub(super) fn print() -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    QUESTIONS.iter().try_for_each(|question| write(&mut out, question)).map_err(Failure::from)
}

fn write(out: &mut impl Write, question: &Question) -> io::Result<()> {
    let width = width().min(100);
    writeln!(out, "{TITLE}{}{TITLE:#}", question.name)?;
    write!(out, "  ")?;
    write_wrapped(out, &[question.unknown.to_owned()], 2, width)?;
    for (nth, answer) in question.answers.iter().enumerate() {
        let default = if nth == 0 { " (default)" } else { "" };
        writeln!(out, "    {}{FAINT}{default}{FAINT:#}", answer.name)?;
        write!(out, "      ")?;
        write_wrapped(out, &[answer.evidence.to_owned()], 6, width)?;
    }
    write!(out, "  To find out: ")?;
    write_wrapped(out, &[question.experiment.to_owned()], 2, width)?;
    writeln!(out)
}
