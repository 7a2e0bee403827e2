//! The output of a simulation: a line for each event, and the journal file with a line of JSON for each.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use anyhow::Context;
use chrono::{DateTime, Utc};
use engines::ClientFiles;
use rehearsal::Line;
use sim::World;
use sim::journal::{Entry, Event};

use super::{Only, bill, line};
use crate::terminal::width;

pub(super) struct Output {
    only: Only,
    /// The width of the terminal. Lines are not wrapped if the output is not a terminal.
    width: Option<usize>,
    journal: Option<BufWriter<File>>,
    calls: u64,
}

impl Output {
    pub(super) fn new(only: Only, journal: Option<&Path>) -> anyhow::Result<Self> {
        let create = |path: &Path| {
            File::create(path).map(BufWriter::new).with_context(|| format!("writing the journal {}", path.display()))
        };
        Ok(Self { only, width: None, journal: journal.map(create).transpose()?, calls: 0 })
    }

    pub(super) fn write_start(
        &mut self,
        url: &str,
        epoch: DateTime<Utc>,
        speed: u32,
        engines: Option<&Path>,
    ) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        let seconds = if speed == 1 { "second" } else { "seconds" };
        writeln!(out, "Simulated AWS at {url}; Ctrl-C ends it.")?;
        writeln!(out, "It is {} UTC, with {speed} simulated {seconds} per real second.", line::time(epoch))?;
        if let Some(folder) = engines.map(std::path::absolute) {
            let services = folder?.join(ClientFiles::SERVICES);
            writeln!(out, "Clients of databases: export PGSERVICEFILE={}", services.display())?;
        }
        writeln!(out)?;
        out.flush()
    }

    /// Writes new entries of the journal and new log lines of Draco's functions, by time.
    pub(super) fn write_events(&mut self, entries: &[Entry], log: &[Line]) -> io::Result<()> {
        let mut out = BufWriter::new(anstream::stdout().lock());
        // The terminal may have been resized.
        self.width = io::stdout().is_terminal().then(width);
        let mut log = log.iter().filter(|line| self.shows_log(line)).peekable();
        for entry in entries {
            while let Some(earlier) = log.next_if(|line| line.time().is_some_and(|time| time < entry.at)) {
                line::write(&mut out, &line::of_log(earlier), self.width)?;
            }
            if self.shows(entry) {
                line::write(&mut out, &line::of_entry(entry), self.width)?;
            }
        }
        for line in log {
            line::write(&mut out, &line::of_log(line), self.width)?;
        }
        out.flush()?;
        self.calls += entries.iter().filter(|entry| matches!(entry.event, Event::Call { .. })).count() as u64;
        self.write_journal(entries)
    }

    /// The journal file has all entries, including those that are not printed.
    fn write_journal(&mut self, entries: &[Entry]) -> io::Result<()> {
        let Some(file) = &mut self.journal else { return Ok(()) };
        for entry in entries {
            serde_json::to_writer(&mut *file, entry)?;
            file.write_all(b"\n")?;
        }
        file.flush()
    }

    fn shows(&self, entry: &Entry) -> bool {
        match self.only {
            Only::All => true,
            Only::Draco => false,
            Only::Calls => matches!(entry.event, Event::Call { .. }),
            Only::Errors => line::is_error(&entry.event),
        }
    }

    fn shows_log(&self, line: &Line) -> bool {
        match self.only {
            Only::All | Only::Draco => true,
            Only::Calls => false,
            Only::Errors => line.text("level") != "INFO",
        }
    }

    /// Writes the end of the simulation, with the bill.
    pub(super) fn write_end(self, world: &World) -> io::Result<()> {
        let mut out = BufWriter::new(anstream::stdout().lock());
        let calls = if self.calls == 1 { "call" } else { "calls" };
        writeln!(out, "\nEnded at {} UTC after {} {calls}. Cost on AWS:\n", line::time(world.now()), self.calls)?;
        bill::write(&mut out, &world.bill())?;
        out.flush()
    }
}
