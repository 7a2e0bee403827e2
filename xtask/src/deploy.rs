//! The commands that call AWS. The program `deploy` carries them out. It is built when it is first needed, because building
//! the AWS SDK takes minutes and no other task needs it.

use std::convert::Infallible;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Context;
use deploy_args::Task;
use xshell::{Shell, cmd};

use crate::announce;

/// Builds the program, and replaces this process by it: the terminal, signals and the exit code are its own. It runs in the
/// current folder, because arguments may name files.
pub(crate) fn run(shell: &Shell, task: &Task) -> anyhow::Result<Infallible> {
    // A wrong argument or configuration is reported before the build.
    task.configuration()?;
    let program = crate::target()?.join("debug/deploy");
    if !program.exists() {
        announce("building the program that calls AWS, once", "3 minutes", "1 GB");
    }
    // With all features of the workspace, so that no crate is built only for this program.
    let mut build = cmd!(shell, "cargo build --quiet --workspace --all-features --locked --bin deploy").quiet();
    for name in crate::variables_of_this_program() {
        build = build.env_remove(name);
    }
    build.run()?;
    // The program parses the same arguments, with the same definitions.
    let why = Command::new(&program).args(std::env::args_os().skip(1)).exec();
    Err(why).with_context(|| format!("running {}", program.display()))
}
