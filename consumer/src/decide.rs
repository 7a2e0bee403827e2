//! The decision: from the observed state of one announced snapshot to the next step.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::{Announcement, Attempt, Origin, RefusalReason, Snapshot, SnapshotArn, SnapshotRole, Status, tags};
use retention::Lifecycle;

use crate::limits::Exceeded;

/// The observed state of one snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The copy in DR.
    pub copy: Existing,
    /// The transit copy in the source account, as DR sees it.
    pub transit: Transit,
    /// Who requested the look.
    pub requester: Requester,
}

/// The snapshots in DR with the identifiers of the copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Existing {
    /// There is none.
    None,
    /// It is not a copy of this source.
    OtherSnapshot,
    /// It was copied for this source and not reported, but AWS describes another snapshot than the one that was announced.
    NotAsAnnounced {
        /// What AWS describes, and what was announced.
        difference: String,
    },
    /// It is the copy.
    Copy {
        /// The copy.
        snapshot: Snapshot,
        /// Whether it was reported to the source account.
        reported: Reported,
    },
    /// Every attempt so far has failed. None was ever reported.
    Failed {
        /// The failed copies, in the order of the attempts.
        copies: Vec<SnapshotArn>,
        /// The next attempt, if there is one.
        next: Option<Attempt>,
    },
}

/// Whether a copy was reported to the source account as completed, by its tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// Not yet.
    No,
    /// Yes.
    Yes,
}

/// The transit copy, as DR sees it. In DR's second region it is the copy in the first region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transit {
    /// The transit copy was not looked up, because only the copy was. In DR's second region: there is no complete copy in the first
    /// region.
    NotObserved,
    /// The transit copy is not visible. Sharing takes a moment to take effect.
    NotVisible {
        /// Its announcement.
        announcement: Announcement,
        /// The delay until the next look.
        delay: TimeDelta,
    },
    /// The transit copy is still not visible, ten minutes after its announcement.
    NeverVisible,
    /// The transit copy is visible and acceptable, but the account has reached one of its limits.
    OverLimit(Exceeded),
    /// The transit copy is visible.
    Visible {
        /// Its announcement.
        announcement: Announcement,
        /// The transit copy. AWS does not show its tags to DR.
        snapshot: Snapshot,
        /// Whether DR accepts it.
        admission: Admission,
        /// The lifecycle of the database's newest copy, if there is one.
        previous: Option<Box<Lifecycle>>,
        /// Whether it is its turn.
        turn: Turn,
    },
    /// AWS states another database for it than when it was announced: the database was renamed while the snapshot waited. Its account
    /// announces it again.
    Renamed,
    /// Its region cannot be reached.
    Unreachable,
}

/// Whether a copy may be started now. AWS limits the copies in progress from other regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Yes, as far as DR knows.
    Now,
    /// No: snapshots that came earlier wait already.
    Later,
}

/// Whether DR accepts a transit copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Yes: the copy will be encrypted under a key of DR.
    Encrypted,
    /// Yes: AWS cannot encrypt it (an unencrypted cluster snapshot), and unencrypted copies are allowed.
    PlaintextAllowed,
    /// No: AWS cannot encrypt it, and unencrypted copies are not allowed.
    PlaintextForbidden,
    /// No: the announcement claims that the source was taken after its transit copy was created.
    TakenLater,
}

/// Who requested a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requester {
    /// The source account, by an announcement. It expects a reply. Or DR's first region, whose copy is tagged.
    Source,
    /// The timer that waits for the copy.
    Timer,
    /// DR itself: an RDS notification, the sweep, the timer that waits until the transit copy is visible.
    Dr,
}

