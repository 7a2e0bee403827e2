//! The calendar of a plan: months, newest first, and what becomes of the snapshots of each of their days.

use chrono::{Datelike, NaiveDate};
use retention::{Plan, Snapshot};

/// The months that have a snapshot, newest first.
pub(super) struct Calendar {
    pub(super) months: Vec<Month>,
}

/// A month that has a snapshot.
pub(super) struct Month {
    pub(super) first: NaiveDate,
    /// Each of its days, from the first.
    pub(super) days: Vec<Day>,
    /// How many months without a snapshot lie between it and the next older one.
    pub(super) gap: i32,
}

/// What becomes of the snapshots of one day.
#[derive(Clone, Copy, Default)]
pub(super) struct Day {
    pub(super) kept: usize,
    pub(super) deleted: usize,
}

/// What there is to see of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// No snapshot was taken.
    Nothing,
    /// All snapshots are kept.
    Kept,
    /// All snapshots would be deleted.
    Deleted,
    /// Some are kept, some would be deleted.
    Both,
}

impl Month {
    /// Of a gap, how long it is.
    pub(super) fn gap_told(&self) -> String {
        match self.gap {
            1 => "⋮  a month without a snapshot".to_owned(),
            gap => format!("⋮  {gap} months without a snapshot"),
        }
    }
}

impl Day {
    pub(super) fn cell(self) -> Cell {
        match (self.kept, self.deleted) {
            (0, 0) => Cell::Nothing,
            (_, 0) => Cell::Kept,
            (0, _) => Cell::Deleted,
            (_, _) => Cell::Both,
        }
    }
}

impl Calendar {
    pub(super) fn of<S: Snapshot>(plan: &Plan<'_, S>) -> Self {
        let mut months: Vec<Month> = Vec::new();
        for verdict in plan.verdicts() {
            let date = verdict.snapshot.taken().date_naive();
            let first = date - chrono::Days::new(u64::from(date.day0()));
            if months.last().is_none_or(|month| month.first != first) {
                if let Some(newer) = months.last_mut() {
                    newer.gap = months_since_the_era(newer.first) - months_since_the_era(first) - 1;
                }
                months.push(Month {
                    first,
                    days: vec![Day::default(); usize::from(first.num_days_in_month())],
                    gap: 0,
                });
            }
            if let Some(day) = months.last_mut().and_then(|month| month.days.get_mut(date.day0() as usize)) {
                if verdict.keep { day.kept += 1 } else { day.deleted += 1 }
            }
        }
        Self { months }
    }
}

fn months_since_the_era(date: NaiveDate) -> i32 {
    date.year() * 12 + date.month0() as i32
}
