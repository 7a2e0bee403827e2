//! One verification of a copy of 100 GiB, from the snapshot in production on: calls, invocations, dollars and virtual minutes.

use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use protocol::{Kind, tags};
use rehearsal::{Database, Rehearsal, Setup, UNUSED_ROOTS, Verification};
use serde_json::json;
use sim::World;
use sim::journal::Event;
use tests::{DR, HOUR, MINUTE, REGION, SOURCE, settings};
use verifier::plan::{Policy, dollars};

use crate::prices::{self, Dollars};
use crate::scripted::{self, GIB};
use crate::{paused, rounded};

/// The durations of the simulated AWS are drawn from a seed, so one verification alone says little.
const SEEDS: u64 = 20;
/// As the stack has it without settings.
const POLICY: Policy = Policy {
    every: TimeDelta::days(7),
    at_once: 2,
    dollars_a_month: 100,
    limit: TimeDelta::hours(12),
    class: None,
    free_percent: 10,
};
/// The time in which a verification is counted. As much time without one follows, and is taken off: that of the hourly runs.
const WINDOW: Duration = Duration::from_secs(3 * 60 * 60);

pub(crate) fn run() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let taken = (0..SEEDS).map(|seed| paused()?.block_on(one(kind, seed))).collect::<anyhow::Result<Vec<_>>>()?;
        print(kind, &taken);
    }
    Ok(())
}

/// What a verification took.
struct Taken {
    usage: Usage,
    minutes_to_restore: f64,
    minutes_to_check: f64,
    minutes: f64,
    database: Dollars,
}

/// What the verifier's functions use, in numbers.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    calls: f64,
    looks: f64,
    checker_runs: f64,
    transitions: f64,
    dollars: f64,
}

async fn one(kind: Kind, seed: u64) -> anyhow::Result<Taken> {
    let setup = Setup::new(SOURCE, DR, REGION)?.verified(&[("EveryDays", "31")]).scripted(scripted::answer);
    let world = World::with_settings(sim::Settings { seed, ..settings() });
    let rehearsal = Rehearsal::deploy(world, setup)?;
    rehearsal.put_for_verifier("roots.pem", UNUSED_ROOTS).await?;
    let start = rehearsal.world().now();
    // Automated backups are taken after the measurement.
    let backup_window = "23:00-23:30".to_owned();
    let database = Database { kind, retention_days: 1, backup_window, ..Database::instance("orders") };
    let source = rehearsal.setup().place(&SOURCE.parse()?);
    let orders = rehearsal.create_database(&source, &database.lifecycle("Standard")).await?;
    let world = rehearsal.world();
    world.sleep(20 * MINUTE).await;
    rehearsal.take_snapshot(&orders, "measured").await?;
    // The hourly run after the arrival of the copy starts the verification.
    world.sleep((start + TimeDelta::minutes(59) - world.now()).to_std()?).await;
    let before = Usage::until_now(&rehearsal);
    world.sleep(HOUR).await;
    let class = class(&rehearsal).await?;
    ensure!(class == prices::smallest(kind), "restored as {class}, which has another price");
    world.sleep(WINDOW - HOUR).await;
    let with = Usage::until_now(&rehearsal);
    world.sleep(WINDOW).await;
    let without = Usage::until_now(&rehearsal);

    let copies = rehearsal.snapshots(&rehearsal.setup().dr()).await?;
    let verdict = copies.iter().find_map(|copy| copy.tags.get(tags::VERIFIED)).context("the copy was not verified")?;
    ensure!(verdict.contains(" verified available read"), "{verdict}");
    let record: Verification = rehearsal.verifications().await?.pop().context("there is no record")?;
    let (begun, ended) = timer(world).context("there was no timer")?;
    let (ready, concluded) = record.provisioned.zip(record.concluded.map(|it| it.at)).context("it was not checked")?;
    ensure!(ended < start + TimeDelta::minutes(59) + TimeDelta::from_std(WINDOW)?, "it took longer than is counted");
    Ok(Taken {
        usage: with.minus(before).minus(without.minus(with)),
        minutes_to_restore: minutes(ready - begun),
        minutes_to_check: minutes(concluded - ready),
        minutes: minutes(ended - begun),
        database: prices::database(kind, GIB, ended - begun),
    })
}

