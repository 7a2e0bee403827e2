//! The `draco` command: what can be seen and tried of Draco from a terminal.
//!
//! Each subcommand is a room of its own; this file only knows their names. Exit codes are the same for all: 0 for an
//! answer, 2 for a question that was wrong, 1 for an answer that could not be written.

mod config;
mod manual;
mod plan;
mod progress;
mod sim;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// Keeps the snapshots of Amazon RDS databases safe in a second AWS account.
#[derive(Parser)]
#[command(name = "draco", version, max_term_width = 100)]
struct Draco {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
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
        Command::Plan(plan) => plan.run(),
        Command::Sim(sim) => sim.run(),
        Command::Completions(completions) => completions.run(Draco::command()),
        Command::Man(man) => man.run(Draco::command()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the answer has seen enough of it: `draco plan … | head`.
        Err(Failure::Answer(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Answer(error)) => fail(1, format_args!("writing the answer: {error}")),
        Err(Failure::Question(error)) => fail(2, format_args!("{error:#}")),
    }
}

fn fail(code: u8, why: std::fmt::Arguments<'_>) -> ExitCode {
    tell(format_args!("{red}error:{red:#} {why}", red = clap::builder::Styles::styled().get_error()));
    ExitCode::from(code)
}

/// Says beside the answer what a person should know.
fn note(what: &str) {
    tell(format_args!("note: {what}"));
}

/// Nobody may be there to hear it, and the answer goes on all the same.
fn tell(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(anstream::stderr(), "{line}");
}
