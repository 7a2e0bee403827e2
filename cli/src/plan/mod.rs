//! `draco plan`: which copies would Draco delete?
//!
//! A list is parsed ([`list`]), the crate `retention` plans each of its databases, and the plans are printed for a person,
//! as JSON or as a picture. This module does not decide which snapshots are kept, and it deletes nothing.

mod json;
mod list;
mod name;
mod notes;
mod picture;
mod select;
mod summary;
mod sums;
mod terminal;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::{Args, ColorChoice};
use config::Config;
use protocol::spec::SpecState;
use retention::{Lifecycle, Lifecycles, Snapshot};

use self::list::{Database, Entry, Key, List, Role};
use self::name::Name;
use self::terminal::Reasons;
use crate::Failure;
use crate::calendar::Calendar;
use crate::pager::Output;
use crate::progress::ProgressReader;

/// Show which copies of snapshots Draco would keep in DR, which it would delete, and why
///
/// The plan is made from a list of snapshots. No AWS account is called, and no snapshot is deleted.
#[derive(Args)]
#[command(after_long_help = HELP)]
pub(crate) struct Plan {
    /// The list of snapshots, in JSON; standard input if absent or `-`
    file: Option<PathBuf>,

    /// The lifecycle of databases whose newest snapshot names none
    #[arg(long, value_name = "NAME", value_parser = Name::parse)]
    lifecycle: Option<Name>,

    /// The configuration with your own lifecycles [default: config.yaml, if it exists]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Plan only this database: its identifier or ARN; can be given several times
    #[arg(long, value_name = "NAME")]
    database: Vec<String>,

    /// Print one line for each database
    #[arg(long)]
    summary: bool,

    /// List every snapshot with its verdict and the reasons
    #[arg(long, conflicts_with = "summary")]
    reasons: bool,

    /// Print one JSON array, for scripts: an object for each snapshot, or with --summary for each database
    #[arg(long)]
    json: bool,

    /// Also draw the calendars into this file
    #[arg(long, value_name = "OUT.svg")]
    svg: Option<PathBuf>,

    /// Allow a picture of more than 10 MB
    #[arg(long, requires = "svg")]
    large_svg: bool,

    /// Do not use a pager
    #[arg(long)]
    no_pager: bool,

    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    color: ColorChoice,
}

const HELP: &str = r#"The list is the output of `aws rds describe-db-snapshots` or
`aws rds describe-db-cluster-snapshots`, or a plain list:

    [{"id": "orders-1", "taken": "2026-11-21T03:06:39Z",
      "database": "orders", "lifecycle": "Standard"}, …]

In a plain list, `database` and `lifecycle` are optional. Snapshots are planned per
database. The lifecycle is the one that the newest snapshot of the database names, in AWS
by its tag Draco_Lifecycle. Draco does not copy a database without a lifecycle, and keeps
the copies that it has.

Draco never deletes a source snapshot; it deletes copies in the DR account. A list of
source snapshots shows what would become of their copies. Snapshots with the tag
Draco_Source are copies in DR. A plain list has source snapshots, unless they have
"role": "copy". The floor of the DR account (FLOOR in config.yaml) can keep more copies
than the lifecycle; it is not part of the plan.

In the reasons, `daily 2 of 7` is the second most recent day that has a snapshot, and
`day 8 (daily keeps 7)` the eighth.

On a terminal, output that is longer than the screen goes through $PAGER, or `less` if it
is not set. doc/json.md documents the keys of --json.

Example:

    echo '[{"id": "monday", "taken": "2026-11-16T03:05:00Z"},
           {"id": "sunday", "taken": "2026-11-15T03:05:00Z"},
           {"id": "sunday-noon", "taken": "2026-11-15T12:00:00Z"}]' |
      draco plan --lifecycle Standard --reasons

Exit codes: 0 the plan was printed, 1 the output or the picture could not be written,
2 invalid arguments, list or configuration; also a picture that is too large."#;

/// More databases than this get a note about `--summary`.
const MANY_DATABASES: usize = 10;

impl Plan {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.color {
            ColorChoice::Auto => {}
            ColorChoice::Always => anstream::ColorChoice::Always.write_global(),
            ColorChoice::Never => anstream::ColorChoice::Never.write_global(),
        }
        // No environment variable sets lifecycles.
        let Config { lifecycles, .. } = Config::read(self.config.as_deref(), &BTreeMap::new())?;
        let mut list = self.read()?;
        select::databases(&mut list, &self.database)?;
        let inputs: Vec<(&Key, &Database, Lifecycle)> = list
            .databases
            .iter()
            .map(|(key, database)| (key, database, self.lifecycle_of(database, &lifecycles)))
            .collect();
        let plans: Vec<Planned> = inputs
            .iter()
            .map(|(key, database, lifecycle)| Planned {
                name: key.name.as_deref(),
                role: key.role,
                spec: database.spec,
                plan: retention::plan(lifecycle, &database.snapshots),
            })
            .collect();

