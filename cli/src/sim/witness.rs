//! Who tells what happens in a simulation: a line of each thing to a person, and a line of JSON into a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::builder::Styles;
use serde_json::Value;
use sim::World;
use sim::journal::{Entry, Event};

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

    pub(super) fn see(&mut self, new: &[Entry]) -> io::Result<()> {
        let mut out = BufWriter::new(anstream::stdout().lock());
        for entry in new {
            line(&mut out, entry)?;
            self.calls += u64::from(matches!(entry.event, Event::Call { .. }));
            if let Some(file) = &mut self.file {
                serde_json::to_writer(&mut *file, entry)?;
                file.write_all(b"\n")?;
            }
        }
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
    let at = time(entry.at);
    match &entry.event {
        Event::Call { account, role, region, service, operation, named, error, .. } => {
            let who = role.iter().fold(account.clone(), |account, role| format!("{account}/{role}"));
            let what = named.iter().fold(operation.clone(), |operation, named| format!("{operation} {named}"));
            let call = printable(&format!("{who}  {region}  {service} {what}"));
            match error {
                None => writeln!(out, "{at}  {call}  ok"),
                Some(code) => writeln!(out, "{at}  {call}  {red}{code}{red:#}", red = Styles::styled().get_error()),
            }
        }
        other => writeln!(out, "{at}  {}", printable(&in_words(other))),
    }
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
