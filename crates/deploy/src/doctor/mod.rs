//! `doctor`: checks everything that Draco needs, before and after the deployment, and reports how to fix each problem.
//!
//! Each module observes one subject, and judges it with a pure function. AWS resources are not changed.

pub mod databases;
pub mod finding;
pub mod keys;
pub mod quotas;
mod stacks;
mod tools;
pub mod topics;

use anyhow::ensure;
use chrono::{DateTime, Utc};
use config::Config;

use crate::terminal::Answers;
use crate::{Account, Role, Terminal, bucket, deployed};
use databases::Databases;
use finding::{Area, Finding, Id, Section, Severity};
use quotas::{Copies, Quotas};

/// Makes all checks, and prints the findings.
///
/// # Errors
///
/// If there is an error among the findings.
pub async fn run(args: &deploy_args::Doctor, config: &Config) -> anyhow::Result<()> {
    let sections = examine(config).await;
    let mut terminal = Terminal::new(Answers::default());
    if args.json {
        terminal.print(finding::json(&sections)?);
    } else {
        finding::lines(&sections).into_iter().for_each(|line| terminal.print(line));
    }
    let errors = finding::count(&sections, Severity::Error);
    ensure!(errors == 0, "doctor found {errors} {}", if errors == 1 { "error" } else { "errors" });
    Ok(())
}

async fn examine(config: &Config) -> Vec<Section> {
    let title = "this machine".to_owned();
    let machine = Section { area: Area::Machine, account: None, title, findings: tools::judge(&tools::look(config)) };
    let mut is_dry_run = true;
    let dr = Account::connect(Role::Consumer, config).await;
    let dr_section = match &dr {
        Ok(dr) => {
            let mut findings = vec![credentials(dr), code_bucket(dr, config).await];
            let deployment = deployment(dr, config).await;
            is_dry_run = deployment.is_dry_run;
            findings.extend(deployment.findings);
            section(Area::DrAccount, dr, dr.to_string(), findings)
        }
        Err(error) => unreachable(Area::DrAccount, Role::Consumer, error),
    };
    let source = Account::connect(Role::Producer, config).await;
    let source_section = match &source {
        Ok(source) => {
            let mut findings = vec![credentials(source)];
            findings.extend(other_sources(source, config));
            findings.extend(deployment(source, config).await.findings);
            section(Area::SourceAccount, source, source.to_string(), findings)
        }
        Err(error) => unreachable(Area::SourceAccount, Role::Producer, error),
    };
    let now = std::time::SystemTime::now().into();
    let copying = copying(source.as_ref().ok(), dr.as_ref().ok(), config, is_dry_run, now).await;
    [machine, dr_section, source_section].into_iter().chain(copying).collect()
}

fn section(area: Area, account: &Account, title: String, findings: Vec<Finding>) -> Section {
    Section { area, account: Some(account.place.account.to_string()), title, findings }
}

fn unreachable(area: Area, role: Role, error: &anyhow::Error) -> Section {
    let findings = vec![Finding::failed(Id::AccountUnreachable, error)];
    Section { area, account: None, title: role.account().to_owned(), findings }
}

/// The databases, and whether the quotas are sufficient for their copies.
pub async fn copying(
    source: Option<&Account>,
    dr: Option<&Account>,
    config: &Config,
    is_dry_run: bool,
    now: DateTime<Utc>,
) -> Vec<Section> {
    let Some(source) = source else { return Vec::new() };
    let failed = |error| vec![Finding::failed(Id::CheckFailed, &error)];
    let databases = Databases::look(source).await;
    let lifecycles: Option<Vec<_>> = databases.as_ref().ok().map(|databases| {
        let copied = databases.copied(&config.lifecycles);
        copied.map(|(database, lifecycle)| (database.arn.kind, lifecycle)).collect()
    });
    let findings = databases.map_or_else(failed, |databases| databases.judge(&config.lifecycles));
    let mut sections = vec![section(Area::Databases, source, format!("databases of {source}"), findings)];
    let findings = Quotas::look(source).await.map_or_else(failed, |quotas| quotas.judge_transit());
    sections.push(section(Area::Quotas, source, format!("quotas of {source}"), findings));
    if let (Some(dr), Some(lifecycles)) = (dr, lifecycles) {
        let snapshots = deployed::snapshots(dr).await;
        let findings = match Quotas::look(dr).await.and_then(|quotas| Ok((quotas, snapshots?))) {
            Ok((quotas, snapshots)) => {
                let copies = Copies { snapshots: &snapshots, lifecycles: &lifecycles, is_dry_run, now };
                quotas.judge_copies(&copies, config)
            }
            Err(error) => failed(error),
        };
        sections.push(section(Area::Quotas, dr, format!("quotas of {dr}"), findings));
    }
    sections
}

fn credentials(account: &Account) -> Finding {
    Finding::ok(Id::CredentialsValid, &account.caller, "the credentials are valid")
}

/// The credentials are for one source account. The others are listed.
fn other_sources(source: &Account, config: &Config) -> Vec<Finding> {
    let others = config.source_accts.iter().filter(|account| **account != source.place.account);
    let next = "run `SOURCE_PROFILE=… cargo xtask doctor` with a profile of each";
    others
        .map(|account| Finding::pending(Id::SourceAccountNotChecked, account.as_str(), "not checked").next(next))
        .collect()
}

async fn code_bucket(dr: &Account, config: &Config) -> Finding {
    let setup = "run `cargo xtask setup-bucket`";
    let Ok(name) = &config.bucket_in(&dr.place.region) else {
        return Finding::pending(Id::CodeBucketNotSet, "CODE_BUCKET", "the key is not set")
            .next(format!("set it in config.yaml, then {setup}"));
    };
    match bucket::differences(dr, config, name).await {
        Ok(None) => Finding::pending(Id::BucketMissing, name, "the bucket does not exist").next(setup),
        Ok(Some(wrong)) if wrong.is_empty() => {
            Finding::ok(Id::BucketReady, name, "the bucket is versioned, encrypted and private")
        }
        Ok(Some(wrong)) => {
            let description = format!("the bucket has wrong settings: {}", wrong.join(", "));
            Finding::error(Id::BucketMisconfigured, name, description).next(setup)
        }
        Err(error) => Finding::failed(Id::CheckFailed, &error),
    }
}

/// The stack and its resources. Without a stack, its resources are not checked.
async fn deployment(account: &Account, config: &Config) -> stacks::Examined {
    let mut examined = stacks::examine(account, config).await;
    if examined.is_deployed {
        examined.findings.extend(resources(account, config).await);
    }
    examined
}

/// The resources of the stacks: topics, key, dead letters.
pub async fn resources(account: &Account, config: &Config) -> Vec<Finding> {
    let mut findings = topics::examine(account, config).await;
    findings.push(keys::examine(account, config).await);
    for function in deployed::functions(account.role) {
        findings.push(match deployed::dead_letters(account, function).await {
            Ok(letters) => stacks::judge_letters(account.role, function, letters),
            Err(error) => Finding::failed(Id::CheckFailed, &error),
        });
    }
    findings
}
