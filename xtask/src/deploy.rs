//! The tasks that speak to AWS. They are the program `deploy`, which is built when it is first needed, because the AWS SDK
//! takes minutes and nothing else here needs it. What is typed after a task's name is for that program to understand.

use std::convert::Infallible;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Context;
use clap::{Args, Subcommand};
use xshell::{Shell, cmd};

/// One line each. The program has the rest: `cargo xtask create --help`.
#[derive(Subcommand)]
pub(crate) enum Task {
    /// Make the bucket for the code in the DR account, or put it right
    #[command(disable_help_flag = true)]
    SetupBucket(Typed),
    /// Put what was built into the bucket: only what has changed
    #[command(disable_help_flag = true)]
    Upload(Typed),
    /// Make the stack of the producer or the consumer, once its changes are shown and agreed to
    #[command(disable_help_flag = true)]
    Create(Typed),
    /// Bring a stack up to date, likewise; turn deletion in DR on or off
    #[command(disable_help_flag = true)]
    Update(Typed),
    /// Delete a stack; copies in DR, and their key, stay
    #[command(disable_help_flag = true)]
    Delete(Typed),
    /// Show both stacks: versions, whether copies are deleted, the last copy
    #[command(disable_help_flag = true)]
    Status(Typed),
    /// Send a function one of the messages that it gets: look at this snapshot, sweep now
    #[command(disable_help_flag = true)]
    Event(Typed),
    /// Check everything that has to be right, and say what to do about what is not
    #[command(disable_help_flag = true)]
    Doctor(Typed),
}

/// What was typed after a task's name.
#[derive(Args)]
pub(crate) struct Typed {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    all: Vec<OsString>,
}

impl Task {
    fn program(self) -> (&'static str, Vec<OsString>) {
        let (name, typed) = match self {
            Self::SetupBucket(typed) => ("setup-bucket", typed),
            Self::Upload(typed) => ("upload", typed),
            Self::Create(typed) => ("create", typed),
            Self::Update(typed) => ("update", typed),
            Self::Delete(typed) => ("delete", typed),
            Self::Status(typed) => ("status", typed),
            Self::Event(typed) => ("event", typed),
            Self::Doctor(typed) => ("doctor", typed),
        };
        (name, typed.all)
    }

    /// Becomes that program: the terminal, signals and the exit code are its own. It runs where it was asked for, since
    /// what was typed may name files.
    pub(crate) fn run(self, shell: &Shell) -> anyhow::Result<Infallible> {
        let program = crate::target()?.join("debug/deploy");
        if !program.exists() {
            eprintln!("building what speaks to AWS, which takes some minutes the first time");
        }
        // With the features of the whole, so that no crate is built for this alone.
        let mut build = cmd!(shell, "cargo build --quiet --workspace --all-features --locked --bin deploy").quiet();
        for name in crate::set_for_xtask() {
            build = build.env_remove(name);
        }
        build.run()?;
        let (task, typed) = self.program();
        let why = Command::new(&program).arg(task).args(typed).exec();
        Err(why).with_context(|| format!("running {}", program.display()))
    }
}
