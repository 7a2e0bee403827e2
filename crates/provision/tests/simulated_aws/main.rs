//! Provision in the simulated AWS: a database is brought up and torn down, also when calls fail.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod bad_input;
mod crashes;
mod endings;
mod failures;
mod foreign;
mod interleaved;
mod recorded;
mod settings;
mod sweep;
mod ways;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_rds::types::Tag;
use chrono::{DateTime, TimeDelta, Utc};
use cloud::Cloud;
use protocol::job::{Approval, Request, Role, Source, Verb};
use protocol::spec::Settings;
use protocol::{DatabaseArn, Job, Kind, Observed, Place, SnapshotArn};
use provision::{Begin, Outcome, User, teardown};
use sim::journal::Event;
use sim::{Settings as WorldSettings, World};

const ACCOUNT: &str = "222222222222";
const REGION: &str = "eu-west-1";
/// The most steps that a job may need.
const STEPS: usize = 300;

/// What a production database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Instance,
    /// An instance of SQL Server.
    SqlServer,
    /// An Aurora cluster of three.
    AuroraCluster,
    /// Its members are created by RDS.
    MultiAzCluster,
}

impl Shape {
    fn kind(self) -> Kind {
        match self {
            Self::Instance | Self::SqlServer => Kind::Instance,
            Self::AuroraCluster | Self::MultiAzCluster => Kind::Cluster,
        }
    }

    fn engine(self) -> &'static str {
        match self {
            Self::Instance | Self::MultiAzCluster => "postgres",
            Self::AuroraCluster => "aurora-postgresql",
            Self::SqlServer => "sqlserver-se",
        }
    }
}

/// One account with a production database, `orders`, and a snapshot of it.
struct Fixture {
    world: World,
    cloud: Cloud,
    rds: aws_sdk_rds::Client,
    kind: Kind,
    /// The database as it was described before the job.
    orders: Observed,
    snapshot: SnapshotArn,
}

fn place() -> Place {
    Place { region: REGION.parse().unwrap(), account: ACCOUNT.parse().unwrap() }
}

fn world_settings() -> WorldSettings {
    let epoch = DateTime::from_timestamp(1_795_226_400, 0).unwrap();
    WorldSettings { epoch, answers: answers(), ..WorldSettings::default() }
}

/// The answers to the open questions about AWS, as the whole-system tests have them.
fn answers() -> sim::questions::Answers {
    std::env::var("SIM_WORLD").unwrap_or_default().parse().expect("SIM_WORLD")
}

fn target(kind: Kind) -> DatabaseArn {
    DatabaseArn::new(kind, place(), "orders").unwrap()
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

impl Fixture {
    async fn new(kind: Kind) -> Self {
        Self::with(kind, world_settings()).await
    }

    async fn with(kind: Kind, settings: WorldSettings) -> Self {
        let shape = match kind {
            Kind::Instance => Shape::Instance,
            Kind::Cluster => Shape::AuroraCluster,
        };
        Self::shaped(shape, settings).await
    }

    async fn of(shape: Shape) -> Self {
        Self::shaped(shape, world_settings()).await
    }

    async fn shaped(shape: Shape, settings: WorldSettings) -> Self {
        let kind = shape.kind();
        let world = World::with_settings(settings);
        let config = world.sdk_config(ACCOUNT, REGION);
        let (cloud, rds) = (Cloud::new(&config, place()), aws_sdk_rds::Client::new(&config));
        create(&world, &cloud, &rds, shape).await;
        let orders = ready(&world, &cloud, &target(kind)).await;
        let snapshot = SnapshotArn::new(kind, place(), "before").unwrap();
        match kind {
            Kind::Instance => {
                let call = rds.create_db_snapshot().db_instance_identifier("orders").db_snapshot_identifier("before");
                drop(call.send().await.unwrap());
            }
            Kind::Cluster => {
                let call = rds.create_db_cluster_snapshot().db_cluster_identifier("orders");
                drop(call.db_cluster_snapshot_identifier("before").send().await.unwrap());
            }
        }
        loop {
            world.sleep(Duration::from_secs(60)).await;
            let found = cloud.find(&snapshot).await.unwrap();
            if found.is_some_and(|found| found.status == protocol::Status::Available) {
                break;
            }
        }
        let orders = ready(&world, &cloud, &orders.arn).await;
        Self { world, cloud, rds, kind, orders, snapshot }
    }

    fn request(&self, verb: Verb) -> Request {
        Request {
            verb,
            source: Source::Snapshot(self.snapshot.clone()),
            target: target(self.kind),
            replaces: Some(self.orders.resource_id.clone()),
            overrides: Settings::new(),
            approval: Approval::Given,
            keep: TimeDelta::zero(),
            deadline: self.world.now() + TimeDelta::hours(12),
        }
    }

    fn job(&self, verb: Verb) -> Job {
        Job::new(self.request(verb)).unwrap()
    }

    /// Makes steps until the last outcome.
    async fn provision(&self, job: &Job) -> Outcome {
        self.go_on(job, Begin::Allowed).await
    }

    /// The same for a job that may have begun.
    async fn go_on(&self, job: &Job, mut begin: Begin) -> Outcome {
        let mut last = String::new();
        for _ in 0..STEPS {
            let after = match provision::step(&self.cloud, job, begin, None, self.world.now()).await {
                Ok(Outcome::Again { after, why, begin: next }) => {
                    (last, begin) = (why, next);
                    after
                }
                Ok(outcome) => return outcome,
                // A function is invoked again by its timer.
                Err(error) => {
                    last = error.to_string();
                    provision::wait::CHANGE
                }
            };
            self.world.sleep(after.to_std().unwrap()).await;
        }
        panic!("{STEPS} steps were not enough: {last}; {:?}", self.cloud.observe(&job.new_database()).await)
    }

    /// The same, which must end with the database.
    async fn provisioned(&self, job: &Job) -> Observed {
        match self.provision(job).await {
            Outcome::Provisioned { database, .. } => *database,
            other => panic!("{other:?}"),
        }
    }

    /// Makes steps until the database is gone, or a person has to decide.
    async fn tear_down(&self, job: &Job, role: Role, user: Option<&User>) -> teardown::Outcome {
        for _ in 0..STEPS {
            let after = match teardown::step(&self.cloud, job, role, Begin::Allowed, user, self.world.now()).await {
                Ok(teardown::Outcome::Again { after, .. }) => after,
                Ok(outcome) => return outcome,
                Err(_) => provision::wait::CHANGE,
            };
            self.world.sleep(after.to_std().unwrap()).await;
        }
        panic!("{STEPS} steps were not enough: {:?}", self.cloud.observe(&job.database(role)).await)
    }

    /// The identifiers of all instances and clusters.
    async fn names(&self) -> Vec<String> {
        let instances = self.rds.describe_db_instances().send().await.unwrap();
        let clusters = self.rds.describe_db_clusters().send().await.unwrap();
        let instances = instances.db_instances().iter().filter_map(|it| it.db_instance_identifier());
        let clusters = clusters.db_clusters().iter().filter_map(|it| it.db_cluster_identifier());
        instances.chain(clusters).map(str::to_owned).collect()
    }

    /// The number of calls of each operation since a time.
    fn calls_since(&self, start: DateTime<Utc>) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        self.world.journal(|journal| {
            for entry in journal.entries().iter().filter(|entry| entry.at > start) {
                if let Event::Call { operation, .. } = &entry.event {
                    *counts.entry(operation.clone()).or_default() += 1;
                }
            }
        });
        counts
    }
}

