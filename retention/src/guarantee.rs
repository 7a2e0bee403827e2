//! The guarantee of rules in days, against somebody who adds snapshots at will.
//!
//! A floor exists for the case that a database's snapshots become worthless, and that many arrive. Its rules count periods, so
//! new snapshots displace old ones. The guarantee is the time that this takes at least:
//!
//! > For so many days after the last good snapshot, a good snapshot is kept, however many snapshots follow, and whenever they
//! > do.
//!
//! The first follows at once and displaces the last good snapshot, if its rule keeps one of each period. So the guarantee
//! is about the newest snapshot of an **earlier** period, which nothing can displace within its period: one good snapshot of
//! an earlier day for `daily`, of an earlier week for `weekly`. That snapshot and the first of the others use two of the rule's
//! periods; the guarantee is the shortest length of the rest. `tests/guarantee.rs` proves it, and that it is not longer.

use crate::lifecycle::{Lifecycle, Rules};
use crate::rule::{Counted, Rule};

impl Rule {
    /// The guarantee in days.
    #[must_use]
    pub fn guarantee_days(self) -> u32 {
        match self {
            Self::Within(span) => span.as_hours() / 24,
            // Any number of snapshots can arrive at once.
            Self::Counted(Counted::Last, _) => 0,
            // It keeps every snapshot of a day, so only later days count.
            Self::Counted(Counted::WholeDays, count) => count.saturating_sub(1),
            Self::Counted(periodic, count) => shortest(periodic, count.saturating_sub(2)),
        }
    }
}

/// So many successive periods have at least this many days.
fn shortest(periodic: Counted, count: u32) -> u32 {
    match periodic {
        Counted::Last | Counted::WholeDays => 0,
        Counted::Hourly => count / 24,
        Counted::Daily => count,
        Counted::Weekly => count.saturating_mul(7),
        // February has 28 days. Several months have at least 30 on average, but for those two days.
        Counted::Monthly => count.saturating_mul(30).saturating_sub(2),
        Counted::Quarterly => count.saturating_mul(90),
        Counted::Yearly => count.saturating_mul(365),
    }
}

impl Rules {
    /// The guarantee in days: that of the best rule.
    #[must_use]
    pub fn guarantee_days(&self) -> u32 {
        longest(self.as_slice())
    }
}

impl Lifecycle {
    /// The guarantee in days: that of the best rule. `None` if every snapshot is kept.
    #[must_use]
    pub fn guarantee_days(&self) -> Option<u32> {
        match self {
            Self::Rules { rules, .. } => Some(longest(rules)),
            Self::Ignore | Self::Unknown(_) | Self::None => None,
        }
    }
}

fn longest(rules: &[Rule]) -> u32 {
    rules.iter().map(|rule| rule.guarantee_days()).max().unwrap_or_default()
}
