//! The copies in DR that would be deleted first if deletion were switched on.
//!
//! The keeper's own code decides which they are; this module only lists them.

use std::collections::BTreeSet;

use archive::Archive;
use archive::expired::expired as expired_of;
use config::Config;
use protocol::{Origin, Snapshot, SnapshotArn, SnapshotRole};

use crate::terminal::{BAD, FAINT, GOOD, TITLE};
use crate::{Account, Terminal, deployed};

/// A copy that would be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// The copy.
    pub copy: SnapshotArn,
    /// Its source.
    pub origin: Origin,
    /// Each lifecycle in force, and why its rules do not keep the copy.
    pub why: String,
}

/// Lists the copies that would be deleted now, with the reasons, and returns their number.
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
    // Copies of accounts that are not served do not expire.
    let served = |origin: &Origin| config.source_accts.contains(&origin.database.place.account);
    let Some(dr) = snapshots.first().map(|snapshot| snapshot.arn.place.clone()) else { return Vec::new() };
    let archive = Archive::of(dr, snapshots);
    let mut all = Vec::new();
    for (database, history) in archive.databases() {
        for expired in expired_of(history, &config.lifecycles, &floor) {
            let names = expired.copy.origin(database).zip(expired.copy.arn(database, archive.dr()));
            let Some((origin, copy)) = names.filter(|(origin, _)| served(origin)) else { continue };
            all.push(Expired { copy, origin, why: expired.why });
        }
    }
    all
}

fn lines(expired: &[Expired], snapshots: &[Snapshot]) -> Vec<String> {
    let copies =
        snapshots.iter().filter(|snapshot| matches!(SnapshotRole::of(snapshot), SnapshotRole::Copy(_))).count();
    if expired.is_empty() {
        let copies = counted(copies, "copy is", "copies are");
        return vec![format!("  {GOOD}nothing to delete{GOOD:#}: all {copies} kept")];
    }
    let mut lines = Vec::new();
    for Expired { copy, origin, why } in expired {
        let (id, taken) = (copy.id(), origin.taken.format("%Y-%m-%d %H:%M"));
        lines.push(format!("  {BAD}{id}{BAD:#} {FAINT}taken {taken} UTC{FAINT:#}"));
        lines.push(format!("    {why}"));
    }
    let databases: BTreeSet<_> = expired.iter().map(|expired| &expired.origin.database).collect();
    let (count, of) = (counted(expired.len(), "copy", "copies"), counted(databases.len(), "database", "databases"));
    lines.push(format!("  {BAD}{count}{BAD:#} of {of}; {} kept", copies - expired.len()));
    lines
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
