//! Which copies are verified next, and what that costs. It is pure: no clock, no AWS.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use cloud::{Quota, Quotas};
use protocol::spec::{Setting, Value};
use protocol::{AccountId, DatabaseArn, Kind, Observed, SnapshotArn};
use provision::smallest;

use crate::record::Seen;

/// How often and how much is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How often each database is verified, unless its tag `Draco_Verify` has another interval.
    pub every: TimeDelta,
    /// How many verifications run at once.
    pub at_once: usize,
    /// What all verifications may cost a month, as estimated.
    pub dollars_a_month: u32,
    /// The time after which a verification ends.
    pub limit: TimeDelta,
    /// The class of the databases, where it is offered. `None`: the smallest.
    pub class: Option<String>,
    /// The part of each of DR's quotas that verifications leave free, for databases that are brought back.
    pub free_percent: u32,
}

/// How many verifications may be started, and what of DR's quotas they may take up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    running: usize,
    verifications: usize,
    instances: usize,
    clusters: usize,
    gib: usize,
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
    /// Its verifications so far.
    pub seen: Seen,
    /// Whether a verification of it is running.
    pub is_running: bool,
}

/// What is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The estimated cost of a month, with the intervals that the databases have.
    pub dollars_a_month: f64,
    /// By how much the intervals of an account are longer, so that the budget holds. 1 or more.
    pub stretch: BTreeMap<AccountId, f64>,
    /// The copies that are due, in the order in which they are started. Accounts take turns.
    pub due: Vec<Due>,
}

/// Whether there is room for a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// There is.
    Yes,
    /// When others have ended. Those behind it wait, too: otherwise small copies would keep the place of a large one for ever.
    Later,
    /// Not even if no verification runs.
    No,
}

/// A copy that is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// The database in its source account.
    pub database: DatabaseArn,
    /// The copy.
    pub copy: SnapshotArn,
    /// Its size.
    pub gib: u32,
    /// The estimated cost.
    pub dollars: f64,
}

/// The bounds of the tag `Draco_Verify`. A source account writes it, and must neither spend DR's money nor end its verifications.
const EVERY: (TimeDelta, TimeDelta) = (TimeDelta::days(1), TimeDelta::days(31));
/// A verification that found out nothing is repeated after a day, the next one after two, and so on, up to the usual interval: the reason may
/// pass, and each attempt costs money.
const AFTER_ATTEMPT: TimeDelta = TimeDelta::days(1);
/// Of so many verifications of a database, one is of a random copy in place of the newest one.
const RANDOM: u64 = 4;

/// Dollars an hour of a class that is the smallest for most engines, in AWS's cheapest regions: `db.t4g.medium`. Others cost more, so the
/// estimate is a lower bound for them.
const CLASS: f64 = 0.065;
/// Dollars a GiB and hour of gp3.
const STORAGE: f64 = 0.115 / 730.0;
/// Dollars an hour of the two functions, one of which waits for the other: 768 MiB on Arm.
const FUNCTIONS: f64 = 0.75 * 3600.0 * 0.000_013_333_4;
/// Dollars an hour of a secret.
const SECRET: f64 = 0.40 / 730.0;
/// Hours for the restore and the teardown.
const BASE_HOURS: f64 = 0.6;
/// GiB that are read in an hour. The storage of a restored database is loaded from S3 when it is first read.
const GIB_AN_HOUR: f64 = 100.0;

/// The estimated cost of one verification of a copy of this size.
#[must_use]
pub fn dollars(policy: &Policy, gib: u32) -> f64 {
    let gib = f64::from(gib);
    let hours = (BASE_HOURS + gib / GIB_AN_HOUR).min(policy.limit.num_minutes() as f64 / 60.0);
    let class = policy.class.as_deref().map_or(1.0, smallest::price) * CLASS;
    hours * (class + FUNCTIONS + SECRET + gib * STORAGE)
}

