//! The decision: from the observed state of one snapshot to the next step.

use chrono::{DateTime, Utc};
use protocol::message::Refusal;
use protocol::tags::MAX_TAGS;
use protocol::{Database, Origin, Place, RefusalReason, Snapshot, SnapshotArn, Status, tags};

/// The observed state of one snapshot, and DR's reply if that caused the look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The source.
    pub source: Source,
    /// The transit copy, if there is one.
    pub transit: Option<Snapshot>,
    /// Whether the transit copy is the base of the next one.
    pub base: Base,
    /// DR's reply, which cannot be observed in this account.
    pub reply: Reply,
}

/// Whether a transit copy is kept, so that the next one can be incremental (`KEEP_NEWEST_TRANSIT`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// DR has its copy, and it is kept for the next one.
    Kept,
    /// It is not kept for the next one.
    NotKept,
}

/// The observed state of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The source was not looked up: only the transit copy was.
    NotObserved,
    /// The source does not exist, or will never be complete. A snapshot that was taken at another time under the same name is
    /// another snapshot.
    Gone,
    /// The source is still being created.
    NotReady,
    /// The source is available.
    Available {
        /// The source.
        snapshot: Snapshot,
        /// What its own lifecycle tag requests.
        wanted: Wanted,
        /// The result of earlier attempts.
        outcome: Outcome,
    },
}

/// Whether a copy of a source is wanted, by its own lifecycle tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The source has no lifecycle of its own, so that of its database decides.
    ByDatabase,
    /// No: when it was taken, a job provisioned the database. Its snapshots inherit the lifecycle.
    OfJob,
    /// No: the source has no lifecycle, and was copied from DR.
    FromDr,
    /// No: the lifecycle is `Ignore`.
    Ignore,
    /// Yes. DR decides whether the lifecycle's name is known.
    Copy,
}

/// The result of earlier attempts to copy a source, by its tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No result yet, or it is time to retry.
    Pending,
    /// DR has the copy.
    Copied,
    /// DR refused the snapshot, and it is not time to retry yet.
    Refused,
}

/// DR's reply to an announcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The look was not caused by a reply.
    None,
    /// `snapshot-copy-completed`
    Completed {
        /// The copy.
        copy: SnapshotArn,
    },
    /// `snapshot-no-copy`
    NoCopy {
        /// The reason, for programs.
        reason: RefusalReason,
        /// The reason, for people.
        why: String,
    },
}

/// The next step, with everything that its action needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// No action is required.
    NoAction(NoActionReason),
    /// The snapshot is not to be copied.
    Ignore(IgnoreReason),
    /// Look at the database of a source that has no lifecycle of its own, and [decide by it](decide_by_database).
    LookAtDatabase {
        /// The source.
        source: Snapshot,
    },
    /// Start the transit copy and wait for it.
    StartCopy {
        /// The snapshot to copy.
        source: Snapshot,
    },
    /// Wait for the transit copy.
    Wait {
        /// The transit copy.
        transit: Snapshot,
    },
    /// Share the transit copy with DR and announce it.
    Announce {
        /// The transit copy.
        transit: Snapshot,
    },
    /// Tag the source as copied, then delete the transit copy.
    Confirm {
        /// The copy.
        copy: SnapshotArn,
        /// The transit copy, if it still exists.
        transit: Option<Snapshot>,
    },
    /// Delete the transit copy: DR has the copy, and there is no source to tag.
    ConfirmGone {
        /// The copy.
        copy: SnapshotArn,
        /// The transit copy, if it still exists.
        transit: Option<Snapshot>,
    },
    /// Raise an alarm, tag the source as not copied, then delete the transit copy if the source is still there.
    MarkNotCopied {
        /// DR's reason, for programs.
        reason: RefusalReason,
        /// DR's reason, for people.
        why: String,
        /// The transit copy, if it still exists.
        transit: Option<Snapshot>,
    },
    /// Raise an alarm and keep the transit copy: the source is gone, or DR could not use the copy's name, which says nothing
    /// about the snapshot. The sweep announces it again.
    KeepTransit {
        /// DR's reason, for programs.
        reason: RefusalReason,
        /// DR's reason, for people.
        why: String,
    },
    /// Raise an alarm: DR has no copy, and both the source and the transit copy are gone.
    ReportLost {
        /// DR's reason, for programs.
        reason: RefusalReason,
        /// DR's reason, for people.
        why: String,
    },
    /// Raise an alarm and delete the failed transit copy. The sweep starts a new one.
    DiscardFailed {
        /// The transit copy.
        transit: Snapshot,
    },
    /// Delete the transit copy, which is no longer needed, if the source is still there.
    DeleteTransit {
        /// The transit copy.
        transit: Snapshot,
    },
}

