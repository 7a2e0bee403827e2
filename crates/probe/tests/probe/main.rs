//! The experiments in the simulated AWS, where the answers are known.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod cleanup;
mod existing;
mod foreign;
mod worlds;

use std::path::PathBuf;
use std::time::Duration;

use probe::{Account, Experiment, Finding, Journal, Lab, Pace, Run};
use sim::questions::Answers;
use sim::{Settings, World};

const SOURCE: &str = "111111111111";
/// The prefix of the run.
const PREFIX: &str = "draco-probe-00000000";
const DR: &str = "222222222222";
const REGION: &str = "eu-west-1";

/// A world with these answers.
fn world(answers: Answers) -> World {
    let epoch = "2026-11-21T03:00:00Z".parse().unwrap();
    World::with_settings(Settings { epoch, answers, latency: Duration::from_millis(20), ..Settings::default() })
}

/// A lab in this world, with a new journal.
fn lab(world: &World, journal: &str) -> Lab {
    let path = path(journal);
    let _ = std::fs::remove_file(&path);
    let run =
        Run { prefix: PREFIX.to_owned(), source: SOURCE.to_owned(), dr: DR.to_owned(), region: REGION.to_owned() };
    lab_of(world, Journal::create(&path, run).unwrap())
}

/// A lab that continues with a journal.
fn lab_of(world: &World, journal: Journal) -> Lab {
    let account = |id: &str| Account::new(id, &world.sdk_config(id, REGION));
    // Long enough pauses that the tests take seconds, short enough to see each status of a copy of two minutes.
    let pace = Pace { first: Duration::from_secs(30), longest: Duration::from_secs(60), ..Pace::AWS };
    let pace = Pace { steady: Duration::from_secs(20), ..pace };
    Lab::new(account(SOURCE), account(DR), journal, pace)
}

fn path(journal: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("probe-{journal}.jsonl"))
}

/// Runs experiments and removes everything.
async fn run(lab: &mut Lab, experiments: &[&'static Experiment]) -> Vec<Finding> {
    lab.run(experiments, |_| {}).await.unwrap();
    assert_eq!(lab.remove_all().await, []);
    lab.journal().findings().to_vec()
}
