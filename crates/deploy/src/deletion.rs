//! What deletion in earnest would begin with: the copies in DR that nothing holds now.
//!
//! The consumer's own code says which they are; here they are only shown.

use std::collections::BTreeSet;

use config::Config;
use consumer::lifecycle::{self, Expired};
use protocol::{Snapshot, SnapshotRole};

use crate::terminal::{BAD, FAINT, GOOD, TITLE};
use crate::{Account, Terminal, deployed};

/// Shows which copies would be deleted now, and why, and says how many.
///
/// Each database is thinned when its next copy is safe, which may let go of one or two more.
///
/// # Errors
///
/// If AWS does not tell which copies there are.
pub async fn show(dr: &Account, config: &Config, terminal: &mut Terminal) -> anyhow::Result<usize> {
    let snapshots = deployed::snapshots(dr).await?;
    let going = going(&snapshots, config);
    terminal.say(format_args!("{TITLE}What would be deleted now{TITLE:#} in {dr}"));
    for line in told(&going, &snapshots) {
        terminal.say(line);
    }
    Ok(going.len())
}

/// Those of these snapshots in DR that the configuration's lifecycles and floor let go.
#[must_use]
pub fn going(snapshots: &[Snapshot], config: &Config) -> Vec<Expired> {
    let floor = config.floor.clone().named("Floor");
    lifecycle::all_expired(snapshots, &config.source_accts, &config.lifecycles, &floor)
}

fn told(going: &[Expired], snapshots: &[Snapshot]) -> Vec<String> {
    let copies =
        snapshots.iter().filter(|snapshot| matches!(SnapshotRole::of(snapshot), SnapshotRole::Copy(_))).count();
    if going.is_empty() {
        return vec![format!(
            "  {GOOD}nothing{GOOD:#}: of {copies} copies, none is without a rule or a floor that holds it"
        )];
    }
    let mut lines = Vec::new();
    for Expired { copy, why } in going {
        let (id, taken) = (copy.arn.id(), copy.origin.taken.format("%Y-%m-%d %H:%M"));
        lines.push(format!("  {BAD}{id}{BAD:#} {FAINT}taken {taken} UTC{FAINT:#}"));
        lines.push(format!("    {why}"));
    }
    let databases: BTreeSet<_> = going.iter().map(|doomed| &doomed.copy.origin.database).collect();
    let (count, of) = (counted(going.len(), "copy", "copies"), counted(databases.len(), "database", "databases"));
    lines.push(format!("  {BAD}{count}{BAD:#} of {of}, and {} stay", copies - going.len()));
    lines
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
