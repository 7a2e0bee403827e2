//! `draco verify --report`: the last verdicts, and what was found.

use anyhow::Context as _;
use checks::{Conclusion, Grade, Report, Severity, Verdict};
use chrono::{DateTime, TimeDelta, Utc};
use config::Config;
use serde_json::{Value, json};
use verifier::Verifier;
use verifier::command::Survey;
use verifier::plan::Database;
use verifier::record::{Record, key};

use super::{Outcome, date, span};
use crate::Terminal;
use crate::terminal::{BAD, CAUTION, FAINT, GOOD, TITLE};

/// The time from the request to a database that accepts connections.
pub(super) fn restored(record: &Record) -> Option<TimeDelta> {
    Some(record.provisioned? - record.requested)
}

/// A verdict in one line.
pub(super) fn verdict(report: &Report, failure: Option<&str>) -> String {
    let why = || {
        let grades = [&report.available, &report.read, &report.checked];
        let no = grades.iter().find_map(|grade| if let Grade::No { why } = grade { Some(why.clone()) } else { None });
        let first = || report.not_checked.first().map(|not| format!("{}: {}", not.what, not.why));
        plain(&no.or_else(|| failure.map(str::to_owned)).or_else(first).unwrap_or_default())
    };
    let text = match report.conclusion {
        Conclusion::Verified => format!("{GOOD}the copy is good{GOOD:#}: {}", read(report)),
        Conclusion::Failed => format!("{BAD}the copy is not good{BAD:#}: {}", why()),
        Conclusion::NotVerified => format!("{CAUTION}it is not known whether the copy is good{CAUTION:#}: {}", why()),
    };
    match report.changes.len() {
        0 => text,
        1 => format!("{text}; {BAD}the data changed much{BAD:#}: {}", plain(&report.changes[0].to_string())),
        many => format!(
            "{text}; {BAD}the data changed much{BAD:#}, in {many} places; `draco verify --report DATABASE` lists them"
        ),
    }
}

