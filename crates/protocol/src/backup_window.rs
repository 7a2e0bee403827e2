//! The daily window in which RDS takes the automated backup of a database.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

/// A daily window, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupWindow {
    start: NaiveTime,
    duration: TimeDelta,
}

impl BackupWindow {
    /// Parses AWS's form, `03:05-03:35`. `None` for another one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let time = |text| NaiveTime::parse_from_str(text, "%H:%M").ok();
        let (start, end) = text.split_once('-')?;
        let (start, end) = (time(start)?, time(end)?);
        let minutes = (end - start).num_minutes().rem_euclid(24 * 60);
        Some(Self { start, duration: TimeDelta::minutes(minutes) })
    }

    /// The start of the window that contains this time, or of the next one.
    #[must_use]
    pub fn next_start(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut start = now.date_naive().and_time(self.start).and_utc() - TimeDelta::days(1);
        while start + self.duration <= now {
            start += TimeDelta::days(1);
        }
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next_start(window: &str, now: &str) -> String {
        let now: DateTime<Utc> = now.parse().unwrap();
        BackupWindow::parse(window).unwrap().next_start(now).format("%d %H:%M").to_string()
    }

    #[test]
    fn the_window_of_now_counts_until_its_end() {
        assert_eq!(next_start("03:05-03:35", "2026-11-21T02:00:00Z"), "21 03:05");
        assert_eq!(next_start("03:05-03:35", "2026-11-21T03:34:59Z"), "21 03:05");
        assert_eq!(next_start("03:05-03:35", "2026-11-21T03:35:00Z"), "22 03:05");
        assert_eq!(next_start("23:45-00:15", "2026-11-21T00:10:00Z"), "20 23:45");
        assert_eq!(next_start("23:45-00:15", "2026-11-21T00:15:00Z"), "21 23:45");
    }

    #[test]
    fn other_forms_are_no_windows() {
        for text in ["", "03:05", "3-4", "25:00-26:00", "mon:03:05-mon:03:35"] {
            assert_eq!(BackupWindow::parse(text), None, "{text}");
        }
    }
}
