//! `create`, `update`, `delete`: the stack of a role, by change sets that are shown before they are executed.

mod change_set;
mod command;
mod delete;
mod difference;
mod events;
mod follow;
mod next_steps;
mod parameters;
mod property;
mod reason;
mod replacement;
mod state;

use std::fs;

use anyhow::{Context, bail};
use aws_sdk_cloudformation::types::{ChangeSetType, Tag};
use config::Config;

use crate::aws_error::Explain;
use crate::code::{Artifact, Local, Uploaded, shortened};
use crate::files::Files;
use crate::terminal::{GOOD, TITLE};
use crate::{Account, Role, Terminal, deletion};

use change_set::{ChangeSet, Input};
use difference::{Difference, Values};
use follow::Watch;
use parameters::{Code, Value, parameters};
use state::State;

pub use command::{run_create, run_delete, run_update};
pub use delete::delete;
pub use parameters::{NoDryRun, differing};
pub use state::Stack;

/// The maximum size of a template in a call to CloudFormation.
const MAX_TEMPLATE_BYTES: usize = 51_200;

/// Creates the stack of this account's role.
///
/// # Errors
///
/// If it exists already, an artifact is missing, a call or the creation fails, or the user declines.
pub async fn create(account: &Account, config: &Config, files: &Files, terminal: &mut Terminal) -> anyhow::Result<()> {
    let source = Source::read(account, config, files, terminal).await?;
    let (role, name) = (account.role, account.role.stack());
    let stack = Stack::look(account).await?;
    match (State::of(stack.as_ref()), &stack) {
        (State::Ready | State::RollbackFailed, _) => bail!("{name} exists already; run `cargo xtask update {role}`"),
        (State::InProgress, Some(stack)) => return in_progress(stack),
        (State::Failed, Some(Stack { status, protected: true, .. })) => bail!(
            "{name} is {status}, and has termination protection; delete it first: `cargo xtask delete {role} --confirm {name}`"
        ),
        (State::Failed, Some(Stack { status, .. })) => {
            terminal.warn(format_args!("{name} is {status}; it must be deleted before it can be created"));
            delete(account, terminal).await?;
        }
        _ => {}
    }
    let parameters = parameters(role, config, &source.code, NoDryRun::Keep, false)?;
    let (template, kind, tag) = (&source.template, ChangeSetType::Create, own_tag(config));
    let input = Input { template, parameters: &parameters, kind, tag };
    let set = match ChangeSet::create(account, input).await {
        Ok(Some(set)) => set,
        none => {
            delete::delete_if_empty(account).await?;
            return none.and_then(|_| bail!("the template of {name} has no resources"));
        }
    };
    if let Err(declined) = show(&set, account, "create", Values::new(), "Create the stack?", terminal) {
        set.delete().await?;
        delete::delete_if_empty(account).await?;
        return Err(declined);
    }
    execute(&set, account, terminal).await?;
    if role == Role::Consumer {
        delete::protect(account, terminal).await;
    }
    report(account, terminal).await?;
    terminal.print(format_args!("{TITLE}Next steps{TITLE:#}"));
    next_steps::after_create(role, &account.place, config).iter().for_each(|line| terminal.print(line));
    Ok(())
}

