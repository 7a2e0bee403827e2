//! What it takes to provision a database and to tear it down, in the simulated AWS without engines: one JSON line for each result. Calls,
//! looks, dollars and delays are counted in virtual time, so they are the same in every run. The rounds are those of a real minute.

use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use chrono::{DateTime, TimeDelta, Utc};
use cloud::Cloud;
use protocol::job::{Approval, Request, Source, Verb};
use protocol::observed::Condition;
use protocol::spec::Settings;
use protocol::{DatabaseArn, Job, Kind, Place, SnapshotArn};
use provision::{Begin, Outcome, compare, teardown};
use serde_json::json;
use sim::journal::Event;
use sim::{Settings as WorldSettings, World};

const ACCOUNT: &str = "222222222222";
const REGION: &str = "eu-west-1";
const ROLE: &str = "draco-provision";
const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// The cost of a look: an invocation of half a second with 128 MB, and two transitions of the timer (prices of eu-west-1).
const DOLLARS_A_LOOK: f64 = 0.000_000_2 + 0.5 * 0.125 * 0.000_013_333_4 + 2.0 * 0.000_025;
/// The cost of an hour of db.t4g.medium.
const DOLLARS_AN_HOUR: f64 = 0.065;
/// The durations of the simulated AWS are drawn from a seed, so one job alone says little.
const SEEDS: u64 = 20;
/// For how long rounds are counted.
const ROUNDS: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for kind in Kind::ALL {
        let jobs: Result<Vec<_>> = (0..SEEDS).map(|seed| paused()?.block_on(once(kind, seed))).collect();
        print(kind, &jobs?);
    }
    for kind in Kind::ALL {
        paused()?.block_on(rounds(kind))?;
    }
    Ok(())
}

fn paused() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()
}

struct Fixture {
    world: World,
    /// With the role of Draco.
    cloud: Cloud,
    /// With that of the account's owner, whose calls are not counted.
    owner: Cloud,
    source: SnapshotArn,
    target: DatabaseArn,
    replaces: String,
}

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

async fn fixture(kind: Kind, seed: u64) -> Result<Fixture> {
    let place = Place { region: REGION.parse()?, account: ACCOUNT.parse()? };
    let epoch = DateTime::from_timestamp(1_795_226_400, 0).unwrap_or_default();
    let world = World::with_settings(WorldSettings { epoch, seed, ..WorldSettings::default() });
    let config = world.sdk_config(ACCOUNT, REGION);
    let (owner, rds) = (Cloud::new(&config, place.clone()), aws_sdk_rds::Client::new(&config));
    world.add_role(ACCOUNT, ROLE, &[EVERYTHING])?;
    let credentials = Credentials::builder().access_key_id(ACCOUNT).secret_access_key("simulated");
    let credentials = credentials.session_token(format!("{ROLE}/bench")).provider_name("bench").build();
    let config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build();
    let cloud = Cloud::new(&config, place.clone());
    let target = DatabaseArn::new(kind, place.clone(), "orders")?;
    let source = SnapshotArn::new(kind, place, "before")?;
    match kind {
        Kind::Instance => {
            let call = rds.create_db_instance().db_instance_identifier("orders").engine("postgres");
            let call = call.db_instance_class("db.t4g.medium").allocated_storage(100).master_username("draco");
            call.master_user_password("not-a-secret").backup_retention_period(7).send().await?;
            ready(&world, &owner, &target).await?;
            rds.create_db_snapshot().db_instance_identifier("orders").db_snapshot_identifier("before").send().await?;
        }
        Kind::Cluster => {
            let call = rds.create_db_cluster().db_cluster_identifier("orders").engine("aurora-postgresql");
            call.master_username("draco")
                .master_user_password("not-a-secret")
                .backup_retention_period(7)
                .send()
                .await?;
            ready(&world, &owner, &target).await?;
            for nth in 1..=3 {
                let call = rds.create_db_instance().db_instance_identifier(format!("orders-{nth}"));
                let call = call.db_cluster_identifier("orders").engine("aurora-postgresql");
                call.db_instance_class("db.t4g.medium").send().await?;
            }
            ready(&world, &owner, &target).await?;
            let call = rds.create_db_cluster_snapshot().db_cluster_identifier("orders");
            call.db_cluster_snapshot_identifier("before").send().await?;
        }
    }
    world.sleep(Duration::from_secs(3 * 3600)).await;
    let replaces = ready(&world, &owner, &target).await?;
    Ok(Fixture { world, cloud, owner, source, target, replaces })
}

