//! `delete`: a stack goes, what was kept by it stays.

use anyhow::bail;
use protocol::{Kind, SnapshotRole};

use super::busy;
use super::follow::Watch;
use super::state::{Stack, Standing};
use crate::aws_error::Explain;
use crate::terminal::{GOOD, TITLE};
use crate::{Account, Role, Terminal};

/// How long KMS waits before it deletes the transit key, by the template.
const TRANSIT_KEY_DAYS: u32 = 30;

/// Deletes the stack of this account's role.
///
/// # Errors
///
/// If CloudFormation fails, or the person says no.
pub async fn delete(account: &Account, terminal: &mut Terminal) -> anyhow::Result<()> {
    let (role, name) = (account.role, account.role.stack());
    let Some(stack) = Stack::look(account).await? else {
        terminal.say(format_args!("{name} is not there: nothing to do"));
        return Ok(());
    };
    if Standing::of(Some(&stack)) == Standing::Busy {
        return busy(&stack);
    }
    terminal.say(format_args!("{TITLE}delete {name}{TITLE:#} in {account}"));
    terminal.say(format_args!("  {} resources, with the logs", count(account, &stack).await?));
    terminal.say(format_args!("  {}", stays(role, &stack)));
    if role == Role::Producer {
        match on_their_way(account).await {
            Ok(transit) if transit.is_empty() => {}
            Ok(transit) => terminal.warn(format_args!(
                "snapshots are on their way to DR, and will not get there: {}. These transit copies stay, and nobody can \
                 read them once the key is gone",
                transit.join(", ")
            )),
            Err(why) => terminal.warn(format_args!("whether snapshots are on their way cannot be told: {why:#}")),
        }
    }
    let agreed = if stack.protected {
        terminal.say("  It is protected against deletion, which is taken off first.");
        terminal.types("Databases will no longer be kept safe.", name)?
    } else {
        terminal.agrees("Do this?")?
    };
    if !agreed {
        bail!("nothing was deleted");
    }
    if stack.protected {
        let call = account.cloudformation().update_termination_protection().stack_name(&stack.id);
        let call = call.enable_termination_protection(false).send();
        call.await.explain(account.credentials(), format_args!("taking the protection off stack {name}"))?;
    }
    let watch = Watch::new(account, &stack.id).await?;
    let call = account.cloudformation().delete_stack().stack_name(&stack.id);
    call.send().await.explain(account.credentials(), format_args!("deleting stack {name}"))?;
    let story = watch.until_success(terminal).await?;
    terminal.say(format_args!("{GOOD}{name} is gone{GOOD:#}"));
    for (kind, id) in story.left_behind() {
        terminal.say(format_args!("  left behind: {kind} {id}"));
    }
    if let (Role::Consumer, Some(key)) = (role, stack.outputs.get("KeyArn")) {
        terminal.say(format_args!(
            "  Copies stay, and so does their key. Whoever deletes {key} makes every copy under it unreadable."
        ));
    }
    Ok(())
}

/// What a person who is about to say yes has to know.
fn stays(role: Role, stack: &Stack) -> String {
    match role {
        Role::Producer => format!(
            "Databases, their snapshots, and copies in DR stay. The transit key goes after {TRANSIT_KEY_DAYS} days, in which \
             that can be taken back."
        ),
        Role::Consumer => {
            let key = stack.outputs.get("KeyArn").map(|key| format!(": {key}")).unwrap_or_default();
            format!("Copies stay, and so does the key that they are under{key}")
        }
    }
}

/// The transit copies that stand. Nobody but the producer deletes them.
async fn on_their_way(source: &Account) -> anyhow::Result<Vec<String>> {
    let mut transit = Vec::new();
    for kind in Kind::ALL {
        let all = source.cloud().list_all(kind, None).await?;
        let of_draco = all.iter().filter(|snapshot| matches!(SnapshotRole::of(snapshot), SnapshotRole::Transit(_)));
        transit.extend(of_draco.map(|snapshot| snapshot.arn.id().to_owned()));
    }
    Ok(transit)
}

/// How many things the stack has.
async fn count(account: &Account, stack: &Stack) -> anyhow::Result<usize> {
    let doing = format!("listing the resources of stack {}", account.role.stack());
    let call = account.cloudformation().list_stack_resources().stack_name(&stack.id);
    let mut pages = call.into_paginator().items().send();
    let mut count = 0;
    while let Some(resource) = pages.next().await {
        resource.explain(account.credentials(), &doing)?;
        count += 1;
    }
    Ok(count)
}

/// Takes back a stack that is nothing but a name, if that is all that it is: AWS makes it for the change set that would make
/// the rest, and leaves it there when that is deleted.
pub(super) async fn abandon(account: &Account) -> anyhow::Result<()> {
    let name = account.role.stack();
    let Some(stack) = Stack::look(account).await?.filter(|stack| stack.status == "REVIEW_IN_PROGRESS") else {
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

/// The stack without which nothing is kept safe is not deleted by a slip. Whoever may not protect it has it all the same.
pub(super) async fn protect(account: &Account, terminal: &mut Terminal) {
    let name = account.role.stack();
    let call = account.cloudformation().update_termination_protection().stack_name(name);
    let call = call.enable_termination_protection(true).send();
    match call.await.explain(account.credentials(), format_args!("protecting stack {name} against deletion")) {
        Ok(_) => terminal
            .say(format_args!("{name} is protected against deletion; `cargo xtask delete consumer` asks for its name")),
        Err(why) => terminal.warn(format_args!("{why:#}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_the_transit_key_is_what_the_template_has() {
        let template = include_str!("../../../../cfn/producer.yaml");
        assert!(template.contains(&format!("PendingWindowInDays: {TRANSIT_KEY_DAYS}\n")));
    }

    #[test]
    fn the_key_that_stays_is_named() {
        let key = "arn:aws:kms:eu-west-1:222222222222:key/1";
        let outputs = [("KeyArn".to_owned(), key.to_owned())].into();
        let told = stays(Role::Consumer, &Stack { outputs, ..Stack::default() });
        assert_eq!(told, format!("Copies stay, and so does the key that they are under: {key}"));
    }
}
