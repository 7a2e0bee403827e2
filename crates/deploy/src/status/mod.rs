//! `status`: the state of the stacks and their code, the last copy, failed events, and the quotas of DR.
//!
//! `doc/json.md` documents the keys of the JSON. `text` has the lines for people.

mod text;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use config::Config;
use protocol::{AccountId, Kind, Region, Snapshot};
use retention::Lifecycle;
use serde::Serialize;

use crate::deployed::verification::Verification;
use crate::deployed::{self, Deployment, Function, KEEPER, LastCopy, Queue, Rpo, Specs};
use crate::doctor::Coverage;
use crate::doctor::quotas::{Copies, Quotas, Usage};
use crate::stack::{Stack, StackName};
use crate::terminal::Answers;
use crate::{Account, Role, Terminal};

pub(crate) use text::span;

/// The state of an account. `None` is a value that is unknown or does not apply.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AccountStatus {
    /// The account ID.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Why the account could not be read. All other values but the region are missing then.
    pub error: Option<ErrorMessage>,
    /// The stack, if it exists.
    pub stack: Option<StackStatus>,
    /// The function with the name of the stack, if it exists.
    pub function: Option<Function>,
    /// The number of messages in its dead-letter queue.
    pub dead_letters: Option<u32>,
    /// In DR: the keeper.
    pub keeper: Option<KeeperStatus>,
    /// In DR: the stacks of the source accounts; those that are configured, and those that exist.
    pub source_stacks: Option<Vec<SourceStack>>,
    /// The SHA-256 of the newest zip in the bucket, in hex.
    pub uploaded_sha256: Option<String>,
    /// The SHA-256 of the zip that was built on this machine, in hex.
    pub built_sha256: Option<String>,
    /// In DR: whether expired copies are deleted.
    pub deletion_enabled: Option<bool>,
    /// In DR: the copy that was reported last.
    pub last_copy: Option<LastCopy>,
    /// In DR, if copies come from another region: those that wait. `None` also if the state machine does not exist.
    pub queue: Option<Queue>,
    /// In DR: the database whose newest copy is the oldest.
    pub rpo: Option<Rpo>,
    /// In DR: whether the newest copies record the settings of their databases.
    pub specs: Option<Specs>,
    /// In DR: how the quotas of manual snapshots are used.
    pub quotas: Option<Vec<QuotaStatus>>,
    /// In DR: why the quotas could not be read.
    pub quotas_error: Option<ErrorMessage>,
    /// Verifier: what was verified.
    pub verification: Option<Verification>,
    /// Verifier: why that could not be read.
    pub verification_error: Option<ErrorMessage>,
}

/// The function that deletes expired copies.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct KeeperStatus {
    /// The function, if it exists.
    pub function: Option<Function>,
    /// The number of messages in its dead-letter queue.
    pub dead_letters: Option<u32>,
}

/// The stack of a source account in DR.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceStack {
    /// The source account.
    pub account: String,
    /// Whether the account is in `SOURCE_ACCTS`.
    pub configured: bool,
    /// The stack, if it exists.
    pub stack: Option<StackStatus>,
}

/// An error, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorMessage {
    /// The text.
    pub message: String,
}

/// The state of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StackStatus {
    /// The name.
    pub name: String,
    /// CloudFormation's status.
    pub status: String,
    /// The meaning of the status.
    pub state: StackState,
    /// When the stack last changed.
    pub updated: Option<DateTime<Utc>>,
    /// The S3 version of the code that the stack was deployed with.
    pub code_version: Option<String>,
}

/// The meaning of CloudFormation's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StackState {
    /// The last operation is complete.
    Ready,
    /// An operation is in progress.
    InProgress,
    /// The last operation failed.
    Failed,
}

/// How a quota is used, with a description for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuotaStatus {
    #[serde(flatten)]
    usage: Usage,
    #[serde(skip)]
    description: String,
}

/// Reads both accounts, and prints their state.
///
/// # Errors
///
/// If no account can be read.
pub async fn run(args: &deploy_args::Status, config: &Config) -> anyhow::Result<()> {
    let now = std::time::SystemTime::now().into();
    let mut all = Vec::new();
    for (name, role, region) in places(config) {
        let account = match &region {
            Some(region) => Account::connect_in(role, region, config).await,
            None => Account::connect(role, config).await,
        };
        let status = match account {
            Ok(account) => AccountStatus::look(&account, config, now).await,
            Err(error) => Err(error),
        };
        // A verifier in the second region is a choice.
        let is_chosen = |status: &AccountStatus| status.stack.is_some() || role != Role::Verifier;
        if region.is_some() && status.as_ref().is_ok_and(|status| !is_chosen(status)) {
            continue;
        }
        let region = region.as_ref().or(role.region(config).ok());
        all.push((name, role, status.unwrap_or_else(|error| AccountStatus::failed(region, &error))));
    }
    let mut terminal = Terminal::new(Answers::default());
    if args.json {
        let all: BTreeMap<&str, &AccountStatus> = all.iter().map(|(name, _, status)| (name.as_str(), status)).collect();
        terminal.print(serde_json::to_string_pretty(&all)?);
    } else {
        all.iter().flat_map(|(_, role, status)| status.lines(*role, now)).for_each(|line| terminal.print(line));
    }
    anyhow::ensure!(all.iter().any(|(.., status)| status.error.is_none()), "no account can be read");
    Ok(())
}

