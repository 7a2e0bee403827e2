//! The accounts of the simulations.

use rehearsal::Setup;

const SOURCE: &str = "111111111111";
/// The second source account.
const OTHER: &str = "333333333333";
const DR: &str = "222222222222";
/// The default region.
pub(crate) const REGION: &str = "eu-west-1";

/// Two source accounts and DR. Without `no_dry_run`, the consumer only reports which copies it would delete.
pub(crate) fn setup(region: &str, no_dry_run: bool) -> anyhow::Result<Setup> {
    let setup = Setup::new(SOURCE, DR, region)?.and_source(OTHER)?;
    Ok(if no_dry_run { setup.consumer_parameter("NoDryRun", "true") } else { setup })
}