/// Waits until the database is ready.
async fn ready(world: &World, cloud: &Cloud, arn: &DatabaseArn) -> Observed {
    for _ in 0..STEPS {
        if let Some(found) = cloud.observe(arn).await.unwrap()
            && found.condition == protocol::observed::Condition::Ready
            && found.members.iter().all(|member| member.condition == protocol::observed::Condition::Ready)
        {
            return found;
        }
        world.sleep(Duration::from_secs(60)).await;
    }
    panic!("{arn} is never ready")
}

/// A production database: with groups and settings of its own. An Aurora cluster has three members.
async fn create(world: &World, cloud: &Cloud, rds: &aws_sdk_rds::Client, shape: Shape) {
    let engine = shape.engine();
    let (family, version, class) = match shape {
        Shape::SqlServer => ("sqlserver-se-16.0", "16.00.4140.3.v1", "db.m5.large"),
        Shape::AuroraCluster => ("aurora-postgresql16", "16.4", ""),
        Shape::Instance | Shape::MultiAzCluster => ("postgres16", "16.3", "db.t4g.medium"),
    };
    let group = rds.create_db_parameter_group().db_parameter_group_name("own").db_parameter_group_family(family);
    group.description("Own").send().await.unwrap();
    if shape.kind() == Kind::Instance {
        let call = rds.create_db_instance().db_instance_identifier("orders").engine(engine).engine_version(version);
        let call = call.db_instance_class(class).allocated_storage(100).storage_type("gp3");
        let call = call.master_username("draco").master_user_password("not-a-secret");
        let call = call.db_parameter_group_name("own").backup_retention_period(7).deletion_protection(true);
        let call = call.multi_az(true).port(5433).copy_tags_to_snapshot(true).storage_encrypted(true);
        call.tags(tag("owner", "shop")).send().await.unwrap();
        return;
    }
    let is_aurora = shape == Shape::AuroraCluster;
    let group = rds.create_db_cluster_parameter_group().db_cluster_parameter_group_name("own");
    group.db_parameter_group_family(family).description("Own").send().await.unwrap();
    let call = rds.create_db_cluster().db_cluster_identifier("orders").engine(engine);
    let call = call.engine_version(version).master_username("draco").master_user_password("not-a-secret");
    let call = call.db_cluster_parameter_group_name("own").backup_retention_period(7).deletion_protection(true);
    let call = call.storage_encrypted(true).copy_tags_to_snapshot(true).tags(tag("owner", "shop"));
    if !is_aurora {
        let call = call.db_cluster_instance_class("db.m6gd.large").storage_type("io1").allocated_storage(100);
        call.iops(1000).send().await.unwrap();
        return;
    }
    call.send().await.unwrap();
    ready(world, cloud, &target(shape.kind())).await;
    for (nth, class) in [(1, "db.r6g.large"), (2, "db.t4g.medium"), (3, "db.t4g.medium")] {
        let call = rds.create_db_instance().db_instance_identifier(format!("orders-{nth}"));
        let call = call.db_cluster_identifier("orders").engine(engine).db_instance_class(class);
        call.promotion_tier(nth).db_parameter_group_name("own").send().await.unwrap();
    }
}
