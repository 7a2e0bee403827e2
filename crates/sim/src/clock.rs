//! Simulated time. It follows tokio's clock: while that is paused, simulated time passes as fast as the machine allows.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use tokio::time::Instant;

/// A time in a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(pub(crate) DateTime<Utc>);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TimeVisitor)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = Time;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it must be a time in UTC, such as 2026-11-27T03:00:00Z")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
        let expected: &dyn de::Expected = &self;
        text.parse().map(Time).map_err(|_| E::custom(expected))
    }
}

/// The clock of a world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    epoch: DateTime<Utc>,
    since: Instant,
    /// Simulated seconds per second of tokio's clock.
    speed: u32,
}

impl Clock {
    /// A clock that starts now, at `epoch`.
    pub(crate) fn new(epoch: DateTime<Utc>, speed: u32) -> Self {
        Self { epoch, since: Instant::now(), speed: speed.max(1) }
    }

    /// The current time in whole milliseconds, the resolution of tokio's timers.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let passed = self.since.elapsed().saturating_mul(self.speed);
        TimeDelta::from_std(passed)
            .ok()
            .and_then(|passed| self.epoch.checked_add_signed(passed))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
            .trunc_subsecs(3)
    }

    pub(crate) async fn sleep_until(&self, time: DateTime<Utc>) {
        // At a high speed, one real millisecond is several simulated ones, so one sleep may end too early.
        while let Some(left) = (time - self.now()).to_std().ok().filter(|left| !left.is_zero()) {
            tokio::time::sleep(left.div_f64(f64::from(self.speed)).max(Duration::from_millis(1))).await;
        }
    }
}

/// The SDK uses this clock for signatures, timeouts and waits.
impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        Clock::now(self).into()
    }
}

impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        let (clock, until) = (*self, Clock::now(self) + duration);
        Sleep::new(async move { clock.sleep_until(until).await })
    }
}

/// A time as RFC 3339 text: `2026-11-21T03:05:39.209Z`.
pub(crate) fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A time as the JSON protocol represents it: seconds since 1970, with milliseconds as fraction.
pub(crate) fn seconds(time: DateTime<Utc>) -> f64 {
    time.timestamp_millis() as f64 / 1000.0
}
