//! The results of the demo.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use protocol::{DatabaseArn, SnapshotArn};
use rehearsal::invariants::{self, Violation, ViolationKind};
use rehearsal::{Line, Totals};
use serde::Serialize;

use super::Demo;
use super::simulation::Simulation;
use crate::Failure;

pub(super) struct Outcome {
    pub(super) days: u32,
    pub(super) totals: Totals,
    pub(super) violations: Vec<Violation>,
    /// The results of each database, in the order of the simulation.
    pub(super) databases: Vec<Copies>,
}

/// The copies of a database.
#[derive(Default)]
pub(super) struct Copies {
    /// The number of source snapshots.
    pub(super) sources: usize,
    /// For each copy, when its source was taken, and whether the lifecycle keeps it. Newest first.
    pub(super) copies: Vec<(DateTime<Utc>, bool)>,
    /// The producer's message about a snapshot that it does not copy.
    pub(super) ignored: Option<String>,
}

/// The output of `--json`. Scripts depend on the keys: do not rename or remove any. `doc/json.md` documents them.
#[derive(Serialize)]
pub(super) struct Json<'a> {
    days: u32,
    databases: usize,
    seed: u64,
    dry_run: bool,
    #[serde(flatten)]
    totals: &'a Totals,
    violations: Vec<JsonViolation<'a>>,
}

#[derive(Serialize)]
struct JsonViolation<'a> {
    invariant: u8,
    kind: ViolationKind,
    snapshot: &'a str,
}

impl Outcome {
    pub(super) fn of(simulation: &Simulation) -> Self {
        Self {
            days: simulation.days,
            totals: Totals::of(&simulation.rehearsal, &simulation.ledger),
            violations: invariants::check(&simulation.rehearsal, &simulation.ledger),
            databases: simulation.rehearsal.logs().read(|lines| copies(simulation, lines)),
        }
    }

    pub(super) fn json(&self, demo: &Demo) -> Json<'_> {
        Json {
            days: self.days,
            databases: self.databases.len(),
            seed: demo.seed,
            dry_run: !demo.no_dry_run,
            totals: &self.totals,
            violations: self.violations.iter().map(JsonViolation::from).collect(),
        }
    }

    pub(super) fn into_result(self) -> Result<(), Failure> {
        if self.violations.is_empty() { Ok(()) } else { Err(Failure::Violations(self.violations)) }
    }
}

impl<'a> From<&'a Violation> for JsonViolation<'a> {
    fn from(violation: &'a Violation) -> Self {
        Self { invariant: violation.kind.invariant(), kind: violation.kind, snapshot: &violation.snapshot }
    }
}

/// The copies of each database, from the ledger, and from the functions' logs of deletions in a dry run.
fn copies(simulation: &Simulation, lines: &[Line]) -> Vec<Copies> {
    let expired: BTreeSet<&str> =
        lines.iter().filter(|line| line.text("step") == "would_delete").map(|line| line.text("copy")).collect();
    let ignored = lines.iter().filter(|line| line.text("step") == "ignored");
    let ignored: BTreeMap<&str, &str> = ignored.map(|line| (line.text("snapshot"), line.text("message"))).collect();
    let is_kept = |copy: &SnapshotArn| {
        simulation.ledger.present.contains_key(copy) && !expired.contains(copy.to_string().as_str())
    };

    let mut all: BTreeMap<&DatabaseArn, Copies> = BTreeMap::new();
    for source in simulation.ledger.sources.values() {
        let of_database = all.entry(&source.origin.database).or_default();
        of_database.sources += 1;
        let message = ignored.get(source.snapshot.arn.to_string().as_str()).map(|message| (*message).to_owned());
        of_database.ignored = message.or(of_database.ignored.take());
    }
    for (arn, (origin, _)) in &simulation.ledger.copies {
        all.entry(&origin.database).or_default().copies.push((origin.taken, is_kept(arn)));
    }
    for of_database in all.values_mut() {
        of_database.copies.sort_unstable_by_key(|(taken, _)| std::cmp::Reverse(*taken));
    }
    simulation.databases.iter().map(|(arn, _)| all.remove(arn).unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::demo::paused;

    const DEMO: Demo = Demo { days: 1, databases: 1, seed: 7, no_dry_run: false, no_engines: true, json: false };

    /// Simulates one day of one database.
    fn after_a_day(check: impl FnOnce(Simulation)) {
        let run = paused::run(async {
            let mut simulation = Simulation::new(&DEMO).await?;
            simulation.run_until_day(1).await?;
            simulation.finish_copies().await?;
            check(simulation);
            anyhow::Ok(())
        });
        assert!(matches!(run, Ok(Ok(()))));
    }

    fn keys(object: &serde_json::Value) -> Vec<&str> {
        object.as_object().expect("an object").keys().map(String::as_str).collect()
    }

    /// The first cells of the table under this heading of `doc/json.md`, sorted.
    fn documented(heading: &str) -> Vec<&'static str> {
        let (_, section) = include_str!("../../../doc/json.md").split_once(&format!("{heading}\n")).expect("a heading");
        let section = section.split("\n#").next().expect("a section");
        let mut keys: Vec<_> =
            section.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0)).collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn every_kind_of_violation_is_documented() {
        let (_, section) = include_str!("../../../doc/json.md").split_once("### `violations`\n").expect("a heading");
        let row = section.lines().find(|line| line.starts_with("| `kind`")).expect("a row");
        for kind in ViolationKind::ALL {
            let name = serde_json::to_string(&kind).expect("JSON");
            assert!(row.contains(&format!("`{name}` ({})", kind.invariant())), "{name}");
        }
    }

    // Invariant 1.
    #[test]
    fn a_snapshot_without_a_copy_is_a_violation_and_exits_with_1() {
        after_a_day(|mut simulation| {
            assert!(Outcome::of(&simulation).into_result().is_ok());
            // As if there had never been a copy. No function has raised an alarm.
            simulation.ledger.copies.clear();
            let outcome = Outcome::of(&simulation);
            assert_eq!((outcome.totals.copied, outcome.totals.lost), (0, 1));
            let kinds: Vec<ViolationKind> = outcome.violations.iter().map(|violation| violation.kind).collect();
            assert_eq!(kinds, [ViolationKind::Lost]);
            let json = serde_json::to_value(outcome.json(&DEMO)).expect("JSON");
            let snapshot = &outcome.violations[0].snapshot;
            assert_eq!(json["violations"], json!([{ "invariant": 1, "kind": "lost", "snapshot": snapshot }]));
            assert_eq!(keys(&json["violations"][0]), documented("### `violations`"));
            for key in ["calls_per_snapshot", "dollars_per_snapshot", "overhead_seconds"] {
                assert_eq!(json.get(key), Some(&json!(null)), "{key}");
            }
            assert_eq!(outcome.into_result().err().map(|failure| failure.code()), Some(1));
        });
    }
}
