//! The accounts of the simulations: one source account and DR.

use rehearsal::Setup;

const SOURCE: &str = "111111111111";
const DR: &str = "222222222222";
/// The default region.
pub(crate) const REGION: &str = "eu-west-1";

/// Both accounts. Without `no_dry_run`, the consumer only reports which copies it would delete.
pub(crate) fn setup(region: &str, no_dry_run: bool) -> anyhow::Result<Setup> {
    let setup = Setup::new(SOURCE, DR, region)?;
    Ok(if no_dry_run { setup.consumer_parameter("NoDryRun", "true") } else { setup })
}
