//! An instance that exists already, with snapshots so large that the time of their copies tells something. It is only read: the run
//! copies two of its snapshots, and removes the copies.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::experiment::{Kind, Original, Side, Snapshot, Tags};
use crate::journal::What;
use crate::lab::{Account, Lab, Pace, Wait, failure};
use crate::rds::{self, CopyOf, Response, TakenSnapshot};
use crate::trace::Refusal;

/// How long a full copy has to take. A shorter one may consist mostly of the time that every copy takes.
pub const MIN_FULL: TimeDelta = TimeDelta::minutes(10);
/// How long to wait for one copy.
pub(crate) const LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// An existing instance, with its two newest snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Existing {
    /// The identifier of the instance.
    pub database: String,
    /// The storage of its newest snapshot, in GiB: what AWS reports as written, or what is allocated.
    pub gib: u32,
    /// The identifiers of its snapshots, and when they were taken.
    pub older: (String, DateTime<Utc>),
    /// The newest one.
    pub newer: (String, DateTime<Utc>),
}

impl Existing {
    /// Looks for the two newest available snapshots of an instance, automated or manual. Copies that Draco made do not count.
    ///
    /// # Errors
    ///
    /// If AWS refuses, or there are not two.
    pub async fn find(account: &Account, database: &str) -> Result<Self, String> {
        let found = rds::snapshots(&account.rds, database).await;
        let found = found.map_err(|refused| format!("listing the snapshots of {database}: {refused}"))?;
        Self::of(database, found)
    }

    fn of(database: &str, mut found: Vec<TakenSnapshot>) -> Result<Self, String> {
        found.retain(|one| one.status == "available" && !one.id.starts_with("draco-"));
        found.sort_by_key(|one| std::cmp::Reverse(one.taken));
        let newest = found.first().map(|newest| newest.resource_id.clone());
        // The name may be that of an earlier instance, too.
        found.retain(|one| Some(&one.resource_id) == newest.as_ref());
        match found.as_slice() {
            [newer, older, ..] => Ok(Self {
                database: database.to_owned(),
                gib: newer.gib,
                older: (older.id.clone(), older.taken),
                newer: (newer.id.clone(), newer.taken),
            }),
            _ => Err(format!(
                "{database} has {} available snapshots, but two are needed; take another one, or name another instance",
                found.len()
            )),
        }
    }
}

/// Copies a snapshot, and returns after how many seconds of AWS's time the copy was available.
pub(crate) async fn time(lab: &mut Lab, from: Original, to: Snapshot) -> Response<i64> {
    let since = lab.time().await?;
    start(lab, from, to).await?;
    let pace = Pace { first: lab.pace.steady, longest: lab.pace.steady, ..lab.pace };
    let (mut wait, id) = (Wait::new(pace), lab.name(to.name));
    loop {
        let found = rds::describe(&lab.account(to.side).rds, Kind::Instance, &id, None).await?;
        match found.as_ref().map(|copy| copy.status.as_str()) {
            Some("available") => return Ok((lab.time().await? - since).num_seconds()),
            Some("failed") | None => return Err(failure("the copy failed".to_owned())),
            Some(_) => wait.pause("the copy").await?,
        }
    }
}

/// Starts a copy under the key of the account that copies.
pub(crate) async fn start(lab: &mut Lab, from: Original, to: Snapshot) -> Response<()> {
    let from = match (from, &lab.existing) {
        (Original::Older, Some(existing)) => existing.older.0.clone(),
        (Original::Newer, Some(existing)) => existing.newer.0.clone(),
        (Original::Made(made), _) if made.side == to.side => lab.name(made.name),
        (Original::Made(made), _) => lab.arn(made)?.to_owned(),
        (_, None) => return Err(failure("there is no existing database".to_owned())),
    };
    lab.announce(to.side, What::Snapshot(Kind::Instance), to.name)?;
    let (id, tags, key) = (lab.name(to.name), lab.tags(Tags::Own(&[])), lab.keys.get(&to.side).cloned());
    let wanted = CopyOf { from: &from, to: &id, key, carries_tags: false, tags };
    let started = rds::copy(&lab.account(to.side).rds, Kind::Instance, wanted).await?;
    lab.note(to, started).map(drop)
}

/// The same, for a copy that is full in any case.
pub(crate) async fn time_full(lab: &mut Lab, from: Original, to: Snapshot) -> Response<i64> {
    match time(lab, from, to).await? {
        seconds if seconds < MIN_FULL.num_seconds() => Err(too_fast(to.side, seconds)),
        seconds => Ok(seconds),
    }
}

/// Refuses if others started a copy of the existing database since the run's first copy in this account.
pub(crate) async fn undisturbed(lab: &Lab, side: Side) -> Response<()> {
    let existing = lab.existing.as_ref().ok_or_else(|| failure("there is no existing database".to_owned()))?;
    let all = rds::snapshots(&lab.account(side).rds, &existing.database).await?;
    let (own, others): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.id.starts_with(&lab.name("")));
    let since = own.iter().map(|one| one.created).min();
    // Only a copy is younger than what it contains.
    let is_new = |one: &&&TakenSnapshot| one.taken < one.created && since.is_some_and(|since| one.created >= since);
    match others.iter().find(is_new) {
        Some(other) => Err(failure(format!(
            "{} was started meanwhile, and the next copy may be based on it; run this while nothing else copies snapshots of {}",
            other.id, existing.database
        ))),
        None => Ok(()),
    }
}

fn too_fast(side: Side, seconds: i64) -> Refusal {
    let (account, needed) = (if side == Side::Dr { "DR" } else { "the source account" }, MIN_FULL.num_seconds());
    failure(format!(
        "the database is too small: a full copy in {account} took {seconds} s, and the comparison needs {needed} s at least"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(id: &str, resource_id: &str, status: &str, hour: i64) -> TakenSnapshot {
        let taken = DateTime::UNIX_EPOCH + TimeDelta::hours(hour);
        let (id, resource_id, status) = (id.to_owned(), resource_id.to_owned(), status.to_owned());
        TakenSnapshot { id, resource_id, status, gib: 100, taken, created: taken }
    }

    #[test]
    fn the_two_newest_available_snapshots_of_one_instance_are_taken() {
        let all = vec![
            snapshot("rds:orders-1", "db-ORDERS", "available", 1),
            snapshot("rds:orders-3", "db-ORDERS", "available", 3),
            snapshot("rds:orders-2", "db-ORDERS", "available", 2),
            snapshot("draco-rds-orders-3", "db-ORDERS", "available", 4),
            snapshot("rds:orders-5", "db-ORDERS", "creating", 5),
        ];
        let found = Existing::of("orders", all).expect("two snapshots");
        assert_eq!((found.older.0.as_str(), found.newer.0.as_str()), ("rds:orders-2", "rds:orders-3"));
    }

    #[test]
    fn snapshots_of_an_earlier_instance_of_the_name_do_not_count() {
        let all = vec![snapshot("old", "db-EARLIER", "available", 1), snapshot("new", "db-ORDERS", "available", 2)];
        let why = Existing::of("orders", all).expect_err("one snapshot");
        assert!(why.starts_with("orders has 1 available snapshots, but two are needed"), "{why}");
    }
}