        for note in notes::of(&list, &plans, &lifecycles, self.lifecycle.is_some()) {
            crate::note(&note);
        }
        if let Some(path) = &self.svg {
            self.draw(path, &plans)?;
        }
        self.print(&plans)
    }

    fn print(&self, plans: &[Planned<'_>]) -> Result<(), Failure> {
        if self.json {
            let mut out = BufWriter::new(io::stdout().lock());
            let write = if self.summary { json::write_summary } else { json::write };
            write(&mut out, plans)?;
            return Ok(out.flush()?);
        }
        if plans.len() > MANY_DATABASES && !self.summary {
            let count = plans.len();
            crate::note(&format!("{count} databases; --summary prints one line for each, --database NAME selects one"));
        }
        let mut out = if self.no_pager { Output::direct() } else { Output::paged() };
        if self.summary {
            summary::write(&mut out, plans)?;
        } else {
            terminal::write(&mut out, plans, if self.reasons { Reasons::Shown } else { Reasons::Hidden })?;
        }
        Ok(out.finish()?)
    }

    fn draw(&self, path: &Path, plans: &[Planned<'_>]) -> Result<(), Failure> {
        let canonical = |path: &Path| fs::canonicalize(path).ok();
        if path == Path::new("-") {
            return Err(anyhow!("--svg needs the name of a file, like plan.svg; `-` is not supported").into());
        }
        if self.file.as_deref().and_then(canonical).is_some_and(|list| canonical(path) == Some(list)) {
            return Err(anyhow!("--svg {} would overwrite the list", path.display()).into());
        }
        if !self.large_svg {
            picture::check_size(plans).map_err(anyhow::Error::from)?;
        }
        let write = || {
            let mut file = BufWriter::new(File::create(path)?);
            picture::write(&mut file, plans)?;
            file.flush()
        };
        write().with_context(|| format!("writing the picture {}", path.display())).map_err(Failure::Output)
    }

    fn read(&self) -> anyhow::Result<List> {
        match self.file.as_deref().filter(|path| *path != Path::new("-")) {
            Some(path) => {
                let name = path.display().to_string();
                let file = File::open(path).with_context(|| format!("reading {name}"))?;
                let length = file.metadata().ok().filter(fs::Metadata::is_file).map(|data| data.len());
                List::read(BufReader::new(ProgressReader::new(file, &name, length)), &name)
            }
            None => {
                let name = "standard input";
                if io::stdin().is_terminal() {
                    crate::note("reading the list from the terminal; `draco plan --help` describes its format");
                    return List::read(io::stdin().lock(), name);
                }
                List::read(BufReader::new(ProgressReader::new(io::stdin().lock(), name, None)), name)
            }
        }
    }

    fn lifecycle_of(&self, database: &Database, lifecycles: &Lifecycles) -> Lifecycle {
        match database.lifecycle.as_deref().or(self.lifecycle.as_ref().map(Name::as_str)) {
            Some(name) => lifecycles.named(name),
            None => Lifecycle::None,
        }
    }
}

/// The plan of one database.
struct Planned<'a> {
    name: Option<&'a str>,
    role: Role,
    /// Of a copy in AWS's output: whether the newest one records the settings of its database.
    spec: Option<SpecState>,
    plan: retention::Plan<'a, Entry>,
}

impl Planned<'_> {
    fn title(&self) -> &str {
        self.name.unwrap_or("(no database name)")
    }

    /// Whether Draco copies the database: it has a lifecycle other than `Ignore`. A copy is a copy under any lifecycle.
    fn is_copied(&self) -> bool {
        let is_ignored = matches!(self.plan.lifecycle(), Lifecycle::None | Lifecycle::Ignore);
        self.role == Role::Copy || !is_ignored
    }

    fn calendar(&self) -> Calendar {
        Calendar::of(self.plan.verdicts().map(|verdict| (verdict.snapshot.taken(), verdict.keep)))
    }
}

/// The role of all databases, if it is the same.
fn common_role(plans: &[Planned<'_>]) -> Option<Role> {
    let first = plans.first()?.role;
    plans.iter().all(|plan| plan.role == first).then_some(first)
}
