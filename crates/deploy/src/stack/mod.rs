//! `create`, `update`, `delete`: a stack for a role, by change sets that are shown before they are executed.

mod change_set;
mod command;
mod delete;
mod difference;
mod events;
mod follow;
mod parameters;
mod state;

use std::fs;

use anyhow::{Context, bail};
use aws_sdk_cloudformation::types::{ChangeSetType, Tag};
use config::Config;

use crate::aws_error::Explain;
use crate::code::{Local, Piece, Uploaded, shortened};
use crate::files::Files;
use crate::terminal::{GOOD, TITLE};
use crate::{Account, Role, Terminal, deletion};

use change_set::{ChangeSet, Wanted};
use difference::{Difference, Values};
use follow::Watch;
use parameters::{Code, Value, parameters};
use state::Standing;

pub use command::{Create, Delete, Update};
pub use delete::delete;
pub use parameters::{NoDryRun, differing};
pub use state::Stack;

/// What CloudFormation takes of a template with a call.
const LONGEST_TEMPLATE: usize = 51_200;

/// Makes the stack of this account's role.
///
/// # Errors
///
/// If it is there already, something that it needs is not, CloudFormation fails, or the person says no.
pub async fn create(account: &Account, config: &Config, files: &Files, terminal: &mut Terminal) -> anyhow::Result<()> {
    let plan = Plan::read(account, config, files, terminal).await?;
    let (role, name) = (account.role, account.role.stack());
    let stack = Stack::look(account).await?;
    match (Standing::of(stack.as_ref()), &stack) {
        (Standing::Stands | Standing::Stuck, _) => bail!("{name} is there already: `cargo xtask update {role}`"),
        (Standing::Busy, Some(stack)) => return busy(stack),
        (Standing::Remains, Some(stack)) => {
            let status = &stack.status;
            terminal.warn(format_args!("{name} is {status}: it is not whole, and has to go before it can be made"));
            delete(account, terminal).await?;
        }
        _ => {}
    }
    let wanted = parameters(role, config, &plan.code, NoDryRun::Stays, false)?;
    let (template, kind, tag) = (&plan.template, ChangeSetType::Create, own_tag(config));
    let wanted = Wanted { template, parameters: &wanted, kind, tag };
    let set = match ChangeSet::work_out(account, wanted).await {
        Ok(Some(set)) => set,
        none => {
            delete::abandon(account).await?;
            return none.and_then(|_| bail!("the template of {name} has no resources"));
        }
    };
    if let Err(no) = show(&set, account, "create", Values::new(), "Do this?", terminal) {
        set.delete().await?;
        delete::abandon(account).await?;
        return Err(no);
    }
    carry_out(&set, account, terminal).await?;
    if role == Role::Consumer {
        delete::protect(account, terminal).await;
    }
    done(account, terminal).await
}

/// Brings the stack of this account's role up to date: template, code, configuration.
///
/// # Errors
///
/// If it is not there, something that it needs is not, CloudFormation fails, or the person says no.
pub async fn update(
    account: &Account,
    config: &Config,
    files: &Files,
    no_dry_run: NoDryRun,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let plan = Plan::read(account, config, files, terminal).await?;
    let (role, name) = (account.role, account.role.stack());
    let stack = match Stack::look(account).await? {
        None => bail!("{name} is not there: `cargo xtask create {role}`"),
        Some(stack) => stack,
    };
    match Standing::of(Some(&stack)) {
        Standing::Stands => {}
        Standing::Nothing => bail!("{name} is not there: `cargo xtask create {role}`"),
        Standing::Busy => return busy(&stack),
        Standing::Remains => {
            bail!("{name} is {}: `cargo xtask create {role}` clears that away, and makes it anew", stack.status)
        }
        Standing::Stuck => go_back(account, &stack, terminal).await?,
    }
    let wanted = parameters(role, config, &plan.code, no_dry_run, true)?;
    let question = match lets_go(&wanted, &stack, no_dry_run) {
        true => {
            deletion::show(account, config, terminal).await?;
            "From now on copies that nothing holds are deleted. Do this?"
        }
        false => "Do this?",
    };
    let (template, kind, tag) = (&plan.template, ChangeSetType::Update, own_tag(config));
    let wanted = Wanted { template, parameters: &wanted, kind, tag };
    let Some(set) = ChangeSet::work_out(account, wanted).await? else {
        terminal.say(format_args!("{GOOD}{name} is up to date{GOOD:#}: nothing to do"));
        return Ok(());
    };
    if let Err(no) = show(&set, account, "update", stack.parameters, question, terminal) {
        set.delete().await?;
        return Err(no);
    }
    carry_out(&set, account, terminal).await?;
    done(account, terminal).await
}

/// Whether copies that stay today may go after this: deletion begins, or goes on by other rules.
fn lets_go(wanted: &[(&str, Value)], stack: &Stack, no_dry_run: NoDryRun) -> bool {
    let is_rules = |name: &str| matches!(name, "Lifecycles" | "Floor");
    let differs = |(name, value): &(&str, Value)| {
        is_rules(name) && !matches!((value, stack.parameters.get(*name)), (Value::Is(new), Some(old)) if new == old)
    };
    match no_dry_run {
        NoDryRun::Becomes(true) if !stack.deletes() => true,
        NoDryRun::Becomes(false) => false,
        NoDryRun::Becomes(true) | NoDryRun::Stays => stack.deletes() && wanted.iter().any(differs),
    }
}

