//! Who tells what happens in a simulation: a line of each thing to a person, and a line of JSON into a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::SocketAddr;
use std::path::Path;

use anstyle::Style;
use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::builder::Styles;
use rehearsal::Line;
use serde::Serialize;
use serde_json::Value;
use sim::World;
use sim::journal::{Entry, Event};

use crate::terminal::TITLE;

pub(super) struct Witness {
    file: Option<BufWriter<File>>,
    calls: u64,
}

impl Witness {
    pub(super) fn new(journal: Option<&Path>) -> anyhow::Result<Self> {
        let open = |path: &Path| {
            File::create(path).map(BufWriter::new).with_context(|| format!("writing the journal {}", path.display()))
        };
        Ok(Self { file: journal.map(open).transpose()?, calls: 0 })
    }

    pub(super) fn begin(&mut self, at: SocketAddr, epoch: DateTime<Utc>, speed: u32) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        writeln!(
            out,
            "This is a simulation of AWS. It listens on http://{at}; it is {} there, and {speed} s there are 1 s here.",
            time(epoch),
        )?;
        out.flush()
    }

    /// What has happened, and what Draco's functions have said of it.
    pub(super) fn see(&mut self, new: &[Entry], said: &[Line]) -> io::Result<()> {
        let mut out = BufWriter::new(anstream::stdout().lock());
        let mut said = said.iter().peekable();
        for entry in new {
            while let Some(before) = said.next_if(|line| line.time().is_some_and(|time| time < entry.at)) {
                word(&mut out, before)?;
            }
            line(&mut out, entry)?;
            self.calls += u64::from(matches!(entry.event, Event::Call { .. }));
            if let Some(file) = &mut self.file {
                serde_json::to_writer(&mut *file, entry)?;
                file.write_all(b"\n")?;
            }
        }
        said.try_for_each(|line| word(&mut out, line))?;
        out.flush()?;
        self.file.as_mut().map_or(Ok(()), BufWriter::flush)
    }

    /// The bill.
    pub(super) fn end(self, world: &World) -> io::Result<()> {
        let mut out = BufWriter::new(anstream::stdout().lock());
        writeln!(
            out,
            "\nIt was {} there at the end, after {} calls. In AWS it would have cost:\n",
            time(world.now()),
            self.calls,
        )?;
        writeln!(out, "{}", world.bill())?;
        out.flush()
    }
}

/// `2026-11-21 03:06:39  222222222222/draco  eu-west-1  rds CopyDBSnapshot orders-1  KMSKeyNotAccessibleFault`
fn line(out: &mut impl Write, entry: &Entry) -> io::Result<()> {
    let (what, came_to) = match &entry.event {
        Event::Call { account, role, region, service, operation, resource, error, .. } => {
            let who = role.iter().fold(account.clone(), |account, role| format!("{account}/{role}"));
            let what = resource.iter().fold(operation.clone(), |operation, resource| format!("{operation} {resource}"));
            (format!("{who}  {region}  {service} {what}"), error.clone().unwrap_or_else(|| "ok".to_owned()))
        }
        Event::Invocation { account, function, outcome, .. } => {
            (format!("{account}/{function}  invocation"), name_of(outcome))
        }
        Event::Delivery { topic, to, outcome, .. } => {
            let [(from, topic), (account, to)] = [topic, to].map(|arn| account_and_name(arn));
            (format!("{from}/{topic}  delivery to {account}/{to}"), name_of(outcome))
        }
        Event::Transition { account, machine, execution, state } => {
            (format!("{account}/{machine}  transition {execution}"), state.clone())
        }
        other => (in_words(other), String::new()),
    };
    let is_well =
        !matches!(&entry.event, Event::Call { error: Some(_), .. }) && !GONE_WRONG.contains(&came_to.as_str());
    let style = if is_well { Style::new() } else { *Styles::styled().get_error() };
    let line = printable(&format!("{what}  "));
    writeln!(out, "{}  {line}{style}{}{style:#}", time(entry.at), printable(&came_to))
}

/// What an invocation or a delivery may come to, and should not.
const GONE_WRONG: [&str; 5] = ["error", "timeout", "killed", "lost", "failed"];

/// As the journal names it.
fn name_of(outcome: &impl Serialize) -> String {
    serde_json::to_value(outcome).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
}

/// Of `arn:aws:sns:eu-west-1:111111111111:DracoProducer`, or of a function.
fn account_and_name(arn: &str) -> (&str, &str) {
    (arn.split(':').nth(4).unwrap_or_default(), arn.rsplit(':').next().unwrap_or_default())
}

/// `2026-11-21 03:06:39  222222222222/draco-consumer  copy  copying under DR's key  arn:aws:rds:…:snapshot:orders-1`
fn word(out: &mut impl Write, line: &Line) -> io::Result<()> {
    let style = match line.text("level") {
        "INFO" => TITLE,
        _ => *Styles::styled().get_error(),
    };
    let at = line.time().map(|at| time(at).to_string()).unwrap_or_default();
    let said = ["step", "message", "reason", "snapshot"].map(|field| line.text(field));
    let said: Vec<&str> = said.into_iter().filter(|said| !said.is_empty()).collect();
    let who = format!("{}/{}", line.account, line.text("function"));
    writeln!(out, "{at}  {style}{}{style:#}", printable(&format!("{who}  {}", said.join("  "))))
}

/// Of an event that has no form of its own here, its name and what it consists of.
fn in_words(event: &Event) -> String {
    let Ok(Value::Object(mut members)) = serde_json::to_value(event) else { return format!("{event:?}") };
    let mut words = members.remove("event").iter().filter_map(Value::as_str).map(str::to_owned).collect::<String>();
    for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        words += &format!("  {name} {value}");
    }
    words
}

/// What clients send may contain what terminals obey.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn time(at: DateTime<Utc>) -> impl std::fmt::Display {
    at.format("%Y-%m-%d %H:%M:%S")
}
