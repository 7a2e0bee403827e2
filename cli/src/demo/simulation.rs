//! The simulation: two source accounts and DR with Draco deployed, databases of every kind, and a ledger of their snapshots.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use protocol::{DatabaseArn, Place, Status};
use rehearsal::{Database, Encryption, Ledger, Rehearsal};
use sim::{Quotas, Settings, World};

use super::Demo;
use crate::accounts::{self, REGION};

/// 2026-08-24T00:00:00Z, a Monday. The default of 90 days ends in November.
const START: i64 = 1_787_529_600;
/// The maximum time at the end for copies that are not completed.
const MAX_EXTRA_HOURS: u32 = 24;

/// When simulations start.
pub(super) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(START, 0).unwrap_or_default()
}

pub(super) struct Simulation {
    pub(super) rehearsal: Rehearsal,
    pub(super) ledger: Ledger,
    pub(super) databases: Vec<(DatabaseArn, Database)>,
    pub(super) days: u32,
    start: DateTime<Utc>,
}

impl Simulation {
    pub(super) async fn new(demo: &Demo) -> anyhow::Result<Self> {
        let start = start();
        let world = World::with_settings(Settings {
            epoch: start,
            seed: demo.seed,
            // AWS's default is 100, and a dry run keeps all copies.
            snapshot_quota: demo.days as usize * demo.databases as usize + 100,
            // AWS's default is 40 of each kind.
            quotas: Quotas {
                instances: demo.databases as usize + 40,
                clusters: demo.databases as usize + 40,
                storage_gib: 100_000_000,
                ..Quotas::default()
            },
            ..Settings::default()
        });
        let setup = accounts::setup(REGION, demo.no_dry_run)?;
        // The default is 200.
        let setup = setup.consumer_parameter("MaxDatabases", &demo.databases.max(200).to_string());
        let rehearsal = Rehearsal::deploy(world, setup)?;
        let mut simulation =
            Self { rehearsal, ledger: Ledger::default(), databases: Vec::new(), days: demo.days, start };
        let sources: Vec<Place> = simulation.rehearsal.setup().sources().collect();
        let databases = databases(demo.databases as usize, demo.seed);
        for (source, database) in sources.iter().cycle().zip(databases) {
            let arn = simulation.rehearsal.create_database(source, &database).await?;
            simulation.databases.push((arn, database));
        }
        Ok(simulation)
    }

    /// The account of the first database.
    pub(super) fn source(&self) -> Place {
        let setup = self.rehearsal.setup();
        setup.place(setup.sources.first().unwrap_or(&setup.dr))
    }

    /// Lets time pass until the end of a day, and lists all snapshots.
    pub(super) async fn run_until_day(&mut self, day: u32) -> anyhow::Result<()> {
        let end = self.start + TimeDelta::days(day.into());
        let left = (end - self.rehearsal.world().now()).to_std().unwrap_or_default();
        self.run_for(left).await
    }

    /// Lets time pass, and lists all snapshots.
    pub(super) async fn run_for(&mut self, time: Duration) -> anyhow::Result<()> {
        self.rehearsal.world().sleep(time).await;
        self.ledger.observe(&self.rehearsal).await
    }

    /// Waits until all copies are completed and all transit copies deleted. The invariants report those that are not.
    pub(super) async fn finish_copies(&mut self) -> anyhow::Result<()> {
        for _ in 0..MAX_EXTRA_HOURS {
            let Ledger { transits, present, .. } = &self.ledger;
            if transits.is_empty() && present.values().all(|copy| copy.status == Status::Available) {
                break;
            }
            self.run_for(Duration::from_secs(60 * 60)).await?;
        }
        Ok(())
    }
}

/// Databases of six kinds in turn, with random sizes and backup times.
fn databases(count: usize, seed: u64) -> Vec<Database> {
    let mut random = fastrand::Rng::with_seed(seed);
    let kinds = [
        Database::instance("orders").lifecycle("Standard"),
        Database::instance("customers").lifecycle("Standard").encryption(Encryption::CustomerKey),
        Database::instance("website").lifecycle("Test").encryption(Encryption::None),
        Database::cluster("ledger-of-everything-that-was-ever-bought-or-sold-anywhere").lifecycle("Standard"),
        Database::instance("reports").lifecycle("Ignore"),
        Database::instance("sandbox"),
    ];
    let databases = kinds.iter().cycle().take(count).enumerate().map(|(nth, database)| {
        // The first is backed up before all others, so that the calls in its story are only its own.
        let minute = if nth == 0 { random.u32(20..50) } else { random.u32(2 * 60..6 * 60) };
        let until = minute + 30;
        let name = match nth / kinds.len() {
            0 => database.name.clone(),
            round => format!("{}-{}", database.name, round + 1),
        };
        let window = format!("{:02}:{:02}-{:02}:{:02}", minute / 60, minute % 60, until / 60, until % 60);
        Database { name, backup_window: window, gib: random.i32(20..=200), ..database.clone() }
    });
    databases.collect()
}
