//! The verification of one copy, by the deployed functions, in a simulation of its own. So only one database has data, and the totals of the
//! others are those of copying.
//!
//! If PostgreSQL is installed, the database is a real one, and the checks are real queries. Otherwise the checker has no server to query, and
//! the verdict is `not-verified`.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use checks::{Answer, NotChecked, Part, Report, Task};
use chrono::{DateTime, TimeDelta, Utc};
use engines::{Engines, Pace};
use protocol::{AccountId, Place};
use rehearsal::{Database, Line, Rehearsal, UNUSED_ROOTS, Verification};
use sim::journal::{Entry, Event};
use sim::servers::{NoServers, Servers};
use sim::{Settings, World};

use super::Demo;
use super::simulation::start;
use super::story::{Step, calls};
use crate::accounts::{self, REGION};

/// The database.
const NAME: &str = "orders";
/// The rows of its table.
const ROWS: &str = "\
create table orders as select n as id, n * 1.25 as total, \
timestamptz '2026-08-24 00:10:00Z' - n * interval '1 minute' as placed_at from generate_series(1, 5000) n; \
alter table orders add primary key (id);";
/// The checks of its owner.
const CHECKS: &str = r#"{ "orders": [
    { "sql": "select count(*) from orders", "at_least": 1000 },
    { "sql": "select max(placed_at) from orders", "within": "26h" },
    { "sql": "select count(*) from orders where total < 0", "equals": 0 }
] }"#;

const MINUTE: Duration = Duration::from_secs(60);
/// The most minutes until the database is deleted again: one day.
const MAX_MINUTES: u32 = 24 * 60;

/// A verification that has come to its end.
pub(super) struct Verified {
    pub(super) dr: AccountId,
    pub(super) steps: Vec<Step>,
    pub(super) report: Report,
    /// Why no data were queried, if none were.
    pub(super) no_data: Option<String>,
}

/// Verifies one copy.
pub(super) async fn verify(demo: &Demo) -> anyhow::Result<Verified> {
    let with_data = match demo.no_engines {
        false => with_data(demo).await?,
        true => Err("no server was started (--no-engines)".to_owned()),
    };
    let (rehearsal, no_data) = match with_data {
        Ok(rehearsal) => (rehearsal, None),
        Err(why) => (deploy(demo, Arc::new(NoServers)).await?, Some(why)),
    };
    rehearsal.put_for_verifier("checks.json", CHECKS).await?;
    for _ in 0..MAX_MINUTES {
        rehearsal.world().sleep(MINUTE).await;
        if torn_down(&rehearsal).is_some() {
            break;
        }
    }
    let record = rehearsal.verifications().await?.pop().context("no copy was verified in a day")?;
    let steps = steps(&rehearsal, &record, no_data.is_none())?;
    let report = *record.concluded.context("the verification did not come to its end")?.report;
    Ok(Verified { dr: rehearsal.setup().dr.clone(), steps, report, no_data })
}

/// Draco with the verifier, and a database in the source account that is available.
async fn deploy(demo: &Demo, servers: Arc<dyn Servers>) -> anyhow::Result<Rehearsal> {
    let world = World::with_settings(Settings { epoch: start(), seed: demo.seed, servers, ..Settings::default() });
    let setup = accounts::setup(REGION, false)?.verified(&[]).scripted(without_server);
    let rehearsal = Rehearsal::deploy(world, setup)?;
    rehearsal.put_for_verifier("roots.pem", UNUSED_ROOTS).await?;
    let window = "00:30-01:00".to_owned();
    let database = Database { gib: 20, backup_window: window, ..Database::instance(NAME) };
    rehearsal.create_database(&source(&rehearsal), &database.lifecycle("Standard")).await?;
    rehearsal.world().sleep(10 * MINUTE).await;
    Ok(rehearsal)
}

fn source(rehearsal: &Rehearsal) -> Place {
    let setup = rehearsal.setup();
    setup.place(setup.sources.first().unwrap_or(&setup.dr))
}

