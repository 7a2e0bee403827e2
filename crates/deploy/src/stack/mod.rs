//! `create`, `update`, `delete`: the stacks of a role, by change sets that are shown before they are executed.

mod alarms;
mod change_set;
mod changes;
mod command;
mod compact;
mod delete;
mod difference;
mod events;
mod follow;
mod name;
mod next_steps;
mod parameters;
mod property;
mod reason;
mod replacement;
mod state;
mod template;

use anyhow::bail;
use config::Config;

use crate::aws_error::Explain;
use crate::code::{Artifact, Local, Uploaded, shortened};
use crate::files::Files;
use crate::terminal::{GOOD, TITLE};
use crate::{Account, Role, Terminal, deletion, verification};

use changes::{Changes, Operation};
use difference::Values;
use follow::Watch;
use parameters::{Code, Existence, NEW_BUCKET, Value, parameters};
use state::{State, check_role};

pub use command::{run_create, run_delete, run_update};
pub use delete::delete;
pub use name::StackName;
pub(crate) use parameters::{BACKFILL_GIB, SINCE};
pub use parameters::{NoDryRun, differing};
pub use state::Stack;

/// Whether the alarms of a new stack need a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarms {
    /// They do.
    Required,
    /// `--no-alarms`.
    Declined,
}

/// Creates the stack of this account's role, and in DR a stack for each source account.
///
/// # Errors
///
/// If it exists already, alarms have no recipient, an artifact is missing, a call or the creation fails, or the user declines.
pub async fn create(
    account: &Account,
    config: &Config,
    files: &Files,
    alarms: Alarms,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let role = account.role;
    alarms::check(role, config, alarms == Alarms::Required, terminal)?;
    let objects = objects(account, config).await?;
    if role == Role::Verifier {
        verification::ensure_roots(account, config).await?;
    }
    let input = Inputs::read(account, config, files, terminal).await?;
    let mut changes = Changes::new(account);
    let added = async {
        for name in StackName::all(role, config) {
            let stack = Stack::look(account, &name).await?;
            if let Some(stack) = stack.as_ref().filter(|_| name == StackName::of(role)) {
                check_role(role, &account.place, stack)?;
            }
            match (State::of(stack.as_ref()), stack, &name) {
                (
                    State::Ready | State::RollbackFailed,
                    _,
                    StackName::Producer | StackName::Consumer | StackName::Second | StackName::Verifier,
                ) => {
                    bail!("{name} exists already; run `cargo xtask update {role}`")
                }
                (_, stack, _) => input.add(&mut changes, name, stack, NoDryRun::Keep, terminal).await?,
            };
        }
        anyhow::Ok(())
    };
    let added = added.await;
    verification::show(account, &objects, terminal);
    let question = if role.keeps_copies() { "Create the stacks?" } else { "Create the stack?" };
    confirmed(changes, added, question, terminal).await?.execute(terminal).await?;
    if role.keeps_copies() {
        delete::protect(account, terminal).await;
    }
    verification::put(account, &objects, terminal).await?;
    report(account, terminal).await?;
    terminal.print(format_args!("{TITLE}Next steps{TITLE:#}"));
    next_steps::after_create(role, &account.place, config).iter().for_each(|line| terminal.print(line));
    Ok(())
}

/// Updates the stack of this account's role to the current template, code and configuration; in DR, also the stacks of the
/// source accounts. Those of accounts that are no longer configured can be deleted.
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
    let (role, name) = (account.role, StackName::of(account.role));
    alarms::check(role, config, false, terminal)?;
    let objects = objects(account, config).await?;
    let input = Inputs::read(account, config, files, terminal).await?;
    let Some(stack) = Stack::look(account, &name).await?.filter(|stack| State::of(Some(stack)) != State::Missing)
    else {
        bail!("{name} does not exist; run `cargo xtask create {role}`")
    };
    check_role(role, &account.place, &stack)?;
    if State::of(Some(&stack)) == State::Failed {
        bail!("{name} is {}; run `cargo xtask create {role}`, which deletes it and creates it again", stack.status)
    }
    let parameters = parameters(&name, &account.place.region, config, &input.code, no_dry_run, Existence::Exists)?;
    let question = match may_delete(&parameters, &stack, no_dry_run) {
        true => {
            let second = (account.role == Role::Second).then(|| config.of_second_region());
            deletion::show(account, second.as_ref().unwrap_or(config), terminal).await?;
            "From now on, the keeper deletes expired copies. Make these changes?"
        }
        false => "Make these changes?",
    };
    let mut changes = Changes::new(account);
    let added = async {
        for name in StackName::all(role, config) {
            let stack = Stack::look(account, &name).await?;
            input.add(&mut changes, name, stack, no_dry_run, terminal).await?;
        }
        anyhow::Ok(())
    };
    let added = added.await;
    if added.is_err() || !changes.is_empty() || !objects.is_empty() {
        verification::show(account, &objects, terminal);
        confirmed(changes, added, question, terminal).await?.execute(terminal).await?;
        verification::put(account, &objects, terminal).await?;
        report(account, terminal).await?;
    }
    if role.keeps_copies() { delete::offer_to_delete_removed(account, config, terminal).await } else { Ok(()) }
}

/// What the verifier's bucket does not have yet.
async fn objects(account: &Account, config: &Config) -> anyhow::Result<Vec<verification::Wanted>> {
    match account.role {
        Role::Verifier => verification::differing(account, verification::wanted(config)?).await,
        Role::Producer | Role::Consumer | Role::Second => Ok(Vec::new()),
    }
}

