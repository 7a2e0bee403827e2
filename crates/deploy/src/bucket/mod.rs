//! `setup-bucket`: the bucket that the functions' code is deployed from.
//!
//! It belongs to the DR account, so that an attacker who controls production cannot change the code that protects the copies.
//! Only settings that differ are changed, so this can be run at any time: for a new bucket, for an existing one, and again
//! after `SOURCE_ACCTS` has changed.

mod apply;
mod changes;
mod observed;
mod policy;

use config::{Architecture, Config};
use protocol::{AccountId, Region};

use deploy_args::SetupBucket;

use crate::terminal::{Answers, CAUTION, FAINT, GOOD, TITLE};
use crate::{Account, Role, Terminal};

use changes::{Change, changes};
use observed::Observed;

/// The bucket, and the accounts that may read it.
struct Bucket<'a> {
    name: &'a str,
    readers: &'a [AccountId],
    /// Of the code that they may read.
    architecture: Architecture,
}

impl<'a> Bucket<'a> {
    /// The source accounts read only in the regions of their databases.
    fn new(name: &'a str, region: &Region, config: &'a Config) -> Self {
        let is_read = config.database_regions().contains(region);
        let readers = if is_read { &config.source_accts[..] } else { &[] };
        Self { name, readers, architecture: config.architecture }
    }
}

/// Connects to the DR account, and sets up the bucket of each region.
///
/// # Errors
///
/// As [`set_up`].
pub async fn run(args: &SetupBucket, config: &Config) -> anyhow::Result<()> {
    config.need(&config.code_bucket, "CODE_BUCKET")?;
    for region in config.all_regions() {
        let dr = Account::connect_in(Role::Consumer, &region, config).await?;
        set_up(&dr, config, &mut Terminal::new(Answers::new(args.yes))).await?;
    }
    Ok(())
}

/// Creates the bucket if it does not exist, and corrects its settings.
///
/// # Errors
///
/// If a call fails, or the user declines.
pub async fn set_up(dr: &Account, config: &Config, terminal: &mut Terminal) -> anyhow::Result<()> {
    let name = &config.bucket_in(&dr.place.region)?;
    let bucket = Bucket::new(name, &dr.place.region, config);
    let observed = Observed::look(dr, name).await?;
    let changes = changes(&bucket, observed.as_ref());
    terminal.print(format_args!("{TITLE}Bucket {name}{TITLE:#} of {dr}"));
    for change in changes.iter() {
        terminal.print(line(change));
    }
    if changes.is_empty() {
        terminal.print(format_args!("  {GOOD}no changes{GOOD:#}: all settings are right"));
        return Ok(());
    }
    if !terminal.ask("Make these changes?")? {
        anyhow::bail!("canceled: no changes were made");
    }
    for change in &changes {
        apply::apply(dr, name, change).await?;
    }
    let next = if observed.is_some() { "" } else { "; next: `cargo xtask build`, then `cargo xtask upload`" };
    terminal.print(format_args!("{GOOD}done{GOOD:#}{next}"));
    Ok(())
}

/// The settings of the bucket that differ from those that it needs; `None` if there is no bucket.
///
/// # Errors
///
/// If a call fails.
pub async fn differences(dr: &Account, config: &Config, name: &str) -> anyhow::Result<Option<Vec<String>>> {
    let observed = Observed::look(dr, name).await?;
    let changes = changes(&Bucket::new(name, &dr.place.region, config), observed.as_ref());
    Ok(observed.map(|_| changes.iter().map(|change| format!("{} ({})", change.name, change.now)).collect()))
}

fn line(change: &Change) -> String {
    let Change { name, now, new, .. } = change;
    format!("  {CAUTION}{name:<14}{CAUTION:#} {FAINT}{now} →{FAINT:#} {new}")
}
