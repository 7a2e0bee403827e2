//! The `draco` command.
//!
//! Each subcommand has its own module; this file only lists them. All subcommands use the same exit codes: 0 for success,
//! 2 for invalid arguments or input, 1 for output that could not be written, an invariant that does not hold, a call of AWS that failed,
//! or a copy that is not verified.

mod accounts;
mod calendar;
mod demo;
mod manual;
mod pager;
mod plan;
mod progress;
mod sim;
mod terminal;
mod verify;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use rehearsal::invariants::Violation;

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
    Verify(deploy_args::Verify),
    Completions(manual::Completions),
    Man(manual::Man),
}

/// Why a command failed.
enum Failure {
    /// Invalid arguments, input or configuration.
    Input(anyhow::Error),
    /// The output could not be written.
    Output(anyhow::Error),
    /// The reader closed the pipe: `draco plan … | head`. This is not an error.
    PipeClosed,
    /// Invariants that do not hold.
    Violations(Vec<Violation>),
    /// A command that calls AWS failed, or a copy is not verified.
    Failed(anyhow::Error),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::PipeClosed => 0,
            Self::Output(_) | Self::Violations(_) | Self::Failed(_) => 1,
            Self::Input(_) => 2,
        }
    }

    fn print(&self) {
        let style = clap::builder::Styles::styled().get_error().to_owned();
        let error = |message: fmt::Arguments<'_>| print_line(format_args!("{style}error:{style:#} {message}"));
        match self {
            Self::PipeClosed => {}
            Self::Input(cause) | Self::Output(cause) | Self::Failed(cause) => error(format_args!("{cause:#}")),
            Self::Violations(all) => all.iter().for_each(|violation| error(format_args!("{violation}"))),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Input(error)
    }
}

/// Writing to standard output failed.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::PipeClosed,
            _ => Self::Output(anyhow::Error::from(error).context("writing the output")),
        }
    }
}

fn main() -> ExitCode {
    let result = match Draco::parse().command {
        Command::Demo(demo) => demo.run(),
        Command::Plan(plan) => plan.run(),
        Command::Sim(sim) => sim.run(),
        Command::Verify(args) => verify::run(&args),
        Command::Completions(completions) => completions.run(Draco::command()),
        Command::Man(man) => man.run(Draco::command()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.code().into()
        }
    }
}

/// Prints a note on standard error.
fn note(text: &str) {
    print_line(format_args!("note: {text}"));
}

/// A failure to write to standard error is ignored: it must not stop the output.
fn print_line(line: fmt::Arguments<'_>) {
    let _ = writeln!(anstream::stderr(), "{line}");
}
