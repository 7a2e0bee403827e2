//! `draco plan`: what would Draco delete?
//!
//! A list is read ([`list`]), each of its sources is planned by the crate `retention`, and the plans are shown: to a
//! person in the terminal, as JSON, as a picture. Nothing here decides what is kept, and nothing is deleted.

mod json;
mod list;
mod name;
mod notes;
mod picture;
mod terminal;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ColorChoice};
use config::Config;
use retention::{Lifecycle, Lifecycles, Snapshot};

use self::list::{Entry, List, Source};
use self::name::Name;
use crate::Failure;
use crate::calendar::Calendar;
use crate::progress::Watched;

/// Show which snapshots a lifecycle keeps, which it would delete, and why
///
/// Nothing is deleted, and no account is asked: the snapshots are those of the list.
#[derive(Args)]
#[command(after_long_help = HELP)]
pub(crate) struct Plan {
    /// The list of snapshots, in JSON; standard input if absent or `-`
    file: Option<PathBuf>,

    /// The lifecycle of sources whose newest snapshot names none
    #[arg(long, value_name = "NAME", value_parser = Name::parse)]
    lifecycle: Option<Name>,

    /// Where your own lifecycles are [default: config.yaml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print one JSON array instead, for scripts
    #[arg(long)]
    json: bool,

    /// Draw the calendars into this file too
    #[arg(long, value_name = "OUT.svg")]
    svg: Option<PathBuf>,

    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    color: ColorChoice,
}

const HELP: &str = r#"The list is either a plain one, in which `source` and `lifecycle` may be left out,

    [{"id": "orders-1", "taken": "2026-11-21T03:06:39Z",
      "source": "orders", "lifecycle": "Standard"}, …]

or exactly what `aws rds describe-db-snapshots` or `describe-db-cluster-snapshots`
prints. Snapshots are planned per source, that is per database. The newest one of a
source says under which lifecycle; AWS has it in the tag Draco_Lifecycle. Without one,
everything is kept.

Example:

    echo '[{"id": "monday", "taken": "2026-11-16T03:05:00Z"},
           {"id": "sunday", "taken": "2026-11-15T03:05:00Z"},
           {"id": "sunday-noon", "taken": "2026-11-15T12:00:00Z"}]' |
      draco plan --lifecycle Standard

Exit codes: 0 planned, 2 the question was wrong, 1 the answer could not be written."#;

impl Plan {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.color {
            ColorChoice::Auto => {}
            ColorChoice::Always => anstream::ColorChoice::Always.write_global(),
            ColorChoice::Never => anstream::ColorChoice::Never.write_global(),
        }
        // No variable of the environment says anything of lifecycles.
        let Config { lifecycles, .. } = Config::read(self.config.as_deref(), &BTreeMap::new())?;
        let list = self.read()?;
        let asked: Vec<(Option<&str>, &[Entry], Lifecycle)> = list
            .sources
            .iter()
            .map(|(name, source)| {
                (name.as_deref(), source.snapshots.as_slice(), self.lifecycle_of(source, &lifecycles))
            })
            .collect();
        let sources: Vec<Planned> = asked
            .iter()
            .map(|(name, snapshots, lifecycle)| Planned { name: *name, plan: retention::plan(lifecycle, snapshots) })
            .collect();

        for note in notes::of(&list, &sources, &lifecycles, self.lifecycle.is_some()) {
            crate::note(&note);
        }
        if let Some(path) = &self.svg {
            let mut file = BufWriter::new(self.create(path)?);
            picture::write(&mut file, &sources).and_then(|()| file.flush())?;
        }
        if self.json {
            let mut out = BufWriter::new(io::stdout().lock());
            json::write(&mut out, &sources).and_then(|()| out.flush())?;
        } else {
            let mut out = BufWriter::new(anstream::stdout().lock());
            terminal::write(&mut out, &sources).and_then(|()| out.flush())?;
        }
        Ok(())
    }

    /// The file for the picture, which is not to replace the list.
    fn create(&self, path: &Path) -> anyhow::Result<File> {
        let place = |path: &Path| fs::canonicalize(path).ok();
        if path == Path::new("-") {
            bail!("the picture goes into a file, and `-` is none: name one, like plan.svg");
        }
        if self.file.as_deref().and_then(place).is_some_and(|list| place(path) == Some(list)) {
            bail!("{} is the list; the picture would replace it", path.display());
        }
        File::create(path).with_context(|| format!("writing the picture {}", path.display()))
    }

    fn read(&self) -> anyhow::Result<List> {
        match self.file.as_deref().filter(|path| *path != Path::new("-")) {
            Some(path) => {
                let name = path.display().to_string();
                let file = File::open(path).with_context(|| format!("reading {name}"))?;
                let length = file.metadata().ok().filter(fs::Metadata::is_file).map(|data| data.len());
                List::read(BufReader::new(Watched::new(file, &name, length)), &name)
            }
            None => {
                let name = "standard input";
                if io::stdin().is_terminal() {
                    crate::note("reading the list from the terminal; `draco plan --help` says what it is");
                    return List::read(io::stdin().lock(), name);
                }
                List::read(BufReader::new(Watched::new(io::stdin().lock(), name, None)), name)
            }
        }
    }

    fn lifecycle_of(&self, source: &Source, lifecycles: &Lifecycles) -> Lifecycle {
        match source.lifecycle.as_deref().or(self.lifecycle.as_ref().map(Name::as_str)) {
            Some(name) => lifecycles.named(name),
            None => Lifecycle::None,
        }
    }
}

/// What a lifecycle says about the snapshots of one source.
struct Planned<'a> {
    name: Option<&'a str>,
    plan: retention::Plan<'a, Entry>,
}

impl Planned<'_> {
    fn title(&self) -> &str {
        self.name.unwrap_or("(no source)")
    }

    fn calendar(&self) -> Calendar {
        Calendar::of(self.plan.verdicts().map(|verdict| (verdict.snapshot.taken(), verdict.keep)))
    }
}

/// How many snapshots there are, and how many of them are kept.
#[derive(Clone, Copy, Default)]
struct Sums {
    kept: usize,
    deleted: usize,
}

impl Sums {
    fn of(planned: &Planned<'_>) -> Self {
        let kept = planned.plan.verdicts().filter(|verdict| verdict.keep).count();
        Self { kept, deleted: planned.plan.verdicts().len() - kept }
    }
}

impl std::iter::Sum for Sums {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |a, b| Self { kept: a.kept + b.kept, deleted: a.deleted + b.deleted })
    }
}

/// `365 snapshots: 25 kept, 340 to be deleted`.
impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.kept + self.deleted;
        let snapshots = if all == 1 { "snapshot" } else { "snapshots" };
        write!(f, "{all} {snapshots}: {} kept, {} to be deleted", self.kept, self.deleted)
    }
}
