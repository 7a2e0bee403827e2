//! `draco demo`: Draco at work in two simulated accounts, ninety days in seconds.
//!
//! The functions are those that run in AWS, deployed by the crate `rehearsal`. A [`Stage`] is what they play on,
//! [`paused`] the clock; [`story`] tells of the first snapshot, [`terminal`] what is there at the end. All of it comes from
//! what the functions logged, what the journal wrote down, and what the accounts' owners see.

mod outcome;
mod paused;
mod stage;
mod story;
mod terminal;

use std::io::{BufWriter, Write};

use clap::Args;

use self::outcome::Outcome;
use self::stage::Stage;
use crate::Failure;
use crate::progress::Progress;

/// Watch Draco work: two simulated accounts, ninety days in seconds
///
/// Both functions, as they run in AWS, replicate the snapshots of a handful of databases from a source account to DR. It
/// shows one snapshot's way, then what is kept of each database, then the sums, and checks that what must always hold
/// did. Nothing is real or costs anything.
#[derive(Args)]
#[command(after_long_help = HELP)]
pub(crate) struct Demo {
    /// How many days pass
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,

    /// How many databases there are: of six kinds, by turns
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=1000))]
    databases: u32,

    /// Which demo: sizes, hours of backup and identifiers go by it
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Let lifecycles delete copies, and not only say which they would delete
    #[arg(long)]
    no_dry_run: bool,

    /// Print the sums alone, as one JSON object
    #[arg(long)]
    json: bool,
}

const HELP: &str = r#"The same question has the same answer, byte for byte. With --json it is one object:

    {"days", "databases", "snapshots", "eligible", "copied", "lost", "transit_left",
     "deleted", "would_delete", "calls_per_snapshot", "dollars_per_snapshot",
     "overhead_seconds": {"median", "p99"}}

Overhead is the time from a snapshot's being available to its copy's being available,
less what the two copyings took.

Exit codes: 0 all that must hold did, 1 something did not, or the answer could not be
written, 2 the question was wrong."#;

impl Demo {
    pub(crate) fn run(self) -> Result<(), Failure> {
        paused::run(self.play())?
    }

    async fn play(self) -> Result<(), Failure> {
        let mut out = BufWriter::new(anstream::stdout().lock());
        let mut stage = Stage::new(&self).await?;
        if !self.json {
            let story = story::first(&mut stage).await?;
            terminal::write_story(&mut out, &stage, &story)?;
            out.flush()?;
        }
        let progress = Progress::days(self.days.into());
        for day in 1..=self.days {
            stage.live_until(day).await?;
            progress.advance(1);
        }
        stage.settle().await?;
        drop(progress);

        let outcome = Outcome::of(&stage);
        if self.json {
            serde_json::to_writer(&mut out, &outcome.sums).map_err(std::io::Error::from)?;
            writeln!(out)?;
        } else {
            terminal::write_outcome(&mut out, &stage, &outcome)?;
        }
        out.flush()?;
        outcome.verdict()
    }
}
