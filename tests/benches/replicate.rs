//! What one replicated snapshot costs, in fleets of all sizes, and how a whole fleet drains. All of it is counted in
//! virtual time, so it is exact and comes out the same every time. One JSON line each.

use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use cloud::Cloud;
use protocol::{DatabaseArn, Kind, Origin, Place, SnapshotArn, tags};
use rehearsal::{Cast, Database, Ledger, Rehearsal, Sums};
use serde_json::{Value, json};
use sim::World;
use sim::journal::{Entry, Event};
use tests::{DR, HOUR, MINUTE, REGION, SOURCE, Stage, settings};

/// How many copies each database has in DR already: what Standard keeps.
const COPIES: i64 = 26;

fn main() -> anyhow::Result<()> {
    for databases in [10, 1_000, 10_000] {
        runtime()?.block_on(one_snapshot(databases))?;
    }
    for at_once in [None, Some(10)] {
        runtime()?.block_on(an_hour_of(10_000, at_once))?;
    }
    Ok(())
}

/// A paused clock: what takes time in the world takes none here.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()
}

fn tell(line: &Value) {
    println!("{line}");
}

/// One snapshot of each kind, in a fleet of so many databases that have their copies in DR already.
async fn one_snapshot(databases: usize) -> anyhow::Result<()> {
    let world = World::with_settings(sim::Settings { snapshot_quota: usize::MAX, ..settings() });
    let rehearsal = Rehearsal::deploy(world, Cast::of(SOURCE, DR, REGION)?)?;
    let owners = Owners::of(&rehearsal);
    owners.furnish(databases).await?;
    // The two that are measured, which have a lifecycle.
    for kind in Kind::ALL {
        let database = Database { kind, retention_days: 1, ..Database::instance(NAME) }.lifecycle("Standard");
        let arn = rehearsal.create(&owners.source, &database).await?;
        owners.furnish_copies(std::slice::from_ref(&arn)).await?;
        let world = rehearsal.world();
        world.sleep(until_after_a_sweep(world.now())).await;
        let (began, bill) = (world.now(), running_cost(world));
        rehearsal.take(&arn, "measured").await?;
        world.sleep(56 * MINUTE).await;
        let events: Vec<Entry> =
            world.journal(|journal| journal.entries().iter().filter(|entry| entry.at >= began).cloned().collect());
        let copying = TimeDelta::minutes(10);
        let copied = events.iter().find(|entry| is_copy_in_dr(&entry.event)).context("it was not copied")?;
        let overhead = copied.at - began - copying * 2;
        tell(&json!({
            "bench": "replicate",
            "databases": databases,
            "copies": databases as i64 * COPIES,
            "kind": kind,
            "calls": count(&events, |event| matches!(event, Event::Call { role: Some(role), .. } if role.starts_with("draco-"))),
            "invocations": count(&events, |event| matches!(event, Event::Invocation { .. })),
            "transitions": count(&events, |event| matches!(event, Event::Transition { .. })),
            "dollars": format!("{:.6}", running_cost(world) - bill).parse::<f64>()?,
            "overhead_seconds": overhead.num_milliseconds() as f64 / 1000.0,
            "copying_seconds": (copying * 2).num_seconds(),
        }));
    }
    Ok(())
}

/// What the measured databases are called.
const NAME: &str = "measured";

/// A sweep comes every hour after the deployment, at the epoch; after two minutes it is done.
fn until_after_a_sweep(now: DateTime<Utc>) -> Duration {
    let since = (now - settings().epoch).num_seconds() % 3600;
    Duration::from_secs(u64::try_from(3600 + 120 - since).unwrap_or_default())
}

fn is_copy_in_dr(event: &Event) -> bool {
    matches!(event, Event::Call { account, operation, error: None, .. } if account == DR && operation.starts_with("CopyDB"))
}

fn count(entries: &[Entry], is_one: impl Fn(&Event) -> bool) -> usize {
    entries.iter().filter(|entry| is_one(&entry.event)).count()
}

/// What there is to pay for so far, without storage and keys.
fn running_cost(world: &World) -> f64 {
    let lines = world.bill().lines.into_iter();
    lines.filter(|line| !line.item.ends_with("storage") && !line.item.ends_with("keys")).map(|line| line.dollars).sum()
}

/// Those who own the accounts, and furnish them.
struct Owners<'r> {
    rehearsal: &'r Rehearsal,
    source: Place,
    dr: Place,
    in_dr: Cloud,
}

impl<'r> Owners<'r> {
    fn of(rehearsal: &'r Rehearsal) -> Self {
        let (source, dr) = (rehearsal.cast().sources().next(), rehearsal.cast().dr());
        let config = rehearsal.world().sdk_config(DR, REGION);
        Self { rehearsal, source: source.unwrap_or(dr.clone()), in_dr: Cloud::new(&config, dr.clone()), dr }
    }

    /// So many databases in the source account, each with a snapshot there and its copies in DR, and each second one a
    /// cluster. They have no lifecycle: what they are here for is to be there.
    async fn furnish(&self, databases: usize) -> anyhow::Result<()> {
        let arns = (0..databases)
            .map(|nth| DatabaseArn::new(Kind::ALL[nth % 2], self.source.clone(), &format!("db-{nth}")))
            .collect::<Result<Vec<_>, _>>()?;
        self.make(&arns, &self.source).await?;
        self.furnish_copies(&arns).await
    }

