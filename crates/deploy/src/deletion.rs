//! The copies in DR that would be deleted first if deletion were switched on.
//!
//! The consumer's own code decides which they are; this module only lists them.

use std::collections::BTreeSet;

use config::Config;
use consumer::lifecycle::{self, Expired};
use protocol::{Snapshot, SnapshotRole};

use crate::terminal::{BAD, FAINT, GOOD, TITLE};
use crate::{Account, Terminal, deployed};

/// Lists the copies that would be deleted now, with the reasons, and returns their number.
///
/// The copies of a database are thinned when its next copy is completed, which may then expire one or two more.
///
/// # Errors
///
/// If the snapshots in DR cannot be listed.
pub async fn show(dr: &Account, config: &Config, terminal: &mut Terminal) -> anyhow::Result<usize> {
    let snapshots = deployed::snapshots(dr).await?;
    let expired = expired(&snapshots, config);
    terminal.print(format_args!("{TITLE}Copies that would be deleted now{TITLE:#} in {dr}"));
    for line in lines(&expired, &snapshots) {
        terminal.print(line);
    }
    Ok(expired.len())
}

/// The copies among these snapshots in DR that neither the configured lifecycles nor the floor keep.
#[must_use]
pub fn expired(snapshots: &[Snapshot], config: &Config) -> Vec<Expired> {
    let floor = config.floor.clone().named("Floor");
    lifecycle::all_expired(snapshots, &config.source_accts, &config.lifecycles, &floor)
}

fn lines(expired: &[Expired], snapshots: &[Snapshot]) -> Vec<String> {
    let copies =
        snapshots.iter().filter(|snapshot| matches!(SnapshotRole::of(snapshot), SnapshotRole::Copy(_))).count();
    if expired.is_empty() {
        let copies = counted(copies, "copy is", "copies are");
        return vec![format!("  {GOOD}nothing to delete{GOOD:#}: all {copies} kept")];
    }
    let mut lines = Vec::new();
    for Expired { copy, why } in expired {
        let (id, taken) = (copy.arn.id(), copy.origin.taken.format("%Y-%m-%d %H:%M"));
        lines.push(format!("  {BAD}{id}{BAD:#} {FAINT}taken {taken} UTC{FAINT:#}"));
        lines.push(format!("    {why}"));
    }
    let databases: BTreeSet<_> = expired.iter().map(|expired| &expired.copy.origin.database).collect();
    let (count, of) = (counted(expired.len(), "copy", "copies"), counted(databases.len(), "database", "databases"));
    lines.push(format!("  {BAD}{count}{BAD:#} of {of}; {} kept", copies - expired.len()));
    lines
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
