//! The lifecycle: which copies of a database stay, and which go.
//!
//! Two plans are made, and a copy goes only if both let it go. The lifecycle's goes by when the originals were taken, as
//! the source account tells. The floor's goes by when the copies arrived in DR, which the source account cannot forge:
//! whatever it says, and however many snapshots it feeds to DR, it takes weeks to push out what is there (invariant 10).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use protocol::{AccountId, DatabaseArn, Origin, Part, Snapshot, SnapshotArn, Status, tags};
use retention::{Lifecycle, Lifecycles};

/// A copy of a database's snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Its name.
    pub arn: SnapshotArn,
    /// Of what it is a copy.
    pub origin: Origin,
    /// When it came to be in DR.
    arrived: DateTime<Utc>,
    /// The name of its lifecycle.
    lifecycle: Option<String>,
    /// Whether the source account knows of it. Until then it stays, or it would be sent again.
    is_told: bool,
}

/// A copy that no rule holds, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doomed {
    /// The copy.
    pub copy: Copy,
    /// The lifecycle, and what its rules would have needed.
    pub why: String,
}

/// Which of these snapshots of DR go as they stand, without another copy: what deletion would begin with. Those of
/// accounts that are not served stay, because nothing comes by that would thin them.
#[must_use]
pub fn going(snapshots: &[Snapshot], served: &[AccountId], known: &Lifecycles, floor: &Lifecycle) -> Vec<Doomed> {
    let mut databases: BTreeMap<DatabaseArn, Vec<Copy>> = BTreeMap::new();
    for snapshot in snapshots {
        let Part::Copy(origin) = Part::of(snapshot) else { continue };
        if served.contains(&origin.snapshot.place.account) {
            let copy = Copy::of(snapshot, &origin.database);
            databases.entry(origin.database).or_default().extend(copy);
        }
    }
    databases.into_values().flat_map(|copies| doomed(copies, None, known, floor)).collect()
}

impl Copy {
    /// A whole copy of a snapshot of this database, if it is one (invariant 5).
    pub(crate) fn of(snapshot: &Snapshot, database: &DatabaseArn) -> Option<Self> {
        let Part::Copy(origin) = Part::of(snapshot) else { return None };
        (origin.database == *database && snapshot.status == Status::Available).then_some(())?;
        Some(Self {
            arn: snapshot.arn.clone(),
            arrived: snapshot.created?,
            lifecycle: snapshot.lifecycle().map(str::to_owned),
            is_told: snapshot.tags.get(tags::REPORTED).is_some(),
            origin,
        })
    }
}

/// Which copies of one database go, under the lifecycle of the newest. One of them may have just been told of.
pub(crate) fn doomed(
    copies: Vec<Copy>,
    just_told: Option<&SnapshotArn>,
    known: &Lifecycles,
    floor: &Lifecycle,
) -> Vec<Doomed> {
    let Some(newest) = copies.iter().max_by_key(|copy| (copy.origin.taken, copy.arn.id())) else { return Vec::new() };
    let lifecycle = newest.lifecycle.as_deref().map_or(Lifecycle::None, |name| known.named(name));
    let by_taken: Vec<_> = copies.iter().map(|copy| (copy.arn.id(), copy.origin.taken)).collect();
    let by_arrival: Vec<_> = copies.iter().map(|copy| (copy.arn.id(), copy.arrived)).collect();
    let going = |plan: &retention::Plan<'_, (&str, DateTime<Utc>)>| -> BTreeMap<String, String> {
        let going = plan.verdicts().filter(|verdict| !verdict.keep);
        going.map(|verdict| (verdict.snapshot.0.to_owned(), verdict.to_string())).collect()
    };
    let by_lifecycle = going(&retention::plan(&lifecycle, &by_taken));
    let by_floor = going(&retention::plan(floor, &by_arrival));
    copies
        .into_iter()
        .filter(|copy| copy.is_told || just_told == Some(&copy.arn))
        .filter(|copy| by_floor.contains_key(copy.arn.id()))
        .filter_map(|copy| {
            let why = format!("{}: {}", lifecycle.name(), by_lifecycle.get(copy.arn.id())?);
            Some(Doomed { copy, why })
        })
        .collect()
}
