//! AWS's quotas of manual snapshots, which copies count against: usage now, days left, and what the lifecycles keep.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use config::Config;
use protocol::{Kind, Snapshot, SnapshotRole};
use retention::{Lifecycle, Plan};
use serde::{Serialize, Serializer};

use super::Coverage;
use super::finding::{Finding, Id, Severity};
use crate::Account;
use crate::aws_error::Explain;

/// The quota of a kind of manual snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The number of snapshots.
    pub used: usize,
    /// The largest number that AWS allows.
    pub limit: usize,
}

/// The quotas of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quotas(pub BTreeMap<Kind, Quota>);

/// How a quota is used. `None` is a value that is unknown or does not apply.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Usage {
    /// The kind of snapshots.
    #[serde(serialize_with = "kind_name")]
    pub kind: Kind,
    /// The number of manual snapshots.
    pub used: usize,
    /// The quota.
    pub limit: usize,
    /// How many of them are copies.
    pub copies: Option<usize>,
    /// The number of new copies a day, of the last days.
    pub copies_per_day: Option<f64>,
    /// In a dry run: the days until the quota is reached.
    pub days_left: Option<u64>,
    /// The number of manual snapshots in the long run, with deletion and one snapshot a day.
    pub steady_state: Option<usize>,
    /// Whether the steady state is within the quota.
    pub fits: Option<bool>,
}

/// The copies of an account and their future.
pub struct Copies<'a> {
    /// The snapshots in the account.
    pub snapshots: &'a [Snapshot],
    /// The lifecycle of each database that is copied.
    pub lifecycles: &'a [(Kind, Lifecycle)],
    /// Whether these are all databases.
    pub coverage: Coverage,
    /// Whether copies are not deleted.
    pub is_dry_run: bool,
    /// The time.
    pub now: DateTime<Utc>,
}

/// The names in RDS (`AccountQuota`) and in Service Quotas.
const NAMES: [(Kind, &str, &str); 2] = [
    (Kind::Instance, "ManualSnapshots", "Manual DB instance snapshots"),
    (Kind::Cluster, "ManualClusterSnapshots", "Manual DB cluster snapshots"),
];

/// After this time, no lifecycle of practical use keeps more snapshots.
const YEARS: i64 = 50;
/// The rate is that of at most so many days.
const RATE_DAYS: i64 = 7;
/// Fewer days left are an error.
const URGENT_DAYS: u64 = 7;
/// Fewer days left are a warning.
const SOON_DAYS: u64 = 30;

impl Quotas {
    /// Reads the quotas of the account.
    ///
    /// # Errors
    ///
    /// If AWS returns an error.
    pub async fn look(account: &Account) -> anyhow::Result<Self> {
        let call = aws_sdk_rds::Client::new(account.sdk()).describe_account_attributes();
        let response = call.send().await.explain(account.credentials(), "reading the quotas of RDS")?;
        let number = |number: Option<i64>| number.and_then(|number| usize::try_from(number).ok());
        let quotas = response.account_quotas().iter().filter_map(|quota| {
            let (kind, ..) = NAMES.into_iter().find(|(_, name, _)| quota.account_quota_name() == Some(name))?;
            Some((kind, Quota { used: number(quota.used())?, limit: number(quota.max())? }))
        });
        Ok(Self(quotas.collect()))
    }

    /// In a source account, transit copies need some of the quota for a short time.
    #[must_use]
    pub fn judge_transit(&self) -> Vec<Finding> {
        let each = self.0.iter().map(|(kind, Quota { used, limit })| {
            let is_full = used * 10 >= limit * 9;
            let severity = if is_full { Severity::Warning } else { Severity::Ok };
            let description = format!("{used} of {limit} used; transit copies need some of the rest");
            let finding = Finding::new(id(*kind), severity, name(*kind), description);
            let finding =
                if is_full { finding.next("request a higher quota (Service Quotas, Amazon RDS)") } else { finding };
            finding.with_quota(Usage::of_transit(*kind, *used, *limit))
        });
        each.collect()
    }

    /// In DR, the quota must be sufficient for the copies that the lifecycles keep.
    #[must_use]
    pub fn judge_copies(&self, copies: &Copies<'_>, config: &Config) -> Vec<Finding> {
        self.usage(copies, config).into_iter().map(|usage| judge(usage, copies)).collect()
    }

