//! `doctor`: checks everything that Draco needs, before and after the deployment, and reports how to fix each problem.
//!
//! Each module observes one subject, and judges it with a pure function. AWS resources are not changed.

pub mod costs;
pub mod databases;
pub mod engines;
pub mod finding;
pub mod keys;
pub mod quotas;
pub mod regions;
mod stacks;
mod tools;
pub mod topics;
pub mod verification;

use std::collections::BTreeSet;

use anyhow::ensure;
use chrono::{DateTime, TimeDelta, Utc};
use config::Config;
use protocol::{AccountId, Place, Region};

use crate::deployed::Queue;
use crate::status::receives_from_elsewhere;
use crate::terminal::Answers;
use crate::{Account, Role, Terminal, bucket, deployed};
use costs::Cost;
use databases::Databases;
use engines::Fleet;
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
    let machine = Section { area: Area::Machine, place: None, title, findings: tools::judge(&tools::look(config)) };
    let mut sections = vec![machine];
    let roles = [Role::Consumer].into_iter().chain(config.second_region.as_ref().map(|_| Role::Second));
    let mut drs = Vec::new();
    for role in roles {
        match Account::connect(role, config).await {
            Ok(dr) => {
                let mut findings = vec![credentials(&dr), code_bucket(&dr, config).await];
                if role == Role::Consumer {
                    findings.extend(regions::examine(&dr, config).await);
                }
                let deployment = deployment(&dr, config).await;
                findings.extend(deployment.findings);
                sections.push(section(Area::DrAccount, &dr, dr.to_string(), findings));
                drs.push((dr, deployment.is_dry_run));
            }
            Err(error) => sections.push(unreachable(Area::DrAccount, role, role.region(config).ok(), &error)),
        }
    }
    let mut sources = Vec::new();
    for region in database_regions(config) {
        match connect_source(region.as_ref(), config).await {
            Ok(source) => {
                let mut findings = vec![credentials(&source)];
                if sources.is_empty() {
                    findings.extend(other_sources(&source, config));
                    findings.extend(regions::examine(&source, config).await);
                }
                findings.extend(deployment(&source, config).await.findings);
                sections.push(section(Area::SourceAccount, &source, source.to_string(), findings));
                sources.push(source);
            }
            Err(error) => sections.push(unreachable(Area::SourceAccount, Role::Producer, region.as_ref(), &error)),
        }
    }
    let now = std::time::SystemTime::now().into();
    for (dr, _) in &drs {
        let verifier = dr.elsewhere(Role::Verifier, &dr.place.region);
        let is_first = config.copies_region() == Some(&dr.place.region);
        let Some(findings) = verification::examine(&verifier, config, is_first, now).await else { continue };
        sections.push(section(Area::Verification, &verifier, format!("verification in {verifier}"), findings));
    }
    sections.extend(copying(&sources, &drs, config, now).await);
    sections
}

/// The regions of the databases. Without any in the configuration, connecting reports the missing key.
fn database_regions(config: &Config) -> Vec<Option<Region>> {
    let regions = config.database_regions();
    if regions.is_empty() { vec![None] } else { regions.into_iter().map(Some).collect() }
}

async fn connect_source(region: Option<&Region>, config: &Config) -> anyhow::Result<Account> {
    match region {
        Some(region) => Account::connect_in(Role::Producer, region, config).await,
        None => Account::connect(Role::Producer, config).await,
    }
}

fn section(area: Area, account: &Account, title: String, findings: Vec<Finding>) -> Section {
    Section { area, place: Some(account.place.clone()), title, findings }
}

fn unreachable(area: Area, role: Role, region: Option<&Region>, error: &anyhow::Error) -> Section {
    let findings = vec![Finding::failed(Id::AccountUnreachable, error)];
    let region = region.map(|region| format!(" in {region}")).unwrap_or_default();
    Section { area, place: None, title: format!("{}{region}", role.account()), findings }
}

/// Whether the databases of all source accounts and regions were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// All of them.
    All,
    /// Not all: a region cannot be reached or read, or the credentials are for another source account.
    Part,
}

