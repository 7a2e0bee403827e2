//! `status`: what stands in both accounts, and how it goes.

use chrono::{DateTime, TimeDelta, Utc};
use config::Config;
use serde::Serialize;

use crate::code::shortened;
use crate::deployed::{self, Function, Last};
use crate::stack::Stack;
use crate::terminal::{Answers, BAD, CAUTION, FAINT, GOOD, TITLE};
use crate::{Account, Role, Terminal};

/// What is there of a role.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Seen {
    /// Its account could be looked at.
    There(Box<There>),
    /// It could not.
    Unseen {
        /// Why not.
        error: String,
    },
}

/// What stands in an account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct There {
    /// Which account, and where.
    pub account: String,
    /// How its stack is, as CloudFormation calls it.
    pub stack: Option<String>,
    /// When the stack last changed.
    pub updated: Option<DateTime<Utc>>,
    #[serde(skip)]
    standing: Standing,
    /// The version of the code that the stack was deployed with, as the bucket numbers it.
    pub version: Option<String>,
    /// Its function.
    pub function: Option<Function>,
    /// In DR: whether nothing is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// In DR: the copy that was safe last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_copy: Option<Last>,
    /// How many events wait for a person.
    pub dead_letters: Option<u32>,
}

/// How a stack stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Missing,
    Whole,
    Busy,
    Broken,
}

/// Looks, and shows it.
///
/// # Errors
///
/// If neither account can be looked at.
pub async fn run(args: &deploy_args::Status, config: &Config) -> anyhow::Result<()> {
    let mut all = Vec::new();
    for role in Role::BOTH {
        let seen = match Account::connect(role, config).await {
            Ok(account) => There::look(&account).await,
            Err(why) => Err(why),
        };
        let seen =
            seen.map_or_else(|why| Seen::Unseen { error: format!("{why:#}") }, |there| Seen::There(there.into()));
        all.push((role, seen));
    }
    let mut terminal = Terminal::new(Answers::default());
    if args.json {
        let all: serde_json::Map<_, _> = all
            .iter()
            .map(|(role, seen)| Ok((role.name().to_owned(), serde_json::to_value(seen)?)))
            .collect::<anyhow::Result<_>>()?;
        terminal.print(format_args!("{:#}", serde_json::Value::Object(all)));
    } else {
        let now = std::time::SystemTime::now().into();
        all.iter().flat_map(|(role, seen)| seen.told(*role, now)).for_each(|line| terminal.print(line));
    }
    let unseen = all.iter().filter(|(_, seen)| matches!(seen, Seen::Unseen { .. })).count();
    anyhow::ensure!(unseen < all.len(), "neither account can be looked at");
    Ok(())
}

impl There {
    /// Looks at this account.
    ///
    /// # Errors
    ///
    /// If AWS refuses.
    pub async fn look(account: &Account) -> anyhow::Result<Self> {
        let (stack, function) = (Stack::look(account).await?, Function::look(account).await?);
        Self::beside(account, stack, function).await
    }

    /// Looks at what there is besides these.
    ///
    /// # Errors
    ///
    /// If AWS refuses.
    pub async fn beside(account: &Account, stack: Option<Stack>, function: Option<Function>) -> anyhow::Result<Self> {
        let is_dr = account.role == Role::Consumer;
        let version = stack.as_ref().and_then(|stack| stack.parameters.get("CodeVersion"));
        let standing = match &stack {
            None => Standing::Missing,
            Some(stack) if stack.is_ready() => Standing::Whole,
            Some(stack) if stack.is_in_progress() => Standing::Busy,
            Some(_) => Standing::Broken,
        };
        Ok(Self {
            account: account.to_string(),
            standing,
            version: version.filter(|version| !version.is_empty()).cloned(),
            dry_run: function.as_ref().filter(|_| is_dr).map(Function::is_dry),
            last_copy: if is_dr { deployed::last(&deployed::snapshots(account).await?) } else { None },
            dead_letters: deployed::dead_letters(account).await?,
            updated: stack.as_ref().and_then(|stack| stack.updated),
            stack: stack.map(|stack| stack.status),
            function,
        })
    }
}

impl Seen {
    /// As a person reads it.
    #[must_use]
    pub fn told(&self, role: Role, now: DateTime<Utc>) -> Vec<String> {
        match self {
            Self::There(there) => there.told(role, now),
            Self::Unseen { error } => {
                vec![
                    format!("{TITLE}{role}{TITLE:#} {}", role.account()),
                    line("unknown", format!("{CAUTION}{error}{CAUTION:#}")),
                ]
            }
        }
    }
}

impl There {
    fn told(&self, role: Role, now: DateTime<Utc>) -> Vec<String> {
        let mut lines = vec![format!("{TITLE}{role}{TITLE:#} {}", self.account)];
        lines.push(line("stack", self.stack_told(role, now)));
        if let Some(Function { sha256, updated, .. }) = &self.function {
            let version = self.version.as_deref().map(|version| format!("version {version}, ")).unwrap_or_default();
            lines.push(line("code", format!("{version}sha256 {}{}", shortened(sha256), since(*updated, now))));
        }
        match self.dry_run {
            Some(true) => lines.push(line("deletion", format!("{CAUTION}dry run{CAUTION:#}: nothing is deleted"))),
            Some(false) => lines.push(line("deletion", "in earnest: copies that nothing holds are deleted".to_owned())),
            None => {}
        }
        if role == Role::Consumer {
            lines.push(line(
                "last copy",
                self.last_copy.as_ref().map_or_else(|| "none yet".to_owned(), |last| last.told(now)),
            ));
        }
        lines.push(line(
            "dead letters",
            match self.dead_letters {
                None => format!("{FAINT}there is no queue{FAINT:#}"),
                Some(0) => "none".to_owned(),
                Some(count) => {
                    format!("{BAD}{count}{BAD:#} in {}-dead-letters: doc/operations.md says what to do", role.stack())
                }
            },
        ));
        lines
    }

    fn stack_told(&self, role: Role, now: DateTime<Utc>) -> String {
        let name = role.stack();
        let style = match self.standing {
            Standing::Missing => {
                return format!("{name} {CAUTION}is not there{CAUTION:#}: `cargo xtask create {role}`");
            }
            Standing::Whole => GOOD,
            Standing::Busy => CAUTION,
            Standing::Broken => BAD,
        };
        let status = self.stack.as_deref().unwrap_or_default();
        format!("{name} {style}{status}{style:#}{}", since(self.updated, now))
    }
}

impl Last {
    fn told(&self, now: DateTime<Utc>) -> String {
        let Self { origin, safe, .. } = self;
        let (id, database) = (origin.snapshot.id(), origin.database.id());
        let took = span(*safe - origin.taken);
        format!("{id} of {database}, {took} after it was taken{}", since(Some(*safe), now))
    }
}

fn line(what: &str, told: String) -> String {
    format!("  {FAINT}{what:<13}{FAINT:#} {told}")
}

fn since(time: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let Some(time) = time else { return String::new() };
    format!(", {} {FAINT}({} ago){FAINT:#}", time.format("%Y-%m-%d %H:%M UTC"), span(now - time))
}

/// A length of time in its largest unit of which there are two.
pub(crate) fn span(of: TimeDelta) -> String {
    let of = of.max(TimeDelta::zero());
    let units = [(of.num_days(), "days"), (of.num_hours(), "hours"), (of.num_minutes(), "minutes")];
    let (count, unit) = units.into_iter().find(|(count, _)| *count >= 2).unwrap_or((of.num_seconds(), "seconds"));
    format!("{count} {}", if count == 1 { "second" } else { unit })
}