fn minutes(time: TimeDelta) -> f64 {
    time.num_seconds() as f64 / 60.0
}

/// The class of the one database in DR.
async fn class(rehearsal: &Rehearsal) -> anyhow::Result<String> {
    let config = rehearsal.world().sdk_config(DR, REGION);
    let found = aws_sdk_rds::Client::new(&config).describe_db_instances().send().await?;
    let [instance] = found.db_instances() else { anyhow::bail!("{} databases in DR", found.db_instances().len()) };
    Ok(instance.db_instance_class().unwrap_or_default().to_owned())
}

/// When the timer of the verification began, and when it ended.
fn timer(world: &World) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    world.journal(|journal| {
        let of_timer = |event: &Event| matches!(event, Event::Transition { machine, .. } if machine == "draco-verify");
        let mut times = journal.entries().iter().filter(|entry| of_timer(&entry.event)).map(|entry| entry.at);
        let first = times.next()?;
        Some((first, times.next_back().unwrap_or(first)))
    })
}

impl Usage {
    fn until_now(rehearsal: &Rehearsal) -> Self {
        let count = |is_one: &dyn Fn(&Event) -> bool| {
            let count = |journal: &sim::journal::Journal| {
                journal.entries().iter().filter(|entry| is_one(&entry.event)).count() as f64
            };
            rehearsal.world().journal(count)
        };
        let is_of = |event: &Event, name: &str| matches!(event, Event::Invocation { function, .. } if function == name);
        Self {
            calls: count(
                &|event| matches!(event, Event::Call { role: Some(role), .. } if role.starts_with("draco-verifier")),
            ),
            looks: count(&|event| is_of(event, "draco-verifier")),
            checker_runs: count(&|event| is_of(event, "draco-checker")),
            transitions: count(
                &|event| matches!(event, Event::Transition { machine, .. } if machine == "draco-verify"),
            ),
            dollars: prices::bill(rehearsal.world()),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            calls: self.calls - other.calls,
            looks: self.looks - other.looks,
            checker_runs: self.checker_runs - other.checker_runs,
            transitions: self.transitions - other.transitions,
            dollars: self.dollars - other.dollars,
        }
    }
}

fn print(kind: Kind, all: &[Taken]) {
    let mean = |of: fn(&Taken) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
    let most = |of: fn(&Taken) -> f64| all.iter().map(of).fold(0.0, f64::max);
    let functions = mean(|taken| taken.usage.dollars);
    println!(
        "{}",
        json!({
            "bench": "verify",
            "what": "one verification",
            "kind": kind,
            "gib": GIB,
            "verifications": all.len(),
            "class": prices::smallest(kind),
            "calls": rounded(mean(|taken| taken.usage.calls), 10.0),
            "calls_at_most": most(|taken| taken.usage.calls),
            "looks": rounded(mean(|taken| taken.usage.looks), 10.0),
            "checker_runs": rounded(mean(|taken| taken.usage.checker_runs), 10.0),
            "transitions": rounded(mean(|taken| taken.usage.transitions), 10.0),
            "minutes_to_restore": rounded(mean(|taken| taken.minutes_to_restore), 10.0),
            "minutes_to_check": rounded(mean(|taken| taken.minutes_to_check), 10.0),
            "minutes": rounded(mean(|taken| taken.minutes), 10.0),
            "minutes_at_most": rounded(most(|taken| taken.minutes), 10.0),
            "dollars_of_functions": rounded(functions, 1e4),
            "dollars_of_database": rounded(mean(|taken| taken.database.smallest), 1e4),
            "dollars": rounded(functions + mean(|taken| taken.database.smallest), 1e4),
            "dollars_estimated": rounded(dollars(&POLICY, GIB), 1e4),
            "class_of_production": prices::OF_PRODUCTION,
            "dollars_in_class_of_production": rounded(functions + mean(|taken| taken.database.of_production), 1e4),
        })
    );
}