impl Coverage {
    fn of(read: &BTreeSet<&Place>, config: &Config) -> Self {
        let regions = config.database_regions();
        let has = |account: &AccountId, region: &Region| {
            read.iter().any(|place| place.account == *account && place.region == *region)
        };
        match config.source_accts.iter().all(|account| regions.iter().all(|region| has(account, region))) {
            true => Self::All,
            false => Self::Part,
        }
    }

    /// The severity of a finding without a problem.
    fn severity(self) -> Severity {
        match self {
            Self::All => Severity::Ok,
            Self::Part => Severity::Pending,
        }
    }

    /// For the end of such a finding.
    fn text(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Part => "; not all source accounts and regions were read",
        }
    }
}

/// The databases of each region, and in each region of DR whether the quotas are sufficient for their copies, and what copies from
/// another region cost. With each region of DR comes whether it is in a dry run.
pub async fn copying(
    sources: &[Account],
    drs: &[(Account, bool)],
    config: &Config,
    now: DateTime<Utc>,
) -> Vec<Section> {
    let failed = |error| vec![Finding::failed(Id::CheckFailed, &error)];
    let (mut sections, mut lifecycles, mut read) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut fleets: Vec<Fleet> = drs.iter().map(|_| Fleet::default()).collect();
    for source in sources {
        let databases = Databases::look(source, now).await;
        for (database, lifecycle) in databases.iter().flat_map(|databases| databases.copied(&config.lifecycles)) {
            let elsewhere = drs.iter().zip(&mut fleets).filter(|((dr, _), _)| dr.place.region != source.place.region);
            elsewhere.for_each(|(_, fleet)| fleet.add(database));
            lifecycles.push((database.arn.kind, lifecycle));
        }
        read.extend(databases.is_ok().then_some(&source.place));
        let findings = databases.map_or_else(failed, |databases| databases.judge(config));
        sections.push(section(Area::Databases, source, format!("databases of {source}"), findings));
        let findings = Quotas::look(source).await.map_or_else(failed, |quotas| quotas.judge_transit());
        sections.push(section(Area::Quotas, source, format!("quotas of {source}"), findings));
    }
    let coverage = Coverage::of(&read, config);
    for ((dr, is_dry_run), fleet) in drs.iter().zip(&fleets) {
        let findings = fleet.examine(dr, coverage).await;
        if !findings.is_empty() {
            sections.push(section(Area::Engines, dr, format!("engine versions of {dr}"), findings));
        }
        let snapshots = deployed::snapshots(dr).await;
        let quotas = Quotas::look(dr).await;
        let (findings, cost) = match quotas.and_then(|quotas| Ok((quotas, snapshots?))) {
            Ok((quotas, snapshots)) => {
                let is_dry_run = *is_dry_run;
                let copies = Copies { snapshots: &snapshots, lifecycles: &lifecycles, coverage, is_dry_run, now };
                (quotas.judge_copies(&copies, config), Cost::of(&snapshots, &dr.place, now))
            }
            Err(error) => (failed(error), None),
        };
        let mut findings = findings;
        if receives_from_elsewhere(dr, config) {
            findings.extend(queue(dr, now).await);
        }
        sections.push(section(Area::Quotas, dr, format!("quotas of {dr}"), findings));
        if let Some(cost) = cost {
            let findings = vec![cost.finding(&dr.place)];
            sections.push(section(Area::Costs, dr, format!("costs of {dr}"), findings));
        }
    }
    sections
}

/// A snapshot that waits longer is worth a look: the alarm `draco-consumer-queue-too-old` has the same limit.
const LONG_WAIT: TimeDelta = TimeDelta::days(1);

/// The snapshots that wait for their copies from another region. AWS has no call for the limit of such copies.
async fn queue(dr: &Account, now: DateTime<Utc>) -> Option<Finding> {
    let queue = match Queue::look(dr).await {
        Ok(queue) => queue?,
        Err(error) => return Some(Finding::failed(Id::CheckFailed, &error)),
    };
    let (region, text) = (dr.place.region.as_str(), queue.text(now));
    Some(match queue.since {
        None => Finding::ok(Id::QueueEmpty, region, text),
        Some(since) if now - since > LONG_WAIT => Finding::warning(Id::QueueOld, region, text)
            .next("spread the backup windows of the databases over the day, or ask AWS for a higher quota of copies"),
        Some(_) => Finding::ok(Id::QueueWaiting, region, text),
    })
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
    let name = name.as_str();
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
