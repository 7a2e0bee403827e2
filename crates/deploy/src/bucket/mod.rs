//! `setup-bucket`: the bucket that the functions' code is deployed from.
//!
//! It belongs to the DR account, so that whoever has taken over production cannot change the code that guards the copies.
//! Each setting is looked at and only what differs is changed, so this can be run at any time: on a new bucket, on one's
//! own, and again after `SOURCE_ACCTS` has changed.

mod apply;
mod policy;
mod seen;
mod wanted;

use config::Config;
use protocol::AccountId;

use crate::terminal::{CAUTION, FAINT, GOOD, TITLE};
use crate::{Account, Role, Terminal};

use seen::Seen;
use wanted::{Change, changes};

/// Make the bucket for the functions' code in the DR account, or put it right; changes only what differs
#[derive(clap::Args)]
pub struct SetupBucket {
    /// Do it without asking
    #[arg(long)]
    yes: bool,
}

/// The bucket, and who reads from it.
struct Bucket<'a> {
    name: &'a str,
    readers: &'a [AccountId],
}

impl SetupBucket {
    /// Connects, and does it.
    ///
    /// # Errors
    ///
    /// If it cannot be done.
    pub async fn run(self, config: &Config) -> anyhow::Result<()> {
        let mut terminal = Terminal::new(self.yes);
        config.need(&config.code_bucket, "CODE_BUCKET")?;
        let dr = Account::reach(Role::Consumer, config).await?;
        set_up(&dr, config, &mut terminal).await
    }
}

/// Makes the bucket as it has to be.
///
/// # Errors
///
/// If AWS refuses, or the person does.
pub async fn set_up(dr: &Account, config: &Config, terminal: &mut Terminal) -> anyhow::Result<()> {
    let name = config.need(&config.code_bucket, "CODE_BUCKET")?;
    let bucket = Bucket { name, readers: &config.source_accts };
    let seen = Seen::look(dr, name).await?;
    let changes = changes(&bucket, seen.as_ref());
    terminal.say(format_args!("{TITLE}Bucket {name}{TITLE:#} of {dr}"));
    for change in changes.iter() {
        say(terminal, change);
    }
    if changes.is_empty() {
        terminal.say(format_args!("  {GOOD}is as it has to be{GOOD:#}: nothing to do"));
        return Ok(());
    }
    if !terminal.agrees("Do this?")? {
        anyhow::bail!("nothing was changed");
    }
    for change in &changes {
        apply::apply(dr, name, change).await?;
    }
    let next = if seen.is_some() { "" } else { ": the next is `cargo xtask build`, then `cargo xtask upload`" };
    terminal.say(format_args!("{GOOD}done{GOOD:#}{next}"));
    Ok(())
}

/// What of the bucket is not as it has to be; `None` if it is not there.
///
/// # Errors
///
/// If AWS refuses.
pub async fn amiss(dr: &Account, config: &Config, name: &str) -> anyhow::Result<Option<Vec<String>>> {
    let seen = Seen::look(dr, name).await?;
    let changes = changes(&Bucket { name, readers: &config.source_accts }, seen.as_ref());
    Ok(seen.map(|_| changes.iter().map(|change| format!("{} ({})", change.what, change.is)).collect()))
}

fn say(terminal: &mut Terminal, change: &Change) {
    let Change { what, is, will, .. } = change;
    terminal.say(format_args!("  {CAUTION}{what:<14}{CAUTION:#} {FAINT}{is} →{FAINT:#} {will}"));
}
