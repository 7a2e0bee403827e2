//! Whether the accounts can use the regions that they need. An account has to enable an opt-in region before it can call AWS there:
//! a source account also that of DR's copies, because its producer publishes to a topic there, and DR those of the databases.

use std::collections::BTreeSet;

use config::Config;
use protocol::Region;

use super::finding::{Finding, Id};
use crate::Account;
use crate::aws_error::{Explain, error_code};

/// AWS's answers to the calls of an account that has not enabled the region.
const NOT_ENABLED: [&str; 3] = ["InvalidClientTokenId", "OptInRequired", "UnrecognizedClientException"];

/// The findings about all regions that the account needs besides its own, in which it has been called.
pub async fn examine(account: &Account, config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for region in needed(account, config) {
        findings.push(look(&account.elsewhere(account.role, &region)).await);
    }
    findings
}

fn needed(account: &Account, config: &Config) -> Vec<Region> {
    let mut regions = match account.role.keeps_copies() {
        true => config.all_regions(),
        // Nothing in a source account knows of the second region.
        false => config.database_regions().into_iter().chain(config.copies_region().cloned()).collect(),
    };
    let mut seen = BTreeSet::from([account.place.region.clone()]);
    regions.retain(|region| seen.insert(region.clone()));
    regions
}

async fn look(account: &Account) -> Finding {
    let region = account.place.region.as_str();
    let enabled = Finding::ok(Id::RegionEnabled, region, "the account can use the region");
    match aws_sdk_sts::Client::new(account.sdk()).get_caller_identity().send().await {
        Err(error) if error_code(&error).is_some_and(|code| NOT_ENABLED.contains(&code)) => {
            let next = format!(
                "run `aws account enable-region --region-name {region}` in this account, and wait some minutes"
            );
            Finding::error(Id::RegionNotEnabled, region, "the account has not enabled the region").next(next)
        }
        result => match result.explain(account.credentials(), format_args!("calling AWS in {region}")) {
            Ok(_) => enabled,
            Err(error) => Finding::failed(Id::CheckFailed, &error),
        },
    }
}
