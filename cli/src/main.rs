//! The `draco` command: what can be seen and tried of Draco from a terminal.
//!
//! Each subcommand is a room of its own; this file only knows their names. Exit codes are the same for all: 0 for an
//! answer, 2 for a question that was wrong, 1 for an answer that could not be written, or that nobody wants to hear.

mod calendar;
mod casting;
mod demo;
mod manual;
mod plan;
mod progress;
mod sim;
mod terminal;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use rehearsal::invariants::Broken;

/// Keeps the snapshots of Amazon RDS databases safe in a second AWS account.
#[derive(Parser)]
#[command(name = "draco", version, max_term_width = 100)]
struct Draco {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Demo),
    Plan(plan::Plan),
    Sim(sim::Sim),
    Completions(manual::Completions),
    Man(manual::Man),
}

/// Why there is no answer.
enum Failure {
    /// The question was wrong: usage, file, configuration.
    Question(anyhow::Error),
    /// The answer could not be written.
    Answer(io::Error),
    /// This must always hold, and does not.
    Broken(Vec<Broken>),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            // Whoever read the answer has seen enough of it: `draco plan … | head`.
            Self::Answer(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Answer(_) | Self::Broken(_) => 1,
            Self::Question(_) => 2,
        }
    }

    fn tell(&self) {
        let error = clap::builder::Styles::styled().get_error().to_owned();
        let say = |why: fmt::Arguments<'_>| tell(format_args!("{error}error:{error:#} {why}"));
        match self {
            _ if self.code() == 0 => {}
            Self::Answer(error) => say(format_args!("writing the answer: {error}")),
            Self::Question(error) => say(format_args!("{error:#}")),
            Self::Broken(all) => all.iter().for_each(|broken| say(format_args!("{broken}"))),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Question(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Answer(error)
    }
}

fn main() -> ExitCode {
    let done = match Draco::parse().command {
        Command::Demo(demo) => demo.run(),
        Command::Plan(plan) => plan.run(),
        Command::Sim(sim) => sim.run(),
        Command::Completions(completions) => completions.run(Draco::command()),
        Command::Man(man) => man.run(Draco::command()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            failure.code().into()
        }
    }
}

/// Says beside the answer what a person should know.
fn note(what: &str) {
    tell(format_args!("note: {what}"));
}

/// Nobody may be there to hear it, and the answer goes on all the same.
fn tell(line: fmt::Arguments<'_>) {
    let _ = writeln!(anstream::stderr(), "{line}");
}
