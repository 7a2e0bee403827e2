//! The delays between looks at a copy in progress.
//!
//! The simulated copies have a constant speed. Their progress is in whole percent, rounded down, and at most 99 until they
//! are completed.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use protocol::wait::{self, Answer};
use protocol::{Kind, Snapshot, Tags};

use crate::fixtures::{self, SOURCE, snapshot_arn, time};

const MIN_DELAY: TimeDelta = TimeDelta::seconds(5);
const MAX_DELAY: TimeDelta = TimeDelta::hours(1);

fn start() -> DateTime<Utc> {
    time("2026-11-21T03:10:00Z")
}

fn copy(kind: Kind, progress: u8) -> Snapshot {
    Snapshot { progress, ..fixtures::snapshot(snapshot_arn(kind, SOURCE, "draco-a"), Tags::default()) }
}

fn next(kind: Kind, progress: u8, elapsed: TimeDelta) -> TimeDelta {
    wait::next_delay(&copy(kind, progress), start(), start() + elapsed)
}

/// How many looks precede the end of a copy of this duration, and how late the first look after its end is.
fn looks(gib: u32, duration: TimeDelta) -> (i64, TimeDelta) {
    let (mut elapsed, mut early) = (wait::first_delay(Kind::Cluster, gib), 0);
    while elapsed < duration {
        early += 1;
        assert!(early < 10_000, "{gib} GiB in {duration}: too many looks");
        let percent = elapsed.num_milliseconds() * 100 / duration.num_milliseconds();
        let Answer::Again { seconds } =
            Answer::again(next(Kind::Cluster, u8::try_from(percent.min(99)).unwrap(), elapsed))
        else {
            unreachable!("`again` returns Again")
        };
        elapsed += TimeDelta::seconds(seconds);
    }
    (early, elapsed - duration)
}

fn check_looks(gib: u32, gib_per_minute: f64) {
    #[expect(clippy::cast_possible_truncation, reason = "the number of milliseconds is small enough")]
    let duration = TimeDelta::milliseconds((f64::from(gib) / gib_per_minute * 60_000.0) as i64);
    let (early, late) = looks(gib, duration);
    let summary = format!(
        "{gib} GiB at {gib_per_minute} GiB/min take {duration}; {early} looks before the end, the next one {late} after it"
    );
    assert!(late <= TimeDelta::seconds(30).max(duration / 10), "{summary}");
    // The maximum delay is an hour, so each hour allows one more look.
    assert!(early <= 2 + duration.num_hours(), "{summary}");
    if gib_per_minute >= 10.0 && duration < MAX_DELAY {
        assert!(early <= 1, "{summary}");
    }
}

proptest! {
    #[test]
    fn a_cluster_copy_needs_at_most_two_early_looks_and_its_end_is_noticed_soon(
        gib in prop_oneof![5_u32..1_000, 5_u32..65_536], gib_per_minute in 1.0..100.0,
    ) {
        check_looks(gib, gib_per_minute);
    }

    #[test]
    fn every_delay_is_between_the_minimum_and_the_maximum(
        kind in fixtures::kind(), gib: u32, progress: u8, elapsed in -400_i64..40_000_000,
    ) {
        for delay in [wait::first_delay(kind, gib), next(kind, progress, TimeDelta::seconds(elapsed))] {
            prop_assert!((MIN_DELAY..=MAX_DELAY).contains(&delay), "{}", delay);
        }
    }

    /// Except at 0 percent: the copy may not have started yet, and may then be fast.
    #[test]
    fn more_progress_means_a_shorter_delay(kind in fixtures::kind(), elapsed in 0_i64..400_000) {
        let delays: Vec<_> = (1..=255).map(|progress| next(kind, progress, TimeDelta::seconds(elapsed))).collect();
        prop_assert!(delays.is_sorted_by(|one, other| one >= other), "{:?}", delays);
    }

    #[test]
    fn a_larger_snapshot_has_a_longer_first_delay(kind in fixtures::kind(), one in 2_u32.., other in 2_u32..) {
        prop_assert!(wait::first_delay(kind, one.min(other)) <= wait::first_delay(kind, one.max(other)));
    }

    /// Clocks can be wrong.
    #[test]
    fn any_two_times_and_any_progress_give_a_valid_delay(kind in fixtures::kind(), progress: u8, since in any_time(), now in any_time()) {
        let delay = wait::next_delay(&copy(kind, progress), since, now);
        prop_assert!((MIN_DELAY..=MAX_DELAY).contains(&delay), "{}", delay);
    }
}

