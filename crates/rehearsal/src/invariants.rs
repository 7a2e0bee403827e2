//! Checks invariants at the end of a run. `doc/invariants.md` lists all of them.
//!
//! The evidence is the [`Ledger`], the journal, and the alarms in the functions' logs. No other log line is evidence. The
//! invariants that are not in [`CHECKED`] have their own tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use archive::Archive;
use archive::expired::expired;
use chrono::{DateTime, TimeDelta, Utc};
use protocol::{Attempt, Kind, Origin, Place, Snapshot, SnapshotArn, Tags, tags};
use retention::{Lifecycles, Rules};
use serde::Serialize;
use sim::journal::Event;

use crate::ledger::{Ledger, Source};
use crate::{Line, Rehearsal, is_set};

/// An invariant that does not hold for a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The kind of violation.
    pub kind: ViolationKind,
    /// The ARN of the snapshot.
    pub snapshot: String,
    /// What is wrong with the snapshot, as the rest of a sentence.
    pub message: String,
}

/// The kinds of violations, with the number of the invariant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationKind {
    /// Invariant 1: a source has neither a copy nor an alarm.
    Lost,
    /// Invariant 2: a copy is not encrypted with a key of DR.
    WrongKey,
    /// Invariant 3: a copy lacks tags of its source, or the time when the source was taken.
    TagsMissing,
    /// Invariant 4: a transit copy was not deleted.
    TransitLeft,
    /// Invariant 5: a function deleted a snapshot that it had not made.
    ForeignDeleted,
    /// Invariant 6: a copy was deleted in a dry run.
    DeletedInDryRun,
    /// Invariant 7: a copy that a lifecycle in force or the floor keeps was deleted.
    KeptCopyDeleted,
    /// Invariant 12: a transit copy was copied as if it were a source.
    TransitCopied,
}

impl ViolationKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Lost,
        Self::WrongKey,
        Self::TagsMissing,
        Self::TransitLeft,
        Self::ForeignDeleted,
        Self::DeletedInDryRun,
        Self::KeptCopyDeleted,
        Self::TransitCopied,
    ];

    /// The number of the invariant.
    #[must_use]
    pub fn invariant(self) -> u8 {
        match self {
            Self::Lost => 1,
            Self::WrongKey => 2,
            Self::TagsMissing => 3,
            Self::TransitLeft => 4,
            Self::ForeignDeleted => 5,
            Self::DeletedInDryRun => 6,
            Self::KeptCopyDeleted => 7,
            Self::TransitCopied => 12,
        }
    }
}

