//! `status`: the state of both stacks, the last copy, failed events, and the quotas of DR.
//!
//! `doc/json.md` documents the keys of the JSON.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use config::Config;
use protocol::{DatabaseArn, Kind, Snapshot, SnapshotRole};
use retention::Lifecycle;
use serde::Serialize;

use crate::code::shortened;
use crate::deployed::{self, Function, LastCopy};
use crate::doctor::quotas::{Copies, Quotas, Usage};
use crate::stack::Stack;
use crate::terminal::{Answers, BAD, CAUTION, FAINT, GOOD, TITLE};
use crate::{Account, Role, Terminal};

/// The state of an account. `None` is a value that is unknown or does not apply.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AccountStatus {
    /// The account ID.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Why the account could not be read. All other values are missing then.
    pub error: Option<ErrorMessage>,
    /// The stack, if it exists.
    pub stack: Option<StackStatus>,
    /// The function, if it exists.
    pub function: Option<Function>,
    /// The number of messages in the dead-letter queue.
    pub dead_letters: Option<u32>,
    /// In DR: whether expired copies are deleted.
    pub deletion_enabled: Option<bool>,
    /// In DR: the copy that was reported last.
    pub last_copy: Option<LastCopy>,
    /// In DR: how the quotas of manual snapshots are used.
    pub quotas: Option<Vec<QuotaStatus>>,
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
/// If neither account can be read.
pub async fn run(args: &deploy_args::Status, config: &Config) -> anyhow::Result<()> {
    let now = std::time::SystemTime::now().into();
    let mut all = Vec::new();
    for role in Role::BOTH {
        let status = match Account::connect(role, config).await {
            Ok(account) => AccountStatus::look(&account, config, now).await,
            Err(error) => Err(error),
        };
        all.push((role, status.unwrap_or_else(|error| AccountStatus::failed(&error))));
    }
    let mut terminal = Terminal::new(Answers::default());
    if args.json {
        let all: BTreeMap<&str, &AccountStatus> = all.iter().map(|(role, status)| (role.name(), status)).collect();
        terminal.print(serde_json::to_string_pretty(&all)?);
    } else {
        all.iter().flat_map(|(role, status)| status.lines(*role, now)).for_each(|line| terminal.print(line));
    }
    anyhow::ensure!(all.iter().any(|(_, status)| status.error.is_none()), "neither account can be read");
    Ok(())
}

impl AccountStatus {
    /// Reads the state of this account.
    ///
    /// # Errors
    ///
    /// If AWS returns an error.
    pub async fn look(account: &Account, config: &Config, now: DateTime<Utc>) -> anyhow::Result<Self> {
        let (stack, function) = (Stack::look(account).await?, Function::look(account).await?);
        Self::with(account, config, now, stack, function).await
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
        stack: Option<Stack>,
        function: Option<Function>,
    ) -> anyhow::Result<Self> {
        let mut status = Self {
            account: Some(account.place.account.to_string()),
            region: Some(account.place.region.to_string()),
            stack: stack.map(|stack| StackStatus::of(account.role, stack)),
            dead_letters: deployed::dead_letters(account).await?,
            ..Self::default()
        };
        if account.role == Role::Consumer {
            let snapshots = deployed::snapshots(account).await?;
            // Without a function, copies are not deleted.
            let is_dry_run = function.as_ref().is_none_or(Function::is_dry_run);
            let lifecycles = lifecycles(&snapshots, config);
            let copies = Copies { snapshots: &snapshots, lifecycles: &lifecycles, is_dry_run, now };
            let usage = Quotas::look(account).await?.usage(&copies, config).into_iter();
            let quotas = usage.map(|usage| QuotaStatus { description: usage.description(&copies), usage });
            status.quotas = Some(quotas.collect());
            status.last_copy = deployed::last_copy(&snapshots);
            status.deletion_enabled = function.as_ref().map(|function| !function.is_dry_run());
        }
        status.function = function;
        Ok(status)
    }

    /// The state of an account that could not be read.
    #[must_use]
    pub fn failed(error: &anyhow::Error) -> Self {
        Self { error: Some(ErrorMessage { message: format!("{error:#}") }), ..Self::default() }
    }

