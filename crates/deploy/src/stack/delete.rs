//! `delete`: deletes stacks. The copies in DR and their key are kept.

use anyhow::bail;
use config::Config;
use protocol::{Kind, SnapshotRole};

use super::follow::Watch;
use super::in_progress;
use super::name::StackName;
use super::state::{Stack, State, check_role};
use crate::aws_error::Explain;
use crate::terminal::{GOOD, TITLE};
use crate::{Account, Role, Terminal, verification};

/// The waiting period of KMS before it deletes the transit key, as in the template.
const TRANSIT_KEY_DAYS: u32 = 30;

/// Deletes the stack of this account's role; in DR, the stacks of the source accounts before it.
///
/// # Errors
///
/// If a call or the deletion fails, or the user declines.
pub async fn delete(account: &Account, terminal: &mut Terminal) -> anyhow::Result<()> {
    let (role, name) = (account.role, StackName::of(account.role));
    let mut all = Vec::new();
    if role.keeps_copies() {
        for source in Stack::sources(account).await? {
            let name = StackName::source_of(role, source);
            all.extend(Stack::look(account, &name).await?.map(|stack| (name, stack)));
        }
    }
    let main = Stack::look(account, &name).await?;
    if let Some(stack) = &main {
        check_role(role, &account.place, stack)?;
    }
    all.extend(main.clone().map(|stack| (name.clone(), stack)));
    let restored = if role == Role::Verifier { verification::restored(account).await? } else { Vec::new() };
    if all.is_empty() && restored.is_empty() {
        terminal.print(format_args!("stack {name} does not exist; no changes"));
        return Ok(());
    }
    if let Some((_, stack)) = all.iter().find(|(_, stack)| State::of(Some(stack)) == State::InProgress) {
        return in_progress(stack);
    }
    for (name, stack) in &all {
        show(account, name, stack, terminal).await?;
    }
    if role == Role::Producer {
        match transit_copies(account).await {
            Ok(transit) if transit.is_empty() => {}
            Ok(transit) => terminal.warn(format_args!(
                "DR has not copied these transit copies yet: {}. They are kept, but become unreadable when their key is \
                 deleted",
                transit.join(", ")
            )),
            Err(why) => terminal.warn(format_args!("cannot list the transit copies: {why:#}")),
        }
    }
    for (database, _) in &restored {
        terminal.print(format_args!("  deleted before: {}, a database of a verification", database.id()));
    }
    let protected = main.as_ref().is_some_and(|stack| stack.protected);
    if protected {
        terminal.print("  The stack has termination protection, which is lifted first.");
    }
    let agreed = match protected || terminal.has_confirmation() {
        true => terminal.ask_for_name(consequence(role), &name.to_string())?,
        false => terminal.ask(if all.len() == 1 { "Delete the stack?" } else { "Delete the stacks?" })?,
    };
    if !agreed {
        bail!("canceled: no stack was deleted");
    }
    // Nothing would delete them after the stack.
    verification::tear_down(account, &restored, terminal).await?;
    for (name, stack) in &all {
        let deleted = delete_confirmed(account, name, stack, terminal).await;
        if role == Role::Verifier {
            // The verifier may have restored another one meanwhile, which may be why its network was not deleted.
            let restored = verification::restored(account).await?;
            verification::tear_down(account, &restored, terminal).await?;
        }
        deleted?;
    }
    if let (true, Some(key)) = (role.keeps_copies(), main.and_then(|stack| stack.outputs.get("KeyArn").cloned())) {
        terminal.print(format_args!(
            "  The copies and their key are kept. If you delete {key}, every copy under it becomes unreadable."
        ));
    }
    Ok(())
}

/// Deletes a stack that cannot be updated.
pub(super) async fn delete_failed(
    account: &Account,
    name: &StackName,
    stack: &Stack,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    show(account, name, stack, terminal).await?;
    if !terminal.ask("Delete the stack?")? {
        bail!("canceled: the stack was not deleted");
    }
    delete_confirmed(account, name, stack, terminal).await
}

/// Offers to delete the stacks of source accounts that are no longer configured. The copies of these accounts are kept.
pub(super) async fn offer_to_delete_removed(
    dr: &Account,
    config: &Config,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let sources = Stack::sources(dr).await?;
    for source in sources.into_iter().filter(|source| !config.source_accts.contains(source)) {
        let name = StackName::source_of(dr.role, source.clone());
        let Some(stack) = Stack::look(dr, &name).await? else { continue };
        terminal.print(format_args!("{source} is no longer in SOURCE_ACCTS: DR accepts no snapshots of it"));
        show(dr, &name, &stack, terminal).await?;
        if terminal.ask("Delete this stack? The copies stay.")? {
            delete_confirmed(dr, &name, &stack, terminal).await?;
        }
    }
    Ok(())
}

async fn show(account: &Account, name: &StackName, stack: &Stack, terminal: &mut Terminal) -> anyhow::Result<()> {
    terminal.print(format_args!("{TITLE}delete {name}{TITLE:#} in {account}"));
    let with = if matches!(name, StackName::Source(_) | StackName::SecondSource(_)) { "" } else { ", with the logs" };
    terminal.print(format_args!("  deleted: {} resources{with}", count(account, name, stack).await?));
    terminal.print(format_args!("  {}", kept(name, stack)));
    Ok(())
}