/// Whether DR has the copy that was made from this transit copy. Only transit copies that are kept for the next one are marked.
#[must_use]
pub fn is_confirmed(transit: &Snapshot) -> bool {
    let copy = transit.tags.get(tags::COPIED).and_then(|copy| copy.parse::<SnapshotArn>().ok());
    transit.status == Status::Available && copy.is_some()
}

/// The next step for a source without a lifecycle of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseStep {
    /// The snapshot is not to be copied.
    Ignore(IgnoreReason),
    /// Give the source the lifecycle of its database, then start the transit copy. Later looks go by that tag, also when the
    /// database is gone.
    TakeLifecycle(String),
    /// Raise an alarm: the source has the maximum number of tags, so it can have neither a lifecycle nor the mark that DR has its
    /// copy. It would be copied again every hour.
    ReportFull,
}

/// Why no action is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoActionReason {
    /// The snapshot does not exist.
    Gone,
    /// The snapshot is still being created.
    NotReady,
    /// The transit copy is being deleted.
    TransitDeleting,
    /// DR has the copy.
    Copied,
    /// DR refused the snapshot; Draco retries later.
    Refused,
}

/// Why a snapshot is not copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoreReason {
    /// Neither the snapshot nor its database has a lifecycle.
    NoLifecycle,
    /// The snapshot has no lifecycle, and its database does not exist.
    DatabaseGone,
    /// The snapshot's lifecycle is `Ignore`.
    LifecycleIgnore,
    /// A job provisioned the database when the snapshot was taken.
    OfJob,
    /// The snapshot has no lifecycle, and was copied from DR, which has its data.
    FromDr,
}

