//! The lifecycle: which copies of a database are kept, and which have expired.
//!
//! There are two plans, and a copy has expired only if neither keeps it. The plan of the lifecycle uses the times at which the
//! originals were taken, as the source account states them. The plan of the floor uses the times at which the copies arrived
//! in DR, which the source account cannot forge. So new copies displace existing ones only slowly, one a day or a week for
//! each rule of the floor (invariant 10; `doc/invariants.md` has the limits).

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use protocol::{AccountId, DatabaseArn, Origin, Snapshot, SnapshotArn, SnapshotRole, Status, tags};
use retention::{Lifecycle, Lifecycles};

/// A completed copy in DR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCopy {
    /// The ARN of the copy.
    pub arn: SnapshotArn,
    /// The source that it is a copy of.
    pub origin: Origin,
    /// When the copy was created in DR.
    arrived: DateTime<Utc>,
    /// The name of its lifecycle.
    lifecycle: Option<String>,
    /// When it was reported to the source account, as its tag states. A copy that was not reported is never deleted, because the
    /// source account would send it again.
    reported: Option<String>,
}

/// A copy that neither the lifecycle nor the floor keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// The copy.
    pub copy: StoredCopy,
    /// The lifecycle, and what each of its rules would have required.
    pub why: String,
}

/// The copies among these snapshots of DR that have expired now: those that would be deleted first if deletion were enabled.
/// Copies of accounts that are not served do not expire, because no new copy triggers their plan.
#[must_use]
pub fn all_expired(
    snapshots: &[Snapshot],
    served: &[AccountId],
    known: &Lifecycles,
    floor: &Lifecycle,
) -> Vec<Expired> {
    let mut databases: BTreeMap<DatabaseArn, Vec<StoredCopy>> = BTreeMap::new();
    for snapshot in snapshots {
        let SnapshotRole::Copy(origin) = SnapshotRole::of(snapshot) else { continue };
        if served.contains(&origin.snapshot.place.account) {
            let copy = StoredCopy::of(snapshot, &origin.database);
            databases.entry(origin.database).or_default().extend(copy);
        }
    }
    databases.into_values().flat_map(|copies| expired(copies, None, known, floor)).collect()
}

impl StoredCopy {
    /// This snapshot as a completed copy of this database, if it is one (invariant 5).
    pub(crate) fn of(snapshot: &Snapshot, database: &DatabaseArn) -> Option<Self> {
        let SnapshotRole::Copy(origin) = SnapshotRole::of(snapshot) else { return None };
        (origin.database == *database && snapshot.status == Status::Available).then_some(())?;
        Some(Self {
            arn: snapshot.arn.clone(),
            arrived: snapshot.created?,
            lifecycle: snapshot.lifecycle().map(str::to_owned),
            reported: snapshot.tags.get(tags::REPORTED).map(str::to_owned),
            origin,
        })
    }

    /// Whether it was reported to the source account on this day.
    pub(crate) fn was_reported_on(&self, day: NaiveDate) -> bool {
        let reported = self.reported.as_deref().and_then(|time| DateTime::parse_from_rfc3339(time).ok());
        reported.is_some_and(|time| time.to_utc().date_naive() == day)
    }
}

/// The expired copies of one database, by the lifecycle of its newest copy. `just_reported` counts as reported although its
/// tag is not set yet.
pub(crate) fn expired(
    copies: Vec<StoredCopy>,
    just_reported: Option<&SnapshotArn>,
    known: &Lifecycles,
    floor: &Lifecycle,
) -> Vec<Expired> {
    let Some(newest) = copies.iter().max_by_key(|copy| (copy.origin.taken, copy.arn.id())) else { return Vec::new() };
    let lifecycle = newest.lifecycle.as_deref().map_or(Lifecycle::None, |name| known.named(name));
    let by_taken: Vec<_> = copies.iter().map(|copy| (copy.arn.id(), copy.origin.taken)).collect();
    let by_arrival: Vec<_> = copies.iter().map(|copy| (copy.arn.id(), copy.arrived)).collect();
    let not_kept = |plan: &retention::Plan<'_, (&str, DateTime<Utc>)>| -> BTreeMap<String, String> {
        let not_kept = plan.verdicts().filter(|verdict| !verdict.keep);
        not_kept.map(|verdict| (verdict.snapshot.0.to_owned(), verdict.to_string())).collect()
    };
    let by_lifecycle = not_kept(&retention::plan(&lifecycle, &by_taken));
    let by_floor = not_kept(&retention::plan(floor, &by_arrival));
    copies
        .into_iter()
        .filter(|copy| copy.reported.is_some() || just_reported == Some(&copy.arn))
        .filter(|copy| by_floor.contains_key(copy.arn.id()))
        .filter_map(|copy| {
            let why = format!("{}: {}", lifecycle.name(), by_lifecycle.get(copy.arn.id())?);
            Some(Expired { copy, why })
        })
        .collect()
}

