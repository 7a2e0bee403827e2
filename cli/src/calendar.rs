//! A calendar: months, newest first, and what becomes of the snapshots of each of their days.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

/// The months that have a snapshot, newest first.
pub(crate) struct Calendar {
    pub(crate) months: Vec<Month>,
}

/// A month that has a snapshot.
pub(crate) struct Month {
    pub(crate) first: NaiveDate,
    /// Each of its days, from the first.
    pub(crate) days: Vec<Day>,
    /// How many months without a snapshot lie between it and the next older one.
    pub(crate) gap: i32,
}

/// What becomes of the snapshots of one day.
#[derive(Clone, Copy, Default)]
pub(crate) struct Day {
    pub(crate) kept: usize,
    pub(crate) deleted: usize,
}

/// What there is to see of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
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
    pub(crate) fn gap_told(&self) -> String {
        match self.gap {
            1 => "⋮  a month without a snapshot".to_owned(),
            gap => format!("⋮  {gap} months without a snapshot"),
        }
    }
}

impl Day {
    pub(crate) fn cell(self) -> Cell {
        match (self.kept, self.deleted) {
            (0, 0) => Cell::Nothing,
            (_, 0) => Cell::Kept,
            (0, _) => Cell::Deleted,
            (_, _) => Cell::Both,
        }
    }
}

impl Calendar {
    /// Of snapshots, newest first: when each was taken, and whether it is kept.
    pub(crate) fn of(snapshots: impl IntoIterator<Item = (DateTime<Utc>, bool)>) -> Self {
        let mut months: Vec<Month> = Vec::new();
        for (taken, keep) in snapshots {
            let date = taken.date_naive();
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
                if keep { day.kept += 1 } else { day.deleted += 1 }
            }
        }
        Self { months }
    }
}

fn months_since_the_era(date: NaiveDate) -> i32 {
    date.year() * 12 + date.month0() as i32
}
