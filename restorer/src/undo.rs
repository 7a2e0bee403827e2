//! The rows of an undo, and what a failure does: it is the same. The old database gets its name, then its members theirs, then its protection
//! of before; the tags of the job are removed, and the new database is torn down last.

use protocol::observed::Condition;

use crate::decide::{Refusal, Step, asked, waits_for};
use crate::seen::{Arrived, Aside, New, Old, Target};

/// The rows of the [table](crate::decide::decide).
pub(crate) fn undo(target: Target, new: New, aside: Aside) -> Step {
    if let Target::New(arrived) = &target
        && let Some(to) = &arrived.side.asked
    {
        return Step::Wait(asked(&arrived.side, to));
    }
    match (target, new, aside) {
        (Target::Foreign(foreign), _, Aside::Old(old)) => {
            Step::Refuse(Refusal::TargetTaken { foreign, old: old.side.arn })
        }
        (Target::Foreign(_), new, _) => tear_down(new),
        (Target::Old(old), new, _) => match new {
            // The old one's members need their names.
            New::Ours(beside) if !beside.moves.is_empty() => Step::MoveMembers(beside.moves),
            new => clean(*old).unwrap_or_else(|| tear_down(new)),
        },
        (Target::Nothing, _, Aside::Elsewhere(moved)) => Step::Refuse(Refusal::Moved(moved)),
        (Target::Nothing, New::Ours(beside), aside) => match (&beside.side.asked, &beside.side.condition, aside) {
            (Some(to), ..) => Step::Wait(asked(&beside.side, to)),
            (None, condition @ Condition::InProgress(_), Aside::Old(_)) => waits_for(&beside.side, condition),
            // A late step has begun the teardown of the old one, which can no longer serve.
            (None, _, Aside::Old(old)) if is_going(&old) => Step::TakeName { new: beside.side, old: None },
            (None, _, Aside::Old(old)) => put_back(*old),
            (None, ..) => tear_down(New::Ours(beside)),
        },
        (Target::Nothing, _, Aside::Old(old)) | (Target::Nothing, New::Old(old), _) => put_back(*old),
        (Target::Nothing, new, _) => tear_down(new),
        (Target::New(arrived), _, Aside::Old(old)) if !is_going(&old) => give_name(*arrived, *old),
        (Target::New(arrived), _, Aside::Old(_)) if matches!(arrived.side.condition, Condition::InProgress(_)) => {
            waits_for(&arrived.side, &arrived.side.condition)
        }
        (Target::New(_), ..) => Step::TooLate,
    }
}

/// Whether the teardown of the old database has begun.
fn is_going(old: &Old) -> bool {
    old.is_incomplete || old.side.condition == Condition::Deleting
}

/// The new database gives the target's name back if the old one can take it at once.
fn give_name(arrived: Arrived, old: Old) -> Step {
    let Arrived { side, .. } = arrived;
    match (&old.side.condition, &side.condition) {
        (Condition::Failed(status), _) => Step::Refuse(Refusal::OldFailed(old.side.arn, status.clone())),
        (Condition::Stopped, _) => Step::Resume(old.side.arn),
        (condition @ (Condition::InProgress(_) | Condition::BackingUp | Condition::Deleting), _) => {
            waits_for(&old.side, condition)
        }
        (Condition::Ready, condition @ (Condition::InProgress(_) | Condition::Deleting)) => waits_for(&side, condition),
        (Condition::Ready, _) => Step::GiveName(side),
    }
}

pub(crate) fn put_back(old: Old) -> Step {
    match &old.side.condition {
        condition @ (Condition::InProgress(_) | Condition::Deleting) => waits_for(&old.side, condition),
        Condition::Stopped => Step::Resume(old.side.arn),
        Condition::Ready | Condition::BackingUp | Condition::Failed(_) => Step::PutBack(Box::new(old)),
    }
}

/// What is left of the job on the old database under the target's name, if anything is.
pub(crate) fn clean(old: Old) -> Option<Step> {
    if !old.is_tagged && old.mark.is_none() && old.tagged_members.is_empty() {
        return None;
    }
    Some(match (&old.side.condition, &old.side.asked) {
        (condition @ Condition::InProgress(_), _) => waits_for(&old.side, condition),
        (_, Some(to)) => Step::Wait(asked(&old.side, to)),
        (_, None) if !old.moves.is_empty() => Step::MoveMembers(old.moves),
        (_, None) => Step::Clean(Box::new(old)),
    })
}

fn tear_down(new: New) -> Step {
    match new {
        New::Ours(beside) if !beside.moves.is_empty() => Step::MoveMembers(beside.moves),
        New::NotVisible => Step::Wait("AWS may not describe the new database yet".to_owned()),
        New::Ours(_) | New::Nothing | New::Old(_) | New::Foreign(_) | New::NotYet(_) => Step::TearDownNew,
    }
}
