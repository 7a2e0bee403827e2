//! `draco demo`: Draco in three simulated accounts, ninety days in seconds.
//!
//! The crate `rehearsal` deploys the functions unchanged. [`Simulation`] has the accounts and databases, and [`paused`] the
//! virtual clock. [`story`] has the steps for the first snapshot, [`verification`] those for a copy that is verified,
//! [`outcome`] the results, and [`terminal`] prints them. The sources are the functions' logs, the journal, and the snapshots
//! as the accounts' root users see them.

mod outcome;
mod paused;
mod simulation;
mod story;
mod terminal;
mod verification;

use std::io::{BufWriter, Write};

use clap::Args;

use self::outcome::Outcome;
use self::simulation::Simulation;
use crate::Failure;
use crate::progress::Progress;

/// Watch Draco work in three simulated accounts: ninety days in seconds
///
/// The functions, as they run in AWS, copy the snapshots of some databases from two source accounts to the DR account. The
/// command shows the steps for one snapshot and for the verification of one copy, the copies of each database, and totals. At the end it checks the invariants
/// of doc/invariants.md. It makes no calls to AWS and costs nothing.
#[derive(Args)]
#[command(after_long_help = HELP)]
pub(crate) struct Demo {
    /// The number of simulated days
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,

    /// The number of databases, of six kinds in turn and in two source accounts in turn
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=1000))]
    databases: u32,

    /// The seed of all random values: sizes, backup times, identifiers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Let lifecycles delete copies, instead of only reporting which copies they would delete
    #[arg(long)]
    no_dry_run: bool,

    /// Do not run a PostgreSQL server behind the database that is verified
    #[arg(long)]
    no_engines: bool,

    /// Print only the totals, as one JSON object
    #[arg(long)]
    json: bool,
}

const HELP: &str = r#"The same options always give the same output, byte for byte, except that the verification
depends on whether PostgreSQL is installed. If it is, the database that is verified is a
server on this machine, and the checks are real queries. Otherwise no data are queried, and
the verdict is not-verified. The keys of --json are documented in doc/json.md.

Overhead is the time from the moment at which a snapshot is available until its copy is
available, without the duration of the two copies.

Exit codes: 0 all checked invariants hold, 1 an invariant is violated or the output
could not be written, 2 invalid arguments."#;

impl Demo {
    pub(crate) fn run(self) -> Result<(), Failure> {
        paused::run(self.simulate())?
    }

    async fn simulate(self) -> Result<(), Failure> {
        let mut out = BufWriter::new(anstream::stdout().lock());
        let mut simulation = Simulation::new(&self).await?;
        if !self.json {
            let story = story::first(&mut simulation).await?;
            terminal::write_story(&mut out, &simulation, &story)?;
            out.flush()?;
            terminal::write_verification(&mut out, &verification::verify(&self).await?)?;
            out.flush()?;
        }
        let progress = Progress::days(self.days.into());
        for day in 1..=self.days {
            simulation.run_until_day(day).await?;
            progress.advance(1);
        }
        simulation.finish_copies().await?;
        drop(progress);

        let outcome = Outcome::of(&simulation);
        if self.json {
            serde_json::to_writer(&mut out, &outcome.json(&self)).map_err(std::io::Error::from)?;
            writeln!(out)?;
        } else {
            terminal::write_outcome(&mut out, &simulation, &outcome)?;
        }
        out.flush()?;
        outcome.into_result()
    }
}