/// The next step. The first matching row applies:
///
/// | DR's reply | source                        | transit copy | step             |
/// |------------|-------------------------------|--------------|------------------|
/// | completed  | gone, or not observed         | any          | `ConfirmGone`    |
/// | completed  | any                           | any          | `Confirm`        |
/// | no copy    | gone, or not observed         | none         | `ReportLost`     |
/// | no copy    | gone, or not observed         | any          | `KeepTransit`    |
/// | not now    | any but copied                | any          | `KeepTransit`    |
/// | no copy    | any but copied                | any          | `MarkNotCopied`  |
/// |            | not observed                  | confirmed    | `NoAction`       |
/// |            | gone, copied, or refused      | kept         | `NoAction`       |
/// |            | gone                          | confirmed    | `DeleteTransit`  |
/// |            | copied, or refused            | exists       | `DeleteTransit`  |
/// |            | copied, or refused            | any          | `NoAction`       |
/// |            | any                           | in progress  | `Wait`           |
/// |            | any                           | failed       | `DiscardFailed`  |
/// |            | any                           | available    | `Announce`       |
/// |            | any                           | deleting     | `NoAction`       |
/// |            | gone, not observed, not ready | none         | `NoAction`       |
/// |            | no lifecycle of its own       | none         | `LookAtDatabase` |
/// |            | not wanted                    | none         | `Ignore`         |
/// |            | wanted                        | none         | `StartCopy`      |
///
/// A source is not wanted if its lifecycle is `Ignore`, if a job provisioned its database when it was taken, or if it has no lifecycle and
/// was copied from DR.
///
/// "Not now" is a reason that [keeps the transit copy](RefusalReason::keeps_transit). A confirmed transit copy is available and
/// [marked](is_confirmed). A [kept](Base::Kept) one is confirmed too.
///
/// A transit copy that was started is brought to DR, also when the source was deleted or lost its lifecycle in the meantime.
#[must_use]
pub fn decide(observed: Observed) -> Step {
    use Outcome::{Copied, Pending, Refused};
    let Observed { source, transit, base, reply } = observed;
    match (reply, source, transit) {
        (Reply::Completed { copy }, Source::NotObserved | Source::Gone, transit) => Step::ConfirmGone { copy, transit },
        (Reply::Completed { copy }, _, transit) => Step::Confirm { copy, transit },
        (Reply::NoCopy { reason, why }, Source::NotObserved | Source::Gone, None) => Step::ReportLost { reason, why },
        (Reply::NoCopy { reason, why }, Source::NotObserved | Source::Gone, Some(_)) => {
            Step::KeepTransit { reason, why }
        }
        (
            Reply::NoCopy { reason, why },
            Source::NotReady | Source::Available { outcome: Pending | Refused, .. },
            transit,
        ) => match reason {
            reason if reason.keeps_transit() => Step::KeepTransit { reason, why },
            reason => Step::MarkNotCopied { reason, why, transit },
        },
        (_, Source::NotObserved, Some(transit)) if is_confirmed(&transit) => Step::NoAction(NoActionReason::Copied),
        (_, Source::Gone | Source::Available { outcome: Copied | Refused, .. }, Some(_)) if base == Base::Kept => {
            Step::NoAction(NoActionReason::Copied)
        }
        (_, Source::Gone, Some(transit)) if is_confirmed(&transit) => Step::DeleteTransit { transit },
        (_, Source::Available { outcome: Copied | Refused, .. }, Some(transit))
            if transit.status != Status::Deleting =>
        {
            Step::DeleteTransit { transit }
        }
        (_, Source::Available { outcome: Copied, .. }, _) => Step::NoAction(NoActionReason::Copied),
        (_, Source::Available { outcome: Refused, .. }, _) => Step::NoAction(NoActionReason::Refused),
        (_, _, Some(transit)) => match transit.status {
            Status::Creating | Status::Copying => Step::Wait { transit },
            Status::Failed => Step::DiscardFailed { transit },
            Status::Available => Step::Announce { transit },
            Status::Deleting => Step::NoAction(NoActionReason::TransitDeleting),
        },
        (_, Source::NotObserved | Source::Gone, None) => Step::NoAction(NoActionReason::Gone),
        (_, Source::NotReady, None) => Step::NoAction(NoActionReason::NotReady),
        (_, Source::Available { snapshot, wanted, outcome: Pending }, None) => match wanted {
            Wanted::ByDatabase => Step::LookAtDatabase { source: snapshot },
            Wanted::Ignore => Step::Ignore(IgnoreReason::LifecycleIgnore),
            Wanted::OfJob => Step::Ignore(IgnoreReason::OfJob),
            Wanted::FromDr => Step::Ignore(IgnoreReason::FromDr),
            Wanted::Copy => Step::StartCopy { source: snapshot },
        },
    }
}