fn own_tag(config: &Config) -> Option<Tag> {
    let key = config.tag_key.as_ref()?;
    Some(Tag::builder().key(key).value(config.tag_value.as_deref().unwrap_or_default()).build())
}

/// What a stack is made from.
struct Plan {
    template: String,
    code: Code,
}

impl Plan {
    /// Reads all of it before anything is done.
    async fn read(account: &Account, config: &Config, files: &Files, terminal: &mut Terminal) -> anyhow::Result<Self> {
        let path = files.cfn.join(format!("{}.yaml", account.role));
        let template = fs::read_to_string(&path).with_context(|| format!("reading the template {}", path.display()))?;
        if template.len() > LONGEST_TEMPLATE {
            let length = template.len();
            bail!("{} has {length} bytes, and CloudFormation takes {LONGEST_TEMPLATE} with a call", path.display());
        }
        let zip = newest(account, config, Piece::Zip(account.role, config.architecture), files, terminal).await?;
        let timer = newest(account, config, Piece::Timer, files, terminal).await?;
        Ok(Self { template, code: Code { zip, timer } })
    }
}

async fn newest(
    account: &Account,
    config: &Config,
    piece: Piece,
    files: &Files,
    terminal: &mut Terminal,
) -> anyhow::Result<Uploaded> {
    let Some(uploaded) = Uploaded::look(account, config, piece).await? else {
        bail!(
            "{} is not in bucket {}: run `cargo xtask upload`",
            piece.key(),
            config.code_bucket.as_deref().unwrap_or_default()
        );
    };
    let local = Local::read(piece, files)?;
    if let Some(local) = local.filter(|local| uploaded.hash.as_ref() != Some(&local.hash)) {
        terminal.warn(format_args!(
            "{piece} here (sha256 {}) is not what was uploaded ({}), which is what will be deployed; to deploy what is \
             here, run `cargo xtask upload` first",
            shortened(&local.hash),
            uploaded.hash.as_deref().map_or("not by Draco", shortened),
        ));
    }
    Ok(uploaded)
}

/// Shows what would be done, and asks. A no is an error, as it is where nobody answers.
fn show(
    set: &ChangeSet<'_>,
    account: &Account,
    doing: &str,
    before: Values,
    question: &str,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let name = account.role.stack();
    let difference = Difference::new(&set.changes, before, set.parameters.clone());
    terminal.say(format_args!("{TITLE}{doing} {name}{TITLE:#} in {account}\n{difference}"));
    if terminal.agrees(question)? { Ok(()) } else { bail!("nothing was changed") }
}

async fn carry_out(set: &ChangeSet<'_>, account: &Account, terminal: &mut Terminal) -> anyhow::Result<()> {
    let watch = Watch::new(account, &set.stack).await?;
    set.execute().await?;
    watch.until_success(terminal).await?;
    Ok(())
}

async fn done(account: &Account, terminal: &mut Terminal) -> anyhow::Result<()> {
    let name = account.role.stack();
    let Some(stack) = Stack::look(account).await? else { bail!("{name} is gone: somebody else has deleted it") };
    terminal.say(format_args!("{GOOD}{name} is {}{GOOD:#}", stack.status));
    if account.role == Role::Consumer {
        terminal.say(match stack.deletes() {
            true => "Copies that nothing holds are deleted. `cargo xtask update consumer --dry-run` ends that.",
            false => "Nothing is deleted: what would be stands in the log.",
        });
    }
    Ok(())
}

/// An update failed, and so did going back.
async fn go_back(account: &Account, stack: &Stack, terminal: &mut Terminal) -> anyhow::Result<()> {
    let name = account.role.stack();
    terminal
        .warn(format_args!("{name} is {}: it has to go back to what it was before it can be updated", stack.status));
    if !terminal.agrees("Try to go back once more?")? {
        bail!("nothing was changed");
    }
    let watch = Watch::new(account, &stack.id).await?;
    let call = account.cloudformation().continue_update_rollback().stack_name(&stack.id);
    call.send().await.explain(account.credentials(), format_args!("taking stack {name} back"))?;
    // The end that is wanted here is the one that is a failure elsewhere.
    let story = watch.until_end(terminal).await?;
    let status = Stack::look(account).await?.map(|stack| stack.status).unwrap_or_default();
    if status != "UPDATE_ROLLBACK_COMPLETE" {
        bail!("stack {name} is {status}: {}", story.reasons().join("; "));
    }
    Ok(())
}

fn busy(stack: &Stack) -> anyhow::Result<()> {
    let Stack { id, status, .. } = stack;
    let name = id.split('/').nth(1).unwrap_or(id);
    bail!("{name} is {status}: somebody is at it; wait for the end, then try again")
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
        [("Lifecycles", Value::Is("{}".to_owned())), ("Floor", Value::Is(rules.to_owned()))]
    }

    #[test]
    fn what_would_be_deleted_is_shown_before_deletion_begins_or_goes_on_by_other_rules() {
        let (same, other) = (floor("{\"daily\":7}"), floor("{\"daily\":1}"));
        let (dry, deleting) = (stack("false"), stack("true"));
        assert!(lets_go(&same, &dry, NoDryRun::Becomes(true)));
        assert!(lets_go(&other, &deleting, NoDryRun::Stays));
        assert!(lets_go(&other, &deleting, NoDryRun::Becomes(true)));
        assert!(!lets_go(&same, &deleting, NoDryRun::Stays));
        assert!(!lets_go(&other, &dry, NoDryRun::Stays));
        assert!(!lets_go(&other, &deleting, NoDryRun::Becomes(false)));
    }
}
