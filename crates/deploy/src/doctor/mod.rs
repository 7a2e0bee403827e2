//! `doctor`: everything that has to be right, before and after the deployment, and what to do about what is not.
//!
//! Each room looks at one thing, and judges what it has seen by a pure function. Nothing is changed.

pub mod databases;
pub mod finding;
pub mod keys;
pub mod quotas;
mod stacks;
mod tools;
pub mod topics;

use anyhow::ensure;
use config::Config;

use crate::terminal::Answers;
use crate::{Account, Role, Terminal, bucket, deployed};
use databases::Databases;
use finding::{Finding, Section};
use quotas::Quotas;

/// Looks at everything, and says what it found.
///
/// # Errors
///
/// If something has to be mended.
pub async fn run(args: &deploy_args::Doctor, config: &Config) -> anyhow::Result<()> {
    let sections = examine(config).await;
    let mut terminal = Terminal::new(Answers::default());
    if args.json {
        terminal.print(serde_json::to_string_pretty(&sections)?);
    } else {
        finding::told(&sections).into_iter().for_each(|line| terminal.print(line));
    }
    let wrong = finding::wrong(&sections);
    ensure!(wrong == 0, "{wrong} of the things above {} to be mended", if wrong == 1 { "has" } else { "have" });
    Ok(())
}

async fn examine(config: &Config) -> Vec<Section> {
    let here = Section { title: "This machine".to_owned(), findings: tools::judge(&tools::look(config)) };
    let dr = Account::connect(Role::Consumer, config).await;
    let source = Account::connect(Role::Producer, config).await;
    let mut sections = vec![here];
    sections.push(match &dr {
        Ok(dr) => {
            let mut findings = vec![credentials(dr), bucket_of(dr, config).await];
            findings.extend(deployment(dr, config).await);
            Section { title: dr.to_string(), findings }
        }
        Err(why) => Section { title: Role::Consumer.account().to_owned(), findings: vec![Finding::unseen(why)] },
    });
    sections.push(match &source {
        Ok(source) => {
            let mut findings = vec![credentials(source)];
            findings.extend(others(source, config));
            findings.extend(deployment(source, config).await);
            Section { title: source.to_string(), findings }
        }
        Err(why) => Section { title: Role::Producer.account().to_owned(), findings: vec![Finding::unseen(why)] },
    });
    sections.extend(copying(source.as_ref().ok(), dr.as_ref().ok(), config).await);
    sections
}

/// What there is to be copied, and whether there is room for it.
pub async fn copying(source: Option<&Account>, dr: Option<&Account>, config: &Config) -> Vec<Section> {
    let mut sections = Vec::new();
    let Some(source) = source else { return sections };
    let seen = Databases::look(source).await;
    sections.push(Section {
        title: format!("databases of {source}"),
        findings: match &seen {
            Ok(seen) => seen.judge(&config.lifecycles),
            Err(why) => vec![Finding::unseen(why)],
        },
    });
    let mut findings = Vec::new();
    match Quotas::look(source).await {
        Ok(quotas) => findings.extend(quotas.judge_transit()),
        Err(why) => findings.push(Finding::unseen(&why)),
    }
    if let (Some(dr), Ok(seen)) = (dr, &seen) {
        let snapshots = deployed::snapshots(dr).await;
        match Quotas::look(dr).await.and_then(|quotas| Ok((quotas, snapshots?))) {
            Ok((quotas, snapshots)) => findings.extend(quotas.judge_copies(&snapshots, seen, config)),
            Err(why) => findings.push(Finding::unseen(&why)),
        }
    }
    sections.push(Section { title: "room for snapshots".to_owned(), findings });
    sections
}

fn credentials(account: &Account) -> Finding {
    Finding::good(format!("credentials: {}", account.caller))
}

/// One source account is looked at; the others are not forgotten.
fn others(source: &Account, config: &Config) -> Option<Finding> {
    let others = config.source_accts.iter().filter(|account| **account != source.place.account);
    let others: Vec<&str> = others.map(protocol::AccountId::as_str).collect();
    let mend = "`SOURCE_PROFILE=… cargo xtask doctor`, with the profile of each";
    (!others.is_empty()).then(|| Finding::not_yet(format!("not looked at: {}", others.join(", ")), mend))
}

async fn bucket_of(dr: &Account, config: &Config) -> Finding {
    let setup = "`cargo xtask setup-bucket`";
    let Some(name) = config.code_bucket.as_deref() else {
        return Finding::not_yet("CODE_BUCKET is not set", format!("set it in config.yaml, then {setup}"));
    };
    match bucket::differences(dr, config, name).await {
        Ok(None) => Finding::not_yet(format!("bucket {name} is not there yet"), setup),
        Ok(Some(amiss)) if amiss.is_empty() => Finding::good(format!("bucket {name}: versioned, encrypted, private")),
        Ok(Some(amiss)) => {
            Finding::wrong(format!("bucket {name} is not as it has to be, in {}", amiss.join(", ")), setup)
        }
        Err(why) => Finding::unseen(&why),
    }
}

/// What the stack made. Where there is none, nothing of it is looked for.
async fn deployment(account: &Account, config: &Config) -> Vec<Finding> {
    let (mut findings, is_there) = stacks::examine(account, config).await;
    if is_there {
        findings.extend(standing(account, config).await);
    }
    findings
}

/// What stands once there is a stack: topic, key, dead letters.
pub async fn standing(account: &Account, config: &Config) -> Vec<Finding> {
    let mut findings = topics::examine(account, config).await;
    findings.push(keys::examine(account, config).await);
    findings.push(match deployed::dead_letters(account).await {
        Ok(letters) => stacks::judge_letters(account.role, letters),
        Err(why) => Finding::unseen(&why),
    });
    findings
}
