//! `event`: invokes a function by hand, with a message, a notification or a check of the timer.
//!
//! [`invocation`] finds the snapshot and makes the payload, with the types of `protocol`; `invoke` calls Lambda; [`lines`]
//! makes the log readable.

pub mod invocation;
mod invoke;
pub mod lines;

use anyhow::bail;
use config::Config;
use deploy_args::{Event, EventKind};

use crate::deployed::KEEPER;
use crate::terminal::{Answers, BAD, FAINT, GOOD, TITLE};
use crate::{Account, Role, Terminal};
use invocation::Invocation;

/// Connects to the accounts, makes the payload, and invokes the function.
///
/// # Errors
///
/// If there is no such snapshot, or the function cannot be invoked or fails.
pub async fn run(args: &Event, config: &Config) -> anyhow::Result<()> {
    let source = || Account::connect_at(Role::Producer, args.region.as_ref(), config);
    let dr = || Account::connect(if args.second { Role::Second } else { Role::Consumer }, config);
    let (account, invocation) = match &args.kind {
        EventKind::Look(of) => {
            let source = source().await?;
            let invocation = Invocation::look(&source, &of.snapshot).await?;
            (source, invocation)
        }
        EventKind::LookCopy(of) => {
            let dr = dr().await?;
            let invocation = Invocation::look(&dr, &of.snapshot).await?;
            (dr, invocation)
        }
        EventKind::Sweep { role: Role::Producer } => (source().await?, Invocation::sweep()),
        EventKind::Sweep { role } => (Account::connect(*role, config).await?, Invocation::sweep()),
        EventKind::Audit => (source().await?, Invocation::audit()),
        EventKind::Verify => {
            let region = if args.second { config.need_second_region()? } else { Role::Verifier.region(config)? };
            (Account::connect_in(Role::Verifier, region, config).await?, Invocation::verify())
        }
        EventKind::Keep { limit } => (dr().await?, Invocation::keep(*limit)),
        EventKind::Announce(of) => {
            let invocation = Invocation::announce(&source().await?, config, &of.snapshot).await?;
            (dr().await?, invocation)
        }
        EventKind::Completed(of) => {
            let invocation = Invocation::completed(&dr().await?, &of.snapshot).await?;
            (source().await?, invocation)
        }
        EventKind::NoCopy { of, reason } => {
            let source = source().await?;
            let invocation = Invocation::no_copy(&source, &of.snapshot, *reason).await?;
            (source, invocation)
        }
        EventKind::CheckTransit(of) => {
            let source = source().await?;
            let invocation = Invocation::check(&source, &of.snapshot).await?;
            (source, invocation)
        }
        EventKind::CheckCopy(of) => {
            let dr = dr().await?;
            let invocation = Invocation::check(&dr, &of.snapshot).await?;
            (dr, invocation)
        }
        EventKind::CheckShared(of) => {
            let invocation = Invocation::check_shared(&source().await?, &of.snapshot).await?;
            (dr().await?, invocation)
        }
    };
    let function = match args.kind {
        EventKind::Keep { .. } => KEEPER,
        _ => account.role.stack(),
    };
    send(&account, function, &invocation, &mut Terminal::new(Answers::default())).await
}

async fn send(
    account: &Account,
    function: &str,
    invocation: &Invocation,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    terminal.print(format_args!("{TITLE}invoking {function}{TITLE:#} in {account}: {}", invocation.description));
    let response = invoke::invoke(account, function, &invocation.payload).await?;
    for line in lines::read(&response.log, function) {
        terminal.print(line);
    }
    if let Some(why) = &response.failure {
        terminal.print(format_args!("{BAD}failed{BAD:#}"));
        bail!("{function} failed: {why}");
    }
    terminal.print(format_args!("{GOOD}done{GOOD:#} {FAINT}{}{FAINT:#}", lines::answer(&response.payload)));
    Ok(())
}