/// The next step, with everything that its action needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// No action is required.
    NoAction,
    /// Look again in a moment whether the transit copy is visible.
    WaitForShare {
        /// The announcement of the transit copy.
        announcement: Announcement,
        /// The delay until the next look.
        delay: TimeDelta,
    },
    /// Find the key, start the copy, and wait for it.
    StartCopy {
        /// The announcement of the transit copy.
        announcement: Announcement,
        /// The transit copy.
        transit: Snapshot,
        /// The attempt.
        attempt: Attempt,
        /// The lifecycle of the database's newest copy, if there is one.
        previous: Option<Box<Lifecycle>>,
    },
    /// Let the snapshot wait until it is its turn.
    Queue {
        /// The announcement of the transit copy.
        announcement: Announcement,
    },
    /// Wait for the copy.
    Wait {
        /// The copy.
        copy: Snapshot,
    },
    /// Mark the copy as complete, and report it to the source account.
    Complete {
        /// The copy.
        copy: Snapshot,
    },
    /// Report the copy to the source account once more.
    ReportAgain {
        /// The copy.
        copy: SnapshotArn,
    },
    /// Raise an alarm: an attempt has failed. The next announcement starts the next attempt.
    ReportFailure {
        /// The failed copies.
        copies: Vec<SnapshotArn>,
    },
    /// Report to the source account that every attempt has failed.
    RefuseFailed {
        /// The failed copies.
        copies: Vec<SnapshotArn>,
    },
    /// Raise an alarm: the copy was complete, and has failed since.
    ReportDamage {
        /// The copy.
        copy: SnapshotArn,
    },
    /// Report to the source account that the snapshot is not copied.
    Refuse(RefusalReason),
    /// The same, because the account has reached one of its limits.
    RefuseLimit(Exceeded),
    /// The same, because the finished copy is not as announced.
    RefuseCopy {
        /// What AWS describes, and what was announced.
        difference: String,
    },
}

/// The next step. The first matching row applies:
///
/// | copy                    | transit copy                   | requester | step                       |
/// |-------------------------|--------------------------------|-----------|----------------------------|
/// | another snapshot        | any                            | any       | `Refuse(NameTaken)`        |
/// | not as announced        | any                            | any       | `RefuseCopy`               |
/// | in progress             | any                            | any       | `Wait`                     |
/// | failed, reported        | any                            | source    | `ReportDamage`             |
/// | failed, reported        | any                            | DR, timer | `NoAction`                 |
/// | deleting                | any                            | any       | `NoAction`                 |
/// | available, not reported | any                            | any       | `Complete`                 |
/// | available, reported     | any                            | source    | `ReportAgain`              |
/// | available, reported     | any                            | DR, timer | `NoAction`                 |
/// | failed                  | any                            | timer     | `ReportFailure`            |
/// | failed, no attempt left | any                            | source    | `RefuseFailed`             |
/// | failed, no attempt left | any                            | DR        | `NoAction`                 |
/// | none, failed            | not observed                   | any       | `NoAction`                 |
/// | none, failed            | renamed, region unreachable    | any       | `NoAction`                 |
/// | none, failed            | not visible                    | any       | `WaitForShare`             |
/// | none, failed            | never visible                  | any       | `Refuse(NotShared)`        |
/// | none, failed            | taken after it was created     | any       | `Refuse(TakenLater)`       |
/// | none, failed            | unencrypted, forbidden         | any       | `Refuse(PlaintextCluster)` |
/// | none, failed            | over a limit of the account    | any       | `RefuseLimit`              |
/// | none, failed            | visible, others wait           | any       | `Queue`                    |
/// | none, failed            | visible                        | any       | `StartCopy`                |
///
/// The consumer cannot delete, so a failed copy stays, and the next attempt has another name. Announcements of accounts that DR
/// does not serve are rejected before anything is looked up.
#[must_use]
pub fn decide(observed: Observed) -> Step {
    let Observed { copy, transit, requester } = observed;
    match (copy, transit) {
        (Existing::OtherSnapshot, _) => Step::Refuse(RefusalReason::NameTaken),
        (Existing::NotAsAnnounced { difference }, _) => Step::RefuseCopy { difference },
        (Existing::Copy { snapshot, reported }, _) => match (snapshot.status, reported, requester) {
            (Status::Creating | Status::Copying, ..) => Step::Wait { copy: snapshot },
            (Status::Failed, _, Requester::Source) => Step::ReportDamage { copy: snapshot.arn },
            (Status::Failed | Status::Deleting, ..) => Step::NoAction,
            (Status::Available, Reported::No, _) => Step::Complete { copy: snapshot },
            (Status::Available, Reported::Yes, Requester::Source) => Step::ReportAgain { copy: snapshot.arn },
            (Status::Available, Reported::Yes, Requester::Dr | Requester::Timer) => Step::NoAction,
        },
        (Existing::Failed { copies, next }, transit) => match (next, requester) {
            (_, Requester::Timer) => Step::ReportFailure { copies },
            (None, Requester::Source) => Step::RefuseFailed { copies },
            (None, Requester::Dr) => Step::NoAction,
            (Some(attempt), _) => decide_without_copy(transit, attempt),
        },
        (Existing::None, transit) => decide_without_copy(transit, Attempt::FIRST),
    }
}