/// Text of a restored database, for a terminal: without escape sequences, and not endless.
fn plain(text: &str) -> String {
    const MOST: usize = 500;
    let mut plain: String = text.chars().take(MOST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(MOST).is_some() {
        plain.push('…');
    }
    plain
}

/// What was read, and how many checks passed.
fn read(report: &Report) -> String {
    let totals = &report.totals;
    let mut text = match totals.tables {
        1 => format!("1 table with {} rows was read", totals.rows),
        many => format!("{many} tables with {} rows were read", totals.rows),
    };
    if totals.unread > 0 {
        text += &format!(", {} were not", totals.unread);
    }
    match report.checks.len() {
        0 => text + "; it has no checks of your own",
        1 => text + "; 1 check passed",
        many => text + &format!("; {many} checks passed"),
    }
}

/// The last verdict on each database.
pub(super) fn of_all(
    verifier: &Verifier,
    survey: &Survey,
    config: &Config,
    terminal: &mut Terminal,
    now: DateTime<Utc>,
) -> Outcome {
    if survey.databases.is_empty() {
        terminal.print("DR has no complete copy of any database yet");
    }
    let width = survey.databases.iter().map(|database| database.arn.id().len()).max().unwrap_or_default();
    let limit = TimeDelta::days(config.unverified_days.into());
    let (mut rows, mut longest) = (Vec::new(), None);
    for database in &survey.databases {
        let (id, last) = (database.arn.id(), database.seen.last.as_ref());
        longest = longest.max(last.and_then(|last| Some((last.restored?, id))));
        let is_old = now - database.unverified_since() > limit;
        let text = match last {
            None => "never verified".to_owned(),
            Some(last) => {
                let style = match last.conclusion {
                    Conclusion::Verified => GOOD,
                    Conclusion::Failed => BAD,
                    Conclusion::NotVerified => CAUTION,
                };
                let restored = last.restored.map(|restored| format!(", restored in {}", span(restored)));
                let reached = last.reached();
                let reached = if reached.is_empty() { String::new() } else { format!(" ({reached})") };
                let word = last.conclusion.word();
                format!("{style}{word}{style:#}{reached} {}{}", date(last.at), restored.unwrap_or_default())
            }
        };
        let old = if is_old {
            format!("; {CAUTION}not verified for {}{CAUTION:#}", span(now - database.unverified_since()))
        } else {
            String::new()
        };
        terminal.print(format_args!("{id:width$}  {text}{old}"));
        rows.push(row(verifier, database, is_old));
    }
    if let Some((restored, id)) = longest {
        terminal.print(format_args!(
            "{FAINT}The longest restore took {} ({id}). A recovery takes as long at least.{FAINT:#}",
            span(restored)
        ));
    }
    Outcome { json: Value::Array(rows), failures: Vec::new() }
}

fn row(verifier: &Verifier, database: &Database, is_old: bool) -> Value {
    let last = database.seen.last.as_ref();
    json!({
        "database": database.arn.to_string(),
        "copies": database.copies.len(),
        "conclusion": last.map(|last| last.conclusion.word()),
        "available": last.map(|last| last.available),
        "read": last.map(|last| last.read),
        "checked": last.map(|last| last.checked),
        "at": last.map(|last| last.at),
        "restore_seconds": last.and_then(|last| last.restored).map(|restored| restored.num_seconds()),
        "verified": database.seen.verified,
        "overdue": is_old,
        "stored_at": last
            .and_then(|last| last.job.as_ref())
            .map(|job| format!("s3://{}/{}", verifier.bucket(), key(job))),
    })
}

/// The whole report on the last verification of a database.
pub(super) async fn of_one(
    verifier: &Verifier,
    database: &Database,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let id = database.arn.id();
    let job = database.seen.last.as_ref().and_then(|last| last.job.clone());
    let job = job.with_context(|| format!("{id} was never verified; `draco verify {id}` does it now"))?;
    let record = verifier.record(&job).await?;
    let record = record.with_context(|| format!("the report is gone: s3://{}/{}", verifier.bucket(), key(&job)))?;
    let concluded = record.concluded.as_ref();
    let concluded = concluded.with_context(|| format!("the verification of {id} is not at its end"))?;
    let report = &concluded.report;
    terminal.print(format_args!(
        "{TITLE}{id}{TITLE:#}: {}, {}",
        verdict(report, record.failure.as_deref()),
        date(concluded.at)
    ));
    terminal.print(format_args!("  copy         {}, taken {}", record.copy.id(), date(record.origin.taken)));
    if let Some(restored) = restored(&record) {
        terminal.print(format_args!("  restore      {}", span(restored)));
    }
    if let Some(facts) = &report.facts {
        let databases = plain(&facts.databases.join(", "));
        terminal.print(format_args!("  server       {}; databases: {databases}", plain(&facts.version)));
    }
    for (name, grade) in [("available", &report.available), ("read", &report.read), ("checked", &report.checked)] {
        let text = match grade {
            Grade::Yes => format!("{GOOD}yes{GOOD:#}"),
            Grade::No { why } => format!("{BAD}no{BAD:#}: {}", plain(why)),
            Grade::NotDone { why } => format!("{CAUTION}not known{CAUTION:#}: {}", plain(why)),
        };
        terminal.print(format_args!("  {name:<12} {text}"));
    }
    for check in &report.checks {
        let text = match &check.verdict {
            Verdict::Passed { why: None } => format!("{GOOD}passed{GOOD:#}"),
            Verdict::Passed { why: Some(why) } => format!("{GOOD}passed{GOOD:#}, but {why}"),
            Verdict::Failed { expected, actual } => {
                format!("{BAD}failed{BAD:#}: expected {}, found {}", plain(expected), plain(actual))
            }
            Verdict::Broken { why } => format!("{CAUTION}has an error{CAUTION:#}: {}", plain(why)),
        };
        terminal.print(format_args!("  check        {} {text}", check.sql));
    }
    for finding in &report.faults {
        let style = if finding.severity == Severity::Failed { BAD } else { CAUTION };
        terminal.print(format_args!("  {style}fault{style:#}        {}", plain(&finding.fault.to_string())));
    }
    for change in &report.changes {
        terminal.print(format_args!("  {CAUTION}change{CAUTION:#}       {}", plain(&change.to_string())));
    }
    for not in &report.not_checked {
        terminal.print(format_args!("  {FAINT}not checked{FAINT:#}  {}: {}", plain(&not.what), plain(&not.why)));
    }
    if let Some(failure) = &record.failure {
        terminal.print(format_args!("  {CAUTION}not restored{CAUTION:#} {}", plain(failure)));
    }
    for note in &record.notes {
        terminal.print(format_args!("  {FAINT}note{FAINT:#}         {}", plain(note)));
    }
    let json = json!({
        "database": database.arn.to_string(),
        "copy": record.copy.to_string(),
        "taken": record.origin.taken,
        "at": concluded.at,
        "conclusion": report.conclusion.word(),
        "restore_seconds": restored(&record).map(|restored| restored.num_seconds()),
        "notes": record.notes,
        "failure": record.failure,
        "report": report,
    });
    Ok(Outcome { json, failures: Vec::new() })
}
