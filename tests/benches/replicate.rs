//! The cost of one replicated snapshot in fleets of all sizes, and the time in which a whole fleet is copied. Everything is
//! counted in virtual time, so the results are exact and the same in every run. Prints one JSON line per result.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use cloud::Cloud;
use protocol::{DatabaseArn, Kind, Origin, Place, SnapshotArn, tags};
use rehearsal::{Database, Ledger, Processes, Rehearsal, Setup, Totals};
use serde::Serialize;
use serde_json::{Value, json};
use sim::World;
use sim::journal::{Entry, Event};
use tests::{DR, DR_REGION, Fixture, HOUR, MINUTE, REGION, SECOND_REGION, SOURCE, settings};

/// The number of copies that each database has in DR at the start: as many as Standard keeps.
const COPIES: i64 = 26;

/// With a number as an argument, the largest fleet has that size. With the names of shapes (`dr_elsewhere`), only these run, with
/// `hour`, only the hour of snapshots.
fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let most = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let named = |shape: &Shape| arguments.iter().any(|argument| json!(shape) == json!(argument));
    let all = !Shape::ALL.iter().any(named);
    for shape in Shape::ALL.into_iter().filter(|shape| all || named(shape)) {
        let of_one = !arguments.iter().any(|argument| argument == "hour");
        for databases in [10, 1_000, 10_000].into_iter().filter(|databases| of_one && *databases <= most) {
            runtime()?.block_on(one_snapshot(databases, shape))?;
        }
        for at_once in shape.hours() {
            runtime()?.block_on(an_hour_of(most, *at_once, shape))?;
        }
    }
    Ok(())
}

/// The regions of DR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    /// That of the sources.
    OneRegion,
    /// Another one.
    DrElsewhere,
    /// That of the sources, and a second one.
    SecondRegion,
}

impl Shape {
    const ALL: [Self; 3] = [Self::OneRegion, Self::DrElsewhere, Self::SecondRegion];

    /// The limits of functions at once under which a whole fleet takes its snapshots within an hour.
    fn hours(self) -> &'static [Option<u32>] {
        match self {
            Self::OneRegion => &[None, Some(10)],
            Self::DrElsewhere => &[Some(10)],
            Self::SecondRegion => &[],
        }
    }

    fn setup(self) -> anyhow::Result<Setup> {
        let setup = Setup::new(SOURCE, DR, REGION)?;
        match self {
            Self::OneRegion => Ok(setup),
            Self::DrElsewhere => setup.dr_region(DR_REGION),
            Self::SecondRegion => setup.second_region(SECOND_REGION),
        }
    }
}

/// A runtime with a paused clock, so that virtual time passes as fast as the machine allows.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()
}

fn print(line: &Value) {
    println!("{line}");
}

