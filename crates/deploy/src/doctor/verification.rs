//! The verifier: its stack, what it reads, and which databases it has verified.

use chrono::{DateTime, Utc};
use config::Config;
use protocol::DatabaseArn;

use super::finding::{Finding, Id};
use super::{stacks, topics};
use crate::deployed::{self, verification::Verification};
use crate::verification::{GLOBAL_BUNDLE, ROOTS_KEY, bucket, differing, has_roots, wanted};
use crate::{Account, Role};

/// `None` if there is no stack, and none is expected.
pub(super) async fn examine(
    account: &Account,
    config: &Config,
    is_expected: bool,
    now: DateTime<Utc>,
) -> Option<Vec<Finding>> {
    let examined = stacks::examine(account, config).await;
    if !is_expected && !examined.is_deployed && examined.findings.len() < 2 {
        return None;
    }
    let mut findings = examined.findings;
    if examined.is_deployed {
        findings.extend(resources(account, config, now).await);
    }
    Some(findings)
}

/// What the stack has and does.
pub async fn resources(account: &Account, config: &Config, now: DateTime<Utc>) -> Vec<Finding> {
    let failed = |error: anyhow::Error| vec![Finding::failed(Id::CheckFailed, &error)];
    let mut findings = vec![topics::alarms(account, config).await];
    let function = account.role.stack();
    match deployed::dead_letters(account, function).await {
        Ok(letters) => findings.push(stacks::judge_letters(Role::Verifier, function, letters)),
        Err(error) => findings.extend(failed(error)),
    }
    findings.extend(objects(account, config).await.unwrap_or_else(failed));
    let verification = Verification::look(account, config, now).await;
    findings.extend(verification.map_or_else(failed, |verification| judge(&verification, config)));
    findings
}

/// What the verifier reads.
async fn objects(account: &Account, config: &Config) -> anyhow::Result<Vec<Finding>> {
    let bucket = bucket(&account.place);
    let roots = match has_roots(account).await? {
        true => Finding::ok(Id::VerifierRootsPresent, &bucket, format!("{ROOTS_KEY} has root certificates")),
        false => {
            let description = format!("{ROOTS_KEY} is missing or has no certificates, so no copy can be verified");
            Finding::error(Id::VerifierRootsMissing, &bucket, description).next(format!(
                "download {GLOBAL_BUNDLE}, set RDS_ROOTS to its path, and run `cargo xtask update verifier`"
            ))
        }
    };
    let differing: Vec<&str> = differing(account, wanted(config)?).await?.iter().map(|object| object.key).collect();
    let differing = (!differing.is_empty()).then(|| {
        let description = format!("{} differs from the configuration", differing.join(" and "));
        Finding::warning(Id::VerifierObjectsDiffer, &bucket, description).next("run `cargo xtask update verifier`")
    });
    Ok([roots].into_iter().chain(differing).collect())
}

fn judge(verification: &Verification, config: &Config) -> Vec<Finding> {
    let bad = |database: &DatabaseArn| {
        let next = "`draco verify --report` shows what is wrong; verify an older copy with `draco verify --copy`";
        Finding::error(Id::DatabaseCopyBad, &database.to_string(), "a copy of it was restored, and is not good")
            .next(next)
    };
    let mut findings: Vec<Finding> = verification.failed.iter().map(bad).collect();
    let days = config.unverified_days;
    findings.push(match verification.unverified.as_slice() {
        [] => {
            let description = format!("{} of {} databases", verification.verified, verification.databases);
            Finding::ok(Id::DatabasesVerified, "copies", format!("verified within {days} days: {description}"))
        }
        unverified => {
            let ids: Vec<&str> = unverified.iter().map(DatabaseArn::id).collect();
            let description = format!("no copy was verified within {days} days of: {}", ids.join(", "));
            Finding::warning(Id::DatabasesUnverified, "copies", description)
                .next("`draco verify --plan` shows when they are due; lines of step not_verified in the log of draco-verifier have reasons")
        }
    });
    findings
}
