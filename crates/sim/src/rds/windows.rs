//! The daily window for backups and the weekly window for maintenance.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Utc};

use crate::call::Error;

/// The daily window in which a database is backed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DailyWindow {
    start: NaiveTime,
    duration: TimeDelta,
}

/// The weekly window in which a database is maintained, in minutes since Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WeeklyWindow {
    start: i64,
    minutes: i64,
}

/// "Must be at least 30 minutes" (`PreferredBackupWindow`, `PreferredMaintenanceWindow`).
const MIN_MINUTES: i64 = 30;
const DAY: i64 = 24 * 60;
const WEEK: i64 = 7 * DAY;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl DailyWindow {
    /// Parses `03:05-03:35`.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let window = text.split_once('-').and_then(|(start, ends)| {
            let (start, ends) = (time(start)?, time(ends)?);
            let duration = TimeDelta::minutes((ends - start).num_minutes().rem_euclid(DAY));
            Some(Self { start, duration })
        });
        let window = window.ok_or_else(|| {
            invalid(format!("Invalid backup window {text}: it must be in the format hh24:mi-hh24:mi, in UTC."))
        })?;
        if window.duration < TimeDelta::minutes(MIN_MINUTES) {
            return Err(invalid(format!("Backup window must be at least {MIN_MINUTES} minutes.")));
        }
        Ok(window)
    }

    /// The default: AWS chooses a window of 30 minutes within a block of eight hours. It does not overlap the window for
    /// maintenance.
    pub(super) fn random(random: &mut fastrand::Rng, maintenance: Option<WeeklyWindow>) -> Self {
        let at = |minute: i64| Self {
            start: NaiveTime::MIN + TimeDelta::minutes(minute.rem_euclid(DAY)),
            duration: TimeDelta::minutes(MIN_MINUTES),
        };
        let window = at(random.i64(0..16 * 30));
        match maintenance {
            Some(maintenance) if maintenance.overlaps(window) => at(maintenance.start + maintenance.minutes),
            _ => window,
        }
    }

    pub(super) fn next(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let today = now.date_naive().and_time(self.start).and_utc();
        if today > now { today } else { today + TimeDelta::days(1) }
    }
}

impl fmt::Display for DailyWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start.format("%H:%M"), (self.start + self.duration).format("%H:%M"))
    }
}

impl WeeklyWindow {
    /// Parses `sun:05:00-sun:06:00`.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let minute = |text: &str| {
            let (day, at) = text.split_once(':')?;
            let day = DAYS.iter().position(|known| known.eq_ignore_ascii_case(day))?;
            Some(i64::try_from(day).ok()? * DAY + (time(at)? - NaiveTime::MIN).num_minutes())
        };
        let window = text.split_once('-').and_then(|(start, ends)| {
            let (start, ends) = (minute(start)?, minute(ends)?);
            Some(Self { start, minutes: (ends - start).rem_euclid(WEEK) })
        });
        let window = window.ok_or_else(|| {
            invalid(format!(
                "Invalid maintenance window {text}: it must be in the format ddd:hh24:mi-ddd:hh24:mi, in UTC."
            ))
        })?;
        if window.minutes < MIN_MINUTES {
            return Err(invalid(format!("The maintenance window must be at least {MIN_MINUTES} minutes.")));
        }
        Ok(window)
    }

    /// The default: "a 30-minute window selected at random from an 8-hour block of time for each AWS Region, occurring on
    /// a random day of the week". It follows the window for backups.
    pub(super) fn random(random: &mut fastrand::Rng, backups: DailyWindow) -> Self {
        let ends = (backups.start - NaiveTime::MIN + backups.duration).num_minutes();
        Self { start: (random.i64(0..7) * DAY + ends).rem_euclid(WEEK), minutes: MIN_MINUTES }
    }

    /// When the window begins the next time.
    pub(super) fn next(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let monday = now.date_naive() - TimeDelta::days(i64::from(now.weekday().num_days_from_monday()));
        let this_week = monday.and_time(NaiveTime::MIN).and_utc() + TimeDelta::minutes(self.start);
        if this_week > now { this_week } else { this_week + TimeDelta::minutes(WEEK) }
    }

    /// Whether both windows have a minute of some day in common.
    pub(super) fn overlaps(self, backups: DailyWindow) -> bool {
        let start = (backups.start - NaiveTime::MIN).num_minutes();
        let minutes = backups.duration.num_minutes();
        // The daily window as seen from the start of the weekly window.
        let ahead = (start - self.start).rem_euclid(DAY);
        ahead < self.minutes || ahead + minutes > DAY
    }
}

impl fmt::Display for WeeklyWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |minute: i64| {
            let minute = minute.rem_euclid(WEEK);
            let day = usize::try_from(minute / DAY).ok().and_then(|day| DAYS.get(day)).copied().unwrap_or_default();
            format!("{day}:{:02}:{:02}", minute % DAY / 60, minute % 60)
        };
        write!(f, "{}-{}", text(self.start), text(self.start + self.minutes))
    }
}

fn time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

fn invalid(message: String) -> Error {
    Error::new("InvalidParameterValue", message)
}

#[cfg(test)]
mod tests {
    use super::{DailyWindow, WeeklyWindow};

    #[test]
    fn windows_overlap_if_they_have_a_minute_of_some_day_in_common() {
        let overlap = |weekly: &str, daily: &str| {
            let (weekly, daily) =
                (WeeklyWindow::read(weekly).expect("a window"), DailyWindow::read(daily).expect("one"));
            weekly.overlaps(daily)
        };
        assert!(overlap("wed:18:00-wed:22:00", "20:00-20:30"));
        assert!(overlap("wed:18:00-wed:22:00", "17:45-18:15"));
        assert!(overlap("wed:20:00-wed:20:30", "18:00-22:00"));
        assert!(overlap("sun:23:45-mon:00:15", "00:00-00:30"));
        assert!(overlap("thu:00:10-thu:00:40", "23:45-00:15"));
        assert!(overlap("mon:00:00-wed:00:00", "12:00-12:30"));
        assert!(!overlap("wed:18:00-wed:20:00", "20:00-20:30"));
        assert!(!overlap("wed:20:30-wed:21:00", "20:00-20:30"));
        assert!(!overlap("sun:23:30-mon:00:00", "00:00-00:30"));
    }

    #[test]
    fn a_window_that_is_short_or_misspelled_is_an_error() {
        for text in ["03:00-03:29", "03:00", "25:00-26:00", "03:00-03:00", ""] {
            assert!(DailyWindow::read(text).is_err(), "{text}");
        }
        for text in ["sun:03:00-sun:03:29", "sun:03:00", "day:03:00-day:04:00", "03:00-04:00", ""] {
            assert!(WeeklyWindow::read(text).is_err(), "{text}");
        }
        let over_midnight = WeeklyWindow::read("Sun:23:45-Mon:00:15").expect("a window");
        assert_eq!(over_midnight.to_string(), "sun:23:45-mon:00:15");
    }
}