async fn delete_confirmed(
    account: &Account,
    name: &StackName,
    stack: &Stack,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    if stack.protected {
        let call = account.cloudformation().update_termination_protection().stack_name(&stack.id);
        let call = call.enable_termination_protection(false).send();
        call.await
            .explain(account.credentials(), format_args!("lifting the termination protection of stack {name}"))?;
    }
    let watch = Watch::new(account, name, &stack.id).await?;
    let call = account.cloudformation().delete_stack().stack_name(&stack.id);
    call.send().await.explain(account.credentials(), format_args!("deleting stack {name}"))?;
    let events = watch.until_success(terminal).await?;
    terminal.print(format_args!("{GOOD}{name} is deleted{GOOD:#}"));
    for (kind, id) in events.retained() {
        terminal.print(format_args!("  retained: {kind} {id}"));
    }
    Ok(())
}

/// The sentence that a person confirms.
fn consequence(role: Role) -> &'static str {
    match role {
        Role::Producer | Role::Consumer => "New snapshots will no longer be copied.",
        Role::Second => "New snapshots will no longer be copied to the second region.",
        Role::Verifier => "Copies will no longer be verified.",
    }
}

/// A summary of what the deletion keeps.
fn kept(name: &StackName, stack: &Stack) -> String {
    match name {
        StackName::Producer => format!(
            "kept: databases, their snapshots, and copies in DR. The transit key is deleted after {TRANSIT_KEY_DAYS} days; \
             until then you can cancel that."
        ),
        StackName::Verifier => "kept: copies, and the bucket with checks and reports".to_owned(),
        StackName::Source(account) | StackName::SecondSource(account) => format!("kept: the copies of {account}"),
        StackName::Consumer | StackName::Second => {
            let key = stack.outputs.get("KeyArn").map(|key| format!(": {key}")).unwrap_or_default();
            format!("kept: copies, and their key{key}")
        }
    }
}

/// The existing transit copies. Only the producer deletes them.
async fn transit_copies(source: &Account) -> anyhow::Result<Vec<String>> {
    let mut transit = Vec::new();
    for kind in Kind::ALL {
        let all = source.cloud().list_all(kind, None).await?;
        let of_draco = all.iter().filter(|snapshot| matches!(SnapshotRole::of(snapshot), SnapshotRole::Transit(_)));
        transit.extend(of_draco.map(|snapshot| snapshot.arn.id().to_owned()));
    }
    Ok(transit)
}

/// The number of resources of the stack.
async fn count(account: &Account, name: &StackName, stack: &Stack) -> anyhow::Result<usize> {
    let doing = format!("listing the resources of stack {name}");
    let call = account.cloudformation().list_stack_resources().stack_name(&stack.id);
    let mut pages = call.into_paginator().items().send();
    let mut count = 0;
    while let Some(resource) = pages.next().await {
        resource.explain(account.credentials(), &doing)?;
        count += 1;
    }
    Ok(count)
}

/// Deletes the stack if it is empty. CloudFormation creates an empty stack for the first change set, and keeps it when that
/// change set is deleted.
pub(super) async fn delete_if_empty(account: &Account, name: &StackName) -> anyhow::Result<()> {
    let Some(stack) = Stack::look(account, name).await?.filter(|stack| stack.status == "REVIEW_IN_PROGRESS") else {
        return Ok(());
    };
    let cloudformation = account.cloudformation();
    let sets = cloudformation.list_change_sets().stack_name(&stack.id).send().await;
    let sets = sets.explain(account.credentials(), format_args!("listing the change sets of stack {name}"))?;
    if sets.summaries().is_empty() {
        let call = cloudformation.delete_stack().stack_name(&stack.id);
        call.send().await.explain(account.credentials(), format_args!("deleting the empty stack {name}"))?;
    }
    Ok(())
}

/// Switches termination protection on, against deletion by mistake. If that fails, the stack remains without it.
pub(super) async fn protect(account: &Account, terminal: &mut Terminal) {
    let name = account.role.stack();
    let call = account.cloudformation().update_termination_protection().stack_name(name);
    let call = call.enable_termination_protection(true).send();
    match call
        .await
        .explain(account.credentials(), format_args!("switching on the termination protection of stack {name}"))
    {
        Ok(_) => terminal.print(format_args!(
            "{name} has termination protection; `cargo xtask delete {}` asks for its name",
            account.role
        )),
        Err(why) => terminal.warn(format_args!("{why:#}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_period_is_that_of_the_template() {
        let template = include_str!("../../../../cfn/producer.yaml");
        assert!(template.contains(&format!("PendingWindowInDays: {TRANSIT_KEY_DAYS}\n")));
    }

    #[test]
    fn without_a_second_region_the_first_one_goes_on() {
        let copied = "New snapshots will no longer be copied";
        assert_eq!(consequence(Role::Consumer), format!("{copied}."));
        assert_eq!(consequence(Role::Second), format!("{copied} to the second region."));
    }

    #[test]
    fn kept_key_is_named() {
        let key = "arn:aws:kms:eu-west-1:222222222222:key/1";
        let outputs = [("KeyArn".to_owned(), key.to_owned())].into();
        let text = kept(&StackName::Consumer, &Stack { outputs, ..Stack::default() });
        assert_eq!(text, format!("kept: copies, and their key: {key}"));
    }
}