/// Waits until the database is ready. Its resource ID.
async fn ready(world: &World, owner: &Cloud, arn: &DatabaseArn) -> Result<String> {
    loop {
        if let Some(found) = owner.observe(arn).await?
            && found.condition == Condition::Ready
            && found.members.iter().all(|member| member.condition == Condition::Ready)
        {
            return Ok(found.resource_id);
        }
        world.sleep(Duration::from_secs(60)).await;
    }
}

impl Fixture {
    /// Each round has a deadline of its own, and so a job of its own.
    fn job(&self, verb: Verb) -> Result<Job> {
        Ok(Job::new(Request {
            verb,
            source: Source::Snapshot(self.source.clone()),
            target: self.target.clone(),
            replaces: Some(self.replaces.clone()),
            overrides: Settings::new(),
            approval: Approval::Given,
            keep: TimeDelta::zero(),
            deadline: self.world.now() + TimeDelta::hours(24),
        })?)
    }

    /// The number of looks until the database is provisioned.
    async fn provision(&self, job: &Job) -> Result<u32> {
        let mut begin = Begin::Allowed;
        for looks in 1.. {
            match provision::step(&self.cloud, job, begin, None, self.world.now()).await? {
                Outcome::Again { after, begin: next, .. } => {
                    begin = next;
                    self.world.sleep(after.to_std()?).await;
                }
                Outcome::Provisioned { .. } => return Ok(looks),
                other => return Err(format!("{other:?}").into()),
            }
        }
        Ok(0)
    }

    /// The number of looks until it is gone.
    async fn tear_down(&self, job: &Job) -> Result<u32> {
        for looks in 1.. {
            let role = job.request().verb.role();
            match teardown::step(&self.cloud, job, role, Begin::Allowed, None, self.world.now()).await? {
                teardown::Outcome::Again { after, .. } => self.world.sleep(after.to_std()?).await,
                teardown::Outcome::TornDown => return Ok(looks),
                teardown::Outcome::Refused { reason } => return Err(reason.into()),
            }
        }
        Ok(0)
    }

    fn calls(&self) -> usize {
        let is_call = |event: &Event| matches!(event, Event::Call { role: Some(role), .. } if role.starts_with(ROLE));
        self.world.journal(|journal| journal.entries().iter().filter(|entry| is_call(&entry.event)).count())
    }
}

/// What a job took.
struct Taken {
    calls: f64,
    calls_to_provision: f64,
    looks: f64,
    looks_to_provision: f64,
    minutes_to_provision: f64,
    minutes_to_tear_down: f64,
    /// Zero if it was noticed before the watch looked again.
    seconds_from_ready_to_noticed: f64,
}

async fn once(kind: Kind, seed: u64) -> Result<Taken> {
    let fixture = fixture(kind, seed).await?;
    let (job, start) = (fixture.job(Verb::Restore)?, fixture.world.now());
    let mut ready = None;
    let looks_to_provision = tokio::select! {
        looks = fixture.provision(&job) => looks?,
        error = watch(&fixture, &job, &mut ready) => return Err(error.err().unwrap_or_else(|| "the watch ended".into())),
    };
    let (noticed, calls_to_provision) = (fixture.world.now(), fixture.calls());
    let torn_down = fixture.tear_down(&job).await?;
    let seconds = |from: DateTime<Utc>, to: DateTime<Utc>| (to - from).num_milliseconds() as f64 / 1000.0;
    Ok(Taken {
        calls: fixture.calls() as f64,
        calls_to_provision: calls_to_provision as f64,
        looks: f64::from(looks_to_provision + torn_down),
        looks_to_provision: f64::from(looks_to_provision),
        minutes_to_provision: seconds(start, noticed) / 60.0,
        minutes_to_tear_down: seconds(noticed, fixture.world.now()) / 60.0,
        seconds_from_ready_to_noticed: ready.map_or(0.0, |ready| seconds(ready, noticed)),
    })
}

