//! Simulated time and real time. Servers write real times into their logs, and a point in time is a simulated one.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};

/// How simulated time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// tokio's clock is paused. Simulated time stands still while a server is used (`World::hold_clock`).
    Paused,
    /// This number of simulated seconds passes in a real second.
    Running(u32),
}

/// When which simulated time was noted.
#[derive(Debug)]
pub(crate) struct Times {
    pace: Pace,
    /// In order. Simulated times are unique.
    notes: Vec<(DateTime<Utc>, SystemTime)>,
}

impl Times {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, notes: Vec::new() }
    }

    /// Notes the time.
    pub(crate) fn note(&mut self, now: DateTime<Utc>, real: SystemTime) {
        if self.notes.last().is_none_or(|(last, _)| *last < now) {
            self.notes.push((now, real));
        }
    }

    /// The real time at which a simulated time had passed: a change is earlier if and only if it was made at the simulated
    /// time or before. `None`: the simulated time has not passed.
    pub(crate) fn end_of(&self, time: DateTime<Utc>) -> Option<SystemTime> {
        let next = self.notes.partition_point(|(noted, _)| *noted <= time);
        let (_, end) = *self.notes.get(next)?;
        match self.pace {
            // All changes after a note were made at the noted time.
            Pace::Paused => Some(end),
            Pace::Running(speed) => {
                let since = next.checked_sub(1).and_then(|last| self.notes.get(last));
                let passed = since.and_then(|(noted, real)| Some((*real, (time - *noted).to_std().ok()?)));
                // Simulated times are whole milliseconds.
                let real = passed.map(|(real, passed)| real + (passed + Duration::from_millis(1)) / speed.max(1));
                Some(real.unwrap_or(end).min(end))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn times(pace: Pace, notes: &[(i64, u64)]) -> Times {
        let notes = notes.iter().map(|(world, real)| {
            (DateTime::UNIX_EPOCH + TimeDelta::seconds(*world), SystemTime::UNIX_EPOCH + Duration::from_secs(*real))
        });
        Times { pace, notes: notes.collect() }
    }

    fn end(times: &Times, world: i64) -> Option<f64> {
        let end = times.end_of(DateTime::UNIX_EPOCH + TimeDelta::seconds(world))?;
        Some(end.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64())
    }

    #[test]
    fn on_a_paused_clock_a_time_ends_at_the_next_note() {
        let times = times(Pace::Paused, &[(0, 100), (600, 103), (1200, 104)]);
        assert_eq!(end(&times, 0), Some(103.0));
        assert_eq!(end(&times, 599), Some(103.0));
        assert_eq!(end(&times, 600), Some(104.0));
        assert_eq!(end(&times, 1200), None);
    }

    #[test]
    fn on_a_running_clock_real_time_passes_between_the_notes() {
        let times = times(Pace::Running(100), &[(0, 100), (600, 106), (1200, 112)]);
        assert_eq!(end(&times, 0), Some(100.000_01));
        assert_eq!(end(&times, 300), Some(103.000_01));
        assert_eq!(end(&times, 900), Some(109.000_01));
        assert_eq!(end(&times, 1200), None);
    }
}
