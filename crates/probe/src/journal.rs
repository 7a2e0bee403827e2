//! The journal of a run: a file with a line for each resource, written before the resource is created, and for each result.
//!
//! After a crash the file has all that may exist, so that it can be removed.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use anyhow::{Context, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::engine::Finding;
use crate::experiment::{Kind, Side};

/// A run: its accounts and the prefix of its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The prefix of all names, without the hyphen: `draco-probe-1f3a9c2e`.
    pub prefix: String,
    /// The source account.
    pub source: String,
    /// The DR account.
    pub dr: String,
    /// The region.
    pub region: String,
}

impl Run {
    /// The account of a side.
    #[must_use]
    pub fn account(&self, side: Side) -> &str {
        match side {
            Side::Source => &self.source,
            Side::Dr => &self.dr,
        }
    }

    /// A journal that names another prefix was not written by a run.
    fn check(&self) -> anyhow::Result<()> {
        let number = self.prefix.strip_prefix("draco-probe-").unwrap_or_default();
        let is_ours = number.len() == 8 && number.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        ensure!(is_ours, "{:?} is not the prefix of a run, like draco-probe-1f3a9c2e", self.prefix);
        Ok(())
    }

    fn check_name(&self, name: &str) -> anyhow::Result<()> {
        let rest = name.strip_prefix(&self.prefix).and_then(|rest| rest.strip_prefix('-'));
        ensure!(rest.is_some_and(|rest| !rest.is_empty()), "{name} is not a name of this run, {}", self.prefix);
        Ok(())
    }
}

/// A resource of a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Resource {
    /// The account that it is in.
    pub side: Side,
    /// Its type.
    pub what: What,
    /// Its name, with the run's prefix.
    pub name: String,
}

/// The type of a resource, in the order in which resources are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// An event subscription of RDS.
    EventSubscription,
    /// An SNS topic, with its subscriptions.
    Topic,
    /// An SQS queue.
    Queue,
    /// A snapshot.
    Snapshot(Kind),
    /// A database, with its automated snapshots.
    Database(Kind),
    /// A KMS key.
    Key,
}

impl What {
    /// What it is, for people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::EventSubscription => "event subscription",
            Self::Topic => "topic",
            Self::Queue => "queue",
            Self::Snapshot(Kind::Instance) => "snapshot of an instance",
            Self::Snapshot(Kind::Cluster) => "snapshot of a cluster",
            Self::Database(Kind::Instance) => "instance",
            Self::Database(Kind::Cluster) => "cluster",
            Self::Key => "key",
        }
    }
}

/// A line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Entry {
    Started(Run),
    Creating { resource: Resource },
    Removed { resource: Resource },
    Found { finding: Box<Finding> },
}

/// The journal of a run.
#[derive(Debug)]
pub struct Journal {
    file: File,
    /// The run.
    pub run: Run,
    existing: Vec<Resource>,
    findings: Vec<Finding>,
}

impl Journal {
    /// Starts a journal in a new file.
    ///
    /// # Errors
    ///
    /// If the file exists already, or cannot be written, or the prefix is not that of a run.
    pub fn create(path: &Path, run: Run) -> anyhow::Result<Self> {
        run.check()?;
        let file = OpenOptions::new().append(true).create_new(true).open(path);
        let file = file.with_context(|| format!("creating the journal {}", path.display()))?;
        let mut journal = Self { file, run, existing: Vec::new(), findings: Vec::new() };
        journal.write(&Entry::Started(journal.run.clone()))?;
        Ok(journal)
    }

    /// Reads a journal, to continue it. A last line that a crash cut off is removed: nothing was created after it.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or it names a resource that does not have the prefix of a run.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let context = || format!("reading the journal {}", path.display());
        let file = OpenOptions::new().read(true).append(true).open(path).with_context(context)?;
        let (mut entries, mut valid) = (Vec::new(), 0);
        for (nth, line) in BufReader::new(&file).split(b'\n').enumerate() {
            let line = line.with_context(context)?;
            match serde_json::from_slice::<Entry>(&line) {
                Ok(entry) => entries.push(entry),
                Err(error) if error.is_eof() => break,
                Err(error) => bail!("{}, line {}: {error}", context(), nth + 1),
            }
            valid += line.len() as u64 + 1;
        }
        let mut entries = entries.into_iter();
        let Some(Entry::Started(run)) = entries.next() else { bail!("{}: it names no run", context()) };
        run.check().map_err(|error| anyhow!("{}: {error}", context()))?;
        let mut journal = Self { file, run, existing: Vec::new(), findings: Vec::new() };
        for entry in entries {
            if let Entry::Creating { resource } = &entry {
                journal.run.check_name(&resource.name).map_err(|error| anyhow!("{}: {error}", context()))?;
            }
            journal.apply(entry);
        }
        // The next line must not continue one that was cut off.
        journal.file.set_len(valid).with_context(context)?;
        Ok(journal)
    }

    /// Notes a resource that is about to be created.
    ///
    /// # Errors
    ///
    /// If the file cannot be written. The resource must not be created then.
    pub fn creating(&mut self, resource: Resource) -> anyhow::Result<()> {
        self.run.check_name(&resource.name)?;
        self.write(&Entry::Creating { resource })
    }

    /// Notes a resource that does not exist any more.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn removed(&mut self, resource: &Resource) -> anyhow::Result<()> {
        self.write(&Entry::Removed { resource: resource.clone() })
    }

    /// Notes a result.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn found(&mut self, finding: &Finding) -> anyhow::Result<()> {
        self.write(&Entry::Found { finding: Box::new(finding.clone()) })
    }

    /// The resources that may exist, in the order in which they were created.
    #[must_use]
    pub fn existing(&self) -> &[Resource] {
        &self.existing
    }

    /// The results so far.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    fn write(&mut self, entry: &Entry) -> anyhow::Result<()> {
        let line = serde_json::to_string(entry)? + "\n";
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        written.context("writing the journal")?;
        self.apply(entry.clone());
        Ok(())
    }

    fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Started(_) => {}
            Entry::Creating { resource } => self.existing.push(resource),
            Entry::Removed { resource } => self.existing.retain(|existing| *existing != resource),
            Entry::Found { finding } => {
                self.findings.retain(|other| other.experiment != finding.experiment);
                self.findings.push(*finding);
            }
        }
    }
}
