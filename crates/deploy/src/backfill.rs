//! The existing copies that a new second region would get, and what that costs.
//!
//! The consumer of the second region decides with the same plan ([`archive::onward`]); this module only adds it up.

use std::collections::BTreeSet;

use archive::onward::{Backfill, Pending, Second, plan};
use chrono::{DateTime, Utc};
use config::Config;
use protocol::snapshot::ASSUMED_GIB;
use protocol::{Place, Snapshot, SnapshotArn, SnapshotRole, Status, tags};

use crate::stack::{BACKFILL_GIB, SINCE, Stack, StackName};
use crate::terminal::{CAUTION, FAINT, TITLE};
use crate::{Account, Terminal, deployed};

/// The prices in us-east-1, in dollars: a GiB that is transferred to another region, and a GiB of snapshots for a month.
const TRANSFER: f64 = 0.02;
const STORAGE: f64 = 0.095;

/// What a new second region would get of the copies in the first one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// The copies that are copied.
    pub copies: usize,
    /// Their databases.
    pub databases: usize,
    /// Their size. A copy between regions transfers a whole snapshot the first time, and later at most that.
    pub gib: u64,
    /// How many of them have an assumed size, because AWS does not describe it.
    pub assumed: usize,
    /// The copies that stay in the first region alone, and their size.
    pub left_copies: usize,
    /// See `left_copies`.
    pub left_gib: u64,
}

/// Lists the copies in DR's first region, and shows the estimate.
///
/// # Errors
///
/// If the snapshots cannot be listed.
pub async fn show(first: &Account, config: &Config, terminal: &mut Terminal) -> anyhow::Result<()> {
    let snapshots = deployed::snapshots(first).await?;
    let estimate = estimate(&snapshots, config, first.cloud().now());
    print(&estimate, first, config, terminal);
    Ok(())
}

fn print(estimate: &Estimate, first: &Account, config: &Config, terminal: &mut Terminal) {
    terminal.print(format_args!("{TITLE}Existing copies for the second region{TITLE:#} in {first}"));
    for line in lines(estimate, config) {
        terminal.print(line);
    }
}

/// As [`show`], before an update of the second region that changes `BACKFILL_GIB`.
///
/// # Errors
///
/// If the stack or the snapshots cannot be read.
pub async fn show_update(
    first: &Account,
    second: &Account,
    config: &Config,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let Some(stack) = Stack::look(second, &StackName::Second).await? else { return Ok(()) };
    let since = stack.parameters.get(SINCE).and_then(|since| DateTime::parse_from_rfc3339(since).ok());
    let is_same = stack.parameters.get(BACKFILL_GIB).is_some_and(|gib| *gib == config.backfill_gib.to_string());
    let Some(since) = since.filter(|_| !is_same) else { return Ok(()) };
    let estimate = estimate_update(&deployed::snapshots(first).await?, config, &second.place, since.to_utc());
    print(&estimate, first, config, terminal);
    Ok(())
}

/// The estimate for a second region that is created now.
#[must_use]
pub fn estimate(snapshots: &[Snapshot], config: &Config, now: DateTime<Utc>) -> Estimate {
    let pending = snapshots.iter().filter_map(|snapshot| pending(snapshot, config)).collect();
    add_up(snapshots, pending, &Second::default(), Backfill { since: now, gib: config.backfill_gib.into() })
}

/// The estimate for a second region that exists since then: the older copies that it still gets. Tags name those that it has.
#[must_use]
pub fn estimate_update(snapshots: &[Snapshot], config: &Config, second: &Place, since: DateTime<Utc>) -> Estimate {
    let (mut has, mut left) = (Second::default(), Vec::new());
    for snapshot in snapshots {
        let Some(pending) = pending(snapshot, config) else { continue };
        let copy = snapshot.tags.get(tags::SECOND).and_then(|copy| copy.parse::<SnapshotArn>().ok());
        let is_old = pending.arrived < since;
        match copy.is_some_and(|copy| copy.place == *second) {
            true => {
                has.used += if is_old { pending.gib.into() } else { 0 };
                has.databases.insert(pending.origin.database);
            }
            false if is_old => left.push(pending),
            // It goes on, also if the budget is used up.
            false => {}
        }
    }
    add_up(snapshots, left, &has, Backfill { since, gib: config.backfill_gib.into() })
}

fn add_up(snapshots: &[Snapshot], pending: Vec<Pending>, second: &Second, backfill: Backfill) -> Estimate {
    let (all, gib) = (pending.len(), pending.iter().map(|copy| u64::from(copy.gib)).sum::<u64>());
    let planned = plan(pending, second, backfill);
    let databases: BTreeSet<_> = planned.iter().map(|(_, copy)| &copy.origin.database).collect();
    let assumed: BTreeSet<_> = snapshots.iter().filter(|copy| !copy.has_size()).map(|copy| &copy.arn).collect();
    let planned_gib = planned.iter().map(|(_, copy)| u64::from(copy.gib)).sum();
    Estimate {
        copies: planned.len(),
        databases: databases.len(),
        gib: planned_gib,
        assumed: planned.iter().filter(|(_, pending)| assumed.contains(&pending.copy)).count(),
        left_copies: all - planned.len(),
        left_gib: gib - planned_gib,
    }
}

/// A complete copy that came directly from a source account that is served.
fn pending(snapshot: &Snapshot, config: &Config) -> Option<Pending> {
    let SnapshotRole::Copy(origin) = SnapshotRole::of(snapshot) else { return None };
    let is_served = config.source_accts.contains(&origin.snapshot.place.account);
    let is_direct = origin.made_from_copy(&snapshot.tags).is_none();
    if !is_served || !is_direct || snapshot.status != Status::Available {
        return None;
    }
    let arrived = DateTime::parse_from_rfc3339(snapshot.tags.get(tags::REPORTED)?).ok()?.to_utc();
    Some(Pending { origin, copy: snapshot.arn.clone(), arrived, gib: snapshot.counted_gib() })
}

fn lines(estimate: &Estimate, config: &Config) -> Vec<String> {
    let Estimate { copies, databases, gib, assumed, left_copies, left_gib } = estimate;
    #[expect(clippy::cast_precision_loss, reason = "an estimate in dollars")]
    let dollars = |price: f64| price * *gib as f64;
    let bound = if *assumed == 0 { "at most" } else { "with the assumed sizes" };
    let mut lines = vec![
        format!("  copied: {CAUTION}{copies}{CAUTION:#} copies of {databases} databases, {gib} GiB {bound}"),
        format!(
            "  cost:   {CAUTION}{:.2}{CAUTION:#} dollars for the transfer and {CAUTION}{:.2}{CAUTION:#} a month for the storage, {bound}, \
             at the prices of us-east-1",
            dollars(TRANSFER),
            dollars(STORAGE)
        ),
        format!(
            "  left:   {left_copies} older copies, {left_gib} GiB, stay in the first region alone {FAINT}(BACKFILL_GIB is \
             {}){FAINT:#}",
            config.backfill_gib
        ),
    ];
    if *assumed > 0 {
        lines.push(format!(
            "  size:   {CAUTION}unknown{CAUTION:#} for {assumed} of the {copies} copies, counted as {ASSUMED_GIB} GiB each: AWS does not \
             describe the size of Aurora snapshots"
        ));
    }
    lines.push("  Every copy that arrives from now on is copied, too.".to_owned());
    lines
}