    /// The lines for people.
    #[must_use]
    pub fn lines(&self, role: Role, now: DateTime<Utc>) -> Vec<String> {
        if let Some(ErrorMessage { message }) = &self.error {
            let title = format!("{TITLE}{role}{TITLE:#}, {}", role.account());
            return vec![title, line("unknown", &format!("{CAUTION}{message}{CAUTION:#}"))];
        }
        let place = [&self.account, &self.region].map(|text| text.as_deref().unwrap_or_default()).join(" in ");
        let mut lines = vec![format!("{TITLE}{role}{TITLE:#}, {} {place}", role.account())];
        lines.push(line("stack", &self.stack_text(role, now)));
        if let Some(Function { sha256, updated, .. }) = &self.function {
            let version = self.stack.as_ref().and_then(|stack| stack.code_version.as_deref());
            let version = version.map(|version| format!("version {version}, ")).unwrap_or_default();
            lines.push(line("code", &format!("{version}sha256 {}{}", shortened(sha256), since(*updated, now))));
        }
        match self.deletion_enabled {
            Some(false) => lines.push(line("deletion", &format!("{CAUTION}dry run{CAUTION:#}: no copy is deleted"))),
            Some(true) => lines.push(line("deletion", "enabled: expired copies are deleted")),
            None => {}
        }
        if role == Role::Consumer {
            let last = self.last_copy.as_ref().map_or_else(|| "none yet".to_owned(), |last| last.text(now));
            lines.push(line("last copy", &last));
        }
        for QuotaStatus { usage, description } in self.quotas.iter().flatten() {
            lines.push(line("quota", &format!("{}: {description}", usage.name())));
        }
        let letters = match self.dead_letters {
            None => format!("{FAINT}the queue does not exist{FAINT:#}"),
            Some(0) => "none".to_owned(),
            Some(count) => format!("{BAD}{count}{BAD:#} in {}-dead-letters; see doc/operations.md", role.stack()),
        };
        lines.push(line("dead letters", &letters));
        lines
    }

    fn stack_text(&self, role: Role, now: DateTime<Utc>) -> String {
        let Some(StackStatus { name, status, state, updated, .. }) = &self.stack else {
            return format!("{} {CAUTION}does not exist{CAUTION:#}; run `cargo xtask create {role}`", role.stack());
        };
        let style = match state {
            StackState::Ready => GOOD,
            StackState::InProgress => CAUTION,
            StackState::Failed => BAD,
        };
        format!("{name} {style}{status}{style:#}{}", since(*updated, now))
    }
}

impl StackStatus {
    fn of(role: Role, stack: Stack) -> Self {
        let state = match &stack {
            stack if stack.is_ready() => StackState::Ready,
            stack if stack.is_in_progress() => StackState::InProgress,
            _ => StackState::Failed,
        };
        let code_version = stack.parameters.get("CodeVersion").filter(|version| !version.is_empty()).cloned();
        Self { name: role.stack().to_owned(), status: stack.status, state, updated: stack.updated, code_version }
    }
}

/// The lifecycle of each database that has copies, from the tag of its newest copy.
fn lifecycles(snapshots: &[Snapshot], config: &Config) -> Vec<(Kind, Lifecycle)> {
    let mut newest: BTreeMap<DatabaseArn, (DateTime<Utc>, &Snapshot)> = BTreeMap::new();
    for snapshot in snapshots {
        let SnapshotRole::Copy(origin) = SnapshotRole::of(snapshot) else { continue };
        let known = newest.entry(origin.database).or_insert((origin.taken, snapshot));
        if origin.taken > known.0 {
            *known = (origin.taken, snapshot);
        }
    }
    let named = |snapshot: &Snapshot| Some((snapshot.arn.kind, config.lifecycles.named(snapshot.lifecycle()?)));
    newest.values().filter_map(|(_, snapshot)| named(snapshot)).collect()
}

impl LastCopy {
    fn text(&self, now: DateTime<Utc>) -> String {
        let Self { origin, reported, .. } = self;
        let (id, database) = (origin.snapshot.id(), origin.database.id());
        let delay = span(*reported - origin.taken);
        format!("{id} of {database}, {delay} after it was taken{}", since(Some(*reported), now))
    }
}

fn line(name: &str, text: &str) -> String {
    format!("  {FAINT}{name:<13}{FAINT:#} {text}")
}

fn since(time: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let Some(time) = time else { return String::new() };
    format!(", {} {FAINT}({} ago){FAINT:#}", time.format("%Y-%m-%d %H:%M UTC"), span(now - time))
}

/// A duration in its largest unit of which it has at least two.
pub(crate) fn span(duration: TimeDelta) -> String {
    let duration = duration.max(TimeDelta::zero());
    let units = [(duration.num_days(), "days"), (duration.num_hours(), "hours"), (duration.num_minutes(), "minutes")];
    let (count, unit) = units.into_iter().find(|(count, _)| *count >= 2).unwrap_or((duration.num_seconds(), "seconds"));
    format!("{count} {}", if count == 1 { "second" } else { unit })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// The first cells of the table under this heading of `doc/json.md`.
    fn documented(heading: &str) -> BTreeSet<String> {
        let page = include_str!("../../../doc/json.md");
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
            stack: Some(StackStatus::of(Role::Consumer, stack)),
            function: Some(Function::default()),
            last_copy: Some(last_copy),
            ..AccountStatus::default()
        };
        let json = serde_json::to_value(&status).unwrap();
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(&json), documented("## `cargo xtask status --json`"));
        for key in ["error", "stack", "function", "last_copy"] {
            assert_eq!(keys(&json[key]), documented(&format!("### `{key}` of `status`")), "{key}");
        }
    }
}
