//! The change sets of several stacks, which are shown together and executed one after the other.

use anyhow::bail;
use aws_sdk_cloudformation::types::{ChangeSetType, Tag};
use config::Config;

use super::change_set::{ChangeSet, Input};
use super::delete;
use super::difference::{Difference, Values};
use super::follow::Watch;
use super::name::StackName;
use super::parameters::Value;
use crate::terminal::{GOOD, TITLE};
use crate::{Account, Terminal};

/// The operation on a stack.
pub(super) enum Operation {
    Create,
    /// With the stack's current parameters.
    Update(Values),
}

/// Change sets, in the order in which they are executed.
pub(super) struct Changes<'a> {
    account: &'a Account,
    all: Vec<(StackName, Operation, ChangeSet<'a>)>,
}

impl<'a> Changes<'a> {
    pub(super) fn new(account: &'a Account) -> Self {
        Self { account, all: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Adds the changes of a stack; `false` if there are none.
    pub(super) async fn add(
        &mut self,
        name: StackName,
        operation: Operation,
        template: &str,
        parameters: &[(&'static str, Value)],
        config: &Config,
    ) -> anyhow::Result<bool> {
        let kind = match operation {
            Operation::Create => ChangeSetType::Create,
            Operation::Update(_) => ChangeSetType::Update,
        };
        let input = Input { template, parameters, kind, tag: own_tag(config) };
        let set = ChangeSet::create(self.account, &name, input).await;
        match (set, &operation) {
            (Ok(Some(set)), _) => {
                self.all.push((name, operation, set));
                Ok(true)
            }
            (Ok(None), Operation::Update(_)) => Ok(false),
            (Ok(None), Operation::Create) => {
                delete::delete_if_empty(self.account, &name).await?;
                bail!("the template of {name} has no resources")
            }
            (Err(why), Operation::Update(_)) => Err(why),
            (Err(why), Operation::Create) => {
                delete::delete_if_empty(self.account, &name).await?;
                Err(why)
            }
        }
    }

    /// Shows all changes, and asks. No is an error.
    pub(super) fn ask(&self, question: &str, terminal: &mut Terminal) -> anyhow::Result<()> {
        for (name, operation, set) in &self.all {
            let (verb, before) = match operation {
                Operation::Create => ("create", Values::new()),
                Operation::Update(before) => ("update", before.clone()),
            };
            let difference = Difference::new(name.role(), &set.changes, before, set.parameters.clone());
            terminal.print(format_args!("{TITLE}{verb} {name}{TITLE:#} in {}\n{difference}", self.account));
        }
        if terminal.ask(question)? { Ok(()) } else { bail!("canceled: no changes were made") }
    }

    /// Executes the change sets. After a failure, the remaining ones are deleted.
    pub(super) async fn execute(mut self, terminal: &mut Terminal) -> anyhow::Result<()> {
        while !self.all.is_empty() {
            let (name, _, set) = self.all.remove(0);
            if let Err(why) = execute(&name, &set, self.account, terminal).await {
                self.discard().await?;
                return Err(why);
            }
        }
        Ok(())
    }

    /// Deletes the change sets without executing them, and with them the empty stacks of those that would create one.
    pub(super) async fn discard(self) -> anyhow::Result<()> {
        for (name, operation, set) in self.all {
            set.delete().await?;
            if matches!(operation, Operation::Create) {
                delete::delete_if_empty(self.account, &name).await?;
            }
        }
        Ok(())
    }
}

async fn execute(
    name: &StackName,
    set: &ChangeSet<'_>,
    account: &Account,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let watch = Watch::new(account, name, &set.stack).await?;
    set.execute().await?;
    watch.until_success(terminal).await?;
    terminal.print(format_args!("{GOOD}{name} is complete{GOOD:#}"));
    Ok(())
}

fn own_tag(config: &Config) -> Option<Tag> {
    let key = config.tag_key.as_ref()?;
    Some(Tag::builder().key(key).value(config.tag_value.as_deref().unwrap_or_default()).build())
}
