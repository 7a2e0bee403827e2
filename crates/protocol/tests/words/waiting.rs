//! How long until the next look.
//!
//! The copies here go at one rate, and tell how far they are in whole percents, rounded down, 99 until they are whole.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use protocol::wait::{self, Answer};
use protocol::{Kind, Snapshot, Tags};

use crate::given::{self, SOURCE, snapshot_arn, time};

const SHORTEST: TimeDelta = TimeDelta::seconds(5);
const LONGEST: TimeDelta = TimeDelta::hours(1);

fn start() -> DateTime<Utc> {
    time("2026-11-21T03:10:00Z")
}

fn copy(kind: Kind, progress: u8) -> Snapshot {
    Snapshot { progress, ..given::snapshot(snapshot_arn(kind, SOURCE, "draco-a"), Tags::default()) }
}

fn next(kind: Kind, progress: u8, passed: TimeDelta) -> TimeDelta {
    wait::next_delay(&copy(kind, progress), start(), start() + passed)
}

/// The looks at a copy that takes so long: how many before it is whole, and how late the one after that is.
fn looks(gib: u32, takes: TimeDelta) -> (i64, TimeDelta) {
    let (mut passed, mut unfinished) = (wait::first_delay(Kind::Cluster, gib), 0);
    while passed < takes {
        unfinished += 1;
        assert!(unfinished < 10_000, "{gib} GiB in {takes} are looked at all the time");
        let percent = passed.num_milliseconds() * 100 / takes.num_milliseconds();
        let Answer::Again { seconds } =
            Answer::again(next(Kind::Cluster, u8::try_from(percent.min(99)).unwrap(), passed))
        else {
            unreachable!("it is asked again")
        };
        passed += TimeDelta::seconds(seconds);
    }
    (unfinished, passed - takes)
}

fn check_looks(gib: u32, gib_per_minute: f64) {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds, of which there are few enough")]
    let takes = TimeDelta::milliseconds((f64::from(gib) / gib_per_minute * 60_000.0) as i64);
    let (unfinished, late) = looks(gib, takes);
    let told = format!(
        "{gib} GiB at {gib_per_minute} GiB/min take {takes}; {unfinished} looks before the end, and {late} after"
    );
    assert!(late <= TimeDelta::seconds(30).max(takes / 10), "{told}");
    // No two looks are more than an hour apart, so each further hour may bring one more.
    assert!(unfinished <= 2 + takes.num_hours(), "{told}");
    if gib_per_minute >= 10.0 && takes < LONGEST {
        assert!(unfinished <= 1, "{told}");
    }
}

proptest! {
    #[test]
    fn a_cluster_s_copy_is_looked_at_twice_at_most_before_it_is_whole_and_hardly_later_than_it_is(
        gib in prop_oneof![5_u32..1_000, 5_u32..65_536], gib_per_minute in 1.0..100.0,
    ) {
        check_looks(gib, gib_per_minute);
    }

    #[test]
    fn no_wait_is_shorter_than_the_shortest_or_longer_than_the_longest(
        kind in given::kind(), gib: u32, progress: u8, passed in -400_i64..40_000_000,
    ) {
        for wait in [wait::first_delay(kind, gib), next(kind, progress, TimeDelta::seconds(passed))] {
            prop_assert!((SHORTEST..=LONGEST).contains(&wait), "{}", wait);
        }
    }

    /// But for 0 percent, when it may not have begun, and then be fast.
    #[test]
    fn the_further_it_is_the_sooner_it_is_looked_at(kind in given::kind(), passed in 0_i64..400_000) {
        let waits: Vec<_> = (1..=255).map(|progress| next(kind, progress, TimeDelta::seconds(passed))).collect();
        prop_assert!(waits.is_sorted_by(|earlier, later| earlier >= later), "{:?}", waits);
    }

    #[test]
    fn the_larger_it_is_the_later_is_the_first_look(kind in given::kind(), one in 2_u32.., other in 2_u32..) {
        prop_assert!(wait::first_delay(kind, one.min(other)) <= wait::first_delay(kind, one.max(other)));
    }

    /// Whatever a clock says.
    #[test]
    fn any_two_times_and_any_progress_make_a_wait(kind in given::kind(), progress: u8, since in any_time(), now in any_time()) {
        let wait = wait::next_delay(&copy(kind, progress), since, now);
        prop_assert!((SHORTEST..=LONGEST).contains(&wait), "{}", wait);
    }
}

