//! What DR knows of its copies, and what follows from it, case by case.

use archive::expired::{expired, in_force};
use archive::limits::{Candidates, Held};
use archive::{Archive, Decision, Limits, SilencePolicy};
use chrono::TimeDelta;
use protocol::{Attempt, Kind, Status, tags};
use retention::{Lifecycle, Rules};

use crate::support::{CopyOf, at, database, dr, history, known};

/// A copy of the nth day of November, at noon.
fn on(day: u32) -> CopyOf {
    CopyOf::new("c", Kind::Instance, at(&format!("2026-11-{day:02}T12:00:00Z"))).lifecycle("Last")
}

fn floor(rules: &str) -> Lifecycle {
    serde_json::from_str::<Rules>(rules).unwrap().named("Floor")
}

/// The days whose copies have expired, under a floor that keeps only the newest.
#[track_caller]
fn check(copies: &[CopyOf], days: &[u32]) {
    let history = history(copies);
    let expired = expired(&history, &known(), &floor(r#"{"last": 1}"#));
    let found: Vec<u32> = expired.iter().map(|expired| expired.copy.source[8..10].parse().unwrap()).collect();
    // c-20261105
    assert_eq!(found, days);
}

// Invariant 7.
#[test]
fn the_newest_copy_never_expires() {
    check(&[], &[]);
    check(&[on(1)], &[]);
    check(&[on(1), on(2), on(3)], &[1, 2]);
}

// Invariant 17.
#[test]
fn a_copy_expires_only_if_every_lifecycle_in_force_lets_it_go() {
    check(&[on(1), on(2), on(3), on(4).lifecycle("Test"), on(5)], &[]);
    // The last copy of 35 days ago still counts, and that of a day before does not.
    let october =
        |day: u32| CopyOf::new("c", Kind::Instance, at(&format!("2026-10-{day:02}T12:00:00Z"))).lifecycle("Test");
    check(&[october(1), october(5), on(1), on(2), on(8), on(9)], &[1]);
    check(&[october(1), october(4), on(1), on(2), on(8), on(9)], &[1, 4, 1, 2, 8]);
}

#[test]
fn unknown_and_missing_lifecycles_keep_every_copy() {
    check(&[on(1), on(2).lifecycle("Standrad"), on(3)], &[]);
    check(&[on(1), on(2).lifecycle("Ignore"), on(3)], &[]);
    check(&[on(1), CopyOf { lifecycle: None, ..on(2) }, on(3)], &[]);
}

// Invariant 17.
#[test]
fn an_accepted_copy_ends_the_lifecycles_of_older_copies() {
    let old = [on(1).lifecycle("Test"), on(2).lifecycle("Test"), on(3)];
    check(&[&old[..], &[on(4)]].concat(), &[]);
    check(&[&old[..], &[on(4).tag(tags::ACCEPTED, "2026-11-04T13:00:00Z")]].concat(), &[1, 2, 3]);
    // What arrives later counts again.
    let later = [on(4).tag(tags::ACCEPTED, "x"), on(5).lifecycle("Standard")];
    let history = history(&[&old[..], &later].concat());
    let names: Vec<_> = in_force(&history, &known()).iter().map(|lifecycle| lifecycle.name().to_owned()).collect();
    assert_eq!(names, ["Last", "Standard"]);
}

#[test]
fn the_last_copy_that_names_a_lifecycle_in_force_is_kept() {
    // `Archive` keeps two days and the newest of each month. Its last copy is kept by none of its rules.
    check(&[on(1).lifecycle("Archive"), on(2).lifecycle("Archive"), on(3), on(4), on(5)], &[1, 3]);
}

#[test]
fn each_lifecycle_in_force_gives_its_reason() {
    let history = history(&[on(1), on(2).lifecycle("Archive"), on(3), on(4), on(5)]);
    let expired = expired(&history, &known(), &floor(r#"{"last": 1}"#));
    assert_eq!(
        expired[0].why,
        "Archive: delete: daily keeps 2 days, this is the 5th; monthly keeps only the newest of a month | \
         Last: delete: last keeps 1 snapshot, this is the 5th"
    );
}

// Invariant 5.
#[test]
fn only_complete_copies_count() {
    let not_reported = CopyOf { is_reported: false, ..on(5) };
    let copying = CopyOf { status: Status::Copying, ..on(6) };
    let failed = CopyOf { status: Status::Failed, is_reported: false, ..on(7) };
    check(&[on(1), on(2), not_reported, copying, failed], &[1]);
    // A copy whose name is not the one that Draco gives it.
    let mut foreign = on(8).snapshot();
    foreign.arn = on(9).snapshot().arn;
    assert_eq!(Archive::of(dr(), [&foreign]), Archive::new(dr()));
}

#[test]
fn a_failed_copy_is_listed_with_its_attempt() {
    let failed = |was_reported, attempt| CopyOf { status: Status::Failed, is_reported: was_reported, attempt, ..on(7) };
    let second = Attempt::FIRST.next().unwrap();
    let copies = [failed(false, Attempt::FIRST), failed(true, second)];
    let history = history(&copies);
    assert_eq!(
        history.failed.iter().map(|it| (it.attempt, it.was_reported)).collect::<Vec<_>>(),
        [(Attempt::FIRST, false), (second, true)]
    );
    let arns: Vec<_> = history.failed.iter().map(|failed| failed.arn(&database(Kind::Instance), &dr())).collect();
    assert_eq!(arns, copies.map(|copy| Some(copy.snapshot().arn)));
}

/// A status that Draco does not know is read as [`Status::Copying`].
// Invariants 1 and 15.
#[test]
fn a_copy_that_was_complete_and_is_no_longer_available_counts_as_damaged() {
    for status in [Status::Creating, Status::Copying, Status::Failed] {
        let history = history(&[CopyOf { status, ..on(7) }]);
        assert_eq!(history.failed.iter().map(|it| it.was_reported).collect::<Vec<_>>(), [true], "{status:?}");
    }
    assert_eq!(history(&[on(7)]).failed, []);
}

/// Point 15 of the review: tags are most of the bytes of a snapshot, and none of them is needed.
#[test]
fn the_records_hold_no_tags() {
    let plain: Vec<_> = (1..30).map(|day| on(day).snapshot()).collect();
    let large: Vec<_> = (1..30)
        .map(|day| (0..40).fold(on(day), |copy, nth| copy.tag(&format!("key-{nth}"), &"x".repeat(256))).snapshot())
        .collect();
    assert_eq!(Archive::of(dr(), &plain), Archive::of(dr(), &large));
    assert_eq!(size_of::<archive::Copy>(), 80, "bytes of a record, beside the identifier of the source");
}

/// The age at which a database with these copies becomes silent, in days.
#[track_caller]
fn silent_after(copies: &[CopyOf], days: Option<i64>) {
    let history = history(copies);
    let policy = SilencePolicy { max_age: TimeDelta::days(3) };
    let last = history.copies.iter().map(|copy| copy.planned).max().unwrap();
    let silent = |days: i64| policy.check(&history, last + TimeDelta::days(days) + TimeDelta::seconds(1));
    assert_eq!((0..400).find(|days| silent(*days).is_some()), days);
}

// Invariant 15.
#[test]
fn a_database_is_silent_after_three_days_and_three_times_its_usual_interval() {
    silent_after(&[on(1)], Some(3));
    silent_after(&[on(1), on(2), on(3)], Some(3));
    silent_after(&[on(1), on(8), on(15)], Some(21));
    // One interval is not usual: the first copy may be of a manual snapshot that is a year old.
    let year = |year: i32| CopyOf::new("y", Kind::Instance, at(&format!("{year}-11-01T12:00:00Z")));
    silent_after(&[year(2025), on(1)], Some(3));
    silent_after(&[year(2024), year(2025), on(1)], Some(3 * 31));
    // What the lifecycle keeps of the past does not count.
    let october = |day: u32| CopyOf::new("c", Kind::Instance, at(&format!("2026-10-{day:02}T12:00:00Z")));
    let past = [october(1), october(8), october(15), october(22)];
    let recent: Vec<_> = (20..28).map(on).collect();
    silent_after(&[&past[..], &recent].concat(), Some(3));
}

// Invariant 15.
#[test]
fn copies_of_old_snapshots_do_not_hide_silence() {
    let old = on(9).taken(at("2026-11-01T12:00:01Z"));
    let history = history(&[on(1), on(2), on(3), old]);
    let policy = SilencePolicy { max_age: TimeDelta::days(3) };
    let silence = policy.check(&history, at("2026-11-09T13:00:00Z")).expect("silent");
    assert_eq!((silence.newest.planned, silence.age.num_days()), (at("2026-11-03T12:00:00Z"), 6));
}

// Invariant 15.
#[test]
fn a_database_is_retired_by_a_mark_on_its_last_copy() {
    silent_after(&[on(1), on(2).tag(tags::RETIRED, "2026-11-02T13:00:00Z")], None);
    silent_after(&[on(1).tag(tags::RETIRED, "2026-11-02T13:00:00Z"), on(2)], Some(3));
}

/// The decision about databases with so many copies and expired copies.
fn decision(databases: &[(usize, usize)], accepted: Option<usize>) -> Decision<usize, usize> {
    let limits = Limits { per_run: 10, share: 25 };
    let candidates = databases.iter().enumerate().map(|(database, (copies, expired))| Candidates {
        database,
        copies: *copies,
        expired: (0..*expired).collect(),
    });
    limits.decide(candidates, accepted)
}

// Invariant 17.
#[test]
fn a_database_over_its_share_is_held_and_the_others_are_not() {
    assert_eq!(decision(&[(40, 10)], None), Decision::Delete { expired: vec![(0, (0..10).collect())], held: vec![] });
    let held = vec![Held { database: 0, expired: 11, limit: 10 }];
    assert_eq!(decision(&[(43, 11), (9, 1)], None), Decision::Delete { expired: vec![(1, vec![0])], held });
}

// Invariant 17.
#[test]
fn two_copies_of_a_small_database_may_always_be_deleted() {
    assert_eq!(decision(&[(3, 2)], None), Decision::Delete { expired: vec![(0, vec![0, 1])], held: vec![] });
    let held = vec![Held { database: 0, expired: 3, limit: 2 }];
    assert_eq!(decision(&[(4, 3)], None), Decision::Delete { expired: vec![], held });
}

// Invariant 17.
#[test]
fn a_run_over_its_limit_deletes_nothing() {
    assert_eq!(decision(&[(40, 6), (40, 5)], None), Decision::HoldAll { expired: 11, held: vec![] });
}

// Invariant 17.
#[test]
fn what_a_person_accepts_replaces_both_limits() {
    let all = Decision::Delete { expired: vec![(0, (0..9).collect()), (1, (0..9).collect())], held: vec![] };
    assert_eq!(decision(&[(10, 9), (10, 9)], Some(18)), all);
    assert_eq!(decision(&[(10, 9), (10, 9)], Some(17)), Decision::HoldAll { expired: 18, held: vec![] });
}

/// The days whose copies are missing, if the source account has sources of these days and DR has these copies.
#[track_caller]
fn check_missing(sources: &[u32], copies: &[CopyOf], days: &[u32]) {
    let origins: Vec<_> = sources.iter().map(|day| on(*day).snapshot()).map(|copy| origin(&copy)).collect();
    let held: Vec<_> = copies.iter().map(|copy| origin(&copy.snapshot())).collect();
    let history = history(copies);
    let missing = archive::missing(&history, &origins, |origin| held.contains(origin), &known());
    let found: Vec<u32> = missing.iter().map(|origin| origin.snapshot.id()[8..10].parse().unwrap()).collect();
    assert_eq!(found, days);
}

fn origin(copy: &protocol::Snapshot) -> protocol::Origin {
    protocol::Origin::from_tags(&copy.tags).expect("an origin")
}

// Invariant 1.
#[test]
fn a_source_whose_copy_is_gone_is_missing_if_a_lifecycle_in_force_would_keep_it() {
    check_missing(&[1, 2, 3], &[on(1), on(2), on(3)], &[]);
    // Last keeps the newest only: older ones have expired.
    check_missing(&[1, 2, 3], &[on(3)], &[]);
    check_missing(&[1, 2, 3], &[on(1), on(2)], &[3]);
    // Another lifecycle in force keeps them.
    check_missing(&[1, 2, 3], &[on(2).lifecycle("Test"), on(3)], &[1]);
    // Nothing says which copies may be deleted.
    check_missing(&[1, 2], &[], &[1, 2]);
    check_missing(&[1, 2], &[CopyOf { lifecycle: None, ..on(3) }], &[1, 2]);
    check_missing(&[1, 2], &[on(3).lifecycle("Standrad")], &[1, 2]);
}