/// The expired copies that a dry run reports when a copy is completed: each once a day. If another copy of the database was
/// completed earlier on this day, the copies that had expired then were reported then.
pub(crate) fn expired_since_last_report(
    copies: Vec<StoredCopy>,
    just_completed: &SnapshotArn,
    today: NaiveDate,
    known: &Lifecycles,
    floor: &Lifecycle,
) -> Vec<Expired> {
    let others: Vec<_> = copies.iter().filter(|copy| copy.arn != *just_completed).cloned().collect();
    let reported = if others.iter().any(|copy| copy.was_reported_on(today)) {
        expired(others, None, known, floor)
    } else {
        Vec::new()
    };
    let was_reported = |copy: &StoredCopy| reported.iter().any(|expired| expired.copy.arn == copy.arn);
    let all = expired(copies, Some(just_completed), known, floor);
    all.into_iter().filter(|expired| !was_reported(&expired.copy)).collect()
}

#[cfg(test)]
mod tests {
    use retention::Rules;

    use super::*;

    /// A copy of the nth hour of a day of November, reported at once.
    fn copy(day: u32, hour: u32) -> StoredCopy {
        let time: DateTime<Utc> = format!("2026-11-{day:02}T{hour:02}:00:00Z").parse().unwrap();
        let origin = Origin {
            snapshot: format!("arn:aws:rds:eu-west-1:111111111111:snapshot:s-{day}-{hour}").parse().unwrap(),
            database: "arn:aws:rds:eu-west-1:111111111111:db:orders".parse().unwrap(),
            taken: time,
        };
        let dr = protocol::Place { region: "eu-west-1".parse().unwrap(), account: "222222222222".parse().unwrap() };
        StoredCopy {
            arn: origin.copy(&dr),
            origin,
            arrived: time,
            lifecycle: Some("Last".to_owned()),
            reported: Some(time.to_rfc3339()),
        }
    }

    /// What is reported when the last of these copies is completed, if only the newest is kept.
    fn reported(copies: &[(u32, u32)]) -> Vec<String> {
        let known: Lifecycles = serde_json::from_str(r#"{"Last": {"last": 1}}"#).unwrap();
        let floor = serde_json::from_str::<Rules>(r#"{"last": 1}"#).unwrap().named("Floor");
        let mut all: Vec<_> = copies.iter().map(|&(day, hour)| copy(day, hour)).collect();
        let last = all.last_mut().unwrap();
        last.reported = None;
        let (arn, day) = (last.arn.clone(), last.arrived.date_naive());
        let reported = expired_since_last_report(all, &arn, day, &known, &floor);
        reported.iter().map(|expired| expired.copy.origin.snapshot.id().to_owned()).collect()
    }

    #[test]
    fn an_expired_copy_is_reported_once_a_day() {
        assert_eq!(reported(&[(1, 1)]), Vec::<String>::new());
        assert_eq!(reported(&[(1, 1), (1, 2)]), ["s-1-1"], "the first completion that lets it expire");
        assert_eq!(reported(&[(1, 1), (1, 2), (1, 3)]), ["s-1-2"], "the others were reported an hour ago");
        assert_eq!(reported(&[(1, 1), (1, 2), (2, 1)]), ["s-1-1", "s-1-2"], "all of them again on the next day");
        assert_eq!(reported(&[(1, 1), (2, 1), (2, 2)]), ["s-2-1"]);
    }
}