fn any_time() -> impl Strategy<Value = DateTime<Utc>> {
    let (first, last) = (DateTime::<Utc>::MIN_UTC.timestamp(), DateTime::<Utc>::MAX_UTC.timestamp());
    (first..=last).prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap())
}

#[test]
fn copies_of_round_sizes_at_round_rates_keep_the_law_too() {
    for gib in [5, 10, 20, 50, 75, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 16_384, 65_536] {
        for gib_per_minute in [1.0, 2.0, 3.0, 5.0, 6.0, 7.5, 9.0, 10.0, 12.0, 20.0, 30.0, 50.0, 60.0, 90.0, 99.0, 100.0]
        {
            check_looks(gib, gib_per_minute);
        }
    }
}

#[test]
fn first_looks_are_as_late_as_the_kind_allows() {
    let check =
        |kind, gib, seconds| assert_eq!(wait::first_delay(kind, gib), TimeDelta::seconds(seconds), "{kind:?} {gib}");
    check(Kind::Cluster, 2, 31);
    check(Kind::Cluster, 100, 90);
    // Of Aurora AWS does not tell.
    check(Kind::Cluster, 0, 60);
    check(Kind::Cluster, 1, 60);
    check(Kind::Cluster, 6_000, 3_600);
    check(Kind::Instance, 0, 600);
    check(Kind::Instance, 100, 2_100);
    check(Kind::Instance, 1_000, 3_600);
}

#[test]
fn next_looks_come_when_it_should_be_whole_or_is_known_better() {
    let check = |kind, progress, passed, seconds| {
        assert_eq!(
            next(kind, progress, TimeDelta::seconds(passed)),
            TimeDelta::seconds(seconds),
            "{kind:?} {progress}"
        );
    };
    // Not begun: after as long again.
    check(Kind::Cluster, 0, 100, 100);
    // Below ten percent: at the soonest that it can be whole.
    check(Kind::Cluster, 1, 10, 490);
    check(Kind::Cluster, 9, 10, 90);
    // From then on: at the latest.
    check(Kind::Cluster, 10, 10, 90);
    check(Kind::Cluster, 50, 100, 100);
    // Never sooner than in five seconds, or in a twentieth of what has passed.
    check(Kind::Cluster, 99, 100, 5);
    check(Kind::Cluster, 100, 10_000, 500);
    check(Kind::Cluster, 1, 10_000, 3_600);
    // Twice as long, and ten minutes at least: the event should come sooner.
    check(Kind::Instance, 50, 1_000, 2_000);
    check(Kind::Instance, 99, 1_000, 600);
    check(Kind::Instance, 10, 1_000, 3_600);
    // A clock that goes back.
    check(Kind::Cluster, 50, -100, 5);
}

/// Step Functions ends an execution after 25,000 entries in its history; a look makes a dozen.
#[test]
fn a_copy_that_stays_at_its_last_percent_is_not_looked_at_all_the_time() {
    let (mut passed, mut asked) = (TimeDelta::minutes(1), 0);
    while passed < TimeDelta::hours(24) {
        passed += next(Kind::Cluster, 100, passed);
        asked += 1;
    }
    assert!(asked < 200, "{asked} times in a day");
}

#[test]
fn the_timer_is_asked_to_wait_for_whole_seconds_and_one_at_least() {
    let again = |wait| Answer::again(wait);
    assert_eq!(again(TimeDelta::milliseconds(-5)), Answer::Again { seconds: 1 });
    assert_eq!(again(TimeDelta::zero()), Answer::Again { seconds: 1 });
    assert_eq!(again(TimeDelta::milliseconds(7_001)), Answer::Again { seconds: 8 });
    assert_eq!(again(TimeDelta::seconds(7)), Answer::Again { seconds: 7 });
}
