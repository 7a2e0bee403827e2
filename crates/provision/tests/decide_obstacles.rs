//! Steps that end before anything is created or deleted: a job of another place, data that are gone, settings that cannot be used.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::time::Duration;

use aws_sdk_rds::types::Tag;
use chrono::{DateTime, TimeDelta};
use cloud::{Class, Cloud, Restore};
use protocol::job::{Approval, Request, Role, Source, Verb};
use protocol::spec::{Setting, Settings, Value};
use protocol::{DatabaseArn, Job, Kind, Place, SnapshotArn, Tags};
use provision::{Begin, Outcome, teardown};
use sim::{Settings as WorldSettings, World};

const ACCOUNT: &str = "222222222222";
const REGION: &str = "eu-west-1";

fn world() -> World {
    let epoch = DateTime::from_timestamp(1_795_226_400, 0).unwrap();
    World::with_settings(WorldSettings { epoch, ..WorldSettings::default() })
}

fn place(account: &str) -> Place {
    Place { region: REGION.parse().unwrap(), account: account.parse().unwrap() }
}

fn cloud(world: &World, account: &str) -> Cloud {
    Cloud::new(&world.sdk_config(account, REGION), place(account))
}

fn job(world: &World, verb: Verb, overrides: Settings) -> Job {
    Job::new(Request {
        verb,
        source: Source::Snapshot(SnapshotArn::new(Kind::Instance, place(ACCOUNT), "before").unwrap()),
        target: DatabaseArn::new(Kind::Instance, place(ACCOUNT), "orders").unwrap(),
        replaces: None,
        overrides,
        approval: Approval::Given,
        keep: TimeDelta::zero(),
        deadline: world.now() + TimeDelta::hours(12),
    })
    .unwrap()
}

/// A snapshot of a database, with this record of its settings.
async fn snapshot(world: &World, spec: &str) {
    let rds = aws_sdk_rds::Client::new(&world.sdk_config(ACCOUNT, REGION));
    let call = rds.create_db_instance().db_instance_identifier("orders").engine("postgres").engine_version("16.3");
    let call = call.db_instance_class("db.t4g.medium").allocated_storage(100).storage_type("gp3");
    call.master_username("draco").master_user_password("not-a-secret").send().await.unwrap();
    world.sleep(Duration::from_secs(4 * 3600)).await;
    let call = rds.create_db_snapshot().db_instance_identifier("orders").db_snapshot_identifier("before");
    call.tags(Tag::builder().key("Draco_Spec").value(spec).build()).send().await.unwrap();
    world.sleep(Duration::from_secs(4 * 3600)).await;
}

// Invariant 19.
#[tokio::test(start_paused = true)]
async fn an_old_database_that_is_gone_without_a_final_snapshot_is_reported() {
    let world = world();
    let job = job(&world, Verb::Restore, Settings::new());
    let step = async |role| {
        teardown::step(&cloud(&world, ACCOUNT), &job, role, Begin::Allowed, None, world.now()).await.unwrap()
    };
    let old = step(Role::Old).await;
    let teardown::Outcome::Refused { reason } = old else { panic!("{old:?}") };
    assert!(reason.contains(&format!("there is no final snapshot {}", job.final_snapshot())), "{reason}");
    assert_eq!(step(Role::New).await, teardown::Outcome::TornDown);
}

#[tokio::test(start_paused = true)]
async fn a_job_of_another_account_is_refused() {
    let world = world();
    let (job, other) = (job(&world, Verb::Verify, Settings::new()), cloud(&world, "333333333333"));
    let expected = "the job is for the account 222222222222 and the region eu-west-1: run it there".to_owned();
    let step = provision::step(&other, &job, Begin::Allowed, None, world.now()).await.unwrap();
    assert_eq!(step, Outcome::Refused { reason: expected.clone() });
    let step = teardown::step(&other, &job, Role::Verify, Begin::Allowed, None, world.now()).await.unwrap();
    assert_eq!(step, teardown::Outcome::Refused { reason: expected });
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_built_is_invalid() {
    let world = world();
    let (from, to) = (
        Source::Clone { resource_id: "db-A".to_owned() },
        DatabaseArn::new(Kind::Instance, place(ACCOUNT), "a").unwrap(),
    );
    let (settings, tags) = (Settings::new(), Tags::default());
    let restore =
        Restore { from: &from, to: &to, engine: "postgres", version: "16.3", settings: &settings, tags: &tags };
    let error = cloud(&world, ACCOUNT).restore(&restore).await.unwrap_err();
    assert_eq!(error.class(), Class::Invalid, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_class_that_is_no_name_is_refused_and_no_error() {
    let world = world();
    snapshot(&world, "v=1 n=1 kind=instance engine=postgres version=16.3 class=@3Cx@3E").await;
    for class in ["<x>", "db.x' or 1", "-"] {
        let overrides = [(Setting::Class, Value::Name(class.to_owned()))].into();
        let job = job(&world, Verb::Verify, overrides);
        let step = provision::step(&cloud(&world, ACCOUNT), &job, Begin::Allowed, None, world.now()).await.unwrap();
        assert!(matches!(step, Outcome::Refused { .. }), "{step:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_read_is_reported_and_only_a_temporary_database_has_defaults() {
    let world = world();
    snapshot(&world, "v=1 n=1 kind=nothing").await;
    let orders = DatabaseArn::new(Kind::Instance, place(ACCOUNT), "orders").unwrap();
    let orders = cloud(&world, ACCOUNT).observe(&orders).await.unwrap().unwrap();
    let network: Settings = [Setting::SubnetGroup, Setting::SecurityGroups]
        .map(|setting| (setting, orders.spec.settings.get(&setting).cloned().unwrap()))
        .into();
    let step = async |verb| {
        let job = job(&world, verb, network.clone());
        provision::step(&cloud(&world, ACCOUNT), &job, Begin::Allowed, None, world.now()).await.unwrap()
    };
    let lasting = step(Verb::Restore).await;
    let Outcome::Refused { reason } = lasting else { panic!("{lasting:?}") };
    assert!(reason.contains("cannot be read"), "{reason}");
    let temporary = step(Verb::Verify).await;
    let Outcome::Again { why, .. } = temporary else { panic!("{temporary:?}") };
    assert!(why.contains("with default settings: ") && why.contains("cannot be read"), "{why}");
}
