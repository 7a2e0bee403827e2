//! How long RDS takes: for changes of databases, for uploads of logs, and between its checks.
//!
//! AWS documents almost none of these times. Each is a setting of the world with bounds. A duration is drawn from the world's seed
//! and the database that changes, so it does not depend on what else happens in the world. None is zero: a program that waits for
//! nothing has no test here.

use std::time::Duration;

/// The shortest and the longest duration of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// At least this long.
    pub shortest: Duration,
    /// At most this long.
    pub longest: Duration,
}

impl Bounds {
    /// Bounds in seconds.
    #[must_use]
    pub const fn seconds(shortest: u64, longest: u64) -> Self {
        Self { shortest: Duration::from_secs(shortest), longest: Duration::from_secs(longest) }
    }

    /// The duration that this number stands for: never zero, and at least `shortest` if the bounds contradict each other.
    pub(crate) fn draw(self, number: u64) -> Duration {
        let shortest = self.shortest.max(Duration::from_millis(1));
        let milliseconds = self.longest.saturating_sub(shortest).as_millis();
        let choices = u64::try_from(milliseconds).unwrap_or(u64::MAX - 1) + 1;
        shortest + Duration::from_millis(fastrand::Rng::with_seed(number).u64(..choices))
    }
}

/// How long each change of a database takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durations {
    /// From the request to the status `available` of a new database.
    pub creation: Bounds,
    /// The same for a database that is restored.
    pub restore: Bounds,
    /// The status `backing-up` during a daily backup of an instance.
    pub backup: Bounds,
    /// Until a change that was accepted begins. The status is that of before.
    pub lag: Bounds,
    /// The status `modifying`, or a more specific one.
    pub modification: Bounds,
    /// The status `storage-optimization` after the storage was changed.
    pub storage_optimization: Bounds,
    /// A parameter, option or security group is applied.
    pub group: Bounds,
    /// The status `upgrading`.
    pub upgrade: Bounds,
    /// The status `renaming`. It is followed by a reboot.
    pub renaming: Bounds,
    /// The status `rebooting`.
    pub reboot: Bounds,
    /// The status `failing-over`: "Failover times are typically less than 35 seconds" (`FailoverDBCluster`).
    pub failover: Bounds,
    /// The status `resetting-master-credentials`.
    pub password: Bounds,
    /// The status `starting`.
    pub start: Bounds,
    /// The status `stopping`.
    pub stop: Bounds,
    /// The status `deleting`.
    pub deletion: Bounds,
    /// The time to upload a transaction log, which is the lag of the latest restorable time. RDS begins a log every five minutes.
    pub log_upload: Bounds,
    /// Until a rotation of a managed password that was not possible is tried again: "If rotation fails, Secrets Manager retries the
    /// entire rotation process multiple times" (API reference, `DescribeSecret`).
    pub rotation_retry: Bounds,
    /// Until RDS notices that it cannot use the key of a database.
    pub key_watch: Bounds,
    /// Until an automated snapshot is removed after its retention period has ended.
    pub expiry: Bounds,
}

impl Default for Durations {
    fn default() -> Self {
        Self {
            // Always the same: the names of automated snapshots contain the minute in which a database becomes available.
            creation: Bounds::seconds(300, 300),
            restore: Bounds::seconds(240, 900),
            // Short: who takes snapshots at fixed times may take them in the backup window.
            backup: Bounds::seconds(1, 3),
            lag: Bounds::seconds(5, 60),
            modification: Bounds::seconds(60, 300),
            storage_optimization: Bounds::seconds(600, 3600),
            group: Bounds::seconds(30, 120),
            upgrade: Bounds::seconds(300, 900),
            renaming: Bounds::seconds(60, 180),
            reboot: Bounds::seconds(30, 120),
            failover: Bounds::seconds(10, 35),
            password: Bounds::seconds(15, 60),
            start: Bounds::seconds(240, 300),
            stop: Bounds::seconds(120, 300),
            deletion: Bounds::seconds(150, 180),
            log_upload: Bounds::seconds(30, 90),
            rotation_retry: Bounds::seconds(1800, 3600),
            key_watch: Bounds::seconds(1800, 3600),
            // Always the same: the next snapshot is complete by then.
            expiry: Bounds::seconds(3600, 3600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Duration};

    #[test]
    fn a_duration_is_within_its_bounds_and_never_zero() {
        for number in 0..1000 {
            let drawn = Bounds::seconds(2, 5).draw(number);
            assert!((Duration::from_secs(2)..=Duration::from_secs(5)).contains(&drawn), "{drawn:?}");
            assert!(Bounds::seconds(0, 0).draw(number) > Duration::ZERO);
            assert_eq!(Bounds::seconds(5, 2).draw(number), Duration::from_secs(5));
        }
    }
}