/// What to show: the name in JSON, the role, and the region unless it is that of the role. The producer of `AWS_REGION` is
/// `producer`, others have their region in the name.
#[must_use]
pub fn places(config: &Config) -> Vec<(String, Role, Option<Region>)> {
    let main = config.aws_region.as_ref();
    let others = config.database_regions().into_iter().filter(|region| main != Some(region));
    let others = others.map(|region| (format!("producer-{region}"), Role::Producer, Some(region)));
    let second = config.second_region.is_some().then_some(Role::Second);
    let roles = Role::BOTH.into_iter().chain(second).chain([Role::Verifier]);
    let roles = roles.map(|role| (role.name().to_owned(), role, None));
    let verifier = config.second_region.as_ref();
    let verifier = verifier.map(|region| (format!("verifier-{region}"), Role::Verifier, Some(region.clone())));
    roles.chain(others).chain(verifier).collect()
}

impl AccountStatus {
    /// Reads the state of this account.
    ///
    /// # Errors
    ///
    /// If AWS returns an error.
    pub async fn look(account: &Account, config: &Config, now: DateTime<Utc>) -> anyhow::Result<Self> {
        Self::with(account, config, now, Deployment::look(account, config).await?).await
    }

    /// Reads the rest of the state of this account.
    ///
    /// # Errors
    ///
    /// If AWS returns an error.
    pub async fn with(
        account: &Account,
        config: &Config,
        now: DateTime<Utc>,
        deployment: Deployment,
    ) -> anyhow::Result<Self> {
        let Deployment { stack, function, keeper, source_stacks, uploaded, built } = deployment;
        let mut status = Self {
            account: Some(account.place.account.to_string()),
            region: Some(account.place.region.to_string()),
            stack: stack.map(|stack| StackStatus::of(&StackName::of(account.role), stack)),
            function,
            dead_letters: deployed::dead_letters(account, account.role.stack()).await?,
            uploaded_sha256: uploaded,
            built_sha256: built,
            ..Self::default()
        };
        if account.role.keeps_copies() {
            let snapshots = deployed::snapshots(account).await?;
            // Without a keeper, copies are not deleted.
            let is_dry_run = keeper.as_ref().is_none_or(Function::is_dry_run);
            let lifecycles = lifecycles(&snapshots, config);
            // By the copies themselves: a database without a copy yet is not counted.
            let coverage = Coverage::All;
            let copies = Copies { snapshots: &snapshots, lifecycles: &lifecycles, coverage, is_dry_run, now };
            match Quotas::look(account).await {
                Ok(quotas) => status.quotas = Some(QuotaStatus::all(&quotas, &copies, config)),
                // The rest is still worth showing.
                Err(error) => status.quotas_error = Some(ErrorMessage::of(&error)),
            }
            status.last_copy = deployed::last_copy(&snapshots);
            status.rpo = deployed::rpo(&snapshots, config);
            status.specs = deployed::specs(&snapshots, config);
            if receives_from_elsewhere(account, config) {
                status.queue = Queue::look(account).await?;
            }
            status.deletion_enabled = keeper.as_ref().map(|keeper| !keeper.is_dry_run());
            let dead_letters = deployed::dead_letters(account, KEEPER).await?;
            status.keeper = Some(KeeperStatus { function: keeper, dead_letters });
            status.source_stacks = Some(SourceStack::all(config, &source_stacks));
        }
        if account.role == Role::Verifier && status.stack.is_some() {
            match Verification::look(account, config, now).await {
                Ok(verification) => status.verification = Some(verification),
                // The rest is still worth showing.
                Err(error) => status.verification_error = Some(ErrorMessage::of(&error)),
            }
        }
        Ok(status)
    }

    /// The state of an account that could not be read.
    #[must_use]
    pub fn failed(region: Option<&Region>, error: &anyhow::Error) -> Self {
        let error = Some(ErrorMessage::of(error));
        Self { region: region.map(ToString::to_string), error, ..Self::default() }
    }
}

