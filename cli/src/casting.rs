//! Who plays where Draco is deployed into a simulation.

use rehearsal::Cast;

/// The source account.
const SOURCE: &str = "111111111111";
/// The DR account.
const DR: &str = "222222222222";
/// Where it all happens, unless another region is asked for.
pub(crate) const REGION: &str = "eu-west-1";

/// Both accounts, with a consumer that deletes or only says what it would delete.
pub(crate) fn cast(region: &str, no_dry_run: bool) -> anyhow::Result<Cast> {
    let cast = Cast::of(SOURCE, DR, region)?;
    Ok(if no_dry_run { cast.consumer("NoDryRun", "true") } else { cast })
}
