//! What the plans themselves do not say: what was left out, and which lifecycles are not known.

use std::collections::BTreeSet;

use retention::{Lifecycle, Lifecycles};

use super::Planned;
use super::list::List;

/// What there is to say, in lines.
pub(super) fn of(list: &List, sources: &[Planned<'_>], lifecycles: &Lifecycles, given: bool) -> Vec<String> {
    let known = || lifecycles.names().collect::<Vec<_>>().join(", ");
    let listed: usize = list.sources.values().map(|source| source.snapshots.len()).sum();
    let planned: usize = sources.iter().map(|source| source.plan.verdicts().len()).sum();
    let unnamed = sources.iter().filter(|source| *source.plan.lifecycle() == Lifecycle::None).count();
    let unknown: BTreeSet<&str> = sources
        .iter()
        .filter_map(|source| match source.plan.lifecycle() {
            Lifecycle::Unknown(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();

    let mut notes = Vec::new();
    if list.goes_on {
        notes.push("the list ends with a marker, so there is more that is not in it".to_owned());
    }
    if list.unavailable > 0 {
        notes.push(format!("{} left out, not available", list.unavailable));
    }
    if listed > planned {
        notes.push(format!("{} listed more than once, counted once", listed - planned));
    }
    if unnamed > 0 {
        let of = sources.len();
        notes.push(format!("no lifecycle for {unnamed} of {of} sources; `--lifecycle NAME` gives one: {}", known()));
    }
    if given && list.sources.values().all(|source| source.lifecycle.is_some()) {
        notes.push("`--lifecycle` decides nothing here: every source names its own".to_owned());
    }
    for name in unknown {
        notes.push(format!("there is no lifecycle `{name}`, so everything under it is kept; there are {}", known()));
    }
    notes
}
