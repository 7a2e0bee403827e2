//! `decide` does what the table in its documentation states, for every observable state.

#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use chrono::{DateTime, Utc};
use producer::decide::{
    Base, DatabaseStep, IgnoreReason, NoActionReason, Observed, Outcome, Reply, Source, Step, Wanted, decide,
    decide_by_database, is_confirmed,
};
use protocol::{Database, Engine, Kind, RefusalReason, Snapshot, SnapshotArn, Spec, Status, Tags, tags};

/// A row of the table as the documentation has it, whether it matches, and the step with what it carries.
type Row = (&'static str, fn(&Observed) -> bool, fn(Observed) -> Step);

const ROWS: [Row; 19] = [
    (
        "| completed  | gone, or not observed         | any          | `ConfirmGone`    |",
        |o| is_completed(o) && is_gone(o),
        |o| Step::ConfirmGone { copy: copy(), transit: o.transit },
    ),
    ("| completed  | any                           | any          | `Confirm`        |", is_completed, |o| {
        Step::Confirm { copy: copy(), transit: o.transit }
    }),
    (
        "| no copy    | gone, or not observed         | none         | `ReportLost`     |",
        |o| refusal(o).is_some() && is_gone(o) && o.transit.is_none(),
        |o| Step::ReportLost { reason: refusal(&o).expect("a refusal"), why: "why".to_owned() },
    ),
    (
        "| no copy    | gone, or not observed         | any          | `KeepTransit`    |",
        |o| refusal(o).is_some() && is_gone(o),
        |o| Step::KeepTransit { reason: refusal(&o).expect("a refusal"), why: "why".to_owned() },
    ),
    (
        "| not now    | any but copied                | any          | `KeepTransit`    |",
        |o| refusal(o).is_some_and(RefusalReason::keeps_transit) && outcome(o) != Some(Outcome::Copied),
        |o| Step::KeepTransit { reason: refusal(&o).unwrap_or(RefusalReason::Other), why: "why".to_owned() },
    ),
    (
        "| no copy    | any but copied                | any          | `MarkNotCopied`  |",
        |o| refusal(o).is_some() && outcome(o) != Some(Outcome::Copied),
        |o| Step::MarkNotCopied { reason: RefusalReason::NotShared, why: "why".to_owned(), transit: o.transit },
    ),
    (
        "|            | not observed                  | confirmed    | `NoAction`       |",
        |o| o.source == Source::NotObserved && has_confirmed_transit(o),
        |_| Step::NoAction(NoActionReason::Copied),
    ),
    (
        "|            | gone, copied, or refused      | kept         | `NoAction`       |",
        |o| (o.source == Source::Gone || has_result(o)) && o.base == Base::Kept,
        |_| Step::NoAction(NoActionReason::Copied),
    ),
    (
        "|            | gone                          | confirmed    | `DeleteTransit`  |",
        |o| o.source == Source::Gone && has_confirmed_transit(o),
        |o| Step::DeleteTransit { transit: transit(o) },
    ),
    (
        "|            | copied, or refused            | exists       | `DeleteTransit`  |",
        |o| has_result(o) && transit_status(o).is_some_and(|status| status != Status::Deleting),
        |o| Step::DeleteTransit { transit: transit(o) },
    ),
    ("|            | copied, or refused            | any          | `NoAction`       |", has_result, |o| {
        let is_copied = outcome(&o) == Some(Outcome::Copied);
        Step::NoAction(if is_copied { NoActionReason::Copied } else { NoActionReason::Refused })
    }),
    (
        "|            | any                           | in progress  | `Wait`           |",
        |o| matches!(transit_status(o), Some(Status::Creating | Status::Copying)),
        |o| Step::Wait { transit: transit(o) },
    ),
    (
        "|            | any                           | failed       | `DiscardFailed`  |",
        |o| transit_status(o) == Some(Status::Failed),
        |o| Step::DiscardFailed { transit: transit(o) },
    ),
    (
        "|            | any                           | available    | `Announce`       |",
        |o| transit_status(o) == Some(Status::Available),
        |o| Step::Announce { transit: transit(o) },
    ),
    (
        "|            | any                           | deleting     | `NoAction`       |",
        |o| transit_status(o) == Some(Status::Deleting),
        |_| Step::NoAction(NoActionReason::TransitDeleting),
    ),
    (
        "|            | gone, not observed, not ready | none         | `NoAction`       |",
        |o| matches!(o.source, Source::Gone | Source::NotObserved | Source::NotReady),
        |o| {
            let is_ready = o.source != Source::NotReady;
            Step::NoAction(if is_ready { NoActionReason::Gone } else { NoActionReason::NotReady })
        },
    ),
    (
        "|            | no lifecycle of its own       | none         | `LookAtDatabase` |",
        |o| wanted(o) == Some(Wanted::ByDatabase),
        |_| Step::LookAtDatabase { source: snapshot("rds:orders", Status::Available) },
    ),
    (
        "|            | not wanted                    | none         | `Ignore`         |",
        |o| matches!(wanted(o), Some(Wanted::Ignore | Wanted::OfJob | Wanted::FromDr)),
        |o| {
            Step::Ignore(match wanted(&o) {
                Some(Wanted::FromDr) => IgnoreReason::FromDr,
                Some(Wanted::OfJob) => IgnoreReason::OfJob,
                _ => IgnoreReason::LifecycleIgnore,
            })
        },
    ),
    (
        "|            | wanted                        | none         | `StartCopy`      |",
        |o| wanted(o) == Some(Wanted::Copy),
        |_| Step::StartCopy { source: snapshot("rds:orders", Status::Available) },
    ),
];

fn snapshot(id: &str, status: Status) -> Snapshot {
    Snapshot {
        arn: format!("arn:aws:rds:eu-west-1:111111111111:snapshot:{id}").parse().expect("an ARN"),
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

fn no_copy(reason: RefusalReason) -> Reply {
    Reply::NoCopy { reason, why: "why".to_owned() }
}

fn refusal(observed: &Observed) -> Option<RefusalReason> {
    match observed.reply {
        Reply::NoCopy { reason, .. } => Some(reason),
        Reply::None | Reply::Completed { .. } => None,
    }
}

fn is_gone(observed: &Observed) -> bool {
    matches!(observed.source, Source::Gone | Source::NotObserved)
}

fn wanted(observed: &Observed) -> Option<Wanted> {
    match observed.source {
        Source::Available { wanted, .. } => Some(wanted),
        _ => None,
    }
}

fn outcome(observed: &Observed) -> Option<Outcome> {
    match observed.source {
        Source::Available { outcome, .. } => Some(outcome),
        _ => None,
    }
}

fn has_result(observed: &Observed) -> bool {
    matches!(outcome(observed), Some(Outcome::Copied | Outcome::Refused))
}

fn transit_status(observed: &Observed) -> Option<Status> {
    observed.transit.as_ref().map(|transit| transit.status)
}

fn has_confirmed_transit(observed: &Observed) -> bool {
    observed.transit.as_ref().is_some_and(is_confirmed)
}

fn transit(observed: Observed) -> Snapshot {
    observed.transit.expect("a transit copy")
}

/// The copy in DR.
fn copy() -> SnapshotArn {
    "arn:aws:rds:eu-west-1:222222222222:snapshot:draco-111111111111-rds-orders".parse().expect("an ARN")
}

fn is_completed(observed: &Observed) -> bool {
    matches!(observed.reply, Reply::Completed { .. })
}

fn every_observable_state() -> Vec<Observed> {
    let wanted = [Wanted::ByDatabase, Wanted::FromDr, Wanted::OfJob, Wanted::Ignore, Wanted::Copy];
    let available = wanted.into_iter().flat_map(|wanted| {
        [Outcome::Pending, Outcome::Copied, Outcome::Refused].map(|outcome| Source::Available {
            snapshot: snapshot("rds:orders", Status::Available),
            wanted,
            outcome,
        })
    });
    let sources: Vec<_> = [Source::NotObserved, Source::Gone, Source::NotReady].into_iter().chain(available).collect();
    let transit = |status| snapshot("draco-rds-orders", status);
    let mark = Tags::from_iter([(tags::COPIED, copy().to_string())]);
    let confirmed = Snapshot { tags: mark, ..transit(Status::Available) };
    let not_kept = Status::ALL.map(|status| Some(transit(status))).into_iter().chain([Some(confirmed.clone()), None]);
    let transits = not_kept.map(|transit| (transit, Base::NotKept)).chain([(Some(confirmed), Base::Kept)]);
    let mut states = Vec::new();
    for (transit, base) in transits {
        for source in &sources {
            let refusals =
                [RefusalReason::NotShared, RefusalReason::NameTaken, RefusalReason::QuotaExceeded].map(no_copy);
            for reply in [Reply::None, Reply::Completed { copy: copy() }].into_iter().chain(refusals) {
                states.push(Observed { source: source.clone(), transit: transit.clone(), base, reply });
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
fn a_source_without_a_lifecycle_goes_by_its_database() {
    let source = |tags: usize| {
        let tags = (0..tags).map(|nth| (nth.to_string(), "")).collect();
        Snapshot { tags, ..snapshot("by-hand", Status::Creating) }
    };
    let database = |lifecycle: Option<&str>| Database {
        resource_id: "db-ORDERS".to_owned(),
        name: "orders".to_owned(),
        spec: Spec::new(Kind::Instance, "postgres", "16.3"),
        backup_window: None,
        tags: lifecycle.map(|name| (tags::LIFECYCLE, name)).into_iter().collect(),
    };
    let of_job = |database: Database| Database {
        name: "draco-new-orders-1a2b3c4d5e6f".to_owned(),
        tags: database.tags.with([(tags::JOB, "1a2b3c4d5e6f"), (tags::JOB_REQUEST, REQUEST)]),
        ..database
    };
    let takes = || DatabaseStep::TakeLifecycle("Standard".to_owned());
    for (tags, database, step) in [
        (1, None, DatabaseStep::Ignore(IgnoreReason::DatabaseGone)),
        (1, Some(database(None)), DatabaseStep::Ignore(IgnoreReason::NoLifecycle)),
        (1, Some(database(Some("ignore"))), DatabaseStep::Ignore(IgnoreReason::LifecycleIgnore)),
        (50, Some(database(Some("ignore"))), DatabaseStep::Ignore(IgnoreReason::LifecycleIgnore)),
        (1, Some(database(Some("Standard"))), takes()),
        (49, Some(database(Some("Standard"))), takes()),
        // It could have neither the lifecycle nor `Draco_Copied`.
        (50, Some(database(Some("Standard"))), DatabaseStep::ReportFull),
        (1, Some(of_job(database(Some("Standard")))), DatabaseStep::Ignore(IgnoreReason::OfJob)),
        (50, Some(of_job(database(None))), DatabaseStep::Ignore(IgnoreReason::OfJob)),
    ] {
        assert_eq!(decide_by_database(&source(tags), database.as_ref(), time("2026-11-21T05:59:59Z")), step);
    }
    // Its job gave it up, and people may use it (invariant 1).
    let given_up = of_job(database(Some("Standard")));
    assert_eq!(decide_by_database(&source(1), Some(&given_up), time("2026-11-21T06:00:00Z")), takes());
    // What was taken before contains the data of a copy or a backup.
    let early = Snapshot { created: Some(time("2026-11-21T05:59:59Z")), ..source(1) };
    let ignored = DatabaseStep::Ignore(IgnoreReason::OfJob);
    assert_eq!(decide_by_database(&early, Some(&given_up), time("2026-11-23T03:00:00Z")), ignored);
}

/// The tag `Draco_JobRequest` of a job.
const REQUEST: &str = "restore approval=given keep=0 deadline=2026-11-21T06:00:00Z";

fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// The name alone, or the tag alone, hides nothing: anyone can choose a name, and a restore copies tags. A database that was moved aside
/// has the data of production. So may one that is there after the deadline, or whose deadline cannot be read.
// Invariant 1.
#[test]
fn only_the_snapshots_of_databases_that_a_job_provisions_are_not_wanted() {
    let (id, other) = ("1a2b3c4d5e6f", "ba9876543210");
    let ended = "restore approval=given keep=0 deadline=2026-11-21T03:05:00Z";
    // No job has a later deadline than 30 days after its beginning, or 7 for a temporary database.
    let (month, beyond) = (
        "restore approval=given keep=0 deadline=2026-12-21T03:05:00Z",
        "restore approval=given keep=0 deadline=2026-12-21T03:05:01Z",
    );
    let (week, beyond_week) = (
        "verify approval=given keep=0 deadline=2026-11-28T03:05:00Z",
        "verify approval=given keep=0 deadline=2026-11-28T03:05:01Z",
    );
    for (database, job, request, is_of_job) in [
        ("draco-new-orders-1a2b3c4d5e6f", Some(id), Some(REQUEST), true),
        ("draco-verify-orders-1a2b3c4d5e6f", Some(id), Some(REQUEST), true),
        ("draco-rewind-orders-1a2b3c4d5e6f", Some(id), Some(REQUEST), true),
        ("draco-new-orders-1a2b3c4d5e6f", Some(id), Some(ended), false),
        ("draco-new-orders-1a2b3c4d5e6f", Some(id), Some(month), true),
        ("draco-new-orders-1a2b3c4d5e6f", Some(id), Some(beyond), false),
        ("draco-verify-orders-1a2b3c4d5e6f", Some(id), Some(week), true),
        ("draco-verify-orders-1a2b3c4d5e6f", Some(id), Some(beyond_week), false),
        ("draco-rewind-orders-1a2b3c4d5e6f", Some(id), Some(beyond_week), false),
        ("draco-verify-orders-1a2b3c4d5e6f", Some(id), Some(ended), false),
        ("draco-new-orders-1a2b3c4d5e6f", Some(id), Some("restore deadline=2026-11-21T06:00:00Z"), false),
        ("draco-new-orders-1a2b3c4d5e6f", Some(id), None, false),
        ("draco-old-orders-1a2b3c4d5e6f", Some(id), Some(REQUEST), false),
        ("draco-final-orders-1a2b3c4d5e6f", Some(id), Some(REQUEST), false),
        ("draco-new-orders-1a2b3c4d5e6f", None, Some(REQUEST), false),
        ("draco-new-orders-1a2b3c4d5e6f", Some(other), Some(REQUEST), false),
        ("draco-new-orders", Some("orders"), Some(REQUEST), false),
        ("orders", Some(id), Some(REQUEST), false),
    ] {
        let job = [(tags::JOB, job), (tags::JOB_REQUEST, request), (tags::LIFECYCLE, Some("Standard"))];
        let own = job.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        let created = "2026-11-21T03:05:00Z".parse().ok();
        let source = snapshot("rds:some", Status::Available);
        let source = Snapshot { database: database.into(), tags: own, created, ..source };
        let origin = source.origin().ok().flatten().expect("an origin");
        let evaluated = Source::of(source, &origin, &copy().place, time("2026-11-23T03:00:00Z"));
        let Source::Available { wanted, .. } = evaluated else { panic!("{evaluated:?}") };
        assert_eq!(wanted, if is_of_job { Wanted::OfJob } else { Wanted::Copy }, "{database} {job:?}");
    }
}

#[test]
fn no_second_transit_copy_is_started() {
    // Invariant 9.
    for observed in every_observable_state() {
        let exists = observed.transit.is_some();
        assert!(!exists || !matches!(decide(observed), Step::StartCopy { .. }));
    }
}

#[test]
fn a_transit_copy_is_deleted_only_after_a_reply_of_dr_or_if_it_failed() {
    // Invariant 1.
    for observed in every_observable_state() {
        let is_failed = transit_status(&observed) == Some(Status::Failed);
        let has_copy = has_result(&observed) || has_confirmed_transit(&observed);
        let may = observed.reply != Reply::None || has_copy || is_failed;
        let deletes = matches!(
            decide(observed),
            Step::Confirm { .. }
                | Step::ConfirmGone { .. }
                | Step::MarkNotCopied { .. }
                | Step::DiscardFailed { .. }
                | Step::DeleteTransit { .. }
        );
        assert!(!deletes || may);
    }
}

#[test]
fn a_transit_copy_that_is_kept_for_the_next_is_not_deleted_without_a_reply() {
    for observed in every_observable_state().into_iter().filter(|observed| observed.base == Base::Kept) {
        let is_reply = observed.reply != Reply::None;
        assert!(is_reply || !matches!(decide(observed), Step::DeleteTransit { .. } | Step::DiscardFailed { .. }));
    }
}

#[test]
fn the_last_image_is_deleted_only_if_dr_has_a_copy_or_it_failed() {
    // Invariant 1: without its source, the transit copy is the last image of its data.
    for observed in every_observable_state().into_iter().filter(is_gone) {
        let is_failed = transit_status(&observed) == Some(Status::Failed);
        let has_copy = is_completed(&observed) || has_confirmed_transit(&observed) || is_failed;
        let step = decide(observed);
        assert!(
            has_copy
                || matches!(
                    step,
                    Step::KeepTransit { .. }
                        | Step::ReportLost { .. }
                        | Step::Announce { .. }
                        | Step::Wait { .. }
                        | Step::NoAction(_)
                ),
            "{step:?}"
        );
    }
}

#[test]
fn only_a_source_that_was_looked_at_is_tagged() {
    // Invariant 10: a reply alone is not believed.
    for observed in every_observable_state().into_iter().filter(is_gone) {
        assert!(!matches!(decide(observed), Step::Confirm { .. } | Step::MarkNotCopied { .. }));
    }
}
