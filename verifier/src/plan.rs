//! Which copies are verified next, and what that costs. It is pure: no clock, no AWS.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::{DatabaseArn, SnapshotArn};

/// How often and how much is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How often each database is verified, unless its tag `Draco_Verify` has another interval.
    pub every: TimeDelta,
    /// How many verifications run at once.
    pub at_once: usize,
    /// What all verifications may cost a month, as estimated.
    pub dollars_a_month: u32,
}

/// A complete copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Its ARN.
    pub arn: SnapshotArn,
    /// The size that it counts as.
    pub gib: u32,
    /// When it arrived, by DR's clock.
    pub arrived: DateTime<Utc>,
    /// When it was last found to be good or not.
    pub verified: Option<DateTime<Utc>>,
    /// When its last verification ended, whatever that found.
    pub attempted: Option<DateTime<Utc>>,
    /// The interval in its tag `Draco_Verify`.
    pub every: Option<TimeDelta>,
}

/// A database, and its complete copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// The database in its source account.
    pub arn: DatabaseArn,
    /// The copies. There is at least one.
    pub copies: Vec<Copy>,
}

/// What is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The estimated cost of a month, with the intervals that the databases have.
    pub dollars_a_month: f64,
    /// By how much the intervals are longer, so that the budget holds. 1 or more.
    pub stretch: f64,
    /// The copies to verify now, the longest unverified database first.
    pub start: Vec<Due>,
    /// How many more databases are due.
    pub waiting: usize,
}

/// A copy that is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// The database in its source account.
    pub database: DatabaseArn,
    /// The copy.
    pub copy: SnapshotArn,
    /// The estimated cost.
    pub dollars: f64,
}

/// The bounds of the tag `Draco_Verify`. A source account writes it, and must neither spend DR's money nor end its verifications.
const EVERY: (TimeDelta, TimeDelta) = (TimeDelta::days(1), TimeDelta::days(31));
/// A database whose verification found nothing out is not verified again before this time: each attempt costs money.
const AFTER_ATTEMPT: TimeDelta = TimeDelta::days(1);
/// Every so many days, a database has a random copy verified in place of the newest one.
const RANDOM_DAYS: u64 = 4;

/// Dollars an hour of the classes that are the smallest for most engines, in AWS's cheapest regions: `db.t4g.medium`. Larger engines cost more,
/// so the estimate is a lower bound for them.
const CLASS: f64 = 0.065;
/// Dollars a GiB and hour of gp3.
const STORAGE: f64 = 0.115 / 730.0;
/// Dollars an hour of a secret.
const SECRET: f64 = 0.40 / 730.0;
/// Hours for the restore and the teardown.
const BASE_HOURS: f64 = 0.6;
/// GiB that are read in an hour. The storage of a restored database is loaded from S3 when it is first read.
const GIB_AN_HOUR: f64 = 100.0;

/// The estimated cost of one verification of a copy of this size.
#[must_use]
pub fn dollars(gib: u32) -> f64 {
    let gib = f64::from(gib);
    (BASE_HOURS + gib / GIB_AN_HOUR) * (CLASS + SECRET + gib * STORAGE)
}

/// The interval in a tag: `7d`, `12h`. It counts as at least a day and at most a month.
#[must_use]
pub fn interval(text: &str) -> Option<TimeDelta> {
    let (number, unit) = text.trim().split_at_checked(text.trim().len().checked_sub(1)?)?;
    let number = number.parse::<u32>().ok().filter(|number| *number > 0)?;
    let interval = match unit {
        "h" => TimeDelta::hours(number.into()),
        "d" => TimeDelta::days(number.into()),
        "w" => TimeDelta::weeks(number.into()),
        _ => return None,
    };
    Some(interval.clamp(EVERY.0, EVERY.1))
}

/// The copies to verify now. `running` is the number of verifications that run, and none of `databases` has one.
#[must_use]
pub fn plan(policy: &Policy, databases: &[Database], running: usize, now: DateTime<Utc>) -> Plan {
    let a_month = databases.iter().map(|database| {
        let times = TimeDelta::days(30).num_minutes() as f64 / database.every(policy).num_minutes().max(1) as f64;
        times * database.newest().map_or(0.0, |copy| dollars(copy.gib))
    });
    let dollars_a_month: f64 = a_month.sum();
    let stretch = (dollars_a_month / f64::from(policy.dollars_a_month)).max(1.0);
    let mut due: Vec<(&Database, DateTime<Utc>)> = databases
        .iter()
        .filter_map(|database| {
            let every = database.every(policy).num_seconds() as f64 * stretch;
            let since = database.unverified_since()?;
            let is_due = !database.was_ever_verified() || (now - since).num_seconds() as f64 >= every;
            let is_due = is_due && database.attempted().is_none_or(|attempted| now - attempted >= AFTER_ATTEMPT);
            is_due.then_some((database, since))
        })
        .collect();
    // A database of which no copy was ever verified comes before all others.
    due.sort_by_key(|(database, since)| (database.was_ever_verified(), *since, database.arn.to_string()));
    let room = policy.at_once.saturating_sub(running);
    let waiting = due.len().saturating_sub(room);
    let start = due.into_iter().take(room).filter_map(|(database, _)| {
        let copy = database.choose(now)?;
        Some(Due { database: database.arn.clone(), copy: copy.arn.clone(), dollars: dollars(copy.gib) })
    });
    Plan { dollars_a_month, stretch, start: start.collect(), waiting }
}

impl Database {
    fn newest(&self) -> Option<&Copy> {
        self.copies.iter().max_by_key(|copy| (copy.arrived, copy.arn.id()))
    }

    fn every(&self, policy: &Policy) -> TimeDelta {
        self.newest().and_then(|copy| copy.every).unwrap_or(policy.every)
    }

    /// Whether one of its copies was verified.
    #[must_use]
    pub fn was_ever_verified(&self) -> bool {
        self.copies.iter().any(|copy| copy.verified.is_some())
    }

    fn attempted(&self) -> Option<DateTime<Utc>> {
        self.copies.iter().filter_map(|copy| copy.attempted).max()
    }

    /// Since when it has not been verified: the end of its last verification, or the arrival of its first copy.
    #[must_use]
    pub fn unverified_since(&self) -> Option<DateTime<Utc>> {
        let last = self.copies.iter().filter_map(|copy| copy.verified).max();
        last.or_else(|| self.copies.iter().map(|copy| copy.arrived).min())
    }

    /// The newest copy, or now and then a random one. The choice follows from the database and the day alone, so that it is the same in
    /// each look of a day.
    fn choose(&self, now: DateTime<Utc>) -> Option<&Copy> {
        let day = u64::try_from(now.timestamp() / 86_400).unwrap_or_default();
        let number = hash(&self.arn.to_string()).wrapping_add(day);
        if number % RANDOM_DAYS != 0 || !self.was_ever_verified() {
            return self.newest();
        }
        let mut copies: Vec<&Copy> = self.copies.iter().collect();
        copies.sort_by_key(|copy| copy.arn.id());
        let nth = usize::try_from(number / RANDOM_DAYS % copies.len() as u64).unwrap_or_default();
        copies.get(nth).copied()
    }
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