    /// These databases' copies in DR, one a day, as Draco would have made and told of them. They are copies of a snapshot
    /// that DR took itself, of a database of the same name.
    async fn furnish_copies(&self, databases: &[DatabaseArn]) -> anyhow::Result<()> {
        self.make(databases, &self.dr).await?;
        for database in databases {
            let base = SnapshotArn::new(database.kind, self.dr.clone(), &base(database))?;
            for days in 1..=COPIES {
                let taken = settings().epoch - TimeDelta::days(days);
                let id = format!("rds:{}-{}", database.id(), taken.format("%Y-%m-%d-%H-%M"));
                let snapshot = SnapshotArn::new(database.kind, self.source.clone(), &id)?;
                let origin = Origin { snapshot, database: database.clone(), taken };
                let told = [(tags::LIFECYCLE, "Standard"), (tags::REPORTED, "2026-11-21T00:00:00Z")];
                self.in_dr.copy(&base, &origin.copy(&self.dr), Some(KEY), &origin.to_tags().with(told)).await?;
            }
        }
        self.rehearsal.world().sleep(HOUR).await;
        Ok(())
    }

    /// Databases of these names in one of the accounts, and a snapshot of each.
    async fn make(&self, databases: &[DatabaseArn], place: &Place) -> anyhow::Result<()> {
        let mut made = Vec::new();
        for DatabaseArn { kind, .. } in databases {
            let name = databases[made.len()].id();
            let database = Database { kind: *kind, retention_days: 1, gib: 20, ..Database::instance(name) };
            made.push(self.rehearsal.create(place, &database).await?);
        }
        self.rehearsal.world().sleep(HOUR).await;
        for database in &made {
            self.rehearsal.take(database, &base(database)).await?;
        }
        self.rehearsal.world().sleep(HOUR).await;
        Ok(())
    }
}

/// What the first snapshot of a database is called.
fn base(database: &DatabaseArn) -> String {
    format!("base-{}", database.id())
}

/// The key that Draco has in DR.
const KEY: &str = "alias/draco";

/// What a service takes from an account in a second. AWS does not publish RDS's limit; this is on the low side of what
/// people report.
const CALLS_PER_SECOND: u32 = 20;

/// A fleet that takes all its snapshots within one hour, while AWS throttles. So many of each function run at once; without
/// a number, all that come.
async fn an_hour_of(databases: usize, at_once: Option<u32>) -> anyhow::Result<()> {
    let settings = sim::Settings { snapshot_quota: usize::MAX, calls_per_second: Some(CALLS_PER_SECOND), ..settings() };
    let epoch = settings.epoch;
    let concurrency = at_once.map(|most| most.to_string()).unwrap_or_default();
    let cast =
        Cast::of(SOURCE, DR, REGION)?.producer("Concurrency", &concurrency).consumer("Concurrency", &concurrency);
    let rehearsal = Rehearsal::deploy(World::with_settings(settings), cast)?;
    let owners = Owners::of(&rehearsal);
    // The first snapshots are taken at six, the last just before seven.
    for nth in 0..databases {
        let minute = nth * 60 / databases;
        let window = format!("06:{minute:02}-07:{minute:02}");
        let database = Database { window, retention_days: 1, gib: 20, ..Database::instance(&format!("db-{nth}")) };
        rehearsal.create(&owners.source, &database.lifecycle("Standard")).await?;
        rehearsal.world().sleep(Duration::from_millis(100)).await;
    }
    let world = rehearsal.world();
    world.sleep((epoch + TimeDelta::hours(4) - world.now()).to_std()?).await;
    let began = world.now();
    // The journal tells without a call, which would be throttled too.
    let begun =
        || world.journal(|journal| journal.entries().iter().filter(|entry| is_copy_in_dr(&entry.event)).count());
    for _ in 0..24 {
        world.sleep(HOUR).await;
        if begun() >= databases {
            break;
        }
    }
    world.sleep(2 * HOUR).await;
    let mut stage = Stage { rehearsal: rehearsal.clone(), ledger: Ledger::default() };
    // Who looks is throttled too.
    while stage.ledger.observe(&stage.rehearsal).await.is_err() {
        world.sleep(7 * MINUTE).await;
    }
    let sums = Sums::of(&stage.rehearsal, &stage.ledger);
    let entries: Vec<Entry> =
        world.journal(|journal| journal.entries().iter().filter(|entry| entry.at >= began).cloned().collect());
    let is_call = |event: &Event| matches!(event, Event::Call { role: Some(role), .. } if role.starts_with("draco-"));
    let is_throttled = |event: &Event| matches!(event, Event::Call { role: Some(_), error: Some(code), .. } if code.starts_with("Throttling"));
    let last_source = stage.ledger.sources.values().map(|taken| taken.origin.taken).max().context("no source")?;
    let reported = entries.iter().filter(|entry| is_copy_in_dr(&entry.event)).map(|entry| entry.at).max();
    let last_copy = reported.context("no copy")? + TimeDelta::minutes(2);
    let busy = (last_copy - began).num_milliseconds() as f64 / 1000.0;
    ensure!(stage.broken().is_empty(), "{:?}", stage.broken());
    tell(&json!({
        "bench": "an hour of snapshots",
        "databases": databases,
        "calls_a_second_allowed": CALLS_PER_SECOND,
        "at_once": at_once,
        "copied": sums.copied,
        "lost": sums.lost,
        "transit_left": sums.transit_left,
        "minutes_from_last_snapshot_to_last_copy": (last_copy - last_source).num_minutes(),
        "calls": count(&entries, is_call),
        "throttled": count(&entries, is_throttled),
        "calls_a_second": (count(&entries, is_call) as f64 / busy * 10.0).round() / 10.0,
        "dead_letters": count(&entries, |event| matches!(event, Event::DeadLetter { .. })),
    }));
    Ok(())
}
