//! From the arguments of `create`, `update` and `delete` to the account.

use std::path::PathBuf;

use config::Config;
use deploy_args::{Create, Delete, Update};

use super::{Alarms, NoDryRun, create, delete, update};
use crate::files::Files;
use crate::terminal::Answers;
use crate::{Account, Role, Terminal, backfill};

/// Connects to the account, and creates the stack. Before the second region is created, the existing copies that it gets are
/// shown.
///
/// # Errors
///
/// As [`create`].
pub async fn run_create(args: Create, config: &Config) -> anyhow::Result<()> {
    let files = files(args.templates)?;
    let account = Account::connect_at(args.role, args.region.as_ref(), config).await?;
    let alarms = if args.no_alarms { Alarms::Declined } else { Alarms::Required };
    let mut terminal = Terminal::new(Answers::new(args.yes));
    if args.role == Role::Second {
        let first = Account::connect(Role::Consumer, config).await?;
        backfill::show(&first, config, &mut terminal).await?;
    }
    create(&account, config, &files, alarms, &mut terminal).await
}

/// Connects to the account, and updates the stack. Before the backfill of the second region is changed, the existing copies that it
/// then gets are shown.
///
/// # Errors
///
/// As [`update`].
pub async fn run_update(args: Update, config: &Config) -> anyhow::Result<()> {
    let no_dry_run = match (args.no_dry_run, args.dry_run) {
        (false, false) => NoDryRun::Keep,
        (on, _) => NoDryRun::Set(on),
    };
    let files = files(args.templates)?;
    let account = Account::connect_at(args.role, args.region.as_ref(), config).await?;
    let mut terminal = Terminal::new(Answers::new(args.yes));
    if args.role == Role::Second {
        let first = Account::connect(Role::Consumer, config).await?;
        backfill::show_update(&first, &account, config, &mut terminal).await?;
    }
    update(&account, config, &files, no_dry_run, &mut terminal).await
}

/// Connects to the account, and deletes the stack.
///
/// # Errors
///
/// As [`delete()`].
pub async fn run_delete(args: Delete, config: &Config) -> anyhow::Result<()> {
    let region = args.role.region_to_delete(config, args.region.as_ref())?;
    let account = Account::connect_in(args.role, region, config).await?;
    let answers = Answers { confirm: args.confirm, ..Answers::new(args.yes) };
    delete(&account, &mut Terminal::new(answers)).await
}

fn files(templates: Option<PathBuf>) -> anyhow::Result<Files> {
    let files = Files::of_workspace()?;
    Ok(Files { cfn: templates.unwrap_or(files.cfn), ..files })
}