/// Shows the changes, and asks. Without a yes, the change sets are deleted.
async fn confirmed<'a>(
    changes: Changes<'a>,
    added: anyhow::Result<()>,
    question: &str,
    terminal: &mut Terminal,
) -> anyhow::Result<Changes<'a>> {
    if let Err(why) = added.and_then(|()| changes.ask(question, terminal)) {
        changes.discard().await?;
        return Err(why);
    }
    Ok(changes)
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

/// All that the stacks of an account are made from.
struct Inputs<'a> {
    account: &'a Account,
    config: &'a Config,
    files: &'a Files,
    code: Code,
}

impl<'a> Inputs<'a> {
    /// Reads the artifacts before anything is changed.
    async fn read(
        account: &'a Account,
        config: &'a Config,
        files: &'a Files,
        terminal: &mut Terminal,
    ) -> anyhow::Result<Self> {
        let zip = newest(account, config, Artifact::Functions(config.architecture), files, terminal).await?;
        let timer = newest(account, config, Artifact::Timer, files, terminal).await?;
        Ok(Self { account, config, files, code: Code { zip, timer } })
    }

    /// Adds the changes that create or update a stack. A stack in a state that permits neither is brought into one that does.
    async fn add(
        &self,
        changes: &mut Changes<'a>,
        name: StackName,
        stack: Option<Stack>,
        no_dry_run: NoDryRun,
        terminal: &mut Terminal,
    ) -> anyhow::Result<()> {
        let role = name.role();
        let operation = match (State::of(stack.as_ref()), stack) {
            (State::InProgress, Some(stack)) => return in_progress(&stack),
            (State::Failed, Some(Stack { status, protected: true, .. })) => bail!(
                "{name} is {status}, and has termination protection; delete it first: `cargo xtask delete {role} --confirm \
                 {name}`"
            ),
            (State::Failed, Some(stack)) => {
                terminal.warn(format_args!("{name} is {}; it must be deleted before it can be created", stack.status));
                delete::delete_failed(self.account, &name, &stack, terminal).await?;
                Operation::Create
            }
            (State::RollbackFailed, Some(stack)) => {
                continue_rollback(self.account, &name, &stack, terminal).await?;
                Operation::Update(stack.parameters)
            }
            (State::Ready, Some(stack)) => Operation::Update(stack.parameters),
            _ => Operation::Create,
        };
        let existence = match operation {
            Operation::Update(_) => Existence::Exists,
            Operation::Create => Existence::New(self.account.cloud().now()),
        };
        let region = &self.account.place.region;
        let mut parameters = parameters(&name, region, self.config, &self.code, no_dry_run, existence)?;
        if name == StackName::Verifier && matches!(operation, Operation::Create) {
            let is_new = !verification::bucket_exists(self.account).await?;
            parameters.push((NEW_BUCKET, Value::Set(is_new.to_string())));
        }
        if let Operation::Update(before) = &operation {
            refuse_other_network(&name, before, &parameters)?;
        }
        let template = template::read(&self.files.cfn.join(name.template()))?;
        if !changes.add(name.clone(), operation, &template, &parameters, self.config).await? {
            terminal.print(format_args!("{GOOD}{name} is up to date{GOOD:#}: no changes"));
        }
        Ok(())
    }
}

/// The subnet group has a name that the roles' policies contain, and RDS does not move a subnet group to another network.
fn refuse_other_network(name: &StackName, before: &Values, parameters: &[(&str, Value)]) -> anyhow::Result<()> {
    const NETWORK: &str = "NetworkCidr";
    let wanted = parameters.iter().find(|(name, _)| *name == NETWORK).map(|(_, value)| value);
    let (Some(before), Some(Value::Set(wanted))) = (before.get(NETWORK), wanted) else { return Ok(()) };
    if before != wanted {
        bail!(
            "{name} has the network {before}, which cannot be changed to {wanted} (VERIFY_NETWORK); delete the stack, and create it \
             again: `cargo xtask delete verifier`"
        );
    }
    Ok(())
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
            config.bucket_in(&account.place.region)?
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

async fn report(account: &Account, terminal: &mut Terminal) -> anyhow::Result<()> {
    let name = StackName::of(account.role);
    let Some(stack) = Stack::look(account, &name).await? else { bail!("{name} was deleted meanwhile") };
    terminal.print(format_args!("{GOOD}{name} is {}{GOOD:#}", stack.status));
    if account.role.keeps_copies() {
        terminal.print(match stack.deletes() {
            true => format!(
                "Deletion is on: expired copies are deleted. `cargo xtask update {} --dry-run` switches it off.",
                account.role
            ),
            false => "Deletion is off (dry run): the log lists the copies that would be deleted.".to_owned(),
        });
    }
    Ok(())
}

/// Continues the rollback of an update.
async fn continue_rollback(
    account: &Account,
    name: &StackName,
    stack: &Stack,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    terminal.warn(format_args!("{name} is {}; its rollback must be completed before it can be updated", stack.status));
    if !terminal.ask("Continue the rollback?")? {
        bail!("canceled: no changes were made");
    }
    let watch = Watch::new(account, name, &stack.id).await?;
    let call = account.cloudformation().continue_update_rollback().stack_name(&stack.id);
    call.send().await.explain(account.credentials(), format_args!("continuing the rollback of stack {name}"))?;
    // Here the status of success is one that is a failure elsewhere.
    let events = watch.until_end(terminal).await?;
    let status = Stack::look(account, name).await?.map(|stack| stack.status).unwrap_or_default();
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
