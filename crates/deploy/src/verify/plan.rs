//! `draco verify --plan`: what is due, when, and what it costs.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use verifier::Verifier;
use verifier::command::Survey;
use verifier::plan::{Database, Due};

use super::{Outcome, dollars, due, span};
use crate::terminal::{CAUTION, FAINT, TITLE};
use crate::{Account, Terminal};

/// How many databases are listed that are not due.
const LISTED: usize = 10;

pub(super) fn show(
    verifier: &Verifier,
    survey: &Survey,
    one: Option<&Database>,
    account: &Account,
    terminal: &mut Terminal,
    now: DateTime<Utc>,
) -> Outcome {
    let (policy, plan) = (verifier.policy(), &survey.plan);
    let is_shown = |database: &Database| one.is_none_or(|one| one.arn == database.arn);
    let of = |due: &Due| survey.databases.iter().find(|database| database.arn == due.database);
    let (next_ones, _) = due(survey, policy, survey.running);
    let starting = next_ones.len();
    terminal.print(format_args!("{TITLE}verification{TITLE:#} in {account}"));
    let due_now = if plan.due.len() == 1 { "1 is due".to_owned() } else { format!("{} are due", plan.due.len()) };
    terminal.print(format_args!(
        "  {} of at most {} verifications run; {due_now}, {starting} can start now",
        survey.running, policy.at_once
    ));
    let budget = policy.dollars_a_month;
    terminal.print(format_args!(
        "  about {} dollars a month, of at most {budget}; an estimate with the smallest class of most engines",
        dollars(plan.dollars_a_month)
    ));
    for (source, stretch) in plan.stretch.iter().filter(|(_, stretch)| **stretch > 1.0) {
        terminal.print(format_args!(
            "  {CAUTION}the intervals of {source} are {stretch:.1} times as long{CAUTION:#}, because of the limit of dollars (VERIFY_DOLLARS)"
        ));
    }
    for due in &plan.due {
        let Some(database) = of(due).filter(|database| is_shown(database)) else { continue };
        let when = if next_ones.contains(&due) { "next" } else { "waits" };
        terminal.print(format_args!(
            "  {when:<6} {}: {}, about {} dollars{}",
            database.arn.id(),
            due.copy.id(),
            dollars(due.dollars),
            last(database, now)
        ));
    }
    let mut later: Vec<(&Database, DateTime<Utc>)> = survey
        .databases
        .iter()
        .filter(|database| is_shown(database) && !plan.due.iter().any(|due| due.database == database.arn))
        .map(|database| (database, next(verifier, survey, database, now)))
        .collect();
    later.sort_by_key(|(_, next)| *next);
    for (database, next) in later.iter().take(LISTED) {
        let when = if database.is_running { "runs".to_owned() } else { format!("in {}", span(*next - now)) };
        terminal.print(format_args!("  {when:<6} {}{}", database.arn.id(), last(database, now)));
    }
    if later.len() > LISTED {
        terminal.print(format_args!("  {FAINT}and {} more, later{FAINT:#}", later.len() - LISTED));
    }
    Outcome { json: json(verifier, survey, one, starting, now), failures: Vec::new() }
}

/// When the next verification of a database is due.
fn next(verifier: &Verifier, survey: &Survey, database: &Database, now: DateTime<Utc>) -> DateTime<Utc> {
    let stretch = survey.plan.stretch.get(&database.arn.place.account).copied().unwrap_or(1.0);
    database.due_at(verifier.policy(), stretch).unwrap_or(now).max(now)
}

fn last(database: &Database, now: DateTime<Utc>) -> String {
    match &database.seen.last {
        Some(last) => format!("; {} {} ago", last.conclusion.word(), span(now - last.at)),
        None => "; never verified".to_owned(),
    }
}

fn json(verifier: &Verifier, survey: &Survey, one: Option<&Database>, starting: usize, now: DateTime<Utc>) -> Value {
    let policy = verifier.policy();
    let shown = survey.databases.iter().filter(|database| one.is_none_or(|one| one.arn == database.arn));
    let databases: Vec<Value> = shown
        .map(|database| {
            let due = survey.plan.due.iter().position(|due| due.database == database.arn);
            let found = due.and_then(|nth| survey.plan.due.get(nth));
            json!({
                "database": database.arn.to_string(),
                "copies": database.copies.len(),
                "running": database.is_running,
                "position": due,
                "copy": found.map(|due| due.copy.to_string()),
                "dollars": found.map(|due| due.dollars),
                "due": next(verifier, survey, database, now),
                "last": database.seen.last.as_ref().map(ToString::to_string),
            })
        })
        .collect();
    json!({
        "running": survey.running,
        "at_once": policy.at_once,
        "starting": starting,
        "waiting": survey.plan.due.len() - starting,
        "dollars_a_month": survey.plan.dollars_a_month,
        "most_dollars_a_month": policy.dollars_a_month,
        "stretch": survey.plan.stretch.iter().map(|(account, stretch)| (account.to_string(), json!(stretch))).collect::<serde_json::Map<_, _>>(),
        "databases": databases,
    })
}