/// Updates the stack of this account's role to the current template, code and configuration.
///
/// # Errors
///
/// If it does not exist, an artifact is missing, a call or the update fails, or the user declines.
pub async fn update(
    account: &Account,
    config: &Config,
    files: &Files,
    no_dry_run: NoDryRun,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let source = Source::read(account, config, files, terminal).await?;
    let (role, name) = (account.role, account.role.stack());
    let stack = match Stack::look(account).await? {
        None => bail!("{name} does not exist; run `cargo xtask create {role}`"),
        Some(stack) => stack,
    };
    match State::of(Some(&stack)) {
        State::Ready => {}
        State::Missing => bail!("{name} does not exist; run `cargo xtask create {role}`"),
        State::InProgress => return in_progress(&stack),
        State::Failed => {
            bail!("{name} is {}; run `cargo xtask create {role}`, which deletes it and creates it again", stack.status)
        }
        State::RollbackFailed => continue_rollback(account, &stack, terminal).await?,
    }
    let parameters = parameters(role, config, &source.code, no_dry_run, true)?;
    let question = match may_delete(&parameters, &stack, no_dry_run) {
        true => {
            deletion::show(account, config, terminal).await?;
            "From now on, the consumer deletes expired copies. Update the stack?"
        }
        false => "Update the stack?",
    };
    let (template, kind, tag) = (&source.template, ChangeSetType::Update, own_tag(config));
    let input = Input { template, parameters: &parameters, kind, tag };
    let Some(set) = ChangeSet::create(account, input).await? else {
        terminal.print(format_args!("{GOOD}{name} is up to date{GOOD:#}: no changes"));
        return Ok(());
    };
    if let Err(declined) = show(&set, account, "update", stack.parameters, question, terminal) {
        set.delete().await?;
        return Err(declined);
    }
    execute(&set, account, terminal).await?;
    report(account, terminal).await
}

/// Whether an update may cause copies to be deleted that are kept now: it switches deletion on, or changes the rules.
fn may_delete(parameters: &[(&str, Value)], stack: &Stack, no_dry_run: NoDryRun) -> bool {
    let is_rules = |name: &str| matches!(name, "Lifecycles" | "Floor");
    let differs = |(name, value): &(&str, Value)| {
        is_rules(name) && !matches!((value, stack.parameters.get(*name)), (Value::Set(new), Some(old)) if new == old)
    };
    match no_dry_run {
        NoDryRun::Set(true) if !stack.deletes() => true,
        NoDryRun::Set(false) => false,
        NoDryRun::Set(true) | NoDryRun::Keep => stack.deletes() && parameters.iter().any(differs),
    }
}

fn own_tag(config: &Config) -> Option<Tag> {
    let key = config.tag_key.as_ref()?;
    Some(Tag::builder().key(key).value(config.tag_value.as_deref().unwrap_or_default()).build())
}

/// The source of a stack: its template and artifacts.
struct Source {
    template: String,
    code: Code,
}

impl Source {
    /// Reads all of it before anything is changed.
    async fn read(account: &Account, config: &Config, files: &Files, terminal: &mut Terminal) -> anyhow::Result<Self> {
        let path = files.cfn.join(format!("{}.yaml", account.role));
        let template = fs::read_to_string(&path).with_context(|| format!("reading the template {}", path.display()))?;
        if template.len() > MAX_TEMPLATE_BYTES {
            let length = template.len();
            bail!("{} has {length} bytes, and CloudFormation accepts {MAX_TEMPLATE_BYTES}", path.display());
        }
        let zip = newest(account, config, Artifact::Functions(config.architecture), files, terminal).await?;
        let timer = newest(account, config, Artifact::Timer, files, terminal).await?;
        Ok(Self { template, code: Code { zip, timer } })
    }
}

async fn newest(
    account: &Account,
    config: &Config,
    artifact: Artifact,
    files: &Files,
    terminal: &mut Terminal,
) -> anyhow::Result<Uploaded> {
    let Some(uploaded) = Uploaded::look(account, config, artifact).await? else {
        bail!(
            "{} is not in bucket {}; run `cargo xtask upload`",
            artifact.key(),
            config.code_bucket.as_deref().unwrap_or_default()
        );
    };
    let local = Local::read(artifact, files)?;
    if let Some(local) = local.filter(|local| uploaded.hash.as_ref() != Some(&local.hash)) {
        terminal.warn(format_args!(
            "the local {artifact} (sha256 {}) differs from the uploaded one ({}), which will be deployed; to deploy the \
             local one, run `cargo xtask upload` first",
            shortened(&local.hash),
            uploaded.hash.as_deref().map_or("not uploaded by Draco", shortened),
        ));
    }
    Ok(uploaded)
}

