//! Notes on a plan: snapshots that were left out, lifecycles that are missing or unknown, and copies without settings.

use std::collections::BTreeSet;

use protocol::spec::SpecState;
use retention::{Lifecycle, Lifecycles};

use super::Planned;
use super::list::{List, Role};

/// What is missing if the newest copy of a database has such a spec.
const SETTINGS: [(&[SpecState], &str); 2] = [
    (
        &[SpecState::Incomplete, SpecState::None],
        "do not record all settings: a restore uses AWS's defaults for the rest",
    ),
    (
        &[SpecState::Unreadable],
        "have settings that cannot be read: remove their tags Draco_Spec… before a restore, which then uses AWS's defaults",
    ),
];

/// The notes, one line each. `is_given` is whether `--lifecycle` was used.
pub(super) fn of(list: &List, plans: &[Planned<'_>], lifecycles: &Lifecycles, is_given: bool) -> Vec<String> {
    let known = || lifecycles.names().collect::<Vec<_>>().join(", ");
    let listed: usize = list.databases.values().map(|database| database.snapshots.len()).sum();
    let planned: usize = plans.iter().map(|plan| plan.plan.verdicts().len()).sum();
    let without: Vec<Role> =
        plans.iter().filter(|plan| *plan.plan.lifecycle() == Lifecycle::None).map(|plan| plan.role).collect();
    let unknown: BTreeSet<&str> = plans
        .iter()
        .filter_map(|plan| match plan.plan.lifecycle() {
            Lifecycle::Unknown(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();

    let mut notes = Vec::new();
    if list.is_partial {
        notes.push("the list is one page of several: it ends with a marker, so snapshots are missing".to_owned());
    }
    if list.unavailable > 0 {
        notes.push(format!("{} left out: not available", snapshots(list.unavailable)));
    }
    if list.transit > 0 {
        let copies = if list.transit == 1 { "copy" } else { "copies" };
        notes.push(format!("{} transit {copies} left out: no lifecycle applies to them", list.transit));
    }
    if listed > planned {
        notes.push(format!("{} listed more than once", snapshots(listed - planned)));
    }
    if !without.is_empty() {
        let (count, of) = (without.len(), plans.len());
        let databases = if of == 1 { "database" } else { "databases" };
        let effect = if without.contains(&Role::Source) { "Draco does not copy them" } else { "every copy is kept" };
        notes.push(format!(
            "{count} of {of} {databases} without a lifecycle: {effect}; try one with --lifecycle: {}",
            known()
        ));
    }
    let copies: Vec<SpecState> = plans.iter().filter_map(|plan| plan.spec).collect();
    for (states, effect) in SETTINGS {
        let lacking = copies.iter().filter(|spec| states.contains(spec)).count();
        if lacking > 0 {
            let (of, databases) = (copies.len(), if copies.len() == 1 { "database" } else { "databases" });
            notes.push(format!("the newest copies of {lacking} of {of} {databases} {effect}"));
        }
    }
    if is_given && !plans.is_empty() && list.databases.values().all(|database| database.lifecycle.is_some()) {
        notes.push("--lifecycle has no effect: every database names its own lifecycle".to_owned());
    }
    for name in unknown {
        notes.push(format!("unknown lifecycle `{name}`; known lifecycles: {}", known()));
    }
    notes
}

fn snapshots(count: usize) -> String {
    format!("{count} {}", if count == 1 { "snapshot" } else { "snapshots" })
}
