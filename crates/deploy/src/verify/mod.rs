//! `draco verify`: has copies restored in DR and checked, by the steps of the deployed verifier.
//!
//! This module chooses the copies, invokes the function `draco-verifier` for each step, as its timer does, and shows what it has recorded. So the
//! verdicts have their log lines, metrics and alarms, and who runs the command needs no permission to restore or delete a database.

mod choose;
mod follow;
mod plan;
mod report;

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use config::Config;
use serde_json::{Value, json};
use verifier::Verifier;
use verifier::command::Survey;
use verifier::plan::{Due, Fit, Policy, Room};

use crate::deployed::Function;
use crate::status::span;
use crate::terminal::Answers;
use crate::{Account, Role, Terminal};

use choose::Chosen;

/// How long one step may take: the checker runs for less than 15 minutes.
const STEP: TimeDelta = TimeDelta::minutes(15);

/// The result of the command.
#[derive(Debug)]
pub struct Outcome {
    /// For `--json`.
    pub json: Value,
    /// The copies that are not verified, and why. Empty if all are.
    pub failures: Vec<String>,
}

/// Connects to DR, and carries out the command.
///
/// # Errors
///
/// If a call fails, the arguments name nothing that exists, the user declines, or a copy is not verified.
pub async fn run(args: &deploy_args::Verify, config: &Config) -> anyhow::Result<()> {
    let account = Account::connect_at(Role::Verifier, args.region.as_ref(), config).await?;
    let answers = Answers::new(args.yes);
    let mut terminal = match args.json {
        true => Terminal::with_output(Box::new(anstream::stderr()), answers),
        false => Terminal::new(answers),
    };
    let Some(function) = Function::look(&account, Role::Verifier.stack()).await? else {
        bail!("{account} has no function {}; run `cargo xtask create verifier`", Role::Verifier.stack())
    };
    let verifier = Verifier::new(account.cloud(), &function.environment)
        .with_context(|| format!("the environment of {}; run `cargo xtask update verifier`", Role::Verifier.stack()))?;
    let outcome = match prepare(&verifier, args, &account, config, &mut terminal).await? {
        Next::End(outcome) => outcome,
        Next::Follow(chosen) => tokio::select! {
            outcome = follow::all(&verifier, &account, chosen, args.once, &mut terminal) => outcome?,
            _ = tokio::signal::ctrl_c() => bail!(
                "interrupted; if a database was restored, the deployed verifier continues within 15 minutes, and so does `draco verify --once`"
            ),
        },
    };
    if args.json {
        Terminal::new(Answers::default()).print(format_args!("{:#}", outcome.json));
    }
    if !outcome.failures.is_empty() {
        bail!("{}", outcome.failures.join("; "));
    }
    Ok(())
}

/// What comes after the questions.
enum Next {
    /// Nothing.
    End(Outcome),
    /// These verifications are taken to their ends.
    Follow(Vec<Chosen>),
}

/// Carries out the command.
///
/// # Errors
///
/// As [`run`], but for copies that are not verified.
pub async fn verify(
    verifier: &Verifier,
    args: &deploy_args::Verify,
    account: &Account,
    config: &Config,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    match prepare(verifier, args, account, config, terminal).await? {
        Next::End(outcome) => Ok(outcome),
        Next::Follow(chosen) => follow::all(verifier, account, chosen, args.once, terminal).await,
    }
}

async fn prepare(
    verifier: &Verifier,
    args: &deploy_args::Verify,
    account: &Account,
    config: &Config,
    terminal: &mut Terminal,
) -> anyhow::Result<Next> {
    let now = account.cloud().now();
    let survey = verifier.survey(now + STEP).await?;
    let name = args.database.as_deref();
    if args.plan {
        let shown = name.map(|name| choose::database(&survey, name)).transpose()?;
        return Ok(Next::End(plan::show(verifier, &survey, shown, account, terminal, now)));
    }
    if args.report {
        return Ok(Next::End(match name {
            Some(name) => report::of_one(verifier, choose::database(&survey, name)?, terminal).await?,
            None => report::of_all(verifier, &survey, config, terminal, now),
        }));
    }
    ensure!(
        verifier.roots().await?.is_some(),
        "the verifier has no root certificates of RDS, so no copy can be verified; set RDS_ROOTS, and run `cargo xtask update verifier` \
         (doc/verifying.md)"
    );
    let chosen = choose::verifications(verifier, &survey, args, terminal).await?;
    let (_, why) = due(&survey, verifier.policy(), survey.running);
    if let (Some(_), Some(returning)) = (name, &survey.returning) {
        terminal.warn(format_args!("{returning} is being brought back, and may need DR's quotas"));
    }
    let left = survey.plan.due.iter().filter(|due| !chosen.iter().any(|chosen| chosen.is_of(&due.database))).count();
    if chosen.is_empty() {
        terminal.print(match left {
            0 => "no copy is due; `draco verify --plan` shows when, and `draco verify DATABASE` verifies one now"
                .to_owned(),
            1 => format!("1 copy is due, and waits {why}"),
            left => format!("{left} copies are due, and wait {why}"),
        });
        return Ok(Next::End(Outcome { json: json!([]), failures: Vec::new() }));
    }
    if name.is_none() && left > 0 {
        terminal.print(format_args!("{left} more due: they wait {why}"));
    }
    if !args.once {
        confirm(account, &chosen, terminal)?;
    }
    Ok(Next::Follow(chosen))
}

fn confirm(account: &Account, chosen: &[Chosen], terminal: &mut Terminal) -> anyhow::Result<()> {
    terminal.print(format_args!("in {account}:"));
    for chosen in chosen {
        terminal.print(format_args!("  {}", chosen.describe()));
    }
    let question = if chosen.len() == 1 { "Verify this copy?" } else { "Verify these copies?" };
    if terminal.ask(question)? { Ok(()) } else { bail!("canceled: nothing was restored") }
}

/// Those that are due and may start, and why the others wait.
fn due<'s>(survey: &'s Survey, policy: &Policy, running: usize) -> (Vec<&'s Due>, String) {
    if let Some(database) = &survey.returning {
        return (Vec::new(), format!("until {database} is brought back"));
    }
    let (mut room, mut starting, mut has_no_room) = (Room::new(policy, running, &survey.quotas), Vec::new(), false);
    for due in &survey.plan.due {
        match room.take(due) {
            Fit::Yes => starting.push(due),
            fit => {
                has_no_room |= room.may_run_more();
                if fit == Fit::Later {
                    break;
                }
            }
        }
    }
    let why = match has_no_room {
        true => "until DR's quotas have room (VERIFY_FREE_PERCENT)",
        false => "until running verifications have ended (VERIFY_AT_ONCE)",
    };
    (starting, why.to_owned())
}

/// `0.13`, or `1200` without cents.
fn dollars(amount: f64) -> String {
    if amount < 100.0 { format!("{amount:.2}") } else { format!("{amount:.0}") }
}

fn date(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}