/// The mean over all seeds, and the largest value in the case of calls and of the delay.
fn print(kind: Kind, jobs: &[Taken]) {
    let mean = |of: fn(&Taken) -> f64| jobs.iter().map(of).sum::<f64>() / jobs.len() as f64;
    let most = |of: fn(&Taken) -> f64| jobs.iter().map(of).fold(0.0, f64::max);
    let instances = if kind == Kind::Cluster { 3.0 } else { 1.0 };
    let hours = mean(|job| job.minutes_to_provision + job.minutes_to_tear_down) / 60.0;
    println!(
        "{}",
        json!({
            "bench": "provision",
            "database": name(kind),
            "jobs": jobs.len(),
            "calls": rounded(mean(|job| job.calls), 10.0),
            "calls_at_most": most(|job| job.calls),
            "calls_to_provision": rounded(mean(|job| job.calls_to_provision), 10.0),
            "looks": rounded(mean(|job| job.looks), 10.0),
            "looks_to_provision": rounded(mean(|job| job.looks_to_provision), 10.0),
            "minutes_to_provision": rounded(mean(|job| job.minutes_to_provision), 10.0),
            "minutes_to_tear_down": rounded(mean(|job| job.minutes_to_tear_down), 10.0),
            "seconds_from_ready_to_noticed": rounded(mean(|job| job.seconds_from_ready_to_noticed), 10.0),
            "seconds_from_ready_to_noticed_at_most": rounded(most(|job| job.seconds_from_ready_to_noticed), 10.0),
            "dollars_of_looks": rounded(mean(|job| job.looks) * DOLLARS_A_LOOK, 1e6),
            "dollars_of_database": rounded(hours * instances * DOLLARS_AN_HOUR, 1e4),
        })
    );
}

/// Looks each second as the owner, until the database is as it is to be. Its description is the only fact that AWS gives.
async fn watch(fixture: &Fixture, job: &Job, ready: &mut Option<DateTime<Utc>>) -> Result<()> {
    loop {
        let found = fixture.owner.observe(&job.new_database()).await?;
        let is_done = found.is_some_and(|found| {
            let is_ready = [Condition::Ready, Condition::BackingUp].contains(&found.condition)
                && found.members.iter().all(|member| member.condition == Condition::Ready);
            let ours = compare::compare(job, found, fixture.world.now());
            is_ready
                && ours.no_spec.is_none()
                && ours.missing.is_empty()
                && ours.differences.is_empty()
                && ours.reboots.is_empty()
        });
        match is_done {
            true => *ready = ready.or(Some(fixture.world.now())),
            false => *ready = None,
        }
        fixture.world.sleep(Duration::from_secs(1)).await;
    }
}

async fn rounds(kind: Kind) -> Result<()> {
    let fixture = fixture(kind, 0).await?;
    let (begun, mut count) = (Instant::now(), 0_u32);
    while begun.elapsed() < ROUNDS {
        let job = fixture.job(Verb::Verify)?;
        fixture.provision(&job).await?;
        fixture.tear_down(&job).await?;
        count += 1;
    }
    let minutes = begun.elapsed().as_secs_f64() / 60.0;
    let rate = rounded(f64::from(count) / minutes, 1.0);
    // A verification needs one member.
    let database = match kind {
        Kind::Instance => "instance",
        Kind::Cluster => "cluster of one",
    };
    println!("{}", json!({ "bench": "provision", "database": database, "rounds": count, "rounds_a_minute": rate }));
    Ok(())
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Instance => "instance",
        Kind::Cluster => "cluster of three",
    }
}

fn rounded(value: f64, by: f64) -> f64 {
    (value * by).round() / by
}
