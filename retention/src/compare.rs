//! Comparing lifecycles: whether one keeps at least the snapshots that another keeps.

use crate::lifecycle::Lifecycle;
use crate::rule::{Counted, Rule, Span};

impl Lifecycle {
    /// Whether this lifecycle keeps, of every history, at least the snapshots that the other keeps.
    ///
    /// It compares single rules. `false` also if only several rules together would keep as much: a change is then reported as
    /// a reduction although it is none.
    #[must_use]
    pub fn keeps_at_least(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rules { rules, .. }, Self::Rules { rules: others, .. }) => {
                others.iter().all(|other| is_trivial(*other) || rules.iter().any(|rule| covers(*rule, *other)))
            }
            // Every other lifecycle keeps all snapshots.
            (Self::Rules { .. }, _) => false,
            (Self::Ignore | Self::Unknown(_) | Self::None, _) => true,
        }
    }
}

/// Whether a rule keeps no snapshot but the newest, which every lifecycle keeps.
fn is_trivial(rule: Rule) -> bool {
    match rule {
        Rule::Counted(Counted::WholeDays, count) => count == 0,
        Rule::Counted(_, count) => count <= 1,
        Rule::Within(span) => span.as_hours() == 0,
    }
}

/// Whether a rule keeps every snapshot that the other keeps.
fn covers(rule: Rule, other: Rule) -> bool {
    match (rule, other) {
        (Rule::Within(span), Rule::Within(other)) => span.as_hours() >= other.as_hours(),
        (Rule::Counted(Counted::WholeDays, days), Rule::Within(other)) => u64::from(days) >= days_touched(other),
        (Rule::Counted(Counted::WholeDays, days), Rule::Counted(Counted::WholeDays | Counted::Last, other)) => {
            days >= other
        }
        (Rule::Counted(Counted::WholeDays, days), Rule::Counted(Counted::Hourly, hours)) => days >= hours,
        (Rule::Counted(Counted::WholeDays, days), Rule::Counted(periodic, count)) => {
            covers_periods(Counted::Daily, days, periodic, count)
        }
        (Rule::Counted(own, most), Rule::Counted(other, count)) => covers_periods(own, most, other, count),
        (Rule::Within(_), Rule::Counted(..)) | (Rule::Counted(..), Rule::Within(_)) => false,
    }
}

/// The newest snapshot of a long period is the newest of one of its short periods. Up to the start of the last of `count` long
/// periods there are at most `count - 1` times as many short ones as fit into one long period.
fn covers_periods(short: Counted, most: u32, long: Counted, count: u32) -> bool {
    most_in(short, long).is_some_and(|ratio| u64::from(most) > ratio * u64::from(count.saturating_sub(1)))
}

/// How many of the short periods a long one has at most. `None` if a long period does not consist of whole short ones. A week
/// can belong to two months, quarters or years.
fn most_in(short: Counted, long: Counted) -> Option<u64> {
    use Counted::{Daily, Hourly, Monthly, Quarterly, Weekly, Yearly};
    let days = |of: Counted| match of {
        Daily => Some(1),
        Weekly => Some(7),
        Monthly => Some(31),
        Quarterly => Some(92),
        Yearly => Some(366),
        _ => None,
    };
    match (short, long) {
        (short, long) if short == long => Some(1),
        (Hourly, long) => Some(24 * days(long)?),
        (Daily, long) => days(long),
        (Monthly, Quarterly) => Some(3),
        (Monthly, Yearly) => Some(12),
        (Quarterly, Yearly) => Some(4),
        _ => None,
    }
}

/// The number of calendar days that times less than this span apart can touch.
fn days_touched(span: Span) -> u64 {
    u64::from(span.as_hours().div_ceil(24)) + 1
}