impl ErrorMessage {
    fn of(error: &anyhow::Error) -> Self {
        Self { message: format!("{error:#}") }
    }
}

impl QuotaStatus {
    fn all(quotas: &Quotas, copies: &Copies<'_>, config: &Config) -> Vec<Self> {
        let usage = quotas.usage(copies, config).into_iter();
        usage.map(|usage| Self { description: usage.description(copies), usage }).collect()
    }
}

impl SourceStack {
    /// Those of the configured accounts, and others that exist.
    fn all(config: &Config, existing: &BTreeMap<AccountId, Stack>) -> Vec<Self> {
        let accounts: BTreeSet<&AccountId> = config.source_accts.iter().chain(existing.keys()).collect();
        let of = |account: &AccountId| Self {
            account: account.to_string(),
            configured: config.source_accts.contains(account),
            stack: existing
                .get(account)
                .map(|stack| StackStatus::of(&StackName::Source(account.clone()), stack.clone())),
        };
        accounts.into_iter().map(of).collect()
    }
}

impl StackStatus {
    fn of(name: &StackName, stack: Stack) -> Self {
        let state = match &stack {
            stack if stack.is_ready() => StackState::Ready,
            stack if stack.is_in_progress() => StackState::InProgress,
            _ => StackState::Failed,
        };
        let code_version = stack.parameters.get("CodeVersion").filter(|version| !version.is_empty()).cloned();
        Self { name: name.to_string(), status: stack.status, state, updated: stack.updated, code_version }
    }
}

/// The lifecycle of each database that has copies, from the tag of its newest copy.
fn lifecycles(snapshots: &[Snapshot], config: &Config) -> Vec<(Kind, Lifecycle)> {
    let named = |snapshot: &Snapshot| Some((snapshot.arn.kind, config.lifecycles.named(snapshot.lifecycle()?)));
    deployed::newest_copies(snapshots).values().filter_map(|copy| named(copy.snapshot)).collect()
}

/// Whether copies come to this region of DR from another one.
pub(crate) fn receives_from_elsewhere(account: &Account, config: &Config) -> bool {
    match account.role {
        Role::Producer | Role::Verifier => false,
        Role::Consumer => !config.is_one_region(),
        Role::Second => true,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// The first cells of the table under this heading of `doc/json.md`.
    fn documented(heading: &str) -> BTreeSet<String> {
        let page = include_str!("../../../../doc/json.md");
        let (_, section) = page.split_once(&format!("{heading}\n")).unwrap();
        let section = section.split("\n#").next().unwrap();
        let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        cells.map(|(cell, _)| cell.to_owned()).collect()
    }

    #[test]
    fn documented_keys_are_those_of_the_json() {
        let stack = Stack { status: "UPDATE_COMPLETE".to_owned(), ..Stack::default() };
        let last_copy = LastCopy {
            origin: protocol::Origin {
                snapshot: "arn:aws:rds:eu-west-1:111111111111:snapshot:rds:orders".parse().unwrap(),
                database: "arn:aws:rds:eu-west-1:111111111111:db:orders".parse().unwrap(),
                taken: DateTime::UNIX_EPOCH,
            },
            copy: "draco-111111111111-rds-orders".to_owned(),
            reported: DateTime::UNIX_EPOCH,
        };
        let status = AccountStatus {
            error: Some(ErrorMessage { message: String::new() }),
            stack: Some(StackStatus::of(&StackName::Consumer, stack)),
            function: Some(Function::default()),
            keeper: Some(KeeperStatus::default()),
            source_stacks: Some(vec![SourceStack { account: String::new(), configured: true, stack: None }]),
            last_copy: Some(last_copy),
            queue: Some(Queue::default()),
            rpo: Some(Rpo {
                database: "arn:aws:rds:eu-west-1:111111111111:db:orders".parse().unwrap(),
                taken: DateTime::UNIX_EPOCH,
                databases: 1,
            }),
            specs: Some(Specs::default()),
            quotas_error: Some(ErrorMessage { message: String::new() }),
            verification: Some(Verification::default()),
            verification_error: Some(ErrorMessage { message: String::new() }),
            ..AccountStatus::default()
        };
        let json = serde_json::to_value(&status).unwrap();
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(&json), documented("## `cargo xtask status --json`"));
        for key in ["error", "stack", "function", "keeper", "last_copy", "queue", "rpo", "specs", "verification"] {
            assert_eq!(keys(&json[key]), documented(&format!("### `{key}` of `status`")), "{key}");
        }
        assert_eq!(keys(&json["source_stacks"][0]), documented("### `source_stacks` of `status`"));
    }
}
