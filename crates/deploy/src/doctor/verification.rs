//! The verifier: its stack, what it reads, and which databases it has verified.

use chrono::{DateTime, Utc};
use config::Config;
use protocol::DatabaseArn;

use super::finding::{Finding, Id};
use super::{stacks, topics};
use crate::deployed::{self, verification::Verification};
use crate::verification::{Objects, ROOTS_KEY, bucket};
use crate::{Account, Role};

pub(super) async fn examine(account: &Account, config: &Config, now: DateTime<Utc>) -> Vec<Finding> {
    let examined = stacks::examine(account, config).await;
    let mut findings = examined.findings;
    if examined.is_deployed {
        findings.extend(resources(account, config, now).await);
    }
    findings
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
    findings
        .extend(Objects::look(account, config).await.map_or_else(failed, |objects| judge_objects(account, &objects)));
    let verification = Verification::look(account, config, now).await;
    findings.extend(verification.map_or_else(failed, |verification| judge(&verification, config)));
    findings
}

fn judge_objects(account: &Account, objects: &Objects) -> Vec<Finding> {
    let (bucket, region) = (bucket(&account.place), &account.place.region);
    let roots = match objects.roots {
        Some(_) => Finding::ok(Id::VerifierRootsPresent, &bucket, format!("{ROOTS_KEY} has root certificates")),
        None => {
            let description = format!("{ROOTS_KEY} is missing or has no certificates, so no copy can be verified");
            Finding::error(Id::VerifierRootsMissing, &bucket, description).next(format!(
                "download https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem, set RDS_ROOTS to its path, and run \
                 `cargo xtask update verifier`"
            ))
        }
    };
    let differing = (!objects.differing.is_empty()).then(|| {
        let description = format!("{} differs from the configuration", objects.differing.join(" and "));
        Finding::warning(Id::VerifierObjectsDiffer, &bucket, description).next("run `cargo xtask update verifier`")
    });
    [roots].into_iter().chain(differing).collect()
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
