//! `decide` does what the table in its documentation states, for every observable state.

#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use chrono::TimeDelta;
use consumer::decide::{Admission, Existing, Observed, Reported, Requester, Step, Transit, Turn, decide};
use consumer::limits::Exceeded;
use protocol::{
    Announcement, Attempt, DatabaseArn, Engine, Origin, RefusalReason, Snapshot, SnapshotArn, Status, Tags, tags,
};

const DELAY: TimeDelta = TimeDelta::seconds(20);

/// A row of the table as the documentation has it, whether it matches, and the step with what it carries.
type Row = (&'static str, fn(&Observed) -> bool, fn(Observed) -> Step);

const ROWS: [Row; 21] = [
    (
        "| another snapshot        | any                            | any       | `Refuse(NameTaken)`        |",
        |o| o.copy == Existing::OtherSnapshot,
        |_| Step::Refuse(RefusalReason::NameTaken),
    ),
    (
        "| not as announced        | any                            | any       | `RefuseCopy`               |",
        |o| matches!(o.copy, Existing::NotAsAnnounced { .. }),
        |_| Step::RefuseCopy { difference: DIFFERENCE.to_owned() },
    ),
    (
        "| in progress             | any                            | any       | `Wait`                     |",
        |o| matches!(status(o), Some(Status::Creating | Status::Copying)),
        |o| Step::Wait { copy: copy(o) },
    ),
    (
        "| failed, reported        | any                            | source    | `ReportDamage`             |",
        |o| status(o) == Some(Status::Failed) && o.requester == Requester::Source,
        |o| Step::ReportDamage { copy: copy(o).arn },
    ),
    (
        "| failed, reported        | any                            | DR, timer | `NoAction`                 |",
        |o| status(o) == Some(Status::Failed),
        |_| Step::NoAction,
    ),
    (
        "| deleting                | any                            | any       | `NoAction`                 |",
        |o| status(o) == Some(Status::Deleting),
        |_| Step::NoAction,
    ),
    (
        "| available, not reported | any                            | any       | `Complete`                 |",
        |o| matches!(o.copy, Existing::Copy { reported: Reported::No, .. }),
        |o| Step::Complete { copy: copy(o) },
    ),
    (
        "| available, reported     | any                            | source    | `ReportAgain`              |",
        |o| status(o).is_some() && o.requester == Requester::Source,
        |o| Step::ReportAgain { copy: copy(o).arn },
    ),
    (
        "| available, reported     | any                            | DR, timer | `NoAction`                 |",
        |o| status(o).is_some(),
        |_| Step::NoAction,
    ),
    (
        "| failed                  | any                            | timer     | `ReportFailure`            |",
        |o| failed(o).is_some() && o.requester == Requester::Timer,
        |o| Step::ReportFailure { copies: failed(&o).expect("failed copies").0 },
    ),
    (
        "| failed, no attempt left | any                            | source    | `RefuseFailed`             |",
        |o| failed(o).is_some_and(|(_, next)| next.is_none()) && o.requester == Requester::Source,
        |o| Step::RefuseFailed { copies: failed(&o).expect("failed copies").0 },
    ),
    (
        "| failed, no attempt left | any                            | DR        | `NoAction`                 |",
        |o| failed(o).is_some_and(|(_, next)| next.is_none()),
        |_| Step::NoAction,
    ),
    (
        "| none, failed            | not observed                   | any       | `NoAction`                 |",
        |o| o.transit == Transit::NotObserved,
        |_| Step::NoAction,
    ),
    (
        "| none, failed            | renamed, region unreachable    | any       | `NoAction`                 |",
        |o| matches!(o.transit, Transit::Renamed | Transit::Unreachable),
        |_| Step::NoAction,
    ),
    (
        "| none, failed            | not visible                    | any       | `WaitForShare`             |",
        |o| matches!(o.transit, Transit::NotVisible { .. }),
        |_| Step::WaitForShare { announcement: announcement(), delay: DELAY },
    ),
    (
        "| none, failed            | never visible                  | any       | `Refuse(NotShared)`        |",
        |o| o.transit == Transit::NeverVisible,
        |_| Step::Refuse(RefusalReason::NotShared),
    ),
    (
        "| none, failed            | taken after it was created     | any       | `Refuse(TakenLater)`       |",
        |o| admission(o) == Some(Admission::TakenLater),
        |_| Step::Refuse(RefusalReason::TakenLater),
    ),
    (
        "| none, failed            | unencrypted, forbidden         | any       | `Refuse(PlaintextCluster)` |",
        |o| admission(o) == Some(Admission::PlaintextForbidden),
        |_| Step::Refuse(RefusalReason::PlaintextCluster),
    ),
    (
        "| none, failed            | over a limit of the account    | any       | `RefuseLimit`              |",
        |o| o.transit == Transit::OverLimit(exceeded()),
        |_| Step::RefuseLimit(exceeded()),
    ),
    (
        "| none, failed            | visible, others wait           | any       | `Queue`                    |",
        |o| matches!(o.transit, Transit::Visible { turn: Turn::Later, .. }),
        |_| Step::Queue { announcement: announcement() },
    ),
    (
        "| none, failed            | visible                        | any       | `StartCopy`                |",
        |o| admission(o).is_some(),
        |o| Step::StartCopy {
            announcement: announcement(),
            transit: snapshot(announcement().transit, Status::Available),
            attempt: failed(&o).map_or(Attempt::FIRST, |(_, next)| next.expect("an attempt")),
            previous: None,
        },
    ),
];

const DIFFERENCE: &str = "another database";

fn origin() -> Origin {
    Origin {
        snapshot: "arn:aws:rds:eu-west-1:111111111111:snapshot:rds:orders-2026-11-21-03-05".parse().expect("an ARN"),
        database: "arn:aws:rds:eu-west-1:111111111111:db:orders".parse::<DatabaseArn>().expect("an ARN"),
        taken: "2026-11-21T03:05:00Z".parse().expect("a time"),
    }
}

fn announcement() -> Announcement {
    Announcement { transit: origin().transit(), origin: origin(), tags: Tags::default() }
}

fn snapshot(arn: SnapshotArn, status: Status) -> Snapshot {
    Snapshot {
        arn,
        database: "orders".into(),
        resource_id: None,
        engine: Engine::Rds,
        status,
        progress: 100,
        gib: 20,
        is_encrypted: true,
        key: None,
        created: None,
        original_created: None,
        copied_from: None,
        tags: Tags::default(),
    }
}

fn status(observed: &Observed) -> Option<Status> {
    match &observed.copy {
        Existing::Copy { snapshot, .. } => Some(snapshot.status),
        _ => None,
    }
}

/// The failed copies and the next attempt, if all attempts so far have failed.
fn failed(observed: &Observed) -> Option<(Vec<SnapshotArn>, Option<Attempt>)> {
    match &observed.copy {
        Existing::Failed { copies, next } => Some((copies.clone(), *next)),
        _ => None,
    }
}

fn copy(observed: Observed) -> Snapshot {
    match observed.copy {
        Existing::Copy { snapshot, .. } => snapshot,
        _ => panic!("no copy"),
    }
}

fn exceeded() -> Exceeded {
    Exceeded::Copies(origin().database.place.account, 10, 10)
}

fn admission(observed: &Observed) -> Option<Admission> {
    match &observed.transit {
        Transit::Visible { admission, .. } => Some(*admission),
        _ => None,
    }
}

fn every_observable_state() -> Vec<Observed> {
    let dr = "arn:aws:rds:eu-west-1:222222222222:snapshot:draco-111111111111-rds-orders-2026-11-21-03-05";
    let existing = Status::ALL.into_iter().flat_map(|status| {
        let copy = snapshot(dr.parse().expect("an ARN"), status);
        let reported =
            [Reported::No, Reported::Yes].map(|reported| Existing::Copy { snapshot: copy.clone(), reported });
        // A copy that failed before it was reported is an attempt.
        reported.into_iter().filter(move |copy| {
            status != Status::Failed || matches!(copy, Existing::Copy { reported: Reported::Yes, .. })
        })
    });
    let failed =
        [Attempt::FIRST.next(), None].map(|next| Existing::Failed { copies: vec![dr.parse().expect("an ARN")], next });
    let others =
        [Existing::None, Existing::OtherSnapshot, Existing::NotAsAnnounced { difference: DIFFERENCE.to_owned() }];
    let copies: Vec<_> = others.into_iter().chain(failed).chain(existing).collect();
    let admissions =
        [Admission::Encrypted, Admission::PlaintextAllowed, Admission::PlaintextForbidden, Admission::TakenLater];
    let visible = admissions.into_iter().flat_map(|admission| [(admission, Turn::Now), (admission, Turn::Later)]);
    let visible = visible.map(|(admission, turn)| Transit::Visible {
        announcement: announcement(),
        snapshot: snapshot(announcement().transit, Status::Available),
        admission,
        previous: None,
        turn,
    });
    let not_visible = Transit::NotVisible { announcement: announcement(), delay: DELAY };
    let others = [Transit::NotObserved, Transit::Renamed, Transit::Unreachable, not_visible, Transit::NeverVisible];
    let transits: Vec<_> = others.into_iter().chain([Transit::OverLimit(exceeded())]).chain(visible).collect();
    let mut states = Vec::new();
    for copy in &copies {
        for transit in &transits {
            for requester in [Requester::Source, Requester::Timer, Requester::Dr] {
                states.push(Observed { copy: copy.clone(), transit: transit.clone(), requester });
            }
        }
    }
    states
}

#[test]
fn the_first_matching_row_is_the_step_for_every_observable_state() {
    let mut used = [false; ROWS.len()];
    for observed in every_observable_state() {
        let (nth, (_, _, step)) =
            ROWS.iter().enumerate().find(|(_, (_, matches, _))| matches(&observed)).expect("a row");
        used[nth] = true;
        assert_eq!(decide(observed.clone()), step(observed.clone()), "{observed:?}");
    }
    assert_eq!(used, [true; ROWS.len()], "every row is used");
}

#[test]
fn the_tested_table_is_the_documented_table() {
    let source = include_str!("../src/decide.rs");
    let rows = source.lines().filter_map(|line| line.trim().strip_prefix("/// |")).map(|row| format!("|{row}")).skip(2);
    assert_eq!(rows.collect::<Vec<_>>(), ROWS.map(|(text, ..)| text));
}

#[test]
fn no_second_copy_is_started() {
    // Invariant 9.
    for observed in every_observable_state() {
        let exists = !matches!(observed.copy, Existing::None | Existing::Failed { .. });
        assert!(!exists || !matches!(decide(observed), Step::StartCopy { .. }));
    }
}

#[test]
fn an_unencrypted_cluster_snapshot_is_copied_only_where_that_is_allowed() {
    // Invariant 2.
    for observed in every_observable_state() {
        let may = matches!(admission(&observed), Some(Admission::Encrypted | Admission::PlaintextAllowed));
        assert!(may || !matches!(decide(observed), Step::StartCopy { .. }));
    }
}

// Invariant 10.
#[test]
fn a_finished_copy_is_compared_with_its_origin_until_it_is_reported() {
    let (origin, dr) = (origin(), "arn:aws:rds:eu-west-1:222222222222:snapshot:other".parse::<SnapshotArn>());
    let dr = dr.expect("an ARN").place;
    let copy = Snapshot { tags: origin.to_tags(), ..snapshot(origin.copy(&dr), Status::Available) };
    let differs = |snapshot: Snapshot| matches!(Existing::of(Some(snapshot), &origin), Existing::NotAsAnnounced { .. });
    let at = |seconds: i64| Some(origin.taken + chrono::TimeDelta::milliseconds(seconds * 1000 + 40));
    assert!(!differs(copy.clone()));
    assert!(!differs(Snapshot { database: "Orders".into(), ..copy.clone() }), "identifiers have no case");
    assert!(!differs(Snapshot { original_created: at(0), copied_from: Some(origin.transit().into()), ..copy.clone() }));
    let wrong = [
        Snapshot { database: "customers".into(), ..copy.clone() },
        Snapshot { original_created: at(60), ..copy.clone() },
        Snapshot { original_created: at(-60), ..copy.clone() },
        Snapshot { copied_from: Some(origin.copy(&dr).into()), ..copy.clone() },
    ];
    for wrong in wrong {
        assert!(differs(wrong.clone()), "{wrong:?}");
        assert!(
            !differs(Snapshot { status: Status::Copying, ..wrong.clone() }),
            "AWS describes it when it is finished"
        );
        let tags = wrong.tags.clone().with([(tags::REPORTED, "2026-11-21T04:00:00Z")]);
        assert!(!differs(Snapshot { tags, ..wrong }), "it was compared before it was reported");
    }
}

// Invariant 9.
#[test]
fn a_reported_copy_counts_first_then_one_that_has_not_failed_then_the_failed_ones() {
    let (origin, dr) = (origin(), "arn:aws:rds:eu-west-1:222222222222:snapshot:other".parse::<SnapshotArn>());
    let dr = dr.expect("an ARN").place;
    let [first, second, ..] = Attempt::ALL;
    let copy = |attempt, status| Snapshot { tags: origin.to_tags(), ..snapshot(origin.copy_of(attempt, &dr), status) };
    let reported = |copy: Snapshot| {
        let tags = copy.tags.clone().with([(tags::REPORTED, "2026-11-21T04:00:00Z")]);
        Snapshot { tags, ..copy }
    };
    let failed = copy(first, Status::Failed);
    let running = copy(second, Status::Copying);
    let of = |copies: &[Snapshot]| Existing::of(copies.to_vec(), &origin);
    assert_eq!(of(&[]), Existing::None);
    let (copies, next) = (vec![failed.arn.clone()], Some(second));
    assert_eq!(of(std::slice::from_ref(&failed)), Existing::Failed { copies, next });
    let in_progress = Existing::Copy { snapshot: running.clone(), reported: Reported::No };
    assert_eq!(of(&[failed.clone(), running.clone()]), in_progress);
    let complete = reported(copy(first, Status::Available));
    assert_eq!(of(&[running, complete.clone()]), Existing::Copy { snapshot: complete, reported: Reported::Yes });
    let foreign = Snapshot { tags: Tags::default(), ..failed };
    assert_eq!(of(&[foreign]), Existing::OtherSnapshot);
}
