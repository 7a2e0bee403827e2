//! The list of open questions.

use std::io::{self, Write};

use serde::Serialize;
use sim::questions::{Answer, QUESTIONS, Question};

use crate::Failure;
use crate::terminal::{FAINT, TITLE, width, write_wrapped};

/// Prints each question with its answers.
pub(super) fn print() -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    QUESTIONS.iter().try_for_each(|question| write(&mut out, question)).map_err(Failure::from)
}

/// Prints the same for programs.
pub(super) fn print_json() -> Result<(), Failure> {
    let list: Vec<_> = QUESTIONS.iter().map(QuestionJson::of).collect();
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &list).map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

#[derive(Serialize)]
struct QuestionJson {
    question: &'static str,
    unknown: &'static str,
    experiment: &'static str,
    answers: Vec<AnswerJson>,
}

#[derive(Serialize)]
struct AnswerJson {
    answer: &'static str,
    evidence: &'static str,
    default: bool,
    worst: bool,
}

impl QuestionJson {
    fn of(question: &'static Question) -> Self {
        let answers = question.answers.iter().enumerate().map(|(nth, Answer { name, evidence })| AnswerJson {
            answer: name,
            evidence,
            default: nth == 0,
            worst: *name == question.worst().name,
        });
        let Question { name, unknown, experiment, .. } = question;
        Self { question: name, unknown, experiment, answers: answers.collect() }
    }
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
