//! Which sources DR should hold copies of, and does not: a copy was deleted by hand, or was lost.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use protocol::Origin;
use retention::{Lifecycle, Lifecycles};

use crate::{History, expired};

/// The sources without a copy that would be kept if they had one. `held` says whether there is a copy in any state in which it is
/// or becomes complete.
///
/// They are planned together with the copies, by the lifecycles in force and not by the floor: when a copy that is gone had
/// arrived is not known. So a source whose copy has expired is not missing, and one that only the floor would keep is not either.
#[must_use]
pub fn missing<'s>(
    history: &History,
    sources: &'s [Origin],
    held: impl Fn(&Origin) -> bool,
    known: &Lifecycles,
) -> Vec<&'s Origin> {
    let absent: Vec<_> = sources.iter().filter(|source| !held(source)).collect();
    let in_force = expired::in_force(history, known);
    if in_force.is_empty() || in_force.iter().any(|lifecycle| lifecycle.rules().is_empty()) {
        return absent;
    }
    let copies = history.copies.iter().map(|copy| (copy.source.to_string(), copy.planned));
    let all: Vec<_> = copies.chain(absent.iter().map(|source| entry(source))).collect();
    let kept: BTreeSet<_> = in_force.iter().flat_map(|lifecycle| kept(&all, lifecycle)).collect();
    absent.into_iter().filter(|source| kept.contains(&entry(source))).collect()
}

/// A snapshot of the plan: the identifier and when it was taken.
type Entry = (String, DateTime<Utc>);

fn entry(source: &Origin) -> Entry {
    (source.snapshot.id().to_owned(), source.taken)
}

fn kept(all: &[Entry], lifecycle: &Lifecycle) -> Vec<Entry> {
    let entries: Vec<_> = all.iter().map(|(id, time)| (id.as_str(), *time)).collect();
    let plan = retention::plan(lifecycle, &entries);
    let kept = plan.verdicts().filter(|verdict| verdict.keep);
    kept.map(|verdict| (verdict.snapshot.0.to_owned(), verdict.snapshot.1)).collect()
}