fn any_time() -> impl Strategy<Value = DateTime<Utc>> {
    let (first, last) = (DateTime::<Utc>::MIN_UTC.timestamp(), DateTime::<Utc>::MAX_UTC.timestamp());
    (first..=last).prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap())
}

#[test]
fn round_sizes_and_speeds_satisfy_the_same_bounds() {
    for gib in [5, 10, 20, 50, 75, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 16_384, 65_536] {
        for gib_per_minute in [1.0, 2.0, 3.0, 5.0, 6.0, 7.5, 9.0, 10.0, 12.0, 20.0, 30.0, 50.0, 60.0, 90.0, 99.0, 100.0]
        {
            check_looks(gib, gib_per_minute);
        }
    }
}

#[test]
fn examples_of_first_delays() {
    let check =
        |kind, gib, seconds| assert_eq!(wait::first_delay(kind, gib), TimeDelta::seconds(seconds), "{kind:?} {gib}");
    check(Kind::Cluster, 2, 31);
    check(Kind::Cluster, 100, 90);
    // AWS returns no size for Aurora.
    check(Kind::Cluster, 0, 60);
    check(Kind::Cluster, 1, 60);
    check(Kind::Cluster, 6_000, 3_600);
    check(Kind::Instance, 0, 600);
    check(Kind::Instance, 100, 2_100);
    check(Kind::Instance, 1_000, 3_600);
}

#[test]
fn examples_of_next_delays() {
    let check = |kind, progress, elapsed, seconds| {
        assert_eq!(
            next(kind, progress, TimeDelta::seconds(elapsed)),
            TimeDelta::seconds(seconds),
            "{kind:?} {progress}"
        );
    };
    // No progress: the elapsed time again.
    check(Kind::Cluster, 0, 100, 100);
    // Below 10 percent: at the earliest possible end.
    check(Kind::Cluster, 1, 10, 490);
    check(Kind::Cluster, 9, 10, 90);
    // From 10 percent on: at the latest possible end.
    check(Kind::Cluster, 10, 10, 90);
    check(Kind::Cluster, 50, 100, 100);
    // At least five seconds, and a twentieth of the elapsed time.
    check(Kind::Cluster, 99, 100, 5);
    check(Kind::Cluster, 100, 10_000, 500);
    check(Kind::Cluster, 1, 10_000, 3_600);
    // Twice the remaining time, and at least ten minutes: the event should arrive earlier.
    check(Kind::Instance, 50, 1_000, 2_000);
    check(Kind::Instance, 99, 1_000, 600);
    check(Kind::Instance, 10, 1_000, 3_600);
    // A clock that was set back.
    check(Kind::Cluster, 50, -100, 5);
}

/// Step Functions ends an execution after 25,000 history entries; a look adds about a dozen.
#[test]
fn a_copy_that_does_not_progress_is_looked_at_less_and_less_often() {
    let (mut elapsed, mut looks) = (TimeDelta::minutes(1), 0);
    while elapsed < TimeDelta::hours(24) {
        elapsed += next(Kind::Cluster, 100, elapsed);
        looks += 1;
    }
    assert!(looks < 200, "{looks} looks in a day");
}

#[test]
fn a_delay_is_rounded_up_to_whole_seconds_and_is_at_least_one() {
    let again = |delay| Answer::again(delay);
    assert_eq!(again(TimeDelta::milliseconds(-5)), Answer::Again { seconds: 1 });
    assert_eq!(again(TimeDelta::zero()), Answer::Again { seconds: 1 });
    assert_eq!(again(TimeDelta::milliseconds(7_001)), Answer::Again { seconds: 8 });
    assert_eq!(again(TimeDelta::seconds(7)), Answer::Again { seconds: 7 });
}

#[test]
fn a_transit_copy_is_looked_for_four_times_in_ten_minutes() {
    let (mut elapsed, mut looks) = (TimeDelta::zero(), Vec::new());
    while let Some(delay) = wait::next_share_look(elapsed) {
        // Each look is a little late.
        elapsed += delay + TimeDelta::milliseconds(300);
        looks.push(elapsed.num_seconds());
    }
    assert_eq!(looks, [20, 60, 240, 600]);
}
