//! `setup-bucket`: the bucket that the functions' code is deployed from.
//!
//! It belongs to the DR account, so that an attacker who controls production cannot change the code that protects the copies.
//! Only settings that differ are changed, so this can be run at any time: for a new bucket, for an existing one, and again
//! after `SOURCE_ACCTS` has changed.

mod apply;
mod changes;
mod observed;
mod policy;

use anyhow::ensure;
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
    in_each(&config.all_regions(), async |region| {
        let dr = Account::connect_in(Role::Consumer, region, config).await?;
        set_up(&dr, config, &mut Terminal::new(Answers::new(args.yes))).await
    })
    .await
}

/// Does this in each region, also after it failed in one: a region that is lost must not hold up the others.
///
/// # Errors
///
/// The failures, each with its region.
pub(crate) async fn in_each(
    regions: &[Region],
    mut work: impl AsyncFnMut(&Region) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut failures = Vec::new();
    for region in regions {
        failures.extend(work(region).await.err().map(|why| (region, why)));
    }
    if regions.len() == 1 {
        return failures.pop().map_or(Ok(()), |(_, why)| Err(why));
    }
    let lines = failures.iter().map(|(region, why)| format!("\n  {region}: {why:#}")).collect::<String>();
    ensure!(failures.is_empty(), "{} of {} regions failed:{lines}", failures.len(), regions.len());
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

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[tokio::test]
    async fn a_lost_region_does_not_hold_up_the_others() {
        let regions = ["eu-west-1", "eu-central-1", "eu-north-1"].map(|region| region.parse().unwrap());
        let mut done = Vec::new();
        let result = in_each(&regions, async |region| {
            if region.as_str() == "eu-west-1" {
                bail!("no connection");
            }
            done.push(region.to_string());
            Ok(())
        });
        let why = result.await.unwrap_err().to_string();
        assert_eq!(why, "1 of 3 regions failed:\n  eu-west-1: no connection");
        assert_eq!(done, ["eu-central-1", "eu-north-1"]);
        let alone = in_each(&regions[..1], async |_| bail!("no connection")).await;
        assert_eq!(alone.unwrap_err().to_string(), "no connection");
        in_each(&regions, async |_| Ok(())).await.unwrap();
    }
}
