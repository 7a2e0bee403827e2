//! The decision: from what was seen of one announced snapshot to the one next step.

use protocol::{Status, WhyNot};

/// What was seen of one snapshot's copy, and of what is shared with DR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its copy in DR.
    pub copy: Copy,
    /// Its transit copy in the source account.
    pub shared: Shared,
    /// Whether the source account asks, and so wants to be told.
    pub asked: Asked,
}

/// What stands where the copy should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// Nothing.
    None,
    /// A snapshot that is no copy of this one.
    Another,
    /// It, which is so far.
    There(Status, Told),
}

/// Whether the source account was told that a copy is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Not that anybody could see it.
    No,
    /// The copy's tags say so.
    Yes,
}

/// What is to be seen of the transit copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// Nobody looked: only the copy is asked for.
    Unseen,
    /// Nothing; sharing takes a moment to be seen.
    NotYet,
    /// Nothing, and it was announced more than ten minutes ago.
    Never,
    /// It.
    There(Nature),
}

/// What kind of transit copy it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// One that is under a key in DR, once it is copied.
    Encryptable,
    /// An unencrypted cluster snapshot, which AWS cannot encrypt, and plaintext is allowed.
    PlaintextAllowed,
    /// The same, and it is not allowed.
    PlaintextForbidden,
    /// One that is said to hold data that was taken after it was made.
    TakenLater,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The source account.
    BySource,
    /// DR itself: RDS, a timer, the sweep.
    ByDr,
}

/// The one next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is nothing to do.
    Nothing,
    /// Look again a little later whether it is shared.
    LookAgain,
    /// Find the key; start the copy; wait.
    Copy,
    /// Wait for the copy.
    Wait,
    /// Tell the source account, apply the lifecycle.
    Finish,
    /// Tell the source account once more.
    Repeat,
    /// Delete the copy, which has failed, and tell the source account.
    Discard,
    /// Tell the source account that there is no copy.
    Refuse(WhyNot),
}

/// The one next step. The first row that fits:
///
/// | copy                | shared                    | asked     | step                       |
/// |---------------------|---------------------------|-----------|----------------------------|
/// | another snapshot    | any                       | any       | `Refuse(NameTaken)`        |
/// | on its way          | any                       | any       | `Wait`                     |
/// | failed              | any                       | any       | `Discard`                  |
/// | deleting            | any                       | any       | `Nothing`                  |
/// | available, not told | any                       | any       | `Finish`                   |
/// | available, told     | any                       | by source | `Repeat`                   |
/// | available, told     | any                       | by DR     | `Nothing`                  |
/// | none                | nobody looked             | any       | `Nothing`                  |
/// | none                | not yet                   | any       | `LookAgain`                |
/// | none                | never                     | any       | `Refuse(NotShared)`        |
/// | none                | taken later than it was made | any    | `Refuse(TakenLater)`       |
/// | none                | plaintext, not allowed    | any       | `Refuse(PlaintextCluster)` |
/// | none                | there                     | any       | `Copy`                     |
///
/// Whom DR does not serve never gets here: it is refused before anybody looks.
#[must_use]
pub fn decide(seen: &Seen) -> Step {
    match (seen.copy, seen.shared) {
        (Copy::Another, _) => Step::Refuse(WhyNot::NameTaken),
        (Copy::There(status, told), _) => match (status, told, seen.asked) {
            (Status::Creating | Status::Copying, ..) => Step::Wait,
            (Status::Failed, ..) => Step::Discard,
            (Status::Deleting, ..) => Step::Nothing,
            (Status::Available, Told::No, _) => Step::Finish,
            (Status::Available, Told::Yes, Asked::BySource) => Step::Repeat,
            (Status::Available, Told::Yes, Asked::ByDr) => Step::Nothing,
        },
        (Copy::None, Shared::Unseen) => Step::Nothing,
        (Copy::None, Shared::NotYet) => Step::LookAgain,
        (Copy::None, Shared::Never) => Step::Refuse(WhyNot::NotShared),
        (Copy::None, Shared::There(Nature::TakenLater)) => Step::Refuse(WhyNot::TakenLater),
        (Copy::None, Shared::There(Nature::PlaintextForbidden)) => Step::Refuse(WhyNot::PlaintextCluster),
        (Copy::None, Shared::There(Nature::Encryptable | Nature::PlaintextAllowed)) => Step::Copy,
    }
}