/// One snapshot of each kind, in a fleet of this many databases with copies in DR.
async fn one_snapshot(databases: usize, shape: Shape) -> anyhow::Result<()> {
    let world = World::with_settings(sim::Settings { snapshot_quota: 1_000_000, ..settings() });
    let rehearsal = Rehearsal::deploy(world, shape.setup()?)?;
    let owners = Owners::of(&rehearsal);
    owners.create_fleet(databases).await?;
    // Only the two measured databases have a lifecycle.
    for kind in Kind::ALL {
        let backup_window = QUIET.to_owned();
        let database = Database { kind, retention_days: 1, backup_window, ..Database::instance(NAME) };
        let database = database.lifecycle("Standard");
        let arn = rehearsal.create_database(&owners.source, &database).await?;
        owners.create_copies(std::slice::from_ref(&arn)).await?;
        let world = rehearsal.world();
        // A sweep gives a second region the newest copy that each database has. This is not measured.
        world.sleep(2 * HOUR).await;
        world.sleep(until_after_a_sweep(world.now())).await;
        let (start, bill, transfer) = (world.now(), running_cost(world), transfer_cost(world));
        rehearsal.take_snapshot(&arn, "measured").await?;
        world.sleep(56 * MINUTE).await;
        let events: Vec<Entry> =
            world.journal(|journal| journal.entries().iter().filter(|entry| entry.at >= start).cloned().collect());
        let copying = TimeDelta::minutes(10);
        let started: Vec<_> = events.iter().filter(|entry| is_copy_in_dr(&entry.event)).map(|entry| entry.at).collect();
        let copied = *started.first().context("the snapshot was not copied")?;
        let overhead = copied - start - copying * 2;
        let onward = started.get(1).map(|onward| (*onward - copied - copying).num_milliseconds() as f64 / 1000.0);
        ensure!(started.len() == 1 + usize::from(shape == Shape::SecondRegion), "{started:?}");
        print(&json!({
            "bench": "replicate",
            "regions": shape,
            "overhead_seconds_onward": onward,
            "dollars_of_transfer": transfer_cost(world) - transfer,
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

/// The name of the measured databases.
const NAME: &str = "measured";

/// Automated backups are taken after the measurement: AWS refuses a snapshot of a database that is backing up.
const QUIET: &str = "23:00-23:30";

/// Sweeps run every hour after the epoch. After two minutes they are completed.
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

/// The cost so far, without storage, keys and transfer.
fn running_cost(world: &World) -> f64 {
    let is_kept = |item: &str| ["storage", "keys", "transfer"].iter().any(|kind| item.ends_with(kind));
    world.bill().lines.iter().filter(|line| !is_kept(line.item)).map(|line| line.dollars).sum()
}

/// The cost of the transfer between regions so far.
fn transfer_cost(world: &World) -> f64 {
    world.bill().lines.iter().filter(|line| line.item.ends_with("transfer")).map(|line| line.dollars).sum()
}

/// The root users of both accounts, who create databases and snapshots.
struct Owners<'r> {
    rehearsal: &'r Rehearsal,
    source: Place,
    dr: Place,
    in_dr: Cloud,
}

impl<'r> Owners<'r> {
    fn of(rehearsal: &'r Rehearsal) -> Self {
        let (source, dr) = (rehearsal.setup().sources().next(), rehearsal.setup().dr());
        let config = rehearsal.world().sdk_config(DR, dr.region.as_str());
        Self { rehearsal, source: source.unwrap_or(dr.clone()), in_dr: Cloud::new(&config, dr.clone()), dr }
    }

    /// Creates databases in the source account, every other one a cluster, each with a snapshot and with copies in DR. They
    /// have no lifecycle, so that Draco lists them and does not copy them.
    async fn create_fleet(&self, databases: usize) -> anyhow::Result<()> {
        let arns = (0..databases)
            .map(|nth| DatabaseArn::new(Kind::ALL[nth % 2], self.source.clone(), &format!("db-{nth}")))
            .collect::<Result<Vec<_>, _>>()?;
        self.create_databases(&arns, &self.source).await?;
        self.create_copies(&arns).await
    }

    /// Creates copies in DR for each database, one per day, with the name and tags of copies that Draco has reported. They
    /// are copies of a snapshot in DR, of a database with the same name.
    async fn create_copies(&self, databases: &[DatabaseArn]) -> anyhow::Result<()> {
        self.create_databases(databases, &self.dr).await?;
        for database in databases {
            let base = SnapshotArn::new(database.kind, self.dr.clone(), &base(database))?;
            for days in 1..=COPIES {
                let taken = settings().epoch - TimeDelta::days(days);
                let id = format!("rds:{}-{}", database.id(), taken.format("%Y-%m-%d-%H-%M"));
                let snapshot = SnapshotArn::new(database.kind, self.source.clone(), &id)?;
                let origin = Origin { snapshot, database: database.clone(), taken };
                let extra_tags = [(tags::LIFECYCLE, "Standard"), (tags::REPORTED, "2026-11-21T00:00:00Z")];
                // They have been in the second region already.
                let second = self.rehearsal.setup().second().map(|second| origin.copy(&second).to_string());
                let second = second.iter().map(|copy| (tags::SECOND, copy.as_str()));
                let tags = origin.to_tags().with(extra_tags).with(second);
                self.in_dr.copy(&base, &origin.copy(&self.dr), Some(KEY), &tags).await?;
            }
        }
        self.rehearsal.world().sleep(HOUR).await;
        Ok(())
    }

    /// Creates databases with these names in one of the accounts, and a snapshot of each.
    async fn create_databases(&self, databases: &[DatabaseArn], place: &Place) -> anyhow::Result<()> {
        let mut created = Vec::new();
        for DatabaseArn { kind, .. } in databases {
            let name = databases[created.len()].id();
            let backup_window = QUIET.to_owned();
            let database =
                Database { kind: *kind, retention_days: 1, gib: 20, backup_window, ..Database::instance(name) };
            created.push(self.rehearsal.create_database(place, &database).await?);
        }
        self.rehearsal.world().sleep(HOUR).await;
        for database in &created {
            self.rehearsal.take_snapshot(database, &base(database)).await?;
        }
        self.rehearsal.world().sleep(HOUR).await;
        Ok(())
    }
}

/// The name of the first snapshot of a database.
fn base(database: &DatabaseArn) -> String {
    format!("base-{}", database.id())
}

/// The alias of Draco's key in DR.
const KEY: &str = "alias/draco";

/// The number of calls per second that a service accepts from an account. AWS does not publish the limit of RDS; this is
/// lower than most limits that people report.
const CALLS_PER_SECOND: u32 = 20;

/// A fleet that takes all its snapshots within one hour, while AWS throttles calls. `at_once` limits the concurrency of each
/// function.
async fn an_hour_of(databases: usize, at_once: Option<u32>, shape: Shape) -> anyhow::Result<()> {
    let settings = sim::Settings { snapshot_quota: 1_000_000, calls_per_second: Some(CALLS_PER_SECOND), ..settings() };
    let epoch = settings.epoch;
    let concurrency = at_once.map(|most| most.to_string()).unwrap_or_default();
    let setup = shape
        .setup()?
        .consumer_parameter("MaxDatabases", "1000000")
        .consumer_parameter("MaxCopies", "1000000")
        .producer_parameter("Concurrency", &concurrency)
        .consumer_parameter("Concurrency", &concurrency)
        // Busy functions keep their processes.
        .processes(Processes::Reused);
    let rehearsal = Rehearsal::deploy(World::with_settings(settings), setup)?;
    let owners = Owners::of(&rehearsal);
    // The first snapshots are taken at six, the last just before seven.
    for nth in 0..databases {
        let minute = nth * 60 / databases;
        let window = format!("06:{minute:02}-07:{minute:02}");
        let database =
            Database { backup_window: window, retention_days: 1, gib: 20, ..Database::instance(&format!("db-{nth}")) };
        rehearsal.create_database(&owners.source, &database.lifecycle("Standard")).await?;
        rehearsal.world().sleep(Duration::from_millis(100)).await;
    }
    let world = rehearsal.world();
    world.sleep((epoch + TimeDelta::hours(4) - world.now()).to_std()?).await;
    let start = world.now();
    // The journal, because calls would be throttled, too.
    let started =
        || world.journal(|journal| journal.entries().iter().filter(|entry| is_copy_in_dr(&entry.event)).count());
    for _ in 0..72 {
        world.sleep(HOUR).await;
        if started() >= databases {
            break;
        }
    }
    world.sleep(2 * HOUR).await;
    let mut fixture = Fixture { rehearsal: rehearsal.clone(), ledger: Ledger::default() };
    // The calls of the ledger are throttled, too.
    while fixture.ledger.observe(&fixture.rehearsal).await.is_err() {
        world.sleep(7 * MINUTE).await;
    }
    let totals = Totals::of(&fixture.rehearsal, &fixture.ledger);
    let entries: Vec<Entry> =
        world.journal(|journal| journal.entries().iter().filter(|entry| entry.at >= start).cloned().collect());
    let is_call = |event: &Event| matches!(event, Event::Call { role: Some(role), .. } if role.starts_with("draco-"));
    let is_throttled = |event: &Event| matches!(event, Event::Call { role: Some(_), error: Some(code), .. } if code.starts_with("Throttling"));
    let last_source = fixture.ledger.sources.values().map(|taken| taken.origin.taken).max().context("no source")?;
    let reported = entries.iter().filter(|entry| is_copy_in_dr(&entry.event)).map(|entry| entry.at).max();
    let last_copy = reported.context("no copy")? + TimeDelta::minutes(2);
    let busy = (last_copy - start).num_milliseconds() as f64 / 1000.0;
    ensure!(fixture.violations().is_empty(), "{:?}", fixture.violations());
    print(&json!({
        "bench": "an hour of snapshots",
        "regions": shape,
        "most_minutes_out_of_order": minutes_out_of_order(&fixture.ledger, &entries),
        "databases": databases,
        "calls_a_second_allowed": CALLS_PER_SECOND,
        "at_once": at_once,
        "copied": totals.copied,
        "lost": totals.lost,
        "transit_left": totals.transit_left,
        "minutes_from_last_snapshot_to_last_copy": (last_copy - last_source).num_minutes(),
        "calls": count(&entries, is_call),
        "throttled": count(&entries, is_throttled),
        "calls_a_second": (count(&entries, is_call) as f64 / busy * 10.0).round() / 10.0,
        "dead_letters": count(&entries, |event| matches!(event, Event::DeadLetter { .. })),
    }));
    Ok(())
}

/// Copies start in the order in which their sources were taken, except for this many minutes: the most by which a source is older
/// than one whose copy was started before.
fn minutes_out_of_order(ledger: &Ledger, entries: &[Entry]) -> i64 {
    let taken: BTreeMap<_, _> =
        ledger.copies.iter().map(|(copy, (origin, _))| (copy.id().to_owned(), origin.taken)).collect();
    let (mut newest, mut most) = (None, TimeDelta::zero());
    for entry in entries.iter().filter(|entry| is_copy_in_dr(&entry.event)) {
        let Event::Call { resource: Some(copy), .. } = &entry.event else { continue };
        let Some(taken) = taken.get(copy) else { continue };
        let last = *newest.get_or_insert(*taken);
        most = most.max(last - *taken);
        newest = Some(last.max(*taken));
    }
    most.num_minutes()
}
