//! A calendar of one database: the months that have a snapshot, newest first, with the verdicts of each day.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

/// The months that have a snapshot, newest first.
pub(crate) struct Calendar {
    pub(crate) months: Vec<Month>,
}

/// A month that has a snapshot.
pub(crate) struct Month {
    pub(crate) first: NaiveDate,
    /// All days of the month.
    pub(crate) days: Vec<Day>,
    /// The number of months without a snapshot before it.
    pub(crate) gap: i32,
}

/// The number of snapshots of one day, by verdict.
#[derive(Clone, Copy, Default)]
pub(crate) struct Day {
    pub(crate) kept: usize,
    pub(crate) deleted: usize,
}

/// The symbol for a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// The day has no snapshot.
    Empty,
    /// All snapshots are kept.
    Kept,
    /// All snapshots would be deleted.
    Deleted,
    /// Some snapshots are kept, some would be deleted.
    Mixed,
}

impl Month {
    /// The label of the gap before the month.
    pub(crate) fn gap_label(&self) -> String {
        match self.gap {
            1 => "⋮  1 month without a snapshot".to_owned(),
            gap => format!("⋮  {gap} months without a snapshot"),
        }
    }
}

impl Day {
    pub(crate) fn cell(self) -> Cell {
        match (self.kept, self.deleted) {
            (0, 0) => Cell::Empty,
            (_, 0) => Cell::Kept,
            (0, _) => Cell::Deleted,
            (_, _) => Cell::Mixed,
        }
    }
}

impl Calendar {
    /// Builds a calendar from snapshots, newest first: when each was taken, and whether it is kept.
    pub(crate) fn of(snapshots: impl IntoIterator<Item = (DateTime<Utc>, bool)>) -> Self {
        let mut months: Vec<Month> = Vec::new();
        for (taken, keep) in snapshots {
            let date = taken.date_naive();
            let first = date - chrono::Days::new(u64::from(date.day0()));
            if months.last().is_none_or(|month| month.first != first) {
                if let Some(newer) = months.last_mut() {
                    newer.gap = month_number(newer.first) - month_number(first) - 1;
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

fn month_number(date: NaiveDate) -> i32 {
    date.year() * 12 + date.month0() as i32
}
