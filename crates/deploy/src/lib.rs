//! Puts Draco into two AWS accounts, and looks after it there.
//!
//! [`Deploy`] is the command, of which `cargo xtask` is the door. Each task is a room of its own: it gets an [`Account`]
//! to work in, the configuration, and a [`Terminal`] to talk to, says what it will do before it does it, and can be called
//! by tests as it is by people.
//!
//! Read [`role`] and [`account`] first: nothing is called in an account before that is known to be the right one.
//! [`aws_error`] turns an error of an AWS call into one line that names the next step.

pub mod account;
pub mod aws_error;
pub mod bucket;
pub mod code;
pub mod deletion;
pub mod deployed;
pub mod doctor;
pub mod event;
pub mod files;
pub mod role;
pub mod stack;
pub mod status;
pub mod terminal;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use config::Config;

pub use account::Account;
pub use role::Role;
pub use terminal::Terminal;

/// Puts Draco into two AWS accounts, and looks after it there.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
pub struct Deploy {
    /// The configuration, in place of config.yaml; environment variables win over either
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    SetupBucket(bucket::SetupBucket),
    Upload(code::Upload),
    Create(stack::Create),
    Update(stack::Update),
    Delete(stack::Delete),
    Status(status::Status),
    Event(event::Event),
    Doctor(doctor::Doctor),
}

impl Deploy {
    /// Does what was asked.
    ///
    /// # Errors
    ///
    /// If it cannot be done: one line that says why, and what to do.
    pub async fn run(self) -> anyhow::Result<()> {
        let config = Config::read(self.config.as_deref(), &config::environment())?;
        match self.task {
            Task::SetupBucket(task) => task.run(&config).await,
            Task::Upload(task) => task.run(&config).await,
            Task::Create(task) => task.run(&config).await,
            Task::Update(task) => task.run(&config).await,
            Task::Delete(task) => task.run(&config).await,
            Task::Status(task) => task.run(&config).await,
            Task::Doctor(task) => task.run(&config).await,
            Task::Event(task) => task.run(&config).await,
        }
    }
}
