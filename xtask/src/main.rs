//! What a maintainer of Draco runs: `cargo xtask` lists it.

mod bench;
mod build;
mod configuration;
mod deploy;
mod mutants;
mod permissions;
mod python;
mod test;

use std::ffi::OsString;
use std::process::ExitCode;

use std::path::PathBuf;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};
use xshell::Shell;

/// What a maintainer of Draco runs.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Xtask {
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that has to hold: formatting, clippy, all tests, documentation
    Test {
        /// Leave out what is slow, and say what
        #[arg(long)]
        quick: bool,
    },
    /// Print the configuration in force, and where each value comes from
    Config(configuration::Show),
    Build(build::Build),
    #[command(flatten)]
    Deploy(deploy::Task),
    /// Break the pure crates in every small way, and see that a test notices each
    Mutants,
    /// Write doc/permissions.md from the templates in cfn/
    Permissions,
    /// Measure, and print one JSON line a measurement
    Bench {
        /// What to measure
        of: bench::Of,
    },
}

fn main() -> ExitCode {
    match run(Xtask::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(xtask: Xtask) -> anyhow::Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    match xtask.task {
        Some(Task::Test { quick }) => test::run(&shell, quick),
        Some(Task::Config(show)) => show.run(),
        Some(Task::Build(build)) => build.run(&shell),
        Some(Task::Deploy(task)) => match task.run(&shell)? {},
        Some(Task::Mutants) => mutants::run(&shell),
        Some(Task::Permissions) => permissions::run(&shell.current_dir()),
        Some(Task::Bench { of }) => bench::run(&shell, of),
        None => Ok(Xtask::command().print_help()?),
    }
}

/// The variables that Cargo has set for this program alone. Another Cargo must not see them: build scripts say which
/// variables they depend on, and what stands on ring, which is the whole AWS SDK, would be built anew by whoever has
/// them otherwise.
fn set_for_xtask() -> Vec<OsString> {
    let is_ours = |name: &OsString| {
        name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
    };
    std::env::vars_os().map(|(name, _)| name).filter(is_ours).collect()
}

/// The folder that Cargo builds into. This program stands in `target/debug`.
fn target() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    Ok(here.ancestors().nth(2).context("no target folder")?.to_owned())
}
