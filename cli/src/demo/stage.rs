//! The stage: two accounts with Draco deployed, databases of every kind, and an observer.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use protocol::{DatabaseArn, Place, Status};
use rehearsal::{Database, Encryption, Ledger, Rehearsal};
use sim::{Settings, World};

use super::Demo;
use crate::casting::{self, REGION};

/// 2026-08-24T00:00:00Z, a Monday. Ninety days later it is November.
const BEGINS: i64 = 1_787_529_600;
/// How long it is waited at the end for what is still under way.
const PATIENCE_HOURS: u32 = 24;

pub(super) struct Stage {
    pub(super) rehearsal: Rehearsal,
    pub(super) ledger: Ledger,
    pub(super) databases: Vec<(DatabaseArn, Database)>,
    pub(super) days: u32,
    begins: DateTime<Utc>,
}

impl Stage {
    pub(super) async fn new(demo: &Demo) -> anyhow::Result<Self> {
        let begins = DateTime::from_timestamp(BEGINS, 0).unwrap_or_default();
        let world = World::with_settings(Settings {
            epoch: begins,
            seed: demo.seed,
            // AWS allows a hundred until it is asked for more, and a dry run keeps everything.
            snapshot_quota: demo.days as usize * demo.databases as usize + 100,
            ..Settings::default()
        });
        let rehearsal = Rehearsal::deploy(world, casting::cast(REGION, demo.no_dry_run)?)?;
        let mut stage = Self { rehearsal, ledger: Ledger::default(), databases: Vec::new(), days: demo.days, begins };
        let source = stage.source();
        for database in databases(demo.databases as usize, demo.seed) {
            let arn = stage.rehearsal.create(&source, &database).await?;
            stage.databases.push((arn, database));
        }
        Ok(stage)
    }

    pub(super) fn source(&self) -> Place {
        let cast = self.rehearsal.cast();
        cast.place(cast.sources.first().unwrap_or(&cast.dr))
    }

    /// Lets time pass until the end of this day, and looks at what is there then.
    pub(super) async fn live_until(&mut self, day: u32) -> anyhow::Result<()> {
        let end = self.begins + TimeDelta::days(day.into());
        let left = (end - self.rehearsal.world().now()).to_std().unwrap_or_default();
        self.live(left).await
    }

    /// Lets time pass, and looks at what is there then.
    pub(super) async fn live(&mut self, time: Duration) -> anyhow::Result<()> {
        self.rehearsal.world().sleep(time).await;
        self.ledger.observe(&self.rehearsal).await
    }

    /// Waits until nothing is under way any more. What then still is, the invariants tell of.
    pub(super) async fn settle(&mut self) -> anyhow::Result<()> {
        for _ in 0..PATIENCE_HOURS {
            let Ledger { transits, present, .. } = &self.ledger;
            if transits.is_empty() && present.values().all(|copy| copy.status == Status::Available) {
                break;
            }
            self.live(Duration::from_secs(60 * 60)).await?;
        }
        Ok(())
    }
}

/// Databases of every kind, by turns, with sizes and hours of backup that go by the seed.
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
        // The first is backed up before all others, so that what is told of it is of it alone.
        let minute = if nth == 0 { random.u32(20..50) } else { random.u32(2 * 60..6 * 60) };
        let until = minute + 30;
        let name = match nth / kinds.len() {
            0 => database.name.clone(),
            round => format!("{}-{}", database.name, round + 1),
        };
        let window = format!("{:02}:{:02}-{:02}:{:02}", minute / 60, minute % 60, until / 60, until % 60);
        Database { name, window, gib: random.i32(20..=200), ..database.clone() }
    });
    databases.collect()
}
