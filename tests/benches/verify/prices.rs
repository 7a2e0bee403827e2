//! What databases and functions cost. The simulated bill has no databases.

use chrono::TimeDelta;
use protocol::Kind;
use sim::World;

/// On-demand prices of us-east-1 in dollars: PostgreSQL on RDS in one zone with gp3, and Aurora PostgreSQL (Standard, without its requests).
struct Prices {
    /// The smallest class, which the simulated restores have, and an hour of it.
    smallest: (&'static str, f64),
    /// An hour of [`OF_PRODUCTION`].
    of_production: f64,
    /// A GiB and month.
    storage: f64,
}

const INSTANCE: Prices = Prices { smallest: ("db.t4g.micro", 0.016), of_production: 0.45, storage: 0.115 };
const CLUSTER: Prices = Prices { smallest: ("db.t4g.medium", 0.073), of_production: 0.519, storage: 0.10 };

/// A class that databases in production have.
pub(crate) const OF_PRODUCTION: &str = "db.r6g.xlarge";

/// What a restored database costs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dollars {
    /// In the smallest class.
    pub(crate) smallest: f64,
    /// In the class of production.
    pub(crate) of_production: f64,
}

fn of(kind: Kind) -> Prices {
    match kind {
        Kind::Instance => INSTANCE,
        Kind::Cluster => CLUSTER,
    }
}

/// The smallest class of this kind.
pub(crate) fn smallest(kind: Kind) -> &'static str {
    of(kind).smallest.0
}

/// A database that exists for this time. Its whole time counts, also that of its restore, as in the verifier's estimate.
pub(crate) fn database(kind: Kind, gib: u32, time: TimeDelta) -> Dollars {
    let Prices { smallest: (_, smallest), of_production, storage } = of(kind);
    let hours = time.num_seconds() as f64 / 3600.0;
    let storage = f64::from(gib) * storage / 730.0;
    Dollars { smallest: hours * (smallest + storage), of_production: hours * (of_production + storage) }
}

/// The simulated bill so far, without the snapshots, keys and transfer: they are there without verification, too.
pub(crate) fn bill(world: &World) -> f64 {
    let is_other = |item: &str| ["storage", "keys", "transfer"].iter().any(|kind| item.ends_with(kind));
    world.bill().lines.iter().filter(|line| !is_other(line.item)).map(|line| line.dollars).sum()
}
