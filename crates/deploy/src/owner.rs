//! `retire` and `accept`: what DR's owner decides about a database. Only DR can retire one (invariant 15) or shorten the time
//! for which an earlier lifecycle stays in force (invariant 17).
//!
//! A decision is a tag on the copy of the database that arrived last. A later copy does not have it: it is one more reason to
//! look at the database again.

use std::collections::BTreeSet;

use anyhow::{bail, ensure};
use archive::expired::{expired, in_force};
use archive::{Archive, Copy, Expired, History};
use chrono::{DateTime, SecondsFormat, Utc};
use config::Config;
use deploy_args::{Accept, DatabaseName, Retire};
use protocol::{DatabaseArn, SnapshotArn, tags};
use serde::Serialize;

use crate::aws_error::Explain;
use crate::terminal::{Answers, BAD, FAINT, GOOD, TITLE};
use crate::{Account, Role, Terminal, deployed};

/// A decision about one database, for scripts. `doc/json.md` documents the keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// The database.
    pub database: DatabaseArn,
    /// The number of its complete copies.
    pub copies: usize,
    /// When the last one arrived in DR.
    pub arrived: DateTime<Utc>,
    /// The copies that got or lost the tag. Empty if the decision was made before.
    pub changed: Vec<SnapshotArn>,
    /// Of `accept`: the copies that expire in addition.
    pub expires: Option<Vec<SnapshotArn>>,
}

/// Connects to DR, and retires the database or undoes that.
///
/// # Errors
///
/// As [`retire`] and [`undo_retire`].
pub async fn run_retire(args: &Retire, config: &Config) -> anyhow::Result<()> {
    let dr = Account::connect(dr_role(args.second), config).await?;
    let terminal = &mut terminal(args.json, args.yes);
    let decided = match args.undo {
        true => undo_retire(&dr, &args.database, terminal).await?,
        false => retire(&dr, &args.database, terminal).await?,
    };
    print(args.json, &decided)
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
    let decided = accept(&dr, config, &args.database, &mut terminal(args.json, args.yes)).await?;
    print(args.json, &decided)
}

/// With `--json`, there is no text for people, and no question: the arguments include `--yes`.
fn terminal(json: bool, yes: bool) -> Terminal {
    match json {
        true => Terminal::with_output(Box::new(std::io::sink()), Answers::new(yes)),
        false => Terminal::new(Answers::new(yes)),
    }
}

fn print(json: bool, decided: &[Decided]) -> anyhow::Result<()> {
    if json {
        Terminal::new(Answers::default()).print(serde_json::to_string_pretty(decided)?);
    }
    Ok(())
}

fn dr_role(second: bool) -> Role {
    if second { Role::Second } else { Role::Consumer }
}

/// Marks a database as retired: no later copies are expected, and their absence is not reported.
///
/// # Errors
///
/// If DR has no copy of it, a call fails, or the user declines.
pub async fn retire(dr: &Account, name: &DatabaseName, terminal: &mut Terminal) -> anyhow::Result<Vec<Decided>> {
    let archive = archive(dr).await?;
    let mut decided = Vec::new();
    for (database, history, newest) in named(&archive, name)? {
        terminal.print(format_args!("{TITLE}{database}{TITLE:#}"));
        terminal.print(format_args!(
            "  {} copies, which stay; the last arrived {}",
            history.copies.len(),
            time(newest.arrived)
        ));
        let mark = newest.arn(database, archive.dr()).filter(|_| !newest.mark.is_retired);
        if mark.is_none() {
            terminal.print("  it is retired already");
        }
        decided.push(Decided::new(database, history, newest, mark));
    }
    if !is_change(&decided) {
        return Ok(decided);
    }
    terminal.print("DR no longer reports that new copies are missing. If a new copy arrives, it does so again.");
    agree("Retire the database?", terminal)?;
    mark(dr, &decided, tags::RETIRED, terminal).await?;
    Ok(decided)
}

/// Removes the marks of retired copies of a database.
///
/// # Errors
///
/// If DR has no copy of it, a call fails, or the user declines.
pub async fn undo_retire(dr: &Account, name: &DatabaseName, terminal: &mut Terminal) -> anyhow::Result<Vec<Decided>> {
    let archive = archive(dr).await?;
    let mut decided = Vec::new();
    for (database, history, newest) in named(&archive, name)? {
        let retired = history.copies.iter().filter(|copy| copy.mark.is_retired);
        let marked = retired.filter_map(|copy| copy.arn(database, archive.dr()));
        decided.push(Decided::new(database, history, newest, marked));
    }
    if !is_change(&decided) {
        terminal
            .print(format_args!("{name} is not retired by a tag; no changes (see also RETIRED in the configuration)"));
        return Ok(decided);
    }
    terminal.print(format_args!("{TITLE}{name}{TITLE:#}: DR reports again if its new copies are missing"));
    agree("Undo its retirement?", terminal)?;
    let rds = aws_sdk_rds::Client::new(dr.sdk());
    for copy in decided.iter().flat_map(|decided| &decided.changed) {
        let call = rds.remove_tags_from_resource().resource_name(copy.to_string()).tag_keys(tags::RETIRED);
        call.send().await.explain(dr.credentials(), format_args!("removing the tag {} of {copy}", tags::RETIRED))?;
        terminal.print(format_args!("{GOOD}untagged{GOOD:#} {copy}"));
    }
    Ok(decided)
}

