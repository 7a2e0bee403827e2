//! `event`: what invokes a function, by hand: each message, each notification, each question of the timer.
//!
//! [`occasion`] finds the snapshot that is meant and makes the payload, with the protocol's own types; `invoke` hands it to
//! the function; [`lines`] reads what the function logged.

mod invoke;
pub mod lines;
pub mod occasion;

use anyhow::bail;
use clap::{Args, Subcommand};
use config::Config;
use protocol::message::RefusalReason;
use serde_json::Value;

use crate::terminal::{BAD, FAINT, GOOD, TITLE};
use crate::{Account, Role, Terminal};
use occasion::Occasion;

/// Invoke a function by hand, with what SNS, the timer or the schedule would give it, and print what it says
///
/// No event is believed: whatever it is given, a function looks at what is there and makes the one next step, so each of
/// these can be repeated without harm.
#[derive(Args)]
#[command(
    after_help = "SNAPSHOT is an identifier or an ARN: of the snapshot itself, of its transit copy, or of its copy \
    in DR.\nThe exit code is 1 if the function failed."
)]
pub struct Event {
    #[command(subcommand)]
    kind: Sent,
}

#[derive(Subcommand)]
enum Sent {
    /// RDS tells the producer of a snapshot: it looks at it now
    Look(Of),
    /// RDS tells the consumer of a copy: it looks at it now
    LookCopy(Of),
    /// The schedule asks: the function looks at everything that may have been missed
    Sweep {
        /// Whose function
        role: Role,
    },
    /// The producer tells the consumer that a transit copy is shared (snapshot-copy-shared)
    Announce(Of),
    /// The consumer tells the producer that its copy is safe (snapshot-copy-completed)
    Completed(Of),
    /// The consumer tells the producer that there is no copy (snapshot-no-copy); it is tried again later
    NoCopy {
        #[command(flatten)]
        of: Of,
        /// Why not: not-shared and copy-failed are tried again after an hour, the others after a day
        #[arg(long, default_value = "copy-failed", value_parser = reason)]
        reason: RefusalReason,
    },
    /// The timer asks the producer how far the transit copy is
    CheckTransit(Of),
    /// The timer asks the consumer how far the copy is
    CheckCopy(Of),
    /// The timer asks the consumer whether a transit copy that was announced can be seen by now
    CheckShared(Of),
}

/// Of which snapshot.
#[derive(Args)]
struct Of {
    /// The snapshot, its transit copy, or its copy in DR
    snapshot: String,
}

fn reason(text: &str) -> Result<RefusalReason, String> {
    match serde_json::from_value(Value::from(text)) {
        Ok(RefusalReason::Other) | Err(_) => {
            Err("expected not-shared, plaintext-cluster, taken-later, name-taken or copy-failed".to_owned())
        }
        Ok(reason) => Ok(reason),
    }
}

impl Event {
    /// Connects, and does it.
    ///
    /// # Errors
    ///
    /// If the snapshot is not there, or the function cannot be invoked or fails.
    pub async fn run(self, config: &Config) -> anyhow::Result<()> {
        let source = || Account::reach(Role::Producer, config);
        let dr = || Account::reach(Role::Consumer, config);
        let (account, occasion) = match &self.kind {
            Sent::Look(of) => {
                let source = source().await?;
                let occasion = Occasion::look(&source, &of.snapshot).await?;
                (source, occasion)
            }
            Sent::LookCopy(of) => {
                let dr = dr().await?;
                let occasion = Occasion::look(&dr, &of.snapshot).await?;
                (dr, occasion)
            }
            Sent::Sweep { role } => (Account::reach(*role, config).await?, Occasion::sweep()),
            Sent::Announce(of) => {
                let occasion = Occasion::announce(&source().await?, config, &of.snapshot).await?;
                (dr().await?, occasion)
            }
            Sent::Completed(of) => {
                let occasion = Occasion::completed(&dr().await?, &of.snapshot).await?;
                (source().await?, occasion)
            }
            Sent::NoCopy { of, reason } => {
                let source = source().await?;
                let occasion = Occasion::no_copy(&source, &of.snapshot, *reason).await?;
                (source, occasion)
            }
            Sent::CheckTransit(of) => {
                let source = source().await?;
                let occasion = Occasion::check(&source, &of.snapshot).await?;
                (source, occasion)
            }
            Sent::CheckCopy(of) => {
                let dr = dr().await?;
                let occasion = Occasion::check(&dr, &of.snapshot).await?;
                (dr, occasion)
            }
            Sent::CheckShared(of) => {
                let occasion = Occasion::check_shared(&source().await?, &of.snapshot).await?;
                (dr().await?, occasion)
            }
        };
        send(&account, &occasion, &mut Terminal::new(true)).await
    }
}

async fn send(account: &Account, occasion: &Occasion, terminal: &mut Terminal) -> anyhow::Result<()> {
    let function = account.role.stack();
    terminal.say(format_args!("{TITLE}{function}{TITLE:#} in {account} is told: {}", occasion.what));
    let answer = invoke::invoke(account, &occasion.payload).await?;
    for line in lines::read(&answer.log, function) {
        terminal.say(line);
    }
    if let Some(why) = &answer.failure {
        terminal.say(format_args!("{BAD}failed{BAD:#}"));
        bail!("{function}: {why}");
    }
    terminal.say(format_args!("{GOOD}done{GOOD:#} {FAINT}{}{FAINT:#}", lines::answer(&answer.payload)));
    Ok(())
}