impl Violation {
    fn new(kind: ViolationKind, snapshot: impl fmt::Display, message: impl Into<String>) -> Self {
        Self { kind, snapshot: snapshot.to_string(), message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invariant {} is violated: {} {}", self.kind.invariant(), self.snapshot, self.message)
    }
}

/// The invariants that [`check`] checks: the number, and the statement in the words of a run.
pub const CHECKED: [(u8, &str); 8] = [
    (1, "every protected snapshot has a copy or an alarm"),
    (2, "every copy is encrypted with DR's key"),
    (3, "every copy has its source's tags and time"),
    (4, "no transit copy is left behind"),
    (5, "Draco deleted only snapshots that it had made"),
    (6, "no copy was deleted in the dry run"),
    (7, "the newest copy and the copies kept by a rule or the floor are there"),
    (12, "no copy was treated as a source"),
];

/// The age at which a source must have a copy or an alarm, and a finished transit copy must be deleted.
pub const DEADLINE: TimeDelta = TimeDelta::hours(3);

/// How long the last transit copy of an instance may stay, if the producer keeps it.
const MAX_KEPT: TimeDelta = TimeDelta::days(8);

/// All violations.
#[must_use]
pub fn check(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<Violation> {
    [
        lost(rehearsal, ledger),
        lost_onward(rehearsal, ledger),
        wrong_keys(rehearsal, ledger),
        missing_tags(rehearsal, ledger),
        transits_left(rehearsal, ledger),
        foreign_deletions(rehearsal),
        dry_run_deletions(rehearsal, ledger),
        kept_copies_deleted(rehearsal, ledger),
        transits_copied(rehearsal, ledger),
    ]
    .concat()
}

/// Sources that should have a copy by now, and have neither a copy nor an alarm.
pub(crate) fn lost(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<Violation> {
    let (now, dr) = (rehearsal.world().now(), rehearsal.setup().dr());
    let deleted = calls(rehearsal, "draco-keeper", delete_kind);
    let has_no_copy = |source: &&Source| {
        source.is_protected()
            && now - source.origin.taken > DEADLINE
            && ledger.copy_of(source, &dr).is_none()
            && !is_any_in(&deleted, &source.origin, &dr)
    };
    let names = ledger.sources.values().filter(has_no_copy).map(|source| [source.snapshot.arn.to_string()]);
    without_alarm(rehearsal, names, "has neither a copy nor an alarm")
}

/// Copies in DR's region that should have a copy in the second region by now, and have neither a copy nor an alarm. Those
/// that arrived before the second region was added are not among them.
fn lost_onward(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<Violation> {
    let (now, dr) = (rehearsal.world().now(), rehearsal.setup().dr());
    let (Some(second), Some(since)) = (rehearsal.setup().second(), rehearsal.second_since()) else { return Vec::new() };
    let deleted = calls(rehearsal, "draco-keeper", delete_kind);
    let is_due = |created: DateTime<Utc>| created >= since && now - created > DEADLINE;
    let due = ledger.copies.values().filter(|(origin, copy)| {
        copy.arn.place == dr
            && copy.created.is_some_and(is_due)
            && ledger.copy_of_origin(origin, &second).is_none()
            && !is_any_in(&deleted, origin, &second)
    });
    let names = due.map(|(origin, copy)| [copy.arn.to_string(), origin.snapshot.to_string()]);
    without_alarm(rehearsal, names, "has neither a copy in the second region nor an alarm")
}

/// Whether the copy of this origin in this region of DR is in the set, by any attempt.
fn is_any_in(set: &BTreeSet<String>, origin: &Origin, dr: &Place) -> bool {
    Attempt::ALL.into_iter().any(|attempt| set.contains(&origin.copy_of(attempt, dr).to_string()))
}

/// Of the snapshots that are lost if no alarm names them, those that are. The first of the names is that of the snapshot.
fn without_alarm<const N: usize>(
    rehearsal: &Rehearsal,
    snapshots: impl Iterator<Item = [String; N]>,
    message: &str,
) -> Vec<Violation> {
    rehearsal.logs().read(|lines| {
        let has_alarm = |name: &String| lines.iter().any(|line: &Line| line.is_alarm_about(name));
        let lost = snapshots.filter(|names| !names.iter().any(has_alarm));
        lost.filter_map(|names| Some(Violation::new(ViolationKind::Lost, names.first()?, message))).collect()
    })
}

fn wrong_keys(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<Violation> {
    let setup = rehearsal.setup();
    // In the second region, a copy is encrypted if it is in DR's region.
    let may_be_unencrypted = |copy: &Snapshot| {
        copy.arn.kind == Kind::Cluster && is_set(&setup.consumer_parameters, "AllowPlaintextClusters")
    };
    let is_key_of_place = |copy: &Snapshot, key: &str| key.starts_with(&copy.arn.place.arn("kms", "key/"));
    let wrong = ledger.copies.values().filter(|(_, copy)| match &copy.key {
        Some(key) => !is_key_of_place(copy, key),
        None => !may_be_unencrypted(copy),
    });
    wrong
        .map(|(_, copy)| {
            let message = match &copy.key {
                Some(key) => format!("is encrypted with {key}, which is not a key of DR in that region"),
                None => "is not encrypted".to_owned(),
            };
            Violation::new(ViolationKind::WrongKey, &copy.arn, message)
        })
        .collect()
}

fn missing_tags(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<Violation> {
    let setup = rehearsal.setup();
    let keeps_tags = setup.consumer_parameters.get("SourceTags").is_none_or(|rule| rule == "keep");
    let mut violations = Vec::new();
    for (place, parameters) in setup.archives() {
        let expected =
            Expected { keeps_tags, lifecycle: parameters.get("SecondLifecycle").filter(|it| !it.is_empty()) };
        let copied = ledger.sources.values().filter_map(|source| Some((source, ledger.copy_of(source, &place)?)));
        let wrong = copied.filter(|(source, copy)| !has_all_tags(&copy.tags, source, &expected));
        violations.extend(wrong.map(|(Source { snapshot: source, .. }, copy)| {
            let message = format!("has the tags {:?}, but its source {} has {:?}", copy.tags, source.arn, source.tags);
            Violation::new(ViolationKind::TagsMissing, &copy.arn, message)
        }));
    }
    violations
}

/// The tags that copies in a region of DR must have.
struct Expected<'s> {
    /// Whether they have all tags of their sources.
    keeps_tags: bool,
    /// The lifecycle, if it is not that of the source.
    lifecycle: Option<&'s String>,
}

/// Whether the tags of a copy include those of its source, and the time when the source was taken. If DR does not keep the tags
/// of sources, only the lifecycle is expected.
fn has_all_tags(copy: &Tags, source: &Source, expected: &Expected<'_>) -> bool {
    let is_expected = |key: &str| match key {
        tags::LIFECYCLE => expected.lifecycle.is_none(),
        key => expected.keeps_tags && !key.starts_with(tags::PREFIX),
    };
    let has_lifecycle = expected.lifecycle.is_none_or(|name| copy.get(tags::LIFECYCLE) == Some(name));
    let of_source = source.snapshot.tags.iter().filter(|(key, _)| is_expected(key));
    let mut wanted = of_source.map(|(key, value)| match key.strip_prefix("aws:") {
        Some(_) => (format!("origin:{key}"), value),
        None => (key.to_owned(), value),
    });
    let has_all = wanted.all(|(key, value)| copy.get(&key) == Some(value)) || copy.len() >= tags::MAX_TAGS_OF_COPY;
    has_all && has_lifecycle && Origin::from_tags(copy).is_some_and(|origin| origin == source.origin)
}

fn transits_left(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<Violation> {
    // A sweep runs every hour, and takes a while.
    let (now, dr) = (rehearsal.world().now(), rehearsal.setup().dr());
    let is_copied = |origin: &Origin| {
        let copy = ledger.copy_of_origin(origin, &dr).and_then(|copy| copy.created);
        copy.is_some_and(|created| now - created > DEADLINE)
    };
    // The exception: the last one of each instance may stay for the next.
    let mut kept = BTreeMap::new();
    if rehearsal.setup().is_producer_flag_set("KeepNewestTransit") {
        let instances = ledger.transits.iter().filter(|(transit, _)| transit.kind == Kind::Instance);
        let is_new = |since: DateTime<Utc>| now - since <= MAX_KEPT + DEADLINE;
        for (transit, (origin, since)) in instances.filter(|(_, (origin, since))| is_copied(origin) && is_new(*since)) {
            let last = kept.entry(&origin.database).or_insert((since, transit));
            *last = (*last).max((since, transit));
        }
    }
    let is_kept = |transit: &SnapshotArn| kept.values().any(|(_, kept)| *kept == transit);
    let is_left = |origin: &Origin, since| is_copied(origin) || now - since > TimeDelta::days(1);
    let left = ledger.transits.iter().filter(|(arn, (origin, since))| is_left(origin, *since) && !is_kept(arn));
    left.map(|(transit, _)| Violation::new(ViolationKind::TransitLeft, transit, "was not deleted")).collect()
}

fn foreign_deletions(rehearsal: &Rehearsal) -> Vec<Violation> {
    // Who deletes, and who makes what it deletes. The consumer deletes nothing.
    [("draco-producer", "draco-producer"), ("draco-keeper", "draco-consumer"), ("draco-consumer", "no function")]
        .into_iter()
        .flat_map(|(function, maker)| {
            let made = calls(rehearsal, maker, copy_kind);
            let deleted = calls(rehearsal, function, delete_kind).into_iter();
            deleted.filter(move |arn| !made.contains(arn)).map(move |arn| {
                let message = format!("was deleted by {function}, but is not a copy that it may delete");
                Violation::new(ViolationKind::ForeignDeleted, arn, message)
            })
        })
        .collect()
}

/// A copy that never became available has failed. It may be deleted.
fn dry_run_deletions(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<Violation> {
    let has_dry_run = |arn: &str| {
        let mut archives = rehearsal.setup().archives();
        archives.any(|(place, parameters)| arn.starts_with(&place.arn("rds", "")) && !is_set(parameters, "NoDryRun"))
    };
    let deleted = calls(rehearsal, "draco-keeper", delete_kind);
    let was_available = |arn: &str| ledger.copies.keys().any(|copy| copy.to_string() == arn);
    let is_present = |arn: &str| ledger.present.keys().any(|copy| copy.to_string() == arn);
    let wrong = deleted.into_iter().filter(|arn| has_dry_run(arn) && was_available(arn) && !is_present(arn));
    wrong.map(|arn| Violation::new(ViolationKind::DeletedInDryRun, arn, "was deleted in a dry run")).collect()
}

fn kept_copies_deleted(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (place, parameters) in rehearsal.setup().archives() {
        let parameter = |name: &str| parameters.get(name).map(String::as_str);
        let lifecycles = parameter("Lifecycles").and_then(|json| serde_json::from_str::<Lifecycles>(json).ok());
        let floor = parameter("Floor").and_then(|json| serde_json::from_str::<Rules>(json).ok());
        let lifecycles = lifecycles.unwrap_or_else(Lifecycles::built_in);
        let floor = floor.unwrap_or_else(Rules::default_floor).named("Floor");
        // Every copy that was ever available here. One that was not complete when it was observed last does not count.
        let archive = Archive::of(place, ledger.copies.values().map(|(_, copy)| copy));
        for (database, history) in archive.databases() {
            let expired = expired(history, &lifecycles, &floor);
            let kept = history.copies.iter().filter(|copy| !expired.iter().any(|expired| expired.copy == *copy));
            let arns = kept.filter_map(|copy| copy.arn(database, archive.dr()));
            violations.extend(arns.filter(|arn| !ledger.present.contains_key(arn)).map(|arn| {
                let message = "was deleted, but a lifecycle or the floor keeps it";
                Violation::new(ViolationKind::KeptCopyDeleted, arn, message)
            }));
        }
    }
    violations
}

fn transits_copied(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<Violation> {
    let transits = calls(rehearsal, "draco-producer", copy_kind);
    let sources = ledger.copies.values().map(|(origin, _)| origin.snapshot.to_string());
    let copied = sources.filter(|source| transits.contains(source));
    copied.map(|arn| Violation::new(ViolationKind::TransitCopied, arn, "is a transit copy and was copied")).collect()
}

/// The kind of snapshot that this operation deletes.
pub(crate) fn delete_kind(operation: &str) -> Option<Kind> {
    match operation {
        "DeleteDBSnapshot" => Some(Kind::Instance),
        "DeleteDBClusterSnapshot" => Some(Kind::Cluster),
        _ => None,
    }
}

/// The kind of snapshot that this operation copies.
pub(crate) fn copy_kind(operation: &str) -> Option<Kind> {
    match operation {
        "CopyDBSnapshot" => Some(Kind::Instance),
        "CopyDBClusterSnapshot" => Some(Kind::Cluster),
        _ => None,
    }
}

/// The error code of a failure inside AWS. Such a call may have had its effect.
const INTERNAL_FAILURE: &str = "InternalFailure";

/// The ARNs of the snapshots for which a function made these calls in any region, if the calls had, or may have had, their effect.
pub(crate) fn calls(rehearsal: &Rehearsal, function: &str, kind: impl Fn(&str) -> Option<Kind>) -> BTreeSet<String> {
    let is_by = |role: &str| role.strip_prefix(function).is_some_and(|region| region.starts_with('-'));
    rehearsal.world().journal(|journal| {
        let entries = journal.entries().iter();
        entries
            .filter_map(|entry| match &entry.event {
                Event::Call { account, role: Some(role), region, operation, resource: Some(id), error, .. }
                    if is_by(role) && error.as_deref().is_none_or(|error| error == INTERNAL_FAILURE) =>
                {
                    let kind = kind(operation)?.snapshot_type();
                    Some(format!("arn:aws:rds:{region}:{account}:{kind}:{id}"))
                }
                _ => None,
            })
            .collect()
    })
}