fn decide_without_copy(transit: Transit, attempt: Attempt) -> Step {
    match transit {
        Transit::NotObserved | Transit::Renamed | Transit::Unreachable => Step::NoAction,
        Transit::NotVisible { announcement, delay } => Step::WaitForShare { announcement, delay },
        Transit::NeverVisible => Step::Refuse(RefusalReason::NotShared),
        Transit::OverLimit(exceeded) => Step::RefuseLimit(exceeded),
        Transit::Visible { announcement, snapshot, admission, previous, turn } => match admission {
            Admission::TakenLater => Step::Refuse(RefusalReason::TakenLater),
            Admission::PlaintextForbidden => Step::Refuse(RefusalReason::PlaintextCluster),
            Admission::Encrypted | Admission::PlaintextAllowed => match turn {
                Turn::Now => Step::StartCopy { announcement, transit: snapshot, attempt, previous },
                Turn::Later => Step::Queue { announcement },
            },
        },
    }
}

impl Existing {
    /// Evaluates what was found under the identifiers of this origin's copy. A copy that was reported counts before all others,
    /// then one that has not failed.
    #[must_use]
    pub fn of(found: impl IntoIterator<Item = Snapshot>, origin: &Origin) -> Self {
        // The origin that a copy records has the identifier that the database had when it was copied.
        let mut copies: Vec<(Attempt, Origin, Snapshot)> = Vec::new();
        for snapshot in found {
            match (origin.attempt(&snapshot.arn), SnapshotRole::of(&snapshot)) {
                (Some(attempt), SnapshotRole::Copy(own)) if own == *origin => copies.push((attempt, own, snapshot)),
                _ => return Self::OtherSnapshot,
            }
        }
        copies.sort_by_key(|(attempt, ..)| *attempt);
        if let Some(nth) = copies.iter().position(|(.., copy)| copy.tags.get(tags::REPORTED).is_some()) {
            return Self::Copy { snapshot: copies.swap_remove(nth).2, reported: Reported::Yes };
        }
        if let Some(nth) = copies.iter().rposition(|(.., copy)| copy.status != Status::Failed) {
            let (_, own, snapshot) = copies.swap_remove(nth);
            return match difference(&own, &snapshot) {
                Some(difference) => Self::NotAsAnnounced { difference },
                None => Self::Copy { snapshot, reported: Reported::No },
            };
        }
        match copies.last() {
            Some((last, ..)) => {
                Self::Failed { next: last.next(), copies: copies.into_iter().map(|(.., copy)| copy.arn).collect() }
            }
            None => Self::None,
        }
    }
}

/// The difference between a finished copy and its origin, by the facts that AWS describes. The source account can replace the
/// transit copy between the look at it and the start of the copy, so the announcement is compared with the copy, too.
fn difference(origin: &Origin, copy: &Snapshot) -> Option<String> {
    if copy.status != Status::Available {
        return None;
    }
    let Origin { snapshot, database, taken } = origin;
    let (arn, transit) = (&copy.arn, origin.made_from_copy(&copy.tags).unwrap_or_else(|| origin.transit()));
    if !copy.database.eq_ignore_ascii_case(database.id()) {
        return Some(format!(
            "{arn} is a snapshot of {}, but {snapshot} was announced as one of {database}",
            copy.database
        ));
    }
    if let Some(actual) = copy.original_created.filter(|actual| !is_same_time(*actual, *taken)) {
        return Some(format!("{arn} was taken at {actual}, but {snapshot} was announced as taken at {taken}"));
    }
    let other = copy.copied_from.as_ref().filter(|from| ***from != transit)?;
    Some(format!("{arn} was copied from {other}, but the transit copy of {snapshot} is {transit}"))
}

/// RDS returns times to the millisecond, but not the same milliseconds in each response.
pub(crate) fn is_same_time(one: DateTime<Utc>, other: DateTime<Utc>) -> bool {
    (one - other).abs() < TimeDelta::seconds(1)
}
