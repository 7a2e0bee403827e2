//! How long experiments take in AWS, and what they cost there.

use std::collections::BTreeSet;

use crate::existing::Existing;
use crate::experiment::{Action, Experiment, Kind, Need, Side};

/// Prices in dollars an hour, in us-east-1 on 21 November 2026: the smallest instance with 20 GiB, the storage of a cluster
/// without instances (10 GiB are the least that Aurora counts), a key, and a snapshot of 20 GiB.
const INSTANCE: f64 = 0.016 + 20.0 * 0.115 / 730.0;
const CLUSTER: f64 = 10.0 * 0.10 / 730.0;
const KEY: f64 = 1.0 / 730.0;
const SNAPSHOT: f64 = 20.0 * 0.095 / 730.0;
/// The number of snapshots that exist at the same time, at most.
const SNAPSHOTS: f64 = 6.0;
/// The same of an existing database, and the price of a GiB of them.
const COPIES: f64 = 4.0;
const GIB: f64 = 0.095 / 730.0;
/// How much of an existing database is copied in a minute, in GiB. AWS names no speed.
const GIB_A_MINUTE: u32 = 2;

/// An estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The duration.
    pub minutes: u32,
    /// The cost, rounded up to a cent.
    pub dollars: f64,
    /// What is created and shared by experiments.
    pub needs: BTreeSet<Need>,
    /// The databases that one experiment creates for itself, with its name.
    pub databases: Vec<(&'static str, Kind)>,
}

impl Estimate {
    /// The estimate for these experiments, one after the other, with an existing database if they need one.
    #[must_use]
    pub fn of(experiments: &[&Experiment], existing: Option<&Existing>) -> Self {
        let mut needs = BTreeSet::new();
        experiments.iter().flat_map(|experiment| experiment.needs).for_each(|need| add(*need, &mut needs));
        let minutes: u32 =
            needs.iter().map(|need| need.minutes()).chain(experiments.iter().map(|one| one.minutes)).sum();
        // The wait for the backup window goes on while other experiments run.
        let minutes = if needs.contains(&Need::Automated) { minutes.max(150) } else { minutes };
        let hourly: f64 = needs.iter().map(|need| need.dollars_an_hour()).sum();
        let shared = f64::from(minutes) / 60.0 * (hourly + SNAPSHOTS * SNAPSHOT);
        let creates = |one: &&Experiment| Some((one.name, one.minutes, one.creates()?));
        let own: Vec<_> = experiments.iter().filter_map(creates).collect();
        let costs = own.iter().map(|(_, minutes, kind)| f64::from(*minutes) / 60.0 * dollars_an_hour(*kind));
        let gib = existing.map_or(0, |existing| existing.gib);
        let timed: u32 = experiments.iter().map(|one| timed_copies(one)).sum();
        let copying = timed * gib.div_ceil(GIB_A_MINUTE);
        let dollars =
            shared + costs.sum::<f64>() + f64::from(copying) / 60.0 * (hourly + COPIES * f64::from(gib) * GIB);
        let minutes = minutes + copying;
        let databases = own.iter().map(|(name, _, kind)| (*name, *kind)).collect();
        Self { minutes, dollars: (dollars * 100.0).ceil() / 100.0, needs, databases }
    }
}

/// The number of copies of the existing database.
fn timed_copies(experiment: &Experiment) -> u32 {
    let is_timed = |action| matches!(action, Action::Time(..) | Action::TimeFull(..) | Action::Start(..));
    experiment.steps.iter().map(|step| u32::from(is_timed(step.action))).sum()
}

fn dollars_an_hour(database: Kind) -> f64 {
    match database {
        Kind::Instance => INSTANCE,
        Kind::Cluster => CLUSTER,
    }
}

fn add(need: Need, needs: &mut BTreeSet<Need>) {
    needs.insert(need);
    need.needs().iter().for_each(|inner| add(*inner, needs));
}

impl Need {
    fn minutes(self) -> u32 {
        match self {
            Self::Database(_) | Self::Transit(_) => 10,
            Self::Base(_) => 5,
            Self::Automated | Self::Key(_) | Self::Clock | Self::Notifications | Self::Existing => 1,
        }
    }

    fn dollars_an_hour(self) -> f64 {
        match self {
            Self::Database(kind) => dollars_an_hour(kind),
            Self::Key(_) => KEY,
            Self::Base(_) | Self::Transit(_) | Self::Automated | Self::Clock | Self::Notifications | Self::Existing => {
                0.0
            }
        }
    }

    /// What it is, for people: `a key in DR`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Database(Kind::Instance) => "an instance in the source account: PostgreSQL, db.t4g.micro, 20 GiB",
            Self::Database(Kind::Cluster) => "a cluster in the source account: Aurora PostgreSQL, without instances",
            Self::Base(Kind::Instance) => "a snapshot of the instance",
            Self::Base(Kind::Cluster) => "a snapshot of the cluster",
            Self::Transit(Kind::Instance) => "a copy of the instance's snapshot, shared with DR",
            Self::Transit(Kind::Cluster) => "a copy of the cluster's snapshot, shared with DR",
            Self::Automated => "an automated snapshot of the instance",
            Self::Key(Side::Source) => "a key in the source account that DR may use",
            Self::Key(Side::Dr) => "a key in DR",
            Self::Clock => "a queue in the source account",
            Self::Existing => "copies of an existing instance's snapshots, up to four at the same time",
            Self::Notifications => "a topic, a queue and an event subscription in the source account",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::all;

    #[test]
    fn all_experiments_cost_less_than_a_dollar_and_share_what_they_need() {
        let all: Vec<_> = all().collect();
        let estimate = Estimate::of(&all, None);
        assert!((0.01..1.0).contains(&estimate.dollars), "{estimate:?}");
        assert!(estimate.needs.contains(&Need::Clock), "the instance needs it");
        let one = Estimate::of(&all[..1], None);
        assert!(one.databases.is_empty(), "{one:?}");
        let own = |kind| estimate.databases.iter().filter(|(_, other)| *other == kind).count();
        assert_eq!((own(Kind::Instance), own(Kind::Cluster)), (3, 2), "{estimate:?}");
        assert!(one.minutes < estimate.minutes && one.dollars > 0.0, "{one:?}");
    }
}
