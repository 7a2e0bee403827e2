//! Whether there is room: AWS's quotas of manual snapshots, which copies are, against what the lifecycles will keep.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use config::Config;
use protocol::{Kind, Snapshot, SnapshotRole};
use retention::{Lifecycle, Plan};

use super::databases::Databases;
use super::finding::Finding;
use crate::Account;
use crate::aws_error::Explain;

/// How many manual snapshots of a kind there are, and may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many there are.
    pub used: usize,
    /// How many there may be.
    pub most: usize,
}

/// The quotas of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quotas(pub BTreeMap<Kind, Quota>);

/// By which name RDS knows each (`AccountQuota`), and Service Quotas.
const NAMES: [(Kind, &str, &str); 2] = [
    (Kind::Instance, "ManualSnapshots", "Manual DB instance snapshots"),
    (Kind::Cluster, "ManualClusterSnapshots", "Manual DB cluster snapshots"),
];

/// After so long, nothing is kept more than before: a lifecycle of more years than this fills quotas that nobody has now.
const YEARS: i64 = 50;

impl Quotas {
    /// Asks AWS.
    ///
    /// # Errors
    ///
    /// If AWS refuses.
    pub async fn look(account: &Account) -> anyhow::Result<Self> {
        let call = aws_sdk_rds::Client::new(account.sdk()).describe_account_attributes();
        let answer = call.send().await.explain(account.credentials(), "looking at the quotas of RDS")?;
        let number = |number: Option<i64>| number.and_then(|number| usize::try_from(number).ok());
        let quotas = answer.account_quotas().iter().filter_map(|seen| {
            let (kind, ..) = NAMES.into_iter().find(|(_, name, _)| seen.account_quota_name() == Some(name))?;
            Some((kind, Quota { used: number(seen.used())?, most: number(seen.max())? }))
        });
        Ok(Self(quotas.collect()))
    }

    /// In a source account, transit copies need a little room, for a little time.
    #[must_use]
    pub fn judge_transit(&self) -> Vec<Finding> {
        let each = self.0.iter().map(|(kind, Quota { used, most })| {
            let what = format!("{used} of {most} manual {} snapshots in the source account", word(*kind));
            if used * 10 < most * 9 {
                Finding::good(format!("{what}: there is room for transit copies"))
            } else {
                Finding::caution(format!("{what}: transit copies need room too"), more(*kind))
            }
        });
        each.collect()
    }

    /// In DR, what the lifecycles will keep, and what else there is, must find room.
    #[must_use]
    pub fn judge_copies(&self, snapshots: &[Snapshot], databases: &Databases, config: &Config) -> Vec<Finding> {
        self.0.iter().map(|(kind, quota)| judge(*kind, *quota, snapshots, databases, config)).collect()
    }
}

fn judge(kind: Kind, quota: Quota, snapshots: &[Snapshot], databases: &Databases, config: &Config) -> Finding {
    let Quota { used, most } = quota;
    let copies = snapshots
        .iter()
        .filter(|one| one.arn.kind == kind && matches!(SnapshotRole::of(one), SnapshotRole::Copy(_)))
        .count();
    let others = used.saturating_sub(copies);
    let floor = config.floor.clone().named("Floor");
    let mut in_the_long_run: BTreeMap<String, usize> = BTreeMap::new();
    let (mut will, mut of, mut unbounded) = (0, 0, 0);
    for (_, lifecycle) in databases.kept(&config.lifecycles).filter(|(database, _)| database.arn.kind == kind) {
        // Of what nobody knows, everything is kept: the databases' own lines say what to do about it.
        if lifecycle.rules().is_empty() {
            unbounded += 1;
            continue;
        }
        of += 1;
        will += *in_the_long_run.entry(lifecycle.name().to_owned()).or_insert_with(|| keeps(&lifecycle, &floor));
    }
    let is = format!("{used} of {most} manual {} snapshots in DR", word(kind));
    let besides = if others > 0 { format!(", besides {others} that are not Draco's") } else { String::new() };
    let databases = format!("{of} {}", if of == 1 { "database" } else { "databases" });
    let all = if unbounded > 0 { format!(", and all of {unbounded} more") } else { String::new() };
    let keep = format!("with one a day, the lifecycles of {databases} will keep up to {will}{all}{besides}");
    if of + unbounded == 0 {
        return Finding::good(is);
    }
    match (will + others > most, used * 10 >= most * 9) {
        (true, _) => Finding::wrong(format!("{is}; {keep}"), more(kind)),
        (false, true) => Finding::caution(format!("{is}, which is nearly all; {keep}"), more(kind)),
        (false, false) => Finding::good(format!("{is}; {keep}")),
    }
}

/// How many copies of a database there are in the long run, with a snapshot a day. Lifecycle or floor keeps each.
fn keeps(lifecycle: &Lifecycle, floor: &Lifecycle) -> usize {
    let last = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(365 * YEARS);
    // They are told apart by their times.
    let days: Vec<(&str, DateTime<Utc>)> = (0..365 * YEARS).map(|day| ("", last - TimeDelta::days(day))).collect();
    let kept = |plan: &Plan<'_, (&str, DateTime<Utc>)>| -> BTreeSet<DateTime<Utc>> {
        plan.verdicts().filter(|verdict| verdict.keep).map(|verdict| verdict.snapshot.1).collect()
    };
    let (by_lifecycle, by_floor) = (retention::plan(lifecycle, &days), retention::plan(floor, &days));
    kept(&by_lifecycle).union(&kept(&by_floor)).count()
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Instance => "instance",
        Kind::Cluster => "cluster",
    }
}

fn more(kind: Kind) -> String {
    let name = NAMES.into_iter().find(|(of, ..)| *of == kind).map(|(.., name)| name).unwrap_or_default();
    format!("ask AWS for more (Service Quotas, Amazon RDS, \"{name}\"), or keep fewer")
}

#[cfg(test)]
mod tests {
    use retention::{Lifecycles, Rules};

    use super::keeps;

    #[test]
    fn what_is_kept_in_the_long_run_is_what_the_plan_says() {
        let floor = |text: &str| serde_json::from_str::<Rules>(text).unwrap().named("Floor");
        let known = Lifecycles::built_in();
        assert_eq!(keeps(&known.named("Test"), &floor(r#"{"last": 1}"#)), 5);
        assert_eq!(keeps(&known.named("Test"), &floor(r#"{"daily": 7}"#)), 7);
        // 7 days, 5 weeks, 12 months and 7 years, some of which are one snapshot.
        assert_eq!(keeps(&known.named("Standard"), &floor(r#"{"last": 1}"#)), 27);
    }
}
