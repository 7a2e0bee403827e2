//! What one source account may use of DR (invariant 14). Instances and clusters are counted apart, as in RDS's quotas.

mod counts;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroUsize;

use chrono::{DateTime, TimeDelta, Utc};
use cloud::Quota;
use protocol::settings::SettingsReader;
use protocol::{AccountId, DatabaseArn, Origin, Snapshot, SnapshotRole};

pub(crate) use counts::Counts;

/// The limits of each source account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The number of copies.
    pub copies: usize,
    /// The number of databases, and of their keys with `KEY_PER_DATABASE`.
    pub databases: usize,
    /// The number of copies of one database within 24 hours.
    pub daily_copies: usize,
    /// The number of announced transit copies that are awaited at a time, because DR cannot see them yet.
    pub pending: usize,
    /// The part of the quota in percent that all may use. The rest is for accounts that use less than an equal part of the quota.
    pub quota_share: usize,
}

impl Default for Limits {
    /// Generous: five times RDS's default quota for databases of an account in a region, hourly snapshots of each database, and
    /// as many snapshots within ten minutes as a large account takes.
    fn default() -> Self {
        Self { copies: 10_000, databases: 200, daily_copies: 30, pending: 200, quota_share: 80 }
    }
}

/// The copies of one database of a source account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DatabaseUse {
    /// The number of copies, also of those that failed.
    pub copies: usize,
    /// The number of those that were started within the last 24 hours, by DR's clock.
    pub last_day: usize,
}

/// The snapshots of DR of one kind, by the account that uses them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DrUse {
    accounts: BTreeMap<AccountId, AccountUse>,
    /// The number of manual snapshots that are not copies.
    others: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct AccountUse {
    copies: usize,
    /// The databases: region and identifier.
    databases: BTreeSet<String>,
}

/// A limit that a source account has reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// `MAX_DAILY_COPIES`: the database, the number of its copies, the limit.
    DailyCopies(DatabaseArn, usize, usize),
    /// `MAX_DATABASES`: the account, the number of its databases, the limit.
    Databases(AccountId, usize, usize),
    /// `MAX_COPIES`: the account, the number of its copies, the limit.
    Copies(AccountId, usize, usize),
    /// `QUOTA_SHARE`: the account, the number of its copies, the quota, the percentage.
    QuotaShare(AccountId, usize, Quota, usize),
}

impl Limits {
    pub(crate) fn read(reader: &mut SettingsReader<'_>) -> Self {
        let mut limit =
            |name, default| reader.optional(name, str::parse::<NonZeroUsize>).map_or(default, NonZeroUsize::get);
        let default = Self::default();
        Self {
            copies: limit("MAX_COPIES", default.copies),
            databases: limit("MAX_DATABASES", default.databases),
            daily_copies: limit("MAX_DAILY_COPIES", default.daily_copies),
            pending: limit("MAX_PENDING", default.pending),
            quota_share: limit("QUOTA_SHARE", default.quota_share),
        }
    }

    /// Whether one more copy of this database would exceed the daily limit.
    #[must_use]
    pub fn daily(&self, origin: &Origin, of_database: DatabaseUse) -> Option<Exceeded> {
        let (count, most) = (of_database.last_day, self.daily_copies);
        (count >= most).then(|| Exceeded::DailyCopies(origin.database.clone(), count, most))
    }

    /// Whether the copies of all accounts have to be counted. An account cannot have more than there are manual snapshots, so
    /// usually the quota answers, and the number of calls does not grow with the number of copies (invariant 11).
    #[must_use]
    pub fn needs_count(&self, is_new: bool, sources: usize, quota: Option<Quota>) -> bool {
        let used = quota.map_or(usize::MAX, |quota| quota.used);
        let may_exceed = is_new && used >= self.copies.min(self.databases);
        may_exceed || sources > 1 && quota.is_some_and(|quota| self.is_scarce(quota))
    }