/// The next step for a source without a lifecycle of its own, by its database:
///
/// - gone, or provisioned by a job when the snapshot was taken: `Ignore`
/// - no lifecycle, or `Ignore`: `Ignore`
/// - a lifecycle, and the source has 50 tags: `ReportFull`
/// - a lifecycle: `TakeLifecycle`
///
/// RDS does not give a snapshot the tags of its database if `CopyTagsToSnapshot` is off, or if the request that creates the
/// snapshot has tags of its own.
#[must_use]
pub fn decide_by_database(source: &Snapshot, database: Option<&Database>, now: DateTime<Utc>) -> DatabaseStep {
    let Some(database) = database else { return DatabaseStep::Ignore(IgnoreReason::DatabaseGone) };
    // An unfinished snapshot has no time yet.
    let at = source.taken().unwrap_or(now);
    match (database.lifecycle(), database.protecting_lifecycle()) {
        _ if database.is_of_job(at) => DatabaseStep::Ignore(IgnoreReason::OfJob),
        (None, _) => DatabaseStep::Ignore(IgnoreReason::NoLifecycle),
        (Some(_), None) => DatabaseStep::Ignore(IgnoreReason::LifecycleIgnore),
        (_, Some(_)) if source.tags.len() >= MAX_TAGS => DatabaseStep::ReportFull,
        (_, Some(lifecycle)) => DatabaseStep::TakeLifecycle(lifecycle.to_owned()),
    }
}

impl Source {
    /// Evaluates the status and the tags of a source. `dr` is where its copy would be.
    #[must_use]
    pub fn of(snapshot: Snapshot, origin: &Origin, dr: &Place, now: DateTime<Utc>) -> Self {
        match snapshot.status {
            Status::Creating | Status::Copying => return Self::NotReady,
            Status::Deleting | Status::Failed => return Self::Gone,
            Status::Available => {}
        }
        let wanted = match snapshot.lifecycle() {
            _ if snapshot.is_of_job() => Wanted::OfJob,
            None if snapshot.copied_from.as_ref().is_some_and(|from| from.place.account == dr.account) => {
                Wanted::FromDr
            }
            None => Wanted::ByDatabase,
            Some(name) if name.eq_ignore_ascii_case(tags::IGNORE) => Wanted::Ignore,
            Some(_) => Wanted::Copy,
        };
        // Manual copies and restored databases inherit tags, so the tag counts only if it names the copy of this snapshot.
        let copied = snapshot.tags.get(tags::COPIED).and_then(|copy| copy.parse::<SnapshotArn>().ok());
        let is_copied = copied.is_some_and(|copy| copy.place == *dr && origin.attempt(&copy).is_some());
        let refusal = snapshot.tags.get(tags::NOT_COPIED).and_then(Refusal::parse);
        let outcome = match refusal {
            _ if is_copied => Outcome::Copied,
            Some(refusal) if !refusal.may_retry(now) => Outcome::Refused,
            _ => Outcome::Pending,
        };
        Self::Available { snapshot, wanted, outcome }
    }
}

impl NoActionReason {
    /// The reason in log lines, for programs and for people.
    #[must_use]
    pub fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Gone => ("gone", "no action: the snapshot does not exist"),
            Self::NotReady => ("not-ready", "no action: the snapshot is still being created"),
            Self::TransitDeleting => ("transit-deleting", "no action: the transit copy is being deleted"),
            Self::Copied => ("copied", "no action: DR has the copy"),
            Self::Refused => ("refused", "no action: DR refused the snapshot; Draco retries later"),
        }
    }
}

impl IgnoreReason {
    /// The reason in log lines, for programs and for people.
    #[must_use]
    pub fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::NoLifecycle => {
                ("no-lifecycle", "not copied: neither the snapshot nor its database has the tag Draco_Lifecycle")
            }
            Self::DatabaseGone => (
                "database-gone",
                "not copied: the snapshot has no Draco_Lifecycle tag, and its database does not exist",
            ),
            Self::LifecycleIgnore => ("lifecycle-ignore", "not copied: the lifecycle is Ignore"),
            Self::OfJob => (
                "database-of-job",
                "not copied: a job provisioned the database when it was taken; its data come from a copy or a backup",
            ),
            Self::FromDr => {
                ("from-dr", "not copied: the snapshot was copied from DR, and has no Draco_Lifecycle tag of its own")
            }
        }
    }
}
