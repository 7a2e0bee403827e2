//! The decision: from what was seen of one snapshot to the one next step.

use chrono::{DateTime, Utc};
use protocol::message::Refusal;
use protocol::{Origin, Place, Snapshot, Status, tags};

/// What was seen of one snapshot, and what DR says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The source.
    pub source: Source,
    /// The transit copy, if there is one.
    pub transit: Option<Status>,
    /// DR's word, which is what brought the look about. It cannot be seen from here.
    pub word: Word,
}

/// What was seen of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody looked: the transit copy tells what is needed.
    Unseen,
    /// It is not there any more.
    Gone,
    /// It is not whole yet.
    Coming,
    /// It is there: whether it is wanted, and whether it is done.
    There(Wish, Done),
}

/// What the lifecycle's tag says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// There is none.
    None,
    /// `Ignore`
    Ignore,
    /// There is one, which DR knows or not.
    Keep,
}

/// The lifecycle of what is not to be copied.
pub(crate) const IGNORE: &str = "Ignore";

/// How it ended, as the source's tags tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It did not yet, or it is time to try again.
    No,
    /// DR has its copy.
    Copied,
    /// DR had no copy of it, and it is not time to try again.
    Refused,
}

/// What DR says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Nothing.
    None,
    /// `snapshot-copy-completed`
    Completed,
    /// `snapshot-no-copy`
    NoCopy,
}

/// The one next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is nothing to do: because of this.
    Nothing(Because),
    /// It is not Draco's business: because of this.
    Ignore(Because),
    /// Start the transit copy; wait.
    Copy,
    /// Wait for the transit copy.
    Wait,
    /// Share the transit copy and announce it.
    Announce,
    /// Tag the source as copied; delete the transit copy.
    Finish,
    /// Raise an alarm, tag the source as not copied, delete the transit copy.
    GiveUp,
    /// Raise an alarm and keep the transit copy, which is all there is of the snapshot. The sweep announces it again.
    Hold,
    /// Raise an alarm and delete the transit copy, which has failed. The sweep starts afresh.
    Discard,
    /// Delete the transit copy, which nobody needs any more.
    Clean,
}

/// Why nothing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// It is not there.
    Gone,
    /// It is not whole yet.
    Coming,
    /// The transit copy is being deleted.
    Leaving,
    /// DR has its copy.
    Copied,
    /// DR had no copy; it is tried again later.
    Refused,
    /// It has no lifecycle.
    NoLifecycle,
    /// Its lifecycle is `Ignore`.
    LifecycleIgnore,
}

/// The one next step. The first row that fits:
///
/// | DR's word | source                       | transit     | step      |
/// |-----------|------------------------------|-------------|-----------|
/// | completed | any                          | any         | `Finish`  |
/// | no copy   | gone, or unseen              | any         | `Hold`    |
/// | no copy   | there, not copied            | any         | `GiveUp`  |
/// |           | copied, or refused           | there       | `Clean`   |
/// |           | copied, or refused           | none        | `Nothing` |
/// |           | any                          | on its way  | `Wait`    |
/// |           | any                          | failed      | `Discard` |
/// |           | any                          | available   | `Announce`|
/// |           | any                          | deleting    | `Nothing` |
/// |           | gone, unseen, not whole yet  | none        | `Nothing` |
/// |           | no lifecycle, or `Ignore`    | none        | `Ignore`  |
/// |           | to be kept                   | none        | `Copy`    |
///
/// What was begun is finished, also when the source has gone or lost its lifecycle in the meantime.
#[must_use]
pub fn decide(seen: &Seen) -> Step {
    let Seen { source, transit, word } = *seen;
    match (word, source, transit) {
        (Word::Completed, ..) => Step::Finish,
        (Word::NoCopy, Source::Unseen | Source::Gone, _) => Step::Hold,
        (Word::NoCopy, Source::Coming | Source::There(_, Done::No | Done::Refused), _) => Step::GiveUp,
        (_, Source::There(_, Done::Copied | Done::Refused), Some(transit)) if transit != Status::Deleting => {
            Step::Clean
        }
        (_, Source::There(_, Done::Copied), _) => Step::Nothing(Because::Copied),
        (_, Source::There(_, Done::Refused), _) => Step::Nothing(Because::Refused),
        (_, _, Some(Status::Creating | Status::Copying)) => Step::Wait,
        (_, _, Some(Status::Failed)) => Step::Discard,
        (_, _, Some(Status::Available)) => Step::Announce,
        (_, _, Some(Status::Deleting)) => Step::Nothing(Because::Leaving),
        (_, Source::Unseen | Source::Gone, None) => Step::Nothing(Because::Gone),
        (_, Source::Coming, None) => Step::Nothing(Because::Coming),
        (_, Source::There(Wish::None, _), None) => Step::Ignore(Because::NoLifecycle),
        (_, Source::There(Wish::Ignore, _), None) => Step::Ignore(Because::LifecycleIgnore),
        (_, Source::There(Wish::Keep, Done::No), None) => Step::Copy,
    }
}

impl Source {
    /// Reads a source's status and tags. Its copy in DR, if it has one, would be in this place.
    #[must_use]
    pub fn of(source: &Snapshot, origin: &Origin, dr: &Place, now: DateTime<Utc>) -> Self {
        match source.status {
            Status::Creating | Status::Copying => return Self::Coming,
            // RDS has whole snapshots only; what has failed will never be one.
            Status::Deleting | Status::Failed => return Self::Gone,
            Status::Available => {}
        }
        let wish = match source.lifecycle() {
            None => Wish::None,
            Some(name) if name.eq_ignore_ascii_case(IGNORE) => Wish::Ignore,
            Some(_) => Wish::Keep,
        };
        // Manual copies and databases that were restored inherit tags, so the copy that is named must be of this one.
        let is_copied = source.tags.get(tags::COPIED) == Some(origin.copy(dr).to_string().as_str());
        let refusal = source.tags.get(tags::NOT_COPIED).and_then(Refusal::read);
        let done = match refusal {
            _ if is_copied => Done::Copied,
            Some(refusal) if !refusal.is_over(now) => Done::Refused,
            _ => Done::No,
        };
        Self::There(wish, done)
    }
}

impl Because {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Gone => "it is not there",
            Self::Coming => "it is not whole yet",
            Self::Leaving => "its transit copy is being deleted",
            Self::Copied => "DR has its copy",
            Self::Refused => "DR had no copy of it, and it is not time to try again",
            Self::NoLifecycle => "it has no tag Draco_Lifecycle",
            Self::LifecycleIgnore => "its lifecycle is Ignore",
        }
    }
}