    /// The usage of each quota of DR.
    #[must_use]
    pub fn usage(&self, copies: &Copies<'_>, config: &Config) -> Vec<Usage> {
        self.0.iter().map(|(kind, quota)| Usage::of_copies(*kind, *quota, copies, config)).collect()
    }
}

impl Usage {
    fn of_transit(kind: Kind, used: usize, limit: usize) -> Self {
        let (copies, copies_per_day, days_left, steady_state, fits) = (None, None, None, None, None);
        Self { kind, used, limit, copies, copies_per_day, days_left, steady_state, fits }
    }

    fn of_copies(kind: Kind, quota: Quota, all: &Copies<'_>, config: &Config) -> Self {
        let Quota { used, limit } = quota;
        let taken: Vec<DateTime<Utc>> = all.snapshots.iter().filter_map(|snapshot| taken(kind, snapshot)).collect();
        let tenths = copies_in_ten_days(&taken, all.now);
        let days_left =
            tenths.filter(|_| all.is_dry_run).and_then(|tenths| days_left(limit.saturating_sub(used), tenths));
        let floor = config.floor.clone().named("Floor");
        let mut by_lifecycle: BTreeMap<String, usize> = BTreeMap::new();
        let lifecycles = all.lifecycles.iter().filter(|(of, _)| *of == kind);
        // Of an unknown lifecycle, every copy is kept. The database has a finding of its own.
        let bounded: Vec<&Lifecycle> =
            lifecycles.map(|(_, lifecycle)| lifecycle).filter(|lifecycle| !lifecycle.rules().is_empty()).collect();
        let kept: usize = bounded
            .iter()
            .map(|lifecycle| {
                let name = lifecycle.name().to_owned();
                *by_lifecycle.entry(name).or_insert_with(|| steady_state(lifecycle, &floor))
            })
            .sum();
        let others = used.saturating_sub(taken.len());
        let steady_state = (!bounded.is_empty()).then_some(kept + others);
        Self {
            kind,
            used,
            limit,
            copies: Some(taken.len()),
            copies_per_day: tenths.map(|tenths| f64::from(tenths) / 10.0),
            days_left,
            steady_state,
            fits: steady_state.map(|steady_state| steady_state <= limit),
        }
    }

    /// For a line of `doctor` and `status`.
    #[must_use]
    pub fn description(&self, copies: &Copies<'_>) -> String {
        let Self { kind, used, limit, .. } = self;
        let mut text = format!("{used} of {limit} used");
        if let Some(rate) = self.copies_per_day.filter(|rate| *rate > 0.0) {
            text += &format!(", {rate:.1} copies a day");
        }
        if let Some(days) = self.days_left {
            let unit = if days == 1 { "day" } else { "days" };
            text += &format!("; {days} {unit} left while dry run keeps all copies");
        }
        if let (Some(steady_state), Some(fits)) = (self.steady_state, self.fits) {
            let others = used.saturating_sub(self.copies.unwrap_or_default());
            let others = if others > 0 { format!(" ({others} of them not copies)") } else { String::new() };
            let fits = if fits { "" } else { ", which is over the quota" };
            text +=
                &format!("; with deletion and one snapshot a day, up to {steady_state} in the long run{others}{fits}");
        }
        let of_kind = copies.lifecycles.iter().filter(|(of, _)| of == kind);
        let unlimited = of_kind.filter(|(_, lifecycle)| matches!(lifecycle, Lifecycle::Unknown(_))).count();
        if unlimited > 0 {
            let databases = if unlimited == 1 { "1 database" } else { &format!("{unlimited} databases") };
            text += &format!("; all copies of {databases} with an unknown lifecycle are kept");
        }
        text
    }

    /// The name of the quota in Service Quotas.
    #[must_use]
    pub fn name(&self) -> &'static str {
        name(self.kind)
    }
}

fn judge(usage: Usage, copies: &Copies<'_>) -> Finding {
    let is_below = |days| usage.days_left.is_some_and(|left| left < days);
    let severity = match usage.fits {
        Some(false) => Severity::Error,
        _ if is_below(URGENT_DAYS) => Severity::Error,
        _ if is_below(SOON_DAYS) || usage.used * 10 >= usage.limit * 9 => Severity::Warning,
        _ => copies.coverage.severity(),
    };
    let text = format!("{}{}", usage.description(copies), copies.coverage.text());
    let finding = Finding::new(id(usage.kind), severity, usage.name(), text);
    let next = "request a higher quota (Service Quotas, Amazon RDS), or keep fewer copies";
    let finding = if severity <= Severity::Pending { finding } else { finding.next(next) };
    finding.with_quota(usage)
}