/// The same with a real PostgreSQL that has rows, or why there is none.
async fn with_data(demo: &Demo) -> anyhow::Result<Result<Rehearsal, String>> {
    let engines = match Engines::new(Pace::Paused, None) {
        Ok(engines) => Arc::new(engines),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let rehearsal = deploy(demo, Arc::clone(&engines) as Arc<dyn Servers>).await?;
    let source = source(&rehearsal);
    let config = rehearsal.world().sdk_config(source.account.as_str(), source.region.as_str());
    let rds = aws_sdk_rds::Client::new(&config);
    let found = rds.describe_db_instances().db_instance_identifier(NAME).send().await?;
    let host = found.db_instances().first().and_then(|found| found.endpoint()?.address()).context("no endpoint")?;
    let Some(address) = engines.resolve(host) else {
        return Ok(Err(engines::missing().unwrap_or_else(|| "PostgreSQL did not start".to_owned())));
    };
    let (ip, port, ca) = (address.ip(), address.port(), engines.ca().display());
    let at = format!("hostaddr={ip} port={port} sslmode=verify-ca sslrootcert={ca} user=draco dbname=postgres");
    let mut psql = Command::new("psql");
    psql.env("PGPASSWORD", "simulated").args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", ROWS, &at]);
    let filled = rehearsal.world().hold_clock(async { psql.output() }).await;
    let why = match filled {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!("psql failed: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Some(format!("psql did not start: {error}")),
    };
    if let Some(why) = why {
        return Ok(Err(why));
    }
    rehearsal.put_for_verifier("roots.pem", std::fs::read(engines.ca())?).await?;
    Ok(Ok(rehearsal))
}

/// The checker's answer without a server: nothing was queried, so nothing is known.
fn without_server(_: &Task, _: TimeDelta) -> (Answer, TimeDelta) {
    let not_checked =
        NotChecked { what: "the data".to_owned(), why: "the simulated database has no server".to_owned() };
    let part = Part { not_checked: [not_checked].into(), ..Part::default() };
    (Answer { part, next: None }, TimeDelta::zero())
}

/// The steps of the verification, from the verifier's log, its record and its calls.
fn steps(rehearsal: &Rehearsal, record: &Verification, has_data: bool) -> anyhow::Result<Vec<Step>> {
    let dr = rehearsal.setup().dr();
    let step = |at: DateTime<Utc>, message: &[&str], created: Option<String>| Step {
        at,
        message: message.iter().map(|phrase| (*phrase).to_owned()).collect(),
        created,
        calls: calls(rehearsal, &dr, "draco-verifier", at),
        account: dr.account.to_string(),
    };
    let copy = record.copy.to_string();
    let is_about_copy = |line: &&Line| line.text("function") == "verifier" && line.text("copy") == copy;
    let lines = rehearsal.logs().lines();
    let mut lines = lines.iter().filter(is_about_copy);
    let (chosen, verdict) = (lines.next(), lines.next());
    let (chosen, verdict) = chosen.zip(verdict).context("the log has no lines about the copy")?;
    let time = |line: &Line| line.time().context("a log line has no time");
    let ready = record.provisioned.context("the copy was not restored")?;
    let ready_after = format!("the database is ready after {} minutes;", (ready - record.requested).num_minutes());
    let queried = if has_data { "the checker queries it" } else { "there is no server to query" };
    let (deleted, database) = deletion(rehearsal).context("the database was not deleted")?;
    let torn_down = torn_down(rehearsal).context("the database was not deleted")?;
    Ok(vec![
        step(time(chosen)?, &[chosen.text("message")], Some(database)),
        step(ready, &[&ready_after, queried], None),
        step(time(verdict)?, &[verdict.text("message")], None),
        step(deleted, &["deleting the database"], None),
        Step { calls: Vec::new(), ..step(torn_down, &["the database is gone"], None) },
    ])
}

/// When the timer of the verification ended.
fn torn_down(rehearsal: &Rehearsal) -> Option<DateTime<Utc>> {
    first(rehearsal, |entry| match &entry.event {
        Event::Transition { machine, state, .. } if machine == "draco-verify" && state == "Done" => Some(entry.at),
        _ => None,
    })
}

/// When the verifier deleted the database, and its identifier.
fn deletion(rehearsal: &Rehearsal) -> Option<(DateTime<Utc>, String)> {
    first(rehearsal, |entry| match &entry.event {
        Event::Call { role: Some(role), operation, resource: Some(database), error: None, .. }
            if operation == "DeleteDBInstance" && role.starts_with("draco-verifier-") =>
        {
            Some((entry.at, database.clone()))
        }
        _ => None,
    })
}

/// What the first entry of the journal yields that yields something.
fn first<T>(rehearsal: &Rehearsal, of: impl FnMut(&Entry) -> Option<T>) -> Option<T> {
    rehearsal.world().journal(|journal| journal.entries().iter().find_map(of))
}
