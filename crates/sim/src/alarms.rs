//! CloudWatch's metric alarms. The alarms are those of stacks; the data points come from the caller, because the
//! simulation has no metrics.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::world::World;

/// A metric alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// The name.
    pub name: String,
    /// The namespace of the metric.
    pub namespace: String,
    /// The name of the metric.
    pub metric: String,
    /// The dimensions of the metric.
    pub dimensions: BTreeMap<String, String>,
    /// How the data points of a period are combined.
    pub statistic: Statistic,
    /// The length of a period.
    pub period: TimeDelta,
    /// How many of the last periods are evaluated.
    pub evaluation_periods: usize,
    /// How many of them must breach the threshold.
    pub datapoints_to_alarm: usize,
    /// The threshold.
    pub threshold: f64,
    /// Which values breach the threshold.
    pub comparison: Comparison,
    /// Whether a period without data breaches the threshold.
    pub missing_breaches: bool,
    /// The ARNs that are notified when the alarm goes on.
    pub actions: Vec<String>,
}

/// How the data points of a period are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Their sum.
    Sum,
    /// The largest.
    Maximum,
}

/// Which values breach the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Those that are at least the threshold.
    AtLeast,
    /// Those that are below the threshold.
    Below,
}

impl Alarm {
    /// The times at which the alarm goes on, and so notifies. It is evaluated at the end of each period. AWS may look at more
    /// periods than `evaluation_periods` if data are missing, which can keep an alarm on for a few periods longer.
    #[must_use]
    pub fn notifications(
        &self,
        data: &[(DateTime<Utc>, f64)],
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Vec<DateTime<Utc>> {
        let length = self.period.num_seconds().max(1);
        let mut periods = BTreeMap::<i64, f64>::new();
        for (at, value) in data {
            let value = *value;
            let combine = |combined: &mut f64| match self.statistic {
                Statistic::Sum => *combined += value,
                Statistic::Maximum => *combined = combined.max(value),
            };
            periods.entry(at.timestamp().div_euclid(length)).and_modify(combine).or_insert(value);
        }
        let breaches = |period: i64| periods.get(&period).map_or(self.missing_breaches, |value| self.is_breach(*value));
        let [first, end] = [from, to].map(|time| time.timestamp().div_euclid(length));
        let evaluated = i64::try_from(self.evaluation_periods).unwrap_or(i64::MAX);
        let (mut is_on, mut notified) = (false, Vec::new());
        for period in first..end {
            let recent = (period.saturating_sub(evaluated - 1).max(first)..=period).filter(|period| breaches(*period));
            let was_on = std::mem::replace(&mut is_on, recent.count() >= self.datapoints_to_alarm);
            if is_on && !was_on {
                notified.extend(DateTime::from_timestamp((period + 1) * length, 0));
            }
        }
        notified
    }

    fn is_breach(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::AtLeast => value >= self.threshold,
            Comparison::Below => value < self.threshold,
        }
    }
}

impl World {
    /// The alarms in a region of an account.
    #[must_use]
    pub fn alarms(&self, account: &str, region: &str) -> Vec<Alarm> {
        self.change(|state| state.region_state(account, region).alarms.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    /// The minutes at which the alarm notifies, given the minutes of events.
    fn notified(alarm: &Alarm, events: &[i64]) -> Vec<i64> {
        let data: Vec<_> = events.iter().map(|minute| (at(*minute), 1.0)).collect();
        let notified = alarm.notifications(&data, at(0), at(600));
        notified.iter().map(|time| (*time - at(0)).num_minutes()).collect()
    }

    fn alarm(minutes: i64, evaluation_periods: usize, datapoints_to_alarm: usize) -> Alarm {
        Alarm {
            name: "a".to_owned(),
            namespace: "N".to_owned(),
            metric: "M".to_owned(),
            dimensions: BTreeMap::new(),
            statistic: Statistic::Sum,
            period: TimeDelta::minutes(minutes),
            evaluation_periods,
            datapoints_to_alarm,
            threshold: 1.0,
            comparison: Comparison::AtLeast,
            missing_breaches: false,
            actions: Vec::new(),
        }
    }

    #[test]
    fn an_alarm_notifies_when_it_goes_on_and_again_after_it_was_off() {
        assert_eq!(notified(&alarm(1, 5, 1), &[10, 12, 100]), [11, 101]);
        assert_eq!(notified(&alarm(60, 1, 1), &[10, 12, 100, 300]), [60, 360]);
        assert_eq!(notified(&alarm(60, 3, 3), &[10, 100, 130]), [180]);
    }

    #[test]
    fn missing_data_can_be_a_breach() {
        let missing = Alarm { comparison: Comparison::Below, missing_breaches: true, ..alarm(60, 3, 3) };
        assert_eq!(notified(&missing, &[30, 90, 150, 210, 270, 330]), [540]);
        assert_eq!(notified(&missing, &[]), [180]);
    }
}