/// Shows the changes, and asks. No is an error.
fn show(
    set: &ChangeSet<'_>,
    account: &Account,
    operation: &str,
    before: Values,
    question: &str,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let name = account.role.stack();
    let difference = Difference::new(account.role, &set.changes, before, set.parameters.clone());
    terminal.print(format_args!("{TITLE}{operation} {name}{TITLE:#} in {account}\n{difference}"));
    if terminal.ask(question)? { Ok(()) } else { bail!("canceled: no changes were made") }
}

async fn execute(set: &ChangeSet<'_>, account: &Account, terminal: &mut Terminal) -> anyhow::Result<()> {
    let watch = Watch::new(account, &set.stack).await?;
    set.execute().await?;
    watch.until_success(terminal).await?;
    Ok(())
}

async fn report(account: &Account, terminal: &mut Terminal) -> anyhow::Result<()> {
    let name = account.role.stack();
    let Some(stack) = Stack::look(account).await? else { bail!("{name} was deleted meanwhile") };
    terminal.print(format_args!("{GOOD}{name} is {}{GOOD:#}", stack.status));
    if account.role == Role::Consumer {
        terminal.print(match stack.deletes() {
            true => {
                "Deletion is on: expired copies are deleted. `cargo xtask update consumer --dry-run` switches it off."
            }
            false => "Deletion is off (dry run): the log lists the copies that would be deleted.",
        });
    }
    Ok(())
}

/// Continues the rollback of an update.
async fn continue_rollback(account: &Account, stack: &Stack, terminal: &mut Terminal) -> anyhow::Result<()> {
    let name = account.role.stack();
    terminal.warn(format_args!("{name} is {}; its rollback must be completed before it can be updated", stack.status));
    if !terminal.ask("Continue the rollback?")? {
        bail!("canceled: no changes were made");
    }
    let watch = Watch::new(account, &stack.id).await?;
    let call = account.cloudformation().continue_update_rollback().stack_name(&stack.id);
    call.send().await.explain(account.credentials(), format_args!("continuing the rollback of stack {name}"))?;
    // Here the status of success is one that is a failure elsewhere.
    let events = watch.until_end(terminal).await?;
    let status = Stack::look(account).await?.map(|stack| stack.status).unwrap_or_default();
    if status != "UPDATE_ROLLBACK_COMPLETE" {
        bail!("stack {name} is {status}: {}", events.reasons().join("; "));
    }
    Ok(())
}

fn in_progress(stack: &Stack) -> anyhow::Result<()> {
    let Stack { id, status, .. } = stack;
    let name = id.split('/').nth(1).unwrap_or(id);
    bail!("{name} is {status}; wait until that operation has ended, then try again")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(deletes: &str) -> Stack {
        let parameters = [("NoDryRun", deletes), ("Lifecycles", "{}"), ("Floor", "{\"daily\":7}")];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Stack { parameters, ..Stack::default() }
    }

    fn floor(rules: &str) -> [(&'static str, Value); 2] {
        [("Lifecycles", Value::Set("{}".to_owned())), ("Floor", Value::Set(rules.to_owned()))]
    }

    #[test]
    fn expired_copies_are_listed_before_deletion_starts_or_its_rules_change() {
        let (same, other) = (floor("{\"daily\":7}"), floor("{\"daily\":1}"));
        let (dry, deleting) = (stack("false"), stack("true"));
        assert!(may_delete(&same, &dry, NoDryRun::Set(true)));
        assert!(may_delete(&other, &deleting, NoDryRun::Keep));
        assert!(may_delete(&other, &deleting, NoDryRun::Set(true)));
        assert!(!may_delete(&same, &deleting, NoDryRun::Keep));
        assert!(!may_delete(&other, &dry, NoDryRun::Keep));
        assert!(!may_delete(&other, &deleting, NoDryRun::Set(false)));
    }
}
