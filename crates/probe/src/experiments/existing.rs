//! Copies of an existing database, whose times are compared.

use crate::existing::MIN_FULL;
use crate::experiment::{Action, Experiment, Need, Original, Side, Snapshot, Subject, Verdict, must};
use crate::trace::{Settled, Trace};

const OLDER: Snapshot = Snapshot::source("older");
const NEWER: Snapshot = Snapshot::source("newer");
const OLDER_IN_DR: Snapshot = Snapshot::dr("older-in-dr");
const NEWER_IN_DR: Snapshot = Snapshot::dr("newer-in-dr");
const CONTROL: Snapshot = Snapshot::source("control");
const CONTROL_IN_DR: Snapshot = Snapshot::dr("control-in-dr");
const REVOKED: Snapshot = Snapshot::source("revoked");

/// A copy that takes this part of the time of a full one, or less, is incremental.
const INCREMENTAL_PERCENT: i64 = 50;
/// One that takes this part or more is full.
const FULL_PERCENT: i64 = 80;

pub(super) const ALL: &[Experiment] = &[
    Experiment {
        name: "incremental",
        subject: Subject::Question,
        needs: &[Need::Existing, Need::Key(Side::Source), Need::Key(Side::Dr)],
        minutes: 10,
        steps: &[
            // The key is new, so the first copies are full.
            must("first", Action::TimeFull(Original::Older, OLDER)),
            must("share the first", Action::Share(OLDER)),
            must("the first is visible", Action::Appear(OLDER)),
            must("first in DR", Action::TimeFull(Original::Made(OLDER), OLDER_IN_DR)),
            must("next", Action::Time(Original::Newer, NEWER)),
            must("nothing else in the source account", Action::Undisturbed(Side::Source)),
            must("share the next", Action::Share(NEWER)),
            must("the next is visible", Action::Appear(NEWER)),
            must("next in DR", Action::Time(Original::Made(NEWER), NEWER_IN_DR)),
            must("nothing else in DR", Action::Undisturbed(Side::Dr)),
            // The control: the same copies, without an earlier one.
            must("delete the next in DR", Action::Delete(NEWER_IN_DR)),
            must("delete the first in DR", Action::Delete(OLDER_IN_DR)),
            must("control in DR", Action::Time(Original::Made(NEWER), CONTROL_IN_DR)),
            must("delete the next", Action::Delete(NEWER)),
            must("delete the first", Action::Delete(OLDER)),
            must("control", Action::Time(Original::Newer, CONTROL)),
        ],
        read: |trace| {
            let source = Times::of(trace, ["first", "next", "control"])?;
            let dr = Times::of(trace, ["first in DR", "next in DR", "control in DR"])?;
            let measured = format!("source {source}; DR {dr}");
            match (source.is_incremental(), dr.is_incremental()) {
                (Some(true), Some(true)) => Ok(Verdict::measured("also-of-copies", measured)),
                (Some(true), Some(false)) => Ok(Verdict::measured("not-of-copies", measured)),
                (Some(false), Some(false)) => Ok(Verdict::measured("never", measured)),
                (Some(false), Some(true)) => Err(format!("only the copy in DR is incremental: {measured}")),
                (None, _) | (_, None) => Err(format!(
                    "the second copy must take at most {INCREMENTAL_PERCENT} % or at least {FULL_PERCENT} % of the time of \
                     both full ones, which must take {} s at least: {measured}",
                    MIN_FULL.num_seconds()
                )),
            }
        },
    },
    Experiment {
        name: "revoked-grant",
        subject: Subject::Question,
        needs: &[Need::Existing, Need::Key(Side::Source)],
        minutes: 10,
        steps: &[
            // It is full: there is no other copy under this key now.
            must("copy", Action::Start(Original::Older, REVOKED)),
            must("revoke", Action::RevokeGrants),
            must("revoked", Action::Now),
            must("wait", Action::Settle(&[REVOKED])),
            must("ended", Action::Now),
        ],
        read: |trace| {
            let seconds = trace.took("ended")? - trace.took("revoked")?;
            let measured = format!("the copy ended {seconds} s after the grants were revoked");
            match trace.settled("wait")?.first().map_or("unknown", Settled::end) {
                "failed" => Ok(Verdict::measured("fails", measured)),
                // RDS may have used the grants for the last time before.
                "available" if seconds < MIN_FULL.num_seconds() => {
                    Err(format!("the database is too small: {measured}, and {} s are needed", MIN_FULL.num_seconds()))
                }
                "available" => Ok(Verdict::measured("goes-on", measured)),
                end => Err(format!("the copy is {end}")),
            }
        },
    },
];

/// The seconds of three copies in one account.
struct Times {
    /// The first one under its key.
    first: i64,
    /// The second one, while the first one exists.
    next: i64,
    /// The second one again, without an earlier one.
    control: i64,
}

impl Times {
    fn of(trace: &Trace, steps: [&str; 3]) -> Result<Self, String> {
        let [first, next, control] = steps;
        Ok(Self { first: trace.took(first)?, next: trace.took(next)?, control: trace.took(control)? })
    }

    /// Whether the second copy is incremental. `None` if the times do not decide it.
    fn is_incremental(&self) -> Option<bool> {
        let (fastest, slowest) = (self.first.min(self.control), self.first.max(self.control));
        if fastest < MIN_FULL.num_seconds() {
            return None;
        }
        if self.next * 100 <= fastest * INCREMENTAL_PERCENT {
            Some(true)
        } else if self.next * 100 >= slowest * FULL_PERCENT {
            Some(false)
        } else {
            None
        }
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { first, next, control } = self;
        write!(f, "{first} s full, then {next} s, and {control} s without an earlier copy")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_decide_only_if_they_are_clear() {
        for (first, next, control, expected) in [
            (1200, 60, 1200, Some(true)),
            (1200, 600, 1200, Some(true)),
            (1200, 601, 1200, None),
            (1200, 959, 1200, None),
            (1200, 960, 1200, Some(false)),
            (1200, 1500, 1200, Some(false)),
            // It depends on which of the full copies it is compared with.
            (2400, 1000, 1200, None),
            // Without an earlier copy it is fast, too: the time does not depend on that.
            (1200, 60, 60, None),
            (599, 10, 1200, None),
        ] {
            assert_eq!(Times { first, next, control }.is_incremental(), expected, "{first} {next} {control}");
        }
    }
}
