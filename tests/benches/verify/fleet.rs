//! A fleet of 1,000 databases whose copies are verified once a week, for three virtual weeks: whether each is verified in time, and what that
//! costs.
//!
//! The functions in DR run whole. Left out are the source account and new copies: each database has one copy from the beginning.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, ensure};
use aws_sdk_rds::Client;
use chrono::{DateTime, TimeDelta, Utc};
use cloud::Cloud;
use protocol::{DatabaseArn, Kind, Origin, SnapshotArn, tags};
use rehearsal::{Line, Rehearsal, Setup, UNUSED_ROOTS};
use serde_json::json;
use sim::World;
use sim::journal::Event;
use tests::{DR, HOUR, REGION, SOURCE, settings};

use crate::prices;
use crate::scripted::{self, GIB};
use crate::{paused, rounded};

const DATABASES: usize = 1_000;
const COPIES: i64 = 1;
const WEEKS: u32 = 3;
const INTERVAL: TimeDelta = TimeDelta::days(7);
/// A verification that is so much later than its interval is overdue.
const TOLERANCE: TimeDelta = TimeDelta::days(1);
/// The number of verifications at once.
const AT_ONCE: [usize; 2] = [10, 12];
const KEY: &str = "alias/draco";

pub(crate) fn run(at_once: &[usize]) -> anyhow::Result<()> {
    let at_once = if at_once.is_empty() { &AT_ONCE } else { at_once };
    at_once.iter().try_for_each(|at_once| paused()?.block_on(fleet(*at_once)))
}

async fn fleet(at_once: usize) -> anyhow::Result<()> {
    let since = Instant::now();
    let at_once_text = at_once.to_string();
    // The budget is no limit here.
    let parameters = [("EveryDays", "7"), ("AtOnce", &*at_once_text), ("DollarsAMonth", "1000000")];
    let setup = Setup::new(SOURCE, DR, REGION)?.verified(&parameters).scripted(scripted::answer);
    let world = World::with_settings(sim::Settings { snapshot_quota: 1_000_000, ..settings() });
    let rehearsal = Rehearsal::deploy(world, setup)?;
    rehearsal.put_for_verifier("roots.pem", UNUSED_ROOTS).await?;
    create_copies(&rehearsal).await?;
    let world = rehearsal.world();
    let (start, bill) = (world.now(), prices::bill(world));
    world.sleep(HOUR * 24 * 7 * WEEKS).await;
    let (now, functions) = (world.now(), prices::bill(world) - bill);

    let verified = rehearsal.logs().read(|lines| times_of(lines, "verified"));
    let failed = rehearsal.logs().read(|lines| times_of(lines, "not_verified").len());
    ensure!(failed == 0, "{failed} databases were not verified");
    let oldest = |times: Option<&Vec<DateTime<Utc>>>| now - times.and_then(|times| times.last()).unwrap_or(&start);
    let ages: Vec<TimeDelta> = fleet_of(&rehearsal)?.iter().map(|arn| oldest(verified.get(&arn.to_string()))).collect();
    let gaps = verified.values().flat_map(|times| times.windows(2).map(|pair| pair[1] - pair[0]));
    let longest = gaps.max().context("no database was verified twice")?;
    let is_late = |time: &TimeDelta| *time > INTERVAL + TOLERANCE;
    let spans = spans(world);
    let minutes: f64 = spans.iter().map(|(_, time)| time.num_seconds() as f64 / 60.0).sum();
    let databases: f64 = spans.iter().map(|(kind, time)| prices::database(*kind, GIB, *time).smallest).sum();
    let months = (now - start).num_hours() as f64 / 730.0;
    println!(
        "{}",
        json!({
            "bench": "verify",
            "what": "a fleet",
            "databases": DATABASES,
            "gib": GIB,
            "every_days": INTERVAL.num_days(),
            "at_once": at_once,
            "days": (now - start).num_days(),
            "verifications": verified.values().map(Vec::len).sum::<usize>(),
            "verifications_a_week": rounded(verified.values().map(Vec::len).sum::<usize>() as f64 / f64::from(WEEKS), 1.0),
            "never_verified": DATABASES - verified.len(),
            "overdue_at_the_end": ages.iter().filter(|age| is_late(age)).count(),
            "oldest_days_at_the_end": days(ages.iter().max().copied().unwrap_or_default()),
            "longest_days_between_two": days(longest),
            "minutes_of_a_verification": rounded(minutes / spans.len() as f64, 10.0),
            "dollars_a_month_of_functions": rounded(functions / months, 10.0),
            "dollars_a_month_of_databases": rounded(databases / months, 10.0),
            "real_seconds": since.elapsed().as_secs(),
        })
    );
    Ok(())
}

