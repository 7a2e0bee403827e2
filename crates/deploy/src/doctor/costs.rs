//! What copies to another region cost beyond copies in the same one: the transfer, and in a second region the storage once more.
//!
//! Upper bounds: AWS bills what it copies and stores, which is less for incremental copies, and does not report how much that is. For
//! snapshots without a described size, as those of Aurora, a size is assumed, and the finding says so.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::snapshot::ASSUMED_GIB;
use protocol::{Place, Snapshot, SnapshotRole, Status};
use serde::Serialize;

use super::finding::{Finding, Id};

/// Dollars for a GiB that leaves a region: the price of most regions in the US and Europe. Others have up to 0.15.
const TRANSFER: f64 = 0.02;
/// Dollars for a GiB-month of snapshots in us-east-1.
const STORAGE: f64 = 0.095;
/// The days that are counted.
const DAYS: i64 = 7;
const DAYS_PER_MONTH: f64 = 30.0;

/// The costs of the copies of one region of DR.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// The size of the copies that came from another region, for each of the last days.
    pub transfer_gib_per_day: f64,
    /// The price of their transfer.
    pub transfer_dollars_per_month: f64,
    /// The size of all copies in the region.
    pub stored_gib: u64,
    /// The price of their storage.
    pub storage_dollars_per_month: f64,
    /// The copies in the region with an assumed size, because AWS does not describe it.
    pub assumed_sizes: usize,
}

impl Cost {
    /// The costs of these snapshots in a region of DR. `None` if no copy there came from another region.
    #[must_use]
    pub fn of(snapshots: &[Snapshot], place: &Place, now: DateTime<Utc>) -> Option<Self> {
        let copies: Vec<&Snapshot> = snapshots
            .iter()
            .filter(|snapshot| snapshot.status == Status::Available)
            .filter(|snapshot| matches!(SnapshotRole::of(snapshot), SnapshotRole::Copy(_)))
            .collect();
        let is_from_elsewhere =
            |copy: &&&Snapshot| copy.copied_from.as_ref().is_some_and(|source| source.place.region != place.region);
        let crossed: Vec<&&Snapshot> = copies.iter().filter(is_from_elsewhere).collect();
        if crossed.is_empty() {
            return None;
        }
        let recent = crossed.iter().filter(|copy| copy.created.is_some_and(|time| time > now - TimeDelta::days(DAYS)));
        let oldest = crossed.iter().filter_map(|copy| copy.created).min();
        // In the first days, there are fewer.
        let days = oldest.map_or(1, |oldest| ((now - oldest).num_hours() / 24 + 1).clamp(1, DAYS));
        let transferred: u64 = recent.map(|copy| u64::from(copy.counted_gib())).sum();
        let stored_gib = copies.iter().map(|copy| u64::from(copy.counted_gib())).sum();
        let transfer_gib_per_day = transferred as f64 / days as f64;
        Some(Self {
            transfer_gib_per_day,
            transfer_dollars_per_month: cents(transfer_gib_per_day * DAYS_PER_MONTH * TRANSFER),
            stored_gib,
            storage_dollars_per_month: cents(stored_gib as f64 * STORAGE),
            assumed_sizes: copies.iter().filter(|copy| !copy.has_size()).count(),
        })
    }

    pub(super) fn finding(self, place: &Place) -> Finding {
        let Self { transfer_gib_per_day, transfer_dollars_per_month, stored_gib, storage_dollars_per_month, .. } =
            &self;
        let (bound, assumed) = match self.assumed_sizes {
            0 => ("at most", String::new()),
            copies => (
                "an assumed",
                format!(
                    "; size unknown for {copies} copies, counted as {ASSUMED_GIB} GiB each, because AWS does not describe it"
                ),
            ),
        };
        let description = format!(
            "{bound} {transfer_gib_per_day:.1} GiB a day come from another region ({transfer_dollars_per_month:.2} dollars a \
             month), and {stored_gib} GiB are stored ({storage_dollars_per_month:.2} dollars a month){assumed}"
        );
        Finding::ok(Id::CostOfCrossing, place.region.as_str(), description).with_cost(self)
    }
}

fn cents(dollars: f64) -> f64 {
    (dollars * 100.0).round() / 100.0
}
