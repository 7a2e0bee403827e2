//! Deploys Draco into two AWS accounts, and checks the deployment.
//!
//! [`run`] carries out a command; `deploy_args` defines the commands and their arguments. Each module carries out one command.
//! It gets an [`Account`], the configuration and a [`Terminal`], shows what it will change, and asks before it does so.
//! Tests call the same functions.
//!
//! Read [`account`] first: before anything else is called, the account is checked to be the right one.
//! [`aws_error`] turns an error of an AWS call into one line that names the next step.

pub mod account;
pub mod aws_error;
pub mod backfill;
pub mod bucket;
pub mod code;
pub mod deletion;
pub mod deployed;
pub mod doctor;
pub mod event;
pub mod files;
pub mod owner;
pub mod probe;
pub mod stack;
pub mod status;
pub mod terminal;
pub mod verification;
pub mod verify;

use deploy_args::Task;

pub use account::Account;
pub use deploy_args::Role;
pub use terminal::Terminal;

/// Carries out a command.
///
/// # Errors
///
/// If it fails: one line with the reason and the next step.
pub async fn run(task: Task) -> anyhow::Result<()> {
    let config = task.configuration()?;
    match task {
        Task::SetupBucket(args) => bucket::run(&args, &config).await,
        Task::Upload(_) => code::run(&config).await,
        Task::Create(args) => stack::run_create(args, &config).await,
        Task::Update(args) => stack::run_update(args, &config).await,
        Task::Delete(args) => stack::run_delete(args, &config).await,
        Task::Status(args) => status::run(&args, &config).await,
        Task::Event(args) => event::run(&args, &config).await,
        Task::Retire(args) => owner::run_retire(&args, &config).await,
        Task::Accept(args) => owner::run_accept(&args, &config).await,
        Task::Doctor(args) => doctor::run(&args, &config).await,
        Task::Probe(args) => probe::run(&args, &config).await,
    }
}
