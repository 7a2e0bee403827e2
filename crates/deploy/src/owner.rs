//! `retire` and `accept`: what DR's owner decides about a database. Only DR can retire one (invariant 15) or shorten the time
//! for which an earlier lifecycle stays in force (invariant 17).
//!
//! A decision is a tag on the copy of the database that arrived last. A later copy does not have it: it is one more reason to
//! look at the database again.

use std::collections::BTreeSet;

use anyhow::{bail, ensure};
use archive::expired::{expired, in_force};
use archive::{Archive, Copy, History};
use chrono::{DateTime, SecondsFormat, Utc};
use config::Config;
use deploy_args::{Accept, DatabaseName, Retire};
use protocol::{DatabaseArn, SnapshotArn, tags};

use crate::aws_error::Explain;
use crate::terminal::{Answers, BAD, FAINT, GOOD, TITLE};
use crate::{Account, Role, Terminal, deployed};

/// Connects to DR, and retires the database or undoes that.
///
/// # Errors
///
/// As [`retire`] and [`undo_retire`].
pub async fn run_retire(args: &Retire, config: &Config) -> anyhow::Result<()> {
    let dr = Account::connect(dr_role(args.second), config).await?;
    let terminal = &mut Terminal::new(Answers::new(args.yes));
    match args.undo {
        true => undo_retire(&dr, &args.database, terminal).await,
        false => retire(&dr, &args.database, terminal).await,
    }
}

/// Connects to DR, and accepts the database's current lifecycle.
///
/// # Errors
///
/// As [`accept`].
pub async fn run_accept(args: &Accept, config: &Config) -> anyhow::Result<()> {
    let dr = Account::connect(dr_role(args.second), config).await?;
    let second = args.second.then(|| config.of_second_region());
    let config = second.as_ref().unwrap_or(config);
    accept(&dr, config, &args.database, &mut Terminal::new(Answers::new(args.yes))).await
}

fn dr_role(second: bool) -> Role {
    if second { Role::Second } else { Role::Consumer }
}

/// Marks a database as retired: no later copies are expected, and their absence is not reported.
///
/// # Errors
///
/// If DR has no copy of it, a call fails, or the user declines.
pub async fn retire(dr: &Account, name: &DatabaseName, terminal: &mut Terminal) -> anyhow::Result<()> {
    let archive = archive(dr).await?;
    let mut marks = Vec::new();
    for (database, history, newest) in named(&archive, name)? {
        terminal.print(format_args!("{TITLE}{database}{TITLE:#}"));
        terminal.print(format_args!(
            "  {} copies, which stay; the last arrived {}",
            history.copies.len(),
            time(newest.arrived)
        ));
        if newest.mark.is_retired {
            terminal.print("  it is retired already");
            continue;
        }
        marks.extend(newest.arn(database, archive.dr()));
    }
    if marks.is_empty() {
        return Ok(());
    }
    terminal.print("DR no longer reports that new copies are missing. If a new copy arrives, it does so again.");
    agree("Retire the database?", terminal)?;
    mark(dr, &marks, tags::RETIRED, terminal).await
}

/// Removes the marks of retired copies of a database.
///
/// # Errors
///
/// If DR has no copy of it, a call fails, or the user declines.
pub async fn undo_retire(dr: &Account, name: &DatabaseName, terminal: &mut Terminal) -> anyhow::Result<()> {
    let archive = archive(dr).await?;
    let mut marked = Vec::new();
    for (database, history, _) in named(&archive, name)? {
        let retired = history.copies.iter().filter(|copy| copy.mark.is_retired);
        marked.extend(retired.filter_map(|copy| copy.arn(database, archive.dr())));
    }
    if marked.is_empty() {
        terminal
            .print(format_args!("{name} is not retired by a tag; no changes (see also RETIRED in the configuration)"));
        return Ok(());
    }
    terminal.print(format_args!("{TITLE}{name}{TITLE:#}: DR reports again if its new copies are missing"));
    agree("Undo its retirement?", terminal)?;
    let rds = aws_sdk_rds::Client::new(dr.sdk());
    for copy in marked {
        let call = rds.remove_tags_from_resource().resource_name(copy.to_string()).tag_keys(tags::RETIRED);
        call.send().await.explain(dr.credentials(), format_args!("removing the tag {} of {copy}", tags::RETIRED))?;
        terminal.print(format_args!("{GOOD}untagged{GOOD:#} {copy}"));
    }
    Ok(())
}

