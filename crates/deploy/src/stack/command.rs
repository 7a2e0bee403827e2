//! The commands, as they are typed.

use std::path::PathBuf;

use anyhow::bail;
use config::Config;

use super::{NoDryRun, create, delete, update};
use crate::files::Files;
use crate::{Account, Role, Terminal};

/// Make the stack of the producer or the consumer
#[derive(clap::Args)]
pub struct Create {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    from: From,
}

/// Bring a stack up to date with the templates, the uploaded code and the configuration
#[derive(clap::Args)]
pub struct Update {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    from: From,
    /// From now on the consumer deletes what nothing holds; shows first what that is at this moment
    #[arg(long, conflicts_with = "dry_run")]
    no_dry_run: bool,
    /// From now on the consumer deletes nothing, and logs what it would have deleted
    #[arg(long)]
    dry_run: bool,
}

/// Delete a stack; copies, and the key that they are under, stay
#[derive(clap::Args)]
pub struct Delete {
    #[command(flatten)]
    which: Which,
}

#[derive(clap::Args)]
struct Which {
    /// Whose stack
    role: Role,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
}

#[derive(clap::Args)]
struct From {
    /// Where the templates are, in place of cfn/
    #[arg(long, value_name = "FOLDER")]
    templates: Option<PathBuf>,
}

impl From {
    fn files(self) -> anyhow::Result<Files> {
        let files = Files::of_workspace()?;
        Ok(Files { cfn: self.templates.unwrap_or(files.cfn), ..files })
    }
}

impl Create {
    /// Connects, and does it.
    ///
    /// # Errors
    ///
    /// As [`create`].
    pub async fn run(self, config: &Config) -> anyhow::Result<()> {
        let files = self.from.files()?;
        let account = Account::reach(self.which.role, config).await?;
        create(&account, config, &files, &mut Terminal::new(self.which.yes)).await
    }
}

impl Update {
    /// Connects, and does it.
    ///
    /// # Errors
    ///
    /// As [`update`].
    pub async fn run(self, config: &Config) -> anyhow::Result<()> {
        let no_dry_run = match (self.no_dry_run, self.dry_run) {
            (false, false) => NoDryRun::Stays,
            (on, _) => NoDryRun::Becomes(on),
        };
        if self.which.role == Role::Producer && no_dry_run != NoDryRun::Stays {
            bail!("the producer deletes no copies: --no-dry-run and --dry-run are for `cargo xtask update consumer`");
        }
        let files = self.from.files()?;
        let account = Account::reach(self.which.role, config).await?;
        update(&account, config, &files, no_dry_run, &mut Terminal::new(self.which.yes)).await
    }
}

impl Delete {
    /// Connects, and does it.
    ///
    /// # Errors
    ///
    /// As [`delete()`].
    pub async fn run(self, config: &Config) -> anyhow::Result<()> {
        let account = Account::reach(self.which.role, config).await?;
        delete(&account, &mut Terminal::new(self.which.yes)).await
    }
}