/// What a database costs a day, about: the price of its classes, and of its storage.
#[must_use]
pub fn dollars_a_day(database: &Observed) -> f64 {
    let settings = &database.spec.settings;
    let all = [settings].into_iter().chain(database.members.iter().map(|member| &member.settings));
    let classes = all.flat_map(|settings| [settings.get(&Setting::Class), settings.get(&Setting::ClusterClass)]);
    let price = |value: &Value| match value {
        Value::Name(class) => smallest::price(class) * CLASS,
        _ => 0.0,
    };
    let gib = match settings.get(&Setting::AllocatedStorage) {
        Some(Value::Number(gib)) => f64::from(*gib),
        _ => 0.0,
    };
    24.0 * (classes.flatten().map(price).sum::<f64>() + gib * STORAGE + SECRET)
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

/// The copies that are due, in the order in which they are to be started: until as many run as are allowed.
#[must_use]
pub fn plan(policy: &Policy, databases: &[Database], now: DateTime<Utc>) -> Plan {
    let mut costs: BTreeMap<AccountId, f64> = BTreeMap::new();
    for database in databases {
        *costs.entry(database.arn.place.account.clone()).or_default() += database.dollars_a_month(policy);
    }
    let stretch = stretches(&costs, f64::from(policy.dollars_a_month));
    let mut accounts: BTreeMap<&AccountId, Vec<&Database>> = BTreeMap::new();
    for database in databases {
        let account = &database.arn.place.account;
        let stretch = stretch.get(account).copied().unwrap_or(1.0);
        if !database.is_running && database.is_due(policy, stretch, now) {
            accounts.entry(account).or_default().push(database);
        }
    }
    let mut accounts: Vec<(&AccountId, Vec<&Database>)> = accounts.into_iter().collect();
    // The account with the fewest running verifications is next, then the one whose last verification is the longest ago. So an account
    // with many databases, or with slow ones, does not hold up the others.
    accounts.sort_by_key(|(account, _)| turn(databases, account));
    let queues = accounts.into_iter().map(|(_, mut due)| {
        // Those of which no verification was tried come first, then the longest untried.
        due.sort_by_key(|database| (database.seen.attempted, database.arn.to_string()));
        VecDeque::from(due)
    });
    let mut queues: VecDeque<VecDeque<&Database>> = queues.collect();
    let mut due = Vec::new();
    while let Some(mut queue) = queues.pop_front() {
        if let Some(database) = queue.pop_front() {
            due.extend(database.choose(now).map(|copy| Due {
                database: database.arn.clone(),
                copy: copy.arn.clone(),
                gib: copy.gib,
                dollars: dollars(policy, copy.gib),
            }));
            queues.push_back(queue);
        }
    }
    Plan { dollars_a_month: costs.values().sum(), stretch, due }
}

impl Room {
    /// What the running verifications and the quotas of DR leave.
    #[must_use]
    pub fn new(policy: &Policy, running: usize, quotas: &Quotas) -> Self {
        let free = |quota: Option<Quota>| {
            let left = |Quota { used, most }: Quota| {
                most.saturating_sub(used + (most * policy.free_percent as usize).div_ceil(100))
            };
            quota.map_or(usize::MAX, left)
        };
        Self {
            running,
            verifications: policy.at_once.saturating_sub(running),
            instances: free(quotas.instances),
            clusters: free(quotas.clusters),
            gib: free(quotas.gib),
        }
    }

    /// Takes the part of a verification that is to be started, if there is room for it.
    pub fn take(&mut self, due: &Due) -> Fit {
        // A cluster of a verification has one instance. Aurora's storage is not allocated.
        let (clusters, gib) = match due.copy.kind {
            Kind::Instance => (0, due.gib as usize),
            Kind::Cluster => (1, 0),
        };
        let has_room = self.verifications >= 1 && self.instances >= 1 && self.clusters >= clusters && self.gib >= gib;
        if has_room {
            self.running += 1;
            self.verifications -= 1;
            self.instances -= 1;
            self.clusters -= clusters;
            self.gib -= gib;
        }
        match (has_room, self.running) {
            (true, _) => Fit::Yes,
            (false, 1..) => Fit::Later,
            (false, 0) => Fit::No,
        }
    }

    /// Whether more verifications may run, if DR's quotas have room for them.
    #[must_use]
    pub fn may_run_more(&self) -> bool {
        self.verifications > 0
    }
}

/// How many verifications of an account run, and when one of them last ended.
fn turn(databases: &[Database], account: &AccountId) -> (usize, Option<DateTime<Utc>>) {
    let own = || databases.iter().filter(|database| database.arn.place.account == *account);
    let running = own().filter(|database| database.is_running).count();
    (running, own().filter_map(|database| database.seen.attempted).max())
}

/// By how much the intervals of each account are longer. Each account may spend an equal part of the budget, and what others leave of
/// theirs, so that none spends that of another (invariant 14).
fn stretches(costs: &BTreeMap<AccountId, f64>, budget: f64) -> BTreeMap<AccountId, f64> {
    let mut rest = budget;
    let mut left: Vec<(&AccountId, f64)> = costs.iter().map(|(account, cost)| (account, *cost)).collect();
    left.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut stretches = BTreeMap::new();
    for (nth, (account, cost)) in left.iter().enumerate() {
        let share = rest / (left.len() - nth) as f64;
        let spent = cost.min(share);
        rest -= spent;
        stretches.insert((*account).clone(), if spent > 0.0 { (cost / spent).max(1.0) } else { 1.0 });
    }
    stretches
}

impl Database {
    fn newest(&self) -> Option<&Copy> {
        self.copies.iter().max_by_key(|copy| (copy.arrived, copy.arn.id()))
    }

    fn every(&self, policy: &Policy) -> TimeDelta {
        self.newest().and_then(|copy| copy.every).unwrap_or(policy.every)
    }

    fn dollars_a_month(&self, policy: &Policy) -> f64 {
        let times = TimeDelta::days(30).num_minutes() as f64 / self.every(policy).num_minutes().max(1) as f64;
        times * self.newest().map_or(0.0, |copy| dollars(policy, copy.gib))
    }

    fn is_due(&self, policy: &Policy, stretch: f64, now: DateTime<Utc>) -> bool {
        self.due_at(policy, stretch).is_none_or(|at| at <= now)
    }

    /// When its next verification is due. `None` if none was tried yet: at once.
    #[must_use]
    pub fn due_at(&self, policy: &Policy, stretch: f64) -> Option<DateTime<Utc>> {
        let attempted = self.seen.attempted?;
        let every = self.every(policy).num_seconds() as f64 * stretch;
        let again =
            AFTER_ATTEMPT.num_seconds() as f64 * 2_f64.powi(self.seen.fruitless.saturating_sub(1).min(10) as i32);
        let wait = if self.seen.fruitless > 0 { again.min(every) } else { every };
        Some(attempted + TimeDelta::seconds(wait.ceil() as i64))
    }

    /// Since when no copy was found good or bad: its last verification, or the first time that it was seen.
    #[must_use]
    pub fn unverified_since(&self) -> DateTime<Utc> {
        self.seen.verified.unwrap_or(self.seen.first)
    }

    /// The newest copy, or now and then a random one. The choice follows from the database and the day alone, so that it is the same in
    /// each look of a day.
    fn choose(&self, now: DateTime<Utc>) -> Option<&Copy> {
        let number = checks::hash_number([&*now.date_naive().to_string(), &self.arn.to_string()]) >> 32;
        if !number.is_multiple_of(RANDOM) || self.seen.verified.is_none() {
            return self.newest();
        }
        let mut copies: Vec<&Copy> = self.copies.iter().collect();
        copies.sort_by_key(|copy| copy.arn.id());
        let nth = usize::try_from(number / RANDOM % copies.len() as u64).unwrap_or_default();
        copies.get(nth).copied()
    }
}