/// Lets the lifecycle of the newest copy take effect at once: those of older copies no longer count.
///
/// # Errors
///
/// If DR has no copy of it, a call fails, or the user declines.
pub async fn accept(dr: &Account, config: &Config, name: &DatabaseName, terminal: &mut Terminal) -> anyhow::Result<()> {
    let archive = archive(dr).await?;
    let mut marks = Vec::new();
    for (database, history, newest) in named(&archive, name)? {
        let accepted = accepted(history, newest);
        terminal.print(format_args!("{TITLE}{database}{TITLE:#}"));
        for line in plan(history, &accepted, config) {
            terminal.print(line);
        }
        match newest.mark.is_accepted {
            true => terminal.print("  it is accepted already"),
            false => marks.extend(newest.arn(database, archive.dr())),
        }
    }
    if marks.is_empty() {
        return Ok(());
    }
    agree("Let this lifecycle take effect now?", terminal)?;
    mark(dr, &marks, tags::ACCEPTED, terminal).await
}

async fn archive(dr: &Account) -> anyhow::Result<Archive> {
    Ok(Archive::of(dr.place.clone(), &deployed::snapshots(dr).await?))
}

/// The databases with this name, an instance and a cluster of one region at most, each with the copy that arrived last.
fn named<'a>(
    archive: &'a Archive,
    name: &DatabaseName,
) -> anyhow::Result<Vec<(&'a DatabaseArn, &'a History, &'a Copy)>> {
    let all = archive.databases().filter(|(database, _)| name.is(database));
    let found: Vec<_> = all.filter_map(|(database, history)| Some((database, history, history.newest()?))).collect();
    ensure!(!found.is_empty(), "DR has no complete copy of {name}");
    let regions: BTreeSet<&str> = found.iter().map(|(database, ..)| database.place.region.as_str()).collect();
    if regions.len() > 1 {
        let names: Vec<String> =
            regions.iter().map(|region| name.to_string().replacen('/', &format!("/{region}/"), 1)).collect();
        bail!("{name} exists in {} regions; name one: {}", names.len(), names.join(", "));
    }
    Ok(found)
}

/// The history with the mark that `accept` would set.
fn accepted(history: &History, newest: &Copy) -> History {
    let mut accepted = history.clone();
    accepted.copies.iter_mut().filter(|copy| *copy == newest).for_each(|copy| copy.mark.is_accepted = true);
    accepted
}

/// The lifecycles in force now and then, and the copies that expire in addition.
fn plan(now: &History, then: &History, config: &Config) -> Vec<String> {
    let (known, floor) = (&config.lifecycles, config.floor.clone().named("Floor"));
    let names = |history| {
        let all: Vec<String> = in_force(history, known).iter().map(ToString::to_string).collect();
        all.join(" | ")
    };
    let before: BTreeSet<&str> = expired(now, known, &floor).iter().map(|one| &*one.copy.source).collect();
    let mut lines = vec![format!("  in force now   {}", names(now)), format!("  in force then  {}", names(then))];
    let then = expired(then, known, &floor);
    let new: Vec<_> = then.iter().filter(|one| !before.contains(&*one.copy.source)).collect();
    for one in &new {
        let taken = one.copy.taken.format("%Y-%m-%d %H:%M");
        lines.push(format!("  {BAD}{}{BAD:#} {FAINT}taken {taken} UTC{FAINT:#}\n    {}", one.copy.source, one.why));
    }
    lines.push(match new.len() {
        0 => "  no further copy expires by that".to_owned(),
        count => format!("  {BAD}{count}{BAD:#} further copies expire by that"),
    });
    lines
}

fn agree(question: &str, terminal: &mut Terminal) -> anyhow::Result<()> {
    if terminal.ask(question)? { Ok(()) } else { bail!("canceled: no changes were made") }
}

async fn mark(dr: &Account, copies: &[SnapshotArn], key: &str, terminal: &mut Terminal) -> anyhow::Result<()> {
    let cloud = dr.cloud();
    let now = cloud.now().to_rfc3339_opts(SecondsFormat::Secs, true);
    for copy in copies {
        match cloud.tag(copy, key, &now).await? {
            cloud::Effect::NotFound => bail!("{copy} was deleted meanwhile; run the command again"),
            _ => terminal.print(format_args!("{GOOD}tagged{GOOD:#} {copy} {FAINT}{key}={now}{FAINT:#}")),
        }
    }
    Ok(())
}

fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}