/// Lets the lifecycle of the newest copy take effect at once: those of older copies no longer count.
///
/// # Errors
///
/// If DR has no copy of it, a call fails, or the user declines.
pub async fn accept(
    dr: &Account,
    config: &Config,
    name: &DatabaseName,
    terminal: &mut Terminal,
) -> anyhow::Result<Vec<Decided>> {
    let archive = archive(dr).await?;
    let mut decided = Vec::new();
    for (database, history, newest) in named(&archive, name)? {
        let accepted = accepted(history, newest);
        let more = expire_in_addition(history, &accepted, config);
        terminal.print(format_args!("{TITLE}{database}{TITLE:#}"));
        for line in plan(history, &accepted, &more, config) {
            terminal.print(line);
        }
        let mark = newest.arn(database, archive.dr()).filter(|_| !newest.mark.is_accepted);
        if mark.is_none() {
            terminal.print("  it is accepted already");
        }
        let expires = more.iter().filter_map(|one| one.copy.arn(database, archive.dr())).collect();
        decided.push(Decided { expires: Some(expires), ..Decided::new(database, history, newest, mark) });
    }
    if !is_change(&decided) {
        return Ok(decided);
    }
    agree("Let this lifecycle take effect now?", terminal)?;
    mark(dr, &decided, tags::ACCEPTED, terminal).await?;
    Ok(decided)
}

impl Decided {
    fn new(
        database: &DatabaseArn,
        history: &History,
        newest: &Copy,
        changed: impl IntoIterator<Item = SnapshotArn>,
    ) -> Self {
        let (copies, changed) = (history.copies.len(), changed.into_iter().collect());
        Self { database: database.clone(), copies, arrived: newest.arrived, changed, expires: None }
    }
}

fn is_change(decided: &[Decided]) -> bool {
    decided.iter().any(|decided| !decided.changed.is_empty())
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

/// The copies that expire in addition.
fn expire_in_addition<'h>(now: &History, then: &'h History, config: &Config) -> Vec<Expired<'h>> {
    let (known, floor) = (&config.lifecycles, config.floor.clone().named("Floor"));
    // Snapshots that were taken one after the other can have one name.
    let key = |copy: &Copy| (copy.source.clone(), copy.taken, copy.attempt);
    let before: BTreeSet<_> = expired(now, known, &floor).iter().map(|one| key(one.copy)).collect();
    let mut more = expired(then, known, &floor);
    more.retain(|one| !before.contains(&key(one.copy)));
    more
}

/// The lifecycles in force now and then, and the copies that expire in addition.
fn plan(now: &History, then: &History, more: &[Expired<'_>], config: &Config) -> Vec<String> {
    let known = &config.lifecycles;
    let names = |history| {
        let all: Vec<String> = in_force(history, known).iter().map(ToString::to_string).collect();
        all.join(" | ")
    };
    let mut lines = vec![format!("  in force now   {}", names(now)), format!("  in force then  {}", names(then))];
    for one in more {
        let taken = one.copy.taken.format("%Y-%m-%d %H:%M");
        lines.push(format!("  {BAD}{}{BAD:#} {FAINT}taken {taken} UTC{FAINT:#}\n    {}", one.copy.source, one.why));
    }
    lines.push(match more.len() {
        0 => "  no further copy expires by that".to_owned(),
        count => format!("  {BAD}{count}{BAD:#} further copies expire by that"),
    });
    lines
}

fn agree(question: &str, terminal: &mut Terminal) -> anyhow::Result<()> {
    if terminal.ask(question)? { Ok(()) } else { bail!("canceled: no changes were made") }
}

async fn mark(dr: &Account, decided: &[Decided], key: &str, terminal: &mut Terminal) -> anyhow::Result<()> {
    let cloud = dr.cloud();
    let now = cloud.now().to_rfc3339_opts(SecondsFormat::Secs, true);
    for copy in decided.iter().flat_map(|decided| &decided.changed) {
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

#[cfg(test)]
mod tests {
    use archive::Mark;
    use chrono::TimeDelta;
    use protocol::Attempt;

    use super::*;

    /// A copy of the snapshot `nightly` of this day.
    fn nightly(day: i64, lifecycle: &str) -> Copy {
        let time = DateTime::UNIX_EPOCH + TimeDelta::days(day);
        Copy {
            source: "nightly".into(),
            taken: time,
            attempt: Attempt::FIRST,
            planned: time,
            is_late: false,
            arrived: time,
            lifecycle: Some(lifecycle.into()),
            mark: Mark::default(),
            is_second_pending: false,
        }
    }

    // Invariant 17.
    #[test]
    fn copies_of_snapshots_that_were_taken_under_one_name_are_all_shown_before_they_expire() {
        let config = Config { floor: serde_json::from_str(r#"{"last": 1}"#).unwrap(), ..Config::default() };
        let copies = (0..40).map(|day| nightly(day, "Standard")).chain((40..42).map(|day| nightly(day, "Test")));
        let history = History { copies: copies.collect(), ..History::default() };
        let then = accepted(&history, &history.copies[41]);
        let expired = |history| expired(history, &config.lifecycles, &config.floor.clone().named("Floor")).len();
        let (before, after) = (expired(&history), expired(&then));
        assert!(0 < before && before < after, "{before}, then {after}");
        assert_eq!(before + expire_in_addition(&history, &then, &config).len(), after);
    }
}
