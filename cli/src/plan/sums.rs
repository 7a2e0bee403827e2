//! How many snapshots there are, and how many of them are kept.

use std::fmt;

use super::Planned;
use super::list::Role;

#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) kept: usize,
    pub(super) would_delete: usize,
    /// Source snapshots that Draco does not copy, because their database has no lifecycle or `Ignore`.
    pub(super) not_copied: usize,
    /// `None` for no database, or for databases of both roles.
    role: Option<Role>,
}

impl Sums {
    pub(super) fn of(plan: &Planned<'_>) -> Self {
        let all = plan.plan.verdicts().len();
        let sums = Self { role: Some(plan.role), ..Self::default() };
        if !plan.is_copied() {
            return Self { not_copied: all, ..sums };
        }
        let kept = plan.plan.verdicts().filter(|verdict| verdict.keep).count();
        Self { kept, would_delete: all - kept, ..sums }
    }

    pub(super) fn of_all(plans: &[Planned<'_>]) -> Self {
        let role = super::common_role(plans);
        plans.iter().map(Self::of).fold(Self { role, ..Self::default() }, |sums, other| Self {
            kept: sums.kept + other.kept,
            would_delete: sums.would_delete + other.would_delete,
            not_copied: sums.not_copied + other.not_copied,
            role,
        })
    }
}

/// `365 copies: 25 kept, 340 would be deleted`. For source snapshots: `365 source snapshots: 25 copies kept, …`.
impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kept, would_delete, not_copied, role } = *self;
        let planned = kept + would_delete;
        let all = planned + not_copied;
        let snapshots = |kind: &str| format!("{all} {kind}{}", if all == 1 { "" } else { "s" });
        let copies = |count: usize| format!("{count} {}", if count == 1 { "copy" } else { "copies" });
        // Of copies, "25 kept" is clear; of source snapshots, it is their copies that are kept.
        let (all, kept, would_delete_text) = match role {
            Some(Role::Copy) => (copies(all), kept.to_string(), would_delete.to_string()),
            Some(Role::Source) => (snapshots("source snapshot"), copies(kept), copies(would_delete)),
            None => (snapshots("snapshot"), copies(kept), copies(would_delete)),
        };
        let mut parts = Vec::new();
        if planned > 0 {
            parts.push(format!("{kept} kept"));
            parts.push(match would_delete {
                0 => "nothing to delete".to_owned(),
                _ => format!("{would_delete_text} would be deleted"),
            });
        }
        match not_copied {
            0 => {}
            _ if planned == 0 => parts.push("not copied".to_owned()),
            _ => parts.push(format!("{not_copied} not copied")),
        }
        write!(f, "{all}: {}", parts.join(", "))
    }
}
