//! The steps for one snapshot in both accounts, from the functions' logs and the calls in the journal.

use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use protocol::Place;
use rehearsal::{Encryption, Line, Rehearsal, Source};
use sim::journal::{Entry, Event};

use super::simulation::Simulation;

/// How often the ledger is updated while waiting for the copy.
const INTERVAL: Duration = Duration::from_secs(5 * 60);
/// The maximum number of intervals: one day.
const MAX_INTERVALS: usize = 24 * 12;

/// One step.
pub(super) struct Step {
    pub(super) at: DateTime<Utc>,
    /// The account in which it happens.
    pub(super) account: String,
    /// The function's log message, as phrases.
    pub(super) message: Vec<String>,
    /// The identifier of the snapshot that the step created.
    pub(super) created: Option<String>,
    /// The calls of the invocation.
    pub(super) calls: Vec<String>,
}

/// Waits until the first snapshot of the first database is copied, and returns the steps.
pub(super) async fn first(simulation: &mut Simulation) -> anyhow::Result<Vec<Step>> {
    for _ in 0..MAX_INTERVALS {
        simulation.run_for(INTERVAL).await?;
        let is_confirmed = |source| log_lines(simulation, source).iter().any(is_last);
        if first_source(simulation).is_some_and(is_confirmed) {
            break;
        }
    }
    let source = first_source(simulation).context("no snapshot was taken in a day")?;
    let mut story = vec![snapshot_step(simulation, source)];
    let mut named = Vec::new();
    for line in log_lines(simulation, source) {
        let named_by_line = ["transit", "copy"].map(|field| line.text(field).to_owned());
        let created = named_by_line.into_iter().find(|arn| !arn.is_empty() && !named.contains(arn));
        named.extend(created.clone());
        let at = line.time().context("a log line has no time")?;
        story.push(Step {
            at,
            message: phrases(&line),
            created: created.and_then(|arn| Some(arn.rsplit_once(':')?.1.to_owned())),
            calls: calls(&simulation.rehearsal, &line.place, &line.function(), at),
            account: line.place.account.to_string(),
        });
    }
    Ok(story)
}

/// The last step: the source account has confirmed the copy.
fn is_last(line: &Line) -> bool {
    line.text("step") == "copy_confirmed" && line.text("function") == "producer"
}

fn first_source(simulation: &Simulation) -> Option<&Source> {
    let (database, _) = simulation.databases.first()?;
    simulation.ledger.sources.values().find(|taken| taken.origin.database == *database)
}

/// The step of RDS, which takes the snapshot.
fn snapshot_step(simulation: &Simulation, source: &Source) -> Step {
    let snapshot = &source.snapshot;
    let encryption = simulation.databases.first().map_or("", |(_, database)| match database.encryption {
        Encryption::None => "unencrypted",
        Encryption::DefaultKey => "encrypted with the default key",
        Encryption::CustomerKey => "encrypted with a customer key",
    });
    Step {
        at: source.origin.taken,
        account: snapshot.arn.place.account.to_string(),
        message: vec![format!("RDS takes a snapshot: {} GiB,", snapshot.gib), encryption.to_owned()],
        created: Some(snapshot.arn.id().to_owned()),
        calls: Vec::new(),
    }
}

/// The log lines about a snapshot in order, without those of events that required no action.
fn log_lines(simulation: &Simulation, source: &Source) -> Vec<Line> {
    let name = source.snapshot.arn.to_string();
    let is_step = |line: &Line| line.text("snapshot") == name && line.text("step") != "no_action";
    simulation.rehearsal.logs().read(|lines| lines.iter().filter(|line| is_step(line)).cloned().collect())
}

/// The message of a log line, and the delay of the copy.
fn phrases(line: &Line) -> Vec<String> {
    let message = line.text("message").to_owned();
    match line.json["copy_delay_seconds"].as_i64() {
        Some(seconds) => vec![message + ",", format!("{} min after it was taken", (seconds + 30) / 60)],
        None => vec![message],
    }
}

/// The calls of the invocation of this function that ran at this time, each operation once with the number of its calls.
pub(super) fn calls(rehearsal: &Rehearsal, place: &Place, function: &str, at: DateTime<Utc>) -> Vec<String> {
    let of_function = format!("{function}-{}", place.region);
    let called: Vec<String> = rehearsal.world().journal(|journal| {
        let entries = journal.entries();
        let span = entries.iter().find_map(|entry| invocation_span(entry, place, function, at));
        let is_in_span = |entry: &&Entry| span.is_some_and(|(start, end)| (start..=end).contains(&entry.at));
        let called = entries.iter().filter(is_in_span).filter_map(|entry| match &entry.event {
            // Calls without a resource are lists, made by sweeps.
            Event::Call { account, role: Some(role), operation, resource: Some(_), .. }
                if *account == place.account.as_str() && *role == of_function =>
            {
                Some(operation.clone())
            }
            _ => None,
        });
        called.collect()
    });
    let mut counts: Vec<(String, usize)> = Vec::new();
    for operation in called {
        match counts.iter_mut().find(|(known, _)| *known == operation) {
            Some((_, count)) => *count += 1,
            None => counts.push((operation, 1)),
        }
    }
    let last = counts.len().saturating_sub(1);
    let phrases = counts.into_iter().enumerate().map(|(nth, (call, count))| {
        let times = if count == 1 { String::new() } else { format!(" ×{count}") };
        let comma = if nth == last { "" } else { "," };
        format!("{call}{times}{comma}")
    });
    phrases.collect()
}

/// The start and end of the invocation of this function that ran at this time, if this entry is that invocation.
fn invocation_span(
    entry: &Entry,
    place: &Place,
    name: &str,
    at: DateTime<Utc>,
) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    match &entry.event {
        Event::Invocation { account, region, function, duration_ms, .. }
            if *account == place.account.as_str() && *region == *place.region.as_str() && *function == name =>
        {
            let start = entry.at - chrono::TimeDelta::milliseconds(*duration_ms);
            (start <= at && at <= entry.at).then_some((start, entry.at))
        }
        _ => None,
    }
}
