//! What came of the demo.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use protocol::{DatabaseArn, SnapshotArn};
use rehearsal::Line;
use rehearsal::invariants::{self, Broken};
use serde::Serialize;

use super::stage::Stage;
use crate::Failure;

pub(super) struct Outcome {
    pub(super) sums: Sums,
    /// What does not hold.
    pub(super) broken: Vec<Broken>,
    /// In the order of the stage.
    pub(super) databases: Vec<Kept>,
}

/// Scripts depend on these names: add, but never rename or remove.
#[derive(Serialize)]
pub(super) struct Sums {
    pub(super) days: u32,
    pub(super) databases: usize,
    #[serde(flatten)]
    pub(super) all: rehearsal::Sums,
}

/// What is kept of a database.
#[derive(Default)]
pub(super) struct Kept {
    /// How many snapshots were taken of it.
    pub(super) taken: usize,
    /// When the original of each copy was taken, newest first, and whether a rule holds the copy.
    pub(super) copies: Vec<(DateTime<Utc>, bool)>,
    /// The producer's message about a snapshot that it did not copy.
    pub(super) ignored: Option<String>,
}

impl Outcome {
    pub(super) fn of(stage: &Stage) -> Self {
        let sums = Sums {
            days: stage.days,
            databases: stage.databases.len(),
            all: rehearsal::Sums::of(&stage.rehearsal, &stage.ledger),
        };
        Self {
            sums,
            broken: invariants::check(&stage.rehearsal, &stage.ledger),
            databases: stage.rehearsal.logs().read(|lines| kept(stage, lines)),
        }
    }

    pub(super) fn verdict(self) -> Result<(), Failure> {
        if self.broken.is_empty() { Ok(()) } else { Err(Failure::Broken(self.broken)) }
    }
}

/// By what the accounts' owners see, and by what the functions say that they would delete.
fn kept(stage: &Stage, lines: &[Line]) -> Vec<Kept> {
    let doomed: BTreeSet<&str> =
        lines.iter().filter(|line| line.text("step") == "would_delete").map(|line| line.text("copy")).collect();
    let ignored = lines.iter().filter(|line| line.text("step") == "ignored");
    let ignored: BTreeMap<&str, &str> = ignored.map(|line| (line.text("snapshot"), line.text("message"))).collect();
    let is_kept =
        |copy: &SnapshotArn| stage.ledger.present.contains_key(copy) && !doomed.contains(copy.to_string().as_str());

    let mut kept: BTreeMap<&DatabaseArn, Kept> = BTreeMap::new();
    for taken in stage.ledger.sources.values() {
        let of_database = kept.entry(&taken.origin.database).or_default();
        of_database.taken += 1;
        let why = ignored.get(taken.snapshot.arn.to_string().as_str()).map(|why| (*why).to_owned());
        of_database.ignored = why.or(of_database.ignored.take());
    }
    for (arn, (origin, _)) in &stage.ledger.copies {
        kept.entry(&origin.database).or_default().copies.push((origin.taken, is_kept(arn)));
    }
    for database in kept.values_mut() {
        database.copies.sort_unstable_by_key(|(taken, _)| std::cmp::Reverse(*taken));
    }
    stage.databases.iter().map(|(arn, _)| kept.remove(arn).unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{Demo, paused};

    /// A day of one database.
    fn after_a_day(then: impl FnOnce(Stage)) {
        let demo = Demo { days: 1, databases: 1, seed: 7, no_dry_run: false, json: false };
        let played = paused::run(async {
            let mut stage = Stage::new(&demo).await?;
            stage.live_until(1).await?;
            stage.settle().await?;
            then(stage);
            anyhow::Ok(())
        });
        assert!(matches!(played, Ok(Ok(()))));
    }

    #[test]
    fn a_snapshot_without_a_copy_is_told_and_ends_with_1() {
        after_a_day(|mut stage| {
            assert!(Outcome::of(&stage).verdict().is_ok());
            // Nobody has seen the copy, and no function has raised an alarm.
            stage.ledger.copies.clear();
            let outcome = Outcome::of(&stage);
            assert_eq!((outcome.sums.all.copied, outcome.sums.all.lost), (0, 1));
            let told: Vec<(u8, bool)> =
                outcome.broken.iter().map(|broken| (broken.invariant, broken.what.ends_with(" is lost"))).collect();
            assert_eq!(told, [(1, true)]);
            assert_eq!(outcome.verdict().err().map(|failure| failure.code()), Some(1));
        });
    }
}