    /// Whether one more copy of this origin's database would exceed a limit of its account.
    #[must_use]
    pub fn account(&self, origin: &Origin, dr: &DrUse, sources: usize, quota: Option<Quota>) -> Option<Exceeded> {
        let account = &origin.database.place.account;
        let (nothing, name) = (AccountUse::default(), name(&origin.database));
        let AccountUse { copies, databases } = dr.accounts.get(account).unwrap_or(&nothing);
        if !databases.contains(&name) && databases.len() >= self.databases {
            return Some(Exceeded::Databases(account.clone(), databases.len(), self.databases));
        }
        if *copies >= self.copies {
            return Some(Exceeded::Copies(account.clone(), *copies, self.copies));
        }
        self.share(origin, dr, sources, quota)
    }

    /// Whether one more copy of this origin's account would exceed its part of the quota.
    #[must_use]
    pub fn share(&self, origin: &Origin, dr: &DrUse, sources: usize, quota: Option<Quota>) -> Option<Exceeded> {
        let account = &origin.database.place.account;
        let copies = dr.accounts.get(account).map_or(0, |account| account.copies);
        let quota = quota.filter(|quota| sources > 1 && self.is_scarce(*quota))?;
        let has_equal_part = copies * sources >= quota.most;
        has_equal_part.then(|| Exceeded::QuotaShare(account.clone(), copies, quota, self.quota_share))
    }

    /// Whether only the part of the quota is left that is for accounts with few copies.
    fn is_scarce(&self, quota: Quota) -> bool {
        quota.used.saturating_mul(100) >= quota.most.saturating_mul(self.quota_share)
    }
}

impl DatabaseUse {
    /// Counts a snapshot of DR, if it is a copy of this database.
    pub fn add(&mut self, database: &DatabaseArn, snapshot: &Snapshot, now: DateTime<Utc>) {
        let SnapshotRole::Copy(origin) = SnapshotRole::of(snapshot) else { return };
        if origin.database == *database {
            self.copies += 1;
            // A copy in progress has no time yet.
            self.last_day += usize::from(snapshot.created.is_none_or(|created| now - created < TimeDelta::days(1)));
        }
    }
}

impl DrUse {
    /// The number of manual snapshots.
    fn snapshots(&self) -> usize {
        self.accounts.values().map(|account| account.copies).sum::<usize>() + self.others
    }

    /// Counts a copy of this origin.
    fn add_copy(&mut self, origin: &Origin) {
        let account = self.accounts.entry(origin.database.place.account.clone()).or_default();
        account.copies += 1;
        account.databases.insert(name(&origin.database));
    }

    /// Counts a snapshot of DR. Automated snapshots do not count towards the quota.
    pub fn add(&mut self, snapshot: &Snapshot) {
        match SnapshotRole::of(snapshot) {
            SnapshotRole::Copy(origin) => self.add_copy(&origin),
            SnapshotRole::Source | SnapshotRole::Transit(_) if snapshot.arn.id().contains(':') => {}
            SnapshotRole::Source | SnapshotRole::Transit(_) => self.others += 1,
        }
    }
}

/// A database of an account. Two regions can have databases with the same identifier.
fn name(database: &DatabaseArn) -> String {
    format!("{}/{}", database.place.region, database.id())
}

/// Who uses the quota: `111111111111 has 60 copies, 333333333333 has 38, and there are 2 other manual snapshots`.
impl fmt::Display for DrUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (account, AccountUse { copies, .. }) in &self.accounts {
            write!(f, "account {account} has {copies} copies, ")?;
        }
        write!(f, "other manual snapshots: {}", self.others)
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DailyCopies(database, count, most) => write!(
                f,
                "account {}: DR started {count} copies of {database} within 24 hours, and the limit MAX_DAILY_COPIES is {most}",
                database.place.account
            ),
            Self::Databases(account, count, most) => {
                write!(f, "account {account} has copies of {count} databases, and the limit MAX_DATABASES is {most}")
            }
            Self::Copies(account, count, most) => {
                write!(f, "account {account} has {count} copies, and the limit MAX_COPIES is {most}")
            }
            Self::QuotaShare(account, count, Quota { used, most }, share) => write!(
                f,
                "account {account} has {count} copies, {used} of {most} manual snapshots are used, and above {share} percent \
                 (QUOTA_SHARE) only accounts with less than an equal part of the quota get more"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