/// When the source of this copy was taken, if it is a copy of this kind.
fn taken(kind: Kind, snapshot: &Snapshot) -> Option<DateTime<Utc>> {
    match SnapshotRole::of(snapshot) {
        SnapshotRole::Copy(origin) if snapshot.arn.kind == kind => Some(origin.taken),
        _ => None,
    }
}

/// By when the sources were taken: the first deployment copies all existing snapshots at once, which is not the rate of the
/// following days.
fn copies_in_ten_days(taken: &[DateTime<Utc>], now: DateTime<Utc>) -> Option<u32> {
    let oldest = taken.iter().min()?;
    let hours = (now - *oldest).num_hours().max(0);
    let days = (hours / 24 + 1).min(RATE_DAYS);
    let recent = taken.iter().filter(|taken| **taken > now - TimeDelta::days(days)).count();
    u32::try_from((recent * 10).div_ceil(usize::try_from(days).ok()?)).ok()
}

/// `None` if no copies arrive.
fn days_left(left: usize, copies_in_ten_days: u32) -> Option<u64> {
    (left as u64 * 10).checked_div(u64::from(copies_in_ten_days))
}

/// How many copies of a database there are in the long run, with a snapshot a day. Lifecycle or floor keeps each.
fn steady_state(lifecycle: &Lifecycle, floor: &Lifecycle) -> usize {
    let last = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(365 * YEARS);
    let days: Vec<(&str, DateTime<Utc>)> = (0..365 * YEARS).map(|day| ("", last - TimeDelta::days(day))).collect();
    let kept = |plan: &Plan<'_, (&str, DateTime<Utc>)>| -> BTreeSet<DateTime<Utc>> {
        plan.verdicts().filter(|verdict| verdict.keep).map(|verdict| verdict.snapshot.1).collect()
    };
    let (by_lifecycle, by_floor) = (retention::plan(lifecycle, &days), retention::plan(floor, &days));
    kept(&by_lifecycle).union(&kept(&by_floor)).count()
}

fn id(kind: Kind) -> Id {
    match kind {
        Kind::Instance => Id::QuotaInstanceSnapshots,
        Kind::Cluster => Id::QuotaClusterSnapshots,
    }
}

fn name(kind: Kind) -> &'static str {
    NAMES.into_iter().find(|(of, ..)| *of == kind).map(|(.., name)| name).unwrap_or_default()
}

fn kind_name<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match kind {
        Kind::Instance => "instance",
        Kind::Cluster => "cluster",
    })
}

#[cfg(test)]
mod tests {
    use retention::{Lifecycles, Rules};

    use super::*;

    #[test]
    fn steady_state_is_the_size_of_the_plan() {
        let floor = |text: &str| serde_json::from_str::<Rules>(text).unwrap().named("Floor");
        let known = Lifecycles::built_in();
        assert_eq!(steady_state(&known.named("Test"), &floor(r#"{"last": 1}"#)), 5);
        assert_eq!(steady_state(&known.named("Test"), &floor(r#"{"daily": 7}"#)), 7);
        // 7 days, 5 weeks, 12 months and 7 years, some of which are one snapshot.
        assert_eq!(steady_state(&known.named("Standard"), &floor(r#"{"last": 1}"#)), 27);
    }

    #[test]
    fn rate_is_that_of_the_last_days() {
        let now: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().unwrap();
        let ago = |hours: i64| now - TimeDelta::hours(hours);
        assert_eq!(copies_in_ten_days(&[], now), None);
        // The first day.
        assert_eq!(copies_in_ten_days(&[ago(1)], now), Some(10));
        // Three days, a copy a day.
        assert_eq!(copies_in_ten_days(&[ago(1), ago(25), ago(49)], now), Some(10));
        // A month, two copies a day.
        let month: Vec<_> = (0..60).map(|nth| ago(1 + nth * 12)).collect();
        assert_eq!(copies_in_ten_days(&month, now), Some(20));
        // The copies have stopped.
        assert_eq!(copies_in_ten_days(&[ago(24 * 30)], now), Some(0));
    }

    #[test]
    fn days_left_are_whole_days() {
        assert_eq!(days_left(96, 40), Some(24));
        assert_eq!(days_left(95, 40), Some(23));
        assert_eq!(days_left(0, 40), Some(0));
        assert_eq!(days_left(96, 0), None);
    }
}
