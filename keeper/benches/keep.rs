//! A run over 10,000 databases with 30 copies each: the calls, the time of planning, and the memory.
//!
//! `cargo bench --workspace --all-features --bench keep`

#![allow(clippy::unwrap_used, reason = "a bench may stop")]

use std::time::{Duration, Instant};

use archive::expired::expired;
use archive::{Archive, SilencePolicy};
use chrono::{DateTime, TimeDelta, Utc};
use protocol::{Origin, Place, Snapshot, Status, Tags, tags};
use retention::{Lifecycles, Rules};

const DATABASES: usize = 10_000;
const COPIES: usize = 30;
/// RDS's largest page.
const PAGE: usize = 100;

fn main() {
    let dr = Place { region: "eu-west-1".parse().unwrap(), account: "222222222222".parse().unwrap() };
    let now: DateTime<Utc> = "2026-11-21T05:00:00Z".parse().unwrap();
    let before = peak_kib();
    let (mut archive, mut parsing) = (Archive::new(dr.clone()), Duration::ZERO);
    let mut page: Vec<Snapshot> = Vec::new();
    for nth in 0..DATABASES * COPIES {
        // In RDS's order a database's copies need not be together.
        page.push(copy(nth % DATABASES, nth / DATABASES, &dr, now));
        if page.len() == PAGE {
            let start = Instant::now();
            page.iter().for_each(|snapshot| archive.add(snapshot));
            parsing += start.elapsed();
            page.clear();
        }
    }
    let listed = peak_kib();
    let (known, floor) = (Lifecycles::built_in(), Rules::default_floor().named("Floor"));
    let policy = SilencePolicy { max_age: TimeDelta::days(3) };
    let start = Instant::now();
    let silent = archive.databases().filter(|(_, history)| policy.check(history, now).is_some()).count();
    let silence = start.elapsed();
    let start = Instant::now();
    let expired: usize = archive.databases().map(|(_, history)| expired(history, &known, &floor).len()).sum();
    let planning = start.elapsed();
    println!(
        r#"{{"bench":"keep","databases":{DATABASES},"copies":{},"calls":{},"parse_seconds":{:.2},"silence_seconds":{:.3},"plan_seconds":{:.2},"silent":{silent},"expired":{expired},"archive_mib":{:.0},"peak_mib":{:.0}}}"#,
        DATABASES * COPIES,
        DATABASES * COPIES / PAGE,
        parsing.as_secs_f64(),
        silence.as_secs_f64(),
        planning.as_secs_f64(),
        f64::from(listed - before) / 1024.0,
        f64::from(peak_kib()) / 1024.0,
    );
}

/// The largest amount of memory of this process so far (`VmHWM` in proc(5)).
fn peak_kib() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// A copy as AWS describes it, with 20 tags of the user.
fn copy(database: usize, day: usize, dr: &Place, now: DateTime<Utc>) -> Snapshot {
    let taken = now - TimeDelta::hours(2) - TimeDelta::days(i64::try_from(day).unwrap());
    let id = format!("rds:database-{database:05}-{}", taken.format("%Y-%m-%d-%H-%M"));
    let origin = Origin {
        snapshot: format!("arn:aws:rds:eu-west-1:111111111111:snapshot:{id}").parse().unwrap(),
        database: format!("arn:aws:rds:eu-west-1:111111111111:db:database-{database:05}").parse().unwrap(),
        taken,
    };
    let user: Tags = (0..20).map(|nth| (format!("key-{nth}"), "value ".repeat(8))).collect();
    let reported = (taken + TimeDelta::minutes(40)).to_rfc3339();
    let tags = user.with(origin.to_tags().iter()).with([(tags::LIFECYCLE, "Standard"), (tags::REPORTED, &*reported)]);
    Snapshot {
        arn: origin.copy(dr),
        database: format!("database-{database:05}").into(),
        resource_id: None,
        engine: protocol::Engine::Rds,
        status: Status::Available,
        progress: 100,
        gib: 100,
        is_encrypted: true,
        key: None,
        created: Some(taken),
        original_created: Some(taken),
        copied_from: None,
        tags,
    }
}
