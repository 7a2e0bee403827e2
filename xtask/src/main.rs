//! The tasks of a maintainer and of an operator: `cargo xtask` lists them.

mod bench;
mod build;
mod configuration;
mod deploy;
mod mutants;
mod permissions;
mod python;
mod servers;
mod test;
mod worlds;

use std::ffi::OsString;
use std::process::ExitCode;

use std::path::PathBuf;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};
use xshell::Shell;

/// Builds, tests, deploys and checks Draco.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Xtask {
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Subcommand)]
enum Task {
    /// Run all checks: formatting, clippy, all tests, documentation
    Test {
        /// Skip slow checks, and list them
        #[arg(long)]
        quick: bool,
    },
    /// Print the configuration in force, and where each value comes from
    Config(configuration::Show),
    Build(build::Build),
    #[command(flatten)]
    Deploy(deploy_args::Task),
    /// Mutate the pure crates, and check that a test fails for each mutant; builds and tests once for each mutant
    Mutants,
    Worlds(worlds::Worlds),
    /// Write doc/permissions.md from the templates in cfn/
    Permissions,
    /// Run a benchmark, and print one JSON line for each measurement; builds in release mode first, which takes minutes
    Bench {
        /// The benchmark
        benchmark: bench::Benchmark,
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
        Some(Task::Deploy(task)) => match deploy::run(&shell, &task)? {},
        Some(Task::Mutants) => mutants::run(&shell),
        Some(Task::Worlds(worlds)) => worlds.run(&shell),
        Some(Task::Permissions) => permissions::run(&shell.current_dir()),
        Some(Task::Bench { benchmark }) => bench::run(&shell, benchmark),
        None => Ok(Xtask::command().print_help()?),
    }
}

/// Announces work that takes minutes the first time, before it starts.
fn announce(work: &str, time: &str, disk: &str) {
    eprintln!("{work}: about {time} on 2 cores, and {disk} of disk in target/");
}

/// The variables that Cargo sets only for this program. They are removed for another Cargo: build scripts declare which
/// variables they depend on, so that ring, and with it the whole AWS SDK, would be rebuilt each time that they change.
fn variables_of_this_program() -> Vec<OsString> {
    let is_ours = |name: &OsString| {
        name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
    };
    std::env::vars_os().map(|(name, _)| name).filter(is_ours).collect()
}

/// The folder that Cargo builds into. This program is in `target/debug`.
fn target() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    Ok(here.ancestors().nth(2).context("no target folder")?.to_owned())
}
