//! One snapshot's way through both accounts, from what the functions logged of it and the calls that the journal has.

use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use rehearsal::{Encryption, Line, Taken};
use sim::journal::{Entry, Event};

use super::stage::Stage;

/// How often it is looked whether the snapshot has arrived.
const LOOK: Duration = Duration::from_secs(5 * 60);
/// How many looks there are: a day of them.
const LOOKS: usize = 24 * 12;

/// One step of the way.
pub(super) struct Step {
    pub(super) at: DateTime<Utc>,
    /// In which account.
    pub(super) account: String,
    /// In the function's own words, as phrases.
    pub(super) what: Vec<String>,
    /// The snapshot that it made.
    pub(super) made: Option<String>,
    /// The calls of the function's run.
    pub(super) calls: Vec<String>,
}

/// Waits until the first snapshot of the first database has arrived, and tells how it got there.
pub(super) async fn first(stage: &mut Stage) -> anyhow::Result<Vec<Step>> {
    for _ in 0..LOOKS {
        stage.live(LOOK).await?;
        let has_arrived = |taken| about(stage, taken).iter().any(is_end);
        if first_taken(stage).is_some_and(has_arrived) {
            break;
        }
    }
    let taken = first_taken(stage).context("no snapshot was taken in a day")?;
    let mut story = vec![taking(stage, taken)];
    let mut named = Vec::new();
    for line in about(stage, taken) {
        let made = ["transit", "copy"].map(|field| line.text(field).to_owned());
        let made = made.into_iter().find(|made| !made.is_empty() && !named.contains(made));
        named.extend(made.clone());
        let at = line.time().context("a line without a time")?;
        story.push(Step {
            at,
            what: told(&line),
            made: made.and_then(|arn| Some(arn.rsplit_once(':')?.1.to_owned())),
            calls: calls(stage, &line, at),
            account: line.account,
        });
    }
    Ok(story)
}

/// The end of the way is that the source account knows of the copy.
fn is_end(line: &Line) -> bool {
    line.text("step") == "copy_confirmed" && line.text("function") == "draco-producer"
}

fn first_taken(stage: &Stage) -> Option<&Taken> {
    let (database, _) = stage.databases.first()?;
    stage.ledger.sources.values().find(|taken| taken.origin.database == *database)
}

/// What RDS does, as the database's owner sees it.
fn taking(stage: &Stage, taken: &Taken) -> Step {
    let snapshot = &taken.snapshot;
    let under = stage.databases.first().map_or("", |(_, database)| match database.encryption {
        Encryption::None => "unencrypted",
        Encryption::DefaultKey => "under the account's default key",
        Encryption::CustomerKey => "under the customer's key",
    });
    Step {
        at: taken.origin.taken,
        account: snapshot.arn.place.account.to_string(),
        what: vec![format!("RDS takes a snapshot: {} GiB,", snapshot.gib), under.to_owned()],
        made: Some(snapshot.arn.id().to_owned()),
        calls: Vec::new(),
    }
}

/// What the functions logged of this snapshot and did, in order.
fn about(stage: &Stage, taken: &Taken) -> Vec<Line> {
    let name = taken.snapshot.arn.to_string();
    let is_step = |line: &Line| line.text("snapshot") == name && line.text("step") != "no_action";
    stage.rehearsal.logs().read(|lines| lines.iter().filter(|line| is_step(line)).cloned().collect())
}

fn told(line: &Line) -> Vec<String> {
    let message = line.text("message").to_owned();
    match line.json["copy_delay_seconds"].as_i64() {
        Some(seconds) => vec![message + ",", format!("{} min after it was taken", (seconds + 30) / 60)],
        None => vec![message],
    }
}

/// What the run of the function called that wrote this line; the same call twice is told once.
fn calls(stage: &Stage, line: &Line, at: DateTime<Utc>) -> Vec<String> {
    let function = line.text("function");
    let called: Vec<String> = stage.rehearsal.world().journal(|journal| {
        let entries = journal.entries();
        let run = entries.iter().find_map(|entry| run_of(entry, line, at));
        let is_of_run = |entry: &&Entry| run.is_some_and(|(begun, ended)| (begun..=ended).contains(&entry.at));
        let of_run = entries.iter().filter(is_of_run).filter_map(|entry| match &entry.event {
            // What names nothing is of the sweep, which lists everything.
            Event::Call { account, role: Some(role), operation, resource: Some(_), .. }
                if *account == line.account && *role == stage.rehearsal.cast().role(function) =>
            {
                Some(operation.clone())
            }
            _ => None,
        });
        of_run.collect()
    });
    let mut told: Vec<(String, usize)> = Vec::new();
    for operation in called {
        match told.iter_mut().find(|(known, _)| *known == operation) {
            Some((_, count)) => *count += 1,
            None => told.push((operation, 1)),
        }
    }
    let last = told.len().saturating_sub(1);
    let told = told.into_iter().enumerate().map(|(nth, (call, count))| {
        let times = if count == 1 { String::new() } else { format!(" ×{count}") };
        let comma = if nth == last { "" } else { "," };
        format!("{call}{times}{comma}")
    });
    told.collect()
}

/// From when until when the function ran that wrote this line then, if this entry is its end.
fn run_of(entry: &Entry, line: &Line, at: DateTime<Utc>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    match &entry.event {
        Event::Invocation { account, function, duration_ms, .. }
            if *account == line.account && function == line.text("function") =>
        {
            let begun = entry.at - chrono::TimeDelta::milliseconds(*duration_ms);
            (begun <= at && at <= entry.at).then_some((begun, entry.at))
        }
        _ => None,
    }
}