fn days(time: TimeDelta) -> f64 {
    rounded(time.num_minutes() as f64 / 60.0 / 24.0, 100.0)
}

/// The databases in the source account, every other one a cluster.
fn fleet_of(rehearsal: &Rehearsal) -> anyhow::Result<Vec<DatabaseArn>> {
    let source = rehearsal.setup().place(&SOURCE.parse()?);
    let arn = |nth: usize| DatabaseArn::new(Kind::ALL[nth % 2], source.clone(), &format!("db-{nth}"));
    Ok((0..DATABASES).map(arn).collect::<Result<_, _>>()?)
}

/// Creates the copies of all databases, with the names and tags of copies that Draco has reported. They are copies of one snapshot of each
/// kind in DR, whose database is deleted again.
async fn create_copies(rehearsal: &Rehearsal) -> anyhow::Result<()> {
    let (dr, world) = (rehearsal.setup().dr(), rehearsal.world());
    let config = world.sdk_config(DR, REGION);
    let (cloud, rds) = (Cloud::new(&config, dr.clone()), Client::new(&config));
    let base = |kind| DatabaseArn::new(kind, dr.clone(), "base");
    for kind in Kind::ALL {
        let database = rehearsal::Database { kind, retention_days: 1, ..rehearsal::Database::instance("base") };
        rehearsal.create_database(&dr, &database).await?;
        world.sleep(HOUR).await;
        rehearsal.take_snapshot(&base(kind)?, "base").await?;
    }
    world.sleep(HOUR).await;
    rds.delete_db_instance().db_instance_identifier("base").skip_final_snapshot(true).send().await?;
    rds.delete_db_cluster().db_cluster_identifier("base").skip_final_snapshot(true).send().await?;
    for database in fleet_of(rehearsal)? {
        let from = SnapshotArn::new(database.kind, dr.clone(), "base")?;
        for day in 1..=COPIES {
            let taken = settings().epoch - TimeDelta::days(day);
            let id = format!("rds:{}-{}", database.id(), taken.format("%Y-%m-%d-%H-%M"));
            let snapshot = SnapshotArn::new(database.kind, database.place.clone(), &id)?;
            let origin = Origin { snapshot, database: database.clone(), taken };
            let reported = (taken + TimeDelta::hours(1)).to_rfc3339();
            let extra_tags = [(tags::LIFECYCLE, "Standard"), (tags::REPORTED, &*reported)];
            cloud.copy(&from, &origin.copy(&dr), Some(KEY), &origin.to_tags().with(extra_tags)).await?;
        }
    }
    world.sleep(HOUR).await;
    Ok(())
}

/// The times of the log lines with this step, by the ARNs of the databases.
fn times_of(lines: &[Line], step: &str) -> BTreeMap<String, Vec<DateTime<Utc>>> {
    let mut times = BTreeMap::<String, Vec<DateTime<Utc>>>::new();
    for line in lines.iter().filter(|line| line.text("step") == step) {
        times.entry(line.text("database").to_owned()).or_default().extend(line.time());
    }
    times
}

/// The kind of each database that was restored, and how long its timer ran until now.
fn spans(world: &World) -> Vec<(Kind, TimeDelta)> {
    let spans = world.journal(|journal| {
        let mut spans = BTreeMap::new();
        for entry in journal.entries() {
            if let Event::Transition { machine, execution, .. } = &entry.event
                && machine == "draco-verify"
            {
                spans.entry(execution.clone()).or_insert((entry.at, entry.at)).1 = entry.at;
            }
        }
        spans
    });
    // The name of the timer ends in that of the database, whose number tells the kind.
    let kind = |timer: &str| timer.rsplit('-').next().and_then(|nth| Some(Kind::ALL[nth.parse::<usize>().ok()? % 2]));
    spans.iter().filter_map(|(timer, (from, to))| Some((kind(timer)?, *to - *from))).collect()
}
